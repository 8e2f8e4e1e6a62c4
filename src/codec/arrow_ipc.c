/* Owns the reading of Arrow IPC streams. Called by Spark Connect (local relations) and Python
 * workers, thread of ctx. Each message becomes C data interface structures over a private copy of
 * its body, every buffer checked against what its type needs; columns are then imported as from any
 * Arrow producer. */
#include "codec/arrow_ipc.h"
#include "codec/flatbuf.h"
#include "col/arrow_c.h"

enum { MESSAGE_SCHEMA = 1, MESSAGE_DICTIONARY = 2, MESSAGE_BATCH = 3 };
enum {
    MAX_FIELDS = 65536,
    MAX_DICTIONARIES = 1024,
    MAX_DEPTH = 64,
    MAX_META = 256 << 20,
    MAX_BATCHES = 1 << 20,
    FREE_ROWS = 1 << 24
};

typedef struct dictionary {
    int64_t id;
    const struct ArrowSchema *schema; /* of the values */
    struct ArrowArray *values;        /* NULL until its message came */
} dictionary;

struct weir_ipc_reader {
    weir_arena *arena;
    weir_schema *expected, *schema;
    struct ArrowSchema *arrow;
    dictionary *dict;
    int ndict, nfield;
};

static weir_rc bad(weir_ctx *ctx, const char *what) {
    return weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                     weir_printf(ctx->arena, "Invalid Arrow IPC stream: %s", what));
}

static weir_rc unsupported(weir_ctx *ctx, const char *what) {
    return weir_fail(ctx, WEIR_E_UNSUPPORTED_FEATURE, "feature", what);
}

/* --- schema
 * ---------------------------------------------------------------------------------------- */

static const char *int_format(weir_fbt t) {
    bool is_signed = weir_fb_int(t, 1, 1, 0) != 0;
    switch (weir_fb_int(t, 0, 4, 0)) {
    case 8: return is_signed ? "c" : "C";
    case 16: return is_signed ? "s" : "S";
    case 32: return is_signed ? "i" : "I";
    case 64: return is_signed ? "l" : "L";
    default: return "?";
    }
}

static const char *temporal_format(weir_arena *a, int tag, weir_fbt t) {
    static const char unit_code[] = "smun";
    int64_t unit = weir_fb_int(t, 0, 2, tag == 10 || tag == 11 ? 0 : 1);
    if (tag == 8) return unit == 0 ? "tdD" : "tdm";
    if (tag == 11) return unit == 0 ? "tiM" : unit == 1 ? "tiD" : "tin";
    if (unit < 0 || unit > 3) return "?";
    if (tag == 9) return weir_printf(a, "tt%c", unit_code[unit]);
    if (tag == 18) return weir_printf(a, "tD%c", unit_code[unit]);
    const char *tz = weir_fb_str(a, t, 1);
    return weir_printf(a, "ts%c:%s", unit_code[unit], tz ? tz : "");
}

/* FORMAT Schema.fbs: union Type. What weir has no kind for comes out as a name the import refuses.
 */
static const char *format_of(weir_arena *a, int tag, weir_fbt t) {
    static const char *const plain[] = {
        [1] = "n",   [4] = "z",   [5] = "u",  [6] = "b",  [12] = "+l",
        [13] = "+s", [17] = "+m", [19] = "Z", [20] = "U", [21] = "+L"};
    static const char *const names[] = {
        [14] = "union",       [22] = "run-end encoded", [23] = "binary view",
        [24] = "string view", [25] = "list view",       [26] = "large list view"};
    if (tag == 2) return int_format(t);
    if (tag == 3) {
        int64_t p = weir_fb_int(t, 0, 2, 0);
        return p == 1 ? "f" : p == 2 ? "g" : "half float";
    }
    if (tag == 7)
        return weir_printf(a, "d:%d,%d,%d", (int)weir_fb_int(t, 0, 4, 0),
                           (int)weir_fb_int(t, 1, 4, 0), (int)weir_fb_int(t, 2, 4, 128));
    if ((tag >= 8 && tag <= 11) || tag == 18) return temporal_format(a, tag, t);
    int64_t width = tag == 15 || tag == 16 ? weir_fb_int(t, 0, 4, 0) : 0;
    if (tag == 15)
        return width > 0 ? weir_printf(a, "w:%d", (int)width) : "fixed-size binary of no bytes";
    if (tag == 16)
        return width > 0 ? weir_printf(a, "+w:%d", (int)width) : "fixed-size list of no elements";
    if (tag > 0 && tag < (int)(sizeof plain / sizeof *plain) && plain[tag]) return plain[tag];
    if (tag > 0 && tag < (int)(sizeof names / sizeof *names) && names[tag]) return names[tag];
    return "unknown Arrow type";
}

/* Spark's own key of the field's metadata, packed as the C data interface wants it. */
static const char *metadata_of(weir_arena *a, weir_fbt field) {
    static const char key[] = "SPARK::metadata::json";
    weir_fbv v = weir_fb_vec(field, 6, 4);
    for (uint32_t i = 0; i < v.n; i++) {
        weir_fbt kv = weir_fb_vec_sub(v, i);
        const char *k = weir_fb_str(a, kv, 0), *json = weir_fb_str(a, kv, 1);
        if (!k || !json || strcmp(k, key) != 0) continue;
        int32_t one = 1, klen = sizeof key - 1, vlen = (int32_t)strlen(json);
        char *p = weir_alloc(a, 12 + sizeof key + (size_t)vlen);
        memcpy(p, &one, 4);
        memcpy(p + 4, &klen, 4);
        memcpy(p + 8, key, (size_t)klen);
        memcpy(p + 8 + klen, &vlen, 4);
        memcpy(p + 12 + klen, json, (size_t)vlen);
        return p;
    }
    return NULL;
}

static weir_rc read_field(weir_ctx *ctx, weir_ipc_reader *r, weir_fbt t, int depth,
                          struct ArrowSchema *out);

static weir_rc read_fields(weir_ctx *ctx, weir_ipc_reader *r, weir_fbv v, int depth,
                           struct ArrowSchema *out) {
    if (v.n > MAX_FIELDS || (r->nfield += (int)v.n) > MAX_FIELDS)
        return bad(ctx, "more than 65536 fields");
    out->n_children = v.n;
    out->children = WEIR_NEWN(r->arena, struct ArrowSchema *, v.n ? v.n : 1);
    for (uint32_t i = 0; i < v.n; i++) {
        out->children[i] = WEIR_NEW(r->arena, struct ArrowSchema);
        WEIR_TRY(read_field(ctx, r, weir_fb_vec_sub(v, i), depth + 1, out->children[i]));
    }
    return WEIR_OK;
}

static weir_rc read_dictionary_field(weir_ctx *ctx, weir_ipc_reader *r, weir_fbt enc,
                                     struct ArrowSchema *out) {
    struct ArrowSchema *values = WEIR_NEW(r->arena, struct ArrowSchema);
    weir_fbt index = weir_fb_sub(enc, 1);
    if (r->ndict >= MAX_DICTIONARIES) return bad(ctx, "too many dictionaries");
    if (r->ndict % 16 == 0) {
        dictionary *more = WEIR_NEWN(r->arena, dictionary, r->ndict + 16);
        if (r->ndict) memcpy(more, r->dict, sizeof *more * (size_t)r->ndict);
        r->dict = more;
    }
    *values = *out;
    *out = (struct ArrowSchema){.format = index.fb ? int_format(index) : "i",
                                .name = values->name,
                                .metadata = values->metadata,
                                .flags = values->flags,
                                .dictionary = values};
    r->dict[r->ndict++] = (dictionary){weir_fb_int(enc, 0, 8, 0), values, NULL};
    return strchr("cCsSiIlL", out->format[0]) ? WEIR_OK
                                              : bad(ctx, "dictionary indices that are no integers");
}

static weir_rc read_field(weir_ctx *ctx, weir_ipc_reader *r, weir_fbt t, int depth,
                          struct ArrowSchema *out) {
    if (!t.fb || depth > MAX_DEPTH) return bad(ctx, "a field that is missing or nested too deep");
    const char *name = weir_fb_str(r->arena, t, 0);
    int tag = (int)(weir_fb_int(t, 2, 1, 0) & 255);
    *out = (struct ArrowSchema){.format = format_of(r->arena, tag, weir_fb_sub(t, 3)),
                                .name = name ? name : "",
                                .metadata = metadata_of(r->arena, t),
                                .flags = weir_fb_int(t, 1, 1, 0) ? ARROW_FLAG_NULLABLE : 0};
    WEIR_TRY(read_fields(ctx, r, weir_fb_vec(t, 5, 4), depth, out));
    weir_fbt enc = weir_fb_sub(t, 4);
    return enc.fb ? read_dictionary_field(ctx, r, enc, out) : WEIR_OK;
}

static weir_rc read_schema(weir_ctx *ctx, weir_ipc_reader *r, weir_fbt header) {
    if (r->arrow) return bad(ctx, "a second schema");
    if (weir_fb_int(header, 0, 2, 0) != 0)
        return unsupported(ctx, "Arrow data in big-endian order");
    weir_ctx in = *ctx;
    in.arena = r->arena;
    struct ArrowSchema *top = WEIR_NEW(r->arena, struct ArrowSchema);
    WEIR_TRY(read_fields(ctx, r, weir_fb_vec(header, 1, 4), 0, top));
    top->format = "+s";
    top->name = "";
    if (header.fb->bad) return bad(ctx, "a damaged schema");
    weir_schema *own;
    WEIR_TRY(weir_schema_import(&in, top, &own));
    r->schema = r->expected ? r->expected : own;
    r->arrow = top;
    return WEIR_OK;
}

/* --- record batches
 * -------------------------------------------------------------------------------- */

typedef struct cursor {
    weir_ctx *ctx;
    weir_ipc_reader *r;
    weir_fbv node, buffer;
    uint32_t inode, ibuffer;
    const uint8_t *body;
    int64_t len;
} cursor;

/* The next buffer, which must hold at least need bytes; none at all is allowed if none are needed.
 */
static weir_rc next_buffer(cursor *c, int64_t need, const void **p, int64_t *len) {
    if (c->ibuffer >= c->buffer.n) return bad(c->ctx, "fewer buffers than the schema needs");
    int64_t off = weir_fb_vec_i64(c->buffer, 2 * (size_t)c->ibuffer);
    *len = weir_fb_vec_i64(c->buffer, 2 * (size_t)c->ibuffer + 1);
    c->ibuffer++;
    if (off < 0 || *len < 0 || off > c->len || *len > c->len - off)
        return bad(c->ctx, "a buffer outside its message");
    if (off % 8 && *len) return bad(c->ctx, "a buffer not aligned to 8 bytes");
    if (*len < need) return bad(c->ctx, "a buffer too short for its rows");
    *p = *len ? c->body + off : NULL;
    return WEIR_OK;
}

/* Bits of one value by its format; 0 = not of fixed width. */
static int value_bits(const char *f) {
    switch (f[0]) {
    case 'b': return 1;
    case 'c':
    case 'C': return 8;
    case 's':
    case 'S': return 16;
    case 'i':
    case 'I':
    case 'f': return 32;
    case 'l':
    case 'L':
    case 'g': return 64;
    case 'd': {
        const char *last = strrchr(f, ',');
        return strcmp(last, ",32") == 0    ? 32
               : strcmp(last, ",64") == 0  ? 64
               : strcmp(last, ",256") == 0 ? 256
                                           : 128;
    }
    case 't':
        if (f[1] == 'i') return f[2] == 'M' ? 32 : 128;
        if (f[1] == 'd') return f[2] == 'D' ? 32 : 64;
        return f[1] == 't' && (f[2] == 's' || f[2] == 'm') ? 32 : 64;
    default: return 0;
    }
}

static int64_t number(const char *p) {
    int64_t v = 0;
    for (; *p >= '0' && *p <= '9'; p++) v = v * 10 + (*p - '0');
    return v;
}

/* Offsets, and for strings the bytes they point into. The import checks that they rise. */
static weir_rc read_offsets(cursor *c, const char *f, struct ArrowArray *a) {
    bool large = f[0] == 'U' || f[0] == 'Z' || f[1] == 'L';
    int64_t width = large ? 8 : 4, len, end = 0;
    WEIR_TRY(next_buffer(c, a->length ? (a->length + 1) * width : 0, &a->buffers[1], &len));
    if (a->length && a->buffers[1])
        memcpy(&end, (const char *)a->buffers[1] + a->length * width, (size_t)width);
    if (!large) end = (int32_t)end;
    if (f[0] == '+') return WEIR_OK;
    WEIR_TRY(next_buffer(c, 0, &a->buffers[2], &len));
    return end < 0 || end > len ? bad(c->ctx, "strings beyond their bytes") : WEIR_OK;
}

static dictionary *find_dictionary(weir_ipc_reader *r, const struct ArrowSchema *values) {
    for (int i = 0; i < r->ndict; i++)
        if (r->dict[i].schema == values) return &r->dict[i];
    return NULL;
}

static weir_rc read_array(cursor *c, const struct ArrowSchema *s, struct ArrowArray *a);

static weir_rc read_kids(cursor *c, const struct ArrowSchema *s, struct ArrowArray *a) {
    a->n_children = s->n_children;
    a->children = WEIR_NEWN(c->ctx->arena, struct ArrowArray *, s->n_children ? s->n_children : 1);
    for (int64_t i = 0; i < s->n_children; i++) {
        a->children[i] = WEIR_NEW(c->ctx->arena, struct ArrowArray);
        WEIR_TRY(read_array(c, s->children[i], a->children[i]));
    }
    return WEIR_OK;
}

static weir_rc read_node(cursor *c, struct ArrowArray *a) {
    if (c->inode >= c->node.n) return bad(c->ctx, "fewer columns than the schema has");
    a->length = weir_fb_vec_i64(c->node, 2 * (size_t)c->inode);
    a->null_count = weir_fb_vec_i64(c->node, 2 * (size_t)c->inode + 1);
    c->inode++;
    if (a->length < 0 || a->length > INT32_MAX || a->null_count < 0 || a->null_count > a->length)
        return bad(c->ctx, "a column of a length that cannot be");
    /* A row costs at least a bit, save for void and struct: those are limited, lest a few bytes ask
     * for much. */
    if (a->length > FREE_ROWS && a->length > c->len * 8) return bad(c->ctx, "more rows than bytes");
    return WEIR_OK;
}

static weir_rc read_array(cursor *c, const struct ArrowSchema *s, struct ArrowArray *a) {
    const char *f = s->format;
    int64_t len;
    *a = (struct ArrowArray){0};
    WEIR_TRY(read_node(c, a));
    if (f[0] == 'n') return WEIR_OK;
    a->buffers = WEIR_NEWN(c->ctx->arena, const void *, 3);
    WEIR_TRY(next_buffer(c, a->null_count ? (a->length + 7) / 8 : 0, &a->buffers[0], &len));
    if (!a->null_count) a->buffers[0] = NULL;
    a->n_buffers = 1;
    if (strcmp(f, "+s") == 0) return read_kids(c, s, a);
    if (strncmp(f, "+w", 2) == 0) return read_kids(c, s, a);
    a->n_buffers = 2;
    if (f[0] == '+') {
        WEIR_TRY(read_offsets(c, f, a));
        return read_kids(c, s, a);
    }
    if (s->dictionary) {
        const dictionary *d = find_dictionary(c->r, s->dictionary);
        if (!d || !d->values) return bad(c->ctx, "a dictionary that was never sent");
        a->dictionary = d->values;
    }
    if (f[0] == 'w') return next_buffer(c, a->length * number(f + 2), &a->buffers[1], &len);
    int bits = value_bits(f);
    if (bits)
        return next_buffer(c, bits == 1 ? (a->length + 7) / 8 : a->length * (bits / 8),
                           &a->buffers[1], &len);
    a->n_buffers = 3;
    return read_offsets(c, f, a);
}

static weir_rc cursor_init(weir_ctx *ctx, weir_ipc_reader *r, weir_fbt t, const uint8_t *body,
                           int64_t len, cursor *c) {
    if (!t.fb) return bad(ctx, "a batch without its header");
    if (weir_fb_sub(t, 3).fb)
        return unsupported(ctx, "compressed Arrow batches; send them uncompressed");
    *c = (cursor){.ctx = ctx,
                  .r = r,
                  .node = weir_fb_vec(t, 1, 16),
                  .buffer = weir_fb_vec(t, 2, 16),
                  .body = body,
                  .len = len};
    return t.fb->bad ? bad(ctx, "a damaged batch header") : WEIR_OK;
}

static void body_release(struct ArrowArray *a) {
    weir_buf_unref(a->private_data);
    a->release = NULL;
}

static weir_rc read_batch(weir_ctx *ctx, weir_ipc_reader *r, weir_fbt header, weir_buf *body,
                          weir_batch *out) {
    cursor c;
    WEIR_TRY(cursor_init(ctx, r, header, body->p, body->len, &c));
    struct ArrowArray a = {.length = weir_fb_int(header, 0, 8, 0), .n_buffers = 1};
    const void *none[1] = {NULL};
    a.buffers = none;
    if (a.length < 0 || a.length > INT32_MAX || (a.length > FREE_ROWS && a.length > c.len * 8))
        return bad(ctx, "a batch of a length that cannot be");
    WEIR_TRY(read_kids(&c, r->arrow, &a));
    if (c.inode != c.node.n || c.ibuffer != c.buffer.n)
        return bad(ctx, "more columns than the schema has");
    for (int64_t i = 0; i < a.n_children; i++)
        if (a.children[i]->length != a.length) return bad(ctx, "columns of unequal length");
    weir_buf_ref(body);
    a.private_data = body;
    a.release = body_release;
    return weir_batch_import(ctx, r->schema, r->arrow, &a, out);
}

/* Values stay in the reader's arena: batches to come point at them. A later one replaces an
 * earlier. */
static weir_rc read_dictionary(weir_ctx *ctx, weir_ipc_reader *r, weir_fbt header, weir_buf *body) {
    cursor c;
    bool known = false;
    int64_t id = weir_fb_int(header, 0, 8, 0);
    if (weir_fb_int(header, 2, 1, 0))
        return unsupported(ctx, "Arrow delta dictionaries; send whole dictionaries");
    weir_ctx in = *ctx;
    in.arena = r->arena;
    weir_buf_keep(r->arena, body);
    for (int i = 0; i < r->ndict; i++) {
        if (r->dict[i].id != id) continue;
        known = true;
        WEIR_TRY(cursor_init(&in, r, weir_fb_sub(header, 1), body->p, body->len, &c));
        r->dict[i].values = NULL;
        struct ArrowArray *values = WEIR_NEW(r->arena, struct ArrowArray);
        WEIR_TRY(read_array(&c, r->dict[i].schema, values));
        r->dict[i].values = values;
    }
    return known ? WEIR_OK : bad(ctx, "a dictionary no field names");
}

/* --- messages
 * -------------------------------------------------------------------------------------- */

weir_ipc_reader *weir_ipc_reader_new(weir_ctx *ctx, weir_schema *expected) {
    weir_ipc_reader *r = WEIR_NEW(ctx->arena, weir_ipc_reader);
    *r = (weir_ipc_reader){.arena = ctx->arena, .expected = expected};
    return r;
}

weir_schema *weir_ipc_reader_schema(const weir_ipc_reader *r) { return r->schema; }

static weir_rc read_header(weir_ctx *ctx, weir_ipc_reader *r, weir_fbt message, const uint8_t *body,
                           int64_t len, weir_ipc_kind *kind, weir_batch *out) {
    int tag = (int)(weir_fb_int(message, 1, 1, 0) & 255);
    weir_fbt header = weir_fb_sub(message, 2);
    weir_buf *copy;
    if (weir_fb_int(message, 0, 2, 0) < 3)
        return unsupported(ctx, "Arrow metadata older than version 4");
    if (!header.fb) return bad(ctx, "a message without a header");
    if (tag == MESSAGE_SCHEMA) {
        *kind = WEIR_IPC_SCHEMA;
        return read_schema(ctx, r, header);
    }
    if (tag != MESSAGE_BATCH && tag != MESSAGE_DICTIONARY)
        return bad(ctx, "an unknown kind of message");
    if (!r->arrow) return bad(ctx, "data before the schema");
    weir_ctx in = *ctx;
    if (tag == MESSAGE_DICTIONARY) in.arena = r->arena;
    WEIR_TRY(weir_buf_new(&in, len, &copy));
    if (len) memcpy(copy->p, body, (size_t)len);
    *kind = tag == MESSAGE_BATCH ? WEIR_IPC_BATCH : WEIR_IPC_DICTIONARY;
    return tag == MESSAGE_BATCH ? read_batch(ctx, r, header, copy, out)
                                : read_dictionary(ctx, r, header, copy);
}

weir_rc weir_ipc_read_message(weir_ctx *ctx, weir_ipc_reader *r, const void *bytes, size_t len,
                              size_t *used, weir_ipc_kind *kind, weir_batch *out) {
    const uint8_t *p = bytes;
    uint32_t word, size;
    *kind = WEIR_IPC_MORE;
    *used = 0;
    if (len < 4) return WEIR_OK;
    memcpy(&word, p, 4);
    size_t head = word == 0xffffffffu ? 8 : 4; /* FORMAT: before 0.15 there was no marker */
    if (len < head) return WEIR_OK;
    memcpy(&size, p + head - 4, 4);
    if (size == 0) {
        *used = head;
        *kind = WEIR_IPC_END;
        return WEIR_OK;
    }
    if (size > MAX_META) return bad(ctx, "a message header above 256 MiB");
    if (len < head + size) {
        *used = head + size;
        return WEIR_OK;
    }
    weir_fb fb = {p + head, size, false, 0};
    weir_fbt message = weir_fb_root(&fb);
    int64_t body = weir_fb_int(message, 3, 8, 0);
    if (!message.fb || fb.bad || body < 0 || body > INT64_MAX / 2)
        return bad(ctx, "a damaged message header");
    *used = head + size + (size_t)body;
    if (len < *used) return WEIR_OK;
    weir_rc rc = read_header(ctx, r, message, p + head + size, body, kind, out);
    return rc == WEIR_OK && fb.bad ? bad(ctx, "a damaged message") : rc;
}

weir_rc weir_ipc_read_stream(weir_ctx *ctx, const void *bytes, size_t len, weir_schema *expected,
                             weir_schema **schema, weir_batch **out, int *n) {
    weir_ipc_reader *r = weir_ipc_reader_new(ctx, expected);
    weir_ipc_kind kind = WEIR_IPC_MORE;
    weir_batch *list = NULL;
    int count = 0;
    for (size_t at = 0, used; at < len && kind != WEIR_IPC_END; at += used) {
        weir_batch b;
        WEIR_TRY(
            weir_ipc_read_message(ctx, r, (const uint8_t *)bytes + at, len - at, &used, &kind, &b));
        if (kind == WEIR_IPC_MORE) return bad(ctx, "it ends in the middle of a message");
        if (kind != WEIR_IPC_BATCH) continue;
        if (count >= MAX_BATCHES) return bad(ctx, "more than a million batches");
        if ((count & (count - 1)) == 0) {
            weir_batch *more = WEIR_NEWN(ctx->arena, weir_batch, count ? count * 2 : 1);
            if (count) memcpy(more, list, sizeof *more * (size_t)count);
            list = more;
        }
        list[count++] = b;
    }
    if (!r->schema) return bad(ctx, "no schema");
    if (schema) *schema = r->schema;
    *out = list;
    *n = count;
    return WEIR_OK;
}
