/* Shared machinery of string kernels. Case mapping beyond ASCII is ICU's, loaded at first use. Any
 * thread. */
#include "base/utf8.h"
#include "func/text.h"

#include <dlfcn.h>
#include <string.h>
#include <unicode/uchar.h>
#include <unicode/ustring.h>

weir_rc weir_slice_each(weir_ctx *ctx, weir_call *c, weir_slice_fn *fn) {
    weir_build b;
    WEIR_TRY(weir_out_start(ctx, c, &b));
    for (int64_t i = 0; i < c->len; i++) {
        if (weir_call_null(c, i)) {
            weir_build_null(&b);
            continue;
        }
        weir_bytes r = fn(c, i);
        weir_build_bytes(&b, r.p ? r.p : "", (size_t)r.len);
    }
    return weir_out_build(ctx, c, &b);
}

weir_rc weir_text_each(weir_ctx *ctx, weir_call *c, weir_text_fn *fn) {
    weir_build b;
    weir_str s;
    WEIR_TRY(weir_out_start(ctx, c, &b));
    weir_str_init(&s, ctx->arena, INT32_MAX);
    for (int64_t i = 0; i < c->len; i++) {
        bool null = weir_call_null(c, i);
        s.len = 0;
        if (!null) WEIR_TRY(fn(ctx, c, i, &s, &null));
        if (s.failed)
            return weir_fail(ctx, WEIR_E_OUT_OF_MEMORY, "requestedBytes", "2147483648",
                             "receivedBytes", "2147483647");
        if (null)
            weir_build_null(&b);
        else
            weir_build_bytes(&b, s.p ? s.p : "", s.len);
    }
    return weir_out_build(ctx, c, &b);
}

bool weir_utf8_ascii(weir_bytes b) {
    int32_t i = 0;
    uint64_t w;
    for (; i + 8 <= b.len; i += 8) {
        memcpy(&w, b.p + i, 8);
        if (w & UINT64_C(0x8080808080808080)) return false;
    }
    for (; i < b.len; i++)
        if ((unsigned char)b.p[i] >= 0x80) return false;
    return true;
}

int32_t weir_utf8_count(weir_bytes b) {
    int32_t n = 0;
    if (weir_utf8_ascii(b)) return b.len;
    for (int32_t i = 0; i < b.len; i += weir_utf8_step((unsigned char)b.p[i])) n++;
    return n;
}

int32_t weir_utf8_at(weir_bytes b, int64_t n) {
    int32_t i = 0;
    for (; n > 0 && i < b.len; n--) i += weir_utf8_step((unsigned char)b.p[i]);
    return i < b.len ? i : b.len;
}

int64_t weir_find_bytes(weir_bytes t, weir_bytes w, int64_t from) {
    if (w.len == 0) return from <= t.len ? from : -1;
    if (from > t.len) return -1;
    const char *p = memmem(t.p + from, (size_t)(t.len - from), w.p, (size_t)w.len);
    return p ? p - t.p : -1;
}

weir_bytes weir_substring(weir_bytes s, int64_t pos, int64_t len) {
    bool ascii = weir_utf8_ascii(s);
    int64_t n = ascii ? s.len : weir_utf8_count(s);
    int64_t start = pos > 0 ? pos - 1 : pos < 0 ? n + pos : 0, end = start + len;
    if (len <= 0 || end <= 0) return (weir_bytes){s.p, 0};
    if (start < 0) start = 0;
    if (start >= n) return (weir_bytes){s.p, 0};
    if (end > n) end = n;
    int32_t a = ascii ? (int32_t)start : weir_utf8_at(s, start);
    weir_bytes rest = {s.p + a, s.len - a};
    return (weir_bytes){rest.p, ascii ? (int32_t)(end - start) : weir_utf8_at(rest, end - start)};
}

/* ---- case ---- */

typedef int32_t case_fn(UChar *, int32_t, const UChar *, int32_t, const char *, UErrorCode *);
typedef UChar *from_fn(UChar *, int32_t, int32_t *, const char *, int32_t, UErrorCode *);
typedef char *to_fn(char *, int32_t, int32_t *, const UChar *, int32_t, UErrorCode *);
#define ICU_STR2(x) #x
#define ICU_STR(x) ICU_STR2(x)

static void *icu_symbol(const char *name) {
    void *h = dlopen("libicuuc.so." ICU_STR(U_ICU_VERSION_MAJOR_NUM), RTLD_LAZY | RTLD_LOCAL);
    return h ? dlsym(h, name) : NULL;
}

static void map_unicode(weir_bytes b, weir_str *out, const char *name) {
    weir_arena *a = weir_arena_new(NULL);
    case_fn *map = NULL;
    from_fn *from = NULL;
    to_fn *to = NULL;
    *(void **)(void *)&map = icu_symbol(name);
    *(void **)(void *)&from = icu_symbol(ICU_STR(u_strFromUTF8));
    *(void **)(void *)&to = icu_symbol(ICU_STR(u_strToUTF8));
    weir_assert(map && from && to); /* a dependency of the package */
    UErrorCode st = U_ZERO_ERROR;
    weir_str valid; /* SPARK UTF8String.toValidString */
    weir_str_init(&valid, a, INT32_MAX);
    weir_utf8_make_valid(&valid, b.p, (size_t)b.len);
    b = (weir_bytes){valid.p, (int32_t)valid.len};
    int32_t n = 0, m, k = 0, room = b.len * 3 + 16;
    UChar *x = WEIR_NEWN(a, UChar, b.len + 1), *y = WEIR_NEWN(a, UChar, room);
    char *z = weir_alloc(a, (size_t)room * 3);
    from(x, b.len + 1, &n, b.p, b.len, &st);
    m = map(y, room, x, n, "", &st);
    to(z, room * 3, &k, y, m, &st);
    if (U_SUCCESS(st)) weir_str_add(out, z, (size_t)k);
    weir_arena_free(a);
}

void weir_base64(weir_str *out, weir_bytes b) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *p = (const unsigned char *)b.p;
    for (int32_t i = 0; i < b.len; i += 3) {
        uint32_t v = (uint32_t)p[i] << 16 | (i + 1 < b.len ? (uint32_t)p[i + 1] << 8 : 0) |
                     (i + 2 < b.len ? p[i + 2] : 0u);
        weir_str_putc(out, digits[v >> 18]);
        weir_str_putc(out, digits[v >> 12 & 63]);
        weir_str_putc(out, i + 1 < b.len ? digits[v >> 6 & 63] : '=');
        weir_str_putc(out, i + 2 < b.len ? digits[v & 63] : '=');
    }
}

void weir_upper(weir_bytes b, weir_str *out) {
    if (!weir_utf8_ascii(b)) {
        map_unicode(b, out, ICU_STR(u_strToUpper));
        return;
    }
    weir_str_add(out, b.p, (size_t)b.len);
    for (char *p = out->p + out->len - b.len; b.len-- > 0; p++)
        *p = (char)(*p - ((unsigned)(*p - 'a') < 26 ? 32 : 0));
}

void weir_lower(weir_bytes b, weir_str *out) {
    if (!weir_utf8_ascii(b)) {
        map_unicode(b, out, ICU_STR(u_strToLower));
        return;
    }
    weir_str_add(out, b.p, (size_t)b.len);
    for (char *p = out->p + out->len - b.len; b.len-- > 0; p++)
        *p = (char)(*p + ((unsigned)(*p - 'A') < 26 ? 32 : 0));
}

bool weir_java_id(uint32_t c, bool start) {
    typedef UBool id_fn(UChar32);
    id_fn *f = NULL;
    bool digit = c - '0' < 10, letter = (c | 32) - 'a' < 26 || c == '_' || c == '$';
    if (c < 0x80) {
        bool ignorable = c < 9 || (c > 13 && c < 28) || c == 0x7F;
        return letter || (!start && (digit || ignorable));
    }
    if (c < 0xA0) return !start;
    if (c < 0x100)
        return (c >= 0xC0 && c != 0xD7 && c != 0xF7) || (c >= 0xA2 && c <= 0xA5) || c == 0xAA ||
               c == 0xB5 || c == 0xBA || (c == 0xAD && !start);
    *(void **)(void *)&f = icu_symbol(start ? ICU_STR(u_isJavaIDStart) : ICU_STR(u_isJavaIDPart));
    weir_assert(f); /* a dependency of the package */
    return f((UChar32)c) != 0;
}
