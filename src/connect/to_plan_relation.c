/* Relations from Spark Connect's messages. Depth is bounded by weir_pb_check. Any thread. */
#include "codec/arrow_ipc.h"
#include "connect/connect.h"

#include <strings.h>

#define REL(name) SK(RELATION__REL_TYPE_##name)

typedef struct entry {
    ProtobufCMessage base;
    char *key, *value;
} entry; /* every generated map<string, string> */

weir_options weir_tp_options(weir_ctx *ctx, void *entries, size_t n) {
    entry **e = entries;
    weir_options o = {(int32_t)n, WEIR_NEWN(ctx->arena, weir_option, n + 1)};
    for (size_t i = 0; i < n; i++)
        o.opt[i] = (weir_option){weir_text(e[i]->key), weir_text(e[i]->value)};
    return o;
}

static weir_rc node(weir_tp *tp, weir_pkind kind, const SC(Relation) * in, weir_plan **out) {
    weir_plan *p = NULL;
    WEIR_TRY(weir_tp_relation(tp, in, &p));
    *out = weir_plan_new(tp->ctx->arena, kind, 1, p);
    return WEIR_OK;
}

static weir_rc add_exprs(weir_tp *tp, weir_plan *p, SC(Expression) * *e, size_t n) {
    for (size_t i = 0; i < n; i++) {
        weir_expr *x = NULL;
        WEIR_TRY(weir_tp_expr(tp, e[i], &x));
        weir_plan_add_expr(tp->ctx->arena, p, x);
    }
    return WEIR_OK;
}

static void add_names(weir_tp *tp, weir_plan *p, char **v, size_t n) {
    for (size_t i = 0; i < n; i++) weir_plan_add_name(tp->ctx->arena, p, weir_text(v[i]));
}

static weir_rc to_read(weir_tp *tp, const SC(Read) * r, weir_plan **out) {
    weir_arena *a = tp->ctx->arena;
    if (r->read_type_case == SK(READ__READ_TYPE_NAMED_TABLE)) {
        int n = 0;
        weir_plan *p = weir_plan_new(a, WEIR_P_TABLE, 0);
        WEIR_TRY(weir_sql_parse_name(tp->ctx, weir_text(r->named_table->unparsed_identifier),
                                     &p->names, &n));
        p->nname = n;
        p->options = WEIR_TP_OPTIONS(tp, r->named_table);
        p->streaming = r->is_streaming;
        *out = p;
        return WEIR_OK;
    }
    if (r->read_type_case != SK(READ__READ_TYPE_DATA_SOURCE))
        return weir_tp_unsupported(tp->ctx, "this kind of read", NULL);
    const SC(Read__DataSource) *d = r->data_source;
    if (d->n_predicates)
        return weir_tp_unsupported(tp->ctx, "predicates of a JDBC read",
                                   "Read the table by another format");
    weir_plan *p = weir_plan_new(a, WEIR_P_SOURCE, 0);
    p->format = d->format && *d->format
                    ? d->format
                    : weir_strdup(a, weir_conf_get(tp->ctx->conf, "spark.sql.sources.default"));
    p->options = WEIR_TP_OPTIONS(tp, d);
    add_names(tp, p, d->paths, d->n_paths);
    p->streaming = r->is_streaming;
    *out = p;
    if (!d->schema || !*d->schema) return WEIR_OK;
    p->schema_text = d->schema;
    return weir_sql_parse_schema(tp->ctx, d->schema, &p->type);
}

weir_rc weir_tp_local(weir_tp *tp, const void *data, size_t n, const char *schema_text,
                      weir_plan **out) {
    weir_schema *want = NULL, *schema = NULL;
    weir_batch *batch = NULL;
    int nbatch = 0;
    if (schema_text && *schema_text) WEIR_TRY(weir_sql_parse_schema(tp->ctx, schema_text, &want));
    if (n) WEIR_TRY(weir_ipc_read_stream(tp->ctx, data, n, want, &schema, &batch, &nbatch));
    if (!schema) schema = want;
    if (!schema)
        return weir_fail(tp->ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                         "A local relation has neither data nor a schema.");
    *out = weir_plan_local(tp->ctx->arena, schema, batch, nbatch);
    return WEIR_OK;
}

static weir_rc need_session(weir_tp *tp) {
    return tp->session ? WEIR_OK
                       : weir_fail(tp->ctx, WEIR_E_ILLEGAL_STATE, "message",
                                   "No session holds the cached data of this plan.");
}

static weir_rc to_cached(weir_tp *tp, const SC(CachedLocalRelation) * c, weir_plan **out) {
    char *p = NULL;
    size_t n = 0;
    SC(LocalRelation) *l = NULL;
    WEIR_TRY(need_session(tp));
    WEIR_TRY(weir_cn_artifact_read(tp->ctx, tp->session, weir_text(c->hash), &p, &n));
    WEIR_TRY(
        weir_pb_unpack(tp->ctx, &spark__connect__local_relation__descriptor, (uint8_t *)p, n, &l));
    return weir_tp_local(tp, l->data.data, l->data.len, l->schema, out);
}

static weir_rc to_chunked(weir_tp *tp, const SC(ChunkedCachedLocalRelation) * c, weir_plan **out) {
    char *text = NULL, *p = NULL;
    size_t n = 0;
    weir_plan *all = NULL;
    WEIR_TRY(need_session(tp));
    if (c->schemahash && *c->schemahash)
        WEIR_TRY(weir_cn_artifact_read(tp->ctx, tp->session, c->schemahash, &text, &n));
    weir_plan **part = WEIR_NEWN(tp->ctx->arena, weir_plan *, c->n_datahashes + 1);
    int batches = 0;
    for (size_t i = 0; i < c->n_datahashes; i++) {
        WEIR_TRY(weir_cn_artifact_read(tp->ctx, tp->session, weir_text(c->datahashes[i]), &p, &n));
        WEIR_TRY(weir_tp_local(tp, p, n, text, &part[i]));
        batches += part[i]->nbatch;
    }
    if (c->n_datahashes == 0) return weir_tp_local(tp, NULL, 0, text, out);
    weir_batch *v = WEIR_NEWN(tp->ctx->arena, weir_batch, batches + 1);
    batches = 0;
    for (size_t i = 0; i < c->n_datahashes; i++)
        for (int k = 0; k < part[i]->nbatch; k++) v[batches++] = part[i]->batch[k];
    all = weir_plan_local(tp->ctx->arena, part[0]->schema, v, batches);
    *out = all;
    return WEIR_OK;
}

weir_rc weir_tp_sql_args(weir_tp *tp, const SC(SQL) * s, weir_sql_args *out) {
    size_t n = s->n_args + s->n_pos_args + s->n_named_arguments + s->n_pos_arguments;
    *out = (weir_sql_args){0, WEIR_NEWN(tp->ctx->arena, const char *, n + 1),
                           WEIR_NEWN(tp->ctx->arena, weir_expr *, n + 1)};
    for (size_t i = 0; i < s->n_args; i++) {
        out->name[out->n] = weir_text(s->args[i]->key);
        WEIR_TRY(weir_tp_literal(tp->ctx, s->args[i]->value, &out->value[out->n++]));
    }
    for (size_t i = 0; i < s->n_pos_args; i++)
        WEIR_TRY(weir_tp_literal(tp->ctx, s->pos_args[i], &out->value[out->n++]));
    for (size_t i = 0; i < s->n_named_arguments; i++) {
        out->name[out->n] = weir_text(s->named_arguments[i]->key);
        WEIR_TRY(weir_tp_expr(tp, s->named_arguments[i]->value, &out->value[out->n++]));
    }
    for (size_t i = 0; i < s->n_pos_arguments; i++)
        WEIR_TRY(weir_tp_expr(tp, s->pos_arguments[i], &out->value[out->n++]));
    return WEIR_OK;
}

static weir_rc to_sql(weir_tp *tp, const SC(SQL) * s, weir_plan **out) {
    weir_sql_args args;
    weir_command *c = NULL;
    WEIR_TRY(weir_tp_sql_args(tp, s, &args));
    WEIR_TRY(weir_sql_parse(tp->ctx, weir_text(s->query), &args, out, &c));
    if (*out) return WEIR_OK;
    *out = weir_plan_new(tp->ctx->arena, WEIR_P_COMMAND, 0);
    (*out)->command = c;
    return WEIR_OK;
}

static weir_rc to_join(weir_tp *tp, const SC(Join) * j, weir_plan **out) {
    weir_plan *l = NULL, *r = NULL;
    WEIR_TRY(weir_tp_relation(tp, j->left, &l));
    WEIR_TRY(weir_tp_relation(tp, j->right, &r));
    weir_plan *p = weir_plan_new(tp->ctx->arena, WEIR_P_JOIN, 2, l, r);
    p->join_type = (int32_t)j->join_type;
    add_names(tp, p, j->using_columns, j->n_using_columns);
    *out = p;
    return j->join_condition ? add_exprs(tp, p, (SC(Expression) **)(uintptr_t)&j->join_condition, 1)
                             : WEIR_OK;
}

static weir_rc to_setop(weir_tp *tp, const SC(SetOperation) * s, weir_plan **out) {
    weir_plan *l = NULL, *r = NULL;
    int t = (int)s->set_op_type;
    WEIR_TRY(weir_tp_relation(tp, s->left_input, &l));
    WEIR_TRY(weir_tp_relation(tp, s->right_input, &r));
    weir_pkind kind = t == 1 ? WEIR_P_INTERSECT : t == 3 ? WEIR_P_EXCEPT : WEIR_P_UNION;
    if (t < 1 || t > 3) return weir_tp_unsupported(tp->ctx, "this set operation", NULL);
    weir_plan *p = weir_plan_new(tp->ctx->arena, kind, 2, l, r);
    p->all = s->is_all;
    p->by_name = s->by_name;
    p->allow_missing = s->allow_missing_columns;
    *out = p;
    return WEIR_OK;
}

static weir_rc to_sort(weir_tp *tp, const SC(Sort) * s, weir_plan **out) {
    WEIR_TRY(node(tp, WEIR_P_SORT, s->input, out));
    (*out)->global = s->is_global;
    for (size_t i = 0; i < s->n_order; i++) {
        weir_expr *e = NULL;
        WEIR_TRY(weir_tp_sort(tp, s->order[i], &e));
        weir_plan_add_expr(tp->ctx->arena, *out, e);
    }
    return WEIR_OK;
}

static weir_rc to_aggregate(weir_tp *tp, const SC(Aggregate) * g, weir_plan **out) {
    static const int kinds[] = {0, 0, 1, 2, 4, 3};
    int t = (int)g->group_type;
    WEIR_TRY(node(tp, WEIR_P_AGGREGATE, g->input, out));
    (*out)->group_kind = t >= 0 && t <= 5 ? kinds[t] : 4;
    (*out)->all = true; /* grouping columns lead the output */
    WEIR_TRY(add_exprs(tp, *out, g->grouping_expressions, g->n_grouping_expressions));
    (*out)->ngroup = (*out)->nexpr;
    return add_exprs(tp, *out, g->aggregate_expressions, g->n_aggregate_expressions);
}

static weir_rc to_with_columns(weir_tp *tp, const SC(WithColumns) * w, weir_plan **out) {
    WEIR_TRY(node(tp, WEIR_P_WITH_COLUMNS, w->input, out));
    for (size_t i = 0; i < w->n_aliases; i++) {
        SC(Expression) wrap = SK(EXPRESSION__INIT);
        SC(Expression) *one = &wrap;
        wrap.expr_type_case = SK(EXPRESSION__EXPR_TYPE_ALIAS);
        wrap.alias = w->aliases[i];
        WEIR_TRY(add_exprs(tp, *out, &one, 1));
    }
    return WEIR_OK;
}

static weir_rc to_renamed(weir_tp *tp, const SC(WithColumnsRenamed) * w, weir_plan **out) {
    WEIR_TRY(node(tp, WEIR_P_RENAME, w->input, out));
    for (size_t i = 0; i < w->n_rename_columns_map; i++) {
        char *pair[] = {w->rename_columns_map[i]->key, w->rename_columns_map[i]->value};
        add_names(tp, *out, pair, 2);
    }
    for (size_t i = 0; i < w->n_renames; i++) {
        char *pair[] = {w->renames[i]->col_name, w->renames[i]->new_col_name};
        add_names(tp, *out, pair, 2);
    }
    return WEIR_OK;
}

static weir_rc to_watermark(weir_tp *tp, const SC(WithWatermark) * w, weir_plan **out) {
    weir_interval i = {0};
    WEIR_TRY(node(tp, WEIR_P_WATERMARK, w->input, out));
    if (weir_sql_parse_interval(tp->ctx, weir_text(w->delay_threshold), &i) != WEIR_OK) {
        weir_err_clear(tp->ctx->err);
        return weir_fail(tp->ctx, WEIR_E_CANNOT_PARSE_INTERVAL, "intervalString",
                         weir_printf(tp->ctx->arena, "'%s'", weir_text(w->delay_threshold)));
    }
    (*out)->delay_us = i.micros + (int64_t)i.days * 86400000000ll +
                       (int64_t)i.months * 31 * 86400000000ll; /* SPARK: a month is 31 days here */
    if ((*out)->delay_us < 0)
        return weir_fail(tp->ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                         weir_printf(tp->ctx->arena,
                                     "requirement failed: delay threshold (%s) should "
                                     "not be negative.",
                                     weir_text(w->delay_threshold)));
    weir_plan_add_name(tp->ctx->arena, *out, weir_text(w->event_time));
    return WEIR_OK;
}

static weir_rc to_fill(weir_tp *tp, const SC(NAFill) * f, weir_plan **out) {
    WEIR_TRY(node(tp, WEIR_P_NA_FILL, f->input, out));
    add_names(tp, *out, f->cols, f->n_cols);
    for (size_t i = 0; i < f->n_values; i++) {
        weir_expr *e = NULL;
        WEIR_TRY(weir_tp_literal(tp->ctx, f->values[i], &e));
        weir_plan_add_expr(tp->ctx->arena, *out, e);
    }
    return WEIR_OK;
}

static weir_rc to_replace(weir_tp *tp, const SC(NAReplace) * r, weir_plan **out) {
    WEIR_TRY(node(tp, WEIR_P_NA_REPLACE, r->input, out));
    add_names(tp, *out, r->cols, r->n_cols);
    for (size_t i = 0; i < r->n_replacements; i++) {
        weir_expr *a = NULL, *b = NULL;
        WEIR_TRY(weir_tp_literal(tp->ctx, r->replacements[i]->old_value, &a));
        WEIR_TRY(weir_tp_literal(tp->ctx, r->replacements[i]->new_value, &b));
        weir_plan_add_expr(tp->ctx->arena, *out, a);
        weir_plan_add_expr(tp->ctx->arena, *out, b);
    }
    return WEIR_OK;
}

/* The references are views by alias, seen by the root's SQL text. */
static weir_rc to_with_relations(weir_tp *tp, const SC(WithRelations) * w, weir_plan **out) {
    weir_plan *root = NULL, *cte = weir_plan_new(tp->ctx->arena, WEIR_P_WITH_CTE, 0);
    WEIR_TRY(weir_tp_relation(tp, w->root, &root));
    cte->in = WEIR_NEWN(tp->ctx->arena, weir_plan *, w->n_references + 1);
    cte->in[cte->nin++] = root;
    for (size_t i = 0; i < w->n_references; i++) {
        const SC(Relation) *r = w->references[i];
        if (r->rel_type_case != REL(SUBQUERY_ALIAS))
            return weir_tp_unsupported(tp->ctx, "subqueries in expressions (scalar, exists, in)",
                                       "Write the query without it, or run it on Apache Spark");
        WEIR_TRY(weir_tp_relation(tp, r, &cte->in[cte->nin++]));
        weir_plan_add_name(tp->ctx->arena, cte, weir_text(r->subquery_alias->alias));
    }
    *out = cte;
    return WEIR_OK;
}

static weir_rc to_unpivot(weir_tp *tp, const SC(Unpivot) * u, weir_plan **out) {
    return node(tp, WEIR_P_UNPIVOT, u->input, out); /* refused by analysis */
}

static const char *unknown_name(const SC(Relation) * r) {
    switch (r->rel_type_case) {
    case REL(MAP_PARTITIONS): return "mapInPandas and mapInArrow";
    case REL(GROUP_MAP): return "applyInPandas, applyInArrow and transformWithState";
    case REL(CO_GROUP_MAP): return "cogroup().applyInPandas";
    case REL(APPLY_IN_PANDAS_WITH_STATE): return "applyInPandasWithState";
    case REL(PARSE):
        return "spark.read.json, csv and xml over a DataFrame of strings; use from_json, from_csv";
    case REL(COMMON_INLINE_USER_DEFINED_TABLE_FUNCTION): return "user-defined table functions";
    case REL(COMMON_INLINE_USER_DEFINED_DATA_SOURCE): return "data sources written in Python";
    case REL(AS_OF_JOIN): return "as-of joins";
    case REL(TRANSPOSE): return "transpose";
    case REL(UNRESOLVED_TABLE_VALUED_FUNCTION): return "table-valued functions";
    case REL(LATERAL_JOIN): return "lateral joins";
    case REL(RELATION_CHANGES): return "the change feed of a table (changes)";
    case REL(NEAREST_BY_JOIN): return "nearest-by joins";
    case REL(CROSSTAB): return "crosstab; group by both columns and count";
    case REL(COV): return "stat.cov; use covar_samp in agg()";
    case REL(CORR): return "stat.corr; use corr in agg()";
    case REL(APPROX_QUANTILE): return "approxQuantile; use percentile_approx in agg()";
    case REL(FREQ_ITEMS): return "freqItems; group by the column and count";
    case REL(SAMPLE_BY): return "sampleBy; filter and sample each stratum";
    case REL(ML_RELATION): return "Spark ML";
    case REL(EXTENSION): return "relation extensions (the Python API of Delta Lake); use SQL";
    default: return "a relation of a kind this release does not know";
    }
}

static weir_rc limit_node(weir_tp *tp, weir_pkind kind, const SC(Relation) * in, int64_t n,
                          weir_plan **out) {
    WEIR_TRY(node(tp, kind, in, out));
    (*out)->n = n;
    return WEIR_OK;
}

static weir_rc to_show(weir_tp *tp, const SC(Relation) * r, weir_plan **out) {
    bool text = r->rel_type_case == REL(SHOW_STRING);
    WEIR_TRY(limit_node(tp, text ? WEIR_P_SHOW_STRING : WEIR_P_HTML_STRING,
                        text ? r->show_string->input : r->html_string->input,
                        text ? r->show_string->num_rows : r->html_string->num_rows, out));
    (*out)->truncate = text ? r->show_string->truncate : r->html_string->truncate;
    (*out)->vertical = text && r->show_string->vertical;
    return WEIR_OK;
}

static weir_rc to_named(weir_tp *tp, weir_pkind kind, const SC(Relation) * in, char **names,
                        size_t n, weir_plan **out) {
    WEIR_TRY(node(tp, kind, in, out));
    add_names(tp, *out, names, n);
    return WEIR_OK;
}

static weir_rc to_listed(weir_tp *tp, weir_pkind kind, const SC(Relation) * in, SC(Expression) * *e,
                         size_t n, weir_plan **out) {
    WEIR_TRY(node(tp, kind, in, out));
    return add_exprs(tp, *out, e, n);
}

static weir_rc to_drop(weir_tp *tp, const SC(Drop) * d, weir_plan **out) {
    WEIR_TRY(to_named(tp, WEIR_P_DROP, d->input, d->column_names, d->n_column_names, out));
    return add_exprs(tp, *out, d->columns, d->n_columns);
}

static weir_rc to_project(weir_tp *tp, const SC(Project) * p, weir_plan **out) {
    if (p->input)
        return to_listed(tp, WEIR_P_PROJECT, p->input, p->expressions, p->n_expressions, out);
    weir_plan *one = weir_plan_new(tp->ctx->arena, WEIR_P_RANGE, 0); /* a row without columns */
    one->n = WEIR_ONE_ROW;
    one->end = one->step = 1;
    *out = weir_plan_new(tp->ctx->arena, WEIR_P_PROJECT, 1, one);
    return add_exprs(tp, *out, p->expressions, p->n_expressions);
}

static weir_rc to_sample(weir_tp *tp, const SC(Sample) * s, weir_plan **out) {
    if (s->with_replacement)
        return weir_tp_unsupported(tp->ctx, "sampling with replacement",
                                   "Sample without replacement");
    char share[32];
    double fraction = s->upper_bound - s->lower_bound;
    if (!(fraction >= 0 && fraction <= 1))
        return weir_fail(tp->ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                         weir_printf(tp->ctx->arena,
                                     "requirement failed: Sampling fraction (%.*s) must be on "
                                     "interval [0, 1] without replacement",
                                     weir_double_text(fraction, share), share));
    WEIR_TRY(node(tp, WEIR_P_SAMPLE, s->input, out));
    (*out)->lo = s->lower_bound;
    (*out)->hi = s->upper_bound;
    (*out)->n = s->has_seed ? s->seed : 0;
    return WEIR_OK;
}

static weir_rc to_range(weir_tp *tp, const SC(Range) * r, weir_plan **out) {
    weir_plan *p = weir_plan_new(tp->ctx->arena, WEIR_P_RANGE, 0);
    p->start = r->has_start ? r->start : 0;
    p->end = r->end;
    p->step = r->has_step ? r->step : 1;
    p->n = r->has_num_partitions ? r->num_partitions : 0;
    if (p->step == 0)
        return weir_fail(tp->ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                         "requirement failed: step (0) cannot be 0");
    *out = p;
    return WEIR_OK;
}

/* The rarer half of the switch below. */
static weir_rc to_rest(weir_tp *tp, const SC(Relation) * r, weir_plan **out) {
    weir_plan *p;
    switch (r->rel_type_case) {
    case REL(SQL): return to_sql(tp, r->sql, out);
    case REL(WITH_RELATIONS): return to_with_relations(tp, r->with_relations, out);
    case REL(CACHED_LOCAL_RELATION): return to_cached(tp, r->cached_local_relation, out);
    case REL(CHUNKED_CACHED_LOCAL_RELATION):
        return to_chunked(tp, r->chunked_cached_local_relation, out);
    case REL(CACHED_REMOTE_RELATION):
        *out = p = weir_plan_new(tp->ctx->arena, WEIR_P_CACHED, 0);
        p->name = weir_text(r->cached_remote_relation->relation_id);
        return WEIR_OK;
    case REL(CATALOG): return weir_tp_catalog(tp, r->catalog, out);
    case REL(JOIN): return to_join(tp, r->join, out);
    case REL(SAMPLE): return to_sample(tp, r->sample, out);
    case REL(WITH_WATERMARK): return to_watermark(tp, r->with_watermark, out);
    case REL(FILL_NA): return to_fill(tp, r->fill_na, out);
    case REL(DROP_NA):
        WEIR_TRY(to_named(tp, WEIR_P_NA_DROP, r->drop_na->input, r->drop_na->cols,
                          r->drop_na->n_cols, out));
        (*out)->n = r->drop_na->has_min_non_nulls ? r->drop_na->min_non_nulls : 0;
        return WEIR_OK;
    case REL(REPLACE): return to_replace(tp, r->replace, out);
    case REL(DESCRIBE):
        return to_named(tp, WEIR_P_DESCRIBE, r->describe->input, r->describe->cols,
                        r->describe->n_cols, out);
    case REL(SUMMARY):
        return to_named(tp, WEIR_P_SUMMARY, r->summary->input, r->summary->statistics,
                        r->summary->n_statistics, out);
    case REL(UNPIVOT): return to_unpivot(tp, r->unpivot, out);
    case REL(COLLECT_METRICS):
        WEIR_TRY(to_listed(tp, WEIR_P_METRICS, r->collect_metrics->input,
                           r->collect_metrics->metrics, r->collect_metrics->n_metrics, out));
        (*out)->name = weir_text(r->collect_metrics->name);
        return WEIR_OK;
    case REL(HINT):
        WEIR_TRY(node(tp, WEIR_P_HINT, r->hint->input, out));
        (*out)->name = weir_text(r->hint->name);
        return WEIR_OK;
    case REL(TO_SCHEMA):
        WEIR_TRY(node(tp, WEIR_P_TO_SCHEMA, r->to_schema->input, out));
        return weir_pb_to_type(tp->ctx, r->to_schema->schema, &(*out)->type);
    case REL(REPARTITION_BY_EXPRESSION):
        WEIR_TRY(to_listed(tp, WEIR_P_REPARTITION, r->repartition_by_expression->input,
                           r->repartition_by_expression->partition_exprs,
                           r->repartition_by_expression->n_partition_exprs, out));
        (*out)->n = r->repartition_by_expression->num_partitions;
        return WEIR_OK;
    default:
        return weir_tp_unsupported(
            tp->ctx, unknown_name(r),
            "It is not in this release of weir; run this query on Apache Spark");
    }
}

static weir_rc to_relation(weir_tp *tp, const SC(Relation) * r, weir_plan **out) {
    switch (r->rel_type_case) {
    case REL(READ): return to_read(tp, r->read, out);
    case REL(PROJECT): return to_project(tp, r->project, out);
    case REL(FILTER):
        return to_listed(tp, WEIR_P_FILTER, r->filter->input, &r->filter->condition, 1, out);
    case REL(SET_OP): return to_setop(tp, r->set_op, out);
    case REL(SORT): return to_sort(tp, r->sort, out);
    case REL(LIMIT): return limit_node(tp, WEIR_P_LIMIT, r->limit->input, r->limit->limit, out);
    case REL(OFFSET):
        return limit_node(tp, WEIR_P_OFFSET, r->offset->input, r->offset->offset, out);
    case REL(TAIL): return limit_node(tp, WEIR_P_TAIL, r->tail->input, r->tail->limit, out);
    case REL(AGGREGATE): return to_aggregate(tp, r->aggregate, out);
    case REL(LOCAL_RELATION):
        return weir_tp_local(tp, r->local_relation->data.data, r->local_relation->data.len,
                             r->local_relation->schema, out);
    case REL(DEDUPLICATE):
        WEIR_TRY(to_named(tp, WEIR_P_DEDUP, r->deduplicate->input, r->deduplicate->column_names,
                          r->deduplicate->all_columns_as_keys ? 0 : r->deduplicate->n_column_names,
                          out));
        (*out)->within_watermark = r->deduplicate->within_watermark;
        return WEIR_OK;
    case REL(RANGE): return to_range(tp, r->range, out);
    case REL(SUBQUERY_ALIAS):
        return to_named(tp, WEIR_P_ALIAS, r->subquery_alias->input, &r->subquery_alias->alias, 1,
                        out);
    case REL(REPARTITION):
        WEIR_TRY(limit_node(tp, WEIR_P_REPARTITION, r->repartition->input,
                            r->repartition->num_partitions, out));
        (*out)->shuffle = r->repartition->shuffle;
        return WEIR_OK;
    case REL(TO_DF):
        return to_named(tp, WEIR_P_TODF, r->to_df->input, r->to_df->column_names,
                        r->to_df->n_column_names, out);
    case REL(WITH_COLUMNS_RENAMED): return to_renamed(tp, r->with_columns_renamed, out);
    case REL(SHOW_STRING):
    case REL(HTML_STRING): return to_show(tp, r, out);
    case REL(DROP): return to_drop(tp, r->drop, out);
    case REL(WITH_COLUMNS): return to_with_columns(tp, r->with_columns, out);
    default: return to_rest(tp, r, out);
    }
}

weir_rc weir_tp_relation(weir_tp *tp, const SC(Relation) * r, weir_plan **out) {
    if (!r)
        return weir_fail(tp->ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                         "A relation is missing in the plan.");
    if (++tp->depth > WEIR_PB_DEPTH)
        return weir_fail(tp->ctx, WEIR_E_PROTOCOL_DEPTH, "limit", "1024");
    weir_rc rc = to_relation(tp, r, out);
    tp->depth--;
    if (rc == WEIR_OK && r->common && r->common->has_plan_id) {
        if ((*out)->plan_id >= 0) *out = weir_plan_copy(tp->ctx->arena, *out);
        (*out)->plan_id = r->common->plan_id;
    }
    return rc;
}
