/* The file sink's log. See sink_log.h. */
#include "io/sink_log.h"

#include "base/json.h"
#include "io/log_text.h"

#include <stdlib.h>
#include <string.h>

typedef struct ids {
    int64_t latest, compact, interval;
    bool exists;
} ids;

static weir_rc scan(weir_ctx *ctx, const char *dir, ids *out) {
    weir_dirent *e = NULL;
    int64_t n = 0, first = -1, count = 0;
    weir_stat st;
    char *log = weir_printf(ctx->arena, "%s/_spark_metadata", dir);
    *out =
        (ids){-1, -1, weir_conf_int(ctx->conf, "spark.sql.streaming.fileSink.log.compactInterval"),
              false};
    WEIR_TRY(weir_path_stat(ctx, log, &st));
    out->exists = st.exists && st.is_dir;
    WEIR_TRY(weir_path_list(ctx, log, false, &e, &n));
    for (int64_t i = 0; i < n; i++) {
        char *end;
        int64_t id = strtoll(e[i].name, &end, 10);
        bool c = strcmp(end, ".compact") == 0;
        if (end == e[i].name || (*end && !c)) continue;
        if (id > out->latest) out->latest = id;
        if (!c) continue;
        count++;
        if (first < 0) first = id;
        if (id > out->compact) out->compact = id;
    }
    if (count == 1) out->interval = first + 1; /* the interval the log was made with */
    return WEIR_OK;
}

weir_rc weir_sink_log_latest(weir_ctx *ctx, const char *dir, int64_t *latest) {
    ids v;
    WEIR_TRY(scan(ctx, dir, &v));
    *latest = v.latest;
    return WEIR_OK;
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

static weir_rc read_all(weir_ctx *ctx, const char *dir, const ids *v, list *out) {
    if (v->compact >= 0)
        WEIR_TRY(read_entry(
            ctx,
            weir_printf(ctx->arena, "%s/_spark_metadata/%lld.compact", dir, (long long)v->compact),
            out));
    for (int64_t id = v->compact + 1; id <= v->latest; id++)
        WEIR_TRY(read_entry(
            ctx, weir_printf(ctx->arena, "%s/_spark_metadata/%lld", dir, (long long)id), out));
    return WEIR_OK;
}

weir_rc weir_sink_log_files(weir_ctx *ctx, const char *dir, bool *exists, weir_sink_file **out,
                            int64_t *n) {
    ids v;
    list l = {0};
    WEIR_TRY(scan(ctx, dir, &v));
    *exists = v.exists;
    if (v.exists) WEIR_TRY(read_all(ctx, dir, &v, &l));
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

weir_rc weir_sink_log_add(weir_ctx *ctx, const char *dir, int64_t id, const weir_sink_file *f,
                          int64_t n) {
    ids v;
    list old = {0};
    weir_str s;
    bool lost = false;
    WEIR_TRY(scan(ctx, dir, &v));
    bool compact = (id + 1) % v.interval == 0;
    weir_str_init(&s, ctx->arena, 1u << 30);
    weir_str_puts(&s, "v1");
    if (compact) WEIR_TRY(read_all(ctx, dir, &v, &old));
    for (int64_t i = 0; i < old.n; i++) write_line(&s, &old.v[i]);
    for (int64_t i = 0; i < n; i++) write_line(&s, &f[i]);
    char *log = weir_printf(ctx->arena, "%s/_spark_metadata", dir);
    WEIR_TRY(weir_path_mkdirs(ctx, log));
    WEIR_TRY(weir_file_put(
        ctx, weir_printf(ctx->arena, "%s/%lld%s", log, (long long)id, compact ? ".compact" : ""),
        s.p, s.len, false, &lost));
    return lost ? weir_fail(ctx, WEIR_E_CONCURRENT_STREAM, "batchId",
                            weir_printf(ctx->arena, "%lld", (long long)id))
                : WEIR_OK;
}
