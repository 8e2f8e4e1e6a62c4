/* encode, decode, str_to_map. Called by the evaluator; any thread. SPARK Encode, StringDecode,
 * StringToMap */
#include "base/utf8.h"
#include "func/lists.h"
#include "func/text.h"

#include <strings.h>

typedef enum { ASCII, LATIN1, UTF8, UTF16BE, UTF16LE, UTF16, UTF32, NCHARSET } charset;
static const char *const names[NCHARSET] = {"US-ASCII", "ISO-8859-1", "UTF-8", "UTF-16BE",
                                            "UTF-16LE", "UTF-16",     "UTF-32"};

static weir_rc charset_of(weir_ctx *ctx, weir_call *c, int64_t i, const char *fn, charset *out) {
    weir_bytes b = weir_get_bytes(&c->arg[1], i);
    for (int k = 0; k < NCHARSET; k++)
        if ((size_t)b.len == strlen(names[k]) && strncasecmp(b.p, names[k], (size_t)b.len) == 0)
            return *out = (charset)k, WEIR_OK;
    return weir_call_fail(ctx, c, WEIR_E_INVALID_CHARSET, "parameter", "`charset`", "functionName",
                          fn, "charsets",
                          "'ISO-8859-1', 'US-ASCII', 'UTF-16', 'UTF-16BE', 'UTF-16LE', 'UTF-32', "
                          "'UTF-8'",
                          "charset", weir_strndup(ctx->arena, b.len ? b.p : "", (size_t)b.len));
}

static weir_rc malformed(weir_ctx *ctx, weir_call *c, const char *fn, charset set) {
    return weir_call_fail(ctx, c, WEIR_E_MALFORMED_CHARACTER_CODING, "function", fn, "charset",
                          names[set]);
}

/* The character at p and how many bytes it has; 0: not UTF-8. */
static int next_char(const char *s, int32_t left, uint32_t *out) {
    const unsigned char *p = (const unsigned char *)s;
    int n = weir_utf8_next(s, s + left);
    if (n < 0) return 0;
    uint32_t v = n == 1 ? *p : *p & (0x7fu >> n);
    for (int i = 1; i < n; i++) v = v << 6 | (p[i] & 0x3f);
    *out = v;
    return n;
}

static void put_unit(weir_str *s, uint32_t u, charset set) {
    weir_str_putc(s, (char)(set == UTF16LE ? u : u >> 8));
    weir_str_putc(s, (char)(set == UTF16LE ? u >> 8 : u));
}

static bool put_char(weir_str *s, uint32_t v, charset set) {
    if (set == ASCII || set == LATIN1) {
        weir_str_putc(s, (char)v);
        return v < (set == ASCII ? 0x80 : 0x100);
    }
    if (set == UTF32) {
        put_unit(s, v >> 16, set);
        put_unit(s, v & 0xffff, set);
        return true;
    }
    if (v >= 0x10000) {
        put_unit(s, 0xd800 + ((v - 0x10000) >> 10), set);
        put_unit(s, 0xdc00 + ((v - 0x10000) & 0x3ff), set);
    } else {
        put_unit(s, v, set);
    }
    return true;
}

static weir_rc k_encode(weir_ctx *ctx, weir_call *c) {
    weir_build b;
    weir_str s;
    WEIR_TRY(weir_out_start(ctx, c, &b));
    weir_str_init(&s, ctx->arena, INT32_MAX);
    for (int64_t i = 0; i < c->len; i++) {
        charset set;
        if (weir_call_null(c, i)) {
            weir_build_null(&b);
            continue;
        }
        WEIR_TRY(charset_of(ctx, c, i, "`encode`", &set));
        weir_bytes t = weir_get_bytes(&c->arg[0], i);
        s.len = 0;
        if (set == UTF8 && t.len) weir_str_add(&s, t.p, (size_t)t.len);
        if (set == UTF16 && t.len) put_unit(&s, 0xfeff, set);
        for (int32_t p = 0, n; set != UTF8 && p < t.len; p += n) {
            uint32_t v = 0;
            n = next_char(t.p + p, t.len - p, &v);
            if (n == 0 || !put_char(&s, v, set)) return malformed(ctx, c, "`encode`", set);
        }
        weir_build_bytes(&b, s.len ? s.p : "", s.len);
    }
    return weir_out_build(ctx, c, &b);
}

static void put_utf8(weir_str *s, uint32_t v) {
    char t[4];
    weir_str_add(s, t, weir_utf8_put(t, v));
}

static uint32_t unit_at(const unsigned char *p, bool little) {
    return little ? p[0] | (uint32_t)p[1] << 8 : p[1] | (uint32_t)p[0] << 8;
}

static bool from_utf16(const unsigned char *p, int32_t n, charset set, weir_str *s) {
    bool little = set == UTF16LE;
    if (set == UTF16 && n >= 2 && (unit_at(p, false) == 0xfeff || unit_at(p, true) == 0xfeff)) {
        little = unit_at(p, true) == 0xfeff;
        p += 2;
        n -= 2;
    }
    for (; n >= 2; p += 2, n -= 2) {
        uint32_t v = unit_at(p, little);
        if (v >= 0xdc00 && v < 0xe000) return false;
        if (v >= 0xd800 && v < 0xdc00) {
            uint32_t low = n >= 4 ? unit_at(p + 2, little) : 0;
            if (low < 0xdc00 || low >= 0xe000) return false;
            v = 0x10000 + ((v - 0xd800) << 10) + (low - 0xdc00);
            p += 2;
            n -= 2;
        }
        put_utf8(s, v);
    }
    return n == 0;
}

static bool from_bytes(weir_bytes t, charset set, weir_str *s) {
    const unsigned char *p = (const unsigned char *)t.p;
    if (set == UTF16 || set == UTF16BE || set == UTF16LE) return from_utf16(p, t.len, set, s);
    if (set == UTF32) {
        for (int32_t i = 0; i + 4 <= t.len; i += 4) {
            uint32_t v = unit_at(p + i, false) << 16 | unit_at(p + i + 2, false);
            if (v > 0x10ffff) return false;
            put_utf8(s, v);
        }
        return t.len % 4 == 0;
    }
    for (int32_t i = 0; i < t.len; i++) {
        uint32_t v;
        if (set == ASCII && p[i] >= 0x80) return false;
        if (set == LATIN1 || set == ASCII) {
            put_utf8(s, p[i]);
            continue;
        }
        int n = next_char(t.p + i, t.len - i, &v);
        if (n == 0) return false;
        weir_str_add(s, t.p + i, (size_t)n);
        i += n - 1;
    }
    return true;
}

static weir_rc k_decode(weir_ctx *ctx, weir_call *c) {
    weir_build b;
    weir_str s;
    WEIR_TRY(weir_out_start(ctx, c, &b));
    weir_str_init(&s, ctx->arena, INT32_MAX);
    for (int64_t i = 0; i < c->len; i++) {
        charset set;
        if (weir_call_null(c, i)) {
            weir_build_null(&b);
            continue;
        }
        WEIR_TRY(charset_of(ctx, c, i, "`decode`", &set));
        s.len = 0;
        if (!from_bytes(weir_get_bytes(&c->arg[0], i), set, &s))
            return malformed(ctx, c, "`decode`", set);
        weir_build_bytes(&b, s.len ? s.p : "", s.len);
    }
    return weir_out_build(ctx, c, &b);
}

/* ---- str_to_map ---- */

static weir_rc bind_str_to_map(weir_ctx *ctx, weir_expr *e) {
    static const char *const given[] = {",", ":"};
    weir_expr **arg = WEIR_NEWN(ctx->arena, weir_expr *, 3);
    weir_bytes *by = WEIR_NEWN(ctx->arena, weir_bytes, 2);
    arg[0] = e->arg[0];
    for (int k = 0; k < 2; k++) {
        arg[k + 1] = e->narg > k + 1 ? e->arg[k + 1] : weir_lit_string(ctx->arena, given[k], 1);
        weir_column d;
        if (arg[k + 1]->kind == WEIR_EX_LIT) WEIR_TRY(weir_eval_const(ctx, arg[k + 1], &d));
        bool ok = arg[k + 1]->kind == WEIR_EX_LIT && !weir_is_null(&d, 0);
        if (ok) by[k] = weir_get_bytes(&d, 0);
        for (int32_t i = 0; ok && i < by[k].len; i++)
            ok = !memchr("\\^$.|?*+()[]{}", by[k].p[i], 14);
        if (!ok || by[k].len == 0)
            return weir_fail(ctx, WEIR_E_UNSUPPORTED_FEATURE, "feature",
                             "str_to_map with a delimiter that is a regular expression or no "
                             "literal; use plain characters");
    }
    e->arg = arg;
    e->narg = 3;
    e->bound = by;
    return WEIR_OK;
}

static weir_rc k_str_to_map(weir_ctx *ctx, weir_call *c) {
    const weir_bytes *by = c->bound;
    weir_build b;
    WEIR_TRY(weir_out_start(ctx, c, &b));
    for (int64_t i = 0; i < c->len; i++) {
        if (weir_call_null(c, i)) {
            weir_build_null(&b);
            continue;
        }
        weir_bytes t = weir_get_bytes(&c->arg[0], i);
        for (int64_t p = 0;;) {
            int64_t end = weir_find_bytes(t, by[0], p), to = end < 0 ? t.len : end;
            weir_bytes pair = {t.p + p, (int32_t)(to - p)};
            int64_t colon = weir_find_bytes(pair, by[1], 0);
            weir_build_bytes(&b.kid[0], pair.p, (size_t)(colon < 0 ? pair.len : colon));
            if (colon < 0)
                weir_build_null(&b.kid[1]);
            else
                weir_build_bytes(&b.kid[1], pair.p + colon + by[1].len,
                                 (size_t)(pair.len - colon - by[1].len));
            if (end < 0) break;
            p = end + by[0].len;
        }
        weir_build_list(&b);
    }
    WEIR_TRY(weir_out_build(ctx, c, &b));
    return weir_map_check_keys(ctx, c);
}

/* ---- is_valid_utf8 and its kin ---- */

static weir_rc k_is_valid(weir_ctx *ctx, weir_call *c) {
    uint8_t *o;
    WEIR_TRY(weir_out_fixed(ctx, c, &o));
    WEIR_EACH(c, i) {
        weir_bytes t = weir_get_bytes(&c->arg[0], i);
        o[i] = weir_utf8_valid(t.p, (size_t)t.len);
    }
    return WEIR_OK;
}

static weir_rc k_make_valid(weir_ctx *ctx, weir_call *c) {
    weir_build b;
    weir_str s;
    WEIR_TRY(weir_out_start(ctx, c, &b));
    weir_str_init(&s, ctx->arena, INT32_MAX);
    for (int64_t i = 0; i < c->len; i++) {
        bool null = weir_call_null(c, i);
        weir_bytes t = null ? (weir_bytes){"", 0} : weir_get_bytes(&c->arg[0], i);
        s.len = 0;
        weir_utf8_make_valid(&s, t.p, (size_t)t.len);
        if (null)
            weir_build_null(&b);
        else
            weir_build_bytes(&b, s.len ? s.p : "", s.len);
    }
    return weir_out_build(ctx, c, &b);
}

static weir_rc invalid_text(weir_ctx *ctx, weir_call *c, weir_bytes t) {
    weir_str s;
    weir_str_init(&s, ctx->arena, 1 << 20);
    for (int32_t i = 0; i < t.len; i++) weir_str_printf(&s, "\\x%02X", (unsigned char)t.p[i]);
    return weir_call_fail(ctx, c, WEIR_E_INVALID_UTF8_STRING, "str", s.p);
}

static weir_rc validated(weir_ctx *ctx, weir_call *c, bool raise) {
    weir_build b;
    WEIR_TRY(weir_out_start(ctx, c, &b));
    for (int64_t i = 0; i < c->len; i++) {
        bool null = weir_call_null(c, i);
        weir_bytes t = null ? (weir_bytes){"", 0} : weir_get_bytes(&c->arg[0], i);
        bool ok = weir_utf8_valid(t.p, (size_t)t.len);
        if (!ok && raise) return invalid_text(ctx, c, t);
        if (null || !ok)
            weir_build_null(&b);
        else
            weir_build_bytes(&b, t.p, (size_t)t.len);
    }
    return weir_out_build(ctx, c, &b);
}
static weir_rc k_validate(weir_ctx *ctx, weir_call *c) { return validated(ctx, c, true); }
static weir_rc k_try_validate(weir_ctx *ctx, weir_call *c) { return validated(ctx, c, false); }

static const weir_fn charset_fns[] = {
    {"is_valid_utf8", "(string) -> boolean", k_is_valid, WEIR_STRICT | WEIR_CANNOT_FAIL, NULL, 0},
    {"make_valid_utf8", "(string) -> string", k_make_valid, WEIR_STRICT | WEIR_CANNOT_FAIL, NULL,
     0},
    {"validate_utf8", "(string) -> string", k_validate, WEIR_STRICT, NULL, 0},
    {"try_validate_utf8", "(string) -> string", k_try_validate, WEIR_STRICT | WEIR_NULLABLE, NULL,
     0},
    {"encode", "(string, string) -> binary", k_encode, WEIR_STRICT | WEIR_JAVA_TEXT, NULL, 0},
    {"decode", "(binary, string) -> string", k_decode, WEIR_STRICT, NULL, 0},
    {"str_to_map", "(string, string?, string?) -> map<string,string>", k_str_to_map,
     WEIR_STRICT | WEIR_JAVA_TEXT, bind_str_to_map, 0},
};
WEIR_FAMILY(weir_charset_family, "charset", charset_fns);
