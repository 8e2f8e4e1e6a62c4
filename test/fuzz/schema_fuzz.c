/* libFuzzer: any text as a schema: DDL, or the JSON form. */
#include "func/func.h"
#include "sql/sql.h"
#include <string.h>

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
    char *text = weir_alloc(ctx.arena, len + 1);
    if (len) memcpy(text, data, len);
    text[len] = 0;
    const weir_type *type = NULL;
    (void)weir_sql_parse_schema(&ctx, text, &type);
    weir_err_clear(&err);
    type = NULL;
    (void)weir_type_from_json(&ctx, text, len, &type);
    weir_arena_free(ctx.arena);
    weir_err_clear(&err);
    return 0;
}
