/* Filters of streaming plans, moved down as Spark moves them: what a filter takes away below a
 * watermark is no event, and below an aggregate no state. See plan/stream.h. Called once when a
 * query starts. SPARK PushPredicateThroughNonJoin, CombineFilters */
#include "plan/stream.h"

typedef struct conds { /* conjuncts over the output of the plan they are to be put on */
    weir_expr **v;
    int n;
} conds;

static weir_rc push(weir_ctx *, const weir_plan *, weir_plan **out);
static weir_rc sink(weir_ctx *, conds, const weir_plan *in, weir_plan **out);

static bool is_filter(const weir_plan *p) { return p->kind == WEIR_P_FILTER && !p->name; }

static void split(weir_arena *a, weir_expr *e, conds *out) {
    if (e->kind == WEIR_EX_AND) {
        for (int i = 0; i < e->narg; i++) split(a, e->arg[i], out);
        return;
    }
    weir_expr **v = WEIR_NEWN(a, weir_expr *, out->n + 1);
    if (out->n) memcpy(v, out->v, sizeof *v * (size_t)out->n);
    v[out->n++] = e;
    out->v = v;
}

static weir_expr *join(weir_arena *a, const conds *c) {
    weir_expr *all = c->v[0];
    for (int i = 1; i < c->n; i++) {
        all = weir_expr_func(a, "and", 2, all, c->v[i]);
        all->kind = WEIR_EX_AND;
        all->type = &weir_t_boolean;
        all->nullable = all->arg[0]->nullable || all->arg[1]->nullable;
        all->deterministic = all->arg[0]->deterministic && all->arg[1]->deterministic;
    }
    return all;
}

static weir_plan *put(weir_arena *a, const conds *c, weir_plan *in) {
    if (!c->n) return in;
    weir_plan *f = weir_plan_new(a, WEIR_P_FILTER, 1, in);
    f->plan_id = in->plan_id;
    f->streaming = in->streaming;
    f->schema = in->schema;
    f->attr = in->attr;
    weir_plan_add_expr(a, f, join(a, c));
    return f;
}

static weir_plan *over(weir_arena *a, const weir_plan *p, weir_plan *in) {
    weir_plan *c = weir_plan_copy(a, p);
    c->in[0] = in;
    return c;
}

/* ---- which conjuncts may pass ---- */

typedef struct mentioned {
    int from, to, key; /* columns that keep a conjunct where it is: [from, to) and key */
    bool kept, any;
} mentioned;

static bool look(weir_expr *e, void *u) {
    mentioned *m = u;
    if (e->kind != WEIR_EX_COL) return true;
    m->any = true;
    m->kept |= (e->ordinal >= m->from && e->ordinal < m->to) || e->ordinal == m->key;
    return true;
}

static void part(weir_arena *a, const conds *c, const weir_plan *p, int from, int to, conds *down,
                 conds *stay) {
    bool group = p->kind == WEIR_P_AGGREGATE;
    *down = (conds){WEIR_NEWN(a, weir_expr *, c->n + 1), 0};
    *stay = (conds){WEIR_NEWN(a, weir_expr *, c->n + 1), 0};
    for (int i = 0; i < c->n; i++) {
        mentioned m = {.from = from, .to = to, .key = p->sessions ? p->session_key : -1};
        (void)weir_expr_walk(c->v[i], look, &m);
        bool passes = c->v[i]->deterministic && !m.kept && (m.any || !group);
        conds *side = passes ? down : stay;
        side->v[side->n++] = c->v[i];
    }
}

/* ---- through a node ---- */

static weir_rc substitute(weir_ctx *ctx, weir_expr *e, void *u, weir_expr **out) {
    weir_expr *const *by = u;
    (void)ctx;
    *out = e;
    if (e->kind != WEIR_EX_COL) return WEIR_OK;
    weir_expr *x = by[e->ordinal];
    while (x->kind == WEIR_EX_ALIAS) x = x->arg[0];
    *out = x;
    return WEIR_OK;
}

static weir_rc rewrite(weir_ctx *ctx, const weir_plan *p, conds *c) {
    for (int i = 0; i < c->n; i++)
        WEIR_TRY(weir_expr_map(ctx, c->v[i], substitute, p->expr, &c->v[i]));
    return WEIR_OK;
}

static weir_rc through_project(weir_ctx *ctx, conds c, const weir_plan *p, weir_plan **out) {
    weir_plan *in = NULL;
    bool all = true;
    for (int i = 0; i < p->nexpr; i++) all &= p->expr[i]->deterministic;
    if (!all) {
        WEIR_TRY(push(ctx, p, &in));
        *out = put(ctx->arena, &c, in);
        return WEIR_OK;
    }
    WEIR_TRY(rewrite(ctx, p, &c));
    WEIR_TRY(sink(ctx, c, p->in[0], &in));
    *out = over(ctx->arena, p, in);
    return WEIR_OK;
}

/* Those that mention no column of [from, to) go below; the others stay above. */
static weir_rc through(weir_ctx *ctx, conds c, const weir_plan *p, int from, int to,
                       weir_plan **out) {
    conds down, stay;
    weir_plan *in = NULL;
    part(ctx->arena, &c, p, from, to, &down, &stay);
    if (p->kind == WEIR_P_AGGREGATE) WEIR_TRY(rewrite(ctx, p, &down));
    WEIR_TRY(sink(ctx, down, p->in[0], &in));
    *out = put(ctx->arena, &stay, over(ctx->arena, p, in));
    return WEIR_OK;
}

static weir_rc through_union(weir_ctx *ctx, conds c, const weir_plan *p, weir_plan **out) {
    conds down, stay;
    part(ctx->arena, &c, p, 0, 0, &down, &stay);
    weir_plan *u = weir_plan_copy(ctx->arena, p);
    for (int i = 0; i < p->nin; i++) WEIR_TRY(sink(ctx, down, p->in[i], &u->in[i]));
    *out = put(ctx->arena, &stay, u);
    return WEIR_OK;
}

static weir_rc sink(weir_ctx *ctx, conds c, const weir_plan *in, weir_plan **out) {
    conds all = {0};
    if (!c.n || !in->streaming) {
        WEIR_TRY(push(ctx, in, out));
        *out = put(ctx->arena, &c, *out);
        return WEIR_OK;
    }
    if (is_filter(in)) {
        split(ctx->arena, in->expr[0], &all);
        for (int i = 0; i < c.n; i++) split(ctx->arena, c.v[i], &all);
        return sink(ctx, all, in->in[0], out);
    }
    int last = in->schema->nfield, time = in->kind == WEIR_P_WATERMARK ? in->expr[0]->ordinal : 0;
    switch (in->kind) {
    case WEIR_P_PROJECT: return through_project(ctx, c, in, out);
    case WEIR_P_AGGREGATE: return through(ctx, c, in, in->ngroup, last, out);
    case WEIR_P_WATERMARK: return through(ctx, c, in, time, time + 1, out);
    case WEIR_P_EXPLODE: return through(ctx, c, in, in->in[0]->schema->nfield, last, out);
    case WEIR_P_ALIAS:
    case WEIR_P_HINT:
    case WEIR_P_REPARTITION:
    case WEIR_P_SORT: return through(ctx, c, in, 0, 0, out);
    case WEIR_P_UNION: return through_union(ctx, c, in, out);
    default: break;
    }
    WEIR_TRY(push(ctx, in, out));
    *out = put(ctx->arena, &c, *out);
    return WEIR_OK;
}

static weir_rc push(weir_ctx *ctx, const weir_plan *p, weir_plan **out) {
    if (is_filter(p) && p->streaming) {
        conds c = {0};
        split(ctx->arena, p->expr[0], &c);
        return sink(ctx, c, p->in[0], out);
    }
    weir_plan *c = weir_plan_copy(ctx->arena, p);
    for (int i = 0; i < p->nin; i++) WEIR_TRY(push(ctx, p->in[i], &c->in[i]));
    *out = c;
    return WEIR_OK;
}

weir_rc weir_stream_push(weir_ctx *ctx, const weir_plan *p, weir_plan **out) {
    return push(ctx, p, out);
}
