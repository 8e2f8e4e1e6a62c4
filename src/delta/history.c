/* DESCRIBE HISTORY and DESCRIBE DETAIL. Columns as Delta Lake 4 gives them. */
#include "delta/delta.h"

#include "col/build.h"

#include <stdlib.h>

static const weir_type *text_map(weir_arena *a) {
    return weir_type_map(a, &weir_t_string, &weir_t_string, true);
}

static weir_schema *history_schema(weir_arena *a) {
    weir_field job[] = {
        {"jobId", &weir_t_string, true, NULL},      {"jobName", &weir_t_string, true, NULL},
        {"jobRunId", &weir_t_string, true, NULL},   {"runId", &weir_t_string, true, NULL},
        {"jobOwnerId", &weir_t_string, true, NULL}, {"triggerType", &weir_t_string, true, NULL}};
    weir_field nb[] = {{"notebookId", &weir_t_string, true, NULL}};
    weir_field f[] = {{"version", &weir_t_long, true, NULL},
                      {"timestamp", &weir_t_timestamp, true, NULL},
                      {"userId", &weir_t_string, true, NULL},
                      {"userName", &weir_t_string, true, NULL},
                      {"operation", &weir_t_string, true, NULL},
                      {"operationParameters", text_map(a), true, NULL},
                      {"job", weir_type_struct(a, job, 6), true, NULL},
                      {"notebook", weir_type_struct(a, nb, 1), true, NULL},
                      {"clusterId", &weir_t_string, true, NULL},
                      {"readVersion", &weir_t_long, true, NULL},
                      {"isolationLevel", &weir_t_string, true, NULL},
                      {"isBlindAppend", &weir_t_boolean, true, NULL},
                      {"operationMetrics", text_map(a), true, NULL},
                      {"userMetadata", &weir_t_string, true, NULL},
                      {"engineInfo", &weir_t_string, true, NULL}};
    return weir_type_struct(a, f, 15);
}

static void put_text(weir_build *b, const weir_json *j, const char *key) {
    const char *v = weir_json_str(j, key, NULL);
    if (v)
        weir_build_bytes(b, v, strlen(v));
    else
        weir_build_null(b);
}

static void put_map(weir_build *b, const weir_json *m) {
    if (!m || m->kind != WEIR_J_OBJECT) {
        weir_build_null(b);
        return;
    }
    for (size_t i = 0; i < m->len; i++) {
        weir_build_bytes(&b->kid[0], m->key[i], strlen(m->key[i]));
        if (m->item[i]->text)
            weir_build_bytes(&b->kid[1], m->item[i]->text, m->item[i]->len);
        else
            weir_build_null(&b->kid[1]);
    }
    weir_build_list(b);
}

static void history_row(weir_build *b, int64_t version, int64_t mtime_us, const weir_json *c) {
    int64_t ms = weir_json_int(c, "timestamp", mtime_us / 1000), read;
    const weir_json *blind = weir_json_get(c, "isBlindAppend");
    weir_build_i64(&b[0], version);
    weir_build_i64(&b[1], ms * 1000);
    weir_build_null(&b[2]);
    weir_build_null(&b[3]);
    put_text(&b[4], c, "operation");
    put_map(&b[5], weir_json_get(c, "operationParameters"));
    for (int i = 6; i <= 8; i++) weir_build_null(&b[i]);
    if (weir_json_to_int(weir_json_get(c, "readVersion"), &read))
        weir_build_i64(&b[9], read);
    else
        weir_build_null(&b[9]);
    put_text(&b[10], c, "isolationLevel");
    if (blind && blind->kind == WEIR_J_BOOL)
        weir_build_bool(&b[11], blind->b);
    else
        weir_build_null(&b[11]);
    put_map(&b[12], weir_json_get(c, "operationMetrics"));
    put_text(&b[13], c, "userMetadata");
    put_text(&b[14], c, "engineInfo");
}

static weir_rc finish(weir_ctx *ctx, weir_schema *schema, weir_build *b, weir_batch *out) {
    *out = (weir_batch){.schema = schema,
                        .len = b[0].len,
                        .col = WEIR_NEWN(ctx->arena, weir_column, schema->nfield + 1)};
    for (int i = 0; i < schema->nfield; i++) WEIR_TRY(weir_build_finish(ctx, &b[i], &out->col[i]));
    return WEIR_OK;
}

weir_rc weir_delta_history(weir_ctx *ctx, const char *path, weir_schema **schema, weir_batch *out) {
    weir_delta *d = NULL;
    WEIR_TRY(weir_delta_load(ctx, path, -1, &d));
    if (d->version < 0) return weir_fail(ctx, WEIR_E_DELTA_MISSING_DELTA_TABLE, "tableName", path);
    *schema = history_schema(ctx->arena);
    weir_build *b = WEIR_NEWN(ctx->arena, weir_build, 15);
    for (int i = 0; i < 15; i++) WEIR_TRY(weir_build_init(ctx, &b[i], (*schema)->field[i].type));
    for (int64_t v = d->version; v >= 0; v--) {
        char *text,
            *file = weir_printf(ctx->arena, "%s/_delta_log/%020lld.json", path, (long long)v);
        size_t n;
        weir_stat st;
        const weir_json *info = NULL;
        WEIR_TRY(weir_path_stat(ctx, file, &st));
        if (!st.exists) break; /* cleaned up */
        WEIR_TRY(weir_file_slurp(ctx, file, &text, &n));
        for (char *at = text; *at && !info;) {
            size_t len = strcspn(at, "\n");
            info = weir_json_get(weir_json_parse(ctx->arena, at, len, NULL), "commitInfo");
            at += len + (at[len] == '\n');
        }
        history_row(b, v, st.mtime_us, info);
    }
    return finish(ctx, *schema, b, out);
}

weir_rc weir_delta_detail(weir_ctx *ctx, const char *path, const char *name, weir_schema **schema,
                          weir_batch *out) {
    const weir_type *list = weir_type_array(ctx->arena, &weir_t_string, true);
    weir_field f[] = {{"format", &weir_t_string, true, NULL},
                      {"id", &weir_t_string, true, NULL},
                      {"name", &weir_t_string, true, NULL},
                      {"description", &weir_t_string, true, NULL},
                      {"location", &weir_t_string, true, NULL},
                      {"createdAt", &weir_t_timestamp, true, NULL},
                      {"partitionColumns", list, true, NULL},
                      {"numFiles", &weir_t_long, true, NULL},
                      {"sizeInBytes", &weir_t_long, true, NULL},
                      {"properties", text_map(ctx->arena), true, NULL},
                      {"minReaderVersion", &weir_t_int, true, NULL},
                      {"minWriterVersion", &weir_t_int, true, NULL}};
    weir_delta *d = NULL;
    int64_t bytes = 0;
    WEIR_TRY(weir_delta_load(ctx, path, -1, &d));
    if (d->version < 0) return weir_fail(ctx, WEIR_E_DELTA_MISSING_DELTA_TABLE, "tableName", path);
    *schema = weir_type_struct(ctx->arena, f, 12);
    weir_build *b = WEIR_NEWN(ctx->arena, weir_build, 12);
    for (int i = 0; i < 12; i++) WEIR_TRY(weir_build_init(ctx, &b[i], f[i].type));
    for (int64_t i = 0; i < d->nfile; i++) bytes += d->file[i].size_bytes;
    const char *text[] = {"delta", d->id, name, d->description,
                          weir_path_text(ctx->arena, path)};
    for (int i = 0; i < 5; i++) {
        if (text[i])
            weir_build_bytes(&b[i], text[i], strlen(text[i]));
        else
            weir_build_null(&b[i]);
    }
    weir_build_i64(&b[5], d->created_ms * 1000);
    for (int i = 0; i < d->npart; i++)
        weir_build_bytes(&b[6].kid[0], d->part[i], strlen(d->part[i]));
    weir_build_list(&b[6]);
    weir_build_i64(&b[7], d->nfile);
    weir_build_i64(&b[8], bytes);
    for (int i = 0; i < d->config.n; i++) {
        weir_build_bytes(&b[9].kid[0], d->config.opt[i].key, strlen(d->config.opt[i].key));
        weir_build_bytes(&b[9].kid[1], d->config.opt[i].value, strlen(d->config.opt[i].value));
    }
    weir_build_list(&b[9]);
    weir_build_i32(&b[10], d->min_reader);
    weir_build_i32(&b[11], d->min_writer);
    return finish(ctx, *schema, b, out);
}

static int by_key(const void *a, const void *b) {
    return strcmp(((const weir_option *)a)->key, ((const weir_option *)b)->key);
}

weir_rc weir_delta_shown_properties(weir_ctx *ctx, const char *path, weir_options *out) {
    weir_delta *d = NULL;
    int n = 0, nfeature = 0;
    WEIR_TRY(weir_delta_load(ctx, path, -1, &d));
    if (d->version < 0) return weir_fail(ctx, WEIR_E_DELTA_MISSING_DELTA_TABLE, "tableName", path);
    while (d->writer_feature && d->writer_feature[nfeature]) nfeature++;
    weir_option *o = WEIR_NEWN(ctx->arena, weir_option, d->config.n + nfeature + 3);
    for (int i = 0; i < d->config.n; i++) o[n++] = d->config.opt[i];
    for (int i = 0; i < nfeature; i++)
        o[n++] = (weir_option){weir_printf(ctx->arena, "delta.feature.%s", d->writer_feature[i]),
                               "supported"};
    o[n++] = (weir_option){"delta.minReaderVersion", weir_printf(ctx->arena, "%d", d->min_reader)};
    o[n++] = (weir_option){"delta.minWriterVersion", weir_printf(ctx->arena, "%d", d->min_writer)};
    qsort(o, (size_t)n, sizeof *o, by_key);
    *out = (weir_options){n, o};
    return WEIR_OK;
}
