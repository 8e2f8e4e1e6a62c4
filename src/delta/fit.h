/* How the rows of a write fit a Delta table: as they are, with new columns (mergeSchema), in the
 * place of its own (overwriteSchema), or not at all. */
#ifndef WEIR_DELTA_FIT_H
#define WEIR_DELTA_FIT_H
#include "delta/delta.h"
#include "delta/write_options.h"
#include "func/assign.h"

typedef struct weir_delta_fit {
    weir_schema *table; /* columns after the write */
    weir_schema *data;  /* those of them that name no folders */
    weir_assign *shape; /* rows to them */
    const char **part;
    int npart;
    bool new_metadata;
} weir_delta_fit;

/* Results live in ctx->arena, and as long as the snapshot. overwrites: no row of the table stays.
 * DELTA_METADATA_MISMATCH, DELTA_FAILED_TO_MERGE_FIELDS, and what casts fail with. */
weir_rc weir_delta_fit_rows(weir_ctx *, const weir_delta *, const weir_write_info *,
                            const weir_delta_write_options *, bool overwrites, weir_delta_fit *out);
/* What Delta refuses of the rows of a write before it looks at a table (replaced: they take the
 * place of its rows), and once it is known how they fit; in Delta's order. */
weir_rc weir_delta_check_rows(weir_ctx *, const weir_write_info *, bool replaced);
weir_rc weir_delta_check_fit(weir_ctx *, const weir_write_info *, const weir_delta_fit *);
#endif
