/* Binding expressions: names to ordinals, calls to functions, types coerced. Called by analyze.c.
 */
#include "func/text.h"
#include "plan/scope.h"

#include <strings.h>

typedef struct binder {
    weir_az *az;
    const weir_plan *const *in;
    int nin;
    bool names_only; /* only ATTRs are bound: for column names */
    bool ranked;     /* what an earlier input has is not looked for in later ones */
} binder;

static weir_rc bind_expr(weir_ctx *, const binder *, weir_expr *, weir_expr **out);

int weir_az_find(weir_ctx *ctx, const weir_plan *in, const char *name) {
    int found = -1;
    for (int i = 0; i < in->schema->nfield; i++) {
        if (in->attr[i].hidden || !weir_name_same(ctx, in->schema->field[i].name, name)) continue;
        if (found >= 0) return -2;
        found = i;
    }
    return found;
}

typedef struct proposal {
    char *text;
    int32_t distance;
} proposal;

static bool one_qualifier(const weir_plan *const *in, int nin) {
    const char *q = NULL;
    for (int k = 0, seen = 0; k < nin; k++)
        for (int i = 0; i < in[k]->schema->nfield; i++) {
            const weir_attr *a = &in[k]->attr[i];
            if (a->hidden) continue;
            const char *mine = a->nqualifier ? a->qualifier[a->nqualifier - 1] : "";
            if (seen++ && strcmp(q, mine) != 0) return false;
            q = mine;
        }
    return true;
}

/* SPARK StringUtils.orderSuggestedIdentifiersBySimilarity: by the distance between the quoted
 * column and the name as it was written. */
static weir_rc propose(weir_ctx *ctx, const weir_plan *const *in, int nin, const weir_expr *e,
                       proposal *v, int *count) {
    bool bare = e->nname == 1 && one_qualifier(in, nin);
    weir_str name;
    int n = 0;
    weir_str_init(&name, ctx->arena, 1 << 20);
    for (int i = 0; i < e->nname; i++) weir_str_printf(&name, "%s%s", i ? "." : "", e->names[i]);
    for (int k = 0; k < nin; k++)
        for (int i = 0; i < in[k]->schema->nfield; i++) {
            const weir_attr *a = &in[k]->attr[i];
            const char *col = in[k]->schema->field[i].name;
            if (a->hidden) continue;
            proposal one;
            one.text = a->nqualifier && !bare ? weir_printf(ctx->arena, "`%s`.`%s`",
                                                            a->qualifier[a->nqualifier - 1], col)
                                              : weir_printf(ctx->arena, "`%s`", col);
            WEIR_TRY(weir_levenshtein(ctx, (weir_bytes){one.text, (int32_t)strlen(one.text)},
                                      (weir_bytes){name.p, (int32_t)name.len}, &one.distance));
            int at = n++;
            for (; at && v[at - 1].distance > one.distance; at--) v[at] = v[at - 1];
            v[at] = one;
        }
    *count = n;
    return WEIR_OK;
}

weir_rc weir_az_missing(weir_ctx *ctx, const weir_plan *const *in, int nin, const weir_expr *e) {
    weir_str list, name;
    int all = 1;
    weir_str_init(&list, ctx->arena, 1 << 20);
    weir_str_init(&name, ctx->arena, 1 << 20);
    for (int k = 0; k < nin; k++) all += in[k]->schema->nfield;
    proposal *v = WEIR_NEWN(ctx->arena, proposal, all);
    int n = 0;
    WEIR_TRY(propose(ctx, in, nin, e, v, &n));
    for (int i = 0; i < n && i < 5; i++) weir_str_printf(&list, "%s%s", i ? ", " : "", v[i].text);
    for (int i = 0; i < e->nname; i++) weir_str_printf(&name, "%s`%s`", i ? "." : "", e->names[i]);
    if (n)
        (void)weir_fail(ctx, WEIR_E_UNRESOLVED_COLUMN_WITH_SUGGESTION, "objectName", name.p,
                        "proposal", list.p);
    else
        (void)weir_fail(ctx, WEIR_E_UNRESOLVED_COLUMN_WITHOUT_SUGGESTION, "objectName",
                        name.p ? name.p : "``");
    weir_err_where(ctx, &e->at);
    return WEIR_FAIL;
}

bool weir_az_is_all(weir_ctx *ctx, const weir_plan *in, const weir_expr *e) {
    return e->kind == WEIR_EX_ATTR && e->nname == 1 && strcasecmp(e->names[0], "all") == 0 &&
           weir_az_find(ctx, in, e->names[0]) == -1;
}

weir_rc weir_az_ambiguous(weir_ctx *ctx, const weir_expr *e) {
    (void)weir_fail(ctx, WEIR_E_AMBIGUOUS_REFERENCE, "name",
                    weir_printf(ctx->arena, "`%s`", e->names[0]), "referenceNames",
                    weir_printf(ctx->arena, "[`%s`, `%s`]", e->names[0], e->names[0]));
    weir_err_where(ctx, &e->at);
    return WEIR_FAIL;
}

/* Parts of the name that name output i of in: 0 none, else how many (qualifiers and column). */
static int match_parts(weir_ctx *ctx, const weir_plan *in, int i, const weir_expr *e) {
    const weir_attr *a = &in->attr[i];
    const char *field = in->schema->field[i].name;
    for (int q = a->nqualifier; q >= 1; q--) {
        if (e->nname < q + 1) continue;
        bool ok = weir_name_same(ctx, e->names[q], field);
        for (int k = 0; ok && k < q; k++)
            ok = weir_name_same(ctx, e->names[k], a->qualifier[a->nqualifier - q + k]);
        if (ok) return q + 1;
    }
    return weir_name_same(ctx, e->names[0], field) ? 1 : 0;
}

const weir_plan *weir_az_plan_of(const weir_plan *p, int64_t id, int depth) {
    if (p->plan_id == id) return p;
    if (depth > WEIR_PLAN_DEPTH) return NULL;
    for (int i = 0; i < p->nin; i++) {
        const weir_plan *f = weir_az_plan_of(p->in[i], id, depth + 1);
        if (f) return f;
    }
    return NULL;
}

weir_expr *weir_az_col(weir_ctx *ctx, const weir_plan *in, int i) {
    weir_expr *c =
        weir_expr_col(ctx->arena, i, in->schema->field[i].type, in->schema->field[i].nullable);
    c->name = in->schema->field[i].name;
    return c;
}

/* An attribute taken from a certain DataFrame: by the id that it has there. -1: not found that way.
 */
static int by_plan_id(weir_ctx *ctx, const binder *b, const weir_expr *e, int *used) {
    int base = 0;
    for (int k = 0; k < b->nin; k++) {
        const weir_plan *p = weir_az_plan_of(b->in[k], e->plan_id, 0);
        for (int i = 0; p && p->schema && i < p->schema->nfield; i++) {
            int parts = match_parts(ctx, p, i, e);
            for (int j = 0; parts && j < b->in[k]->schema->nfield; j++)
                if (b->in[k]->attr[j].id == p->attr[i].id) {
                    *used = parts;
                    return base + j;
                }
        }
        base += b->in[k]->schema->nfield;
    }
    return -1;
}

static const weir_attr *attr_of(const binder *b, int ordinal) {
    int k = 0;
    for (; ordinal >= b->in[k]->schema->nfield; k++) ordinal -= b->in[k]->schema->nfield;
    return &b->in[k]->attr[ordinal];
}

static int by_name(weir_ctx *ctx, const binder *b, const weir_expr *e, int *used) {
    int found = -1, base = 0;
    *used = 0;
    for (int k = 0; k < b->nin; k++) {
        for (int i = 0; i < b->in[k]->schema->nfield; i++) {
            int parts = match_parts(ctx, b->in[k], i, e);
            if (!parts || parts < *used) continue;
            if (parts == *used && found >= 0) {
                const weir_attr *a = &b->in[k]->attr[i], *was = attr_of(b, found);
                if (a->hidden || a->id == was->id) continue; /* a column that is there twice */
                if (!was->hidden) return -2;
            }
            found = base + i;
            *used = parts;
        }
        base += b->in[k]->schema->nfield;
        if (b->ranked && found >= 0) break;
    }
    return found;
}

static weir_expr *col_at(weir_ctx *ctx, const binder *b, int ordinal) {
    int base = 0;
    for (int k = 0; k < b->nin; base += b->in[k]->schema->nfield, k++) {
        if (ordinal >= base + b->in[k]->schema->nfield) continue;
        weir_expr *c = weir_az_col(ctx, b->in[k], ordinal - base);
        c->ordinal = ordinal;
        return c;
    }
    return NULL;
}

weir_rc weir_az_field(weir_ctx *ctx, weir_expr *base, int i, const char *shown, weir_expr **out) {
    weir_expr *arg[2] = {base, weir_lit_int(ctx->arena, &weir_t_int, i)};
    arg[1]->name = shown;
    return weir_call_by_name(ctx, "_getfield", 2, arg, out);
}

static weir_rc no_field(weir_ctx *ctx, weir_schema *s, const char *name, int why) {
    char *field = NULL, *all = "", *one = NULL;
    int n = 0;
    WEIR_TRY(weir_name_sql(ctx, name, &field));
    for (int i = 0; i < s->nfield; i++) n += weir_name_same(ctx, s->field[i].name, name);
    if (why == -2)
        return weir_fail(ctx, WEIR_E_AMBIGUOUS_REFERENCE_TO_FIELDS, "field", field, "count",
                         weir_printf(ctx->arena, "%d", n));
    for (int i = 0; i < s->nfield; i++) {
        WEIR_TRY(weir_name_sql(ctx, s->field[i].name, &one));
        all = weir_printf(ctx->arena, "%s%s%s", all, i ? ", " : "", one);
    }
    return weir_fail(ctx, WEIR_E_FIELD_NOT_FOUND, "fieldName", field, "fields", all);
}

/* SPARK ExtractValue: a field by its name, which it is shown under as it was written. */
static weir_rc get_field(weir_ctx *ctx, weir_expr *base, const char *name, const weir_pos *at,
                         weir_expr **out) {
    weir_expr *arg[2] = {base, weir_lit_string(ctx->arena, name, strlen(name))};
    const weir_type *t = base->type, *s = t->kind == WEIR_T_ARRAY ? t->field[0].type : t;
    if (t->kind == WEIR_T_VOID || (s != t && s->kind != WEIR_T_STRUCT))
        return weir_call_by_name(ctx, "_getitem", 2, arg, out);
    if (t->kind != WEIR_T_MAP && s->kind != WEIR_T_STRUCT) {
        (void)weir_fail(ctx, WEIR_E_INVALID_EXTRACT_BASE_FIELD_TYPE, "base",
                        weir_printf(ctx->arena, "\"%s\"", weir_expr_sql(ctx->arena, base)), "other",
                        weir_printf(ctx->arena, "\"%s\"", weir_type_sql(ctx->arena, t)));
        weir_err_where(ctx, at);
        return WEIR_FAIL;
    }
    if (t->kind == WEIR_T_MAP) return weir_call_by_name(ctx, "_getmap", 2, arg, out);
    int i = weir_schema_find(s, name, weir_names_exact(ctx));
    return i < 0 ? no_field(ctx, s, name, i) : weir_az_field(ctx, base, i, name, out);
}

/* SPARK ResolveLateralColumnAliasReference: the alias of an item before this one; what it stands
 * for takes its place. *out NULL: there is none. */
static weir_rc lateral_alias(weir_ctx *ctx, const binder *b, const weir_expr *e, weir_expr **out) {
    const weir_plan *list = b->names_only ? NULL : b->az->lateral;
    *out = NULL;
    for (int i = 0; list && i < list->nexpr; i++) {
        const weir_expr *item = list->expr[i];
        if (item->kind != WEIR_EX_ALIAS || !weir_name_same(ctx, item->names[0], e->names[0]))
            continue;
        if (*out) {
            (void)weir_fail(ctx, WEIR_E_AMBIGUOUS_LATERAL_COLUMN_ALIAS, "name",
                            weir_printf(ctx->arena, "`%s`", e->names[0]), "n", "2");
            weir_err_where(ctx, &e->at);
            return WEIR_FAIL;
        }
        *out = item->arg[0];
    }
    if (!*out || (*out)->deterministic) return WEIR_OK;
    return weir_fail(ctx, WEIR_E_UNSUPPORTED_FEATURE, "feature",
                     weir_printf(ctx->arena,
                                 "the alias %s of an expression that is not deterministic, in the "
                                 "select list that makes it; use a subquery in FROM",
                                 e->names[0]));
}

static weir_rc bind_attr(weir_ctx *ctx, const binder *b, weir_expr *e, weir_expr **out) {
    int used = 0, at = e->plan_id >= 0 ? by_plan_id(ctx, b, e, &used) : -1;
    if (at == -1) at = by_name(ctx, b, e, &used);
    if (at == -2) return weir_az_ambiguous(ctx, e);
    *out = NULL;
    if (at == -1) WEIR_TRY(lateral_alias(ctx, b, e, out));
    if (at == -1 && !*out) return weir_az_missing(ctx, b->in, b->nin, e);
    if (*out) {
        used = 1;
    } else {
        *out = col_at(ctx, b, at);
        (*out)->name = e->names[used - 1]; /* SPARK AttributeSeq.resolve: as it was written */
    }
    for (int i = used; i < e->nname; i++) {
        if (b->names_only) {
            weir_expr *x = weir_expr_new(ctx->arena, WEIR_EX_EXTRACT);
            x->narg = 2;
            x->arg = WEIR_NEWN(ctx->arena, weir_expr *, 2);
            x->arg[0] = *out;
            x->arg[1] = weir_lit_string(ctx->arena, e->names[i], strlen(e->names[i]));
            *out = x;
        } else {
            WEIR_TRY(get_field(ctx, *out, e->names[i], &e->at, out));
        }
    }
    return WEIR_OK;
}

static weir_rc bind_extract(weir_ctx *ctx, weir_expr *e, weir_expr **out) {
    weir_expr *base = e->arg[0], *key = e->arg[1];
    bool named =
        key->kind == WEIR_EX_LIT && key->type->kind == WEIR_T_STRING && !weir_is_null(&key->lit, 0);
    if (named && base->type->kind != WEIR_T_MAP) {
        weir_bytes n = weir_get_bytes(&key->lit, 0);
        return get_field(ctx, base, weir_strndup(ctx->arena, n.p, (size_t)n.len), &e->at, out);
    }
    if (base->type->kind == WEIR_T_ARRAY || base->type->kind == WEIR_T_VOID)
        return weir_call_by_name(ctx, "_getitem", 2, e->arg, out);
    if (base->type->kind == WEIR_T_MAP) return weir_call_by_name(ctx, "_getmap", 2, e->arg, out);
    (void)weir_fail(ctx, WEIR_E_INVALID_EXTRACT_BASE_FIELD_TYPE, "base",
                    weir_printf(ctx->arena, "\"%s\"", weir_expr_sql(ctx->arena, base)), "other",
                    weir_printf(ctx->arena, "\"%s\"", weir_type_sql(ctx->arena, base->type)));
    weir_err_where(ctx, &e->at);
    return WEIR_FAIL;
}

weir_rc weir_az_condition(weir_ctx *ctx, weir_expr *e, weir_expr **out) {
    *out = e;
    if (e->type->kind == WEIR_T_BOOLEAN) return WEIR_OK;
    (void)weir_fail(ctx, WEIR_E_DATATYPE_MISMATCH_FILTER_NOT_BOOLEAN, "sqlExpr",
                    weir_printf(ctx->arena, "\"%s\"", weir_expr_sql(ctx->arena, e)), "filter",
                    weir_printf(ctx->arena, "\"%s\"", weir_expr_sql(ctx->arena, e)), "type",
                    weir_printf(ctx->arena, "\"%s\"", weir_type_sql(ctx->arena, e->type)));
    weir_err_where(ctx, &e->at);
    return WEIR_FAIL;
}

/* A text, NULL is cast where an operator wants a boolean, not where a query does. */
static weir_rc to_bool(weir_ctx *ctx, weir_expr *e, weir_expr **out) {
    bool cast = e->type->kind == WEIR_T_STRING || e->type->kind == WEIR_T_VOID;
    if (cast) return weir_coerce(ctx, e, &weir_t_boolean, out);
    return weir_az_condition(ctx, e, out);
}

/* The values of e at every step-th argument from first, cast to one type. */
static weir_rc one_type(weir_ctx *ctx, weir_expr *e, const bool *value, const char *what) {
    const weir_type *t = NULL;
    for (int i = 0; i < e->narg; i++) {
        if (!value[i]) continue;
        const weir_type *c = t ? weir_common_type(ctx, t, e->arg[i]->type) : e->arg[i]->type;
        if (!c) {
            (void)weir_fail(ctx, WEIR_E_DATATYPE_MISMATCH_DATA_DIFF_TYPES, "sqlExpr",
                            weir_printf(ctx->arena, "\"%s\"", weir_expr_sql(ctx->arena, e)),
                            "functionName", weir_printf(ctx->arena, "`%s`", what), "dataType",
                            weir_printf(ctx->arena, "(\"%s\" or \"%s\")",
                                        weir_type_sql(ctx->arena, t),
                                        weir_type_sql(ctx->arena, e->arg[i]->type)));
            weir_err_where(ctx, &e->at);
            return WEIR_FAIL;
        }
        t = c;
    }
    for (int i = 0; i < e->narg; i++)
        if (value[i]) WEIR_TRY(weir_coerce(ctx, e->arg[i], t, &e->arg[i]));
    e->type = t;
    return WEIR_OK;
}

static void settle(weir_expr *e) {
    e->deterministic = true;
    for (int i = 0; i < e->narg; i++) e->deterministic &= e->arg[i]->deterministic;
}

static weir_rc bind_case(weir_ctx *ctx, weir_expr *e, weir_expr **out) {
    weir_expr *c = weir_expr_copy(ctx->arena, e);
    bool *value = WEIR_NEWN(ctx->arena, bool, e->narg);
    c->kind = WEIR_EX_CASE;
    c->nullable = !(e->narg & 1);
    for (int i = 0; i < e->narg; i++) {
        bool cond = i % 2 == 0 && i + 1 < e->narg;
        value[i] = !cond;
        if (cond)
            WEIR_TRY(to_bool(ctx, c->arg[i], &c->arg[i]));
        else
            c->nullable |= c->arg[i]->nullable;
    }
    WEIR_TRY(one_type(ctx, c, value, "casewhen"));
    settle(c);
    *out = c;
    return WEIR_OK;
}

static weir_rc bind_coalesce(weir_ctx *ctx, weir_expr *e, weir_expr **out) {
    weir_expr *c = weir_expr_copy(ctx->arena, e);
    bool *value = WEIR_NEWN(ctx->arena, bool, e->narg);
    c->kind = WEIR_EX_COALESCE;
    c->nullable = true;
    for (int i = 0; i < e->narg; i++) {
        value[i] = true;
        c->nullable &= c->arg[i]->nullable;
    }
    WEIR_TRY(one_type(ctx, c, value, "coalesce"));
    settle(c);
    *out = c;
    return WEIR_OK;
}

static weir_rc bind_logic(weir_ctx *ctx, weir_expr *e, weir_ekind kind, weir_expr **out) {
    if (e->narg < 2) return weir_fn_wrong_count(ctx, e, 2, 2);
    weir_expr *c = weir_expr_copy(ctx->arena, e);
    c->kind = kind;
    c->type = &weir_t_boolean;
    c->nullable = false;
    for (int i = 0; i < c->narg; i++) {
        WEIR_TRY(to_bool(ctx, c->arg[i], &c->arg[i]));
        c->nullable |= c->arg[i]->nullable;
    }
    settle(c);
    *out = c;
    return WEIR_OK;
}

/* struct(a, b AS c): names come from the arguments as written. */
static weir_rc bind_struct(weir_ctx *ctx, weir_expr *e, weir_expr **out) {
    weir_expr **arg = WEIR_NEWN(ctx->arena, weir_expr *, e->narg * 2 + 1);
    for (int i = 0; i < e->narg; i++) {
        const weir_expr *a = e->arg[i];
        const char *n = weir_expr_field_name(ctx->arena, a, i);
        arg[2 * i] = weir_lit_string(ctx->arena, n, strlen(n));
        arg[2 * i + 1] = a->kind == WEIR_EX_ALIAS ? a->arg[0] : e->arg[i];
    }
    return weir_call_by_name(ctx, "named_struct", e->narg * 2, arg, out);
}

static weir_rc bind_if(weir_ctx *ctx, weir_expr *e, weir_expr **out) {
    weir_expr *c = weir_expr_copy(ctx->arena, e);
    if (strcasecmp(e->name, "nvl2") == 0)
        WEIR_TRY(weir_call_by_name(ctx, "isnotnull", 1, c->arg, &c->arg[0]));
    c->name = "when";
    return bind_case(ctx, c, out);
}

/* decode(x, value, result, ..., [default]): nulls are equal. */
static weir_rc bind_decode(weir_ctx *ctx, weir_expr *e, weir_expr **out) {
    weir_expr *c = weir_expr_copy(ctx->arena, e);
    c->narg = e->narg - 1;
    c->name = "when";
    for (int i = 1; i < e->narg; i++) {
        weir_expr *pair[2] = {e->arg[0], e->arg[i]};
        bool value = i % 2 == 1 && i + 1 < e->narg;
        if (value)
            WEIR_TRY(weir_call_by_name(ctx, "<=>", 2, pair, &c->arg[i - 1]));
        else
            c->arg[i - 1] = e->arg[i];
    }
    return bind_case(ctx, c, out);
}

static weir_rc bind_between(weir_ctx *ctx, weir_expr *e, weir_expr **out) {
    weir_expr *low[2] = {e->arg[0], e->arg[1]}, *high[2] = {e->arg[0], e->arg[2]};
    weir_expr *both = weir_expr_func(ctx->arena, "and", 2, e, e);
    both->at = e->at;
    WEIR_TRY(weir_call_by_name(ctx, ">=", 2, low, &both->arg[0]));
    WEIR_TRY(weir_call_by_name(ctx, "<=", 2, high, &both->arg[1]));
    return bind_logic(ctx, both, WEIR_EX_AND, out);
}

static weir_rc bind_func(weir_ctx *ctx, const binder *b, weir_expr *e, weir_expr **out) {
    const char *n = e->name;
    if (*n == '_') return weir_fn_missing(ctx, e); /* those are the engine's own */
    for (int i = 0; i < e->narg; i++)
        if (e->arg[i]->kind == WEIR_EX_LAMBDA)
            return weir_az_lambda(ctx, b->az, b->in, b->nin, e, out);
    if (weir_expr_is_like_list(e)) {
        *out = e->arg[1];
        return WEIR_OK;
    }
    if (e->narg == 3 && strcasecmp(n, "between") == 0) return bind_between(ctx, e, out);
    if (strcasecmp(n, "and") == 0) return bind_logic(ctx, e, WEIR_EX_AND, out);
    if (strcasecmp(n, "or") == 0) return bind_logic(ctx, e, WEIR_EX_OR, out);
    if (e->narg >= 2 && (strcasecmp(n, "when") == 0 || strcasecmp(n, "case") == 0))
        return bind_case(ctx, e, out);
    if (e->narg == 3 && (strcasecmp(n, "if") == 0 || strcasecmp(n, "nvl2") == 0))
        return bind_if(ctx, e, out);
    if (e->narg >= 1 && (strcasecmp(n, "coalesce") == 0 || strcasecmp(n, "nvl") == 0 ||
                         strcasecmp(n, "ifnull") == 0))
        return bind_coalesce(ctx, e, out);
    if (strcasecmp(n, "struct") == 0) return bind_struct(ctx, e, out);
    if (e->narg > 2 && strcasecmp(n, "decode") == 0) return bind_decode(ctx, e, out);
    weir_expr *c = weir_expr_copy(ctx->arena, e);
    for (int i = 0; i < c->narg; i++)
        while (c->arg[i]->kind == WEIR_EX_ALIAS) c->arg[i] = c->arg[i]->arg[0];
    WEIR_TRY(weir_az_pad_chars(ctx, b->in, b->nin, c));
    return weir_fn_resolve(ctx, c, out);
}

static weir_rc no_update(weir_ctx *ctx, const weir_expr *e, weir_errcls why) {
    const weir_expr *base = e->arg[0];
    (void)weir_fail(ctx, why, "sqlExpr",
                    weir_printf(ctx->arena, "\"%s\"", weir_expr_sql(ctx->arena, e)), "paramIndex",
                    "first", "requiredType", "\"STRUCT\"", "inputSql",
                    weir_printf(ctx->arena, "\"%s\"", weir_expr_sql(ctx->arena, base)), "inputType",
                    weir_printf(ctx->arena, "\"%s\"", weir_type_sql(ctx->arena, base->type)));
    weir_err_where(ctx, &e->at);
    return WEIR_FAIL;
}

/* SPARK UpdateFields: a field that is set gets the name as it was written; of no struct is made
 * none. */
static weir_rc bind_update(weir_ctx *ctx, const weir_expr *e, weir_expr **out) {
    weir_expr *base = e->arg[0], *made = NULL;
    if (base->type->kind != WEIR_T_STRUCT)
        return no_update(ctx, e, WEIR_E_DATATYPE_MISMATCH_UNEXPECTED_INPUT_TYPE);
    weir_expr **arg = WEIR_NEWN(ctx->arena, weir_expr *, 2 * base->type->nfield + 2);
    int n = 0;
    bool done = false;
    for (int i = 0; i < base->type->nfield; i++) {
        const char *name = base->type->field[i].name;
        bool hit = weir_name_same(ctx, name, e->name);
        if (hit && e->narg == 1) continue;
        if (hit) name = e->name;
        arg[n++] = weir_lit_string(ctx->arena, name, strlen(name));
        if (hit)
            arg[n++] = e->arg[1], done = true;
        else
            WEIR_TRY(weir_az_field(ctx, base, i, name, &arg[n++]));
    }
    if (!done && e->narg == 2) {
        arg[n++] = weir_lit_string(ctx->arena, e->name, strlen(e->name));
        arg[n++] = e->arg[1];
    }
    if (!n) return no_update(ctx, e, WEIR_E_DATATYPE_MISMATCH_CANNOT_DROP_ALL_FIELDS);
    WEIR_TRY(weir_call_by_name(ctx, "named_struct", n, arg, &made));
    *out = made;
    if (!base->nullable) return WEIR_OK;
    weir_expr *null = weir_expr_func(ctx->arena, "when", 3, base,
                                     weir_lit_null(ctx->arena, &weir_t_void), made);
    WEIR_TRY(weir_call_by_name(ctx, "isnull", 1, &base, &null->arg[0]));
    return bind_case(ctx, null, out);
}

static weir_rc refuse(weir_ctx *ctx, const weir_expr *e, const char *what) {
    (void)weir_fail(ctx, WEIR_E_UNSUPPORTED_EXPR, "feature",
                    weir_printf(ctx->arena,
                                "%s. Write the query without it, or run it on Apache Spark.",
                                what));
    weir_err_where(ctx, &e->at);
    return WEIR_FAIL;
}

/* Stars inside a call: struct(*), count(*), hash(*). */
static weir_rc spread_stars(weir_ctx *ctx, const binder *b, weir_expr *e, weir_expr **out) {
    bool any = false;
    for (int i = 0; i < e->narg; i++) any |= e->arg[i]->kind == WEIR_EX_STAR;
    *out = e;
    if (!any) return WEIR_OK;
    weir_expr *c = weir_expr_copy(ctx->arena, e);
    const weir_expr *first = e->arg[0];
    if (strcasecmp(e->name, "count") == 0 && e->narg == 1 && !first->nname && !first->narg &&
        !e->distinct) {
        c->arg[0] = weir_lit_int(ctx->arena, &weir_t_int, 1);
        *out = c;
        return WEIR_OK;
    }
    weir_plan list = {.kind = WEIR_P_PROJECT};
    for (int i = 0; i < e->narg; i++) {
        if (e->arg[i]->kind != WEIR_EX_STAR) {
            weir_plan_add_expr(ctx->arena, &list, e->arg[i]);
            continue;
        }
        WEIR_TRY(weir_az_check_star(ctx, e, i));
        weir_expr **all = NULL;
        int n = 0;
        WEIR_TRY(weir_az_list(ctx, b->az, b->in[0], &e->arg[i], 1, &all, &n));
        for (int k = 0; k < n; k++) weir_plan_add_expr(ctx->arena, &list, all[k]);
    }
    c->arg = list.expr;
    c->narg = list.nexpr;
    *out = c;
    return WEIR_OK;
}

/* DATE '2020-01-01' becomes a literal; in Spark the parser does so. */
static weir_rc bind_typed(weir_ctx *ctx, weir_expr *e, weir_expr **out) {
    weir_expr *cast = NULL;
    weir_column value, text;
    weir_bytes said = weir_get_bytes(&e->arg[0]->lit, 0);
    weir_err quiet;
    weir_err_init(&quiet);
    weir_ctx c = *ctx;
    c.err = &quiet;
    bool ok = weir_cast_resolve(&c, e->arg[0], e->type, WEIR_CAST_ANSI, &cast) == WEIR_OK &&
              weir_eval_const(&c, cast, &value) == WEIR_OK && !weir_is_null(&value, 0);
    weir_err_clear(&quiet);
    if (!ok) {
        (void)weir_fail(
            ctx, WEIR_E_INVALID_TYPED_LITERAL, "valueType",
            weir_printf(ctx->arena, "\"%s\"", weir_type_sql(ctx->arena, e->type)), "value",
            weir_printf(ctx->arena, "'%.*s'", (int)said.len, said.len ? said.p : ""));
        weir_err_where(ctx, &e->at);
        return WEIR_FAIL;
    }
    *out = weir_lit_column(ctx->arena, &value);
    (*out)->at = e->at;
    WEIR_TRY(weir_cast_resolve(ctx, *out, &weir_t_string, WEIR_CAST_DEFAULT, &cast));
    WEIR_TRY(weir_eval_const(ctx, cast, &text));
    said = weir_get_bytes(&text, 0);
    (*out)->name = weir_printf(ctx->arena, "%s '%.*s'", weir_type_sql(ctx->arena, e->type),
                               (int)said.len, said.len ? said.p : "");
    return WEIR_OK;
}

static weir_rc bind_cast(weir_ctx *ctx, weir_expr *e, weir_expr **out) {
    WEIR_TRY(weir_cast_resolve(ctx, e->arg[0], e->type, e->cast_mode, out));
    if (*out != e->arg[0]) (*out)->at = e->at;
    return WEIR_OK;
}

static weir_rc bind_node(weir_ctx *ctx, const binder *b, weir_expr *e, weir_expr **out) {
    switch (e->kind) {
    case WEIR_EX_ATTR: return bind_attr(ctx, b, e, out);
    case WEIR_EX_STAR: return refuse(ctx, e, "a star outside of a select list or function call");
    case WEIR_EX_FUNC: return bind_func(ctx, b, e, out);
    case WEIR_EX_CAST: return bind_cast(ctx, e, out);
    case WEIR_EX_EXTRACT: return bind_extract(ctx, e, out);
    case WEIR_EX_UPDATE_FIELDS: return bind_update(ctx, e, out);
    case WEIR_EX_LAMBDA: *out = e; return WEIR_OK; /* the function binds it */
    case WEIR_EX_LAMBDA_VAR:
        WEIR_TRY(weir_az_lambda_var(ctx, b->az, e, out));
        for (int i = 1; i < e->nname; i++) WEIR_TRY(get_field(ctx, *out, e->names[i], &e->at, out));
        return WEIR_OK;
    case WEIR_EX_WINDOW: return refuse(ctx, e, "window functions (OVER)");
    case WEIR_EX_SUBQUERY: return refuse(ctx, e, "subqueries in expressions");
    case WEIR_EX_AND:
    case WEIR_EX_OR: return bind_logic(ctx, e, e->kind, out);
    case WEIR_EX_CASE: return e->type ? (*out = e, WEIR_OK) : bind_case(ctx, e, out);
    case WEIR_EX_COALESCE: return e->type ? (*out = e, WEIR_OK) : bind_coalesce(ctx, e, out);
    case WEIR_EX_ALIAS:
    case WEIR_EX_SORT: {
        weir_expr *c = weir_expr_copy(ctx->arena, e);
        c->type = c->arg[0]->type;
        c->nullable = c->arg[0]->nullable;
        c->deterministic = c->arg[0]->deterministic;
        *out = c;
        return WEIR_OK;
    }
    default: *out = e; return WEIR_OK;
    }
}

static weir_rc bind_filter(weir_ctx *ctx, weir_expr *call) {
    int k = call->filter->type->kind;
    if (k == WEIR_T_BOOLEAN || k == WEIR_T_VOID)
        return to_bool(ctx, call->filter, &call->filter);
    (void)weir_fail(ctx, WEIR_E_AGGREGATE_FILTER_NOT_BOOLEAN, "filterExpr",
                    weir_printf(ctx->arena, "\"%s\"", weir_expr_sql(ctx->arena, call->filter)));
    weir_err_where(ctx, &call->at);
    return WEIR_FAIL;
}

/* BETWEEN, CASE x, decode ... use an argument more than once: nested, they double. */
static int64_t weight_of(weir_expr *e) {
    if (!e->narg || e->weight) return e->weight ? e->weight : 1;
    int64_t sum = 1 + (e->filter ? weight_of(e->filter) : 0);
    for (int i = 0; i < e->narg; i++) sum += weight_of(e->arg[i]);
    e->weight = (int32_t)(sum > INT32_MAX ? INT32_MAX : sum);
    return e->weight;
}

static weir_rc bind_expr(weir_ctx *ctx, const binder *b, weir_expr *e, weir_expr **out);

/* Only the type of an operand, where it can be told: else it stays NULL. */
static void add_type(weir_ctx *ctx, const binder *b, weir_expr *operand, weir_expr **shown) {
    binder whole = *b;
    weir_expr *full = NULL;
    weir_err quiet;
    weir_ctx c = *ctx;
    const int depth = b->az->depth;
    weir_err_init(&quiet);
    c.err = &quiet;
    whole.names_only = false;
    if (bind_expr(&c, &whole, operand, &full) == WEIR_OK) {
        *shown = weir_expr_copy(ctx->arena, *shown);
        (*shown)->type = full->type;
    }
    b->az->depth = depth;
    weir_err_clear(&quiet);
}

/* How an operator is shown follows from the types of its operands where Spark rewrites it: beside a
 * date, an interval, or where a decimal literal is compared. written: before it was bound. */
static weir_expr *rewritten(weir_ctx *ctx, const binder *b, const weir_expr *written,
                            weir_expr *e) {
    if (e->kind != WEIR_EX_FUNC || e->narg != 2 || written->narg != 2) return e;
    const bool compares = weir_orders_decimal_literal(e),
               adds = strchr("+-*", *e->name) && *e->name && !e->name[1];
    for (int i = 0; i < 2; i++) {
        const weir_type *other = e->arg[1 - i]->type;
        bool moves = adds && other &&
                     (weir_type_is_interval(other) || other->kind == WEIR_T_DATE ||
                      other->kind == WEIR_T_TIMESTAMP || other->kind == WEIR_T_TIMESTAMP_NTZ);
        if (!e->arg[i]->type && (compares || moves))
            add_type(ctx, b, written->arg[i], &e->arg[i]);
    }
    weir_expr *whole = weir_whole_comparison(ctx->arena, e);
    return whole ? whole : e;
}

static weir_rc bind_expr(weir_ctx *ctx, const binder *b, weir_expr *e, weir_expr **out) {
    if (++b->az->depth > WEIR_EXPR_DEPTH)
        return weir_fail(ctx, WEIR_E_PROTOCOL_DEPTH, "limit",
                         weir_printf(ctx->arena, "%d", WEIR_EXPR_DEPTH));
    weir_expr *c = e;
    if (e->kind == WEIR_EX_FUNC) WEIR_TRY(spread_stars(ctx, b, e, &c));
    if (c == e && e->narg) c = weir_expr_copy(ctx->arena, e);
    bool opaque =
        e->kind == WEIR_EX_WINDOW || e->kind == WEIR_EX_SUBQUERY || e->kind == WEIR_EX_LAMBDA;
    for (int i = 0; i < c->narg && !opaque; i++) WEIR_TRY(bind_expr(ctx, b, c->arg[i], &c->arg[i]));
    if (c->filter) WEIR_TRY(bind_expr(ctx, b, c->filter, &c->filter));
    b->az->depth--;
    if (c->kind == WEIR_EX_CAST && c->typed) return bind_typed(ctx, c, out);
    if (b->names_only && e->kind != WEIR_EX_ATTR) {
        *out = rewritten(ctx, b, e, c);
        return WEIR_OK;
    }
    if (c->filter) WEIR_TRY(bind_filter(ctx, c));
    WEIR_TRY(bind_node(ctx, b, c, out));
    if (weight_of(*out) > WEIR_EXPR_NODES)
        return weir_fail(ctx, WEIR_E_PLAN_TOO_LARGE, "what", "an expression", "limit",
                         weir_printf(ctx->arena, "%d", WEIR_EXPR_NODES));
    bool made = (*out)->kind != WEIR_EX_COL && (*out)->type;
    return made ? weir_type_check_depth(ctx, (*out)->type) : WEIR_OK;
}

static weir_rc bind_whole(weir_ctx *ctx, const binder *b, weir_expr *e, weir_expr **out) {
    WEIR_TRY(bind_expr(ctx, b, e, out));
    if ((*out)->kind != WEIR_EX_LAMBDA) return WEIR_OK;
    (void)weir_fail(ctx, WEIR_E_INVALID_LAMBDA_NOT_HIGHER_ORDER, "class",
                    "org.apache.spark.sql.catalyst.expressions.LambdaFunction");
    weir_err_where(ctx, &e->at);
    return WEIR_FAIL;
}

weir_rc weir_az_expr(weir_ctx *ctx, weir_az *az, const weir_plan *const *in, int nin, weir_expr *e,
                     weir_expr **out) {
    return bind_whole(ctx, &(binder){.az = az, .in = in, .nin = nin}, e, out);
}

weir_rc weir_az_expr_ranked(weir_ctx *ctx, weir_az *az, const weir_plan *const *in, int nin,
                            weir_expr *e, weir_expr **out) {
    return bind_whole(ctx, &(binder){.az = az, .in = in, .nin = nin, .ranked = true}, e, out);
}

/* e with attributes as they are named in the input. */
static weir_expr *named(weir_ctx *ctx, weir_az *az, const weir_plan *in, weir_expr *e) {
    binder b = {.az = az, .in = &in, .nin = 1, .names_only = true};
    weir_expr *shown = e;
    weir_err quiet;
    weir_err_init(&quiet);
    weir_ctx c = *ctx;
    c.err = &quiet;
    if (bind_expr(&c, &b, e, &shown) != WEIR_OK) shown = e;
    weir_err_clear(&quiet);
    return shown;
}

/* The name of an output column: its text; s.x is x, and a cast of a column keeps its name. */
static const char *output_name(weir_ctx *ctx, weir_az *az, const weir_plan *in, weir_expr *e) {
    if (e->kind == WEIR_EX_ALIAS || e->kind == WEIR_EX_LIT || e->kind == WEIR_EX_COL)
        return weir_expr_name(ctx->arena, e);
    if (e->kind == WEIR_EX_CAST && e->arg[0]->kind == WEIR_EX_ATTR) {
        const weir_expr *column = named(ctx, az, in, e->arg[0]);
        if (column->kind == WEIR_EX_COL) return weir_expr_name(ctx->arena, column);
    }
    const weir_expr *shown = named(ctx, az, in, e);
    return weir_expr_name(ctx->arena, e->kind == WEIR_EX_ATTR && shown->kind == WEIR_EX_EXTRACT
                                          ? e
                                          : shown);
}

weir_rc weir_az_list(weir_ctx *ctx, weir_az *az, const weir_plan *in, weir_expr **e, int n,
                     weir_expr ***out, int *nout) {
    weir_plan list = {.kind = WEIR_P_PROJECT};
    for (int i = 0; i < n; i++) {
        if (e[i]->kind == WEIR_EX_STAR) {
            WEIR_TRY(weir_az_star(ctx, az, in, e[i], &list));
            continue;
        }
        const char *name = output_name(ctx, az, in, e[i]);
        const weir_plan *outer = az->lateral;
        weir_expr *r = NULL;
        az->lateral = &list;
        weir_rc rc = weir_az_expr(ctx, az, &in, 1, e[i], &r);
        az->lateral = outer;
        WEIR_TRY(rc);
        bool named = r->kind == WEIR_EX_ALIAS ||
                     (r->kind == WEIR_EX_COL && r->name && strcmp(r->name, name) == 0);
        weir_plan_add_expr(ctx->arena, &list, named ? r : weir_expr_alias(ctx->arena, r, name));
    }
    *out = list.expr;
    *nout = list.nexpr;
    return WEIR_OK;
}

bool weir_has_aggregate(const weir_expr *e) {
    int next;
    if (e->kind == WEIR_EX_AGG) return true;
    if (e->kind == WEIR_EX_WINDOW) return false;
    if (e->kind == WEIR_EX_FUNC && weir_agg_find(e->name, 0, &next) &&
        !weir_fn_find(e->name, 0, &next))
        return true;
    for (int i = 0; i < e->narg; i++)
        if (weir_has_aggregate(e->arg[i])) return true;
    return false;
}
