/* Progress, status and events of a query, in the form that both classic and Connect clients read.
 */
#include "query/query.h"
#include "base/mem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

void weir_iso_time(int64_t ms, char out[32]) {
    time_t s = (time_t)(ms >= 0 ? ms / 1000 : (ms - 999) / 1000);
    struct tm tm;
    gmtime_r(&s, &tm);
    size_t n = strftime(out, 32, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(out + n, 32 - n, ".%03dZ", (int)(ms - (int64_t)s * 1000));
}

void weir_query_set_status(weir_query *q, const char *message, bool data, bool trigger) {
    weir_lock(&q->mu);
    snprintf(q->status, sizeof q->status, "%s", message);
    q->waits[0] = 0;
    q->data_available = data;
    q->trigger_active = trigger;
    weir_unlock(&q->mu);
}

void weir_query_say(void *query, const char *text) {
    weir_query *q = query;
    weir_lock(&q->mu);
    snprintf(q->waits, sizeof q->waits, "%s", text ? text : "");
    weir_unlock(&q->mu);
}

void weir_query_add_progress(weir_query *q, const char *json) {
    int keep = (int)weir_conf_int(q->conf, "spark.sql.streaming.numRecentProgressUpdates");
    weir_lock(&q->mu);
    if (keep < 1) keep = 1;
    if (q->nprogress == q->cprogress) {
        int cap = q->cprogress ? q->cprogress * 2 : 8;
        char **v = weir_mem_resize(q->progress, sizeof *v * (size_t)cap);
        q->progress = v;
        q->cprogress = cap;
    }
    char *copy = weir_mem_strdup(json);
    q->progress[q->nprogress++] = copy;
    if (q->nprogress > keep) {
        weir_mem_free(q->progress[0]);
        memmove(q->progress, q->progress + 1, sizeof *q->progress * (size_t)--q->nprogress);
    }
    weir_unlock(&q->mu);
}

void weir_query_event(weir_query *q, weir_event_kind kind, const char *json) {
    weir_manager_emit(q, kind, json);
}

static void offsets(weir_ctx *ctx, weir_query *q, const char *const *v, weir_str *out) {
    const char *sep = "";
    weir_str_putc(out, '{');
    for (int i = 0; i < q->nsource; i++) {
        weir_scan *s = q->source[i];
        if (!v[i]) continue;
        weir_str_printf(out, "%s%s: %s", sep,
                        s->ops->description ? s->ops->description(ctx, s) : s->ops->format, v[i]);
        sep = ",";
    }
    weir_str_putc(out, '}');
}

const char *weir_query_account(weir_ctx *ctx, weir_query *q) {
    weir_str s;
    bool ready = q->sink.ops && q->exec;
    weir_str_init(&s, ctx->arena, 16 << 20);
    weir_str_printf(&s, "=== Streaming Query ===\nIdentifier: %s%s[id = %s, runId = %s]\n",
                    q->spec.name ? q->spec.name : "", q->spec.name ? " " : "", q->id, q->run_id);
    weir_str_printf(&s, "Current Committed Offsets: ");
    offsets(ctx, q, q->from, &s);
    weir_str_printf(&s, "\nCurrent Available Offsets: ");
    offsets(ctx, q, q->to, &s);
    weir_str_printf(&s, "\n\nCurrent State: %s\nThread State: RUNNABLE",
                    ready ? "ACTIVE" : "INITIALIZING");
    if (ready)
        weir_str_printf(&s, "\n\nLogical Plan:\n%s", weir_plan_tree(ctx->arena, q->spec.plan));
    return s.failed ? "" : s.p;
}

static void rate(weir_jw *w, const char *key, int64_t rows, int64_t ms) {
    weir_jw_key(w, key);
    weir_jw_double(w, ms > 0 ? (double)rows * 1000.0 / (double)ms : 0.0);
}

static void ms_entry(weir_jw *w, const char *key, int64_t us) {
    weir_jw_key(w, key);
    weir_jw_int(w, us / 1000);
}

static void durations(weir_jw *w, const weir_query *q, int64_t total_ms) {
    weir_jw_key(w, "durationMs");
    weir_jw_obj(w);
    ms_entry(w, "addBatch", q->timing.add_us);
    ms_entry(w, "commitOffsets", q->timing.commit_us);
    ms_entry(w, "getBatch", q->timing.get_batch_us);
    ms_entry(w, "latestOffset", q->timing.latest_us);
    ms_entry(w, "queryPlanning", q->timing.planning_us);
    weir_jw_key(w, "triggerExecution");
    weir_jw_int(w, total_ms);
    ms_entry(w, "walCommit", q->timing.wal_us);
    weir_jw_end_obj(w);
}

static weir_rc source(weir_ctx *ctx, weir_jw *w, weir_query *q, int i, int64_t rows,
                      int64_t since_ms, int64_t total_ms) {
    weir_scan *s = q->source[i];
    const char *latest = NULL;
    if (s->ops->latest_known) WEIR_TRY(s->ops->latest_known(ctx, s, &latest));
    weir_jw_obj(w);
    weir_jw_key(w, "description");
    weir_jw_str(w, s->ops->description ? s->ops->description(ctx, s) : s->ops->format);
    weir_jw_key(w, "startOffset");
    weir_jw_str(w, q->from[i]);
    weir_jw_key(w, "endOffset");
    weir_jw_str(w, q->to[i]);
    weir_jw_key(w, "latestOffset");
    weir_jw_str(w, latest);
    weir_jw_key(w, "numInputRows");
    weir_jw_int(w, rows);
    rate(w, "inputRowsPerSecond", rows, since_ms);
    rate(w, "processedRowsPerSecond", rows, total_ms);
    weir_jw_key(w, "metrics");
    weir_jw_obj(w);
    if (s->ops->metrics) s->ops->metrics(ctx, s, w);
    weir_jw_end_obj(w);
    weir_jw_end_obj(w);
    return WEIR_OK;
}

/* A value of an observed row. */
static weir_rc observed_value(weir_ctx *ctx, weir_jw *w, const weir_column *c) {
    if (weir_is_null(c, 0)) return weir_jw_null(w), WEIR_OK;
    switch (c->type->kind) {
    case WEIR_T_BOOLEAN: weir_jw_bool(w, WEIR_AT_ROW(uint8_t, c, 0)); return WEIR_OK;
    case WEIR_T_BYTE: weir_jw_int(w, WEIR_AT_ROW(int8_t, c, 0)); return WEIR_OK;
    case WEIR_T_SHORT: weir_jw_int(w, WEIR_AT_ROW(int16_t, c, 0)); return WEIR_OK;
    case WEIR_T_INT: weir_jw_int(w, WEIR_AT_ROW(int32_t, c, 0)); return WEIR_OK;
    case WEIR_T_LONG: weir_jw_int(w, WEIR_AT_ROW(int64_t, c, 0)); return WEIR_OK;
    case WEIR_T_DOUBLE: {
        double d = WEIR_AT_ROW(double, c, 0);
        if (isfinite(d))
            weir_jw_double(w, d);
        else
            weir_jw_str(w, isnan(d) ? "NaN" : d > 0 ? "Infinity" : "-Infinity");
        return WEIR_OK;
    }
    default: break;
    }
    weir_expr *lit = weir_lit_column(ctx->arena, c), *cast = NULL;
    weir_column text;
    WEIR_TRY(weir_cast_resolve(ctx, lit, &weir_t_string, WEIR_CAST_DEFAULT, &cast));
    WEIR_TRY(weir_eval_const(ctx, cast, &text));
    weir_bytes b = weir_get_bytes(&text, 0);
    if (c->type->kind == WEIR_T_DECIMAL)
        weir_jw_raw(w, weir_strndup(ctx->arena, b.p, (size_t)b.len));
    else
        weir_jw_strn(w, b.p, (size_t)b.len);
    return WEIR_OK;
}

static weir_rc observed(weir_ctx *ctx, weir_jw *w, const weir_exec *x) {
    weir_jw_key(w, "observedMetrics");
    weir_jw_obj(w);
    for (int i = 0; i < x->nmetrics; i++) {
        const weir_batch *row = &x->metrics[i].row;
        weir_jw_key(w, x->metrics[i].name);
        weir_jw_obj(w);
        for (int c = 0; c < row->schema->nfield; c++) {
            weir_jw_key(w, row->schema->field[c].name);
            WEIR_TRY(observed_value(ctx, w, &row->col[c]));
        }
        weir_jw_end_obj(w);
    }
    weir_jw_end_obj(w);
    return WEIR_OK;
}

static void head(weir_jw *w, const weir_query *q, int64_t total_ms) {
    char iso[32];
    weir_iso_time(q->trigger_start_ms, iso);
    weir_jw_key(w, "id");
    weir_jw_str(w, q->id);
    weir_jw_key(w, "runId");
    weir_jw_str(w, q->run_id);
    weir_jw_key(w, "name");
    weir_jw_str(w, q->spec.name);
    weir_jw_key(w, "timestamp");
    weir_jw_str(w, iso);
    weir_jw_key(w, "batchId");
    weir_jw_int(w, q->epoch);
    weir_jw_key(w, "batchDuration");
    weir_jw_int(w, total_ms);
}

static void iso_entry(weir_jw *w, const char *key, int64_t ms) {
    char iso[32];
    weir_iso_time(ms, iso);
    weir_jw_key(w, key);
    weir_jw_str(w, iso);
}

/* SPARK ProgressContext.extractEventTimeStats: of the first watermark that saw rows. */
static void event_time(weir_jw *w, const weir_query *q) {
    const weir_exec *x = q->exec;
    int i = 0;
    while (i < x->nwatermark && !x->watermark[i].count) i++;
    weir_jw_key(w, "eventTime");
    weir_jw_obj(w);
    if (i < x->nwatermark) {
        const weir_watermark_stat *s = &x->watermark[i];
        iso_entry(w, "max", s->max_ms);
        iso_entry(w, "min", s->min_ms);
        iso_entry(w, "avg", (int64_t)(s->sum_ms / (double)s->count));
    }
    if (x->nwatermark) iso_entry(w, "watermark", q->watermark_ms);
    weir_jw_end_obj(w);
}

weir_rc weir_progress_text(weir_ctx *ctx, weir_query *q, const int64_t *rows_in, int64_t rows_out,
                           weir_str *out) {
    weir_jw w;
    int64_t total_ms = weir_now_ms(ctx->env) - q->trigger_start_ms, sum = 0;
    int64_t since_ms = q->last_trigger_ms ? q->trigger_start_ms - q->last_trigger_ms : 0;
    for (int i = 0; i < q->nsource; i++) sum += rows_in[i];
    if (total_ms < 1) total_ms = 1;
    weir_jw_init(&w, out);
    weir_jw_obj(&w);
    head(&w, q, total_ms);
    weir_jw_key(&w, "numInputRows");
    weir_jw_int(&w, sum);
    rate(&w, "inputRowsPerSecond", sum, since_ms);
    rate(&w, "processedRowsPerSecond", sum, total_ms);
    durations(&w, q, total_ms);
    event_time(&w, q);
    weir_jw_key(&w, "stateOperators");
    weir_exec_state_progress(q->exec, &w);
    weir_jw_key(&w, "sources");
    weir_jw_arr(&w);
    for (int i = 0; i < q->nsource; i++)
        WEIR_TRY(source(ctx, &w, q, i, rows_in[i], since_ms, total_ms));
    weir_jw_end_arr(&w);
    weir_jw_key(&w, "sink");
    weir_jw_obj(&w);
    weir_jw_key(&w, "description");
    weir_jw_str(&w, q->sink.ops->description ? q->sink.ops->description(ctx, &q->sink)
                                             : q->sink.ops->format);
    weir_jw_key(&w, "numOutputRows");
    weir_jw_int(&w, rows_out);
    weir_jw_key(&w, "metrics");
    weir_jw_raw(&w, "{}");
    weir_jw_end_obj(&w);
    WEIR_TRY(observed(ctx, &w, q->exec));
    weir_jw_end_obj(&w);
    return WEIR_OK;
}
