/* Tokens of JSON. See json_token.h. */
#include "codec/json_token.h"

#include "base/mem.h"
#include "base/simd.h"
#include "func/text.h"

#include <math.h>

enum { TOKEN_TEXT = 256 }; /* JACKSON ErrorReportConfiguration.DEFAULT_MAX_ERROR_TOKEN_LENGTH */

void weir_jt_init(weir_jtok *l, weir_arena *mem, const weir_json_options *o, bool chars) {
    *l = (weir_jtok){.o = o, .chars = chars};
    weir_str_init(&l->names, mem, 1u << 30);
    weir_str_init(&l->buf, mem, 1u << 30);
    weir_str_init(&l->buf2, mem, 1u << 30);
}

void weir_jt_free(weir_jtok *l) {
    weir_str_free(&l->names);
    weir_str_free(&l->buf);
    weir_str_free(&l->buf2);
    weir_mem_free(l->level);
    l->level = NULL;
    l->clevel = 0;
}

/* ---- levels ---- */

static weir_jlevel *top(const weir_jtok *l) { return &l->level[l->depth]; }
static bool in_root(const weir_jtok *l) { return l->depth == 0; }
static bool in_array(const weir_jtok *l) { return l->depth > 0 && top(l)->array; }
static bool in_object(const weir_jtok *l) { return l->depth > 0 && !top(l)->array; }

static void set_level(weir_jtok *l, bool array) {
    if (l->depth == l->clevel) {
        l->clevel = l->clevel ? l->clevel * 2 : 16;
        l->level = weir_mem_resize(l->level, sizeof *l->level * (size_t)l->clevel);
    }
    *top(l) = (weir_jlevel){.array = array, .index = -1, .name_len = -1, .name_at = l->names.len};
}

static bool push(weir_jtok *l, bool array) {
    l->depth++;
    set_level(l, array);
    return l->depth <= l->o->max_depth;
}

static void pop(weir_jtok *l) {
    l->names.len = top(l)->name_at;
    l->depth--;
    weir_assert(l->depth >= 0);
}

void weir_jt_start(weir_jtok *l, const char *p, size_t n) {
    l->text = l->p = l->at = p;
    l->end = p + n;
    l->half = l->unread = l->broken = false;
    l->now = l->next = WEIR_JT_NONE;
    l->depth = 0;
    l->names.len = 0;
    set_level(l, false);
}

/* Where the name of now is kept. */
static const weir_jlevel *named(const weir_jtok *l) {
    bool starts = l->now == WEIR_JT_OBJECT || l->now == WEIR_JT_ARRAY;
    return starts && l->depth ? top(l) - 1 : top(l);
}

bool weir_jt_halved(const weir_jtok *l) { return named(l)->halved; }

bool weir_jt_name(const weir_jtok *l, weir_bytes *name) {
    const weir_jlevel *v = named(l);
    if (v->name_len < 0) return false;
    *name = (weir_bytes){l->names.p ? l->names.p + v->name_at : "", v->name_len};
    return true;
}

static void set_name(weir_jtok *l) {
    weir_jlevel *v = top(l);
    l->names.len = v->name_at;
    weir_str_add(&l->names, l->body, l->nbody);
    v->name_len = (int32_t)l->nbody;
    v->halved = l->halved;
}

/* ---- blanks ---- */

/* The next character that is no blank; at the end -1, which is an error unless nothing is open and
 * may_end. */
static bool next_char(weir_jtok *l, bool may_end, int *c) {
    for (;;) {
        if (l->p >= l->end) return *c = -1, may_end && in_root(l);
        *c = weir_jt_take(l);
        if (*c > ' ') {
            if (*c != '/') return true;
            if (!weir_jt_comment(l)) return false;
        } else if (*c == '\r') {
            weir_jt_after_cr(l);
        } else if (*c != ' ' && *c != '\t' && *c != '\n') {
            return false;
        }
    }
}

/* After a name. *c: the first character of the value. */
static bool after_colon(weir_jtok *l, int *c) {
    return next_char(l, false, c) && *c == ':' && next_char(l, false, c);
}

/* ---- words ---- */

static bool id_part(uint32_t c) { return weir_java_id(c, false); }

/* JACKSON _reportInvalidToken: the rest of what may be a word is gone. Always false. */
static bool not_a_word(weir_jtok *l, int chars) {
    while (l->p < l->end && chars < TOKEN_TEXT) {
        int c = l->chars ? weir_jt_peek(l) : weir_jt_take(l);
        if (!l->chars && !weir_jt_odd_char(l, c, &c)) return false;
        if (!id_part((uint32_t)c & 0xFFFF)) return false;
        if (l->chars) (void)weir_jt_take(l);
        chars++;
    }
    return false;
}

/* The rest of a word, of which n characters have been taken. */
static bool word(weir_jtok *l, const char *w, int n) {
    for (; w[n]; n++) {
        if (weir_jt_peek(l) != w[n]) return not_a_word(l, n);
        l->p++;
    }
    int c = weir_jt_peek(l);
    if (c < '0' || c == ']' || c == '}') return true;
    /* JACKSON _checkMatchEnd: decodes a character that it has not taken */
    if (!l->chars && !weir_jt_odd_char(l, c, &c)) return false;
    return id_part((uint32_t)c & 0xFFFF) ? not_a_word(l, n) : true;
}

static bool special(weir_jtok *l, const char *w, int n, double v, weir_jtoken *t) {
    if (!word(l, w, n) || !l->o->allow_non_numeric) return false;
    l->is_special = true;
    l->special = v;
    l->body = w;
    l->nbody = strlen(w);
    *t = WEIR_JT_FRACTION;
    return true;
}

/* After a sign, c follows that is no digit. */
static bool signed_word(weir_jtok *l, int c, bool minus, weir_jtoken *t) {
    double v = minus ? -INFINITY : INFINITY;
    if (c != 'I' || l->p >= l->end) return false;
    c = weir_jt_take(l);
    if (c == 'N') return special(l, minus ? "-INF" : "+INF", 3, v, t);
    if (c == 'n') return special(l, minus ? "-Infinity" : "+Infinity", 3, v, t);
    return false;
}

/* ---- numbers ---- */

static bool is_digit(int c) { return c >= '0' && c <= '9'; }

/* Numbers of the document itself end with a blank. */
static bool root_blank(weir_jtok *l) {
    int c = weir_jt_peek(l);
    if (!in_root(l) || c < 0 || c == '\r') return true;
    (void)weir_jt_take(l);
    return c == ' ' || c == '\t' || c == '\n';
}

/* After a zero: none, or all zeros but what the number begins with, are stepped over. *from: its
 * first digit. */
static bool leading_zeros(weir_jtok *l, const char **from) {
    if (!is_digit(weir_jt_peek(l))) return true;
    if (!l->o->allow_leading_zeros) return false;
    while (l->p < l->end && *l->p == '0') l->p++;
    if (l->p < l->end && is_digit(*l->p)) l->p++;
    *from = l->p - 1;
    return true;
}

/* The digits of a fraction or exponent. exact: JACKSON takes the character that is none; else it
 * has read ahead, and is back at mark. */
static bool digits(weir_jtok *l, bool exact, const char *mark, int32_t *n) {
    const char *from = l->p;
    l->p = weir_digits_end(l->p, l->end);
    *n = (int32_t)(l->p - from);
    if (*n) return true;
    if (l->p >= l->end) return false;
    if (exact)
        (void)weir_jt_take(l);
    else
        l->p = mark;
    return false;
}

static bool fraction(weir_jtok *l, bool exact, int32_t *n) {
    int32_t some = 0;
    const char *mark = l->p + 1;
    if (*l->p == '.') {
        l->p++;
        if (!digits(l, exact, mark, &some)) return false;
        *n += some;
    }
    if ((weir_jt_peek(l) | 0x20) != 'e') return true;
    l->p++;
    if (l->p < l->end && (*l->p == '-' || *l->p == '+')) l->p++;
    if (l->p >= l->end) return false;
    if (!digits(l, exact, mark, &some)) return false;
    *n += some;
    return true;
}

/* c, the first character, has been taken. */
static bool number(weir_jtok *l, int c, weir_jtoken *t) {
    const char *begin = l->p - 1, *from = l->p - 1;
    l->minus = c == '-';
    l->is_special = false;
    if (l->minus) {
        if (l->p >= l->end) return false;
        c = weir_jt_take(l);
        if (!is_digit(c)) return signed_word(l, c, true, t);
        from++;
    }
    bool zero = c == '0';
    if (zero && !leading_zeros(l, &from)) return false;
    l->p = weir_digits_end(l->p, l->end);
    int32_t n = l->digits = (int32_t)(l->p - from);
    c = weir_jt_peek(l);
    *t = c == '.' || (c | 0x20) == 'e' ? WEIR_JT_FRACTION : WEIR_JT_INTEGER;
    /* JACKSON ReaderBasedJsonParser._parseNumber2 is for numbers with a zero in front */
    if (*t == WEIR_JT_FRACTION && !fraction(l, !l->chars || zero, &n)) return false;
    l->body = from - l->minus;
    l->nbody = (size_t)(l->p - l->body);
    if (l->minus && l->body != begin) {
        l->buf.len = 0;
        weir_str_putc(&l->buf, '-');
        weir_str_add(&l->buf, from, (size_t)(l->p - from));
        l->body = l->buf.p;
    }
    return root_blank(l) && n <= l->o->max_number;
}

/* ---- values ---- */

/* JACKSON _handleUnexpectedValue, _handleOddValue */
static bool odd_value(weir_jtok *l, int c, weir_jtoken *t) {
    switch (c) {
    case '\'':
        *t = WEIR_JT_STRING;
        if (l->o->allow_single_quotes) return weir_jt_rest(l, '\'', true);
        break;
    case 'N': return special(l, "NaN", 1, NAN, t);
    case 'I': return special(l, "Infinity", 1, INFINITY, t);
    case '+': return l->p < l->end && signed_word(l, weir_jt_take(l), false, t);
    default: break;
    }
    return weir_java_id((uint32_t)c, true) ? not_a_word(l, 1) : false;
}

/* c, the first character of a value, has been taken. */
static bool value(weir_jtok *l, int c, weir_jtoken *t) {
    switch (c) {
    case '"': l->unread = true; return *t = WEIR_JT_STRING, true;
    case '[': return *t = WEIR_JT_ARRAY, true;
    case '{': return *t = WEIR_JT_OBJECT, true;
    case 't': return *t = WEIR_JT_TRUE, word(l, "true", 1);
    case 'f': return *t = WEIR_JT_FALSE, word(l, "false", 1);
    case 'n': return *t = WEIR_JT_NULL, word(l, "null", 1);
    default: break;
    }
    return c == '-' || is_digit(c) ? number(l, c, t) : odd_value(l, c, t);
}

static bool enter(weir_jtok *l, weir_jtoken t) {
    if ((t == WEIR_JT_ARRAY || t == WEIR_JT_OBJECT) && !push(l, t == WEIR_JT_ARRAY)) return false;
    l->now = t;
    return true;
}

static bool close_level(weir_jtok *l, bool array) {
    l->at = l->p - 1;
    if (array ? !in_array(l) : !in_object(l)) return false;
    pop(l);
    l->now = array ? WEIR_JT_ARRAY_END : WEIR_JT_OBJECT_END;
    return true;
}

static bool expects_comma(weir_jtok *l) { return ++top(l)->index > 0 && !in_root(l); }

static bool next_token(weir_jtok *l) {
    int c;
    bool object;
    weir_jtoken t = WEIR_JT_NONE;
    if (l->now == WEIR_JT_NAME) {
        t = l->next;
        l->next = WEIR_JT_NONE;
        return enter(l, t);
    }
    if (l->unread) {
        l->unread = false;
        if (!weir_jt_rest(l, '"', false)) return false;
    }
    if (!next_char(l, true, &c)) return false;
    if (c < 0) return l->now = WEIR_JT_NONE, true;
    if (c == ']' || c == '}') return close_level(l, c == ']');
    if (expects_comma(l) && (c != ',' || !next_char(l, false, &c))) return false;
    if ((object = in_object(l))) {
        if (!weir_jt_member_name(l, c)) return false;
        set_name(l);
        l->now = WEIR_JT_NAME;
        if (!after_colon(l, &c)) return false;
    }
    l->at = l->p - 1;
    if (!value(l, c, &t)) return false;
    if (!object) return enter(l, t);
    l->next = t;
    return true;
}

bool weir_jt_next(weir_jtok *l) {
    bool ok = next_token(l);
    l->broken |= !ok;
    return ok;
}

bool weir_jt_text(weir_jtok *l) {
    if (!l->unread) return true;
    l->unread = false;
    bool ok = weir_jt_rest(l, '"', true);
    l->broken |= !ok;
    return ok;
}

bool weir_jt_skip(weir_jtok *l) {
    int open = 1;
    if (l->now != WEIR_JT_OBJECT && l->now != WEIR_JT_ARRAY) return true;
    while (open) {
        if (!weir_jt_next(l)) return false;
        if (l->now == WEIR_JT_NONE) return in_root(l);
        open += l->now == WEIR_JT_OBJECT || l->now == WEIR_JT_ARRAY;
        open -= l->now == WEIR_JT_OBJECT_END || l->now == WEIR_JT_ARRAY_END;
    }
    return true;
}

bool weir_jt_long(const weir_jtok *l, int64_t *out) {
    uint64_t v = 0;
    if (l->now != WEIR_JT_INTEGER || l->digits > 19) return false;
    for (const char *p = l->body + l->minus, *end = l->body + l->nbody; p < end; p++) {
        uint32_t d = (uint32_t)(*p - '0');
        if (v > (UINT64_MAX - d) / 10) return false;
        v = v * 10 + d;
    }
    if (v > (uint64_t)INT64_MAX + l->minus) return false;
    *out = l->minus ? (int64_t)(0 - v) : (int64_t)v;
    return true;
}
