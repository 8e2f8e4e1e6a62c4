/* libFuzzer: any bytes as a CSV file: inference, then reading; the first byte chooses options. */
#include "codec/csv_read.h"
#include "fuzz.h"

static const char *option(void *u, const char *key) {
    unsigned bits = *(const unsigned *)u;
    if (bits & 1 && strcmp(key, "multiLine") == 0) return "true";
    if (bits & 2 && strcmp(key, "header") == 0) return "true";
    if (bits & 4 && strcmp(key, "sep") == 0) return "||";
    if (bits & 8 && strcmp(key, "escape") == 0) return "\"";
    if (bits & 16 && strcmp(key, "comment") == 0) return "#";
    if (bits & 32 && strcmp(key, "ignoreLeadingWhiteSpace") == 0) return "true";
    return strcmp(key, "inferSchema") == 0 ? "true" : NULL;
}

static weir_rc run(weir_ctx *ctx, const char *p, size_t n, unsigned bits) {
    weir_csv_options o;
    weir_csv_reader *r = NULL;
    weir_batch b;
    WEIR_TRY(weir_csv_options_read(ctx, option, &bits, &o));
    weir_csv_infer *f = weir_csv_infer_new(ctx->arena, &o);
    WEIR_TRY(weir_csv_infer_text(ctx, f, p, (int64_t)n, true));
    weir_schema *t = weir_csv_infer_done(ctx->arena, f);
    if (!t->nfield) return WEIR_OK;
    WEIR_TRY(weir_csv_reader_new(ctx, t, &o, &r));
    weir_csv_file(r, "file:///fuzz");
    WEIR_TRY(weir_csv_record(ctx, r, p, (int64_t)n, 0));
    return weir_csv_take(ctx, r, &b);
}

static void one(weir_ctx *ctx, const char *text, size_t len) {
    if (len) (void)run(ctx, text + 1, len - 1, (unsigned char)*text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) { return fuzz_text(data, len, one); }
