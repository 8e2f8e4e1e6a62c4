/* Rows as XML text. See xml_write.h. */
#include "codec/xml_write.h"

#include "func/decimal.h"

#include <stdlib.h>
#include <string.h>

weir_rc weir_xml_writer_init(weir_ctx *ctx, const char *(*get)(void *u, const char *key), void *u,
                             weir_str *out, weir_xml_writer *w) {
    *w = (weir_xml_writer){.out = out, .mem = ctx->arena};
    WEIR_TRY(weir_xml_tags_read(ctx, get, u, &w->tags));
    if (!*w->tags.attribute_prefix)
        return weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                         "requirement failed: 'attributePrefix' option should not be empty "
                         "string.");
    weir_str_init(&w->cell, ctx->arena, 1u << 30);
    return weir_json_write_options(ctx, get, u, &w->values);
}

/* ---- names ---- */

static const char *decode(const char *p, uint32_t *out) {
    const unsigned char *s = (const unsigned char *)p;
    int n = *s < 0x80 ? 1 : *s >= 0xf0 ? 4 : *s >= 0xe0 ? 3 : 2;
    uint32_t v = n == 1 ? *s : *s & (0x7fu >> n);
    for (int i = 1; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80) return NULL;
        v = v << 6 | (s[i] & 0x3f);
    }
    *out = v;
    return p + n;
}

/* XML 1.0, productions 4 and 4a, but for the colon: Spark's writer knows namespaces. */
static bool name_start(uint32_t c) {
    static const uint32_t ranges[][2] = {{'A', 'Z'},         {'_', '_'},         {'a', 'z'},
                                         {0xc0, 0xd6},       {0xd8, 0xf6},       {0xf8, 0x2ff},
                                         {0x370, 0x37d},     {0x37f, 0x1fff},    {0x200c, 0x200d},
                                         {0x2070, 0x218f},   {0x2c00, 0x2fef},   {0x3001, 0xd7ff},
                                         {0xf900, 0xfdcf},   {0xfdf0, 0xfffd},
                                         {0x10000, 0xeffff}};
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (c >= ranges[i][0] && c <= ranges[i][1]) return true;
    return false;
}

static bool name_char(uint32_t c) {
    return name_start(c) || c == '-' || c == '.' || (c >= '0' && c <= '9') || c == 0xb7 ||
           (c >= 0x300 && c <= 0x36f) || (c >= 0x203f && c <= 0x2040);
}

bool weir_xml_is_name(const char *name) {
    uint32_t c = 0;
    const char *p = *name ? decode(name, &c) : NULL;
    if (!p || !name_start(c)) return false;
    while (*p) {
        p = decode(p, &c);
        if (!p || !name_char(c)) return false;
    }
    return true;
}

static void refuse(weir_xml_writer *w, const char *what, const char *instead) {
    if (!w->bad) w->bad = weir_printf(w->mem, "%s; %s", what, instead);
}

static void check_name(weir_xml_writer *w, const char *name) {
    if (!w->tags.validate_names || weir_xml_is_name(name)) return;
    refuse(w, weir_printf(w->mem, "'%s' cannot be the name of an XML element or attribute", name),
           "rename it, or set the option validateName to false");
}

/* ---- tags ---- */

static void close_tag(weir_xml_writer *w) {
    if (w->open_tag) weir_str_putc(w->out, '>');
    w->open_tag = false;
}

static void new_line(weir_xml_writer *w) {
    weir_str_putc(w->out, '\n');
    for (int i = 0; i < w->depth; i++) weir_str_puts(w->out, w->tags.indent);
}

static void start(weir_xml_writer *w, const char *name) {
    check_name(w, name);
    close_tag(w);
    if (*w->tags.indent && w->depth) new_line(w);
    w->depth++;
    w->break_before = false;
    weir_str_putc(w->out, '<');
    weir_str_puts(w->out, name);
    w->open_tag = true;
}

static void end(weir_xml_writer *w, const char *name) {
    w->depth--;
    if (*w->tags.indent && w->break_before) new_line(w);
    if (w->open_tag)
        weir_str_puts(w->out, "/>");
    else
        weir_str_printf(w->out, "</%s>", name);
    w->open_tag = false;
    w->break_before = true;
}

/* WOODSTOX BufferingXmlWriter: what is escaped where. */
static const char *escape_of(char c, char before, bool attribute) {
    switch (c) {
    case '<': return "&lt;";
    case '&': return "&amp;";
    case '\r': return "&#xd;";
    case '>': return !attribute && (before == ']' || !before) ? "&gt;" : NULL;
    case '"': return attribute ? "&quot;" : NULL;
    case '\t': return attribute ? "&#x9;" : NULL;
    case '\n': return attribute ? "&#xa;" : NULL;
    default: return NULL;
    }
}

static void escaped(weir_xml_writer *w, const char *p, size_t n, bool attribute) {
    size_t from = 0;
    for (size_t i = 0; i < n; i++) {
        const char *e = escape_of(p[i], i ? p[i - 1] : 0, attribute);
        if (!e && (unsigned char)p[i] < ' ' && p[i] != '\t' && p[i] != '\n')
            refuse(w, weir_printf(w->mem, "a text has the character U+%04X, which XML cannot hold",
                                  (unsigned)(unsigned char)p[i]),
                   "take it out with regexp_replace");
        if (!e) continue;
        weir_str_add(w->out, p + from, i - from);
        weir_str_puts(w->out, e);
        from = i + 1;
    }
    weir_str_add(w->out, p + from, n - from);
}

static void text(weir_xml_writer *w, const char *p, size_t n) {
    close_tag(w);
    escaped(w, p, n, false);
}

static void attribute(weir_xml_writer *w, const char *name, const char *p, size_t n) {
    check_name(w, name);
    if (!w->open_tag)
        refuse(w,
               weir_printf(w->mem, "the attribute '%s' comes after what its element holds", name),
               "rename it, or change the option attributePrefix");
    weir_str_printf(w->out, " %s=\"", name);
    escaped(w, p, n, true);
    weir_str_putc(w->out, '"');
}

/* ---- values ---- */

static void put_hex(weir_str *o, weir_bytes b) { /* SPARK ToStringBase: HEX_DISCRETE */
    weir_str_putc(o, '[');
    for (int32_t i = 0; i < b.len; i++)
        weir_str_printf(o, "%s%02X", i ? " " : "", (unsigned)(unsigned char)b.p[i]);
    weir_str_putc(o, ']');
}

/* A scalar as in an element: *n bytes, valid until the next. */
static const char *scalar(weir_xml_writer *w, const weir_column *c, int64_t row, size_t *n) {
    weir_str *t = &w->cell;
    char tmp[64];
    weir_bytes b;
    t->len = 0;
    switch (c->type->kind) {
    case WEIR_T_STRING:
        b = weir_get_bytes(c, row);
        *n = (size_t)b.len;
        return b.p;
    case WEIR_T_BINARY: put_hex(t, weir_get_bytes(c, row)); break;
    case WEIR_T_DECIMAL:
        weir_str_add(t, tmp,
                     (size_t)weir_dec_text_sci(WEIR_AT_ROW(weir_i128, c, row), c->type->scale,
                                               tmp));
        break;
    default: weir_json_put(&w->values, c, row, t); break;
    }
    bool quoted = t->len >= 2 && t->p[0] == '"';
    *n = t->len - 2u * quoted;
    return t->p + quoted;
}

/* A scalar as in an attribute. SPARK writes what it keeps: dates in days, times in microseconds. */
static const char *raw_scalar(weir_xml_writer *w, const weir_column *c, int64_t row, size_t *n) {
    weir_kind k = c->type->kind;
    if (k != WEIR_T_DATE && k != WEIR_T_TIMESTAMP && k != WEIR_T_TIMESTAMP_NTZ)
        return scalar(w, c, row, n);
    w->cell.len = 0;
    weir_str_printf(&w->cell, "%lld",
                    k == WEIR_T_DATE ? (long long)WEIR_AT_ROW(int32_t, c, row)
                                     : (long long)WEIR_AT_ROW(int64_t, c, row));
    *n = w->cell.len;
    return w->cell.p;
}

bool weir_xml_is_attribute(const weir_xml_tags *t, const char *name) {
    return strncmp(name, t->attribute_prefix, strlen(t->attribute_prefix)) == 0 &&
           strcmp(name, t->value_tag) != 0;
}

static void put_child(weir_xml_writer *w, const char *name, const weir_column *c, int64_t row);

static void put_struct(weir_xml_writer *w, const weir_column *c, int64_t row) {
    int64_t at = weir_kid_row(c, row);
    for (int pass = 0; pass < 2; pass++) /* attributes first */
        for (int i = 0; i < c->nkid; i++) {
            const char *name = c->type->field[i].name;
            if (weir_xml_is_attribute(&w->tags, name) == !pass) put_child(w, name, &c->kid[i], at);
        }
}

static void put_map(weir_xml_writer *w, const weir_column *c, int64_t row) {
    int64_t first;
    int32_t n = weir_get_list(c, row, &first);
    for (int pass = 0; pass < 2; pass++)
        for (int32_t i = 0; i < n; i++) {
            size_t len;
            const char *k = raw_scalar(w, &c->kid[0], first + i, &len);
            char *name = strndup(k ? k : "", len);
            if (name && weir_xml_is_attribute(&w->tags, name) == !pass)
                put_child(w, name, &c->kid[1], first + i);
            free(name);
        }
}

/* What is inside an element. */
static void put_value(weir_xml_writer *w, const weir_column *c, int64_t row) {
    size_t n;
    int64_t first;
    if (weir_is_null(c, row)) {
        text(w, w->tags.null_value, strlen(w->tags.null_value));
        return;
    }
    switch (c->type->kind) {
    case WEIR_T_STRUCT: put_struct(w, c, row); break;
    case WEIR_T_MAP: put_map(w, c, row); break;
    case WEIR_T_ARRAY:
        n = (size_t)weir_get_list(c, row, &first);
        for (size_t i = 0; i < n; i++)
            put_child(w, w->tags.element, &c->kid[0], first + (int64_t)i);
        break;
    default: {
        const char *p = scalar(w, c, row, &n);
        text(w, p, n);
        break;
    }
    }
}

static void put_element(weir_xml_writer *w, const char *name, const weir_column *c, int64_t row) {
    if (!w->tags.null_value && weir_is_null(c, row)) return;
    bool bare = strcmp(name, w->tags.value_tag) == 0;
    if (!bare) start(w, name);
    put_value(w, c, row);
    if (!bare) end(w, name);
}

static void put_attribute(weir_xml_writer *w, const char *name, const weir_column *c,
                          int64_t row) {
    const char *nothing = w->tags.null_value;
    size_t n = 0;
    name += strlen(w->tags.attribute_prefix);
    if (!weir_is_null(c, row)) {
        const char *p = raw_scalar(w, c, row, &n);
        attribute(w, name, p, n);
    } else if (nothing) {
        attribute(w, name, nothing, strlen(nothing));
    }
}

static void put_child(weir_xml_writer *w, const char *name, const weir_column *c, int64_t row) {
    int64_t first;
    if (weir_xml_is_attribute(&w->tags, name)) {
        put_attribute(w, name, c, row);
    } else if (c->type->kind == WEIR_T_ARRAY && !weir_is_null(c, row)) {
        int32_t n = weir_get_list(c, row, &first);
        for (int32_t i = 0; i < n; i++) put_element(w, name, &c->kid[0], first + i);
    } else {
        put_element(w, name, c, row);
    }
}

/* ---- files ---- */

/* The root may have attributes: name k='v' (SPARK: values without spaces). Returns the name. */
static char *root_name(weir_xml_writer *w) {
    const char *r = w->tags.root;
    return weir_strndup(w->mem, r, strcspn(r, " "));
}

static void root_attributes(weir_xml_writer *w) {
    for (const char *p = strchr(w->tags.root, ' '); p; p = strchr(p, ' ')) {
        size_t n = strcspn(++p, " "), k = strcspn(p, "= "), len = 0;
        char *value = weir_alloc(w->mem, n + 1);
        if (!n) continue;
        if (k == n) {
            refuse(w, weir_printf(w->mem, "the option rootTag has '%.*s'", (int)n, p),
                   "attributes are written as name='value'");
            continue;
        }
        for (size_t i = k + 1; i < n; i++)
            if (p[i] != '"' && p[i] != '\'') value[len++] = p[i];
        attribute(w, weir_strndup(w->mem, p, k), value, len);
    }
}

void weir_xml_write_head(weir_xml_writer *w) {
    if (strstr(w->tags.declaration, "?>"))
        refuse(w, "the option declaration has ?> within", "leave that out");
    if (*w->tags.declaration) weir_str_printf(w->out, "<?xml %s?>\n", w->tags.declaration);
    start(w, root_name(w));
    root_attributes(w);
    if (!*w->tags.indent) text(w, "\n", 1);
}

void weir_xml_write_row(weir_xml_writer *w, const weir_batch *b, int64_t row) {
    const weir_column whole = {
        .type = b->schema, .len = b->len, .kid = b->col, .nkid = b->schema->nfield};
    put_element(w, w->tags.row, &whole, row);
    if (!*w->tags.indent) text(w, "\n", 1);
}

void weir_xml_write_tail(weir_xml_writer *w) { end(w, root_name(w)); }
