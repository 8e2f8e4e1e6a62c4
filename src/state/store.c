/* A state store: the table, what changed in it since the version it was loaded from, counters.
 * Called by stateful operators; the query's driver. Writing is in commit.c. */
#include "state/inner.h"
#include "state/schema.h"

#include <string.h>

enum {
    ROOM = 256,
    TIMED = 32 /* one operation of so many is timed, and counted so often */
};

static void spec_copy(weir_store *s, const weir_store_spec *spec) {
    s->spec = *spec;
    s->spec.dir = weir_strdup(s->own, spec->dir);
    s->spec.name = weir_strdup(s->own, spec->name);
    s->spec.codec = weir_strdup(s->own, spec->codec);
    s->spec.key = weir_type_copy(s->own, spec->key);
    s->spec.value = weir_type_copy(s->own, spec->value);
    s->table.due_us = spec->due_us;
    s->table.group = spec->group;
    s->table.u = spec->u;
}

static weir_rc store_load(weir_ctx *ctx, weir_store *s, int64_t version) {
    weir_ctx own = *ctx;
    own.arena = s->own;
    s->part = WEIR_NEWN(s->own, weir_part_dir, s->spec.nheld + 1);
    for (int32_t i = 0; i < s->spec.nheld; i++)
        s->part[i] =
            weir_part_dir_of(&own, s->spec.dir, s->spec.name, i, s->codec, s->spec.row_checksum);
    WEIR_TRY(weir_state_schema_check(ctx, s->part[0].dir, s->spec.key, s->spec.value,
                                     s->spec.schema_unchecked));
    for (int32_t i = 0; i < s->spec.nheld; i++)
        WEIR_TRY(weir_state_load(ctx, &s->part[i], version, &s->table));
    s->version = version;
    return WEIR_OK;
}

weir_rc weir_store_open(weir_ctx *ctx, const weir_store_spec *spec, int64_t version,
                        weir_store **out) {
    weir_arena *own = weir_arena_new(NULL);
    weir_store *s = WEIR_NEW(own, weir_store);
    weir_ctx c = *ctx;
    weir_str empty;
    uint8_t end[WEIR_RECORD_END_SIZE];
    weir_assert(spec->nheld > 0);
    s->own = own;
    s->env = ctx->env;
    spec_copy(s, spec);
    *out = s;
    WEIR_TRY(weir_state_codec_find(ctx, spec->codec, &s->codec));
    weir_str_init(&empty, own, 1 << 16);
    s->codec->encode(end, (size_t)(weir_record_end(end) - end), WEIR_ALL_PIECES, &empty);
    s->empty = empty.p;
    s->empty_len = empty.len;
    c.arena = weir_arena_new(NULL);
    weir_rc rc = store_load(&c, s, version);
    weir_arena_free(c.arena);
    return rc;
}

void weir_store_close(weir_store *s) {
    if (!s) return;
    weir_table_free(&s->table);
    weir_buf_unref(s->dirty);
    weir_arena_free(s->own);
}

void weir_store_begin(weir_store *s) { s->stat = (weir_store_stat){0}; }

/* ---- reading ---- */

weir_rc weir_store_find(weir_ctx *ctx, weir_store *s, weir_bytes key, int64_t *entry) {
    return weir_table_find(ctx, &s->table, key, entry);
}
weir_rc weir_store_find_all(weir_ctx *ctx, weir_store *s, const weir_rowset *keys,
                            int64_t *entry) {
    return weir_table_find_all(ctx, &s->table, keys, entry);
}
weir_bytes weir_store_key(weir_ctx *ctx, const weir_store *s, int64_t entry) {
    const weir_entry *e = weir_table_entry(&s->table, entry);
    int32_t n = weir_entry_klen(e);
    char *p = weir_alloc(ctx->arena, (size_t)n + 1);
    weir_entry_key(e, p);
    return (weir_bytes){p, n};
}
weir_bytes weir_store_value(weir_ctx *ctx, const weir_store *s, int64_t entry) {
    const weir_entry *e = weir_table_entry(&s->table, entry);
    int32_t n = weir_entry_vlen(e);
    char *p = weir_alloc(ctx->arena, (size_t)n + 1);
    weir_entry_value(e, p);
    return (weir_bytes){p, n};
}
int32_t weir_store_part(const weir_store *s, int64_t e) {
    return weir_table_entry(&s->table, e)->part;
}
int64_t weir_store_expired(weir_store *s, int64_t upto_us) {
    return weir_index_expired(&s->table, upto_us);
}
int64_t weir_store_group(const weir_store *s, uint64_t group, int64_t after) {
    return weir_index_group(&s->table, group, after);
}
int64_t weir_store_next(const weir_store *s, int64_t after) {
    for (int64_t e = after + 1; e < s->table.top; e++)
        if (weir_table_entry(&s->table, e)->live) return e;
    return -1;
}
int64_t weir_store_changed(const weir_store *s, int64_t *cursor) {
    return *cursor < s->ndirty ? (int64_t)weir_store_dirty(s)[(*cursor)++] : -1;
}
int64_t weir_store_count(const weir_store *s) { return s->table.live; }
int64_t weir_store_version(const weir_store *s) { return s->version; }

void weir_store_stats(const weir_store *s, weir_store_stat *out) {
    *out = s->stat;
    out->rows_total = s->table.live;
    out->memory_bytes = weir_table_bytes(&s->table) + (s->dirty ? s->dirty->len : 0);
}

/* ---- changing ---- */

/* The clock costs as much as a put: only some are timed. */
static int64_t time_start(weir_store *s) {
    return s->tick++ % TIMED ? -1 : weir_monotonic_us(s->env);
}
static void time_end(weir_store *s, int64_t start, int64_t *sum) {
    if (start >= 0) *sum += (weir_monotonic_us(s->env) - start) * TIMED;
}

static weir_rc dirty_room(weir_ctx *ctx, weir_store *s) {
    const int64_t size = sizeof(uint32_t), n = s->ndirty;
    if (s->dirty && (n + 1) * size <= s->dirty->len) return WEIR_OK;
    return weir_table_grow(ctx, &s->dirty, n * size, (n ? 2 * n : ROOM) * size);
}

weir_rc weir_store_put(weir_ctx *ctx, weir_store *s, int32_t part, weir_bytes key,
                       weir_bytes value) {
    int64_t start = time_start(s), e;
    bool added;
    weir_assert(part >= 0 && part < s->spec.nheld);
    WEIR_TRY(dirty_room(ctx, s));
    WEIR_TRY(weir_table_put(ctx, &s->table, part, key, value, &e, &added));
    weir_entry *x = weir_table_entry(&s->table, e);
    if (added) x->fresh = true;
    if (!x->listed) {
        x->listed = true;
        weir_store_dirty(s)[s->ndirty++] = (uint32_t)e;
    }
    s->stat.rows_updated++;
    time_end(s, start, &s->stat.update_us);
    return WEIR_OK;
}

void weir_store_remove(weir_store *s, int64_t entry) {
    int64_t start = time_start(s);
    if (weir_table_entry(&s->table, entry)->fresh)
        weir_table_remove(&s->table, entry); /* no file knows it */
    else
        weir_table_bury(&s->table, entry);
    s->stat.rows_removed++;
    time_end(s, start, &s->stat.remove_us);
}

weir_rc weir_state_provider_check(weir_ctx *ctx, const weir_conf *conf) {
    const char *p = weir_conf_get(conf, "spark.sql.streaming.stateStore.providerClass"),
               *name = strrchr(p, '.');
    static const char npart[] = "spark.sql.shuffle.partitions";
    const char *rows = weir_conf_get(conf, "spark.sql.streaming.stateStore.encodingFormat");
    name = name ? name + 1 : p;
    WEIR_TRY(weir_conf_check(ctx, npart, weir_conf_get(conf, npart)));
    if (strcasecmp(rows, "unsaferow") != 0)
        return weir_fail(ctx, WEIR_E_UNSUPPORTED_FEATURE, "feature",
                         weir_printf(ctx->arena,
                                     "state rows in the encoding %s; set "
                                     "spark.sql.streaming.stateStore.encodingFormat to unsaferow",
                                     rows));
    if (strcmp(name, "HDFSBackedStateStoreProvider") == 0) return WEIR_OK;
    return weir_fail(ctx, WEIR_E_UNSUPPORTED_FEATURE, "feature",
                     weir_printf(ctx->arena,
                                 "the state store provider %s; unset "
                                 "spark.sql.streaming.stateStore.providerClass and start with a "
                                 "new checkpoint, or run the query on Apache Spark",
                                 p));
}
