/* The micro-batch loop of one query. SPARK MicroBatchExecution: offsets/N is durable before
 * anything of batch N runs, commits/N after the sink has it. Driver thread only. */
#include "query/query.h"

#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>

/* Keys recorded with every batch: values in the newest offset file win over the session
 * (checkpoint-format 1.3). */
static const char *const recorded[] = {
    "spark.sql.shuffle.partitions",
    "spark.sql.streaming.stateStore.providerClass",
    "spark.sql.streaming.multipleWatermarkPolicy",
    "spark.sql.streaming.flatMapGroupsWithState.stateFormatVersion",
    "spark.sql.streaming.aggregation.stateFormatVersion",
    "spark.sql.streaming.join.stateFormatVersion",
    "spark.sql.streaming.stateStore.compression.codec",
    "spark.sql.streaming.stateStore.rocksdb.formatVersion",
    "spark.sql.streaming.stateStore.rocksdb.mergeOperatorVersion",
    "spark.sql.streaming.statefulOperator.useStrictDistribution",
    "spark.sql.optimizer.pruneFiltersCanPruneStreamingSubplan",
    "spark.sql.streaming.stateStore.encodingFormat",
    "spark.sql.streaming.stateStore.rowChecksum.enabled",
    "spark.sql.function.protobufExtensions.enabled",
    "spark.sql.streaming.queryEvolution.enableSourceEvolution",
    "spark.sql.streaming.statefulOperator.alwaysNullableOutput.enabled",
    "spark.sql.dropDuplicates.deterministicKeyOrder.enabled"};

static const char *conf_to_record(weir_ctx *ctx, const weir_query *q, const char *key) {
    const char *v = weir_conf_get(q->conf, key);
    if (!v) v = "";
    if (strcmp(key, "spark.sql.shuffle.partitions") == 0 && strcmp(v, "auto") == 0)
        return weir_printf(
            ctx->arena, "%d",
            8); /* a number is recorded: later starts must find the same partitions */
    if (strncmp(v, "com.databricks.sql.streaming.state.", 35) == 0)
        return weir_printf(ctx->arena, "org.apache.spark.sql.execution.streaming.state.%s", v + 35);
    return v;
}

static weir_rc write_offsets(weir_ctx *ctx, weir_query *q) {
    weir_str s;
    weir_jw w;
    weir_str_init(&s, ctx->arena, 64 << 20);
    weir_str_puts(&s, "v1\n");
    weir_jw_init(&w, &s);
    weir_jw_obj(&w);
    weir_jw_key(&w, "batchWatermarkMs");
    weir_jw_int(&w, q->watermark_us / 1000);
    weir_jw_key(&w, "batchTimestampMs");
    weir_jw_int(&w, q->batch_time_ms);
    weir_jw_key(&w, "conf");
    weir_jw_obj(&w);
    for (size_t i = 0; i < sizeof recorded / sizeof *recorded; i++) {
        weir_jw_key(&w, recorded[i]);
        weir_jw_str(&w, conf_to_record(ctx, q, recorded[i]));
    }
    weir_jw_end_obj(&w);
    weir_jw_end_obj(&w);
    for (int i = 0; i < q->nsource; i++) weir_str_printf(&s, "\n%s", q->to[i] ? q->to[i] : "-");
    return weir_log_write(ctx, &q->offsets, q->epoch, s.p);
}

static weir_rc bad_offsets(weir_ctx *ctx, const weir_query *q, int64_t id, const char *why) {
    return weir_fail(ctx, WEIR_E_MALFORMED_CHECKPOINT, "path",
                     weir_printf(ctx->arena, "%s/%lld", q->offsets.dir, (long long)id), "reason",
                     why);
}

/* SPARK OffsetSeq.toStreamProgress */
static weir_rc other_sources(weir_ctx *ctx, const weir_query *q, int64_t id, int logged) {
    return weir_fail(ctx, WEIR_E_ILLEGAL_STATE, "message",
                     weir_printf(ctx->arena,
                                 "assertion failed: There are [%d] sources in the checkpoint "
                                 "offsets and now there are [%d] sources requested by the query. "
                                 "Cannot continue. Start the query as it was, or with a new "
                                 "checkpoint; the offsets are in the file %s/%lld",
                                 logged, q->nsource, q->offsets.dir, (long long)id));
}

/* offsets/id: one line per source into out (in arena), watermark, time and conf into the query. */
static weir_rc read_offsets(weir_ctx *ctx, weir_query *q, int64_t id, weir_arena *mem,
                            const char **out, bool apply) {
    int version = 0;
    char *text = NULL;
    WEIR_TRY(weir_log_read(ctx, &q->offsets, id, &version, &text));
    char *line = strchr(text, '\n');
    size_t n = line ? (size_t)(line - text) : strlen(text);
    weir_json *meta = weir_json_parse(ctx->arena, text, n, NULL);
    if (!meta || meta->kind != WEIR_J_OBJECT)
        return bad_offsets(ctx, q, id, "its second line is not a JSON object");
    int k = 0;
    for (char *s = line; s; k++) {
        char *end = strchr(++s, '\n');
        size_t len = end ? (size_t)(end - s) : strlen(s);
        if (!end && len == 0) break; /* a newline at the end is no source */
        const char *colon = version == 2 ? memchr(s, ':', len) : NULL;
        if (colon) len -= (size_t)(colon + 1 - s), s = (char *)(uintptr_t)(colon + 1);
        if (k < q->nsource) out[k] = len == 1 && *s == '-' ? NULL : weir_strndup(mem, s, len);
        s = end;
    }
    if (k != q->nsource) return other_sources(ctx, q, id, k);
    if (!apply) return WEIR_OK;
    q->watermark_us = weir_json_int(meta, "batchWatermarkMs", 0) * 1000;
    q->batch_time_ms = weir_json_int(meta, "batchTimestampMs", 0);
    const weir_json *conf = weir_json_get(meta, "conf");
    for (size_t i = 0; conf && i < sizeof recorded / sizeof *recorded; i++) {
        const char *v = weir_json_str(conf, recorded[i], NULL);
        if (v) weir_conf_put(q->conf, recorded[i], v);
    }
    return WEIR_OK;
}

static weir_rc write_commit(weir_ctx *ctx, weir_query *q) {
    const char *t = weir_printf(ctx->arena, "v1\n{\"nextBatchWatermarkMs\":%lld}",
                                (long long)(q->watermark_us / 1000));
    return weir_log_write(ctx, &q->commits, q->epoch, t);
}

/* ---- start ---- */

static void find_sources(weir_query *q, weir_plan *p) {
    for (int i = 0; i < p->nin; i++) find_sources(q, p->in[i]);
    if (p->kind != WEIR_P_SCAN || !p->scan->streaming) return;
    for (int i = 0; i < q->nsource; i++)
        if (q->source[i] == p->scan) return;
    if (q->nsource < WEIR_MAX_SOURCES) q->source[q->nsource++] = p->scan;
}

static weir_rc load_metadata(weir_ctx *ctx, weir_query *q, bool has_log) {
    char *path = weir_printf(ctx->arena, "%s/metadata", q->spec.checkpoint), *text;
    weir_stat st;
    size_t len;
    WEIR_TRY(weir_path_stat(ctx, path, &st));
    if (st.exists) {
        WEIR_TRY(weir_file_slurp(ctx, path, &text, &len));
        const weir_json *m = weir_json_parse(ctx->arena, text, len, NULL);
        const char *id = weir_json_str(m, "id", NULL);
        if (!id || strlen(id) != 36)
            return weir_fail(ctx, WEIR_E_MALFORMED_CHECKPOINT, "path", path, "reason",
                             "it holds no query id. Restore it from a copy");
        memcpy(q->id, id, 37);
        return WEIR_OK;
    }
    if (has_log)
        return weir_fail(ctx, WEIR_E_CHECKPOINT_MISSING_METADATA, "checkpointLocation",
                         q->spec.checkpoint);
    weir_uuid(ctx->env, q->id);
    text = weir_printf(ctx->arena, "{\"id\":\"%s\"}", q->id);
    return weir_file_put(ctx, path, text, strlen(text), false, NULL);
}

/* The lock file names the run that holds it, for the message that refuses another one. */
static weir_rc take_lock(weir_ctx *ctx, weir_query *q) {
    char *path = weir_printf(ctx->arena, "%s/.weir.lock", q->spec.checkpoint), *run = NULL,
         *meta = NULL;
    size_t n = 0;
    bool busy = false;
    WEIR_TRY(weir_path_lock(ctx, path, &busy, &q->lock));
    if (!busy) return weir_file_write(ctx, q->lock, q->run_id, 36);
    WEIR_TRY(weir_file_slurp(ctx, path, &run, &n));
    const char *id = NULL;
    weir_stat st;
    char *metadata = weir_printf(ctx->arena, "%s/metadata", q->spec.checkpoint);
    WEIR_TRY(weir_path_stat(ctx, metadata, &st));
    if (st.exists) {
        WEIR_TRY(weir_file_slurp(ctx, metadata, &meta, &n));
        id = weir_json_str(weir_json_parse(ctx->arena, meta, n, NULL), "id", NULL);
    }
    return weir_fail(ctx, WEIR_E_CONCURRENT_QUERY, "queryId", id ? id : "unknown",
                     "existingQueryRunId", *run ? run : "unknown", "newQueryRunId", q->run_id,
                     "path", q->spec.checkpoint);
}

weir_rc weir_query_prepare(weir_ctx *ctx, weir_query *q) {
    int64_t lo, offsets, commits;
    weir_arena *mem = q->spec.mem;
    weir_uuid(ctx->env, q->run_id);
    WEIR_TRY(weir_path_mkdirs(ctx, q->spec.checkpoint));
    WEIR_TRY(take_lock(ctx, q));
    q->offsets = (weir_log_dir){weir_printf(mem, "%s/offsets", q->spec.checkpoint), 2, 0};
    q->commits = (weir_log_dir){weir_printf(mem, "%s/commits", q->spec.checkpoint), 3, 0};
    WEIR_TRY(weir_log_range(ctx, &q->offsets, &lo, &offsets));
    WEIR_TRY(weir_log_range(ctx, &q->commits, &lo, &commits));
    WEIR_TRY(load_metadata(ctx, q, offsets >= 0 || commits >= 0));
    find_sources(q, q->spec.plan);
    if (q->spec.sink->announce) {
        weir_write_info info = q->spec.info;
        info.query_name = q->spec.name;
        info.schema = q->spec.plan->schema;
        WEIR_TRY(q->spec.sink->announce(ctx, &info));
    }
    WEIR_TRY(weir_path_mkdirs(ctx, q->offsets.dir));
    WEIR_TRY(weir_path_mkdirs(ctx, q->commits.dir));
    return WEIR_OK;
}

/* A fresh query finds no trace of another. SPARK verifyCheckpointDirectoryEmptyOnStart */
static weir_rc check_empty(weir_ctx *ctx, const weir_query *q) {
    static const char *const dirs[] = {"commits", "state"};
    for (int k = 0; k < 2; k++) {
        char *dir = weir_printf(ctx->arena, "%s/%s", q->spec.checkpoint, dirs[k]);
        weir_dirent *e = NULL;
        int64_t n = 0;
        WEIR_TRY(weir_path_list(ctx, dir, false, &e, &n));
        for (int64_t i = 0; i < n; i++)
            if (e[i].name[0] != '.')
                return weir_fail(ctx, WEIR_E_STATE_CHECKPOINT_NOT_EMPTY, "checkpointLocation", dir);
    }
    return WEIR_OK;
}

static weir_rc recover(weir_ctx *ctx, weir_query *q) {
    int64_t lo, offsets, commits, commit_lo;
    WEIR_TRY(weir_log_range(ctx, &q->offsets, &lo, &offsets));
    WEIR_TRY(weir_log_range(ctx, &q->commits, &commit_lo, &commits));
    if (offsets < 0) return check_empty(ctx, q);
    weir_arena *mem = q->offset_mem[q->offset_turn];
    bool again = offsets != commits;
    /* SPARK: the batch before the newest must be there, also when it is not needed */
    if (offsets > 0) WEIR_TRY(read_offsets(ctx, q, offsets - 1, mem, q->from, false));
    if (again && offsets > commits + 1)
        weir_log(WEIR_LOG_WARN, "checkpoint %s: newest batch %lld, newest commit %lld",
                 q->spec.checkpoint, (long long)offsets, (long long)commits);
    if (again) {
        WEIR_TRY(read_offsets(ctx, q, offsets, mem, q->to, true));
        q->epoch = offsets;
        q->replay = true;
        return WEIR_OK;
    }
    WEIR_TRY(read_offsets(ctx, q, offsets, mem, q->from, true));
    int version = 0;
    char *text = NULL;
    WEIR_TRY(weir_log_read(ctx, &q->commits, commits, &version, &text));
    const weir_json *c = weir_json_parse(ctx->arena, text, strcspn(text, "\n"), NULL);
    if (!c || c->kind != WEIR_J_OBJECT)
        return weir_fail(
            ctx, WEIR_E_MALFORMED_CHECKPOINT, "path",
            weir_printf(ctx->arena, "%s/%lld", q->commits.dir, (long long)commits), "reason",
            "its second line is not a JSON object. Restore it from a copy of the checkpoint");
    int64_t next_us = weir_json_int(c, "nextBatchWatermarkMs", 0) * 1000;
    if (next_us > q->watermark_us) q->watermark_us = next_us;
    q->epoch = offsets + 1;
    return WEIR_OK;
}

static weir_rc open_all(weir_ctx *ctx, weir_query *q) {
    for (int i = 0; i < q->nsource; i++) {
        weir_scan *s = q->source[i];
        s->checkpoint_dir = weir_printf(q->spec.mem, "%s/sources/%d", q->spec.checkpoint, i);
        const char *last = q->replay ? q->to[i] : q->from[i];
        if (s->ops->start) WEIR_TRY(s->ops->start(ctx, s, last));
        if (q->spec.trigger.kind == WEIR_TRIGGER_AVAILABLE_NOW && s->ops->freeze)
            WEIR_TRY(s->ops->freeze(ctx, s));
    }
    WEIR_TRY(weir_exec_build(ctx, q->spec.plan, &q->exec));
    q->sink.ops = q->spec.sink;
    q->sink.mem = q->spec.mem;
    q->sink.info = q->spec.info;
    q->sink.info.query_id = q->id;
    q->sink.info.run_id = q->run_id;
    q->sink.info.query_name = q->spec.name;
    q->sink.info.schema = q->spec.plan->schema;
    return q->sink.ops->open(ctx, &q->sink);
}

/* ---- one batch ---- */

static bool same_offset(const char *a, const char *b) {
    return a == b || (a && b && strcmp(a, b) == 0);
}

/* New end offsets. *any: there is data. */
static weir_rc ask_sources(weir_ctx *ctx, weir_query *q, bool *any) {
    weir_limit limit = {.unlimited = q->spec.trigger.kind == WEIR_TRIGGER_ONCE,
                        .frozen = q->spec.trigger.kind == WEIR_TRIGGER_AVAILABLE_NOW};
    weir_arena *mem = q->offset_mem[!q->offset_turn];
    weir_arena_reset(mem);
    *any = false;
    for (int i = 0; i < q->nsource; i++) {
        const char *to = NULL;
        const weir_source_ops *ops = q->source[i]->ops;
        weir_query_set_status(
            q,
            weir_printf(ctx->arena, "Getting offsets from %s",
                        ops->description ? ops->description(ctx, q->source[i]) : ops->format),
            false, true);
        WEIR_TRY(ops->latest(ctx, q->source[i], q->from[i], &limit, &to));
        *any |= to && !same_offset(to, q->from[i]);
        q->to[i] = weir_strdup(mem, to ? to : q->from[i]);
    }
    return WEIR_OK;
}

static weir_rc plan_batch(weir_ctx *ctx, weir_query *q, bool *any) {
    int64_t t = weir_monotonic_us(ctx->env);
    WEIR_TRY(ask_sources(ctx, q, any));
    q->timing.latest_us += weir_monotonic_us(ctx->env) - t;
    if (!*any) return WEIR_OK;
    q->batch_time_ms = weir_now_ms(ctx->env);
    t = weir_monotonic_us(ctx->env);
    WEIR_TRY(write_offsets(ctx, q));
    if (q->epoch > 0)
        for (int i = 0; i < q->nsource; i++)
            if (q->source[i]->ops->committed && q->from[i])
                WEIR_TRY(q->source[i]->ops->committed(ctx, q->source[i], q->from[i]));
    int64_t keep = weir_conf_int(q->conf, "spark.sql.streaming.minBatchesToRetain");
    if (q->epoch > keep) {
        WEIR_TRY(weir_log_purge(ctx, &q->offsets, q->epoch - keep));
        WEIR_TRY(weir_log_purge(ctx, &q->commits, q->epoch - keep));
    }
    q->timing.wal_us += weir_monotonic_us(ctx->env) - t;
    return WEIR_OK;
}

static weir_rc write_rows(weir_ctx *ctx, weir_query *q) {
    weir_writer *w = NULL;
    WEIR_TRY(q->sink.ops->writer(ctx, &q->sink, 0, &w));
    weir_ctx c = *ctx;
    c.arena = weir_arena_new(ctx->arena);
    weir_rc rc = WEIR_OK;
    for (bool eof = false; rc == WEIR_OK && !eof;) {
        weir_batch b;
        rc = weir_op_next(&c, q->exec->root, &b, &eof);
        if (rc == WEIR_OK && !eof && b.len) rc = w->write(&c, w, &b);
        weir_arena_reset(c.arena);
    }
    weir_arena_free(c.arena);
    if (rc == WEIR_OK) rc = w->finish(ctx, w);
    if (rc != WEIR_OK) w->abort(w);
    return rc;
}

static weir_rc run_batch(weir_ctx *ctx, weir_query *q) {
    bool done = false;
    int64_t t = weir_monotonic_us(ctx->env);
    weir_splits *splits = WEIR_NEWN(ctx->arena, weir_splits, q->exec->nscan + 1);
    for (int k = 0; k < q->exec->nscan; k++) {
        weir_scan *s = q->exec->scan[k];
        int i = 0;
        while (i < q->nsource && q->source[i] != s) i++;
        if (i == q->nsource || same_offset(q->from[i], q->to[i])) continue;
        WEIR_TRY(s->ops->split(ctx, s, q->from[i], q->to[i], &splits[k]));
    }
    q->timing.get_batch_us += weir_monotonic_us(ctx->env) - t;
    t = weir_monotonic_us(ctx->env);
    WEIR_TRY(weir_exec_epoch(ctx, q->exec, splits));
    q->timing.planning_us += weir_monotonic_us(ctx->env) - t;
    t = weir_monotonic_us(ctx->env);
    q->sink.epoch = q->epoch;
    WEIR_TRY(q->sink.ops->begin(ctx, &q->sink, q->epoch, &done));
    if (!done) {
        weir_rc rc = write_rows(ctx, q);
        if (rc == WEIR_OK) rc = q->sink.ops->commit(ctx, &q->sink);
        if (rc != WEIR_OK) {
            q->sink.ops->abort(ctx, &q->sink);
            return rc;
        }
    }
    q->timing.add_us += weir_monotonic_us(ctx->env) - t;
    t = weir_monotonic_us(ctx->env);
    WEIR_TRY(write_commit(ctx, q));
    q->timing.commit_us += weir_monotonic_us(ctx->env) - t;
    return WEIR_OK;
}

static weir_rc report(weir_ctx *ctx, weir_query *q) {
    weir_str s;
    weir_str_init(&s, ctx->arena, 16 << 20);
    int64_t rows[WEIR_MAX_SOURCES] = {0};
    for (int k = 0; k < q->exec->nscan; k++)
        for (int i = 0; i < q->nsource; i++)
            if (q->source[i] == q->exec->scan[k]) rows[i] += q->exec->rows_in[k];
    WEIR_TRY(
        weir_progress_text(ctx, q, rows, q->sink.ops->rows ? q->sink.ops->rows(&q->sink) : -1, &s));
    weir_query_add_progress(q, s.p);
    weir_query_event(q, WEIR_EVENT_PROGRESS, s.p);
    q->last_event_ms = weir_now_ms(ctx->env);
    return WEIR_OK;
}

/* One trigger: *ran tells whether a batch ran. */
static weir_rc trigger(weir_ctx *query_ctx, weir_query *q, bool *ran) {
    weir_epoch epoch = {0};
    weir_ctx c = *query_ctx;
    weir_task task = {.input_file = ""};
    bool any = q->replay;
    c.arena = weir_arena_new(query_ctx->arena);
    c.task = &task;
    q->timing = (weir_timing){0};
    q->trigger_start_ms = weir_now_ms(c.env);
    weir_rc rc = WEIR_OK;
    if (!q->replay) rc = plan_batch(&c, q, &any);
    *ran = rc == WEIR_OK && any;
    if (*ran) {
        epoch = (weir_epoch){q->epoch, q->batch_time_ms, INT64_MIN, q->watermark_us};
        c.epoch = &epoch;
        c.now_us = q->batch_time_ms * 1000;
        weir_query_set_status(q, "Processing new data", true, true);
        rc = run_batch(&c, q);
        if (rc == WEIR_OK) rc = report(&c, q);
    }
    if (rc == WEIR_OK && *ran) {
        /* what was the end is the next beginning */
        if (!q->replay) q->offset_turn = !q->offset_turn;
        memcpy(q->from, q->to, sizeof q->from);
        q->replay = false;
        q->epoch++;
        q->last_trigger_ms = q->trigger_start_ms;
    }
    weir_arena_free(c.arena);
    return rc;
}

/* ---- the loop ---- */

static void idle(weir_ctx *ctx, weir_query *q) {
    int64_t now = weir_now_ms(ctx->env),
            every = weir_conf_ms(q->conf, "spark.sql.streaming.noDataProgressEventInterval");
    if (now - q->last_event_ms < every) return;
    char iso[32], json[256];
    weir_iso_time(now, iso);
    snprintf(json, sizeof json, "{\"id\":\"%s\",\"runId\":\"%s\",\"timestamp\":\"%s\"}", q->id,
             q->run_id, iso);
    weir_query_event(q, WEIR_EVENT_IDLE, json);
    q->last_event_ms = now;
}

static void note_no_data(weir_query *q) {
    weir_lock(&q->mu);
    q->idle_look = q->look;
    weir_cond_wake_all(&q->cond);
    weir_unlock(&q->mu);
}

/* False: somebody asked for another look (or for the end) meanwhile. */
static bool begin_wait(weir_query *q) {
    weir_query_set_status(q, "Waiting for data to arrive", false, false);
    weir_lock(&q->mu);
    q->waiting = q->wanted_look <= q->look && !q->draining;
    bool wait = q->waiting;
    weir_unlock(&q->mu);
    return wait;
}

static weir_rc wait_for_data(weir_ctx *ctx, weir_query *q) {
    weir_rc rc = WEIR_OK;
    if (!begin_wait(q)) return WEIR_OK;
    if (q->nsource == 1 && q->source[0]->ops->wait)
        rc = q->source[0]->ops->wait(ctx, q->source[0], 1000);
    else
        weir_sleep_ms(ctx, weir_conf_ms(q->conf, "spark.sql.streaming.pollingDelay"));
    weir_lock(&q->mu);
    q->waiting = false;
    weir_unlock(&q->mu);
    weir_cancel_rest(&q->cancel); /* a poke is used up; a cancel stays */
    return rc;
}

static bool begin_look(weir_query *q) {
    weir_lock(&q->mu);
    q->look++;
    bool go = !q->draining;
    weir_unlock(&q->mu);
    return go;
}

static void wait_for_tick(weir_ctx *ctx, weir_query *q) {
    int64_t every = q->spec.trigger.interval_ms, now = weir_now_ms(ctx->env);
    weir_query_set_status(q, "Waiting for next trigger", false, false);
    weir_lock(&q->mu);
    bool draining = q->draining;
    weir_unlock(&q->mu);
    if (draining) return;
    weir_sleep_ms(ctx, now / every * every + every - now);
}

static weir_rc loop(weir_ctx *ctx, weir_query *q) {
    weir_trigger_kind kind = q->spec.trigger.kind;
    bool timed = kind == WEIR_TRIGGER_PROCESSING_TIME && q->spec.trigger.interval_ms > 0;
    for (;;) {
        bool ran = false, again = q->replay;
        WEIR_TRY(weir_check_cancel(ctx));
        if (!begin_look(q)) return WEIR_OK;
        weir_rc rc = trigger(ctx, q, &ran);
        if (rc == WEIR_RETRY) continue;
        if (rc != WEIR_OK) return rc;
        if (kind == WEIR_TRIGGER_ONCE && (ran || !again)) return WEIR_OK;
        if (!ran) {
            note_no_data(q);
            idle(ctx, q);
            if (kind == WEIR_TRIGGER_AVAILABLE_NOW) return WEIR_OK;
        }
        if (timed)
            wait_for_tick(ctx, q);
        else if (!ran)
            WEIR_TRY(wait_for_data(ctx, q));
    }
}

static void terminated_event(weir_query *q) {
    weir_str s;
    weir_jw w;
    weir_str_init(&s, NULL, 1 << 20);
    weir_jw_init(&w, &s);
    weir_jw_obj(&w);
    weir_jw_key(&w, "id");
    weir_jw_str(&w, q->id);
    weir_jw_key(&w, "runId");
    weir_jw_str(&w, q->run_id);
    weir_jw_key(&w, "exception");
    weir_jw_str(&w, q->failed ? q->err.msg : NULL);
    weir_jw_key(&w, "errorClassOnException");
    weir_jw_str(&w, q->failed ? weir_errcls_name(q->err.cls) : NULL);
    weir_jw_end_obj(&w);
    weir_query_event(q, WEIR_EVENT_TERMINATED, s.p);
    weir_str_free(&s);
}

/* The failure as clients see it: STREAM_FAILED around its cause. */
static void record_failure(weir_ctx *ctx, weir_query *q) {
    weir_err cause;
    weir_err_init(&cause);
    weir_err_copy(&cause, ctx->err);
    weir_err_clear(ctx->err);
    (void)weir_fail(ctx, WEIR_E_STREAM_FAILED, "id", q->id, "runId", q->run_id, "message",
                    cause.msg ? cause.msg : "unknown");
    weir_lock(&q->mu);
    weir_err_copy(&q->err, ctx->err);
    q->err.cause = weir_strdup(q->err.own, weir_errcls_name(cause.cls));
    q->failed = true;
    weir_unlock(&q->mu);
    weir_err_clear(&cause);
}

static void close_all(weir_ctx *ctx, weir_query *q) {
    weir_exec_close(q->exec);
    if (q->sink.ops && q->sink.ops->close) q->sink.ops->close(&q->sink);
    for (int i = 0; i < q->nsource; i++)
        if (q->source[i]->ops->stop) q->source[i]->ops->stop(q->source[i]);
    if (q->spec.checkpoint_is_temp && !q->failed) {
        weir_err quiet;
        weir_err_init(&quiet);
        weir_ctx c = *ctx;
        c.err = &quiet;
        c.cancel = NULL;
        (void)weir_path_remove_all(&c, q->spec.checkpoint);
        weir_err_clear(&quiet);
    }
    weir_file_drop(q->lock);
    q->lock = NULL;
}

void *weir_query_thread(void *arg) {
    weir_query *q = arg;
    weir_err err;
    weir_err_init(&err);
    weir_ctx ctx = {.arena = weir_arena_new(NULL),
                    .err = &err,
                    .budget = q->spec.budget,
                    .conf = q->conf,
                    .env = q->spec.env,
                    .cancel = &q->cancel};
    ctx.now_us = weir_now_us(ctx.env);
    q->offset_mem[0] = weir_arena_new(NULL);
    q->offset_mem[1] = weir_arena_new(NULL);
    weir_query_set_status(q, "Initializing sources", false, false);
    weir_rc rc = recover(&ctx, q);
    if (rc == WEIR_OK) rc = open_all(&ctx, q);
    if (rc == WEIR_OK) rc = loop(&ctx, q);
    if (rc != WEIR_OK && rc != WEIR_CANCEL && !atomic_load(&q->cancel.asked))
        record_failure(&ctx, q);
    close_all(&ctx, q);
    char text[sizeof q->status];
    snprintf(text, sizeof text, q->failed ? "Terminated with exception: %s" : "Stopped",
             q->failed ? q->err.msg : "");
    weir_query_set_status(q, text, false, false);
    terminated_event(q);
    weir_arena_free(ctx.arena);
    weir_arena_free(q->offset_mem[0]);
    weir_arena_free(q->offset_mem[1]);
    weir_err_clear(&err);
    weir_lock(&q->mu);
    weir_arena *plan_mem = q->spec.mem;
    q->spec.mem = NULL;
    weir_unlock(&q->mu);
    weir_arena_free(plan_mem);
    weir_lock(&q->mu);
    q->active = false;
    weir_cond_wake_all(&q->cond);
    weir_unlock(&q->mu);
    weir_manager_ended(q->manager, q);
    return NULL;
}
