/* Aggregate calls over group slots: arguments are evaluated, filtered and made distinct, then
 * folded. One task. */
#include "exec/ops.h"

typedef struct one {
    weir_expr *e;
    weir_eval *args; /* arguments, then the filter */
    void *slots;
    int64_t cap;
    weir_arena *slot_mem;
    weir_groups *seen; /* DISTINCT: (slot, arguments) that were counted */
} one;

struct weir_aggs {
    weir_arena *mem;
    int n;
    one *v;
    bool ansi;
};

static weir_rc distinct_types(weir_ctx *ctx, weir_arena *mem, one *o) {
    const weir_type **t = WEIR_NEWN(mem, const weir_type *, o->e->narg + 1);
    t[0] = &weir_t_long;
    for (int i = 0; i < o->e->narg; i++) t[i + 1] = o->e->arg[i]->type;
    return weir_groups_new(ctx, mem, t, o->e->narg + 1, &o->seen);
}

weir_rc weir_aggs_new(weir_ctx *ctx, weir_arena *mem, weir_expr *const *agg, int n,
                      weir_aggs **out) {
    weir_aggs *a = WEIR_NEW(mem, weir_aggs);
    weir_ctx c = *ctx;
    c.arena = mem;
    a->mem = mem;
    a->n = n;
    a->v = WEIR_NEWN(mem, one, n);
    a->ansi = weir_conf_bool(ctx->conf, "spark.sql.ansi.enabled");
    for (int i = 0; i < n; i++) {
        weir_expr *e = agg[i], **x = WEIR_NEWN(mem, weir_expr *, e->narg + 1);
        a->v[i].e = e;
        if (e->kind != WEIR_EX_AGG) continue;
        if (e->narg) memcpy(x, e->arg, sizeof *x * (size_t)e->narg);
        if (e->filter) x[e->narg] = e->filter;
        WEIR_TRY(weir_eval_new(&c, x, e->narg + (e->filter != NULL), &a->v[i].args));
        if (e->distinct) WEIR_TRY(distinct_types(ctx, mem, &a->v[i]));
    }
    *out = a;
    return WEIR_OK;
}

static weir_rc make_room(weir_ctx *ctx, weir_aggs *a, one *o, int64_t nslot) {
    size_t each = o->e->agg->state_bytes;
    if (nslot <= o->cap) return WEIR_OK;
    int64_t cap = o->cap ? o->cap * 2 : 64;
    while (cap < nslot) cap *= 2;
    weir_arena *m = weir_arena_new(a->mem);
    void *p = weir_alloc_try(m, each * (size_t)cap);
    if (!p) return weir_fail_memory(ctx, (int64_t)each * cap);
    if (o->slots) memcpy(p, o->slots, each * (size_t)o->cap);
    weir_arena_free(o->slot_mem);
    o->slot_mem = m;
    o->slots = p;
    o->cap = cap;
    return WEIR_OK;
}

/* Rows that count: those the filter keeps, and for DISTINCT the first of each (slot, arguments)
 * without nulls. */
static weir_rc counted(weir_ctx *ctx, one *o, const weir_batch *b, weir_column *arg,
                       const uint32_t *slot, int64_t *idx, int64_t *n) {
    const weir_expr *e = o->e;
    *n = b->len;
    for (int64_t i = 0; i < b->len; i++) idx[i] = i;
    if (e->filter) {
        weir_column f;
        WEIR_TRY(weir_eval_run(ctx, o->args, e->narg, b, &f));
        *n = weir_select_true(&f, idx);
    }
    if (!o->seen || *n == 0) return WEIR_OK;
    weir_column *key = WEIR_NEWN(ctx->arena, weir_column, e->narg + 1);
    weir_build sb;
    WEIR_TRY(weir_build_init(ctx, &sb, &weir_t_long));
    for (int64_t i = 0; i < *n; i++) weir_build_i64(&sb, slot[idx[i]]);
    WEIR_TRY(weir_build_finish(ctx, &sb, &key[0]));
    for (int k = 0; k < e->narg; k++)
        WEIR_TRY(weir_column_take(ctx, &arg[k], idx, *n, &key[k + 1]));
    uint32_t *where = WEIR_NEWN(ctx->arena, uint32_t, *n);
    int64_t before = weir_groups_count(o->seen), added = 0, m = 0;
    WEIR_TRY(weir_groups_map(ctx, o->seen, key, *n, where, &added));
    for (int64_t i = 0; i < *n; i++) {
        if (where[i] != before) continue;
        before++;
        idx[m++] = idx[i];
    }
    *n = m;
    return WEIR_OK;
}

static weir_rc update_one(weir_ctx *ctx, weir_aggs *a, one *o, const weir_batch *b,
                          const uint32_t *slot, int64_t nslot) {
    const weir_expr *e = o->e;
    weir_column *arg = WEIR_NEWN(ctx->arena, weir_column, e->narg + 1);
    for (int k = 0; k < e->narg; k++) WEIR_TRY(weir_eval_run(ctx, o->args, k, b, &arg[k]));
    WEIR_TRY(make_room(ctx, a, o, nslot));
    int64_t n = b->len;
    if (e->filter || o->seen) {
        int64_t *idx = WEIR_NEWN(ctx->arena, int64_t, b->len + 1);
        WEIR_TRY(counted(ctx, o, b, arg, slot, idx, &n));
        if (n == 0) return WEIR_OK;
        if (n != b->len) {
            uint32_t *s = WEIR_NEWN(ctx->arena, uint32_t, n);
            for (int64_t i = 0; i < n; i++) s[i] = slot[idx[i]];
            for (int k = 0; k < e->narg; k++)
                WEIR_TRY(weir_column_take(ctx, &arg[k], idx, n, &arg[k]));
            slot = s;
        }
    }
    weir_agg_call c = {.arg = arg,
                       .narg = e->narg,
                       .len = n,
                       .slot = slot,
                       .expr = e,
                       .bound = e->bound,
                       .slots = o->slots,
                       .mem = a->mem,
                       .ansi = a->ansi};
    return e->agg->update(ctx, &c);
}

weir_rc weir_aggs_update(weir_ctx *ctx, weir_aggs *a, const weir_batch *b, const uint32_t *slot,
                         int64_t nslot) {
    for (int i = 0; i < a->n; i++)
        if (a->v[i].e->kind == WEIR_EX_AGG)
            WEIR_TRY(update_one(ctx, a, &a->v[i], b, slot, nslot));
    return WEIR_OK;
}

weir_rc weir_aggs_finish(weir_ctx *ctx, weir_aggs *a, int which, int64_t from, int64_t n,
                         weir_column *out) {
    one *o = &a->v[which];
    if (o->e->kind != WEIR_EX_AGG) return weir_column_null(ctx, o->e->type, n, out);
    WEIR_TRY(make_room(ctx, a, o, from + n));
    weir_agg_call c = {
        .expr = o->e, .bound = o->e->bound, .slots = o->slots, .mem = a->mem, .ansi = a->ansi};
    *out = (weir_column){.type = o->e->type, .form = WEIR_FLAT, .len = n};
    WEIR_TRY(o->e->agg->finish(ctx, &c, from, n, out));
    out->type = o->e->type;
    return WEIR_OK;
}

int weir_aggs_state(weir_ctx *ctx, const weir_aggs *a, weir_field **out, unsigned **form) {
    int n = 0, cap = 0;
    for (int i = 0; i < a->n; i++) {
        const weir_agg_fn *f = a->v[i].e->agg;
        if (cap - n < WEIR_AGG_STATE_MAX) {
            cap = cap * 2 + WEIR_AGG_STATE_MAX;
            weir_field *fields = WEIR_NEWN(ctx->arena, weir_field, cap);
            unsigned *forms = WEIR_NEWN(ctx->arena, unsigned, cap);
            if (n) memcpy(fields, *out, sizeof *fields * (size_t)n);
            if (n) memcpy(forms, *form, sizeof *forms * (size_t)n);
            *out = fields;
            *form = forms;
        }
        int k = f->state_types(ctx, a->v[i].e, *out + n, WEIR_AGG_STATE_MAX);
        for (; k > 0; k--, n++) (*form)[n] = f->flags & WEIR_AGG_OBJECT;
    }
    return n;
}

static weir_agg_call call_of(const weir_aggs *a, const one *o) {
    return (weir_agg_call){
        .expr = o->e, .bound = o->e->bound, .slots = o->slots, .mem = a->mem, .ansi = a->ansi};
}

static int state_fields(weir_ctx *ctx, const one *o, weir_field *f) {
    return o->e->agg->state_types(ctx, o->e, f, WEIR_AGG_STATE_MAX);
}

weir_rc weir_aggs_save(weir_ctx *ctx, weir_aggs *a, int64_t from, int64_t n, weir_column *out) {
    weir_field *f = WEIR_NEWN(ctx->arena, weir_field, WEIR_AGG_STATE_MAX);
    for (int i = 0; i < a->n; i++) {
        one *o = &a->v[i];
        int k = state_fields(ctx, o, f);
        weir_build *b = WEIR_NEWN(ctx->arena, weir_build, k);
        WEIR_TRY(make_room(ctx, a, o, from + n));
        weir_agg_call c = call_of(a, o);
        for (int j = 0; j < k; j++) WEIR_TRY(weir_build_init(ctx, &b[j], f[j].type));
        WEIR_TRY(o->e->agg->save(ctx, &c, from, n, b));
        for (int j = 0; j < k; j++) WEIR_TRY(weir_build_finish(ctx, &b[j], out++));
    }
    return WEIR_OK;
}

weir_rc weir_aggs_merge(weir_ctx *ctx, weir_aggs *a, const weir_column *state, int64_t len,
                        const uint32_t *slot, int64_t nslot) {
    weir_field *f = WEIR_NEWN(ctx->arena, weir_field, WEIR_AGG_STATE_MAX);
    for (int i = 0; i < a->n; i++) {
        one *o = &a->v[i];
        WEIR_TRY(make_room(ctx, a, o, nslot));
        weir_agg_call c = call_of(a, o);
        c.arg = state;
        c.narg = state_fields(ctx, o, f);
        c.len = len;
        c.slot = slot;
        state += c.narg;
        WEIR_TRY(o->e->agg->merge(ctx, &c));
    }
    return WEIR_OK;
}
