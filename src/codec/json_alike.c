/* The short way for JSON records that look like the one before: keys are compared, not looked up,
 * and lines are not searched for. Whatever is not expected is left to json_read.c, from its line's
 * start. One task. */
#include "base/simd.h"
#include "codec/json_inner.h"

enum { FAR = 1 << 30, IN_VAIN = 4, REST = 64 };

static bool key_is(weir_jscan *s, const weir_jslot *t) {
    const int32_t n = t->quoted.len;
    uint64_t v;
    if (s->end - s->p < (n < 8 ? 8 : n)) return false;
    memcpy(&v, s->p, 8);
    if ((v & t->mask) != t->head) return false;
    if (n > 8 && memcmp(s->p + 8, t->quoted.p + 8, (size_t)n - 8) != 0) return false;
    s->p += n;
    return true;
}

static bool is_end(char c) { return c == ',' || c == '}'; }

/* A number nobody wants. */
static bool number_skip(weir_jscan *s) {
    const char *p = s->p + (*s->p == '-'), *d = weir_digits_end(p, s->end);
    if (d == p || (*p == '0' && d - p > 1)) return false;
    if (d < s->end && *d == '.') {
        p = d + 1;
        d = weir_digits_end(p, s->end);
        if (d == p) return false;
    }
    if (d >= s->end || !is_end(*d)) return false;
    s->p = d;
    return true;
}

/* Two digits of a time; what are none makes *bad true. */
static inline int64_t two(const char *p, bool *bad) {
    unsigned a = (unsigned)(p[0] - '0'), b = (unsigned)(p[1] - '0');
    *bad |= a > 9 || b > 9;
    return a * 10 + b;
}

/* Timestamps of one day differ in their time only. */
static bool stamp(weir_json_reader *r, weir_jtext t, int64_t *us) {
    const char *p = t.p;
    bool common = t.n == 24 && p[10] == 'T' && p[13] == ':' && p[16] == ':' && p[19] == '.' &&
                  p[23] == 'Z' && p[4] == '-' && p[7] == '-',
         bad = false;
    if (common && memcmp(p, r->day, sizeof r->day) == 0) {
        int64_t h = two(p + 11, &bad), m = two(p + 14, &bad), sec = two(p + 17, &bad),
                hundreds = (unsigned)(p[20] - '0'), rest = two(p + 21, &bad);
        if (!bad && hundreds < 10 && h < 24 && m < 60 && sec < 60) {
            *us = r->day_us + (((h * 60 + m) * 60 + sec) * 1000 + hundreds * 100 + rest) * 1000;
            return true;
        }
    }
    if (!weir_timestamp_parse(p, t.n, r->s.o->zone, us)) return false;
    if (common && (unsigned)(*p - '0') < 10) {
        memcpy(r->day, p, sizeof r->day);
        r->day_us = weir_floor_div(*us, WEIR_DAY_US) * WEIR_DAY_US;
    }
    return true;
}

static bool text(weir_json_reader *r, weir_build *b) {
    weir_jscan *s = &r->s;
    const char *from = s->p + 1, *q = weir_plain_text(from, s->end, '"');
    weir_jtext t = {from, (int32_t)(q - from), q < s->end && *q == '"'};
    int64_t us;
    if (t.ok)
        s->p = q + 1;
    else
        t = weir_js_string(s);
    if (!t.ok || !b) return t.ok;
    switch (b->type->kind) {
    case WEIR_T_STRING: weir_build_bytes(b, t.p, (size_t)t.n); return true;
    case WEIR_T_TIMESTAMP:
        if (s->o->timestamp_format) break;
        if (!stamp(r, t, &us)) return false;
        weir_build_i64(b, us);
        return true;
    default: break;
    }
    return weir_json_text_into(s, t, b);
}

/* Objects and lists may not reach beyond the line. */
static bool nested(weir_jscan *s, weir_build *b) {
    const char *end = s->end, *line = weir_line_stop(s->p, end);
    s->end = line ? line : end;
    bool ok = b ? weir_json_value_into(s, b) : weir_js_skip(s);
    s->end = end;
    return ok;
}

static bool member(weir_json_reader *r, const weir_jslot *t) {
    weir_jscan *s = &r->s;
    weir_build *b = weir_json_wanted(r, t->col) ? &r->col[t->col] : NULL;
    if (s->p < s->end && *s->p == ' ') s->p++;
    if (s->p >= s->end || (unsigned char)*s->p <= ' ') return false;
    if (*s->p == '"') return text(r, b);
    if (*s->p == '{' || *s->p == '[') return nested(s, b);
    if (*s->p == '\'') return false;
    if (!b) return number_skip(s) || weir_js_skip(s);
    return weir_json_number_into(s, b) || weir_json_value_into(s, b);
}

/* A whole line. *all: it had every member. */
static bool record(weir_json_reader *r, const char *text_end, bool *all) {
    weir_jscan *s = &r->s;
    int i = 0;
    if (*s->p++ != '{') return false;
    for (char c = ','; c == ',';) {
        if (i == r->norder || !key_is(s, &r->order[i]) || !member(r, &r->order[i])) return false;
        if (s->p >= s->end || !is_end(c = *s->p++)) return false;
        if (c == ',' && s->p < s->end && *s->p == ' ') s->p++;
        i++;
    }
    *all = i == r->norder;
    if (s->p == text_end) return true;
    if (s->end - s->p >= 2 && *s->p == '\r') s->p++;
    return s->p < s->end && *s->p++ == '\n';
}

/* Whether a record with all members leaves no column without a value. */
static bool fills(const weir_json_reader *r) {
    int given = 0, wanted = 0;
    for (int i = 0; i < r->norder; i++) given += weir_json_wanted(r, r->order[i].col);
    for (int c = 0; c < r->schema->nfield; c++) wanted += weir_json_wanted(r, c);
    return given == wanted;
}

const char *weir_json_alike(weir_json_reader *r, const char *p, const char *end, int64_t max_rows) {
    weir_jscan *s = &r->s;
    int64_t before = r->rows;
    bool filled = fills(r), all = false;
    if (!r->alike || !r->norder) return p;
    if (r->rest > 0) return r->rest--, p;
    s->end = end - p > FAR ? p + FAR : end;
    s->depth = 0;
    for (; r->rows < max_rows && p < end; p = s->p) {
        s->p = p;
        if (!record(r, end, &all)) {
            weir_json_row_undo(r);
            s->depth = 0;
            break;
        }
        if (all && filled)
            r->rows++;
        else
            weir_json_row_end(r);
    }
    r->misses = r->rows > before ? 0 : r->misses + 1;
    if (r->misses >= IN_VAIN) {
        r->rest = REST;
        r->misses = 0;
    }
    return p;
}
