/* Compressed text files: one table from the option compression to the container and its extension.
 * SPARK CompressionCodecs, CodecStreams; Hadoop finds the codec of a file by its extension. */
#ifndef WEIR_CODEC_PACK_H
#define WEIR_CODEC_PACK_H
#include "base/buf.h"

typedef struct weir_pack weir_pack; /* a codec; NULL: none */
/* By the option's value (NULL: none). Fails, by name, for those that are not done here and those
 * that Spark has not. */
weir_rc weir_pack_find(weir_ctx *, const char *compression, const weir_pack **out);
const char *weir_pack_extension(const weir_pack *); /* ".gz"; "" of none */

const weir_pack *weir_pack_of(const char *path); /* by its extension */

/* The text of a file, in ctx->arena: mapped, or, when its name ends as that of a compressed one,
 * unpacked (within the budget). *mapped: pages may be given back while it is read. */
weir_rc weir_text_map(weir_ctx *, const char *path, const char **p, size_t *len, bool *mapped);

/* Packs a text that comes in pieces. Lives, and is released, with the arena. */
typedef struct weir_packer weir_packer;
weir_packer *weir_packer_new(weir_arena *, const weir_pack *);
void weir_packer_add(weir_packer *, const void *p, size_t n, bool last, weir_str *out);
#endif
