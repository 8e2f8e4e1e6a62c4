/* The text of a file of a numbered log (offsets, commits, sources, _spark_metadata): a first line
 * vK, then what the log holds. checkpoint-format 1.2. Thread: any. */
#ifndef WEIR_IO_LOG_TEXT_H
#define WEIR_IO_LOG_TEXT_H
#include "base/ctx.h"

/* Reads path, checks the version against 1 to max_version and finds what follows the first line
 * (empty if nothing does). Fails as SPARK HDFSMetadataLog does, naming the file, when it is
 * missing, empty, has no version or a later one. Text in ctx->arena. */
weir_rc weir_log_text(weir_ctx *, const char *path, int max_version, int *version, char **body);
#endif
