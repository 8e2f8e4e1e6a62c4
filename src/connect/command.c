/* Commands of ExecutePlan. Called on the operation's thread. */
#include "codec/arrow_ipc.h"
#include "connect/connect.h"
#include "exec/op.h"

#include <strings.h>

#define CMD(name) SK(COMMAND__COMMAND_TYPE_##name)

/* A command's rows as a relation that the client hands back when it wants to see them. */
static weir_rc local_message(weir_cn_run *r, weir_plan *p, SC(Relation) * out,
                             SC(LocalRelation) * l) {
    weir_str data, schema;
    weir_str_init(&data, r->ctx->arena, 1 << 30);
    weir_str_init(&schema, r->ctx->arena, 1 << 24);
    const char *tz = weir_conf_get(r->ctx->conf, "spark.sql.session.timeZone");
    WEIR_TRY(weir_ipc_write_stream(r->ctx, p->schema, tz, p->batch, p->nbatch, &data));
    weir_type_to_json(p->schema, &schema);
    l->has_data = true;
    l->data = (ProtobufCBinaryData){data.len, (uint8_t *)data.p};
    l->schema = schema.p;
    out->rel_type_case = SK(RELATION__REL_TYPE_LOCAL_RELATION);
    out->local_relation = l;
    return WEIR_OK;
}

static weir_rc send_relation(weir_cn_run *r, SC(Relation) * rel) {
    SC(ExecutePlanResponse) m = SK(EXECUTE_PLAN_RESPONSE__INIT);
    SC(ExecutePlanResponse__SqlCommandResult)
    x = SK(EXECUTE_PLAN_RESPONSE__SQL_COMMAND_RESULT__INIT);
    x.relation = rel;
    m.response_type_case = SK(EXECUTE_PLAN_RESPONSE__RESPONSE_TYPE_SQL_COMMAND_RESULT);
    m.sql_command_result = &x;
    return weir_cn_push(r, &m);
}

/* What older clients send in the command itself, as the relation that newer ones send. */
static SC(Relation) * old_sql(weir_arena *a, const SC(SqlCommand) * c) {
    WEIR_MSG(Relation, relation, rel, a);
    WEIR_MSG(SQL, sql, s, a);
    s->query = c->sql;
    s->n_pos_args = c->n_pos_args;
    s->pos_args = c->pos_args;
    s->n_pos_arguments = c->n_pos_arguments;
    s->pos_arguments = c->pos_arguments;
    s->n_args = c->n_args;
    s->args = WEIR_NEWN(a, SC(SQL__ArgsEntry) *, c->n_args + 1);
    for (size_t i = 0; i < c->n_args; i++) {
        WEIR_MSG(SQL__ArgsEntry, sql__args_entry, e, a);
        e->key = c->args[i]->key;
        e->value = c->args[i]->value;
        s->args[i] = e;
    }
    s->n_named_arguments = c->n_named_arguments;
    s->named_arguments = WEIR_NEWN(a, SC(SQL__NamedArgumentsEntry) *, c->n_named_arguments + 1);
    for (size_t i = 0; i < c->n_named_arguments; i++) {
        WEIR_MSG(SQL__NamedArgumentsEntry, sql__named_arguments_entry, e, a);
        e->key = c->named_arguments[i]->key;
        e->value = c->named_arguments[i]->value;
        s->named_arguments[i] = e;
    }
    rel->rel_type_case = SK(RELATION__REL_TYPE_SQL);
    rel->sql = s;
    return rel;
}

/* A query is echoed (after analysis, so that mistakes show now); a command runs and its rows are
 * sent. */
static weir_rc do_sql(weir_cn_run *r, const SC(SqlCommand) * c) {
    SC(Relation) *in = c->input ? c->input : old_sql(r->mem, c), rel = SK(RELATION__INIT);
    SC(LocalRelation) local = SK(LOCAL_RELATION__INIT);
    weir_plan *p = NULL, *result = NULL;
    WEIR_TRY(weir_tp_relation(&r->tp, in, &p));
    weir_command *cmd = p->kind == WEIR_P_COMMAND ? p->command : NULL;
    if (p->kind == WEIR_P_WITH_CTE &&
        p->in[0]->kind == WEIR_P_COMMAND) { /* its query sees the DataFrames given by name */
        cmd = p->in[0]->command;
        p->in[0] = cmd->query;
        if (cmd->query) cmd->query = p;
    }
    if (!cmd) {
        WEIR_TRY(weir_session_analyze(r->ctx, r->session->session, p, &result));
        return send_relation(r, in);
    }
    WEIR_TRY(weir_session_command(r->ctx, r->session->session, cmd, &result));
    if (!result)
        result = weir_plan_local(r->ctx->arena, weir_type_struct(r->ctx->arena, NULL, 0), NULL, 0);
    WEIR_TRY(local_message(r, result, &rel, &local));
    return send_relation(r, &rel);
}

typedef struct shadow {
    const struct shadow *up;
    const weir_plan *cte;
} shadow;

static bool is_cte(const shadow *s, const char *name) {
    for (; s; s = s->up)
        for (int i = 0; i < s->cte->nname; i++)
            if (strcasecmp(s->cte->names[i], name) == 0) return true;
    return false;
}

/* A view keeps the views it was made from as they are now: df = spark.table("v")...;
 * df.createOrReplaceTempView("v") works. */
static void keep_views(weir_cn_run *r, const shadow *up, weir_plan **at) {
    weir_plan *p = *at;
    shadow here = {up, p};
    if (p->kind == WEIR_P_WITH_CTE) up = &here;
    for (int i = 0; i < p->nin; i++) keep_views(r, up, &p->in[i]);
    if (p->kind != WEIR_P_TABLE || p->nname < 1 || p->nname > 2 ||
        (p->nname == 1 && is_cte(up, p->names[0])))
        return;
    const char *key =
        p->nname == 1 ? p->names[0] : weir_printf(r->mem, "%s.%s", p->names[0], p->names[1]);
    weir_plan *view = weir_session_view_get(r->ctx, r->session->session, key);
    if (!view) return;
    *at = weir_plan_new(r->mem, WEIR_P_ALIAS, 1, view);
    weir_plan_add_name(r->mem, *at, p->names[p->nname - 1]);
    (*at)->plan_id = p->plan_id;
    (*at)->at = p->at;
}

/* SPARK ParserUtils: one part, or a database that is not looked at and one part. */
static weir_rc view_name(weir_ctx *ctx, const char *text, const char **out) {
    const char **part = NULL;
    int n = 0;
    weir_err err;
    weir_ctx own = *ctx;
    weir_err_init(&err);
    own.err = &err;
    bool good = weir_sql_parse_name(&own, text, &part, &n) == WEIR_OK && n >= 1 && n <= 2;
    weir_err_clear(&err);
    if (!good) return weir_fail(ctx, WEIR_E_INVALID_VIEW_NAME, "viewName", text);
    *out = part[n - 1];
    return WEIR_OK;
}

static weir_rc do_view(weir_cn_run *r, const SC(CreateDataFrameViewCommand) * v) {
    weir_plan *p = NULL, *checked = NULL;
    WEIR_TRY(weir_tp_relation(&r->tp, v->input, &p));
    WEIR_TRY(weir_session_analyze(r->ctx, r->session->session, p, &checked));
    keep_views(r, NULL, &p);
    const char *name = NULL;
    WEIR_TRY(view_name(r->ctx, weir_text(v->name), &name));
    bool replace = v->replace, global = v->is_global;
    weir_arena *mem = weir_cn_run_give(r);
    weir_rc rc = weir_session_view_put(r->ctx, r->session->session, name, p, mem, replace, global);
    if (rc != WEIR_OK) weir_arena_free(mem);
    return rc;
}

static weir_rc do_checkpoint(weir_cn_run *r, const SC(CheckpointCommand) * c) {
    weir_plan *p = NULL;
    weir_batch *b = NULL;
    int n = 0;
    char id[37];
    WEIR_TRY(weir_tp_relation(&r->tp, c->relation, &p));
    WEIR_TRY(weir_session_analyze(r->ctx, r->session->session, p, &p));
    if (p->streaming)
        return weir_tp_unsupported(r->ctx, "checkpoint() of a stream",
                                   "Use the checkpointLocation option of writeStream");
    WEIR_TRY(weir_exec_collect(r->ctx, p, &b, &n));
    weir_plan *held = weir_plan_local(r->ctx->arena, p->schema, b, n);
    weir_uuid(r->ctx->env, id);
    weir_arena *mem = weir_cn_run_give(r);
    weir_rc rc = weir_session_hold(r->ctx, r->session->session, id, held, mem);
    if (rc != WEIR_OK) {
        weir_arena_free(mem);
        return rc;
    }
    SC(ExecutePlanResponse) m = SK(EXECUTE_PLAN_RESPONSE__INIT);
    SC(CheckpointCommandResult) x = SK(CHECKPOINT_COMMAND_RESULT__INIT);
    SC(CachedRemoteRelation) rel = SK(CACHED_REMOTE_RELATION__INIT);
    rel.relation_id = id;
    x.relation = &rel;
    m.response_type_case = SK(EXECUTE_PLAN_RESPONSE__RESPONSE_TYPE_CHECKPOINT_COMMAND_RESULT);
    m.checkpoint_command_result = &x;
    return weir_cn_push(r, &m);
}

static weir_rc do_resources(weir_cn_run *r) {
    SC(ExecutePlanResponse) m = SK(EXECUTE_PLAN_RESPONSE__INIT);
    SC(GetResourcesCommandResult) x = SK(GET_RESOURCES_COMMAND_RESULT__INIT);
    m.response_type_case = SK(EXECUTE_PLAN_RESPONSE__RESPONSE_TYPE_GET_RESOURCES_COMMAND_RESULT);
    m.get_resources_command_result = &x;
    return weir_cn_push(r, &m);
}

static weir_rc do_ml(weir_cn_run *r, const SC(MlCommand) * c) {
    if (c->command_case == SK(ML_COMMAND__COMMAND_CLEAN_CACHE))
        return WEIR_OK; /* sent when a client exits */
    return weir_tp_unsupported(r->ctx, "Spark ML", "Run machine learning on Apache Spark");
}

static const char *unknown_name(const SC(Command) * c) {
    switch (c->command_type_case) {
    case CMD(REGISTER_FUNCTION): return "registering user-defined functions";
    case CMD(REGISTER_TABLE_FUNCTION): return "registering user-defined table functions";
    case CMD(REGISTER_DATA_SOURCE): return "data sources written in Python";
    case CMD(CREATE_RESOURCE_PROFILE_COMMAND): return "resource profiles";
    case CMD(MERGE_INTO_TABLE_COMMAND): return "mergeInto";
    case CMD(EXECUTE_EXTERNAL_COMMAND): return "executeCommand";
    case CMD(PIPELINE_COMMAND): return "declarative pipelines";
    case CMD(EXTENSION): return "command extensions (the Python API of Delta Lake); use SQL";
    default: return "a command of a kind this release does not know";
    }
}

weir_rc weir_cn_command(weir_cn_run *r, const SC(Command) * c) {
    weir_command *w = NULL;
    switch (c->command_type_case) {
    case CMD(SQL_COMMAND): return do_sql(r, c->sql_command);
    case CMD(CREATE_DATAFRAME_VIEW): return do_view(r, c->create_dataframe_view);
    case CMD(WRITE_OPERATION):
        WEIR_TRY(weir_tp_write(&r->tp, c->write_operation, &w));
        return weir_session_command(r->ctx, r->session->session, w, NULL);
    case CMD(WRITE_OPERATION_V2):
        WEIR_TRY(weir_tp_write_v2(&r->tp, c->write_operation_v2, &w));
        return weir_session_command(r->ctx, r->session->session, w, NULL);
    case CMD(WRITE_STREAM_OPERATION_START):
        return weir_cn_stream_start(r, c->write_stream_operation_start);
    case CMD(STREAMING_QUERY_COMMAND): return weir_cn_stream_command(r, c->streaming_query_command);
    case CMD(STREAMING_QUERY_MANAGER_COMMAND):
        return weir_cn_manager_command(r, c->streaming_query_manager_command);
    case CMD(STREAMING_QUERY_LISTENER_BUS_COMMAND):
        return weir_cn_bus_command(r, c->streaming_query_listener_bus_command);
    case CMD(CHECKPOINT_COMMAND): return do_checkpoint(r, c->checkpoint_command);
    case CMD(REMOVE_CACHED_REMOTE_RELATION_COMMAND):
        weir_session_release(
            r->session->session,
            weir_text(c->remove_cached_remote_relation_command->relation->relation_id));
        return WEIR_OK;
    case CMD(GET_RESOURCES_COMMAND): return do_resources(r);
    case CMD(ML_COMMAND): return do_ml(r, c->ml_command);
    default:
        return weir_tp_unsupported(r->ctx, unknown_name(c),
                                   "It is not in this release of weir; run it on Apache Spark");
    }
}
