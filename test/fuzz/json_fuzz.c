/* libFuzzer: any bytes as JSON records: inference, then reading with nested columns and rescue, as
 * bytes and as text; copies of values, base64. */
#include "codec/json_inner.h"
#include "fuzz.h"
#include "sql/sql.h"

static const char *none(void *u, const char *key) { return (void)u, (void)key, NULL; }

static weir_rc parse(weir_ctx *ctx, weir_schema *schema, weir_json_options *o, const char *p,
                    size_t n, int way, weir_batch *out) {
    weir_json_reader *r = NULL;
    bool kept;
    WEIR_TRY(weir_json_reader_new(ctx, schema, o, &r));
    r->quick &= way > 0;
    for (const char *end = p + n; p < end;) {
        if (way == 2) p = weir_json_alike(r, p, end, INT32_MAX);
        if (p == end) break;
        const char *stop = p;
        while (stop < end && *stop != '\n' && *stop != '\r') stop++;
        WEIR_TRY(weir_json_record(ctx, r, p, stop - p, 0, &kept));
        p = stop + (end - stop >= 2 && *stop == '\r' && stop[1] == '\n') + (stop < end);
    }
    return weir_json_take(ctx, r, out);
}

/* The short ways give what the long one, token by token, gives. */
static void all_ways(weir_ctx *ctx, weir_schema *schema, weir_json_options *o, const char *p,
                 size_t n) {
    weir_batch a, b;
    if (parse(ctx, schema, o, p, n, 0, &a) != WEIR_OK) return;
    for (int way = 1; way <= 2; way++) {
        weir_assert(parse(ctx, schema, o, p, n, way, &b) == WEIR_OK && a.len == b.len);
        for (int c = 0; c < schema->nfield; c++) {
            if (weir_type_is_nested(schema->field[c].type)) continue; /* maps have no order */
            for (int64_t i = 0; i < a.len; i++)
                weir_assert(weir_compare(&a.col[c], i, &b.col[c], i) == 0);
        }
    }
}

static void one(weir_ctx *ctx, const char *text, size_t len) {
    static const char ddl[] =
        "a INT, b STRUCT<c: ARRAY<DOUBLE>, d: MAP<STRING, TIMESTAMP>>, s STRING, "
        "n DECIMAL(10,2), t DATE, x BINARY, o BOOLEAN, _corrupt_record STRING, "
        "_rescued_data STRING";
    weir_json_options o;
    const weir_type *t = NULL;
    if (weir_json_options_read(ctx, false, none, NULL, &o) != WEIR_OK) return;
    weir_json_infer *f = weir_json_infer_new(ctx->arena, &o);
    weir_json_infer_record(f, text, (int64_t)len);
    weir_schema *found = NULL;
    if (weir_json_infer_done(ctx, f, false, &found) == WEIR_OK && found->nfield)
        all_ways(ctx, found, &o, text, len);
    weir_err_clear(ctx->err);
    if (weir_sql_parse_schema(ctx, ddl, &t) != WEIR_OK) return;
    all_ways(ctx, t, &o, text, len);
    o.allow_comments = o.allow_unquoted_names = o.allow_leading_zeros = o.allow_any_escape =
        o.allow_control = true;
    weir_err_clear(ctx->err);
    all_ways(ctx, t, &o, text, len);
    o.chars = true;
    weir_err_clear(ctx->err);
    all_ways(ctx, t, &o, text, len);
    o.chars = false;
    o.rescue_column = "_rescued_data";
    weir_err_clear(ctx->err);
    all_ways(ctx, t, &o, text, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) { return fuzz_text(data, len, one); }
