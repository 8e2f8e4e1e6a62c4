/* What kernels share: output buffers, validity, failures with position. */
#include "expr/fn.h"

weir_rc weir_out_fixed(weir_ctx *ctx, weir_call *c, void *data_out) {
    int width = weir_type_width(c->out->type);
    weir_assert(width > 0);
    WEIR_TRY(weir_buf_new(ctx, c->len * width, &c->out->data));
    *(void **)data_out = c->out->data->p;
    return WEIR_OK;
}

weir_rc weir_out_valid(weir_ctx *ctx, weir_call *c, uint8_t **bits) {
    if (!c->out->valid) {
        size_t n = (size_t)((c->len + 7) / 8);
        WEIR_TRY(weir_buf_new(ctx, (int64_t)n, &c->out->valid));
        memset(c->out->valid->p, 0xff, n);
    }
    *bits = c->out->valid->p; /* prepared by the evaluator for this call alone */
    return WEIR_OK;
}

weir_rc weir_out_build(weir_ctx *ctx, weir_call *c, weir_build *b) {
    weir_column col;
    WEIR_TRY(weir_build_finish(ctx, b, &col));
    weir_assert(col.len == c->len);
    const weir_type *t = c->out->type;
    *c->out = col;
    c->out->type = t;
    return WEIR_OK;
}

weir_rc weir_call_fail_at(weir_ctx *ctx, const weir_call *c, weir_rc rc) {
    weir_err_where(ctx, &c->expr->at);
    return rc;
}
