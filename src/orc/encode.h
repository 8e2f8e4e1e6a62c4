/* ORC's runs, of the format's first version, and its protobuf messages, as bytes. FORMAT: ORC
 * specification v1, "Run Length Encoding". A stream's bytes are in out once it is ended; it may
 * then be begun again. One thread. */
#ifndef WEIR_ORC_ENCODE_H
#define WEIR_ORC_ENCODE_H
#include "base/buf.h"
#include "col/column.h"

typedef struct weir_orc_out_ints {
    weir_str out;
    bool is_signed, run;
    int n, tail; /* values that wait; those at the end that could begin a run */
    int64_t step, v[128];
} weir_orc_out_ints;
void weir_orc_out_ints_init(weir_orc_out_ints *, weir_arena *, bool is_signed);
void weir_orc_out_int(weir_orc_out_ints *, int64_t);
weir_str *weir_orc_out_ints_end(weir_orc_out_ints *);

typedef struct weir_orc_out_bytes {
    weir_str out;
    bool run;
    int n, tail;
    uint8_t v[128];
} weir_orc_out_bytes;
void weir_orc_out_bytes_init(weir_orc_out_bytes *, weir_arena *);
void weir_orc_out_byte(weir_orc_out_bytes *, uint8_t);
weir_str *weir_orc_out_bytes_end(weir_orc_out_bytes *);

typedef struct weir_orc_out_bits {
    weir_orc_out_bytes bytes;
    uint8_t byte;
    int n; /* bits of byte */
} weir_orc_out_bits;
void weir_orc_out_bits_init(weir_orc_out_bits *, weir_arena *);
void weir_orc_out_bit(weir_orc_out_bits *, bool);
weir_str *weir_orc_out_bits_end(weir_orc_out_bits *);

void weir_orc_out_mantissa(weir_str *, weir_i128); /* of a decimal */
/* Fields of a message: a number; a text, or a message. */
void weir_orc_out_number(weir_str *, int field, uint64_t);
void weir_orc_out_text(weir_str *, int field, const char *, size_t n);
#endif
