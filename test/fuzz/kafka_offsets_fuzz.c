/* libFuzzer: any text as Kafka offsets; what is accepted is the same when it is written and read
 * again. */
#include "fuzz.h"

#include "base/utf8.h"
#include "kafka/offsets.h"

static void one(weir_ctx *ctx, const char *text, size_t len) {
    weir_kafka_offsets o, again;
    if (!weir_utf8_valid(text, len)) return; /* as all texts that come here are */
    if (weir_kafka_offsets_parse(ctx->arena, text, len, &o)) {
        const char *written = weir_kafka_offsets_text(ctx->arena, &o);
        weir_assert(weir_kafka_offsets_parse(ctx->arena, written, strlen(written), &again));
        weir_assert(again.n == o.n);
        for (int64_t i = 0; i < o.n; i++) {
            const weir_kafka_offset *x = &o.v[i], *y = &again.v[i];
            weir_assert(strcmp(x->topic, y->topic) == 0 && x->partition == y->partition &&
                        x->offset == y->offset);
        }
    }
    if (weir_kafka_partitions_parse(ctx->arena, text, len, &o)) weir_kafka_offsets_sort(&o);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) { return fuzz_text(data, len, one); }
