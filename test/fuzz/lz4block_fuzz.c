/* libFuzzer: the first byte names a codec, the rest is a state file in it. What unpacks is packed
 * and unpacked again. */
#include "codec/state_codec.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    static const char *const names[] = {"lz4", "snappy", "lzf", "zstd"};
    weir_budget budget = {.limit_bytes = 64 << 20};
    weir_err err;
    weir_err_init(&err);
    weir_ctx ctx = {
        .arena = weir_arena_new(NULL), .err = &err, .budget = &budget, .env = weir_env_real()};
    const weir_state_codec *c = NULL;
    const char *why = NULL;
    uint8_t *plain = NULL, *again = NULL;
    size_t n = 0, m = 0;
    weir_assert(weir_state_codec_find(&ctx, names[len ? data[0] & 3 : 0], &c) == WEIR_OK);
    if (len && c->decode(&ctx, data + 1, len - 1, &plain, &n, &why) == WEIR_OK && !why) {
        weir_str packed;
        weir_str_init(&packed, ctx.arena, SIZE_MAX / 4);
        c->encode(plain, n, &packed);
        if (c->decode(&ctx, (const uint8_t *)packed.p, packed.len, &again, &m, &why) == WEIR_OK)
            weir_assert(!why && n == m && (n == 0 || memcmp(plain, again, n) == 0));
    }
    weir_arena_free(ctx.arena);
    weir_err_clear(&err);
    return 0;
}
