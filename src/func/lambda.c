/* Higher-order functions: their types and kernels. A body runs once over the elements of all rows.
 * See lambda.h. */
#include "col/sort.h"
#include "func/elements.h"
#include "func/lambda.h"

#include "func/lists.h"

#include <strings.h>

typedef enum {
    TRANSFORM,
    FILTER,
    EXISTS,
    FORALL,
    AGGREGATE,
    ZIP,
    SORT,
    MAP_FILTER,
    KEYS,
    VALUES,
    MAP_ZIP
} hof_kind;

static hof_kind kind_of(const weir_fn *f) {
    static const struct {
        const char *name;
        hof_kind k;
    } names[] = {{"transform", TRANSFORM}, {"filter", FILTER},           {"exists", EXISTS},
                 {"forall", FORALL},       {"aggregate", AGGREGATE},     {"reduce", AGGREGATE},
                 {"zip_with", ZIP},        {"_array_sort", SORT},        {"map_filter", MAP_FILTER},
                 {"transform_keys", KEYS}, {"transform_values", VALUES}, {"map_zip_with", MAP_ZIP}};
    for (int i = 0; i < WEIR_COUNT(names); i++)
        if (strcmp(names[i].name, f->name) == 0) return names[i].k;
    return TRANSFORM;
}

static bool is_map(hof_kind k) { return k >= MAP_FILTER; }
static int lists_of(hof_kind k) { return k == ZIP || k == MAP_ZIP ? 2 : 1; }

const weir_fn *weir_hof_find(const char *name, int nfixed, int nlambda) {
    int next = 0;
    if (strcasecmp(name, "array_sort") == 0) name = "_array_sort";
    const weir_fn *f = weir_fn_find(name, 0, &next);
    if (!f || (f->flags & WEIR_NO_COERCE) == 0 || strncmp(f->sig, "(lambda", 7) == 0) return NULL;
    hof_kind k = kind_of(f);
    if (strcmp(f->name, "transform") != 0 && k == TRANSFORM) return NULL;
    if (k == AGGREGATE) return nfixed == 2 && (nlambda == 1 || nlambda == 2) ? f : NULL;
    return nlambda == 1 && nfixed == lists_of(k) ? f : NULL;
}

static weir_rc bad_type(weir_ctx *ctx, const weir_expr *e, const char *which, const char *need,
                        const weir_expr *got) {
    return weir_fail(ctx, WEIR_E_DATATYPE_MISMATCH_UNEXPECTED_INPUT_TYPE, "sqlExpr",
                     weir_printf(ctx->arena, "\"%s\"", weir_expr_sql(ctx->arena, e)), "paramIndex",
                     which, "requiredType", need, "inputSql",
                     weir_printf(ctx->arena, "\"%s\"", weir_expr_sql(ctx->arena, got)), "inputType",
                     weir_printf(ctx->arena, "\"%s\"", weir_type_sql(ctx->arena, got->type)));
}

static weir_rc wrong_params(weir_ctx *ctx, int want, int got) {
    return weir_fail(ctx, WEIR_E_INVALID_LAMBDA_NUM_ARGS, "expectedNumArgs",
                     weir_printf(ctx->arena, "%d", want), "actualNumArgs",
                     weir_printf(ctx->arena, "%d", got));
}

static weir_field param(const char *name, const weir_type *t, bool nullable) {
    return (weir_field){name, t, nullable, NULL};
}

weir_rc weir_hof_params(weir_ctx *ctx, const weir_expr *e, int which, int nname,
                        weir_field out[WEIR_LAMBDA_PARAMS_MAX]) {
    hof_kind k = kind_of(e->fn);
    const weir_type *a = e->arg[0]->type, *b = lists_of(k) > 1 ? e->arg[1]->type : NULL;
    weir_kind want = is_map(k) ? WEIR_T_MAP : WEIR_T_ARRAY;
    const char *need = is_map(k) ? "\"MAP\"" : "\"ARRAY\"";
    if (a->kind != want) return bad_type(ctx, e, "first", need, e->arg[0]);
    if (b && b->kind != want) return bad_type(ctx, e, "second", need, e->arg[1]);
    weir_field x = param("x", a->field[0].type, a->field[0].nullable);
    int n = k == AGGREGATE          ? 2 - which
            : k == ZIP || k == SORT ? 2
            : k == MAP_ZIP          ? 3
            : is_map(k)             ? 2
                                    : 1;
    bool index = (k == TRANSFORM || k == FILTER) && nname == 2;
    if (index) n = 2;
    if (nname != n) return wrong_params(ctx, n, nname);
    out[0] = x;
    if (k == AGGREGATE) {
        out[0] = param("acc", e->arg[1]->type, true);
        out[1] = x;
    } else if (index) {
        out[1] = param("i", &weir_t_int, false);
    } else if (k == SORT) {
        out[1] = x;
    } else if (k == ZIP) {
        out[0].nullable = true;
        out[1] = param("y", b->field[0].type, true);
    } else if (is_map(k)) {
        out[1] = param("v", a->field[1].type, a->field[1].nullable || k == MAP_ZIP);
        if (k == MAP_ZIP) out[2] = param("w", b->field[1].type, true);
        if (k == MAP_ZIP && !weir_type_same(a->field[0].type, b->field[0].type))
            return bad_type(ctx, e, "second", weir_type_sql(ctx->arena, a), e->arg[1]);
    }
    return WEIR_OK;
}

static weir_rc need_boolean(weir_ctx *ctx, weir_expr *e) {
    if (e->body[0]->type->kind == WEIR_T_VOID)
        return weir_coerce(ctx, e->body[0], &weir_t_boolean, &e->body[0]);
    if (e->body[0]->type->kind == WEIR_T_BOOLEAN) return WEIR_OK;
    return bad_type(ctx, e, "second", "\"BOOLEAN\"", e->body[0]);
}

weir_rc weir_hof_type(weir_ctx *ctx, weir_expr *e) {
    const weir_type *a = e->arg[0]->type;
    hof_kind k = kind_of(e->fn);
    weir_expr *f = e->body[0];
    e->nullable = e->arg[0]->nullable || (lists_of(k) > 1 && e->arg[1]->nullable);
    switch (k) {
    case FILTER:
    case MAP_FILTER: e->type = a; return need_boolean(ctx, e);
    case EXISTS:
    case FORALL:
        e->type = &weir_t_boolean;
        WEIR_TRY(need_boolean(ctx, e));
        e->nullable |= e->body[0]->nullable;
        return WEIR_OK;
    case AGGREGATE:
        if (!weir_type_same(f->type, e->arg[1]->type))
            return bad_type(ctx, e, "third", weir_type_sql(ctx->arena, e->arg[1]->type), f);
        e->type = e->body[e->nbody - 1]->type;
        e->nullable = true;
        return WEIR_OK;
    case SORT:
        e->type = a;
        if (f->type->kind != WEIR_T_INT) return bad_type(ctx, e, "second", "\"INT\"", f);
        return WEIR_OK;
    case KEYS:
        e->type = weir_type_map(ctx->arena, f->type, a->field[1].type, a->field[1].nullable);
        return WEIR_OK;
    case VALUES:
    case MAP_ZIP:
        e->type = weir_type_map(ctx->arena, a->field[0].type, f->type, f->nullable);
        return WEIR_OK;
    default: e->type = weir_type_array(ctx->arena, f->type, f->nullable); return WEIR_OK;
    }
}

/* ---- kernels ---- */

/* Elements of every row that counts, in order: the row of each, and which element. */
typedef struct elements {
    int64_t n, *row, *at;
    int32_t *pos;
} elements;

static weir_rc list_elements(weir_ctx *ctx, weir_call *c, elements *x) {
    const weir_column *l = &c->arg[0];
    int64_t total = 0, first;
    uint8_t *bits;
    WEIR_TRY(weir_out_valid(ctx, c, &bits));
    for (int64_t i = 0; i < c->len; i++) {
        if (weir_is_null(l, i))
            weir_bit_clear(bits, i);
        else
            total += weir_get_list(l, i, &first);
    }
    WEIR_TRY_NEWN(ctx, ctx->arena, x->row, total + 1);
    WEIR_TRY_NEWN(ctx, ctx->arena, x->at, total + 1);
    WEIR_TRY_NEWN(ctx, ctx->arena, x->pos, total + 1);
    for (int64_t i = 0; i < c->len; i++) {
        int32_t n = weir_is_null(l, i) ? 0 : weir_get_list(l, i, &first);
        for (int32_t k = 0; k < n; k++) {
            x->row[x->n] = i;
            x->pos[x->n] = k;
            x->at[x->n++] = first + k;
        }
    }
    return WEIR_OK;
}

typedef struct body {
    weir_eval *eval;
    int nparam, ncap, which;
    const weir_column *cap;
    weir_schema *schema;
} body;

static weir_rc body_start(weir_ctx *ctx, const weir_call *c, body *b, int which) {
    const weir_hof *h = c->bound;
    *b = (body){.nparam = h->nparam[which],
                .ncap = c->narg - h->nfixed,
                .cap = c->arg + h->nfixed,
                .which = which};
    weir_field *f = WEIR_NEWN(ctx->arena, weir_field, b->nparam + b->ncap + 1);
    for (int i = 0; i < b->nparam + b->ncap; i++)
        f[i] = (weir_field){"_", &weir_t_void, true, NULL};
    b->schema = weir_type_struct(ctx->arena, f, b->nparam + b->ncap);
    return weir_eval_new(ctx, c->expr->body, c->expr->nbody, &b->eval);
}

/* out row j = the body over param[k][j] and the captures of row[j]. */
static weir_rc body_run(weir_ctx *ctx, const body *b, const weir_column *param, const int64_t *row,
                        int64_t n, weir_column *out) {
    weir_column *col = WEIR_NEWN(ctx->arena, weir_column, b->nparam + b->ncap + 1), flat;
    for (int i = 0; i < b->nparam; i++) col[i] = param[i];
    for (int i = 0; i < b->ncap; i++)
        WEIR_TRY(weir_column_take(ctx, &b->cap[i], row, n, &col[b->nparam + i]));
    weir_batch in = {.schema = b->schema, .len = n, .col = col};
    WEIR_TRY(weir_eval_run(ctx, b->eval, b->which, &in, out));
    if (out->form == WEIR_FLAT && out->off == 0) return WEIR_OK;
    WEIR_TRY(weir_column_flatten(ctx, out, &flat));
    *out = flat;
    return WEIR_OK;
}

static weir_rc position_column(weir_ctx *ctx, const elements *x, weir_column *out) {
    *out = (weir_column){.type = &weir_t_int, .form = WEIR_FLAT, .len = x->n};
    WEIR_TRY(weir_buf_new(ctx, x->n * 4 + 4, &out->data));
    if (x->n) memcpy(out->data->p, x->pos, (size_t)x->n * 4);
    return WEIR_OK;
}

/* The body over every element: (x), (x, i) or (k, v). */
static weir_rc over_elements(weir_ctx *ctx, weir_call *c, elements *x, weir_column *out) {
    weir_column p[2];
    body b;
    bool map = c->arg[0].type->kind == WEIR_T_MAP;
    WEIR_TRY(body_start(ctx, c, &b, 0));
    WEIR_TRY(list_elements(ctx, c, x));
    WEIR_TRY(weir_column_take(ctx, weir_elements(ctx, &c->arg[0], 0), x->at, x->n, &p[0]));
    if (b.nparam > 1 && map)
        WEIR_TRY(weir_column_take(ctx, weir_elements(ctx, &c->arg[0], 1), x->at, x->n, &p[1]));
    else if (b.nparam > 1)
        WEIR_TRY(position_column(ctx, x, &p[1]));
    return body_run(ctx, &b, p, x->row, x->n, out);
}

static bool is_true(const weir_column *c, int64_t i) {
    return !weir_is_null(c, i) && WEIR_AT_ROW(uint8_t, c, i);
}

/* Lists of src's rows: those of each element whose keep row is true (keep NULL: all). */
static weir_rc put_lists(weir_ctx *ctx, weir_call *c, const elements *x, const weir_column *src,
                         const int64_t *at, const weir_column *keep, int which) {
    weir_lists l;
    int64_t j = 0;
    WEIR_TRY(weir_lists_start(ctx, c, &l, &src, 1));
    for (int64_t i = 0; i < c->len; i++) {
        for (; j < x->n && x->row[j] == i; j++)
            if (!keep || is_true(keep, j)) weir_lists_add(&l, 0, at ? at[j] : j);
        weir_lists_close(&l, i);
    }
    return weir_lists_finish(ctx, c, &l, which);
}

static weir_rc k_transform(weir_ctx *ctx, weir_call *c) {
    elements x = {0};
    weir_column v;
    WEIR_TRY(over_elements(ctx, c, &x, &v));
    return put_lists(ctx, c, &x, &v, NULL, NULL, 0);
}

static weir_rc k_filter(weir_ctx *ctx, weir_call *c) {
    elements x = {0};
    weir_column keep;
    WEIR_TRY(over_elements(ctx, c, &x, &keep));
    for (int k = 0; k < c->out->type->nfield; k++)
        WEIR_TRY(put_lists(ctx, c, &x, weir_elements(ctx, &c->arg[0], k), x.at, &keep, k));
    return WEIR_OK;
}

static weir_rc k_transform_keys(weir_ctx *ctx, weir_call *c) {
    elements x = {0};
    weir_column v;
    WEIR_TRY(over_elements(ctx, c, &x, &v));
    WEIR_TRY(put_lists(ctx, c, &x, weir_elements(ctx, &c->arg[0], 1), x.at, NULL, 1));
    WEIR_TRY(put_lists(ctx, c, &x, &v, NULL, NULL, 0));
    return weir_map_check_keys(ctx, c);
}

static weir_rc k_transform_values(weir_ctx *ctx, weir_call *c) {
    elements x = {0};
    weir_column v;
    WEIR_TRY(over_elements(ctx, c, &x, &v));
    WEIR_TRY(put_lists(ctx, c, &x, weir_elements(ctx, &c->arg[0], 0), x.at, NULL, 0));
    return put_lists(ctx, c, &x, &v, NULL, NULL, 1);
}

/* exists: stop is true; forall: stop is false. SPARK: three-valued. */
static weir_rc any_of(weir_ctx *ctx, weir_call *c, bool stop) {
    elements x = {0};
    weir_column v;
    uint8_t *out, *bits;
    int64_t j = 0;
    WEIR_TRY(over_elements(ctx, c, &x, &v));
    WEIR_TRY(weir_out_fixed(ctx, c, &out));
    WEIR_TRY(weir_out_valid(ctx, c, &bits));
    for (int64_t i = 0; i < c->len; i++) {
        bool hit = false, unknown = false;
        for (; j < x.n && x.row[j] == i; j++) {
            bool null = weir_is_null(&v, j);
            unknown |= null;
            hit |= !null && (WEIR_AT_ROW(uint8_t, &v, j) != 0) == stop;
        }
        out[i] = hit ? stop : !stop;
        if (!hit && unknown) weir_bit_clear(bits, i);
    }
    return WEIR_OK;
}

static weir_rc k_exists(weir_ctx *ctx, weir_call *c) { return any_of(ctx, c, true); }
static weir_rc k_forall(weir_ctx *ctx, weir_call *c) { return any_of(ctx, c, false); }

/* ---- aggregate: one step of every unfinished row at a time ---- */

enum { CHECK = 1 << 12 }; /* steps between looks at the cancellation */

typedef struct fold {
    int64_t n, *row, *next; /* unfinished rows; their next element */
    int64_t *left;
    weir_column acc; /* of the unfinished rows */
    const weir_column **piece;
    int64_t *from, made; /* where each row's value is, in the pieces one after the other */
    int npiece, cap;
} fold;

static weir_rc fold_start(weir_ctx *ctx, weir_call *c, fold *f) {
    const weir_column *l = &c->arg[0];
    uint8_t *bits;
    *f = (fold){.row = WEIR_NEWN(ctx->arena, int64_t, c->len + 1),
                .next = WEIR_NEWN(ctx->arena, int64_t, c->len + 1),
                .left = WEIR_NEWN(ctx->arena, int64_t, c->len + 1),
                .from = WEIR_NEWN(ctx->arena, int64_t, c->len + 1)};
    WEIR_TRY(weir_out_valid(ctx, c, &bits));
    for (int64_t i = 0; i < c->len; i++) {
        f->from[i] = -1;
        if (weir_is_null(l, i)) {
            weir_bit_clear(bits, i);
            continue;
        }
        f->row[f->n] = i;
        f->left[f->n] = weir_get_list(l, i, &f->next[f->n]);
        f->n++;
    }
    return weir_column_take(ctx, &c->arg[1], f->row, f->n, &f->acc);
}

static void keep_piece(weir_ctx *ctx, fold *f, const weir_column *c) {
    if (f->npiece == f->cap) {
        const weir_column **old = f->piece;
        f->cap = f->cap ? f->cap * 2 : 16;
        f->piece = WEIR_NEWN(ctx->arena, const weir_column *, f->cap);
        if (f->npiece) memcpy(f->piece, old, sizeof *old * (size_t)f->npiece);
    }
    f->piece[f->npiece++] = c;
    f->made += c->len;
}

/* Rows without elements left give their value away. */
static weir_rc fold_settle(weir_ctx *ctx, weir_ctx *step, fold *f) {
    int64_t *done = WEIR_NEWN(step->arena, int64_t, f->n + 1),
            *more = WEIR_NEWN(step->arena, int64_t, f->n + 1), nd = 0, nm = 0;
    for (int64_t j = 0; j < f->n; j++) {
        if (f->left[j] == 0) {
            f->from[f->row[j]] = f->made + nd;
            done[nd++] = j;
            continue;
        }
        f->row[nm] = f->row[j];
        f->left[nm] = f->left[j];
        f->next[nm] = f->next[j];
        more[nm++] = j;
    }
    if (nd == 0) return WEIR_OK;
    weir_column *piece = WEIR_NEW(ctx->arena, weir_column), rest;
    WEIR_TRY(weir_column_take(ctx, &f->acc, done, nd, &rest));
    weir_column_keep(ctx->arena, &rest, piece);
    WEIR_TRY(weir_column_take(step, &f->acc, more, nm, &rest));
    keep_piece(ctx, f, piece);
    f->acc = rest;
    f->n = nm;
    return WEIR_OK;
}

static weir_rc fold_all(weir_ctx *ctx, weir_call *c, weir_column *out) {
    fold f;
    body b;
    const weir_column *e = weir_elements(ctx, &c->arg[0], 0);
    WEIR_TRY(body_start(ctx, c, &b, 0));
    WEIR_TRY(fold_start(ctx, c, &f));
    /* what a step makes goes when the step after it has been taken */
    weir_ctx step[2] = {*ctx, *ctx};
    for (int i = 0; i < 2; i++) step[i].arena = weir_arena_new(ctx->arena);
    for (int64_t at = 0;; at++) {
        weir_column p[2], v;
        weir_ctx *now = &step[at & 1];
        if (at % CHECK == 0) WEIR_TRY(weir_check_cancel(ctx));
        weir_arena_reset(now->arena);
        WEIR_TRY(fold_settle(ctx, now, &f));
        if (f.n == 0) break;
        p[0] = f.acc;
        WEIR_TRY(weir_column_take(now, e, f.next, f.n, &p[1]));
        WEIR_TRY(body_run(now, &b, p, f.row, f.n, &v));
        f.acc = v;
        for (int64_t j = 0; j < f.n; j++) f.next[j]++, f.left[j]--;
    }
    if (f.npiece == 0) return weir_column_null(ctx, c->arg[1].type, c->len, out);
    weir_column all;
    WEIR_TRY(weir_column_concat(ctx, f.piece, f.npiece, &all));
    return weir_column_take(ctx, &all, f.from, c->len, out);
}

static weir_rc k_aggregate(weir_ctx *ctx, weir_call *c) {
    weir_column v, done;
    const weir_type *t = c->out->type;
    WEIR_TRY(fold_all(ctx, c, &v));
    if (c->expr->nbody > 1) { /* the last lambda sees no null row's value */
        body b;
        int64_t *row = WEIR_NEWN(ctx->arena, int64_t, c->len + 1), n = 0;
        int64_t *back = WEIR_NEWN(ctx->arena, int64_t, c->len + 1);
        for (int64_t i = 0; i < c->len; i++) {
            back[i] = weir_is_null(&c->arg[0], i) ? -1 : n;
            if (back[i] >= 0) row[n++] = i;
        }
        WEIR_TRY(body_start(ctx, c, &b, 1));
        WEIR_TRY(weir_column_take(ctx, &v, row, n, &done));
        WEIR_TRY(body_run(ctx, &b, &done, row, n, &v));
        WEIR_TRY(weir_column_take(ctx, &v, back, c->len, &done));
        v = done;
    }
    if (v.form == WEIR_CONST || v.off) {
        WEIR_TRY(weir_column_flatten(ctx, &v, &done));
        v = done;
    }
    *c->out = v;
    c->out->type = t;
    return WEIR_OK;
}

/* ---- zip_with, map_zip_with ---- */

static weir_rc k_zip_with(weir_ctx *ctx, weir_call *c) {
    elements x = {0};
    const weir_column *l = &c->arg[0], *r = &c->arg[1];
    int64_t total = 0, fl, fr, *other;
    uint8_t *bits;
    WEIR_TRY(weir_out_valid(ctx, c, &bits));
    for (int64_t i = 0; i < c->len; i++) {
        bool null = weir_is_null(l, i) || weir_is_null(r, i);
        if (null) weir_bit_clear(bits, i);
        int32_t n = null ? 0 : weir_get_list(l, i, &fl), m = null ? 0 : weir_get_list(r, i, &fr);
        total += n > m ? n : m;
    }
    WEIR_TRY_NEWN(ctx, ctx->arena, x.row, total + 1);
    WEIR_TRY_NEWN(ctx, ctx->arena, x.at, total + 1);
    WEIR_TRY_NEWN(ctx, ctx->arena, other, total + 1);
    for (int64_t i = 0; i < c->len; i++) {
        if (!weir_bit(bits, i)) continue;
        int32_t n = weir_get_list(l, i, &fl), m = weir_get_list(r, i, &fr);
        for (int32_t k = 0; k < (n > m ? n : m); k++) {
            x.row[x.n] = i;
            x.at[x.n] = k < n ? fl + k : -1;
            other[x.n++] = k < m ? fr + k : -1;
        }
    }
    weir_column p[2], v;
    body b;
    WEIR_TRY(body_start(ctx, c, &b, 0));
    WEIR_TRY(weir_column_take(ctx, weir_elements(ctx, l, 0), x.at, x.n, &p[0]));
    WEIR_TRY(weir_column_take(ctx, weir_elements(ctx, r, 0), other, x.n, &p[1]));
    WEIR_TRY(body_run(ctx, &b, p, x.row, x.n, &v));
    return put_lists(ctx, c, &x, &v, NULL, NULL, 0);
}

typedef struct key_pair {
    int64_t row, left, right;
} key_pair;

/* Keys of the left map, then those that only the right one has. */
static weir_rc pair_keys(weir_ctx *ctx, weir_call *c, const uint8_t *bits, key_pair **out,
                         int64_t *count) {
    const weir_column *l = &c->arg[0], *r = &c->arg[1];
    const weir_column *lk = weir_elements(ctx, l, 0), *rk = weir_elements(ctx, r, 0);
    int64_t total = lk->len + rk->len, fl, fr, n = 0;
    for (int64_t i = 0; i < c->len; i++) /* a CONST map counts for every row */
        if (weir_bit(bits, i)) total += weir_get_list(l, i, &fl) + weir_get_list(r, i, &fr);
    key_pair *v;
    weir_elements_set left, right;
    weir_set_init(&left, ctx->arena);
    weir_set_init(&right, ctx->arena);
    WEIR_TRY_NEWN(ctx, ctx->arena, v, total + 1);
    for (int64_t i = 0; i < c->len; i++) {
        if (!weir_bit(bits, i)) continue;
        int32_t nl = weir_get_list(l, i, &fl), nr = weir_get_list(r, i, &fr);
        WEIR_TRY(weir_set_fill(ctx, &left, lk, fl, nl)); /* keys differ: places are positions */
        WEIR_TRY(weir_set_fill(ctx, &right, rk, fr, nr));
        for (int32_t k = 0; k < nl; k++) {
            int64_t at = weir_set_find(&right, lk, fl + k);
            v[n++] = (key_pair){i, fl + k, at < 0 ? -1 : fr + at};
        }
        for (int32_t k = 0; k < nr; k++)
            if (!weir_set_has(&left, rk, fr + k)) v[n++] = (key_pair){i, -1, fr + k};
    }
    *out = v;
    *count = n;
    return WEIR_OK;
}

static weir_rc k_map_zip(weir_ctx *ctx, weir_call *c) {
    uint8_t *bits;
    key_pair *kp = NULL;
    WEIR_TRY(weir_out_valid(ctx, c, &bits));
    for (int64_t i = 0; i < c->len; i++)
        if (weir_is_null(&c->arg[0], i) || weir_is_null(&c->arg[1], i)) weir_bit_clear(bits, i);
    int64_t n = 0, *key, *l, *r;
    WEIR_TRY(pair_keys(ctx, c, bits, &kp, &n));
    elements x = {.n = n};
    WEIR_TRY_NEWN(ctx, ctx->arena, x.row, n + 1);
    WEIR_TRY_NEWN(ctx, ctx->arena, key, n + 1);
    WEIR_TRY_NEWN(ctx, ctx->arena, l, n + 1);
    WEIR_TRY_NEWN(ctx, ctx->arena, r, n + 1);
    const weir_column *lk = weir_elements(ctx, &c->arg[0], 0),
                      *rk = weir_elements(ctx, &c->arg[1], 0), *both[2] = {lk, rk};
    for (int64_t j = 0; j < n; j++) {
        x.row[j] = kp[j].row;
        l[j] = kp[j].left;
        r[j] = kp[j].right;
        key[j] = kp[j].left >= 0 ? kp[j].left : lk->len + kp[j].right;
    }
    weir_column p[3], v, keys;
    body b;
    WEIR_TRY(body_start(ctx, c, &b, 0));
    WEIR_TRY(weir_column_concat(ctx, both, 2, &keys));
    WEIR_TRY(weir_column_take(ctx, &keys, key, n, &p[0]));
    WEIR_TRY(weir_column_take(ctx, weir_elements(ctx, &c->arg[0], 1), l, n, &p[1]));
    WEIR_TRY(weir_column_take(ctx, weir_elements(ctx, &c->arg[1], 1), r, n, &p[2]));
    WEIR_TRY(body_run(ctx, &b, p, x.row, n, &v));
    WEIR_TRY(put_lists(ctx, c, &x, &p[0], NULL, NULL, 0));
    return put_lists(ctx, c, &x, &v, NULL, NULL, 1);
}

/* ---- array_sort with a comparator: a merge sort, one call of the body for each comparison ---- */

typedef struct sorter {
    const body *b;
    const weir_column *e;
    int64_t row;
    weir_ctx ctx; /* its arena is that of one comparison */
    weir_rc rc;
} sorter;

static weir_rc compare(weir_ctx *ctx, const sorter *s, int64_t l, int64_t r, int *out) {
    weir_column p[2], v;
    weir_arena_reset(ctx->arena);
    WEIR_TRY(weir_column_take(ctx, s->e, &l, 1, &p[0]));
    WEIR_TRY(weir_column_take(ctx, s->e, &r, 1, &p[1]));
    WEIR_TRY(body_run(ctx, s->b, p, &s->row, 1, &v));
    if (weir_is_null(&v, 0))
        return weir_fail(ctx, WEIR_E_COMPARATOR_RETURNS_NULL, "firstValue",
                         weir_value_sql(ctx, s->e, l), "secondValue", weir_value_sql(ctx, s->e, r));
    *out = WEIR_AT_ROW(int32_t, &v, 0);
    return WEIR_OK;
}

/* After a failure nothing is asked any more. */
static int by_body(void *u, int64_t a, int64_t b) {
    sorter *s = u;
    int r = 0;
    if (s->rc == WEIR_OK) s->rc = compare(&s->ctx, s, a, b, &r);
    return s->rc == WEIR_OK ? r : 0;
}

static weir_rc k_sort(weir_ctx *ctx, weir_call *c) {
    elements x = {0};
    body b;
    WEIR_TRY(body_start(ctx, c, &b, 0));
    WEIR_TRY(list_elements(ctx, c, &x));
    const weir_column *e = weir_elements(ctx, &c->arg[0], 0);
    sorter s = {&b, e, 0, *ctx, WEIR_OK};
    s.ctx.arena = weir_arena_new(ctx->arena);
    for (int64_t j = 0; j < x.n;) {
        int64_t from = j;
        while (j < x.n && x.row[j] == x.row[from]) j++;
        s.row = x.row[from];
        WEIR_TRY(weir_sort_rows(ctx, x.at + from, j - from, by_body, &s));
        WEIR_TRY(s.rc);
    }
    return put_lists(ctx, c, &x, e, x.at, NULL, 0);
}

/* A call without a lambda where one is needed. */
static weir_rc bind_plain(weir_ctx *ctx, weir_expr *e) {
    return bad_type(ctx, e, "last", "\"LAMBDA\"", e->arg[e->narg - 1]);
}

#define N (WEIR_NO_COERCE | WEIR_NULLABLE)
static const weir_fn lambda_fns[] = {
    {"transform", "(any, any...) -> any", k_transform, N, bind_plain, 0},
    {"filter", "(any, any...) -> any", k_filter, N, bind_plain, 0},
    {"exists", "(any, any...) -> boolean", k_exists, N, bind_plain, 0},
    {"forall", "(any, any...) -> boolean", k_forall, N, bind_plain, 0},
    {"aggregate", "(any, any...) -> any", k_aggregate, N, bind_plain, 0},
    {"reduce", "(any, any...) -> any", k_aggregate, N, bind_plain, 0},
    {"zip_with", "(any, any...) -> any", k_zip_with, N, bind_plain, 0},
    {"_array_sort", "(any, any...) -> any", k_sort, N, bind_plain, 0},
    {"map_filter", "(any, any...) -> any", k_filter, N, bind_plain, 0},
    {"transform_keys", "(any, any...) -> any", k_transform_keys, N, bind_plain, 0},
    {"transform_values", "(any, any...) -> any", k_transform_values, N, bind_plain, 0},
    {"map_zip_with", "(any, any...) -> any", k_map_zip, N, bind_plain, 0},
};
WEIR_FAMILY(weir_lambda_family, "lambda", lambda_fns);
