/* libFuzzer: any bytes as a compressed text file; what can be read is packed and read again. */
#include "codec/pack.h"
#include "fuzz.h"

static void pack_again(weir_ctx *ctx, const char *dir, const char *p, size_t n) {
    const weir_pack *k = NULL;
    const char *again = NULL;
    size_t len = 0;
    bool mapped;
    weir_str out;
    weir_str_init(&out, ctx->arena, 1u << 28);
    weir_assert(weir_pack_find(ctx, "gzip", &k) == WEIR_OK);
    weir_packer *w = weir_packer_new(ctx->arena, k);
    weir_packer_add(w, p, n / 2, false, &out);
    weir_packer_add(w, p + n / 2, n - n / 2, true, &out);
    fuzz_file(dir, "b.gz", out.p, out.len);
    char *path = weir_printf(ctx->arena, "%s/b.gz", dir);
    weir_assert(weir_text_map(ctx, path, &again, &len, &mapped) == WEIR_OK);
    weir_assert(!mapped && len == n && (!n || memcmp(p, again, n) == 0));
}

static void one(weir_ctx *ctx, const char *text, size_t len) {
    if (!len) return;
    const char *dir = fuzz_dir("pack"), *p = NULL, *name = *text & 1 ? "a.gz" : "a.deflate";
    size_t n = 0;
    bool mapped;
    fuzz_file(dir, name, text + 1, len - 1);
    char *path = weir_printf(ctx->arena, "%s/%s", dir, name);
    if (weir_text_map(ctx, path, &p, &n, &mapped) == WEIR_OK && n < 1u << 24)
        pack_again(ctx, dir, p, n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) { return fuzz_text(data, len, one); }
