/* foreachBatch and foreach: what their sinks need of the server. The functions of host are called
 * on the query's thread, with nothing locked. */
#include "command/command.h"
#include "connect/connect.h"
#include "python/worker.h"
#include "sink/foreach.h"

#include <ctype.h>

enum { INTERRUPT_MS = 2000 };

static weir_rc host_clone(weir_ctx *ctx, void *session, void **clone, const char **id) {
    weir_cn_session *root = session, *c = NULL;
    WEIR_TRY(weir_cn_session_clone(ctx, root, NULL, &c));
    weir_lock(&root->server->mu);
    c->pinned = true;
    weir_unlock(&root->server->mu);
    *clone = c;
    *id = c->id;
    return WEIR_OK;
}

static void host_drop(void *clone) {
    weir_cn_session_close(clone);
    weir_cn_session_unref(clone);
}

static weir_rc host_hold(weir_ctx *ctx, void *session, const char *id, weir_plan *p,
                         weir_arena *mem) {
    return weir_session_hold(ctx, ((weir_cn_session *)session)->session, id, p, mem);
}

static void host_release(void *session, const char *id) {
    weir_session_release(((weir_cn_session *)session)->session, id);
}

/* A killed worker's requests must not go on beside the next run of the same batch. */
static void host_interrupt(void *session, const char *run_id) {
    weir_cn_session *s = session;
    weir_arena *mem = weir_arena_new(NULL);
    int n = 0, all = 0;
    weir_lock(&s->mu);
    for (weir_cn_op *o = s->ops; o; o = o->next) all++;
    weir_cn_op **list = WEIR_NEWN(mem, weir_cn_op *, all + 1);
    for (weir_cn_op *o = s->ops; o; o = o->next) {
        if (strcmp(o->worker, run_id) != 0) continue;
        weir_lock(&o->mu);
        o->refs++;
        weir_unlock(&o->mu);
        list[n++] = o;
    }
    weir_unlock(&s->mu);
    for (int i = 0; i < n; i++) weir_cn_op_drop(list[i]);
    for (int i = 0; i < n; i++) {
        weir_cn_op_wait(list[i], INTERRUPT_MS);
        weir_cn_op_unref(list[i]);
    }
    weir_arena_free(mem);
}

static weir_rc host_files(weir_ctx *ctx, void *session, const char **dir, const char ***zips,
                          int *nzip) {
    return weir_cn_files_get(ctx, session, dir, zips, nzip);
}

static weir_rc check(weir_ctx *ctx, const SC(WriteStreamOperationStart) * w, const char *what) {
    if (w->n_partitioning_column_names)
        return weir_fail(ctx, WEIR_E_ANALYSIS_LEGACY, "message",
                         weir_printf(ctx->arena, "'%s' does not support partitioning.", what));
    bool continuous = w->trigger_case ==
                      SK(WRITE_STREAM_OPERATION_START__TRIGGER_CONTINUOUS_CHECKPOINT_INTERVAL);
    if (w->foreach_batch && continuous)
        return weir_fail(ctx, WEIR_E_ANALYSIS_LEGACY, "message",
                         "'foreachBatch' is not supported with continuous trigger.");
    return WEIR_OK;
}

/* As a parameter of the address: what is not plain would end it. */
static const char *encoded(weir_arena *a, const char *user) {
    weir_str s;
    weir_str_init(&s, a, 3 * strlen(user) + 1);
    for (const unsigned char *p = (const unsigned char *)user; *p; p++) {
        if (isalnum(*p) || strchr("-_.~", *p))
            weir_str_putc(&s, (char)*p);
        else
            weir_str_printf(&s, "%%%02X", *p);
    }
    return s.p ? s.p : "";
}

weir_rc weir_cn_foreach(weir_cn_run *r, const SC(WriteStreamOperationStart) * w,
                        weir_write_info *info, weir_target *t) {
    const SC(StreamingForeachFunction) *f = w->foreach_batch ? w->foreach_batch : w->foreach_writer;
    weir_cn_session *s = r->session;
    WEIR_TRY(check(r->ctx, w, w->foreach_batch ? "foreachBatch" : "foreach"));
    if (f->function_case != SK(STREAMING_FOREACH_FUNCTION__FUNCTION_PYTHON_FUNCTION))
        return weir_tp_unsupported(r->ctx, "functions of Scala and Java in a stream",
                                   "Use a function of Python");
    weir_foreach_host *h = WEIR_NEW(r->mem, weir_foreach_host);
    *h = (weir_foreach_host){.session = s,
                             .root_id = s->id,
                             .user_id = s->user,
                             .url = weir_printf(r->mem, "sc://localhost:%d/;user_id=%s",
                                                atomic_load(&s->server->worker_port),
                                                encoded(r->mem, s->user)),
                             .token = s->server->worker_token,
                             .clone = host_clone,
                             .drop = host_drop,
                             .hold = host_hold,
                             .release = host_release,
                             .files = host_files,
                             .interrupt = host_interrupt};
    weir_py_function *fn = WEIR_NEW(r->mem, weir_py_function);
    *fn = (weir_py_function){.command = f->python_function->command.data,
                             .ncommand = f->python_function->command.len,
                             .version = weir_text(f->python_function->python_ver),
                             .host = h};
    info->python = fn;
    t->sink = w->foreach_batch ? &weir_foreach_batch_sink : &weir_foreach_sink;
    t->format = t->sink->format;
    return WEIR_OK;
}
