/* See settings.h. Defaults that differ between the two clients are set to Java's, where it shows
 * (partitioner, isolation level, idempotence). */
#include "kafka/settings.h"

#include "base/log.h"
#include "kafka/security.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { C = WEIR_KAFKA_CONSUMER, P = WEIR_KAFKA_PRODUCER, BOTH = C | P };

typedef struct reader {
    weir_ctx *ctx;
    const weir_options *options;
    weir_kafka_settings *out;
    bool warn;
} reader;

typedef struct row {
    const char *java, *rd; /* rd NULL: there is no counterpart, a warning names the key */
    unsigned roles;        /* other roles ignore it, as Java's client does */
    weir_rc (*take)(reader *, const struct row *, const char *value); /* NULL: value as it is */
} row;

void weir_kafka_set(weir_kafka_settings *s, const char *name, const char *value) {
    for (int i = 0; i < s->n; i++)
        if (strcmp(s->v[i].name, name) == 0) {
            s->v[i].value = weir_strdup(s->mem, value);
            return;
        }
    if (s->n == s->cap) {
        int cap = s->cap ? s->cap * 2 : 32;
        weir_kafka_setting *v = WEIR_NEWN(s->mem, weir_kafka_setting, cap);
        if (s->n) memcpy(v, s->v, sizeof *v * (size_t)s->n);
        s->v = v;
        s->cap = cap;
    }
    s->v[s->n++] = (weir_kafka_setting){weir_strdup(s->mem, name), weir_strdup(s->mem, value)};
}

const char *weir_kafka_get(const weir_kafka_settings *s, const char *name) {
    for (int i = 0; i < s->n; i++)
        if (strcmp(s->v[i].name, name) == 0) return s->v[i].value;
    return NULL;
}

const char *weir_kafka_option(weir_ctx *ctx, const weir_options *o, const char *name) {
    return weir_option_get(o, weir_printf(ctx->arena, "kafka.%s", name));
}

static weir_rc bad_value(const reader *r, const row *w, const char *value, const char *want) {
    return weir_fail(r->ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                     weir_printf(r->ctx->arena, "Invalid value %s for configuration %s: %s", value,
                                 w->java, want));
}

static weir_rc number(const reader *r, const row *w, const char *value, int64_t *out) {
    char *end;
    *out = strtoll(value, &end, 10);
    if (end != value && !*end) return WEIR_OK;
    return bad_value(r, w, value, "Not a number of type LONG");
}

/* ---- values that are not copied as they are ---- */

static weir_rc take_lower(reader *r, const row *w, const char *value) {
    char *v = weir_strdup(r->ctx->arena, value);
    for (char *p = v; *p; p++) *p = (char)tolower((unsigned char)*p);
    weir_kafka_set(r->out, w->rd, v);
    return WEIR_OK;
}

static weir_rc take_buffer(reader *r, const row *w, const char *value) { /* -1: the system's */
    weir_kafka_set(r->out, w->rd, strcmp(value, "-1") == 0 ? "0" : value);
    return WEIR_OK;
}

static weir_rc take_memory(reader *r, const row *w, const char *value) { /* bytes to KiB */
    int64_t n;
    WEIR_TRY(number(r, w, value, &n));
    weir_kafka_set(r->out, w->rd,
                   weir_printf(r->ctx->arena, "%lld", (long long)(n < 1024 ? 1 : n / 1024)));
    return WEIR_OK;
}

static weir_rc take_api_timeout(reader *r, const row *w, const char *value) {
    return number(r, w, value, &r->out->api_timeout_ms);
}

static weir_rc take_max_block(reader *r, const row *w, const char *value) {
    return number(r, w, value, &r->out->max_block_ms);
}

static weir_rc take_request_timeout(reader *r, const row *w, const char *value) {
    int64_t n;
    WEIR_TRY(number(r, w, value, &n));
    weir_kafka_set(r->out, "socket.timeout.ms", value);
    if (r->out->role == WEIR_KAFKA_PRODUCER) weir_kafka_set(r->out, "request.timeout.ms", value);
    return WEIR_OK;
}

static weir_rc take_endpoint(reader *r, const row *w, const char *value) {
    weir_kafka_set(r->out, w->rd, *value ? value : "none"); /* empty: no check of host names */
    return WEIR_OK;
}

static weir_rc take_isolation(reader *r, const row *w, const char *value) {
    r->out->read_committed = strcasecmp(value, "read_committed") == 0;
    if (r->out->read_committed || strcasecmp(value, "read_uncommitted") == 0)
        return take_lower(r, w, value);
    return bad_value(r, w, value, "String must be one of: read_committed, read_uncommitted");
}

static weir_rc take_group(reader *r, const row *w, const char *value) {
    r->out->group_id = weir_strdup(r->ctx->arena, value);
    weir_kafka_set(r->out, w->rd, value);
    return WEIR_OK;
}

static weir_rc take_partitioner(reader *r, const row *w, const char *value) {
    const char *dot = strrchr(value, '.'), *name = dot ? dot + 1 : value;
    if (!*name || strcmp(name, "DefaultPartitioner") == 0) return WEIR_OK;
    if (strcmp(name, "UniformStickyPartitioner") == 0 ||
        strcmp(name, "RoundRobinPartitioner") == 0) {
        weir_kafka_set(r->out, w->rd, "random");
        return WEIR_OK;
    }
    return bad_value(r, w, value,
                     "a partitioner of your own cannot be loaded here; give the rows a column "
                     "'partition' instead");
}

static weir_rc take_login_handler(reader *r, const row *w, const char *value) {
    const char *dot = strrchr(value, '.'), *name = dot ? dot + 1 : value;
    if (strcmp(name, "OAuthBearerLoginCallbackHandler") == 0 ||
        strcmp(name, "OAuthBearerUnsecuredLoginCallbackHandler") == 0)
        return WEIR_OK; /* what weir does anyway */
    return bad_value(r, w, value,
                     "a handler of your own cannot be loaded here; let another program write the "
                     "token to a file and set kafka.sasl.oauthbearer.token.endpoint.url to "
                     "file:///path/of/the/token");
}

static weir_rc take_nothing(reader *r, const row *w, const char *value) {
    (void)r;
    (void)w;
    (void)value;
    return WEIR_OK; /* weir has its own, or security.c reads it */
}

static const row rows[] = {
    {"bootstrap.servers", "bootstrap.servers", BOTH, NULL},
    {"client.id", "client.id", BOTH, NULL},
    {"client.rack", "client.rack", C, NULL},
    {"client.dns.lookup", NULL, BOTH, NULL},
    {"connections.max.idle.ms", "connections.max.idle.ms", BOTH, NULL},
    {"metadata.max.age.ms", "metadata.max.age.ms", BOTH, NULL},
    {"receive.buffer.bytes", "socket.receive.buffer.bytes", BOTH, take_buffer},
    {"send.buffer.bytes", "socket.send.buffer.bytes", BOTH, take_buffer},
    {"reconnect.backoff.ms", "reconnect.backoff.ms", BOTH, NULL},
    {"reconnect.backoff.max.ms", "reconnect.backoff.max.ms", BOTH, NULL},
    {"retry.backoff.ms", "retry.backoff.ms", P, NULL},
    {"request.timeout.ms", "socket.timeout.ms", BOTH, take_request_timeout},
    {"default.api.timeout.ms", "", BOTH, take_api_timeout},
    {"socket.connection.setup.timeout.ms", "socket.connection.setup.timeout.ms", BOTH, NULL},
    {"security.protocol", "security.protocol", BOTH, take_lower},
    /* reading */
    {"fetch.min.bytes", "fetch.min.bytes", C, NULL},
    {"fetch.max.bytes", "fetch.max.bytes", C, NULL},
    {"fetch.max.wait.ms", "fetch.wait.max.ms", C, NULL},
    {"max.partition.fetch.bytes", "fetch.message.max.bytes", C, NULL},
    {"check.crcs", "check.crcs", C, NULL},
    {"isolation.level", "isolation.level", C, take_isolation},
    {"group.id", "group.id", C, take_group},
    {"group.instance.id", "group.instance.id", C, NULL},
    {"session.timeout.ms", "session.timeout.ms", C, NULL},
    {"heartbeat.interval.ms", "heartbeat.interval.ms", C, NULL},
    {"max.poll.interval.ms", "max.poll.interval.ms", C, NULL},
    {"max.poll.records", "", C, take_nothing},
    {"allow.auto.create.topics", "allow.auto.create.topics", C, NULL},
    {"auto.commit.interval.ms", "", C, take_nothing},
    /* writing */
    {"acks", "acks", P, NULL},
    {"linger.ms", "linger.ms", P, NULL},
    {"batch.size", "batch.size", P, NULL},
    {"buffer.memory", "queue.buffering.max.kbytes", P, take_memory},
    {"compression.type", "compression.type", P, NULL},
    {"compression.gzip.level", "compression.level", P, NULL},
    {"compression.lz4.level", "compression.level", P, NULL},
    {"compression.zstd.level", "compression.level", P, NULL},
    {"max.request.size", "message.max.bytes", P, NULL},
    {"max.in.flight.requests.per.connection", "max.in.flight.requests.per.connection", P, NULL},
    {"max.block.ms", "", P, take_max_block},
    {"retries", "retries", P, NULL},
    {"delivery.timeout.ms", "delivery.timeout.ms", P, NULL},
    {"enable.idempotence", "enable.idempotence", P, NULL},
    {"partitioner.class", "partitioner", P, take_partitioner},
    /* security: the rest of it is in security.c */
    {"ssl.endpoint.identification.algorithm", "ssl.endpoint.identification.algorithm", BOTH,
     take_endpoint},
    {"ssl.cipher.suites", "ssl.cipher.suites", BOTH, NULL},
    {"ssl.key.password", "ssl.key.password", BOTH, NULL},
    {"ssl.truststore.type", "", BOTH, take_nothing},
    {"ssl.truststore.location", "", BOTH, take_nothing},
    {"ssl.truststore.password", "", BOTH, take_nothing},
    {"ssl.truststore.certificates", "", BOTH, take_nothing},
    {"ssl.keystore.type", "", BOTH, take_nothing},
    {"ssl.keystore.location", "", BOTH, take_nothing},
    {"ssl.keystore.password", "", BOTH, take_nothing},
    {"ssl.keystore.key", "", BOTH, take_nothing},
    {"ssl.keystore.certificate.chain", "", BOTH, take_nothing},
    {"sasl.mechanism", "", BOTH, take_nothing},
    {"sasl.jaas.config", "", BOTH, take_nothing},
    {"sasl.oauthbearer.token.endpoint.url", "", BOTH, take_nothing},
    {"sasl.login.callback.handler.class", "", BOTH, take_login_handler},
    {"sasl.kerberos.service.name", "sasl.kerberos.service.name", BOTH, NULL},
    {"sasl.kerberos.kinit.cmd", "sasl.kerberos.kinit.cmd", BOTH, NULL},
    {"sasl.kerberos.min.time.before.relogin", "sasl.kerberos.min.time.before.relogin", BOTH, NULL},
};

/* ---- what Spark forbids, in its words and its order ---- */

typedef struct forbidden {
    const char *key, *message;
    unsigned role;
} forbidden;

static const forbidden forbidden_keys[] = {
    {"auto.offset.reset",
     "\nKafka option 'auto.offset.reset' is not supported.\nInstead set the source option "
     "'startingoffsets' to 'earliest' or 'latest'\nto specify where to start. Structured Streaming "
     "manages which offsets are consumed\ninternally, rather than relying on the kafkaConsumer to "
     "do it. This will ensure that no\ndata is missed when new topics/partitions are dynamically "
     "subscribed. Note that\n'startingoffsets' only applies when a new Streaming query is started, "
     "and\nthat resuming will always pick up from where the query left off. See the docs for "
     "more\ndetails.\n         ",
     C},
    {"key.deserializer",
     "Kafka option 'key.deserializer' is not supported as keys are deserialized as byte arrays "
     "with ByteArrayDeserializer. Use DataFrame operations to explicitly deserialize the keys.",
     C},
    {"value.deserializer",
     "Kafka option 'value.deserializer' is not supported as values are deserialized as byte arrays "
     "with ByteArrayDeserializer. Use DataFrame operations to explicitly deserialize the values.",
     C},
    {"enable.auto.commit", "Kafka option 'enable.auto.commit' is not supported", C},
    {"interceptor.classes", "Kafka option 'interceptor.classes' is not supported", C},
    {"key.serializer",
     "Kafka option 'key.serializer' is not supported as keys are serialized with "
     "ByteArraySerializer.",
     P},
    {"value.serializer",
     "Kafka option 'value.serializer' is not supported as value are serialized with "
     "ByteArraySerializer.",
     P},
};

static weir_rc refuse_forbidden(const reader *r) {
    for (size_t i = 0; i < sizeof forbidden_keys / sizeof *forbidden_keys; i++) {
        const forbidden *f = &forbidden_keys[i];
        if (f->role == r->out->role && weir_kafka_option(r->ctx, r->options, f->key))
            return weir_fail(r->ctx, WEIR_E_ILLEGAL_ARGUMENT, "message", f->message);
    }
    return WEIR_OK;
}

static const row *find_row(const char *key) {
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcasecmp(rows[i].java, key) == 0) return &rows[i];
    return NULL;
}

static void note_group(const reader *r) {
    if (!r->warn || !r->out->group_id) return;
    weir_log(WEIR_LOG_WARN,
             "kafka: the option kafka.group.id is set. It is unsafe: queries or sources that use "
             "the same group id at a time, and a query that is started again, get in each other's "
             "way. Use one group id for one query");
    if (weir_option_get(r->options, "groupIdPrefix"))
        weir_log(WEIR_LOG_WARN,
                 "kafka: the option groupIdPrefix is ignored, because kafka.group.id is set");
}

static weir_rc read_rows(reader *r) {
    for (int32_t i = 0; i < r->options->n; i++) {
        const weir_option *o = &r->options->opt[i];
        if (strncasecmp(o->key, "kafka.", 6) != 0 || !o->value) continue;
        const row *w = find_row(o->key + 6);
        if (w && !(w->roles & r->out->role)) continue;
        if (!w || !w->rd) {
            if (r->warn)
                weir_log(WEIR_LOG_WARN, "kafka: the option %s has no counterpart here; ignored",
                         o->key);
            continue;
        }
        if (w->take)
            WEIR_TRY(w->take(r, w, o->value));
        else
            weir_kafka_set(r->out, w->rd, o->value);
    }
    return WEIR_OK;
}

static void set_defaults(weir_kafka_settings *s) {
    weir_kafka_set(s, "client.id", "weir");
    weir_kafka_set(s, "socket.timeout.ms", "30000");
    weir_kafka_set(s, "socket.keepalive.enable", "true");
    weir_kafka_set(s, "reconnect.backoff.max.ms", "1000");
    if (s->role == WEIR_KAFKA_CONSUMER) {
        weir_kafka_set(s, "isolation.level", "read_uncommitted");
        weir_kafka_set(s, "enable.auto.commit", "false");
        return;
    }
    weir_kafka_set(s, "partitioner", "murmur2_random");
    weir_kafka_set(s, "enable.idempotence", "true");
}

weir_rc weir_kafka_settings_read(weir_ctx *ctx, const weir_options *options, weir_kafka_role role,
                                 bool warn, weir_kafka_settings *out) {
    reader r = {ctx, options, out, warn};
    *out = (weir_kafka_settings){
        .role = role, .mem = ctx->arena, .api_timeout_ms = 60000, .max_block_ms = 60000};
    WEIR_TRY(refuse_forbidden(&r));
    out->servers = weir_kafka_option(ctx, options, "bootstrap.servers");
    if (!out->servers && role == WEIR_KAFKA_CONSUMER)
        return weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                         "Option 'kafka.bootstrap.servers' must be specified for configuring Kafka "
                         "consumer");
    if (!out->servers || !*out->servers)
        return weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                         "No resolvable bootstrap urls given in bootstrap.servers. Set the option "
                         "'kafka.bootstrap.servers' to host:port,host:port");
    set_defaults(out);
    WEIR_TRY(read_rows(&r));
    note_group(&r);
    return weir_kafka_security(ctx, options, out);
}

/* ---- secrets ---- */

bool weir_kafka_option_secret(const char *key) {
    static const char *const marks[] = {"password", "jaas.config", "keystore.key", "secret",
                                        "token",    "credential",  "ssl.key"};
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (strcasestr(key, marks[i])) return true;
    return false;
}

const char *weir_kafka_redact(weir_arena *a, const weir_kafka_settings *s, const char *text) {
    for (int i = 0; text && i < s->nsecret; i++) {
        size_t len = strlen(s->secret[i]);
        const char *from = text, *at = len >= 3 ? strstr(from, s->secret[i]) : NULL;
        if (!at) continue;
        weir_str out;
        weir_str_init(&out, a, 1 << 20);
        for (; at; from = at + len, at = strstr(from, s->secret[i])) {
            weir_str_add(&out, from, (size_t)(at - from));
            weir_str_puts(&out, "*********(redacted)");
        }
        weir_str_puts(&out, from);
        text = out.p;
    }
    return text;
}
