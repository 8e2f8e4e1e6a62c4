/* Decimal arithmetic on __int128 with 256-bit intermediates. Called by casts, arithmetic and
 * aggregates; any thread. */
#include "func/decimal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

typedef unsigned __int128 u128;
typedef struct u256 {
    u128 hi, lo;
} u256;

weir_i128 weir_pow10(int n) {
    static const int64_t small[] = {1,
                                    10,
                                    100,
                                    1000,
                                    10000,
                                    100000,
                                    1000000,
                                    10000000,
                                    100000000,
                                    1000000000,
                                    10000000000,
                                    100000000000,
                                    1000000000000,
                                    10000000000000,
                                    100000000000000,
                                    1000000000000000,
                                    10000000000000000,
                                    100000000000000000,
                                    1000000000000000000};
    weir_assert(n >= 0 && n <= 38);
    if (n <= 18) return small[n];
    if (n <= 36) return (weir_i128)small[18] * small[n - 18];
    return (weir_i128)small[18] * small[18] * small[n - 36];
}

static u128 mag(weir_i128 v) { return v < 0 ? -(u128)v : (u128)v; }
static weir_i128 sign(u128 v, bool neg) { return neg ? (weir_i128)(-v) : (weir_i128)v; }

bool weir_dec_fits(weir_i128 v, int precision) { return mag(v) < (u128)weir_pow10(precision); }

static u256 mul(u128 a, u128 b) {
    uint64_t a0 = (uint64_t)a, a1 = (uint64_t)(a >> 64), b0 = (uint64_t)b, b1 = (uint64_t)(b >> 64);
    u128 p00 = (u128)a0 * b0, p01 = (u128)a0 * b1, p10 = (u128)a1 * b0, p11 = (u128)a1 * b1;
    u128 mid = (p00 >> 64) + (uint64_t)p01 + (uint64_t)p10;
    return (u256){p11 + (p01 >> 64) + (p10 >> 64) + (mid >> 64), (mid << 64) | (uint64_t)p00};
}

static u256 add(u256 a, u256 b) {
    u256 r = {a.hi + b.hi, a.lo + b.lo};
    r.hi += r.lo < a.lo;
    return r;
}

static u256 sub(u256 a, u256 b) { return (u256){a.hi - b.hi - (a.lo < b.lo), a.lo - b.lo}; }
static int cmp(u256 a, u256 b) {
    if (a.hi != b.hi) return a.hi < b.hi ? -1 : 1;
    return a.lo < b.lo ? -1 : a.lo > b.lo;
}

/* Quotient and remainder; b is not 0. */
static u256 divide(u256 a, u128 b, u128 *rem) {
    if (a.hi == 0) {
        *rem = a.lo % b;
        return (u256){0, a.lo / b};
    }
    u256 q = {a.hi / b, 0};
    u128 r = a.hi % b;
    for (int i = 127; i >= 0; i--) {
        bool carry = r >> 127;
        r = r << 1 | (a.lo >> i & 1);
        if (carry || r >= b) {
            r -= b;
            q.lo |= (u128)1 << i;
        }
    }
    *rem = r;
    return q;
}

/* a / b half up; false when it does not fit precision. */
static bool round_div(u256 a, u128 b, bool neg, int precision, weir_i128 *out) {
    u128 r;
    u256 q = divide(a, b, &r);
    if (r >= b - r) q = add(q, (u256){0, 1});
    if (q.hi || q.lo >= (u128)weir_pow10(precision)) return false;
    *out = sign(q.lo, neg);
    return true;
}

/* v * 10^n into 256 bits: n may exceed 38. false when 10^76 would not hold it. */
static bool scale_up(u128 v, int n, u256 *out) {
    *out = (u256){0, v};
    while (n > 0) {
        int k = n > 38 ? 38 : n;
        if (out->hi) {
            u256 lo = mul(out->lo, (u128)weir_pow10(k)), hi = mul(out->hi, (u128)weir_pow10(k));
            if (hi.hi || lo.hi + hi.lo < lo.hi) return false;
            *out = (u256){lo.hi + hi.lo, lo.lo};
        } else {
            *out = mul(out->lo, (u128)weir_pow10(k));
        }
        n -= k;
    }
    return true;
}

/* A 256-bit magnitude at scale from, brought to scale to. */
static bool settle(u256 v, bool neg, int from, int to, int precision, weir_i128 *out) {
    if (to >= from) {
        if (v.hi) return false;
        u256 r;
        if (!scale_up(v.lo, to - from, &r) || r.hi || r.lo >= (u128)weir_pow10(precision))
            return false;
        *out = sign(r.lo, neg);
        return true;
    }
    int drop = from - to;
    while (drop >
           38) { /* digits this far right cannot reach the rounding but through the last step */
        u128 rem;
        v = divide(v, (u128)weir_pow10(drop - 38 > 38 ? 38 : drop - 38), &rem);
        drop -= drop - 38 > 38 ? 38 : drop - 38;
    }
    return round_div(v, (u128)weir_pow10(drop), neg, precision, out);
}

bool weir_dec_rescale(weir_i128 v, int from, int to, int precision, weir_i128 *out) {
    if (from == to) {
        *out = v;
        return weir_dec_fits(v, precision);
    }
    return settle((u256){0, mag(v)}, v < 0, from, to, precision, out);
}

bool weir_dec_mul(weir_i128 a, weir_i128 b, int scale_sum, int scale, int precision,
                  weir_i128 *out) {
    return settle(mul(mag(a), mag(b)), (a < 0) != (b < 0), scale_sum, scale, precision, out);
}

bool weir_dec_div(weir_i128 a, int sa, weir_i128 b, int sb, int scale, int precision,
                  weir_i128 *out) {
    bool neg = (a < 0) != (b < 0);
    int shift = scale - sa + sb;
    u256 n;
    if (shift >= 0) {
        if (!scale_up(mag(a), shift, &n)) return false;
        return round_div(n, mag(b), neg, precision, out);
    }
    u256 d = mul(mag(b), (u128)weir_pow10(-shift > 38 ? 38 : -shift));
    if (d.hi) {
        *out = 0;
        return true;
    }
    return round_div((u256){0, mag(a)}, d.lo, neg, precision, out);
}

bool weir_dec_add(weir_i128 a, int sa, weir_i128 b, int sb, int scale, int precision,
                  weir_i128 *out) {
    if (sa == sb && sa == scale) {
        *out = a + b; /* both below 10^38: no overflow of 127 bits */
        return weir_dec_fits(*out, precision);
    }
    int s = sa > sb ? sa : sb;
    u256 x, y;
    (void)scale_up(mag(a), s - sa, &x);
    (void)scale_up(mag(b), s - sb, &y);
    if ((a < 0) == (b < 0)) return settle(add(x, y), a < 0, s, scale, precision, out);
    if (cmp(x, y) >= 0) return settle(sub(x, y), a < 0, s, scale, precision, out);
    return settle(sub(y, x), b < 0, s, scale, precision, out);
}

/* Brings both to one scale; a's digits beyond 256 bits cannot occur (38 + 38 digits). */
static void align(weir_i128 a, int sa, weir_i128 b, int sb, u256 *x, u256 *y) {
    int s = sa > sb ? sa : sb;
    (void)scale_up(mag(a), s - sa, x);
    (void)scale_up(mag(b), s - sb, y);
}

static u256 wide_mod(u256 a, u256 b, u256 *quot) {
    u256 q = {0, 0}, r = {0, 0};
    if (!b.hi) {
        u128 rem;
        q = divide(a, b.lo, &rem);
        r.lo = rem;
    } else {
        for (int i = 255; i >= 0; i--) {
            r = (u256){r.hi << 1 | r.lo >> 127,
                       r.lo << 1 | ((i > 127 ? a.hi >> (i - 128) : a.lo >> i) & 1)};
            if (cmp(r, b) < 0) continue;
            r = sub(r, b);
            if (i > 127)
                q.hi |= (u128)1 << (i - 128);
            else
                q.lo |= (u128)1 << i;
        }
    }
    if (quot) *quot = q;
    return r;
}

bool weir_dec_mod(weir_i128 a, int sa, weir_i128 b, int sb, int scale, int precision,
                  weir_i128 *out) {
    u256 x, y;
    align(a, sa, b, sb, &x, &y);
    return settle(wide_mod(x, y, NULL), a<0, sa> sb ? sa : sb, scale, precision, out);
}

bool weir_dec_quot(weir_i128 a, int sa, weir_i128 b, int sb, int64_t *out) {
    u256 x, y, q;
    align(a, sa, b, sb, &x, &y);
    (void)wide_mod(x, y, &q);
    bool neg = (a < 0) != (b < 0);
    *out = (int64_t)(neg ? -q.lo : q.lo); /* Spark takes the low 64 bits */
    return !q.hi && q.lo <= (u128)INT64_MAX + neg;
}

int weir_dec_cmp(weir_i128 a, int sa, weir_i128 b, int sb) {
    if (sa == sb) return a < b ? -1 : a > b;
    if ((a < 0) != (b < 0)) return a < 0 ? -1 : 1;
    u256 x, y;
    align(a, sa, b, sb, &x, &y);
    return a < 0 ? -cmp(x, y) : cmp(x, y);
}

static int digits(weir_i128 v, char out[48]) {
    char t[48];
    int n = 0, k = 0;
    u128 m = mag(v);
    for (; m > UINT64_MAX; m /= 10) t[n++] = (char)('0' + (int)(m % 10));
    uint64_t low = (uint64_t)m;
    do {
        t[n++] = (char)('0' + (int)(low % 10));
        low /= 10;
    } while (low);
    while (n) out[k++] = t[--n];
    return k;
}

int weir_dec_text(weir_i128 v, int scale, char out[64]) {
    char d[48];
    int n = digits(v, d), k = 0;
    if (v < 0) out[k++] = '-';
    if (scale <= 0) {
        memcpy(out + k, d, (size_t)n);
        k += n;
        for (int i = 0; v && i < -scale; i++) out[k++] = '0';
    } else if (n > scale) {
        memcpy(out + k, d, (size_t)(n - scale));
        k += n - scale;
        out[k++] = '.';
        memcpy(out + k, d + n - scale, (size_t)scale);
        k += scale;
    } else {
        out[k++] = '0';
        out[k++] = '.';
        for (int i = n; i < scale; i++) out[k++] = '0';
        memcpy(out + k, d, (size_t)n);
        k += n;
    }
    out[k] = 0;
    return k;
}

int weir_dec_text_sci(weir_i128 v, int scale, char out[64]) {
    char d[48];
    int n = digits(v, d), e = n - 1 - scale, k = 0;
    if (scale >= 0 && e >= -6) return weir_dec_text(v, scale, out);
    if (v < 0) out[k++] = '-';
    out[k++] = d[0];
    if (n > 1) {
        out[k++] = '.';
        memcpy(out + k, d + 1, (size_t)(n - 1));
        k += n - 1;
    }
    return k + snprintf(out + k, (size_t)(64 - k), "E%+d", e);
}

typedef struct scan {
    weir_i128 v;
    int scale, digits;
    bool neg, dropped_half, any;
} scan;

static void push_digit(scan *s, int c, bool fraction) {
    s->any = true;
    if (s->digits >= 38) { /* rounding of the 39th digit on: only its own value matters, half up */
        if (s->digits == 38) s->dropped_half = c >= '5';
        s->digits++;
        if (!fraction) s->scale--;
        return;
    }
    s->v = s->v * 10 + (c - '0');
    if (s->v) s->digits++;
    if (fraction) s->scale++;
}

weir_dec_rc weir_dec_parse(const char *p, int n, int precision, int scale, weir_i128 *out) {
    scan s = {0};
    int i = 0;
    while (i < n && (unsigned char)p[i] <= ' ') i++;
    while (n > i && (unsigned char)p[n - 1] <= ' ') n--;
    if (i < n && (p[i] == '-' || p[i] == '+')) s.neg = p[i++] == '-';
    for (; i < n && p[i] >= '0' && p[i] <= '9'; i++) push_digit(&s, p[i], false);
    if (i < n && p[i] == '.')
        for (i++; i < n && p[i] >= '0' && p[i] <= '9'; i++) push_digit(&s, p[i], true);
    if (!s.any) return WEIR_DEC_MALFORMED;
    if (i < n && (p[i] == 'e' || p[i] == 'E')) {
        int e = 0, sgn = 1, start;
        i++;
        if (i < n && (p[i] == '-' || p[i] == '+')) sgn = p[i++] == '-' ? -1 : 1;
        for (start = i; i < n && p[i] >= '0' && p[i] <= '9'; i++)
            if (e < 100000) e = e * 10 + (p[i] - '0');
        if (i == start) return WEIR_DEC_MALFORMED;
        s.scale -= sgn * e;
    }
    if (i != n) return WEIR_DEC_MALFORMED;
    if (s.dropped_half && s.scale <= scale)
        s.v++; /* the 39th digit decides only when nothing else is cut */
    if (s.v == 0) {
        *out = 0;
        return WEIR_DEC_OK;
    }
    if (s.scale > scale + 100) {
        *out = 0;
        return WEIR_DEC_OK;
    }
    if (scale - s.scale > 40) return WEIR_DEC_OVERFLOW;
    weir_i128 v = s.neg ? -s.v : s.v;
    return weir_dec_rescale(v, s.scale, scale, precision, out) ? WEIR_DEC_OK : WEIR_DEC_OVERFLOW;
}

double weir_dec_double(weir_i128 v, int scale) {
    static const double p10[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                 1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    if (mag(v) <= ((u128)1 << 53) && scale >= 0 && scale <= 22)
        return (double)v / p10[scale]; /* correctly rounded */
    char t[64];
    t[weir_dec_text(v, scale, t)] = 0;
    return strtod(t, NULL);
}

weir_dec_rc weir_dec_from_double(double v, int precision, int scale, weir_i128 *out) {
    char t[32];
    if (!isfinite(v)) return WEIR_DEC_MALFORMED;
    return weir_dec_parse(t, weir_double_text(v, t), precision, scale, out);
}
