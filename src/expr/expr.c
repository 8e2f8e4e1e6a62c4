/* Expression nodes: making, copying, comparing, walking. Used by sql/, connect/, plan/. Any thread.
 */
#include "expr/expr.h"

#include "base/mem.h"

#include <stdarg.h>

weir_expr *weir_expr_new(weir_arena *a, weir_ekind kind) {
    weir_expr *e = WEIR_NEW(a, weir_expr);
    e->kind = kind;
    e->plan_id = -1;
    e->state_slot = -1;
    e->nullable = true;
    e->deterministic = true;
    return e;
}

weir_expr *weir_expr_copy(weir_arena *a, const weir_expr *e) {
    weir_expr *c = weir_memdup(a, e, sizeof *e);
    c->weight = 0;
    c->arg = weir_memdup(a, e->arg, sizeof *e->arg * (size_t)e->narg);
    return c;
}

weir_expr *weir_expr_attr(weir_arena *a, const char *name) {
    weir_expr *e = weir_expr_new(a, WEIR_EX_ATTR);
    e->nname = 1;
    e->names = WEIR_NEWN(a, const char *, 1);
    e->names[0] = name;
    return e;
}

weir_expr *weir_expr_func(weir_arena *a, const char *name, int narg, ...) {
    weir_expr *e = weir_expr_new(a, WEIR_EX_FUNC);
    e->name = name;
    e->narg = narg;
    e->arg = WEIR_NEWN(a, weir_expr *, narg);
    va_list ap;
    va_start(ap, narg);
    for (int i = 0; i < narg; i++) e->arg[i] = va_arg(ap, weir_expr *);
    va_end(ap);
    return e;
}

bool weir_expr_is_row(const weir_expr *e) {
    return e->kind == WEIR_EX_FUNC && e->is_operator && strcmp(e->name, "struct") == 0;
}

const char *weir_expr_field_name(weir_arena *a, const weir_expr *value, int i) {
    if (value->kind == WEIR_EX_ALIAS) return value->names[0];
    if (value->kind == WEIR_EX_ATTR) return value->names[value->nname - 1];
    if (value->kind == WEIR_EX_COL) return value->name;
    const char *call = value->kind == WEIR_EX_CALL && value->name ? value->name : "";
    bool key = value->kind == WEIR_EX_EXTRACT || strcmp(call, "_getmap") == 0;
    if (strcmp(call, "_getfield") == 0 || (key && value->arg[1]->kind == WEIR_EX_LIT &&
                                           value->arg[1]->type->kind == WEIR_T_STRING))
        return weir_expr_name(a, value->arg[1]);
    return weir_printf(a, "col%d", i + 1);
}

bool weir_expr_is_like_list(const weir_expr *e) {
    static const char *const names[] = {"likeany", "likeall", "notlikeany", "notlikeall"};
    if (!e->is_operator || e->narg != 2) return false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(e->name, names[i]) == 0) return true;
    return false;
}

weir_expr *weir_expr_col(weir_arena *a, int ordinal, const weir_type *t, bool nullable) {
    weir_expr *e = weir_expr_new(a, WEIR_EX_COL);
    e->ordinal = ordinal;
    e->type = t;
    e->nullable = nullable;
    return e;
}

weir_expr *weir_expr_alias(weir_arena *a, weir_expr *x, const char *name) {
    weir_expr *e = weir_expr_new(a, WEIR_EX_ALIAS);
    e->narg = 1;
    e->arg = WEIR_NEWN(a, weir_expr *, 1);
    e->arg[0] = x;
    e->nname = 1;
    e->names = WEIR_NEWN(a, const char *, 1);
    e->names[0] = name;
    e->type = x->type;
    e->nullable = x->nullable;
    e->deterministic = x->deterministic;
    return e;
}

/* SPARK UnresolvedAttribute.parseAttributeName: parts end at dots outside of back-ticks. */
weir_rc weir_name_parse(weir_ctx *ctx, const char *text, const char ***parts, int32_t *n) {
    size_t len = strlen(text), o = 0;
    char *buf = weir_alloc(ctx->arena, len + 2);
    int32_t count = 1;
    for (const char *p = text; *p; p++) count += *p == '.';
    *parts = WEIR_NEWN(ctx->arena, const char *, count);
    *n = 0;
    (*parts)[(*n)++] = buf;
    bool quoted = false;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (quoted && c == '`' && text[i + 1] == '`')
            buf[o++] = text[i++];
        else if (quoted && c == '`') {
            quoted = false;
            if (text[i + 1] && text[i + 1] != '.') goto bad;
        } else if (!quoted && c == '`') {
            if (i && text[i - 1] != '.') goto bad;
            quoted = true;
        } else if (!quoted && c == '.') {
            if (i == 0 || i + 1 == len || text[i - 1] == '.') goto bad;
            buf[o++] = 0;
            (*parts)[(*n)++] = buf + o;
        } else
            buf[o++] = c;
    }
    if (!quoted) return WEIR_OK;
bad:
    return weir_fail(ctx, WEIR_E_INVALID_ATTRIBUTE_NAME_SYNTAX, "name", text);
}

weir_rc weir_name_sql(weir_ctx *ctx, const char *name, char **out) {
    weir_str s;
    const char **part = NULL;
    int32_t n = 0;
    WEIR_TRY(weir_name_parse(ctx, name, &part, &n));
    weir_str_init(&s, ctx->arena, INT32_MAX);
    for (int32_t i = 0; i < n; i++) {
        weir_str_puts(&s, i ? ".`" : "`");
        for (const char *p = part[i]; *p; p++) {
            if (*p == '`') weir_str_putc(&s, '`');
            weir_str_putc(&s, *p);
        }
        weir_str_putc(&s, '`');
    }
    *out = weir_strndup(ctx->arena, s.p, s.len);
    return WEIR_OK;
}

static bool same_names(const weir_expr *a, const weir_expr *b) {
    if (a->nname != b->nname) return false;
    for (int i = 0; i < a->nname; i++)
        if (strcmp(a->names[i], b->names[i]) != 0) return false;
    return true;
}

static bool same_text(const char *a, const char *b) {
    return a == b || (a && b && strcmp(a, b) == 0);
}

static const weir_expr *bare(const weir_expr *e) {
    while (e->kind == WEIR_EX_ALIAS && e->narg == 1) e = e->arg[0];
    return e;
}

static bool same_literal(const weir_expr *a, const weir_expr *b) {
    if (!weir_type_same(a->type, b->type)) return false;
    bool na = weir_is_null(&a->lit, 0), nb = weir_is_null(&b->lit, 0);
    if (na || nb) return na && nb;
    if (!weir_type_orderable(a->type)) return false;
    return weir_compare(&a->lit, 0, &b->lit, 0) == 0;
}

static bool same_shape(const weir_expr *a, const weir_expr *b) {
    return a->kind == b->kind && a->narg == b->narg && a->distinct == b->distinct &&
           a->ignore_nulls == b->ignore_nulls && a->descending == b->descending &&
           a->nulls_first == b->nulls_first && a->ordinal == b->ordinal && a->fn == b->fn &&
           a->agg == b->agg && a->cast_mode == b->cast_mode && same_names(a, b) &&
           (a->fn || a->agg || a->kind == WEIR_EX_COL || a->kind == WEIR_EX_LIT ||
            same_text(a->name, b->name)); /* columns and literals: how they are shown */
}

bool weir_expr_equal(const weir_expr *a, const weir_expr *b) {
    a = bare(a);
    b = bare(b);
    if (a == b) return a->deterministic;
    if (!same_shape(a, b) || !a->deterministic || !b->deterministic) return false;
    if (a->kind == WEIR_EX_LIT) return same_literal(a, b);
    if (a->kind == WEIR_EX_WINDOW || a->kind == WEIR_EX_SUBQUERY) return false;
    if (a->kind == WEIR_EX_CALL && !weir_type_same(a->type, b->type)) return false;
    if ((a->filter == NULL) != (b->filter == NULL)) return false;
    if (a->filter && !weir_expr_equal(a->filter, b->filter)) return false;
    for (int i = 0; i < a->narg; i++)
        if (!weir_expr_equal(a->arg[i], b->arg[i])) return false;
    if (a->nbody != b->nbody) return false;
    for (int i = 0; i < a->nbody; i++)
        if (!weir_expr_equal(a->body[i], b->body[i])) return false;
    return true;
}

bool weir_expr_resolved(const weir_expr *e) {
    switch (e->kind) {
    case WEIR_EX_LIT:
    case WEIR_EX_COL:
    case WEIR_EX_METADATA: return true;
    case WEIR_EX_CALL:
    case WEIR_EX_AND:
    case WEIR_EX_OR:
    case WEIR_EX_CASE:
    case WEIR_EX_COALESCE:
    case WEIR_EX_AGG:
    case WEIR_EX_ALIAS:
    case WEIR_EX_SORT: break;
    default: return false;
    }
    for (int i = 0; i < e->narg; i++)
        if (!weir_expr_resolved(e->arg[i])) return false;
    return true;
}

typedef struct visit {
    const weir_expr *e;
    int32_t depth;
} visit;

weir_bound weir_expr_bounded(const weir_expr *e, int32_t depth, int64_t nodes) {
    size_t n = 0, cap = 0;
    visit *todo = NULL, x = {e, 1};
    weir_bound rc = WEIR_BOUNDED;
    for (;;) {
        if (x.depth > depth) rc = WEIR_TOO_DEEP;
        if ((int64_t)n + x.e->narg > nodes || nodes-- <= 0) rc = WEIR_TOO_MANY;
        if (rc != WEIR_BOUNDED) break;
        if (n + (size_t)x.e->narg + 1 > cap) {
            cap = (n + (size_t)x.e->narg + 1) * 2;
            todo = weir_mem_resize(todo, cap * sizeof *todo);
        }
        for (int i = 0; i < x.e->narg; i++) todo[n++] = (visit){x.e->arg[i], x.depth + 1};
        if (x.e->filter) todo[n++] = (visit){x.e->filter, x.depth + 1};
        if (!n) break;
        x = todo[--n];
    }
    weir_mem_free(todo);
    return rc;
}

bool weir_expr_walk(weir_expr *e, bool (*fn)(weir_expr *, void *u), void *u) {
    if (!fn(e, u)) return false;
    for (int i = 0; i < e->narg; i++)
        if (!weir_expr_walk(e->arg[i], fn, u)) return false;
    return !e->filter || weir_expr_walk(e->filter, fn, u);
}

weir_rc weir_expr_map(weir_ctx *ctx, weir_expr *e,
                      weir_rc (*fn)(weir_ctx *, weir_expr *, void *, weir_expr **), void *u,
                      weir_expr **out) {
    weir_expr *c = e;
    for (int i = 0; i < e->narg; i++) {
        weir_expr *k = NULL;
        WEIR_TRY(weir_expr_map(ctx, e->arg[i], fn, u, &k));
        if (k == e->arg[i]) continue;
        if (c == e) c = weir_expr_copy(ctx->arena, e);
        c->arg[i] = k;
    }
    if (e->filter) {
        weir_expr *k = NULL;
        WEIR_TRY(weir_expr_map(ctx, e->filter, fn, u, &k));
        if (k != e->filter) {
            if (c == e) c = weir_expr_copy(ctx->arena, e);
            c->filter = k;
        }
    }
    return fn(ctx, c, u, out);
}
