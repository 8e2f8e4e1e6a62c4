/* See elements.h. Called by collection kernels; thread of the task. */
#include "func/elements.h"

enum { FEW = 16, LOOKS = 1 << 16 };

void weir_set_init(weir_elements_set *s, weir_arena *mem) { *s = (weir_elements_set){.mem = mem}; }

void weir_set_clear(weir_elements_set *s) {
    if (s->n > FEW) memset(s->table, 0, sizeof *s->table * ((size_t)s->mask + 1));
    s->n = 0;
}

static int32_t hash_of(const weir_column *c, int64_t row) { return weir_hash_row(c, row, 42); }

static void put(weir_elements_set *s, uint32_t place) {
    uint32_t at = (uint32_t)s->v[place].hash & s->mask;
    while (s->table[at]) at = (at + 1) & s->mask;
    s->table[at] = place + 1;
}

/* Room for one more: in the list, and in a table that is at most half full. */
static weir_rc room(weir_ctx *ctx, weir_elements_set *s) {
    if (s->n == s->cap) {
        const weir_element *old = s->v;
        s->cap = s->cap ? s->cap * 2 : 2 * FEW;
        WEIR_TRY_NEWN(ctx, s->mem, s->v, s->cap);
        if (s->n) memcpy(s->v, old, sizeof *old * (size_t)s->n);
    }
    if (s->n < FEW) return WEIR_OK;
    bool small = !s->table || ((uint64_t)s->n + 1) * 2 > s->mask;
    if (!small && s->n > FEW) return WEIR_OK;
    if (small) {
        s->mask = s->table ? s->mask * 2 + 1 : 4 * FEW - 1;
        while (((uint64_t)s->n + 1) * 2 > s->mask) s->mask = s->mask * 2 + 1;
        WEIR_TRY_NEWN(ctx, s->mem, s->table, (size_t)s->mask + 1);
    }
    for (int64_t k = 0; k < s->n; k++) {
        if (s->n == FEW) s->v[k].hash = hash_of(s->v[k].of, s->v[k].row);
        put(s, (uint32_t)k);
    }
    return WEIR_OK;
}

static int64_t find(const weir_elements_set *s, const weir_column *c, int64_t row, int32_t hash) {
    if (s->n <= FEW) {
        for (int64_t k = 0; k < s->n; k++)
            if (weir_compare(s->v[k].of, s->v[k].row, c, row) == 0) return k;
        return -1;
    }
    for (uint32_t at = (uint32_t)hash & s->mask; s->table[at]; at = (at + 1) & s->mask) {
        const weir_element *e = &s->v[s->table[at] - 1];
        if (e->hash == hash && weir_compare(e->of, e->row, c, row) == 0) return e - s->v;
    }
    return -1;
}

int64_t weir_set_find(const weir_elements_set *s, const weir_column *c, int64_t row) {
    return find(s, c, row, s->n > FEW ? hash_of(c, row) : 0);
}

weir_rc weir_set_add(weir_ctx *ctx, weir_elements_set *s, const weir_column *c, int64_t row,
                     bool *fresh) {
    int32_t hash = s->n >= FEW ? hash_of(c, row) : 0; /* of the few there is none */
    if (++s->looks % LOOKS == 0) WEIR_TRY(weir_check_cancel(ctx));
    *fresh = find(s, c, row, hash) < 0;
    if (!*fresh) return WEIR_OK;
    WEIR_TRY(room(ctx, s));
    s->v[s->n] = (weir_element){c, row, hash};
    if (s->n >= FEW) put(s, (uint32_t)s->n);
    s->n++;
    return WEIR_OK;
}

weir_rc weir_set_fill(weir_ctx *ctx, weir_elements_set *s, const weir_column *c, int64_t first,
                      int32_t n) {
    bool fresh;
    weir_set_clear(s);
    for (int32_t k = 0; k < n; k++) WEIR_TRY(weir_set_add(ctx, s, c, first + k, &fresh));
    return WEIR_OK;
}
