/* Compressed text files by zlib. See pack.h. Any thread. */
#include "codec/pack.h"

#include <string.h>
#include <strings.h>
#include <zlib.h>

enum { GZIP = 15 + 16, ZLIB = 15, DONE_NOT = 0, STEP = 1 << 16 }; /* zlib's window bits */

struct weir_pack {
    const char *name, *extension;
    int bits; /* DONE_NOT: known, but not done here */
};
static const weir_pack packs[] = {{"gzip", ".gz", GZIP},       {"deflate", ".deflate", ZLIB},
                                  {"bzip2", ".bz2", DONE_NOT}, {"lz4", ".lz4", DONE_NOT},
                                  {"snappy", ".snappy", DONE_NOT}, {"zstd", ".zst", DONE_NOT}};
enum { NPACK = sizeof packs / sizeof *packs };

weir_rc weir_pack_find(weir_ctx *ctx, const char *compression, const weir_pack **out) {
    *out = NULL;
    if (!compression || strcasecmp(compression, "none") == 0 ||
        strcasecmp(compression, "uncompressed") == 0)
        return WEIR_OK;
    for (int i = 0; i < NPACK; i++)
        if (strcasecmp(compression, packs[i].name) == 0) *out = &packs[i];
    if (*out && (*out)->bits != DONE_NOT) return WEIR_OK;
    return weir_fail(ctx, WEIR_E_UNSUPPORTED_FEATURE, "feature",
                     weir_printf(ctx->arena,
                                 "the compression %s of text files; use gzip or deflate, or write "
                                 "Parquet",
                                 compression));
}

const char *weir_pack_extension(const weir_pack *p) { return p ? p->extension : ""; }

/* ---- reading ---- */

static weir_rc damaged(weir_ctx *ctx, const char *path, const char *why) {
    return weir_fail_read(ctx, WEIR_E_FAILED_READ_FILE, path,
                          weir_printf(ctx->arena, "Its compressed text is damaged: %s.", why));
}

/* Members one after the other, as gzip -c makes of several files. */
static weir_rc unpack_all(weir_ctx *ctx, z_stream *z, const char *path, size_t first,
                          const char **out, size_t *len) {
    weir_buf *b = NULL;
    size_t cap = first, done = 0;
    int rc = Z_OK;
    WEIR_TRY(weir_buf_new(ctx, (int64_t)cap, &b));
    while (rc != Z_STREAM_END || z->avail_in) {
        if (rc == Z_STREAM_END && inflateReset(z) != Z_OK) return damaged(ctx, path, "zlib failed");
        if (done == cap) WEIR_TRY(weir_buf_double(ctx, &b, done, &cap));
        size_t room = cap - done < 1u << 30 ? cap - done : 1u << 30;
        z->next_out = b->p + done;
        z->avail_out = (uInt)room;
        rc = inflate(z, Z_NO_FLUSH);
        done += room - z->avail_out;
        WEIR_TRY(weir_check_cancel(ctx));
        if (rc == Z_BUF_ERROR && !z->avail_out) continue;
        if (rc == Z_BUF_ERROR) return damaged(ctx, path, "it ends before its end");
        if (rc != Z_OK && rc != Z_STREAM_END) return damaged(ctx, path, z->msg ? z->msg : "zlib");
    }
    *out = (const char *)b->p;
    *len = done;
    return WEIR_OK;
}

static weir_rc unpack(weir_ctx *ctx, const weir_pack *k, const char *path, const char **p,
                      size_t *len) {
    z_stream z = {0};
    size_t n = *len;
    if (!n) return WEIR_OK;
    if (n > UINT32_MAX) return damaged(ctx, path, "it is longer than 4 GiB");
    if (inflateInit2(&z, k->bits) != Z_OK)
        return weir_fail(ctx, WEIR_E_INTERNAL_ERROR, "message", "no memory for zlib");
    z.next_in = (Bytef *)(uintptr_t)*p;
    z.avail_in = (uInt)n;
    weir_rc rc = unpack_all(ctx, &z, path, n * 4 + STEP, p, len);
    (void)inflateEnd(&z);
    return rc;
}

const weir_pack *weir_pack_of(const char *path) {
    size_t n = strlen(path);
    for (int i = 0; i < NPACK; i++) {
        size_t k = strlen(packs[i].extension);
        if (n > k && strcmp(path + n - k, packs[i].extension) == 0) return &packs[i];
    }
    return NULL;
}

weir_rc weir_text_map(weir_ctx *ctx, const char *path, const char **p, size_t *len, bool *mapped) {
    const weir_pack *k = weir_pack_of(path);
    WEIR_TRY(weir_file_map(ctx, path, p, len));
    *mapped = !k;
    if (!k) return WEIR_OK;
    if (k->bits != DONE_NOT) return unpack(ctx, k, path, p, len);
    return weir_fail(ctx, WEIR_E_UNSUPPORTED_FEATURE, "feature",
                     weir_printf(ctx->arena, "the compression %s of %s; pack it with gzip", k->name,
                                 path));
}

/* ---- writing ---- */

struct weir_packer {
    z_stream z;
};

static void release(void *p) { (void)deflateEnd(&((weir_packer *)p)->z); }

weir_packer *weir_packer_new(weir_arena *mem, const weir_pack *k) {
    weir_packer *p = WEIR_NEW(mem, weir_packer);
    int rc = deflateInit2(&p->z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, k->bits, 8, Z_DEFAULT_STRATEGY);
    weir_assert(rc == Z_OK); /* memory alone can lack */
    weir_arena_defer(mem, release, p);
    return p;
}

void weir_packer_add(weir_packer *k, const void *p, size_t n, bool last, weir_str *out) {
    uint8_t piece[STEP];
    k->z.next_in = (Bytef *)(uintptr_t)p;
    k->z.avail_in = (uInt)n; /* a writer's buffer: far from 4 GiB */
    do {
        k->z.next_out = piece;
        k->z.avail_out = sizeof piece;
        (void)deflate(&k->z, last ? Z_FINISH : Z_NO_FLUSH); /* never fails with room to write */
        weir_str_add(out, piece, sizeof piece - k->z.avail_out);
    } while (!k->z.avail_out);
}
