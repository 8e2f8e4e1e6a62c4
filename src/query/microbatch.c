/* The micro-batch loop of one query. SPARK MicroBatchExecution: offsets/N is durable before
 * anything of batch N runs, commits/N after the sink has it. Driver thread only. */
#include "query/query.h"

#include "base/log.h"
#include "exec/task_error.h"
#include "plan/stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

static weir_rc write_commit(weir_ctx *ctx, weir_query *q) {
    const char *t = weir_printf(ctx->arena, "v1\n{\"nextBatchWatermarkMs\":%lld}",
                                (long long)q->watermarks.global_ms);
    return weir_log_write(ctx, &q->commits, q->epoch, t);
}

/* ---- start ---- */

static int count_scans(const weir_plan *p) {
    int n = p->kind == WEIR_P_SCAN;
    for (int i = 0; i < p->nin; i++) n += count_scans(p->in[i]);
    return n;
}

static void add_sources(weir_query *q, const weir_plan *p) {
    int i = 0;
    for (int k = 0; k < p->nin; k++) add_sources(q, p->in[k]);
    if (p->kind != WEIR_P_SCAN || !p->scan->streaming) return;
    for (int k = 0; k < q->nplace; k++)
        if (q->place_reference[k] == p->reference) return;
    while (i < q->nsource && q->source[i] != p->scan) i++;
    if (i == q->nsource) q->source[q->nsource++] = p->scan;
    q->place_source[q->nplace] = i;
    q->place_reference[q->nplace++] = p->reference;
}

static void find_sources(weir_query *q, const weir_plan *p) {
    int n = count_scans(p) + 1;
    weir_arena *mem = q->spec.mem;
    q->nsource = q->nplace = 0;
    q->source = WEIR_NEWN(mem, weir_scan *, n);
    q->from = WEIR_NEWN(mem, const char *, n);
    q->to = WEIR_NEWN(mem, const char *, n);
    q->place_source = WEIR_NEWN(mem, int, n);
    q->place_reference = WEIR_NEWN(mem, int64_t, n);
    add_sources(q, p);
}

weir_rc weir_query_id_of(weir_ctx *ctx, const char *checkpoint, char id[37]) {
    char *path = weir_printf(ctx->arena, "%s/metadata", checkpoint), *text;
    weir_stat st;
    size_t len;
    *id = 0;
    WEIR_TRY(weir_path_stat(ctx, path, &st));
    if (!st.exists) return WEIR_OK;
    WEIR_TRY(weir_file_slurp(ctx, path, &text, &len));
    const char *v = weir_json_str(weir_json_parse(ctx->arena, text, len, NULL), "id", NULL);
    if (!v || strlen(v) != 36)
        return weir_fail(ctx, WEIR_E_MALFORMED_CHECKPOINT, "path", path, "reason",
                         weir_printf(ctx->arena,
                                     "it holds no query id. Restore it from a copy; weir "
                                     "checkpoint inspect %s says more",
                                     checkpoint));
    memcpy(id, v, 37);
    return WEIR_OK;
}

static weir_rc load_metadata(weir_ctx *ctx, weir_query *q, bool has_log) {
    WEIR_TRY(weir_query_id_of(ctx, q->spec.checkpoint, q->id));
    if (*q->id) return WEIR_OK;
    if (has_log)
        return weir_fail(ctx, WEIR_E_CHECKPOINT_MISSING_METADATA, "checkpointLocation",
                         q->spec.checkpoint);
    weir_uuid(ctx->env, q->id);
    char *text = weir_printf(ctx->arena, "{\"id\":\"%s\"}", q->id);
    return weir_file_put(ctx, weir_printf(ctx->arena, "%s/metadata", q->spec.checkpoint), text,
                         strlen(text), false, NULL);
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

static weir_rc announce(weir_ctx *ctx, weir_query *q) {
    if (!q->spec.sink->announce) return WEIR_OK;
    weir_write_info info = q->spec.info;
    info.query_name = q->spec.name;
    info.schema = q->spec.plan->schema;
    return q->spec.sink->announce(ctx, &info);
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
    WEIR_TRY(announce(ctx, q));
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

/* commits/id: the watermark of the batch after it. */
static weir_rc read_commit(weir_ctx *ctx, weir_query *q, int64_t id, int64_t *next_ms) {
    int version = 0;
    char *text = NULL;
    WEIR_TRY(weir_log_read(ctx, &q->commits, id, &version, &text));
    const weir_json *c = weir_json_parse(ctx->arena, text, strcspn(text, "\n"), NULL);
    if (!c || c->kind != WEIR_J_OBJECT)
        return weir_fail(
            ctx, WEIR_E_MALFORMED_CHECKPOINT, "path",
            weir_printf(ctx->arena, "%s/%lld", q->commits.dir, (long long)id), "reason",
            "its second line is not a JSON object. Restore it from a copy of the checkpoint");
    *next_ms = weir_json_int(c, "nextBatchWatermarkMs", 0);
    return WEIR_OK;
}

static weir_rc recover(weir_ctx *ctx, weir_query *q) {
    int64_t lo, offsets, commits, commit_lo, next_ms = 0;
    weir_offsets before = {0}, last;
    WEIR_TRY(weir_log_range(ctx, &q->offsets, &lo, &offsets));
    WEIR_TRY(weir_log_range(ctx, &q->commits, &commit_lo, &commits));
    if (offsets < 0) return check_empty(ctx, q);
    weir_arena *mem = q->offset_mem[q->offset_turn];
    bool again = offsets != commits;
    /* SPARK: the batch before the newest must be there, also when it is not needed */
    if (offsets > 0)
        WEIR_TRY(weir_offsets_read(ctx, &q->offsets, offsets - 1, q->nplace, mem, &before));
    WEIR_TRY(weir_offsets_read(ctx, &q->offsets, offsets, q->nplace, mem, &last));
    weir_offsets_restore(&last, q->conf);
    q->batch_time_ms = last.time_ms;
    if (again && offsets > commits + 1)
        weir_log(WEIR_LOG_WARN, "checkpoint %s: newest batch %lld, newest commit %lld",
                 q->spec.checkpoint, (long long)offsets, (long long)commits);
    if (again) {
        for (int k = 0; k < q->nplace; k++) {
            q->from[q->place_source[k]] = before.n ? before.line[k] : NULL;
            q->to[q->place_source[k]] = last.line[k];
        }
        q->late_ms = before.watermark_ms;
        q->watermark_ms = last.watermark_ms;
        q->epoch = offsets;
        q->replay = true;
        return WEIR_OK;
    }
    for (int k = 0; k < q->nplace; k++) q->from[q->place_source[k]] = last.line[k];
    WEIR_TRY(read_commit(ctx, q, commits, &next_ms));
    q->late_ms = last.watermark_ms;
    q->watermark_ms = next_ms > last.watermark_ms ? next_ms : last.watermark_ms;
    q->epoch = offsets + 1;
    return WEIR_OK;
}

static weir_rc build(weir_ctx *ctx, weir_query *q) {
    weir_plan *p = NULL;
    weir_offsets_settle(ctx, q->conf);
    q->stream = (weir_exec_stream){
        .state_dir = weir_printf(q->spec.mem, "%s/state", q->spec.checkpoint),
        .npart = (int32_t)weir_conf_int(q->conf, "spark.sql.shuffle.partitions"),
        .agg_format =
            (int32_t)weir_conf_int(q->conf, "spark.sql.streaming.aggregation.stateFormatVersion"),
        .mode = q->spec.output_mode,
        .codec = weir_conf_get(q->conf, "spark.sql.streaming.stateStore.compression.codec"),
        .row_checksum =
            weir_conf_bool(q->conf, "spark.sql.streaming.stateStore.rowChecksum.enabled"),
        .schema_unchecked =
            !weir_conf_bool(q->conf, "spark.sql.streaming.stateStore.stateSchemaCheck")};
    WEIR_TRY(weir_stream_push(ctx, q->spec.plan, &p));
    WEIR_TRY(weir_stream_layout(ctx, p, &p));
    WEIR_TRY(weir_exec_build(ctx, p, &q->stream, &q->exec));
    q->in_checkpoint = q->epoch > 0;
    if (q->exec->nstate) WEIR_TRY(weir_state_provider_check(ctx, q->conf));
    q->in_checkpoint = false;
    const char *policy = weir_conf_get(q->conf, "spark.sql.streaming.multipleWatermarkPolicy");
    weir_watermarks_init(&q->watermarks, q->spec.mem, q->exec->nwatermark,
                         strcasecmp(policy, "max") == 0, q->watermark_ms);
    q->maintainer = weir_maintainer_start(q->exec, q->conf, q->spec.env);
    return WEIR_OK;
}

static weir_rc open_sink(weir_ctx *ctx, weir_query *q) {
    q->sink.ops = q->spec.sink;
    q->sink.mem = q->spec.mem;
    q->sink.info = q->spec.info;
    q->sink.info.query_id = q->id;
    q->sink.info.run_id = q->run_id;
    q->sink.info.query_name = q->spec.name;
    q->sink.info.schema = q->spec.plan->schema;
    return q->sink.ops->open(ctx, &q->sink);
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
    WEIR_TRY(build(ctx, q));
    return q->sink.ops ? WEIR_OK : open_sink(ctx, q);
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

/* SPARK MicroBatchExecution.constructNextBatch: a watermark that moved may end state without any
 * new data; not before a batch has run here. */
static bool due_without_data(const weir_query *q) {
    return q->ran_before &&
           weir_conf_bool(q->conf, "spark.sql.streaming.noDataMicroBatches.enabled") &&
           weir_exec_wants_batch(q->exec, q->watermarks.global_ms * 1000);
}

static weir_rc plan_batch(weir_ctx *ctx, weir_query *q, bool *data, bool *any) {
    int64_t t = weir_monotonic_us(ctx->env);
    WEIR_TRY(ask_sources(ctx, q, data));
    q->timing.latest_us += weir_monotonic_us(ctx->env) - t;
    *any = *data || due_without_data(q);
    if (!*any) return WEIR_OK;
    q->batch_time_ms = weir_now_ms(ctx->env);
    t = weir_monotonic_us(ctx->env);
    weir_offsets o = {q->watermark_ms, q->batch_time_ms, NULL, q->nplace,
                      WEIR_NEWN(ctx->arena, const char *, q->nplace + 1)};
    for (int k = 0; k < q->nplace; k++) o.line[k] = q->to[q->place_source[k]];
    WEIR_TRY(weir_offsets_write(ctx, &q->offsets, q->epoch, &o, q->conf));
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
        /* with state, rows come over a shuffle: what fails before it is another task's failure */
        if (rc != WEIR_OK && q->sink.ops->names_task && !q->exec->nstate)
            rc = weir_task_failed(&c, q->spec.plan, q->sink.info.path, rc);
        if (rc == WEIR_OK && !eof && b.len) rc = weir_writer_write(&c, &q->sink, w, &b);
        weir_arena_reset(c.arena);
    }
    weir_arena_free(c.arena);
    if (rc == WEIR_OK) rc = weir_writer_finish(ctx, &q->sink, w);
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
        weir_splits_by_size(ctx->arena, &splits[k]);
    }
    q->timing.get_batch_us += weir_monotonic_us(ctx->env) - t;
    t = weir_monotonic_us(ctx->env);
    WEIR_TRY(weir_exec_epoch(ctx, q->exec, splits));
    q->timing.planning_us += weir_monotonic_us(ctx->env) - t;
    t = weir_monotonic_us(ctx->env);
    q->sink.epoch = q->epoch;
    WEIR_TRY(q->sink.ops->begin(ctx, &q->sink, q->epoch, &done));
    if (!q->ran_before) WEIR_TRY(weir_exec_state_check(ctx, q->exec));
    if (!done) {
        weir_rc rc = write_rows(ctx, q);
        if (rc == WEIR_OK) rc = weir_exec_state_commit(ctx, q->exec);
        if (rc == WEIR_OK) rc = q->sink.ops->commit(ctx, &q->sink);
        if (rc != WEIR_OK) {
            q->sink.ops->abort(ctx, &q->sink);
            return rc;
        }
    }
    q->timing.add_us += weir_monotonic_us(ctx->env) - t;
    t = weir_monotonic_us(ctx->env);
    weir_watermarks_update(&q->watermarks, q->exec->watermark);
    WEIR_TRY(write_commit(ctx, q));
    weir_maintainer_note(q->maintainer, q->epoch + 1);
    q->timing.commit_us += weir_monotonic_us(ctx->env) - t;
    return WEIR_OK;
}

static weir_rc report(weir_ctx *ctx, weir_query *q) {
    weir_str s;
    weir_str_init(&s, ctx->arena, 16 << 20);
    int64_t *rows = WEIR_NEWN(ctx->arena, int64_t, q->nsource + 1);
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
    bool any = q->replay, data = true;
    c.arena = weir_arena_new(query_ctx->arena);
    c.task = &task;
    q->timing = (weir_timing){0};
    q->trigger_start_ms = weir_now_ms(c.env);
    weir_rc rc = WEIR_OK;
    if (!q->replay) rc = plan_batch(&c, q, &data, &any);
    *ran = rc == WEIR_OK && any;
    if (*ran) {
        epoch = (weir_epoch){q->epoch, q->batch_time_ms, q->late_ms * 1000, q->watermark_ms * 1000};
        c.epoch = &epoch;
        c.now_us = q->batch_time_ms * 1000;
        weir_query_set_status(q, data ? "Processing new data" : "No new data but cleaning up state",
                              data, true);
        rc = run_batch(&c, q);
        if (rc == WEIR_OK) rc = report(&c, q);
    }
    if (rc == WEIR_OK && *ran) {
        /* what was the end is the next beginning */
        if (!q->replay) q->offset_turn = !q->offset_turn;
        memcpy(q->from, q->to, sizeof *q->from * (size_t)q->nsource);
        q->replay = false;
        q->ran_before = true;
        q->late_ms = q->watermark_ms;
        q->watermark_ms = q->watermarks.global_ms;
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
    weir_str s, text;
    weir_jw w;
    const char *cls = q->failed ? weir_errcls_name(q->cause_cls) : "";
    weir_str_init(&text, NULL, 1 << 20);
    if (q->failed)
        weir_str_printf(&text, "%s: %s",
                        weir_exception_classes(weir_errcls_exception(q->cause_cls))[0],
                        q->err.cause);
    weir_str_init(&s, NULL, 1 << 20);
    weir_jw_init(&w, &s);
    weir_jw_obj(&w);
    weir_jw_key(&w, "id");
    weir_jw_str(&w, q->id);
    weir_jw_key(&w, "runId");
    weir_jw_str(&w, q->run_id);
    weir_jw_key(&w, "exception");
    weir_jw_str(&w, text.p);
    weir_jw_key(&w, "errorClassOnException");
    weir_jw_str(&w, *cls ? cls : NULL);
    weir_jw_end_obj(&w);
    weir_query_event(q, WEIR_EVENT_TERMINATED, s.p);
    weir_str_free(&s);
    weir_str_free(&text);
}

/* Does the failure lie in what the checkpoint holds? */
static bool about_checkpoint(const weir_query *q, const weir_err *e) {
    static const char *const classes[] = {
        "CANNOT_LOAD_STATE_STORE",   "STATE_STORE_",       "STREAMING_STATEFUL_OPERATOR_",
        "MALFORMED_CHECKPOINT_FILE", "MALFORMED_LOG_FILE", "MALFORMED_STATE_ROW"};
    const char *cls = weir_errcls_name(e->cls);
    if (q->spec.checkpoint_is_temp) return false;
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        if (strncmp(cls, classes[i], strlen(classes[i])) == 0) return true;
    return q->in_checkpoint;
}

static const char *failure_text(weir_ctx *ctx, const weir_query *q, const weir_err *cause) {
    const char *text = cause->msg ? cause->msg : "unknown";
    if (!about_checkpoint(q, cause)) return text;
    return weir_printf(ctx->arena,
                       "%s\nWhat the checkpoint holds, and what can be done: weir checkpoint "
                       "inspect %s",
                       text, q->spec.checkpoint);
}

/* The failure as clients see it: STREAM_FAILED around its cause. */
static void record_failure(weir_ctx *ctx, weir_query *q) {
    weir_err cause;
    weir_err_init(&cause);
    weir_err_copy(&cause, ctx->err);
    weir_err_clear(ctx->err);
    const char *text = failure_text(ctx, q, &cause), *account = weir_query_account(ctx, q);
    (void)weir_fail(ctx, WEIR_E_STREAM_FAILED, "id", q->id, "runId", q->run_id, "message", text);
    weir_err *e = ctx->err;
    const char *why = cause.cause ? weir_printf(e->own, "\nCaused by: %s", cause.cause) : "";
    e->msg = weir_printf(e->own, "%s\n%s%s", e->msg, account, why);
    e->cause = weir_printf(e->own, "%s%s", text, why);
    weir_lock(&q->mu);
    weir_err_copy(&q->err, e);
    q->cause_cls = cause.cls;
    q->account = weir_strdup(q->err.own, account);
    q->failed = true;
    weir_unlock(&q->mu);
    weir_err_clear(&cause);
}

static void close_run(weir_query *q) {
    weir_maintainer_stop(q->maintainer);
    weir_exec_close(q->exec);
    if (q->sink.ops && q->sink.ops->close) q->sink.ops->close(&q->sink);
    for (int i = 0; i < q->nsource; i++)
        if (q->source[i]->ops->stop) q->source[i]->ops->stop(q->source[i]);
    q->maintainer = NULL;
    q->exec = NULL;
    q->sink = (weir_sink){0};
}

/* A source has another schema: everything but the checkpoint's identity is made again. */
static weir_rc replan(weir_ctx *ctx, weir_query *q) {
    weir_plan *p = NULL;
    weir_ctx c = *ctx;
    weir_log(WEIR_LOG_WARN, "query %s: planned again: %s", q->id, ctx->err->msg);
    weir_err_clear(ctx->err);
    close_run(q);
    c.arena = q->spec.mem;
    WEIR_TRY(q->spec.replan(&c, &q->spec, &p));
    weir_lock(&q->mu);
    q->spec.plan = p;
    weir_unlock(&q->mu);
    q->replay = q->ran_before = false;
    find_sources(q, p);
    return announce(ctx, q);
}

static bool schema_changed(const weir_query *q) {
    for (int i = 0; i < q->nsource; i++)
        if (q->source[i]->changed) return q->spec.replan != NULL;
    return false;
}

static weir_rc run_query(weir_ctx *ctx, weir_query *q) {
    for (;;) {
        weir_query_set_status(q, "Initializing sources", false, false);
        q->in_checkpoint = true;
        weir_rc rc = recover(ctx, q);
        if (rc == WEIR_OK) q->in_checkpoint = false;
        if (rc == WEIR_OK) rc = open_all(ctx, q);
        if (rc == WEIR_OK) rc = loop(ctx, q);
        if (rc != WEIR_FAIL || !schema_changed(q)) return rc;
        WEIR_TRY(replan(ctx, q));
    }
}

static void close_all(weir_ctx *ctx, weir_query *q) {
    close_run(q);
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

/* Before all else, for a sink that start() waits for. */
static weir_rc begin(weir_ctx *ctx, weir_query *q) {
    if (!q->spec.sink->open_first) return WEIR_OK;
    WEIR_TRY(open_sink(ctx, q));
    weir_query_began(q, NULL);
    return WEIR_OK;
}

static void say_end(weir_query *q) {
    weir_query_set_status(q, "Stopped", false, false); /* of a failed one its failure is told */
    terminated_event(q);
}

static void free_run(weir_query *q) {
    weir_arena_free(q->offset_mem[0]);
    weir_arena_free(q->offset_mem[1]);
    weir_lock(&q->mu);
    weir_arena *plan_mem = q->spec.mem;
    q->spec.mem = NULL;
    weir_unlock(&q->mu);
    weir_arena_free(plan_mem);
}

void *weir_query_thread(void *arg) {
    weir_query *q = arg;
    weir_err err;
    weir_err_init(&err);
    weir_budget *budget = weir_budget_open(q->spec.budget);
    (void)weir_budget_enter(budget);
    weir_notice notice = {weir_query_say, q};
    weir_ctx ctx = {.arena = weir_arena_new(NULL),
                    .err = &err,
                    .budget = budget,
                    .conf = q->conf,
                    .env = q->spec.env,
                    .cancel = &q->cancel,
                    .notice = &notice};
    ctx.now_us = weir_now_us(ctx.env);
    q->offset_mem[0] = weir_arena_new(NULL);
    q->offset_mem[1] = weir_arena_new(NULL);
    weir_rc rc = begin(&ctx, q);
    bool began = rc == WEIR_OK;
    if (began) rc = run_query(&ctx, q);
    if (began && rc != WEIR_OK && rc != WEIR_CANCEL && !atomic_load(&q->cancel.asked))
        record_failure(&ctx, q);
    close_all(&ctx, q);
    if (began) say_end(q);
    weir_arena_free(ctx.arena);
    free_run(q);
    if (began)
        weir_manager_ended(q->manager, q);
    else
        weir_query_began(q, &err);
    weir_err_clear(&err);
    weir_budget_close(budget);
    return NULL;
}
