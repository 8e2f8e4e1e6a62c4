/* The Kafka source, for streams and batches. See kafka.h for its parts, kafka/ for the client.
 *
 * Offsets are the next ones to read, {"topic":{"0":23}}; sources/<i>/0 holds where the query began.
 * One client asks for offsets, another fetches: a broker answers the requests of a connection in
 * order, and a fetch that waits for messages would hold up the questions. */
#include "source/kafka.h"

static void close_clients(kafka_source *k) {
    kafka_feed_close(k->feed);
    weir_kafka_close(k->ask);
    k->feed = NULL;
    k->ask = NULL;
}

static void kafka_free(void *p) {
    kafka_source *k = p;
    close_clients(k);
    weir_arena_free(k->mem);
}

/* SPARK KafkaRecordToRowConverter.kafkaSchema */
static weir_schema *kafka_schema(weir_arena *a, bool headers) {
    weir_field entry[] = {{"key", &weir_t_string, true, NULL},
                          {"value", &weir_t_binary, true, NULL}};
    weir_field f[] = {{"key", &weir_t_binary, true, NULL},
                      {"value", &weir_t_binary, true, NULL},
                      {"topic", &weir_t_string, true, NULL},
                      {"partition", &weir_t_int, true, NULL},
                      {"offset", &weir_t_long, true, NULL},
                      {"timestamp", &weir_t_timestamp, true, NULL},
                      {"timestampType", &weir_t_int, true, NULL},
                      {"headers", NULL, true, NULL}};
    if (!headers) return weir_type_struct(a, f, 7);
    f[7].type = weir_type_array(a, weir_type_struct(a, entry, 2), true);
    return weir_type_struct(a, f, 8);
}

static weir_rc kafka_open(weir_ctx *ctx, weir_scan *s) {
    kafka_source *k = WEIR_NEW(ctx->arena, kafka_source);
    const char *prefix = weir_option_get(&s->options, "groupIdPrefix");
    char id[37];
    if (s->user_schema && s->streaming)
        return weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                         "requirement failed: Kafka source has a fixed schema and cannot be set "
                         "with a custom one");
    if (s->user_schema)
        return weir_fail(ctx, WEIR_E_UNSUPPORTED_OPERATION_LEGACY, "message",
                         "KafkaSourceProvider source does not support user-specified schema.");
    k->scan = s;
    s->impl = k;
    WEIR_TRY(kafka_read_options(ctx, s, &k->spec));
    weir_uuid(ctx->env, id);
    if (k->spec.settings.group_id)
        snprintf(k->group, sizeof k->group, "%s", k->spec.settings.group_id);
    else
        snprintf(k->group, sizeof k->group, "%s-%s-executor",
                 prefix         ? prefix
                 : s->streaming ? "spark-kafka-source"
                                : "spark-kafka-relation",
                 id);
    k->mem = weir_arena_new(NULL);
    weir_arena_defer(ctx->arena, kafka_free, k);
    s->schema = kafka_schema(ctx->arena, k->spec.headers);
    return WEIR_OK;
}

static weir_rc latest(weir_ctx *ctx, weir_scan *s, const char *from, const weir_limit *limit,
                      const char **to) {
    return kafka_latest(ctx, s->impl, from, limit, to);
}

static weir_rc split(weir_ctx *ctx, weir_scan *s, const char *from, const char *to,
                     weir_splits *out) {
    return kafka_ranges(ctx, s->impl, from, to, out);
}

static weir_rc read(weir_ctx *ctx, weir_scan *s, const weir_split *sp, int64_t n,
                    const bool *columns, weir_reader **out) {
    return kafka_read(ctx, s->impl, sp, n, columns, out);
}

static const char *description(weir_ctx *ctx, weir_scan *s) {
    const kafka_source *k = s->impl;
    return weir_printf(ctx->arena, "KafkaV2[%s]", k->spec.said);
}

static weir_rc latest_known(weir_ctx *ctx, weir_scan *s, const char **json) {
    const kafka_source *k = s->impl;
    *json = k->latest.n ? weir_kafka_offsets_text(ctx->arena, &k->latest) : NULL;
    return WEIR_OK;
}

static void text_entry(weir_jw *w, const char *key, const char *value) {
    weir_jw_key(w, key);
    weir_jw_str(w, value);
}

static void metrics(weir_ctx *ctx, weir_scan *s, weir_jw *w) {
    const kafka_source *k = s->impl;
    int64_t least = INT64_MAX, most = INT64_MIN, sum = 0, n = 0;
    char mean[32];
    for (int64_t i = 0; i < k->latest.n; i++) {
        const weir_kafka_offset *o = &k->latest.v[i],
                                *at =
                                    weir_kafka_offsets_find(&k->planned, o->topic, o->partition);
        int64_t behind = o->offset - (at ? at->offset : 0);
        least = behind < least ? behind : least;
        most = behind > most ? behind : most;
        sum += behind;
        n++;
    }
    if (n && k->planned.n) {
        mean[weir_double_text((double)sum / (double)n, mean)] = 0;
        text_entry(w, "avgOffsetsBehindLatest", mean);
        text_entry(w, "maxOffsetsBehindLatest",
                   weir_printf(ctx->arena, "%lld", (long long)most));
        text_entry(w, "minOffsetsBehindLatest",
                   weir_printf(ctx->arena, "%lld", (long long)least));
    }
    if (k->lost)
        text_entry(w, "dataLoss", weir_printf(ctx->arena, "%lld", (long long)k->lost));
}

static weir_rc wait(weir_ctx *ctx, weir_scan *s, int64_t timeout_ms) {
    kafka_source *k = s->impl;
    return kafka_wait(ctx, k, &k->planned, timeout_ms);
}

static void stop(weir_scan *s) {
    if (s->impl) close_clients(s->impl);
}

const weir_source_ops weir_kafka_source = {.format = "kafka",
                                           .options = "kafka",
                                           .batch = true,
                                           .streaming = true,
                                           .open = kafka_open,
                                           .latest = latest,
                                           .split = split,
                                           .read = read,
                                           .description = description,
                                           .latest_known = latest_known,
                                           .metrics = metrics,
                                           .wait = wait,
                                           .stop = stop};
