/* The active streaming queries of all sessions of the process, by id: one of an id runs at a time.
 * SPARK StreamingQueryManager.startQuery, SharedState.activeStreamingQueries. Any thread. */
#include "base/log.h"
#include "base/mem.h"
#include "query/query.h"

#include <stdlib.h>

struct weir_query_table {
    weir_mutex mu;
    weir_query *list; /* by next_active; not referenced: who is in it leaves before it goes */
};

weir_query_table *weir_query_table_new(void) {
    weir_query_table *t = weir_mem_new(sizeof *t);
    weir_mutex_init(&t->mu, WEIR_RANK_ACTIVE);
    return t;
}

void weir_query_table_free(weir_query_table *t) {
    if (!t) return;
    weir_mutex_free(&t->mu);
    weir_mem_free(t);
}

static weir_query *find(const weir_query_table *t, const char *id) {
    weir_query *q = t->list;
    while (q && strcmp(q->id, id) != 0) q = q->next_active;
    return q;
}

weir_rc weir_query_replace(weir_ctx *ctx, weir_query_table *t, const weir_query *q) {
    char id[37];
    WEIR_TRY(weir_query_id_of(ctx, q->spec.checkpoint, id));
    if (!*id) return WEIR_OK;
    weir_lock(&t->mu);
    weir_query *old = find(t, id);
    if (old) weir_query_ref(old);
    weir_unlock(&t->mu);
    if (!old) return WEIR_OK;
    weir_rc rc;
    if (weir_conf_bool(q->conf, "spark.sql.streaming.stopActiveRunOnRestart")) {
        weir_log(WEIR_LOG_WARN, "query %s: run %s is stopped, as a new run is being started", id,
                 old->run_id);
        rc = weir_query_stop(ctx, old);
    } else {
        rc = weir_fail(ctx, WEIR_E_ACTIVE_QUERY, "id", id);
    }
    weir_query_unref(old);
    return rc;
}

weir_rc weir_query_enter(weir_ctx *ctx, weir_query_table *t, weir_query *q) {
    char run[37] = "";
    weir_lock(&t->mu);
    const weir_query *other = find(t, q->id);
    if (other) memcpy(run, other->run_id, sizeof run);
    if (!other) {
        q->next_active = t->list;
        t->list = q;
    }
    weir_unlock(&t->mu);
    if (!*run) return WEIR_OK;
    return weir_fail(ctx, WEIR_E_CONCURRENT_QUERY, "queryId", q->id, "existingQueryRunId", run,
                     "newQueryRunId", q->run_id, "path", q->spec.checkpoint);
}

void weir_query_leave(weir_query_table *t, const weir_query *q) {
    weir_lock(&t->mu);
    weir_query **p = &t->list;
    while (*p && *p != q) p = &(*p)->next_active;
    if (*p) *p = q->next_active;
    weir_unlock(&t->mu);
}
