/* Parquet through Arrow C++, behind plain C. The shared library (shim.cc, shim_read.cc) is
 * loaded at first use by load.c. All bytes pass callbacks, so that the caller's file layer counts
 * and checks every operation. Functions return 0, or -1 with a text in error. Thread: one reader or
 * writer belongs to one thread; different ones are independent. */
#ifndef WEIR_ARROW_WEIR_ARROW_H
#define WEIR_ARROW_WEIR_ARROW_H
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
struct ArrowSchema;
struct ArrowArray;
typedef struct weir_arrow_out {
    void *u;
    int (*write)(void *u, const void *p, int64_t n);
} weir_arrow_out; /* 0 = written */
typedef struct weir_arrow_in {
    void *u;
    int64_t size;
    int64_t (*read)(void *u, int64_t at, void *p, int64_t n);
} weir_arrow_in; /* bytes, -1 failed */
typedef struct weir_arrow_error {
    char text[1024];
    int out_of_memory;
} weir_arrow_error;
/* Who is told of the library's memory. charge: 0 = it may be made, and *who is given back with it,
 * by any thread. */
typedef struct weir_arrow_memory {
    int (*charge)(void **who, int64_t bytes);
    void (*give)(void *who, int64_t bytes);
} weir_arrow_memory;
typedef struct weir_arrow_writer weir_arrow_writer;
typedef struct weir_arrow_reader weir_arrow_reader;

/* FORMAT: parquet.thrift, enum Type and union LogicalType; the older ConvertedType is given as the
 * logical type it stands for. */
typedef enum {
    WEIR_PQ_BOOLEAN,
    WEIR_PQ_INT32,
    WEIR_PQ_INT64,
    WEIR_PQ_INT96,
    WEIR_PQ_FLOAT,
    WEIR_PQ_DOUBLE,
    WEIR_PQ_BINARY,
    WEIR_PQ_FIXED
} weir_pq_physical;
typedef enum {
    WEIR_PQ_PLAIN,
    WEIR_PQ_STRING,
    WEIR_PQ_MAP,
    WEIR_PQ_LIST,
    WEIR_PQ_ENUM,
    WEIR_PQ_DECIMAL,
    WEIR_PQ_DATE,
    WEIR_PQ_TIME,
    WEIR_PQ_TIMESTAMP,
    WEIR_PQ_INTERVAL,
    WEIR_PQ_INT,
    WEIR_PQ_UNKNOWN,
    WEIR_PQ_JSON,
    WEIR_PQ_BSON,
    WEIR_PQ_UUID,
    WEIR_PQ_FLOAT16,
    WEIR_PQ_VARIANT,
    WEIR_PQ_GEOMETRY,
    WEIR_PQ_GEOGRAPHY
} weir_pq_logical;
typedef enum { WEIR_PQ_REQUIRED, WEIR_PQ_OPTIONAL, WEIR_PQ_REPEATED } weir_pq_repetition;
typedef enum { WEIR_PQ_MILLIS = 1, WEIR_PQ_MICROS, WEIR_PQ_NANOS } weir_pq_unit;

/* A node of a Parquet file's schema. A schema is its nodes from the root on, each before its
 * children; leaves are numbered in that order. */
typedef struct weir_arrow_node {
    const char *name;
    int32_t children; /* -1: a leaf */
    weir_pq_repetition repetition;
    weir_pq_physical physical; /* of leaves */
    int32_t length;            /* bytes of a FIXED */
    weir_pq_logical logical;
    int32_t precision, scale; /* DECIMAL */
    int32_t width, is_signed; /* INT */
    weir_pq_unit unit;        /* TIME, TIMESTAMP */
    int32_t utc;              /* TIME, TIMESTAMP: adjusted to UTC */
} weir_arrow_node;

/* A leaf's values for some rows. Levels are there where the schema has any, and belong to the
 * reader until its next call. The values have a place for every level that is as deep as the
 * nearest repeated node above (or the root), nulls included. Buffers belong to the caller, who
 * gives their owners to release. */
typedef struct weir_arrow_leaf {
    int64_t levels;
    const int16_t *def, *rep; /* NULL: none */
    int64_t values, nulls;
    const uint8_t *valid; /* bits; NULL: no nulls */
    const void *data;     /* BOOLEAN: a byte each; INT96: 12; BINARY: int32 offsets */
    const void *heap;     /* of BINARY */
    int64_t heap_bytes;
    void *valid_owner, *data_owner, *heap_owner;
} weir_arrow_leaf;

/* Grows whenever anything in this header is otherwise: weir and the library are then built anew. */
enum { WEIR_ARROW_VERSION = 3 };

typedef struct weir_arrow_api {
    int version; /* first in every version: the one that the library was built with */
    /* schema is moved. codec: as Arrow names it (codec.c). spark_schema: Spark's schema JSON for
     * the footer, or NULL; int96 and spark_schema are Parquet's. */
    int (*writer_open)(const weir_arrow_out *, struct ArrowSchema *schema,
                       const char *codec, int int96, const char *spark_schema, weir_arrow_writer **,
                       weir_arrow_error *);
    int (*writer_add)(weir_arrow_writer *, struct ArrowArray *batch,
                      weir_arrow_error *); /* batch is moved */
    int (*writer_close)(weir_arrow_writer *, int64_t *bytes, weir_arrow_error *);
    void (*writer_free)(weir_arrow_writer *);
    /* A Parquet file: its footer is read. nodes are valid until reader_free. */
    int (*reader_open)(const weir_arrow_in *, weir_arrow_reader **, int64_t *rows,
                       const weir_arrow_node **nodes, int *nnode, weir_arrow_error *);
    /* A value of the footer's key-value metadata, or NULL; valid until reader_free. */
    const char *(*reader_meta)(weir_arrow_reader *, const char *key);
    /* Which leaves are read, by number. */
    int (*reader_start)(weir_arrow_reader *, const int *leaves, int n, weir_arrow_error *);
    /* The next rows, at most max; *rows 0 at the end. out: one for each leaf; those that were
     * filled before a failure are the caller's all the same. */
    int (*reader_next)(weir_arrow_reader *, int64_t max, weir_arrow_leaf *out, int64_t *rows,
                       weir_arrow_error *);
    void (*reader_free)(weir_arrow_reader *);
    void (*release)(void *owner); /* NULL is allowed; any thread */
} weir_arrow_api;

/* In the shared library. Once, before the first use; the memory's functions outlive it. */
const weir_arrow_api *weir_arrow_api_get(const weir_arrow_memory *);
#ifdef __cplusplus
}
#endif
#endif
