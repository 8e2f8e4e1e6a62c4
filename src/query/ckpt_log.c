/* Numbered log files of a checkpoint. See ckpt_log.h. */
#include "query/ckpt_log.h"

#include "base/buf.h"

#include <stdlib.h>
#include <string.h>

static bool id_of(const char *name, int64_t *id) {
    char *end;
    if (*name < '0' || *name > '9') return false;
    *id = strtoll(name, &end, 10);
    return *end == 0;
}

static char *path_of(weir_ctx *ctx, const weir_log_dir *l, int64_t id) {
    return weir_printf(ctx->arena, "%s/%lld", l->dir, (long long)id);
}

static weir_rc damaged(weir_ctx *ctx, const char *path, const char *why) {
    return weir_fail(ctx, WEIR_E_MALFORMED_CHECKPOINT, "path", path, "reason", why);
}

weir_rc weir_log_range(weir_ctx *ctx, weir_log_dir *l, int64_t *lowest, int64_t *latest) {
    weir_dirent *e = NULL;
    int64_t n = 0, id;
    *lowest = *latest = -1;
    WEIR_TRY(weir_path_list(ctx, l->dir, false, &e, &n));
    for (int64_t i = 0; i < n; i++) {
        if (!id_of(e[i].name, &id)) continue;
        if (id > *latest) *latest = id;
        if (*lowest < 0 || id < *lowest) *lowest = id;
    }
    l->purged_below = *lowest < 0 ? 0 : *lowest;
    return WEIR_OK;
}

weir_rc weir_log_get(weir_ctx *ctx, weir_log_dir *l, int64_t id, int *version, char **text) {
    char *path = path_of(ctx, l, id), *end;
    weir_stat st;
    size_t len = 0;
    *text = NULL;
    WEIR_TRY(weir_path_stat(ctx, path, &st));
    if (!st.exists) return WEIR_OK;
    WEIR_TRY(weir_file_slurp(ctx, path, text, &len));
    if (len == 0)
        return damaged(ctx, path,
                       "it is empty. Remove it if the query was never able to write it, or restore "
                       "it from a copy");
    if ((*text)[0] != 'v') return damaged(ctx, path, "the first line is not a version such as v1");
    *version = (int)strtol(*text + 1, &end, 10);
    if (end == *text + 1 || (*end != '\n' && *end))
        return damaged(ctx, path, "the first line is not a version such as v1");
    if (*version > l->max_version || *version < 1)
        return damaged(ctx, path,
                       weir_printf(ctx->arena,
                                   "its version v%d is newer than v%d, the newest that weir reads",
                                   *version, l->max_version));
    *text = *end ? end + 1 : end;
    return WEIR_OK;
}

weir_rc weir_log_read(weir_ctx *ctx, weir_log_dir *l, int64_t id, int *version, char **text) {
    WEIR_TRY(weir_log_get(ctx, l, id, version, text));
    if (*text) return WEIR_OK;
    return damaged(ctx, path_of(ctx, l, id),
                   "it is missing, but the log needs it. Restore it from a copy of the checkpoint");
}

weir_rc weir_log_write(weir_ctx *ctx, weir_log_dir *l, int64_t id, const char *text) {
    bool lost = false;
    char *path = path_of(ctx, l, id);
    WEIR_TRY(weir_path_remove(ctx, weir_printf(ctx->arena, "%s/.%lld.crc", l->dir, (long long)id)));
    WEIR_TRY(weir_file_put(ctx, path, text, strlen(text), false, &lost));
    if (!lost) return WEIR_OK;
    return weir_fail(ctx, WEIR_E_CONCURRENT_STREAM, "batchId",
                     weir_printf(ctx->arena, "%lld", (long long)id));
}

weir_rc weir_log_purge(weir_ctx *ctx, weir_log_dir *l, int64_t keep_from) {
    for (; l->purged_below < keep_from; l->purged_below++) {
        WEIR_TRY(weir_path_remove(ctx, path_of(ctx, l, l->purged_below)));
        WEIR_TRY(weir_path_remove(
            ctx, weir_printf(ctx->arena, "%s/.%lld.crc", l->dir, (long long)l->purged_below)));
    }
    return WEIR_OK;
}
