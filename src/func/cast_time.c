/* Casts with dates, timestamps and intervals, and of nested types. SPARK Cast. Called through
 * cast.c; any thread. */
#include "func/cast.h"
#include "func/lists.h"

#include <math.h>

#define STEP(name)                                                                                 \
    static weir_rc name(weir_ctx *ctx, const weir_cast *c, const weir_column *in, weir_column *out)

STEP(date_ts) {
    int64_t *o;
    WEIR_TRY(weir_cast_fixed(ctx, out, &o));
    bool ntz = c->to->kind == WEIR_T_TIMESTAMP_NTZ;
    for (int64_t i = 0; i < in->len; i++) {
        int64_t local = 0;
        o[i] = 0;
        if (weir_is_null(in, i)) continue;
        if (__builtin_mul_overflow((int64_t)WEIR_AT_ROW(int32_t, in, i), WEIR_DAY_US, &local)) {
            WEIR_TRY(weir_cast_bad(ctx, c, WEIR_BAD_OVERFLOW, in, i, out));
            continue;
        }
        o[i] = ntz ? local : weir_zone_to_utc(c->zone, local);
    }
    return WEIR_OK;
}

STEP(ts_date) {
    int32_t *o;
    const int64_t *p = WEIR_PTR(int64_t, in);
    WEIR_TRY(weir_cast_fixed(ctx, out, &o));
    bool ntz = in->type->kind == WEIR_T_TIMESTAMP_NTZ;
    for (int64_t i = 0; i < in->len; i++)
        o[i] = (int32_t)weir_floor_div(ntz ? p[i] : weir_zone_local(c->zone, p[i]), WEIR_DAY_US);
    return WEIR_OK;
}

STEP(ts_ntz) {
    int64_t *o;
    const int64_t *p = WEIR_PTR(int64_t, in);
    WEIR_TRY(weir_cast_fixed(ctx, out, &o));
    for (int64_t i = 0; i < in->len; i++)
        o[i] = in->type->kind == WEIR_T_TIMESTAMP ? weir_zone_local(c->zone, p[i])
                                                  : weir_zone_to_utc(c->zone, p[i]);
    return WEIR_OK;
}

STEP(ts_time) {
    int64_t *o;
    const int64_t *p = WEIR_PTR(int64_t, in);
    WEIR_TRY(weir_cast_fixed(ctx, out, &o));
    for (int64_t i = 0; i < in->len; i++)
        o[i] = weir_floor_mod(in->type->kind == WEIR_T_TIMESTAMP ? weir_zone_local(c->zone, p[i])
                                                                 : p[i],
                              WEIR_DAY_US) *
               1000; /* nanos */
    return WEIR_OK;
}

static weir_rc store_int(weir_ctx *ctx, const weir_cast *c, const weir_column *in, weir_column *out,
                         uint8_t *o, int64_t i, int64_t v) {
    int width = weir_type_width(c->to);
    bool bad = width == 1   ? v != (int8_t)v
               : width == 2 ? v != (int16_t)v
               : width == 4 ? v != (int32_t)v
                            : false;
    memcpy(o + i * width, &v, (size_t)width);
    bool strict =
        c->ansi || in->type->kind ==
                       WEIR_T_TIMESTAMP; /* SPARK: legacy timestamps give null, not a cut value */
    if (bad && strict && !weir_is_null(in, i))
        return weir_cast_bad(ctx, c, WEIR_BAD_OVERFLOW, in, i, out);
    return WEIR_OK;
}

/* Seconds since the epoch. */
STEP(ts_num) {
    void *o;
    WEIR_TRY(weir_cast_fixed(ctx, out, &o));
    for (int64_t i = 0; i < in->len; i++) {
        int64_t us = WEIR_AT_ROW(int64_t, in, i);
        if (weir_is_null(in, i)) us = 0;
        switch (c->to->kind) {
        case WEIR_T_DOUBLE: ((double *)o)[i] = (double)us / 1e6; break;
        case WEIR_T_FLOAT: ((float *)o)[i] = (float)((double)us / 1e6); break;
        case WEIR_T_BOOLEAN: ((uint8_t *)o)[i] = us != 0; break;
        case WEIR_T_DECIMAL:
            if (!weir_dec_rescale(us, 6, c->to->scale, c->to->precision, &((weir_i128 *)o)[i]))
                WEIR_TRY(weir_cast_bad(ctx, c, WEIR_BAD_DECIMAL, in, i, out));
            break;
        default: WEIR_TRY(store_int(ctx, c, in, out, o, i, weir_floor_div(us, 1000000)));
        }
    }
    return WEIR_OK;
}

static bool real_micros(double v, bool ansi, int64_t *us) {
    double m = v * 1e6;
    *us = 0;
    if (!isfinite(v)) return false;
    if (ansi && !(floor(m) <= 0x1p63 && ceil(m) >= -0x1p63)) return false;
    *us = m >= 0x1p63 ? INT64_MAX : m <= -0x1p63 ? INT64_MIN : (int64_t)m;
    return true;
}

STEP(num_ts) {
    int64_t *o;
    WEIR_TRY(weir_cast_fixed(ctx, out, &o));
    for (int64_t i = 0; i < in->len; i++) {
        bool ok = true;
        weir_i128 d;
        o[i] = 0;
        if (weir_is_null(in, i)) continue;
        switch (in->type->kind) {
        case WEIR_T_DOUBLE: ok = real_micros(WEIR_AT_ROW(double, in, i), c->ansi, &o[i]); break;
        case WEIR_T_FLOAT:
            ok = real_micros((double)WEIR_AT_ROW(float, in, i), c->ansi, &o[i]);
            break;
        case WEIR_T_BOOLEAN: o[i] = WEIR_AT_ROW(uint8_t, in, i); break; /* SPARK: one microsecond */
        case WEIR_T_DECIMAL:
            d = WEIR_AT_ROW(weir_i128, in, i);
            o[i] = (int64_t)(c->from->scale <= 6 ? d * weir_pow10(6 - c->from->scale)
                                                 : d / weir_pow10(c->from->scale - 6));
            break;
        default:
            if (__builtin_mul_overflow(weir_get_int(in, i), INT64_C(1000000),
                                       &o[i])) /* SPARK SECONDS.toMicros saturates */
                o[i] = weir_get_int(in, i) < 0 ? INT64_MIN : INT64_MAX;
        }
        if (!ok) {
            bool plain =
                !isfinite(in->type->kind == WEIR_T_DOUBLE ? WEIR_AT_ROW(double, in, i)
                                                          : (double)WEIR_AT_ROW(float, in, i));
            WEIR_TRY(weir_cast_bad(ctx, c, plain ? WEIR_BAD_INPUT : WEIR_BAD_OVERFLOW, in, i, out));
        }
    }
    return WEIR_OK;
}

/* Micros of one unit of the interval's last field. */
static int64_t unit_of(const weir_type *t) {
    static const int64_t us[] = {INT64_C(86400000000), INT64_C(3600000000), 60000000, 1000000};
    return t->kind == WEIR_T_INTERVAL_YM ? (t->scale == 0 ? 12 : 1) : us[t->scale];
}

STEP(num_interval) {
    uint8_t *o;
    int width = weir_type_width(c->to);
    WEIR_TRY(weir_cast_fixed(ctx, out, &o));
    for (int64_t i = 0; i < in->len; i++) {
        int64_t v = 0;
        bool bad = false;
        if (!weir_is_null(in, i) && in->type->kind == WEIR_T_DECIMAL) {
            weir_i128 r = 0;
            bad = !weir_dec_mul(WEIR_AT_ROW(weir_i128, in, i), unit_of(c->to), c->from->scale, 0,
                                19, &r);
            v = (int64_t)r;
        } else if (!weir_is_null(in, i)) {
            bad = __builtin_mul_overflow(weir_get_int(in, i), unit_of(c->to), &v);
        }
        if (width == 4 && v != (int32_t)v) bad = true;
        memcpy(o + i * width, &v, (size_t)width);
        if (bad) WEIR_TRY(weir_cast_bad(ctx, c, WEIR_BAD_OVERFLOW, in, i, out));
    }
    return WEIR_OK;
}

STEP(interval_num) {
    uint8_t *o;
    WEIR_TRY(weir_cast_fixed(ctx, out, &o));
    for (int64_t i = 0; i < in->len; i++) {
        int64_t v = weir_is_null(in, i) ? 0 : weir_get_int(in, i);
        if (c->to->kind != WEIR_T_DECIMAL) {
            WEIR_TRY(store_int(ctx, c, in, out, o, i, v / unit_of(c->from)));
            continue;
        }
        weir_i128 *d = (weir_i128 *)(void *)o + i;
        if (!weir_dec_div(v, 0, unit_of(c->from), 0, c->to->scale, c->to->precision, d))
            WEIR_TRY(weir_cast_bad(ctx, c, WEIR_BAD_DECIMAL, in, i, out));
    }
    return WEIR_OK;
}

/* Other fields: the value is cut to whole units of the target's last field. */
STEP(interval_interval) {
    uint8_t *o;
    int width = weir_type_width(c->to);
    WEIR_TRY(weir_cast_fixed(ctx, out, &o));
    for (int64_t i = 0; i < in->len; i++) {
        int64_t v = weir_get_int(in, i),
                unit = c->to->kind == WEIR_T_INTERVAL_DT && c->to->scale == 3 ? 1 : unit_of(c->to);
        v -= v % unit;
        memcpy(o + i * width, &v, (size_t)width);
    }
    return WEIR_OK;
}

weir_cast_step *weir_cast_time_step(const weir_type *from, const weir_type *to) {
    weir_kind f = from->kind, t = to->kind;
    bool fi = f == WEIR_T_INTERVAL_YM || f == WEIR_T_INTERVAL_DT,
         ti = t == WEIR_T_INTERVAL_YM || t == WEIR_T_INTERVAL_DT;
    bool fn = weir_type_is_numeric(from), tn = weir_type_is_numeric(to);
    if (f == WEIR_T_DATE && (t == WEIR_T_TIMESTAMP || t == WEIR_T_TIMESTAMP_NTZ)) return date_ts;
    if ((f == WEIR_T_TIMESTAMP || f == WEIR_T_TIMESTAMP_NTZ) && t == WEIR_T_DATE) return ts_date;
    if ((f == WEIR_T_TIMESTAMP && t == WEIR_T_TIMESTAMP_NTZ) ||
        (f == WEIR_T_TIMESTAMP_NTZ && t == WEIR_T_TIMESTAMP))
        return ts_ntz;
    if ((f == WEIR_T_TIMESTAMP || f == WEIR_T_TIMESTAMP_NTZ) && t == WEIR_T_TIME) return ts_time;
    if (f == WEIR_T_TIMESTAMP && (tn || t == WEIR_T_BOOLEAN)) return ts_num;
    if (t == WEIR_T_TIMESTAMP && (fn || f == WEIR_T_BOOLEAN)) return num_ts;
    if (fn && ti) return num_interval;
    if (fi && tn) return interval_num;
    return fi && ti ? interval_interval : NULL;
}

/* ---- nested: children are cast whole ---- */

STEP(nested) {
    weir_column rows = *in;
    weir_buf *valid = out->valid; /* from row 0 */
    if (in->type->kind != WEIR_T_STRUCT) WEIR_TRY(weir_list_dense(ctx, in, &rows));
    *out = rows;
    out->type = c->to;
    out->valid = valid;
    out->off = 0;
    out->kid = WEIR_NEWN(ctx->arena, weir_column, in->nkid);
    for (int k = 0; k < in->nkid; k++) {
        weir_column child, kid = rows.kid[k];
        if (in->type->kind == WEIR_T_STRUCT) WEIR_TRY(weir_struct_field(ctx, in, k, &kid));
        WEIR_TRY(weir_cast_run(ctx, &c->kid[k], &kid, &child));
        if (child.form == WEIR_CONST)
            WEIR_TRY(weir_column_flatten(ctx, &child, &out->kid[k]));
        else
            out->kid[k] = child;
    }
    return WEIR_OK;
}

weir_cast_step *weir_cast_nested_step(const weir_type *from, const weir_type *to) {
    return from->kind == to->kind ? nested : NULL;
}
