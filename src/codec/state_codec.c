/* The containers Spark can put around state files: LZ4 blocks, zstd, snappy-java's stream and LZF
 * chunks. Called by state/; any thread. */
#include "codec/state_codec.h"

#include "codec/lz4block.h"

#include <snappy-c.h>
#include <string.h>
#include <strings.h>
#include <zstd.h>

enum { BLOCK = WEIR_PIECE, SNAPPY_HEAD = 16, LZF_MAX = 65535 };

static uint32_t be32(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static weir_rc bad(const char **why, const char *text) {
    *why = text;
    return WEIR_OK;
}

/* ---- zstd: frames, one after the other ---- */

static weir_rc zstd_run(weir_ctx *ctx, ZSTD_DStream *z, const uint8_t *p, size_t n, size_t first,
                        uint8_t **out, size_t *len, const char **why) {
    weir_buf *b = NULL;
    ZSTD_inBuffer in = {p, n, 0};
    size_t cap = first, done = 0, left = 0;
    WEIR_TRY(weir_buf_new(ctx, (int64_t)cap, &b));
    while (in.pos < in.size || done == cap) {
        if (done == cap) WEIR_TRY(weir_buf_double(ctx, &b, done, &cap));
        ZSTD_outBuffer o = {b->p, cap, done};
        size_t before = in.pos;
        left = ZSTD_decompressStream(z, &o, &in);
        if (ZSTD_isError(left)) return bad(why, ZSTD_getErrorName(left));
        if (o.pos == done && in.pos == before) break;
        done = o.pos;
    }
    if (left != 0) return bad(why, "it ends inside a zstd frame");
    *out = b->p;
    *len = done;
    return WEIR_OK;
}

static weir_rc zstd_decode(weir_ctx *ctx, const uint8_t *p, size_t n, uint8_t **out, size_t *len,
                           const char **why) {
    unsigned long long said = ZSTD_getFrameContentSize(p, n);
    size_t first = BLOCK;
    *why = NULL;
    if (said < (unsigned long long)n * 256) first = (size_t)said + 64;
    ZSTD_DStream *z = ZSTD_createDStream();
    weir_assert(z);
    weir_rc rc = zstd_run(ctx, z, p, n, first, out, len, why);
    ZSTD_freeDStream(z);
    return rc;
}

static void zstd_encode(const uint8_t *p, size_t n, unsigned which, weir_str *out) {
    ZSTD_CStream *z = ZSTD_createCStream();
    uint8_t piece[BLOCK];
    ZSTD_inBuffer in = {p, n, 0};
    weir_assert(z && which == WEIR_ALL_PIECES);
    (void)ZSTD_CCtx_setParameter(z, ZSTD_c_compressionLevel, 1);
    (void)ZSTD_CCtx_setPledgedSrcSize(z, n);
    for (size_t left = 1; left != 0;) {
        ZSTD_outBuffer o = {piece, sizeof piece, 0};
        left = ZSTD_compressStream2(z, &o, &in, ZSTD_e_end);
        weir_assert(!ZSTD_isError(left));
        weir_str_add(out, piece, o.pos);
    }
    ZSTD_freeCStream(z);
}

/* ---- snappy: header, then blocks behind their lengths ---- */

static const uint8_t snappy_head[SNAPPY_HEAD] = {0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0,
                                                 0,    0,   0,   1,   0,   0,   0,   1};

/* The next block from *at on; false at the end or with *why set. Streams may follow one another. */
static bool snappy_next(const uint8_t *p, size_t n, size_t *at, size_t *packed, const char **why) {
    while (n - *at >= SNAPPY_HEAD && memcmp(p + *at, snappy_head, 8) == 0) *at += SNAPPY_HEAD;
    if (*at == n) return false;
    *why = "it ends inside a snappy block";
    if (n - *at < 4) return false;
    *packed = be32(p + *at);
    if (*packed > n - *at - 4) return false;
    *at += 4;
    *why = NULL;
    return true;
}

static weir_rc snappy_decode(weir_ctx *ctx, const uint8_t *p, size_t n, uint8_t **out, size_t *len,
                             const char **why) {
    size_t packed = 0, plain = 0, total = 0, done = 0;
    weir_buf *b = NULL;
    *why = NULL;
    if (n < SNAPPY_HEAD || memcmp(p, snappy_head, 8) != 0)
        return bad(why, "it does not start with the snappy header");
    for (size_t at = 0; snappy_next(p, n, &at, &packed, why); at += packed) {
        if (snappy_uncompressed_length((const char *)p + at, packed, &plain) != SNAPPY_OK ||
            plain > packed * 64 + 64)
            return bad(why, "Stream is corrupted: a snappy block has no length");
        total += plain;
    }
    if (*why) return WEIR_OK;
    WEIR_TRY(weir_buf_new(ctx, (int64_t)total, &b));
    for (size_t at = 0; snappy_next(p, n, &at, &packed, why); at += packed, done += plain) {
        plain = total - done;
        if (snappy_uncompress((const char *)p + at, packed, (char *)b->p + done, &plain) !=
            SNAPPY_OK)
            return bad(why, "Stream is corrupted: a snappy block does not unpack");
    }
    *out = b->p;
    *len = done;
    return WEIR_OK;
}

static void snappy_encode(const uint8_t *p, size_t n, unsigned which, weir_str *out) {
    char block[4 + 32 + BLOCK + BLOCK / 6];
    if (which & WEIR_FIRST_PIECE) weir_str_add(out, snappy_head, SNAPPY_HEAD);
    for (size_t at = 0, m; at < n; at += m) {
        m = n - at < BLOCK ? n - at : BLOCK;
        size_t packed = sizeof block - 4;
        weir_assert(snappy_compress((const char *)p + at, m, block + 4, &packed) == SNAPPY_OK);
        for (int i = 0; i < 4; i++) block[i] = (char)(packed >> (24 - 8 * i));
        weir_str_add(out, block, 4 + packed);
    }
}

/* ---- LZF: chunks 'Z' 'V' type length ---- */

/* A chunk body of n bytes into exactly cap bytes. */
static bool lzf_unpack(const uint8_t *p, size_t n, uint8_t *out, size_t cap) {
    size_t i = 0, o = 0;
    while (i < n) {
        unsigned c = p[i++];
        if (c < 32) {
            size_t run = c + 1;
            if (run > n - i || run > cap - o) return false;
            memcpy(out + o, p + i, run);
            i += run;
            o += run;
            continue;
        }
        size_t run = c >> 5;
        if (run == 7) {
            if (i == n) return false;
            run += p[i++];
        }
        run += 2;
        if (i == n) return false;
        size_t back = ((size_t)(c & 31) << 8 | p[i++]) + 1;
        if (back > o || run > cap - o) return false;
        for (; run > 0; run--, o++) out[o] = out[o - back];
    }
    return o == cap;
}

typedef struct chunk {
    bool packed;
    size_t head, body, plain;
} chunk;

static const char *lzf_chunk(const uint8_t *p, size_t n, chunk *c) {
    if (n < 5) return "it ends inside an LZF header";
    if (p[0] != 'Z' || p[1] != 'V' || p[2] > 1) return "an LZF chunk does not start with ZV";
    c->packed = p[2] == 1;
    c->head = c->packed ? 7 : 5;
    c->body = c->plain = (size_t)p[3] << 8 | p[4];
    if (n < c->head || c->body > n - c->head) return "it ends inside an LZF chunk";
    if (c->packed) c->plain = (size_t)p[5] << 8 | p[6];
    return NULL;
}

static weir_rc lzf_decode(weir_ctx *ctx, const uint8_t *p, size_t n, uint8_t **out, size_t *len,
                          const char **why) {
    chunk c;
    weir_buf *b = NULL;
    int64_t total = 0;
    *why = NULL;
    for (size_t at = 0; at < n; at += c.head + c.body) {
        if ((*why = lzf_chunk(p + at, n - at, &c)) != NULL) return WEIR_OK;
        total += (int64_t)c.plain;
    }
    WEIR_TRY(weir_buf_new(ctx, total, &b));
    *out = b->p;
    *len = (size_t)total;
    for (size_t at = 0, done = 0; at < n; at += c.head + c.body, done += c.plain) {
        (void)lzf_chunk(p + at, n - at, &c);
        const uint8_t *body = p + at + c.head;
        if (!c.packed)
            memcpy(b->p + done, body, c.plain);
        else if (!lzf_unpack(body, c.body, b->p + done, c.plain))
            return bad(why, "Stream is corrupted: an LZF chunk does not unpack");
    }
    return WEIR_OK;
}

/* Stored chunks only: LZF readers take them, and the codec is rare. */
static void lzf_encode(const uint8_t *p, size_t n, unsigned which, weir_str *out) {
    (void)which;
    for (size_t at = 0, m; at < n; at += m) {
        m = n - at < LZF_MAX ? n - at : LZF_MAX;
        const uint8_t head[5] = {'Z', 'V', 0, (uint8_t)(m >> 8), (uint8_t)m};
        weir_str_add(out, head, sizeof head);
        weir_str_add(out, p + at, m);
    }
}

static const weir_state_codec codecs[] = {
    {"lz4", "org.apache.spark.io.LZ4CompressionCodec", weir_lz4block_decode, weir_lz4block_encode,
     false},
    {"lzf", "org.apache.spark.io.LZFCompressionCodec", lzf_decode, lzf_encode, false},
    {"snappy", "org.apache.spark.io.SnappyCompressionCodec", snappy_decode, snappy_encode,
     false},
    {"zstd", "org.apache.spark.io.ZStdCompressionCodec", zstd_decode, zstd_encode, true},
};

weir_rc weir_state_codec_find(weir_ctx *ctx, const char *name, const weir_state_codec **out) {
    for (size_t i = 0; i < sizeof codecs / sizeof *codecs; i++)
        if (strcasecmp(name, codecs[i].name) == 0 || strcmp(name, codecs[i].java_class) == 0) {
            *out = &codecs[i];
            return WEIR_OK;
        }
    return weir_fail(ctx, WEIR_E_CODEC_NOT_AVAILABLE, "codecName", name, "availableCodecs",
                     "lz4, lzf, snappy, zstd");
}
