/* libFuzzer: any bytes as JSON records: inference, then reading with nested columns and rescue. */
#include "codec/json_read.h"
#include "fuzz.h"
#include "sql/sql.h"

static const char *none(void *u, const char *key) { return (void)u, (void)key, NULL; }

static weir_rc parse(weir_ctx *ctx, weir_schema *schema, weir_json_options *o, const char *p,
                    size_t n) {
    weir_json_reader *r = NULL;
    weir_batch b;
    bool kept;
    WEIR_TRY(weir_json_reader_new(ctx, schema, o, &r));
    for (const char *end = p + n; p < end;) {
        const char *nl = memchr(p, '\n', (size_t)(end - p)), *stop = nl ? nl : end;
        WEIR_TRY(weir_json_record(ctx, r, p, stop - p, 0, &kept));
        p = stop + 1;
    }
    return weir_json_take(ctx, r, &b);
}

static void one(weir_ctx *ctx, const char *text, size_t len) {
    static const char ddl[] =
        "a INT, b STRUCT<c: ARRAY<DOUBLE>, d: MAP<STRING, TIMESTAMP>>, s STRING, "
        "n DECIMAL(10,2), t DATE, x BINARY, o BOOLEAN, _corrupt_record STRING, "
        "_rescued_data STRING";
    weir_json_options o;
    const weir_type *t = NULL;
    if (weir_json_options_read(ctx, none, NULL, &o) != WEIR_OK) return;
    weir_json_infer *f = weir_json_infer_new(ctx->arena, &o);
    weir_json_infer_record(f, text, (int64_t)len);
    weir_schema *found = weir_json_infer_done(ctx->arena, f, false);
    if (found->nfield) (void)parse(ctx, found, &o, text, len);
    weir_err_clear(ctx->err);
    o.rescue_column = "_rescued_data";
    if (weir_sql_parse_schema(ctx, ddl, &t) == WEIR_OK) (void)parse(ctx, t, &o, text, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) { return fuzz_text(data, len, one); }
