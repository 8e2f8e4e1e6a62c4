/* Characters of JSON tokens: names, strings, escapes, comments. See json_token.h. */
#include "codec/json_token.h"

#include "base/simd.h"
#include "base/utf8.h"
#include "func/text.h"

enum { NAME_BYTES = 50000 }; /* JACKSON StreamReadConstraints.DEFAULT_MAX_NAME_LEN */

/* The UTF-16 unit at p: its text is UTF-8. */
static int unit_at(const weir_jtok *l) {
    const unsigned char *p = (const unsigned char *)l->p;
    if (p[0] < 0xE0) return (p[0] & 0x1F) << 6 | (p[1] & 0x3F);
    if (p[0] < 0xF0) return (p[0] & 0x0F) << 12 | (p[1] & 0x3F) << 6 | (p[2] & 0x3F);
    int v = ((p[0] & 7) << 18 | (p[1] & 0x3F) << 12 | (p[2] & 0x3F) << 6 | (p[3] & 0x3F)) - 0x10000;
    return l->half ? 0xDC00 | (v & 0x3FF) : 0xD800 | v >> 10;
}

int weir_jt_peek(const weir_jtok *l) {
    if (l->p >= l->end) return -1;
    unsigned char c = (unsigned char)*l->p;
    return !l->chars || c < 0x80 ? c : unit_at(l);
}

int weir_jt_take(weir_jtok *l) {
    int c = weir_jt_peek(l);
    unsigned char first = (unsigned char)*l->p;
    if (!l->chars || first < 0x80)
        l->p++;
    else if (first < 0xF0)
        l->p += first < 0xE0 ? 2 : 3;
    else if (l->half)
        l->half = false, l->p += 4;
    else
        l->half = true;
    return c;
}

void weir_jt_after_cr(weir_jtok *l) {
    if (l->p < l->end && *l->p == '\n') l->p++;
}

/* ---- bytes of one character, without a look at what they say ---- */

static int more_bytes(int first) {
    return first < 0xC0 ? 0 : first < 0xE0 ? 1 : first < 0xF0 ? 2 : first < 0xF8 ? 3 : 0;
}

/* Those after the first. *v: what they mean, which may be no character at all. */
static bool continuation(weir_jtok *l, int first, int *v) {
    int more = more_bytes(first);
    *v = first & (0x3F >> more);
    for (int i = 0; i < more; i++) {
        if (l->p >= l->end) return false;
        int d = (unsigned char)*l->p++;
        if ((d & 0xC0) != 0x80) return false;
        *v = *v << 6 | (d & 0x3F);
    }
    return more > 0;
}

bool weir_jt_multi(weir_jtok *l, int first) {
    int v;
    return continuation(l, first, &v);
}

/* JACKSON _decodeCharForError */
bool weir_jt_odd_char(weir_jtok *l, int first, int *c) {
    *c = first;
    return first < 0x80 || continuation(l, first, c);
}

/* ---- text ---- */

static void put_unit(weir_jtok *l, uint32_t u) {
    char t[4];
    u &= 0xFFFF;
    l->surrogates |= u >> 11 == 27;
    weir_str_add(&l->buf, t, weir_utf8_put(t, u));
}

/* A character of several bytes, as its units: JACKSON computes, and does not check. */
static bool put_multi(weir_jtok *l, int first) {
    int v;
    if (!continuation(l, first, &v)) return false;
    if (more_bytes(first) < 3) {
        if (v >> 11 == 27) return false;
        put_unit(l, (uint32_t)v);
        return true;
    }
    v -= 0x10000;
    put_unit(l, (uint32_t)(0xD800 | v >> 10));
    put_unit(l, (uint32_t)(0xDC00 | (v & 0x3FF)));
    return true;
}

static int hex_digit(int c) {
    c &= 0xFF;
    return c >= '0' && c <= '9'                 ? c - '0'
           : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10
                                                : -1;
}

/* After a backslash. */
bool weir_jt_escape(weir_jtok *l, int *u) {
    static const char from[] = "btnfr\"/\\", to[] = "\b\t\n\f\r\"/\\";
    if (l->p >= l->end) return false;
    int c = weir_jt_take(l);
    const char *f = c > 0 && c < 0x80 ? strchr(from, c) : NULL;
    if (f) return *u = to[f - from], true;
    if (c != 'u') {
        if (!l->chars && !weir_jt_odd_char(l, c, &c)) return false;
        *u = c & 0xFFFF;
        return l->o->allow_any_escape || (c == '\'' && l->o->allow_single_quotes);
    }
    *u = 0;
    for (int i = 0; i < 4; i++) {
        if (l->p >= l->end) return false;
        int d = hex_digit(weir_jt_take(l));
        if (d < 0) return false;
        *u = *u << 4 | d;
    }
    return true;
}

/* The text in buf becomes body: halves of pairs come together. */
static void close_text(weir_jtok *l) {
    l->halved = false;
    if (l->surrogates && !l->apart)
        l->buf.len = weir_utf8_join(l->buf.p, l->buf.len, &l->halved);
    l->body = l->buf.len ? l->buf.p : "";
    l->nbody = l->buf.len;
}

/* One character of a string that is not plain, taken: c. */
static bool put_special(weir_jtok *l, int c, bool keep) {
    int u;
    if (c == '\\') {
        if (!weir_jt_escape(l, &u)) return false;
        put_unit(l, (uint32_t)u);
        return true;
    }
    if (c < 0x80) {
        if (c < ' ' && !l->o->allow_control) return false;
        weir_str_putc(&l->buf, (char)c);
        return true;
    }
    if (!l->chars) return keep ? put_multi(l, c) : weir_jt_multi(l, c);
    put_unit(l, (uint32_t)c);
    return true;
}

/* SPARK limits the characters of a string, and Jackson those of a name. */
static bool longer_than(const char *p, size_t bytes, size_t most) {
    size_t n = 0;
    if (bytes <= most) return false;
    for (size_t i = 0; i < bytes; i++) n += ((p[i] & 0xC0) != 0x80) + ((unsigned char)p[i] >= 0xF0);
    return n > most;
}

bool weir_jt_rest(weir_jtok *l, char quote, bool keep) {
    const char *from = l->p, *q = weir_plain_text(from, l->end, quote);
    l->surrogates = l->halved = false;
    if (q < l->end && *q == quote) {
        l->p = q + 1;
        l->body = from;
        l->nbody = (size_t)(q - from);
        return !keep || !longer_than(l->body, l->nbody, (size_t)l->o->max_string);
    }
    l->buf.len = 0;
    for (;;) {
        weir_str_add(&l->buf, l->p, (size_t)(q - l->p));
        l->p = q;
        if (l->p >= l->end) return false;
        int c = weir_jt_take(l);
        if (c == quote) break;
        if (!put_special(l, c, keep)) return false;
        q = l->half ? l->p : weir_plain_text(l->p, l->end, quote);
    }
    close_text(l);
    return !keep || !longer_than(l->body, l->nbody, (size_t)l->o->max_string);
}

/* ---- names ---- */

/* JACKSON addName: the bytes of a name are decoded once it is whole. */
static bool decode_name(weir_jtok *l) {
    weir_str raw = l->buf;
    const char *p = l->p, *end = l->end;
    bool ok = true;
    l->buf = l->buf2;
    l->buf2 = raw;
    l->buf.len = 0;
    l->p = raw.p;
    l->end = raw.p + raw.len;
    while (ok && l->p < l->end) {
        int c = (unsigned char)*l->p++;
        if (c < 0x80)
            weir_str_putc(&l->buf, (char)c);
        else
            ok = put_multi(l, c);
    }
    l->p = p;
    l->end = end;
    return ok;
}

static bool end_name(weir_jtok *l) {
    bool fits = l->chars || l->buf.len <= NAME_BYTES;
    if (!fits || (!l->chars && !decode_name(l))) return false;
    close_text(l);
    return !l->chars || !longer_than(l->body, l->nbody, NAME_BYTES);
}

/* An escape in a name of bytes: pairs must be whole. */
static bool name_escape(weir_jtok *l, uint32_t *u) {
    int a, b;
    char t[4];
    if (!weir_jt_escape(l, &a)) return false;
    *u = (uint32_t)a;
    if (a >> 10 == 0xD800 >> 10) {
        if (l->p >= l->end || *l->p != '\\') return false;
        l->p++;
        if (!weir_jt_escape(l, &b) || b >> 10 != 0xDC00 >> 10) return false;
        *u = 0x10000 + ((uint32_t)(a & 0x3FF) << 10) + (uint32_t)(b & 0x3FF);
    } else if (a >> 10 == 0xDC00 >> 10) {
        return false;
    }
    weir_str_add(&l->buf, t, weir_utf8_put(t, *u));
    return true;
}

static bool quoted_name(weir_jtok *l, char quote) {
    const char *from = l->p, *q = weir_plain_text(from, l->end, quote);
    uint32_t u;
    if (q < l->end && *q == quote) {
        l->p = q + 1;
        l->body = from;
        l->nbody = (size_t)(q - from);
        return l->nbody <= NAME_BYTES;
    }
    l->buf.len = 0;
    for (;;) {
        weir_str_add(&l->buf, l->p, (size_t)(q - l->p));
        l->p = q;
        if (l->p >= l->end) return false;
        int c = weir_jt_take(l);
        if (c == quote) break;
        if (l->chars    ? !put_special(l, c, true)
            : c == '\\' ? !name_escape(l, &u)
                        : c < ' ' && !l->o->allow_control)
            return false;
        if (!l->chars && c != '\\') weir_str_putc(&l->buf, (char)c);
        q = l->half ? l->p : weir_plain_text(l->p, l->end, quote);
    }
    return end_name(l);
}

/* JACKSON CharTypes.sInputCodesJsNames, over bytes (or those below 256 of chars) */
static bool name_char(int c) {
    if (c <= ' ') return false;
    return weir_java_id((uint32_t)c, false) || (c < 0x80 && strchr("@#*-+", c));
}

static bool bare_name(weir_jtok *l, int first) {
    if (!name_char(first)) return false;
    l->buf.len = 0;
    if (l->chars)
        put_unit(l, (uint32_t)first);
    else
        weir_str_putc(&l->buf, (char)first);
    for (;;) {
        if (l->p >= l->end) {
            if (!l->chars) return false;
            break;
        }
        if (!name_char(weir_jt_peek(l))) break;
        int c = weir_jt_take(l);
        if (l->chars)
            put_unit(l, (uint32_t)c);
        else
            weir_str_putc(&l->buf, (char)c);
    }
    return end_name(l);
}

bool weir_jt_member_name(weir_jtok *l, int first) {
    int c;
    l->surrogates = l->halved = false;
    if (first == '"') return quoted_name(l, '"');
    if (first == '\'' && l->o->allow_single_quotes) return quoted_name(l, '\'');
    if (l->o->allow_unquoted_names) return bare_name(l, first);
    if (!l->chars) (void)weir_jt_odd_char(l, first, &c);
    return false;
}

/* ---- comments ---- */

/* After its first slash. */
bool weir_jt_comment(weir_jtok *l) {
    if (!l->o->allow_comments || l->p >= l->end) return false;
    int c = weir_jt_take(l);
    bool line = c == '/';
    if (!line && c != '*') return false;
    while (l->p < l->end) {
        c = weir_jt_take(l);
        if (c == '*' && !line) {
            if (l->p >= l->end) return false;
            if (*l->p == '/') return l->p++, true;
        } else if (c == '\r') {
            weir_jt_after_cr(l);
            if (line) return true;
        } else if (c == '\n') {
            if (line) return true;
        } else if (c < ' ' && c != '\t') {
            return false;
        } else if (!l->chars && c >= 0x80 && !weir_jt_multi(l, c)) {
            return false;
        }
    }
    return line;
}

/* ---- what a record is written in ---- */

typedef struct wide { /* UTF-16 or UTF-32 */
    int unit;         /* bytes; 0: neither, -1: an order of bytes that nobody has */
    int skip;         /* the mark in front */
    bool little;
} wide;

/* JACKSON ByteSourceJsonBootstrapper: by a mark, or by where zeros are. */
static wide wide_of(const char *text, int64_t n) {
    const unsigned char *p = (const unsigned char *)text;
    if (n >= 4) {
        uint32_t q = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
        if (q == 0x0000FEFF || q == 0xFFFE0000) return (wide){4, 4, p[0] != 0};
        if (q == 0x0000FFFE || q == 0xFEFF0000) return (wide){.unit = -1};
        if (q >> 16 == 0xFEFF || q >> 16 == 0xFFFE) return (wide){2, 2, p[0] == 0xFF};
        if (q >> 8 == 0xEFBBBF) return (wide){.skip = 3};
        if (q >> 8 == 0 || (q & 0x00FFFFFF) == 0) return (wide){4, 0, p[0] != 0};
        if ((q & ~0x00FF0000u) == 0 || (q & ~0x0000FF00u) == 0) return (wide){.unit = -1};
    }
    if (n < 2 || (p[0] && p[1])) return (wide){0};
    return (wide){2, 0, p[0] != 0};
}

bool weir_jt_start_record(weir_jtok *l, weir_str *decoded, const char *p, int64_t n,
                          bool *is_wide) {
    wide w = {0};
    l->chars = l->o->chars || l->o->decoded;
    decoded->len = 0;
    if (!l->chars) w = wide_of(p, n);
    *is_wide = w.unit > 0;
    if (w.unit < 0) return false;
    if (w.unit > 0) {
        if (!weir_utf8_add_wide(decoded, p + w.skip, (size_t)(n - w.skip), w.unit, w.little))
            return false;
        l->chars = true;
    } else if (l->chars && (l->o->charset || !weir_utf8_valid(p, (size_t)n))) {
        bool good = weir_charset_decode(l->o->charset, p, (size_t)n, decoded);
        /* SPARK: a line's decoder reports, that of a whole file replaces */
        if (!good && l->o->decoded && !l->o->multi_line) return false;
    } else {
        weir_jt_start(l, p, (size_t)n);
        l->p += w.skip;
        return true;
    }
    weir_jt_start(l, decoded->len ? decoded->p : "", decoded->len);
    return true;
}
