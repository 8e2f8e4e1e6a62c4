/* Functions on dates and timestamps. SPARK DateTimeUtils, datetimeExpressions. Zones and patterns
 * are prepared by bind. Called by the evaluator; any thread. */
#include "func/datetime.h"
#include "func/decimal.h"
#include "func/loop.h"

#include <math.h>
#include <strings.h>

/* What bind prepares: the session's zone and a compiled pattern (or NULL: the pattern is an
 * argument or the default). */
typedef struct plan {
    const weir_zone *zone;
    weir_pattern *pattern;
    int unit;
} plan;

static const char *lit_text(weir_ctx *ctx, const weir_expr *e) {
    if (e->kind != WEIR_EX_LIT || e->type->kind != WEIR_T_STRING || weir_is_null(&e->lit, 0))
        return NULL;
    weir_bytes b = weir_get_bytes(&e->lit, 0);
    return weir_strndup(ctx->arena, b.p, (size_t)b.len);
}

static plan *plan_new(weir_ctx *ctx, weir_expr *e) {
    plan *p = WEIR_NEW(ctx->arena, plan);
    p->zone = e->narg && e->arg[0]->type->kind == WEIR_T_TIMESTAMP_NTZ ? weir_zone_utc()
                                                                       : weir_zone_session(ctx);
    e->bound = p;
    return p;
}

static weir_rc bind_zone(weir_ctx *ctx, weir_expr *e) {
    (void)plan_new(ctx, e);
    return WEIR_OK;
}

/* ---- now ---- */

static weir_rc k_now(weir_ctx *ctx, weir_call *c) {
    const plan *p = c->bound;
    void *o;
    int64_t us = ctx->epoch ? ctx->epoch->batch_time_ms * 1000 : ctx->now_us,
            local = weir_zone_local(p->zone, us);
    WEIR_TRY(weir_out_fixed(ctx, c, &o));
    for (int64_t i = 0; i < c->len; i++) {
        if (c->out->type->kind == WEIR_T_DATE)
            ((int32_t *)o)[i] = (int32_t)weir_floor_div(local, WEIR_DAY_US);
        else
            ((int64_t *)o)[i] = c->out->type->kind == WEIR_T_TIMESTAMP ? us : local;
    }
    return WEIR_OK;
}

/* ---- fields of a date ---- */

#define DATE_FIELD(name, EXPR)                                                                     \
    static weir_rc name(weir_ctx *ctx, weir_call *c) {                                             \
        int32_t *o;                                                                                \
        WEIR_TRY(weir_out_fixed(ctx, c, &o));                                                      \
        const int32_t *p = WEIR_PTR(int32_t, &c->arg[0]);                                          \
        bool once = WEIR_ONCE(&c->arg[0]);                                                         \
        for (int64_t i = 0; i < c->len; i++) {                                                     \
            int64_t day = p[once ? 0 : i], y;                                                      \
            int m, d;                                                                              \
            weir_civil(day, &y, &m, &d);                                                           \
            o[i] = (int32_t)(EXPR);                                                                \
        }                                                                                          \
        return WEIR_OK;                                                                            \
    }
static int64_t iso_week(int64_t day, int64_t *year) {
    int64_t thursday = day - weir_floor_mod(day + 3, 7) + 3;
    int m, d;
    weir_civil(thursday, year, &m, &d);
    return (thursday - weir_civil_days(*year, 1, 1)) / 7 + 1;
}
DATE_FIELD(k_year, y)
DATE_FIELD(k_month, m)
DATE_FIELD(k_day, d)
DATE_FIELD(k_quarter, (m - 1) / 3 + 1)
DATE_FIELD(k_dayofweek, (weir_floor_mod(day + 4, 7) + 1 + (m - m) + (d - d)))
DATE_FIELD(k_weekday, (weir_floor_mod(day + 3, 7) + (m - m) + (d - d)))
DATE_FIELD(k_dow_iso, (weir_floor_mod(day + 3, 7) + 1 + (m - m) + (d - d)))
DATE_FIELD(k_dayofyear, (day - weir_civil_days(y, 1, 1) + 1 + (m - m) + (d - d)))
DATE_FIELD(k_weekofyear, (iso_week(day, &y) + (m - m) + (d - d)))
DATE_FIELD(k_yearofweek, ((void)iso_week(day, &y), y + (m - m) + (d - d)))
DATE_FIELD(k_last_day, day - d + weir_month_days(y, m))

static weir_rc k_unix_date(weir_ctx *ctx, weir_call *c) {
    WEIR_MAP1(int32_t, int32_t, c, a);
    return WEIR_OK;
}

/* ---- fields of a time ---- */

static weir_rc time_field(weir_ctx *ctx, weir_call *c, int64_t div, int64_t mod) {
    const plan *p = c->bound;
    int32_t *o;
    WEIR_TRY(weir_out_fixed(ctx, c, &o));
    for (int64_t i = 0; i < c->len; i++) {
        int64_t local = weir_zone_local(p->zone, WEIR_AT_ROW(int64_t, &c->arg[0], i));
        o[i] = (int32_t)(weir_floor_mod(local, WEIR_DAY_US) / div % mod);
    }
    return WEIR_OK;
}
static weir_rc k_hour(weir_ctx *ctx, weir_call *c) {
    return time_field(ctx, c, INT64_C(3600000000), 24);
}
static weir_rc k_minute(weir_ctx *ctx, weir_call *c) { return time_field(ctx, c, 60000000, 60); }
static weir_rc k_second(weir_ctx *ctx, weir_call *c) { return time_field(ctx, c, 1000000, 60); }

static weir_rc k_second_fraction(weir_ctx *ctx, weir_call *c) { /* extract(SECOND): decimal(8,6) */
    const plan *p = c->bound;
    weir_i128 *o;
    WEIR_TRY(weir_out_fixed(ctx, c, &o));
    for (int64_t i = 0; i < c->len; i++)
        o[i] =
            weir_floor_mod(weir_zone_local(p->zone, WEIR_AT_ROW(int64_t, &c->arg[0], i)), 60000000);
    return WEIR_OK;
}

static weir_rc bind_seconds(weir_ctx *ctx, weir_expr *e) {
    (void)plan_new(ctx, e);
    e->type = weir_type_decimal(ctx->arena, 8, 6);
    return WEIR_OK;
}

/* ---- day arithmetic ---- */

static weir_rc k_date_add(weir_ctx *ctx, weir_call *c) {
    WEIR_MAP2(int32_t, int32_t, int32_t, c, (uint32_t)a + (uint32_t)b);
    return WEIR_OK;
}
static weir_rc k_date_sub(weir_ctx *ctx, weir_call *c) {
    WEIR_MAP2(int32_t, int32_t, int32_t, c, (uint32_t)a - (uint32_t)b);
    return WEIR_OK;
}
static weir_rc k_add_months(weir_ctx *ctx, weir_call *c) {
    WEIR_MAP2(int32_t, int32_t, int32_t, c, weir_days_add_months(a, b));
    return WEIR_OK;
}

/* SPARK monthsBetween: whole months when the days match or both are last days, else a fraction of
 * 31 days. */
static double months_between(const weir_zone *z, int64_t a, int64_t b, bool round_off) {
    int64_t l1 = weir_zone_local(z, a), l2 = weir_zone_local(z, b), y1, y2;
    int64_t d1 = weir_floor_div(l1, WEIR_DAY_US), d2 = weir_floor_div(l2, WEIR_DAY_US);
    int m1, m2, k1, k2;
    weir_civil(d1, &y1, &m1, &k1);
    weir_civil(d2, &y2, &m2, &k2);
    double months = (double)((y1 * 12 + m1) - (y2 * 12 + m2));
    if (k1 == k2 || (k1 == weir_month_days(y1, m1) && k2 == weir_month_days(y2, m2))) return months;
    int64_t s1 = weir_floor_div(l1 - d1 * WEIR_DAY_US, 1000000),
            s2 = weir_floor_div(l2 - d2 * WEIR_DAY_US, 1000000);
    double r = months + (double)((int64_t)(k1 - k2) * 86400 + s1 - s2) / (31.0 * 86400);
    return round_off ? round(r * 1e8) / 1e8 : r;
}

static weir_rc k_months_between(weir_ctx *ctx, weir_call *c) {
    const plan *p = c->bound;
    double *o;
    WEIR_TRY(weir_out_fixed(ctx, c, &o));
    WEIR_EACH(c, i)
    o[i] = months_between(p->zone, WEIR_AT_ROW(int64_t, &c->arg[0], i),
                          WEIR_AT_ROW(int64_t, &c->arg[1], i),
                          c->narg < 3 || WEIR_AT_ROW(uint8_t, &c->arg[2], i));
    return WEIR_OK;
}

static int day_of(weir_bytes b) { /* 0 Thursday (1970-01-01) .. 6; -1 unknown */
    static const char *const names[] = {"TH", "FR", "SA", "SU", "MO", "TU", "WE"};
    static const char *const full[] = {"THURSDAY", "FRIDAY",  "SATURDAY", "SUNDAY",
                                       "MONDAY",   "TUESDAY", "WEDNESDAY"};
    for (int i = 0; i < 7; i++) {
        int n = (int)strlen(full[i]);
        if ((b.len == 2 && strncasecmp(b.p, names[i], 2) == 0) ||
            ((b.len == 3 || b.len == n) && strncasecmp(b.p, full[i], (size_t)b.len) == 0))
            return i;
    }
    return -1;
}

static weir_rc k_next_day(weir_ctx *ctx, weir_call *c) {
    int32_t *o;
    uint8_t *bits;
    WEIR_TRY(weir_out_fixed(ctx, c, &o));
    WEIR_TRY(weir_out_valid(ctx, c, &bits));
    WEIR_EACH(c, i) {
        weir_bytes b = weir_get_bytes(&c->arg[1], i);
        int want = day_of(b);
        int32_t d = WEIR_AT_ROW(int32_t, &c->arg[0], i);
        if (want < 0 && c->ansi)
            return weir_call_fail(ctx, c, WEIR_E_ILLEGAL_DAY_OF_WEEK, "string",
                                  weir_printf(ctx->arena, "'%.*s'", (int)b.len, b.p));
        if (want < 0)
            weir_bit_clear(bits, i);
        else
            o[i] = d + 1 + (int32_t)weir_floor_mod(want - 1 - d, 7);
    }
    return WEIR_OK;
}

/* ---- trunc, date_trunc ---- */

enum {
    U_NONE,
    U_MICRO,
    U_MILLI,
    U_SECOND,
    U_MINUTE,
    U_HOUR,
    U_DAY,
    U_WEEK,
    U_MONTH,
    U_QUARTER,
    U_YEAR
};

static int trunc_unit(weir_bytes b) {
    static const struct {
        const char *name;
        int unit;
    } u[] = {{"MICROSECOND", U_MICRO},
             {"MILLISECOND", U_MILLI},
             {"SECOND", U_SECOND},
             {"MINUTE", U_MINUTE},
             {"HOUR", U_HOUR},
             {"DAY", U_DAY},
             {"DD", U_DAY},
             {"WEEK", U_WEEK},
             {"MON", U_MONTH},
             {"MONTH", U_MONTH},
             {"MM", U_MONTH},
             {"QUARTER", U_QUARTER},
             {"YEAR", U_YEAR},
             {"YYYY", U_YEAR},
             {"YY", U_YEAR}};
    for (size_t i = 0; i < sizeof u / sizeof *u; i++)
        if ((int)strlen(u[i].name) == b.len && strncasecmp(u[i].name, b.p, (size_t)b.len) == 0)
            return u[i].unit;
    return U_NONE;
}

static int64_t trunc_day(int64_t day, int unit) {
    int64_t y;
    int m, d;
    if (unit == U_WEEK) return day - weir_floor_mod(day + 3, 7);
    weir_civil(day, &y, &m, &d);
    if (unit == U_QUARTER) m = (m - 1) / 3 * 3 + 1;
    if (unit == U_YEAR) m = 1;
    return weir_civil_days(y, m, 1);
}

static int64_t trunc_us(const weir_zone *z, int64_t us, int unit) {
    static const int64_t width[] = {1, 1, 1000, 1000000, 60000000, INT64_C(3600000000)};
    if (unit <= U_SECOND) return us - weir_floor_mod(us, width[unit]);
    int64_t local = weir_zone_local(z, us), off = local - us;
    if (unit <= U_HOUR) /* the hour may have begun in another offset */
        return weir_zone_to_utc_near(z, local - weir_floor_mod(local, width[unit]),
                                     (int32_t)(off / 1000000));
    int64_t day = weir_floor_div(local, WEIR_DAY_US);
    if (unit == U_DAY) return weir_zone_to_utc_near(z, day * WEIR_DAY_US, (int32_t)(off / 1000000));
    return weir_zone_to_utc(z, trunc_day(day, unit) * WEIR_DAY_US);
}

static weir_rc k_trunc(weir_ctx *ctx, weir_call *c) {
    int32_t *o;
    uint8_t *bits;
    WEIR_TRY(weir_out_fixed(ctx, c, &o));
    WEIR_TRY(weir_out_valid(ctx, c, &bits));
    WEIR_EACH(c, i) {
        int unit = trunc_unit(weir_get_bytes(&c->arg[1], i));
        if (unit < U_WEEK)
            weir_bit_clear(bits, i);
        else
            o[i] = (int32_t)trunc_day(WEIR_AT_ROW(int32_t, &c->arg[0], i), unit);
    }
    return WEIR_OK;
}

static weir_rc k_date_trunc(weir_ctx *ctx, weir_call *c) {
    const plan *p = c->bound;
    int64_t *o;
    uint8_t *bits;
    WEIR_TRY(weir_out_fixed(ctx, c, &o));
    WEIR_TRY(weir_out_valid(ctx, c, &bits));
    WEIR_EACH(c, i) {
        int unit = trunc_unit(weir_get_bytes(&c->arg[0], i));
        if (unit == U_NONE)
            weir_bit_clear(bits, i);
        else
            o[i] = trunc_us(p->zone, WEIR_AT_ROW(int64_t, &c->arg[1], i), unit);
    }
    return WEIR_OK;
}

/* ---- epochs ---- */

static weir_rc k_micros_of(weir_ctx *ctx, weir_call *c) {
    WEIR_MAP1(int64_t, int64_t, c, a);
    return WEIR_OK;
}
static weir_rc k_millis_of(weir_ctx *ctx, weir_call *c) {
    WEIR_MAP1(int64_t, int64_t, c, weir_floor_div(a, 1000));
    return WEIR_OK;
}
static weir_rc k_seconds_of(weir_ctx *ctx, weir_call *c) {
    WEIR_MAP1(int64_t, int64_t, c, weir_floor_div(a, 1000000));
    return WEIR_OK;
}

static weir_rc from_units(weir_ctx *ctx, weir_call *c, int64_t unit) {
    int64_t *o;
    WEIR_TRY(weir_out_fixed(ctx, c, &o));
    WEIR_EACH(c, i) {
        if (__builtin_mul_overflow(weir_get_int(&c->arg[0], i), unit, &o[i]))
            return weir_call_fail(ctx, c, WEIR_E_ARITHMETIC_OVERFLOW, "message", "long overflow",
                                  "alternative", "", "config", WEIR_ANSI_KEY);
    }
    return WEIR_OK;
}
static weir_rc k_from_seconds(weir_ctx *ctx, weir_call *c) { return from_units(ctx, c, 1000000); }
static weir_rc k_from_millis(weir_ctx *ctx, weir_call *c) { return from_units(ctx, c, 1000); }
static weir_rc k_from_micros(weir_ctx *ctx, weir_call *c) { return from_units(ctx, c, 1); }

static weir_rc k_from_real_seconds(weir_ctx *ctx, weir_call *c) {
    WEIR_MAP1(double, int64_t, c, a * 1e6);
    return WEIR_OK;
}

static weir_rc k_from_dec_seconds(weir_ctx *ctx, weir_call *c) {
    int64_t *o;
    weir_i128 v = 0;
    WEIR_TRY(weir_out_fixed(ctx, c, &o));
    WEIR_EACH(c, i) {
        if (!weir_dec_rescale(WEIR_AT_ROW(weir_i128, &c->arg[0], i), c->arg[0].type->scale, 6, 19,
                              &v))
            return weir_call_fail(ctx, c, WEIR_E_ARITHMETIC_OVERFLOW, "message", "long overflow",
                                  "alternative", "", "config", WEIR_ANSI_KEY);
        o[i] = (int64_t)v;
    }
    return WEIR_OK;
}

/* ---- other zones ---- */

static weir_rc shift_zone(weir_ctx *ctx, weir_call *c, bool to_utc) {
    int64_t *o;
    WEIR_TRY(weir_out_fixed(ctx, c, &o));
    WEIR_EACH(c, i) {
        weir_bytes b = weir_get_bytes(&c->arg[1], i);
        const weir_zone *z = weir_zone_find(b.p, (size_t)b.len);
        int64_t us = WEIR_AT_ROW(int64_t, &c->arg[0], i);
        if (!z)
            return weir_call_fail(ctx, c, WEIR_E_INVALID_TIMEZONE, "timeZone",
                                  weir_strndup(ctx->arena, b.p, (size_t)b.len));
        /* SPARK convertTz: the session's zone has no part in it */
        o[i] = to_utc ? weir_zone_to_utc(z, us) : weir_zone_local(z, us);
    }
    return WEIR_OK;
}
static weir_rc k_from_utc(weir_ctx *ctx, weir_call *c) { return shift_zone(ctx, c, false); }
static weir_rc k_to_utc(weir_ctx *ctx, weir_call *c) { return shift_zone(ctx, c, true); }

/* ---- patterns ---- */

typedef enum { ON_ERROR_CONF, ON_ERROR_NULL } on_error;

static weir_rc bind_pattern(weir_ctx *ctx, weir_expr *e, int at, bool parsing) {
    plan *p = plan_new(ctx, e);
    if (parsing) p->zone = weir_zone_session(ctx);
    const char *text = e->narg > at ? lit_text(ctx, e->arg[at]) : NULL;
    if (!text) return WEIR_OK;
    return weir_pattern_compile(ctx, text, strlen(text), parsing, &p->pattern);
}

static weir_rc pattern_at(weir_ctx *ctx, const weir_call *c, int64_t i, bool parsing,
                          const weir_pattern **out) {
    const plan *p = c->bound;
    weir_pattern *w = p->pattern;
    if (!w) {
        weir_bytes b = weir_get_bytes(&c->arg[1], i);
        WEIR_TRY(weir_pattern_compile(ctx, b.p, (size_t)b.len, parsing, &w));
    }
    *out = w;
    return WEIR_OK;
}

static weir_rc cannot_parse(weir_ctx *ctx, const weir_call *c, weir_bytes b, const char *func) {
    return weir_call_fail(
        ctx, c, WEIR_E_CANNOT_PARSE_TIMESTAMP, "message",
        weir_printf(ctx->arena, "Text '%.*s' could not be parsed at index 0", (int)b.len, b.p),
        "func", weir_printf(ctx->arena, "`%s`", func), "ansiConfig", WEIR_ANSI_KEY);
}

/* Text to micros by pattern; out is TIMESTAMP, _NTZ, DATE or LONG (seconds). */
static weir_rc parse_rows(weir_ctx *ctx, weir_call *c, on_error mode) {
    const plan *p = c->bound;
    void *o;
    uint8_t *bits;
    weir_kind k = c->out->type->kind;
    const weir_zone *zone =
        k == WEIR_T_TIMESTAMP_NTZ || k == WEIR_T_DATE ? weir_zone_utc() : p->zone;
    WEIR_TRY(weir_out_fixed(ctx, c, &o));
    WEIR_TRY(weir_out_valid(ctx, c, &bits));
    for (int64_t i = 0; i < c->len; i++) {
        int64_t us = 0;
        const weir_pattern *w;
        if (!weir_call_null(c, i)) {
            weir_bytes b = weir_get_bytes(&c->arg[0], i);
            WEIR_TRY(pattern_at(ctx, c, i, true, &w));
            if (!weir_pattern_parse(w, b.p, b.len, zone, &us)) {
                if (mode == ON_ERROR_CONF && c->ansi)
                    return cannot_parse(ctx, c, b,
                                        k == WEIR_T_DATE ? "try_to_date" : "try_to_timestamp");
                weir_bit_clear(bits, i);
            }
        }
        if (k == WEIR_T_DATE)
            ((int32_t *)o)[i] = (int32_t)weir_floor_div(us, WEIR_DAY_US);
        else
            ((int64_t *)o)[i] = k == WEIR_T_LONG ? weir_floor_div(us, 1000000) : us;
    }
    return WEIR_OK;
}
static weir_rc k_parse(weir_ctx *ctx, weir_call *c) { return parse_rows(ctx, c, ON_ERROR_CONF); }
static weir_rc k_try_parse(weir_ctx *ctx, weir_call *c) {
    return parse_rows(ctx, c, ON_ERROR_NULL);
}

static weir_rc bind_parse(weir_ctx *ctx, weir_expr *e) { return bind_pattern(ctx, e, 1, true); }

/* to_date(x), to_timestamp(x): the cast itself takes the place of the call. */
static weir_rc as_cast(weir_ctx *ctx, weir_expr *e, const weir_type *t, weir_cast_mode mode) {
    weir_expr *cast = NULL;
    WEIR_TRY(weir_cast_resolve(ctx, e->arg[0], t, mode, &cast));
    weir_pos at = e->at;
    const char *name = e->name; /* printed as written */
    *e = *cast;
    e->at = at;
    e->name = name;
    return WEIR_OK;
}
static weir_rc bind_cast(weir_ctx *ctx, weir_expr *e) {
    return as_cast(ctx, e, e->type, WEIR_CAST_DEFAULT);
}
static weir_rc bind_try_cast(weir_ctx *ctx, weir_expr *e) {
    return as_cast(ctx, e, e->type, WEIR_CAST_TRY);
}
static weir_rc k_none(weir_ctx *ctx, weir_call *c) {
    return weir_column_null(ctx, c->out->type, c->len, c->out);
}

/* A pattern beside a value that is no text: the value is cast, the pattern ignored. SPARK
 * ParseToDate */
static weir_rc bind_parse_any(weir_ctx *ctx, weir_expr *e) {
    weir_kind k = e->arg[0]->type->kind;
    if (k == WEIR_T_STRING || k == WEIR_T_VOID) {
        WEIR_TRY(weir_coerce(ctx, e->arg[0], &weir_t_string, &e->arg[0]));
        WEIR_TRY(weir_coerce(ctx, e->arg[1], &weir_t_string, &e->arg[1]));
        e->nullable = true;
        return bind_parse(ctx, e);
    }
    return as_cast(ctx, e, e->type, WEIR_CAST_DEFAULT);
}

static weir_rc k_format(weir_ctx *ctx, weir_call *c) {
    const plan *p = c->bound;
    weir_build b;
    weir_str s;
    WEIR_TRY(weir_out_start(ctx, c, &b));
    weir_str_init(&s, ctx->arena, 1 << 20);
    for (int64_t i = 0; i < c->len; i++) {
        const weir_pattern *w;
        if (weir_call_null(c, i)) {
            weir_build_null(&b);
            continue;
        }
        WEIR_TRY(pattern_at(ctx, c, i, false, &w));
        s.len = 0;
        int64_t v = WEIR_AT_ROW(int64_t, &c->arg[0], i);
        weir_pattern_format(w, c->arg[0].type->kind == WEIR_T_LONG ? v * 1000000 : v, p->zone, &s);
        weir_build_bytes(&b, s.p ? s.p : "", s.len);
    }
    return weir_out_build(ctx, c, &b);
}
static weir_rc bind_format(weir_ctx *ctx, weir_expr *e) { return bind_pattern(ctx, e, 1, false); }

static weir_rc bind_from_unixtime(weir_ctx *ctx, weir_expr *e) {
    if (e->narg == 1) {
        weir_expr **arg = WEIR_NEWN(ctx->arena, weir_expr *, 2);
        arg[0] = e->arg[0];
        arg[1] = weir_lit_string(ctx->arena, "yyyy-MM-dd HH:mm:ss", 19);
        e->arg = arg;
        e->narg = 2;
    }
    WEIR_TRY(bind_format(ctx, e));
    plan *p = e->bound;
    p->zone = weir_zone_session(ctx);
    return WEIR_OK;
}

static weir_rc k_unix_now(weir_ctx *ctx, weir_call *c) {
    int64_t *o, us = ctx->epoch ? ctx->epoch->batch_time_ms * 1000 : ctx->now_us;
    WEIR_TRY(weir_out_fixed(ctx, c, &o));
    for (int64_t i = 0; i < c->len; i++) o[i] = weir_floor_div(us, 1000000);
    return WEIR_OK;
}

/* unix_timestamp(text [, pattern]); dates and timestamps go through the cast. */
static weir_rc bind_unix(weir_ctx *ctx, weir_expr *e) {
    static const weir_fn seconds = {"unix_timestamp",
                                    "(timestamp) -> bigint",
                                    k_seconds_of,
                                    WEIR_STRICT | WEIR_CANNOT_FAIL,
                                    NULL,
                                    0};
    weir_kind k = e->arg[0]->type->kind;
    e->nullable = true;
    if (k == WEIR_T_DATE || k == WEIR_T_TIMESTAMP || k == WEIR_T_TIMESTAMP_NTZ) {
        WEIR_TRY(weir_coerce(ctx, e->arg[0], &weir_t_timestamp, &e->arg[0]));
        e->narg = 1;
        e->fn = &seconds;
        return WEIR_OK;
    }
    weir_expr **arg = WEIR_NEWN(ctx->arena, weir_expr *, 2);
    arg[0] = e->arg[0];
    arg[1] = e->narg > 1 ? e->arg[1] : weir_lit_string(ctx->arena, "yyyy-MM-dd HH:mm:ss", 19);
    e->arg = arg;
    e->narg = 2;
    for (int i = 0; i < 2; i++) WEIR_TRY(weir_coerce(ctx, arg[i], &weir_t_string, &arg[i]));
    return bind_parse(ctx, e);
}

static weir_rc name_of(weir_ctx *ctx, weir_call *c, const char *pattern) {
    weir_pattern *w = NULL;
    weir_build b;
    weir_str s;
    WEIR_TRY(weir_pattern_compile(ctx, pattern, strlen(pattern), false, &w));
    WEIR_TRY(weir_out_start(ctx, c, &b));
    weir_str_init(&s, ctx->arena, 1 << 20);
    for (int64_t i = 0; i < c->len; i++) {
        s.len = 0;
        if (weir_call_null(c, i))
            weir_build_null(&b);
        else {
            weir_pattern_format(w, WEIR_AT_ROW(int32_t, &c->arg[0], i) * WEIR_DAY_US,
                                weir_zone_utc(), &s);
            weir_build_bytes(&b, s.p, s.len);
        }
    }
    return weir_out_build(ctx, c, &b);
}
static weir_rc k_monthname(weir_ctx *ctx, weir_call *c) { return name_of(ctx, c, "MMM"); }
static weir_rc k_dayname(weir_ctx *ctx, weir_call *c) { return name_of(ctx, c, "E"); }

/* The function of an interval's field; NULL: x is none, or has no such field. */
static const char *interval_part(const char *of, weir_kind k) {
    static const char *const map[][2] = {
        {"year", "_interval_year"},     {"month", "_interval_month"},
        {"day", "_interval_day"},       {"hour", "_interval_hour"},
        {"minute", "_interval_minute"}, {"_seconds", "_interval_second"}};
    if (k != WEIR_T_INTERVAL && k != WEIR_T_INTERVAL_DT && k != WEIR_T_INTERVAL_YM) return NULL;
    for (int i = 0; i < 6; i++)
        if (strcmp(map[i][0], of) == 0 && k != (i < 2 ? WEIR_T_INTERVAL_DT : WEIR_T_INTERVAL_YM))
            return map[i][1];
    return NULL;
}

/* date_part(field, x): the function of the field takes its place. */
static weir_rc bind_part(weir_ctx *ctx, weir_expr *e) {
    static const char *const map[][2] = {{"YEAR", "year"},
                                         {"Y", "year"},
                                         {"YEARS", "year"},
                                         {"YR", "year"},
                                         {"YRS", "year"},
                                         {"YEAROFWEEK", "_yearofweek"},
                                         {"QUARTER", "quarter"},
                                         {"QTR", "quarter"},
                                         {"MONTH", "month"},
                                         {"MON", "month"},
                                         {"MONS", "month"},
                                         {"MONTHS", "month"},
                                         {"WEEK", "weekofyear"},
                                         {"W", "weekofyear"},
                                         {"WEEKS", "weekofyear"},
                                         {"DAY", "day"},
                                         {"D", "day"},
                                         {"DAYS", "day"},
                                         {"DAYOFWEEK", "dayofweek"},
                                         {"DOW", "dayofweek"},
                                         {"DAYOFWEEK_ISO", "_dow_iso"},
                                         {"DOW_ISO", "_dow_iso"},
                                         {"DOY", "dayofyear"},
                                         {"HOUR", "hour"},
                                         {"H", "hour"},
                                         {"HOURS", "hour"},
                                         {"HR", "hour"},
                                         {"HRS", "hour"},
                                         {"MINUTE", "minute"},
                                         {"M", "minute"},
                                         {"MIN", "minute"},
                                         {"MINS", "minute"},
                                         {"MINUTES", "minute"},
                                         {"SECOND", "_seconds"},
                                         {"S", "_seconds"},
                                         {"SEC", "_seconds"},
                                         {"SECONDS", "_seconds"},
                                         {"SECS", "_seconds"}};
    const char *field = lit_text(ctx, e->arg[0]), *name = e->name;
    weir_expr *r = NULL;
    for (size_t i = 0; field && i < sizeof map / sizeof *map; i++) {
        if (strcasecmp(field, map[i][0]) != 0) continue;
        const char *of = map[i][1], *other = interval_part(of, e->arg[1]->type->kind);
        WEIR_TRY(weir_call_by_name(ctx, other ? other : of, 1, &e->arg[1], &r));
        r->name = name;
        *e = *r;
        return WEIR_OK;
    }
    return weir_fail(
        ctx, WEIR_E_UNSUPPORTED_EXPR, "feature",
        weir_printf(ctx->arena,
                    "the field %s of %s. Use one of the fields of dates and timestamps.",
                    field ? field : "(not a literal)", name));
}

/* convert_timezone([source,] target, timestamp_ntz) */
static weir_rc k_convert(weir_ctx *ctx, weir_call *c) {
    const plan *p = c->bound;
    int64_t *o;
    int n = c->narg;
    WEIR_TRY(weir_out_fixed(ctx, c, &o));
    WEIR_EACH(c, i) {
        const weir_zone *z[2] = {p->zone, NULL};
        for (int k = 0; k < n - 1; k++) {
            weir_bytes b = weir_get_bytes(&c->arg[k], i);
            z[n == 2 ? 1 : k] = weir_zone_find(b.p, (size_t)b.len);
            if (!z[n == 2 ? 1 : k])
                return weir_call_fail(ctx, c, WEIR_E_INVALID_TIMEZONE, "timeZone",
                                      weir_strndup(ctx->arena, b.p, (size_t)b.len));
        }
        o[i] =
            weir_zone_local(z[1], weir_zone_to_utc(z[0], WEIR_AT_ROW(int64_t, &c->arg[n - 1], i)));
    }
    return WEIR_OK;
}

static weir_rc bind_decimal_cast(weir_ctx *ctx, weir_expr *e) {
    return as_cast(ctx, e, weir_type_decimal(ctx->arena, 10, 0), WEIR_CAST_DEFAULT);
}

#define TYPE(n)                                                                                    \
    { n, "(any) -> " n, k_none, WEIR_NO_COERCE, bind_cast, 0 } /* int(x) is CAST(x AS INT) */
#define S WEIR_STRICT
#define SC (WEIR_STRICT | WEIR_CANNOT_FAIL)
#define SN (WEIR_STRICT | WEIR_NULLABLE)
#define NOW (WEIR_FOLD_NEVER | WEIR_CANNOT_FAIL)
#define FIELD(n, k)                                                                                \
    { n, "(date) -> int", k, SC, NULL, 0 }
#define PART(n, k)                                                                                 \
    {n, "(timestamp_ntz) -> int", k, SC, bind_zone, 0}, {                                          \
        n, "(timestamp) -> int", k, SC, bind_zone, 0                                               \
    }
static const weir_fn datetime_fns[] = {
    {"current_timestamp", "() -> timestamp!", k_now, NOW, bind_zone, 0},
    {"now", "() -> timestamp!", k_now, NOW, bind_zone, 0},
    {"current_date", "() -> date!", k_now, NOW, bind_zone, 0},
    {"curdate", "() -> date!", k_now, NOW, bind_zone, 0},
    {"localtimestamp", "() -> timestamp_ntz!", k_now, NOW, bind_zone, 0},
    FIELD("year", k_year),
    FIELD("month", k_month),
    FIELD("day", k_day),
    FIELD("dayofmonth", k_day),
    FIELD("quarter", k_quarter),
    FIELD("dayofweek", k_dayofweek),
    FIELD("weekday", k_weekday),
    FIELD("dayofyear", k_dayofyear),
    FIELD("weekofyear", k_weekofyear),
    FIELD("_yearofweek", k_yearofweek),
    FIELD("_dow_iso", k_dow_iso),
    FIELD("unix_date", k_unix_date),
    PART("hour", k_hour),
    PART("minute", k_minute),
    PART("second", k_second),
    {"_seconds", "(timestamp_ntz) -> any", k_second_fraction, SC, bind_seconds, 0},
    {"_seconds", "(timestamp) -> any", k_second_fraction, SC, bind_seconds, 0},
    {"last_day", "(date) -> date", k_last_day, SC, NULL, 0},
    {"next_day", "(date, string) -> date", k_next_day, SN, NULL, 0},
    {"date_from_unix_date", "(int) -> date", k_unix_date, SC, NULL, 0},
    {"date_add", "(date, int) -> date", k_date_add, SC, NULL, 0},
    {"dateadd", "(date, int) -> date", k_date_add, SC, NULL, 0},
    {"date_sub", "(date, int) -> date", k_date_sub, SC, NULL, 0},
    {"datediff", "(date, date) -> int", k_date_sub, SC, NULL, 0},
    {"date_diff", "(date, date) -> int", k_date_sub, SC, NULL, 0},
    {"add_months", "(date, int) -> date", k_add_months, SC, NULL, 0},
    {"months_between", "(timestamp, timestamp, boolean?) -> double", k_months_between, SC,
     bind_zone, 0},
    {"trunc", "(date, string) -> date", k_trunc, SN | WEIR_CANNOT_FAIL, NULL, 0},
    {"date_trunc", "(string, timestamp) -> timestamp", k_date_trunc, SN | WEIR_CANNOT_FAIL,
     bind_zone, 0},
    {"unix_micros", "(timestamp) -> bigint", k_micros_of, SC, NULL, 0},
    {"unix_millis", "(timestamp) -> bigint", k_millis_of, SC, NULL, 0},
    {"unix_seconds", "(timestamp) -> bigint", k_seconds_of, SC, NULL, 0},
    {"timestamp_seconds", "(integral) -> timestamp", k_from_seconds, S, NULL, 0},
    {"timestamp_seconds", "(decimal) -> timestamp", k_from_dec_seconds, S, NULL, 0},
    {"timestamp_seconds", "(double) -> timestamp", k_from_real_seconds, S, NULL, 0},
    {"timestamp_millis", "(integral) -> timestamp", k_from_millis, S, NULL, 0},
    {"timestamp_micros", "(integral) -> timestamp", k_from_micros, S, NULL, 0},
    {"from_utc_timestamp", "(timestamp, string) -> timestamp", k_from_utc, S, bind_zone, 0},
    {"to_utc_timestamp", "(timestamp, string) -> timestamp", k_to_utc, S, bind_zone, 0},
    TYPE("boolean"),
    TYPE("tinyint"),
    TYPE("smallint"),
    TYPE("int"),
    TYPE("bigint"),
    TYPE("float"),
    TYPE("double"),
    TYPE("string"),
    TYPE("binary"),
    {"decimal", "(any) -> decimal", k_none, WEIR_NO_COERCE, bind_decimal_cast, 0},
    {"to_date", "(any) -> date", k_none, WEIR_NO_COERCE, bind_cast, 0},
    {"date", "(any) -> date", k_none, WEIR_NO_COERCE, bind_cast, 0},
    {"to_date", "(any, any) -> date", k_parse, SN | WEIR_NO_COERCE, bind_parse_any, 0},
    {"try_to_date", "(any) -> date", k_none, WEIR_NO_COERCE, bind_try_cast, 0},
    {"try_to_date", "(string, string) -> date", k_try_parse, SN, bind_parse, 0},
    {"to_timestamp", "(any) -> timestamp", k_none, WEIR_NO_COERCE, bind_cast, 0},
    {"timestamp", "(any) -> timestamp", k_none, WEIR_NO_COERCE, bind_cast, 0},
    {"to_timestamp", "(any, any) -> timestamp", k_parse, SN | WEIR_NO_COERCE, bind_parse_any, 0},
    {"to_timestamp_ltz", "(any) -> timestamp", k_none, WEIR_NO_COERCE, bind_cast, 0},
    {"to_timestamp_ltz", "(any, any) -> timestamp", k_parse, SN | WEIR_NO_COERCE, bind_parse_any,
     0},
    {"to_timestamp_ntz", "(any) -> timestamp_ntz", k_none, WEIR_NO_COERCE, bind_cast, 0},
    {"to_timestamp_ntz", "(any, any) -> timestamp_ntz", k_parse, SN | WEIR_NO_COERCE,
     bind_parse_any, 0},
    {"try_to_timestamp", "(any) -> timestamp", k_none, WEIR_NO_COERCE, bind_try_cast, 0},
    {"try_to_timestamp", "(string, string) -> timestamp", k_try_parse, SN, bind_parse, 0},
    {"date_format", "(timestamp, string) -> string", k_format, S, bind_format, 0},
    {"from_unixtime", "(bigint, string?) -> string", k_format, S, bind_from_unixtime, 0},
    {"unix_timestamp", "() -> bigint!", k_unix_now, NOW, NULL, 0},
    {"unix_timestamp", "(any, any?) -> bigint", k_parse, SN | WEIR_NO_COERCE, bind_unix, 0},
    {"to_unix_timestamp", "(any, any?) -> bigint", k_parse, SN | WEIR_NO_COERCE, bind_unix, 0},
    {"date_part", "(any, any) -> int", k_none, WEIR_NO_COERCE, bind_part, 0},
    {"datepart", "(any, any) -> int", k_none, WEIR_NO_COERCE, bind_part, 0},
    {"extract", "(any, any) -> int", k_none, WEIR_NO_COERCE, bind_part, 0},
    {"convert_timezone", "(string, timestamp_ntz) -> timestamp_ntz", k_convert, S, bind_zone, 0},
    {"convert_timezone", "(string, string, timestamp_ntz) -> timestamp_ntz", k_convert, S,
     bind_zone, 0},
    {"monthname", "(date) -> string", k_monthname, SC, NULL, 0},
    {"dayname", "(date) -> string", k_dayname, SC, NULL, 0},
};
WEIR_FAMILY(weir_datetime_family, "datetime", datetime_fns);
