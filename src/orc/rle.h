/* ORC's run-length encodings: bytes, booleans, integers of both versions. FORMAT: ORC specification
 * v1, "Run Length Encoding". A decoder reads one stream and belongs to its thread; failures are the
 * stream's. */
#ifndef WEIR_ORC_RLE_H
#define WEIR_ORC_RLE_H
#include "orc/stream.h"

typedef struct weir_orc_ints {
    weir_orc_stream *s;
    bool v2, is_signed;
    int n, at; /* values of the run that is read: v[at..n) */
    int64_t v[512];
} weir_orc_ints;
void weir_orc_ints_open(weir_orc_ints *, weir_orc_stream *, bool v2, bool is_signed);
weir_rc weir_orc_ints_read(weir_orc_ints *, int64_t *out, int64_t n);

typedef struct weir_orc_bytes {
    weir_orc_stream *s;
    int left;
    bool run;
    uint8_t value;
} weir_orc_bytes;
void weir_orc_bytes_open(weir_orc_bytes *, weir_orc_stream *);
weir_rc weir_orc_bytes_read(weir_orc_bytes *, uint8_t *out, int64_t n);

typedef struct weir_orc_bits {
    weir_orc_bytes bytes;
    uint8_t byte;
    int left; /* bits of byte */
} weir_orc_bits;
void weir_orc_bits_open(weir_orc_bits *, weir_orc_stream *);
weir_rc weir_orc_bits_read(weir_orc_bits *, uint8_t *out, int64_t n); /* one byte each, 0 or 1 */

/* A number of 7 bits a byte, the lowest first. */
uint64_t weir_orc_varint(weir_orc_stream *);
static inline int64_t weir_orc_unzigzag(uint64_t v) {
    return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}
#endif
