/* libFuzzer: any bytes as an XML file: inference, reading with what was inferred and with a schema
 * of every type, writing the rows and reading those again; the first byte chooses options. */
#include "codec/xml_read.h"
#include "codec/xml_write.h"
#include "fuzz.h"

static const char *option(void *u, const char *key) {
    unsigned bits = *(const unsigned *)u;
    if (strcmp(key, "rowTag") == 0) return "R";
    if (bits & 1 && strcmp(key, "multiLine") == 0) return "false";
    if (bits & 2 && strcmp(key, "prefersDecimal") == 0) return "true";
    if (bits & 4 && strcmp(key, "nullValue") == 0) return "";
    if (bits & 8 && strcmp(key, "ignoreNamespace") == 0) return "true";
    if (bits & 16 && strcmp(key, "ignoreSurroundingSpaces") == 0) return "false";
    if (bits & 32 && strcmp(key, "mode") == 0) return bits & 64 ? "DROPMALFORMED" : "FAILFAST";
    return bits & 128 && strcmp(key, "validateName") == 0 ? "false" : NULL;
}

/* The rows, a few at a time. The last batch in *out. */
static weir_rc read_all(weir_ctx *ctx, weir_xml_options *o, weir_schema *t, const char *p, size_t n,
                        weir_batch *out) {
    weir_xml_reader *r = NULL;
    bool over = false;
    WEIR_TRY(weir_xml_reader_new(ctx, t, o, &r));
    if (!o->multi_line) {
        WEIR_TRY(weir_xml_record(ctx, r, p, (int64_t)n, 0));
        return weir_xml_take(ctx, r, out);
    }
    WEIR_TRY(weir_xml_begin(ctx, r, p, (int64_t)n));
    while (!over) {
        WEIR_TRY(weir_xml_rows_read(ctx, r, 3, &over));
        WEIR_TRY(weir_xml_take(ctx, r, out));
    }
    return WEIR_OK;
}

static const weir_type *every_type(weir_arena *a) {
    static const weir_type *const scalar[] = {
        &weir_t_byte, &weir_t_short, &weir_t_int,  &weir_t_long,      &weir_t_float,
        &weir_t_double, &weir_t_boolean, &weir_t_date, &weir_t_timestamp, &weir_t_binary};
    static char name[26][2];
    weir_field *f = WEIR_NEWN(a, weir_field, 20);
    int n = 0;
    for (; n < 10; n++) {
        name[n][0] = (char)('a' + n);
        f[n] = (weir_field){name[n], scalar[n], true, NULL};
    }
    f[n++] = (weir_field){"k", weir_type_decimal(a, 20, 3), true, NULL};
    f[n++] = (weir_field){"_VALUE", &weir_t_string, true, NULL};
    const weir_type *inner = weir_type_struct(a, f, n);
    f[n++] = (weir_field){"s", inner, true, NULL};
    f[n++] = (weir_field){"t", weir_type_array(a, inner, true), true, NULL};
    f[n++] = (weir_field){"m", weir_type_map(a, &weir_t_string, inner, true), true, NULL};
    f[n++] = (weir_field){"xs_any", weir_type_array(a, &weir_t_string, true), true, NULL};
    f[n++] = (weir_field){"_corrupt_record", &weir_t_string, true, NULL};
    return weir_type_struct(a, f, n);
}

static weir_rc run(weir_ctx *ctx, const char *p, size_t n, unsigned bits) {
    weir_xml_options o;
    weir_xml_writer w;
    weir_batch b, again;
    weir_str text;
    WEIR_TRY(weir_xml_options_read(ctx, option, &bits, &o));
    (void)read_all(ctx, &o, every_type(ctx->arena), p, n, &b);
    weir_err_clear(ctx->err);
    weir_xml_infer *f = weir_xml_infer_new(ctx->arena, &o);
    WEIR_TRY(weir_xml_infer_text(ctx, f, p, (int64_t)n));
    weir_schema *t = weir_xml_infer_done(ctx->arena, f);
    WEIR_TRY(read_all(ctx, &o, t, p, n, &b));
    weir_str_init(&text, ctx->arena, 1u << 26);
    WEIR_TRY(weir_xml_writer_init(ctx, option, &bits, &text, &w));
    weir_xml_write_head(&w);
    for (int64_t i = 0; i < b.len; i++) weir_xml_write_row(&w, &b, i);
    weir_xml_write_tail(&w);
    return read_all(ctx, &o, t, text.p, text.len, &again);
}

static void one(weir_ctx *ctx, const char *text, size_t len) {
    if (len) (void)run(ctx, text + 1, len - 1, (unsigned char)*text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) { return fuzz_text(data, len, one); }
