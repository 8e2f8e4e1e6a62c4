/* The server's folder for what clients upload: <spark.local.dir>/weir-<uuid>, for its user alone,
 * made at the first use and removed at the end. A lock in it is held while the server lives; what a
 * killed one left is removed by the next that starts. Any thread. */
#include "base/log.h"
#include "connect/connect.h"

#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SCRATCH_LOCK ".lock"
enum { NAME_BYTES = 5 + 36 }; /* "weir-", a uuid */

static weir_rc local_dir(weir_ctx *ctx, const weir_cn_server *s, const char **out) {
    const char *dirs = weir_conf_get(s->shared.conf, "spark.local.dir");
    size_t n = strcspn(dirs, ",");
    return weir_uri_local(ctx, n ? weir_strndup(ctx->arena, dirs, n) : "/tmp", NULL, out);
}

static weir_rc make(weir_ctx *ctx, weir_cn_server *s) {
    char id[37];
    bool busy = false;
    const char *parent;
    WEIR_TRY(local_dir(ctx, s, &parent));
    weir_uuid(ctx->env, id);
    if (strlen(parent) + NAME_BYTES + 2 > sizeof s->run_dir)
        return weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                         "spark.local.dir is a path of more than 256 bytes.");
    const char *dir = weir_printf(ctx->arena, "%s/weir-%s", parent, id);
    WEIR_TRY(weir_path_mkdirs(ctx, parent));
    WEIR_TRY(weir_path_mkdir_private(ctx, dir));
    WEIR_TRY(weir_path_lock(ctx, weir_printf(ctx->arena, "%s/" SCRATCH_LOCK, dir), &busy,
                            &s->scratch_lock));
    memcpy(s->run_dir, dir, strlen(dir) + 1);
    return WEIR_OK;
}

weir_rc weir_cn_scratch(weir_ctx *ctx, weir_cn_server *s) {
    weir_lock(&s->scratch_mu);
    weir_rc rc = s->run_dir[0] ? WEIR_OK : make(ctx, s);
    weir_unlock(&s->scratch_mu);
    return rc;
}

void weir_cn_scratch_remove(weir_ctx *ctx, weir_cn_server *s) {
    if (s->run_dir[0]) (void)weir_path_remove_all(ctx, s->run_dir);
    if (s->scratch_lock) weir_file_drop(s->scratch_lock);
}

/* ---- what killed servers left: no work of a query, so none of these calls is numbered ---- */

/* A folder of ours whose lock nobody holds. One without a lock is just being made, or not ours. */
static bool left_behind(weir_ctx *ctx, const char *dir) {
    struct stat st;
    bool busy = true;
    const char *lock = weir_printf(ctx->arena, "%s/" SCRATCH_LOCK, dir);
    if (lstat(dir, &st) != 0 || !S_ISDIR(st.st_mode) || st.st_uid != geteuid()) return false;
    if (lstat(lock, &st) != 0 || !S_ISREG(st.st_mode)) return false;
    return weir_path_locked(ctx, lock, &busy) == WEIR_OK && !busy;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at) {
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

void weir_cn_scratch_sweep(weir_cn_server *s) {
    weir_err err;
    weir_err_init(&err);
    weir_ctx ctx = {.arena = weir_arena_new(NULL),
                    .err = &err,
                    .env = s->shared.env,
                    .conf = s->shared.conf};
    const char *parent;
    DIR *d = local_dir(&ctx, s, &parent) == WEIR_OK ? opendir(parent) : NULL;
    if (!d) weir_log(WEIR_LOG_WARN, "spark.local.dir: %s", err.msg ? err.msg : "no such folder");
    for (struct dirent *e; d && (e = readdir(d));) {
        if (strlen(e->d_name) != NAME_BYTES || strncmp(e->d_name, "weir-", 5) != 0) continue;
        const char *dir = weir_printf(ctx.arena, "%s/%s", parent, e->d_name);
        if (left_behind(&ctx, dir) && nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0)
            weir_log(WEIR_LOG_WARN, "what a killed server left in %s cannot be removed", dir);
        weir_err_clear(&err);
    }
    if (d) closedir(d);
    weir_arena_free(ctx.arena);
}
