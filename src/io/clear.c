/* See clear.h. */
#include "io/clear.h"

#include <string.h>

typedef struct place {
    const char *path, *rel; /* rel: "" or "a/b/" */
} place;

static bool begins(const char *s, const char *with) { return strncmp(s, with, strlen(with)) == 0; }

bool weir_is_data_name(const char *n) {
    return *n != '.' && (*n != '_' || strchr(n, '='));
}

static bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

/* part-<number>-<uuid>..., as writers of Spark and Delta name data files. */
static bool is_writers(const char *name) {
    if (!begins(name, "part-")) return false;
    const char *p = name + 5;
    while (*p >= '0' && *p <= '9') p++;
    if (p == name + 5 || *p++ != '-') return false;
    for (int i = 0; i < 36; i++)
        if (i == 8 || i == 13 || i == 18 || i == 23 ? p[i] != '-' : !is_hex(p[i])) return false;
    return true;
}

/* Files that writers leave beside data. SPARK FileOutputCommitter; Hadoop's .name.crc; weir's and
 * Spark's half written ones, .name.uuid.tmp. */
static bool is_leaving(const char *name) {
    static const char *const names[] = {"_SUCCESS", "_metadata", "_common_metadata"};
    size_t n = strlen(name);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0) return true;
    if (begins(name, "_committed_") || begins(name, "_started_")) return true;
    if (*name != '.' || n < 5) return false;
    bool made = is_writers(name + 1) || begins(name, "._SUCCESS");
    return made && (strcmp(name + n - 4, ".crc") == 0 || strcmp(name + n - 4, ".tmp") == 0);
}

static bool is_writers_dir(const weir_clear *c, const char *name) {
    return strcmp(name, "_temporary") == 0 || strcmp(name, "_spark_metadata") == 0 ||
           (c->log && (strcmp(name, "_delta_log") == 0 || strcmp(name, "_change_data") == 0));
}

static bool is_ours(weir_ctx *ctx, const weir_clear *c, const place *in, const char *name) {
    if (c->job && strstr(name, c->job)) return false;
    if (is_leaving(name)) return true;
    if (!c->owns) return weir_is_data_name(name);
    return is_writers(name) || c->owns(c->u, weir_printf(ctx->arena, "%s%s", in->rel, name));
}

static weir_rc clear_place(weir_ctx *ctx, const weir_clear *c, const place *in, bool whole) {
    weir_dirent *e = NULL;
    int64_t n = 0;
    WEIR_TRY(weir_path_list(ctx, in->path, false, &e, &n));
    for (int64_t i = 0; i < n; i++) {
        const char *name = e[i].name;
        char *path = weir_printf(ctx->arena, "%s/%s", in->path, name);
        bool dir = e[i].is_dir && !weir_path_is_link(path);
        place sub = {path, weir_printf(ctx->arena, "%s%s/", in->rel, name)};
        if (dir && is_writers_dir(c, name))
            WEIR_TRY(weir_path_remove_all(ctx, path));
        else if (dir && (weir_is_data_name(name) || c->owns))
            WEIR_TRY(clear_place(ctx, c, &sub, true));
        else if (!dir && is_ours(ctx, c, in, name))
            WEIR_TRY(weir_path_remove(ctx, path));
    }
    return whole ? weir_path_rmdir(ctx, in->path) : WEIR_OK;
}

weir_rc weir_clear_dir(weir_ctx *ctx, const char *dir, const weir_clear *c, bool whole) {
    place root = {dir, ""};
    if (whole && weir_path_is_link(dir)) return weir_path_remove(ctx, dir);
    return clear_place(ctx, c, &root, whole);
}
