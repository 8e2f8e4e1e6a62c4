/* Functions about the task, the session and errors; hashes of whole rows. Called by the evaluator;
 * any thread. */
#include "func/loop.h"

#include "base/env.h"
#include <strings.h>

static weir_rc const_text(weir_ctx *ctx, weir_call *c, const char *t) {
    weir_build b;
    WEIR_TRY(weir_out_start(ctx, c, &b));
    for (int64_t i = 0; i < c->len; i++) weir_build_bytes(&b, t, strlen(t));
    return weir_out_build(ctx, c, &b);
}

static weir_rc const_long(weir_ctx *ctx, weir_call *c, int64_t v) {
    int64_t *o;
    WEIR_TRY(weir_out_fixed(ctx, c, &o));
    for (int64_t i = 0; i < c->len; i++) o[i] = v;
    return WEIR_OK;
}

static weir_rc k_mono(weir_ctx *ctx, weir_call *c) { /* SPARK: partition << 33 + row */
    int64_t *o, *count = c->state, base = (int64_t)(ctx->task ? ctx->task->partition : 0) << 33;
    WEIR_TRY(weir_out_fixed(ctx, c, &o));
    for (int64_t i = 0; i < c->len; i++) o[i] = base + (*count)++;
    return WEIR_OK;
}

static weir_rc k_partition(weir_ctx *ctx, weir_call *c) {
    int32_t *o;
    WEIR_TRY(weir_out_fixed(ctx, c, &o));
    for (int64_t i = 0; i < c->len; i++) o[i] = ctx->task ? ctx->task->partition : 0;
    return WEIR_OK;
}

static weir_rc k_file_name(weir_ctx *ctx, weir_call *c) {
    return const_text(ctx, c, ctx->task && ctx->task->input_file ? ctx->task->input_file : "");
}
static bool in_file(const weir_ctx *ctx) {
    return ctx->task && ctx->task->input_file && *ctx->task->input_file;
}
static weir_rc k_block_start(weir_ctx *ctx, weir_call *c) {
    return const_long(ctx, c, in_file(ctx) ? ctx->task->input_block_start : -1);
}
static weir_rc k_block_length(weir_ctx *ctx, weir_call *c) {
    return const_long(ctx, c, in_file(ctx) ? ctx->task->input_block_length : -1);
}

static weir_rc k_uuid(weir_ctx *ctx, weir_call *c) {
    weir_build b;
    char t[37];
    WEIR_TRY(weir_out_start(ctx, c, &b));
    for (int64_t i = 0; i < c->len; i++) {
        weir_uuid(ctx->env, t);
        weir_build_bytes(&b, t, 36);
    }
    return weir_out_build(ctx, c, &b);
}

/* Texts known at analysis. */
static weir_rc k_bound_text(weir_ctx *ctx, weir_call *c) { return const_text(ctx, c, c->bound); }

static weir_rc bind_typeof(weir_ctx *ctx, weir_expr *e) {
    e->bound = weir_type_name(ctx->arena, e->arg[0]->type);
    return WEIR_OK;
}

static weir_rc bind_session(weir_ctx *ctx, weir_expr *e) {
    const char *n = e->fn->name, *v = NULL;
    if (strcasecmp(n, "version") == 0)
        v = "4.2.0 weir";
    else if (strcasecmp(n, "current_timezone") == 0)
        v = weir_conf_get(ctx->conf, "spark.sql.session.timeZone");
    else if (strcasecmp(n, "current_catalog") == 0)
        v = weir_conf_get(ctx->conf, "spark.sql.defaultCatalog");
    else if (strcasecmp(n, "current_database") == 0 || strcasecmp(n, "current_schema") == 0)
        v = weir_conf_get(ctx->conf, "#currentSchema");
    else
        v = weir_conf_get(ctx->conf, "#user");
    if (!v)
        v = strcasecmp(n, "current_catalog") == 0 ? "spark_catalog"
            : strstr(n, "user")                   ? "anonymous"
            : strstr(n, "zone")                   ? "UTC"
                                                  : "default";
    e->bound = weir_strdup(ctx->arena, v);
    return WEIR_OK;
}

static weir_rc k_raise(weir_ctx *ctx, weir_call *c) {
    if (c->len == 0) return weir_column_null(ctx, c->out->type, 0, c->out);
    weir_bytes m =
        weir_is_null(&c->arg[0], 0) ? (weir_bytes){"null", 4} : weir_get_bytes(&c->arg[0], 0);
    return weir_call_fail(ctx, c, WEIR_E_USER_RAISED_EXCEPTION, "errorMessage",
                          weir_strndup(ctx->arena, m.p, (size_t)m.len));
}

static weir_rc k_assert(weir_ctx *ctx, weir_call *c) {
    for (int64_t i = 0; i < c->len; i++) {
        if (!weir_is_null(&c->arg[0], i) && WEIR_AT_ROW(uint8_t, &c->arg[0], i)) continue;
        if (c->narg > 1 && !weir_is_null(&c->arg[1], i)) {
            weir_bytes m = weir_get_bytes(&c->arg[1], i);
            return weir_call_fail(ctx, c, WEIR_E_USER_RAISED_EXCEPTION, "errorMessage",
                                  weir_strndup(ctx->arena, m.p, (size_t)m.len));
        }
        return weir_call_fail(ctx, c, WEIR_E_USER_RAISED_EXCEPTION, "errorMessage",
                              weir_printf(ctx->arena, "'%s' is not true!",
                                          weir_expr_sql(ctx->arena, c->expr->arg[0])));
    }
    return weir_column_null(ctx, c->out->type, c->len, c->out);
}

/* ---- hash, xxhash64 ---- */

static weir_rc k_hash(weir_ctx *ctx, weir_call *c) {
    int32_t *o;
    WEIR_TRY(weir_out_fixed(ctx, c, &o));
    for (int64_t i = 0; i < c->len; i++) {
        int32_t h = 42;
        for (int k = 0; k < c->narg; k++) h = weir_hash_row(&c->arg[k], i, h);
        o[i] = h;
    }
    return WEIR_OK;
}

static weir_rc k_xxhash64(weir_ctx *ctx, weir_call *c) {
    int64_t *o;
    WEIR_TRY(weir_out_fixed(ctx, c, &o));
    for (int64_t i = 0; i < c->len; i++) {
        int64_t h = 42;
        for (int k = 0; k < c->narg; k++) h = weir_xxhash64_row(&c->arg[k], i, h);
        o[i] = h;
    }
    return WEIR_OK;
}

static weir_rc bind_hash(weir_ctx *ctx, weir_expr *e) {
    for (int i = 0; i < e->narg; i++) {
        bool map = weir_type_has(e->arg[i]->type, WEIR_T_MAP);
        if (map || weir_type_has(e->arg[i]->type, WEIR_T_VARIANT))
            return weir_fail(ctx,
                             map ? WEIR_E_DATATYPE_MISMATCH_HASH_MAP_TYPE
                                 : WEIR_E_DATATYPE_MISMATCH_HASH_VARIANT_TYPE,
                             "sqlExpr",
                             weir_printf(ctx->arena, "\"%s\"", weir_expr_sql(ctx->arena, e)),
                             "functionName", weir_printf(ctx->arena, "`%s`", e->name));
    }
    return WEIR_OK;
}

#define TASK (WEIR_NONDETERMINISTIC | WEIR_FOLD_NEVER | WEIR_CANNOT_FAIL)
static const weir_fn misc_fns[] = {
    {"monotonically_increasing_id", "() -> bigint!", k_mono, WEIR_STATEFUL | WEIR_NONDETERMINISTIC,
     NULL, sizeof(int64_t)},
    {"spark_partition_id", "() -> int!", k_partition, TASK, NULL, 0},
    {"input_file_name", "() -> string!", k_file_name, TASK, NULL, 0},
    {"input_file_block_start", "() -> bigint!", k_block_start, TASK, NULL, 0},
    {"input_file_block_length", "() -> bigint!", k_block_length, TASK, NULL, 0},
    {"uuid", "() -> string!", k_uuid, WEIR_NONDETERMINISTIC, NULL, 0},
    {"typeof", "(any) -> string!", k_bound_text, WEIR_CANNOT_FAIL, bind_typeof, 0},
    {"version", "() -> string!", k_bound_text, WEIR_CANNOT_FAIL, bind_session, 0},
    {"current_timezone", "() -> string!", k_bound_text, WEIR_CANNOT_FAIL, bind_session, 0},
    {"current_catalog", "() -> string!", k_bound_text, WEIR_CANNOT_FAIL, bind_session, 0},
    {"current_database", "() -> string!", k_bound_text, WEIR_CANNOT_FAIL, bind_session, 0},
    {"current_schema", "() -> string!", k_bound_text, WEIR_CANNOT_FAIL, bind_session, 0},
    {"current_user", "() -> string!", k_bound_text, WEIR_CANNOT_FAIL, bind_session, 0},
    {"session_user", "() -> string!", k_bound_text, WEIR_CANNOT_FAIL, bind_session, 0},
    {"user", "() -> string!", k_bound_text, WEIR_CANNOT_FAIL, bind_session, 0},
    {"raise_error", "(string) -> void", k_raise, WEIR_NONDETERMINISTIC | WEIR_NULLABLE, NULL, 0},
    {"assert_true", "(boolean, string?) -> void", k_assert, WEIR_NULLABLE, NULL, 0},
    {"hash", "(any...) -> int!", k_hash, WEIR_NO_COERCE | WEIR_CANNOT_FAIL, bind_hash, 0},
    {"xxhash64", "(any...) -> bigint!", k_xxhash64, WEIR_NO_COERCE | WEIR_CANNOT_FAIL, bind_hash,
     0},
};
WEIR_FAMILY(weir_misc_family, "misc", misc_fns);
