/* The columns of a Delta table and those of rows that are written into it: the schema that both
 * give, and how the rows become it, by name. SPARK SchemaMergingUtils, DeltaSink.castDataIfNeeded,
 * SchemaUtils.normalizeColumnNames. */
#ifndef WEIR_DELTA_MERGE_H
#define WEIR_DELTA_MERGE_H
#include "func/assign.h"

/* The table's columns, then those that only the rows have; the same in structs. Types stay the
 * table's: with casts (streams) where Spark casts implicitly, without only where Parquet has one
 * type for both, and then the wider one counts. DELTA_FAILED_TO_MERGE_FIELDS otherwise. */
weir_rc weir_delta_merge(weir_ctx *, weir_schema *table, weir_schema *rows, bool casts,
                         weir_schema **out);

/* Rows into what weir_delta_merge gave: fields by name, missing ones null, leaves cast by the
 * policy of store assignment. An assignment of the whole row. */
weir_rc weir_delta_shape(weir_ctx *, weir_schema *rows, weir_schema *table, weir_assign **out);

/* As printSchema() shows it. */
char *weir_delta_tree(weir_arena *, weir_schema *);
#endif
