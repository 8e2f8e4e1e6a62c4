/* From a listing of _delta_log to a snapshot. Other writers are at work in the folder: a listing
 * may miss a name that comes while it is made, and a file that it has may be gone: both are looked
 * at again before the log is called damaged. SPARK SnapshotManagement. Any task. */
#include "delta/delta.h"

#include "base/log.h"

#include <stdlib.h>

enum { LOOKS = 6, FIRST_PAUSE_MS = 10 }; /* each pause is twice the one before: 310 ms in all */

typedef struct listing {
    weir_dirent *e;
    int64_t ne, *entry, n; /* versions with an entry, in order */
} listing;

static bool version_of(const char *name, int64_t *v) {
    char *end;
    if (strlen(name) != 25 || strcmp(name + 20, ".json") != 0) return false;
    *v = strtoll(name, &end, 10);
    return end == name + 20;
}

static int ascending(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static weir_rc list(weir_ctx *ctx, const char *dir, listing *l) {
    *l = (listing){0};
    WEIR_TRY(weir_path_list(ctx, dir, false, &l->e, &l->ne));
    l->entry = WEIR_NEWN(ctx->arena, int64_t, l->ne + 1);
    for (int64_t i = 0; i < l->ne; i++) l->n += version_of(l->e[i].name, &l->entry[l->n]);
    if (l->n) qsort(l->entry, (size_t)l->n, sizeof *l->entry, ascending);
    return WEIR_OK;
}

static const char *number(weir_ctx *ctx, int64_t v) {
    return weir_printf(ctx->arena, "%lld", (long long)v);
}

static weir_rc truncated(weir_ctx *ctx, const weir_delta *d, int64_t missing, int64_t version) {
    return weir_fail(ctx, WEIR_E_DELTA_TRUNCATED_TRANSACTION_LOG, "path",
                     weir_delta_entry_path(ctx->arena, d, missing), "version",
                     number(ctx, version));
}

static weir_rc not_contiguous(weir_ctx *ctx, const weir_delta *d, const listing *l,
                               int64_t want) {
    weir_str s;
    weir_str_init(&s, ctx->arena, 64 << 20);
    for (int64_t i = 0; i < l->n; i++)
        weir_str_printf(&s, "%s%lld", i ? ", " : "", (long long)l->entry[i]);
    return weir_fail(ctx, WEIR_E_DELTA_VERSIONS_NOT_CONTIGUOUS, "versionList", s.p, "startVersion",
                     number(ctx, l->entry[0]), "endVersion", number(ctx, l->entry[l->n - 1]),
                     "versionToLoad", number(ctx, want), "path", d->path);
}

static weir_rc read_entries(weir_ctx *ctx, weir_delta *d, const listing *l, int64_t want) {
    int64_t begin = d->version;
    for (int64_t i = 0; i < l->n && (want < 0 || l->entry[i] <= want); i++) {
        if (l->entry[i] <= d->version) continue;
        if (l->entry[i] != d->version + 1)
            return d->version == begin && begin < 0 ? truncated(ctx, d, 0, l->entry[l->n - 1])
                                                    : not_contiguous(ctx, d, l, want);
        WEIR_TRY(weir_delta_read_entry(ctx, d, l->entry[i]));
    }
    return WEIR_OK;
}

/* The first version that can be had: that of the oldest checkpoint, unless all entries are there.
 * -1: none can. */
static weir_rc earliest(weir_ctx *ctx, const listing *l, int64_t *first) {
    weir_delta_ckpt k = {.version = INT64_MAX};
    *first = l->n && l->entry[0] == 0 ? 0 : -1;
    while (*first != 0 && k.version > 0) {
        WEIR_TRY(weir_delta_ckpt_find(ctx, l->e, l->ne,
                                      k.version == INT64_MAX ? -1 : k.version - 1, &k));
        if (k.version >= 0) *first = k.version;
    }
    return WEIR_OK;
}

static weir_rc wanted_version(weir_ctx *ctx, const weir_delta *d, int64_t want, const listing *l) {
    int64_t first = 0, last = l->n ? l->entry[l->n - 1] : d->version;
    if (want < 0 || d->version == want || last < 0) return WEIR_OK;
    if (d->version >= 0 && want < last) return not_contiguous(ctx, d, l, want);
    WEIR_TRY(earliest(ctx, l, &first));
    if (first < 0) return truncated(ctx, d, 0, last);
    return weir_fail(ctx, WEIR_E_DELTA_VERSION_NOT_FOUND, "userVersion", number(ctx, want),
                     "earliest", number(ctx, first), "latest", number(ctx, last));
}

static bool is_damage(const weir_err *e) {
    switch (e->cls) {
    case WEIR_E_FAILED_READ_FILE:
    case WEIR_E_FILE_NOT_EXIST:
    case WEIR_E_DELTA_LOG_DAMAGED:
    case WEIR_E_DELTA_TRUNCATED_TRANSACTION_LOG:
    case WEIR_E_DELTA_VERSIONS_NOT_CONTIGUOUS: return true;
    default: return false;
    }
}

/* Replays a checkpoint and what follows it. */
static weir_rc replay(weir_ctx *ctx, const listing *l, const weir_delta_ckpt *k, int64_t want,
                      weir_delta *d) {
    if (k->version >= 0) {
        WEIR_TRY(weir_delta_ckpt_read(ctx, d, k));
        d->ckpt_version = k->version;
    }
    weir_delta_settle(d);
    WEIR_TRY(read_entries(ctx, d, l, want));
    if (d->version >= 0 && !d->schema)
        return weir_fail(ctx, WEIR_E_DELTA_LOG_DAMAGED, "path",
                         weir_printf(ctx->arena, "%s/_delta_log", d->path), "reason",
                         "no entry holds the table's metaData");
    return WEIR_OK;
}

/* The newest checkpoint, else one before it, else none: a damaged one is no loss while the entries
 * are there. When nothing will do, the first failure is told. */
static weir_rc load_once(weir_ctx *ctx, weir_arena *mem, const char *path, int64_t want,
                         weir_delta **out) {
    listing l;
    weir_err first;
    weir_rc rc;
    int64_t before = want;
    WEIR_TRY(list(ctx, weir_printf(ctx->arena, "%s/_delta_log", path), &l));
    weir_err_init(&first);
    for (bool alone = false;; weir_err_clear(ctx->err)) {
        weir_delta_ckpt k = {.version = -1};
        *out = weir_delta_none(weir_arena_new(mem), path);
        rc = alone ? WEIR_OK : weir_delta_ckpt_find(ctx, l.e, l.ne, before, &k);
        if (rc == WEIR_OK) rc = replay(ctx, &l, &k, want, *out);
        if (rc == WEIR_OK) rc = wanted_version(ctx, *out, want, &l);
        if (rc == WEIR_OK || !is_damage(ctx->err)) break;
        if (first.rc == WEIR_OK) weir_err_copy(&first, ctx->err);
        if (k.version < 0) break;
        weir_log(WEIR_LOG_WARN, "delta: the checkpoint of version %lld of %s will not do: %s",
                 (long long)k.version, path, ctx->err->msg ? ctx->err->msg : "");
        weir_arena_free((*out)->mem);
        before = k.version - 1;
        alone = before < 0;
    }
    if (rc != WEIR_OK && first.rc != WEIR_OK) {
        weir_err_clear(ctx->err);
        weir_err_copy(ctx->err, &first);
    }
    weir_err_clear(&first);
    return rc;
}

weir_rc weir_delta_load(weir_ctx *ctx, const char *path, int64_t version, weir_delta **out) {
    weir_arena *mem = weir_arena_new(ctx->arena);
    for (int look = 1;; look++) {
        weir_ctx c = *ctx;
        c.arena = weir_arena_new(NULL);
        weir_rc rc = load_once(&c, mem, path, version, out);
        weir_arena_free(c.arena);
        if (rc == WEIR_OK || look == LOOKS || !is_damage(ctx->err)) return rc;
        weir_err_clear(ctx->err);
        weir_sleep_ms(ctx, FIRST_PAUSE_MS << (look - 1));
    }
}

weir_rc weir_delta_refresh(weir_ctx *ctx, weir_delta *d) {
    for (int look = 1;;) {
        weir_stat st;
        WEIR_TRY(weir_path_stat(ctx, weir_delta_entry_path(ctx->arena, d, d->version + 1), &st));
        if (!st.exists) return WEIR_OK;
        weir_rc rc = weir_delta_read_entry(ctx, d, d->version + 1);
        if (rc == WEIR_OK) {
            look = 1;
            continue;
        }
        if (look == LOOKS || !is_damage(ctx->err)) return rc;
        weir_err_clear(ctx->err);
        weir_sleep_ms(ctx, FIRST_PAUSE_MS << (look++ - 1));
    }
}

weir_rc weir_delta_check_there(weir_ctx *ctx, const weir_delta *d) {
    weir_stat st;
    listing l;
    weir_delta_ckpt k;
    WEIR_TRY(weir_path_stat(ctx, weir_delta_entry_path(ctx->arena, d, d->version), &st));
    if (st.exists) return WEIR_OK;
    char *dir = weir_printf(ctx->arena, "%s/_delta_log", d->path);
    WEIR_TRY(weir_path_stat(ctx, dir, &st));
    if (!st.exists) return truncated(ctx, d, d->version, d->version);
    WEIR_TRY(list(ctx, dir, &l));
    WEIR_TRY(weir_delta_ckpt_find(ctx, l.e, l.ne, d->version, &k));
    return k.version == d->version ? WEIR_OK : truncated(ctx, d, d->version, d->version);
}
