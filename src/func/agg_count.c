/* Aggregates that keep how often each value came: mode, percentile, median; percentile_approx keeps
 * numbers. Called by the aggregate operators on the thread that owns the slots. SPARK
 * TypedAggregateWithHashMapAsBuffer, Mode, PercentileBase, ApproximatePercentile */
#include "func/cell.h"

#include <math.h>
#include <stdlib.h>

/* ---- counts of values: the state of mode and percentile ---- */

static const weir_type *record(weir_ctx *ctx, const char *const *name,
                               const weir_type *const *type, int n) {
    weir_field f[4];
    for (int i = 0; i < n; i++) f[i] = (weir_field){name[i], type[i], false, NULL};
    return weir_type_struct(ctx->arena, f, n);
}

static int count_types(weir_ctx *ctx, const weir_expr *e, weir_field *out, int max) {
    const weir_type *pair = record(ctx, (const char *const[]){"value", "count"},
                                   (const weir_type *const[]){e->arg[0]->type, &weir_t_long}, 2);
    (void)max;
    *out = (weir_field){"buf", weir_type_array(ctx->arena, pair, false), true, NULL};
    return 1;
}

static weir_rc count_value(weir_ctx *ctx, weir_agg_call *a, weir_cells *s, const weir_column *x,
                           int64_t row, int64_t times) {
    int64_t at = -1;
    if (weir_is_null(x, row) || times == 0) return WEIR_OK;
    WEIR_TRY(weir_cells_find(ctx, a->mem, s, x, row, &at));
    s->count[at] += times;
    return WEIR_OK;
}

static weir_rc count_merge(weir_ctx *ctx, weir_agg_call *a) {
    const weir_column *pair = &a->arg[0].kid[0];
    for (int64_t i = 0; i < a->len; i++) {
        int64_t first;
        int32_t n = weir_get_list(&a->arg[0], i, &first);
        for (int32_t k = 0; k < n; k++) {
            int64_t r = weir_kid_row(pair, first + k);
            WEIR_TRY(count_value(ctx, a, WEIR_SLOT(weir_cells, a, i), &pair->kid[0], r,
                                 WEIR_AT_ROW(int64_t, &pair->kid[1], r)));
        }
    }
    return WEIR_OK;
}

static weir_rc count_save(weir_ctx *ctx, const weir_agg_call *a, int64_t from, int64_t n,
                          weir_build *out) {
    (void)ctx;
    for (int64_t i = from; i < from + n; i++) {
        const weir_cells *s = WEIR_SLOT_AT(weir_cells, a, i);
        weir_build *pair = &out->kid[0];
        for (int64_t k = 0; k < s->n; k++) {
            weir_cell_append(&s->v[k], a->expr->arg[0]->type, &pair->kid[0]);
            weir_build_i64(&pair->kid[1], s->count[k]);
            weir_build_struct(pair);
        }
        weir_build_list(out);
    }
    return WEIR_OK;
}

static weir_rc values_of(weir_ctx *ctx, const weir_cells *s, const weir_type *t,
                         weir_column *out) {
    weir_build b;
    WEIR_TRY(weir_build_init(ctx, &b, t));
    for (int64_t k = 0; k < s->n; k++) weir_cell_append(&s->v[k], t, &b);
    return weir_build_finish(ctx, &b, out);
}

/* ---- mode ---- */

static weir_rc bind_mode(weir_ctx *ctx, weir_expr *e) {
    bool *lowest = WEIR_NEW(ctx->arena, bool);
    if (e->narg > 1) {
        weir_column c;
        WEIR_TRY(weir_eval_const(ctx, e->arg[1], &c));
        *lowest = !weir_is_null(&c, 0) && WEIR_AT_ROW(uint8_t, &c, 0);
    }
    e->narg = 1;
    e->bound = lowest;
    e->type = e->arg[0]->type;
    e->nullable = true;
    if (weir_type_orderable(e->type)) return WEIR_OK;
    return weir_fail(ctx, WEIR_E_UNSUPPORTED_EXPR, "feature",
                     "mode of maps. Turn the map into an array of entries.");
}

static weir_rc mode_update(weir_ctx *ctx, weir_agg_call *a) {
    for (int64_t i = 0; i < a->len; i++)
        WEIR_TRY(count_value(ctx, a, WEIR_SLOT(weir_cells, a, i), &a->arg[0], i, 1));
    return WEIR_OK;
}

/* The most frequent value: the first seen of several, or the lowest. */
static weir_rc mode_best(weir_ctx *ctx, const weir_agg_call *a, const weir_cells *s,
                         int64_t *best) {
    weir_column v;
    bool lowest = *(const bool *)a->bound;
    *best = 0;
    if (lowest) WEIR_TRY(values_of(ctx, s, a->expr->type, &v));
    for (int64_t k = 1; k < s->n; k++) {
        bool tie = s->count[k] == s->count[*best];
        if (s->count[k] > s->count[*best] || (tie && lowest && weir_compare(&v, k, &v, *best) < 0))
            *best = k;
    }
    return WEIR_OK;
}

static weir_rc mode_finish(weir_ctx *ctx, const weir_agg_call *a, int64_t from, int64_t n,
                           weir_column *out) {
    weir_build b;
    weir_cell none = {0};
    WEIR_TRY(weir_build_init(ctx, &b, a->expr->type));
    for (int64_t i = from; i < from + n; i++) {
        const weir_cells *s = WEIR_SLOT_AT(weir_cells, a, i);
        int64_t best = 0;
        WEIR_TRY(mode_best(ctx, a, s, &best));
        weir_cell_append(s->n ? &s->v[best] : &none, a->expr->type, &b);
    }
    return weir_build_finish(ctx, &b, out);
}

/* ---- which percentiles ---- */

typedef struct wanted {
    int n;
    bool list;
    int64_t accuracy;
    double p[];
} wanted;

static weir_rc out_of_range(weir_ctx *ctx, const weir_expr *e, const char *what, const char *range,
                            const char *value) {
    return weir_fail(ctx, WEIR_E_DATATYPE_MISMATCH_VALUE_OUT_OF_RANGE, "sqlExpr",
                     weir_printf(ctx->arena, "\"%s\"", weir_expr_sql(ctx->arena, e)), "exprName",
                     what, "valueRange", range, "currentValue", value);
}

static weir_rc bad_percentage(weir_ctx *ctx, const weir_expr *e, double v) {
    char t[40];
    int n = weir_double_text(v, t);
    return out_of_range(ctx, e, "percentage", "[0.0, 1.0]",
                        weir_printf(ctx->arena, "%.*sD", n, t));
}

static weir_rc percentages(weir_ctx *ctx, weir_expr *e, wanted **out) {
    weir_column v, d;
    WEIR_TRY(weir_eval_const(ctx, e->arg[1], &v));
    bool list = v.type->kind == WEIR_T_ARRAY;
    int64_t first = 0;
    int n = weir_is_null(&v, 0) ? 0 : list ? weir_get_list(&v, 0, &first) : 1;
    wanted *w = weir_alloc(ctx->arena, sizeof *w + sizeof(double) * (size_t)(n + 1));
    *w = (wanted){.n = n, .list = list};
    if (n)
        WEIR_TRY(weir_cast_column(ctx, list ? &v.kid[0] : &v, &weir_t_double, WEIR_CAST_ANSI, &d));
    for (int i = 0; i < n; i++) {
        w->p[i] = weir_is_null(&d, first + i) ? -1 : WEIR_AT_ROW(double, &d, first + i);
        if (!(w->p[i] >= 0 && w->p[i] <= 1)) return bad_percentage(ctx, e, w->p[i]);
    }
    *out = w;
    return WEIR_OK;
}

static void result_type(weir_ctx *ctx, weir_expr *e, wanted *w, const weir_type *one) {
    e->type = w->list ? weir_type_array(ctx->arena, one, false) : one;
    e->nullable = true;
    e->bound = w;
}

typedef struct point {
    double v;
    int64_t n;
} point;
typedef struct points {
    int64_t n, cap;
    point *p;
} points;

static int by_value(const void *x, const void *y) {
    double a = ((const point *)x)->v, b = ((const point *)y)->v;
    if (a != a || b != b) return (a != a) - (b != b);
    return a < b ? -1 : a > b;
}

/* Sorted, each value once; how many there are of all. */
static int64_t settle(points *s) {
    int64_t total = 0, n = 0;
    if (s->n) qsort(s->p, (size_t)s->n, sizeof *s->p, by_value);
    for (int64_t k = 0; k < s->n; k++) {
        total += s->p[k].n;
        if (n && by_value(&s->p[n - 1], &s->p[k]) == 0)
            s->p[n - 1].n += s->p[k].n;
        else
            s->p[n++] = s->p[k];
    }
    s->n = n;
    return total;
}

static double value_at(const points *s, int64_t index) {
    int64_t seen = 0;
    for (int64_t k = 0; k < s->n; k++)
        if ((seen += s->p[k].n) > index) return s->p[k].v;
    return s->p[s->n - 1].v;
}

/* ---- percentile, median ---- */

static weir_rc bind_percentile(weir_ctx *ctx, weir_expr *e) {
    wanted *w = NULL;
    if (strcmp(e->agg->name, "median") == 0) {
        w = weir_alloc(ctx->arena, sizeof *w + sizeof(double));
        *w = (wanted){.n = 1};
        w->p[0] = 0.5;
    } else {
        WEIR_TRY(percentages(ctx, e, &w));
    }
    if (e->narg > 2) WEIR_TRY(weir_coerce(ctx, e->arg[2], &weir_t_long, &e->arg[2]));
    result_type(ctx, e, w, &weir_t_double);
    return WEIR_OK;
}

static weir_rc percentile_update(weir_ctx *ctx, weir_agg_call *a) {
    bool freq = a->narg > 2;
    for (int64_t i = 0; i < a->len; i++) {
        if (freq && weir_is_null(&a->arg[2], i)) continue;
        int64_t n = freq ? WEIR_AT_ROW(int64_t, &a->arg[2], i) : 1;
        if (n < 0 && !weir_is_null(&a->arg[0], i))
            return weir_fail(
                ctx, WEIR_E_NEGATIVE_VALUES_IN_FREQUENCY_EXPRESSION, "frequencyExpression",
                weir_printf(ctx->arena, "\"%s\"", weir_expr_sql(ctx->arena, a->expr->arg[2])),
                "negativeValue", weir_printf(ctx->arena, "%lldL", (long long)n));
        WEIR_TRY(count_value(ctx, a, WEIR_SLOT(weir_cells, a, i), &a->arg[0], i, n));
    }
    return WEIR_OK;
}

static double between(const points *s, int64_t total, double p) {
    double at = (double)(total - 1) * p, low = floor(at), high = ceil(at);
    double l = value_at(s, (int64_t)low), h = value_at(s, (int64_t)high);
    return low == high || l == h ? l : (high - at) * l + (at - low) * h;
}

static weir_rc percentile_finish(weir_ctx *ctx, const weir_agg_call *a, int64_t from, int64_t n,
                                 weir_column *out) {
    const wanted *w = a->bound;
    weir_build b;
    WEIR_TRY(weir_build_init(ctx, &b, a->expr->type));
    for (int64_t i = from; i < from + n; i++) {
        const weir_cells *s = WEIR_SLOT_AT(weir_cells, a, i);
        weir_column v, d;
        if (s->n == 0 || w->n == 0) {
            weir_build_null(&b);
            continue;
        }
        WEIR_TRY(values_of(ctx, s, a->expr->arg[0]->type, &v));
        WEIR_TRY(weir_cast_column(ctx, &v, &weir_t_double, WEIR_CAST_ANSI, &d));
        points p = {.n = s->n};
        WEIR_TRY_NEWN(ctx, ctx->arena, p.p, s->n);
        for (int64_t k = 0; k < s->n; k++)
            p.p[k] = (point){WEIR_AT_ROW(double, &d, k), s->count[k]};
        int64_t total = settle(&p);
        for (int k = 0; k < w->n; k++)
            weir_build_f64(w->list ? &b.kid[0] : &b, between(&p, total, w->p[k]));
        if (w->list) weir_build_list(&b);
    }
    return weir_build_finish(ctx, &b, out);
}

/* ---- percentile_approx: exact, so that every different value is kept ---- */

enum { ACCURACY = 10000, THRESHOLD = 10000 /* SPARK QuantileSummaries.defaultCompressThreshold */ };

static bool is_whole(const weir_type *t) {
    switch (t->kind) {
    case WEIR_T_BYTE:
    case WEIR_T_SHORT:
    case WEIR_T_INT:
    case WEIR_T_LONG:
    case WEIR_T_DATE:
    case WEIR_T_TIMESTAMP:
    case WEIR_T_TIMESTAMP_NTZ:
    case WEIR_T_INTERVAL_YM:
    case WEIR_T_INTERVAL_DT: return true;
    default: return false;
    }
}

static bool is_fraction(const weir_type *t) {
    return t->kind == WEIR_T_FLOAT || t->kind == WEIR_T_DOUBLE || t->kind == WEIR_T_DECIMAL;
}

static weir_rc bind_approx(weir_ctx *ctx, weir_expr *e) {
    const weir_type *t = e->arg[0]->type;
    wanted *w = NULL;
    if (t->kind == WEIR_T_STRING || t->kind == WEIR_T_VOID) {
        WEIR_TRY(weir_coerce(ctx, e->arg[0], &weir_t_double, &e->arg[0]));
        t = &weir_t_double;
    }
    if (!is_whole(t) && !is_fraction(t))
        return weir_fn_type_mismatch(ctx, e, 0,
                                     "(\"NUMERIC\" or \"DATE\" or \"TIMESTAMP\" or "
                                     "\"TIMESTAMP_NTZ\" or \"INTERVAL YEAR TO MONTH\" or "
                                     "\"INTERVAL DAY TO SECOND\")");
    WEIR_TRY(percentages(ctx, e, &w));
    w->accuracy = ACCURACY;
    if (e->narg > 2) {
        weir_column c, accuracy;
        WEIR_TRY(weir_eval_const(ctx, e->arg[2], &c));
        WEIR_TRY(weir_cast_column(ctx, &c, &weir_t_long, WEIR_CAST_ANSI, &accuracy));
        w->accuracy = weir_is_null(&accuracy, 0) ? 0 : WEIR_AT_ROW(int64_t, &accuracy, 0);
        if (w->accuracy <= 0 || w->accuracy > INT32_MAX)
            return out_of_range(ctx, e, "accuracy", "(0, 2147483647]",
                                weir_printf(ctx->arena, "%lldL", (long long)w->accuracy));
    }
    e->narg = 1;
    result_type(ctx, e, w, t);
    return WEIR_OK;
}

static int digest_types(weir_ctx *ctx, const weir_expr *e, weir_field *out, int max) {
    const weir_type *sample =
        record(ctx, (const char *const[]){"value", "g", "delta"},
               (const weir_type *const[]){&weir_t_double, &weir_t_long, &weir_t_long}, 3);
    const weir_type *t = record(
        ctx, (const char *const[]){"compressThreshold", "relativeError", "count", "sampled"},
        (const weir_type *const[]){&weir_t_int, &weir_t_double, &weir_t_long,
                                   weir_type_array(ctx->arena, sample, false)},
        4);
    (void)e, (void)max;
    *out = (weir_field){"buf", t, true, NULL};
    return 1;
}

static weir_rc keep(weir_ctx *ctx, weir_arena *mem, points *s, double v, int64_t n) {
    if (s->n == s->cap) {
        settle(s);
        point *old = s->p;
        if (s->n * 2 >= s->cap) {
            s->cap = s->cap ? s->cap * 2 : 8;
            WEIR_TRY_NEWN(ctx, mem, s->p, s->cap);
            if (s->n) memcpy(s->p, old, sizeof *old * (size_t)s->n);
        }
    }
    s->p[s->n++] = (point){v, n};
    return WEIR_OK;
}

static weir_rc approx_update(weir_ctx *ctx, weir_agg_call *a) {
    const weir_column *x = &a->arg[0];
    weir_column d;
    bool whole = is_whole(x->type);
    if (!whole) WEIR_TRY(weir_cast_column(ctx, x, &weir_t_double, WEIR_CAST_ANSI, &d));
    for (int64_t i = 0; i < a->len; i++)
        if (!weir_is_null(x, i))
            WEIR_TRY(keep(ctx, a->mem, WEIR_SLOT(points, a, i),
                          whole ? (double)weir_get_int(x, i) : WEIR_AT_ROW(double, &d, i), 1));
    return WEIR_OK;
}

static weir_rc digest_merge(weir_ctx *ctx, weir_agg_call *a) {
    const weir_column *list = &a->arg[0].kid[3], *sample = &list->kid[0];
    for (int64_t i = 0; i < a->len; i++) {
        int64_t first;
        int32_t n = weir_get_list(list, weir_kid_row(&a->arg[0], i), &first);
        for (int32_t k = 0; k < n; k++) {
            int64_t r = weir_kid_row(sample, first + k);
            WEIR_TRY(keep(ctx, a->mem, WEIR_SLOT(points, a, i),
                          WEIR_AT_ROW(double, &sample->kid[0], r),
                          WEIR_AT_ROW(int64_t, &sample->kid[1], r)));
        }
    }
    return WEIR_OK;
}

static weir_rc digest_save(weir_ctx *ctx, const weir_agg_call *a, int64_t from, int64_t n,
                           weir_build *out) {
    const wanted *w = a->bound;
    weir_build *kid = out->kid, *sample = &kid[3].kid[0];
    (void)ctx;
    for (int64_t i = from; i < from + n; i++) {
        points *s = WEIR_SLOT_AT(points, a, i);
        weir_build_i32(&kid[0], THRESHOLD);
        weir_build_f64(&kid[1], 1.0 / (double)w->accuracy);
        weir_build_i64(&kid[2], settle(s));
        for (int64_t k = 0; k < s->n; k++) {
            weir_build_f64(&sample->kid[0], s->p[k].v);
            weir_build_i64(&sample->kid[1], s->p[k].n);
            weir_build_i64(&sample->kid[2], 0);
            weir_build_struct(sample);
        }
        weir_build_list(&kid[3]);
        weir_build_struct(out);
    }
    return WEIR_OK;
}

static int64_t to_long(double v) { /* as Java casts */
    if (v != v) return 0;
    return v >= 0x1p63 ? INT64_MAX : v <= -0x1p63 ? INT64_MIN : (int64_t)v;
}

static weir_rc approx_finish(weir_ctx *ctx, const weir_agg_call *a, int64_t from, int64_t n,
                             weir_column *out) {
    const wanted *w = a->bound;
    const weir_type *t = a->expr->type, *one = w->list ? t->field[0].type : t;
    const weir_type *built = is_whole(one) ? one : &weir_t_double;
    weir_build b;
    weir_column v;
    WEIR_TRY(weir_build_init(
        ctx, &b, w->list ? weir_type_array(ctx->arena, built, false) : built));
    for (int64_t i = from; i < from + n; i++) {
        points *s = WEIR_SLOT_AT(points, a, i);
        int64_t total = settle(s);
        if (s->n == 0 || w->n == 0) {
            weir_build_null(&b);
            continue;
        }
        for (int k = 0; k < w->n; k++) {
            int64_t rank = (int64_t)ceil(w->p[k] * (double)total);
            double x = value_at(s, rank > 0 ? rank - 1 : 0);
            weir_build *to = w->list ? &b.kid[0] : &b;
            if (is_whole(one))
                weir_build_int(to, to_long(x));
            else
                weir_build_f64(to, x);
        }
        if (w->list) weir_build_list(&b);
    }
    WEIR_TRY(weir_build_finish(ctx, &b, &v));
    return weir_cast_column(ctx, &v, t, WEIR_CAST_ANSI, out);
}

#define COUNTED(n, sig, bind, update, finish)                                                      \
    {                                                                                              \
        n, sig, WEIR_AGG_COUNTS, sizeof(weir_cells), bind, count_types, update, count_merge,       \
            count_save, finish                                                                     \
    }
#define APPROX(n)                                                                                  \
    {                                                                                              \
        n, "(any, any, integral?) -> any", WEIR_AGG_DIGEST, sizeof(points), bind_approx,           \
            digest_types, approx_update, digest_merge, digest_save, approx_finish                  \
    }
static const weir_agg_fn agg_count_fns[] = {
    COUNTED("mode", "(any, boolean?) -> any", bind_mode, mode_update, mode_finish),
    COUNTED("median", "(numeric) -> any", bind_percentile, percentile_update, percentile_finish),
    COUNTED("percentile", "(numeric, any, integral?) -> any", bind_percentile, percentile_update,
            percentile_finish),
    APPROX("percentile_approx"),
    APPROX("approx_percentile"),
};
WEIR_AGG_FAMILY(weir_agg_count_family, "agg_count", agg_count_fns);
