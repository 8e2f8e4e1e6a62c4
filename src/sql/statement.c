/* Statements: everything that is not a query. */
#include "sql/lex.h"

#include <strings.h>

static weir_rc options_item(weir_parser *p, const char **key, const char **value) {
    weir_str k;
    const weir_token *t = weir_tk(p, 0);
    weir_str_init(&k, p->ctx->arena, 4096);
    if (t->kind == WEIR_TK_STRING) {
        weir_str_puts(&k, t->text);
        p->at++;
    } else {
        const char *part;
        do {
            WEIR_TRY(weir_tk_ident(p, &part));
            weir_str_printf(&k, "%s%s", k.len ? "." : "", part);
        } while (weir_tk_take(p, "."));
    }
    (void)weir_tk_take(p, "=");
    t = weir_tk(p, 0);
    bool minus = weir_tk_is(p, "-") && weir_tk(p, 1)->kind == WEIR_TK_NUMBER;
    if (minus) t = weir_tk(p, 1);
    if (t->kind != WEIR_TK_STRING && t->kind != WEIR_TK_NUMBER && t->kind != WEIR_TK_WORD)
        return weir_syntax_error(p);
    *key = k.p;
    *value = minus ? weir_printf(p->ctx->arena, "-%s", t->text) : t->text;
    p->at += minus ? 2 : 1;
    return WEIR_OK;
}

weir_rc weir_parse_options(weir_parser *p, weir_options *out) {
    weir_option *v = WEIR_NEWN(p->ctx->arena, weir_option, p->ntok);
    int n = out->n;
    if (n) memcpy(v, out->opt, sizeof *v * (size_t)n);
    WEIR_TRY(weir_tk_need(p, "("));
    while (!weir_tk_is(p, ")")) {
        WEIR_TRY(options_item(p, &v[n].key, &v[n].value));
        n++;
        if (!weir_tk_take(p, ",")) break;
    }
    *out = (weir_options){n, v};
    return weir_tk_need(p, ")");
}

static weir_rc name_list(weir_parser *p, const char ***out, int32_t *n) {
    *out = WEIR_NEWN(p->ctx->arena, const char *, p->ntok);
    *n = 0;
    WEIR_TRY(weir_tk_need(p, "("));
    do WEIR_TRY(weir_tk_ident(p, &(*out)[(*n)++]));
    while (weir_tk_take(p, ","));
    return weir_tk_need(p, ")");
}

static bool if_not_exists(weir_parser *p) {
    if (!weir_tk_is(p, "if") || !weir_tk_is_at(p, 1, "not") || !weir_tk_is_at(p, 2, "exists"))
        return false;
    p->at += 3;
    return true;
}

static weir_rc parse_create_schema(weir_parser *p, weir_command *c) {
    c->kind = WEIR_C_CREATE_SCHEMA;
    c->if_not_exists = if_not_exists(p);
    WEIR_TRY(weir_parse_name_parts(p, &c->name, &c->nname));
    for (;;) {
        if (weir_tk_take(p, "comment"))
            WEIR_TRY(weir_tk_string(p, &c->comment));
        else if (weir_tk_take(p, "location"))
            WEIR_TRY(weir_tk_string(p, &c->location));
        else if (weir_tk_take2(p, "with", "dbproperties") || weir_tk_take2(p, "with", "properties"))
            WEIR_TRY(weir_parse_options(p, &c->properties));
        else
            return WEIR_OK;
    }
}

static weir_rc parse_create_table(weir_parser *p, weir_command *c) {
    c->kind = WEIR_C_CREATE_TABLE;
    c->if_not_exists = if_not_exists(p);
    WEIR_TRY(weir_parse_name_parts(p, &c->name, &c->nname));
    if (weir_tk_take(p, "like")) return weir_sql_refuse(p, "CREATE TABLE LIKE");
    if (weir_tk_take(p, "(")) {
        WEIR_TRY(weir_parse_columns(p, ")", &c->columns));
        WEIR_TRY(weir_tk_need(p, ")"));
    }
    for (;;) {
        if (weir_tk_take(p, "using"))
            WEIR_TRY(weir_tk_ident(p, &c->format));
        else if (weir_tk_take(p, "options"))
            WEIR_TRY(weir_parse_options(p, &c->options));
        else if (weir_tk_take2(p, "partitioned", "by"))
            WEIR_TRY(name_list(p, &c->partition_by, &c->npartition));
        else if (weir_tk_take(p, "comment"))
            WEIR_TRY(weir_tk_string(p, &c->comment));
        else if (weir_tk_take(p, "location"))
            WEIR_TRY(weir_tk_string(p, &c->location));
        else if (weir_tk_take(p, "tblproperties"))
            WEIR_TRY(weir_parse_options(p, &c->properties));
        else if (weir_tk_is(p, "clustered") || weir_tk_is(p, "cluster"))
            return weir_sql_refuse(p, "clustered tables");
        else
            break;
    }
    bool as = weir_tk_take(p, "as");
    if (as || weir_tk_is(p, "select") || weir_tk_is(p, "with"))
        return weir_parse_query(p, &c->query);
    return WEIR_OK;
}

static weir_rc parse_create_view(weir_parser *p, weir_command *c) {
    c->kind = WEIR_C_CREATE_VIEW;
    c->if_not_exists = if_not_exists(p);
    WEIR_TRY(weir_parse_name_parts(p, &c->name, &c->nname));
    if (weir_tk_is(p, "(")) {
        WEIR_TRY(name_list(p, &c->column_list, &c->ncolumn_list));
    }
    if (weir_tk_take(p, "comment")) WEIR_TRY(weir_tk_string(p, &c->comment));
    if (weir_tk_take(p, "tblproperties")) WEIR_TRY(weir_parse_options(p, &c->properties));
    WEIR_TRY(weir_tk_need(p, "as"));
    int32_t from = weir_tk(p, 0)->start;
    WEIR_TRY(weir_parse_query(p, &c->query));
    c->text = weir_strndup(p->ctx->arena, p->src + from, (size_t)(weir_tk(p, 0)->start - from));
    return WEIR_OK;
}

static weir_rc parse_create(weir_parser *p, weir_command *c) {
    if (weir_tk_take2(p, "or", "replace")) c->replace = true;
    c->global = weir_tk_take(p, "global");
    c->temporary = weir_tk_take(p, "temporary") || weir_tk_take(p, "temp");
    c->external = weir_tk_take(p, "external");
    if (weir_tk_take(p, "schema") || weir_tk_take(p, "database") || weir_tk_take(p, "namespace"))
        return parse_create_schema(p, c);
    if (weir_tk_take(p, "table")) return parse_create_table(p, c);
    if (weir_tk_take(p, "view")) return parse_create_view(p, c);
    if (weir_tk_is(p, "function") || weir_tk_is(p, "variable") || weir_tk_is(p, "materialized"))
        return weir_sql_refuse(p, weir_printf(p->ctx->arena, "CREATE %s", weir_tk(p, 0)->text));
    return weir_syntax_error(p);
}

static weir_rc parse_drop(weir_parser *p, weir_command *c) {
    (void)weir_tk_take(p, "temporary");
    if (weir_tk_take(p, "schema") || weir_tk_take(p, "database") || weir_tk_take(p, "namespace"))
        c->kind = WEIR_C_DROP_SCHEMA;
    else if (weir_tk_take(p, "table"))
        c->kind = WEIR_C_DROP_TABLE;
    else if (weir_tk_take(p, "view"))
        c->kind = WEIR_C_DROP_VIEW;
    else
        return weir_tk_is(p, "function") ? weir_sql_refuse(p, "DROP FUNCTION")
                                         : weir_syntax_error(p);
    c->if_exists = weir_tk_take2(p, "if", "exists");
    WEIR_TRY(weir_parse_name_parts(p, &c->name, &c->nname));
    c->cascade = weir_tk_take(p, "cascade");
    (void)(weir_tk_take(p, "restrict") || weir_tk_take(p, "purge"));
    return WEIR_OK;
}

static weir_rc parse_insert(weir_parser *p, weir_command *c) {
    c->kind = WEIR_C_INSERT;
    c->overwrite = weir_tk_take(p, "overwrite");
    if (!c->overwrite) WEIR_TRY(weir_tk_need(p, "into"));
    (void)weir_tk_take(p, "table");
    WEIR_TRY(weir_parse_name_parts(p, &c->name, &c->nname));
    if (weir_tk_is(p, "partition"))
        return weir_sql_refuse(
            p, "INSERT with a PARTITION clause; name the partition columns in the query");
    c->by_name = weir_tk_take2(p, "by", "name");
    if (weir_tk_is(p, "(") && !weir_tk_is_at(p, 1, "select") && !weir_tk_is_at(p, 1, "values") &&
        !weir_tk_is_at(p, 1, "with"))
        WEIR_TRY(name_list(p, &c->column_list, &c->ncolumn_list));
    if (weir_tk_is(p, "replace"))
        return weir_sql_refuse(
            p, "INSERT INTO ... REPLACE WHERE; use the replaceWhere option of a DataFrame write");
    return weir_parse_query(p, &c->query);
}

static weir_rc show_in(weir_parser *p, weir_command *c) {
    if (weir_tk_take(p, "in") || weir_tk_take(p, "from"))
        WEIR_TRY(weir_parse_name_parts(p, &c->name, &c->nname));
    bool like = weir_tk_take(p, "like");
    if (like || weir_tk(p, 0)->kind == WEIR_TK_STRING) return weir_tk_string(p, &c->value);
    return WEIR_OK;
}

static weir_rc parse_show(weir_parser *p, weir_command *c) {
    if (weir_tk_take(p, "tables")) return c->kind = WEIR_C_SHOW_TABLES, show_in(p, c);
    if (weir_tk_take(p, "views")) return c->kind = WEIR_C_SHOW_VIEWS, show_in(p, c);
    if (weir_tk_take(p, "catalogs")) return c->kind = WEIR_C_SHOW_CATALOGS, show_in(p, c);
    if (weir_tk_take(p, "schemas") || weir_tk_take(p, "databases") || weir_tk_take(p, "namespaces"))
        return c->kind = WEIR_C_SHOW_SCHEMAS, show_in(p, c);
    if (weir_tk_take(p, "functions")) return c->kind = WEIR_C_SHOW_FUNCTIONS, show_in(p, c);
    if (weir_tk_take(p, "columns")) {
        c->kind = WEIR_C_SHOW_COLUMNS;
        if (!weir_tk_take(p, "in") && !weir_tk_take(p, "from")) return weir_syntax_error(p);
        return weir_parse_name_parts(p, &c->name, &c->nname);
    }
    if (weir_tk_take(p, "tblproperties")) {
        c->kind = WEIR_C_SHOW_TBLPROPERTIES;
        WEIR_TRY(weir_parse_name_parts(p, &c->name, &c->nname));
        if (!weir_tk_take(p, "(")) return WEIR_OK;
        WEIR_TRY(weir_tk_string(p, &c->value));
        return weir_tk_need(p, ")");
    }
    if (weir_tk_take2(p, "create", "table"))
        return c->kind = WEIR_C_SHOW_CREATE, weir_parse_name_parts(p, &c->name, &c->nname);
    if (weir_tk_take(p, "partitions"))
        return c->kind = WEIR_C_SHOW_PARTITIONS, weir_parse_name_parts(p, &c->name, &c->nname);
    return weir_syntax_error(p);
}

/* DESCRIBE HISTORY t, DETAIL, SCHEMA, QUERY, [TABLE] [EXTENDED] t [col]; delta.`path` is a name of
 * two parts. */
static weir_rc parse_describe(weir_parser *p, weir_command *c) {
    if (weir_tk_take(p, "history"))
        c->kind = WEIR_C_DESCRIBE_HISTORY;
    else if (weir_tk_take(p, "detail"))
        c->kind = WEIR_C_DESCRIBE_DETAIL;
    else if (weir_tk_take(p, "schema") || weir_tk_take(p, "database") ||
             weir_tk_take(p, "namespace"))
        c->kind = WEIR_C_DESCRIBE_SCHEMA;
    else if (weir_tk_is(p, "select") || weir_tk_is(p, "with") || weir_tk_take(p, "query")) {
        c->kind = WEIR_C_DESCRIBE_QUERY;
        return weir_parse_query(p, &c->query);
    } else {
        (void)weir_tk_take(p, "table");
        c->kind = WEIR_C_DESCRIBE;
    }
    c->extended = weir_tk_take(p, "extended") || weir_tk_take(p, "formatted");
    if (weir_tk(p, 0)->kind == WEIR_TK_STRING) {
        c->name = WEIR_NEWN(p->ctx->arena, const char *, 2);
        c->name[0] = "delta";
        c->nname = 2;
        return weir_tk_string(p, &c->name[1]);
    }
    WEIR_TRY(weir_parse_name_parts(p, &c->name, &c->nname));
    if (c->kind == WEIR_C_DESCRIBE && weir_tk(p, 0)->kind == WEIR_TK_WORD)
        WEIR_TRY(weir_tk_ident(p, &c->value));
    return WEIR_OK;
}

/* SET, SET key, SET key = value (the rest of the text, as it is). */
static weir_rc parse_set(weir_parser *p, weir_command *c) {
    c->kind = WEIR_C_SET;
    if (weir_tk(p, 0)->kind == WEIR_TK_END) return WEIR_OK;
    if (weir_tk_take(p, "-")) {
        c->extended = weir_tk_take(p, "v");
        return WEIR_OK;
    }
    if (weir_tk_take2(p, "time", "zone")) {
        c->text = "spark.sql.session.timeZone";
        if (weir_tk_take(p, "local")) return c->extended = true, WEIR_OK;
        return weir_tk_string(p, &c->value);
    }
    const char *s = p->src + weir_tk(p, 0)->start, *end = p->src + strlen(p->src);
    while (end > s && strchr(" \t\r\n;", end[-1])) end--;
    const char *eq = memchr(s, '=', (size_t)(end - s));
    const char *ke = eq ? eq : end;
    while (ke > s && ke[-1] == ' ') ke--;
    if (*s == '`' && ke > s + 1 && ke[-1] == '`') s++, ke--;
    c->text = weir_strndup(p->ctx->arena, s, (size_t)(ke - s));
    if (eq) {
        for (eq++; eq < end && *eq == ' ';) eq++;
        c->value = weir_strndup(p->ctx->arena, eq, (size_t)(end - eq));
    }
    p->at = p->ntok - 1;
    return WEIR_OK;
}

static weir_rc parse_use(weir_parser *p, weir_command *c) {
    c->kind = WEIR_C_USE;
    (void)(weir_tk_take(p, "schema") || weir_tk_take(p, "database") ||
           weir_tk_take(p, "namespace"));
    return weir_parse_name_parts(p, &c->name, &c->nname);
}

static weir_rc parse_explain(weir_parser *p, weir_command *c) {
    c->kind = WEIR_C_EXPLAIN;
    c->extended = weir_tk_take(p, "extended");
    (void)(weir_tk_take(p, "formatted") || weir_tk_take(p, "codegen") || weir_tk_take(p, "cost"));
    return weir_parse_query(p, &c->query);
}

static weir_rc parse_named(weir_parser *p, weir_command *c, weir_ckind kind) {
    c->kind = kind;
    (void)weir_tk_take(p, "table");
    c->if_exists = weir_tk_take2(p, "if", "exists");
    return weir_parse_name_parts(p, &c->name, &c->nname);
}

static weir_rc refuse_rest(weir_parser *p, weir_command *c) {
    static const char *const later[] = {"alter",  "merge",   "update",  "delete",  "optimize",
                                        "vacuum", "analyze", "restore", "load",    "msck",
                                        "grant",  "revoke",  "call",    "declare", "execute",
                                        "begin",  "comment", "convert", "copy"};
    (void)c;
    for (size_t i = 0; i < sizeof later / sizeof *later; i++)
        if (weir_tk_is(p, later[i]))
            return weir_sql_refuse(
                p, weir_printf(p->ctx->arena,
                               "the statement %s; it is not in this release of weir, run it on "
                               "Apache Spark (tables and checkpoints are shared)",
                               weir_tk(p, 0)->text));
    return weir_syntax_error(p);
}

static weir_rc parse_command(weir_parser *p, weir_command *c) {
    if (weir_tk_take(p, "create")) return parse_create(p, c);
    if (weir_tk_take(p, "drop")) return parse_drop(p, c);
    if (weir_tk_take(p, "insert")) return parse_insert(p, c);
    if (weir_tk_take(p, "show")) return parse_show(p, c);
    if (weir_tk_take(p, "describe") || weir_tk_take(p, "desc")) return parse_describe(p, c);
    if (weir_tk_take(p, "set")) return parse_set(p, c);
    if (weir_tk_take(p, "use")) return parse_use(p, c);
    if (weir_tk_take(p, "explain")) return parse_explain(p, c);
    if (weir_tk_take(p, "truncate")) return parse_named(p, c, WEIR_C_TRUNCATE);
    if (weir_tk_take(p, "refresh")) return parse_named(p, c, WEIR_C_REFRESH);
    if (weir_tk_take(p, "cache")) return parse_named(p, c, WEIR_C_CACHE);
    if (weir_tk_take(p, "uncache")) return parse_named(p, c, WEIR_C_UNCACHE);
    if (weir_tk_take(p, "reset")) {
        c->kind = WEIR_C_RESET;
        if (weir_tk(p, 0)->kind != WEIR_TK_END)
            c->text = weir_strdup(p->ctx->arena, p->src + weir_tk(p, 0)->start);
        p->at = p->ntok - 1;
        return WEIR_OK;
    }
    return refuse_rest(p, c);
}

weir_rc weir_parse_statement(weir_parser *p, weir_plan **query, weir_command **command) {
    *query = NULL;
    *command = NULL;
    if (weir_tk(p, 0)->kind == WEIR_TK_END)
        return weir_fail(p->ctx, WEIR_E_PARSE_EMPTY_STATEMENT, NULL, NULL);
    if (weir_tk_is(p, "select") || weir_tk_is(p, "with") || weir_tk_is(p, "values") ||
        weir_tk_is(p, "(") || weir_tk_is(p, "table") || weir_tk_is(p, "from")) {
        WEIR_TRY(weir_parse_query(p, query));
    } else {
        *command = weir_command_new(p->ctx->arena, WEIR_C_UNSUPPORTED);
        (*command)->at = (weir_pos){0, (int32_t)strlen(p->src), p->src};
        WEIR_TRY(parse_command(p, *command));
    }
    while (weir_tk_take(p, ";")) continue;
    return weir_tk(p, 0)->kind == WEIR_TK_END ? WEIR_OK : weir_syntax_error(p);
}

weir_rc weir_sql_parse(weir_ctx *ctx, const char *text, const weir_sql_args *args,
                       weir_plan **query, weir_command **command) {
    weir_parser p;
    WEIR_TRY(weir_lex(ctx, text, &p));
    p.args = args;
    return weir_parse_statement(&p, query, command);
}

bool weir_sql_reserved_quote(const char *name) {
    for (const char *c = name; *c; c++)
        if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || *c == '_' ||
              (c > name && *c >= '0' && *c <= '9')))
            return true;
    return !*name;
}
