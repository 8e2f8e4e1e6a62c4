/* Reading Delta tables: the files of a snapshot (or, stream.c, of a micro-batch), partition values
 * beside them. */
#include "delta/delta.h"

#include "arrow/parquet.h"
#include "func/func.h"

#include <stdlib.h>
#include <strings.h>

static bool is_part(const weir_delta *d, const char *name) {
    for (int p = 0; p < d->npart; p++)
        if (strcasecmp(d->part[p], name) == 0) return true;
    return false;
}

/* Options of Delta that would change the rows. */
static weir_rc check_options(weir_ctx *ctx, const weir_scan *s) {
    static const char *const feed[] = {"readChangeFeed", "readChangeData"};
    static const struct {
        const char *key, *reason;
    } stream[] = {
        {"excludeRegex", "filter the rows instead"},
        {"schemaTrackingLocation", "a change of the schema stops the query; start it again"},
        {"schemaLocation", "a change of the schema stops the query; start it again"},
    };
    for (int i = 0; i < 2; i++) {
        const char *v = weir_option_get(&s->options, feed[i]);
        if (v && strcasecmp(v, "false") != 0)
            return weir_fail(ctx, WEIR_E_UNSUPPORTED_FEATURE, "feature",
                             "the change data feed of a Delta table");
    }
    for (size_t i = 0; s->streaming && i < sizeof stream / sizeof *stream; i++)
        if (weir_option_get(&s->options, stream[i].key))
            return weir_fail(ctx, WEIR_E_UNSUPPORTED_OPTION, "option", stream[i].key, "reason",
                             stream[i].reason);
    return WEIR_OK;
}

static weir_rc no_table(weir_ctx *ctx, const weir_scan *s) {
    weir_stat st;
    if (s->table_name)
        return weir_fail(ctx, WEIR_E_DELTA_MISSING_DELTA_TABLE, "tableName", s->table_name);
    if (s->streaming) return weir_fail(ctx, WEIR_E_DELTA_SCHEMA_NOT_SET, NULL);
    WEIR_TRY(weir_path_stat(ctx, s->path[0], &st));
    if (!st.exists) return weir_fail(ctx, WEIR_E_PATH_NOT_FOUND, "path", s->path[0]);
    return weir_fail(ctx, WEIR_E_DELTA_MISSING_DELTA_TABLE, "tableName",
                     weir_printf(ctx->arena, "`%s`", s->path[0]));
}

static weir_rc delta_open(weir_ctx *ctx, weir_scan *s) {
    weir_delta *d = NULL;
    const char *v = weir_option_get(&s->options, "versionAsOf");
    char *end;
    int64_t version = v ? strtoll(v, &end, 10) : -1;
    if (s->npath != 1) /* SPARK: of several paths none is the table */
        return weir_fail(ctx, WEIR_E_DELTA_PATH_NOT_GIVEN, NULL);
    if (v && (*end || version < 0))
        return weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                         weir_printf(ctx->arena, "versionAsOf is not a version: %s", v));
    const char *when = weir_option_get(&s->options, "timestampAsOf");
    if (when && !v) WEIR_TRY(weir_delta_version_at(ctx, s->path[0], when, false, &version));
    WEIR_TRY(check_options(ctx, s));
    WEIR_TRY(weir_delta_load(ctx, s->path[0], version, &d));
    if (d->version < 0) return no_table(ctx, s);
    weir_delta_scan *scan = WEIR_NEW(ctx->arena, weir_delta_scan);
    scan->d = d;
    s->impl = scan;
    s->schema = d->schema;
    return s->streaming ? weir_delta_stream_open(ctx, s, scan) : WEIR_OK;
}

weir_rc weir_delta_add_split(weir_ctx *ctx, const weir_delta *d, const weir_delta_file *f,
                             weir_splits *out) {
    const char *local;
    WEIR_TRY(weir_uri_decode(ctx, f->path, d->path, &local));
    weir_split sp = {.path = local,
                     .uri = weir_path_uri(ctx->arena, local),
                     .length = f->size_bytes,
                     .size_bytes = f->size_bytes,
                     .mtime_us = f->mtime_ms * 1000,
                     .payload = f};
    weir_splits_add(ctx->arena, out, sp);
    return WEIR_OK;
}

static weir_rc delta_split(weir_ctx *ctx, weir_scan *s, const char *from, const char *to,
                           weir_splits *out) {
    weir_delta *d = ((weir_delta_scan *)s->impl)->d;
    if (s->streaming) return weir_delta_stream_split(ctx, s, from, to, out);
    for (int64_t i = 0; i < d->nfile; i++)
        WEIR_TRY(weir_delta_add_split(ctx, d, &d->file[i], out));
    return WEIR_OK;
}

typedef struct delta_reader {
    weir_reader base;
    weir_scan *scan;
    weir_arena *mem, *file_mem;
    const weir_split *split;
    int64_t n, at;
    const bool *need;
    weir_parquet_reader *file;
    weir_schema *data;
    bool *data_need;
    weir_column *part; /* of the file being read: one per table column, for partition columns */
} delta_reader;

static weir_rc part_columns(weir_ctx *ctx, delta_reader *r, const weir_delta *d,
                            const weir_delta_file *f) {
    weir_ctx c = *ctx;
    weir_arena_reset(r->file_mem);
    c.arena = r->file_mem;
    r->part = WEIR_NEWN(r->file_mem, weir_column, d->schema->nfield + 1);
    for (int p = 0; p < d->npart; p++) {
        int i = weir_schema_find(d->schema, d->part[p], false);
        if (i < 0) continue;
        const weir_type *t = d->schema->field[i].type;
        const char *v = f->part[p];
        weir_expr *lit =
            v ? weir_lit_string(r->file_mem, v, strlen(v)) : weir_lit_null(r->file_mem, t);
        if (!v)
            r->part[i] = lit->lit;
        else if (t->kind == WEIR_T_STRING)
            r->part[i] = lit->lit;
        else
            WEIR_TRY(weir_cast_column(&c, &lit->lit, t, WEIR_CAST_LEGACY, &r->part[i]));
        r->part[i].form = WEIR_CONST;
    }
    return WEIR_OK;
}

static weir_rc next_file(weir_ctx *ctx, delta_reader *r) {
    const weir_split *sp = &r->split[r->at];
    WEIR_TRY(part_columns(ctx, r, ((weir_delta_scan *)r->scan->impl)->d, sp->payload));
    WEIR_TRY(weir_parquet_open(ctx, sp->path, sp->uri, &r->file));
    return weir_parquet_select(ctx, r->file, r->data, r->data_need);
}

static weir_rc reader_next(weir_ctx *ctx, weir_reader *rd, weir_batch *out, bool *eof) {
    delta_reader *r = (delta_reader *)rd;
    const weir_delta *d = ((weir_delta_scan *)r->scan->impl)->d;
    for (;;) {
        *eof = r->at >= r->n;
        if (*eof) return WEIR_OK;
        if (!r->file) WEIR_TRY(next_file(ctx, r));
        weir_batch b;
        bool end = false;
        WEIR_TRY(weir_parquet_next(ctx, r->file, &b, &end));
        if (end) {
            weir_parquet_close(r->file);
            r->file = NULL;
            r->at++;
            continue;
        }
        int n = d->schema->nfield, k = 0;
        *out = (weir_batch){
            .schema = d->schema, .len = b.len, .col = WEIR_NEWN(ctx->arena, weir_column, n + 1)};
        for (int i = 0; i < n; i++) {
            bool part = is_part(d, d->schema->field[i].name);
            out->col[i] = part ? r->part[i] : b.col[k++];
            if (part) out->col[i].len = b.len;
        }
        if (ctx->task) ctx->task->input_file = r->split[r->at].uri;
        return WEIR_OK;
    }
}

static void reader_close(weir_reader *rd) {
    delta_reader *r = (delta_reader *)rd;
    weir_parquet_close(r->file);
    weir_arena_free(r->mem);
}

static weir_rc delta_read(weir_ctx *ctx, weir_scan *s, const weir_split *sp, int64_t n,
                          const bool *need, weir_reader **out) {
    weir_delta *d = ((weir_delta_scan *)s->impl)->d;
    weir_arena *mem = weir_arena_new(NULL);
    delta_reader *r = WEIR_NEW(mem, delta_reader);
    (void)ctx;
    *r = (delta_reader){.base = {reader_next, reader_close},
                        .scan = s,
                        .mem = mem,
                        .file_mem = weir_arena_new(mem),
                        .split = sp,
                        .n = n,
                        .need = need};
    weir_field *f = WEIR_NEWN(mem, weir_field, d->schema->nfield + 1);
    r->data_need = WEIR_NEWN(mem, bool, d->schema->nfield + 1);
    int k = 0;
    for (int i = 0; i < d->schema->nfield; i++) {
        if (is_part(d, d->schema->field[i].name)) continue;
        r->data_need[k] = !need || need[i];
        f[k++] = d->schema->field[i];
    }
    r->data = weir_type_struct(mem, f, k);
    *out = &r->base;
    return WEIR_OK;
}

const weir_source_ops weir_delta_source = {.format = "delta",
                                           .options = "delta",
                                           .batch = true,
                                           .streaming = true,
                                           .open = delta_open,
                                           .start = weir_delta_stream_start,
                                           .latest = weir_delta_stream_latest,
                                           .freeze = weir_delta_stream_freeze,
                                           .description = weir_delta_stream_description,
                                           .split = delta_split,
                                           .read = delta_read};
