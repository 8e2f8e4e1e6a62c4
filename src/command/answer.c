/* Results of commands, and the dispatch of commands. */
#include "command/command.h"

weir_schema *weir_text_schema(weir_arena *a, int n, const char *const *names) {
    weir_field *f = WEIR_NEWN(a, weir_field, n);
    for (int i = 0; i < n; i++) f[i] = (weir_field){names[i], &weir_t_string, false, NULL};
    return weir_type_struct(a, f, n);
}

weir_rc weir_answer_init(weir_ctx *ctx, weir_answer *r, weir_schema *schema) {
    *r = (weir_answer){
        .ctx = ctx, .schema = schema, .col = WEIR_NEWN(ctx->arena, weir_build, schema->nfield + 1)};
    for (int i = 0; i < schema->nfield; i++)
        WEIR_TRY(weir_build_init(ctx, &r->col[i], schema->field[i].type));
    return WEIR_OK;
}

void weir_answer_text(weir_answer *r, int col, const char *text) {
    if (text)
        weir_build_bytes(&r->col[col], text, strlen(text));
    else
        weir_build_null(&r->col[col]);
}

void weir_answer_bool(weir_answer *r, int col, bool v) { weir_build_bool(&r->col[col], v); }

void weir_answer_row(weir_answer *r) {
    r->rows++;
    for (int i = 0; i < r->schema->nfield; i++)
        while (r->col[i].len < r->rows) weir_build_null(&r->col[i]);
}

weir_rc weir_answer_done(weir_answer *r, weir_plan **out) {
    weir_batch b = {.schema = r->schema,
                    .len = r->rows,
                    .col = WEIR_NEWN(r->ctx->arena, weir_column, r->schema->nfield + 1)};
    for (int i = 0; i < r->schema->nfield; i++)
        WEIR_TRY(weir_build_finish(r->ctx, &r->col[i], &b.col[i]));
    *out = weir_plan_new(r->ctx->arena, WEIR_P_LOCAL, 0);
    weir_batch *v = weir_memdup(r->ctx->arena, &b, sizeof b);
    (*out)->schema = r->schema;
    (*out)->batch = v;
    (*out)->nbatch = r->rows ? 1 : 0;
    return WEIR_OK;
}

weir_rc weir_answer_none(weir_ctx *ctx, weir_plan **out) {
    *out = weir_plan_new(ctx->arena, WEIR_P_LOCAL, 0);
    (*out)->schema = weir_type_struct(ctx->arena, NULL, 0);
    return WEIR_OK;
}

weir_rc weir_name_split(weir_ctx *ctx, weir_session *s, const char *const *name, int n,
                        const char **schema, const char **table) {
    if (n == 3 && strcmp(name[0], "spark_catalog") == 0) n--, name++;
    if (n < 1 || n > 2)
        return weir_fail(ctx, WEIR_E_REQUIRES_SINGLE_PART_NAMESPACE, "sessionCatalog",
                         "spark_catalog", "identifier",
                         weir_printf(ctx->arena, "`%s`.`%s`", name[0], n > 1 ? name[1] : ""));
    *schema = n == 2 ? name[0] : weir_session_current_schema(s);
    *table = name[n - 1];
    return WEIR_OK;
}

static weir_rc explain(weir_ctx *ctx, weir_session *s, weir_command *c, weir_plan **out) {
    static const char *const names[] = {"plan"};
    weir_plan *p = NULL;
    weir_answer r;
    WEIR_TRY(weir_session_analyze(ctx, s, c->query, &p));
    WEIR_TRY(weir_answer_init(ctx, &r, weir_text_schema(ctx->arena, 1, names)));
    weir_answer_text(
        &r, 0, weir_printf(ctx->arena, "== Physical Plan ==\n%s", weir_plan_tree(ctx->arena, p)));
    weir_answer_row(&r);
    return weir_answer_done(&r, out);
}

/* What has been done is answered: memory that was short after it fails nobody. */
static weir_rc done(weir_ctx *ctx, weir_rc rc) {
    if (rc == WEIR_OK) weir_budget_unmark(ctx->budget);
    return rc;
}

weir_rc weir_session_command(weir_ctx *ctx, weir_session *s, weir_command *c, weir_plan **out) {
    weir_plan *none;
    if (!out) out = &none;
    WEIR_TRY(weir_answer_none(ctx, out));
    switch (c->kind) {
    case WEIR_C_CREATE_SCHEMA:
    case WEIR_C_DROP_SCHEMA:
    case WEIR_C_CREATE_TABLE:
    case WEIR_C_DROP_TABLE:
    case WEIR_C_CREATE_VIEW:
    case WEIR_C_DROP_VIEW:
    case WEIR_C_USE:
    case WEIR_C_TRUNCATE: return done(ctx, weir_ddl(ctx, s, c, out));
    case WEIR_C_SHOW_TABLES:
    case WEIR_C_SHOW_SCHEMAS:
    case WEIR_C_SHOW_COLUMNS:
    case WEIR_C_SHOW_TBLPROPERTIES:
    case WEIR_C_SHOW_VIEWS:
    case WEIR_C_SHOW_CREATE:
    case WEIR_C_SHOW_FUNCTIONS:
    case WEIR_C_SHOW_CATALOGS:
    case WEIR_C_SHOW_PARTITIONS: return weir_show(ctx, s, c, out);
    case WEIR_C_DESCRIBE:
    case WEIR_C_DESCRIBE_SCHEMA:
    case WEIR_C_DESCRIBE_HISTORY:
    case WEIR_C_DESCRIBE_DETAIL:
    case WEIR_C_DESCRIBE_QUERY: return weir_describe(ctx, s, c, out);
    case WEIR_C_SET:
    case WEIR_C_RESET: return weir_set(ctx, s, c, out);
    case WEIR_C_WRITE: return done(ctx, weir_write(ctx, s, c));
    case WEIR_C_INSERT: return done(ctx, weir_insert(ctx, s, c));
    case WEIR_C_EXPLAIN: return explain(ctx, s, c, out);
    case WEIR_C_CACHE:
    case WEIR_C_UNCACHE:
    case WEIR_C_REFRESH: return WEIR_OK; /* nothing is cached: always fresh */
    case WEIR_C_ALTER_TABLE:
    case WEIR_C_UNSUPPORTED: break;
    }
    return weir_fail(ctx, WEIR_E_UNSUPPORTED_FEATURE, "feature",
                     c->text ? c->text : "this statement");
}
