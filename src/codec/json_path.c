/* get_json_object, json_tuple, schema_of_json, json_array_length, json_object_keys: functions that
 * look into JSON text without a schema. Bound at analysis; kernels run in any task. */
#include "base/utf8.h"
#include "codec/json_calls.h"
#include "codec/json_token.h"
#include "func/loop.h"

#include <stdlib.h>

/* ---- paths: SPARK JsonPathParser, over Scala's RegexParsers: blanks may stand before words ----
 */

typedef enum { P_KEY, P_NAMED, P_ANY, P_SUBSCRIPT, P_INDEX, P_END } step_kind;
typedef struct step {
    step_kind kind;
    const char *name;
    int32_t n;
    int64_t index;
} step;
typedef enum { RAW, QUOTED, FLAT } style;

static const char *skip_blanks(const char *p, const char *end) {
    while (p < end && (*p == ' ' || (*p >= '\t' && *p <= '\r'))) p++;
    return p;
}

static bool starts(const char *p, const char *end, const char *w) {
    size_t n = strlen(w);
    return (size_t)(end - p) >= n && memcmp(p, w, n) == 0;
}

static const char *until(const char *p, const char *end, char a, char b) {
    while (p < end && *p != a && *p != b) p++;
    return p;
}

/* [*] or [n]; NULL: neither. *big: n is no long. */
static const char *subscript(const char *p, const char *end, step *s, bool *big) {
    if (starts(p, end, "[*]")) return s->kind = P_ANY, p + 3;
    const char *from = skip_blanks(p + 1, end), *to = from;
    uint64_t v = 0;
    s->kind = P_INDEX;
    for (; to < end && *to >= '0' && *to <= '9'; to++) {
        *big |= v > (uint64_t)(INT64_MAX - (*to - '0')) / 10;
        v = v * 10 + (uint64_t)(*to - '0');
    }
    s->index = (int64_t)v;
    s->name = from;
    s->n = (int32_t)(to - from);
    return to > from && to < end && *to == ']' ? to + 1 : NULL;
}

/* One node from p on, as one or two steps. NULL: none. */
static const char *node(const char *p, const char *end, step *s, int *n, bool *big) {
    const char *q = skip_blanks(p, end), *from, *to;
    if (starts(q, end, ".*") || starts(q, end, "['*']")) {
        s[(*n)++] = (step){.kind = P_ANY};
        return q + (*q == '.' ? 2 : 5);
    }
    if (*p == '.') {
        from = skip_blanks(p + 1, end);
        to = until(from, end, '.', '[');
        if (to == from) return NULL;
        s[(*n)++] = (step){.kind = P_KEY};
        s[(*n)++] = (step){P_NAMED, from, (int32_t)(to - from), 0};
        return to;
    }
    if (starts(q, end, "['")) {
        from = skip_blanks(q + 2, end);
        to = until(from, end, '\'', '?');
        q = skip_blanks(to, end);
        if (to > from && starts(q, end, "']")) {
            s[(*n)++] = (step){.kind = P_KEY};
            s[(*n)++] = (step){P_NAMED, from, (int32_t)(to - from), 0};
            return q + 2;
        }
    }
    if (*p != '[') return NULL;
    s[(*n)++] = (step){.kind = P_SUBSCRIPT};
    return subscript(p, end, &s[(*n)++], big);
}

/* *out NULL: not a path, and every row is null. */
static weir_rc parse_path(weir_ctx *ctx, weir_bytes t, const step **out) {
    const char *p = t.p, *end = t.p + t.len;
    step *s = WEIR_NEWN(ctx->arena, step, 2 * (size_t)t.len + 1);
    int n = 0;
    *out = NULL;
    if (p == end || *p++ != '$') return WEIR_OK;
    while (p < end) {
        bool big = false;
        const char *next = node(p, end, s, &n, &big);
        if (big)
            return weir_fail(
                ctx, WEIR_E_NUMBER_FORMAT, "message",
                weir_printf(ctx->arena, "For input string: \"%.*s\"", s[n - 1].n, s[n - 1].name));
        if (!next) break;
        p = next;
    }
    if (skip_blanks(p, end) != end) return WEIR_OK;
    s[n].kind = P_END;
    *out = s;
    return WEIR_OK;
}

/* ---- evaluation: SPARK GetJsonObjectEvaluator.evaluatePath ---- */

typedef struct walk {
    weir_jtok l;
    bool broken; /* not JSON */
    weir_str valid;
} walk;

typedef struct gen { /* JACKSON JsonGenerator */
    weir_str *o;
    bool list;       /* values stand in an array */
    bool surrogates; /* what is beyond the BMP is escaped */
} gen;

/* Jackson with the two leniencies that Spark asks for here: single quotes, control characters. */
static void lenient(weir_json_options *o) {
    weir_json_options_plain(o);
    o->allow_control = true;
    o->allow_non_numeric = false;
}

static void walk_start(walk *w, weir_bytes t) {
    bool valid = weir_utf8_valid(t.p, (size_t)t.len);
    w->valid.len = 0;
    if (!valid) weir_utf8_add(&w->valid, t.p, (size_t)t.len);
    weir_jt_start(&w->l, valid ? t.p : w->valid.p, valid ? (size_t)t.len : w->valid.len);
    w->broken = false;
}

static void walk_init(walk *w, const weir_json_options *o) {
    *w = (walk){0};
    weir_jt_init(&w->l, NULL, o, true);
    weir_str_init(&w->valid, NULL, 1u << 30);
}

static void walk_free(walk *w) {
    weir_jt_free(&w->l);
    weir_str_free(&w->valid);
}

static bool step_on(walk *w) {
    if (!w->broken && !weir_jt_next(&w->l)) w->broken = true;
    return !w->broken;
}

static bool leave(walk *w) {
    if (!w->broken && !weir_jt_skip(&w->l)) w->broken = true;
    return false;
}

/* Goes on to the next token; false at end, or where the text is broken. */
static bool step_until(walk *w, weir_jtoken end) {
    return step_on(w) && w->l.now != end && w->l.now != WEIR_JT_NONE;
}

static bool find(walk *w, style how, const step *p, gen *g);

static void comma(gen *g) {
    char c = g->o->len ? g->o->p[g->o->len - 1] : '[';
    if (g->list && c != '[') weir_str_putc(g->o, ',');
}

static bool put_leaf(walk *w, style how, const step *p, gen *g) {
    weir_jtok *l = &w->l;
    bool hit = false;
    if (l->now == WEIR_JT_STRING && how == RAW) {
        w->broken |= !weir_jt_text(l) || l->halved;
        if (!w->broken) weir_str_add(g->o, l->body, l->nbody);
        return true;
    }
    if (l->now == WEIR_JT_ARRAY && how == FLAT) {
        while (step_until(w, WEIR_JT_ARRAY_END)) hit |= find(w, FLAT, p, g);
        return hit;
    }
    comma(g);
    w->broken |= !weir_jt_copy(l, g->o, g->surrogates);
    return true;
}

/* The elements as an array of the generator's own. */
static bool put_list(walk *w, style how, const step *p, gen *g) {
    gen inner = {g->o, true, g->surrogates};
    bool hit = false;
    comma(g);
    weir_str_putc(g->o, '[');
    while (step_until(w, WEIR_JT_ARRAY_END)) hit |= find(w, how, p, &inner);
    weir_str_putc(g->o, ']');
    return hit;
}

/* The elements that match: one alone stands without brackets. */
static bool put_matches(walk *w, style how, const step *p, gen *g) {
    weir_str all;
    int64_t hits = 0;
    weir_str_init(&all, NULL, 1u << 30);
    weir_str_putc(&all, '[');
    gen inner = {&all, true, false};
    while (step_until(w, WEIR_JT_ARRAY_END)) hits += find(w, how, p, &inner);
    weir_str_putc(&all, ']');
    if (hits && !w->broken) {
        comma(g);
        weir_str_add(g->o, all.p + (hits == 1), all.len - 2u * (hits == 1));
    }
    weir_str_free(&all);
    return hits > 0;
}

static bool put_element(walk *w, style how, const step *p, gen *g) {
    int64_t index = p[1].index;
    bool many = p[2].kind == P_SUBSCRIPT && p[3].kind == P_ANY, hit;
    if (!step_on(w)) return false;
    for (; index > 0 && w->l.now != WEIR_JT_ARRAY_END && w->l.now != WEIR_JT_NONE; index--) {
        leave(w);
        if (!step_on(w)) return false;
    }
    if (w->l.now == WEIR_JT_ARRAY_END || w->l.now == WEIR_JT_NONE) return false;
    hit = find(w, many ? QUOTED : how, p + 2, g);
    while (step_until(w, WEIR_JT_ARRAY_END)) leave(w);
    return hit;
}

static bool put_member(walk *w, style how, const step *p, gen *g) {
    bool hit = false;
    while (step_until(w, WEIR_JT_OBJECT_END)) {
        if (hit)
            leave(w);
        else
            hit = find(w, how, p + 1, g);
    }
    return hit;
}

static bool is_named(const walk *w, const step *p) {
    weir_bytes name;
    return weir_jt_name(&w->l, &name) && !weir_jt_halved(&w->l) && name.len == p->n &&
           memcmp(name.p, p->name, (size_t)p->n) == 0;
}

static bool find(walk *w, style how, const step *p, gen *g) {
    weir_jtoken t = w->l.now;
    if (w->broken) return false;
    if (t == WEIR_JT_NAME && (p->kind == P_ANY || (p->kind == P_NAMED && is_named(w, p)))) {
        if (!step_on(w)) return false;
        if (p->kind == P_NAMED && w->l.now == WEIR_JT_NULL) return false;
        p++;
        t = w->l.now;
    }
    if (p->kind == P_END) return put_leaf(w, how, p, g);
    if (t == WEIR_JT_OBJECT && p->kind == P_KEY) return put_member(w, how, p, g);
    if (t == WEIR_JT_ARRAY && p->kind == P_SUBSCRIPT && p[1].kind == P_INDEX)
        return put_element(w, how, p, g);
    if (t != WEIR_JT_ARRAY || p->kind != P_SUBSCRIPT) return leave(w);
    if (p[2].kind == P_SUBSCRIPT && p[3].kind == P_ANY) return put_list(w, FLAT, p + 4, g);
    if (how == QUOTED) return put_list(w, QUOTED, p + 2, g);
    return put_matches(w, how == FLAT ? FLAT : QUOTED, p + 2, g);
}

static weir_rc k_get_object(weir_ctx *ctx, weir_call *c) {
    weir_build b;
    weir_str o;
    walk w;
    weir_json_options opt;
    bool once = WEIR_ONCE(&c->arg[1]);
    const step *p = NULL;
    weir_rc rc = WEIR_OK;
    WEIR_TRY(weir_out_start(ctx, c, &b));
    lenient(&opt);
    walk_init(&w, &opt);
    weir_str_init(&o, ctx->arena, 1u << 30);
    for (int64_t i = 0; i < c->len && rc == WEIR_OK; i++) {
        bool null = weir_is_null(&c->arg[0], i) || weir_is_null(&c->arg[1], i);
        if (!null && (i == 0 || !once || !p))
            rc = parse_path(ctx, weir_get_bytes(&c->arg[1], i), &p);
        gen g = {&o, false, true};
        bool hit = false;
        o.len = 0;
        if (!null && p) {
            walk_start(&w, weir_get_bytes(&c->arg[0], i));
            hit = step_on(&w) && w.l.now != WEIR_JT_NONE && find(&w, RAW, p, &g) && !w.broken;
        }
        if (hit)
            weir_build_bytes(&b, o.len ? o.p : "", o.len);
        else
            weir_build_null(&b);
    }
    walk_free(&w);
    return rc == WEIR_OK ? weir_out_build(ctx, c, &b) : rc;
}

/* ---- json_tuple: SPARK JsonTupleEvaluator ---- */

/* _json_tuple(json, name, ...): a struct c0, c1, ... */
static weir_rc bind_tuple(weir_ctx *ctx, weir_expr *e) {
    weir_field *f = WEIR_NEWN(ctx->arena, weir_field, e->narg);
    for (int i = 1; i < e->narg; i++)
        f[i - 1] = (weir_field){weir_printf(ctx->arena, "c%d", i - 1), &weir_t_string, true, NULL};
    e->type = weir_type_struct(ctx->arena, f, e->narg - 1);
    e->nullable = false;
    return WEIR_OK;
}

/* The value of the member at hand into o, strings without their quotes; *null: it has none. */
static bool put_member_text(walk *w, weir_str *o, bool *null) {
    gen g = {o, false, true};
    const step end = {.kind = P_END};
    o->len = 0;
    if (!step_on(w)) return false;
    *null = w->l.now == WEIR_JT_NULL;
    return *null || (put_leaf(w, RAW, &end, &g) && !w->broken);
}

/* The members asked for into text; given[k] says which there are. Of members of one name the last
 * counts. False: the text is no object, or broken. */
static bool tuple_of(walk *w, const weir_call *c, int64_t i, weir_str *one, weir_str *text,
                     bool *given) {
    weir_bytes name, t = weir_get_bytes(&c->arg[0], i);
    bool null = false;
    walk_start(w, t);
    if (!step_on(w) || w->l.now != WEIR_JT_OBJECT) return false;
    while (step_until(w, WEIR_JT_OBJECT_END)) {
        bool named = w->l.now == WEIR_JT_NAME && weir_jt_name(&w->l, &name), read = false;
        for (int k = 1; k < c->narg && named && !weir_jt_halved(&w->l); k++) {
            weir_bytes want = {NULL, -1};
            if (!weir_is_null(&c->arg[k], i)) want = weir_get_bytes(&c->arg[k], i);
            if (want.len != name.len || memcmp(want.p, name.p, (size_t)name.len) != 0) continue;
            if (!read && !put_member_text(w, one, &null)) return false;
            (void)weir_jt_name(&w->l, &name); /* still the same, but it may have moved */
            read = true;
            if (null) break;
            given[k] = true;
            text[k].len = 0;
            if (one->len) weir_str_add(&text[k], one->p, one->len);
        }
        leave(w);
    }
    return !w->broken;
}

static weir_rc k_tuple(weir_ctx *ctx, weir_call *c) {
    weir_build b;
    walk w;
    weir_json_options opt;
    weir_str one, *text = WEIR_NEWN(ctx->arena, weir_str, c->narg);
    bool *given = WEIR_NEWN(ctx->arena, bool, c->narg);
    WEIR_TRY(weir_out_start(ctx, c, &b));
    lenient(&opt);
    walk_init(&w, &opt);
    weir_str_init(&one, ctx->arena, 1u << 30);
    for (int k = 0; k < c->narg; k++) weir_str_init(&text[k], ctx->arena, 1u << 30);
    for (int64_t i = 0; i < c->len; i++) {
        memset(given, 0, sizeof *given * (size_t)c->narg);
        bool ok = !weir_is_null(&c->arg[0], i) && tuple_of(&w, c, i, &one, text, given);
        for (int k = 1; k < c->narg; k++) {
            if (ok && given[k])
                weir_build_bytes(&b.kid[k - 1], text[k].len ? text[k].p : "", text[k].len);
            else
                weir_build_null(&b.kid[k - 1]);
        }
        weir_build_struct(&b);
    }
    walk_free(&w);
    return weir_out_build(ctx, c, &b);
}

/* ---- json_array_length, json_object_keys ---- */

static int64_t array_length(walk *w) {
    int64_t n = 0;
    if (!step_on(w) || w->l.now != WEIR_JT_ARRAY) return -1;
    for (; step_until(w, WEIR_JT_ARRAY_END); n++) leave(w);
    return w->broken ? -1 : n;
}

static weir_rc k_array_length(weir_ctx *ctx, weir_call *c) {
    weir_build b;
    walk w;
    weir_json_options opt;
    WEIR_TRY(weir_out_start(ctx, c, &b));
    lenient(&opt);
    walk_init(&w, &opt);
    for (int64_t i = 0; i < c->len; i++) {
        int64_t n = -1;
        if (!weir_is_null(&c->arg[0], i)) {
            walk_start(&w, weir_get_bytes(&c->arg[0], i));
            n = array_length(&w);
        }
        if (n < 0)
            weir_build_null(&b);
        else
            weir_build_i32(&b, (int32_t)n);
    }
    walk_free(&w);
    return weir_out_build(ctx, c, &b);
}

/* SPARK: JACKSON nextValue() until there is none that has a name */
static bool object_keys(walk *w, weir_build *keys) {
    weir_bytes name;
    if (!step_on(w) || w->l.now != WEIR_JT_OBJECT) return false;
    for (;;) {
        if (!step_on(w) || (w->l.now == WEIR_JT_NAME && !step_on(w))) return false;
        if (w->l.now == WEIR_JT_NONE || !weir_jt_name(&w->l, &name)) return true;
        weir_build_bytes(keys, name.p, (size_t)name.len);
        leave(w);
    }
}

static weir_rc k_object_keys(weir_ctx *ctx, weir_call *c) {
    weir_build b;
    walk w;
    weir_json_options opt;
    WEIR_TRY(weir_out_start(ctx, c, &b));
    lenient(&opt);
    walk_init(&w, &opt);
    for (int64_t i = 0; i < c->len; i++) {
        int64_t from = b.kid[0].len;
        bool ok = !weir_is_null(&c->arg[0], i);
        if (ok) {
            walk_start(&w, weir_get_bytes(&c->arg[0], i));
            ok = object_keys(&w, &b.kid[0]) && !w.broken;
        }
        if (ok) {
            weir_build_list(&b);
        } else {
            weir_build_truncate(&b.kid[0], from);
            weir_build_null(&b);
        }
    }
    walk_free(&w);
    return weir_out_build(ctx, c, &b);
}

/* ---- schema_of_json ---- */

static weir_rc bind_schema_of(weir_ctx *ctx, weir_expr *e) {
    weir_json_options *o = NULL;
    weir_column text;
    WEIR_TRY(weir_json_call_options(ctx, e, 1, &o));
    WEIR_TRY(weir_eval_const(ctx, e->arg[0], &text));
    if (weir_is_null(&text, 0))
        return weir_fail(ctx, WEIR_E_DATATYPE_MISMATCH_UNEXPECTED_NULL, "sqlExpr",
                         weir_printf(ctx->arena, "\"%s\"", weir_expr_sql(ctx->arena, e)),
                         "exprName", "`json`");
    e->bound = o;
    return WEIR_OK;
}

static weir_rc k_schema_of(weir_ctx *ctx, weir_call *c) {
    weir_build b;
    WEIR_TRY(weir_out_start(ctx, c, &b));
    for (int64_t i = 0; i < c->len; i++) {
        weir_bytes t = weir_get_bytes(&c->arg[0], i);
        const weir_type *type = NULL;
        WEIR_TRY(weir_json_schema_of(ctx, c->bound, t, &type));
        const char *sql = weir_type_sql(ctx->arena, type);
        weir_build_bytes(&b, sql, strlen(sql));
    }
    return weir_out_build(ctx, c, &b);
}

static const weir_fn json_path_fns[] = {
    {"get_json_object", "(string, string) -> string", k_get_object, WEIR_NULLABLE, NULL, 0},
    {"_json_tuple", "(string, string...) -> any", k_tuple, 0, bind_tuple, 0},
    {"json_array_length", "(string) -> int", k_array_length, WEIR_NULLABLE, NULL, 0},
    {"json_object_keys", "(string) -> array<string>", k_object_keys, WEIR_NULLABLE, NULL, 0},
    {"schema_of_json", "(string, any?) -> string!", k_schema_of, 0, bind_schema_of, 0},
};
WEIR_FAMILY(weir_json_path_family, "json_path", json_path_fns);
