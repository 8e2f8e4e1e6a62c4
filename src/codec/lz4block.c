/* The block container of lz4-java. Called by the table of state codecs; any thread. */
#include "codec/lz4block.h"

#include "codec/state_codec.h"

#include <lz4.h>
#include <string.h>
#include <xxhash.h>

enum {
    HEAD = 21,
    RAW = 0x10,
    LZ4 = 0x20,
    LEVEL = 5, /* blocks of 1 << (10 + 5), Spark's default */
    BLOCK = 1 << 15
};
static const uint32_t seed = 0x9747b28c, sum_mask = 0x0fffffff;

typedef struct head {
    uint8_t method;
    uint32_t packed, plain, sum;
} head;

static uint32_t get32(const uint8_t *p) {
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void put32(uint8_t *p, uint32_t v) {
    for (int i = 0; i < 4; i++) p[i] = (uint8_t)(v >> 8 * i);
}

/* One header and the presence of what follows it. NULL: good. */
static const char *head_read(const uint8_t *p, size_t n, head *h) {
    if (n < HEAD) return "it ends inside the header of a block";
    if (memcmp(p, "LZ4Block", 8) != 0) return "a block does not start with LZ4Block";
    uint32_t size = 1u << (10 + (p[8] & 15));
    *h = (head){p[8] & 0xf0, get32(p + 9), get32(p + 13), get32(p + 17)};
    if (h->method != RAW && h->method != LZ4) return "a block has an unknown method";
    if (h->plain > size || h->packed > INT32_MAX) return "a block is larger than its header allows";
    if (h->method == RAW && h->packed != h->plain) return "a stored block has two lengths";
    if (h->method == LZ4 && h->plain > (uint64_t)h->packed * 255 + 16)
        return "a block claims more bytes than it can hold";
    if (h->plain == 0 && (h->packed != 0 || h->sum != 0)) return "an end block is not empty";
    if (h->packed > n - HEAD) return "it ends inside a block";
    return NULL;
}

weir_rc weir_lz4block_decode(weir_ctx *ctx, const uint8_t *p, size_t n, uint8_t **out, size_t *len,
                             const char **why) {
    head h;
    weir_buf *b = NULL;
    int64_t total = 0;
    for (size_t at = 0; at < n; at += HEAD + h.packed) {
        if ((*why = head_read(p + at, n - at, &h)) != NULL) return WEIR_OK;
        total += h.plain;
    }
    WEIR_TRY(weir_buf_new(ctx, total, &b));
    *why = NULL;
    *len = (size_t)total;
    *out = b->p;
    for (size_t at = 0, done = 0; at < n; at += HEAD + h.packed, done += h.plain) {
        (void)head_read(p + at, n - at, &h);
        const uint8_t *body = p + at + HEAD;
        if (h.plain == 0) continue;
        if (h.method == RAW) {
            memcpy(b->p + done, body, h.plain);
        } else if (LZ4_decompress_safe((const char *)body, (char *)b->p + done, (int)h.packed,
                                       (int)h.plain) != (int)h.plain) {
            *why = "Stream is corrupted: a block does not unpack";
            return WEIR_OK;
        }
        if ((XXH32(b->p + done, h.plain, seed) & sum_mask) != h.sum) {
            *why = "Stream is corrupted: the checksum of a block does not match";
            return WEIR_OK;
        }
    }
    return WEIR_OK;
}

void weir_lz4block_encode(const uint8_t *p, size_t n, unsigned which, weir_str *out) {
    uint8_t block[HEAD + LZ4_COMPRESSBOUND(BLOCK)] = "LZ4Block";
    for (size_t at = 0, m; at < n; at += m) {
        m = n - at < BLOCK ? n - at : BLOCK;
        const char *from = (const char *)p + at;
        int packed =
            LZ4_compress_default(from, (char *)block + HEAD, (int)m, (int)sizeof block - HEAD);
        bool raw = packed <= 0 || (size_t)packed >= m;
        if (raw) memcpy(block + HEAD, from, m);
        size_t body = raw ? m : (size_t)packed;
        block[8] = (uint8_t)((raw ? RAW : LZ4) | LEVEL);
        put32(block + 9, (uint32_t)body);
        put32(block + 13, (uint32_t)m);
        put32(block + 17, XXH32(from, m, seed) & sum_mask);
        weir_str_add(out, block, HEAD + body);
    }
    if (!(which & WEIR_LAST_PIECE)) return;
    block[8] = RAW | LEVEL;
    memset(block + 9, 0, 12);
    weir_str_add(out, block, HEAD);
}
