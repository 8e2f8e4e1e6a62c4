/* The global watermark of a query: never goes back. SPARK WatermarkTracker; checkpoint-format 5.
 * Driver thread only. */
#ifndef WEIR_QUERY_WATERMARK_H
#define WEIR_QUERY_WATERMARK_H
#include "exec/state.h"

typedef struct weir_watermarks {
    int64_t global_ms;
    bool max_policy; /* spark.sql.streaming.multipleWatermarkPolicy */
    int n;
    int64_t *each_ms; /* by WATERMARK node; one that saw no row since the start counts as 0 */
    bool *known;
} weir_watermarks;

/* start_ms: from the checkpoint. Lives in mem. */
void weir_watermarks_init(weir_watermarks *, weir_arena *mem, int n, bool max_policy,
                          int64_t start_ms);
/* After a batch: what its rows say. */
void weir_watermarks_update(weir_watermarks *, const weir_watermark_stat *);
#endif
