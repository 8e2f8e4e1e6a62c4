/* The values of one ORC column, read stripe by stripe from its streams. Belongs to one thread and
 * lives in its arena. */
#ifndef WEIR_ORC_VALUES_H
#define WEIR_ORC_VALUES_H
#include "orc/bind.h"
#include "orc/rle.h"

typedef enum {
    WEIR_ORC_PRESENT,
    WEIR_ORC_DATA,
    WEIR_ORC_LENGTH,
    WEIR_ORC_DICTIONARY,
    WEIR_ORC_SECONDARY = 5,
    WEIR_ORC_STREAMS
} weir_orc_stream_kind;

typedef struct weir_orc_values {
    weir_orc_stream stream[WEIR_ORC_STREAMS];
    bool has[WEIR_ORC_STREAMS];
    const char *what[WEIR_ORC_STREAMS];                    /* their names in errors */
    int64_t at[WEIR_ORC_STREAMS], bytes[WEIR_ORC_STREAMS]; /* where they are in this stripe */
    int encoding;                                          /* ColumnEncoding.Kind */
    int64_t dictionary_size;
    weir_orc_bits present, bits;
    weir_orc_bytes tiny;
    weir_orc_ints data, second; /* second: lengths, nanos, scales */
    weir_arena *dictionary_mem;
    const int32_t *entry; /* of the dictionary: offsets, one more than entries */
    const char *entries;
} weir_orc_values;

typedef struct weir_orc_scan { /* what all columns of a file share */
    weir_orc_file *file;
    weir_arena *mem;
    const weir_zone *zone;
    bool proleptic, decimal64;    /* see weir_orc_tail */
    const weir_zone *writer_zone; /* of this stripe */
} weir_orc_scan;

/* Makes values for a column and all below it. */
void weir_orc_values_new(weir_orc_scan *, weir_orc_col *, weir_orc_values **by_column);
/* A stripe begins: the streams of the column and of all below it are opened. */
weir_rc weir_orc_values_start(weir_orc_scan *, weir_orc_col *);
/* The next n rows. present: a byte for each, whether there is a row of the column above (NULL:
 * all). The column's values are as asked for; they live in ctx->arena. */
weir_rc weir_orc_values_next(weir_orc_scan *, weir_orc_col *, int64_t n, const uint8_t *present,
                             weir_column *out);
#endif
