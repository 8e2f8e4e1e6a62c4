/* Functions that make dates, timestamps and intervals of their parts. SPARK MakeDate,
 * MakeTimestamp, MakeInterval, MakeDTInterval, MakeYMInterval. Called by the evaluator; any thread.
 */
#include "func/datetime.h"
#include "func/decimal.h"
#include "func/loop.h"

static weir_rc out_of_bounds(weir_ctx *ctx, const weir_call *c, const char *what) {
    return weir_call_fail(ctx, c, WEIR_E_DATETIME_FIELD_OUT_OF_BOUNDS_WITH_SUGGESTION,
                          "rangeMessage", what, "ansiConfig", WEIR_ANSI_KEY);
}

static const char *date_fault(weir_ctx *ctx, int64_t y, int64_t m,
                              int64_t d) { /* texts of java.time */
    static const char *const names[] = {"JANUARY",   "FEBRUARY", "MARCH",    "APRIL",
                                        "MAY",       "JUNE",     "JULY",     "AUGUST",
                                        "SEPTEMBER", "OCTOBER",  "NOVEMBER", "DECEMBER"};
    if (m < 1 || m > 12)
        return weir_printf(ctx->arena, "Invalid value for MonthOfYear (valid values 1 - 12): %lld",
                           (long long)m);
    if (d < 1 || d > 31)
        return weir_printf(ctx->arena,
                           "Invalid value for DayOfMonth (valid values 1 - 28/31): %lld",
                           (long long)d);
    if (d <= weir_month_days(y, (int)m)) return NULL;
    if (d == 29)
        return weir_printf(ctx->arena, "Invalid date 'February 29' as '%lld' is not a leap year",
                           (long long)y);
    return weir_printf(ctx->arena, "Invalid date '%s %lld'", names[m - 1], (long long)d);
}

static weir_rc k_make_date(weir_ctx *ctx, weir_call *c) {
    int32_t *o;
    uint8_t *bits;
    WEIR_TRY(weir_out_fixed(ctx, c, &o));
    WEIR_TRY(weir_out_valid(ctx, c, &bits));
    WEIR_EACH(c, i) {
        int64_t y = weir_get_int(&c->arg[0], i), m = weir_get_int(&c->arg[1], i),
                d = weir_get_int(&c->arg[2], i);
        const char *fault = date_fault(ctx, y, m, d);
        if (fault && c->ansi) return out_of_bounds(ctx, c, fault);
        if (fault)
            weir_bit_clear(bits, i);
        else
            o[i] = (int32_t)weir_civil_days(y, (int)m, (int)d);
    }
    return WEIR_OK;
}

/* make_timestamp(y, m, d, h, min, decimal(16,6) seconds [, zone]) */
static weir_rc k_make_timestamp(weir_ctx *ctx, weir_call *c) {
    int64_t *o;
    uint8_t *bits;
    WEIR_TRY(weir_out_fixed(ctx, c, &o));
    WEIR_TRY(weir_out_valid(ctx, c, &bits));
    WEIR_EACH(c, i) {
        int64_t v[5], sec = (int64_t)WEIR_AT_ROW(weir_i128, &c->arg[5], i);
        for (int k = 0; k < 5; k++) v[k] = weir_get_int(&c->arg[k], i);
        const char *fault = date_fault(ctx, v[0], v[1], v[2]);
        if (!fault && (v[3] < 0 || v[3] > 23))
            fault =
                weir_printf(ctx->arena, "Invalid value for HourOfDay (valid values 0 - 23): %lld",
                            (long long)v[3]);
        if (!fault && (v[4] < 0 || v[4] > 59))
            fault = weir_printf(ctx->arena,
                                "Invalid value for MinuteOfHour (valid values 0 - 59): %lld",
                                (long long)v[4]);
        if (!fault &&
            (sec < 0 ||
             sec > 60000000)) /* 60 exactly is the next minute (PostgreSQL's rule, as Spark) */
            fault = weir_printf(ctx->arena,
                                "Invalid value for SecondOfMinute (valid values 0 - 59): %lld",
                                (long long)weir_floor_div(sec, 1000000));
        const weir_zone *z = c->bound;
        if (!fault && c->narg > 6) {
            weir_bytes b = weir_get_bytes(&c->arg[6], i);
            z = weir_zone_find(b.p, (size_t)b.len);
            if (!z)
                return weir_call_fail(ctx, c, WEIR_E_INVALID_TIMEZONE, "timeZone",
                                      weir_strndup(ctx->arena, b.p, (size_t)b.len));
        }
        if (fault && c->ansi) return out_of_bounds(ctx, c, fault);
        if (fault) {
            weir_bit_clear(bits, i);
            continue;
        }
        o[i] = weir_zone_to_utc(z, weir_civil_days(v[0], (int)v[1], (int)v[2]) * WEIR_DAY_US +
                                       (v[3] * 60 + v[4]) * 60000000 + sec);
    }
    return WEIR_OK;
}

static weir_rc bind_make_timestamp(weir_ctx *ctx, weir_expr *e) {
    e->bound = (void *)(uintptr_t)weir_zone_session(ctx);
    return weir_coerce(ctx, e->arg[5], weir_type_decimal(ctx->arena, 16, 6), &e->arg[5]);
}

/* make_interval(years, months, weeks, days, hours, mins, decimal(18,6) secs) */
static weir_rc k_make_interval(weir_ctx *ctx, weir_call *c) {
    weir_interval *o;
    WEIR_TRY(weir_out_fixed(ctx, c, &o));
    WEIR_EACH(c, i) {
        int64_t v[6] = {0}, us = 0, m, d;
        for (int k = 0; k < 6 && k < c->narg; k++) v[k] = weir_get_int(&c->arg[k], i);
        if (c->narg > 6) us = (int64_t)WEIR_AT_ROW(weir_i128, &c->arg[6], i);
        m = v[0] * 12 + v[1];
        d = v[2] * 7 + v[3];
        us += v[4] * INT64_C(3600000000) + v[5] * 60000000;
        if ((m != (int32_t)m || d != (int32_t)d) && c->ansi)
            return weir_call_fail(ctx, c, WEIR_E_ARITHMETIC_OVERFLOW, "message", "integer overflow",
                                  "alternative", "", "config", WEIR_ANSI_KEY);
        o[i] = (weir_interval){(int32_t)m, (int32_t)d, us};
    }
    return WEIR_OK;
}

static weir_rc bind_make_interval(weir_ctx *ctx, weir_expr *e) {
    if (e->narg < 7) return WEIR_OK;
    return weir_coerce(ctx, e->arg[6], weir_type_decimal(ctx->arena, 18, 6), &e->arg[6]);
}

static weir_rc k_make_dt(weir_ctx *ctx, weir_call *c) {
    int64_t *o;
    WEIR_TRY(weir_out_fixed(ctx, c, &o));
    WEIR_EACH(c, i) {
        static const int64_t unit[] = {WEIR_DAY_US, INT64_C(3600000000), 60000000};
        int64_t us = c->narg > 3 ? (int64_t)WEIR_AT_ROW(weir_i128, &c->arg[3], i) : 0, part;
        bool bad = false;
        for (int k = 0; k < 3 && k < c->narg; k++)
            bad |= __builtin_mul_overflow(weir_get_int(&c->arg[k], i), unit[k], &part) ||
                   __builtin_add_overflow(us, part, &us);
        if (bad)
            return weir_call_fail(ctx, c, WEIR_E_INTERVAL_ARITHMETIC_OVERFLOW_WITHOUT_SUGGESTION,
                                  NULL);
        o[i] = us;
    }
    return WEIR_OK;
}

static weir_rc bind_make_dt(weir_ctx *ctx, weir_expr *e) {
    if (e->narg < 4) return WEIR_OK;
    return weir_coerce(ctx, e->arg[3], weir_type_decimal(ctx->arena, 18, 6), &e->arg[3]);
}

static weir_rc k_make_ym(weir_ctx *ctx, weir_call *c) {
    int32_t *o;
    WEIR_TRY(weir_out_fixed(ctx, c, &o));
    WEIR_EACH(c, i) {
        int64_t m =
            weir_get_int(&c->arg[0], i) * 12 + (c->narg > 1 ? weir_get_int(&c->arg[1], i) : 0);
        if (m != (int32_t)m)
            return weir_call_fail(ctx, c, WEIR_E_INTERVAL_ARITHMETIC_OVERFLOW_WITHOUT_SUGGESTION,
                                  NULL);
        o[i] = (int32_t)m;
    }
    return WEIR_OK;
}

static const weir_fn datetime_make_fns[] = {
    {"make_date", "(int, int, int) -> date", k_make_date, WEIR_STRICT | WEIR_NULLABLE, NULL, 0},
    {"make_timestamp", "(int, int, int, int, int, decimal, string?) -> timestamp", k_make_timestamp,
     WEIR_STRICT | WEIR_NULLABLE, bind_make_timestamp, 0},
    {"make_interval", "(int?, int?, int?, int?, int?, int?, decimal?) -> interval", k_make_interval,
     WEIR_STRICT, bind_make_interval, 0},
    {"make_dt_interval", "(int?, int?, int?, decimal?) -> interval day to second", k_make_dt,
     WEIR_STRICT, bind_make_dt, 0},
    {"make_ym_interval", "(int, int?) -> interval year to month", k_make_ym, WEIR_STRICT, NULL, 0},
};
WEIR_FAMILY(weir_datetime_make_family, "datetime", datetime_make_fns);
