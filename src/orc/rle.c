/* Decoding ORC's runs. See rle.h. */
#include "orc/rle.h"

#include <string.h>

enum { MIN_RUN = 3, V2_MOST = 512 };

uint64_t weir_orc_varint(weir_orc_stream *s) {
    uint64_t v = 0;
    for (int shift = 0; shift < 70; shift += 7) {
        uint8_t b = weir_orc_byte(s);
        if (shift < 64) v |= (uint64_t)(b & 127) << shift;
        if (b < 128) return v;
    }
    if (s->rc == WEIR_OK) s->rc = weir_orc_damaged(s->file, "%s has an endless number", s->what);
    return 0;
}

static weir_rc rle_broken(weir_orc_stream *s) {
    if (s->rc == WEIR_OK) s->rc = weir_orc_damaged(s->file, "%s has a wrong run", s->what);
    return s->rc;
}

/* ---- bytes and booleans ---- */

void weir_orc_bytes_open(weir_orc_bytes *d, weir_orc_stream *s) { *d = (weir_orc_bytes){.s = s}; }

weir_rc weir_orc_bytes_read(weir_orc_bytes *d, uint8_t *out, int64_t n) {
    while (n > 0 && d->s->rc == WEIR_OK) {
        if (d->left == 0) {
            uint8_t control = weir_orc_byte(d->s);
            d->run = control < 128;
            d->left = d->run ? control + MIN_RUN : 256 - control;
            if (d->run) d->value = weir_orc_byte(d->s);
        }
        int64_t k = d->left < n ? d->left : n;
        if (d->run)
            memset(out, d->value, (size_t)k);
        else
            (void)weir_orc_stream_read(d->s, out, k);
        d->left -= (int)k;
        out += k, n -= k;
    }
    return d->s->rc;
}

void weir_orc_bits_open(weir_orc_bits *d, weir_orc_stream *s) {
    *d = (weir_orc_bits){.left = 0};
    weir_orc_bytes_open(&d->bytes, s);
}

weir_rc weir_orc_bits_read(weir_orc_bits *d, uint8_t *out, int64_t n) {
    for (int64_t i = 0; i < n; i++) {
        if (d->left == 0) {
            WEIR_TRY(weir_orc_bytes_read(&d->bytes, &d->byte, 1));
            d->left = 8;
        }
        out[i] = d->byte >> --d->left & 1;
    }
    return WEIR_OK;
}

/* ---- integers ---- */

void weir_orc_ints_open(weir_orc_ints *d, weir_orc_stream *s, bool v2, bool is_signed) {
    d->s = s;
    d->v2 = v2;
    d->is_signed = is_signed;
    d->n = d->at = 0;
}

static int64_t one_varint(weir_orc_ints *d) {
    uint64_t v = weir_orc_varint(d->s);
    return d->is_signed ? weir_orc_unzigzag(v) : (int64_t)v;
}

static weir_rc v1_run(weir_orc_ints *d) {
    uint8_t control = weir_orc_byte(d->s);
    if (control < 128) {
        int64_t delta = (int8_t)weir_orc_byte(d->s);
        uint64_t v = (uint64_t)one_varint(d);
        d->n = control + MIN_RUN;
        for (int i = 0; i < d->n; i++, v += (uint64_t)delta) d->v[i] = (int64_t)v;
    } else {
        d->n = 256 - control;
        for (int i = 0; i < d->n; i++) d->v[i] = one_varint(d);
    }
    return d->s->rc;
}

/* Bits of a 5 bit code. FORMAT: the table of "Direct". */
static int bit_width(int code) {
    static const uint8_t wide[] = {26, 28, 30, 32, 40, 48, 56, 64};
    return code < 24 ? code + 1 : wide[code - 24];
}

/* The width that holds n bits. */
static int fixed_width(int n) {
    for (int code = 0; code < 31; code++)
        if (bit_width(code) >= n) return bit_width(code);
    return 64;
}

/* n numbers of width bits, the highest bit first. */
static void unpack_bits(weir_orc_stream *s, int width, int64_t *out, int n) {
    uint8_t byte = 0;
    int left = 0;
    for (int i = 0; i < n; i++) {
        uint64_t v = 0;
        for (int need = width; need > 0;) {
            if (left == 0) {
                byte = weir_orc_byte(s);
                left = 8;
            }
            int k = left < need ? left : need;
            v = v << k | (byte >> (left - k) & ((1u << k) - 1));
            left -= k, need -= k;
        }
        out[i] = (int64_t)v;
    }
}

static uint64_t big_endian(weir_orc_stream *s, int bytes) {
    uint64_t v = 0;
    for (int i = 0; i < bytes; i++) v = v << 8 | weir_orc_byte(s);
    return v;
}

static weir_rc v2_short_repeat(weir_orc_ints *d, uint8_t first) {
    uint64_t v = big_endian(d->s, (first >> 3 & 7) + 1);
    d->n = (first & 7) + MIN_RUN;
    for (int i = 0; i < d->n; i++) d->v[i] = d->is_signed ? weir_orc_unzigzag(v) : (int64_t)v;
    return d->s->rc;
}

static int v2_length(weir_orc_ints *d, uint8_t first) {
    return ((first & 1) << 8 | weir_orc_byte(d->s)) + 1;
}

static weir_rc v2_direct(weir_orc_ints *d, uint8_t first) {
    int width = bit_width(first >> 1 & 31);
    d->n = v2_length(d, first);
    unpack_bits(d->s, width, d->v, d->n);
    for (int i = 0; i < d->n && d->is_signed; i++) d->v[i] = weir_orc_unzigzag((uint64_t)d->v[i]);
    return d->s->rc;
}

static weir_rc v2_patched(weir_orc_ints *d, uint8_t first) {
    int width = bit_width(first >> 1 & 31);
    d->n = v2_length(d, first);
    uint8_t third = weir_orc_byte(d->s), fourth = weir_orc_byte(d->s);
    int base_bytes = (third >> 5) + 1, patch_width = bit_width(third & 31),
        gap_width = (fourth >> 5) + 1, patches = fourth & 31;
    uint64_t base = big_endian(d->s, base_bytes), sign = UINT64_C(1) << (base_bytes * 8 - 1);
    if (base & sign) base = ~(base & (sign - 1)) + 1;
    int64_t patch[32];
    unpack_bits(d->s, width, d->v, d->n);
    if (patch_width + gap_width > 64 || width > 63) return rle_broken(d->s);
    unpack_bits(d->s, fixed_width(patch_width + gap_width), patch, patches);
    int at = 0;
    for (int i = 0; i < patches; i++) {
        uint64_t mask = patch_width == 64 ? ~UINT64_C(0) : (UINT64_C(1) << patch_width) - 1;
        uint64_t bits = (uint64_t)patch[i] & mask;
        at += patch_width == 64 ? 0 : (int)((uint64_t)patch[i] >> patch_width);
        if (at >= d->n) return rle_broken(d->s);
        d->v[at] = (int64_t)((uint64_t)d->v[at] | bits << width);
    }
    for (int i = 0; i < d->n; i++) d->v[i] = (int64_t)((uint64_t)d->v[i] + base);
    return d->s->rc;
}

static weir_rc v2_delta(weir_orc_ints *d, uint8_t first) {
    int code = first >> 1 & 31, width = code ? bit_width(code) : 0;
    d->n = v2_length(d, first);
    uint64_t v = (uint64_t)one_varint(d);
    int64_t step = weir_orc_unzigzag(weir_orc_varint(d->s));
    d->v[0] = (int64_t)v;
    if (d->n > 1) d->v[1] = (int64_t)(v += (uint64_t)step);
    if (d->n > 2 && width) unpack_bits(d->s, width, d->v + 2, d->n - 2);
    for (int i = 2; i < d->n; i++) {
        uint64_t by = width ? (uint64_t)d->v[i] : (uint64_t)step;
        v = width && step < 0 ? v - by : v + by;
        d->v[i] = (int64_t)v;
    }
    return d->s->rc;
}

static weir_rc v2_run(weir_orc_ints *d) {
    uint8_t first = weir_orc_byte(d->s);
    switch (first >> 6) {
    case 0: return v2_short_repeat(d, first);
    case 1: return v2_direct(d, first);
    case 2: return v2_patched(d, first);
    default: return v2_delta(d, first);
    }
}

weir_rc weir_orc_ints_read(weir_orc_ints *d, int64_t *out, int64_t n) {
    while (n > 0) {
        if (d->at == d->n) {
            d->at = d->n = 0;
            WEIR_TRY(d->v2 ? v2_run(d) : v1_run(d));
        }
        int64_t k = d->n - d->at < n ? d->n - d->at : n;
        memcpy(out, d->v + d->at, (size_t)k * 8);
        d->at += (int)k;
        out += k, n -= k;
    }
    return d->s->rc;
}
