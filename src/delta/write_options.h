/* What a write to a Delta table is asked for by its options, and where they are silent by the
 * session's settings. SPARK DeltaOptions, DeltaCommand.getTxnVersionAndAppId. */
#ifndef WEIR_DELTA_WRITE_OPTIONS_H
#define WEIR_DELTA_WRITE_OPTIONS_H
#include "base/file_codec.h"
#include "io/sink.h"

typedef struct weir_delta_write_options {
    bool merges_schema, overwrites_schema;
    bool data_change;          /* false: the files hold rows that were there, in another order */
    const char *user_metadata; /* of the commit, or NULL */
    const weir_file_codec *codec;
    const char *txn_app;       /* of a batch write that is done once, or NULL */
    int64_t txn_version;
} weir_delta_write_options;

/* Texts live in ctx->arena. DELTA_ILLEGAL_OPTION, DELTA_INVALID_IDEMPOTENT_WRITES_OPTIONS. */
weir_rc weir_delta_write_options_read(weir_ctx *, const weir_write_info *,
                                      weir_delta_write_options *out);
#endif
