/* See csv_value.h. SPARK UnivocityParser.makeConverter */
#include "codec/csv_value.h"

#include "codec/java_number.h"
#include "func/decimal.h"
#include "func/interval.h"

#include <math.h>
#include <strings.h>

static bool same(weir_csv_field f, weir_bytes t) {
    return f.n == t.len && (f.n == 0 || memcmp(f.p, t.p, (size_t)f.n) == 0);
}

/* ---- numbers ---- */

bool weir_csv_double(weir_ctx *ctx, const weir_csv_options *o, weir_csv_field f, bool single,
                     double *out) {
    if (same(f, o->nan)) return *out = NAN, true;
    if (same(f, o->neg_inf)) return *out = -INFINITY, true;
    if (same(f, o->inf)) return *out = INFINITY, true;
    return weir_java_double(ctx->arena, (weir_bytes){f.p, f.n}, single, out);
}

/* Digits with a point among them, few enough to need no care. */
static bool put_plain_decimal(weir_build *b, weir_csv_field f) {
    int64_t v = 0;
    int32_t i = f.n && *f.p == '-', minus = i, frac = 0, scale = b->type->scale;
    bool point = false;
    if (f.n - i > 18 || f.n == i || f.p[i] == '.') return false;
    for (; i < f.n; i++) {
        unsigned d = (unsigned)(f.p[i] - '0');
        if (f.p[i] == '.' && !point) {
            point = true;
            continue;
        }
        if (d > 9) return false;
        v = v * 10 + d;
        frac += point;
    }
    if (frac > scale) return false;
    weir_i128 all = (weir_i128)v * weir_pow10(scale - frac);
    if (!weir_dec_fits(all, b->type->precision)) return false;
    weir_build_dec(b, minus ? -all : all);
    return true;
}

static bool put_decimal(weir_ctx *ctx, weir_build *b, weir_csv_field f) {
    char buf[WEIR_JAVA_DIGITS];
    int precision;
    int64_t scale;
    weir_i128 v;
    if (put_plain_decimal(b, f)) return true;
    if (memchr(f.p ? f.p : "", ',', (size_t)f.n)) { /* SPARK: grouping, wherever it stands */
        char *t = weir_alloc(ctx->arena, (size_t)f.n);
        int32_t k = 0;
        for (int32_t i = 0; i < f.n; i++)
            if (f.p[i] != ',') t[k++] = f.p[i];
        f = (weir_csv_field){t, k, false};
    }
    weir_bytes s = {f.p, f.n};
    if (!weir_java_ascii(&s, buf) || !weir_java_decimal(s, &precision, &scale)) return false;
    if (weir_dec_parse(s.p, s.len, b->type->precision, b->type->scale, &v) != WEIR_DEC_OK)
        return false;
    weir_build_dec(b, v);
    return true;
}

static bool put_integer(weir_build *b, weir_csv_field f) {
    int64_t v;
    weir_kind k = b->type->kind;
    if (!weir_java_long((weir_bytes){f.p, f.n}, &v)) return false;
    if ((k == WEIR_T_BYTE && v != (int8_t)v) || (k == WEIR_T_SHORT && v != (int16_t)v) ||
        (k == WEIR_T_INT && v != (int32_t)v))
        return false;
    weir_build_int(b, v);
    return true;
}

/* ---- words and times ---- */

bool weir_csv_boolean(weir_csv_field f, bool *out) {
    *out = f.n == 4 && (f.p[0] | 32) == 't' && (f.p[1] | 32) == 'r' && (f.p[2] | 32) == 'u' &&
           (f.p[3] | 32) == 'e';
    /* Java: the long s is an s, too */
    return *out || (f.n == 5 && strncasecmp(f.p, "false", 5) == 0) ||
           (f.n == 6 && strncasecmp(f.p, "fal", 3) == 0 && memcmp(f.p + 3, "\xC5\xBF", 2) == 0 &&
            (f.p[5] | 32) == 'e');
}

bool weir_csv_date(const weir_csv_options *o, weir_csv_field f, int32_t *out) {
    int64_t us;
    const weir_csv_pattern *w = &o->date_format;
    if (!w->text) return weir_date_parse(f.p, f.n, out);
    if (!w->pattern || !weir_pattern_parse(w->pattern, f.p, f.n, weir_zone_utc(), &us))
        return false;
    *out = (int32_t)weir_floor_div(us, WEIR_DAY_US);
    return true;
}

bool weir_csv_timestamp(const weir_csv_options *o, weir_csv_field f, int64_t *out) {
    const weir_csv_pattern *w = &o->timestamp_format;
    if (!w->text) return weir_timestamp_parse(f.p, f.n, o->zone, out);
    return w->pattern && weir_pattern_parse(w->pattern, f.p, f.n, o->zone, out);
}

bool weir_csv_ntz(const weir_csv_options *o, weir_csv_field f, int64_t *out) {
    const weir_csv_pattern *w = &o->ntz_format;
    if (!w->text) return weir_timestamp_ntz_parse(f.p, f.n, false, out);
    return w->pattern && weir_pattern_parse(w->pattern, f.p, f.n, weir_zone_utc(), out);
}

/* SPARK DateTimeUtils.cleanLegacyTimestampStr */
static weir_csv_field without_gmt(weir_ctx *ctx, weir_csv_field f) {
    const char *hit = f.n >= 3 ? memmem(f.p, (size_t)f.n, "GMT", 3) : NULL;
    if (!hit) return f;
    char *t = weir_alloc(ctx->arena, (size_t)f.n);
    int32_t k = 0;
    for (int32_t i = 0; i < f.n; i++) {
        if (f.n - i >= 3 && memcmp(f.p + i, "GMT", 3) == 0)
            i += 2;
        else
            t[k++] = f.p[i];
    }
    return (weir_csv_field){t, k, false};
}

static weir_rc put_time(weir_ctx *ctx, const weir_csv_options *o, weir_build *b, weir_csv_field f,
                        bool *good) {
    weir_kind k = b->type->kind;
    const weir_csv_pattern *w = k == WEIR_T_DATE        ? &o->date_format
                               : k == WEIR_T_TIMESTAMP ? &o->timestamp_format
                                                       : &o->ntz_format;
    int64_t us;
    int32_t day;
    if (w->upgrade) return weir_csv_pattern_fail(ctx, w);
    if (k == WEIR_T_DATE) {
        /* what is read otherwise has what the pattern yyyy-MM-dd takes */
        bool lenient = o->date_fallback && !o->date_given;
        *good = lenient ? weir_date_parse(f.p, f.n, &day) : weir_csv_date(o, f, &day);
        if (!*good && o->date_fallback) {
            f = without_gmt(ctx, f);
            *good = weir_date_parse(f.p, f.n, &day);
        }
        if (*good) weir_build_i32(b, day);
        return WEIR_OK;
    }
    *good = k == WEIR_T_TIMESTAMP ? weir_csv_timestamp(o, f, &us) : weir_csv_ntz(o, f, &us);
    if (!*good && k == WEIR_T_TIMESTAMP && o->timestamp_fallback) {
        f = without_gmt(ctx, f);
        *good = weir_timestamp_parse(f.p, f.n, o->zone, &us);
    }
    if (*good) weir_build_i64(b, us);
    return WEIR_OK;
}

weir_rc weir_csv_value(weir_ctx *ctx, const weir_csv_options *o, weir_build *b, weir_csv_field f,
                       bool *good) {
    double d;
    int64_t v;
    bool yes;
    *good = true;
    if (f.null) return weir_build_null(b), WEIR_OK;
    switch (b->type->kind) {
    case WEIR_T_STRING:
    case WEIR_T_BINARY: weir_build_bytes(b, f.p, (size_t)f.n); return WEIR_OK;
    case WEIR_T_BYTE:
    case WEIR_T_SHORT:
    case WEIR_T_INT:
    case WEIR_T_LONG: *good = put_integer(b, f); return WEIR_OK;
    case WEIR_T_FLOAT:
        *good = weir_csv_double(ctx, o, f, true, &d);
        if (*good) weir_build_f32(b, (float)d);
        return WEIR_OK;
    case WEIR_T_DOUBLE:
        *good = weir_csv_double(ctx, o, f, false, &d);
        if (*good) weir_build_f64(b, d);
        return WEIR_OK;
    case WEIR_T_DECIMAL: *good = put_decimal(ctx, b, f); return WEIR_OK;
    case WEIR_T_BOOLEAN:
        *good = weir_csv_boolean(f, &yes);
        if (*good) weir_build_bool(b, yes);
        return WEIR_OK;
    case WEIR_T_INTERVAL_YM:
    case WEIR_T_INTERVAL_DT:
        *good = weir_interval_ansi_parse(f.p, f.n, b->type, &v);
        if (*good && b->type->kind == WEIR_T_INTERVAL_YM)
            weir_build_i32(b, (int32_t)v);
        else if (*good)
            weir_build_i64(b, v);
        return WEIR_OK;
    default: return put_time(ctx, o, b, f, good);
    }
}
