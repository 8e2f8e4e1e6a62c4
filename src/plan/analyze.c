/* Analysis of relations, bottom-up. See analyze.h; expressions in resolve.c, grouping in
 * aggregate.c, the rest of the rewrites in rewrite.c. Called by the session, any thread. */
#include "plan/scope.h"

#include "plan/command.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <strings.h>

int64_t weir_new_id(void) {
    static atomic_llong last;
    return atomic_fetch_add(&last, 1) + 1;
}

int64_t weir_new_attr_id(void) { return weir_new_id(); }

weir_plan *weir_az_node(weir_ctx *ctx, const weir_plan *from, weir_pkind kind, weir_plan *in) {
    weir_plan *p = weir_plan_new(ctx->arena, kind, in ? 1 : 0, in);
    p->plan_id = from->plan_id;
    p->at = from->at;
    p->streaming = in && in->streaming;
    return p;
}

void weir_az_same_output(weir_plan *p, const weir_plan *in) {
    p->schema = in->schema;
    p->attr = in->attr;
}

void weir_az_output(weir_ctx *ctx, weir_plan *p, weir_expr **e, int n) {
    weir_field *f = WEIR_NEWN(ctx->arena, weir_field, n);
    weir_attr *a = WEIR_NEWN(ctx->arena, weir_attr, n);
    const weir_plan *in = p->nin ? p->in[0] : NULL;
    for (int i = 0; i < n; i++) {
        f[i] = (weir_field){weir_expr_name(ctx->arena, e[i]), e[i]->type, e[i]->nullable,
                            e[i]->metadata};
        const weir_expr *x = e[i];
        bool renamed = x->kind == WEIR_EX_ALIAS;
        while (x->kind == WEIR_EX_ALIAS) x = x->arg[0];
        bool column = x->kind == WEIR_EX_COL && in && in->schema && x->ordinal < in->schema->nfield;
        if (column && !f[i].metadata) f[i].metadata = in->schema->field[x->ordinal].metadata;
        if (column && !renamed) {
            a[i] = in->attr[x->ordinal];
            a[i].hidden = false;
        } else {
            a[i].id = weir_new_id();
        }
    }
    p->schema = weir_type_struct(ctx->arena, f, n);
    p->attr = a;
}

weir_plan *weir_az_project(weir_ctx *ctx, const weir_plan *from, weir_plan *in, weir_expr **e,
                           int n) {
    weir_plan *p = weir_az_node(ctx, from, WEIR_P_PROJECT, in);
    for (int i = 0; i < n; i++) weir_plan_add_expr(ctx->arena, p, e[i]);
    weir_az_output(ctx, p, e, n);
    weir_az_carry_metadata(ctx, p, in);
    return p;
}

static void fresh_output(weir_ctx *ctx, weir_plan *p, const char *qualifier) {
    weir_attr *a = WEIR_NEWN(ctx->arena, weir_attr, p->schema->nfield);
    const char **q = WEIR_NEWN(ctx->arena, const char *, 1);
    q[0] = qualifier;
    for (int i = 0; i < p->schema->nfield; i++) {
        a[i].id = weir_new_id();
        a[i].qualifier = q;
        a[i].nqualifier = qualifier ? 1 : 0;
    }
    p->attr = a;
}

static weir_rc unsupported(weir_ctx *ctx, const weir_plan *p, const char *what) {
    (void)weir_fail(ctx, WEIR_E_UNSUPPORTED_FEATURE, "feature", what);
    weir_err_where(ctx, &p->at);
    return WEIR_FAIL;
}

static int attr_by_id(const void *a, const void *b) {
    int64_t x = (*(const weir_attr *const *)a)->id, y = (*(const weir_attr *const *)b)->id;
    return x < y ? -1 : x > y;
}

/* A copy of p's attributes with ids of its own; what is one column there stays one. */
static weir_attr *own_attrs(weir_ctx *ctx, const weir_plan *p) {
    int n = p->schema->nfield;
    weir_attr *a = weir_memdup(ctx->arena, p->attr, sizeof *a * (size_t)n);
    const weir_attr **by_id = WEIR_NEWN(ctx->arena, const weir_attr *, n + 1);
    for (int i = 0; i < n; i++) by_id[i] = &p->attr[i];
    qsort(by_id, (size_t)n, sizeof *by_id, attr_by_id);
    int64_t id = 0;
    for (int i = 0; i < n; i++) {
        if (i == 0 || by_id[i]->id != by_id[i - 1]->id) id = weir_new_id();
        a[by_id[i] - p->attr].id = id;
    }
    return a;
}

/* What the session gave for a leaf: unresolved plans (views) are analysed, resolved ones get ids.
 */
static weir_rc take_leaf(weir_ctx *ctx, weir_az *az, const weir_plan *p, weir_plan *leaf,
                         weir_plan **out) {
    if (!leaf->schema) {
        int depth = az->depth;
        const struct weir_az_cte *cte = az->cte;
        az->cte = NULL; /* a view sees none of the query's */
        WEIR_TRY(weir_az_plan(ctx, az, leaf, &leaf));
        az->depth = depth;
        az->cte = cte;
    }
    weir_plan *c = weir_plan_copy(ctx->arena, leaf);
    if (!c->attr) fresh_output(ctx, c, NULL);
    c->plan_id = p->plan_id;
    *out = c;
    if (p->kind != WEIR_P_TABLE || !p->nname) return WEIR_OK;
    /* every use of a table gets its own ids: self unions and joins stay apart */
    weir_plan *alias = weir_az_node(ctx, p, WEIR_P_ALIAS, c);
    alias->schema = c->schema;
    weir_attr *a = own_attrs(ctx, c);
    for (int i = 0; i < c->schema->nfield; i++) {
        a[i].qualifier = p->names;
        a[i].nqualifier = p->nname;
    }
    alias->attr = a;
    *out = alias;
    return WEIR_OK;
}

/* A stream that the query names once more, the same DataFrame or view, is read by the same source.
 * SPARK MicroBatchExecution: one source per StreamingRelation, one offset per place. */
static weir_plan *stream_again(weir_ctx *ctx, const weir_az *az, const weir_plan *p) {
    for (const struct weir_az_stream *s = az->stream; s; s = s->next) {
        bool same = s->spec == p || (p->plan_id >= 0 && s->spec->plan_id == p->plan_id);
        if (!same || s->spec->kind != p->kind || s->spec->metadata != p->metadata) continue;
        weir_plan *c = weir_plan_copy(ctx->arena, s->scan);
        c->reference = weir_new_id();
        if (!c->attr) return c;
        c->attr = own_attrs(ctx, c);
        return c;
    }
    return NULL;
}

static void note_stream(weir_ctx *ctx, weir_az *az, const weir_plan *p, weir_plan *leaf) {
    if (leaf->kind != WEIR_P_SCAN || !leaf->streaming || !leaf->schema) return;
    struct weir_az_stream *s = WEIR_NEW(ctx->arena, struct weir_az_stream);
    *s = (struct weir_az_stream){p, leaf, az->stream};
    leaf->reference = weir_new_id();
    az->stream = s;
}

static weir_rc az_table(weir_ctx *ctx, weir_az *az, weir_plan *p, weir_plan **out) {
    bool exact = weir_names_exact(ctx);
    for (const struct weir_az_cte *c = az->cte; c && p->nname == 1; c = c->outer)
        if (weir_names_alike(c->name, p->names[0], exact))
            return take_leaf(ctx, az, p, c->plan, out);
    weir_plan *leaf = stream_again(ctx, az, p);
    if (leaf) return take_leaf(ctx, az, p, leaf, out);
    weir_rc rc = az->resolver->table(ctx, az->resolver->u, p, &leaf);
    if (rc != WEIR_OK) {
        weir_err_where(ctx, &p->at);
        return rc;
    }
    note_stream(ctx, az, p, leaf);
    return take_leaf(ctx, az, p, leaf, out);
}

static weir_rc az_cte(weir_ctx *ctx, weir_az *az, weir_plan *p, weir_plan **out) {
    const struct weir_az_cte *outer = az->cte;
    for (int i = 0; i < p->nname; i++) {
        struct weir_az_cte *c = WEIR_NEW(ctx->arena, struct weir_az_cte);
        *c = (struct weir_az_cte){p->names[i], NULL, az->cte};
        WEIR_TRY(weir_az_plan(ctx, az, p->in[1 + i], &c->plan));
        az->cte = c;
    }
    weir_rc rc = weir_az_plan(ctx, az, p->in[0], out);
    az->cte = outer;
    return rc;
}

static weir_rc az_alias(weir_ctx *ctx, weir_plan *p, weir_plan *in, weir_plan **out) {
    weir_plan *c = weir_az_node(ctx, p, WEIR_P_ALIAS, in);
    int n = in->schema->nfield;
    weir_attr *a = weir_memdup(ctx->arena, in->attr, sizeof *a * (size_t)n);
    for (int i = 0; i < n; i++) {
        a[i].qualifier = p->names;
        a[i].nqualifier = 1;
    }
    c->attr = a;
    c->schema = in->schema;
    *out = c;
    if (p->nname <= 1) return WEIR_OK;
    weir_expr **e = WEIR_NEWN(ctx->arena, weir_expr *, n);
    if (p->nname - 1 != n)
        return weir_fail(ctx, WEIR_E_NUM_COLUMNS_MISMATCH, "operator", "TABLE ALIAS",
                         "firstNumColumns", weir_printf(ctx->arena, "%d", n), "invalidOrdinalNum",
                         "alias", "invalidNumColumns", weir_printf(ctx->arena, "%d", p->nname - 1));
    for (int i = 0; i < n; i++)
        e[i] = weir_expr_alias(ctx->arena, weir_az_col(ctx, c, i), p->names[i + 1]);
    weir_plan *proj = weir_az_project(ctx, p, c, e, n);
    for (int i = 0; i < n; i++) {
        weir_attr *pa = (weir_attr *)(uintptr_t)&proj->attr[i];
        pa->qualifier = p->names;
        pa->nqualifier = 1;
    }
    *out = proj;
    return WEIR_OK;
}

static weir_rc az_project(weir_ctx *ctx, weir_az *az, weir_plan *p, weir_plan *in,
                          weir_plan **out) {
    bool agg = false;
    for (int i = 0; i < p->nexpr; i++) agg |= weir_has_aggregate(p->expr[i]);
    if (agg) { /* df.select(F.count("*")) */
        weir_plan *g = weir_plan_copy(ctx->arena, p);
        g->kind = WEIR_P_AGGREGATE;
        g->ngroup = 0;
        g->in[0] = in;
        return weir_az_aggregate(ctx, az, g, NULL, 0, 0, out);
    }
    WEIR_TRY(weir_az_lift_windows(ctx, az, &p, &in));
    for (int i = 0; i < p->nexpr; i++)
        if (weir_is_generator(p->expr[i])) return weir_az_project_gen(ctx, az, p, in, i, out);
    weir_expr **e = NULL;
    int n = 0;
    WEIR_TRY(weir_az_list(ctx, az, in, p->expr, p->nexpr, &e, &n));
    *out = weir_az_project(ctx, p, in, e, n);
    return WEIR_OK;
}

/* The aggregate below FILTER (having) and SORT nodes, or NULL. */
static weir_plan *aggregate_below(weir_plan *p) {
    while (p->nin == 1 && (p->kind == WEIR_P_FILTER || p->kind == WEIR_P_SORT) && p->all)
        p = p->in[0];
    return p->kind == WEIR_P_AGGREGATE && !p->schema ? p : NULL;
}

static weir_rc keep_first(weir_ctx *ctx, const weir_plan *p, weir_plan *in, int n,
                          weir_plan **out) {
    weir_expr **e = WEIR_NEWN(ctx->arena, weir_expr *, n);
    for (int i = 0; i < n; i++) e[i] = weir_az_col(ctx, in, i);
    *out = weir_az_project(ctx, p, in, e, n);
    return WEIR_OK;
}

static weir_rc az_filter(weir_ctx *ctx, weir_az *az, weir_plan *p, weir_plan *in, weir_plan **out) {
    weir_expr *e = p->expr[0];
    weir_plan *wide = NULL;
    WEIR_TRY(weir_az_reach(ctx, az, in, &e, 1, &wide));
    WEIR_TRY(weir_az_condition(ctx, e, &e));
    weir_plan *f = weir_az_node(ctx, p, WEIR_P_FILTER, wide);
    weir_plan_add_expr(ctx->arena, f, e);
    weir_az_same_output(f, wide);
    *out = weir_az_narrow(ctx, p, f, in);
    return WEIR_OK;
}

/* ORDER BY 2: a position in the select list. */
static bool position(const weir_expr *item, int *at) {
    const weir_expr *e = item->kind == WEIR_EX_SORT ? item->arg[0] : item;
    if (e == item || e->kind != WEIR_EX_LIT || e->type->kind != WEIR_T_INT || item->at.text == NULL)
        return false;
    *at = WEIR_AT_ROW(int32_t, &e->lit, 0) - 1;
    return true;
}

static weir_rc check_positions(weir_ctx *ctx, const weir_plan *p, int n) {
    int at;
    for (int i = 0; i < p->nexpr; i++) {
        if (!position(p->expr[i], &at) || (at >= 0 && at < n)) continue;
        (void)weir_fail(ctx, WEIR_E_ORDER_BY_POS_OUT_OF_RANGE, "index",
                        weir_printf(ctx->arena, "%d", at + 1), "size",
                        weir_printf(ctx->arena, "%d", n));
        weir_err_where(ctx, &p->expr[i]->at);
        return WEIR_FAIL;
    }
    return WEIR_OK;
}

/* HAVING, and ORDER BY over a grouping or a HAVING: expressions may use aggregates that are not in
 * the output. They become extra output columns of the aggregate, dropped again above. */
static weir_rc over_aggregate(weir_ctx *ctx, weir_az *az, weir_plan *p, weir_plan **out) {
    weir_plan *agg = aggregate_below(p), *mid = NULL, list = {.kind = WEIR_P_PROJECT};
    int at;
    weir_plan *step[2] = {p->in[0] == agg ? p : p->in[0], p}; /* from below */
    int nstep = p->in[0] == agg ? 1 : 2;
    for (int k = 0; k < nstep; k++)
        for (int i = 0; i < step[k]->nexpr; i++) {
            weir_expr *e = step[k]->expr[i];
            if (!position(e, &at))
                weir_plan_add_expr(ctx->arena, &list, e->kind == WEIR_EX_SORT ? e->arg[0] : e);
        }
    int nhaving = step[0]->kind == WEIR_P_FILTER ? step[0]->nexpr : 0;
    WEIR_TRY(weir_az_aggregate(ctx, az, agg, list.expr, list.nexpr, nhaving, &mid));
    int shown = mid->schema->nfield - list.nexpr, next = shown;
    for (int k = 0; k < nstep; k++) {
        weir_plan *node = weir_az_node(ctx, step[k], step[k]->kind, mid);
        node->global = step[k]->global;
        WEIR_TRY(check_positions(ctx, step[k], shown));
        for (int i = 0; i < step[k]->nexpr; i++) {
            bool placed = position(step[k]->expr[i], &at);
            weir_expr *c = weir_az_col(ctx, mid, placed ? at : next++), *item = c;
            if (node->kind == WEIR_P_FILTER) WEIR_TRY(weir_az_condition(ctx, c, &item));
            if (node->kind == WEIR_P_SORT) {
                item = weir_expr_copy(ctx->arena, step[k]->expr[i]);
                item->arg[0] = c;
                item->type = c->type;
            }
            weir_plan_add_expr(ctx->arena, node, item);
        }
        weir_az_same_output(node, mid);
        mid = node;
    }
    return keep_first(ctx, p, mid, shown, out);
}

static weir_rc not_ordered(weir_ctx *ctx, const weir_expr *e) {
    return weir_fail(ctx, WEIR_E_DATATYPE_MISMATCH_INVALID_ORDERING_TYPE, "sqlExpr",
                     weir_printf(ctx->arena, "\"%s\"", weir_expr_sql(ctx->arena, e)),
                     "functionName", "`sortorder`", "dataType",
                     weir_printf(ctx->arena, "\"%s\"", weir_type_sql(ctx->arena, e->type)));
}

/* SPARK ResolveReferencesInSort: ORDER BY ALL means each column, unless one is called so. */
static weir_plan *all_items(weir_ctx *ctx, weir_plan *p, const weir_plan *in) {
    const weir_expr *all = p->nexpr == 1 && p->expr[0]->kind == WEIR_EX_SORT ? p->expr[0] : NULL;
    if (!all || !p->global || !weir_az_is_all(ctx, in, all->arg[0])) return p;
    weir_plan *c = weir_plan_copy(ctx->arena, p);
    c->nexpr = 0;
    for (int i = 0; i < in->schema->nfield; i++) {
        if (in->attr[i].hidden) continue;
        weir_expr *item = weir_expr_copy(ctx->arena, all);
        item->arg[0] = weir_az_col(ctx, in, i);
        weir_plan_add_expr(ctx->arena, c, item);
    }
    return c;
}

static weir_rc az_sort(weir_ctx *ctx, weir_az *az, weir_plan *p, weir_plan *in, weir_plan **out) {
    weir_plan *wide = NULL;
    p = all_items(ctx, p, in);
    WEIR_TRY(check_positions(ctx, p, in->schema->nfield));
    weir_expr **key = WEIR_NEWN(ctx->arena, weir_expr *, p->nexpr + 1);
    for (int i = 0; i < p->nexpr; i++) {
        int at;
        key[i] = position(p->expr[i], &at) ? weir_az_col(ctx, in, at) : p->expr[i]->arg[0];
    }
    WEIR_TRY(weir_az_reach(ctx, az, in, key, p->nexpr, &wide));
    weir_plan *s = weir_az_node(ctx, p, WEIR_P_SORT, wide);
    s->global = p->global;
    for (int i = 0; i < p->nexpr; i++) {
        weir_expr *item = weir_expr_copy(ctx->arena, p->expr[i]);
        item->arg[0] = key[i];
        item->type = key[i]->type;
        item->nullable = key[i]->nullable;
        item->deterministic = key[i]->deterministic;
        if (!weir_type_orderable(item->type)) return not_ordered(ctx, item);
        weir_plan_add_expr(ctx->arena, s, item);
    }
    weir_az_same_output(s, wide);
    *out = weir_az_narrow(ctx, p, s, in);
    return WEIR_OK;
}

/* What rows go by is checked only: they stay where they are, there is one partition. */
static weir_rc az_repartition(weir_ctx *ctx, weir_az *az, weir_plan *p, weir_plan *in,
                              weir_plan **out) {
    weir_plan *wide = NULL;
    weir_expr **key = WEIR_NEWN(ctx->arena, weir_expr *, p->nexpr + 1);
    for (int i = 0; i < p->nexpr; i++)
        key[i] = p->expr[i]->kind == WEIR_EX_SORT ? p->expr[i]->arg[0] : p->expr[i];
    WEIR_TRY(weir_az_reach(ctx, az, in, key, p->nexpr, &wide));
    weir_plan *r = weir_az_node(ctx, p, WEIR_P_REPARTITION, wide);
    r->n = p->n;
    for (int i = 0; i < p->nexpr; i++) {
        weir_expr *item = key[i];
        if (p->expr[i]->kind == WEIR_EX_SORT) {
            item = weir_expr_copy(ctx->arena, p->expr[i]);
            item->arg[0] = key[i];
            item->type = key[i]->type;
            if (!weir_type_orderable(item->type)) return not_ordered(ctx, item);
        }
        weir_plan_add_expr(ctx->arena, r, item);
    }
    weir_az_same_output(r, wide);
    *out = weir_az_narrow(ctx, p, r, in);
    return WEIR_OK;
}

/* "s.t" where s is a struct. */
static bool nested_name(weir_ctx *ctx, const weir_plan *in, const char *name) {
    const char *dot = strchr(name, '.');
    if (!dot || dot == name) return false;
    int i = weir_az_find(ctx, in, weir_printf(ctx->arena, "%.*s", (int)(dot - name), name));
    return i >= 0 && in->schema->field[i].type->kind == WEIR_T_STRUCT;
}

static weir_rc az_watermark(weir_ctx *ctx, weir_az *az, weir_plan *p, weir_plan *in,
                            weir_plan **out) {
    weir_plan *w = weir_az_node(ctx, p, WEIR_P_WATERMARK, in);
    weir_expr *attr = weir_expr_attr(ctx->arena, p->names[0]), *col = NULL;
    if (weir_az_find(ctx, in, p->names[0]) == -1 && nested_name(ctx, in, p->names[0]))
        return weir_fail(ctx, WEIR_E_EVENT_TIME_NESTED, "eventExpr", p->names[0]);
    WEIR_TRY(weir_az_expr(ctx, az, (const weir_plan *const *)&in, 1, attr, &col));
    const weir_type *t = col->type;
    bool window = t->kind == WEIR_T_STRUCT && t->nfield == 2 &&
                  strcmp(t->field[1].name, "end") == 0 &&
                  t->field[1].type->kind == WEIR_T_TIMESTAMP;
    if (col->kind != WEIR_EX_COL || (t->kind != WEIR_T_TIMESTAMP && !window))
        return weir_fail(ctx, WEIR_E_EVENT_TIME_IS_NOT_ON_TIMESTAMP_TYPE, "eventName",
                         weir_printf(ctx->arena, "`%s`", p->names[0]), "eventType",
                         weir_printf(ctx->arena, "\"%s\"", weir_type_sql(ctx->arena, t)));
    weir_plan_add_expr(ctx->arena, w, col);
    w->delay_us = p->delay_us;
    weir_az_same_output(w, in);
    *out = w;
    return WEIR_OK;
}

static weir_rc az_pass(weir_ctx *ctx, weir_plan *p, weir_plan *in, weir_plan **out) {
    weir_plan *c = weir_plan_copy(ctx->arena, p);
    c->in[0] = in;
    c->nexpr = 0;
    c->streaming = in->streaming;
    weir_az_same_output(c, in);
    *out = c;
    return WEIR_OK;
}

static weir_rc az_limit(weir_ctx *ctx, weir_plan *p, weir_plan *in, weir_plan **out) {
    if (p->n >= 0) return az_pass(ctx, p, in, out);
    const char *v = weir_printf(ctx->arena, "%lld", (long long)p->n);
    (void)weir_fail(ctx, WEIR_E_LIMIT_NEGATIVE, "expr", weir_printf(ctx->arena, "\"%s\"", v),
                    "name",
                    p->kind == WEIR_P_LIMIT    ? "limit"
                    : p->kind == WEIR_P_OFFSET ? "offset"
                                               : "tail",
                    "v", v);
    weir_err_where(ctx, &p->at);
    return WEIR_FAIL;
}

static weir_rc az_leaf(weir_ctx *ctx, weir_az *az, weir_plan *p, weir_plan **out) {
    weir_plan *leaf = NULL;
    switch (p->kind) {
    case WEIR_P_SOURCE:
        leaf = stream_again(ctx, az, p);
        if (leaf) break;
        WEIR_TRY(az->resolver->source(ctx, az->resolver->u, p, &leaf));
        note_stream(ctx, az, p, leaf);
        break;
    case WEIR_P_CACHED: WEIR_TRY(az->resolver->cached(ctx, az->resolver->u, p, &leaf)); break;
    case WEIR_P_COMMAND:
        WEIR_TRY(az->resolver->command(ctx, az->resolver->u, p->command, &leaf));
        break;
    case WEIR_P_RANGE: {
        weir_field id = {"id", &weir_t_long, false, NULL};
        leaf = weir_plan_copy(ctx->arena, p);
        leaf->schema = weir_type_struct(ctx->arena, &id, p->n == WEIR_ONE_ROW ? 0 : 1);
        break;
    }
    default: leaf = weir_plan_copy(ctx->arena, p); break; /* LOCAL, SCAN: schema is there */
    }
    return take_leaf(ctx, az, p, leaf, out);
}

static weir_rc az_unary(weir_ctx *ctx, weir_az *az, weir_plan *p, weir_plan *in, weir_plan **out) {
    switch (p->kind) {
    case WEIR_P_PROJECT: return az_project(ctx, az, p, in, out);
    case WEIR_P_FILTER: return az_filter(ctx, az, p, in, out);
    case WEIR_P_SORT: return az_sort(ctx, az, p, in, out);
    case WEIR_P_LIMIT:
    case WEIR_P_OFFSET:
    case WEIR_P_TAIL: return az_limit(ctx, p, in, out);
    case WEIR_P_REPARTITION: return az_repartition(ctx, az, p, in, out);
    case WEIR_P_HINT: return az_pass(ctx, p, in, out);
    case WEIR_P_ALIAS: return az_alias(ctx, p, in, out);
    case WEIR_P_TODF: return weir_az_todf(ctx, p, in, out);
    case WEIR_P_TO_SCHEMA: return weir_az_to_schema(ctx, p, in, out);
    case WEIR_P_DEDUP:
        return p->is_distinct ? weir_az_distinct(ctx, p, in, out)
                              : weir_az_dedup(ctx, p, in, out);
    case WEIR_P_WITH_COLUMNS: return weir_az_with_columns(ctx, az, p, in, out);
    case WEIR_P_RENAME: return weir_az_rename(ctx, p, in, out);
    case WEIR_P_DROP: return weir_az_drop(ctx, az, p, in, out);
    case WEIR_P_METRICS: return weir_az_metrics(ctx, az, p, in, out);
    case WEIR_P_SAMPLE: return weir_az_sample(ctx, p, in, out);
    case WEIR_P_WATERMARK: return az_watermark(ctx, az, p, in, out);
    case WEIR_P_SHOW_STRING:
    case WEIR_P_HTML_STRING: return weir_az_show(ctx, p, in, out);
    case WEIR_P_NA_FILL:
    case WEIR_P_NA_DROP:
    case WEIR_P_NA_REPLACE: return weir_az_na(ctx, az, p, in, out);
    case WEIR_P_WINDOW: return unsupported(ctx, p, "window functions (OVER)");
    case WEIR_P_DESCRIBE:
    case WEIR_P_SUMMARY:
        return unsupported(ctx, p,
                           "describe() and summary(); use agg() with the statistics you need");
    case WEIR_P_UNPIVOT: return unsupported(ctx, p, "unpivot; use union() of selects");
    default: return unsupported(ctx, p, "this relation");
    }
}

/* Relations that work on all columns of their inputs see no hidden one. */
static bool ends_metadata(const weir_plan *p) {
    switch (p->kind) {
    case WEIR_P_UNION:
    case WEIR_P_INTERSECT:
    case WEIR_P_EXCEPT:
    case WEIR_P_SAMPLE: return true;
    case WEIR_P_ALIAS: return p->nname > 1;
    default: return false;
    }
}

/* Each use of a view or a common table expression is a tree of its own: nested, they double. */
static void weigh(weir_plan *p) {
    int64_t sum = 1;
    if (!p->nin || p->weight) return;
    for (int i = 0; i < p->nin; i++) {
        const weir_plan *in = p->in[i];
        weigh(p->in[i]);
        sum += in->weight ? in->weight : 1;
        if (in->height >= p->height) p->height = in->height + 1;
    }
    p->weight = (int32_t)(sum > INT32_MAX ? INT32_MAX : sum);
}

static weir_rc check_weight(weir_ctx *ctx, weir_plan *p) {
    weigh(p);
    if (p->height > WEIR_PLAN_HEIGHT)
        return weir_fail(ctx, WEIR_E_PROTOCOL_DEPTH, "limit",
                         weir_printf(ctx->arena, "%d", WEIR_PLAN_HEIGHT));
    if (p->weight > WEIR_PLAN_NODES)
        return weir_fail(ctx, WEIR_E_PLAN_TOO_LARGE, "what", "its tree", "limit",
                         weir_printf(ctx->arena, "%d", WEIR_PLAN_NODES));
    return WEIR_OK;
}

static bool no_generator(weir_expr *e, void *u) {
    (void)u;
    return !weir_is_generator(e);
}

/* SPARK ExtractGenerator: these nodes make no rows. */
static weir_rc check_generators(weir_ctx *ctx, const weir_plan *p) {
    bool makes_none =
        p->kind == WEIR_P_FILTER || p->kind == WEIR_P_SORT || p->kind == WEIR_P_REPARTITION;
    for (int i = 0; i < p->nexpr && makes_none; i++) {
        if (weir_expr_walk(p->expr[i], no_generator, NULL)) continue;
        char *text = weir_plan_tree(ctx->arena, p);
        text[strcspn(text, "\n")] = 0;
        return weir_fail(ctx, WEIR_E_UNSUPPORTED_GENERATOR_OUTSIDE_SELECT, "plan", text);
    }
    return WEIR_OK;
}

weir_rc weir_az_plan(weir_ctx *ctx, weir_az *az, weir_plan *p, weir_plan **out) {
    if (p->schema && p->attr) { /* resolved already: an adopted subtree */
        *out = p;
        return WEIR_OK;
    }
    if (++az->depth > WEIR_PLAN_DEPTH)
        return weir_fail(ctx, WEIR_E_PROTOCOL_DEPTH, "limit", "1024");
    WEIR_TRY(check_generators(ctx, p));
    weir_rc rc;
    if (p->kind == WEIR_P_TABLE) {
        rc = az_table(ctx, az, p, out);
    } else if (p->kind == WEIR_P_WITH_CTE) {
        rc = az_cte(ctx, az, p, out);
    } else if (p->nin == 0) {
        rc = az_leaf(ctx, az, p, out);
    } else if (p->kind == WEIR_P_AGGREGATE) {
        rc = weir_az_aggregate(ctx, az, p, NULL, 0, 0, out);
    } else if (p->kind == WEIR_P_JOIN) {
        rc = unsupported(
            ctx, p,
            "joins; they come with a later release of weir, run this query on Apache Spark");
    } else if ((p->kind == WEIR_P_FILTER || p->kind == WEIR_P_SORT) && p->all &&
               aggregate_below(p)) {
        rc = over_aggregate(ctx, az, p, out);
    } else {
        weir_plan **in = WEIR_NEWN(ctx->arena, weir_plan *, p->nin);
        rc = WEIR_OK;
        for (int i = 0; i < p->nin && rc == WEIR_OK; i++) {
            rc = weir_az_plan(ctx, az, p->in[i], &in[i]);
            if (rc == WEIR_OK && ends_metadata(p)) in[i] = weir_az_drop_metadata(ctx, in[i]);
        }
        if (rc == WEIR_OK)
            rc = p->is_inline                              ? weir_az_inline(ctx, p, in, out)
                 : p->nin > 1 || p->kind == WEIR_P_UNION ? weir_az_setop(ctx, p, in, out)
                                                         : az_unary(ctx, az, p, in[0], out);
    }
    az->depth--;
    if (rc == WEIR_OK) WEIR_TRY(check_weight(ctx, *out));
    return rc;
}

static weir_rc check_tree(weir_ctx *ctx, const weir_plan *p) {
    for (int i = 0; i < p->nin; i++) WEIR_TRY(check_tree(ctx, p->in[i]));
    return weir_az_check(ctx, p);
}

weir_rc weir_analyze(weir_ctx *ctx, const weir_resolver *r, weir_plan *p, weir_plan **out) {
    weir_az *az = WEIR_NEW(ctx->arena, weir_az);
    az->resolver = r;
    weir_az_mark_metadata(p);
    WEIR_TRY(weir_az_plan(ctx, az, p, out));
    WEIR_TRY(check_tree(ctx, *out));
    *out = weir_az_drop_metadata(ctx, *out);
    return WEIR_OK;
}

weir_rc weir_analyze_expr(weir_ctx *ctx, const weir_resolver *r, weir_schema *in, weir_expr *e,
                          weir_expr **out) {
    weir_az *az = WEIR_NEW(ctx->arena, weir_az);
    az->resolver = r;
    weir_plan *leaf = weir_plan_new(ctx->arena, WEIR_P_LOCAL, 0);
    leaf->schema = in;
    fresh_output(ctx, leaf, NULL);
    return weir_az_expr(ctx, az, (const weir_plan *const *)&leaf, 1, e, out);
}
