/* try_add and its kin: the ANSI operation, with null for the rows on which it fails. The whole
 * batch is tried at once; only when it fails are its rows run one by one. SPARK TryEval. Called by
 * the evaluator; any thread. */
#include "func/loop.h"

#include <strings.h>

static weir_rc run_inner(weir_ctx *ctx, weir_call *c, int64_t from, int64_t len, weir_column *out) {
    const weir_expr *inner = c->bound;
    weir_column *arg = WEIR_NEWN(ctx->arena, weir_column, c->narg);
    for (int k = 0; k < c->narg; k++) arg[k] = weir_column_slice(&c->arg[k], from, len);
    *out = (weir_column){.type = c->out->type, .form = WEIR_FLAT, .len = len};
    weir_call sub = {.arg = arg,
                     .narg = c->narg,
                     .len = len,
                     .expr = inner,
                     .bound = inner->bound,
                     .out = out,
                     .ansi = true};
    for (int64_t i = 0; i < len; i++) { /* what the evaluator prepares for a STRICT kernel */
        uint8_t *bits;
        bool null = false;
        for (int k = 0; k < c->narg; k++) null |= weir_is_null(&arg[k], i);
        if (!null) continue;
        WEIR_TRY(weir_out_valid(ctx, &sub, &bits));
        weir_bit_clear(bits, i);
    }
    return inner->fn->kernel(ctx, &sub);
}

static weir_rc k_try(weir_ctx *ctx, weir_call *c) {
    weir_err err;
    weir_ctx quiet = *ctx;
    const weir_type *t = c->out->type;
    weir_column all;
    weir_err_init(&err);
    quiet.err = &err;
    weir_rc rc = run_inner(&quiet, c, 0, c->len, &all);
    if (rc == WEIR_OK) {
        *c->out = all;
        weir_err_clear(&err);
        return WEIR_OK;
    }
    const weir_column **part = WEIR_NEWN(ctx->arena, const weir_column *, c->len);
    for (int64_t i = 0; i < c->len; i++) {
        weir_column *one = WEIR_NEW(ctx->arena, weir_column);
        weir_err_clear(&err);
        weir_err_init(&err);
        if (run_inner(&quiet, c, i, 1, one) != WEIR_OK) WEIR_TRY(weir_column_null(ctx, t, 1, one));
        part[i] = one;
    }
    weir_err_clear(&err);
    WEIR_TRY(weir_column_concat(ctx, part, (int)c->len, c->out));
    c->out->type = t;
    return WEIR_OK;
}

static weir_rc bind_try(weir_ctx *ctx, weir_expr *e) {
    static const char *const ops[][2] = {
        {"try_add", "+"},    {"try_subtract", "-"}, {"try_multiply", "*"},
        {"try_divide", "/"}, {"try_mod", "%"},      {"try_make_timestamp", "make_timestamp"}};
    weir_expr *r = NULL;
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        if (strcasecmp(e->fn->name, ops[i][0]) == 0)
            WEIR_TRY(weir_call_by_name(ctx, ops[i][1], e->narg, e->arg, &r));
    e->bound = r;
    e->arg = r->arg;
    e->narg = r->narg;
    e->type = r->type;
    e->nullable = true;
    return WEIR_OK;
}

#define TRY(n)                                                                                     \
    { n, "(any, any) -> any", k_try, WEIR_NO_COERCE | WEIR_CANNOT_FAIL, bind_try, 0 }
static const weir_fn try_fns[] = {TRY("try_add"),
                                  TRY("try_subtract"),
                                  TRY("try_multiply"),
                                  TRY("try_divide"),
                                  TRY("try_mod"),
                                  {"try_make_timestamp",
                                   "(any, any, any, any, any, any, any?) -> any", k_try,
                                   WEIR_NO_COERCE | WEIR_CANNOT_FAIL, bind_try, 0}};
WEIR_FAMILY(weir_try_family, "try", try_fns);
