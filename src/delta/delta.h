/* Delta tables on a local path. PROTOCOL.md of Delta; spec of the log, commits and transactions. A
 * snapshot is read-only and lives in the arena it was made in. */
#ifndef WEIR_DELTA_DELTA_H
#define WEIR_DELTA_DELTA_H
#include "io/sink.h"

typedef struct weir_delta_file {
    const char *path;  /* as in the log: relative, URI-encoded */
    const char **part; /* values of the partition columns, NULL = null */
    int64_t size_bytes, mtime_ms;
    const char *stats; /* JSON text or NULL */
} weir_delta_file;
typedef struct weir_delta_txn {
    const char *app_id;
    int64_t version;
} weir_delta_txn;

typedef struct weir_delta {
    const char *path; /* of the table */
    int64_t version;  /* -1: there is no table */
    int min_reader, min_writer;
    const char *id, *name, *description;
    weir_schema *schema;
    const char **part;
    int32_t npart; /* partition columns */
    weir_options config;
    int64_t created_ms;
    weir_delta_file *file;
    int64_t nfile;
    weir_delta_txn *txn;
    int ntxn;
} weir_delta;

/* Newest version, or the one asked for (>= 0). Missing table: version -1. Unknown features:
 * DELTA_UNSUPPORTED_*. */
weir_rc weir_delta_load(weir_ctx *, const char *path, int64_t version, weir_delta **out);
int64_t weir_delta_txn_version(const weir_delta *, const char *app_id); /* -1 none */
char *weir_delta_local(weir_arena *, const weir_delta *, const char *file_path);
/* Writes commit version: *lost when another writer has it. Durable on return. */
weir_rc weir_delta_commit(weir_ctx *, const char *path, int64_t version, const char *actions,
                          bool *lost);
weir_rc weir_delta_history(weir_ctx *, const char *path, weir_schema **, weir_batch *);
weir_rc weir_delta_detail(weir_ctx *, const char *path, const char *name, weir_schema **,
                          weir_batch *);

extern const weir_source_ops weir_delta_source;
extern const weir_sink_ops weir_delta_sink;
#endif
