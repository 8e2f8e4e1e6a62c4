/* <dir>/_spark_metadata: which files a streaming file sink has committed. SPARK FileStreamSinkLog;
 * checkpoint-format 1.7. */
#ifndef WEIR_IO_SINK_LOG_H
#define WEIR_IO_SINK_LOG_H
#include "base/ctx.h"

typedef struct weir_sink_file {
    const char *uri;
    int64_t size_bytes, mtime_ms;
} weir_sink_file;
/* What a writer knows of the log, so that a batch need not look through it again. */
typedef struct weir_sink_log {
    const char *dir;
    int64_t latest;          /* highest entry, -1 none (also when there is no log) */
    int64_t compact, lowest; /* newest compact entry, -1 none; the lowest that may be there */
    int64_t interval;
    bool exists;
} weir_sink_log;
/* Looks at the log of dir, which must live as long as *out. */
weir_rc weir_sink_log_open(weir_ctx *, const char *dir, weir_sink_log *out);
/* All committed files, in order, in ctx->arena. *exists false: dir has no log. */
weir_rc weir_sink_log_files(weir_ctx *, const char *dir, bool *exists, weir_sink_file **out,
                            int64_t *n);
/* Entry id, durable on return; every interval-th holds all before it, and old ones go. */
weir_rc weir_sink_log_add(weir_ctx *, weir_sink_log *, int64_t id, const weir_sink_file *,
                          int64_t n);
#endif
