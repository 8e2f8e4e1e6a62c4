/* get_json_object, schema_of_json, json_array_length, json_object_keys: functions that look into
 * JSON text without a schema. Bound at analysis; kernels run in any task. */
#include "codec/json_scan.h"
#include "func/loop.h"

#include <stdlib.h>

/* Jackson with the two leniencies that Spark asks for here: single quotes, control characters. */
static const weir_json_options lenient = {.allow_single_quotes = true, .allow_control = true};

/* ---- paths: $.name ['name'] [n] [*] .* ---- */

typedef enum { P_NAME, P_INDEX, P_EACH, P_END } step_kind;
typedef struct step {
    step_kind kind;
    bool object; /* P_EACH after a dot: over members */
    const char *name;
    int32_t n;
    int64_t index;
} step;
typedef enum { RAW, QUOTED, FLAT } style;

static int64_t digits(const char **p, const char *end) {
    int64_t v = 0;
    const char *from = *p;
    for (; *p < end && **p >= '0' && **p <= '9' && *p - from < 18; (*p)++) v = v * 10 + **p - '0';
    return *p == from ? -1 : v;
}

static bool subscript(const char **pp, const char *end, step *s) {
    const char *p = *pp;
    if (p < end && *p == '*') {
        *s = (step){.kind = P_EACH};
        p++;
    } else if (p < end && *p == '\'') {
        const char *q = ++p;
        while (p < end && *p != '\'' && *p != '?') p++;
        *s = (step){.kind = P_NAME, .name = q, .n = (int32_t)(p - q)};
        if (p == q || p >= end || *p != '\'') return false;
        p++;
    } else {
        *s = (step){.kind = P_INDEX, .index = digits(&p, end)};
        if (s->index < 0) return false;
    }
    *pp = p + 1;
    return p < end && *p == ']';
}

/* NULL: not a path, and every row is null. */
static const step *parse_path(weir_arena *mem, weir_bytes t) {
    const char *p = t.p, *end = t.p + t.len;
    step *s = WEIR_NEWN(mem, step, t.len + 1);
    int n = 0;
    if (p == end || *p++ != '$') return NULL;
    while (p < end) {
        char c = *p++;
        const char *q = p;
        if (c == '[') {
            if (!subscript(&p, end, &s[n++])) return NULL;
            continue;
        }
        while (p < end && *p != '.' && *p != '[') p++;
        if (c != '.' || p == q) return NULL;
        bool star = p - q == 1 && *q == '*';
        s[n++] = (step){star ? P_EACH : P_NAME, star, q, (int32_t)(p - q), 0};
    }
    s[n].kind = P_END;
    return s;
}

/* ---- values written again ---- */

static bool put_value(weir_jscan *s, weir_str *o);

static bool put_word(weir_jscan *s, weir_str *o) {
    weir_jtext w = weir_js_word(s);
    bool integer;
    char t[64];
    if (!w.ok) return false;
    if (!weir_js_is_number(s, w, &integer)) {
        bool ok = (w.n == 4 && (!memcmp(w.p, "true", 4) || !memcmp(w.p, "null", 4))) ||
                  (w.n == 5 && !memcmp(w.p, "false", 5));
        weir_str_add(o, w.p, (size_t)w.n);
        return ok;
    }
    if (integer || w.n > 60) { /* SPARK: a fraction goes through a double */
        weir_str_add(o, w.p, (size_t)w.n);
        return true;
    }
    memcpy(t, w.p, (size_t)w.n);
    t[w.n] = 0;
    double v = strtod(t, NULL);
    weir_str_add(o, t, (size_t)weir_double_text(v, t));
    return true;
}

static bool put_members(weir_jscan *s, weir_str *o) {
    bool object = *s->p == '{';
    char close = object ? '}' : ']';
    if (++s->depth > 256) return false;
    weir_str_putc(o, *s->p++);
    weir_js_space(s);
    if (s->p < s->end && *s->p == close) {
        weir_str_putc(o, *s->p++);
        s->depth--;
        return true;
    }
    for (;;) {
        weir_js_space(s);
        if (object) {
            weir_jtext k = weir_js_key(s);
            if (!k.ok) return false;
            weir_json_escape(o, k.p, (size_t)k.n);
            weir_js_space(s);
            if (s->p >= s->end || *s->p++ != ':') return false;
            weir_str_putc(o, ':');
        }
        if (!put_value(s, o)) return false;
        weir_js_space(s);
        if (s->p >= s->end || (*s->p != ',' && *s->p != close)) return false;
        weir_str_putc(o, *s->p);
        if (*s->p++ == close) return s->depth--, true;
    }
}

static bool at_string(const weir_jscan *s) {
    return s->p < s->end && (*s->p == '"' || *s->p == '\'');
}

static bool put_value(weir_jscan *s, weir_str *o) {
    weir_js_space(s);
    if (at_string(s)) {
        weir_jtext t = weir_js_string(s);
        if (t.ok) weir_json_escape(o, t.p, (size_t)t.n);
        return t.ok;
    }
    if (s->p < s->end && (*s->p == '{' || *s->p == '[')) return put_members(s, o);
    return put_word(s, o);
}

/* ---- evaluation: SPARK GetJsonObjectEvaluator.evaluatePath ---- */

typedef struct walk {
    weir_jscan s;
    bool broken; /* not JSON */
} walk;

static bool find(walk *w, style how, const step *p, weir_str *o);

static void comma(weir_str *o, size_t from) {
    if (o->len > from) weir_str_putc(o, ',');
}

/* The elements of the array at w->s.p, each by find() into o, with commas; how many matched. */
static int64_t each(walk *w, style how, const step *p, weir_str *o, int64_t only) {
    weir_jscan *s = &w->s;
    int64_t hits = 0, i = 0;
    size_t from = o->len;
    weir_str one;
    weir_str_init(&one, NULL, 1u << 30);
    s->p++;
    weir_js_space(s);
    if (s->p < s->end && *s->p == ']') {
        s->p++;
        return 0;
    }
    for (;; i++) {
        one.len = 0;
        if (only >= 0 && i != only) {
            w->broken |= !weir_js_skip(s);
        } else if (find(w, how, p, &one)) {
            hits++;
            comma(o, from);
            if (one.len) weir_str_add(o, one.p, one.len);
        }
        weir_js_space(s);
        char c = s->p < s->end ? *s->p++ : 0;
        w->broken |= c != ',' && c != ']';
        if (w->broken || c == ']') break;
    }
    weir_str_free(&one);
    return w->broken ? 0 : hits;
}

static bool members(walk *w, style how, const step *p, weir_str *o) {
    weir_jscan *s = &w->s;
    bool hit = false;
    s->p++;
    weir_js_space(s);
    if (s->p < s->end && *s->p == '}') return s->p++, false;
    for (;;) {
        weir_js_space(s);
        weir_jtext k = weir_js_key(s);
        bool mine = k.ok && !hit && p->kind == P_NAME && k.n == p->n &&
                    memcmp(k.p, p->name, (size_t)k.n) == 0;
        weir_js_space(s);
        w->broken |= !k.ok || s->p >= s->end || *s->p++ != ':';
        weir_js_space(s);
        if (w->broken) return false;
        bool null = s->end - s->p >= 4 && memcmp(s->p, "null", 4) == 0;
        if (mine && !null)
            hit = find(w, how, p + 1, o);
        else
            w->broken |= !weir_js_skip(s);
        weir_js_space(s);
        char c = s->p < s->end ? *s->p++ : 0;
        w->broken |= c != ',' && c != '}';
        if (w->broken) return false;
        if (c == '}') return hit;
    }
}

static bool wildcard(walk *w, style how, const step *p, weir_str *o) {
    bool twice = p[1].kind == P_EACH && !p[1].object;
    style inner = twice ? FLAT : how == FLAT ? FLAT : QUOTED;
    bool brackets = twice || how == QUOTED;
    weir_str all;
    weir_str_init(&all, NULL, 1u << 30);
    int64_t n = each(w, inner, p + 1 + twice, &all, -1);
    brackets |= n > 1;
    if (n > 0 || brackets) {
        if (brackets) weir_str_putc(o, '[');
        if (all.len) weir_str_add(o, all.p, all.len);
        if (brackets) weir_str_putc(o, ']');
    }
    weir_str_free(&all);
    return n > 0;
}

static bool find(walk *w, style how, const step *p, weir_str *o) {
    weir_jscan *s = &w->s;
    weir_js_space(s);
    char c = s->p < s->end ? *s->p : 0;
    if (w->broken || ++s->depth > 256) return w->broken = true, false;
    bool hit = false;
    if (p->kind == P_END && how == RAW && at_string(s)) {
        weir_jtext t = weir_js_string(s);
        hit = t.ok;
        w->broken |= !t.ok;
        if (hit) weir_str_add(o, t.n ? t.p : "", (size_t)t.n);
    } else if (p->kind == P_END && how == FLAT && c == '[') {
        hit = each(w, FLAT, p, o, -1) > 0;
    } else if (p->kind == P_END) {
        hit = put_value(s, o);
        w->broken |= !hit;
    } else if (c == '{' && (p->kind == P_NAME || p->object)) {
        hit = members(w, how, p, o);
    } else if (c == '[' && p->kind == P_EACH && !p->object) {
        hit = wildcard(w, how, p, o);
    } else if (c == '[' && p->kind == P_INDEX) {
        bool many = p[1].kind == P_EACH && !p[1].object;
        hit = each(w, many ? QUOTED : how, p + 1, o, p->index) > 0;
    } else {
        w->broken |= !weir_js_skip(s);
    }
    s->depth--;
    return hit && !w->broken;
}

static weir_rc k_get_object(weir_ctx *ctx, weir_call *c) {
    weir_build b;
    weir_str o;
    walk w = {.s = {.o = &lenient}};
    bool once = WEIR_ONCE(&c->arg[1]);
    const step *p = NULL;
    WEIR_TRY(weir_out_start(ctx, c, &b));
    weir_str_init(&o, ctx->arena, 1u << 30);
    for (int64_t i = 0; i < c->len; i++) {
        bool null = weir_is_null(&c->arg[0], i) || weir_is_null(&c->arg[1], i);
        if (!null && (i == 0 || !once || !p))
            p = parse_path(ctx->arena, weir_get_bytes(&c->arg[1], i));
        if (null || !p) {
            weir_build_null(&b);
            continue;
        }
        weir_bytes t = weir_get_bytes(&c->arg[0], i);
        o.len = 0;
        w.s.p = t.p;
        w.s.end = t.p + t.len;
        w.s.depth = 0;
        w.broken = false;
        if (find(&w, RAW, p, &o))
            weir_build_bytes(&b, o.len ? o.p : "", o.len);
        else
            weir_build_null(&b);
    }
    weir_js_free(&w.s);
    return weir_out_build(ctx, c, &b);
}

/* ---- json_array_length, json_object_keys ---- */

static int64_t array_length(weir_jscan *s) {
    int64_t n = 0;
    weir_js_space(s);
    if (s->p >= s->end || *s->p != '[') return -1;
    s->p++;
    weir_js_space(s);
    if (s->p < s->end && *s->p == ']') return 0;
    for (;; s->p++) {
        if (!weir_js_skip(s)) return -1;
        n++;
        weir_js_space(s);
        if (s->p >= s->end) return -1;
        if (*s->p == ']') return n;
        if (*s->p != ',') return -1;
    }
}

static weir_rc k_array_length(weir_ctx *ctx, weir_call *c) {
    weir_build b;
    weir_jscan s = {.o = &lenient};
    WEIR_TRY(weir_out_start(ctx, c, &b));
    for (int64_t i = 0; i < c->len; i++) {
        int64_t n = -1;
        if (!weir_is_null(&c->arg[0], i)) {
            weir_bytes t = weir_get_bytes(&c->arg[0], i);
            s.p = t.p, s.end = t.p + t.len, s.depth = 0;
            n = array_length(&s);
        }
        if (n < 0)
            weir_build_null(&b);
        else
            weir_build_i32(&b, (int32_t)n);
    }
    weir_js_free(&s);
    return weir_out_build(ctx, c, &b);
}

static bool object_keys(weir_jscan *s, weir_build *keys) {
    weir_js_space(s);
    if (s->p >= s->end || *s->p != '{') return false;
    s->p++;
    weir_js_space(s);
    if (s->p < s->end && *s->p == '}') return true;
    for (;; s->p++) {
        weir_js_space(s);
        weir_jtext k = weir_js_key(s);
        if (!k.ok) return false;
        weir_build_bytes(keys, k.n ? k.p : "", (size_t)k.n);
        weir_js_space(s);
        if (s->p >= s->end || *s->p++ != ':' || !weir_js_skip(s)) return false;
        weir_js_space(s);
        if (s->p >= s->end) return false;
        if (*s->p == '}') return true;
        if (*s->p != ',') return false;
    }
}

static weir_rc k_object_keys(weir_ctx *ctx, weir_call *c) {
    weir_build b;
    weir_jscan s = {.o = &lenient};
    WEIR_TRY(weir_out_start(ctx, c, &b));
    for (int64_t i = 0; i < c->len; i++) {
        int64_t from = b.kid[0].len;
        bool ok = !weir_is_null(&c->arg[0], i);
        if (ok) {
            weir_bytes t = weir_get_bytes(&c->arg[0], i);
            s.p = t.p, s.end = t.p + t.len, s.depth = 0;
            ok = object_keys(&s, &b.kid[0]);
        }
        if (ok) {
            weir_build_list(&b);
        } else {
            weir_build_truncate(&b.kid[0], from);
            weir_build_null(&b);
        }
    }
    weir_js_free(&s);
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

/* The value stands as a member, so that what it is itself shows. */
static weir_rc k_schema_of(weir_ctx *ctx, weir_call *c) {
    weir_build b;
    weir_str wrapped;
    WEIR_TRY(weir_out_start(ctx, c, &b));
    weir_str_init(&wrapped, ctx->arena, 1u << 30);
    for (int64_t i = 0; i < c->len; i++) {
        weir_bytes t = weir_get_bytes(&c->arg[0], i);
        weir_json_infer *f = weir_json_infer_new(ctx->arena, c->bound);
        wrapped.len = 0;
        weir_str_puts(&wrapped, "{\"x\":");
        if (t.len) weir_str_add(&wrapped, t.p, (size_t)t.len);
        weir_str_puts(&wrapped, "}");
        weir_json_infer_record(f, wrapped.p, (int64_t)wrapped.len);
        weir_schema *s = weir_json_infer_done(ctx->arena, f, false);
        const weir_type *type = s->nfield ? s->field[0].type : s;
        if (s->nfield && strcmp(s->field[0].name, "x") != 0)
            return weir_call_fail(ctx, c, WEIR_E_MALFORMED_RECORD_IN_PARSING, "badRecord",
                                  weir_strndup(ctx->arena, t.len ? t.p : "", (size_t)t.len),
                                  "failFastMode", "FAILFAST");
        const char *sql = weir_type_sql(ctx->arena, type);
        weir_build_bytes(&b, sql, strlen(sql));
    }
    return weir_out_build(ctx, c, &b);
}

static const weir_fn json_path_fns[] = {
    {"get_json_object", "(string, string) -> string", k_get_object, WEIR_NULLABLE, NULL, 0},
    {"json_array_length", "(string) -> int", k_array_length, WEIR_NULLABLE, NULL, 0},
    {"json_object_keys", "(string) -> array<string>", k_object_keys, WEIR_NULLABLE, NULL, 0},
    {"schema_of_json", "(string, any?) -> string!", k_schema_of, 0, bind_schema_of, 0},
};
WEIR_FAMILY(weir_json_path_family, "json_path", json_path_fns);
