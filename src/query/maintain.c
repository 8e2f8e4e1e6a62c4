/* The maintenance thread of a query. See maintain.h. A failure costs nothing but disk space and
 * start-up time: it is logged, and tried again with a later version. */
#include "query/maintain.h"

#include "base/log.h"
#include "base/sync.h"

struct weir_maintainer {
    const weir_exec *x;
    const weir_conf *conf;
    weir_env *env;
    weir_cancel cancel;
    pthread_t thread;
    weir_mutex mu;
    weir_cond cond;
    int64_t version, done; /* guarded by mu */
    bool stop;
    int64_t every; /* versions between two runs */
    weir_arena *mem;
};

static void run_once(weir_maintainer *m, int64_t version) {
    weir_err err;
    weir_err_init(&err);
    weir_ctx ctx = {.arena = weir_arena_new(NULL),
                    .err = &err,
                    .conf = m->conf,
                    .env = m->env,
                    .cancel = &m->cancel};
    int deltas = (int)weir_conf_int(m->conf, "spark.sql.streaming.stateStore.minDeltasForSnapshot");
    int64_t keep = weir_conf_int(m->conf, "spark.sql.streaming.minBatchesToRetain");
    for (int i = 0; i < m->x->nstate; i++) {
        if (weir_state_maintain(&ctx, &m->x->state[i]->spec, version, deltas, keep) == WEIR_OK)
            continue;
        if (!atomic_load(&m->cancel.asked))
            weir_log(WEIR_LOG_WARN, "state maintenance in %s: %s", m->x->state[i]->spec.dir,
                     err.msg ? err.msg : "failed");
        weir_err_clear(&err);
    }
    weir_arena_free(ctx.arena);
    weir_err_clear(&err);
}

static void *run(void *arg) {
    weir_maintainer *m = arg;
    weir_lock(&m->mu);
    while (!m->stop) {
        if (m->version - m->done < m->every) {
            (void)weir_cond_wait(&m->cond, &m->mu, -1);
            continue;
        }
        int64_t version = m->done = m->version;
        weir_unlock(&m->mu);
        run_once(m, version);
        weir_lock(&m->mu);
    }
    weir_unlock(&m->mu);
    return NULL;
}

static void destroy(weir_maintainer *m) {
    weir_cancel_close(&m->cancel);
    weir_cond_free(&m->cond);
    weir_mutex_free(&m->mu);
    weir_arena_free(m->mem);
}

weir_maintainer *weir_maintainer_start(const weir_exec *x, const weir_conf *conf, weir_env *env) {
    if (!x->nstate) return NULL;
    weir_arena *mem = weir_arena_new(NULL);
    weir_maintainer *m = WEIR_NEW(mem, weir_maintainer);
    m->mem = mem;
    m->x = x;
    m->conf = conf;
    m->env = env;
    m->every = weir_conf_int(conf, "spark.sql.streaming.stateStore.minDeltasForSnapshot");
    if (m->every < 1) m->every = 1;
    weir_cancel_init(&m->cancel);
    weir_mutex_init(&m->mu, WEIR_RANK_LEAF);
    weir_cond_init(&m->cond);
    if (weir_thread_start(&m->thread, "weir-state", run, m)) return m;
    weir_log(WEIR_LOG_WARN, "no thread for state maintenance: snapshots are not written");
    destroy(m);
    return NULL;
}

void weir_maintainer_note(weir_maintainer *m, int64_t version) {
    if (!m) return;
    weir_lock(&m->mu);
    m->version = version;
    weir_cond_wake_all(&m->cond);
    weir_unlock(&m->mu);
}

void weir_maintainer_stop(weir_maintainer *m) {
    if (!m) return;
    weir_lock(&m->mu);
    m->stop = true;
    weir_cond_wake_all(&m->cond);
    weir_unlock(&m->mu);
    weir_cancel_ask(&m->cancel);
    (void)pthread_join(m->thread, NULL);
    destroy(m);
}
