/* The streaming file source's log. See file_log.h. Query thread. */
#include "source/file_log.h"

#include "base/json.h"
#include "io/log_text.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

struct weir_file_log {
    weir_arena *mem;
    const char *dir;
    int64_t latest, interval;
    int64_t lowest, batches_kept, kept_ms; /* clean-up */
    weir_log_file *v;
    int64_t n, cap;
    uint32_t *slot; /* hash table over v by uri; index + 1 */
    uint64_t mask;
    bool by_name;
};

static uint64_t hash(const char *s) { return XXH3_64bits(s, strlen(s)); }

static const char *key_of(const weir_file_log *l, const char *uri) {
    const char *slash = l->by_name ? strrchr(uri, '/') : NULL;
    return slash ? slash + 1 : uri;
}

static void place(weir_file_log *l, int64_t i) {
    uint64_t p = hash(key_of(l, l->v[i].uri)) & l->mask;
    while (l->slot[p]) p = (p + 1) & l->mask;
    l->slot[p] = (uint32_t)i + 1;
}

static void remember(weir_file_log *l, const char *uri, int64_t mtime_ms, int64_t entry) {
    if (l->n == l->cap) {
        int64_t cap = l->cap ? l->cap * 2 : 64;
        weir_log_file *v = WEIR_NEWN(l->mem, weir_log_file, cap);
        if (l->n) memcpy(v, l->v, sizeof *v * (size_t)l->n);
        l->v = v;
        l->cap = cap;
        l->mask = (uint64_t)cap * 2 - 1;
        l->slot = WEIR_NEWN(l->mem, uint32_t, l->mask + 1);
        for (int64_t i = 0; i < l->n; i++) place(l, i);
    }
    l->v[l->n] = (weir_log_file){weir_strdup(l->mem, uri), mtime_ms, entry};
    place(l, l->n++);
}

bool weir_file_log_seen(const void *file_log, const char *uri) {
    const weir_file_log *l = file_log;
    if (!l->n) return false;
    const char *key = key_of(l, uri);
    for (uint64_t p = hash(key) & l->mask; l->slot[p]; p = (p + 1) & l->mask)
        if (strcmp(key_of(l, l->v[l->slot[p] - 1].uri), key) == 0) return true;
    return false;
}

void weir_file_log_by_name(weir_file_log *l) {
    l->by_name = true;
    if (l->n) memset(l->slot, 0, (l->mask + 1) * sizeof *l->slot);
    for (int64_t i = 0; i < l->n; i++) place(l, i);
}

int64_t weir_file_log_newest(const weir_file_log *l) {
    int64_t newest = 0;
    for (int64_t i = 0; i < l->n; i++)
        if (l->v[i].mtime_ms > newest) newest = l->v[i].mtime_ms;
    return newest;
}

int64_t weir_file_log_latest(const weir_file_log *l) { return l->latest; }

static weir_rc damaged(weir_ctx *ctx, const char *path, const char *why) {
    return weir_fail(ctx, WEIR_E_MALFORMED_CHECKPOINT, "path", path, "reason", why);
}

static weir_rc read_entry(weir_ctx *ctx, weir_file_log *l, const char *path) {
    char *text;
    int version;
    WEIR_TRY(weir_log_text(ctx, path, 1, &version, &text));
    for (char *s = text, *end; *s; s = *end ? end + 1 : end) {
        end = s + strcspn(s, "\n");
        const weir_json *j = weir_json_parse(ctx->arena, s, (size_t)(end - s), NULL);
        const char *uri = weir_json_str(j, "path", NULL);
        if (!uri) return damaged(ctx, path, "a line is not a JSON object with a path");
        int64_t entry = weir_json_int(j, "batchId", 0);
        if (l->n && entry < l->v[l->n - 1].entry)
            return damaged(ctx, path, "its batchIds do not ascend");
        remember(l, uri, weir_json_int(j, "timestamp", 0), entry);
    }
    return WEIR_OK;
}

weir_rc weir_file_log_open(weir_ctx *ctx, weir_arena *mem, const char *dir, weir_file_log **out) {
    weir_file_log *l = WEIR_NEW(mem, weir_file_log);
    weir_dirent *e = NULL;
    int64_t n = 0, compact[3], ncompact = 0, newest = -1;
    l->mem = mem;
    l->dir = weir_strdup(mem, dir);
    l->latest = -1;
    l->lowest = INT64_MAX;
    l->batches_kept = weir_conf_int(ctx->conf, "spark.sql.streaming.minBatchesToRetain");
    l->kept_ms = weir_conf_ms(ctx->conf, "spark.sql.streaming.fileSource.log.cleanupDelay");
    l->interval = weir_conf_int(ctx->conf, "spark.sql.streaming.fileSource.log.compactInterval");
    WEIR_TRY(weir_path_mkdirs(ctx, dir));
    WEIR_TRY(weir_path_list(ctx, dir, false, &e, &n));
    for (int64_t i = 0; i < n; i++) {
        char *end;
        int64_t id = strtoll(e[i].name, &end, 10);
        bool c = strcmp(end, ".compact") == 0;
        if (end == e[i].name || (*end && !c)) continue;
        if (id > l->latest) l->latest = id;
        if (id < l->lowest) l->lowest = id;
        if (!c) continue;
        if (ncompact < 3) compact[ncompact] = id;
        ncompact++;
        if (id > newest) newest = id;
    }
    if (ncompact == 1)
        l->interval = compact[0] + 1;
    else if (ncompact == 2)
        l->interval = llabs(compact[0] - compact[1]);
    if (newest >= 0)
        WEIR_TRY(
            read_entry(ctx, l, weir_printf(ctx->arena, "%s/%lld.compact", dir, (long long)newest)));
    for (int64_t id = newest + 1; id <= l->latest; id++)
        WEIR_TRY(read_entry(ctx, l, weir_printf(ctx->arena, "%s/%lld", dir, (long long)id)));
    *out = l;
    return WEIR_OK;
}

static void write_line(weir_str *s, const weir_log_file *f) {
    weir_jw w;
    weir_str_putc(s, '\n');
    weir_jw_init(&w, s);
    weir_jw_obj(&w);
    weir_jw_key(&w, "path");
    weir_jw_str(&w, f->uri);
    weir_jw_key(&w, "timestamp");
    weir_jw_int(&w, f->mtime_ms);
    weir_jw_key(&w, "batchId");
    weir_jw_int(&w, f->entry);
    weir_jw_end_obj(&w);
}

/* SPARK CompactibleFileStreamLog.deleteExpiredLog: entries before the newest compact one that is
 * minBatchesToRetain old, once they are older than cleanupDelay. */
static weir_rc clean(weir_ctx *ctx, weir_file_log *l, int64_t id) {
    int64_t upto = id - l->batches_kept + 1, now = weir_now_ms(ctx->env);
    upto = upto / l->interval * l->interval - 1; /* a compact entry */
    if (l->lowest > id) l->lowest = id;
    for (; l->lowest < upto; l->lowest++) {
        bool compact = (l->lowest + 1) % l->interval == 0;
        char *path = weir_printf(ctx->arena, "%s/%lld%s", l->dir, (long long)l->lowest,
                                 compact ? ".compact" : "");
        weir_stat st;
        WEIR_TRY(weir_path_stat(ctx, path, &st));
        if (!st.exists) continue;
        if (st.mtime_us / 1000 > now - l->kept_ms) break;
        WEIR_TRY(weir_path_remove(ctx, path));
    }
    return WEIR_OK;
}

weir_rc weir_file_log_add(weir_ctx *ctx, weir_file_log *l, const weir_log_file *f, int64_t n) {
    int64_t id = l->latest + 1;
    bool compact = (id + 1) % l->interval == 0, lost = false;
    weir_str s;
    weir_str_init(&s, ctx->arena, 1u << 30);
    weir_str_puts(&s, "v1");
    for (int64_t i = 0; i < l->n && compact; i++) write_line(&s, &l->v[i]);
    for (int64_t i = 0; i < n; i++) {
        weir_log_file one = f[i];
        one.entry = id;
        write_line(&s, &one);
    }
    char *path =
        weir_printf(ctx->arena, "%s/%lld%s", l->dir, (long long)id, compact ? ".compact" : "");
    WEIR_TRY(weir_file_put(ctx, path, s.p, s.len, false, &lost));
    if (lost)
        return weir_fail(ctx, WEIR_E_CONCURRENT_STREAM, "batchId",
                         weir_printf(ctx->arena, "%lld", (long long)id));
    for (int64_t i = 0; i < n; i++) remember(l, f[i].uri, f[i].mtime_ms, id);
    l->latest = id;
    return clean(ctx, l, id);
}

weir_rc weir_file_log_range(weir_ctx *ctx, weir_file_log *l, int64_t from, int64_t to,
                            weir_log_file **out, int64_t *n) {
    int64_t first = l->n; /* entries ascend, and those asked for are the last ones */
    while (first > 0 && l->v[first - 1].entry > from) first--;
    *n = 0;
    *out = WEIR_NEWN(ctx->arena, weir_log_file, l->n - first + 1);
    for (int64_t i = first; i < l->n; i++)
        if (l->v[i].entry > from && l->v[i].entry <= to) (*out)[(*n)++] = l->v[i];
    return WEIR_OK;
}
