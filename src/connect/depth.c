/* A look at protobuf bytes before they are decoded: how deep they nest, how many pieces they are.
 * The decoder is recursive and allocates per piece; this is neither. Called for every request, on
 * its handler's thread. */
#include "connect/connect.h"

typedef struct level {
    const uint8_t *end;
    const ProtobufCMessageDescriptor *d;
} level;

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

static weir_rc too_big(weir_ctx *ctx) {
    return weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                     weir_printf(ctx->arena,
                                 "The plan has more than %d messages or %d fields. Write an "
                                 "intermediate table, or pass data "
                                 "by createDataFrame instead of literals.",
                                 WEIR_PB_MAX_MESSAGES, WEIR_PB_MAX_FIELDS));
}

/* Steps over a field's value. *sub: where a message starts that must be looked into. */
static bool step(const uint8_t **p, const level *top, uint64_t tag, const uint8_t **sub,
                 const ProtobufCMessageDescriptor **sub_d) {
    uint64_t v;
    size_t left = (size_t)(top->end - *p);
    *sub = NULL;
    switch (tag & 7) {
    case 0: return varint(p, top->end, &v);
    case 1: return left >= 8 ? (*p += 8, true) : false;
    case 5: return left >= 4 ? (*p += 4, true) : false;
    case 2: {
        if (!varint(p, top->end, &v) || v > (uint64_t)(top->end - *p)) return false;
        const ProtobufCFieldDescriptor *f =
            tag >> 3 > UINT32_MAX
                ? NULL
                : protobuf_c_message_descriptor_get_field(top->d, (unsigned)(tag >> 3));
        if (f && f->type == PROTOBUF_C_TYPE_MESSAGE) {
            *sub = *p + v;
            *sub_d = f->descriptor;
        } else {
            *p += v;
        }
        return true;
    }
    default: return false; /* groups are not used */
    }
}

weir_rc weir_pb_check(weir_ctx *ctx, const ProtobufCMessageDescriptor *d, const uint8_t *p,
                      size_t n) {
    level stack[WEIR_PB_DEPTH];
    int64_t messages = 0, fields = 0;
    int depth = 0;
    stack[0] = (level){p + n, d};
    for (;;) {
        while (depth >= 0 && p == stack[depth].end) depth--;
        if (depth < 0) return WEIR_OK;
        uint64_t tag;
        const uint8_t *sub;
        const ProtobufCMessageDescriptor *sub_d = NULL;
        if (!varint(&p, stack[depth].end, &tag) || tag >> 3 == 0 ||
            !step(&p, &stack[depth], tag, &sub, &sub_d))
            return malformed(ctx, stack[depth].d);
        if (++fields > WEIR_PB_MAX_FIELDS) return too_big(ctx);
        if (!sub) continue;
        if (++messages > WEIR_PB_MAX_MESSAGES) return too_big(ctx);
        if (depth + 1 == WEIR_PB_DEPTH)
            return weir_fail(ctx, WEIR_E_PROTOCOL_DEPTH, "limit",
                             weir_printf(ctx->arena, "%d", WEIR_PB_DEPTH));
        stack[++depth] = (level){sub, sub_d};
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
