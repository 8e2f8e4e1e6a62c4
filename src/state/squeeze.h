/* Rows as a store keeps them in memory: of each eight bytes of an UnsafeRow only those up to the
 * last that is not zero, which is less than half of most rows. Equal bytes squeeze to equal bytes,
 * so that keys are compared and hashed as they are kept. In state/ only; any thread. */
#ifndef WEIR_STATE_SQUEEZE_H
#define WEIR_STATE_SQUEEZE_H
#include "col/column.h"

enum { WEIR_SQUEEZE_SLACK = 8 }; /* may be read behind a squeezed row, or written behind its room */

/* Room for n bytes, slack included. */
static inline int64_t weir_squeeze_room(int64_t n) { return n + n / 16 + 8 + WEIR_SQUEEZE_SLACK; }

/* Length in base 128, a half byte for each word: how many of its bytes follow; these; what is left
 * of an odd length. Returns how many bytes that took. */
static inline int32_t weir_squeeze(weir_bytes row, uint8_t *out) {
    uint8_t *count = out, *p;
    const int32_t words = row.len / 8;
    for (uint32_t n = (uint32_t)row.len; (*count = n & 127, n >>= 7); count++) *count |= 128;
    count++;
    p = count + (words + 1) / 2;
    for (int32_t i = 0; i < words; i++) {
        uint64_t v;
        memcpy(&v, row.p + 8 * i, 8);
        unsigned n = v ? (71 - (unsigned)__builtin_clzll(v)) / 8 : 0;
        count[i / 2] = (uint8_t)(i % 2 ? count[i / 2] | n << 4 : n);
        memcpy(p, &v, 8);
        p += n;
    }
    memcpy(p, row.p + 8 * words, (size_t)(row.len & 7));
    return (int32_t)(p + (row.len & 7) - out);
}

static inline const uint8_t *weir_squeezed_length(const uint8_t *p, int32_t *n) {
    uint32_t v = *p & 127;
    for (int shift = 7; *p++ & 128; shift += 7) v |= (uint32_t)(*p & 127) << shift;
    *n = (int32_t)v;
    return p;
}

/* The row's bytes, weir_squeezed_length of them. */
static inline void weir_expand(const uint8_t *p, char *out) {
    static const uint64_t mask[9] = {
        0,      0xff, 0xffff, 0xffffff, 0xffffffff, 0xffffffffff, 0xffffffffffff, 0xffffffffffffff,
        ~0ull};
    int32_t len;
    const uint8_t *count = weir_squeezed_length(p, &len);
    const int32_t words = len / 8;
    p = count + (words + 1) / 2;
    for (int32_t i = 0; i < words; i++) {
        uint64_t v;
        unsigned n = count[i / 2] >> (i % 2 ? 4 : 0) & 15;
        memcpy(&v, p, 8);
        v &= mask[n];
        memcpy(out + 8 * i, &v, 8);
        p += n;
    }
    memcpy(out + 8 * words, p, (size_t)(len & 7));
}
#endif
