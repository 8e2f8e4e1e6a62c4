/* sources/<i>/K: which files each log entry of a streaming file source took. SPARK
 * FileStreamSourceLog: version v1, one JSON object a line, every compactInterval-th entry K.compact
 * holds all before it. checkpoint-format 1.6. */
#ifndef WEIR_SOURCE_FILE_LOG_H
#define WEIR_SOURCE_FILE_LOG_H
#include "base/ctx.h"

typedef struct weir_log_file {
    const char *uri;
    int64_t mtime_ms, entry;
} weir_log_file;
typedef struct weir_file_log weir_file_log;

/* Reads the whole log. Lives in mem. */
weir_rc weir_file_log_open(weir_ctx *, weir_arena *mem, const char *dir, weir_file_log **out);
int64_t weir_file_log_latest(const weir_file_log *); /* -1: empty */
bool weir_file_log_seen(const void *file_log, const char *uri);
void weir_file_log_by_name(weir_file_log *); /* from now on files are known by their last name */
int64_t weir_file_log_newest(const weir_file_log *); /* largest mtime_ms, 0: empty */
/* Entry latest+1, durable on return. */
weir_rc weir_file_log_add(weir_ctx *, weir_file_log *, const weir_log_file *, int64_t n);
/* Files of entries (from, to], in order. */
weir_rc weir_file_log_range(weir_ctx *, weir_file_log *, int64_t from, int64_t to,
                            weir_log_file **out, int64_t *n);
#endif
