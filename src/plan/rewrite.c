/* Relations that are rewritten to smaller ones: columns added, renamed, dropped, cast, set
 * operations, null handling. */
#include "plan/scope.h"

#include <strings.h>

weir_rc weir_az_with_columns(weir_ctx *ctx, weir_az *az, weir_plan *p, weir_plan *in,
                             weir_plan **out) {
    weir_plan list = {.kind = WEIR_P_PROJECT};
    bool *used = WEIR_NEWN(ctx->arena, bool, p->nexpr + 1);
    weir_expr **e = WEIR_NEWN(ctx->arena, weir_expr *, p->nexpr + 1);
    WEIR_TRY(weir_az_lift_windows(ctx, az, &p, &in));
    bool grouped = false;
    for (int i = 0; i < p->nexpr; i++) {
        grouped |= weir_has_aggregate(p->expr[i]);
        WEIR_TRY(weir_az_expr(ctx, az, (const weir_plan *const *)&in, 1, p->expr[i], &e[i]));
    }
    for (int c = 0; c < in->schema->nfield; c++) {
        weir_expr *x = in->attr[c].hidden ? NULL : weir_az_col(ctx, in, c);
        for (int i = 0; i < p->nexpr && x; i++)
            if (weir_name_same(ctx, in->schema->field[c].name, weir_expr_name(ctx->arena, e[i]))) {
                x = e[i];
                used[i] = true;
            }
        /* the columns that stay are no aggregates */
        if (x && grouped && x->kind == WEIR_EX_COL)
            return weir_fail(ctx, WEIR_E_MISSING_GROUP_BY, NULL);
        if (x) weir_plan_add_expr(ctx->arena, &list, x);
    }
    for (int i = 0; i < p->nexpr; i++)
        if (!used[i]) weir_plan_add_expr(ctx->arena, &list, e[i]);
    if (grouped) { /* every column is a new one */
        weir_plan *g = weir_plan_copy(ctx->arena, p);
        g->kind = WEIR_P_AGGREGATE;
        g->ngroup = 0;
        g->in[0] = in;
        return weir_az_aggregate(ctx, az, g, NULL, 0, 0, out);
    }
    *out = weir_az_project(ctx, p, in, list.expr, list.nexpr);
    return WEIR_OK;
}

weir_rc weir_az_rename(weir_ctx *ctx, weir_plan *p, weir_plan *in, weir_plan **out) {
    weir_plan list = {.kind = WEIR_P_PROJECT};
    for (int c = 0; c < in->schema->nfield; c++) {
        if (in->attr[c].hidden) continue;
        weir_expr *x = weir_az_col(ctx, in, c);
        const char *name = in->schema->field[c].name;
        for (int i = 0; i + 1 < p->nname; i += 2)
            if (weir_name_same(ctx, name, p->names[i])) name = p->names[i + 1];
        bool same = name == in->schema->field[c].name;
        weir_plan_add_expr(ctx->arena, &list, same ? x : weir_expr_alias(ctx->arena, x, name));
    }
    *out = weir_az_project(ctx, p, in, list.expr, list.nexpr);
    return WEIR_OK;
}

weir_rc weir_az_drop(weir_ctx *ctx, weir_az *az, weir_plan *p, weir_plan *in, weir_plan **out) {
    weir_plan list = {.kind = WEIR_P_PROJECT};
    bool *gone = WEIR_NEWN(ctx->arena, bool, in->schema->nfield + 1);
    for (int c = 0; c < in->schema->nfield; c++)
        for (int i = 0; i < p->nname; i++)
            gone[c] |= weir_name_same(ctx, in->schema->field[c].name, p->names[i]);
    for (int i = 0; i < p->nexpr; i++) { /* a column that is not there is no error */
        weir_err quiet;
        weir_err_init(&quiet);
        weir_ctx c = *ctx;
        c.err = &quiet;
        weir_expr *e = NULL;
        int depth = az->depth;
        if (weir_az_expr(&c, az, (const weir_plan *const *)&in, 1, p->expr[i], &e) == WEIR_OK &&
            e->kind == WEIR_EX_COL)
            gone[e->ordinal] = true;
        az->depth = depth;
        weir_err_clear(&quiet);
    }
    for (int c = 0; c < in->schema->nfield; c++)
        if (!gone[c] && !in->attr[c].hidden)
            weir_plan_add_expr(ctx->arena, &list, weir_az_col(ctx, in, c));
    *out = weir_az_project(ctx, p, in, list.expr, list.nexpr);
    return WEIR_OK;
}

weir_rc weir_az_todf(weir_ctx *ctx, weir_plan *p, weir_plan *in, weir_plan **out) {
    weir_plan list = {.kind = WEIR_P_PROJECT};
    for (int c = 0; c < in->schema->nfield; c++) {
        if (in->attr[c].hidden) continue;
        int k = list.nexpr;
        weir_expr *x = weir_az_col(ctx, in, c);
        weir_plan_add_expr(ctx->arena, &list,
                           k < p->nname ? weir_expr_alias(ctx->arena, x, p->names[k]) : x);
    }
    if (list.nexpr != p->nname)
        return weir_fail(ctx, WEIR_E_ASSIGNMENT_ARITY_MISMATCH, "numTarget",
                         weir_printf(ctx->arena, "%d", list.nexpr), "numExpr",
                         weir_printf(ctx->arena, "%d", p->nname));
    *out = weir_az_project(ctx, p, in, list.expr, list.nexpr);
    return WEIR_OK;
}

weir_rc weir_az_to_schema(weir_ctx *ctx, weir_plan *p, weir_plan *in, weir_plan **out) {
    weir_plan list = {.kind = WEIR_P_PROJECT};
    for (int i = 0; i < p->type->nfield; i++) {
        const weir_field *f = &p->type->field[i];
        int c = weir_az_find(ctx, in, f->name);
        weir_expr *x = NULL;
        if (c < 0 && !f->nullable)
            return weir_fail(ctx, WEIR_E_UNRESOLVED_COLUMN_WITHOUT_SUGGESTION, "objectName",
                             weir_printf(ctx->arena, "`%s`", f->name));
        if (c < 0)
            x = weir_lit_null(ctx->arena, f->type);
        else
            WEIR_TRY(weir_coerce(ctx, weir_az_col(ctx, in, c), f->type, &x));
        weir_plan_add_expr(ctx->arena, &list, weir_expr_alias(ctx->arena, x, f->name));
    }
    *out = weir_az_project(ctx, p, in, list.expr, list.nexpr);
    return WEIR_OK;
}

static weir_rc no_map(weir_ctx *ctx, const char *name, const weir_type *t) {
    bool map = weir_type_has(t, WEIR_T_MAP);
    if (!map && !weir_type_has(t, WEIR_T_VARIANT)) return WEIR_OK;
    return weir_fail(ctx, map ? WEIR_E_SET_OPERATION_ON_MAP : WEIR_E_SET_OPERATION_ON_VARIANT,
                     "colName", weir_printf(ctx->arena, "`%s`", name), "dataType",
                     weir_printf(ctx->arena, "\"%s\"", weir_type_sql(ctx->arena, t)));
}

static weir_rc no_maps(weir_ctx *ctx, const weir_plan *in) {
    for (int i = 0; i < in->schema->nfield; i++)
        if (!in->attr[i].hidden)
            WEIR_TRY(no_map(ctx, in->schema->field[i].name, in->schema->field[i].type));
    return WEIR_OK;
}

static weir_rc not_a_field(weir_ctx *ctx, const weir_plan *in, const char *name) {
    weir_str list;
    weir_str_init(&list, ctx->arena, 1 << 20);
    for (int i = 0; i < in->schema->nfield; i++)
        if (!in->attr[i].hidden)
            weir_str_printf(&list, "%s%s", list.len ? ", " : "", in->schema->field[i].name);
    return weir_fail(ctx, WEIR_E_UNRESOLVED_COLUMN_AMONG_FIELD_NAMES, "colName", name, "fieldNames",
                     list.p ? list.p : "");
}

/* SPARK ReplaceDistinctWithAggregate: in the state of a stream it is another operator than
 * dropDuplicates. */
weir_rc weir_az_distinct(weir_ctx *ctx, const weir_plan *p, weir_plan *in, weir_plan **out) {
    weir_plan d = {
        .kind = WEIR_P_DEDUP, .plan_id = p->plan_id, .at = p->at, .is_distinct = p->is_distinct};
    weir_plan *g = NULL;
    if (!in->streaming) return weir_az_dedup(ctx, &d, in, out);
    WEIR_TRY(no_maps(ctx, in));
    g = weir_az_node(ctx, p, WEIR_P_AGGREGATE, in);
    for (int i = 0; i < in->schema->nfield; i++)
        if (!in->attr[i].hidden) weir_plan_add_expr(ctx->arena, g, weir_az_col(ctx, in, i));
    g->ngroup = g->nexpr;
    weir_az_output(ctx, g, g->expr, g->nexpr);
    *out = g;
    return WEIR_OK;
}

weir_rc weir_az_dedup(weir_ctx *ctx, weir_plan *p, weir_plan *in, weir_plan **out) {
    if (p->within_watermark && !in->streaming)
        return weir_fail(ctx, WEIR_E_DEDUPLICATE_WITHIN_WATERMARK_BATCH, NULL);
    weir_plan *d = weir_az_node(ctx, p, WEIR_P_DEDUP, in);
    d->within_watermark = p->within_watermark;
    d->is_distinct = p->is_distinct;
    for (int i = 0; i < p->nname; i++) { /* SPARK: all columns of the name */
        int before = d->nexpr;
        for (int c = 0; c < in->schema->nfield; c++)
            if (!in->attr[c].hidden && weir_name_same(ctx, in->schema->field[c].name, p->names[i]))
                weir_plan_add_expr(ctx->arena, d, weir_az_col(ctx, in, c));
        if (d->nexpr == before) return not_a_field(ctx, in, p->names[i]);
    }
    for (int c = 0; c < in->schema->nfield && p->nname == 0; c++)
        if (!in->attr[c].hidden) weir_plan_add_expr(ctx->arena, d, weir_az_col(ctx, in, c));
    for (int i = 0; i < d->nexpr; i++)
        WEIR_TRY(no_map(ctx, weir_expr_name(ctx->arena, d->expr[i]), d->expr[i]->type));
    for (int i = 0; i < d->nexpr; i++)
        if (!weir_type_orderable(d->expr[i]->type))
            return weir_fail(ctx, WEIR_E_UNSUPPORTED_FEATURE, "feature",
                             weir_printf(ctx->arena, "distinct over a column of type %s",
                                         weir_type_name(ctx->arena, d->expr[i]->type)));
    weir_az_same_output(d, in);
    *out = d;
    return WEIR_OK;
}

static const char *setop_name(const weir_plan *p) {
    return p->kind == WEIR_P_UNION ? "UNION" : p->kind == WEIR_P_INTERSECT ? "INTERSECT" : "EXCEPT";
}

/* Rearranges the right side to the left's column order (unionByName), adding nulls where allowed.
 */
static weir_rc by_name(weir_ctx *ctx, const weir_plan *p, weir_plan *left, weir_plan *right,
                       weir_plan **l, weir_plan **r) {
    weir_plan a = {.kind = WEIR_P_PROJECT}, b = {.kind = WEIR_P_PROJECT};
    for (int i = 0; i < left->schema->nfield; i++) {
        const weir_field *f = &left->schema->field[i];
        int c = weir_az_find(ctx, right, f->name);
        if (c < 0 && !p->allow_missing) {
            weir_expr *x = weir_expr_attr(ctx->arena, f->name);
            return weir_az_missing(ctx, (const weir_plan *const *)&right, 1, x);
        }
        weir_plan_add_expr(ctx->arena, &a, weir_az_col(ctx, left, i));
        weir_plan_add_expr(
            ctx->arena, &b,
            c >= 0 ? weir_az_col(ctx, right, c)
                   : weir_expr_alias(ctx->arena, weir_lit_null(ctx->arena, f->type), f->name));
    }
    for (int i = 0; i < right->schema->nfield && p->allow_missing; i++) {
        const weir_field *f = &right->schema->field[i];
        if (weir_az_find(ctx, left, f->name) >= 0) continue;
        weir_plan_add_expr(
            ctx->arena, &a,
            weir_expr_alias(ctx->arena, weir_lit_null(ctx->arena, f->type), f->name));
        weir_plan_add_expr(ctx->arena, &b, weir_az_col(ctx, right, i));
    }
    *l = weir_az_project(ctx, left, left, a.expr, a.nexpr);
    *r = weir_az_project(ctx, right, right, b.expr, b.nexpr);
    return WEIR_OK;
}

static weir_rc cast_side(weir_ctx *ctx, weir_plan *in, const weir_type *const *to,
                         weir_schema *names, weir_plan **out) {
    weir_expr **e = WEIR_NEWN(ctx->arena, weir_expr *, in->schema->nfield + 1);
    bool change = false;
    for (int i = 0; i < in->schema->nfield; i++) {
        weir_expr *c = weir_az_col(ctx, in, i);
        WEIR_TRY(weir_coerce(ctx, c, to[i], &e[i]));
        change |= e[i] != c;
        if (e[i] != c) e[i] = weir_expr_alias(ctx->arena, e[i], names->field[i].name);
    }
    *out = change ? weir_az_project(ctx, in, in, e, in->schema->nfield) : in;
    return WEIR_OK;
}

static weir_rc setop_types(weir_ctx *ctx, const weir_plan *p, weir_plan **in, int nin,
                           const weir_type **to) {
    for (int k = 1; k < nin; k++) {
        if (in[k]->schema->nfield != in[0]->schema->nfield)
            return weir_fail(
                ctx, WEIR_E_NUM_COLUMNS_MISMATCH, "operator", setop_name(p), "firstNumColumns",
                weir_printf(ctx->arena, "%d", in[0]->schema->nfield), "invalidOrdinalNum", "second",
                "invalidNumColumns", weir_printf(ctx->arena, "%d", in[k]->schema->nfield));
        for (int i = 0; i < in[0]->schema->nfield; i++) {
            const weir_type *t = in[k]->schema->field[i].type;
            const weir_type *c = p->is_inline ? weir_common_inline_type(ctx, to[i], t)
                                              : weir_common_type(ctx, to[i], t);
            if (!c && p->is_inline) {
                (void)weir_fail(ctx, WEIR_E_INVALID_INLINE_TABLE_INCOMPATIBLE_TYPES, "colName",
                                weir_printf(ctx->arena, "`%s`", in[0]->schema->field[i].name));
                weir_err_where(ctx, &p->at);
                return WEIR_FAIL;
            }
            if (!c)
                return weir_fail(
                    ctx, WEIR_E_INCOMPATIBLE_COLUMN_TYPE, "operator", setop_name(p),
                    "columnOrdinalNumber",
                    i == 0 ? "first" : weir_printf(ctx->arena, "%dth", i + 1), "tableOrdinalNumber",
                    "second", "dataType1",
                    weir_printf(ctx->arena, "\"%s\"",
                                weir_type_sql(ctx->arena, t)),
                    "dataType2",
                    weir_printf(ctx->arena, "\"%s\"", weir_type_sql(ctx->arena, to[i])), "hint",
                    "");
            to[i] = c;
        }
    }
    return WEIR_OK;
}

static void setop_output(weir_ctx *ctx, weir_plan *u, const weir_type *const *to) {
    int n = u->in[0]->schema->nfield;
    weir_field *f = weir_memdup(ctx->arena, u->in[0]->schema->field, sizeof *f * (size_t)n);
    weir_attr *a = WEIR_NEWN(ctx->arena, weir_attr, n);
    for (int i = 0; i < n; i++) {
        f[i].type = to[i];
        for (int k = 1; k < u->nin; k++) f[i].nullable |= u->in[k]->schema->field[i].nullable;
        a[i] = u->in[0]->attr[i];
    }
    u->schema = weir_type_struct(ctx->arena, f, n);
    u->attr = a;
}

weir_rc weir_az_setop(weir_ctx *ctx, weir_plan *p, weir_plan **in, weir_plan **out) {
    weir_plan *u = weir_plan_copy(ctx->arena, p);
    if (p->by_name && p->nin == 2) WEIR_TRY(by_name(ctx, p, in[0], in[1], &in[0], &in[1]));
    const weir_type **to = WEIR_NEWN(ctx->arena, const weir_type *, in[0]->schema->nfield + 1);
    for (int i = 0; i < in[0]->schema->nfield; i++) to[i] = in[0]->schema->field[i].type;
    WEIR_TRY(setop_types(ctx, p, in, p->nin, to));
    for (int k = 0; k < p->nin; k++) {
        WEIR_TRY(cast_side(ctx, in[k], to, in[0]->schema, &u->in[k]));
        u->streaming |= in[k]->streaming;
    }
    setop_output(ctx, u, to);
    *out = u;
    if (p->kind != WEIR_P_UNION) return no_maps(ctx, in[0]);
    return p->all ? WEIR_OK : weir_az_distinct(ctx, p, u, out);
}

weir_rc weir_az_sample(weir_ctx *ctx, weir_plan *p, weir_plan *in, weir_plan **out) {
    weir_expr *seed = weir_lit_int(ctx->arena, &weir_t_long, p->n), *r = NULL, *lo = NULL,
              *hi = NULL, *both = NULL;
    if (p->all)
        return weir_fail(ctx, WEIR_E_UNSUPPORTED_FEATURE, "feature",
                         "sampling with replacement; use sample(withReplacement=False)");
    WEIR_TRY(weir_call_by_name(ctx, "rand", 1, &seed, &r));
    weir_expr *num = weir_expr_alias(ctx->arena, r, "_sample");
    weir_expr **e = WEIR_NEWN(ctx->arena, weir_expr *, in->schema->nfield + 1);
    int n = in->schema->nfield;
    for (int i = 0; i < n; i++) e[i] = weir_az_col(ctx, in, i);
    e[n] = num;
    weir_plan *wide = weir_az_project(ctx, p, in, e, n + 1);
    weir_expr *a[2] = {weir_az_col(ctx, wide, n),
                       weir_lit_double(ctx->arena, &weir_t_double, p->lo)};
    WEIR_TRY(weir_call_by_name(ctx, ">=", 2, a, &lo));
    a[1] = weir_lit_double(ctx->arena, &weir_t_double, p->hi);
    WEIR_TRY(weir_call_by_name(ctx, "<", 2, a, &hi));
    both = weir_expr_func(ctx->arena, "and", 2, lo, hi);
    both->kind = WEIR_EX_AND;
    both->type = &weir_t_boolean;
    weir_plan *f = weir_az_node(ctx, p, WEIR_P_FILTER, wide);
    f->name = "Sample";
    weir_plan_add_expr(ctx->arena, f, both);
    weir_az_same_output(f, wide);
    for (int i = 0; i < n; i++) e[i] = weir_az_col(ctx, f, i);
    *out = weir_az_project(ctx, p, f, e, n);
    return WEIR_OK;
}

/* Columns as show() prints them: SPARK ToPrettyString. */
weir_rc weir_az_show(weir_ctx *ctx, weir_plan *p, weir_plan *in, weir_plan **out) {
    weir_plan *s = weir_az_node(ctx, p, p->kind, in);
    s->n = p->n;
    s->truncate = p->truncate;
    s->vertical = p->vertical;
    for (int i = 0; i < in->schema->nfield; i++) {
        weir_expr *c = weir_az_col(ctx, in, i), *t = NULL;
        if (in->attr[i].hidden) continue;
        weir_plan_add_name(ctx->arena, s, in->schema->field[i].name);
        WEIR_TRY(weir_call_by_name(ctx, "_show", 1, &c, &t));
        weir_plan_add_expr(ctx->arena, s, t);
    }
    weir_field f = {p->kind == WEIR_P_SHOW_STRING ? "show_string" : "html_string", &weir_t_string,
                    false, NULL};
    s->schema = weir_type_struct(ctx->arena, &f, 1);
    weir_attr *a = WEIR_NEW(ctx->arena, weir_attr);
    a->id = weir_new_id();
    s->attr = a;
    s->streaming = in->streaming;
    *out = s;
    return WEIR_OK;
}

/* SPARK DataFrameNaFunctions: the columns that p names, which may be qualified; fields of structs
 * are none. *which: by ordinal of in, -1 or the name's place; without names 0 for all. */
static weir_rc na_columns(weir_ctx *ctx, weir_az *az, const weir_plan *p, const weir_plan *in,
                          int **which) {
    *which = WEIR_NEWN(ctx->arena, int, in->schema->nfield + 1);
    for (int c = 0; c < in->schema->nfield; c++)
        (*which)[c] = p->nname || in->attr[c].hidden ? -1 : 0;
    for (int i = 0; i < p->nname; i++) {
        weir_expr *attr = weir_expr_new(ctx->arena, WEIR_EX_ATTR), *e = NULL;
        WEIR_TRY(weir_name_parse(ctx, p->names[i], &attr->names, &attr->nname));
        WEIR_TRY(weir_az_expr(ctx, az, &in, 1, attr, &e));
        if (e->kind != WEIR_EX_COL) continue;
        /* SPARK DataFrameNaFunctions.replace0 compares attributes, with their names as written */
        const char *written = attr->names[attr->nname - 1];
        if (p->kind == WEIR_P_NA_REPLACE &&
            strcmp(written, in->schema->field[e->ordinal].name) != 0)
            continue;
        for (int c = 0; c < in->schema->nfield; c++)
            if (in->attr[c].id == in->attr[e->ordinal].id) (*which)[c] = i;
    }
    return WEIR_OK;
}

/* fillna: exprs are one value for all columns, or one per name. */
static weir_rc na_fill(weir_ctx *ctx, weir_plan *p, weir_plan *in, const int *which,
                       weir_plan **out) {
    weir_plan list = {.kind = WEIR_P_PROJECT};
    for (int c = 0; c < in->schema->nfield; c++) {
        if (in->attr[c].hidden) continue;
        weir_expr *x = weir_az_col(ctx, in, c), *v = NULL;
        const weir_type *t = x->type;
        if (which[c] >= 0) {
            v = p->expr[p->nexpr == 1 ? 0 : which[c]];
            bool fits = weir_type_is_numeric(v->type) ? weir_type_is_numeric(t)
                                                      : v->type->kind == t->kind;
            if (!fits) v = NULL;
        }
        if (v) {
            weir_expr *a[2] = {x, NULL}, *filled = NULL;
            WEIR_TRY(weir_coerce(ctx, v, t, &a[1]));
            if (t->kind == WEIR_T_FLOAT ||
                t->kind == WEIR_T_DOUBLE) { /* SPARK: NaN counts as missing */
                weir_expr *nv[2] = {x, weir_lit_double(ctx->arena, t, __builtin_nan(""))};
                WEIR_TRY(weir_call_by_name(ctx, "nullif", 2, nv, &a[0]));
            }
            filled = weir_expr_func(ctx->arena, "coalesce", 2, a[0], a[1]);
            filled->kind = WEIR_EX_COALESCE;
            filled->type = t;
            filled->nullable = a[1]->nullable;
            x = weir_expr_alias(ctx->arena, filled, in->schema->field[c].name);
        }
        weir_plan_add_expr(ctx->arena, &list, x);
    }
    *out = weir_az_project(ctx, p, in, list.expr, list.nexpr);
    return WEIR_OK;
}

/* dropna: at least n (0 = all) of the named columns are not null. */
static weir_rc na_drop(weir_ctx *ctx, weir_plan *p, weir_plan *in, const int *which,
                       weir_plan **out) {
    weir_expr *sum = NULL;
    int total = 0;
    for (int c = 0; c < in->schema->nfield; c++) {
        if (which[c] < 0) continue;
        weir_expr *x = weir_az_col(ctx, in, c), *has = NULL, *one = NULL;
        WEIR_TRY(weir_call_by_name(ctx, "isnotnull", 1, &x, &has));
        WEIR_TRY(weir_cast_resolve(ctx, has, &weir_t_int, WEIR_CAST_DEFAULT, &one));
        weir_expr *a[2] = {sum, one};
        if (sum)
            WEIR_TRY(weir_call_by_name(ctx, "+", 2, a, &sum));
        else
            sum = one;
        total++;
    }
    weir_plan *f = weir_az_node(ctx, p, WEIR_P_FILTER, in);
    int64_t least = p->n > 0 ? p->n : p->all ? 1 : total;
    weir_expr *a[2] = {sum ? sum : weir_lit_int(ctx->arena, &weir_t_int, 0),
                       weir_lit_int(ctx->arena, &weir_t_int, least)},
              *cond = NULL;
    WEIR_TRY(weir_call_by_name(ctx, ">=", 2, a, &cond));
    weir_plan_add_expr(ctx->arena, f, cond);
    weir_az_same_output(f, in);
    *out = f;
    return WEIR_OK;
}

/* WHEN x = from THEN to. SPARK DataFrameNaFunctions: numbers are compared as doubles, whatever the
 * column is, and what is put in their place is cast from one: that may be null. */
static weir_rc replaced(weir_ctx *ctx, weir_expr *x, weir_expr *from, weir_expr *to,
                        weir_expr **when, bool *nullable) {
    weir_expr *a[2] = {x, from};
    if (weir_type_is_numeric(x->type)) {
        for (int i = 0; i < 2; i++)
            WEIR_TRY(weir_cast_resolve(ctx, a[i], &weir_t_double, WEIR_CAST_DEFAULT, &a[i]));
        WEIR_TRY(weir_cast_resolve(ctx, to, &weir_t_double, WEIR_CAST_DEFAULT, &to));
        *nullable |= x->type->kind != WEIR_T_DOUBLE && x->type->kind != WEIR_T_FLOAT;
    }
    WEIR_TRY(weir_call_by_name(ctx, "=", 2, a, &when[0]));
    WEIR_TRY(weir_coerce(ctx, to, x->type, &when[1]));
    *nullable |= when[1]->nullable;
    return WEIR_OK;
}

/* replace: exprs are old, new, old, new ... literals. */
static weir_rc na_replace(weir_ctx *ctx, weir_plan *p, weir_plan *in, const int *which,
                          weir_plan **out) {
    weir_plan list = {.kind = WEIR_P_PROJECT};
    for (int c = 0; c < in->schema->nfield; c++) {
        if (in->attr[c].hidden) continue;
        weir_expr *x = weir_az_col(ctx, in, c), *r = weir_expr_new(ctx->arena, WEIR_EX_CASE);
        bool nullable = x->nullable;
        r->arg = WEIR_NEWN(ctx->arena, weir_expr *, p->nexpr + 1);
        for (int i = 0; i + 1 < p->nexpr && which[c] >= 0; i += 2) {
            bool fits = weir_type_is_numeric(p->expr[i]->type)
                            ? weir_type_is_numeric(x->type)
                            : p->expr[i]->type->kind == x->type->kind;
            if (!fits) continue;
            WEIR_TRY(replaced(ctx, x, p->expr[i], p->expr[i + 1], r->arg + r->narg, &nullable));
            r->narg += 2;
        }
        if (r->narg) {
            r->arg[r->narg++] = x;
            r->type = x->type;
            r->nullable = nullable;
            x = weir_expr_alias(ctx->arena, r, in->schema->field[c].name);
        }
        weir_plan_add_expr(ctx->arena, &list, x);
    }
    *out = weir_az_project(ctx, p, in, list.expr, list.nexpr);
    return WEIR_OK;
}

weir_rc weir_az_na(weir_ctx *ctx, weir_az *az, weir_plan *p, weir_plan *in, weir_plan **out) {
    int *which = NULL;
    WEIR_TRY(na_columns(ctx, az, p, in, &which));
    if (p->kind == WEIR_P_NA_FILL) return na_fill(ctx, p, in, which, out);
    if (p->kind == WEIR_P_NA_DROP) return na_drop(ctx, p, in, which, out);
    return na_replace(ctx, p, in, which, out);
}
