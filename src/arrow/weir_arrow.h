/* Parquet and ORC through Arrow C++, behind plain C. The shared library (shim.cc) is loaded at
 * first use by load.c. All bytes pass callbacks, so that the caller's file layer counts and checks
 * every operation. Functions return 0, or -1 with a text in error. Thread: one reader or writer
 * belongs to one thread; different ones are independent. */
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
} weir_arrow_error;
typedef enum { WEIR_ARROW_PARQUET, WEIR_ARROW_ORC } weir_arrow_format;
typedef struct weir_arrow_writer weir_arrow_writer;
typedef struct weir_arrow_reader weir_arrow_reader;

typedef struct weir_arrow_api {
    int version; /* 1 */
    /* schema is moved. codec: snappy, zstd, gzip, lz4, none. spark_schema: Spark's schema JSON for
     * the footer, or NULL; int96 and spark_schema are Parquet's. */
    int (*writer_open)(const weir_arrow_out *, weir_arrow_format, struct ArrowSchema *schema,
                       const char *codec, int int96, const char *spark_schema, weir_arrow_writer **,
                       weir_arrow_error *);
    int (*writer_add)(weir_arrow_writer *, struct ArrowArray *batch,
                      weir_arrow_error *); /* batch is moved */
    int (*writer_close)(weir_arrow_writer *, int64_t *bytes, weir_arrow_error *);
    void (*writer_free)(weir_arrow_writer *);
    /* spark_schema: the footer's Spark schema JSON or NULL; valid until reader_free. */
    int (*reader_open)(const weir_arrow_in *, weir_arrow_format, weir_arrow_reader **,
                       const char **spark_schema, int64_t *rows, weir_arrow_error *);
    int (*reader_schema)(weir_arrow_reader *, struct ArrowSchema *out, weir_arrow_error *);
    /* Columns by index of the top-level fields; batches of at most rows. */
    int (*reader_start)(weir_arrow_reader *, const int *columns, int n, int64_t rows,
                        weir_arrow_error *);
    int (*reader_types)(weir_arrow_reader *, struct ArrowSchema *out,
                        weir_arrow_error *); /* of what next gives */
    int (*reader_next)(weir_arrow_reader *, struct ArrowArray *out,
                       weir_arrow_error *); /* out->release NULL at the end */
    void (*reader_free)(weir_arrow_reader *);
} weir_arrow_api;

/* In the shared library. */
const weir_arrow_api *weir_arrow_api_get(void);
#ifdef __cplusplus
}
#endif
#endif
