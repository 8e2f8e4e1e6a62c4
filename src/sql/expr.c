/* Expressions: precedence climbing, predicates, primaries. */
#include "sql/lex.h"

#include <stdlib.h>
#include <strings.h>

static weir_rc parse_or(weir_parser *p, weir_expr **out);
static weir_rc parse_sum(weir_parser *p, weir_expr **out);
static weir_rc parse_bits(weir_parser *p, weir_expr **out);
static weir_rc parse_unary(weir_parser *p, weir_expr **out);
static weir_rc parse_named(weir_parser *p, weir_expr **out);

static weir_expr *call(weir_parser *p, int32_t from, const char *name, weir_expr *a, weir_expr *b) {
    weir_expr *e = b ? weir_expr_func(p->ctx->arena, name, 2, a, b)
                     : weir_expr_func(p->ctx->arena, name, 1, a);
    e->is_operator = true;
    e->at = weir_tk_pos(p, from);
    return e;
}

weir_rc weir_parse_name_parts(weir_parser *p, const char ***parts, int32_t *n) {
    weir_plan list = {0};
    const char *name;
    do {
        int32_t from = p->at;
        WEIR_TRY(weir_tk_ident(p, &name));
        if (weir_tk_is(p, "-") && weir_tk(p, 1)->kind == WEIR_TK_WORD)
            return weir_unquoted_minus(p, from);
        weir_plan_add_name(p->ctx->arena, &list, name);
    } while (weir_tk_take(p, "."));
    *parts = list.names;
    *n = list.nname;
    return WEIR_OK;
}

/* ---- primaries ---- */

/* x -> ..., (x, y) -> ... */
static bool at_lambda(const weir_parser *p) {
    int i = 0;
    if (!weir_tk_is(p, "(")) {
        weir_tkind k = weir_tk(p, 0)->kind;
        return (k == WEIR_TK_WORD || k == WEIR_TK_QUOTED) && weir_tk_is_at(p, 1, "->");
    }
    do {
        weir_tkind k = weir_tk(p, ++i)->kind;
        if (k != WEIR_TK_WORD && k != WEIR_TK_QUOTED) return false;
    } while (weir_tk_is_at(p, ++i, ","));
    return weir_tk_is_at(p, i, ")") && weir_tk_is_at(p, i + 1, "->");
}

/* Names of the parameters become variables; inner lambdas have taken theirs already. */
static weir_rc name_param(weir_ctx *ctx, weir_expr *e, void *u, weir_expr **out) {
    const weir_expr *l = u;
    *out = e;
    for (int i = 0; i < l->nname && e->kind == WEIR_EX_ATTR; i++) {
        if (strcasecmp(e->names[0], l->names[i]) != 0) continue;
        *out = weir_expr_copy(ctx->arena, e);
        (*out)->kind = WEIR_EX_LAMBDA_VAR;
        return WEIR_OK;
    }
    return WEIR_OK;
}

static weir_rc parse_lambda(weir_parser *p, weir_expr **out) {
    weir_expr *l = weir_expr_new(p->ctx->arena, WEIR_EX_LAMBDA);
    bool many = weir_tk_take(p, "(");
    weir_plan list = {0};
    const char *name;
    l->arg = WEIR_NEWN(p->ctx->arena, weir_expr *, 1);
    l->narg = 1;
    do {
        WEIR_TRY(weir_tk_ident(p, &name));
        weir_plan_add_name(p->ctx->arena, &list, name);
    } while (many && weir_tk_take(p, ","));
    l->names = list.names;
    l->nname = list.nname;
    if (many) WEIR_TRY(weir_tk_need(p, ")"));
    WEIR_TRY(weir_tk_need(p, "->"));
    WEIR_TRY(parse_or(p, &l->arg[0]));
    WEIR_TRY(weir_parse_bounded(p, l->arg[0]));
    *out = l;
    return weir_expr_map(p->ctx, l->arg[0], name_param, l, &l->arg[0]);
}

static weir_rc parse_args(weir_parser *p, weir_expr *f) {
    weir_plan list = {0};
    f->distinct = weir_tk_take(p, "distinct");
    if (!f->distinct) (void)weir_tk_take(p, "all");
    while (!weir_tk_is(p, ")")) {
        weir_expr *a = NULL;
        if (at_lambda(p))
            WEIR_TRY(parse_lambda(p, &a));
        else
            WEIR_TRY(parse_named(p, &a));
        weir_plan_add_expr(p->ctx->arena, &list, a);
        if (!weir_tk_take(p, ",")) break;
    }
    if (weir_tk_take2(p, "ignore", "nulls"))
        f->ignore_nulls = true;
    else
        (void)weir_tk_take2(p, "respect", "nulls");
    f->arg = list.expr;
    f->narg = list.nexpr;
    return weir_tk_need(p, ")");
}

static weir_rc parse_call(weir_parser *p, const char *name, int32_t from, weir_expr **out) {
    weir_expr *f = weir_expr_new(p->ctx->arena, WEIR_EX_FUNC);
    f->name = name;
    WEIR_TRY(weir_tk_need(p, "("));
    WEIR_TRY(parse_args(p, f));
    if (weir_tk_take2(p, "ignore", "nulls"))
        f->ignore_nulls = true;
    else
        (void)weir_tk_take2(p, "respect", "nulls");
    if (weir_tk_is(p, "filter") && weir_tk_is_at(p, 1, "(")) {
        p->at += 2;
        WEIR_TRY(weir_tk_need(p, "where"));
        WEIR_TRY(parse_or(p, &f->filter));
        WEIR_TRY(weir_tk_need(p, ")"));
    }
    f->at = weir_tk_pos(p, from);
    if (weir_tk_is(p, "over")) return weir_sql_refuse(p, "window functions (OVER)");
    *out = f;
    return WEIR_OK;
}

/* SPARK CharVarcharUtils.replaceCharVarcharWithStringForCast */
static weir_rc cast_type(weir_parser *p, const weir_type **out) {
    WEIR_TRY(weir_parse_type(p, out));
    if ((*out)->kind == WEIR_T_STRING) *out = &weir_t_string;
    return WEIR_OK;
}

static weir_rc parse_cast(weir_parser *p, weir_cast_mode mode, int32_t from, weir_expr **out) {
    weir_expr *c = weir_expr_new(p->ctx->arena, WEIR_EX_CAST);
    c->narg = 1;
    c->arg = WEIR_NEWN(p->ctx->arena, weir_expr *, 1);
    c->cast_mode = mode;
    WEIR_TRY(weir_tk_need(p, "("));
    WEIR_TRY(parse_or(p, &c->arg[0]));
    WEIR_TRY(weir_tk_need(p, "as"));
    WEIR_TRY(cast_type(p, &c->type));
    WEIR_TRY(weir_tk_need(p, ")"));
    c->at = weir_tk_pos(p, from);
    *out = c;
    return WEIR_OK;
}

static weir_rc parse_case(weir_parser *p, int32_t from, weir_expr **out) {
    weir_plan list = {0};
    weir_expr *subject = NULL, *cond = NULL, *value = NULL;
    if (!weir_tk_is(p, "when")) WEIR_TRY(parse_or(p, &subject));
    while (weir_tk_take(p, "when")) {
        int32_t at = p->at;
        WEIR_TRY(parse_or(p, &cond));
        if (subject) cond = call(p, at, "=", subject, cond);
        WEIR_TRY(weir_tk_need(p, "then"));
        WEIR_TRY(parse_or(p, &value));
        weir_plan_add_expr(p->ctx->arena, &list, cond);
        weir_plan_add_expr(p->ctx->arena, &list, value);
    }
    if (weir_tk_take(p, "else")) {
        WEIR_TRY(parse_or(p, &value));
        weir_plan_add_expr(p->ctx->arena, &list, value);
    }
    WEIR_TRY(weir_tk_need(p, "end"));
    weir_expr *f = weir_expr_new(p->ctx->arena, WEIR_EX_FUNC);
    f->name = "when";
    f->arg = list.expr;
    f->narg = list.nexpr;
    f->at = weir_tk_pos(p, from);
    *out = f;
    return subject ? weir_parse_bounded(p, f) : WEIR_OK; /* every branch has a copy of it */
}

/* EXTRACT(unit FROM x), SUBSTRING(x FROM a FOR b), TRIM([BOTH|..] c FROM x), POSITION(a IN b). */
/* timestampadd(HOUR, n, t): the unit is a word. */
static weir_rc parse_unit_call(weir_parser *p, const char *name, int32_t from, weir_expr **out,
                               bool *done) {
    const char *unit;
    weir_expr *f = weir_expr_new(p->ctx->arena, WEIR_EX_FUNC);
    if (weir_tk(p, 1)->kind != WEIR_TK_WORD || !weir_tk_is_at(p, 2, ",")) return WEIR_OK;
    p->at++;
    WEIR_TRY(weir_tk_ident(p, &unit));
    p->at++;
    f->name = name;
    WEIR_TRY(parse_args(p, f));
    weir_expr **arg = WEIR_NEWN(p->ctx->arena, weir_expr *, f->narg + 1);
    arg[0] = weir_lit_string(p->ctx->arena, unit, strlen(unit));
    for (int i = 0; i < f->narg; i++) arg[i + 1] = f->arg[i];
    f->arg = arg;
    f->narg++;
    f->at = weir_tk_pos(p, from);
    *out = f;
    *done = true;
    return WEIR_OK;
}

static weir_rc parse_special(weir_parser *p, const char *name, int32_t from, weir_expr **out,
                             bool *done) {
    *done = false;
    if (!weir_tk_is(p, "(")) return WEIR_OK;
    if (strcasecmp(name, "extract") == 0 && weir_tk_is_at(p, 2, "from")) {
        const char *unit;
        weir_expr *x = NULL;
        p->at++;
        WEIR_TRY(weir_tk_ident(p, &unit));
        p->at++;
        WEIR_TRY(parse_or(p, &x));
        *done = true;
        *out = call(p, from, "extract", weir_lit_string(p->ctx->arena, unit, strlen(unit)), x);
        return weir_tk_need(p, ")");
    }
    if (strcasecmp(name, "position") == 0) {
        weir_expr *what = NULL, *in = NULL;
        int32_t back = p->at++;
        WEIR_TRY(parse_bits(p, &what));
        *done = weir_tk_take(p, "in");
        if (!*done) return p->at = back, WEIR_OK;
        WEIR_TRY(parse_or(p, &in));
        *out = call(p, from, "locate", what, in);
        return weir_tk_need(p, ")");
    }
    if (strcasecmp(name, "timestampadd") == 0 || strcasecmp(name, "timestampdiff") == 0)
        return parse_unit_call(p, name, from, out, done);
    if (strcasecmp(name, "trim") == 0) {
        static const char *const words[][2] = {
            {"both", "trim"}, {"leading", "ltrim"}, {"trailing", "rtrim"}};
        for (int i = 0; i < 3; i++) {
            if (!weir_tk_is_at(p, 1, words[i][0])) continue;
            weir_expr *what = NULL, *x = NULL;
            p->at += 2;
            if (!weir_tk_is(p, "from")) WEIR_TRY(parse_or(p, &what));
            WEIR_TRY(weir_tk_need(p, "from"));
            WEIR_TRY(parse_or(p, &x));
            *done = true;
            *out = what ? call(p, from, words[i][1], what, x) : call(p, from, words[i][1], x, NULL);
            return weir_tk_need(p, ")");
        }
    }
    return WEIR_OK;
}

static weir_expr *no_arg_call(weir_parser *p, const char *name, int32_t from) {
    weir_expr *f = weir_expr_func(p->ctx->arena, name, 0);
    f->at = weir_tk_pos(p, from);
    return f;
}

/* * EXCEPT (a, b.c); not the set operation of that name */
static weir_rc parse_except(weir_parser *p, weir_expr *star, int32_t from) {
    static const char *const query[] = {"(", "select", "with", "values", "table", "from"};
    weir_plan list = {0};
    bool set = !weir_tk_is(p, "except") || !weir_tk_is_at(p, 1, "(");
    for (size_t i = 0; i < sizeof query / sizeof *query; i++)
        set |= weir_tk_is_at(p, 2, query[i]);
    star->at = weir_tk_pos(p, from);
    if (set) return WEIR_OK;
    p->at += 2;
    do {
        weir_expr *e = weir_expr_new(p->ctx->arena, WEIR_EX_ATTR);
        int32_t at = p->at;
        WEIR_TRY(weir_parse_name_parts(p, &e->names, &e->nname));
        e->at = weir_tk_pos(p, at);
        weir_plan_add_expr(p->ctx->arena, &list, e);
    } while (weir_tk_take(p, ","));
    star->arg = list.expr;
    star->narg = list.nexpr;
    star->at = weir_tk_pos(p, from);
    return weir_tk_need(p, ")");
}

static weir_rc parse_word(weir_parser *p, weir_expr **out) {
    static const char *const bare[] = {"current_timestamp", "current_date", "current_user",
                                       "localtimestamp"};
    int32_t from = p->at;
    const weir_token *t = weir_tk(p, 0);
    const char *w = t->text;
    bool done = false, quoted = t->kind == WEIR_TK_QUOTED, paren = weir_tk_is_at(p, 1, "(");
    p->at++;
    if (!quoted && strcasecmp(w, "null") == 0)
        return *out = weir_lit_null(p->ctx->arena, &weir_t_void), WEIR_OK;
    if (!quoted && strcasecmp(w, "true") == 0)
        return *out = weir_lit_bool(p->ctx->arena, true), WEIR_OK;
    if (!quoted && strcasecmp(w, "false") == 0)
        return *out = weir_lit_bool(p->ctx->arena, false), WEIR_OK;
    if (!quoted && strcasecmp(w, "case") == 0) return parse_case(p, from, out);
    if (!quoted && paren && strcasecmp(w, "cast") == 0)
        return parse_cast(p, WEIR_CAST_DEFAULT, from, out);
    if (!quoted && paren && strcasecmp(w, "try_cast") == 0)
        return parse_cast(p, WEIR_CAST_TRY, from, out);
    if (!quoted && strcasecmp(w, "interval") == 0 && !paren && weir_tk(p, 0)->kind != WEIR_TK_END &&
        !weir_tk_is(p, ".") && !weir_tk_is(p, ",") && !weir_tk_is(p, ")"))
        return weir_parse_interval_body(p, out);
    if (!quoted && paren && strcasecmp(w, "exists") == 0 &&
        (weir_tk_is_at(p, 1, "select") || weir_tk_is_at(p, 1, "with")))
        return weir_sql_refuse(p, "subqueries in expressions");
    if (!quoted && paren) WEIR_TRY(parse_special(p, w, from, out, &done));
    if (done) return WEIR_OK;
    if (paren) return parse_call(p, w, from, out);
    for (size_t i = 0; i < sizeof bare / sizeof *bare; i++)
        if (!quoted && strcasecmp(w, bare[i]) == 0)
            return *out = no_arg_call(p, bare[i], from), WEIR_OK;
    weir_expr *e = weir_expr_new(p->ctx->arena, WEIR_EX_ATTR);
    weir_plan list = {0};
    for (weir_plan_add_name(p->ctx->arena, &list, w); weir_tk_take(p, ".");) {
        if (weir_tk_take(p, "*")) {
            e->kind = WEIR_EX_STAR;
            break;
        }
        WEIR_TRY(weir_tk_ident(p, &w));
        weir_plan_add_name(p->ctx->arena, &list, w);
    }
    if (list.nname > 1 && e->kind == WEIR_EX_ATTR && weir_tk_is(p, "("))
        return parse_call(p, w, from, out);
    e->names = list.names;
    e->nname = list.nname;
    e->at = weir_tk_pos(p, from);
    *out = e;
    return e->kind == WEIR_EX_STAR ? parse_except(p, e, from) : WEIR_OK;
}

static weir_rc parse_parameter(weir_parser *p, weir_expr **out) {
    const weir_sql_args *a = p->args;
    const char *name = NULL;
    int at = (int)weir_tk(p, 0)->start;
    if (weir_tk_take(p, ":"))
        WEIR_TRY(weir_tk_ident(p, &name));
    else
        p->at++;
    for (int i = 0, k = 0; a && i < a->n; i++) {
        bool hit = name ? a->name[i] && strcasecmp(a->name[i], name) == 0
                        : !a->name[i] && k++ == p->next_arg;
        if (!hit) continue;
        p->next_arg += !name;
        *out = a->value[i];
        return WEIR_OK;
    }
    return weir_fail(p->ctx, WEIR_E_UNBOUND_SQL_PARAMETER, "name",
                     name ? name : weir_printf(p->ctx->arena, "_%d", at));
}

static weir_rc parse_paren(weir_parser *p, weir_expr **out) {
    int32_t from = p->at++;
    if (weir_tk_is(p, "select") || weir_tk_is(p, "with"))
        return weir_sql_refuse(p, "subqueries in expressions");
    WEIR_TRY(parse_named(p, out));
    if (weir_tk_is(p, ")") && (*out)->kind == WEIR_EX_ALIAS) return weir_syntax_error(p);
    if (weir_tk_take(p, ")")) return WEIR_OK;
    weir_plan list = {0}; /* (a, b): a struct */
    weir_plan_add_expr(p->ctx->arena, &list, *out);
    while (weir_tk_take(p, ",")) {
        weir_expr *e = NULL;
        WEIR_TRY(parse_named(p, &e));
        weir_plan_add_expr(p->ctx->arena, &list, e);
    }
    weir_expr *f = weir_expr_new(p->ctx->arena, WEIR_EX_FUNC);
    f->name = "struct";
    f->arg = list.expr;
    f->narg = list.nexpr;
    f->is_operator = true;
    f->at = weir_tk_pos(p, from);
    *out = f;
    return weir_tk_need(p, ")");
}

static weir_rc parse_primary(weir_parser *p, weir_expr **out) {
    const weir_token *t = weir_tk(p, 0);
    bool done = false;
    WEIR_TRY(weir_typed_literal(p, out, &done));
    if (done) return WEIR_OK;
    switch (t->kind) {
    case WEIR_TK_NUMBER: return weir_number_literal(p, false, out);
    case WEIR_TK_STRING:
        *out = weir_lit_string(p->ctx->arena, t->text, t->len);
        (*out)->at = (weir_pos){t->start, t->stop, p->src};
        p->at++;
        return WEIR_OK;
    case WEIR_TK_WORD:
    case WEIR_TK_QUOTED: return parse_word(p, out);
    case WEIR_TK_OP:
        if (weir_tk_is(p, "(")) return parse_paren(p, out);
        if (weir_tk_is(p, ":") || weir_tk_is(p, "?")) return parse_parameter(p, out);
        if (!weir_tk_take(p, "*")) return weir_syntax_error(p);
        *out = weir_expr_new(p->ctx->arena, WEIR_EX_STAR);
        return parse_except(p, *out, p->at - 1);
    default: return weir_syntax_error(p);
    }
}

static void add_part(weir_parser *p, weir_expr *attr, const char *name) {
    weir_plan list = {.names = attr->names, .nname = attr->nname};
    weir_plan_add_name(p->ctx->arena, &list, name);
    attr->names = list.names;
    attr->nname = list.nname;
}

static weir_expr *extract(weir_parser *p, int32_t from, weir_expr *base, weir_expr *key) {
    weir_expr *x = weir_expr_new(p->ctx->arena, WEIR_EX_EXTRACT);
    x->narg = 2;
    x->arg = WEIR_NEWN(p->ctx->arena, weir_expr *, 2);
    x->arg[0] = base;
    x->arg[1] = key;
    x->at = weir_tk_pos(p, from);
    return x;
}

/* A column may have the alias collate: the collations of Spark start so. */
static bool names_collation(const weir_token *t) {
    return t->kind == WEIR_TK_WORD &&
           (strncasecmp(t->text, "utf8_", 5) == 0 || strncasecmp(t->text, "unicode", 7) == 0);
}

static weir_rc parse_postfix(weir_parser *p, weir_expr **out) {
    int32_t from = p->at;
    WEIR_TRY(parse_primary(p, out));
    for (;;) {
        weir_expr *key = NULL;
        const char *name;
        if (weir_tk_take(p, "[")) {
            WEIR_TRY(parse_or(p, &key));
            WEIR_TRY(weir_tk_need(p, "]"));
            *out = extract(p, from, *out, key);
        } else if (weir_tk_take(p, ".")) {
            WEIR_TRY(weir_tk_ident(p, &name));
            if ((*out)->kind == WEIR_EX_ATTR) /* (s).x is s.x */
                add_part(p, *out, name);
            else
                *out = extract(p, from, *out, weir_lit_string(p->ctx->arena, name, strlen(name)));
        } else if (weir_tk_take(p, "::")) {
            weir_expr *c = weir_expr_new(p->ctx->arena, WEIR_EX_CAST);
            c->narg = 1;
            c->arg = WEIR_NEWN(p->ctx->arena, weir_expr *, 1);
            c->arg[0] = *out;
            WEIR_TRY(cast_type(p, &c->type));
            c->at = weir_tk_pos(p, from);
            *out = c;
        } else if (weir_tk_is(p, "collate") && names_collation(weir_tk(p, 1))) {
            return weir_sql_refuse(p, "COLLATE; compare and group by lower() of the text");
        } else {
            return WEIR_OK;
        }
    }
}

static weir_rc parse_unary(weir_parser *p, weir_expr **out) {
    int32_t from = p->at;
    weir_expr *e = NULL;
    if (weir_tk_is(p, "-") && weir_tk(p, 1)->kind == WEIR_TK_NUMBER) {
        p->at++;
        return weir_number_literal(p, true, out);
    }
    const char *fn = weir_tk_is(p, "-")   ? "negative"
                     : weir_tk_is(p, "+") ? "positive"
                     : weir_tk_is(p, "~") ? "~"
                                          : NULL;
    if (!fn) return parse_postfix(p, out);
    p->at++;
    WEIR_TRY(weir_parse_enter(p));
    WEIR_TRY(parse_unary(p, &e));
    p->depth--;
    *out = call(p, from, fn, e, NULL);
    return WEIR_OK;
}

typedef weir_rc sub_parser(weir_parser *, weir_expr **);

static weir_rc left_assoc(weir_parser *p, sub_parser *sub, const char *const *ops, int n,
                          weir_expr **out) {
    int32_t from = p->at;
    WEIR_TRY(sub(p, out));
    for (;;) {
        int k = 0;
        while (k < n && !weir_tk_is(p, ops[k])) k++;
        if (k == n) return WEIR_OK;
        weir_expr *r = NULL;
        p->at++;
        WEIR_TRY(sub(p, &r));
        *out = call(p, from, strcmp(ops[k], "||") == 0 ? "concat" : ops[k], *out, r);
    }
}

static weir_rc parse_product(weir_parser *p, weir_expr **out) {
    static const char *const ops[] = {"*", "/", "%", "div"};
    return left_assoc(p, parse_unary, ops, 4, out);
}

static weir_rc parse_sum(weir_parser *p, weir_expr **out) {
    static const char *const ops[] = {"+", "-", "||"};
    return left_assoc(p, parse_product, ops, 3, out);
}

static weir_rc parse_bits(weir_parser *p, weir_expr **out) {
    static const char *const ops[] = {"&", "^", "|"};
    return left_assoc(p, parse_sum, ops, 3, out);
}

static weir_rc parse_in(weir_parser *p, int32_t from, weir_expr *left, weir_expr **out) {
    weir_plan list = {0};
    WEIR_TRY(weir_tk_need(p, "("));
    if (weir_tk_is(p, "select")) return weir_sql_refuse(p, "IN with a subquery");
    weir_plan_add_expr(p->ctx->arena, &list, left);
    do {
        weir_expr *e = NULL;
        WEIR_TRY(parse_or(p, &e));
        weir_plan_add_expr(p->ctx->arena, &list, e);
    } while (weir_tk_take(p, ","));
    weir_expr *f = weir_expr_new(p->ctx->arena, WEIR_EX_FUNC);
    f->name = "in";
    f->arg = list.expr;
    f->narg = list.nexpr;
    f->is_operator = true;
    WEIR_TRY(weir_tk_need(p, ")"));
    f->at = weir_tk_pos(p, from);
    *out = f;
    return WEIR_OK;
}

static weir_rc parse_is(weir_parser *p, int32_t from, weir_expr *left, weir_expr **out) {
    bool not = weir_tk_take(p, "not");
    weir_expr *r = NULL;
    if (weir_tk_take(p, "null")) {
        *out = call(p, from, not ? "isnotnull" : "isnull", left, NULL);
        return WEIR_OK;
    }
    if (weir_tk_take(p, "true"))
        r = weir_lit_bool(p->ctx->arena, true);
    else if (weir_tk_take(p, "false"))
        r = weir_lit_bool(p->ctx->arena, false);
    else if (weir_tk_take(p, "unknown"))
        r = weir_lit_null(p->ctx->arena, &weir_t_boolean);
    else if (weir_tk_take2(p, "distinct", "from")) {
        WEIR_TRY(parse_bits(p, &r));
        not = !not ;
    } else {
        return weir_syntax_error(p);
    }
    *out = call(p, from, "<=>", left, r);
    if (not ) *out = call(p, from, "not", *out, NULL);
    return WEIR_OK;
}

/* A pattern that is there before anything is resolved. */
static bool is_text(const weir_expr *e) {
    const weir_expr *in = e->kind == WEIR_EX_CAST ? e->arg[0] : e;
    return in->kind == WEIR_EX_LIT && e->type && e->type->kind == WEIR_T_STRING;
}

/* (pattern, ...) after [I]LIKE ANY, SOME or ALL. SPARK LikeAny and its like, which are shown with
 * what is matched alone, when all patterns are texts; else as it is written out. */
static weir_rc parse_patterns(weir_parser *p, int32_t from, const char *w, bool not,
                              weir_expr **out) {
    weir_arena *a = p->ctx->arena;
    bool all = weir_tk_is(p, "all"), texts = true;
    weir_expr *left = *out, *e = NULL, *chain = NULL;
    p->at += 2;
    do {
        WEIR_TRY(parse_or(p, &e));
        texts &= is_text(e);
        weir_expr *one = call(p, from, w, left, e);
        if (not ) one = call(p, from, "not", one, NULL);
        chain = chain ? call(p, from, all ? "and" : "or", chain, one) : one;
    } while (weir_tk_take(p, ","));
    WEIR_TRY(weir_tk_need(p, ")"));
    *out = chain;
    if (!texts) return WEIR_OK;
    if (strcasecmp(w, "ilike") == 0) left = call(p, from, "lower", left, NULL);
    char *name = weir_printf(a, "%slike%s", not ? "not" : "", all ? "all" : "any");
    *out = call(p, from, name, left, chain);
    (*out)->is_operator = true;
    return WEIR_OK;
}

static bool takes_patterns(weir_parser *p, const char *w) {
    return (strcasecmp(w, "like") == 0 || strcasecmp(w, "ilike") == 0) &&
           (weir_tk_is(p, "any") || weir_tk_is(p, "some") || weir_tk_is(p, "all")) &&
           weir_tk_is_at(p, 1, "(");
}

/* [NOT] BETWEEN, IN, LIKE, ILIKE, RLIKE after the left side; *hit false: none of them. */
static weir_rc parse_word_predicate(weir_parser *p, int32_t from, weir_expr **out, bool *hit) {
    weir_expr *a = NULL, *b = NULL;
    bool not = weir_tk_is(p, "not");
    const char *w =
        weir_tk(p, not ? 1 : 0)->kind == WEIR_TK_WORD ? weir_tk(p, not ? 1 : 0)->text : "";
    *hit = strcasecmp(w, "between") == 0 || strcasecmp(w, "in") == 0 ||
           strcasecmp(w, "like") == 0 || strcasecmp(w, "ilike") == 0 ||
           strcasecmp(w, "rlike") == 0 || strcasecmp(w, "regexp") == 0;
    if (!*hit) return WEIR_OK;
    p->at += not ? 2 : 1;
    if (strcasecmp(w, "between") == 0) {
        WEIR_TRY(parse_bits(p, &a));
        WEIR_TRY(weir_tk_need(p, "and"));
        WEIR_TRY(parse_bits(p, &b));
        *out = weir_expr_func(p->ctx->arena, "between", 3, *out, a, b);
        (*out)->at = weir_tk_pos(p, from);
    } else if (strcasecmp(w, "in") == 0) {
        WEIR_TRY(parse_in(p, from, *out, out));
    } else if (takes_patterns(p, w)) {
        return parse_patterns(p, from, w, not, out);
    } else {
        WEIR_TRY(parse_bits(p, &a));
        weir_expr *f = call(p, from, strcasecmp(w, "regexp") == 0 ? "rlike" : w, *out, a);
        if (weir_tk_take(p, "escape")) {
            WEIR_TRY(parse_primary(p, &b));
            f = weir_expr_func(p->ctx->arena, w, 3, *out, a, b);
        }
        *out = f;
    }
    if (not ) *out = call(p, from, "not", *out, NULL);
    return WEIR_OK;
}

static weir_rc parse_predicate(weir_parser *p, weir_expr **out) {
    static const char *const ops[] = {"=", "==", "<=>", "<>", "!=", "<", "<=", ">", ">="};
    int32_t from = p->at;
    WEIR_TRY(parse_bits(p, out));
    for (;;) {
        bool hit = false;
        int k = 0;
        WEIR_TRY(parse_word_predicate(p, from, out, &hit));
        if (hit) continue;
        if (weir_tk_take(p, "is")) {
            WEIR_TRY(parse_is(p, from, *out, out));
            continue;
        }
        while (k < 9 && !weir_tk_is(p, ops[k])) k++;
        if (k == 9) return WEIR_OK;
        weir_expr *r = NULL;
        p->at++;
        WEIR_TRY(parse_bits(p, &r));
        *out = call(p, from, ops[k], *out, r);
    }
}

static weir_rc parse_not(weir_parser *p, weir_expr **out) {
    int32_t from = p->at;
    if (!weir_tk_is(p, "not") && !weir_tk_is(p, "!")) return parse_predicate(p, out);
    weir_expr *e = NULL;
    p->at++;
    WEIR_TRY(weir_parse_enter(p));
    WEIR_TRY(parse_not(p, &e));
    p->depth--;
    *out = call(p, from, "not", e, NULL);
    return WEIR_OK;
}

/* SPARK AstBuilder.visitLogicalBinary: a chain of AND or OR is a balanced tree. first, end: the
 * tokens of operand i. */
typedef struct chain {
    const char *op;
    weir_expr **operand;
    int32_t *first, *end;
} chain;

static weir_expr *balanced(weir_parser *p, const chain *c, int low, int high) {
    if (low == high) return c->operand[low];
    int mid = low + (high - low) / 2;
    weir_expr *l = balanced(p, c, low, mid), *r = balanced(p, c, mid + 1, high);
    weir_expr *e = call(p, c->first[low], c->op, l, r);
    e->at.stop = p->tok[c->end[high] - 1].stop;
    return e;
}

static weir_rc parse_logic(weir_parser *p, sub_parser *sub, const char *op, weir_expr **out) {
    weir_arena *a = p->ctx->arena;
    weir_plan list = {0};
    int32_t from = p->at, n = 0;
    WEIR_TRY(sub(p, out));
    if (!weir_tk_is(p, op)) return WEIR_OK;
    weir_plan_add_expr(a, &list, *out);
    chain c = {op, NULL, WEIR_NEWN(a, int32_t, 2), WEIR_NEWN(a, int32_t, 2)};
    for (c.first[0] = from, c.end[0] = p->at, n = 1; weir_tk_take(p, op); n++) {
        if (n >= 2 && !(n & (n - 1))) {
            int32_t *first = WEIR_NEWN(a, int32_t, n * 2), *end = WEIR_NEWN(a, int32_t, n * 2);
            c.first = memcpy(first, c.first, sizeof *first * (size_t)n);
            c.end = memcpy(end, c.end, sizeof *end * (size_t)n);
        }
        weir_expr *e = NULL;
        c.first[n] = p->at;
        WEIR_TRY(sub(p, &e));
        c.end[n] = p->at;
        weir_plan_add_expr(a, &list, e);
    }
    c.operand = list.expr;
    *out = balanced(p, &c, 0, n - 1);
    return WEIR_OK;
}

static weir_rc parse_and(weir_parser *p, weir_expr **out) {
    return parse_logic(p, parse_not, "and", out);
}

static weir_rc parse_or(weir_parser *p, weir_expr **out) {
    WEIR_TRY(weir_parse_enter(p));
    WEIR_TRY(parse_logic(p, parse_and, "or", out));
    p->depth--;
    return WEIR_OK;
}

weir_rc weir_parse_expr(weir_parser *p, weir_expr **out) {
    WEIR_TRY(parse_or(p, out));
    return weir_parse_bounded(p, *out);
}

/* Words that may follow an expression and so cannot be its alias without AS. */
static bool ends_expression(const weir_parser *p) {
    static const char *const words[] = {
        "from",    "where",     "group",       "having", "order", "limit",   "offset",
        "union",   "intersect", "except",      "minus",  "lateral", "window",  "on",
        "using",   "join",      "inner",       "left",   "right",   "full",    "cross",
        "when",    "then",      "else",        "end",    "as",      "and",     "or",
        "not",     "asc",       "desc",        "nulls",  "in",      "between", "like",
        "rlike",   "ilike",     "is",          "div",    "ignore",  "respect", "tablesample",
        "values",  "for",       "escape",      "filter"};
    if (weir_tk(p, 0)->kind == WEIR_TK_QUOTED) return false;
    if (weir_tk(p, 0)->kind != WEIR_TK_WORD) return true;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (weir_tk_is(p, words[i])) return true;
    return weir_tk_orders(p);
}

static weir_rc parse_named(weir_parser *p, weir_expr **out) {
    int32_t from = p->at;
    WEIR_TRY(parse_or(p, out));
    bool as = weir_tk_take(p, "as");
    if (!as && ends_expression(p)) return WEIR_OK;
    weir_expr *a = weir_expr_alias(p->ctx->arena, *out, "");
    if (as && weir_tk_take(p, "(")) {
        weir_plan list = {0};
        const char *name;
        do {
            WEIR_TRY(weir_tk_ident(p, &name));
            weir_plan_add_name(p->ctx->arena, &list, name);
        } while (weir_tk_take(p, ","));
        a->names = list.names;
        a->nname = list.nname;
        WEIR_TRY(weir_tk_need(p, ")"));
    } else {
        WEIR_TRY(weir_tk_ident(p, &a->names[0]));
    }
    a->type = NULL;
    a->at = weir_tk_pos(p, from);
    *out = a;
    return WEIR_OK;
}

weir_rc weir_parse_named_expr(weir_parser *p, weir_expr **out) {
    WEIR_TRY(parse_named(p, out));
    return weir_parse_bounded(p, *out);
}

weir_rc weir_parse_list(weir_parser *p, weir_plan *into, bool named) {
    do {
        weir_expr *e = NULL;
        WEIR_TRY(named ? weir_parse_named_expr(p, &e) : weir_parse_expr(p, &e));
        weir_plan_add_expr(p->ctx->arena, into, e);
    } while (weir_tk_take(p, ","));
    return WEIR_OK;
}

bool weir_parse_sort_item_dirs(weir_parser *p, weir_expr *item) {
    if (weir_tk_take(p, "desc"))
        item->descending = true;
    else
        (void)weir_tk_take(p, "asc");
    item->nulls_first = !item->descending;
    if (weir_tk_take2(p, "nulls", "first"))
        item->nulls_first = true;
    else if (weir_tk_take2(p, "nulls", "last"))
        item->nulls_first = false;
    return true;
}

weir_rc weir_sql_parse_expr(weir_ctx *ctx, const char *text, weir_expr **out) {
    weir_parser p;
    WEIR_TRY(weir_lex(ctx, text, &p));
    WEIR_TRY(weir_parse_named_expr(&p, out));
    /* F.expr("a desc") in sort lists */
    if (weir_tk_is(&p, "asc") || weir_tk_is(&p, "desc")) {
        weir_expr *s = weir_expr_new(ctx->arena, WEIR_EX_SORT);
        s->narg = 1;
        s->arg = WEIR_NEWN(ctx->arena, weir_expr *, 1);
        s->arg[0] = *out;
        (void)weir_parse_sort_item_dirs(&p, s);
        *out = s;
    }
    return weir_tk(&p, 0)->kind == WEIR_TK_END ? WEIR_OK : weir_syntax_error(&p);
}
