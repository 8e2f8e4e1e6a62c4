/* The schema of JSON records. SPARK JsonInferSchema: each record has a type; types are merged, and
 * what is left open becomes STRING in the end. */
#include "base/utf8.h"
#include "codec/json_calls.h"
#include "codec/json_token.h"
#include "func/decimal.h"

#include <stdlib.h>
#include <strings.h>

enum { DIGITS = 38 };

typedef struct shape shape;
typedef struct member {
    weir_bytes name; /* with a NUL behind it */
    int nth;         /* of this name: a record may have it twice, SPARK until types are canonical */
    shape *s;
} member;
struct shape { /* a type under construction; VOID: nothing was seen but nulls */
    weir_kind kind;
    int precision, scale;
    int n, cap;
    member *m; /* STRUCT, in order of appearance */
    shape *element;
};

struct weir_json_infer {
    weir_arena *mem, *scratch;
    const weir_json_options *o;
    shape top;
    bool corrupt;
    weir_jtok l;
    weir_str decoded;
    /* the first failure: FAILFAST, or a decimal that cannot be */
    bool bad_record;
    int64_t typed; /* records, while none has failed */
    const weir_type *bad_type;
    int bad_scale;
};

static void release(void *p) {
    weir_jt_free(&((weir_json_infer *)p)->l);
    weir_str_free(&((weir_json_infer *)p)->decoded);
}

weir_json_infer *weir_json_infer_new(weir_arena *mem, const weir_json_options *o) {
    weir_json_infer *f = WEIR_NEW(mem, weir_json_infer);
    f->mem = mem;
    f->scratch = weir_arena_new(mem);
    f->o = o;
    f->top.kind = WEIR_T_STRUCT;
    weir_jt_init(&f->l, NULL, o, o->chars);
    weir_str_init(&f->decoded, NULL, 1u << 30);
    weir_arena_defer(mem, release, f);
    return f;
}

/* ---- merging: SPARK compatibleType ---- */

static bool numeric(weir_kind k) {
    return k == WEIR_T_LONG || k == WEIR_T_DOUBLE || k == WEIR_T_DECIMAL;
}

static void merge_numbers(shape *s, const shape *t) {
    int p1 = s->kind == WEIR_T_DECIMAL ? s->precision : 20,
        s1 = s->kind == WEIR_T_DECIMAL ? s->scale : 0,
        p2 = t->kind == WEIR_T_DECIMAL ? t->precision : 20,
        s2 = t->kind == WEIR_T_DECIMAL ? t->scale : 0;
    int scale = s1 > s2 ? s1 : s2, whole = p1 - s1 > p2 - s2 ? p1 - s1 : p2 - s2;
    if (s->kind == t->kind && s->kind != WEIR_T_DECIMAL) return;
    bool real = s->kind == WEIR_T_DOUBLE || t->kind == WEIR_T_DOUBLE || whole + scale > DIGITS;
    *s = (shape){.kind = real ? WEIR_T_DOUBLE : WEIR_T_DECIMAL};
    if (!real) s->precision = whole + scale, s->scale = scale;
}

static bool same(weir_bytes a, weir_bytes b) {
    return a.len == b.len && memcmp(a.p, b.p, (size_t)a.len) == 0;
}

/* guess: where it is, mostly. NULL: nowhere. */
static shape *find_member(const shape *s, weir_bytes name, int nth, int guess) {
    if (guess < s->n && s->m[guess].nth == nth && same(s->m[guess].name, name))
        return s->m[guess].s;
    for (int i = 0; i < s->n; i++)
        if (s->m[i].nth == nth && same(s->m[i].name, name)) return s->m[i].s;
    return NULL;
}

static shape *add_member(weir_arena *mem, shape *s, weir_bytes name, int nth) {
    if (s->n == s->cap) {
        int cap = s->cap ? s->cap * 2 : 8;
        member *m = WEIR_NEWN(mem, member, cap);
        if (s->n) memcpy(m, s->m, sizeof *m * (size_t)s->n);
        s->m = m;
        s->cap = cap;
    }
    const char *copy = weir_strndup(mem, name.p, (size_t)name.len);
    s->m[s->n] = (member){{copy, name.len}, nth, WEIR_NEW(mem, shape)};
    return s->m[s->n++].s;
}

static shape *member_of(weir_arena *mem, shape *s, weir_bytes name, int nth, int guess) {
    shape *m = find_member(s, name, nth, guess);
    return m ? m : add_member(mem, s, name, nth);
}

/* t into s; what s keeps is in mem. */
static void merge(weir_arena *mem, shape *s, const shape *t) {
    if (t->kind == WEIR_T_VOID) return;
    if (s->kind == WEIR_T_VOID) {
        *s = (shape){.kind = t->kind, .precision = t->precision, .scale = t->scale};
    } else if (numeric(s->kind) && numeric(t->kind)) {
        merge_numbers(s, t);
    } else if (s->kind != t->kind) {
        *s = (shape){.kind = WEIR_T_STRING};
    }
    if (s->kind == WEIR_T_STRUCT) {
        for (int i = 0; i < t->n; i++)
            merge(mem, member_of(mem, s, t->m[i].name, t->m[i].nth, i), t->m[i].s);
    }
    if (s->kind == WEIR_T_ARRAY) {
        if (!s->element) s->element = WEIR_NEW(mem, shape);
        merge(mem, s->element, t->element);
    }
}

/* ---- one record: SPARK inferField ---- */

static bool infer(weir_json_infer *f, shape *s);

/* The precision and scale of a number's text, as java.math.BigDecimal has them; false: none. */
static bool decimal_of(const char *p, size_t n, int *precision, int64_t *scale) {
    const char *end = p + n;
    int digits = 0, seen = 0;
    int64_t exponent = 0;
    bool point = false;
    *scale = 0;
    if (p < end && (*p == '-' || *p == '+')) p++;
    for (; p < end && ((*p >= '0' && *p <= '9') || (*p == '.' && !point)); p++) {
        if (*p == '.') {
            point = true;
            continue;
        }
        seen++;
        *scale += point;
        digits += digits || *p != '0';
    }
    if (!seen) return false;
    if (p < end && (*p | 32) == 'e') {
        const char *from = ++p;
        bool minus = p < end && *p == '-';
        if (p < end && (*p == '-' || *p == '+')) from = ++p;
        for (; p < end && *p >= '0' && *p <= '9' && p - from < 10; p++)
            exponent = exponent * 10 + (*p - '0');
        if (p == from) return false;
        *scale -= minus ? -exponent : exponent;
    }
    *precision = digits ? digits : 1;
    return p == end && *scale >= INT32_MIN && *scale <= INT32_MAX;
}

static bool infer_number(weir_json_infer *f, shape *s) {
    const weir_jtok *l = &f->l;
    int precision;
    int64_t scale, v;
    if (f->o->primitives_as_string) return s->kind = WEIR_T_STRING, true;
    bool integer = l->now == WEIR_JT_INTEGER;
    s->kind = WEIR_T_DOUBLE;
    if (integer && weir_jt_long(l, &v)) return s->kind = WEIR_T_LONG, true;
    if (!integer && (!f->o->prefers_decimal || l->is_special)) return !f->o->prefers_decimal;
    if (!decimal_of(l->body, l->nbody, &precision, &scale)) return true;
    if (scale > precision) precision = (int)(scale > DIGITS ? DIGITS + 1 : scale);
    if (precision > DIGITS) return true;
    if (scale <
        0) { /* SPARK DecimalType.checkNegativeScale: not a malformed record, but an error */
        if (!f->bad_scale) f->bad_scale = (int)scale;
        return true;
    }
    *s = (shape){.kind = WEIR_T_DECIMAL, .precision = precision, .scale = (int)scale};
    return true;
}

static bool infer_text(weir_json_infer *f, shape *s) {
    weir_jtok *l = &f->l;
    int precision;
    int64_t scale, us;
    if (!weir_jt_text(l)) return false;
    const char *p = l->body;
    size_t n = l->nbody;
    if (!n) return true;
    s->kind = WEIR_T_STRING;
    if (f->o->prefers_decimal) {
        weir_str t;
        weir_str_init(&t, f->scratch, 1 << 24);
        for (size_t i = 0; i < n; i++)
            if (p[i] != ',') weir_str_putc(&t, p[i]);
        if (t.len && decimal_of(t.p, t.len, &precision, &scale) && scale >= 0 &&
            scale <= precision && precision <= DIGITS) {
            *s = (shape){.kind = WEIR_T_DECIMAL, .precision = precision, .scale = (int)scale};
            return true;
        }
    }
    if (!f->o->infer_timestamp) return true;
    const weir_pattern *at = f->o->timestamp_format;
    if (at ? weir_pattern_parse(at, p, (int64_t)n, f->o->zone, &us)
           : weir_timestamp_parse(p, (int64_t)n, f->o->zone, &us))
        s->kind = WEIR_T_TIMESTAMP;
    return true;
}

static bool infer_object(weir_json_infer *f, shape *s) {
    weir_jtok *l = &f->l;
    weir_bytes name;
    s->kind = WEIR_T_STRUCT;
    for (int i = 0;; i++) {
        if (!weir_jt_next(l)) return false;
        if (l->now == WEIR_JT_OBJECT_END || l->now == WEIR_JT_NONE) return true;
        if (!weir_jt_name(l, &name)) name = (weir_bytes){"", 0};
        int nth = 0;
        while (find_member(s, name, nth, i)) nth++;
        if (!infer(f, add_member(f->scratch, s, name, nth))) return false;
    }
}

static bool infer_array(weir_json_infer *f, shape *s) {
    weir_jtok *l = &f->l;
    shape *element = WEIR_NEW(f->scratch, shape);
    s->kind = WEIR_T_ARRAY;
    s->element = element;
    for (;;) {
        shape one = {0};
        if (!weir_jt_next(l)) return false;
        if (l->now == WEIR_JT_ARRAY_END || l->now == WEIR_JT_NONE) return true;
        if (!infer(f, &one)) return false;
        merge(f->scratch, element, &one);
    }
}

static bool infer(weir_json_infer *f, shape *s) {
    weir_jtok *l = &f->l;
    while (l->now == WEIR_JT_NAME)
        if (!weir_jt_next(l)) return false;
    switch (l->now) {
    case WEIR_JT_NONE:
    case WEIR_JT_NULL: return true;
    case WEIR_JT_STRING: return infer_text(f, s);
    case WEIR_JT_OBJECT: return infer_object(f, s);
    case WEIR_JT_ARRAY: return infer_array(f, s);
    case WEIR_JT_INTEGER:
    case WEIR_JT_FRACTION: return infer_number(f, s);
    case WEIR_JT_TRUE:
    case WEIR_JT_FALSE:
        s->kind = f->o->primitives_as_string ? WEIR_T_STRING : WEIR_T_BOOLEAN;
        return true;
    default: return false;
    }
}

/* ---- types ---- */

static int by_name(const void *a, const void *b) {
    const member *x = a, *y = b;
    int order = weir_utf8_compare16(x->name.p, (size_t)x->name.len, y->name.p, (size_t)y->name.len);
    return order ? order : x->nth - y->nth;
}

/* SPARK canonicalizeType; NULL: nothing is left. */
static const weir_type *type_of(weir_arena *a, const weir_json_options *o, const shape *s,
                                bool strings) {
    const weir_type *t;
    switch (s->kind) {
    case WEIR_T_VOID: return o->drop_all_null ? NULL : &weir_t_string;
    case WEIR_T_DECIMAL:
        return strings ? &weir_t_string : weir_type_decimal(a, s->precision, s->scale);
    case WEIR_T_ARRAY:
        t = type_of(a, o, s->element, strings);
        return t ? weir_type_array(a, t, true) : NULL;
    case WEIR_T_STRUCT: {
        weir_field *f = WEIR_NEWN(a, weir_field, s->n + 1);
        int n = 0;
        if (s->n) qsort(s->m, (size_t)s->n, sizeof *s->m, by_name);
        for (int i = 0; i < s->n; i++) {
            bool none = !s->m[i].name.len || (strings && s->m[i].nth);
            t = none ? NULL : type_of(a, o, s->m[i].s, strings);
            if (t) f[n++] = (weir_field){weir_strdup(a, s->m[i].name.p), t, true, NULL};
        }
        return n ? weir_type_struct(a, f, n) : NULL;
    }
    default: return strings ? &weir_t_string : weir_type_scalar(s->kind);
    }
}

/* ---- records ---- */

/* SPARK: the first of both fails; a type does when it meets another. */
static void first_failure(weir_json_infer *f, bool ok, const shape *s) {
    if (f->bad_record || (f->bad_type && f->typed > 1)) return;
    f->bad_record = !ok;
    f->typed += ok;
    if (ok && !f->bad_type && s->kind != WEIR_T_STRUCT && s->kind != WEIR_T_VOID)
        f->bad_type = type_of(f->mem, f->o, s, false);
}

void weir_json_infer_record(weir_json_infer *f, const char *p, int64_t n) {
    shape one = {0}, *s = &one;
    bool wide;
    weir_arena_reset(f->scratch);
    bool ok = weir_jt_start_record(&f->l, &f->decoded, p, n, &wide) && weir_jt_next(&f->l) &&
              infer(f, &one);
    while (ok && s->kind == WEIR_T_ARRAY) s = s->element; /* SPARK compatibleRootType */
    if (ok && s->kind == WEIR_T_STRUCT)
        merge(f->mem, &f->top, s);
    else if (!ok || s->kind != WEIR_T_VOID)
        f->corrupt = true;
    if (f->o->mode == WEIR_MODE_FAIL) first_failure(f, ok, s);
}

static weir_rc check(weir_ctx *ctx, const weir_json_infer *f) {
    if (f->bad_scale)
        return weir_fail(ctx, WEIR_E_NEGATIVE_SCALE_DISALLOWED, "scale",
                         weir_printf(ctx->arena, "'%d'", f->bad_scale));
    if (f->bad_record)
        return weir_fail(ctx, WEIR_E_MALFORMED_RECORD_IN_PARSING, "badRecord", f->o->corrupt_column,
                         "failFastMode", "FAILFAST");
    if (f->bad_type)
        return weir_fail(ctx, WEIR_E_INVALID_JSON_RECORD_TYPE, "failFastMode", "FAILFAST",
                         "invalidType",
                         weir_printf(ctx->arena, "\"%s\"", weir_type_sql(ctx->arena, f->bad_type)));
    return WEIR_OK;
}

weir_rc weir_json_infer_done(weir_ctx *ctx, weir_json_infer *f, bool leaves_as_strings,
                             weir_schema **out) {
    static const weir_type none = {.kind = WEIR_T_STRUCT};
    shape text = {.kind = WEIR_T_STRING};
    weir_bytes column = {f->o->corrupt_column, (int32_t)strlen(f->o->corrupt_column)};
    WEIR_TRY(check(ctx, f));
    if (f->corrupt && f->o->mode == WEIR_MODE_PERMISSIVE && !leaves_as_strings)
        merge(f->mem, member_of(f->mem, &f->top, column, 0, 0), &text);
    const weir_type *t = type_of(ctx->arena, f->o, &f->top, leaves_as_strings);
    *out = t ? t : &none;
    return leaves_as_strings ? WEIR_OK : weir_type_check_names(ctx, *out);
}

weir_rc weir_json_schema_of(weir_ctx *ctx, const weir_json_options *o, weir_bytes text,
                            const weir_type **out) {
    static const weir_type none = {.kind = WEIR_T_STRUCT};
    weir_json_infer *f = weir_json_infer_new(ctx->arena, o);
    shape s = {0};
    bool wide;
    bool ok = weir_jt_start_record(&f->l, &f->decoded, text.p, text.len, &wide) &&
              weir_jt_next(&f->l) && infer(f, &s);
    WEIR_TRY(check(ctx, f));
    if (!ok)
        return weir_fail(ctx, WEIR_E_MALFORMED_RECORD_IN_PARSING, "badRecord",
                         weir_strndup(ctx->arena, text.len ? text.p : "", (size_t)text.len),
                         "failFastMode", "FAILFAST");
    *out = type_of(ctx->arena, o, &s, false);
    if (*out) return WEIR_OK;
    bool structs = s.kind == WEIR_T_ARRAY && s.element->kind == WEIR_T_STRUCT;
    *out = s.kind == WEIR_T_STRUCT ? &none
           : structs               ? weir_type_array(ctx->arena, &none, true)
                                   : &weir_t_string;
    return WEIR_OK;
}
