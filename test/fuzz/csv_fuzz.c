/* libFuzzer: any bytes as a CSV file: names and types inferred, then the records read with them. */
#include "codec/csv_read.h"
#include "func/func.h"
#include <string.h>

static const char *option(void *u, const char *key) {
    (void)u;
    return strcmp(key, "header") && strcmp(key, "multiLine") && strcmp(key, "inferSchema") ? NULL
                                                                                           : "true";
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
    weir_csv_options options = {0};
    weir_csv_reader *reader = NULL;
    weir_batch batch;
    const char *text = len ? (const char *)data : "";
    if (weir_csv_options_read(&ctx, option, NULL, &options) == WEIR_OK) {
        weir_csv_infer *infer = weir_csv_infer_new(ctx.arena, &options);
        (void)weir_csv_infer_text(&ctx, infer, text, (int64_t)len, true);
        weir_schema *schema = weir_csv_infer_done(ctx.arena, infer);
        if (schema && weir_csv_reader_new(&ctx, schema, &options, &reader) == WEIR_OK) {
            weir_csv_file(reader, "file:///x.csv");
            if (weir_csv_record(&ctx, reader, text, (int64_t)len, 0) == WEIR_OK)
                (void)weir_csv_take(&ctx, reader, &batch);
        }
    }
    weir_arena_free(ctx.arena);
    weir_err_clear(&err);
    return 0;
}
