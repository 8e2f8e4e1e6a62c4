/* The conversions of parquet_bind.h: which Parquet types are read as which SQL types, and how. */
#ifndef WEIR_ARROW_PARQUET_CONVERT_H
#define WEIR_ARROW_PARQUET_CONVERT_H
#include "arrow/parquet_bind.h"

typedef struct weir_pq_conversion weir_pq_conversion;
/* NULL: the leaf cannot be read as this type. */
const weir_pq_conversion *weir_pq_conversion_find(const weir_arrow_node *, const weir_type *);
#endif
