/* The two ways to entries other than by key: a heap by the time they are due (what is stale in it
 * is dropped when it comes up or prevails) and chains of entries of a group. Called by table.c and
 * the store; the table's thread. */
#include "state/table.h"

#include <string.h>

enum { FIRST = 64 };

/* ---- due ---- */

static weir_due *heap_of(const weir_table *t) { return (weir_due *)(void *)t->heap->p; }
static int64_t *due_of(const weir_table *t, int64_t e) { return (int64_t *)(void *)t->dues->p + e; }

static bool stale(const weir_table *t, const weir_due *d) {
    const weir_entry *e = weir_table_entry(t, d->entry);
    return !e->live || e->gen != d->gen;
}

static void sift_down(weir_due *h, int64_t n, int64_t i) {
    weir_due x = h[i];
    for (int64_t k; (k = 2 * i + 1) < n; i = k) {
        if (k + 1 < n && h[k + 1].due_us < h[k].due_us) k++;
        if (h[k].due_us >= x.due_us) break;
        h[i] = h[k];
    }
    h[i] = x;
}

static void sift_up(weir_due *h, int64_t i) {
    weir_due x = h[i];
    for (; i > 0 && h[(i - 1) / 2].due_us > x.due_us; i = (i - 1) / 2) h[i] = h[(i - 1) / 2];
    h[i] = x;
}

static void heap_clean(weir_table *t) {
    weir_due *h = heap_of(t);
    int64_t n = 0;
    for (int64_t i = 0; i < t->nheap; i++)
        if (!stale(t, &h[i])) h[n++] = h[i];
    t->nheap = n;
    for (int64_t i = n / 2 - 1; i >= 0; i--) sift_down(h, n, i);
}

static weir_rc due_put(weir_ctx *ctx, weir_table *t, int64_t entry, bool added, weir_bytes key,
                       weir_bytes value) {
    weir_entry *e = weir_table_entry(t, entry);
    int64_t due = t->due_us(t->u, key, value),
            cap = t->heap ? t->heap->len / (int64_t)sizeof(weir_due) : 0;
    if (!added && *due_of(t, entry) == due) return WEIR_OK;
    *due_of(t, entry) = due;
    e->gen++;
    if (due == INT64_MAX) return WEIR_OK;
    if (t->nheap == cap && t->nheap > 2 * t->live) heap_clean(t);
    if (t->nheap == cap)
        WEIR_TRY(weir_table_grow(ctx, &t->heap, cap * (int64_t)sizeof(weir_due),
                                 (cap ? cap + cap / 2 : FIRST) * (int64_t)sizeof(weir_due)));
    heap_of(t)[t->nheap] = (weir_due){due, (uint32_t)entry, e->gen};
    sift_up(heap_of(t), t->nheap++);
    return WEIR_OK;
}

int64_t weir_index_expired(weir_table *t, int64_t upto_us) {
    while (t->nheap > 0) {
        weir_due *h = heap_of(t), top = h[0];
        bool gone = stale(t, &top);
        if (!gone && top.due_us > upto_us) break;
        if (!gone) return top.entry;
        h[0] = h[--t->nheap];
        if (t->nheap > 0) sift_down(h, t->nheap, 0);
    }
    return -1;
}

/* ---- groups ---- */

typedef struct link {
    uint32_t next, prev; /* entry + 1 */
} link;

static link *link_of(const weir_table *t, int64_t e) { return (link *)(void *)t->links->p + e; }
static weir_gslot *gslots_of(const weir_table *t) { return (weir_gslot *)(void *)t->gslots->p; }

static int64_t home_of(uint64_t group, int64_t mask) {
    return (int64_t)((group * 0x9e3779b97f4a7c15u) >> 32) & mask;
}

static int64_t gslot_find(const weir_table *t, uint64_t group) {
    const weir_gslot *s = gslots_of(t);
    int64_t mask = t->ngslot - 1, i = home_of(group, mask);
    while (s[i].used && s[i].group != group) i = (i + 1) & mask;
    return i;
}

static weir_rc gslots_grow(weir_ctx *ctx, weir_table *t) {
    int64_t n = t->ngslot ? 2 * t->ngslot : FIRST;
    weir_buf *b = NULL;
    WEIR_TRY(weir_table_grow(ctx, &b, 0, n * (int64_t)sizeof(weir_gslot)));
    weir_gslot *to = (weir_gslot *)(void *)b->p;
    memset(to, 0, sizeof *to * (size_t)n);
    for (int64_t i = 0; i < t->ngslot; i++) {
        weir_gslot s = gslots_of(t)[i];
        if (!s.used) continue;
        int64_t k = home_of(s.group, n - 1);
        while (to[k].used) k = (k + 1) & (n - 1);
        to[k] = s;
    }
    weir_buf_unref(t->gslots);
    t->gslots = b;
    t->ngslot = n;
    return WEIR_OK;
}

static void gslot_clear(weir_table *t, int64_t gap) {
    weir_gslot *s = gslots_of(t);
    int64_t mask = t->ngslot - 1;
    for (int64_t i = (gap + 1) & mask; s[i].used; i = (i + 1) & mask) {
        if (((i - home_of(s[i].group, mask)) & mask) < ((i - gap) & mask)) continue;
        s[gap] = s[i];
        gap = i;
    }
    s[gap].used = 0;
    t->ngroup--;
}

static weir_rc group_put(weir_ctx *ctx, weir_table *t, int64_t entry, weir_bytes key) {
    uint64_t group = t->group(t->u, key);
    *link_of(t, entry) = (link){0};
    if ((t->ngroup + 1) * 3 > t->ngslot * 2) WEIR_TRY(gslots_grow(ctx, t));
    weir_gslot *s = &gslots_of(t)[gslot_find(t, group)];
    if (!s->used) {
        *s = (weir_gslot){group, 0, 1};
        t->ngroup++;
    }
    *link_of(t, entry) = (link){s->head, 0};
    if (s->head) link_of(t, (int64_t)s->head - 1)->prev = (uint32_t)entry + 1;
    s->head = (uint32_t)entry + 1;
    return WEIR_OK;
}

static void group_remove(weir_table *t, int64_t entry) {
    link l = *link_of(t, entry);
    if (l.next) link_of(t, (int64_t)l.next - 1)->prev = l.prev;
    if (l.prev) {
        link_of(t, (int64_t)l.prev - 1)->next = l.next;
        return;
    }
    const weir_entry *e = weir_table_entry(t, entry);
    const weir_bytes key = {(const char *)t->scratch->p, weir_entry_klen(e)};
    /* there is room for it: a put of this key needed more */
    weir_entry_key(e, t->scratch->p);
    uint64_t group = t->group(t->u, key);
    int64_t s = gslot_find(t, group);
    gslots_of(t)[s].head = l.next;
    if (!l.next) gslot_clear(t, s);
}

int64_t weir_index_group(const weir_table *t, uint64_t group, int64_t after) {
    if (after >= 0) return (int64_t)link_of(t, after)->next - 1;
    if (!t->ngslot) return -1;
    const weir_gslot *s = &gslots_of(t)[gslot_find(t, group)];
    return s->used ? (int64_t)s->head - 1 : -1;
}

/* ---- both ---- */

weir_rc weir_index_put(weir_ctx *ctx, weir_table *t, int64_t entry, bool added, weir_bytes key,
                       weir_bytes value) {
    if (t->group && added) WEIR_TRY(group_put(ctx, t, entry, key));
    return t->due_us ? due_put(ctx, t, entry, added, key, value) : WEIR_OK;
}

void weir_index_remove(weir_table *t, int64_t entry) {
    if (t->group) group_remove(t, entry);
}
