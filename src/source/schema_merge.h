/* One schema of several. */
#ifndef WEIR_SOURCE_SCHEMA_MERGE_H
#define WEIR_SOURCE_SCHEMA_MERGE_H
#include "col/type.h"

/* Fields of both by name, those of a first; what has two types is CANNOT_MERGE_SCHEMAS. In
 * ctx->arena, but for what is taken over unchanged. SPARK StructType.merge */
weir_rc weir_schema_merge(weir_ctx *, weir_schema *a, weir_schema *b, weir_schema **out);
#endif
