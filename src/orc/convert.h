/* What ORC's types are read as: one table of conversions, those of ORC's own readers as Spark runs
 * them. SPARK OrcFileFormat; ORC ConvertTreeReaderFactory. One thread. */
#ifndef WEIR_ORC_CONVERT_H
#define WEIR_ORC_CONVERT_H
#include "col/column.h"
#include "func/datetime.h"
#include "orc/tail.h"

/* A column's values as the file has them. TIMESTAMP: data holds seconds, and nanos beside them;
 * they are of the calendar that the file counts in. Dates are proleptic already. */
typedef struct weir_orc_raw {
    weir_column c;
    const int32_t *nanos;
} weir_orc_raw;

typedef struct weir_orc_conversion weir_orc_conversion;
/* NULL: this type is not read as that one. */
const weir_orc_conversion *weir_orc_conversion_find(const weir_orc_type *, const weir_type *);

typedef struct weir_orc_job {
    weir_ctx *ctx;
    const weir_orc_file *file;
    const char *column; /* its name, for errors */
    const weir_zone *zone;
    bool proleptic;
    const weir_orc_raw *in;
    const weir_type *type; /* asked for */
} weir_orc_job;
weir_rc weir_orc_convert(const weir_orc_job *, const weir_orc_conversion *, weir_column *out);

/* The SQL type of a column, as Spark infers it. UNSUPPORTED_DATATYPE for unions and what is newer
 * than this reader. */
weir_rc weir_orc_sql_type(weir_ctx *, const weir_orc_type *, const weir_type **out);
/* Of a kind without parts or digits; NULL: the others. */
const weir_type *weir_orc_plain_type(int kind);
char *weir_orc_text(weir_arena *, const weir_orc_type *); /* "struct<a:int>", as ORC prints it */
#endif
