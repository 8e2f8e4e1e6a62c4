/* libFuzzer: any text as sasl.jaas.config, and as a token. What fails says where, and no more. */
#include "fuzz.h"
#include "kafka/jaas.h"
#include "kafka/token.h"

static void one(weir_ctx *ctx, const char *text, size_t len) {
    weir_jaas j;
    const char *who;
    int64_t until_ms;
    if (weir_jaas_parse(ctx, text, len, &j) == WEIR_OK) {
        weir_assert(j.module);
        for (int i = 0; i < j.n; i++) {
            weir_assert(j.option[i].key && j.option[i].value);
            weir_assert(weir_jaas_get(&j, j.option[i].key));
        }
    }
    (void)weir_kafka_token_claims(ctx->arena, text, len, &who, &until_ms);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) { return fuzz_text(data, len, one); }
