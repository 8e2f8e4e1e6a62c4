/* XML records into builders. See xml_read.h.
 *
 * SPARK StaxXmlParser takes events one by one and goes on after a value that is none of its type
 * where it stands: what a malformed record still gives, and where the next one begins, follow from
 * that, so the functions here consume as its functions do. */
#include "base/utf8.h"
#include "codec/xml_inner.h"

#include <stdlib.h>
#include <strings.h>

enum { CORRUPT_BYTES = 64 << 20 }; /* of malformed texts in a batch */

typedef enum {
    GOOD,
    BAD,  /* a value does not fit; the events after it have not been taken */
    OVER, /* the text is broken or cut */
} verdict;

typedef struct shape { /* a type with what looking up its fields needs */
    const weir_type *type;
    struct shape *kid; /* by field, element, or key and value */
    bool *known;       /* by field: FALSE for those not read at the top */
    int hint, value_tag, wildcard; /* hint: where the last name was found; else fields or -1 */
} shape;

struct weir_xml_reader {
    weir_schema *schema;
    weir_xml_options *o;
    weir_build *col;
    shape top;
    int corrupt; /* column or -1 */
    int64_t rows, corrupt_bytes;
    weir_xml_scan *s;
    weir_arena *mem; /* of the record */
    const char *text; /* what the records are in: that is what a malformed one keeps (SPARK) */
    int64_t len, base; /* base: where the text is in the file */
};

static bool wanted(const weir_xml_reader *r, int c) {
    return c != r->corrupt && (!r->o->need || r->o->need[c]);
}

/* ---- setting up ---- */

static weir_rc check_type(weir_ctx *ctx, const weir_field *f, const weir_type *t) {
    bool bad = t->kind == WEIR_T_VARIANT || t->kind == WEIR_T_TIME ||
               (t->kind == WEIR_T_MAP && t->field[0].type->kind != WEIR_T_STRING);
    if (bad)
        return weir_fail(ctx, WEIR_E_UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE, "columnName",
                         weir_printf(ctx->arena, "`%s`", f->name), "columnType",
                         weir_printf(ctx->arena, "\"%s\"", weir_type_sql(ctx->arena, t)), "format",
                         "XML");
    for (int i = 0; i < t->nfield; i++) WEIR_TRY(check_type(ctx, f, t->field[i].type));
    return WEIR_OK;
}

static void make_shape(const weir_xml_reader *r, weir_arena *a, shape *s, const weir_type *t) {
    *s = (shape){.type = t, .value_tag = -1, .wildcard = -1};
    s->kid = WEIR_NEWN(a, shape, t->nfield + 1);
    s->known = WEIR_NEWN(a, bool, t->nfield + 1);
    for (int i = 0; i < t->nfield; i++) {
        make_shape(r, a, &s->kid[i], t->field[i].type);
        s->known[i] = s != &r->top || wanted(r, i);
        if (t->kind != WEIR_T_STRUCT || !s->known[i]) continue;
        if (strcmp(t->field[i].name, r->o->value_tag) == 0) s->value_tag = i;
        if (strcmp(t->field[i].name, r->o->wildcard) == 0) s->wildcard = i;
    }
}

weir_rc weir_xml_reader_new(weir_ctx *ctx, weir_schema *schema, weir_xml_options *o,
                            weir_xml_reader **out) {
    weir_xml_reader *r = WEIR_NEW(ctx->arena, weir_xml_reader);
    r->schema = schema;
    r->o = o;
    r->col = WEIR_NEWN(ctx->arena, weir_build, schema->nfield + 1);
    r->corrupt = weir_schema_find(schema, o->corrupt_column, true);
    if (r->corrupt >= 0 && schema->field[r->corrupt].type->kind != WEIR_T_STRING)
        return weir_fail(ctx, WEIR_E_INVALID_CORRUPT_RECORD_TYPE, "columnName",
                         weir_printf(ctx->arena, "`%s`", o->corrupt_column), "actualType",
                         weir_printf(ctx->arena, "\"%s\"",
                                     weir_type_sql(ctx->arena, schema->field[r->corrupt].type)));
    bool any = r->corrupt < 0 || !o->need || !o->need[r->corrupt];
    for (int i = 0; i < schema->nfield; i++) {
        WEIR_TRY(check_type(ctx, &schema->field[i], schema->field[i].type));
        WEIR_TRY(weir_build_init(ctx, &r->col[i], schema->field[i].type));
        any |= wanted(r, i);
    }
    if (!any) return weir_fail(ctx, WEIR_E_QUERY_ONLY_CORRUPT_RECORD_COLUMN, NULL);
    make_shape(r, ctx->arena, &r->top, schema);
    r->s = weir_xml_scan_new(ctx->arena);
    r->mem = weir_arena_new(ctx->arena);
    *out = r;
    return WEIR_OK;
}

int64_t weir_xml_rows(const weir_xml_reader *r) { return r->rows; }

/* ---- values ---- */

static weir_xml_value *list_of(weir_xml_reader *r, int n) {
    weir_xml_value *v = WEIR_NEW(r->mem, weir_xml_value);
    v->list.v = WEIR_NEWN(r->mem, weir_xml_value *, n + 1);
    v->list.n = v->list.cap = n;
    return v;
}

static void append(weir_xml_reader *r, weir_xml_value **list, weir_xml_value *v) {
    if (!*list) *list = list_of(r, 0);
    weir_xml_value *l = *list;
    if (l->list.n == l->list.cap) {
        int cap = l->list.cap ? l->list.cap * 2 : 4;
        weir_xml_value **more = WEIR_NEWN(r->mem, weir_xml_value *, cap);
        if (l->list.n) memcpy(more, l->list.v, sizeof *more * (size_t)l->list.n);
        l->list.v = more;
        l->list.cap = cap;
    }
    l->list.v[l->list.n++] = v;
}

static verdict cast(weir_xml_reader *r, const weir_type *t, const char *p, int64_t n,
                    weir_xml_value **out) {
    return weir_xml_cast(r->o, r->mem, t, p, n, out) ? GOOD : BAD;
}

static bool same_name(const weir_xml_reader *r, const weir_type *t, int i, const char *prefix,
                      const char *name) {
    const char *field = t->field[i].name;
    size_t n = strlen(prefix);
    if (r->o->case_sensitive)
        return strncmp(field, prefix, n) == 0 && strcmp(field + n, name) == 0;
    return strncasecmp(field, prefix, n) == 0 && strcasecmp(field + n, name) == 0;
}

static int find(const weir_xml_reader *r, shape *s, const char *prefix, const char *name) {
    const weir_type *t = s->type;
    for (int k = 0; k < t->nfield; k++) {
        int i = (s->hint + k) % t->nfield;
        if (s->known[i] && same_name(r, t, i, prefix, name)) return s->hint = i;
    }
    return -1;
}

/* ---- events ---- */

static verdict skip_end(weir_xml_reader *r) {
    const weir_xml_event *e;
    do e = weir_xml_next(r->s);
    while (e->kind == WEIR_XML_TEXT && e->blank);
    return weir_xml_over(e) ? OVER : e->kind == WEIR_XML_END ? GOOD : BAD;
}

static verdict skip_children(weir_xml_reader *r) {
    for (int depth = 0;;) {
        const weir_xml_event *e = weir_xml_next(r->s);
        if (weir_xml_over(e)) return OVER;
        depth += (e->kind == WEIR_XML_START) - (e->kind == WEIR_XML_END);
        if (depth < 0) return GOOD;
    }
}

/* The rest of an element as text. SPARK StaxXmlParserUtils.currentStructureAsString: what was an
 * entity stays what it stood for. */
static verdict as_text(weir_xml_reader *r, weir_xml_value **out) {
    weir_str t;
    int depth = 0;
    weir_str_init(&t, r->mem, INT32_MAX);
    do {
        const weir_xml_event *e = weir_xml_next(r->s);
        if (weir_xml_over(e)) return OVER;
        if (e->kind == WEIR_XML_TEXT) {
            weir_str_add(&t, e->text, (size_t)e->len);
            continue;
        }
        depth += e->kind == WEIR_XML_START ? 1 : -1;
        weir_str_puts(&t, e->kind == WEIR_XML_START ? "<" : "</");
        weir_str_add(&t, e->text, (size_t)e->len);
        for (int i = 0; e->kind == WEIR_XML_START && i < e->nattr; i++)
            weir_str_printf(&t, " %s=\"%s\"", e->attr[i].name, e->attr[i].value);
        weir_str_putc(&t, '>');
    } while (weir_xml_peek(r->s)->kind != WEIR_XML_END || depth > 0);
    if (skip_end(r) != GOOD || t.failed) return OVER;
    return cast(r, &weir_t_string, t.p ? t.p : "", (int64_t)t.len, out);
}

static verdict attributes_into(weir_xml_reader *r, shape *s, const weir_xml_attr *attr, int n,
                               weir_xml_value **row) {
    for (int i = 0; i < n && !r->o->exclude_attributes; i++) {
        const char *text = attr[i].value;
        int f = find(r, s, r->o->attribute_prefix, weir_xml_name(r->o, attr[i].name));
        if (f >= 0 && cast(r, s->type->field[f].type, text, (int64_t)strlen(text), &row[f]) != GOOD)
            return BAD;
    }
    return GOOD;
}

static verdict read_object(weir_xml_reader *r, shape *s, weir_xml_value **row, bool *partial);

/* ---- one element ---- */

static void put_pair(weir_xml_reader *r, weir_xml_value **map, weir_bytes key, weir_xml_value *v) {
    for (int i = 0; *map && i < (*map)->list.n; i += 2) {
        weir_bytes k = (*map)->list.v[i]->text;
        if (k.len != key.len || memcmp(k.p, key.p, (size_t)k.len) != 0) continue;
        (*map)->list.v[i + 1] = v; /* the last wins */
        return;
    }
    weir_xml_value *k = WEIR_NEW(r->mem, weir_xml_value);
    k->text = key;
    append(r, map, k);
    append(r, map, v);
}

static weir_bytes copied(weir_xml_reader *r, const char *prefix, const char *name) {
    char *s = weir_printf(r->mem, "%s%s", prefix, name);
    return (weir_bytes){s, (int32_t)strlen(s)};
}

static verdict read_field(weir_xml_reader *r, shape *s, weir_xml_value *pairs,
                          weir_xml_value **out);

/* pairs: the attributes, made already. */
static verdict read_map(weir_xml_reader *r, shape *s, weir_xml_value *pairs,
                        weir_xml_value **out) {
    shape *of = &s->kid[1];
    weir_xml_value *map = pairs ? pairs : list_of(r, 0), *v = NULL;
    for (;;) {
        const weir_xml_event *e = weir_xml_next(r->s);
        if (weir_xml_over(e)) return OVER;
        if (e->kind == WEIR_XML_END) return *out = map, GOOD;
        verdict d = GOOD;
        if (e->kind == WEIR_XML_START) {
            weir_bytes key = copied(r, "", weir_xml_name(r->o, e->text));
            d = read_field(r, of, NULL, &v);
            if (d == GOOD) put_pair(r, &map, key, v);
        } else if (!e->blank) {
            d = cast(r, of->type, e->text, e->len, &v);
            if (d == GOOD) put_pair(r, &map, copied(r, "", r->o->value_tag), v);
        }
        if (d != GOOD) return d;
    }
}

/* An element begins with another one. */
static verdict read_nested(weir_xml_reader *r, shape *s, weir_xml_value *pairs,
                           weir_xml_value **out) {
    bool partial = false;
    verdict d;
    switch (s->type->kind) {
    case WEIR_T_STRUCT:
        *out = list_of(r, s->type->nfield);
        d = read_object(r, s, (*out)->list.v, &partial);
        return d == GOOD && partial ? BAD : d;
    case WEIR_T_MAP: return read_map(r, s, pairs, out);
    case WEIR_T_STRING: return as_text(r, out);
    case WEIR_T_ARRAY: /* of an array: SPARK takes the element for the array, and fails later */
        d = read_field(r, &s->kid[0], NULL, out);
        return d == GOOD ? BAD : d;
    default: return BAD;
    }
}

/* What follows a start tag, its end included. SPARK convertField. */
static verdict read_field(weir_xml_reader *r, shape *s, weir_xml_value *pairs,
                          weir_xml_value **out) {
    weir_kind k = s->type->kind;
    const weir_xml_event *e = weir_xml_peek(r->s);
    *out = NULL;
    while (e->kind == WEIR_XML_TEXT && e->blank && k != WEIR_T_STRING && k != WEIR_T_STRUCT &&
           k != WEIR_T_ARRAY) {
        (void)weir_xml_next(r->s);
        e = weir_xml_peek(r->s);
    }
    if (weir_xml_over(e)) return OVER;
    if (e->kind == WEIR_XML_END) {
        weir_bytes nothing = {"", 0};
        if (k == WEIR_T_STRING && !weir_xml_is_null(r->o, nothing)) {
            *out = WEIR_NEW(r->mem, weir_xml_value);
            (*out)->text = nothing;
        }
        return skip_end(r);
    }
    if (e->kind == WEIR_XML_START || k == WEIR_T_STRUCT || k == WEIR_T_STRING)
        return read_nested(r, s, pairs, out);
    if (k == WEIR_T_ARRAY) return (void)weir_xml_next(r->s), BAD; /* of an array: as above */
    verdict d = cast(r, s->type, e->text, e->len, out);
    if (d != GOOD) return d;
    (void)weir_xml_next(r->s);
    return skip_end(r);
}

/* SPARK convertObjectWithAttributes: never null, attributes win. */
static verdict read_struct(weir_xml_reader *r, shape *s, const weir_xml_event *start,
                           weir_xml_value **out) {
    int n = s->type->nfield;
    weir_xml_value *attr = list_of(r, n), *v = NULL;
    verdict d = attributes_into(r, s, start->attr, start->nattr, attr->list.v);
    if (d != GOOD) return d;
    bool *set = WEIR_NEWN(r->mem, bool, n + 1);
    for (int i = 0; i < start->nattr && !r->o->exclude_attributes; i++) {
        int f = find(r, s, r->o->attribute_prefix, weir_xml_name(r->o, start->attr[i].name));
        if (f >= 0) set[f] = true;
    }
    d = read_field(r, s, NULL, &v);
    if (d != GOOD) return d;
    if (!v) v = list_of(r, n);
    for (int i = 0; i < n; i++)
        if (set[i]) v->list.v[i] = attr->list.v[i];
    *out = v;
    return GOOD;
}

static verdict attribute_pairs(weir_xml_reader *r, shape *s, const weir_xml_event *start,
                               weir_xml_value **pairs) {
    for (int i = 0; i < start->nattr; i++) {
        weir_xml_value *v = NULL;
        const char *text = start->attr[i].value;
        if (cast(r, s->kid[1].type, text, (int64_t)strlen(text), &v) != GOOD) return BAD;
        put_pair(r, pairs, copied(r, r->o->attribute_prefix, start->attr[i].name), v);
    }
    return GOOD;
}

/* Attributes of a map that turns out to be null, or of no value, are not looked at: SPARK casts
 * them when it meets the first child. */
static verdict read_map_field(weir_xml_reader *r, shape *s, const weir_xml_event *start,
                              weir_xml_value **out) {
    weir_xml_value *pairs = NULL;
    verdict d = attribute_pairs(r, s, start, &pairs);
    const weir_xml_event *e = weir_xml_peek(r->s);
    while (e->kind == WEIR_XML_TEXT && e->blank) {
        (void)weir_xml_next(r->s);
        e = weir_xml_peek(r->s);
    }
    if (d != GOOD && e->kind == WEIR_XML_START) return d;
    return read_field(r, s, pairs, out);
}

static verdict read_value(weir_xml_reader *r, shape *s, const weir_xml_event *start,
                          weir_xml_value **out) {
    switch (s->type->kind) {
    case WEIR_T_STRUCT: return read_struct(r, s, start, out);
    case WEIR_T_MAP: return read_map_field(r, s, start, out);
    default: return read_field(r, s, NULL, out);
    }
}

static verdict read_unknown(weir_xml_reader *r, shape *s, weir_xml_value **row) {
    weir_xml_value *v = NULL;
    shape text = {.type = &weir_t_string};
    if (s->wildcard < 0) return skip_children(r);
    verdict d = read_field(r, &text, NULL, &v);
    if (d != GOOD) return d;
    const weir_type *t = s->type->field[s->wildcard].type;
    if (t->kind == WEIR_T_STRING)
        row[s->wildcard] = v;
    else if (t->kind == WEIR_T_ARRAY && t->field[0].type->kind == WEIR_T_STRING)
        append(r, &row[s->wildcard], v);
    else
        return BAD;
    return GOOD;
}

static verdict read_child(weir_xml_reader *r, shape *s, const weir_xml_event *start,
                          weir_xml_value **row) {
    int f = find(r, s, "", weir_xml_name(r->o, start->text));
    weir_xml_value *v = NULL;
    if (f < 0) return read_unknown(r, s, row);
    bool list = s->type->field[f].type->kind == WEIR_T_ARRAY;
    shape *of = list ? &s->kid[f].kid[0] : &s->kid[f];
    verdict d = list && of->type->kind == WEIR_T_MAP ? read_field(r, of, NULL, &v)
                                                     : read_value(r, of, start, &v);
    if (d != GOOD) return d;
    if (list)
        append(r, &row[f], v);
    else
        row[f] = v;
    return GOOD;
}

static verdict value_text(weir_xml_reader *r, shape *s, const weir_xml_event *e,
                          weir_xml_value **row) {
    weir_xml_value *v = NULL;
    if (s->value_tag < 0) return GOOD;
    const weir_type *t = s->type->field[s->value_tag].type;
    bool list = t->kind == WEIR_T_ARRAY;
    verdict d = cast(r, list ? t->field[0].type : t, e->text, e->len, &v);
    if (d != GOOD) return d;
    if (list)
        append(r, &row[s->value_tag], v);
    else
        row[s->value_tag] = v;
    return GOOD;
}

/* Fields up to an end tag. *partial: one of them was malformed, and the rest may lack. */
static verdict read_object(weir_xml_reader *r, shape *s, weir_xml_value **row, bool *partial) {
    for (;;) {
        const weir_xml_event *e = weir_xml_next(r->s);
        if (weir_xml_over(e)) return OVER;
        if (e->kind == WEIR_XML_END) return GOOD;
        if (e->kind == WEIR_XML_START)
            *partial |= read_child(r, s, e, row) != GOOD;
        else if (!e->blank && value_text(r, s, e, row) != GOOD)
            return BAD;
    }
}

/* ---- rows ---- */

static void put(weir_build *b, const weir_xml_value *v) {
    const weir_type *t = b->type;
    if (!v) {
        weir_build_null(b);
        return;
    }
    switch (t->kind) {
    case WEIR_T_STRUCT:
        for (int i = 0; i < t->nfield; i++) put(&b->kid[i], v->list.v[i]);
        weir_build_struct(b);
        break;
    case WEIR_T_ARRAY:
        for (int i = 0; i < v->list.n; i++) put(&b->kid[0], v->list.v[i]);
        weir_build_list(b);
        break;
    case WEIR_T_MAP:
        for (int i = 0; i < v->list.n; i++) put(&b->kid[i % 2], v->list.v[i]);
        weir_build_list(b);
        break;
    case WEIR_T_STRING:
    case WEIR_T_BINARY: weir_build_bytes(b, v->text.p, (size_t)v->text.len); break;
    case WEIR_T_BOOLEAN: weir_build_bool(b, v->i != 0); break;
    case WEIR_T_FLOAT: weir_build_f32(b, (float)v->d); break;
    case WEIR_T_DOUBLE: weir_build_f64(b, v->d); break;
    case WEIR_T_DECIMAL: weir_build_dec(b, v->dec); break;
    default: weir_build_int(b, v->i); break;
    }
}

static void put_row(weir_xml_reader *r, weir_xml_value **row, bool bad) {
    for (int c = 0; c < r->schema->nfield; c++) {
        if (c == r->corrupt && bad)
            weir_build_bytes(&r->col[c], r->text, (size_t)r->len);
        else if (c == r->corrupt)
            weir_build_null(&r->col[c]);
        else if (wanted(r, c))
            put(&r->col[c], row ? row[c] : NULL);
    }
    if (bad && r->corrupt >= 0) r->corrupt_bytes += r->len;
    r->rows++;
}

static weir_rc malformed(weir_ctx *ctx, weir_xml_reader *r, weir_xml_value **row, int64_t at) {
    if (r->o->mode == WEIR_MODE_PERMISSIVE) put_row(r, row, true);
    if (r->o->mode != WEIR_MODE_FAIL) return WEIR_OK;
    if (at > r->len) at = r->len;
    int64_t n = r->len - at > 500 ? 500 : r->len - at;
    const char *why = weir_xml_over(weir_xml_peek(r->s)) ? weir_xml_why(r->s) : "";
    return weir_fail(ctx, WEIR_E_MALFORMED_RECORD_IN_PARSING, "badRecord",
                     weir_printf(ctx->arena, "%s (file %s, byte offset %lld%s%s)",
                                 weir_strndup(ctx->arena, r->text + at, (size_t)n),
                                 r->o->file ? r->o->file : "", (long long)(r->base + at),
                                 *why ? ": " : "", why),
                     "failFastMode", "FAILFAST");
}

/* The record whose start tag has been taken. SPARK lets the job fail when an attribute or a text of
 * the record's own element is malformed; here that is a malformed record like any other. */
static weir_rc read_record(weir_ctx *ctx, weir_xml_reader *r, const weir_xml_event *start,
                           bool *over) {
    weir_xml_value **row = list_of(r, r->schema->nfield)->list.v;
    bool partial = false;
    int64_t at = start->at;
    verdict d = attributes_into(r, &r->top, start->attr, start->nattr, row);
    if (d == GOOD) d = read_object(r, &r->top, row, &partial);
    *over = d == OVER;
    if (d == OVER) WEIR_TRY(weir_xml_check_encoding(ctx, r->s, r->o->file));
    if (d == GOOD && !partial)
        put_row(r, row, false);
    else
        WEIR_TRY(malformed(ctx, r, d == GOOD ? row : NULL, at));
    weir_arena_reset(r->mem);
    return WEIR_OK;
}

weir_rc weir_xml_begin(weir_ctx *ctx, weir_xml_reader *r, const char *p, int64_t n) {
    r->text = p;
    r->len = n;
    r->base = 0;
    return weir_xml_open(ctx, r->s, p, (size_t)n, r->o->encoding);
}

const weir_xml_event *weir_xml_to_row(weir_xml_scan *s, const weir_xml_options *o) {
    for (;;) {
        const weir_xml_event *e = weir_xml_peek(s);
        if (weir_xml_over(e)) return e;
        if (e->kind == WEIR_XML_START && strcmp(weir_xml_name(o, e->text), o->row_tag) == 0)
            return e;
        (void)weir_xml_next(s);
    }
}

weir_rc weir_xml_check_encoding(weir_ctx *ctx, const weir_xml_scan *s, const char *file) {
    const char *name = weir_xml_unknown_encoding(s);
    if (!name) return WEIR_OK;
    return weir_fail(ctx, WEIR_E_UNSUPPORTED_FEATURE, "feature",
                     weir_printf(ctx->arena, "the encoding %s of %s; convert it to UTF-8", name,
                                 file ? file : "an XML text"));
}

weir_rc weir_xml_rows_read(weir_ctx *ctx, weir_xml_reader *r, int64_t max_rows, bool *over) {
    *over = false;
    while (!*over && r->rows < max_rows && r->corrupt_bytes < CORRUPT_BYTES) {
        const weir_xml_event *e = weir_xml_to_row(r->s, r->o);
        WEIR_TRY(weir_check_cancel(ctx));
        if (e->kind == WEIR_XML_START) {
            WEIR_TRY(read_record(ctx, r, weir_xml_next(r->s), over));
            continue;
        }
        *over = true;
        WEIR_TRY(weir_xml_check_encoding(ctx, r->s, r->o->file));
        if (e->kind == WEIR_XML_BROKEN) return malformed(ctx, r, NULL, e->at);
    }
    return WEIR_OK;
}

void weir_xml_decode(weir_ctx *ctx, const weir_xml_options *o, const char **p, int64_t *n) {
    weir_str s;
    if (o->encoding && strcasecmp(o->encoding, "UTF-8") != 0) return;
    if (weir_utf8_valid(*p, (size_t)*n)) return;
    weir_str_init(&s, ctx->arena, (size_t)*n * 3 + 1);
    weir_utf8_add(&s, *p, (size_t)*n);
    *p = s.p;
    *n = (int64_t)s.len;
}

weir_rc weir_xml_record(weir_ctx *ctx, weir_xml_reader *r, const char *p, int64_t n, int64_t at) {
    bool over;
    weir_xml_decode(ctx, r->o, &p, &n);
    WEIR_TRY(weir_xml_begin(ctx, r, p, n));
    r->base = at;
    const weir_xml_event *e = weir_xml_next(r->s); /* its name does not matter (SPARK) */
    while (e->kind != WEIR_XML_START && !weir_xml_over(e)) e = weir_xml_next(r->s);
    return e->kind == WEIR_XML_START ? read_record(ctx, r, e, &over) : malformed(ctx, r, NULL, 0);
}

weir_rc weir_xml_take(weir_ctx *ctx, weir_xml_reader *r, weir_batch *out) {
    *out = (weir_batch){.schema = r->schema,
                        .len = r->rows,
                        .col = WEIR_NEWN(ctx->arena, weir_column, r->schema->nfield + 1)};
    for (int c = 0; c < r->schema->nfield; c++)
        WEIR_TRY(wanted(r, c) || c == r->corrupt
                     ? weir_build_finish(ctx, &r->col[c], &out->col[c])
                     : weir_column_null(ctx, r->schema->field[c].type, r->rows, &out->col[c]));
    r->rows = r->corrupt_bytes = 0;
    return WEIR_OK;
}
