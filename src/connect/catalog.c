/* spark.catalog: each question is a relation whose rows are made here. SPARK
 * SparkConnectPlanner.transformCatalog. Called on operation and handler threads. */
#include "command/command.h"
#include "connect/connect.h"
#include "expr/fn.h"

#include <strings.h>

#define CAT(name) SK(CATALOG__CAT_TYPE_##name)
#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))

typedef struct col {
    const char *name;
    char kind;
} col; /* kind: s text, n nullable text, b boolean, a array of text */

static weir_schema *schema_of(weir_arena *a, const col *c, int n) {
    weir_field *f = WEIR_NEWN(a, weir_field, n);
    for (int i = 0; i < n; i++) {
        const weir_type *t = c[i].kind == 'b'   ? &weir_t_boolean
                             : c[i].kind == 'a' ? weir_type_array(a, &weir_t_string, true)
                                                : &weir_t_string;
        f[i] = (weir_field){c[i].name, t, c[i].kind != 'b', NULL};
    }
    return weir_type_struct(a, f, n);
}

static const col database_cols[] = {
    {"name", 's'}, {"catalog", 'n'}, {"description", 'n'}, {"locationUri", 's'}};
static const col table_cols[] = {{"name", 's'},        {"catalog", 'n'},   {"namespace", 'a'},
                                 {"description", 'n'}, {"tableType", 's'}, {"isTemporary", 'b'}};
static const col function_cols[] = {{"name", 's'},        {"catalog", 'n'},   {"namespace", 'a'},
                                    {"description", 'n'}, {"className", 's'}, {"isTemporary", 'b'}};
static const col column_cols[] = {{"name", 's'},     {"description", 'n'}, {"dataType", 's'},
                                  {"nullable", 'b'}, {"isPartition", 'b'}, {"isBucket", 'b'},
                                  {"isCluster", 'b'}};
static const col catalog_cols[] = {{"name", 's'}, {"description", 'n'}};

static weir_session *host(weir_tp *tp) { return tp->session->session; }
static weir_catalog *store(weir_tp *tp) { return weir_session_shared(host(tp))->catalog; }

static weir_rc one_text(weir_tp *tp, const char *text, weir_plan **out) {
    static const col c[] = {{"value", 's'}};
    weir_answer r;
    WEIR_TRY(weir_answer_init(tp->ctx, &r, schema_of(tp->ctx->arena, c, 1)));
    weir_answer_text(&r, 0, text);
    weir_answer_row(&r);
    return weir_answer_done(&r, out);
}

static weir_rc one_bool(weir_tp *tp, bool v, weir_plan **out) {
    static const col c[] = {{"value", 'b'}};
    weir_answer r;
    WEIR_TRY(weir_answer_init(tp->ctx, &r, schema_of(tp->ctx->arena, c, 1)));
    weir_answer_bool(&r, 0, v);
    weir_answer_row(&r);
    return weir_answer_done(&r, out);
}

static void put_namespace(weir_answer *r, int at, const char *schema) {
    weir_build *b = &r->col[at];
    if (!schema) {
        weir_build_null(b);
        return;
    }
    weir_build_bytes(&b->kid[0], schema, strlen(schema));
    weir_build_list(b);
}

/* Spark's pattern: * is any text, | separates alternatives; case does not matter. */
static bool like_one(const char *p, size_t n, const char *s) {
    if (n == 0) return !*s;
    if (*p == '*') {
        for (const char *t = s;; t++) {
            if (like_one(p + 1, n - 1, t)) return true;
            if (!*t) return false;
        }
    }
    return *s && (*p | 32) == (*s | 32) && like_one(p + 1, n - 1, s + 1);
}

static bool like(const char *pattern, const char *s) {
    if (!pattern || !*pattern) return true;
    for (const char *p = pattern;;) {
        size_t n = strcspn(p, "|");
        if (n < 128 && like_one(p, n, s)) return true;
        if (!p[n]) return false;
        p += n + 1;
    }
}

static weir_rc need_schema(weir_tp *tp, const char *name, weir_schema_info **out) {
    WEIR_TRY(weir_catalog_schema_get(tp->ctx, store(tp), name, out));
    return *out ? WEIR_OK
                : weir_fail(tp->ctx, WEIR_E_SCHEMA_NOT_FOUND, "schemaName",
                            weir_printf(tp->ctx->arena, "`%s`", name));
}

static void put_database(weir_answer *r, const weir_schema_info *s) {
    weir_answer_text(r, 0, s->name);
    weir_answer_text(r, 1, "spark_catalog");
    weir_answer_text(r, 2,
                     s->comment                        ? s->comment
                     : strcmp(s->name, "default") == 0 ? "default database"
                                                       : "");
    weir_answer_text(r, 3,
                     s->location ? weir_path_uri(r->ctx->arena, s->location) : "");
    weir_answer_row(r);
}

static weir_rc databases(weir_tp *tp, const char *only, const char *pattern, weir_plan **out) {
    weir_answer r;
    weir_schema_info *v = NULL;
    int n = 1;
    WEIR_TRY(weir_answer_init(tp->ctx, &r,
                              schema_of(tp->ctx->arena, database_cols, COUNT(database_cols))));
    if (only)
        WEIR_TRY(need_schema(tp, only, &v));
    else
        WEIR_TRY(weir_catalog_schema_list(tp->ctx, store(tp), NULL, &v, &n));
    for (int i = 0; i < n; i++)
        if (like(pattern, v[i].name)) put_database(&r, &v[i]);
    return weir_answer_done(&r, out);
}

static void put_table(weir_answer *r, const weir_table *t) {
    static const char *const kinds[] = {"MANAGED", "EXTERNAL", "VIEW"};
    weir_answer_text(r, 0, t->name);
    weir_answer_text(r, 1, "spark_catalog");
    put_namespace(r, 2, t->schema);
    weir_answer_text(r, 3, t->comment);
    weir_answer_text(r, 4, kinds[t->kind]);
    weir_answer_bool(r, 5, false);
    weir_answer_row(r);
}

static void put_view(weir_answer *r, const char *name) {
    bool global = strncmp(name, "global_temp.", 12) == 0;
    weir_answer_text(r, 0, global ? name + 12 : name);
    weir_build_null(&r->col[1]);
    if (global)
        put_namespace(r, 2, "global_temp");
    else
        weir_build_list(&r->col[2]);
    weir_answer_text(r, 3, NULL);
    weir_answer_text(r, 4, "TEMPORARY");
    weir_answer_bool(r, 5, true);
    weir_answer_row(r);
}

typedef struct view_list {
    weir_arena *a;
    weir_plan names;
} view_list;
static void note_view(void *u, const char *name) {
    view_list *l = u;
    weir_plan_add_name(l->a, &l->names, weir_strdup(l->a, name));
}

static weir_rc tables(weir_tp *tp, const char *schema, const char *pattern, bool views_only,
                      weir_plan **out) {
    weir_answer r;
    weir_table *v = NULL;
    weir_schema_info *info = NULL;
    view_list views = {.a = tp->ctx->arena};
    int n = 0;
    if (!schema || !*schema) schema = weir_session_current_schema(host(tp));
    if (strcmp(schema, "global_temp") != 0) WEIR_TRY(need_schema(tp, schema, &info));
    WEIR_TRY(
        weir_answer_init(tp->ctx, &r, schema_of(tp->ctx->arena, table_cols, COUNT(table_cols))));
    if (info) WEIR_TRY(weir_catalog_table_list(tp->ctx, store(tp), schema, NULL, &v, &n));
    for (int i = 0; i < n; i++)
        if (like(pattern, v[i].name) && (!views_only || v[i].kind == WEIR_TABLE_VIEW))
            put_table(&r, &v[i]);
    weir_session_view_each(host(tp), note_view, &views);
    for (int i = 0; i < views.names.nname; i++) {
        const char *name = views.names.names[i];
        bool global = strncmp(name, "global_temp.", 12) == 0;
        if (global == (info == NULL) && like(pattern, global ? name + 12 : name))
            put_view(&r, name);
    }
    return weir_answer_done(&r, out);
}

/* A table or temporary view by name; both NULL when there is none. */
static weir_rc find_table(weir_tp *tp, const char *db, const char *name, weir_table **t,
                          const char **view) {
    const char **part = NULL, *schema = NULL, *table = NULL;
    int n = 0;
    weir_schema_info *info = NULL;
    *t = NULL;
    *view = NULL;
    if (db && *db) {
        part = WEIR_NEWN(tp->ctx->arena, const char *, 2);
        part[0] = db;
        part[1] = weir_text(name);
        n = 2;
    } else {
        WEIR_TRY(weir_sql_parse_name(tp->ctx, weir_text(name), &part, &n));
    }
    const char *key = n == 1 ? part[0]
                      : n == 2 && strcmp(part[0], "global_temp") == 0
                          ? weir_printf(tp->ctx->arena, "global_temp.%s", part[1])
                          : NULL;
    if (key && weir_session_view_get(tp->ctx, host(tp), key)) {
        *view = key;
        return WEIR_OK;
    }
    WEIR_TRY(weir_name_split(tp->ctx, host(tp), part, n, &schema, &table));
    WEIR_TRY(weir_catalog_schema_get(tp->ctx, store(tp), schema, &info));
    return info ? weir_catalog_table_get(tp->ctx, store(tp), schema, table, t) : WEIR_OK;
}

static weir_rc no_table(weir_tp *tp, const char *name) {
    return weir_fail(tp->ctx, WEIR_E_TABLE_OR_VIEW_NOT_FOUND, "relationName",
                     weir_printf(tp->ctx->arena, "`%s`", weir_text(name)));
}

static weir_rc get_table(weir_tp *tp, const SC(GetTable) * q, weir_plan **out) {
    weir_answer r;
    weir_table *t = NULL;
    const char *view = NULL;
    WEIR_TRY(find_table(tp, q->db_name, q->table_name, &t, &view));
    if (!t && !view) return no_table(tp, q->table_name);
    WEIR_TRY(
        weir_answer_init(tp->ctx, &r, schema_of(tp->ctx->arena, table_cols, COUNT(table_cols))));
    if (t)
        put_table(&r, t);
    else
        put_view(&r, view);
    return weir_answer_done(&r, out);
}

static weir_rc exists(weir_tp *tp, const char *db, const char *name, weir_plan **out) {
    weir_table *t = NULL;
    const char *view = NULL;
    WEIR_TRY(find_table(tp, db, name, &t, &view));
    return one_bool(tp, t || view, out);
}

static weir_rc columns(weir_tp *tp, const SC(ListColumns) * q, weir_plan **out) {
    weir_answer r;
    weir_table *t = NULL;
    const char *view = NULL;
    weir_plan *p = weir_plan_new(tp->ctx->arena, WEIR_P_TABLE, 0), *resolved = NULL;
    int n = 0;
    WEIR_TRY(find_table(tp, q->db_name, q->table_name, &t, &view));
    if (!t && !view) return no_table(tp, q->table_name);
    if (q->db_name && *q->db_name) weir_plan_add_name(tp->ctx->arena, p, q->db_name);
    if (p->nname)
        weir_plan_add_name(tp->ctx->arena, p, weir_text(q->table_name));
    else
        WEIR_TRY(weir_sql_parse_name(tp->ctx, weir_text(q->table_name), &p->names, &n));
    if (n) p->nname = n;
    WEIR_TRY(weir_session_analyze(tp->ctx, host(tp), p, &resolved));
    WEIR_TRY(
        weir_answer_init(tp->ctx, &r, schema_of(tp->ctx->arena, column_cols, COUNT(column_cols))));
    for (int i = 0; i < resolved->schema->nfield; i++) {
        const weir_field *f = &resolved->schema->field[i];
        bool part = false;
        for (int k = 0; t && k < t->npartition; k++)
            part |= strcasecmp(t->partition_by[k], f->name) == 0;
        if (resolved->attr && resolved->attr[i].hidden) continue;
        weir_answer_text(&r, 0, f->name);
        weir_answer_text(&r, 1, NULL);
        weir_answer_text(&r, 2, weir_type_name(tp->ctx->arena, f->type));
        weir_answer_bool(&r, 3, f->nullable);
        weir_answer_bool(&r, 4, part);
        weir_answer_bool(&r, 5, false);
        weir_answer_bool(&r, 6, false);
        weir_answer_row(&r);
    }
    return weir_answer_done(&r, out);
}

static weir_rc catalogs(weir_tp *tp, const char *pattern, weir_plan **out) {
    weir_answer r;
    WEIR_TRY(weir_answer_init(tp->ctx, &r,
                              schema_of(tp->ctx->arena, catalog_cols, COUNT(catalog_cols))));
    if (like(pattern, "spark_catalog")) {
        weir_answer_text(&r, 0, "spark_catalog");
        weir_answer_row(&r);
    }
    return weir_answer_done(&r, out);
}

static weir_rc get_function(weir_tp *tp, const char *name, weir_plan **out) {
    weir_answer r;
    if (!weir_fn_exists(weir_text(name)))
        return weir_fail(tp->ctx, WEIR_E_UNRESOLVED_ROUTINE, "routineName",
                         weir_printf(tp->ctx->arena, "`%s`", weir_text(name)), "searchPath",
                         "[`system`.`builtin`, `system`.`session`, `spark_catalog`.`default`]");
    WEIR_TRY(weir_answer_init(tp->ctx, &r,
                              schema_of(tp->ctx->arena, function_cols, COUNT(function_cols))));
    weir_answer_text(&r, 0, name);
    weir_build_null(&r.col[1]);
    put_namespace(&r, 2, NULL);
    weir_answer_text(&r, 3, "");
    weir_answer_text(&r, 4, "");
    weir_answer_bool(&r, 5, true);
    weir_answer_row(&r);
    return weir_answer_done(&r, out);
}

static weir_rc run_named(weir_tp *tp, weir_ckind kind, const char *name, bool if_exists,
                         bool cascade, weir_plan **out) {
    weir_command *c = weir_command_new(tp->ctx->arena, kind);
    int n = 0;
    WEIR_TRY(weir_sql_parse_name(tp->ctx, weir_text(name), &c->name, &n));
    c->nname = n;
    c->if_exists = c->if_not_exists = if_exists;
    c->cascade = cascade;
    return weir_session_command(tp->ctx, host(tp), c, out);
}

static weir_rc create_table(weir_tp *tp, const char *name, const char *path, const char *source,
                            const char *text, const SC(DataType) * schema, weir_options options,
                            weir_plan **out) {
    weir_command *c = weir_command_new(tp->ctx->arena, WEIR_C_CREATE_TABLE);
    weir_plan *done = NULL;
    int n = 0;
    WEIR_TRY(weir_sql_parse_name(tp->ctx, weir_text(name), &c->name, &n));
    c->nname = n;
    c->format = source && *source
                    ? source
                    : weir_strdup(tp->ctx->arena,
                                  weir_conf_get(tp->ctx->conf, "spark.sql.sources.default"));
    c->location = path && *path ? path : weir_option_get(&options, "path");
    c->comment = text && *text ? text : NULL;
    c->options = options;
    if (schema) WEIR_TRY(weir_pb_to_type(tp->ctx, schema, &c->columns));
    if (c->columns && c->columns->nfield == 0) c->columns = NULL;
    WEIR_TRY(weir_session_command(tp->ctx, host(tp), c, &done));
    *out = weir_plan_new(tp->ctx->arena, WEIR_P_TABLE, 0);
    (*out)->names = c->name;
    (*out)->nname = c->nname;
    return WEIR_OK;
}

static weir_rc drop_view(weir_tp *tp, const char *name, bool global, weir_plan **out) {
    bool found = false;
    WEIR_TRY(weir_session_view_drop(tp->ctx, host(tp), weir_text(name), global, &found));
    return one_bool(tp, found, out);
}

/* What changes something. */
static weir_rc change(weir_tp *tp, const SC(Catalog) * c, weir_plan **out) {
    weir_uri place;
    switch (c->cat_type_case) {
    case CAT(SET_CURRENT_DATABASE):
        return run_named(tp, WEIR_C_USE, c->set_current_database->db_name, false, false, out);
    case CAT(CREATE_TABLE):
        return create_table(tp, c->create_table->table_name, c->create_table->path,
                            c->create_table->source, c->create_table->description,
                            c->create_table->schema, WEIR_TP_OPTIONS(tp, c->create_table), out);
    case CAT(CREATE_EXTERNAL_TABLE):
        return create_table(tp, c->create_external_table->table_name,
                            c->create_external_table->path, c->create_external_table->source, NULL,
                            c->create_external_table->schema,
                            WEIR_TP_OPTIONS(tp, c->create_external_table), out);
    case CAT(DROP_TEMP_VIEW): return drop_view(tp, c->drop_temp_view->view_name, false, out);
    case CAT(DROP_GLOBAL_TEMP_VIEW):
        return drop_view(tp, c->drop_global_temp_view->view_name, true, out);
    case CAT(DROP_TABLE):
        return run_named(tp, WEIR_C_DROP_TABLE, c->drop_table->table_name, c->drop_table->if_exists,
                         false, out);
    case CAT(DROP_VIEW):
        return run_named(tp, WEIR_C_DROP_VIEW, c->drop_view->view_name, c->drop_view->if_exists,
                         false, out);
    case CAT(CREATE_DATABASE):
        return run_named(tp, WEIR_C_CREATE_SCHEMA, c->create_database->db_name,
                         c->create_database->if_not_exists, false, out);
    case CAT(DROP_DATABASE):
        return run_named(tp, WEIR_C_DROP_SCHEMA, c->drop_database->db_name,
                         c->drop_database->if_exists, c->drop_database->cascade, out);
    case CAT(TRUNCATE_TABLE):
        return run_named(tp, WEIR_C_TRUNCATE, c->truncate_table->table_name, false, false, out);
    case CAT(SET_CURRENT_CATALOG):
        if (strcmp(weir_text(c->set_current_catalog->catalog_name), "spark_catalog") != 0)
            return weir_fail(tp->ctx, WEIR_E_CATALOG_NOT_FOUND, "catalogName",
                             weir_printf(tp->ctx->arena, "`%s`",
                                         weir_text(c->set_current_catalog->catalog_name)),
                             "config",
                             weir_printf(tp->ctx->arena, "\"spark.sql.catalog.%s\"",
                                         weir_text(c->set_current_catalog->catalog_name)));
        return weir_answer_none(tp->ctx, out);
    case CAT(CACHE_TABLE):
    case CAT(UNCACHE_TABLE):
    case CAT(CLEAR_CACHE):
    case CAT(REFRESH_TABLE): return weir_answer_none(tp->ctx, out);
    case CAT(REFRESH_BY_PATH):
        WEIR_TRY(weir_uri_parse(tp->ctx, weir_text(c->refresh_by_path->path), NULL, &place));
        return weir_answer_none(tp->ctx, out); /* nothing is cached */
    default: return weir_tp_unsupported(tp->ctx, "this catalog request", "Use SQL");
    }
}

weir_rc weir_tp_catalog(weir_tp *tp, const SC(Catalog) * c, weir_plan **out) {
    if (!tp->session)
        return weir_fail(tp->ctx, WEIR_E_ILLEGAL_STATE, "message",
                         "A catalog request needs a session.");
    switch (c->cat_type_case) {
    case CAT(CURRENT_DATABASE): return one_text(tp, weir_session_current_schema(host(tp)), out);
    case CAT(CURRENT_CATALOG): return one_text(tp, "spark_catalog", out);
    case CAT(LIST_CATALOGS): return catalogs(tp, c->list_catalogs->pattern, out);
    case CAT(LIST_DATABASES): return databases(tp, NULL, c->list_databases->pattern, out);
    case CAT(GET_DATABASE): return databases(tp, weir_text(c->get_database->db_name), NULL, out);
    case CAT(DATABASE_EXISTS): {
        weir_schema_info *info = NULL;
        WEIR_TRY(weir_catalog_schema_get(tp->ctx, store(tp), weir_text(c->database_exists->db_name),
                                         &info));
        return one_bool(tp, info != NULL, out);
    }
    case CAT(LIST_TABLES):
        return tables(tp, c->list_tables->db_name, c->list_tables->pattern, false, out);
    case CAT(LIST_VIEWS):
        return tables(tp, c->list_views->db_name, c->list_views->pattern, true, out);
    case CAT(GET_TABLE): return get_table(tp, c->get_table, out);
    case CAT(TABLE_EXISTS):
        return exists(tp, c->table_exists->db_name, c->table_exists->table_name, out);
    case CAT(LIST_COLUMNS): return columns(tp, c->list_columns, out);
    case CAT(FUNCTION_EXISTS):
        return one_bool(tp, weir_fn_exists(weir_text(c->function_exists->function_name)), out);
    case CAT(GET_FUNCTION): return get_function(tp, c->get_function->function_name, out);
    case CAT(IS_CACHED): return one_bool(tp, false, out);
    default: return change(tp, c, out);
    }
}
