/* Messages around a task. See task.h. */
#include "python/task.h"

#include "base/json.h"

enum { START_OF_INIT = -8, MESSAGE_MAX = 1 << 30 };

static void put_pairs(const weir_py_pair *v, int n, weir_str *o) {
    weir_py_put_int(o, n);
    for (int i = 0; i < n; i++) {
        weir_py_put_text(o, v[i].key);
        weir_py_put_text(o, v[i].value);
    }
}

/* 4.0 and 4.1: fields one by one. */
static void put_context(int pyspark, const weir_py_task *t, weir_str *o) {
    weir_str_putc(o, 0); /* no barrier */
    if (pyspark < 401) {
        weir_py_put_int(o, 0); /* its port and secret */
        weir_py_put_text(o, "");
    }
    weir_py_put_int(o, 0); /* stage */
    weir_py_put_int(o, t->partition);
    weir_py_put_int(o, 0); /* attempt */
    weir_py_put_long(o, t->attempt);
    weir_py_put_int(o, 1); /* cpus */
    weir_py_put_int(o, 0); /* resources */
    put_pairs(t->property, t->nproperty, o);
}

/* From 4.2 on: one JSON text. */
static void put_context_json(weir_arena *a, const weir_py_task *t, weir_str *o) {
    weir_str s;
    weir_jw w;
    weir_str_init(&s, a, 1 << 20);
    weir_jw_init(&w, &s);
    weir_jw_obj(&w);
    weir_jw_key(&w, "isBarrier");
    weir_jw_bool(&w, false);
    weir_jw_key(&w, "connInfo");
    weir_jw_int(&w, -1);
    weir_jw_key(&w, "secret");
    weir_jw_null(&w);
    weir_jw_key(&w, "stageId");
    weir_jw_int(&w, 0);
    weir_jw_key(&w, "partitionId");
    weir_jw_int(&w, t->partition);
    weir_jw_key(&w, "attemptNumber");
    weir_jw_int(&w, 0);
    weir_jw_key(&w, "taskAttemptId");
    weir_jw_int(&w, t->attempt);
    weir_jw_key(&w, "cpus");
    weir_jw_int(&w, 1);
    weir_jw_key(&w, "cpuAmount");
    weir_jw_str(&w, "1");
    weir_jw_key(&w, "resources");
    weir_jw_raw(&w, "{}");
    weir_jw_key(&w, "localProperties");
    weir_jw_obj(&w);
    for (int i = 0; i < t->nproperty; i++) {
        weir_jw_key(&w, t->property[i].key);
        weir_jw_str(&w, t->property[i].value);
    }
    weir_jw_end_obj(&w);
    weir_jw_end_obj(&w);
    weir_py_put_bytes(o, s.p, s.len);
}

static void put_body(weir_arena *a, int pyspark, const weir_py_task *t, weir_str *o) {
    weir_py_put_int(o, t->partition);
    weir_py_put_text(o, t->version);
    if (pyspark >= 402)
        put_context_json(a, t, o);
    else
        put_context(pyspark, t, o);
    weir_py_put_text(o, t->files);
    weir_py_put_int(o, t->nzip);
    for (int i = 0; i < t->nzip; i++) weir_py_put_text(o, t->zip[i]);
    weir_str_putc(o, 0);    /* broadcasts */
    weir_py_put_int(o, 0);
    weir_py_put_int(o, t->eval);
    if (pyspark >= 402) { /* configuration of the runner, of the evaluation */
        weir_py_put_int(o, 0);
        weir_py_put_int(o, 0);
    }
    weir_py_put_bytes(o, t->command, t->ncommand);
}

void weir_py_put_task(weir_arena *a, int pyspark, const weir_py_task *t, weir_str *out) {
    weir_str body;
    if (pyspark < 403) {
        put_body(a, pyspark, t, out);
        return;
    }
    weir_str_init(&body, NULL, MESSAGE_MAX);
    put_body(a, pyspark, t, &body);
    weir_py_put_int(out, START_OF_INIT);
    weir_py_put_bytes(out, body.p, body.len);
    if (body.failed) out->failed = true;
    weir_str_free(&body);
}

static weir_rc skip(weir_ctx *ctx, weir_py_worker *w, int64_t n) {
    char some[256];
    while (n > 0) {
        int64_t k = n < (int64_t)sizeof some ? n : (int64_t)sizeof some;
        WEIR_TRY(weir_py_recv(ctx, w, some, (size_t)k));
        n -= k;
    }
    return WEIR_OK;
}

/* Updates of accumulators: none of ours exists. */
static weir_rc skip_accumulators(weir_ctx *ctx, weir_py_worker *w) {
    int32_t count = 0, n = 0;
    WEIR_TRY(weir_py_recv_int(ctx, w, &count));
    for (int32_t i = 0; i < count; i++) {
        WEIR_TRY(weir_py_recv_int(ctx, w, &n));
        WEIR_TRY(skip(ctx, w, n));
    }
    return WEIR_OK;
}

weir_rc weir_py_finish(weir_ctx *ctx, weir_py_worker *w, const char *lead, bool *again) {
    /* boot, init, finish, from 4.2 on processing; bytes spilled to memory and to disk */
    int64_t times = weir_py_pyspark(w) >= 402 ? 4 : 3;
    for (bool last = false;;) {
        int32_t n = 0;
        WEIR_TRY(weir_py_recv_int(ctx, w, &n));
        *again = n == WEIR_PY_END_OF_STREAM;
        if (last && n == WEIR_PY_END_OF_DATA) return WEIR_OK;
        switch (n) {
        case WEIR_PY_EXCEPTION: return weir_py_raise(ctx, w, lead);
        case WEIR_PY_TIMING: WEIR_TRY(skip(ctx, w, (times + 2) * 8)); break;
        case WEIR_PY_END_OF_DATA:
            WEIR_TRY(skip_accumulators(ctx, w));
            last = true;
            break;
        case WEIR_PY_END_OF_STREAM: return WEIR_OK;
        default:
            if (n < 0)
                return weir_fail(ctx, WEIR_E_PYTHON_WORKER, "message",
                                 weir_printf(ctx->arena,
                                             "The Python worker answered with %d, which has no "
                                             "meaning here.",
                                             n));
            WEIR_TRY(skip(ctx, w, n)); /* output of a function that has none to give */
        }
    }
}
