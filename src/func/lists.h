/* Building ARRAY columns by choosing elements of other columns. */
#ifndef WEIR_FUNC_LISTS_H
#define WEIR_FUNC_LISTS_H
#include "func/loop.h"

typedef struct weir_lists {
    int nsrc;
    const weir_column **src;
    int64_t *base;
    int64_t *idx, n, cap;
    int32_t *off; /* per row of the call */
    weir_arena *mem;
    bool failed; /* too large: told by finish */
} weir_lists;

/* src: element columns, all of one type. Rows are closed in order. */
weir_rc weir_lists_start(weir_ctx *, weir_call *, weir_lists *, const weir_column *const *src,
                         int nsrc);
void weir_lists_add(weir_lists *, int src, int64_t row); /* row -1: a null element */
static inline void weir_lists_close(weir_lists *l, int64_t row) { l->off[row + 1] = (int32_t)l->n; }
/* The chosen elements become kid `which` of out (0 for arrays and map keys, 1 for map values). */
weir_rc weir_lists_finish(weir_ctx *, weir_call *, weir_lists *, int which);
/* The keys of a map being made (call->out is finished): null and duplicate ones fail. */
weir_rc weir_map_check_keys(weir_ctx *, weir_call *);
/* The same of keys that are put in one by one: SPARK then has one zero and one NaN. */
weir_rc weir_map_put_keys(weir_ctx *, weir_call *);
/* The same lists with no other elements under them: those that no row has, or a null one, may hold
 * anything, and functions of elements must not see them. FLAT. */
weir_rc weir_list_dense(weir_ctx *, const weir_column *list, weir_column *out);
/* Field k of the rows of a FLAT struct, null where the struct is. */
weir_rc weir_struct_field(weir_ctx *, const weir_column *, int k, weir_column *out);
/* Element column of a list argument; VOID arguments give an empty one. */
const weir_column *weir_elements(weir_ctx *, const weir_column *list, int which);
/* Fails for keys that a map cannot have: e makes one. SPARK TypeUtils.checkForMapKeyType */
weir_rc weir_map_key_check(weir_ctx *, const weir_expr *e, const weir_type *key);
#endif
