/* Directories of Parquet files: batch writes with _SUCCESS, streams with _spark_metadata. SPARK
 * FileFormatWriter, FileStreamSink. */
#include "sink/sinks.h"

#include "arrow/parquet.h"
#include "io/sink_log.h"

#include <stdlib.h>
#include <strings.h>

typedef struct out_file {
    const char *final, *temp;
    weir_parquet_writer *w;
    int64_t bytes;
} out_file;
typedef struct file_sink {
    weir_writer writer;
    weir_sink *sink;
    weir_arena *mem;
    out_file file;
    bool open, finished;
} file_sink;

static bool streaming(const weir_sink *s) { return s->info.query_id != NULL; }

static weir_rc files_open(weir_ctx *ctx, weir_sink *s) {
    file_sink *k = WEIR_NEW(s->mem, file_sink);
    weir_dirent *e = NULL;
    int64_t n = 0;
    s->impl = k;
    k->sink = s;
    if (!s->info.path)
        return weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message", "'path' is not specified");
    if (s->info.npartition)
        return weir_fail(ctx, WEIR_E_UNSUPPORTED_FEATURE, "feature",
                         "partitionBy with this format; write a Delta table");
    if (streaming(s)) return WEIR_OK;
    WEIR_TRY(weir_path_list(ctx, s->info.path, false, &e, &n));
    if (n && s->info.save_mode == WEIR_SAVE_ERROR)
        return weir_fail(ctx, WEIR_E_PATH_ALREADY_EXISTS, "outputPath",
                         weir_printf(ctx->arena, "file:%s", s->info.path));
    return WEIR_OK;
}

static weir_rc clear_directory(weir_ctx *ctx, const char *dir) {
    weir_dirent *e = NULL;
    int64_t n = 0;
    WEIR_TRY(weir_path_list(ctx, dir, false, &e, &n));
    for (int64_t i = 0; i < n; i++)
        WEIR_TRY(weir_path_remove_all(ctx, weir_printf(ctx->arena, "%s/%s", dir, e[i].name)));
    return WEIR_OK;
}

static weir_rc files_begin(weir_ctx *ctx, weir_sink *s, int64_t epoch, bool *done) {
    file_sink *k = s->impl;
    int64_t latest = -1, n = 0;
    weir_dirent *e = NULL;
    weir_arena_free(k->mem);
    k->mem = weir_arena_new(NULL);
    k->open = k->finished = false;
    *done = false;
    if (streaming(s)) {
        WEIR_TRY(weir_sink_log_latest(ctx, s->info.path, &latest));
        *done = epoch <= latest;
        return WEIR_OK;
    }
    if (s->info.save_mode == WEIR_SAVE_IGNORE) {
        WEIR_TRY(weir_path_list(ctx, s->info.path, false, &e, &n));
        *done = n > 0;
    }
    if (s->info.save_mode == WEIR_SAVE_OVERWRITE) return clear_directory(ctx, s->info.path);
    return WEIR_OK;
}

/* Streams write at the final name: what the log does not list is invisible. Batch files are hidden
 * until the commit. */
static weir_rc open_file(weir_ctx *ctx, file_sink *k) {
    char uuid[37];
    const char *dir = k->sink->info.path;
    weir_uuid(ctx->env, uuid);
    WEIR_TRY(weir_path_mkdirs(ctx, dir));
    k->file.final = weir_printf(k->mem, "%s/part-00000-%s-c000.snappy.parquet", dir, uuid);
    k->file.temp =
        streaming(k->sink)
            ? k->file.final
            : weir_printf(k->mem, "%s/.part-00000-%s-c000.snappy.parquet.tmp", dir, uuid);
    bool int96 =
        strcasecmp(weir_conf_get(ctx->conf, "spark.sql.parquet.outputTimestampType"), "INT96") == 0;
    WEIR_TRY(weir_parquet_create(ctx, k->file.temp, k->sink->info.schema, int96, &k->file.w));
    k->open = true;
    return WEIR_OK;
}

static weir_rc files_write(weir_ctx *ctx, weir_writer *w, const weir_batch *b) {
    file_sink *k = (file_sink *)w;
    if (!k->open) WEIR_TRY(open_file(ctx, k));
    return weir_parquet_add(ctx, k->file.w, b);
}

static weir_rc files_finish(weir_ctx *ctx, weir_writer *w) {
    file_sink *k = (file_sink *)w;
    if (!k->open) WEIR_TRY(open_file(ctx, k)); /* SPARK: an empty result still has one file */
    weir_parquet_writer *pw = k->file.w;
    k->file.w = NULL;
    WEIR_TRY(weir_parquet_finish(ctx, pw, &k->file.bytes));
    k->finished = true;
    return weir_dir_sync(ctx, k->sink->info.path);
}

static void files_drop(weir_writer *w) {
    file_sink *k = (file_sink *)w;
    weir_parquet_abort(k->file.w);
    k->file.w = NULL;
}

static weir_rc files_writer(weir_ctx *ctx, weir_sink *s, int part, weir_writer **out) {
    file_sink *k = s->impl;
    (void)ctx;
    (void)part;
    k->writer = (weir_writer){files_write, files_finish, files_drop};
    *out = &k->writer;
    return WEIR_OK;
}

static char *uri_of(weir_arena *a, const char *path) {
    weir_str s;
    weir_str_init(&s, a, 1 << 16);
    weir_str_puts(&s, "file://");
    for (; *path; path++) {
        if (*path == '%' || *path == ' ' || (unsigned char)*path >= 0x80)
            weir_str_printf(&s, "%%%02X", (unsigned char)*path);
        else
            weir_str_putc(&s, *path);
    }
    return s.p;
}

static weir_rc files_commit(weir_ctx *ctx, weir_sink *s) {
    file_sink *k = s->impl;
    const char *dir = s->info.path;
    if (streaming(s)) {
        weir_stat st;
        WEIR_TRY(weir_path_stat(ctx, k->file.final, &st));
        weir_sink_file f = {uri_of(ctx->arena, k->file.final), st.size_bytes, st.mtime_us / 1000};
        return weir_sink_log_add(ctx, dir, s->epoch, &f, 1);
    }
    WEIR_TRY(weir_path_rename(ctx, k->file.temp, k->file.final, false, NULL));
    return weir_file_put(ctx, weir_printf(ctx->arena, "%s/_SUCCESS", dir), "", 0, true, NULL);
}

static void files_abort(weir_ctx *ctx, weir_sink *s) {
    file_sink *k = s->impl;
    weir_err quiet;
    weir_err_init(&quiet);
    weir_ctx c = *ctx;
    c.err = &quiet;
    if (!k) return;
    files_drop(&k->writer);
    if (k->open && !streaming(s)) (void)weir_path_remove(&c, k->file.temp);
    weir_err_clear(&quiet);
}

static void files_close(weir_sink *s) {
    file_sink *k = s->impl;
    if (!k) return;
    files_drop(&k->writer);
    weir_arena_free(k->mem);
    k->mem = NULL;
}

static const char *files_description(weir_ctx *ctx, weir_sink *s) {
    return weir_printf(ctx->arena, "FileSink[file:%s]", s->info.path);
}

const weir_sink_ops weir_parquet_sink = {.format = "parquet",
                                         .modes = 1 << WEIR_OUT_APPEND,
                                         .batch = true,
                                         .needs_path = true,
                                         .open = files_open,
                                         .begin = files_begin,
                                         .writer = files_writer,
                                         .commit = files_commit,
                                         .abort = files_abort,
                                         .description = files_description,
                                         .close = files_close};
