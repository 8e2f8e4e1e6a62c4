/* Dropping a managed table: the files that its log names go, and the log. */
#include "delta/delta.h"
#include "io/clear.h"

#include "base/uri.h"

#include <stdlib.h>
#include <string.h>

typedef struct named {
    const char **v; /* paths below the table, sorted */
    int64_t n;
} named;

static int by_text(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool is_named(void *u, const char *rel) {
    const named *k = u;
    return k->n && bsearch(&rel, k->v, (size_t)k->n, sizeof *k->v, by_text);
}

static weir_rc add(weir_ctx *ctx, const weir_delta *d, const char *uri, named *k) {
    const char *local;
    size_t n = strlen(d->path);
    WEIR_TRY(weir_uri_decode(ctx, uri, d->path, &local));
    if (strncmp(local, d->path, n) == 0 && local[n] == '/') k->v[k->n++] = local + n + 1;
    return WEIR_OK;
}

weir_rc weir_delta_clear(weir_ctx *ctx, const char *path) {
    weir_delta *d = NULL;
    named k = {0};
    weir_err quiet; /* of a log that cannot be read only writers' names tell what is the table's */
    weir_ctx c = *ctx;
    weir_err_init(&quiet);
    c.err = &quiet;
    if (weir_delta_load(&c, path, -1, &d) == WEIR_OK && d->version >= 0) {
        k.v = WEIR_NEWN(ctx->arena, const char *, d->nfile + d->ntombstone + 1);
        for (int64_t i = 0; i < d->nfile; i++) WEIR_TRY(add(ctx, d, d->file[i].path, &k));
        for (int64_t i = 0; i < d->ntombstone; i++) WEIR_TRY(add(ctx, d, d->tombstone[i].path, &k));
        if (k.n) qsort(k.v, (size_t)k.n, sizeof *k.v, by_text);
    }
    weir_err_clear(&quiet);
    return weir_clear_dir(ctx, path, &(weir_clear){.owns = is_named, .u = &k, .log = true}, true);
}
