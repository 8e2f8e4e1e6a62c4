/* From an unresolved plan to a resolved one: relations opened, names bound, functions chosen, types
 * coerced. The resolved kinds are marked R in plan.h; every resolved expression is ready for
 * expr/eval.h. */
#ifndef WEIR_PLAN_ANALYZE_H
#define WEIR_PLAN_ANALYZE_H
#include "plan/plan.h"

/* What analysis asks the session. u is passed back. Failures set ctx->err. */
typedef struct weir_resolver {
    void *u;
    /* A table or view: a subplan, unresolved (view body), or resolved (SCAN, LOCAL).
     * TABLE_OR_VIEW_NOT_FOUND otherwise. */
    weir_rc (*table)(weir_ctx *, void *u, const weir_plan *table, weir_plan **out);
    /* A data source by format: a resolved SCAN. DATA_SOURCE_NOT_FOUND otherwise. */
    weir_rc (*source)(weir_ctx *, void *u, const weir_plan *source, weir_plan **out);
    /* A relation the server holds. */
    weir_rc (*cached)(weir_ctx *, void *u, const weir_plan *cached, weir_plan **out);
    /* Runs a command met inside a plan (SQL text), giving its result. */
    weir_rc (*command)(weir_ctx *, void *u, struct weir_command *, weir_plan **out);
} weir_resolver;

int64_t weir_new_attr_id(void);
weir_rc weir_analyze(weir_ctx *, const weir_resolver *, weir_plan *, weir_plan **out);
/* An expression over the given input schema (columns by name), e.g. a default, a check, a partition
 * filter. */
weir_rc weir_analyze_expr(weir_ctx *, const weir_resolver *, weir_schema *in, weir_expr *,
                          weir_expr **out);
#endif
