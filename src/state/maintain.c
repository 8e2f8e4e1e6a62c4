/* Snapshots, and the deletion of what they replace. Reads and writes files only: runs on a thread
 * of its own beside the query, with tables of its own. */
#include "state/file.h"
#include "state/store.h"

#include <stdlib.h>
#include <string.h>

typedef struct found { /* files of a partition, by version */
    weir_dirent *e;
    int64_t n, snapshot, deltas; /* newest snapshot; deltas after it, up to the version */
} found;

static weir_rc look(weir_ctx *ctx, const weir_part_dir *w, int64_t version, found *f) {
    int64_t v;
    bool snap;
    *f = (found){0};
    WEIR_TRY(weir_path_list(ctx, w->dir, false, &f->e, &f->n));
    for (int64_t i = 0; i < f->n; i++)
        if (weir_state_name(f->e[i].name, &v, &snap) && snap && v <= version && v > f->snapshot)
            f->snapshot = v;
    for (int64_t i = 0; i < f->n; i++)
        f->deltas +=
            weir_state_name(f->e[i].name, &v, &snap) && !snap && v > f->snapshot && v <= version;
    return WEIR_OK;
}

static int64_t snapshot_size(const weir_part_dir *w, const weir_table *t) {
    int64_t size = WEIR_RECORD_END_SIZE;
    for (int64_t i = 0; i < t->top; i++) {
        const weir_entry *e = weir_table_entry(t, i);
        if (e->live) size += weir_record_entry_size(w->row_checksum, e, false);
    }
    return size;
}

static weir_rc snapshot_write(weir_ctx *ctx, const weir_part_dir *w, int64_t version,
                              weir_state_files *fs) {
    weir_table t = {0};
    weir_ctx c = *ctx;
    const char *name = weir_printf(ctx->arena, "%lld.snapshot", (long long)version);
    c.arena = weir_arena_new(NULL);
    weir_rc rc = weir_state_load(&c, w, version, &t);
    weir_arena_free(c.arena);
    if (rc == WEIR_OK) {
        weir_pack k;
        rc = weir_pack_open(ctx, &k, w, fs, name, snapshot_size(w, &t));
        for (int64_t i = 0; rc == WEIR_OK && i < t.top; i++) {
            const weir_entry *e = weir_table_entry(&t, i);
            if (e->live) rc = weir_pack_entry(ctx, &k, e, false);
        }
        rc = weir_pack_close(ctx, &k, rc);
    }
    weir_table_free(&t);
    return rc;
}

/* ".12.delta.<uuid>.tmp" and ".12.delta.crc" start with a version, too. */
static bool is_temporary(const char *name, int64_t *version) {
    char *end;
    size_t n = strlen(name);
    if (name[0] != '.' || name[1] < '0' || name[1] > '9') return false;
    *version = strtoll(name + 1, &end, 10);
    return *end == '.' && n > 4 && strcmp(name + n - 4, ".tmp") == 0;
}

/* The newest snapshot at or below keep and everything after it stay. Temporary files of versions
 * that are there belong to nobody. */
static weir_rc old_remove(weir_ctx *ctx, const weir_part_dir *w, int64_t version, int64_t keep) {
    found f;
    int64_t v;
    bool snap;
    WEIR_TRY(look(ctx, w, keep, &f));
    for (int64_t i = 0; i < f.n; i++) {
        const char *name = f.e[i].name;
        bool old = weir_state_name(name, &v, &snap) && v < f.snapshot;
        if (!old && !(is_temporary(name, &v) && v <= version)) continue;
        WEIR_TRY(weir_path_remove(ctx, weir_printf(ctx->arena, "%s/%s", w->dir, name)));
        if (old)
            WEIR_TRY(weir_path_remove(ctx, weir_printf(ctx->arena, "%s/.%s.crc", w->dir, name)));
    }
    return WEIR_OK;
}

static weir_rc maintain(weir_ctx *ctx, const weir_store_spec *spec, int64_t version, int min_deltas,
                        int64_t retain, weir_state_files *fs) {
    const weir_state_codec *codec = NULL;
    weir_part_dir *w = WEIR_NEWN(ctx->arena, weir_part_dir, spec->nheld + 1);
    WEIR_TRY(weir_state_codec_find(ctx, spec->codec, &codec));
    for (int32_t i = 0; i < spec->nheld; i++) {
        found f;
        WEIR_TRY(weir_check_cancel(ctx));
        w[i] = weir_part_dir_of(ctx, spec->dir, spec->name, i, codec, spec->row_checksum);
        WEIR_TRY(look(ctx, &w[i], version, &f));
        if (f.deltas > min_deltas) WEIR_TRY(snapshot_write(ctx, &w[i], version, fs));
    }
    if (fs->n > 0) WEIR_TRY(weir_state_files_publish(ctx, fs, spec->dir));
    for (int32_t i = 0; i < spec->nheld; i++)
        WEIR_TRY(old_remove(ctx, &w[i], version, version - retain));
    return WEIR_OK;
}

weir_rc weir_state_maintain(weir_ctx *ctx, const weir_store_spec *spec, int64_t version,
                            int min_deltas, int64_t retain) {
    weir_ctx c = *ctx;
    weir_state_files fs = {.one_flush = spec->nheld > 3};
    c.arena = weir_arena_new(NULL);
    weir_rc rc = maintain(&c, spec, version, min_deltas, retain, &fs);
    if (rc != WEIR_OK) weir_state_files_drop(&c, &fs);
    weir_arena_free(c.arena);
    return rc;
}
