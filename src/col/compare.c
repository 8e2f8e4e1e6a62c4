/* Owns equality and order of single rows. Called by sort, join, aggregation, min/max; any thread.
 */
#include "col/column.h"

#define CMP(x, y) (((x) > (y)) - ((x) < (y)))

/* SPARK SQLOrderingUtil: NaN is equal to itself and above everything; -0.0 == 0.0. */
static int cmp_double(double x, double y) {
    if (x != x || y != y) return (x != x) - (y != y);
    return CMP(x, y);
}

static int cmp_bytes(weir_bytes x, weir_bytes y) {
    int32_t n = x.len < y.len ? x.len : y.len;
    int c = n ? memcmp(x.p, y.p, (size_t)n) : 0;
    return c ? c : CMP(x.len, y.len);
}

static int cmp_interval(weir_interval x, weir_interval y) {
    if (x.months != y.months) return CMP(x.months, y.months);
    if (x.days != y.days) return CMP(x.days, y.days);
    return CMP(x.micros, y.micros);
}

static int cmp_array(const weir_column *a, int64_t i, const weir_column *b, int64_t j) {
    int64_t p, q;
    int32_t n = weir_get_list(a, i, &p), m = weir_get_list(b, j, &q);
    for (int32_t k = 0; k < n && k < m; k++) {
        int c = weir_compare(&a->kid[0], p + k, &b->kid[0], q + k);
        if (c) return c;
    }
    return CMP(n, m);
}

static int cmp_struct(const weir_column *a, int64_t i, const weir_column *b, int64_t j) {
    for (int k = 0; k < a->nkid; k++) {
        int c = weir_compare(&a->kid[k], weir_kid_row(a, i), &b->kid[k], weir_kid_row(b, j));
        if (c) return c;
    }
    return 0;
}

#define ROWS(ctype) CMP(WEIR_AT_ROW(ctype, a, i), WEIR_AT_ROW(ctype, b, j))

int weir_compare(const weir_column *a, int64_t i, const weir_column *b, int64_t j) {
    bool an = weir_is_null(a, i), bn = weir_is_null(b, j);
    if (an || bn) return bn - an;
    switch (a->type->kind) {
    case WEIR_T_BOOLEAN:
    case WEIR_T_BYTE: return ROWS(int8_t);
    case WEIR_T_SHORT: return ROWS(int16_t);
    case WEIR_T_INT:
    case WEIR_T_DATE:
    case WEIR_T_INTERVAL_YM: return ROWS(int32_t);
    case WEIR_T_LONG:
    case WEIR_T_TIMESTAMP:
    case WEIR_T_TIMESTAMP_NTZ:
    case WEIR_T_TIME:
    case WEIR_T_INTERVAL_DT: return ROWS(int64_t);
    case WEIR_T_FLOAT:
        return cmp_double((double)WEIR_AT_ROW(float, a, i), (double)WEIR_AT_ROW(float, b, j));
    case WEIR_T_DOUBLE: return cmp_double(WEIR_AT_ROW(double, a, i), WEIR_AT_ROW(double, b, j));
    case WEIR_T_DECIMAL: return ROWS(weir_i128);
    case WEIR_T_STRING:
    case WEIR_T_BINARY:
    case WEIR_T_VARIANT: return cmp_bytes(weir_get_bytes(a, i), weir_get_bytes(b, j));
    case WEIR_T_INTERVAL:
        return cmp_interval(WEIR_AT_ROW(weir_interval, a, i), WEIR_AT_ROW(weir_interval, b, j));
    case WEIR_T_ARRAY: return cmp_array(a, i, b, j);
    case WEIR_T_STRUCT: return cmp_struct(a, i, b, j);
    case WEIR_T_VOID: return 0;
    case WEIR_T_MAP:
    case WEIR_T_COUNT: break;
    }
    weir_assert(!"a type with an order");
    return 0;
}
