/* Writing rows into Hive folders k=v: which rows belong to which folder, and the folder's name.
 * Used by the file sinks and by Delta's. SPARK ExternalCatalogUtils, DynamicPartitionDataWriter. */
#ifndef WEIR_IO_PARTITION_H
#define WEIR_IO_PARTITION_H
#include "col/column.h"

/* "k=v/l=w/" in mem; NULL stands for Hive's null. Characters of special, and control characters,
 * are written %XX; "" when n is 0. */
extern const char weir_part_special[]; /* those Spark escapes */
char *weir_part_dir(weir_arena *mem, const char *const *name, const char *const *value, int n,
                    const char *special);

/* Calls each once per combination of values among the len rows of the n STRING columns text, in
 * order of first appearance: the values (NULL: null or empty, which is the same in a folder's name)
 * and its rows. Values and rows are in ctx->arena. Stops at the first failure. */
typedef weir_rc weir_part_fn(weir_ctx *, void *u, const char *const *value, const int64_t *row,
                             int64_t nrow);
weir_rc weir_part_groups(weir_ctx *, const weir_column *text, int n, int64_t len,
                         weir_part_fn *each, void *u);
#endif
