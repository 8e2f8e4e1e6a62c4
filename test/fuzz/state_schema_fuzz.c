/* libFuzzer: any bytes as the schema file of a state store. */
#include "state/schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    weir_budget budget = {.limit_bytes = 256 << 20};
    weir_err err;
    weir_err_init(&err);
    weir_ctx ctx = {
        .arena = weir_arena_new(NULL), .err = &err, .budget = &budget, .env = weir_env_real()};
    weir_schema *key = NULL, *value = NULL;
    (void)weir_state_schema_parse(&ctx, "schema", (const char *)data, len, &key, &value);
    weir_arena_free(ctx.arena);
    weir_err_clear(&err);
    return 0;
}
