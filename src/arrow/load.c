/* dlopen of the Arrow shim. See load.h. */
#include "arrow/load.h"
#include "base/mem.h"

#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const weir_arrow_api *api;

/* Charged to the thread that reads or writes. */
static int charge(void **who, int64_t bytes) {
    weir_budget *b = weir_budget_entered();
    *who = b;
    return weir_budget_charge(b, bytes) ? 0 : -1;
}

static void give(void *who, int64_t bytes) { weir_budget_give(who, bytes); }

static const weir_arrow_memory memory = {charge, give};

weir_rc weir_arrow_failed(weir_ctx *ctx, const char *name, const weir_arrow_error *e) {
    if (ctx->err->rc != WEIR_OK) return ctx->err->rc; /* the file layer has said why */
    if (e->out_of_memory) return weir_fail_memory(ctx, WEIR_MEM_LARGE);
    return weir_fail_read(ctx, WEIR_E_FAILED_READ_FILE, name, e->text);
}

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

/* NULL and why not. */
static const weir_arrow_api *load(const char *path, char *why, size_t n) {
    const weir_arrow_api *(*get)(const weir_arrow_memory *) = NULL;
    void *h = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (h) *(void **)&get = dlsym(h, "weir_arrow_api_get");
    if (!get) {
        const char *said = dlerror();
        snprintf(why, n, "%s", said ? said : "unknown");
        return NULL;
    }
    const weir_arrow_api *a = get(&memory);
    if (a->version == WEIR_ARROW_VERSION) return a;
    snprintf(why, n, "%s is version %d of it and this executable needs %d: install both of one "
                     "build", path, a->version, WEIR_ARROW_VERSION);
    return NULL;
}

weir_rc weir_arrow_load(weir_ctx *ctx, const weir_arrow_api **out) {
    char path[PATH_MAX + 32], why[PATH_MAX + 512] = "";
    pthread_mutex_lock(&lock);
    if (!api) {
        library_path(path, sizeof path);
        api = load(path, why, sizeof why);
    }
    *out = api;
    pthread_mutex_unlock(&lock);
    if (*out) return WEIR_OK;
    return weir_fail(ctx, WEIR_E_INTERNAL_ERROR, "message",
                     weir_printf(ctx->arena,
                                 "Parquet needs the library libweir_arrow.so beside the "
                                 "executable (or in WEIR_ARROW_LIB): %s",
                                 why));
}
