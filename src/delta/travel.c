/* Versions of a table by time. The time of a version is when its entry was written, never before
 * the one before it. DELTA DeltaHistoryManager.getActiveCommitAtTime */
#include "delta/delta.h"

#include "func/datetime.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct commit {
    int64_t version, ms;
} commit;

static int by_version(const void *a, const void *b) {
    const commit *x = a, *y = b;
    return x->version < y->version ? -1 : x->version > y->version;
}

/* The unbroken run of entries that ends with the newest. */
static weir_rc commits(weir_ctx *ctx, const char *path, commit **out, int64_t *n) {
    weir_dirent *e = NULL;
    int64_t ne = 0, first = 0;
    WEIR_TRY(weir_path_list(ctx, weir_printf(ctx->arena, "%s/_delta_log", path), true, &e, &ne));
    commit *v = WEIR_NEWN(ctx->arena, commit, ne + 1);
    *n = 0;
    for (int64_t i = 0; i < ne; i++) {
        char *end;
        int64_t version = strtoll(e[i].name, &end, 10);
        if (end == e[i].name + 20 && strcmp(end, ".json") == 0)
            v[(*n)++] = (commit){version, e[i].mtime_us / 1000};
    }
    if (*n) qsort(v, (size_t)*n, sizeof *v, by_version);
    for (int64_t i = 1; i < *n; i++) {
        if (v[i].version != v[i - 1].version + 1) first = i;
        if (v[i].ms <= v[i - 1].ms) v[i].ms = v[i - 1].ms + 1;
    }
    *out = v + first;
    *n -= first;
    return WEIR_OK;
}

/* As java.sql.Timestamp prints it. */
static const char *text_of(weir_ctx *ctx, int64_t ms) {
    char t[WEIR_TIME_TEXT];
    int n = weir_timestamp_text(ms * 1000, weir_zone_session(ctx), t);
    return weir_printf(ctx->arena, "%.*s%s", n, t, memchr(t, '.', (size_t)n) ? "" : ".0");
}

static weir_rc too_late(weir_ctx *ctx, int64_t ms, const commit *last) {
    return weir_fail(ctx, WEIR_E_DELTA_TIMESTAMP_GREATER_THAN_COMMIT, "providedTimestamp",
                     text_of(ctx, ms), "lastCommitTimestamp", text_of(ctx, last->ms),
                     "maximumTimestamp", text_of(ctx, last->ms));
}

weir_rc weir_delta_version_at(weir_ctx *ctx, const char *path, const char *when, bool from,
                              int64_t *version) {
    commit *v = NULL;
    int64_t n = 0, us, at = -1;
    if (!weir_timestamp_parse(when, (int64_t)strlen(when), weir_zone_session(ctx), &us))
        return weir_fail(ctx, WEIR_E_DELTA_TIMESTAMP_INVALID, "expr",
                         weir_printf(ctx->arena, "'%s'", when));
    int64_t ms = weir_floor_div(us, 1000);
    WEIR_TRY(commits(ctx, path, &v, &n));
    if (n == 0) return weir_fail(ctx, WEIR_E_DELTA_MISSING_DELTA_TABLE, "tableName", path);
    while (at + 1 < n && v[at + 1].ms <= ms) at++;
    if (from) { /* the first version that is not older */
        if (at >= 0 && v[at].ms == ms) at--;
        if (at + 1 == n) return too_late(ctx, ms, &v[n - 1]);
        *version = v[at + 1].version;
        return WEIR_OK;
    }
    if (at < 0)
        return weir_fail(ctx, WEIR_E_DELTA_TIMESTAMP_EARLIER_THAN_COMMIT_RETENTION, "userTimestamp",
                         text_of(ctx, ms), "commitTs", text_of(ctx, v[0].ms), "timestampString",
                         text_of(ctx, v[0].ms));
    if (ms > v[n - 1].ms) return too_late(ctx, ms, &v[n - 1]);
    *version = v[at].version;
    return WEIR_OK;
}
