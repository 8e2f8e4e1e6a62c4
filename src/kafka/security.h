/* TLS and SASL settings of a Kafka client: key and trust stores, JAAS. Called by settings.c. */
#ifndef WEIR_KAFKA_SECURITY_H
#define WEIR_KAFKA_SECURITY_H
#include "kafka/settings.h"

/* Adds what the options say to out, and notes the secrets. Stores are read here, so that a missing
 * or foreign one is an error that names its option. */
weir_rc weir_kafka_security(weir_ctx *, const weir_options *, weir_kafka_settings *out);
/* The certificates of a PKCS12 trust store as PEM, in ctx->arena. */
weir_rc weir_kafka_trust_pem(weir_ctx *, const char *path, const char *password, const char **pem);
#endif
