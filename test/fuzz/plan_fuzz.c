/* libFuzzer: any bytes as an ExecutePlan request: the depth check, decoding, conversion to plans
 * and commands. */
#include "connect/connect.h"
#include "func/func.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void convert(weir_tp *tp, const Spark__Connect__Plan *plan) {
    const Spark__Connect__Relation *root = NULL;
    const Spark__Connect__Command *command = NULL;
    weir_plan *p = NULL;
    weir_command *c = NULL;
    if (weir_tp_plan(tp, plan, &root, &command) != WEIR_OK) return;
    if (root) (void)weir_tp_relation(tp, root, &p);
    if (p) (void)weir_plan_tree(tp->ctx->arena, p);
    if (!command) return;
    if (command->command_type_case == SPARK__CONNECT__COMMAND__COMMAND_TYPE_WRITE_OPERATION)
        (void)weir_tp_write(tp, command->write_operation, &c);
    if (command->command_type_case == SPARK__CONNECT__COMMAND__COMMAND_TYPE_WRITE_OPERATION_V2)
        (void)weir_tp_write_v2(tp, command->write_operation_v2, &c);
    if (command->command_type_case == SPARK__CONNECT__COMMAND__COMMAND_TYPE_SQL_COMMAND &&
        command->sql_command->input)
        (void)weir_tp_relation(tp, command->sql_command->input, &p);
}

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
    weir_tp tp = {.ctx = &ctx};
    Spark__Connect__ExecutePlanRequest *q = NULL;
    if (weir_pb_unpack(&ctx, &spark__connect__execute_plan_request__descriptor, data, len, &q) ==
            WEIR_OK &&
        q->plan)
        convert(&tp, q->plan);
    weir_arena_free(ctx.arena);
    weir_err_clear(&err);
    return 0;
}
