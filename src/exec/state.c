/* Stores and metadata of stateful operators. See exec/state.h. Called by the operators and by the
 * query's driver thread. */
#include "exec/state.h"

#include "exec/ops.h"

void weir_exec_reserve_state(weir_exec *x, weir_state_op *st) {
    st->id = x->nstate;
    x->state[x->nstate++] = st;
}

weir_rc weir_exec_add_state(weir_ctx *ctx, weir_exec *x, weir_state_op *st, weir_schema *key,
                            weir_schema *value, bool one_partition) {
    const weir_exec_stream *s = x->stream;
    st->evict_us = INT64_MIN;
    st->spec.dir = weir_printf(ctx->arena, "%s/%d", s->state_dir, st->id);
    st->spec.name = "default";
    st->spec.nheld = one_partition ? 1 : s->npart;
    st->spec.key = weir_type_nullable(ctx->arena, key);
    st->spec.value = weir_type_nullable(ctx->arena, value);
    st->spec.codec = s->codec;
    st->spec.row_checksum = s->row_checksum;
    st->spec.schema_unchecked = s->schema_unchecked;
    return WEIR_OK;
}

weir_rc weir_state_begin(weir_ctx *ctx, weir_state_op *st) {
    st->dropped_late = 0;
    if (st->dropped_duplicates > 0) st->dropped_duplicates = 0;
    st->evict_us = ctx->epoch->evict_watermark_us;
    if (st->store && weir_store_version(st->store) != ctx->epoch->batch_id) {
        weir_store_close(st->store);
        st->store = NULL;
    }
    if (!st->store) WEIR_TRY(weir_store_open(ctx, &st->spec, ctx->epoch->batch_id, &st->store));
    weir_store_begin(st->store);
    return WEIR_OK;
}

void weir_state_partition(const weir_state_op *st, const weir_column *key, int nkey, int64_t len,
                          int32_t *part) {
    int32_t n = st->spec.nheld;
    for (int64_t i = 0; i < len; i++) part[i] = 42;
    for (int k = 0; k < nkey; k++)
        for (int64_t i = 0; i < len; i++) part[i] = weir_hash_row(&key[k], i, part[i]);
    for (int64_t i = 0; i < len; i++) part[i] = nkey ? ((part[i] % n) + n) % n : 0;
}

weir_rc weir_state_rows(weir_ctx *ctx, const weir_state_op *st, const int64_t *entry, int64_t n,
                        bool key, weir_column *out) {
    weir_bytes *row = WEIR_NEWN(ctx->arena, weir_bytes, n + 1);
    for (int64_t i = 0; i < n; i++)
        row[i] = key ? weir_store_key(ctx, st->store, entry[i])
                     : weir_store_value(ctx, st->store, entry[i]);
    return weir_urow_decode(ctx, key ? st->spec.key : st->spec.value, row, n, out);
}

/* ---- the query's side ---- */

static void list_name(weir_str *s, int32_t id, const char *name) {
    weir_str_printf(s, "%s(OperatorId: %d -> OperatorName: %s)", s->len ? ", " : "", (int)id, name);
}

static weir_rc write_metadata(weir_ctx *ctx, const weir_exec *x) {
    for (int i = 0; i < x->nstate; i++) {
        const weir_state_op *st = x->state[i];
        weir_state_store_info info = {st->spec.name, st->prefix_cols, x->stream->npart};
        WEIR_TRY(weir_state_metadata_write(ctx, st->spec.dir, st->id, st->name, &info, 1));
    }
    return WEIR_OK;
}

static weir_rc check_state_dir(weir_ctx *ctx, const weir_exec *x, const char *now) {
    weir_dirent *d = NULL;
    int64_t n = 0;
    WEIR_TRY(weir_path_list(ctx, x->stream->state_dir, false, &d, &n));
    if (n || !x->nstate) return WEIR_OK;
    return weir_fail(ctx, WEIR_E_STREAMING_STATEFUL_OPERATOR_MISSING_STATE_DIRECTORY,
                     "OpsInCurBatchSeq", now);
}

weir_rc weir_exec_state_check(weir_ctx *ctx, weir_exec *x) {
    if (ctx->epoch->batch_id == 0) return write_metadata(ctx, x);
    weir_str had, now;
    bool differs = false;
    weir_str_init(&had, ctx->arena, 1 << 20);
    weir_str_init(&now, ctx->arena, 1 << 20);
    for (int i = 0;; i++) {
        const weir_state_op *st = i < x->nstate ? x->state[i] : NULL;
        const char *name = NULL, *dir = weir_printf(ctx->arena, "%s/%d", x->stream->state_dir, i);
        weir_state_store_info *info = NULL;
        int32_t id = i;
        int n = 0;
        WEIR_TRY(weir_state_metadata_read(ctx, dir, &id, &name, &info, &n));
        if (name) list_name(&had, i, name);
        if (st) list_name(&now, i, st->name);
        if (!name && !st) break;
        differs |= !name || !st || strcmp(name, st->name) != 0;
    }
    /* checkpoints of Spark before 3.4 have no such files at all */
    if (!differs || !had.len) return check_state_dir(ctx, x, now.p ? now.p : "");
    return weir_fail(ctx, WEIR_E_STREAMING_STATEFUL_OPERATOR_NOT_MATCH_IN_STATE_METADATA,
                     "OpsInMetadataSeq", had.p ? had.p : "", "OpsInCurBatchSeq",
                     now.p ? now.p : "");
}

weir_rc weir_exec_state_commit(weir_ctx *ctx, weir_exec *x) {
    for (int i = 0; i < x->nstate; i++) {
        weir_state_op *st = x->state[i];
        /* an operator above that stopped asking (a limit) left this one unread */
        if (!st->store || weir_store_version(st->store) != ctx->epoch->batch_id)
            WEIR_TRY(weir_state_begin(ctx, st));
        WEIR_TRY(weir_store_commit(ctx, st->store));
    }
    return WEIR_OK;
}

bool weir_exec_wants_batch(const weir_exec *x, int64_t new_us) {
    for (int i = 0; i < x->nstate; i++)
        if (x->state[i]->asks_no_data_batch && x->state[i]->evict_us != INT64_MIN &&
            new_us > x->state[i]->evict_us)
            return true;
    return false;
}

static void entry(weir_jw *w, const char *key, int64_t v) {
    weir_jw_key(w, key);
    weir_jw_int(w, v);
}

static void custom_metrics(weir_jw *w, const weir_state_op *st, const weir_store_stat *s) {
    weir_jw_key(w, "customMetrics");
    weir_jw_obj(w);
    entry(w, "loadedMapCacheHitCount", 0);
    entry(w, "loadedMapCacheMissCount", 0);
    if (st->dropped_duplicates >= 0) entry(w, "numDroppedDuplicateRows", st->dropped_duplicates);
    entry(w, "stateOnCurrentVersionSizeBytes", s->memory_bytes);
    weir_jw_end_obj(w);
}

void weir_exec_state_progress(weir_exec *x, weir_jw *w) {
    weir_jw_arr(w);
    for (int i = 0; i < x->nstate; i++) {
        const weir_state_op *st = x->state[i];
        weir_store_stat s = {0};
        if (st->store) weir_store_stats(st->store, &s);
        weir_jw_obj(w);
        weir_jw_key(w, "operatorName");
        weir_jw_str(w, st->shown);
        entry(w, "numRowsTotal", s.rows_total);
        entry(w, "numRowsUpdated", s.rows_updated);
        entry(w, "allUpdatesTimeMs", s.update_us / 1000);
        entry(w, "numRowsRemoved", s.rows_removed);
        entry(w, "allRemovalsTimeMs", s.remove_us / 1000);
        entry(w, "commitTimeMs", s.commit_us / 1000);
        entry(w, "memoryUsedBytes", s.memory_bytes);
        entry(w, "numRowsDroppedByWatermark", st->dropped_late);
        entry(w, "numShufflePartitions", x->stream->npart);
        entry(w, "numStateStoreInstances", st->spec.nheld);
        custom_metrics(w, st, &s);
        weir_jw_end_obj(w);
    }
    weir_jw_end_arr(w);
}
