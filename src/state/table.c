/* Owns the bytes of a state store and finds them by key: open addressing over entries, blocks of
 * size classes in slabs. Called by the store and by maintenance, each with its own table and
 * thread. */
#include "state/table.h"

#include "base/mem.h"

#define XXH_INLINE_ALL
#include <string.h>
#include <xxhash.h>

enum {
    FIRST_SLOTS = 64,
    SMALL = 512, /* up to here classes are 16 bytes apart */
    NSMALL = SMALL / 16,
    LARGE = SMALL << 7, /* above, a block is a buffer of its own */
    LARGE_CLASS = 255,
    LARGE_HEAD = 16, /* its weir_buf lies before it */
    FIRST_SLAB = 32 << 10,
    MAX_SLAB = 4 << 20,
    TRIM_FROM = 1 << 20
};

/* ---- memory ---- */

weir_rc weir_table_grow(weir_ctx *ctx, weir_buf **b, int64_t used, int64_t want) {
    weir_ctx c = *ctx;
    weir_buf *more = NULL;
    c.arena = weir_arena_new(NULL);
    weir_rc rc = weir_buf_new(&c, want, &more);
    if (rc == WEIR_OK) {
        weir_buf_ref(more);
        if (used) memcpy(more->p, (*b)->p, (size_t)used);
        weir_buf_unref(*b);
        *b = more;
    }
    weir_arena_free(c.arena);
    return rc;
}

static int class_of(int64_t n) {
    if (n > LARGE) return LARGE_CLASS;
    if (n <= SMALL) return n <= 16 ? 0 : (int)((n - 1) / 16);
    int k = 63 - __builtin_clzll((uint64_t)(n - 1) / SMALL);
    int64_t base = (int64_t)SMALL << k;
    return NSMALL + 4 * k + (int)((n - 1 - base) / (base / 4));
}

static int64_t class_size(int c) {
    if (c < NSMALL) return 16 * (c + 1);
    int64_t base = (int64_t)SMALL << ((c - NSMALL) / 4);
    return base + base / 4 * ((c - NSMALL) % 4 + 1);
}

static weir_buf *large_of(const uint8_t *p) {
    weir_buf *b;
    memcpy(&b, p - LARGE_HEAD, sizeof b);
    return b;
}

static int64_t block_size(int cls, const uint8_t *p) {
    return cls == LARGE_CLASS ? large_of(p)->len - LARGE_HEAD : class_size(cls);
}

static weir_rc slab_add(weir_ctx *ctx, weir_table *t) {
    int64_t size = FIRST_SLAB;
    weir_buf *b = NULL;
    while (size < MAX_SLAB && size < t->live_bytes / 4) size *= 2;
    if (t->nslab == t->slab_cap) {
        int64_t cap = t->slab_cap ? 2 * t->slab_cap : 64;
        t->slab = weir_mem_resize(t->slab, sizeof *t->slab * (size_t)cap);
        t->slab_cap = cap;
    }
    WEIR_TRY(weir_table_grow(ctx, &b, 0, size));
    t->slab[t->nslab++] = b;
    t->at = b->p;
    t->end = b->p + size;
    return WEIR_OK;
}

static weir_rc block_new(weir_ctx *ctx, weir_table *t, int64_t n, uint8_t **p, uint8_t *cls) {
    int c = class_of(n);
    *cls = (uint8_t)c;
    if (c == LARGE_CLASS) {
        weir_buf *b = NULL;
        WEIR_TRY(weir_table_grow(ctx, &b, 0, n + n / 4 + LARGE_HEAD));
        memcpy(b->p, &b, sizeof b);
        *p = b->p + LARGE_HEAD;
        t->large_bytes += b->len;
        return WEIR_OK;
    }
    int64_t size = class_size(c);
    if (t->free[c]) {
        *p = t->free[c];
        memcpy(&t->free[c], *p, sizeof t->free[c]);
        t->free_bytes -= size;
    } else {
        if (t->end - t->at < size) WEIR_TRY(slab_add(ctx, t));
        *p = t->at;
        t->at += size;
    }
    t->live_bytes += size;
    return WEIR_OK;
}

static void block_free(weir_table *t, int cls, uint8_t *p) {
    if (cls == LARGE_CLASS) {
        weir_buf *b = large_of(p);
        t->large_bytes -= b->len;
        weir_buf_unref(b);
        return;
    }
    memcpy(p, &t->free[cls], sizeof t->free[cls]);
    t->free[cls] = p;
    t->live_bytes -= class_size(cls);
    t->free_bytes += class_size(cls);
}

void weir_table_free(weir_table *t) {
    for (int64_t i = 0; i < t->top; i++) {
        weir_entry *e = weir_table_entry(t, i);
        if (e->p && e->cls == LARGE_CLASS) weir_buf_unref(large_of(e->p));
    }
    for (int64_t i = 0; i < t->nslab; i++) weir_buf_unref(t->slab[i]);
    weir_mem_free(t->slab);
    weir_buf_unref(t->scratch);
    weir_buf_unref(t->slots);
    weir_buf_unref(t->entries);
    weir_buf_unref(t->dues);
    weir_buf_unref(t->links);
    weir_buf_unref(t->heap);
    weir_buf_unref(t->gslots);
    *t = (weir_table){.due_us = t->due_us, .group = t->group, .u = t->u};
}

int64_t weir_table_bytes(const weir_table *t) {
    const weir_buf *all[] = {t->slots, t->entries, t->dues,   t->links,
                             t->heap,  t->gslots,  t->scratch};
    int64_t n = t->large_bytes;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) n += all[i] ? all[i]->len : 0;
    for (int64_t i = 0; i < t->nslab; i++) n += t->slab[i]->len;
    return n;
}

/* ---- slots ---- */

static weir_slot *slots_of(const weir_table *t) { return (weir_slot *)(void *)t->slots->p; }

static uint32_t hash_of(weir_bytes key) { return (uint32_t)XXH3_64bits(key.p, (size_t)key.len); }

static weir_bytes kept_key(const weir_entry *e) {
    return (weir_bytes){(const char *)e->p, e->klen};
}

static bool same_key(const weir_entry *e, weir_bytes key) {
    return e->klen == key.len && (key.len == 0 || memcmp(e->p, key.p, (size_t)key.len) == 0);
}

/* The slot of key, or the empty one where it belongs. */
static int64_t slot_find(const weir_table *t, uint32_t hash, weir_bytes key) {
    const weir_slot *s = slots_of(t);
    int64_t mask = t->nslot - 1, i = hash & mask;
    while (s[i].at && (s[i].hash != hash || !same_key(weir_table_entry(t, s[i].at - 1), key)))
        i = (i + 1) & mask;
    return i;
}

/* The slot of an entry that is there. */
static int64_t slot_of(const weir_table *t, int64_t entry) {
    const weir_slot *s = slots_of(t);
    int64_t mask = t->nslot - 1, i = weir_table_entry(t, entry)->hash & mask;
    while (s[i].at != (uint32_t)entry + 1) i = (i + 1) & mask;
    return i;
}

static weir_rc slots_grow(weir_ctx *ctx, weir_table *t) {
    int64_t n = t->nslot ? 2 * t->nslot : FIRST_SLOTS, old = t->nslot;
    weir_buf *b = NULL;
    WEIR_TRY(weir_table_grow(ctx, &b, 0, n * (int64_t)sizeof(weir_slot)));
    weir_slot *to = (weir_slot *)(void *)b->p;
    memset(to, 0, sizeof *to * (size_t)n);
    for (int64_t i = 0; i < old; i++) {
        weir_slot s = slots_of(t)[i];
        if (!s.at) continue;
        int64_t k = s.hash & (n - 1);
        while (to[k].at) k = (k + 1) & (n - 1);
        to[k] = s;
    }
    weir_buf_unref(t->slots);
    t->slots = b;
    t->nslot = n;
    return WEIR_OK;
}

/* Closes the gap, so that no search stops too early. */
static void slot_clear(weir_table *t, int64_t gap) {
    weir_slot *s = slots_of(t);
    int64_t mask = t->nslot - 1;
    for (int64_t i = (gap + 1) & mask; s[i].at; i = (i + 1) & mask) {
        int64_t home = s[i].hash & mask;
        if (((i - home) & mask) < ((i - gap) & mask)) continue;
        s[gap] = s[i];
        gap = i;
    }
    s[gap].at = 0;
}

static weir_rc scratch_room(weir_ctx *ctx, weir_table *t, int64_t n) {
    if (t->scratch && t->scratch->len >= n) return WEIR_OK;
    return weir_table_grow(ctx, &t->scratch, 0, 2 * n + 256);
}

static weir_bytes squeeze(weir_bytes row, uint8_t *out) {
    return (weir_bytes){(const char *)out, weir_squeeze(row, out)};
}

weir_rc weir_table_find(weir_ctx *ctx, weir_table *t, weir_bytes key, int64_t *entry) {
    *entry = -1;
    if (!t->nslot) return WEIR_OK;
    WEIR_TRY(scratch_room(ctx, t, weir_squeeze_room(key.len)));
    key = squeeze(key, t->scratch->p);
    *entry = (int64_t)slots_of(t)[slot_find(t, hash_of(key), key)].at - 1;
    return WEIR_OK;
}

/* A key's slot is asked for some keys ahead: in a large table every one is a cache miss. */
weir_rc weir_table_find_all(weir_ctx *ctx, weir_table *t, const weir_rowset *keys,
                            int64_t *entry) {
    enum { AHEAD = 8, ROOM = 256 };
    uint8_t ring[AHEAD][ROOM];
    weir_bytes key[AHEAD];
    uint32_t hash[AHEAD];
    for (int64_t i = 0; i < keys->n; i++) entry[i] = -1;
    for (int64_t i = 0; t->nslot && i < keys->n + AHEAD; i++) {
        const int at = (int)(i % AHEAD);
        if (i >= AHEAD && key[at].p)
            entry[i - AHEAD] = (int64_t)slots_of(t)[slot_find(t, hash[at], key[at])].at - 1;
        if (i >= keys->n) continue;
        weir_bytes row = weir_rowset_at(keys, i);
        key[at].p = NULL;
        if (weir_squeeze_room(row.len) > ROOM) {
            WEIR_TRY(weir_table_find(ctx, t, row, &entry[i]));
            continue;
        }
        key[at] = squeeze(row, ring[at]);
        hash[at] = hash_of(key[at]);
        __builtin_prefetch(&slots_of(t)[hash[at] & (t->nslot - 1)]);
    }
    return WEIR_OK;
}

/* ---- entries ---- */

static weir_rc entries_grow(weir_ctx *ctx, weir_table *t) {
    int64_t cap = t->cap ? t->cap + t->cap / 2 : FIRST_SLOTS;
    const int64_t size = sizeof(weir_entry), due = sizeof(int64_t), link = 2 * sizeof(uint32_t);
    if (cap >= UINT32_MAX)
        return weir_fail(ctx, WEIR_E_OUT_OF_MEMORY, "requestedBytes",
                         weir_printf(ctx->arena, "%lld", (long long)(cap * size)), "receivedBytes",
                         "0");
    WEIR_TRY(weir_table_grow(ctx, &t->entries, t->top * size, cap * size));
    if (t->due_us) WEIR_TRY(weir_table_grow(ctx, &t->dues, t->top * due, cap * due));
    if (t->group) WEIR_TRY(weir_table_grow(ctx, &t->links, t->top * link, cap * link));
    t->cap = cap;
    return WEIR_OK;
}

static weir_rc entry_new(weir_ctx *ctx, weir_table *t, int64_t *out) {
    if (t->free_entry) {
        *out = (int64_t)t->free_entry - 1;
        t->free_entry = weir_table_entry(t, *out)->hash;
        return WEIR_OK;
    }
    if (t->top == t->cap) WEIR_TRY(entries_grow(ctx, t));
    *out = t->top++;
    *weir_table_entry(t, *out) = (weir_entry){0};
    return WEIR_OK;
}

static void fill(uint8_t *p, weir_bytes key, weir_bytes value) {
    if (key.len) memmove(p, key.p, (size_t)key.len);
    if (value.len) memmove(p + key.len, value.p, (size_t)value.len);
}

static weir_rc value_set(weir_ctx *ctx, weir_table *t, weir_entry *e, weir_bytes value) {
    int64_t need = (int64_t)e->klen + value.len, has = block_size(e->cls, e->p);
    if (need <= has && (need > has / 4 || has <= 64)) {
        if (value.len) memmove(e->p + e->klen, value.p, (size_t)value.len);
        e->vlen = value.len;
        return WEIR_OK;
    }
    uint8_t *p = NULL, cls = 0;
    WEIR_TRY(block_new(ctx, t, need, &p, &cls));
    fill(p, kept_key(e), value);
    block_free(t, e->cls, e->p);
    e->p = p;
    e->cls = cls;
    e->vlen = value.len;
    return WEIR_OK;
}

static weir_rc entry_add(weir_ctx *ctx, weir_table *t, uint32_t hash, int32_t part, weir_bytes key,
                         weir_bytes value, int64_t *out) {
    uint8_t *p = NULL, cls = 0;
    WEIR_TRY(block_new(ctx, t, (int64_t)key.len + value.len, &p, &cls));
    fill(p, key, value);
    weir_rc rc = entry_new(ctx, t, out);
    if (rc != WEIR_OK) {
        block_free(t, cls, p);
        return rc;
    }
    weir_entry *e = weir_table_entry(t, *out);
    e->p = p;
    e->cls = cls;
    e->klen = key.len;
    e->vlen = value.len;
    e->hash = hash;
    e->part = part;
    e->live = true;
    t->live++;
    return WEIR_OK;
}

weir_rc weir_table_put(weir_ctx *ctx, weir_table *t, int32_t part, weir_bytes key, weir_bytes value,
                       int64_t *entry, bool *added) {
    const weir_bytes key_row = key, value_row = value;
    const int64_t room = weir_squeeze_room(key.len);
    WEIR_TRY(scratch_room(ctx, t, room + weir_squeeze_room(value.len)));
    key = squeeze(key_row, t->scratch->p);
    value = squeeze(value_row, t->scratch->p + room);
    uint32_t hash = hash_of(key);
    if ((t->live + 1) * 3 > t->nslot * 2) WEIR_TRY(slots_grow(ctx, t));
    int64_t s = slot_find(t, hash, key);
    uint32_t at = slots_of(t)[s].at;
    *added = at == 0;
    if (*added) {
        WEIR_TRY(entry_add(ctx, t, hash, part, key, value, entry));
        slots_of(t)[s] = (weir_slot){hash, (uint32_t)*entry + 1};
    } else {
        *entry = (int64_t)at - 1;
        WEIR_TRY(value_set(ctx, t, weir_table_entry(t, *entry), value));
    }
    if (!t->due_us && !t->group) return WEIR_OK;
    return weir_index_put(ctx, t, *entry, *added, key_row, value_row);
}

/* Out of all indexes; its number and bytes stay. */
static weir_entry *entry_unlink(weir_table *t, int64_t entry) {
    weir_entry *e = weir_table_entry(t, entry);
    weir_assert(e->live);
    if (t->due_us || t->group) weir_index_remove(t, entry);
    slot_clear(t, slot_of(t, entry));
    e->live = e->fresh = false;
    e->gen++;
    t->live--;
    return e;
}

static void entry_free(weir_table *t, weir_entry *e, int64_t entry) {
    block_free(t, e->cls, e->p);
    e->p = NULL;
    e->hash = t->free_entry;
    t->free_entry = (uint32_t)entry + 1;
}

void weir_table_remove(weir_table *t, int64_t entry) {
    entry_free(t, entry_unlink(t, entry), entry);
}

void weir_table_bury(weir_table *t, int64_t entry) {
    entry_unlink(t, entry)->hash = t->buried;
    t->buried = (uint32_t)entry + 1;
}

void weir_table_forget(weir_table *t) {
    while (t->buried) {
        int64_t entry = (int64_t)t->buried - 1;
        weir_entry *e = weir_table_entry(t, entry);
        t->buried = e->hash;
        entry_free(t, e, entry);
    }
}

void weir_table_trim(weir_ctx *ctx, weir_table *t) {
    if (t->free_bytes < TRIM_FROM || t->free_bytes < t->live_bytes) return;
    weir_err err;
    weir_ctx c = *ctx;
    weir_table n = {0}; /* only blocks */
    weir_err_init(&err);
    c.err = &err;
    weir_rc rc = WEIR_OK;
    weir_buf *moved = NULL;
    rc = weir_table_grow(&c, &moved, 0, t->top * (int64_t)sizeof(uint8_t *));
    n.live_bytes = t->live_bytes; /* for the size of its slabs */
    for (int64_t i = 0; i < t->top && rc == WEIR_OK; i++) {
        weir_entry *e = weir_table_entry(t, i);
        uint8_t **to = (uint8_t **)(void *)moved->p + i, cls;
        if (!e->p || e->cls == LARGE_CLASS) continue;
        rc = block_new(&c, &n, class_size(e->cls), to, &cls);
        if (rc == WEIR_OK) memcpy(*to, e->p, (size_t)e->klen + (size_t)e->vlen);
    }
    for (int64_t i = 0; i < t->top && rc == WEIR_OK; i++) {
        weir_entry *e = weir_table_entry(t, i);
        if (e->p && e->cls != LARGE_CLASS) e->p = ((uint8_t **)(void *)moved->p)[i];
    }
    weir_table *old = rc == WEIR_OK ? t : &n;
    for (int64_t i = 0; i < old->nslab; i++) weir_buf_unref(old->slab[i]);
    weir_mem_free(old->slab);
    if (rc == WEIR_OK) {
        t->slab = n.slab;
        t->nslab = n.nslab;
        t->slab_cap = n.slab_cap;
        t->at = n.at;
        t->end = n.end;
        memset(t->free, 0, sizeof t->free);
        t->free_bytes = 0;
    }
    weir_buf_unref(moved);
    weir_err_clear(&err);
}
