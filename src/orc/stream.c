/* Unpacking ORC's streams. FORMAT: ORC specification v1, "Compression". See stream.h. */
#include "orc/stream.h"

#include <lz4.h>
#include <snappy-c.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

enum { WINDOW = 256 << 10, HEADER = 3 };

/* ---- codecs: *n is the room in out, then the bytes made ---- */

static bool unpack_zlib(const uint8_t *p, size_t len, uint8_t *out, size_t *n) {
    z_stream z = {.next_in = (Bytef *)(uintptr_t)p,
                  .avail_in = (uInt)len,
                  .next_out = out,
                  .avail_out = (uInt)*n};
    if (inflateInit2(&z, -15) != Z_OK) return false;
    int rc = inflate(&z, Z_FINISH);
    *n = z.total_out;
    inflateEnd(&z);
    return rc == Z_STREAM_END;
}

static bool unpack_snappy(const uint8_t *p, size_t len, uint8_t *out, size_t *n) {
    size_t made = 0;
    if (snappy_uncompressed_length((const char *)p, len, &made) != SNAPPY_OK || made > *n)
        return false;
    return snappy_uncompress((const char *)p, len, (char *)out, n) == SNAPPY_OK;
}

static bool unpack_lz4(const uint8_t *p, size_t len, uint8_t *out, size_t *n) {
    int made = LZ4_decompress_safe((const char *)p, (char *)out, (int)len, (int)*n);
    if (made < 0) return false;
    *n = (size_t)made;
    return true;
}

static bool unpack_zstd(const uint8_t *p, size_t len, uint8_t *out, size_t *n) {
    *n = ZSTD_decompress(out, *n, p, len);
    return !ZSTD_isError(*n);
}

typedef bool unpack_fn(const uint8_t *p, size_t len, uint8_t *out, size_t *n);
static unpack_fn *const codecs[WEIR_ORC_CODECS] = {
    [WEIR_ORC_ZLIB] = unpack_zlib,    [WEIR_ORC_SNAPPY] = unpack_snappy,
    [WEIR_ORC_LZO] = weir_lzo_unpack, [WEIR_ORC_LZ4] = unpack_lz4,
    [WEIR_ORC_ZSTD] = unpack_zstd,
};

/* ---- streams ---- */

void weir_orc_stream_open(weir_orc_stream *s, weir_orc_file *f, weir_arena *mem, int64_t at,
                          int64_t bytes, const char *what) {
    uint8_t *in = s->in, *out = s->out; /* of an earlier stripe: used again */
    int64_t in_cap = s->in_cap, out_cap = s->out_cap;
    *s = (weir_orc_stream){.file = f,
                           .mem = mem,
                           .what = what,
                           .at = at,
                           .end = at + bytes,
                           .in = in,
                           .out = out,
                           .in_cap = in_cap,
                           .out_cap = out_cap,
                           .in_at = at};
}

static bool stream_fail(weir_orc_stream *s, weir_rc rc) {
    s->rc = rc;
    s->p = s->q = NULL;
    s->at = s->end;
    return false;
}

/* Sizes come from the file: the budget is asked. */
static bool room(weir_orc_stream *s, uint8_t **p, int64_t *cap, int64_t need) {
    weir_ctx c = *s->file->ctx;
    weir_buf *b = NULL;
    if (*cap >= need) return true;
    c.arena = s->mem;
    weir_rc rc = weir_buf_new(&c, need, &b);
    if (rc != WEIR_OK) return stream_fail(s, rc);
    *p = b->p;
    *cap = need;
    return true;
}

/* n bytes of the file from at on, all of them. */
static const uint8_t *window(weir_orc_stream *s, int64_t n) {
    if (s->at < s->in_at || s->at + n > s->in_at + s->in_len) {
        int64_t want = s->end - s->at < WINDOW ? s->end - s->at : WINDOW, got = 0;
        if (want < n) want = n;
        if (!room(s, &s->in, &s->in_cap, want)) return NULL;
        s->in_at = s->at;
        s->in_len = 0;
        weir_rc rc = weir_file_pread(s->file->ctx, s->file->file, s->at, s->in, want, &got);
        if (rc == WEIR_OK && got < n) rc = weir_orc_damaged(s->file, "%s is cut", s->what);
        if (rc != WEIR_OK) return stream_fail(s, rc), NULL;
        s->in_len = got;
    }
    return s->in + (s->at - s->in_at);
}

static bool fill_plain(weir_orc_stream *s) {
    int64_t n = s->end - s->at < WINDOW ? s->end - s->at : WINDOW;
    s->p = window(s, n);
    if (!s->p) return false;
    s->q = s->p + n;
    s->at += n;
    return true;
}

static bool fill_packed(weir_orc_stream *s) {
    const uint8_t *h = s->end - s->at >= HEADER ? window(s, HEADER) : NULL;
    if (!h && s->rc != WEIR_OK) return false;
    int64_t head = h ? h[0] | h[1] << 8 | h[2] << 16 : 0, n = head >> 1, from = s->at;
    if (!h || n > s->end - s->at - HEADER)
        return stream_fail(
            s, weir_orc_damaged(s->file, "%s is cut at byte %lld", s->what, (long long)from));
    s->at += HEADER;
    const uint8_t *p = window(s, n);
    if (!p) return false;
    s->at += n;
    s->p = p;
    s->q = p + n;
    if (head & 1) return true; /* this piece is not packed */
    size_t made = (size_t)s->file->block;
    if (!room(s, &s->out, &s->out_cap, s->file->block)) return false;
    if (!codecs[s->file->codec](p, (size_t)n, s->out, &made))
        return stream_fail(s, weir_orc_damaged(s->file, "%s cannot be unpacked at byte %lld",
                                               s->what, (long long)from));
    s->p = s->out;
    s->q = s->out + made;
    return true;
}

static bool fill(weir_orc_stream *s) {
    while (s->p == s->q && s->at < s->end && s->rc == WEIR_OK)
        if (!(s->file->codec == WEIR_ORC_PLAIN ? fill_plain(s) : fill_packed(s))) return false;
    return s->p < s->q;
}

bool weir_orc_stream_fill(weir_orc_stream *s) {
    if (fill(s)) return true;
    if (s->rc == WEIR_OK) stream_fail(s, weir_orc_damaged(s->file, "%s ends too early", s->what));
    return false;
}

weir_rc weir_orc_stream_read(weir_orc_stream *s, void *to, int64_t n) {
    uint8_t *p = to;
    while (n > 0) {
        if (s->p == s->q && !weir_orc_stream_fill(s)) return s->rc;
        int64_t k = s->q - s->p < n ? s->q - s->p : n;
        memcpy(p, s->p, (size_t)k);
        s->p += k, p += k, n -= k;
    }
    return s->rc;
}

weir_rc weir_orc_section(weir_orc_file *f, weir_arena *mem, int64_t at, int64_t bytes,
                         uint8_t **out, int64_t *len) {
    weir_orc_stream s = {0};
    weir_ctx c = *f->ctx;
    weir_buf *all = NULL;
    size_t cap = 4096, n = 0;
    weir_arena *scratch = weir_arena_new(NULL);
    c.arena = mem;
    weir_rc rc = weir_buf_new(&c, (int64_t)cap, &all);
    weir_orc_stream_open(&s, f, scratch, at, bytes, "a footer");
    while (rc == WEIR_OK && fill(&s)) {
        size_t k = (size_t)(s.q - s.p);
        while (rc == WEIR_OK && n + k > cap) rc = weir_buf_double(&c, &all, n, &cap);
        if (rc == WEIR_OK) memcpy(all->p + n, s.p, k);
        n += k;
        s.p = s.q;
    }
    if (rc == WEIR_OK) rc = s.rc;
    weir_arena_free(scratch);
    if (rc != WEIR_OK) return rc;
    *out = all->p;
    *len = (int64_t)n;
    return WEIR_OK;
}
