/* foreachBatch. A batch is held (held.h), known to the session under a fresh id, and the worker is
 * told the id and the batch's number; whatever the function does with it comes back as ordinary
 * requests. Nothing is locked meanwhile. SPARK StreamingForeachBatchHelper. */
#include "sink/foreach.h"

#include "python/worker.h"
#include "sink/held.h"

#include <stdlib.h>

typedef struct batch_sink {
    weir_writer base;
    const weir_py_function *fn;
    weir_py_worker *worker;
    weir_held *held;
    void *clone;
    const char *clone_id, *lead;
} batch_sink;

static const char *label(weir_ctx *ctx, const weir_sink *s) {
    return weir_printf(ctx->arena, "foreachBatch of query %s",
                       s->info.query_name ? s->info.query_name : s->info.query_id);
}

static weir_rc answer(weir_ctx *ctx, batch_sink *k) {
    int32_t n = 0;
    WEIR_TRY(weir_py_recv_int(ctx, k->worker, &n));
    if (n == WEIR_PY_EXCEPTION) return weir_py_raise(ctx, k->worker, k->lead);
    return WEIR_OK;
}

/* SPARK StreamingPythonRunner.init: what fails here is start()'s failure. */
static weir_rc introduce(weir_ctx *ctx, batch_sink *k) {
    weir_str s;
    bool early = false;
    int32_t n = 0;
    weir_str_init(&s, NULL, (size_t)1 << 31);
    weir_py_put_text(&s, k->fn->version);
    weir_py_put_text(&s, k->fn->host->root_id);
    weir_py_put_bytes(&s, k->fn->command, k->fn->ncommand);
    weir_rc rc = weir_py_send(ctx, k->worker, s.p, s.len, &early);
    weir_str_free(&s);
    if (rc == WEIR_OK) rc = weir_py_loaded(ctx, k->worker, NULL);
    if (rc == WEIR_OK) rc = weir_py_recv_int(ctx, k->worker, &n);
    return rc == WEIR_OK && n != WEIR_PY_READY ? weir_py_raise_start(ctx, k->worker) : rc;
}

static weir_rc batch_open(weir_ctx *ctx, weir_sink *s) {
    const weir_py_function *fn = s->info.python;
    const weir_foreach_host *h = fn->host;
    batch_sink *k = WEIR_NEW(s->mem, batch_sink);
    s->impl = k;
    k->fn = fn;
    k->lead = weir_printf(s->mem,
                          "[session: %s] [userId: %s] Found error inside foreachBatch Python "
                          "process: ",
                          h->root_id, h->user_id);
    const char *files = NULL;
    WEIR_TRY(h->files(ctx, h->session, &files, NULL, NULL));
    const weir_py_spec spec = {.kind = WEIR_PY_FOREACH_BATCH,
                               .version = fn->version,
                               .what = label(ctx, s),
                               .run_id = s->info.run_id,
                               .files = files,
                               .url = h->url,
                               .token = h->token};
    WEIR_TRY(weir_py_start(ctx, &spec, &k->worker));
    WEIR_TRY(introduce(ctx, k));
    const char *id = NULL;
    WEIR_TRY(h->clone(ctx, h->session, &k->clone, &id));
    k->clone_id = weir_strdup(s->mem, id);
    return WEIR_OK;
}

static weir_rc batch_begin(weir_ctx *ctx, weir_sink *s, int64_t epoch, bool *done) {
    batch_sink *k = s->impl;
    s->epoch = epoch;
    *done = false;
    weir_held_free(k->held);
    k->held = weir_held_new(ctx, s->info.schema);
    return WEIR_OK;
}

static weir_rc batch_write(weir_ctx *ctx, weir_writer *w, const weir_batch *b) {
    return weir_held_add(ctx, ((batch_sink *)w)->held, b);
}
static weir_rc batch_finish(weir_ctx *ctx, weir_writer *w) { return (void)ctx, (void)w, WEIR_OK; }
static void batch_drop(weir_writer *w) { (void)w; }

static weir_rc batch_writer(weir_ctx *ctx, weir_sink *s, int part, weir_writer **out) {
    batch_sink *k = s->impl;
    (void)ctx, (void)part;
    k->base = (weir_writer){batch_write, batch_finish, batch_drop};
    *out = &k->base;
    return WEIR_OK;
}

static weir_rc call(weir_ctx *ctx, weir_sink *s, const char *id) {
    batch_sink *k = s->impl;
    weir_str m;
    bool early = false;
    weir_str_init(&m, ctx->arena, 4096);
    weir_py_put_text(&m, id);
    weir_py_put_long(&m, s->epoch);
    /* from 4.3 on batches run in the clone, before that in the root session */
    if (weir_py_pyspark(k->worker) >= 403) weir_py_put_text(&m, k->clone_id);
    weir_py_step(ctx, k->worker, weir_printf(ctx->arena, "batch %lld", (long long)s->epoch));
    WEIR_TRY(weir_py_send(ctx, k->worker, m.p, m.len, &early));
    return answer(ctx, k);
}

static weir_rc batch_commit(weir_ctx *ctx, weir_sink *s) {
    batch_sink *k = s->impl;
    const weir_foreach_host *h = k->fn->host;
    void *where = weir_py_pyspark(k->worker) >= 403 ? k->clone : h->session;
    weir_held *held = k->held;
    weir_arena *mem = NULL;
    weir_plan *rows = NULL;
    char id[37];
    weir_uuid(ctx->env, id);
    k->held = NULL;
    weir_rc rc = weir_held_plan(ctx, held, &mem, &rows);
    if (rc == WEIR_OK) rc = h->hold(ctx, where, id, rows, mem);
    if (rc != WEIR_OK) {
        weir_arena_free(mem);
        return rc;
    }
    rc = call(ctx, s, id);
    h->release(where, id);
    return rc;
}

static void batch_abort(weir_ctx *ctx, weir_sink *s) {
    batch_sink *k = s->impl;
    (void)ctx;
    weir_held_free(k->held);
    k->held = NULL;
}

static void batch_close(weir_sink *s) {
    batch_sink *k = s->impl;
    if (!k) return;
    weir_py_stop(k->worker);
    k->worker = NULL;
    k->fn->host->interrupt(k->fn->host->session, s->info.run_id);
    if (k->clone) k->fn->host->drop(k->clone);
    k->clone = NULL;
    weir_held_free(k->held);
    k->held = NULL;
}

static const char *batch_description(weir_ctx *ctx, weir_sink *s) {
    return (void)ctx, (void)s, "ForeachBatchSink";
}

const weir_sink_ops weir_foreach_batch_sink = {
    .format = "foreachBatch",
    .open_first = true,
    .modes = 1 << WEIR_OUT_APPEND | 1 << WEIR_OUT_UPDATE | 1 << WEIR_OUT_COMPLETE,
    .open = batch_open,
    .begin = batch_begin,
    .writer = batch_writer,
    .commit = batch_commit,
    .abort = batch_abort,
    .description = batch_description,
    .close = batch_close};
