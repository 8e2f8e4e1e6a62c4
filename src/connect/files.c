/* What clients add for Python workers: modules (pyfiles/), files (files/), archives (archives/).
 * See connect.h. The folder holds them by their last names, as Spark's executors do; workers have
 * it on their path, and as the root of SparkFiles. Called on handler threads, and on those of
 * queries. */
#include "base/mem.h"
#include "connect/connect.h"
#include "python/worker.h"

enum { PIECE = 1 << 16 };

static const char modules[] = "pyfiles/", files[] = "files/", archives[] = "archives/";

static bool begins(const char *s, const char *with) { return strncmp(s, with, strlen(with)) == 0; }

static bool ends(const char *s, const char *with) {
    size_t n = strlen(s), k = strlen(with);
    return n > k && strcmp(s + n - k, with) == 0;
}

bool weir_cn_files_wants(const char *name) {
    return begins(name, modules) || begins(name, files) || begins(name, archives);
}

static const char *last_name(const char *name) {
    const char *slash = strrchr(name, '/');
    return slash ? slash + 1 : name;
}

/* "archives/a.zip#b" is unpacked as b. */
static const char *place_of(weir_ctx *ctx, const char *dir, const char *name) {
    const char *last = last_name(name), *mark = begins(name, archives) ? strchr(last, '#') : NULL;
    return weir_printf(ctx->arena, "%s/%s", dir, mark ? mark + 1 : last);
}

static bool is_zip(const char *name) {
    return begins(name, modules) &&
           (ends(name, ".zip") || ends(name, ".egg") || ends(name, ".jar"));
}

static const char *folder(weir_ctx *ctx, const weir_cn_session *s) {
    return weir_printf(ctx->arena, "%s/files-%s", s->server->run_dir, s->ssid);
}

static weir_rc compare(weir_ctx *ctx, weir_file *a, weir_file *b, bool *same) {
    char *p = weir_alloc(ctx->arena, PIECE), *q = weir_alloc(ctx->arena, PIECE);
    int64_t n = 1, k = 1, at = 0;
    for (*same = true; *same && n > 0; at += n) {
        WEIR_TRY(weir_file_pread(ctx, a, at, p, PIECE, &n));
        WEIR_TRY(weir_file_pread(ctx, b, at, q, PIECE, &k));
        *same = n == k && memcmp(p, q, (size_t)n) == 0;
    }
    return WEIR_OK;
}

static weir_rc same_content(weir_ctx *ctx, const char *a, const char *b, bool *same) {
    weir_file *x = NULL, *y = NULL;
    weir_rc rc = weir_file_open(ctx, a, &x);
    if (rc == WEIR_OK) rc = weir_file_open(ctx, b, &y);
    if (rc == WEIR_OK) rc = compare(ctx, x, y, same);
    if (x) weir_file_drop(x);
    if (y) weir_file_drop(y);
    return rc;
}

static weir_rc taken(weir_ctx *ctx, const char *name) {
    return weir_fail(ctx, WEIR_E_ARTIFACT_ALREADY_EXISTS, "normalizedRemoteRelativePath", name);
}

/* One of that name that came before. */
static weir_rc check_known(weir_ctx *ctx, weir_cn_session *s, const weir_cn_artifact *a,
                           bool *again) {
    const char *file = NULL;
    weir_lock(&s->mu);
    const weir_cn_artifact *old = weir_cn_artifact_find(s, a->name);
    if (old) file = weir_strdup(ctx->arena, old->file);
    weir_unlock(&s->mu);
    if (!file) return WEIR_OK;
    WEIR_TRY(same_content(ctx, file, a->file, again));
    return *again ? WEIR_OK : taken(ctx, a->name);
}

static weir_rc unpack(weir_ctx *ctx, weir_cn_session *s, weir_cn_artifact *a, const char *place) {
    weir_stat st;
    weir_ctx c = *ctx;
    WEIR_TRY(weir_path_stat(ctx, place, &st));
    if (st.exists) return taken(ctx, a->name);
    c.conf = weir_session_conf(s->session);
    int64_t bytes = weir_cn_artifacts_room(s);
    WEIR_TRY(weir_py_unpack(&c, a->file, last_name(a->name), place, &bytes));
    weir_rc rc = weir_cn_artifacts_reserve(ctx, s, bytes, 0); /* others may have come meanwhile */
    if (rc == WEIR_OK)
        a->unpacked = bytes;
    else
        (void)weir_path_remove_all(ctx, place);
    return rc;
}

static weir_rc refuse(weir_ctx *ctx, const char *name) {
    if (begins(name, "forward_to_fs/"))
        return weir_fail(ctx, WEIR_E_UNSUPPORTED_OPERATION_LEGACY, "message",
                         "Uploading artifact file to local file system destination path is not "
                         "supported.");
    if (begins(name, "jars/") || begins(name, "classes/"))
        return weir_tp_unsupported(ctx, "code of the JVM (jars and classes)",
                                   "Use modules of Python: addArtifacts(path, pyfile=True)");
    return WEIR_OK;
}

weir_rc weir_cn_files_add(weir_ctx *ctx, weir_cn_session *s, weir_cn_artifact *a, bool *again) {
    const char *last = last_name(a->name), *dir = NULL;
    bool lost = false;
    WEIR_TRY(refuse(ctx, a->name));
    if (!weir_cn_files_wants(a->name)) return WEIR_OK;
    if (!*last || *last == '#' || ends(last, "#"))
        return weir_fail(ctx, WEIR_E_INVALID_ARTIFACT_PATH, "name", a->name);
    WEIR_TRY(check_known(ctx, s, a, again));
    if (*again) return WEIR_OK;
    WEIR_TRY(weir_cn_files_get(ctx, s, &dir, NULL, NULL));
    const char *place = place_of(ctx, dir, a->name);
    if (begins(a->name, archives)) return unpack(ctx, s, a, place);
    WEIR_TRY(weir_path_rename(ctx, a->file, place, false, &lost));
    if (!lost) return a->file = weir_strdup(a->mem, place), WEIR_OK;
    bool same = false; /* once as a file and once as a module, perhaps */
    WEIR_TRY(same_content(ctx, place, a->file, &same));
    return same ? WEIR_OK : taken(ctx, a->name);
}

weir_rc weir_cn_files_get(weir_ctx *ctx, weir_cn_session *s, const char **dir, const char ***zips,
                          int *nzip) {
    WEIR_TRY(weir_cn_scratch(ctx, s->server));
    *dir = folder(ctx, s);
    WEIR_TRY(weir_path_mkdirs(ctx, *dir));
    if (!zips) return WEIR_OK;
    int n = 0;
    weir_lock(&s->mu);
    for (const weir_cn_artifact *a = s->artifacts; a; a = a->next) n += is_zip(a->name);
    *zips = WEIR_NEWN(ctx->arena, const char *, n + 1);
    *nzip = n;
    for (const weir_cn_artifact *a = s->artifacts; a; a = a->next) /* newest first */
        if (is_zip(a->name)) (*zips)[--n] = weir_strdup(ctx->arena, last_name(a->name));
    weir_unlock(&s->mu);
    return WEIR_OK;
}

static weir_rc copy_file(weir_ctx *ctx, const char *from, const char *to) {
    weir_file *in = NULL, *out = NULL;
    char *p = weir_alloc(ctx->arena, PIECE);
    int64_t n = 0;
    weir_rc rc = weir_file_open(ctx, from, &in);
    if (rc == WEIR_OK) rc = weir_file_create(ctx, to, true, &out);
    do {
        if (rc == WEIR_OK) rc = weir_file_read(ctx, in, p, PIECE, &n);
        if (rc == WEIR_OK && n > 0) rc = weir_file_write(ctx, out, p, (size_t)n);
    } while (rc == WEIR_OK && n > 0);
    if (in) weir_file_drop(in);
    if (out && rc != WEIR_OK) weir_file_drop(out);
    return out && rc == WEIR_OK ? weir_file_close(ctx, out) : rc;
}

static weir_rc duplicate(weir_ctx *ctx, weir_cn_session *to, const weir_cn_artifact *a,
                         weir_cn_artifact **out) {
    char id[37];
    WEIR_TRY(weir_cn_artifacts_reserve(ctx, to, (int64_t)a->n, 1));
    weir_arena *mem = weir_arena_new(NULL);
    weir_cn_artifact *b = WEIR_NEW(mem, weir_cn_artifact);
    weir_uuid(ctx->env, id);
    *b = (weir_cn_artifact){.mem = mem,
                            .name = weir_strdup(mem, a->name),
                            .file = weir_printf(mem, "%s/%s", to->server->run_dir, id),
                            .n = a->n,
                            .of = to};
    *out = b;
    return WEIR_OK;
}

weir_rc weir_cn_files_copy(weir_ctx *ctx, weir_cn_session *from, weir_cn_session *to) {
    weir_rc rc = WEIR_OK;
    weir_cn_artifact *list = NULL;
    weir_lock(&from->mu); /* the list only grows at its head */
    const weir_cn_artifact *a = from->artifacts;
    weir_unlock(&from->mu);
    for (; a && rc == WEIR_OK; a = a->next) {
        if (!weir_cn_files_wants(a->name)) continue;
        weir_cn_artifact *b = NULL;
        bool again = false;
        rc = duplicate(ctx, to, a, &b);
        if (rc != WEIR_OK) break;
        b->next = list; /* oldest first now */
        list = b;
        rc = copy_file(ctx, a->file, b->file);
        if (rc == WEIR_OK) rc = weir_cn_files_add(ctx, to, b, &again);
    }
    weir_lock(&to->mu);
    while (list) { /* also after a failure: they go with the session */
        weir_cn_artifact *b = list;
        list = b->next;
        b->next = to->artifacts;
        to->artifacts = b;
    }
    weir_unlock(&to->mu);
    return rc;
}

void weir_cn_files_remove(weir_ctx *ctx, weir_cn_session *s) {
    (void)weir_path_remove_all(ctx, folder(ctx, s));
}
