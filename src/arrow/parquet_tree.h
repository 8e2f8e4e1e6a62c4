/* The schema of a Parquet file as a tree, and the SQL types Spark reads its columns as. A tree
 * lives in the arena it was made in and points into the reader's nodes. Any thread. */
#ifndef WEIR_ARROW_PARQUET_TREE_H
#define WEIR_ARROW_PARQUET_TREE_H
#include "arrow/weir_arrow.h"
#include "col/type.h"

typedef struct weir_pq_node {
    const weir_arrow_node *is;
    const struct weir_pq_node *up; /* NULL: the root */
    int leaf;                      /* its number; -1: a group */
    int16_t def, rep; /* levels of a value that is there: definition, and of repetition the most */
    int nkid;
    struct weir_pq_node *kid;
} weir_pq_node;

/* n nodes from the root on, as the reader gives them. */
const weir_pq_node *weir_pq_tree(weir_arena *, const weir_arrow_node *nodes, int n);

/* What a group is by its annotation. SPARK ParquetToSparkSchemaConverter.convertGroupField; the
 * older forms of lists count. NULL if the node is none, or no right one. */
const weir_pq_node *weir_pq_list_item(const weir_pq_node *);
const weir_pq_node *weir_pq_map_entry(const weir_pq_node *);
bool weir_pq_is_struct(const weir_pq_node *); /* a group without annotation */

/* The columns below a root as SQL types, nullability as in the file. strict: a column of no SQL
 * type is an error (PARQUET_TYPE_ILLEGAL and its kin); else it is left out, in all depths. Conf
 * keys: spark.sql.parquet.binaryAsString and what stands beside it. */
weir_rc weir_pq_schema(weir_ctx *, const weir_pq_node *root, bool strict, weir_schema **out);
/* "INT64 (TIMESTAMP(NANOS,true))", "GROUP (LIST)", as parquet-java prints types. */
const char *weir_pq_text(weir_arena *, const weir_arrow_node *);
const char *weir_pq_physical_text(const weir_arrow_node *); /* "INT64" */
/* "[a, list, element]": from the column to the node. */
const char *weir_pq_path(weir_arena *, const weir_pq_node *);
#endif
