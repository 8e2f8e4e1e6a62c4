/* Files, clock, random on POSIX. Every operation that changes a file, or that a fault can hit,
 * passes point(). */
#include "base/ctx.h"
#include "base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

struct weir_env {
    atomic_llong ops;
    long long crash_at, fault_at;
    int fault_errno;
    bool fault_short;
    int trace_fd, proof_fd;
};
struct weir_file {
    int fd;
    char *path;
    int64_t at; /* bytes written so far: for the trace */
};

static struct weir_env the_env = {.trace_fd = -1, .proof_fd = -1};

static int env_log(const char *path) {
    return path ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644) : -1;
}

static void env_start(void) {
    const char *c = getenv("WEIR_CRASH_AT"), *f = getenv("WEIR_FAULT_AT");
    if (c) the_env.crash_at = strtoll(c, NULL, 10);
    if (f) {
        char *kind;
        the_env.fault_at = strtoll(f, &kind, 10);
        the_env.fault_short = strcmp(kind, ":SHORT") == 0;
        the_env.fault_errno = strcmp(kind, ":EIO") == 0 ? EIO : ENOSPC;
    }
    the_env.trace_fd = env_log(getenv("WEIR_IO_TRACE"));
    the_env.proof_fd = env_log(getenv("WEIR_FAULT_PROOF"));
}

weir_env *weir_env_real(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, env_start);
    return &the_env;
}

static void trace(long long n, const char *op, const char *path, const char *path2, int64_t at,
                  const void *data, int64_t bytes) {
    char head[2 * 4096 + 128];
    int len = snprintf(head, sizeof head, "%lld\t%s\t%s\t%s\t%lld\t%lld\n", n, op, path,
                       path2 ? path2 : "", (long long)at, (long long)bytes);
    struct iovec v[3] = {{head, (size_t)len},
                         {(void *)(uintptr_t)data, data ? (size_t)bytes : 0},
                         {(void *)(uintptr_t) "\n", data ? 1 : 0}};
    ssize_t w = len < (int)sizeof head ? writev(the_env.trace_fd, v, 3) : 0; /* one piece: atomic */
    (void)w;
}

/* Who broke a run on purpose reads here that it was broken, and where. */
static void prove(const char *what, long long n, const char *op, const char *path,
                  const char *path2) {
    char line[2 * 4096 + 128];
    if (the_env.proof_fd < 0) return;
    int len = snprintf(line, sizeof line, "%s\t%lld\t%s\t%s\t%s\n", what, n, op, path,
                       path2 ? path2 : "");
    ssize_t w = len < (int)sizeof line ? write(the_env.proof_fd, line, (size_t)len) : 0;
    (void)w; /* without the line the run does not count */
}

/* Operation n is the one to be broken. As point(). */
static int broken(weir_env *e, long long n, const char *op, const char *path, const char *path2,
                  bool halves) {
    if (n == e->crash_at) {
        prove("KILL", n, op, path, path2);
        raise(SIGKILL);
        pause();
    }
    if (e->fault_short && halves) {
        prove("SHORT", n, op, path, path2);
        return 1;
    }
    int error = e->fault_errno ? e->fault_errno : ENOSPC;
    prove(error == EIO ? "EIO" : "ENOSPC", n, op, path, path2);
    errno = error;
    return -1;
}

static int point_at(const char *op, const char *path, const char *path2, int64_t at,
                    const void *data, int64_t bytes) {
    weir_env *e = weir_env_real();
    long long n = atomic_fetch_add(&e->ops, 1) + 1;
    if (e->trace_fd >= 0) trace(n, op, path, path2, at, data, bytes);
    if (n != e->crash_at && n != e->fault_at) return 0;
    return broken(e, n, op, path, path2, data && bytes > 1);
}

/* Counts an operation. 0 go on; -1 fail with errno; 1 short write. */
static int point(const char *op, const char *path, const char *path2) {
    return point_at(op, path, path2, 0, NULL, 0);
}

weir_rc weir_env_point(weir_ctx *ctx, const char *op, const char *path, int64_t bytes) {
    return point_at(op, path, NULL, 0, NULL, bytes) ? weir_fail_io(ctx, op, path) : WEIR_OK;
}

/* ---- files ---- */

static weir_rc file_new(weir_ctx *ctx, const char *path, int flags, const char *what,
                        weir_file **out) {
    int fd = open(path, flags | O_CLOEXEC, 0644);
    if (fd < 0) return weir_fail_io(ctx, what, path);
    weir_file *f = weir_mem_new(sizeof *f);
    char *p = weir_mem_strdup(path);
    *f = (weir_file){fd, p, 0};
    *out = f;
    return WEIR_OK;
}

weir_rc weir_file_open(weir_ctx *ctx, const char *path, weir_file **out) {
    if (point("open", path, NULL)) return weir_fail_io(ctx, "read", path);
    return file_new(ctx, path, O_RDONLY, "open", out);
}

weir_rc weir_file_create(weir_ctx *ctx, const char *path, bool exclusive, weir_file **out) {
    if (point("create", path, NULL)) return weir_fail_io(ctx, "create", path);
    return file_new(ctx, path, O_RDWR | O_CREAT | (exclusive ? O_EXCL : O_TRUNC), "create", out);
}

weir_rc weir_file_temp(weir_ctx *ctx, const char *dir, weir_file **out) {
    if (point("create", dir, NULL)) return weir_fail_io(ctx, "create", dir);
    return file_new(ctx, dir, O_RDWR | O_TMPFILE, "make a temporary file in", out);
}

weir_rc weir_file_append(weir_ctx *ctx, const char *path, weir_file **out) {
    if (point("append", path, NULL)) return weir_fail_io(ctx, "create", path);
    return file_new(ctx, path, O_WRONLY | O_CREAT | O_APPEND, "create", out);
}

weir_rc weir_file_read(weir_ctx *ctx, weir_file *f, void *p, int64_t want, int64_t *got) {
    *got = 0;
    if (point("read", f->path, NULL)) return weir_fail_io(ctx, "read", f->path);
    while (*got < want) {
        ssize_t n = read(f->fd, (char *)p + *got, (size_t)(want - *got));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return weir_fail_io(ctx, "read", f->path);
        if (n == 0) break;
        *got += n;
    }
    return WEIR_OK;
}

weir_rc weir_file_pread(weir_ctx *ctx, weir_file *f, int64_t at, void *p, int64_t want,
                        int64_t *got) {
    *got = 0;
    if (point("read", f->path, NULL)) return weir_fail_io(ctx, "read", f->path);
    while (*got < want) {
        ssize_t n = pread(f->fd, (char *)p + *got, (size_t)(want - *got), at + *got);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return weir_fail_io(ctx, "read", f->path);
        if (n == 0) break;
        *got += n;
    }
    return WEIR_OK;
}

weir_rc weir_file_slurp(weir_ctx *ctx, const char *path, char **text, size_t *len) {
    weir_file *f = NULL;
    struct stat st;
    int64_t got = 0;
    WEIR_TRY(weir_file_open(ctx, path, &f));
    if (fstat(f->fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        if (!S_ISREG(st.st_mode)) errno = EISDIR;
        weir_rc rc = weir_fail_io(ctx, "read", path);
        weir_file_drop(f);
        return rc;
    }
    *text = weir_alloc(ctx->arena, (size_t)st.st_size + 1);
    weir_rc rc = weir_file_read(ctx, f, *text, st.st_size, &got);
    weir_file_drop(f);
    *len = (size_t)got;
    return rc;
}

weir_rc weir_file_write(weir_ctx *ctx, weir_file *f, const void *p, size_t n) {
    int fault = point_at("write", f->path, NULL, f->at, p ? p : "", (int64_t)n);
    if (fault < 0) return weir_fail_io(ctx, "write", f->path);
    size_t stop = fault ? n / 2 : n;
    for (size_t done = 0; done < stop;) {
        ssize_t k = write(f->fd, (const char *)p + done, stop - done);
        if (k < 0 && errno == EINTR) continue;
        if (k < 0) return weir_fail_io(ctx, "write", f->path);
        done += (size_t)k;
    }
    f->at += (int64_t)stop;
    if (!fault) return WEIR_OK;
    errno = ENOSPC;
    return weir_fail_io(ctx, "write", f->path);
}

weir_rc weir_file_sync(weir_ctx *ctx, weir_file *f) {
    if (point("sync", f->path, NULL) || fdatasync(f->fd) != 0)
        return weir_fail_io(ctx, "sync", f->path);
    return WEIR_OK;
}

int weir_file_fd(const weir_file *f) { return f->fd; }

void weir_file_drop(weir_file *f) {
    if (!f) return;
    close(f->fd);
    weir_mem_free(f->path);
    weir_mem_free(f);
}

weir_rc weir_file_close(weir_ctx *ctx, weir_file *f) {
    int rc = close(f->fd);
    weir_rc out = rc == 0 ? WEIR_OK : weir_fail_io(ctx, "close", f->path);
    weir_mem_free(f->path);
    weir_mem_free(f);
    return out;
}

/* ---- paths ---- */

static char *parent_of(weir_arena *a, const char *path) {
    const char *slash = strrchr(path, '/');
    if (!slash) return weir_strdup(a, ".");
    return slash == path ? weir_strdup(a, "/") : weir_strndup(a, path, (size_t)(slash - path));
}

weir_rc weir_dir_sync(weir_ctx *ctx, const char *dir) {
    if (point("syncdir", dir, NULL)) return weir_fail_io(ctx, "sync", dir);
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return weir_fail_io(ctx, "open directory", dir);
    int rc = fsync(fd);
    weir_rc out = rc == 0 || errno == EINVAL ? WEIR_OK : weir_fail_io(ctx, "sync", dir);
    close(fd);
    return out;
}

weir_rc weir_fs_sync(weir_ctx *ctx, const char *dir) {
    if (point("syncfs", dir, NULL)) return weir_fail_io(ctx, "sync", dir);
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return weir_fail_io(ctx, "open directory", dir);
    weir_rc out = syncfs(fd) == 0 ? WEIR_OK : weir_fail_io(ctx, "sync", dir);
    close(fd);
    return out;
}

weir_rc weir_path_rename(weir_ctx *ctx, const char *from, const char *to, bool replace,
                         bool *lost) {
    if (lost) *lost = false;
    if (point(replace ? "replace" : "rename", from, to)) return weir_fail_io(ctx, "rename", to);
    if (replace) return rename(from, to) == 0 ? WEIR_OK : weir_fail_io(ctx, "rename", to);
    int rc = renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);
    if (rc != 0 && (errno == EINVAL ||
                    errno == ENOSYS)) { /* file systems without it: link does the same for files */
        rc = link(from, to);
        if (rc == 0) unlink(from);
    }
    if (rc == 0) return WEIR_OK;
    if (errno == EEXIST && lost) {
        *lost = true;
        return WEIR_OK;
    }
    return weir_fail_io(ctx, "rename", to);
}

weir_rc weir_file_put(weir_ctx *ctx, const char *path, const void *p, size_t n, bool replace,
                      bool *lost) {
    char uuid[37], *dir = parent_of(ctx->arena, path);
    const char *slash = strrchr(path, '/');
    weir_file *f = NULL;
    if (lost) *lost = false;
    weir_uuid(ctx->env, uuid);
    char *tmp = weir_printf(ctx->arena, "%s/.%s.%s.tmp", dir, slash ? slash + 1 : path, uuid);
    WEIR_TRY(weir_file_create(ctx, tmp, true, &f));
    weir_rc rc = weir_file_write(ctx, f, p, n);
    if (rc == WEIR_OK) rc = weir_file_sync(ctx, f);
    weir_file_drop(f);
    if (rc == WEIR_OK) rc = weir_path_rename(ctx, tmp, path, replace, lost);
    if (rc != WEIR_OK || (lost && *lost)) {
        unlink(tmp);
        return rc;
    }
    return weir_dir_sync(ctx, dir);
}

static weir_stat to_stat(const struct stat *st) {
    return (weir_stat){true, S_ISDIR(st->st_mode), st->st_size,
                       (int64_t)st->st_mtim.tv_sec * 1000000 + st->st_mtim.tv_nsec / 1000,
                       st->st_ino};
}

weir_rc weir_path_stat(weir_ctx *ctx, const char *path, weir_stat *out) {
    struct stat st;
    *out = (weir_stat){0};
    if (stat(path, &st) == 0) {
        *out = to_stat(&st);
        return WEIR_OK;
    }
    return errno == ENOENT || errno == ENOTDIR ? WEIR_OK : weir_fail_io(ctx, "look at", path);
}

weir_rc weir_path_list(weir_ctx *ctx, const char *dir, bool with_stat, weir_dirent **out,
                       int64_t *n) {
    int64_t cap = 0;
    *out = NULL;
    *n = 0;
    if (point("list", dir, NULL)) return weir_fail_io(ctx, "list", dir);
    DIR *d = opendir(dir);
    if (!d) return errno == ENOENT ? WEIR_OK : weir_fail_io(ctx, "list", dir);
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        struct stat st;
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
        bool need = with_stat || e->d_type == DT_UNKNOWN || e->d_type == DT_LNK;
        if (need && fstatat(dirfd(d), e->d_name, &st, 0) != 0) continue; /* gone meanwhile */
        if (*n == cap) {
            cap = cap ? cap * 2 : 64;
            weir_dirent *v = WEIR_NEWN(ctx->arena, weir_dirent, cap);
            if (*n) memcpy(v, *out, sizeof *v * (size_t)*n);
            *out = v;
        }
        weir_dirent *o = &(*out)[(*n)++];
        o->name = weir_strdup(ctx->arena, e->d_name);
        o->is_dir = need ? S_ISDIR(st.st_mode) : e->d_type == DT_DIR;
        if (need) o->size_bytes = st.st_size, o->mtime_us = to_stat(&st).mtime_us;
    }
    closedir(d);
    return WEIR_OK;
}

weir_rc weir_path_mkdirs(weir_ctx *ctx, const char *dir) {
    struct stat st;
    if (stat(dir, &st) == 0) {
        if (S_ISDIR(st.st_mode)) return WEIR_OK;
        errno = ENOTDIR;
        return weir_fail_io(ctx, "create directory", dir);
    }
    char *up = parent_of(ctx->arena, dir);
    if (strcmp(up, dir) != 0 && strcmp(up, ".") != 0) WEIR_TRY(weir_path_mkdirs(ctx, up));
    if (point("mkdir", dir, NULL)) return weir_fail_io(ctx, "create directory", dir);
    if (mkdir(dir, 0755) != 0 && errno != EEXIST) return weir_fail_io(ctx, "create directory", dir);
    return weir_dir_sync(ctx, up);
}

weir_rc weir_path_mkdir_private(weir_ctx *ctx, const char *dir) {
    if (point("mkdir", dir, NULL)) return weir_fail_io(ctx, "create directory", dir);
    return mkdir(dir, 0700) == 0 ? WEIR_OK : weir_fail_io(ctx, "create directory", dir);
}

weir_rc weir_path_mkdir(weir_ctx *ctx, const char *dir) {
    struct stat st;
    if (stat(dir, &st) == 0 && S_ISDIR(st.st_mode)) return WEIR_OK;
    if (point("mkdir", dir, NULL)) return weir_fail_io(ctx, "create directory", dir);
    return mkdir(dir, 0755) == 0 || errno == EEXIST ? WEIR_OK
                                                    : weir_fail_io(ctx, "create directory", dir);
}

weir_rc weir_path_remove(weir_ctx *ctx, const char *path) {
    struct stat st;
    if (lstat(path, &st) != 0 && errno == ENOENT) return WEIR_OK;
    if (point("remove", path, NULL)) return weir_fail_io(ctx, "remove", path);
    return unlink(path) == 0 || errno == ENOENT ? WEIR_OK : weir_fail_io(ctx, "remove", path);
}

weir_rc weir_path_remove_all(weir_ctx *ctx, const char *path) {
    struct stat st;
    if (lstat(path, &st) != 0) return errno == ENOENT ? WEIR_OK : weir_fail_io(ctx, "remove", path);
    if (!S_ISDIR(st.st_mode)) return weir_path_remove(ctx, path);
    weir_dirent *e = NULL;
    int64_t n = 0;
    WEIR_TRY(weir_path_list(ctx, path, false, &e, &n));
    for (int64_t i = 0; i < n; i++)
        WEIR_TRY(weir_path_remove_all(ctx, weir_printf(ctx->arena, "%s/%s", path, e[i].name)));
    if (point("rmdir", path, NULL)) return weir_fail_io(ctx, "remove", path);
    return rmdir(path) == 0 || errno == ENOENT ? WEIR_OK : weir_fail_io(ctx, "remove", path);
}

bool weir_path_is_link(const char *path) {
    struct stat st;
    return lstat(path, &st) == 0 && S_ISLNK(st.st_mode);
}

weir_rc weir_path_rmdir(weir_ctx *ctx, const char *path) {
    if (point("rmdir", path, NULL)) return weir_fail_io(ctx, "remove", path);
    if (rmdir(path) == 0 || errno == ENOENT || errno == ENOTEMPTY || errno == EEXIST)
        return WEIR_OK;
    return weir_fail_io(ctx, "remove", path);
}

weir_rc weir_path_lock(weir_ctx *ctx, const char *path, bool *busy, weir_file **out) {
    if (point("append", path, NULL)) return weir_fail_io(ctx, "lock", path);
    WEIR_TRY(file_new(ctx, path, O_RDWR | O_CREAT, "lock", out));
    *busy = flock((*out)->fd, LOCK_EX | LOCK_NB) != 0;
    if (*busy && errno == EWOULDBLOCK) { /* one who only looks (weir_path_locked) lets go at once */
        usleep(20000);
        *busy = flock((*out)->fd, LOCK_EX | LOCK_NB) != 0;
    }
    if (!*busy) return WEIR_OK;
    bool held = errno == EWOULDBLOCK;
    weir_rc rc = held ? WEIR_OK : weir_fail_io(ctx, "lock", path);
    weir_file_drop(*out);
    *out = NULL;
    return rc;
}

weir_rc weir_path_locked(weir_ctx *ctx, const char *path, bool *busy) {
    *busy = false;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return errno == ENOENT ? WEIR_OK : weir_fail_io(ctx, "open", path);
    *busy = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    close(fd);
    return WEIR_OK;
}

/* ---- clock and random ---- */

static int64_t clock_us(clockid_t id) {
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}
int64_t weir_now_us(weir_env *e) { return (void)e, clock_us(CLOCK_REALTIME); }
int64_t weir_now_ms(weir_env *e) { return weir_now_us(e) / 1000; }
int64_t weir_monotonic_us(weir_env *e) { return (void)e, clock_us(CLOCK_MONOTONIC); }

void weir_random_bytes(weir_env *e, void *p, size_t n) {
    (void)e;
    for (size_t done = 0; done < n;) {
        ssize_t k = getrandom((char *)p + done, n - done, 0);
        if (k < 0 && errno == EINTR) continue;
        weir_assert(k > 0);
        done += (size_t)k;
    }
}

void weir_uuid(weir_env *e, char out[37]) {
    static const char hex[] = "0123456789abcdef";
    uint8_t b[16];
    char *o = out;
    weir_random_bytes(e, b, sizeof b);
    b[6] = (uint8_t)((b[6] & 15) | 64);
    b[8] = (uint8_t)((b[8] & 63) | 128);
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) *o++ = '-';
        *o++ = hex[b[i] >> 4];
        *o++ = hex[b[i] & 15];
    }
    *o = 0;
}

void weir_sleep_ms(weir_ctx *ctx, int64_t ms) {
    struct pollfd p = {.fd = ctx->cancel ? ctx->cancel->fd : -1, .events = POLLIN};
    if (ms < 0) ms = 0;
    if (ms > 3600000) ms = 3600000;
    (void)poll(&p, p.fd >= 0 ? 1 : 0, (int)ms);
}
