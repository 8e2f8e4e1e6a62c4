/* Values in aggregate slots. Called by the aggregates; thread of the task that owns the slots. */
#include "func/cell.h"

static weir_rc store_bytes(weir_arena *mem, weir_cell *c, weir_bytes b) {
    if (b.len > c->cap) { /* replaced values of one slot reuse its room: at most twice the longest
                             is held */
        c->cap = b.len < 8 ? 16 : b.len > INT32_MAX / 2 ? b.len : b.len * 2;
        c->u.p = weir_alloc(mem, (size_t)c->cap);
    }
    if (b.len) memcpy(c->u.p, b.p, (size_t)b.len);
    c->len = b.len;
    return WEIR_OK;
}

weir_rc weir_cell_store(weir_ctx *ctx, weir_arena *mem, weir_cell *c, const weir_column *in,
                        int64_t i) {
    c->set = true;
    c->null = weir_is_null(in, i);
    if (c->null) return WEIR_OK;
    switch (in->type->kind) {
    case WEIR_T_BOOLEAN: c->u.i = WEIR_AT_ROW(uint8_t, in, i); return WEIR_OK;
    case WEIR_T_FLOAT: c->u.f = (double)WEIR_AT_ROW(float, in, i); return WEIR_OK;
    case WEIR_T_DOUBLE: c->u.f = WEIR_AT_ROW(double, in, i); return WEIR_OK;
    case WEIR_T_DECIMAL: c->u.d = WEIR_AT_ROW(weir_i128, in, i); return WEIR_OK;
    case WEIR_T_INTERVAL: c->u.v = WEIR_AT_ROW(weir_interval, in, i); return WEIR_OK;
    case WEIR_T_STRING:
    case WEIR_T_BINARY: return store_bytes(mem, c, weir_get_bytes(in, i));
    case WEIR_T_ARRAY:
    case WEIR_T_MAP:
    case WEIR_T_STRUCT:
    case WEIR_T_VARIANT: {
        weir_column one; /* take may share headers with its input: keep copies them */
        WEIR_TRY(weir_column_take(ctx, in, &i, 1, &one));
        c->u.col = WEIR_NEW(mem, weir_column);
        weir_column_keep(mem, &one, c->u.col);
        return WEIR_OK;
    }
    default: c->u.i = weir_get_int(in, i); return WEIR_OK;
    }
}

void weir_cell_append(const weir_cell *c, const weir_type *t, weir_build *b) {
    if (!c->set || c->null) {
        weir_build_null(b);
        return;
    }
    switch (t->kind) {
    case WEIR_T_BOOLEAN: weir_build_bool(b, c->u.i != 0); return;
    case WEIR_T_FLOAT: weir_build_f32(b, (float)c->u.f); return;
    case WEIR_T_DOUBLE: weir_build_f64(b, c->u.f); return;
    case WEIR_T_DECIMAL: weir_build_dec(b, c->u.d); return;
    case WEIR_T_INTERVAL: weir_build_interval(b, c->u.v); return;
    case WEIR_T_STRING:
    case WEIR_T_BINARY: weir_build_bytes(b, c->len ? c->u.p : "", (size_t)c->len); return;
    case WEIR_T_ARRAY:
    case WEIR_T_MAP:
    case WEIR_T_STRUCT:
    case WEIR_T_VARIANT: weir_build_copy(b, c->u.col, 0); return;
    default: weir_build_int(b, c->u.i); return;
    }
}

static int three(double a, double b) {
    if (a != a || b != b) return (a != a) - (b != b);
    return a < b ? -1 : a > b;
}

int weir_cell_compare(const weir_cell *c, const weir_column *in, int64_t i) {
    switch (in->type->kind) {
    case WEIR_T_BOOLEAN: return (int)c->u.i - WEIR_AT_ROW(uint8_t, in, i);
    case WEIR_T_FLOAT: return three(c->u.f, (double)WEIR_AT_ROW(float, in, i));
    case WEIR_T_DOUBLE: return three(c->u.f, WEIR_AT_ROW(double, in, i));
    case WEIR_T_DECIMAL:
        return c->u.d < WEIR_AT_ROW(weir_i128, in, i) ? -1 : c->u.d > WEIR_AT_ROW(weir_i128, in, i);
    case WEIR_T_STRING:
    case WEIR_T_BINARY: {
        weir_bytes b = weir_get_bytes(in, i);
        int32_t n = c->len < b.len ? c->len : b.len;
        int r = n ? memcmp(c->u.p, b.p, (size_t)n) : 0;
        return r ? r : c->len - b.len;
    }
    case WEIR_T_ARRAY:
    case WEIR_T_STRUCT: return weir_compare(c->u.col, 0, in, i);
    default: {
        int64_t v = weir_get_int(in, i);
        return c->u.i < v ? -1 : c->u.i > v;
    }
    }
}

/* ---- many ---- */

static weir_rc grown(weir_ctx *ctx, weir_arena *mem, void *old, size_t size, const weir_cells *s,
                     int64_t cap, void *out) {
    void *v = weir_alloc_try(mem, size * (size_t)cap);
    if (!v) return weir_fail_memory(ctx, (int64_t)size * cap);
    if (s->n) memcpy(v, old, size * (size_t)s->n);
    memcpy(out, &v, sizeof v);
    return WEIR_OK;
}

static weir_rc grow(weir_ctx *ctx, weir_arena *mem, weir_cells *s) {
    int64_t cap = s->cap ? s->cap * 2 : 4;
    WEIR_TRY(grown(ctx, mem, s->v, sizeof *s->v, s, cap, &s->v));
    s->cap = cap;
    return WEIR_OK;
}

static weir_rc grow_table(weir_ctx *ctx, weir_arena *mem, weir_cells *s) {
    WEIR_TRY(grow(ctx, mem, s));
    WEIR_TRY(grown(ctx, mem, s->hash, sizeof *s->hash, s, s->cap, &s->hash));
    WEIR_TRY(grown(ctx, mem, s->count, sizeof *s->count, s, s->cap, &s->count));
    s->buckets = s->cap * 2;
    WEIR_TRY_NEWN(ctx, mem, s->table, s->buckets); /* entry + 1; 0 = free */
    for (int64_t k = 0; k < s->n; k++) {
        int64_t b = (uint32_t)s->hash[k] & (s->buckets - 1);
        while (s->table[b]) b = (b + 1) & (s->buckets - 1);
        s->table[b] = k + 1;
    }
    return WEIR_OK;
}

weir_rc weir_cells_add(weir_ctx *ctx, weir_arena *mem, weir_cells *s, const weir_column *x,
                       int64_t row) {
    if (s->n == s->cap) WEIR_TRY(grow(ctx, mem, s));
    return weir_cell_store(ctx, mem, &s->v[s->n++], x, row);
}

weir_rc weir_cells_find(weir_ctx *ctx, weir_arena *mem, weir_cells *s, const weir_column *x,
                        int64_t row, int64_t *at) {
    if (s->n == s->cap) WEIR_TRY(grow_table(ctx, mem, s));
    int32_t h = weir_hash_row(x, row, 42);
    int64_t b = (uint32_t)h & (s->buckets - 1);
    for (; s->table[b]; b = (b + 1) & (s->buckets - 1)) {
        *at = s->table[b] - 1;
        if (s->hash[*at] == h && weir_cell_compare(&s->v[*at], x, row) == 0) return WEIR_OK;
    }
    *at = s->n;
    s->table[b] = s->n + 1;
    s->hash[s->n] = h;
    return weir_cell_store(ctx, mem, &s->v[s->n++], x, row);
}
