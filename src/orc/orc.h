/* ORC files. A reader or writer belongs to one task. SPARK OrcFileFormat, FORMAT: ORC specification
 * v1. */
#ifndef WEIR_ORC_ORC_H
#define WEIR_ORC_ORC_H
#include "col/column.h"

typedef struct weir_orc_reader weir_orc_reader;
/* name: the file's name in errors. FAILED_READ_FILE when it is damaged. */
weir_rc weir_orc_open(weir_ctx *, const char *path, const char *name, weir_orc_reader **out);
/* The file's columns as SQL types. Names belong to the reader. */
weir_rc weir_orc_schema(weir_ctx *, const weir_orc_reader *, weir_schema **out);
/* Batches will have exactly the schema want: columns are found by name, in all depths, and
 * converted as ORC's readers do (orc/convert.h). Timestamps are clocks on the wall of the process's
 * time zone. need: which are needed (NULL: all); the others, and what the file lacks, are null. */
weir_rc weir_orc_select(weir_ctx *, weir_orc_reader *, weir_schema *want, const bool *need);
weir_rc weir_orc_next(weir_ctx *, weir_orc_reader *, weir_batch *out, bool *eof);
void weir_orc_close(weir_orc_reader *); /* NULL is allowed */

/* A file's clocks on the wall are TIMESTAMP_NTZ here: see weir_orc_stored. The file must not be
 * there; finish and abort free the writer. */
typedef struct weir_orc_writer weir_orc_writer;
/* codec: weir_file_codec's. */
weir_rc weir_orc_create(weir_ctx *, const char *path, weir_schema *, int codec,
                        weir_orc_writer **out);
weir_rc weir_orc_add(weir_ctx *, weir_orc_writer *, const weir_batch *);
weir_rc weir_orc_finish(weir_ctx *, weir_orc_writer *, int64_t *bytes); /* durable and closed */
void weir_orc_abort(weir_orc_writer *); /* closes; the file stays. NULL is allowed */
/* TIMESTAMP as TIMESTAMP_NTZ in all depths, which is how an ORC file holds it. */
const weir_type *weir_orc_stored(weir_arena *, const weir_type *);
#endif
