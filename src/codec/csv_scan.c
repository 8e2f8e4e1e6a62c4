/* Fields of CSV records. See csv_scan.h. SPARK: univocity's parser with unescapedQuoteHandling
 * STOP_AT_DELIMITER. */
#include "codec/csv_scan.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <strings.h>

void weir_csv_scan_init(weir_csv_scan *s, const weir_csv_options *o, weir_arena *mem) {
    *s = (weir_csv_scan){.o = o, .cap = 32, .mem = mem};
    s->field = WEIR_NEWN(mem, weir_csv_field, s->cap);
}

static bool at_sep(const weir_csv_options *o, const char *p, const char *end) {
    size_t n = strlen(o->sep);
    return *p == *o->sep && (size_t)(end - p) >= n && memcmp(p, o->sep, n) == 0;
}

static bool at_break(const weir_csv_options *o, const char *p) {
    return o->multi_line && (*p == '\n' || *p == '\r');
}

static const char *field_end(const weir_csv_options *o, const char *p, const char *end) {
    while (p < end && !at_sep(o, p, end) && !at_break(o, p)) p++;
    return p;
}

/* After an opening quote at p. NULL: it has no end before a delimiter; the text is as it stands. */
static const char *quoted(weir_csv_scan *s, const char *p, const char *end, size_t *from) {
    const weir_csv_options *o = s->o;
    *from = s->ntext;
    for (p++; p < end; p++) {
        bool pair = p + 1 < end;
        if (*p == o->escape && pair && p[1] == o->quote) {
            s->text[s->ntext++] = *++p;
        } else if (*p == o->escape && o->escape != o->quote && pair && p[1] == o->escape) {
            s->text[s->ntext++] = *++p;
        } else if (*p == o->quote) {
            const char *after = p + 1;
            while (after < end && (*after == ' ' || *after == '\t') && !at_sep(o, after, end))
                after++;
            if (after == end || at_sep(o, after, end) || at_break(o, after)) return after;
            return NULL;
        } else {
            s->text[s->ntext++] = *p;
        }
    }
    return NULL;
}

static bool same(weir_csv_field f, const char *t) {
    return (size_t)f.n == strlen(t) && (f.n == 0 || memcmp(f.p, t, (size_t)f.n) == 0);
}

static const char *next_field(weir_csv_scan *s, const char *p, const char *end, weir_csv_field *f) {
    const weir_csv_options *o = s->o;
    const char *start = p, *stop = NULL;
    size_t from = 0;
    while (o->trim_left && p < end && (*p == ' ' || *p == '\t') && !at_sep(o, p, end)) p++;
    if (p < end && o->quote && *p == o->quote) stop = quoted(s, p, end, &from);
    if (stop) {
        *f = (weir_csv_field){s->text + from, (int32_t)(s->ntext - from), false};
        if (!f->n) *f = (weir_csv_field){o->empty_value, (int32_t)strlen(o->empty_value), false};
        return stop;
    }
    if (!o->trim_left) p = start;
    stop = field_end(o, p, end);
    int64_t n = stop - p;
    while (o->trim_right && n && (p[n - 1] == ' ' || p[n - 1] == '\t')) n--;
    *f = (weir_csv_field){p, (int32_t)n, n == 0};
    return stop;
}

static bool push(weir_csv_scan *s, weir_csv_field f) {
    if (s->n >= s->o->max_columns) return false;
    if (s->n == s->cap) {
        weir_csv_field *v = WEIR_NEWN(s->mem, weir_csv_field, s->cap * 2);
        memcpy(v, s->field, sizeof *v * (size_t)s->n);
        s->field = v;
        s->cap *= 2;
    }
    s->field[s->n++] = f;
    return true;
}

static const char *line_after(const char *p, const char *end) {
    if (p < end && *p == '\r') p++;
    if (p < end && *p == '\n') p++;
    return p;
}

static bool blank_line(const char *p, const char *end) {
    while (p < end && (unsigned char)*p <= ' ') p++;
    return p == end;
}

const char *weir_csv_scan_record(weir_csv_scan *s, const char *p, const char *end) {
    const weir_csv_options *o = s->o;
    const char *stop = p;
    s->n = 0;
    s->ntext = 0;
    if (s->ctext < (size_t)(end - p)) {
        s->ctext = (size_t)(end - p) + 256;
        s->text = weir_alloc(s->mem, s->ctext);
    }
    while (stop < end && !at_break(o, stop)) stop++;
    if (blank_line(p, stop) || (o->comment && *p == o->comment)) return line_after(stop, end);
    for (;;) {
        weir_csv_field f;
        p = next_field(s, p, end, &f);
        f.null = f.null || same(f, o->null_value);
        if (!push(s, f)) return NULL;
        if (p >= end || at_break(o, p)) break;
        p += strlen(o->sep);
        if (p < end && !at_break(o, p)) continue;
        if (!push(s, (weir_csv_field){p, 0, true})) return NULL;
        break;
    }
    return line_after(p, end);
}

bool weir_csv_int(weir_csv_field f, int64_t *out) {
    bool minus = f.n && *f.p == '-';
    int32_t i = f.n && (*f.p == '-' || *f.p == '+');
    uint64_t v = 0;
    if (i == f.n || f.n - i > 19) return false;
    for (; i < f.n; i++) {
        unsigned d = (unsigned)(f.p[i] - '0');
        if (d > 9) return false;
        v = v * 10 + d; /* 19 digits fit */
    }
    if (v > (uint64_t)INT64_MAX + minus) return false;
    *out = minus ? (int64_t)(0 - v) : (int64_t)v;
    return true;
}

bool weir_csv_double(const weir_csv_options *o, weir_csv_field f, double *out) {
    char t[400], *end;
    if (same(f, o->nan)) return *out = NAN, true;
    if (same(f, o->inf)) return *out = INFINITY, true;
    if (same(f, o->neg_inf)) return *out = -INFINITY, true;
    while (f.n && (unsigned char)*f.p <= ' ') f.p++, f.n--; /* Java's parseDouble trims */
    while (f.n && (unsigned char)f.p[f.n - 1] <= ' ') f.n--;
    if (!f.n || f.n >= (int32_t)sizeof t) return false;
    memcpy(t, f.p, (size_t)f.n);
    t[f.n] = 0;
    const char *word = t + (*t == '-' || *t == '+');
    if (strcmp(word, "Infinity") == 0) return *out = *t == '-' ? -INFINITY : INFINITY, true;
    if (strcmp(word, "NaN") == 0) return *out = NAN, true;
    if ((*word < '0' || *word > '9') && *word != '.') return false;
    if (strpbrk(t, "xXnNiI")) return false;
    if (strchr("dDfF", t[f.n - 1])) t[f.n - 1] = 0;
    errno = 0;
    *out = strtod(t, &end);
    return end != t && !*end;
}
