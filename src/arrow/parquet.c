/* Writing Parquet through the Arrow library. See parquet.h. */
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

static int write_cb(void *u, const void *p, int64_t n) {
    weir_parquet_writer *w = u;
    return weir_file_write(w->ctx, w->file, p, (size_t)n) == WEIR_OK ? 0 : -1;
}

weir_rc weir_parquet_create(weir_ctx *ctx, const char *path, weir_schema *schema,
                            const weir_file_codec *codec, bool int96, weir_parquet_writer **out) {
    const weir_arrow_api *api = NULL;
    struct ArrowSchema as;
    weir_arrow_error e = {0};
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
    if (rc == WEIR_OK && api->writer_open(&o, &as, codec->arrow, int96, json.p, &w->w, &e) != 0)
        rc = weir_arrow_failed(ctx, path, &e);
    if (as.release) as.release(&as);
    if (rc != WEIR_OK) return weir_parquet_abort(w), rc;
    *out = w;
    return WEIR_OK;
}

weir_rc weir_parquet_add(weir_ctx *ctx, weir_parquet_writer *w, const weir_batch *b) {
    struct ArrowArray a;
    weir_arrow_error e = {0};
    w->ctx = ctx;
    WEIR_TRY(weir_batch_export(ctx, b, &a));
    if (w->api->writer_add(w->w, &a, &e) == 0) return WEIR_OK;
    if (a.release) a.release(&a);
    return weir_arrow_failed(ctx, w->path, &e);
}

weir_rc weir_parquet_finish(weir_ctx *ctx, weir_parquet_writer *w, int64_t *bytes) {
    weir_arrow_error e = {0};
    w->ctx = ctx;
    weir_rc rc = WEIR_OK;
    if (w->api->writer_close(w->w, bytes, &e) != 0) rc = weir_arrow_failed(ctx, w->path, &e);
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
