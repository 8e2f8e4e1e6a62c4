/* libFuzzer: any text as a DDL schema and as Spark's schema JSON; what is accepted is written
 * again. */
#include "fuzz.h"
#include "sql/sql.h"

static void one(weir_ctx *ctx, const char *text, size_t len) {
    const weir_type *t = NULL;
    weir_str s;
    weir_str_init(&s, ctx->arena, 64 << 20);
    if (weir_sql_parse_schema(ctx, text, &t) == WEIR_OK) weir_type_to_json(t, &s);
    weir_err_clear(ctx->err);
    t = NULL;
    if (weir_type_from_json(ctx, text, len, &t) == WEIR_OK) (void)weir_type_sql(ctx->arena, t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) { return fuzz_text(data, len, one); }
