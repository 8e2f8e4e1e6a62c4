/* Unpacking LZO1X, as lzop and Hadoop make it. FORMAT: the kernel's Documentation/staging/lzo.rst,
 * version 0 of the bitstream. Bytes are not trusted. */
#include "orc/stream.h"

#include <string.h>

typedef struct lzo {
    const uint8_t *p, *end;
    uint8_t *out, *at, *stop;
} lzo;

/* A length that goes on in zero bytes of 255 each. -1: cut. */
static int64_t long_length(lzo *z, int64_t base) {
    int64_t n = base;
    while (z->p < z->end && *z->p == 0) n += 255, z->p++;
    return z->p < z->end ? n + *z->p++ : -1;
}

static bool copy_literals(lzo *z, int64_t n) {
    if (n < 0 || n > z->end - z->p || n > z->stop - z->at) return false;
    memcpy(z->at, z->p, (size_t)n);
    z->at += n, z->p += n;
    return true;
}

static bool copy_match(lzo *z, int64_t distance, int64_t n) {
    if (n < 0 || distance > z->at - z->out || n > z->stop - z->at) return false;
    for (const uint8_t *from = z->at - distance; n > 0; n--) *z->at++ = *from++;
    return true;
}

/* One instruction. *state: literals copied by the last one, 4 for more. Returns false when
 * malformed; *over at the end mark. */
static bool lzo_step(lzo *z, int *state, bool *over) {
    int64_t op = *z->p++, n, distance;
    if (op < 16 && *state == 0) { /* literals alone */
        n = op ? op + 3 : long_length(z, 18);
        *state = 4;
        return copy_literals(z, n);
    }
    if (op < 16) { /* two bytes near by, or three behind literals */
        if (z->p == z->end) return false;
        distance = (*state == 4 ? 2049 : 1) + (op >> 2) + ((int64_t)*z->p++ << 2);
        n = *state == 4 ? 3 : 2;
        *state = op & 3;
        return copy_match(z, distance, n) && copy_literals(z, *state);
    }
    if (op >= 64) {
        if (z->p == z->end) return false;
        n = (op >> 5) + 1;
        distance = ((op >> 2) & 7) + ((int64_t)*z->p++ << 3) + 1;
        *state = op & 3;
        return copy_match(z, distance, n) && copy_literals(z, *state);
    }
    int64_t mask = op >= 32 ? 31 : 7;
    n = (op & mask) ? (op & mask) + 2 : long_length(z, mask + 2);
    if (n < 0 || z->end - z->p < 2) return false;
    int64_t low = z->p[0] | z->p[1] << 8;
    z->p += 2;
    *state = (int)(low & 3);
    if (op >= 32) {
        distance = (low >> 2) + 1;
    } else {
        distance = 16384 + ((op & 8) << 11) + (low >> 2);
        *over = distance == 16384;
        if (*over) return true;
    }
    return copy_match(z, distance, n) && copy_literals(z, *state);
}

bool weir_lzo_unpack(const uint8_t *p, size_t len, uint8_t *out, size_t *n) {
    lzo z = {p, p + len, out, out, out + *n};
    int state = 0;
    bool over = false;
    if (len && *p > 17) { /* the first byte may be a count of literals */
        int64_t k = *z.p++ - 17;
        state = k < 4 ? (int)k : 4;
        if (!copy_literals(&z, k)) return false;
    }
    while (!over && z.p < z.end)
        if (!lzo_step(&z, &state, &over)) return false;
    *n = (size_t)(z.at - z.out);
    return true;
}
