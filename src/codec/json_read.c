/* JSON records into builders. See json_read.h. */
#include "codec/json_inner.h"
#include "func/decimal.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <strings.h>

/* LOSSY: read, but something in a list found no place; MISMATCH: this value is null, the record
 * goes on */
typedef enum { GOOD, LOSSY, MISMATCH, BROKEN } verdict;

static void release(void *r) { weir_js_free(&((weir_json_reader *)r)->s); }

static bool flag(const char *v, bool dflt) { return v ? strcasecmp(v, "true") == 0 : dflt; }

static weir_rc pattern_of(weir_ctx *ctx, const char *text, const weir_pattern **out) {
    weir_pattern *p = NULL;
    if (!text) return WEIR_OK;
    WEIR_TRY(weir_pattern_compile(ctx, text, strlen(text), true, &p));
    *out = p;
    return WEIR_OK;
}

weir_rc weir_json_options_read(weir_ctx *ctx, const char *(*get)(void *, const char *), void *u,
                               weir_json_options *o) {
    const char *mode = get(u, "mode"), *tz = get(u, "timeZone"),
               *corrupt = get(u, "columnNameOfCorruptRecord");
    *o = (weir_json_options){.corrupt_column = corrupt ? corrupt : "_corrupt_record",
                             .case_sensitive = true};
    if (mode && strcasecmp(mode, "DROPMALFORMED") == 0)
        o->mode = WEIR_MODE_DROP;
    else if (mode && strcasecmp(mode, "FAILFAST") == 0)
        o->mode = WEIR_MODE_FAIL;
    o->primitives_as_string = flag(get(u, "primitivesAsString"), false);
    o->prefers_decimal = flag(get(u, "prefersDecimal"), false);
    o->allow_comments = flag(get(u, "allowComments"), false);
    o->allow_unquoted_names = flag(get(u, "allowUnquotedFieldNames"), false);
    o->allow_single_quotes = flag(get(u, "allowSingleQuotes"), true);
    o->allow_leading_zeros = flag(get(u, "allowNumericLeadingZeros"), false);
    o->allow_non_numeric = flag(get(u, "allowNonNumericNumbers"), true);
    o->allow_any_escape = flag(get(u, "allowBackslashEscapingAnyCharacter"), false);
    o->allow_control = flag(get(u, "allowUnquotedControlChars"), false);
    o->multi_line = flag(get(u, "multiLine"), false);
    o->infer_timestamp = flag(get(u, "inferTimestamp"), false);
    o->drop_all_null = flag(get(u, "dropFieldIfAllNull"), false);
    o->zone = tz ? weir_zone_find(tz, strlen(tz)) : weir_zone_session(ctx);
    if (!o->zone)
        return weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                         weir_printf(ctx->arena, "the option timeZone names no time zone: %s", tz));
    const char *enc = get(u, "encoding") ? get(u, "encoding") : get(u, "charset");
    if (enc && strcasecmp(enc, "UTF-8") != 0 && strcasecmp(enc, "US-ASCII") != 0)
        return weir_fail(
            ctx, WEIR_E_UNSUPPORTED_FEATURE, "feature",
            weir_printf(ctx->arena, "the encoding %s; convert the files to UTF-8", enc));
    WEIR_TRY(pattern_of(ctx, get(u, "dateFormat"), &o->date_format));
    WEIR_TRY(pattern_of(ctx, get(u, "timestampFormat"), &o->timestamp_format));
    return pattern_of(ctx, get(u, "timestampNTZFormat"), &o->ntz_format);
}

/* ---- values ---- */

static verdict read_value(weir_jscan *s, weir_build *b);

static bool word_is(weir_jtext t, const char *w) {
    return (size_t)t.n == strlen(w) && memcmp(t.p, w, (size_t)t.n) == 0;
}

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

static double parse_double(weir_jtext t) {
    uint64_t m = 0;
    int digits = 0, frac = 0;
    const char *p = t.p, *end = t.p + t.n;
    bool minus = p < end && *p == '-', dot = false;
    for (p += minus; p < end; p++) {
        if (*p == '.') {
            dot = true;
        } else if (*p >= '0' && *p <= '9' && digits < 16) {
            m = m * 10 + (uint64_t)(*p - '0');
            digits += m != 0;
            frac += dot;
        } else {
            break;
        }
    }
    if (p == end && digits <= 15 && frac <= 18) { /* exact: one rounding */
        double d = (double)m / powers_of_10[frac];
        return minus ? -d : d;
    }
    char tmp[64], *copy = tmp;
    if ((size_t)t.n >= sizeof tmp)
        copy = strndup(t.p, (size_t)t.n);
    else
        memcpy(tmp, t.p, (size_t)t.n), tmp[t.n] = 0;
    double d = strtod(copy, NULL);
    if (copy != tmp) free(copy);
    return d;
}

static bool special_double(weir_jtext t, double *d) {
    static const struct {
        const char *w;
        double v;
    } words[] = {{"NaN", NAN},       {"Infinity", INFINITY}, {"+Infinity", INFINITY},
                 {"INF", INFINITY},  {"+INF", INFINITY},     {"-Infinity", -INFINITY},
                 {"-INF", -INFINITY}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (word_is(t, words[i].w)) return *d = words[i].v, true;
    return false;
}

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

static void put_float(weir_build *b, double d) {
    if (b->type->kind == WEIR_T_FLOAT)
        weir_build_f32(b, (float)d);
    else
        weir_build_f64(b, d);
}

static bool put_decimal(weir_build *b, weir_jtext t, bool *null) {
    weir_i128 v;
    weir_dec_rc rc = weir_dec_parse(t.p, t.n, b->type->precision, b->type->scale, &v);
    *null = rc == WEIR_DEC_OVERFLOW;
    if (rc == WEIR_DEC_OK) weir_build_dec(b, v);
    return rc == WEIR_DEC_OK;
}

static bool put_base64(weir_build *b, weir_jtext t) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *o = malloc((size_t)t.n + 4);
    size_t n = 0;
    uint32_t acc = 0, bits = 0;
    bool ok = o != NULL;
    for (int32_t i = 0; ok && i < t.n && t.p[i] != '='; i++) {
        const char *d = t.p[i] ? strchr(digits, t.p[i]) : NULL;
        ok = d != NULL;
        if (!ok) break;
        acc = acc << 6 | (uint32_t)(d - digits);
        bits += 6;
        if (bits >= 8) bits -= 8, o[n++] = (char)(acc >> bits);
    }
    if (ok) weir_build_bytes(b, o, n);
    free(o);
    return ok;
}

static verdict string_into(const weir_jscan *s, weir_jtext t, weir_build *b) {
    int64_t us;
    int32_t days;
    double d;
    bool null, ok = false;
    switch (b->type->kind) {
    case WEIR_T_STRING: weir_build_bytes(b, t.p, (size_t)t.n); return GOOD;
    case WEIR_T_BINARY: ok = put_base64(b, t); break;
    case WEIR_T_DATE:
        ok = s->o->date_format
                 ? weir_pattern_parse(s->o->date_format, t.p, t.n, weir_zone_utc(), &us)
                 : weir_date_parse(t.p, t.n, &days);
        if (ok)
            weir_build_i32(b, s->o->date_format ? (int32_t)weir_floor_div(us, WEIR_DAY_US) : days);
        break;
    case WEIR_T_TIMESTAMP:
        ok = s->o->timestamp_format
                 ? weir_pattern_parse(s->o->timestamp_format, t.p, t.n, s->o->zone, &us)
                 : weir_timestamp_parse(t.p, t.n, s->o->zone, &us);
        if (ok) weir_build_i64(b, us);
        break;
    case WEIR_T_TIMESTAMP_NTZ:
        ok = s->o->ntz_format ? weir_pattern_parse(s->o->ntz_format, t.p, t.n, weir_zone_utc(), &us)
                              : weir_timestamp_ntz_parse(t.p, t.n, false, &us);
        if (ok) weir_build_i64(b, us);
        break;
    case WEIR_T_FLOAT:
    case WEIR_T_DOUBLE:
        ok = special_double(t, &d);
        if (ok) put_float(b, d);
        break;
    case WEIR_T_DECIMAL: ok = put_decimal(b, t, &null); break;
    default: break;
    }
    return ok ? GOOD : MISMATCH;
}

static verdict word_into(const weir_jscan *s, weir_jtext t, weir_build *b) {
    bool integer = false, null = false, number = weir_js_is_number(s, t, &integer);
    weir_kind k = b->type->kind;
    int64_t v;
    double d;
    if (word_is(t, "null")) return weir_build_null(b), GOOD;
    bool boolean = word_is(t, "true") || word_is(t, "false"),
         odd = !number && !boolean && s->o->allow_non_numeric && special_double(t, &d);
    if (!number && !boolean && !odd) return BROKEN;
    if (k == WEIR_T_STRING) return weir_build_bytes(b, t.p, (size_t)t.n), GOOD;
    if (boolean) {
        if (k != WEIR_T_BOOLEAN) return MISMATCH;
        weir_build_bool(b, *t.p == 't');
        return GOOD;
    }
    switch (k) {
    case WEIR_T_BYTE:
    case WEIR_T_SHORT:
    case WEIR_T_INT:
    case WEIR_T_LONG: return integer && parse_int(t, &v) && put_int(b, v) ? GOOD : MISMATCH;
    case WEIR_T_FLOAT:
    case WEIR_T_DOUBLE: put_float(b, odd ? d : parse_double(t)); return GOOD;
    case WEIR_T_DECIMAL: return number && put_decimal(b, t, &null) ? GOOD : MISMATCH;
    case WEIR_T_TIMESTAMP:
        if (!integer || !parse_int(t, &v) || __builtin_mul_overflow(v, 1000000, &v))
            return MISMATCH;
        weir_build_i64(b, v);
        return GOOD;
    default: return MISMATCH;
    }
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
    if (real && n.digits < 1ull << 53) { /* both exact: one rounding */
        double d = (double)n.digits / powers_of_10[n.frac];
        put_float(b, n.minus ? -d : d);
        return true;
    }
    int64_t v = (int64_t)n.digits;
    if (!real && k != WEIR_T_DECIMAL && n.integer && put_int(b, n.minus ? -v : v)) return true;
    s->p = from;
    return false;
}

static int find_field(const weir_jscan *s, const weir_type *t, weir_jtext k) {
    for (int i = 0; i < t->nfield; i++) {
        const char *n = t->field[i].name;
        if (strlen(n) == (size_t)k.n &&
            (s->o->case_sensitive ? memcmp(n, k.p, (size_t)k.n)
                                  : strncasecmp(n, k.p, (size_t)k.n)) == 0)
            return i;
    }
    return -1;
}

static verdict worse(verdict a, verdict b) { return a > b ? a : b; }

static void open_frames(weir_jscan *s, weir_jframe *f) {
    if (f->open) return;
    weir_str *o = s->rescued;
    if (f->up) {
        open_frames(s, f->up);
        if (o->p[o->len - 1] != '{') weir_str_putc(o, ',');
        weir_json_escape(o, f->key, (size_t)f->nkey);
        weir_str_putc(o, ':');
    }
    weir_str_putc(o, '{');
    f->open = true;
}

/* Writes a member that found no place to the rescued object. Lists are rescued whole, by the object
 * that holds them. */
static verdict rescue(weir_jscan *s, weir_jtext key, const char *from) {
    if (s->in_list) return LOSSY;
    open_frames(s, s->frame);
    if (s->rescued->p[s->rescued->len - 1] != '{') weir_str_putc(s->rescued, ',');
    weir_json_escape(s->rescued, key.p, (size_t)key.n);
    weir_str_putc(s->rescued, ':');
    weir_js_compact(from, s->p, s->rescued);
    return GOOD;
}

static void note_unknown(weir_jscan *s, weir_jtext k) {
    if (s->watch && !s->unknown) s->unknown = weir_strndup(s->mem, k.p, (size_t)k.n);
}

/* After ':'. b: the member's builder, NULL when the schema has none. */
static verdict member_value(weir_jscan *s, weir_jtext k, weir_build *b) {
    weir_jframe f = {.up = s->frame, .key = k.p, .nkey = k.n};
    weir_js_space(s);
    const char *from = s->p;
    if (!b) {
        note_unknown(s, k);
        if (!weir_js_skip(s)) return BROKEN;
        return s->rescued ? rescue(s, k, from) : GOOD;
    }
    s->frame = &f;
    verdict v = read_value(s, b);
    s->frame = f.up;
    if (v == BROKEN) return v;
    if (f.open)
        weir_str_putc(s->rescued, '}');
    else if (v != GOOD && s->rescued)
        return rescue(s, k, from);
    return v;
}

/* Keys outlive the scan buffer when values are rescued by them. */
static weir_jtext keep_key(const weir_jscan *s, weir_jtext k) {
    if ((s->rescued || s->watch) && k.ok && k.p == s->buf)
        k.p = weir_strndup(s->mem, k.p, (size_t)k.n);
    return k;
}

/* After '{' of a nested object. */
static verdict read_struct(weir_jscan *s, weir_build *b) {
    int64_t row = b->len;
    verdict all = GOOD;
    weir_js_space(s);
    for (bool first = true; !(s->p < s->end && *s->p == '}'); first = false) {
        if (!first) {
            if (s->p >= s->end || *s->p++ != ',') return BROKEN;
            weir_js_space(s);
        }
        weir_jtext k = keep_key(s, weir_js_key(s));
        if (!k.ok) return BROKEN;
        int f = find_field(s, b->type, k);
        weir_js_space(s);
        if (s->p >= s->end || *s->p++ != ':') return BROKEN;
        if (f >= 0 && b->kid[f].len > row)
            weir_build_truncate(&b->kid[f], row); /* a key again: the last one counts */
        verdict v = member_value(s, k, f < 0 ? NULL : &b->kid[f]);
        if (v == BROKEN) return BROKEN;
        all = worse(all, v);
        weir_js_space(s);
    }
    s->p++;
    for (int i = 0; i < b->nkid; i++)
        if (b->kid[i].len == row) weir_build_null(&b->kid[i]);
    weir_build_struct(b);
    return all;
}

static verdict read_array(weir_jscan *s, weir_build *b) {
    verdict all = GOOD;
    weir_js_space(s);
    for (bool first = true; !(s->p < s->end && *s->p == ']'); first = false) {
        if (!first && (s->p >= s->end || *s->p++ != ',')) return BROKEN;
        verdict v = read_value(s, &b->kid[0]);
        if (v == BROKEN) return BROKEN;
        all = worse(all, v);
        weir_js_space(s);
    }
    s->p++;
    weir_build_list(b);
    return all;
}

static verdict read_map(weir_jscan *s, weir_build *b) {
    verdict all = GOOD;
    weir_js_space(s);
    for (bool first = true; !(s->p < s->end && *s->p == '}'); first = false) {
        if (!first) {
            if (s->p >= s->end || *s->p++ != ',') return BROKEN;
            weir_js_space(s);
        }
        weir_jtext k = weir_js_key(s);
        if (!k.ok) return BROKEN;
        if (string_into(s, k, &b->kid[0]) != GOOD) return BROKEN;
        weir_js_space(s);
        if (s->p >= s->end || *s->p++ != ':') return BROKEN;
        verdict v = read_value(s, &b->kid[1]);
        if (v == BROKEN) return BROKEN;
        all = worse(all, v);
        weir_js_space(s);
    }
    s->p++;
    weir_build_list(b);
    return all;
}

static verdict container_into(weir_jscan *s, weir_build *b) {
    const char *from = s->p;
    bool object = *s->p == '{';
    verdict v = MISMATCH;
    weir_kind k = b->type->kind;
    if (++s->depth > 256) return BROKEN;
    if (k == WEIR_T_STRING) {
        weir_str t;
        if (!weir_js_skip(s)) return BROKEN;
        weir_str_init(&t, NULL, 1u << 30);
        weir_js_compact(from, s->p, &t);
        weir_build_bytes(b, t.p, t.len);
        weir_str_free(&t);
        v = GOOD;
    } else if (object ? k == WEIR_T_STRUCT || k == WEIR_T_MAP : k == WEIR_T_ARRAY) {
        s->p++;
        bool was = s->in_list;
        s->in_list = was || k != WEIR_T_STRUCT;
        v = k == WEIR_T_STRUCT ? read_struct(s, b)
            : k == WEIR_T_MAP  ? read_map(s, b)
                               : read_array(s, b);
        s->in_list = was;
    } else {
        if (!weir_js_skip(s)) return BROKEN;
        weir_build_null(b);
    }
    s->depth--;
    return v;
}

/* Appends exactly one row to b unless BROKEN. */
static verdict read_value(weir_jscan *s, weir_build *b) {
    verdict v;
    weir_js_space(s);
    if (s->p >= s->end) return BROKEN;
    if (*s->p == '{' || *s->p == '[') return container_into(s, b);
    if (*s->p == '"' || (*s->p == '\'' && s->o->allow_single_quotes)) {
        weir_jtext t = weir_js_string(s);
        if (!t.ok) return BROKEN;
        v = string_into(s, t, b);
    } else {
        if (weir_json_number_into(s, b)) return GOOD;
        weir_jtext t = weir_js_word(s);
        if (!t.ok) return BROKEN;
        v = word_into(s, t, b);
    }
    if (v == MISMATCH) weir_build_null(b);
    return v;
}

bool weir_json_value_into(weir_jscan *s, weir_build *b) { return read_value(s, b) == GOOD; }
bool weir_json_text_into(const weir_jscan *s, weir_jtext t, weir_build *b) {
    return string_into(s, t, b) == GOOD;
}

/* ---- records ---- */

weir_rc weir_json_reader_new(weir_ctx *ctx, weir_schema *schema, weir_json_options *o,
                             weir_json_reader **out) {
    weir_json_reader *r = WEIR_NEW(ctx->arena, weir_json_reader);
    r->schema = schema;
    r->o = o;
    r->mem = ctx->arena;
    r->col = WEIR_NEWN(ctx->arena, weir_build, schema->nfield + 1);
    r->corder = schema->nfield + WEIR_JNAMES;
    r->order = WEIR_NEWN(ctx->arena, weir_jslot, r->corder);
    r->alike = !o->watch_unknown && !o->allow_comments && !o->allow_control;
    r->seen = WEIR_NEWN(ctx->arena, int64_t, schema->nfield + 1);
    r->quoted = WEIR_NEWN(ctx->arena, weir_bytes, schema->nfield + 1);
    for (int i = 0; i < schema->nfield; i++) {
        const char *q = weir_printf(ctx->arena, "\"%s\":", schema->field[i].name);
        r->quoted[i] = (weir_bytes){q, (int32_t)strlen(q)};
        WEIR_TRY(weir_build_init(ctx, &r->col[i], schema->field[i].type));
    }
    r->corrupt = weir_schema_find(schema, o->corrupt_column, true);
    if (r->corrupt >= 0 && schema->field[r->corrupt].type->kind != WEIR_T_STRING) r->corrupt = -1;
    r->rescue = o->rescue_column ? weir_schema_find(schema, o->rescue_column, true) : -1;
    r->alike &= r->rescue < 0;
    weir_str_init(&r->rescued, ctx->arena, 1u << 30);
    r->s.o = o;
    r->s.mem = r->mem;
    r->s.watch = o->watch_unknown;
    r->s.rescued = r->rescue >= 0 ? &r->rescued : NULL;
    weir_arena_defer(ctx->arena, release, r);
    *out = r;
    return WEIR_OK;
}

const char *weir_json_unknown(const weir_json_reader *r) { return r->s.unknown; }

int64_t weir_json_rows(const weir_json_reader *r) { return r->rows; }

/* A key that is not in the schema, as it is written; no bytes: not one to remember. */
static weir_bytes name_of(weir_json_reader *r, weir_jtext k) {
    weir_bytes q = {k.p - 1, k.n + 3};
    if (k.p == r->s.buf || *q.p != '"' || r->s.end - q.p < q.len || q.p[q.len - 1] != ':')
        return (weir_bytes){0};
    for (int i = 0; i < r->nname; i++)
        if (r->name[i].len == q.len && memcmp(r->name[i].p, q.p, (size_t)q.len) == 0)
            return r->name[i];
    if (r->nname == WEIR_JNAMES || q.len > 256) return (weir_bytes){0};
    return r->name[r->nname++] =
               (weir_bytes){weir_memdup(r->mem, q.p, (size_t)q.len), q.len};
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

static verdict read_member(weir_json_reader *r, int *slot) {
    weir_jscan *s = &r->s;
    weir_jtext k;
    int c;
    if (!column_guess(r, &k, slot, &c)) {
        k = weir_js_key(s);
        if (!k.ok) return BROKEN;
        c = column_of(r, k, slot);
        k = keep_key(s, k);
        weir_js_space(s);
        if (s->p >= s->end || *s->p++ != ':') return BROKEN;
    }
    if (!weir_json_wanted(r, c)) return member_value(s, k, NULL);
    if (r->seen[c] == r->rows + 1) weir_build_truncate(&r->col[c], r->rows);
    r->seen[c] = r->rows + 1;
    return member_value(s, k, &r->col[c]);
}

static verdict read_object(weir_json_reader *r) {
    weir_jscan *s = &r->s;
    verdict all = GOOD;
    int slot = 0;
    r->top = (weir_jframe){0};
    s->frame = &r->top;
    s->in_list = false;
    s->p++;
    weir_js_space(s);
    if (s->p < s->end && *s->p == '}') return s->p++, GOOD;
    for (;;) {
        weir_js_space(s);
        verdict v = read_member(r, &slot);
        if (v == BROKEN) return BROKEN;
        all = worse(all, v);
        weir_js_space(s);
        if (s->p >= s->end) return BROKEN;
        char c = *s->p++;
        if (c == '}') return all;
        if (c != ',') return BROKEN;
    }
}

/* Ends the row: columns without a value are null. */
static void end_row(weir_json_reader *r, const char *corrupt, int64_t n) {
    for (int c = 0; c < r->schema->nfield; c++) {
        if (!weir_json_wanted(r, c)) continue;
        if (c == r->corrupt && corrupt)
            weir_build_bytes(&r->col[c], corrupt, (size_t)n);
        else if (c == r->rescue && r->rescued.len && !(corrupt && r->corrupt >= 0))
            weir_build_bytes(&r->col[c], r->rescued.p, r->rescued.len);
        else if (r->col[c].len == r->rows)
            weir_build_null(&r->col[c]);
    }
    r->rows++;
}

void weir_json_row_end(weir_json_reader *r) { end_row(r, NULL, 0); }

void weir_json_row_undo(weir_json_reader *r) {
    for (int c = 0; c < r->schema->nfield; c++)
        if (r->col[c].len > r->rows) weir_build_truncate(&r->col[c], r->rows);
}

static void finish_rescue(weir_json_reader *r) {
    if (!r->rescued.len) return;
    if (r->o->rescue_path && r->o->file) {
        weir_str_puts(&r->rescued, ",\"_file_path\":");
        weir_json_escape(&r->rescued, r->o->file, strlen(r->o->file));
    }
    weir_str_putc(&r->rescued, '}');
}

static weir_rc malformed(weir_ctx *ctx, weir_json_reader *r, const char *p, int64_t n, int64_t at,
                         bool keep_fields, bool *kept) {
    if (r->o->mode == WEIR_MODE_FAIL) {
        const char *text = weir_strndup(ctx->arena, p, (size_t)(n > 500 ? 500 : n));
        return weir_fail(ctx, WEIR_E_MALFORMED_RECORD_IN_PARSING, "badRecord",
                         weir_printf(ctx->arena, "%s (file %s, byte offset %lld)", text,
                                     r->o->file ? r->o->file : "", (long long)at),
                         "failFastMode", "FAILFAST");
    }
    *kept = r->o->mode == WEIR_MODE_PERMISSIVE;
    if (!keep_fields || !*kept) weir_json_row_undo(r);
    if (!keep_fields && r->corrupt < 0 && r->rescue >= 0) { /* a record never loses bytes */
        r->rescued.len = 0;
        weir_str_puts(&r->rescued, "{\"_corrupt_record\":");
        weir_json_escape(&r->rescued, p, (size_t)n);
        finish_rescue(r);
    }
    if (*kept) end_row(r, p, n);
    return WEIR_OK;
}

/* An array of objects: each is a row. SPARK: only at the top. */
static weir_rc read_rows(weir_ctx *ctx, weir_json_reader *r, const char *p, int64_t n, int64_t at,
                         bool *kept) {
    weir_jscan *s = &r->s;
    s->p++;
    weir_js_space(s);
    if (s->p < s->end && *s->p == ']') return s->p++, WEIR_OK;
    for (;;) {
        weir_js_space(s);
        r->rescued.len = 0;
        if (s->p >= s->end || *s->p != '{') return malformed(ctx, r, p, n, at, false, kept);
        verdict v = read_object(r);
        if (v == BROKEN) return malformed(ctx, r, p, n, at, false, kept);
        finish_rescue(r);
        if (v == MISMATCH)
            WEIR_TRY(malformed(ctx, r, p, n, at, true, kept));
        else
            end_row(r, NULL, 0), *kept = true;
        weir_js_space(s);
        if (s->p >= s->end) return malformed(ctx, r, p, n, at, false, kept);
        char c = *s->p++;
        if (c == ']') return WEIR_OK;
        if (c != ',') return malformed(ctx, r, p, n, at, false, kept);
    }
}

weir_rc weir_json_record(weir_ctx *ctx, weir_json_reader *r, const char *p, int64_t n, int64_t at,
                         bool *kept) {
    weir_jscan *s = &r->s;
    *kept = false;
    s->p = p;
    s->end = p + n;
    s->depth = 0;
    r->rescued.len = 0;
    weir_js_space(s);
    if (s->p == s->end) return WEIR_OK; /* an empty line is no record */
    if (*s->p == '[') return read_rows(ctx, r, p, n, at, kept);
    verdict v = *s->p == '{' ? read_object(r) : BROKEN;
    weir_js_space(s);
    if (v == BROKEN) return malformed(ctx, r, p, n, at, false, kept);
    finish_rescue(r);
    if (v == MISMATCH) return malformed(ctx, r, p, n, at, true, kept);
    end_row(r, NULL, 0);
    *kept = true;
    return WEIR_OK;
}

weir_rc weir_json_take(weir_ctx *ctx, weir_json_reader *r, weir_batch *out) {
    *out = (weir_batch){.schema = r->schema,
                        .len = r->rows,
                        .col = WEIR_NEWN(ctx->arena, weir_column, r->schema->nfield + 1)};
    for (int c = 0; c < r->schema->nfield; c++) {
        const weir_type *t = r->schema->field[c].type;
        WEIR_TRY(weir_json_wanted(r, c) ? weir_build_finish(ctx, &r->col[c], &out->col[c])
                                        : weir_column_null(ctx, t, r->rows, &out->col[c]));
        r->seen[c] = 0;
    }
    r->rows = 0;
    return WEIR_OK;
}

bool weir_json_value(weir_ctx *ctx, const weir_json_options *o, const char *p, int64_t n,
                     weir_build *out, bool *partial) {
    weir_jscan s = {.p = p, .end = p + n, .o = o};
    int64_t row = out->len;
    (void)ctx;
    weir_js_space(&s);
    verdict v = s.p < s.end ? read_value(&s, out) : BROKEN;
    weir_js_space(&s);
    weir_js_free(&s);
    *partial = v == MISMATCH;
    if (v != BROKEN) return true;
    weir_build_truncate(out, row);
    weir_build_null(out);
    return false;
}
