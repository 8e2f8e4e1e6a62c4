/* Packing ORC's streams. FORMAT: ORC specification v1, "Compression". See pack.h. */
#include "orc/pack.h"

#include <lz4.h>
#include <snappy-c.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

/* *n is the room in out, then the bytes made; false: there was no room. */
static bool pack_zlib(const char *p, size_t len, char *out, size_t *n) {
    z_stream z = {0};
    if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return false;
    z.next_in = (Bytef *)(uintptr_t)p;
    z.avail_in = (uInt)len;
    z.next_out = (Bytef *)out;
    z.avail_out = (uInt)*n;
    int rc = deflate(&z, Z_FINISH);
    *n = z.total_out;
    (void)deflateEnd(&z);
    return rc == Z_STREAM_END;
}

static bool pack_snappy(const char *p, size_t len, char *out, size_t *n) {
    return snappy_compress(p, len, out, n) == SNAPPY_OK;
}

static bool pack_lz4(const char *p, size_t len, char *out, size_t *n) {
    int made = LZ4_compress_default(p, out, (int)len, (int)*n);
    *n = made > 0 ? (size_t)made : 0;
    return made > 0;
}

static bool pack_zstd(const char *p, size_t len, char *out, size_t *n) {
    *n = ZSTD_compress(out, *n, p, len, ZSTD_CLEVEL_DEFAULT);
    return !ZSTD_isError(*n);
}

static bool (*const packs[WEIR_ORC_CODECS])(const char *, size_t, char *, size_t *) = {
    [WEIR_ORC_ZLIB] = pack_zlib,
    [WEIR_ORC_SNAPPY] = pack_snappy,
    [WEIR_ORC_LZ4] = pack_lz4,
    [WEIR_ORC_ZSTD] = pack_zstd,
};

size_t weir_orc_pack_room(size_t len) { return snappy_max_compressed_length(len); }

bool weir_orc_pack(int kind, const char *p, size_t len, char *out, size_t *n) {
    *n = weir_orc_pack_room(len);
    return packs[kind](p, len, out, n) && *n < len;
}
