/* Parquet and ORC files of batches, on the file layer of base/env.h. A writer or reader belongs to
 * one task. */
#ifndef WEIR_ARROW_PARQUET_H
#define WEIR_ARROW_PARQUET_H
#include "base/file_codec.h"
#include "col/column.h"

typedef struct weir_parquet_writer weir_parquet_writer;
/* The file must not exist. spark_schema: written to the footer, as Spark does. int96: timestamps as
 * Spark's files have them. */
weir_rc weir_parquet_create(weir_ctx *, const char *path, weir_schema *, const weir_file_codec *,
                            bool int96, weir_parquet_writer **out);
weir_rc weir_parquet_add(weir_ctx *, weir_parquet_writer *, const weir_batch *);
weir_rc weir_parquet_finish(weir_ctx *, weir_parquet_writer *,
                            int64_t *bytes); /* footer written, file synced and closed */
void weir_parquet_abort(
    weir_parquet_writer *); /* closes; the file stays. NULL and finished ones are allowed */

typedef struct weir_parquet_reader weir_parquet_reader;
/* name: the file's name in errors. FAILED_READ_FILE when it is damaged. */
weir_rc weir_parquet_open(weir_ctx *, const char *path, const char *name,
                          weir_parquet_reader **out);
/* What Spark infers: its own schema where the footer has one, else Parquet's types. strict: see
 * weir_pq_schema. Names may belong to the reader. */
weir_rc weir_parquet_schema(weir_ctx *, const weir_parquet_reader *, bool strict,
                            weir_schema **out);
/* Batches will have exactly the schema want: columns are found by name, in all depths, and
 * converted as Spark does (parquet_bind.h). need: which are needed (NULL: all); the others, and
 * what the file lacks, are null. */
weir_rc weir_parquet_select(weir_ctx *, weir_parquet_reader *, weir_schema *want, const bool *need);
weir_rc weir_parquet_next(weir_ctx *, weir_parquet_reader *, weir_batch *out, bool *eof);
void weir_parquet_close(weir_parquet_reader *); /* NULL is allowed */
#endif
