/* Physical operators: pull-based, one tree per task, reused over epochs. Callers use the weir_op_*
 * wrappers, which keep the statistics. Trees are built from resolved plans by exec/build.c. */
#ifndef WEIR_EXEC_OP_H
#define WEIR_EXEC_OP_H
#include "expr/eval.h"
#include "io/sink.h"

typedef struct weir_op weir_op;
typedef struct weir_op_ops {
    const char *name;
    size_t size; /* of the derived struct */
    weir_rc (*open)(weir_ctx *, weir_op *);
    /* Next batch in ctx->arena (the caller's chunk), or *eof. Blocking operators keep what they
     * hold in their own arenas. */
    weir_rc (*next)(weir_ctx *, weir_op *, weir_batch *out, bool *eof);
    weir_rc (*reset)(weir_ctx *, weir_op *); /* next epoch */
    void (*close)(weir_op *);
} weir_op_ops;
typedef struct weir_opstat {
    int64_t rows_out, batches_out, time_us;
} weir_opstat;
struct weir_op {
    const weir_op_ops *ops;
    const weir_plan *plan; /* read-only, shared */
    const bool *need;      /* columns of the output that are read above; NULL: all */
    weir_arena *mem;       /* life of the tree */
    int nin;
    weir_op **in;
    weir_opstat stat;
    weir_eval *eval; /* of plan->expr, if any */
};

/* What a tree reads in this epoch: per SCAN node its splits. Batch queries split at build. */
typedef struct weir_state_op weir_state_op;
typedef struct weir_exec_stream weir_exec_stream;
typedef struct weir_watermark_stat weir_watermark_stat;
typedef struct weir_exec {
    weir_arena *mem;
    int nscan;
    weir_scan **scan;
    weir_splits *splits; /* of scan[i], this epoch; batch: filled by weir_exec_build */
    int64_t *rows_in;    /* rows read from scan[i] in this epoch */
    weir_op *root;
    /* streaming: exec/state.h */
    const weir_exec_stream *stream; /* NULL in batch */
    int nwatermark, nstate;
    weir_watermark_stat *watermark; /* by WATERMARK node, inputs first */
    weir_state_op **state;
    int nmetrics; /* observe(): filled when root reaches its end */
    struct weir_observed {
        const char *name;
        weir_batch row;
    } * metrics;
} weir_exec;

/* The tree for a resolved plan. Streaming scans get their splits later (weir_exec_epoch). stream:
 * NULL for batch plans. */
weir_rc weir_exec_build(weir_ctx *, weir_plan *, const weir_exec_stream *stream, weir_exec **out);
/* Starts an epoch: splits per scan in the order of exec->scan; resets the tree. */
weir_rc weir_exec_epoch(weir_ctx *, weir_exec *, const weir_splits *splits);
weir_rc weir_op_next(weir_ctx *, weir_op *, weir_batch *out, bool *eof);
void weir_exec_close(weir_exec *);
/* Runs a batch plan to its end, calling emit for each batch (in a chunk arena that is reset after
 * the call). */
weir_rc weir_exec_run(weir_ctx *, weir_plan *,
                      weir_rc (*emit)(weir_ctx *, void *u, const weir_batch *), void *u);
/* Runs a batch plan and keeps all rows in ctx->arena. */
weir_rc weir_exec_collect(weir_ctx *, weir_plan *, weir_batch **out, int *n);
#endif
