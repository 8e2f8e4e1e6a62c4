/* See lookup.h. librdkafka's requests block and cannot be woken, so each is made in slices of time
 * that grow: a cancel is seen soon, and a slow broker still gets the time to answer. */
#include "kafka/lookup.h"

#include <string.h>

enum { FIRST_SLICE_MS = 400, LAST_SLICE_MS = 6400, PAUSE_MS = 50 };

typedef struct waiting {
    weir_kafka *k;
    const char *doing;
    int64_t deadline_us;
    int slice_ms;
} waiting;

static waiting begin(weir_ctx *ctx, weir_kafka *k, int64_t timeout_ms, const char *doing) {
    return (waiting){k, doing, weir_monotonic_us(ctx->env) + timeout_ms * 1000, FIRST_SLICE_MS};
}

static bool retriable(rd_kafka_resp_err_t e) {
    switch ((int)e) {
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__WAIT_CACHE:
    case RD_KAFKA_RESP_ERR__WAIT_COORD:
    case RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE:
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION:
    case RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
    case RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION:
    case RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH:
    case RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH:
    case RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR:
        return true;
    default: return false;
    }
}

/* After an answer err: WEIR_OK to try again, else the failure. */
static weir_rc again(weir_ctx *ctx, waiting *w, rd_kafka_resp_err_t err) {
    while (weir_kafka_serve(w->k, 0) > 0) {}
    WEIR_TRY(weir_check_cancel(ctx));
    rd_kafka_resp_err_t trouble = weir_kafka_trouble_code(w->k);
    if (weir_kafka_hopeless(trouble)) return weir_kafka_fail(ctx, w->k, w->doing, trouble);
    if (!retriable(err) || weir_monotonic_us(ctx->env) >= w->deadline_us)
        return weir_kafka_fail(ctx, w->k, w->doing, err);
    weir_kafka_waits(ctx, w->k, w->doing);
    weir_sleep_ms(ctx, PAUSE_MS);
    if (w->slice_ms < LAST_SLICE_MS) w->slice_ms *= 2;
    return WEIR_OK;
}

/* ---- topics and partitions ---- */

static weir_rc ask_metadata(weir_ctx *ctx, waiting *w, bool all, rd_kafka_topic_t *one,
                            const struct rd_kafka_metadata **out) {
    rd_kafka_t *rk = weir_kafka_handle(w->k);
    for (;;) {
        rd_kafka_resp_err_t e = rd_kafka_metadata(rk, all, one, out, w->slice_ms);
        if (e == RD_KAFKA_RESP_ERR_NO_ERROR) break;
        WEIR_TRY(again(ctx, w, e));
    }
    while (weir_kafka_serve(w->k, 0) > 0) {}
    weir_kafka_fine(ctx, w->k);
    return WEIR_OK;
}

static const rd_kafka_metadata_topic_t *find_topic(const struct rd_kafka_metadata *md,
                                                   const char *name) {
    for (int i = 0; i < md->topic_cnt; i++)
        if (strcmp(md->topics[i].topic, name) == 0) return &md->topics[i];
    return NULL;
}

/* Takes what the cluster says of the topics. *err: it is worth asking again, or a failure. */
static void take_partitions(weir_ctx *ctx, const struct rd_kafka_metadata *md,
                            const char *const *topic, int n, weir_kafka_offsets *out,
                            const char **missing, const char **failed, rd_kafka_resp_err_t *err) {
    *out = (weir_kafka_offsets){0};
    *err = RD_KAFKA_RESP_ERR_NO_ERROR;
    *missing = NULL;
    for (int i = 0; i < n; i++) {
        const rd_kafka_metadata_topic_t *t = find_topic(md, topic[i]);
        rd_kafka_resp_err_t e = t ? t->err : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
        if (e == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) {
            if (!*missing) *missing = weir_strdup(ctx->arena, topic[i]);
        } else if (e != RD_KAFKA_RESP_ERR_NO_ERROR) {
            *err = e;
            *failed = topic[i];
        }
        for (int p = 0; t && !e && p < t->partition_cnt; p++)
            weir_kafka_offsets_add(ctx->arena, out, topic[i], t->partitions[p].id, 0);
    }
    weir_kafka_offsets_sort(out);
}

static weir_rc partitions(weir_ctx *ctx, waiting *w, rd_kafka_topic_t **handle,
                          const char *const *topic, int n, weir_kafka_offsets *out,
                          const char **missing) {
    for (;;) {
        const struct rd_kafka_metadata *md = NULL;
        const char *failed = NULL;
        rd_kafka_resp_err_t err;
        WEIR_TRY(ask_metadata(ctx, w, false, n == 1 ? handle[0] : NULL, &md));
        take_partitions(ctx, md, topic, n, out, missing, &failed, &err);
        rd_kafka_metadata_destroy(md);
        if (!err) return WEIR_OK;
        w->doing = weir_printf(ctx->arena, "asking for the partitions of topic %s", failed);
        WEIR_TRY(again(ctx, w, err));
    }
}

weir_rc weir_kafka_partitions(weir_ctx *ctx, weir_kafka *k, int64_t timeout_ms,
                              const char *const *topic, int n, weir_kafka_offsets *out,
                              const char **missing) {
    const char *none = NULL;
    *out = (weir_kafka_offsets){0};
    if (missing) *missing = NULL;
    if (!n) return WEIR_OK;
    waiting w = begin(ctx, k, timeout_ms,
                      weir_printf(ctx->arena, "asking for the partitions of topic %s", topic[0]));
    rd_kafka_topic_t **handle = WEIR_NEWN(ctx->arena, rd_kafka_topic_t *, n);
    for (int i = 0; i < n; i++) {
        handle[i] = rd_kafka_topic_new(weir_kafka_handle(k), topic[i], NULL);
        if (handle[i]) continue;
        rd_kafka_resp_err_t e = rd_kafka_last_error();
        while (i > 0) rd_kafka_topic_destroy(handle[--i]);
        return weir_kafka_fail(ctx, k, w.doing, e);
    }
    weir_rc rc = partitions(ctx, &w, handle, topic, n, out, &none);
    for (int i = 0; i < n; i++) rd_kafka_topic_destroy(handle[i]);
    WEIR_TRY(rc);
    if (missing) return *missing = none, WEIR_OK;
    if (!none) return WEIR_OK;
    return weir_kafka_fail(ctx, k,
                           weir_printf(ctx->arena, "asking for the partitions of topic %s", none),
                           RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
}

weir_rc weir_kafka_topics(weir_ctx *ctx, weir_kafka *k, int64_t timeout_ms, const char ***name,
                          int *n) {
    static const char *const internal[] = {"__consumer_offsets", "__transaction_state",
                                           "__share_group_state", "__cluster_metadata"};
    const struct rd_kafka_metadata *md = NULL;
    waiting w = begin(ctx, k, timeout_ms, "asking for the topics");
    *n = 0;
    WEIR_TRY(ask_metadata(ctx, &w, true, NULL, &md));
    *name = WEIR_NEWN(ctx->arena, const char *, md->topic_cnt + 1);
    for (int i = 0; i < md->topic_cnt; i++) {
        bool hidden = md->topics[i].err != RD_KAFKA_RESP_ERR_NO_ERROR;
        for (size_t j = 0; j < sizeof internal / sizeof *internal; j++)
            hidden |= strcmp(md->topics[i].topic, internal[j]) == 0;
        if (!hidden) (*name)[(*n)++] = weir_strdup(ctx->arena, md->topics[i].topic);
    }
    rd_kafka_metadata_destroy(md);
    return WEIR_OK;
}

/* ---- offsets ---- */

/* Answers go to their places; the others are asked again. Returns how many those are. */
static int64_t take_offsets(const rd_kafka_topic_partition_list_t *l, weir_kafka_offsets *o,
                            bool *done, rd_kafka_resp_err_t *err, const char **at) {
    int64_t open = 0;
    for (int i = 0; i < l->cnt; i++) {
        const rd_kafka_topic_partition_t *e = &l->elems[i];
        weir_kafka_offset *to = weir_kafka_offsets_find(o, e->topic, e->partition);
        if (e->err) {
            *err = e->err;
            *at = to->topic;
            open++;
            continue;
        }
        to->offset = e->offset;
        done[to - o->v] = true;
    }
    return open;
}

weir_rc weir_kafka_resolve(weir_ctx *ctx, weir_kafka *k, int64_t timeout_ms,
                           weir_kafka_offsets *o) {
    waiting w = begin(ctx, k, timeout_ms, "asking for offsets");
    bool *done = WEIR_NEWN(ctx->arena, bool, o->n + 1);
    for (int64_t open = o->n; open > 0;) {
        const char *topic = NULL;
        rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new((int)open);
        for (int64_t i = 0; i < o->n; i++)
            if (!done[i])
                rd_kafka_topic_partition_list_add(l, o->v[i].topic, o->v[i].partition)->offset =
                    o->v[i].offset;
        rd_kafka_resp_err_t e = rd_kafka_offsets_for_times(weir_kafka_handle(k), l, w.slice_ms);
        if (!e) open = take_offsets(l, o, done, &e, &topic);
        rd_kafka_topic_partition_list_destroy(l);
        if (topic) w.doing = weir_printf(ctx->arena, "asking for offsets of topic %s", topic);
        if (e) WEIR_TRY(again(ctx, &w, e));
    }
    while (weir_kafka_serve(k, 0) > 0) {}
    weir_kafka_fine(ctx, k);
    return WEIR_OK;
}
