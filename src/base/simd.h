/* Byte scans, 16 bytes at a time where the processor has SSE2 (every x86-64), else one by one. */
#ifndef WEIR_BASE_SIMD_H
#define WEIR_BASE_SIMD_H
#include <stdint.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* The first byte from p on that is the quote, a backslash, a control character or not ASCII; end if
 * none is. Reads nothing at or after end. */
static inline const char *weir_plain_text(const char *p, const char *end, char quote) {
#ifdef __SSE2__
    const __m128i q = _mm_set1_epi8(quote), b = _mm_set1_epi8('\\'), low = _mm_set1_epi8(0x20);
    for (; end - p >= 16; p += 16) {
        __m128i x = _mm_loadu_si128((const __m128i *)(const void *)p);
        /* signed: bytes from 0x80 on are below 0x20, too */
        __m128i hit = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(x, q), _mm_cmpeq_epi8(x, b)),
                                   _mm_cmplt_epi8(x, low));
        int m = _mm_movemask_epi8(hit);
        if (m) return p + __builtin_ctz((unsigned)m);
    }
#endif
    while (p < end && *p != quote && *p != '\\' && (unsigned char)*p >= 0x20 &&
           (unsigned char)*p < 0x80)
        p++;
    return p;
}

/* The first \n or \r from p on, NULL if there is none. Reads nothing at or after end. */
static inline const char *weir_line_stop(const char *p, const char *end) {
#ifdef __SSE2__
    const __m128i n = _mm_set1_epi8('\n'), r = _mm_set1_epi8('\r');
    for (; end - p >= 32; p += 32) {
        __m128i x = _mm_loadu_si128((const __m128i *)(const void *)p),
                y = _mm_loadu_si128((const __m128i *)(const void *)(p + 16));
        int a = _mm_movemask_epi8(_mm_or_si128(_mm_cmpeq_epi8(x, n), _mm_cmpeq_epi8(x, r))),
            b = _mm_movemask_epi8(_mm_or_si128(_mm_cmpeq_epi8(y, n), _mm_cmpeq_epi8(y, r)));
        if (a | b) return p + __builtin_ctz((unsigned)a | (unsigned)b << 16);
    }
#endif
    while (p < end && *p != '\n' && *p != '\r') p++;
    return p < end ? p : NULL;
}

/* The first byte from p on that is no digit; end if all are. Reads nothing at or after end. */
static inline const char *weir_digits_end(const char *p, const char *end) {
#ifdef __SSE2__
    const __m128i zero = _mm_set1_epi8('0'), nine = _mm_set1_epi8(9);
    for (; end - p >= 16; p += 16) {
        __m128i x = _mm_sub_epi8(_mm_loadu_si128((const __m128i *)(const void *)p), zero);
        int m = _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(x, nine), x)) ^ 0xffff;
        if (m) return p + __builtin_ctz((unsigned)m);
    }
#endif
    while (p < end && (unsigned char)(*p - '0') < 10) p++;
    return p;
}

/* The first byte from p on that is a or b; end if none is. Reads nothing at or after end. */
static inline const char *weir_either(const char *p, const char *end, char a, char b) {
#ifdef __SSE2__
    const __m128i va = _mm_set1_epi8(a), vb = _mm_set1_epi8(b);
    for (; end - p >= 16; p += 16) {
        __m128i x = _mm_loadu_si128((const __m128i *)(const void *)p);
        int m = _mm_movemask_epi8(_mm_or_si128(_mm_cmpeq_epi8(x, va), _mm_cmpeq_epi8(x, vb)));
        if (m) return p + __builtin_ctz((unsigned)m);
    }
#endif
    while (p < end && *p != a && *p != b) p++;
    return p;
}

/* The first byte from p on that is a, b or c; end if none is. Reads nothing at or after end. */
static inline const char *weir_any_of(const char *p, const char *end, char a, char b, char c) {
#ifdef __SSE2__
    const __m128i va = _mm_set1_epi8(a), vb = _mm_set1_epi8(b), vc = _mm_set1_epi8(c);
    for (; end - p >= 16; p += 16) {
        __m128i x = _mm_loadu_si128((const __m128i *)(const void *)p);
        __m128i hit = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(x, va), _mm_cmpeq_epi8(x, vb)),
                                   _mm_cmpeq_epi8(x, vc));
        int m = _mm_movemask_epi8(hit);
        if (m) return p + __builtin_ctz((unsigned)m);
    }
#endif
    while (p < end && *p != a && *p != b && *p != c) p++;
    return p;
}

/* Are all bytes ASCII? */
static inline int weir_all_ascii(const char *p, const char *end) {
    unsigned char any = 0;
#ifdef __SSE2__
    __m128i v = _mm_setzero_si128();
    for (; end - p >= 16; p += 16)
        v = _mm_or_si128(v, _mm_loadu_si128((const __m128i *)(const void *)p));
    if (_mm_movemask_epi8(v)) return 0;
#endif
    while (p < end) any |= (unsigned char)*p++;
    return any < 0x80;
}
#endif
