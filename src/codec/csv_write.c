/* See csv_write.h. */
#include "codec/csv_write.h"

#include "base/utf8.h"
#include "codec/csv_read.h"
#include "func/cast.h"
#include "func/interval.h"

#include <strings.h>

typedef const char *get_fn(void *u, const char *key);

static weir_rc read_chars(weir_ctx *ctx, get_fn *get, void *u, weir_csv_writer *w) {
    const char *sep, *end, *escape2 = get(u, "charToEscapeQuoteEscaping"),
                           *comment = get(u, "comment");
    int n;
    WEIR_TRY(weir_csv_delimiter(ctx, get, u, &sep));
    WEIR_TRY(weir_csv_line_sep(ctx, get, u, &end));
    WEIR_TRY(weir_csv_char(ctx, get, u, "quote", '"', &w->quote));
    WEIR_TRY(weir_csv_char(ctx, get, u, "escape", '\\', &w->escape));
    WEIR_TRY(weir_csv_char(ctx, get, u, "charToEscapeQuoteEscaping", 0, &w->escape2));
    WEIR_TRY(weir_csv_char(ctx, get, u, "comment", 0, &w->comment));
    if (!*sep)
        return weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message", "Delimiter cannot be empty");
    if (!escape2 || !*escape2) w->escape2 = w->quote == w->escape ? 0 : w->escape;
    if (!comment || !*comment) w->comment = '#'; /* univocity's, when none is set */
    w->sep = weir_csv_chars(ctx->arena, sep, &w->nsep);
    w->line_end = end ? end : "\n";
    const uint32_t *line = weir_csv_chars(ctx->arena, w->line_end, &n);
    w->end1 = line[0];
    w->end2 = n > 1 ? line[1] : 0;
    w->newline = n > 1 ? '\n' : line[0];
    w->wide = (w->quote | w->escape | w->escape2 | w->comment | w->end1 | w->end2) >= 0x80;
    for (int i = 0; i < w->nsep; i++) w->wide |= w->sep[i] >= 0x80;
    return WEIR_OK;
}

weir_rc weir_csv_writer_init(weir_ctx *ctx, get_fn *get, void *u, weir_csv_writer *w) {
    const char *null = get(u, "nullValue"), *empty = get(u, "emptyValue");
    *w = (weir_csv_writer){.null_value = null ? null : "", .empty_value = empty ? empty : "\"\""};
    WEIR_TRY(read_chars(ctx, get, u, w));
    WEIR_TRY(weir_csv_flag(ctx, get, u, "header", false, &w->header));
    WEIR_TRY(weir_csv_flag(ctx, get, u, "quoteAll", false, &w->quote_all));
    WEIR_TRY(weir_csv_flag(ctx, get, u, "escapeQuotes", true, &w->escape_quotes));
    WEIR_TRY(weir_csv_flag(ctx, get, u, "ignoreLeadingWhiteSpace", true, &w->trim_left));
    WEIR_TRY(weir_csv_flag(ctx, get, u, "ignoreTrailingWhiteSpace", true, &w->trim_right));
    weir_str_init(&w->cell, ctx->arena, INT32_MAX);
    weir_str_init(&w->shown, ctx->arena, INT32_MAX);
    return weir_json_write_options(ctx, get, u, &w->values);
}

/* ---- one value: univocity CsvWriter.append ---- */

typedef struct text {
    const char *p, *end;
} text;

static inline int unit(const weir_csv_writer *w, const char *p, const char *end, uint32_t *c) {
    *c = (unsigned char)*p;
    return w->wide && *c >= 0x80 ? weir_utf8_code(p, end, c) : 1;
}

static void add(weir_csv_writer *w, const char *p, const char *end) {
    if (end > p) weir_str_add(&w->cell, p, (size_t)(end - p));
}

static void add_char(weir_csv_writer *w, uint32_t c) {
    char b[4];
    if (w->wide)
        weir_str_add(&w->cell, b, weir_utf8_put(b, c));
    else
        weir_str_putc(&w->cell, (char)c);
}

static void trim_end(weir_csv_writer *w) {
    w->blanks = 0;
    while (w->blanks < w->cell.len &&
           (unsigned char)w->cell.p[w->cell.len - 1 - w->blanks] <= ' ')
        w->blanks++;
}

static bool sep_at(const weir_csv_writer *w, const char *p, const char *end) {
    uint32_t c;
    for (int i = 0, k; i < w->nsep; i++, p += k) {
        if (p >= end) return false;
        k = unit(w, p, end, &c);
        if (c != w->sep[i]) return false;
    }
    return true;
}

/* Does the character make the whole value a quoted one? */
static bool triggers(const weir_csv_writer *w, uint32_t c) {
    return c == '\n' || c == '\r' || c == w->newline || c == w->end1 || (w->end2 && c == w->end2) ||
           (w->escape_quotes && c == w->quote);
}

static bool triggered(const weir_csv_writer *w, text t) {
    uint32_t c;
    for (int k; t.p < t.end; t.p += k) {
        k = unit(w, t.p, t.end, &c);
        if (triggers(w, c) || (c == w->sep[0] && sep_at(w, t.p, t.end))) return true;
    }
    return false;
}

static void add_quoted(weir_csv_writer *w, text t, bool trim) {
    const char *from = t.p;
    uint32_t c = 0;
    for (int k; t.p < t.end; t.p += k) {
        k = unit(w, t.p, t.end, &c);
        if (c != w->quote && c != w->newline && c != w->escape) continue;
        add(w, from, t.p);
        from = t.p + k;
        if (c == w->quote)
            add_char(w, w->escape);
        else if (c == w->escape && w->escape2)
            add_char(w, w->escape2);
        if (c == w->newline)
            weir_str_puts(&w->cell, w->line_end);
        else
            add_char(w, c);
    }
    add(w, from, t.end);
    if (trim && c <= ' ' && w->trim_right) trim_end(w);
}

/* Puts the value into the cell; is it to be quoted? */
static bool put(weir_csv_writer *w, bool first, bool quoted, bool trim, text t) {
    const char *all = t.p, *from;
    uint32_t c = 0;
    while (trim && w->trim_left && t.p < t.end && (unsigned char)*t.p <= ' ') t.p++;
    from = t.p;
    if (t.p < t.end) {
        (void)unit(w, all, t.end, &c);
        quoted |= first && c == w->comment;
        (void)unit(w, t.p, t.end, &c);
        quoted |= c == w->quote;
    }
    if (quoted) {
        char q[4];
        size_t k = w->wide ? weir_utf8_put(q, w->quote) : (q[0] = (char)w->quote, 1),
               n = (size_t)(t.end - all);
        bool own = w->special && n >= 2 * k && n >= 2 && memcmp(all, q, k) == 0 &&
                   memcmp(t.end - k, q, k) == 0;
        if (own)
            add(w, all, t.end);
        else
            add_quoted(w, t, trim);
        return !own;
    }
    c = 0;
    for (int k; t.p < t.end; t.p += k) {
        k = unit(w, t.p, t.end, &c);
        bool sep = c == w->sep[0] && sep_at(w, t.p, t.end), mark = c == w->quote || c == w->escape;
        if (!sep && !mark && !triggers(w, c)) continue;
        add(w, from, t.p);
        if (!mark || triggered(w, t)) {
            add_quoted(w, t, trim);
            return true;
        }
        add(w, t.p, t.end);
        if (trim && w->trim_right && (unsigned char)t.end[-1] <= ' ') trim_end(w);
        return false;
    }
    add(w, from, t.end);
    if (trim && c <= ' ' && w->trim_right) trim_end(w);
    return false;
}

/* univocity CsvWriter.processRow, one value of it; NULL: null. */
static void put_cell(weir_csv_writer *w, bool first, bool trim, text t, weir_str *out) {
    const char *p = t.p;
    while (p && w->trim_left && p < t.end && (unsigned char)*p <= ' ') p++;
    w->special = p == t.end; /* or null */
    if (w->special) t.p = t.p ? w->empty_value : w->null_value, t.end = t.p + strlen(t.p);
    w->cell.len = w->blanks = 0;
    bool quoted = put(w, first, w->quote_all, trim, t);
    if (w->cell.len == w->blanks && !w->special) {
        t.p = w->empty_value;
        t.end = t.p + strlen(t.p);
        (void)put(w, first, quoted, trim, t); /* univocity: behind the blanks that do not count */
    }
    char q[4];
    size_t k = w->wide ? weir_utf8_put(q, w->quote) : (q[0] = (char)w->quote, 1);
    if (quoted) weir_str_add(out, q, k);
    if (w->cell.len > w->blanks) weir_str_add(out, w->cell.p, w->cell.len - w->blanks);
    if (quoted) weir_str_add(out, q, k);
}

static void put_sep(weir_csv_writer *w, weir_str *out) {
    char b[4];
    for (int i = 0; i < w->nsep; i++)
        if (w->wide)
            weir_str_add(out, b, weir_utf8_put(b, w->sep[i]));
        else
            weir_str_putc(out, (char)w->sep[i]);
}

/* ---- rows ---- */

/* univocity NormalizedString: a name in apostrophes is without them, and not trimmed. */
static bool literal(text *t) {
    const char *p = t->p, *q = t->end;
    while (p < q && (unsigned char)*p <= ' ') p++;
    while (q > p && (unsigned char)q[-1] <= ' ') q--;
    if (q - p <= 2 || *p != '\'' || q[-1] != '\'') return false;
    t->p++;
    t->end--;
    return true;
}

static text trimmed(const char *name) {
    text t = {name, name + strlen(name)};
    while (t.p < t.end && (unsigned char)*t.p <= ' ') t.p++;
    while (t.end > t.p && (unsigned char)t.end[-1] <= ' ') t.end--;
    return t;
}

/* Is there another name that differs by case or blanks alone? Those are not trimmed either. */
static bool clashes(const weir_schema *s, int i) {
    text a = trimmed(s->field[i].name);
    for (int k = 0; k < s->nfield; k++) {
        text b = trimmed(s->field[k].name);
        if (k != i && a.end - a.p == b.end - b.p &&
            strncasecmp(a.p, b.p, (size_t)(a.end - a.p)) == 0 &&
            strcmp(s->field[i].name, s->field[k].name) != 0)
            return true;
    }
    return false;
}

void weir_csv_write_header(weir_csv_writer *w, const weir_schema *s, weir_str *out) {
    size_t from = out->len;
    for (int i = 0; i < s->nfield; i++) {
        text t = {s->field[i].name, s->field[i].name + strlen(s->field[i].name)};
        bool trim = !literal(&t) && !clashes(s, i);
        if (i) put_sep(w, out);
        put_cell(w, i == 0, trim, t, out);
    }
    if (out->len > from) weir_str_puts(out, w->line_end);
}

/* SPARK UnivocityGenerator.makeConverter */
static text shown(weir_csv_writer *w, const weir_column *c, int64_t row) {
    weir_str *s = &w->shown;
    s->len = 0;
    switch (c->type->kind) {
    case WEIR_T_STRING: {
        weir_bytes b = weir_get_bytes(c, row);
        if (weir_utf8_valid(b.p, (size_t)b.len)) return (text){b.p, b.p + b.len};
        weir_utf8_add(s, b.p, (size_t)b.len);
        break;
    }
    case WEIR_T_BINARY: {
        weir_bytes b = weir_get_bytes(c, row);
        weir_str_putc(s, '[');
        for (int32_t i = 0; i < b.len; i++)
            weir_str_printf(s, "%s%02X", i ? " " : "", (unsigned char)b.p[i]);
        weir_str_putc(s, ']');
        break;
    }
    case WEIR_T_DATE:
    case WEIR_T_TIMESTAMP:
    case WEIR_T_TIMESTAMP_NTZ:
        weir_json_put(&w->values, c, row, s); /* the same texts, in quotes */
        return (text){s->p + 1, s->p + s->len - 1};
    case WEIR_T_DECIMAL: {
        char t[64];
        int n = weir_dec_text_sci(WEIR_AT_ROW(weir_i128, c, row), c->type->scale, t);
        weir_str_add(s, t, (size_t)n);
        break;
    }
    default: {
        weir_cast cast = {.from = c->type, .to = &weir_t_string};
        weir_value_text(&cast, c, row, s);
        break;
    }
    }
    return (text){s->p ? s->p : "", s->p ? s->p + s->len : ""};
}

void weir_csv_write_row(weir_csv_writer *w, const weir_batch *b, int64_t row, weir_str *out) {
    size_t from = out->len;
    for (int c = 0; c < b->schema->nfield; c++) {
        text t = {NULL, NULL};
        if (!weir_is_null(&b->col[c], row)) t = shown(w, &b->col[c], row);
        if (c) put_sep(w, out);
        put_cell(w, c == 0, true, t, out);
    }
    if (out->len > from) weir_str_puts(out, w->line_end);
}
