/* Where something lies, as users write it. A text from outside (a path of a reader, writer, table,
 * checkpoint or option) becomes a weir_uri here and nowhere else; what goes on below is its local
 * path, absolute, which is never a URI. SPARK org.apache.hadoop.fs.Path: nothing is decoded, "//"
 * is "/", "." and ".." go, a scheme is what stands before a colon that no slash precedes. Thread:
 * any. */
#ifndef WEIR_BASE_URI_H
#define WEIR_BASE_URI_H
#include "base/ctx.h"

typedef struct weir_uri {
    const char *text;               /* as written */
    const char *scheme, *authority; /* NULL: it names none */
    const char *path;               /* tidied; may be relative where there is no scheme */
    const char *local;              /* on this machine: absolute, without "/" at its end */
} weir_uri;

/* Relative paths begin at base, a local folder (NULL: where the process runs). In ctx->arena. Fails
 * before anything is opened: NO_FILE_SYSTEM naming a scheme that is not served, ILLEGAL_ARGUMENT
 * for what is no path. A new kind of store is a row of the table in uri.c. */
weir_rc weir_uri_parse(weir_ctx *, const char *text, const char *base, weir_uri *out);
/* The local path alone. */
weir_rc weir_uri_local(weir_ctx *, const char *text, const char *base, const char **local);
/* A percent-encoded URI, or path below base, as logs and tables on disk have it. */
weir_rc weir_uri_decode(weir_ctx *, const char *text, const char *base, const char **local);

/* How Spark shows a local path. */
char *weir_path_text(weir_arena *, const char *local); /* Path.toString: file:/a/b c.json */
char *weir_path_uri(weir_arena *, const char *local);  /* Path.toUri: file:/a/b%20c.json */
char *weir_file_uri(weir_arena *, const char *local);  /* of a listed file: file:///a/b%20c.json */
char *weir_path_quote(weir_arena *, const char *path); /* the path of a URI: /a/b%20c.json */
#endif
