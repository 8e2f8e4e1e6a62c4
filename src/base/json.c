/* Small JSON documents: parser (depth-limited recursion) and writer. See json.h. */
#include "base/json.h"
#include "base/simd.h"
#include "base/utf8.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_DEPTH = 1024 };
typedef struct reader {
    weir_arena *a;
    const char *p, *end;
    int depth;
} reader;

static weir_json *parse_value(reader *r);

static void blank(reader *r) {
    while (r->p < r->end && (*r->p == ' ' || *r->p == '\t' || *r->p == '\n' || *r->p == '\r'))
        r->p++;
}

static weir_json *node(reader *r, weir_jkind k) {
    weir_json *j = WEIR_NEW(r->a, weir_json);
    j->kind = k;
    return j;
}

static bool hex4(reader *r, uint32_t *out) {
    *out = 0;
    if (r->end - r->p < 4) return false;
    for (int i = 0; i < 4; i++) {
        char c = *r->p++, l = (char)(c | 32);
        if (c >= '0' && c <= '9')
            *out = *out << 4 | (uint32_t)(c - '0');
        else if (l >= 'a' && l <= 'f')
            *out = *out << 4 | (uint32_t)(l - 'a' + 10);
        else
            return false;
    }
    return true;
}

static bool escape(reader *r, char **o) {
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    if (r->p >= r->end) return false;
    char c = *r->p++;
    if (c == 'u') {
        uint32_t u, v;
        if (!hex4(r, &u)) return false;
        if (u >= 0xD800 && u < 0xDC00) {
            if (r->end - r->p < 6 || r->p[0] != '\\' || r->p[1] != 'u') return false;
            r->p += 2;
            if (!hex4(r, &v) || v < 0xDC00 || v > 0xDFFF) return false;
            u = 0x10000 + ((u - 0xD800) << 10) + (v - 0xDC00);
        }
        *o += weir_utf8_put(*o, u >> 11 == 27 ? '?' : u); /* half of a pair */
        return true;
    }
    const char *f = c ? strchr(from, c) : NULL;
    if (!f) return false;
    *(*o)++ = to[f - from];
    return true;
}

/* After the opening quote. */
static char *parse_string(reader *r, size_t *len) {
    const char *s = r->p;
    while (s < r->end && *s != '"') s += *s == '\\' ? 2 : 1;
    if (s >= r->end) return NULL;
    char *out = weir_alloc(r->a, (size_t)(s - r->p) + 1), *o = out;
    while (r->p < r->end && *r->p != '"') {
        if ((unsigned char)*r->p < 0x20) return NULL;
        if (*r->p == '\\') {
            r->p++;
            if (!escape(r, &o)) return NULL;
        } else {
            *o++ = *r->p++;
        }
    }
    r->p++;
    *len = (size_t)(o - out);
    return out;
}

static weir_json *parse_number(reader *r) {
    const char *s = r->p;
    if (*r->p == '-') r->p++;
    const char *digits = r->p;
    while (r->p < r->end && ((*r->p >= '0' && *r->p <= '9') || strchr(".eE+-", *r->p))) r->p++;
    char *text = weir_strndup(r->a, s, (size_t)(r->p - s)), *end;
    (void)strtod(text, &end);
    if (digits == r->p || *end || *digits == '.' || *digits == '+' ||
        (*digits == '0' && digits[1] >= '0' && digits[1] <= '9' && r->p - digits > 1))
        return NULL;
    weir_json *j = node(r, WEIR_J_NUMBER);
    j->text = text;
    j->len = (size_t)(r->p - s);
    return j;
}

static void push(reader *r, weir_json *j, const char *key, weir_json *v) {
    size_t n = j->len;
    if ((n & (n - 1)) == 0) {
        size_t cap = n ? n * 2 : 1;
        weir_json **item = WEIR_NEWN(r->a, weir_json *, cap);
        if (n) memcpy(item, j->item, sizeof *item * n);
        j->item = item;
        if (j->kind == WEIR_J_OBJECT) {
            const char **keys = WEIR_NEWN(r->a, const char *, cap);
            if (n) memcpy(keys, j->key, sizeof *keys * n);
            j->key = keys;
        }
    }
    j->item[n] = v;
    if (key) j->key[n] = key;
    j->len++;
}

static weir_json *parse_container(reader *r, bool object) {
    weir_json *j = node(r, object ? WEIR_J_OBJECT : WEIR_J_ARRAY), *v;
    char close = object ? '}' : ']';
    r->p++;
    blank(r);
    if (r->p < r->end && *r->p == close) return r->p++, j;
    for (;;) {
        char *key = NULL;
        size_t n;
        blank(r);
        if (object) {
            if (r->p >= r->end || *r->p++ != '"' || !(key = parse_string(r, &n))) return NULL;
            blank(r);
            if (r->p >= r->end || *r->p++ != ':') return NULL;
        }
        if (!(v = parse_value(r))) return NULL;
        push(r, j, key, v);
        blank(r);
        if (r->p >= r->end) return NULL;
        char c = *r->p++;
        if (c == close) return j;
        if (c != ',') return NULL;
    }
}

static weir_json *parse_word(reader *r, const char *word, weir_jkind k, bool b) {
    size_t n = strlen(word);
    if ((size_t)(r->end - r->p) < n || memcmp(r->p, word, n) != 0) return NULL;
    r->p += n;
    weir_json *j = node(r, k);
    j->b = b;
    return j;
}

static weir_json *parse_value(reader *r) {
    blank(r);
    if (r->p >= r->end || ++r->depth > MAX_DEPTH) return NULL;
    weir_json *j;
    switch (*r->p) {
    case '{': j = parse_container(r, true); break;
    case '[': j = parse_container(r, false); break;
    case '"':
        r->p++;
        j = node(r, WEIR_J_STRING);
        if (!(j->text = parse_string(r, &j->len))) j = NULL;
        break;
    case 't': j = parse_word(r, "true", WEIR_J_BOOL, true); break;
    case 'f': j = parse_word(r, "false", WEIR_J_BOOL, false); break;
    case 'n': j = parse_word(r, "null", WEIR_J_NULL, false); break;
    default: j = *r->p == '-' || (*r->p >= '0' && *r->p <= '9') ? parse_number(r) : NULL;
    }
    r->depth--;
    return j;
}

weir_json *weir_json_parse(weir_arena *a, const char *p, size_t len, size_t *bad_at) {
    reader r = {a, p, p + len, 0};
    weir_json *j = parse_value(&r);
    blank(&r);
    if (j && r.p != r.end) j = NULL;
    if (!j && bad_at) *bad_at = (size_t)(r.p < r.end ? r.p - p : (ptrdiff_t)len);
    return j;
}

const weir_json *weir_json_get(const weir_json *o, const char *key) {
    if (!o || o->kind != WEIR_J_OBJECT) return NULL;
    for (size_t i = o->len; i-- > 0;)
        if (strcmp(o->key[i], key) == 0) return o->item[i];
    return NULL;
}

static const weir_json *get_kind(const weir_json *o, const char *key, weir_jkind kind) {
    const weir_json *v = weir_json_get(o, key);
    return v && v->kind == kind ? v : NULL;
}

const weir_json *weir_json_arr(const weir_json *o, const char *key) {
    return get_kind(o, key, WEIR_J_ARRAY);
}

const weir_json *weir_json_obj(const weir_json *o, const char *key) {
    return get_kind(o, key, WEIR_J_OBJECT);
}

const char *weir_json_str(const weir_json *o, const char *key, const char *dflt) {
    const weir_json *v = weir_json_get(o, key);
    return v && v->kind == WEIR_J_STRING ? v->text : dflt;
}

bool weir_json_to_int(const weir_json *v, int64_t *out) {
    char *end;
    if (!v || v->kind != WEIR_J_NUMBER) return false;
    errno = 0;
    *out = strtoll(v->text, &end, 10);
    return !*end && !errno; /* one that does not fit is none */
}

int64_t weir_json_int(const weir_json *o, const char *key, int64_t dflt) {
    int64_t n;
    return weir_json_to_int(weir_json_get(o, key), &n) ? n : dflt;
}

bool weir_json_flag(const weir_json *o, const char *key, bool dflt) {
    const weir_json *v = weir_json_get(o, key);
    return v && v->kind == WEIR_J_BOOL ? v->b : dflt;
}

/* ---- writing ---- */

void weir_json_escape_part(weir_str *s, const char *p, size_t n) {
    const char *end = p + n, *from = p;
    while ((p = weir_plain_text(p, end, '"')) < end) {
        unsigned char c = (unsigned char)*p;
        int k = weir_utf8_next(p, end);
        p += k < 0 ? -k : k;
        if (k > 1) continue;
        weir_str_add(s, from, (size_t)(p - abs(k) - from));
        from = p;
        if (k < 0) {
            weir_str_add(s, WEIR_UTF8_BAD, 3);
            continue;
        }
        switch (c) {
        case '"': weir_str_puts(s, "\\\""); break;
        case '\\': weir_str_puts(s, "\\\\"); break;
        case '\n': weir_str_puts(s, "\\n"); break;
        case '\r': weir_str_puts(s, "\\r"); break;
        case '\t': weir_str_puts(s, "\\t"); break;
        case '\b': weir_str_puts(s, "\\b"); break;
        case '\f': weir_str_puts(s, "\\f"); break;
        default: weir_str_printf(s, "\\u%04X", c);
        }
    }
    weir_str_add(s, from, (size_t)(end - from));
}

void weir_json_escape(weir_str *s, const char *p, size_t n) {
    weir_str_putc(s, '"');
    weir_json_escape_part(s, p, n);
    weir_str_putc(s, '"');
}

void weir_jw_init(weir_jw *w, weir_str *out) { *w = (weir_jw){.out = out}; }

static void before(weir_jw *w) {
    uint64_t *comma = &w->comma[w->depth / 64], bit = 1ull << w->depth % 64;
    if (*comma & bit) weir_str_putc(w->out, ',');
    *comma |= bit;
}
static void first(weir_jw *w) { w->comma[w->depth / 64] &= ~(1ull << w->depth % 64); }
static void open_(weir_jw *w, char c) {
    before(w);
    weir_str_putc(w->out, c);
    weir_assert(w->depth + 1 < (int)sizeof w->comma * 8);
    w->depth++;
    first(w);
}
static void close_(weir_jw *w, char c) {
    w->depth--;
    weir_str_putc(w->out, c);
}
void weir_jw_obj(weir_jw *w) { open_(w, '{'); }
void weir_jw_arr(weir_jw *w) { open_(w, '['); }
void weir_jw_end_obj(weir_jw *w) { close_(w, '}'); }
void weir_jw_end_arr(weir_jw *w) { close_(w, ']'); }
void weir_jw_key(weir_jw *w, const char *key) {
    before(w);
    weir_json_escape(w->out, key, strlen(key));
    weir_str_putc(w->out, ':');
    first(w);
}
void weir_jw_raw(weir_jw *w, const char *json) {
    before(w);
    weir_str_puts(w->out, json);
}
void weir_jw_str(weir_jw *w, const char *s) {
    if (s)
        weir_jw_strn(w, s, strlen(s));
    else
        weir_jw_null(w);
}
void weir_jw_strn(weir_jw *w, const char *s, size_t n) {
    before(w);
    weir_json_escape(w->out, s, n);
}
void weir_jw_int(weir_jw *w, int64_t v) {
    char digits[20], *p = digits + sizeof digits;
    uint64_t rest = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    do
        *--p = (char)('0' + rest % 10);
    while (rest /= 10);
    if (v < 0) *--p = '-';
    before(w);
    weir_str_add(w->out, p, (size_t)(digits + sizeof digits - p));
}
void weir_jw_bool(weir_jw *w, bool v) { weir_jw_raw(w, v ? "true" : "false"); }
void weir_jw_null(weir_jw *w) { weir_jw_raw(w, "null"); }
void weir_jw_double(weir_jw *w, double v) {
    char b[32];
    weir_double_text(v, b);
    weir_jw_raw(w, b);
}
void weir_jw_value(weir_jw *w, const weir_json *j) {
    switch (j->kind) {
    case WEIR_J_NULL: weir_jw_null(w); break;
    case WEIR_J_BOOL: weir_jw_bool(w, j->b); break;
    case WEIR_J_NUMBER: weir_jw_raw(w, j->text); break;
    case WEIR_J_STRING: weir_jw_strn(w, j->text, j->len); break;
    case WEIR_J_ARRAY:
    case WEIR_J_OBJECT:
        if (j->kind == WEIR_J_ARRAY)
            weir_jw_arr(w);
        else
            weir_jw_obj(w);
        for (size_t i = 0; i < j->len; i++) {
            if (j->kind == WEIR_J_OBJECT) weir_jw_key(w, j->key[i]);
            weir_jw_value(w, j->item[i]);
        }
        if (j->kind == WEIR_J_ARRAY)
            weir_jw_end_arr(w);
        else
            weir_jw_end_obj(w);
    }
}

/* Java's form from decimal digits d1 d2 ... and a decimal exponent: 0.001 <= |v| < 10^7 plain, else
 * d.dddEn. */
static int java_form(bool minus, const char *digits, int n, int exp10, char out[32]) {
    char *o = out;
    if (minus) *o++ = '-';
    while (n > 1 && digits[n - 1] == '0') n--;
    if (exp10 >= -3 && exp10 < 7) {
        if (exp10 < 0) {
            *o++ = '0';
            *o++ = '.';
            for (int i = -1; i > exp10; i--) *o++ = '0';
            for (int i = 0; i < n; i++) *o++ = digits[i];
        } else {
            for (int i = 0; i <= exp10; i++) *o++ = i < n ? digits[i] : '0';
            *o++ = '.';
            if (n <= exp10 + 1) *o++ = '0';
            for (int i = exp10 + 1; i < n; i++) *o++ = digits[i];
        }
        *o = 0;
    } else {
        *o++ = digits[0];
        *o++ = '.';
        if (n == 1) *o++ = '0';
        for (int i = 1; i < n; i++) *o++ = digits[i];
        o += snprintf(o, 8, "E%d", exp10);
    }
    return (int)(o - out);
}

static int special(double v, char out[32]) {
    const char *t = isnan(v)   ? "NaN"
                    : isinf(v) ? (v > 0 ? "Infinity" : "-Infinity")
                    : v == 0   ? (signbit(v) ? "-0.0" : "0.0")
                               : NULL;
    if (!t) return 0;
    strcpy(out, t);
    return (int)strlen(t);
}

/* Most numbers have few decimals: m / 10^k is v exactly as read back, and m has so few digits that
 * no other decimal of that length is. 0: not so. */
static int few_decimals(double v, bool single, char out[32]) {
    static const double tens[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};
    double a = fabs(v), most = single ? 1e6 : 1e15;
    char digits[24];
    if (!(a >= 1e-3 && a < most)) return 0;
    for (int k = 0; k < 10; k++) {
        double t = a * tens[k];
        if (t >= most) return 0;
        int64_t m = (int64_t)(t + 0.5);
        double back = (double)m / tens[k];
        if (single ? (float)back != (float)a : back != a) continue;
        int n = 0, point = -1 - k;
        for (int64_t x = m; x; x /= 10) n++;
        for (int i = n; i-- > 0; m /= 10) digits[i] = (char)('0' + m % 10);
        return java_form(v < 0, digits, n, n + point, out);
    }
    return 0;
}

/* 15 digits (6) hold any shorter decimal, with zeros after it; 17 (9) hold every number. */
static int shortest(double v, bool single, char out[32]) {
    char b[40], digits[24] = {0};
    int most = single ? 9 : 17, n = few_decimals(v, single, out);
    if (n) return n;
    for (int p = single ? 6 : 15; p <= most; p++) {
        snprintf(b, sizeof b, "%.*e", p - 1, v);
        if (single ? strtof(b, NULL) == (float)v : strtod(b, NULL) == v) break;
    }
    if (fabs(v) < (single ? 1.2e-38 : 2.3e-308)) /* few bits left: two digits where they do */
        for (int p = 2; p <= most; p++) {
            snprintf(b, sizeof b, "%.*e", p - 1, v);
            if (single ? strtof(b, NULL) == (float)v : strtod(b, NULL) == v) break;
        }
    const char *s = b;
    bool minus = *s == '-';
    if (minus) s++;
    for (; *s != 'e'; s++)
        if (*s != '.') digits[n++] = *s;
    return java_form(minus, digits, n, (int)strtol(s + 1, NULL, 10), out);
}

int weir_double_text(double v, char out[32]) {
    int n = special(v, out);
    if (n) return n;
    if (fabs(v) < 1e7 && v == (double)(int64_t)v) return snprintf(out, 32, "%lld.0", (long long)v);
    return shortest(v, false, out);
}

int weir_float_text(float v, char out[32]) {
    int n = special((double)v, out);
    return n ? n : shortest((double)v, true, out);
}
