/* Values to JSON text. See json_write.h. Any thread. */
#include "codec/json_read.h"
#include "codec/json_write.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "func/decimal.h"
#include "func/interval.h"
#include "func/text.h"
#include "func/variant.h"

#include <math.h>
#include <stdlib.h>
#include <strings.h>

enum { ASCII = 0x7F, ALL = 0x10FFFF };

/* ---- texts ---- */

static void put_unit(weir_str *o, uint32_t u) { weir_str_printf(o, "\\u%04X", u); }

/* Valid text, in which what is beyond most is escaped. */
static void put_units(weir_str *o, const char *p, size_t n, uint32_t most) {
    for (const char *end = p + n; p < end;) {
        uint32_t v;
        int k = weir_utf8_code(p, end, &v);
        if (v <= most)
            weir_str_add(o, p, (size_t)k);
        else if (v > 0xFFFF)
            put_unit(o, 0xD800 + ((v - 0x10000) >> 10)), put_unit(o, 0xDC00 + (v & 0x3FF));
        else
            put_unit(o, v);
        p += k;
    }
}

void weir_json_quote_part(weir_str *o, const char *p, size_t n, uint32_t most) {
    unsigned char first = most >= ALL ? 0xFF : most >= 0xFFFF ? 0xF0 : 0x80;
    size_t from = o->len, at = from;
    weir_json_escape_part(o, p, n);
    if (most >= ALL || o->failed) return;
    while (at < o->len && (unsigned char)o->p[at] < first) at++;
    if (at == o->len) return;
    size_t rest = o->len - at;
    char *copy = weir_mem_resize(NULL, rest);
    memcpy(copy, o->p + at, rest);
    o->len = at;
    put_units(o, copy, rest, most);
    weir_mem_free(copy);
}

void weir_json_quote(weir_str *o, const char *p, size_t n, uint32_t most) {
    weir_str_putc(o, '"');
    weir_json_quote_part(o, p, n, most);
    weir_str_putc(o, '"');
}

static void put_quoted(const weir_json_write *w, weir_str *o, const char *p, size_t n) {
    weir_json_quote(o, p, n, w->ascii ? ASCII : ALL);
}

/* yyyy-MM-dd'T'HH:mm:ss.SSS of a wall clock. */
static void put_clock(weir_str *o, int64_t local_us) {
    char day[WEIR_TIME_TEXT];
    int64_t days = weir_floor_div(local_us, WEIR_DAY_US), us = local_us - days * WEIR_DAY_US;
    int n = weir_date_text((int32_t)days, day);
    weir_str_printf(o, "%.*sT%02d:%02d:%02d.%03d", n, day, (int)(us / 3600000000),
                    (int)(us / 60000000 % 60), (int)(us / 1000000 % 60), (int)(us / 1000 % 1000));
}

static void put_offset(weir_str *o, int32_t off) {
    int s = off < 0 ? -off : off;
    weir_str_printf(o, "%c%02d:%02d", off < 0 ? '-' : '+', s / 3600, s / 60 % 60);
    if (s % 60) weir_str_printf(o, ":%02d", s % 60); /* SPARK: before there were zones */
}

static void put_pattern(const weir_json_write *w, const weir_pattern *f, int64_t us,
                        const weir_zone *zone, weir_str *o) {
    weir_str t;
    weir_str_init(&t, NULL, 1u << 20);
    weir_pattern_format(f, us, zone, &t);
    put_quoted(w, o, t.len ? t.p : "", t.len);
    weir_str_free(&t);
}

static void put_timestamp(const weir_json_write *w, int64_t us, weir_str *o) {
    int32_t off = weir_zone_offset(w->zone, weir_floor_div(us, 1000000));
    if (w->timestamp_format) {
        put_pattern(w, w->timestamp_format, us, w->zone, o);
        return;
    }
    weir_str_putc(o, '"');
    put_clock(o, weir_zone_local(w->zone, us));
    if (off == 0)
        weir_str_putc(o, 'Z');
    else
        put_offset(o, off);
    weir_str_putc(o, '"');
}

static void put_time(const weir_json_write *w, const weir_column *c, int64_t row, weir_str *o) {
    char t[WEIR_TIME_TEXT];
    weir_kind k = c->type->kind;
    int64_t v = k == WEIR_T_DATE ? WEIR_AT_ROW(int32_t, c, row) : WEIR_AT_ROW(int64_t, c, row);
    const weir_pattern *f = k == WEIR_T_DATE   ? w->date_format
                            : k == WEIR_T_TIME ? w->time_format
                                               : w->ntz_format;
    if (f) {
        int64_t us = k == WEIR_T_DATE ? v * WEIR_DAY_US : k == WEIR_T_TIME ? v / 1000 : v;
        put_pattern(w, f, us, weir_zone_utc(), o);
        return;
    }
    weir_str_putc(o, '"');
    if (k == WEIR_T_DATE)
        weir_str_add(o, t, (size_t)weir_date_text((int32_t)v, t));
    else if (k == WEIR_T_TIME)
        weir_str_add(o, t, (size_t)weir_time_text(v / 1000, t));
    else
        put_clock(o, v);
    weir_str_putc(o, '"');
}

/* ---- numbers ---- */

static void put_float(weir_str *o, double v, bool narrow) {
    char t[32];
    int n = narrow ? weir_float_text((float)v, t) : weir_double_text(v, t);
    if (isfinite(v))
        weir_str_add(o, t, (size_t)n);
    else
        weir_json_quote(o, t, (size_t)n, ALL);
}

/* JACKSON: java.math.BigDecimal.toString */
static void put_decimal(const weir_column *c, int64_t row, weir_str *o) {
    char t[64];
    int n = weir_dec_text_sci(WEIR_AT_ROW(weir_i128, c, row), c->type->scale, t);
    weir_str_add(o, t, (size_t)n);
}

static void put_integer(const weir_column *c, int64_t row, weir_str *o) {
    int width = weir_type_width(c->type);
    int64_t v = width == 1   ? WEIR_AT_ROW(int8_t, c, row)
                : width == 2 ? WEIR_AT_ROW(int16_t, c, row)
                : width == 4 ? WEIR_AT_ROW(int32_t, c, row)
                             : WEIR_AT_ROW(int64_t, c, row);
    char t[24], *p = t + sizeof t;
    uint64_t m = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    do *--p = (char)('0' + (int)(m % 10));
    while (m /= 10);
    if (v < 0) *--p = '-';
    weir_str_add(o, p, (size_t)(t + sizeof t - p));
}

static void put_interval(const weir_column *c, int64_t row, weir_str *o) {
    weir_kind k = c->type->kind;
    weir_str_putc(o, '"');
    if (k == WEIR_T_INTERVAL)
        weir_interval_text(WEIR_AT_ROW(weir_interval, c, row), o);
    else
        weir_interval_ansi_text(c->type,
                                c->type->kind == WEIR_T_INTERVAL_YM ? WEIR_AT_ROW(int32_t, c, row)
                                                                    : WEIR_AT_ROW(int64_t, c, row),
                                o);
    weir_str_putc(o, '"');
}

/* ---- objects and arrays ---- */

/* What Java's toString gives for the value as Spark keeps it: dates are days, times micro- or
 * nanoseconds. SPARK JacksonGenerator.writeMapData */
static void key_text(const weir_column *c, int64_t row, weir_str *o) {
    char t[32];
    int64_t first;
    weir_bytes b;
    switch (c->type->kind) {
    case WEIR_T_VOID: weir_str_puts(o, "null"); return;
    case WEIR_T_BOOLEAN: weir_str_puts(o, WEIR_AT_ROW(uint8_t, c, row) ? "true" : "false"); return;
    case WEIR_T_FLOAT:
        weir_str_add(o, t, (size_t)weir_float_text(WEIR_AT_ROW(float, c, row), t));
        return;
    case WEIR_T_DOUBLE:
        weir_str_add(o, t, (size_t)weir_double_text(WEIR_AT_ROW(double, c, row), t));
        return;
    case WEIR_T_DECIMAL: put_decimal(c, row, o); return;
    case WEIR_T_STRING:
    case WEIR_T_BINARY: b = weir_get_bytes(c, row), weir_utf8_add(o, b.p, (size_t)b.len); return;
    case WEIR_T_INTERVAL: weir_interval_text(WEIR_AT_ROW(weir_interval, c, row), o); return;
    case WEIR_T_STRUCT:
    case WEIR_T_ARRAY: break;
    default: put_integer(c, row, o); return;
    }
    bool list = c->type->kind == WEIR_T_ARRAY;
    int32_t n = list ? weir_get_list(c, row, &first) : c->nkid;
    weir_str_putc(o, '[');
    for (int32_t i = 0; i < n; i++) {
        const weir_column *kid = list ? &c->kid[0] : &c->kid[i];
        int64_t at = list ? first + i : weir_kid_row(c, row);
        if (i) weir_str_putc(o, ',');
        if (weir_is_null(kid, at))
            weir_str_puts(o, "null");
        else
            key_text(kid, at, o);
    }
    weir_str_putc(o, ']');
}

typedef struct entry {
    const char *name;
    size_t len;
    int32_t at;
} entry;

static int by_name(const void *a, const void *b) {
    const entry *x = a, *y = b;
    int order = weir_utf8_compare16(x->name, x->len, y->name, y->len);
    return order ? order : x->at - y->at;
}

static void put(const weir_json_write *w, const weir_column *c, int64_t row, weir_str *o,
                int depth);

static void put_line(const weir_json_write *w, weir_str *o, int depth) {
    if (w->pretty) weir_str_printf(o, "\n%*s", 2 * depth, "");
}

static void put_member(const weir_json_write *w, const entry *e, const weir_column *c, int64_t row,
                       weir_str *o, int depth) {
    if (o->p[o->len - 1] != '{') weir_str_putc(o, ',');
    put_line(w, o, depth);
    put_quoted(w, o, e->name, e->len);
    weir_str_puts(o, w->pretty ? " : " : ":");
    put(w, c, row, o, depth);
}

static void put_object_end(const weir_json_write *w, weir_str *o, int depth) {
    if (w->pretty && o->p[o->len - 1] == '{')
        weir_str_putc(o, ' ');
    else
        put_line(w, o, depth);
    weir_str_putc(o, '}');
}

static void put_struct(const weir_json_write *w, const weir_column *c, int64_t row, weir_str *o,
                       int depth) {
    int64_t at = weir_kid_row(c, row);
    entry *sorted = NULL;
    weir_str_putc(o, '{');
    if (w->sort_keys && c->nkid) {
        sorted = weir_mem_resize(NULL, sizeof *sorted * (size_t)c->nkid);
        for (int i = 0; i < c->nkid; i++)
            sorted[i] = (entry){c->type->field[i].name, strlen(c->type->field[i].name), i};
        qsort(sorted, (size_t)c->nkid, sizeof *sorted, by_name);
    }
    for (int i = 0; i < c->nkid && !o->failed; i++) {
        const char *name = c->type->field[i].name;
        entry e = sorted ? sorted[i] : (entry){name, strlen(name), i};
        const weir_column *kid = &c->kid[e.at];
        if (w->keep_nulls || !weir_is_null(kid, at)) put_member(w, &e, kid, at, o, depth + 1);
    }
    weir_mem_free(sorted);
    put_object_end(w, o, depth);
}

static void put_map(const weir_json_write *w, const weir_column *c, int64_t row, weir_str *o,
                    int depth) {
    int64_t first;
    int32_t n = weir_get_list(c, row, &first);
    entry *e = weir_mem_resize(NULL, sizeof *e * (size_t)(n + 1));
    weir_str keys;
    weir_str_init(&keys, NULL, 1u << 30);
    weir_str_putc(o, '{');
    for (int32_t i = 0; i < n; i++) {
        size_t from = keys.len;
        key_text(&c->kid[0], first + i, &keys);
        e[i] = (entry){NULL, keys.len - from, i};
    }
    for (int32_t i = 0, from = 0; i < n; from += (int32_t)e[i].len, i++)
        e[i].name = keys.p ? keys.p + from : "";
    if (w->sort_keys) qsort(e, (size_t)n, sizeof *e, by_name);
    for (int32_t i = 0; i < n && !o->failed; i++)
        put_member(w, &e[i], &c->kid[1], first + e[i].at, o, depth + 1);
    o->failed |= keys.failed;
    weir_str_free(&keys);
    weir_mem_free(e);
    put_object_end(w, o, depth);
}

static void put_array(const weir_json_write *w, const weir_column *c, int64_t row, weir_str *o,
                      int depth) {
    int64_t first;
    int32_t n = weir_get_list(c, row, &first);
    weir_str_putc(o, '[');
    for (int32_t i = 0; i < n; i++) {
        if (i) weir_str_putc(o, ',');
        if (w->pretty) weir_str_putc(o, ' ');
        put(w, &c->kid[0], first + i, o, depth);
    }
    weir_str_puts(o, w->pretty ? " ]" : "]");
}

static void put(const weir_json_write *w, const weir_column *c, int64_t row, weir_str *o,
                int depth) {
    weir_bytes b;
    if (weir_is_null(c, row)) {
        weir_str_puts(o, "null");
        return;
    }
    switch (c->type->kind) {
    case WEIR_T_BOOLEAN: weir_str_puts(o, WEIR_AT_ROW(uint8_t, c, row) ? "true" : "false"); break;
    case WEIR_T_FLOAT: put_float(o, WEIR_AT_ROW(float, c, row), true); break;
    case WEIR_T_DOUBLE: put_float(o, WEIR_AT_ROW(double, c, row), false); break;
    case WEIR_T_DECIMAL: put_decimal(c, row, o); break;
    case WEIR_T_STRING: b = weir_get_bytes(c, row), put_quoted(w, o, b.p, (size_t)b.len); break;
    case WEIR_T_BINARY:
        weir_str_putc(o, '"');
        weir_base64(o, weir_get_bytes(c, row));
        weir_str_putc(o, '"');
        break;
    case WEIR_T_TIMESTAMP: put_timestamp(w, WEIR_AT_ROW(int64_t, c, row), o); break;
    case WEIR_T_DATE:
    case WEIR_T_TIME:
    case WEIR_T_TIMESTAMP_NTZ: put_time(w, c, row, o); break;
    case WEIR_T_INTERVAL:
    case WEIR_T_INTERVAL_YM:
    case WEIR_T_INTERVAL_DT: put_interval(c, row, o); break;
    case WEIR_T_STRUCT: put_struct(w, c, row, o, depth); break;
    case WEIR_T_ARRAY: put_array(w, c, row, o, depth); break;
    case WEIR_T_MAP: put_map(w, c, row, o, depth); break;
    case WEIR_T_VARIANT: {
        weir_variant v = weir_get_variant(c, row);
        weir_vfault f; /* what is in a column is whole */
        (void)weir_variant_json(&v, 0, w->zone, o, &f);
        break;
    }
    default: put_integer(c, row, o); break;
    }
}

void weir_json_put(const weir_json_write *w, const weir_column *c, int64_t row, weir_str *o) {
    put(w, c, row, o, 0);
}

/* ---- options ---- */

static weir_rc format_of(weir_ctx *ctx, const char *text, const weir_pattern **out) {
    weir_pattern *p = NULL;
    if (!text) return WEIR_OK;
    WEIR_TRY(weir_pattern_compile(ctx, text, strlen(text), false, &p));
    *out = p;
    return WEIR_OK;
}

weir_rc weir_json_write_flags(weir_ctx *ctx, const char *(*get)(void *u, const char *key), void *u,
                              weir_json_write *w) {
    const char *tz = get(u, "timeZone");
    *w = (weir_json_write){0};
    bool leave = weir_conf_bool(ctx->conf, "spark.sql.jsonGenerator.ignoreNullFields");
    WEIR_TRY(weir_json_flag_option(ctx, get(u, "ignoreNullFields"), &leave));
    w->keep_nulls = !leave;
    WEIR_TRY(weir_json_flag_option(ctx, get(u, "pretty"), &w->pretty));
    WEIR_TRY(weir_json_flag_option(ctx, get(u, "sortKeys"), &w->sort_keys));
    WEIR_TRY(weir_json_flag_option(ctx, get(u, "writeNonAsciiCharacterAsCodePoint"), &w->ascii));
    w->zone = tz ? weir_zone_find(tz, strlen(tz)) : weir_zone_session(ctx);
    return w->zone ? WEIR_OK : weir_fail(ctx, WEIR_E_INVALID_TIMEZONE, "timeZone", tz);
}

weir_rc weir_json_write_options(weir_ctx *ctx, const char *(*get)(void *u, const char *key),
                                void *u, weir_json_write *w) {
    WEIR_TRY(weir_json_write_flags(ctx, get, u, w));
    WEIR_TRY(format_of(ctx, get(u, "dateFormat"), &w->date_format));
    WEIR_TRY(format_of(ctx, get(u, "timestampFormat"), &w->timestamp_format));
    WEIR_TRY(format_of(ctx, get(u, "timeFormat"), &w->time_format));
    return format_of(ctx, get(u, "timestampNTZFormat"), &w->ntz_format);
}
