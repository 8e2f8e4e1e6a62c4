/* Casts to STRING and SQL literals for messages. SPARK ToStringBase, Literal.sql. Called through
 * cast.c and by show(). */
#include "func/cast.h"
#include "func/interval.h"

#include <math.h>
#include <stdio.h>

static int int_text(int64_t v, char *out) {
    char t[24];
    int n = 0, k = 0;
    uint64_t m = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    do t[n++] = (char)('0' + m % 10);
    while (m /= 10);
    if (v < 0) out[k++] = '-';
    while (n) out[k++] = t[--n];
    return k;
}

/* Scalars with a bounded text; returns -1 for the others. */
static int short_text(const weir_cast *c, const weir_column *in, int64_t i, char out[64]) {
    const weir_type *t = in->type;
    switch (t->kind) {
    case WEIR_T_BOOLEAN:
        memcpy(out, WEIR_AT_ROW(uint8_t, in, i) ? "true" : "false", 5);
        return WEIR_AT_ROW(uint8_t, in, i) ? 4 : 5;
    case WEIR_T_BYTE:
    case WEIR_T_SHORT:
    case WEIR_T_INT:
    case WEIR_T_LONG: return int_text(weir_get_int(in, i), out);
    case WEIR_T_FLOAT: return weir_float_text(WEIR_AT_ROW(float, in, i), out);
    case WEIR_T_DOUBLE: return weir_double_text(WEIR_AT_ROW(double, in, i), out);
    case WEIR_T_DECIMAL: {
        weir_i128 v = WEIR_AT_ROW(weir_i128, in, i);
        return c->raise || c->pretty ? weir_dec_text(v, t->scale, out)
                                     : weir_dec_text_sci(v, t->scale, out);
    }
    case WEIR_T_DATE: return weir_date_text(WEIR_AT_ROW(int32_t, in, i), out);
    case WEIR_T_TIMESTAMP: return weir_timestamp_text(WEIR_AT_ROW(int64_t, in, i), c->zone, out);
    case WEIR_T_TIMESTAMP_NTZ: return weir_ntz_text(WEIR_AT_ROW(int64_t, in, i), out);
    case WEIR_T_TIME: return weir_time_text(WEIR_AT_ROW(int64_t, in, i) / 1000, out);
    default: return -1;
    }
}

static void hex_text(weir_bytes b, weir_str *s) { /* SPARK pretty: [61 62] */
    weir_str_putc(s, '[');
    for (int32_t i = 0; i < b.len; i++)
        weir_str_printf(s, "%s%02X", i ? " " : "", (unsigned char)b.p[i]);
    weir_str_putc(s, ']');
}

static void item(const weir_cast *c, const weir_column *col, int64_t row, weir_str *s) {
    if (weir_is_null(col, row))
        weir_str_puts(s, c->pretty ? "NULL" : "null");
    else
        weir_value_text(c, col, row, s);
}

static void nested_text(const weir_cast *c, const weir_column *in, int64_t i, weir_str *s) {
    const weir_type *t = in->type;
    if (t->kind == WEIR_T_STRUCT) {
        weir_str_putc(s, '{');
        for (int f = 0; f < t->nfield; f++) {
            if (f) weir_str_puts(s, ", ");
            item(&c->kid[f], &in->kid[f], weir_kid_row(in, i), s);
        }
        weir_str_putc(s, '}');
        return;
    }
    int64_t first;
    int32_t n = weir_get_list(in, i, &first);
    weir_str_putc(s, t->kind == WEIR_T_MAP ? '{' : '[');
    for (int32_t k = 0; k < n; k++) {
        if (k) weir_str_puts(s, ", ");
        item(&c->kid[0], &in->kid[0], first + k, s);
        if (t->kind != WEIR_T_MAP) continue;
        weir_str_puts(s, " -> ");
        item(&c->kid[1], &in->kid[1], first + k, s);
    }
    weir_str_putc(s, t->kind == WEIR_T_MAP ? '}' : ']');
}

void weir_value_text(const weir_cast *c, const weir_column *in, int64_t i, weir_str *s) {
    char t[64];
    int n = short_text(c, in, i, t);
    if (n >= 0) {
        weir_str_add(s, t, (size_t)n);
        return;
    }
    switch (in->type->kind) {
    case WEIR_T_STRING:
    case WEIR_T_BINARY: {
        weir_bytes b = weir_get_bytes(in, i);
        if (c->pretty && in->type->kind == WEIR_T_BINARY)
            hex_text(b, s);
        else
            weir_str_add(s, b.p, (size_t)b.len);
        return;
    }
    case WEIR_T_INTERVAL: weir_interval_text(WEIR_AT_ROW(weir_interval, in, i), s); return;
    case WEIR_T_INTERVAL_YM:
        weir_interval_ansi_text(in->type, WEIR_AT_ROW(int32_t, in, i), s);
        return;
    case WEIR_T_INTERVAL_DT:
        weir_interval_ansi_text(in->type, WEIR_AT_ROW(int64_t, in, i), s);
        return;
    case WEIR_T_ARRAY:
    case WEIR_T_MAP:
    case WEIR_T_STRUCT: nested_text(c, in, i, s); return;
    default: return;
    }
}

static weir_rc to_text(weir_ctx *ctx, const weir_cast *c, const weir_column *in, weir_column *out) {
    weir_build b;
    weir_str s;
    char t[64];
    WEIR_TRY(weir_build_init(ctx, &b, &weir_t_string));
    WEIR_TRY(weir_build_reserve(&b, in->len));
    weir_str_init(&s, ctx->arena, INT32_MAX);
    for (int64_t i = 0; i < in->len; i++) {
        if (weir_is_null(in, i)) {
            weir_build_null(&b);
            continue;
        }
        int n = short_text(c, in, i, t);
        if (n >= 0) {
            weir_build_bytes(&b, t, (size_t)n);
            continue;
        }
        s.len = 0;
        weir_value_text(c, in, i, &s);
        weir_build_bytes(&b, s.p ? s.p : "", s.len);
    }
    return weir_build_finish(ctx, &b, out);
}

weir_cast_step *weir_cast_text_step(const weir_type *from) {
    return from->kind == WEIR_T_VARIANT ? NULL : to_text;
}

static char *real_sql(weir_ctx *ctx, const weir_column *in, int64_t i) {
    bool single = in->type->kind == WEIR_T_FLOAT;
    double v = single ? (double)WEIR_AT_ROW(float, in, i) : WEIR_AT_ROW(double, in, i);
    char t[32];
    if (single)
        weir_float_text((float)v, t);
    else
        weir_double_text(v, t);
    const char *type = single ? "FLOAT" : "DOUBLE";
    if (!isfinite(v)) return weir_printf(ctx->arena, "CAST('%s' AS %s)", t, type);
    return single ? weir_printf(ctx->arena, "CAST(%s AS FLOAT)", t)
                  : weir_printf(ctx->arena, "%sD", t);
}

static char *string_sql(weir_ctx *ctx, weir_bytes b) {
    weir_str s;
    weir_str_init(&s, ctx->arena, 1 << 24);
    weir_str_putc(&s, '\'');
    for (int32_t i = 0; i < b.len; i++) {
        if (b.p[i] == '\\' || b.p[i] == '\'') weir_str_putc(&s, '\\');
        weir_str_putc(&s, b.p[i]);
    }
    weir_str_putc(&s, '\'');
    return s.p;
}

char *weir_value_sql(weir_ctx *ctx, const weir_column *in, int64_t i) {
    weir_cast c;
    bool ok = true;
    weir_str s;
    if (weir_is_null(in, i)) return weir_strdup(ctx->arena, "NULL");
    if (in->type->kind == WEIR_T_STRING) return string_sql(ctx, weir_get_bytes(in, i));
    if (in->type->kind == WEIR_T_FLOAT || in->type->kind == WEIR_T_DOUBLE)
        return real_sql(ctx, in, i);
    if (weir_cast_plan(ctx, in->type, &weir_t_string, WEIR_CAST_ANSI, NULL, &c, &ok) != WEIR_OK ||
        !ok)
        return weir_strdup(ctx->arena, "?");
    weir_str_init(&s, ctx->arena, 1 << 24);
    weir_value_text(&c, in, i, &s);
    const char *t = s.p ? s.p : "";
    switch (in->type->kind) {
    case WEIR_T_BYTE: return weir_printf(ctx->arena, "%sY", t);
    case WEIR_T_SHORT: return weir_printf(ctx->arena, "%sS", t);
    case WEIR_T_LONG: return weir_printf(ctx->arena, "%sL", t);
    case WEIR_T_DECIMAL: return weir_printf(ctx->arena, "%sBD", t);
    case WEIR_T_DATE: return weir_printf(ctx->arena, "DATE '%s'", t);
    case WEIR_T_TIMESTAMP: return weir_printf(ctx->arena, "TIMESTAMP '%s'", t);
    case WEIR_T_TIMESTAMP_NTZ: return weir_printf(ctx->arena, "TIMESTAMP_NTZ '%s'", t);
    case WEIR_T_TIME: return weir_printf(ctx->arena, "TIME '%s'", t);
    case WEIR_T_BINARY: {
        weir_bytes b = weir_get_bytes(in, i);
        weir_str_init(&s, ctx->arena, 1 << 24);
        weir_str_puts(&s, "X'");
        for (int32_t k = 0; k < b.len; k++) weir_str_printf(&s, "%02X", (unsigned char)b.p[k]);
        weir_str_putc(&s, '\'');
        return s.p;
    }
    default: return weir_strdup(ctx->arena, t);
    }
}
