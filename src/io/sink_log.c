/* The file sink's log. See sink_log.h. */
#include "io/sink_log.h"

#include "base/json.h"
#include "io/log_text.h"

#include <stdlib.h>
#include <string.h>

weir_rc weir_sink_log_open(weir_ctx *ctx, const char *dir, weir_sink_log *out) {
    weir_dirent *e = NULL;
    int64_t n = 0, first = -1, count = 0;
    weir_stat st;
    char *log = weir_printf(ctx->arena, "%s/_spark_metadata", dir);
    *out = (weir_sink_log){.dir = dir, .latest = -1, .compact = -1, .lowest = INT64_MAX};
    out->interval = weir_conf_int(ctx->conf, "spark.sql.streaming.fileSink.log.compactInterval");
    WEIR_TRY(weir_path_stat(ctx, log, &st));
    out->exists = st.exists && st.is_dir;
    WEIR_TRY(weir_path_list(ctx, log, false, &e, &n));
    for (int64_t i = 0; i < n; i++) {
        char *end;
        int64_t id = strtoll(e[i].name, &end, 10);
        bool c = strcmp(end, ".compact") == 0;
        if (end == e[i].name || (*end && !c)) continue;
        if (id > out->latest) out->latest = id;
        if (id < out->lowest) out->lowest = id;
        if (!c) continue;
        count++;
        if (first < 0) first = id;
        if (id > out->compact) out->compact = id;
    }
    if (count == 1) out->interval = first + 1; /* the interval the log was made with */
    return WEIR_OK;
}

static char *path_of(weir_ctx *ctx, const char *dir, int64_t id, bool compact) {
    return weir_printf(ctx->arena, "%s/_spark_metadata/%lld%s", dir, (long long)id,
                       compact ? ".compact" : "");
}

typedef struct list {
    weir_sink_file *v;
    int64_t n, cap;
} list;

static void push(weir_arena *a, list *l, weir_sink_file f) {
    if (l->n == l->cap) {
        int64_t cap = l->cap ? l->cap * 2 : 64;
        weir_sink_file *v = WEIR_NEWN(a, weir_sink_file, cap);
        if (l->n) memcpy(v, l->v, sizeof *v * (size_t)l->n);
        l->v = v;
        l->cap = cap;
    }
    l->v[l->n++] = f;
}

static weir_rc read_entry(weir_ctx *ctx, const char *path, list *out) {
    char *text;
    int version;
    WEIR_TRY(weir_log_text(ctx, path, 1, &version, &text));
    for (char *s = text, *end; *s; s = *end ? end + 1 : end) {
        end = s + strcspn(s, "\n");
        const weir_json *j = weir_json_parse(ctx->arena, s, (size_t)(end - s), NULL);
        const char *uri = weir_json_str(j, "path", NULL);
        if (!uri)
            return weir_fail(ctx, WEIR_E_MALFORMED_CHECKPOINT, "path", path, "reason",
                             "a line is not a JSON object with a path");
        push(ctx->arena, out,
             (weir_sink_file){uri, weir_json_int(j, "size", 0),
                              weir_json_int(j, "modificationTime", 0)});
    }
    return WEIR_OK;
}

weir_rc weir_sink_log_files(weir_ctx *ctx, const char *dir, bool *exists, weir_sink_file **out,
                            int64_t *n) {
    weir_sink_log v;
    list l = {0};
    WEIR_TRY(weir_sink_log_open(ctx, dir, &v));
    *exists = v.exists;
    if (v.compact >= 0) WEIR_TRY(read_entry(ctx, path_of(ctx, dir, v.compact, true), &l));
    for (int64_t id = v.compact + 1; id <= v.latest; id++)
        WEIR_TRY(read_entry(ctx, path_of(ctx, dir, id, false), &l));
    *out = l.v;
    *n = l.n;
    return WEIR_OK;
}

static void write_line(weir_str *s, const weir_sink_file *f) {
    weir_jw w;
    weir_str_putc(s, '\n');
    weir_jw_init(&w, s);
    weir_jw_obj(&w);
    weir_jw_key(&w, "path");
    weir_jw_str(&w, f->uri);
    weir_jw_key(&w, "size");
    weir_jw_int(&w, f->size_bytes);
    weir_jw_key(&w, "isDir");
    weir_jw_bool(&w, false);
    weir_jw_key(&w, "modificationTime");
    weir_jw_int(&w, f->mtime_ms);
    weir_jw_key(&w, "blockReplication");
    weir_jw_int(&w, 1);
    weir_jw_key(&w, "blockSize");
    weir_jw_int(&w, 33554432);
    weir_jw_key(&w, "action");
    weir_jw_str(&w, "add");
    weir_jw_end_obj(&w);
}

/* The lines of all entries so far, as they are. */
static weir_rc add_old_lines(weir_ctx *ctx, const weir_sink_log *l, int64_t id, weir_str *out) {
    for (int64_t k = l->compact >= 0 ? l->compact : 0; k < id; k++) {
        char *lines;
        int version;
        WEIR_TRY(weir_log_text(ctx, path_of(ctx, l->dir, k, k == l->compact), 1, &version, &lines));
        size_t n = strlen(lines);
        while (n && lines[n - 1] == '\n') n--;
        if (!n) continue;
        weir_str_putc(out, '\n');
        weir_str_add(out, lines, n);
    }
    return WEIR_OK;
}

/* SPARK CompactibleFileStreamLog.deleteExpiredLog: see file_log.c, which does the same. */
static weir_rc clean(weir_ctx *ctx, weir_sink_log *l, int64_t id) {
    int64_t keep = weir_conf_int(ctx->conf, "spark.sql.streaming.minBatchesToRetain"),
            delay = weir_conf_ms(ctx->conf, "spark.sql.streaming.fileSink.log.cleanupDelay"),
            upto = (id - keep + 1) / l->interval * l->interval - 1, now = weir_now_ms(ctx->env);
    if (l->lowest > id) l->lowest = id;
    for (; l->lowest < upto; l->lowest++) {
        char *path = path_of(ctx, l->dir, l->lowest, (l->lowest + 1) % l->interval == 0);
        weir_stat st;
        WEIR_TRY(weir_path_stat(ctx, path, &st));
        if (!st.exists) continue;
        if (st.mtime_us / 1000 > now - delay) break;
        WEIR_TRY(weir_path_remove(ctx, path));
    }
    return WEIR_OK;
}

weir_rc weir_sink_log_add(weir_ctx *ctx, weir_sink_log *l, int64_t id, const weir_sink_file *f,
                          int64_t n) {
    weir_str s;
    bool lost = false, compact = (id + 1) % l->interval == 0;
    weir_str_init(&s, ctx->arena, 1u << 30);
    weir_str_puts(&s, "v1");
    if (compact) WEIR_TRY(add_old_lines(ctx, l, id, &s));
    for (int64_t i = 0; i < n; i++) write_line(&s, &f[i]);
    WEIR_TRY(weir_path_mkdirs(ctx, weir_printf(ctx->arena, "%s/_spark_metadata", l->dir)));
    WEIR_TRY(weir_file_put(ctx, path_of(ctx, l->dir, id, compact), s.p, s.len, false, &lost));
    if (lost)
        return weir_fail(ctx, WEIR_E_CONCURRENT_STREAM, "batchId",
                         weir_printf(ctx->arena, "%lld", (long long)id));
    l->latest = id;
    if (compact) l->compact = id;
    return clean(ctx, l, id);
}
