/* foreach: rows go to pyspark.worker as pickles while they are made, in one task (one partition) a
 * batch; the worker stays for the next batch. Numbers of partition and batch reach open() through
 * the task's context. SPARK PythonForeachWriter. */
#include "sink/foreach.h"

#include "codec/pickle.h"
#include "python/task.h"

enum { FRAME_ROWS = 1000, FRAME_MAX = 1 << 30 };

static const char lead[] = "An exception was thrown from the Python worker: ";

typedef struct row_sink {
    weir_writer base;
    weir_sink *sink;
    weir_py_worker *worker;
    int64_t rows, tasks;
    bool early; /* the worker has said something before the end: it failed, or wants no more */
    bool over;  /* it has answered */
} row_sink;

static weir_rc launch(weir_ctx *ctx, row_sink *k) {
    const weir_write_info *in = &k->sink->info;
    const char *name = in->query_name ? in->query_name : in->query_id;
    const weir_foreach_host *h = in->python->host;
    const char *files = NULL;
    WEIR_TRY(h->files(ctx, h->session, &files, NULL, NULL));
    const weir_py_spec spec = {.kind = WEIR_PY_TASK,
                               .version = in->python->version,
                               .what = weir_printf(ctx->arena, "foreach of query %s", name),
                               .run_id = in->run_id,
                               .files = files};
    return weir_py_start(ctx, &spec, &k->worker);
}

/* The end of the task; a worker that stays behind with unread rows is no use any more. */
static weir_rc take_answer(weir_ctx *ctx, row_sink *k) {
    bool again = false;
    k->over = true;
    WEIR_TRY(weir_py_finish(ctx, k->worker, lead, &again));
    if (again) return WEIR_OK;
    weir_py_stop(k->worker);
    k->worker = NULL;
    return WEIR_OK;
}

static weir_rc row_open(weir_ctx *ctx, weir_sink *s) {
    row_sink *k = WEIR_NEW(s->mem, row_sink);
    s->impl = k;
    k->sink = s;
    WEIR_TRY(weir_pickle_check(ctx, s->info.schema));
    return launch(ctx, k);
}

static weir_rc row_begin(weir_ctx *ctx, weir_sink *s, int64_t epoch, bool *done) {
    row_sink *k = s->impl;
    (void)ctx;
    s->epoch = epoch;
    k->rows = 0;
    k->early = k->over = false;
    *done = false;
    return WEIR_OK;
}

static weir_rc send(weir_ctx *ctx, row_sink *k, const weir_str *s) {
    return k->early ? WEIR_OK : weir_py_send(ctx, k->worker, s->p, s->len, &k->early);
}

static weir_rc send_frame(weir_ctx *ctx, row_sink *k, const weir_batch *b, int64_t from,
                          int64_t n) {
    weir_str rows, frame;
    weir_str_init(&rows, NULL, FRAME_MAX);
    weir_str_init(&frame, NULL, FRAME_MAX);
    weir_rc rc = weir_pickle_rows(ctx, k->sink->info.schema, b, from, n, &rows);
    weir_py_put_bytes(&frame, rows.p, rows.len);
    if (rc == WEIR_OK) rc = send(ctx, k, &frame);
    weir_str_free(&rows);
    weir_str_free(&frame);
    return rc;
}

static weir_rc row_write(weir_ctx *ctx, weir_writer *w, const weir_batch *b) {
    row_sink *k = (row_sink *)w;
    k->rows += b->len;
    for (int64_t at = 0; at < b->len && !k->early; at += FRAME_ROWS)
        WEIR_TRY(send_frame(ctx, k, b, at, b->len - at < FRAME_ROWS ? b->len - at : FRAME_ROWS));
    /* what went wrong is told at once, not after all rows were made */
    return k->early && !k->over ? take_answer(ctx, k) : WEIR_OK;
}

static weir_rc row_finish(weir_ctx *ctx, weir_writer *w) {
    row_sink *k = (row_sink *)w;
    weir_str s;
    weir_str_init(&s, ctx->arena, 16);
    weir_py_put_int(&s, WEIR_PY_END_OF_DATA);
    weir_py_put_int(&s, WEIR_PY_END_OF_STREAM);
    WEIR_TRY(send(ctx, k, &s));
    return k->over ? WEIR_OK : take_answer(ctx, k);
}

static void row_drop(weir_writer *w) { (void)w; }

static weir_rc send_task(weir_ctx *ctx, row_sink *k, int part) {
    weir_sink *s = k->sink;
    const weir_py_function *fn = s->info.python;
    const weir_py_pair epoch = {"streaming.sql.batchId",
                                weir_printf(ctx->arena, "%lld", (long long)s->epoch)};
    weir_py_task task = {.partition = part,
                         .attempt = k->tasks++,
                         .version = fn->version,
                         .property = &epoch,
                         .nproperty = 1,
                         .command = fn->command,
                         .ncommand = fn->ncommand};
    weir_str m;
    WEIR_TRY(fn->host->files(ctx, fn->host->session, &task.files, &task.zip, &task.nzip));
    weir_py_step(ctx, k->worker, weir_printf(ctx->arena, "batch %s", epoch.value));
    weir_str_init(&m, NULL, FRAME_MAX);
    weir_py_put_task(ctx->arena, weir_py_pyspark(k->worker), &task, &m);
    weir_rc rc = send(ctx, k, &m);
    weir_str_free(&m);
    return rc == WEIR_OK ? weir_py_loaded(ctx, k->worker, lead) : rc;
}

static weir_rc row_writer(weir_ctx *ctx, weir_sink *s, int part, weir_writer **out) {
    row_sink *k = s->impl;
    if (!k->worker) WEIR_TRY(launch(ctx, k));
    k->base = (weir_writer){row_write, row_finish, row_drop};
    *out = &k->base;
    return send_task(ctx, k, part);
}

static weir_rc row_commit(weir_ctx *ctx, weir_sink *s) { return (void)ctx, (void)s, WEIR_OK; }
static void row_abort(weir_ctx *ctx, weir_sink *s) { (void)ctx, (void)s; }
static int64_t row_rows(weir_sink *s) { return ((row_sink *)s->impl)->rows; }

static void row_close(weir_sink *s) {
    row_sink *k = s->impl;
    if (!k) return;
    weir_py_stop(k->worker);
    k->worker = NULL;
}

static const char *row_description(weir_ctx *ctx, weir_sink *s) {
    return (void)ctx, (void)s, "ForeachWriterTable(PythonForeachWriter)";
}

const weir_sink_ops weir_foreach_sink = {
    .format = "foreach",
    .modes = 1 << WEIR_OUT_APPEND | 1 << WEIR_OUT_UPDATE | 1 << WEIR_OUT_COMPLETE,
    .open = row_open,
    .begin = row_begin,
    .writer = row_writer,
    .commit = row_commit,
    .abort = row_abort,
    .description = row_description,
    .rows = row_rows,
    .close = row_close};
