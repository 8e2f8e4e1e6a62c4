/* libFuzzer: any bytes as a compressed text file; what can be read is packed and read again. */
#include "codec/pack.h"
#include "fuzz.h"

static const struct {
    const char *name, *ending;
} kinds[] = {{"gzip", "gz"},     {"deflate", "DEFLATE"}, {"bzip2", "bz2"},
             {"lz4", "lz4"},     {"snappy", "snappy"},
             {"org.apache.hadoop.io.compress.ZStandardCodec", "zst"}};
enum { KINDS = sizeof kinds / sizeof *kinds };

static void pack_again(weir_ctx *ctx, const char *dir, int kind, const char *p, size_t n) {
    const weir_pack *k = NULL;
    weir_text_file again;
    weir_str out;
    weir_str_init(&out, ctx->arena, 1u << 28);
    weir_assert(weir_pack_find(ctx, kinds[kind].name, &k) == WEIR_OK);
    weir_packer *w = weir_packer_new(ctx->arena, k);
    weir_assert(weir_packer_add(ctx, w, p, n / 2, false, &out) == WEIR_OK);
    weir_assert(weir_packer_add(ctx, w, p + n / 2, n - n / 2, true, &out) == WEIR_OK);
    const char *name = weir_printf(ctx->arena, "b.%s", kinds[kind].ending);
    fuzz_file(dir, name, out.p, out.len);
    weir_assert(weir_text_map(ctx, weir_printf(ctx->arena, "%s/%s", dir, name), &again) == WEIR_OK);
    weir_assert(!again.map && !again.damage && again.len == n &&
                (!n || memcmp(p, again.p, n) == 0));
}

static void one(weir_ctx *ctx, const char *text, size_t len) {
    if (!len) return;
    int kind = (unsigned char)*text % KINDS;
    const char *dir = fuzz_dir("pack"),
               *name = weir_printf(ctx->arena, "a.%s", kinds[kind].ending);
    weir_text_file t;
    fuzz_file(dir, name, text + 1, len - 1);
    if (weir_text_map(ctx, weir_printf(ctx->arena, "%s/%s", dir, name), &t) == WEIR_OK &&
        t.len < 1u << 22)
        pack_again(ctx, dir, kind, t.p, t.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) { return fuzz_text(data, len, one); }
