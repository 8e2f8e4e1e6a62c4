/* Charsets, and the functions encode, decode, str_to_map. Called by the evaluator and by text
 * sources; any thread. SPARK Encode, StringDecode, StringToMap */
#include "func/charset.h"

#include "base/utf8.h"
#include "func/lists.h"
#include "func/text.h"

#include <strings.h>

static const char *const names[WEIR_NCHARSET] = {"UTF-8",    "US-ASCII", "ISO-8859-1", "UTF-16BE",
                                                 "UTF-16LE", "UTF-16",   "UTF-32"};

const char *weir_charset_name(weir_charset set) { return names[set]; }

bool weir_charset_find(const char *name, size_t len, weir_charset *out) {
    for (int k = 0; k < WEIR_NCHARSET; k++)
        if (len == strlen(names[k]) && strncasecmp(name, names[k], len) == 0)
            return *out = (weir_charset)k, true;
    return false;
}

static void put_char(weir_str *s, uint32_t v) {
    char b[4];
    weir_str_add(s, b, weir_utf8_put(b, v));
}

static uint32_t unit_at(const unsigned char *p, bool little) {
    return little ? p[0] | (uint32_t)p[1] << 8 : p[1] | (uint32_t)p[0] << 8;
}

/* JDK UnicodeDecoder: what follows a lone first surrogate is bad with it. */
static bool from_utf16(const unsigned char *p, size_t n, weir_charset set, weir_str *s) {
    bool little = set == WEIR_CHARSET_UTF16LE, good = true;
    if (set == WEIR_CHARSET_UTF16 && n >= 2 &&
        (unit_at(p, false) == 0xfeff || unit_at(p, true) == 0xfeff)) {
        little = unit_at(p, true) == 0xfeff;
        p += 2;
        n -= 2;
    }
    for (size_t k; n; p += k, n -= k) {
        uint32_t v = n >= 2 ? unit_at(p, little) : 0, low = n >= 4 ? unit_at(p + 2, little) : 0;
        bool first = v >= 0xd800 && v < 0xdc00, pair = first && low >= 0xdc00 && low < 0xe000;
        bool bad = n < 2 || (first && !pair) || (v >= 0xdc00 && v < 0xe000) || v == 0xfffe;
        k = first ? 4 : 2;
        if (k > n) k = n;
        if (pair) v = 0x10000 + ((v - 0xd800) << 10) + (low - 0xdc00);
        put_char(s, bad ? 0xfffd : v);
        good &= !bad;
    }
    return good;
}

static bool from_utf32(const unsigned char *p, size_t n, weir_str *s) {
    bool little = false, good = true;
    for (size_t i = 0; i < n; i += 4) {
        uint32_t v = UINT32_MAX;
        if (n - i >= 4)
            v = unit_at(p + i, little) << (little ? 0 : 16) |
                unit_at(p + i + 2, little) << (little ? 16 : 0);
        if (i == 0 && (v == 0xfeff || v == 0xfffe0000)) {
            little = v != 0xfeff;
            continue;
        }
        bool half = v >= 0xd800 && v < 0xe000; /* SPARK: a half surrogate is written as ? */
        put_char(s, v > 0x10ffff ? 0xfffd : half ? '?' : v);
        good &= v <= 0x10ffff;
    }
    return good;
}

bool weir_charset_decode(weir_charset set, const char *text, size_t n, weir_str *s) {
    const unsigned char *p = (const unsigned char *)text;
    bool good = true;
    switch (set) {
    case WEIR_CHARSET_UTF8:
        if (n) weir_utf8_add(s, text, n);
        return weir_utf8_valid(text, n);
    case WEIR_CHARSET_UTF16:
    case WEIR_CHARSET_UTF16BE:
    case WEIR_CHARSET_UTF16LE: return from_utf16(p, n, set, s);
    case WEIR_CHARSET_UTF32: return from_utf32(p, n, s);
    default: break;
    }
    for (size_t i = 0; i < n; i++) {
        bool bad = set == WEIR_CHARSET_ASCII && p[i] >= 0x80;
        put_char(s, bad ? 0xfffd : p[i]);
        good &= !bad;
    }
    return good;
}

static void put_unit(weir_str *s, uint32_t u, bool little) {
    weir_str_putc(s, (char)(little ? u : u >> 8));
    weir_str_putc(s, (char)(little ? u >> 8 : u));
}

static bool encode_char(weir_charset set, uint32_t v, weir_str *s) {
    bool little = set == WEIR_CHARSET_UTF16LE;
    if (set == WEIR_CHARSET_ASCII || set == WEIR_CHARSET_LATIN1) {
        bool has = v < (set == WEIR_CHARSET_ASCII ? 0x80 : 0x100);
        weir_str_putc(s, has ? (char)v : '?');
        return has;
    }
    if (set == WEIR_CHARSET_UTF32) {
        put_unit(s, v >> 16, false);
        put_unit(s, v & 0xffff, false);
    } else if (v >= 0x10000) {
        put_unit(s, 0xd800 + ((v - 0x10000) >> 10), little);
        put_unit(s, 0xdc00 + ((v - 0x10000) & 0x3ff), little);
    } else {
        put_unit(s, v, little);
    }
    return true;
}

bool weir_charset_encode(weir_charset set, const char *p, size_t n, bool mark, weir_str *s) {
    bool good = true;
    if (set == WEIR_CHARSET_UTF8) {
        if (n) weir_str_add(s, p, n);
        return true;
    }
    if (set == WEIR_CHARSET_UTF16 && mark) put_unit(s, 0xfeff, false);
    for (const char *end = p + n; p < end;) {
        uint32_t v;
        good &= weir_utf8_next(p, end) > 0;
        p += weir_utf8_code(p, end, &v);
        good &= encode_char(set, v, s);
    }
    return good;
}

weir_rc weir_charset_option(weir_ctx *ctx, const char *v, const char *fn, weir_charset *out) {
    *out = WEIR_CHARSET_UTF8;
    if (!v || weir_charset_find(v, strlen(v), out)) return WEIR_OK;
    return weir_fail(ctx, WEIR_E_INVALID_CHARSET, "parameter", "`charset`", "functionName", fn,
                     "charsets",
                     "iso-8859-1, us-ascii, utf-16, utf-16be, utf-16le, utf-32, utf-8", "charset",
                     v);
}

/* ---- encode, decode ---- */

static weir_rc charset_of(weir_ctx *ctx, weir_call *c, int64_t i, const char *fn,
                          weir_charset *out) {
    weir_bytes b = weir_get_bytes(&c->arg[1], i);
    if (weir_charset_find(b.p, (size_t)b.len, out)) return WEIR_OK;
    return weir_call_fail(ctx, c, WEIR_E_INVALID_CHARSET, "parameter", "`charset`", "functionName",
                          fn, "charsets",
                          "'ISO-8859-1', 'US-ASCII', 'UTF-16', 'UTF-16BE', 'UTF-16LE', 'UTF-32', "
                          "'UTF-8'",
                          "charset", weir_strndup(ctx->arena, b.len ? b.p : "", (size_t)b.len));
}

static weir_rc recode(weir_ctx *ctx, weir_call *c, const char *fn, bool encode) {
    weir_build b;
    weir_str s;
    WEIR_TRY(weir_out_start(ctx, c, &b));
    weir_str_init(&s, ctx->arena, INT32_MAX);
    for (int64_t i = 0; i < c->len; i++) {
        weir_charset set = WEIR_CHARSET_UTF8;
        if (weir_call_null(c, i)) {
            weir_build_null(&b);
            continue;
        }
        WEIR_TRY(charset_of(ctx, c, i, fn, &set));
        weir_bytes t = weir_get_bytes(&c->arg[0], i);
        s.len = 0;
        bool good = encode ? weir_charset_encode(set, t.p, (size_t)t.len, t.len > 0, &s)
                           : weir_charset_decode(set, t.p, (size_t)t.len, &s);
        if (!good)
            return weir_call_fail(ctx, c, WEIR_E_MALFORMED_CHARACTER_CODING, "function", fn,
                                  "charset", names[set]);
        weir_build_bytes(&b, s.len ? s.p : "", s.len);
    }
    return weir_out_build(ctx, c, &b);
}
static weir_rc k_encode(weir_ctx *ctx, weir_call *c) { return recode(ctx, c, "`encode`", true); }
static weir_rc k_decode(weir_ctx *ctx, weir_call *c) { return recode(ctx, c, "`decode`", false); }

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
