/* Batch writes: DataFrameWriter, INSERT, and the target of a write by table name. */
#include "command/command.h"
#include "exec/op.h"
#include "exec/task_error.h"
#include "expr/fn.h"
#include "func/assign.h"
#include "plan/store_assign.h"
#include "sql/sql.h"

#include <strings.h>

const weir_sink_ops *weir_sink_find(const weir_session *s, const char *format) {
    const weir_sink_registry *r =
        &weir_session_shared((weir_session *)(uintptr_t)s)->registry->sinks;
    const char *dot = strrchr(format, '.');
    if (dot && strncmp(format, "org.apache.spark.sql.", 21) == 0) format = dot + 1;
    for (int i = 0; i < r->n; i++)
        if (strcasecmp(r->ops[i]->format, format) == 0) return r->ops[i];
    return NULL;
}

typedef struct pump {
    const weir_sink *sink;
    weir_writer *w;
} pump;

static weir_rc pour(weir_ctx *ctx, void *u, const weir_batch *b) {
    const pump *to = u;
    return weir_writer_write(ctx, to->sink, to->w, b);
}

/* SPARK DeltaCommand.createSetTransaction: a version that the session gave is taken once, if it
 * wants that; else the next write would be skipped without a word. */
static void reset_txn(const weir_ctx *ctx, const weir_sink_ops *ops, const weir_write_info *info) {
    static const char key[] = "spark.databricks.delta.write.txnVersion";
    bool ours = info->host && strcmp(ops->format, "delta") == 0 && !info->columns_only &&
                !weir_option_get(&info->options, "txnVersion") &&
                weir_conf_get(ctx->conf, "spark.databricks.delta.write.txnAppId");
    if (ours &&
        weir_conf_bool(ctx->conf, "spark.databricks.delta.write.txnVersion.autoReset.enabled"))
        weir_conf_unset(weir_session_conf(info->host), key);
}

weir_rc weir_write_rows(weir_ctx *ctx, weir_plan *p, const weir_sink_ops *ops,
                        const weir_write_info *info) {
    weir_sink sink = {.ops = ops, .mem = ctx->arena, .info = *info, .epoch = -1};
    bool done = false;
    sink.info.schema = p->schema;
    WEIR_TRY(weir_options_check(ctx, ops->options, WEIR_USE_WRITE,
                                &info->options, &sink.info.options));
    weir_rc rc = ops->open(ctx, &sink);
    if (rc == WEIR_OK) rc = ops->begin(ctx, &sink, -1, &done);
    if (rc == WEIR_OK && !done) {
        pump u = {&sink, NULL};
        rc = ops->writer(ctx, &sink, 0, &u.w);
        if (rc == WEIR_OK) {
            rc = weir_exec_run(ctx, p, pour, &u);
            if (rc != WEIR_OK && ops->names_task) rc = weir_task_failed(ctx, p, info->path, rc);
            if (rc == WEIR_OK) rc = weir_writer_finish(ctx, &sink, u.w);
            if (rc != WEIR_OK) u.w->abort(u.w);
        }
        if (rc == WEIR_OK) rc = ops->commit(ctx, &sink);
        if (rc != WEIR_OK) ops->abort(ctx, &sink);
    }
    if (ops->close) ops->close(&sink);
    if (rc == WEIR_OK) reset_txn(ctx, ops, &sink.info);
    return rc;
}

static weir_rc check_sink(weir_ctx *ctx, const weir_session *s, const char *format,
                          const weir_sink_ops **out) {
    *out = weir_sink_find(s, format);
    if (!*out) return weir_fail(ctx, WEIR_E_DATA_SOURCE_NOT_FOUND, "provider", format);
    return WEIR_OK;
}

/* A new managed table takes an empty place; a Delta table may find itself there, which its creation
 * had written before it was known here. */
static weir_rc managed_place(weir_ctx *ctx, weir_catalog *cat, weir_table *t) {
    weir_stat st;
    weir_dirent *e = NULL;
    int64_t n = 0;
    char *place;
    bool delta = strcasecmp(t->format, "delta") == 0;
    WEIR_TRY(weir_catalog_place(ctx, cat, t->schema, t->name, &place));
    t->location = place;
    WEIR_TRY(weir_path_stat(ctx, place, &st));
    if (!st.exists) return WEIR_OK;
    WEIR_TRY(weir_path_list(ctx, place, false, &e, &n));
    for (int64_t i = 0; delta && i < n; i++)
        if (strcmp(e[i].name, "_delta_log") == 0) return WEIR_OK;
    if (n == 0) return WEIR_OK;
    const char *uri = weir_printf(ctx->arena, "file:%s", place);
    if (delta)
        return weir_fail(ctx, WEIR_E_DELTA_CREATE_TABLE_WITH_NON_EMPTY_LOCATION, "tableId",
                         weir_printf(ctx->arena, "`%s`.`%s`", t->schema, t->name), "tableLocation",
                         uri);
    return weir_fail(ctx, WEIR_E_LOCATION_ALREADY_EXISTS, "identifier",
                     weir_printf(ctx->arena, "`spark_catalog`.`%s`.`%s`", t->schema, t->name),
                     "location", weir_printf(ctx->arena, "'%s'", uri));
}

weir_rc weir_target_table(weir_ctx *ctx, weir_session *s, const char *const *name, int nname,
                          const char *format, weir_write_info *info, weir_target *t) {
    const char *schema, *table;
    weir_catalog *cat = weir_session_shared(s)->catalog;
    weir_schema_info *sc = NULL;
    WEIR_TRY(weir_name_split(ctx, s, name, nname, &schema, &table));
    WEIR_TRY(weir_catalog_schema_get(ctx, cat, schema, &sc));
    if (!sc && nname == 2 && weir_sink_find(s, schema)) { /* delta.`/path` */
        t->format = schema;
        WEIR_TRY(weir_table_path(ctx, schema, table, &info->path));
        return check_sink(ctx, s, schema, &t->sink);
    }
    if (!sc)
        return weir_fail(ctx, WEIR_E_SCHEMA_NOT_FOUND, "schemaName",
                         weir_printf(ctx->arena, "`spark_catalog`.`%s`", schema));
    WEIR_TRY(weir_catalog_table_get(ctx, cat, schema, table, &t->table));
    t->existed = t->table != NULL;
    if (t->existed && t->table->kind == WEIR_TABLE_VIEW)
        return weir_fail(ctx, WEIR_E_WRONG_COMMAND_FOR_VIEW, "operation", "a write", "requiredType",
                         "TABLE", "objectName",
                         weir_printf(ctx->arena, "`spark_catalog`.`%s`.`%s`", schema, table),
                         "foundType", "VIEW", "alternative", "its tables");
    if (!t->existed) {
        if (!format)
            return weir_fail(ctx, WEIR_E_TABLE_OR_VIEW_NOT_FOUND, "relationName",
                             weir_printf(ctx->arena, "`%s`.`%s`", schema, table));
        t->table = WEIR_NEW(ctx->arena, weir_table);
        t->table->schema = sc->name;
        t->table->name = table;
        t->table->kind = info->path ? WEIR_TABLE_EXTERNAL : WEIR_TABLE_MANAGED;
        t->table->format = format;
        WEIR_TRY(weir_catalog_check_name(ctx, schema, table));
        WEIR_TRY(info->path ? weir_uri_local(ctx, info->path, sc->location, &t->table->location)
                            : managed_place(ctx, cat, t->table));
    }
    t->format = t->table->format;
    info->path = t->table->location;
    info->table_name =
        weir_printf(ctx->arena, "spark_catalog.%s.%s", t->table->schema, t->table->name);
    if (t->existed && strcasecmp(t->format, "delta") != 0) {
        info->table_schema = t->table->columns;
        info->partition_by = t->table->partition_by;
        info->npartition = t->table->npartition;
    }
    return check_sink(ctx, s, t->format, &t->sink);
}

weir_rc weir_target_register(weir_ctx *ctx, weir_session *s, const weir_target *t,
                             const weir_write_info *info, weir_schema *columns) {
    if (!t->table || (t->existed && !t->replaces)) return WEIR_OK;
    weir_table e = *t->table;
    e.columns = strcasecmp(e.format, "delta") == 0 ? NULL : columns;
    e.partition_by = info->partition_by;
    e.npartition = info->npartition;
    e.properties = info->properties;
    e.comment = info->comment;
    return weir_catalog_table_put(ctx, weir_session_shared(s)->catalog, &e, true);
}

weir_rc weir_target_create(weir_ctx *ctx, weir_session *s, const weir_target *t,
                           const weir_write_info *info, weir_schema *columns) {
    weir_write_info first = *info;
    weir_stat log;
    if (strcasecmp(t->format, "delta") == 0 && columns && !t->existed) {
        WEIR_TRY(weir_path_stat(ctx, weir_printf(ctx->arena, "%s/_delta_log", info->path), &log));
        if (!log.exists) {
            weir_plan *empty = weir_plan_new(ctx->arena, WEIR_P_LOCAL, 0);
            empty->schema = weir_schema_plain(ctx->arena, columns);
            first.table_schema = empty->schema;
            first.save_mode = WEIR_SAVE_APPEND;
            first.operation = "CREATE TABLE";
            first.create_table = first.columns_only = true;
            WEIR_TRY(weir_write_rows(ctx, empty, t->sink, &first));
        }
    }
    return weir_target_register(ctx, s, t, info, columns);
}

/* ---- arranged as the table's columns ---- */

/* Every column that an INSERT lists is one of the table's, and is listed once. */
static weir_rc check_listed(weir_ctx *ctx, const weir_command *c, weir_schema *table) {
    bool exact = weir_conf_bool(ctx->conf, "spark.sql.caseSensitive");
    for (int k = 0; k < c->ncolumn_list; k++) {
        const char *name = c->column_list[k];
        for (int i = 0; i < k; i++)
            if ((exact ? strcmp : strcasecmp)(c->column_list[i], name) == 0)
                return weir_fail(ctx, WEIR_E_COLUMN_ALREADY_EXISTS, "columnName",
                                 weir_printf(ctx->arena, "`%s`", name));
        if (weir_schema_find(table, name, exact) >= 0) continue;
        weir_str have;
        weir_str_init(&have, ctx->arena, 1 << 20);
        for (int i = 0; i < table->nfield; i++)
            weir_str_printf(&have, "%s`%s`", i ? ", " : "", table->field[i].name);
        return weir_fail(ctx, WEIR_E_UNRESOLVED_COLUMN_WITH_SUGGESTION, "objectName",
                         weir_printf(ctx->arena, "`%s`", name), "proposal", have.p);
    }
    return WEIR_OK;
}

static const char *name_list(weir_ctx *ctx, const char *const *name, int n) {
    weir_str list;
    weir_str_init(&list, ctx->arena, 1 << 20);
    for (int i = 0; i < n; i++) weir_str_printf(&list, "%s`%s`", i ? ", " : "", name[i]);
    return list.p ? list.p : "";
}

/* SPARK: fields of a struct that has as many as the column's are named as these by their places;
 * not so those in lists. */
static weir_assign *named_by_place(weir_arena *a, const weir_type *from, const weir_type *to) {
    if (from->kind != WEIR_T_STRUCT || to->kind != WEIR_T_STRUCT || from->nfield != to->nfield)
        return weir_assign_same(a, from);
    int *source = WEIR_NEWN(a, int, from->nfield + 1);
    weir_field *f = WEIR_NEWN(a, weir_field, from->nfield + 1);
    weir_assign **kid = WEIR_NEWN(a, weir_assign *, from->nfield + 1);
    for (int i = 0; i < from->nfield; i++) {
        source[i] = i;
        kid[i] = named_by_place(a, from->field[i].type, to->field[i].type);
        f[i] = from->field[i];
        f[i].name = to->field[i].name;
        f[i].type = weir_assign_type(kid[i]);
    }
    return weir_assign_nested(a, from, weir_type_struct(a, f, from->nfield), source, kid);
}

/* The query's columns under the names that the INSERT lists. */
static weir_rc take_listed(weir_ctx *ctx, weir_session *s, const weir_command *c,
                           const weir_store_target *t, weir_plan **p) {
    weir_schema *rows = (*p)->schema;
    weir_plan *proj = weir_plan_new(ctx->arena, WEIR_P_PROJECT, 1, *p);
    WEIR_TRY(check_listed(ctx, c, t->columns));
    const char **name = WEIR_NEWN(ctx->arena, const char *, rows->nfield + 1);
    for (int i = 0; i < rows->nfield; i++) name[i] = rows->field[i].name;
    if (rows->nfield != c->ncolumn_list)
        return weir_fail(ctx,
                         rows->nfield < c->ncolumn_list ? WEIR_E_INSERT_NOT_ENOUGH_COLUMNS
                                                        : WEIR_E_INSERT_TOO_MANY_COLUMNS,
                         "tableName", t->quoted, "tableColumns",
                         name_list(ctx, c->column_list, c->ncolumn_list), "dataColumns",
                         name_list(ctx, name, rows->nfield));
    for (int i = 0; i < rows->nfield; i++) {
        int at = weir_schema_find(t->columns, c->column_list[i], false);
        weir_expr *e = weir_expr_col(ctx->arena, i, rows->field[i].type, rows->field[i].nullable);
        e->name = rows->field[i].name;
        /* SPARK: Delta casts what is spelled otherwise */
        name[i] = t->is_delta ? c->column_list[i] : t->columns->field[at].name;
        if (!t->is_delta)
            e = weir_assign_expr(ctx->arena, e,
                                 named_by_place(ctx->arena, e->type, t->columns->field[at].type));
        weir_plan_add_expr(ctx->arena, proj,
                           weir_expr_alias(ctx->arena, e, name[i]));
    }
    return weir_session_analyze(ctx, s, proj, p);
}

static weir_rc arrange(weir_ctx *ctx, weir_session *s, const weir_store_target *t, weir_plan **p) {
    weir_plan *made = NULL;
    WEIR_TRY(weir_store_assign(ctx, t, *p, &made));
    return made == *p ? WEIR_OK : weir_session_analyze(ctx, s, made, p);
}

static bool merges_schema(weir_ctx *ctx, const weir_write_info *info) {
    const char *v = weir_option_get(&info->options, "mergeSchema");
    return v ? strcasecmp(v, "true") == 0
             : weir_conf_bool(ctx->conf, "spark.databricks.delta.schema.autoMerge.enabled");
}

/* The table as store assignment sees it. */
static weir_rc store_target(weir_ctx *ctx, weir_session *s, const char *const *name, int nname,
                            const weir_target *t, const weir_write_info *info,
                            weir_store_target *out) {
    weir_plan *table = NULL, ref = {.kind = WEIR_P_TABLE,
                                    .names = (const char **)(uintptr_t)name,
                                    .nname = nname,
                                    .plan_id = -1};
    WEIR_TRY(weir_session_analyze(ctx, s, &ref, &table));
    out->is_delta = strcasecmp(t->format, "delta") == 0;
    /* SPARK: the columns of files are nullable, whatever was declared */
    out->columns = t->table && t->table->columns && !out->is_delta
                       ? weir_type_nullable(ctx->arena, t->table->columns)
                       : table->schema;
    out->merges = out->is_delta && merges_schema(ctx, info);
    out->quoted = t->table ? weir_printf(ctx->arena, "`spark_catalog`.`%s`.`%s`", t->table->schema,
                                         t->table->name)
                           : weir_printf(ctx->arena, "`%s`.`%s`", name[0], name[nname - 1]);
    out->dotted =
        t->table ? info->table_name : weir_printf(ctx->arena, "%s.`%s`", name[0], name[nname - 1]);
    return WEIR_OK;
}

static const char *joined(weir_ctx *ctx, const char *const *name, int n) {
    weir_str list;
    weir_str_init(&list, ctx->arena, 1 << 20);
    for (int i = 0; i < n; i++) weir_str_printf(&list, "%s%s", i ? ", " : "", name[i]);
    return list.p ? list.p : "";
}

static const char *column_names(weir_ctx *ctx, weir_schema *t) {
    const char **name = WEIR_NEWN(ctx->arena, const char *, t->nfield + 1);
    for (int i = 0; i < t->nfield; i++) name[i] = t->field[i].name;
    return joined(ctx, name, t->nfield);
}

static bool overwrite_schema(const weir_write_info *info) {
    const char *v = weir_option_get(&info->options, "overwriteSchema");
    return v && strcasecmp(v, "true") == 0;
}

static weir_rc format_differs(weir_ctx *ctx, const weir_target *t, const char *format) {
    return weir_fail(ctx, WEIR_E_ANALYSIS_LEGACY, "message",
                     weir_printf(ctx->arena,
                                 "The format of the existing table `spark_catalog`.`%s`.`%s` is "
                                 "`%s`. It doesn't match the specified format `%s`.",
                                 t->table->schema, t->table->name, t->format, format));
}

/* SPARK: a table of files that saveAsTable overwrites is dropped and made anew, in the warehouse.
 */
static weir_rc make_anew(weir_ctx *ctx, weir_session *s, weir_write_info *info, weir_target *t) {
    weir_table *old = t->table, *fresh = WEIR_NEW(ctx->arena, weir_table);
    const char *path = weir_option_get(&info->options, "path");
    *fresh = (weir_table){.schema = old->schema, .name = old->name, .format = old->format};
    fresh->kind = path ? WEIR_TABLE_EXTERNAL : WEIR_TABLE_MANAGED;
    fresh->location = old->location;
    weir_catalog *cat = weir_session_shared(s)->catalog;
    if (path) {
        weir_schema_info *sc = NULL;
        WEIR_TRY(weir_catalog_schema_get(ctx, cat, old->schema, &sc));
        WEIR_TRY(weir_uri_local(ctx, path, sc ? sc->location : NULL, &fresh->location));
    } else if (old->kind != WEIR_TABLE_MANAGED) {
        WEIR_TRY(managed_place(ctx, cat, fresh));
    }
    t->table = fresh;
    t->replaces = true;
    info->path = fresh->location;
    info->table_schema = NULL;
    return WEIR_OK;
}

/* SPARK PreprocessTableCreation: rows for a table of files that is there. */
static weir_rc check_append(weir_ctx *ctx, const weir_command *c, const weir_store_target *store,
                            const weir_table *table, weir_schema *rows) {
    const char *name = store->dotted;
    if (rows->nfield != store->columns->nfield)
        return weir_fail(ctx, WEIR_E_LEGACY_1161, "tableName", name, "existingTableSchema",
                         weir_type_name(ctx->arena, store->columns), "querySchema",
                         weir_type_name(ctx->arena, rows));
    for (int i = 0; i < store->columns->nfield; i++) {
        const char *column = store->columns->field[i].name;
        int at =
            weir_schema_find(rows, column, weir_conf_bool(ctx->conf, "spark.sql.caseSensitive"));
        if (at == -2)
            return weir_fail(ctx, WEIR_E_AMBIGUOUS_REFERENCE, "name",
                             weir_printf(ctx->arena, "`%s`", column), "referenceNames",
                             weir_printf(ctx->arena, "[`%s`, `%s`]", column, column));
        if (at == -1)
            return weir_fail(ctx, WEIR_E_LEGACY_1162, "col", column, "inputColumns",
                             column_names(ctx, rows));
    }
    bool same = c->npartition == table->npartition;
    for (int i = 0; i < c->npartition && same; i++)
        same = strcasecmp(c->partition_by[i], table->partition_by[i]) == 0;
    if (same) return WEIR_OK;
    return weir_fail(ctx, WEIR_E_LEGACY_1163, "tableName", name, "specifiedPartCols",
                     joined(ctx, c->partition_by, c->npartition), "existingPartCols",
                     joined(ctx, table->partition_by, table->npartition));
}

/* Rows for a table that is there, as its columns. */
static weir_rc fit_table(weir_ctx *ctx, weir_session *s, const weir_command *c,
                         weir_write_info *info, weir_target *t, weir_plan **p) {
    weir_store_target store = {.by_name = true, .frame = true};
    bool delta = strcasecmp(t->format, "delta") == 0;
    bool overwrites = info->save_mode == WEIR_SAVE_OVERWRITE;
    if (!delta && c->v2)
        return weir_fail(
            ctx, WEIR_E_LEGACY_1012, "identifier",
            weir_printf(ctx->arena, "`spark_catalog`.`%s`.`%s`", t->table->schema, t->table->name));
    if (!delta && overwrites) return make_anew(ctx, s, info, t);
    /* SPARK: saveAsTable replaces a Delta table as a write by path does */
    if (delta && (info->overwrite_schema || overwrite_schema(info) || (overwrites && !c->v2)))
        return WEIR_OK;
    WEIR_TRY(store_target(ctx, s, c->name, c->nname, t, info, &store));
    if (!delta) WEIR_TRY(check_append(ctx, c, &store, t->table, (*p)->schema));
    return arrange(ctx, s, &store, p);
}

static weir_rc nested_partition(weir_ctx *ctx, bool delta, weir_schema *rows, const char **part,
                                int n) {
    if (!delta) {
        const char *dotted = weir_printf(ctx->arena, "`identity(%s", part[0]);
        for (int i = 1; i < n; i++) dotted = weir_printf(ctx->arena, "%s`.`%s", dotted, part[i]);
        return weir_fail(ctx, WEIR_E_UNSUPPORTED_PARTITION_TRANSFORM, "transform",
                         weir_printf(ctx->arena, "%s)`", dotted));
    }
    if (weir_schema_find(rows, part[0], false) == -1)
        return weir_fail(ctx, WEIR_E_TABLE_PARTITION_NOT_FOUND, "columnName", part[0], "schemaMap",
                         column_names(ctx, rows));
    return weir_fail(ctx, WEIR_E_DELTA_OPERATION_NOT_ALLOWED, "operation",
                     "Partitioning by expressions");
}

/* SPARK FieldReference: partition columns of a table are written as in SQL; those of a path, and of
 * saveAsTable to files, are names as they stand. */
static weir_rc parse_partitions(weir_ctx *ctx, bool delta, weir_schema *rows,
                                weir_write_info *info) {
    const char **name = WEIR_NEWN(ctx->arena, const char *, info->npartition + 1);
    for (int i = 0; i < info->npartition; i++) {
        const char **part;
        int n = 0;
        WEIR_TRY(weir_sql_parse_name(ctx, info->partition_by[i], &part, &n));
        if (n > 1) return nested_partition(ctx, delta, rows, part, n);
        name[i] = part[0];
    }
    info->partition_by = name;
    return WEIR_OK;
}

static weir_rc write_table(weir_ctx *ctx, weir_session *s, weir_command *c, weir_plan *p,
                           weir_write_info *info) {
    weir_target t = {0};
    bool named = c->format && *c->format;
    bool must_exist = c->v2 && (c->mode == WEIR_SAVE_APPEND || c->mode == WEIR_SAVE_OVERWRITE ||
                                c->mode == WEIR_SAVE_OVERWRITE_PARTITIONS);
    const char *format = named ? c->format : weir_conf_get(ctx->conf, "spark.sql.sources.default");
    bool delta = strcasecmp(format, "delta") == 0;
    if (c->v2 || delta) WEIR_TRY(parse_partitions(ctx, delta, p->schema, info));
    WEIR_TRY(weir_target_table(ctx, s, c->name, c->nname, must_exist ? NULL : format, info, &t));
    if (t.existed && info->save_mode == WEIR_SAVE_ERROR)
        return weir_fail(ctx, WEIR_E_TABLE_ALREADY_EXISTS, "relationName",
                         weir_printf(ctx->arena, "`%s`.`%s`", t.table->schema, t.table->name));
    if (t.existed && info->save_mode == WEIR_SAVE_IGNORE) return WEIR_OK;
    if (t.existed && !c->v2 && (named || c->mode == WEIR_SAVE_APPEND) &&
        strcasecmp(format, t.format) != 0)
        return format_differs(ctx, &t, format);
    if (t.existed) WEIR_TRY(fit_table(ctx, s, c, info, &t, &p));
    info->create_table = !t.existed;
    if (!t.existed) WEIR_TRY(weir_table_check(ctx, t.format, p->schema, info));
    if (!t.existed) info->operation = "CREATE TABLE AS SELECT";
    WEIR_TRY(weir_write_rows(ctx, p, t.sink, info));
    return weir_target_register(ctx, s, &t, info, p->schema);
}

static weir_rc v2_mode(weir_ctx *ctx, weir_command *c, weir_write_info *info) {
    switch (c->mode) {
    case WEIR_SAVE_CREATE: info->save_mode = WEIR_SAVE_ERROR; return WEIR_OK;
    case WEIR_SAVE_REPLACE:
    case WEIR_SAVE_CREATE_OR_REPLACE:
        info->save_mode = WEIR_SAVE_OVERWRITE;
        info->overwrite_schema = true;
        return WEIR_OK;
    case WEIR_SAVE_OVERWRITE_PARTITIONS:
        return weir_fail(ctx, WEIR_E_UNSUPPORTED_FEATURE, "feature",
                         "overwritePartitions(); use the replaceWhere option");
    default: return WEIR_OK;
    }
}

weir_rc weir_write(weir_ctx *ctx, weir_session *s, weir_command *c) {
    weir_plan *p = NULL;
    WEIR_TRY(weir_session_analyze(ctx, s, c->query, &p));
    if (p->streaming)
        return weir_fail(ctx, WEIR_E_CALL_ON_STREAMING_DATASET_UNSUPPORTED, "methodName",
                         "`write`");
    weir_write_info info = {.save_mode = c->mode,
                            .options = c->options,
                            .partition_by = c->partition_by,
                            .npartition = c->npartition,
                            .properties = c->properties,
                            .operation = "WRITE",
                            .host = s};
    if (c->v2) WEIR_TRY(v2_mode(ctx, c, &info));
    const char *opt = weir_option_get(&c->options, "path"), *path = c->path ? c->path : opt;
    if (c->path && opt) return weir_fail(ctx, WEIR_E_PATH_AND_SAVE, NULL);
    if (c->to_table) {
        info.path = path;
        return write_table(ctx, s, c, p, &info);
    }
    const weir_sink_ops *sink = NULL;
    const char *format =
        c->format && *c->format ? c->format : weir_conf_get(ctx->conf, "spark.sql.sources.default");
    WEIR_TRY(check_sink(ctx, s, format, &sink));
    if (!sink->batch)
        return weir_fail(
            ctx, WEIR_E_UNSUPPORTED_OPERATION_LEGACY, "message",
            weir_printf(ctx->arena, "Data source %s does not support batch writing", format));
    if (!path && sink->needs_path)
        return weir_fail(ctx, sink->needs_path, NULL);
    if (path && sink->needs_path) WEIR_TRY(weir_uri_local(ctx, path, NULL, &info.path));
    return weir_write_rows(ctx, p, sink, &info);
}

weir_rc weir_insert(weir_ctx *ctx, weir_session *s, weir_command *c) {
    weir_plan *p = NULL;
    weir_write_info info = {.save_mode = c->overwrite ? WEIR_SAVE_OVERWRITE : WEIR_SAVE_APPEND,
                            .operation = "WRITE", /* SPARK: insertInto() drops its options */
                            .host = s};
    weir_target t = {0};
    weir_store_target store = {.by_name = c->by_name || c->ncolumn_list};
    WEIR_TRY(weir_target_table(ctx, s, c->name, c->nname, NULL, &info, &t));
    WEIR_TRY(weir_session_analyze(ctx, s, c->query, &p));
    WEIR_TRY(store_target(ctx, s, c->name, c->nname, &t, &info, &store));
    if (c->ncolumn_list) WEIR_TRY(take_listed(ctx, s, c, &store, &p));
    WEIR_TRY(arrange(ctx, s, &store, &p));
    return weir_write_rows(ctx, p, t.sink, &info);
}
