/* Notes the event times that pass. SPARK EventTimeWatermarkExec: times in whole milliseconds; a
 * null counts as 1970. One task. */
#include "exec/ops.h"
#include "exec/state.h"

typedef struct watermark_op {
    weir_op base;
    weir_watermark_stat *stat;
} watermark_op;

void weir_op_watermark_init(weir_op *op, weir_exec *x) {
    watermark_op *w = (watermark_op *)op;
    w->stat = &x->watermark[x->nwatermark++];
    w->stat->delay_ms = op->plan->delay_us / 1000;
}

static weir_rc watermark_reset(weir_ctx *ctx, weir_op *op) {
    (void)ctx;
    weir_watermark_stat *s = ((watermark_op *)op)->stat;
    *s = (weir_watermark_stat){.delay_ms = s->delay_ms};
    return WEIR_OK;
}

static int64_t floor_ms(int64_t us) { return us / 1000 - (us % 1000 < 0); }

static void note(weir_watermark_stat *s, const weir_column *c) {
    const weir_column *t = c->type->kind == WEIR_T_STRUCT ? &c->kid[1] : c;
    for (int64_t i = 0; i < c->len; i++) {
        int64_t row = t == c ? i : weir_kid_row(c, i);
        bool null = weir_is_null(c, i) || weir_is_null(t, row);
        int64_t ms = null ? 0 : floor_ms(WEIR_AT_ROW(int64_t, t, row));
        if (!s->count++)
            s->max_ms = s->min_ms = ms;
        else if (ms > s->max_ms)
            s->max_ms = ms;
        else if (ms < s->min_ms)
            s->min_ms = ms;
        s->sum_ms += (double)ms;
    }
}

static weir_rc watermark_next(weir_ctx *ctx, weir_op *op, weir_batch *out, bool *eof) {
    weir_column c;
    WEIR_TRY(weir_op_next(ctx, op->in[0], out, eof));
    if (*eof) return WEIR_OK;
    WEIR_TRY(weir_eval_run(ctx, op->eval, 0, out, &c));
    note(((watermark_op *)op)->stat, &c);
    return WEIR_OK;
}

const weir_op_ops weir_op_watermark = {"watermark",    sizeof(watermark_op), NULL,
                                       watermark_next, watermark_reset,      NULL};
