/* The names of a partition's files, and a version of it read into a table. Called when a store is
 * opened and by maintenance; any thread. */
#include "state/file.h"

#include <stdlib.h>
#include <string.h>

weir_part_dir weir_part_dir_of(weir_ctx *ctx, const char *dir, const char *store, int32_t part,
                               const weir_state_codec *codec, bool row_checksum) {
    const char *slash = strrchr(dir, '/');
    bool plain = strcmp(store, "default") == 0;
    char *own =
        weir_printf(ctx->arena, "%s/%d%s%s", dir, (int)part, plain ? "" : "/", plain ? "" : store);
    return (weir_part_dir){own, slash ? slash + 1 : dir, store, part, codec, row_checksum};
}

char *weir_part_dir_text(weir_ctx *ctx, const weir_part_dir *w) {
    return weir_printf(ctx->arena,
                       "HDFSStateStoreProvider[storeId=StateStoreId[ operatorId=%s, "
                       "partitionId=%d, storeName=%s ]]",
                       w->op, (int)w->part, w->store);
}

bool weir_state_name(const char *name, int64_t *version, bool *snapshot) {
    char *end;
    if (*name < '0' || *name > '9') return false;
    *version = strtoll(name, &end, 10);
    *snapshot = strcmp(end, ".snapshot") == 0;
    return *snapshot || strcmp(end, ".delta") == 0;
}

weir_rc weir_state_newest(weir_ctx *ctx, const weir_part_dir *w, int64_t version,
                          int64_t *snapshot) {
    weir_dirent *e = NULL;
    int64_t n = 0, v;
    bool snap;
    *snapshot = 0;
    WEIR_TRY(weir_path_list(ctx, w->dir, false, &e, &n));
    for (int64_t i = 0; i < n; i++)
        if (weir_state_name(e[i].name, &v, &snap) && snap && v <= version && v > *snapshot)
            *snapshot = v;
    return WEIR_OK;
}

static weir_rc records_apply(weir_ctx *ctx, weir_records *r, weir_table *t) {
    weir_record o;
    int64_t e;
    bool added;
    for (;;) {
        WEIR_TRY(weir_records_next(ctx, r, &o));
        if (o.last) return WEIR_OK;
        if (!o.removed) {
            WEIR_TRY(weir_table_put(ctx, t, r->where->part, o.key, o.value, &e, &added));
            continue;
        }
        WEIR_TRY(weir_table_find(ctx, t, o.key, &e));
        if (e >= 0) weir_table_remove(t, e);
    }
}

weir_rc weir_state_records(weir_ctx *ctx, const weir_part_dir *w, int64_t version, bool snapshot,
                           weir_records *out) {
    char *path = weir_printf(ctx->arena, "%s/%lld.%s", w->dir, (long long)version,
                             snapshot ? "snapshot" : "delta"),
         *text = NULL;
    size_t len = 0;
    const char *why = NULL;
    weir_stat st;
    uint8_t *plain = NULL;
    WEIR_TRY(weir_path_stat(ctx, path, &st));
    if (!st.exists)
        return snapshot ? weir_fail(ctx, WEIR_E_STATE_FILE_DAMAGED, "fileToRead", path, "reason",
                                    "it does not exist")
                        : weir_fail(ctx, WEIR_E_STATE_DELTA_MISSING, "fileToRead", path, "clazz",
                                    weir_part_dir_text(ctx, w));
    WEIR_TRY(weir_file_slurp(ctx, path, &text, &len));
    WEIR_TRY(w->codec->decode(ctx, (const uint8_t *)text, len, &plain, &len, &why));
    if (why) return weir_fail(ctx, WEIR_E_STATE_FILE_DAMAGED, "fileToRead", path, "reason", why);
    *out = (weir_records){plain, plain + len, path, w, snapshot};
    return WEIR_OK;
}

/* One file; ctx->arena is the caller's to drop. */
static weir_rc file_load(weir_ctx *ctx, const weir_part_dir *w, int64_t version, bool snapshot,
                         weir_table *t) {
    weir_records r;
    WEIR_TRY(weir_state_records(ctx, w, version, snapshot, &r));
    return records_apply(ctx, &r, t);
}

weir_rc weir_state_load_from(weir_ctx *ctx, const weir_part_dir *w, int64_t snapshot,
                             int64_t version, weir_table *t) {
    weir_ctx c = *ctx;
    weir_rc rc = WEIR_OK;
    c.arena = weir_arena_new(NULL);
    if (snapshot > 0) rc = file_load(&c, w, snapshot, true, t);
    while (rc == WEIR_OK && snapshot < version) {
        rc = weir_check_cancel(&c);
        weir_arena_reset(c.arena);
        if (rc == WEIR_OK) rc = file_load(&c, w, ++snapshot, false, t);
    }
    weir_arena_free(c.arena);
    return rc;
}

weir_rc weir_state_load(weir_ctx *ctx, const weir_part_dir *w, int64_t version, weir_table *t) {
    int64_t from = 0;
    if (version > 0) WEIR_TRY(weir_state_newest(ctx, w, version, &from));
    return weir_state_load_from(ctx, w, from, version, t);
}
