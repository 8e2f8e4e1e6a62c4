/* Listing files: roots, globs, filters, all folders below. What of it is read is said by the
 * layout (partition.c). SPARK InMemoryFileIndex, MetadataLogFileIndex. */
#include "source/files.h"

#include "func/datetime.h"
#include "io/clear.h"
#include "io/sink_log.h"
#include "source/cloud_schema.h"
#include "source/glob.h"

#include <stdlib.h>
#include <strings.h>

bool weir_scan_flag(const weir_scan *s, const char *key, bool dflt) {
    const char *v = weir_option_get(&s->options, key);
    return v ? strcasecmp(v, "true") == 0 : dflt;
}

typedef struct root { /* a path of the scan, globs resolved */
    const char *path;
    weir_stat st;
    bool listed;
} root;

typedef struct lister {
    weir_listing *out;
    const char *name_glob;
    int64_t after_us, before_us;
    root *root; /* by path; one that is named twice is there twice */
    int64_t nroot, cap;
    bool named_files; /* some of them are files */
} lister;

static bool is_new(weir_ctx *ctx, const lister *l, const char *path, const char **uri) {
    const weir_listing *v = l->out;
    *uri = NULL;
    if (!v->seen) return true;
    *uri = weir_file_uri(ctx->arena, path);
    return !v->seen(v->seen_u, *uri);
}

static void add(weir_ctx *ctx, lister *l, weir_found f) {
    weir_listing *v = l->out;
    if ((l->after_us && f.mtime_us <= l->after_us) || (l->before_us && f.mtime_us >= l->before_us))
        return;
    if (v->n == v->cap) {
        int64_t cap = v->cap ? v->cap * 2 : 64;
        weir_found *p = WEIR_NEWN(ctx->arena, weir_found, cap);
        if (v->n) memcpy(p, v->v, sizeof *p * (size_t)v->n);
        v->v = p;
        v->cap = cap;
    }
    v->v[v->n++] = f;
}

int64_t weir_listing_folder(weir_arena *a, weir_listing *l, const char *path) {
    if (l->nfolder == l->folder_cap) {
        int64_t cap = l->folder_cap ? l->folder_cap * 2 : 16;
        weir_folder *p = WEIR_NEWN(a, weir_folder, cap);
        if (l->nfolder) memcpy(p, l->folder, sizeof *p * (size_t)l->nfolder);
        l->folder = p;
        l->folder_cap = cap;
    }
    l->folder[l->nfolder] = (weir_folder){.path = path};
    return l->nfolder++;
}

static bool starts(const char *s, const char *with) {
    return strncmp(s, with, strlen(with)) == 0;
}

/* SPARK HadoopFSUtils.shouldFilterOutPathName */
static bool hidden(const char *n) {
    static const char partial[] = "._COPYING_";
    size_t len = strlen(n), tail = sizeof partial - 1;
    bool out = n[0] == '.' || (n[0] == '_' && !strchr(n, '=')) ||
               (len >= tail && strcmp(n + len - tail, partial) == 0);
    return out && !starts(n, "_common_metadata") && !starts(n, "_metadata");
}

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static char *parent(weir_arena *a, const char *path) {
    const char *slash = strrchr(path, '/');
    return slash > path ? weir_strndup(a, path, (size_t)(slash - path)) : weir_strdup(a, "/");
}

/* ---- roots ---- */

static int by_path(const void *a, const void *b) {
    return strcmp(((const root *)a)->path, ((const root *)b)->path);
}

static void add_root(weir_ctx *ctx, lister *l, const char *path, weir_stat st) {
    if (strstr(path, "/_spark_metadata")) return; /* SPARK ancestorIsMetadataDirectory */
    if (l->nroot == l->cap) {
        int64_t cap = l->cap ? l->cap * 2 : 16;
        root *p = WEIR_NEWN(ctx->arena, root, cap);
        if (l->nroot) memcpy(p, l->root, sizeof *p * (size_t)l->nroot);
        l->root = p;
        l->cap = cap;
    }
    l->root[l->nroot++] = (root){path, st, false};
    l->named_files |= !st.is_dir;
}

static weir_rc missing(weir_ctx *ctx, const char *path) {
    return weir_fail(ctx, WEIR_E_PATH_NOT_FOUND, "path", weir_printf(ctx->arena, "file:%s", path));
}

static weir_rc find_roots(weir_ctx *ctx, lister *l, const weir_scan *s, bool must_exist) {
    for (int i = 0; i < s->npath; i++) {
        const char **path = &s->path[i];
        int64_t n = 1;
        bool glob = weir_glob_is(*path);
        if (glob) WEIR_TRY(weir_glob(ctx, s->path[i], &path, &n));
        if (!n && must_exist && !s->streaming) return missing(ctx, s->path[i]);
        for (int64_t k = 0; k < n; k++) {
            weir_stat st;
            WEIR_TRY(weir_path_stat(ctx, path[k], &st));
            if (st.exists)
                add_root(ctx, l, path[k], st);
            else if (!glob && must_exist)
                return missing(ctx, path[k]);
        }
    }
    if (l->nroot) qsort(l->root, (size_t)l->nroot, sizeof *l->root, by_path);
    return WEIR_OK;
}

/* How often a path is a root; those are marked. */
static int32_t take_root(lister *l, const char *path) {
    int64_t lo = 0, hi = l->nroot;
    int32_t n = 0;
    while (lo < hi) {
        int64_t mid = lo + (hi - lo) / 2;
        if (strcmp(l->root[mid].path, path) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    for (; lo < l->nroot && strcmp(l->root[lo].path, path) == 0; lo++, n++)
        l->root[lo].listed = true;
    return n;
}

static weir_rc find_bases(weir_ctx *ctx, const weir_scan *s, lister *l) {
    weir_listing *v = l->out;
    if (weir_scan_flag(s, "recursiveFileLookup", false)) return WEIR_OK; /* no k=v folders */
    WEIR_TRY(weir_files_base_option(ctx, s, v));
    if (v->nbase) {
        for (int64_t i = 0; i < l->nroot; i++)
            if (!starts(l->root[i].path, v->base[0]))
                return weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                                 weir_printf(ctx->arena,
                                             "Wrong basePath %s for the root path: file:%s",
                                             weir_option_get(&s->options, "basePath"),
                                             l->root[i].path));
        return WEIR_OK;
    }
    v->base = WEIR_NEWN(ctx->arena, const char *, l->nroot + 1);
    for (int64_t i = 0; i < l->nroot; i++)
        v->base[v->nbase++] =
            l->root[i].st.is_dir ? l->root[i].path : parent(ctx->arena, l->root[i].path);
    weir_listing_sort_bases(v);
    return WEIR_OK;
}

/* ---- folders ---- */

/* The files of one folder; its subfolders come behind in the listing. */
static weir_rc list_folder(weir_ctx *ctx, lister *l, int64_t at) {
    weir_listing *v = l->out;
    const char *dir = v->folder[at].path, *slash = dir[strlen(dir) - 1] == '/' ? "" : "/";
    bool stat_all = !v->seen; /* else only what is new, that a batch costs what it brings */
    weir_dirent *e = NULL;
    int64_t n = 0;
    v->folder[at].named = take_root(l, dir);
    WEIR_TRY(weir_path_list(ctx, dir, stat_all, &e, &n));
    for (int64_t i = 0; i < n; i++) {
        const char *uri = NULL;
        if (hidden(e[i].name)) continue;
        char *path = weir_printf(ctx->arena, "%s%s%s", dir, slash, e[i].name);
        if (e[i].is_dir) {
            (void)weir_listing_folder(ctx->arena, v, path);
            continue;
        }
        int32_t named = v->folder[at].named + (l->named_files ? take_root(l, path) : 0);
        if (!weir_is_data_name(e[i].name)) continue;
        v->folder[at].data = true;
        if (l->name_glob && !weir_glob_match(l->name_glob, e[i].name)) continue;
        if (!is_new(ctx, l, path, &uri)) continue;
        weir_stat st = {true, false, e[i].size_bytes, e[i].mtime_us, 0};
        if (!stat_all) WEIR_TRY(weir_path_stat(ctx, path, &st));
        if (st.exists)
            add(ctx, l, (weir_found){path, uri, st.size_bytes, st.mtime_us, at, named});
    }
    return WEIR_OK;
}

static weir_rc list_file(weir_ctx *ctx, lister *l, const root *r) {
    const char *name = base_name(r->path), *uri = NULL;
    int32_t named = take_root(l, r->path);
    if (hidden(name) || !weir_is_data_name(name)) return WEIR_OK;
    int64_t at = weir_listing_folder(ctx->arena, l->out, parent(ctx->arena, r->path));
    l->out->folder[at].data = true;
    if (l->name_glob && !weir_glob_match(l->name_glob, name)) return WEIR_OK;
    if (is_new(ctx, l, r->path, &uri))
        add(ctx, l,
            (weir_found){r->path, uri, r->st.size_bytes, r->st.mtime_us, at, named});
    return WEIR_OK;
}

static weir_rc list_roots(weir_ctx *ctx, lister *l) {
    for (int64_t i = 0; i < l->nroot; i++) {
        if (l->root[i].listed) continue; /* it is below another, which comes first */
        if (!l->root[i].st.is_dir) {
            WEIR_TRY(list_file(ctx, l, &l->root[i]));
            continue;
        }
        int64_t at = weir_listing_folder(ctx->arena, l->out, l->root[i].path);
        for (; at < l->out->nfolder; at++) {
            WEIR_TRY(weir_check_cancel(ctx));
            WEIR_TRY(list_folder(ctx, l, at));
        }
    }
    return WEIR_OK;
}

/* The output of a streaming file sink: only what its log names is there. SPARK
 * FileStreamSink.hasMetadata: one path, without globs. */
static weir_rc list_logged(weir_ctx *ctx, lister *l, const weir_scan *s) {
    weir_sink_file *v = NULL;
    int64_t n = 0;
    if (s->npath != 1 || weir_glob_is(s->path[0]) || l->nroot != 1 || !l->root[0].st.is_dir ||
        weir_conf_bool(ctx->conf, "spark.sql.streaming.fileStreamSink.ignoreMetadata"))
        return WEIR_OK;
    WEIR_TRY(weir_sink_log_files(ctx, s->path[0], &l->out->logged, &v, &n));
    for (int64_t i = 0; i < n; i++) {
        const char *uri = NULL, *path = NULL;
        WEIR_TRY(weir_uri_decode(ctx, v[i].uri, s->path[0], &path));
        int64_t at = weir_listing_folder_of(ctx->arena, l->out, path);
        weir_folder *f = &l->out->folder[at];
        f->named = strcmp(f->path, s->path[0]) == 0;
        f->data = true;
        if (l->name_glob && !weir_glob_match(l->name_glob, base_name(path))) continue;
        if (is_new(ctx, l, path, &uri))
            add(ctx, l,
                (weir_found){path, uri, v[i].size_bytes, v[i].mtime_ms * 1000, at, f->named});
    }
    return WEIR_OK;
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

weir_rc weir_files_list(weir_ctx *ctx, const weir_scan *s, bool must_exist, weir_listing *out) {
    lister l = {.out = out, .name_glob = weir_option_get(&s->options, "pathGlobFilter")};
    if (!l.name_glob) l.name_glob = weir_option_get(&s->options, "fileNamePattern");
    if (l.name_glob) WEIR_TRY(weir_glob_check(ctx, l.name_glob));
    WEIR_TRY(time_option(ctx, s, "modifiedAfter", &l.after_us));
    WEIR_TRY(time_option(ctx, s, "modifiedBefore", &l.before_us));
    WEIR_TRY(find_roots(ctx, &l, s, must_exist));
    WEIR_TRY(find_bases(ctx, s, &l));
    WEIR_TRY(list_logged(ctx, &l, s));
    return out->logged ? WEIR_OK : list_roots(ctx, &l);
}

static int by_time(const void *a, const void *b) {
    const weir_found *x = a, *y = b;
    if (x->mtime_us / 1000 != y->mtime_us / 1000) return x->mtime_us < y->mtime_us ? -1 : 1;
    return strcmp(x->path, y->path);
}

void weir_files_by_time(weir_listing *l) {
    if (l->n) qsort(l->v, (size_t)l->n, sizeof *l->v, by_time);
}
