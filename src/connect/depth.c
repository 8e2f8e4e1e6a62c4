/* A look at protobuf bytes before they are decoded: how deep they nest, how many pieces they are,
 * how much memory they become. The decoder is recursive and allocates per piece; this is neither.
 * Called for every request, on its handler's thread. */
#include "connect/connect.h"

/* A message that has not ended. seen: its singular message fields that were there, by number. */
typedef struct level {
    const uint8_t *end;
    const ProtobufCMessageDescriptor *d;
    uint64_t seen[2];
} level;

/* What the decoder allocates for a field beside its value: its ScannedMember (these
 * are in slabs that double), a pointer in a list, what an allocation is rounded up to. */
enum { PIECE_BYTES = 80 };

static bool varint(const uint8_t **p, const uint8_t *end, uint64_t *v) {
    *v = 0;
    for (int shift = 0; shift < 70 && *p < end; shift += 7) {
        uint8_t b = *(*p)++;
        if (shift < 64) *v |= (uint64_t)(b & 127) << shift;
        if (!(b & 128)) return true;
    }
    return false;
}

static weir_rc malformed(weir_ctx *ctx, const ProtobufCMessageDescriptor *d) {
    return weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                     weir_printf(ctx->arena,
                                 "The request is not a well-formed protobuf message (%s).",
                                 d->name));
}

static weir_rc too_big(weir_ctx *ctx, int64_t most) {
    return weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                     weir_printf(ctx->arena,
                                 "The request takes more than %lld MiB when it is decoded, half "
                                 "of spark.weir.connect.memory. Pass data by createDataFrame "
                                 "instead of literals, write an intermediate table, or start the "
                                 "server with more.",
                                 (long long)(most >> 20)));
}

/* The decoder merges a message that a singular field has twice with the one before, list by list:
 * n of them take n * n / 2. No client writes so. */
static weir_rc once(weir_ctx *ctx, level *top, const ProtobufCFieldDescriptor *f) {
    size_t k = (size_t)(f - top->d->fields);
    if (f->label == PROTOBUF_C_LABEL_REPEATED) return WEIR_OK;
    if (k < 128 && !(top->seen[k / 64] >> k % 64 & 1)) {
        top->seen[k / 64] |= UINT64_C(1) << k % 64;
        return WEIR_OK;
    }
    return weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                     weir_printf(ctx->arena,
                                 "The request repeats the field %s of %s, which has one value.",
                                 f->name, top->d->name));
}

/* An upper bound of what the values of a packed field become. */
static int64_t value_bytes(const ProtobufCFieldDescriptor *f, int64_t wire_bytes) {
    bool list = f && f->label == PROTOBUF_C_LABEL_REPEATED &&
                f->type != PROTOBUF_C_TYPE_STRING && f->type != PROTOBUF_C_TYPE_BYTES;
    return list ? wire_bytes * (int64_t)sizeof(int64_t) : wire_bytes;
}

/* One field of a message. sub: where a message starts that must be looked into, or NULL. */
typedef struct piece {
    const ProtobufCFieldDescriptor *f; /* NULL: unknown */
    const uint8_t *sub;
    int64_t bytes; /* of the value, decoded */
} piece;

/* Steps over a field's value. */
static bool step(const uint8_t **p, const level *top, uint64_t tag, piece *out) {
    uint64_t v;
    size_t left = (size_t)(top->end - *p);
    *out = (piece){0};
    switch (tag & 7) {
    case 0: return varint(p, top->end, &v);
    case 1: return left >= 8 ? (*p += 8, true) : false;
    case 5: return left >= 4 ? (*p += 4, true) : false;
    case 2: {
        if (!varint(p, top->end, &v) || v > (uint64_t)(top->end - *p)) return false;
        if (tag >> 3 <= UINT32_MAX)
            out->f = protobuf_c_message_descriptor_get_field(top->d, (unsigned)(tag >> 3));
        if (out->f && out->f->type == PROTOBUF_C_TYPE_MESSAGE) {
            const ProtobufCMessageDescriptor *d = out->f->descriptor;
            out->sub = *p + v;
            out->bytes = (int64_t)d->sizeof_message;
        } else {
            *p += v;
            out->bytes = value_bytes(out->f, (int64_t)v);
        }
        return true;
    }
    default: return false; /* groups are not used */
    }
}

weir_rc weir_pb_check(weir_ctx *ctx, const ProtobufCMessageDescriptor *d, const uint8_t *p,
                      size_t n) {
    level stack[WEIR_PB_DEPTH];
    int64_t most = weir_conf_bytes(ctx->conf, "spark.weir.connect.memory") / 2, bytes = 0;
    int depth = 0;
    stack[0] = (level){p + n, d, {0}};
    for (;;) {
        while (depth >= 0 && p == stack[depth].end) depth--;
        if (depth < 0) return WEIR_OK;
        uint64_t tag;
        piece x;
        if (!varint(&p, stack[depth].end, &tag) || tag >> 3 == 0 ||
            !step(&p, &stack[depth], tag, &x))
            return malformed(ctx, stack[depth].d);
        bytes += PIECE_BYTES + x.bytes;
        if (bytes > most) return too_big(ctx, most);
        if (!x.sub) continue;
        WEIR_TRY(once(ctx, &stack[depth], x.f));
        if (depth + 1 == WEIR_PB_DEPTH)
            return weir_fail(ctx, WEIR_E_PROTOCOL_DEPTH, "limit",
                             weir_printf(ctx->arena, "%d", WEIR_PB_DEPTH));
        stack[++depth] = (level){x.sub, x.f->descriptor, {0}};
    }
}

static void *arena_alloc(void *arena, size_t n) { return weir_alloc(arena, n); }
static void arena_free(void *arena, void *p) {
    (void)arena;
    (void)p;
}

weir_rc weir_pb_unpack(weir_ctx *ctx, const ProtobufCMessageDescriptor *d, const uint8_t *p,
                       size_t n, void *out) {
    ProtobufCAllocator a = {arena_alloc, arena_free, ctx->arena};
    WEIR_TRY(weir_pb_check(ctx, d, p, n));
    void *m = protobuf_c_message_unpack(d, &a, n, p);
    if (!m) return malformed(ctx, d);
    memcpy(out, &m, sizeof m);
    return WEIR_OK;
}
