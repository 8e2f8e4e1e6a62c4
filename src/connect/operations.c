/* Operations: what ExecutePlan started and clients attach to. The producer thread pushes responses;
 * a handler thread sends them. An operation outlives a broken stream and is abandoned when nobody
 * attaches for a time. */
#include "base/mem.h"
#include "connect/connect.h"
#include "python/worker.h"

enum { LINGER_MS = 200 };

typedef struct weir_cn_response {
    struct weir_cn_response *next;
    char id[37];
    bool complete;
    int refs;
    size_t n;
    uint8_t p[];
} response;

static int64_t now_of(const weir_cn_op *o) {
    return weir_monotonic_us(o->session->server->shared.env) / 1000;
}

static void note_worker(weir_cn_op *o, const char *client) {
    size_t n = strlen(WEIR_PY_AGENT);
    if (strncmp(client, WEIR_PY_AGENT, n) != 0) return;
    for (size_t i = 0; i < sizeof o->worker - 1 && client[n + i] > ' '; i++)
        o->worker[i] = client[n + i];
}

weir_rc weir_cn_op_new(weir_ctx *ctx, weir_cn_session *s, const SC(ExecutePlanRequest) * q,
                       weir_cn_op **out) {
    weir_arena *mem = weir_arena_new(NULL);
    weir_cn_op *o = WEIR_NEW(mem, weir_cn_op);
    o->mem = mem;
    o->session = s;
    if (q->operation_id && *q->operation_id) {
        size_t n = strnlen(q->operation_id, sizeof o->id);
        if (n != 36) {
            weir_arena_free(mem);
            return weir_fail(ctx, WEIR_E_HANDLE_FORMAT, "handle", q->operation_id);
        }
        memcpy(o->id, q->operation_id, n + 1);
    } else {
        weir_uuid(s->server->shared.env, o->id);
    }
    note_worker(o, weir_text(q->client_type));
    o->tag = WEIR_NEWN(mem, char *, q->n_tags + 1);
    for (size_t i = 0; i < q->n_tags; i++) o->tag[o->ntag++] = weir_strdup(mem, q->tags[i]);
    for (size_t i = 0; i < q->n_request_options; i++)
        if (q->request_options[i]->request_option_case ==
            SK(EXECUTE_PLAN_REQUEST__REQUEST_OPTION__REQUEST_OPTION_REATTACH_OPTIONS))
            o->reattachable = q->request_options[i]->reattach_options->reattachable;
    weir_cancel_init(&o->cancel);
    weir_mutex_init(&o->mu, WEIR_RANK_QUEUE);
    weir_cond_init(&o->cond);
    weir_err_init(&o->err);
    o->refs = 2;
    o->detached_ms = now_of(o);
    int n = 0;
    bool exists = false;
    weir_lock(&s->mu);
    for (weir_cn_op *x = s->ops; x; x = x->next, n++) exists |= strcmp(x->id, o->id) == 0;
    if (!exists && n < WEIR_OP_MAX_PER_SESSION) {
        o->next = s->ops;
        s->ops = o;
    }
    weir_unlock(&s->mu);
    weir_lock(&s->server->mu);
    s->refs++;
    weir_unlock(&s->server->mu);
    if (!exists && n < WEIR_OP_MAX_PER_SESSION) {
        *out = o;
        return WEIR_OK;
    }
    char id[64];
    memcpy(id, o->id, sizeof id);
    o->refs = 1;
    weir_cn_op_unref(o);
    if (exists) return weir_fail(ctx, WEIR_E_OPERATION_ALREADY_EXISTS, "handle", id);
    return weir_fail(
        ctx, WEIR_E_ILLEGAL_STATE, "message",
        weir_printf(ctx->arena,
                    "The session runs %d operations already; wait for some, or interrupt them.",
                    n));
}

weir_cn_op *weir_cn_op_find(weir_cn_session *s, const char *id) {
    weir_lock(&s->mu);
    weir_cn_op *o = s->ops;
    while (o && strcmp(o->id, id) != 0) o = o->next;
    if (o) {
        weir_lock(&o->mu);
        o->refs++;
        weir_unlock(&o->mu);
    }
    weir_unlock(&s->mu);
    return o;
}

static void free_response(response *r) { /* under op->mu, or with the op's last reference */
    if (--r->refs == 0) weir_mem_free(r);
}

void weir_cn_op_unref(weir_cn_op *o) {
    weir_lock(&o->mu);
    bool last = --o->refs == 0;
    weir_unlock(&o->mu);
    if (!last) return;
    while (o->head) {
        response *r = o->head;
        o->head = r->next;
        free_response(r);
    }
    weir_cancel_close(&o->cancel);
    weir_err_clear(&o->err);
    weir_cond_free(&o->cond);
    weir_mutex_free(&o->mu);
    weir_cn_session *s = o->session;
    weir_arena_free(o->mem);
    weir_cn_session_unref(s);
}

void weir_cn_op_wait(weir_cn_op *o, int64_t timeout_ms) {
    int64_t until = now_of(o) + timeout_ms, left = timeout_ms;
    weir_lock(&o->mu);
    for (; !o->done && left > 0; left = until - now_of(o))
        (void)weir_cond_wait(&o->cond, &o->mu, left);
    weir_unlock(&o->mu);
}

bool weir_cn_op_wait_released(weir_cn_op *o, int64_t timeout_ms) {
    weir_cn_session *s = o->session;
    int64_t until = now_of(o) + timeout_ms, left = timeout_ms;
    weir_lock(&o->mu);
    for (; !o->dropped && left > 0; left = until - now_of(o))
        (void)weir_cond_wait(&o->cond, &o->mu, left);
    bool released = o->dropped;
    weir_unlock(&o->mu);
    weir_lock(&s->server->mu);
    bool closed = s->closed;
    weir_unlock(&s->server->mu);
    return released && !closed;
}

void weir_cn_op_cancel(weir_cn_op *o) {
    weir_cancel_ask(&o->cancel);
    weir_lock(&o->mu);
    weir_cond_wake_all(&o->cond);
    weir_unlock(&o->mu);
}

void weir_cn_op_drop(weir_cn_op *o) {
    weir_cn_session *s = o->session;
    weir_lock(&s->mu);
    weir_cn_op **p = &s->ops;
    while (*p && *p != o) p = &(*p)->next;
    bool mine = *p == o;
    if (mine) *p = o->next;
    weir_unlock(&s->mu);
    weir_lock(&o->mu);
    bool running = !o->done;
    o->dropped = true;
    weir_cond_wake_all(&o->cond);
    weir_unlock(&o->mu);
    if (running) weir_cn_op_cancel(o);
    if (mine) weir_cn_op_unref(o);
}

/* Sent responses beyond the bound go, oldest first; the last one stays for readers to go on after
 * it. Under mu. */
static void trim(weir_cn_op *o) {
    while (o->head && o->head->next && o->head != o->unsent &&
           (o->sent_bytes > WEIR_OP_SENT_BYTES || !o->reattachable)) {
        response *r = o->head;
        o->head = r->next;
        o->sent_bytes -= (int64_t)r->n;
        free_response(r);
    }
}

/* NULL: no memory. */
static response *packed(weir_cn_op *o, SC(ExecutePlanResponse) * m) {
    char id[37];
    weir_uuid(o->session->server->shared.env, id);
    m->session_id = o->session->id;
    m->server_side_session_id = o->session->ssid;
    m->operation_id = o->id;
    m->response_id = id;
    size_t n = spark__connect__execute_plan_response__get_packed_size(m);
    response *r = weir_mem_try(NULL, sizeof *r + n);
    if (!r) return NULL;
    *r = (response){.refs = 1,
                    .n = n,
                    .complete = m->response_type_case ==
                                SK(EXECUTE_PLAN_RESPONSE__RESPONSE_TYPE_RESULT_COMPLETE)};
    memcpy(r->id, id, sizeof id);
    spark__connect__execute_plan_response__pack(m, r->p);
    m->response_id = NULL;
    return r;
}

static void append(weir_cn_op *o, response *r) { /* under mu */
    if (o->tail)
        o->tail->next = r;
    else
        o->head = r;
    o->tail = r;
    if (!o->unsent) o->unsent = r;
    o->unsent_bytes += (int64_t)r->n;
    o->complete |= r->complete;
    weir_cond_wake_all(&o->cond);
}

weir_rc weir_cn_op_push(weir_ctx *ctx, weir_cn_op *o, SC(ExecutePlanResponse) * m) {
    WEIR_TRY(weir_check_cancel(ctx));
    response *r = packed(o, m);
    if (!r) return weir_fail_memory(ctx, WEIR_MEM_LARGE);
    weir_lock(&o->mu);
    while (o->unsent_bytes > WEIR_OP_UNSENT_BYTES && !atomic_load(&o->cancel.asked))
        (void)weir_cond_wait(&o->cond, &o->mu, -1);
    bool over = atomic_load(&o->cancel.asked);
    if (over)
        free_response(r);
    else
        append(o, r);
    weir_unlock(&o->mu);
    return over ? weir_check_cancel(ctx) : WEIR_OK;
}

bool weir_cn_op_try_push(weir_cn_op *o, SC(ExecutePlanResponse) * m) {
    response *r = packed(o, m);
    if (!r) return false;
    weir_lock(&o->mu);
    bool ok = !o->done && o->unsent_bytes <= WEIR_OP_UNSENT_BYTES;
    if (ok)
        append(o, r);
    else
        free_response(r);
    weir_unlock(&o->mu);
    return ok;
}

void weir_cn_op_end(weir_cn_op *o, const weir_err *failed) {
    weir_lock(&o->mu);
    o->done = true;
    if (failed) {
        o->failed = true;
        weir_err_copy(&o->err, failed);
    }
    if (!o->attached) o->detached_ms = now_of(o);
    weir_cond_wake_all(&o->cond);
    weir_unlock(&o->mu);
}

/* Where to go on after the response id last. Under mu. */
static weir_rc position(weir_ctx *ctx, weir_cn_op *o, const char *last, response **from,
                        bool *at_end) {
    *from = o->head;
    *at_end = false;
    if (!last || !*last) return WEIR_OK;
    for (response *r = o->head; r; r = r->next) {
        if (strcmp(r->id, last) != 0) continue;
        *from = r->next;
        *at_end = r->next == NULL;
        return WEIR_OK;
    }
    return weir_fail(ctx, WEIR_E_CURSOR_POSITION_NOT_FOUND, "responseId", last);
}

/* Notes that next was taken by a reader. Under mu. */
static void mark_sent(weir_cn_op *o, response *r) {
    if (o->unsent != r) return;
    o->unsent = r->next;
    o->unsent_bytes -= (int64_t)r->n;
    o->sent_bytes += (int64_t)r->n;
}

typedef enum { ENDED, GONE, REPLACED, TIMED } outcome;

/* The sending loop; mu is held at entry and exit. prev: the last one sent (kept), NULL at the
 * start. */
static outcome send_all(weir_cn_op *o, weir_rpc *rpc, int generation, response *next,
                        response *prev, int64_t until_ms) {
    outcome how = ENDED;
    for (;;) {
        if (o->reader != generation) {
            how = REPLACED;
            break;
        }
        if (!next && prev)
            next = prev->next;
        else if (!next)
            next = o->head;
        if (next) {
            if (prev) free_response(prev);
            prev = next;
            prev->refs++;
            weir_unlock(&o->mu);
            bool ok = weir_rpc_send(rpc, prev->p, prev->n);
            weir_lock(&o->mu);
            if (!ok) {
                how = GONE;
                break;
            }
            mark_sent(o, prev);
            next = prev->next;
            trim(o);
            weir_cond_wake_all(&o->cond);
            continue;
        }
        if (o->done) break;
        int64_t left = until_ms - now_of(o);
        if (left <= 0) {
            how = TIMED;
            break;
        }
        if (weir_rpc_cancelled(rpc)) {
            how = GONE;
            break;
        }
        (void)weir_cond_wait(&o->cond, &o->mu, left < 500 ? left : 500);
    }
    if (prev) free_response(prev);
    return how;
}

/* PySpark stops reading at result_complete, and says so by ReleaseExecute. At its exit it says
 * nothing, and a status that arrives just then can deadlock it (grpc's __del__ against its daemon
 * thread): so the status waits. mu is held. */
static void linger(weir_cn_op *o, weir_rpc *rpc, int generation) {
    int64_t until_ms = now_of(o) + LINGER_MS;
    while (!o->dropped && o->reader == generation && now_of(o) < until_ms &&
           !weir_rpc_cancelled(rpc))
        (void)weir_cond_wait(&o->cond, &o->mu, 50);
}

static void end_stream(weir_cn_op *o, weir_rpc *rpc, outcome how) {
    weir_cn_server *server = o->session->server;
    weir_err err;
    weir_ctx ctx = {.err = &err,
                    .env = server->shared.env,
                    .conf = server->shared.conf,
                    .arena = weir_arena_new(NULL)};
    weir_err_init(&err);
    weir_lock(&o->mu);
    if (how == ENDED && o->failed) weir_err_copy(&err, &o->err);
    weir_unlock(&o->mu);
    if (how == REPLACED) (void)weir_fail(&ctx, WEIR_E_CURSOR_DISCONNECTED, NULL, NULL);
    if (err.rc != WEIR_OK)
        weir_cn_fail(server, rpc, o->session, &err);
    else
        weir_rpc_finish(rpc, WEIR_GRPC_OK, NULL, NULL, 0);
    weir_err_clear(&err);
    weir_arena_free(ctx.arena);
}

void weir_cn_op_stream(weir_cn_op *o, weir_rpc *rpc, const char *last) {
    weir_cn_server *server = o->session->server;
    weir_err err;
    weir_ctx ctx = {.err = &err,
                    .env = server->shared.env,
                    .conf = server->shared.conf,
                    .arena = weir_arena_new(NULL)};
    weir_err_init(&err);
    int64_t limit = weir_conf_ms(server->shared.conf,
                                 "spark.connect.execute.reattachable.senderMaxStreamDuration");
    response *from = NULL, *prev = NULL;
    bool at_end = false;
    weir_lock(&o->mu);
    int generation = ++o->reader;
    weir_cond_wake_all(&o->cond);
    outcome how = ENDED;
    if (position(&ctx, o, last, &from, &at_end) == WEIR_OK) {
        if (at_end) {
            prev = o->tail;
            prev->refs++;
        }
        o->attached = true;
        how = send_all(o, rpc, generation, from, prev,
                       o->reattachable && limit > 0 ? now_of(o) + limit : INT64_MAX);
        if (how == ENDED && o->complete && o->reattachable) linger(o, rpc, generation);
        if (o->reader == generation) {
            o->attached = false;
            o->detached_ms = now_of(o);
        }
    }
    bool drop = err.rc == WEIR_OK && !o->reattachable && (how == ENDED || how == GONE);
    weir_unlock(&o->mu);
    if (err.rc != WEIR_OK)
        weir_cn_fail(server, rpc, o->session, &err);
    else
        end_stream(o, rpc, how);
    if (drop) weir_cn_op_drop(o);
    weir_err_clear(&err);
    weir_arena_free(ctx.arena);
}

void weir_cn_ops_sweep(weir_cn_session *s, int64_t now_ms) {
    int64_t limit =
        weir_conf_ms(s->server->shared.conf, "spark.connect.execute.manager.detachedTimeout");
    for (;;) {
        weir_cn_op *old = NULL;
        weir_lock(&s->mu);
        for (weir_cn_op *o = s->ops; o && !old; o = o->next) {
            weir_lock(&o->mu);
            if (!o->attached && now_ms - o->detached_ms > limit) {
                old = o;
                o->refs++;
            }
            weir_unlock(&o->mu);
        }
        weir_unlock(&s->mu);
        if (!old) return;
        weir_cn_op_drop(old);
        weir_cn_op_unref(old);
    }
}

static bool find_request(weir_cn_server *server, weir_ctx *ctx, weir_rpc *rpc,
                         const ProtobufCMessageDescriptor *d, void *out) {
    size_t n = 0;
    const uint8_t *p = weir_rpc_next(rpc, &n);
    if (p && weir_pb_unpack(ctx, d, p, n, out) == WEIR_OK) return true;
    if (!p) (void)weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message", "The request has no message.");
    weir_cn_fail(server, rpc, NULL, ctx->err);
    return false;
}

/* As weir_cn_session_get, but nothing is made. */
static weir_cn_session *existing(weir_cn_server *server, weir_ctx *ctx, weir_rpc *rpc,
                                 const SC(UserContext) * uc, const char *id, const char *observed) {
    weir_cn_session *s =
        weir_cn_session_find(server, uc ? weir_text(uc->user_id) : "", weir_text(id));
    if (!s)
        (void)weir_fail(ctx, WEIR_E_SESSION_NOT_FOUND, "handle", weir_text(id));
    else if (observed && *observed && strcmp(observed, s->ssid) != 0)
        (void)weir_fail(ctx, WEIR_E_SESSION_CHANGED, "handle", id);
    if (ctx->err->rc == WEIR_OK) return s;
    if (s) weir_cn_session_unref(s);
    weir_cn_fail(server, rpc, NULL, ctx->err);
    return NULL;
}

void weir_cn_reattach(weir_cn_server *server, weir_rpc *rpc, weir_ctx *ctx) {
    SC(ReattachExecuteRequest) *q = NULL;
    if (!find_request(server, ctx, rpc, &spark__connect__reattach_execute_request__descriptor, &q))
        return;
    weir_cn_session *s = existing(server, ctx, rpc, q->user_context, q->session_id,
                                  q->client_observed_server_side_session_id);
    if (!s) return;
    weir_cn_op *o = weir_cn_op_find(s, weir_text(q->operation_id));
    if (!o)
        (void)weir_fail(ctx, WEIR_E_INVALID_HANDLE, "handle", weir_text(q->operation_id));
    else if (!o->reattachable)
        (void)weir_fail(ctx, WEIR_E_CURSOR_NOT_REATTACHABLE, NULL, NULL);
    if (ctx->err->rc != WEIR_OK)
        weir_cn_fail(server, rpc, s, ctx->err);
    else
        weir_cn_op_stream(o, rpc, q->last_response_id);
    if (o) weir_cn_op_unref(o);
    weir_cn_session_unref(s);
}

/* Responses up to the id, that one included. */
static void release_until(weir_cn_op *o, const char *id) {
    weir_lock(&o->mu);
    response *r = o->head;
    while (r && r != o->unsent && strcmp(r->id, id) != 0) r = r->next;
    bool found = r && r != o->unsent;
    while (found) {
        response *h = o->head;
        found = h != r;
        if (h->next == NULL) break; /* the last one stays: a reader may attach after it */
        o->head = h->next;
        o->sent_bytes -= (int64_t)h->n;
        free_response(h);
    }
    weir_unlock(&o->mu);
}

void weir_cn_release(weir_cn_server *server, weir_rpc *rpc, weir_ctx *ctx) {
    SC(ReleaseExecuteRequest) *q = NULL;
    if (!find_request(server, ctx, rpc, &spark__connect__release_execute_request__descriptor, &q))
        return;
    weir_cn_session *s = existing(server, ctx, rpc, q->user_context, q->session_id,
                                  q->client_observed_server_side_session_id);
    if (!s) return;
    SC(ReleaseExecuteResponse) a = SK(RELEASE_EXECUTE_RESPONSE__INIT);
    weir_cn_op *o = weir_cn_op_find(s, weir_text(q->operation_id));
    if (o) {
        if (q->release_case == SK(RELEASE_EXECUTE_REQUEST__RELEASE_RELEASE_UNTIL))
            release_until(o, weir_text(q->release_until->response_id));
        else
            weir_cn_op_drop(o);
        a.operation_id = q->operation_id;
        weir_cn_op_unref(o);
    }
    a.session_id = s->id;
    a.server_side_session_id = s->ssid;
    weir_cn_reply(rpc, ctx, &a.base);
    weir_cn_session_unref(s);
}

static bool wanted(const weir_cn_op *o, const SC(InterruptRequest) * q) {
    bool hit = q->interrupt_type == SK(INTERRUPT_REQUEST__INTERRUPT_TYPE__INTERRUPT_TYPE_ALL);
    if (q->interrupt_case == SK(INTERRUPT_REQUEST__INTERRUPT_OPERATION_ID))
        hit |= strcmp(weir_text(q->operation_id), o->id) == 0;
    for (int i = 0;
         i < o->ntag && q->interrupt_case == SK(INTERRUPT_REQUEST__INTERRUPT_OPERATION_TAG); i++)
        hit |= strcmp(o->tag[i], weir_text(q->operation_tag)) == 0;
    return hit;
}

void weir_cn_interrupt(weir_cn_server *server, weir_rpc *rpc, weir_ctx *ctx) {
    SC(InterruptRequest) *q = NULL;
    weir_cn_session *s = NULL;
    if (!find_request(server, ctx, rpc, &spark__connect__interrupt_request__descriptor, &q)) return;
    if (weir_cn_session_get(ctx, server, q->user_context, q->session_id,
                            q->client_observed_server_side_session_id, &s) != WEIR_OK) {
        weir_cn_fail(server, rpc, NULL, ctx->err);
        return;
    }
    weir_cn_op *list[WEIR_OP_MAX_PER_SESSION];
    int n = 0;
    weir_lock(&s->mu);
    for (weir_cn_op *o = s->ops; o && n < WEIR_OP_MAX_PER_SESSION; o = o->next) {
        if (!wanted(o, q)) continue;
        weir_lock(&o->mu);
        bool running = !o->done;
        if (running) o->refs++;
        weir_unlock(&o->mu);
        if (running) list[n++] = o;
    }
    weir_unlock(&s->mu);
    SC(InterruptResponse) a = SK(INTERRUPT_RESPONSE__INIT);
    a.interrupted_ids = WEIR_NEWN(ctx->arena, char *, n + 1);
    for (int i = 0; i < n; i++) {
        a.interrupted_ids[a.n_interrupted_ids++] = weir_strdup(ctx->arena, list[i]->id);
        weir_cn_op_cancel(list[i]);
        weir_cn_op_unref(list[i]);
    }
    a.session_id = s->id;
    a.server_side_session_id = s->ssid;
    weir_cn_reply(rpc, ctx, &a.base);
    weir_cn_session_unref(s);
}

static int state_of(weir_cn_op *o) {
    if (!o)
        return SK(GET_STATUS_RESPONSE__OPERATION_STATUS__OPERATION_STATE__OPERATION_STATE_UNKNOWN);
    weir_lock(&o->mu);
    int st =
        !o->done
            ? SK(GET_STATUS_RESPONSE__OPERATION_STATUS__OPERATION_STATE__OPERATION_STATE_RUNNING)
        : o->failed
            ? SK(GET_STATUS_RESPONSE__OPERATION_STATUS__OPERATION_STATE__OPERATION_STATE_FAILED)
            : SK(GET_STATUS_RESPONSE__OPERATION_STATUS__OPERATION_STATE__OPERATION_STATE_SUCCEEDED);
    weir_unlock(&o->mu);
    return st;
}

void weir_cn_status(weir_cn_server *server, weir_rpc *rpc, weir_ctx *ctx) {
    SC(GetStatusRequest) *q = NULL;
    if (!find_request(server, ctx, rpc, &spark__connect__get_status_request__descriptor, &q))
        return;
    weir_cn_session *s = existing(server, ctx, rpc, q->user_context, q->session_id,
                                  q->client_observed_server_side_session_id);
    if (!s) return;
    SC(GetStatusResponse) a = SK(GET_STATUS_RESPONSE__INIT);
    size_t n = q->operation_status ? q->operation_status->n_operation_ids : 0;
    a.operation_statuses = WEIR_NEWN(ctx->arena, SC(GetStatusResponse__OperationStatus) *, n + 1);
    for (size_t i = 0; i < n; i++) {
        WEIR_MSG(GetStatusResponse__OperationStatus, get_status_response__operation_status, x,
                 ctx->arena);
        weir_cn_op *o = weir_cn_op_find(s, weir_text(q->operation_status->operation_ids[i]));
        x->operation_id = q->operation_status->operation_ids[i];
        x->has_state = true;
        x->state = (SC(GetStatusResponse__OperationStatus__OperationState))state_of(o);
        if (o) weir_cn_op_unref(o);
        a.operation_statuses[a.n_operation_statuses++] = x;
    }
    a.session_id = s->id;
    a.server_side_session_id = s->ssid;
    weir_cn_reply(rpc, ctx, &a.base);
    weir_cn_session_unref(s);
}
