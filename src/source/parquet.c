/* Reading Parquet files of a file relation. See parquet.h. */
#include "source/parquet.h"

#include "arrow/parquet.h"

weir_rc weir_parquet_infer(weir_ctx *ctx, const weir_listing *l, weir_schema **out) {
    weir_parquet_reader *r = NULL;
    if (!l->n) return weir_fail(ctx, WEIR_E_UNABLE_TO_INFER_SCHEMA, "format", "Parquet");
    WEIR_TRY(weir_parquet_open(ctx, l->v[l->n - 1].path, &r));
    *out = weir_type_copy(ctx->arena, weir_parquet_schema(r));
    weir_parquet_close(r);
    return WEIR_OK;
}

typedef struct parquet_rows {
    weir_reader base;
    weir_scan *scan;
    weir_arena *mem;
    weir_schema *data;
    const weir_split *split;
    int64_t n, at;
    const bool *need;
    bool skip_missing, skip_damaged;
    weir_parquet_reader *file;
} parquet_rows;

/* ignoreMissingFiles, ignoreCorruptFiles: a file that cannot be opened is stepped over, if the
 * options say so. */
static weir_rc open_next(weir_ctx *ctx, parquet_rows *r, bool *skipped) {
    weir_err quiet;
    weir_err_init(&quiet);
    weir_ctx c = *ctx;
    c.err = &quiet;
    *skipped = false;
    weir_rc rc = weir_parquet_open(&c, r->split[r->at].path, &r->file);
    if (rc == WEIR_OK) rc = weir_parquet_select(&c, r->file, r->data, r->need);
    if (rc != WEIR_OK) {
        bool missing = quiet.cls == WEIR_E_FILE_NOT_EXIST;
        *skipped = missing ? r->skip_missing : r->skip_damaged;
        if (!*skipped) weir_err_copy(ctx->err, &quiet);
        weir_parquet_close(r->file);
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
        if (!skipped) WEIR_TRY(weir_parquet_next(ctx, r->file, &b, &end));
        if (skipped || end) {
            weir_parquet_close(r->file);
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
    weir_parquet_close(r->file);
    weir_arena_free(r->mem);
}

weir_rc weir_parquet_rows(weir_ctx *ctx, weir_scan *s, weir_schema *data, const weir_split *sp,
                          int64_t n, const bool *columns, weir_reader **out) {
    weir_arena *mem = weir_arena_new(NULL);
    parquet_rows *r = WEIR_NEW(mem, parquet_rows);
    *r = (parquet_rows){.base = {rows_next, rows_close},
                        .scan = s,
                        .mem = mem,
                        .data = data,
                        .split = sp,
                        .n = n,
                        .need = columns};
    r->skip_missing = weir_scan_flag(
        s, "ignoreMissingFiles", weir_conf_bool(ctx->conf, "spark.sql.files.ignoreMissingFiles"));
    r->skip_damaged = weir_scan_flag(
        s, "ignoreCorruptFiles", weir_conf_bool(ctx->conf, "spark.sql.files.ignoreCorruptFiles"));
    *out = &r->base;
    return WEIR_OK;
}
