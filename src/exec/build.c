/* Operator trees from resolved plans, and running them. One tree per task; called by query/ and by
 * the session. */
#include "exec/ops.h"
#include "exec/state.h"
#include "plan/stream.h"

static weir_rc build(weir_ctx *, weir_exec *, const weir_plan *, const bool *need, weir_op **out);

weir_rc weir_op_next(weir_ctx *ctx, weir_op *op, weir_batch *out, bool *eof) {
    *eof = false;
    WEIR_TRY(weir_check_cancel(ctx));
    WEIR_TRY(op->ops->next(ctx, op, out, eof));
    if (!*eof) {
        op->stat.rows_out += out->len;
        op->stat.batches_out++;
    }
    return WEIR_OK;
}

static weir_op *op_new(weir_ctx *ctx, const weir_op_ops *ops, const weir_plan *p, const bool *need,
                       int nin) {
    weir_op *op = weir_alloc(ctx->arena, ops->size);
    op->ops = ops;
    op->plan = p;
    op->need = need;
    op->mem = ctx->arena;
    op->nin = nin;
    op->in = WEIR_NEWN(ctx->arena, weir_op *, nin);
    return op;
}

static bool mark(weir_expr *e, void *u) {
    if (e->kind == WEIR_EX_COL) ((bool *)u)[e->ordinal] = true;
    return true;
}

/* Which columns of the input p needs, when need of its own output is wanted (NULL: all). */
static const bool *needs_below(weir_ctx *ctx, const weir_plan *p, const bool *need) {
    const weir_plan *in = p->in[0];
    bool *b = WEIR_NEWN(ctx->arena, bool, in->schema->nfield + 1);
    switch (p->kind) {
    case WEIR_P_PROJECT:
        for (int i = 0; i < p->nexpr; i++)
            if (!need || need[i]) (void)weir_expr_walk(p->expr[i], mark, b);
        return b;
    case WEIR_P_AGGREGATE: /* what is not read has become a literal, or is state */
    case WEIR_P_SHOW_STRING:
    case WEIR_P_HTML_STRING:
        for (int i = 0; i < p->nexpr; i++) (void)weir_expr_walk(p->expr[i], mark, b);
        return b;
    case WEIR_P_EXPLODE:
        for (int i = 0; i < in->schema->nfield; i++) b[i] = !need || need[i];
        (void)weir_expr_walk(p->expr[0], mark, b);
        return b;
    case WEIR_P_DEDUP:
        if (!need) return NULL;
        memcpy(b, need, (size_t)in->schema->nfield);
        for (int i = 0; i < p->nexpr; i++) (void)weir_expr_walk(p->expr[i], mark, b);
        /* SPARK DeduplicateWithinWatermark.references */
        for (int i = 0; i < in->schema->nfield && p->within_watermark; i++)
            b[i] |= weir_event_time_delay(in, i) >= 0;
        return b;
    case WEIR_P_FILTER:
    case WEIR_P_SORT:
    case WEIR_P_METRICS:
    case WEIR_P_WATERMARK:
        if (!need) return NULL;
        memcpy(b, need, (size_t)in->schema->nfield);
        for (int i = 0; i < p->nexpr; i++) {
            /* METRICS: only the aggregates read the input */
            if (p->kind == WEIR_P_METRICS && i >= p->ngroup) break;
            (void)weir_expr_walk(p->expr[i], mark, b);
        }
        return b;
    case WEIR_P_LIMIT:
    case WEIR_P_OFFSET:
    case WEIR_P_TAIL:
    case WEIR_P_ALIAS:
    case WEIR_P_HINT:
    case WEIR_P_UNION: /* of each input, whose columns are the output's by place */
    case WEIR_P_REPARTITION: return need;
    default: return NULL;
    }
}

/* What nobody reads is not computed, and fails no query; it is null. Keys of an aggregate are read
 * by it. SPARK ColumnPruning */
static const weir_plan *without_unread(weir_ctx *ctx, const weir_plan *p, const bool *need) {
    weir_plan *c = weir_plan_copy(ctx->arena, p);
    c->expr = WEIR_NEWN(ctx->arena, weir_expr *, p->nexpr + 1);
    for (int i = 0; i < p->nexpr; i++) {
        weir_expr *e = p->expr[i];
        bool stays = need[i] || i < p->ngroup || e->kind == WEIR_EX_COL;
        c->expr[i] = stays ? e : weir_lit_null(ctx->arena, p->schema->field[i].type);
    }
    return c;
}

static weir_rc build_scan(weir_ctx *ctx, weir_exec *x, const weir_plan *p, const bool *need,
                          weir_op **out) {
    weir_op *op = op_new(ctx, &weir_op_scan, p, need, 0);
    weir_op_scan_init(op, x, x->nscan);
    x->scan[x->nscan++] = p->scan;
    *out = op;
    return WEIR_OK;
}

static bool groups_below(const weir_plan *p) {
    if (p->kind == WEIR_P_AGGREGATE && p->streaming) return true;
    for (int i = 0; i < p->nin; i++)
        if (groups_below(p->in[i])) return true;
    return false;
}

/* Operators that keep state over the batches of a stream. A limit above an aggregate that gives
 * all its rows again counts anew. SPARK StreamingGlobalLimitStrategy */
static const weir_op_ops *stateful_ops(const weir_exec *x, const weir_plan *p) {
    if (!x->stream || !p->streaming) return NULL;
    switch (p->kind) {
    case WEIR_P_AGGREGATE: return p->sessions ? &weir_op_state_session : &weir_op_state_aggregate;
    case WEIR_P_DEDUP: return &weir_op_state_dedup;
    case WEIR_P_LIMIT:
        return x->stream->mode == WEIR_OUT_APPEND || !groups_below(p->in[0]) ? &weir_op_state_limit
                                                                             : NULL;
    default: return NULL;
    }
}

static const weir_op_ops *ops_of(const weir_plan *p) {
    switch (p->kind) {
    case WEIR_P_LOCAL: return &weir_op_local;
    case WEIR_P_RANGE: return &weir_op_range;
    case WEIR_P_PROJECT: return &weir_op_project;
    case WEIR_P_FILTER: return &weir_op_filter;
    case WEIR_P_SORT: return &weir_op_sort;
    case WEIR_P_LIMIT: return &weir_op_limit;
    case WEIR_P_OFFSET: return &weir_op_offset;
    case WEIR_P_TAIL: return &weir_op_tail;
    case WEIR_P_UNION: return &weir_op_union;
    case WEIR_P_INTERSECT:
    case WEIR_P_EXCEPT: return &weir_op_setop;
    case WEIR_P_AGGREGATE: return p->sessions ? &weir_op_state_session : &weir_op_aggregate;
    case WEIR_P_DEDUP: return &weir_op_dedup;
    case WEIR_P_METRICS: return &weir_op_metrics;
    case WEIR_P_EXPLODE: return &weir_op_explode;
    case WEIR_P_WATERMARK: return &weir_op_watermark;
    case WEIR_P_SHOW_STRING:
    case WEIR_P_HTML_STRING: return &weir_op_show;
    default: return NULL;
    }
}

static weir_rc build(weir_ctx *ctx, weir_exec *x, const weir_plan *p, const bool *need,
                     weir_op **out) {
    if (p->kind == WEIR_P_ALIAS || p->kind == WEIR_P_HINT || p->kind == WEIR_P_REPARTITION ||
        (p->kind == WEIR_P_WATERMARK && !(x->stream && p->streaming)))
        return build(ctx, x, p->in[0], need ? needs_below(ctx, p, need) : NULL, out);
    if (p->kind == WEIR_P_SCAN) return build_scan(ctx, x, p, need, out);
    const weir_op_ops *stateful = stateful_ops(x, p), *ops = stateful ? stateful : ops_of(p);
    if (!ops)
        return weir_fail(ctx, WEIR_E_UNSUPPORTED_FEATURE, "feature", "executing this relation");
    bool keeps = stateful || p->sessions;
    if (need && !keeps && (p->kind == WEIR_P_PROJECT || p->kind == WEIR_P_AGGREGATE))
        p = without_unread(ctx, p, need);
    weir_op *op = op_new(ctx, ops, p, need, p->nin);
    if (keeps) weir_op_state_init(op, x);
    bool passes = p->nin == 1 || p->kind == WEIR_P_UNION;
    const bool *below = passes ? needs_below(ctx, p, need) : NULL;
    for (int i = 0; i < p->nin; i++) WEIR_TRY(build(ctx, x, p->in[i], below, &op->in[i]));
    if (p->kind == WEIR_P_METRICS) weir_op_metrics_init(op, x);
    if (p->kind == WEIR_P_WATERMARK) weir_op_watermark_init(op, x);
    if (p->nexpr && p->kind != WEIR_P_METRICS && p->kind != WEIR_P_AGGREGATE)
        WEIR_TRY(weir_eval_new(ctx, p->expr, p->nexpr, &op->eval));
    WEIR_TRY(ops->open ? ops->open(ctx, op) : WEIR_OK);
    *out = op;
    return WEIR_OK;
}

static void close_tree(weir_op *op) {
    for (int i = 0; i < op->nin; i++)
        if (op->in[i]) close_tree(op->in[i]);
    if (op->ops->close) op->ops->close(op);
}

static int64_t count_nodes(const weir_plan *p) {
    int64_t n = 1;
    for (int i = 0; i < p->nin; i++) n += count_nodes(p->in[i]);
    return n;
}

/* No list of the tree is longer than the tree. */
static void make_room(weir_exec *x, const weir_plan *p) {
    int64_t n = count_nodes(p);
    x->watermark = WEIR_NEWN(x->mem, weir_watermark_stat, n);
    x->state = WEIR_NEWN(x->mem, weir_state_op *, n);
    x->scan = WEIR_NEWN(x->mem, weir_scan *, n);
    x->splits = WEIR_NEWN(x->mem, weir_splits, n);
    x->rows_in = WEIR_NEWN(x->mem, int64_t, n);
    x->metrics = WEIR_NEWN(x->mem, struct weir_observed, n);
}

weir_rc weir_exec_build(weir_ctx *ctx, weir_plan *p, const weir_exec_stream *stream,
                        weir_exec **out) {
    weir_exec *x = WEIR_NEW(ctx->arena, weir_exec);
    x->stream = stream;
    x->mem = ctx->arena;
    make_room(x, p);
    WEIR_TRY(build(ctx, x, p, NULL, &x->root));
    for (int i = 0; i < x->nscan; i++)
        if (!x->scan[i]->streaming) {
            WEIR_TRY(x->scan[i]->ops->split(ctx, x->scan[i], NULL, NULL, &x->splits[i]));
            weir_splits_by_size(ctx->arena, &x->splits[i]);
        }
    *out = x;
    return WEIR_OK;
}

static weir_rc reset_tree(weir_ctx *ctx, weir_op *op) {
    for (int i = 0; i < op->nin; i++) WEIR_TRY(reset_tree(ctx, op->in[i]));
    op->stat = (weir_opstat){0};
    if (op->eval) weir_eval_reset(op->eval);
    return op->ops->reset ? op->ops->reset(ctx, op) : WEIR_OK;
}

weir_rc weir_exec_epoch(weir_ctx *ctx, weir_exec *x, const weir_splits *splits) {
    for (int i = 0; i < x->nscan; i++) {
        if (x->scan[i]->streaming) x->splits[i] = splits[i];
        x->rows_in[i] = 0;
    }
    x->nmetrics = 0;
    return reset_tree(ctx, x->root);
}

void weir_exec_close(weir_exec *x) {
    if (x && x->root) close_tree(x->root);
}

weir_rc weir_exec_run(weir_ctx *ctx, weir_plan *p,
                      weir_rc (*emit)(weir_ctx *, void *, const weir_batch *), void *u) {
    weir_exec *x = NULL;
    weir_task task = {.input_file = ""};
    weir_ctx c = *ctx;
    c.arena = weir_arena_new(ctx->arena);
    c.task = &task;
    weir_rc rc = weir_exec_build(&c, p, NULL, &x);
    weir_ctx chunk = c;
    chunk.arena = weir_arena_new(c.arena);
    for (bool eof = false; rc == WEIR_OK && !eof;) {
        weir_batch b = {0};
        rc = weir_op_next(&chunk, x->root, &b, &eof);
        if (rc == WEIR_OK && !eof && b.len) rc = emit(&chunk, u, &b);
        weir_arena_reset(chunk.arena);
    }
    weir_exec_close(x);
    weir_arena_free(c.arena);
    return rc;
}

typedef struct kept {
    weir_arena *mem;
    weir_batch *v;
    int n, cap;
} kept;

static weir_rc keep(weir_ctx *ctx, void *u, const weir_batch *b) {
    (void)ctx;
    kept *k = u;
    if (k->n == k->cap) {
        int cap = k->cap ? k->cap * 2 : 16;
        weir_batch *v = WEIR_NEWN(k->mem, weir_batch, cap);
        if (k->n) memcpy(v, k->v, sizeof *v * (size_t)k->n);
        k->v = v;
        k->cap = cap;
    }
    weir_batch_keep(k->mem, b, &k->v[k->n++]);
    return WEIR_OK;
}

weir_rc weir_exec_collect(weir_ctx *ctx, weir_plan *p, weir_batch **out, int *n) {
    kept k = {.mem = ctx->arena};
    WEIR_TRY(weir_exec_run(ctx, p, keep, &k));
    *out = k.v;
    *n = k.n;
    return WEIR_OK;
}
