/* Mathematical functions: rounding, logarithms, trigonometry, bits, random numbers. SPARK
 * mathExpressions, bitwiseExpressions, randomExpressions, XORShiftRandom. Called by the evaluator;
 * any thread. */
#include "func/decimal.h"
#include "func/loop.h"
#include "func/random.h"
#include "func/strict.h"

#include <math.h>
#include <strings.h>

#define REAL(name, EXPR)                                                                           \
    static weir_rc name(weir_ctx *ctx, weir_call *c) {                                             \
        WEIR_MAP1(double, double, c, EXPR);                                                        \
        return WEIR_OK;                                                                            \
    }
REAL(k_sqrt, sqrt(a))
REAL(k_cbrt, weir_strict_cbrt(a))
REAL(k_exp, weir_strict_exp(a)) REAL(k_expm1, expm1(a)) REAL(k_rint, rint(a)) REAL(k_sin, sin(a))
    REAL(k_cos, cos(a)) REAL(k_tan, tan(a)) REAL(k_asin, asin(a)) REAL(k_acos, acos(a))
        REAL(k_atan, atan(a)) REAL(k_sinh, sinh(a)) REAL(k_cosh, weir_strict_cosh(a))
            REAL(k_tanh, tanh(a)) REAL(k_sec, 1 / cos(a)) REAL(k_csc, 1 / sin(a))
                REAL(k_cot, 1 / tan(a)) REAL(k_degrees, a *(180.0 / M_PI))
                    REAL(k_radians, a *(M_PI / 180.0)) REAL(k_signum, a > 0   ? 1.0
                                                                      : a < 0 ? -1.0
                                                                              : a)
#define REAL2(name, EXPR)                                                                          \
    static weir_rc name(weir_ctx *ctx, weir_call *c) {                                             \
        WEIR_MAP2(double, double, double, c, EXPR);                                                \
        return WEIR_OK;                                                                            \
    }
                        REAL2(k_pow, pow(a, b)) REAL2(k_atan2, atan2(a + 0.0, b + 0.0))
                            REAL2(k_hypot, hypot(a, b))

    /* Logarithms are null where they are not defined. */
    static weir_rc logs(weir_ctx *ctx, weir_call *c, double (*fn)(double), double least) {
    double *o;
    uint8_t *bits;
    WEIR_TRY(weir_out_fixed(ctx, c, &o));
    WEIR_TRY(weir_out_valid(ctx, c, &bits));
    WEIR_EACH(c, i) {
        double v = WEIR_AT_ROW(double, &c->arg[0], i);
        if (v <= least)
            weir_bit_clear(bits, i);
        else
            o[i] = fn(v);
    }
    return WEIR_OK;
}
static weir_rc k_ln(weir_ctx *ctx, weir_call *c) { return logs(ctx, c, log, 0); }
static weir_rc k_log10(weir_ctx *ctx, weir_call *c) { return logs(ctx, c, log10, 0); }
static double log_two(double v) { return log(v) / log(2.0); } /* SPARK computes it so */
static weir_rc k_log2(weir_ctx *ctx, weir_call *c) { return logs(ctx, c, log_two, 0); }
static weir_rc k_log1p(weir_ctx *ctx, weir_call *c) { return logs(ctx, c, log1p, -1); }

static weir_rc k_log(weir_ctx *ctx, weir_call *c) { /* log(base, x) */
    double *o;
    uint8_t *bits;
    WEIR_TRY(weir_out_fixed(ctx, c, &o));
    WEIR_TRY(weir_out_valid(ctx, c, &bits));
    WEIR_EACH(c, i) {
        double b = WEIR_AT_ROW(double, &c->arg[0], i), v = WEIR_AT_ROW(double, &c->arg[1], i);
        if (b <= 0 || v <= 0)
            weir_bit_clear(bits, i);
        else
            o[i] = log(v) / log(b);
    }
    return WEIR_OK;
}

static weir_rc constant(weir_ctx *ctx, weir_call *c, double v) {
    double *o;
    WEIR_TRY(weir_out_fixed(ctx, c, &o));
    for (int64_t i = 0; i < c->len; i++) o[i] = v;
    return WEIR_OK;
}
static weir_rc k_pi(weir_ctx *ctx, weir_call *c) { return constant(ctx, c, M_PI); }
static weir_rc k_e(weir_ctx *ctx, weir_call *c) { return constant(ctx, c, M_E); }

static weir_rc k_factorial(weir_ctx *ctx, weir_call *c) {
    int64_t *o;
    uint8_t *bits;
    WEIR_TRY(weir_out_fixed(ctx, c, &o));
    WEIR_TRY(weir_out_valid(ctx, c, &bits));
    WEIR_EACH(c, i) {
        int64_t n = weir_get_int(&c->arg[0], i);
        o[i] = 1;
        if (n < 0 || n > 20)
            weir_bit_clear(bits, i);
        else
            for (; n > 1; n--) o[i] *= n;
    }
    return WEIR_OK;
}

/* ---- rounding ---- */

typedef enum { HALF_UP, HALF_EVEN, DOWN, UP } mode; /* DOWN: floor, UP: ceil */
typedef struct plan {
    mode m;
    int scale;
} plan;

/* v at scale from, rounded at scale to (may be negative); the result has scale max(to, 0). */
static weir_i128 round_at(weir_i128 v, int from, int to, mode m) {
    int drop = from - to;
    if (drop <= 0) return v;
    if (drop > 38)
        return m == UP && v > 0     ? (to < 0 && -to <= 38 ? weir_pow10(-to) : 1)
               : m == DOWN && v < 0 ? -(to < 0 && -to <= 38 ? weir_pow10(-to) : 1)
                                    : 0;
    weir_i128 unit = weir_pow10(drop), q = v / unit, r = v % unit, rest = r < 0 ? -r : r;
    bool more = m == HALF_UP     ? rest >= unit - rest
                : m == HALF_EVEN ? rest > unit - rest || (rest == unit - rest && (q & 1))
                : m == DOWN      ? v < 0 && rest
                                 : v > 0 && rest;
    if (more) q += v < 0 ? -1 : 1;
    return to < 0 ? q * weir_pow10(-to) : q;
}

static double round_real(double v, int scale, mode m) {
    char t[32];
    weir_i128 d;
    if (!isfinite(v) || scale > 19) return v;
    if (weir_dec_parse(t, weir_double_text(v, t), 38, 20, &d) != WEIR_DEC_OK) return v;
    return weir_dec_double(round_at(d, 20, scale, m), scale > 0 ? scale : 0);
}

static weir_rc round_ints(weir_ctx *ctx, weir_call *c, const plan *p) {
    int width = weir_type_width(c->out->type);
    uint8_t *o;
    WEIR_TRY(weir_out_fixed(ctx, c, &o));
    WEIR_EACH(c, i) {
        weir_i128 v = round_at(weir_get_int(&c->arg[0], i), 0, p->scale, p->m);
        int64_t cut = (int64_t)v;
        bool over = width == 1   ? v != (int8_t)v
                    : width == 2 ? v != (int16_t)v
                    : width == 4 ? v != (int32_t)v
                                 : v != cut;
        if (over && c->ansi)
            return weir_call_fail(ctx, c, WEIR_E_ARITHMETIC_OVERFLOW, "message", "Overflow",
                                  "alternative", "", "config", WEIR_ANSI_KEY);
        memcpy(o + i * width, &cut, (size_t)width);
    }
    return WEIR_OK;
}

static weir_rc k_round(weir_ctx *ctx, weir_call *c) {
    const plan *p = c->bound;
    const weir_type *t = c->arg[0].type;
    weir_i128 *o;
    if (t->kind == WEIR_T_DOUBLE) {
        WEIR_MAP1(double, double, c, round_real(a, p->scale, p->m));
        return WEIR_OK;
    }
    if (t->kind == WEIR_T_FLOAT) {
        WEIR_MAP1(float, float, c, round_real(a, p->scale, p->m));
        return WEIR_OK;
    }
    if (t->kind != WEIR_T_DECIMAL) return round_ints(ctx, c, p);
    WEIR_TRY(weir_out_fixed(ctx, c, &o));
    for (int64_t i = 0; i < c->len; i++)
        o[i] = round_at(WEIR_AT_ROW(weir_i128, &c->arg[0], i), t->scale,
                        p->scale < t->scale ? p->scale : t->scale, p->m);
    return WEIR_OK;
}

/* SPARK RoundBase.dataType */
static const weir_type *round_type(weir_ctx *ctx, const weir_type *t, int scale) {
    int whole = t->precision - t->scale + 1, s = scale < t->scale ? scale : t->scale;
    if (t->kind != WEIR_T_DECIMAL) return t;
    int p = scale < 0 ? (whole > -scale + 1 ? whole : -scale + 1) : whole + s;
    return weir_type_decimal(ctx->arena, p < 38 ? p : 38, scale < 0 ? 0 : s);
}

static weir_rc bind_mode(weir_ctx *ctx, weir_expr *e, mode m) {
    plan *p = WEIR_NEW(ctx->arena, plan);
    p->m = m;
    if (e->narg > 1) {
        const weir_expr *s = e->arg[1];
        if (s->kind != WEIR_EX_LIT || !weir_type_is_integral(s->type)) {
            weir_column v;
            if (s->kind == WEIR_EX_COL || !weir_expr_resolved(s))
                return weir_fail(ctx, WEIR_E_DATATYPE_MISMATCH_NON_FOLDABLE_INPUT, "sqlExpr",
                                 weir_printf(ctx->arena, "\"%s\"", weir_expr_sql(ctx->arena, e)),
                                 "inputName", "`scale`", "inputType", "\"INT\"", "inputExpr",
                                 weir_printf(ctx->arena, "\"%s\"", weir_expr_sql(ctx->arena, s)));
            WEIR_TRY(weir_eval_const(ctx, s, &v));
            p->scale = weir_is_null(&v, 0) ? 0 : (int)weir_get_int(&v, 0);
        } else {
            p->scale = weir_is_null(&s->lit, 0) ? 0 : (int)weir_get_int(&s->lit, 0);
        }
    }
    const weir_type *t = e->arg[0]->type;
    if (m >= DOWN && t->kind != WEIR_T_DECIMAL) { /* floor(x, d): numbers become decimals */
        const weir_type *d = weir_type_is_integral(t)
                                 ? weir_common_type(ctx, t, weir_type_decimal(ctx->arena, 1, 0))
                                 : weir_type_decimal(ctx->arena, 30, 15);
        WEIR_TRY(weir_coerce(ctx, e->arg[0], d, &e->arg[0]));
    }
    e->bound = p;
    e->type = round_type(ctx, e->arg[0]->type, p->scale);
    return WEIR_OK;
}
static weir_rc bind_round(weir_ctx *ctx, weir_expr *e) { return bind_mode(ctx, e, HALF_UP); }
static weir_rc bind_bround(weir_ctx *ctx, weir_expr *e) { return bind_mode(ctx, e, HALF_EVEN); }
static weir_rc bind_floor2(weir_ctx *ctx, weir_expr *e) { return bind_mode(ctx, e, DOWN); }
static weir_rc bind_ceil2(weir_ctx *ctx, weir_expr *e) { return bind_mode(ctx, e, UP); }

static int64_t saturate(double v) {
    return v != v ? 0 : v >= 0x1p63 ? INT64_MAX : v <= -0x1p63 ? INT64_MIN : (int64_t)v;
}
static weir_rc k_floor(weir_ctx *ctx, weir_call *c) {
    WEIR_MAP1(double, int64_t, c, saturate(floor(a)));
    return WEIR_OK;
}
static weir_rc k_ceil(weir_ctx *ctx, weir_call *c) {
    WEIR_MAP1(double, int64_t, c, saturate(ceil(a)));
    return WEIR_OK;
}
static weir_rc k_same(weir_ctx *ctx, weir_call *c) {
    WEIR_MAP1(int64_t, int64_t, c, a);
    return WEIR_OK;
}

/* ---- bits ---- */

#define BITS(name, OP)                                                                             \
    static weir_rc name(weir_ctx *ctx, weir_call *c) {                                             \
        switch (weir_type_width(c->out->type)) {                                                   \
        case 1: WEIR_MAP2(int8_t, int8_t, int8_t, c, a OP b); return WEIR_OK;                      \
        case 2: WEIR_MAP2(int16_t, int16_t, int16_t, c, a OP b); return WEIR_OK;                   \
        case 4: WEIR_MAP2(int32_t, int32_t, int32_t, c, a OP b); return WEIR_OK;                   \
        default: WEIR_MAP2(int64_t, int64_t, int64_t, c, a OP b); return WEIR_OK;                  \
        }                                                                                          \
    }
BITS(k_and, &)
BITS(k_or, |)
BITS(k_xor, ^)

static weir_rc k_invert(weir_ctx *ctx, weir_call *c) {
    switch (weir_type_width(c->out->type)) {
    case 1: WEIR_MAP1(int8_t, int8_t, c, ~a); return WEIR_OK;
    case 2: WEIR_MAP1(int16_t, int16_t, c, ~a); return WEIR_OK;
    case 4: WEIR_MAP1(int32_t, int32_t, c, ~a); return WEIR_OK;
    default: WEIR_MAP1(int64_t, int64_t, c, ~a); return WEIR_OK;
    }
}

#define SHIFT(name, T4, T8, OP)                                                                    \
    static weir_rc name(weir_ctx *ctx, weir_call *c) {                                             \
        if (c->out->type->kind == WEIR_T_INT)                                                      \
            WEIR_MAP2(T4, int32_t, int32_t, c, a OP(b & 31));                                      \
        else                                                                                       \
            WEIR_MAP2(T8, int32_t, int64_t, c, a OP(b & 63));                                      \
        return WEIR_OK;                                                                            \
    }
SHIFT(k_shl, uint32_t, uint64_t, <<)
SHIFT(k_shr, int32_t, int64_t, >>)
SHIFT(k_shru, uint32_t, uint64_t, >>)

static weir_rc k_bit_count(weir_ctx *ctx, weir_call *c) {
    int32_t *o;
    WEIR_TRY(weir_out_fixed(ctx, c, &o));
    WEIR_EACH(c, i)
    o[i] = c->arg[0].type->kind == WEIR_T_BOOLEAN
               ? WEIR_AT_ROW(uint8_t, &c->arg[0], i)
               : __builtin_popcountll((uint64_t)weir_get_int(&c->arg[0], i));
    return WEIR_OK;
}

static weir_rc bind_bits(weir_ctx *ctx, weir_expr *e) {
    const weir_type *x = e->arg[0]->type, *y = e->arg[1]->type,
                    *t = weir_common_type(ctx, x, y);
    const bool text = x->kind == WEIR_T_STRING || y->kind == WEIR_T_STRING,
               real = (x->kind == WEIR_T_DOUBLE && y->kind == WEIR_T_DECIMAL) ||
                      (x->kind == WEIR_T_DECIMAL && y->kind == WEIR_T_DOUBLE);
    if (t && t->kind == WEIR_T_VOID) t = &weir_t_int;
    if (!t || !weir_type_is_integral(t)) {
        const char *sql = weir_printf(ctx->arena, "\"%s\"", weir_expr_sql(ctx->arena, e)),
                   *l = weir_printf(ctx->arena, "\"%s\"", weir_type_sql(ctx->arena, x)),
                   *r = weir_printf(ctx->arena, "\"%s\"", weir_type_sql(ctx->arena, y));
        /* SPARK: of these Spark has made one type */
        bool same = weir_type_same(x, y) || (t && (real || (text && !weir_type_is_interval(t))));
        if (!same)
            return weir_fail(ctx, WEIR_E_DATATYPE_MISMATCH_BINARY_OP_DIFF_TYPES, "sqlExpr", sql,
                             "left", l, "right", r);
        return weir_fail(ctx, WEIR_E_DATATYPE_MISMATCH_BINARY_OP_WRONG_TYPE, "sqlExpr", sql,
                         "inputType", "\"INTEGRAL\"", "actualDataType",
                         weir_printf(ctx->arena, "\"%s\"", weir_type_sql(ctx->arena, t ? t : x)));
    }
    for (int i = 0; i < 2; i++) WEIR_TRY(weir_coerce(ctx, e->arg[i], t, &e->arg[i]));
    e->type = t;
    e->nullable = e->arg[0]->nullable || e->arg[1]->nullable;
    return WEIR_OK;
}

static weir_rc bind_invert(weir_ctx *ctx, weir_expr *e) {
    if (e->arg[0]->type->kind == WEIR_T_VOID)
        WEIR_TRY(weir_coerce(ctx, e->arg[0], &weir_t_int, &e->arg[0]));
    e->type = e->arg[0]->type;
    e->nullable = e->arg[0]->nullable;
    if (weir_type_is_integral(e->type)) return WEIR_OK;
    return weir_fn_type_mismatch(ctx, e, 0, "\"INTEGRAL\"");
}

/* ---- random ---- */

typedef struct random_state {
    bool ready, has_next;
    int64_t seed;
    double next;
} random_state;

static double next_double(random_state *r) { return weir_random_double(&r->seed); }

static double next_gaussian(random_state *r) { /* java.util.Random: polar method, two at a time */
    double a, b, s;
    if (r->has_next) {
        r->has_next = false;
        return r->next;
    }
    do {
        a = 2 * next_double(r) - 1;
        b = 2 * next_double(r) - 1;
        s = a * a + b * b;
    } while (s >= 1 || s == 0);
    double f = sqrt(-2 * log(s) / s);
    r->next = b * f;
    r->has_next = true;
    return a * f;
}

static weir_rc random_rows(weir_ctx *ctx, weir_call *c, bool gauss) {
    random_state *r = c->state;
    double *o;
    if (!r->ready) {
        uint64_t seed = (uint64_t)*(const int64_t *)c->bound +
                        (uint64_t)(ctx->task ? ctx->task->partition : 0);
        *r = (random_state){.ready = true, .seed = weir_random_state((int64_t)seed)};
    }
    WEIR_TRY(weir_out_fixed(ctx, c, &o));
    for (int64_t i = 0; i < c->len; i++) o[i] = gauss ? next_gaussian(r) : next_double(r);
    return WEIR_OK;
}
static weir_rc k_rand(weir_ctx *ctx, weir_call *c) { return random_rows(ctx, c, false); }
static weir_rc k_randn(weir_ctx *ctx, weir_call *c) { return random_rows(ctx, c, true); }

static weir_rc bind_random(weir_ctx *ctx, weir_expr *e) {
    int64_t *seed = WEIR_NEW(ctx->arena, int64_t);
    weir_column v;
    if (e->narg == 0) {
        weir_random_bytes(ctx->env, seed, sizeof *seed);
    } else {
        if (e->arg[0]->kind == WEIR_EX_COL)
            return weir_fail(
                ctx, WEIR_E_DATATYPE_MISMATCH_NON_FOLDABLE_INPUT, "sqlExpr",
                weir_printf(ctx->arena, "\"%s\"", weir_expr_sql(ctx->arena, e)), "inputName",
                "`seed`", "inputType", "\"BIGINT\"", "inputExpr",
                weir_printf(ctx->arena, "\"%s\"", weir_expr_sql(ctx->arena, e->arg[0])));
        WEIR_TRY(weir_eval_const(ctx, e->arg[0], &v));
        *seed = weir_is_null(&v, 0) ? 0 : weir_get_int(&v, 0);
    }
    e->bound = seed;
    e->nullable = false;
    return WEIR_OK;
}

#define S WEIR_STRICT
#define SC (WEIR_STRICT | WEIR_CANNOT_FAIL)
#define D1(n, k)                                                                                   \
    { n, "(double) -> double", k, SC, NULL, 0 }
#define LOG(n, k)                                                                                  \
    { n, "(double) -> double", k, SC | WEIR_NULLABLE, NULL, 0 }
#define BIT(n, k)                                                                                  \
    { n, "(any, any) -> any", k, SC | WEIR_NO_COERCE, bind_bits, 0 }
#define RANDOM (WEIR_NONDETERMINISTIC | WEIR_STATEFUL)
static const weir_fn math_fns[] = {
    D1("sqrt", k_sqrt),
    D1("cbrt", k_cbrt),
    D1("exp", k_exp),
    D1("expm1", k_expm1),
    D1("rint", k_rint),
    D1("sin", k_sin),
    D1("cos", k_cos),
    D1("tan", k_tan),
    D1("asin", k_asin),
    D1("acos", k_acos),
    D1("atan", k_atan),
    D1("sinh", k_sinh),
    D1("cosh", k_cosh),
    D1("tanh", k_tanh),
    D1("sec", k_sec),
    D1("csc", k_csc),
    D1("cot", k_cot),
    D1("degrees", k_degrees),
    D1("radians", k_radians),
    D1("signum", k_signum),
    D1("sign", k_signum),
    LOG("ln", k_ln),
    LOG("log", k_ln),
    LOG("log10", k_log10),
    LOG("log2", k_log2),
    LOG("log1p", k_log1p),
    {"log", "(double, double) -> double", k_log, SC | WEIR_NULLABLE, NULL, 0},
    {"pow", "(double, double) -> double", k_pow, SC, NULL, 0},
    {"power", "(double, double) -> double", k_pow, SC, NULL, 0},
    {"atan2", "(double, double) -> double", k_atan2, SC, NULL, 0},
    {"hypot", "(double, double) -> double", k_hypot, SC, NULL, 0},
    {"pi", "() -> double!", k_pi, WEIR_CANNOT_FAIL, NULL, 0},
    {"e", "() -> double!", k_e, WEIR_CANNOT_FAIL, NULL, 0},
    {"factorial", "(int) -> bigint", k_factorial, SC | WEIR_NULLABLE, NULL, 0},
    {"round", "(numeric, int?) -> any", k_round, S, bind_round, 0},
    {"bround", "(numeric, int?) -> any", k_round, S, bind_bround, 0},
    {"floor", "(bigint) -> bigint", k_same, SC, NULL, 0},
    {"floor", "(decimal) -> any", k_round, S, bind_floor2, 0},
    {"floor", "(double) -> bigint", k_floor, SC, NULL, 0},
    {"floor", "(numeric, int) -> any", k_round, S, bind_floor2, 0},
    {"ceil", "(bigint) -> bigint", k_same, SC, NULL, 0},
    {"ceil", "(decimal) -> any", k_round, S, bind_ceil2, 0},
    {"ceil", "(double) -> bigint", k_ceil, SC, NULL, 0},
    {"ceil", "(numeric, int) -> any", k_round, S, bind_ceil2, 0},
    {"ceiling", "(bigint) -> bigint", k_same, SC, NULL, 0},
    {"ceiling", "(decimal) -> any", k_round, S, bind_ceil2, 0},
    {"ceiling", "(double) -> bigint", k_ceil, SC, NULL, 0},
    {"ceiling", "(numeric, int) -> any", k_round, S, bind_ceil2, 0},
    BIT("&", k_and),
    BIT("|", k_or),
    BIT("^", k_xor),
    {"~", "(any) -> any", k_invert, SC | WEIR_NO_COERCE, bind_invert, 0},
    {"shiftleft", "(int, int) -> int", k_shl, SC, NULL, 0},
    {"shiftleft", "(bigint, int) -> bigint", k_shl, SC, NULL, 0},
    {"shiftright", "(int, int) -> int", k_shr, SC, NULL, 0},
    {"shiftright", "(bigint, int) -> bigint", k_shr, SC, NULL, 0},
    {"shiftrightunsigned", "(int, int) -> int", k_shru, SC, NULL, 0},
    {"shiftrightunsigned", "(bigint, int) -> bigint", k_shru, SC, NULL, 0},
    {"bit_count", "(boolean) -> int", k_bit_count, SC, NULL, 0},
    {"bit_count", "(integral) -> int", k_bit_count, SC, NULL, 0},
    {"rand", "(bigint?) -> double", k_rand, RANDOM, bind_random, sizeof(random_state)},
    {"random", "(bigint?) -> double", k_rand, RANDOM, bind_random, sizeof(random_state)},
    {"randn", "(bigint?) -> double", k_randn, RANDOM, bind_random, sizeof(random_state)},
};
WEIR_FAMILY(weir_math_family, "math", math_fns);
