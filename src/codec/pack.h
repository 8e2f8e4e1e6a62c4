/* Compressed text files: one table from the option compression to the container and its extension.
 * SPARK CompressionCodecs, CodecStreams; Hadoop finds the codec of a file by its extension, in any
 * case, whatever the options say. */
#ifndef WEIR_CODEC_PACK_H
#define WEIR_CODEC_PACK_H
#include "base/buf.h"
#include "base/mapping.h"
#include "base/options.h"

typedef struct weir_pack weir_pack; /* a codec; NULL: none */
const char *weir_pack_name(const weir_options *); /* the option compression, or codec; NULL */
/* By the option's value or Hadoop's class (NULL: none). Fails as Spark for those it has not. */
weir_rc weir_pack_find(weir_ctx *, const char *compression, const weir_pack **out);
const char *weir_pack_extension(const weir_pack *); /* ".gz"; "" of none */

const weir_pack *weir_pack_of(const char *path); /* by its extension */

/* The text of a file, in ctx->arena: mapped, or, when its name ends as that of a compressed one,
 * unpacked (within the budget). */
typedef struct weir_text_file {
    const char *p;
    size_t len;
    weir_mapping *map;  /* pages may be given back while it is read, and when it has been
                         * weir_mapping_check is to be passed; NULL: unpacked, or empty */
    const char *damage; /* why the file's rest cannot be read; NULL: it is whole */
} weir_text_file;
weir_rc weir_text_map(weir_ctx *, const char *path, weir_text_file *out);

/* Packs a text that comes in pieces. Lives, and is released, with the arena. */
typedef struct weir_packer weir_packer;
weir_packer *weir_packer_new(weir_arena *, const weir_pack *);
weir_rc weir_packer_add(weir_ctx *, weir_packer *, const void *p, size_t n, bool last,
                        weir_str *out);
#endif
