/* The operators, by name: only build.c uses them. */
#ifndef WEIR_EXEC_OPS_H
#define WEIR_EXEC_OPS_H
#include "exec/op.h"

enum { WEIR_MAX_SCANS = 256, WEIR_MAX_METRICS = 64, WEIR_BATCH_ROWS = 8192 };

extern const weir_op_ops weir_op_scan, weir_op_local, weir_op_range, weir_op_project,
    weir_op_filter, weir_op_sort, weir_op_limit, weir_op_offset, weir_op_tail, weir_op_union,
    weir_op_setop, weir_op_aggregate, weir_op_dedup, weir_op_metrics, weir_op_explode, weir_op_show;

void weir_op_scan_init(weir_op *, weir_exec *, int index, const bool *need);
void weir_op_metrics_init(weir_op *, weir_exec *);

/* All batches of an input, kept in mem. */
typedef struct weir_rows {
    weir_batch *v;
    int n;
    int64_t rows;
} weir_rows;
weir_rc weir_op_drain(weir_ctx *, weir_op *in, weir_arena *mem, weir_rows *out);
/* They as one batch, in ctx->arena. */
weir_rc weir_rows_join(weir_ctx *, weir_schema *, const weir_rows *, weir_batch *out);

/* Group table: rows by key columns to dense slots, in order of first appearance. */
typedef struct weir_groups weir_groups;
weir_rc weir_groups_new(weir_ctx *, weir_arena *mem, const weir_type *const *key_types, int nkey,
                        weir_groups **out);
/* Slot of each row; *added: how many slots are new. slot: caller's, len entries. */
weir_rc weir_groups_map(weir_ctx *, weir_groups *, const weir_column *key, int64_t len,
                        uint32_t *slot, int64_t *added);
int64_t weir_groups_count(const weir_groups *);
weir_rc weir_groups_keys(weir_ctx *, weir_groups *, int64_t from, int64_t n, weir_column *out);
void weir_groups_free(weir_groups *);

/* Aggregate calls over slots. */
typedef struct weir_aggs weir_aggs;
weir_rc weir_aggs_new(weir_ctx *, weir_arena *mem, weir_expr *const *agg, int n, weir_aggs **out);
weir_rc weir_aggs_update(weir_ctx *, weir_aggs *, const weir_batch *, const uint32_t *slot,
                         int64_t nslot);
weir_rc weir_aggs_finish(weir_ctx *, weir_aggs *, int which, int64_t from, int64_t n,
                         weir_column *out);
#endif
