/* Statistics: correlation, covariance, regression, skewness, kurtosis. Called by the aggregate
 * operators on the thread that owns the slots. SPARK CentralMomentAgg, Covariance,
 * PearsonCorrelation, linearRegression */
#include "func/loop.h"

#include <math.h>
#include <stdlib.h>
#include <strings.h>

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
enum { COUNT = sizeof(stat) / sizeof(double) }; /* n as a bigint */
/* SPARK RegrCount is a Count, RegrAvgX an Average; RegrSlope has a covariance beside a variance. */
static const struct {
    const char *name;
    int field[8]; /* what is saved, -1 ends */
} kinds[NKIND] = {
    [CORR] = {"corr", {F(n), F(xa), F(ya), F(ck), F(xm), F(ym), -1}},
    [COVAR_POP] = {"covar_pop", {F(n), F(xa), F(ya), F(ck), -1}},
    [COVAR_SAMP] = {"covar_samp", {F(n), F(xa), F(ya), F(ck), -1}},
    [R_COUNT] = {"regr_count", {COUNT, -1}},
    [R_AVGX] = {"regr_avgx", {F(sum), COUNT, -1}},
    [R_AVGY] = {"regr_avgy", {F(sum), COUNT, -1}},
    [R_SXX] = {"regr_sxx", {F(n), F(avg), F(m2), -1}},
    [R_SYY] = {"regr_syy", {F(n), F(avg), F(m2), -1}},
    [R_SXY] = {"regr_sxy", {F(n), F(xa), F(ya), F(ck), -1}},
    [R_SLOPE] = {"regr_slope", {F(n), F(xa), F(ya), F(ck), F(n), F(avg), F(m2), -1}},
    [R_INTERCEPT] = {"regr_intercept", {F(n), F(xa), F(ya), F(ck), F(n), F(avg), F(m2), -1}},
    [R_R2] = {"regr_r2", {F(n), F(xa), F(ya), F(ck), F(xm), F(ym), -1}},
    [SKEW] = {"skewness", {F(n), F(avg), F(m2), F(m3), -1}},
    [KURT] = {"kurtosis", {F(n), F(avg), F(m2), F(m3), F(m4), -1}},
};
static const char *const field_names[] = {"n",   "xAvg", "yAvg", "ck", "xMk", "yMk",
                                          "avg", "m2",   "m3",   "m4", "sum", "count"};

static stat_kind kind_of(const weir_agg_fn *f) {
    for (int k = 0; k < NKIND; k++)
        if (strcmp(kinds[k].name, f->name) == 0) return (stat_kind)k;
    return CORR;
}

static int stat_types(weir_ctx *ctx, const weir_expr *e, weir_field *out, int max) {
    const int *f = kinds[kind_of(e->agg)].field;
    int n = 0;
    (void)ctx, (void)max;
    for (; f[n] >= 0; n++)
        out[n] = (weir_field){field_names[f[n]], f[n] == COUNT ? &weir_t_long : &weir_t_double,
                              f[n] == F(sum), NULL};
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
        stat *s = WEIR_SLOT(stat, a, i);
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
        for (int k = 0; f[k] >= 0; k++)
            if (f[k] == COUNT)
                r.n = (double)WEIR_AT_ROW(int64_t, &a->arg[k], i);
            else
                ((double *)&r)[f[k]] = WEIR_AT_ROW(double, &a->arg[k], i);
        merge_one(WEIR_SLOT(stat, a, i), &r);
    }
    return WEIR_OK;
}

static weir_rc stat_save(weir_ctx *ctx, const weir_agg_call *a, int64_t from, int64_t n,
                         weir_build *out) {
    const int *f = kinds[kind_of(a->expr->agg)].field;
    (void)ctx;
    for (int64_t i = from; i < from + n; i++)
        for (int k = 0; f[k] >= 0; k++)
            if (f[k] == COUNT)
                weir_build_i64(&out[k], (int64_t)WEIR_SLOT_AT(stat, a, i)->n);
            else
                weir_build_f64(&out[k], ((const double *)WEIR_SLOT_AT(stat, a, i))[f[k]]);
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
            weir_build_i64(&b, (int64_t)WEIR_SLOT_AT(stat, a, i)->n);
        else if (result(k, WEIR_SLOT_AT(stat, a, i), &v))
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
};
WEIR_AGG_FAMILY(weir_agg_stat_family, "agg_stat", agg_stat_fns);
