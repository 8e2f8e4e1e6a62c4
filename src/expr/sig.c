/* Signature texts: parsing and matching. Called by fn.c at analysis. */
#include "expr/sig.h"

#include <ctype.h>

typedef struct scan {
    weir_ctx *ctx;
    const char *p;
} scan;

static void blank(scan *s) {
    while (*s->p == ' ') s->p++;
}

static bool eat(scan *s, const char *t) {
    blank(s);
    size_t n = strlen(t);
    if (strncmp(s->p, t, n) != 0) return false;
    s->p += n;
    return true;
}

static weir_sig_type *parse_type(scan *s);

static weir_sig_kind word_kind(const char *w, const weir_type **type) {
    static const struct {
        const char *word;
        weir_sig_kind kind;
    } words[] = {{"any", WEIR_SIG_ANY},           {"numeric", WEIR_SIG_NUMERIC},
                 {"integral", WEIR_SIG_INTEGRAL}, {"fractional", WEIR_SIG_FRACTIONAL},
                 {"decimal", WEIR_SIG_DECIMAL},   {"array", WEIR_SIG_ARRAY},
                 {"map", WEIR_SIG_MAP},           {"struct", WEIR_SIG_STRUCT}};
    static const struct {
        const char *word;
        weir_kind kind;
    } types[] = {
#define K(id, width, name, sql) {name, WEIR_T_##id},
#include "col/kinds.def"
#undef K
        {"long", WEIR_T_LONG}, {"short", WEIR_T_SHORT}, {"byte", WEIR_T_BYTE}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(w, words[i].word) == 0) return words[i].kind;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (strcmp(w, types[i].word) != 0) continue;
        *type = weir_type_scalar(types[i].kind);
        return WEIR_SIG_TYPE;
    }
    weir_assert_failed(w, "unknown type in a function signature");
}

static void read_word(scan *s, char *w, size_t max) {
    size_t n = 0;
    blank(s);
    while (n + 1 < max && (isalnum((unsigned char)*s->p) || *s->p == '_')) w[n++] = *s->p++;
    w[n] = 0;
    while (strcmp(w, "interval") == 0 &&
           (strncmp(s->p, " year to month", 14) == 0 || strncmp(s->p, " day to second", 14) == 0)) {
        memcpy(w + n, s->p, 14);
        w[n + 14] = 0;
        s->p += 14;
    }
}

static weir_sig_type *parse_type(scan *s) {
    weir_sig_type *t = WEIR_NEW(s->ctx->arena, weir_sig_type);
    char w[48];
    read_word(s, w, sizeof w - 16);
    if (isupper((unsigned char)w[0]) && !w[1]) {
        t->kind = WEIR_SIG_VAR;
        t->var = w[0];
    } else {
        t->kind = word_kind(w, &t->type);
        int kids = t->kind == WEIR_SIG_ARRAY ? 1 : t->kind == WEIR_SIG_MAP ? 2 : 0;
        for (int i = 0; i < kids && eat(s, i ? "," : "<"); i++) t->kid[i] = parse_type(s);
        if (t->kid[0]) weir_assert(eat(s, ">"));
    }
    if (eat(s, "...")) t->many = true;
    if (eat(s, "?")) t->optional = true;
    return t;
}

weir_rc weir_sig_parse(weir_ctx *ctx, const char *text, weir_sig **out) {
    weir_sig *g = WEIR_NEW(ctx->arena, weir_sig);
    scan s = {ctx, text};
    weir_assert(eat(&s, "("));
    while (!eat(&s, ")")) {
        weir_assert(g->nparam < WEIR_SIG_MAX);
        weir_sig_type *t = parse_type(&s);
        g->param[g->nparam++] = t;
        g->most += t->many ? WEIR_EXPR_NODES : 1; /* Spark has no limit */
        g->least += !t->optional;
        eat(&s, ",");
    }
    weir_assert(eat(&s, "->"));
    g->result = parse_type(&s);
    g->never_null = eat(&s, "!");
    *out = g;
    return WEIR_OK;
}

typedef struct vars {
    const weir_type *t[26];
} vars;

static const weir_sig_type *param_of(const weir_sig *g, int i) {
    if (i < g->nparam) return g->param[i];
    return g->param[g->nparam - 1];
}

static const weir_type *build(weir_ctx *ctx, const weir_sig_type *t, const vars *v) {
    if (t->kind == WEIR_SIG_TYPE) return t->type;
    if (t->kind == WEIR_SIG_VAR) return v->t[t->var - 'A'];
    if (t->kind == WEIR_SIG_ARRAY && t->kid[0]) {
        const weir_type *e = build(ctx, t->kid[0], v);
        return e ? weir_type_array(ctx->arena, e, true) : NULL;
    }
    if (t->kind == WEIR_SIG_MAP && t->kid[1]) {
        const weir_type *k = build(ctx, t->kid[0], v), *w = build(ctx, t->kid[1], v);
        return k && w ? weir_type_map(ctx->arena, k, w, true) : NULL;
    }
    return NULL;
}

static bool learn_var(weir_ctx *ctx, vars *v, char name, const weir_type *a, bool casts) {
    const weir_type **slot = &v->t[name - 'A'];
    if (!*slot || (casts && (*slot)->kind == WEIR_T_VOID)) {
        *slot = a;
        return true;
    }
    if (weir_type_same(*slot, a)) return true;
    if (!casts) return false;
    const weir_type *c = weir_common_type(ctx, *slot, a);
    if (c) *slot = c;
    return c != NULL;
}

/* Does a fit t? Learns variables on the way. */
static bool learn(weir_ctx *ctx, const weir_sig_type *t, const weir_expr *e, const weir_type *a,
                  vars *v, bool casts) {
    bool isnull = a->kind == WEIR_T_VOID, str = a->kind == WEIR_T_STRING;
    switch (t->kind) {
    case WEIR_SIG_ANY: return true;
    case WEIR_SIG_VAR: return learn_var(ctx, v, t->var, a, casts);
    case WEIR_SIG_TYPE:
        if (a->kind == t->type->kind) return true;
        return casts && weir_can_implicit_cast(ctx, a, t->type, e && e->kind == WEIR_EX_LIT);
    case WEIR_SIG_NUMERIC: return weir_type_is_numeric(a) || (casts && (isnull || str));
    case WEIR_SIG_INTEGRAL: return weir_type_is_integral(a) || (casts && (isnull || str));
    case WEIR_SIG_FRACTIONAL:
        return a->kind == WEIR_T_DOUBLE || a->kind == WEIR_T_FLOAT ||
               (casts && (isnull || str || weir_type_is_numeric(a)));
    case WEIR_SIG_DECIMAL:
        return a->kind == WEIR_T_DECIMAL || (casts && (isnull || str || weir_type_is_numeric(a)));
    case WEIR_SIG_STRUCT: return a->kind == WEIR_T_STRUCT || (casts && isnull);
    case WEIR_SIG_ARRAY:
        if (a->kind != WEIR_T_ARRAY) return casts && isnull;
        return !t->kid[0] || learn(ctx, t->kid[0], NULL, a->field[0].type, v, casts);
    case WEIR_SIG_MAP:
        if (a->kind != WEIR_T_MAP) return casts && isnull;
        return !t->kid[1] || (learn(ctx, t->kid[0], NULL, a->field[0].type, v, casts) &&
                              learn(ctx, t->kid[1], NULL, a->field[1].type, v, casts));
    }
    return false;
}

/* The type to cast an argument to; NULL leaves it. */
static const weir_type *target(weir_ctx *ctx, const weir_sig_type *t, const weir_type *a,
                               const vars *v) {
    bool loose = a->kind == WEIR_T_VOID || a->kind == WEIR_T_STRING;
    switch (t->kind) {
    case WEIR_SIG_ANY: return NULL;
    case WEIR_SIG_TYPE: return a->kind == t->type->kind ? NULL : t->type;
    case WEIR_SIG_NUMERIC: return loose ? &weir_t_double : NULL;
    case WEIR_SIG_FRACTIONAL:
        return a->kind == WEIR_T_FLOAT || a->kind == WEIR_T_DOUBLE ? NULL : &weir_t_double;
    case WEIR_SIG_INTEGRAL:
        return a->kind == WEIR_T_VOID ? &weir_t_int : loose ? &weir_t_long : NULL;
    case WEIR_SIG_DECIMAL:
        if (a->kind == WEIR_T_DECIMAL) return NULL;
        return loose ? weir_type_decimal(ctx->arena, 38, 18)
                     : weir_common_type(ctx, a, weir_type_decimal(ctx->arena, 1, 0));
    case WEIR_SIG_STRUCT: return NULL;
    case WEIR_SIG_VAR:
    case WEIR_SIG_ARRAY:
    case WEIR_SIG_MAP: break;
    }
    const weir_type *w = build(ctx, t, v);
    return w && !weir_type_same(w, a) ? w : NULL;
}

static const char *describe(weir_ctx *ctx, const weir_sig_type *t) {
    switch (t->kind) {
    case WEIR_SIG_TYPE:
        return weir_printf(ctx->arena, "\"%s\"", weir_type_sql(ctx->arena, t->type));
    case WEIR_SIG_NUMERIC: return "\"NUMERIC\"";
    case WEIR_SIG_INTEGRAL: return "\"INTEGRAL\"";
    case WEIR_SIG_FRACTIONAL: return "\"DOUBLE\"";
    case WEIR_SIG_DECIMAL: return "\"DECIMAL\"";
    case WEIR_SIG_ARRAY: return "\"ARRAY\"";
    case WEIR_SIG_MAP: return "\"MAP\"";
    case WEIR_SIG_STRUCT: return "\"STRUCT\"";
    case WEIR_SIG_VAR:
    case WEIR_SIG_ANY: break;
    }
    return "\"ANY\"";
}

bool weir_sig_match_args(weir_ctx *ctx, const weir_sig *g, const weir_expr *func, bool casts,
                         weir_sig_match *m) {
    vars v = {{NULL}};
    for (int i = 0; i < func->narg; i++) {
        const weir_sig_type *t = param_of(g, i);
        if (learn(ctx, t, func->arg[i], func->arg[i]->type, &v, casts)) continue;
        m->bad = i;
        m->bad_want = describe(ctx, t);
        return false;
    }
    for (int i = 0; i < func->narg; i++)
        m->want[i] = target(ctx, param_of(g, i), func->arg[i]->type, &v);
    m->result = build(ctx, g->result, &v);
    if (m->result && m->result->kind == WEIR_T_VOID && g->result->kind == WEIR_SIG_TYPE)
        m->result = &weir_t_void;
    return true;
}

bool weir_sig_take(weir_ctx *ctx, const weir_sig *g, const weir_expr *func, weir_sig_match *m) {
    vars v = {{NULL}};
    for (int i = 0; i < func->narg; i++)
        (void)learn(ctx, param_of(g, i), func->arg[i], func->arg[i]->type, &v, true);
    m->result = build(ctx, g->result, &v);
    return true;
}
