/* A store's changes since its version, written as the deltas of the next one. The query's driver.
 * A delta has the removals first, then the last value of each key: a key removed and put again is
 * there in the end. */
#include "state/inner.h"

#include <string.h>

enum { FEW = 3 }; /* files; with more, one flush of the file system costs less than theirs */

typedef struct plan {
    int64_t *size;   /* bytes of each partition's records */
    int64_t *from;   /* where its entries start, nheld + 1 */
    uint32_t *entry; /* by partition */
    bool *buried;    /* of entry */
} plan;

static void plan_count(const weir_store *s, plan *p, int64_t *total) {
    const bool sum = s->spec.row_checksum;
    for (uint32_t at = s->table.buried; at;) {
        const weir_entry *e = weir_table_entry(&s->table, (int64_t)at - 1);
        p->from[e->part + 1]++;
        p->size[e->part] += weir_record_entry_size(sum, e, true);
        at = e->hash;
    }
    for (int64_t i = 0; i < s->ndirty; i++) {
        const weir_entry *e = weir_table_entry(&s->table, weir_store_dirty(s)[i]);
        if (!e->live) continue;
        p->from[e->part + 1]++;
        p->size[e->part] += weir_record_entry_size(sum, e, false);
    }
    for (int32_t i = 0; i < s->spec.nheld; i++) p->from[i + 1] += p->from[i];
    *total = p->from[s->spec.nheld];
}

static weir_rc plan_make(weir_ctx *ctx, const weir_store *s, plan *p) {
    const int32_t n = s->spec.nheld;
    weir_buf *entry = NULL, *buried = NULL;
    int64_t total = 0;
    p->size = WEIR_NEWN(ctx->arena, int64_t, n);
    p->from = WEIR_NEWN(ctx->arena, int64_t, n + 1);
    plan_count(s, p, &total);
    WEIR_TRY(weir_buf_new(ctx, total * (int64_t)sizeof *p->entry, &entry));
    WEIR_TRY(weir_buf_new(ctx, total * (int64_t)sizeof *p->buried, &buried));
    p->entry = (uint32_t *)(void *)entry->p;
    p->buried = (bool *)buried->p;
    int64_t *at = weir_memdup(ctx->arena, p->from, sizeof *at * (size_t)(n + 1));
    for (uint32_t k = s->table.buried; k;) {
        const weir_entry *e = weir_table_entry(&s->table, (int64_t)k - 1);
        p->buried[at[e->part]] = true;
        p->entry[at[e->part]++] = k - 1;
        k = e->hash;
    }
    for (int64_t i = 0; i < s->ndirty; i++) {
        const uint32_t k = weir_store_dirty(s)[i];
        const weir_entry *e = weir_table_entry(&s->table, k);
        if (!e->live) continue;
        p->buried[at[e->part]] = false;
        p->entry[at[e->part]++] = k;
    }
    return WEIR_OK;
}

static weir_rc deltas_write(weir_ctx *ctx, const weir_store *s, const plan *p,
                            weir_state_files *fs) {
    const char *name = weir_printf(ctx->arena, "%lld.delta", (long long)s->version + 1);
    for (int32_t i = 0; i < s->spec.nheld; i++) {
        const weir_part_dir *w = &s->part[i];
        if (p->from[i] == p->from[i + 1]) {
            WEIR_TRY(weir_state_files_add(ctx, fs, w->dir, name, s->empty, s->empty_len));
            continue;
        }
        weir_pack k;
        weir_rc rc = weir_pack_open(ctx, &k, w, fs, name, p->size[i] + WEIR_RECORD_END_SIZE);
        for (int64_t j = p->from[i]; rc == WEIR_OK && j < p->from[i + 1]; j++)
            rc = weir_pack_entry(ctx, &k, weir_table_entry(&s->table, p->entry[j]), p->buried[j]);
        WEIR_TRY(weir_pack_close(ctx, &k, rc));
    }
    return WEIR_OK;
}

static weir_rc folders_make(weir_ctx *ctx, weir_store *s) {
    if (s->folders_made) return WEIR_OK;
    bool plain = strcmp(s->spec.name, "default") == 0;
    for (int32_t i = 0; i < s->spec.nheld; i++) {
        if (!plain)
            WEIR_TRY(weir_path_mkdir(ctx, weir_printf(ctx->arena, "%s/%d", s->spec.dir, (int)i)));
        WEIR_TRY(weir_path_mkdir(ctx, s->part[i].dir));
        if (s->spec.nheld > FEW) continue; /* one flush takes the folders along */
        if (!plain)
            WEIR_TRY(weir_dir_sync(ctx, weir_printf(ctx->arena, "%s/%d", s->spec.dir, (int)i)));
        WEIR_TRY(weir_dir_sync(ctx, s->spec.dir));
    }
    s->folders_made = true;
    return WEIR_OK;
}

static void changes_clear(weir_store *s) {
    weir_table_forget(&s->table);
    for (int64_t i = 0; i < s->ndirty; i++) {
        weir_entry *e = weir_table_entry(&s->table, weir_store_dirty(s)[i]);
        e->listed = e->fresh = false;
    }
    s->ndirty = 0;
    if (s->dirty && s->dirty->len > s->table.live * (int64_t)sizeof(uint32_t)) {
        weir_buf_unref(s->dirty);
        s->dirty = NULL;
    }
}

/* An abandoned run may have made a snapshot of the version that is now written anew: it would be
 * loaded instead of the delta. */
static weir_rc stale_remove(weir_ctx *ctx, const weir_store *s) {
    const long long v = (long long)s->version + 1;
    for (int32_t i = 0; i < s->spec.nheld; i++) {
        const char *dir = s->part[i].dir;
        WEIR_TRY(weir_path_remove(ctx, weir_printf(ctx->arena, "%s/%lld.snapshot", dir, v)));
        WEIR_TRY(weir_path_remove(ctx, weir_printf(ctx->arena, "%s/.%lld.snapshot.crc", dir, v)));
    }
    return WEIR_OK;
}

static weir_rc commit(weir_ctx *ctx, weir_store *s) {
    plan p = {0};
    weir_state_files fs = {.one_flush = s->spec.nheld > FEW};
    WEIR_TRY(plan_make(ctx, s, &p));
    WEIR_TRY(folders_make(ctx, s));
    weir_rc rc = deltas_write(ctx, s, &p, &fs);
    if (rc == WEIR_OK) rc = stale_remove(ctx, s);
    if (rc == WEIR_OK) rc = weir_state_files_publish(ctx, &fs, s->spec.dir);
    if (rc != WEIR_OK) weir_state_files_drop(ctx, &fs);
    return rc;
}

weir_rc weir_store_commit(weir_ctx *ctx, weir_store *s) {
    int64_t start = weir_monotonic_us(s->env);
    weir_ctx c = *ctx;
    c.arena = weir_arena_new(NULL);
    weir_rc rc = commit(&c, s);
    weir_arena_free(c.arena);
    WEIR_TRY(rc);
    s->version++;
    changes_clear(s);
    weir_table_trim(ctx, &s->table);
    s->stat.commit_us += weir_monotonic_us(s->env) - start;
    return WEIR_OK;
}
