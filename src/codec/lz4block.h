/* The container lz4-java's LZ4BlockOutputStream writes (checkpoint-format 2.3): blocks with a
 * header each, XXH32 over the plain bytes with the top four bits dropped. Not the LZ4 frame format.
 * Thread: any; no state. */
#ifndef WEIR_CODEC_LZ4BLOCK_H
#define WEIR_CODEC_LZ4BLOCK_H
#include "base/buf.h"

/* The plain bytes of a whole file, in ctx->arena. Any bytes are safe. A file that stops between
 * blocks (no end block) is whole. *why is the reason when it fails without an error raised: it
 * returns WEIR_OK then; NULL otherwise. */
weir_rc weir_lz4block_decode(weir_ctx *, const uint8_t *p, size_t n, uint8_t **out, size_t *len,
                             const char **why);
/* Appends the container of the bytes, or a piece of it (see state_codec.h); blocks that do not
 * shrink are stored. */
void weir_lz4block_encode(const uint8_t *p, size_t n, unsigned which, weir_str *out);
#endif
