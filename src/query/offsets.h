/* offsets/N of a checkpoint: what batch N takes, its watermark and time, and the configuration it
 * ran with. checkpoint-format 1.3, 1.4. Driver thread of the query only. */
#ifndef WEIR_QUERY_OFFSETS_H
#define WEIR_QUERY_OFFSETS_H
#include "base/json.h"
#include "query/ckpt_log.h"

typedef struct weir_offsets {
    int64_t watermark_ms, time_ms;
    const weir_json *conf; /* in ctx->arena of the read; NULL: none */
    int n;
    const char **line; /* a source's offset; NULL: none yet */
} weir_offsets;

/* offsets/id. Lines are in mem. Fails naming the file when it is damaged, or when the number of
 * sources is another. */
weir_rc weir_offsets_read(weir_ctx *, weir_log_dir *, int64_t id, int nsource, weir_arena *mem,
                          weir_offsets *out);
/* The same for any number of sources; *there false, and nothing else, if there is no such file. */
weir_rc weir_offsets_look(weir_ctx *, weir_log_dir *, int64_t id, bool *there, weir_offsets *out);
/* Version 1, with the recorded keys of conf. */
weir_rc weir_offsets_write(weir_ctx *, weir_log_dir *, int64_t id, const weir_offsets *,
                           const weir_conf *conf);
/* Recorded values win over those of the session; keys that old checkpoints lack get what Spark
 * assumes for them. */
void weir_offsets_restore(const weir_offsets *, weir_conf *);
/* Values of a first start that must be settled once: spark.sql.shuffle.partitions=auto. */
void weir_offsets_settle(weir_ctx *, weir_conf *);
#endif
