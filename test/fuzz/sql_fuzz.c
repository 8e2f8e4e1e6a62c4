/* libFuzzer: any text as a SQL statement and as an expression. */
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
    weir_plan *query = NULL;
    weir_command *command = NULL;
    weir_expr *expr = NULL;
    (void)weir_sql_parse(&ctx, text, NULL, &query, &command);
    if (query) (void)weir_plan_tree(ctx.arena, query);
    weir_err_clear(&err);
    (void)weir_sql_parse_expr(&ctx, text, &expr);
    weir_arena_free(ctx.arena);
    weir_err_clear(&err);
    return 0;
}
