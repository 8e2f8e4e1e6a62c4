/* Commands of streaming queries. Called on the operation's thread; listener events come from driver
 * threads. */
#include "command/command.h"
#include "connect/connect.h"
#include "plan/stream.h"
#include "query/query.h"

#include <strings.h>
#include <unistd.h>

#define START(name) SK(WRITE_STREAM_OPERATION_START__##name)

static weir_rc read_trigger(weir_ctx *ctx, const SC(WriteStreamOperationStart) * w,
                            weir_trigger *t) {
    const char *text = NULL;
    weir_interval i = {0};
    *t = (weir_trigger){WEIR_TRIGGER_PROCESSING_TIME, 0};
    switch (w->trigger_case) {
    case START(TRIGGER_AVAILABLE_NOW): t->kind = WEIR_TRIGGER_AVAILABLE_NOW; return WEIR_OK;
    case START(TRIGGER_ONCE): t->kind = WEIR_TRIGGER_ONCE; return WEIR_OK;
    case START(TRIGGER_PROCESSING_TIME_INTERVAL):
        text = weir_text(w->processing_time_interval);
        break;
    case START(TRIGGER_CONTINUOUS_CHECKPOINT_INTERVAL):
        t->kind = WEIR_TRIGGER_CONTINUOUS;
        text = weir_text(w->continuous_checkpoint_interval);
        break;
    case START(TRIGGER__NOT_SET): return WEIR_OK;
    default: return weir_tp_unsupported(ctx, "real-time mode", "Use a processing-time trigger");
    }
    WEIR_TRY(weir_sql_parse_interval(ctx, text, &i));
    if (i.months)
        return weir_fail(
            ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
            weir_printf(ctx->arena, "Doesn't support month or year interval: %s", text));
    t->interval_ms = (i.micros + (int64_t)i.days * 86400000000ll) / 1000;
    if (t->interval_ms >= 0) return WEIR_OK;
    return weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                     "requirement failed: the interval of trigger should not be negative");
}

static weir_rc read_mode(weir_ctx *ctx, const char *mode, weir_output_mode *out) {
    static const char *const names[] = {"append", "update", "complete"};
    *out = WEIR_OUT_APPEND;
    if (!mode || !*mode) return WEIR_OK;
    for (int i = 0; i < 3; i++)
        if (strcasecmp(mode, names[i]) == 0) {
            *out = (weir_output_mode)i;
            return WEIR_OK;
        }
    return weir_fail(
        ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
        weir_printf(
            ctx->arena,
            "Unknown output mode %s. Accepted output modes are 'append', 'complete', 'update'",
            mode));
}

static bool keeps_nothing(const weir_sink_ops *s) {
    return strcmp(s->format, "memory") == 0 || strcmp(s->format, "console") == 0 ||
           strcmp(s->format, "noop") == 0 || strcmp(s->format, "foreachBatch") == 0 ||
           strcmp(s->format, "foreach") == 0;
}

/* SPARK StreamingQueryManager.createQuery: the option, else the configured parent, else a temporary
 * one where that is allowed. */
static weir_rc read_checkpoint(weir_ctx *ctx, const weir_write_info *info,
                               const weir_sink_ops *sink, weir_query_spec *spec) {
    const char *at = weir_option_get(&info->options, "checkpointLocation"),
               *parent = weir_conf_get(ctx->conf, "spark.sql.streaming.checkpointLocation");
    char id[37];
    weir_uuid(ctx->env, id);
    if (at) return weir_uri_local(ctx, at, NULL, &spec->checkpoint);
    if (parent) {
        WEIR_TRY(weir_uri_local(ctx, parent, NULL, &parent));
        return weir_uri_local(ctx, info->query_name ? info->query_name : id, parent,
                              &spec->checkpoint);
    }
    if (!keeps_nothing(sink))
        return weir_fail(ctx, WEIR_E_ANALYSIS_LEGACY, "message",
                         "checkpointLocation must be specified either through "
                         "option(\"checkpointLocation\", ...) or "
                         "SparkSession.conf.set(\"spark.sql.streaming.checkpointLocation\", ...)");
    spec->checkpoint = weir_printf(ctx->arena, "/tmp/temporary-%s", id);
    spec->checkpoint_is_temp = true;
    return WEIR_OK;
}

static weir_rc read_sink(weir_cn_run *r, const SC(WriteStreamOperationStart) * w,
                         weir_write_info *info, weir_target *t) {
    weir_ctx *ctx = r->ctx;
    weir_session *s = r->session->session;
    const char *format = w->format && *w->format ? w->format : NULL, *path = NULL;
    if (w->foreach_writer || w->foreach_batch) return weir_cn_foreach(r, w, info, t);
    if (w->sink_destination_case == START(SINK_DESTINATION_PATH) && *w->path) path = w->path;
    const char *opt = weir_option_get(&info->options, "path");
    if (path && opt) return weir_fail(ctx, WEIR_E_PATH_AND_STREAM, "method", "start");
    if (!path) path = opt;
    const char *dflt =
        weir_strdup(ctx->arena, weir_conf_get(ctx->conf, "spark.sql.sources.default"));
    if (w->sink_destination_case == START(SINK_DESTINATION_TABLE_NAME)) {
        int n = 0;
        const char **name = NULL;
        info->path = path;
        WEIR_TRY(weir_sql_parse_name(ctx, weir_text(w->table_name), &name, &n));
        WEIR_TRY(weir_target_table(ctx, s, name, n, format ? format : dflt, info, t));
        return WEIR_OK;
    }
    t->format = format ? format : dflt;
    t->sink = weir_sink_find(s, t->format);
    if (!t->sink) return weir_fail(ctx, WEIR_E_DATA_SOURCE_NOT_FOUND, "provider", t->format);
    if (strcmp(t->sink->format, "memory") == 0 && !info->query_name)
        return weir_fail(ctx, WEIR_E_ANALYSIS_LEGACY, "message",
                         "queryName must be specified for memory sink");
    if (t->sink->needs_path && !path)
        return weir_fail(ctx, t->sink->needs_path, NULL);
    return path && t->sink->needs_path ? weir_uri_local(ctx, path, NULL, &info->path) : WEIR_OK;
}

static const char *const mode_names[] = {"Append", "Update", "Complete"};

static weir_rc check_plan(weir_ctx *ctx, const weir_plan *p, weir_output_mode mode) {
    if (!p->streaming) return weir_fail(ctx, WEIR_E_WRITE_STREAM_NOT_ALLOWED, NULL, NULL);
    return weir_check_streaming(ctx, p, mode_names[mode]);
}

static weir_rc check_output(weir_ctx *ctx, const weir_plan *p, const weir_target *t,
                            weir_output_mode mode) {
    WEIR_TRY(check_plan(ctx, p, mode));
    if (!t->sink->modes)
        return weir_fail(
            ctx, WEIR_E_UNSUPPORTED_OPERATION_LEGACY, "message",
            weir_printf(ctx->arena, "Data source %s does not support streamed writing", t->format));
    if (t->sink->modes & 1u << mode) return WEIR_OK;
    return weir_fail(ctx, WEIR_E_ANALYSIS_LEGACY, "message",
                     weir_printf(ctx->arena, "Data source %s does not support %s output mode",
                                 t->format, mode_names[mode]));
}

static weir_rc replan(weir_ctx *ctx, const weir_query_spec *spec, weir_plan **out) {
    WEIR_TRY(weir_session_analyze(ctx, spec->host, spec->unresolved, out));
    return check_plan(ctx, *out, spec->output_mode);
}

static weir_rc prepare(weir_cn_run *r, const SC(WriteStreamOperationStart) * w,
                       weir_query_spec *spec, weir_target *t) {
    weir_ctx *ctx = r->ctx;
    weir_plan *p = NULL;
    /* SPARK: formats without a notion of clustering ignore it */
    if (w->n_clustering_column_names && (!w->format || strcasecmp(w->format, "delta") == 0))
        return weir_tp_unsupported(ctx, "clusterBy on a stream", "Use partitionBy");
    weir_write_info *info = &spec->info;
    info->options = WEIR_TP_OPTIONS(&r->tp, w);
    info->query_name = w->query_name && *w->query_name ? w->query_name : NULL;
    info->partition_by = (const char **)(void *)w->partitioning_column_names;
    info->npartition = (int32_t)w->n_partitioning_column_names;
    info->operation = "STREAMING UPDATE";
    info->host = r->session->session;
    WEIR_TRY(read_mode(ctx, w->output_mode, &spec->output_mode));
    WEIR_TRY(read_trigger(ctx, w, &spec->trigger));
    WEIR_TRY(weir_tp_relation(&r->tp, w->input, &p));
    spec->unresolved = p;
    spec->replan = replan;
    WEIR_TRY(weir_session_analyze(ctx, r->session->session, p, &p));
    WEIR_TRY(read_sink(r, w, info, t));
    WEIR_TRY(weir_options_check(
        ctx, weir_printf(ctx->arena, "%s stream", t->sink->options ? t->sink->options : ""),
        WEIR_USE_SINK, &info->options, &info->options));
    WEIR_TRY(check_output(ctx, p, t, spec->output_mode));
    info->output_mode = spec->output_mode;
    info->schema = p->schema;
    spec->plan = p;
    spec->name = info->query_name;
    spec->sink = t->sink;
    spec->env = ctx->env;
    spec->budget = &r->server->shared.budget;
    spec->host = r->session->session;
    spec->no_data_progress_ms =
        weir_conf_ms(ctx->conf, "spark.sql.streaming.noDataProgressEventInterval");
    return read_checkpoint(ctx, info, t->sink, spec);
}

static bool has_bus(weir_cn_session *s) {
    weir_lock(&s->mu);
    bool yes = s->bus != NULL;
    weir_unlock(&s->mu);
    return yes;
}

static weir_rc send_started(weir_cn_run *r, weir_query *q, bool told) {
    SC(ExecutePlanResponse) m = SK(EXECUTE_PLAN_RESPONSE__INIT);
    SC(WriteStreamOperationStartResult) x = SK(WRITE_STREAM_OPERATION_START_RESULT__INIT);
    SC(StreamingQueryInstanceId) id = SK(STREAMING_QUERY_INSTANCE_ID__INIT);
    id.id = weir_pb_text(weir_query_id(q));
    id.run_id = weir_pb_text(weir_query_run_id(q));
    x.query_id = &id;
    x.name = weir_pb_text(weir_query_name(q));
    if (told) x.query_started_event_json = weir_pb_text(weir_query_started_text(r->ctx->arena, q));
    m.response_type_case =
        SK(EXECUTE_PLAN_RESPONSE__RESPONSE_TYPE_WRITE_STREAM_OPERATION_START_RESULT);
    m.write_stream_operation_start_result = &x;
    return weir_cn_push(r, &m);
}

weir_rc weir_cn_stream_start(weir_cn_run *r, const SC(WriteStreamOperationStart) * w) {
    weir_query_spec spec = {0};
    weir_target target = {0};
    weir_query *q = NULL;
    WEIR_TRY(prepare(r, w, &spec, &target));
    weir_schema *columns = spec.plan->schema;
    weir_write_info info = spec.info;
    spec.hold_events = has_bus(r->session);
    spec.conf = weir_conf_new(r->ctx->conf);
    spec.mem = weir_cn_run_give(r);
    /* SPARK DataStreamWriter.toTable: the table is there when start() returns */
    weir_rc rc = target.table
                     ? weir_target_create(r->ctx, r->session->session, &target, &info, columns)
                     : WEIR_OK;
    if (rc != WEIR_OK) {
        weir_conf_free(spec.conf);
        weir_arena_free(spec.mem);
        return rc;
    }
    WEIR_TRY(weir_query_start(r->ctx, weir_session_queries(r->session->session), &spec, &q));
    rc = send_started(r, q, spec.hold_events);
    if (spec.hold_events)
        r->started = q;
    else
        weir_query_unref(q);
    return rc;
}

/* The listener bus is a stream of its own, which could overtake the answer to start(): a client
 * would see a query's progress before it has heard of the query. */
void weir_cn_stream_answered(weir_cn_run *r) {
    enum { ANSWER_MS = 10000, TOLD_MS = 20 };
    if (!r->started) return;
    /* released: the client has read the answer, and is about to tell its listeners */
    if (weir_cn_op_wait_released(r->op, ANSWER_MS)) (void)usleep(TOLD_MS * 1000);
    weir_query_release_events(r->started);
    weir_query_unref(r->started);
}

static weir_rc find_query(weir_cn_run *r, const SC(StreamingQueryInstanceId) * id,
                          weir_query **out) {
    *out = id ? weir_query_find(weir_session_queries(r->session->session), id->id,
                                id->run_id && *id->run_id ? id->run_id : NULL)
              : NULL;
    if (*out && !*r->op->worker) weir_query_release_events(*out); /* start() has returned */
    if (*out) return WEIR_OK;
    return weir_fail(
        r->ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
        weir_printf(r->ctx->arena, "Streaming query %s is not found", id ? weir_text(id->id) : ""));
}

typedef SC(StreamingQueryCommandResult) result;
#define QRES(name) SK(STREAMING_QUERY_COMMAND_RESULT__RESULT_TYPE_##name)

static weir_rc q_status(weir_ctx *ctx, weir_query *q, result *x) {
    weir_query_status st;
    WEIR_TRY(weir_query_get_status(ctx, q, &st));
    WEIR_MSG(StreamingQueryCommandResult__StatusResult,
             streaming_query_command_result__status_result, m, ctx->arena);
    m->status_message = weir_pb_text(st.message);
    m->has_is_data_available = m->has_is_trigger_active = m->has_is_active = true;
    m->is_data_available = st.is_data_available;
    m->is_trigger_active = st.is_trigger_active;
    m->is_active = st.is_active;
    x->result_type_case = QRES(STATUS);
    x->status = m;
    return WEIR_OK;
}

static weir_rc q_progress(weir_ctx *ctx, weir_query *q, bool last, result *x) {
    const char **v = NULL;
    int n = 0;
    WEIR_TRY(weir_query_progress(ctx, q, last, &v, &n));
    WEIR_MSG(StreamingQueryCommandResult__RecentProgressResult,
             streaming_query_command_result__recent_progress_result, m, ctx->arena);
    m->recent_progress_json = (char **)(uintptr_t)v;
    m->n_recent_progress_json = (size_t)n;
    x->result_type_case = QRES(RECENT_PROGRESS);
    x->recent_progress = m;
    return WEIR_OK;
}

static weir_rc q_exception(weir_ctx *ctx, weir_query *q, result *x) {
    const char *text = weir_query_exception(ctx, q);
    if (!text) return WEIR_OK;
    WEIR_MSG(StreamingQueryCommandResult__ExceptionResult,
             streaming_query_command_result__exception_result, m, ctx->arena);
    m->exception_message = weir_pb_text(text);
    m->error_class = weir_pb_text(weir_errcls_name(WEIR_E_STREAM_FAILED));
    x->result_type_case = QRES(EXCEPTION);
    x->exception = m;
    return WEIR_OK;
}

static weir_rc q_await(weir_ctx *ctx, weir_query *q,
                       const SC(StreamingQueryCommand__AwaitTerminationCommand) * c, result *x) {
    bool over = false;
    WEIR_TRY(weir_query_await(ctx, q, c->has_timeout_ms ? c->timeout_ms : -1, &over));
    WEIR_MSG(StreamingQueryCommandResult__AwaitTerminationResult,
             streaming_query_command_result__await_termination_result, m, ctx->arena);
    m->has_terminated = true;
    m->terminated = over;
    x->result_type_case = QRES(AWAIT_TERMINATION);
    x->await_termination = m;
    return WEIR_OK;
}

static weir_rc q_explain(weir_ctx *ctx, weir_query *q, bool extended, result *x) {
    const char *text = NULL;
    WEIR_TRY(weir_query_explain(ctx, q, extended, &text));
    WEIR_MSG(StreamingQueryCommandResult__ExplainResult,
             streaming_query_command_result__explain_result, m, ctx->arena);
    m->result = weir_pb_text(text);
    x->result_type_case = QRES(EXPLAIN);
    x->explain = m;
    return WEIR_OK;
}

static weir_rc do_query(weir_ctx *ctx, weir_query *q, const SC(StreamingQueryCommand) * c,
                        result *x) {
    switch (c->command_case) {
    case SK(STREAMING_QUERY_COMMAND__COMMAND_STATUS): return q_status(ctx, q, x);
    case SK(STREAMING_QUERY_COMMAND__COMMAND_LAST_PROGRESS): return q_progress(ctx, q, true, x);
    case SK(STREAMING_QUERY_COMMAND__COMMAND_RECENT_PROGRESS): return q_progress(ctx, q, false, x);
    case SK(STREAMING_QUERY_COMMAND__COMMAND_STOP): return weir_query_stop(ctx, q);
    case SK(STREAMING_QUERY_COMMAND__COMMAND_PROCESS_ALL_AVAILABLE):
        return weir_query_process_all(ctx, q);
    case SK(STREAMING_QUERY_COMMAND__COMMAND_EXPLAIN):
        return q_explain(ctx, q, c->explain->extended, x);
    case SK(STREAMING_QUERY_COMMAND__COMMAND_EXCEPTION): return q_exception(ctx, q, x);
    case SK(STREAMING_QUERY_COMMAND__COMMAND_AWAIT_TERMINATION):
        return q_await(ctx, q, c->await_termination, x);
    default: return weir_tp_unsupported(ctx, "this streaming query command", NULL);
    }
}

weir_rc weir_cn_stream_command(weir_cn_run *r, const SC(StreamingQueryCommand) * c) {
    weir_query *q = NULL;
    result x = SK(STREAMING_QUERY_COMMAND_RESULT__INIT);
    SC(ExecutePlanResponse) m = SK(EXECUTE_PLAN_RESPONSE__INIT);
    SC(StreamingQueryInstanceId) id = SK(STREAMING_QUERY_INSTANCE_ID__INIT);
    WEIR_TRY(find_query(r, c->query_id, &q));
    weir_rc rc = do_query(r->ctx, q, c, &x);
    if (rc == WEIR_OK) {
        id.id = weir_pb_text(weir_query_id(q));
        id.run_id = weir_pb_text(weir_query_run_id(q));
        x.query_id = &id;
        m.response_type_case =
            SK(EXECUTE_PLAN_RESPONSE__RESPONSE_TYPE_STREAMING_QUERY_COMMAND_RESULT);
        m.streaming_query_command_result = &x;
        rc = weir_cn_push(r, &m);
    }
    weir_query_unref(q);
    return rc;
}

typedef SC(StreamingQueryManagerCommandResult) mresult;
#define MRES(name) SK(STREAMING_QUERY_MANAGER_COMMAND_RESULT__RESULT_TYPE_##name)

static SC(StreamingQueryManagerCommandResult__StreamingQueryInstance) *
    instance(weir_arena *a, weir_query *q) {
    WEIR_MSG(StreamingQueryManagerCommandResult__StreamingQueryInstance,
             streaming_query_manager_command_result__streaming_query_instance, i, a);
    WEIR_MSG(StreamingQueryInstanceId, streaming_query_instance_id, id, a);
    id->id = weir_strdup(a, weir_query_id(q));
    id->run_id = weir_strdup(a, weir_query_run_id(q));
    i->id = id;
    i->name = weir_strdup(a, weir_query_name(q));
    weir_query_unref(q);
    return i;
}

static void m_active(weir_ctx *ctx, weir_query_manager *qm, mresult *x) {
    int n = 0;
    weir_query **q = weir_query_active(qm, ctx->arena, &n);
    WEIR_MSG(StreamingQueryManagerCommandResult__ActiveResult,
             streaming_query_manager_command_result__active_result, m, ctx->arena);
    m->active_queries = WEIR_NEWN(
        ctx->arena, SC(StreamingQueryManagerCommandResult__StreamingQueryInstance) *, n + 1);
    for (int i = 0; i < n; i++)
        m->active_queries[m->n_active_queries++] = instance(ctx->arena, q[i]);
    x->result_type_case = MRES(ACTIVE);
    x->active = m;
}

static weir_rc m_await(weir_ctx *ctx, weir_query_manager *qm,
                       const SC(StreamingQueryManagerCommand__AwaitAnyTerminationCommand) * c,
                       mresult *x) {
    bool over = false;
    WEIR_TRY(weir_query_await_any(ctx, qm, c->has_timeout_ms ? c->timeout_ms : -1, &over));
    WEIR_MSG(StreamingQueryManagerCommandResult__AwaitAnyTerminationResult,
             streaming_query_manager_command_result__await_any_termination_result, m, ctx->arena);
    m->has_terminated = true;
    m->terminated = over;
    x->result_type_case = MRES(AWAIT_ANY_TERMINATION);
    x->await_any_termination = m;
    return WEIR_OK;
}

static weir_rc do_manager(weir_ctx *ctx, weir_query_manager *qm,
                          const SC(StreamingQueryManagerCommand) * c, mresult *x) {
    switch (c->command_case) {
    case SK(STREAMING_QUERY_MANAGER_COMMAND__COMMAND_ACTIVE): m_active(ctx, qm, x); return WEIR_OK;
    case SK(STREAMING_QUERY_MANAGER_COMMAND__COMMAND_GET_QUERY): {
        weir_query *q = weir_query_find(qm, c->get_query, NULL);
        if (q && !weir_query_is_active(q)) { /* only active ones are found by id */
            weir_query_unref(q);
            q = NULL;
        }
        if (!q) return WEIR_OK;
        x->query = instance(ctx->arena, q);
        x->result_type_case = MRES(QUERY);
        return WEIR_OK;
    }
    case SK(STREAMING_QUERY_MANAGER_COMMAND__COMMAND_AWAIT_ANY_TERMINATION):
        return m_await(ctx, qm, c->await_any_termination, x);
    case SK(STREAMING_QUERY_MANAGER_COMMAND__COMMAND_RESET_TERMINATED):
        weir_query_reset_terminated(qm);
        x->result_type_case = MRES(RESET_TERMINATED);
        x->reset_terminated = true;
        return WEIR_OK;
    case SK(STREAMING_QUERY_MANAGER_COMMAND__COMMAND_LIST_LISTENERS): {
        WEIR_MSG(StreamingQueryManagerCommandResult__ListStreamingQueryListenerResult,
                 streaming_query_manager_command_result__list_streaming_query_listener_result, m,
                 ctx->arena);
        x->result_type_case = MRES(LIST_LISTENERS);
        x->list_listeners = m;
        return WEIR_OK;
    }
    default:
        return weir_tp_unsupported(ctx, "listeners that run in the server",
                                   "Use a client that runs its listeners itself (PySpark 4)");
    }
}

weir_rc weir_cn_manager_command(weir_cn_run *r, const SC(StreamingQueryManagerCommand) * c) {
    mresult x = SK(STREAMING_QUERY_MANAGER_COMMAND_RESULT__INIT);
    SC(ExecutePlanResponse) m = SK(EXECUTE_PLAN_RESPONSE__INIT);
    WEIR_TRY(do_manager(r->ctx, weir_session_queries(r->session->session), c, &x));
    m.response_type_case =
        SK(EXECUTE_PLAN_RESPONSE__RESPONSE_TYPE_STREAMING_QUERY_MANAGER_COMMAND_RESULT);
    m.streaming_query_manager_command_result = &x;
    return weir_cn_push(r, &m);
}

static weir_rc push_events(weir_cn_op *o, bool added, const char *json, weir_event_kind kind,
                           bool *pushed) {
    SC(ExecutePlanResponse) m = SK(EXECUTE_PLAN_RESPONSE__INIT);
    SC(StreamingQueryListenerEventsResult) x = SK(STREAMING_QUERY_LISTENER_EVENTS_RESULT__INIT);
    SC(StreamingQueryListenerEvent) e = SK(STREAMING_QUERY_LISTENER_EVENT__INIT), *list = &e;
    x.has_listener_bus_listener_added = added;
    x.listener_bus_listener_added = added;
    if (json) {
        e.event_json = weir_pb_text(json);
        e.has_event_type = true;
        e.event_type =
            kind == WEIR_EVENT_PROGRESS ? SK(STREAMING_QUERY_EVENT_TYPE__QUERY_PROGRESS_EVENT)
            : kind == WEIR_EVENT_IDLE   ? SK(STREAMING_QUERY_EVENT_TYPE__QUERY_IDLE_EVENT)
                                        : SK(STREAMING_QUERY_EVENT_TYPE__QUERY_TERMINATED_EVENT);
        x.n_events = 1;
        x.events = &list;
    }
    m.response_type_case =
        SK(EXECUTE_PLAN_RESPONSE__RESPONSE_TYPE_STREAMING_QUERY_LISTENER_EVENTS_RESULT);
    m.streaming_query_listener_events_result = &x;
    *pushed = weir_cn_op_try_push(o, &m);
    return WEIR_OK;
}

/* @thread driver of the query. Events that a client does not read are dropped once its buffer is
 * full. */
static void on_event(void *u, weir_event_kind kind, const char *json) {
    bool pushed;
    weir_str s;
    weir_str_init(&s, NULL, 64 << 20);
    if (kind == WEIR_EVENT_PROGRESS) weir_str_printf(&s, "{\"progress\":%s}", json);
    (void)push_events(u, false, s.p ? s.p : json, kind, &pushed);
    weir_str_free(&s);
}

static weir_rc add_bus(weir_cn_run *r) {
    weir_cn_session *s = r->session;
    weir_query_manager *qm = weir_session_queries(s->session);
    weir_cn_op *o = r->op;
    bool pushed = false;
    weir_lock(&s->mu);
    bool taken = s->bus != NULL;
    if (!taken) s->bus = o;
    weir_unlock(&s->mu);
    if (taken)
        return weir_fail(r->ctx, WEIR_E_ILLEGAL_STATE, "message",
                         "The session has a listener bus already.");
    WEIR_TRY(push_events(o, true, NULL, WEIR_EVENT_PROGRESS, &pushed));
    weir_query_manager_listen(qm, on_event, o);
    weir_lock(&o->mu);
    while (!o->over && !atomic_load(&o->cancel.asked)) (void)weir_cond_wait(&o->cond, &o->mu, -1);
    weir_unlock(&o->mu);
    weir_query_manager_listen(qm, NULL, NULL);
    weir_lock(&s->mu);
    if (s->bus == o) s->bus = NULL;
    weir_unlock(&s->mu);
    return weir_check_cancel(r->ctx);
}

weir_rc weir_cn_bus_command(weir_cn_run *r, const SC(StreamingQueryListenerBusCommand) * c) {
    if (c->command_case ==
        SK(STREAMING_QUERY_LISTENER_BUS_COMMAND__COMMAND_ADD_LISTENER_BUS_LISTENER))
        return add_bus(r);
    weir_cn_session *s = r->session;
    weir_query_release_all_events(weir_session_queries(s->session));
    weir_lock(&s->mu);
    weir_cn_op *o = s->bus;
    if (o) {
        weir_lock(&o->mu);
        o->over = true;
        weir_cond_wake_all(&o->cond);
        weir_unlock(&o->mu);
        s->bus = NULL;
    }
    weir_unlock(&s->mu);
    return WEIR_OK;
}
