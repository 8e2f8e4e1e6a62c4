/* Kafka client settings: the kafka.* options of a reader or writer, in the names of Java's client,
 * become librdkafka's. One table of rows (settings.c). Keys that Spark forbids are refused in its
 * words (SPARK KafkaSourceProvider), keys without a counterpart are named in a warning.
 * Thread: any. */
#ifndef WEIR_KAFKA_SETTINGS_H
#define WEIR_KAFKA_SETTINGS_H
#include "plan/plan.h"

typedef enum { WEIR_KAFKA_CONSUMER = 1, WEIR_KAFKA_PRODUCER = 2 } weir_kafka_role;

typedef struct weir_kafka_setting {
    const char *name, *value; /* librdkafka's */
} weir_kafka_setting;

typedef struct weir_kafka_settings {
    weir_kafka_role role;
    const char *servers; /* bootstrap.servers, for messages */
    const char *group_id;
    bool read_committed;
    int64_t api_timeout_ms; /* default.api.timeout.ms: one attempt of a request */
    int64_t max_block_ms;   /* max.block.ms: how long a full producer queue may block */
    const char *token_file; /* OAUTHBEARER: the token is read from here */
    int n, cap;
    weir_kafka_setting *v;
    int nsecret;
    const char *secret[16]; /* never to be shown: see weir_kafka_redact */
    weir_arena *mem;
} weir_kafka_settings;

/* Reads options; all is in ctx->arena. Checks what can be checked without a broker: forbidden keys,
 * JAAS, key and trust stores. warn: the warnings of forgotten keys are logged (once per query, not
 * at every analysis). */
weir_rc weir_kafka_settings_read(weir_ctx *, const weir_options *, weir_kafka_role, bool warn,
                                 weir_kafka_settings *out);
/* Overrides or adds one of librdkafka's settings. */
void weir_kafka_set(weir_kafka_settings *, const char *name, const char *value);
const char *weir_kafka_get(const weir_kafka_settings *, const char *name); /* NULL if not set */
/* text with every secret replaced, in the arena. */
const char *weir_kafka_redact(weir_arena *, const weir_kafka_settings *, const char *text);
/* True for an option whose value must not be shown anywhere (explain, progress, logs). */
bool weir_kafka_option_secret(const char *key);
/* The value of a kafka.* option by its name without the prefix; NULL if absent. */
const char *weir_kafka_option(weir_ctx *, const weir_options *, const char *name);
#endif
