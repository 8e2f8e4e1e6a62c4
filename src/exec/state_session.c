/* Session windows: every row opens a session, those of a key that touch become one. With state
 * over the batches of a stream, without in batch plans. SPARK SessionWindowStateStoreRestoreExec,
 * MergingSessionsExec, SessionWindowStateStoreSaveExec; checkpoint-format 4.2. One task. */
#include "exec/state_rows.h"
#include "plan/stream.h"

#include <stdlib.h>
#include <xxhash.h>

typedef struct session_op {
    weir_stateful s;
    weir_eval *keys;
    int nother;               /* grouping keys beside the session */
    int *other;               /* their places among the keys */
    weir_state_layout layout; /* of the aggregates alone */
    weir_partial part;
    bool full;
    /* of this batch */
    weir_groups *by_key; /* the other keys */
    weir_aggs *merged;
    struct merged_session *out;
    int64_t nout, at;
    int64_t cursor;
} session_op;

/* One of a batch (slot >= 0) or of the store (entry >= 0), on its way to being merged. */
typedef struct piece {
    int64_t start_us, end_us;
    uint32_t group;
    int64_t slot, entry;
} piece;
typedef struct merged_session {
    int64_t start_us, end_us;
    uint32_t group;
} merged_session;

/* ---- entries: key (other keys, start), value (all grouping keys as in the query, buffers) ---- */

static int64_t due_us(const void *u, weir_bytes key, weir_bytes value) {
    const session_op *s = u;
    (void)key;
    return weir_state_time(s->s.st.spec.value, s->s.base.plan->session_key, value);
}

/* Of the key without its start, which is the last slot. */
static uint64_t group_of(const void *u, weir_bytes key) {
    const session_op *s = u;
    int n = s->nother + 1, at = 8 * ((n + 63) / 64) + 8 * s->nother;
    uint64_t seed = XXH3_64bits(key.p, (size_t)at);
    return XXH3_64bits_withSeed(key.p + at + 8, (size_t)(key.len - at - 8), seed);
}

static bool same_key(const session_op *s, weir_bytes a, weir_bytes b) {
    int n = s->nother + 1, at = 8 * ((n + 63) / 64) + 8 * s->nother;
    return a.len == b.len && memcmp(a.p, b.p, (size_t)at) == 0 &&
           memcmp(a.p + at + 8, b.p + at + 8, (size_t)(a.len - at - 8)) == 0;
}

static int64_t start_of(const session_op *s, weir_bytes key) {
    return weir_urow_i64(key, s->nother + 1, s->nother);
}

static weir_rc add_state(weir_ctx *ctx, session_op *s) {
    const weir_plan *p = s->s.base.plan;
    const weir_field *session = &p->schema->field[p->session_key];
    weir_field *k = WEIR_NEWN(ctx->arena, weir_field, s->nother + 1),
               *v = WEIR_NEWN(ctx->arena, weir_field, 1 + s->nother + s->layout.nstate);
    for (int i = 0; i < p->ngroup; i++) v[i] = p->schema->field[i];
    v[p->session_key].name = "session_window"; /* whatever its alias */
    for (int i = 0; i < s->nother; i++) k[i] = p->schema->field[s->other[i]];
    k[s->nother] = (weir_field){"sessionStartTime", session->type->field[0].type, true, NULL};
    for (int i = 0; i < s->layout.nstate; i++) v[1 + s->nother + i] = s->layout.value->field[i];
    s->s.st.name = s->s.st.shown = "sessionWindowStateStoreSaveExec";
    s->s.st.prefix_cols = s->nother;
    s->s.st.dropped_duplicates = -1;
    s->s.st.asks_no_data_batch = s->s.x->stream->mode != WEIR_OUT_COMPLETE;
    s->s.st.spec.due_us = weir_event_time_key(p) >= 0 ? due_us : NULL;
    s->s.st.spec.group = group_of;
    s->s.st.spec.u = s;
    WEIR_TRY(weir_exec_add_state(
        ctx, s->s.x, &s->s.st, weir_type_struct(ctx->arena, k, s->nother + 1),
        weir_type_struct(ctx->arena, v, 1 + s->nother + s->layout.nstate), s->nother == 0));
    s->layout.nlead = 1 + s->nother;
    s->layout.value = s->s.st.spec.value;
    return WEIR_OK;
}

static weir_rc session_open(weir_ctx *ctx, weir_op *op) {
    session_op *s = (session_op *)op;
    const weir_plan *p = op->plan;
    s->other = WEIR_NEWN(ctx->arena, int, p->ngroup);
    for (int i = 0; i < p->ngroup; i++)
        if (i != p->session_key) s->other[s->nother++] = i;
    WEIR_TRY(weir_eval_new(ctx, p->expr, p->ngroup, &s->keys));
    WEIR_TRY(weir_state_layout_of(ctx, p, false, &s->layout));
    return s->s.x->stream && p->streaming ? add_state(ctx, s) : WEIR_OK;
}

static bool stateful(const session_op *s) { return s->s.st.name != NULL; }

static weir_rc session_reset(weir_ctx *ctx, weir_op *op) {
    (void)ctx;
    session_op *s = (session_op *)op;
    weir_partial_free(&s->part);
    s->full = false;
    s->nout = s->at = 0;
    s->cursor = -1;
    return WEIR_OK;
}

static void session_close(weir_op *op) {
    (void)session_reset(NULL, op);
    weir_stateful_close(&((session_op *)op)->s);
}

/* ---- pieces ---- */

typedef struct pieces {
    int64_t n, cap;
    piece *v;
} pieces;

static void add_piece(weir_arena *mem, pieces *p, piece one) {
    if (p->n == p->cap) {
        int64_t cap = p->cap ? p->cap * 2 : 1024;
        piece *v = WEIR_NEWN(mem, piece, cap);
        if (p->n) memcpy(v, p->v, sizeof *v * (size_t)p->n);
        p->v = v;
        p->cap = cap;
    }
    p->v[p->n++] = one;
}

/* SPARK MergingSortWithSessionWindowStateIterator: by start, what is stored before what came. */
static int by_start(const void *a, const void *b) {
    const piece *x = a, *y = b;
    if (x->group != y->group) return x->group < y->group ? -1 : 1;
    if (x->start_us != y->start_us) return x->start_us < y->start_us ? -1 : 1;
    if ((x->entry >= 0) != (y->entry >= 0)) return x->entry >= 0 ? -1 : 1;
    if (x->end_us != y->end_us) return x->end_us < y->end_us ? -1 : 1;
    return x->slot < y->slot ? -1 : x->slot > y->slot;
}

/* The batch's sessions that are not late, each with the number of its other keys. */
static weir_rc batch_pieces(weir_ctx *ctx, session_op *s, pieces *out) {
    const weir_plan *p = s->s.base.plan;
    bool filter = stateful(s) && s->s.st.spec.due_us; /* SPARK: in complete mode, too */
    const weir_type **t = WEIR_NEWN(s->part.held, const weir_type *, s->nother + 1);
    for (int i = 0; i < s->nother; i++) t[i] = p->expr[s->other[i]]->type;
    WEIR_TRY(weir_groups_new(ctx, s->part.held, t, s->nother, &s->by_key));
    int64_t n = s->part.nslot, added = 0;
    weir_column *key = WEIR_NEWN(ctx->arena, weir_column, p->ngroup + 1),
                *other = WEIR_NEWN(ctx->arena, weir_column, s->nother + 1);
    WEIR_TRY(weir_groups_keys(ctx, s->part.groups, 0, n, key));
    const weir_column *w = &key[p->session_key];
    int64_t *idx = WEIR_NEWN(ctx->arena, int64_t, n + 1), m = 0;
    for (int64_t i = 0; i < n; i++) {
        if (filter && weir_event_time_at(w, i) <= ctx->epoch->late_watermark_us)
            s->s.st.dropped_late++;
        else
            idx[m++] = i;
    }
    uint32_t *group = WEIR_NEWN(ctx->arena, uint32_t, m + 1);
    for (int i = 0; i < s->nother; i++)
        WEIR_TRY(weir_column_take(ctx, &key[s->other[i]], idx, m, &other[i]));
    if (s->nother) WEIR_TRY(weir_groups_map(ctx, s->by_key, other, m, group, &added));
    for (int64_t i = 0; i < m; i++) {
        int64_t row = weir_kid_row(w, idx[i]);
        add_piece(ctx->arena, out,
                  (piece){WEIR_AT_ROW(int64_t, &w->kid[0], row),
                          WEIR_AT_ROW(int64_t, &w->kid[1], row), group[i], idx[i], -1});
    }
    return WEIR_OK;
}

static int64_t ngroups(const session_op *s) {
    return s->nother ? weir_groups_count(s->by_key) : s->part.nslot > 0;
}

/* Encoded keys (others, start) of n sessions. */
static weir_rc encode_keys(weir_ctx *ctx, session_op *s, const int64_t *group, const int64_t *start,
                           int64_t n, weir_column *key, weir_rowset *out) {
    weir_build b;
    weir_column *all = WEIR_NEWN(ctx->arena, weir_column, s->nother + 1);
    WEIR_TRY(weir_groups_keys(ctx, s->by_key, 0, weir_groups_count(s->by_key), all));
    for (int i = 0; i < s->nother; i++) WEIR_TRY(weir_column_take(ctx, &all[i], group, n, &key[i]));
    WEIR_TRY(weir_build_init(ctx, &b, s->s.st.spec.key->field[s->nother].type));
    for (int64_t i = 0; i < n; i++) weir_build_i64(&b, start ? start[i] : 0);
    WEIR_TRY(weir_build_finish(ctx, &b, &key[s->nother]));
    return weir_urow_encode(ctx, s->s.st.spec.key, key, n, out);
}

/* The stored sessions of every key of the batch. */
static weir_rc stored_pieces(weir_ctx *ctx, session_op *s, pieces *out) {
    int64_t n = ngroups(s), *group = WEIR_NEWN(ctx->arena, int64_t, n + 1);
    weir_column *key = WEIR_NEWN(ctx->arena, weir_column, s->nother + 1);
    weir_rowset rows;
    for (int64_t i = 0; i < n; i++) group[i] = i;
    WEIR_TRY(encode_keys(ctx, s, group, NULL, n, key, &rows));
    for (int64_t i = 0; i < n; i++) {
        weir_bytes row = weir_rowset_at(&rows, i);
        uint64_t hash = group_of(s, row);
        for (int64_t e = -1; (e = weir_store_group(s->s.st.store, hash, e)) >= 0;) {
            weir_bytes k = weir_store_key(ctx, s->s.st.store, e);
            if (!same_key(s, k, row)) continue;
            weir_bytes v = weir_store_value(ctx, s->s.st.store, e);
            add_piece(ctx->arena, out,
                      (piece){start_of(s, k), weir_state_time(s->s.st.spec.value,
                                              s->s.base.plan->session_key, v),
                              (uint32_t)i, -1, e});
        }
    }
    return WEIR_OK;
}

/* ---- merging ---- */

/* Joins the sorted pieces into sessions; slot[i]: the session of piece i. */
static void join_pieces(session_op *s, const pieces *p, uint32_t *slot) {
    s->out = WEIR_NEWN(s->part.held, merged_session, p->n + 1);
    for (int64_t i = 0; i < p->n; i++) {
        const piece *x = &p->v[i];
        merged_session *m = s->nout ? &s->out[s->nout - 1] : NULL;
        if (!m || m->group != x->group || x->start_us > m->end_us) {
            m = &s->out[s->nout++];
            *m = (merged_session){x->start_us, x->end_us, x->group};
        }
        if (x->end_us > m->end_us) m->end_us = x->end_us;
        slot[i] = (uint32_t)(s->nout - 1);
    }
}

/* Buffers of all pieces in their order. */
static weir_rc piece_states(weir_ctx *ctx, session_op *s, const pieces *p, weir_column *state) {
    int64_t nslot = s->part.nslot, n = 0, *idx = WEIR_NEWN(ctx->arena, int64_t, p->n + 1);
    weir_bytes *value = WEIR_NEWN(ctx->arena, weir_bytes, p->n + 1);
    weir_column *now = WEIR_NEWN(ctx->arena, weir_column, s->layout.nstate + 1),
                *old = WEIR_NEWN(ctx->arena, weir_column, s->layout.nstate + 1);
    for (int64_t i = 0; i < p->n; i++) {
        idx[i] = p->v[i].slot >= 0 ? p->v[i].slot : nslot + n;
        if (p->v[i].entry >= 0) value[n++] = weir_store_value(ctx, s->s.st.store, p->v[i].entry);
    }
    WEIR_TRY(weir_aggs_save(ctx, s->part.aggs, 0, nslot, now));
    if (n) WEIR_TRY(weir_layout_decode(ctx, &s->layout, value, n, NULL, old));
    for (int k = 0; k < s->layout.nstate; k++) {
        const weir_column *two[2] = {&now[k], &old[k]};
        weir_column all;
        WEIR_TRY(weir_column_concat(ctx, two, n ? 2 : 1, &all));
        WEIR_TRY(weir_column_take(ctx, &all, idx, p->n, &state[k]));
    }
    return WEIR_OK;
}

/* The session column of out[from .. from+n). */
static weir_rc session_column(weir_ctx *ctx, const session_op *s, const merged_session *v,
                              int64_t n, weir_column *out) {
    const weir_plan *p = s->s.base.plan;
    weir_build b;
    WEIR_TRY(weir_build_init(ctx, &b, p->schema->field[p->session_key].type));
    for (int64_t i = 0; i < n; i++) {
        weir_build_i64(&b.kid[0], v[i].start_us);
        weir_build_i64(&b.kid[1], v[i].end_us);
        weir_build_struct(&b);
    }
    return weir_build_finish(ctx, &b, out);
}

/* SPARK StreamingSessionWindowStateManager.updateSessions: the key's sessions are replaced. */
static weir_rc save(weir_ctx *ctx, session_op *s, const pieces *p, const uint32_t *slot) {
    int64_t n = s->nout, *group = WEIR_NEWN(ctx->arena, int64_t, n + 1),
            *start = WEIR_NEWN(ctx->arena, int64_t, n + 1);
    for (int64_t i = 0; i < p->n; i++) {
        const merged_session *m = &s->out[slot[i]];
        if (p->v[i].entry >= 0 && p->v[i].start_us != m->start_us)
            weir_store_remove(s->s.st.store, p->v[i].entry);
    }
    for (int64_t i = 0; i < n; i++) {
        group[i] = s->out[i].group;
        start[i] = s->out[i].start_us;
    }
    weir_column *key = WEIR_NEWN(ctx->arena, weir_column, s->nother + 1),
                *lead = WEIR_NEWN(ctx->arena, weir_column, s->nother + 1),
                *state = WEIR_NEWN(ctx->arena, weir_column, s->layout.nstate + 1);
    weir_rowset keys, values;
    WEIR_TRY(encode_keys(ctx, s, group, start, n, key, &keys));
    WEIR_TRY(session_column(ctx, s, s->out, n, &lead[s->s.base.plan->session_key]));
    for (int i = 0; i < s->nother; i++) lead[s->other[i]] = key[i];
    WEIR_TRY(weir_aggs_save(ctx, s->merged, 0, n, state));
    WEIR_TRY(weir_layout_encode(ctx, &s->layout, &s->s.st, lead, state, n, &values));
    return weir_state_put(ctx, &s->s.st, key, s->nother, &keys, &values);
}

static weir_rc merge_sessions(weir_ctx *ctx, session_op *s) {
    const weir_plan *p = s->s.base.plan;
    pieces all = {0};
    WEIR_TRY(
        weir_aggs_new(ctx, s->part.held, p->expr + p->ngroup, p->nexpr - p->ngroup, &s->merged));
    if (s->part.nslot == 0) return WEIR_OK;
    WEIR_TRY(batch_pieces(ctx, s, &all));
    if (stateful(s)) WEIR_TRY(stored_pieces(ctx, s, &all));
    if (all.n) qsort(all.v, (size_t)all.n, sizeof *all.v, by_start);
    uint32_t *slot = WEIR_NEWN(ctx->arena, uint32_t, all.n + 1);
    weir_column *state = WEIR_NEWN(ctx->arena, weir_column, s->layout.nstate + 1);
    join_pieces(s, &all, slot);
    WEIR_TRY(piece_states(ctx, s, &all, state));
    WEIR_TRY(weir_aggs_merge(ctx, s->merged, state, all.n, slot, s->nout));
    return stateful(s) && s->nout ? save(ctx, s, &all, slot) : WEIR_OK;
}

static weir_rc fill(weir_ctx *ctx, session_op *s) {
    WEIR_TRY(weir_partial_fill(ctx, &s->part, s->s.base.plan, s->keys, s->s.base.in[0], INT64_MAX,
                               &s->full));
    if (stateful(s)) WEIR_TRY(weir_state_begin(ctx, &s->s.st));
    weir_ctx c = *ctx;
    c.arena = weir_arena_new(s->part.held);
    weir_rc rc = merge_sessions(&c, s);
    weir_arena_free(c.arena);
    return rc;
}

/* ---- output ---- */

/* Batch plans: the sessions of the input. */
static weir_rc next_merged(weir_ctx *ctx, session_op *s, weir_batch *out, bool *eof) {
    const weir_plan *p = s->s.base.plan;
    int64_t n = s->nout - s->at, *group;
    if (n > WEIR_BATCH_ROWS) n = WEIR_BATCH_ROWS;
    *eof = n == 0;
    if (*eof) return WEIR_OK;
    *out = (weir_batch){
        .schema = p->schema, .len = n, .col = WEIR_NEWN(ctx->arena, weir_column, p->nexpr + 1)};
    weir_column *key = WEIR_NEWN(ctx->arena, weir_column, s->nother + 1);
    group = WEIR_NEWN(ctx->arena, int64_t, n);
    for (int64_t i = 0; i < n; i++) group[i] = s->out[s->at + i].group;
    WEIR_TRY(weir_groups_keys(ctx, s->by_key, 0, weir_groups_count(s->by_key), key));
    for (int i = 0; i < s->nother; i++)
        WEIR_TRY(weir_column_take(ctx, &key[i], group, n, &out->col[s->other[i]]));
    WEIR_TRY(session_column(ctx, s, s->out + s->at, n, &out->col[p->session_key]));
    for (int i = p->ngroup; i < p->nexpr; i++)
        WEIR_TRY(weir_aggs_finish(ctx, s->merged, i - p->ngroup, s->at, n, &out->col[i]));
    s->at += n;
    return WEIR_OK;
}

/* Value rows of the store as output. */
static weir_rc finish(weir_ctx *ctx, session_op *s, const weir_bytes *value, int64_t n,
                      weir_batch *out) {
    const weir_plan *p = s->s.base.plan;
    weir_aggs *aggs = NULL;
    uint32_t *slot = WEIR_NEWN(ctx->arena, uint32_t, n + 1);
    weir_column *lead = WEIR_NEWN(ctx->arena, weir_column, s->nother + 1),
                *state = WEIR_NEWN(ctx->arena, weir_column, s->layout.nstate + 1);
    *out = (weir_batch){
        .schema = p->schema, .len = n, .col = WEIR_NEWN(ctx->arena, weir_column, p->nexpr + 1)};
    for (int64_t i = 0; i < n; i++) slot[i] = (uint32_t)i;
    WEIR_TRY(weir_layout_decode(ctx, &s->layout, value, n, lead, state));
    for (int i = 0; i < p->ngroup; i++) out->col[i] = lead[i];
    WEIR_TRY(weir_aggs_new(ctx, ctx->arena, p->expr + p->ngroup, p->nexpr - p->ngroup, &aggs));
    WEIR_TRY(weir_aggs_merge(ctx, aggs, state, n, slot, n));
    for (int i = p->ngroup; i < p->nexpr; i++)
        WEIR_TRY(weir_aggs_finish(ctx, aggs, i - p->ngroup, 0, n, &out->col[i]));
    return WEIR_OK;
}

static weir_rc next_due(weir_ctx *ctx, session_op *s, weir_batch *out, bool *eof) {
    weir_bytes *key = WEIR_NEWN(ctx->arena, weir_bytes, WEIR_BATCH_ROWS),
               *value = WEIR_NEWN(ctx->arena, weir_bytes, WEIR_BATCH_ROWS);
    int64_t n = 0;
    WEIR_TRY(weir_state_take_due(ctx, &s->s.st, WEIR_BATCH_ROWS, key, value, &n));
    *eof = n == 0;
    return *eof ? WEIR_OK : finish(ctx, s, value, n, out);
}

static weir_rc next_all(weir_ctx *ctx, session_op *s, weir_batch *out, bool *eof) {
    weir_bytes *value = WEIR_NEWN(ctx->arena, weir_bytes, WEIR_BATCH_ROWS);
    int64_t n = 0, e = s->cursor;
    while (n < WEIR_BATCH_ROWS && (e = weir_store_next(s->s.st.store, e)) >= 0) {
        value[n++] = weir_store_value(ctx, s->s.st.store, e);
        s->cursor = e;
    }
    *eof = n == 0;
    return *eof ? WEIR_OK : finish(ctx, s, value, n, out);
}

static weir_rc session_next(weir_ctx *ctx, weir_op *op, weir_batch *out, bool *eof) {
    session_op *s = (session_op *)op;
    if (!s->full) WEIR_TRY(fill(ctx, s));
    if (!stateful(s)) return next_merged(ctx, s, out, eof);
    return s->s.x->stream->mode == WEIR_OUT_COMPLETE ? next_all(ctx, s, out, eof)
                                                     : next_due(ctx, s, out, eof);
}

const weir_op_ops weir_op_state_session = {"session aggregate", sizeof(session_op), session_open,
                                           session_next,        session_reset,      session_close};
