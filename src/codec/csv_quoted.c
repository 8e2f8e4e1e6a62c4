/* Quoted values of CSV text, whole and broken. See csv_scan.h. SPARK: univocity's CsvParser;
 * recursion there is a loop here, for the depth is the input's to choose. */
#include "codec/csv_scan.h"

#include "base/utf8.h"

/* RETURN: the value is at its end; BEHIND: so it seems, at the character behind a quote; AGAIN,
 * ALONE: it goes on as a quoted one, ALONE with a delimiter of one character. */
typedef enum { END, RETURN, BEHIND, AGAIN, ALONE } turn;

/* After a stray quote the value goes on to the next delimiter; else to a quote that ends it. */
static bool until_delimiter(const weir_csv_scan *s) {
    weir_csv_stray how = s->o->stray;
    return how == WEIR_CSV_STOP_AT_DELIMITER || how == WEIR_CSV_SKIP_VALUE ||
           how == WEIR_CSV_BACK_TO_DELIMITER;
}

static bool skip_value(weir_csv_scan *s) {
    if (!s->off) s->v = (weir_csv_piece){0};
    s->off = true;
    if (!s->sep) return weir_csv_put_until(s, s->delim, s->newline, s->newline);
    while (s->match < s->nsep && s->ch != s->newline) {
        s->match = s->sep[s->match] == s->ch ? s->match + 1 : 0;
        if (!weir_csv_next(s, &s->ch)) return false;
    }
    return true; /* one character too far, as univocity: the next match breaks */
}

/* A quote or an escape character. *stray: an escape character behind the quote that should have
 * ended the value; nothing was done then. univocity processQuoteEscape */
static bool quote_or_escape(weir_csv_scan *s, bool *stray) {
    uint32_t ch = s->ch, put = s->quote;
    if (ch == s->escape && s->prev == s->escape2 && s->escape2) {
        put = s->escape;
        s->ch = 0;
    } else if (s->prev == s->escape) {
        if (ch == s->quote)
            s->ch = 0;
        else
            put = s->prev;
    } else if (ch != s->quote || s->prev != s->quote) {
        *stray = s->prev == s->quote;
        return true;
    }
    return weir_csv_put(s, put);
}

/* What comes behind a stray quote, up to the delimiter; escapes count in it. Each one that is
 * behind a further quote takes a delimiter with it. univocity handleUnescapedQuoteInValue,
 * parseValueProcessingEscape */
static bool escaped_value(weir_csv_scan *s) {
    int64_t depth = 0;
    bool stray = true;
    if (s->o->stray == WEIR_CSV_RAISE_ERROR) return weir_csv_broken(s, WEIR_CSV_STRAY_QUOTE);
    if (s->o->stray == WEIR_CSV_SKIP_VALUE) return skip_value(s);
    for (;;) {
        if (stray) {
            if (!weir_csv_put(s, s->quote)) return false;
            s->prev = s->ch;
            stray = false;
        }
        if (s->ch == s->delim || s->ch == s->newline) {
            if (!depth--) return true;
        } else if (s->ch != s->quote && s->ch != s->escape) {
            stray = s->prev == s->quote;
            if (!stray && !weir_csv_put(s, s->ch)) return false;
        } else {
            if (!quote_or_escape(s, &stray)) return false;
            depth += stray;
        }
        if (stray) continue;
        s->prev = s->ch;
        if (!weir_csv_next(s, &s->ch)) return false;
    }
}

/* Where the first delimiter or end of a line is in the value so far; false: no delimiter. */
static bool find_delimiter(const weir_csv_scan *s, size_t *at, size_t *width, bool *line) {
    const weir_csv_piece *v = &s->v;
    uint32_t c;
    int k;
    size_t feed = SIZE_MAX, feed_width = 0;
    if (s->off || !v->n) return false;
    weir_csv_scan in = *s; /* the value as an input */
    in.end = v->p + v->n;
    for (const char *p = v->p; (k = weir_csv_unit(&in, p, &c)) > 0; p += k) {
        *at = (size_t)(p - v->p);
        *line = c == s->newline;
        *width = (size_t)k;
        if (!s->sep && (c == s->delim || *line)) return true;
        if (s->sep && *line && feed == SIZE_MAX) feed = *at, feed_width = *width;
        int i = 0, w = 0;
        for (const char *q = p; s->sep && i < s->nsep; i++, w += k, q += k)
            if ((k = weir_csv_unit(&in, q, &c)) == 0 || c != s->sep[i]) break;
        k = (int)*width;
        if (!s->sep || i < s->nsep) continue;
        *line = feed != SIZE_MAX;
        *width = *line ? feed_width : (size_t)w;
        if (*line) *at = feed;
        return true;
    }
    return false;
}

static void add_pending(weir_csv_scan *s) {
    if (!weir_csv_row_done(s)) return;
    weir_csv_row *r = WEIR_NEW(s->row_mem, weir_csv_row);
    r->n = s->row.n;
    r->field = weir_memdup(s->row_mem, s->row.field, sizeof *r->field * (size_t)r->n);
    for (int64_t i = 0; i < r->n; i++)
        if (r->field[i].n)
            r->field[i].p = weir_memdup(s->row_mem, r->field[i].p, (size_t)r->field[i].n);
    *s->pending_end = r;
    s->pending_end = &r->next;
}

/* The quoted value was none: what is before its delimiters were values, and rows, each. univocity
 * handleUnescapedQuote, BACK_TO_DELIMITER */
static bool back_to_delimiter(weir_csv_scan *s) {
    size_t at, width;
    bool line;
    while (find_delimiter(s, &at, &width, &line)) {
        const char *p = s->v.p;
        if (!weir_csv_given(s, p, at)) return false;
        if (s->off) break; /* univocity: the rest goes into the next column that is wanted */
        if (line) add_pending(s);
        s->v.p += at + width;
        s->v.n -= at + width;
    }
    s->v.units = 0;
    s->prev = 0;
    return weir_csv_put(s, s->ch);
}

/* Text behind a quote that does not end the value. */
static turn stray_quote(weir_csv_scan *s) {
    s->unescaped = true;
    switch (s->o->stray) {
    case WEIR_CSV_BACK_TO_DELIMITER: return back_to_delimiter(s) ? AGAIN : END;
    case WEIR_CSV_SKIP_VALUE: return skip_value(s) ? RETURN : END;
    case WEIR_CSV_RAISE_ERROR: return weir_csv_broken(s, WEIR_CSV_STRAY_QUOTE), END;
    default: break;
    }
    s->prev = s->ch;
    return weir_csv_put(s, s->quote) && weir_csv_put(s, s->ch) ? AGAIN : END;
}

/* The rest of a value after a stray quote, as it stands, with the first quote before it. */
static turn plain_rest(weir_csv_scan *s, bool alone) {
    if (s->o->stray == WEIR_CSV_SKIP_VALUE) return skip_value(s) ? RETURN : END;
    if (!weir_csv_put_front(s, s->quote)) return END;
    /* the rest of a character that is one to Java, too */
    while (s->prev < 0xF0 && s->p < s->end && ((unsigned char)*s->p & 0xC0) == 0x80)
        if (!weir_csv_next(s, &s->ch) || !weir_csv_put(s, s->ch)) return END;
    if (!weir_csv_next(s, &s->ch)) return END;
    s->trim = s->o->trim_right;
    if (!alone) return weir_csv_put_to_sep(s) ? BEHIND : END;
    return weir_csv_put_until(s, s->delim, s->newline, s->newline) ? RETURN : END;
}

static bool ordinary(weir_csv_scan *s) {
    if (s->prev == s->escape && s->escape && !weir_csv_put(s, s->escape)) return false;
    if (!weir_csv_put_until(s, s->quote, s->escape, s->escape2)) return false;
    s->prev = s->ch;
    return weir_csv_next(s, &s->ch);
}

static bool special(weir_csv_scan *s) {
    bool stray = false;
    if (!quote_or_escape(s, &stray) || (stray && !escaped_value(s))) return false;
    s->prev = s->ch;
    return weir_csv_next(s, &s->ch);
}

static bool ends_here(weir_csv_scan *s, bool alone, bool keep, bool *yes) {
    *yes = s->ch == s->newline || (alone && s->ch == s->delim);
    return *yes || alone || weir_csv_match(s, keep, yes);
}

/* To the quote that ends the value, and the character behind it. */
static turn to_quote(weir_csv_scan *s, bool alone) {
    bool yes;
    if (!weir_csv_next(s, &s->ch)) return END;
    for (;;) {
        bool quoted = s->prev == s->quote;
        if (quoted && (s->ch <= ' ' || s->ch == s->newline || (alone && s->ch == s->delim)))
            return BEHIND;
        if (quoted && !alone) {
            if (!weir_csv_match(s, true, &yes)) return END;
            if (yes) return RETURN;
        }
        if (s->ch != s->quote && s->ch != s->escape) {
            if (quoted) return stray_quote(s);
            if (!ordinary(s)) return END;
            continue;
        }
        if (!special(s)) return END;
        if (!s->unescaped) continue;
        if (!ends_here(s, alone, true, &yes)) return END;
        if (yes) return RETURN;
    }
}

static bool add_blank(weir_csv_scan *s) {
    char b[4] = {(char)s->ch};
    weir_str_add(&s->blanks, b, s->wide ? weir_utf8_put(b, s->ch) : 1);
    return weir_csv_next(s, &s->ch);
}

/* Blanks behind a quote, and then text: the quote did not end the value. */
static bool put_blanks(weir_csv_scan *s) {
    if (!s->off &&
        (!weir_csv_put(s, s->quote) || !weir_csv_put_text(s, s->blanks.p, s->blanks.len)))
        return false;
    bool text = s->ch != s->quote && s->ch != s->escape;
    if ((until_delimiter(s) || text) && !weir_csv_put(s, s->ch)) return false;
    s->prev = s->ch;
    return true;
}

/* *checked: the value must end at a delimiter, now or after what is to come. */
static turn blanks_behind(weir_csv_scan *s, bool *checked) {
    bool behind = s->ch != s->delim && s->ch != s->newline;
    if (behind && s->ch <= ' ') {
        s->blanks.len = 0;
        do {
            if (!add_blank(s)) return END;
            if (s->ch == s->newline) return RETURN;
        } while (s->ch <= ' ' && s->ch != s->delim);
        behind = s->ch != s->delim;
        if (behind && s->o->stray != WEIR_CSV_RAISE_ERROR) {
            *checked = true;
            return put_blanks(s) ? ALONE : END;
        }
    }
    return behind ? weir_csv_broken(s, WEIR_CSV_STRAY_TEXT), END : RETURN;
}

static turn blanks_behind_long(weir_csv_scan *s) {
    bool yes;
    if (s->ch == s->newline || s->ch > ' ') return RETURN;
    if (!weir_csv_match(s, false, &yes)) return END;
    if (yes) return RETURN;
    s->blanks.len = 0;
    do {
        if (!add_blank(s) || !ends_here(s, false, false, &yes)) return END;
        if (yes) return RETURN;
    } while (s->ch <= ' ');
    if (s->o->stray == WEIR_CSV_RAISE_ERROR) return RETURN;
    if (!weir_csv_match(s, false, &yes)) return END;
    if (yes) return RETURN;
    return put_blanks(s) ? ALONE : END; /* univocity: the delimiter is missed from here on */
}

bool weir_csv_quoted(weir_csv_scan *s) {
    bool checked = false, alone = !s->sep;
    turn t;
    do {
        t = s->prev && until_delimiter(s) ? plain_rest(s, alone) : to_quote(s, alone);
        if (t == BEHIND) t = alone ? blanks_behind(s, &checked) : blanks_behind_long(s);
        alone = t == ALONE || !s->sep;
    } while (t == AGAIN || t == ALONE);
    if (t == END) return false;
    if (checked && s->ch != s->delim && s->ch != s->newline)
        return weir_csv_broken(s, WEIR_CSV_STRAY_TEXT);
    return true;
}
