/* JSON as VARIANT: the value that a token stream stands at. See json_convert.h. */
#include "codec/json_convert.h"
#include "func/decimal.h"

#include <math.h>
#include <stdlib.h>

enum { DIGITS = 38 };

/* SPARK VariantBuilder.tryParseDecimal: digits, perhaps with a point, that a decimal can hold. */
static bool decimal_of(const weir_jtok *l, weir_i128 *v, int *scale) {
    const char *p = l->body, *end = p + l->nbody;
    bool minus = p < end && *p == '-', point = false;
    int digits = 0;
    unsigned __int128 sum = 0;
    *scale = 0;
    for (p += minus; p < end; p++) {
        if (*p == '.' && !point) {
            point = true;
            continue;
        }
        if (*p < '0' || *p > '9') return false;
        if (digits || *p != '0') digits++;
        if (digits > DIGITS || (*scale += point) > DIGITS) return false;
        sum = sum * 10 + (unsigned)(*p - '0');
    }
    *v = minus ? -(weir_i128)sum : (weir_i128)sum;
    return true;
}

static double double_of(const weir_jtok *l) {
    char t[64], *copy = t;
    if (l->is_special) return l->special;
    if (l->nbody < sizeof t)
        memcpy(t, l->body, l->nbody), t[l->nbody] = 0;
    else
        copy = strndup(l->body, l->nbody);
    double v = copy ? strtod(copy, NULL) : NAN;
    if (copy != t) free(copy);
    return v;
}

static void put_number(const weir_jtok *l, weir_vbuild *b) {
    int64_t v;
    weir_i128 d;
    int scale;
    if (l->now == WEIR_JT_INTEGER && weir_jt_long(l, &v))
        weir_vbuild_long(b, v);
    else if (!l->is_special && decimal_of(l, &d, &scale))
        weir_vbuild_decimal(b, d, scale);
    else
        weir_vbuild_double(b, double_of(l));
}

static bool put_name(const weir_jtok *l, weir_vbuild *b) {
    weir_bytes name = {"", 0};
    if (weir_jt_halved(l)) return false;
    (void)weir_jt_name(l, &name);
    weir_vbuild_key(b, name.p, (size_t)name.len);
    return true;
}

bool weir_jt_variant(weir_jtok *l, weir_vbuild *b) {
    int open = 0;
    weir_vbuild_clear(b);
    while (l->now == WEIR_JT_NAME)
        if (!weir_jt_next(l)) return false;
    for (;;) {
        switch (l->now) {
        case WEIR_JT_NONE: return false;
        case WEIR_JT_NAME:
            if (!put_name(l, b)) return false;
            break;
        case WEIR_JT_OBJECT:
        case WEIR_JT_ARRAY:
            weir_vbuild_open(b, l->now == WEIR_JT_ARRAY);
            open++;
            break;
        case WEIR_JT_OBJECT_END:
        case WEIR_JT_ARRAY_END:
            if (!open-- || !weir_vbuild_close(b)) return false;
            break;
        case WEIR_JT_STRING:
            if (!weir_jt_text(l) || l->halved) return false; /* SPARK: no half of a pair */
            weir_vbuild_string(b, l->body, l->nbody);
            break;
        case WEIR_JT_INTEGER:
        case WEIR_JT_FRACTION: put_number(l, b); break;
        case WEIR_JT_TRUE:
        case WEIR_JT_FALSE: weir_vbuild_bool(b, l->now == WEIR_JT_TRUE); break;
        case WEIR_JT_NULL: weir_vbuild_null(b); break;
        }
        if (!open && l->now != WEIR_JT_NAME) return true;
        if (!weir_jt_next(l)) return false;
    }
}
