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
#endif
