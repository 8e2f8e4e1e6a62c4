/* Expressions from Spark Connect's messages. Depth is bounded by weir_pb_check. Any thread. */
#include "connect/connect.h"
#include "sql/sql.h"

#include <strings.h>

#define EX(name) SK(EXPRESSION__EXPR_TYPE_##name)

weir_rc weir_tp_unsupported(weir_ctx *ctx, const char *what, const char *instead) {
    return weir_fail(ctx, WEIR_E_UNSUPPORTED_FEATURE, "feature",
                     instead ? weir_printf(ctx->arena, "%s. %s.", what, instead) : what);
}

static weir_rc exprs(weir_tp *tp, SC(Expression) * *in, size_t n, weir_expr *into) {
    into->narg = (int32_t)n;
    into->arg = WEIR_NEWN(tp->ctx->arena, weir_expr *, n + 1);
    for (size_t i = 0; i < n; i++) WEIR_TRY(weir_tp_expr(tp, in[i], &into->arg[i]));
    return WEIR_OK;
}

static weir_expr *unary(weir_tp *tp, weir_ekind kind, weir_expr *arg) {
    weir_expr *e = weir_expr_new(tp->ctx->arena, kind);
    e->narg = 1;
    e->arg = WEIR_NEWN(tp->ctx->arena, weir_expr *, 2);
    e->arg[0] = arg;
    return e;
}

static weir_rc to_attr(weir_tp *tp, const char *name, bool has_id, int64_t id, weir_expr **out) {
    weir_expr *e = weir_expr_new(tp->ctx->arena, WEIR_EX_ATTR);
    e->plan_id = has_id ? id : -1;
    WEIR_TRY(weir_name_parse(tp->ctx, weir_text(name), &e->names, &e->nname));
    *out = e;
    return WEIR_OK;
}

static weir_rc to_star(weir_tp *tp, const SC(Expression__UnresolvedStar) * s, weir_expr **out) {
    weir_expr *e = weir_expr_new(tp->ctx->arena, WEIR_EX_STAR);
    e->plan_id = s->has_plan_id ? s->plan_id : -1;
    const char *t = weir_text(s->unparsed_target);
    size_t n = strlen(t);
    if (n >= 2 && strcmp(t + n - 2, ".*") == 0) {
        WEIR_TRY(
            weir_name_parse(tp->ctx, weir_strndup(tp->ctx->arena, t, n - 2), &e->names, &e->nname));
    }
    *out = e;
    return WEIR_OK;
}

/* colRegex: only back-quoted texts are patterns. SPARK Dataset.colRegex */
static weir_rc to_regex(weir_tp *tp, const SC(Expression__UnresolvedRegex) * r, weir_expr **out) {
    const char *t = weir_text(r->col_name), *open = strchr(t, '`');
    size_t n = open ? strlen(open) : 0;
    if (n < 3 || open[n - 1] != '`' || (open > t && (open[-1] != '.' || open == t + 1)))
        return to_attr(tp, t, r->has_plan_id, r->plan_id, out);
    weir_expr *e = weir_expr_new(tp->ctx->arena, WEIR_EX_STAR);
    e->plan_id = r->has_plan_id ? r->plan_id : -1;
    e->name = weir_strndup(tp->ctx->arena, open + 1, n - 2);
    if (open > t)
        WEIR_TRY(weir_name_parse(tp->ctx,
                                 weir_strndup(tp->ctx->arena, t, (size_t)(open - t - 1)),
                                 &e->names, &e->nname));
    *out = e;
    return WEIR_OK;
}

static weir_rc to_func(weir_tp *tp, const char *name, SC(Expression) * *args, size_t n,
                       bool distinct, weir_expr **out) {
    weir_expr *e = weir_expr_new(tp->ctx->arena, WEIR_EX_FUNC);
    e->name = weir_text(name);
    e->distinct = distinct;
    e->plan_id = -1;
    WEIR_TRY(exprs(tp, args, n, e));
    *out = e;
    return WEIR_OK;
}

static weir_rc to_alias(weir_tp *tp, const SC(Expression__Alias) * a, weir_expr **out) {
    weir_expr *arg = NULL;
    WEIR_TRY(weir_tp_expr(tp, a->expr, &arg));
    weir_expr *e = unary(tp, WEIR_EX_ALIAS, arg);
    e->names = (const char **)(void *)a->name;
    e->nname = (int32_t)a->n_name;
    e->metadata = a->metadata && *a->metadata ? a->metadata : NULL;
    *out = e;
    return WEIR_OK;
}

static weir_rc to_cast(weir_tp *tp, const SC(Expression__Cast) * c, weir_expr **out) {
    weir_expr *arg = NULL;
    WEIR_TRY(weir_tp_expr(tp, c->expr, &arg));
    weir_expr *e = unary(tp, WEIR_EX_CAST, arg);
    int mode = c->has_eval_mode ? (int)c->eval_mode : 0;
    e->cast_mode = mode == 1   ? WEIR_CAST_LEGACY
                   : mode == 2 ? WEIR_CAST_ANSI
                   : mode == 3 ? WEIR_CAST_TRY
                               : WEIR_CAST_DEFAULT;
    *out = e;
    if (c->cast_to_type_case == SK(EXPRESSION__CAST__CAST_TO_TYPE_TYPE))
        return weir_pb_to_type(tp->ctx, c->type, &e->type);
    return weir_sql_parse_type(tp->ctx, weir_text(c->cast_to_type_case ? c->type_str : NULL),
                               &e->type);
}

weir_rc weir_tp_sort(weir_tp *tp, const SC(Expression__SortOrder) * s, weir_expr **out) {
    weir_expr *arg = NULL;
    WEIR_TRY(weir_tp_expr(tp, s->child, &arg));
    weir_expr *e = unary(tp, WEIR_EX_SORT, arg);
    e->descending =
        s->direction == SK(EXPRESSION__SORT_ORDER__SORT_DIRECTION__SORT_DIRECTION_DESCENDING);
    int nulls = (int)s->null_ordering;
    e->nulls_first = nulls == 1 || (nulls != 2 && !e->descending);
    *out = e;
    return WEIR_OK;
}

static weir_rc to_lambda(weir_tp *tp, const SC(Expression__LambdaFunction) * l, weir_expr **out) {
    weir_expr *arg = NULL;
    WEIR_TRY(weir_tp_expr(tp, l->function, &arg));
    weir_expr *e = unary(tp, WEIR_EX_LAMBDA, arg);
    e->names = WEIR_NEWN(tp->ctx->arena, const char *, l->n_arguments + 1);
    for (size_t i = 0; i < l->n_arguments; i++)
        if (l->arguments[i]->n_name_parts) e->names[e->nname++] = l->arguments[i]->name_parts[0];
    *out = e;
    return WEIR_OK;
}

static weir_rc to_pair(weir_tp *tp, weir_ekind kind, const SC(Expression) * a,
                       const SC(Expression) * b, weir_expr **out) {
    weir_expr *arg = NULL;
    WEIR_TRY(weir_tp_expr(tp, a, &arg));
    weir_expr *e = unary(tp, kind, arg);
    *out = e;
    if (!b) return WEIR_OK;
    e->narg = 2;
    return weir_tp_expr(tp, b, &e->arg[1]);
}

/* Unlike a column's name, an identifier of SQL; an empty one is a field's. */
static weir_rc update_path(weir_ctx *ctx, const char *text, const char ***part, int32_t *n) {
    if (*text) return weir_sql_parse_name(ctx, text, part, n);
    *part = WEIR_NEWN(ctx->arena, const char *, 1);
    (*part)[0] = "";
    *n = 1;
    return WEIR_OK;
}

/* A path "a.b" updates the field a to itself with b updated. SPARK UpdateFields.apply */
static weir_rc to_update(weir_tp *tp, const SC(Expression__UpdateFields) * u, weir_expr **out) {
    weir_arena *a = tp->ctx->arena;
    const char **part;
    int32_t n;
    weir_expr *base = NULL;
    WEIR_TRY(weir_tp_expr(tp, u->struct_expression, &base));
    WEIR_TRY(update_path(tp->ctx, weir_text(u->field_name), &part, &n));
    weir_expr **level = WEIR_NEWN(a, weir_expr *, n), *value = NULL;
    for (int32_t i = 0; i < n; i++) {
        level[i] = unary(tp, WEIR_EX_UPDATE_FIELDS, base);
        level[i]->name = part[i];
        weir_expr *field = unary(tp, WEIR_EX_EXTRACT, base);
        field->arg[field->narg++] = weir_lit_string(a, part[i], strlen(part[i]));
        base = field;
    }
    if (u->value_expression) WEIR_TRY(weir_tp_expr(tp, u->value_expression, &value));
    for (int32_t i = n - 1; i >= 0; value = level[i--])
        if (value) level[i]->arg[level[i]->narg++] = value;
    *out = level[0];
    return WEIR_OK;
}

static weir_rc refuse_udf(weir_tp *tp, const SC(CommonInlineUserDefinedFunction) * f) {
    return weir_tp_unsupported(
        tp->ctx,
        weir_printf(tp->ctx->arena, "the user-defined function %s", weir_text(f->function_name)),
        "User-defined functions come with a later release of weir; use "
        "built-in functions, or expr()");
}

static weir_rc to_window(weir_tp *tp, const SC(Expression__Window) * w, weir_expr **out) {
    weir_expr *arg = NULL;
    WEIR_TRY(weir_tp_expr(tp, w->window_function, &arg));
    *out = unary(tp, WEIR_EX_WINDOW, arg); /* refused by analysis, with its name */
    return WEIR_OK;
}

static const char *unknown_name(const SC(Expression) * e) {
    switch (e->expr_type_case) {
    case EX(MERGE_ACTION): return "MERGE actions outside of MERGE INTO";
    case EX(TYPED_AGGREGATE_EXPRESSION): return "typed aggregates of the Scala client";
    case EX(SUBQUERY_EXPRESSION): return "subqueries in expressions (scalar, exists, in)";
    case EX(DIRECT_SHUFFLE_PARTITION_ID): return "repartitionById";
    case EX(NAMED_ARGUMENT_EXPRESSION): return "named arguments of functions";
    case EX(EXTENSION): return "expression extensions";
    default: return "an expression of a kind this release does not know";
    }
}

static weir_rc to_expr(weir_tp *tp, const SC(Expression) * e, weir_expr **out) {
    switch (e->expr_type_case) {
    case EX(LITERAL): return weir_tp_literal(tp->ctx, e->literal, out);
    case EX(UNRESOLVED_ATTRIBUTE):
        return to_attr(tp, e->unresolved_attribute->unparsed_identifier,
                       e->unresolved_attribute->has_plan_id, e->unresolved_attribute->plan_id, out);
    case EX(UNRESOLVED_FUNCTION): {
        const SC(Expression__UnresolvedFunction) *f = e->unresolved_function;
        return to_func(tp, f->function_name, f->arguments, f->n_arguments, f->is_distinct, out);
    }
    case EX(CALL_FUNCTION):
        return to_func(tp, e->call_function->function_name, e->call_function->arguments,
                       e->call_function->n_arguments, false, out);
    case EX(EXPRESSION_STRING):
        return weir_sql_parse_expr(tp->ctx, weir_text(e->expression_string->expression), out);
    case EX(UNRESOLVED_STAR): return to_star(tp, e->unresolved_star, out);
    case EX(ALIAS): return to_alias(tp, e->alias, out);
    case EX(CAST): return to_cast(tp, e->cast, out);
    case EX(UNRESOLVED_REGEX): return to_regex(tp, e->unresolved_regex, out);
    case EX(SORT_ORDER): return weir_tp_sort(tp, e->sort_order, out);
    case EX(LAMBDA_FUNCTION): return to_lambda(tp, e->lambda_function, out);
    case EX(WINDOW): return to_window(tp, e->window, out);
    case EX(UNRESOLVED_EXTRACT_VALUE):
        return to_pair(tp, WEIR_EX_EXTRACT, e->unresolved_extract_value->child,
                       e->unresolved_extract_value->extraction, out);
    case EX(UPDATE_FIELDS): return to_update(tp, e->update_fields, out);
    case EX(UNRESOLVED_NAMED_LAMBDA_VARIABLE): {
        weir_expr *v = weir_expr_new(tp->ctx->arena, WEIR_EX_LAMBDA_VAR);
        v->names = (const char **)(void *)e->unresolved_named_lambda_variable->name_parts;
        v->nname = (int32_t)e->unresolved_named_lambda_variable->n_name_parts;
        *out = v;
        return WEIR_OK;
    }
    case EX(COMMON_INLINE_USER_DEFINED_FUNCTION):
        return refuse_udf(tp, e->common_inline_user_defined_function);
    default:
        return weir_tp_unsupported(tp->ctx, unknown_name(e),
                                   "Write the query without it, or run it on Apache Spark");
    }
}

weir_rc weir_tp_expr(weir_tp *tp, const SC(Expression) * e, weir_expr **out) {
    if (!e)
        return weir_fail(tp->ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                         "An expression is missing in the plan.");
    if (++tp->depth > WEIR_PB_DEPTH)
        return weir_fail(tp->ctx, WEIR_E_PROTOCOL_DEPTH, "limit", "1024");
    weir_rc rc = to_expr(tp, e, out);
    tp->depth--;
    return rc;
}
