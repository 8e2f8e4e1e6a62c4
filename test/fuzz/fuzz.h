/* What every fuzz target starts with: a context with a bounded budget, freed at the end. */
#ifndef WEIR_FUZZ_H
#define WEIR_FUZZ_H
#include "base/conf.h"
#include "func/func.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Calls one with the input as a NUL-terminated text. */
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
    one(&ctx, weir_strndup(ctx.arena, (const char *)data, len), len);
    weir_arena_free(ctx.arena);
    weir_err_clear(&err);
    return 0;
}
#endif
