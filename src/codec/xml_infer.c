/* The schema of XML records. SPARK XmlInferSchema: fields in alphabetical order, types widen to
 * STRING in the end. See xml_read.h. */
#include "codec/java_number.h"
#include "codec/xml_inner.h"

#include <stdlib.h>
#include <strings.h>

enum { DEPTH = 200 }; /* of the schema: what is deeper is malformed */

typedef struct guess { /* a type under construction; VOID: nothing was seen */
    weir_kind kind;
    int precision, scale;
    int n, cap;
    struct member {
        const char *name;
        struct guess *g;
    } * m; /* STRUCT, in the order in which they came */
    struct guess *element;
} guess;

struct weir_xml_infer {
    weir_arena *mem, *record; /* of what stays; of one record */
    const weir_xml_options *o;
    guess *top;
    weir_xml_scan *s;
};

weir_xml_infer *weir_xml_infer_new(weir_arena *mem, const weir_xml_options *o) {
    weir_xml_infer *f = WEIR_NEW(mem, weir_xml_infer);
    f->mem = mem;
    f->record = weir_arena_new(mem);
    f->o = o;
    f->top = WEIR_NEW(mem, guess);
    f->top->kind = WEIR_T_STRUCT;
    f->s = weir_xml_scan_new(mem);
    return f;
}

static guess *new_guess(weir_arena *a, weir_kind k) {
    guess *g = WEIR_NEW(a, guess);
    g->kind = k;
    return g;
}

/* ---- merging ---- */

static struct member *find(const weir_xml_infer *f, guess *g, const char *name) {
    for (int i = 0; i < g->n; i++)
        if ((f->o->case_sensitive ? strcmp(g->m[i].name, name)
                                  : strcasecmp(g->m[i].name, name)) == 0)
            return &g->m[i];
    return NULL;
}

static void add(weir_arena *a, guess *g, const char *name, guess *type) {
    if (g->n == g->cap) {
        int cap = g->cap ? g->cap * 2 : 8;
        struct member *m = WEIR_NEWN(a, struct member, cap);
        if (g->n) memcpy(m, g->m, sizeof *m * (size_t)g->n);
        g->m = m;
        g->cap = cap;
    }
    g->m[g->n++] = (struct member){name, type};
}

static guess *copy(weir_arena *a, const guess *g) {
    guess *c = weir_memdup(a, g, sizeof *g);
    c->m = g->n ? WEIR_NEWN(a, struct member, g->n) : NULL;
    c->cap = g->n;
    for (int i = 0; i < g->n; i++)
        c->m[i] = (struct member){weir_strdup(a, g->m[i].name), copy(a, g->m[i].g)};
    if (g->element) c->element = copy(a, g->element);
    return c;
}

static bool number(weir_kind k) {
    return k == WEIR_T_LONG || k == WEIR_T_DOUBLE || k == WEIR_T_DECIMAL;
}
static bool time_kind(weir_kind k) {
    return k == WEIR_T_DATE || k == WEIR_T_TIMESTAMP || k == WEIR_T_TIMESTAMP_NTZ;
}

static void widen_decimal(guess *a, const guess *b) {
    bool la = a->kind == WEIR_T_LONG, lb = b->kind == WEIR_T_LONG;
    int p1 = la ? 20 : a->precision, s1 = la ? 0 : a->scale; /* SPARK DecimalType.forType(LONG) */
    int p2 = lb ? 20 : b->precision, s2 = lb ? 0 : b->scale;
    int scale = s1 > s2 ? s1 : s2, range = p1 - s1 > p2 - s2 ? p1 - s1 : p2 - s2;
    a->kind = range + scale > 38 ? WEIR_T_DOUBLE : WEIR_T_DECIMAL;
    a->precision = range + scale;
    a->scale = scale;
}

static void merge(const weir_xml_infer *f, weir_arena *a, guess *g, const guess *b);

static void merge_structs(const weir_xml_infer *f, weir_arena *a, guess *g, const guess *b) {
    for (int i = 0; i < b->n; i++) {
        struct member *m = find(f, g, b->m[i].name);
        if (m)
            merge(f, a, m->g, b->m[i].g);
        else
            add(a, g, weir_strdup(a, b->m[i].name), copy(a, b->m[i].g));
    }
}

static guess *value_of(const weir_xml_infer *f, guess *g) {
    for (int i = 0; g->kind == WEIR_T_STRUCT && i < g->n; i++)
        if (strcmp(g->m[i].name, f->o->value_tag) == 0) return g->m[i].g;
    return NULL;
}

static void merge_scalars(guess *g, const guess *b) {
    if (g->kind == b->kind && g->kind != WEIR_T_DECIMAL) return;
    if (number(g->kind) && number(b->kind)) {
        if (g->kind == WEIR_T_DOUBLE || b->kind == WEIR_T_DOUBLE)
            g->kind = WEIR_T_DOUBLE;
        else
            widen_decimal(g, b);
    } else if (time_kind(g->kind) && time_kind(b->kind)) {
        bool ntz = g->kind != WEIR_T_TIMESTAMP && b->kind != WEIR_T_TIMESTAMP;
        g->kind = ntz ? WEIR_T_TIMESTAMP_NTZ : WEIR_T_TIMESTAMP;
    } else {
        g->kind = WEIR_T_STRING;
    }
}

/* SPARK compatibleType: g becomes what holds both. What of b is kept is copied into a. */
static void merge(const weir_xml_infer *f, weir_arena *a, guess *g, const guess *b) {
    bool struct_g = g->kind == WEIR_T_STRUCT, struct_b = b->kind == WEIR_T_STRUCT;
    if (b->kind == WEIR_T_VOID) return;
    if (g->kind == WEIR_T_VOID) {
        *g = *copy(a, b);
    } else if (g->kind == WEIR_T_ARRAY) {
        merge(f, a, g->element, b->kind == WEIR_T_ARRAY ? b->element : b);
    } else if (b->kind == WEIR_T_ARRAY) {
        guess *e = weir_memdup(a, g, sizeof *g);
        *g = (guess){.kind = WEIR_T_ARRAY, .element = e};
        merge(f, a, e, b->element);
    } else if (struct_g && struct_b) {
        merge_structs(f, a, g, b);
    } else if (struct_g || struct_b) {
        guess *other = struct_b ? weir_memdup(a, g, sizeof *g) : NULL;
        if (struct_b) *g = *copy(a, b);
        guess *value = value_of(f, g);
        if (value)
            merge(f, a, value, other ? other : b);
        else
            *g = (guess){.kind = WEIR_T_STRING};
    } else {
        merge_scalars(g, b);
    }
}

/* A field met in a record: met again, it is an array. */
static void met(const weir_xml_infer *f, guess *g, const char *name, guess *type) {
    struct member *m = find(f, g, name);
    if (!m) {
        add(f->record, g, name, type);
        return;
    }
    if (m->g->kind != WEIR_T_ARRAY) {
        guess *list = new_guess(f->record, WEIR_T_ARRAY);
        list->element = m->g;
        m->g = list;
    }
    merge(f, f->record, m->g, type);
}

/* ---- texts ---- */

/* SPARK tryParseDecimal: precision and scale of what Java's BigDecimal makes of it. */
static bool decimal_of(weir_bytes t, guess *g) {
    int digits = 0, scale = 0, exponent = 0, i = 0;
    bool dot = false, any = false, minus = false;
    if (i < t.len && (t.p[i] == '-' || t.p[i] == '+')) i++;
    for (; i < t.len; i++) {
        char c = t.p[i];
        if (c == ',') continue;
        if (c == '.' && !dot) {
            dot = true;
            continue;
        }
        if (c < '0' || c > '9') break;
        any = true;
        digits += digits || c != '0';
        scale += dot;
    }
    if (!any) return false;
    if (i < t.len && (t.p[i] | 32) == 'e') {
        i++;
        if (i < t.len && (t.p[i] == '-' || t.p[i] == '+')) minus = t.p[i++] == '-';
        if (i == t.len) return false;
        for (; i < t.len && t.p[i] >= '0' && t.p[i] <= '9'; i++)
            if (exponent < 100000) exponent = exponent * 10 + (t.p[i] - '0');
        scale += minus ? exponent : -exponent;
    }
    if (i < t.len || scale < 0) return false;
    if (!digits) digits = 1;
    g->kind = WEIR_T_DECIMAL;
    g->precision = digits > scale ? digits : scale;
    g->scale = scale;
    return g->precision <= 38;
}

static bool long_of(weir_bytes t) {
    int64_t v;
    int sign = t.len && (*t.p == '-' || *t.p == '+');
    return t.len > sign && t.p[sign] >= '0' && t.p[sign] <= '9' &&
           weir_java_long((weir_bytes){t.p + sign, t.len - sign}, &v);
}

/* Begins and ends as a number does, after its sign. */
static bool like_number(weir_bytes t) {
    int sign = t.len && (*t.p == '-' || *t.p == '+');
    if (t.len <= sign || !((t.p[sign] >= '0' && t.p[sign] <= '9') || t.p[sign] == '.'))
        return false;
    return !strchr("dDfF", t.p[t.len - 1]);
}

static weir_kind time_of(const weir_xml_options *o, weir_bytes t) {
    int64_t us;
    int32_t day;
    if (o->date_format ? weir_pattern_parse(o->date_format, t.p, t.len, weir_zone_utc(), &us)
                       : weir_date_parse(t.p, t.len, &day))
        return WEIR_T_DATE;
    if (o->infer_ntz &&
        (o->ntz_format ? weir_pattern_parse(o->ntz_format, t.p, t.len, weir_zone_utc(), &us)
                       : weir_timestamp_ntz_parse(t.p, t.len, false, &us)))
        return WEIR_T_TIMESTAMP_NTZ;
    if (o->timestamp_format ? weir_pattern_parse(o->timestamp_format, t.p, t.len, o->zone, &us)
                            : weir_timestamp_parse(t.p, t.len, o->zone, &us))
        return WEIR_T_TIMESTAMP;
    return WEIR_T_STRING;
}

/* SPARK inferFrom */
static guess *text_type(const weir_xml_infer *f, const char *p, int64_t n) {
    weir_bytes t = weir_xml_trim(f->o, p, n);
    guess *g = new_guess(f->record, WEIR_T_STRING);
    int sign = t.len && (*t.p == '-' || *t.p == '+');
    double d;
    if (!f->o->infer) return g;
    if (!t.len)
        g->kind = WEIR_T_VOID;
    else if (long_of(t))
        g->kind = WEIR_T_LONG;
    else if (f->o->prefers_decimal && like_number(t) && decimal_of(t, g))
        g->kind = WEIR_T_DECIMAL;
    else if (like_number(t) && weir_java_double(f->record, (weir_bytes){t.p + sign, t.len - sign},
                                                false, &d))
        g->kind = WEIR_T_DOUBLE;
    else if ((t.len == 4 && strncasecmp(t.p, "true", 4) == 0) ||
             (t.len == 5 && strncasecmp(t.p, "false", 5) == 0))
        g->kind = WEIR_T_BOOLEAN;
    else
        g->kind = time_of(f->o, t);
    return g;
}

static guess *attribute_type(const weir_xml_infer *f, const char *text) {
    weir_bytes t = weir_xml_trim(f->o, text, (int64_t)strlen(text));
    if (!weir_xml_is_null(f->o, t)) return text_type(f, t.p, t.len);
    return new_guess(f->record, f->o->infer ? WEIR_T_VOID : WEIR_T_STRING);
}

/* ---- elements ---- */

static bool infer_object(weir_xml_infer *f, guess *g, int depth);

static guess *infer_field(weir_xml_infer *f, int depth) {
    guess *g = new_guess(f->record, WEIR_T_STRUCT);
    bool text = weir_xml_peek(f->s)->kind == WEIR_XML_TEXT;
    if (weir_xml_peek(f->s)->kind == WEIR_XML_END) {
        (void)weir_xml_next(f->s);
        g->kind = WEIR_T_VOID;
        return g;
    }
    if (!infer_object(f, g, depth + 1)) return NULL;
    if (!text) return g;
    if (!g->n) g->kind = WEIR_T_VOID;
    bool scalar = g->n == 1 && g->m[0].g->kind != WEIR_T_STRUCT && g->m[0].g->kind != WEIR_T_ARRAY;
    const char *tag = f->o->value_tag;
    if (scalar && (f->o->case_sensitive ? strcmp(g->m[0].name, tag)
                                        : strcasecmp(g->m[0].name, tag)) == 0)
        return g->m[0].g;
    return g;
}

static void add_attributes(const weir_xml_infer *f, guess *g, const weir_xml_attr *v, int n) {
    for (int i = 0; i < n; i++) {
        const char *name = weir_printf(f->record, "%s%s", f->o->attribute_prefix,
                                       weir_xml_name(f->o, v[i].name));
        met(f, g, name, attribute_type(f, v[i].value));
    }
}

static bool infer_child(weir_xml_infer *f, guess *g, const weir_xml_event *e, int depth) {
    const char *name = weir_strdup(f->record, weir_xml_name(f->o, e->text));
    bool attributes = e->nattr && !f->o->exclude_attributes;
    guess *own = new_guess(f->record, WEIR_T_STRUCT);
    if (attributes) add_attributes(f, own, e->attr, e->nattr);
    guess *type = infer_field(f, depth);
    if (!type) return false;
    if (attributes && type->kind == WEIR_T_STRUCT) {
        merge_structs(f, f->record, type, own);
    } else if (attributes) {
        if (type->kind != WEIR_T_VOID) add(f->record, own, f->o->value_tag, type);
        type = own;
    }
    met(f, g, name, type);
    return true;
}

static bool infer_object(weir_xml_infer *f, guess *g, int depth) {
    if (depth > DEPTH) return false;
    for (;;) {
        const weir_xml_event *e = weir_xml_next(f->s);
        if (weir_xml_over(e)) return false;
        if (e->kind == WEIR_XML_END) return true;
        if (e->kind == WEIR_XML_START && !infer_child(f, g, e, depth)) return false;
        if (e->kind == WEIR_XML_TEXT && !e->blank)
            met(f, g, f->o->value_tag, text_type(f, e->text, e->len));
    }
}

static weir_rc malformed(weir_ctx *ctx, weir_xml_infer *f) {
    guess text = {.kind = WEIR_T_STRING}, row = {.kind = WEIR_T_STRUCT};
    if (f->o->mode == WEIR_MODE_FAIL)
        return weir_fail(ctx, WEIR_E_MALFORMED_RECORD_IN_PARSING, "badRecord",
                         weir_printf(ctx->arena, "%s (file %s: %s)", f->o->corrupt_column,
                                     f->o->file ? f->o->file : "", weir_xml_why(f->s)),
                         "failFastMode", "FAILFAST");
    if (f->o->mode == WEIR_MODE_DROP) return WEIR_OK;
    add(f->record, &row, f->o->corrupt_column, &text);
    merge_structs(f, f->mem, f->top, &row);
    return WEIR_OK;
}

weir_rc weir_xml_infer_text(weir_ctx *ctx, weir_xml_infer *f, const char *p, int64_t n) {
    weir_arena_reset(f->record);
    if (!f->o->multi_line) weir_xml_decode(ctx, f->o, &p, &n);
    WEIR_TRY(weir_xml_open(ctx, f->s, p, (size_t)n, f->o->encoding));
    for (bool first = true;; first = false) {
        const weir_xml_event *e = weir_xml_peek(f->s);
        if (f->o->multi_line)
            e = weir_xml_to_row(f->s, f->o);
        else
            while (e->kind == WEIR_XML_TEXT) (void)weir_xml_next(f->s), e = weir_xml_peek(f->s);
        WEIR_TRY(weir_check_cancel(ctx));
        WEIR_TRY(weir_xml_check_encoding(ctx, f->s, f->o->file));
        bool bad = e->kind == WEIR_XML_BROKEN || (!f->o->multi_line && first);
        if (weir_xml_over(e)) return bad ? malformed(ctx, f) : WEIR_OK;
        guess *row = new_guess(f->record, WEIR_T_STRUCT);
        e = weir_xml_next(f->s);
        if (!f->o->exclude_attributes) add_attributes(f, row, e->attr, e->nattr);
        if (!infer_object(f, row, 0)) return malformed(ctx, f);
        merge_structs(f, f->mem, f->top, row);
        weir_arena_reset(f->record);
        if (!f->o->multi_line) return WEIR_OK;
    }
}

/* ---- the result ---- */

static int by_name(const void *a, const void *b) {
    return strcmp(((const weir_field *)a)->name, ((const weir_field *)b)->name);
}

/* SPARK canonicalizeType: NULL for structs without fields. */
static const weir_type *type_of(weir_arena *a, const guess *g) {
    switch (g->kind) {
    case WEIR_T_VOID: return &weir_t_string;
    case WEIR_T_DECIMAL: return weir_type_decimal(a, g->precision, g->scale);
    case WEIR_T_ARRAY: {
        const weir_type *e = type_of(a, g->element);
        return e ? weir_type_array(a, e, true) : NULL;
    }
    case WEIR_T_STRUCT: {
        weir_field *v = WEIR_NEWN(a, weir_field, g->n + 1);
        int n = 0;
        for (int i = 0; i < g->n; i++) {
            v[n] = (weir_field){weir_strdup(a, g->m[i].name), type_of(a, g->m[i].g), true, NULL};
            n += v[n].type != NULL;
        }
        qsort(v, (size_t)n, sizeof *v, by_name);
        return n ? weir_type_struct(a, v, n) : NULL;
    }
    default: return weir_type_scalar(g->kind);
    }
}

weir_schema *weir_xml_infer_done(weir_arena *a, weir_xml_infer *f) {
    const weir_type *t = type_of(a, f->top);
    return t ? t : weir_type_struct(a, NULL, 0);
}
