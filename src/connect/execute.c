/* ExecutePlan: each operation runs on a thread of its own and pushes its responses; the handler's
 * thread streams them. */
#include "codec/arrow_ipc.h"
#include "connect/connect.h"
#include "exec/op.h"
#include "plan/stream.h"

enum { CHUNK_BYTES = 16 << 20, MESSAGE_BYTES = 64 << 20, RESULT_MAX = 1 << 30 };

weir_arena *weir_cn_run_give(weir_cn_run *r) {
    weir_arena *mem = r->mem;
    r->mem = weir_arena_new(NULL);
    r->ctx->arena = r->mem;
    return mem;
}

weir_rc weir_cn_push(weir_cn_run *r, SC(ExecutePlanResponse) * m) {
    return weir_cn_op_push(r->ctx, r->op, m);
}

typedef struct sender {
    weir_cn_run *run;
    weir_schema *schema; /* visible columns */
    const int *column;   /* their ordinals; NULL: all */
    const char *tz;
    int64_t rows, batches;
} sender;

static weir_rc push_data(weir_cn_run *r, const weir_str *s, int64_t rows, int64_t start) {
    int64_t size = r->may_chunk && r->chunk_bytes > 0 ? r->chunk_bytes
                   : r->may_chunk                     ? CHUNK_BYTES
                                                      : RESULT_MAX;
    int64_t n = ((int64_t)s->len + size - 1) / size;
    for (int64_t i = 0; i < n; i++) {
        SC(ExecutePlanResponse) m = SK(EXECUTE_PLAN_RESPONSE__INIT);
        SC(ExecutePlanResponse__ArrowBatch) b = SK(EXECUTE_PLAN_RESPONSE__ARROW_BATCH__INIT);
        int64_t at = i * size, len = (int64_t)s->len - at < size ? (int64_t)s->len - at : size;
        b.has_row_count = b.has_start_offset = b.has_data = true;
        b.row_count = rows;
        b.start_offset = start;
        b.data = (ProtobufCBinaryData){(size_t)len, (uint8_t *)s->p + at};
        if (n > 1) {
            b.has_chunk_index = b.has_num_chunks_in_batch = true;
            b.chunk_index = i;
            b.num_chunks_in_batch = n;
        }
        m.response_type_case = SK(EXECUTE_PLAN_RESPONSE__RESPONSE_TYPE_ARROW_BATCH);
        m.arrow_batch = &b;
        WEIR_TRY(weir_cn_push(r, &m));
    }
    return WEIR_OK;
}

/* One slice as one Arrow stream; too large a message is halved when the client takes no chunks. */
static weir_rc send_slice(weir_ctx *ctx, sender *s, const weir_batch *b, int64_t from, int64_t n) {
    weir_batch part = {.schema = s->schema,
                       .len = n,
                       .col = WEIR_NEWN(ctx->arena, weir_column, s->schema->nfield + 1)};
    for (int i = 0; i < s->schema->nfield; i++)
        part.col[i] = weir_column_slice(&b->col[s->column ? s->column[i] : i], from, n);
    weir_str out;
    weir_str_init(&out, NULL, RESULT_MAX);
    weir_rc rc = weir_ipc_write_stream(ctx, s->schema, s->tz, &part, 1, &out);
    bool halve = rc == WEIR_OK && !s->run->may_chunk && out.len > MESSAGE_BYTES && n > 1;
    if (rc == WEIR_OK && !halve) {
        rc = push_data(s->run, &out, n, s->rows);
        s->rows += n;
        s->batches++;
    }
    weir_str_free(&out);
    if (!halve) return rc;
    WEIR_TRY(send_slice(ctx, s, b, from, n / 2));
    return send_slice(ctx, s, b, from + n / 2, n - n / 2);
}

static weir_rc send_batch(weir_ctx *ctx, sender *s, const weir_batch *b) {
    int64_t most = weir_conf_int(ctx->conf, "spark.sql.execution.arrow.maxRecordsPerBatch");
    if (most <= 0) most = INT64_MAX;
    for (int64_t at = 0; at < b->len; at += most)
        WEIR_TRY(send_slice(ctx, s, b, at, b->len - at < most ? b->len - at : most));
    return WEIR_OK;
}

/* The client wants at least one batch, even without rows. */
static weir_rc send_empty(weir_ctx *ctx, sender *s) {
    weir_batch none = {.schema = s->schema,
                       .col = WEIR_NEWN(ctx->arena, weir_column, s->schema->nfield + 1)};
    for (int i = 0; i < s->schema->nfield; i++)
        WEIR_TRY(weir_column_null(ctx, s->schema->field[i].type, 0, &none.col[i]));
    s->column = NULL;
    return send_slice(ctx, s, &none, 0, 0);
}

static weir_rc send_metrics(weir_cn_run *r, const weir_exec *x) {
    weir_arena *a = r->ctx->arena;
    SC(ExecutePlanResponse) m = SK(EXECUTE_PLAN_RESPONSE__INIT);
    if (x->nmetrics == 0) return WEIR_OK;
    m.observed_metrics = WEIR_NEWN(a, SC(ExecutePlanResponse__ObservedMetrics) *, x->nmetrics);
    for (int i = 0; i < x->nmetrics; i++) {
        const weir_batch *row = &x->metrics[i].row;
        if (row->len == 0) continue;
        WEIR_MSG(ExecutePlanResponse__ObservedMetrics, execute_plan_response__observed_metrics, o,
                 a);
        o->name = weir_pb_text(x->metrics[i].name);
        o->keys = WEIR_NEWN(a, char *, row->schema->nfield + 1);
        o->values = WEIR_NEWN(a, SC(Expression__Literal) *, row->schema->nfield + 1);
        for (int k = 0; k < row->schema->nfield; k++) {
            o->keys[o->n_keys++] = weir_pb_text(row->schema->field[k].name);
            o->values[o->n_values++] = weir_pb_from_value(a, &row->col[k], 0);
        }
        m.observed_metrics[m.n_observed_metrics++] = o;
    }
    return m.n_observed_metrics ? weir_cn_push(r, &m) : WEIR_OK;
}

static weir_rc run_all(weir_cn_run *r, sender *s, weir_exec *x) {
    weir_ctx c = *r->ctx;
    weir_arena *chunk = weir_arena_new(r->mem);
    weir_task task = {.input_file = ""};
    weir_rc rc = WEIR_OK;
    bool eof = false;
    c.arena = chunk;
    c.task = &task;
    while (rc == WEIR_OK && !eof) {
        weir_batch b = {0};
        rc = weir_op_next(&c, x->root, &b, &eof);
        if (rc == WEIR_OK && !eof) rc = send_batch(&c, s, &b);
        if (rc == WEIR_OK) weir_arena_reset(chunk);
    }
    if (rc == WEIR_OK && s->batches == 0) rc = send_empty(&c, s);
    if (rc == WEIR_OK) rc = send_metrics(r, x);
    weir_arena_free(chunk);
    return rc;
}

/* Hidden columns (file metadata) are not part of a result. */
static void visible(weir_cn_run *r, const weir_plan *p, sender *s) {
    int n = 0, *at = WEIR_NEWN(r->mem, int, p->schema->nfield + 1);
    weir_field *f = WEIR_NEWN(r->mem, weir_field, p->schema->nfield + 1);
    for (int i = 0; i < p->schema->nfield; i++) {
        if (p->attr && p->attr[i].hidden) continue;
        f[n] = p->schema->field[i];
        at[n++] = i;
    }
    bool all = n == p->schema->nfield;
    s->schema = all ? p->schema : weir_type_struct(r->mem, f, n);
    s->column = all ? NULL : at;
}

weir_rc weir_cn_send_result(weir_cn_run *r, weir_plan *p) {
    sender s = {.run = r};
    weir_exec *x = NULL;
    SC(ExecutePlanResponse) m = SK(EXECUTE_PLAN_RESPONSE__INIT);
    WEIR_TRY(weir_check_batch(r->ctx, p));
    visible(r, p, &s);
    const char *tz = weir_conf_get(r->ctx->conf, "spark.sql.session.timeZone");
    s.tz = tz ? weir_strdup(r->mem, tz) : "UTC";
    m.schema = weir_pb_from_type(r->mem, s.schema);
    WEIR_TRY(weir_cn_push(r, &m));
    WEIR_TRY(weir_exec_build(r->ctx, p, NULL, &x));
    weir_rc rc = run_all(r, &s, x);
    weir_exec_close(x);
    return rc;
}

static weir_rc run_plan(weir_cn_run *r) {
    const SC(Relation) *root = NULL;
    const SC(Command) *command = NULL;
    weir_plan *p = NULL;
    WEIR_TRY(weir_tp_plan(&r->tp, r->plan, &root, &command));
    if (command) return weir_cn_command(r, command);
    WEIR_TRY(weir_tp_relation(&r->tp, root, &p));
    WEIR_TRY(weir_session_analyze(r->ctx, r->session->session, p, &p));
    return weir_cn_send_result(r, p);
}

typedef struct job {
    weir_cn_run run;
    weir_ctx ctx;
    weir_err err;
    weir_arena *home;
} job; /* lives in home */

static void *run_thread(void *u) {
    job *j = u;
    weir_cn_op *o = j->run.op;
    weir_budget *budget = j->ctx.budget;
    (void)weir_budget_enter(budget);
    SC(ExecutePlanResponse) m = SK(EXECUTE_PLAN_RESPONSE__INIT);
    SC(ExecutePlanResponse__ResultComplete) done = SK(EXECUTE_PLAN_RESPONSE__RESULT_COMPLETE__INIT);
    weir_rc rc = run_plan(&j->run);
    m.response_type_case = SK(EXECUTE_PLAN_RESPONSE__RESPONSE_TYPE_RESULT_COMPLETE);
    m.result_complete = &done;
    if (rc == WEIR_OK) rc = weir_cn_push(&j->run, &m);
    if (rc != WEIR_OK && j->err.rc == WEIR_OK)
        (void)weir_fail(j->run.ctx, WEIR_E_INTERNAL_ERROR, "message",
                        "The operation failed without saying why.");
    weir_cn_op_end(o, rc == WEIR_OK ? NULL : &j->err);
    weir_cn_stream_answered(&j->run);
    weir_err_clear(&j->err);
    weir_arena_free(j->run.mem);
    weir_arena_free(j->home);
    weir_cn_op_unref(o);
    weir_budget_close(budget);
    weir_budget_trim();
    return NULL;
}

static void read_options(weir_cn_run *r, const SC(ExecutePlanRequest) * q) {
    for (size_t i = 0; i < q->n_request_options; i++) {
        const SC(ExecutePlanRequest__RequestOption) *o = q->request_options[i];
        if (o->request_option_case !=
            SK(EXECUTE_PLAN_REQUEST__REQUEST_OPTION__REQUEST_OPTION_RESULT_CHUNKING_OPTIONS))
            continue;
        r->may_chunk = o->result_chunking_options->allow_arrow_batch_chunking;
        r->chunk_bytes = o->result_chunking_options->has_preferred_arrow_chunk_size
                             ? o->result_chunking_options->preferred_arrow_chunk_size
                             : 0;
        if (r->chunk_bytes > MESSAGE_BYTES) r->chunk_bytes = MESSAGE_BYTES;
        if (r->chunk_bytes && r->chunk_bytes < 1024) r->chunk_bytes = 1024;
    }
}

/* Starts the operation's thread; it takes mem, which holds q. */
static weir_rc start(weir_ctx *ctx, weir_cn_server *server, weir_cn_session *s, weir_cn_op *o,
                     const SC(ExecutePlanRequest) * q, weir_arena *mem) {
    WEIR_TRY(weir_check_cancel(ctx)); /* there was memory for the request */
    weir_arena *home = weir_arena_new(NULL);
    job *j = WEIR_NEW(home, job);
    weir_err_init(&j->err);
    weir_session_ctx(s->session, mem, &j->err, &o->cancel, &j->ctx);
    j->ctx.budget = weir_budget_open(&server->shared.budget);
    weir_arena_charge(mem, j->ctx.budget);
    j->run = (weir_cn_run){.server = server,
                           .session = s,
                           .op = o,
                           .mem = mem,
                           .ctx = &j->ctx,
                           .plan = q->plan,
                           .tp = {.ctx = &j->ctx, .session = s}};
    j->home = home;
    read_options(&j->run, q);
    weir_lock(&o->mu);
    o->refs++;
    weir_unlock(&o->mu);
    if (weir_thread_start(NULL, "weir-execute", run_thread, j)) return WEIR_OK;
    weir_cn_op_unref(o);
    weir_budget_close(j->ctx.budget);
    weir_arena_free(home);
    return weir_fail(ctx, WEIR_E_INTERNAL_ERROR, "message",
                     "No thread could be started for the operation.");
}

void weir_cn_execute(weir_cn_server *server, weir_rpc *rpc, weir_ctx *ctx) {
    weir_arena *mem = weir_arena_new(NULL);
    weir_ctx c = *ctx;
    SC(ExecutePlanRequest) *q = NULL;
    weir_cn_session *s = NULL;
    weir_cn_op *o = NULL;
    size_t n = 0;
    bool started = false;
    const uint8_t *p = weir_rpc_next(rpc, &n);
    c.arena = mem;
    weir_rc rc =
        weir_pb_unpack(&c, &spark__connect__execute_plan_request__descriptor, p, p ? n : 0, &q);
    if (rc == WEIR_OK)
        rc = weir_cn_session_get(ctx, server, q->user_context, q->session_id,
                                 q->client_observed_server_side_session_id, &s);
    if (rc == WEIR_OK && q->operation_id && *q->operation_id)
        o = weir_cn_op_find(s, q->operation_id);
    if (o && !o->reattachable)
        rc = weir_fail(ctx, WEIR_E_OPERATION_ALREADY_EXISTS, "handle", o->id);
    if (rc == WEIR_OK && !o) { /* else: the client asks again, having seen nothing of it */
        rc = weir_cn_op_new(ctx, s, q, &o);
        if (rc == WEIR_OK) {
            rc = start(ctx, server, s, o, q, mem);
            started = rc == WEIR_OK;
            if (!started) weir_cn_op_drop(o);
        }
    }
    if (!started) weir_arena_free(mem);
    if (rc == WEIR_OK)
        weir_cn_op_stream(o, rpc, NULL);
    else
        weir_cn_fail(server, rpc, s, ctx->err);
    if (o) weir_cn_op_unref(o);
    if (s) weir_cn_session_unref(s);
}
