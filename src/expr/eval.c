/* Evaluating resolved expressions over batches. One weir_eval per task; see eval.h. */
#include "expr/eval.h"

typedef struct enode { /* an expression compiled for one task */
    const weir_expr *e;
    int nkid;
    struct enode **kid;
    bool safe;     /* cannot raise, has no state: may be evaluated for rows that do not count */
    bool constant; /* same for every row and batch */
    bool again;    /* may be run a second time over the same rows */
    bool null;     /* of any row, whatever its arguments are: they are not asked */
    void *state;
    bool cached;
    weir_column value; /* of a constant, once computed */
} enode;

struct weir_eval {
    weir_arena *mem;
    int n;
    enode **root;
    bool ansi;
    struct estate {
        struct estate *next;
        size_t n;
        void *p;
    } *state;
};

static weir_rc run(weir_ctx *, weir_eval *, enode *, const weir_batch *, weir_column *out);

/* The arguments, from the first, of which a null one is the call's result. */
static int deciding(const weir_expr *e) {
    const int flags = e->fn->flags;
    if (flags & WEIR_ASKS_ALL) return 0;
    return flags & (WEIR_STRICT | WEIR_NULLS_OWN) ? e->narg : flags & WEIR_NULL_FIRST ? 1 : 0;
}

/* SPARK NullPropagation: beside a literal NULL the other arguments are not evaluated. */
static bool null_call(const enode *n) {
    if (n->e->kind == WEIR_EX_LIT) return weir_is_null(&n->e->lit, 0);
    if (n->e->kind != WEIR_EX_CALL) return false;
    for (int i = 0; i < deciding(n->e); i++)
        if (n->kid[i]->null) return true;
    return false;
}

static weir_rc compile(weir_ctx *ctx, weir_eval *ev, const weir_expr *e, enode **out) {
    enode *n = WEIR_NEW(ev->mem, enode);
    n->e = e;
    n->nkid = e->narg;
    n->kid = WEIR_NEWN(ev->mem, enode *, e->narg);
    n->safe = e->kind != WEIR_EX_CALL || (e->fn->flags & WEIR_CANNOT_FAIL);
    n->constant = e->kind != WEIR_EX_COL && e->kind != WEIR_EX_METADATA;
    n->again = true;
    for (int i = 0; i < e->narg; i++) {
        WEIR_TRY(compile(ctx, ev, e->arg[i], &n->kid[i]));
        n->safe &= n->kid[i]->safe;
        n->constant &= n->kid[i]->constant;
        n->again &= n->kid[i]->again;
    }
    n->null = null_call(n);
    if (e->kind == WEIR_EX_CALL) {
        if (e->fn->flags & (WEIR_NONDETERMINISTIC | WEIR_STATEFUL | WEIR_FOLD_NEVER))
            n->constant = false;
        if (e->fn->flags & (WEIR_NONDETERMINISTIC | WEIR_STATEFUL)) n->safe = n->again = false;
        if (e->fn->state_bytes) {
            n->state = weir_alloc(ev->mem, e->fn->state_bytes);
            struct estate *s = WEIR_NEW(ev->mem, struct estate);
            *s = (struct estate){ev->state, e->fn->state_bytes, n->state};
            ev->state = s;
        }
    }
    *out = n;
    return WEIR_OK;
}

weir_rc weir_eval_new(weir_ctx *ctx, weir_expr *const *exprs, int n, weir_eval **out) {
    weir_eval *ev = WEIR_NEW(ctx->arena, weir_eval);
    ev->mem = ctx->arena;
    ev->n = n;
    ev->ansi = weir_conf_bool(ctx->conf, "spark.sql.ansi.enabled");
    ev->root = WEIR_NEWN(ctx->arena, enode *, n);
    for (int i = 0; i < n; i++) {
        weir_assert(weir_expr_resolved(exprs[i]));
        WEIR_TRY(compile(ctx, ev, exprs[i], &ev->root[i]));
    }
    *out = ev;
    return WEIR_OK;
}

void weir_eval_reset(weir_eval *ev) {
    for (struct estate *s = ev->state; s; s = s->next) memset(s->p, 0, s->n);
}

/* Validity of the result: the rows where every argument is valid. */
static weir_rc strict_valid(weir_ctx *ctx, const weir_column *arg, int narg, int64_t len,
                            weir_buf **out) {
    *out = NULL;
    for (int i = 0; i < narg; i++) {
        const weir_column *c = &arg[i];
        if (!c->valid && c->type->kind != WEIR_T_VOID) continue;
        if (c->form == WEIR_CONST && !weir_is_null(c, 0)) continue;
        if (!*out) {
            WEIR_TRY(weir_buf_new(ctx, (len + 7) / 8, out));
            memset((*out)->p, 0xff, (size_t)((len + 7) / 8));
        }
        uint8_t *bits = (*out)->p;
        if (c->form == WEIR_CONST || c->type->kind == WEIR_T_VOID) {
            memset(bits, 0, (size_t)((len + 7) / 8));
        } else if ((c->off & 7) == 0) {
            const uint8_t *v = c->valid->p + (c->off >> 3);
            for (int64_t k = 0; k < (len + 7) / 8; k++) bits[k] &= v[k];
        } else {
            for (int64_t k = 0; k < len; k++)
                if (!weir_bit(c->valid->p, c->off + k)) weir_bit_clear(bits, k);
        }
    }
    return WEIR_OK;
}

static bool all_const(const weir_column *arg, int n) {
    for (int i = 0; i < n; i++)
        if (arg[i].form != WEIR_CONST) return false;
    return true;
}

static weir_rc run_counted(weir_ctx *, weir_eval *, enode *, int k, const weir_batch *,
                           weir_column *arg);

static weir_rc run_call(weir_ctx *ctx, weir_eval *ev, enode *n, const weir_batch *b,
                        weir_column *out) {
    const weir_expr *e = n->e;
    int64_t len = b->len;
    if (n->null) return weir_column_null(ctx, e->type, len, out);
    weir_column *arg = WEIR_NEWN(ctx->arena, weir_column, n->nkid + 1);
    for (int i = 0; i < n->nkid; i++) {
        weir_rc rc = run(ctx, ev, n->kid[i], b, &arg[i]);
        if (rc == WEIR_FAIL && i) rc = run_counted(ctx, ev, n, i, b, arg);
        WEIR_TRY(rc);
        if (e->fn->flags & WEIR_JAVA_TEXT) WEIR_TRY(weir_column_utf8(ctx, &arg[i], &arg[i]));
    }
    *out = (weir_column){.type = e->type, .form = WEIR_FLAT, .len = len};
    if (len == 0) return weir_column_null(ctx, e->type, 0, out);
    bool once =
        all_const(arg, n->nkid) && !(e->fn->flags & (WEIR_NONDETERMINISTIC | WEIR_STATEFUL));
    if (once && len != 1) {
        out->len = len = 1;
        for (int i = 0; i < n->nkid; i++) arg[i].len = 1;
    }
    if (e->fn->flags & WEIR_STRICT) WEIR_TRY(strict_valid(ctx, arg, n->nkid, len, &out->valid));
    weir_call call = {.arg = arg,
                      .narg = n->nkid,
                      .len = len,
                      .expr = e,
                      .bound = e->bound,
                      .state = n->state,
                      .out = out,
                      .ansi = ev->ansi};
    WEIR_TRY(e->fn->kernel(ctx, &call));
    out->type = e->type;
    if (once) {
        out->form = WEIR_CONST;
        out->len = b->len;
    }
    return WEIR_OK;
}

/* ---- rows that do not count ---- */

static void used_columns(const enode *n, bool *used) {
    if (n->e->kind == WEIR_EX_COL) used[n->e->ordinal] = true;
    for (int i = 0; i < n->nkid; i++) used_columns(n->kid[i], used);
}

/* The rows idx of b, only with the columns that n reads. */
static weir_rc sub_batch(weir_ctx *ctx, const enode *n, const weir_batch *b, const int64_t *idx,
                         int64_t len, weir_batch *out) {
    int ncol = b->schema->nfield;
    bool *used = WEIR_NEWN(ctx->arena, bool, ncol + 1);
    used_columns(n, used);
    *out = (weir_batch){
        .schema = b->schema, .len = len, .col = WEIR_NEWN(ctx->arena, weir_column, ncol + 1)};
    for (int i = 0; i < ncol; i++) {
        if (used[i])
            WEIR_TRY(weir_column_take(ctx, &b->col[i], idx, len, &out->col[i]));
        else
            out->col[i] = (weir_column){.type = &weir_t_void, .form = WEIR_CONST, .len = len};
    }
    return WEIR_OK;
}

static weir_rc run_rows(weir_ctx *ctx, weir_eval *ev, enode *n, const weir_batch *b,
                        const int64_t *idx, int64_t len, weir_column *out) {
    weir_batch s;
    if (len == b->len) return run(ctx, ev, n, b, out);
    WEIR_TRY(sub_batch(ctx, n, b, idx, len, &s));
    return run(ctx, ev, n, &s, out);
}

static int truth(const weir_column *c, int64_t i) { /* 1, 0, -1 unknown */
    if (weir_is_null(c, i)) return -1;
    return WEIR_AT_ROW(uint8_t, c, i) != 0;
}

static weir_rc bool_out(weir_ctx *ctx, int64_t len, weir_column *out, uint8_t **v, uint8_t **bits) {
    weir_buf *d = NULL, *m = NULL;
    WEIR_TRY(weir_buf_new(ctx, len, &d));
    WEIR_TRY(weir_buf_new(ctx, (len + 7) / 8, &m));
    memset(m->p, 0xff, (size_t)((len + 7) / 8));
    *out = (weir_column){
        .type = &weir_t_boolean, .form = WEIR_FLAT, .len = len, .data = d, .valid = m};
    *v = d->p;
    *bits = m->p;
    return WEIR_OK;
}

/* stop: the value of the left side that decides alone (AND: false, OR: true). */
static weir_rc run_logic(weir_ctx *ctx, weir_eval *ev, enode *n, const weir_batch *b,
                         weir_column *out) {
    int stop = n->e->kind == WEIR_EX_OR;
    weir_column l, r;
    WEIR_TRY(run(ctx, ev, n->kid[0], b, &l));
    for (int k = 1; k < n->nkid; k++) {
        int64_t *idx = WEIR_NEWN(ctx->arena, int64_t, b->len), m = 0;
        bool eager = n->kid[k]->safe;
        for (int64_t i = 0; !eager && i < b->len; i++)
            if (truth(&l, i) != stop) idx[m++] = i;
        if (!eager && m == 0) break;
        WEIR_TRY(run_rows(ctx, ev, n->kid[k], b, idx, eager ? b->len : m, &r));
        bool sparse = !eager && m != b->len;
        uint8_t *v, *bits;
        weir_column o;
        WEIR_TRY(bool_out(ctx, b->len, &o, &v, &bits));
        for (int64_t i = 0, j = 0; i < b->len; i++) {
            int x = truth(&l, i), y;
            if (x == stop) {
                v[i] = (uint8_t)stop;
                continue;
            }
            y = truth(&r, sparse ? j++ : i);
            v[i] = (uint8_t)(y == stop ? stop : !stop);
            if (y != stop && (x < 0 || y < 0)) weir_bit_clear(bits, i);
        }
        l = o;
    }
    *out = l;
    return WEIR_OK;
}

/* Puts the parts (column k holds the rows idx[k][0..n[k])) together into len rows; rows in no part
 * are null. */
typedef struct parts {
    int n;
    weir_column **col;
    int64_t **idx;
    int64_t *rows;
} parts;

static weir_rc assemble(weir_ctx *ctx, const weir_type *t, const parts *p, int64_t len,
                        weir_column *out) {
    int64_t *from = WEIR_NEWN(ctx->arena, int64_t, len), base = 0;
    const weir_column **src = WEIR_NEWN(ctx->arena, const weir_column *, p->n);
    for (int64_t i = 0; i < len; i++) from[i] = -1;
    for (int k = 0; k < p->n; k++) {
        for (int64_t j = 0; j < p->rows[k]; j++) from[p->idx[k][j]] = base + j;
        base += p->rows[k];
        src[k] = p->col[k];
    }
    if (p->n == 0) return weir_column_null(ctx, t, len, out);
    weir_column all;
    WEIR_TRY(weir_column_concat(ctx, src, p->n, &all));
    WEIR_TRY(weir_column_take(ctx, &all, from, len, out));
    out->type = t;
    return WEIR_OK;
}

static void parts_init(weir_ctx *ctx, parts *p, int max) {
    p->n = 0;
    p->col = WEIR_NEWN(ctx->arena, weir_column *, max);
    p->idx = WEIR_NEWN(ctx->arena, int64_t *, max);
    p->rows = WEIR_NEWN(ctx->arena, int64_t, max);
}

static weir_column *parts_add(weir_ctx *ctx, parts *p, int64_t *idx, int64_t rows) {
    weir_column *c = WEIR_NEW(ctx->arena, weir_column);
    p->col[p->n] = c;
    p->idx[p->n] = idx;
    p->rows[p->n++] = rows;
    return c;
}

static int64_t *iota(weir_ctx *ctx, int64_t n) {
    int64_t *v = WEIR_NEWN(ctx->arena, int64_t, n);
    for (int64_t i = 0; i < n; i++) v[i] = i;
    return v;
}

/* Argument k of a call, which failed: SPARK does not ask for it where one before it is null, but
 * folds constants over no row. The failure stands where all rows count. */
static weir_rc run_counted(weir_ctx *ctx, weir_eval *ev, enode *n, int k, const weir_batch *b,
                           weir_column *arg) {
    enode *kid = n->kid[k];
    const int before = k < deciding(n->e) ? k : deciding(n->e);
    if (!before || !kid->again || (kid->constant && !n->constant)) return WEIR_FAIL;
    int64_t *idx = WEIR_NEWN(ctx->arena, int64_t, b->len), m = 0;
    for (int64_t i = 0; i < b->len; i++) {
        bool counts = true;
        for (int j = 0; j < before && counts; j++) counts = !weir_is_null(&arg[j], i);
        if (counts) idx[m++] = i;
    }
    if (m == b->len) return WEIR_FAIL;
    weir_err_clear(ctx->err);
    if (m == 0) return weir_column_null(ctx, kid->e->type, b->len, &arg[k]);
    parts p;
    parts_init(ctx, &p, 1);
    WEIR_TRY(run_rows(ctx, ev, kid, b, idx, m, parts_add(ctx, &p, idx, m)));
    return assemble(ctx, kid->e->type, &p, b->len, &arg[k]);
}

static weir_rc run_case(weir_ctx *ctx, weir_eval *ev, enode *n, const weir_batch *b,
                        weir_column *out) {
    int64_t *left = iota(ctx, b->len), nleft = b->len;
    parts p;
    parts_init(ctx, &p, n->nkid / 2 + 1);
    for (int k = 0; k + 1 < n->nkid && nleft; k += 2) {
        weir_column cond;
        WEIR_TRY(run_rows(ctx, ev, n->kid[k], b, left, nleft, &cond));
        int64_t *yes = WEIR_NEWN(ctx->arena, int64_t, nleft),
                *no = WEIR_NEWN(ctx->arena, int64_t, nleft), y = 0, m = 0;
        for (int64_t i = 0; i < nleft; i++) {
            if (truth(&cond, i) == 1)
                yes[y++] = left[i];
            else
                no[m++] = left[i];
        }
        if (y) WEIR_TRY(run_rows(ctx, ev, n->kid[k + 1], b, yes, y, parts_add(ctx, &p, yes, y)));
        left = no;
        nleft = m;
    }
    if ((n->nkid & 1) && nleft)
        WEIR_TRY(run_rows(ctx, ev, n->kid[n->nkid - 1], b, left, nleft,
                          parts_add(ctx, &p, left, nleft)));
    if (p.n == 1 && p.rows[0] == b->len) {
        *out = *p.col[0];
        out->type = n->e->type;
        return WEIR_OK;
    }
    return assemble(ctx, n->e->type, &p, b->len, out);
}

static weir_rc run_coalesce(weir_ctx *ctx, weir_eval *ev, enode *n, const weir_batch *b,
                            weir_column *out) {
    int64_t *left = iota(ctx, b->len), nleft = b->len;
    parts p;
    parts_init(ctx, &p, n->nkid);
    for (int k = 0; k < n->nkid && nleft; k++) {
        weir_column c;
        WEIR_TRY(run_rows(ctx, ev, n->kid[k], b, left, nleft, &c));
        int64_t *has = WEIR_NEWN(ctx->arena, int64_t, nleft),
                *src = WEIR_NEWN(ctx->arena, int64_t, nleft),
                *no = WEIR_NEWN(ctx->arena, int64_t, nleft), h = 0, m = 0;
        for (int64_t i = 0; i < nleft; i++) {
            if (weir_is_null(&c, i)) {
                no[m++] = left[i];
            } else {
                src[h] = i;
                has[h++] = left[i];
            }
        }
        if (h == b->len) {
            *out = c;
            out->type = n->e->type;
            return WEIR_OK;
        }
        if (h) WEIR_TRY(weir_column_take(ctx, &c, src, h, parts_add(ctx, &p, has, h)));
        left = no;
        nleft = m;
    }
    return assemble(ctx, n->e->type, &p, b->len, out);
}

static weir_rc run_node(weir_ctx *ctx, weir_eval *ev, enode *n, const weir_batch *b,
                        weir_column *out) {
    switch (n->e->kind) {
    case WEIR_EX_COL: *out = b->col[n->e->ordinal]; return WEIR_OK;
    case WEIR_EX_LIT:
        *out = n->e->lit;
        out->len = b->len;
        return WEIR_OK;
    case WEIR_EX_ALIAS:
    case WEIR_EX_SORT: return run(ctx, ev, n->kid[0], b, out);
    case WEIR_EX_CALL: return run_call(ctx, ev, n, b, out);
    case WEIR_EX_AND:
    case WEIR_EX_OR: return run_logic(ctx, ev, n, b, out);
    case WEIR_EX_CASE: return run_case(ctx, ev, n, b, out);
    case WEIR_EX_COALESCE: return run_coalesce(ctx, ev, n, b, out);
    default: break;
    }
    weir_assert_failed("expression kind is not executable", WEIR_AT);
}

static weir_rc run(weir_ctx *ctx, weir_eval *ev, enode *n, const weir_batch *b, weir_column *out) {
    if (n->cached) {
        *out = n->value;
        out->len = b->len;
        return WEIR_OK;
    }
    WEIR_TRY(run_node(ctx, ev, n, b, out));
    if (!n->constant || n->e->kind == WEIR_EX_LIT || out->len == 0) return WEIR_OK;
    if (out->form != WEIR_CONST) {
        *out = weir_column_slice(out, 0, 1);
        out->form = WEIR_CONST;
    }
    weir_column_keep(ev->mem, out, &n->value);
    n->cached = true;
    out->len = b->len;
    return WEIR_OK;
}

weir_rc weir_eval_run(weir_ctx *ctx, weir_eval *ev, int which, const weir_batch *b,
                      weir_column *out) {
    weir_assert(which >= 0 && which < ev->n);
    return run(ctx, ev, ev->root[which], b, out);
}

/* Of constants, each of a kind that can be run. */
bool weir_is_foldable(const weir_expr *e) {
    if (!e->type) return false;
    switch (e->kind) {
    case WEIR_EX_LIT: return true;
    case WEIR_EX_ALIAS:
    case WEIR_EX_CALL:
    case WEIR_EX_AND:
    case WEIR_EX_OR:
    case WEIR_EX_CASE:
    case WEIR_EX_COALESCE: break;
    default: return false;
    }
    for (int i = 0; i < e->narg; i++)
        if (e->arg[i]->kind != WEIR_EX_LAMBDA && !weir_is_foldable(e->arg[i])) return false;
    return true;
}

weir_rc weir_eval_const(weir_ctx *ctx, const weir_expr *e, weir_column *one_row) {
    if (!weir_is_foldable(e)) {
        const char *sql = weir_printf(ctx->arena, "\"%s\"", weir_expr_sql(ctx->arena, e));
        (void)weir_fail(
            ctx, WEIR_E_DATATYPE_MISMATCH_NON_FOLDABLE_INPUT, "sqlExpr", sql, "inputName",
            "`argument`", "inputType",
            weir_printf(ctx->arena, "\"%s\"", e->type ? weir_type_sql(ctx->arena, e->type) : "ANY"),
            "inputExpr", sql);
        weir_err_where(ctx, &e->at);
        return WEIR_FAIL;
    }
    static const weir_type none = {.kind = WEIR_T_STRUCT};
    weir_batch b = {.schema = &none, .len = 1};
    weir_expr *p = weir_memdup(ctx->arena, e, sizeof *e);
    weir_eval *ev = NULL;
    WEIR_TRY(weir_eval_new(ctx, &p, 1, &ev));
    return weir_eval_run(ctx, ev, 0, &b, one_row);
}

int64_t weir_select_true(const weir_column *c, int64_t *out) {
    int64_t n = 0;
    if (c->form == WEIR_CONST) {
        if (truth(c, 0) != 1) return 0;
        for (int64_t i = 0; i < c->len; i++) out[i] = i;
        return c->len;
    }
    const uint8_t *v = c->data ? c->data->p + c->off : NULL;
    if (!v) return 0;
    if (!c->valid) {
        for (int64_t i = 0; i < c->len; i++) {
            out[n] = i;
            n += v[i] != 0;
        }
        return n;
    }
    for (int64_t i = 0; i < c->len; i++) {
        out[n] = i;
        n += (v[i] != 0) & weir_bit(c->valid->p, c->off + i);
    }
    return n;
}
