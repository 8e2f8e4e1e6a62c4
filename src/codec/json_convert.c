/* Tokens into builders. See json_convert.h. */
#include "codec/json_convert.h"

#include "codec/json_scan.h"
#include "func/decimal.h"
#include "func/interval.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <strings.h>

typedef weir_jc_outcome outcome;
#define GOOD WEIR_JC_GOOD
#define PARTLY WEIR_JC_PARTLY
#define FAILED WEIR_JC_FAILED

void weir_jc_init(weir_jconv *x, weir_ctx *ctx, const weir_json_options *o, bool chars) {
    *x = (weir_jconv){.o = o, .ctx = ctx};
    weir_jt_init(&x->l, NULL, o, chars);
    weir_str_init(&x->text, NULL, 1u << 30);
}

void weir_jc_free(weir_jconv *x) {
    weir_jt_free(&x->l);
    weir_str_free(&x->text);
    weir_vbuild_free(x->variant);
}

outcome weir_jc_fail(weir_jconv *x) {
    x->cause = (weir_jc_cause){0};
    return FAILED;
}

static outcome done(weir_jconv *x, bool ok) { return ok ? GOOD : weir_jc_fail(x); }

/* ---- numbers ---- */

/* SPARK: a byte goes up to 255, and wraps. */
static bool put_integer(weir_jconv *x, weir_build *b) {
    int64_t v, low = INT64_MIN, high = INT64_MAX;
    switch (b->type->kind) {
    case WEIR_T_BYTE: low = INT8_MIN, high = UINT8_MAX; break;
    case WEIR_T_SHORT: low = INT16_MIN, high = INT16_MAX; break;
    case WEIR_T_INT: low = INT32_MIN, high = INT32_MAX; break;
    default: break;
    }
    if (x->l.now != WEIR_JT_INTEGER || !weir_jt_long(&x->l, &v) || v < low || v > high)
        return false;
    weir_build_int(b, v);
    return true;
}

static double real_of(const weir_jtok *l, bool narrow) {
    char tmp[64], *copy = tmp;
    int64_t v;
    if (l->is_special) return l->special;
    if (l->now == WEIR_JT_INTEGER && weir_jt_long(l, &v))
        return narrow ? (double)(float)v : (double)v;
    if (l->nbody >= sizeof tmp)
        copy = strndup(l->body, l->nbody);
    else
        memcpy(tmp, l->body, l->nbody), tmp[l->nbody] = 0;
    if (!copy) return NAN;
    double d = narrow ? (double)strtof(copy, NULL) : strtod(copy, NULL);
    if (copy != tmp) free(copy);
    return d;
}

static bool is_text(const weir_jtok *l, const char *w) {
    return l->nbody == strlen(w) && memcmp(l->body, w, l->nbody) == 0;
}

static outcome put_real(weir_jconv *x, weir_build *b) {
    static const char *const plus[] = {"+INF", "+Infinity", "Infinity"}, *const minus[] = {
                                                                             "-INF", "-Infinity"};
    const weir_jtok *l = &x->l;
    bool narrow = b->type->kind == WEIR_T_FLOAT, ok = l->now != WEIR_JT_STRING;
    double d = 0;
    if (ok) d = real_of(l, narrow);
    if (!ok && x->o->allow_non_numeric) {
        if (is_text(l, "NaN")) ok = true, d = NAN;
        for (int i = 0; i < 3; i++)
            if (is_text(l, plus[i])) ok = true, d = INFINITY;
        for (int i = 0; i < 2; i++)
            if (is_text(l, minus[i])) ok = true, d = -INFINITY;
    }
    if (!ok) {
        weir_bytes name;
        bool named = weir_jt_name(l, &name);
        if (x->o->mode != WEIR_MODE_FAIL) return weir_jc_fail(x);
        x->cause = (weir_jc_cause){
            b->type, named ? weir_strndup(x->ctx->arena, name.p, (size_t)name.len) : NULL,
            weir_strndup(x->ctx->arena, l->body, l->nbody > 200 ? 200 : l->nbody)};
        return FAILED;
    }
    if (narrow)
        weir_build_f32(b, (float)d);
    else
        weir_build_f64(b, d);
    return GOOD;
}

/* java.math.BigDecimal: digits, a point, an exponent; no blanks. */
static bool is_decimal(const char *p, size_t n) {
    const char *end = p + n;
    size_t digits = 0;
    if (p < end && (*p == '-' || *p == '+')) p++;
    for (; p < end && *p >= '0' && *p <= '9'; p++) digits++;
    if (p < end && *p == '.')
        for (p++; p < end && *p >= '0' && *p <= '9'; p++) digits++;
    if (!digits) return false;
    if (p < end && (*p | 32) == 'e') {
        p++;
        if (p < end && (*p == '-' || *p == '+')) p++;
        const char *from = p;
        while (p < end && *p >= '0' && *p <= '9') p++;
        if (p == from || p - from > 10) return false;
    }
    return p == end;
}

static bool put_decimal(weir_jconv *x, weir_build *b) {
    const weir_jtok *l = &x->l;
    const char *p = l->body;
    size_t n = l->nbody;
    weir_i128 v;
    if (l->now != WEIR_JT_STRING && l->is_special) return false;
    if (l->now == WEIR_JT_STRING && memchr(p, ',', n)) { /* SPARK ExprUtils.getDecimalParser */
        x->text.len = 0;
        for (size_t i = 0; i < n; i++)
            if (p[i] != ',') weir_str_putc(&x->text, p[i]);
        p = x->text.len ? x->text.p : "";
        n = x->text.len;
    }
    if (!is_decimal(p, n) || n > INT32_MAX ||
        weir_dec_parse(p, (int)n, b->type->precision, b->type->scale, &v) != WEIR_DEC_OK)
        return false;
    weir_build_dec(b, v);
    return true;
}

/* ---- times ---- */

/* SPARK DateTimeUtils.cleanLegacyTimestampStr */
static void without_gmt(weir_jconv *x) {
    const char *p = x->l.body, *end = p + x->l.nbody;
    x->text.len = 0;
    for (const char *q; (q = memmem(p, (size_t)(end - p), "GMT", 3)); p = q + 3)
        weir_str_add(&x->text, p, (size_t)(q - p));
    weir_str_add(&x->text, p, (size_t)(end - p));
}

static bool days_of_text(const char *p, size_t n, int32_t *days) { /* Integer.parseInt */
    char t[16], *end;
    if (!n || n > 12) return false;
    memcpy(t, p, n);
    t[n] = 0;
    if (strspn(t + (*t == '-' || *t == '+'), "0123456789") != n - (*t == '-' || *t == '+'))
        return false;
    long long v = strtoll(t, &end, 10);
    if (end == t || v != (int32_t)v) return false;
    *days = (int32_t)weir_julian_days(v); /* SPARK rebases them */
    return true;
}

static bool put_date(weir_jconv *x, weir_build *b) {
    const char *p = x->l.body;
    int64_t n = (int64_t)x->l.nbody, us;
    int32_t days;
    const weir_pattern *f = x->o->date_format;
    bool ok = f ? weir_pattern_parse(f, p, n, weir_zone_utc(), &us) : weir_date_parse(p, n, &days);
    if (ok && f) days = (int32_t)weir_floor_div(us, WEIR_DAY_US);
    if (!ok && x->o->date_fallback) {
        without_gmt(x);
        ok = weir_date_parse(x->text.len ? x->text.p : "", (int64_t)x->text.len, &days) ||
             days_of_text(p, (size_t)n, &days);
    }
    if (ok) weir_build_i32(b, days);
    return ok;
}

static bool put_timestamp(weir_jconv *x, weir_build *b) {
    const char *p = x->l.body;
    int64_t n = (int64_t)x->l.nbody, us;
    const weir_pattern *f = x->o->timestamp_format;
    if (x->l.now == WEIR_JT_INTEGER) { /* SPARK: seconds; what is too large wraps */
        if (!weir_jt_long(&x->l, &us)) return false;
        weir_build_i64(b, (int64_t)((uint64_t)us * 1000000u));
        return true;
    }
    bool ok = f ? weir_pattern_parse(f, p, n, x->o->zone, &us)
                : weir_timestamp_parse(p, n, x->o->zone, &us);
    if (!ok && x->o->timestamp_fallback) {
        without_gmt(x);
        ok = weir_timestamp_parse(x->text.len ? x->text.p : "", (int64_t)x->text.len, x->o->zone,
                                  &us);
    }
    if (ok) weir_build_i64(b, us);
    return ok;
}

static bool put_time_of(weir_jconv *x, weir_build *b) {
    const char *p = x->l.body;
    int64_t n = (int64_t)x->l.nbody, us;
    bool ok;
    if (b->type->kind == WEIR_T_TIME) {
        ok = x->o->time_format ? weir_pattern_parse(x->o->time_format, p, n, weir_zone_utc(), &us)
                               : weir_time_parse(p, n, &us);
        if (ok) us = weir_floor_mod(us, WEIR_DAY_US) * 1000;
    } else {
        ok = x->o->ntz_format ? weir_pattern_parse(x->o->ntz_format, p, n, weir_zone_utc(), &us)
                              : weir_timestamp_ntz_parse(p, n, false, &us);
    }
    if (ok) weir_build_i64(b, us);
    return ok;
}

static outcome put_interval(weir_jconv *x, weir_build *b) {
    const char *p = x->l.body;
    int64_t n = (int64_t)x->l.nbody, v;
    weir_interval i;
    if (b->type->kind == WEIR_T_INTERVAL) { /* SPARK safeStringToInterval: null, and no fault */
        if (weir_interval_parse(p, n, &i))
            weir_build_interval(b, i);
        else
            weir_build_null(b);
        return GOOD;
    }
    bool ok = weir_interval_ansi_parse(p, n, b->type, &v);
    if (!ok && x->o->ansi) return weir_jc_fail(x);
    weir_build_int(b, ok ? v : 0); /* SPARK: the null of a cast without ANSI, unboxed */
    return GOOD;
}

/* ---- text ---- */

static bool put_spelling(weir_jconv *x, weir_build *b) {
    const char *from = x->l.at;
    if (!weir_jt_skip(&x->l)) return false;
    weir_build_bytes(b, from, x->blind || x->l.p < from ? 0 : (size_t)(x->l.p - from));
    return true;
}

static bool put_string(weir_jconv *x, weir_build *b) {
    if (x->l.now == WEIR_JT_STRING) {
        weir_build_bytes(b, x->l.body, x->l.nbody);
        return true;
    }
    if (x->exact) return put_spelling(x, b);
    x->text.len = 0;
    if (!weir_jt_copy(&x->l, &x->text, true)) return false;
    weir_build_bytes(b, x->text.p, x->text.len);
    return true;
}

static bool put_binary(weir_jconv *x, weir_build *b) {
    x->text.len = 0;
    if (!weir_jt_base64(&x->l, &x->text)) return false;
    weir_build_bytes(b, x->text.len ? x->text.p : "", x->text.len);
    return true;
}

static bool put_variant(weir_jconv *x, weir_build *b) {
    if (!x->variant) x->variant = weir_vbuild_new();
    return weir_jt_variant(&x->l, x->variant) && weir_vbuild_take(x->variant, b);
}

/* ---- arrays, maps, structs ---- */

static bool ends(const weir_jtok *l, weir_jtoken end) {
    return l->now == end || l->now == WEIR_JT_NONE;
}

enum { LOOKS = 1 << 16 }; /* elements between looks at the cancellation */

static outcome put_array(weir_jconv *x, weir_build *b) {
    int64_t from = b->kid[0].len;
    outcome all = GOOD, v;
    weir_jc_cause first = {0};
    bool was = x->in_list;
    x->in_list = true;
    for (;;) {
        v = done(x, weir_jt_next(&x->l));
        if (v == FAILED || ends(&x->l, WEIR_JT_ARRAY_END)) break;
        v = weir_jc_value(x, &b->kid[0]);
        if ((b->kid[0].len - from) % LOOKS == 0 && weir_check_cancel(x->ctx) != WEIR_OK)
            v = FAILED; /* told again by the next who looks */
        if (v == FAILED) break;
        if (v == PARTLY && all == GOOD) all = PARTLY, first = x->cause;
    }
    x->in_list = was;
    if (v == FAILED) {
        weir_build_truncate(&b->kid[0], from);
        return FAILED;
    }
    weir_build_list(b);
    if (all == PARTLY) x->cause = first;
    return all;
}

/* SPARK convertMap: one value that fails takes the whole map with it, but only at its end. */
static outcome put_map(weir_jconv *x, weir_build *b) {
    int64_t from = b->kid[0].len;
    outcome all = GOOD, v;
    weir_jc_cause first = {0};
    bool was = x->in_list;
    x->in_list = true;
    for (;;) {
        weir_bytes name = {"", 0};
        v = done(x, weir_jt_next(&x->l));
        if (v == FAILED || ends(&x->l, WEIR_JT_OBJECT_END)) break;
        (void)weir_jt_name(&x->l, &name);
        weir_build_bytes(&b->kid[0], name.p, (size_t)name.len);
        v = weir_jc_value(x, &b->kid[1]);
        if (v != GOOD && all == GOOD) first = x->cause;
        if (v > all) all = v;
        if (v != FAILED) continue;
        if (!x->o->partial) break;
        v = done(x, weir_jt_skip(&x->l));
        if (v == FAILED) break;
    }
    x->in_list = was;
    if (v == FAILED || all == FAILED) {
        if (v != FAILED) (void)weir_jc_fail(x); /* SPARK: the keys are more than the values */
        weir_build_truncate(&b->kid[0], from);
        weir_build_truncate(&b->kid[1], from);
        return FAILED;
    }
    weir_build_list(b);
    if (all == PARTLY) x->cause = first;
    return all;
}

static outcome put_struct(weir_jconv *x, weir_build *b) {
    int64_t row = b->len;
    outcome v = weir_jc_members(x, b->type, NULL, b->kid, row, false);
    for (int i = 0; i < b->nkid; i++) {
        if (v == FAILED && b->kid[i].len > row) weir_build_truncate(&b->kid[i], row);
        if (v != FAILED && b->kid[i].len == row) weir_build_null(&b->kid[i]);
    }
    if (v != FAILED) weir_build_struct(b);
    return v;
}

/* ---- members ---- */

static bool same_name(const char *field, weir_bytes name, bool sensitive) {
    return strlen(field) == (size_t)name.len &&
           (sensitive ? memcmp(field, name.p, (size_t)name.len) == 0
                      : strncasecmp(field, name.p, (size_t)name.len) == 0);
}

static int field_of(const weir_jconv *x, const weir_type *t, const bool *skip) {
    weir_bytes name;
    if (!weir_jt_name(&x->l, &name) || weir_jt_halved(&x->l)) return -1;
    for (int i = t->nfield; i-- > 0;) /* SPARK: of fields of one name, the last */
        if (same_name(t->field[i].name, name, x->o->case_sensitive))
            return skip && skip[i] ? -1 : i;
    return -1;
}

/* A key again: its value counts, unless it fails. */
static outcome put_again(weir_jconv *x, weir_build *b, int64_t row) {
    weir_build other;
    weir_column c;
    if (weir_build_init(x->ctx, &other, b->type) != WEIR_OK) return weir_jc_fail(x);
    outcome v = weir_jc_value(x, &other);
    if (v == FAILED) return v;
    if (weir_build_finish(x->ctx, &other, &c) != WEIR_OK) return weir_jc_fail(x);
    weir_build_truncate(b, row);
    weir_build_copy(b, &c, 0);
    return v;
}

static outcome put_member(weir_jconv *x, weir_build *b, int64_t row) {
    return b->len > row ? put_again(x, b, row) : weir_jc_value(x, b);
}

/* ---- rescue ---- */

static void open_frames(weir_jconv *x, weir_jc_frame *f) {
    weir_str *o = x->rescued;
    if (f->open) return;
    if (f->up) {
        const weir_jlevel *v = &x->l.level[f->up->depth];
        open_frames(x, f->up);
        if (o->p[o->len - 1] != '{') weir_str_putc(o, ',');
        weir_json_escape(o, x->l.names.p + v->name_at, (size_t)v->name_len);
        weir_str_putc(o, ':');
    }
    weir_str_putc(o, '{');
    f->open = true;
}

/* Strict text as it stands, without blanks; other text in Jackson's words. */
static bool put_source(weir_jconv *x, const char *from, const char *to) {
    weir_jscan s = {.p = from, .end = to};
    bool strict = weir_js_skip(&s) && s.p == to, ok = true;
    weir_js_free(&s);
    if (strict) {
        weir_js_compact(from, to, x->rescued);
        return true;
    }
    weir_jtok l;
    weir_jt_init(&l, NULL, x->o, x->l.chars);
    weir_jt_start(&l, from, (size_t)(to - from));
    ok = weir_jt_next(&l) && weir_jt_copy(&l, x->rescued, false);
    weir_jt_free(&l);
    return ok;
}

/* The tokens go to the end of the member at depth. */
static bool end_member(weir_jconv *x, int depth) {
    weir_jtok *l = &x->l;
    if (l->broken || (l->now == WEIR_JT_NAME && l->depth == depth && !weir_jt_next(l)))
        return false;
    while (l->depth > depth)
        if (!weir_jt_next(l)) return false;
    return weir_jt_text(l);
}

/* Writes a member that found no place to the rescued object. Lists are rescued whole, by the object
 * that holds them. */
static outcome rescue_member(weir_jconv *x, weir_build *b, int64_t row, weir_jc_frame *f) {
    weir_jc_frame inner = {.up = f, .depth = x->l.depth + 1};
    const char *from = x->l.at;
    f->depth = x->l.depth;
    x->frame = &inner;
    outcome v = b ? put_member(x, b, row) : FAILED;
    x->frame = f;
    if (!end_member(x, f->depth)) return weir_jc_fail(x);
    if (inner.open) {
        weir_str_putc(x->rescued, '}');
        return GOOD;
    }
    if (v == GOOD) return GOOD;
    const weir_jlevel *level = &x->l.level[f->depth];
    const char *to = x->l.p;
    open_frames(x, f);
    if (x->rescued->p[x->rescued->len - 1] != '{') weir_str_putc(x->rescued, ',');
    weir_json_escape(x->rescued, x->l.names.p + level->name_at, (size_t)level->name_len);
    weir_str_putc(x->rescued, ':');
    return done(x, put_source(x, from, to));
}

outcome weir_jc_members(weir_jconv *x, const weir_type *t, const bool *skip, weir_build *kids,
                        int64_t row, bool root) {
    weir_jtok *l = &x->l;
    outcome all = GOOD, v;
    weir_jc_cause first = {0};
    weir_jc_frame *frame = x->rescued && !x->in_list ? x->frame : NULL;
    for (;;) {
        if (!weir_jt_next(l)) return weir_jc_fail(x);
        if (ends(l, WEIR_JT_OBJECT_END)) break;
        int f = field_of(x, t, skip);
        if (frame)
            v = rescue_member(x, f < 0 ? NULL : &kids[f], row, frame);
        else if (f >= 0)
            v = put_member(x, &kids[f], row);
        else
            v = !weir_jt_skip(l) ? FAILED : x->rescued ? PARTLY : GOOD;
        if (v == GOOD) continue;
        if (v == FAILED && (f < 0 || frame)) return weir_jc_fail(x);
        if (v == FAILED && !root && !x->o->partial) return FAILED;
        if (all == GOOD) all = PARTLY, first = x->cause;
        if (v == FAILED && !weir_jt_skip(l)) return weir_jc_fail(x);
    }
    if (all == PARTLY) x->cause = first;
    return all;
}

/* ---- values ---- */

static outcome put_text(weir_jconv *x, weir_build *b) {
    weir_kind k = b->type->kind;
    if (x->l.nbody == 0 && k != WEIR_T_INTERVAL && k != WEIR_T_INTERVAL_YM &&
        k != WEIR_T_INTERVAL_DT) {
        bool strict =
            k == WEIR_T_FLOAT || k == WEIR_T_DOUBLE || k == WEIR_T_TIMESTAMP || k == WEIR_T_DATE;
        if (!x->o->empty_is_null || strict) return weir_jc_fail(x);
        weir_build_null(b);
        return GOOD;
    }
    switch (k) {
    case WEIR_T_FLOAT:
    case WEIR_T_DOUBLE: return put_real(x, b);
    case WEIR_T_DECIMAL: return done(x, put_decimal(x, b));
    case WEIR_T_DATE: return done(x, put_date(x, b));
    case WEIR_T_TIMESTAMP: return done(x, put_timestamp(x, b));
    case WEIR_T_TIMESTAMP_NTZ:
    case WEIR_T_TIME: return done(x, put_time_of(x, b));
    case WEIR_T_INTERVAL:
    case WEIR_T_INTERVAL_YM:
    case WEIR_T_INTERVAL_DT: return put_interval(x, b);
    default: return weir_jc_fail(x);
    }
}

static outcome put_token(weir_jconv *x, weir_build *b) {
    weir_jtoken t = x->l.now;
    bool number = t == WEIR_JT_INTEGER || t == WEIR_JT_FRACTION;
    switch (b->type->kind) {
    case WEIR_T_BOOLEAN:
        if (t != WEIR_JT_TRUE && t != WEIR_JT_FALSE) return weir_jc_fail(x);
        weir_build_bool(b, t == WEIR_JT_TRUE);
        return GOOD;
    case WEIR_T_BYTE:
    case WEIR_T_SHORT:
    case WEIR_T_INT:
    case WEIR_T_LONG: return done(x, put_integer(x, b));
    case WEIR_T_FLOAT:
    case WEIR_T_DOUBLE: return number ? put_real(x, b) : weir_jc_fail(x);
    case WEIR_T_DECIMAL: return done(x, number && put_decimal(x, b));
    case WEIR_T_TIMESTAMP: return done(x, t == WEIR_JT_INTEGER && put_timestamp(x, b));
    case WEIR_T_STRUCT: return t == WEIR_JT_OBJECT ? put_struct(x, b) : weir_jc_fail(x);
    case WEIR_T_MAP: return t == WEIR_JT_OBJECT ? put_map(x, b) : weir_jc_fail(x);
    case WEIR_T_ARRAY: return t == WEIR_JT_ARRAY ? put_array(x, b) : weir_jc_fail(x);
    default: return weir_jc_fail(x);
    }
}

outcome weir_jc_value(weir_jconv *x, weir_build *b) {
    weir_jtok *l = &x->l;
    weir_kind k = b->type->kind;
    while (l->now == WEIR_JT_NAME)
        if (!weir_jt_next(l)) return weir_jc_fail(x);
    if (k == WEIR_T_VARIANT && l->now != WEIR_JT_NONE) return done(x, put_variant(x, b));
    if (l->now == WEIR_JT_NONE || l->now == WEIR_JT_NULL || k == WEIR_T_VOID)
        return weir_build_null(b), GOOD;
    if (k == WEIR_T_BINARY) return done(x, l->now == WEIR_JT_STRING && put_binary(x, b));
    if (l->now == WEIR_JT_STRING && !weir_jt_text(l)) return weir_jc_fail(x);
    if (k == WEIR_T_STRING) return done(x, put_string(x, b));
    return l->now == WEIR_JT_STRING ? put_text(x, b) : put_token(x, b);
}
