/* Aggregation with state. A batch's rows are folded into groups of their own; each group is then
 * merged with its entry in the store, so that results are those of Apache Spark to the last bit.
 * SPARK StateStoreRestoreExec, StateStoreSaveExec; checkpoint-format 4.1. One task. */
#include "exec/ops.h"
#include "exec/state_rows.h"
#include "plan/stream.h"

typedef struct state_agg {
    weir_stateful s;
    weir_eval *keys;
    int event_key; /* -1: no key is event time */
    weir_state_layout layout;
    weir_partial part;
    /* of this batch */
    bool full;
    weir_aggs *merged;        /* the groups that count, with their history */
    int64_t *kept, nkept, at; /* their slots in part */
    weir_saved due;           /* append: what is final */
    int64_t cursor;           /* complete: entry handed out last */
} state_agg;

static int64_t due_us(const void *u, weir_bytes key, weir_bytes value) {
    const state_agg *a = u;
    (void)value;
    return weir_state_time(a->layout.key, a->event_key, key);
}

static weir_rc agg_open(weir_ctx *ctx, weir_op *op) {
    state_agg *a = (state_agg *)op;
    const weir_plan *p = op->plan;
    WEIR_TRY(weir_eval_new(ctx, p->expr, p->ngroup, &a->keys));
    a->event_key = weir_event_time_key(p);
    WEIR_TRY(weir_state_layout_of(ctx, p, a->s.x->stream->agg_format == 1, &a->layout));
    a->s.st.name = a->s.st.shown = "stateStoreSave";
    a->s.st.dropped_duplicates = -1;
    a->s.st.asks_no_data_batch = a->s.x->stream->mode != WEIR_OUT_COMPLETE;
    a->s.st.spec.due_us = a->event_key >= 0 ? due_us : NULL;
    a->s.st.spec.u = a;
    return weir_exec_add_state(ctx, a->s.x, &a->s.st, a->layout.key, a->layout.value,
                               p->ngroup == 0);
}

static weir_rc agg_reset(weir_ctx *ctx, weir_op *op) {
    (void)ctx;
    state_agg *a = (state_agg *)op;
    weir_partial_free(&a->part);
    a->full = false;
    a->at = a->nkept = 0;
    a->due = (weir_saved){0};
    a->cursor = -1;
    return WEIR_OK;
}

static void agg_close(weir_op *op) {
    state_agg *a = (state_agg *)op;
    (void)agg_reset(NULL, op);
    weir_stateful_close(&a->s);
}

/* Slots from .. from+n of the batch that are not late, into kept. */
static void drop_late(weir_ctx *ctx, state_agg *a, const weir_column *key, int64_t from,
                      int64_t n) {
    bool filter = a->event_key >= 0 && a->s.x->stream->mode != WEIR_OUT_COMPLETE;
    for (int64_t i = 0; i < n; i++) {
        if (filter && weir_event_time_at(&key[a->event_key], i) <= ctx->epoch->late_watermark_us)
            a->s.st.dropped_late++;
        else
            a->kept[a->nkept++] = from + i;
    }
}

/* Merges kept[first ..] (slots of one chunk that starts at from) with the store. */
static weir_rc merge_chunk(weir_ctx *ctx, state_agg *a, weir_column *key, int64_t from,
                           int64_t first) {
    const weir_plan *p = a->s.base.plan;
    int64_t n = a->nkept - first, len = 0, *idx = WEIR_NEWN(ctx->arena, int64_t, n + 1);
    if (n == 0) return WEIR_OK;
    for (int64_t i = 0; i < n; i++) idx[i] = a->kept[first + i] - from;
    for (int k = 0; k < p->ngroup; k++) WEIR_TRY(weir_column_take(ctx, &key[k], idx, n, &key[k]));
    weir_rowset keys, values;
    WEIR_TRY(weir_urow_encode(ctx, a->s.st.spec.key, key, n, &keys));
    int64_t *entry = WEIR_NEWN(ctx->arena, int64_t, n + 1);
    uint32_t *slot = WEIR_NEWN(ctx->arena, uint32_t, n + 1);
    for (int64_t i = 0; i < n; i++) {
        int64_t e = weir_store_find(a->s.st.store, weir_rowset_at(&keys, i));
        if (e < 0) continue;
        slot[len] = (uint32_t)(first + i);
        entry[len++] = e;
    }
    weir_column *state = WEIR_NEWN(ctx->arena, weir_column, a->layout.nstate + 1);
    if (len) {
        WEIR_TRY(weir_layout_load(ctx, &a->layout, &a->s.st, entry, len, state));
        WEIR_TRY(weir_aggs_merge(ctx, a->merged, state, len, slot, a->nkept));
    }
    WEIR_TRY(weir_aggs_save(ctx, a->part.aggs, from, idx[n - 1] + 1, state));
    for (int k = 0; k < a->layout.nstate; k++)
        WEIR_TRY(weir_column_take(ctx, &state[k], idx, n, &state[k]));
    for (int64_t i = 0; i < n; i++) slot[i] = (uint32_t)(first + i);
    WEIR_TRY(weir_aggs_merge(ctx, a->merged, state, n, slot, a->nkept));
    WEIR_TRY(weir_aggs_save(ctx, a->merged, first, n, state));
    WEIR_TRY(weir_layout_encode(ctx, &a->layout, &a->s.st, key, state, n, &values));
    return weir_state_put(ctx, &a->s.st, key, p->ngroup, &keys, &values);
}

static weir_rc merge_all(weir_ctx *ctx, state_agg *a) {
    const weir_plan *p = a->s.base.plan;
    weir_ctx c = *ctx;
    c.arena = weir_arena_new(a->part.held);
    weir_rc rc =
        weir_aggs_new(ctx, a->part.held, p->expr + p->ngroup, p->nexpr - p->ngroup, &a->merged);
    a->kept = WEIR_NEWN(a->part.held, int64_t, a->part.nslot + 1);
    for (int64_t from = 0; rc == WEIR_OK && from < a->part.nslot; from += WEIR_BATCH_ROWS) {
        int64_t n = a->part.nslot - from, first = a->nkept;
        if (n > WEIR_BATCH_ROWS) n = WEIR_BATCH_ROWS;
        weir_column *key = WEIR_NEWN(c.arena, weir_column, p->ngroup + 1);
        if (p->ngroup) rc = weir_groups_keys(&c, a->part.groups, from, n, key);
        if (rc != WEIR_OK) break;
        drop_late(&c, a, key, from, n);
        rc = merge_chunk(&c, a, key, from, first);
        weir_arena_reset(c.arena);
    }
    weir_arena_free(c.arena);
    return rc;
}

static weir_rc fill(weir_ctx *ctx, state_agg *a) {
    WEIR_TRY(weir_partial_fill(ctx, &a->part, a->s.base.plan, a->keys, a->s.base.in[0]));
    WEIR_TRY(weir_state_begin(ctx, &a->s.st));
    WEIR_TRY(merge_all(ctx, a));
    if (a->event_key >= 0 && a->s.x->stream->mode == WEIR_OUT_APPEND)
        WEIR_TRY(weir_state_take_due(ctx, &a->s.st, a->part.held, &a->due));
    a->full = true;
    return WEIR_OK;
}

/* Update: the groups that changed; those that are over leave the store afterwards. */
static weir_rc next_changed(weir_ctx *ctx, state_agg *a, weir_batch *out, bool *eof) {
    const weir_plan *p = a->s.base.plan;
    int64_t n = a->nkept - a->at;
    if (n > WEIR_BATCH_ROWS) n = WEIR_BATCH_ROWS;
    *eof = n == 0;
    if (*eof) {
        weir_saved gone = {0};
        return a->event_key < 0 ? WEIR_OK : weir_state_take_due(ctx, &a->s.st, a->part.held, &gone);
    }
    int64_t lo = a->kept[a->at], hi = a->kept[a->at + n - 1],
            *idx = WEIR_NEWN(ctx->arena, int64_t, n);
    weir_column *key = WEIR_NEWN(ctx->arena, weir_column, p->ngroup + 1);
    *out = (weir_batch){
        .schema = p->schema, .len = n, .col = WEIR_NEWN(ctx->arena, weir_column, p->nexpr + 1)};
    for (int64_t i = 0; i < n; i++) idx[i] = a->kept[a->at + i] - lo;
    if (p->ngroup) WEIR_TRY(weir_groups_keys(ctx, a->part.groups, lo, hi - lo + 1, key));
    for (int k = 0; k < p->ngroup; k++)
        WEIR_TRY(weir_column_take(ctx, &key[k], idx, n, &out->col[k]));
    for (int i = p->ngroup; i < p->nexpr; i++)
        WEIR_TRY(weir_aggs_finish(ctx, a->merged, i - p->ngroup, a->at, n, &out->col[i]));
    a->at += n;
    return WEIR_OK;
}

static weir_rc next_due(weir_ctx *ctx, state_agg *a, weir_batch *out, bool *eof) {
    int64_t n = a->due.n - a->at;
    if (n > WEIR_BATCH_ROWS) n = WEIR_BATCH_ROWS;
    *eof = n == 0;
    if (*eof) return WEIR_OK;
    WEIR_TRY(weir_layout_finish(ctx, &a->layout, a->s.base.plan, a->due.key + a->at,
                                a->due.value + a->at, n, out));
    a->at += n;
    return WEIR_OK;
}

static weir_rc next_all(weir_ctx *ctx, state_agg *a, weir_batch *out, bool *eof) {
    weir_bytes *key = WEIR_NEWN(ctx->arena, weir_bytes, WEIR_BATCH_ROWS),
               *value = WEIR_NEWN(ctx->arena, weir_bytes, WEIR_BATCH_ROWS);
    int64_t n = 0, e = a->cursor;
    while (n < WEIR_BATCH_ROWS && (e = weir_store_next(a->s.st.store, e)) >= 0) {
        key[n] = weir_store_key(a->s.st.store, e);
        value[n++] = weir_store_value(a->s.st.store, e);
        a->cursor = e;
    }
    *eof = n == 0;
    return *eof ? WEIR_OK : weir_layout_finish(ctx, &a->layout, a->s.base.plan, key, value, n, out);
}

static weir_rc agg_next(weir_ctx *ctx, weir_op *op, weir_batch *out, bool *eof) {
    state_agg *a = (state_agg *)op;
    if (!a->full) WEIR_TRY(fill(ctx, a));
    switch (a->s.x->stream->mode) {
    case WEIR_OUT_UPDATE: return next_changed(ctx, a, out, eof);
    case WEIR_OUT_COMPLETE: return next_all(ctx, a, out, eof);
    default: return next_due(ctx, a, out, eof);
    }
}

const weir_op_ops weir_op_state_aggregate = {"state aggregate", sizeof(state_agg), agg_open,
                                             agg_next,          agg_reset,         agg_close};
