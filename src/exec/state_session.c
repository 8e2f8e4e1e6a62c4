/* Session windows with state. */
#include "exec/state_rows.h"

static weir_rc next(weir_ctx *ctx, weir_op *op, weir_batch *out, bool *eof) {
    (void)op, (void)out, (void)eof;
    return weir_fail(ctx, WEIR_E_UNSUPPORTED_FEATURE, "feature", "session windows");
}
const weir_op_ops weir_op_state_session = {"state session", sizeof(weir_stateful), NULL, next, NULL, NULL};
