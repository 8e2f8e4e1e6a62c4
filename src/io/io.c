/* Small helpers of the interfaces in io/. */
#include "io/relation.h"

void weir_splits_add(weir_arena *a, weir_splits *s, weir_split v) {
    if (s->n == s->cap) {
        int64_t cap = s->cap ? s->cap * 2 : 8;
        weir_split *p = WEIR_NEWN(a, weir_split, cap);
        if (s->n) memcpy(p, s->v, sizeof *p * (size_t)s->n);
        s->v = p;
        s->cap = cap;
    }
    s->v[s->n++] = v;
}
