/* parse_json, variant_get and their kin. Bound at analysis; kernels run in any task. SPARK
 * variantExpressions */
#include "codec/json_convert.h"
#include "codec/schema_ddl.h"
#include "func/loop.h"
#include "func/variant_cast.h"

#include <stdlib.h>

/* ---- parse_json ---- */

static void free_tokens(void *l) { weir_jt_free(l); }
static void free_builder(void *b) { weir_vbuild_free(b); }

/* SPARK parses without any of JSON's options; what follows the value is not looked at. */
static weir_rc parse(weir_ctx *ctx, weir_call *c, bool raise, const char *name) {
    weir_build b;
    weir_json_options *o = WEIR_NEW(ctx->arena, weir_json_options);
    weir_jtok *l = WEIR_NEW(ctx->arena, weir_jtok);
    weir_vbuild *v = weir_vbuild_new();
    weir_json_options_plain(o);
    o->allow_non_numeric = o->allow_single_quotes = false;
    weir_jt_init(l, NULL, o, true);
    weir_arena_defer(ctx->arena, free_tokens, l);
    weir_arena_defer(ctx->arena, free_builder, v);
    WEIR_TRY(weir_out_start(ctx, c, &b));
    for (int64_t i = 0; i < c->len; i++) {
        if (weir_is_null(&c->arg[0], i)) {
            weir_build_null(&b);
            continue;
        }
        weir_bytes t = weir_get_bytes(&c->arg[0], i);
        weir_jt_start(l, t.p, (size_t)t.len);
        bool read = weir_jt_next(l) && weir_jt_variant(l, v);
        if (read && weir_vbuild_take(v, &b)) continue;
        if (read && raise) return weir_variant_too_large(ctx, name);
        if (raise)
            return weir_fail(ctx, WEIR_E_MALFORMED_RECORD_IN_PARSING, "badRecord",
                             weir_strndup(ctx->arena, t.p, (size_t)t.len), "failFastMode",
                             "FAILFAST");
        weir_build_null(&b);
    }
    return weir_out_build(ctx, c, &b);
}

static weir_rc k_parse(weir_ctx *ctx, weir_call *c) { return parse(ctx, c, true, "parse_json"); }
static weir_rc k_try_parse(weir_ctx *ctx, weir_call *c) {
    return parse(ctx, c, false, "try_parse_json");
}

/* SPARK ExpectsInputTypes, without casts: what is no text is refused. */
static weir_rc bind_parse(weir_ctx *ctx, weir_expr *e) {
    weir_kind k = e->arg[0]->type->kind;
    if (k != WEIR_T_STRING && k != WEIR_T_VOID)
        return weir_fn_type_mismatch(ctx, e, 0, "\"STRING\"");
    e->nullable = e->arg[0]->nullable || e->fn->kernel == k_try_parse;
    return weir_coerce(ctx, e->arg[0], &weir_t_string, &e->arg[0]);
}

/* ---- variant_get ---- */

typedef struct step {
    weir_bytes key; /* p NULL: an element */
    int64_t index;
} step;

typedef struct path {
    const step *step;
    int n;
} path;

static bool index_step(const char **p, const char *end, step *s) {
    const char *q = *p + 1;
    int64_t v = 0;
    for (; q < end && *q >= '0' && *q <= '9'; q++) {
        v = v * 10 + (*q - '0');
        if (v > INT32_MAX) return false;
    }
    if (q == *p + 1 || q == end || *q != ']') return false;
    *s = (step){.index = v};
    *p = q + 1;
    return true;
}

/* .name, ['name'] or ["name"] */
static bool key_step(const char **p, const char *end, step *s) {
    const char *q = *p, *from;
    if (*q == '.') {
        for (from = ++q; q < end && *q != '.' && *q != '['; q++) {}
        if (q == from) return false;
        *s = (step){.key = {from, (int32_t)(q - from)}};
        *p = q;
        return true;
    }
    if (*q != '[' || end - q < 4 || (q[1] != '\'' && q[1] != '"')) return false;
    char quote = q[1];
    from = q + 2;
    q = memchr(from, quote, (size_t)(end - from));
    if (!q || end - q < 2 || q[1] != ']') return false;
    *s = (step){.key = {from, (int32_t)(q - from)}};
    *p = q + 2;
    return true;
}

/* SPARK VariantPathParser */
static weir_rc parse_path(weir_ctx *ctx, weir_bytes text, const char *name, path *out) {
    const char *p = text.p, *end = p + text.len;
    step *s = WEIR_NEWN(ctx->arena, step, text.len + 1);
    bool ok = text.len && *p++ == '$';
    int n = 0;
    while (ok && p < end) {
        ok = key_step(&p, end, &s[n]) || (*p == '[' && index_step(&p, end, &s[n]));
        n++;
    }
    *out = (path){s, n};
    if (ok) return WEIR_OK;
    return weir_fail(ctx, WEIR_E_INVALID_VARIANT_GET_PATH, "path",
                     weir_strndup(ctx->arena, text.p, (size_t)text.len), "functionName",
                     weir_printf(ctx->arena, "`%s`", name));
}

typedef struct getter {
    path path; /* step NULL: of each row */
    const weir_zone *zone;
} getter;

static bool find(const path *p, weir_vref *r, weir_vfault *f) {
    weir_vnode n;
    for (int i = 0; i < p->n && !r->null; i++) {
        const step *s = &p->step[i];
        bool found = false;
        if (!weir_variant_node(&r->v, r->at, &n, f)) return false;
        if (s->key.p && n.kind == WEIR_V_OBJECT) {
            if (!weir_variant_field(&r->v, &n, s->key, &found, &r->at)) return false;
        } else if (!s->key.p && n.kind == WEIR_V_ARRAY && s->index < n.count) {
            found = true;
            if (!weir_variant_member(&r->v, &n, (uint32_t)s->index, &r->at, NULL)) return false;
        }
        r->null = !found;
    }
    return true;
}

static weir_rc get(weir_ctx *ctx, weir_call *c, bool raise, const char *name) {
    const getter *g = c->bound;
    path p = g->path;
    weir_vfault f = {-1};
    weir_vref *r = WEIR_NEWN(ctx->arena, weir_vref, c->len + 1);
    for (int64_t i = 0; i < c->len; i++) {
        r[i] = (weir_vref){.null = weir_is_null(&c->arg[0], i) || weir_is_null(&c->arg[1], i)};
        if (r[i].null) continue;
        r[i].v = weir_get_variant(&c->arg[0], i);
        if (!g->path.step) WEIR_TRY(parse_path(ctx, weir_get_bytes(&c->arg[1], i), name, &p));
        if (!find(&p, &r[i], &f)) return weir_variant_bad(ctx, &f);
    }
    const weir_type *t = c->out->type;
    WEIR_TRY(weir_variant_cast(ctx, r, c->len, t, raise, g->zone, c->out));
    c->out->type = t;
    return WEIR_OK;
}

static weir_rc k_get(weir_ctx *ctx, weir_call *c) { return get(ctx, c, true, "variant_get"); }
static weir_rc k_try_get(weir_ctx *ctx, weir_call *c) {
    return get(ctx, c, false, "try_variant_get");
}

static weir_rc get_type(weir_ctx *ctx, weir_expr *e, const weir_type **out) {
    weir_column text;
    *out = &weir_t_variant;
    if (e->narg < 3) return WEIR_OK;
    WEIR_TRY(weir_eval_const(ctx, e->arg[2], &text));
    if (text.type->kind != WEIR_T_STRING || weir_is_null(&text, 0))
        return weir_fn_type_mismatch(ctx, e, 2, "\"STRING\"");
    weir_bytes s = weir_get_bytes(&text, 0);
    WEIR_TRY(weir_ddl_type(ctx, weir_strndup(ctx->arena, s.p, (size_t)s.len), out));
    if (weir_variant_castable(*out, true)) return WEIR_OK;
    e->narg = 2; /* SPARK shows no type */
    return weir_fail(ctx, WEIR_E_DATATYPE_MISMATCH_CAST_WITHOUT_SUGGESTION, "sqlExpr",
                     weir_printf(ctx->arena, "\"%s\"", weir_expr_sql(ctx->arena, e)), "srcType",
                     "\"VARIANT\"", "targetType",
                     weir_printf(ctx->arena, "\"%s\"", weir_type_sql(ctx->arena, *out)));
}

static bool is_const(const weir_expr *e) {
    bool constant = e->kind != WEIR_EX_COL && e->deterministic;
    for (int i = 0; i < e->narg && constant; i++) constant = is_const(e->arg[i]);
    return constant;
}

static weir_rc bind_variant(weir_ctx *ctx, weir_expr *e) {
    weir_kind k = e->arg[0]->type->kind;
    if (k != WEIR_T_VARIANT && k != WEIR_T_VOID)
        return weir_fn_type_mismatch(ctx, e, 0, "\"VARIANT\"");
    return weir_coerce(ctx, e->arg[0], &weir_t_variant, &e->arg[0]);
}

static weir_rc bind_get(weir_ctx *ctx, weir_expr *e) {
    weir_column path;
    getter *g = WEIR_NEW(ctx->arena, getter);
    const weir_type *t = NULL;
    weir_kind k = e->arg[1]->type->kind;
    WEIR_TRY(bind_variant(ctx, e));
    if (k != WEIR_T_STRING && k != WEIR_T_VOID)
        return weir_fn_type_mismatch(ctx, e, 1, "\"STRING\"");
    WEIR_TRY(weir_coerce(ctx, e->arg[1], &weir_t_string, &e->arg[1]));
    WEIR_TRY(get_type(ctx, e, &t));
    if (is_const(e->arg[1])) {
        WEIR_TRY(weir_eval_const(ctx, e->arg[1], &path));
        if (!weir_is_null(&path, 0))
            WEIR_TRY(parse_path(ctx, weir_get_bytes(&path, 0), e->fn->name, &g->path));
    }
    g->zone = weir_zone_session(ctx);
    e->bound = g;
    e->type = weir_type_nullable(ctx->arena, t);
    e->nullable = true;
    return WEIR_OK;
}

/* ---- is_variant_null, to_variant_object ---- */

static weir_rc k_is_null(weir_ctx *ctx, weir_call *c) {
    uint8_t *o;
    WEIR_TRY(weir_out_fixed(ctx, c, &o));
    for (int64_t i = 0; i < c->len; i++) {
        weir_vnode n;
        weir_vfault f;
        o[i] = false;
        if (weir_is_null(&c->arg[0], i)) continue;
        weir_variant v = weir_get_variant(&c->arg[0], i);
        if (!weir_variant_node(&v, 0, &n, &f)) return weir_variant_bad(ctx, &f);
        o[i] = n.kind == WEIR_V_NULL;
    }
    return WEIR_OK;
}

static weir_rc bind_object(weir_ctx *ctx, weir_expr *e) {
    const weir_type *t = e->arg[0]->type;
    if (weir_type_is_nested(t) && weir_variant_castable(t, true)) return WEIR_OK;
    return weir_fail(ctx, WEIR_E_DATATYPE_MISMATCH_CAST_WITHOUT_SUGGESTION, "sqlExpr",
                     weir_printf(ctx->arena, "\"%s\"", weir_expr_sql(ctx->arena, e)), "srcType",
                     weir_printf(ctx->arena, "\"%s\"", weir_type_sql(ctx->arena, t)), "targetType",
                     "\"VARIANT\"");
}

static weir_rc k_object(weir_ctx *ctx, weir_call *c) {
    weir_column in = c->arg[0];
    in.len = c->len;
    return weir_variant_from(ctx, &in, "to_variant_object", c->out);
}

static const weir_fn variant_fns[] = {
    {"parse_json", "(any) -> variant", k_parse, WEIR_NO_COERCE, bind_parse, 0},
    {"try_parse_json", "(any) -> variant", k_try_parse, WEIR_NO_COERCE | WEIR_NULLABLE, bind_parse,
     0},
    {"variant_get", "(any, any, any?) -> any", k_get, WEIR_NO_COERCE | WEIR_NULLABLE, bind_get, 0},
    {"try_variant_get", "(any, any, any?) -> any", k_try_get, WEIR_NO_COERCE | WEIR_NULLABLE,
     bind_get, 0},
    {"is_variant_null", "(any) -> boolean!", k_is_null, WEIR_NO_COERCE, bind_variant, 0},
    {"to_variant_object", "(any) -> variant", k_object, WEIR_NO_COERCE, bind_object, 0},
};
WEIR_FAMILY(weir_variant_family, "variant", variant_fns);
