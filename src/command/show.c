/* SHOW, DESCRIBE, SET. Result columns are Spark's. */
#include "command/command.h"

#include "base/log.h"
#include "delta/delta.h"
#include "func/datetime.h"

#include <stdlib.h>
#include <strings.h>

static weir_rc show_tables(weir_ctx *ctx, weir_session *s, weir_command *c, bool views,
                           weir_plan **out);

typedef struct view_rows {
    weir_answer *r;
    const char *like;
} view_rows;

static void add_view(void *u, const char *name) {
    weir_answer *r = ((view_rows *)u)->r;
    if (strncmp(name, "global_temp.", 12) == 0) return;
    weir_answer_text(r, 0, "");
    weir_answer_text(r, 1, name);
    weir_answer_bool(r, 2, true);
    weir_answer_row(r);
}

static weir_rc show_tables(weir_ctx *ctx, weir_session *s, weir_command *c, bool views,
                           weir_plan **out) {
    weir_field f[] = {{"namespace", &weir_t_string, false, NULL},
                      {views ? "viewName" : "tableName", &weir_t_string, false, NULL},
                      {"isTemporary", &weir_t_boolean, false, NULL}};
    weir_answer r;
    weir_table *t = NULL;
    int n = 0;
    const char *schema = c->nname ? c->name[c->nname - 1] : weir_session_current_schema(s);
    WEIR_TRY(weir_answer_init(ctx, &r, weir_type_struct(ctx->arena, f, 3)));
    WEIR_TRY(
        weir_catalog_table_list(ctx, weir_session_shared(s)->catalog, schema, c->value, &t, &n));
    for (int i = 0; i < n; i++) {
        if (views && t[i].kind != WEIR_TABLE_VIEW) continue;
        weir_answer_text(&r, 0, t[i].schema);
        weir_answer_text(&r, 1, t[i].name);
        weir_answer_bool(&r, 2, false);
        weir_answer_row(&r);
    }
    view_rows v = {&r, c->value};
    if (!c->value) weir_session_view_each(s, add_view, &v);
    return weir_answer_done(&r, out);
}

static weir_rc show_schemas(weir_ctx *ctx, weir_session *s, weir_command *c, weir_plan **out) {
    static const char *const names[] = {"namespace"};
    weir_answer r;
    weir_schema_info *v = NULL;
    int n = 0;
    WEIR_TRY(weir_answer_init(ctx, &r, weir_text_schema(ctx->arena, 1, names)));
    WEIR_TRY(weir_catalog_schema_list(ctx, weir_session_shared(s)->catalog, c->value, &v, &n));
    for (int i = 0; i < n; i++) {
        weir_answer_text(&r, 0, v[i].name);
        weir_answer_row(&r);
    }
    return weir_answer_done(&r, out);
}

static weir_rc table_schema(weir_ctx *ctx, weir_session *s, weir_command *c, weir_plan **out) {
    weir_plan *ref = weir_plan_new(ctx->arena, WEIR_P_TABLE, 0);
    ref->names = c->name;
    ref->nname = c->nname;
    ref->at = c->at;
    return weir_session_analyze(ctx, s, ref, out);
}

static weir_rc catalog_entry(weir_ctx *ctx, weir_session *s, weir_command *c, weir_table **t) {
    const char *schema, *table;
    *t = NULL;
    if (c->nname == 2 && strcasecmp(c->name[0], "delta") == 0) return WEIR_OK;
    WEIR_TRY(weir_name_split(ctx, s, c->name, c->nname, &schema, &table));
    return weir_catalog_table_get(ctx, weir_session_shared(s)->catalog, schema, table, t);
}

static weir_rc show_columns(weir_ctx *ctx, weir_session *s, weir_command *c, weir_plan **out) {
    static const char *const names[] = {"col_name"};
    weir_answer r;
    weir_plan *p = NULL;
    WEIR_TRY(table_schema(ctx, s, c, &p));
    WEIR_TRY(weir_answer_init(ctx, &r, weir_text_schema(ctx->arena, 1, names)));
    for (int i = 0; i < p->schema->nfield; i++) {
        weir_answer_text(&r, 0, p->schema->field[i].name);
        weir_answer_row(&r);
    }
    return weir_answer_done(&r, out);
}

static weir_rc show_properties(weir_ctx *ctx, weir_session *s, weir_command *c, weir_plan **out) {
    static const char *const names[] = {"key", "value"};
    weir_answer r;
    weir_table *t = NULL;
    weir_plan *p = NULL;
    WEIR_TRY(table_schema(ctx, s, c, &p));
    WEIR_TRY(catalog_entry(ctx, s, c, &t));
    WEIR_TRY(weir_answer_init(ctx, &r, weir_text_schema(ctx->arena, 2, names)));
    weir_options have = t ? t->properties : (weir_options){0};
    bool found = !c->value || !t;
    if (t && t->kind != WEIR_TABLE_VIEW && strcasecmp(t->format, "delta") == 0)
        WEIR_TRY(weir_delta_shown_properties(ctx, t->location, &have));
    for (int i = 0; i < have.n; i++) {
        if (c->value && strcmp(c->value, have.opt[i].key) != 0) continue;
        found = true;
        weir_answer_text(&r, 0, have.opt[i].key);
        weir_answer_text(&r, 1,
                         weir_conf_redacted(weir_session_conf(s), have.opt[i].key,
                                            have.opt[i].value));
        weir_answer_row(&r);
    }
    if (!found) {
        weir_answer_text(&r, 0, c->value);
        weir_answer_text(&r, 1,
                         weir_printf(ctx->arena,
                                     "Table spark_catalog.%s.%s does not have property: %s",
                                     t->schema, t->name, c->value));
        weir_answer_row(&r);
    }
    return weir_answer_done(&r, out);
}

weir_rc weir_show(weir_ctx *ctx, weir_session *s, weir_command *c, weir_plan **out) {
    static const char *const catalog[] = {"catalog"};
    weir_answer r;
    switch (c->kind) {
    case WEIR_C_SHOW_TABLES: return show_tables(ctx, s, c, false, out);
    case WEIR_C_SHOW_VIEWS: return show_tables(ctx, s, c, true, out);
    case WEIR_C_SHOW_SCHEMAS: return show_schemas(ctx, s, c, out);
    case WEIR_C_SHOW_COLUMNS: return show_columns(ctx, s, c, out);
    case WEIR_C_SHOW_TBLPROPERTIES: return show_properties(ctx, s, c, out);
    case WEIR_C_SHOW_CATALOGS:
        WEIR_TRY(weir_answer_init(ctx, &r, weir_text_schema(ctx->arena, 1, catalog)));
        weir_answer_text(&r, 0, "spark_catalog");
        weir_answer_row(&r);
        return weir_answer_done(&r, out);
    default:
        return weir_fail(ctx, WEIR_E_UNSUPPORTED_FEATURE, "feature",
                         "this SHOW statement; SHOW TABLES, SCHEMAS, VIEWS, COLUMNS, TBLPROPERTIES "
                         "and CATALOGS are there");
    }
}

/* ---- DESCRIBE ---- */

static void line(weir_answer *r, const char *a, const char *b, const char *c) {
    weir_answer_text(r, 0, a);
    weir_answer_text(r, 1, b);
    weir_answer_text(r, 2, c);
    weir_answer_row(r);
}

static const char *comment_of(weir_ctx *ctx, const weir_field *f) {
    if (!f->metadata) return NULL;
    return weir_json_str(weir_json_parse(ctx->arena, f->metadata, strlen(f->metadata), NULL),
                         "comment", NULL);
}

static void detailed(weir_ctx *ctx, weir_answer *r, const weir_table *t) {
    static const char *const kinds[] = {"MANAGED", "EXTERNAL", "VIEW"};
    line(r, "", "", "");
    line(r, "# Detailed Table Information", "", "");
    line(r, "Catalog", "spark_catalog", "");
    line(r, "Database", t->schema, "");
    line(r, "Table", t->name, "");
    line(r, "Type", kinds[t->kind], "");
    if (t->comment) line(r, "Comment", t->comment, "");
    if (t->view_text)
        line(r, "View Text", t->view_text, "");
    else
        line(r, "Provider", t->format, "");
    if (t->location) line(r, "Location", weir_path_text(ctx->arena, t->location), "");
}

static weir_rc describe_table(weir_ctx *ctx, weir_session *s, weir_command *c, weir_plan **out) {
    weir_field f[] = {{"col_name", &weir_t_string, false, NULL},
                      {"data_type", &weir_t_string, false, NULL},
                      {"comment", &weir_t_string, true, NULL}};
    weir_answer r;
    weir_plan *p = NULL;
    weir_table *t = NULL;
    if (c->kind == WEIR_C_DESCRIBE_QUERY)
        WEIR_TRY(weir_session_analyze(ctx, s, c->query, &p));
    else
        WEIR_TRY(table_schema(ctx, s, c, &p));
    WEIR_TRY(weir_answer_init(ctx, &r, weir_type_struct(ctx->arena, f, 3)));
    if (c->value && weir_schema_find(p->schema, c->value, false) < 0)
        return weir_fail(ctx, WEIR_E_COLUMN_NOT_FOUND, "colName",
                         weir_printf(ctx->arena, "`%s`", c->value), "caseSensitiveConfig",
                         "\"spark.sql.caseSensitive\"");
    for (int i = 0; i < p->schema->nfield; i++) {
        const weir_field *col = &p->schema->field[i];
        if (p->attr && p->attr[i].hidden) continue;
        if (c->value && strcasecmp(c->value, col->name) != 0) continue;
        line(&r, col->name, weir_type_name(ctx->arena, col->type), comment_of(ctx, col));
    }
    if (c->kind == WEIR_C_DESCRIBE && c->extended) WEIR_TRY(catalog_entry(ctx, s, c, &t));
    if (t) detailed(ctx, &r, t);
    return weir_answer_done(&r, out);
}

static weir_rc describe_schema(weir_ctx *ctx, weir_session *s, weir_command *c, weir_plan **out) {
    static const char *const names[] = {"info_name", "info_value"};
    weir_answer r;
    weir_schema_info *i = NULL;
    WEIR_TRY(
        weir_catalog_schema_get(ctx, weir_session_shared(s)->catalog, c->name[c->nname - 1], &i));
    if (!i)
        return weir_fail(ctx, WEIR_E_SCHEMA_NOT_FOUND, "schemaName",
                         weir_printf(ctx->arena, "`spark_catalog`.`%s`", c->name[c->nname - 1]));
    WEIR_TRY(weir_answer_init(ctx, &r, weir_text_schema(ctx->arena, 2, names)));
    const char *const rows[][2] = {{"Catalog Name", "spark_catalog"},
                                   {"Namespace Name", i->name},
                                   {"Comment", i->comment},
                                   {"Location", weir_path_uri(ctx->arena, i->location)},
                                   {"Owner", weir_session_user(s)}};
    for (int k = 0; k < 5; k++) {
        weir_answer_text(&r, 0, rows[k][0]);
        weir_answer_text(&r, 1, rows[k][1]);
        weir_answer_row(&r);
    }
    return weir_answer_done(&r, out);
}

static weir_rc describe_delta(weir_ctx *ctx, weir_session *s, weir_command *c, weir_plan **out) {
    const weir_registry *reg = weir_session_shared(s)->registry;
    weir_table *t = NULL;
    weir_batch *b = WEIR_NEW(ctx->arena, weir_batch);
    weir_schema *schema = NULL;
    WEIR_TRY(catalog_entry(ctx, s, c, &t));
    bool by_path = c->nname == 2 && strcasecmp(c->name[0], "delta") == 0;
    if (!t && !by_path) {
        weir_plan *p = NULL;
        return table_schema(ctx, s, c, &p); /* says that it is not there */
    }
    const char *path = by_path ? NULL : t->location,
               *name = by_path ? NULL
                               : weir_printf(ctx->arena, "spark_catalog.%s.%s", t->schema, t->name);
    if (by_path) WEIR_TRY(weir_table_path(ctx, c->name[0], c->name[1], &path));
    if (!by_path && strcasecmp(t->format, "delta") != 0)
        return weir_fail(ctx, WEIR_E_DELTA_MISSING_DELTA_TABLE, "tableName", name);
    if (c->kind == WEIR_C_DESCRIBE_HISTORY)
        WEIR_TRY(reg->history(ctx, path, &schema, b));
    else
        WEIR_TRY(reg->detail(ctx, path, name, &schema, b));
    *out = weir_plan_new(ctx->arena, WEIR_P_LOCAL, 0);
    b->schema = schema;
    (*out)->schema = schema;
    (*out)->batch = b;
    (*out)->nbatch = b->len ? 1 : 0;
    return WEIR_OK;
}

weir_rc weir_describe(weir_ctx *ctx, weir_session *s, weir_command *c, weir_plan **out) {
    switch (c->kind) {
    case WEIR_C_DESCRIBE_SCHEMA: return describe_schema(ctx, s, c, out);
    case WEIR_C_DESCRIBE_HISTORY:
    case WEIR_C_DESCRIBE_DETAIL: return describe_delta(ctx, s, c, out);
    default: return describe_table(ctx, s, c, out);
    }
}

/* ---- SET, RESET ---- */

static void add_pair(weir_answer *r, const char *key, const char *value) {
    weir_answer_text(r, 0, key);
    weir_answer_text(r, 1, value);
    weir_answer_row(r);
}

typedef struct listing {
    weir_answer *r;
    const weir_conf *conf;
} listing;

static void list_pair(void *u, const char *key, const char *value) {
    listing *l = u;
    add_pair(l->r, key, weir_conf_redacted(l->conf, key, value));
}

weir_rc weir_set(weir_ctx *ctx, weir_session *s, weir_command *c, weir_plan **out) {
    static const char *const names[] = {"key", "value"};
    weir_answer r;
    weir_conf *conf = weir_session_conf(s);
    if (c->kind == WEIR_C_RESET) {
        if (c->text) weir_conf_unset(conf, c->text);
        return WEIR_OK;
    }
    WEIR_TRY(weir_answer_init(ctx, &r, weir_text_schema(ctx->arena, 2, names)));
    if (!c->text) {
        weir_conf_each(conf, list_pair, &(listing){&r, conf});
        return weir_answer_done(&r, out);
    }
    if (c->extended) weir_conf_unset(conf, c->text); /* SET TIME ZONE LOCAL */
    if (c->value) WEIR_TRY(weir_zone_check(ctx, c->text, c->value));
    const char *unused =
        c->value ? weir_conf_unused(ctx->arena, conf, c->text, c->value) : NULL;
    if (c->value) WEIR_TRY(weir_conf_set(ctx, conf, c->text, c->value));
    if (unused) weir_log(WEIR_LOG_WARN, "%s", unused);
    const char *v = c->value ? c->value
                             : weir_conf_redacted(conf, c->text, weir_conf_get(conf, c->text));
    add_pair(&r, c->text, v ? v : "<undefined>");
    return weir_answer_done(&r, out);
}
