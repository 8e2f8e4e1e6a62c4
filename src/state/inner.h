/* What store.c and commit.c share. */
#ifndef WEIR_STATE_INNER_H
#define WEIR_STATE_INNER_H
#include "state/file.h"
#include "state/store.h"

struct weir_store {
    weir_arena *own;
    weir_store_spec spec; /* texts in own */
    const weir_state_codec *codec;
    weir_part_dir *part; /* nheld */
    weir_table table;
    int64_t version;
    weir_buf *dirty; /* uint32_t: entries put since the version, each once; some are gone again */
    int64_t ndirty;
    /* keys of the version that were removed since are the table's buried entries */
    const char *empty; /* a delta without records */
    size_t empty_len;
    bool folders_made;
    weir_store_stat stat;
    weir_env *env;
    uint32_t tick; /* which operation is timed */
};

static inline uint32_t *weir_store_dirty(const weir_store *s) {
    return (uint32_t *)(void *)s->dirty->p;
}
#endif
