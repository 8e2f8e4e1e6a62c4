/* Queries: SELECT over one relation, VALUES, set operations, WITH. */
#include "sql/lex.h"

#include <stdlib.h>
#include <strings.h>

static weir_rc parse_body(weir_parser *p, weir_plan **out);

static weir_plan *node(weir_parser *p, weir_pkind k, weir_plan *in, int32_t from) {
    weir_plan *n = weir_plan_new(p->ctx->arena, k, in ? 1 : 0, in);
    n->at = weir_tk_pos(p, from);
    return n;
}

static bool clause_word(const weir_parser *p) {
    static const char *const words[] = {
        "where", "group",   "having", "order",  "limit",  "offset",      "union", "intersect",
        "except", "minus",  "lateral", "on",    "using",  "join",        "inner", "left",
        "right", "full",    "cross",  "natural", "window", "select",     "set",   "values",
        "tablesample", "pivot", "unpivot", "anti", "semi", "when", "version", "timestamp", "for"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (weir_tk_is(p, words[i])) return true;
    return weir_tk_orders(p);
}

/* (a, b) after the name of a relation. */
static weir_rc parse_column_names(weir_parser *p, weir_plan *alias) {
    const char *name;
    if (!weir_tk_take(p, "(")) return WEIR_OK;
    do {
        WEIR_TRY(weir_tk_ident(p, &name));
        weir_plan_add_name(p->ctx->arena, alias, name);
    } while (weir_tk_take(p, ","));
    return weir_tk_need(p, ")");
}

/* [AS] alias [(a, b)] after a relation. */
static weir_rc parse_alias(weir_parser *p, weir_plan **rel, int32_t from) {
    const char *name;
    bool as = weir_tk_take(p, "as");
    const weir_token *t = weir_tk(p, 0);
    if (!as && (clause_word(p) || (t->kind != WEIR_TK_WORD && t->kind != WEIR_TK_QUOTED)))
        return WEIR_OK;
    WEIR_TRY(weir_tk_ident(p, &name));
    weir_plan *a = node(p, WEIR_P_ALIAS, *rel, from);
    weir_plan_add_name(p->ctx->arena, a, name);
    *rel = a;
    return parse_column_names(p, a);
}

/* A row of VALUES: (1, 'a') and STRUCT(1, 'a') are rows of two values, all else is one. */
static weir_rc parse_row(weir_parser *p, weir_plan **out) {
    weir_arena *a = p->ctx->arena;
    weir_plan *one = weir_plan_new(a, WEIR_P_RANGE, 0);
    weir_expr *e = NULL;
    one->n = WEIR_ONE_ROW;
    one->end = one->step = 1;
    *out = node(p, WEIR_P_PROJECT, one, p->at);
    WEIR_TRY(weir_parse_expr(p, &e));
    bool whole = e->kind != WEIR_EX_FUNC || strcasecmp(e->name, "struct") != 0;
    for (int i = 0; i < (whole ? 1 : e->narg); i++) {
        weir_expr *v = whole ? e : e->arg[i];
        while (v->kind == WEIR_EX_ALIAS) v = v->arg[0];
        if (v->kind == WEIR_EX_STAR) {
            (void)weir_fail(p->ctx, WEIR_E_INVALID_USAGE_OF_STAR_OR_REGEX, "elem", "'*'",
                            "prettyName", "UnresolvedInlineTable");
            weir_err_where(p->ctx, &v->at);
            return WEIR_FAIL;
        }
        weir_plan_add_expr(a, *out, weir_expr_alias(a, v, weir_printf(a, "col%d", i + 1)));
    }
    return WEIR_OK;
}

/* VALUES (1, 'a'), (2, 'b') [AS t(a, b)]: a union of one-row projections. */
static weir_rc parse_values(weir_parser *p, int32_t from, weir_plan **out) {
    weir_plan *rows = weir_plan_new(p->ctx->arena, WEIR_P_UNION, 0);
    do {
        weir_plan *row;
        WEIR_TRY(parse_row(p, &row));
        weir_plan_add_input(p->ctx->arena, rows, row);
    } while (weir_tk_take(p, ","));
    rows->all = true;
    rows->at = weir_tk_pos(p, from);
    rows->is_inline = true;
    *out = rows;
    WEIR_TRY(parse_alias(p, out, from));
    rows->n = *out != rows && (*out)->nname > 1 ? (*out)->nname - 1 : rows->in[0]->nexpr;
    return WEIR_OK;
}

static weir_rc int_literal(weir_parser *p, int64_t *out) {
    weir_expr *e = NULL;
    WEIR_TRY(weir_parse_expr(p, &e));
    if (e->kind != WEIR_EX_LIT || !weir_type_is_integral(e->type) || e->type->kind < WEIR_T_INT)
        return weir_sql_refuse(p, "LIMIT and OFFSET that are not a whole number");
    *out = e->type->kind == WEIR_T_INT ? WEIR_AT_ROW(int32_t, &e->lit, 0)
                                       : WEIR_AT_ROW(int64_t, &e->lit, 0);
    return WEIR_OK;
}

/* VERSION AS OF n, TIMESTAMP AS OF '...' become reader options. */
static weir_rc parse_time_travel(weir_parser *p, weir_plan *t) {
    weir_option *o = WEIR_NEWN(p->ctx->arena, weir_option, t->options.n + 1);
    bool forms = weir_tk_take(p, "for");
    if (forms) (void)(weir_tk_take(p, "system_time") || weir_tk_take(p, "system_version"));
    bool version = weir_tk_is(p, "version") && weir_tk_is_at(p, 1, "as");
    if (!version && !(weir_tk_is(p, "timestamp") && weir_tk_is_at(p, 1, "as")))
        return forms ? weir_syntax_error(p) : WEIR_OK;
    p->at += 2;
    WEIR_TRY(weir_tk_need(p, "of"));
    const weir_token *v = weir_tk(p, 0);
    if (v->kind != WEIR_TK_NUMBER && v->kind != WEIR_TK_STRING) return weir_syntax_error(p);
    memcpy(o, t->options.opt, sizeof *o * (size_t)t->options.n);
    o[t->options.n++] = (weir_option){version ? "versionAsOf" : "timestampAsOf", v->text};
    t->options.opt = o;
    p->at++;
    return WEIR_OK;
}

static weir_rc parse_range_fn(weir_parser *p, int32_t from, weir_plan **out) {
    int64_t v[4] = {0, 0, 1, 0};
    int n = 0;
    p->at += 2;
    do {
        if (n == 4) return weir_syntax_error(p);
        WEIR_TRY(int_literal(p, &v[n++]));
    } while (weir_tk_take(p, ","));
    WEIR_TRY(weir_tk_need(p, ")"));
    weir_plan *r = node(p, WEIR_P_RANGE, NULL, from);
    r->start = n > 1 ? v[0] : 0;
    r->end = n > 1 ? v[1] : v[0];
    r->step = n > 2 ? v[2] : 1;
    r->n = n > 3 ? v[3] : 0;
    *out = r;
    return parse_alias(p, out, from);
}

static weir_rc parse_relation(weir_parser *p, weir_plan **out) {
    int32_t from = p->at;
    if (weir_tk_take(p, "values")) return parse_values(p, from, out);
    if (weir_tk_take(p, "(")) {
        WEIR_TRY(weir_parse_query(p, out));
        WEIR_TRY(weir_tk_need(p, ")"));
        return parse_alias(p, out, from);
    }
    bool stream = weir_tk_is(p, "stream") && !weir_tk_is_at(p, 1, ".");
    if (stream) {
        p->at++;
        bool paren = weir_tk_take(p, "(");
        WEIR_TRY(weir_parse_enter(p));
        WEIR_TRY(parse_relation(p, out));
        p->depth--;
        (*out)->streaming = true;
        return paren ? weir_tk_need(p, ")") : WEIR_OK;
    }
    if (weir_tk_is(p, "range") && weir_tk_is_at(p, 1, "(")) return parse_range_fn(p, from, out);
    weir_plan *t = node(p, WEIR_P_TABLE, NULL, from);
    WEIR_TRY(weir_parse_name_parts(p, &t->names, &t->nname));
    t->at = weir_tk_pos(p, from);
    if (weir_tk_is(p, "("))
        return weir_sql_refuse(
            p, weir_printf(p->ctx->arena, "the table function %s", t->names[t->nname - 1]));
    WEIR_TRY(parse_time_travel(p, t));
    *out = t;
    return parse_alias(p, out, from);
}

static weir_rc parse_from(weir_parser *p, weir_plan **out) {
    static const char *const joins[] = {",",    "join",  "inner",   "left", "right",
                                        "full", "cross", "natural", "anti", "semi"};
    WEIR_TRY(parse_relation(p, out));
    for (size_t i = 0; i < sizeof joins / sizeof *joins; i++)
        if (weir_tk_is(p, joins[i]))
            return weir_sql_refuse(
                p, "joins; they come with a later release of weir, run this query on Apache Spark");
    if (weir_tk_is(p, "lateral"))
        return weir_sql_refuse(p, "LATERAL VIEW; use explode() in the select list");
    if (weir_tk_is(p, "pivot") || weir_tk_is(p, "unpivot") || weir_tk_is(p, "tablesample"))
        return weir_sql_refuse(p, weir_tk(p, 0)->text);
    return WEIR_OK;
}

static bool has_call(weir_expr *e, void *u) {
    bool *agg = u;
    static const char *const names[] = {"count",        "sum",
                                        "avg",          "mean",
                                        "min",          "max",
                                        "first",        "last",
                                        "first_value",  "last_value",
                                        "any_value",    "stddev",
                                        "stddev_samp",  "stddev_pop",
                                        "std",          "variance",
                                        "var_samp",     "var_pop",
                                        "collect_list", "collect_set",
                                        "array_agg",    "approx_count_distinct",
                                        "bool_and",     "bool_or",
                                        "every",        "some",
                                        "any",          "max_by",
                                        "min_by",       "count_if"};
    for (size_t i = 0; e->kind == WEIR_EX_FUNC && i < sizeof names / sizeof *names; i++)
        *agg |= strcasecmp(e->name, names[i]) == 0;
    return true;
}

static weir_rc parse_group(weir_parser *p, weir_plan *agg) {
    if (weir_tk_is(p, "rollup") || weir_tk_is(p, "cube") || weir_tk_is(p, "grouping"))
        return weir_sql_refuse(p, "ROLLUP, CUBE and GROUPING SETS");
    WEIR_TRY(weir_parse_list(p, agg, false));
    agg->ngroup = agg->nexpr;
    if (weir_tk_is(p, "with")) return weir_sql_refuse(p, "WITH ROLLUP and WITH CUBE");
    return WEIR_OK;
}

static weir_rc parse_select(weir_parser *p, weir_plan **out) {
    int32_t from = p->at;
    weir_plan list = {0}, *rel = NULL;
    WEIR_TRY(weir_tk_need(p, "select"));
    bool distinct = weir_tk_take(p, "distinct"), agg = false;
    if (!distinct) (void)weir_tk_take(p, "all");
    WEIR_TRY(weir_parse_list(p, &list, true));
    if (weir_tk_take(p, "from")) {
        WEIR_TRY(parse_from(p, &rel));
    } else {
        rel = weir_plan_new(p->ctx->arena, WEIR_P_RANGE, 0);
        rel->n = WEIR_ONE_ROW;
        rel->end = rel->step = 1;
    }
    if (weir_tk_take(p, "where")) {
        weir_plan *f = node(p, WEIR_P_FILTER, rel, from);
        weir_expr *e = NULL;
        WEIR_TRY(weir_parse_expr(p, &e));
        weir_plan_add_expr(p->ctx->arena, f, e);
        rel = f;
    }
    for (int i = 0; i < list.nexpr; i++) (void)weir_expr_walk(list.expr[i], has_call, &agg);
    weir_plan *sel = node(p, WEIR_P_PROJECT, rel, from);
    if (weir_tk_take2(p, "group", "by")) {
        sel->kind = WEIR_P_AGGREGATE;
        WEIR_TRY(parse_group(p, sel));
    } else if (agg || weir_tk_is(p, "having")) {
        sel->kind = WEIR_P_AGGREGATE;
    }
    for (int i = 0; i < list.nexpr; i++) weir_plan_add_expr(p->ctx->arena, sel, list.expr[i]);
    rel = sel;
    if (weir_tk_take(p, "having")) {
        weir_plan *f = node(p, WEIR_P_FILTER, rel, from);
        weir_expr *e = NULL;
        WEIR_TRY(weir_parse_expr(p, &e));
        weir_plan_add_expr(p->ctx->arena, f, e);
        f->all = true; /* over the grouping: may use aggregates that are not selected */
        rel = f;
    }
    if (weir_tk_is(p, "window")) return weir_sql_refuse(p, "the WINDOW clause");
    if (distinct) rel = node(p, WEIR_P_DEDUP, rel, from);
    rel->is_distinct = distinct;
    *out = rel;
    return WEIR_OK;
}

static weir_rc parse_term(weir_parser *p, weir_plan **out) {
    int32_t from = p->at;
    if (weir_tk_is(p, "select")) return parse_select(p, out);
    if (weir_tk_take(p, "values")) return parse_values(p, from, out);
    if (weir_tk_take(p, "table")) return parse_relation(p, out);
    if (weir_tk_take(p, "(")) {
        WEIR_TRY(weir_parse_query(p, out));
        return weir_tk_need(p, ")");
    }
    if (weir_tk_is(p, "from")) return weir_sql_refuse(p, "FROM before SELECT");
    return weir_syntax_error(p);
}

/* SPARK: INTERSECT binds tighter than the others, which go from left to right. */
static weir_rc parse_setop(weir_parser *p, bool intersects, weir_plan **out) {
    static const struct {
        const char *word;
        weir_pkind kind;
    } ops[] = {{"intersect", WEIR_P_INTERSECT},
               {"union", WEIR_P_UNION},
               {"except", WEIR_P_EXCEPT},
               {"minus", WEIR_P_EXCEPT}};
    int32_t from = p->at;
    int k, end = intersects ? 1 : 4;
    WEIR_TRY(intersects ? parse_term(p, out) : parse_setop(p, true, out));
    for (;;) {
        for (k = intersects ? 0 : 1; k < end && !weir_tk_is(p, ops[k].word); k++) continue;
        if (k == end) return WEIR_OK;
        p->at++;
        weir_plan *u = weir_plan_new(p->ctx->arena, ops[k].kind, 2, *out, NULL);
        u->all = weir_tk_take(p, "all");
        if (!u->all) (void)weir_tk_take(p, "distinct");
        WEIR_TRY(intersects ? parse_term(p, &u->in[1]) : parse_setop(p, true, &u->in[1]));
        u->at = weir_tk_pos(p, from);
        *out = u;
    }
}

/* The clauses in the order in which they stand. */
enum { ORDER_BY, CLUSTER_BY, DISTRIBUTE_BY, SORT_BY, NORDER };

/* CLUSTER BY and DISTRIBUTE BY take expressions, the others items with a direction. */
static weir_rc order_items(weir_parser *p, bool directed, weir_plan *list) {
    do {
        weir_expr *item = weir_expr_new(p->ctx->arena, WEIR_EX_SORT);
        int32_t at = p->at;
        item->narg = 1;
        item->arg = WEIR_NEWN(p->ctx->arena, weir_expr *, 1);
        WEIR_TRY(weir_parse_expr(p, &item->arg[0]));
        item->nulls_first = true;
        if (directed) {
            (void)weir_parse_sort_item_dirs(p, item);
            item->at = weir_tk_pos(p, at); /* what has a place may be a position */
        }
        weir_plan_add_expr(p->ctx->arena, list, item);
    } while (weir_tk_take(p, ","));
    return WEIR_OK;
}

static weir_plan *add_sort(weir_parser *p, int32_t from, weir_plan *in, const weir_plan *list,
                           bool global) {
    weir_plan *s = node(p, WEIR_P_SORT, in, from);
    bool having = in->kind == WEIR_P_FILTER && in->all;
    s->global = global;
    s->all = in->kind == WEIR_P_AGGREGATE || having;
    s->expr = list->expr;
    s->nexpr = list->nexpr;
    const weir_expr *key = s->expr[0]->arg[0]; /* ORDER BY ALL is over what is selected */
    if (global && s->nexpr == 1 && key->kind == WEIR_EX_ATTR &&
        strcasecmp(key->names[0], "all") == 0)
        s->all = false;
    return s;
}

/* SPARK AstBuilder.withQueryResultClauses: CLUSTER BY is DISTRIBUTE BY and SORT BY of the same. */
static weir_rc parse_order(weir_parser *p, weir_plan **out) {
    static const char *const words[NORDER] = {"order", "cluster", "distribute", "sort"};
    int32_t from = p->at;
    weir_plan list[NORDER] = {0};
    unsigned seen = 0;
    for (int k = 0; k < NORDER; k++) {
        if (!weir_tk_take2(p, words[k], "by")) continue;
        WEIR_TRY(order_items(p, k == ORDER_BY || k == SORT_BY, &list[k]));
        seen |= 1u << k;
    }
    bool distributes = seen == (1u << DISTRIBUTE_BY | 1u << SORT_BY);
    if (seen & (seen - 1) && !distributes) {
        (void)weir_fail(p->ctx, WEIR_E_COMBINATION_QUERY_RESULT_CLAUSES, NULL);
        weir_pos at = weir_tk_pos(p, from);
        weir_err_where(p->ctx, &at);
        return WEIR_FAIL;
    }
    int by = list[CLUSTER_BY].nexpr ? CLUSTER_BY : DISTRIBUTE_BY,
        order = list[ORDER_BY].nexpr  ? ORDER_BY
                : list[SORT_BY].nexpr ? SORT_BY
                                      : CLUSTER_BY;
    if (list[by].nexpr) {
        *out = node(p, WEIR_P_REPARTITION, *out, from);
        for (int i = 0; i < list[by].nexpr; i++)
            weir_plan_add_expr(p->ctx->arena, *out, list[by].expr[i]->arg[0]);
    }
    if (list[order].nexpr) *out = add_sort(p, from, *out, &list[order], order == ORDER_BY);
    return WEIR_OK;
}

static weir_rc parse_body(weir_parser *p, weir_plan **out) {
    int32_t from = p->at;
    WEIR_TRY(parse_setop(p, false, out));
    WEIR_TRY(parse_order(p, out));
    int64_t limit = 0, offset = 0;
    bool limited = weir_tk_take(p, "limit") && !weir_tk_take(p, "all");
    if (limited) WEIR_TRY(int_literal(p, &limit));
    if (weir_tk_take(p, "offset")) WEIR_TRY(int_literal(p, &offset));
    if (offset) {
        *out = node(p, WEIR_P_OFFSET, *out, from);
        (*out)->n = offset;
    }
    if (limited) {
        *out = node(p, WEIR_P_LIMIT, *out, from);
        (*out)->n = limit;
    }
    return WEIR_OK;
}

static weir_rc check_cte_names(weir_parser *p, const weir_plan *w) {
    weir_arena *a = p->ctx->arena;
    weir_field *f = WEIR_NEWN(a, weir_field, w->nname);
    for (int i = 0; i < w->nname; i++) f[i] = (weir_field){w->names[i], &weir_t_void, true, NULL};
    const char *twice = weir_schema_twice(a, weir_type_struct(a, f, w->nname), false,
                                          weir_names_exact(p->ctx));
    if (!twice) return WEIR_OK;
    for (int i = 0; i < w->nname; i++) /* as it was written */
        if (weir_name_same(p->ctx, w->names[i], twice)) twice = w->names[i];
    return weir_fail(p->ctx, WEIR_E_DUPLICATED_CTE_NAMES, "duplicateNames",
                     weir_printf(a, "`%s`", twice));
}

weir_rc weir_parse_query(weir_parser *p, weir_plan **out) {
    WEIR_TRY(weir_parse_enter(p));
    if (!weir_tk_take(p, "with")) {
        WEIR_TRY(parse_body(p, out));
        p->depth--;
        return WEIR_OK;
    }
    weir_plan *w = weir_plan_new(p->ctx->arena, WEIR_P_WITH_CTE, 0);
    weir_plan_add_input(p->ctx->arena, w, NULL); /* the body, in its place */
    if (weir_tk_is(p, "recursive")) return weir_sql_refuse(p, "WITH RECURSIVE");
    do {
        const char *name;
        weir_plan *a = weir_plan_new(p->ctx->arena, WEIR_P_ALIAS, 1, NULL);
        WEIR_TRY(weir_tk_ident(p, &name));
        weir_plan_add_name(p->ctx->arena, a, name);
        WEIR_TRY(parse_column_names(p, a));
        (void)weir_tk_take(p, "as");
        WEIR_TRY(weir_tk_need(p, "("));
        WEIR_TRY(weir_parse_query(p, &a->in[0]));
        WEIR_TRY(weir_tk_need(p, ")"));
        weir_plan_add_input(p->ctx->arena, w, a);
        weir_plan_add_name(p->ctx->arena, w, name);
    } while (weir_tk_take(p, ","));
    WEIR_TRY(check_cte_names(p, w));
    WEIR_TRY(parse_body(p, &w->in[0]));
    p->depth--;
    *out = w;
    return WEIR_OK;
}
