/* The group table: rows by key to dense slots. Open addressing over 64-bit hashes; keys are kept in
 * builders. Used by aggregate, distinct and set operators; one task. */
#include "exec/ops.h"

#include <math.h>
#include <xxhash.h>

typedef struct entry {
    uint32_t tag, slot;
} entry; /* slot + 1; 0 = free */

struct weir_groups {
    weir_arena *owner, *mem;
    weir_arena *table; /* freed and renewed as the table grows */
    int nkey;
    const weir_type *const *type;
    entry *e;
    uint64_t mask;
    int64_t n;
    uint64_t *hash; /* of each group: growing reads no keys */
    int64_t chash;
    /* Keys in chunks: chunk c holds slots [c * KEY_CHUNK, ...). */
    int nchunk, cchunk;
    weir_column **chunk;
};

enum { KEY_CHUNK = 4096 };

static uint64_t mix(uint64_t h, uint64_t v) {
    h ^= v + 0x9E3779B97F4A7C15ull + (h << 6) + (h >> 2);
    h ^= h >> 32;
    h *= 0xD6E8FEB86659FD93ull;
    return h ^ (h >> 32);
}

static uint64_t hash_fixed(const weir_column *c, int64_t i) {
    switch (weir_type_width(c->type)) {
    case 1: return WEIR_AT_ROW(uint8_t, c, i);
    case 2: return WEIR_AT_ROW(uint16_t, c, i);
    case 4:
        if (c->type->kind == WEIR_T_FLOAT) {
            float f = WEIR_AT_ROW(float, c, i);
            uint32_t bits;
            if (f == 0) f = 0;
            if (f != f) return 0x7fc00000u;
            memcpy(&bits, &f, 4);
            return bits;
        }
        return WEIR_AT_ROW(uint32_t, c, i);
    case 8:
        if (c->type->kind == WEIR_T_DOUBLE) {
            double d = WEIR_AT_ROW(double, c, i);
            uint64_t bits;
            if (d == 0) d = 0;
            if (d != d) return 0x7ff8000000000000ull;
            memcpy(&bits, &d, 8);
            return bits;
        }
        return WEIR_AT_ROW(uint64_t, c, i);
    default: {
        const uint64_t *w = (const uint64_t *)(const void *)(c->data->p + 16 * weir_row(c, i));
        return mix(w[0], w[1]);
    }
    }
}

static uint64_t hash_one(const weir_column *c, int64_t i, uint64_t h) {
    if (weir_is_null(c, i)) return mix(h, 0x5bd1e995);
    switch (c->type->kind) {
    case WEIR_T_STRING:
    case WEIR_T_BINARY: {
        weir_bytes b = weir_get_bytes(c, i);
        return mix(h, XXH3_64bits(b.p, (size_t)b.len));
    }
    case WEIR_T_STRUCT:
        for (int k = 0; k < c->nkid; k++) h = hash_one(&c->kid[k], weir_kid_row(c, i), h);
        return h;
    case WEIR_T_ARRAY:
    case WEIR_T_MAP: {
        int64_t first;
        int32_t n = weir_get_list(c, i, &first);
        h = mix(h, (uint64_t)n);
        for (int32_t j = 0; j < n; j++)
            for (int k = 0; k < c->nkid; k++) h = hash_one(&c->kid[k], first + j, h);
        return h;
    }
    default: return mix(h, hash_fixed(c, i));
    }
}

/* ---- hashes of a batch, column by column ---- */

#define HASH_LOOP(T)                                                                               \
    do {                                                                                           \
        const T *v_ = (const T *)(const void *)c->data->p + c->off;                                \
        for (int64_t i = 0; i < len; i++) h[i] = mix(h[i], (uint64_t)v_[i]);                       \
    } while (0)

static bool plain_integers(const weir_column *c, int width) {
    return c->form == WEIR_FLAT && !c->valid && c->data && c->type->kind != WEIR_T_FLOAT &&
           c->type->kind != WEIR_T_DOUBLE && weir_type_width(c->type) == width;
}

static void hash_column(const weir_column *c, int64_t len, uint64_t *h) {
    if (c->type->kind == WEIR_T_STRUCT && c->form == WEIR_FLAT && !c->valid && c->off == 0) {
        for (int k = 0; k < c->nkid; k++) hash_column(&c->kid[k], len, h);
    } else if (plain_integers(c, 8)) {
        HASH_LOOP(uint64_t);
    } else if (plain_integers(c, 4)) {
        HASH_LOOP(uint32_t);
    } else {
        for (int64_t i = 0; i < len; i++) h[i] = hash_one(c, i, h[i]);
    }
}

static void hash_rows(const weir_column *key, int n, int64_t len, uint64_t *h) {
    for (int64_t i = 0; i < len; i++) h[i] = 0x243F6A8885A308D3ull;
    for (int k = 0; k < n; k++) hash_column(&key[k], len, h);
}

weir_rc weir_groups_new(weir_ctx *ctx, weir_arena *mem, const weir_type *const *key_types, int nkey,
                        weir_groups **out) {
    (void)ctx;
    weir_groups *g = WEIR_NEW(mem, weir_groups);
    g->owner = mem;
    g->mem = weir_arena_new(mem);
    g->table = weir_arena_new(mem);
    g->nkey = nkey;
    g->type = key_types;
    g->mask = 1023;
    g->e = WEIR_NEWN(g->table, entry, g->mask + 1);
    *out = g;
    return WEIR_OK;
}

void weir_groups_free(weir_groups *g) {
    if (!g) return;
    weir_arena_free(g->mem);
    weir_arena_free(g->table);
}

int64_t weir_groups_count(const weir_groups *g) { return g->n; }

static const weir_column *key_at(const weir_groups *g, int k, int64_t slot, int64_t *row) {
    *row = slot % KEY_CHUNK;
    return &g->chunk[slot / KEY_CHUNK][k];
}

static inline bool same_text(const weir_column *a, int64_t i, const weir_column *b, int64_t j) {
    weir_bytes x = weir_get_bytes(a, i), y = weir_get_bytes(b, j);
    return x.len == y.len && (x.len == 0 || memcmp(x.p, y.p, (size_t)x.len) == 0);
}

/* weir_compare() == 0, without its calls for the common kinds. */
static inline bool same_value(const weir_column *a, int64_t i, const weir_column *b, int64_t j) {
    if (a->valid || b->valid) return weir_compare(a, i, b, j) == 0;
    switch (a->type->kind) {
    case WEIR_T_LONG:
    case WEIR_T_TIMESTAMP:
    case WEIR_T_TIMESTAMP_NTZ: return WEIR_AT_ROW(int64_t, a, i) == WEIR_AT_ROW(int64_t, b, j);
    case WEIR_T_INT:
    case WEIR_T_DATE: return WEIR_AT_ROW(int32_t, a, i) == WEIR_AT_ROW(int32_t, b, j);
    case WEIR_T_STRING:
    case WEIR_T_BINARY: return same_text(a, i, b, j);
    default: return weir_compare(a, i, b, j) == 0;
    }
}

static bool same_struct(const weir_column *a, int64_t i, const weir_column *b, int64_t j) {
    if (a->type->kind != WEIR_T_STRUCT || a->valid || b->valid) return same_value(a, i, b, j);
    for (int k = 0; k < a->nkid; k++)
        if (!same_struct(&a->kid[k], weir_kid_row(a, i), &b->kid[k], weir_kid_row(b, j)))
            return false;
    return true;
}

static bool same_key(const weir_groups *g, const weir_column *key, int64_t i, int64_t slot) {
    for (int k = 0; k < g->nkey; k++) {
        int64_t row;
        const weir_column *c = key_at(g, k, slot, &row);
        if (!same_struct(&key[k], i, c, row)) return false;
    }
    return true;
}

static weir_rc grow(weir_ctx *ctx, weir_groups *g) {
    uint64_t mask = g->mask * 2 + 1;
    weir_arena *t = weir_arena_new(g->owner);
    entry *e;
    WEIR_TRY_NEWN(ctx, t, e, mask + 1);
    for (int64_t s = 0; s < g->n; s++) {
        uint64_t h = g->hash[s], p = h & mask;
        while (e[p].slot) p = (p + 1) & mask;
        e[p] = (entry){(uint32_t)(h >> 32), (uint32_t)s + 1};
    }
    weir_arena_free(g->table);
    g->table = t;
    g->e = e;
    g->mask = mask;
    return WEIR_OK;
}

/* Appends the rows' keys to the chunks; chunk columns are rebuilt as they fill: each row is copied
 * at most twice. */
static weir_rc add_hashes(weir_ctx *ctx, weir_groups *g, const uint64_t *h, const int64_t *rows,
                          int64_t n) {
    if (g->n + n > g->chash) {
        uint64_t *old = g->hash;
        while (g->n + n > g->chash) g->chash = g->chash ? g->chash * 2 : KEY_CHUNK;
        WEIR_TRY_NEWN(ctx, g->mem, g->hash, g->chash);
        if (g->n) memcpy(g->hash, old, sizeof *old * (size_t)g->n);
    }
    for (int64_t i = 0; i < n; i++) g->hash[g->n + i] = h[rows[i]];
    return WEIR_OK;
}

static weir_rc add_keys(weir_ctx *ctx, weir_groups *g, const weir_column *key, const uint64_t *hash,
                        const int64_t *rows, int64_t n) {
    weir_ctx c = *ctx;
    WEIR_TRY(add_hashes(ctx, g, hash, rows, n));
    for (int64_t done = 0; done < n;) {
        int64_t at = g->n + done, in_chunk = at % KEY_CHUNK, take = KEY_CHUNK - in_chunk;
        if (take > n - done) take = n - done;
        int which = (int)(at / KEY_CHUNK);
        if (which == g->cchunk) {
            int cap = g->cchunk ? g->cchunk * 2 : 16;
            weir_column **v = WEIR_NEWN(g->mem, weir_column *, cap);
            if (g->nchunk) memcpy(v, g->chunk, sizeof *v * (size_t)g->nchunk);
            g->chunk = v;
            g->cchunk = cap;
        }
        weir_column *cols = WEIR_NEWN(g->mem, weir_column, g->nkey + 1);
        for (int k = 0; k < g->nkey; k++) {
            weir_column add, all;
            WEIR_TRY(weir_column_take(ctx, &key[k], rows + done, take, &add));
            if (in_chunk) {
                const weir_column *two[2] = {&g->chunk[which][k], &add};
                WEIR_TRY(weir_column_concat(&c, two, 2, &all));
            } else {
                all = add;
            }
            weir_column_keep(g->mem, &all, &cols[k]);
        }
        g->chunk[which] = cols;
        g->nchunk = which + 1;
        done += take;
    }
    g->n += n;
    return WEIR_OK;
}

typedef struct pending {
    int64_t *row;
    int64_t n;
} pending;

/* New keys of this batch have slots from g->n on and are not in the chunks yet. */
static bool same_pending(const weir_groups *g, const pending *p, const weir_column *key, int64_t i,
                         int64_t slot) {
    int64_t j = p->row[slot - g->n];
    for (int k = 0; k < g->nkey; k++)
        if (!same_struct(&key[k], i, &key[k], j)) return false;
    return true;
}

/* The rows' entries are asked for some rows ahead: with many groups every one is a cache miss. */
enum { AHEAD = 16 };

static inline uint32_t find_slot(weir_groups *g, pending *p, const weir_column *key, int64_t i,
                                 uint64_t h) {
    uint32_t tag = (uint32_t)(h >> 32);
    for (uint64_t at = h & g->mask;; at = (at + 1) & g->mask) {
        entry *e = &g->e[at];
        if (!e->slot) {
            uint32_t slot = (uint32_t)(g->n + p->n);
            *e = (entry){tag, slot + 1};
            p->row[p->n++] = i;
            return slot;
        }
        int64_t s = (int64_t)e->slot - 1;
        if (e->tag != tag) continue;
        if (s < g->n ? same_key(g, key, i, s) : same_pending(g, p, key, i, s)) return (uint32_t)s;
    }
}

weir_rc weir_groups_map(weir_ctx *ctx, weir_groups *g, const weir_column *key, int64_t len,
                        uint32_t *slot, int64_t *added) {
    pending p = {WEIR_NEWN(ctx->arena, int64_t, len + 1), 0};
    uint64_t *h = WEIR_NEWN(ctx->arena, uint64_t, len + AHEAD + 1);
    if (g->n + len > UINT32_MAX - 2)
        return weir_fail(ctx, WEIR_E_OUT_OF_MEMORY, "requestedBytes", "2^32 groups",
                         "receivedBytes", "0");
    hash_rows(key, g->nkey, len, h);
    while ((uint64_t)(g->n + len) * 2 > g->mask && g->n > 0 && (uint64_t)g->n * 4 > g->mask)
        WEIR_TRY(grow(ctx, g));
    for (int64_t i = 0; i < len; i++) {
        if ((uint64_t)(g->n + p.n) * 4 >
            g->mask * 3) { /* keys of this batch must be stored before growing */
            WEIR_TRY(add_keys(ctx, g, key, h, p.row, p.n));
            *added += p.n;
            p.n = 0;
            WEIR_TRY(grow(ctx, g));
        }
        __builtin_prefetch(&g->e[h[i + AHEAD] & g->mask]);
        slot[i] = find_slot(g, &p, key, i, h[i]);
    }
    *added += p.n;
    return add_keys(ctx, g, key, h, p.row, p.n);
}

weir_rc weir_groups_keys(weir_ctx *ctx, weir_groups *g, int64_t from, int64_t n, weir_column *out) {
    for (int k = 0; k < g->nkey; k++) {
        int first = (int)(from / KEY_CHUNK), last = (int)((from + n - 1) / KEY_CHUNK);
        const weir_column **v = WEIR_NEWN(ctx->arena, const weir_column *, last - first + 2);
        for (int c = first; c <= last && n; c++) v[c - first] = &g->chunk[c][k];
        weir_column all;
        if (n == 0) {
            WEIR_TRY(weir_column_null(ctx, g->type[k], 0, &out[k]));
            continue;
        }
        WEIR_TRY(weir_column_concat(ctx, v, last - first + 1, &all));
        out[k] = weir_column_slice(&all, from % KEY_CHUNK, n);
    }
    return WEIR_OK;
}

/* ---- keys as they are stored ---- */

static bool has_floats(const weir_type *t) {
    if (t->kind == WEIR_T_FLOAT || t->kind == WEIR_T_DOUBLE) return true;
    for (int i = 0; i < t->nfield; i++)
        if (has_floats(t->field[i].type)) return true;
    return false;
}

static weir_rc normal_values(weir_ctx *ctx, weir_column *c, int64_t rows) {
    int width = weir_type_width(c->type);
    weir_buf *b = NULL;
    WEIR_TRY(weir_buf_new(ctx, rows * width, &b));
    for (int64_t i = 0; i < rows && width == 8; i++) {
        double v = ((const double *)(const void *)c->data->p)[i];
        ((double *)(void *)b->p)[i] = v == 0 ? 0 : v != v ? NAN : v;
    }
    for (int64_t i = 0; i < rows && width == 4; i++) {
        float v = ((const float *)(const void *)c->data->p)[i];
        ((float *)(void *)b->p)[i] = v == 0 ? 0 : v != v ? NAN : v;
    }
    c->data = b;
    return WEIR_OK;
}

weir_rc weir_normal_zero(weir_ctx *ctx, weir_column *c) {
    if (!has_floats(c->type)) return WEIR_OK;
    int64_t rows = c->off + (c->form == WEIR_CONST ? 1 : c->len);
    if (!c->nkid) return c->data ? normal_values(ctx, c, rows) : WEIR_OK;
    c->kid = weir_memdup(ctx->arena, c->kid, sizeof *c->kid * (size_t)c->nkid);
    for (int k = 0; k < c->nkid; k++) WEIR_TRY(weir_normal_zero(ctx, &c->kid[k]));
    return WEIR_OK;
}
