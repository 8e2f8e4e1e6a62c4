/* The lexical side of JSON. See json_scan.h. */
#include "codec/json_scan.h"

#include "base/mem.h"
#include "base/simd.h"
#include "base/utf8.h"

/* Longer texts may be over a limit. */
enum { LONG_TEXT = 1 << 20, LONG_NAME = 10000, LONG_WORD = 300 };

void weir_js_free(weir_jscan *s) {
    weir_mem_free(s->buf);
    s->buf = NULL;
    s->cbuf = 0;
}

static bool hex4(const char *p, const char *end, uint32_t *out) {
    *out = 0;
    if (end - p < 4) return false;
    for (int i = 0; i < 4; i++) {
        char c = p[i], l = (char)(c | 32);
        if (c >= '0' && c <= '9')
            *out = *out << 4 | (uint32_t)(c - '0');
        else if (l >= 'a' && l <= 'f')
            *out = *out << 4 | (uint32_t)(l - 'a' + 10);
        else
            return false;
    }
    return true;
}

static bool escape(weir_jscan *s, const char **pp, char *o, size_t *n) {
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char *p = *pp + 1;
    uint32_t u, v;
    if (p >= s->end) return false;
    if (*p == 'u') {
        if (!hex4(p + 1, s->end, &u)) return false;
        p += 5;
        if (u >= 0xD800 && u < 0xDC00 && s->end - p >= 6 && p[0] == '\\' && p[1] == 'u' &&
            hex4(p + 2, s->end, &v) && v >= 0xDC00 && v < 0xE000) {
            u = 0x10000 + ((u - 0xD800) << 10) + (v - 0xDC00);
            p += 6;
        } else if (u >= 0xD800 && u < 0xE000) {
            return false; /* half of a pair */
        }
        *n += weir_utf8_put(o + *n, u);
    } else {
        const char *f = *p ? strchr(from, *p) : NULL;
        if (!f) return false;
        o[(*n)++] = to[f - from];
        p++;
    }
    *pp = p;
    return true;
}

/* From the first escape on: decodes into buf. from is where the string began. */
static weir_jtext decode(weir_jscan *s, const char *from, const char *p) {
    size_t n = (size_t)(p - from);
    const char *close = p;
    while (close < s->end && *close != '"') close += *close == '\\' ? 2 : 1;
    if (close >= s->end || close - from > LONG_TEXT) return (weir_jtext){0};
    if (s->cbuf < (size_t)(close - from) + 8) {
        s->cbuf = (size_t)(close - from) * 2 + 64;
        s->buf = weir_mem_resize(s->buf, s->cbuf);
    }
    memcpy(s->buf, from, n);
    while (p < close) {
        if (*p == '\\') {
            if (!escape(s, &p, s->buf, &n)) return (weir_jtext){0};
            continue;
        }
        int k = weir_utf8_next(p, s->end);
        if (k < 0 || (unsigned char)*p < 0x20) return (weir_jtext){0};
        memcpy(s->buf + n, p, (size_t)k);
        n += (size_t)k;
        p += k;
    }
    s->p = close + 1;
    return (weir_jtext){s->buf, (int32_t)n, true};
}

weir_jtext weir_js_string(weir_jscan *s) {
    const char *from = ++s->p, *p = from;
    for (;;) {
        p = weir_plain_text(p, s->end, '"');
        if (p >= s->end || p - from > LONG_TEXT) return (weir_jtext){0};
        if (*p == '"') {
            s->p = p + 1;
            return (weir_jtext){from, (int32_t)(p - from), true};
        }
        if (*p == '\\') return decode(s, from, p);
        int k = weir_utf8_next(p, s->end);
        if (k < 0 || (unsigned char)*p < 0x20) return (weir_jtext){0};
        p += k;
    }
}

weir_jtext weir_js_key(weir_jscan *s) {
    if (s->p >= s->end || *s->p != '"') return (weir_jtext){0};
    weir_jtext t = weir_js_string(s);
    t.ok &= t.n < LONG_NAME;
    return t;
}

static bool word_char(unsigned char c) {
    return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '-' || c == '.' ||
           c == '+';
}

weir_jtext weir_js_word(weir_jscan *s) {
    const char *from = s->p;
    while (s->p < s->end && word_char((unsigned char)*s->p)) s->p++;
    return (weir_jtext){from, (int32_t)(s->p - from), s->p > from && s->p - from < LONG_WORD};
}

bool weir_js_is_number(weir_jtext t, bool *integer) {
    const char *p = t.p, *end = t.p + t.n;
    *integer = true;
    if (p < end && *p == '-') p++;
    const char *d = p;
    while (p < end && *p >= '0' && *p <= '9') p++;
    if (p == d || (*d == '0' && p - d > 1)) return false;
    if (p < end && *p == '.') {
        *integer = false;
        d = ++p;
        while (p < end && *p >= '0' && *p <= '9') p++;
        if (p == d) return false;
    }
    if (p < end && (*p | 32) == 'e') {
        *integer = false;
        p++;
        if (p < end && (*p == '+' || *p == '-')) p++;
        d = p;
        while (p < end && *p >= '0' && *p <= '9') p++;
        if (p == d) return false;
    }
    return p == end;
}

static inline bool ends_value(char c) {
    return c == ',' || c == '}' || c == ']' || c == ' ' || c == '\r' || c == '\n' || c == '\t';
}

bool weir_js_number(weir_jscan *s, weir_jnumber *out) {
    const char *p = s->p, *end = s->end;
    uint64_t v = 0;
    *out = (weir_jnumber){.minus = *p == '-', .integer = true};
    p += out->minus;
    const char *from = p, *most = end - p > 18 ? p + 18 : end;
    for (; p < most && (unsigned char)(*p - '0') < 10; p++) v = v * 10 + (uint64_t)(*p - '0');
    if (p == from || (*from == '0' && p - from > 1)) return false;
    if (p < most && *p == '.') {
        const char *point = p++;
        for (; p < most && (unsigned char)(*p - '0') < 10; p++) v = v * 10 + (uint64_t)(*p - '0');
        out->frac = (int)(p - point - 1);
        out->integer = false;
        if (!out->frac) return false;
    }
    if (p < end && !ends_value(*p)) return false;
    out->digits = v;
    s->p = p;
    return true;
}

static bool is_word(weir_jtext t, const char *w) {
    return (size_t)t.n == strlen(w) && memcmp(t.p, w, (size_t)t.n) == 0;
}

static bool plain_word(weir_jtext t) {
    bool integer;
    return is_word(t, "true") || is_word(t, "false") || is_word(t, "null") ||
           weir_js_is_number(t, &integer);
}

static bool skip_container(weir_jscan *s) {
    bool object = *s->p == '{';
    char close = object ? '}' : ']';
    if (++s->depth > WEIR_JS_DEPTH) return false;
    s->p++;
    weir_js_space(s);
    if (s->p < s->end && *s->p == close) return s->p++, s->depth--, true;
    for (;;) {
        weir_js_space(s);
        if (object) {
            if (!weir_js_key(s).ok) return false;
            weir_js_space(s);
            if (s->p >= s->end || *s->p++ != ':') return false;
        }
        if (!weir_js_skip(s)) return false;
        weir_js_space(s);
        if (s->p >= s->end) return false;
        char c = *s->p++;
        if (c == close) return s->depth--, true;
        if (c != ',') return false;
    }
}

bool weir_js_skip(weir_jscan *s) {
    weir_js_space(s);
    if (s->p >= s->end) return false;
    if (*s->p == '"') return weir_js_string(s).ok;
    if (*s->p == '{' || *s->p == '[') return skip_container(s);
    weir_jtext w = weir_js_word(s);
    return w.ok && plain_word(w);
}

void weir_js_compact(const char *p, const char *end, weir_str *out) {
    for (bool in = false; p < end; p++) {
        if (in && *p == '\\' && p + 1 < end) {
            weir_str_add(out, p, 2);
            p++;
            continue;
        }
        if (*p == '"') in = !in;
        if (!in && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r')) continue;
        weir_str_putc(out, *p);
    }
}
