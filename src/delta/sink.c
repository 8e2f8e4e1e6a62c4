/* Writing Delta tables. SPARK DeltaSink, WriteIntoDelta: data files first, durable, then one log
 * entry that names them. */
#include "delta/props.h"

#include "arrow/parquet.h"
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
    int64_t bytes;
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
    int *from; /* table column i is row column from[i], -1: null */
    weir_stats_spec stats;
    weir_delta_new born;        /* of a table that this write makes */
    const weir_options *config; /* the table's properties after this write */
    bool new_metadata, complete, made_table;
    out_file **file;
    int nfile, cfile;
    int64_t rows;
} delta_sink;

static bool option_on(const weir_sink *s, const char *key) {
    const char *v = weir_option_get(&s->info.options, key);
    return v && strcasecmp(v, "true") == 0;
}

/* ---- the table's schema and the rows' ---- */

static weir_rc mismatch(weir_ctx *ctx, const delta_sink *k, weir_schema *rows) {
    return weir_fail(
        ctx, WEIR_E_DELTA_SCHEMA_MISMATCH, "message",
        weir_printf(
            ctx->arena,
            "A schema mismatch detected when writing to the Delta table (Table ID: %s).\nTo enable "
            "schema migration using DataFrameWriter or DataStreamWriter, please "
            "set:\n'.option(\"mergeSchema\", \"true\")'.\n\nTable schema:\n%s\n\nData schema:\n%s",
            k->d->id, weir_type_sql(ctx->arena, k->d->schema), weir_type_sql(ctx->arena, rows)));
}

static weir_rc clash(weir_ctx *ctx, const weir_field *table, const weir_field *row) {
    return weir_fail(ctx, WEIR_E_DELTA_FAILED_TO_MERGE_FIELDS, "currentField", table->name,
                     "updateField", row->name, "tableType", weir_type_sql(ctx->arena, table->type),
                     "dataType", weir_type_sql(ctx->arena, row->type));
}

/* How rows of a type get into a column: FITS as they are, CASTS with the fields where they are,
 * OTHER_FIELDS, or not at all. */
typedef enum { FITS, CASTS, OTHER_FIELDS, CLASHES } fit;

static fit fit_of(const weir_type *table, const weir_type *row) {
    if (weir_type_same(table, row)) return FITS;
    bool nested = weir_type_is_nested(table), rows_nested = weir_type_is_nested(row);
    if (!nested && !rows_nested) return CASTS;
    if (!nested || table->kind != row->kind) return CLASHES;
    if (table->nfield != row->nfield) return OTHER_FIELDS;
    fit worst = FITS;
    for (int i = 0; i < table->nfield; i++) {
        if (table->kind == WEIR_T_STRUCT &&
            strcasecmp(table->field[i].name, row->field[i].name) != 0)
            return OTHER_FIELDS;
        fit f = fit_of(table->field[i].type, row->field[i].type);
        if (f > worst) worst = f;
    }
    return worst;
}

/* SPARK SchemaMergingUtils: to Parquet these are one type. */
static bool is_narrower(const weir_type *table, const weir_type *row) {
    return row->kind < table->kind && row->kind >= WEIR_T_BYTE && table->kind <= WEIR_T_INT;
}

/* SPARK: writes by path take no other types, those by name and streams cast. */
static weir_rc check_fit(weir_ctx *ctx, const delta_sink *k, const weir_field *table,
                         const weir_field *row) {
    bool casts = k->sink->info.table_name || k->sink->info.query_id;
    switch (fit_of(table->type, row->type)) {
    case FITS: return WEIR_OK;
    case CASTS:
        return casts || is_narrower(table->type, row->type) ? WEIR_OK : clash(ctx, table, row);
    case OTHER_FIELDS: return mismatch(ctx, k, k->sink->info.schema);
    default:
        if (k->sink->info.table_name && table->type->kind == WEIR_T_STRING) return WEIR_OK;
        return clash(ctx, table, row);
    }
}

static weir_rc merged(weir_ctx *ctx, delta_sink *k, weir_arena *mem, weir_schema *rows) {
    weir_schema *t = k->d->schema;
    bool merge = option_on(k->sink, "mergeSchema") ||
                 weir_conf_bool(ctx->conf, "spark.databricks.delta.schema.autoMerge.enabled");
    weir_field *f = WEIR_NEWN(mem, weir_field, t->nfield + rows->nfield + 1);
    memcpy(f, t->field, sizeof *f * (size_t)t->nfield);
    int n = t->nfield;
    for (int i = 0; i < rows->nfield; i++) {
        int c = weir_schema_find(t, rows->field[i].name, false);
        if (c >= 0) {
            WEIR_TRY(check_fit(ctx, k, &t->field[c], &rows->field[i]));
            continue;
        }
        if (!merge) return mismatch(ctx, k, rows);
        f[n] = rows->field[i];
        f[n].type = weir_type_nullable(mem, f[n].type);
        f[n++].nullable = true;
    }
    k->new_metadata = n != t->nfield;
    k->table = k->new_metadata ? weir_type_copy(mem, weir_type_struct(mem, f, n)) : t;
    return WEIR_OK;
}

/* Parquet has no VOID: its columns are in the schema alone. */
static weir_schema *without_void(weir_arena *mem, weir_schema *s) {
    weir_field *f = WEIR_NEWN(mem, weir_field, s->nfield + 1);
    int n = 0;
    for (int i = 0; i < s->nfield; i++)
        if (s->field[i].type->kind != WEIR_T_VOID) f[n++] = s->field[i];
    return n == s->nfield ? s : weir_type_struct(mem, f, n);
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

static weir_rc plan_columns(weir_ctx *ctx, delta_sink *k) {
    weir_sink *s = k->sink;
    weir_arena *mem = s->mem;
    weir_schema *rows = s->info.schema;
    bool fresh = k->d->version < 0;
    bool replace = !fresh && (s->info.overwrite_schema || option_on(s, "overwriteSchema")) &&
                   (s->info.save_mode == WEIR_SAVE_OVERWRITE || k->complete) &&
                   (!s->info.query_id || k->complete);
    k->new_metadata = fresh || replace;
    WEIR_TRY(weir_delta_check_rows(ctx, &s->info, replace));
    if (fresh || replace) {
        k->table = weir_type_copy(
            mem, weir_type_nullable(mem, s->info.table_schema ? s->info.table_schema : rows));
        if (s->info.table_schema) k->table = weir_type_copy(mem, s->info.table_schema);
        k->npart = s->info.npartition;
        k->part = WEIR_NEWN(mem, const char *, k->npart + 1);
        for (int p = 0; p < k->npart; p++) /* spelled as the columns are */
            k->part[p] =
                k->table->field[weir_schema_find(k->table, s->info.partition_by[p], false)].name;
    } else {
        WEIR_TRY(merged(ctx, k, mem, rows));
        k->part = k->d->part;
        k->npart = k->d->npart;
        for (int i = 0; i < s->info.npartition; i++)
            if (i >= k->npart || strcasecmp(k->part[i], s->info.partition_by[i]) != 0 ||
                k->npart != s->info.npartition)
                return weir_fail(
                    ctx, WEIR_E_DELTA_SCHEMA_MISMATCH, "message",
                    "Partition columns do not match the partition columns of the table.");
    }
    if (k->new_metadata) WEIR_TRY(weir_delta_check_table(ctx, &s->info, k->table));
    if (k->new_metadata && !fresh) WEIR_TRY(weir_delta_check_protocol(ctx, k->d, k->table));
    weir_field *f = WEIR_NEWN(mem, weir_field, k->table->nfield + 1);
    int n = 0;
    k->from = WEIR_NEWN(mem, int, k->table->nfield + 1);
    for (int i = 0; i < k->table->nfield; i++) {
        bool part = false;
        for (int p = 0; p < k->npart; p++)
            part |= strcasecmp(k->part[p], k->table->field[i].name) == 0;
        if (!part) f[n++] = k->table->field[i];
        k->from[i] = weir_schema_find(rows, k->table->field[i].name, false);
    }
    k->data = weir_type_struct(mem, f, n);
    k->stored = without_void(mem, k->data);
    return plan_properties(ctx, k, fresh);
}

static bool removes(const delta_sink *k) {
    return k->complete ||
           (!k->sink->info.query_id && k->sink->info.save_mode == WEIR_SAVE_OVERWRITE);
}

static weir_rc refuse_unsafe(weir_ctx *ctx, const delta_sink *k) {
    if (k->d->version >= 0) WEIR_TRY(weir_delta_check_writer(ctx, k->d, removes(k)));
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

static weir_rc sink_open(weir_ctx *ctx, weir_sink *s) {
    delta_sink *k = WEIR_NEW(s->mem, delta_sink);
    weir_ctx own = *ctx;
    own.arena = s->mem;
    s->impl = k;
    k->sink = s;
    k->complete = s->info.query_id && s->info.output_mode == WEIR_OUT_COMPLETE;
    if (!s->info.path)
        return weir_fail(ctx, WEIR_E_DELTA_PATH_NOT_GIVEN, NULL);
    WEIR_TRY(weir_delta_load(&own, s->info.path, -1, &k->d));
    WEIR_TRY(refuse_unsafe(ctx, k));
    bool exists = k->d->version >= 0;
    if (exists && !s->info.query_id && s->info.save_mode == WEIR_SAVE_ERROR)
        return weir_fail(ctx, WEIR_E_DELTA_PATH_EXISTS, "path", s->info.path);
    return plan_columns(ctx, k);
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

static weir_rc new_file(weir_ctx *ctx, delta_sink *k, const char **value, out_file **out) {
    char uuid[37], *dir = folder_of(ctx, k, value);
    if (k->nfile >= MAX_OPEN && k->npart)
        return weir_fail(ctx, WEIR_E_UNSUPPORTED_FEATURE, "feature",
                         "more than 200 partition values in one batch; write less at a time or "
                         "partition by a coarser column");
    weir_uuid(ctx->env, uuid);
    char *rel = weir_printf(k->mem, "%spart-%05d-%s-c000.snappy.parquet", dir, k->nfile, uuid),
         *path = weir_printf(ctx->arena, "%s/%s", k->sink->info.path, rel);
    WEIR_TRY(weir_path_mkdirs(ctx, weir_printf(ctx->arena, "%s/%s", k->sink->info.path, dir)));
    out_file *f = WEIR_NEW(k->mem, out_file);
    f->rel = weir_path_quote(k->mem, rel); /* the log holds URIs */
    f->part = weir_memdup(k->mem, value, sizeof *value * (size_t)k->npart);
    for (int p = 0; p < k->npart; p++) f->part[p] = weir_strdup(k->mem, value[p]);
    f->stats = weir_stats_new(k->mem, k->data, &k->stats);
    WEIR_TRY(weir_parquet_create(ctx, path, k->stored, false, &f->w));
    if (k->nfile == k->cfile) {
        int cap = k->cfile ? k->cfile * 2 : 8;
        out_file **v = WEIR_NEWN(k->mem, out_file *, cap);
        if (k->nfile) memcpy(v, k->file, sizeof *v * (size_t)k->nfile);
        k->file = v;
        k->cfile = cap;
    }
    k->file[k->nfile++] = f;
    *out = f;
    return WEIR_OK;
}

static weir_rc file_for(weir_ctx *ctx, delta_sink *k, const char **value, out_file **out) {
    for (int i = 0; i < k->nfile; i++) {
        bool same = true;
        for (int p = 0; p < k->npart && same; p++) {
            const char *a = k->file[i]->part[p], *b = value[p];
            same = a == b || (a && b && strcmp(a, b) == 0);
        }
        if (same) return *out = k->file[i], WEIR_OK;
    }
    return new_file(ctx, k, value, out);
}

static weir_rc not_null(weir_ctx *ctx, const delta_sink *k, int i, const weir_column *c) {
    if (k->table->field[i].nullable || !weir_null_count(c)) return WEIR_OK;
    return weir_fail(ctx, WEIR_E_DELTA_NOT_NULL, "columnName", k->table->field[i].name);
}

/* The rows as the table has them: columns in its order, types cast. */
static weir_rc shape(weir_ctx *ctx, const delta_sink *k, const weir_batch *in, weir_column *table) {
    for (int i = 0; i < k->table->nfield; i++) {
        const weir_type *t = k->table->field[i].type;
        if (k->from[i] < 0)
            WEIR_TRY(weir_column_null(ctx, t, in->len, &table[i]));
        else if (weir_type_same(in->col[k->from[i]].type, t))
            table[i] = in->col[k->from[i]];
        else
            WEIR_TRY(weir_cast_column(ctx, &in->col[k->from[i]], t, WEIR_CAST_ANSI, &table[i]));
        table[i].type = t;
        WEIR_TRY(not_null(ctx, k, i, &table[i]));
    }
    return WEIR_OK;
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
    WEIR_TRY(file_for(ctx, k, value, &f));
    WEIR_TRY(weir_stats_add(ctx, f->stats, &b));
    b.schema = k->stored;
    for (int i = n = 0; i < k->data->nfield; i++)
        if (k->data->field[i].type->kind != WEIR_T_VOID) b.col[n++] = b.col[i];
    return weir_parquet_add(ctx, f->w, &b);
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
    weir_column *table = WEIR_NEWN(ctx->arena, weir_column, k->table->nfield + 1);
    k->rows += b->len;
    WEIR_TRY(shape(ctx, k, b, table));
    return k->npart ? add_partitioned(ctx, k, table, b->len)
                    : add_rows(ctx, k, table, b->len, NULL);
}

static weir_rc sink_finish(weir_ctx *ctx, weir_writer *w) {
    delta_sink *k = (delta_sink *)w;
    for (int i = 0; i < k->nfile; i++) {
        out_file *f = k->file[i];
        weir_parquet_writer *pw = f->w;
        f->w = NULL;
        WEIR_TRY(weir_parquet_finish(ctx, pw, &f->bytes));
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
}

static weir_rc sink_writer(weir_ctx *ctx, weir_sink *s, int part, weir_writer **out) {
    delta_sink *k = s->impl;
    (void)ctx;
    (void)part;
    k->writer = (weir_writer){sink_write, sink_finish, sink_drop};
    *out = &k->writer;
    return WEIR_OK;
}

static weir_rc sink_begin(weir_ctx *ctx, weir_sink *s, int64_t epoch, bool *done) {
    delta_sink *k = s->impl;
    const char *app = weir_option_get(&s->info.options, "txnAppId"),
               *ver = weir_option_get(&s->info.options, "txnVersion");
    weir_arena_free(k->mem);
    k->mem = weir_arena_new(NULL);
    k->file = NULL;
    k->nfile = k->cfile = 0;
    k->rows = 0;
    if (s->info.query_id && k->d->version >= 0) WEIR_TRY(weir_delta_check_there(ctx, k->d));
    *done = s->info.query_id
                ? weir_delta_txn_version(k->d, s->info.query_id, weir_now_ms(ctx->env)) >= epoch
                : (app && ver &&
                   weir_delta_txn_version(k->d, app, weir_now_ms(ctx->env)) >=
                       strtoll(ver, NULL, 10)) ||
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
    const char *app = in->query_id ? in->query_id : weir_option_get(&in->options, "txnAppId"),
               *ver = weir_option_get(&in->options, "txnVersion");
    weir_jw w;
    if (!app || (!in->query_id && !ver)) return;
    weir_str_putc(out, '\n');
    weir_jw_init(&w, out);
    weir_jw_obj(&w);
    weir_jw_key(&w, "txn");
    weir_jw_obj(&w);
    weir_jw_key(&w, "appId");
    weir_jw_str(&w, app);
    weir_jw_key(&w, "version");
    weir_jw_int(&w, in->query_id ? k->sink->epoch : strtoll(ver, NULL, 10));
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
    weir_jw_bool(&w, true);
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
    weir_jw_bool(&w, true);
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
    int64_t removed = removes(k) && k->d->version >= 0 ? k->d->nfile : 0;
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
    return weir_delta_check_writer(ctx, k->d, removes(k));
}

static weir_rc sink_commit(weir_ctx *ctx, weir_sink *s) {
    delta_sink *k = s->impl;
    for (int tries = 0; tries < RETRIES; tries++) {
        bool lost = false;
        char *text = entry(ctx, k);
        WEIR_TRY(weir_delta_commit(ctx, k->d, text, &lost));
        if (!lost) {
            weir_ctx own = *ctx;
            own.arena = s->mem;
            WEIR_TRY(weir_delta_advance(ctx, k->d, text));
            if (k->new_metadata && s->info.query_id) WEIR_TRY(plan_columns(&own, k));
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
                                       .open = sink_open,
                                       .begin = sink_begin,
                                       .writer = sink_writer,
                                       .commit = sink_commit,
                                       .abort = sink_abort,
                                       .description = sink_description,
                                       .close = sink_close};
