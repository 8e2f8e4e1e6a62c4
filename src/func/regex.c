/* LIKE, regular expressions and split, by PCRE2 (its dialect is the closest to Java's). Literal
 * patterns are compiled by bind and shared; others are compiled per row with the last one kept.
 * Called by the evaluator; any thread. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "base/utf8.h"
#include "func/text.h"

#include <ctype.h>
#include <pcre2.h>
#include <strings.h>

typedef struct plan {
    pcre2_code *code;
    int at;
} plan; /* code NULL: not a literal; at: argument of the pattern */
typedef struct matcher {
    const plan *p;
    pcre2_code *own;
    weir_bytes last;
    pcre2_match_data *m;
    bool like, fold;
    char escape;
} matcher;

static void free_code(void *p) { pcre2_code_free(p); }
static void free_match(void *p) { pcre2_match_data_free(p); }

static pcre2_code *compile(weir_bytes b, bool fold) {
    int err;
    PCRE2_SIZE at;
    uint32_t flags = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | (fold ? PCRE2_CASELESS : 0);
    pcre2_code *c = pcre2_compile((PCRE2_SPTR)b.p, (PCRE2_SIZE)b.len, flags, &err, &at, NULL);
    if (c) (void)pcre2_jit_compile(c, PCRE2_JIT_COMPLETE);
    return c;
}

static weir_rc bad_pattern(weir_ctx *ctx, const char *func, weir_bytes b) {
    return weir_fail(ctx, WEIR_E_INVALID_PARAMETER_VALUE_PATTERN, "parameter", "`regexp`",
                     "functionName", weir_printf(ctx->arena, "`%s`", func), "value",
                     weir_printf(ctx->arena, "'%.*s'", (int)b.len, b.p));
}

/* LIKE to a regular expression: % is .*, _ is ., anything else itself; the whole text must match.
 */
static weir_rc like_pattern(weir_ctx *ctx, weir_bytes b, char escape, weir_str *s) {
    weir_str_puts(s, "(?s)\\A");
    for (int32_t i = 0; i < b.len; i++) {
        char c = b.p[i];
        if (c == escape) {
            char n = i + 1 < b.len ? b.p[i + 1] : 0;
            if (n != '%' && n != '_' && n != escape)
                return weir_fail(
                    ctx,
                    n ? WEIR_E_INVALID_FORMAT_ESC_IN_THE_MIDDLE
                      : WEIR_E_INVALID_FORMAT_ESC_AT_THE_END,
                    "format", weir_printf(ctx->arena, "'%.*s'", (int)b.len, b.p), "char",
                    weir_printf(ctx->arena, "'%c'", n));
            c = n;
            i++;
        } else if (c == '%' || c == '_') {
            weir_str_puts(s, c == '%' ? ".*" : ".");
            continue;
        }
        if (!isalnum((unsigned char)c) && (unsigned char)c < 0x80) weir_str_putc(s, '\\');
        weir_str_putc(s, c);
    }
    weir_str_puts(s, "\\z");
    return WEIR_OK;
}

static weir_rc make_code(weir_ctx *ctx, const char *func, weir_bytes b, bool like, bool fold,
                         char escape, pcre2_code **out) {
    weir_str s;
    weir_str_init(&s, ctx->arena, 1 << 24);
    weir_utf8_add(&s, b.p, (size_t)b.len); /* SPARK UTF8String.toString */
    b.p = s.p ? s.p : "";
    b.len = (int32_t)s.len;
    weir_bytes text = b;
    if (like) {
        weir_str_init(&s, ctx->arena, 1 << 24);
        WEIR_TRY(like_pattern(ctx, b, escape, &s));
        text = (weir_bytes){s.p, (int32_t)s.len};
    }
    *out = compile(text, fold);
    if (!*out) return bad_pattern(ctx, func, b);
    weir_arena_defer(ctx->arena, free_code, *out);
    return WEIR_OK;
}

static bool is_like(const char *n) {
    return strcasecmp(n, "like") == 0 || strcasecmp(n, "ilike") == 0;
}
static char escape_of(const weir_expr *e) {
    if (!is_like(e->fn->name) || e->narg < 3 || e->arg[2]->kind != WEIR_EX_LIT ||
        weir_is_null(&e->arg[2]->lit, 0))
        return '\\';
    weir_bytes b = weir_get_bytes(&e->arg[2]->lit, 0);
    return b.len ? *b.p : '\\';
}

static weir_rc bind_regex(weir_ctx *ctx, weir_expr *e) {
    plan *p = WEIR_NEW(ctx->arena, plan);
    const weir_expr *a = e->arg[1];
    p->at = 1;
    e->bound = p;
    if (a->kind != WEIR_EX_LIT || weir_is_null(&a->lit, 0)) return WEIR_OK;
    bool like = is_like(e->fn->name);
    weir_err quiet; /* a bad pattern is an error of the first row that it is used for */
    weir_err_init(&quiet);
    weir_ctx c = *ctx;
    c.err = &quiet;
    if (make_code(&c, e->name, weir_get_bytes(&a->lit, 0), like,
                  strcasecmp(e->fn->name, "ilike") == 0, escape_of(e), &p->code) != WEIR_OK)
        p->code = NULL;
    weir_err_clear(&quiet);
    return WEIR_OK;
}

static void start(weir_ctx *ctx, const weir_call *c, matcher *m) {
    *m = (matcher){.p = c->bound,
                   .like = is_like(c->expr->fn->name),
                   .fold = strcasecmp(c->expr->fn->name, "ilike") == 0,
                   .escape = escape_of(c->expr)};
    m->m = pcre2_match_data_create(64, NULL);
    weir_assert(m->m);
    weir_arena_defer(ctx->arena, free_match, m->m);
}

/* The code for row i. */
static weir_rc code_at(weir_ctx *ctx, const weir_call *c, matcher *m, int64_t i, pcre2_code **out) {
    if (m->p->code) {
        *out = m->p->code;
        return WEIR_OK;
    }
    weir_bytes b = weir_get_bytes(&c->arg[1], i);
    if (!m->own || m->last.len != b.len || memcmp(m->last.p, b.p, (size_t)b.len) != 0) {
        weir_rc rc = make_code(ctx, c->expr->name, b, m->like, m->fold, m->escape, &m->own);
        if (rc != WEIR_OK) return weir_call_fail_at(ctx, c, rc);
        m->last = b;
    }
    *out = m->own;
    return WEIR_OK;
}

/* Matches at or after from; false = none. Groups are in pcre2's offset vector. */
static bool find(matcher *m, pcre2_code *code, weir_bytes t, size_t from) {
    return from <= (size_t)t.len && pcre2_match(code, (PCRE2_SPTR)(t.p ? t.p : ""),
                                                (PCRE2_SIZE)t.len, from, 0, m->m, NULL) >= 0;
}

static weir_rc k_match(weir_ctx *ctx, weir_call *c) {
    uint8_t *o;
    matcher m;
    WEIR_TRY(weir_out_fixed(ctx, c, &o));
    start(ctx, c, &m);
    WEIR_EACH(c, i) {
        pcre2_code *code;
        WEIR_TRY(code_at(ctx, c, &m, i, &code));
        o[i] = find(&m, code, weir_get_bytes(&c->arg[0], i), 0);
    }
    return WEIR_OK;
}

/* Where to search on after a match: past it, or one character on when it was empty. */
static size_t after(const PCRE2_SIZE *v, weir_bytes t) {
    if (v[1] > v[0] || v[1] >= (size_t)t.len) return v[1] + (v[1] == v[0]);
    return v[1] + (size_t)weir_utf8_first((weir_bytes){t.p + v[1], t.len - (int32_t)v[1]});
}

static bool has_group(pcre2_code *code, int64_t g, uint32_t *count) {
    (void)pcre2_pattern_info(code, PCRE2_INFO_CAPTURECOUNT, count);
    return g >= 0 && g <= (int64_t)*count;
}

static weir_rc bad_group(weir_ctx *ctx, const weir_call *c, int64_t g, uint32_t count) {
    return weir_call_fail(ctx, c, WEIR_E_INVALID_PARAMETER_VALUE_REGEX_GROUP_INDEX, "parameter",
                          "`idx`", "functionName", weir_printf(ctx->arena, "`%s`", c->expr->name),
                          "groupCount", weir_printf(ctx->arena, "%u", count), "groupIndex",
                          weir_printf(ctx->arena, "%lld", (long long)g));
}

static weir_rc k_extract(weir_ctx *ctx, weir_call *c) {
    matcher m;
    weir_build b;
    start(ctx, c, &m);
    WEIR_TRY(weir_out_start(ctx, c, &b));
    for (int64_t i = 0; i < c->len; i++) {
        pcre2_code *code;
        uint32_t count = 0;
        if (weir_call_null(c, i)) {
            weir_build_null(&b);
            continue;
        }
        int64_t g = c->narg > 2 ? weir_get_int(&c->arg[2], i) : 1;
        weir_bytes t = weir_get_bytes(&c->arg[0], i);
        WEIR_TRY(code_at(ctx, c, &m, i, &code));
        bool hit = find(&m, code, t, 0);
        if (hit && !has_group(code, g, &count)) return bad_group(ctx, c, g, count);
        const PCRE2_SIZE *v = pcre2_get_ovector_pointer(m.m) + 2 * (hit ? g : 0);
        if (!hit || v[0] == PCRE2_UNSET)
            weir_build_bytes(&b, "", 0);
        else
            weir_build_bytes(&b, t.p + v[0], v[1] - v[0]);
    }
    return weir_out_build(ctx, c, &b);
}

static weir_rc k_extract_all(weir_ctx *ctx, weir_call *c) {
    matcher m;
    weir_build b;
    start(ctx, c, &m);
    WEIR_TRY(weir_out_start(ctx, c, &b));
    for (int64_t i = 0; i < c->len; i++) {
        pcre2_code *code;
        uint32_t count = 0;
        if (weir_call_null(c, i)) {
            weir_build_null(&b);
            continue;
        }
        int64_t g = c->narg > 2 ? weir_get_int(&c->arg[2], i) : 1;
        weir_bytes t = weir_get_bytes(&c->arg[0], i);
        WEIR_TRY(code_at(ctx, c, &m, i, &code));
        const PCRE2_SIZE *v = pcre2_get_ovector_pointer(m.m);
        for (size_t at = 0; find(&m, code, t, at); at = after(v, t)) {
            if (!has_group(code, g, &count)) return bad_group(ctx, c, g, count);
            if (v[2 * g] == PCRE2_UNSET)
                weir_build_bytes(&b.kid[0], "", 0);
            else
                weir_build_bytes(&b.kid[0], t.p + v[2 * g], v[2 * g + 1] - v[2 * g]);
        }
        weir_build_list(&b);
    }
    return weir_out_build(ctx, c, &b);
}

/* Java's replacement text: $n and ${name} are groups, \x is x. */
static void put_replacement(weir_bytes r, weir_bytes t, matcher *m, uint32_t groups, weir_str *s) {
    const PCRE2_SIZE *v = pcre2_get_ovector_pointer(m->m);
    for (int32_t i = 0; i < r.len; i++) {
        if (r.p[i] == '\\' && i + 1 < r.len) {
            weir_str_putc(s, r.p[++i]);
        } else if (r.p[i] == '$' && i + 1 < r.len && r.p[i + 1] >= '0' && r.p[i + 1] <= '9') {
            uint32_t g = (uint32_t)(r.p[++i] - '0');
            while (i + 1 < r.len && r.p[i + 1] >= '0' && r.p[i + 1] <= '9' &&
                   g * 10 + (uint32_t)(r.p[i + 1] - '0') <= groups)
                g = g * 10 + (uint32_t)(r.p[++i] - '0');
            if (g <= groups && v[2 * g] != PCRE2_UNSET)
                weir_str_add(s, t.p + v[2 * g], v[2 * g + 1] - v[2 * g]);
        } else {
            weir_str_putc(s, r.p[i]);
        }
    }
}

static weir_rc k_replace(weir_ctx *ctx, weir_call *c) {
    matcher m;
    weir_build b;
    weir_str s;
    start(ctx, c, &m);
    WEIR_TRY(weir_out_start(ctx, c, &b));
    weir_str_init(&s, ctx->arena, INT32_MAX);
    for (int64_t i = 0; i < c->len; i++) {
        pcre2_code *code;
        uint32_t groups = 0;
        if (weir_call_null(c, i)) {
            weir_build_null(&b);
            continue;
        }
        weir_bytes t = weir_get_bytes(&c->arg[0], i), r = weir_get_bytes(&c->arg[2], i);
        int64_t pos = c->narg > 3 ? weir_get_int(&c->arg[3], i) : 1;
        WEIR_TRY(code_at(ctx, c, &m, i, &code));
        (void)has_group(code, 0, &groups);
        const PCRE2_SIZE *v = pcre2_get_ovector_pointer(m.m);
        size_t done = (size_t)weir_utf8_at(t, pos - 1), at = done;
        s.len = 0;
        weir_str_add(&s, t.p, done);
        for (; find(&m, code, t, at); at = after(v, t)) {
            weir_str_add(&s, t.p + done, v[0] - done);
            put_replacement(r, t, &m, groups, &s);
            done = v[1];
        }
        weir_str_add(&s, t.p + done, (size_t)t.len - done);
        weir_build_bytes(&b, s.p ? s.p : "", s.len);
    }
    return weir_out_build(ctx, c, &b);
}

enum { CHECK = 1 << 12 }; /* pieces between looks at the cancellation */

static weir_rc split_one(weir_ctx *ctx, matcher *m, pcre2_code *code, weir_bytes t, int64_t limit,
                         weir_build *list) {
    const PCRE2_SIZE *v = pcre2_get_ovector_pointer(m->m);
    size_t done = 0, at = 0;
    int64_t n = 1;
    for (; (limit <= 0 || n < limit) && find(m, code, t, at); at = after(v, t)) {
        if (v[1] == v[0] && (v[0] == 0 || v[0] >= (size_t)t.len))
            continue; /* no empty piece before the first character */
        if (v[1] == 0) continue;
        weir_build_bytes(list, t.p + done, v[0] - done);
        done = v[1];
        if (++n % CHECK == 0) WEIR_TRY(weir_check_cancel(ctx));
    }
    weir_build_bytes(list, t.p + done, (size_t)t.len - done);
    return WEIR_OK;
}

static weir_rc k_split(weir_ctx *ctx, weir_call *c) {
    matcher m;
    weir_build b;
    weir_column text; /* SPARK UTF8String.split: by characters when there is no pattern */
    WEIR_TRY(weir_column_utf8(ctx, &c->arg[0], &text));
    start(ctx, c, &m);
    WEIR_TRY(weir_out_start(ctx, c, &b));
    for (int64_t i = 0; i < c->len; i++) {
        pcre2_code *code;
        if (weir_call_null(c, i)) {
            weir_build_null(&b);
            continue;
        }
        bool characters = weir_get_bytes(&c->arg[1], i).len == 0;
        weir_bytes t = weir_get_bytes(characters ? &c->arg[0] : &text, i);
        int64_t limit = c->narg > 2 ? weir_get_int(&c->arg[2], i) : -1;
        WEIR_TRY(code_at(ctx, c, &m, i, &code));
        WEIR_TRY(split_one(ctx, &m, code, t, limit, &b.kid[0]));
        weir_build_list(&b);
    }
    return weir_out_build(ctx, c, &b);
}

static weir_rc bind_list(weir_ctx *ctx, weir_expr *e) {
    e->type = weir_type_array(ctx->arena, &weir_t_string, strcasecmp(e->fn->name, "split") != 0);
    return bind_regex(ctx, e);
}

/* regexp_count, regexp_instr: numbers about matches. */
static weir_rc count_or_place(weir_ctx *ctx, weir_call *c, bool count) {
    int32_t *o;
    matcher m;
    WEIR_TRY(weir_out_fixed(ctx, c, &o));
    start(ctx, c, &m);
    WEIR_EACH(c, i) {
        pcre2_code *code;
        weir_bytes t = weir_get_bytes(&c->arg[0], i);
        WEIR_TRY(code_at(ctx, c, &m, i, &code));
        const PCRE2_SIZE *v = pcre2_get_ovector_pointer(m.m);
        o[i] = 0;
        for (size_t at = 0; find(&m, code, t, at); at = after(v, t)) {
            if (!count) {
                o[i] = weir_utf8_count((weir_bytes){t.p, (int32_t)v[0]}) + 1;
                break;
            }
            o[i]++;
        }
    }
    return WEIR_OK;
}
static weir_rc k_count(weir_ctx *ctx, weir_call *c) { return count_or_place(ctx, c, true); }
static weir_rc k_place(weir_ctx *ctx, weir_call *c) { return count_or_place(ctx, c, false); }

static weir_rc k_substr(weir_ctx *ctx, weir_call *c) {
    matcher m;
    weir_build b;
    start(ctx, c, &m);
    WEIR_TRY(weir_out_start(ctx, c, &b));
    for (int64_t i = 0; i < c->len; i++) {
        pcre2_code *code = NULL;
        weir_bytes t = weir_call_null(c, i) ? (weir_bytes){"", 0} : weir_get_bytes(&c->arg[0], i);
        if (!weir_call_null(c, i)) WEIR_TRY(code_at(ctx, c, &m, i, &code));
        const PCRE2_SIZE *v = pcre2_get_ovector_pointer(m.m);
        if (code && find(&m, code, t, 0))
            weir_build_bytes(&b, t.p + v[0], v[1] - v[0]);
        else
            weir_build_null(&b);
    }
    return weir_out_build(ctx, c, &b);
}

#define FLAGS (WEIR_STRICT | WEIR_JAVA_TEXT)
#define MATCH(n, s)                                                                                \
    { n, s, k_match, FLAGS, bind_regex, 0 }
static const weir_fn regex_fns[] = {
    MATCH("like", "(string, string, string?) -> boolean"),
    MATCH("ilike", "(string, string, string?) -> boolean"),
    MATCH("rlike", "(string, string) -> boolean"),
    MATCH("regexp", "(string, string) -> boolean"),
    MATCH("regexp_like", "(string, string) -> boolean"),
    {"regexp_replace", "(string, string, string, int?) -> string", k_replace, FLAGS, bind_regex, 0},
    {"regexp_extract", "(string, string, int?) -> string", k_extract, FLAGS, bind_regex, 0},
    {"regexp_extract_all", "(string, string, int?) -> any", k_extract_all, FLAGS, bind_list, 0},
    {"regexp_count", "(string, string) -> int", k_count, FLAGS, bind_regex, 0},
    {"regexp_instr", "(string, string) -> int", k_place, FLAGS, bind_regex, 0},
    {"regexp_substr", "(string, string) -> string", k_substr, FLAGS | WEIR_NULLABLE, bind_regex, 0},
    {"split", "(string, string, int?) -> any", k_split, WEIR_STRICT, bind_list, 0},
};
WEIR_FAMILY(weir_regex_family, "regex", regex_fns);
