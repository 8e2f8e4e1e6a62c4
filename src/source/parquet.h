/* Parquet and ORC files as rows of a file relation. */
#ifndef WEIR_SOURCE_PARQUET_H
#define WEIR_SOURCE_PARQUET_H
#include "source/files.h"

/* Columns of the newest file that can be read, all nullable. UNABLE_TO_INFER_SCHEMA without files.
 */
weir_rc weir_parquet_infer(weir_ctx *, const weir_listing *, bool orc, weir_schema **out);
/* data: columns in the files; partition columns follow. Which format: the scan's. */
weir_rc weir_parquet_rows(weir_ctx *, weir_scan *, weir_schema *data, const weir_split *, int64_t n,
                          const bool *columns, weir_reader **out);
#endif
