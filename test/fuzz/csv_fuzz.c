/* libFuzzer: any bytes as a CSV file: inference, then reading of all columns and of some; the first
 * bytes choose options. */
#include "codec/csv_read.h"
#include "fuzz.h"

enum { CHOICES = 16 };
typedef struct choice {
    const char *key;
    const char *value[8]; /* NULL: not given */
} choice;
static const choice choices[CHOICES] = {
    {"multiLine", {NULL, "true", NULL, "true"}},
    {"header", {NULL, "true"}},
    {"sep", {NULL, "||", ";", "\\t", "\xC2\xA7", ", ", "a", "\xF0\x9F\x98\x80"}},
    {"escape", {NULL, "\"", "", "'", "\xC3\xA9"}},
    {"comment", {NULL, "#", NULL, "a"}},
    {"ignoreLeadingWhiteSpace", {NULL, "true"}},
    {"ignoreTrailingWhiteSpace", {NULL, "true"}},
    {"unescapedQuoteHandling",
     {NULL, "STOP_AT_CLOSING_QUOTE", "BACK_TO_DELIMITER", "SKIP_VALUE", "RAISE_ERROR"}},
    {"charToEscapeQuoteEscaping", {NULL, "#", "\""}},
    {"lineSep", {NULL, NULL, ";", "\r\n", "x"}},
    {"maxCharsPerColumn", {NULL, NULL, NULL, "4"}},
    {"maxColumns", {NULL, NULL, NULL, "3"}},
    {"encoding", {NULL, NULL, "UTF-16", "UTF-32", "ISO-8859-1", "UTF-16LE"}},
    {"nullValue", {NULL, "a"}},
    {"quote", {NULL, NULL, "'", "", "\xE2\x80\x9C"}},
    {"samplingRatio", {NULL, NULL, "0.5", "0.2"}},
};

static const char *option(void *u, const char *key) {
    const unsigned char *bits = u;
    for (int i = 0; i < CHOICES; i++)
        if (strcmp(key, choices[i].key) == 0)
            return choices[i].value[bits[i / 2] >> (i % 2 ? 4 : 0) & 7];
    return strcmp(key, "inferSchema") == 0 ? "true" : NULL;
}

static weir_rc read_all(weir_ctx *ctx, weir_csv_options *o, weir_schema *t, const bool *need,
                        const char *p, size_t n) {
    weir_csv_reader *r = NULL;
    weir_batch b;
    WEIR_TRY(weir_csv_reader_new(ctx, t, need, o, &r));
    weir_csv_file(r, "file:///fuzz");
    if (o->multi_line) {
        for (bool over = false; !over;) {
            WEIR_TRY(weir_csv_step(ctx, r, p, (int64_t)n, 7, &over));
            WEIR_TRY(weir_csv_take(ctx, r, &b));
        }
        return WEIR_OK;
    }
    for (const char *end = p + n; p < end;) {
        const char *stop = memchr(p, '\n', (size_t)(end - p));
        WEIR_TRY(weir_csv_line(ctx, r, p, (stop ? stop : end) - p));
        p = stop ? stop + 1 : end;
    }
    return weir_csv_take(ctx, r, &b);
}

static weir_rc run(weir_ctx *ctx, const char *p, size_t n, const char *bits) {
    weir_csv_options o;
    WEIR_TRY(weir_csv_options_read(ctx, option, (void *)(uintptr_t)bits, &o));
    weir_csv_infer *f = weir_csv_infer_new(ctx->arena, &o);
    for (int pass = 0; pass < 2; pass++) {
        weir_csv_infer_file(f, "file:///fuzz", pass == 0);
        WEIR_TRY(weir_csv_infer_text(ctx, f, p, (int64_t)n));
    }
    weir_schema *t = weir_csv_infer_done(ctx->arena, f);
    if (!t->nfield) return WEIR_OK;
    bool *need = WEIR_NEWN(ctx->arena, bool, t->nfield);
    for (int i = 0; i < t->nfield; i++) need[i] = i % 2;
    WEIR_TRY(read_all(ctx, &o, t, NULL, p, n));
    return read_all(ctx, &o, t, need, p, n);
}

static void one(weir_ctx *ctx, const char *text, size_t len) {
    if (len > 8) (void)run(ctx, text + 8, len - 8, text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) { return fuzz_text(data, len, one); }
