/* Sinks that keep nothing on disk: noop, console, memory. A batch is gathered first, so that
 * nothing half-written shows. */
#include "sink/sinks.h"

#include "expr/eval.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct gather {
    weir_writer base;
    weir_sink *sink;
    weir_arena *rows_mem;
    weir_batch *v;
    int n, cap;
    int64_t rows;
    bool keep;
} gather;

static weir_memory_put_fn *memory_put;
void weir_memory_sink_hook(weir_memory_put_fn *fn) { memory_put = fn; }

static weir_rc g_write(weir_ctx *ctx, weir_writer *w, const weir_batch *b) {
    gather *g = (gather *)w;
    (void)ctx;
    g->rows += b->len;
    if (!g->keep) return WEIR_OK;
    if (g->n == g->cap) {
        int cap = g->cap ? g->cap * 2 : 16;
        weir_batch *v = WEIR_NEWN(g->rows_mem, weir_batch, cap);
        if (g->n) memcpy(v, g->v, sizeof *v * (size_t)g->n);
        g->v = v;
        g->cap = cap;
    }
    weir_batch_keep(g->rows_mem, b, &g->v[g->n++]);
    return WEIR_OK;
}
static weir_rc g_finish(weir_ctx *ctx, weir_writer *w) { return (void)ctx, (void)w, WEIR_OK; }
static void g_abort(weir_writer *w) { (void)w; }

static weir_rc gather_open(weir_ctx *ctx, weir_sink *s) {
    gather *g = WEIR_NEW(s->mem, gather);
    (void)ctx;
    *g = (gather){.base = {g_write, g_finish, g_abort},
                  .sink = s,
                  .keep = strcmp(s->ops->format, "noop") != 0};
    s->impl = g;
    return WEIR_OK;
}

static weir_rc gather_begin(weir_ctx *ctx, weir_sink *s, int64_t epoch, bool *done) {
    gather *g = s->impl;
    (void)ctx;
    s->epoch = epoch;
    *done = false;
    weir_arena_free(g->rows_mem);
    g->rows_mem = weir_arena_new(NULL);
    g->v = NULL;
    g->n = g->cap = 0;
    g->rows = 0;
    return WEIR_OK;
}

static weir_rc gather_writer(weir_ctx *ctx, weir_sink *s, int part, weir_writer **out) {
    (void)ctx;
    (void)part;
    *out = &((gather *)s->impl)->base;
    return WEIR_OK;
}

static void gather_abort(weir_ctx *ctx, weir_sink *s) { (void)ctx, (void)s; }
static int64_t gather_rows(weir_sink *s) { return ((gather *)s->impl)->rows; }
static void gather_close(weir_sink *s) {
    gather *g = s->impl;
    if (g) weir_arena_free(g->rows_mem);
    if (g) g->rows_mem = NULL;
}

static weir_rc noop_commit(weir_ctx *ctx, weir_sink *s) { return (void)ctx, (void)s, WEIR_OK; }
static const char *noop_description(weir_ctx *ctx, weir_sink *s) {
    return (void)ctx, (void)s, "org.apache.spark.sql.execution.datasources.noop.NoopTable$";
}

enum {
    APPEND = 1 << WEIR_OUT_APPEND,
    UPDATE = 1 << WEIR_OUT_UPDATE,
    COMPLETE = 1 << WEIR_OUT_COMPLETE
};

const weir_sink_ops weir_noop_sink = {.format = "noop",
                                      .modes = APPEND | UPDATE | COMPLETE,
                                      .batch = true,
                                      .open = gather_open,
                                      .begin = gather_begin,
                                      .writer = gather_writer,
                                      .commit = noop_commit,
                                      .abort = gather_abort,
                                      .description = noop_description,
                                      .rows = gather_rows,
                                      .close = gather_close};

/* ---- console: SPARK ConsoleTable ---- */

static weir_rc console_cell(weir_ctx *ctx, const weir_column *c, int64_t i, weir_str *out) {
    weir_column one = weir_column_slice(c, i, 1), text;
    weir_expr *lit = weir_lit_column(ctx->arena, &one), *cast = NULL;
    WEIR_TRY(weir_call_by_name(ctx, "_show", 1, &lit, &cast));
    WEIR_TRY(weir_eval_const(ctx, cast, &text));
    weir_bytes b = weir_get_bytes(&text, 0);
    weir_str_add(out, b.p, (size_t)b.len);
    return WEIR_OK;
}

static weir_rc console_commit(weir_ctx *ctx, weir_sink *s) {
    gather *g = s->impl;
    const char *n = weir_option_get(&s->info.options, "numRows");
    int64_t show = n ? strtoll(n, NULL, 10) : 20, left = show;
    weir_str t;
    weir_str_init(&t, ctx->arena, 64 << 20);
    weir_str_printf(&t,
                    "-------------------------------------------\nBatch: "
                    "%lld\n-------------------------------------------\n",
                    (long long)s->epoch);
    for (int c = 0; c < s->info.schema->nfield; c++)
        weir_str_printf(&t, "%s%s", c ? "|" : "|", s->info.schema->field[c].name);
    weir_str_puts(&t, "|\n");
    for (int k = 0; k < g->n && left > 0; k++)
        for (int64_t i = 0; i < g->v[k].len && left > 0; i++, left--) {
            for (int c = 0; c < s->info.schema->nfield; c++) {
                weir_str_putc(&t, '|');
                WEIR_TRY(console_cell(ctx, &g->v[k].col[c], i, &t));
            }
            weir_str_puts(&t, "|\n");
        }
    if (g->rows > show)
        weir_str_printf(&t, "only showing top %lld row%s", (long long)show, show == 1 ? "" : "s");
    weir_str_putc(&t, '\n');
    fwrite(t.p, 1, t.len, stdout);
    fflush(stdout);
    return WEIR_OK;
}

static const char *console_description(weir_ctx *ctx, weir_sink *s) {
    return (void)ctx, (void)s, "org.apache.spark.sql.execution.streaming.ConsoleTable$";
}

const weir_sink_ops weir_console_sink = {.format = "console",
                                         .options = "console",
                                         .modes = APPEND | UPDATE | COMPLETE,
                                         .batch = true,
                                         .open = gather_open,
                                         .begin = gather_begin,
                                         .writer = gather_writer,
                                         .commit = console_commit,
                                         .abort = gather_abort,
                                         .description = console_description,
                                         .rows = gather_rows,
                                         .close = gather_close};

/* ---- memory: rows become a temporary view of the session, named as the query ---- */

/* The view is there, empty, when start() returns. */
static weir_rc memory_announce(weir_ctx *ctx, const weir_write_info *info) {
    if (!info->query_name)
        return weir_fail(ctx, WEIR_E_ANALYSIS_LEGACY, "message",
                         "queryName must be specified for memory sink");
    return memory_put(ctx, info->host, info->query_name, info->schema, NULL, 0, true);
}

static weir_rc memory_commit(weir_ctx *ctx, weir_sink *s) {
    gather *g = s->impl;
    return memory_put(ctx, s->info.host, s->info.query_name, s->info.schema, g->v, g->n,
                      s->info.output_mode == WEIR_OUT_COMPLETE);
}

static const char *memory_description(weir_ctx *ctx, weir_sink *s) {
    return (void)ctx, (void)s, "MemorySink";
}

const weir_sink_ops weir_memory_sink = {.format = "memory",
                                        .modes = APPEND | UPDATE | COMPLETE,
                                        .announce = memory_announce,
                                        .open = gather_open,
                                        .begin = gather_begin,
                                        .writer = gather_writer,
                                        .commit = memory_commit,
                                        .abort = gather_abort,
                                        .description = memory_description,
                                        .rows = gather_rows,
                                        .close = gather_close};
