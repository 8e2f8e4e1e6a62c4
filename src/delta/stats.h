/* Per-file statistics of a Delta add action. DELTA PROTOCOL "Per-file Statistics". One task. */
#ifndef WEIR_DELTA_STATS_H
#define WEIR_DELTA_STATS_H
#include "col/column.h"

/* Which columns have statistics, and how. */
typedef struct weir_stats_spec {
    int64_t columns;           /* the first so many leaves of the schema; < 0: all */
    const char *const **named; /* nnamed paths of names, each ended by NULL; else columns decides */
    int nnamed;
    int prefix;        /* characters kept of a text */
    bool tight_bounds; /* said of the file: it has no deletion vector */
} weir_stats_spec;

typedef struct weir_stats weir_stats;
bool weir_stats_ranged(const weir_type *); /* values of the type have bounds */
weir_stats *weir_stats_new(weir_arena *, weir_schema *, const weir_stats_spec *);
weir_rc weir_stats_add(weir_ctx *, weir_stats *, const weir_batch *); /* of that schema */
void weir_stats_json(const weir_stats *, weir_str *out);
int64_t weir_stats_rows(const weir_stats *);
#endif
