/* Deduplication and limit with state. SPARK StreamingDeduplicateExec,
 * StreamingDeduplicateWithinWatermarkExec, StreamingGlobalLimitExec; checkpoint-format 4.3, 4.4,
 * 4.6. One task. */
#include "exec/state_rows.h"
#include "plan/stream.h"

typedef struct state_dedup {
    weir_stateful s;
    weir_schema *key;
    int time;     /* event time column of the input, -1 none */
    int key_time; /* the key that is event time, -1 none */
    int64_t delay_us;
    bool began, evicted;
} state_dedup;

static int64_t key_due(const void *u, weir_bytes key, weir_bytes value) {
    const state_dedup *d = u;
    (void)value;
    return weir_state_time(d->key, d->key_time, key);
}

static int64_t value_due(const void *u, weir_bytes key, weir_bytes value) {
    (void)u, (void)key;
    return weir_urow_i64(value, 1, 0);
}

/* The event time by which rows are late: where nobody reads it, Spark has pruned it, and no row is.
 * SPARK WatermarkSupport.watermarkPredicateForDataForLateEvents */
static int late_by(const weir_op *op) {
    const weir_plan *p = op->plan, *in = p->in[0];
    for (int i = 0; i < in->schema->nfield; i++) {
        bool read = !op->need || op->need[i] || p->within_watermark;
        for (int k = 0; k < p->nexpr && !read; k++) read = p->expr[k]->ordinal == i;
        if (read && weir_event_time_delay(in, i) >= 0) return i;
    }
    return -1;
}

static weir_rc dedup_open(weir_ctx *ctx, weir_op *op) {
    state_dedup *d = (state_dedup *)op;
    const weir_plan *p = op->plan, *in = p->in[0];
    weir_field *f = WEIR_NEWN(ctx->arena, weir_field, p->nexpr + 1),
               value = {"__dummy__", &weir_t_void, true, NULL};
    d->time = late_by(op);
    d->key_time = -1;
    for (int i = 0; i < p->nexpr; i++) {
        f[i] = in->schema->field[p->expr[i]->ordinal];
        if (d->key_time < 0 && weir_event_time_delay(in, p->expr[i]->ordinal) >= 0) d->key_time = i;
    }
    d->key = weir_type_nullable(ctx->arena, weir_type_struct(ctx->arena, f, p->nexpr));
    d->s.st.name = d->s.st.shown = "dedupe";
    d->s.st.asks_no_data_batch = true;
    d->s.st.spec.u = d;
    d->s.st.spec.due_us = d->key_time >= 0 ? key_due : NULL;
    if (p->within_watermark) {
        value = (weir_field){"expiresAtMicros", &weir_t_long, true, NULL};
        d->s.st.name = d->s.st.shown = "dedupeWithinWatermark";
        d->s.st.spec.due_us = value_due;
        d->delay_us = weir_event_time_delay(in, d->time);
    }
    return weir_exec_add_state(ctx, d->s.x, &d->s.st, d->key,
                               weir_type_struct(ctx->arena, &value, 1), false);
}

static weir_rc dedup_reset(weir_ctx *ctx, weir_op *op) {
    (void)ctx;
    state_dedup *d = (state_dedup *)op;
    d->began = d->evicted = false;
    return WEIR_OK;
}

static void dedup_close(weir_op *op) { weir_stateful_close(&((state_dedup *)op)->s); }

/* What a new key's row is kept with. */
static weir_rc values(weir_ctx *ctx, const state_dedup *d, const weir_batch *in, weir_rowset *out) {
    weir_column c;
    weir_build b;
    if (!d->s.base.plan->within_watermark) {
        WEIR_TRY(weir_column_null(ctx, &weir_t_void, in->len, &c));
        return weir_urow_encode(ctx, d->s.st.spec.value, &c, in->len, out);
    }
    WEIR_TRY(weir_build_init(ctx, &b, &weir_t_long));
    for (int64_t i = 0; i < in->len; i++) {
        int64_t t = weir_event_time_at(&in->col[d->time], i);
        /* SPARK reads a null time as 0 */
        weir_build_i64(&b, (t == INT64_MAX ? 0 : t) + d->delay_us);
    }
    WEIR_TRY(weir_build_finish(ctx, &b, &c));
    return weir_urow_encode(ctx, d->s.st.spec.value, &c, in->len, out);
}

/* Rows of the batch that are new, into idx; they are stored. */
static weir_rc new_rows(weir_ctx *ctx, state_dedup *d, const weir_batch *in, int64_t *idx,
                        int64_t *n) {
    const weir_plan *p = d->s.base.plan;
    weir_column *key = WEIR_NEWN(ctx->arena, weir_column, p->nexpr + 1);
    int32_t *part = WEIR_NEWN(ctx->arena, int32_t, in->len + 1);
    weir_rowset keys, vals;
    for (int k = 0; k < p->nexpr; k++) {
        WEIR_TRY(weir_eval_run(ctx, d->s.base.eval, k, in, &key[k]));
        WEIR_TRY(weir_normal_zero(ctx, &key[k]));
    }
    WEIR_TRY(weir_urow_encode(ctx, d->s.st.spec.key, key, in->len, &keys));
    WEIR_TRY(values(ctx, d, in, &vals));
    weir_state_partition(&d->s.st, key, p->nexpr, in->len, part);
    *n = 0;
    for (int64_t i = 0; i < in->len; i++) {
        if (d->time >= 0 &&
            weir_event_time_at(&in->col[d->time], i) <= ctx->epoch->late_watermark_us) {
            d->s.st.dropped_late++;
            continue;
        }
        int64_t e;
        WEIR_TRY(weir_store_find(ctx, d->s.st.store, weir_rowset_at(&keys, i), &e));
        if (e >= 0) {
            d->s.st.dropped_duplicates++;
        } else {
            WEIR_TRY(weir_store_put(ctx, d->s.st.store, part[i], weir_rowset_at(&keys, i),
                                    weir_rowset_at(&vals, i)));
            idx[(*n)++] = i;
        }
    }
    return WEIR_OK;
}

static void evict(state_dedup *d) {
    int64_t e;
    if (d->evicted) return;
    d->evicted = true;
    while ((e = weir_store_expired(d->s.st.store, d->s.st.evict_us)) >= 0)
        weir_store_remove(d->s.st.store, e);
}

static weir_rc dedup_next(weir_ctx *ctx, weir_op *op, weir_batch *out, bool *eof) {
    state_dedup *d = (state_dedup *)op;
    for (;;) {
        weir_batch in;
        WEIR_TRY(weir_op_next(ctx, op->in[0], &in, eof));
        if (!d->began) WEIR_TRY(weir_state_begin(ctx, &d->s.st));
        d->began = true;
        if (*eof) {
            evict(d);
            return WEIR_OK;
        }
        int64_t *idx = WEIR_NEWN(ctx->arena, int64_t, in.len + 1), n = 0;
        WEIR_TRY(new_rows(ctx, d, &in, idx, &n));
        if (n == 0) continue;
        return weir_batch_take(ctx, &in, idx, n, out);
    }
}

const weir_op_ops weir_op_state_dedup = {"state dedup", sizeof(state_dedup), dedup_open,
                                         dedup_next,    dedup_reset,         dedup_close};

/* ---- limit: rows handed on so far are the state ---- */

typedef struct state_limit {
    weir_stateful s;
    int64_t before, seen;
    bool began, saved;
} state_limit;

static weir_rc limit_open(weir_ctx *ctx, weir_op *op) {
    state_limit *l = (state_limit *)op;
    weir_field key = {"key", &weir_t_void, true, NULL}, value = {"value", &weir_t_long, true, NULL};
    l->s.st.name = l->s.st.shown = "globalLimit";
    l->s.st.dropped_duplicates = -1;
    return weir_exec_add_state(ctx, l->s.x, &l->s.st, weir_type_struct(ctx->arena, &key, 1),
                               weir_type_struct(ctx->arena, &value, 1), true);
}

static weir_rc limit_reset(weir_ctx *ctx, weir_op *op) {
    (void)ctx;
    state_limit *l = (state_limit *)op;
    l->began = l->saved = false;
    return WEIR_OK;
}

static void limit_close(weir_op *op) { weir_stateful_close(&((state_limit *)op)->s); }

static weir_rc limit_key(weir_ctx *ctx, const state_limit *l, weir_rowset *out) {
    weir_column c;
    WEIR_TRY(weir_column_null(ctx, &weir_t_void, 1, &c));
    return weir_urow_encode(ctx, l->s.st.spec.key, &c, 1, out);
}

static weir_rc limit_begin(weir_ctx *ctx, state_limit *l) {
    weir_rowset key;
    WEIR_TRY(weir_state_begin(ctx, &l->s.st));
    WEIR_TRY(limit_key(ctx, l, &key));
    int64_t e;
    WEIR_TRY(weir_store_find(ctx, l->s.st.store, weir_rowset_at(&key, 0), &e));
    l->before = l->seen = e < 0 ? 0 : weir_urow_i64(weir_store_value(ctx, l->s.st.store, e), 1, 0);
    l->began = true;
    return WEIR_OK;
}

static weir_rc limit_save(weir_ctx *ctx, state_limit *l) {
    weir_rowset key, value;
    weir_column c;
    weir_build b;
    if (l->saved || l->seen == l->before) return WEIR_OK;
    l->saved = true;
    WEIR_TRY(limit_key(ctx, l, &key));
    WEIR_TRY(weir_build_init(ctx, &b, &weir_t_long));
    weir_build_i64(&b, l->seen);
    WEIR_TRY(weir_build_finish(ctx, &b, &c));
    WEIR_TRY(weir_urow_encode(ctx, l->s.st.spec.value, &c, 1, &value));
    return weir_store_put(ctx, l->s.st.store, 0, weir_rowset_at(&key, 0),
                          weir_rowset_at(&value, 0));
}

/* Its input is read to the end, also behind the limit: what is below keeps state of its own. */
static weir_rc limit_next(weir_ctx *ctx, weir_op *op, weir_batch *out, bool *eof) {
    state_limit *l = (state_limit *)op;
    if (!l->began) WEIR_TRY(limit_begin(ctx, l));
    for (;;) {
        WEIR_TRY(weir_op_next(ctx, op->in[0], out, eof));
        if (*eof) return limit_save(ctx, l);
        int64_t left = op->plan->n - l->seen;
        if (left <= 0) continue;
        if (out->len > left) {
            int64_t *idx = WEIR_NEWN(ctx->arena, int64_t, left);
            for (int64_t i = 0; i < left; i++) idx[i] = i;
            weir_batch in = *out;
            WEIR_TRY(weir_batch_take(ctx, &in, idx, left, out));
        }
        l->seen += out->len;
        return WEIR_OK;
    }
}

const weir_op_ops weir_op_state_limit = {"state limit", sizeof(state_limit), limit_open,
                                         limit_next,    limit_reset,         limit_close};
