/* The stable sort of row numbers. */
#ifndef WEIR_COL_SORT_H
#define WEIR_COL_SORT_H
#include "base/ctx.h"

/* < 0: row a comes before row b; 0: they keep their order. */
typedef int weir_row_order(void *u, int64_t a, int64_t b);
/* Memory for n numbers more is taken from ctx->arena; looks at the cancellation. */
weir_rc weir_sort_rows(weir_ctx *, int64_t *row, int64_t n, weir_row_order *order, void *u);
#endif
