/* How Parquet and ORC files are packed: one table row a codec. SPARK ParquetOptions, OrcOptions.
 * Thread: any. */
#ifndef WEIR_BASE_FILE_CODEC_H
#define WEIR_BASE_FILE_CODEC_H
#include "base/options.h"

typedef enum { WEIR_FILES_PARQUET, WEIR_FILES_ORC } weir_columnar;

typedef struct weir_file_codec {
    const char *name, *extension; /* "zstd", ".zstd.parquet" */
    const char *arrow;            /* Parquet: the name that Arrow has for it; NULL: not done here */
    int orc;                      /* ORC: its CompressionKind; -1: not done here */
} weir_file_codec;

/* By the option compression, else parquet.compression (orc.compress), else the session's setting.
 * Fails with CODEC_NOT_AVAILABLE, and by name for those that are not done here. */
weir_rc weir_file_codec_find(struct weir_ctx *, weir_columnar, const weir_options *,
                             const weir_file_codec **out);
#endif
