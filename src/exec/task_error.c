/* Failures of tasks. See task_error.h. Called once a write has failed. */
#include "exec/task_error.h"

#include "expr/eval.h"
#include "io/sink.h"

/* SPARK ConstantFolding: a constant that cannot be computed is met by the optimizer, but for those
 * in branches that may not be taken. */
static bool constant_fails(weir_ctx *ctx, const weir_expr *e) {
    weir_err quiet;
    weir_ctx own = *ctx;
    weir_column row;
    weir_err_init(&quiet);
    own.err = &quiet;
    bool fails = e->kind != WEIR_EX_ALIAS && weir_eval_const(&own, e, &row) == WEIR_FAIL &&
                 quiet.cls != WEIR_E_DATATYPE_MISMATCH_NON_FOLDABLE_INPUT;
    weir_err_clear(&quiet);
    bool whole = e->kind == WEIR_EX_CALL || e->kind == WEIR_EX_ALIAS;
    for (int i = 0; i < e->narg && whole && !fails; i++) fails = constant_fails(ctx, e->arg[i]);
    return fails;
}

static bool has_failing_constant(weir_ctx *ctx, const weir_plan *p) {
    bool fails = false;
    for (int i = 0; i < p->nexpr && p->kind == WEIR_P_PROJECT && !fails; i++)
        fails = constant_fails(ctx, p->expr[i]);
    for (int i = 0; i < p->nin && !fails; i++) fails = has_failing_constant(ctx, p->in[i]);
    return fails;
}

static bool is_lambda(weir_expr *e, void *found) {
    *(bool *)found |= e->kind == WEIR_EX_CALL &&
                      (e->nbody || (strcmp(e->name, "transform") == 0 &&
                                    e->fn->flags & WEIR_FOLD_NEVER));
    return !*(bool *)found;
}

/* SPARK ConvertToLocalRelation computes rows of literals as it plans, and a repartition brings its
 * rows over a shuffle. The one row of a range of several partitions is not in the first: there
 * executeTask looks for a row before it expects a failure, and code that is generated computes the
 * row as it is looked for. lambdas: above are some, which no code is generated for. */
static bool comes_from_elsewhere(const weir_plan *p, bool lambdas) {
    switch (p->kind) {
    case WEIR_P_LOCAL:
    case WEIR_P_REPARTITION: return true;
    case WEIR_P_RANGE: return p->n == WEIR_ONE_ROW || (p->n != 1 && !lambdas);
    case WEIR_P_PROJECT:
    case WEIR_P_FILTER:
    case WEIR_P_LIMIT:
    case WEIR_P_UNION: break;
    default: return false;
    }
    bool all = true;
    for (int i = 0; i < p->nexpr; i++) (void)weir_expr_walk(p->expr[i], is_lambda, &lambdas);
    for (int i = 0; i < p->nin; i++) all &= comes_from_elsewhere(p->in[i], lambdas);
    return all;
}

weir_rc weir_task_failed(weir_ctx *ctx, const weir_plan *p, const char *path, weir_rc rc) {
    if (rc != WEIR_FAIL || ctx->err->cls == WEIR_E_TASK_WRITE_FAILED ||
        weir_errcls_exception(ctx->err->cls) == WEIR_X_DELTA_INVARIANT ||
        comes_from_elsewhere(p, false) || has_failing_constant(ctx, p))
        return rc;
    return weir_task_write_failed(ctx, path);
}
