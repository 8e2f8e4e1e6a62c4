/* Owns the writing of Spark's UnsafeRow bytes. Called by the state store and what hashes keys; any
 * thread, no state. Two passes: the sizes of all rows, then the values, each column by column, so
 * that the choice by type is made once a column. Elements of arrays are columns, too: every list
 * first says where its elements go. */
#include "codec/unsafe_row.h"

/* The rows of a column that are wanted: value i is its row first + step * i. */
typedef struct view {
    int64_t first, step;
} view;

typedef struct cells {     /* where the values of one column go */
    const int64_t *slot;   /* value i: slot[i] + at; negative: nowhere */
    const int64_t *origin; /* what its offset counts from */
    int64_t *pos;          /* where its variable part goes; moved behind it */
    int32_t at, k;         /* k: its null bit, counted from origin; -1: the bits are set already */
} cells;

typedef struct encoder {
    weir_ctx *ctx, *tmp; /* tmp: for what is forgotten at the end */
    char *out;
} encoder;

enum { BIG_DECIMAL = 16, MAX_LONG_DIGITS = 18, MAX_DEPTH = 128 };

static int64_t pad8(int64_t n) { return (n + 7) & ~(int64_t)7; }

/* The same view as indices into the buffers. */
static view stored(const weir_column *c, view v) {
    if (c->form == WEIR_CONST) return (view){c->off, 0};
    return (view){c->off + v.first, v.step};
}

static bool null_at(const weir_column *c, int64_t stored_row) {
    return c->type->kind == WEIR_T_VOID || (c->valid && !weir_bit(c->valid->p, stored_row));
}

static bool is_big_decimal(const weir_type *t) {
    return t->kind == WEIR_T_DECIMAL && t->precision > MAX_LONG_DIGITS;
}

static bool in_slot(const weir_type *t) { /* the whole value is */
    return t->kind == WEIR_T_VOID ||
           (weir_type_width(t) > 0 && t->kind != WEIR_T_INTERVAL && !is_big_decimal(t));
}

static int decimal_bytes(weir_i128 v) {
    unsigned __int128 x = (unsigned __int128)(v < 0 ? ~v : v);
    uint64_t hi = (uint64_t)(x >> 64), lo = (uint64_t)x;
    int bits = hi ? 128 - __builtin_clzll(hi) : lo ? 64 - __builtin_clzll(lo) : 0;
    return bits / 8 + 1;
}

static weir_rc scratch(encoder *e, int64_t n, int64_t **out) {
    weir_buf *b;
    WEIR_TRY(weir_buf_new(e->tmp, n * 8, &b));
    *out = (int64_t *)(void *)b->p;
    return WEIR_OK;
}

/* --- lists -------------------------------------------------------------------------------------
 */

/* A list column whose rows follow each other, so that its elements do: a constant is repeated. */
static weir_rc spread(encoder *e, const weir_column *c, view *v, int64_t n, weir_column *out) {
    view s = stored(c, *v);
    *out = *c;
    if (s.step || n <= 1) return WEIR_OK;
    int64_t *idx;
    WEIR_TRY(scratch(e, n, &idx));
    for (int64_t i = 0; i < n; i++) idx[i] = v->first;
    WEIR_TRY(weir_column_take(e->tmp, c, idx, n, out));
    *v = (view){0, 1};
    return WEIR_OK;
}

static const int32_t *list_offsets(const weir_column *c, view v) {
    return (const int32_t *)(const void *)c->data->p + stored(c, v).first;
}

static weir_rc add_sizes(encoder *e, const weir_column *c, view v, int64_t n, bool element,
                         int64_t *size);

/* For each element of n lists the bytes of its variable part, -1 if it is null or its list is not
 * live. */
static weir_rc element_sizes(encoder *e, const weir_column *kid, const int32_t *o, int64_t n,
                             const int64_t *live, int64_t **out) {
    int64_t total = o[n] - o[0], *size;
    view v = {o[0], 1}, s = stored(kid, v);
    WEIR_TRY(scratch(e, total, &size));
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = o[i] - o[0]; j < o[i + 1] - o[0]; j++)
            size[j] = live[i] < 0 || null_at(kid, s.first + s.step * j) ? -1 : 0;
    *out = size;
    return in_slot(kid->type) ? WEIR_OK : add_sizes(e, kid, v, total, true, size);
}

static weir_rc add_array_sizes(encoder *e, const weir_column *kid, const int32_t *o, int64_t n,
                               int64_t *size) {
    int64_t *es, width = weir_urow_element(kid->type);
    WEIR_TRY(element_sizes(e, kid, o, n, size, &es));
    for (int64_t i = 0; i < n; i++) {
        int64_t count = o[i + 1] - o[i];
        if (size[i] < 0) continue;
        size[i] += 8 + weir_urow_bitmap(count) + pad8(count * width);
        for (int64_t j = o[i] - o[0]; j < o[i + 1] - o[0]; j++)
            if (es[j] > 0) size[i] += es[j];
    }
    return WEIR_OK;
}

static weir_rc add_list_sizes(encoder *e, const weir_column *c, view v, int64_t n, int64_t *size) {
    weir_column list;
    int64_t *own;
    WEIR_TRY(spread(e, c, &v, n, &list));
    WEIR_TRY(scratch(e, n, &own));
    view s = stored(&list, v);
    for (int64_t i = 0; i < n; i++)
        own[i] = size[i] < 0 || null_at(&list, s.first + s.step * i) ? -1
                 : list.type->kind == WEIR_T_MAP                     ? 8
                                                                     : 0;
    for (int k = 0; n && k < list.nkid; k++)
        WEIR_TRY(add_array_sizes(e, &list.kid[k], list_offsets(&list, v), n, own));
    for (int64_t i = 0; i < n; i++)
        if (own[i] > 0) size[i] += own[i];
    return WEIR_OK;
}

/* --- sizes -------------------------------------------------------------------------------------
 */

/* Bytes of the variable part when every row that is there has as many, else -1. */
static int64_t constant_size(const weir_column *c) {
    if (in_slot(c->type)) return 0;
    if (is_big_decimal(c->type) || c->type->kind == WEIR_T_INTERVAL) return BIG_DECIMAL;
    if (c->type->kind != WEIR_T_STRUCT || c->valid) return -1;
    int64_t sum = weir_urow_fixed(c->type);
    for (int k = 0; k < c->nkid; k++) {
        int64_t kid = constant_size(&c->kid[k]);
        if (kid < 0) return -1;
        sum += kid;
    }
    return sum;
}

static weir_rc add_struct_sizes(encoder *e, const weir_column *c, view v, int64_t n,
                                int64_t *size) {
    int64_t *own, fixed = weir_urow_fixed(c->type);
    view s = stored(c, v);
    WEIR_TRY(scratch(e, n, &own));
    for (int64_t i = 0; i < n; i++)
        own[i] = size[i] < 0 || null_at(c, s.first + s.step * i) ? -1 : fixed;
    for (int k = 0; k < c->nkid; k++) WEIR_TRY(add_sizes(e, &c->kid[k], s, n, false, own));
    for (int64_t i = 0; i < n; i++)
        if (own[i] > 0) size[i] += own[i];
    return WEIR_OK;
}

static void add_bytes_sizes(const weir_column *c, view v, int64_t n, int64_t *size) {
    view s = stored(c, v);
    for (int64_t i = 0; i < n; i++) {
        int64_t r = s.first + s.step * i;
        if (size[i] < 0 || null_at(c, r)) continue;
        const int32_t *o = (const int32_t *)(const void *)c->data->p + r;
        size[i] += pad8(o[1] - o[0]);
    }
}

/* Adds what the values put into the variable part of their record; size -1: there is none. Nulls
 * reserve space for wide decimals and intervals, but not as elements (those have size -1). */
static weir_rc add_sizes(encoder *e, const weir_column *c, view v, int64_t n, bool element,
                         int64_t *size) {
    int64_t same = constant_size(c);
    if (same >= 0 && !(element && is_big_decimal(c->type))) {
        for (int64_t i = 0; same && i < n; i++) size[i] += size[i] < 0 ? 0 : same;
        return WEIR_OK;
    }
    switch (c->type->kind) {
    case WEIR_T_DECIMAL: {
        view s = stored(c, v);
        const weir_i128 *d = (const weir_i128 *)(const void *)c->data->p;
        for (int64_t i = 0; i < n; i++)
            if (size[i] >= 0) size[i] += pad8(decimal_bytes(d[s.first + s.step * i]));
        return WEIR_OK;
    }
    case WEIR_T_STRING:
    case WEIR_T_BINARY: add_bytes_sizes(c, v, n, size); return WEIR_OK;
    case WEIR_T_STRUCT: return add_struct_sizes(e, c, v, n, size);
    case WEIR_T_ARRAY:
    case WEIR_T_MAP: return add_list_sizes(e, c, v, n, size);
    default: return WEIR_OK;
    }
}

/* --- values ------------------------------------------------------------------------------------
 */

static void put_i64(char *to, int64_t v) { memcpy(to, &v, 8); }

static void put_null(encoder *e, const cells *t, int64_t i) {
    if (t->k >= 0) weir_bit_set((uint8_t *)e->out + t->origin[i], t->k);
}

/* The variable part of value i takes [pos, pos + n), of which bytes are its own. */
static void put_slot(encoder *e, const cells *t, int64_t i, int64_t bytes, int64_t n) {
    put_i64(e->out + t->slot[i] + t->at, (t->pos[i] - t->origin[i]) << 32 | bytes);
    t->pos[i] += n;
}

typedef enum { RAW, FLOAT_NAN, DOUBLE_NAN, NARROW } conversion;

static inline __attribute__((always_inline)) void put_fixed(encoder *e, const cells *t,
                                                            const weir_column *c, view v, int64_t n,
                                                            const size_t width,
                                                            const conversion conv) {
    view s = stored(c, v);
    const uint8_t *valid = c->valid ? c->valid->p : NULL, *p = c->data->p;
    size_t bytes = conv == NARROW ? 8 : width;
    char *to = e->out + t->at;
    for (int64_t i = 0; i < n; i++) {
        int64_t r = s.first + s.step * i, slot = t->slot[i];
        uint64_t x = 0;
        if (slot < 0) continue;
        if (valid && !weir_bit(valid, r)) {
            put_null(e, t, i);
            continue;
        }
        memcpy(&x, p + (size_t)r * width, bytes); /* of a decimal the low half: it fits */
        if (conv == FLOAT_NAN && (x & 0x7fffffff) > 0x7f800000) x = 0x7fc00000;
        if (conv == DOUBLE_NAN && (x & INT64_MAX) > 0x7ff0000000000000) x = 0x7ff8000000000000;
        memcpy(to + slot, &x, bytes);
    }
}

static void put_plain(encoder *e, const cells *t, const weir_column *c, view v, int64_t n) {
    if (c->type->kind == WEIR_T_FLOAT) return put_fixed(e, t, c, v, n, 4, FLOAT_NAN);
    if (c->type->kind == WEIR_T_DOUBLE) return put_fixed(e, t, c, v, n, 8, DOUBLE_NAN);
    if (c->type->kind == WEIR_T_VOID) {
        for (int64_t i = 0; i < n; i++)
            if (t->slot[i] >= 0) put_null(e, t, i);
        return;
    }
    switch (weir_type_width(c->type)) {
    case 1: return put_fixed(e, t, c, v, n, 1, RAW);
    case 2: return put_fixed(e, t, c, v, n, 2, RAW);
    case 4: return put_fixed(e, t, c, v, n, 4, RAW);
    case 8: return put_fixed(e, t, c, v, n, 8, RAW);
    default: return put_fixed(e, t, c, v, n, 16, NARROW);
    }
}

static void put_decimal(encoder *e, const cells *t, const weir_column *c, view v, int64_t n) {
    view s = stored(c, v);
    for (int64_t i = 0; i < n; i++) {
        int64_t r = s.first + s.step * i;
        if (t->slot[i] < 0) continue;
        if (null_at(c, r)) {
            put_null(e, t, i);
            put_slot(e, t, i, 0, BIG_DECIMAL);
            continue;
        }
        weir_i128 x = ((const weir_i128 *)(const void *)c->data->p)[r];
        int len = decimal_bytes(x);
        char *to = e->out + t->pos[i];
        for (int j = 0; j < len; j++) to[j] = (char)(x >> 8 * (len - 1 - j));
        put_slot(e, t, i, len, t->k < 0 ? pad8(len) : BIG_DECIMAL);
    }
}

static void put_interval(encoder *e, const cells *t, const weir_column *c, view v, int64_t n) {
    view s = stored(c, v);
    for (int64_t i = 0; i < n; i++) {
        int64_t r = s.first + s.step * i;
        if (t->slot[i] < 0) continue;
        if (null_at(c, r)) {
            put_null(e, t, i);
            put_slot(e, t, i, sizeof(weir_interval), sizeof(weir_interval));
            continue;
        }
        memcpy(e->out + t->pos[i], c->data->p + r * (int64_t)sizeof(weir_interval),
               sizeof(weir_interval));
        put_slot(e, t, i, sizeof(weir_interval), sizeof(weir_interval));
    }
}

static void put_bytes(encoder *e, const cells *t, const weir_column *c, view v, int64_t n) {
    view s = stored(c, v);
    for (int64_t i = 0; i < n; i++) {
        int64_t r = s.first + s.step * i;
        if (t->slot[i] < 0) continue;
        if (null_at(c, r)) {
            put_null(e, t, i);
            continue;
        }
        const int32_t *o = (const int32_t *)(const void *)c->data->p + r;
        int32_t len = o[1] - o[0];
        if (len) memcpy(e->out + t->pos[i], c->heap->p + o[0], (size_t)len);
        put_slot(e, t, i, len, pad8(len));
    }
}

static weir_rc put_column(encoder *e, const cells *t, const weir_column *c, view v, int64_t n);

static weir_rc put_record(encoder *e, const weir_type *t, const weir_column *col, view v, int64_t n,
                          const int64_t *base, int64_t *pos) {
    for (int k = 0; k < t->nfield; k++) {
        cells to = {base, base, pos, (int32_t)weir_urow_bitmap(t->nfield) + 8 * k, k};
        WEIR_TRY(put_column(e, &to, &col[k], v, n));
    }
    return WEIR_OK;
}

static weir_rc put_struct(encoder *e, const cells *t, const weir_column *c, view v, int64_t n) {
    int64_t *base, *pos, fixed = weir_urow_fixed(c->type);
    view s = stored(c, v);
    WEIR_TRY(scratch(e, n, &base));
    WEIR_TRY(scratch(e, n, &pos));
    for (int64_t i = 0; i < n; i++) {
        base[i] = pos[i] = -1;
        if (t->slot[i] < 0) continue;
        if (null_at(c, s.first + s.step * i)) {
            put_null(e, t, i);
            continue;
        }
        base[i] = t->pos[i];
        pos[i] = base[i] + fixed;
    }
    WEIR_TRY(put_record(e, c->type, c->kid, s, n, base, pos));
    for (int64_t i = 0; i < n; i++)
        if (base[i] >= 0) put_slot(e, t, i, pos[i] - base[i], pos[i] - base[i]);
    return WEIR_OK;
}

/* Arrays at pos[i] (negative: none), which moves behind them. */
static weir_rc put_arrays(encoder *e, const weir_column *kid, const int32_t *o, int64_t n,
                          int64_t *pos) {
    int64_t *es, *slot, *origin, width = weir_urow_element(kid->type), total = o[n] - o[0];
    WEIR_TRY(element_sizes(e, kid, o, n, pos, &es));
    WEIR_TRY(scratch(e, total, &slot));
    WEIR_TRY(scratch(e, total, &origin));
    for (int64_t i = 0; i < n; i++) {
        int64_t count = o[i + 1] - o[i], first = o[i] - o[0], start = pos[i];
        int64_t fixed = start + 8 + weir_urow_bitmap(count);
        if (start >= 0) {
            put_i64(e->out + start, count);
            pos[i] = fixed + pad8(count * width);
        }
        for (int64_t j = 0; j < count; j++) {
            int64_t bytes = es[first + j];
            origin[first + j] = start;
            slot[first + j] = bytes < 0 ? -1 : fixed + j * width;
            es[first + j] = pos[i]; /* from here on: where its variable part goes */
            if (bytes > 0) pos[i] += bytes;
            if (bytes < 0 && start >= 0) weir_bit_set((uint8_t *)e->out + start + 8, j);
        }
    }
    cells to = {slot, origin, es, 0, -1};
    return put_column(e, &to, kid, (view){o[0], 1}, total);
}

static weir_rc put_list(encoder *e, const cells *t, const weir_column *c, view v, int64_t n) {
    weir_column list;
    int64_t *pos;
    WEIR_TRY(spread(e, c, &v, n, &list));
    WEIR_TRY(scratch(e, n, &pos));
    bool map = c->type->kind == WEIR_T_MAP;
    view s = stored(&list, v);
    for (int64_t i = 0; i < n; i++) {
        bool null = t->slot[i] >= 0 && null_at(&list, s.first + s.step * i);
        if (null) put_null(e, t, i);
        pos[i] = null || t->slot[i] < 0 ? -1 : t->pos[i] + (map ? 8 : 0);
    }
    const int32_t *o = list_offsets(&list, v);
    WEIR_TRY(put_arrays(e, &list.kid[0], o, n, pos));
    if (map) {
        for (int64_t i = 0; i < n; i++)
            if (pos[i] >= 0) put_i64(e->out + t->pos[i], pos[i] - t->pos[i] - 8);
        WEIR_TRY(put_arrays(e, &list.kid[1], o, n, pos));
    }
    for (int64_t i = 0; i < n; i++)
        if (pos[i] >= 0) put_slot(e, t, i, pos[i] - t->pos[i], pos[i] - t->pos[i]);
    return WEIR_OK;
}

static weir_rc put_column(encoder *e, const cells *t, const weir_column *c, view v, int64_t n) {
    if (n == 0) return WEIR_OK;
    switch (c->type->kind) {
    case WEIR_T_STRING:
    case WEIR_T_BINARY: put_bytes(e, t, c, v, n); return WEIR_OK;
    case WEIR_T_INTERVAL: put_interval(e, t, c, v, n); return WEIR_OK;
    case WEIR_T_STRUCT: return put_struct(e, t, c, v, n);
    case WEIR_T_ARRAY:
    case WEIR_T_MAP: return put_list(e, t, c, v, n);
    default: break;
    }
    if (is_big_decimal(c->type))
        put_decimal(e, t, c, v, n);
    else
        put_plain(e, t, c, v, n);
    return WEIR_OK;
}

/* --- rows --------------------------------------------------------------------------------------
 */

/* Rows done at a time: what both passes note about them stays in the cache. */
enum { BLOCK = 1024 };

static int64_t block_at(int64_t first, int64_t len) {
    return len - first < BLOCK ? len - first : BLOCK;
}

/* off[i] = where row i starts, off[len] = the end. */
static weir_rc lay_out(encoder *e, weir_schema *schema, const weir_column *col, int64_t len,
                       int64_t *off) {
    int64_t fixed = weir_urow_fixed(schema), at = 0;
    for (int64_t b = 0; b < len; b += BLOCK) {
        int64_t n = block_at(b, len);
        for (int64_t i = b; i < b + n; i++) off[i] = fixed;
        for (int k = 0; k < schema->nfield; k++)
            WEIR_TRY(add_sizes(e, &col[k], (view){b, 1}, n, false, off + b));
        for (int64_t i = b; i < b + n; i++) {
            int64_t size = off[i];
            if (size > INT32_MAX)
                return weir_fail(e->ctx, WEIR_E_OUT_OF_MEMORY, "requestedBytes",
                                 weir_printf(e->ctx->arena, "%lld", (long long)size),
                                 "receivedBytes", "2147483647");
            off[i] = at;
            at += size;
        }
        weir_arena_reset(e->tmp->arena);
    }
    off[len] = at;
    return WEIR_OK;
}

static weir_rc encode(encoder *e, weir_schema *schema, const weir_column *col, int64_t len,
                      weir_rowset *out) {
    weir_buf *rows, *off;
    WEIR_TRY(weir_buf_new(e->ctx, (len + 1) * 8, &off));
    int64_t *start = (int64_t *)(void *)off->p, pos[BLOCK], fixed = weir_urow_fixed(schema);
    WEIR_TRY(lay_out(e, schema, col, len, start));
    WEIR_TRY(weir_buf_zero(e->ctx, start[len], &rows));
    e->out = (char *)rows->p;
    for (int64_t b = 0; b < len; b += BLOCK) {
        int64_t n = block_at(b, len);
        for (int64_t i = 0; i < n; i++) pos[i] = start[b + i] + fixed;
        WEIR_TRY(put_record(e, schema, col, (view){b, 1}, n, start + b, pos));
        weir_arena_reset(e->tmp->arena);
    }
    *out = (weir_rowset){e->out, start, len};
    return WEIR_OK;
}

static weir_rc supports(weir_ctx *ctx, const weir_type *t, int depth) {
    if (t->kind == WEIR_T_VARIANT)
        return weir_fail(ctx, WEIR_E_UNSUPPORTED_FEATURE, "feature",
                         "Values of type VARIANT in the state of a query. Cast them to STRING "
                         "before the aggregation, join or deduplication.");
    if (depth > MAX_DEPTH)
        return weir_fail(ctx, WEIR_E_UNSUPPORTED_FEATURE, "feature",
                         "State of a type nested deeper than 128 levels. Flatten the type.");
    for (int k = 0; k < t->nfield; k++) WEIR_TRY(supports(ctx, t->field[k].type, depth + 1));
    return WEIR_OK;
}

weir_rc weir_urow_supports(weir_ctx *ctx, const weir_type *t) { return supports(ctx, t, 0); }

weir_rc weir_urow_encode(weir_ctx *ctx, weir_schema *schema, const weir_column *col, int64_t len,
                         weir_rowset *out) {
    WEIR_TRY(weir_urow_supports(ctx, schema));
    weir_ctx tmp = *ctx;
    tmp.arena = weir_arena_new(ctx->arena);
    encoder e = {.ctx = ctx, .tmp = &tmp};
    weir_rc rc = encode(&e, schema, col, len, out);
    weir_arena_free(tmp.arena);
    return rc;
}
