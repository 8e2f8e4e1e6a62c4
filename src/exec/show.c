/* show(): rows as a text table. SPARK Dataset.showString. */
#include "exec/ops.h"

typedef struct show_op {
    weir_op base;
    bool done;
} show_op;
typedef struct cell {
    const char *p;
    int32_t len, width;
} cell;

/* Half-width and full-width characters: SPARK Utils.stringHalfWidth counts these two columns wide.
 */
static bool wide(uint32_t c) {
    return (c >= 0x1100 && c <= 0x115F) || (c >= 0x2E80 && c <= 0xA4CF) ||
           (c >= 0xAC00 && c <= 0xD7A3) || (c >= 0xF900 && c <= 0xFAFF) ||
           (c >= 0xFE30 && c <= 0xFE4F) || (c >= 0xFF00 && c <= 0xFF60) ||
           (c >= 0xFFE0 && c <= 0xFFE6);
}

static int32_t char_at(const char *p, int32_t left, uint32_t *c) {
    unsigned char b = (unsigned char)*p;
    int32_t n = b < 0x80 ? 1 : b < 0xE0 ? 2 : b < 0xF0 ? 3 : 4;
    if (n > left) n = left;
    *c = b < 0x80 ? b : b & (0xFFu >> (n + 1));
    for (int32_t i = 1; i < n; i++) *c = *c << 6 | ((unsigned char)p[i] & 0x3F);
    return n;
}

static int32_t text_width(const char *p, int32_t len) {
    int32_t w = 0;
    for (int32_t i = 0; i < len;) {
        uint32_t c;
        i += char_at(p + i, len - i, &c);
        w += wide(c) ? 2 : 1;
    }
    return w;
}

static int32_t char_count(const char *p, int32_t len) {
    int32_t n = 0;
    for (int32_t i = 0; i < len; i++) n += ((unsigned char)p[i] & 0xC0) != 0x80;
    return n;
}

static int32_t bytes_of_chars(const char *p, int32_t len, int32_t chars) {
    int32_t i = 0;
    for (; i < len && chars > 0; chars--) {
        uint32_t c;
        i += char_at(p + i, len - i, &c);
    }
    return i;
}

/* Control characters are shown escaped. */
static weir_bytes escape(weir_arena *a, weir_bytes b) {
    static const char from[] = "\n\r\t\f\b\v\a", to[] = "nrtfbva";
    bool any = false;
    for (int32_t i = 0; i < b.len; i++) any |= b.p[i] && strchr(from, b.p[i]) != NULL;
    if (!any) return b;
    char *q = weir_alloc(a, (size_t)b.len * 2 + 1);
    int32_t n = 0;
    for (int32_t i = 0; i < b.len; i++) {
        const char *f = b.p[i] ? strchr(from, b.p[i]) : NULL;
        if (f) q[n++] = '\\';
        q[n++] = f ? to[f - from] : b.p[i];
    }
    return (weir_bytes){q, n};
}

static cell make_cell(weir_arena *a, weir_bytes b, int truncate) {
    b = escape(a, b);
    if (truncate > 0 && char_count(b.p, b.len) > truncate) {
        int32_t n = bytes_of_chars(b.p, b.len, truncate < 4 ? truncate : truncate - 3);
        char *q = weir_alloc(a, (size_t)n + 4);
        memcpy(q, b.p, (size_t)n);
        if (truncate >= 4) memcpy(q + n, "...", 3);
        b = (weir_bytes){q, n + (truncate >= 4 ? 3 : 0)};
    }
    return (cell){b.p, b.len, text_width(b.p, b.len)};
}

typedef struct table {
    int ncol;
    int64_t rows, cap;
    cell *v;
    weir_arena *mem;
} table; /* row 0 = header */

static cell *add_row(table *t) {
    if (t->rows == t->cap) {
        int64_t cap = t->cap ? t->cap * 2 : 32;
        cell *v = WEIR_NEWN(t->mem, cell, cap * t->ncol + 1);
        if (t->rows) memcpy(v, t->v, sizeof *v * (size_t)(t->rows * t->ncol));
        t->v = v;
        t->cap = cap;
    }
    return &t->v[t->rows++ * t->ncol];
}

static weir_rc fill(weir_ctx *ctx, weir_op *op, table *t, bool *more) {
    const weir_plan *p = op->plan;
    cell *h = add_row(t);
    for (int c = 0; c < t->ncol; c++)
        h[c] = make_cell(t->mem, (weir_bytes){p->names[c], (int32_t)strlen(p->names[c])},
                         p->vertical ? 0 : p->truncate);
    for (bool eof = false; !*more;) {
        weir_batch b;
        WEIR_TRY(weir_op_next(ctx, op->in[0], &b, &eof));
        if (eof) return WEIR_OK;
        weir_column *col = WEIR_NEWN(ctx->arena, weir_column, t->ncol + 1);
        for (int c = 0; c < t->ncol; c++) WEIR_TRY(weir_eval_run(ctx, op->eval, c, &b, &col[c]));
        for (int64_t i = 0; i < b.len; i++) {
            *more = t->rows - 1 >= p->n;
            if (*more) break;
            cell *r = add_row(t);
            for (int c = 0; c < t->ncol; c++)
                r[c] = make_cell(t->mem, weir_get_bytes(&col[c], i), p->truncate);
        }
    }
    return WEIR_OK;
}

static void pad(weir_str *s, const cell *c, int32_t width, bool left) {
    if (left) weir_str_add(s, c->p, (size_t)c->len);
    for (int32_t i = c->width; i < width; i++) weir_str_putc(s, ' ');
    if (!left) weir_str_add(s, c->p, (size_t)c->len);
}

static void rule(weir_str *s, const int32_t *w, int n) {
    weir_str_putc(s, '+');
    for (int c = 0; c < n; c++) {
        for (int32_t i = 0; i < w[c]; i++) weir_str_putc(s, '-');
        weir_str_putc(s, '+');
    }
    weir_str_putc(s, '\n');
}

static void horizontal(weir_ctx *ctx, const table *t, int truncate, weir_str *s) {
    int32_t *w = WEIR_NEWN(ctx->arena, int32_t, t->ncol + 1);
    for (int c = 0; c < t->ncol; c++) {
        w[c] = 3;
        for (int64_t r = 0; r < t->rows; r++)
            if (t->v[r * t->ncol + c].width > w[c]) w[c] = t->v[r * t->ncol + c].width;
    }
    rule(s, w, t->ncol);
    for (int64_t r = 0; r < t->rows; r++) {
        weir_str_putc(s, '|');
        for (int c = 0; c < t->ncol; c++) {
            pad(s, &t->v[r * t->ncol + c], w[c], truncate <= 0);
            weir_str_putc(s, '|');
        }
        weir_str_putc(s, '\n');
        if (r == 0) rule(s, w, t->ncol);
    }
    rule(s, w, t->ncol);
}

static void vertical(const table *t, weir_str *s) {
    int32_t name = 3, data = 3;
    for (int c = 0; c < t->ncol; c++) {
        if (t->v[c].width > name) name = t->v[c].width;
        for (int64_t r = 1; r < t->rows; r++)
            if (t->v[r * t->ncol + c].width > data) data = t->v[r * t->ncol + c].width;
    }
    for (int64_t r = 1; r < t->rows; r++) {
        size_t from = s->len;
        weir_str_printf(s, "-RECORD %lld", (long long)(r - 1));
        while (s->len - from < (size_t)(name + data + 5)) weir_str_putc(s, '-');
        weir_str_putc(s, '\n');
        for (int c = 0; c < t->ncol; c++) {
            weir_str_putc(s, ' ');
            pad(s, &t->v[c], name, true);
            weir_str_puts(s, " | ");
            pad(s, &t->v[r * t->ncol + c], data, true);
            weir_str_puts(s, " \n");
        }
    }
}

static void html(const table *t, weir_str *s) {
    weir_str_puts(s, "<table border='1'>\n");
    for (int64_t r = 0; r < t->rows; r++) {
        weir_str_puts(s, "<tr>");
        for (int c = 0; c < t->ncol; c++) {
            const cell *x = &t->v[r * t->ncol + c];
            weir_str_puts(s, r ? "<td>" : "<th>");
            for (int32_t i = 0; i < x->len; i++) {
                if (x->p[i] == '<')
                    weir_str_puts(s, "&lt;");
                else if (x->p[i] == '>')
                    weir_str_puts(s, "&gt;");
                else if (x->p[i] == '&')
                    weir_str_puts(s, "&amp;");
                else
                    weir_str_putc(s, x->p[i]);
            }
            weir_str_puts(s, r ? "</td>" : "</th>");
        }
        weir_str_puts(s, "</tr>\n");
    }
    weir_str_puts(s, "</table>\n");
}

static weir_rc show_next(weir_ctx *ctx, weir_op *op, weir_batch *out, bool *eof) {
    show_op *x = (show_op *)op;
    const weir_plan *p = op->plan;
    *eof = x->done;
    if (*eof) return WEIR_OK;
    x->done = true;
    table t = {.ncol = p->nname, .mem = ctx->arena};
    bool more = false;
    weir_str s;
    weir_str_init(&s, ctx->arena, 1u << 30);
    WEIR_TRY(fill(ctx, op, &t, &more));
    if (p->kind == WEIR_P_HTML_STRING)
        html(&t, &s);
    else if (p->vertical)
        vertical(&t, &s);
    else
        horizontal(ctx, &t, p->truncate, &s);
    if (p->vertical && t.rows == 1)
        weir_str_puts(&s, "(0 rows)\n");
    else if (more)
        weir_str_printf(&s, "only showing top %lld row%s%s", (long long)p->n, p->n == 1 ? "" : "s",
                        p->kind == WEIR_P_HTML_STRING ? "\n" : "");
    weir_expr *lit = weir_lit_string(ctx->arena, s.p ? s.p : "", s.len);
    weir_column *c = WEIR_NEW(ctx->arena, weir_column);
    *c = lit->lit;
    *out = (weir_batch){.schema = p->schema, .len = 1, .col = c};
    return WEIR_OK;
}

static weir_rc show_reset(weir_ctx *ctx, weir_op *op) {
    (void)ctx;
    ((show_op *)op)->done = false;
    return WEIR_OK;
}

const weir_op_ops weir_op_show = {"show", sizeof(show_op), NULL, show_next, show_reset, NULL};
