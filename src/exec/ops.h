/* The operators, by name: only build.c uses them. */
#ifndef WEIR_EXEC_OPS_H
#define WEIR_EXEC_OPS_H
#include "exec/op.h"

enum { WEIR_BATCH_ROWS = 8192 };

extern const weir_op_ops weir_op_scan, weir_op_local, weir_op_range, weir_op_project,
    weir_op_filter, weir_op_sort, weir_op_limit, weir_op_offset, weir_op_tail, weir_op_union,
    weir_op_setop, weir_op_aggregate, weir_op_dedup, weir_op_metrics, weir_op_explode, weir_op_show,
    weir_op_watermark, weir_op_state_aggregate, weir_op_state_session, weir_op_state_dedup,
    weir_op_state_limit;

void weir_op_scan_init(weir_op *, weir_exec *, int index);
void weir_op_metrics_init(weir_op *, weir_exec *);
/* Stateful operators: registers them with the tree; before open. */
void weir_op_watermark_init(weir_op *, weir_exec *);
void weir_op_state_init(weir_op *, weir_exec *);

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

/* -0.0 as 0.0, NaNs as one, also inside of structs and arrays: as grouping keys are stored.
 * SPARK NormalizeFloatingNumbers */
weir_rc weir_normal_zero(weir_ctx *, weir_column *);

/* Aggregate calls over slots; a literal in the place of one that nobody reads gives nulls. */
typedef struct weir_aggs weir_aggs;
weir_rc weir_aggs_new(weir_ctx *, weir_arena *mem, weir_expr *const *agg, int n, weir_aggs **out);
weir_rc weir_aggs_update(weir_ctx *, weir_aggs *, const weir_batch *, const uint32_t *slot,
                         int64_t nslot);
weir_rc weir_aggs_finish(weir_ctx *, weir_aggs *, int which, int64_t from, int64_t n,
                         weir_column *out);
/* State columns of all calls, in order (Spark's aggregation buffers), in ctx->arena; how many.
 * form: the WEIR_AGG_OBJECT flag of each, 0 for plain columns. */
int weir_aggs_state(weir_ctx *, const weir_aggs *, weir_field **out, unsigned **form);
/* States of slots [from, from+n) as those columns. */
weir_rc weir_aggs_save(weir_ctx *, weir_aggs *, int64_t from, int64_t n, weir_column *out);
/* Folds saved states into slots; slot numbers stay below nslot. */
weir_rc weir_aggs_merge(weir_ctx *, weir_aggs *, const weir_column *state, int64_t len,
                        const uint32_t *slot, int64_t nslot);

/* Keys and aggregates of everything an input gives: what a grouping does in one batch. */
typedef struct weir_partial {
    weir_arena *held;
    weir_groups *groups; /* NULL without keys: one slot, also over no rows */
    weir_aggs *aggs;
    int64_t nslot;
    bool reorders; /* rows of a chunk are put in the order that Spark meets them in */
} weir_partial;
/* Reads in until its end, or until there are max_groups. keys: of plan->expr[0 .. ngroup). A part
 * that is not empty is added to. Release with weir_partial_free. */
weir_rc weir_partial_fill(weir_ctx *, weir_partial *, const weir_plan *aggregate, weir_eval *keys,
                          weir_op *in, int64_t max_groups, bool *eof);
void weir_partial_free(weir_partial *);

/* Whether Spark's aggregation meets rows in another order than they come in. */
bool weir_arrival_differs(weir_ctx *, const weir_plan *aggregate);
/* Puts the rows of a batch, and their one key, in that order. */
weir_rc weir_arrival_order(weir_ctx *, weir_batch *, weir_column *key);
#endif
