/* Writing rows into Hive folders k=v: which rows belong to which folder, and the folder's name.
 * Used by the file sinks and by Delta's. SPARK ExternalCatalogUtils, DynamicPartitionDataWriter. */
#ifndef WEIR_IO_PARTITION_H
#define WEIR_IO_PARTITION_H
#include "col/column.h"

/* "k=v/l=w/" in mem; NULL and "" stand for Hive's null; "" when n is 0. SPARK escapePathName: what
 * Spark escapes is written %XX. */
char *weir_part_dir(weir_arena *mem, const char *const *name, const char *const *value, int n);

typedef struct weir_part_keys { /* the columns that folders are named after */
    const char *where;          /* of the folders, for errors */
    const char *const *name;
    const weir_column *text; /* n STRING columns: their values */
    int n;
} weir_part_keys;

/* Calls each once per combination of values among len rows, in order of first appearance: the
 * values (NULL: null or empty, which is the same in a folder's name) and its rows. Values and rows
 * are in ctx->arena. Stops at the first failure; TASK_WRITE_FAILED for a value with a NUL. */
typedef weir_rc weir_part_fn(weir_ctx *, void *u, const char *const *value, const int64_t *row,
                             int64_t nrow);
weir_rc weir_part_groups(weir_ctx *, const weir_part_keys *, int64_t len, weir_part_fn *each,
                         void *u);
#endif
