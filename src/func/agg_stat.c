/* Statistics: correlation, covariance, regression, skewness, kurtosis; exact percentiles. Called by
 * the aggregate operators on the thread that owns the slots. SPARK CentralMomentAgg, Covariance,
 * PearsonCorrelation, linearRegression, Percentile */
#include "func/loop.h"

#include <math.h>
#include <stdlib.h>
#include <strings.h>

#define SLOT(T, a, i) (&((T *)(a)->slots)[(a)->slot[i]])
#define AT(T, a, s) (&((T *)(a)->slots)[s])

typedef struct stat { /* every kind uses some; state[] below says which */
    double n, xa, ya, ck, xm, ym, avg, m2, m3, m4, sum;
} stat;

typedef enum {
    CORR,
    COVAR_POP,
    COVAR_SAMP,
    R_COUNT,
    R_AVGX,
    R_AVGY,
    R_SXX,
    R_SYY,
    R_SXY,
    R_SLOPE,
    R_INTERCEPT,
    R_R2,
    SKEW,
    KURT,
    NKIND
} stat_kind;

#define F(m) (int)(offsetof(stat, m) / sizeof(double))
static const struct {
    const char *name;
    int field[8]; /* what is saved, -1 ends */
} kinds[NKIND] = {
    [CORR] = {"corr", {F(n), F(xa), F(ya), F(ck), F(xm), F(ym), -1}},
    [COVAR_POP] = {"covar_pop", {F(n), F(xa), F(ya), F(ck), -1}},
    [COVAR_SAMP] = {"covar_samp", {F(n), F(xa), F(ya), F(ck), -1}},
    [R_COUNT] = {"regr_count", {F(n), -1}},
    [R_AVGX] = {"regr_avgx", {F(n), F(sum), -1}},
    [R_AVGY] = {"regr_avgy", {F(n), F(sum), -1}},
    [R_SXX] = {"regr_sxx", {F(n), F(avg), F(m2), -1}},
    [R_SYY] = {"regr_syy", {F(n), F(avg), F(m2), -1}},
    [R_SXY] = {"regr_sxy", {F(n), F(xa), F(ya), F(ck), -1}},
    [R_SLOPE] = {"regr_slope", {F(n), F(xa), F(ya), F(ck), F(avg), F(m2), -1}},
    [R_INTERCEPT] = {"regr_intercept", {F(n), F(xa), F(ya), F(ck), F(avg), F(m2), -1}},
    [R_R2] = {"regr_r2", {F(n), F(xa), F(ya), F(ck), F(xm), F(ym), -1}},
    [SKEW] = {"skewness", {F(n), F(avg), F(m2), F(m3), -1}},
    [KURT] = {"kurtosis", {F(n), F(avg), F(m2), F(m3), F(m4), -1}},
};
static const char *const field_names[] = {"n",   "xAvg", "yAvg", "ck", "xMk", "yMk",
                                          "avg", "m2",   "m3",   "m4", "sum"};

static stat_kind kind_of(const weir_agg_fn *f) {
    for (int k = 0; k < NKIND; k++)
        if (strcmp(kinds[k].name, f->name) == 0) return (stat_kind)k;
    return CORR;
}

static int stat_types(weir_ctx *ctx, const weir_expr *e, weir_field *out, int max) {
    const int *f = kinds[kind_of(e->agg)].field;
    int n = 0;
    (void)ctx, (void)max;
    for (; f[n] >= 0; n++) out[n] = (weir_field){field_names[f[n]], &weir_t_double, false, NULL};
    return n;
}

static void add_pair(stat *s, double x, double y) {
    double dx = x - s->xa, dy = y - s->ya;
    s->xa += dx / s->n;
    s->ya += dy / s->n;
    s->ck += dx * (y - s->ya);
    s->xm += dx * (x - s->xa);
    s->ym += dy * (y - s->ya);
}

static void add_moment(stat *s, double x) {
    double d = x - s->avg, dn = d / s->n, d2 = d * d, dn2 = dn * dn;
    s->avg += dn;
    s->m2 += d * (d - dn);
    s->m3 += -3.0 * dn * s->m2 + d * (d2 - dn2);
    s->m4 += -4.0 * dn * s->m3 - 6.0 * dn2 * s->m2 + d * (d * d2 - dn * dn2);
}

static weir_rc stat_update(weir_ctx *ctx, weir_agg_call *a) {
    stat_kind k = kind_of(a->expr->agg);
    bool swap = k == R_SLOPE || k == R_INTERCEPT, pair = a->narg > 1;
    bool first = k == R_AVGY || k == R_SYY || !pair;
    (void)ctx;
    for (int64_t i = 0; i < a->len; i++) {
        stat *s = SLOT(stat, a, i);
        if (weir_is_null(&a->arg[0], i) || (pair && weir_is_null(&a->arg[1], i))) continue;
        double p = WEIR_AT_ROW(double, &a->arg[0], i);
        double q = pair ? WEIR_AT_ROW(double, &a->arg[1], i) : 0;
        s->n += 1;
        s->sum += first ? p : q;
        add_pair(s, swap ? q : p, swap ? p : q);
        add_moment(s, first ? p : q);
    }
    return WEIR_OK;
}

static void merge_one(stat *s, const stat *r) {
    double n1 = s->n, n2 = r->n, n = n1 + n2, dx = r->xa - s->xa, dy = r->ya - s->ya;
    double dxn = n == 0 ? 0 : dx / n, dyn = n == 0 ? 0 : dy / n;
    double d = r->avg - s->avg, dn = n == 0 ? 0 : d / n;
    s->m4 += r->m4 + dn * dn * dn * d * n1 * n2 * (n1 * n1 - n1 * n2 + n2 * n2) +
             6.0 * dn * dn * (n1 * n1 * r->m2 + n2 * n2 * s->m2) +
             4.0 * dn * (n1 * r->m3 - n2 * s->m3);
    s->m3 += r->m3 + dn * dn * d * n1 * n2 * (n1 - n2) + 3.0 * dn * (n1 * r->m2 - n2 * s->m2);
    s->m2 += r->m2 + d * dn * n1 * n2;
    s->avg += dn * n2;
    s->ck += r->ck + dx * dyn * n1 * n2;
    s->xm += r->xm + dx * dxn * n1 * n2;
    s->ym += r->ym + dy * dyn * n1 * n2;
    s->xa += dxn * n2;
    s->ya += dyn * n2;
    s->sum += r->sum;
    s->n = n;
}

static weir_rc stat_merge(weir_ctx *ctx, weir_agg_call *a) {
    const int *f = kinds[kind_of(a->expr->agg)].field;
    (void)ctx;
    for (int64_t i = 0; i < a->len; i++) {
        stat r = {0};
        for (int k = 0; f[k] >= 0; k++) ((double *)&r)[f[k]] = WEIR_AT_ROW(double, &a->arg[k], i);
        merge_one(SLOT(stat, a, i), &r);
    }
    return WEIR_OK;
}

static weir_rc stat_save(weir_ctx *ctx, const weir_agg_call *a, int64_t from, int64_t n,
                         weir_build *out) {
    const int *f = kinds[kind_of(a->expr->agg)].field;
    (void)ctx;
    for (int64_t i = from; i < from + n; i++)
        for (int k = 0; f[k] >= 0; k++)
            weir_build_f64(&out[k], ((const double *)AT(stat, a, i))[f[k]]);
    return WEIR_OK;
}

/* False: null. */
static bool result(stat_kind k, const stat *s, double *v) {
    double c = s->ck / sqrt(s->xm * s->ym);
    switch (k) {
    case CORR: *v = c; return s->n > 1;
    case COVAR_POP: *v = s->ck / s->n; return s->n > 0;
    case COVAR_SAMP: *v = s->ck / (s->n - 1); return s->n > 1;
    case R_AVGX:
    case R_AVGY: *v = s->sum / s->n; return s->n > 0;
    case R_SXX:
    case R_SYY: *v = s->m2; return s->n > 0;
    case R_SXY: *v = s->ck; return s->n > 0;
    case R_SLOPE: *v = s->ck / s->m2; return s->n > 0 && s->m2 != 0;
    case R_INTERCEPT: *v = s->ya - s->ck / s->m2 * s->xa; return s->n > 0 && s->m2 != 0;
    case R_R2: *v = s->xm == 0 ? 1.0 : c * c; return s->n > 0 && s->ym != 0;
    case SKEW: *v = sqrt(s->n) * s->m3 / sqrt(s->m2 * s->m2 * s->m2); return s->n > 0 && s->m2 != 0;
    case KURT: *v = s->n * s->m4 / (s->m2 * s->m2) - 3.0; return s->n > 0 && s->m2 != 0;
    default: return false;
    }
}

static weir_rc stat_finish(weir_ctx *ctx, const weir_agg_call *a, int64_t from, int64_t n,
                           weir_column *out) {
    stat_kind k = kind_of(a->expr->agg);
    weir_build b;
    WEIR_TRY(weir_build_init(ctx, &b, a->expr->type));
    for (int64_t i = from; i < from + n; i++) {
        double v = 0;
        if (k == R_COUNT)
            weir_build_i64(&b, (int64_t)AT(stat, a, i)->n);
        else if (result(k, AT(stat, a, i), &v))
            weir_build_f64(&b, v);
        else
            weir_build_null(&b);
    }
    return weir_build_finish(ctx, &b, out);
}

static weir_rc bind_stat(weir_ctx *ctx, weir_expr *e) {
    (void)ctx;
    e->nullable = kind_of(e->agg) != R_COUNT;
    return WEIR_OK;
}

/* ---- percentiles: the values are kept ---- */

typedef struct point {
    double v;
    int64_t n;
} point;
typedef struct points {
    int64_t n, cap;
    point *p;
} points;
typedef struct wanted {
    int n;
    bool list, approx;
    double p[];
} wanted;

static weir_rc bad_percentage(weir_ctx *ctx, const weir_expr *e, double v) {
    char t[40];
    int n = weir_double_text(v, t);
    return weir_fail(ctx, WEIR_E_DATATYPE_MISMATCH_VALUE_OUT_OF_RANGE, "sqlExpr",
                     weir_printf(ctx->arena, "\"%s\"", weir_expr_sql(ctx->arena, e)), "exprName",
                     "percentage", "valueRange", "[0.0, 1.0]", "currentValue",
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

static weir_rc bind_percentile(weir_ctx *ctx, weir_expr *e) {
    const char *name = e->agg->name;
    const weir_type *t = e->arg[0]->type;
    wanted *w = NULL;
    if (strcmp(name, "median") == 0) {
        w = weir_alloc(ctx->arena, sizeof *w + sizeof(double));
        *w = (wanted){.n = 1};
        w->p[0] = 0.5;
    } else {
        WEIR_TRY(percentages(ctx, e, &w));
    }
    w->approx = strstr(name, "approx") != NULL;
    const weir_type *one = w->approx ? t : &weir_t_double;
    WEIR_TRY(weir_coerce(ctx, e->arg[0], &weir_t_double, &e->arg[0]));
    if (w->approx) e->narg = 1; /* the values are exact: the accuracy does not matter */
    if (!w->approx && e->narg > 2) WEIR_TRY(weir_coerce(ctx, e->arg[2], &weir_t_long, &e->arg[2]));
    e->type = w->list ? weir_type_array(ctx->arena, one, false) : one;
    e->nullable = true;
    e->bound = w;
    return WEIR_OK;
}

static int point_types(weir_ctx *ctx, const weir_expr *e, weir_field *out, int max) {
    (void)e, (void)max;
    out[0] =
        (weir_field){"values", weir_type_array(ctx->arena, &weir_t_double, false), false, NULL};
    out[1] = (weir_field){"counts", weir_type_array(ctx->arena, &weir_t_long, false), false, NULL};
    return 2;
}

static void keep(weir_arena *mem, points *s, double v, int64_t n) {
    if (s->n == s->cap) {
        point *old = s->p;
        s->cap = s->cap ? s->cap * 2 : 8;
        s->p = WEIR_NEWN(mem, point, s->cap);
        if (s->n) memcpy(s->p, old, sizeof *old * (size_t)s->n);
    }
    s->p[s->n++] = (point){v, n};
}

static weir_rc point_update(weir_ctx *ctx, weir_agg_call *a) {
    bool freq = a->narg > 2;
    (void)ctx;
    for (int64_t i = 0; i < a->len; i++) {
        if (weir_is_null(&a->arg[0], i) || (freq && weir_is_null(&a->arg[2], i))) continue;
        int64_t n = freq ? WEIR_AT_ROW(int64_t, &a->arg[2], i) : 1;
        if (n < 0)
            return weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                             "Negative values found in the frequency of percentile");
        if (n) keep(a->mem, SLOT(points, a, i), WEIR_AT_ROW(double, &a->arg[0], i), n);
    }
    return WEIR_OK;
}

static weir_rc point_merge(weir_ctx *ctx, weir_agg_call *a) {
    (void)ctx;
    for (int64_t i = 0; i < a->len; i++) {
        int64_t v, c;
        int32_t n = weir_get_list(&a->arg[0], i, &v);
        (void)weir_get_list(&a->arg[1], i, &c);
        for (int32_t k = 0; k < n; k++)
            keep(a->mem, SLOT(points, a, i), WEIR_AT_ROW(double, &a->arg[0].kid[0], v + k),
                 WEIR_AT_ROW(int64_t, &a->arg[1].kid[0], c + k));
    }
    return WEIR_OK;
}

static weir_rc point_save(weir_ctx *ctx, const weir_agg_call *a, int64_t from, int64_t n,
                          weir_build *out) {
    (void)ctx;
    for (int64_t i = from; i < from + n; i++) {
        const points *s = AT(points, a, i);
        for (int64_t k = 0; k < s->n; k++) {
            weir_build_f64(&out[0].kid[0], s->p[k].v);
            weir_build_i64(&out[1].kid[0], s->p[k].n);
        }
        weir_build_list(&out[0]);
        weir_build_list(&out[1]);
    }
    return WEIR_OK;
}

static int by_value(const void *x, const void *y) {
    double a = ((const point *)x)->v, b = ((const point *)y)->v;
    if (a != a || b != b) return (a != a) - (b != b);
    return a < b ? -1 : a > b;
}

static double value_at(const points *s, int64_t index) {
    int64_t seen = 0;
    for (int64_t k = 0; k < s->n; k++)
        if ((seen += s->p[k].n) > index) return s->p[k].v;
    return s->p[s->n - 1].v;
}

static double percentile(const points *s, int64_t total, double p, bool approx) {
    if (approx) {
        int64_t rank = (int64_t)ceil(p * (double)total);
        return value_at(s, rank > 0 ? rank - 1 : 0);
    }
    double at = (double)(total - 1) * p, low = floor(at), high = ceil(at);
    double l = value_at(s, (int64_t)low), h = value_at(s, (int64_t)high);
    return low == high || l == h ? l : (high - at) * l + (at - low) * h;
}

static weir_rc point_finish(weir_ctx *ctx, const weir_agg_call *a, int64_t from, int64_t n,
                            weir_column *out) {
    const wanted *w = a->bound;
    const weir_type *t = a->expr->type, *one = w->list ? t->field[0].type : t;
    weir_build b;
    weir_column v, cast;
    WEIR_TRY(weir_build_init(
        ctx, &b, w->list ? weir_type_array(ctx->arena, &weir_t_double, false) : &weir_t_double));
    for (int64_t i = from; i < from + n; i++) {
        points *s = AT(points, a, i);
        int64_t total = 0;
        if (s->n == 0 || w->n == 0) {
            weir_build_null(&b);
            continue;
        }
        qsort(s->p, (size_t)s->n, sizeof *s->p, by_value);
        for (int64_t k = 0; k < s->n; k++) total += s->p[k].n;
        for (int k = 0; k < w->n; k++)
            weir_build_f64(w->list ? &b.kid[0] : &b, percentile(s, total, w->p[k], w->approx));
        if (w->list) weir_build_list(&b);
    }
    WEIR_TRY(weir_build_finish(ctx, &b, &v));
    (void)one;
    WEIR_TRY(weir_cast_column(ctx, &v, t, WEIR_CAST_ANSI, &cast));
    *out = cast;
    return WEIR_OK;
}

#define PAIR(n)                                                                                    \
    {                                                                                              \
        n, "(double, double) -> double", 0, sizeof(stat), bind_stat, stat_types, stat_update,      \
            stat_merge, stat_save, stat_finish                                                     \
    }
#define ONE(n)                                                                                     \
    {                                                                                              \
        n, "(double) -> double", 0, sizeof(stat), bind_stat, stat_types, stat_update, stat_merge,  \
            stat_save, stat_finish                                                                 \
    }
#define POINTS(n, sig)                                                                             \
    {                                                                                              \
        n, sig, 0, sizeof(points), bind_percentile, point_types, point_update, point_merge,        \
            point_save, point_finish                                                               \
    }
static const weir_agg_fn agg_stat_fns[] = {
    PAIR("corr"),
    PAIR("covar_pop"),
    PAIR("covar_samp"),
    {"regr_count", "(double, double) -> bigint!", 0, sizeof(stat), bind_stat, stat_types,
     stat_update, stat_merge, stat_save, stat_finish},
    PAIR("regr_avgx"),
    PAIR("regr_avgy"),
    PAIR("regr_sxx"),
    PAIR("regr_syy"),
    PAIR("regr_sxy"),
    PAIR("regr_slope"),
    PAIR("regr_intercept"),
    PAIR("regr_r2"),
    ONE("skewness"),
    ONE("kurtosis"),
    POINTS("median", "(numeric) -> any"),
    POINTS("percentile", "(numeric, any, integral?) -> any"),
    POINTS("percentile_approx", "(numeric, any, integral?) -> any"),
    POINTS("approx_percentile", "(numeric, any, integral?) -> any"),
};
WEIR_AGG_FAMILY(weir_agg_stat_family, "agg_stat", agg_stat_fns);
