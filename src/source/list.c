/* Listing files: globs, filters, partition directories. */
#include "source/files.h"

#include "expr/eval.h"
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
    const char *name_glob;
    int64_t after_us, before_us;
    bool recurse;
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
    v->v[v->n++] = (weir_found){path, uri, size, mtime_us};
}

static bool hidden(const char *n) {
    /* SPARK: _ and . hide a name; partition directories like _a=1 do not count as hidden */
    return n[0] == '.' || (n[0] == '_' && !strchr(n, '='));
}

static weir_rc walk(weir_ctx *ctx, lister *l, const char *dir, int depth) {
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
            if (l->recurse || strchr(e[i].name, '=')) WEIR_TRY(walk(ctx, l, path, depth + 1));
            continue;
        }
        if (l->name_glob && fnmatch(l->name_glob, e[i].name, 0) != 0) continue;
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
    if (st.is_dir) {
        bool logged = false;
        WEIR_TRY(list_logged(ctx, l, path, &logged));
        return logged ? WEIR_OK : walk(ctx, l, path, 0);
    }
    const char *uri = NULL;
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
        ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
        weir_printf(ctx->arena,
                    "The timestamp provided for the '%s' option is invalid. The expected format is "
                    "'YYYY-MM-DDTHH:mm:ss', but the provided timestamp: %s",
                    key, v));
}

weir_rc weir_files_list(weir_ctx *ctx, const weir_scan *s, bool must_exist, weir_listing *out) {
    lister l = {.out = out,
                .name_glob = weir_option_get(&s->options, "pathGlobFilter"),
                .recurse = weir_scan_flag(s, "recursiveFileLookup", false)};
    if (!l.name_glob) l.name_glob = weir_option_get(&s->options, "fileNamePattern");
    WEIR_TRY(time_option(ctx, s, "modifiedAfter", &l.after_us));
    WEIR_TRY(time_option(ctx, s, "modifiedBefore", &l.before_us));
    for (int i = 0; i < s->npath; i++)
        WEIR_TRY(strpbrk(s->path[i], "*?[{") ? list_glob(ctx, &l, s->path[i], must_exist)
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

/* ---- partition columns: k=v directories below the base path ---- */

static const char *base_of(const weir_scan *s, const char *path) {
    for (int i = 0; i < s->npath; i++) {
        size_t n = strlen(s->path[i]);
        while (n > 1 && s->path[i][n - 1] == '/') n--;
        if (strncmp(path, s->path[i], n) == 0 && path[n] == '/') return path + n;
    }
    return path;
}

static char *unescape(weir_arena *a, const char *p, size_t n) {
    char *o = weir_alloc(a, n + 1), *q = o;
    for (size_t i = 0; i < n; i++) {
        char hex[3] = {0};
        if (p[i] == '%' && i + 2 < n) {
            memcpy(hex, p + i + 1, 2);
            char *end;
            long v = strtol(hex, &end, 16);
            if (!*end && v) {
                *q++ = (char)v;
                i += 2;
                continue;
            }
        }
        *q++ = p[i];
    }
    return o;
}

/* Value of partition name in path, NULL if it is not there or Hive's null. */
static const char *part_value(weir_arena *a, const weir_scan *s, const char *path,
                              const char *name) {
    size_t n = strlen(name);
    for (const char *seg = base_of(s, path); seg && *seg; seg = strchr(seg, '/')) {
        while (*seg == '/') seg++;
        const char *end = strchr(seg, '/');
        if (!end) return NULL;
        if (strncmp(seg, name, n) != 0 || seg[n] != '=') continue;
        const char *v = unescape(a, seg + n + 1, (size_t)(end - seg - (ptrdiff_t)n - 1));
        return strcmp(v, "__HIVE_DEFAULT_PARTITION__") == 0 ? NULL : v;
    }
    return NULL;
}

static bool whole_number(const char *v, int64_t *n) {
    char *end;
    *n = strtoll(v, &end, 10);
    return end != v && !*end && (strlen(v) == 1 || (v[0] != '0' && strcmp(v, "-0") != 0));
}

/* The narrowest type of a partition value. SPARK PartitioningUtils.inferPartitionColumnValue */
static const weir_type *value_type(const char *v) {
    int64_t n;
    int32_t d;
    char *end;
    if (whole_number(v, &n)) return n == (int32_t)n ? &weir_t_int : &weir_t_long;
    (void)strtod(v, &end);
    if (end != v && !*end && strpbrk(v, "0123456789")) return &weir_t_double;
    if (strlen(v) == 10 && weir_date_parse(v, 10, &d)) return &weir_t_date;
    return &weir_t_string;
}

static const weir_type *wider(const weir_type *a, const weir_type *b) {
    if (!a || a->kind == b->kind) return b;
    bool num = weir_type_is_numeric(a) && weir_type_is_numeric(b);
    return num ? (a->kind > b->kind ? a : b) : &weir_t_string;
}

weir_rc weir_files_partitions(weir_ctx *ctx, weir_scan *s, const weir_listing *l, bool typed,
                              weir_schema **part) {
    weir_field f[64];
    int n = 0;
    for (int64_t i = 0; i < l->n; i++) {
        for (const char *seg = base_of(s, l->v[i].path); seg && *seg; seg = strchr(seg, '/')) {
            while (*seg == '/') seg++;
            const char *end = strchr(seg, '/'),
                       *eq = memchr(seg, '=', end ? (size_t)(end - seg) : 0);
            if (!end || !eq) continue;
            char *name = unescape(ctx->arena, seg, (size_t)(eq - seg));
            const char *v = part_value(ctx->arena, s, l->v[i].path, name);
            int k = 0;
            while (k < n && strcmp(f[k].name, name) != 0) k++;
            if (k == n && n == 64)
                return weir_fail(ctx, WEIR_E_UNSUPPORTED_FEATURE, "feature",
                                 "more than 64 partition columns");
            if (k == n) f[n++] = (weir_field){name, NULL, true, NULL};
            if (v) f[k].type = typed ? wider(f[k].type, value_type(v)) : &weir_t_string;
        }
    }
    for (int k = 0; k < n; k++)
        if (!f[k].type) f[k].type = &weir_t_string;
    *part = n ? weir_type_struct(ctx->arena, f, n) : NULL;
    return WEIR_OK;
}

weir_schema *weir_schema_join(weir_arena *a, weir_schema *x, weir_schema *y) {
    if (!y) return x;
    weir_field *f = WEIR_NEWN(a, weir_field, x->nfield + y->nfield + 1);
    memcpy(f, x->field, sizeof *f * (size_t)x->nfield);
    int n = x->nfield;
    for (int i = 0; i < y->nfield; i++)
        if (weir_schema_find(x, y->field[i].name, false) == -1) f[n++] = y->field[i];
    return weir_type_struct(a, f, n);
}

static weir_rc part_column(weir_ctx *ctx, const weir_field *f, const char *v, weir_column *out) {
    int32_t d;
    weir_expr *lit = weir_lit_null(ctx->arena, f->type);
    if (v && f->type->kind == WEIR_T_STRING)
        lit = weir_lit_string(ctx->arena, v, strlen(v));
    else if (v && f->type->kind == WEIR_T_DOUBLE)
        lit = weir_lit_double(ctx->arena, f->type, strtod(v, NULL));
    else if (v && f->type->kind == WEIR_T_DATE && weir_date_parse(v, (int64_t)strlen(v), &d))
        lit = weir_lit_int(ctx->arena, f->type, d);
    else if (v && weir_type_is_integral(f->type))
        lit = weir_lit_int(ctx->arena, f->type, strtoll(v, NULL, 10));
    else if (v) { /* any other type by its cast */
        weir_expr *c = NULL;
        WEIR_TRY(weir_cast_resolve(ctx, weir_lit_string(ctx->arena, v, strlen(v)), f->type,
                                   WEIR_CAST_DEFAULT, &c));
        return weir_eval_const(ctx, c, out);
    }
    *out = lit->lit;
    return WEIR_OK;
}

weir_rc weir_files_split(weir_ctx *ctx, weir_scan *s, const weir_found *v, int64_t n,
                         weir_splits *out) {
    int npart = s->partition_schema ? s->partition_schema->nfield : 0;
    for (int64_t i = 0; i < n; i++) {
        weir_split sp = {.path = v[i].path,
                         .uri = v[i].uri ? v[i].uri : weir_file_uri(ctx->arena, v[i].path),
                         .length = v[i].size_bytes,
                         .size_bytes = v[i].size_bytes,
                         .mtime_us = v[i].mtime_us,
                         .npart = npart};
        weir_column *pv = WEIR_NEWN(ctx->arena, weir_column, npart + 1);
        for (int k = 0; k < npart; k++)
            WEIR_TRY(part_column(
                ctx, &s->partition_schema->field[k],
                part_value(ctx->arena, s, v[i].path, s->partition_schema->field[k].name), &pv[k]));
        sp.part_value = pv;
        weir_splits_add(ctx->arena, out, sp);
    }
    return WEIR_OK;
}
