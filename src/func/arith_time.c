/* + - * / with dates, timestamps and intervals. SPARK BinaryArithmeticWithDatetimeResolver,
 * TimeAdd, SubtractDates, intervalExpressions. Bound by arith.c; kernels run on any thread. */
#include "func/arith.h"
#include "func/datetime.h"

#include <math.h>

typedef struct plan {
    const weir_zone *zone;
    int sign;
} plan;

/* One that is added to timestamps by TimeAdd. */
static bool is_clock(const weir_type *t) {
    return t->kind == WEIR_T_INTERVAL || t->kind == WEIR_T_INTERVAL_DT;
}
static bool is_stamp(const weir_type *t) {
    return t->kind == WEIR_T_TIMESTAMP || t->kind == WEIR_T_TIMESTAMP_NTZ;
}
static bool is_moment(const weir_type *t) { return is_stamp(t) || t->kind == WEIR_T_DATE; }

static weir_interval interval_at(const weir_column *c, int64_t i) {
    if (c->type->kind == WEIR_T_INTERVAL) return WEIR_AT_ROW(weir_interval, c, i);
    if (c->type->kind == WEIR_T_INTERVAL_YM)
        return (weir_interval){WEIR_AT_ROW(int32_t, c, i), 0, 0};
    int64_t us = WEIR_AT_ROW(int64_t, c, i);
    return (weir_interval){0, (int32_t)(us / WEIR_DAY_US), us % WEIR_DAY_US};
}

static weir_rc too_far(weir_ctx *ctx, const weir_call *c) {
    return weir_call_fail(ctx, c, WEIR_E_DATETIME_OVERFLOW, "operation",
                          weir_printf(ctx->arena, "add %s to %s",
                                      weir_value_sql(ctx, &c->arg[1], 0),
                                      weir_value_sql(ctx, &c->arg[0], 0)));
}

static weir_rc k_stamp_add(weir_ctx *ctx, weir_call *c) {
    const plan *p = c->bound;
    int64_t *o;
    WEIR_TRY(weir_out_fixed(ctx, c, &o));
    for (int64_t i = 0; i < c->len; i++) {
        o[i] = 0;
        if (weir_call_null(c, i)) continue;
        weir_interval v = interval_at(&c->arg[1], i);
        if (!weir_timestamp_add(WEIR_AT_ROW(int64_t, &c->arg[0], i), p->zone,
                                (int64_t)v.months * p->sign, (int64_t)v.days * p->sign,
                                v.micros * p->sign, &o[i]))
            return too_far(ctx, c);
    }
    return WEIR_OK;
}

static weir_rc date_micros(weir_ctx *ctx, const weir_call *c) {
    (void)weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                    "requirement failed: Cannot add hours, minutes or seconds, milliseconds, "
                    "microseconds to a date");
    weir_err_where(ctx, &c->expr->at);
    return WEIR_FAIL;
}

static weir_rc k_date_add_interval(weir_ctx *ctx, weir_call *c) {
    const plan *p = c->bound;
    int32_t *o;
    WEIR_TRY(weir_out_fixed(ctx, c, &o));
    for (int64_t i = 0; i < c->len; i++) {
        o[i] = 0;
        if (weir_call_null(c, i)) continue;
        weir_interval v = interval_at(&c->arg[1], i);
        int64_t d = WEIR_AT_ROW(int32_t, &c->arg[0], i);
        if (v.micros && c->ansi) return date_micros(ctx, c);
        if (v.months) d = weir_days_add_months(d, (int64_t)v.months * p->sign);
        d += (int64_t)v.days * p->sign + weir_floor_div(v.micros * p->sign, WEIR_DAY_US);
        if (d != (int32_t)d) return too_far(ctx, c);
        o[i] = (int32_t)d;
    }
    return WEIR_OK;
}

static weir_rc k_date_add_days(weir_ctx *ctx, weir_call *c) {
    const plan *p = c->bound;
    int32_t *o;
    WEIR_TRY(weir_out_fixed(ctx, c, &o));
    for (int64_t i = 0; i < c->len; i++)
        o[i] =
            (int32_t)(WEIR_AT_ROW(int32_t, &c->arg[0], i) + weir_get_int(&c->arg[1], i) * p->sign);
    return WEIR_OK;
}

static weir_rc k_date_diff(weir_ctx *ctx, weir_call *c) {
    WEIR_MAP2(int32_t, int32_t, int64_t, c, ((int64_t)a - b) * WEIR_DAY_US);
    return WEIR_OK;
}

/* SPARK subtractTimestamps: the difference of the wall clocks. */
static weir_rc k_stamp_diff(weir_ctx *ctx, weir_call *c) {
    const plan *p = c->bound;
    int64_t *o;
    WEIR_TRY(weir_out_fixed(ctx, c, &o));
    for (int64_t i = 0; i < c->len; i++) {
        int64_t a = WEIR_AT_ROW(int64_t, &c->arg[0], i), b = WEIR_AT_ROW(int64_t, &c->arg[1], i);
        o[i] = weir_call_null(c, i) ? 0 : weir_zone_local(p->zone, a) - weir_zone_local(p->zone, b);
    }
    return WEIR_OK;
}

static weir_rc interval_overflow(weir_ctx *ctx, const weir_call *c, const char *hint) {
    if (!hint)
        return weir_call_fail(ctx, c, WEIR_E_INTERVAL_ARITHMETIC_OVERFLOW_WITHOUT_SUGGESTION, NULL);
    return weir_call_fail(ctx, c, WEIR_E_INTERVAL_ARITHMETIC_OVERFLOW_WITH_SUGGESTION,
                          "functionName", hint);
}

static weir_rc k_interval_add(weir_ctx *ctx, weir_call *c) {
    const plan *p = c->bound;
    const char *hint = p->sign > 0 ? "`try_add`" : "`try_subtract`";
    uint8_t *o;
    WEIR_TRY(weir_out_fixed(ctx, c, &o));
    for (int64_t i = 0; i < c->len; i++) {
        if (weir_call_null(c, i)) continue;
        if (c->out->type->kind == WEIR_T_INTERVAL) {
            weir_interval a = WEIR_AT_ROW(weir_interval, &c->arg[0], i),
                          b = WEIR_AT_ROW(weir_interval, &c->arg[1], i);
            int64_t m = (int64_t)a.months + (int64_t)b.months * p->sign,
                    d = (int64_t)a.days + (int64_t)b.days * p->sign, us;
            if (m != (int32_t)m || d != (int32_t)d ||
                __builtin_add_overflow(a.micros, b.micros * p->sign, &us))
                return interval_overflow(ctx, c, hint);
            ((weir_interval *)(void *)o)[i] = (weir_interval){(int32_t)m, (int32_t)d, us};
            continue;
        }
        int64_t r;
        bool ym = c->out->type->kind == WEIR_T_INTERVAL_YM;
        int64_t a = weir_get_int(&c->arg[0], i), b = weir_get_int(&c->arg[1], i);
        bool bad =
            p->sign > 0 ? __builtin_add_overflow(a, b, &r) : __builtin_sub_overflow(a, b, &r);
        if (bad || (ym && r != (int32_t)r)) return interval_overflow(ctx, c, hint);
        if (ym)
            ((int32_t *)(void *)o)[i] = (int32_t)r;
        else
            ((int64_t *)(void *)o)[i] = r;
    }
    return WEIR_OK;
}

static weir_interval scale(weir_interval v, double f, bool *bad) {
    double m = v.months * f, d = v.days * f, us = (double)v.micros * f;
    *bad = fabs(m) > INT32_MAX || fabs(d) > INT32_MAX || fabs(us) >= 0x1p63;
    if (*bad) return v;
    us += (d - trunc(d)) * (double)WEIR_DAY_US; /* SPARK fromDoubles: only days spill over */
    return (weir_interval){(int32_t)m, (int32_t)d, (int64_t)nearbyint(us)};
}

static weir_rc k_interval_div(weir_ctx *ctx, weir_call *c) {
    uint8_t *o;
    WEIR_TRY(weir_out_fixed(ctx, c, &o));
    for (int64_t i = 0; i < c->len; i++) {
        if (weir_call_null(c, i)) continue;
        int64_t a = weir_get_int(&c->arg[0], i), b = weir_get_int(&c->arg[1], i);
        if (!b)
            return weir_call_fail(ctx, c, WEIR_E_DIVIDE_BY_ZERO, "config", WEIR_ANSI_KEY);
        if (a == INT64_MIN && b == -1) return interval_overflow(ctx, c, NULL);
        ((int64_t *)(void *)o)[i] = a / b;
    }
    return WEIR_OK;
}

/* interval * number (sign 1), interval / number (sign -1); half up. */
static weir_rc k_interval_scale(weir_ctx *ctx, weir_call *c) {
    const plan *p = c->bound;
    uint8_t *o;
    WEIR_TRY(weir_out_fixed(ctx, c, &o));
    for (int64_t i = 0; i < c->len; i++) {
        if (weir_call_null(c, i)) continue;
        double f = WEIR_AT_ROW(double, &c->arg[1], i);
        if (p->sign < 0 && f == 0) {
            if (c->out->type->kind != WEIR_T_INTERVAL || c->ansi)
                return weir_call_fail(ctx, c, WEIR_E_INTERVAL_DIVIDED_BY_ZERO, NULL);
            uint8_t *bits;
            WEIR_TRY(weir_out_valid(ctx, c, &bits));
            weir_bit_clear(bits, i);
            continue;
        }
        bool bad = false;
        if (c->out->type->kind == WEIR_T_INTERVAL) {
            ((weir_interval *)(void *)o)[i] =
                scale(WEIR_AT_ROW(weir_interval, &c->arg[0], i), p->sign > 0 ? f : 1 / f, &bad);
        } else {
            long double v = (long double)weir_get_int(&c->arg[0], i);
            v = roundl(p->sign > 0 ? v * (long double)f : v / (long double)f);
            bool ym = c->out->type->kind == WEIR_T_INTERVAL_YM;
            bad = !(fabsl(v) < (ym ? 0x1p31L : 0x1p63L));
            if (!bad && ym)
                ((int32_t *)(void *)o)[i] = (int32_t)v;
            else if (!bad)
                ((int64_t *)(void *)o)[i] = (int64_t)v;
        }
        if (bad) return interval_overflow(ctx, c, NULL);
    }
    return WEIR_OK;
}

#define V(n, k)                                                                                    \
    { n, "(any, any) -> any", k, WEIR_STRICT | WEIR_NO_COERCE, NULL, 0 }
static const weir_fn v_stamp_add = V("+", k_stamp_add),
                     v_date_interval = V("+", k_date_add_interval),
                     v_date_days = V("+", k_date_add_days), v_date_diff = V("-", k_date_diff),
                     v_stamp_diff = V("-", k_stamp_diff), v_interval_add = V("+", k_interval_add),
                     v_interval_scale = V("*", k_interval_scale),
                     v_interval_div = V("div", k_interval_div);

static weir_rc set(weir_ctx *ctx, weir_expr *e, const weir_fn *fn, const weir_type *t,
                   const weir_zone *z, int sign, bool *done) {
    plan *p = WEIR_NEW(ctx->arena, plan);
    p->zone = z;
    p->sign = sign;
    e->bound = p;
    e->fn = fn;
    e->type = t;
    e->nullable = e->arg[0]->nullable || e->arg[1]->nullable;
    *done = true;
    return WEIR_OK;
}

static weir_rc swap_args(
    weir_ctx *ctx,
    weir_expr *e) { /* interval + date is date + interval; the text stays as written */
    weir_expr **arg = WEIR_NEWN(ctx->arena, weir_expr *, 2);
    arg[0] = e->arg[1];
    arg[1] = e->arg[0];
    e->arg = arg;
    return WEIR_OK;
}

static weir_rc bind_shift(weir_ctx *ctx, weir_expr *e, int sign, bool *done) {
    const weir_type *x = e->arg[0]->type, *y = e->arg[1]->type;
    const weir_zone *zone =
        x->kind == WEIR_T_TIMESTAMP_NTZ ? weir_zone_utc() : weir_zone_session(ctx);
    if (x->kind != WEIR_T_DATE) return set(ctx, e, &v_stamp_add, x, zone, sign, done);
    if (y->kind != WEIR_T_INTERVAL_DT || (y->precision == 0 && y->scale == 0))
        return set(ctx, e, &v_date_interval, x, zone, sign, done);
    WEIR_TRY(weir_coerce(ctx, e->arg[0], &weir_t_timestamp, &e->arg[0]));
    return set(ctx, e, &v_stamp_add, &weir_t_timestamp, zone, sign, done);
}

static weir_rc bind_intervals(weir_ctx *ctx, weir_expr *e, int sign, bool *done) {
    const weir_type *x = e->arg[0]->type, *y = e->arg[1]->type;
    if (x->kind != y->kind) return WEIR_OK;
    weir_type *t = weir_memdup(ctx->arena, x, sizeof *x);
    if (y->precision < t->precision) t->precision = y->precision;
    if (y->scale > t->scale) t->scale = y->scale;
    return set(ctx, e, &v_interval_add, t, NULL, sign, done);
}

static weir_rc bind_diff(weir_ctx *ctx, weir_expr *e, bool *done) {
    for (int i = 0; i < 2; i++) /* a text beside a date is one */
        if (e->arg[i]->type->kind == WEIR_T_STRING && e->arg[1 - i]->type->kind == WEIR_T_DATE)
            WEIR_TRY(weir_coerce(ctx, e->arg[i], &weir_t_date, &e->arg[i]));
    const weir_type *x = e->arg[0]->type, *y = e->arg[1]->type;
    if (x->kind == WEIR_T_DATE && y->kind == WEIR_T_DATE) {
        weir_type *t = weir_memdup(ctx->arena, &weir_t_interval_dt, sizeof *t);
        t->precision = t->scale = 0;
        return set(ctx, e, &v_date_diff, t, NULL, 1, done);
    }
    const weir_type *w =
        x->kind == WEIR_T_TIMESTAMP_NTZ && y->kind == WEIR_T_TIMESTAMP_NTZ ? x : &weir_t_timestamp;
    for (int i = 0; i < 2; i++) WEIR_TRY(weir_coerce(ctx, e->arg[i], w, &e->arg[i]));
    return set(ctx, e, &v_stamp_diff, &weir_t_interval_dt,
               w->kind == WEIR_T_TIMESTAMP ? weir_zone_session(ctx) : weir_zone_utc(), 1, done);
}

static weir_rc bind_scale(weir_ctx *ctx, weir_expr *e, int sign, bool *done) {
    const weir_type *t = e->arg[0]->type;
    WEIR_TRY(weir_coerce(ctx, e->arg[1], &weir_t_double, &e->arg[1]));
    if (t->kind != WEIR_T_INTERVAL) { /* SPARK: the result spans all fields of its kind */
        t = weir_type_scalar(t->kind);
    }
    return set(ctx, e, &v_interval_scale, t, NULL, sign, done);
}

/* SPARK BinaryArithmeticWithDatetimeResolver: NULL is an interval, or a moment where two of them
 * are subtracted. */
static weir_rc type_null(weir_ctx *ctx, weir_expr *e, char op) {
    for (int i = 0; i < 2 && (op == '+' || op == '-' || op == 'd'); i++) {
        const weir_type *other = e->arg[1 - i]->type;
        if (e->arg[i]->type->kind != WEIR_T_VOID) continue;
        if (is_moment(other) && op == '+') other = &weir_t_interval_dt;
        if (weir_type_is_interval(other) || (is_moment(other) && op != 'd'))
            WEIR_TRY(weir_coerce(ctx, e->arg[i], other, &e->arg[i]));
    }
    return WEIR_OK;
}

/* SPARK BinaryArithmeticWithDatetimeResolver: which operand stays without a use, the type that it
 * should have, and whether it stands first. NULL: the operator is none of dates and intervals. */
static const char *unfit(const weir_type *x, const weir_type *y, char op, int *which, bool *first) {
    static const char moment[] = "\"(TIMESTAMP OR TIMESTAMP WITHOUT TIME ZONE)\"",
                      days[] = "(\"INT\" or \"SMALLINT\" or \"TINYINT\")";
    const bool add = op == '+', sub = op == '-', shift = add || sub;
    const struct {
        bool is;
        int which;
        bool first;
        const char *want;
    } rules[] = {
        {shift && is_clock(y), 0, true, moment},
        {add && is_clock(x), 1, true, moment},
        {sub && is_stamp(x), 1, false, moment},
        {sub && is_stamp(y), 0, true, moment},
        {shift && x->kind == WEIR_T_DATE, 1, false, days},
        {add && y->kind == WEIR_T_DATE, 0, false, days},
        {sub && y->kind == WEIR_T_DATE, 0, true, "\"DATE\""},
        {!shift && x->kind == WEIR_T_INTERVAL, 1, false, "\"DOUBLE\""},
        {op == '*' && y->kind == WEIR_T_INTERVAL, 0, false, "\"DOUBLE\""},
        {!shift && weir_type_is_interval(x), 1, false, "\"NUMERIC\""},
        {op == '*' && weir_type_is_interval(y), 0, false, "\"NUMERIC\""},
    };
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        if (!rules[i].is) continue;
        *which = rules[i].which;
        *first = rules[i].first;
        return rules[i].want;
    }
    return NULL;
}

weir_rc weir_arith_time_fits(weir_ctx *ctx, const weir_expr *e, char op) {
    int which = 0;
    bool first = false;
    const char *want = unfit(e->arg[0]->type, e->arg[1]->type, op, &which, &first);
    if (!want) return WEIR_OK;
    const weir_expr *a = e->arg[which];
    return weir_fail(ctx, WEIR_E_DATATYPE_MISMATCH_UNEXPECTED_INPUT_TYPE, "sqlExpr",
                     weir_printf(ctx->arena, "\"%s\"", weir_expr_sql(ctx->arena, e)), "paramIndex",
                     first ? "first" : "second", "requiredType", want, "inputSql",
                     weir_printf(ctx->arena, "\"%s\"", weir_expr_sql(ctx->arena, a)), "inputType",
                     weir_printf(ctx->arena, "\"%s\"", weir_type_sql(ctx->arena, a->type)));
}

/* SPARK TimeAdd: a text beside an interval is a timestamp, and the sum a text again. */
static weir_rc bind_text_shift(weir_ctx *ctx, weir_expr *e, int sign, bool *done) {
    weir_expr *sum = weir_expr_copy(ctx->arena, e), *text = NULL;
    WEIR_TRY(weir_coerce(ctx, e->arg[0], &weir_t_timestamp, &sum->arg[0]));
    WEIR_TRY(bind_shift(ctx, sum, sign, done));
    WEIR_TRY(weir_coerce(ctx, sum, &weir_t_string, &text));
    weir_pos at = e->at;
    *e = *text;
    e->at = at;
    return WEIR_OK;
}

weir_rc weir_arith_time_bind(weir_ctx *ctx, weir_expr *e, char op, bool *done) {
    WEIR_TRY(type_null(ctx, e, op));
    const weir_type *x = e->arg[0]->type, *y = e->arg[1]->type;
    bool loose = weir_type_is_numeric(y) || y->kind == WEIR_T_STRING || y->kind == WEIR_T_VOID;
    if (op == '+' && ((is_moment(y) && (weir_type_is_interval(x) || weir_type_is_integral(x))) ||
                      (y->kind == WEIR_T_STRING && is_clock(x)))) {
        WEIR_TRY(swap_args(ctx, e));
        x = e->arg[0]->type;
        y = e->arg[1]->type;
    } else if (op == '*' && weir_type_is_interval(y) &&
               (weir_type_is_numeric(x) || x->kind == WEIR_T_STRING || x->kind == WEIR_T_VOID)) {
        WEIR_TRY(swap_args(ctx, e));
        return bind_scale(ctx, e, 1, done);
    }
    int sign = op == '-' ? -1 : 1;
    if (op == 'd')
        return weir_type_is_interval(x) && x->kind == y->kind && x->kind != WEIR_T_INTERVAL
                   ? set(ctx, e, &v_interval_div, &weir_t_long, NULL, 1, done)
                   : WEIR_OK;
    if (op == '*' || op == '/')
        return weir_type_is_interval(x) && loose ? bind_scale(ctx, e, op == '*' ? 1 : -1, done)
                                                 : WEIR_OK;
    if (is_moment(x) && weir_type_is_interval(y)) return bind_shift(ctx, e, sign, done);
    if (x->kind == WEIR_T_STRING && is_clock(y)) return bind_text_shift(ctx, e, sign, done);
    if (x->kind == WEIR_T_DATE && weir_type_is_integral(y) && y->kind != WEIR_T_LONG)
        return set(ctx, e, &v_date_days, x, NULL, sign, done);
    if (weir_type_is_interval(x) && weir_type_is_interval(y))
        return bind_intervals(ctx, e, sign, done);
    if (op == '-' && is_moment(x) && (is_moment(y) || y->kind == WEIR_T_STRING))
        return bind_diff(ctx, e, done);
    if (op == '-' && is_moment(y) && x->kind == WEIR_T_STRING) return bind_diff(ctx, e, done);
    return WEIR_OK;
}
