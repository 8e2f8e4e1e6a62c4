/* Failures on their way to the client: gRPC status with Spark's ErrorInfo, and the full text kept
 * for FetchErrorDetails. SPARK ErrorUtils.buildStatusFromThrowable. Called on handler threads. */
#include "connect/connect.h"

enum { KEPT_ERRORS = 256, KEPT_MS = 600000, STATUS_TEXT = 2048, METADATA_TEXT = 1024 };

static void put_varint(weir_str *s, uint64_t v) {
    for (; v > 127; v >>= 7) weir_str_putc(s, (char)(v | 128));
    weir_str_putc(s, (char)v);
}

static void put_bytes(weir_str *s, int field, const void *p, size_t n) {
    put_varint(s, (uint64_t)field << 3 | 2);
    put_varint(s, n);
    weir_str_add(s, p, n);
}

static void put_text(weir_str *s, int field, const char *t) { put_bytes(s, field, t, strlen(t)); }

static void put_meta(weir_arena *a, weir_str *info, const char *key, const char *value) {
    weir_str m;
    weir_str_init(&m, a, 1 << 20);
    put_text(&m, 1, key);
    put_text(&m, 2, value);
    put_bytes(info, 3, m.p, m.len);
}

const char *weir_err_class_json(weir_arena *a, const weir_err *e) {
    weir_str s;
    weir_str_init(&s, a, 1 << 16);
    weir_str_putc(&s, '[');
    for (const char *const *c = weir_exception_classes(weir_errcls_exception(e->cls)); *c; c++)
        weir_str_printf(&s, "%s\"%s\"", s.len > 1 ? "," : "", *c);
    weir_str_putc(&s, ']');
    return s.p;
}

static const char *params_json(weir_arena *a, const weir_err *e) {
    weir_str s;
    weir_jw w;
    weir_str_init(&s, a, 1 << 24);
    weir_jw_init(&w, &s);
    weir_jw_obj(&w);
    for (int i = 0; i < e->nparam; i++) {
        weir_jw_key(&w, e->param[i].key);
        weir_jw_str(&w, e->param[i].value);
    }
    weir_jw_end_obj(&w);
    return s.failed ? "{}" : s.p;
}

static const char *error_class(const weir_err *e) {
    const char *c = weir_errcls_name(e->cls);
    return c && *c ? c : NULL;
}

static void keep(weir_cn_server *s, const weir_cn_session *whose, const weir_err *e,
                 char id[37]) {
    weir_arena *own = weir_arena_new(NULL);
    weir_cn_error *k = WEIR_NEW(own, weir_cn_error), *old = NULL;
    weir_uuid(s->shared.env, k->id);
    memcpy(id, k->id, 37);
    memcpy(k->ssid, whose ? whose->ssid : "", whose ? sizeof k->ssid : 1);
    k->mem = own;
    k->at_ms = weir_monotonic_us(s->shared.env) / 1000;
    weir_err_init(&k->err);
    weir_err_copy(&k->err, e);
    weir_lock(&s->error_mu);
    k->next = s->errors;
    s->errors = k;
    if (++s->nerror > KEPT_ERRORS) { /* the oldest is the last */
        weir_cn_error **p = &s->errors;
        while ((*p)->next) p = &(*p)->next;
        old = *p;
        *p = NULL;
        s->nerror--;
    }
    weir_unlock(&s->error_mu);
    if (old) {
        weir_err_clear(&old->err);
        weir_arena_free(old->mem);
    }
}

void weir_cn_errors_sweep(weir_cn_server *s, bool all) {
    int64_t now_ms = weir_monotonic_us(s->shared.env) / 1000;
    weir_cn_error *gone = NULL;
    weir_lock(&s->error_mu);
    for (weir_cn_error **p = &s->errors; *p;) {
        weir_cn_error *k = *p;
        if (!all && now_ms - k->at_ms < KEPT_MS) {
            p = &k->next;
            continue;
        }
        *p = k->next;
        k->next = gone;
        gone = k;
        s->nerror--;
    }
    weir_unlock(&s->error_mu);
    while (gone) {
        weir_cn_error *k = gone;
        gone = k->next;
        weir_err_clear(&k->err);
        weir_arena_free(k->mem);
    }
}

/* At most n bytes of UTF-8 text, whole characters. */
static const char *clipped(weir_arena *a, const char *t, size_t n) {
    size_t len = strlen(t);
    if (len <= n) return t;
    for (n -= 3; n > 0 && ((unsigned char)t[n] & 0xC0) == 0x80; n--) continue;
    return weir_printf(a, "%.*s...", (int)n, t);
}

void weir_cn_fail(weir_cn_server *s, weir_rpc *rpc, const weir_cn_session *whose,
                  const weir_err *e) {
    weir_arena *a = weir_arena_new(NULL);
    weir_str info, any, status;
    char id[37];
    keep(s, whose, e, id);
    weir_str_init(&info, a, 1 << 20);
    weir_str_init(&any, a, 1 << 20);
    weir_str_init(&status, a, 1 << 20);
    const char *msg = clipped(a, weir_text(e->msg), STATUS_TEXT), *params = params_json(a, e),
               *cls = error_class(e);
    put_text(&info, 1, weir_exception_classes(weir_errcls_exception(e->cls))[0]);
    put_text(&info, 2, "org.apache.spark");
    put_meta(a, &info, "classes", weir_err_class_json(a, e));
    if (cls) put_meta(a, &info, "errorClass", cls);
    if (weir_errcls_sqlstate(e->cls)) put_meta(a, &info, "sqlState", weir_errcls_sqlstate(e->cls));
    if (strlen(params) <= METADATA_TEXT) put_meta(a, &info, "messageParameters", params);
    put_meta(a, &info, "errorId", id);
    put_text(&any, 1, "type.googleapis.com/google.rpc.ErrorInfo");
    put_bytes(&any, 2, info.p, info.len);
    put_varint(&status, 1 << 3);
    put_varint(&status, WEIR_GRPC_INTERNAL);
    put_text(&status, 2, msg);
    put_bytes(&status, 3, any.p, any.len);
    weir_rpc_finish(rpc, WEIR_GRPC_INTERNAL, msg, status.p, status.len);
    weir_arena_free(a);
}

void weir_cn_reply(weir_rpc *rpc, weir_ctx *ctx, const ProtobufCMessage *m) {
    size_t n = protobuf_c_message_get_packed_size(m);
    uint8_t *p = weir_alloc(ctx->arena, n + 1);
    protobuf_c_message_pack(m, p);
    (void)weir_rpc_send(rpc, p, n);
    weir_rpc_finish(rpc, WEIR_GRPC_OK, NULL, NULL, 0);
}

static SC(FetchErrorDetailsResponse__QueryContext) * context_of(weir_arena *a, const weir_qctx *q) {
    WEIR_MSG(FetchErrorDetailsResponse__QueryContext, fetch_error_details_response__query_context,
             c, a);
    c->has_context_type = c->has_start_index = c->has_stop_index = true;
    c->context_type = q->kind
                          ? SK(FETCH_ERROR_DETAILS_RESPONSE__QUERY_CONTEXT__CONTEXT_TYPE__DATAFRAME)
                          : SK(FETCH_ERROR_DETAILS_RESPONSE__QUERY_CONTEXT__CONTEXT_TYPE__SQL);
    c->object_type = weir_pb_text(q->object_type);
    c->object_name = weir_pb_text(q->object_name);
    c->start_index = q->start;
    c->stop_index = q->stop;
    c->fragment = weir_pb_text(q->fragment);
    c->call_site = weir_pb_text(q->call_site);
    c->summary = weir_pb_text(q->summary);
    return c;
}

static SC(FetchErrorDetailsResponse__SparkThrowable) *
    throwable_of(weir_arena *a, const weir_err *e) {
    WEIR_MSG(FetchErrorDetailsResponse__SparkThrowable,
             fetch_error_details_response__spark_throwable, t, a);
    t->error_class = weir_pb_text(error_class(e));
    t->sql_state = (char *)(uintptr_t)weir_errcls_sqlstate(e->cls);
    t->message_parameters = WEIR_NEWN(
        a, SC(FetchErrorDetailsResponse__SparkThrowable__MessageParametersEntry) *, e->nparam + 1);
    for (int i = 0; i < e->nparam; i++) {
        WEIR_MSG(FetchErrorDetailsResponse__SparkThrowable__MessageParametersEntry,
                 fetch_error_details_response__spark_throwable__message_parameters_entry, m, a);
        m->key = weir_pb_text(e->param[i].key);
        m->value = weir_pb_text(e->param[i].value);
        t->message_parameters[t->n_message_parameters++] = m;
    }
    t->query_contexts = WEIR_NEWN(a, SC(FetchErrorDetailsResponse__QueryContext) *, e->nqctx + 1);
    for (int i = 0; i < e->nqctx; i++)
        t->query_contexts[t->n_query_contexts++] = context_of(a, &e->qctx[i]);
    return t;
}

static SC(FetchErrorDetailsResponse__Error) * error_of(weir_arena *a, const weir_err *e) {
    WEIR_MSG(FetchErrorDetailsResponse__Error, fetch_error_details_response__error, x, a);
    const char *const *classes = weir_exception_classes(weir_errcls_exception(e->cls));
    size_t n = 0;
    while (classes[n]) n++;
    x->error_type_hierarchy = WEIR_NEWN(a, char *, n + 1);
    for (size_t i = 0; i < n; i++)
        x->error_type_hierarchy[x->n_error_type_hierarchy++] = weir_pb_text(classes[i]);
    x->message = weir_pb_text(e->msg);
    if (error_class(e)) x->spark_throwable = throwable_of(a, e);
    return x;
}

/* The cause, as a plain exception under the first. */
static SC(FetchErrorDetailsResponse__Error) * cause_of(weir_arena *a, const weir_err *e) {
    static const char *const classes[] = {"java.lang.RuntimeException", "java.lang.Exception",
                                          "java.lang.Throwable", "java.lang.Object"};
    WEIR_MSG(FetchErrorDetailsResponse__Error, fetch_error_details_response__error, x, a);
    x->error_type_hierarchy = WEIR_NEWN(a, char *, 4);
    for (size_t i = 0; i < 4; i++)
        x->error_type_hierarchy[x->n_error_type_hierarchy++] = weir_pb_text(classes[i]);
    x->message = weir_pb_text(e->cause);
    return x;
}

void weir_cn_fetch_error(weir_cn_server *server, weir_rpc *rpc, weir_ctx *ctx) {
    SC(FetchErrorDetailsRequest) *q = NULL;
    size_t n = 0;
    const uint8_t *p = weir_rpc_next(rpc, &n);
    weir_err found;
    weir_err_init(&found);
    if (!p || weir_pb_unpack(ctx, &spark__connect__fetch_error_details_request__descriptor, p, n,
                             &q) != WEIR_OK) {
        weir_rpc_finish(rpc, WEIR_GRPC_INVALID_ARGUMENT, "malformed request", NULL, 0);
        return;
    }
    weir_cn_session *s =
        weir_cn_session_find(server, q->user_context ? weir_text(q->user_context->user_id) : "",
                             weir_text(q->session_id));
    weir_lock(&server->error_mu);
    for (const weir_cn_error *k = server->errors; k; k = k->next) {
        bool mine = !*k->ssid || (s && strcmp(k->ssid, s->ssid) == 0);
        if (mine && strcmp(k->id, weir_text(q->error_id)) == 0) weir_err_copy(&found, &k->err);
    }
    weir_unlock(&server->error_mu);
    SC(FetchErrorDetailsResponse) a = SK(FETCH_ERROR_DETAILS_RESPONSE__INIT);
    SC(FetchErrorDetailsResponse__Error) * list[2];
    a.session_id = weir_pb_text(q->session_id);
    if (s) a.server_side_session_id = s->ssid;
    if (found.rc != WEIR_OK) {
        a.has_root_error_idx = true;
        a.errors = list;
        list[a.n_errors++] = error_of(ctx->arena, &found);
        if (found.cause) {
            list[0]->has_cause_idx = true;
            list[0]->cause_idx = 1;
            list[a.n_errors++] = cause_of(ctx->arena, &found);
        }
    }
    weir_cn_reply(rpc, ctx, &a.base);
    if (s) weir_cn_session_unref(s);
    weir_err_clear(&found);
}
