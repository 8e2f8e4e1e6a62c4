/* Evaluation of resolved expressions over batches.
 * Rows that do not count (right side of AND/OR, untaken CASE branches) are compacted away before a
 * failing function sees them, so kernels know nothing of selections. Calls whose arguments are all
 * CONST and that are deterministic run on one row. Thread: one weir_eval per task; expressions are
 * shared and read-only. */
#ifndef WEIR_EXPR_EVAL_H
#define WEIR_EXPR_EVAL_H
#include "expr/fn.h"

typedef struct weir_eval weir_eval; /* per-task states of stateful functions */
/* exprs must be resolved. Lives in ctx->arena (the task's, not the chunk's). */
weir_rc weir_eval_new(weir_ctx *, weir_expr *const *exprs, int n, weir_eval **out);
/* out columns have batch->len rows, FLAT or CONST, in ctx->arena (the chunk's). */
/* Zeroes the states of stateful functions: the start of another task or epoch. */
void weir_eval_reset(weir_eval *);
weir_rc weir_eval_run(weir_ctx *, weir_eval *, int which, const weir_batch *, weir_column *out);
/* Whether weir_eval_const can compute it: of literals alone. */
bool weir_is_foldable(const weir_expr *);
/* One expression without columns (or over a one-row batch): literals, defaults, options. */
weir_rc weir_eval_const(weir_ctx *, const weir_expr *, weir_column *one_row);
/* Rows where the boolean column is true: indices into out (caller: len entries). Returns how many.
 */
int64_t weir_select_true(const weir_column *, int64_t *out);
#endif
