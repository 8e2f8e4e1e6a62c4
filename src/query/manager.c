/* The streaming queries of a session. See manager.h. */
#include "base/mem.h"
#include "query/query.h"

#include <stdio.h>
#include <stdlib.h>

enum { KEEP_ENDED = 100 };

struct weir_query_manager {
    weir_query_table *table;
    weir_mutex mu;
    weir_cond cond;
    weir_query *list; /* newest first; active and recently ended, one reference each */
    int ended_since_reset;
    weir_err last_failure;
    bool any_failed;
    weir_mutex listen_mu;
    weir_query_listener *listener;
    void *listener_u;
};

typedef struct weir_held_event {
    struct weir_held_event *next;
    weir_event_kind kind;
    char json[];
} held_event;

weir_query_manager *weir_query_manager_new(weir_query_table *t) {
    weir_query_manager *m = weir_mem_new(sizeof *m);
    m->table = t;
    weir_mutex_init(&m->mu, WEIR_RANK_MANAGER);
    weir_mutex_init(&m->listen_mu, WEIR_RANK_TABLE); /* the listener takes its queue's lock */
    weir_cond_init(&m->cond);
    weir_err_init(&m->last_failure);
    return m;
}

void weir_query_ref(weir_query *q) {
    weir_lock(&q->mu);
    q->refs++;
    weir_unlock(&q->mu);
}

static void destroy(weir_query *q) {
    if (q->thread_started) pthread_join(q->thread, NULL);
    for (int i = 0; i < q->nprogress; i++) weir_mem_free(q->progress[i]);
    weir_mem_free(q->progress);
    while (q->held) {
        held_event *e = q->held;
        q->held = e->next;
        weir_mem_free(e);
    }
    weir_err_clear(&q->err);
    weir_cancel_close(&q->cancel);
    weir_file_drop(q->lock);
    weir_conf_free(q->conf);
    weir_arena_free(q->spec.mem);
    weir_mutex_free(&q->mu);
    weir_cond_free(&q->cond);
    weir_arena_free(q->mem);
}

void weir_query_unref(weir_query *q) {
    if (!q) return;
    weir_lock(&q->mu);
    bool last = --q->refs == 0;
    weir_unlock(&q->mu);
    if (last) destroy(q);
}

/* Under listen_mu. */
static void hold(weir_query *q, weir_event_kind kind, const char *json) {
    size_t n = strlen(json) + 1;
    held_event *e = weir_mem_resize(NULL, sizeof *e + n);
    *e = (held_event){.kind = kind};
    memcpy(e->json, json, n);
    *q->held_end = e;
    q->held_end = &e->next;
}

void weir_manager_emit(weir_query *q, weir_event_kind kind, const char *json) {
    weir_query_manager *m = q->manager;
    weir_lock(&m->listen_mu);
    if (q->events_held)
        hold(q, kind, json);
    else if (m->listener)
        m->listener(m->listener_u, kind, json);
    weir_unlock(&m->listen_mu);
}

void weir_query_release_events(weir_query *q) {
    weir_query_manager *m = q->manager;
    weir_lock(&m->listen_mu);
    q->events_held = false;
    while (q->held) {
        held_event *e = q->held;
        q->held = e->next;
        if (m->listener) m->listener(m->listener_u, e->kind, e->json);
        weir_mem_free(e);
    }
    weir_unlock(&m->listen_mu);
}

void weir_query_release_all_events(weir_query_manager *m) {
    weir_lock(&m->mu);
    for (weir_query *q = m->list; q; q = q->next) weir_query_release_events(q);
    weir_unlock(&m->mu);
}

void weir_query_manager_listen(weir_query_manager *m, weir_query_listener *fn, void *u) {
    weir_lock(&m->listen_mu);
    m->listener = fn;
    m->listener_u = u;
    weir_unlock(&m->listen_mu);
}

void weir_manager_ended(weir_query_manager *m, weir_query *q) {
    weir_query *drop = NULL;
    weir_query_leave(m->table, q);
    weir_lock(&m->mu);
    weir_lock(&q->mu);
    q->active = false;
    weir_cancel_close(&q->cancel); /* what is kept of it to look at holds no descriptor */
    weir_cond_wake_all(&q->cond);
    weir_unlock(&q->mu);
    m->ended_since_reset++;
    if (q->failed) { /* the thread is past its last write */
        weir_err_copy(&m->last_failure, &q->err);
        m->any_failed = true;
    }
    int ended = 0;
    for (weir_query **p = &m->list; *p; p = &(*p)->next) {
        if ((*p)->active || (*p) == q || ++ended < KEEP_ENDED) continue;
        drop = *p;
        *p = drop->next;
        break;
    }
    weir_cond_wake_all(&m->cond);
    weir_unlock(&m->mu);
    weir_query_unref(drop); /* never q itself: its thread is still running */
}

static bool is_active(weir_query *q) {
    weir_lock(&q->mu);
    bool a = q->active;
    weir_unlock(&q->mu);
    return a;
}

bool weir_query_is_active(const weir_query *q) { return is_active((weir_query *)(uintptr_t)q); }
const char *weir_query_id(const weir_query *q) { return q->id; }
const char *weir_query_run_id(const weir_query *q) { return q->run_id; }
const char *weir_query_name(const weir_query *q) { return q->spec.name; }

static weir_rc check_name(weir_ctx *ctx, weir_query_manager *m, const char *name) {
    bool taken = false;
    weir_lock(&m->mu);
    for (weir_query *q = m->list; q && name; q = q->next)
        taken |= q->spec.name && strcmp(q->spec.name, name) == 0 && is_active(q);
    weir_unlock(&m->mu);
    if (!taken) return WEIR_OK;
    return weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                     weir_printf(ctx->arena,
                                 "Cannot start query with name %s as a query with that name is "
                                 "already active in this SparkSession",
                                 name));
}

const char *weir_query_started_text(weir_arena *a, const weir_query *q) {
    char iso[32];
    weir_str s;
    weir_jw w;
    weir_iso_time(q->started_ms, iso);
    weir_str_init(&s, a, 1 << 16);
    weir_jw_init(&w, &s);
    weir_jw_obj(&w);
    weir_jw_key(&w, "id");
    weir_jw_str(&w, q->id);
    weir_jw_key(&w, "runId");
    weir_jw_str(&w, q->run_id);
    weir_jw_key(&w, "name");
    weir_jw_str(&w, q->spec.name);
    weir_jw_key(&w, "timestamp");
    weir_jw_str(&w, iso);
    weir_jw_key(&w, "jobTags");
    weir_jw_raw(&w, "[]");
    weir_jw_end_obj(&w);
    return s.p;
}

static weir_query *make(weir_ctx *ctx, weir_query_manager *m, const weir_query_spec *spec) {
    weir_arena *mem = weir_arena_new(NULL);
    weir_query *q = WEIR_NEW(mem, weir_query);
    q->mem = mem;
    q->manager = m;
    q->spec = *spec;
    q->spec.name = weir_strdup(mem, spec->name);
    q->spec.checkpoint = weir_strdup(mem, spec->checkpoint);
    q->conf = spec->conf;
    q->started_ms = weir_now_ms(ctx->env);
    q->starting = spec->sink->open_first;
    q->events_held = spec->hold_events;
    q->held_end = &q->held;
    q->refs = 2; /* the list's and the caller's */
    q->active = true;
    weir_mutex_init(&q->mu, WEIR_RANK_QUERY);
    weir_cond_init(&q->cond);
    weir_err_init(&q->err);
    weir_cancel_init(&q->cancel);
    return q;
}

void weir_query_began(weir_query *q, const weir_err *failed) {
    weir_lock(&q->mu);
    q->starting = false;
    if (failed) {
        weir_err_copy(&q->err, failed);
        q->active = false;
    }
    weir_cond_wake_all(&q->cond);
    weir_unlock(&q->mu);
}

static weir_rc raise_copy(weir_ctx *ctx, const weir_err *e) {
    if (ctx->err->rc == WEIR_OK) weir_err_copy(ctx->err, e);
    return WEIR_FAIL;
}

static weir_rc await_start(weir_ctx *ctx, weir_query *q) {
    bool asked = false;
    weir_lock(&q->mu);
    while (q->starting) {
        (void)weir_cond_wait(&q->cond, &q->mu, 200);
        if (asked || !ctx->cancel || !atomic_load(&ctx->cancel->asked)) continue;
        weir_cancel_ask(&q->cancel);
        asked = true;
    }
    weir_rc rc = WEIR_OK;
    if (!q->active && q->err.rc != WEIR_OK && !q->failed) rc = raise_copy(ctx, &q->err);
    weir_unlock(&q->mu);
    return rc;
}

static void unlist(weir_query_manager *m, weir_query *q) {
    weir_lock(&m->mu);
    weir_query **p = &m->list;
    while (*p && *p != q) p = &(*p)->next;
    bool mine = *p == q;
    if (mine) *p = q->next;
    weir_unlock(&m->mu);
    if (mine) weir_query_unref(q);
}

weir_rc weir_query_start(weir_ctx *ctx, weir_query_manager *m, const weir_query_spec *spec,
                         weir_query **out) {
    weir_query *q = make(ctx, m, spec);
    weir_rc rc = check_name(ctx, m, spec->name);
    if (rc == WEIR_OK) rc = weir_query_replace(ctx, m->table, q);
    if (rc == WEIR_OK) rc = weir_query_prepare(ctx, q);
    if (rc == WEIR_OK) rc = weir_query_enter(ctx, m->table, q);
    if (rc != WEIR_OK) {
        destroy(q);
        return rc;
    }
    weir_lock(&m->mu);
    q->next = m->list;
    m->list = q;
    weir_unlock(&m->mu);
    q->thread_started = weir_thread_start(&q->thread, "weir-query", weir_query_thread, q);
    if (q->thread_started)
        rc = await_start(ctx, q);
    else
        rc = weir_fail(ctx, WEIR_E_INTERNAL_ERROR, "message",
                       "no thread could be started for the query.");
    if (rc == WEIR_OK) return *out = q, WEIR_OK;
    weir_query_leave(m->table, q);
    unlist(m, q);
    weir_query_unref(q);
    return rc;
}

weir_query **weir_query_active(weir_query_manager *m, weir_arena *mem, int *n) {
    int all = 0;
    *n = 0;
    weir_lock(&m->mu);
    for (weir_query *q = m->list; q; q = q->next) all++;
    weir_query **out = WEIR_NEWN(mem, weir_query *, all + 1);
    for (weir_query *q = m->list; q; q = q->next) {
        if (!is_active(q)) continue;
        weir_query_ref(q);
        out[(*n)++] = q;
    }
    weir_unlock(&m->mu);
    return out;
}

bool weir_query_any_active(weir_query_manager *m) {
    bool any = false;
    weir_lock(&m->mu);
    for (weir_query *q = m->list; q && !any; q = q->next) any = is_active(q);
    weir_unlock(&m->mu);
    return any;
}

weir_query *weir_query_find(weir_query_manager *m, const char *id, const char *run_id) {
    weir_query *found = NULL;
    weir_lock(&m->mu);
    for (weir_query *q = m->list; q && !found; q = q->next)
        if ((!id || strcmp(q->id, id) == 0) && (!run_id || strcmp(q->run_id, run_id) == 0))
            found = q;
    if (found) weir_query_ref(found);
    weir_unlock(&m->mu);
    return found;
}

weir_rc weir_query_await_any(weir_ctx *ctx, weir_query_manager *m, int64_t timeout_ms,
                             bool *terminated) {
    int64_t end = weir_monotonic_us(ctx->env) / 1000 + timeout_ms;
    weir_rc rc = WEIR_OK;
    weir_lock(&m->mu);
    while (!m->ended_since_reset && rc == WEIR_OK) {
        int64_t left = timeout_ms < 0 ? 200 : end - weir_monotonic_us(ctx->env) / 1000;
        if (left <= 0) break;
        (void)weir_cond_wait(&m->cond, &m->mu, left < 200 ? left : 200);
        rc = weir_check_cancel(ctx);
    }
    *terminated = m->ended_since_reset > 0;
    bool failed = rc == WEIR_OK && *terminated && m->any_failed;
    if (failed) rc = raise_copy(ctx, &m->last_failure);
    weir_unlock(&m->mu);
    return rc;
}

void weir_query_reset_terminated(weir_query_manager *m) {
    weir_lock(&m->mu);
    m->ended_since_reset = 0;
    m->any_failed = false;
    weir_err_clear(&m->last_failure);
    weir_unlock(&m->mu);
}

weir_rc weir_query_get_status(weir_ctx *ctx, weir_query *q, weir_query_status *out) {
    weir_lock(&q->mu);
    const char *text = *q->waits ? q->waits : q->status;
    text = q->failed ? weir_printf(ctx->arena, "Terminated with exception: %s", q->err.cause)
                     : weir_strdup(ctx->arena, text);
    *out = (weir_query_status){text, q->data_available, q->trigger_active, q->active};
    weir_unlock(&q->mu);
    return WEIR_OK;
}

weir_rc weir_query_progress(weir_ctx *ctx, weir_query *q, bool last_only, const char ***out,
                            int *n) {
    weir_lock(&q->mu);
    int from = last_only && q->nprogress ? q->nprogress - 1 : 0;
    *n = q->nprogress - from;
    *out = WEIR_NEWN(ctx->arena, const char *, *n + 1);
    for (int i = 0; i < *n; i++) (*out)[i] = weir_strdup(ctx->arena, q->progress[from + i]);
    weir_unlock(&q->mu);
    return WEIR_OK;
}

const char *weir_query_exception(weir_ctx *ctx, weir_query *q) {
    weir_lock(&q->mu);
    const char *cls = weir_exception_classes(WEIR_X_STREAMING)[0], *text = NULL;
    if (q->failed)
        text = weir_printf(ctx->arena, "%s: %s\n%s", cls, q->err.cause, q->account);
    weir_unlock(&q->mu);
    return text;
}

/* Waits for the query to end (or until a look from number idle_from on, if that is not 0, finds no
 * new data). Caller holds q->mu. */
static weir_rc wait_locked(weir_ctx *ctx, weir_query *q, int64_t timeout_ms, int64_t idle_from) {
    int64_t end = weir_monotonic_us(ctx->env) / 1000 + timeout_ms;
    while (q->active && !(idle_from && q->idle_look >= idle_from)) {
        int64_t left = timeout_ms < 0 ? 200 : end - weir_monotonic_us(ctx->env) / 1000;
        if (left <= 0) return WEIR_OK;
        (void)weir_cond_wait(&q->cond, &q->mu, left < 200 ? left : 200);
        WEIR_TRY(weir_check_cancel(ctx));
    }
    return WEIR_OK;
}

/* Ends its wait for data, if it waits. Caller holds q->mu. */
static void poke(weir_query *q) {
    if (q->waiting) weir_cancel_poke(&q->cancel);
}

/* Its descriptor is there as long as it is active. */
static void ask_end(weir_query *q) {
    weir_lock(&q->mu);
    if (q->active) weir_cancel_ask(&q->cancel);
    weir_unlock(&q->mu);
}

weir_rc weir_query_stop(weir_ctx *ctx, weir_query *q) {
    int64_t timeout = weir_conf_ms(q->conf, "spark.sql.streaming.stopTimeout");
    ask_end(q);
    weir_lock(&q->mu);
    weir_rc rc = wait_locked(ctx, q, timeout > 0 ? timeout : -1, 0);
    bool active = q->active;
    weir_unlock(&q->mu);
    if (rc != WEIR_OK || !active) return rc;
    return weir_fail(
        ctx, WEIR_E_ILLEGAL_STATE, "message",
        weir_printf(ctx->arena,
                    "Stream Execution thread for stream [id = %s, runId = %s] failed to stop "
                    "within %lld milliseconds (specified by spark.sql.streaming.stopTimeout).",
                    q->id, q->run_id, (long long)timeout));
}

weir_rc weir_query_process_all(weir_ctx *ctx, weir_query *q) {
    weir_lock(&q->mu);
    if (q->wanted_look <= q->look) q->wanted_look = q->look + 1; /* the running one may be late */
    poke(q);
    weir_rc rc = wait_locked(ctx, q, -1, q->look + 1);
    bool failed = q->failed;
    if (rc == WEIR_OK && failed) rc = raise_copy(ctx, &q->err);
    weir_unlock(&q->mu);
    return rc;
}

weir_rc weir_query_await(weir_ctx *ctx, weir_query *q, int64_t timeout_ms, bool *terminated) {
    weir_lock(&q->mu);
    weir_rc rc = wait_locked(ctx, q, timeout_ms, 0);
    *terminated = !q->active;
    if (rc == WEIR_OK && *terminated && q->failed) rc = raise_copy(ctx, &q->err);
    weir_unlock(&q->mu);
    return rc;
}

weir_rc weir_query_explain(weir_ctx *ctx, weir_query *q, bool extended, const char **text) {
    weir_lock(&q->mu);
    const char *tree = q->spec.mem && q->active ? weir_plan_tree(ctx->arena, q->spec.plan) : NULL;
    if (!tree)
        *text = "No physical plan. Waiting for data.";
    else if (extended) /* one plan is analysed and run: it stands for all of Spark's */
        *text = weir_printf(ctx->arena,
                            "== Parsed Logical Plan ==\n%s\n== Analyzed Logical Plan ==\n%s\n"
                            "== Optimized Logical Plan ==\n%s\n== Physical Plan ==\n%s",
                            tree, tree, tree, tree);
    else
        *text = weir_printf(ctx->arena, "== Physical Plan ==\n%s", tree);
    weir_unlock(&q->mu);
    return WEIR_OK;
}

static bool await_end(weir_query *q, int64_t timeout_ms) {
    weir_err err;
    weir_err_init(&err);
    weir_arena *a = weir_arena_new(NULL);
    weir_ctx ctx = {.arena = a, .err = &err, .env = weir_env_real()};
    weir_lock(&q->mu);
    (void)wait_locked(&ctx, q, timeout_ms, 0);
    bool ended = !q->active;
    weir_unlock(&q->mu);
    weir_arena_free(a);
    weir_err_clear(&err);
    return ended;
}

/* Ends all: those in a batch within grace_ms, unless they are late; then at most end_ms more. */
static void end_all(weir_query_manager *m, int64_t grace_ms, int64_t end_ms) {
    weir_arena *mem = weir_arena_new(NULL);
    int n = 0;
    weir_query **v = weir_query_active(m, mem, &n);
    for (int i = 0; i < n; i++) {
        weir_lock(&v[i]->mu);
        v[i]->draining = true;
        bool idle = grace_ms <= 0 || !v[i]->trigger_active;
        weir_unlock(&v[i]->mu);
        if (idle) ask_end(v[i]);
    }
    int64_t start = weir_monotonic_us(weir_env_real()) / 1000;
    for (int i = 0; i < n; i++) {
        int64_t left = start + grace_ms - weir_monotonic_us(weir_env_real()) / 1000;
        if (!await_end(v[i], left > 0 ? left : 0)) {
            ask_end(v[i]);
            (void)await_end(v[i], end_ms);
        }
        weir_query_unref(v[i]);
    }
    weir_arena_free(mem);
}

void weir_query_manager_shutdown(weir_query_manager *m, int64_t grace_ms) {
    end_all(m, grace_ms, 2000);
}

void weir_query_manager_free(weir_query_manager *m) {
    if (!m) return;
    weir_query_manager_listen(m, NULL, NULL);
    end_all(m, 0, 60000);
    weir_lock(&m->mu); /* the thread of a query that has just ended may still be in here */
    weir_query *list = m->list;
    m->list = NULL;
    weir_unlock(&m->mu);
    while (list) {
        weir_query *q = list;
        list = q->next;
        weir_query_unref(q);
    }
    weir_err_clear(&m->last_failure);
    weir_mutex_free(&m->mu);
    weir_mutex_free(&m->listen_mu);
    weir_cond_free(&m->cond);
    weir_mem_free(m);
}
