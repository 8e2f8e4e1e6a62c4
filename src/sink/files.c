/* Directories of files of any format: batch writes with _SUCCESS, streams with _spark_metadata.
 * SPARK FileFormatWriter, FileStreamSink. */
#include "sink/sinks.h"

#include "arrow/parquet.h"
#include "codec/pack.h"
#include "func/func.h"
#include "io/clear.h"
#include "io/partition.h"
#include "io/sink_log.h"
#include "sink/text_format.h"

#include <stdlib.h>
#include <strings.h>

struct weir_file_out {
    weir_parquet_writer *w;
};
static weir_rc parquet_check(weir_ctx *ctx, const weir_write_info *i) {
    const weir_file_codec *codec;
    return weir_file_codec_find(ctx, WEIR_FILES_PARQUET, &i->options, &codec);
}
static weir_rc parquet_open(weir_ctx *ctx, weir_arena *mem, const char *path,
                            const weir_write_info *i, weir_file_out **out) {
    const char *type = weir_conf_get(ctx->conf, "spark.sql.parquet.outputTimestampType");
    *out = WEIR_NEW(mem, weir_file_out);
    const weir_file_codec *codec;
    WEIR_TRY(weir_file_codec_find(ctx, WEIR_FILES_PARQUET, &i->options, &codec));
    return weir_parquet_create(ctx, path, i->schema, codec, strcasecmp(type, "INT96") == 0,
                               &(*out)->w);
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
static const weir_file_format parquet_format = {.name = "parquet",
                                                .columnar = true,
                                                .codecs = WEIR_FILES_PARQUET,
                                                .check = parquet_check,
                                                .open = parquet_open,
                                                .add = parquet_add,
                                                .finish = parquet_finish,
                                                .drop = parquet_drop};

static const weir_file_format *format_of(const char *name) {
    static const weir_file_format *const all[] = {&parquet_format,   &weir_orc_format,
                                                  &weir_json_format, &weir_csv_format,
                                                  &weir_text_format, &weir_xml_format};
    int i = 0;
    while (strcmp(all[i]->name, name) != 0) i++; /* one per sink of this file */
    return all[i];
}

enum { MAX_OPEN = 64 };

typedef struct out_file {
    const char *dir, *final,
        *temp;          /* dir: "k=v/" below the path; temp: where it is until the commit */
    weir_file_out *out; /* NULL: finished */
    weir_arena *mem;    /* of out */
    int64_t bytes, used, rows;
} out_file;
typedef struct file_sink {
    weir_writer writer;
    const weir_file_format *format;
    weir_sink *sink;
    weir_write_info data; /* what format is given: without the partition columns */
    int *part, *kept;     /* columns of the rows that name folders, and those in the files */
    weir_conf *zone;      /* in whose time zone folders are named; NULL: the session's */
    weir_arena *mem;
    out_file *file;
    int nfile, cfile, nopen;
    int64_t turn, max_rows; /* max_rows: of a file, 0 any number */
    char job[37];
    weir_sink_log log; /* streams */
    bool decided;      /* the commit has begun: the files may be listed already */
} file_sink;

static bool streaming(const weir_sink *s) { return s->info.query_id != NULL; }

/* ---- what is written where ---- */

static weir_rc no_column(weir_ctx *ctx, const weir_sink *s, const char *name) {
    weir_str list;
    weir_schema *t = s->info.schema;
    weir_str_init(&list, ctx->arena, 1 << 20);
    for (int i = 0; i < t->nfield; i++)
        weir_str_printf(&list, "%s%s", i ? ", " : "", t->field[i].name);
    return weir_fail(ctx, WEIR_E_ANALYSIS_LEGACY, "message",
                     streaming(s)
                         ? weir_printf(ctx->arena,
                                       "Partition column %s not found in existing columns (%s).",
                                       name, list.p ? list.p : "")
                         : weir_printf(ctx->arena, "Partition column `%s` not found in schema %s.",
                                       name, weir_type_name(ctx->arena, t)));
}

static weir_rc find_column(weir_ctx *ctx, file_sink *k, int p) {
    const weir_write_info *i = &k->sink->info;
    const char *name = i->partition_by[p];
    int c = weir_schema_find(i->schema, name, weir_names_exact(ctx));
    if (c == -2)
        return weir_fail(ctx, WEIR_E_AMBIGUOUS_REFERENCE, "name",
                         weir_printf(ctx->arena, "`%s`", name), "referenceNames",
                         weir_printf(ctx->arena, "[`%s`, `%s`]", name, name));
    if (c < 0) return no_column(ctx, k->sink, name);
    for (int q = 0; q < p; q++)
        if (k->part[q] == c)
            return weir_fail(ctx, WEIR_E_COLUMN_ALREADY_EXISTS, "columnName",
                             weir_printf(ctx->arena, "`%s`", name));
    const weir_type *t = i->schema->field[c].type;
    if (weir_type_is_nested(t) || t->kind == WEIR_T_VARIANT || t->kind == WEIR_T_INTERVAL)
        return weir_fail(ctx, WEIR_E_INVALID_PARTITION_COLUMN_DATA_TYPE, "type",
                         weir_printf(ctx->arena, "\"%s\"", weir_type_sql(ctx->arena, t)));
    k->part[p] = c;
    return WEIR_OK;
}

static bool has_empty(const weir_type *t) {
    bool any = t->kind == WEIR_T_STRUCT && !t->nfield;
    for (int i = 0; i < t->nfield && !any; i++) any = has_empty(t->field[i].type);
    return any;
}

/* SPARK DataSource.validateSchema, and the check of names of each format: batches alone. */
static weir_rc check_names(weir_ctx *ctx, const file_sink *k) {
    bool exact = weir_names_exact(ctx);
    weir_schema *t = k->sink->info.schema;
    if (has_empty(t))
        return weir_fail(ctx, WEIR_E_EMPTY_SCHEMA_NOT_SUPPORTED_FOR_DATASOURCE, "format",
                         k->format->name);
    const char *twice =
        k->format->by_position ? NULL : weir_schema_twice(ctx->arena, t, false, exact);
    return twice ? weir_fail(ctx, WEIR_E_COLUMN_ALREADY_EXISTS, "columnName",
                             weir_printf(ctx->arena, "`%s`", twice))
                 : WEIR_OK;
}

static weir_rc plan_columns(weir_ctx *ctx, file_sink *k) {
    weir_sink *s = k->sink;
    weir_schema *t = s->info.schema;
    weir_field *f = WEIR_NEWN(s->mem, weir_field, t->nfield + 1);
    int n = 0;
    k->part = WEIR_NEWN(s->mem, int, s->info.npartition + 1);
    k->kept = WEIR_NEWN(s->mem, int, t->nfield + 1);
    for (int p = 0; p < s->info.npartition; p++) WEIR_TRY(find_column(ctx, k, p));
    if (!streaming(s)) WEIR_TRY(check_names(ctx, k));
    for (int i = 0; i < t->nfield; i++) {
        bool part = false;
        for (int p = 0; p < s->info.npartition; p++) part |= k->part[p] == i;
        if (part) continue;
        k->kept[n] = i;
        f[n++] = t->field[i];
    }
    if (!n && s->info.npartition && !streaming(s))
        return weir_fail(ctx, WEIR_E_ALL_PARTITION_COLUMNS_NOT_ALLOWED, NULL);
    k->data = s->info;
    k->data.schema = s->info.npartition ? weir_type_struct(s->mem, f, n) : t;
    return k->format->check(ctx, &k->data);
}

/* SPARK FileFormatWriter: the option timeZone, else the session's. */
static weir_rc folder_zone(weir_ctx *ctx, file_sink *k) {
    const char *zone = weir_option_get(&k->sink->info.options, "timeZone");
    if (!zone || !k->sink->info.npartition) return WEIR_OK;
    k->zone = weir_conf_in(k->sink->mem, ctx->conf);
    return weir_conf_set(ctx, k->zone, "spark.sql.session.timeZone", zone);
}

static weir_rc files_open(weir_ctx *ctx, weir_sink *s) {
    file_sink *k = WEIR_NEW(s->mem, file_sink);
    weir_dirent *e = NULL;
    int64_t n = 0;
    s->impl = k;
    k->sink = s;
    k->format = format_of(s->ops->format);
    if (!s->info.path)
        return weir_fail(ctx, WEIR_E_PATH_NOT_GIVEN, NULL);
    WEIR_TRY(plan_columns(ctx, k));
    WEIR_TRY(folder_zone(ctx, k));
    WEIR_TRY(weir_max_rows_of_file(ctx, &s->info.options, &k->max_rows));
    if (streaming(s)) { /* SPARK: a reader finds the log, and no file, before the first batch */
        char *log = weir_printf(ctx->arena, "%s/_spark_metadata", s->info.path);
        WEIR_TRY(weir_path_mkdirs(ctx, log));
        return weir_sink_log_open(ctx, s->info.path, &k->log);
    }
    WEIR_TRY(weir_path_list(ctx, s->info.path, false, &e, &n));
    if (n && s->info.save_mode == WEIR_SAVE_ERROR)
        return weir_fail(ctx, WEIR_E_PATH_ALREADY_EXISTS, "outputPath",
                         weir_path_text(ctx->arena, s->info.path));
    return WEIR_OK;
}

/* Streams: columns that are not there are refused by start(). */
static weir_rc files_announce(weir_ctx *ctx, const weir_write_info *i) {
    weir_sink s = {.info = *i};
    file_sink k = {.sink = &s, .part = WEIR_NEWN(ctx->arena, int, i->npartition + 1)};
    s.info.query_id = "";
    for (int p = 0; p < i->npartition; p++) WEIR_TRY(find_column(ctx, &k, p));
    return WEIR_OK;
}

/* partitionOverwriteMode: an overwrite replaces only the folders that it writes to. */
static bool dynamic_overwrite(weir_ctx *ctx, const weir_sink *s) {
    const char *mode = weir_option_get(&s->info.options, "partitionOverwriteMode");
    if (!mode) mode = weir_conf_get(ctx->conf, "spark.sql.sources.partitionOverwriteMode");
    return s->info.npartition && !streaming(s) && s->info.save_mode == WEIR_SAVE_OVERWRITE &&
           mode && strcasecmp(mode, "dynamic") == 0;
}

static weir_rc files_begin(weir_ctx *ctx, weir_sink *s, int64_t epoch, bool *done) {
    file_sink *k = s->impl;
    int64_t n = 0;
    weir_dirent *e = NULL;
    weir_arena_free(k->mem);
    k->mem = weir_arena_new(NULL);
    k->file = NULL; /* the last batch's died with its memory */
    k->nfile = k->cfile = k->nopen = 0;
    k->decided = false;
    weir_uuid(ctx->env, k->job);
    *done = false;
    if (streaming(s)) {
        *done = epoch <= k->log.latest;
        return WEIR_OK;
    }
    if (s->info.save_mode == WEIR_SAVE_IGNORE) {
        WEIR_TRY(weir_path_list(ctx, s->info.path, false, &e, &n));
        *done = n > 0;
    }
    if (s->info.save_mode == WEIR_SAVE_OVERWRITE && !dynamic_overwrite(ctx, s))
        return weir_clear_dir(ctx, s->info.path, &(weir_clear){0}, false);
    return WEIR_OK;
}

/* ---- rows ---- */

static weir_rc finish_one(weir_ctx *ctx, file_sink *k, out_file *f) {
    WEIR_TRY(k->format->finish(ctx, f->out, &f->bytes));
    f->out = NULL;
    weir_arena_free(f->mem);
    k->nopen--;
    return WEIR_OK;
}

/* Many folders at a time: the file that was not written to for longest ends, and its folder gets
 * another one when more rows come. */
static weir_rc make_room(weir_ctx *ctx, file_sink *k) {
    out_file *oldest = NULL;
    if (k->nopen < MAX_OPEN) return WEIR_OK;
    for (int i = 0; i < k->nfile; i++)
        if (k->file[i].out && (!oldest || k->file[i].used < oldest->used)) oldest = &k->file[i];
    return oldest ? finish_one(ctx, k, oldest) : WEIR_OK;
}

static void grow(file_sink *k) {
    if (k->nfile < k->cfile) return;
    int cap = k->cfile ? k->cfile * 2 : 8;
    out_file *v = WEIR_NEWN(k->mem, out_file, cap);
    if (k->nfile) memcpy(v, k->file, sizeof *v * (size_t)k->nfile);
    k->file = v;
    k->cfile = cap;
}

static weir_rc extension(weir_ctx *ctx, const file_sink *k, const char **out) {
    const weir_file_format *f = k->format;
    const char *v = f->any_extension ? weir_option_get(&k->data.options, "extension") : NULL;
    const weir_file_codec *codec;
    const weir_pack *pack = NULL;
    if (f->columnar) {
        WEIR_TRY(weir_file_codec_find(ctx, f->codecs, &k->data.options, &codec));
        return *out = codec->extension, WEIR_OK;
    }
    if (f->packs) WEIR_TRY(weir_pack_find(ctx, weir_pack_name(&k->data.options), &pack));
    *out = weir_printf(ctx->arena, "%s%s%s", v ? "." : "", v ? v : f->extension,
                       weir_pack_extension(pack));
    return WEIR_OK;
}

/* Streams write at the final name: what the log does not list is invisible. Batch files are hidden
 * until the commit. */
static weir_rc new_file(weir_ctx *ctx, file_sink *k, const char *dir, out_file **out) {
    int same = 0;
    WEIR_TRY(make_room(ctx, k));
    grow(k);
    for (int i = 0; i < k->nfile; i++) same += strcmp(k->file[i].dir, dir) == 0;
    const char *end;
    WEIR_TRY(extension(ctx, k, &end));
    const char *path = k->sink->info.path,
               *name = weir_printf(k->mem, "part-00000-%s%cc%03d%s", k->job,
                                   k->sink->info.npartition ? '.' : '-', same, end);
    out_file *f = &k->file[k->nfile];
    *f = (out_file){.dir = dir, .final = weir_printf(k->mem, "%s/%s%s", path, dir, name)};
    f->temp = streaming(k->sink) ? f->final : weir_printf(k->mem, "%s/%s.%s.tmp", path, dir, name);
    WEIR_TRY(weir_path_mkdirs(ctx, *dir ? weir_printf(ctx->arena, "%s/%s", path, dir) : path));
    k->nfile++; /* from here on an abort removes it */
    f->mem = weir_arena_new(k->mem);
    WEIR_TRY(k->format->open(ctx, f->mem, f->temp, &k->data, &f->out));
    k->nopen++;
    *out = f;
    return WEIR_OK;
}

static weir_rc file_of(weir_ctx *ctx, file_sink *k, const char *dir, out_file **out) {
    *out = NULL;
    for (int i = k->nfile; i-- > 0 && !*out;)
        if (k->file[i].out && strcmp(k->file[i].dir, dir) == 0) *out = &k->file[i];
    if (!*out) WEIR_TRY(new_file(ctx, k, weir_strdup(k->mem, dir), out));
    (*out)->used = ++k->turn;
    return WEIR_OK;
}

/* A file that is full ends when there is another row for its folder. */
static weir_rc add_rows(weir_ctx *ctx, file_sink *k, const char *dir, const weir_batch *b) {
    for (int64_t at = 0; at < b->len;) {
        out_file *f = NULL;
        WEIR_TRY(file_of(ctx, k, dir, &f));
        int64_t left = b->len - at, room = k->max_rows ? k->max_rows - f->rows : left;
        weir_batch part = weir_batch_slice(ctx, b, at, room < left ? room : left);
        if (room) WEIR_TRY(k->format->add(ctx, f->out, &part));
        at += part.len;
        f->rows += part.len;
        if (at < b->len) WEIR_TRY(finish_one(ctx, k, f));
    }
    return WEIR_OK;
}

typedef struct grouped {
    file_sink *sink;
    const weir_batch *rows;
} grouped;

static weir_rc add_group(weir_ctx *ctx, void *u, const char *const *value, const int64_t *row,
                         int64_t n) {
    const grouped *g = u;
    file_sink *k = g->sink;
    const weir_write_info *i = &k->sink->info;
    weir_batch b = {.schema = k->data.schema,
                    .len = n,
                    .col = WEIR_NEWN(ctx->arena, weir_column, k->data.schema->nfield + 1)};
    for (int c = 0; c < b.schema->nfield; c++)
        WEIR_TRY(weir_column_take(ctx, &g->rows->col[k->kept[c]], row, n, &b.col[c]));
    return add_rows(ctx, k, weir_part_dir(ctx->arena, i->partition_by, value, i->npartition), &b);
}

static weir_rc files_write(weir_ctx *ctx, weir_writer *w, const weir_batch *b) {
    file_sink *k = (file_sink *)w;
    int n = k->sink->info.npartition;
    if (n) {
        grouped g = {k, b};
        weir_column *text = WEIR_NEWN(ctx->arena, weir_column, n);
        weir_ctx c = *ctx;
        if (k->zone) c.conf = k->zone;
        for (int p = 0; p < n; p++)
            WEIR_TRY(weir_cast_column(&c, &b->col[k->part[p]], &weir_t_string, WEIR_CAST_ANSI,
                                      &text[p]));
        weir_part_keys keys = {k->sink->info.path, k->sink->info.partition_by, text, n};
        return weir_part_groups(ctx, &keys, b->len, add_group, &g);
    }
    return add_rows(ctx, k, "", b);
}

static weir_rc files_finish(weir_ctx *ctx, weir_writer *w) {
    file_sink *k = (file_sink *)w;
    out_file *f = NULL;
    const char *path = k->sink->info.path;
    if (!k->nfile && !k->sink->info.npartition) /* SPARK: an empty result still has one file */
        WEIR_TRY(file_of(ctx, k, "", &f));
    WEIR_TRY(weir_path_mkdirs(ctx, path));
    for (int i = 0; i < k->nfile; i++) {
        if (k->file[i].out) WEIR_TRY(finish_one(ctx, k, &k->file[i]));
        if (*k->file[i].dir)
            WEIR_TRY(weir_dir_sync(ctx, weir_printf(ctx->arena, "%s/%s", path, k->file[i].dir)));
    }
    return weir_dir_sync(ctx, path);
}

static void files_drop(weir_writer *w) {
    file_sink *k = (file_sink *)w;
    for (int i = 0; i < k->nfile; i++) {
        k->format->drop(k->file[i].out);
        k->file[i].out = NULL;
    }
    k->nopen = 0;
}

static weir_rc files_writer(weir_ctx *ctx, weir_sink *s, int part, weir_writer **out) {
    file_sink *k = s->impl;
    (void)ctx;
    (void)part;
    k->writer = (weir_writer){files_write, files_finish, files_drop};
    *out = &k->writer;
    return WEIR_OK;
}

/* ---- the end of a job ---- */

static weir_rc list_files(weir_ctx *ctx, file_sink *k) {
    weir_sink_file *v = WEIR_NEWN(ctx->arena, weir_sink_file, k->nfile + 1);
    for (int i = 0; i < k->nfile; i++) {
        weir_stat st;
        WEIR_TRY(weir_path_stat(ctx, k->file[i].final, &st));
        v[i] = (weir_sink_file){weir_file_uri(ctx->arena, k->file[i].final), st.size_bytes,
                                st.mtime_us / 1000};
    }
    k->decided = true;
    return weir_sink_log_add(ctx, &k->log, k->sink->epoch, v, k->nfile);
}

static bool first_of_dir(const file_sink *k, int i) {
    for (int j = 0; j < i; j++)
        if (strcmp(k->file[j].dir, k->file[i].dir) == 0) return false;
    return true;
}

/* What the folder held before goes; our own files still have their hidden names. */
static weir_rc clear_folder(weir_ctx *ctx, const file_sink *k, const char *dir) {
    char *path = weir_printf(ctx->arena, "%s/%s", k->sink->info.path, dir);
    return weir_clear_dir(ctx, path, &(weir_clear){.job = k->job}, false);
}

static weir_rc files_commit(weir_ctx *ctx, weir_sink *s) {
    file_sink *k = s->impl;
    if (streaming(s)) return list_files(ctx, k);
    bool replace = dynamic_overwrite(ctx, s);
    for (int i = 0; i < k->nfile && replace; i++)
        if (first_of_dir(k, i)) WEIR_TRY(clear_folder(ctx, k, k->file[i].dir));
    for (int i = 0; i < k->nfile; i++)
        WEIR_TRY(weir_path_rename(ctx, k->file[i].temp, k->file[i].final, false, NULL));
    return weir_file_put(ctx, weir_printf(ctx->arena, "%s/_SUCCESS", s->info.path), "", 0, true,
                         NULL);
}

/* Folders that are empty now go too, from the innermost. */
static void drop_folders(weir_ctx *ctx, const file_sink *k, const char *dir) {
    char *d = weir_strdup(ctx->arena, dir);
    for (char *slash; (slash = strrchr(d, '/'));) {
        *slash = 0;
        if (weir_path_rmdir(ctx, weir_printf(ctx->arena, "%s/%s", k->sink->info.path, d))) return;
    }
}

/* Files of a failed job go, unless the log may name them: a commit whose outcome is unknown. */
static void files_abort(weir_ctx *ctx, weir_sink *s) {
    file_sink *k = s->impl;
    weir_err quiet;
    weir_err_init(&quiet);
    weir_ctx c = *ctx;
    c.err = &quiet;
    c.cancel = NULL;
    if (!k) return;
    files_drop(&k->writer);
    for (int i = 0; i < k->nfile && !k->decided; i++) {
        (void)weir_path_remove(&c, k->file[i].temp);
        if (!streaming(s)) (void)weir_path_remove(&c, k->file[i].final);
        drop_folders(&c, k, k->file[i].dir);
    }
    k->nfile = 0;
    weir_err_clear(&quiet);
}

static void files_close(weir_sink *s) {
    file_sink *k = s->impl;
    if (!k) return;
    files_drop(&k->writer);
    weir_arena_free(k->mem);
    k->mem = NULL;
    k->file = NULL;
    k->nfile = 0;
}

static const char *files_description(weir_ctx *ctx, weir_sink *s) {
    return weir_printf(ctx->arena, "FileSink[file:%s]", s->info.path);
}

#define FILE_SINK(id, name)                                                                        \
    const weir_sink_ops id = {.format = name,                                                      \
                              .options = name " file",                                             \
                              .modes = 1 << WEIR_OUT_APPEND,                                       \
                              .batch = true,                                                       \
                              .needs_path = WEIR_E_PATH_NOT_GIVEN,                                 \
                              .announce = files_announce,                                          \
                              .open = files_open,                                                  \
                              .begin = files_begin,                                                \
                              .writer = files_writer,                                              \
                              .commit = files_commit,                                              \
                              .abort = files_abort,                                                \
                              .description = files_description,                                    \
                              .close = files_close}
FILE_SINK(weir_parquet_sink, "parquet");
FILE_SINK(weir_orc_sink, "orc");
FILE_SINK(weir_json_sink, "json");
FILE_SINK(weir_csv_sink, "csv");
FILE_SINK(weir_text_sink, "text");
FILE_SINK(weir_xml_sink, "xml");
