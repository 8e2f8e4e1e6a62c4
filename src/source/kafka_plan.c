/* Which offsets a batch has: where a query starts, how far a batch goes, what was lost. SPARK
 * KafkaMicroBatchStream, KafkaOffsetReaderAdmin, KafkaSourceInitialOffsetWriter. Query thread. */
#include "source/kafka.h"

#include "base/log.h"

#include <math.h>

typedef weir_rc question(weir_ctx *, kafka_source *, void *u);

const char *kafka_name(weir_ctx *ctx, const char *topic, int32_t partition) {
    return weir_printf(ctx->arena, "%s-%d", topic, partition);
}

static const char *set_of(weir_ctx *ctx, const weir_kafka_offsets *o) {
    return weir_printf(ctx->arena, "Set(%s)", weir_kafka_offsets_names(ctx->arena, o));
}

static const char *number(weir_ctx *ctx, int64_t v) {
    return weir_printf(ctx->arena, "%lld", (long long)v);
}

weir_rc kafka_parse(weir_ctx *ctx, const char *json, weir_kafka_offsets *out) {
    if (weir_kafka_offsets_parse(ctx->arena, json, strlen(json), out)) return WEIR_OK;
    return weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                     weir_printf(ctx->arena,
                                 "Expected e.g. {\"topicA\":{\"0\":23,\"1\":-1},\"topicB\":"
                                 "{\"0\":-2}}, got %s",
                                 json));
}

weir_rc kafka_loss(weir_ctx *ctx, kafka_source *k, weir_errcls cls, const char *k1, const char *v1,
                   const char *k2, const char *v2, const char *k3, const char *v3, const char *k4,
                   const char *v4) {
    if (k->spec.fail_on_loss)
        return weir_fail(ctx, cls, k1, v1, k2, v2, k3, v3, k4, v4);
    k->lost++;
    weir_log(WEIR_LOG_WARN,
             "kafka: data may have been lost, and the query goes on because failOnDataLoss is "
             "false: %s: %s=%s%s%s%s%s%s%s",
             weir_errcls_name(cls), k1, v1, k2 ? ", " : "", k2 ? k2 : "", k2 ? "=" : "",
             k2 ? v2 : "", k3 ? ", " : "", k3 ? v3 : "");
    return WEIR_OK;
}

/* ---- questions, asked again after a failure (SPARK withRetries) ---- */

static weir_rc ask(weir_ctx *ctx, kafka_source *k, question *q, void *u) {
    for (int64_t attempt = 1;; attempt++) {
        weir_rc rc = k->ask ? WEIR_OK
                            : weir_kafka_open(ctx, &k->spec.settings, NULL, NULL, &k->ask);
        if (rc == WEIR_OK) rc = q(ctx, k, u);
        if (rc != WEIR_FAIL || attempt >= k->spec.attempts || !k->ask ||
            weir_kafka_hopeless(weir_kafka_trouble_code(k->ask)))
            return rc;
        weir_log(WEIR_LOG_WARN, "kafka: attempt %lld of %lld: %s", (long long)attempt,
                 (long long)k->spec.attempts, ctx->err->msg);
        weir_err_clear(ctx->err);
        weir_kafka_close(k->ask);
        k->ask = NULL;
        weir_sleep_ms(ctx, k->spec.retry_ms);
        WEIR_TRY(weir_check_cancel(ctx));
    }
}

static weir_rc ask_offsets(weir_ctx *ctx, kafka_source *k, void *u) {
    return weir_kafka_resolve(ctx, k->ask, k->spec.settings.api_timeout_ms, u);
}

weir_rc kafka_resolve(weir_ctx *ctx, kafka_source *k, weir_kafka_offsets *o) {
    return ask(ctx, k, ask_offsets, o);
}

typedef struct topic_question {
    const char *topic;
    weir_kafka_offsets now;
} topic_question;

static weir_rc ask_topic(weir_ctx *ctx, kafka_source *k, void *u) {
    topic_question *q = u;
    const char *missing = NULL;
    return weir_kafka_partitions(ctx, k->ask, k->spec.settings.api_timeout_ms, &q->topic, 1,
                                 &q->now, &missing);
}

weir_rc kafka_is_there(weir_ctx *ctx, kafka_source *k, const char *topic, int32_t partition,
                       bool *there) {
    topic_question q = {.topic = topic};
    WEIR_TRY(ask(ctx, k, ask_topic, &q));
    *there = weir_kafka_offsets_find(&q.now, topic, partition) != NULL;
    return WEIR_OK;
}

static weir_rc matching(weir_ctx *ctx, kafka_source *k, const char ***topic, int *n) {
    const char **all = NULL;
    int nall = 0;
    pcre2_match_data *m = pcre2_match_data_create_from_pattern(k->spec.regex, NULL);
    weir_rc rc = weir_kafka_topics(ctx, k->ask, k->spec.settings.api_timeout_ms, &all, &nall);
    *topic = all;
    *n = 0;
    for (int i = 0; rc == WEIR_OK && i < nall; i++)
        if (pcre2_match(k->spec.regex, (PCRE2_SPTR)all[i], strlen(all[i]), 0, 0, m, NULL) >= 0)
            all[(*n)++] = all[i];
    pcre2_match_data_free(m);
    return rc;
}

/* The partitions that are read, with offset 0. */
static weir_rc assigned(weir_ctx *ctx, kafka_source *k, weir_kafka_offsets *out) {
    const kafka_spec *s = &k->spec;
    const char **topic = s->topic, *missing = NULL;
    int64_t timeout_ms = s->settings.api_timeout_ms, kept = 0;
    int n = s->ntopic;
    if (s->strategy == KAFKA_PATTERN) {
        WEIR_TRY(matching(ctx, k, &topic, &n));
        return weir_kafka_partitions(ctx, k->ask, timeout_ms, topic, n, out, &missing);
    }
    WEIR_TRY(weir_kafka_partitions(ctx, k->ask, timeout_ms, topic, n, out, NULL));
    if (s->strategy == KAFKA_SUBSCRIBE) return WEIR_OK;
    for (int64_t i = 0; i < out->n; i++)
        if (weir_kafka_offsets_find(&s->assigned, out->v[i].topic, out->v[i].partition))
            out->v[kept++] = out->v[i];
    out->n = kept;
    return WEIR_OK;
}

/* ---- a place: earliest, latest, offsets, times ---- */

typedef struct place_question {
    const kafka_place *place;
    bool starting;
    weir_kafka_offsets *out;
} place_question;

static weir_rc not_assigned(weir_ctx *ctx, const place_question *q, const weir_kafka_offsets *now) {
    const weir_kafka_offsets *at = &q->place->at;
    bool same = at->n == now->n;
    for (int64_t i = 0; same && i < at->n; i++)
        same = weir_kafka_offsets_find(now, at->v[i].topic, at->v[i].partition) != NULL;
    if (same) return WEIR_OK;
    if (q->place->kind == KAFKA_AT_OFFSETS)
        return weir_fail(ctx, WEIR_E_KAFKA_START_NOT_ASSIGNED, "specifiedPartitions",
                         set_of(ctx, at), "assignedPartitions", set_of(ctx, now));
    return weir_fail(ctx, WEIR_E_KAFKA_TIMESTAMP_NOT_ASSIGNED, "position",
                     q->starting ? "start" : "end", "specifiedPartitions", set_of(ctx, at),
                     "assignedPartitions", set_of(ctx, now));
}

/* Those with a negative offset (LATEST, EARLIEST) are asked for. */
static weir_rc resolve_named(weir_ctx *ctx, kafka_source *k, weir_kafka_offsets *o) {
    weir_kafka_offsets open = {0};
    for (int64_t i = 0; i < o->n; i++)
        if (o->v[i].offset == WEIR_KAFKA_LATEST || o->v[i].offset == WEIR_KAFKA_EARLIEST)
            weir_kafka_offsets_add(ctx->arena, &open, o->v[i].topic, o->v[i].partition,
                                   o->v[i].offset);
    WEIR_TRY(weir_kafka_resolve(ctx, k->ask, k->spec.settings.api_timeout_ms, &open));
    for (int64_t i = 0; i < open.n; i++)
        weir_kafka_offsets_find(o, open.v[i].topic, open.v[i].partition)->offset = open.v[i].offset;
    return WEIR_OK;
}

static weir_rc resolve_times(weir_ctx *ctx, kafka_source *k, const kafka_place *p,
                             weir_kafka_offsets *o) {
    weir_kafka_offsets times = weir_kafka_offsets_copy(ctx->arena, o);
    WEIR_TRY(weir_kafka_resolve(ctx, k->ask, k->spec.settings.api_timeout_ms, o));
    for (int64_t i = 0; i < o->n; i++) {
        if (o->v[i].offset >= 0) continue;
        if (!p->or_latest)
            return weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                             weir_printf(ctx->arena,
                                         "No offset matched from request of topic-partition %s and "
                                         "timestamp %lld.",
                                         kafka_name(ctx, o->v[i].topic, o->v[i].partition),
                                         (long long)times.v[i].offset));
        o->v[i].offset = WEIR_KAFKA_LATEST;
    }
    return resolve_named(ctx, k, o);
}

static weir_rc ask_place(weir_ctx *ctx, kafka_source *k, void *u) {
    const place_question *q = u;
    const kafka_place *p = q->place;
    bool named = p->kind == KAFKA_AT_OFFSETS || p->kind == KAFKA_AT_TIMES;
    int64_t all = p->kind == KAFKA_AT_EARLIEST ? WEIR_KAFKA_EARLIEST
                  : p->kind == KAFKA_AT_LATEST ? WEIR_KAFKA_LATEST
                                               : p->time_ms;
    WEIR_TRY(assigned(ctx, k, q->out));
    if (named) WEIR_TRY(not_assigned(ctx, q, q->out));
    for (int64_t i = 0; i < q->out->n; i++) {
        weir_kafka_offset *o = &q->out->v[i];
        o->offset = named ? weir_kafka_offsets_find(&p->at, o->topic, o->partition)->offset : all;
    }
    return p->kind == KAFKA_AT_TIME || p->kind == KAFKA_AT_TIMES
               ? resolve_times(ctx, k, p, q->out)
               : resolve_named(ctx, k, q->out);
}

static weir_rc place(weir_ctx *ctx, kafka_source *k, const kafka_place *p, bool starting,
                     weir_kafka_offsets *out) {
    place_question q = {p, starting, out};
    return ask(ctx, k, ask_place, &q);
}

/* ---- where the query began: sources/<i>/0 ---- */

static weir_rc read_initial(weir_ctx *ctx, const char *path, weir_kafka_offsets *out) {
    char *text = NULL;
    size_t len = 0;
    WEIR_TRY(weir_file_slurp(ctx, path, &text, &len));
    if (len && !*text) text++, len--; /* the byte that Spark writes for its version 2.1.0 */
    if (len && *text == 'v') {
        char *line = strchr(text, '\n');
        if (strncmp(text, "v1\n", 3) != 0 || !line)
            return weir_fail(ctx, WEIR_E_MALFORMED_CHECKPOINT, "path", path, "reason",
                             "it does not begin with v1, the only version of the Kafka source");
        text = line + 1;
    }
    if (weir_kafka_offsets_parse(ctx->arena, text, strlen(text), out)) return WEIR_OK;
    return weir_fail(ctx, WEIR_E_MALFORMED_CHECKPOINT, "path", path, "reason",
                     "it does not hold the first offsets of the Kafka source. Restore it from a "
                     "copy");
}

weir_rc kafka_initial(weir_ctx *ctx, kafka_source *k, weir_kafka_offsets *out) {
    const char *dir = k->scan->checkpoint_dir, *path = weir_printf(ctx->arena, "%s/0", dir);
    weir_stat st;
    WEIR_TRY(weir_path_stat(ctx, path, &st));
    if (st.exists) return read_initial(ctx, path, out);
    WEIR_TRY(place(ctx, k, &k->spec.start, true, out));
    const char *json = weir_kafka_offsets_text(ctx->arena, out);
    size_t n = strlen(json);
    char *bytes = weir_alloc(ctx->arena, n + 4);
    memcpy(bytes, "\0v1\n", 4);
    memcpy(bytes + 4, json, n);
    WEIR_TRY(weir_path_mkdirs(ctx, dir));
    return weir_file_put(ctx, path, bytes, n + 4, false, NULL);
}

/* ---- how far a batch goes ---- */

typedef struct latest_question {
    const weir_kafka_offsets *known;
    weir_kafka_offsets *out;
} latest_question;

static bool behind(const weir_kafka_offsets *now, const weir_kafka_offsets *known) {
    for (int64_t i = 0; i < now->n; i++) {
        const weir_kafka_offset *o = &now->v[i],
                                *was = weir_kafka_offsets_find(known, o->topic, o->partition);
        if (was && was->offset > o->offset) return true;
    }
    return false;
}

static weir_rc ask_latest(weir_ctx *ctx, kafka_source *k, void *u) {
    const latest_question *q = u;
    WEIR_TRY(assigned(ctx, k, q->out));
    for (int64_t attempt = 1;; attempt++) {
        for (int64_t i = 0; i < q->out->n; i++) q->out->v[i].offset = WEIR_KAFKA_LATEST;
        WEIR_TRY(weir_kafka_resolve(ctx, k->ask, k->spec.settings.api_timeout_ms, q->out));
        /* SPARK: offsets that went back may be a moment's mistake of the broker */
        if (!behind(q->out, q->known) || attempt >= k->spec.attempts) return WEIR_OK;
        weir_log(WEIR_LOG_WARN, "kafka: latest offsets are before those that were read: %s",
                 weir_kafka_offsets_text(ctx->arena, q->out));
        weir_sleep_ms(ctx, k->spec.retry_ms);
        WEIR_TRY(weir_check_cancel(ctx));
    }
}

static weir_rc ask_earliest(weir_ctx *ctx, kafka_source *k, void *u) {
    weir_kafka_offsets *o = u, now;
    int64_t kept = 0;
    WEIR_TRY(assigned(ctx, k, &now));
    for (int64_t i = 0; i < o->n; i++) {
        o->v[i].offset = WEIR_KAFKA_EARLIEST;
        if (weir_kafka_offsets_find(&now, o->v[i].topic, o->v[i].partition)) o->v[kept++] = o->v[i];
    }
    o->n = kept;
    return weir_kafka_resolve(ctx, k->ask, k->spec.settings.api_timeout_ms, o);
}

/* Partitions of until that from does not have. */
static weir_kafka_offsets added(weir_ctx *ctx, const weir_kafka_offsets *from,
                                const weir_kafka_offsets *until) {
    weir_kafka_offsets out = {0};
    for (int64_t i = 0; i < until->n; i++)
        if (!weir_kafka_offsets_find(from, until->v[i].topic, until->v[i].partition))
            weir_kafka_offsets_add(ctx->arena, &out, until->v[i].topic, until->v[i].partition, 0);
    return out;
}

/* Where reading of a partition begins: from, else the first there is; NULL if it is gone. */
static const weir_kafka_offset *first_of(const weir_kafka_offsets *from,
                                         const weir_kafka_offsets *fresh,
                                         const weir_kafka_offset *o) {
    const weir_kafka_offset *at = weir_kafka_offsets_find(from, o->topic, o->partition);
    return at ? at : weir_kafka_offsets_find(fresh, o->topic, o->partition);
}

/* SPARK rateLimit: each partition's share is as its backlog, rounded down, but not to nothing. */
static weir_rc limit_rate(weir_ctx *ctx, kafka_source *k, const weir_kafka_offsets *from,
                          weir_kafka_offsets *to) {
    weir_kafka_offsets fresh = added(ctx, from, to);
    double total = 0;
    if (fresh.n) WEIR_TRY(ask(ctx, k, ask_earliest, &fresh));
    for (int64_t i = 0; i < to->n; i++) {
        const weir_kafka_offset *at = first_of(from, &fresh, &to->v[i]);
        if (at && to->v[i].offset > at->offset) total += (double)(to->v[i].offset - at->offset);
    }
    for (int64_t i = 0; total >= 1 && i < to->n; i++) {
        const weir_kafka_offset *at = first_of(from, &fresh, &to->v[i]);
        int64_t size = at ? to->v[i].offset - at->offset : 0;
        if (size <= 0) continue;
        double share = (double)k->spec.max_offsets * ((double)size / total);
        share = share < 1 ? ceil(share) : floor(share);
        if (share < (double)size) to->v[i].offset = at->offset + (int64_t)share;
    }
    return WEIR_OK;
}

/* SPARK delayBatch */
static bool wait_for_more(weir_ctx *ctx, kafka_source *k, const weir_kafka_offsets *from) {
    int64_t now = weir_now_ms(ctx->env), fresh = 0;
    if (now - k->last_trigger_ms < k->spec.max_delay_ms) {
        for (int64_t i = 0; i < k->latest.n; i++) {
            const weir_kafka_offset *o = &k->latest.v[i],
                                    *at = weir_kafka_offsets_find(from, o->topic, o->partition);
            fresh += o->offset - (at ? at->offset : 0);
        }
        if (fresh < k->spec.min_offsets) return true;
    }
    k->last_trigger_ms = now;
    return false;
}

static weir_rc know_latest(weir_ctx *ctx, kafka_source *k, const weir_kafka_offsets *from) {
    weir_kafka_offsets now = {0}, planned = weir_kafka_offsets_copy(ctx->arena, &k->planned);
    latest_question q = {from, &now};
    WEIR_TRY(ask(ctx, k, ask_latest, &q));
    weir_arena_reset(k->mem);
    k->latest = weir_kafka_offsets_copy(k->mem, &now);
    k->planned = weir_kafka_offsets_copy(k->mem, &planned);
    return WEIR_OK;
}

weir_rc kafka_latest(weir_ctx *ctx, kafka_source *k, const char *from, const weir_limit *limit,
                     const char **to) {
    weir_kafka_offsets start = {0}, end;
    WEIR_TRY(kafka_warn(ctx, k));
    WEIR_TRY(from ? kafka_parse(ctx, from, &start) : kafka_initial(ctx, k, &start));
    if (!k->have_frozen) WEIR_TRY(know_latest(ctx, k, &start));
    k->have_frozen = limit->frozen;
    end = weir_kafka_offsets_copy(ctx->arena, &k->latest);
    if (!k->planned.n) k->planned = weir_kafka_offsets_copy(k->mem, &start);
    if (!limit->unlimited && k->spec.min_offsets >= 0 && wait_for_more(ctx, k, &start))
        end = start;
    else if (!limit->unlimited && k->spec.max_offsets >= 0)
        WEIR_TRY(limit_rate(ctx, k, &start, &end));
    *to = end.n ? weir_kafka_offsets_text(ctx->arena, &end) : from;
    return WEIR_OK;
}

/* ---- the ranges of a batch, and what is missing of them ---- */

static weir_rc note_lost_partitions(weir_ctx *ctx, kafka_source *k, const weir_kafka_offsets *from,
                                    const weir_kafka_offsets *until) {
    weir_kafka_offsets gone = added(ctx, until, from);
    if (!gone.n) return WEIR_OK;
    if (k->spec.settings.group_id)
        return kafka_loss(ctx, k, WEIR_E_KAFKA_LOSS_DELETED_GROUP, "partitions", set_of(ctx, &gone),
                          "groupIdConfig", "group.id", NULL, NULL, NULL, NULL);
    return kafka_loss(ctx, k, WEIR_E_KAFKA_LOSS_DELETED, "partitions", set_of(ctx, &gone), NULL,
                      NULL, NULL, NULL, NULL, NULL);
}

static weir_rc note_new_partitions(weir_ctx *ctx, kafka_source *k, weir_kafka_offsets *fresh) {
    weir_kafka_offsets all = weir_kafka_offsets_copy(ctx->arena, fresh), gone;
    if (!fresh->n) return WEIR_OK;
    WEIR_TRY(ask(ctx, k, ask_earliest, fresh));
    gone = added(ctx, fresh, &all);
    if (gone.n)
        WEIR_TRY(kafka_loss(ctx, k, WEIR_E_KAFKA_LOSS_INITIAL, "partitions", set_of(ctx, &gone),
                            NULL, NULL, NULL, NULL, NULL, NULL));
    for (int64_t i = 0; i < fresh->n; i++)
        if (fresh->v[i].offset != 0)
            WEIR_TRY(kafka_loss(ctx, k, WEIR_E_KAFKA_LOSS_ADDED, "topicPartition",
                                kafka_name(ctx, fresh->v[i].topic, fresh->v[i].partition),
                                "startOffset", number(ctx, fresh->v[i].offset), NULL, NULL, NULL,
                                NULL));
    weir_log(WEIR_LOG_INFO, "kafka: new partitions: %s",
             weir_kafka_offsets_text(ctx->arena, fresh));
    return WEIR_OK;
}

/* SPARK verifyEndOffsetForTriggerAvailableNow */
static weir_rc check_frozen(weir_ctx *ctx, kafka_source *k, const weir_kafka_offsets *end) {
    weir_kafka_offsets now = {0}, none = {0};
    latest_question q = {&none, &now};
    if (!k->have_frozen) return WEIR_OK;
    if (added(ctx, &k->latest, end).n || added(ctx, end, &k->latest).n)
        return weir_fail(ctx, WEIR_E_KAFKA_MISMATCHED_PREFETCHED, "tpsForPrefetched",
                         set_of(ctx, &k->latest), "tpsForEndOffset", set_of(ctx, end));
    if (behind(&k->latest, end))
        return weir_fail(ctx, WEIR_E_KAFKA_GREATER_THAN_PREFETCHED, "prefetchedOffset",
                         weir_kafka_offsets_text(ctx->arena, &k->latest), "endOffset",
                         weir_kafka_offsets_text(ctx->arena, end));
    WEIR_TRY(ask(ctx, k, ask_latest, &q));
    if (added(ctx, &now, end).n)
        return weir_fail(ctx, WEIR_E_KAFKA_LOST_AVAILABLE_NOW, "tpsForLatestOffset",
                         set_of(ctx, &now), "tpsForEndOffset", set_of(ctx, end));
    if (behind(&now, end))
        return weir_fail(ctx, WEIR_E_KAFKA_GREATER_THAN_LATEST, "latestOffset",
                         weir_kafka_offsets_text(ctx->arena, &now), "endOffset",
                         weir_kafka_offsets_text(ctx->arena, end));
    return WEIR_OK;
}

static void add_range(weir_ctx *ctx, weir_splits *out, const weir_kafka_offset *from,
                      const weir_kafka_offset *until) {
    if (until->offset > from->offset)
        weir_splits_add(ctx->arena, out,
                        (weir_split){.uri = until->topic,
                                     .start = until->partition,
                                     .lo = from->offset,
                                     .hi = until->offset});
}

static weir_rc stream_ranges(weir_ctx *ctx, kafka_source *k, const char *from, const char *to,
                             weir_splits *out) {
    weir_kafka_offsets start = {0}, end = {0}, fresh;
    WEIR_TRY(from ? kafka_parse(ctx, from, &start) : kafka_initial(ctx, k, &start));
    WEIR_TRY(kafka_parse(ctx, to, &end));
    WEIR_TRY(check_frozen(ctx, k, &end));
    k->planned = weir_kafka_offsets_copy(k->mem, &end);
    fresh = added(ctx, &start, &end);
    WEIR_TRY(note_new_partitions(ctx, k, &fresh));
    WEIR_TRY(note_lost_partitions(ctx, k, &start, &end));
    for (int64_t i = 0; i < end.n; i++) {
        const weir_kafka_offset *until = &end.v[i], *at = first_of(&start, &fresh, until);
        if (!at) continue;
        if (until->offset < at->offset)
            WEIR_TRY(kafka_loss(ctx, k, WEIR_E_KAFKA_LOSS_CHANGED, "topicPartition",
                                kafka_name(ctx, until->topic, until->partition), "prevOffset",
                                number(ctx, at->offset), "newOffset", number(ctx, until->offset),
                                NULL, NULL));
        add_range(ctx, out, at, until);
    }
    return WEIR_OK;
}

static weir_rc batch_ranges(weir_ctx *ctx, kafka_source *k, weir_splits *out) {
    weir_kafka_offsets start = {0}, end = {0};
    WEIR_TRY(kafka_warn(ctx, k));
    WEIR_TRY(place(ctx, k, &k->spec.start, true, &start));
    WEIR_TRY(place(ctx, k, &k->spec.end, false, &end));
    for (int64_t i = 0; i < end.n; i++) {
        const weir_kafka_offset *until = &end.v[i],
                                *at = weir_kafka_offsets_find(&start, until->topic,
                                                              until->partition);
        if (!at) continue; /* added between the two questions */
        if (at->offset > until->offset)
            return weir_fail(ctx, WEIR_E_KAFKA_RESOLVED_START_GREATER, "startOffset",
                             number(ctx, at->offset), "endOffset", number(ctx, until->offset),
                             "topic", until->topic, "partition", number(ctx, until->partition));
        add_range(ctx, out, at, until);
    }
    return WEIR_OK;
}

weir_rc kafka_ranges(weir_ctx *ctx, kafka_source *k, const char *from, const char *to,
                     weir_splits *out) {
    return to ? stream_ranges(ctx, k, from, to, out) : batch_ranges(ctx, k, out);
}
