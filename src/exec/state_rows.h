/* Between columns and the rows of a store: layouts of aggregation state, and what leaves it. */
#ifndef WEIR_EXEC_STATE_ROWS_H
#define WEIR_EXEC_STATE_ROWS_H
#include "exec/ops.h"
#include "exec/state.h"

/* What every stateful operator's struct begins with. */
typedef struct weir_stateful {
    weir_op base;
    weir_state_op st;
    weir_exec *x;
} weir_stateful;
void weir_stateful_close(weir_stateful *);

/* Of an aggregate's entries: which columns make key and value. */
typedef struct weir_state_layout {
    weir_schema *key, *value; /* on disk */
    int nlead;                /* columns of the value in front of the buffers: the keys in format
                                 1, session and keys of session windows */
    int nstate;
    weir_schema *state; /* the buffers as the aggregates know them */
    unsigned *form;     /* of a buffer that is an object: see codec/state_object.h; else 0 */
} weir_state_layout;

weir_rc weir_state_layout_of(weir_ctx *, const weir_plan *aggregate, bool keys_in_value,
                             weir_state_layout *out);
/* Buffers of entries. */
weir_rc weir_layout_load(weir_ctx *, const weir_state_layout *, const weir_state_op *,
                         const int64_t *entry, int64_t n, weir_column *state);
/* Value rows as their leading columns (lead may be NULL) and buffers. */
weir_rc weir_layout_decode(weir_ctx *, const weir_state_layout *, const weir_bytes *value,
                           int64_t n, weir_column *lead, weir_column *state);
weir_rc weir_layout_encode(weir_ctx *, const weir_state_layout *, const weir_state_op *,
                           const weir_column *lead, const weir_column *state, int64_t n,
                           weir_rowset *out);
/* The aggregate's output rows for entries. */
weir_rc weir_layout_finish(weir_ctx *, const weir_state_layout *, const weir_plan *aggregate,
                           const weir_bytes *key, const weir_bytes *value, int64_t n,
                           weir_batch *out);

/* Event time in field i of an encoded row: a timestamp, or the end of a time window; INT64_MAX for
 * null. */
int64_t weir_state_time(weir_schema *, int i, weir_bytes row);
/* Puts rows; key columns give the partitions of new ones. */
weir_rc weir_state_put(weir_ctx *, weir_state_op *, const weir_column *key, int nkey,
                       const weir_rowset *keys, const weir_rowset *values);

/* Takes up to max entries that are due by the eviction watermark out of the store; copies of them
 * in ctx->arena. */
weir_rc weir_state_take_due(weir_ctx *, weir_state_op *, int64_t max, weir_bytes *key,
                            weir_bytes *value, int64_t *n);
#endif
