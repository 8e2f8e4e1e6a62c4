/* See random.h. */
#include "func/random.h"

static uint32_t rotl(uint32_t x, int r) { return x << r | x >> (32 - r); }

/* scala MurmurHash3.bytesHash of the eight big-endian bytes of the seed */
static uint32_t murmur(uint64_t seed, uint32_t h) {
    for (int k = 0; k < 2; k++) {
        uint32_t w = __builtin_bswap32((uint32_t)(k == 0 ? seed >> 32 : seed));
        w *= 0xcc9e2d51;
        w = rotl(w, 15) * 0x1b873593;
        h = rotl(h ^ w, 13) * 5 + 0xe6546b64;
    }
    h ^= 8;
    h = (h ^ h >> 16) * 0x85ebca6b;
    h = (h ^ h >> 13) * 0xc2b2ae35;
    return h ^ h >> 16;
}

int64_t weir_random_state(int64_t seed) {
    uint32_t low = murmur((uint64_t)seed, 0x3c074a61), high = murmur((uint64_t)seed, low);
    return (int64_t)((uint64_t)high << 32 | low);
}

static int32_t next_bits(int64_t *state, int bits) {
    uint64_t s = (uint64_t)*state;
    s ^= s << 21;
    s ^= s >> 35;
    s ^= s << 4;
    *state = (int64_t)s;
    return (int32_t)(s & ((UINT64_C(1) << bits) - 1));
}

double weir_random_double(int64_t *state) {
    int64_t hi = (int64_t)next_bits(state, 26) << 27;
    return (double)(hi + next_bits(state, 27)) * 0x1p-53;
}

static const uint64_t mask = (UINT64_C(1) << 48) - 1;

uint64_t weir_java_random(int64_t seed) {
    return ((uint64_t)seed ^ UINT64_C(0x5DEECE66D)) & mask;
}

static int32_t java_bits(uint64_t *state) {
    *state = (*state * UINT64_C(0x5DEECE66D) + 0xB) & mask;
    return (int32_t)(uint32_t)(*state >> 16);
}

int64_t weir_java_random_long(uint64_t *state) {
    int64_t high = java_bits(state);
    return (int64_t)((uint64_t)high << 32) + java_bits(state);
}
