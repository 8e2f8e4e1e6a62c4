/* Byte streams of ORC files: ranges of the file, unpacked piece by piece. A stream belongs to one
 * thread and lives in its arena. */
#ifndef WEIR_ORC_STREAM_H
#define WEIR_ORC_STREAM_H
#include "orc/tail.h"

typedef struct weir_orc_stream {
    weir_orc_file *file;
    weir_arena *mem;
    const char *what;     /* "DATA of column a": in errors */
    int64_t at, end;      /* what is left of the range */
    const uint8_t *p, *q; /* unpacked bytes that are there */
    uint8_t *in, *out;    /* window of the file, room for a piece */
    int64_t in_at, in_len, in_cap, out_cap;
    weir_rc rc; /* the first failure; what is read then is zero */
} weir_orc_stream;

/* what must outlive the stream. */
void weir_orc_stream_open(weir_orc_stream *, weir_orc_file *, weir_arena *mem, int64_t at,
                          int64_t bytes, const char *what);
/* Brings more bytes; false (and rc set) at the end, where more is an error. */
bool weir_orc_stream_fill(weir_orc_stream *);
weir_rc weir_orc_stream_read(weir_orc_stream *, void *to, int64_t n);

static inline uint8_t weir_orc_byte(weir_orc_stream *s) {
    return s->p < s->q || weir_orc_stream_fill(s) ? *s->p++ : 0;
}

/* A packed range as a whole, in mem. */
weir_rc weir_orc_section(weir_orc_file *, weir_arena *mem, int64_t at, int64_t bytes, uint8_t **out,
                         int64_t *len);
/* LZO1X; *n is the room, then what was made. False: malformed, or more than there is room. */
bool weir_lzo_unpack(const uint8_t *p, size_t len, uint8_t *out, size_t *n);
#endif
