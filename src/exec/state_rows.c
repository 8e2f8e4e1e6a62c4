/* Layouts of state rows. See exec/state_rows.h. */
#include "exec/state_rows.h"

#include "codec/state_object.h"

void weir_op_state_init(weir_op *op, weir_exec *x) {
    ((weir_stateful *)op)->x = x;
    if (x->stream && op->plan->streaming) weir_exec_reserve_state(x, &((weir_stateful *)op)->st);
}

void weir_stateful_close(weir_stateful *s) {
    weir_store_close(s->st.store);
    s->st.store = NULL;
}

weir_rc weir_state_layout_of(weir_ctx *ctx, const weir_plan *p, bool keys_in_value,
                             weir_state_layout *out) {
    weir_field *state = NULL;
    weir_aggs *aggs = NULL;
    unsigned *form = NULL;
    WEIR_TRY(weir_aggs_new(ctx, ctx->arena, p->expr + p->ngroup, p->nexpr - p->ngroup, &aggs));
    int n = weir_aggs_state(ctx, aggs, &state, &form);
    weir_field *value = WEIR_NEWN(ctx->arena, weir_field, n + p->ngroup + 1);
    *out = (weir_state_layout){.nlead = keys_in_value ? p->ngroup : 0,
                               .nstate = n,
                               .form = form};
    out->key = weir_type_struct(ctx->arena, p->schema->field, p->ngroup);
    out->state = weir_type_struct(ctx->arena, state, n);
    for (int i = 0; i < out->nlead; i++) value[i] = p->schema->field[i];
    for (int i = 0; i < n; i++) {
        value[out->nlead + i] = state[i];
        if (form[i]) value[out->nlead + i].type = &weir_t_binary;
    }
    out->value = weir_type_struct(ctx->arena, value, out->nlead + n);
    out->key = weir_type_nullable(ctx->arena, out->key);
    out->value = weir_type_nullable(ctx->arena, out->value);
    return WEIR_OK;
}

weir_rc weir_layout_decode(weir_ctx *ctx, const weir_state_layout *l, const weir_bytes *value,
                           int64_t n, weir_column *lead, weir_column *state) {
    weir_column *all = WEIR_NEWN(ctx->arena, weir_column, l->value->nfield + 1);
    WEIR_TRY(weir_urow_decode(ctx, l->value, value, n, all));
    for (int i = 0; i < l->nlead && lead; i++) lead[i] = all[i];
    for (int i = 0; i < l->nstate; i++) {
        state[i] = all[l->nlead + i];
        if (l->form[i])
            WEIR_TRY(weir_object_unpack(ctx, l->form[i], &l->state->field[i], &all[l->nlead + i],
                                        &state[i]));
    }
    return WEIR_OK;
}

weir_rc weir_layout_load(weir_ctx *ctx, const weir_state_layout *l, const weir_state_op *st,
                         const int64_t *entry, int64_t n, weir_column *state) {
    weir_bytes *row = WEIR_NEWN(ctx->arena, weir_bytes, n + 1);
    for (int64_t i = 0; i < n; i++) row[i] = weir_store_value(ctx, st->store, entry[i]);
    return weir_layout_decode(ctx, l, row, n, NULL, state);
}

weir_rc weir_layout_encode(weir_ctx *ctx, const weir_state_layout *l, const weir_state_op *st,
                           const weir_column *lead, const weir_column *state, int64_t n,
                           weir_rowset *out) {
    weir_column *all = WEIR_NEWN(ctx->arena, weir_column, l->value->nfield + 1);
    for (int i = 0; i < l->nlead; i++) all[i] = lead[i];
    for (int i = 0; i < l->nstate; i++) {
        all[l->nlead + i] = state[i];
        if (l->form[i])
            WEIR_TRY(weir_object_pack(ctx, l->form[i], &l->state->field[i], &state[i],
                                      &all[l->nlead + i]));
    }
    return weir_urow_encode(ctx, st->spec.value, all, n, out);
}

weir_rc weir_layout_finish(weir_ctx *ctx, const weir_state_layout *l, const weir_plan *p,
                           const weir_bytes *key, const weir_bytes *value, int64_t n,
                           weir_batch *out) {
    weir_aggs *aggs = NULL;
    weir_column *state = WEIR_NEWN(ctx->arena, weir_column, l->nstate + 1);
    uint32_t *slot = WEIR_NEWN(ctx->arena, uint32_t, n + 1);
    *out = (weir_batch){
        .schema = p->schema, .len = n, .col = WEIR_NEWN(ctx->arena, weir_column, p->nexpr + 1)};
    for (int64_t i = 0; i < n; i++) slot[i] = (uint32_t)i;
    WEIR_TRY(weir_urow_decode(ctx, l->key, key, n, out->col));
    WEIR_TRY(weir_layout_decode(ctx, l, value, n, NULL, state));
    WEIR_TRY(weir_aggs_new(ctx, ctx->arena, p->expr + p->ngroup, p->nexpr - p->ngroup, &aggs));
    WEIR_TRY(weir_aggs_merge(ctx, aggs, state, n, slot, n));
    for (int i = p->ngroup; i < p->nexpr; i++)
        WEIR_TRY(weir_aggs_finish(ctx, aggs, i - p->ngroup, 0, n, &out->col[i]));
    return WEIR_OK;
}

int64_t weir_state_time(weir_schema *s, int i, weir_bytes row) {
    if (weir_urow_null(row, i)) return INT64_MAX;
    if (s->field[i].type->kind != WEIR_T_STRUCT) return weir_urow_i64(row, s->nfield, i);
    weir_bytes window = weir_urow_nested(row, s->nfield, i);
    return weir_urow_null(window, 1) ? INT64_MAX : weir_urow_i64(window, 2, 1);
}

weir_rc weir_state_put(weir_ctx *ctx, weir_state_op *st, const weir_column *key, int nkey,
                       const weir_rowset *keys, const weir_rowset *values) {
    int32_t *part = WEIR_NEWN(ctx->arena, int32_t, keys->n + 1);
    weir_state_partition(st, key, nkey, keys->n, part);
    for (int64_t i = 0; i < keys->n; i++)
        WEIR_TRY(weir_store_put(ctx, st->store, part[i], weir_rowset_at(keys, i),
                                weir_rowset_at(values, i)));
    return WEIR_OK;
}

weir_rc weir_state_take_due(weir_ctx *ctx, weir_state_op *st, int64_t max, weir_bytes *key,
                            weir_bytes *value, int64_t *n) {
    *n = 0;
    for (int64_t e; *n < max && (e = weir_store_expired(st->store, st->evict_us)) >= 0; (*n)++) {
        key[*n] = weir_store_key(ctx, st->store, e);
        value[*n] = weir_store_value(ctx, st->store, e);
        weir_store_remove(st->store, e);
    }
    return WEIR_OK;
}
