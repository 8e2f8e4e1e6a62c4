/* The kafka sink: rows become messages of an idempotent producer. SPARK KafkaWriter,
 * KafkaWriteTask. At least once: a batch is committed only after every message of it was
 * acknowledged, and is sent again after a crash before that. Used by one thread at a time, that of
 * the query or of the write; librdkafka's threads do the sending. The producer's queue is bounded
 * (kafka.buffer.memory): when it is full the rows wait. */
#include "kafka/client.h"
#include "kafka/lookup.h"
#include "sink/sinks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* serve the callbacks every so many rows; how long one wait lasts before the world is looked at */
enum { SERVE_ROWS = 512, WAIT_MS = 100, DEFAULT_MAX_REQUEST = 1048576 };

typedef struct topic {
    char *name;
    rd_kafka_topic_t *handle;
    int32_t partitions;
} topic;

typedef struct kafka_sink {
    weir_writer writer;
    weir_sink *sink;
    const char *option_topic; /* wins over the column; or NULL */
    int topic_col, key_col, value_col, headers_col, partition_col; /* -1: not there */
    weir_kafka_settings settings;
    bool checked, has_settings;
    int64_t max_request_bytes;
    weir_kafka *client; /* opened with the first row */
    topic *topic;       /* open addressing, ntopic of ctopic used */
    int ntopic, ctopic;
    topic *last;
    weir_arena *topic_mem;
    int64_t rows;
    /* the first message that was not delivered */
    rd_kafka_resp_err_t failed;
    char failed_what[512];
} kafka_sink;

/* ---- columns: SPARK KafkaWriter.validateQuery ---- */

static weir_rc refuse(weir_ctx *ctx, const char *text) {
    return weir_fail(ctx, WEIR_E_KAFKA_WRITER_SCHEMA, "message", text);
}

static bool is_headers(const weir_type *t) {
    if (t->kind != WEIR_T_ARRAY || t->field[0].type->kind != WEIR_T_STRUCT) return false;
    const weir_type *s = t->field[0].type;
    return s->nfield == 2 && strcasecmp(s->field[0].name, "key") == 0 &&
           strcasecmp(s->field[1].name, "value") == 0 && s->field[0].type->kind == WEIR_T_STRING &&
           s->field[1].type->kind == WEIR_T_BINARY;
}

typedef struct attribute {
    const char *name, *types; /* types: as Spark names them */
    const char *missing;      /* what to say when it is not there; NULL: may be missing */
} attribute;

static bool type_fits(const attribute *a, const weir_type *t) {
    switch (*a->name) {
    case 't': return t->kind == WEIR_T_STRING;
    case 'h': return is_headers(t);
    case 'p': return t->kind == WEIR_T_INT;
    default: return t->kind == WEIR_T_STRING || t->kind == WEIR_T_BINARY;
    }
}

static weir_rc find_column(weir_ctx *ctx, weir_schema *rows, const attribute *a, int *out) {
    *out = -1;
    for (int i = 0; i < rows->nfield && *out < 0; i++)
        if (strcmp(rows->field[i].name, a->name) == 0) *out = i;
    if (*out < 0) return a->missing ? refuse(ctx, a->missing) : WEIR_OK;
    const weir_type *t = rows->field[*out].type;
    if (type_fits(a, t)) return WEIR_OK;
    return refuse(ctx,
                  weir_printf(ctx->arena, "%s attribute unsupported type %s. %s must be a(n) %s",
                              a->name, weir_type_name(ctx->arena, t), a->name, a->types));
}

static weir_rc find_columns(weir_ctx *ctx, kafka_sink *k) {
    static const attribute topic = {"topic", "string",
                                    "topic option required when no 'topic' attribute is present. "
                                    "Use the topic option for setting a topic."},
                           key = {"key", "string or binary", NULL},
                           value = {"value", "string or binary",
                                    "Required attribute 'value' not found"},
                           headers = {"headers", "array<struct<key:string,value:binary>>", NULL},
                           partition = {"partition", "int", NULL};
    weir_schema *rows = k->sink->info.schema;
    k->topic_col = -1;
    if (!k->option_topic) WEIR_TRY(find_column(ctx, rows, &topic, &k->topic_col));
    WEIR_TRY(find_column(ctx, rows, &key, &k->key_col));
    WEIR_TRY(find_column(ctx, rows, &value, &k->value_col));
    WEIR_TRY(find_column(ctx, rows, &headers, &k->headers_col));
    return find_column(ctx, rows, &partition, &k->partition_col);
}

/* ---- options ---- */

static const char *trimmed(weir_arena *a, const char *s) {
    if (!s) return NULL;
    while (*s && (unsigned char)*s <= ' ') s++;
    size_t n = strlen(s);
    while (n && (unsigned char)s[n - 1] <= ' ') n--;
    return weir_strndup(a, s, n);
}

static void set_default(weir_kafka_settings *s, const char *name, const char *value) {
    if (!weir_kafka_get(s, name)) weir_kafka_set(s, name, value);
}

/* What Java's producer does by itself; the mapping of the options is kafka/settings.c's. */
static void producer_defaults(kafka_sink *k) {
    weir_kafka_settings *s = &k->settings;
    char block[32];
    const char *max = weir_kafka_get(s, "message.max.bytes");
    k->max_request_bytes = max ? strtoll(max, NULL, 10) : DEFAULT_MAX_REQUEST;
    set_default(s, "message.max.bytes", "1048576");
    set_default(s, "queue.buffering.max.kbytes", "32768");
    set_default(s, "delivery.timeout.ms", "120000");
    snprintf(block, sizeof block, "%lld", (long long)s->max_block_ms);
    weir_kafka_set(s, "topic.metadata.propagation.max.ms", block);
    weir_kafka_set(s, "delivery.report.only.error", "true");
}

static weir_rc check_options(weir_ctx *ctx, kafka_sink *k) {
    weir_ctx own = *ctx;
    own.arena = k->sink->mem;
    k->option_topic = trimmed(own.arena, weir_option_get(&k->sink->info.options, "topic"));
    /* SPARK: servers are missed when there is something to send, not before */
    k->has_settings = weir_kafka_option(ctx, &k->sink->info.options, "bootstrap.servers") != NULL;
    if (!k->has_settings) return WEIR_OK;
    WEIR_TRY(weir_kafka_settings_read(&own, &k->sink->info.options, WEIR_KAFKA_PRODUCER, true,
                                      &k->settings));
    producer_defaults(k);
    return WEIR_OK;
}

static weir_rc kafka_open(weir_ctx *ctx, weir_sink *s) {
    static const char *const names[] = {"ErrorIfExists", "Append",    "Overwrite", "Ignore",
                                        "ErrorIfExists", "Overwrite", "Overwrite", "Overwrite"};
    kafka_sink *k = WEIR_NEW(s->mem, kafka_sink);
    weir_save_mode m = s->info.save_mode;
    s->impl = k;
    k->sink = s;
    if (s->info.query_id) return WEIR_OK;
    /* SPARK: a table of this format would have to be overwritten */
    if (s->info.table_name || (m != WEIR_SAVE_ERROR && m != WEIR_SAVE_APPEND))
        return weir_fail(ctx, WEIR_E_KAFKA_SAVE_MODE, "mode",
                         s->info.table_name ? "Overwrite" : names[m]);
    return WEIR_OK;
}

/* ---- the producer ---- */

static void note_delivery(rd_kafka_t *rk, const rd_kafka_message_t *m, void *u) {
    kafka_sink *k = u;
    (void)rk;
    if (!m->err || k->failed) return;
    k->failed = m->err;
    int n = snprintf(k->failed_what, sizeof k->failed_what, "writing to the topic %s, partition ",
                     rd_kafka_topic_name(m->rkt));
    char *at = k->failed_what + n;
    size_t room = n < (int)sizeof k->failed_what ? sizeof k->failed_what - (size_t)n : 0;
    int32_t broker = rd_kafka_message_broker_id(m);
    if (m->partition < 0)
        snprintf(at, room, "not chosen yet");
    else if (broker < 0)
        snprintf(at, room, "%d", m->partition);
    else
        snprintf(at, room, "%d, by broker %d", m->partition, broker);
}

static void forget_topics(kafka_sink *k) {
    for (int i = 0; i < k->ctopic; i++)
        if (k->topic[i].handle) rd_kafka_topic_destroy(k->topic[i].handle);
    k->topic = k->last = NULL;
    k->ntopic = k->ctopic = 0;
    weir_arena_free(k->topic_mem);
    k->topic_mem = NULL;
}

static void drop_producer(kafka_sink *k) {
    if (!k->client) return;
    forget_topics(k);
    /* what waits to be sent is of a batch that failed */
    rd_kafka_purge(weir_kafka_handle(k->client),
                   RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    weir_kafka_close(k->client);
    k->client = NULL;
}

static weir_rc need_producer(weir_ctx *ctx, kafka_sink *k) {
    if (k->client) return WEIR_OK;
    if (!k->has_settings)
        return weir_fail(
            ctx, WEIR_E_SPARK_LEGACY, "message",
            "Kafka option bootstrap.servers is not set. Please make sure it is set and "
            "retry.");
    k->failed = RD_KAFKA_RESP_ERR_NO_ERROR;
    WEIR_TRY(weir_kafka_open(ctx, &k->settings, note_delivery, k, &k->client));
    k->topic_mem = weir_arena_new(NULL);
    return WEIR_OK;
}

/* Fails when a message was not delivered, or the connection will not come good. */
static weir_rc check_delivery(weir_ctx *ctx, kafka_sink *k) {
    if (k->failed) return weir_kafka_fail(ctx, k->client, k->failed_what, k->failed);
    rd_kafka_resp_err_t code = weir_kafka_trouble_code(k->client);
    if (weir_kafka_hopeless(code))
        return weir_kafka_fail(
            ctx, k->client,
            k->last ? weir_printf(ctx->arena, "writing to the topic %s", k->last->name) : "writing",
            code);
    return weir_check_cancel(ctx);
}

/* ---- topics ---- */

static topic *topic_slot(const kafka_sink *k, const char *name, size_t len) {
    uint64_t h = 14695981039346656037u;
    for (size_t i = 0; i < len; i++) h = (h ^ (unsigned char)name[i]) * 1099511628211u;
    for (int i = (int)(h & (uint64_t)(k->ctopic - 1));; i = (i + 1) & (k->ctopic - 1)) {
        topic *t = &k->topic[i];
        if (!t->name || (strlen(t->name) == len && memcmp(t->name, name, len) == 0)) return t;
    }
}

static void grow_topics(kafka_sink *k) {
    topic *old = k->topic;
    int n = k->ctopic;
    k->ctopic = n ? n * 2 : 16;
    k->topic = WEIR_NEWN(k->topic_mem, topic, k->ctopic);
    for (int i = 0; i < n; i++)
        if (old[i].name) *topic_slot(k, old[i].name, strlen(old[i].name)) = old[i];
    k->last = NULL;
}

/* SPARK (KafkaProducer.waitOnMetadata): the topic, and the partition if one is asked for, must be
 * known within max.block.ms. */
static weir_rc wait_for_topic(weir_ctx *ctx, kafka_sink *k, const char *name, int32_t partition,
                              int32_t *partitions) {
    int64_t end = weir_monotonic_us(ctx->env) + k->settings.max_block_ms * 1000;
    for (;;) {
        weir_kafka_offsets list = {0};
        const char *missing = NULL;
        WEIR_TRY(weir_kafka_partitions(ctx, k->client, k->settings.max_block_ms, &name, 1, &list,
                                       &missing));
        *partitions = missing ? 0 : (int32_t)list.n;
        if (*partitions > partition) return WEIR_OK;
        if (weir_monotonic_us(ctx->env) > end) break;
        WEIR_TRY(check_delivery(ctx, k));
        weir_kafka_waits(ctx, k->client,
                         weir_printf(ctx->arena, "Kafka does not know the topic %s yet", name));
        weir_kafka_serve(k->client, WAIT_MS);
    }
    return weir_fail(
        ctx, WEIR_E_KAFKA_CLIENT, "doing", weir_printf(ctx->arena, "writing to the topic %s", name),
        "servers", k->settings.servers, "error",
        *partitions ? weir_printf(ctx->arena,
                                  "Partition %d of topic %s with partition count %d is not present "
                                  "in metadata after %lld ms",
                                  partition, name, *partitions, (long long)k->settings.max_block_ms)
                    : weir_printf(ctx->arena, "Topic %s not present in metadata after %lld ms",
                                  name, (long long)k->settings.max_block_ms),
        "reason",
        *partitions ? " Check the column partition, or add partitions to the topic."
                    : " This server does not host this topic. Check its name, or create it.");
}

static weir_rc find_topic(weir_ctx *ctx, kafka_sink *k, const char *name, size_t len) {
    topic *t = k->last;
    if (t && strlen(t->name) == len && memcmp(t->name, name, len) == 0) return WEIR_OK;
    if (k->ntopic * 2 >= k->ctopic) grow_topics(k);
    t = topic_slot(k, name, len);
    if (!t->name) {
        char *copy = weir_strndup(k->topic_mem, name, len);
        int32_t partitions = 0;
        WEIR_TRY(wait_for_topic(ctx, k, copy, 0, &partitions));
        rd_kafka_topic_t *handle = rd_kafka_topic_new(weir_kafka_handle(k->client), copy, NULL);
        if (!handle)
            return weir_kafka_fail(ctx, k->client,
                                   weir_printf(ctx->arena, "writing to the topic %s", copy),
                                   rd_kafka_last_error());
        *t = (topic){copy, handle, partitions};
        k->ntopic++;
    }
    k->last = t;
    return WEIR_OK;
}

/* ---- rows ---- */

typedef struct message {
    weir_bytes key, value; /* p NULL: null */
    int32_t partition;     /* RD_KAFKA_PARTITION_UA: by the key */
    rd_kafka_headers_t *headers;
    int64_t header_bytes;
} message;

static weir_bytes bytes_or_null(const weir_batch *b, int col, int64_t i) {
    if (col < 0 || weir_is_null(&b->col[col], i)) return (weir_bytes){NULL, 0};
    weir_bytes v = weir_get_bytes(&b->col[col], i);
    if (!v.p) v.p = "";
    return v;
}

static int varint_bytes(int64_t v) { /* zigzag, as records have it */
    int n = 1;
    for (uint64_t z = (uint64_t)v << 1; z >= 128; z >>= 7) n++;
    return n;
}

/* SPARK (AbstractRecords.estimateSizeInBytesUpperBound): a batch's head, a record's head, then the
 * parts with their lengths. */
static int64_t serialized_bytes(const message *m, size_t nheaders) {
    int64_t n = 61 + 21 + m->header_bytes + varint_bytes((int64_t)nheaders);
    n += m->key.p ? varint_bytes(m->key.len) + m->key.len : 1;
    return n + (m->value.p ? varint_bytes(m->value.len) + m->value.len : 1);
}

static weir_rc no_null(weir_ctx *ctx, const char *what) {
    return weir_fail(ctx, WEIR_E_SPARK_LEGACY, "message",
                     weir_printf(ctx->arena, "A Kafka header cannot be sent: %s", what));
}

static weir_rc read_headers(weir_ctx *ctx, const weir_column *c, int64_t i, message *m) {
    int64_t first;
    int32_t n = weir_get_list(c, i, &first);
    const weir_column *entry = &c->kid[0];
    m->headers = rd_kafka_headers_new((size_t)n);
    for (int32_t j = 0; j < n; j++) {
        int64_t at = first + j;
        if (weir_is_null(entry, at))
            return no_null(ctx, "an element of the column headers is null");
        int64_t row = weir_kid_row(entry, at);
        if (weir_is_null(&entry->kid[0], row)) return no_null(ctx, "its key is null");
        weir_bytes key = weir_get_bytes(&entry->kid[0], row), value = {NULL, 0};
        if (!weir_is_null(&entry->kid[1], row)) value = weir_get_bytes(&entry->kid[1], row);
        rd_kafka_header_add(m->headers, key.p, key.len, value.p, value.len);
        m->header_bytes += varint_bytes(key.len) + key.len;
        m->header_bytes += value.p ? varint_bytes(value.len) + value.len : 1;
    }
    return WEIR_OK;
}

static weir_rc read_row(weir_ctx *ctx, kafka_sink *k, const weir_batch *b, int64_t i, message *m) {
    *m = (message){.key = bytes_or_null(b, k->key_col, i),
                   .value = bytes_or_null(b, k->value_col, i),
                   .partition = RD_KAFKA_PARTITION_UA};
    weir_bytes name = k->option_topic
                          ? (weir_bytes){k->option_topic, (int32_t)strlen(k->option_topic)}
                          : bytes_or_null(b, k->topic_col, i);
    if (!name.p) return weir_fail(ctx, WEIR_E_KAFKA_NULL_TOPIC, NULL, NULL);
    WEIR_TRY(find_topic(ctx, k, name.p, (size_t)name.len));
    if (k->partition_col >= 0 && !weir_is_null(&b->col[k->partition_col], i)) {
        m->partition = WEIR_AT_ROW(int32_t, &b->col[k->partition_col], i);
        if (m->partition < 0)
            return weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                             weir_printf(ctx->arena,
                                         "Invalid partition: %d. Partition number should always be "
                                         "non-negative or null.",
                                         m->partition));
        if (m->partition >= k->last->partitions)
            WEIR_TRY(wait_for_topic(ctx, k, k->last->name, m->partition, &k->last->partitions));
    }
    if (k->headers_col < 0 || weir_is_null(&b->col[k->headers_col], i)) return WEIR_OK;
    return read_headers(ctx, &b->col[k->headers_col], i, m);
}

static weir_rc check_size(weir_ctx *ctx, const kafka_sink *k, const message *m) {
    int64_t bytes = serialized_bytes(m, m->headers ? rd_kafka_header_cnt(m->headers) : 0);
    if (bytes <= k->max_request_bytes) return WEIR_OK;
    return weir_kafka_fail(
        ctx, k->client,
        weir_printf(ctx->arena,
                    "writing to the topic %s: The message is %lld bytes when serialized which is "
                    "larger than %lld, which is the value of the max.request.size configuration",
                    k->last->name, (long long)bytes, (long long)k->max_request_bytes),
        RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
}

/* Hands the message over; waits while the producer's queue is full. */
static weir_rc produce(weir_ctx *ctx, kafka_sink *k, message *m) {
    int waits = 0;
    WEIR_TRY(check_size(ctx, k, m));
    for (;;) {
        rd_kafka_resp_err_t e = rd_kafka_producev(
            weir_kafka_handle(k->client), RD_KAFKA_V_RKT(k->last->handle),
            RD_KAFKA_V_PARTITION(m->partition),
            RD_KAFKA_V_VALUE((void *)(uintptr_t)m->value.p, (size_t)m->value.len),
            RD_KAFKA_V_KEY(m->key.p, (size_t)m->key.len), RD_KAFKA_V_HEADERS(m->headers),
            RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
        if (!e) m->headers = NULL; /* they are the message's now */
        if (e != RD_KAFKA_RESP_ERR__QUEUE_FULL)
            return e ? weir_kafka_fail(
                           ctx, k->client,
                           weir_printf(ctx->arena, "writing to the topic %s", k->last->name), e)
                     : WEIR_OK;
        weir_kafka_serve(k->client, WAIT_MS);
        WEIR_TRY(check_delivery(ctx, k));
        if (++waits % 10 == 0)
            weir_kafka_waits(ctx, k->client, "Writing to Kafka, whose queue here is full");
    }
}

static weir_rc kafka_write(weir_ctx *ctx, weir_writer *w, const weir_batch *b) {
    kafka_sink *k = (kafka_sink *)w;
    if (b->len) WEIR_TRY(need_producer(ctx, k));
    for (int64_t i = 0; i < b->len; i++) {
        message m;
        weir_rc rc = read_row(ctx, k, b, i, &m);
        if (rc == WEIR_OK) rc = produce(ctx, k, &m);
        if (m.headers) rd_kafka_headers_destroy(m.headers);
        WEIR_TRY(rc);
        if (i % SERVE_ROWS) continue;
        weir_kafka_serve(k->client, 0);
        WEIR_TRY(check_delivery(ctx, k));
    }
    k->rows += b->len;
    return WEIR_OK;
}

/* Every message is acknowledged, or the batch fails. */
static weir_rc kafka_finish(weir_ctx *ctx, weir_writer *w) {
    kafka_sink *k = (kafka_sink *)w;
    if (!k->client) return WEIR_OK;
    for (int waits = 1;; waits++) {
        rd_kafka_resp_err_t e = rd_kafka_flush(weir_kafka_handle(k->client), WAIT_MS);
        WEIR_TRY(check_delivery(ctx, k));
        if (!e) break;
        if (waits % 10 == 0)
            weir_kafka_waits(ctx, k->client,
                             weir_printf(ctx->arena, "Writing to Kafka, %d messages to go",
                                         rd_kafka_outq_len(weir_kafka_handle(k->client))));
    }
    weir_kafka_fine(ctx, k->client);
    return WEIR_OK;
}

static void kafka_drop(weir_writer *w) { drop_producer((kafka_sink *)w); }

/* ---- the sink ---- */

/* SPARK: options and columns are looked at when a batch is planned. */
static weir_rc kafka_begin(weir_ctx *ctx, weir_sink *s, int64_t epoch, bool *done) {
    kafka_sink *k = s->impl;
    s->epoch = epoch;
    *done = false; /* at least once: a batch that comes again is sent again */
    k->rows = 0;
    if (k->checked) return WEIR_OK;
    WEIR_TRY(check_options(ctx, k));
    WEIR_TRY(find_columns(ctx, k));
    k->checked = true;
    return WEIR_OK;
}

static weir_rc kafka_writer(weir_ctx *ctx, weir_sink *s, int part, weir_writer **out) {
    kafka_sink *k = s->impl;
    (void)ctx;
    (void)part;
    k->writer = (weir_writer){kafka_write, kafka_finish, kafka_drop};
    *out = &k->writer;
    return WEIR_OK;
}

static weir_rc kafka_commit(weir_ctx *ctx, weir_sink *s) { return (void)ctx, (void)s, WEIR_OK; }

static void kafka_abort(weir_ctx *ctx, weir_sink *s) {
    (void)ctx;
    if (s->impl) drop_producer(s->impl);
}

/* As Java shows an object of this class: with a number of its own behind it. */
static const char *kafka_description(weir_ctx *ctx, weir_sink *s) {
    unsigned h = 2166136261u;
    for (const char *p = s->info.run_id ? s->info.run_id : ""; *p; p++)
        h = (h ^ (unsigned char)*p) * 16777619u;
    return weir_printf(ctx->arena,
                       "org.apache.spark.sql.kafka010.KafkaSourceProvider$KafkaTable@%x",
                       h & 0x7fffffffu);
}

static int64_t kafka_rows(weir_sink *s) { return ((kafka_sink *)s->impl)->rows; }

static void kafka_close(weir_sink *s) {
    if (s->impl) drop_producer(s->impl);
}

const weir_sink_ops weir_kafka_sink = {.format = "kafka",
                                       .options = "kafka",
                                       .modes = 1 << WEIR_OUT_APPEND | 1 << WEIR_OUT_UPDATE |
                                                1 << WEIR_OUT_COMPLETE,
                                       .batch = true,
                                       .open = kafka_open,
                                       .begin = kafka_begin,
                                       .writer = kafka_writer,
                                       .commit = kafka_commit,
                                       .abort = kafka_abort,
                                       .description = kafka_description,
                                       .rows = kafka_rows,
                                       .close = kafka_close};
