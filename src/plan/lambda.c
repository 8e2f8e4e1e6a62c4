/* Binding calls with lambdas: parameters get types from the function, what a body uses of its
 * surroundings becomes arguments of the call. Called by resolve.c. See func/lambda.h. */
#include "func/lambda.h"

#include "plan/scope.h"

#include <strings.h>

/* Ordinals of parameters while bodies are being bound; no batch has as many columns. */
enum { PARAM_BASE = 1 << 24 };

struct weir_lambda_scope {
    const struct weir_lambda_scope *up;
    int n, base;
    const char *name[WEIR_LAMBDA_PARAMS_MAX];
    weir_field field[WEIR_LAMBDA_PARAMS_MAX];
};

weir_rc weir_az_lambda_var(weir_ctx *ctx, const weir_az *az, const weir_expr *e, weir_expr **out) {
    for (const weir_lambda_scope *s = az->lambda; s; s = s->up)
        for (int i = 0; i < s->n; i++) {
            if (!weir_name_same(ctx, s->name[i], e->names[0])) continue;
            *out = weir_expr_col(ctx->arena, s->base + i, s->field[i].type, s->field[i].nullable);
            (*out)->name = e->names[0];
            return WEIR_OK;
        }
    weir_expr *a = weir_expr_attr(ctx->arena, e->names[0]);
    return weir_az_missing(ctx, NULL, 0, a);
}

typedef struct capture {
    weir_plan list; /* COLs of the surroundings */
    int base, nparam;
} capture;

static weir_rc relocate(weir_ctx *ctx, weir_expr *e, void *u, weir_expr **out) {
    capture *c = u;
    *out = e;
    if (e->kind != WEIR_EX_COL) return WEIR_OK;
    *out = weir_expr_copy(ctx->arena, e);
    if (e->ordinal >= c->base && e->ordinal < c->base + c->nparam) {
        (*out)->ordinal = e->ordinal - c->base;
        return WEIR_OK;
    }
    int k = 0;
    while (k < c->list.nexpr && c->list.expr[k]->ordinal != e->ordinal) k++;
    if (k == c->list.nexpr) weir_plan_add_expr(ctx->arena, &c->list, e);
    (*out)->ordinal = c->nparam + k;
    return WEIR_OK;
}

static weir_rc not_higher_order(weir_ctx *ctx, const weir_expr *e) {
    if (!weir_fn_exists(e->name)) {
        weir_expr *plain = weir_expr_func(ctx->arena, e->name, 0), *x = NULL;
        plain->at = e->at;
        return weir_fn_resolve(ctx, plain, &x);
    }
    (void)weir_fail(ctx, WEIR_E_INVALID_LAMBDA_NOT_HIGHER_ORDER, "class", e->name);
    weir_err_where(ctx, &e->at);
    return WEIR_FAIL;
}

static weir_rc bind_body(weir_ctx *ctx, weir_az *az, const weir_plan *const *in, int nin,
                         weir_expr *call, const weir_expr *lambda, int which, int *base) {
    weir_lambda_scope s = {.up = az->lambda, .n = lambda->nname, .base = PARAM_BASE + az->nparam};
    WEIR_TRY(weir_hof_params(ctx, call, which, lambda->nname, s.field));
    for (int i = 0; i < s.n; i++) s.name[i] = lambda->names[i];
    az->nparam += s.n;
    az->lambda = &s;
    weir_rc rc = weir_az_expr(ctx, az, in, nin, lambda->arg[0], &call->body[which]);
    az->lambda = s.up;
    *base = s.base;
    return rc;
}

weir_rc weir_az_lambda(weir_ctx *ctx, weir_az *az, const weir_plan *const *in, int nin,
                       weir_expr *e, weir_expr **out) {
    weir_hof *h = WEIR_NEW(ctx->arena, weir_hof);
    weir_expr *call = weir_expr_copy(ctx->arena, e);
    int base[WEIR_LAMBDAS_MAX];
    while (h->nfixed < e->narg && e->arg[h->nfixed]->kind != WEIR_EX_LAMBDA) h->nfixed++;
    int n = e->narg - h->nfixed;
    call->fn = n <= WEIR_LAMBDAS_MAX ? weir_hof_find(e->name, h->nfixed, n) : NULL;
    for (int i = h->nfixed; i < e->narg; i++)
        if (e->arg[i]->kind != WEIR_EX_LAMBDA) call->fn = NULL;
    if (!call->fn) return not_higher_order(ctx, e);
    call->body = WEIR_NEWN(ctx->arena, weir_expr *, n);
    capture c = {.list = {.kind = WEIR_P_PROJECT}};
    for (int i = 0; i < h->nfixed; i++) weir_plan_add_expr(ctx->arena, &c.list, call->arg[i]);
    weir_plan fixed = c.list;
    c.list = (weir_plan){.kind = WEIR_P_PROJECT};
    for (int k = 0; k < n; k++) {
        h->nparam[k] = e->arg[h->nfixed + k]->nname;
        weir_rc rc = bind_body(ctx, az, in, nin, call, e->arg[h->nfixed + k], k, &base[k]);
        if (rc != WEIR_OK) return weir_err_where(ctx, &e->at), rc;
        call->nbody = k + 1;
    }
    WEIR_TRY(weir_hof_type(ctx, call));
    call->kind = WEIR_EX_CALL;
    call->deterministic = true;
    for (int k = 0; k < n; k++) {
        call->deterministic &= call->body[k]->deterministic;
        c.base = base[k];
        c.nparam = h->nparam[k];
        WEIR_TRY(weir_expr_map(ctx, call->body[k], relocate, &c, &call->body[k]));
    }
    for (int i = 0; i < c.list.nexpr; i++) weir_plan_add_expr(ctx->arena, &fixed, c.list.expr[i]);
    call->arg = fixed.expr;
    call->narg = fixed.nexpr;
    for (int i = 0; i < call->narg; i++) call->deterministic &= call->arg[i]->deterministic;
    call->bound = h;
    *out = call;
    return WEIR_OK;
}
