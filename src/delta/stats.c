/* Minimum, maximum and null count of columns. See stats.h. One task. */
#include "delta/stats.h"

#include "func/datetime.h"
#include "func/decimal.h"

#include <math.h>
#include <stdio.h>

enum { COLUMNS = 32, PREFIX = 32 };
typedef struct range {
    bool known;
    weir_column lo, hi;
    weir_arena *lo_mem, *hi_mem;
    int64_t nulls;
} range;
struct weir_stats {
    weir_arena *mem;
    weir_schema *schema;
    int64_t rows;
    int n;
    range *col;
};

weir_stats *weir_stats_new(weir_arena *mem, weir_schema *schema) {
    weir_stats *s = WEIR_NEW(mem, weir_stats);
    s->mem = mem;
    s->schema = schema;
    s->n = schema->nfield < COLUMNS ? schema->nfield : COLUMNS;
    s->col = WEIR_NEWN(mem, range, s->n + 1);
    for (int i = 0; i < s->n; i++) {
        s->col[i].lo_mem = weir_arena_new(mem);
        s->col[i].hi_mem = weir_arena_new(mem);
    }
    return s;
}

static bool has_range(const weir_type *t) {
    switch (t->kind) {
    case WEIR_T_BOOLEAN:
    case WEIR_T_BINARY:
    case WEIR_T_VOID:
    case WEIR_T_ARRAY:
    case WEIR_T_MAP:
    case WEIR_T_STRUCT:
    case WEIR_T_VARIANT:
    case WEIR_T_INTERVAL:
    case WEIR_T_TIME: return false;
    default: return true;
    }
}

#define SCAN(T)                                                                                    \
    do {                                                                                           \
        const T *v = (const T *)(const void *)c->data->p + c->off;                                 \
        for (int64_t i = 0; i < c->len; i++) {                                                     \
            if (c->valid && !weir_bit(c->valid->p, c->off + i)) continue;                          \
            if (*lo < 0 || v[i] < v[*lo]) {                                                        \
                *lo = i;                                                                           \
            }                                                                                      \
            if (*hi < 0 || v[i] > v[*hi]) {                                                        \
                *hi = i;                                                                           \
            }                                                                                      \
        }                                                                                          \
    } while (0)

/* The first eight bytes as a number that orders as the text does. */
static inline uint64_t text_key(weir_bytes b) {
    uint64_t x = 0;
    if (b.len) memcpy(&x, b.p, b.len < 8 ? (size_t)b.len : 8);
    return __builtin_bswap64(x);
}

/* Most values lie strictly between the extremes so far: their first bytes say so. */
static void text_extremes(const weir_column *c, int64_t *lo, int64_t *hi) {
    uint64_t least = 0, most = 0;
    for (int64_t i = 0; i < c->len; i++) {
        if (c->valid && !weir_bit(c->valid->p, c->off + i)) continue;
        uint64_t k = text_key(weir_get_bytes(c, i));
        if (*lo >= 0 && k > least && k < most) continue;
        if (*lo < 0 || (k <= least && weir_compare(c, i, c, *lo) < 0)) *lo = i, least = k;
        if (*hi < 0 || (k >= most && weir_compare(c, i, c, *hi) > 0)) *hi = i, most = k;
    }
}

static bool has_nan(const weir_column *c) {
    const double *v = (const double *)(const void *)c->data->p + c->off;
    bool any = false;
    for (int64_t i = 0; i < c->len; i++) any |= v[i] != v[i];
    return any;
}

/* Rows of the least and greatest value, -1 when all are null. */
static void extremes(const weir_column *c, int64_t *lo, int64_t *hi) {
    *lo = *hi = -1;
    weir_kind k = c->type->kind;
    if (c->form == WEIR_CONST) {
        if (!weir_is_null(c, 0)) *lo = *hi = 0;
    } else if (k == WEIR_T_INT || k == WEIR_T_DATE) {
        SCAN(int32_t);
    } else if (k == WEIR_T_LONG || k == WEIR_T_TIMESTAMP || k == WEIR_T_TIMESTAMP_NTZ) {
        SCAN(int64_t);
    } else if (k == WEIR_T_DOUBLE && !has_nan(c)) {
        SCAN(double);
    } else if (k == WEIR_T_STRING) {
        text_extremes(c, lo, hi);
    } else {
        for (int64_t i = 0; i < c->len; i++) {
            if (weir_is_null(c, i)) continue;
            if (*lo < 0 || weir_compare(c, i, c, *lo) < 0) *lo = i;
            if (*hi < 0 || weir_compare(c, i, c, *hi) > 0) *hi = i;
        }
    }
}

static void keep(weir_arena *mem, const weir_column *c, int64_t row, weir_ctx *ctx,
                 weir_column *out) {
    weir_column one;
    weir_arena_reset(mem);
    if (weir_column_take(ctx, c, &row, 1, &one) == WEIR_OK) weir_column_keep(mem, &one, out);
}

weir_rc weir_stats_add(weir_ctx *ctx, weir_stats *s, const weir_batch *b) {
    s->rows += b->len;
    for (int i = 0; i < s->n && b->len; i++) {
        const weir_column *c = &b->col[i];
        range *r = &s->col[i];
        int64_t lo, hi;
        r->nulls += weir_null_count(c);
        if (!has_range(c->type)) continue;
        extremes(c, &lo, &hi);
        if (lo < 0) continue;
        if (!r->known || weir_compare(c, lo, &r->lo, 0) < 0) keep(r->lo_mem, c, lo, ctx, &r->lo);
        if (!r->known || weir_compare(c, hi, &r->hi, 0) > 0) keep(r->hi_mem, c, hi, ctx, &r->hi);
        r->known = true;
    }
    return ctx->err->rc;
}

int64_t weir_stats_rows(const weir_stats *s) { return s->rows; }

/* At most 32 characters; a cut maximum gets a character that sorts after everything. */
static void text_value(weir_jw *w, weir_bytes b, bool max) {
    int32_t n = 0, chars = 0;
    char buf[PREFIX * 4 + 8];
    while (n < b.len && chars < PREFIX) {
        n++;
        while (n < b.len && ((unsigned char)b.p[n] & 0xC0) == 0x80) n++;
        chars++;
    }
    memcpy(buf, b.p, (size_t)n);
    if (n < b.len && max) memcpy(buf + n, "\xEF\xBF\xBD", 3), n += 3;
    weir_jw_strn(w, buf, (size_t)n);
}

static void time_value(weir_jw *w, int64_t us, bool zone, bool max) {
    char date[WEIR_TIME_TEXT], text[WEIR_TIME_TEXT + 24];
    if (max && us % 1000) us += 1000; /* milliseconds: the bound must not fall below the value */
    int64_t day = weir_floor_div(us, WEIR_DAY_US), ms = weir_floor_mod(us, WEIR_DAY_US) / 1000;
    weir_date_text((int32_t)day, date);
    snprintf(text, sizeof text, "%s%c%02d:%02d:%02d.%03d%s", date, 'T', (int)(ms / 3600000),
             (int)(ms / 60000 % 60), (int)(ms / 1000 % 60), (int)(ms % 1000), zone ? "Z" : "");
    weir_jw_str(w, text);
}

static void value(weir_jw *w, const weir_column *c, bool max) {
    char text[64];
    switch (c->type->kind) {
    case WEIR_T_BYTE: weir_jw_int(w, WEIR_AT_ROW(int8_t, c, 0)); break;
    case WEIR_T_SHORT: weir_jw_int(w, WEIR_AT_ROW(int16_t, c, 0)); break;
    case WEIR_T_INT:
    case WEIR_T_INTERVAL_YM: weir_jw_int(w, WEIR_AT_ROW(int32_t, c, 0)); break;
    case WEIR_T_LONG:
    case WEIR_T_INTERVAL_DT: weir_jw_int(w, WEIR_AT_ROW(int64_t, c, 0)); break;
    case WEIR_T_FLOAT:
        weir_float_text(WEIR_AT_ROW(float, c, 0), text);
        weir_jw_raw(w, text);
        break;
    case WEIR_T_DOUBLE: weir_jw_double(w, WEIR_AT_ROW(double, c, 0)); break;
    case WEIR_T_DECIMAL:
        weir_dec_text(WEIR_AT_ROW(weir_i128, c, 0), c->type->scale, text);
        weir_jw_raw(w, text);
        break;
    case WEIR_T_DATE:
        weir_date_text(WEIR_AT_ROW(int32_t, c, 0), text);
        weir_jw_str(w, text);
        break;
    case WEIR_T_TIMESTAMP: time_value(w, WEIR_AT_ROW(int64_t, c, 0), true, max); break;
    case WEIR_T_TIMESTAMP_NTZ: time_value(w, WEIR_AT_ROW(int64_t, c, 0), false, max); break;
    default: text_value(w, weir_get_bytes(c, 0), max);
    }
}

static bool finite_range(const range *r) {
    if (!r->known) return false;
    weir_kind k = r->lo.type->kind;
    if (k == WEIR_T_DOUBLE)
        return isfinite(WEIR_AT_ROW(double, &r->lo, 0)) && isfinite(WEIR_AT_ROW(double, &r->hi, 0));
    if (k == WEIR_T_FLOAT)
        return isfinite(WEIR_AT_ROW(float, &r->lo, 0)) && isfinite(WEIR_AT_ROW(float, &r->hi, 0));
    return true;
}

static void values(weir_jw *w, const weir_stats *s, const char *key, bool max) {
    weir_jw_key(w, key);
    weir_jw_obj(w);
    for (int i = 0; i < s->n; i++) {
        if (!finite_range(&s->col[i])) continue;
        weir_jw_key(w, s->schema->field[i].name);
        value(w, max ? &s->col[i].hi : &s->col[i].lo, max);
    }
    weir_jw_end_obj(w);
}

void weir_stats_json(const weir_stats *s, weir_str *out) {
    weir_jw w;
    weir_jw_init(&w, out);
    weir_jw_obj(&w);
    weir_jw_key(&w, "numRecords");
    weir_jw_int(&w, s->rows);
    values(&w, s, "minValues", false);
    values(&w, s, "maxValues", true);
    weir_jw_key(&w, "nullCount");
    weir_jw_obj(&w);
    for (int i = 0; i < s->n; i++) {
        if (weir_type_is_nested(s->schema->field[i].type) &&
            s->schema->field[i].type->kind == WEIR_T_STRUCT)
            continue;
        weir_jw_key(&w, s->schema->field[i].name);
        weir_jw_int(&w, s->col[i].nulls);
    }
    weir_jw_end_obj(&w);
    weir_jw_end_obj(&w);
}
