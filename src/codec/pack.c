/* Compressed text files. See pack.h. Any thread. */
#include "codec/pack.h"

#include <bzlib.h>
#include <limits.h>
#include <lz4.h>
#include <snappy-c.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>
#include <zstd.h>

/* PIECE: what Hadoop's streams read and give at once (spark.buffer.size); a piece in which damage
 * is found is lost whole. BLOCK: bytes of a block of Hadoop's LZ4 and Snappy files. */
enum { GZIP = 15 + 16, ZLIB = 15, PIECE = 1 << 16, BLOCK = 200 << 10 }; /* zlib's window bits */

typedef struct unpacked { /* what has come out so far */
    weir_ctx *ctx;
    weir_buf *b;
    size_t n, cap;
    const char *damage;
} unpacked;

struct weir_pack {
    const char *name, *extension, *other; /* other: a further extension, or NULL */
    const char *cls;                      /* Hadoop's */
    bool option; /* the option compression knows the name, else the class alone */
    int bits;    /* zlib's window bits */
    weir_rc (*unpack)(const weir_pack *, const uint8_t *p, size_t n, unpacked *);
    /* Packs what is there; last: all that is to come. */
    weir_rc (*pack)(weir_ctx *, weir_packer *, const uint8_t *p, size_t n, bool last, weir_str *);
};

struct weir_packer {
    const weir_pack *k;
    z_stream z;
    bz_stream bz;
    ZSTD_CCtx *zstd;
    weir_str rest; /* LZ4, Snappy: less than a block */
    bool any;
};

static weir_rc room(unpacked *u, size_t more) {
    while (u->cap - u->n < more) WEIR_TRY(weir_buf_double(u->ctx, &u->b, u->n, &u->cap));
    return weir_check_cancel(u->ctx);
}

/* ---- gzip, deflate ---- */

/* SPARK: Hadoop's BuiltInGzipDecompressor and BuiltInZlibInflater under a DecompressorStream:
 * pieces in, pieces out, and members one after the other, as gzip -c makes of several files. */
static weir_rc zlib_all(z_stream *z, const uint8_t *p, size_t n, unpacked *u) {
    const uint8_t *end = p + n;
    int rc = Z_STREAM_END;
    for (bool more = false, first = true;; first = false) {
        if (!z->avail_in && !more) {
            size_t take = (size_t)(end - p) < PIECE ? (size_t)(end - p) : PIECE;
            if (!take) break;
            z->next_in = (Bytef *)(uintptr_t)p;
            z->avail_in = (uInt)take;
            p += take;
        }
        if (rc == Z_STREAM_END && !first && inflateReset(z) != Z_OK) break;
        WEIR_TRY(room(u, PIECE));
        z->next_out = u->b->p + u->n;
        z->avail_out = PIECE;
        rc = inflate(z, Z_SYNC_FLUSH);
        if (rc == Z_BUF_ERROR) rc = Z_OK;
        if (rc != Z_OK && rc != Z_STREAM_END) {
            u->damage = z->msg ? z->msg : "zlib cannot read it";
            return WEIR_OK;
        }
        u->n += PIECE - z->avail_out;
        more = rc == Z_OK && !z->avail_out;
    }
    if (rc != Z_STREAM_END) u->damage = "it ends before its end";
    return WEIR_OK;
}

static weir_rc out_of_memory(weir_ctx *ctx, const char *what) {
    return weir_fail(ctx, WEIR_E_INTERNAL_ERROR, "message",
                     weir_printf(ctx->arena, "no memory for %s", what));
}

static weir_rc zlib_unpack(const weir_pack *k, const uint8_t *p, size_t n, unpacked *u) {
    z_stream z = {0};
    if (inflateInit2(&z, k->bits) != Z_OK) return out_of_memory(u->ctx, "zlib");
    weir_rc rc = zlib_all(&z, p, n, u);
    (void)inflateEnd(&z);
    return rc;
}

static weir_rc zlib_pack(weir_ctx *ctx, weir_packer *w, const uint8_t *p, size_t n, bool last,
                         weir_str *out) {
    uint8_t piece[PIECE];
    (void)ctx;
    w->z.next_in = (Bytef *)(uintptr_t)p;
    w->z.avail_in = (uInt)n; /* a writer's buffer: far from 4 GiB */
    do {
        w->z.next_out = piece;
        w->z.avail_out = sizeof piece;
        (void)deflate(&w->z, last ? Z_FINISH : Z_NO_FLUSH); /* never fails with room to write */
        weir_str_add(out, piece, sizeof piece - w->z.avail_out);
    } while (!w->z.avail_out);
    return WEIR_OK;
}

/* ---- bzip2 ---- */

static weir_rc bzip2_all(bz_stream *z, const uint8_t *p, size_t n, unpacked *u) {
    const uint8_t *end = p + n;
    int rc = BZ_STREAM_END;
    for (bool more = false, first = true;; first = false) {
        if (!z->avail_in && !more) {
            size_t take = (size_t)(end - p) < PIECE ? (size_t)(end - p) : PIECE;
            if (!take) break;
            z->next_in = (char *)(uintptr_t)p;
            z->avail_in = (unsigned)take;
            p += take;
        }
        if (rc == BZ_STREAM_END && !first) {
            bz_stream fresh = {.next_in = z->next_in, .avail_in = z->avail_in};
            (void)BZ2_bzDecompressEnd(z);
            *z = fresh;
            if (BZ2_bzDecompressInit(z, 0, 0) != BZ_OK) return out_of_memory(u->ctx, "bzip2");
        }
        WEIR_TRY(room(u, PIECE));
        z->next_out = (char *)u->b->p + u->n;
        z->avail_out = PIECE;
        rc = BZ2_bzDecompress(z);
        if (rc != BZ_OK && rc != BZ_STREAM_END) {
            u->damage = "bzip2 cannot read it";
            return WEIR_OK;
        }
        u->n += PIECE - z->avail_out;
        more = rc == BZ_OK && !z->avail_out;
    }
    if (rc != BZ_STREAM_END) u->damage = "it ends before its end";
    return WEIR_OK;
}

static weir_rc bzip2_unpack(const weir_pack *k, const uint8_t *p, size_t n, unpacked *u) {
    bz_stream z = {0};
    (void)k;
    if (BZ2_bzDecompressInit(&z, 0, 0) != BZ_OK) return out_of_memory(u->ctx, "bzip2");
    weir_rc rc = bzip2_all(&z, p, n, u);
    (void)BZ2_bzDecompressEnd(&z);
    return rc;
}

static weir_rc bzip2_pack(weir_ctx *ctx, weir_packer *w, const uint8_t *p, size_t n, bool last,
                          weir_str *out) {
    char piece[PIECE];
    (void)ctx;
    w->bz.next_in = (char *)(uintptr_t)p;
    w->bz.avail_in = (unsigned)n;
    for (int rc = BZ_RUN_OK; last ? rc != BZ_STREAM_END : w->bz.avail_in > 0;) {
        w->bz.next_out = piece;
        w->bz.avail_out = sizeof piece;
        rc = BZ2_bzCompress(&w->bz, last ? BZ_FINISH : BZ_RUN);
        weir_assert(rc >= 0); /* the calls are in order */
        weir_str_add(out, piece, sizeof piece - w->bz.avail_out);
    }
    return WEIR_OK;
}

/* ---- Zstandard ---- */

static weir_rc zstd_all(ZSTD_DCtx *z, const uint8_t *p, size_t n, unpacked *u) {
    ZSTD_inBuffer in = {p, n, 0};
    size_t rc = 0;
    for (bool more = false; in.pos < n || more;) {
        WEIR_TRY(room(u, PIECE));
        ZSTD_outBuffer out = {u->b->p + u->n, PIECE, 0};
        rc = ZSTD_decompressStream(z, &out, &in);
        if (ZSTD_isError(rc)) {
            u->damage = ZSTD_getErrorName(rc);
            return WEIR_OK;
        }
        u->n += out.pos;
        more = out.pos == PIECE;
    }
    if (rc) u->damage = "it ends before its end";
    return WEIR_OK;
}

static weir_rc zstd_unpack(const weir_pack *k, const uint8_t *p, size_t n, unpacked *u) {
    (void)k;
    ZSTD_DCtx *z = ZSTD_createDCtx();
    if (!z) return out_of_memory(u->ctx, "zstd");
    weir_rc rc = zstd_all(z, p, n, u);
    (void)ZSTD_freeDCtx(z);
    return rc;
}

static weir_rc zstd_pack(weir_ctx *ctx, weir_packer *w, const uint8_t *p, size_t n, bool last,
                         weir_str *out) {
    uint8_t piece[PIECE];
    ZSTD_inBuffer in = {p, n, 0};
    (void)ctx;
    for (size_t left = 1; in.pos < n || (last && left);) {
        ZSTD_outBuffer o = {piece, sizeof piece, 0};
        left = ZSTD_compressStream2(w->zstd, &o, &in, last ? ZSTD_e_end : ZSTD_e_continue);
        if (ZSTD_isError(left)) return out_of_memory(ctx, "zstd");
        weir_str_add(out, piece, o.pos);
    }
    return WEIR_OK;
}

/* ---- LZ4, Snappy: Hadoop's blocks: the text's length, then chunks with their own lengths ---- */

static uint32_t be32(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* One chunk, of a text of at most most bytes; 0: it is none. */
static weir_rc lz4_chunk(const uint8_t *p, size_t n, size_t most, unpacked *u, size_t *got) {
    size_t cap = n * 255 + 64 < most ? n * 255 + 64 : most;
    WEIR_TRY(room(u, cap));
    int k = LZ4_decompress_safe((const char *)p, (char *)u->b->p + u->n, (int)n, (int)cap);
    *got = k > 0 ? (size_t)k : 0;
    return WEIR_OK;
}

static weir_rc snappy_chunk(const uint8_t *p, size_t n, size_t most, unpacked *u, size_t *got) {
    *got = 0;
    if (snappy_validate_compressed_buffer((const char *)p, n) != SNAPPY_OK ||
        snappy_uncompressed_length((const char *)p, n, got) != SNAPPY_OK || *got > most)
        return *got = 0, WEIR_OK;
    WEIR_TRY(room(u, *got));
    if (snappy_uncompress((const char *)p, n, (char *)u->b->p + u->n, got) != SNAPPY_OK) *got = 0;
    return WEIR_OK;
}

/* SPARK BlockDecompressorStream: a file that stops anywhere is at its end there. */
static weir_rc blocks_unpack(const weir_pack *k, const uint8_t *p, size_t n, unpacked *u) {
    const uint8_t *end = p + n;
    bool snappy = strcmp(k->name, "snappy") == 0;
    while (end - p >= 4) {
        size_t whole = be32(p), done = 0, got = 0;
        p += 4;
        if (!whole) return WEIR_OK; /* SPARK: an empty file */
        while (done < whole) {
            if (end - p < 4) return WEIR_OK;
            size_t len = be32(p);
            if (len > INT_MAX || whole > INT_MAX)
                return u->damage = "a length is negative", WEIR_OK;
            if ((size_t)(end - p) - 4 < len) return WEIR_OK;
            WEIR_TRY((snappy ? snappy_chunk : lz4_chunk)(p + 4, len, whole - done, u, &got));
            if (!got) return u->damage = "a block is damaged", WEIR_OK;
            done += got;
            u->n += got;
            p += 4 + len;
        }
    }
    return WEIR_OK;
}

static void put_be32(weir_str *out, size_t v) {
    for (int i = 24; i >= 0; i -= 8) weir_str_putc(out, (char)(v >> i));
}

static weir_rc put_block(weir_ctx *ctx, weir_packer *w, const char *p, size_t n, weir_str *out) {
    bool snappy = strcmp(w->k->name, "snappy") == 0;
    size_t most = snappy ? snappy_max_compressed_length(n) : (size_t)LZ4_compressBound((int)n);
    weir_buf *b = NULL;
    WEIR_TRY(weir_buf_new(ctx, (int64_t)most, &b));
    if (snappy)
        (void)snappy_compress(p, n, (char *)b->p, &most); /* there is room */
    else
        most = (size_t)LZ4_compress_default(p, (char *)b->p, (int)n, (int)most);
    put_be32(out, n);
    put_be32(out, most);
    weir_str_add(out, b->p, most);
    w->any = true;
    return WEIR_OK;
}

static weir_rc blocks_pack(weir_ctx *ctx, weir_packer *w, const uint8_t *p, size_t n, bool last,
                           weir_str *out) {
    size_t at = 0;
    if (n) weir_str_add(&w->rest, p, n);
    while (w->rest.len - at >= BLOCK || (last && w->rest.len > at)) {
        size_t k = w->rest.len - at < BLOCK ? w->rest.len - at : BLOCK;
        WEIR_TRY(put_block(ctx, w, w->rest.p + at, k, out));
        at += k;
    }
    if (at) memmove(w->rest.p, w->rest.p + at, w->rest.len - at);
    w->rest.len -= at;
    if (last && !w->any) put_be32(out, 0);
    return WEIR_OK;
}

/* ---- none, by an extension ---- */

static weir_rc plain_unpack(const weir_pack *k, const uint8_t *p, size_t n, unpacked *u) {
    (void)k;
    WEIR_TRY(room(u, n));
    memcpy(u->b->p, p, n);
    u->n = n;
    return WEIR_OK;
}

#define HADOOP "org.apache.hadoop.io.compress."
static const weir_pack packs[] = {
    {"gzip", ".gz", ".gzip", HADOOP "GzipCodec", true, GZIP, zlib_unpack, zlib_pack},
    {"deflate", ".deflate", NULL, HADOOP "DeflateCodec", true, ZLIB, zlib_unpack, zlib_pack},
    {"bzip2", ".bz2", NULL, HADOOP "BZip2Codec", true, 0, bzip2_unpack, bzip2_pack},
    {"lz4", ".lz4", NULL, HADOOP "Lz4Codec", true, 0, blocks_unpack, blocks_pack},
    {"snappy", ".snappy", NULL, HADOOP "SnappyCodec", true, 0, blocks_unpack, blocks_pack},
    {"zstd", ".zst", ".zstd", HADOOP "ZStandardCodec", false, 0, zstd_unpack, zstd_pack},
    {"passthrough", ".passthrough", NULL, HADOOP "PassthroughCodec", false, 0, plain_unpack, NULL},
};
enum { NPACK = sizeof packs / sizeof *packs };

const char *weir_pack_name(const weir_options *o) {
    const char *v = weir_option_get(o, "compression");
    return v ? v : weir_option_get(o, "codec");
}

weir_rc weir_pack_find(weir_ctx *ctx, const char *name, const weir_pack **out) {
    *out = NULL;
    if (!name || strcasecmp(name, "none") == 0 || strcasecmp(name, "uncompressed") == 0)
        return WEIR_OK;
    for (int i = 0; i < NPACK; i++)
        if (packs[i].pack && ((packs[i].option && strcasecmp(name, packs[i].name) == 0) ||
                              strcmp(name, packs[i].cls) == 0))
            *out = &packs[i];
    if (strcmp(name, HADOOP "DefaultCodec") == 0) *out = &packs[1];
    if (*out) return WEIR_OK;
    return weir_fail(ctx, WEIR_E_CODEC_NOT_AVAILABLE, "codecName", name, "availableCodecs",
                     "bzip2, deflate, uncompressed, snappy, none, lz4, gzip");
}

const char *weir_pack_extension(const weir_pack *p) { return p ? p->extension : ""; }

/* ---- reading ---- */

static bool ends(const char *path, const char *with) {
    size_t n = strlen(path), k = with ? strlen(with) : 0;
    return k && n > k && strcasecmp(path + n - k, with) == 0;
}

const weir_pack *weir_pack_of(const char *path) {
    for (int i = 0; i < NPACK; i++)
        if (ends(path, packs[i].extension) || ends(path, packs[i].other)) return &packs[i];
    return NULL;
}

weir_rc weir_text_map(weir_ctx *ctx, const char *path, weir_text_file *out) {
    const weir_pack *k = weir_pack_of(path);
    *out = (weir_text_file){0};
    WEIR_TRY(weir_file_map(ctx, path, &out->p, &out->len, &out->map));
    if (!k || !out->len) return WEIR_OK;
    unpacked u = {.ctx = ctx, .cap = out->len * 4 + PIECE};
    WEIR_TRY(weir_buf_new(ctx, (int64_t)u.cap, &u.b));
    WEIR_TRY(k->unpack(k, (const uint8_t *)out->p, out->len, &u));
    WEIR_TRY(weir_mapping_check(ctx, out->map));
    *out = (weir_text_file){.p = (const char *)u.b->p, .len = u.n};
    if (u.damage)
        out->damage = weir_printf(ctx->arena, "Its %s text is damaged: %s", k->name, u.damage);
    return WEIR_OK;
}

/* ---- writing ---- */

static void release(void *p) {
    weir_packer *w = p;
    (void)deflateEnd(&w->z);
    (void)BZ2_bzCompressEnd(&w->bz);
    (void)ZSTD_freeCCtx(w->zstd);
}

weir_packer *weir_packer_new(weir_arena *mem, const weir_pack *k) {
    static gz_header header; /* SPARK: no system is named */
    weir_packer *w = WEIR_NEW(mem, weir_packer);
    bool ok = true;
    w->k = k;
    weir_str_init(&w->rest, mem, INT32_MAX);
    if (k->pack == zlib_pack)
        ok = deflateInit2(&w->z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, k->bits, 8,
                          Z_DEFAULT_STRATEGY) == Z_OK;
    if (k->bits == GZIP) ok = ok && deflateSetHeader(&w->z, &header) == Z_OK;
    if (k->pack == bzip2_pack) ok = BZ2_bzCompressInit(&w->bz, 9, 0, 0) == BZ_OK;
    if (k->pack == zstd_pack) ok = (w->zstd = ZSTD_createCCtx()) != NULL;
    weir_assert(ok); /* memory alone can lack */
    weir_arena_defer(mem, release, w);
    return w;
}

weir_rc weir_packer_add(weir_ctx *ctx, weir_packer *w, const void *p, size_t n, bool last,
                        weir_str *out) {
    return w->k->pack(ctx, w, p, n, last, out);
}
