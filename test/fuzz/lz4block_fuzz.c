/* libFuzzer: the first byte names a codec, the rest is a state file in it. What unpacks is packed
 * and unpacked again. */
#include "codec/state_codec.h"
#include "fuzz.h"

static void one(weir_ctx *ctx, const char *text, size_t len) {
    static const char *const names[] = {"lz4", "snappy", "lzf", "zstd"};
    const weir_state_codec *c = NULL;
    const char *why = NULL;
    const uint8_t *p = (const uint8_t *)text + 1;
    uint8_t *plain = NULL, *again = NULL;
    size_t n = 0, m = 0;
    weir_assert(weir_state_codec_find(ctx, names[text[0] & 3], &c) == WEIR_OK);
    if (len == 0 || c->decode(ctx, p, len - 1, &plain, &n, &why) != WEIR_OK || why) return;
    weir_str packed;
    weir_str_init(&packed, ctx->arena, SIZE_MAX / 4);
    c->encode(plain, n, WEIR_ALL_PIECES, &packed);
    if (c->decode(ctx, (const uint8_t *)packed.p, packed.len, &again, &m, &why) != WEIR_OK) return;
    weir_assert(!why && n == m && (n == 0 || memcmp(plain, again, n) == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) { return fuzz_text(data, len, one); }
