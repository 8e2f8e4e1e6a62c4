/* Owns the writing of Arrow IPC streams. Called by Spark Connect replies and Python workers, thread
 * of ctx. Batches are exported through the C data interface first: one place knows how a column
 * becomes Arrow. */
#include "codec/arrow_ipc.h"
#include "codec/flatbuf.h"
#include "col/arrow_c.h"

enum { MESSAGE_SCHEMA = 1, MESSAGE_BATCH = 3, VERSION_5 = 4 };
enum {
    T_NULL = 1,
    T_INT = 2,
    T_FLOAT = 3,
    T_BINARY = 4,
    T_UTF8 = 5,
    T_BOOL = 6,
    T_DECIMAL = 7,
    T_DATE = 8,
    T_TIME = 9,
    T_TIMESTAMP = 10,
    T_INTERVAL = 11,
    T_LIST = 12,
    T_STRUCT = 13,
    T_MAP = 17,
    T_DURATION = 18
};

typedef struct type_row {
    uint8_t tag;
    uint8_t n;
    weir_fbslot slot[3];
} type_row;

/* FORMAT Schema.fbs: the type tables and their slots. */
static type_row type_of(const weir_type *t) {
    switch (t->kind) {
    case WEIR_T_VOID: return (type_row){T_NULL, 0, {{0, 0}}};
    case WEIR_T_BOOLEAN: return (type_row){T_BOOL, 0, {{0, 0}}};
    case WEIR_T_BYTE: return (type_row){T_INT, 2, {{4, 8}, {1, 1}}};
    case WEIR_T_SHORT: return (type_row){T_INT, 2, {{4, 16}, {1, 1}}};
    case WEIR_T_INT: return (type_row){T_INT, 2, {{4, 32}, {1, 1}}};
    case WEIR_T_LONG: return (type_row){T_INT, 2, {{4, 64}, {1, 1}}};
    case WEIR_T_FLOAT: return (type_row){T_FLOAT, 1, {{2, 1}}};
    case WEIR_T_DOUBLE: return (type_row){T_FLOAT, 1, {{2, 2}}};
    case WEIR_T_DECIMAL:
        return (type_row){T_DECIMAL, 3, {{4, t->precision}, {4, t->scale}, {4, 128}}};
    case WEIR_T_STRING: return (type_row){T_UTF8, 0, {{0, 0}}};
    case WEIR_T_BINARY: return (type_row){T_BINARY, 0, {{0, 0}}};
    case WEIR_T_DATE: return (type_row){T_DATE, 1, {{2, 0}}};
    case WEIR_T_TIMESTAMP: return (type_row){T_TIMESTAMP, 2, {{2, 2}, {4, 0}}};
    case WEIR_T_TIMESTAMP_NTZ: return (type_row){T_TIMESTAMP, 1, {{2, 2}}};
    case WEIR_T_TIME: return (type_row){T_TIME, 2, {{2, 3}, {4, 64}}};
    case WEIR_T_INTERVAL_YM: return (type_row){T_INTERVAL, 1, {{2, 0}}};
    case WEIR_T_INTERVAL_DT: return (type_row){T_DURATION, 1, {{2, 2}}};
    case WEIR_T_INTERVAL: return (type_row){T_INTERVAL, 1, {{2, 2}}};
    case WEIR_T_ARRAY: return (type_row){T_LIST, 0, {{0, 0}}};
    case WEIR_T_MAP: return (type_row){T_MAP, 1, {{1, 0}}};
    case WEIR_T_VARIANT:
    case WEIR_T_STRUCT: return (type_row){T_STRUCT, 0, {{0, 0}}};
    case WEIR_T_COUNT: break;
    }
    return (type_row){0, 0, {{0, 0}}};
}

/* SPARK ArrowUtils.toArrowField: a variant's metadata says by its own that it is one. */
static const weir_field variant_fields[] = {{"value", &weir_t_binary, false, NULL},
                                            {"metadata", &weir_t_binary, false, NULL}};

/* Fields as Arrow has them. */
static int fields_of(const weir_type *t, const weir_field **out) {
    bool variant = t->kind == WEIR_T_VARIANT;
    *out = variant ? variant_fields : t->field;
    return variant ? 2 : t->nfield;
}

static void put_type(weir_fbw *w, const weir_type *t, const char *tz, size_t from) {
    type_row r = type_of(t);
    size_t at[3];
    weir_fbw_point(w, from, weir_fbw_table(w, r.slot, r.n, at));
    if (t->kind == WEIR_T_TIMESTAMP) weir_fbw_point(w, at[1], weir_fbw_string(w, tz, strlen(tz)));
}

static void put_metadata(weir_fbw *w, const char *key, const char *text, size_t from) {
    size_t v = weir_fbw_vector(w, 1, 4), at[2];
    weir_fbw_point(w, from, v);
    weir_fbw_point(w, v + 4, weir_fbw_table(w, (weir_fbslot[]){{4, 0}, {4, 0}}, 2, at));
    weir_fbw_point(w, at[0], weir_fbw_string(w, key, strlen(key)));
    weir_fbw_point(w, at[1], weir_fbw_string(w, text, strlen(text)));
}

static void put_field(weir_fbw *w, const weir_field *f, const char *tz, size_t from) {
    bool mark = f == &variant_fields[1], map = f->type->kind == WEIR_T_MAP,
         meta = mark || (f->metadata && strcmp(f->metadata, "{}") != 0);
    weir_fbslot slot[] = {{4, 0}, {1, f->nullable}, {1, type_of(f->type).tag}, {4, 0},
                          {0, 0}, {4, 0},           {meta ? 4 : 0, 0}};
    size_t at[7];
    weir_fbw_point(w, from, weir_fbw_table(w, slot, 7, at));
    weir_fbw_point(w, at[0], weir_fbw_string(w, f->name, strlen(f->name)));
    put_type(w, f->type, tz, at[3]);
    if (meta) /* SPARK ArrowUtils.metadataKey */
        put_metadata(w, mark ? "variant" : "SPARK::metadata::json", mark ? "true" : f->metadata,
                     at[6]);
    const weir_type entries = {.kind = WEIR_T_STRUCT, .nfield = 2, .field = f->type->field};
    const weir_field inner = {"entries", &entries, false, NULL},
                     *kid = &inner;
    int n = map ? 1 : fields_of(f->type, &kid);
    size_t v = weir_fbw_vector(w, (size_t)n, 4);
    weir_fbw_point(w, at[5], v);
    for (int i = 0; i < n; i++) put_field(w, &kid[i], tz, v + 4 + 4 * (size_t)i);
}

/* The message table; *header = where the offset of the header goes, *body where the body's length
 * does. */
static void put_message(weir_fbw *w, int tag, size_t *header, size_t *body) {
    size_t at[4], root = w->out->len - w->base;
    weir_str_add(w->out, "\0\0\0\0", 4);
    weir_fbw_point(
        w, root,
        weir_fbw_table(w, (weir_fbslot[]){{2, VERSION_5}, {1, tag}, {4, 0}, {8, 0}}, 4, at));
    *header = at[2];
    *body = at[3];
}

/* FORMAT "Encapsulated message format": marker, length of what follows up to the body, padded to 8.
 */
static void message_begin(weir_str *out, weir_fbw *w) {
    weir_str_add(out, "\xff\xff\xff\xff\0\0\0\0", 8);
    *w = (weir_fbw){out, out->len};
}

static void message_end(weir_fbw *w) {
    size_t over = (w->out->len - w->base) % 8;
    if (over) weir_str_add(w->out, "\0\0\0\0\0\0\0", 8 - over);
    int32_t len = (int32_t)(w->out->len - w->base);
    if (!w->out->failed) memcpy(w->out->p + w->base - 4, &len, 4);
}

static weir_rc out_state(weir_ctx *ctx, const weir_str *out) {
    if (!out->failed) return WEIR_OK;
    return weir_fail(ctx, WEIR_E_OUT_OF_MEMORY, "requestedBytes",
                     weir_printf(ctx->arena, "more than %zu", out->max), "receivedBytes",
                     weir_printf(ctx->arena, "%zu", out->len));
}

weir_rc weir_ipc_write_schema(weir_ctx *ctx, weir_schema *s, const char *tz, weir_str *out) {
    weir_fbw w;
    size_t header, body, at[2];
    message_begin(out, &w);
    put_message(&w, MESSAGE_SCHEMA, &header, &body);
    weir_fbw_point(&w, header, weir_fbw_table(&w, (weir_fbslot[]){{2, 0}, {4, 0}}, 2, at));
    size_t v = weir_fbw_vector(&w, (size_t)s->nfield, 4);
    weir_fbw_point(&w, at[1], v);
    for (int i = 0; i < s->nfield; i++)
        put_field(&w, &s->field[i], tz && *tz ? tz : "UTC", v + 4 + 4 * (size_t)i);
    message_end(&w);
    return out_state(ctx, out);
}

typedef struct body {
    weir_fbw w;
    size_t start, node, buffer;
} body;

static void count(const weir_type *t, size_t *nodes, size_t *buffers) {
    weir_kind k = t->kind;
    const weir_field *f;
    *nodes += k == WEIR_T_MAP ? 2 : 1;
    *buffers += k == WEIR_T_VOID                           ? 0
                : k == WEIR_T_STRUCT || k == WEIR_T_VARIANT ? 1
                : k == WEIR_T_MAP                          ? 3
                : k == WEIR_T_STRING || k == WEIR_T_BINARY ? 3
                                                           : 2;
    for (int i = 0, n = fields_of(t, &f); i < n; i++) count(f[i].type, nodes, buffers);
}

static void put_node(body *b, int64_t len, int64_t nulls) {
    weir_fbw_set64(&b->w, b->node, len);
    weir_fbw_set64(&b->w, b->node + 8, nulls);
    b->node += 16;
}

/* Room for n bytes of body, entered in the list of buffers; NULL once out is full. */
static uint8_t *put_buffer(body *b, int64_t n) {
    weir_str *out = b->w.out;
    static const char zero[4096];
    size_t at = out->len;
    weir_fbw_set64(&b->w, b->buffer, (int64_t)(at - b->start));
    weir_fbw_set64(&b->w, b->buffer + 8, n);
    b->buffer += 16;
    for (size_t left = ((size_t)n + 7) / 8 * 8, step; left && !out->failed; left -= step) {
        step = left < sizeof zero ? left : sizeof zero;
        weir_str_add(out, zero, step);
    }
    return out->failed ? NULL : (uint8_t *)out->p + at;
}

static void copy_buffer(body *b, const void *p, int64_t n) {
    weir_str *out = b->w.out;
    size_t at = out->len;
    static const char zero[8];
    weir_fbw_set64(&b->w, b->buffer, (int64_t)(at - b->start));
    weir_fbw_set64(&b->w, b->buffer + 8, n);
    b->buffer += 16;
    if (n) weir_str_add(out, p, (size_t)n);
    weir_str_add(out, zero, (size_t)(-n & 7));
}

static void bits_buffer(body *b, const void *bits, int64_t from, int64_t n) {
    uint8_t *to = put_buffer(b, bits ? (n + 7) / 8 : 0);
    if (to && bits) weir_bits_copy(to, 0, bits, from, n);
}

static int64_t count_nulls(const uint8_t *bits, int64_t from, int64_t n) {
    int64_t nulls = 0;
    for (int64_t i = from; bits && i < from + n; i++) nulls += !weir_bit(bits, i);
    return nulls;
}

/* Offsets from 0; the span they cover in *first, *len. */
static void offsets_buffer(body *b, const int32_t *o, int64_t n, int64_t *first, int64_t *len) {
    *first = o && n ? o[0] : 0;
    *len = o && n ? o[n] - o[0] : 0;
    int32_t *to = (int32_t *)(void *)put_buffer(b, (n + 1) * 4);
    for (int64_t i = 0; to && n && i <= n; i++) {
        int32_t v = o[i] - (int32_t)*first;
        memcpy(&to[i], &v, 4);
    }
}

/* n rows from stored row from (the array's own offset included). */
static void put_array(body *b, const weir_type *t, const struct ArrowArray *a, int64_t from,
                      int64_t n) {
    if (t->kind == WEIR_T_VOID) {
        put_node(b, n, n);
        return;
    }
    int64_t nulls = count_nulls(a->buffers[0], from, n), first, len, width = weir_type_width(t);
    put_node(b, n, nulls);
    bits_buffer(b, nulls ? a->buffers[0] : NULL, from, n);
    if (t->kind == WEIR_T_STRUCT || t->kind == WEIR_T_VARIANT) {
        const weir_field *f;
        for (int i = 0, nf = fields_of(t, &f); i < nf; i++)
            put_array(b, f[i].type, a->children[i], a->children[i]->offset + from, n);
    } else if (t->kind == WEIR_T_BOOLEAN) {
        bits_buffer(b, a->buffers[1], from, n);
    } else if (width) {
        copy_buffer(b, n ? (const uint8_t *)a->buffers[1] + from * width : NULL, n * width);
    } else {
        const int32_t *o = a->buffers[1] ? (const int32_t *)a->buffers[1] + from : NULL;
        offsets_buffer(b, o, n, &first, &len);
        const struct ArrowArray *kid = a->n_children ? a->children[0] : NULL;
        if (!kid) {
            copy_buffer(b, len ? (const uint8_t *)a->buffers[2] + first : NULL, len);
        } else if (t->kind == WEIR_T_ARRAY) {
            put_array(b, t->field[0].type, kid, kid->offset + first, len);
        } else {
            const weir_type entries = {.kind = WEIR_T_STRUCT, .nfield = 2, .field = t->field};
            put_array(b, &entries, kid, kid->offset + first, len);
        }
    }
}

static void put_batch(const weir_batch *batch, const struct ArrowArray *a, weir_str *out) {
    body b;
    size_t header, len_at, at[3], nodes = 0, buffers = 0;
    message_begin(out, &b.w);
    put_message(&b.w, MESSAGE_BATCH, &header, &len_at);
    count(batch->schema, &nodes, &buffers);
    weir_fbslot slot[] = {{8, batch->len}, {4, 0}, {4, 0}};
    weir_fbw_point(&b.w, header, weir_fbw_table(&b.w, slot, 3, at));
    b.node = weir_fbw_vector(&b.w, nodes - 1, 16); /* the batch itself is no node */
    weir_fbw_point(&b.w, at[1], b.node);
    b.buffer = weir_fbw_vector(&b.w, buffers - 1, 16);
    weir_fbw_point(&b.w, at[2], b.buffer);
    b.node += 4;
    b.buffer += 4;
    message_end(&b.w);
    b.start = out->len;
    for (int i = 0; i < batch->schema->nfield; i++)
        put_array(&b, batch->schema->field[i].type, a->children[i], a->children[i]->offset,
                  batch->len);
    weir_fbw_set64(&b.w, len_at, (int64_t)(out->len - b.start));
}

weir_rc weir_ipc_write_batch(weir_ctx *ctx, const weir_batch *batch, weir_str *out) {
    struct ArrowArray a;
    weir_batch valid; /* FORMAT Utf8: readers may fail at other bytes, as Python does */
    WEIR_TRY(weir_batch_utf8(ctx, batch, &valid));
    WEIR_TRY(weir_batch_export(ctx, &valid, &a));
    put_batch(batch, &a, out);
    a.release(&a);
    return out_state(ctx, out);
}

weir_rc weir_ipc_write_end(weir_ctx *ctx, weir_str *out) {
    weir_str_add(out, "\xff\xff\xff\xff\0\0\0\0", 8);
    return out_state(ctx, out);
}

weir_rc weir_ipc_write_stream(weir_ctx *ctx, weir_schema *s, const char *tz,
                              const weir_batch *batches, int n, weir_str *out) {
    WEIR_TRY(weir_ipc_write_schema(ctx, s, tz, out));
    for (int i = 0; i < n; i++) WEIR_TRY(weir_ipc_write_batch(ctx, &batches[i], out));
    return weir_ipc_write_end(ctx, out);
}
