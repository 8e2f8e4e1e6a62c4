/* Appending values, row by row, into a new column. A builder allocates from ctx->arena at finish.
 * Call one append per row; nested kinds append to kids first, then close the row with
 * weir_build_list / _struct. */
#ifndef WEIR_COL_BUILD_H
#define WEIR_COL_BUILD_H
#include "col/column.h"

typedef struct weir_build {
    const weir_type *type;
    int64_t len, cap, nulls;
    uint8_t *valid, *data; /* growing memory, copied into buffers by finish */
    char *heap;
    int64_t nheap, cheap;
    struct weir_build *kid;
    int32_t nkid;
    bool failed;                /* over int32 offsets or the budget: reported by finish */
    struct weir_build_mem *mem; /* the same pointers, for the arena to free */
} weir_build;

weir_rc weir_build_init(weir_ctx *, weir_build *,
                        const weir_type *); /* released by ctx->arena if never finished */
weir_rc weir_build_reserve(weir_build *, int64_t more_rows);
void weir_build_fail(weir_build *); /* a row for a value for which there was no memory */
void weir_build_null(weir_build *); /* any kind; structs append null to kids, too */
void weir_build_bool(weir_build *, bool);
void weir_build_i8(weir_build *, int8_t);
void weir_build_i16(weir_build *, int16_t);
void weir_build_i32(weir_build *, int32_t); /* INT, DATE, INTERVAL_YM */
void weir_build_i64(weir_build *, int64_t); /* LONG, TIMESTAMP*, TIME, INTERVAL_DT */
void weir_build_f32(weir_build *, float);
void weir_build_f64(weir_build *, double);
void weir_build_dec(weir_build *, weir_i128); /* unscaled */
void weir_build_interval(weir_build *, weir_interval);
void weir_build_bytes(weir_build *, const void *p, size_t n);
void weir_build_parts(weir_build *, const weir_bytes *part, int n); /* one row of all of them */
void weir_build_list(
    weir_build *); /* ARRAY, MAP: everything appended to the kids since the last row */
void weir_build_struct(weir_build *); /* every kid has had exactly one append for this row */
/* Any integer-like fixed value by kind (BYTE..LONG, DATE, TIMESTAMP..., checked by the caller). */
void weir_build_int(weir_build *, int64_t);
void weir_build_copy(weir_build *, const weir_column *, int64_t row); /* one row of the same type */
/* Takes back rows after len (a malformed record half way). */
void weir_build_truncate(weir_build *, int64_t len);
weir_rc weir_build_finish(weir_ctx *, weir_build *,
                          weir_column *out); /* the builder is empty and reusable afterwards */
#endif
