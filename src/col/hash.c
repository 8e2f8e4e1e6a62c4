/* Owns Spark's two row hashes. Called by exchanges and state partitioning (Murmur3: a disk format)
 * and by the SQL functions hash and xxhash64; any thread. */
#include "col/column.h"

static uint32_t rotl32(uint32_t x, int r) { return x << r | x >> (32 - r); }
static uint64_t rotl64(uint64_t x, int r) { return x << r | x >> (64 - r); }
static uint32_t word32(const uint8_t *p) {
    uint32_t w;
    memcpy(&w, p, 4);
    return w;
}
static uint64_t word64(const uint8_t *p) {
    uint64_t w;
    memcpy(&w, p, 8);
    return w;
}

/* SPARK Murmur3_x86_32 */
static uint32_t mur_mix(uint32_t h, uint32_t k) {
    k = rotl32(k * 0xcc9e2d51u, 15) * 0x1b873593u;
    return rotl32(h ^ k, 13) * 5 + 0xe6546b64u;
}

static uint32_t mur_end(uint32_t h, uint32_t len) {
    h ^= len;
    h = (h ^ h >> 16) * 0x85ebca6bu;
    h = (h ^ h >> 13) * 0xc2b2ae35u;
    return h ^ h >> 16;
}

static uint64_t mur_int(int32_t v, uint64_t h) {
    return mur_end(mur_mix((uint32_t)h, (uint32_t)v), 4);
}

static uint64_t mur_long(int64_t v, uint64_t h) {
    uint32_t m = mur_mix((uint32_t)h, (uint32_t)(uint64_t)v);
    return mur_end(mur_mix(m, (uint32_t)((uint64_t)v >> 32)), 8);
}

/* Each tail byte is a full round of its own, sign-extended: not the published Murmur3, but Spark's.
 */
static uint64_t mur_bytes(const uint8_t *p, int32_t n, uint64_t seed) {
    uint32_t h = (uint32_t)seed;
    int32_t i = 0;
    for (; i + 4 <= n; i += 4) h = mur_mix(h, word32(p + i));
    for (; i < n; i++) h = mur_mix(h, (uint32_t)(int32_t)(int8_t)p[i]);
    return mur_end(h, (uint32_t)n);
}

/* SPARK XXH64 */
#define P1 0x9E3779B185EBCA87ull
#define P2 0xC2B2AE3D27D4EB4Full
#define P3 0x165667B19E3779F9ull
#define P4 0x85EBCA77C2B2AE63ull
#define P5 0x27D4EB2F165667C5ull

static uint64_t xx_end(uint64_t h) {
    h = (h ^ h >> 33) * P2;
    h = (h ^ h >> 29) * P3;
    return h ^ h >> 32;
}

static uint64_t xx_round(uint64_t acc, uint64_t w) { return rotl64(acc + w * P2, 31) * P1; }
static uint64_t xx_word(uint64_t h, uint64_t w) { return rotl64(h ^ xx_round(0, w), 27) * P1 + P4; }

static uint64_t xx_int(int32_t v, uint64_t h) {
    h = (h + P5 + 4) ^ (uint64_t)(uint32_t)v * P1;
    return xx_end(rotl64(h, 23) * P2 + P3);
}

static uint64_t xx_long(int64_t v, uint64_t h) { return xx_end(xx_word(h + P5 + 8, (uint64_t)v)); }

static uint64_t xx_bytes(const uint8_t *p, int32_t n, uint64_t seed) {
    uint64_t h = seed + P5;
    int32_t i = 0;
    if (n >= 32) {
        uint64_t a = seed + P1 + P2, b = seed + P2, c = seed, d = seed - P1;
        for (; i + 32 <= n; i += 32) {
            a = xx_round(a, word64(p + i));
            b = xx_round(b, word64(p + i + 8));
            c = xx_round(c, word64(p + i + 16));
            d = xx_round(d, word64(p + i + 24));
        }
        h = rotl64(a, 1) + rotl64(b, 7) + rotl64(c, 12) + rotl64(d, 18);
        h = (h ^ xx_round(0, a)) * P1 + P4;
        h = (h ^ xx_round(0, b)) * P1 + P4;
        h = (h ^ xx_round(0, c)) * P1 + P4;
        h = (h ^ xx_round(0, d)) * P1 + P4;
    }
    h += (uint64_t)n;
    for (; i + 8 <= n; i += 8) h = xx_word(h, word64(p + i));
    if (i + 4 <= n) {
        h = rotl64(h ^ (uint64_t)word32(p + i) * P1, 23) * P2 + P3;
        i += 4;
    }
    for (; i < n; i++) h = rotl64(h ^ p[i] * P5, 11) * P1;
    return xx_end(h);
}

typedef struct hasher {
    uint64_t (*i32)(int32_t, uint64_t);
    uint64_t (*i64)(int64_t, uint64_t);
    uint64_t (*bytes)(const uint8_t *, int32_t, uint64_t);
} hasher;
static const hasher murmur = {mur_int, mur_long, mur_bytes}, xx = {xx_int, xx_long, xx_bytes};

/* SPARK HashExpression: float bits with -0.0 as 0.0 and one NaN (floatToIntBits). */
static uint64_t hash_float(const hasher *k, float v, uint64_t h) {
    int32_t bits;
    if (v != v) return k->i32(0x7fc00000, h);
    v = v == 0 ? 0 : v;
    memcpy(&bits, &v, 4);
    return k->i32(bits, h);
}

static uint64_t hash_double(const hasher *k, double v, uint64_t h) {
    int64_t bits;
    if (v != v) return k->i64(0x7ff8000000000000ll, h);
    v = v == 0 ? 0 : v;
    memcpy(&bits, &v, 8);
    return k->i64(bits, h);
}

/* SPARK: above 18 digits the bytes of BigInteger.toByteArray (shortest big-endian two's
 * complement). */
static uint64_t hash_decimal(const hasher *k, const weir_type *t, weir_i128 v, uint64_t h) {
    if (t->precision <= 18) return k->i64((int64_t)v, h);
    uint8_t be[16];
    unsigned __int128 u = (unsigned __int128)v;
    for (int i = 15; i >= 0; i--, u >>= 8) be[i] = (uint8_t)u;
    int skip = 0;
    while (skip < 15 && be[skip] == (v < 0 ? 0xff : 0) && (be[skip + 1] >> 7) == (v < 0)) skip++;
    return k->bytes(be + skip, 16 - skip, h);
}

static uint64_t hash_row(const hasher *k, const weir_column *c, int64_t i, uint64_t h);

static uint64_t hash_nested(const hasher *k, const weir_column *c, int64_t i, uint64_t h) {
    if (c->type->kind == WEIR_T_STRUCT) {
        for (int f = 0; f < c->nkid; f++) h = hash_row(k, &c->kid[f], weir_kid_row(c, i), h);
        return h;
    }
    int64_t first;
    int32_t n = weir_get_list(c, i, &first);
    for (int32_t j = 0; j < n; j++)
        for (int f = 0; f < c->nkid; f++) h = hash_row(k, &c->kid[f], first + j, h);
    return h;
}

static uint64_t hash_row(const hasher *k, const weir_column *c, int64_t i, uint64_t h) {
    if (weir_is_null(c, i)) return h;
    switch (c->type->kind) {
    case WEIR_T_BOOLEAN:
    case WEIR_T_BYTE: return k->i32(WEIR_AT_ROW(int8_t, c, i), h);
    case WEIR_T_SHORT: return k->i32(WEIR_AT_ROW(int16_t, c, i), h);
    case WEIR_T_INT:
    case WEIR_T_DATE:
    case WEIR_T_INTERVAL_YM: return k->i32(WEIR_AT_ROW(int32_t, c, i), h);
    case WEIR_T_LONG:
    case WEIR_T_TIMESTAMP:
    case WEIR_T_TIMESTAMP_NTZ:
    case WEIR_T_TIME:
    case WEIR_T_INTERVAL_DT: return k->i64(WEIR_AT_ROW(int64_t, c, i), h);
    case WEIR_T_FLOAT: return hash_float(k, WEIR_AT_ROW(float, c, i), h);
    case WEIR_T_DOUBLE: return hash_double(k, WEIR_AT_ROW(double, c, i), h);
    case WEIR_T_DECIMAL: return hash_decimal(k, c->type, WEIR_AT_ROW(weir_i128, c, i), h);
    case WEIR_T_STRING:
    case WEIR_T_BINARY:
    case WEIR_T_VARIANT: {
        weir_bytes s = weir_get_bytes(c, i);
        return k->bytes((const uint8_t *)s.p, s.len, h);
    }
    case WEIR_T_INTERVAL: {
        weir_interval v = WEIR_AT_ROW(weir_interval, c, i);
        return k->i32(v.months, k->i32(v.days, k->i64(v.micros, h)));
    }
    case WEIR_T_ARRAY:
    case WEIR_T_MAP:
    case WEIR_T_STRUCT: return hash_nested(k, c, i, h);
    case WEIR_T_VOID: return h;
    case WEIR_T_COUNT: break;
    }
    weir_assert(!"a type with a hash");
    return h;
}

int32_t weir_hash_row(const weir_column *c, int64_t i, int32_t h) {
    return (int32_t)(uint32_t)hash_row(&murmur, c, i, (uint32_t)h);
}

int64_t weir_xxhash64_row(const weir_column *c, int64_t i, int64_t h) {
    return (int64_t)hash_row(&xx, c, i, (uint64_t)h);
}
