/* Values for tests: a type with a field of every kind, and a row of it (or of any type) for each
 * number. */
#ifndef WEIR_COL_SAMPLE_H
#define WEIR_COL_SAMPLE_H
#include "col/build.h"

static inline const weir_type *sample_type(weir_arena *a) {
    static const weir_kind plain[] = {WEIR_T_VOID,        WEIR_T_BOOLEAN,       WEIR_T_BYTE,
                                      WEIR_T_SHORT,       WEIR_T_INT,           WEIR_T_LONG,
                                      WEIR_T_FLOAT,       WEIR_T_DOUBLE,        WEIR_T_DECIMAL,
                                      WEIR_T_STRING,      WEIR_T_BINARY,        WEIR_T_DATE,
                                      WEIR_T_TIMESTAMP,   WEIR_T_TIMESTAMP_NTZ, WEIR_T_TIME,
                                      WEIR_T_INTERVAL_YM, WEIR_T_INTERVAL_DT,   WEIR_T_INTERVAL};
    enum { N = sizeof plain / sizeof *plain };
    weir_field f[N + 4];
    for (int i = 0; i < N; i++) {
        bool dec = plain[i] == WEIR_T_DECIMAL;
        f[i] = (weir_field){"x", dec ? weir_type_decimal(a, 38, 3) : weir_type_scalar(plain[i]),
                            true, NULL};
    }
    weir_field in[] = {{"p", &weir_t_string, true, NULL}, {"q", &weir_t_boolean, true, NULL}};
    const weir_type *row = weir_type_struct(a, in, 2);
    f[N] = (weir_field){"s", row, true, NULL};
    f[N + 1] = (weir_field){"a", weir_type_array(a, row, true), true, NULL};
    f[N + 2] = (weir_field){
        "m", weir_type_map(a, &weir_t_int, weir_type_array(a, &weir_t_string, true), true), true,
        NULL};
    f[N + 3] = (weir_field){"aa", weir_type_array(a, weir_type_array(a, &weir_t_long, true), true),
                            true, NULL};
    return weir_type_struct(a, f, N + 4);
}

static inline uint32_t sample_mix(uint32_t x) {
    x = (x ^ x >> 16) * 0x7feb352du;
    x = (x ^ x >> 15) * 0x846ca68bu;
    return x ^ x >> 16;
}

/* Appends the value of seed; seed -1 is null, and so is every fifth. */
static inline void sample_put(weir_build *b, int64_t seed, bool nulls) {
    uint32_t r = sample_mix((uint32_t)seed * 31 + (uint32_t)b->type->kind);
    char text[40];
    if (seed < 0 || (nulls && r % 5 == 0) || b->type->kind == WEIR_T_VOID) {
        weir_build_null(b);
        return;
    }
    switch (b->type->kind) {
    case WEIR_T_BOOLEAN: weir_build_bool(b, r & 8); break;
    case WEIR_T_FLOAT: weir_build_f32(b, (float)r / 3); break;
    case WEIR_T_DOUBLE: weir_build_f64(b, (double)r / 7); break;
    case WEIR_T_DECIMAL: weir_build_dec(b, ((weir_i128)r << 70) - r); break;
    case WEIR_T_INTERVAL:
        weir_build_interval(b, (weir_interval){(int32_t)r, (int32_t)(r * 3), r * 1000ll});
        break;
    case WEIR_T_STRING:
    case WEIR_T_BINARY:
        for (uint32_t i = 0; i < r % 40; i++) text[i] = (char)('a' + (r + i) % 26);
        weir_build_bytes(b, text, r % 40);
        break;
    case WEIR_T_ARRAY:
    case WEIR_T_MAP:
        for (uint32_t i = 0; i < r % 4; i++)
            for (int k = 0; k < b->nkid; k++)
                sample_put(&b->kid[k], seed * 5 + i, nulls && k == b->nkid - 1);
        weir_build_list(b);
        break;
    case WEIR_T_STRUCT:
        for (int k = 0; k < b->nkid; k++) sample_put(&b->kid[k], seed * 7 + k, nulls);
        weir_build_struct(b);
        break;
    case WEIR_T_TIME: weir_build_int(b, (int64_t)r * 20000); break;
    case WEIR_T_DATE: weir_build_int(b, (int64_t)(r % 100000) - 50000); break;
    case WEIR_T_TIMESTAMP:
    case WEIR_T_TIMESTAMP_NTZ: weir_build_int(b, ((int64_t)r - 2000000000) * 1000001); break;
    default: weir_build_int(b, (int64_t)((uint64_t)sample_mix(r) << 31 ^ sample_mix(r + 1))); break;
    }
}

static inline bool sample_same(const weir_column *a, int64_t i, const weir_column *b, int64_t j) {
    if (weir_is_null(a, i) || weir_is_null(b, j)) return weir_is_null(a, i) && weir_is_null(b, j);
    if (a->type->kind == WEIR_T_STRUCT) {
        for (int k = 0; k < a->nkid; k++)
            if (!sample_same(&a->kid[k], weir_kid_row(a, i), &b->kid[k], weir_kid_row(b, j)))
                return false;
        return true;
    }
    if (!weir_type_is_nested(a->type)) return weir_compare(a, i, b, j) == 0;
    int64_t p, q;
    int32_t n = weir_get_list(a, i, &p), m = weir_get_list(b, j, &q);
    for (int k = 0; k < a->nkid; k++)
        for (int32_t e = 0; e < n && n == m; e++)
            if (!sample_same(&a->kid[k], p + e, &b->kid[k], q + e)) return false;
    return n == m;
}

#endif
