/* The rows of one micro-batch, kept so that they can be read any number of times and by several
 * readers at once: in memory up to a bound, beyond it in a file without a name
 * (spark.weir.foreachBatch.memory, spark.local.dir). */
#ifndef WEIR_SINK_HELD_H
#define WEIR_SINK_HELD_H
#include "io/sink.h"

typedef struct weir_held weir_held;
weir_held *weir_held_new(weir_ctx *, weir_schema *); /* never NULL */
weir_rc weir_held_add(weir_ctx *, weir_held *, const weir_batch *);
int64_t weir_held_rows(const weir_held *);
/* Ends the writing: a resolved relation of the rows, which lives as long as *mem. Memory and file
 * go when the caller frees that. The held itself is used up. */
weir_rc weir_held_plan(weir_ctx *, weir_held *, weir_arena **mem, weir_plan **out);
void weir_held_free(weir_held *); /* NULL is allowed; not after weir_held_plan */
#endif
