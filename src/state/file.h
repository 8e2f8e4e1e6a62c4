/* The files of a state store: the records of deltas and snapshots, their names, and publishing many
 * of them with one flush. checkpoint-format 2.3. Thread: any; no state. */
#ifndef WEIR_STATE_FILE_H
#define WEIR_STATE_FILE_H
#include "codec/state_codec.h"
#include "state/table.h"

/* Where a partition's files lie. */
typedef struct weir_part_dir {
    const char *dir;        /* <checkpoint>/state/<operator id>/<part>[/<store>] */
    const char *op, *store; /* for messages */
    int32_t part;
    const weir_state_codec *codec;
    bool row_checksum;
} weir_part_dir;

/* ---- records ---- */

typedef struct weir_records {
    const uint8_t *p, *end;
    const char *path; /* for messages */
    const weir_part_dir *where;
    bool snapshot;
} weir_records;
typedef struct weir_record {
    weir_bytes key, value; /* into the records' bytes */
    bool removed, last;    /* last: the end marker, no record */
} weir_record;
/* Any bytes are safe. Fails with CANNOT_LOAD_STATE_STORE.*, or
 * STATE_STORE_ROW_CHECKSUM_VERIFICATION_FAILED. */
weir_rc weir_records_next(weir_ctx *, weir_records *, weir_record *);

/* Writing into room the caller measured. */
int64_t weir_record_size(bool row_checksum, int64_t klen, int64_t vlen);
int64_t weir_record_removed_size(bool row_checksum, int64_t klen);
enum { WEIR_RECORD_END_SIZE = 4 };
uint8_t *weir_record_put(uint8_t *p, bool row_checksum, weir_bytes key, weir_bytes value);
uint8_t *weir_record_removed(uint8_t *p, bool row_checksum, weir_bytes key);
uint8_t *weir_record_end(uint8_t *p);
int64_t weir_record_entry_size(bool row_checksum, const weir_entry *, bool removed);

/* ---- a partition's files ---- */

weir_part_dir weir_part_dir_of(weir_ctx *, const char *dir, const char *store, int32_t part,
                               const weir_state_codec *, bool row_checksum);
/* As Spark names a store in messages. */
char *weir_part_dir_text(weir_ctx *, const weir_part_dir *);
/* "12.delta": version 12, *snapshot false. False: another name. */
bool weir_state_name(const char *name, int64_t *version, bool *snapshot);
/* The newest snapshot at or below version; 0 when there is none. */
weir_rc weir_state_newest(weir_ctx *, const weir_part_dir *, int64_t version, int64_t *snapshot);
/* Puts version of the partition into the table: the newest snapshot and the deltas after it. */
weir_rc weir_state_load(weir_ctx *, const weir_part_dir *, int64_t version, weir_table *);
/* The same from a snapshot that must be there; 0: from the deltas alone. */
weir_rc weir_state_load_from(weir_ctx *, const weir_part_dir *, int64_t snapshot, int64_t version,
                             weir_table *);
/* The records of one file, their bytes in ctx->arena. CANNOT_LOAD_STATE_STORE.* names a file that
 * is missing or damaged. */
weir_rc weir_state_records(weir_ctx *, const weir_part_dir *, int64_t version, bool snapshot,
                           weir_records *out);

/* ---- publishing ---- */

typedef struct weir_state_file {
    const char *dir, *name;
    char *tmp;
} weir_state_file;
typedef struct weir_state_files { /* zeroed: empty */
    weir_state_file *v;
    int n, cap;
    bool one_flush; /* of the file system: set when more than a few files are to come */
} weir_state_files;
/* Writes a temporary file. dir must be there. */
weir_rc weir_state_files_add(weir_ctx *, weir_state_files *, const char *dir, const char *name,
                             const void *p, size_t n);
/* An empty temporary file, to be written by the caller. */
weir_rc weir_state_files_begin(weir_ctx *, weir_state_files *, const char *dir, const char *name,
                               weir_file **);

/* Records into such a file, packed on the way: a long file is never in memory whole. */
typedef struct weir_pack {
    const weir_state_codec *codec;
    weir_state_files *fs;
    weir_file *file;
    weir_buf *bytes;
    int64_t used, cap;
    bool begun, row_checksum;
    weir_str out;
} weir_pack;
/* size: of all records and the end marker. Close it with weir_pack_close, also after a failure
 * (rc), which that returns. */
weir_rc weir_pack_open(weir_ctx *, weir_pack *, const weir_part_dir *, weir_state_files *,
                       const char *name, int64_t size);
/* The record of an entry that is there, or that was removed. */
weir_rc weir_pack_entry(weir_ctx *, weir_pack *, const weir_entry *, bool removed);
weir_rc weir_pack_close(weir_ctx *, weir_pack *, weir_rc rc);
/* Makes all of them durable under their names. any: a folder on the same file system. */
weir_rc weir_state_files_publish(weir_ctx *, weir_state_files *, const char *any);
/* After a failure: removes what is left of temporary files, quietly. */
void weir_state_files_drop(weir_ctx *, weir_state_files *);
#endif
