/* Columns that a relation's output lacks and that something below it has: WHERE and ORDER BY over a
 * select list may name them. SPARK ColumnResolutionHelper.resolveExprsAndAddMissingAttrs. Called by
 * analyze.c. */
#include "plan/scope.h"

typedef struct want { /* a column of a scope below the output */
    int level, ordinal, at; /* level 1: of the input of the first projection; at: where it came */
} want;

typedef struct reach {
    const weir_plan **scope;
    int nscope;
    want *want;
    int nwant;
} reach;

static bool lets_through(const weir_plan *p) {
    switch (p->kind) {
    case WEIR_P_FILTER:
    case WEIR_P_SORT:
    case WEIR_P_LIMIT:
    case WEIR_P_OFFSET:
    case WEIR_P_TAIL:
    case WEIR_P_REPARTITION:
    case WEIR_P_HINT: return true;
    case WEIR_P_DEDUP: return !p->is_distinct; /* it keeps what it does not compare */
    default: return false;
    }
}

static void find_scopes(weir_ctx *ctx, const weir_plan *in, reach *r) {
    int n = 1;
    for (const weir_plan *p = in; p->nin == 1; p = p->in[0]) n++;
    r->scope = WEIR_NEWN(ctx->arena, const weir_plan *, n + 1);
    r->scope[r->nscope++] = in;
    for (const weir_plan *p = in; p->nin == 1; p = p->in[0]) {
        if (lets_through(p)) continue;
        if (p->kind != WEIR_P_PROJECT) break;
        r->scope[r->nscope++] = p->in[0];
    }
}

/* Columns of the scopes side by side become columns of the widened output. */
static weir_rc place(weir_ctx *ctx, weir_expr *e, void *u, weir_expr **out) {
    reach *r = u;
    int level = 0, ordinal = e->ordinal, k = 0, first = r->scope[0]->schema->nfield;
    *out = e;
    if (e->kind != WEIR_EX_COL) return WEIR_OK;
    while (level < r->nscope && ordinal >= r->scope[level]->schema->nfield)
        ordinal -= r->scope[level++]->schema->nfield;
    if (level == 0 || level == r->nscope) return WEIR_OK;
    while (k < r->nwant && (r->want[k].level != level || r->want[k].ordinal != ordinal)) k++;
    if (k == r->nwant) {
        want *v = WEIR_NEWN(ctx->arena, want, k + 1);
        if (k) memcpy(v, r->want, sizeof *v * (size_t)k);
        v[k] = (want){level, ordinal, 0};
        r->want = v;
        r->nwant++;
    }
    *out = weir_expr_copy(ctx->arena, e);
    (*out)->ordinal = first + k;
    return WEIR_OK;
}

/* p, at that level, with the wanted columns of lower ones behind its own. */
static weir_plan *widened(weir_ctx *ctx, reach *r, const weir_plan *p, int level) {
    if (lets_through(p)) {
        weir_plan *c = weir_plan_copy(ctx->arena, p);
        c->in[0] = widened(ctx, r, p->in[0], level);
        weir_az_same_output(c, c->in[0]);
        return c;
    }
    weir_plan *child = p->in[0], list = {.kind = WEIR_P_PROJECT};
    bool deeper = false;
    for (int k = 0; k < r->nwant; k++) deeper |= r->want[k].level > level + 1;
    if (deeper) child = widened(ctx, r, child, level + 1);
    for (int i = 0; i < p->nexpr; i++) weir_plan_add_expr(ctx->arena, &list, p->expr[i]);
    for (int k = 0; k < r->nwant; k++) {
        want *w = &r->want[k];
        if (w->level <= level) continue;
        int from = w->level == level + 1 ? w->ordinal : w->at;
        w->at = list.nexpr;
        weir_plan_add_expr(ctx->arena, &list, weir_az_col(ctx, child, from));
    }
    weir_plan *wide = weir_az_node(ctx, p, WEIR_P_PROJECT, child);
    wide->expr = list.expr;
    wide->nexpr = list.nexpr;
    weir_az_output(ctx, wide, wide->expr, wide->nexpr);
    weir_attr *a = weir_memdup(ctx->arena, wide->attr, sizeof *a * (size_t)wide->nexpr);
    for (int i = 0; i < p->nexpr; i++) a[i] = p->attr[i];
    wide->attr = a;
    return wide;
}

static weir_rc bind_all(weir_ctx *ctx, weir_az *az, const weir_plan *const *scope, int nscope,
                        weir_expr *const *e, int n, weir_expr **out) {
    int depth = az->depth;
    weir_rc rc = WEIR_OK;
    for (int i = 0; i < n && rc == WEIR_OK; i++)
        rc = weir_az_expr_ranked(ctx, az, scope, nscope, e[i], &out[i]);
    az->depth = depth;
    return rc;
}

weir_rc weir_az_reach(weir_ctx *ctx, weir_az *az, weir_plan *in, weir_expr **e, int n,
                      weir_plan **wide) {
    weir_expr **bound = WEIR_NEWN(ctx->arena, weir_expr *, n + 1);
    const weir_plan *const self = in;
    reach r = {0};
    *wide = in;
    find_scopes(ctx, in, &r);
    weir_err quiet;
    weir_err_init(&quiet);
    weir_ctx c = *ctx;
    if (r.nscope > 1) c.err = &quiet;
    weir_rc rc = bind_all(&c, az, &self, 1, e, n, bound);
    bool below = rc != WEIR_OK && r.nscope > 1;
    if (below) {
        weir_err_clear(&quiet);
        rc = bind_all(&c, az, r.scope, r.nscope, e, n, bound);
    }
    weir_err_clear(&quiet);
    /* neither works: say what is wrong with the columns that can be seen */
    if (rc != WEIR_OK && r.nscope > 1) return bind_all(ctx, az, &self, 1, e, n, bound);
    if (rc != WEIR_OK) return rc;
    for (int i = 0; i < n; i++) {
        e[i] = bound[i];
        if (below) WEIR_TRY(weir_expr_map(ctx, e[i], place, &r, &e[i]));
    }
    if (r.nwant) *wide = widened(ctx, &r, in, 0);
    return WEIR_OK;
}

weir_plan *weir_az_narrow(weir_ctx *ctx, const weir_plan *from, weir_plan *node,
                          const weir_plan *in) {
    if (node->schema->nfield == in->schema->nfield) return node;
    weir_plan *p = weir_az_node(ctx, from, WEIR_P_PROJECT, node);
    for (int i = 0; i < in->schema->nfield; i++)
        weir_plan_add_expr(ctx->arena, p, weir_az_col(ctx, node, i));
    weir_az_same_output(p, in);
    return p;
}
