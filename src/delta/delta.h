/* Delta tables on a local path. PROTOCOL.md of Delta: the log, checkpoints, commits, transactions.
 * A snapshot is one task's; it lives in an arena below the one it was loaded in and moves forward
 * by weir_delta_refresh and weir_delta_advance. */
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
    int64_t version, updated_ms; /* updated_ms -1: not recorded */
} weir_delta_txn;
typedef struct weir_delta_tombstone {
    const char *path;
    int64_t deleted_ms;
} weir_delta_tombstone;

typedef struct weir_delta {
    const char *path; /* of the table */
    int64_t version;  /* -1: there is no table */
    int min_reader, min_writer;
    const char **reader_feature, **writer_feature; /* NULL-terminated; NULL: none named */
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
    weir_delta_tombstone *tombstone; /* removed files, for checkpoints */
    bool has_vectors;                /* a removed file had a deletion vector */
    int64_t ntombstone, cleaned_ms;  /* when expired log entries were last looked for */
    int64_t ckpt_version;            /* the newest checkpoint read or written, 0: none */
    weir_arena *mem;
    struct weir_delta_index *index;
} weir_delta;

/* Newest version, or the one asked for (>= 0). Missing table: version -1. Unknown features:
 * DELTA_UNSUPPORTED_*. */
weir_rc weir_delta_load(weir_ctx *, const char *path, int64_t version, weir_delta **out);
/* Reads the entries that came since. */
weir_rc weir_delta_refresh(weir_ctx *, weir_delta *);
/* actions were committed as the next version by the caller: the snapshot follows. */
weir_rc weir_delta_advance(weir_ctx *, weir_delta *, const char *actions);
/* The parts that loading is made of. */
weir_delta *weir_delta_none(weir_arena *mem, const char *path); /* version -1 */
char *weir_delta_entry_path(weir_arena *, const weir_delta *, int64_t version);
weir_rc weir_delta_read_entry(weir_ctx *, weir_delta *, int64_t version);
void weir_delta_settle(weir_delta *); /* removed files leave the list */
/* One action (or sidecar's) of an entry or checkpoint; where names it in errors. */
weir_rc weir_delta_apply(weir_ctx *, weir_delta *, const weir_json *action, const char *where);
/* An add action's file, in mem. */
weir_rc weir_delta_file_of(weir_ctx *, const weir_delta *, weir_arena *mem, const weir_json *add,
                           const char *where, weir_delta_file *out);
weir_rc weir_delta_bad_protocol(weir_ctx *, const weir_delta *); /* versions that weir has not */
/* -1: none, or none any more (delta.setTransactionRetentionDuration). */
int64_t weir_delta_txn_version(const weir_delta *, const char *app_id, int64_t now_ms);
bool weir_delta_txn_expired(const weir_delta *, const weir_delta_txn *, int64_t now_ms);
/* A partition column's values as the log's texts, and such a text as it names a folder (in the
 * session's zone). */
weir_rc weir_delta_part_values(weir_ctx *, const weir_column *, weir_column *out);
const char *weir_delta_part_folder(weir_ctx *, const weir_type *, const char *value);
/* Writes the version after the snapshot's: *lost when another writer has it. Durable on return.
 * Fails where the version before it is gone. */
weir_rc weir_delta_commit(weir_ctx *, const weir_delta *, const char *actions, bool *lost);
/* Fails with DELTA_TRUNCATED_TRANSACTION_LOG when the snapshot's version is not in the log any
 * more: the folder was deleted, and an entry after it would begin a log without metadata. */
weir_rc weir_delta_check_there(weir_ctx *, const weir_delta *);

/* The table's files and its log go, and its folder when nothing of others is in it. */
weir_rc weir_delta_clear(weir_ctx *, const char *path);

/* A checkpoint's files in _delta_log, in order. */
typedef struct weir_delta_ckpt {
    int64_t version; /* -1: none */
    int n;
    const char **file;
} weir_delta_ckpt;
/* The newest complete checkpoint not after version (< 0: any) among the names of a listing. */
weir_rc weir_delta_ckpt_find(weir_ctx *, const weir_dirent *, int64_t n, int64_t version,
                             weir_delta_ckpt *out);
weir_rc weir_delta_ckpt_read(weir_ctx *, weir_delta *, const weir_delta_ckpt *);
/* After a commit: writes a checkpoint when delta.checkpointInterval says so and cleans up expired
 * entries. Failures are logged: the commit stands without them. */
void weir_delta_maintain(weir_ctx *, weir_delta *);

/* The version of the table at a time (text, in the session's zone): the newest not after it, or
 * with from the oldest not before it. */
weir_rc weir_delta_version_at(weir_ctx *, const char *path, const char *when, bool from,
                              int64_t *version);

weir_rc weir_delta_history(weir_ctx *, const char *path, weir_schema **, weir_batch *);
weir_rc weir_delta_detail(weir_ctx *, const char *path, const char *name, weir_schema **,
                          weir_batch *);

/* The sink's of that name. */
weir_rc weir_delta_announce(weir_ctx *, const weir_write_info *);

/* As SHOW TBLPROPERTIES has them: the stored ones, and the protocol as properties. By name. */
weir_rc weir_delta_shown_properties(weir_ctx *, const char *path, weir_options *out);

/* A table opened as a relation: a snapshot, and for streams where they stand (stream.c). */
typedef struct weir_delta_scan {
    weir_delta *d;
    struct weir_delta_stream *stream;
} weir_delta_scan;
weir_rc weir_delta_stream_open(weir_ctx *, weir_scan *, weir_delta_scan *);
weir_rc weir_delta_stream_start(weir_ctx *, weir_scan *, const char *last);
weir_rc weir_delta_stream_latest(weir_ctx *, weir_scan *, const char *from, const weir_limit *,
                                 const char **to);
weir_rc weir_delta_stream_freeze(weir_ctx *, weir_scan *);
weir_rc weir_delta_stream_split(weir_ctx *, weir_scan *, const char *from, const char *to,
                                weir_splits *);
/* The file as a piece of input; f lives as long as the splits. */
weir_rc weir_delta_add_split(weir_ctx *, const weir_delta *, const weir_delta_file *f,
                             weir_splits *);
const char *weir_delta_stream_description(weir_ctx *, weir_scan *);
extern const weir_source_ops weir_delta_source;
extern const weir_sink_ops weir_delta_sink;
#endif
