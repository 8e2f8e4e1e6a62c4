/* See java_number.h. */
#include "codec/java_number.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool same(weir_bytes f, const char *t) {
    return (size_t)f.len == strlen(t) && (f.len == 0 || memcmp(f.p, t, (size_t)f.len) == 0);
}

/* Zeros of the decimal digits that Java's Character.digit knows below U+10000. */
static const uint16_t zeros[] = {0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66,
                                 0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0DE6, 0x0E50, 0x0ED0, 0x0F20,
                                 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90,
                                 0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0,
                                 0xA9F0, 0xAA50, 0xABF0, 0xFF10};

static bool all_ascii(weir_bytes f) {
    unsigned char any = 0;
    for (int32_t i = 0; i < f.len; i++) any |= (unsigned char)f.p[i];
    return any < 0x80;
}

bool weir_java_ascii(weir_bytes *f, char buf[WEIR_JAVA_DIGITS]) {
    int32_t k = 0;
    if (all_ascii(*f)) return true;
    for (int32_t i = 0; i < f->len; k++) {
        uint32_t c = (unsigned char)f->p[i], digit = 10;
        int n = c < 0x80 ? 1 : c < 0xE0 ? 2 : 3;
        if (k >= WEIR_JAVA_DIGITS || c >= 0xF0 || i + n > f->len) return false;
        if (n > 1) c &= 0x7Fu >> n;
        for (int j = 1; j < n; j++) c = c << 6 | (f->p[i + j] & 0x3Fu);
        for (size_t z = 0; n > 1 && z < sizeof zeros / sizeof *zeros; z++)
            if (c >= zeros[z] && c - zeros[z] < 10) digit = c - zeros[z];
        if (n > 1 && digit == 10) return false;
        buf[k] = (char)(n == 1 ? c : '0' + digit);
        i += n;
    }
    f->p = buf;
    f->len = k;
    return true;
}

bool weir_java_long(weir_bytes f, int64_t *out) {
    char buf[WEIR_JAVA_DIGITS];
    bool minus = f.len && *f.p == '-';
    int32_t i = f.len && (*f.p == '-' || *f.p == '+');
    uint64_t v = 0;
    if (i == f.len) return false;
    if (f.len - i > 18) {
        while (i < f.len - 1 && f.p[i] == '0') i++;
        if (f.len - i > 19 && all_ascii(f)) return false;
    }
    if (f.len - i <= 18)
        for (; i < f.len && (unsigned char)(f.p[i] - '0') < 10; i++)
            v = v * 10 + (unsigned)(f.p[i] - '0');
    for (; i < f.len; i++) {
        unsigned d = (unsigned)(f.p[i] - '0');
        if (d > 9) return !all_ascii(f) && weir_java_ascii(&f, buf) && weir_java_long(f, out);
        if (v > (UINT64_MAX - d) / 10) return false;
        v = v * 10 + d;
    }
    if (v > (uint64_t)INT64_MAX + minus) return false;
    *out = minus ? (int64_t)(0 - v) : (int64_t)v;
    return true;
}

static int32_t digits_at(weir_bytes f, int32_t i, bool hex) {
    int32_t k = i;
    while (k < f.len && ((f.p[k] >= '0' && f.p[k] <= '9') ||
                         (hex && (f.p[k] | 32) >= 'a' && (f.p[k] | 32) <= 'f')))
        k++;
    return k - i;
}

/* Java's grammar; *end: where its suffix is, which strtod does not know. */
static bool real_shape(weir_bytes f, int32_t *end) {
    int32_t i = f.len && (*f.p == '-' || *f.p == '+');
    bool hex = f.len - i > 2 && f.p[i] == '0' && (f.p[i + 1] | 32) == 'x';
    if (hex) i += 2;
    int32_t whole = digits_at(f, i, hex), part = 0;
    i += whole;
    if (i < f.len && f.p[i] == '.') part = digits_at(f, ++i, hex);
    i += part;
    if (whole + part == 0) return false;
    if (i < f.len && (f.p[i] | 32) == (hex ? 'p' : 'e')) {
        i++;
        if (i < f.len && (f.p[i] == '-' || f.p[i] == '+')) i++;
        int32_t k = digits_at(f, i, false);
        if (!k) return false;
        i += k;
    } else if (hex) {
        return false;
    }
    *end = i;
    return i == f.len || (i == f.len - 1 && strchr("dDfF", f.p[i]));
}

/* 15 digits and a small power of ten are exact in doubles. */
static bool quick_double(weir_bytes f, double *out) {
    static const double p10[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    int32_t i = f.len && *f.p == '-', minus = i, frac = 0;
    bool point = false;
    int64_t v = 0;
    if (f.len - i > 15 || f.len == i || f.p[i] == '.') return false;
    for (; i < f.len; i++) {
        unsigned d = (unsigned)(f.p[i] - '0');
        if (f.p[i] == '.' && !point) {
            point = true;
            continue;
        }
        if (d > 9) return false;
        v = v * 10 + d;
        frac += point;
    }
    *out = (minus ? -(double)v : (double)v) / p10[frac];
    return true;
}

bool weir_java_double(weir_arena *mem, weir_bytes f, bool single, double *out) {
    char t[64], *text = t;
    int32_t end;
    if (!single && quick_double(f, out)) return true;
    while (f.len && (unsigned char)*f.p <= ' ') f.p++, f.len--;
    while (f.len && (unsigned char)f.p[f.len - 1] <= ' ') f.len--;
    weir_bytes word = f;
    bool sign = f.len && (*f.p == '-' || *f.p == '+');
    word.p += sign;
    word.len -= sign;
    if (same(word, "Infinity")) return *out = *f.p == '-' ? -INFINITY : INFINITY, true;
    if (same(word, "NaN")) return *out = NAN, true;
    if (!real_shape(f, &end)) return false;
    if (end >= (int32_t)sizeof t) text = weir_alloc(mem, (size_t)end + 1);
    memcpy(text, f.p, (size_t)end);
    text[end] = 0;
    *out = single ? (double)strtof(text, NULL) : strtod(text, NULL);
    return true;
}

bool weir_java_decimal(weir_bytes f, int *precision, int64_t *scale) {
    char buf[WEIR_JAVA_DIGITS];
    if (!weir_java_ascii(&f, buf)) return false;
    int32_t i = f.len && (*f.p == '-' || *f.p == '+'), from = i, whole = digits_at(f, i, false),
            part = 0, zero = 0;
    int64_t e = 0;
    i += whole;
    if (i < f.len && f.p[i] == '.') part = digits_at(f, ++i, false);
    i += part;
    if (whole + part == 0) return false;
    int32_t last = i;
    if (i < f.len && (f.p[i] | 32) == 'e') {
        i++;
        bool minus = i < f.len && f.p[i] == '-';
        if (i < f.len && (f.p[i] == '-' || f.p[i] == '+')) i++;
        int32_t k = digits_at(f, i, false);
        while (k > 1 && f.p[i] == '0') i++, k--;
        if (!k || k > 10) return false;
        for (; k; k--) e = e * 10 + (f.p[i++] - '0');
        if (minus) e = -e;
    }
    if (i != f.len) return false;
    *scale = part - e;
    for (int32_t k = from; k < last && (f.p[k] == '0' || f.p[k] == '.'); k++) zero += f.p[k] == '0';
    *precision = whole + part - zero;
    if (*precision < 1) *precision = 1;
    return *scale == (int32_t)*scale;
}
