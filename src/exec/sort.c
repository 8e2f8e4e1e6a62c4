/* Global sort: all rows are held, an index is sorted (stable merge), rows are taken in order. */
#include "col/sort.h"
#include "exec/ops.h"

typedef struct sort_op {
    weir_op base;
    weir_arena *held;
    weir_rows rows;
    weir_batch all;
    int64_t *idx;
    int64_t at;
    bool full;
} sort_op;

typedef struct sort_key {
    const weir_column *c;
    bool desc, nulls_first;
} sort_key;

typedef struct sort_keys {
    const sort_key *key;
    int n;
} sort_keys;

static int by_keys(void *u, int64_t a, int64_t b) {
    const sort_keys *s = u;
    const sort_key *k = s->key;
    for (int i = 0; i < s->n; i++) {
        bool na = weir_is_null(k[i].c, a), nb = weir_is_null(k[i].c, b);
        if (na || nb) {
            if (na && nb) continue;
            return na == k[i].nulls_first ? -1 : 1;
        }
        int r = weir_compare(k[i].c, a, k[i].c, b);
        if (r) return k[i].desc ? -r : r;
    }
    return 0;
}

static weir_rc sort_reset(weir_ctx *ctx, weir_op *op) {
    (void)ctx;
    sort_op *s = (sort_op *)op;
    weir_arena_free(s->held);
    s->held = NULL;
    s->full = false;
    s->at = 0;
    return WEIR_OK;
}

static void sort_close(weir_op *op) { (void)sort_reset(NULL, op); }

static weir_rc sort_fill(weir_ctx *ctx, sort_op *s) {
    const weir_plan *p = s->base.plan;
    s->held = weir_arena_new(NULL);
    WEIR_TRY(weir_op_drain(ctx, s->base.in[0], s->held, &s->rows));
    weir_ctx c = *ctx;
    c.arena = s->held;
    WEIR_TRY(weir_rows_join(&c, p->schema, &s->rows, &s->all));
    if (s->rows.n == 0) return WEIR_OK;
    sort_key *k = WEIR_NEWN(s->held, sort_key, p->nexpr + 1);
    weir_column *col = WEIR_NEWN(s->held, weir_column, p->nexpr + 1);
    for (int i = 0; i < p->nexpr; i++) {
        WEIR_TRY(weir_eval_run(&c, s->base.eval, i, &s->all, &col[i]));
        k[i] = (sort_key){&col[i], p->expr[i]->descending, p->expr[i]->nulls_first};
    }
    WEIR_TRY_NEWN(ctx, s->held, s->idx, s->all.len + 1);
    for (int64_t i = 0; i < s->all.len; i++) s->idx[i] = i;
    sort_keys keys = {k, p->nexpr};
    return weir_sort_rows(ctx, s->idx, s->all.len, by_keys, &keys);
}

static weir_rc sort_next(weir_ctx *ctx, weir_op *op, weir_batch *out, bool *eof) {
    sort_op *s = (sort_op *)op;
    if (!s->full) {
        WEIR_TRY(sort_fill(ctx, s));
        s->full = true;
    }
    int64_t n = s->rows.rows - s->at;
    *eof = n == 0;
    if (*eof) return WEIR_OK;
    if (n > WEIR_BATCH_ROWS) n = WEIR_BATCH_ROWS;
    WEIR_TRY(weir_batch_take(ctx, &s->all, s->idx + s->at, n, out));
    s->at += n;
    return WEIR_OK;
}

const weir_op_ops weir_op_sort = {"sort", sizeof(sort_op), NULL, sort_next, sort_reset, sort_close};
