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
        int64_t *old = l->idx, cap = l->cap ? l->cap * 2 : 256;
        int64_t *idx = l->failed ? NULL : weir_alloc_try(l->mem, sizeof *idx * (size_t)cap);
        if (!idx) {
            l->failed = true;
            l->n = 0; /* something to overwrite: cheap to go on with */
        } else {
            l->cap = cap;
            l->idx = idx;
            if (l->n) memcpy(l->idx, old, sizeof *old * (size_t)l->n);
        }
    }
    l->idx[l->n++] = row < 0 ? -1 : l->base[src] + row;
}

weir_rc weir_lists_finish(weir_ctx *ctx, weir_call *c, weir_lists *l, int which) {
    weir_column all = {0};
    if (l->failed) return weir_fail_memory(ctx, l->cap * 16);
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

static bool is_dense(const weir_column *list) {
    int64_t first, end = 0;
    for (int64_t i = 0; i < list->len; i++) {
        int32_t n = weir_get_list(list, i, &first);
        if (n && (first != end || weir_is_null(list, i))) return false;
        end += n;
    }
    return end == list->kid[0].len;
}

weir_rc weir_list_dense(weir_ctx *ctx, const weir_column *list, weir_column *out) {
    weir_buf *rows;
    if (list->form == WEIR_FLAT && list->off == 0 && is_dense(list)) return *out = *list, WEIR_OK;
    WEIR_TRY(weir_buf_new(ctx, list->len * 8, &rows));
    int64_t *idx = (int64_t *)(void *)rows->p;
    for (int64_t i = 0; i < list->len; i++) idx[i] = weir_is_null(list, i) ? -1 : i;
    WEIR_TRY(weir_column_take(ctx, list, idx, list->len, out));
    if (out->form != WEIR_CONST) return WEIR_OK;
    weir_column flat = *out;
    return weir_column_flatten(ctx, &flat, out);
}

weir_rc weir_struct_field(weir_ctx *ctx, const weir_column *in, int k, weir_column *out) {
    weir_buf *rows;
    if (!in->valid) {
        *out = weir_column_slice(&in->kid[k], in->off, in->len);
        return WEIR_OK;
    }
    WEIR_TRY(weir_buf_new(ctx, in->len * 8, &rows));
    int64_t *idx = (int64_t *)(void *)rows->p;
    for (int64_t i = 0; i < in->len; i++) idx[i] = weir_is_null(in, i) ? -1 : weir_kid_row(in, i);
    return weir_column_take(ctx, &in->kid[k], idx, in->len, out);
}

weir_rc weir_map_key_check(weir_ctx *ctx, const weir_expr *e, const weir_type *key) {
    bool map = weir_type_has(key, WEIR_T_MAP);
    if (!map && !weir_type_has(key, WEIR_T_VARIANT)) return WEIR_OK;
    return weir_fail(ctx, WEIR_E_DATATYPE_MISMATCH_INVALID_MAP_KEY_TYPE, "sqlExpr",
                     weir_printf(ctx->arena, "\"%s\"", weir_expr_sql(ctx->arena, e)), "keyType",
                     map ? "\"MAP\"" : "\"VARIANT\"");
}
