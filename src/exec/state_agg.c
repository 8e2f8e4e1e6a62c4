/* Aggregation with state. A batch's rows are folded into groups of their own; each group is then
 * merged with its entry in the store, so that results are those of Apache Spark to the last bit.
 * SPARK StateStoreRestoreExec, StateStoreSaveExec; checkpoint-format 4.1. One task. */
#include "exec/ops.h"
#include "exec/state_rows.h"
#include "plan/stream.h"

/* So many groups of a batch are held before they are merged into the store: what bounds the memory
 * that a batch needs beside it. */
enum { MAX_GROUPS = 32 << 10 };

typedef struct state_agg {
    weir_stateful s;
    weir_eval *keys;
    int event_key; /* -1: no key is event time */
    weir_state_layout layout;
    /* of this batch */
    weir_arena *held;
    weir_partial part;
    bool full;
    int64_t cursor; /* update, complete: what comes next */
    bool evicted;
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
    weir_arena_free(a->held);
    a->held = NULL;
    a->full = a->evicted = false;
    a->cursor = 0;
    return WEIR_OK;
}

static void agg_close(weir_op *op) {
    (void)agg_reset(NULL, op);
    weir_stateful_close(&((state_agg *)op)->s);
}

/* Rows of a chunk that are not late. */
static int64_t drop_late(weir_ctx *ctx, state_agg *a, const weir_column *key, int64_t n,
                         int64_t *idx) {
    bool filter = a->event_key >= 0 && a->s.x->stream->mode != WEIR_OUT_COMPLETE;
    int64_t kept = 0;
    for (int64_t i = 0; i < n; i++) {
        if (filter && weir_event_time_at(&key[a->event_key], i) <= ctx->epoch->late_watermark_us)
            a->s.st.dropped_late++;
        else
            idx[kept++] = i;
    }
    return kept;
}

/* Entries of keys that are there, and which rows these are. */
static weir_rc find_entries(weir_ctx *ctx, const state_agg *a, const weir_rowset *keys,
                            int64_t *entry, uint32_t *slot, int64_t *n) {
    *n = 0;
    WEIR_TRY(weir_store_find_all(ctx, a->s.st.store, keys, entry));
    for (int64_t i = 0; i < keys->n; i++) {
        int64_t e = entry[i];
        if (e < 0) continue;
        slot[*n] = (uint32_t)i;
        entry[(*n)++] = e;
    }
    return WEIR_OK;
}

/* SPARK: first what was stored, then what came, folded into fresh buffers. */
static weir_rc merge_rows(weir_ctx *ctx, state_agg *a, const weir_rowset *keys,
                          weir_column *state) {
    const weir_plan *p = a->s.base.plan;
    weir_aggs *merged = NULL;
    int64_t *entry = WEIR_NEWN(ctx->arena, int64_t, keys->n + 1);
    uint32_t *slot = WEIR_NEWN(ctx->arena, uint32_t, keys->n + 1);
    weir_column *old = WEIR_NEWN(ctx->arena, weir_column, a->layout.nstate + 1);
    int64_t n;
    WEIR_TRY(find_entries(ctx, a, keys, entry, slot, &n));
    if (n == 0) return WEIR_OK;
    WEIR_TRY(weir_aggs_new(ctx, ctx->arena, p->expr + p->ngroup, p->nexpr - p->ngroup, &merged));
    WEIR_TRY(weir_layout_load(ctx, &a->layout, &a->s.st, entry, n, old));
    WEIR_TRY(weir_aggs_merge(ctx, merged, old, n, slot, keys->n));
    for (int64_t i = 0; i < keys->n; i++) slot[i] = (uint32_t)i;
    WEIR_TRY(weir_aggs_merge(ctx, merged, state, keys->n, slot, keys->n));
    return weir_aggs_save(ctx, merged, 0, keys->n, state);
}

static weir_rc merge_chunk(weir_ctx *ctx, state_agg *a, int64_t from, int64_t len) {
    const weir_plan *p = a->s.base.plan;
    weir_column *key = WEIR_NEWN(ctx->arena, weir_column, p->ngroup + 1),
                *state = WEIR_NEWN(ctx->arena, weir_column, a->layout.nstate + 1);
    int64_t *idx = WEIR_NEWN(ctx->arena, int64_t, len + 1);
    weir_rowset keys, values;
    if (p->ngroup) WEIR_TRY(weir_groups_keys(ctx, a->part.groups, from, len, key));
    WEIR_TRY(weir_aggs_save(ctx, a->part.aggs, from, len, state));
    int64_t n = drop_late(ctx, a, key, len, idx);
    if (n == 0) return WEIR_OK;
    for (int k = 0; k < p->ngroup && n < len; k++)
        WEIR_TRY(weir_column_take(ctx, &key[k], idx, n, &key[k]));
    for (int k = 0; k < a->layout.nstate && n < len; k++)
        WEIR_TRY(weir_column_take(ctx, &state[k], idx, n, &state[k]));
    WEIR_TRY(weir_urow_encode(ctx, a->s.st.spec.key, key, n, &keys));
    WEIR_TRY(merge_rows(ctx, a, &keys, state));
    WEIR_TRY(weir_layout_encode(ctx, &a->layout, &a->s.st, key, state, n, &values));
    return weir_state_put(ctx, &a->s.st, key, p->ngroup, &keys, &values);
}

/* The groups at hand go into the store. */
static weir_rc flush(weir_ctx *ctx, state_agg *a) {
    weir_ctx c = *ctx;
    c.arena = weir_arena_new(a->held);
    weir_rc rc = WEIR_OK;
    for (int64_t from = 0; rc == WEIR_OK && from < a->part.nslot; from += WEIR_BATCH_ROWS) {
        int64_t n = a->part.nslot - from;
        rc = merge_chunk(&c, a, from, n < WEIR_BATCH_ROWS ? n : WEIR_BATCH_ROWS);
        weir_arena_reset(c.arena);
    }
    weir_arena_free(c.arena);
    weir_partial_free(&a->part);
    return rc;
}

static weir_rc fill(weir_ctx *ctx, state_agg *a) {
    const weir_plan *p = a->s.base.plan;
    bool began = false;
    if (!a->held) a->held = weir_arena_new(NULL);
    while (!a->full) {
        WEIR_TRY(
            weir_partial_fill(ctx, &a->part, p, a->keys, a->s.base.in[0], MAX_GROUPS, &a->full));
        if (!began) WEIR_TRY(weir_state_begin(ctx, &a->s.st));
        began = true;
        WEIR_TRY(flush(ctx, a));
    }
    return WEIR_OK;
}

/* Append: the groups that are over. */
static weir_rc next_due(weir_ctx *ctx, state_agg *a, weir_batch *out, bool *eof) {
    weir_bytes *key = WEIR_NEWN(ctx->arena, weir_bytes, WEIR_BATCH_ROWS),
               *value = WEIR_NEWN(ctx->arena, weir_bytes, WEIR_BATCH_ROWS);
    int64_t n = 0;
    if (a->event_key >= 0)
        WEIR_TRY(weir_state_take_due(ctx, &a->s.st, WEIR_BATCH_ROWS, key, value, &n));
    *eof = n == 0;
    return *eof ? WEIR_OK : weir_layout_finish(ctx, &a->layout, a->s.base.plan, key, value, n, out);
}

/* Update: the groups that changed; complete: all. In update mode those that are over leave the
 * store afterwards. */
static weir_rc next_entries(weir_ctx *ctx, state_agg *a, weir_batch *out, bool *eof) {
    bool update = a->s.x->stream->mode == WEIR_OUT_UPDATE;
    weir_bytes *key = WEIR_NEWN(ctx->arena, weir_bytes, WEIR_BATCH_ROWS),
               *value = WEIR_NEWN(ctx->arena, weir_bytes, WEIR_BATCH_ROWS);
    int64_t n = 0, e;
    while (n < WEIR_BATCH_ROWS && !a->evicted) {
        e = update ? weir_store_changed(a->s.st.store, &a->cursor)
                   : weir_store_next(a->s.st.store, a->cursor - 1);
        if (e < 0) break;
        key[n] = weir_store_key(ctx, a->s.st.store, e);
        value[n++] = weir_store_value(ctx, a->s.st.store, e);
        if (!update) a->cursor = e + 1;
    }
    *eof = n == 0;
    if (!*eof) return weir_layout_finish(ctx, &a->layout, a->s.base.plan, key, value, n, out);
    if (update && a->event_key >= 0 && !a->evicted)
        while ((e = weir_store_expired(a->s.st.store, a->s.st.evict_us)) >= 0)
            weir_store_remove(a->s.st.store, e);
    a->evicted = true;
    return WEIR_OK;
}

static weir_rc agg_next(weir_ctx *ctx, weir_op *op, weir_batch *out, bool *eof) {
    state_agg *a = (state_agg *)op;
    if (!a->full) WEIR_TRY(fill(ctx, a));
    return a->s.x->stream->mode == WEIR_OUT_APPEND ? next_due(ctx, a, out, eof)
                                                   : next_entries(ctx, a, out, eof);
}

const weir_op_ops weir_op_state_aggregate = {"state aggregate", sizeof(state_agg), agg_open,
                                             agg_next,          agg_reset,         agg_close};
