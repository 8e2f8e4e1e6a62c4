/* Choosing list elements. Called by collection kernels; thread of the task. */
#include "func/lists.h"

weir_rc weir_lists_start(weir_ctx *ctx, weir_call *c, weir_lists *l, const weir_column *const *src,
                         int nsrc) {
    *l = (weir_lists){.nsrc = nsrc,
                      .src = WEIR_NEWN(ctx->arena, const weir_column *, nsrc + 1),
                      .base = WEIR_NEWN(ctx->arena, int64_t, nsrc + 1),
                      .mem = ctx->arena};
    int64_t base = 0;
    for (int i = 0; i < nsrc; i++) {
        l->src[i] = src[i];
        l->base[i] = base;
        base += src[i]->len;
    }
    WEIR_TRY(weir_buf_new(ctx, (c->len + 1) * 4, &c->out->data));
    l->off = (int32_t *)(void *)c->out->data->p;
    l->off[0] = 0;
    return WEIR_OK;
}

void weir_lists_add(weir_lists *l, int src, int64_t row) {
    if (l->n == l->cap) {
        int64_t *old = l->idx;
        l->cap = l->cap ? l->cap * 2 : 256;
        l->idx = WEIR_NEWN(l->mem, int64_t, l->cap);
        if (l->n) memcpy(l->idx, old, sizeof *old * (size_t)l->n);
    }
    l->idx[l->n++] = row < 0 ? -1 : l->base[src] + row;
}

weir_rc weir_lists_finish(weir_ctx *ctx, weir_call *c, weir_lists *l, int which) {
    weir_column all = {0};
    if (l->n > INT32_MAX)
        return weir_fail(ctx, WEIR_E_OUT_OF_MEMORY, "requestedBytes",
                         weir_printf(ctx->arena, "%lld", (long long)l->n), "receivedBytes",
                         "2147483647");
    if (!c->out->kid) {
        c->out->nkid = c->out->type->nfield;
        c->out->kid = WEIR_NEWN(ctx->arena, weir_column, c->out->nkid);
    }
    weir_column *kid = &c->out->kid[which];
    const weir_type *t = c->out->type->field[which].type;
    if (l->n == 0 || l->nsrc == 0) return weir_column_null(ctx, t, l->n, kid);
    if (l->nsrc > 1) WEIR_TRY(weir_column_concat(ctx, l->src, l->nsrc, &all));
    WEIR_TRY(weir_column_take(ctx, l->nsrc > 1 ? &all : l->src[0], l->idx, l->n, kid));
    if (kid->form == WEIR_CONST) {
        weir_column flat;
        WEIR_TRY(weir_column_flatten(ctx, kid, &flat));
        *kid = flat;
    }
    kid->type = t;
    return WEIR_OK;
}

const weir_column *weir_elements(weir_ctx *ctx, const weir_column *list, int which) {
    if (list->nkid > which) return &list->kid[which];
    weir_column *none = WEIR_NEW(ctx->arena, weir_column);
    *none = (weir_column){.type = &weir_t_void, .form = WEIR_FLAT};
    return none;
}
