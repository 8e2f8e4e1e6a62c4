/* Records and unquoted values of CSV text. See csv_scan.h. SPARK: univocity's CsvParser,
 * ParserOutput and AbstractCharInputReader, whose quick ways give other values than its slow ones
 * now and then: both are here. */
#include "codec/csv_scan.h"

#include "base/simd.h"
#include "base/utf8.h"

/* What a value's part leaves to do. */
typedef enum { END, DONE, AGAIN, TAIL } turn;

void weir_csv_scan_init(weir_csv_scan *s, const weir_csv_options *o, weir_arena *mem,
                        const int *pick, int npick) {
    const uint32_t *sep;
    *s = (weir_csv_scan){.o = o, .mem = mem, .cap = 32, .pick = pick, .npick = npick};
    s->row_mem = weir_arena_new(mem);
    s->field = WEIR_NEWN(mem, weir_csv_field, s->cap);
    sep = weir_csv_chars(mem, o->sep, &s->nsep);
    bool astral = s->nsep == 1 && sep[0] > 0xFFFF; /* two characters, to Java */
    s->sep = s->nsep > 1 || astral ? sep : NULL;
    s->delim = s->sep ? 0 : sep[0];
    s->quote = o->quote;
    s->escape = o->escape;
    s->escape2 = o->has_escape2 ? o->escape2 : o->quote == o->escape ? 0 : o->escape;
    s->comment = o->has_comment ? o->comment : '#';
    s->end1 = s->newline = '\n';
    if (o->line_sep) {
        int n;
        const uint32_t *end = weir_csv_chars(mem, o->line_sep, &n);
        s->end1 = end[0];
        s->end2 = n > 1 ? end[1] : 0;
        if (n == 1) s->newline = end[0];
        s->wide |= (end[0] | s->end2) >= 0x80;
    }
    for (int i = 0; i < s->nsep; i++) s->wide |= sep[i] >= 0x80;
    s->wide |= (s->quote | s->escape | s->escape2 | s->comment) >= 0x80;
    for (int i = 0; i < npick; i++)
        if (pick[i] >= s->nlive) s->nlive = pick[i] + 1;
    s->live = WEIR_NEWN(mem, bool, s->nlive + 1);
    for (int i = 0; i < npick; i++) s->live[pick[i]] = true;
    s->picked = WEIR_NEWN(mem, weir_csv_field, (npick > 0 ? npick : 0) + 1);
    weir_str_init(&s->blanks, mem, SIZE_MAX / 2);
    weir_csv_scan_reset(s);
}

void weir_csv_scan_reset(weir_csv_scan *s) {
    weir_arena_reset(s->row_mem);
    s->begun = s->stopped = s->picking = s->raw_ends = s->tiny = s->unescaped = s->trim = false;
    s->ch = s->prev = 0;
    s->match = 0;
    s->column = 0;
    s->v = (weir_csv_piece){0};
    s->text_used = 0;
    s->off = false;
    if (s->held_cap) memset(s->held, 0, (size_t)s->held_cap);
    s->held_len = s->held_units = 0;
    s->pending = NULL;
    s->pending_end = &s->pending;
    s->bad = WEIR_CSV_ROW;
}

const char *weir_csv_found_text(weir_csv_found f) {
    switch (f) {
    case WEIR_CSV_STRAY_QUOTE:
        return "Unescaped quote character inside quoted value of CSV field. Another "
               "unescapedQuoteHandling than RAISE_ERROR takes it";
    case WEIR_CSV_STRAY_TEXT:
        return "Unexpected character following quoted value of CSV field. Another "
               "unescapedQuoteHandling than RAISE_ERROR takes it";
    default:
        return "Malformed CSV record: it has more columns than maxColumns, a value longer than "
               "maxCharsPerColumn, or a first value of blanks alone with ignoreTrailingWhiteSpace";
    }
}

bool weir_csv_broken(weir_csv_scan *s, weir_csv_found why) {
    s->bad = why;
    return false;
}

/* ---- input ---- */

int weir_csv_unit(const weir_csv_scan *s, const char *p, uint32_t *ch) {
    if (p >= s->end) return 0;
    uint32_t c = (unsigned char)*p;
    int k = s->wide && c >= 0xC0 ? 2 + (c >= 0xE0) + (c >= 0xF0) : 1;
    if (k > 1) c &= 0x7Fu >> k;
    for (int i = 1; i < k; i++) c = c << 6 | (p[i] & 0x3Fu);
    *ch = c;
    return k;
}

uint32_t weir_csv_decode(weir_csv_scan *s, uint32_t lead) {
    uint32_t c = lead;
    s->p = s->at + weir_csv_unit(s, s->at, &c);
    return c;
}

static bool at_line_end(const weir_csv_scan *s, const char *p) {
    uint32_t a, b;
    int k = weir_csv_unit(s, p, &a);
    return k && a == s->end1 && (!s->end2 || (weir_csv_unit(s, p + k, &b) && b == s->end2));
}

static void skip_comment(weir_csv_scan *s) {
    uint32_t c;
    for (bool over = false; !over;) {
        over = at_line_end(s, s->p);
        if (!weir_csv_next(s, &c)) return;
    }
}

static bool skip_blanks(weir_csv_scan *s) {
    uint32_t c = s->ch;
    while (c <= ' ' && c != s->delim && c != s->newline && c != s->quote)
        if (!weir_csv_next(s, &c)) return false;
    s->ch = c;
    return true;
}

/* ---- the value ---- */

static int64_t units_of(const char *p, size_t n) {
    int64_t k = 0;
    for (size_t i = 0; i < n; i++)
        k += ((unsigned char)p[i] & 0xC0) != 0x80 ? 1 + ((unsigned char)p[i] >= 0xF0) : 0;
    return k;
}

static bool room_for(weir_csv_scan *s, const char *p, size_t n) {
    if (s->o->max_chars < 0) return true;
    s->v.units += units_of(p, n);
    return s->v.units <= s->o->max_chars || weir_csv_broken(s, WEIR_CSV_TOO_MUCH);
}

/* Makes the value one in text with room for more. What is in the old text stays where it is. */
static void own_value(weir_csv_scan *s, size_t more) {
    weir_csv_piece *v = &s->v;
    if (s->text_cap - s->text_used < more || !v->own) {
        if (s->text_cap - s->text_used < v->n + more) {
            s->text_cap = (v->n + more) * 2 + 256;
            s->text = weir_alloc(s->mem, s->text_cap);
            s->text_used = 0;
        }
        if (v->n) memcpy(s->text + s->text_used, v->p, v->n);
        v->p = s->text + s->text_used;
        s->text_used += v->n;
        v->own = true;
    }
}

/* A value that stands in the input as it is stays there. */
bool weir_csv_put_text(weir_csv_scan *s, const char *p, size_t n) {
    weir_csv_piece *v = &s->v;
    if (s->off || !n) return true;
    if (!room_for(s, p, n)) return false;
    const char *q = v->n ? v->p + v->n : s->at;
    if (!v->own && q >= s->from && q < s->end && (size_t)(s->end - q) >= n &&
        (p == q || memcmp(p, q, n) == 0)) {
        if (!v->n) v->p = q;
        v->n += n;
        return true;
    }
    own_value(s, n);
    memcpy(s->text + s->text_used, p, n);
    s->text_used += n;
    v->n += n;
    return true;
}

static size_t bytes_of(const weir_csv_scan *s, uint32_t ch, char out[4]) {
    if (s->wide) return weir_utf8_put(out, ch);
    *out = (char)ch;
    return 1;
}

bool weir_csv_put(weir_csv_scan *s, uint32_t ch) {
    weir_csv_piece *v = &s->v;
    char b[4];
    if (!s->wide && s->o->max_chars < 0 && !s->off) { /* most of them */
        const char *q = v->n ? v->p + v->n : s->at;
        if (v->own && s->text_used < s->text_cap) {
            s->text[s->text_used++] = (char)ch;
            v->n++;
            return true;
        }
        if (!v->own && q < s->end && q >= s->from && (unsigned char)*q == ch) {
            if (!v->n) v->p = q;
            v->n++;
            return true;
        }
    }
    return weir_csv_put_text(s, b, bytes_of(s, ch, b));
}

bool weir_csv_put_front(weir_csv_scan *s, uint32_t ch) {
    char b[4];
    size_t k = bytes_of(s, ch, b);
    weir_csv_piece *v = &s->v;
    if (s->off) return true;
    if (!room_for(s, b, k)) return false;
    if (!v->own && v->n && (size_t)(v->p - s->from) >= k && memcmp(v->p - k, b, k) == 0) {
        v->p -= k;
        v->n += k;
        return true;
    }
    own_value(s, k);
    char *at = s->text + (v->p - s->text);
    memmove(at + k, at, v->n);
    memcpy(at, b, k);
    s->text_used += k;
    v->n += k;
    return true;
}

bool weir_csv_put_until(weir_csv_scan *s, uint32_t a, uint32_t b, uint32_t c) {
    uint32_t ch = s->ch;
    while (ch != a && ch != b && ch != c) {
        if (!weir_csv_put(s, ch)) return false;
        const char *q = s->p;
        if (!s->wide && !s->end2 && s->end1 == s->newline)
            q = weir_any_of(q, s->end, (char)a, (char)b, (char)c);
        if (q > s->p) {
            const char *p = s->p;
            s->at = p;
            s->p = q;
            if (!weir_csv_put_text(s, p, (size_t)(q - p))) return false;
        }
        if (!weir_csv_next(s, &ch)) return false;
    }
    s->ch = ch;
    return true;
}

/* ---- values of a record ---- */

static bool is_null_value(const weir_csv_options *o, const char *p, size_t n) {
    return n == o->null_len && (!n || memcmp(p, o->null_value, n) == 0);
}

static bool push(weir_csv_scan *s, weir_csv_field f) {
    if (s->column >= s->o->max_columns) return weir_csv_broken(s, WEIR_CSV_TOO_MUCH);
    if (s->column == s->cap) {
        weir_csv_field *v = WEIR_NEWN(s->mem, weir_csv_field, s->cap * 2);
        memcpy(v, s->field, sizeof *v * (size_t)s->cap);
        s->field = v;
        s->cap *= 2;
    }
    s->field[s->column++] = f;
    if (s->npick >= 0)
        s->off = s->picking && (s->column >= s->nlive || !s->live[s->column]);
    else
        s->off = false;
    return true;
}

bool weir_csv_given(weir_csv_scan *s, const char *p, size_t n) {
    return push(s, (weir_csv_field){p, (int32_t)n, is_null_value(s->o, p, n)});
}

static bool nothing_given(weir_csv_scan *s) {
    return push(s, (weir_csv_field){s->o->null_value, (int32_t)s->o->null_len, true});
}

/* The value that was put together. */
static bool value_done(weir_csv_scan *s) {
    weir_csv_piece v = s->v;
    if (s->off) return push(s, (weir_csv_field){NULL, 0, true});
    while (s->trim && v.n && (unsigned char)v.p[v.n - 1] <= ' ') v.n--;
    s->v = (weir_csv_piece){0};
    if (v.n) return weir_csv_given(s, v.p, v.n);
    return weir_csv_given(s, s->o->empty_value, strlen(s->o->empty_value));
}

static bool pending_pop(weir_csv_scan *s) {
    weir_csv_row *r = s->pending;
    if (!r) return false;
    s->row = *r;
    s->pending = r->next;
    if (!s->pending) s->pending_end = &s->pending;
    return true;
}

bool weir_csv_row_done(weir_csv_scan *s) {
    if (pending_pop(s)) return true;
    if (!s->column) return false;
    s->picking = true;
    s->row = (weir_csv_row){s->field, s->column, NULL};
    if (s->npick >= 0) {
        for (int i = 0; i < s->npick; i++)
            s->picked[i] = s->pick[i] < s->column
                               ? s->field[s->pick[i]]
                               : (weir_csv_field){s->o->null_value, (int32_t)s->o->null_len, true};
        s->row = (weir_csv_row){s->picked, s->npick, NULL};
        s->off = !s->nlive || !s->live[0];
    }
    s->column = 0;
    return true;
}

/* ---- records with a delimiter of one character ---- */

/* Where the value that begins at s->at ends, if its end is in the text: univocity getString. */
static const char *quick_end(const weir_csv_scan *s) {
    uint32_t c, after;
    const char *p = s->at;
    if (!s->wide && !s->end2) {
        p = weir_either(p, s->end, (char)s->delim, (char)s->end1);
        if (p == s->end) return NULL;
        return (unsigned char)*p == s->delim || p + 1 < s->end ? p : NULL;
    }
    for (int k;; p += k) {
        k = weir_csv_unit(s, p, &c);
        if (!k) return NULL;
        if (c == s->delim) return p;
        if (!weir_csv_unit(s, p + k, &after)) return NULL;
        if (c == s->end1 && (!s->end2 || after == s->end2)) return p;
    }
}

static turn plain_value(weir_csv_scan *s) {
    const weir_csv_options *o = s->o;
    const char *p = s->at, *end = weir_csv_value_len(s) <= 0 ? quick_end(s) : NULL;
    s->unescaped = false;
    s->prev = 0;
    if (end && !s->off && o->max_chars >= 0 && units_of(p, (size_t)(end - p)) > o->max_chars)
        end = NULL;
    if (!end && !s->off && !s->v.n && o->max_chars < 0 && !s->wide && !s->end2 &&
        weir_either(p, s->end, (char)s->end1, (char)s->newline) == s->end) {
        s->trim = o->trim_right; /* the last of the text */
        s->v = (weir_csv_piece){.p = p, .n = (size_t)(s->end - p)};
        s->p = s->end;
        return END;
    }
    if (!end) {
        if (!s->off) s->trim = o->trim_right;
        if (!weir_csv_put_until(s, s->delim, s->newline, s->newline)) return END;
        return value_done(s) ? TAIL : END;
    }
    const char *last = end;
    if (o->trim_right && !s->off) {
        while (last > s->from && (unsigned char)last[-1] <= ' ') last--;
        if (last == s->from) return weir_csv_broken(s, WEIR_CSV_TOO_MUCH), END;
    }
    s->p = end;
    bool ok = s->off      ? push(s, (weir_csv_field){NULL, 0, true})
              : last <= p ? nothing_given(s)
                          : weir_csv_given(s, p, (size_t)(last - p));
    return ok && weir_csv_next(s, &s->ch) ? TAIL : END;
}

static bool lines_alone(const weir_csv_scan *s) { return !s->o->multi_line; }

/* The closing quote of a value that has no other and is followed by a delimiter or the end of the
 * line, all in the text: univocity getQuotedString; for a column nobody wants skipQuotedString. */
static const char *quick_quote(const weir_csv_scan *s) {
    uint32_t c, after, before = s->quote;
    const char *p = s->p;
    if (!s->wide && !s->off && !s->end2) {
        char quote = (char)s->quote, escape = (char)s->escape,
             feed = s->raw_ends ? quote : (char)s->end1;
        for (;; p++) {
            p = weir_any_of(p, s->end, quote, escape, feed);
            if (p == s->end) return NULL;
            bool more = p + 1 < s->end;
            if (*p == quote && p[-1] == escape) return NULL;
            /* at a line's end the slow way finds the same, but drops another escape of escapes, and
             * takes a quote that is U+0000 for one before the value; a file's end is a record's,
             * too, which it alone says */
            if (*p == quote && !more)
                return quote && escape && s->escape2 == s->escape && lines_alone(s) ? p : NULL;
            if (*p == quote)
                return (unsigned char)p[1] == s->delim || (unsigned char)p[1] == s->newline ? p
                                                                                            : NULL;
            if (*p != escape) return NULL;
            if (more && (p[1] == quote || (unsigned char)p[1] == s->escape2)) return NULL;
        }
    }
    for (int k;; p += k, before = c) {
        k = weir_csv_unit(s, p, &c);
        if (!k) return NULL;
        int more = weir_csv_unit(s, p + k, &after);
        if (c == s->quote) {
            if (before != s->escape)
                return more && (after == s->delim || after == s->newline) ? p : NULL;
            if (!s->off) return NULL;
        } else if (!s->off && c == s->escape) {
            if (more && (after == s->quote || after == s->escape2)) return NULL;
        } else if (c == s->end1 && !s->raw_ends && (!s->end2 || (more && after == s->end2))) {
            return NULL;
        }
    }
}

/* A value with escaped quotes and escapes that is otherwise whole, put together; its closing quote.
 * NULL: it is not so; nothing was done. */
static const char *quick_escaped(weir_csv_scan *s) {
    const char *p = s->p;
    char quote = (char)s->quote, escape = (char)s->escape,
         feed = s->raw_ends ? quote : (char)s->end1;
    size_t used = s->text_used;
    if (s->wide || s->off || s->v.n || s->end2 || !escape || !quote || escape == quote ||
        s->escape2 != s->escape || s->o->max_chars >= 0)
        return NULL;
    for (bool whole = false;;) {
        const char *q = weir_any_of(p, s->end, quote, escape, feed);
        bool more = q + 1 < s->end,
             pair = more && *q == escape && (q[1] == quote || q[1] == escape);
        if (q < s->end && *q == quote)
            whole = more ? (unsigned char)q[1] == s->delim || (unsigned char)q[1] == s->newline
                         : lines_alone(s);
        if (q == s->end || (*q != escape && !whole)) { /* the slow way, then */
            s->v = (weir_csv_piece){0};
            s->text_used = used <= s->text_used ? used : s->text_used;
            return NULL;
        }
        size_t n = (size_t)(q - p) + (!pair && !whole);
        own_value(s, n + 1);
        memcpy(s->text + s->text_used, p, n);
        if (pair) s->text[s->text_used + n++] = q[1];
        s->text_used += n;
        s->v.n += n;
        if (whole) return q;
        p = q + 1 + pair;
    }
}

static turn quoted_value(weir_csv_scan *s) {
    const weir_csv_options *o = s->o;
    s->unescaped = false;
    s->prev = 0;
    s->raw_ends = o->line_sep && o->multi_line;
    const char *p = s->p, *end = weir_csv_value_len(s) <= 0 ? quick_quote(s) : NULL;
    if (end && !s->off && o->max_chars >= 0 && units_of(p, (size_t)(end - p)) > o->max_chars)
        end = NULL;
    bool own = !end && (end = quick_escaped(s)) != NULL;
    if (!end) {
        s->trim = false;
        if (!weir_csv_quoted(s)) return END;
        s->raw_ends = false;
        if (s->unescaped && o->stray == WEIR_CSV_BACK_TO_DELIMITER && !weir_csv_value_len(s))
            return TAIL;
        return value_done(s) ? TAIL : END;
    }
    uint32_t q;
    s->p = end + weir_csv_unit(s, end, &q);
    s->trim &= !own;
    bool ok = own        ? value_done(s)
              : s->off   ? push(s, (weir_csv_field){NULL, 0, true})
              : end == p ? weir_csv_given(s, o->empty_value, strlen(o->empty_value))
                          : weir_csv_given(s, p, (size_t)(end - p));
    s->raw_ends = false;
    if (!ok) return END;
    if (s->p == s->end) s->trim = false;
    if (!weir_csv_next(s, &s->ch)) return DONE;
    if (s->ch != s->delim) return AGAIN;
    bool over = !weir_csv_next(s, &s->ch);
    if ((over || s->ch == s->newline) && !nothing_given(s)) return END;
    return over ? DONE : AGAIN;
}

static bool after_value(weir_csv_scan *s) {
    if (s->ch == s->newline) return true;
    return weir_csv_next(s, &s->ch) && (s->ch != s->newline || nothing_given(s));
}

static bool parse_record(weir_csv_scan *s) {
    bool trim = s->o->trim_left;
    if (trim && s->ch <= ' ' && !skip_blanks(s)) return false;
    while (s->ch != s->newline) {
        if (trim && s->ch <= ' ' && !skip_blanks(s)) return false;
        turn t = TAIL;
        if (s->ch == s->delim || s->ch == s->newline)
            t = nothing_given(s) ? TAIL : END;
        else
            t = s->ch == s->quote ? quoted_value(s) : plain_value(s);
        if (t == AGAIN) continue;
        if (t == END) return false;
        if (t == DONE) return true;
        if (!after_value(s)) return false;
    }
    return true;
}

/* ---- records with a delimiter of several characters ---- */

static bool match_end(weir_csv_scan *s) {
    int n = s->match;
    s->match = 0;
    for (int i = 0; i < n && n < s->nsep; i++)
        if (!weir_csv_put(s, s->sep[i])) return false;
    return true;
}

bool weir_csv_match(weir_csv_scan *s, bool keep, bool *yes) {
    *yes = false;
    for (;;) {
        if (s->match >= s->nsep) return weir_csv_broken(s, WEIR_CSV_TOO_MUCH);
        if (s->ch != s->sep[s->match]) break;
        if (++s->match == s->nsep) {
            s->match = 0;
            *yes = true;
            return true;
        }
        if (!weir_csv_next(s, &s->ch)) return false;
    }
    return !keep || match_end(s);
}

static bool skip_blanks_long(weir_csv_scan *s) {
    while (s->ch <= ' ' && s->match < s->nsep && s->ch != s->newline && s->ch != s->quote) {
        bool yes = false;
        if (!weir_csv_next(s, &s->ch)) return false;
        if (s->sep[s->match] != s->ch) continue;
        if (!weir_csv_match(s, true, &yes)) return false;
        if (yes && (!nothing_given(s) || !weir_csv_next(s, &s->ch))) return false;
    }
    return match_end(s);
}

bool weir_csv_put_to_sep(weir_csv_scan *s) {
    while (s->match < s->nsep && s->ch != s->newline) {
        if (s->sep[s->match] == s->ch) {
            if (++s->match == s->nsep) break;
        } else if (s->match) {
            if (!match_end(s)) return false;
            continue;
        } else if (!weir_csv_put(s, s->ch)) {
            return false;
        }
        if (!weir_csv_next(s, &s->ch)) return false;
    }
    return match_end(s);
}

static bool long_value(weir_csv_scan *s) {
    const weir_csv_options *o = s->o;
    s->unescaped = false;
    s->prev = 0;
    if (s->ch == s->quote && !weir_csv_value_len(s)) {
        s->raw_ends = o->line_sep && o->multi_line;
        s->trim = false;
        if (!weir_csv_quoted(s)) return false;
        s->raw_ends = false;
        return (s->unescaped && o->stray == WEIR_CSV_BACK_TO_DELIMITER &&
                !weir_csv_value_len(s)) ||
               value_done(s);
    }
    if (!weir_csv_put_to_sep(s)) return false;
    bool trim = s->trim;
    s->trim |= o->trim_right;
    bool ok = value_done(s);
    s->trim = trim;
    return ok;
}

static bool parse_long_record(weir_csv_scan *s) {
    bool trim = s->o->trim_left;
    if (trim && s->ch <= ' ' && !skip_blanks_long(s)) return false;
    while (s->ch != s->newline) {
        if (trim && s->ch <= ' ' && !skip_blanks_long(s)) return false;
        bool yes = s->ch == s->newline;
        if (!yes && !weir_csv_match(s, true, &yes)) return false;
        if (!(yes ? nothing_given(s) : long_value(s)) || !after_value(s)) return false;
    }
    return true;
}

/* ---- rows ---- */

/* Was a value under way when the input ended? univocity consumeValueOnEOF */
static bool value_at_end(weir_csv_scan *s) {
    if (s->ch == s->quote) {
        if (s->prev == s->quote) return true;
        if (!s->unescaped && !weir_csv_put(s, s->quote)) return false;
    }
    bool yes = s->prev && s->ch != s->delim && s->ch != s->newline && s->ch != s->comment;
    s->ch = s->prev = 0;
    if (!s->match) return yes;
    return match_end(s);
}

/* The row when the input has ended. univocity handleEOF */
static bool row_at_end(weir_csv_scan *s) {
    bool value = value_at_end(s), some = s->p > s->record;
    int64_t n = weir_csv_value_len(s);
    if (s->bad) return false;
    if (s->column || (value && !s->stopped)) {
        if (n > 0 || value ? !value_done(s) : some && !nothing_given(s)) return false;
        return weir_csv_row_done(s);
    }
    if (n > 0 || some) return (n ? value_done(s) : nothing_given(s)) && weir_csv_row_done(s);
    return pending_pop(s);
}

static void input(weir_csv_scan *s, const char *p, int64_t n) {
    s->from = s->p = s->record = s->at = p;
    s->end = p + n;
    if (!s->column && !s->v.n && !s->pending) {
        s->text_used = 0;
        s->v = (weir_csv_piece){0};
    }
    if (s->begun && !s->stopped) return;
    if (n >= 3 && memcmp(p, "\xEF\xBB\xBF", 3) == 0) s->p += 3;
    s->begun = true;
    s->stopped = s->picking = false;
    s->column = 0;
}

static bool one_record(weir_csv_scan *s) {
    return s->pending || (s->sep ? parse_long_record(s) : parse_record(s));
}

static void stop(weir_csv_scan *s) {
    s->ch = 0;
    s->stopped = true;
    if (!s->off) s->v = (weir_csv_piece){0};
}

static int64_t offset_of(const char *p, int64_t n, int64_t units) {
    int64_t i = 0;
    while (i < n && units > 0) {
        units -= 1 + ((unsigned char)p[i] >= 0xF0);
        for (i++; i < n && ((unsigned char)p[i] & 0xC0) == 0x80;) i++;
    }
    return i + (units > 0 ? units : 0);
}

/* With a lineSep of two characters a record can end inside its line, at a plain \n. univocity then
 * reads the next line from the place on where it stopped in this one; one beyond its end reads a
 * character of an older line. */
static void hold(weir_csv_scan *s, const char *p, int64_t n) {
    int64_t at = offset_of(p, n, s->held_units), need = (n > at ? n : at) + 1;
    if (need > s->held_cap) {
        char *more = weir_alloc(s->mem, (size_t)need * 2);
        if (s->held_cap) memcpy(more, s->held, (size_t)s->held_cap);
        s->held = more;
        s->held_cap = need * 2;
    }
    memcpy(s->held, p, (size_t)n);
    s->held_len = n;
    input(s, s->held, n);
    if (!at) return;
    s->p = s->held + at;
    if (at >= n) s->end = s->p + 1;
}

static void let_go(weir_csv_scan *s) {
    s->held_units = s->p < s->end ? units_of(s->held, (size_t)(s->p - s->held)) : 0;
}

weir_csv_found weir_csv_scan_line(weir_csv_scan *s, const char *p, int64_t n) {
    bool row = false;
    if (!n) return WEIR_CSV_NOTHING;
    if (s->end2)
        hold(s, p, n);
    else
        input(s, p, n);
    for (s->bad = WEIR_CSV_ROW;;) {
        s->record = s->p;
        bool more = weir_csv_next(s, &s->ch);
        if (more && s->o->has_comment && s->ch == s->comment) return WEIR_CSV_NOTHING;
        if (!more || !one_record(s)) {
            row = !s->bad && row_at_end(s);
            break;
        }
        if ((row = weir_csv_row_done(s))) break;
    }
    if (s->end2) let_go(s);
    if (s->bad) return stop(s), s->bad;
    if (s->v.n && !s->v.own) own_value(s, 0); /* its text goes with the line */
    return row ? WEIR_CSV_ROW : WEIR_CSV_NOTHING;
}

/* univocity looks for the first end of a line in what it reads first, a million characters. */
static void find_line_end(weir_csv_scan *s, int64_t n) {
    int64_t most = s->o->buffer_chars < n ? s->o->buffer_chars : n;
    const char *q = weir_line_stop(s->from, s->from + most);
    s->end1 = q ? (unsigned char)*q : '\n';
    s->end2 = s->end1 == '\r' && q + 1 < s->from + most && q[1] == '\n' ? '\n' : 0;
    s->tiny = n <= 12 && units_of(s->from, (size_t)n) <= 4;
}

void weir_csv_scan_begin(weir_csv_scan *s, const char *p, int64_t n) {
    weir_csv_scan_reset(s);
    input(s, p, n);
    if (!s->o->line_sep) find_line_end(s, n);
}

weir_csv_found weir_csv_scan_next(weir_csv_scan *s) {
    bool row = false;
    if (!s->pending) weir_arena_reset(s->row_mem);
    if (!s->column && !s->v.n && !s->pending) s->text_used = 0;
    while (!s->stopped) {
        s->record = s->p;
        bool more = weir_csv_next(s, &s->ch);
        if (more && s->o->has_comment && s->ch == s->comment) {
            skip_comment(s);
            continue;
        }
        if (!more || !one_record(s)) {
            row = !s->bad && row_at_end(s);
            if (s->bad) return stop(s), s->bad;
            if (!s->pending) stop(s);
            return row ? WEIR_CSV_ROW : WEIR_CSV_NOTHING;
        }
        if (weir_csv_row_done(s)) return WEIR_CSV_ROW;
    }
    if (s->column) return weir_csv_row_done(s) ? WEIR_CSV_ROW : WEIR_CSV_NOTHING;
    return WEIR_CSV_NOTHING;
}

weir_csv_field weir_csv_scan_record(const weir_csv_scan *s) {
    const char *from = s->record, *end = s->p;
    if (s->held_len && end > s->held + s->held_len) { /* see hold */
        end = s->held + s->held_len;
        from = s->held + (from - s->held) % s->held_len;
    }
    int64_t n = end - from;
    bool none = n == 0, feed = n && end[-1] == '\n';
    n -= feed;
    if (n && from[n - 1] == '\r') n--;
    return (weir_csv_field){from, (int32_t)n, none};
}
