/* Casts from STRING. SPARK UTF8String (toLong, toInt), Cast.castToX, Decimal.fromString. Called
 * through cast.c. */
#include "func/cast.h"
#include "func/interval.h"

#include <math.h>
#include <stdlib.h>
#include <strings.h>

#define STEP(name)                                                                                 \
    static weir_rc name(weir_ctx *ctx, const weir_cast *c, const weir_column *in, weir_column *out)

static bool blank(char ch) { return (unsigned char)ch <= ' ' || ch == 0x7f; }

static weir_bytes trimmed(const weir_column *in, int64_t i) {
    weir_bytes s = weir_get_bytes(in, i);
    while (s.len > 0 && blank(*s.p)) s.p++, s.len--;
    while (s.len > 0 && blank(s.p[s.len - 1])) s.len--;
    return s;
}

/* decimals: a fraction is allowed and cut off (legacy). */
static bool parse_int(weir_bytes s, bool decimals, int64_t lo, int64_t hi, int64_t *out) {
    int i = 0;
    bool neg = false;
    uint64_t v = 0;
    if (s.len > 0 && (s.p[0] == '-' || s.p[0] == '+')) neg = s.p[i++] == '-';
    if (i == s.len) return false;
    for (; i < s.len && s.p[i] != '.'; i++) {
        unsigned d = (unsigned)(s.p[i] - '0');
        if (d > 9 || v > (uint64_t)INT64_MAX / 10 + 1) return false;
        v = v * 10 + d;
        if (v > (uint64_t)INT64_MAX + neg) return false;
    }
    if (i < s.len && !decimals) return false;
    for (i++; i < s.len; i++)
        if (s.p[i] < '0' || s.p[i] > '9') return false;
    int64_t r = neg ? (int64_t)(0 - v) : (int64_t)v;
    *out = r;
    return r >= lo && r <= hi;
}

STEP(to_int) {
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
        int64_t v = 0;
        if (!weir_is_null(in, i) &&
            !parse_int(trimmed(in, i), !c->ansi, range[r].lo, range[r].hi, &v)) {
            WEIR_TRY(weir_cast_bad(ctx, c, WEIR_BAD_INPUT, in, i, out));
            v = 0;
        }
        memcpy(o + i * width, &v, (size_t)width);
    }
    return WEIR_OK;
}

/* The grammar of java.lang.Double.parseDouble, decimal forms; s is not NUL-terminated. */
static bool number_shape(weir_bytes s) {
    int i = 0, digits = 0;
    if (i < s.len && (s.p[i] == '-' || s.p[i] == '+')) i++;
    for (; i < s.len && s.p[i] >= '0' && s.p[i] <= '9'; i++) digits++;
    if (i < s.len && s.p[i] == '.')
        for (i++; i < s.len && s.p[i] >= '0' && s.p[i] <= '9'; i++) digits++;
    if (!digits) return false;
    if (i < s.len && (s.p[i] == 'e' || s.p[i] == 'E')) {
        i++;
        if (i < s.len && (s.p[i] == '-' || s.p[i] == '+')) i++;
        int start = i;
        while (i < s.len && s.p[i] >= '0' && s.p[i] <= '9') i++;
        if (i == start) return false;
    }
    if (i < s.len && strchr("dDfF", s.p[i])) i++;
    return i == s.len;
}

static bool special(weir_bytes s, double *out) {
    static const struct {
        const char *word;
        double v;
    } words[] = {{"inf", INFINITY},
                 {"+inf", INFINITY},
                 {"infinity", INFINITY},
                 {"+infinity", INFINITY},
                 {"-inf", -INFINITY},
                 {"-infinity", -INFINITY},
                 {"nan", NAN}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if ((int)strlen(words[i].word) != s.len ||
            strncasecmp(words[i].word, s.p, (size_t)s.len) != 0)
            continue;
        *out = words[i].v;
        return true;
    }
    return false;
}

/* 15 digits and a small power of ten are exact in doubles; anything else goes through strtod. */
static bool quick(weir_bytes s, double *out) {
    static const double p10[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    int i = 0, frac = 0, seen = 0;
    bool neg = false, point = false;
    int64_t v = 0;
    if (s.len > 16) return false;
    if (s.len && (*s.p == '-' || *s.p == '+')) neg = s.p[i++] == '-';
    for (; i < s.len; i++) {
        if (s.p[i] == '.' && !point) {
            point = true;
            continue;
        }
        if (s.p[i] < '0' || s.p[i] > '9') return false;
        v = v * 10 + (s.p[i] - '0');
        frac += point;
        if (++seen > 15) return false;
    }
    if (!seen) return false;
    *out = (neg ? -(double)v : (double)v) / p10[frac];
    return true;
}

static bool parse_real(weir_bytes s, bool single, double *out) {
    char t[400];
    if (!single && quick(s, out)) return true;
    if (special(s, out)) return true;
    if (!number_shape(s) || s.len >= (int)sizeof t) return false;
    memcpy(t, s.p, (size_t)s.len);
    t[s.len] = 0;
    *out = single ? (double)strtof(t, NULL) : strtod(t, NULL);
    return true;
}

STEP(to_real) {
    void *o;
    bool single = c->to->kind == WEIR_T_FLOAT;
    WEIR_TRY(weir_cast_fixed(ctx, out, &o));
    for (int64_t i = 0; i < in->len; i++) {
        double v = 0;
        if (!weir_is_null(in, i) && !parse_real(trimmed(in, i), single, &v))
            WEIR_TRY(weir_cast_bad(ctx, c, WEIR_BAD_INPUT, in, i, out));
        if (single)
            ((float *)o)[i] = (float)v;
        else
            ((double *)o)[i] = v;
    }
    return WEIR_OK;
}

STEP(to_decimal) {
    weir_i128 *o;
    WEIR_TRY(weir_cast_fixed(ctx, out, &o));
    for (int64_t i = 0; i < in->len; i++) {
        o[i] = 0;
        if (weir_is_null(in, i)) continue;
        weir_bytes s = trimmed(in, i);
        weir_dec_rc r = weir_dec_parse(s.p, s.len, c->to->precision, c->to->scale, &o[i]);
        weir_i128 any;
        bool huge =
            r == WEIR_DEC_OVERFLOW && weir_dec_parse(s.p, s.len, 38, 0, &any) == WEIR_DEC_OVERFLOW;
        if (r != WEIR_DEC_OK)
            WEIR_TRY(weir_cast_bad(ctx, c,
                                   huge                     ? WEIR_BAD_RANGE
                                   : r == WEIR_DEC_OVERFLOW ? WEIR_BAD_DECIMAL
                                                            : WEIR_BAD_INPUT,
                                   in, i, out));
    }
    return WEIR_OK;
}

static bool is_word(weir_bytes s, const char *const *words, int n) {
    for (int i = 0; i < n; i++)
        if ((int)strlen(words[i]) == s.len && strncasecmp(words[i], s.p, (size_t)s.len) == 0)
            return true;
    return false;
}

STEP(to_bool) {
    static const char *const yes[] = {"t", "true", "y", "yes", "1"}, *const no[] = {"f", "false",
                                                                                    "n", "no", "0"};
    uint8_t *o;
    WEIR_TRY(weir_cast_fixed(ctx, out, &o));
    for (int64_t i = 0; i < in->len; i++) {
        o[i] = 0;
        if (weir_is_null(in, i)) continue;
        weir_bytes s = trimmed(in, i);
        if (is_word(s, yes, 5))
            o[i] = 1;
        else if (!is_word(s, no, 5))
            WEIR_TRY(weir_cast_bad(ctx, c, WEIR_BAD_INPUT, in, i, out));
    }
    return WEIR_OK;
}

STEP(to_date) {
    int32_t *o;
    WEIR_TRY(weir_cast_fixed(ctx, out, &o));
    for (int64_t i = 0; i < in->len; i++) {
        o[i] = 0;
        if (weir_is_null(in, i)) continue;
        weir_bytes s = weir_get_bytes(in, i);
        if (!weir_date_parse(s.p, s.len, &o[i]))
            WEIR_TRY(weir_cast_bad(ctx, c, WEIR_BAD_INPUT, in, i, out));
    }
    return WEIR_OK;
}

STEP(to_micros) {
    int64_t *o;
    WEIR_TRY(weir_cast_fixed(ctx, out, &o));
    for (int64_t i = 0; i < in->len; i++) {
        o[i] = 0;
        if (weir_is_null(in, i)) continue;
        weir_bytes s = weir_get_bytes(in, i);
        bool ok = c->to->kind == WEIR_T_TIMESTAMP ? weir_timestamp_parse(s.p, s.len, c->zone, &o[i])
                  : c->to->kind == WEIR_T_TIMESTAMP_NTZ
                      ? weir_timestamp_ntz_parse(s.p, s.len, true, &o[i])
                      : weir_time_parse(s.p, s.len, &o[i]);
        if (!ok) WEIR_TRY(weir_cast_bad(ctx, c, WEIR_BAD_INPUT, in, i, out));
        if (c->to->kind == WEIR_T_TIME) o[i] *= 1000; /* nanos */
    }
    return WEIR_OK;
}

STEP(to_interval) {
    (void)c;
    weir_interval *o;
    WEIR_TRY(weir_cast_fixed(ctx, out, &o));
    for (int64_t i = 0; i < in->len; i++) {
        o[i] = (weir_interval){0};
        if (weir_is_null(in, i)) continue;
        weir_bytes s = weir_get_bytes(in, i);
        if (!weir_interval_parse(s.p, s.len, &o[i]))
            WEIR_TRY(weir_cast_null(ctx, out, i)); /* SPARK: null in ANSI mode too */
    }
    return WEIR_OK;
}

STEP(to_interval_ansi) {
    uint8_t *o;
    bool ym = c->to->kind == WEIR_T_INTERVAL_YM;
    WEIR_TRY(weir_cast_fixed(ctx, out, &o));
    for (int64_t i = 0; i < in->len; i++) {
        int64_t v = 0;
        weir_bytes s = weir_is_null(in, i) ? (weir_bytes){"", 0} : weir_get_bytes(in, i);
        if (!weir_is_null(in, i) && !weir_interval_ansi_parse(s.p, s.len, c->to, &v))
            WEIR_TRY(weir_cast_bad(ctx, c, WEIR_BAD_INPUT, in, i, out));
        memcpy(o + i * (ym ? 4 : 8), &v, ym ? 4 : 8);
    }
    return WEIR_OK;
}

weir_cast_step *weir_cast_parse_step(const weir_type *to) {
    switch (to->kind) {
    case WEIR_T_BYTE:
    case WEIR_T_SHORT:
    case WEIR_T_INT:
    case WEIR_T_LONG: return to_int;
    case WEIR_T_FLOAT:
    case WEIR_T_DOUBLE: return to_real;
    case WEIR_T_DECIMAL: return to_decimal;
    case WEIR_T_BOOLEAN: return to_bool;
    case WEIR_T_DATE: return to_date;
    case WEIR_T_TIMESTAMP:
    case WEIR_T_TIMESTAMP_NTZ:
    case WEIR_T_TIME: return to_micros;
    case WEIR_T_INTERVAL: return to_interval;
    case WEIR_T_INTERVAL_YM:
    case WEIR_T_INTERVAL_DT: return to_interval_ansi;
    default: return NULL;
    }
}
