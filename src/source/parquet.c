/* Reading Parquet and ORC files of a file relation. See parquet.h. */
#include "source/parquet.h"

#include "arrow/parquet.h"
#include "func/func.h"

weir_rc weir_parquet_infer(weir_ctx *ctx, const weir_listing *l, bool orc, weir_schema **out) {
    weir_parquet_reader *r = NULL;
    if (!l->n) return weir_fail(ctx, WEIR_E_UNABLE_TO_INFER_SCHEMA, "format",
                                orc ? "ORC" : "Parquet");
    const char *path = l->v[l->n - 1].path;
    WEIR_TRY(orc ? weir_orc_open(ctx, path, &r) : weir_parquet_open(ctx, path, &r));
    *out = weir_type_copy(ctx->arena, weir_parquet_schema(r));
    if (orc) *out = weir_orc_type(ctx->arena, *out, true);
    weir_parquet_close(r);
    return WEIR_OK;
}

typedef struct parquet_rows {
    weir_reader base;
    weir_scan *scan;
    weir_arena *mem;
    weir_schema *data, *stored; /* stored: as the files hold them; other than data only in ORC */
    const weir_split *split;
    int64_t n, at;
    const bool *need;
    bool skip_missing, skip_damaged, orc;
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
    const char *path = r->split[r->at].path;
    weir_rc rc = r->orc ? weir_orc_open(&c, path, &r->file) : weir_parquet_open(&c, path, &r->file);
    if (rc == WEIR_OK) rc = weir_parquet_select(&c, r->file, r->stored, r->need);
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

/* Wall clocks to instants of the session's time zone. */
static weir_rc as_data(weir_ctx *ctx, const parquet_rows *r, weir_batch *b) {
    for (int i = 0; i < r->data->nfield && r->orc; i++) {
        const weir_type *t = r->data->field[i].type;
        if (!weir_type_same(t, r->stored->field[i].type))
            WEIR_TRY(weir_cast_column(ctx, &b->col[i], t, WEIR_CAST_ANSI, &b->col[i]));
    }
    b->schema = r->data;
    return WEIR_OK;
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
        WEIR_TRY(as_data(ctx, r, &b));
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
                        .stored = data,
                        .orc = strcmp(s->ops->format, "orc") == 0,
                        .split = sp,
                        .n = n,
                        .need = columns};
    if (r->orc) r->stored = weir_orc_type(mem, data, false);
    r->skip_missing = weir_scan_flag(
        s, "ignoreMissingFiles", weir_conf_bool(ctx->conf, "spark.sql.files.ignoreMissingFiles"));
    r->skip_damaged = weir_scan_flag(
        s, "ignoreCorruptFiles", weir_conf_bool(ctx->conf, "spark.sql.files.ignoreCorruptFiles"));
    *out = &r->base;
    return WEIR_OK;
}
