/* Reading Parquet and ORC files of a file relation. See parquet.h. */
#include "source/parquet.h"

#include "source/column_file.h"
#include "source/schema_merge.h"

#include <stdlib.h>

/* ---- schemas ---- */

typedef struct inference {
    const weir_column_format *format;
    bool orc, skip_damaged, skip_missing;
} inference;

/* *out NULL: the file has no columns, or is one to step over. */
static weir_rc file_schema(weir_ctx *ctx, const inference *o, const char *path, weir_schema **out) {
    void *file = NULL;
    weir_err quiet;
    weir_err_init(&quiet);
    weir_ctx c = *ctx;
    c.err = &quiet;
    const char *name = weir_printf(ctx->arena, "file:%s", path);
    weir_rc rc = o->format->open(&c, path, name, &file);
    if (rc == WEIR_OK) {
        rc = o->format->schema(ctx, file, out);
        if (rc == WEIR_OK) *out = weir_type_copy(ctx->arena, *out);
        o->format->close(file);
    } else if (quiet.cls == WEIR_E_FAILED_READ_FILE) {
        rc = o->skip_damaged
                 ? WEIR_OK
                 : weir_fail_read(ctx, WEIR_E_CANNOT_READ_FILE_FOOTER, name, quiet.cause);
    } else if (quiet.cls == WEIR_E_FILE_NOT_EXIST && o->skip_missing) {
        rc = WEIR_OK;
    } else {
        weir_err_copy(ctx->err, &quiet);
    }
    weir_err_clear(&quiet);
    if (rc == WEIR_OK && *out && !(*out)->nfield) *out = NULL;
    return rc;
}

static int by_path(const void *a, const void *b) {
    return strcmp(((const weir_found *)a)->path, ((const weir_found *)b)->path);
}

/* SPARK ParquetUtils.inferSchema: of the first file by name; OrcUtils.readSchema: of the first that
 * has one, as they are listed. */
weir_rc weir_parquet_infer(weir_ctx *ctx, const weir_scan *s, const weir_listing *l,
                           weir_schema **out) {
    const weir_column_format *format = weir_column_format_of(s->ops->format);
    const weir_conf *conf = ctx->conf;
    bool all = weir_scan_flag(s, "mergeSchema", weir_conf_bool(conf, format->merge_key));
    const inference o = {
        .format = format,
        .orc = strcmp(s->ops->format, "orc") == 0,
        .skip_damaged = weir_scan_flag(s, "ignoreCorruptFiles",
                                       weir_conf_bool(conf, "spark.sql.files.ignoreCorruptFiles")),
        .skip_missing = weir_scan_flag(s, "ignoreMissingFiles",
                                       weir_conf_bool(conf, "spark.sql.files.ignoreMissingFiles"))};
    weir_found *v = weir_memdup(ctx->arena, l->v, sizeof *v * (size_t)l->n);
    if (!o.orc && l->n) qsort(v, (size_t)l->n, sizeof *v, by_path);
    *out = NULL;
    for (int64_t i = 0; i < l->n; i++) {
        weir_schema *one = NULL;
        bool empty =
            o.orc && v[i].size_bytes == 0; /* ORC's reader takes it for one without columns */
        if (!empty) WEIR_TRY(file_schema(ctx, &o, v[i].path, &one));
        if (one && *out)
            WEIR_TRY(weir_schema_merge(ctx, *out, one, out));
        else if (one)
            *out = one;
        if (!all && (*out || !format->looks_further)) break;
    }
    return *out ? WEIR_OK : weir_fail(ctx, WEIR_E_UNABLE_TO_INFER_SCHEMA, "format", format->name);
}

/* ---- rows ---- */

typedef struct parquet_rows {
    weir_reader base;
    weir_scan *scan;
    const weir_column_format *format;
    weir_arena *mem;
    weir_schema *data;
    const weir_split *split;
    int64_t n, at;
    const bool *need;
    bool skip_missing, skip_damaged;
    void *file;
} parquet_rows;

/* ignoreMissingFiles, ignoreCorruptFiles: a file that cannot be opened is stepped over, if the
 * options say so. */
static weir_rc open_next(weir_ctx *ctx, parquet_rows *r, bool *skipped) {
    weir_err quiet;
    weir_err_init(&quiet);
    weir_ctx c = *ctx;
    c.err = &quiet;
    const weir_split *sp = &r->split[r->at];
    *skipped = sp->size_bytes == 0; /* SPARK: files without bytes are no files */
    if (*skipped) return WEIR_OK;
    weir_rc rc = r->format->open(&c, sp->path, sp->uri, &r->file);
    if (rc == WEIR_OK) rc = r->format->select(&c, r->file, r->data, r->need);
    if (rc != WEIR_OK) {
        bool missing = quiet.cls == WEIR_E_FILE_NOT_EXIST;
        *skipped = missing ? r->skip_missing : r->skip_damaged;
        if (!*skipped) weir_err_copy(ctx->err, &quiet);
        r->format->close(r->file);
        r->file = NULL;
    }
    weir_err_clear(&quiet);
    return *skipped ? WEIR_OK : rc;
}

static weir_rc rows_next(weir_ctx *ctx, weir_reader *rd, weir_batch *out, bool *eof) {
    parquet_rows *r = (parquet_rows *)rd;
    for (;;) {
        bool skipped = false, end = false;
        weir_batch b;
        *eof = r->at >= r->n;
        if (*eof) return WEIR_OK;
        if (!r->file) WEIR_TRY(open_next(ctx, r, &skipped));
        if (!skipped) WEIR_TRY(r->format->next(ctx, r->file, &b, &end));
        if (skipped || end) {
            r->format->close(r->file);
            r->file = NULL;
            r->at++;
            continue;
        }
        const weir_split *sp = &r->split[r->at];
        WEIR_TRY(weir_files_columns(ctx, r->scan, sp, &b, out));
        weir_task_file(ctx, sp);
        return WEIR_OK;
    }
}

static void rows_close(weir_reader *rd) {
    parquet_rows *r = (parquet_rows *)rd;
    r->format->close(r->file);
    weir_arena_free(r->mem);
}

/* A column that folders have too is theirs: the files' own is not looked at. */
static const bool *in_files(weir_arena *a, const weir_scan *s, weir_schema *data,
                            const bool *columns) {
    bool *need = WEIR_NEWN(a, bool, data->nfield + 1);
    if (!s->partition_schema) return columns;
    for (int i = 0; i < data->nfield; i++)
        need[i] = (!columns || columns[i]) &&
                  weir_schema_find(s->partition_schema, data->field[i].name, true) < 0;
    return need;
}

weir_rc weir_parquet_rows(weir_ctx *ctx, weir_scan *s, weir_schema *data, const weir_split *sp,
                          int64_t n, const bool *columns, weir_reader **out) {
    weir_arena *mem = weir_arena_new(NULL);
    parquet_rows *r = WEIR_NEW(mem, parquet_rows);
    *r = (parquet_rows){.base = {rows_next, rows_close},
                        .scan = s,
                        .format = weir_column_format_of(s->ops->format),
                        .mem = mem,
                        .data = data,
                        .split = sp,
                        .n = n,
                        .need = in_files(mem, s, data, columns)};
    r->skip_missing = weir_scan_flag(
        s, "ignoreMissingFiles", weir_conf_bool(ctx->conf, "spark.sql.files.ignoreMissingFiles"));
    r->skip_damaged = weir_scan_flag(
        s, "ignoreCorruptFiles", weir_conf_bool(ctx->conf, "spark.sql.files.ignoreCorruptFiles"));
    *out = &r->base;
    return WEIR_OK;
}
