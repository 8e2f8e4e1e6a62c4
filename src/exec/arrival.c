/* The order in which Apache Spark's sort-based aggregation meets rows. first, last, ties of max_by
 * and sums of floating point depend on it. One task. */
#include "exec/ops.h"

static bool is_mutable(const weir_type *t) {
    switch (t->kind) {
    case WEIR_T_STRING:
    case WEIR_T_BINARY:
    case WEIR_T_ARRAY:
    case WEIR_T_MAP:
    case WEIR_T_STRUCT:
    case WEIR_T_VARIANT: return false;
    default: return true;
    }
}

/* SPARK AggUtils.createAggregate: by hash when a row can hold all buffers in place, by hash of
 * objects when one of them is an object, else by sorting. */
static bool is_sorted(weir_ctx *ctx, const weir_plan *p) {
    bool in_place = true, object = false;
    for (int i = p->ngroup; i < p->nexpr; i++) {
        weir_field f[WEIR_AGG_STATE_MAX];
        if (p->expr[i]->kind != WEIR_EX_AGG) continue; /* nobody reads it */
        if (!p->expr[i]->agg->state_types) return false;
        int n = p->expr[i]->agg->state_types(ctx, p->expr[i], f, WEIR_AGG_STATE_MAX);
        for (int k = 0; k < n; k++) in_place &= is_mutable(f[k].type);
        object |= (p->expr[i]->agg->flags & WEIR_AGG_OBJECT) != 0;
    }
    return !in_place && !object;
}

/* SPARK SortPrefix.canSortFullyWithPrefix: one key of at most 8 bytes is sorted by radix. */
static bool fits_prefix(const weir_type *t) {
    if (t->kind == WEIR_T_DECIMAL) return t->precision <= 18;
    return is_mutable(t) && weir_type_width(t) <= 8;
}

bool weir_arrival_differs(weir_ctx *ctx, const weir_plan *p) {
    return p->ngroup == 1 && p->expr[0]->nullable && fits_prefix(p->expr[0]->type) &&
           is_sorted(ctx, p);
}

/* SPARK UnsafeInMemorySorter.insertRecord: rows without key stand before the others. Each takes the
 * place of the first of these, which goes to the end; the sort itself keeps the order of equals. */
weir_rc weir_arrival_order(weir_ctx *ctx, weir_batch *b, weir_column *key) {
    int64_t *idx = WEIR_NEWN(ctx->arena, int64_t, b->len + 1), nulls = 0;
    for (int64_t i = 0; i < b->len; i++) {
        idx[i] = i;
        if (!weir_is_null(key, i)) continue;
        idx[i] = idx[nulls];
        idx[nulls++] = i;
    }
    if (nulls == 0) return WEIR_OK;
    WEIR_TRY(weir_column_take(ctx, key, idx, b->len, key));
    return weir_batch_take(ctx, b, idx, b->len, b);
}
