/* Parquet and ORC files behind one table. */
#ifndef WEIR_SOURCE_COLUMN_FILE_H
#define WEIR_SOURCE_COLUMN_FILE_H
#include "col/column.h"

typedef struct weir_column_format {
    const char *name;      /* as messages say it: "Parquet" */
    const char *merge_key; /* the conf key of mergeSchema */
    /* SPARK: one unreadable file among others is stepped over when a schema is looked for. */
    bool looks_further;
    weir_rc (*open)(weir_ctx *, const char *path, const char *name, void **);
    weir_rc (*schema)(weir_ctx *, const void *, weir_schema **); /* names may belong to the file */
    weir_rc (*select)(weir_ctx *, void *, weir_schema *want, const bool *need);
    weir_rc (*next)(weir_ctx *, void *, weir_batch *out, bool *eof);
    void (*close)(void *); /* NULL is allowed */
} weir_column_format;

const weir_column_format *weir_column_format_of(const char *source); /* "parquet" or "orc" */
#endif
