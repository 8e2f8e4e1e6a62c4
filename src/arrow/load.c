/* dlopen of the Arrow shim. See load.h. */
#include "arrow/load.h"

#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const weir_arrow_api *api;

static void library_path(char *out, size_t n) {
    const char *env = getenv("WEIR_ARROW_LIB");
    char exe[PATH_MAX];
    ssize_t k = readlink("/proc/self/exe", exe, sizeof exe - 1);
    exe[k > 0 ? k : 0] = 0;
    char *slash = strrchr(exe, '/');
    if (env && *env)
        snprintf(out, n, "%s", env);
    else
        snprintf(out, n, "%.*s/libweir_arrow.so", slash ? (int)(slash - exe) : 1,
                 slash ? exe : ".");
    if (access(out, R_OK) == 0 || !slash) return;
    *slash = 0; /* tests live one folder below */
    slash = strrchr(exe, '/');
    if (slash) snprintf(out, n, "%.*s/libweir_arrow.so", (int)(slash - exe), exe);
}

weir_rc weir_arrow_load(weir_ctx *ctx, const weir_arrow_api **out) {
    char path[PATH_MAX + 32];
    const char *why = NULL;
    pthread_mutex_lock(&lock);
    if (!api) {
        library_path(path, sizeof path);
        void *h = dlopen(path, RTLD_NOW | RTLD_LOCAL);
        const weir_arrow_api *(*get)(void) = NULL;
        if (h) *(void **)&get = dlsym(h, "weir_arrow_api_get");
        if (get)
            api = get();
        else
            why = dlerror();
    }
    *out = api;
    pthread_mutex_unlock(&lock);
    if (*out) return WEIR_OK;
    return weir_fail(ctx, WEIR_E_INTERNAL_ERROR, "message",
                     weir_printf(ctx->arena,
                                 "Parquet needs the library libweir_arrow.so beside the "
                                 "executable (or in WEIR_ARROW_LIB): %s",
                                 why ? why : "unknown"));
}
