/* Table properties of Delta: what each asks for, and what a table asks that has them. SPARK
 * DeltaConfigs. Any thread. */
#ifndef WEIR_DELTA_PROPS_H
#define WEIR_DELTA_PROPS_H
#include "delta/delta.h"
#include "delta/feature.h"
#include "delta/stats.h"

/* Checks "delta." keys and their values as Delta does, and gives them their spelling; refuses by
 * name what weir would promise and not do. out (may be NULL) has all of them, others as they are;
 * protocol properties, too. */
weir_rc weir_delta_props_check(weir_ctx *, const weir_options *given, const char *where,
                               weir_options *out);

typedef struct weir_delta_new { /* what a new table says of itself */
    weir_options config;
    weir_delta_protocol protocol;
} weir_delta_new;
/* From the write's properties and delta.* options, and spark.databricks.delta.properties.defaults.
 * of the session. Memory: ctx->arena. */
weir_rc weir_delta_props_new(weir_ctx *, const weir_write_info *, weir_schema *table,
                             const char *const *part, int npart, weir_delta_new *out);
/* Of a table that is there: properties that ask its writers for what weir does not do. */
weir_rc weir_delta_check_config(weir_ctx *, const weir_options *config, const char *where);
/* May weir write to the table? removes: the write takes files away. */
weir_rc weir_delta_check_writer(weir_ctx *, const weir_delta *, bool removes);
weir_rc weir_delta_check_feed(weir_ctx *, const weir_options *config, weir_schema *);
/* The delta.* options of a batch that finds its table there: checked, and without effect. */
weir_rc weir_delta_check_options(weir_ctx *, const weir_write_info *);
/* What the columns ask for that a table of this protocol does not offer, refused. */
weir_rc weir_delta_check_protocol(weir_ctx *, const weir_delta *, weir_schema *table);

/* Of a table that is there: the property, or what it is without. */
bool weir_delta_flag(const weir_options *config, const char *key, bool dflt);
int64_t weir_delta_number(const weir_options *config, const char *key, int64_t dflt);
int64_t weir_delta_span_ms(const weir_options *config, const char *key, int64_t dflt_days);
void weir_delta_stats_spec(weir_arena *, const weir_options *config, weir_stats_spec *out);

/* delta.dataSkippingStatsColumns: paths of names, each ended by NULL. False: no such list. */
typedef struct weir_delta_columns {
    const char *const **path;
    int n;
} weir_delta_columns;
bool weir_delta_column_list(weir_arena *, const char *text, weir_delta_columns *out);
/* Whether the table has those columns, and values of theirs have an order. */
weir_rc weir_delta_check_columns(weir_ctx *, const weir_options *config, weir_schema *table,
                                 const char *const *part, int npart);
#endif
