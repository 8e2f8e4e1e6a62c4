/* The end of an ORC file: its types, stripes and what is said about them. FORMAT: ORC
 * specification v1, "File Tail". Lives in the arena it was read into. One thread. */
#ifndef WEIR_ORC_TAIL_H
#define WEIR_ORC_TAIL_H
#include "base/buf.h"

typedef enum { /* Type.Kind of orc_proto.proto */
               WEIR_ORC_BOOLEAN,
               WEIR_ORC_BYTE,
               WEIR_ORC_SHORT,
               WEIR_ORC_INT,
               WEIR_ORC_LONG,
               WEIR_ORC_FLOAT,
               WEIR_ORC_DOUBLE,
               WEIR_ORC_STRING,
               WEIR_ORC_BINARY,
               WEIR_ORC_TIMESTAMP,
               WEIR_ORC_LIST,
               WEIR_ORC_MAP,
               WEIR_ORC_STRUCT,
               WEIR_ORC_UNION,
               WEIR_ORC_DECIMAL,
               WEIR_ORC_DATE,
               WEIR_ORC_VARCHAR,
               WEIR_ORC_CHAR,
               WEIR_ORC_INSTANT, /* timestamp with local time zone */
               WEIR_ORC_KINDS
} weir_orc_kind;

typedef struct weir_orc_type {
    int id; /* the column's number */
    weir_orc_kind kind;
    int nkid;
    const struct weir_orc_type **kid;
    const char **name; /* of a struct's fields */
    int precision, scale;
    const char *catalyst; /* Spark's own type, or NULL */
} weir_orc_type;

typedef struct weir_orc_stripe {
    int64_t at, index_bytes, data_bytes, footer_bytes, rows;
} weir_orc_stripe;

/* Codecs by ORC's numbers. */
typedef enum {
    WEIR_ORC_PLAIN,
    WEIR_ORC_ZLIB,
    WEIR_ORC_SNAPPY,
    WEIR_ORC_LZO,
    WEIR_ORC_LZ4,
    WEIR_ORC_ZSTD,
    WEIR_ORC_CODECS
} weir_orc_codec;

typedef struct weir_orc_file { /* what reading bytes needs */
    weir_ctx *ctx;             /* of the running call */
    weir_file *file;
    const char *name; /* in errors */
    int64_t size;
    weir_orc_codec codec;
    int64_t block; /* most bytes of an unpacked piece */
} weir_orc_file;

typedef struct weir_orc_tail {
    const weir_orc_type *root;
    int ntype, nstripe;
    const weir_orc_stripe *stripe;
    int64_t rows;
    bool decimal64; /* decimals of up to 18 digits are integers (ORC's preview of version 2) */
    bool proleptic; /* days before 1582 are counted as java.time does, not as Julian ones */
} weir_orc_tail;

/* FAILED_READ_FILE naming the file, with the reason as its cause. */
weir_rc weir_orc_damaged(const weir_orc_file *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Reads the tail into mem and fills codec and block of the file. */
weir_rc weir_orc_tail_read(weir_orc_file *, weir_arena *mem, weir_orc_tail *out);
#endif
