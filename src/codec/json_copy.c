/* Values of a token stream written again, and read as base64. See json_token.h. JACKSON
 * JsonGenerator.copyCurrentStructure, Base64Variants.MIME_NO_LINEFEEDS. */
#include "base/utf8.h"
#include "codec/json_token.h"
#include "codec/json_write.h"

#include <math.h>
#include <stdlib.h>

enum { BMP = 0xFFFF, ALL = 0x10FFFF };

/* JACKSON UTF8JsonGenerator: a character beyond the BMP is written as its two halves, and half of
 * one as it is. */
static void put_text(weir_str *o, const char *p, size_t n, bool surrogates) {
    const char *end = p + n, *from = p;
    if (!surrogates) {
        weir_json_quote(o, p, n, ALL);
        return;
    }
    weir_str_putc(o, '"');
    while (p < end && (p = memchr(p, 0xED, (size_t)(end - p)))) {
        uint32_t half = weir_utf8_half(p, end);
        if (half) {
            weir_json_quote_part(o, from, (size_t)(p - from), BMP);
            weir_str_printf(o, "\\u%04X", half);
            from = p + 3;
        }
        p += half ? 3 : 1;
    }
    weir_json_quote_part(o, from, (size_t)(end - from), BMP);
    weir_str_putc(o, '"');
}

static void put_double(weir_str *o, double v) {
    char t[32];
    int n = weir_double_text(v, t);
    if (isfinite(v))
        weir_str_add(o, t, (size_t)n);
    else
        weir_str_printf(o, "\"%.*s\"", n, t);
}

static bool put_scalar(weir_jtok *l, weir_str *o, bool surrogates) {
    char t[64], *end;
    switch (l->now) {
    case WEIR_JT_STRING:
        if (!weir_jt_text(l) || l->halved) return false; /* JACKSON: half of a pair */
        put_text(o, l->body, l->nbody, surrogates);
        return true;
    case WEIR_JT_INTEGER:
        if (l->nbody == 2 && memcmp(l->body, "-0", 2) == 0)
            weir_str_putc(o, '0');
        else
            weir_str_add(o, l->body, l->nbody);
        return true;
    case WEIR_JT_FRACTION:
        if (l->is_special) return put_double(o, l->special), true;
        if (l->nbody < sizeof t) {
            memcpy(t, l->body, l->nbody);
            t[l->nbody] = 0;
            put_double(o, strtod(t, &end));
        } else {
            char *copy = strndup(l->body, l->nbody);
            put_double(o, copy ? strtod(copy, &end) : NAN);
            free(copy);
        }
        return true;
    case WEIR_JT_TRUE: weir_str_puts(o, "true"); return true;
    case WEIR_JT_FALSE: weir_str_puts(o, "false"); return true;
    case WEIR_JT_NULL: weir_str_puts(o, "null"); return true;
    default: return false;
    }
}

/* What stands before a value or a name, after what has been written. */
static void put_comma(weir_str *o, size_t from) {
    char c = o->len > from ? o->p[o->len - 1] : '[';
    if (c != '[' && c != '{' && c != ':') weir_str_putc(o, ',');
}

static bool copy(weir_jtok *l, weir_str *o, bool surrogates) {
    size_t from = o->len;
    int open = 0;
    weir_bytes name;
    do {
        switch (l->now) {
        case WEIR_JT_NAME:
            if (!open) break; /* its value is what is asked for */
            if (weir_jt_halved(l)) return false;
            put_comma(o, from);
            if (weir_jt_name(l, &name)) put_text(o, name.p, (size_t)name.len, surrogates);
            weir_str_putc(o, ':');
            break;
        case WEIR_JT_OBJECT:
        case WEIR_JT_ARRAY:
            put_comma(o, from);
            weir_str_putc(o, l->now == WEIR_JT_OBJECT ? '{' : '[');
            open++;
            break;
        case WEIR_JT_OBJECT_END:
        case WEIR_JT_ARRAY_END:
            if (!open) return false;
            weir_str_putc(o, l->now == WEIR_JT_OBJECT_END ? '}' : ']');
            open--;
            break;
        default:
            put_comma(o, from);
            if (!put_scalar(l, o, surrogates)) return false;
            break;
        }
        if (!open && l->now != WEIR_JT_NAME) return true;
        if (!weir_jt_next(l)) return false;
    } while (l->now != WEIR_JT_NONE);
    return false;
}

bool weir_jt_copy(weir_jtok *l, weir_str *o, bool surrogates) {
    l->apart = surrogates;
    bool ok = copy(l, o, surrogates);
    l->apart = false;
    return ok;
}

/* ---- base64 ---- */

enum { PADDING = -2, NO_DIGIT = -1, TEXT_END = '"' };

typedef struct letters { /* of a string that is read on the way, or of one that has been read */
    weir_jtok *l;
    bool live;
    const char *p, *end;
} letters;

static int letter(letters *s) { /* -1: the document ends */
    if (s->live) return s->l->p < s->l->end ? weir_jt_take(s->l) : -1;
    return s->p < s->end ? (unsigned char)*s->p++ : TEXT_END;
}

static int bits_of(int c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : c == '=' ? PADDING : NO_DIGIT;
}

/* A letter behind a backslash. */
static bool escaped(letters *s, int c, int *bits) {
    if (c != '\\' || !s->live || !weir_jt_escape(s->l, &c)) return false;
    *bits = bits_of(c);
    return *bits != NO_DIGIT;
}

/* The third or fourth of a group: a digit or padding. */
static bool late_letter(letters *s, int *bits) {
    int c = letter(s);
    if (c < 0) return false;
    *bits = bits_of(c);
    if (*bits != NO_DIGIT) return true;
    if (c == TEXT_END && s->live) s->l->p--; /* JACKSON: the missing padding is told before it */
    return c != TEXT_END && escaped(s, c, bits);
}

static bool group(letters *s, int first, weir_str *out) {
    int b = first, more, c = letter(s);
    if (c < 0) return false;
    more = bits_of(c);
    if (more < 0 && (!escaped(s, c, &more) || more < 0)) return false;
    b = b << 6 | more;
    if (!late_letter(s, &more)) return false;
    if (more == PADDING) {
        c = letter(s);
        if (c != '=' && (!escaped(s, c, &more) || more != PADDING)) return false;
        weir_str_putc(out, (char)(b >> 4));
        return true;
    }
    b = b << 6 | more;
    if (!late_letter(s, &more)) return false;
    if (more == PADDING) {
        weir_str_putc(out, (char)(b >> 10));
        weir_str_putc(out, (char)(b >> 2));
        return true;
    }
    b = b << 6 | more;
    weir_str_putc(out, (char)(b >> 16));
    weir_str_putc(out, (char)(b >> 8));
    weir_str_putc(out, (char)b);
    return true;
}

bool weir_jt_base64(weir_jtok *l, weir_str *out) {
    letters s = {.l = l, .live = l->unread, .p = l->body, .end = l->body + l->nbody};
    for (;;) {
        int c, bits;
        do c = letter(&s);
        while (c >= 0 && c <= ' ');
        if (c < 0) return false;
        bits = bits_of(c);
        if (bits < 0 && c == TEXT_END) break;
        if (bits < 0 && c == '\\' && s.live) {
            if (!weir_jt_escape(l, &c)) return false;
            bits = bits_of(c);
            if (c <= ' ' || bits == PADDING) continue; /* blanks may stand between groups */
        }
        if (bits < 0 || !group(&s, bits, out)) return false;
    }
    if (s.live) l->unread = false;
    return true;
}
