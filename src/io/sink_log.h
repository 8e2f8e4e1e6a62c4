/* <dir>/_spark_metadata: which files a streaming file sink has committed. SPARK FileStreamSinkLog;
 * checkpoint-format 1.7. */
#ifndef WEIR_IO_SINK_LOG_H
#define WEIR_IO_SINK_LOG_H
#include "base/ctx.h"

typedef struct weir_sink_file {
    const char *uri;
    int64_t size_bytes, mtime_ms;
} weir_sink_file;
/* Highest entry, -1 none (also when there is no log). */
weir_rc weir_sink_log_latest(weir_ctx *, const char *dir, int64_t *latest);
/* All committed files, in order, in ctx->arena. *exists false: dir has no log. */
weir_rc weir_sink_log_files(weir_ctx *, const char *dir, bool *exists, weir_sink_file **out,
                            int64_t *n);
/* Entry id, durable on return. */
weir_rc weir_sink_log_add(weir_ctx *, const char *dir, int64_t id, const weir_sink_file *,
                          int64_t n);
#endif
