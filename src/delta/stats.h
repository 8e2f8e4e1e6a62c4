/* Per-file statistics of a Delta add action. DELTA PROTOCOL "Per-file Statistics": the first 32
 * columns. */
#ifndef WEIR_DELTA_STATS_H
#define WEIR_DELTA_STATS_H
#include "col/column.h"

typedef struct weir_stats weir_stats;
weir_stats *weir_stats_new(weir_arena *, weir_schema *);
weir_rc weir_stats_add(weir_ctx *, weir_stats *, const weir_batch *); /* of that schema */
void weir_stats_json(const weir_stats *, weir_str *out);
int64_t weir_stats_rows(const weir_stats *);
#endif
