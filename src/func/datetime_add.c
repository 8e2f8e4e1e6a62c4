/* timestampadd, timestampdiff; the fields of intervals for date_part. Called by the evaluator; any
 * thread. SPARK TimestampAdd, TimestampDiff, ExtractIntervalPart */
#include "func/datetime.h"
#include "func/loop.h"

#include <strings.h>

typedef struct unit {
    const char *name;
    int64_t months, days, us;
} unit;
static const unit units[] = {
    {"YEAR", 12, 0, 0},          {"QUARTER", 3, 0, 0},       {"MONTH", 1, 0, 0},
    {"WEEK", 0, 7, 0},           {"DAY", 0, 1, 0},           {"DAYOFYEAR", 0, 1, 0},
    {"HOUR", 0, 0, 3600000000},  {"MINUTE", 0, 0, 60000000}, {"SECOND", 0, 0, 1000000},
    {"MILLISECOND", 0, 0, 1000}, {"MICROSECOND", 0, 0, 1}};

typedef struct shift {
    const unit *u;
    const weir_zone *zone;
} shift;

static weir_rc bind_unit(weir_ctx *ctx, weir_expr *e, shift **out) {
    const weir_expr *a = e->arg[0];
    shift *s = WEIR_NEW(ctx->arena, shift);
    weir_bytes t = {"", 0};
    while (a->kind == WEIR_EX_ALIAS) a = a->arg[0];
    if (a->kind == WEIR_EX_LIT && a->type->kind == WEIR_T_STRING && !weir_is_null(&a->lit, 0))
        t = weir_get_bytes(&a->lit, 0);
    for (int i = 0; i < WEIR_COUNT(units); i++)
        if ((size_t)t.len == strlen(units[i].name) &&
            strncasecmp(t.p, units[i].name, (size_t)t.len) == 0)
            s->u = &units[i];
    if (!s->u)
        return weir_fail(ctx, WEIR_E_INVALID_DATETIME_UNIT, "functionName",
                         weir_printf(ctx->arena, "`%s`", e->name), "parameter", "`unit`",
                         "invalidValue", weir_printf(ctx->arena, "'%.*s'", (int)t.len, t.p));
    s->zone = weir_zone_session(ctx);
    *out = s;
    return WEIR_OK;
}

/* Argument i as a timestamp, or as it is without a zone. */
static weir_rc time_arg(weir_ctx *ctx, weir_expr *e, int i, shift *s) {
    if (e->arg[i]->type->kind != WEIR_T_TIMESTAMP_NTZ)
        return weir_coerce(ctx, e->arg[i], &weir_t_timestamp, &e->arg[i]);
    s->zone = weir_zone_utc();
    return WEIR_OK;
}

static weir_rc bind_add(weir_ctx *ctx, weir_expr *e) {
    shift *s = NULL;
    WEIR_TRY(bind_unit(ctx, e, &s));
    WEIR_TRY(time_arg(ctx, e, 2, s));
    WEIR_TRY(weir_coerce(ctx, e->arg[1], &weir_t_long, &e->arg[1]));
    e->type = e->arg[2]->type;
    e->bound = s;
    return WEIR_OK;
}

static weir_rc k_add(weir_ctx *ctx, weir_call *c) {
    const shift *s = c->bound;
    int64_t *o;
    WEIR_TRY(weir_out_fixed(ctx, c, &o));
    WEIR_EACH(c, i) {
        int64_t n = WEIR_AT_ROW(int64_t, &c->arg[1], i), m, d, us;
        bool over = __builtin_mul_overflow(n, s->u->months, &m) ||
                    __builtin_mul_overflow(n, s->u->days, &d) ||
                    __builtin_mul_overflow(n, s->u->us, &us);
        if (over ||
            !weir_timestamp_add(WEIR_AT_ROW(int64_t, &c->arg[2], i), s->zone, m, d, us, &o[i]))
            return weir_call_fail(
                ctx, c, WEIR_E_DATETIME_OVERFLOW, "operation",
                weir_printf(ctx->arena, "add %lld %s to a timestamp", (long long)n, s->u->name));
    }
    return WEIR_OK;
}

static weir_rc bind_diff(weir_ctx *ctx, weir_expr *e) {
    shift *s = NULL;
    WEIR_TRY(bind_unit(ctx, e, &s));
    WEIR_TRY(time_arg(ctx, e, 1, s));
    WEIR_TRY(time_arg(ctx, e, 2, s));
    const weir_type *t = weir_common_type(ctx, e->arg[1]->type, e->arg[2]->type);
    if (!t) t = &weir_t_timestamp;
    WEIR_TRY(weir_coerce(ctx, e->arg[1], t, &e->arg[1]));
    WEIR_TRY(weir_coerce(ctx, e->arg[2], t, &e->arg[2]));
    if (t->kind == WEIR_T_TIMESTAMP) s->zone = weir_zone_session(ctx);
    e->bound = s;
    return WEIR_OK;
}

/* Whole months from a to b, both wall clocks: LocalDateTime.until. */
static int64_t months_until(int64_t a, int64_t b) {
    int64_t d1 = weir_floor_div(a, WEIR_DAY_US), d2 = weir_floor_div(b, WEIR_DAY_US), y1, y2;
    int64_t t1 = a - d1 * WEIR_DAY_US, t2 = b - d2 * WEIR_DAY_US;
    int m1, m2, k1, k2;
    if (d2 > d1 && t2 < t1)
        d2--;
    else if (d2 < d1 && t2 > t1)
        d2++;
    weir_civil(d1, &y1, &m1, &k1);
    weir_civil(d2, &y2, &m2, &k2);
    return (((y2 * 12 + m2) * 32 + k2) - ((y1 * 12 + m1) * 32 + k1)) / 32;
}

static weir_rc k_diff(weir_ctx *ctx, weir_call *c) {
    const shift *s = c->bound;
    int64_t *o, step = s->u->days ? s->u->days * WEIR_DAY_US : s->u->us;
    WEIR_TRY(weir_out_fixed(ctx, c, &o));
    WEIR_EACH(c, i) {
        int64_t a = weir_zone_local(s->zone, WEIR_AT_ROW(int64_t, &c->arg[1], i));
        int64_t b = weir_zone_local(s->zone, WEIR_AT_ROW(int64_t, &c->arg[2], i));
        o[i] = s->u->months ? months_until(a, b) / s->u->months : (b - a) / step;
    }
    return WEIR_OK;
}

/* ---- fields of intervals ---- */

static weir_rc k_interval_day(weir_ctx *ctx, weir_call *c) {
    if (c->arg[0].type->kind == WEIR_T_INTERVAL)
        WEIR_MAP1(weir_interval, int32_t, c, a.days);
    else
        WEIR_MAP1(int64_t, int32_t, c, a / WEIR_DAY_US);
    return WEIR_OK;
}

#define OF_DAY(name, EXPR, TO)                                                                     \
    static weir_rc name(weir_ctx *ctx, weir_call *c) {                                             \
        if (c->arg[0].type->kind == WEIR_T_INTERVAL)                                               \
            WEIR_MAP1(weir_interval, TO, c, EXPR(a.micros));                                       \
        else                                                                                       \
            WEIR_MAP1(int64_t, TO, c, EXPR(a % WEIR_DAY_US));                                      \
        return WEIR_OK;                                                                            \
    }
#define HOURS(us) ((us) / 3600000000)
#define MINUTES(us) ((us) / 60000000 % 60)
#define SECONDS(us) ((us) % 60000000)
OF_DAY(k_interval_hour, HOURS, int8_t)
OF_DAY(k_interval_minute, MINUTES, int8_t)
OF_DAY(k_interval_second, SECONDS, weir_i128)

static weir_rc k_interval_year(weir_ctx *ctx, weir_call *c) {
    if (c->arg[0].type->kind == WEIR_T_INTERVAL)
        WEIR_MAP1(weir_interval, int32_t, c, a.months / 12);
    else
        WEIR_MAP1(int32_t, int32_t, c, a / 12);
    return WEIR_OK;
}

static weir_rc k_interval_month(weir_ctx *ctx, weir_call *c) {
    if (c->arg[0].type->kind == WEIR_T_INTERVAL)
        WEIR_MAP1(weir_interval, int8_t, c, a.months % 12);
    else
        WEIR_MAP1(int32_t, int8_t, c, a % 12);
    return WEIR_OK;
}

static weir_rc bind_second(weir_ctx *ctx, weir_expr *e) {
    e->type = weir_type_decimal(ctx->arena, 8, 6);
    return WEIR_OK;
}

#define P (WEIR_STRICT | WEIR_NO_COERCE | WEIR_CANNOT_FAIL)
static const weir_fn datetime_add_fns[] = {
    {"timestampadd", "(any, any, any) -> any", k_add, WEIR_STRICT | WEIR_NO_COERCE, bind_add, 0},
    {"timestampdiff", "(any, any, any) -> bigint", k_diff, P, bind_diff, 0},
    {"_interval_day", "(any) -> int", k_interval_day, P, NULL, 0},
    {"_interval_hour", "(any) -> tinyint", k_interval_hour, P, NULL, 0},
    {"_interval_minute", "(any) -> tinyint", k_interval_minute, P, NULL, 0},
    {"_interval_second", "(any) -> any", k_interval_second, P, bind_second, 0},
    {"_interval_year", "(any) -> int", k_interval_year, P, NULL, 0},
    {"_interval_month", "(any) -> tinyint", k_interval_month, P, NULL, 0},
};
WEIR_FAMILY(weir_datetime_add_family, "datetime_add", datetime_add_fns);
