/* See sort.h. A merge sort from below: runs that follow each other are not compared. Any thread. */
#include "col/sort.h"

#include <string.h>

enum { LOOKS = 1 << 16 }; /* rows between looks at the cancellation */

typedef struct sorting {
    weir_ctx *ctx;
    weir_row_order *order;
    void *u;
    int64_t looks;
} sorting;

static weir_rc merge(sorting *s, const int64_t *v, int64_t mid, int64_t n, int64_t *out) {
    int64_t i = 0, j = mid, o = 0;
    if (mid >= n || s->order(s->u, v[mid], v[mid - 1]) >= 0) {
        memcpy(out, v, sizeof *v * (size_t)n);
        s->looks += n;
    } else {
        while (i < mid && j < n) {
            if (++s->looks % LOOKS == 0) WEIR_TRY(weir_check_cancel(s->ctx));
            out[o++] = s->order(s->u, v[j], v[i]) < 0 ? v[j++] : v[i++];
        }
        memcpy(out + o, v + i, sizeof *v * (size_t)(mid - i));
        memcpy(out + o + mid - i, v + j, sizeof *v * (size_t)(n - j));
    }
    return WEIR_OK;
}

weir_rc weir_sort_rows(weir_ctx *ctx, int64_t *row, int64_t n, weir_row_order *order, void *u) {
    sorting s = {ctx, order, u, 0};
    int64_t *tmp, *from = row, *to;
    if (n < 2) return WEIR_OK;
    WEIR_TRY_NEWN(ctx, ctx->arena, tmp, n);
    to = tmp;
    for (int64_t w = 1; w < n; w *= 2) {
        WEIR_TRY(weir_check_cancel(ctx));
        for (int64_t lo = 0; lo < n; lo += 2 * w) {
            int64_t len = n - lo < 2 * w ? n - lo : 2 * w;
            WEIR_TRY(merge(&s, from + lo, w < len ? w : len, len, to + lo));
        }
        int64_t *swap = from;
        from = to;
        to = swap;
    }
    if (from != row) memcpy(row, from, sizeof *row * (size_t)n);
    return WEIR_OK;
}
