/* A directory of numbered log files (Spark's HDFSMetadataLog): offsets/, commits/.
 * checkpoint-format 1.2. Driver thread of the query only. */
#ifndef WEIR_QUERY_CKPT_LOG_H
#define WEIR_QUERY_CKPT_LOG_H
#include "base/ctx.h"

typedef struct weir_log_dir {
    const char *dir;
    int max_version;
    int64_t purged_below;
} weir_log_dir;

/* Highest and lowest id; -1 when empty. */
weir_rc weir_log_range(weir_ctx *, weir_log_dir *, int64_t *lowest, int64_t *latest);
/* The text after the version line. Fails naming the file when it is missing, empty, of a later
 * version. */
weir_rc weir_log_read(weir_ctx *, weir_log_dir *, int64_t id, int *version, char **text);
/* *text NULL when there is no such file. */
weir_rc weir_log_get(weir_ctx *, weir_log_dir *, int64_t id, int *version, char **text);
/* Durable, never over an existing file: CONCURRENT_STREAM_LOG_UPDATE then. */
weir_rc weir_log_write(weir_ctx *, weir_log_dir *, int64_t id, const char *text);
/* Deletes files with ids below keep_from. */
weir_rc weir_log_purge(weir_ctx *, weir_log_dir *, int64_t keep_from);
#endif
