/* Parquet and ORC files of batches, on the file layer of base/env.h. A writer or reader belongs to
 * one task. */
#ifndef WEIR_ARROW_PARQUET_H
#define WEIR_ARROW_PARQUET_H
#include "col/column.h"

typedef struct weir_parquet_writer weir_parquet_writer;
/* The file must not exist. spark_schema: written to the footer, as Spark does. int96: timestamps as
 * Spark's files have them. */
weir_rc weir_parquet_create(weir_ctx *, const char *path, weir_schema *, bool int96,
                            weir_parquet_writer **out);
/* An ORC file, written to and ended as the above. SPARK OrcUtils: a TIMESTAMP is a wall clock of
 * the session's time zone: see weir_orc_type. */
weir_rc weir_orc_create(weir_ctx *, const char *path, weir_schema *, weir_parquet_writer **out);
weir_rc weir_parquet_add(weir_ctx *, weir_parquet_writer *, const weir_batch *);
weir_rc weir_parquet_finish(weir_ctx *, weir_parquet_writer *,
                            int64_t *bytes); /* footer written, file synced and closed */
void weir_parquet_abort(
    weir_parquet_writer *); /* closes; the file stays. NULL and finished ones are allowed */

typedef struct weir_parquet_reader weir_parquet_reader;
/* FAILED_READ_FILE naming the file when it is damaged. */
weir_rc weir_parquet_open(weir_ctx *, const char *path, weir_parquet_reader **out);
/* TIMESTAMP as TIMESTAMP_NTZ in all depths, which is how an ORC file holds it; back: the other way.
 */
const weir_type *weir_orc_type(weir_arena *, const weir_type *, bool back);
weir_rc weir_orc_open(weir_ctx *, const char *path, weir_parquet_reader **out);
weir_schema *weir_parquet_schema(
    const weir_parquet_reader *); /* Spark's schema of the footer, else Arrow's */
/* Reads only the named columns (others, and those the file lacks, are null): batches have exactly
 * schema want, cast where types differ. */
weir_rc weir_parquet_select(weir_ctx *, weir_parquet_reader *, weir_schema *want, const bool *need);
weir_rc weir_parquet_next(weir_ctx *, weir_parquet_reader *, weir_batch *out, bool *eof);
void weir_parquet_close(weir_parquet_reader *); /* NULL is allowed */
#endif
