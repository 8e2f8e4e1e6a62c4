/* FlatBuffers as far as Arrow's IPC metadata needs them. FORMAT: flatbuffers "Internals".
 * Writing goes forward (parents before what they point at) into a weir_str; reading checks every
 * access against the buffer, so that hostile bytes give defaults or "invalid", never a stray load.
 * Thread: any. */
#ifndef WEIR_CODEC_FLATBUF_H
#define WEIR_CODEC_FLATBUF_H
#include "base/buf.h"

typedef struct weir_fbw {
    weir_str *out;
    size_t base;
} weir_fbw; /* positions count from base */
typedef struct weir_fbslot {
    int size;
    int64_t value;
} weir_fbslot; /* size 1, 2, 4, 8; 0 = left out */

/* A table with n slots; at[i] (may be NULL) = where slot i lies, 0 if left out. Offsets: size 4,
 * set later. */
size_t weir_fbw_table(weir_fbw *, const weir_fbslot *, int n, size_t *at);
/* A vector of n zeroed elements; element i lies at result + 4 + i * size. */
size_t weir_fbw_vector(weir_fbw *, size_t n, size_t size);
size_t weir_fbw_string(weir_fbw *, const char *s, size_t n);
void weir_fbw_point(weir_fbw *, size_t from, size_t target); /* the offset stored at from */
void weir_fbw_set64(weir_fbw *, size_t at, int64_t v);

/* bad: something was out of bounds. copied: bytes of strings so far, at most len (they do not
 * overlap). */
typedef struct weir_fb {
    const uint8_t *p;
    size_t len;
    bool bad;
    size_t copied;
} weir_fb;
typedef struct weir_fbt {
    weir_fb *fb;
    size_t at, vt;
    uint16_t nvt, size;
} weir_fbt; /* fb NULL = absent */
typedef struct weir_fbv {
    weir_fb *fb;
    size_t at;
    uint32_t n;
} weir_fbv;

weir_fbt weir_fb_root(weir_fb *);
int64_t weir_fb_int(weir_fbt, int slot, int size, int64_t dflt); /* sign-extended */
weir_fbt weir_fb_sub(weir_fbt, int slot);
weir_fbv weir_fb_vec(weir_fbt, int slot, size_t element_size); /* n 0 if absent */
weir_fbt weir_fb_vec_sub(weir_fbv, uint32_t i);
int64_t weir_fb_vec_i64(weir_fbv, size_t index);           /* of a vector of 8-byte words */
const char *weir_fb_str(weir_arena *, weir_fbt, int slot); /* a copy; NULL if absent */
#endif
