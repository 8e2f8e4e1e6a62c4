/* Values of k=v folders. raw: as it stands in a path, with its %XX; NULL: Hive's null. */
#ifndef WEIR_SOURCE_PARTITION_H
#define WEIR_SOURCE_PARTITION_H
#include "col/column.h"
#include "func/datetime.h"

char *weir_folder_text(weir_arena *, const char *raw, size_t n); /* %XX undone */
/* The type that one value looks like. */
weir_rc weir_folder_type(weir_ctx *, const char *raw, const weir_type **out);
/* The type of a column that has values of both; a may be NULL. */
const weir_type *weir_folder_wider(weir_ctx *, const weir_type *a, const weir_type *b);
/* One row. What the type cannot hold fails, or is null without
 * spark.sql.sources.validatePartitionColumns. */
weir_rc weir_folder_value(weir_ctx *, const weir_field *, const char *raw, const weir_zone *,
                          weir_column *out);
#endif
