/* Grouping: output expressions are split into group keys, aggregate calls and what is computed from
 * them. */
#include "plan/scope.h"

#include <strings.h>

typedef struct splitter {
    weir_expr **group;
    int ngroup;
    weir_plan aggs; /* expr list of AGG nodes */
} splitter;

/* Group keys and aggregates become columns of the Aggregate node's output; a bare column is an
 * error. */
static weir_rc split(weir_ctx *ctx, splitter *s, weir_expr *e, weir_expr **out) {
    for (int i = 0; i < s->ngroup; i++) {
        if (!weir_expr_equal(e, s->group[i]) || e->kind == WEIR_EX_ALIAS) continue;
        *out = weir_expr_col(ctx->arena, i, e->type, e->nullable);
        (*out)->name = weir_expr_name(ctx->arena, e);
        return WEIR_OK;
    }
    if (e->kind == WEIR_EX_AGG) {
        int k = 0;
        while (k < s->aggs.nexpr && !weir_expr_equal(s->aggs.expr[k], e)) k++;
        if (k == s->aggs.nexpr) weir_plan_add_expr(ctx->arena, &s->aggs, e);
        *out = weir_expr_col(ctx->arena, s->ngroup + k, e->type, e->nullable);
        return WEIR_OK;
    }
    if (e->kind == WEIR_EX_COL && s->group && !s->ngroup)
        return weir_fail(ctx, WEIR_E_MISSING_GROUP_BY, NULL);
    if (e->kind == WEIR_EX_COL) {
        const char *n = weir_printf(ctx->arena, "\"%s\"", e->name ? e->name : "?");
        (void)weir_fail(ctx, WEIR_E_MISSING_AGGREGATION, "expression", n, "expressionAnyValue",
                        weir_printf(ctx->arena, "\"any_value(%s)\"", e->name ? e->name : "?"));
        weir_err_where(ctx, &e->at);
        return WEIR_FAIL;
    }
    weir_expr *c = e->narg ? weir_expr_copy(ctx->arena, e) : e;
    for (int i = 0; i < e->narg; i++) WEIR_TRY(split(ctx, s, e->arg[i], &c->arg[i]));
    *out = c;
    return WEIR_OK;
}

weir_rc weir_az_split_aggs(weir_ctx *ctx, weir_expr **group, int ngroup, weir_expr **e, int n,
                           weir_expr ***aggs, int *nagg) {
    splitter s = {.group = group, .ngroup = ngroup};
    for (int i = 0; i < n; i++) WEIR_TRY(split(ctx, &s, e[i], &e[i]));
    *aggs = s.aggs.expr;
    *nagg = s.aggs.nexpr;
    return WEIR_OK;
}

/* GROUP BY 2, where the second item is an aggregate. */
static weir_rc check_position(weir_ctx *ctx, const weir_plan *p, const weir_expr *g,
                              const weir_expr *e) {
    if (e == g || !weir_has_aggregate(e)) return WEIR_OK;
    for (int i = p->ngroup; i < p->nexpr; i++) {
        const weir_expr *item = p->expr[i];
        if (item != e && (item->kind != WEIR_EX_ALIAS || item->arg[0] != e)) continue;
        (void)weir_fail(ctx, WEIR_E_GROUP_BY_POS_AGGREGATE, "index",
                        weir_printf(ctx->arena, "%d", i - p->ngroup + 1), "aggExpr",
                        weir_printf(ctx->arena, "%s AS `%s`", weir_expr_sql(ctx->arena, e),
                                    weir_expr_name(ctx->arena, item)));
        weir_err_where(ctx, &g->at);
        return WEIR_FAIL;
    }
    return WEIR_OK;
}

static weir_rc check_group(weir_ctx *ctx, const weir_expr *e) {
    if (weir_type_orderable(e->type)) return WEIR_OK;
    if (weir_type_has(e->type, WEIR_T_VARIANT))
        return weir_fail(ctx, WEIR_E_GROUP_EXPRESSION_TYPE_IS_NOT_ORDERABLE, "sqlExpr",
                         weir_printf(ctx->arena, "\"%s\"", weir_expr_sql(ctx->arena, e)),
                         "dataType",
                         weir_printf(ctx->arena, "\"%s\"", weir_type_sql(ctx->arena, e->type)));
    return weir_fail(ctx, WEIR_E_UNSUPPORTED_FEATURE, "feature",
                     weir_printf(ctx->arena, "grouping by a column of type %s; group by %s",
                                 weir_type_name(ctx->arena, e->type),
                                 e->type->kind == WEIR_T_MAP ? "map_entries() of it"
                                                             : "a text or a number made of it"));
}

/* GROUP BY 1 and GROUP BY alias-of-the-select-list, in SQL. */
static weir_rc group_by_output(weir_ctx *ctx, const weir_plan *p, weir_expr *g, weir_expr **out) {
    int n = p->nexpr - p->ngroup;
    *out = g;
    if (p->all || g->kind != WEIR_EX_LIT || g->type->kind != WEIR_T_INT || !g->at.text)
        return WEIR_OK;
    int at = WEIR_AT_ROW(int32_t, &g->lit, 0);
    if (at < 1 || at > n) {
        (void)weir_fail(ctx, WEIR_E_GROUP_BY_POS_OUT_OF_RANGE, "index",
                        weir_printf(ctx->arena, "%d", at), "size",
                        weir_printf(ctx->arena, "%d", n));
        weir_err_where(ctx, &g->at);
        return WEIR_FAIL;
    }
    weir_expr *e = p->expr[p->ngroup + at - 1];
    *out = e->kind == WEIR_EX_ALIAS ? e->arg[0] : e;
    return WEIR_OK;
}

static weir_expr *group_by_alias(const weir_ctx *ctx, const weir_plan *p, const weir_expr *g) {
    for (int i = p->ngroup; i < p->nexpr && !p->all && g->kind == WEIR_EX_ATTR && g->nname == 1;
         i++) {
        const weir_expr *e = p->expr[i];
        if (e->kind == WEIR_EX_ALIAS && weir_name_same(ctx, e->names[0], g->names[0]) &&
            !weir_has_aggregate(e))
            return e->arg[0];
    }
    return NULL;
}

static weir_rc groups(weir_ctx *ctx, weir_az *az, weir_plan *p, const weir_plan *in,
                      weir_expr ***out) {
    weir_expr **g = WEIR_NEWN(ctx->arena, weir_expr *, p->ngroup + 1);
    for (int i = 0; i < p->ngroup; i++) {
        weir_expr *e = NULL, **named = NULL;
        int n = 0;
        WEIR_TRY(group_by_output(ctx, p, p->expr[i], &e));
        weir_expr *alias = group_by_alias(ctx, p, e);
        WEIR_TRY(check_position(ctx, p, p->expr[i], e));
        if (alias && weir_az_find(ctx, in, e->names[0]) == -1) e = alias;
        WEIR_TRY(weir_az_list(ctx, az, in, &e, 1, &named, &n));
        if (n != 1)
            return weir_fail(ctx, WEIR_E_UNSUPPORTED_FEATURE, "feature",
                             "a star in GROUP BY; name the columns");
        WEIR_TRY(check_group(ctx, named[0]));
        g[i] = named[0];
    }
    *out = g;
    return WEIR_OK;
}

/* The first output that e names, NULL: none. *several: another one is called so, too. */
static weir_expr *named_output(weir_ctx *ctx, const weir_plan *list, const weir_expr *e,
                               bool *several) {
    weir_expr *found = NULL;
    for (int k = 0; k < list->nexpr && e->kind == WEIR_EX_ATTR && e->nname == 1; k++) {
        weir_expr *x = list->expr[k];
        if (!weir_name_same(ctx, weir_expr_name(ctx->arena, x), e->names[0])) continue;
        *several |= found != NULL;
        if (!found) found = x;
    }
    return found;
}

/* HAVING and ORDER BY: names of output columns, outside of aggregate functions, are what these are
 * made of. SPARK: a column below comes before two outputs of its name. */
static weir_expr *by_output(weir_ctx *ctx, const weir_plan *in, const weir_plan *list,
                            weir_expr *e) {
    int next;
    bool several = false;
    weir_expr *x = named_output(ctx, list, e, &several);
    while (x && x->kind == WEIR_EX_ALIAS) x = x->arg[0];
    if (x) return several && weir_az_find(ctx, in, e->names[0]) == -1 ? e : x;
    if (!e->narg || (e->kind == WEIR_EX_FUNC && weir_agg_find(e->name, 0, &next) &&
                     !weir_fn_find(e->name, 0, &next)))
        return e;
    weir_expr *c = weir_expr_copy(ctx->arena, e);
    for (int i = 0; i < e->narg; i++) c->arg[i] = by_output(ctx, in, list, e->arg[i]);
    return c;
}

static weir_plan *group_node(weir_ctx *ctx, const weir_plan *p, weir_plan *in, weir_expr **group,
                             weir_expr **aggs, int nagg) {
    weir_plan *g = weir_az_node(ctx, p, WEIR_P_AGGREGATE, in);
    g->ngroup = p->ngroup;
    for (int i = 0; i < p->ngroup; i++) {
        weir_plan_add_expr(ctx->arena, g, group[i]);
        if (!weir_az_is_session(in, group[i])) continue;
        g->sessions = true;
        g->session_key = i;
    }
    for (int i = 0; i < nagg; i++)
        weir_plan_add_expr(ctx->arena, g, weir_expr_alias(ctx->arena, aggs[i], "_agg"));
    weir_az_output(ctx, g, g->expr, g->nexpr);
    for (int i = p->ngroup; i < g->nexpr; i++) g->expr[i] = g->expr[i]->arg[0];
    return g;
}

/* SPARK ResolveReferencesInAggregate: GROUP BY ALL means the items without aggregate functions. */
static weir_rc group_by_all(weir_ctx *ctx, weir_az *az, weir_plan **p, const weir_plan *in) {
    weir_plan *c = *p;
    if (c->all || c->ngroup != 1 || !weir_az_is_all(ctx, in, c->expr[0])) return WEIR_OK;
    weir_plan *q = weir_plan_copy(ctx->arena, c);
    q->nexpr = 0;
    for (int k = 1; k < c->nexpr; k++) {
        weir_expr **e = &c->expr[k];
        int n = 1;
        if (e[0]->kind == WEIR_EX_STAR) WEIR_TRY(weir_az_list(ctx, az, in, e, 1, &e, &n));
        for (int i = 0; i < n; i++)
            if (!weir_has_aggregate(e[i]))
                weir_plan_add_expr(ctx->arena, q,
                                   e[i]->kind == WEIR_EX_ALIAS ? e[i]->arg[0] : e[i]);
    }
    q->ngroup = q->nexpr;
    for (int i = 1; i < c->nexpr; i++) weir_plan_add_expr(ctx->arena, q, c->expr[i]);
    *p = q;
    return WEIR_OK;
}

/* A column of e that is neither a key nor below an aggregate function. */
static const weir_expr *stray(weir_expr *const *group, int n, const weir_expr *e) {
    for (int i = 0; i < n; i++)
        if (weir_expr_equal(e, group[i]->kind == WEIR_EX_ALIAS ? group[i]->arg[0] : group[i]))
            return NULL;
    if (e->kind == WEIR_EX_COL || e->kind == WEIR_EX_AGG) return e->kind == WEIR_EX_COL ? e : NULL;
    const weir_expr *found = NULL;
    for (int i = 0; i < e->narg && !found; i++) found = stray(group, n, e->arg[i]);
    return found;
}

/* HAVING (SPARK tells it apart): e is a name of two outputs, and of no column below. */
static weir_rc check_having(weir_ctx *ctx, const weir_plan *in, const weir_plan *list,
                            const weir_expr *e) {
    bool several = false;
    if (named_output(ctx, list, e, &several) && several &&
        weir_az_find(ctx, in, e->names[0]) == -1)
        return weir_az_ambiguous(ctx, e);
    for (int i = 0; i < e->narg; i++) WEIR_TRY(check_having(ctx, in, list, e->arg[i]));
    return WEIR_OK;
}

/* HAVING, ORDER BY: they may name an output column, a key, or anything in aggregate functions. */
static weir_rc bind_extra(weir_ctx *ctx, weir_az *az, const weir_plan *in, weir_expr **group,
                          int ngroup, weir_expr *e, weir_plan *list) {
    weir_expr *x = by_output(ctx, in, list, e);
    WEIR_TRY(weir_az_expr(ctx, az, &in, 1, x, &x));
    while (x->kind == WEIR_EX_ALIAS) x = x->arg[0];
    const weir_expr *col = stray(group, ngroup, x);
    if (col) return weir_az_missing(ctx, &in, 1, weir_expr_attr(ctx->arena, col->name));
    weir_plan_add_expr(ctx->arena, list, weir_expr_alias(ctx->arena, x, "_extra"));
    return WEIR_OK;
}

weir_rc weir_az_aggregate(weir_ctx *ctx, weir_az *az, weir_plan *p, weir_expr **extra, int nextra,
                          int nhaving, weir_plan **out) {
    weir_plan *in = NULL, list = {.kind = WEIR_P_PROJECT};
    if (p->group_kind != 0)
        return weir_fail(
            ctx, WEIR_E_UNSUPPORTED_FEATURE, "feature",
            "rollup, cube, grouping sets and pivot; group by each set and use unionByName");
    WEIR_TRY(weir_az_plan(ctx, az, p->in[0], &in));
    WEIR_TRY(weir_az_lift_windows(ctx, az, &p, &in));
    WEIR_TRY(group_by_all(ctx, az, &p, in));
    weir_expr **group = NULL, **e = NULL, **aggs = NULL;
    int n = 0, nagg = 0;
    WEIR_TRY(groups(ctx, az, p, in, &group));
    for (int i = 0; i < p->ngroup && p->all; i++) weir_plan_add_expr(ctx->arena, &list, group[i]);
    WEIR_TRY(weir_az_list(ctx, az, in, p->expr + p->ngroup, p->nexpr - p->ngroup, &e, &n));
    for (int i = 0; i < n; i++) weir_plan_add_expr(ctx->arena, &list, e[i]);
    weir_expr **bare = WEIR_NEWN(ctx->arena, weir_expr *, p->ngroup + 1);
    for (int i = 0; i < p->ngroup; i++)
        bare[i] = group[i]->kind == WEIR_EX_ALIAS ? group[i]->arg[0] : group[i];
    if (nextra) { /* SPARK: what is wrong with the select list is told first */
        weir_expr **again = weir_memdup(ctx->arena, list.expr, sizeof *again * (size_t)list.nexpr);
        WEIR_TRY(weir_az_split_aggs(ctx, bare, p->ngroup, again, list.nexpr, &aggs, &nagg));
    }
    for (int i = 0; i < nhaving; i++) WEIR_TRY(check_having(ctx, in, &list, extra[i]));
    for (int i = 0; i < nextra; i++)
        WEIR_TRY(bind_extra(ctx, az, in, group, p->ngroup, extra[i], &list));
    const char **names = WEIR_NEWN(ctx->arena, const char *, list.nexpr);
    bool *bare_key = WEIR_NEWN(ctx->arena, bool, list.nexpr + 1); /* a key, however it is spelled */
    for (int i = 0; i < list.nexpr; i++) {
        names[i] = weir_expr_name(ctx->arena, list.expr[i]);
        bare_key[i] = list.expr[i]->kind == WEIR_EX_COL;
        while (list.expr[i]->kind == WEIR_EX_ALIAS) list.expr[i] = list.expr[i]->arg[0];
    }
    WEIR_TRY(weir_az_split_aggs(ctx, bare, p->ngroup, list.expr, list.nexpr, &aggs, &nagg));
    weir_plan *g = group_node(ctx, p, in, group, aggs, nagg);
    for (int i = 0; i < list.nexpr; i++) {
        weir_expr *x = list.expr[i];
        bool same = x->kind == WEIR_EX_COL && x->ordinal < p->ngroup &&
                    (bare_key[i] || strcmp(g->schema->field[x->ordinal].name, names[i]) == 0);
        list.expr[i] = same ? weir_az_col(ctx, g, x->ordinal)
                            : weir_expr_alias(ctx->arena, x, names[i]);
        if (same) list.expr[i]->name = names[i];
    }
    *out = weir_az_project(ctx, p, g, list.expr, list.nexpr);
    return WEIR_OK;
}

/* observe(): the node carries its aggregates (ngroup of them), then the output expressions over
 * them, named. */
weir_rc weir_az_metrics(weir_ctx *ctx, weir_az *az, weir_plan *p, weir_plan *in, weir_plan **out) {
    weir_plan *m = weir_az_node(ctx, p, WEIR_P_METRICS, in);
    weir_expr **e = NULL, **aggs = NULL;
    int n = 0, nagg = 0;
    WEIR_TRY(weir_az_list(ctx, az, in, p->expr, p->nexpr, &e, &n));
    m->name = p->name;
    for (int i = 0; i < n; i++) {
        weir_plan_add_name(ctx->arena, m, weir_expr_name(ctx->arena, e[i]));
        while (e[i]->kind == WEIR_EX_ALIAS) e[i] = e[i]->arg[0];
    }
    WEIR_TRY(weir_az_split_aggs(ctx, NULL, 0, e, n, &aggs, &nagg));
    for (int i = 0; i < nagg; i++) weir_plan_add_expr(ctx->arena, m, aggs[i]);
    m->ngroup = nagg;
    for (int i = 0; i < n; i++) weir_plan_add_expr(ctx->arena, m, e[i]);
    weir_az_same_output(m, in);
    *out = m;
    return WEIR_OK;
}
