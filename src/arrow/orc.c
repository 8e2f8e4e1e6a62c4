/* Reading ORC files through the Arrow library. See parquet.h. */
#include "arrow/parquet.h"

#include "arrow/load.h"
#include "col/arrow_c.h"

static weir_rc failed(weir_ctx *ctx, const char *path, const weir_arrow_error *e) {
    if (ctx->err->rc != WEIR_OK) return ctx->err->rc; /* the file layer has said why */
    return weir_fail_read(ctx, WEIR_E_FAILED_READ_FILE, path, e->text);
}

struct weir_orc_reader {
    const weir_arrow_api *api;
    weir_arrow_orc *r;
    weir_arena *mem;
    weir_file *file;
    const char *path;
    weir_ctx *ctx;
    weir_schema *schema, *arrow_schema, *want;
    int *from; /* want[i] = batch column from[i], -1 null */
    struct ArrowSchema types;
    weir_schema *read_schema;
    int64_t rows;
};

static int64_t read_cb(void *u, int64_t at, void *p, int64_t n) {
    weir_orc_reader *r = u;
    int64_t got = 0;
    return weir_file_pread(r->ctx, r->file, at, p, n, &got) == WEIR_OK ? got : -1;
}

static weir_rc read_schemas(weir_ctx *ctx, weir_orc_reader *r) {
    struct ArrowSchema as = {0};
    weir_arrow_error e = {{0}};
    weir_ctx c = *ctx;
    c.arena = r->mem;
    if (r->api->orc_schema(r->r, &as, &e) != 0) return failed(ctx, r->path, &e);
    weir_rc rc = weir_schema_import(&c, &as, &r->arrow_schema);
    if (as.release) as.release(&as);
    r->schema = r->arrow_schema;
    return rc;
}

weir_rc weir_orc_open(weir_ctx *ctx, const char *path, const char *name, weir_orc_reader **out) {
    const weir_arrow_api *api = NULL;
    weir_arrow_error e = {{0}};
    weir_stat st;
    WEIR_TRY(weir_arrow_load(ctx, &api));
    weir_arena *mem = weir_arena_new(NULL);
    weir_orc_reader *r = WEIR_NEW(mem, weir_orc_reader);
    r->api = api;
    r->mem = mem;
    r->path = weir_strdup(mem, name);
    r->ctx = ctx;
    weir_rc rc = weir_file_open(ctx, path, &r->file);
    if (rc == WEIR_OK) rc = weir_path_stat(ctx, path, &st);
    weir_arrow_in in = {r, rc == WEIR_OK ? st.size_bytes : 0, read_cb};
    if (rc == WEIR_OK && api->orc_open(&in, &r->r, &r->rows, &e) != 0)
        rc = failed(ctx, r->path, &e);
    if (rc == WEIR_OK) rc = read_schemas(ctx, r);
    if (rc != WEIR_OK) return weir_orc_close(r), rc;
    *out = r;
    return WEIR_OK;
}

weir_rc weir_orc_schema(weir_ctx *ctx, const weir_orc_reader *r, weir_schema **out) {
    (void)ctx;
    *out = r->schema;
    return WEIR_OK;
}

weir_rc weir_orc_select(weir_ctx *ctx, weir_orc_reader *r, weir_schema *want, const bool *need) {
    int n = 0, *cols = WEIR_NEWN(r->mem, int, want->nfield + 1);
    weir_arrow_error e = {{0}};
    weir_ctx c = *ctx;
    c.arena = r->mem;
    r->ctx = ctx;
    r->want = weir_type_copy(r->mem, want);
    r->from = WEIR_NEWN(r->mem, int, want->nfield + 1);
    for (int i = 0; i < want->nfield; i++) {
        int k =
            !need || need[i] ? weir_schema_find(r->arrow_schema, want->field[i].name, false) : -1;
        r->from[i] = -1;
        if (k >= 0) cols[n++] = k;
    }
    if (r->api->orc_start(r->r, cols, n, 8192, &e) != 0) return failed(ctx, r->path, &e);
    if (r->api->orc_types(r->r, &r->types, &e) != 0) return failed(ctx, r->path, &e);
    WEIR_TRY(weir_schema_import(&c, &r->types, &r->read_schema));
    for (int i = 0; i < want->nfield; i++)
        if (!need || need[i])
            r->from[i] = weir_schema_find(r->read_schema, want->field[i].name, false);
    return WEIR_OK;
}

static weir_rc no_columns(weir_ctx *ctx, weir_orc_reader *r, weir_batch *out, bool *eof) {
    *eof = r->rows <= 0;
    if (*eof) return WEIR_OK;
    int64_t n = r->rows < 8192 ? r->rows : 8192;
    r->rows -= n;
    *out = (weir_batch){.schema = r->want,
                        .len = n,
                        .col = WEIR_NEWN(ctx->arena, weir_column, r->want->nfield + 1)};
    for (int i = 0; i < r->want->nfield; i++)
        WEIR_TRY(weir_column_null(ctx, r->want->field[i].type, n, &out->col[i]));
    return WEIR_OK;
}

weir_rc weir_orc_next(weir_ctx *ctx, weir_orc_reader *r, weir_batch *out, bool *eof) {
    struct ArrowArray a = {0};
    weir_arrow_error e = {{0}};
    weir_batch b;
    r->ctx = ctx;
    if (r->read_schema->nfield == 0) return no_columns(ctx, r, out, eof);
    if (r->api->orc_next(r->r, &a, &e) != 0) return failed(ctx, r->path, &e);
    *eof = a.release == NULL;
    if (*eof) return WEIR_OK;
    WEIR_TRY(weir_batch_import(ctx, r->read_schema, &r->types, &a, &b));
    *out = (weir_batch){.schema = r->want,
                        .len = b.len,
                        .col = WEIR_NEWN(ctx->arena, weir_column, r->want->nfield + 1)};
    for (int i = 0; i < r->want->nfield; i++) {
        const weir_type *t = r->want->field[i].type;
        if (r->from[i] < 0) {
            WEIR_TRY(weir_column_null(ctx, t, b.len, &out->col[i]));
            continue;
        }
        out->col[i] = b.col[r->from[i]];
        if (!weir_type_same(out->col[i].type, t) &&
            weir_type_width(out->col[i].type) != weir_type_width(t))
            return weir_fail_read(
                ctx, WEIR_E_FAILED_READ_FILE, r->path,
                weir_printf(ctx->arena,
                            "The column cannot be converted: column %s, expected %s, found %s",
                            r->want->field[i].name, weir_type_name(ctx->arena, t),
                            weir_type_name(ctx->arena, out->col[i].type)));
        out->col[i].type = t;
    }
    return WEIR_OK;
}

void weir_orc_close(weir_orc_reader *r) {
    if (!r) return;
    if (r->types.release) r->types.release(&r->types);
    if (r->r) r->api->orc_free(r->r);
    weir_file_drop(r->file);
    weir_arena_free(r->mem);
}
