/* Event time, checks and state layout of streaming plans. See plan/stream.h. Called when a query
 * starts and by the operators that are being built. */
#include "plan/stream.h"

#include "expr/fn.h"

#include <strings.h>

/* ---- event time ---- */

static const weir_expr *bare(const weir_expr *e) {
    while (e->kind == WEIR_EX_ALIAS) e = e->arg[0];
    return e;
}

/* SPARK TimeWindowing and ResolveWindowTime copy the metadata of an attribute, nothing else's. */
static int64_t delay_of(const weir_plan *in, const weir_expr *e) {
    e = bare(e);
    if (e->kind == WEIR_EX_COL) return weir_event_time_delay(in, e->ordinal);
    if (e->kind != WEIR_EX_CALL || !e->narg) return -1;
    if (strcasecmp(e->fn->name, "window_time") == 0) return delay_of(in, e->arg[0]);
    if (strcasecmp(e->fn->name, "window") != 0 && strcasecmp(e->fn->name, "session_window") != 0)
        return -1;
    const weir_expr *a = bare(e->arg[0]);
    bool time = a->kind == WEIR_EX_CALL && strcasecmp(a->fn->name, "window_time") == 0;
    return a->kind == WEIR_EX_COL || time ? delay_of(in, a) : -1;
}

int64_t weir_event_time_delay(const weir_plan *p, int i) {
    for (;;) {
        const weir_plan *in = p->nin ? p->in[0] : NULL;
        switch (p->kind) {
        case WEIR_P_WATERMARK: return p->expr[0]->ordinal == i ? p->delay_us : -1;
        case WEIR_P_PROJECT: return delay_of(in, p->expr[i]);
        case WEIR_P_AGGREGATE: return i < p->ngroup ? delay_of(in, p->expr[i]) : -1;
        case WEIR_P_EXPLODE:
            if (i >= in->schema->nfield) return delay_of(in, p->expr[0]);
            break;
        case WEIR_P_FILTER:
        case WEIR_P_DEDUP:
        case WEIR_P_LIMIT:
        case WEIR_P_SORT:
        case WEIR_P_ALIAS:
        case WEIR_P_HINT:
        case WEIR_P_METRICS:
        case WEIR_P_REPARTITION:
        case WEIR_P_UNION: break;
        default: return -1;
        }
        p = in;
    }
}

int weir_event_time_column(const weir_plan *p) {
    for (int i = 0; i < p->schema->nfield; i++)
        if (weir_event_time_delay(p, i) >= 0) return i;
    return -1;
}

int weir_event_time_key(const weir_plan *p) {
    for (int i = 0; i < p->ngroup; i++)
        if (weir_event_time_delay(p, i) >= 0) return i;
    return -1;
}

int64_t weir_event_time_at(const weir_column *c, int64_t row) {
    if (weir_is_null(c, row)) return INT64_MAX;
    if (c->type->kind != WEIR_T_STRUCT) return WEIR_AT_ROW(int64_t, c, row);
    const weir_column *end = &c->kid[1];
    int64_t i = weir_kid_row(c, row);
    return weir_is_null(end, i) ? INT64_MAX : WEIR_AT_ROW(int64_t, end, i);
}

/* ---- what a stream cannot do ---- */

static weir_rc refuse(weir_ctx *ctx, const char *message) {
    return weir_fail(ctx, WEIR_E_UNSUPPORTED_STREAMING, "message", message);
}

static weir_rc refuse_mode(weir_ctx *ctx, const char *mode, const char *what) {
    char *lower = weir_strdup(ctx->arena, mode);
    lower[0] |= 0x20;
    return weir_fail(ctx, WEIR_E_STREAMING_OUTPUT_MODE_UNSUPPORTED_OPERATION, "outputMode", lower,
                     "operation", what);
}

static bool is_stateful(const weir_plan *p) {
    if (!p->streaming) return false;
    if (p->kind == WEIR_P_AGGREGATE) return true;
    if (p->kind != WEIR_P_DEDUP) return false;
    if (p->within_watermark) return true;
    for (int i = 0; i < p->nexpr; i++)
        if (weir_event_time_delay(p->in[0], bare(p->expr[i])->ordinal) >= 0) return true;
    return false;
}

static const weir_plan *first_aggregate(const weir_plan *p) {
    if (p->kind == WEIR_P_AGGREGATE && p->streaming) return p;
    for (int i = 0; i < p->nin; i++) {
        const weir_plan *a = first_aggregate(p->in[i]);
        if (a) return a;
    }
    return NULL;
}

/* An aggregate that hands on rows older than the watermark, below another stateful operator. */
static bool late_rows_below(const weir_plan *p) {
    for (int i = 0; i < p->nin; i++)
        if (first_aggregate(p->in[i])) return true;
    return false;
}

static weir_rc check_modes(weir_ctx *ctx, const weir_plan *p, const char *mode) {
    const weir_plan *a = first_aggregate(p);
    if (strcmp(mode, "Append") == 0 && a && weir_event_time_key(a) < 0)
        return refuse_mode(ctx, mode, "streaming aggregations without watermark");
    if (strcmp(mode, "Complete") == 0 && !a)
        return refuse_mode(ctx, mode, "no streaming aggregations");
    if (strcmp(mode, "Update") == 0 && a && a->sessions)
        return refuse_mode(ctx, mode, "session window streaming aggregations");
    return WEIR_OK;
}

static weir_rc check_chain(weir_ctx *ctx, const weir_plan *p, const char *mode) {
    for (int i = 0; i < p->nin; i++) WEIR_TRY(check_chain(ctx, p->in[i], mode));
    if (strcmp(mode, "Append") == 0 || !is_stateful(p) || !late_rows_below(p)) return WEIR_OK;
    return refuse(ctx,
                  "Detected pattern of possible 'correctness' issue due to global watermark. The "
                  "query contains stateful operation which can emit rows older than the current "
                  "watermark plus allowed late record delay, which are \"late rows\" in downstream "
                  "stateful operations and these rows can be discarded. Please refer the "
                  "programming guide doc for more details. If you understand the possible risk of "
                  "correctness issue and still need to run the query, you can disable this check "
                  "by setting the config "
                  "`spark.sql.streaming.statefulOperator.checkCorrectness.enabled` to false.");
}

static bool is_constant(const weir_expr *e) {
    if (e->kind == WEIR_EX_LIT) return true;
    if (!e->narg || !e->deterministic) return false;
    for (int i = 0; i < e->narg; i++)
        if (!is_constant(e->arg[i])) return false;
    return true;
}

static weir_rc check_aggregate(weir_ctx *ctx, const weir_plan *p) {
    int nkey = 0;
    for (int i = p->ngroup; i < p->nexpr; i++) {
        if (p->expr[i]->distinct)
            return refuse(ctx,
                          "Distinct aggregations are not supported on streaming "
                          "DataFrames/Datasets. Consider using approx_count_distinct() instead.");
        if (!p->expr[i]->agg->state_types)
            return weir_fail(ctx, WEIR_E_UNSUPPORTED_FEATURE, "feature",
                             weir_printf(ctx->arena,
                                         "the aggregate %s over a stream: its state is not in "
                                         "a form that weir and Apache Spark share",
                                         p->expr[i]->agg->name));
    }
    for (int i = 0; i < p->ngroup; i++) nkey += !is_constant(p->expr[i]);
    if (p->sessions && nkey == 1)
        return refuse(ctx, "Global aggregation with session window in streaming query is not "
                           "supported.");
    return WEIR_OK;
}

static bool watermark_below(const weir_plan *p) {
    if (p->kind == WEIR_P_WATERMARK) return true;
    for (int i = 0; i < p->nin; i++)
        if (watermark_below(p->in[i])) return true;
    return false;
}

static weir_rc check_watermark(weir_ctx *ctx, const weir_plan *p) {
    if (!watermark_below(p->in[0])) return WEIR_OK;
    return refuse(ctx, "Redefining watermark is disallowed. You can set the config "
                       "'spark.sql.streaming.statefulOperator.allowMultiple' to 'false' to "
                       "restore the previous behavior. Note that multiple stateful operators "
                       "will be disallowed.");
}

static weir_rc check_union(weir_ctx *ctx, const weir_plan *p) {
    for (int i = 0; i < p->nin; i++)
        if (!p->in[i]->streaming)
            return refuse(ctx, "Union between streaming and batch DataFrames/Datasets is not "
                               "supported");
    return WEIR_OK;
}

static weir_rc check_node(weir_ctx *ctx, const weir_plan *p, const char *mode) {
    for (int i = 0; i < p->nin; i++) WEIR_TRY(check_node(ctx, p->in[i], mode));
    if (!p->streaming) return WEIR_OK;
    switch (p->kind) {
    case WEIR_P_AGGREGATE: return check_aggregate(ctx, p);
    case WEIR_P_WATERMARK: return check_watermark(ctx, p);
    case WEIR_P_UNION: return check_union(ctx, p);
    case WEIR_P_DEDUP:
        if (p->within_watermark && weir_event_time_column(p->in[0]) < 0)
            return refuse(ctx, "dropDuplicatesWithinWatermark is not supported on streaming "
                               "DataFrames/DataSets without watermark");
        return WEIR_OK;
    case WEIR_P_LIMIT:
        if (strcmp(mode, "Update") == 0)
            return refuse(ctx, "Limits are not supported on streaming DataFrames/Datasets in "
                               "Update output mode");
        return WEIR_OK;
    case WEIR_P_SORT:
        if (strcmp(mode, "Complete") == 0 && first_aggregate(p)) return WEIR_OK;
        return refuse(ctx, "Sorting is not supported on streaming DataFrames/Datasets, unless it "
                           "is on aggregated DataFrame/Dataset in Complete output mode");
    case WEIR_P_FILTER:
        if (p->name) /* what a sample was made into */
            return refuse(ctx, "Sampling is not supported on streaming DataFrames/Datasets");
        return WEIR_OK;
    case WEIR_P_OFFSET:
        return refuse(ctx, "Offset is not supported on streaming DataFrames/Datasets");
    case WEIR_P_INTERSECT:
        return refuse(ctx, "Intersect of streaming DataFrames/Datasets is not supported");
    case WEIR_P_EXCEPT:
        return weir_fail(ctx, WEIR_E_UNSUPPORTED_FEATURE, "feature",
                         "except over a stream; filter by a condition instead");
    case WEIR_P_TAIL:
    case WEIR_P_SHOW_STRING:
        return refuse(ctx, "This operation is not supported on streaming DataFrames/Datasets");
    default: return WEIR_OK;
    }
}

weir_rc weir_check_batch(weir_ctx *ctx, const weir_plan *p) {
    if (!p->streaming) return WEIR_OK;
    return refuse(ctx, "Queries with streaming sources must be executed with writeStream.start(), "
                       "or from a streaming table or flow definition within a Spark Declarative "
                       "Pipeline.");
}

weir_rc weir_check_streaming(weir_ctx *ctx, const weir_plan *p, const char *output_mode) {
    WEIR_TRY(check_modes(ctx, p, output_mode));
    if (weir_conf_bool(ctx->conf, "spark.sql.streaming.statefulOperator.checkCorrectness.enabled"))
        WEIR_TRY(check_chain(ctx, p, output_mode));
    return check_node(ctx, p, output_mode);
}

/* ---- the order of aggregation buffers ---- */

typedef struct mentions { /* ordinals of a node's output in the order in which they are wanted */
    int *v, n;
    bool *have;
} mentions;

static void mention(mentions *m, int ordinal) {
    if (m->have[ordinal]) return;
    m->have[ordinal] = true;
    m->v[m->n++] = ordinal;
}

static bool mention_columns(weir_expr *e, void *u) {
    if (e->kind == WEIR_EX_COL) mention(u, e->ordinal);
    return true;
}

static mentions mentions_new(weir_ctx *ctx, const weir_plan *p) {
    return (mentions){WEIR_NEWN(ctx->arena, int, p->schema->nfield + 1), 0,
                      WEIR_NEWN(ctx->arena, bool, p->schema->nfield + 1)};
}

static mentions all_of(weir_ctx *ctx, const weir_plan *p) {
    mentions m = mentions_new(ctx, p);
    for (int i = 0; i < p->schema->nfield; i++) mention(&m, i);
    return m;
}

/* SPARK: a filter keeps the projection above it from being merged with the aggregate; what is
 * pruned below it keeps the aggregate's own order. */
static mentions in_order(weir_ctx *ctx, const weir_plan *p, const mentions *of) {
    mentions m = mentions_new(ctx, p);
    for (int i = 0; i < p->schema->nfield; i++)
        if (of->have[i]) mention(&m, i);
    return m;
}

/* New position of each of the aggregate's outputs, -1 for those left out. */
static weir_plan *reorder(weir_ctx *ctx, const weir_plan *agg, const mentions *m, int *place) {
    weir_plan *a = weir_plan_copy(ctx->arena, agg);
    weir_field *f = WEIR_NEWN(ctx->arena, weir_field, agg->nexpr + 1);
    weir_attr *attr = WEIR_NEWN(ctx->arena, weir_attr, agg->nexpr + 1);
    a->nexpr = 0;
    for (int i = 0; i < agg->nexpr; i++) place[i] = i < agg->ngroup ? i : -1;
    for (int k = 0; k < agg->ngroup + m->n; k++) {
        int from = k < agg->ngroup ? k : m->v[k - agg->ngroup];
        if (k >= agg->ngroup && from < agg->ngroup) continue;
        place[from] = a->nexpr;
        f[a->nexpr] = agg->schema->field[from];
        attr[a->nexpr] = agg->attr[from];
        a->expr[a->nexpr++] = agg->expr[from];
    }
    a->schema = weir_type_struct(ctx->arena, f, a->nexpr);
    a->attr = attr;
    return a;
}

static weir_rc replace_column(weir_ctx *ctx, weir_expr *e, void *u, weir_expr **out) {
    const int *place = u;
    *out = e;
    if (e->kind != WEIR_EX_COL || place[e->ordinal] == e->ordinal) return WEIR_OK;
    if (place[e->ordinal] < 0) { /* nobody reads what this computes */
        *out = weir_lit_null(ctx->arena, e->type);
        return WEIR_OK;
    }
    *out = weir_expr_copy(ctx->arena, e);
    (*out)->ordinal = place[e->ordinal];
    return WEIR_OK;
}

static weir_rc layout(weir_ctx *ctx, weir_plan *p, mentions want, weir_plan **out);

static weir_rc over_aggregate(weir_ctx *ctx, weir_plan *p, const mentions *below, weir_plan **out) {
    const weir_plan *agg = p->in[0];
    int *place = WEIR_NEWN(ctx->arena, int, agg->nexpr + 1);
    weir_plan *c = weir_plan_copy(ctx->arena, p), *a = reorder(ctx, agg, below, place);
    WEIR_TRY(layout(ctx, a->in[0], all_of(ctx, a->in[0]), &a->in[0]));
    c->in[0] = a;
    for (int i = 0; i < c->nexpr; i++)
        WEIR_TRY(weir_expr_map(ctx, c->expr[i], replace_column, place, &c->expr[i]));
    *out = c;
    return WEIR_OK;
}

static weir_rc layout(weir_ctx *ctx, weir_plan *p, mentions want, weir_plan **out) {
    *out = p;
    if (!p->streaming || !p->nin) return WEIR_OK;
    weir_plan *in = p->in[0];
    mentions below = all_of(ctx, in);
    if (p->kind == WEIR_P_PROJECT) {
        below = mentions_new(ctx, in);
        for (int i = 0; i < want.n; i++)
            (void)weir_expr_walk(p->expr[want.v[i]], mention_columns, &below);
        if (in->kind == WEIR_P_AGGREGATE) return over_aggregate(ctx, p, &below, out);
    } else if (p->kind == WEIR_P_FILTER) {
        (void)weir_expr_walk(p->expr[0], mention_columns, &want);
        below = in_order(ctx, in, &want);
    } else if (p->kind == WEIR_P_ALIAS || p->kind == WEIR_P_HINT) {
        below = want;
    }
    weir_plan *c = weir_plan_copy(ctx->arena, p);
    if (p->kind == WEIR_P_LIMIT && in->kind == WEIR_P_LIMIT) { /* SPARK CombineLimits */
        if (in->n < c->n) c->n = in->n;
        c->in[0] = in->in[0];
        return layout(ctx, c, want, out);
    }
    for (int i = 0; i < p->nin; i++)
        WEIR_TRY(layout(ctx, p->in[i], i ? all_of(ctx, p->in[i]) : below, &c->in[i]));
    *out = c;
    return WEIR_OK;
}

/* ---- constant grouping keys ---- */

/* SPARK RemoveLiteralFromGroupExpressions: they are no part of the state's key; if all are, the
 * key is a 0. */
static weir_plan *without_constants(weir_ctx *ctx, const weir_plan *agg) {
    weir_plan *a = weir_plan_copy(ctx->arena, agg),
              *p = weir_plan_new(ctx->arena, WEIR_P_PROJECT, 1, a);
    weir_field *f = WEIR_NEWN(ctx->arena, weir_field, agg->nexpr + 1);
    weir_attr *attr = WEIR_NEWN(ctx->arena, weir_attr, agg->nexpr + 1);
    a->nexpr = a->ngroup = 0;
    for (int i = 0; i <= agg->nexpr; i++) {
        bool zero = i == agg->ngroup && !a->ngroup;
        if (zero) {
            f[0] = (weir_field){"0", &weir_t_int, false, NULL};
            attr[0] = (weir_attr){0};
            a->expr[a->nexpr++] = weir_lit_int(ctx->arena, &weir_t_int, 0);
            a->ngroup = 1;
        }
        if (i == agg->nexpr) break;
        weir_expr *e = agg->expr[i];
        bool constant = i < agg->ngroup && is_constant(e);
        weir_expr *shown = e;
        if (!constant) {
            shown = weir_expr_col(ctx->arena, a->nexpr, e->type, agg->schema->field[i].nullable);
            f[a->nexpr] = agg->schema->field[i];
            attr[a->nexpr] = agg->attr[i];
            if (agg->sessions && i == agg->session_key) a->session_key = a->nexpr;
            a->expr[a->nexpr++] = e;
            if (i < agg->ngroup) a->ngroup++;
        }
        weir_plan_add_expr(ctx->arena, p, shown);
    }
    a->schema = weir_type_struct(ctx->arena, f, a->nexpr);
    a->attr = attr;
    p->streaming = agg->streaming;
    p->schema = agg->schema;
    p->attr = agg->attr;
    return p;
}

static weir_plan *drop_constants(weir_ctx *ctx, weir_plan *p) {
    if (!p->streaming || !p->nin) return p;
    weir_plan *c = weir_plan_copy(ctx->arena, p);
    bool any = false;
    for (int i = 0; i < p->nin; i++) c->in[i] = drop_constants(ctx, p->in[i]);
    for (int i = 0; i < p->ngroup && p->kind == WEIR_P_AGGREGATE; i++)
        any |= is_constant(p->expr[i]);
    return any ? without_constants(ctx, c) : c;
}

weir_rc weir_stream_layout(weir_ctx *ctx, weir_plan *p, weir_plan **out) {
    p = drop_constants(ctx, p);
    return layout(ctx, p, all_of(ctx, p), out);
}
