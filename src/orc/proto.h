/* Reading protobuf messages field by field, for ORC's footers. FORMAT: protobuf, "Encoding". Bytes
 * are not trusted. No state; any thread. */
#ifndef WEIR_ORC_PROTO_H
#define WEIR_ORC_PROTO_H
#include <stdbool.h>
#include <stdint.h>

typedef struct weir_proto {
    const uint8_t *p, *end;
    bool bad; /* the message is malformed */
} weir_proto;

typedef struct weir_proto_field {
    uint32_t id;
    uint64_t value;   /* a number, or of 1 bit what a flag is */
    weir_proto bytes; /* a text, a message, packed numbers; else empty */
} weir_proto_field;

static inline uint64_t weir_proto_varint(weir_proto *m) {
    uint64_t v = 0;
    for (int shift = 0; shift < 70 && m->p < m->end; shift += 7) {
        uint8_t b = *m->p++;
        if (shift < 64) v |= (uint64_t)(b & 127) << shift;
        if (b < 128) return v;
    }
    m->bad = true;
    return 0;
}

/* The next field; false at the end, and where the message is malformed. */
static inline bool weir_proto_next(weir_proto *m, weir_proto_field *f) {
    static const uint8_t none[1];
    if (m->bad || m->p >= m->end) return false;
    uint64_t key = weir_proto_varint(m), skip = 0;
    *f = (weir_proto_field){.id = (uint32_t)(key >> 3), .bytes = {none, none, false}};
    if ((key & 7) == 0)
        f->value = weir_proto_varint(m);
    else if ((key & 7) == 2)
        skip = weir_proto_varint(m);
    else if ((key & 7) == 1)
        skip = 8;
    else if ((key & 7) == 5)
        skip = 4;
    else
        m->bad = true;
    if (m->bad || skip > (uint64_t)(m->end - m->p)) {
        m->bad = true;
        return false;
    }
    if ((key & 7) == 2) f->bytes = (weir_proto){m->p, m->p + skip, false};
    m->p += skip;
    return true;
}

/* A number of a repeated field: one by itself, or those that are packed. Call until false. */
static inline bool weir_proto_number(weir_proto_field *f, uint64_t *out, bool *taken) {
    bool packed = f->bytes.p < f->bytes.end;
    if (!packed && *taken) return false;
    *taken = true;
    if (packed) {
        *out = weir_proto_varint(&f->bytes);
        return !f->bytes.bad;
    }
    *out = f->value;
    return true;
}
#endif
