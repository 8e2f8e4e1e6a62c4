/* What the folders of a listing say: partition columns, their values, and which files are read.
 * SPARK PartitioningUtils.parsePartitions, PartitioningAwareFileIndex. Analysis and query threads.
 */
#include "source/files.h"

#include "source/cloud_schema.h"
#include "source/file_log.h"
#include "source/glob.h"
#include "source/partition.h"

#include <stdlib.h>
#include <strings.h>

static const char hive_null[] = "__HIVE_DEFAULT_PARTITION__";

typedef struct keys { /* the k=v folders above some files, outermost first */
    int n;
    const char **name, **value; /* value: as it is in the path; NULL: Hive's null */
    const char *above;          /* the folder that holds the first of them */
    bool ignored;               /* below _temporary */
} keys;

/* ---- bases: where the k=v folders begin ---- */

static int by_name(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void weir_listing_sort_bases(weir_listing *l) {
    if (l->nbase) qsort(l->base, (size_t)l->nbase, sizeof *l->base, by_name);
}

static bool is_base(const weir_listing *l, const char *path) {
    return l->nbase && bsearch(&path, l->base, (size_t)l->nbase, sizeof *l->base, by_name);
}

weir_rc weir_files_base_option(weir_ctx *ctx, const weir_scan *s, weir_listing *l) {
    const char *v = weir_option_get(&s->options, "basePath");
    weir_stat st;
    if (!v) return WEIR_OK;
    WEIR_TRY(weir_path_stat(ctx, v, &st));
    if (!st.exists || !st.is_dir)
        return weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                         st.exists ? "Option 'basePath' must be a directory"
                                   : "Option 'basePath' not found");
    l->base = weir_memdup(ctx->arena, &v, sizeof v);
    l->nbase = 1;
    return WEIR_OK;
}

int64_t weir_listing_folder_of(weir_arena *a, weir_listing *l, const char *path) {
    const char *slash = strrchr(path, '/');
    size_t n = slash ? (size_t)(slash - path) : 0;
    if (l->nfolder) { /* files of one folder come together; else it is there twice */
        const char *last = l->folder[l->nfolder - 1].path;
        if (strncmp(last, path, n) == 0 && !last[n]) return l->nfolder - 1;
    }
    return weir_listing_folder(a, l, n ? weir_strndup(a, path, n) : weir_strdup(a, "/"));
}


static void add_base(weir_ctx *ctx, weir_listing *l, int64_t *cap, const char *base) {
    if (l->nbase && strcmp(l->base[l->nbase - 1], base) == 0) return;
    if (l->nbase == *cap) {
        *cap = *cap ? *cap * 2 : 8;
        const char **v = WEIR_NEWN(ctx->arena, const char *, *cap);
        if (l->nbase) memcpy(v, l->base, sizeof *v * (size_t)l->nbase);
        l->base = v;
    }
    l->base[l->nbase++] = base;
}

/* Where the k=v folders of a file begin that a glob brought: at what of its path matches. */
static const char *glob_base(weir_ctx *ctx, const char *pattern, const char *file) {
    const char *base = NULL, *last = strrchr(file, '/');
    for (const char *end = file; (end = strchr(end + 1, '/'));) {
        char *part = weir_strndup(ctx->arena, file, (size_t)(end - file));
        if (weir_glob_match(pattern, part)) base = part;
    }
    return base ? base : weir_strndup(ctx->arena, file, (size_t)(last - file));
}

weir_rc weir_files_logged(weir_ctx *ctx, const weir_scan *s, const weir_log_file *v, int64_t n,
                          weir_listing *out) {
    int64_t cap = 0;
    *out = (weir_listing){.v = WEIR_NEWN(ctx->arena, weir_found, n + 1)};
    if (!weir_scan_flag(s, "recursiveFileLookup", false))
        WEIR_TRY(weir_files_base_option(ctx, s, out));
    bool given = out->nbase > 0;
    for (int i = 0; i < s->npath && !given; i++)
        if (!weir_glob_is(s->path[i])) add_base(ctx, out, &cap, s->path[i]);
    for (int64_t i = 0; i < n; i++) {
        const char *path;
        weir_stat st;
        WEIR_TRY(weir_uri_decode(ctx, v[i].uri, NULL, &path));
        WEIR_TRY(weir_path_stat(ctx, path, &st));
        int64_t at = weir_listing_folder_of(ctx->arena, out, path);
        out->folder[at].data = true;
        for (int k = 0; k < s->npath && !given; k++)
            if (weir_glob_is(s->path[k]))
                add_base(ctx, out, &cap, glob_base(ctx, s->path[k], path));
        out->v[out->n++] =
            (weir_found){path, v[i].uri, st.size_bytes, v[i].mtime_ms * 1000, at, 1};
    }
    weir_listing_sort_bases(out);
    return WEIR_OK;
}

/* ---- the folders of one path ---- */

static weir_rc empty_key(weir_ctx *ctx, weir_errcls cls, const char *segment) {
    return weir_fail(ctx, cls, "columnSpec", segment);
}

static weir_rc add_key(weir_ctx *ctx, const char *segment, const char *eq, keys *k) {
    char *name = weir_folder_text(ctx->arena, segment, (size_t)(eq - segment));
    if (!*name) return empty_key(ctx, WEIR_E_EMPTY_PARTITION_COLUMN_NAME, segment);
    if (!eq[1]) return empty_key(ctx, WEIR_E_EMPTY_PARTITION_COLUMN_VALUE, segment);
    k->name[k->n] = name;
    k->value[k->n++] = strcmp(eq + 1, hive_null) == 0 ? NULL : eq + 1;
    return WEIR_OK;
}

/* SPARK PartitioningUtils.parsePartition: from the folder upwards to a base; folders that are no
 * k=v end it once one was. */
static weir_rc keys_of(weir_ctx *ctx, const weir_listing *l, const char *folder, keys *out) {
    int depth = 1;
    for (const char *p = folder; *p; p++) depth += *p == '/';
    keys k = {.name = WEIR_NEWN(ctx->arena, const char *, depth),
              .value = WEIR_NEWN(ctx->arena, const char *, depth)};
    char *path = weir_strdup(ctx->arena, folder);
    for (;;) {
        char *slash = strrchr(path, '/'), *eq = slash ? strchr(slash, '=') : NULL;
        if (!slash || !slash[1]) break; /* the root */
        if (strcasecmp(slash + 1, "_temporary") == 0) {
            *out = (keys){.ignored = true};
            return WEIR_OK;
        }
        if (is_base(l, path) || (!eq && k.n)) break;
        if (eq) {
            char *segment = weir_strdup(ctx->arena, slash + 1);
            WEIR_TRY(add_key(ctx, segment, segment + (eq - slash - 1), &k));
        }
        slash[slash == path] = 0;
    }
    k.above = k.n ? path : folder;
    for (int i = 0; i < k.n / 2; i++) { /* the outermost first */
        const char *name = k.name[i], *value = k.value[i];
        k.name[i] = k.name[k.n - 1 - i], k.value[i] = k.value[k.n - 1 - i];
        k.name[k.n - 1 - i] = name, k.value[k.n - 1 - i] = value;
    }
    *out = k;
    return WEIR_OK;
}

/* ---- all folders together ---- */

static weir_rc other_places(weir_ctx *ctx, const weir_listing *l, const keys *k) {
    weir_str s;
    weir_str_init(&s, ctx->arena, 1 << 24);
    for (int64_t i = 0; i < l->nfolder; i++) {
        bool seen = !k[i].above;
        for (int64_t j = 0; j < i && !seen; j++)
            seen = k[j].above && strcasecmp(k[j].above, k[i].above) == 0;
        if (!seen) weir_str_printf(&s, "\n\tfile:%s", k[i].above);
    }
    weir_str_putc(&s, '\n');
    return weir_fail(ctx, WEIR_E_CONFLICTING_DIRECTORY_STRUCTURES, "discoveredBasePaths", s.p);
}

static bool same_names(const weir_ctx *ctx, const keys *a, const keys *b) {
    bool same = a->n == b->n;
    for (int i = 0; i < a->n && same; i++) same = weir_name_same(ctx, a->name[i], b->name[i]);
    return same;
}

static weir_rc other_names(weir_ctx *ctx, const weir_listing *l, const keys *k) {
    weir_str names, paths;
    int lists = 0;
    weir_str_init(&names, ctx->arena, 1 << 24);
    weir_str_init(&paths, ctx->arena, 1 << 24);
    for (int64_t i = 0; i < l->nfolder; i++) {
        bool seen = !k[i].n;
        if (k[i].n) weir_str_printf(&paths, "\n\tfile:%s", l->folder[i].path);
        for (int64_t j = 0; j < i && !seen; j++) seen = same_names(ctx, &k[j], &k[i]);
        if (seen) continue;
        weir_str_printf(&names, "\n\tPartition column name list #%d: ", lists++);
        for (int c = 0; c < k[i].n; c++)
            weir_str_printf(&names, "%s%s", c ? ", " : "", k[i].name[c]);
    }
    weir_str_putc(&names, '\n');
    return weir_fail(ctx, WEIR_E_CONFLICTING_PARTITION_COLUMN_NAMES, "distinctPartColLists",
                     names.p, "suspiciousPaths", paths.p);
}

/* All files lie below one folder, and below the same names. */
static weir_rc check_alike(weir_ctx *ctx, const weir_listing *l, const keys *k, int64_t first) {
    for (int64_t i = 0; i < l->nfolder; i++)
        if (k[i].above && strcasecmp(k[i].above, k[first].above) != 0)
            return other_places(ctx, l, k);
    for (int64_t i = 0; i < l->nfolder; i++)
        if (k[i].n && !same_names(ctx, &k[i], &k[first])) return other_names(ctx, l, k);
    return WEIR_OK;
}

static bool is_alike(weir_ctx *ctx, const weir_listing *l, const keys *k, int64_t first) {
    weir_err quiet;
    weir_err_init(&quiet);
    weir_ctx c = *ctx;
    c.err = &quiet;
    weir_rc rc = check_alike(&c, l, k, first);
    weir_err_clear(&quiet);
    return rc == WEIR_OK;
}

static const weir_field *wanted(const weir_ctx *ctx, weir_schema *s, const char *name) {
    int at = s ? weir_schema_find(s, name, weir_names_exact(ctx)) : -1;
    return at >= 0 ? &s->field[at] : NULL;
}

/* The columns of the keys that the folder first has: what the user said of them, else as their
 * values are. */
static weir_rc columns(weir_ctx *ctx, const weir_scan *s, const weir_listing *l, const keys *k,
                       int64_t first, bool typed, weir_schema **out) {
    int n = k[first].n;
    weir_field *f = WEIR_NEWN(ctx->arena, weir_field, n + 1);
    for (int c = 0; c < n; c++) {
        const weir_field *user = wanted(ctx, s->user_schema, k[first].name[c]);
        f[c] = (weir_field){k[first].name[c], user ? user->type : NULL, true, NULL};
        if (user && !weir_names_exact(ctx)) f[c].name = user->name;
        for (int64_t i = 0; i < l->nfolder && !user; i++) {
            const weir_type *t = &weir_t_string;
            if (!k[i].n || !k[i].value[c]) continue;
            if (typed) WEIR_TRY(weir_folder_type(ctx, k[i].value[c], &t));
            f[c].type = weir_folder_wider(ctx, f[c].type, t);
        }
        if (!f[c].type) f[c].type = &weir_t_void;
    }
    *out = weir_type_struct(ctx->arena, f, n);
    return WEIR_OK;
}

/* Of a stream that began before there were such folders: what they say of the user's columns. */
static void columns_of_user(weir_ctx *ctx, const weir_scan *s, const weir_listing *l,
                            const keys *k, weir_schema **out) {
    int n = 0;
    weir_field *f = WEIR_NEWN(ctx->arena, weir_field, s->user_schema->nfield + 1);
    for (int c = 0; c < s->user_schema->nfield; c++) {
        bool is = false;
        for (int64_t i = 0; i < l->nfolder && !is; i++)
            for (int j = 0; j < k[i].n && !is; j++)
                is = wanted(ctx, s->user_schema, k[i].name[j]) == &s->user_schema->field[c];
        if (is) f[n++] = s->user_schema->field[c];
    }
    if (n) *out = weir_type_struct(ctx->arena, f, n);
}

static const weir_zone *zone_of(weir_ctx *ctx, const weir_scan *s) {
    const char *tz = weir_option_get(&s->options, "timeZone");
    const weir_zone *z = tz ? weir_zone_find(tz, strlen(tz)) : NULL;
    return z ? z : weir_zone_session(ctx);
}

/* known: the columns are not those of every folder, but found by their names. */
static weir_rc values(weir_ctx *ctx, const weir_scan *s, const weir_listing *l, const keys *k,
                      bool known, weir_layout *out) {
    int n = out->part ? out->part->nfield : 0;
    const weir_zone *zone = zone_of(ctx, s);
    for (int64_t i = 0; i < l->nfolder; i++) {
        weir_column *v = WEIR_NEWN(ctx->arena, weir_column, n + 1);
        for (int c = 0; c < n; c++) {
            const weir_field *f = &out->part->field[c];
            const char *raw = !known && k[i].n ? k[i].value[c] : NULL;
            for (int j = 0; j < k[i].n && known; j++)
                if (weir_name_same(ctx, k[i].name[j], f->name)) raw = k[i].value[j];
            WEIR_TRY(weir_folder_value(ctx, f, raw, zone, &v[c]));
        }
        out->value[i] = v;
        out->keyed[i] = k[i].n > 0;
    }
    return WEIR_OK;
}

weir_rc weir_files_layout(weir_ctx *ctx, const weir_scan *s, const weir_listing *l,
                          weir_layout_mode mode, bool typed, weir_layout *out) {
    keys *k = WEIR_NEWN(ctx->arena, keys, l->nfolder + 1);
    int64_t first = -1;
    *out = (weir_layout){.value = WEIR_NEWN(ctx->arena, const weir_column *, l->nfolder + 1),
                         .keyed = WEIR_NEWN(ctx->arena, bool, l->nfolder + 1)};
    bool flat = weir_scan_flag(s, "recursiveFileLookup", false);
    for (int64_t i = 0; i < l->nfolder && !flat; i++) {
        if (l->folder[i].data) WEIR_TRY(keys_of(ctx, l, l->folder[i].path, &k[i]));
        if (first < 0 && k[i].n) first = i;
    }
    out->found = first >= 0;
    if (mode == WEIR_LAYOUT_KNOWN) {
        out->part = s->partition_schema;
        if (!out->part && s->user_schema && out->found) columns_of_user(ctx, s, l, k, &out->part);
    } else if (out->found && mode == WEIR_LAYOUT_ALIKE) {
        WEIR_TRY(check_alike(ctx, l, k, first));
        WEIR_TRY(columns(ctx, s, l, k, first, typed, &out->part));
    } else if (out->found && is_alike(ctx, l, k, first)) {
        WEIR_TRY(columns(ctx, s, l, k, first, typed, &out->part));
    }
    return values(ctx, s, l, k, mode == WEIR_LAYOUT_KNOWN, out);
}

void weir_listing_choose(weir_ctx *ctx, const weir_scan *s, const weir_layout *y,
                         weir_listing *l) {
    weir_found *v = l->v;
    int64_t all = 0, n = l->n;
    if (y->found || weir_scan_flag(s, "recursiveFileLookup", false)) return;
    for (int64_t i = 0; i < n; i++) all += v[i].named;
    l->v = WEIR_NEWN(ctx->arena, weir_found, all + 1);
    l->n = 0;
    for (int64_t i = 0; i < n; i++)
        for (int k = 0; k < v[i].named; k++) l->v[l->n++] = v[i];
}

weir_rc weir_files_split(weir_ctx *ctx, const weir_scan *s, const weir_listing *l,
                         const weir_layout *y, weir_splits *out) {
    int32_t n = y->part ? y->part->nfield : 0, *at = WEIR_NEWN(ctx->arena, int32_t, n + 1);
    for (int k = 0; k < n; k++)
        at[k] = weir_schema_find(s->schema, y->part->field[k].name, weir_names_exact(ctx));
    for (int64_t i = 0; i < l->n; i++) {
        const weir_found *f = &l->v[i];
        if (y->found && !y->keyed[f->folder]) continue;
        weir_split sp = {.path = f->path,
                         .uri = f->uri ? f->uri : weir_file_uri(ctx->arena, f->path),
                         .length = f->size_bytes,
                         .size_bytes = f->size_bytes,
                         .mtime_us = f->mtime_us,
                         .part_value = y->value[f->folder],
                         .part_at = at,
                         .npart = n};
        weir_splits_add(ctx->arena, out, sp);
    }
    return WEIR_OK;
}

weir_rc weir_files_columns(weir_ctx *ctx, const weir_scan *s, const weir_split *sp,
                           const weir_batch *data, weir_batch *out) {
    int nd = data->schema->nfield, n = s->schema->nfield;
    weir_column *col = WEIR_NEWN(ctx->arena, weir_column, n + 1);
    for (int i = 0; i < n && i < nd; i++) col[i] = data->col[i];
    for (int k = 0; k < sp->npart; k++) {
        int at = sp->part_at[k];
        if (at < 0) continue;
        col[at] = sp->part_value[k];
        col[at].form = WEIR_CONST;
        col[at].len = data->len;
    }
    *out = (weir_batch){.schema = s->schema, .len = data->len, .col = col};
    return WEIR_OK;
}

weir_schema *weir_schema_join(weir_arena *a, weir_schema *x, weir_schema *y, bool exact) {
    if (!y) return x;
    weir_field *f = WEIR_NEWN(a, weir_field, x->nfield + y->nfield + 1);
    if (x->nfield) memcpy(f, x->field, sizeof *f * (size_t)x->nfield);
    int n = x->nfield;
    for (int i = 0; i < y->nfield; i++)
        if (weir_schema_find(x, y->field[i].name, exact) == -1) f[n++] = y->field[i];
    return weir_type_struct(a, f, n);
}
