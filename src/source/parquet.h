/* Parquet and ORC files as rows of a file relation. */
#ifndef WEIR_SOURCE_PARQUET_H
#define WEIR_SOURCE_PARQUET_H
#include "source/files.h"

/* The schema of the scan's files: of one, or with mergeSchema of all. UNABLE_TO_INFER_SCHEMA
 * without files, CANNOT_READ_FILE_FOOTER for what is none of the format. */
weir_rc weir_parquet_infer(weir_ctx *, const weir_scan *, const weir_listing *, weir_schema **out);
/* data: columns in the files; partition columns follow. Which format: the scan's. */
weir_rc weir_parquet_rows(weir_ctx *, weir_scan *, weir_schema *data, const weir_split *, int64_t n,
                          const bool *columns, weir_reader **out);
#endif
