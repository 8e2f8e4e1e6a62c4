/* libFuzzer: any bytes as a JSON record: the schema inferred from it, then the record read with it.
 */
#include "codec/json_read.h"
#include "func/func.h"

static const char *unset(void *u, const char *key) {
    (void)u;
    (void)key;
    return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    static weir_conf *conf;
    weir_budget budget = {.limit_bytes = 256 << 20};
    weir_err err;
    weir_err_init(&err);
    if (!conf) {
        conf = weir_conf_new(NULL);
        weir_func_init();
    }
    weir_ctx ctx = {.arena = weir_arena_new(NULL),
                    .err = &err,
                    .budget = &budget,
                    .conf = conf,
                    .env = weir_env_real()};
    weir_json_options options = {0};
    weir_json_reader *reader = NULL;
    weir_batch batch;
    bool kept = false;
    const char *text = len ? (const char *)data : "";
    if (weir_json_options_read(&ctx, unset, NULL, &options) == WEIR_OK) {
        weir_json_infer *infer = weir_json_infer_new(ctx.arena, &options);
        weir_json_infer_record(infer, text, (int64_t)len);
        weir_schema *schema = weir_json_infer_done(ctx.arena, infer, false);
        if (schema && weir_json_reader_new(&ctx, schema, &options, &reader) == WEIR_OK &&
            weir_json_record(&ctx, reader, text, (int64_t)len, 0, &kept) == WEIR_OK)
            (void)weir_json_take(&ctx, reader, &batch);
    }
    weir_arena_free(ctx.arena);
    weir_err_clear(&err);
    return 0;
}
