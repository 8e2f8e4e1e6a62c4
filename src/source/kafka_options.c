/* Options of the Kafka source, checked in Spark's order and words. See kafka.h. */
#include "source/kafka.h"

#include "base/log.h"

#include <errno.h>
#include <stdlib.h>
#include <strings.h>

static weir_rc illegal(weir_ctx *ctx, const char *message) {
    return weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message", message);
}

/* String.toLong of a whole text */
static weir_rc to_long(weir_ctx *ctx, const char *v, int64_t *out) {
    char *end;
    errno = 0;
    *out = strtoll(v, &end, 10);
    if (end != v && !*end && !errno && (unsigned char)*v > ' ') return WEIR_OK;
    return weir_fail(ctx, WEIR_E_NUMBER_FORMAT, "message",
                     weir_printf(ctx->arena, "For input string: \"%s\"", v));
}

static weir_rc long_option(weir_ctx *ctx, const weir_options *o, const char *key, int64_t dflt,
                           int64_t *out) {
    const char *v = weir_option_get(o, key);
    *out = dflt;
    return v ? to_long(ctx, v, out) : WEIR_OK;
}

static weir_rc bool_option(weir_ctx *ctx, const weir_options *o, const char *key, bool dflt,
                           bool *out) {
    const char *v = weir_option_get(o, key);
    *out = v ? strcasecmp(v, "true") == 0 : dflt;
    if (!v || *out || strcasecmp(v, "false") == 0) return WEIR_OK;
    return illegal(ctx, weir_printf(ctx->arena, "For input string: \"%s\"", v));
}

static const char *trimmed(weir_arena *a, const char *s) {
    size_t n;
    while (*s && (unsigned char)*s <= ' ') s++;
    for (n = strlen(s); n && (unsigned char)s[n - 1] <= ' '; n--) {}
    return weir_strndup(a, s, n);
}

/* ---- which partitions ---- */

static weir_rc take_topics(weir_ctx *ctx, const char *value, kafka_spec *s) {
    int most = 1;
    weir_str said; /* as they were written, twice or not */
    weir_str_init(&said, ctx->arena, 1 << 20);
    weir_str_puts(&said, "");
    for (const char *p = value; *p; p++) most += *p == ',';
    s->topic = WEIR_NEWN(ctx->arena, const char *, most);
    for (const char *p = value;; p++) {
        size_t n = strcspn(p, ",");
        const char *name = trimmed(ctx->arena, weir_strndup(ctx->arena, p, n));
        bool seen = !*name;
        if (*name) weir_str_printf(&said, "%s%s", said.len ? ", " : "", name);
        for (int i = 0; i < s->ntopic; i++) seen |= strcmp(s->topic[i], name) == 0;
        if (!seen) s->topic[s->ntopic++] = name;
        p += n;
        if (!*p) break;
    }
    s->said = weir_printf(ctx->arena, "Subscribe[%s]", said.p);
    if (s->ntopic) return WEIR_OK;
    return illegal(ctx, weir_printf(ctx->arena,
                                    "No topics to subscribe to as specified value for option "
                                    "'subscribe' is '%s'",
                                    value));
}

static void free_regex(void *p) { pcre2_code_free(p); }

static weir_rc take_pattern(weir_ctx *ctx, const char *value, kafka_spec *s) {
    int err;
    PCRE2_SIZE at;
    s->pattern = trimmed(ctx->arena, value);
    s->said = weir_printf(ctx->arena, "SubscribePattern[%s]", s->pattern);
    if (!*s->pattern)
        return illegal(ctx, weir_printf(ctx->arena,
                                        "Pattern to subscribe is empty as specified value for "
                                        "option 'subscribePattern' is '%s'",
                                        value));
    s->regex = pcre2_compile((PCRE2_SPTR)s->pattern, PCRE2_ZERO_TERMINATED, PCRE2_UTF, &err, &at,
                             NULL);
    if (!s->regex) {
        PCRE2_UCHAR text[200] = "";
        pcre2_get_error_message(err, text, sizeof text);
        return illegal(ctx, weir_printf(ctx->arena, "%s near index %zu\n%s", (char *)text,
                                        (size_t)at, s->pattern));
    }
    weir_arena_defer(ctx->arena, free_regex, s->regex);
    return WEIR_OK;
}

static weir_rc take_assignment(weir_ctx *ctx, const char *value, kafka_spec *s) {
    if (*trimmed(ctx->arena, value) != '{')
        return illegal(ctx, weir_printf(ctx->arena,
                                        "No topicpartitions to assign as specified value for "
                                        "option 'assign' is '%s'",
                                        value));
    if (!weir_kafka_partitions_parse(ctx->arena, value, strlen(value), &s->assigned))
        return illegal(ctx, weir_printf(ctx->arena,
                                        "Expected e.g. {\"topicA\":[0,1],\"topicB\":[0,1]}, got %s",
                                        value));
    s->said = weir_printf(ctx->arena, "Assign[%s]",
                          weir_kafka_offsets_names(ctx->arena, &s->assigned));
    weir_kafka_offsets_sort(&s->assigned);
    s->topic = WEIR_NEWN(ctx->arena, const char *, s->assigned.n + 1);
    for (int64_t i = 0; i < s->assigned.n; i++)
        if (!s->ntopic || strcmp(s->topic[s->ntopic - 1], s->assigned.v[i].topic) != 0)
            s->topic[s->ntopic++] = s->assigned.v[i].topic;
    return WEIR_OK;
}

static weir_rc take_strategy(weir_ctx *ctx, const weir_options *o, kafka_spec *s) {
    static const char *const names[] = {"subscribe", "subscribePattern", "assign"};
    const char *value[3], *one = NULL;
    int n = 0;
    for (int i = 0; i < 3; i++) {
        value[i] = weir_option_get(o, names[i]);
        if (!value[i]) continue;
        one = value[i];
        s->strategy = (kafka_strategy)i;
        n++;
    }
    if (n != 1)
        return illegal(ctx, weir_printf(ctx->arena,
                                        "%s of the following options %s be specified for Kafka "
                                        "source: subscribe, subscribepattern, assign. See the docs "
                                        "for more details.",
                                        n ? "Only one" : "One", n ? "can" : "must"));
    return s->strategy == KAFKA_SUBSCRIBE ? take_topics(ctx, one, s)
           : s->strategy == KAFKA_PATTERN ? take_pattern(ctx, one, s)
                                          : take_assignment(ctx, one, s);
}

/* ---- where to start and to end ---- */

static weir_rc take_when_none(weir_ctx *ctx, const weir_options *o, bool *latest) {
    const char *v = weir_option_get(o, "startingOffsetsByTimestampStrategy");
    *latest = v && strcasecmp(v, "latest") == 0;
    if (!v || *latest || strcasecmp(v, "error") == 0) return WEIR_OK;
    char *up = weir_strdup(ctx->arena, v);
    for (char *p = up; *p; p++)
        if (*p >= 'a' && *p <= 'z') *p = (char)(*p - 32);
    return illegal(ctx, weir_printf(ctx->arena, "No value found for '%s'", up));
}

static weir_rc take_times(weir_ctx *ctx, const char *json, kafka_place *out) {
    out->kind = KAFKA_AT_TIMES;
    if (weir_kafka_offsets_parse(ctx->arena, json, strlen(json), &out->at)) return WEIR_OK;
    return illegal(ctx, weir_printf(ctx->arena,
                                    "Expected e.g. {\"topicA\": {\"0\": 123456789, \"1\": "
                                    "123456789},\n\"topicB\": {\"0\": 123456789, \"1\": "
                                    "123456789}}, got %s",
                                    json));
}

/* SPARK getKafkaOffsetRangeLimit: one timestamp, else timestamps, else offsets. */
static weir_rc take_place(weir_ctx *ctx, const weir_options *o, const char *which,
                          kafka_place_kind dflt, kafka_place *out) {
    const char *one = weir_option_get(o, weir_printf(ctx->arena, "%sTimestamp", which)),
               *times = weir_option_get(o, weir_printf(ctx->arena, "%sOffsetsByTimestamp", which)),
               *offsets = weir_option_get(o, weir_printf(ctx->arena, "%sOffsets", which));
    *out = (kafka_place){.kind = dflt};
    WEIR_TRY(take_when_none(ctx, o, &out->or_latest));
    if (one) {
        char *end;
        one = trimmed(ctx->arena, one);
        out->kind = KAFKA_AT_TIME;
        out->time_ms = strtoll(one, &end, 10);
        if (end != one && !*end) return WEIR_OK;
        return illegal(ctx,
                       weir_printf(ctx->arena, "Expected a single long value, got %s", one));
    }
    if (times) return take_times(ctx, trimmed(ctx->arena, times), out);
    if (!offsets) return WEIR_OK;
    offsets = trimmed(ctx->arena, offsets);
    if (strcasecmp(offsets, "latest") == 0) return out->kind = KAFKA_AT_LATEST, WEIR_OK;
    if (strcasecmp(offsets, "earliest") == 0) return out->kind = KAFKA_AT_EARLIEST, WEIR_OK;
    out->kind = KAFKA_AT_OFFSETS;
    if (weir_kafka_offsets_parse(ctx->arena, offsets, strlen(offsets), &out->at)) return WEIR_OK;
    return illegal(ctx, weir_printf(ctx->arena,
                                    "Expected e.g. {\"topicA\":{\"0\":23,\"1\":-1},\"topicB\":"
                                    "{\"0\":-2}}, got %s",
                                    offsets));
}

static weir_rc no_offset_like(weir_ctx *ctx, const kafka_place *p, int64_t what, const char *before,
                              const char *after) {
    for (int64_t i = 0; p->kind == KAFKA_AT_OFFSETS && i < p->at.n; i++)
        if (p->at.v[i].offset == what)
            return illegal(
                ctx, weir_printf(ctx->arena, "%s %s %s", before,
                                 kafka_name(ctx, p->at.v[i].topic, p->at.v[i].partition), after));
    return WEIR_OK;
}

static const char *names_of(weir_ctx *ctx, const weir_kafka_offsets *o) {
    return weir_printf(ctx->arena, "Set(%s)", weir_kafka_offsets_names(ctx->arena, o));
}

/* SPARK checkOffsetLimitValidity */
static weir_rc check_ends(weir_ctx *ctx, const kafka_place *a, const kafka_place *b) {
    if (a->kind != b->kind || (a->kind != KAFKA_AT_OFFSETS && a->kind != KAFKA_AT_TIMES))
        return WEIR_OK;
    bool same = a->at.n == b->at.n;
    for (int64_t i = 0; same && i < a->at.n; i++)
        same = weir_kafka_offsets_find(&b->at, a->at.v[i].topic, a->at.v[i].partition) != NULL;
    if (!same)
        return weir_fail(ctx, WEIR_E_KAFKA_MISMATCHED_ENDS, "tpsForStartOffset",
                         names_of(ctx, &a->at), "tpsForEndOffset", names_of(ctx, &b->at));
    for (int64_t i = 0; i < a->at.n; i++) {
        const weir_kafka_offset *x = &a->at.v[i], *y = &b->at.v[i];
        if (x->offset <= y->offset || x->offset < 0 || y->offset < 0) continue;
        return weir_fail(ctx, WEIR_E_KAFKA_START_GREATER, "offsetType",
                         a->kind == KAFKA_AT_OFFSETS ? "offset" : "timestamp", "startOffset",
                         weir_printf(ctx->arena, "%lld", (long long)x->offset), "endOffset",
                         weir_printf(ctx->arena, "%lld", (long long)y->offset), "topic", x->topic,
                         "partition", weir_printf(ctx->arena, "%d", x->partition));
    }
    return WEIR_OK;
}

static weir_rc take_places(weir_ctx *ctx, const weir_options *o, bool streaming, kafka_spec *s) {
    if (streaming) {
        if (weir_option_get(o, "endingOffsets"))
            return illegal(ctx, "ending offset not valid in streaming queries");
        if (weir_option_get(o, "endingOffsetsByTimestamp"))
            return illegal(ctx, "ending timestamp not valid in streaming queries");
        return take_place(ctx, o, "starting", KAFKA_AT_LATEST, &s->start);
    }
    WEIR_TRY(take_place(ctx, o, "starting", KAFKA_AT_EARLIEST, &s->start));
    if (s->start.kind == KAFKA_AT_LATEST)
        return illegal(ctx, "starting offset can't be latest for batch queries on Kafka");
    WEIR_TRY(no_offset_like(ctx, &s->start, WEIR_KAFKA_LATEST, "startingOffsets for",
                            "can't be latest for batch queries on Kafka"));
    WEIR_TRY(take_place(ctx, o, "ending", KAFKA_AT_LATEST, &s->end));
    if (s->end.kind == KAFKA_AT_EARLIEST)
        return illegal(ctx, "ending offset can't be earliest for batch queries on Kafka");
    WEIR_TRY(no_offset_like(ctx, &s->end, WEIR_KAFKA_EARLIEST, "ending offset for",
                            "can't be earliest for batch queries on Kafka"));
    s->end.or_latest = true; /* SPARK: the strategy is for starting only */
    return check_ends(ctx, &s->start, &s->end);
}

/* ---- the rest ---- */

static weir_rc take_limits(weir_ctx *ctx, const weir_options *o, kafka_spec *s) {
    const char *delay = weir_option_get(o, "maxTriggerDelay");
    WEIR_TRY(long_option(ctx, o, "minPartitions", 1, &s->min_partitions));
    if (s->min_partitions <= 0) return illegal(ctx, "minPartitions must be positive");
    WEIR_TRY(long_option(ctx, o, "maxRecordsPerPartition", INT64_MAX, &s->max_records));
    if (s->max_records <= 0) return illegal(ctx, "maxrecordsperpartition must be positive");
    WEIR_TRY(long_option(ctx, o, "maxOffsetsPerTrigger", -1, &s->max_offsets));
    WEIR_TRY(long_option(ctx, o, "minOffsetsPerTrigger", -1, &s->min_offsets));
    s->max_delay_ms = 15 * 60 * 1000;
    if (delay && !weir_parse_ms(delay, &s->max_delay_ms))
        return weir_fail(ctx, WEIR_E_NUMBER_FORMAT, "message",
                         weir_printf(ctx->arena,
                                     "Time must be specified as seconds (s), milliseconds (ms), "
                                     "microseconds (us), minutes (m or min), hour (h), or day (d). "
                                     "E.g. 50s, 100ms, or 250us.\nFailed to parse time string: %s",
                                     delay));
    return WEIR_OK;
}

static weir_rc check_limits(weir_ctx *ctx, const weir_options *o, const kafka_spec *s) {
    if (!weir_option_get(o, "minOffsetsPerTrigger") ||
        !weir_option_get(o, "maxOffsetsPerTrigger") || s->min_offsets <= s->max_offsets)
        return WEIR_OK;
    return illegal(ctx, weir_printf(ctx->arena,
                                    "The value of minOffsetPerTrigger(%lld) is higher than the "
                                    "maxOffsetsPerTrigger(%lld).",
                                    (long long)s->min_offsets, (long long)s->max_offsets));
}

weir_rc kafka_read_options(weir_ctx *ctx, weir_scan *scan, kafka_spec *s) {
    const weir_options *o = &scan->options;
    *s = (kafka_spec){0};
    WEIR_TRY(take_places(ctx, o, scan->streaming, s));
    WEIR_TRY(take_strategy(ctx, o, s));
    WEIR_TRY(take_limits(ctx, o, s));
    WEIR_TRY(weir_kafka_settings_read(ctx, o, WEIR_KAFKA_CONSUMER, false, &s->settings));
    WEIR_TRY(check_limits(ctx, o, s));
    WEIR_TRY(bool_option(ctx, o, "failOnDataLoss", true, &s->fail_on_loss));
    WEIR_TRY(bool_option(ctx, o, "includeHeaders", false, &s->headers));
    WEIR_TRY(long_option(ctx, o, "fetchOffset.numRetries", 3, &s->attempts));
    WEIR_TRY(long_option(ctx, o, "fetchOffset.retryIntervalMs", 1000, &s->retry_ms));
    WEIR_TRY(long_option(ctx, o, "kafkaConsumer.pollTimeoutMs", 120000, &s->poll_ms));
    if (s->attempts < 1) s->attempts = 1;
    return WEIR_OK;
}

weir_rc kafka_warn(weir_ctx *ctx, kafka_source *k) {
    static const char *const streams_only[] = {"maxOffsetsPerTrigger", "minOffsetsPerTrigger",
                                               "maxTriggerDelay"};
    const weir_options *o = &k->scan->options;
    weir_kafka_settings again;
    if (k->warned) return WEIR_OK;
    k->warned = true;
    for (size_t i = 0; !k->scan->streaming && i < sizeof streams_only / sizeof *streams_only; i++)
        if (weir_option_get(o, streams_only[i]))
            weir_log(WEIR_LOG_WARN, "kafka: the option %s is ignored in batch queries",
                     streams_only[i]);
    return weir_kafka_settings_read(ctx, o, WEIR_KAFKA_CONSUMER, true, &again);
}
