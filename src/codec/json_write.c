/* Values to JSON text. See json_write.h. Any thread. */
#include "codec/json_write.h"

#include "func/decimal.h"
#include "func/interval.h"

#include <math.h>
#include <strings.h>

static void put_quoted(weir_str *o, const char *p, size_t n) { weir_json_escape(o, p, n); }

static void put_base64(weir_str *o, const uint8_t *p, int32_t n) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    weir_str_putc(o, '"');
    for (int32_t i = 0; i < n; i += 3) {
        uint32_t v = (uint32_t)p[i] << 16 | (i + 1 < n ? (uint32_t)p[i + 1] << 8 : 0) |
                     (i + 2 < n ? p[i + 2] : 0u);
        weir_str_putc(o, digits[v >> 18]);
        weir_str_putc(o, digits[v >> 12 & 63]);
        weir_str_putc(o, i + 1 < n ? digits[v >> 6 & 63] : '=');
        weir_str_putc(o, i + 2 < n ? digits[v & 63] : '=');
    }
    weir_str_putc(o, '"');
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

static void put_timestamp(const weir_json_write *w, int64_t us, weir_str *o) {
    int32_t off = weir_zone_offset(w->zone, weir_floor_div(us, 1000000));
    weir_str_putc(o, '"');
    if (w->timestamp_format) {
        weir_pattern_format(w->timestamp_format, us, w->zone, o);
    } else {
        put_clock(o, weir_zone_local(w->zone, us));
        if (off == 0)
            weir_str_putc(o, 'Z');
        else
            put_offset(o, off);
    }
    weir_str_putc(o, '"');
}

static void put_time(const weir_json_write *w, const weir_column *c, int64_t row, weir_str *o) {
    char t[WEIR_TIME_TEXT];
    if (c->type->kind == WEIR_T_TIMESTAMP) {
        put_timestamp(w, WEIR_AT_ROW(int64_t, c, row), o);
        return;
    }
    weir_str_putc(o, '"');
    if (c->type->kind == WEIR_T_DATE) {
        int32_t d = WEIR_AT_ROW(int32_t, c, row);
        if (w->date_format)
            weir_pattern_format(w->date_format, (int64_t)d * WEIR_DAY_US, weir_zone_utc(), o);
        else
            weir_str_add(o, t, (size_t)weir_date_text(d, t));
    } else if (w->ntz_format) {
        weir_pattern_format(w->ntz_format, WEIR_AT_ROW(int64_t, c, row), weir_zone_utc(), o);
    } else {
        put_clock(o, WEIR_AT_ROW(int64_t, c, row));
    }
    weir_str_putc(o, '"');
}

static void put_float(weir_str *o, double v, bool narrow) {
    char t[32];
    int n = narrow ? weir_float_text((float)v, t) : weir_double_text(v, t);
    if (isfinite(v))
        weir_str_add(o, t, (size_t)n);
    else
        put_quoted(o, t, (size_t)n);
}

static void put_struct(const weir_json_write *w, const weir_column *c, int64_t row, weir_str *o) {
    bool any = false;
    int64_t at = weir_kid_row(c, row);
    weir_str_putc(o, '{');
    for (int i = 0; i < c->nkid; i++) {
        const char *name = c->type->field[i].name;
        if (!w->keep_nulls && weir_is_null(&c->kid[i], at)) continue;
        if (any) weir_str_putc(o, ',');
        any = true;
        put_quoted(o, name, strlen(name));
        weir_str_putc(o, ':');
        weir_json_put(w, &c->kid[i], at, o);
    }
    weir_str_putc(o, '}');
}

static void put_key(const weir_json_write *w, const weir_column *k, int64_t row, weir_str *o) {
    weir_str t;
    if (k->type->kind == WEIR_T_STRING) {
        weir_json_put(w, k, row, o);
        return;
    }
    weir_str_init(&t, NULL, 1u << 30);
    weir_json_put(w, k, row, &t);
    if (t.len && t.p[0] == '"')
        weir_str_add(o, t.p, t.len);
    else
        put_quoted(o, t.p, t.len);
    weir_str_free(&t);
}

static void put_list(const weir_json_write *w, const weir_column *c, int64_t row, weir_str *o) {
    int64_t first;
    int32_t n = weir_get_list(c, row, &first);
    bool map = c->type->kind == WEIR_T_MAP;
    weir_str_putc(o, map ? '{' : '[');
    for (int32_t i = 0; i < n; i++) {
        if (i) weir_str_putc(o, ',');
        if (map) {
            put_key(w, &c->kid[0], first + i, o);
            weir_str_putc(o, ':');
        }
        weir_json_put(w, &c->kid[map], first + i, o);
    }
    weir_str_putc(o, map ? '}' : ']');
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

void weir_json_put(const weir_json_write *w, const weir_column *c, int64_t row, weir_str *o) {
    char t[64];
    weir_bytes b;
    if (weir_is_null(c, row)) {
        weir_str_puts(o, "null");
        return;
    }
    switch (c->type->kind) {
    case WEIR_T_BOOLEAN: weir_str_puts(o, WEIR_AT_ROW(uint8_t, c, row) ? "true" : "false"); break;
    case WEIR_T_FLOAT: put_float(o, WEIR_AT_ROW(float, c, row), true); break;
    case WEIR_T_DOUBLE: put_float(o, WEIR_AT_ROW(double, c, row), false); break;
    case WEIR_T_DECIMAL:
        weir_str_add(o, t,
                     (size_t)weir_dec_text(WEIR_AT_ROW(weir_i128, c, row), c->type->scale, t));
        break;
    case WEIR_T_STRING: b = weir_get_bytes(c, row), put_quoted(o, b.p, (size_t)b.len); break;
    case WEIR_T_BINARY:
        b = weir_get_bytes(c, row), put_base64(o, (const uint8_t *)b.p, b.len);
        break;
    case WEIR_T_DATE:
    case WEIR_T_TIMESTAMP:
    case WEIR_T_TIMESTAMP_NTZ: put_time(w, c, row, o); break;
    case WEIR_T_INTERVAL:
    case WEIR_T_INTERVAL_YM:
    case WEIR_T_INTERVAL_DT: put_interval(c, row, o); break;
    case WEIR_T_STRUCT: put_struct(w, c, row, o); break;
    case WEIR_T_ARRAY:
    case WEIR_T_MAP: put_list(w, c, row, o); break;
    default: put_integer(c, row, o); break;
    }
}

static weir_rc format_of(weir_ctx *ctx, const char *text, const weir_pattern **out) {
    weir_pattern *p = NULL;
    if (!text) return WEIR_OK;
    WEIR_TRY(weir_pattern_compile(ctx, text, strlen(text), false, &p));
    *out = p;
    return WEIR_OK;
}

weir_rc weir_json_write_options(weir_ctx *ctx, const char *(*get)(void *u, const char *key),
                                void *u, weir_json_write *w) {
    const char *ignore = get(u, "ignoreNullFields"), *tz = get(u, "timeZone");
    *w = (weir_json_write){0};
    w->keep_nulls = ignore ? strcasecmp(ignore, "false") == 0
                           : !weir_conf_bool(ctx->conf, "spark.sql.jsonGenerator.ignoreNullFields");
    w->zone = tz ? weir_zone_find(tz, strlen(tz)) : weir_zone_session(ctx);
    if (!w->zone)
        return weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                         weir_printf(ctx->arena, "the option timeZone names no time zone: %s", tz));
    WEIR_TRY(format_of(ctx, get(u, "dateFormat"), &w->date_format));
    WEIR_TRY(format_of(ctx, get(u, "timestampFormat"), &w->timestamp_format));
    return format_of(ctx, get(u, "timestampNTZFormat"), &w->ntz_format);
}
