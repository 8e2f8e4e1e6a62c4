/* Calls that make rows: generators in select lists (explode, inline, stack, json_tuple) and time
 * windows. Each becomes a node below the one that has the call, and the call a column of it. Called
 * by analyze.c and aggregate.c. */
#include "plan/scope.h"

#include <strings.h>

static const weir_expr *bare(const weir_expr *e) {
    while (e->kind == WEIR_EX_ALIAS) e = e->arg[0];
    return e;
}

static bool is_call(const weir_expr *e, const char *name) {
    return e->kind == WEIR_EX_FUNC && strcasecmp(e->name, name) == 0;
}

bool weir_is_generator(const weir_expr *e) {
    e = bare(e);
    return e->kind == WEIR_EX_FUNC && weir_fn_is_generator(e->name);
}

/* Outputs of in, then more fields of the node's own. */
static void append_output(weir_ctx *ctx, weir_plan *node, const weir_plan *in,
                          const weir_field *more, int nmore, bool hidden) {
    int n = in->schema->nfield;
    weir_field *f = WEIR_NEWN(ctx->arena, weir_field, n + nmore);
    weir_attr *a = WEIR_NEWN(ctx->arena, weir_attr, n + nmore);
    if (n) memcpy(f, in->schema->field, sizeof *f * (size_t)n);
    if (n) memcpy(a, in->attr, sizeof *a * (size_t)n);
    for (int i = 0; i < nmore; i++) {
        f[n + i] = more[i];
        a[n + i].id = weir_new_id();
        a[n + i].hidden = hidden;
    }
    node->schema = weir_type_struct(ctx->arena, f, n + nmore);
    node->attr = a;
}

/* ---- generators ---- */

static weir_expr *text(weir_ctx *ctx, const char *s) {
    return weir_lit_string(ctx->arena, s, strlen(s));
}

static weir_expr *func(weir_ctx *ctx, const char *name, weir_plan *args) {
    weir_expr *f = weir_expr_func(ctx->arena, name, 0);
    f->arg = args->expr;
    f->narg = args->nexpr;
    return f;
}

/* stack(n, a, b, ...): rows of the given values, missing ones null. */
static weir_rc stack_rows(weir_ctx *ctx, const weir_expr *g, weir_expr **out) {
    const weir_expr *count = g->narg ? g->arg[0] : NULL;
    bool ok = count && count->kind == WEIR_EX_LIT && count->type->kind == WEIR_T_INT && g->narg > 1;
    int n = ok ? WEIR_AT_ROW(int32_t, &count->lit, 0) : 0;
    if (n <= 0)
        return weir_fail(ctx, WEIR_E_UNSUPPORTED_FEATURE, "feature",
                         "stack without a positive literal count and values");
    int values = g->narg - 1, cols = (values + n - 1) / n;
    weir_plan rows = {.kind = WEIR_P_PROJECT};
    for (int r = 0; r < n; r++) {
        weir_plan row = {.kind = WEIR_P_PROJECT};
        for (int k = 0; k < cols; k++) {
            int at = r * cols + k;
            weir_plan_add_expr(ctx->arena, &row, text(ctx, weir_printf(ctx->arena, "col%d", k)));
            weir_plan_add_expr(ctx->arena, &row,
                               at < values ? g->arg[1 + at]
                                           : weir_lit_null(ctx->arena, &weir_t_void));
        }
        weir_plan_add_expr(ctx->arena, &rows, func(ctx, "named_struct", &row));
    }
    *out = func(ctx, "array", &rows);
    return WEIR_OK;
}

/* json_tuple(json, name, ...): one row of the members' texts. */
static weir_rc json_row(weir_ctx *ctx, weir_az *az, const weir_plan *in, const weir_expr *g,
                        weir_expr **out) {
    weir_expr **arg = WEIR_NEWN(ctx->arena, weir_expr *, g->narg + 1), *row = NULL;
    if (g->narg < 2)
        return weir_fail(ctx, WEIR_E_UNSUPPORTED_FEATURE, "feature",
                         "json_tuple without the names of members");
    for (int i = 0; i < g->narg; i++) WEIR_TRY(weir_az_expr(ctx, az, &in, 1, g->arg[i], &arg[i]));
    WEIR_TRY(weir_call_by_name(ctx, "_json_tuple", g->narg, arg, &row));
    return weir_call_by_name(ctx, "array", 1, &row, out);
}

static weir_rc bad_list(weir_ctx *ctx, const weir_expr *call, const weir_expr *arg, bool spread) {
    return weir_fail(ctx, WEIR_E_DATATYPE_MISMATCH_UNEXPECTED_INPUT_TYPE, "sqlExpr",
                     weir_printf(ctx->arena, "\"%s\"", weir_expr_sql(ctx->arena, call)),
                     "paramIndex", "first", "requiredType",
                     spread ? "\"ARRAY<STRUCT>\"" : "(\"ARRAY\" or \"MAP\")", "inputSql",
                     weir_printf(ctx->arena, "\"%s\"", weir_expr_sql(ctx->arena, arg)), "inputType",
                     weir_printf(ctx->arena, "\"%s\"", weir_type_sql(ctx->arena, arg->type)));
}

typedef struct generator {
    bool outer, pos, spread; /* spread: the fields of the elements are the columns */
} generator;

/* What is spread over rows; weir_az_expr leaves what is bound. */
static weir_rc generator_arg(weir_ctx *ctx, weir_az *az, const weir_plan *in, const weir_expr *call,
                             generator *g, weir_expr **out) {
    *g = (generator){.outer = strcasecmp(call->name + strlen(call->name) - 5, "outer") == 0,
                     .pos = strncasecmp(call->name, "pos", 3) == 0};
    g->spread = strncasecmp(call->name, "inline", 6) == 0;
    if (is_call(call, "stack")) return g->spread = true, stack_rows(ctx, call, out);
    if (is_call(call, "json_tuple")) return g->spread = true, json_row(ctx, az, in, call, out);
    if (call->narg != 1)
        return weir_fail(ctx, WEIR_E_WRONG_NUM_ARGS, "functionName",
                         weir_printf(ctx->arena, "`%s`", call->name), "expectedNum", "1",
                         "actualNum", weir_printf(ctx->arena, "%d", call->narg), "docroot",
                         "https://spark.apache.org/docs/latest");
    *out = call->arg[0];
    return WEIR_OK;
}

/* The generator node under the projection: outputs of in, then [pos,] col or key, value. */
static weir_rc generate(weir_ctx *ctx, weir_az *az, const weir_plan *p, weir_plan *in,
                        const weir_expr *call, generator *g, weir_plan **out) {
    weir_expr *arg = NULL;
    weir_field more[3];
    int n = 0;
    WEIR_TRY(generator_arg(ctx, az, in, call, g, &arg));
    WEIR_TRY(weir_az_expr(ctx, az, (const weir_plan *const *)&in, 1, arg, &arg));
    const weir_type *t = arg->type;
    bool map = t->kind == WEIR_T_MAP && !g->spread;
    if (!map && t->kind != WEIR_T_ARRAY) return bad_list(ctx, call, arg, g->spread);
    if (g->spread && t->field[0].type->kind != WEIR_T_STRUCT) return bad_list(ctx, call, arg, true);
    weir_plan *node = weir_az_node(ctx, p, WEIR_P_EXPLODE, in);
    weir_plan_add_expr(ctx->arena, node, arg);
    node->outer = g->outer;
    node->all = g->pos;
    if (g->pos) more[n++] = (weir_field){"pos", &weir_t_int, g->outer, NULL};
    for (int i = 0; i < (map ? 2 : 1); i++)
        more[n++] = (weir_field){map ? (i ? "value" : "key") : "col", t->field[i].type,
                                 g->outer || t->field[i].nullable, NULL};
    append_output(ctx, node, in, more, n, false);
    *out = node;
    return WEIR_OK;
}

/* Columns that the generator makes. */
static weir_rc made_columns(weir_ctx *ctx, weir_plan *gen, int base, bool spread, weir_plan *list) {
    if (!spread) {
        for (int k = base; k < gen->schema->nfield; k++)
            weir_plan_add_expr(ctx->arena, list, weir_az_col(ctx, gen, k));
        return WEIR_OK;
    }
    const weir_type *row = gen->schema->field[base].type;
    for (int k = 0; k < row->nfield; k++) {
        weir_expr *x = NULL;
        WEIR_TRY(weir_az_field(ctx, weir_az_col(ctx, gen, base), k, row->field[k].name, &x));
        weir_plan_add_expr(ctx->arena, list, weir_expr_alias(ctx->arena, x, row->field[k].name));
    }
    return WEIR_OK;
}

weir_rc weir_az_project_gen(weir_ctx *ctx, weir_az *az, weir_plan *p, weir_plan *in, int at,
                            weir_plan **out) {
    weir_plan *gen = NULL, list = {.kind = WEIR_P_PROJECT};
    generator g;
    WEIR_TRY(generate(ctx, az, p, in, bare(p->expr[at]), &g, &gen));
    for (int i = 0; i < p->nexpr; i++) {
        if (i != at) {
            weir_expr **e = NULL;
            int n = 0;
            WEIR_TRY(weir_az_list(ctx, az, in, &p->expr[i], 1, &e, &n));
            for (int k = 0; k < n; k++) weir_plan_add_expr(ctx->arena, &list, e[k]);
            continue;
        }
        weir_plan made = {.kind = WEIR_P_PROJECT};
        WEIR_TRY(made_columns(ctx, gen, in->schema->nfield, g.spread, &made));
        const weir_expr *alias = p->expr[at]->kind == WEIR_EX_ALIAS ? p->expr[at] : NULL;
        for (int k = 0; k < made.nexpr; k++) {
            bool named = alias && alias->nname == made.nexpr;
            weir_plan_add_expr(ctx->arena, &list,
                               named ? weir_expr_alias(ctx->arena,
                                                       (weir_expr *)(uintptr_t)bare(made.expr[k]),
                                                       alias->names[k])
                                     : made.expr[k]);
        }
    }
    *out = weir_az_project(ctx, p, gen, list.expr, list.nexpr);
    return WEIR_OK;
}

/* ---- time windows ---- */

typedef struct lift {
    weir_az *az;
    const weir_plan *p;
    weir_plan *in;
    weir_expr *seen; /* the window expression, bound; its column is the last of in */
} lift;

static bool is_window(const weir_expr *e) {
    return (is_call(e, "window") || is_call(e, "session_window")) && e->narg >= 2;
}

static bool is_session(const weir_expr *e) {
    e = bare(e);
    return e->kind == WEIR_EX_CALL && strcasecmp(e->fn->name, "session_window") == 0;
}

bool weir_az_is_session(const weir_plan *in, const weir_expr *key) {
    key = bare(key);
    return key->kind == WEIR_EX_COL && in->kind == WEIR_P_PROJECT && key->ordinal < in->nexpr &&
           is_session(in->expr[key->ordinal]);
}

/* SPARK TimeWindowing: rows without a time are in no window. */
static weir_rc add_window(weir_ctx *ctx, lift *l, weir_expr *w) {
    bool many = w->type->kind == WEIR_T_ARRAY, session = is_session(w);
    const char *name = session ? "session_window" : "window";
    weir_plan *in = l->in;
    if (session || (!many && w->arg[0]->nullable)) {
        weir_plan *f = weir_az_node(ctx, l->p, WEIR_P_FILTER, in);
        weir_expr *there = NULL, *both[2] = {session ? w->arg[1] : NULL, w->arg[0]};
        if (session) /* SPARK SessionWindowing: also gaps that are not positive make no session */
            WEIR_TRY(weir_call_by_name(ctx, ">", 2, both, &there));
        else
            WEIR_TRY(weir_call_by_name(ctx, "isnotnull", 1, &w->arg[0], &there));
        weir_plan_add_expr(ctx->arena, f, there);
        weir_az_same_output(f, in);
        in = f;
    }
    weir_plan *node = weir_az_node(ctx, l->p, many ? WEIR_P_EXPLODE : WEIR_P_PROJECT, in);
    for (int i = 0; i < in->schema->nfield && !many; i++)
        weir_plan_add_expr(ctx->arena, node, weir_az_col(ctx, in, i));
    weir_plan_add_expr(ctx->arena, node, many ? w : weir_expr_alias(ctx->arena, w, name));
    weir_field f = {name, many ? w->type->field[0].type : w->type, false, NULL};
    append_output(ctx, node, in, &f, 1, true);
    l->in = node;
    l->seen = w;
    return WEIR_OK;
}

static weir_rc lift_one(weir_ctx *ctx, weir_expr *e, void *u, weir_expr **out) {
    lift *l = u;
    *out = e;
    if (!is_window(e)) return WEIR_OK;
    weir_expr *w = NULL;
    WEIR_TRY(weir_az_expr(ctx, l->az, (const weir_plan *const *)&l->in, 1, e, &w));
    if (l->seen && !weir_expr_equal(l->seen, w))
        return weir_fail(ctx, WEIR_E_MULTI_TIME_WINDOWS, NULL);
    if (!l->seen) WEIR_TRY(add_window(ctx, l, w));
    *out = weir_az_col(ctx, l->in, l->in->schema->nfield - 1);
    (*out)->nullable = false;
    return WEIR_OK;
}

static bool has_window(const weir_expr *e) {
    if (is_window(e)) return true;
    for (int i = 0; i < e->narg; i++)
        if (has_window(e->arg[i])) return true;
    return false;
}

weir_rc weir_az_lift_windows(weir_ctx *ctx, weir_az *az, weir_plan **p, weir_plan **in) {
    bool any = false;
    for (int i = 0; i < (*p)->nexpr; i++) any |= has_window((*p)->expr[i]);
    if (!any) return WEIR_OK;
    lift l = {.az = az, .p = *p, .in = *in};
    weir_plan *c = weir_plan_copy(ctx->arena, *p);
    for (int i = 0; i < c->nexpr; i++)
        WEIR_TRY(weir_expr_map(ctx, c->expr[i], lift_one, &l, &c->expr[i]));
    *p = c;
    *in = l.in;
    return WEIR_OK;
}
