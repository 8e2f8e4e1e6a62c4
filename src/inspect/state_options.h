/* Options of the source statestore. SPARK StateSourceOptions: names, checks and their order.
 * Thread: any; no state. */
#ifndef WEIR_INSPECT_STATE_OPTIONS_H
#define WEIR_INSPECT_STATE_OPTIONS_H
#include "io/relation.h"

typedef enum { WEIR_SIDE_NONE, WEIR_SIDE_LEFT, WEIR_SIDE_RIGHT } weir_join_side;

typedef struct weir_state_options { /* texts live as long as the scan */
    const char *checkpoint;
    int32_t op;
    const char *store; /* "default" if none is named */
    weir_join_side side;
    const char *variable; /* stateVarName; NULL: not given */
    bool timers, flatten;
    bool changes;                      /* of batches change_from .. change_to; batch is the last */
    int64_t batch, change_from, change_to;
    int64_t snapshot_batch; /* -1: not given; the snapshot to start from */
    int32_t snapshot_part;
} weir_state_options;

/* Fails with STDS_*, naming the option. The newest committed batch is looked up where no batch is
 * named, and every batch that is must be committed. */
weir_rc weir_state_options_read(weir_ctx *, const weir_scan *, weir_state_options *);
/* As Spark prints them in its errors. In ctx->arena. */
char *weir_state_options_text(weir_ctx *, const weir_state_options *);
/* The option's number, as java.lang.Long reads it; *given false when the option is not there. */
weir_rc weir_state_number(weir_ctx *, const weir_scan *, const char *name, int64_t *out,
                          bool *given);
/* The path option: STDS_REQUIRED_OPTION_UNSPECIFIED when there is none. */
weir_rc weir_state_path(weir_ctx *, const weir_scan *, const char **out);
/* "file:///a/b", as Spark writes a checkpoint's place. */
char *weir_checkpoint_uri(weir_ctx *, const char *dir);
#endif
