/* Choosing a function for a name and argument types: the families' tables, signatures, casts of
 * arguments. Called by analysis. The registry is set once at start and then only read. */
#include "expr/fn.h"

#include "expr/sig.h"
#include <strings.h>

static const weir_fn_family *const *families;
static int nfamilies;
static weir_rc (*cast_resolve)(weir_ctx *, weir_expr *, const weir_type *, weir_cast_mode,
                               weir_expr **);

void weir_fn_register(const weir_fn_family *const *f, int n) {
    families = f;
    nfamilies = n;
}

void weir_cast_register(weir_rc (*resolve)(weir_ctx *, weir_expr *, const weir_type *,
                                           weir_cast_mode, weir_expr **)) {
    cast_resolve = resolve;
}

weir_rc weir_cast_resolve(weir_ctx *ctx, weir_expr *e, const weir_type *to, weir_cast_mode mode,
                          weir_expr **out) {
    weir_assert(cast_resolve);
    return cast_resolve(ctx, e, to, mode, out);
}

/* Position = family * 4096 + row: callers only pass it back. */
const weir_fn *weir_fn_find(const char *name, int from, int *next) {
    for (int f = from >> 12, i = from & 4095; f < nfamilies; f++, i = 0) {
        for (; i < families[f]->nfn; i++) {
            if (strcasecmp(families[f]->fn[i].name, name) != 0) continue;
            *next = f << 12 | (i + 1);
            return &families[f]->fn[i];
        }
    }
    *next = -1;
    return NULL;
}

const weir_agg_fn *weir_agg_find(const char *name, int from, int *next) {
    for (int f = from >> 12, i = from & 4095; f < nfamilies; f++, i = 0) {
        for (; i < families[f]->nagg; i++) {
            if (strcasecmp(families[f]->agg[i].name, name) != 0) continue;
            *next = f << 12 | (i + 1);
            return &families[f]->agg[i];
        }
    }
    *next = -1;
    return NULL;
}

bool weir_fn_exists(const char *name) {
    int next;
    return weir_fn_find(name, 0, &next) || weir_agg_find(name, 0, &next);
}

bool weir_fn_is_generator(const char *name) {
    static const char *const names[] = {"explode",          "explode_outer", "posexplode",
                                        "posexplode_outer", "inline",        "inline_outer",
                                        "stack",            "json_tuple"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcasecmp(names[i], name) == 0) return true;
    return false;
}

weir_rc weir_fn_missing(weir_ctx *ctx, const weir_expr *e) {
    const char *why = weir_fn_elsewhere(e->name) ? "the function %s; it is not in this release of "
                                                   "weir, run this query on Apache Spark"
                      : weir_fn_is_generator(e->name) /* the select list has taken its own */
                          ? "%s inside of an expression or beside another generator; select it "
                            "alone, and use its column in a second select"
                          : NULL;
    if (why)
        (void)weir_fail(ctx, WEIR_E_UNSUPPORTED_FEATURE, "feature",
                        weir_printf(ctx->arena, why, e->name));
    else
        (void)weir_fail(ctx, WEIR_E_UNRESOLVED_ROUTINE, "routineName",
                        weir_printf(ctx->arena, "`%s`", e->name), "searchPath",
                        "[`system`.`builtin`, `system`.`session`, `spark_catalog`.`default`]");
    weir_err_where(ctx, &e->at);
    return WEIR_FAIL;
}

weir_rc weir_fn_wrong_count(weir_ctx *ctx, const weir_expr *e, int least, int most) {
    const char *want = least == most ? weir_printf(ctx->arena, "%d", least)
                       : most > 99   ? weir_printf(ctx->arena, "> %d", least - 1)
                                     : weir_printf(ctx->arena, "[%d, %d]", least, most);
    (void)weir_fail(ctx, WEIR_E_WRONG_NUM_ARGS, "functionName",
                    weir_printf(ctx->arena, "`%s`", e->name), "expectedNum", want, "actualNum",
                    weir_printf(ctx->arena, "%d", e->narg), "docroot",
                    "https://spark.apache.org/docs/latest");
    weir_err_where(ctx, &e->at);
    return WEIR_FAIL;
}

weir_rc weir_fn_type_mismatch(weir_ctx *ctx, const weir_expr *e, int which, const char *want) {
    static const char *const nth[] = {"first", "second", "third",   "fourth",
                                      "fifth", "sixth",  "seventh", "eighth"};
    const weir_expr *a = e->arg[which];
    (void)weir_fail(ctx, WEIR_E_DATATYPE_MISMATCH_UNEXPECTED_INPUT_TYPE, "sqlExpr",
                    weir_printf(ctx->arena, "\"%s\"", weir_expr_sql(ctx->arena, e)), "paramIndex",
                    which < 8 ? nth[which] : weir_printf(ctx->arena, "%dth", which + 1),
                    "requiredType", want, "inputSql",
                    weir_printf(ctx->arena, "\"%s\"", weir_expr_sql(ctx->arena, a)), "inputType",
                    weir_printf(ctx->arena, "\"%s\"", weir_type_sql(ctx->arena, a->type)));
    weir_err_where(ctx, &e->at);
    return WEIR_FAIL;
}

/* The resolved node, defaults from the signature, before bind. */
static weir_rc apply(weir_ctx *ctx, weir_expr *func, const weir_sig *sig, const weir_sig_match *m,
                     unsigned flags, weir_expr **out) {
    weir_expr *e = weir_expr_copy(ctx->arena, func);
    for (int i = 0; i < e->narg; i++) {
        if (m->want[i] && !(flags & WEIR_NO_COERCE))
            WEIR_TRY(weir_coerce(ctx, e->arg[i], m->want[i], &e->arg[i]));
        e->deterministic &= e->arg[i]->deterministic;
    }
    if (flags & (WEIR_NONDETERMINISTIC | WEIR_STATEFUL)) e->deterministic = false;
    e->type = m->result;
    e->nullable = (flags & WEIR_NULLABLE) != 0 || !(flags & WEIR_STRICT);
    if (flags & WEIR_STRICT)
        for (int i = 0; i < e->narg; i++) e->nullable |= e->arg[i]->nullable;
    if (sig->never_null) e->nullable = false;
    *out = e;
    return WEIR_OK;
}

typedef struct candidate {
    const weir_fn *fn;
    const weir_agg_fn *agg;
    const char *sig;
    unsigned flags;
} candidate;

static int find_all(const char *name, candidate *c, int max) {
    int n = 0;
    for (int at = 0; at >= 0 && n < max;) {
        const weir_fn *f = weir_fn_find(name, at, &at);
        if (f) c[n++] = (candidate){f, NULL, f->sig, f->flags};
    }
    for (int at = 0; at >= 0 && n < max;) {
        const weir_agg_fn *f = weir_agg_find(name, at, &at);
        if (f) c[n++] = (candidate){NULL, f, f->sig, f->flags};
    }
    return n;
}

static weir_rc finish(weir_ctx *ctx, const candidate *c, weir_expr *e, weir_expr **out) {
    e->kind = c->fn ? WEIR_EX_CALL : WEIR_EX_AGG;
    e->fn = c->fn;
    e->agg = c->agg;
    weir_fn_bind *bind = c->fn ? c->fn->bind : c->agg->bind;
    if (bind) {
        weir_rc rc = bind(ctx, e);
        if (rc != WEIR_OK) {
            weir_err_where(ctx, &e->at);
            return rc;
        }
    }
    for (int i = 0; i < e->narg; i++) e->deterministic &= e->arg[i]->deterministic;
    if (!e->type) /* it follows from an argument, which is an untyped null */
        return e->narg ? weir_fn_type_mismatch(ctx, e, 0, "a typed value")
                       : weir_fn_missing(ctx, e);
    *out = e;
    return WEIR_OK;
}

/* SPARK TypeCoercion: a cast that it adds stands where the call does, not its argument. */
static void own_casts(const weir_expr *func, const weir_expr *call) {
    for (int i = 0; i < func->narg && i < call->narg; i++)
        if (call->arg[i] != func->arg[i] && call->arg[i]->kind == WEIR_EX_CALL)
            call->arg[i]->at = call->at;
}

weir_rc weir_fn_resolve(weir_ctx *ctx, weir_expr *func, weir_expr **out) {
    candidate cand[24];
    int n = find_all(func->name, cand, 24), least = 1 << 20, most = -1, bad = -1;
    if (!n) return weir_fn_missing(ctx, func);
    const char *want = NULL;
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < n; i++) {
            weir_sig *sig = NULL;
            WEIR_TRY(weir_sig_parse(ctx, cand[i].sig, &sig));
            if (sig->least < least) least = sig->least;
            if (sig->most > most) most = sig->most;
            if (func->narg < sig->least || func->narg > sig->most) continue;
            weir_sig_match m = {.want = WEIR_NEWN(ctx->arena, const weir_type *, func->narg + 1)};
            bool fits = (cand[i].flags & WEIR_NO_COERCE)
                            ? weir_sig_take(ctx, sig, func, &m)
                            : weir_sig_match_args(ctx, sig, func, pass == 1, &m);
            if (!fits) {
                if (bad < 0 && pass == 1) bad = m.bad, want = m.bad_want;
                continue;
            }
            weir_expr *e = NULL;
            WEIR_TRY(apply(ctx, func, sig, &m, cand[i].flags, &e));
            WEIR_TRY(finish(ctx, &cand[i], e, out));
            own_casts(func, *out);
            return WEIR_OK;
        }
    }
    if (bad >= 0) return weir_fn_type_mismatch(ctx, func, bad, want);
    return weir_fn_wrong_count(ctx, func, least, most);
}

weir_rc weir_call_by_name(weir_ctx *ctx, const char *name, int narg, weir_expr **arg,
                          weir_expr **out) {
    weir_expr *f = weir_expr_new(ctx->arena, WEIR_EX_FUNC);
    f->name = name;
    f->narg = narg;
    f->arg = weir_memdup(ctx->arena, arg, sizeof *arg * (size_t)narg);
    if (narg) f->at = arg[0]->at;
    return weir_fn_resolve(ctx, f, out);
}
