/* State of a stateful operator: a table from key bytes to value bytes (Spark's UnsafeRow) held in
 * memory, with the files of Spark's HDFS-backed provider behind it (checkpoint-format 2, 2.3).
 * Batch N starts from version N and commits N + 1. One store holds all its partitions: a task owns
 * a range of them, today one task owns all.
 * Thread: the query's driver; weir_state_maintain alone runs on another and touches only files. */
#ifndef WEIR_STATE_STORE_H
#define WEIR_STATE_STORE_H
#include "codec/unsafe_row.h"

typedef struct weir_store weir_store;

typedef struct weir_store_spec { /* everything is copied by weir_store_open, but u */
    const char *dir;             /* <checkpoint>/state/<operator id> */
    const char *name;            /* "default": files lie in the partition's folder itself */
    int32_t nheld;               /* partitions 0 .. nheld-1 are held (global aggregates: 1) */
    weir_schema *key, *value;    /* as the schema file says; all nullable */
    const char *codec;           /* lz4, zstd, snappy, lzf: value of the recorded conf */
    bool row_checksum;           /* spark.sql.streaming.stateStore.rowChecksum.enabled */
    bool schema_unchecked;       /* whatever the schema file says */
    /* When an entry is due for weir_store_expired: event time in micros, INT64_MAX never. NULL: no
     * entry ever is. Must depend on the bytes alone. */
    int64_t (*due_us)(const void *u, weir_bytes key, weir_bytes value);
    /* Entries with the same number are found together by weir_store_group; NULL: no such index. */
    uint64_t (*group)(const void *u, weir_bytes key);
    const void *u;
} weir_store_spec;

/* Counters of the batch that runs; weir_store_commit leaves them, weir_store_begin clears. */
typedef struct weir_store_stat {
    int64_t rows_total, rows_updated, rows_removed, memory_bytes;
    int64_t update_us, remove_us, commit_us;
} weir_store_stat;

/* Checks the schema file against key and value (STATE_STORE_KEY_SCHEMA_NOT_COMPATIBLE,
 * STATE_STORE_VALUE_SCHEMA_NOT_COMPATIBLE: types in order count, names do not; a missing file is
 * written), then loads version (0: empty) of every partition. A missing or damaged file fails with
 * CANNOT_LOAD_STATE_STORE.*, the file named. Close with weir_store_close, also after a failure. */
weir_rc weir_store_open(weir_ctx *, const weir_store_spec *, int64_t version, weir_store **out);
void weir_store_close(weir_store *);

/* Clears the counters. */
void weir_store_begin(weir_store *);
/* The entry of key, -1 none. Entries keep their number until removed. */
weir_rc weir_store_find(weir_ctx *, weir_store *, weir_bytes key, int64_t *entry);
/* The same for many: entry has keys->n places. */
weir_rc weir_store_find_all(weir_ctx *, weir_store *, const weir_rowset *keys, int64_t *entry);
weir_bytes weir_store_key(weir_ctx *, const weir_store *, int64_t entry); /* in ctx->arena */
weir_bytes weir_store_value(weir_ctx *, const weir_store *, int64_t entry);
int32_t weir_store_part(const weir_store *, int64_t entry);
/* Adds or replaces; bytes are copied. part: of a new key. */
weir_rc weir_store_put(weir_ctx *, weir_store *, int32_t part, weir_bytes key, weir_bytes value);
void weir_store_remove(weir_store *, int64_t entry);
/* The live entry that is due first, if due_us <= upto_us; -1 none. The caller removes it (or puts
 * it with a later time) before it asks again. */
int64_t weir_store_expired(weir_store *, int64_t upto_us);
/* Entries of a group: first with after = -1; -1 at the end. The caller compares keys,
 * and asks for the next before it removes one. */
int64_t weir_store_group(const weir_store *, uint64_t group, int64_t after);
/* All live entries, in no order: start with after = -1; -1 at the end. */
int64_t weir_store_next(const weir_store *, int64_t after);
/* Entries that this batch has put, as long as it has removed none: *cursor starts at 0; -1 at the
 * end. */
int64_t weir_store_changed(const weir_store *, int64_t *cursor);
int64_t weir_store_count(const weir_store *);

/* Writes version + 1 of every partition (empty deltas too), each name under which it is durable,
 * before it returns: temporary names, one flush for all, renames, folders. Replaces what an
 * abandoned batch left under these names, a stale .crc beside it too. A failed commit leaves the
 * store unusable but for close. */
weir_rc weir_store_commit(weir_ctx *, weir_store *);
int64_t weir_store_version(const weir_store *);
void weir_store_stats(const weir_store *, weir_store_stat *out);

/* Files only, on any thread, beside a running query: for each partition under dir/name, writes
 * version.snapshot when more than min_deltas deltas follow the newest snapshot, then deletes what
 * is older than the newest snapshot at or below version - retain. */
weir_rc weir_state_maintain(weir_ctx *, const weir_store_spec *, int64_t version, int min_deltas,
                            int64_t retain);

/* UNSUPPORTED_FEATURE unless the configuration names the HDFS-backed provider. */
weir_rc weir_state_provider_check(weir_ctx *, const weir_conf *);

/* Operator metadata v1 (checkpoint-format 2.1): written at the first batch, the name compared on a
 * restart (STREAMING_STATEFUL_OPERATOR_NOT_MATCH_IN_STATE_METADATA is the query's to raise: it
 * knows all). *name NULL when there is no file. */
typedef struct weir_state_store_info {
    const char *name;
    int32_t prefix_cols, npart;
} weir_state_store_info;
weir_rc weir_state_metadata_write(weir_ctx *, const char *dir, int32_t op_id, const char *op_name,
                                  const weir_state_store_info *, int nstore);
weir_rc weir_state_metadata_read(weir_ctx *, const char *dir, int32_t *op_id, const char **name,
                                 weir_state_store_info **, int *nstore);
#endif
