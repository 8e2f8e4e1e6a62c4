/* libFuzzer: any text as a SQL statement and as an expression. */
#include "fuzz.h"
#include "sql/sql.h"

static void one(weir_ctx *ctx, const char *text, size_t len) {
    weir_plan *p = NULL;
    weir_command *c = NULL;
    weir_expr *e = NULL;
    weir_interval i;
    (void)len;
    (void)weir_sql_parse(ctx, text, NULL, &p, &c);
    if (p) (void)weir_plan_tree(ctx->arena, p);
    weir_err_clear(ctx->err);
    if (weir_sql_parse_expr(ctx, text, &e) == WEIR_OK) (void)weir_expr_sql(ctx->arena, e);
    weir_err_clear(ctx->err);
    (void)weir_sql_parse_interval(ctx, text, &i);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) { return fuzz_text(data, len, one); }
