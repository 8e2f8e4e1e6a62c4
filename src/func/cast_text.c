/* Casts to STRING and SQL literals for messages. SPARK ToStringBase, Literal.sql. Called through
 * cast.c and by show(). */
#include "func/cast.h"
#include "func/interval.h"
#include "func/variant.h"

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
    case WEIR_T_VARIANT: {
        weir_variant v = weir_get_variant(in, i);
        weir_vfault f; /* what is in a column is whole */
        (void)weir_variant_json(&v, 0, c->zone, s, &f);
        return;
    }
    default: return;
    }
}

static inline int digit_count(uint64_t v) {
    int n = 1;
    for (; v >= 10000; v /= 10000) n += 4;
    return n + (v >= 10) + (v >= 100) + (v >= 1000);
}

static inline uint64_t magnitude(int64_t v) { return v < 0 ? 0 - (uint64_t)v : (uint64_t)v; }

static inline void put_digits(char *end, int64_t v) {
    static const char pairs[] = "00010203040506070809101112131415161718192021222324"
                                "25262728293031323334353637383940414243444546474849"
                                "50515253545556575859606162636465666768697071727374"
                                "75767778798081828384858687888990919293949596979899";
    uint64_t m = magnitude(v);
    for (; m >= 100; m /= 100) memcpy(end -= 2, pairs + m % 100 * 2, 2);
    if (m >= 10)
        memcpy(end -= 2, pairs + m * 2, 2);
    else
        *--end = (char)('0' + m);
    if (v < 0) *--end = '-';
}

/* LONG and INT: lengths first, then the digits in place. */
#define INTEGERS(T)                                                                                \
    do {                                                                                           \
        const T *v_ = (const T *)(const void *)in->data->p + in->off;                              \
        int64_t total = 0;                                                                         \
        for (int64_t i = 0; i < in->len; i++) {                                                    \
            bool null = in->valid && !weir_bit(in->valid->p, in->off + i);                         \
            if (!null) total += digit_count(magnitude(v_[i])) + (v_[i] < 0);                       \
            off[i + 1] = (int32_t)total;                                                           \
        }                                                                                          \
        WEIR_TRY(weir_buf_new(ctx, total, &out->heap));                                            \
        for (int64_t i = 0; i < in->len; i++)                                                      \
            if (off[i + 1] > off[i]) put_digits((char *)out->heap->p + off[i + 1], v_[i]);         \
    } while (0)

static weir_rc integer_text(weir_ctx *ctx, const weir_column *in, weir_column *out) {
    weir_column flat;
    *out = (weir_column){.type = &weir_t_string, .form = WEIR_FLAT, .len = in->len};
    if (in->valid) { /* at the same rows, from 0 */
        weir_column v = weir_column_slice(in, 0, in->len);
        WEIR_TRY(weir_column_flatten(ctx, &v, &flat));
        in = &flat;
        out->valid = flat.valid;
    }
    WEIR_TRY(weir_buf_new(ctx, (in->len + 1) * 4, &out->data));
    int32_t *off = (int32_t *)(void *)out->data->p;
    off[0] = 0;
    if (in->type->kind == WEIR_T_LONG)
        INTEGERS(int64_t);
    else
        INTEGERS(int32_t);
    return WEIR_OK;
}

static weir_rc to_text(weir_ctx *ctx, const weir_cast *c, const weir_column *in, weir_column *out) {
    weir_build b;
    weir_str s;
    char t[64];
    weir_kind k = in->type->kind;
    if ((k == WEIR_T_LONG || k == WEIR_T_INT) && in->form == WEIR_FLAT && in->len < 50000000)
        return integer_text(ctx, in, out);
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

weir_cast_step *weir_cast_text_step(void) { return to_text; }

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
