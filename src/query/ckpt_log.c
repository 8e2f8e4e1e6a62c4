/* Numbered log files of a checkpoint. See ckpt_log.h. */
#include "query/ckpt_log.h"

#include "io/log_text.h"

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
    char *path = path_of(ctx, l, id);
    weir_stat st;
    *text = NULL;
    WEIR_TRY(weir_path_stat(ctx, path, &st));
    if (!st.exists) return WEIR_OK;
    return weir_log_text(ctx, path, l->max_version, version, text);
}

weir_rc weir_log_read(weir_ctx *ctx, weir_log_dir *l, int64_t id, int *version, char **text) {
    WEIR_TRY(weir_log_get(ctx, l, id, version, text));
    if (*text) return WEIR_OK;
    return weir_fail(
        ctx, WEIR_E_ILLEGAL_STATE, "message",
        weir_printf(ctx->arena,
                    "batch %lld doesn't exist: the file %s is missing. Restore it from "
                    "a copy of the checkpoint",
                    (long long)id, path_of(ctx, l, id)));
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
