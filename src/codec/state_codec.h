/* Compression of whole state files: one table from the name in
 * spark.sql.streaming.stateStore.compression.codec to its container (checkpoint-format 2.3).
 * Thread: any; no state. */
#ifndef WEIR_CODEC_STATE_CODEC_H
#define WEIR_CODEC_STATE_CODEC_H
#include "base/buf.h"

enum { WEIR_PIECE = 1 << 15, WEIR_FIRST_PIECE = 1, WEIR_LAST_PIECE = 2, WEIR_ALL_PIECES = 3 };

typedef struct weir_state_codec {
    const char *name, *java_class; /* "lz4"; the class name Spark also takes */
    /* As weir_lz4block_decode. */
    weir_rc (*decode)(weir_ctx *, const uint8_t *p, size_t n, uint8_t **out, size_t *len,
                      const char **why);
    /* Appends the container of the bytes; full: out->failed. A long text may be given in pieces,
     * whose lengths are multiples of WEIR_PIECE but for the last, unless it must be whole. */
    void (*encode)(const uint8_t *p, size_t n, unsigned which, weir_str *out);
    bool whole;
} weir_state_codec;

/* Fails with CODEC_NOT_AVAILABLE when there is none of this name; case does not count. */
weir_rc weir_state_codec_find(weir_ctx *, const char *name, const weir_state_codec **out);
#endif
