/* Paths and URIs. See uri.h. */
#include "base/uri.h"

#include "base/buf.h"
#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* ---- schemes: one row each ---- */

static weir_rc no_file_system(weir_ctx *ctx, const weir_uri *u, const char *instead) {
    return weir_fail(ctx, WEIR_E_NO_FILE_SYSTEM, "scheme", u->scheme ? u->scheme : "null", "path",
                     u->text, "instead", instead);
}

/* SPARK FileSystem.checkPath */
static weir_rc no_authority(weir_ctx *ctx, const weir_uri *u) {
    if (!u->authority) return WEIR_OK;
    return weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                     weir_printf(ctx->arena, "Wrong FS: %s://%s%s, expected: %s:///", u->scheme,
                                 u->authority, u->path, u->scheme));
}

static weir_rc of_file(weir_ctx *ctx, weir_uri *u) {
    WEIR_TRY(no_authority(ctx, u));
    u->local = u->path;
    return WEIR_OK;
}

/* Databricks' own file system: a folder stands for it. */
static weir_rc of_dbfs(weir_ctx *ctx, weir_uri *u) {
    const char *root = weir_conf_get(ctx->conf, "spark.weir.dbfs.root"), *path = u->path;
    if (!root || !*root)
        return no_file_system(ctx, u,
                              "Set spark.weir.dbfs.root to the folder that stands for dbfs:/");
    WEIR_TRY(no_authority(ctx, u));
    if (strncasecmp(root, "dbfs:", 5) == 0)
        return no_file_system(ctx, u, "spark.weir.dbfs.root itself begins with dbfs:");
    while (strncmp(path, "/../", 4) == 0 || strcmp(path, "/..") == 0) path += 3;
    WEIR_TRY(weir_uri_local(ctx, root, NULL, &root));
    u->local = weir_printf(ctx->arena, "%s%s", strcmp(root, "/") == 0 ? "" : root,
                           *path && strcmp(path, "/") != 0 ? path : "");
    return WEIR_OK;
}

#define MOUNT(with)                                                                                \
    "Mount it as a folder (" with "), and give the path of that folder"
static const struct scheme {
    const char *name;
    weir_rc (*local)(weir_ctx *, weir_uri *); /* fills u->local */
    const char *instead;                      /* local NULL: what to do */
} schemes[] = {
    {"file", of_file, NULL},
    {"dbfs", of_dbfs, NULL},
    {"s3", NULL, MOUNT("mount-s3")},
    {"s3a", NULL, MOUNT("mount-s3")},
    {"s3n", NULL, MOUNT("mount-s3")},
    {"abfs", NULL, MOUNT("blobfuse2")},
    {"abfss", NULL, MOUNT("blobfuse2")},
    {"wasb", NULL, MOUNT("blobfuse2")},
    {"wasbs", NULL, MOUNT("blobfuse2")},
    {"adl", NULL, MOUNT("blobfuse2")},
    {"gs", NULL, MOUNT("gcsfuse")},
    {"hdfs", NULL, MOUNT("the NFS gateway of HDFS")},
};

static weir_rc find_local(weir_ctx *ctx, weir_uri *u) {
    if (!u->scheme && u->authority)
        return no_file_system(ctx, u, "Write the path with one slash at its beginning");
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        if (strcasecmp(u->scheme ? u->scheme : "file", schemes[i].name) != 0) continue;
        if (schemes[i].local) return schemes[i].local(ctx, u);
        return no_file_system(ctx, u, schemes[i].instead);
    }
    return no_file_system(ctx, u, "weir reads and writes paths of this machine: give one");
}

/* ---- paths ---- */

/* "//", "." and "x/.." go; what leads above the beginning stays. SPARK java.net.URI.normalize */
static char *tidied(weir_arena *a, const char *path) {
    bool absolute = *path == '/';
    char *out = weir_alloc(a, strlen(path) + 2), *q = out;
    if (absolute) *q++ = '/';
    char *first = q; /* where parts begin; those before it are ".." */
    for (const char *p = path; *p;) {
        size_t n = strcspn(p, "/");
        bool up = n == 2 && p[0] == '.' && p[1] == '.';
        if (up && q > first) {
            while (q > first && q[-1] != '/') q--;
            if (q > first) q--;
        } else if (n && !(n == 1 && *p == '.')) {
            if (q > out && q[-1] != '/') *q++ = '/';
            memmove(q, p, n);
            q += n;
            if (up) first = q;
        }
        p += n + strspn(p + n, "/");
    }
    *q = 0;
    return out;
}

static weir_rc illegal(weir_ctx *ctx, const char *message) {
    return weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message", message);
}

static weir_rc syntax(weir_ctx *ctx, const char *what, const char *text) {
    return illegal(ctx, weir_printf(ctx->arena, "java.net.URISyntaxException: %s: %s", what, text));
}

static char *decoded(weir_arena *a, const char *text) {
    char *o = weir_alloc(a, strlen(text) + 1), *q = o;
    for (const char *p = text; *p; p++) {
        char hex[3] = {p[0] == '%' ? p[1] : 0, p[0] == '%' && p[1] ? p[2] : 0, 0}, *end = hex;
        long v = hex[0] ? strtol(hex, &end, 16) : 0;
        bool coded = end == hex + 2 && v > 0;
        *q++ = coded ? (char)v : *p;
        if (coded) p += 2;
    }
    *q = 0;
    return o;
}

/* The parts of a text; encoded: percent signs are decoded in the path. */
static weir_rc split(weir_ctx *ctx, const char *text, bool encoded, weir_uri *u) {
    const char *rest = text, *colon = strchr(text, ':'), *slash = strchr(text, '/');
    static const char more[] = "0123456789+-.";
    if (colon && (!slash || colon < slash)) {
        u->scheme = weir_strndup(ctx->arena, text, (size_t)(colon - text));
        rest = colon + 1;
    }
    if (rest[0] == '/' && rest[1] == '/' && rest[2]) {
        size_t n = strcspn(rest + 2, "/");
        if (n) u->authority = weir_strndup(ctx->arena, rest + 2, n);
        rest += 2 + n;
    }
    if (u->scheme && !*rest && !u->authority)
        return syntax(ctx, weir_printf(ctx->arena, "Expected scheme-specific part at index %zu",
                                       strlen(text)),
                      text);
    if (u->scheme && *rest && *rest != '/')
        return syntax(ctx, "Relative path in absolute URI", text);
    for (const char *p = u->scheme; p && (*p || p == u->scheme); p++) {
        bool letter = (*p | 32) >= 'a' && (*p | 32) <= 'z';
        if (letter || (p > u->scheme && strchr(more, *p))) continue;
        return syntax(ctx, weir_printf(ctx->arena, "%s at index %d",
                                       *p ? "Illegal character in scheme name"
                                          : "Expected scheme name",
                                       (int)(p - u->scheme)),
                      text);
    }
    u->path = tidied(ctx->arena, encoded ? decoded(ctx->arena, rest) : rest);
    return WEIR_OK;
}

static const char *current_folder(weir_ctx *ctx) {
    char *cwd = getcwd(NULL, 0);
    const char *out = weir_strdup(ctx->arena, cwd ? cwd : "/");
    free(cwd);
    return out;
}

static weir_rc parse(weir_ctx *ctx, const char *text, bool encoded, const char *base, weir_uri *u) {
    *u = (weir_uri){.text = text};
    if (!*text) return illegal(ctx, "Can not create a Path from an empty string");
    WEIR_TRY(split(ctx, text, encoded, u));
    WEIR_TRY(find_local(ctx, u));
    if (!*u->local && u->scheme) u->local = "/";
    if (*u->local == '/') return WEIR_OK;
    u->local = tidied(ctx->arena, weir_printf(ctx->arena, "%s/%s",
                                              base ? base : current_folder(ctx), u->local));
    return WEIR_OK;
}

weir_rc weir_uri_parse(weir_ctx *ctx, const char *text, const char *base, weir_uri *out) {
    return parse(ctx, text, false, base, out);
}

weir_rc weir_uri_local(weir_ctx *ctx, const char *text, const char *base, const char **local) {
    weir_uri u;
    WEIR_TRY(parse(ctx, text, false, base, &u));
    *local = u.local;
    return WEIR_OK;
}

weir_rc weir_uri_decode(weir_ctx *ctx, const char *text, const char *base, const char **local) {
    weir_uri u;
    WEIR_TRY(parse(ctx, text, true, base, &u));
    *local = u.local;
    return WEIR_OK;
}

/* ---- as Spark shows them ---- */

char *weir_path_text(weir_arena *a, const char *local) { return weir_printf(a, "file:%s", local); }

/* As java.net.URI quotes: of what is outside ASCII only control characters and spaces (categories
 * Zs, Zl, Zp). */
static bool is_quoted(const unsigned char *p, int n) {
    if (n == 1) return *p >= 0x80; /* no UTF-8 */
    int c = n == 2 ? (p[0] & 31) << 6 | (p[1] & 63)
                   : (p[0] & 15) << 12 | (p[1] & 63) << 6 | (p[2] & 63);
    if (n == 4) return false;
    return c <= 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 ||
           c == 0x202F || c == 0x205F || c == 0x3000;
}

static char *quoted(weir_arena *a, const char *before, const char *path) {
    static const char plain[] = "/-_.~!$&'()*+,;=:@";
    const unsigned char *p = (const unsigned char *)path, *end = p + strlen(path);
    weir_str s;
    weir_str_init(&s, a, 1 << 20);
    weir_str_puts(&s, before);
    while (p < end) {
        int n = *p < 0x80 ? 1 : weir_utf8_next((const char *)p, (const char *)end);
        if (n < 1) n = 1;
        bool ok = *p < 0x80 ? (*p >= '0' && *p <= '9') || ((*p | 32) >= 'a' && (*p | 32) <= 'z') ||
                                  strchr(plain, *p)
                            : !is_quoted(p, n);
        for (; n > 0; n--, p++) {
            if (ok)
                weir_str_putc(&s, (char)*p);
            else
                weir_str_printf(&s, "%%%02X", *p);
        }
    }
    return s.p ? s.p : weir_strdup(a, "");
}

char *weir_path_quote(weir_arena *a, const char *path) { return quoted(a, "", path); }
char *weir_path_uri(weir_arena *a, const char *local) { return quoted(a, "file:", local); }
char *weir_file_uri(weir_arena *a, const char *local) { return quoted(a, "file://", local); }
