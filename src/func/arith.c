/* + - * / % div, negative, abs, pmod on numbers, with ANSI overflow and Spark's decimal types;
 * dates and intervals are passed on to arith_time.c. SPARK arithmetic.scala, DecimalPrecision.
 * Called by the evaluator; any thread. */
#include "func/arith.h"

#include <math.h>

typedef enum { ADD, SUB, MUL, DIV, MOD, IDIV, PMOD } op;

static weir_rc overflow(weir_ctx *ctx, const weir_call *c, op k, int64_t row) {
    static const char *const sym[] = {"+", "-", "*", "/", "%", "div", "pmod"};
    static const char *const hint[] = {
        "try_add", "try_subtract", "try_multiply", "try_divide", "try_mod", "", ""};
    const weir_type *t = c->out->type;
    if (t->kind == WEIR_T_BYTE || t->kind == WEIR_T_SHORT)
        return weir_call_fail(ctx, c, WEIR_E_BINARY_ARITHMETIC_OVERFLOW, "value1",
                              weir_value_sql(ctx, &c->arg[0], row), "symbol", sym[k], "value2",
                              weir_value_sql(ctx, &c->arg[1], row), "config", WEIR_ANSI_KEY,
                              "functionName", weir_printf(ctx->arena, "`%s`", hint[k]));
    const char *alt =
        *hint[k] ? weir_printf(ctx->arena,
                               " Use '%s' to tolerate overflow and return NULL instead.", hint[k])
                 : "";
    return weir_call_fail(ctx, c, WEIR_E_ARITHMETIC_OVERFLOW, "message",
                          t->kind == WEIR_T_INT ? "integer overflow" : "long overflow",
                          "alternative", alt, "config", WEIR_ANSI_KEY);
}

/* The first row that is not null and overflows. */
#define FIND(T, FN, k)                                                                             \
    for (int64_t i = 0; i < c->len; i++) {                                                         \
        T r;                                                                                       \
        if (!weir_call_null(c, i) &&                                                               \
            FN(WEIR_AT_ROW(T, &c->arg[0], i), WEIR_AT_ROW(T, &c->arg[1], i), &r))                  \
            return overflow(ctx, c, k, i);                                                         \
    }
#define CHECKED(T, U, FN, OP, k)                                                                   \
    do {                                                                                           \
        bool bad = false;                                                                          \
        if (c->ansi) {                                                                             \
            T r = 0;                                                                               \
            WEIR_MAP2(T, T, T, c, (bad |= FN(a, b, &r), r));                                       \
            if (bad) FIND(T, FN, k)                                                                \
        } else {                                                                                   \
            WEIR_MAP2(T, T, T, c, (T)((U)a OP(U) b));                                              \
        }                                                                                          \
        return WEIR_OK;                                                                            \
    } while (0)
#define KERNEL(name, FN, OP, k)                                                                    \
    static weir_rc name(weir_ctx *ctx, weir_call *c) {                                             \
        switch (c->out->type->kind) {                                                              \
        case WEIR_T_BYTE: CHECKED(int8_t, uint8_t, FN, OP, k);                                     \
        case WEIR_T_SHORT: CHECKED(int16_t, uint32_t, FN, OP, k);                                  \
        case WEIR_T_INT: CHECKED(int32_t, uint32_t, FN, OP, k);                                    \
        case WEIR_T_LONG: CHECKED(int64_t, uint64_t, FN, OP, k);                                   \
        case WEIR_T_FLOAT: WEIR_MAP2(float, float, float, c, a OP b); return WEIR_OK;              \
        default: WEIR_MAP2(double, double, double, c, a OP b); return WEIR_OK;                     \
        }                                                                                          \
    }
KERNEL(k_add, __builtin_add_overflow, +, ADD)
KERNEL(k_sub, __builtin_sub_overflow, -, SUB)
KERNEL(k_mul, __builtin_mul_overflow, *, MUL)

static weir_rc zero_divide(weir_ctx *ctx, const weir_call *c, bool remainder) {
    return weir_call_fail(ctx, c, remainder ? WEIR_E_REMAINDER_BY_ZERO : WEIR_E_DIVIDE_BY_ZERO,
                          "config", WEIR_ANSI_KEY);
}

/* Nulls (legacy) or fails (ANSI) the rows whose divisor, argument 1, is zero. */
#define ZEROES(T, remainder)                                                                       \
    do {                                                                                           \
        const T *d_ = WEIR_PTR(T, &c->arg[1]);                                                     \
        bool once_ = WEIR_ONCE(&c->arg[1]), any_ = false;                                          \
        for (int64_t i = 0, n_ = once_ ? 1 : c->len; i < n_; i++) any_ |= d_[i] == 0;              \
        for (int64_t i = 0; any_ && i < c->len; i++) {                                             \
            if (d_[once_ ? 0 : i] != 0 || weir_call_null(c, i)) continue;                          \
            if (c->ansi) return zero_divide(ctx, c, remainder);                                    \
            uint8_t *bits_;                                                                        \
            WEIR_TRY(weir_out_valid(ctx, c, &bits_));                                              \
            weir_bit_clear(bits_, i);                                                              \
        }                                                                                          \
    } while (0)

static weir_rc k_div(weir_ctx *ctx, weir_call *c) {
    ZEROES(double, false);
    WEIR_MAP2(double, double, double, c, a / b);
    return WEIR_OK;
}

static weir_rc k_idiv(weir_ctx *ctx, weir_call *c) {
    ZEROES(int64_t, false);
    if (c->ansi)
        for (int64_t i = 0; i < c->len; i++)
            if (!weir_call_null(c, i) && WEIR_AT_ROW(int64_t, &c->arg[1], i) == -1 &&
                WEIR_AT_ROW(int64_t, &c->arg[0], i) == INT64_MIN)
                return overflow(ctx, c, IDIV, i);
    WEIR_MAP2(int64_t, int64_t, int64_t, c,
              b == 0    ? 0
              : b == -1 ? (int64_t)(0 - (uint64_t)a)
                        : a / b);
    return WEIR_OK;
}

#define MODS(T)                                                                                    \
    ZEROES(T, true);                                                                               \
    WEIR_MAP2(T, T, T, c, b == 0 || b == -1 ? 0 : a % b);                                          \
    return WEIR_OK
static weir_rc k_mod(weir_ctx *ctx, weir_call *c) {
    switch (c->out->type->kind) {
    case WEIR_T_BYTE: MODS(int8_t);
    case WEIR_T_SHORT: MODS(int16_t);
    case WEIR_T_INT: MODS(int32_t);
    case WEIR_T_LONG: MODS(int64_t);
    case WEIR_T_FLOAT:
        ZEROES(float, true);
        WEIR_MAP2(float, float, float, c, fmodf(a, b));
        return WEIR_OK;
    default:
        ZEROES(double, true);
        WEIR_MAP2(double, double, double, c, fmod(a, b));
        return WEIR_OK;
    }
}

#define PMODS(T)                                                                                   \
    ZEROES(T, true);                                                                               \
    WEIR_MAP2(T, T, T, c, b == 0 || b == -1 ? 0 : a % b < 0 ? (a % b + (int64_t)b) % b : a % b);   \
    return WEIR_OK
static weir_rc k_pmod(weir_ctx *ctx, weir_call *c) {
    switch (c->out->type->kind) {
    case WEIR_T_BYTE: PMODS(int8_t);
    case WEIR_T_SHORT: PMODS(int16_t);
    case WEIR_T_INT: PMODS(int32_t);
    case WEIR_T_LONG: PMODS(int64_t);
    case WEIR_T_FLOAT:
        ZEROES(float, true);
        WEIR_MAP2(float, float, float, c,
                  fmodf(a, b) < 0 ? fmodf(fmodf(a, b) + b, b) : fmodf(a, b));
        return WEIR_OK;
    default:
        ZEROES(double, true);
        WEIR_MAP2(double, double, double, c, fmod(a, b) < 0 ? fmod(fmod(a, b) + b, b) : fmod(a, b));
        return WEIR_OK;
    }
}

/* ---- decimals ---- */

static bool dec_op(op k, weir_i128 a, int sa, weir_i128 b, int sb, const weir_type *t,
                   weir_i128 *out) {
    switch (k) {
    case ADD: return weir_dec_add(a, sa, b, sb, t->scale, t->precision, out);
    case SUB: return weir_dec_add(a, sa, -b, sb, t->scale, t->precision, out);
    case MUL: return weir_dec_mul(a, b, sa + sb, t->scale, t->precision, out);
    case DIV: return weir_dec_div(a, sa, b, sb, t->scale, t->precision, out);
    case MOD: return weir_dec_mod(a, sa, b, sb, t->scale, t->precision, out);
    case PMOD: {
        weir_i128 r;
        if (!weir_dec_mod(a, sa, b, sb, t->scale, t->precision, &r)) return false;
        if (r < 0 && !weir_dec_add(r, t->scale, b, sb, t->scale, 38, &r)) return false;
        return weir_dec_mod(r, t->scale, b, sb, t->scale, t->precision, out);
    }
    case IDIV: break;
    }
    return false;
}

static weir_rc dec_bad(weir_ctx *ctx, weir_call *c, int64_t i) {
    uint8_t *bits;
    if (c->ansi)
        return weir_call_fail(
            ctx, c, WEIR_E_NUMERIC_VALUE_OUT_OF_RANGE, "value",
            weir_printf(ctx->arena, "%s %s %s", weir_value_sql(ctx, &c->arg[0], i),
                        c->expr->name ? c->expr->name : "", weir_value_sql(ctx, &c->arg[1], i)),
            "precision", weir_printf(ctx->arena, "%d", c->out->type->precision), "scale",
            weir_printf(ctx->arena, "%d", c->out->type->scale), "config", WEIR_ANSI_KEY);
    WEIR_TRY(weir_out_valid(ctx, c, &bits));
    weir_bit_clear(bits, i);
    return WEIR_OK;
}

static weir_rc dec_loop(weir_ctx *ctx, weir_call *c, op k) {
    weir_i128 *o;
    int sa = c->arg[0].type->scale, sb = c->arg[1].type->scale;
    WEIR_TRY(weir_out_fixed(ctx, c, &o));
    for (int64_t i = 0; i < c->len; i++) {
        o[i] = 0;
        if (weir_call_null(c, i)) continue;
        weir_i128 a = WEIR_AT_ROW(weir_i128, &c->arg[0], i),
                  b = WEIR_AT_ROW(weir_i128, &c->arg[1], i);
        if (k >= DIV && b == 0) {
            uint8_t *bits;
            if (c->ansi) return zero_divide(ctx, c, k == MOD || k == PMOD);
            WEIR_TRY(weir_out_valid(ctx, c, &bits));
            weir_bit_clear(bits, i);
        } else if (!dec_op(k, a, sa, b, sb, c->out->type, &o[i])) {
            WEIR_TRY(dec_bad(ctx, c, i));
        }
    }
    return WEIR_OK;
}

static weir_rc k_dec_add(weir_ctx *ctx, weir_call *c) { return dec_loop(ctx, c, ADD); }
static weir_rc k_dec_sub(weir_ctx *ctx, weir_call *c) { return dec_loop(ctx, c, SUB); }
static weir_rc k_dec_mul(weir_ctx *ctx, weir_call *c) { return dec_loop(ctx, c, MUL); }
static weir_rc k_dec_div(weir_ctx *ctx, weir_call *c) { return dec_loop(ctx, c, DIV); }
static weir_rc k_dec_mod(weir_ctx *ctx, weir_call *c) { return dec_loop(ctx, c, MOD); }
static weir_rc k_dec_pmod(weir_ctx *ctx, weir_call *c) { return dec_loop(ctx, c, PMOD); }

static weir_rc k_dec_idiv(weir_ctx *ctx, weir_call *c) {
    int64_t *o;
    WEIR_TRY(weir_out_fixed(ctx, c, &o));
    for (int64_t i = 0; i < c->len; i++) {
        o[i] = 0;
        if (weir_call_null(c, i)) continue;
        weir_i128 a = WEIR_AT_ROW(weir_i128, &c->arg[0], i),
                  b = WEIR_AT_ROW(weir_i128, &c->arg[1], i);
        uint8_t *bits;
        if (b == 0) {
            if (c->ansi) return zero_divide(ctx, c, false);
            WEIR_TRY(weir_out_valid(ctx, c, &bits));
            weir_bit_clear(bits, i);
        } else if (!weir_dec_quot(a, c->arg[0].type->scale, b, c->arg[1].type->scale, &o[i]) &&
                   c->ansi) {
            return overflow(ctx, c, IDIV, i);
        }
    }
    return WEIR_OK;
}

/* ---- types ---- */

static const weir_type *decimal_of(weir_ctx *ctx, int p, int s, bool lossy) {
    if (lossy && p > 38) { /* SPARK DecimalType.adjustPrecisionScale */
        int whole = p - s, least = s < 6 ? s : 6;
        s = 38 - whole > least ? 38 - whole : least;
        p = 38;
    }
    return weir_type_decimal(ctx->arena, p < 38 ? p : 38, s < 38 ? s : 38);
}

static const weir_type *decimal_result(weir_ctx *ctx, op k, const weir_type *x,
                                       const weir_type *y) {
    bool lossy = weir_conf_bool(ctx->conf, "spark.sql.decimalOperations.allowPrecisionLoss");
    int p1 = x->precision, s1 = x->scale, p2 = y->precision, s2 = y->scale;
    int s = s1 > s2 ? s1 : s2, w = p1 - s1 > p2 - s2 ? p1 - s1 : p2 - s2,
        n = p1 - s1 < p2 - s2 ? p1 - s1 : p2 - s2;
    switch (k) {
    case ADD:
    case SUB: return decimal_of(ctx, w + s + 1, s, lossy);
    case MUL: return decimal_of(ctx, p1 + p2 + 1, s1 + s2, lossy);
    case MOD:
    case PMOD: return decimal_of(ctx, n + s, s, lossy);
    case IDIV: return &weir_t_long;
    case DIV: break;
    }
    int d = s1 + p2 + 1 > 6 ? s1 + p2 + 1 : 6, whole = p1 - s1 + s2;
    if (lossy) return decimal_of(ctx, whole + d, d, true);
    if (whole > 38) whole = 38;
    if (d > 38) d = 38;
    int over = whole + d - 38;
    if (over > 0) {
        d -= over / 2 + 1;
        whole = 38 - d;
    }
    return decimal_of(ctx, whole + d, d, false);
}

static int digits_of(weir_i128 v) {
    int n = 1;
    for (v = v < 0 ? -v : v; v > 9; v /= 10) n++;
    return n;
}

/* An integral operand beside a decimal: literals take just the digits they have (SPARK
 * literalPickMinimumPrecision). */
static const weir_type *as_decimal(weir_ctx *ctx, const weir_expr *e) {
    static const int8_t width[] = {3, 5, 10, 20};
    if (e->type->kind == WEIR_T_DECIMAL) return e->type;
    if (e->kind == WEIR_EX_LIT && !weir_is_null(&e->lit, 0) && weir_type_is_integral(e->type) &&
        e->type->kind != WEIR_T_BYTE)
        return weir_type_decimal(ctx->arena, digits_of(weir_get_int(&e->lit, 0)), 0);
    if (!weir_type_is_integral(e->type)) return weir_type_decimal(ctx->arena, 38, 18);
    return weir_type_decimal(ctx->arena, width[e->type->kind - WEIR_T_BYTE], 0);
}

/* SPARK DecimalPrecision.nondecimalAndDecimal: of these Spark has made doubles. */
static bool double_and_decimal(const weir_type *x, const weir_type *y) {
    return (x->kind == WEIR_T_DOUBLE && y->kind == WEIR_T_DECIMAL) ||
           (x->kind == WEIR_T_DECIMAL && y->kind == WEIR_T_DOUBLE);
}

static weir_rc wrong_types(weir_ctx *ctx, const weir_expr *e, bool differ) {
    const char *sql = weir_printf(ctx->arena, "\"%s\"", weir_expr_sql(ctx->arena, e));
    const char *l = weir_printf(ctx->arena, "\"%s\"", weir_type_sql(ctx->arena, e->arg[0]->type));
    const char *r = weir_printf(ctx->arena, "\"%s\"", weir_type_sql(ctx->arena, e->arg[1]->type));
    if (differ)
        return weir_fail(ctx, WEIR_E_DATATYPE_MISMATCH_BINARY_OP_DIFF_TYPES, "sqlExpr", sql, "left",
                         l, "right", r);
    bool add = !strcmp(e->name, "+") || !strcmp(e->name, "-");
    return weir_fail(ctx, WEIR_E_DATATYPE_MISMATCH_BINARY_OP_WRONG_TYPE, "sqlExpr", sql,
                     "inputType",
                     add ? "(\"NUMERIC\" or \"INTERVAL DAY TO SECOND\" or \"INTERVAL YEAR TO "
                           "MONTH\" or \"INTERVAL\")"
                     : !strcmp(e->name, "/")   ? "(\"DOUBLE\" or \"DECIMAL\")"
                     : !strcmp(e->name, "div") ? "(\"BIGINT\" or \"DECIMAL\")"
                                               : "\"NUMERIC\"",
                     "actualDataType", l);
}

/* Rows chosen by bind: [op][0 = numbers that can fail, 1 = cannot, 2 = decimals]. */
#define V(n, k, f)                                                                                 \
    { n, "(any, any) -> any", k, WEIR_STRICT | WEIR_NO_COERCE | (f), NULL, 0 }
#define VS(n, p, d)                                                                                \
    { V(n, p, 0), V(n, p, WEIR_CANNOT_FAIL), V(n, d, 0) }
static const weir_fn variants[][3] = {VS("+", k_add, k_dec_add),     VS("-", k_sub, k_dec_sub),
                                      VS("*", k_mul, k_dec_mul),     VS("/", k_div, k_dec_div),
                                      VS("%", k_mod, k_dec_mod),     VS("div", k_idiv, k_dec_idiv),
                                      VS("pmod", k_pmod, k_dec_pmod)};

static weir_rc bind_decimal(weir_ctx *ctx, weir_expr *e, op k) {
    const weir_type *x = as_decimal(ctx, e->arg[0]), *y = as_decimal(ctx, e->arg[1]);
    WEIR_TRY(weir_coerce(ctx, e->arg[0], x, &e->arg[0]));
    WEIR_TRY(weir_coerce(ctx, e->arg[1], y, &e->arg[1]));
    e->type = decimal_result(ctx, k, x, y);
    e->fn = &variants[k][2];
    e->nullable = e->arg[0]->nullable || e->arg[1]->nullable ||
                  !weir_conf_bool(ctx->conf, "spark.sql.ansi.enabled");
    return WEIR_OK;
}

static weir_rc bind(weir_ctx *ctx, weir_expr *e, op k) {
    const weir_type *x = e->arg[0]->type, *y = e->arg[1]->type;
    bool ansi = weir_conf_bool(ctx->conf, "spark.sql.ansi.enabled"), done = false;
    if (k <= DIV || k == IDIV)
        WEIR_TRY(weir_arith_time_bind(ctx, e, k == IDIV ? 'd' : "+-*/"[k], &done));
    if (done) return WEIR_OK;
    bool xs = x->kind == WEIR_T_STRING, ys = y->kind == WEIR_T_STRING;
    if (xs && ys && ansi) return wrong_types(ctx, e, false);
    if (!ansi && (xs || ys)) { /* SPARK TypeCoercion: strings become doubles */
        if (xs) x = &weir_t_double;
        if (ys) y = &weir_t_double;
    }
    const weir_type *t = weir_common_type(ctx, x, y);
    if (t && (t->kind == WEIR_T_VOID || (k == DIV && x->kind == WEIR_T_VOID)))
        t = weir_type_is_numeric(y) || y->kind == WEIR_T_VOID ? &weir_t_double : t;
    if (k <= DIV) WEIR_TRY(weir_arith_time_fits(ctx, e, "+-*/"[k]));
    if (!t) return wrong_types(ctx, e, true);
    if (!weir_type_is_numeric(t)) {
        bool span = weir_type_is_interval(t);
        return wrong_types(ctx, e, ((!xs && !ys) || span) && x->kind != y->kind);
    }
    bool nulls = x->kind == WEIR_T_VOID && y->kind == WEIR_T_VOID,
         real = t->kind == WEIR_T_DOUBLE || t->kind == WEIR_T_FLOAT;
    if (k == IDIV && real && !nulls) /* only whole numbers */
        return wrong_types(ctx, e, x->kind != y->kind && !xs && !ys && !double_and_decimal(x, y));
    if (t->kind == WEIR_T_DECIMAL && !xs && !ys && x->kind != WEIR_T_VOID && y->kind != WEIR_T_VOID)
        return bind_decimal(ctx, e, k);
    if (t->kind == WEIR_T_DECIMAL) {
        for (int i = 0; i < 2; i++) WEIR_TRY(weir_coerce(ctx, e->arg[i], t, &e->arg[i]));
        return bind_decimal(ctx, e, k);
    }
    if (k == DIV) t = &weir_t_double;
    if (k == IDIV) t = &weir_t_long;
    for (int i = 0; i < 2; i++) WEIR_TRY(weir_coerce(ctx, e->arg[i], t, &e->arg[i]));
    e->type = t;
    real = t->kind == WEIR_T_DOUBLE || t->kind == WEIR_T_FLOAT;
    e->fn = &variants[k][!ansi || (real && k < DIV) ? 1 : 0];
    e->nullable = e->arg[0]->nullable || e->arg[1]->nullable || (k >= DIV && !ansi);
    return WEIR_OK;
}

static weir_rc bind_add(weir_ctx *ctx, weir_expr *e) { return bind(ctx, e, ADD); }
static weir_rc bind_sub(weir_ctx *ctx, weir_expr *e) { return bind(ctx, e, SUB); }
static weir_rc bind_mul(weir_ctx *ctx, weir_expr *e) { return bind(ctx, e, MUL); }
static weir_rc bind_div(weir_ctx *ctx, weir_expr *e) { return bind(ctx, e, DIV); }
static weir_rc bind_mod(weir_ctx *ctx, weir_expr *e) { return bind(ctx, e, MOD); }
static weir_rc bind_idiv(weir_ctx *ctx, weir_expr *e) { return bind(ctx, e, IDIV); }
static weir_rc bind_pmod(weir_ctx *ctx, weir_expr *e) { return bind(ctx, e, PMOD); }

/* ---- one operand ---- */

#define MINUS(T, U, MIN)                                                                           \
    do {                                                                                           \
        bool bad = false;                                                                          \
        WEIR_MAP1(T, T, c, (bad |= a == MIN, (T)(0 - (U)a)));                                      \
        for (int64_t i = 0; bad && c->ansi && i < c->len; i++)                                     \
            if (!weir_call_null(c, i) && WEIR_AT_ROW(T, &c->arg[0], i) == MIN)                     \
                return negate_overflow(ctx, c, i);                                                 \
        return WEIR_OK;                                                                            \
    } while (0)

static weir_rc negate_overflow(weir_ctx *ctx, const weir_call *c, int64_t i) {
    const weir_type *t = c->out->type;
    const char *text = t->kind == WEIR_T_INT    ? "integer overflow"
                       : t->kind == WEIR_T_LONG ? "long overflow"
                                                : weir_printf(ctx->arena, "- %s caused overflow",
                                                              weir_value_sql(ctx, &c->arg[0], i));
    if (t->kind == WEIR_T_INTERVAL_DT || t->kind == WEIR_T_INTERVAL_YM)
        return weir_call_fail(ctx, c, WEIR_E_INTERVAL_ARITHMETIC_OVERFLOW_WITHOUT_SUGGESTION, NULL);
    return weir_call_fail(ctx, c, WEIR_E_ARITHMETIC_OVERFLOW, "message", text, "alternative", "",
                          "config", WEIR_ANSI_KEY);
}

static weir_rc k_neg(weir_ctx *ctx, weir_call *c) {
    switch (c->out->type->kind) {
    case WEIR_T_BYTE: MINUS(int8_t, uint8_t, INT8_MIN);
    case WEIR_T_SHORT: MINUS(int16_t, uint16_t, INT16_MIN);
    case WEIR_T_INT:
    case WEIR_T_INTERVAL_YM: MINUS(int32_t, uint32_t, INT32_MIN);
    case WEIR_T_LONG:
    case WEIR_T_INTERVAL_DT: MINUS(int64_t, uint64_t, INT64_MIN);
    case WEIR_T_FLOAT: WEIR_MAP1(float, float, c, -a); return WEIR_OK;
    case WEIR_T_DECIMAL: WEIR_MAP1(weir_i128, weir_i128, c, -a); return WEIR_OK;
    case WEIR_T_INTERVAL:
        WEIR_MAP1(weir_interval, weir_interval, c,
                  ((weir_interval){-a.months, -a.days, -a.micros}));
        return WEIR_OK;
    default: WEIR_MAP1(double, double, c, -a); return WEIR_OK;
    }
}

static weir_rc k_abs(weir_ctx *ctx, weir_call *c) {
#define ABS(T, U, MIN)                                                                             \
    do {                                                                                           \
        bool bad = false;                                                                          \
        WEIR_MAP1(T, T, c, (bad |= a == MIN, a < 0 ? (T)(0 - (U)a) : a));                          \
        for (int64_t i = 0; bad && c->ansi && i < c->len; i++)                                     \
            if (!weir_call_null(c, i) && WEIR_AT_ROW(T, &c->arg[0], i) == MIN)                     \
                return negate_overflow(ctx, c, i);                                                 \
        return WEIR_OK;                                                                            \
    } while (0)
    switch (c->out->type->kind) {
    case WEIR_T_BYTE: ABS(int8_t, uint8_t, INT8_MIN);
    case WEIR_T_SHORT: ABS(int16_t, uint16_t, INT16_MIN);
    case WEIR_T_INT:
    case WEIR_T_INTERVAL_YM: ABS(int32_t, uint32_t, INT32_MIN);
    case WEIR_T_LONG:
    case WEIR_T_INTERVAL_DT: ABS(int64_t, uint64_t, INT64_MIN);
    case WEIR_T_FLOAT: WEIR_MAP1(float, float, c, fabsf(a)); return WEIR_OK;
    case WEIR_T_DECIMAL: WEIR_MAP1(weir_i128, weir_i128, c, a < 0 ? -a : a); return WEIR_OK;
    default: WEIR_MAP1(double, double, c, fabs(a)); return WEIR_OK;
    }
}

static weir_rc k_positive(weir_ctx *ctx, weir_call *c) {
    const weir_type *t = c->out->type;
    *c->out = c->arg[0];
    c->out->type = t;
    return weir_column_flatten(ctx, &c->arg[0], c->out);
}

static weir_rc bind_unary(weir_ctx *ctx, weir_expr *e) {
    const weir_type *t = e->arg[0]->type;
    if (t->kind == WEIR_T_STRING || t->kind == WEIR_T_VOID)
        WEIR_TRY(weir_coerce(ctx, e->arg[0], &weir_t_double, &e->arg[0]));
    t = e->arg[0]->type;
    if (!weir_type_is_numeric(t) && !weir_type_is_interval(t))
        return weir_fn_type_mismatch(ctx, e, 0,
                                     "(\"NUMERIC\" or \"INTERVAL DAY TO SECOND\" or \"INTERVAL "
                                     "YEAR TO MONTH\" or \"INTERVAL\")");
    e->type = t;
    e->nullable = e->arg[0]->nullable;
    return WEIR_OK;
}

#define ROW2(n, k, b)                                                                              \
    { n, "(any, any) -> any", k, WEIR_STRICT | WEIR_NO_COERCE, b, 0 }
#define ROW1(n, k)                                                                                 \
    { n, "(any) -> any", k, WEIR_STRICT | WEIR_NO_COERCE, bind_unary, 0 }
static const weir_fn arith_fns[] = {
    ROW2("+", k_add, bind_add),
    ROW2("-", k_sub, bind_sub),
    ROW2("*", k_mul, bind_mul),
    ROW2("/", k_div, bind_div),
    ROW2("%", k_mod, bind_mod),
    ROW2("mod", k_mod, bind_mod),
    ROW2("div", k_idiv, bind_idiv),
    ROW2("pmod", k_pmod, bind_pmod),
    ROW1("negative", k_neg),
    ROW1("-", k_neg),
    ROW1("positive", k_positive),
    ROW1("+", k_positive),
    ROW1("abs", k_abs),
};
WEIR_FAMILY(weir_arith_family, "arith", arith_fns);
