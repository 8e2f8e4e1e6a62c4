/* libFuzzer: the first byte says snapshot or delta, with row checksums or without; the rest are its
 * records, put into a table, which is then written and read again. */
#include "fuzz.h"
#include "state/file.h"

static int64_t due_of(const void *u, weir_bytes key, weir_bytes value) {
    (void)u;
    return key.len ? key.p[0] : value.len;
}
static uint64_t group_of(const void *u, weir_bytes key) {
    (void)u;
    return (uint64_t)key.len;
}

static weir_rc apply(weir_ctx *ctx, weir_records *r, weir_table *t) {
    weir_record o;
    int64_t e;
    bool added;
    for (;;) {
        WEIR_TRY(weir_records_next(ctx, r, &o));
        if (o.last) return WEIR_OK;
        if (!o.removed) {
            WEIR_TRY(weir_table_put(ctx, t, 0, o.key, o.value, &e, &added));
            continue;
        }
        WEIR_TRY(weir_table_find(ctx, t, o.key, &e));
        if (e >= 0) weir_table_remove(t, e);
    }
}

static weir_bytes key_of(weir_ctx *ctx, const weir_entry *e) {
    char *p = weir_alloc(ctx->arena, (size_t)weir_entry_klen(e) + 1);
    weir_entry_key(e, p);
    return (weir_bytes){p, weir_entry_klen(e)};
}

static weir_bytes value_of(weir_ctx *ctx, const weir_entry *e) {
    char *p = weir_alloc(ctx->arena, (size_t)weir_entry_vlen(e) + 1);
    weir_entry_value(e, p);
    return (weir_bytes){p, weir_entry_vlen(e)};
}

/* What lies in t, written and read, lies in another table the same. */
static weir_rc again(weir_ctx *ctx, const weir_part_dir *w, weir_table *t) {
    weir_buf *b = NULL;
    weir_table u = {0};
    int64_t size = WEIR_RECORD_END_SIZE, n = 0;
    for (int64_t e = 0; e < t->top; e++) {
        const weir_entry *x = weir_table_entry(t, e);
        if (x->live) size += weir_record_entry_size(w->row_checksum, x, false);
    }
    WEIR_TRY(weir_buf_new(ctx, size, &b));
    uint8_t *p = b->p;
    for (int64_t e = 0; e < t->top; e++) {
        const weir_entry *x = weir_table_entry(t, e);
        if (x->live)
            p = weir_record_put(p, w->row_checksum, key_of(ctx, x), value_of(ctx, x));
    }
    p = weir_record_end(p);
    weir_assert(p == b->p + size);
    weir_records r = {b->p, p, "again", w, true};
    weir_rc rc = apply(ctx, &r, &u);
    weir_assert(rc != WEIR_OK || u.live == t->live);
    while (weir_index_expired(t, INT64_MAX) >= 0) {
        int64_t e = weir_index_expired(t, INT64_MAX);
        int64_t there = -1;
        if (rc == WEIR_OK)
            rc = weir_table_find(ctx, &u, key_of(ctx, weir_table_entry(t, e)), &there);
        weir_assert(rc != WEIR_OK || there >= 0);
        weir_table_remove(t, e);
        n++;
    }
    weir_assert(t->live == 0 && (rc != WEIR_OK || n == u.live));
    weir_table_free(&u);
    return rc;
}

static void one(weir_ctx *ctx, const char *text, size_t len) {
    const weir_part_dir where = {
        .dir = "", .op = "0", .store = "default", .row_checksum = text[0] & 2};
    const uint8_t *p = (const uint8_t *)text;
    weir_table t = {.due_us = due_of, .group = group_of};
    if (len == 0) return;
    weir_records r = {p + 1, p + len, "file", &where, text[0] & 1};
    if (apply(ctx, &r, &t) == WEIR_OK) (void)again(ctx, &where, &t);
    weir_table_free(&t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) { return fuzz_text(data, len, one); }
