/* One value of any type held by an aggregate's slot. Bytes and nested values live in the
 * aggregate's arena. */
#ifndef WEIR_FUNC_CELL_H
#define WEIR_FUNC_CELL_H
#include "func/loop.h"

typedef struct weir_cell {
    bool set; /* holds something (maybe null) */
    bool null;
    int32_t len, cap; /* bytes */
    union {
        int64_t i;
        double f;
        weir_i128 d;
        weir_interval v;
        char *p;
        weir_column *col;
    } u;
} weir_cell;

weir_rc weir_cell_store(weir_ctx *, weir_arena *mem, weir_cell *, const weir_column *, int64_t row);
void weir_cell_append(const weir_cell *, const weir_type *, weir_build *); /* null when not set */
/* Order of the cell (set, not null) against a row that is not null. */
int weir_cell_compare(const weir_cell *, const weir_column *, int64_t row);

/* Values in the order of their arrival, each of them (add) or only different ones (find). Zeroed at
 * first. A list is filled by one of the two. */
typedef struct weir_cells {
    int64_t n, cap, buckets;
    weir_cell *v;
    int64_t *count; /* find: the caller's, one a value, 0 at first */
    int64_t *table;
    int32_t *hash;
} weir_cells;
weir_rc weir_cells_add(weir_ctx *, weir_arena *mem, weir_cells *, const weir_column *, int64_t row);
/* *at: where the value is, new or not. */
weir_rc weir_cells_find(weir_ctx *, weir_arena *mem, weir_cells *, const weir_column *, int64_t row,
                        int64_t *at);
#endif
