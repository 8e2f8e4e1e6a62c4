/* Writing Delta tables. SPARK DeltaSink, WriteIntoDelta: data files first, durable, then one log
 * entry that names them. */
#include "delta/props.h"

#include "arrow/parquet.h"
#include "delta/fit.h"
#include "delta/rules.h"
#include "func/func.h"
#include "io/partition.h"

#include <stdlib.h>
#include <strings.h>

enum { MAX_OPEN = 200, RETRIES = 1000 };

typedef struct out_file {
    const char *rel; /* path in the log */
    const char **part;
    weir_parquet_writer *w;
    weir_stats *stats;
    int64_t bytes, rows;
} out_file;

typedef struct delta_sink {
    weir_writer writer;
    weir_sink *sink;
    weir_delta *d;       /* the table as it was last seen */
    weir_arena *mem;     /* of the batch */
    weir_schema *table;  /* columns after this write */
    weir_schema *data;   /* of them those that are no partition columns */
    weir_schema *stored; /* of these those in the files: all but VOID */
    const char **part;
    int npart;
    weir_stats_spec stats;
    weir_delta_write_options options;
    weir_delta_new born;        /* of a table that this write makes */
    const weir_options *config; /* the table's properties after this write */
    weir_assign *shape;         /* rows to its columns */
    weir_delta_rules *rules;
    bool new_metadata, complete, made_table, planned;
    out_file **file;
    int nfile, cfile, nopen;
    int64_t rows, max_rows; /* max_rows: of one file; 0: any number */
} delta_sink;

/* Parquet has no VOID: its columns are in the schema alone. */
static weir_schema *without_void(weir_arena *mem, weir_schema *s) {
    weir_field *f = WEIR_NEWN(mem, weir_field, s->nfield + 1);
    int n = 0;
    for (int i = 0; i < s->nfield; i++)
        if (s->field[i].type->kind != WEIR_T_VOID) f[n++] = s->field[i];
    return n == s->nfield ? s : weir_type_struct(mem, f, n);
}

/* Whether no row of the table stays. */
static bool overwrites(const delta_sink *k) {
    const weir_write_info *i = &k->sink->info;
    return i->query_id ? k->complete : i->save_mode == WEIR_SAVE_OVERWRITE;
}

/* Those of the table, and whether those that the writer gives are any. */
static weir_rc plan_properties(weir_ctx *ctx, delta_sink *k, bool fresh) {
    weir_ctx own = *ctx;
    own.arena = k->sink->mem;
    if (fresh) {
        WEIR_TRY(weir_delta_props_new(&own, &k->sink->info, k->table, k->part, k->npart, &k->born));
        k->config = &k->born.config;
    } else {
        WEIR_TRY(weir_delta_check_options(&own, &k->sink->info));
        k->config = &k->d->config;
    }
    weir_delta_stats_spec(own.arena, k->config, &k->stats);
    for (const char **f = k->d->writer_feature; f && *f; f++)
        k->stats.tight_bounds |= strcmp(*f, "deletionVectors") == 0;
    for (const char *const *f = k->born.protocol.writer_feature; fresh && *f; f++)
        k->stats.tight_bounds |= strcmp(*f, "deletionVectors") == 0;
    return weir_delta_check_feed(ctx, k->config, k->table);
}

/* @arena of the sink: what is planned here holds for all batches until the table changes. */
static weir_rc plan_columns(weir_ctx *ctx, delta_sink *k) {
    weir_arena *mem = k->sink->mem;
    weir_ctx own = *ctx;
    weir_delta_fit fit;
    own.arena = mem;
    WEIR_TRY(weir_delta_fit_rows(&own, k->d, &k->sink->info, &k->options, overwrites(k), &fit));
    k->table = fit.table;
    k->shape = fit.shape;
    k->part = fit.part;
    k->npart = fit.npart;
    k->new_metadata = fit.new_metadata;
    if (k->new_metadata && k->d->version >= 0)
        WEIR_TRY(weir_delta_check_protocol(ctx, k->d, k->table));
    k->data = fit.data;
    k->stored = without_void(mem, k->data);
    WEIR_TRY(weir_delta_rules_new(&own, k->table, k->sink->info.schema, &k->rules));
    WEIR_TRY(plan_properties(ctx, k, k->d->version < 0));
    k->planned = true;
    return WEIR_OK;
}

static weir_rc refuse_unsafe(weir_ctx *ctx, const delta_sink *k) {
    if (k->d->version >= 0) WEIR_TRY(weir_delta_check_writer(ctx, k->d, overwrites(k)));
    const char *mode = weir_option_get(&k->sink->info.options, "partitionOverwriteMode");
    if (!mode) mode = weir_conf_get(ctx->conf, "spark.sql.sources.partitionOverwriteMode");
    if (!k->sink->info.query_id && k->sink->info.save_mode == WEIR_SAVE_OVERWRITE &&
        strcasecmp(mode, "dynamic") == 0)
        return weir_fail(ctx, WEIR_E_UNSUPPORTED_FEATURE, "feature",
                         "partitionOverwriteMode DYNAMIC; overwrite the table as a whole, or run "
                         "this write on Apache Spark");
    if (weir_option_get(&k->sink->info.options, "replaceWhere") || k->sink->info.overwrite_where)
        return weir_fail(
            ctx, WEIR_E_UNSUPPORTED_FEATURE, "feature",
            "replaceWhere; overwrite the table as a whole, or run this write on Apache Spark");
    return WEIR_OK;
}

/* A batch write that is done once, and was. */
static bool was_done(weir_ctx *ctx, const delta_sink *k) {
    const char *app = k->options.txn_app;
    return app && weir_delta_txn_version(k->d, app, weir_now_ms(ctx->env)) >=
                      k->options.txn_version;
}

static weir_rc sink_open(weir_ctx *ctx, weir_sink *s) {
    delta_sink *k = WEIR_NEW(s->mem, delta_sink);
    weir_ctx own = *ctx;
    own.arena = s->mem;
    s->impl = k;
    k->sink = s;
    k->complete = s->info.query_id && s->info.output_mode == WEIR_OUT_COMPLETE;
    if (!s->info.path)
        return weir_fail(ctx, WEIR_E_DELTA_PATH_NOT_GIVEN, NULL);
    WEIR_TRY(weir_delta_write_options_read(&own, &s->info, &k->options));
    WEIR_TRY(weir_delta_load(&own, s->info.path, -1, &k->d));
    WEIR_TRY(refuse_unsafe(ctx, k));
    bool exists = k->d->version >= 0;
    if (exists && !s->info.query_id && s->info.save_mode == WEIR_SAVE_ERROR)
        return weir_fail(ctx, WEIR_E_DELTA_PATH_EXISTS, "path", s->info.path);
    /* SPARK WriteIntoDelta: what was done is not held against the columns again */
    return s->info.query_id || was_done(ctx, k) ? WEIR_OK : plan_columns(ctx, k);
}

/* ---- rows ---- */

/* delta.randomizeFilePrefixes: so that a store spreads the files over its servers. */
static char *random_folder(weir_ctx *ctx, const delta_sink *k) {
    int64_t n = weir_delta_number(k->config, "delta.randomPrefixLength", 2);
    char uuid[37];
    weir_str s;
    weir_str_init(&s, ctx->arena, 1 << 16);
    for (int64_t i = 0; i < n && i < 128; i++) {
        if (i % 8 == 0) weir_uuid(ctx->env, uuid);
        weir_str_putc(&s, uuid[i % 8]);
    }
    weir_str_putc(&s, '/');
    return s.p;
}

static char *folder_of(weir_ctx *ctx, const delta_sink *k, const char *const *value) {
    if (weir_delta_flag(k->config, "delta.randomizeFilePrefixes", false))
        return random_folder(ctx, k);
    const char **text = WEIR_NEWN(ctx->arena, const char *, k->npart + 1);
    for (int p = 0; p < k->npart; p++) {
        const weir_type *t = k->table->field[weir_schema_find(k->table, k->part[p], false)].type;
        text[p] = weir_delta_part_folder(ctx, t, value[p]);
    }
    return weir_part_dir(ctx->arena, k->part, text, k->npart);
}

/* full: files of the same values that have all the rows that one may have. */
static weir_rc new_file(weir_ctx *ctx, delta_sink *k, const char **value, int full,
                        out_file **out) {
    char uuid[37], *dir = folder_of(ctx, k, value);
    if (k->nopen >= MAX_OPEN)
        return weir_fail(ctx, WEIR_E_UNSUPPORTED_FEATURE, "feature",
                         "more than 200 partition values in one batch; write less at a time or "
                         "partition by a coarser column");
    weir_uuid(ctx->env, uuid);
    char *rel = weir_printf(k->mem, "%spart-%05d-%s-c%03d%s", dir, k->nfile - full, uuid, full,
                            k->options.codec->extension),
         *path = weir_printf(ctx->arena, "%s/%s", k->sink->info.path, rel);
    WEIR_TRY(weir_path_mkdirs(ctx, weir_printf(ctx->arena, "%s/%s", k->sink->info.path, dir)));
    out_file *f = WEIR_NEW(k->mem, out_file);
    f->rel = weir_path_quote(k->mem, rel); /* the log holds URIs */
    f->part = weir_memdup(k->mem, value, sizeof *value * (size_t)k->npart);
    for (int p = 0; p < k->npart; p++) f->part[p] = weir_strdup(k->mem, value[p]);
    f->stats = weir_stats_new(k->mem, k->data, &k->stats);
    WEIR_TRY(weir_parquet_create(ctx, path, k->stored, k->options.codec, false, &f->w));
    if (k->nfile == k->cfile) {
        int cap = k->cfile ? k->cfile * 2 : 8;
        out_file **v = WEIR_NEWN(k->mem, out_file *, cap);
        if (k->nfile) memcpy(v, k->file, sizeof *v * (size_t)k->nfile);
        k->file = v;
        k->cfile = cap;
    }
    k->file[k->nfile++] = f;
    k->nopen++;
    *out = f;
    return WEIR_OK;
}

static weir_rc file_for(weir_ctx *ctx, delta_sink *k, const char **value, out_file **out) {
    int full = 0;
    for (int i = k->nfile; i-- > 0;) {
        bool same = true;
        for (int p = 0; p < k->npart && same; p++) {
            const char *a = k->file[i]->part[p], *b = value[p];
            same = a == b || (a && b && strcmp(a, b) == 0);
        }
        if (same && k->file[i]->w) return *out = k->file[i], WEIR_OK;
        full += same;
    }
    return new_file(ctx, k, value, full, out);
}

/* SPARK ConstantFolding: whether the constants among the columns fail alone; then there is no task
 * yet. */
static bool constants_fail(weir_ctx *ctx, const delta_sink *k, const weir_column *rows) {
    weir_err quiet;
    weir_ctx own = *ctx;
    weir_column one = *rows, made;
    one.len = 1;
    one.kid = WEIR_NEWN(ctx->arena, weir_column, rows->nkid + 1);
    weir_err_init(&quiet);
    own.err = &quiet;
    weir_rc rc = WEIR_OK;
    for (int i = 0; i < rows->nkid && rc == WEIR_OK; i++) {
        one.kid[i] = rows->kid[i];
        one.kid[i].len = 1;
        if (rows->kid[i].form != WEIR_CONST)
            rc = weir_column_null(&own, rows->kid[i].type, 1, &one.kid[i]);
    }
    bool fails = rc == WEIR_OK && weir_assign_run(&own, k->shape, &one, &made) == WEIR_FAIL;
    weir_err_clear(&quiet);
    return fails;
}

/* The rows as the table has them: columns in its order, types cast. */
static weir_rc shape(weir_ctx *ctx, const delta_sink *k, const weir_batch *in,
                     const weir_column **table) {
    weir_column rows = {.type = k->sink->info.schema,
                        .form = WEIR_FLAT,
                        .len = in->len,
                        .nkid = in->schema->nfield,
                        .kid = in->col},
                *out = WEIR_NEW(ctx->arena, weir_column);
    weir_rc rc = weir_assign_run(ctx, k->shape, &rows, out);
    if (rc == WEIR_FAIL && !constants_fail(ctx, k, &rows))
        return weir_task_write_failed(ctx, k->sink->info.path);
    WEIR_TRY(rc);
    *table = out->kid;
    return weir_delta_rules_check(ctx, k->rules, out);
}

static weir_rc end_file(weir_ctx *ctx, delta_sink *k, out_file *f) {
    weir_parquet_writer *w = f->w;
    f->w = NULL;
    k->nopen--;
    return weir_parquet_finish(ctx, w, &f->bytes);
}

/* Columns of the data; those of type VOID have statistics but are not in the file. */
static weir_rc add_part(weir_ctx *ctx, delta_sink *k, out_file *f, weir_batch b) {
    weir_column *stored = WEIR_NEWN(ctx->arena, weir_column, k->stored->nfield + 1);
    int n = 0;
    f->rows += b.len;
    WEIR_TRY(weir_stats_add(ctx, f->stats, &b));
    for (int i = 0; i < k->data->nfield; i++)
        if (k->data->field[i].type->kind != WEIR_T_VOID) stored[n++] = b.col[i];
    b.schema = k->stored;
    b.col = stored;
    return weir_parquet_add(ctx, f->w, &b);
}

static weir_rc add_rows(weir_ctx *ctx, delta_sink *k, const weir_column *table, int64_t len,
                        const char **value) {
    out_file *f = NULL;
    weir_batch b = {.schema = k->data,
                    .len = len,
                    .col = WEIR_NEWN(ctx->arena, weir_column, k->data->nfield + 1)};
    int n = 0;
    for (int i = 0; i < k->table->nfield; i++) {
        bool part = false;
        for (int p = 0; p < k->npart; p++)
            part |= strcasecmp(k->part[p], k->table->field[i].name) == 0;
        if (!part) b.col[n++] = table[i];
    }
    for (int64_t at = 0; at < len;) { /* a full file ends when there is another row for it */
        WEIR_TRY(file_for(ctx, k, value, &f));
        int64_t max = k->max_rows, left = len - at, room = max ? max - f->rows : left;
        weir_batch part = weir_batch_slice(ctx, &b, at, room < left ? room : left);
        if (room) WEIR_TRY(add_part(ctx, k, f, part));
        at += part.len;
        if (at < len) WEIR_TRY(end_file(ctx, k, f));
    }
    return WEIR_OK;
}

typedef struct grouped {
    delta_sink *sink;
    const weir_column *table;
} grouped;

static weir_rc add_group(weir_ctx *ctx, void *u, const char *const *value, const int64_t *row,
                         int64_t n) {
    const grouped *g = u;
    weir_column *group = WEIR_NEWN(ctx->arena, weir_column, g->sink->table->nfield + 1);
    for (int i = 0; i < g->sink->table->nfield; i++)
        WEIR_TRY(weir_column_take(ctx, &g->table[i], row, n, &group[i]));
    return add_rows(ctx, g->sink, group, n, (const char **)(uintptr_t)value);
}

static weir_rc add_partitioned(weir_ctx *ctx, delta_sink *k, const weir_column *table,
                               int64_t len) {
    weir_column *text = WEIR_NEWN(ctx->arena, weir_column, k->npart + 1);
    grouped g = {k, table};
    for (int p = 0; p < k->npart; p++)
        WEIR_TRY(weir_delta_part_values(ctx, &table[weir_schema_find(k->table, k->part[p], false)],
                                        &text[p]));
    weir_part_keys keys = {k->d->path, k->part, text, k->npart};
    return weir_part_groups(ctx, &keys, len, add_group, &g);
}

static weir_rc sink_write(weir_ctx *ctx, weir_writer *w, const weir_batch *b) {
    delta_sink *k = (delta_sink *)w;
    const weir_column *table = NULL;
    k->rows += b->len;
    WEIR_TRY(shape(ctx, k, b, &table));
    return k->npart ? add_partitioned(ctx, k, table, b->len)
                    : add_rows(ctx, k, table, b->len, NULL);
}

static weir_rc sink_finish(weir_ctx *ctx, weir_writer *w) {
    delta_sink *k = (delta_sink *)w;
    for (int i = 0; i < k->nfile; i++) {
        out_file *f = k->file[i];
        if (f->w) WEIR_TRY(end_file(ctx, k, f));
        const char *slash = strrchr(f->rel, '/');
        const char *local;
        WEIR_TRY(weir_uri_decode(ctx, f->rel, k->d->path, &local));
        char *folder = weir_strndup(ctx->arena, local, (size_t)(strrchr(local, '/') - local));
        if (slash || i == 0) WEIR_TRY(weir_dir_sync(ctx, folder));
    }
    return WEIR_OK;
}

static void sink_drop(weir_writer *w) {
    delta_sink *k = (delta_sink *)w;
    for (int i = 0; i < k->nfile; i++) {
        weir_parquet_abort(k->file[i]->w);
        k->file[i]->w = NULL;
    }
    k->nopen = 0;
}

static weir_rc sink_writer(weir_ctx *ctx, weir_sink *s, int part, weir_writer **out) {
    delta_sink *k = s->impl;
    (void)part;
    WEIR_TRY(weir_max_rows_of_file(ctx, &s->info.options, &k->max_rows));
    k->writer = (weir_writer){sink_write, sink_finish, sink_drop};
    *out = &k->writer;
    return WEIR_OK;
}

/* SPARK DeltaSink.addBatch: every batch of a stream sees the table as it is then. */
static weir_rc follow_table(weir_ctx *ctx, delta_sink *k) {
    const weir_option *config = k->d->config.opt; /* made anew with the rest of the metadata */
    const char **features = k->d->writer_feature;
    weir_schema *schema = k->d->schema;
    if (k->d->version >= 0) {
        WEIR_TRY(weir_delta_check_there(ctx, k->d));
        WEIR_TRY(weir_delta_refresh(ctx, k->d));
    }
    if (k->planned && schema == k->d->schema && config == k->d->config.opt &&
        features == k->d->writer_feature)
        return WEIR_OK;
    WEIR_TRY(refuse_unsafe(ctx, k));
    return plan_columns(ctx, k);
}

static weir_rc sink_begin(weir_ctx *ctx, weir_sink *s, int64_t epoch, bool *done) {
    delta_sink *k = s->impl;
    weir_arena_free(k->mem);
    k->mem = weir_arena_new(NULL);
    k->file = NULL;
    k->nfile = k->cfile = k->nopen = 0;
    k->rows = 0;
    if (s->info.query_id) WEIR_TRY(follow_table(ctx, k));
    *done = s->info.query_id
                ? weir_delta_txn_version(k->d, s->info.query_id, weir_now_ms(ctx->env)) >= epoch
                : was_done(ctx, k) ||
                      (s->info.save_mode == WEIR_SAVE_IGNORE && k->d->version >= 0);
    return WEIR_OK;
}

/* ---- the log entry ---- */

static void string_map(weir_jw *w, const char *key, int n, const char *const (*pair)[2]) {
    weir_jw_key(w, key);
    weir_jw_obj(w);
    for (int i = 0; i < n; i++) {
        weir_jw_key(w, pair[i][0]);
        weir_jw_str(w, pair[i][1]);
    }
    weir_jw_end_obj(w);
}

static void commit_info(weir_ctx *ctx, delta_sink *k, weir_str *out, int64_t now_ms,
                        int64_t removed) {
    static const char *const modes[] = {"Append", "Update", "Complete"},
                             *const saves[] = {"ErrorIfExists", "Append",        "Overwrite",
                                               "Ignore",        "ErrorIfExists", "Overwrite",
                                               "Overwrite",     "Overwrite"};
    const weir_write_info *in = &k->sink->info;
    weir_jw w;
    char txn[37];
    int64_t bytes = 0;
    weir_uuid(ctx->env, txn);
    for (int i = 0; i < k->nfile; i++) bytes += k->file[i]->bytes;
    weir_jw_init(&w, out);
    weir_jw_obj(&w);
    weir_jw_key(&w, "commitInfo");
    weir_jw_obj(&w);
    weir_jw_key(&w, "timestamp");
    weir_jw_int(&w, now_ms);
    weir_jw_key(&w, "operation");
    weir_jw_str(&w, in->query_id ? "STREAMING UPDATE" : in->operation ? in->operation : "WRITE");
    const char *epoch = weir_printf(ctx->arena, "%lld", (long long)k->sink->epoch);
    weir_str parts;
    weir_str_init(&parts, ctx->arena, 1 << 16);
    weir_str_putc(&parts, '[');
    for (int i = 0; i < k->npart; i++)
        weir_str_printf(&parts, "%s\"%s\"", i ? "," : "", k->part[i]);
    weir_str_putc(&parts, ']');
    const char *const stream[][2] = {
        {"outputMode", modes[in->output_mode]}, {"queryId", in->query_id}, {"epochId", epoch}};
    const char *const batch[][2] = {{"mode", saves[in->save_mode]}, {"partitionBy", parts.p}};
    string_map(&w, "operationParameters", in->query_id ? 3 : 2, in->query_id ? stream : batch);
    if (k->d->version >= 0) {
        weir_jw_key(&w, "readVersion");
        weir_jw_int(&w, k->d->version);
    }
    weir_jw_key(&w, "isolationLevel");
    weir_jw_str(&w, "Serializable");
    weir_jw_key(&w, "isBlindAppend");
    weir_jw_bool(&w, removed == 0);
    const char *const metrics[][2] = {
        {"numRemovedFiles", weir_printf(ctx->arena, "%lld", (long long)removed)},
        {"numAddedFiles", weir_printf(ctx->arena, "%d", k->nfile)},
        {"numOutputRows", weir_printf(ctx->arena, "%lld", (long long)k->rows)},
        {"numOutputBytes", weir_printf(ctx->arena, "%lld", (long long)bytes)}};
    string_map(&w, "operationMetrics", 4, metrics);
    if (k->options.user_metadata) {
        weir_jw_key(&w, "userMetadata");
        weir_jw_str(&w, k->options.user_metadata);
    }
    weir_jw_key(&w, "engineInfo");
    weir_jw_str(&w, "weir/0.1.0");
    weir_jw_key(&w, "txnId");
    weir_jw_str(&w, txn);
    weir_jw_end_obj(&w);
    weir_jw_end_obj(&w);
}

static void names(weir_jw *w, const char *key, const char *const *v) {
    weir_jw_key(w, key);
    weir_jw_arr(w);
    for (; *v; v++) weir_jw_str(w, *v);
    weir_jw_end_arr(w);
}

static void protocol(const weir_delta_protocol *p, weir_str *out) {
    weir_jw w;
    weir_str_putc(out, '\n');
    weir_jw_init(&w, out);
    weir_jw_obj(&w);
    weir_jw_key(&w, "protocol");
    weir_jw_obj(&w);
    weir_jw_key(&w, "minReaderVersion");
    weir_jw_int(&w, p->reader);
    weir_jw_key(&w, "minWriterVersion");
    weir_jw_int(&w, p->writer);
    if (p->reader == 3) names(&w, "readerFeatures", p->reader_feature);
    if (p->writer == 7) names(&w, "writerFeatures", p->writer_feature);
    weir_jw_end_obj(&w);
    weir_jw_end_obj(&w);
}

static void metadata(weir_ctx *ctx, delta_sink *k, weir_str *out, int64_t now_ms) {
    bool fresh = k->d->version < 0;
    char id[37];
    weir_jw w;
    weir_str schema;
    weir_uuid(ctx->env, id);
    weir_str_init(&schema, ctx->arena, 16 << 20);
    weir_type_to_json(k->table, &schema);
    if (fresh) protocol(&k->born.protocol, out);
    weir_str_putc(out, '\n');
    weir_jw_init(&w, out);
    weir_jw_obj(&w);
    weir_jw_key(&w, "metaData");
    weir_jw_obj(&w);
    weir_jw_key(&w, "id");
    weir_jw_str(&w, fresh ? id : k->d->id);
    const char *about = fresh ? k->sink->info.comment : k->d->description;
    if (!fresh && k->d->name) weir_jw_key(&w, "name"), weir_jw_str(&w, k->d->name);
    if (about) weir_jw_key(&w, "description"), weir_jw_str(&w, about);
    weir_jw_key(&w, "format");
    weir_jw_raw(&w, "{\"provider\":\"parquet\",\"options\":{}}");
    weir_jw_key(&w, "schemaString");
    weir_jw_str(&w, schema.p);
    weir_jw_key(&w, "partitionColumns");
    weir_jw_arr(&w);
    for (int i = 0; i < k->npart; i++) weir_jw_str(&w, k->part[i]);
    weir_jw_end_arr(&w);
    weir_jw_key(&w, "configuration");
    weir_jw_obj(&w);
    for (int i = 0; i < k->config->n; i++) {
        weir_jw_key(&w, k->config->opt[i].key);
        weir_jw_str(&w, k->config->opt[i].value);
    }
    weir_jw_end_obj(&w);
    weir_jw_key(&w, "createdTime");
    weir_jw_int(&w, fresh ? now_ms : k->d->created_ms);
    weir_jw_end_obj(&w);
    weir_jw_end_obj(&w);
}

static void transaction(weir_ctx *ctx, delta_sink *k, weir_str *out, int64_t now_ms) {
    const weir_write_info *in = &k->sink->info;
    const char *app = in->query_id ? in->query_id : k->options.txn_app;
    weir_jw w;
    if (!app) return;
    weir_str_putc(out, '\n');
    weir_jw_init(&w, out);
    weir_jw_obj(&w);
    weir_jw_key(&w, "txn");
    weir_jw_obj(&w);
    weir_jw_key(&w, "appId");
    weir_jw_str(&w, app);
    weir_jw_key(&w, "version");
    weir_jw_int(&w, in->query_id ? k->sink->epoch : k->options.txn_version);
    weir_jw_key(&w, "lastUpdated");
    weir_jw_int(&w, now_ms);
    weir_jw_end_obj(&w);
    weir_jw_end_obj(&w);
    (void)ctx;
}

static void part_values(weir_jw *w, const delta_sink *k, const char *const *value,
                        const char *const *names, int n) {
    (void)k;
    weir_jw_key(w, "partitionValues");
    weir_jw_obj(w);
    for (int p = 0; p < n; p++) {
        weir_jw_key(w, names[p]);
        weir_jw_str(w, value[p] && *value[p] ? value[p] : NULL);
    }
    weir_jw_end_obj(w);
}

static void add_action(weir_ctx *ctx, delta_sink *k, const out_file *f, weir_str *out,
                       int64_t now_ms) {
    weir_jw w;
    weir_str stats;
    weir_str_init(&stats, ctx->arena, 1 << 20);
    weir_stats_json(f->stats, &stats);
    weir_str_putc(out, '\n');
    weir_jw_init(&w, out);
    weir_jw_obj(&w);
    weir_jw_key(&w, "add");
    weir_jw_obj(&w);
    weir_jw_key(&w, "path");
    weir_jw_str(&w, f->rel);
    part_values(&w, k, f->part, k->part, k->npart);
    weir_jw_key(&w, "size");
    weir_jw_int(&w, f->bytes);
    weir_jw_key(&w, "modificationTime");
    weir_jw_int(&w, now_ms);
    weir_jw_key(&w, "dataChange");
    weir_jw_bool(&w, k->options.data_change);
    weir_jw_key(&w, "stats");
    weir_jw_str(&w, stats.p);
    weir_jw_end_obj(&w);
    weir_jw_end_obj(&w);
}

static void remove_action(weir_str *out, const delta_sink *k, const weir_delta_file *f,
                          int64_t now_ms) {
    weir_jw w;
    weir_str_putc(out, '\n');
    weir_jw_init(&w, out);
    weir_jw_obj(&w);
    weir_jw_key(&w, "remove");
    weir_jw_obj(&w);
    weir_jw_key(&w, "path");
    weir_jw_str(&w, f->path);
    weir_jw_key(&w, "deletionTimestamp");
    weir_jw_int(&w, now_ms);
    weir_jw_key(&w, "dataChange");
    weir_jw_bool(&w, k->options.data_change);
    weir_jw_key(&w, "extendedFileMetadata");
    weir_jw_bool(&w, true);
    part_values(&w, k, f->part, k->d->part, k->d->npart);
    weir_jw_key(&w, "size");
    weir_jw_int(&w, f->size_bytes);
    weir_jw_end_obj(&w);
    weir_jw_end_obj(&w);
}

static char *entry(weir_ctx *ctx, delta_sink *k) {
    weir_str s;
    int64_t now = weir_now_ms(ctx->env);
    int64_t removed = overwrites(k) && k->d->version >= 0 ? k->d->nfile : 0;
    weir_str_init(&s, ctx->arena, 1u << 30);
    commit_info(ctx, k, &s, now, removed);
    if (k->new_metadata) metadata(ctx, k, &s, now);
    transaction(ctx, k, &s, now);
    for (int i = 0; i < k->nfile; i++) add_action(ctx, k, k->file[i], &s, now);
    for (int64_t i = 0; i < removed; i++) remove_action(&s, k, &k->d->file[i], now);
    weir_str_putc(&s, '\n');
    return s.p;
}

/* Another writer was first: its entry is read, and ours is made again if the two can stand one
 * after the other. */
static weir_rc rebase(weir_ctx *ctx, delta_sink *k) {
    weir_schema *schema = k->d->schema;
    const char *id = k->d->id;
    bool fresh = k->d->version < 0;
    WEIR_TRY(weir_delta_refresh(ctx, k->d));
    if (fresh || !weir_type_equal(schema, k->d->schema) || strcmp(id, k->d->id) != 0)
        return weir_fail(ctx, WEIR_E_DELTA_CONCURRENT_WRITE, "detail",
                         "the table's metadata was changed by another writer; run the write again");
    return weir_delta_check_writer(ctx, k->d, overwrites(k));
}

static weir_rc sink_commit(weir_ctx *ctx, weir_sink *s) {
    delta_sink *k = s->impl;
    for (int tries = 0; tries < RETRIES; tries++) {
        bool lost = false;
        char *text = entry(ctx, k);
        WEIR_TRY(weir_delta_commit(ctx, k->d, text, &lost));
        if (!lost) {
            WEIR_TRY(weir_delta_advance(ctx, k->d, text));
            if (k->new_metadata && s->info.query_id) WEIR_TRY(plan_columns(ctx, k));
            k->new_metadata = false;
            weir_delta_maintain(ctx, k->d);
            return WEIR_OK;
        }
        WEIR_TRY(rebase(ctx, k));
        if (s->info.query_id &&
            weir_delta_txn_version(k->d, s->info.query_id, weir_now_ms(ctx->env)) >= s->epoch)
            return WEIR_OK;
    }
    return weir_fail(ctx, WEIR_E_DELTA_CONCURRENT_WRITE, "detail",
                     "the commit lost against other writers 1,000 times");
}

static void sink_abort(weir_ctx *ctx, weir_sink *s) {
    (void)ctx;
    delta_sink *k = s->impl;
    if (k) sink_drop(&k->writer);
}

static void sink_close(weir_sink *s) {
    delta_sink *k = s->impl;
    if (!k) return;
    sink_drop(&k->writer);
    weir_arena_free(k->mem);
    k->mem = NULL;
    k->nfile = 0;
}

static const char *sink_description(weir_ctx *ctx, weir_sink *s) {
    return weir_printf(ctx->arena, "DeltaSink[file:%s]", s->info.path);
}

const weir_sink_ops weir_delta_sink = {.format = "delta",
                                       .options = "delta",
                                       .modes = 1 << WEIR_OUT_APPEND | 1 << WEIR_OUT_COMPLETE,
                                       .batch = true,
                                       .needs_path = WEIR_E_DELTA_PATH_NOT_GIVEN,
                                       .announce = weir_delta_announce,
                                       .names_task = true,
                                       .open = sink_open,
                                       .begin = sink_begin,
                                       .writer = sink_writer,
                                       .commit = sink_commit,
                                       .abort = sink_abort,
                                       .description = sink_description,
                                       .close = sink_close};
