/* Questions to a Kafka cluster: which topics, partitions, offsets. A call blocks up to timeout_ms,
 * asks again after what passes (a leader that moves), serves callbacks meanwhile, tells ctx->notice
 * what it waits for, and ends early on cancel. It fails at once when waiting cannot help (a wrong
 * password). Thread: the handle's user. Results are in ctx->arena. */
#ifndef WEIR_KAFKA_LOOKUP_H
#define WEIR_KAFKA_LOOKUP_H
#include "kafka/client.h"
#include "kafka/offsets.h"

/* Partitions of the topics, with offsets 0; names are borrowed. *missing: a topic that the cluster
 * does not have, or NULL; with missing NULL that fails. */
weir_rc weir_kafka_partitions(weir_ctx *, weir_kafka *, int64_t timeout_ms,
                              const char *const *topic, int n, weir_kafka_offsets *out,
                              const char **missing);
/* Names of all topics, without Kafka's internal ones. */
weir_rc weir_kafka_topics(weir_ctx *, weir_kafka *, int64_t timeout_ms, const char ***name, int *n);

enum { WEIR_KAFKA_LATEST = -1, WEIR_KAFKA_EARLIEST = -2 }; /* as in the options' JSON */
/* Replaces each offset: LATEST and EARLIEST by the offset they stand for, a time in ms (>= 0) by
 * that of the first message at or after it, -1 if there is none. Sorted input. */
weir_rc weir_kafka_resolve(weir_ctx *, weir_kafka *, int64_t timeout_ms, weir_kafka_offsets *);
#endif
