/* Parquet and ORC through the Arrow library. See parquet.h. */
#include "arrow/parquet.h"

#include "arrow/load.h"
#include "base/mem.h"
#include "col/arrow_c.h"

struct weir_parquet_writer {
    const weir_arrow_api *api;
    weir_arrow_writer *w;
    weir_file *file;
    char *path;
    weir_ctx *ctx; /* of the running call: for the callback */
};

static weir_rc failed(weir_ctx *ctx, const char *path, const weir_arrow_error *e) {
    if (ctx->err->rc != WEIR_OK) return ctx->err->rc; /* the file layer has said why */
    return weir_fail_read(ctx, WEIR_E_FAILED_READ_FILE, path, e->text);
}

static int write_cb(void *u, const void *p, int64_t n) {
    weir_parquet_writer *w = u;
    return weir_file_write(w->ctx, w->file, p, (size_t)n) == WEIR_OK ? 0 : -1;
}

static weir_rc create(weir_ctx *ctx, const char *path, weir_arrow_format format,
                      weir_schema *schema, bool int96, weir_parquet_writer **out) {
    const weir_arrow_api *api = NULL;
    struct ArrowSchema as;
    weir_arrow_error e = {{0}};
    weir_str json;
    WEIR_TRY(weir_arrow_load(ctx, &api));
    WEIR_TRY(weir_schema_export(ctx, schema, "UTC", &as));
    weir_parquet_writer *w = weir_mem_resize(NULL, sizeof *w);
    memset(w, 0, sizeof *w);
    w->api = api;
    w->path = weir_mem_resize(NULL, strlen(path) + 1);
    memcpy(w->path, path, strlen(path) + 1);
    w->ctx = ctx;
    weir_rc rc = weir_file_create(ctx, path, true, &w->file);
    weir_str_init(&json, ctx->arena, 16 << 20);
    weir_type_to_json(schema, &json);
    weir_arrow_out o = {w, write_cb};
    if (rc == WEIR_OK && api->writer_open(&o, format, &as, "snappy", int96, json.p, &w->w, &e) != 0)
        rc = failed(ctx, path, &e);
    if (as.release) as.release(&as);
    if (rc != WEIR_OK) return weir_parquet_abort(w), rc;
    *out = w;
    return WEIR_OK;
}

weir_rc weir_parquet_create(weir_ctx *ctx, const char *path, weir_schema *schema, bool int96,
                            weir_parquet_writer **out) {
    return create(ctx, path, WEIR_ARROW_PARQUET, schema, int96, out);
}

weir_rc weir_orc_create(weir_ctx *ctx, const char *path, weir_schema *schema,
                        weir_parquet_writer **out) {
    return create(ctx, path, WEIR_ARROW_ORC, schema, false, out);
}

const weir_type *weir_orc_type(weir_arena *a, const weir_type *t, bool back) {
    weir_kind from = back ? WEIR_T_TIMESTAMP_NTZ : WEIR_T_TIMESTAMP;
    if (t->kind == from) return back ? &weir_t_timestamp : &weir_t_timestamp_ntz;
    if (!t->nfield) return t;
    weir_type *c = weir_memdup(a, t, sizeof *t);
    weir_field *f = weir_memdup(a, t->field, sizeof *f * (size_t)t->nfield);
    for (int i = 0; i < t->nfield; i++) f[i].type = weir_orc_type(a, f[i].type, back);
    c->field = f;
    return c;
}

weir_rc weir_parquet_add(weir_ctx *ctx, weir_parquet_writer *w, const weir_batch *b) {
    struct ArrowArray a;
    weir_arrow_error e = {{0}};
    w->ctx = ctx;
    WEIR_TRY(weir_batch_export(ctx, b, &a));
    if (w->api->writer_add(w->w, &a, &e) == 0) return WEIR_OK;
    if (a.release) a.release(&a);
    return failed(ctx, w->path, &e);
}

weir_rc weir_parquet_finish(weir_ctx *ctx, weir_parquet_writer *w, int64_t *bytes) {
    weir_arrow_error e = {{0}};
    w->ctx = ctx;
    weir_rc rc = w->api->writer_close(w->w, bytes, &e) == 0 ? WEIR_OK : failed(ctx, w->path, &e);
    if (rc == WEIR_OK) rc = weir_file_sync(ctx, w->file);
    weir_parquet_abort(w);
    return rc;
}

void weir_parquet_abort(weir_parquet_writer *w) {
    if (!w) return;
    weir_err quiet; /* destroying an open writer may still write its footer */
    weir_err_init(&quiet);
    weir_ctx c = {.arena = weir_arena_new(NULL), .err = &quiet, .env = weir_env_real()};
    w->ctx = &c;
    if (w->w) w->api->writer_free(w->w);
    weir_file_drop(w->file);
    weir_arena_free(c.arena);
    weir_err_clear(&quiet);
    weir_mem_free(w->path);
    weir_mem_free(w);
}

/* ---- reading ---- */

struct weir_parquet_reader {
    const weir_arrow_api *api;
    weir_arrow_reader *r;
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
    weir_parquet_reader *r = u;
    int64_t got = 0;
    return weir_file_pread(r->ctx, r->file, at, p, n, &got) == WEIR_OK ? got : -1;
}

static weir_rc read_schemas(weir_ctx *ctx, weir_parquet_reader *r, const char *spark) {
    struct ArrowSchema as = {0};
    weir_arrow_error e = {{0}};
    weir_ctx c = *ctx;
    c.arena = r->mem;
    if (r->api->reader_schema(r->r, &as, &e) != 0) return failed(ctx, r->path, &e);
    weir_rc rc = weir_schema_import(&c, &as, &r->arrow_schema);
    if (as.release) as.release(&as);
    if (rc != WEIR_OK) return rc;
    r->schema = r->arrow_schema;
    if (!spark) return WEIR_OK;
    const weir_type *t = NULL;
    weir_err quiet;
    weir_err_init(&quiet);
    c.err = &quiet;
    if (weir_type_from_json(&c, spark, strlen(spark), &t) == WEIR_OK && t->kind == WEIR_T_STRUCT)
        r->schema = t;
    weir_err_clear(&quiet);
    return WEIR_OK;
}

static weir_rc open_as(weir_ctx *ctx, const char *path, weir_arrow_format format,
                       weir_parquet_reader **out) {
    const weir_arrow_api *api = NULL;
    weir_arrow_error e = {{0}};
    weir_stat st;
    const char *spark = NULL;
    WEIR_TRY(weir_arrow_load(ctx, &api));
    weir_arena *mem = weir_arena_new(NULL);
    weir_parquet_reader *r = WEIR_NEW(mem, weir_parquet_reader);
    r->api = api;
    r->mem = mem;
    r->path = weir_strdup(mem, path);
    r->ctx = ctx;
    weir_rc rc = weir_file_open(ctx, path, &r->file);
    if (rc == WEIR_OK) rc = weir_path_stat(ctx, path, &st);
    weir_arrow_in in = {r, rc == WEIR_OK ? st.size_bytes : 0, read_cb};
    if (rc == WEIR_OK && api->reader_open(&in, format, &r->r, &spark, &r->rows, &e) != 0)
        rc = failed(ctx, path, &e);
    if (rc == WEIR_OK) rc = read_schemas(ctx, r, spark);
    if (rc != WEIR_OK) return weir_parquet_close(r), rc;
    *out = r;
    return WEIR_OK;
}

weir_rc weir_parquet_open(weir_ctx *ctx, const char *path, weir_parquet_reader **out) {
    return open_as(ctx, path, WEIR_ARROW_PARQUET, out);
}

weir_rc weir_orc_open(weir_ctx *ctx, const char *path, weir_parquet_reader **out) {
    return open_as(ctx, path, WEIR_ARROW_ORC, out);
}

weir_schema *weir_parquet_schema(const weir_parquet_reader *r) { return r->schema; }

weir_rc weir_parquet_select(weir_ctx *ctx, weir_parquet_reader *r, weir_schema *want,
                            const bool *need) {
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
    if (r->api->reader_start(r->r, cols, n, 8192, &e) != 0) return failed(ctx, r->path, &e);
    if (r->api->reader_types(r->r, &r->types, &e) != 0) return failed(ctx, r->path, &e);
    WEIR_TRY(weir_schema_import(&c, &r->types, &r->read_schema));
    for (int i = 0; i < want->nfield; i++)
        if (!need || need[i])
            r->from[i] = weir_schema_find(r->read_schema, want->field[i].name, false);
    return WEIR_OK;
}

static weir_rc no_columns(weir_ctx *ctx, weir_parquet_reader *r, weir_batch *out, bool *eof) {
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

weir_rc weir_parquet_next(weir_ctx *ctx, weir_parquet_reader *r, weir_batch *out, bool *eof) {
    struct ArrowArray a = {0};
    weir_arrow_error e = {{0}};
    weir_batch b;
    r->ctx = ctx;
    if (r->read_schema->nfield == 0) return no_columns(ctx, r, out, eof);
    if (r->api->reader_next(r->r, &a, &e) != 0) return failed(ctx, r->path, &e);
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

void weir_parquet_close(weir_parquet_reader *r) {
    if (!r) return;
    if (r->types.release) r->types.release(&r->types);
    if (r->r) r->api->reader_free(r->r);
    weir_file_drop(r->file);
    weir_arena_free(r->mem);
}
