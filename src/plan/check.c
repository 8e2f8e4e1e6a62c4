/* What no rule of the analysis has taken away: aggregate functions where rows are not grouped.
 * SPARK CheckAnalysis. Called by analyze.c, on resolved trees. */
#include "plan/scope.h"

typedef struct found {
    weir_ctx *ctx;
    weir_str list; /* texts of the aggregate functions */
    bool quoted;
} found;

static bool note_aggregate(weir_expr *e, void *u) {
    found *f = u;
    if (e->kind != WEIR_EX_AGG) return true;
    const char *q = f->quoted ? "\"" : "";
    weir_str_printf(&f->list, "%s%s%s%s", f->list.len ? ", " : "", q,
                    weir_expr_sql(f->ctx->arena, e), q);
    return true;
}

/* The aggregates inside of e as text; NULL if there are none. */
static const char *aggregates_in(weir_ctx *ctx, weir_expr *e, bool quoted) {
    found f = {.ctx = ctx, .quoted = quoted};
    weir_str_init(&f.list, ctx->arena, 1 << 20);
    (void)weir_expr_walk(e, note_aggregate, &f);
    return f.list.len ? f.list.p : NULL;
}

static weir_rc at(weir_ctx *ctx, const weir_expr *e) {
    weir_err_where(ctx, &e->at);
    return WEIR_FAIL;
}

static const char *quoted(weir_ctx *ctx, const weir_expr *e) {
    return weir_printf(ctx->arena, "\"%s\"", weir_expr_sql(ctx->arena, e));
}

static weir_rc check_filter(weir_ctx *ctx, const weir_expr *e) {
    const char *inner = aggregates_in(ctx, e->filter, true);
    if (inner)
        (void)weir_fail(ctx, WEIR_E_AGGREGATE_FILTER_HAS_AGGREGATE, "filterExpr",
                        quoted(ctx, e->filter), "aggExpr", inner);
    else if (!e->filter->deterministic)
        (void)weir_fail(ctx, WEIR_E_AGGREGATE_FILTER_NONDETERMINISTIC, "filterExpr",
                        quoted(ctx, e->filter));
    else
        return WEIR_OK;
    return at(ctx, e);
}

static weir_rc check_call(weir_ctx *ctx, const weir_expr *e) {
    for (int i = 0; i < e->narg; i++) {
        if (aggregates_in(ctx, e->arg[i], false)) {
            (void)weir_fail(ctx, WEIR_E_NESTED_AGGREGATE_FUNCTION, NULL);
            return at(ctx, e);
        }
        if (!e->arg[i]->deterministic) {
            (void)weir_fail(ctx, WEIR_E_AGGREGATE_NONDETERMINISTIC, "sqlExpr", quoted(ctx, e));
            return at(ctx, e);
        }
    }
    return e->filter ? check_filter(ctx, e) : WEIR_OK;
}

static weir_rc check_grouping(weir_ctx *ctx, const weir_plan *p) {
    for (int i = 0; i < p->ngroup; i++) {
        const char *inner = aggregates_in(ctx, p->expr[i], false);
        if (!inner) continue;
        (void)weir_fail(ctx, WEIR_E_GROUP_BY_AGGREGATE, "sqlExpr", inner);
        return at(ctx, p->expr[i]);
    }
    for (int i = p->ngroup; i < p->nexpr; i++) WEIR_TRY(check_call(ctx, p->expr[i]));
    return WEIR_OK;
}

static weir_rc no_aggregates(weir_ctx *ctx, const weir_plan *p, const char *operator) {
    for (int i = 0; i < p->nexpr; i++) {
        const char *inner = aggregates_in(ctx, p->expr[i], p->kind != WEIR_P_FILTER);
        if (!inner) continue;
        if (p->kind == WEIR_P_FILTER)
            (void)weir_fail(ctx, WEIR_E_INVALID_WHERE_CONDITION, "condition",
                            quoted(ctx, p->expr[i]), "expressionList", inner);
        else
            (void)weir_fail(ctx, WEIR_E_UNSUPPORTED_EXPR_FOR_OPERATOR, "operator", operator,
                            "invalidExprSqls", inner);
        return at(ctx, p->expr[i]);
    }
    return WEIR_OK;
}

weir_rc weir_az_check(weir_ctx *ctx, const weir_plan *p) {
    switch (p->kind) {
    case WEIR_P_AGGREGATE: return check_grouping(ctx, p);
    case WEIR_P_METRICS:
        for (int i = 0; i < p->ngroup; i++) WEIR_TRY(check_call(ctx, p->expr[i]));
        return WEIR_OK;
    case WEIR_P_SORT: return no_aggregates(ctx, p, "Sort");
    case WEIR_P_REPARTITION: return no_aggregates(ctx, p, "RepartitionByExpression");
    case WEIR_P_EXPLODE: return no_aggregates(ctx, p, "Generate");
    default: return no_aggregates(ctx, p, "Project");
    }
}
