/* The environment of a worker. See spawn.h. An allow-list: what the engine was given for itself,
 * tokens and keys of a cloud among it, is not for the functions of its clients. */
#include "python/spawn.h"

#include <string.h>

extern char **environ;

/* A * at the end stands for any rest. */
static const char *const ordinary[] = {
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "LC_*", "TZ", "TZDIR", "TMPDIR",
    "TEMP", "TMP", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "CONDA_PREFIX", "PYTHON*", "PYSPARK_*",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "OMP_*", "MKL_*",
    "OPENBLAS_*", "NUMEXPR_*", "ARROW_*"};

/* SPARK_* may be a secret. SPARK_REMOTE: where a worker's session is, it is told otherwise. */
static const char *const never[] = {"SPARK_REMOTE", "PYTHON_WORKER_FACTORY_*"};

static bool matches(const char *pattern, size_t n, const char *name, size_t length) {
    if (n && pattern[n - 1] == '*') return length >= n - 1 && strncmp(pattern, name, n - 1) == 0;
    return n == length && strncmp(pattern, name, n) == 0;
}

static bool listed(const char *const *list, size_t n, const char *name, size_t length) {
    for (size_t i = 0; i < n; i++)
        if (matches(list[i], strlen(list[i]), name, length)) return true;
    return false;
}

/* Names between commas and blanks. */
static bool configured(const char *list, const char *name, size_t length) {
    for (const char *p = list ? list : ""; *p;) {
        p += strspn(p, ", ");
        size_t n = strcspn(p, ", ");
        if (n && matches(p, n, name, length)) return true;
        p += n;
    }
    return false;
}

static bool inherited(weir_ctx *ctx, const char *entry) {
    size_t n = strcspn(entry, "=");
    const char *value = entry[n] ? entry + n + 1 : "";
    if (listed(never, sizeof never / sizeof *never, entry, n)) return false;
    if (configured(weir_conf_get(ctx->conf, "spark.weir.python.env"), entry, n)) return true;
    if (listed(ordinary, sizeof ordinary / sizeof *ordinary, entry, n)) return true;
    return strncmp(entry, "SPARK_", 6) == 0 &&
           weir_conf_redacted(ctx->conf, weir_strndup(ctx->arena, entry, n), value) == value;
}

typedef struct list {
    weir_arena *mem;
    char **v;
    int n, cap;
} list;

/* The last of a name holds. */
static void put(list *l, char *entry) {
    size_t n = strcspn(entry, "=") + 1;
    for (int i = 0; i < l->n; i++)
        if (strncmp(l->v[i], entry, n) == 0) {
            l->v[i] = entry;
            return;
        }
    if (l->n + 1 >= l->cap) {
        char **more = WEIR_NEWN(l->mem, char *, 2 * l->cap);
        memcpy(more, l->v, sizeof *more * (size_t)l->n);
        l->v = more;
        l->cap *= 2;
    }
    l->v[l->n++] = entry;
}

static void put_setting(void *u, const char *key, const char *value) {
    static const char prefix[] = "spark.executorEnv.";
    const char *name = key + sizeof prefix - 1;
    list *l = u;
    if (strncmp(key, prefix, sizeof prefix - 1) == 0 && *name && !strchr(name, '='))
        put(l, weir_printf(l->mem, "%s=%s", name, value));
}

char **weir_py_environment(weir_ctx *ctx, const char *const *more) {
    list l = {.mem = ctx->arena, .v = WEIR_NEWN(ctx->arena, char *, 64), .cap = 64};
    for (char **e = environ; *e; e++)
        if (inherited(ctx, *e)) put(&l, *e);
    weir_conf_each(ctx->conf, put_setting, &l);
    for (; more[0]; more += 2)
        if (more[1]) put(&l, weir_printf(ctx->arena, "%s=%s", more[0], more[1]));
    l.v[l.n] = NULL;
    return l.v;
}
