/* Functions on strings and binaries without patterns. SPARK UTF8String, stringExpressions. Called
 * by the evaluator; any thread. */
#include "base/utf8.h"
#include "func/text.h"

static weir_bytes at(const weir_call *c, int k, int64_t i) { return weir_get_bytes(&c->arg[k], i); }
static int64_t num(const weir_call *c, int k, int64_t i) { return weir_get_int(&c->arg[k], i); }
static void put(weir_str *s, weir_bytes b) { weir_str_add(s, b.p, (size_t)b.len); }
#define TEXT(name)                                                                                 \
    static weir_rc name(weir_ctx *ctx, const weir_call *c, int64_t i, weir_str *s, bool *null)
#define KERNEL(name, driver, fn)                                                                   \
    static weir_rc name(weir_ctx *ctx, weir_call *c) { return driver(ctx, c, fn); }
#define UNUSED (void)ctx, (void)null

TEXT(upper) {
    UNUSED;
    weir_upper(at(c, 0, i), s);
    return WEIR_OK;
}
TEXT(lower) {
    UNUSED;
    weir_lower(at(c, 0, i), s);
    return WEIR_OK;
}
KERNEL(k_upper, weir_text_each, upper)
KERNEL(k_lower, weir_text_each, lower)

#define INT_OF(name, EXPR)                                                                         \
    static weir_rc name(weir_ctx *ctx, weir_call *c) {                                             \
        int32_t *o;                                                                                \
        WEIR_TRY(weir_out_fixed(ctx, c, &o));                                                      \
        WEIR_EACH(c, i) o[i] = (int32_t)(EXPR);                                                    \
        return WEIR_OK;                                                                            \
    }
static int32_t first_char(weir_bytes b) { /* SPARK ascii: the first code point */
    const unsigned char *p = (const unsigned char *)b.p;
    if (!b.len) return 0;
    int n = weir_utf8_step(*p);
    if (n == 1 || n > b.len) return *p;
    int32_t v = *p & (0xff >> (n + 1));
    for (int k = 1; k < n; k++) v = v << 6 | (p[k] & 0x3f);
    return v;
}
static int64_t char_index(
    weir_bytes t, weir_bytes w,
    int64_t from) { /* 1-based character position at or after from (0-based) */
    int64_t p = weir_find_bytes(t, w, weir_utf8_at(t, from));
    return p < 0 ? 0 : weir_utf8_count((weir_bytes){t.p, (int32_t)p}) + 1;
}
static int64_t locate(const weir_call *c, int64_t i) {
    int64_t from = c->narg > 2 ? num(c, 2, i) : 1;
    weir_bytes t = at(c, 1, i);
    if (from < 1 || from - 1 > weir_utf8_count(t)) return 0;
    return char_index(t, at(c, 0, i), from - 1);
}
INT_OF(k_length,
       c->arg[0].type->kind == WEIR_T_BINARY ? at(c, 0, i).len : weir_utf8_count(at(c, 0, i)))
INT_OF(k_octets, at(c, 0, i).len)
INT_OF(k_bits, at(c, 0, i).len * 8)
INT_OF(k_ascii, first_char(at(c, 0, i)))
INT_OF(k_instr, char_index(at(c, 0, i), at(c, 1, i), 0))
INT_OF(k_locate, locate(c, i))

/* ---- trimming: the characters of set (default: the space) ---- */

static bool in_set(weir_bytes set, const char *p, int32_t n) {
    for (int32_t k = 0, m; k < set.len; k += m) {
        m = weir_utf8_first((weir_bytes){set.p + k, set.len - k});
        if (m == n && memcmp(set.p + k, p, (size_t)n) == 0) return true;
    }
    return false;
}

/* Bytes of the last character of b, which is not empty: characters are counted from its start. */
static int32_t last_char(weir_bytes b, bool valid) {
    int32_t n = 1;
    while (valid && n < b.len && (b.p[b.len - n] & 0xC0) == 0x80) n++;
    for (weir_bytes t = b; !valid && t.len; t.p += n, t.len -= n) n = weir_utf8_first(t);
    return n;
}

static weir_bytes trim_set(weir_bytes b, weir_bytes set, bool bytewise, bool left, bool right) {
    while (left && b.len) {
        int32_t n = weir_utf8_first(b);
        if (!in_set(set, b.p, n)) break;
        b.p += n;
        b.len -= n;
    }
    bool valid = right && (bytewise || weir_utf8_valid(b.p, (size_t)b.len));
    while (right && b.len) {
        int32_t n = last_char(b, valid);
        if (!in_set(set, b.p + b.len - n, n)) break;
        b.len -= n;
    }
    return b;
}

/* trim(s), btrim(s, set): set second; ltrim and rtrim from SQL have it first in Spark's functions.
 */
static weir_bytes trim_args(const weir_call *c, int64_t i, bool left, bool right, bool set_first) {
    weir_bytes space = {" ", 1};
    if (c->narg == 1) return trim_set(at(c, 0, i), space, true, left, right);
    return trim_set(at(c, set_first, i), at(c, !set_first, i), false, left, right);
}
static weir_bytes both(const weir_call *c, int64_t i) { return trim_args(c, i, true, true, true); }
static weir_bytes bothb(const weir_call *c, int64_t i) {
    return trim_args(c, i, true, true, false);
}
static weir_bytes left_trim(const weir_call *c, int64_t i) {
    return trim_args(c, i, true, false, true);
}
static weir_bytes right_trim(const weir_call *c, int64_t i) {
    return trim_args(c, i, false, true, true);
}
KERNEL(k_trim, weir_slice_each, both)
KERNEL(k_btrim, weir_slice_each, bothb)
KERNEL(k_ltrim, weir_slice_each, left_trim)
KERNEL(k_rtrim, weir_slice_each, right_trim)

/* ---- pieces ---- */

static weir_bytes substring(const weir_call *c, int64_t i) {
    int64_t len = c->narg > 2 ? num(c, 2, i) : INT32_MAX, pos = num(c, 1, i);
    if (c->arg[0].type->kind != WEIR_T_BINARY) return weir_substring(at(c, 0, i), pos, len);
    weir_bytes b = at(c, 0, i);
    int64_t start = pos > 0 ? pos - 1 : pos < 0 ? b.len + pos : 0, end = start + len;
    if (start < 0) start = 0;
    if (end > b.len) end = b.len;
    return start >= end ? (weir_bytes){b.p, 0} : (weir_bytes){b.p + start, (int32_t)(end - start)};
}
static weir_bytes leftmost(const weir_call *c, int64_t i) {
    return weir_substring(at(c, 0, i), 1, num(c, 1, i));
}
static weir_bytes rightmost(const weir_call *c, int64_t i) {
    int64_t n = num(c, 1, i);
    return n <= 0 ? (weir_bytes){"", 0} : weir_substring(at(c, 0, i), -n, INT32_MAX);
}
static weir_bytes index_part(const weir_call *c, int64_t i) {
    weir_bytes s = at(c, 0, i), d = at(c, 1, i);
    int64_t n = num(c, 2, i), p;
    if (d.len == 0 || n == 0) return (weir_bytes){s.p, 0};
    if (n > 0) {
        for (p = -d.len; n > 0; n--) {
            p = weir_find_bytes(s, d, p + d.len);
            if (p < 0) return s;
        }
        return (weir_bytes){s.p, (int32_t)p};
    }
    for (p = s.len - d.len; p >= 0; p--) {
        if (memcmp(s.p + p, d.p, (size_t)d.len) != 0) continue;
        if (++n == 0) return (weir_bytes){s.p + p + d.len, (int32_t)(s.len - p - d.len)};
        p -= d.len - 1;
    }
    return s;
}
KERNEL(k_substring, weir_slice_each, substring)
KERNEL(k_left, weir_slice_each, leftmost)
KERNEL(k_right, weir_slice_each, rightmost)
KERNEL(k_index_part, weir_slice_each, index_part)

TEXT(split_part) {
    weir_bytes t = at(c, 0, i), d = at(c, 1, i);
    int64_t n = num(c, 2, i), parts = 1, p, want;
    (void)null;
    if (n == 0) return weir_call_fail(ctx, c, WEIR_E_INVALID_INDEX_OF_ZERO, NULL);
    if (d.len == 0) {
        if (n == 1 || n == -1) put(s, t);
        return WEIR_OK;
    }
    for (p = 0; (p = weir_find_bytes(t, d, p)) >= 0; p += d.len) parts++;
    want = n > 0 ? n : parts + n + 1;
    if (want < 1 || want > parts) return WEIR_OK;
    for (p = 0; want > 1; want--) p = weir_find_bytes(t, d, p) + d.len;
    int64_t end = weir_find_bytes(t, d, p);
    weir_str_add(s, t.p + p, (size_t)((end < 0 ? t.len : end) - p));
    return WEIR_OK;
}
KERNEL(k_split_part, weir_text_each, split_part)

/* ---- building ---- */

/* Short pieces by two overlapping words: a call for each would cost more than the copy. */
static inline void copy_piece(uint8_t *to, const char *from, int32_t n) {
    uint64_t a, b;
    uint32_t c, d;
    if (n > 16) {
        memcpy(to, from, (size_t)n);
    } else if (n >= 8) {
        memcpy(&a, from, 8), memcpy(&b, from + n - 8, 8);
        memcpy(to, &a, 8), memcpy(to + n - 8, &b, 8);
    } else if (n >= 4) {
        memcpy(&c, from, 4), memcpy(&d, from + n - 4, 4);
        memcpy(to, &c, 4), memcpy(to + n - 4, &d, 4);
    } else {
        for (int32_t i = 0; i < n; i++) to[i] = (uint8_t)from[i];
    }
}

static weir_rc concat_lengths(weir_ctx *ctx, weir_call *c, int32_t *off) {
    int64_t total = 0;
    off[0] = 0;
    for (int64_t i = 0; i < c->len; i++) {
        for (int k = 0; k < c->narg && !weir_call_null(c, i); k++) total += at(c, k, i).len;
        if (total > INT32_MAX)
            return weir_fail(ctx, WEIR_E_OUT_OF_MEMORY, "requestedBytes", "2147483648",
                             "receivedBytes", "2147483647");
        off[i + 1] = (int32_t)total;
    }
    return WEIR_OK;
}

static weir_rc k_concat(weir_ctx *ctx, weir_call *c) {
    WEIR_TRY(weir_buf_new(ctx, (c->len + 1) * 4, &c->out->data));
    int32_t *off = (int32_t *)(void *)c->out->data->p;
    WEIR_TRY(concat_lengths(ctx, c, off));
    WEIR_TRY(weir_buf_new(ctx, off[c->len], &c->out->heap));
    uint8_t *to = c->out->heap->p;
    WEIR_EACH(c, i) {
        for (int k = 0; k < c->narg; k++) {
            weir_bytes b = at(c, k, i);
            copy_piece(to, b.p, b.len);
            to += b.len;
        }
    }
    return WEIR_OK;
}

TEXT(concat_ws) {
    bool any = false;
    (void)ctx;
    if (weir_is_null(&c->arg[0], i)) {
        *null = true;
        return WEIR_OK;
    }
    weir_bytes sep = at(c, 0, i);
    for (int k = 1; k < c->narg; k++) {
        const weir_column *a = &c->arg[k];
        if (weir_is_null(a, i)) continue;
        bool list = a->type->kind == WEIR_T_ARRAY;
        int64_t first = i;
        int32_t n = list ? weir_get_list(a, i, &first) : 1;
        const weir_column *e = list ? &a->kid[0] : a;
        for (int32_t x = 0; x < n; x++) {
            if (weir_is_null(e, first + x)) continue;
            if (any) put(s, sep);
            put(s, weir_get_bytes(e, first + x));
            any = true;
        }
    }
    return WEIR_OK;
}
KERNEL(k_concat_ws, weir_text_each, concat_ws)

TEXT(replace) {
    UNUSED;
    weir_bytes t = at(c, 0, i), w = at(c, 1, i),
               by = c->narg > 2 ? at(c, 2, i) : (weir_bytes){"", 0};
    int64_t p = 0, q;
    while (w.len && (q = weir_find_bytes(t, w, p)) >= 0) {
        weir_str_add(s, t.p + p, (size_t)(q - p));
        put(s, by);
        p = q + w.len;
    }
    weir_str_add(s, t.p + p, (size_t)(t.len - p));
    return WEIR_OK;
}
KERNEL(k_replace, weir_text_each, replace)

TEXT(translate) {
    UNUSED;
    weir_bytes t = at(c, 0, i), from = at(c, 1, i), to = at(c, 2, i);
    for (int32_t p = 0, n; p < t.len; p += n) {
        n = weir_utf8_first((weir_bytes){t.p + p, t.len - p});
        int32_t index = 0, k = 0;
        for (; k < from.len; k += weir_utf8_step((unsigned char)from.p[k]), index++)
            if (k + n <= from.len && memcmp(from.p + k, t.p + p, (size_t)n) == 0) break;
        if (k >= from.len) {
            weir_str_add(s, t.p + p, (size_t)n);
            continue;
        }
        weir_bytes rest = {to.p + weir_utf8_at(to, index), to.len - weir_utf8_at(to, index)};
        if (rest.len) weir_str_add(s, rest.p, (size_t)weir_utf8_first(rest));
    }
    return WEIR_OK;
}
KERNEL(k_translate, weir_text_each, translate)

/* t n times, by blocks of many. */
static weir_rc put_times(weir_ctx *ctx, weir_str *s, weir_bytes t, int64_t n) {
    enum { BLOCK = 1 << 16 };
    int64_t each = t.len && t.len < BLOCK / 2 ? BLOCK / t.len : 1;
    weir_bytes block = t;
    if (t.len == 0 || n <= 0) return WEIR_OK;
    if (each > n) each = n;
    if (each > 1) {
        char *p = weir_alloc(ctx->arena, (size_t)(each * t.len));
        for (int64_t k = 0; k < each; k++) memcpy(p + k * t.len, t.p, (size_t)t.len);
        block = (weir_bytes){p, (int32_t)(each * t.len)};
    }
    for (int64_t k = 0; n >= each && !s->failed; n -= each, k++) {
        if (k % 256 == 255) WEIR_TRY(weir_check_cancel(ctx));
        put(s, block);
    }
    for (; n > 0 && !s->failed; n--) put(s, t);
    return WEIR_OK;
}

static weir_rc pad(weir_ctx *ctx, const weir_call *c, int64_t i, weir_str *s, bool left) {
    weir_bytes t = at(c, 0, i),
               fill = c->narg > 2
                          ? at(c, 2, i)
                          : (weir_bytes){c->arg[0].type->kind == WEIR_T_BINARY ? "\0" : " ", 1};
    int64_t want = num(c, 1, i), have = weir_utf8_count(t), unit = weir_utf8_count(fill),
            more = want - have;
    if (more <= 0 || unit == 0) {
        put(s, weir_substring(t, 1, want));
        return WEIR_OK;
    }
    if (!left) put(s, t);
    WEIR_TRY(put_times(ctx, s, fill, more / unit));
    put(s, weir_substring(fill, 1, more % unit));
    if (left) put(s, t);
    return WEIR_OK;
}
TEXT(lpad) {
    (void)null;
    return pad(ctx, c, i, s, true);
}
TEXT(rpad) {
    (void)null;
    return pad(ctx, c, i, s, false);
}
KERNEL(k_lpad, weir_text_each, lpad)
KERNEL(k_rpad, weir_text_each, rpad)

TEXT(repeat) {
    (void)null;
    return put_times(ctx, s, at(c, 0, i), num(c, 1, i));
}
KERNEL(k_repeat, weir_text_each, repeat)

TEXT(space) {
    (void)null;
    return put_times(ctx, s, (weir_bytes){" ", 1}, num(c, 0, i));
}
KERNEL(k_space, weir_text_each, space)

TEXT(reverse) {
    UNUSED;
    weir_bytes t = at(c, 0, i);
    put(s, t);
    for (int32_t p = 0, n; p < t.len; p += n) {
        n = weir_utf8_first((weir_bytes){t.p + p, t.len - p});
        memcpy(s->p + t.len - p - n, t.p + p, (size_t)n);
    }
    return WEIR_OK;
}
KERNEL(k_reverse, weir_text_each, reverse)

TEXT(initcap) { /* SPARK: lower case, then the first letter of each word (after a space) */
    UNUSED;
    weir_str low;
    weir_str_init(&low, ctx->arena, INT32_MAX);
    weir_lower(at(c, 0, i), &low);
    bool start = true;
    for (size_t p = 0, n; p < low.len; p += n) {
        n = (size_t)weir_utf8_step((unsigned char)low.p[p]); /* lower case is valid */
        if (start)
            weir_upper((weir_bytes){low.p + p, (int32_t)n}, s);
        else
            weir_str_add(s, low.p + p, n);
        start = low.p[p] == ' ';
    }
    weir_str_free(&low);
    return WEIR_OK;
}
KERNEL(k_initcap, weir_text_each, initcap)

TEXT(chr) { /* SPARK: n modulo 256, as a Latin-1 character; negative gives the empty string */
    UNUSED;
    int64_t n = num(c, 0, i);
    if (n < 0) return WEIR_OK;
    n &= 0xff;
    if (n >= 0x80) weir_str_putc(s, (char)(0xc0 | n >> 6));
    weir_str_putc(s, n >= 0x80 ? (char)(0x80 | (n & 0x3f)) : (char)n);
    return WEIR_OK;
}
KERNEL(k_chr, weir_text_each, chr)

TEXT(elt) {
    int64_t n;
    if (weir_is_null(&c->arg[0], i)) {
        *null = true;
        return WEIR_OK;
    }
    n = num(c, 0, i);
    if (n < 1 || n >= c->narg) {
        if (c->ansi)
            return weir_call_fail(ctx, c, WEIR_E_INVALID_ARRAY_INDEX, "indexValue",
                                  weir_printf(ctx->arena, "%lld", (long long)n), "arraySize",
                                  weir_printf(ctx->arena, "%d", c->narg - 1), "ansiConfig",
                                  WEIR_ANSI_KEY);
        *null = true;
        return WEIR_OK;
    }
    *null = weir_is_null(&c->arg[n], i);
    if (!*null) put(s, at(c, (int)n, i));
    return WEIR_OK;
}
KERNEL(k_elt, weir_text_each, elt)

TEXT(overlay) {
    UNUSED;
    weir_bytes t = at(c, 0, i), r = at(c, 1, i);
    int64_t pos = num(c, 2, i), len = c->narg > 3 ? num(c, 3, i) : -1;
    if (len < 0) len = weir_utf8_count(r);
    put(s, weir_substring(t, 1, pos - 1));
    put(s, r);
    put(s, weir_substring(t, pos + len, INT32_MAX));
    return WEIR_OK;
}
KERNEL(k_overlay, weir_text_each, overlay)

/* ---- tests ---- */

#define BOOL_OF(name, EXPR)                                                                        \
    static weir_rc name(weir_ctx *ctx, weir_call *c) {                                             \
        uint8_t *o;                                                                                \
        WEIR_TRY(weir_out_fixed(ctx, c, &o));                                                      \
        WEIR_EACH(c, i) {                                                                          \
            weir_bytes t = at(c, 0, i), w = at(c, 1, i);                                           \
            o[i] = (EXPR);                                                                         \
        }                                                                                          \
        return WEIR_OK;                                                                            \
    }
BOOL_OF(k_startswith, w.len <= t.len && memcmp(t.p, w.p, (size_t)w.len) == 0)
BOOL_OF(k_endswith, w.len <= t.len && memcmp(t.p + t.len - w.len, w.p, (size_t)w.len) == 0)
BOOL_OF(k_contains, weir_find_bytes(t, w, 0) >= 0)

static int32_t find_in_set(weir_bytes w, weir_bytes list) {
    int32_t n = 1;
    if (memchr(w.p, ',', (size_t)w.len)) return 0;
    for (int32_t p = 0; p <= list.len; n++) {
        weir_bytes rest = {list.p + p, list.len - p};
        int64_t q = weir_find_bytes(rest, (weir_bytes){",", 1}, 0);
        int32_t len = q < 0 ? rest.len : (int32_t)q;
        if (len == w.len && memcmp(rest.p, w.p, (size_t)len) == 0) return n;
        p += len + 1;
    }
    return 0;
}
INT_OF(k_find_in_set, find_in_set(at(c, 0, i), at(c, 1, i)))

weir_rc weir_levenshtein(weir_ctx *ctx, weir_bytes x, weir_bytes y, int32_t *out) {
    int32_t n = weir_utf8_count(x), m = weir_utf8_count(y), *row;
    WEIR_TRY_NEWN(ctx, ctx->arena, row, m + 1);
    for (int32_t j = 0; j <= m; j++) row[j] = j;
    for (int32_t i = 1, p = 0; i <= n; i++) {
        if ((int64_t)i * m >> 20 != (int64_t)(i - 1) * m >> 20) WEIR_TRY(weir_check_cancel(ctx));
        int32_t diag = row[0], sn = weir_utf8_step((unsigned char)x.p[p]);
        row[0] = i;
        for (int32_t j = 1, q = 0; j <= m; j++) {
            int32_t tn = weir_utf8_step((unsigned char)y.p[q]), up = row[j];
            bool same = sn == tn && p + sn <= x.len && q + tn <= y.len &&
                        memcmp(x.p + p, y.p + q, (size_t)sn) == 0;
            int32_t v = diag + !same;
            if (up + 1 < v) v = up + 1;
            if (row[j - 1] + 1 < v) v = row[j - 1] + 1;
            row[j] = v;
            diag = up;
            q += tn;
        }
        p += sn;
    }
    *out = row[m];
    return WEIR_OK;
}

static weir_rc k_levenshtein(weir_ctx *ctx, weir_call *c) {
    int32_t *o;
    WEIR_TRY(weir_out_fixed(ctx, c, &o));
    WEIR_EACH(c, i) WEIR_TRY(weir_levenshtein(ctx, at(c, 0, i), at(c, 1, i), &o[i]));
    return WEIR_OK;
}

static weir_rc bind_ws(weir_ctx *ctx, weir_expr *e) {
    e->type = &weir_t_string;
    e->nullable = e->arg[0]->nullable;
    for (int i = 0; i < e->narg; i++) {
        const weir_type *t = e->arg[i]->type;
        bool list = i && t->kind == WEIR_T_ARRAY;
        WEIR_TRY(weir_coerce(
            ctx, e->arg[i],
            list ? weir_type_array(ctx->arena, &weir_t_string, true) : &weir_t_string, &e->arg[i]));
    }
    return WEIR_OK;
}

#define S WEIR_STRICT
#define SC (WEIR_STRICT | WEIR_CANNOT_FAIL)
#define SJ (SC | WEIR_JAVA_TEXT)
static const weir_fn string_fns[] = {
    {"upper", "(string) -> string", k_upper, SC, NULL, 0},
    {"ucase", "(string) -> string", k_upper, SC, NULL, 0},
    {"lower", "(string) -> string", k_lower, SC, NULL, 0},
    {"lcase", "(string) -> string", k_lower, SC, NULL, 0},
    {"length", "(string) -> int", k_length, SC, NULL, 0},
    {"length", "(binary) -> int", k_length, SC, NULL, 0},
    {"len", "(string) -> int", k_length, SC, NULL, 0},
    {"len", "(binary) -> int", k_length, SC, NULL, 0},
    {"char_length", "(string) -> int", k_length, SC, NULL, 0},
    {"char_length", "(binary) -> int", k_length, SC, NULL, 0},
    {"character_length", "(string) -> int", k_length, SC, NULL, 0},
    {"character_length", "(binary) -> int", k_length, SC, NULL, 0},
    {"octet_length", "(string) -> int", k_octets, SC, NULL, 0},
    {"octet_length", "(binary) -> int", k_octets, SC, NULL, 0},
    {"bit_length", "(string) -> int", k_bits, SC, NULL, 0},
    {"bit_length", "(binary) -> int", k_bits, SC, NULL, 0},
    {"ascii", "(string) -> int", k_ascii, SJ, NULL, 0},
    {"instr", "(string, string) -> int", k_instr, SC, NULL, 0},
    {"locate", "(string, string, int?) -> int", k_locate, SC, NULL, 0},
    {"position", "(string, string, int?) -> int", k_locate, SC, NULL, 0},

    {"trim", "(string, string?) -> string", k_trim, SC, NULL, 0},
    {"btrim", "(string, string?) -> string", k_btrim, SC, NULL, 0},
    {"ltrim", "(string, string?) -> string", k_ltrim, SC, NULL, 0},
    {"rtrim", "(string, string?) -> string", k_rtrim, SC, NULL, 0},
    {"substring", "(string, int, int?) -> string", k_substring, SC, NULL, 0},
    {"substring", "(binary, int, int?) -> binary", k_substring, SC, NULL, 0},
    {"substr", "(string, int, int?) -> string", k_substring, SC, NULL, 0},
    {"substr", "(binary, int, int?) -> binary", k_substring, SC, NULL, 0},
    {"left", "(string, int) -> string", k_left, SC, NULL, 0},
    {"right", "(string, int) -> string", k_right, SC, NULL, 0},
    {"substring_index", "(string, string, int) -> string", k_index_part, SC, NULL, 0},
    {"split_part", "(string, string, int) -> string", k_split_part, S | WEIR_JAVA_TEXT, NULL, 0},
    {"concat", "(string...?) -> string", k_concat, SC | WEIR_ASKS_ALL, NULL, 0},
    {"concat", "(binary...) -> binary", k_concat, SC | WEIR_ASKS_ALL, NULL, 0},
    {"||", "(string, string) -> string", k_concat, SC, NULL, 0},
    {"||", "(binary, binary) -> binary", k_concat, SC, NULL, 0},
    {"concat_ws", "(any...) -> string", k_concat_ws, WEIR_NO_COERCE | WEIR_CANNOT_FAIL, bind_ws, 0},
    {"replace", "(string, string, string?) -> string", k_replace, SC, NULL, 0},
    {"translate", "(string, string, string) -> string", k_translate, SJ, NULL, 0},
    {"lpad", "(string, int, string?) -> string", k_lpad, SC, NULL, 0},
    {"rpad", "(string, int, string?) -> string", k_rpad, SC, NULL, 0},
    {"repeat", "(string, int) -> string", k_repeat, SC, NULL, 0},
    {"space", "(int) -> string", k_space, SC, NULL, 0},
    {"reverse", "(string) -> string", k_reverse, SC, NULL, 0},
    {"initcap", "(string) -> string", k_initcap, SC, NULL, 0},
    {"chr", "(bigint) -> string", k_chr, SC, NULL, 0},
    {"char", "(bigint) -> string", k_chr, SC, NULL, 0},
    {"elt", "(int, string...) -> string", k_elt, WEIR_NULLABLE, NULL, 0},
    {"overlay", "(string, string, int, int?) -> string", k_overlay, SC, NULL, 0},
    {"startswith", "(string, string) -> boolean", k_startswith, SC, NULL, 0},
    {"startswith", "(binary, binary) -> boolean", k_startswith, SC, NULL, 0},
    {"endswith", "(string, string) -> boolean", k_endswith, SC, NULL, 0},
    {"endswith", "(binary, binary) -> boolean", k_endswith, SC, NULL, 0},
    {"contains", "(string, string) -> boolean", k_contains, SC, NULL, 0},
    {"contains", "(binary, binary) -> boolean", k_contains, SC, NULL, 0},
    {"find_in_set", "(string, string) -> int", k_find_in_set, SC, NULL, 0},
    {"levenshtein", "(string, string) -> int", k_levenshtein, SC, NULL, 0},
};
WEIR_FAMILY(weir_string_family, "string", string_fns);
