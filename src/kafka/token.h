/* OAUTHBEARER tokens that another program writes to a file (sasl.oauthbearer.token.endpoint.url =
 * file:///...). Thread: the handle's user. */
#ifndef WEIR_KAFKA_TOKEN_H
#define WEIR_KAFKA_TOKEN_H
#include "kafka/settings.h"

#include <librdkafka/rdkafka.h>

/* Reads the file again and gives the token to librdkafka, or tells it why not. */
void weir_kafka_token(rd_kafka_t *, const weir_kafka_settings *);
/* Whose token, and until when (ms): the claims sub and exp of a JWT of len bytes. False if it is
 * none. principal is in the arena. */
bool weir_kafka_token_claims(weir_arena *, const char *jwt, size_t len, const char **principal,
                             int64_t *expires_ms);
#endif
