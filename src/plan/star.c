/* Stars of a select list: all columns, those of a relation, the fields of a struct, those whose
 * names a pattern fits; without those of EXCEPT. SPARK Star, UnresolvedStarExceptOrReplace. Called
 * by resolve.c. */
#include "expr/eval.h"
#include "plan/scope.h"

/* SPARK UnresolvedRegex: the whole name as the pattern says. */
static weir_rc name_matches(weir_ctx *ctx, const char *name, const char *pattern, bool *yes) {
    const char *whole = weir_printf(ctx->arena, "%s\\A(?:%s)\\z",
                                    weir_names_exact(ctx) ? "" : "(?i)", pattern);
    weir_expr *arg[2] = {weir_lit_string(ctx->arena, name, strlen(name)),
                         weir_lit_string(ctx->arena, whole, strlen(whole))},
              *like = NULL;
    weir_column v;
    WEIR_TRY(weir_call_by_name(ctx, "rlike", 2, arg, &like));
    WEIR_TRY(weir_eval_const(ctx, like, &v));
    *yes = !weir_is_null(&v, 0) && WEIR_AT_ROW(uint8_t, &v, 0);
    return WEIR_OK;
}

static weir_rc add_star(weir_ctx *ctx, const weir_plan *in, const weir_expr *star,
                        weir_plan *list, bool *any) {
    const weir_plan *from = star->plan_id >= 0 ? weir_az_plan_of(in, star->plan_id, 0) : NULL;
    for (int i = 0; i < in->schema->nfield; i++) {
        const weir_attr *a = &in->attr[i];
        bool take = !a->hidden;
        if (star->nname && take) take = a->nqualifier >= star->nname;
        for (int k = 0; take && k < star->nname; k++)
            take =
                weir_name_same(ctx, a->qualifier[a->nqualifier - star->nname + k], star->names[k]);
        if (take && from && !star->nname) {
            bool own = false;
            for (int j = 0; j < from->schema->nfield; j++) own |= from->attr[j].id == a->id;
            take = own;
        }
        if (take && star->name)
            WEIR_TRY(name_matches(ctx, in->schema->field[i].name, star->name, &take));
        if (!take) continue;
        weir_plan_add_expr(ctx->arena, list, weir_az_col(ctx, in, i));
        *any = true;
    }
    return WEIR_OK;
}

/* "s.*" over a struct column. */
static weir_rc star_of_struct(weir_ctx *ctx, weir_az *az, const weir_plan *in, weir_expr *star,
                              weir_plan *list) {
    weir_expr *attr = weir_expr_new(ctx->arena, WEIR_EX_ATTR), *base = NULL;
    attr->names = star->names;
    attr->nname = star->nname;
    attr->plan_id = star->plan_id;
    attr->at = star->at;
    WEIR_TRY(weir_az_expr(ctx, az, &in, 1, attr, &base));
    if (base->type->kind != WEIR_T_STRUCT) {
        (void)weir_fail(ctx, WEIR_E_INVALID_EXTRACT_BASE_FIELD_TYPE, "base",
                        weir_printf(ctx->arena, "\"%s\"", weir_expr_sql(ctx->arena, base)), "other",
                        weir_printf(ctx->arena, "\"%s\"", weir_type_sql(ctx->arena, base->type)));
        weir_err_where(ctx, &star->at);
        return WEIR_FAIL;
    }
    for (int i = 0; i < base->type->nfield; i++) {
        weir_expr *f = NULL;
        WEIR_TRY(weir_az_field(ctx, base, i, base->type->field[i].name, &f));
        weir_plan_add_expr(ctx->arena, list,
                           weir_expr_alias(ctx->arena, f, base->type->field[i].name));
    }
    return WEIR_OK;
}

/* A column of EXCEPT: its place among the star's, then among the fields of structs. */
typedef struct path {
    int *at, n;
} path;

static weir_rc path_of(weir_ctx *ctx, const weir_expr *said, const weir_expr *e, path *out) {
    int n = 0;
    const weir_expr *x = e;
    for (; x->kind == WEIR_EX_CALL; x = x->arg[0], n++) {
        bool field = strcmp(x->fn->name, "_getfield") == 0;
        if (field && x->arg[0]->type->kind == WEIR_T_STRUCT) continue;
        (void)weir_fail(ctx, WEIR_E_EXCEPT_NESTED_COLUMN_INVALID_TYPE, "columnName",
                        weir_expr_sql(ctx->arena, x), "dataType",
                        weir_type_sql(ctx->arena, x->arg[0]->type));
        weir_err_where(ctx, &said->at);
        return WEIR_FAIL;
    }
    out->n = n + 1;
    out->at = WEIR_NEWN(ctx->arena, int, n + 1);
    out->at[0] = x->ordinal;
    for (x = e; n > 0; x = x->arg[0]) out->at[n--] = WEIR_AT_ROW(int32_t, &x->arg[1]->lit, 0);
    return WEIR_OK;
}

static weir_rc overlapping(weir_ctx *ctx, const weir_expr *star) {
    char *all = "";
    for (int i = 0; i < star->narg; i++)
        all = weir_printf(ctx->arena, "%s%s%s", all, i ? ", " : "",
                          weir_expr_sql(ctx->arena, star->arg[i]));
    (void)weir_fail(ctx, WEIR_E_EXCEPT_OVERLAPPING_COLUMNS, "columns", all);
    weir_err_where(ctx, &star->at);
    return WEIR_FAIL;
}

/* How many paths go through place i at that level; they are put to the front. *ends: of those that
 * end there. */
static int through(path *of, int n, int level, int i, int *ends) {
    int k = 0;
    *ends = 0;
    for (int j = 0; j < n; j++) {
        if (of[j].at[level] != i) continue;
        *ends += of[j].n == level + 1;
        path t = of[k];
        of[k++] = of[j];
        of[j] = t;
    }
    return k;
}

/* base without the fields that the paths name. */
static weir_rc without_fields(weir_ctx *ctx, const weir_expr *star, weir_expr *base, path *of,
                              int n, int level, weir_expr **out) {
    weir_expr **arg = WEIR_NEWN(ctx->arena, weir_expr *, base->type->nfield * 2 + 1);
    int narg = 0;
    for (int i = 0; i < base->type->nfield; i++) {
        const char *name = base->type->field[i].name;
        int ends, k = through(of, n, level, i, &ends);
        if (ends && ends < k) return overlapping(ctx, star);
        if (ends) continue;
        arg[narg++] = weir_lit_string(ctx->arena, name, strlen(name));
        WEIR_TRY(weir_az_field(ctx, base, i, name, &arg[narg]));
        if (k) WEIR_TRY(without_fields(ctx, star, arg[narg], of, k, level + 1, &arg[narg]));
        narg++;
    }
    return weir_call_by_name(ctx, "named_struct", narg, arg, out);
}

static weir_rc without(weir_ctx *ctx, weir_az *az, const weir_plan *in, const weir_expr *star,
                       const weir_plan *all, weir_plan *list) {
    weir_plan *seen = weir_plan_new(ctx->arena, WEIR_P_PROJECT, 1, in);
    const weir_plan *const scope = seen;
    path *of = WEIR_NEWN(ctx->arena, path, star->narg);
    weir_az_output(ctx, seen, all->expr, all->nexpr);
    for (int i = 0; i < star->narg; i++) {
        weir_expr *e = NULL;
        WEIR_TRY(weir_az_expr(ctx, az, &scope, 1, star->arg[i], &e));
        WEIR_TRY(path_of(ctx, star->arg[i], e, &of[i]));
    }
    for (int i = 0; i < all->nexpr; i++) {
        weir_expr *e = all->expr[i], *bare = e->kind == WEIR_EX_ALIAS ? e->arg[0] : e;
        int ends, k = through(of, star->narg, 0, i, &ends);
        if (ends && ends < k) return overlapping(ctx, star);
        if (ends) continue;
        if (k) {
            WEIR_TRY(without_fields(ctx, star, bare, of, k, 1, &bare));
            e = weir_expr_alias(ctx->arena, bare, weir_expr_name(ctx->arena, e));
        }
        weir_plan_add_expr(ctx->arena, list, e);
    }
    return WEIR_OK;
}

weir_rc weir_az_star(weir_ctx *ctx, weir_az *az, const weir_plan *in, weir_expr *star,
                     weir_plan *list) {
    bool any = false;
    weir_plan all = {.kind = WEIR_P_PROJECT}, *into = star->narg ? &all : list;
    WEIR_TRY(add_star(ctx, in, star, into, &any));
    if (!any && star->nname && !star->name) WEIR_TRY(star_of_struct(ctx, az, in, star, into));
    return star->narg ? without(ctx, az, in, star, &all, list) : WEIR_OK;
}

weir_rc weir_az_check_star(weir_ctx *ctx, const weir_expr *call, int i) {
    bool takes = !call->is_operator || weir_expr_is_row(call) ||
                 (i > 0 && strcmp(call->name, "in") == 0);
    if (takes) return WEIR_OK;
    (void)weir_fail(ctx, WEIR_E_INVALID_USAGE_OF_STAR_OR_REGEX, "elem", "'*'", "prettyName",
                    weir_printf(ctx->arena, "expression `%s`", call->name));
    weir_err_where(ctx, &call->arg[i]->at);
    return WEIR_FAIL;
}
