/* Which Python runs the workers. See worker.h. */
#include "python/worker.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *on_path(weir_arena *a, const char *name) {
    const char *p = getenv("PATH");
    while (p && *p) {
        size_t n = strcspn(p, ":");
        char *try = weir_printf(a, "%.*s/%s", (int)n, p, name);
        if (n && access(try, X_OK) == 0) return try;
        p += n + (p[n] == ':');
    }
    return NULL;
}

static const char *beside_binary(weir_arena *a) {
    char exe[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    if (n <= 0) return NULL;
    exe[n] = 0;
    char *slash = strrchr(exe, '/');
    if (slash) *slash = 0;
    char *path = weir_printf(a, "%s/../.venv/bin/python", exe);
    return access(path, X_OK) == 0 ? path : NULL;
}

static const char *first_text(const char *a, const char *b) {
    return a && *a ? a : b && *b ? b : NULL;
}

weir_rc weir_py_find(weir_ctx *ctx, const char **python) {
    const char *asked = weir_conf_get(ctx->conf, "spark.pyspark.python");
    asked = first_text(first_text(asked, getenv("PYSPARK_PYTHON")), getenv("WEIR_PYTHON"));
    const char *found = asked;
    if (asked && !strchr(asked, '/')) found = on_path(ctx->arena, asked);
    if (!asked) found = beside_binary(ctx->arena);
    if (!asked && !found && access(".venv/bin/python", X_OK) == 0) found = ".venv/bin/python";
    if (!asked && !found) found = on_path(ctx->arena, "python3");
    if (found && access(found, X_OK) == 0) return *python = found, WEIR_OK;
    return weir_fail(
        ctx, WEIR_E_PYTHON_WORKER, "message",
        weir_printf(ctx->arena,
                    "There is no Python to run the function: %s cannot be executed. Set "
                    "spark.pyspark.python in the session, or PYSPARK_PYTHON for the engine, to an "
                    "interpreter that has PySpark.",
                    asked ? asked : "python3"));
}
