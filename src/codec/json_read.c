/* The quick way for JSON records: strict JSON whose every value fits its column. Whatever else
 * there is, is left to json_records.c, from the record's start. See json_read.h. */
#include "codec/json_inner.h"
#include "base/mem.h"
#include "func/decimal.h"

#include <math.h>
#include <stdlib.h>
#include <strings.h>

static bool word_is(weir_jtext t, const char *w) {
    return (size_t)t.n == strlen(w) && memcmp(t.p, w, (size_t)t.n) == 0;
}

/* ---- numbers ---- */

static bool parse_int(weir_jtext t, int64_t *out) {
    bool minus = t.n && *t.p == '-';
    uint64_t v = 0;
    if (t.n - minus > 19) return false;
    for (int32_t i = minus; i < t.n; i++) {
        uint32_t d = (uint32_t)(t.p[i] - '0');
        if (d > 9 || v > (UINT64_MAX - d) / 10) return false;
        v = v * 10 + d;
    }
    if (v > (uint64_t)INT64_MAX + minus) return false;
    *out = minus ? (int64_t)(0 - v) : (int64_t)v;
    return t.n > minus;
}

static const double powers_of_10[] = {1,    1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8, 1e9,
                                      1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18};
static const float narrow_powers_of_10[] = {1,    1e1f, 1e2f, 1e3f, 1e4f, 1e5f,
                                            1e6f, 1e7f, 1e8f, 1e9f, 1e10f};

static bool put_int(weir_build *b, int64_t v) {
    switch (b->type->kind) {
    case WEIR_T_BYTE:
        if (v != (int8_t)v) return false;
        break;
    case WEIR_T_SHORT:
        if (v != (int16_t)v) return false;
        break;
    case WEIR_T_INT:
        if (v != (int32_t)v) return false;
        break;
    default: break;
    }
    weir_build_int(b, v);
    return true;
}

/* A number of any form. */
static bool put_real(weir_build *b, weir_jtext t) {
    char tmp[512];
    if ((size_t)t.n >= sizeof tmp) return false;
    memcpy(tmp, t.p, (size_t)t.n);
    tmp[t.n] = 0;
    if (word_is(t, "-0")) tmp[0] = '0'; /* SPARK: an integer first */
    if (b->type->kind == WEIR_T_FLOAT)
        weir_build_f32(b, strtof(tmp, NULL));
    else
        weir_build_f64(b, strtod(tmp, NULL));
    return true;
}

/* Both parts are exact: one rounding. */
static bool put_exact_real(weir_build *b, const weir_jnumber *n) {
    bool minus = n->minus && !(n->integer && !n->digits);
    if (b->type->kind == WEIR_T_FLOAT) {
        if (n->digits >= 1u << 24 || n->frac > 10) return false;
        float f = (float)n->digits / narrow_powers_of_10[n->frac];
        weir_build_f32(b, minus ? -f : f);
        return true;
    }
    if (n->digits >= 1ull << 53) return false;
    double d = (double)n->digits / powers_of_10[n->frac];
    weir_build_f64(b, minus ? -d : d);
    return true;
}

static bool put_decimal(weir_build *b, weir_jtext t) {
    weir_i128 v;
    if (weir_dec_parse(t.p, t.n, b->type->precision, b->type->scale, &v) != WEIR_DEC_OK)
        return false;
    weir_build_dec(b, v);
    return true;
}

static bool decimal_into(const weir_jnumber *n, weir_build *b) {
    int up = b->type->scale - n->frac;
    int64_t v;
    if (up < 0 || up > 18) return false;
    if (__builtin_mul_overflow((int64_t)n->digits, (int64_t)weir_pow10(up), &v)) return false;
    if (b->type->precision <= 18 && v >= weir_pow10(b->type->precision)) return false;
    weir_build_dec(b, n->minus ? -v : v);
    return true;
}

bool weir_json_number_into(weir_jscan *s, weir_build *b) {
    const char *from = s->p;
    weir_jnumber n;
    weir_kind k = b->type->kind;
    bool real = k == WEIR_T_DOUBLE || k == WEIR_T_FLOAT;
    if (!real && k != WEIR_T_LONG && k != WEIR_T_INT && k != WEIR_T_SHORT && k != WEIR_T_BYTE &&
        k != WEIR_T_DECIMAL)
        return false;
    if (!weir_js_number(s, &n)) return false;
    if (k == WEIR_T_DECIMAL && decimal_into(&n, b)) return true;
    if (real && put_exact_real(b, &n)) return true;
    int64_t v = (int64_t)n.digits;
    if (!real && k != WEIR_T_DECIMAL && n.integer && put_int(b, n.minus ? -v : v)) return true;
    s->p = from;
    return false;
}

/* A number or word that is read as STRING. */
static bool put_spelling(const weir_jscan *s, weir_jtext t, weir_build *b, bool integer) {
    if (!s->exact && (!integer || word_is(t, "-0"))) return false;
    weir_build_bytes(b, t.p, (size_t)t.n);
    return true;
}

static bool word_into(const weir_jscan *s, weir_jtext t, weir_build *b) {
    bool integer = false;
    weir_kind k = b->type->kind;
    int64_t v;
    if (word_is(t, "null")) return weir_build_null(b), true;
    if (word_is(t, "true") || word_is(t, "false")) {
        if (k == WEIR_T_STRING) return put_spelling(s, t, b, true);
        if (k != WEIR_T_BOOLEAN) return false;
        weir_build_bool(b, *t.p == 't');
        return true;
    }
    if (!weir_js_is_number(t, &integer)) return false;
    switch (k) {
    case WEIR_T_STRING: return put_spelling(s, t, b, integer);
    case WEIR_T_BYTE:
    case WEIR_T_SHORT:
    case WEIR_T_INT:
    case WEIR_T_LONG: return integer && parse_int(t, &v) && put_int(b, v);
    case WEIR_T_FLOAT:
    case WEIR_T_DOUBLE: return put_real(b, t);
    case WEIR_T_DECIMAL: return put_decimal(b, t);
    case WEIR_T_TIMESTAMP:
        if (!integer || !parse_int(t, &v) || __builtin_mul_overflow(v, 1000000, &v)) return false;
        weir_build_i64(b, v);
        return true;
    default: return false;
    }
}

/* ---- texts ---- */

static bool special_double(weir_jtext t, double *d) {
    static const struct {
        const char *w;
        double v;
    } words[] = {{"NaN", NAN},       {"Infinity", INFINITY},   {"+Infinity", INFINITY},
                 {"+INF", INFINITY}, {"-Infinity", -INFINITY}, {"-INF", -INFINITY}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (word_is(t, words[i].w)) return *d = words[i].v, true;
    return false;
}

static bool put_base64(weir_build *b, weir_jtext t) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    if (t.n % 4) return false;
    char *o = weir_mem_try(NULL, (size_t)t.n + 4);
    if (!o) return weir_build_fail(b), true;
    size_t n = 0;
    uint32_t acc = 0, bits = 0;
    bool ok = true;
    int32_t len = t.n;
    while (len && t.n - len < 2 && t.p[len - 1] == '=') len--;
    for (int32_t i = 0; ok && i < len; i++) {
        const char *d = t.p[i] ? strchr(digits, t.p[i]) : NULL;
        ok = d != NULL;
        if (!ok) break;
        acc = acc << 6 | (uint32_t)(d - digits);
        bits += 6;
        if (bits >= 8) bits -= 8, o[n++] = (char)(acc >> bits);
    }
    if (ok) weir_build_bytes(b, o, n);
    weir_mem_free(o);
    return ok;
}

static bool is_plain_decimal(weir_jtext t) {
    for (int32_t i = 0; i < t.n; i++)
        if ((t.p[i] < '0' || t.p[i] > '9') && t.p[i] != '.' && (i || t.p[i] != '-')) return false;
    return t.n > 0;
}

static bool string_into(const weir_jscan *s, weir_jtext t, weir_build *b) {
    int64_t us;
    int32_t days;
    double d;
    const weir_json_options *o = s->o;
    bool ok = false;
    switch (b->type->kind) {
    case WEIR_T_STRING: weir_build_bytes(b, t.p, (size_t)t.n); return true;
    case WEIR_T_BINARY: return put_base64(b, t);
    case WEIR_T_DATE:
        ok = o->date_format ? weir_pattern_parse(o->date_format, t.p, t.n, weir_zone_utc(), &us)
                            : weir_date_parse(t.p, t.n, &days);
        if (ok) weir_build_i32(b, o->date_format ? (int32_t)weir_floor_div(us, WEIR_DAY_US) : days);
        return ok;
    case WEIR_T_TIMESTAMP:
        ok = o->timestamp_format ? weir_pattern_parse(o->timestamp_format, t.p, t.n, o->zone, &us)
                                 : weir_timestamp_parse(t.p, t.n, o->zone, &us);
        if (ok) weir_build_i64(b, us);
        return ok;
    case WEIR_T_TIMESTAMP_NTZ:
        ok = o->ntz_format ? weir_pattern_parse(o->ntz_format, t.p, t.n, weir_zone_utc(), &us)
                           : weir_timestamp_ntz_parse(t.p, t.n, false, &us);
        if (ok) weir_build_i64(b, us);
        return ok;
    case WEIR_T_FLOAT:
    case WEIR_T_DOUBLE:
        ok = o->allow_non_numeric && special_double(t, &d);
        if (ok && b->type->kind == WEIR_T_FLOAT)
            weir_build_f32(b, (float)d);
        else if (ok)
            weir_build_f64(b, d);
        return ok;
    case WEIR_T_DECIMAL: return is_plain_decimal(t) && put_decimal(b, t);
    default: return false;
    }
}

bool weir_json_text_into(const weir_jscan *s, weir_jtext t, weir_build *b) {
    return string_into(s, t, b);
}

/* ---- objects and lists ---- */

/* SPARK: of fields of one name, the last. */
static int find_field(const weir_jscan *s, const weir_type *t, weir_jtext k) {
    for (int i = t->nfield; i-- > 0;) {
        const char *n = t->field[i].name;
        if (strlen(n) == (size_t)k.n &&
            (s->o->case_sensitive ? memcmp(n, k.p, (size_t)k.n)
                                  : strncasecmp(n, k.p, (size_t)k.n)) == 0)
            return i;
    }
    return -1;
}

/* Steps to the next member or element: *more is false at the end, which is stepped over. */
static bool next_inner(weir_jscan *s, char end, bool first, bool *more) {
    weir_js_space(s);
    if (s->p >= s->end) return false;
    *more = *s->p != end;
    if (!*more) return s->p++, true;
    if (first) return true;
    if (*s->p++ != ',') return false;
    weir_js_space(s);
    return s->p < s->end && *s->p != end;
}

/* After '{' of a nested object. */
static bool read_struct(weir_jscan *s, weir_build *b) {
    int64_t row = b->len;
    bool more;
    for (bool first = true;; first = false) {
        weir_jtext k;
        if (!next_inner(s, '}', first, &more)) return false;
        if (!more) break;
        k = weir_js_key(s);
        if (!k.ok) return false;
        int f = find_field(s, b->type, k); /* before the text is lost */
        weir_js_space(s);
        if (s->p >= s->end || *s->p++ != ':') return false;
        if (f < 0 ? s->strict_names || !weir_js_skip(s)
                  : b->kid[f].len > row || !weir_json_value_into(s, &b->kid[f]))
            return false;
    }
    for (int i = 0; i < b->nkid; i++)
        if (b->kid[i].len == row) weir_build_null(&b->kid[i]);
    weir_build_struct(b);
    return true;
}

static bool read_array(weir_jscan *s, weir_build *b) {
    bool more;
    for (bool first = true;; first = false) {
        if (!next_inner(s, ']', first, &more)) return false;
        if (!more) break;
        if (!weir_json_value_into(s, &b->kid[0])) return false;
    }
    weir_build_list(b);
    return true;
}

static bool read_map(weir_jscan *s, weir_build *b) {
    bool more;
    weir_jtext k;
    for (bool first = true;; first = false) {
        if (!next_inner(s, '}', first, &more)) return false;
        if (!more) break;
        k = weir_js_key(s);
        if (!k.ok) return false;
        weir_build_bytes(&b->kid[0], k.p, (size_t)k.n);
        weir_js_space(s);
        if (s->p >= s->end || *s->p++ != ':' || !weir_json_value_into(s, &b->kid[1])) return false;
    }
    weir_build_list(b);
    return true;
}

static bool container_into(weir_jscan *s, weir_build *b) {
    const char *from = s->p;
    bool object = *s->p == '{', ok;
    weir_kind k = b->type->kind;
    if (++s->depth > WEIR_JS_DEPTH) return false;
    if (k == WEIR_T_STRING) {
        ok = s->exact && weir_js_skip(s);
        if (ok) weir_build_bytes(b, from, (size_t)(s->p - from));
    } else {
        s->p++;
        ok = object
                 ? (k == WEIR_T_STRUCT && read_struct(s, b)) || (k == WEIR_T_MAP && read_map(s, b))
                 : k == WEIR_T_ARRAY && read_array(s, b);
    }
    s->depth--;
    return ok;
}

/* Appends one row to b; false: b, or what is in it, may have one more. */
bool weir_json_value_into(weir_jscan *s, weir_build *b) {
    weir_js_space(s);
    if (s->p >= s->end) return false;
    if (*s->p == '{' || *s->p == '[') return container_into(s, b);
    if (*s->p == '"') {
        weir_jtext t = weir_js_string(s);
        return t.ok && string_into(s, t, b);
    }
    if (weir_json_number_into(s, b)) return true;
    weir_jtext t = weir_js_word(s);
    return t.ok && word_into(s, t, b);
}

/* ---- members of a record ---- */

/* A key that is not in the schema, as it is written; no bytes: not one to remember. */
static weir_bytes name_of(weir_json_reader *r, weir_jtext k) {
    weir_bytes q = {k.p - 1, k.n + 3};
    if (k.p == r->s.buf || *q.p != '"' || r->s.end - q.p < q.len || q.p[q.len - 1] != ':')
        return (weir_bytes){0};
    for (int i = 0; i < r->nname; i++)
        if (r->name[i].len == q.len && memcmp(r->name[i].p, q.p, (size_t)q.len) == 0)
            return r->name[i];
    if (r->nname == WEIR_JNAMES || q.len > 256) return (weir_bytes){0};
    return r->name[r->nname++] = (weir_bytes){weir_memdup(r->mem, q.p, (size_t)q.len), q.len};
}

/* From now on this key is expected here. What was behind it belongs to other records. */
static void learn(weir_json_reader *r, weir_jtext k, int c, int slot) {
    if (slot > r->norder || slot >= r->corder) return;
    r->norder = slot;
    for (int i = 0; i < slot; i++)
        if (c >= 0 && r->order[i].col == c) return; /* a key again is never expected */
    weir_bytes q = c >= 0 ? r->quoted[c] : name_of(r, k);
    if (!q.len) return;
    weir_jslot *t = &r->order[r->norder++];
    *t = (weir_jslot){.quoted = q, .col = c};
    memcpy(&t->head, q.p, q.len < 8 ? (size_t)q.len : 8);
    t->mask = q.len < 8 ? (1ull << 8 * q.len) - 1 : ~0ull;
}

/* The column of a key; *slot: how many came before it. */
static int column_of(weir_json_reader *r, weir_jtext k, int *slot) {
    int at = (*slot)++;
    if (at < r->norder && r->order[at].col >= 0) {
        int c = r->order[at].col;
        weir_bytes q = r->quoted[c];
        if (q.len - 3 == k.n && memcmp(q.p + 1, k.p, (size_t)k.n) == 0) return c;
    }
    int c = find_field(&r->s, r->schema, k);
    if (c == r->corrupt || c == r->rescue) c = -1;
    learn(r, k, c, at);
    return c;
}

/* Is the next key the one that came here in the last record? Then s->p is after its colon. */
static bool column_guess(weir_json_reader *r, weir_jtext *k, int *slot, int *c) {
    weir_jscan *s = &r->s;
    if (*slot >= r->norder) return false;
    const weir_jslot *t = &r->order[*slot];
    if (s->end - s->p < t->quoted.len || memcmp(s->p, t->quoted.p, (size_t)t->quoted.len) != 0)
        return false;
    *k = (weir_jtext){s->p + 1, t->quoted.len - 3, true};
    s->p += t->quoted.len;
    *c = t->col;
    ++*slot;
    return true;
}

static bool read_member(weir_json_reader *r, int *slot) {
    weir_jscan *s = &r->s;
    weir_jtext k;
    int c;
    if (!column_guess(r, &k, slot, &c)) {
        k = weir_js_key(s);
        if (!k.ok) return false;
        c = column_of(r, k, slot);
        weir_js_space(s);
        if (s->p >= s->end || *s->p++ != ':') return false;
    }
    if (!weir_json_wanted(r, c)) return !s->strict_names && weir_js_skip(s);
    if (r->seen[c] == r->rows + 1) weir_build_truncate(&r->col[c], r->rows);
    r->seen[c] = r->rows + 1;
    return weir_json_value_into(s, &r->col[c]);
}

bool weir_json_quick_object(weir_json_reader *r) {
    weir_jscan *s = &r->s;
    int slot = 0;
    s->p++;
    weir_js_space(s);
    if (s->p < s->end && *s->p == '}') return s->p++, true;
    for (;;) {
        weir_js_space(s);
        if (!read_member(r, &slot)) return false;
        weir_js_space(s);
        if (s->p >= s->end) return false;
        char c = *s->p++;
        if (c == '}') return true;
        if (c != ',') return false;
    }
}
