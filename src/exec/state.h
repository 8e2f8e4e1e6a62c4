/* What stateful operators share, and what the query asks of them: their stores, their metadata in
 * the checkpoint, their part in progress. One task, the driver thread. */
#ifndef WEIR_EXEC_STATE_H
#define WEIR_EXEC_STATE_H
#include "exec/op.h"
#include "state/store.h"

/* What a streaming tree must know besides its plan; set before weir_exec_build, outlives it. */
struct weir_exec_stream {
    const char *state_dir; /* <checkpoint>/state */
    int32_t npart;         /* state partitions */
    int32_t agg_format;    /* spark.sql.streaming.aggregation.stateFormatVersion */
    weir_output_mode mode;
    bool deterministic_dedup; /* keys in the order the user gave */
    const char *codec;
    bool row_checksum;
    bool schema_unchecked; /* spark.sql.streaming.stateStore.stateSchemaCheck is false */
};

/* The stateful half of an operator. Embedded in it; weir_exec lists them, an operator before its
 * inputs and these from left to right, the order of their numbers in the checkpoint.
 * SPARK IncrementalExecution.StateOpIdRule */
struct weir_state_op {
    const char *name;  /* as in the operator metadata */
    const char *shown; /* as in progress */
    int32_t id;
    int32_t prefix_cols;
    weir_store_spec spec;
    weir_store *store;       /* opened at the first batch that needs it */
    bool asks_no_data_batch; /* a moved watermark changes its state or output */
    int64_t evict_us;        /* watermark of the batch that ran last */
    /* of this batch */
    int64_t dropped_late;
    int64_t dropped_duplicates; /* -1: not a deduplication */
};

struct weir_watermark_stat { /* event times that passed a watermark in this batch, in ms */
    int64_t delay_ms, count, max_ms, min_ms;
    double sum_ms;
};

/* Keeps st and gives it its number; before the operator's inputs are built. */
void weir_exec_reserve_state(weir_exec *, weir_state_op *st);
/* Called by the operators' open: gives st its folder, schema and codec. */
weir_rc weir_exec_add_state(weir_ctx *, weir_exec *, weir_state_op *st, weir_schema *key,
                            weir_schema *value, bool one_partition);
/* At an operator's first row (or end of input) of a batch: the store at version ctx->epoch's
 * batch. */
weir_rc weir_state_begin(weir_ctx *, weir_state_op *);
/* Partition of each row by its key columns, as Spark's HashPartitioning. */
void weir_state_partition(const weir_state_op *, const weir_column *key, int nkey, int64_t len,
                          int32_t *part);
/* Rows of the entries as columns of the schema (key or value), in ctx->arena. */
weir_rc weir_state_rows(weir_ctx *, const weir_state_op *, const int64_t *entry, int64_t n,
                        bool key, weir_column *out);

/* ---- the query's side ---- */

/* First batch of a run: the operators' names against the checkpoint's
 * (STREAMING_STATEFUL_OPERATOR_NOT_MATCH_IN_STATE_METADATA), or their metadata files written. State
 * that is gone altogether: STREAMING_STATEFUL_OPERATOR_MISSING_STATE_DIRECTORY. */
weir_rc weir_exec_state_check(weir_ctx *, weir_exec *);
/* The batch's rows are all out: version + 1 of every store, durable. */
weir_rc weir_exec_state_commit(weir_ctx *, weir_exec *);
/* Whether another batch is due though there is no data: the watermark moved to new_us.
 * SPARK shouldRunAnotherBatch */
bool weir_exec_wants_batch(const weir_exec *, int64_t new_us);
/* The array stateOperators of progress: outermost first, as Spark walks its plan. */
void weir_exec_state_progress(weir_exec *, weir_jw *);
#endif
