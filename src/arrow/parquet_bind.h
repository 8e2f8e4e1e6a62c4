/* How asked columns are made of a Parquet file's: by name in all depths, and leaf by leaf by one
 * table of conversions. SPARK ParquetReadSupport.clipParquetSchema, ParquetVectorUpdaterFactory. */
#ifndef WEIR_ARROW_PARQUET_BIND_H
#define WEIR_ARROW_PARQUET_BIND_H
#include "arrow/parquet_tree.h"
#include "col/column.h"

/* A leaf's values as they were read; buffers belong to the arena they were wrapped in. */
typedef struct weir_pq_values {
    int64_t levels;
    const int16_t *def, *rep; /* NULL: none in this file */
    int64_t n;                /* values, nulls counted */
    weir_buf *valid, *data, *heap;
} weir_pq_values;

struct weir_pq_conversion;

/* NOTHING: null in every row. LIST: an ARRAY or a MAP, kids are its items, or its keys and values.
 */
typedef enum { WEIR_PQ_NOTHING, WEIR_PQ_LEAF, WEIR_PQ_STRUCT, WEIR_PQ_ITEMS } weir_pq_form;

typedef struct weir_pq_col {
    weir_pq_form form;
    const weir_type *type;
    const weir_pq_node *node; /* NULL: the file has none */
    /* A slot begins where the repetition level is at most rep and the definition level at least
     * base; its value is there from def on. */
    int16_t rep, base, def;
    int16_t item_rep, item_def; /* ITEMS: the same for what is inside */
    int levels; /* which of the leaves that are read shows STRUCT and ITEMS their levels */
    int leaf;   /* LEAF: which of those that are read */
    const struct weir_pq_conversion *how; /* LEAF; NULL: none, an error once there are values */
    int nkid;
    struct weir_pq_col *kid;
} weir_pq_col;

typedef struct weir_pq_plan {
    weir_schema *want;
    weir_pq_col *col; /* one for each field of want */
    int nleaf;
    int *leaf; /* numbers of the leaves to read */
} weir_pq_plan;

/* need: which columns are needed (NULL: all); others are NOTHING. want must outlive the plan. A
 * column of another shape than asked for, and a name that fits several, are FAILED_READ_FILE; a
 * leaf of another type only fails once it has rows, as in Spark. file: its name in errors. */
weir_rc weir_pq_bind(weir_ctx *, const char *file, const weir_pq_node *root, weir_schema *want,
                     const bool *need, weir_pq_plan *out);
/* The error for a leaf without a conversion, NULL-form columns included: the first one's. */
weir_rc weir_pq_check(weir_ctx *, const char *file, const weir_pq_col *);

/* All of a leaf's values as a column of the asked type, nulls included. */
weir_rc weir_pq_convert(weir_ctx *, const char *file, const weir_pq_col *, const weir_pq_values *,
                        weir_column *out);
#endif
