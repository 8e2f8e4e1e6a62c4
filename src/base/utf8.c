/* See utf8.h. */
#include "base/utf8.h"

#include <string.h>
#ifdef __SSSE3__
#include <tmmintrin.h>
#endif

static bool follows(const char *p, const char *end) { return p < end && (*p & 0xC0) == 0x80; }

/* JDK UTF_8.Decoder: a second byte that cannot stand there ends the piece after the first byte; a
 * surrogate is one piece of three. */
int weir_utf8_next(const char *p, const char *end) {
    unsigned a = (unsigned char)p[0], b;
    if (a < 0x80) return 1;
    if (a < 0xC2 || a > 0xF4 || !follows(p + 1, end)) return -1;
    if (a < 0xE0) return 2;
    b = (unsigned char)p[1];
    if ((a == 0xE0 && b < 0xA0) || (a == 0xF0 && b < 0x90) || (a == 0xF4 && b > 0x8F)) return -1;
    if (!follows(p + 2, end)) return -2;
    if (a < 0xF0) return a == 0xED && b > 0x9F ? -3 : 3;
    return follows(p + 3, end) ? 4 : -3;
}

#ifdef __SSSE3__
/* What can be wrong with two bytes in a row, one bit each: looked up by the halves of the first
 * byte and the upper half of the second; wrong is what all three say. (Keiser and Lemire,
 * "Validating UTF-8 in less than one instruction per byte", 2021.) */
enum {
    SHORT = 1,     /* lead, then no continuation */
    STRAY = 2,     /* ASCII, then a continuation */
    LONG3 = 4,     /* E0 80..9F */
    SURR = 8,      /* ED A0..BF */
    LONG2 = 16,    /* C0, C1 */
    BIG = 32,      /* F4 90.., F5.. */
    LONG4 = 64,    /* F0 80..8F; F5.. with 80..8F */
    TWO_CONT = 128 /* two continuations: right only in sequences of three and four */
};

static __m128i pair_errors(__m128i before, __m128i now) {
    enum { ANY = SHORT | STRAY | TWO_CONT };
    const __m128i low4 = _mm_set1_epi8(0x0F),
                  first_high = _mm_setr_epi8(STRAY, STRAY, STRAY, STRAY, STRAY, STRAY, STRAY, STRAY,
                                             (char)TWO_CONT, (char)TWO_CONT, (char)TWO_CONT,
                                             (char)TWO_CONT, SHORT | LONG2, SHORT,
                                             SHORT | LONG3 | SURR, SHORT | BIG | LONG4),
                  first_low = _mm_setr_epi8(
                      (char)(ANY | LONG3 | LONG2 | LONG4), (char)(ANY | LONG2), (char)ANY,
                      (char)ANY, (char)(ANY | BIG), (char)(ANY | BIG | LONG4),
                      (char)(ANY | BIG | LONG4), (char)(ANY | BIG | LONG4),
                      (char)(ANY | BIG | LONG4), (char)(ANY | BIG | LONG4),
                      (char)(ANY | BIG | LONG4), (char)(ANY | BIG | LONG4),
                      (char)(ANY | BIG | LONG4), (char)(ANY | BIG | LONG4 | SURR),
                      (char)(ANY | BIG | LONG4), (char)(ANY | BIG | LONG4)),
                  second_high = _mm_setr_epi8(
                      SHORT, SHORT, SHORT, SHORT, SHORT, SHORT, SHORT, SHORT,
                      (char)(STRAY | LONG2 | TWO_CONT | LONG3 | LONG4),
                      (char)(STRAY | LONG2 | TWO_CONT | LONG3 | BIG),
                      (char)(STRAY | LONG2 | TWO_CONT | SURR | BIG),
                      (char)(STRAY | LONG2 | TWO_CONT | SURR | BIG), SHORT, SHORT, SHORT, SHORT);
    __m128i a = _mm_shuffle_epi8(first_high, _mm_and_si128(_mm_srli_epi16(before, 4), low4)),
            b = _mm_shuffle_epi8(first_low, _mm_and_si128(before, low4)),
            c = _mm_shuffle_epi8(second_high, _mm_and_si128(_mm_srli_epi16(now, 4), low4));
    return _mm_and_si128(_mm_and_si128(a, b), c);
}

/* Sixteen bytes after sixteen others: zero where nothing is wrong. */
static __m128i block_errors(__m128i last, __m128i now) {
    __m128i two = _mm_alignr_epi8(now, last, 14), three = _mm_alignr_epi8(now, last, 13);
    /* the third of three, or the third or fourth of four: the top bit */
    __m128i inside = _mm_or_si128(_mm_subs_epu8(two, _mm_set1_epi8(0xE0 - 0x80)),
                                  _mm_subs_epu8(three, _mm_set1_epi8((char)(0xF0 - 0x80))));
    return _mm_xor_si128(_mm_and_si128(inside, _mm_set1_epi8((char)0x80)),
                         pair_errors(_mm_alignr_epi8(now, last, 15), now));
}

bool weir_utf8_valid(const char *p, size_t n) {
    const char *end = p + n;
    char rest[16] = {0}; /* ends with ASCII, after which nothing may be open */
    const __m128i none = _mm_setzero_si128();
    __m128i last = none, wrong = none;
    bool open = false; /* the last block was not ASCII */
    for (; end - p >= 16; p += 16) {
        __m128i now = _mm_loadu_si128((const __m128i *)(const void *)p);
        bool ascii = _mm_movemask_epi8(now) == 0;
        if (!ascii || open) wrong = _mm_or_si128(wrong, block_errors(last, now));
        open = !ascii;
        last = now;
    }
    if (p == end && !open) return _mm_movemask_epi8(_mm_cmpeq_epi8(wrong, none)) == 0xFFFF;
    memcpy(rest, p, (size_t)(end - p));
    __m128i now = _mm_loadu_si128((const __m128i *)(const void *)rest);
    wrong = _mm_or_si128(wrong, block_errors(last, now));
    return _mm_movemask_epi8(_mm_cmpeq_epi8(wrong, none)) == 0xFFFF;
}
#else
bool weir_utf8_valid(const char *p, size_t n) {
    const char *end = p + n;
    for (int k; p < end; p += k)
        if ((k = weir_utf8_next(p, end)) < 0) return false;
    return true;
}
#endif

static void add_valid(weir_str *out, const char *p, size_t n, bool one_surrogate) {
    const char *end = p + n, *good = p;
    if (weir_utf8_valid(p, n)) {
        weir_str_add(out, p, n);
        return;
    }
    while (p < end) {
        int k = weir_utf8_next(p, end);
        if (k < -1 && !one_surrogate && (unsigned char)p[0] == 0xED && (unsigned char)p[1] > 0x9F)
            k = -1;
        if (k > 0) {
            p += k;
            continue;
        }
        if (p > good) weir_str_add(out, good, (size_t)(p - good));
        weir_str_add(out, WEIR_UTF8_BAD, 3);
        good = p -= k;
    }
    if (end > good) weir_str_add(out, good, (size_t)(end - good));
}

int weir_utf8_code(const char *p, const char *end, uint32_t *out) {
    int k = weir_utf8_next(p, end);
    if (k < 0) return *out = 0xFFFD, -k;
    uint32_t c = (unsigned char)*p;
    if (k > 1) c &= 0x7Fu >> k;
    for (int i = 1; i < k; i++) c = c << 6 | (p[i] & 0x3Fu);
    *out = c;
    return k;
}

void weir_utf8_add(weir_str *out, const char *p, size_t n) { add_valid(out, p, n, true); }
void weir_utf8_make_valid(weir_str *out, const char *p, size_t n) { add_valid(out, p, n, false); }

char *weir_utf8_dup(weir_arena *a, const char *p, size_t n) {
    weir_str s;
    if (weir_utf8_valid(p, n)) return weir_strndup(a, p, n);
    weir_str_init(&s, a, n * 3 + 1);
    weir_utf8_add(&s, p, n);
    return s.p;
}

uint32_t weir_utf8_get(const char **p) {
    const unsigned char *s = (const unsigned char *)*p;
    int n = weir_utf8_next(*p, *p + strnlen(*p, 4));
    if (n <= 1) return (*p)++, *s;
    uint32_t c = *s & (0x7Fu >> n);
    for (int i = 1; i < n; i++) c = c << 6 | (s[i] & 0x3Fu);
    *p += n;
    return c;
}

size_t weir_utf8_put(char o[4], uint32_t c) {
    if (c < 0x80) return o[0] = (char)c, 1;
    int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    o[0] = (char)((0xFF00 >> (more + 1) & 0xFF) | c >> (6 * more));
    for (int i = 1; i <= more; i++) o[i] = (char)(0x80 | (c >> (6 * (more - i)) & 0x3F));
    return (size_t)more + 1;
}

uint32_t weir_utf8_half(const char *p, const char *end) {
    bool is = end - p >= 3 && (unsigned char)p[0] == 0xED && (unsigned char)p[1] >= 0xA0;
    return is ? 0xD000u | (p[1] & 0x3Fu) << 6 | (p[2] & 0x3Fu) : 0;
}

size_t weir_utf8_join(char *p, size_t n, bool *halves) {
    char *end = p + n, *from = p, *to = memchr(p, 0xED, n);
    if (!to) return n;
    for (p = to; p < end;) {
        uint32_t u = weir_utf8_half(p, end), v = u ? weir_utf8_half(p + 3, end) : 0;
        bool pair = u && u < 0xDC00 && v >= 0xDC00;
        if (!u)
            *to++ = *p++;
        else
            to += weir_utf8_put(to, pair ? 0x10000 + ((u & 0x3FF) << 10) + (v & 0x3FF) : '?');
        if (u) p += pair ? 6 : 3;
        if (u && !pair && halves) *halves = true;
    }
    return (size_t)(to - from);
}

static uint32_t wide_unit(const char *p, int bytes, bool little) {
    uint32_t v = 0;
    for (int i = 0; i < bytes; i++) v = v << 8 | (unsigned char)p[little ? bytes - 1 - i : i];
    return v;
}

bool weir_utf8_add_wide(weir_str *out, const char *p, size_t n, int unit, bool little) {
    const char *end = p + n;
    char t[4];
    for (; end - p >= unit; p += unit) {
        uint32_t c = wide_unit(p, unit, little), low = 0;
        if (unit == 4 && c > 0x10FFFF) return false;
        if (unit == 2 && c >> 10 == 0x36 && end - p >= 4) low = wide_unit(p + 2, 2, little);
        if (low >> 10 == 0x37) {
            c = 0x10000 + ((c & 0x3FF) << 10) + (low & 0x3FF);
            p += 2;
        }
        weir_str_add(out, t, weir_utf8_put(t, c >> 11 == 27 ? 0xFFFD : c));
    }
    if (p < end && unit == 2) weir_str_add(out, WEIR_UTF8_BAD, 3);
    return p == end || unit == 2;
}

int weir_utf8_compare16(const char *a, size_t an, const char *b, size_t bn) {
    size_t n = an < bn ? an : bn, i = 0;
    while (i < n && a[i] == b[i]) i++;
    if (i == n) return (an > bn) - (an < bn);
    unsigned char x = (unsigned char)a[i], y = (unsigned char)b[i];
    if (x >= 0xEE && y >= 0xEE && (x >= 0xF0) != (y >= 0xF0)) return x >= 0xF0 ? -1 : 1;
    return x - y;
}
