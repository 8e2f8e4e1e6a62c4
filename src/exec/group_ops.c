/* Grouping operators: aggregate, distinct, intersect and except, observe(). */
#include "exec/ops.h"

/* ---- one batch's groups ---- */

static weir_rc partial_start(weir_ctx *ctx, weir_partial *a, const weir_plan *p) {
    a->held = weir_arena_new(NULL);
    const weir_type **t = WEIR_NEWN(a->held, const weir_type *, p->ngroup + 1);
    for (int i = 0; i < p->ngroup; i++) t[i] = p->expr[i]->type;
    if (p->ngroup) WEIR_TRY(weir_groups_new(ctx, a->held, t, p->ngroup, &a->groups));
    WEIR_TRY(weir_aggs_new(ctx, a->held, p->expr + p->ngroup, p->nexpr - p->ngroup, &a->aggs));
    a->reorders = weir_arrival_differs(ctx, p);
    a->nslot = p->ngroup ? 0 : 1; /* without keys there is one group, also over no rows */
    return WEIR_OK;
}

weir_rc weir_partial_fill(weir_ctx *ctx, weir_partial *a, const weir_plan *p, weir_eval *keys,
                          weir_op *in, int64_t max_groups, bool *eof) {
    if (!a->held) WEIR_TRY(partial_start(ctx, a, p));
    weir_ctx c = *ctx;
    c.arena = weir_arena_new(a->held);
    weir_rc rc = WEIR_OK;
    for (*eof = false; rc == WEIR_OK && !*eof && a->nslot < max_groups;) {
        weir_batch b;
        rc = weir_op_next(&c, in, &b, eof);
        if (rc != WEIR_OK || *eof) break;
        weir_column *key = WEIR_NEWN(c.arena, weir_column, p->ngroup + 1);
        uint32_t *slot = WEIR_NEWN(c.arena, uint32_t, b.len + 1);
        for (int i = 0; i < p->ngroup && rc == WEIR_OK; i++) {
            rc = weir_eval_run(&c, keys, i, &b, &key[i]);
            if (rc == WEIR_OK) rc = weir_normal_zero(&c, &key[i]);
        }
        if (rc == WEIR_OK && a->reorders) rc = weir_arrival_order(&c, &b, key);
        if (rc == WEIR_OK && p->ngroup)
            rc = weir_groups_map(&c, a->groups, key, b.len, slot, &a->nslot);
        if (rc == WEIR_OK) rc = weir_aggs_update(&c, a->aggs, &b, slot, a->nslot);
        weir_arena_reset(c.arena);
    }
    weir_arena_free(c.arena);
    return rc;
}

void weir_partial_free(weir_partial *a) {
    weir_arena_free(a->held);
    *a = (weir_partial){0};
}

/* ---- aggregate ---- */
typedef struct agg_op {
    weir_op base;
    weir_eval *keys;
    weir_partial part;
    int64_t at;
    bool full;
} agg_op;

static weir_rc agg_open(weir_ctx *ctx, weir_op *op) {
    agg_op *a = (agg_op *)op;
    return weir_eval_new(ctx, op->plan->expr, op->plan->ngroup, &a->keys);
}

static weir_rc agg_reset(weir_ctx *ctx, weir_op *op) {
    (void)ctx;
    agg_op *a = (agg_op *)op;
    weir_partial_free(&a->part);
    a->full = false;
    a->at = 0;
    return WEIR_OK;
}

static void agg_close(weir_op *op) { (void)agg_reset(NULL, op); }

static weir_rc agg_next(weir_ctx *ctx, weir_op *op, weir_batch *out, bool *eof) {
    agg_op *a = (agg_op *)op;
    const weir_plan *p = op->plan;
    if (!a->full) {
        WEIR_TRY(weir_partial_fill(ctx, &a->part, p, a->keys, op->in[0], INT64_MAX, &a->full));
    }
    int64_t n = a->part.nslot - a->at;
    *eof = n == 0;
    if (*eof) return WEIR_OK;
    if (n > WEIR_BATCH_ROWS) n = WEIR_BATCH_ROWS;
    *out = (weir_batch){
        .schema = p->schema, .len = n, .col = WEIR_NEWN(ctx->arena, weir_column, p->nexpr + 1)};
    if (p->ngroup) WEIR_TRY(weir_groups_keys(ctx, a->part.groups, a->at, n, out->col));
    for (int i = p->ngroup; i < p->nexpr; i++)
        WEIR_TRY(weir_aggs_finish(ctx, a->part.aggs, i - p->ngroup, a->at, n, &out->col[i]));
    a->at += n;
    return WEIR_OK;
}

const weir_op_ops weir_op_aggregate = {"aggregate", sizeof(agg_op), agg_open,
                                       agg_next,    agg_reset,      agg_close};

/* ---- distinct: the first row of each key ---- */
typedef struct set_op {
    weir_op base;
    weir_arena *held;
    weir_groups *left, *right;
    weir_rows rows;
    bool loaded;
} set_op;

static weir_rc set_reset(weir_ctx *ctx, weir_op *op) {
    (void)ctx;
    set_op *s = (set_op *)op;
    weir_arena_free(s->held);
    s->held = NULL;
    s->left = s->right = NULL;
    s->loaded = false;
    return WEIR_OK;
}

static void set_close(weir_op *op) { (void)set_reset(NULL, op); }

static weir_rc dedup_next(weir_ctx *ctx, weir_op *op, weir_batch *out, bool *eof) {
    set_op *s = (set_op *)op;
    const weir_plan *p = op->plan;
    if (!s->held) {
        s->held = weir_arena_new(NULL);
        const weir_type **t = WEIR_NEWN(s->held, const weir_type *, p->nexpr + 1);
        for (int i = 0; i < p->nexpr; i++) t[i] = p->expr[i]->type;
        WEIR_TRY(weir_groups_new(ctx, s->held, t, p->nexpr, &s->left));
    }
    for (;;) {
        weir_batch in;
        WEIR_TRY(weir_op_next(ctx, op->in[0], &in, eof));
        if (*eof) return WEIR_OK;
        weir_column *key = WEIR_NEWN(ctx->arena, weir_column, p->nexpr + 1);
        for (int i = 0; i < p->nexpr; i++) WEIR_TRY(weir_eval_run(ctx, op->eval, i, &in, &key[i]));
        uint32_t *slot = WEIR_NEWN(ctx->arena, uint32_t, in.len + 1);
        int64_t *idx = WEIR_NEWN(ctx->arena, int64_t, in.len + 1),
                next = weir_groups_count(s->left), n = 0, added = 0;
        WEIR_TRY(weir_groups_map(ctx, s->left, key, in.len, slot, &added));
        for (int64_t i = 0; i < in.len; i++)
            if (slot[i] == next) idx[n++] = i, next++;
        if (n == 0) continue;
        return weir_batch_take(ctx, &in, idx, n, out);
    }
}

const weir_op_ops weir_op_dedup = {"distinct", sizeof(set_op), NULL,
                                   dedup_next, set_reset,      set_close};

/* ---- intersect, except; ALL keeps counts ---- */
static weir_rc load_side(weir_ctx *ctx, set_op *s, weir_op *in, weir_groups *g, int64_t **count,
                         int64_t *cap) {
    weir_ctx c = *ctx;
    c.arena = weir_arena_new(s->held);
    int64_t slots = weir_groups_count(g);
    weir_rc rc = WEIR_OK;
    for (bool eof = false; rc == WEIR_OK && !eof;) {
        weir_batch b;
        rc = weir_op_next(&c, in, &b, &eof);
        if (rc != WEIR_OK || eof) break;
        uint32_t *slot = WEIR_NEWN(c.arena, uint32_t, b.len + 1);
        rc = weir_groups_map(&c, g, b.col, b.len, slot, &slots);
        if (rc != WEIR_OK) break;
        if (slots > *cap) {
            int64_t n = slots * 2 + 64, *v = WEIR_NEWN(s->held, int64_t, n);
            if (*cap) memcpy(v, *count, sizeof *v * (size_t)*cap);
            *count = v;
            *cap = n;
        }
        for (int64_t i = 0; i < b.len; i++) (*count)[slot[i]]++;
        weir_arena_reset(c.arena);
    }
    weir_arena_free(c.arena);
    return rc;
}

static weir_rc setop_rows(weir_ctx *ctx, set_op *s, const int64_t *l, int64_t nl, const int64_t *r,
                          int64_t nr, weir_batch *out) {
    const weir_plan *p = s->base.plan;
    int64_t total = weir_groups_count(s->left), n = 0, most = 0;
    for (int64_t i = 0; i < nl; i++) most += l[i] + 1;
    int64_t *idx = WEIR_NEWN(ctx->arena, int64_t, most + 1);
    for (int64_t i = 0; i < total; i++) {
        int64_t a = i < nl ? l[i] : 0, b = i < nr ? r[i] : 0;
        int64_t keep = p->kind == WEIR_P_INTERSECT ? (a < b ? a : b) : a - b;
        if (!p->all) keep = p->kind == WEIR_P_INTERSECT ? (a && b) : (a && !b);
        for (int64_t k = 0; k < keep; k++) idx[n++] = i;
    }
    weir_batch keys = {.schema = p->schema,
                       .len = total,
                       .col = WEIR_NEWN(ctx->arena, weir_column, p->schema->nfield + 1)};
    WEIR_TRY(weir_groups_keys(ctx, s->left, 0, total, keys.col));
    return weir_batch_take(ctx, &keys, idx, n, out);
}

static weir_rc setop_next(weir_ctx *ctx, weir_op *op, weir_batch *out, bool *eof) {
    set_op *s = (set_op *)op;
    const weir_plan *p = op->plan;
    *eof = s->loaded;
    if (*eof) return WEIR_OK;
    s->loaded = true;
    s->held = weir_arena_new(NULL);
    const weir_type **t = WEIR_NEWN(s->held, const weir_type *, p->schema->nfield + 1);
    for (int i = 0; i < p->schema->nfield; i++) t[i] = p->schema->field[i].type;
    WEIR_TRY(weir_groups_new(ctx, s->held, t, p->schema->nfield, &s->left));
    int64_t *l = NULL, *r = NULL, nl = 0, nr = 0;
    WEIR_TRY(load_side(ctx, s, op->in[0], s->left, &l, &nl));
    WEIR_TRY(load_side(ctx, s, op->in[1], s->left, &r, &nr));
    WEIR_TRY(setop_rows(ctx, s, l, nl, r, nr, out));
    *eof = out->len == 0;
    return WEIR_OK;
}

const weir_op_ops weir_op_setop = {"set operation", sizeof(set_op), NULL,
                                   setop_next,      set_reset,      set_close};

/* ---- observe(): folds what passes; the row is ready at the end of the input ---- */
typedef struct metrics_op {
    weir_op base;
    weir_exec *x;
    weir_arena *held;
    weir_aggs *aggs;
    weir_eval *final;
    bool done;
} metrics_op;

void weir_op_metrics_init(weir_op *op, weir_exec *x) { ((metrics_op *)op)->x = x; }

static weir_rc metrics_open(weir_ctx *ctx, weir_op *op) {
    const weir_plan *p = op->plan;
    return weir_eval_new(ctx, p->expr + p->ngroup, p->nexpr - p->ngroup,
                         &((metrics_op *)op)->final);
}

static weir_rc metrics_reset(weir_ctx *ctx, weir_op *op) {
    (void)ctx;
    metrics_op *m = (metrics_op *)op;
    weir_arena_free(m->held);
    m->held = NULL;
    m->done = false;
    return WEIR_OK;
}

static void metrics_close(weir_op *op) { (void)metrics_reset(NULL, op); }

static weir_rc metrics_end(weir_ctx *ctx, metrics_op *m) {
    const weir_plan *p = m->base.plan;
    int nout = p->nexpr - p->ngroup;
    weir_field *f = WEIR_NEWN(m->held, weir_field, nout + p->ngroup + 1);
    weir_batch in = {.len = 1, .col = WEIR_NEWN(ctx->arena, weir_column, p->ngroup + 1)},
               row = {.len = 1};
    for (int i = 0; i < p->ngroup; i++) {
        f[i] = (weir_field){"a", p->expr[i]->type, true, NULL};
        WEIR_TRY(weir_aggs_finish(ctx, m->aggs, i, 0, 1, &in.col[i]));
    }
    in.schema = weir_type_struct(ctx->arena, f, p->ngroup);
    row.col = WEIR_NEWN(ctx->arena, weir_column, nout + 1);
    for (int i = 0; i < nout; i++) {
        f[i] = (weir_field){p->names[i], p->expr[p->ngroup + i]->type, true, NULL};
        WEIR_TRY(weir_eval_run(ctx, m->final, i, &in, &row.col[i]));
    }
    row.schema = weir_type_struct(m->held, f, nout);
    m->x->metrics[m->x->nmetrics].name = p->name;
    weir_batch_keep(m->held, &row, &m->x->metrics[m->x->nmetrics++].row);
    return WEIR_OK;
}

static weir_rc metrics_next(weir_ctx *ctx, weir_op *op, weir_batch *out, bool *eof) {
    metrics_op *m = (metrics_op *)op;
    const weir_plan *p = op->plan;
    if (!m->held) {
        m->held = weir_arena_new(NULL);
        WEIR_TRY(weir_aggs_new(ctx, m->held, p->expr, p->ngroup, &m->aggs));
    }
    WEIR_TRY(weir_op_next(ctx, op->in[0], out, eof));
    if (!*eof)
        return weir_aggs_update(ctx, m->aggs, out, WEIR_NEWN(ctx->arena, uint32_t, out->len + 1),
                                1);
    if (m->done) return WEIR_OK;
    m->done = true;
    return metrics_end(ctx, m);
}

const weir_op_ops weir_op_metrics = {"observe",    sizeof(metrics_op), metrics_open,
                                     metrics_next, metrics_reset,      metrics_close};
