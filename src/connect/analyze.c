/* AnalyzePlan: schemas, explanations and the other questions about a plan. Called on handler
 * threads. */
#include "base/mem.h"
#include "connect/connect.h"
#include "io/relation.h"
#include "plan/stream.h"

#define ASK(name) SK(ANALYZE_PLAN_REQUEST__ANALYZE_##name)
#define RES(name) SK(ANALYZE_PLAN_RESPONSE__RESULT_##name)
#define RESULT(type, init, var)                                                                    \
    WEIR_MSG(AnalyzePlanResponse__##type, analyze_plan_response__##init, var, ctx->arena)

static weir_rc resolve(weir_ctx *ctx, weir_cn_session *s, const SC(Relation) * rel,
                       weir_plan **out) {
    weir_tp tp = {.ctx = ctx, .session = s};
    WEIR_TRY(weir_tp_relation(&tp, rel, out));
    return weir_session_analyze(ctx, s->session, *out, out);
}

static weir_rc resolve_plan(weir_ctx *ctx, weir_cn_session *s, const SC(Plan) * p,
                            weir_plan **out) {
    weir_tp tp = {.ctx = ctx, .session = s};
    const SC(Relation) *root = NULL;
    const SC(Command) *command = NULL;
    WEIR_TRY(weir_tp_plan(&tp, p, &root, &command));
    if (!root) return weir_tp_unsupported(ctx, "analysis of a command", "Run it");
    return resolve(ctx, s, root, out);
}

static weir_schema *visible(weir_arena *a, const weir_plan *p) {
    weir_field *f = WEIR_NEWN(a, weir_field, p->schema->nfield + 1);
    int n = 0;
    for (int i = 0; i < p->schema->nfield; i++)
        if (!p->attr || !p->attr[i].hidden) f[n++] = p->schema->field[i];
    return weir_type_struct(a, f, n);
}

static void tree_type(weir_str *s, weir_arena *a, const weir_type *t, int depth, int most,
                      const char *prefix);

static void tree_field(weir_str *s, weir_arena *a, const char *name, const weir_type *t,
                       const char *word, bool nullable, int depth, int most, const char *prefix) {
    static const char *const kinds[] = {"array", "map", "struct"};
    const char *type = t->kind == WEIR_T_ARRAY    ? kinds[0]
                       : t->kind == WEIR_T_MAP    ? kinds[1]
                       : t->kind == WEIR_T_STRUCT ? kinds[2]
                                                  : weir_type_name(a, t);
    if (t->kind == WEIR_T_INT)
        type = "integer"; /* SPARK DataType.typeName, not simpleString */
    else if (t->kind == WEIR_T_LONG)
        type = "long";
    else if (t->kind == WEIR_T_SHORT)
        type = "short";
    else if (t->kind == WEIR_T_BYTE)
        type = "byte";
    weir_str_printf(s, "%s-- %s: %s", prefix, name, type);
    if (word) weir_str_printf(s, " (%s = %s)", word, nullable ? "true" : "false");
    weir_str_putc(s, '\n');
    if (depth < most) tree_type(s, a, t, depth + 1, most, weir_printf(a, "%s    |", prefix));
}

/* SPARK StructType.treeString. */
static void tree_type(weir_str *s, weir_arena *a, const weir_type *t, int depth, int most,
                      const char *prefix) {
    if (t->kind == WEIR_T_STRUCT) {
        for (int i = 0; i < t->nfield; i++)
            tree_field(s, a, t->field[i].name, t->field[i].type, "nullable", t->field[i].nullable,
                       depth, most, prefix);
    } else if (t->kind == WEIR_T_ARRAY) {
        tree_field(s, a, "element", t->field[0].type, "containsNull", t->field[0].nullable, depth,
                   most, prefix);
    } else if (t->kind == WEIR_T_MAP) {
        tree_field(s, a, "key", t->field[0].type, NULL, false, depth, most, prefix);
        tree_field(s, a, "value", t->field[1].type, "valueContainsNull", t->field[1].nullable,
                   depth, most, prefix);
    }
}

static char *schema_tree(weir_arena *a, weir_schema *t, int level) {
    weir_str s;
    weir_str_init(&s, a, 16 << 20);
    weir_str_puts(&s, "root\n");
    tree_type(&s, a, t, 1, level > 0 ? level : INT32_MAX, " |");
    return s.p;
}

static uint32_t mix(uint32_t h, const void *p, size_t n) {
    const uint8_t *b = p;
    for (size_t i = 0; i < n; i++) h = (h ^ b[i]) * 16777619u;
    return h;
}

static uint32_t mix_text(uint32_t h, const char *t) {
    return t ? mix(h, t, strlen(t) + 1) : mix(h, "\1", 1);
}

/* What two plans that give the same rows have in common. Aliases of relations are left out, as in
 * SPARK canonicalized plans. */
static uint32_t fingerprint(weir_arena *a, const weir_plan *p, uint32_t h) {
    while (p->kind == WEIR_P_ALIAS || p->kind == WEIR_P_HINT) p = p->in[0];
    int64_t numbers[] = {p->kind, p->n,       p->start, p->end,    p->step,     p->delay_us,
                         p->all,  p->by_name, p->outer, p->ngroup, p->truncate, p->join_type};
    h = mix(h, numbers, sizeof numbers);
    h = mix_text(mix_text(h, p->format), p->name);
    for (int i = 0; i < p->nexpr; i++) {
        const weir_expr *e = p->expr[i];
        while (e->kind == WEIR_EX_ALIAS) e = e->arg[0];
        h = mix_text(h, weir_expr_sql(a, e));
    }
    for (int i = 0; i < p->nname && p->kind != WEIR_P_TABLE; i++) h = mix_text(h, p->names[i]);
    for (int i = 0; i < p->options.n; i++)
        h = mix_text(mix_text(h, p->options.opt[i].key), p->options.opt[i].value);
    if (p->scan) {
        h = mix_text(h, p->scan->ops->format);
        for (int i = 0; i < p->scan->npath; i++) h = mix_text(h, p->scan->path[i]);
    }
    for (int b = 0; b < p->nbatch; b++)
        for (int c = 0; c < p->batch[b].schema->nfield; c++) {
            const weir_column *col = &p->batch[b].col[c];
            for (int64_t i = 0; i < col->len && !weir_type_is_nested(col->type); i++)
                h = weir_is_null(col, i) ? mix(h, "n", 1)
                                         : h ^ (uint32_t)weir_hash_row(col, i, (int32_t)h);
        }
    for (int i = 0; i < p->nin; i++) h = fingerprint(a, p->in[i], h);
    return h;
}

static void files_of(weir_ctx *ctx, const weir_plan *p, weir_plan *names, int depth) {
    weir_splits v = {0};
    for (int i = 0; i < p->nin && depth < WEIR_PB_DEPTH; i++)
        files_of(ctx, p->in[i], names, depth + 1);
    if (p->kind != WEIR_P_SCAN || !p->scan || p->scan->streaming || !p->scan->ops->split) return;
    if (p->scan->ops->split(ctx, p->scan, NULL, NULL, &v) != WEIR_OK) return;
    for (int64_t i = 0; i < v.n; i++) {
        bool seen = !v.v[i].uri;
        for (int k = 0; k < names->nname && !seen; k++)
            seen = strcmp(names->names[k], v.v[i].uri) == 0;
        if (!seen) weir_plan_add_name(ctx->arena, names, v.v[i].uri);
    }
}

static weir_rc do_schema(weir_ctx *ctx, weir_cn_session *s, const SC(Plan) * q,
                         SC(AnalyzePlanResponse) * a) {
    weir_plan *p = NULL;
    RESULT(Schema, schema, x);
    WEIR_TRY(resolve_plan(ctx, s, q, &p));
    x->schema = weir_pb_from_type(ctx->arena, visible(ctx->arena, p));
    a->result_case = RES(SCHEMA);
    a->schema = x;
    return WEIR_OK;
}

static weir_rc do_explain(weir_ctx *ctx, weir_cn_session *s,
                          const SC(AnalyzePlanRequest__Explain) * q, SC(AnalyzePlanResponse) * a) {
    weir_plan *p = NULL;
    RESULT(Explain, explain, x);
    WEIR_TRY(resolve_plan(ctx, s, q->plan, &p));
    const char *tree = weir_plan_tree(ctx->arena, p);
    bool all =
        q->explain_mode == SK(ANALYZE_PLAN_REQUEST__EXPLAIN__EXPLAIN_MODE__EXPLAIN_MODE_EXTENDED);
    x->explain_string =
        all ? weir_printf(ctx->arena,
                          "== Analyzed Logical Plan ==\n%s\n\n%s\n== Physical Plan ==\n%s",
                          weir_type_name(ctx->arena, visible(ctx->arena, p)), tree, tree)
            : weir_printf(ctx->arena, "== Physical Plan ==\n%s", tree);
    a->result_case = RES(EXPLAIN);
    a->explain = x;
    return WEIR_OK;
}

static weir_rc do_tree(weir_ctx *ctx, weir_cn_session *s,
                       const SC(AnalyzePlanRequest__TreeString) * q, SC(AnalyzePlanResponse) * a) {
    weir_plan *p = NULL;
    RESULT(TreeString, tree_string, x);
    WEIR_TRY(resolve_plan(ctx, s, q->plan, &p));
    x->tree_string = schema_tree(ctx->arena, visible(ctx->arena, p), q->has_level ? q->level : 0);
    a->result_case = RES(TREE_STRING);
    a->tree_string = x;
    return WEIR_OK;
}

static weir_rc do_flags(weir_ctx *ctx, weir_cn_session *s, const SC(AnalyzePlanRequest) * q,
                        SC(AnalyzePlanResponse) * a) {
    weir_plan *p = NULL;
    bool local = q->analyze_case == ASK(IS_LOCAL);
    RESULT(IsLocal, is_local, l);
    RESULT(IsStreaming, is_streaming, st);
    WEIR_TRY(resolve_plan(ctx, s, local ? q->is_local->plan : q->is_streaming->plan, &p));
    l->has_is_local = st->has_is_streaming = true;
    l->is_local = p->kind == WEIR_P_LOCAL;
    st->is_streaming = p->streaming;
    a->result_case = local ? RES(IS_LOCAL) : RES(IS_STREAMING);
    if (local)
        a->is_local = l;
    else
        a->is_streaming = st;
    return WEIR_OK;
}

static weir_rc do_files(weir_ctx *ctx, weir_cn_session *s, const SC(Plan) * q,
                        SC(AnalyzePlanResponse) * a) {
    weir_plan *p = NULL, names = {0};
    RESULT(InputFiles, input_files, x);
    WEIR_TRY(resolve_plan(ctx, s, q, &p));
    files_of(ctx, p, &names, 0);
    x->files = (char **)(uintptr_t)names.names;
    x->n_files = (size_t)names.nname;
    a->result_case = RES(INPUT_FILES);
    a->input_files = x;
    return WEIR_OK;
}

static weir_rc do_same(weir_ctx *ctx, weir_cn_session *s, const SC(AnalyzePlanRequest) * q,
                       SC(AnalyzePlanResponse) * a) {
    weir_plan *p = NULL, *o = NULL;
    RESULT(SameSemantics, same_semantics, same);
    RESULT(SemanticHash, semantic_hash, hash);
    bool two = q->analyze_case == ASK(SAME_SEMANTICS);
    WEIR_TRY(
        resolve_plan(ctx, s, two ? q->same_semantics->target_plan : q->semantic_hash->plan, &p));
    if (two) WEIR_TRY(resolve_plan(ctx, s, q->same_semantics->other_plan, &o));
    same->has_result = hash->has_result = true;
    hash->result = (int32_t)fingerprint(ctx->arena, p, 2166136261u);
    same->result = two && hash->result == (int32_t)fingerprint(ctx->arena, o, 2166136261u);
    a->result_case = two ? RES(SAME_SEMANTICS) : RES(SEMANTIC_HASH);
    if (two)
        a->same_semantics = same;
    else
        a->semantic_hash = hash;
    return WEIR_OK;
}

enum { LEVEL_DISK = 1, LEVEL_MEMORY = 2, LEVEL_OFF_HEAP = 4, LEVEL_DESERIALIZED = 8 };

/* Storage levels are remembered, and change nothing: relations are read again when they are used
 * again. */
static weir_rc do_persist(weir_ctx *ctx, weir_cn_session *s, const SC(AnalyzePlanRequest) * q,
                          SC(AnalyzePlanResponse) * a) {
    weir_plan *p = NULL;
    RESULT(Persist, persist, x);
    RESULT(Unpersist, unpersist, y);
    bool on = q->analyze_case == ASK(PERSIST);
    WEIR_TRY(resolve(ctx, s, on ? q->persist->relation : q->unpersist->relation, &p));
    if (on) WEIR_TRY(weir_check_batch(ctx, p));
    uint32_t h = fingerprint(ctx->arena, p, 2166136261u);
    const SC(StorageLevel) *l = on ? q->persist->storage_level : NULL;
    int bits = l ? (l->use_disk ? LEVEL_DISK : 0) | (l->use_memory ? LEVEL_MEMORY : 0) |
                       (l->use_off_heap ? LEVEL_OFF_HEAP : 0) |
                       (l->deserialized ? LEVEL_DESERIALIZED : 0)
                 : LEVEL_DISK | LEVEL_MEMORY | LEVEL_DESERIALIZED;
    weir_lock(&s->mu);
    struct weir_cn_level **at = &s->persisted, *level;
    while (*at && (*at)->hash != h) at = &(*at)->next;
    level = *at;
    if (on && !level) {
        level = weir_mem_resize(NULL, sizeof *level);
        *level =
            (struct weir_cn_level){s->persisted, h, bits, l && l->replication ? l->replication : 1};
        s->persisted = level;
    } else if (!on && level) {
        *at = level->next;
        weir_mem_free(level);
    }
    weir_unlock(&s->mu);
    a->result_case = on ? RES(PERSIST) : RES(UNPERSIST);
    if (on)
        a->persist = x;
    else
        a->unpersist = y;
    return WEIR_OK;
}

void weir_cn_levels_free(weir_cn_session *s) {
    for (struct weir_cn_level *v = s->persisted, *next; v; v = next) {
        next = v->next;
        weir_mem_free(v);
    }
    s->persisted = NULL;
}

static weir_rc do_level(weir_ctx *ctx, weir_cn_session *s, const SC(Relation) * rel,
                        SC(AnalyzePlanResponse) * a) {
    weir_plan *p = NULL;
    RESULT(GetStorageLevel, get_storage_level, x);
    WEIR_MSG(StorageLevel, storage_level, l, ctx->arena);
    WEIR_TRY(resolve(ctx, s, rel, &p));
    uint32_t h = fingerprint(ctx->arena, p, 2166136261u);
    int bits = 0, replication = 1;
    weir_lock(&s->mu);
    for (const struct weir_cn_level *v = s->persisted; v; v = v->next)
        if (v->hash == h) bits = v->bits, replication = v->replication;
    weir_unlock(&s->mu);
    l->has_use_disk = l->has_use_memory = l->has_use_off_heap = l->has_deserialized =
        l->has_replication = true;
    l->use_disk = bits & LEVEL_DISK;
    l->use_memory = (bits & LEVEL_MEMORY) != 0;
    l->use_off_heap = (bits & LEVEL_OFF_HEAP) != 0;
    l->deserialized = (bits & LEVEL_DESERIALIZED) != 0;
    l->replication = replication;
    x->storage_level = l;
    a->result_case = RES(GET_STORAGE_LEVEL);
    a->get_storage_level = x;
    return WEIR_OK;
}

static weir_rc do_parse(weir_ctx *ctx, const char *ddl, SC(AnalyzePlanResponse) * a) {
    const weir_type *t = NULL;
    weir_err quiet;
    weir_ctx c = *ctx;
    RESULT(DDLParse, ddlparse, x);
    weir_err_init(&quiet);
    c.err = &quiet;
    weir_rc rc = weir_sql_parse_type(&c, ddl, &t); /* "int", or else columns: "a int, b string" */
    weir_err_clear(&quiet);
    if (rc != WEIR_OK) WEIR_TRY(weir_sql_parse_schema(ctx, ddl, &t));
    x->parsed = weir_pb_from_type(ctx->arena, t);
    a->result_case = RES(DDL_PARSE);
    a->ddl_parse = x;
    return WEIR_OK;
}

/* SPARK StructType.toDDL. */
static weir_rc do_ddl(weir_ctx *ctx, const char *json, SC(AnalyzePlanResponse) * a) {
    const weir_type *t = NULL;
    weir_str s;
    RESULT(JsonToDDL, json_to_ddl, x);
    WEIR_TRY(weir_type_from_json(ctx, json, strlen(json), &t));
    weir_str_init(&s, ctx->arena, 16 << 20);
    weir_str_puts(&s, "");
    for (int i = 0; i < t->nfield; i++)
        weir_str_printf(&s, weir_sql_reserved_quote(t->field[i].name) ? "%s`%s` %s%s" : "%s%s %s%s",
                        i ? "," : "", t->field[i].name, weir_type_sql(ctx->arena, t->field[i].type),
                        t->field[i].nullable ? "" : " NOT NULL");
    x->ddl_string = s.p ? s.p : "";
    a->result_case = RES(JSON_TO_DDL);
    a->json_to_ddl = x;
    return WEIR_OK;
}

static weir_rc answer(weir_ctx *ctx, weir_cn_session *s, const SC(AnalyzePlanRequest) * q,
                      SC(AnalyzePlanResponse) * a) {
    RESULT(SparkVersion, spark_version, version);
    switch (q->analyze_case) {
    case ASK(SCHEMA): return do_schema(ctx, s, q->schema->plan, a);
    case ASK(EXPLAIN): return do_explain(ctx, s, q->explain, a);
    case ASK(TREE_STRING): return do_tree(ctx, s, q->tree_string, a);
    case ASK(IS_LOCAL):
    case ASK(IS_STREAMING): return do_flags(ctx, s, q, a);
    case ASK(INPUT_FILES): return do_files(ctx, s, q->input_files->plan, a);
    case ASK(SPARK_VERSION):
        version->version = weir_pb_text(WEIR_SPARK_VERSION);
        a->result_case = RES(SPARK_VERSION);
        a->spark_version = version;
        return WEIR_OK;
    case ASK(DDL_PARSE): return do_parse(ctx, weir_text(q->ddl_parse->ddl_string), a);
    case ASK(SAME_SEMANTICS):
    case ASK(SEMANTIC_HASH): return do_same(ctx, s, q, a);
    case ASK(PERSIST):
    case ASK(UNPERSIST): return do_persist(ctx, s, q, a);
    case ASK(GET_STORAGE_LEVEL): return do_level(ctx, s, q->get_storage_level->relation, a);
    case ASK(JSON_TO_DDL): return do_ddl(ctx, weir_text(q->json_to_ddl->json_string), a);
    default: return weir_tp_unsupported(ctx, "this analysis request", NULL);
    }
}

void weir_cn_analyze(weir_cn_server *server, weir_rpc *rpc, weir_ctx *ctx) {
    SC(AnalyzePlanRequest) *q = NULL;
    SC(AnalyzePlanResponse) a = SK(ANALYZE_PLAN_RESPONSE__INIT);
    weir_cn_session *s = NULL;
    weir_ctx c = *ctx;
    size_t n = 0;
    const uint8_t *p = weir_rpc_next(rpc, &n);
    weir_rc rc =
        weir_pb_unpack(ctx, &spark__connect__analyze_plan_request__descriptor, p, p ? n : 0, &q);
    if (rc == WEIR_OK)
        rc = weir_cn_session_get(ctx, server, q->user_context, q->session_id,
                                 q->client_observed_server_side_session_id, &s);
    if (rc == WEIR_OK) {
        weir_session_ctx(s->session, ctx->arena, ctx->err, NULL, &c);
        rc = answer(&c, s, q, &a);
    }
    if (rc == WEIR_OK) {
        a.session_id = s->id;
        a.server_side_session_id = s->ssid;
        weir_cn_reply(rpc, ctx, &a.base);
    } else {
        weir_cn_fail(server, rpc, s, ctx->err);
    }
    if (s) weir_cn_session_unref(s);
}
