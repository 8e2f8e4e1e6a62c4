/* Records of state files, and many files made durable at once. Called by loading, committing and
 * maintenance; any thread. */
#include "state/file.h"

#include <string.h>
#ifdef __SSE4_2__
#include <nmmintrin.h>
#endif

enum { SUM = 4 };

/* ---- crc32c, as java.util.zip.CRC32C ---- */

static uint32_t crc_add(uint32_t c, const uint8_t *p, size_t n) {
#ifdef __SSE4_2__
    for (; n >= 8; p += 8, n -= 8) {
        uint64_t v;
        memcpy(&v, p, 8);
        c = (uint32_t)_mm_crc32_u64(c, v);
    }
    for (; n > 0; p++, n--) c = _mm_crc32_u8(c, *p);
#else
    for (; n > 0; p++, n--) {
        c ^= *p;
        for (int k = 0; k < 8; k++) c = c & 1 ? c >> 1 ^ 0x82f63b78u : c >> 1;
    }
#endif
    return c;
}

static uint32_t row_sum(weir_bytes key, weir_bytes value) {
    uint32_t c = crc_add(~0u, (const uint8_t *)key.p, (size_t)key.len);
    return ~crc_add(c, (const uint8_t *)value.p, (size_t)value.len);
}

/* ---- reading ---- */

static weir_rc damaged(weir_ctx *ctx, const weir_records *r, const char *reason) {
    return weir_fail(ctx, WEIR_E_STATE_FILE_DAMAGED, "fileToRead", r->path, "reason", reason);
}

static weir_rc size_refused(weir_ctx *ctx, const weir_records *r, weir_errcls cls, const char *name,
                            int32_t size) {
    return weir_fail(ctx, cls, "fileToRead", r->path, "clazz", weir_part_dir_text(ctx, r->where),
                     name, weir_printf(ctx->arena, "%d", (int)size));
}

static bool get_i32(weir_records *r, int32_t *v) {
    if (r->end - r->p < 4) return false;
    *v = (int32_t)((uint32_t)r->p[0] << 24 | (uint32_t)r->p[1] << 16 | (uint32_t)r->p[2] << 8 |
                   r->p[3]);
    r->p += 4;
    return true;
}

static bool get_bytes(weir_records *r, int32_t n, weir_bytes *out) {
    if (r->end - r->p < n) return false;
    *out = (weir_bytes){(const char *)r->p, n};
    r->p += n;
    return true;
}

/* Takes the checksum off what carries it: the value, or the key of a removal. */
static weir_rc sum_check(weir_ctx *ctx, const weir_records *r, weir_record *o) {
    weir_bytes *b = o->removed ? &o->key : &o->value;
    if (b->len < SUM) return damaged(ctx, r, "a row is too short for its checksum");
    const uint8_t *p = (const uint8_t *)b->p;
    uint32_t said = p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
    *b = (weir_bytes){b->p + SUM, b->len - SUM};
    uint32_t sum = row_sum(o->key, o->removed ? (weir_bytes){"", 0} : o->value);
    if (sum == said) return WEIR_OK;
    return weir_fail(ctx, WEIR_E_STATE_ROW_CHECKSUM, "stateStoreId",
                     weir_printf(ctx->arena,
                                 "StateStoreId[ operatorId=%s, partitionId=%d, storeName=%s ] "
                                 "(file %s)",
                                 r->where->op, (int)r->where->part, r->where->store, r->path),
                     "expectedChecksum", weir_printf(ctx->arena, "%d", (int)said),
                     "computedChecksum", weir_printf(ctx->arena, "%d", (int)sum));
}

weir_rc weir_records_next(weir_ctx *ctx, weir_records *r, weir_record *o) {
    int32_t klen, vlen;
    *o = (weir_record){.key = {"", 0}, .value = {"", 0}};
    if (!get_i32(r, &klen))
        return damaged(ctx, r, "it ends without the end marker (java.io.EOFException)");
    if (klen == -1) {
        o->last = true;
        return WEIR_OK;
    }
    if (klen < 0)
        return size_refused(
            ctx, r, r->snapshot ? WEIR_E_STATE_SNAPSHOT_KEY_SIZE : WEIR_E_STATE_DELTA_KEY_SIZE,
            "keySize", klen);
    if (!get_bytes(r, klen, &o->key) || !get_i32(r, &vlen))
        return damaged(ctx, r, "it ends inside a record (java.io.EOFException)");
    o->removed = vlen < 0;
    if (o->removed && r->snapshot)
        return size_refused(ctx, r, WEIR_E_STATE_SNAPSHOT_VALUE_SIZE, "valueSize", vlen);
    if (!o->removed && !get_bytes(r, vlen, &o->value))
        return damaged(ctx, r, "it ends inside a record (java.io.EOFException)");
    if (r->where->row_checksum) WEIR_TRY(sum_check(ctx, r, o));
    o->value.len &= ~7; /* writers before Spark 2.3 left extra bytes behind */
    return WEIR_OK;
}

/* ---- writing ---- */

int64_t weir_record_size(bool row_checksum, int64_t klen, int64_t vlen) {
    return 8 + (row_checksum ? SUM : 0) + klen + vlen;
}
int64_t weir_record_removed_size(bool row_checksum, int64_t klen) {
    return 8 + (row_checksum ? SUM : 0) + klen;
}

int64_t weir_record_entry_size(bool row_checksum, const weir_entry *e, bool removed) {
    return removed ? weir_record_removed_size(row_checksum, weir_entry_klen(e))
                   : weir_record_size(row_checksum, weir_entry_klen(e), weir_entry_vlen(e));
}

static uint8_t *put_i32(uint8_t *p, int32_t v) {
    for (int i = 0; i < 4; i++) p[i] = (uint8_t)((uint32_t)v >> (24 - 8 * i));
    return p + 4;
}

static uint8_t *put_sum(uint8_t *p, uint32_t v) {
    for (int i = 0; i < SUM; i++) p[i] = (uint8_t)(v >> 8 * i);
    return p + SUM;
}

static uint8_t *put_bytes(uint8_t *p, weir_bytes b) {
    if (b.len) memcpy(p, b.p, (size_t)b.len);
    return p + b.len;
}

uint8_t *weir_record_put(uint8_t *p, bool row_checksum, weir_bytes key, weir_bytes value) {
    p = put_bytes(put_i32(p, key.len), key);
    p = put_i32(p, value.len + (row_checksum ? SUM : 0));
    if (row_checksum) p = put_sum(p, row_sum(key, value));
    return put_bytes(p, value);
}

uint8_t *weir_record_removed(uint8_t *p, bool row_checksum, weir_bytes key) {
    p = put_i32(p, key.len + (row_checksum ? SUM : 0));
    if (row_checksum) p = put_sum(p, row_sum(key, (weir_bytes){"", 0}));
    return put_i32(put_bytes(p, key), -1);
}

uint8_t *weir_record_end(uint8_t *p) { return put_i32(p, -1); }

/* ---- publishing ---- */

static char *join(weir_ctx *ctx, const char *dir, const char *name) {
    return weir_printf(ctx->arena, "%s/%s", dir, name);
}

weir_rc weir_state_files_begin(weir_ctx *ctx, weir_state_files *fs, const char *dir,
                               const char *name, weir_file **f) {
    char uuid[37];
    if (fs->n == fs->cap) {
        fs->cap = fs->cap ? 2 * fs->cap : 16;
        weir_state_file *v = WEIR_NEWN(ctx->arena, weir_state_file, fs->cap);
        if (fs->n) memcpy(v, fs->v, sizeof *v * (size_t)fs->n);
        fs->v = v;
    }
    weir_uuid(ctx->env, uuid);
    char *tmp = weir_printf(ctx->arena, "%s/.%s.%s.tmp", dir, name, uuid);
    WEIR_TRY(weir_file_create(ctx, tmp, true, f));
    fs->v[fs->n++] = (weir_state_file){dir, name, tmp};
    return WEIR_OK;
}

static weir_rc file_end(weir_ctx *ctx, const weir_state_files *fs, weir_file *f, weir_rc rc) {
    if (rc == WEIR_OK && !fs->one_flush) rc = weir_file_sync(ctx, f);
    weir_file_drop(f);
    return rc;
}

weir_rc weir_state_files_add(weir_ctx *ctx, weir_state_files *fs, const char *dir, const char *name,
                             const void *p, size_t n) {
    weir_file *f = NULL;
    WEIR_TRY(weir_state_files_begin(ctx, fs, dir, name, &f));
    return file_end(ctx, fs, f, weir_file_write(ctx, f, p, n));
}

enum { PACK = 32 * WEIR_PIECE };

weir_rc weir_pack_open(weir_ctx *ctx, weir_pack *k, const weir_part_dir *w, weir_state_files *fs,
                       const char *name, int64_t size) {
    *k = (weir_pack){
        .codec = w->codec, .fs = fs, .cap = size, .row_checksum = w->row_checksum};
    if (!w->codec->whole && size > PACK + WEIR_PIECE) k->cap = PACK;
    weir_str_init(&k->out, NULL, SIZE_MAX / 4);
    WEIR_TRY(weir_state_files_begin(ctx, fs, w->dir, name, &k->file));
    return weir_table_grow(ctx, &k->bytes, 0, k->cap);
}

static weir_rc pack_write(weir_ctx *ctx, weir_pack *k, int64_t n, unsigned last) {
    unsigned first = k->begun ? 0 : WEIR_FIRST_PIECE;
    k->out.len = 0;
    k->codec->encode(k->bytes->p, (size_t)n, first | last, &k->out);
    k->begun = true;
    k->used -= n;
    memmove(k->bytes->p, k->bytes->p + n, (size_t)k->used);
    return weir_file_write(ctx, k->file, k->out.p, k->out.len);
}

static weir_rc pack_room(weir_ctx *ctx, weir_pack *k, int64_t n, uint8_t **at) {
    if (k->used + n > k->cap && k->used >= WEIR_PIECE)
        WEIR_TRY(pack_write(ctx, k, k->used / WEIR_PIECE * WEIR_PIECE, 0));
    if (k->used + n > k->cap) {
        k->cap = k->used + n;
        WEIR_TRY(weir_table_grow(ctx, &k->bytes, k->used, k->cap));
    }
    *at = k->bytes->p + k->used;
    k->used += n;
    return WEIR_OK;
}

/* The rows are expanded where they belong, and their checksum is put before them. */
weir_rc weir_pack_entry(weir_ctx *ctx, weir_pack *k, const weir_entry *e, bool removed) {
    const bool sum = k->row_checksum;
    const int32_t extra = sum ? SUM : 0, klen = weir_entry_klen(e),
                  vlen = removed ? 0 : weir_entry_vlen(e);
    uint8_t *at, *key, *value;
    WEIR_TRY(pack_room(ctx, k, weir_record_entry_size(sum, e, removed), &at));
    key = put_i32(at, klen + (removed ? extra : 0)) + (removed ? extra : 0);
    weir_entry_key(e, key);
    value = put_i32(key + klen, removed ? -1 : vlen + extra) + extra;
    if (!removed) weir_entry_value(e, value);
    if (sum)
        (void)put_sum((removed ? key : value) - SUM,
                      row_sum((weir_bytes){(const char *)key, klen},
                              (weir_bytes){(const char *)(removed ? key : value), vlen}));
    return WEIR_OK;
}

weir_rc weir_pack_close(weir_ctx *ctx, weir_pack *k, weir_rc rc) {
    uint8_t *at;
    if (rc == WEIR_OK) rc = pack_room(ctx, k, WEIR_RECORD_END_SIZE, &at);
    if (rc == WEIR_OK) (void)weir_record_end(at);
    if (rc == WEIR_OK) rc = pack_write(ctx, k, k->used, WEIR_LAST_PIECE);
    weir_buf_unref(k->bytes);
    weir_str_free(&k->out);
    return k->file ? file_end(ctx, k->fs, k->file, rc) : rc;
}

weir_rc weir_state_files_publish(weir_ctx *ctx, weir_state_files *fs, const char *any) {
    if (fs->one_flush) WEIR_TRY(weir_fs_sync(ctx, any));
    for (int i = 0; i < fs->n; i++) {
        weir_state_file *f = &fs->v[i];
        char *crc = weir_printf(ctx->arena, "%s/.%s.crc", f->dir, f->name);
        WEIR_TRY(weir_path_remove(ctx, crc)); /* first: a name without one is always good */
        WEIR_TRY(weir_path_rename(ctx, f->tmp, join(ctx, f->dir, f->name), true, NULL));
        f->tmp = NULL;
        if (!fs->one_flush) WEIR_TRY(weir_dir_sync(ctx, f->dir));
    }
    return fs->one_flush ? weir_fs_sync(ctx, any) : WEIR_OK;
}

void weir_state_files_drop(weir_ctx *ctx, weir_state_files *fs) {
    weir_err err;
    weir_ctx c = *ctx;
    weir_err_init(&err);
    c.err = &err;
    for (int i = 0; i < fs->n; i++)
        if (fs->v[i].tmp) (void)weir_path_remove(&c, fs->v[i].tmp);
    weir_err_clear(&err);
}
