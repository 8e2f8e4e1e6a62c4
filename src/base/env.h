/* The operating system: files, clock, random. The only place that calls it (besides wire/, python
 * and app/). Every file operation that changes something, or that a fault can hit, is numbered
 * globally: WEIR_CRASH_AT=n       the process kills itself (SIGKILL) instead of doing operation n
 *   WEIR_FAULT_AT=n:ERR   operation n fails: EIO, ENOSPC, or SHORT (a write that stops half-way,
 * then ENOSPC)
 *   WEIR_FAULT_PROOF=file a line when either of these has come to pass: KILL or the error, n, name,
 * path, second path, with tabs
 *   WEIR_IO_TRACE=file    one line per operation: n, name, path, second path, offset, bytes, with
 * tabs; behind the line of a write its bytes and a newline. For replaying a loss of power.
 * All functions set ctx->err by weir_fail_io on failure unless said otherwise;
 * paths are local, absolute or relative, NUL-terminated. Thread: any. */
#ifndef WEIR_BASE_ENV_H
#define WEIR_BASE_ENV_H
#include "base/err.h"
#include <stdbool.h>

struct weir_ctx;
typedef struct weir_env weir_env;
typedef struct weir_file weir_file;

weir_env *weir_env_real(void); /* one per process, never freed */

typedef struct weir_stat {
    bool exists, is_dir;
    int64_t size_bytes, mtime_us;
    uint64_t inode;
} weir_stat;
typedef struct weir_dirent {
    const char *name;
    bool is_dir;
    int64_t size_bytes, mtime_us;
} weir_dirent;

/* Reading. open_read of a missing file fails with PATH_NOT_FOUND-like I/O error; use stat to ask
 * first. */
weir_rc weir_file_open(struct weir_ctx *, const char *path, weir_file **out);
weir_rc weir_file_read(struct weir_ctx *, weir_file *, void *p, int64_t want,
                       int64_t *got); /* 0 = end */
weir_rc weir_file_pread(struct weir_ctx *, weir_file *, int64_t at, void *p, int64_t want,
                        int64_t *got);
weir_rc weir_file_slurp(struct weir_ctx *, const char *path, char **text,
                        size_t *len); /* arena, NUL added */

/* Writing: durable pieces. close does not sync. */
weir_rc weir_file_create(struct weir_ctx *, const char *path, bool exclusive, weir_file **out);
/* Without a name, in dir (its path in messages): gone with the process, or when it is dropped. */
weir_rc weir_file_temp(struct weir_ctx *, const char *dir, weir_file **out);
weir_rc weir_file_append(struct weir_ctx *, const char *path, weir_file **out);
weir_rc weir_file_write(struct weir_ctx *, weir_file *, const void *p, size_t n);
weir_rc weir_file_sync(struct weir_ctx *, weir_file *);
weir_rc weir_file_close(struct weir_ctx *, weir_file *);
int weir_file_fd(const weir_file *); /* the file's, for what only a descriptor can do */
void weir_file_drop(weir_file *); /* close, errors ignored: for error paths */

/* A whole small file, durable: temp beside it (.name.uuid.tmp), write, fsync, rename, fsync
 * directory. replace false: *lost is set (and nothing changed) when the target exists; lost may be
 * NULL: then an existing target is an error. */
weir_rc weir_file_put(struct weir_ctx *, const char *path, const void *p, size_t n, bool replace,
                      bool *lost);

weir_rc weir_path_stat(struct weir_ctx *, const char *path,
                       weir_stat *); /* missing is not an error */
weir_rc weir_path_list(struct weir_ctx *, const char *dir, bool with_stat, weir_dirent **out,
                       int64_t *n); /* unsorted; missing dir gives 0 */
weir_rc weir_path_mkdirs(struct weir_ctx *,
                         const char *dir); /* like mkdir -p, new parents are synced */
weir_rc weir_path_rename(struct weir_ctx *, const char *from, const char *to, bool replace,
                         bool *lost);
weir_rc weir_path_remove(struct weir_ctx *, const char *path); /* a file; missing is not an error */
weir_rc weir_path_remove_all(struct weir_ctx *, const char *path); /* rm -r */
weir_rc weir_path_rmdir(struct weir_ctx *, const char *path);      /* unless something is in it */
bool weir_path_is_link(const char *path);
weir_rc weir_path_mkdir(struct weir_ctx *, const char *dir);       /* one level, nothing synced */
/* For this user alone; it must not be there. */
weir_rc weir_path_mkdir_private(struct weir_ctx *, const char *dir);
weir_rc weir_dir_sync(struct weir_ctx *, const char *dir);
/* Everything done so far on the file system dir lies on, names too, becomes durable (syncfs): one
 * call for many files. */
weir_rc weir_fs_sync(struct weir_ctx *, const char *dir);
weir_rc weir_path_lock(
    struct weir_ctx *, const char *path, bool *busy,
    weir_file **out); /* exclusive flock held until weir_file_drop; busy: another holds it */
/* Does anybody hold the lock? Nothing is made or changed; a missing file is not held. */
weir_rc weir_path_locked(struct weir_ctx *, const char *path, bool *busy);

/* For libraries that do their own I/O (Parquet): counts an operation at this place. */
weir_rc weir_env_point(struct weir_ctx *, const char *op, const char *path, int64_t bytes);

int64_t weir_now_us(weir_env *); /* wall clock, micros since the epoch */
int64_t weir_now_ms(weir_env *);
int64_t weir_monotonic_us(weir_env *);
void weir_random_bytes(weir_env *, void *p, size_t n);
void weir_uuid(weir_env *, char out[37]);          /* version 4, text */
void weir_sleep_ms(struct weir_ctx *, int64_t ms); /* ends early on cancel */
#endif
