/* Spark's UnsafeRow bytes: rows of a schema to bytes and back (checkpoint-format 3). Every padding
 * byte is zero, NaN is canonical, -0.0 stays what it is (the callers normalise grouping keys): the
 * bytes are compared and hashed. Thread: any; no state. */
#ifndef WEIR_CODEC_UNSAFE_ROW_H
#define WEIR_CODEC_UNSAFE_ROW_H
#include "col/build.h"

typedef struct weir_rowset { /* n rows, one after the other: row i is p[off[i] .. off[i+1]) */
    const char *p;
    int64_t *off;
    int64_t n;
} weir_rowset;
static inline weir_bytes weir_rowset_at(const weir_rowset *r, int64_t i) {
    return (weir_bytes){r->p + r->off[i], (int32_t)(r->off[i + 1] - r->off[i])};
}

/* UNSUPPORTED_FEATURE if values of the type have no place in a row: VARIANT, or a nesting deeper
 * than 128 levels. The two below ask it, too. */
weir_rc weir_urow_supports(weir_ctx *, const weir_type *);
/* Rows of schema->nfield columns, in ctx->arena. A schema without fields gives rows of 0 bytes.
 * Fails when a row is larger than 2 GiB. */
weir_rc weir_urow_encode(weir_ctx *, weir_schema *, const weir_column *col, int64_t len,
                         weir_rowset *out);
/* Columns of schema->nfield, in ctx->arena. Any bytes are safe: a row that is not one of this
 * schema fails with MALFORMED_STATE, its number named; the caller adds the file. */
weir_rc weir_urow_decode(weir_ctx *, weir_schema *, const weir_bytes *row, int64_t n,
                         weir_column *out);
/* Bytes of the null bits of n values; of a record's fixed part; of an array's element there. */
static inline int64_t weir_urow_bitmap(int64_t n) { return (n + 63) / 64 * 8; }
static inline int64_t weir_urow_fixed(const weir_type *record) {
    return weir_urow_bitmap(record->nfield) + 8 * (int64_t)record->nfield;
}
static inline int weir_urow_element(const weir_type *element) {
    int width = weir_type_width(element);
    return width > 0 && width < 8 ? width : 8;
}
/* Fixed-width slot k of a row that has been checked or made here; struct slots give the nested
 * row. */
static inline int64_t weir_urow_i64(weir_bytes row, int nfield, int k) {
    int64_t v;
    memcpy(&v, row.p + 8 * ((nfield + 63) / 64) + 8 * k, 8);
    return v;
}
static inline bool weir_urow_null(weir_bytes row, int k) {
    return (uint8_t)row.p[k >> 3] >> (k & 7) & 1;
}
static inline weir_bytes weir_urow_nested(weir_bytes row, int nfield, int k) {
    int64_t v = weir_urow_i64(row, nfield, k);
    return (weir_bytes){row.p + (v >> 32), (int32_t)(v & 0xffffffff)};
}
#endif
