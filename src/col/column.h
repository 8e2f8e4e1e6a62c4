/* Columns and batches. A column keeps Arrow's buffers, but names them.
 *   fixed width: data = values (BOOLEAN: one byte a row, 0 or 1; DECIMAL: __int128; INTERVAL:
 * weir_interval) STRING, BINARY, VARIANT (variant.h): data = int32 offsets (len+1 of them from row
 * off), heap = bytes ARRAY: data = int32 offsets, kid[0] = elements.  MAP: data = int32 offsets,
 * kid[0] keys, kid[1] values STRUCT: kid[i] per field, each with the same rows (kid row = off +
 * row) VOID: no buffers, every row is null DATE: days, TIMESTAMP and _NTZ: micros since 1970, TIME:
 * nanos of the day, INTERVAL_YM: months, _DT: micros CONST form: one stored row (at off), repeated
 * len times. Row i of a column is stored at weir_row(c, i). Validity: LSB-first bits over stored
 * rows, NULL = no nulls. Buffers are immutable once a column is published; headers live in arenas
 * (see base/buf.h for how long). */
#ifndef WEIR_COL_COLUMN_H
#define WEIR_COL_COLUMN_H
#include "col/type.h"
#include <string.h>

typedef enum { WEIR_FLAT, WEIR_CONST } weir_form;
typedef struct weir_interval {
    int32_t months, days;
    int64_t micros;
} weir_interval;
typedef __int128 weir_i128;

typedef struct weir_column {
    const weir_type *type;
    weir_form form;
    int64_t len, off; /* rows; first stored row */
    weir_buf *valid, *data, *heap;
    int32_t nkid;
    struct weir_column *kid;
} weir_column;

typedef struct weir_batch {
    weir_schema *schema; /* ncol = schema->nfield */
    int64_t len;
    weir_column *col;
} weir_batch;

static inline int64_t weir_row(const weir_column *c, int64_t i) {
    return c->form == WEIR_CONST ? c->off : c->off + i;
}
static inline bool weir_bit(const uint8_t *bits, int64_t i) { return bits[i >> 3] >> (i & 7) & 1; }
static inline void weir_bit_set(uint8_t *bits, int64_t i) {
    bits[i >> 3] |= (uint8_t)(1u << (i & 7));
}
static inline void weir_bit_clear(uint8_t *bits, int64_t i) {
    bits[i >> 3] &= (uint8_t) ~(1u << (i & 7));
}
static inline bool weir_is_null(const weir_column *c, int64_t i) {
    if (c->type->kind == WEIR_T_VOID) return true;
    return c->valid && !weir_bit(c->valid->p, weir_row(c, i));
}
#define WEIR_AT_ROW(ctype, c, i) (((const ctype *)(const void *)(c)->data->p)[weir_row((c), (i))])
typedef struct weir_bytes {
    const char *p;
    int32_t len;
} weir_bytes;
static inline weir_bytes weir_get_bytes(const weir_column *c, int64_t i) {
    const int32_t *o = (const int32_t *)(const void *)c->data->p + weir_row(c, i);
    return (weir_bytes){(const char *)c->heap->p + o[0], o[1] - o[0]};
}
/* Elements of row i of an ARRAY or MAP: kid rows first .. first+n-1, counted as weir_row of the kid
 * does. */
static inline int32_t weir_get_list(const weir_column *c, int64_t i, int64_t *first) {
    const int32_t *o = (const int32_t *)(const void *)c->data->p + weir_row(c, i);
    *first = o[0];
    return o[1] - o[0];
}
/* Row of a STRUCT's kid that belongs to row i of the struct: use it with kid accessors. */
static inline int64_t weir_kid_row(const weir_column *c, int64_t i) { return weir_row(c, i); }

/* ORs n bits of src from bit s into the zeroed dst from bit d. */
void weir_bits_copy(uint8_t *dst, int64_t d, const uint8_t *src, int64_t s, int64_t n);
int64_t weir_null_count(const weir_column *);
/* One row of type, null. */
weir_rc weir_column_null(weir_ctx *, const weir_type *, int64_t len, weir_column *out);
/* A view of rows from .. from+len-1; shares buffers (and their lifetime). */
weir_column weir_column_slice(const weir_column *, int64_t from, int64_t len);
/* The same of all columns; the array of them is in ctx->arena, or b's own when that is all of b. */
weir_batch weir_batch_slice(weir_ctx *, const weir_batch *b, int64_t from, int64_t n);
/* Field f of the structs in stored rows from .. from+len-1 of s, null where the struct is. */
weir_rc weir_column_field(weir_ctx *, const weir_column *s, int f, int64_t from, int64_t len,
                          weir_column *out);
/* FLAT with off 0: copies CONST and sliced columns, passes others through untouched (kids may still
 * be CONST or sliced). */
weir_rc weir_column_flatten(weir_ctx *, const weir_column *, weir_column *out);
/* out row j = in row idx[j]; idx -1 gives null. */
weir_rc weir_column_take(weir_ctx *, const weir_column *, const int64_t *idx, int64_t n,
                         weir_column *out);
weir_rc weir_batch_take(weir_ctx *, const weir_batch *, const int64_t *idx, int64_t n,
                        weir_batch *out);
/* Rows of several columns (same type) one after the other. */
weir_rc weir_column_concat(weir_ctx *, const weir_column *const *, int n, weir_column *out);
weir_rc weir_batch_concat(weir_ctx *, weir_schema *, const weir_batch *const *, int n,
                          weir_batch *out);
/* Strings (inside of lists, maps and structs, too) as valid UTF-8: what is none becomes U+FFFD as
 * in Java (base/utf8.h). Valid columns pass through untouched. out may be in. */
weir_rc weir_column_utf8(weir_ctx *, const weir_column *, weir_column *out);
weir_rc weir_batch_utf8(weir_ctx *, const weir_batch *, weir_batch *out);
/* Copies headers to arena and takes references there: the batch then lives as long as arena. */
void weir_batch_keep(weir_arena *, const weir_batch *, weir_batch *out);
void weir_column_keep(weir_arena *, const weir_column *, weir_column *out);
int64_t weir_batch_bytes(const weir_batch *); /* held by its buffers, shared ones counted */

/* Equality and order of two rows as Spark's grouping and sorting see them: null == null, NaN == NaN
 * and is the largest, -0.0 == 0.0; nulls first. Types must be the same. MAP is compared by nothing:
 * weir_assert. */
int weir_compare(const weir_column *a, int64_t i, const weir_column *b, int64_t j);
/* Spark's Murmur3 (seed 42 chained: h is the running value), ORACLE: checkpoint-format.md 3.1. */
int32_t weir_hash_row(const weir_column *, int64_t i, int32_t h);
/* Spark's xxhash64 expression. */
int64_t weir_xxhash64_row(const weir_column *, int64_t i, int64_t h);
#endif
