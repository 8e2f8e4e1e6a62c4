/* Digests, encodings and formatted numbers: md5, sha*, crc32, base64, hex, conv, format_number,
 * format_string. SPARK mathExpressions, misc, stringExpressions. Called by the evaluator; any
 * thread. */
#include "func/decimal.h"
#include "func/text.h"

#include <ctype.h>
#include <math.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <zlib.h>

static weir_bytes at(const weir_call *c, int k, int64_t i) { return weir_get_bytes(&c->arg[k], i); }
#define TEXT(name)                                                                                 \
    static weir_rc name(weir_ctx *ctx, const weir_call *c, int64_t i, weir_str *s, bool *null)
#define KERNEL(name, fn)                                                                           \
    static weir_rc name(weir_ctx *ctx, weir_call *c) { return weir_text_each(ctx, c, fn); }
#define UNUSED (void)ctx, (void)null

static void hex_lower(const unsigned char *p, unsigned n, weir_str *s) {
    for (unsigned k = 0; k < n; k++) weir_str_printf(s, "%02x", p[k]);
}

static weir_rc digest(weir_ctx *ctx, weir_bytes b, const EVP_MD *md, weir_str *s) {
    unsigned char out[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    if (!EVP_Digest(b.p, (size_t)b.len, out, &n, md, NULL))
        return weir_fail(ctx, WEIR_E_INTERNAL_ERROR, "message", "the digest could not be computed");
    hex_lower(out, n, s);
    return WEIR_OK;
}

TEXT(md5) {
    (void)null;
    return digest(ctx, at(c, 0, i), EVP_md5(), s);
}
TEXT(sha1) {
    (void)null;
    return digest(ctx, at(c, 0, i), EVP_sha1(), s);
}
TEXT(sha2) {
    switch (weir_get_int(&c->arg[1], i)) {
    case 224: return digest(ctx, at(c, 0, i), EVP_sha224(), s);
    case 0:
    case 256: return digest(ctx, at(c, 0, i), EVP_sha256(), s);
    case 384: return digest(ctx, at(c, 0, i), EVP_sha384(), s);
    case 512: return digest(ctx, at(c, 0, i), EVP_sha512(), s);
    default: *null = true; return WEIR_OK;
    }
}
KERNEL(k_md5, md5)
KERNEL(k_sha1, sha1)
KERNEL(k_sha2, sha2)

static weir_rc k_crc32(weir_ctx *ctx, weir_call *c) {
    int64_t *o;
    WEIR_TRY(weir_out_fixed(ctx, c, &o));
    WEIR_EACH(c, i) {
        weir_bytes b = at(c, 0, i);
        o[i] = (int64_t)crc32(0, (const Bytef *)b.p, (uInt)b.len);
    }
    return WEIR_OK;
}

/* ---- base64, hex ---- */

static const char digits64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

TEXT(base64) {
    UNUSED;
    weir_base64(s, at(c, 0, i));
    return WEIR_OK;
}
TEXT(unbase64) { /* SPARK (MIME decoder): other characters are skipped */
    UNUSED;
    weir_bytes b = at(c, 0, i);
    uint32_t v = 0;
    int bits = 0;
    for (int32_t k = 0; k < b.len && b.p[k] != '='; k++) {
        const char *d = b.p[k] ? strchr(digits64, b.p[k]) : NULL;
        if (!d) continue;
        v = v << 6 | (uint32_t)(d - digits64);
        bits += 6;
        if (bits < 8) continue;
        bits -= 8;
        weir_str_putc(s, (char)(v >> bits));
    }
    return WEIR_OK;
}
KERNEL(k_base64, base64)
KERNEL(k_unbase64, unbase64)

TEXT(hex) {
    UNUSED;
    if (c->arg[0].type->kind == WEIR_T_LONG) {
        weir_str_printf(s, "%llX", (unsigned long long)weir_get_int(&c->arg[0], i));
        return WEIR_OK;
    }
    weir_bytes b = at(c, 0, i);
    for (int32_t k = 0; k < b.len; k++) weir_str_printf(s, "%02X", (unsigned char)b.p[k]);
    return WEIR_OK;
}
static int nibble(char ch) {
    return isdigit((unsigned char)ch)    ? ch - '0'
           : isxdigit((unsigned char)ch) ? (ch | 32) - 'a' + 10
                                         : -1;
}
TEXT(unhex) {
    weir_bytes b = at(c, 0, i);
    int32_t k = 0;
    (void)ctx;
    if (b.len & 1) {
        *null = nibble(*b.p) < 0;
        weir_str_putc(s, (char)nibble(b.p[k++]));
    }
    for (; k < b.len && !*null; k += 2) {
        int hi = nibble(b.p[k]), lo = nibble(b.p[k + 1]);
        if (hi < 0 || lo < 0) *null = true;
        weir_str_putc(s, (char)(hi * 16 + lo));
    }
    return WEIR_OK;
}
TEXT(bin) {
    UNUSED;
    uint64_t v = (uint64_t)weir_get_int(&c->arg[0], i);
    int k = 63;
    while (k > 0 && !(v >> k & 1)) k--;
    for (; k >= 0; k--) weir_str_putc(s, (char)('0' + (v >> k & 1)));
    return WEIR_OK;
}
KERNEL(k_hex, hex)
KERNEL(k_unhex, unhex)
KERNEL(k_bin, bin)

/* SPARK NumberConverter: unsigned 64-bit arithmetic, negative target base = signed result. */
TEXT(conv) {
    weir_bytes b = at(c, 0, i);
    int64_t from = weir_get_int(&c->arg[1], i), to = weir_get_int(&c->arg[2], i),
            base = to < 0 ? -to : to;
    uint64_t v = 0;
    char t[70];
    int n = 70;
    bool neg = false, over = false;
    while (b.len && *b.p == ' ') b.p++, b.len--;
    while (b.len && b.p[b.len - 1] == ' ') b.len--;
    if (from < 2 || from > 36 || base < 2 || base > 36 || b.len == 0) {
        *null = true;
        return WEIR_OK;
    }
    if (*b.p == '-') neg = true, b.p++, b.len--;
    for (; b.len; b.p++, b.len--) {
        int d = isdigit((unsigned char)*b.p)   ? *b.p - '0'
                : isalpha((unsigned char)*b.p) ? (*b.p | 32) - 'a' + 10
                                               : 99;
        if (d >= from) break;
        over |= __builtin_mul_overflow(v, (uint64_t)from, &v) ||
                __builtin_add_overflow(v, (uint64_t)d, &v);
    }
    if (over && c->ansi)
        return weir_call_fail(ctx, c, WEIR_E_ARITHMETIC_OVERFLOW, "message",
                              "Overflow in function conv()", "alternative", "", "config",
                              WEIR_ANSI_KEY);
    if (over) v = UINT64_MAX;
    if (neg && to > 0) v = (int64_t)v < 0 ? UINT64_MAX : 0 - v;
    if (to < 0 && (int64_t)v < 0) v = 0 - v, neg = true;
    do t[--n] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[v % (uint64_t)base];
    while (v /= (uint64_t)base);
    if (neg && to < 0) weir_str_putc(s, '-');
    weir_str_add(s, t + n, (size_t)(70 - n));
    return WEIR_OK;
}
KERNEL(k_conv, conv)

/* ---- format_number, format_string ---- */

static void group_digits(const char *p, int n, weir_str *s) {
    for (int k = 0; k < n; k++) {
        if (k && (n - k) % 3 == 0) weir_str_putc(s, ',');
        weir_str_putc(s, p[k]);
    }
}

/* SPARK (DecimalFormat): half even on the exact value. */
TEXT(format_number) {
    const weir_type *t = c->arg[0].type;
    int64_t d = weir_get_int(&c->arg[1], i);
    char buf[512];
    int n;
    (void)ctx;
    if (d < 0 || d > 300) {
        *null = true;
        return WEIR_OK;
    }
    if (t->kind == WEIR_T_DECIMAL) {
        weir_i128 v = WEIR_AT_ROW(weir_i128, &c->arg[0], i);
        int drop = t->scale > d ? t->scale - (int)d : 0;
        weir_i128 unit = weir_pow10(drop), q = v / unit, r = v % unit, twice = 2 * (r < 0 ? -r : r);
        if (drop && (twice > unit || (twice == unit && (q & 1)))) q += v < 0 ? -1 : 1;
        n = weir_dec_text(q, t->scale - drop, buf);
        if (d && t->scale - drop == 0) buf[n++] = '.';
        for (int k = t->scale - drop; k < d && n < 500; k++) buf[n++] = '0';
        buf[n] = 0;
    } else if (weir_type_is_integral(t)) {
        n = snprintf(buf, sizeof buf, "%lld%s%0*d", (long long)weir_get_int(&c->arg[0], i),
                     d ? "." : "", d ? (int)d : 0, 0);
        if (!d) n = snprintf(buf, sizeof buf, "%lld", (long long)weir_get_int(&c->arg[0], i));
    } else {
        double v = t->kind == WEIR_T_DOUBLE ? WEIR_AT_ROW(double, &c->arg[0], i)
                                            : (double)WEIR_AT_ROW(float, &c->arg[0], i);
        if (!isfinite(v)) {
            weir_str_puts(s, isnan(v) ? "NaN" : v > 0 ? "\xe2\x88\x9e" : "-\xe2\x88\x9e");
            return WEIR_OK;
        }
        n = snprintf(buf, sizeof buf, "%.*f", (int)d, v);
    }
    char *p = buf;
    if (*p == '-') weir_str_putc(s, *p++);
    int whole = (int)strcspn(p, ".");
    group_digits(p, whole, s);
    weir_str_puts(s, p + whole);
    return WEIR_OK;
}
KERNEL(k_format_number, format_number)

typedef struct spec {
    char flags[8], conv;
    int width, precision, arg;
} spec;

static weir_rc bad_format(weir_ctx *ctx, const weir_call *c, const char *what) {
    return weir_call_fail(ctx, c, WEIR_E_ILLEGAL_ARGUMENT, "message", what);
}

static int read_spec(weir_bytes f, int32_t i,
                     spec *sp) { /* after the %; returns the position after it, -1 malformed */
    int32_t start = i, n = 0, k = 0;
    *sp = (spec){.precision = -1, .arg = -1};
    while (i < f.len && isdigit((unsigned char)f.p[i]) && n < 1000) n = n * 10 + (f.p[i++] - '0');
    if (i < f.len && f.p[i] == '$' && i > start)
        sp->arg = n, i++;
    else
        i = start;
    while (i < f.len && strchr("-#+ 0,(", f.p[i]) && k < 7) sp->flags[k++] = f.p[i++];
    while (i < f.len && isdigit((unsigned char)f.p[i]) && sp->width < 100000)
        sp->width = sp->width * 10 + (f.p[i++] - '0');
    if (i < f.len && f.p[i] == '.')
        for (sp->precision = 0, i++;
             i < f.len && isdigit((unsigned char)f.p[i]) && sp->precision < 1000; i++)
            sp->precision = sp->precision * 10 + (f.p[i] - '0');
    if (i >= f.len) return -1;
    sp->conv = f.p[i];
    return i + 1;
}

/* SPARK String.length: characters beyond the BMP count twice. */
static int32_t java_length(weir_bytes t) {
    int32_t n = weir_utf8_count(t);
    for (int32_t i = 0; i < t.len; i++) n += (unsigned char)t.p[i] >= 0xF0;
    return n;
}

static void pad(const spec *sp, weir_bytes t, weir_str *s) {
    int32_t fill = sp->width - java_length(t);
    bool left = strchr(sp->flags, '-') != NULL;
    for (int32_t k = 0; !left && k < fill; k++) weir_str_putc(s, ' ');
    weir_str_add(s, t.p, (size_t)t.len);
    for (int32_t k = 0; left && k < fill; k++) weir_str_putc(s, ' ');
}

static bool put_number(const spec *sp, const weir_column *a, int64_t i, weir_str *s) {
    char f[32], b[512], g[700];
    bool whole = weir_type_is_integral(a->type);
    int k = 0, n;
    f[k++] = '%';
    for (const char *q = sp->flags; *q; q++)
        if (*q != ',' && *q != '(') f[k++] = *q;
    if (strchr("doxX", sp->conv)) {
        if (!whole) return false;
        snprintf(f + k, sizeof f - (size_t)k, "%dll%c", sp->width, sp->conv);
        if (sp->width == 0) snprintf(f + k, sizeof f - (size_t)k, "ll%c", sp->conv);
        int64_t v = weir_get_int(a, i);
        if (sp->conv != 'd' && weir_type_width(a->type) == 4) v &= 0xffffffff;
        n = snprintf(b, sizeof b, f, (long long)v);
    } else {
        double v = a->type->kind == WEIR_T_DOUBLE  ? WEIR_AT_ROW(double, a, i)
                   : a->type->kind == WEIR_T_FLOAT ? (double)WEIR_AT_ROW(float, a, i)
                   : a->type->kind == WEIR_T_DECIMAL
                       ? weir_dec_double(WEIR_AT_ROW(weir_i128, a, i), a->type->scale)
                       : NAN;
        if (whole || !weir_type_is_numeric(a->type)) return false;
        snprintf(f + k, sizeof f - (size_t)k, "%d.%d%c", sp->width,
                 sp->precision < 0 ? 6 : sp->precision, sp->conv);
        if (sp->width == 0)
            snprintf(f + k, sizeof f - (size_t)k, ".%d%c", sp->precision < 0 ? 6 : sp->precision,
                     sp->conv);
        n = snprintf(b, sizeof b, f, v);
    }
    if (n < 0 || n >= (int)sizeof b) return false;
    if (strchr(sp->flags, ',')) {
        weir_str grouped;
        weir_str_init(&grouped, NULL, sizeof g - 1);
        char *p = b + strspn(b, " -+");
        int w = (int)strcspn(p, ".e ");
        weir_str_add(&grouped, b, (size_t)(p - b));
        group_digits(p, w, &grouped);
        weir_str_puts(&grouped, p + w);
        weir_str_puts(s, grouped.p);
        weir_str_free(&grouped);
        return true;
    }
    weir_str_add(s, b, (size_t)n);
    return true;
}

static void put_general(weir_ctx *ctx, const spec *sp, const weir_column *a, int64_t i,
                        weir_str *s) {
    weir_column one = weir_column_slice(a, i, 1), text;
    weir_bytes t = {"null", 4};
    if (!weir_is_null(a, i)) {
        if (a->type->kind == WEIR_T_STRING)
            t = weir_get_bytes(a, i);
        else if (weir_cast_column(ctx, &one, &weir_t_string, WEIR_CAST_ANSI, &text) == WEIR_OK)
            t = weir_get_bytes(&text, 0);
    }
    if (sp->precision >= 0) t = weir_substring(t, 1, sp->precision);
    if (sp->conv != 'S') {
        pad(sp, t, s);
        return;
    }
    weir_str up;
    weir_str_init(&up, ctx->arena, INT32_MAX);
    weir_upper(t, &up);
    pad(sp, (weir_bytes){up.p ? up.p : "", (int32_t)up.len}, s);
}

TEXT(format_string) {
    weir_bytes f = at(c, 0, i);
    int next = 1;
    spec sp;
    (void)null;
    for (int32_t k = 0; k < f.len;) {
        if (f.p[k] != '%') {
            weir_str_putc(s, f.p[k++]);
            continue;
        }
        k = read_spec(f, k + 1, &sp);
        if (k < 0) return bad_format(ctx, c, "Conversion = '%'");
        if (sp.conv == '%' || sp.conv == 'n') {
            weir_str_putc(s, sp.conv == 'n' ? '\n' : '%');
            continue;
        }
        int a = sp.arg >= 0 ? sp.arg : next++;
        if (a < 1 || a >= c->narg)
            return bad_format(ctx, c, weir_printf(ctx->arena, "Format specifier '%%%c'", sp.conv));
        bool null_arg = weir_is_null(&c->arg[a], i);
        if (strchr("sSb", sp.conv) || null_arg)
            put_general(ctx, &sp, &c->arg[a], i, s);
        else if (!strchr("doxXeEfgG", sp.conv) || !put_number(&sp, &c->arg[a], i, s))
            return bad_format(ctx, c,
                              weir_printf(ctx->arena, "%c != %s", sp.conv,
                                          weir_type_name(ctx->arena, c->arg[a].type)));
    }
    return WEIR_OK;
}
static weir_rc k_format_string(weir_ctx *ctx, weir_call *c) {
    uint8_t *bits = NULL;
    if (c->arg[0].valid) {
        WEIR_TRY(weir_out_valid(ctx, c, &bits));
        for (int64_t i = 0; i < c->len; i++)
            if (weir_is_null(&c->arg[0], i)) weir_bit_clear(bits, i);
    }
    return weir_text_each(ctx, c, format_string);
}

#define SC (WEIR_STRICT | WEIR_CANNOT_FAIL)
static const weir_fn digest_fns[] = {
    {"md5", "(binary) -> string", k_md5, WEIR_STRICT, NULL, 0},
    {"md5", "(string) -> string", k_md5, WEIR_STRICT, NULL, 0},
    {"sha1", "(binary) -> string", k_sha1, WEIR_STRICT, NULL, 0},
    {"sha1", "(string) -> string", k_sha1, WEIR_STRICT, NULL, 0},
    {"sha", "(binary) -> string", k_sha1, WEIR_STRICT, NULL, 0},
    {"sha", "(string) -> string", k_sha1, WEIR_STRICT, NULL, 0},
    {"sha2", "(binary, int) -> string", k_sha2, WEIR_STRICT | WEIR_NULLABLE, NULL, 0},
    {"sha2", "(string, int) -> string", k_sha2, WEIR_STRICT | WEIR_NULLABLE, NULL, 0},
    {"crc32", "(binary) -> bigint", k_crc32, SC, NULL, 0},
    {"crc32", "(string) -> bigint", k_crc32, SC, NULL, 0},
    {"base64", "(binary) -> string", k_base64, SC, NULL, 0},
    {"base64", "(string) -> string", k_base64, SC, NULL, 0},
    {"unbase64", "(string) -> binary", k_unbase64, SC, NULL, 0},
    {"hex", "(bigint) -> string", k_hex, SC, NULL, 0},
    {"hex", "(binary) -> string", k_hex, SC, NULL, 0},
    {"hex", "(string) -> string", k_hex, SC, NULL, 0},
    {"unhex", "(string) -> binary", k_unhex, SC | WEIR_NULLABLE, NULL, 0},
    {"bin", "(bigint) -> string", k_bin, SC, NULL, 0},
    {"conv", "(string, int, int) -> string", k_conv, WEIR_STRICT | WEIR_NULLABLE, NULL, 0},
    {"format_number", "(numeric, int) -> string", k_format_number, SC | WEIR_NULLABLE, NULL, 0},
    {"format_string", "(string, any...?) -> string", k_format_string, WEIR_JAVA_TEXT, NULL, 0},
    {"printf", "(string, any...?) -> string", k_format_string, WEIR_JAVA_TEXT, NULL, 0},
};
WEIR_FAMILY(weir_digest_family, "digest", digest_fns);
