/* What streaming asks of a resolved plan: which columns carry a watermark, which plans a stream
 * cannot run, and the form that fixes the layout of state. */
#ifndef WEIR_PLAN_STREAM_H
#define WEIR_PLAN_STREAM_H
#include "plan/plan.h"

/* The delay of the watermark that output column i carries, -1 when it is no event time. A time
 * window over an event time is one, too. SPARK EventTimeWatermark.delayKey and what copies it. */
int64_t weir_event_time_delay(const weir_plan *, int i);
/* First such output column, -1 none. */
int weir_event_time_column(const weir_plan *);
/* Of an AGGREGATE: the grouping key that is one, -1 none. */
int weir_event_time_key(const weir_plan *aggregate);
/* The end of a time window column, or the time itself, from a column of either type; in micros,
 * INT64_MAX for null. */
int64_t weir_event_time_at(const weir_column *, int64_t row);

/* Fails as Spark does when a stream cannot run the plan in the output mode ("Append", "Update",
 * "Complete"). SPARK UnsupportedOperationChecker */
weir_rc weir_check_streaming(weir_ctx *, const weir_plan *, const char *output_mode);

/* Fails when the plan reads a stream: its rows are asked for, or it is to be kept. */
weir_rc weir_check_batch(weir_ctx *, const weir_plan *);

/* The plan with its filters as far down as Spark pushes them: below projections, watermarks whose
 * time they do not mention, and aggregates of whose keys they speak. */
weir_rc weir_stream_push(weir_ctx *, const weir_plan *, weir_plan **out);

/* The plan with the aggregates of each streaming AGGREGATE in the order in which the projections
 * above it mention them, those that nobody needs left out: the order of the buffers in state.
 * SPARK CollapseProject, ColumnPruning, PhysicalAggregation */
weir_rc weir_stream_layout(weir_ctx *, weir_plan *, weir_plan **out);
#endif
