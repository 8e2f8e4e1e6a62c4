/* The memory of a state store: key bytes to value bytes, with numbers for entries, the order in
 * which they are due and groups of them. Knows nothing of files or versions. All memory is charged
 * to ctx->budget; what is freed is used again for blocks of the same size class, and
 * weir_table_trim moves everything together when half of it is free.
 * Thread: one at a time. */
#ifndef WEIR_STATE_TABLE_H
#define WEIR_STATE_TABLE_H
#include "base/buf.h"
#include "codec/unsafe_row.h"
#include "state/squeeze.h"

enum { WEIR_TABLE_CLASSES = 60 };

typedef struct weir_entry {
    uint8_t *p; /* key, then value, squeezed; NULL: free */
    int32_t klen, vlen; /* of what is squeezed */
    uint32_t hash, gen; /* hash, when not live: the next free or buried entry + 1;
                           gen changes when what lies in the heap is stale */
    int32_t part;
    uint8_t cls;
    bool live, listed, fresh; /* the last two are the store's: in its list of changes; not in the
                                 last version */
} weir_entry;

typedef struct weir_slot {
    uint32_t hash, at; /* entry + 1; 0 empty */
} weir_slot;
typedef struct weir_due {
    int64_t due_us;
    uint32_t entry, gen;
} weir_due;
typedef struct weir_gslot {
    uint64_t group;
    uint32_t head, used; /* entry + 1 */
} weir_gslot;

typedef struct weir_table {
    weir_buf *slots, *entries, *dues, *links, *heap, *gslots;
    int64_t nslot, cap, top, live; /* slots; room for entries; entries ever used; entries there */
    int64_t ngslot, ngroup, nheap;
    uint32_t free_entry, buried; /* + 1 */
    weir_buf *scratch; /* a key and a value, squeezed; or a key expanded */
    weir_buf **slab;
    int64_t nslab, slab_cap;
    uint8_t *at, *end; /* of the newest slab */
    uint8_t *free[WEIR_TABLE_CLASSES];
    int64_t live_bytes, free_bytes, large_bytes; /* of blocks */
    int64_t (*due_us)(const void *u, weir_bytes key, weir_bytes value);
    uint64_t (*group)(const void *u, weir_bytes key);
    const void *u;
} weir_table; /* zeroed, and the three last members set, it is ready */

void weir_table_free(weir_table *);
static inline weir_entry *weir_table_entry(const weir_table *t, int64_t e) {
    return (weir_entry *)(void *)t->entries->p + e;
}
/* Lengths of the rows, and the rows: out has as much room. */
static inline int32_t weir_entry_klen(const weir_entry *e) {
    int32_t n;
    return weir_squeezed_length(e->p, &n), n;
}
static inline int32_t weir_entry_vlen(const weir_entry *e) {
    int32_t n;
    return weir_squeezed_length(e->p + e->klen, &n), n;
}
static inline void weir_entry_key(const weir_entry *e, void *out) { weir_expand(e->p, out); }
static inline void weir_entry_value(const weir_entry *e, void *out) {
    weir_expand(e->p + e->klen, out);
}
/* *entry -1: none. Fails without memory for a long key only. */
weir_rc weir_table_find(weir_ctx *, weir_table *, weir_bytes key, int64_t *entry);
/* The same for many: entry has keys->n places. */
weir_rc weir_table_find_all(weir_ctx *, weir_table *, const weir_rowset *keys, int64_t *entry);
/* added: the key is new, part is its partition. */
weir_rc weir_table_put(weir_ctx *, weir_table *, int32_t part, weir_bytes key, weir_bytes value,
                       int64_t *entry, bool *added);
void weir_table_remove(weir_table *, int64_t entry);
/* As remove, but the bytes stay, in entries chained from t->buried, until weir_table_forget. */
void weir_table_bury(weir_table *, int64_t entry);
void weir_table_forget(weir_table *);
/* Moves the blocks together when that frees half of them. Failing to is no failure. */
void weir_table_trim(weir_ctx *, weir_table *);
int64_t weir_table_bytes(const weir_table *);

/* index.c: called by table.c after an entry came, changed, and before it goes. */
weir_rc weir_index_put(weir_ctx *, weir_table *, int64_t entry, bool added, weir_bytes key,
                       weir_bytes value);
void weir_index_remove(weir_table *, int64_t entry);
int64_t weir_index_expired(weir_table *, int64_t upto_us);
int64_t weir_index_group(const weir_table *, uint64_t group, int64_t after);

/* A counted buffer that belongs to the caller, grown to want bytes; *b NULL is empty. */
weir_rc weir_table_grow(weir_ctx *, weir_buf **b, int64_t used, int64_t want);
#endif
