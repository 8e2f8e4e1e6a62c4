/* exp, cbrt, cosh as Java's StrictMath defines them, to the last bit: the C library's answers may
 * differ by one unit there. Method and constants are those of FDLIBM 5.3, which StrictMath's
 * specification names. Called by math.c; pure. */
#include "func/strict.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

static uint32_t high(double x) {
    uint64_t b;
    memcpy(&b, &x, 8);
    return (uint32_t)(b >> 32);
}

static double with_high(uint32_t h) {
    uint64_t b = (uint64_t)h << 32;
    double x;
    memcpy(&x, &b, 8);
    return x;
}

/* x = k ln2 + r, |r| <= ln2 / 2; exp(r) from r and a polynomial in r^2. */
double weir_strict_exp(double x) {
    static const double ln2_hi = 6.93147180369123816490e-01, ln2_lo = 1.90821492927058770002e-10,
                        inv_ln2 = 1.44269504088896338700e+00,
                        p[] = {1.66666666666666019037e-01, -2.77777777770155933842e-03,
                               6.61375632143793436117e-05, -1.65339022054652515390e-06,
                               4.13813679705723846039e-08};
    uint32_t h = high(x) & 0x7fffffff;
    double hi = 0, lo = 0;
    int k = 0;
    if (isnan(x)) return x;
    if (x > 7.09782712893383973096e+02) return INFINITY;
    if (x < -7.45133219101941108420e+02) return 0;
    if (h > 0x3fd62e42) {
        if (h < 0x3FF0A2B2)
            k = x < 0 ? -1 : 1;
        else
            k = (int)(inv_ln2 * x + (x < 0 ? -0.5 : 0.5));
        hi = x - k * ln2_hi;
        lo = k * ln2_lo;
        x = hi - lo;
    } else if (h < 0x3e300000) {
        return 1 + x;
    }
    double t = x * x, c = x - t * (p[0] + t * (p[1] + t * (p[2] + t * (p[3] + t * p[4]))));
    if (k == 0) return 1 - (x * c / (c - 2.0) - x);
    return ldexp(1 - ((lo - x * c / (2.0 - c)) - hi), k);
}

/* A 5-bit guess from the exponent, a rational step to 23 bits, one Newton step. */
double weir_strict_cbrt(double v) {
    double x = fabs(v), t;
    if (!isfinite(v) || v == 0) return v;
    if (high(x) < 0x00100000) {
        t = x * 0x1p54;
        t = with_high(high(t) / 3 + 696219795);
    } else {
        t = with_high(high(x) / 3 + 715094163);
    }
    double r = t * t / x, s = 5.42857142857142815906e-01 + r * t;
    t *= 3.57142857142857150787e-01 +
         1.60714285714285720630e+00 /
             (s + 1.41428571428571436819e+00 + -7.05306122448979611050e-01 / s);
    t = with_high(high(t) + 1);
    s = t * t;
    r = x / s;
    r = (r - t) / (t + t + r);
    t = t + t * r;
    return v < 0 ? -t : t;
}

double weir_strict_cosh(double v) {
    double x = fabs(v), t;
    uint32_t h = high(x);
    if (!isfinite(v)) return v * v;
    if (h < 0x3fd62e43) {
        t = expm1(x);
        double w = 1 + t;
        return h < 0x3c800000 ? w : 1 + t * t / (w + w);
    }
    if (h < 0x40360000) {
        t = weir_strict_exp(x);
        return 0.5 * t + 0.5 / t;
    }
    if (h < 0x40862E42) return 0.5 * weir_strict_exp(x);
    t = weir_strict_exp(0.5 * x);
    return 0.5 * t * t;
}
