/* CREATE, DROP, USE, TRUNCATE. */
#include "command/command.h"
#include "delta/delta.h"
#include "io/clear.h"
#include "sql/sql.h"

#include <strings.h>

static const char *last_part(const weir_command *c) { return c->name[c->nname - 1]; }

static weir_rc create_schema(weir_ctx *ctx, weir_session *s, weir_command *c) {
    weir_schema_info info = {
        .name = last_part(c), .comment = c->comment, .properties = c->properties};
    const char *warehouse = weir_catalog_warehouse(weir_session_shared(s)->catalog);
    if (c->location && !*c->location)
        return weir_fail(ctx, WEIR_E_INVALID_EMPTY_LOCATION, "location", "");
    if (c->location) WEIR_TRY(weir_uri_local(ctx, c->location, warehouse, &info.location));
    return weir_catalog_schema_create(ctx, weir_session_shared(s)->catalog, &info,
                                      c->if_not_exists);
}

static weir_rc use(weir_ctx *ctx, weir_session *s, weir_command *c) {
    weir_schema_info *info = NULL;
    if (strcasecmp(last_part(c), "spark_catalog") == 0) return WEIR_OK;
    WEIR_TRY(weir_catalog_schema_get(ctx, weir_session_shared(s)->catalog, last_part(c), &info));
    if (!info)
        return weir_fail(ctx, WEIR_E_SCHEMA_NOT_FOUND, "schemaName",
                         weir_printf(ctx->arena, "`spark_catalog`.`%s`", last_part(c)));
    weir_session_set_current(s, info->name);
    return WEIR_OK;
}

static weir_rc drop_entry(weir_ctx *ctx, weir_session *s, const char *schema, const char *name) {
    weir_table *t = NULL;
    WEIR_TRY(weir_catalog_table_drop(ctx, weir_session_shared(s)->catalog, schema, name, &t));
    if (!t || t->kind != WEIR_TABLE_MANAGED || !t->location) return WEIR_OK;
    if (strcasecmp(t->format, "delta") == 0) return weir_delta_clear(ctx, t->location);
    return weir_clear_dir(ctx, t->location, &(weir_clear){0}, true);
}

static weir_rc drop_schema(weir_ctx *ctx, weir_session *s, const weir_command *c) {
    weir_catalog *k = weir_session_shared(s)->catalog;
    weir_schema_info *info = NULL;
    weir_table *t = NULL;
    int n = 0;
    if (c->cascade) WEIR_TRY(weir_catalog_schema_get(ctx, k, last_part(c), &info));
    if (info && strcmp(info->name, "default") != 0)
        WEIR_TRY(weir_catalog_table_list(ctx, k, info->name, NULL, &t, &n));
    for (int i = 0; i < n; i++) WEIR_TRY(drop_entry(ctx, s, info->name, t[i].name));
    return weir_catalog_schema_drop(ctx, k, last_part(c), c->if_exists);
}

static weir_rc drop_table(weir_ctx *ctx, weir_session *s, weir_command *c) {
    const char *schema, *table;
    bool found = false;
    weir_table *t = NULL;
    if (c->nname == 1) WEIR_TRY(weir_session_view_drop(ctx, s, c->name[0], false, &found));
    if (found) return WEIR_OK;
    WEIR_TRY(weir_name_split(ctx, s, c->name, c->nname, &schema, &table));
    WEIR_TRY(weir_catalog_table_get(ctx, weir_session_shared(s)->catalog, schema, table, &t));
    bool view = c->kind == WEIR_C_DROP_VIEW;
    if (t && (t->kind == WEIR_TABLE_VIEW) != view)
        return weir_fail(
            ctx, WEIR_E_WRONG_COMMAND_FOR_VIEW, "operation", view ? "DROP VIEW" : "DROP TABLE",
            "requiredType", view ? "VIEW" : "TABLE", "objectName",
            weir_printf(ctx->arena, "`spark_catalog`.`%s`.`%s`", schema, table), "foundType",
            view ? "TABLE" : "VIEW", "alternative", view ? "DROP TABLE" : "DROP VIEW");
    if (t) return drop_entry(ctx, s, schema, table);
    if (c->if_exists) return WEIR_OK;
    return weir_fail(ctx, WEIR_E_TABLE_OR_VIEW_NOT_FOUND, "relationName",
                     weir_printf(ctx->arena, "`%s`.`%s`", schema, table));
}

static weir_rc create_view(weir_ctx *ctx, weir_session *s, weir_command *c) {
    weir_plan *check = NULL;
    WEIR_TRY(weir_session_analyze(ctx, s, c->query, &check));
    if (c->ncolumn_list)
        return weir_fail(ctx, WEIR_E_UNSUPPORTED_FEATURE, "feature",
                         "a column list in CREATE VIEW; use AS in its select list");
    if (c->temporary) { /* the text is parsed again into memory of the session's */
        weir_arena *mem = weir_arena_new(NULL);
        weir_ctx own = *ctx;
        weir_command *none = NULL;
        weir_plan *p = NULL;
        own.arena = mem;
        weir_rc rc = weir_sql_parse(&own, weir_strdup(mem, c->text), NULL, &p, &none);
        if (rc == WEIR_OK)
            rc = weir_session_view_put(ctx, s, last_part(c), p, mem, c->replace, c->global);
        if (rc != WEIR_OK) weir_arena_free(mem);
        return rc;
    }
    const char *schema, *name;
    weir_table *old = NULL;
    WEIR_TRY(weir_name_split(ctx, s, c->name, c->nname, &schema, &name));
    WEIR_TRY(weir_catalog_table_get(ctx, weir_session_shared(s)->catalog, schema, name, &old));
    if (old && c->if_not_exists) return WEIR_OK;
    weir_table t = {.schema = schema,
                    .name = name,
                    .kind = WEIR_TABLE_VIEW,
                    .format = "view",
                    .comment = c->comment,
                    .view_text = c->text,
                    .view_schema = weir_session_current_schema(s),
                    .columns = check->schema,
                    .properties = c->properties};
    return weir_catalog_table_put(ctx, weir_session_shared(s)->catalog, &t, c->replace);
}

static weir_rc create_empty(weir_ctx *ctx, weir_session *s, weir_command *c, const weir_target *t,
                            weir_write_info *info) {
    if (!c->columns && strcasecmp(t->format, "delta") != 0 && !c->location)
        return weir_fail(ctx, WEIR_E_UNABLE_TO_INFER_SCHEMA, "format", t->format);
    return weir_target_create(ctx, s, t, info, c->columns);
}

static weir_rc create_table(weir_ctx *ctx, weir_session *s, weir_command *c) {
    weir_write_info info = {.partition_by = c->partition_by,
                            .npartition = c->npartition,
                            .options = c->options,
                            .properties = c->properties,
                            .comment = c->comment,
                            .host = s};
    weir_target t = {0};
    if (c->replace)
        return weir_fail(ctx, WEIR_E_UNSUPPORTED_FEATURE, "feature",
                         "CREATE OR REPLACE TABLE; use mode(\"overwrite\").saveAsTable()");
    const char *format =
        c->format ? c->format : weir_conf_get(ctx->conf, "spark.sql.sources.default");
    if (c->columns) WEIR_TRY(weir_table_check(ctx, format, c->columns, &info));
    info.path = c->location ? c->location : weir_option_get(&c->options, "path");
    WEIR_TRY(weir_target_table(ctx, s, c->name, c->nname, format, &info, &t));
    if (t.existed && c->if_not_exists) return WEIR_OK;
    if (t.existed)
        return weir_fail(
            ctx, WEIR_E_TABLE_ALREADY_EXISTS, "relationName",
            weir_printf(ctx->arena, "`spark_catalog`.`%s`.`%s`", t.table->schema, t.table->name));
    if (!c->query) return create_empty(ctx, s, c, &t, &info);
    weir_plan *p = NULL;
    WEIR_TRY(weir_session_analyze(ctx, s, c->query, &p));
    WEIR_TRY(weir_table_check(ctx, format, p->schema, &info));
    info.save_mode = WEIR_SAVE_ERROR;
    info.operation = "CREATE TABLE AS SELECT";
    info.create_table = true;
    WEIR_TRY(weir_write_rows(ctx, p, t.sink, &info));
    return weir_target_register(ctx, s, &t, &info, p->schema);
}

static weir_rc truncate_table(weir_ctx *ctx, weir_session *s, weir_command *c) {
    weir_write_info info = {.save_mode = WEIR_SAVE_OVERWRITE, .operation = "TRUNCATE", .host = s};
    weir_target t = {0};
    weir_plan *now = NULL,
              ref = {.kind = WEIR_P_TABLE, .names = c->name, .nname = c->nname, .plan_id = -1};
    WEIR_TRY(weir_session_analyze(ctx, s, &ref, &now));
    WEIR_TRY(weir_target_table(ctx, s, c->name, c->nname, NULL, &info, &t));
    weir_plan *empty = weir_plan_new(ctx->arena, WEIR_P_LOCAL, 0);
    empty->schema = now->schema;
    return weir_write_rows(ctx, empty, t.sink, &info);
}

weir_rc weir_ddl(weir_ctx *ctx, weir_session *s, weir_command *c, weir_plan **out) {
    (void)out;
    switch (c->kind) {
    case WEIR_C_CREATE_SCHEMA: return create_schema(ctx, s, c);
    case WEIR_C_DROP_SCHEMA: return drop_schema(ctx, s, c);
    case WEIR_C_CREATE_TABLE: return create_table(ctx, s, c);
    case WEIR_C_DROP_TABLE:
    case WEIR_C_DROP_VIEW: return drop_table(ctx, s, c);
    case WEIR_C_CREATE_VIEW: return create_view(ctx, s, c);
    case WEIR_C_TRUNCATE: return truncate_table(ctx, s, c);
    default: return use(ctx, s, c);
    }
}
