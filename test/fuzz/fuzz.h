/* What every fuzz target starts with: a context with a bounded budget, freed at the end. */
#ifndef WEIR_FUZZ_H
#define WEIR_FUZZ_H
#include "base/conf.h"
#include "func/func.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* A folder of this process, below one that is best in memory; parents must have been asked for
 * before. The text stays valid for a few calls. */
__attribute__((unused)) static const char *fuzz_dir(const char *name) {
    static char path[8][256];
    static int turn;
    char *p = path[turn++ % 8];
    const char *root = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    int n = snprintf(p, 256, "%s/weir-fuzz-%d", root, (int)getpid());
    (void)mkdir(p, 0700);
    for (const char *s = name; *s; n++, s++) {
        if (*s == '/') (void)mkdir(p, 0700);
        p[n] = *s;
        p[n + 1] = 0;
    }
    (void)mkdir(p, 0700);
    return p;
}

__attribute__((unused)) static void fuzz_file(const char *dir, const char *name, const void *p,
                                              size_t n) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "wb");
    weir_assert(f && fwrite(p, 1, n, f) == n);
    fclose(f);
}

/* Calls one with the input, a NUL behind it. */
static inline int fuzz_text(const uint8_t *data, size_t len,
                            void (*one)(weir_ctx *, const char *text, size_t len)) {
    static weir_conf *conf;
    weir_budget budget = {.limit_bytes = 256 << 20};
    weir_err err;
    weir_err_init(&err);
    if (!conf) {
        conf = weir_conf_new(NULL);
        weir_func_init();
    }
    weir_ctx ctx = {.arena = weir_arena_new(NULL),
                    .err = &err,
                    .budget = &budget,
                    .conf = conf,
                    .env = weir_env_real()};
    char *text = weir_alloc(ctx.arena, len + 1);
    if (len) memcpy(text, data, len);
    one(&ctx, text, len);
    weir_arena_free(ctx.arena);
    weir_err_clear(&err);
    return 0;
}
#endif
