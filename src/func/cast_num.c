/* Casts among numbers, booleans and binary. Called through cast.c; any thread. */
#include "func/cast.h"

#include <math.h>

#define STEP(name)                                                                                 \
    static weir_rc name(weir_ctx *ctx, const weir_cast *c, const weir_column *in, weir_column *out)

/* Rows whose value fails TEST(v) are bad. Called only when a first, branchless pass saw one. */
#define REPORT(S, TEST, WHY)                                                                       \
    for (int64_t i = 0; i < in->len; i++) {                                                        \
        S v = p[i];                                                                                \
        if (!weir_is_null(in, i) && (TEST)) WEIR_TRY(weir_cast_bad(ctx, c, WHY, in, i, out));      \
    }

#define INT_INT(S, D, name)                                                                        \
    STEP(name) {                                                                                   \
        D *o;                                                                                      \
        const S *p = WEIR_PTR(S, in);                                                              \
        bool bad = false;                                                                          \
        WEIR_TRY(weir_cast_fixed(ctx, out, &o));                                                   \
        for (int64_t i = 0; i < in->len; i++) {                                                    \
            o[i] = (D)p[i];                                                                        \
            bad |= (S)(D)p[i] != p[i];                                                             \
        }                                                                                          \
        if (bad && c->ansi) REPORT(S, (S)(D)v != v, WEIR_BAD_OVERFLOW);                            \
        return WEIR_OK;                                                                            \
    }
/* SPARK: floor(x) <= max and ceil(x) >= min; legacy: Java's narrowing (saturates at int or long,
 * then cuts) */
#define REAL_INT(S, D, W, WMIN, WMAX, LO, HI, name)                                                \
    STEP(name) {                                                                                   \
        D *o;                                                                                      \
        const S *p = WEIR_PTR(S, in);                                                              \
        bool bad = false;                                                                          \
        WEIR_TRY(weir_cast_fixed(ctx, out, &o));                                                   \
        for (int64_t i = 0; i < in->len; i++) {                                                    \
            double v = (double)p[i];                                                               \
            bad |= !(floor(v) <= (double)(HI) && ceil(v) >= (double)(LO));                         \
            W w = v != v ? 0 : v >= (double)(WMAX) ? (WMAX) : v <= (double)(WMIN) ? (WMIN) : (W)v; \
            o[i] = (D)w;                                                                           \
        }                                                                                          \
        if (bad && c->ansi)                                                                        \
            REPORT(S, !(floor((double)v) <= (double)(HI) && ceil((double)v) >= (double)(LO)),      \
                   WEIR_BAD_OVERFLOW);                                                             \
        return WEIR_OK;                                                                            \
    }
#define PLAIN(S, D, name, EXPR)                                                                    \
    STEP(name) {                                                                                   \
        D *o;                                                                                      \
        const S *p = WEIR_PTR(S, in);                                                              \
        (void)c;                                                                                   \
        WEIR_TRY(weir_cast_fixed(ctx, out, &o));                                                   \
        for (int64_t i = 0; i < in->len; i++) {                                                    \
            S v = p[i];                                                                            \
            o[i] = (D)(EXPR);                                                                      \
        }                                                                                          \
        return WEIR_OK;                                                                            \
    }

/* From one integral kind to all. */
#define FROM_INT(S, n)                                                                             \
    INT_INT(S, int8_t, n##_i8)                                                                     \
    INT_INT(S, int16_t, n##_i16) INT_INT(S, int32_t, n##_i32) INT_INT(S, int64_t, n##_i64)         \
        PLAIN(S, float, n##_f32, v) PLAIN(S, double, n##_f64, v)                                   \
            PLAIN(S, uint8_t, n##_bool, v != 0)
FROM_INT(int8_t, i8)
FROM_INT(int16_t, i16)
FROM_INT(int32_t, i32)
FROM_INT(int64_t, i64)
#define FROM_REAL(S, n)                                                                            \
    REAL_INT(S, int8_t, int32_t, INT32_MIN, INT32_MAX, INT8_MIN, INT8_MAX, n##_i8)                 \
    REAL_INT(S, int16_t, int32_t, INT32_MIN, INT32_MAX, INT16_MIN, INT16_MAX, n##_i16)             \
    REAL_INT(S, int32_t, int32_t, INT32_MIN, INT32_MAX, INT32_MIN, INT32_MAX, n##_i32)             \
    REAL_INT(S, int64_t, int64_t, INT64_MIN, INT64_MAX, INT64_MIN, INT64_MAX, n##_i64)             \
    PLAIN(S, float, n##_f32, v) PLAIN(S, double, n##_f64, v) PLAIN(S, uint8_t, n##_bool, v != 0)
FROM_REAL(float, f32)
FROM_REAL(double, f64)
PLAIN(uint8_t, int8_t, bool_i8, v)
PLAIN(uint8_t, int16_t, bool_i16, v)
PLAIN(uint8_t, int32_t, bool_i32, v)
PLAIN(uint8_t, int64_t, bool_i64, v)
PLAIN(uint8_t, float, bool_f32, v)
PLAIN(uint8_t, double, bool_f64, v)
PLAIN(weir_i128, uint8_t, dec_bool, v != 0)

/* ---- decimals ---- */

STEP(int_dec) {
    weir_i128 *o;
    WEIR_TRY(weir_cast_fixed(ctx, out, &o));
    for (int64_t i = 0; i < in->len; i++) {
        o[i] = 0;
        if (weir_is_null(in, i)) continue;
        int64_t v =
            in->type->kind == WEIR_T_BOOLEAN ? WEIR_AT_ROW(uint8_t, in, i) : weir_get_int(in, i);
        if (!weir_dec_rescale(v, 0, c->to->scale, c->to->precision, &o[i]))
            WEIR_TRY(weir_cast_bad(ctx, c, WEIR_BAD_DECIMAL, in, i, out));
    }
    return WEIR_OK;
}

STEP(real_dec) {
    weir_i128 *o;
    WEIR_TRY(weir_cast_fixed(ctx, out, &o));
    for (int64_t i = 0; i < in->len; i++) {
        o[i] = 0;
        if (weir_is_null(in, i)) continue;
        char t[32];
        double v = in->type->kind == WEIR_T_DOUBLE ? WEIR_AT_ROW(double, in, i)
                                                   : (double)WEIR_AT_ROW(float, in, i);
        weir_dec_rc r = WEIR_DEC_MALFORMED;
        if (isfinite(v))
            r = weir_dec_parse(t, weir_double_text(v, t), c->to->precision, c->to->scale, &o[i]);
        if (r == WEIR_DEC_MALFORMED)
            WEIR_TRY(weir_cast_null(ctx, out, i)); /* SPARK: NaN and infinity give null */
        else if (r != WEIR_DEC_OK)
            WEIR_TRY(weir_cast_bad(ctx, c, WEIR_BAD_DECIMAL, in, i, out));
    }
    return WEIR_OK;
}

STEP(dec_dec) {
    weir_i128 *o;
    const weir_i128 *p = WEIR_PTR(weir_i128, in);
    WEIR_TRY(weir_cast_fixed(ctx, out, &o));
    for (int64_t i = 0; i < in->len; i++) {
        o[i] = 0;
        if (weir_is_null(in, i)) continue;
        if (!weir_dec_rescale(p[i], c->from->scale, c->to->scale, c->to->precision, &o[i]))
            WEIR_TRY(weir_cast_bad(ctx, c, WEIR_BAD_DECIMAL, in, i, out));
    }
    return WEIR_OK;
}

STEP(dec_int) {
    static const struct {
        int64_t lo, hi;
    } range[] = {{INT8_MIN, INT8_MAX},
                 {INT16_MIN, INT16_MAX},
                 {INT32_MIN, INT32_MAX},
                 {INT64_MIN, INT64_MAX}};
    uint8_t *o;
    int width = weir_type_width(c->to), r = width == 1 ? 0 : width == 2 ? 1 : width == 4 ? 2 : 3;
    WEIR_TRY(weir_cast_fixed(ctx, out, &o));
    for (int64_t i = 0; i < in->len; i++) {
        weir_i128 v = WEIR_AT_ROW(weir_i128, in, i) / weir_pow10(c->from->scale);
        int64_t cut = (int64_t)v;
        memcpy(o + i * width, &cut, (size_t)width);
        if ((v < range[r].lo || v > range[r].hi) && c->ansi && !weir_is_null(in, i))
            WEIR_TRY(weir_cast_bad(ctx, c, WEIR_BAD_OVERFLOW, in, i, out));
    }
    return WEIR_OK;
}

STEP(dec_real) {
    void *o;
    WEIR_TRY(weir_cast_fixed(ctx, out, &o));
    for (int64_t i = 0; i < in->len; i++) {
        double v = weir_dec_double(WEIR_AT_ROW(weir_i128, in, i), c->from->scale);
        if (c->to->kind == WEIR_T_DOUBLE)
            ((double *)o)[i] = v;
        else
            ((float *)o)[i] = (float)v;
    }
    return WEIR_OK;
}

/* SPARK legacy: big-endian bytes of the integer. */
STEP(int_binary) {
    weir_build b;
    int width = weir_type_width(c->from);
    WEIR_TRY(weir_build_init(ctx, &b, c->to));
    for (int64_t i = 0; i < in->len; i++) {
        uint8_t t[8];
        uint64_t v = (uint64_t)weir_get_int(in, i);
        if (weir_is_null(in, i)) {
            weir_build_null(&b);
            continue;
        }
        for (int k = 0; k < width; k++) t[k] = (uint8_t)(v >> (8 * (width - 1 - k)));
        weir_build_bytes(&b, t, (size_t)width);
    }
    return weir_build_finish(ctx, &b, out);
}

static int slot(const weir_type *t) {
    switch (t->kind) {
    case WEIR_T_BYTE: return 0;
    case WEIR_T_SHORT: return 1;
    case WEIR_T_INT: return 2;
    case WEIR_T_LONG: return 3;
    case WEIR_T_FLOAT: return 4;
    case WEIR_T_DOUBLE: return 5;
    case WEIR_T_BOOLEAN: return 6;
    case WEIR_T_DECIMAL: return 7;
    case WEIR_T_BINARY: return 8;
    default: return -1;
    }
}

weir_cast_step *weir_cast_num_step(const weir_type *from, const weir_type *to) {
#define ROW(n)                                                                                     \
    { n##_i8, n##_i16, n##_i32, n##_i64, n##_f32, n##_f64, n##_bool, int_dec, int_binary }
    static weir_cast_step *const steps[8][9] = {
        ROW(i8),
        ROW(i16),
        ROW(i32),
        ROW(i64),
        {f32_i8, f32_i16, f32_i32, f32_i64, f32_f32, f32_f64, f32_bool, real_dec, NULL},
        {f64_i8, f64_i16, f64_i32, f64_i64, f64_f32, f64_f64, f64_bool, real_dec, NULL},
        {bool_i8, bool_i16, bool_i32, bool_i64, bool_f32, bool_f64, NULL, int_dec, NULL},
        {dec_int, dec_int, dec_int, dec_int, dec_real, dec_real, dec_bool, dec_dec, NULL}};
    int a = slot(from), b = slot(to);
    return a < 0 || a > 7 || b < 0 ? NULL : steps[a][b];
}
