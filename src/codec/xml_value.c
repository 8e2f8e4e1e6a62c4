/* Texts of XML as values. SPARK StaxXmlParser.convertTo, castTo. Any thread. */
#include "codec/java_number.h"
#include "base/mem.h"
#include "codec/xml_inner.h"
#include "func/decimal.h"

#include <math.h>
#include <stdlib.h>
#include <strings.h>

weir_bytes weir_xml_trim(const weir_xml_options *o, const char *p, int64_t n) {
    while (o->trim && n && (unsigned char)*p <= ' ') p++, n--;
    while (o->trim && n && (unsigned char)p[n - 1] <= ' ') n--;
    return (weir_bytes){p, (int32_t)n};
}

bool weir_xml_is_null(const weir_xml_options *o, weir_bytes t) {
    return o->null_value && strlen(o->null_value) == (size_t)t.len &&
           memcmp(o->null_value, t.p, (size_t)t.len) == 0;
}

const char *weir_xml_name(const weir_xml_options *o, const char *name) {
    const char *colon = o->ignore_namespace ? strrchr(name, ':') : NULL;
    return colon && colon[1] ? colon + 1 : name;
}

/* ---- numbers with a fraction ---- */

static bool is(weir_bytes t, const char *w) {
    return (size_t)t.len == strlen(w) && memcmp(t.p, w, (size_t)t.len) == 0;
}

/* A copy that ends with NUL, in a or, when short, in tmp. */
static char *terminated(weir_bytes t, char tmp[400]) {
    char *s = t.len < 400 ? tmp : weir_mem_resize(NULL, (size_t)t.len + 1);
    memcpy(s, t.p, (size_t)t.len);
    s[t.len] = 0;
    return s;
}

/* JAVA NumberFormat.parse of Locale.US: the longest number that the text begins with, its groups
 * parted by commas. */
static bool number_format(weir_bytes t, bool narrow, double *out) {
    char *s = weir_mem_resize(NULL, (size_t)t.len + 1), *q = s;
    const char *p = t.p, *end = t.p + t.len;
    bool dot = false, any = false;
    if (p < end && *p == '-') *q++ = *p++;
    if (end - p >= 3 && memcmp(p, "\xE2\x88\x9E", 3) == 0) {
        *out = q > s ? -INFINITY : INFINITY;
        weir_mem_free(s);
        return true;
    }
    for (; p < end; p++) {
        bool digit = *p >= '0' && *p <= '9';
        if (digit)
            *q++ = *p, any = true;
        else if (*p == '.' && !dot)
            *q++ = *p, dot = true;
        else if (*p != ',' || dot)
            break;
    }
    if (any && p < end && *p == 'E') {
        const char *d = p + 1 + (end - p > 1 && p[1] == '-'), *stop = d;
        while (stop < end && *stop >= '0' && *stop <= '9') stop++;
        if (stop > d) memcpy(q, p, (size_t)(stop - p)), q += stop - p;
    }
    *q = 0;
    /* JAVA: a Long or a Double, which is what becomes a float */
    if (any) *out = narrow ? (double)(float)strtod(s, NULL) : strtod(s, NULL);
    weir_mem_free(s);
    return any;
}

static weir_xml_value *value(weir_arena *a) { return WEIR_NEW(a, weir_xml_value); }

static bool cast_float(const weir_xml_options *o, weir_arena *a, bool narrow, weir_bytes t,
                       weir_xml_value **out) {
    bool minus = t.len && *t.p == '-';
    if (t.len && (minus || *t.p == '+')) t.p++, t.len--;
    *out = value(a);
    if (weir_xml_is_null(o, t)) return true; /* SPARK: null.asInstanceOf[Double] is 0 */
    if (!weir_java_double(a, t, narrow, &(*out)->d) && !number_format(t, narrow, &(*out)->d))
        return false;
    if (minus) (*out)->d = -(*out)->d;
    return true;
}

/* ---- the other types ---- */

static bool cast_integer(const weir_xml_options *o, weir_arena *a, weir_kind k, weir_bytes t,
                         weir_xml_value **out) {
    bool big = k == WEIR_T_INT || k == WEIR_T_LONG, minus = big && t.len && *t.p == '-';
    int64_t v = 0;
    if (big && t.len && (minus || *t.p == '+')) t.p++, t.len--; /* SPARK signSafeToInt */
    *out = value(a);
    if (big && weir_xml_is_null(o, t)) return true;
    if (!weir_java_long(t, &v)) return false;
    if ((k == WEIR_T_BYTE && v != (int8_t)v) || (k == WEIR_T_SHORT && v != (int16_t)v) ||
        (k == WEIR_T_INT && v != (int32_t)v))
        return false;
    (*out)->i = minus ? (int64_t)(0 - (uint64_t)v) : v;
    if (k == WEIR_T_INT) (*out)->i = (int32_t)(uint32_t)(*out)->i; /* JAVA: -(-2147483648) */
    return true;
}

static bool cast_decimal(weir_arena *a, const weir_type *type, weir_bytes t, weir_xml_value **out) {
    char tmp[400], *s = terminated(t, tmp), *q = s;
    if (!s) return false;
    for (const char *p = s; p < s + t.len; p++) /* SPARK ExprUtils.getDecimalParser(Locale.US) */
        if (*p != ',') *q++ = *p;
    *out = value(a);
    bool spaced = q > s && ((unsigned char)*s <= ' ' || (unsigned char)q[-1] <= ' ');
    bool ok = !spaced && weir_dec_parse(s, (int)(q - s), type->precision, type->scale,
                                        &(*out)->dec) == WEIR_DEC_OK;
    if (s != tmp) weir_mem_free(s);
    return ok;
}

static bool cast_boolean(weir_arena *a, weir_bytes t, weir_xml_value **out) {
    bool yes = (t.len == 4 && strncasecmp(t.p, "true", 4) == 0) || is(t, "1"),
         no = (t.len == 5 && strncasecmp(t.p, "false", 5) == 0) || is(t, "0");
    *out = value(a);
    (*out)->i = yes;
    return yes || no;
}

static bool cast_time(const weir_xml_options *o, weir_arena *a, weir_kind k, weir_bytes t,
                      weir_xml_value **out) {
    int64_t us = 0;
    int32_t day = 0;
    bool ok;
    if (k == WEIR_T_DATE && o->date_format) {
        ok = weir_pattern_parse(o->date_format, t.p, t.len, weir_zone_utc(), &us);
        day = ok ? (int32_t)weir_floor_div(us, WEIR_DAY_US) : 0;
    } else if (k == WEIR_T_DATE) {
        ok = weir_date_parse(t.p, t.len, &day);
    } else if (k == WEIR_T_TIMESTAMP) {
        ok = o->timestamp_format ? weir_pattern_parse(o->timestamp_format, t.p, t.len, o->zone, &us)
                                 : weir_timestamp_parse(t.p, t.len, o->zone, &us);
    } else {
        ok = o->ntz_format ? weir_pattern_parse(o->ntz_format, t.p, t.len, weir_zone_utc(), &us)
                           : weir_timestamp_ntz_parse(t.p, t.len, false, &us);
    }
    *out = value(a);
    (*out)->i = k == WEIR_T_DATE ? day : us;
    return ok;
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    c |= 32;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* SPARK ToStringBase.getBinaryParser: as it shows binary, [01 2F]. */
static bool cast_binary(weir_arena *a, weir_bytes t, weir_xml_value **out) {
    int32_t n = t.len > 2 ? (t.len - 1) / 3 : 0;
    char *b = weir_alloc(a, (size_t)n + 1);
    if (t.len < 2 || t.len != (n ? 3 * n + 1 : 2) || *t.p != '[' || t.p[t.len - 1] != ']')
        return false;
    for (int32_t i = 0; i < n; i++) {
        const char *p = t.p + 1 + 3 * (int64_t)i;
        int hi = hex_digit(p[0]), lo = hex_digit(p[1]);
        if (hi < 0 || lo < 0 || (i + 1 < n && p[2] != ' ')) return false;
        b[i] = (char)(hi << 4 | lo);
    }
    *out = value(a);
    (*out)->text = (weir_bytes){b, n};
    return true;
}

bool weir_xml_cast(const weir_xml_options *o, weir_arena *a, const weir_type *type, const char *p,
                   int64_t n, weir_xml_value **out) {
    weir_bytes t = weir_xml_trim(o, p, n);
    *out = NULL;
    if (weir_xml_is_null(o, t)) return true;
    switch (type->kind) {
    case WEIR_T_BYTE:
    case WEIR_T_SHORT:
    case WEIR_T_INT:
    case WEIR_T_LONG: return cast_integer(o, a, type->kind, t, out);
    case WEIR_T_FLOAT: return cast_float(o, a, true, t, out);
    case WEIR_T_DOUBLE: return cast_float(o, a, false, t, out);
    case WEIR_T_DECIMAL: return cast_decimal(a, type, t, out);
    case WEIR_T_BOOLEAN: return cast_boolean(a, t, out);
    case WEIR_T_DATE:
    case WEIR_T_TIMESTAMP:
    case WEIR_T_TIMESTAMP_NTZ: return cast_time(o, a, type->kind, t, out);
    case WEIR_T_BINARY: return cast_binary(a, t, out);
    case WEIR_T_STRING:
        *out = value(a);
        (*out)->text = (weir_bytes){weir_strndup(a, t.p, (size_t)t.len), t.len};
        return true;
    default: return false; /* SPARK: no text is a value of a nested type, an interval, ... */
    }
}
