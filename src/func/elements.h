/* A set of elements of columns of one type, equal as in weir_compare (null, NaN and zero are each
 * one element). Few are looked at one by one, many through a hash table: linear in their number. */
#ifndef WEIR_FUNC_ELEMENTS_H
#define WEIR_FUNC_ELEMENTS_H
#include "func/func.h"

typedef struct weir_element {
    const weir_column *of;
    int64_t row;
    int32_t hash;
} weir_element;

typedef struct weir_elements_set {
    weir_arena *mem; /* of its arrays: grown, kept from one list to the next */
    weir_element *v;
    int64_t n, cap;
    uint32_t *table, mask; /* place in v + 1; there are none while n is small */
    uint32_t looks;        /* since the cancellation was asked for */
} weir_elements_set;

void weir_set_init(weir_elements_set *, weir_arena *mem);
void weir_set_clear(weir_elements_set *);
/* fresh: it was not there. */
weir_rc weir_set_add(weir_ctx *, weir_elements_set *, const weir_column *, int64_t row,
                     bool *fresh);
/* Its place in the order in which they were added, -1: it is not there. */
int64_t weir_set_find(const weir_elements_set *, const weir_column *, int64_t row);
static inline bool weir_set_has(const weir_elements_set *s, const weir_column *c, int64_t row) {
    return weir_set_find(s, c, row) >= 0;
}
/* The elements of a list in the place of those there were. */
weir_rc weir_set_fill(weir_ctx *, weir_elements_set *, const weir_column *, int64_t first,
                      int32_t n);
#endif
