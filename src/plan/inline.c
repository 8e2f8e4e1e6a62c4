/* Inline tables, the rows of VALUES. SPARK EvaluateUnresolvedInlineTable: first every row is as
 * wide as the names, then every value can be computed without a row, then each column has a type,
 * and then the values are computed, whether or not a row of them is ever asked for. Analysis only.
 */
#include "plan/scope.h"

#include "expr/eval.h"

static weir_rc check_widths(weir_ctx *ctx, const weir_plan *p) {
    for (int k = 0; k < p->nin; k++) {
        if (p->in[k]->nexpr == p->n) continue;
        (void)weir_fail(ctx, WEIR_E_INVALID_INLINE_TABLE_NUM_COLUMNS_MISMATCH, "expectedNumCols",
                        weir_printf(ctx->arena, "%d", (int)p->n), "actualNumCols",
                        weir_printf(ctx->arena, "%d", p->in[k]->nexpr), "rowIndex",
                        weir_printf(ctx->arena, "%d", k));
        weir_err_where(ctx, &p->at);
        return WEIR_FAIL;
    }
    return WEIR_OK;
}

static weir_rc no_value(weir_ctx *ctx, const weir_expr *e, weir_errcls why, const char *name) {
    while (e->kind == WEIR_EX_ALIAS) e = e->arg[0];
    (void)weir_fail(ctx, why, name,
                    weir_printf(ctx->arena, "\"%s\"", weir_expr_sql(ctx->arena, e)));
    weir_err_where(ctx, &e->at);
    return WEIR_FAIL;
}

static bool is_literal(const weir_expr *e) {
    return e->kind == WEIR_EX_ALIAS && e->arg[0]->kind == WEIR_EX_LIT;
}

static bool is_lambda(weir_expr *e, void *found) {
    *(bool *)found |= e->kind == WEIR_EX_LAMBDA || e->nbody;
    return !*(bool *)found;
}

/* SPARK: a lambda's variable is no constant, whatever the function does with it */
static bool is_computable(const weir_plan *row, weir_expr *e) {
    bool lambda = false;
    (void)weir_expr_walk(e, is_lambda, &lambda);
    return row->kind == WEIR_P_PROJECT && e->deterministic && !lambda && weir_is_foldable(e);
}

static weir_rc compute(weir_ctx *ctx, const weir_expr *e) {
    weir_err quiet;
    weir_ctx own = *ctx;
    weir_column value;
    weir_err_init(&quiet);
    own.err = &quiet;
    weir_rc rc = weir_eval_const(&own, e, &value);
    bool memory = quiet.cls == WEIR_E_OUT_OF_MEMORY;
    if (memory) weir_err_copy(ctx->err, &quiet);
    weir_err_clear(&quiet);
    if (rc != WEIR_FAIL || memory) return rc;
    return no_value(ctx, e, WEIR_E_INVALID_INLINE_TABLE_FAILED_EVALUATION, "sqlExpr");
}

weir_rc weir_az_inline(weir_ctx *ctx, weir_plan *p, weir_plan **row, weir_plan **out) {
    WEIR_TRY(check_widths(ctx, p));
    for (int k = 0; k < p->nin; k++)
        for (int i = 0; i < row[k]->nexpr; i++)
            if (!is_literal(row[k]->expr[i]) && !is_computable(row[k], row[k]->expr[i]))
                return no_value(ctx, row[k]->expr[i], WEIR_E_INVALID_INLINE_TABLE_CANNOT_EVALUATE,
                                "expr");
    WEIR_TRY(weir_az_setop(ctx, p, row, out));
    for (int k = 0; k < p->nin; k++)
        for (int i = 0; i < row[k]->nexpr; i++)
            if (!is_literal(row[k]->expr[i])) WEIR_TRY(compute(ctx, row[k]->expr[i]));
    if (p->nin == 1) *out = (*out)->in[0];
    return WEIR_OK;
}
