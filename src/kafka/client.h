/* A connection to a Kafka cluster: librdkafka's handle, and the newest trouble with its brokers in
 * words. A handle has one owner; its calls are made by the thread that uses it (those on trouble by
 * any). librdkafka's own threads do the network.
 *
 * While a call waits, what it waits for and what is wrong is told through ctx->notice: the status
 * of the query shows it. */
#ifndef WEIR_KAFKA_CLIENT_H
#define WEIR_KAFKA_CLIENT_H
#include "kafka/settings.h"

#include <librdkafka/rdkafka.h>

typedef struct weir_kafka weir_kafka;

/* Connects in the background. delivered: librdkafka's delivery report of a producer, called from
 * weir_kafka_serve; may be NULL. Fails on settings that librdkafka does not take. */
weir_rc weir_kafka_open(weir_ctx *, const weir_kafka_settings *,
                        void (*delivered)(rd_kafka_t *, const rd_kafka_message_t *, void *u),
                        void *u, weir_kafka **out);
void weir_kafka_close(weir_kafka *); /* NULL is allowed; waits for librdkafka's threads */
rd_kafka_t *weir_kafka_handle(weir_kafka *);

/* Runs librdkafka's callbacks (errors, logs, delivery reports), waiting up to timeout_ms for one.
 * Returns how many ran. */
int weir_kafka_serve(weir_kafka *, int timeout_ms);

/* What is wrong with the brokers now, with what to check; NULL if nothing is. Redacted. */
const char *weir_kafka_trouble(weir_kafka *, weir_arena *);
rd_kafka_resp_err_t weir_kafka_trouble_code(weir_kafka *); /* NO_ERROR if nothing is */
/* A request was answered: the trouble is over, and ctx->notice hears so. */
void weir_kafka_fine(weir_ctx *, weir_kafka *);
/* Tells ctx->notice that doing waits, and why if that is known. */
void weir_kafka_waits(weir_ctx *, weir_kafka *, const char *doing);

/* Fails with KAFKA_CLIENT: "doing" ("reading topic t"), the error, the newest trouble (it names the
 * broker) and what to check. */
weir_rc weir_kafka_fail(weir_ctx *, weir_kafka *, const char *doing, rd_kafka_resp_err_t);
/* A connection that will not come good by waiting: wrong password, certificate, mechanism. */
bool weir_kafka_hopeless(rd_kafka_resp_err_t);
const char *weir_kafka_advice(rd_kafka_resp_err_t, const char *text); /* what to check, or "" */
#endif
