/* libFuzzer: any bytes as the schema file of a state store. */
#include "fuzz.h"
#include "state/schema.h"

static void one(weir_ctx *ctx, const char *text, size_t len) {
    weir_schema *key = NULL, *value = NULL;
    (void)weir_state_schema_parse(ctx, "schema", text, len, &key, &value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) { return fuzz_text(data, len, one); }
