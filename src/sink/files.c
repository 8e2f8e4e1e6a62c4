/* Directories of files of any format: batch writes with _SUCCESS, streams with _spark_metadata.
 * SPARK FileFormatWriter, FileStreamSink. */
#include "sink/sinks.h"

#include "arrow/parquet.h"
#include "io/sink_log.h"
#include "sink/text_format.h"

#include <stdlib.h>
#include <strings.h>

struct weir_file_out { /* Parquet's */
    weir_parquet_writer *w;
};
static weir_rc parquet_check(weir_ctx *ctx, const weir_write_info *i) {
    (void)ctx, (void)i;
    return WEIR_OK;
}
static weir_rc parquet_open(weir_ctx *ctx, weir_arena *mem, const char *path,
                            const weir_write_info *i, weir_file_out **out) {
    const char *type = weir_conf_get(ctx->conf, "spark.sql.parquet.outputTimestampType");
    *out = WEIR_NEW(mem, weir_file_out);
    return weir_parquet_create(ctx, path, i->schema, strcasecmp(type, "INT96") == 0, &(*out)->w);
}
static weir_rc parquet_add(weir_ctx *ctx, weir_file_out *o, const weir_batch *b) {
    return weir_parquet_add(ctx, o->w, b);
}
static weir_rc parquet_finish(weir_ctx *ctx, weir_file_out *o, int64_t *bytes) {
    weir_parquet_writer *w = o->w;
    o->w = NULL;
    return weir_parquet_finish(ctx, w, bytes);
}
static void parquet_drop(weir_file_out *o) {
    if (o) weir_parquet_abort(o->w);
    if (o) o->w = NULL;
}
static const weir_file_format parquet_format = {"parquet",    ".snappy.parquet", parquet_check,
                                                parquet_open, parquet_add,       parquet_finish,
                                                parquet_drop};

static const weir_file_format *format_of(const char *name) {
    static const weir_file_format *const all[] = {&parquet_format, &weir_json_format,
                                                  &weir_csv_format, &weir_text_format};
    int i = 0;
    while (strcmp(all[i]->name, name) != 0) i++; /* one per sink of this file */
    return all[i];
}

typedef struct out_file {
    const char *final, *temp;
    weir_file_out *out;
    int64_t bytes;
} out_file;
typedef struct file_sink {
    weir_writer writer;
    const weir_file_format *format;
    weir_sink *sink;
    weir_arena *mem;
    out_file file;
    weir_sink_log log; /* streams */
    bool open, finished;
} file_sink;

static bool streaming(const weir_sink *s) { return s->info.query_id != NULL; }

static weir_rc files_open(weir_ctx *ctx, weir_sink *s) {
    file_sink *k = WEIR_NEW(s->mem, file_sink);
    weir_dirent *e = NULL;
    int64_t n = 0;
    s->impl = k;
    k->sink = s;
    k->format = format_of(s->ops->format);
    if (!s->info.path)
        return weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message", "'path' is not specified");
    if (s->info.npartition)
        return weir_fail(ctx, WEIR_E_UNSUPPORTED_FEATURE, "feature",
                         "partitionBy with this format; write a Delta table");
    WEIR_TRY(k->format->check(ctx, &s->info));
    if (streaming(s)) return weir_sink_log_open(ctx, s->info.path, &k->log);
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
    int64_t n = 0;
    weir_dirent *e = NULL;
    weir_arena_free(k->mem);
    k->mem = weir_arena_new(NULL);
    k->file = (out_file){0}; /* the last batch's died with its memory */
    k->open = k->finished = false;
    *done = false;
    if (streaming(s)) {
        *done = epoch <= k->log.latest;
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
    const char *ext = k->format->extension;
    k->file.final = weir_printf(k->mem, "%s/part-00000-%s-c000%s", dir, uuid, ext);
    k->file.temp = streaming(k->sink)
                       ? k->file.final
                       : weir_printf(k->mem, "%s/.part-00000-%s-c000%s.tmp", dir, uuid, ext);
    WEIR_TRY(k->format->open(ctx, k->mem, k->file.temp, &k->sink->info, &k->file.out));
    k->open = true;
    return WEIR_OK;
}

static weir_rc files_write(weir_ctx *ctx, weir_writer *w, const weir_batch *b) {
    file_sink *k = (file_sink *)w;
    if (!k->open) WEIR_TRY(open_file(ctx, k));
    return k->format->add(ctx, k->file.out, b);
}

static weir_rc files_finish(weir_ctx *ctx, weir_writer *w) {
    file_sink *k = (file_sink *)w;
    if (!k->open) WEIR_TRY(open_file(ctx, k)); /* SPARK: an empty result still has one file */
    WEIR_TRY(k->format->finish(ctx, k->file.out, &k->file.bytes));
    k->finished = true;
    return weir_dir_sync(ctx, k->sink->info.path);
}

static void files_drop(weir_writer *w) {
    file_sink *k = (file_sink *)w;
    k->format->drop(k->file.out);
    k->file.out = NULL;
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
        return weir_sink_log_add(ctx, &k->log, s->epoch, &f, 1);
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

#define FILE_SINK(id, name)                                                                        \
    const weir_sink_ops id = {.format = name,                                                      \
                              .modes = 1 << WEIR_OUT_APPEND,                                       \
                              .batch = true,                                                       \
                              .needs_path = true,                                                  \
                              .open = files_open,                                                  \
                              .begin = files_begin,                                                \
                              .writer = files_writer,                                              \
                              .commit = files_commit,                                              \
                              .abort = files_abort,                                                \
                              .description = files_description,                                    \
                              .close = files_close}
FILE_SINK(weir_parquet_sink, "parquet");
FILE_SINK(weir_json_sink, "json");
FILE_SINK(weir_csv_sink, "csv");
FILE_SINK(weir_text_sink, "text");
