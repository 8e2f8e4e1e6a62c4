/* The schema of JSON records. SPARK JsonInferSchema: fields in alphabetical order; types widen to
 * STRING in the end. */
#include "codec/json_scan.h"

#include <stdlib.h>
#include <strings.h>

typedef struct shape { /* a type under construction */
    weir_kind kind;    /* VOID until something was seen */
    int precision, scale;
    int n, cap;
    struct member {
        char *name;
        struct shape *s;
    } * m; /* STRUCT, in order of appearance */
    struct shape *element;
} shape;

struct weir_json_infer {
    weir_arena *mem;
    const weir_json_options *o;
    shape *top;
    bool corrupt;
    weir_jscan s;
};

static void release(void *p) { weir_js_free(&((weir_json_infer *)p)->s); }

weir_json_infer *weir_json_infer_new(weir_arena *mem, const weir_json_options *o) {
    weir_json_infer *f = WEIR_NEW(mem, weir_json_infer);
    f->mem = mem;
    f->o = o;
    f->top = WEIR_NEW(mem, shape);
    f->s.o = o;
    weir_arena_defer(mem, release, f);
    return f;
}

static void widen_number(shape *s, weir_kind k, int precision, int scale) {
    if (s->kind == WEIR_T_VOID) {
        s->kind = k, s->precision = precision, s->scale = scale;
    } else if (s->kind == WEIR_T_DOUBLE || k == WEIR_T_DOUBLE) {
        s->kind = WEIR_T_DOUBLE;
    } else if (s->kind == WEIR_T_DECIMAL || k == WEIR_T_DECIMAL) {
        int p1 = s->kind == WEIR_T_DECIMAL ? s->precision : 20,
            s1 = s->kind == WEIR_T_DECIMAL ? s->scale : 0;
        int p2 = k == WEIR_T_DECIMAL ? precision : 20, s2 = k == WEIR_T_DECIMAL ? scale : 0;
        int sc = s1 > s2 ? s1 : s2, whole = p1 - s1 > p2 - s2 ? p1 - s1 : p2 - s2;
        s->kind = whole + sc > 38 ? WEIR_T_DOUBLE : WEIR_T_DECIMAL;
        s->precision = whole + sc;
        s->scale = sc;
    }
}

static bool numeric(weir_kind k) {
    return k == WEIR_T_LONG || k == WEIR_T_DOUBLE || k == WEIR_T_DECIMAL;
}

static void saw(shape *s, weir_kind k, int precision, int scale) {
    if (k == WEIR_T_VOID || s->kind == WEIR_T_STRING) return;
    if (numeric(k) && (numeric(s->kind) || s->kind == WEIR_T_VOID))
        widen_number(s, k, precision, scale);
    else if (s->kind == WEIR_T_VOID)
        s->kind = k;
    else if (s->kind != k)
        s->kind = WEIR_T_STRING;
}

static shape *member(weir_json_infer *f, shape *s, weir_jtext k) {
    for (int i = 0; i < s->n; i++)
        if (strlen(s->m[i].name) == (size_t)k.n && memcmp(s->m[i].name, k.p, (size_t)k.n) == 0)
            return s->m[i].s;
    if (s->n == s->cap) {
        int cap = s->cap ? s->cap * 2 : 8;
        struct member *m = WEIR_NEWN(f->mem, struct member, cap);
        if (s->n) memcpy(m, s->m, sizeof *m * (size_t)s->n);
        s->m = m;
        s->cap = cap;
    }
    s->m[s->n].name = weir_strndup(f->mem, k.p, (size_t)k.n);
    s->m[s->n].s = WEIR_NEW(f->mem, shape);
    return s->m[s->n++].s;
}

static bool infer(weir_json_infer *f, shape *s);

static bool infer_object(weir_json_infer *f, shape *s) {
    weir_jscan *j = &f->s;
    if (++j->depth > 200) return false;
    saw(s, WEIR_T_STRUCT, 0, 0);
    j->p++;
    weir_js_space(j);
    if (j->p < j->end && *j->p == '}') return j->p++, j->depth--, true;
    for (;;) {
        weir_js_space(j);
        weir_jtext k = weir_js_key(j);
        if (!k.ok) return false;
        shape *m = member(f, s, k);
        weir_js_space(j);
        if (j->p >= j->end || *j->p++ != ':' || !infer(f, m)) return false;
        weir_js_space(j);
        if (j->p >= j->end) return false;
        char c = *j->p++;
        if (c == '}') return j->depth--, true;
        if (c != ',') return false;
    }
}

static bool infer_array(weir_json_infer *f, shape *s, bool top) {
    weir_jscan *j = &f->s;
    if (++j->depth > 200) return false;
    if (!top) saw(s, WEIR_T_ARRAY, 0, 0);
    if (!s->element) s->element = WEIR_NEW(f->mem, shape);
    shape *e = top ? s : s->element;
    j->p++;
    weir_js_space(j);
    if (j->p < j->end && *j->p == ']') return j->p++, j->depth--, true;
    for (;;) {
        if (!infer(f, e)) return false;
        weir_js_space(j);
        if (j->p >= j->end) return false;
        char c = *j->p++;
        if (c == ']') return j->depth--, true;
        if (c != ',') return false;
    }
}

static bool is_word(weir_jtext t, const char *w) {
    return (size_t)t.n == strlen(w) && memcmp(t.p, w, (size_t)t.n) == 0;
}

static bool infer_word(weir_json_infer *f, shape *s) {
    weir_jtext t = weir_js_word(&f->s);
    bool integer;
    if (!t.ok) return false;
    if (is_word(t, "null")) return true;
    if (is_word(t, "true") || is_word(t, "false"))
        return saw(s, f->o->primitives_as_string ? WEIR_T_STRING : WEIR_T_BOOLEAN, 0, 0), true;
    if (!weir_js_is_number(&f->s, t, &integer)) {
        bool odd = f->o->allow_non_numeric &&
                   (is_word(t, "NaN") || is_word(t, "Infinity") || is_word(t, "-Infinity"));
        if (odd) saw(s, WEIR_T_DOUBLE, 0, 0);
        return odd;
    }
    int digits = t.n - (*t.p == '-');
    if (f->o->primitives_as_string)
        saw(s, WEIR_T_STRING, 0, 0);
    else if (integer && digits <= 18)
        saw(s, WEIR_T_LONG, 0, 0);
    else if (integer && digits <= 38)
        saw(s, digits == 19 ? WEIR_T_LONG : WEIR_T_DECIMAL, digits, 0);
    else
        saw(s, WEIR_T_DOUBLE, 0, 0);
    return true;
}

static bool infer(weir_json_infer *f, shape *s) {
    weir_jscan *j = &f->s;
    weir_js_space(j);
    if (j->p >= j->end) return false;
    if (*j->p == '{') return infer_object(f, s);
    if (*j->p == '[') return infer_array(f, s, false);
    if (*j->p == '"' || (*j->p == '\'' && f->o->allow_single_quotes)) {
        weir_jtext t = weir_js_string(j);
        int64_t us;
        bool time =
            t.ok && f->o->infer_timestamp && weir_timestamp_parse(t.p, t.n, f->o->zone, &us);
        if (t.ok) saw(s, time ? WEIR_T_TIMESTAMP : WEIR_T_STRING, 0, 0);
        return t.ok;
    }
    return infer_word(f, s);
}

void weir_json_infer_record(weir_json_infer *f, const char *p, int64_t n) {
    weir_jscan *j = &f->s;
    j->p = p;
    j->end = p + n;
    j->depth = 0;
    weir_js_space(j);
    if (j->p == j->end) return;
    shape *trial = WEIR_NEW(f->mem, shape); /* a broken record adds no fields */
    bool ok = *j->p == '{' || *j->p == '[' ? weir_js_skip(j) : false;
    weir_js_space(j);
    if (!ok) {
        f->corrupt = true;
        return;
    }
    (void)trial;
    j->p = p;
    weir_js_space(j);
    (void)(*j->p == '[' ? infer_array(f, f->top, true) : infer_object(f, f->top));
}

static int by_name(const void *a, const void *b) {
    return strcmp(((const weir_field *)a)->name, ((const weir_field *)b)->name);
}

static const weir_type *type_of(weir_arena *a, const shape *s, bool strings) {
    switch (s->kind) {
    case WEIR_T_VOID: return &weir_t_string;
    case WEIR_T_DECIMAL:
        return strings ? &weir_t_string : weir_type_decimal(a, s->precision, s->scale);
    case WEIR_T_ARRAY: return weir_type_array(a, type_of(a, s->element, strings), true);
    case WEIR_T_STRUCT: {
        weir_field *f = WEIR_NEWN(a, weir_field, s->n + 1);
        int n = 0;
        for (int i = 0; i < s->n; i++) {
            f[n] = (weir_field){weir_strdup(a, s->m[i].name), type_of(a, s->m[i].s, strings), true,
                                NULL};
            n += f[n].type->kind != WEIR_T_STRUCT ||
                 f[n].type->nfield > 0; /* SPARK: empty structs are left out */
        }
        qsort(f, (size_t)n, sizeof *f, by_name);
        return weir_type_struct(a, f, n);
    }
    default: return strings ? &weir_t_string : weir_type_scalar(s->kind);
    }
}

weir_schema *weir_json_infer_done(weir_arena *a, weir_json_infer *f, bool leaves_as_strings) {
    shape top = *f->top;
    top.kind = WEIR_T_STRUCT;
    weir_schema *t = type_of(a, &top, leaves_as_strings);
    if (!f->corrupt || f->o->mode != WEIR_MODE_PERMISSIVE || leaves_as_strings) return t;
    weir_field *v = WEIR_NEWN(a, weir_field, t->nfield + 1);
    memcpy(v, t->field, sizeof *v * (size_t)t->nfield);
    v[t->nfield] = (weir_field){f->o->corrupt_column, &weir_t_string, true, NULL};
    qsort(v, (size_t)t->nfield + 1, sizeof *v, by_name);
    return weir_type_struct(a, v, t->nfield + 1);
}
