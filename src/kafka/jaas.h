/* The text of sasl.jaas.config: one login module with its options, as Java's client takes it
 * (KAFKA JaasConfig: tokens of java.io.StreamTokenizer). */
#ifndef WEIR_KAFKA_JAAS_H
#define WEIR_KAFKA_JAAS_H
#include "base/ctx.h"

typedef struct weir_jaas_option {
    const char *key, *value;
} weir_jaas_option;
typedef struct weir_jaas {
    const char *module; /* class without its package: Databricks' shaded names are the same here */
    int n;
    weir_jaas_option *option;
} weir_jaas;

/* Parses len bytes. Everything is in ctx->arena. Errors name the place (a character number), never
 * the text: it holds secrets. */
weir_rc weir_jaas_parse(weir_ctx *, const char *text, size_t len, weir_jaas *out);
const char *weir_jaas_get(const weir_jaas *, const char *key); /* NULL if absent */
#endif
