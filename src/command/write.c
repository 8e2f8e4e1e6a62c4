/* Batch writes: DataFrameWriter, INSERT, and the target of a write by table name. */
#include "command/command.h"
#include "exec/op.h"
#include "expr/fn.h"

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
    weir_writer *w;
} pump;

static weir_rc pour(weir_ctx *ctx, void *u, const weir_batch *b) {
    weir_writer *w = ((pump *)u)->w;
    return w->write(ctx, w, b);
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
        pump u = {NULL};
        rc = ops->writer(ctx, &sink, 0, &u.w);
        if (rc == WEIR_OK) {
            rc = weir_exec_run(ctx, p, pour, &u);
            if (rc == WEIR_OK) rc = u.w->finish(ctx, u.w);
            if (rc != WEIR_OK) u.w->abort(u.w);
        }
        if (rc == WEIR_OK) rc = ops->commit(ctx, &sink);
        if (rc != WEIR_OK) ops->abort(ctx, &sink);
    }
    if (ops->close) ops->close(&sink);
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
                         weir_printf(ctx->arena, "`%s`.`%s`", t->schema, t->name),
                         "tableLocation", uri);
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
    if (!t->table || t->existed) return WEIR_OK;
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
            empty->schema = columns;
            first.table_schema = columns;
            first.save_mode = WEIR_SAVE_APPEND;
            first.operation = "CREATE TABLE";
            first.create_table = true;
            WEIR_TRY(weir_write_rows(ctx, empty, t->sink, &first));
        }
    }
    return weir_target_register(ctx, s, t, info, columns);
}

static weir_rc write_table(weir_ctx *ctx, weir_session *s, weir_command *c, weir_plan *p,
                           weir_write_info *info) {
    weir_target t = {0};
    bool named = c->format && *c->format;
    WEIR_TRY(weir_target_table(
        ctx, s, c->name, c->nname,
        named ? c->format : weir_conf_get(ctx->conf, "spark.sql.sources.default"), info, &t));
    if (t.existed && info->save_mode == WEIR_SAVE_ERROR)
        return weir_fail(ctx, WEIR_E_TABLE_ALREADY_EXISTS, "relationName",
                         weir_printf(ctx->arena, "`%s`.`%s`", t.table->schema, t.table->name));
    if (t.existed && info->save_mode == WEIR_SAVE_IGNORE) return WEIR_OK;
    if (t.existed && named && strcasecmp(c->format, t.format) != 0)
        return weir_fail(ctx, WEIR_E_ANALYSIS_LEGACY, "message",
                         weir_printf(ctx->arena,
                                     "The format of the existing table `spark_catalog`.`%s`.`%s` "
                                     "is `%s`. It doesn't match the specified format `%s`.",
                                     t.table->schema, t.table->name, t.format, c->format));
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

/* Every column that an INSERT lists is one of the table's, and is listed once. */
static weir_rc check_listed(weir_ctx *ctx, const weir_command *c, weir_schema *table) {
    for (int k = 0; k < c->ncolumn_list; k++) {
        const char *name = c->column_list[k];
        for (int i = 0; i < k; i++)
            if (strcasecmp(c->column_list[i], name) == 0)
                return weir_fail(ctx, WEIR_E_COLUMN_ALREADY_EXISTS, "columnName",
                                 weir_printf(ctx->arena, "`%s`", name));
        if (weir_schema_find(table, name, false) >= 0) continue;
        weir_str have;
        weir_str_init(&have, ctx->arena, 1 << 20);
        for (int i = 0; i < table->nfield; i++)
            weir_str_printf(&have, "%s`%s`", i ? ", " : "", table->field[i].name);
        return weir_fail(ctx, WEIR_E_UNRESOLVED_COLUMN_WITH_SUGGESTION, "objectName",
                         weir_printf(ctx->arena, "`%s`", name), "proposal", have.p);
    }
    return WEIR_OK;
}

/* The rows of an INSERT arranged as the table's columns: by position, or by the names listed. */
static weir_rc arrange(weir_ctx *ctx, weir_session *s, weir_command *c, weir_plan *p,
                       weir_schema *table, weir_plan **out) {
    int n = c->ncolumn_list ? c->ncolumn_list : table->nfield;
    if (!c->by_name && p->schema->nfield != n)
        return weir_fail(ctx, WEIR_E_INSERT_COLUMN_ARITY_MISMATCH, "tableName",
                         weir_printf(ctx->arena, "`%s`", c->name[c->nname - 1]), "reason",
                         p->schema->nfield < n ? "not enough data columns"
                                               : "too many data columns",
                         "tableColumns", weir_printf(ctx->arena, "%d", n), "dataColumns",
                         weir_printf(ctx->arena, "%d", p->schema->nfield));
    weir_plan *proj = weir_plan_new(ctx->arena, WEIR_P_PROJECT, 1, p);
    for (int i = 0; i < table->nfield; i++) {
        const weir_field *f = &table->field[i];
        int from = -1;
        for (int k = 0; k < n && c->ncolumn_list; k++)
            if (strcasecmp(c->column_list[k], f->name) == 0) from = k;
        if (c->by_name)
            from = weir_schema_find(p->schema, f->name, false);
        else if (!c->ncolumn_list)
            from = i;
        weir_expr *e = from < 0 ? weir_lit_null(ctx->arena, f->type)
                                : weir_expr_col(ctx->arena, from, p->schema->field[from].type,
                                                p->schema->field[from].nullable);
        if (from >= 0) e->name = p->schema->field[from].name;
        if (e->type->kind != f->type->kind && from >= 0)
            WEIR_TRY(weir_cast_resolve(ctx, e, f->type, WEIR_CAST_ANSI, &e));
        weir_plan_add_expr(ctx->arena, proj, weir_expr_alias(ctx->arena, e, f->name));
    }
    return weir_session_analyze(ctx, s, proj, out);
}

weir_rc weir_insert(weir_ctx *ctx, weir_session *s, weir_command *c) {
    weir_plan *p = NULL, *table = NULL,
              ref = {.kind = WEIR_P_TABLE, .names = c->name, .nname = c->nname, .plan_id = -1};
    weir_write_info info = {.save_mode = c->overwrite ? WEIR_SAVE_OVERWRITE : WEIR_SAVE_APPEND,
                            .operation = "WRITE",
                            .host = s};
    weir_target t = {0};
    WEIR_TRY(weir_session_analyze(ctx, s, &ref, &table));
    WEIR_TRY(weir_session_analyze(ctx, s, c->query, &p));
    WEIR_TRY(weir_target_table(ctx, s, c->name, c->nname, NULL, &info, &t));
    WEIR_TRY(check_listed(ctx, c, table->schema));
    WEIR_TRY(arrange(ctx, s, c, p, table->schema, &p));
    return weir_write_rows(ctx, p, t.sink, &info);
}
