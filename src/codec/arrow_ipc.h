/* Arrow's IPC stream format: what Spark Connect and Python workers speak. FORMAT: Arrow columnar
 * format 1.5, "Serialization and Interprocess Communication" (metadata version 5, little-endian).
 * SPARK ArrowUtils.toArrowType decides the types written: timestamp[us, tz],
 * interval[month_day_nano], interval[year_month] (int32 months), duration[us], time64[ns]. Thread:
 * that of ctx. */
#ifndef WEIR_CODEC_ARROW_IPC_H
#define WEIR_CODEC_ARROW_IPC_H
#include "col/column.h"

/* A complete stream: schema, batches, end. Appends to out; over its maximum: OUT_OF_MEMORY. tz NULL
 * = UTC. */
weir_rc weir_ipc_write_stream(weir_ctx *, weir_schema *, const char *tz, const weir_batch *batches,
                              int n, weir_str *out);
/* The same in pieces, for streams that go on while the other side reads. */
weir_rc weir_ipc_write_schema(weir_ctx *, weir_schema *, const char *tz, weir_str *out);
weir_rc weir_ipc_write_batch(weir_ctx *, const weir_batch *, weir_str *out);
weir_rc weir_ipc_write_end(weir_ctx *, weir_str *out);

/* Reads a whole stream. Nothing in bytes is trusted, and nothing read points into it. expected (may
 * be NULL): the columns must be of those kinds, by position, and batches carry that schema; names
 * are the caller's business. Dictionaries are decoded. Compressed bodies and delta dictionaries:
 * UNSUPPORTED_FEATURE. *schema (may be NULL) = expected, or what the stream says. Allocates in
 * ctx->arena. */
weir_rc weir_ipc_read_stream(weir_ctx *, const void *bytes, size_t len, weir_schema *expected,
                             weir_schema **schema, weir_batch **out, int *n);

/* Reading message by message, from a pipe or socket. The reader lives in the arena of its making.
 */
typedef struct weir_ipc_reader weir_ipc_reader;
typedef enum {
    WEIR_IPC_MORE,
    WEIR_IPC_SCHEMA,
    WEIR_IPC_DICTIONARY,
    WEIR_IPC_BATCH,
    WEIR_IPC_END
} weir_ipc_kind;
weir_ipc_reader *weir_ipc_reader_new(weir_ctx *, weir_schema *expected);
/* One message at bytes. *kind MORE: *used bytes (or as yet unknown: 0) are needed in all. Otherwise
 * *used bytes were consumed; BATCH fills *out from ctx->arena (which may be reset between calls).
 */
weir_rc weir_ipc_read_message(weir_ctx *, weir_ipc_reader *, const void *bytes, size_t len,
                              size_t *used, weir_ipc_kind *kind, weir_batch *out);
weir_schema *weir_ipc_reader_schema(const weir_ipc_reader *); /* NULL before SCHEMA */
#endif
