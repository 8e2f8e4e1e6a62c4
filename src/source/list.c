/* Listing files: globs, filters, partition directories. */
#include "source/files.h"

#include "func/datetime.h"
#include "io/sink_log.h"
#include "source/cloud_schema.h"

#include <fnmatch.h>
#include <glob.h>
#include <stdlib.h>
#include <strings.h>

bool weir_scan_flag(const weir_scan *s, const char *key, bool dflt) {
    const char *v = weir_option_get(&s->options, key);
    return v ? strcasecmp(v, "true") == 0 : dflt;
}

typedef struct lister {
    weir_listing *out;
    const char *name_glob, *base; /* base: where partition folders begin */
    int64_t after_us, before_us;
    bool recurse, base_option;
} lister;

static bool is_new(weir_ctx *ctx, const lister *l, const char *path, const char **uri) {
    const weir_listing *v = l->out;
    *uri = NULL;
    if (!v->seen) return true;
    *uri = weir_file_uri(ctx->arena, path);
    return !v->seen(v->seen_u, *uri);
}

static void add(weir_ctx *ctx, lister *l, const char *path, const char *uri, int64_t size,
                int64_t mtime_us) {
    weir_listing *v = l->out;
    if ((l->after_us && mtime_us <= l->after_us) || (l->before_us && mtime_us >= l->before_us))
        return;
    if (v->n == v->cap) {
        int64_t cap = v->cap ? v->cap * 2 : 64;
        weir_found *p = WEIR_NEWN(ctx->arena, weir_found, cap);
        if (v->n) memcpy(p, v->v, sizeof *p * (size_t)v->n);
        v->v = p;
        v->cap = cap;
    }
    v->v[v->n++] = (weir_found){path, uri, size, mtime_us, l->base};
}

static bool hidden(const char *n) {
    static const char partial[] = "._COPYING_";
    size_t len = strlen(n), tail = sizeof partial - 1;
    /* SPARK: _ and . hide a name; partition directories like _a=1 do not count as hidden */
    return n[0] == '.' || (n[0] == '_' && !strchr(n, '=')) ||
           (len >= tail && strcmp(n + len - tail, partial) == 0);
}

/* fnmatch, with {a,b}. */
static bool name_matches(weir_ctx *ctx, const char *pattern, const char *name, int depth) {
    const char *open = strchr(pattern, '{'), *p = open;
    int level = 0;
    if (!open || depth > 16) return fnmatch(pattern, name, FNM_PATHNAME) == 0;
    const char *from = open + 1, *close = NULL;
    for (; *p && !close; p++) { /* the end of the braces first */
        level += (*p == '{') - (*p == '}');
        if (!level) close = p;
    }
    if (!close) return fnmatch(pattern, name, FNM_PATHNAME) == 0;
    for (p = from, level = 0; p <= close; p++) {
        level += (*p == '{') - (*p == '}' && p < close);
        if ((*p != ',' || level) && p != close) continue;
        char *one = weir_printf(ctx->arena, "%.*s%.*s%s", (int)(open - pattern), pattern,
                                (int)(p - from), from, close + 1);
        if (name_matches(ctx, one, name, depth + 1)) return true;
        from = p + 1;
    }
    return false;
}

bool weir_path_matches(const char *pattern, const char *path) {
    weir_ctx c = {.arena = weir_arena_new(NULL)};
    bool yes = name_matches(&c, pattern, path, 0);
    weir_arena_free(c.arena);
    return yes;
}

static weir_rc walk(weir_ctx *ctx, lister *l, const char *dir, int depth, bool inside) {
    weir_dirent *e = NULL;
    int64_t n = 0;
    bool stat_all = !l->out->seen; /* else only what is new, that a batch costs what it brings */
    if (depth > 64) return WEIR_OK;
    WEIR_TRY(weir_path_list(ctx, dir, stat_all, &e, &n));
    for (int64_t i = 0; i < n; i++) {
        const char *uri = NULL;
        if (hidden(e[i].name)) continue;
        char *path = weir_printf(ctx->arena, "%s%s%s", dir, dir[strlen(dir) - 1] == '/' ? "" : "/",
                                 e[i].name);
        if (e[i].is_dir) {
            if (inside || l->recurse || strchr(e[i].name, '='))
                WEIR_TRY(walk(ctx, l, path, depth + 1, true));
            continue;
        }
        if (l->name_glob && !name_matches(ctx, l->name_glob, e[i].name, 0)) continue;
        if (!is_new(ctx, l, path, &uri)) continue;
        weir_stat st = {true, false, e[i].size_bytes, e[i].mtime_us, 0};
        if (!stat_all) WEIR_TRY(weir_path_stat(ctx, path, &st));
        if (st.exists) add(ctx, l, path, uri, st.size_bytes, st.mtime_us);
    }
    return WEIR_OK;
}

/* The output of a streaming file sink: only what its log names is there. */
static weir_rc list_logged(weir_ctx *ctx, lister *l, const char *dir, bool *logged) {
    weir_sink_file *v = NULL;
    int64_t n = 0;
    WEIR_TRY(weir_sink_log_files(ctx, dir, logged, &v, &n));
    for (int64_t i = 0; i < n; i++) {
        const char *uri = NULL, *path = weir_uri_path(ctx->arena, v[i].uri);
        if (is_new(ctx, l, path, &uri))
            add(ctx, l, path, uri, v[i].size_bytes, v[i].mtime_ms * 1000);
    }
    return WEIR_OK;
}

static weir_rc list_one(weir_ctx *ctx, lister *l, const char *path, bool must_exist) {
    weir_stat st;
    WEIR_TRY(weir_path_stat(ctx, path, &st));
    if (!st.exists)
        return must_exist ? weir_fail(ctx, WEIR_E_PATH_NOT_FOUND, "path",
                                      weir_printf(ctx->arena, "file:%s", path))
                          : WEIR_OK;
    const char *slash = strrchr(path, '/');
    if (!l->base_option)
        l->base =
            st.is_dir || !slash ? path : weir_strndup(ctx->arena, path, (size_t)(slash - path));
    if (st.is_dir) {
        bool logged = false;
        WEIR_TRY(list_logged(ctx, l, path, &logged));
        l->out->logged |= logged;
        return logged ? WEIR_OK : walk(ctx, l, path, 0, false);
    }
    const char *uri = NULL, *name = slash ? slash + 1 : path;
    if (hidden(name) || (l->name_glob && !name_matches(ctx, l->name_glob, name, 0))) return WEIR_OK;
    if (is_new(ctx, l, path, &uri)) add(ctx, l, path, uri, st.size_bytes, st.mtime_us);
    return WEIR_OK;
}

static weir_rc list_glob(weir_ctx *ctx, lister *l, const char *pattern, bool must_exist) {
    glob_t g = {0};
    int rc = glob(pattern, GLOB_BRACE, NULL, &g);
    weir_rc out = WEIR_OK;
    for (size_t i = 0; rc == 0 && i < g.gl_pathc && out == WEIR_OK; i++) {
        const char *slash = strrchr(g.gl_pathv[i], '/');
        if (!hidden(slash ? slash + 1 : g.gl_pathv[i]))
            out = list_one(ctx, l, weir_strdup(ctx->arena, g.gl_pathv[i]), false);
    }
    if (rc != 0 && must_exist)
        out = weir_fail(ctx, WEIR_E_PATH_NOT_FOUND, "path",
                        weir_printf(ctx->arena, "file:%s", pattern));
    globfree(&g);
    return out;
}

static weir_rc time_option(weir_ctx *ctx, const weir_scan *s, const char *key, int64_t *us) {
    const char *v = weir_option_get(&s->options, key);
    if (!v || weir_timestamp_parse(v, (int64_t)strlen(v), weir_zone_session(ctx), us))
        return WEIR_OK;
    return weir_fail(
        ctx, WEIR_E_ANALYSIS_LEGACY, "message",
        weir_printf(ctx->arena,
                    "The timestamp provided for the '%s' option is invalid. The expected format is "
                    "'YYYY-MM-DDTHH:mm:ss', but the provided timestamp: %s.",
                    strcmp(key, "modifiedAfter") == 0 ? "modifiedafter" : "modifiedbefore", v));
}

static weir_rc base_option(weir_ctx *ctx, const weir_scan *s, lister *l) {
    const char *v = weir_option_get(&s->options, "basePath");
    weir_stat st;
    if (!v) return WEIR_OK;
    if (strncmp(v, "file:", 5) == 0) v += 5;
    while (v[0] == '/' && v[1] == '/') v++;
    WEIR_TRY(weir_path_stat(ctx, v, &st));
    if (!st.exists || !st.is_dir)
        return weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                         st.exists ? "Option 'basePath' must be a directory"
                                   : "Option 'basePath' not found");
    l->base = v;
    l->base_option = true;
    return WEIR_OK;
}

weir_rc weir_files_list(weir_ctx *ctx, const weir_scan *s, bool must_exist, weir_listing *out) {
    lister l = {.out = out,
                .name_glob = weir_option_get(&s->options, "pathGlobFilter"),
                .recurse = weir_scan_flag(s, "recursiveFileLookup", false)};
    if (!l.name_glob) l.name_glob = weir_option_get(&s->options, "fileNamePattern");
    WEIR_TRY(base_option(ctx, s, &l));
    WEIR_TRY(time_option(ctx, s, "modifiedAfter", &l.after_us));
    WEIR_TRY(time_option(ctx, s, "modifiedBefore", &l.before_us));
    for (int i = 0; i < s->npath; i++)
        WEIR_TRY(strpbrk(s->path[i], "*?[{")
                     ? list_glob(ctx, &l, s->path[i], must_exist && !s->streaming)
                     : list_one(ctx, &l, s->path[i], must_exist));
    return WEIR_OK;
}

static int by_time(const void *a, const void *b) {
    const weir_found *x = a, *y = b;
    if (x->mtime_us / 1000 != y->mtime_us / 1000) return x->mtime_us < y->mtime_us ? -1 : 1;
    return strcmp(x->path, y->path);
}

void weir_files_by_time(weir_listing *l) {
    if (l->n) qsort(l->v, (size_t)l->n, sizeof *l->v, by_time);
}
