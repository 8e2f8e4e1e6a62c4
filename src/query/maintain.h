/* Snapshots of state and the removal of old files, beside the batches: a thread of its own for
 * each query that has state. SPARK StateStore maintenance */
#ifndef WEIR_QUERY_MAINTAIN_H
#define WEIR_QUERY_MAINTAIN_H
#include "exec/state.h"

typedef struct weir_maintainer weir_maintainer;

/* Starts the thread; NULL when the tree has no state. conf, env and the tree outlive it. */
weir_maintainer *weir_maintainer_start(const weir_exec *, const weir_conf *, weir_env *);
/* State version is committed; returns at once. */
void weir_maintainer_note(weir_maintainer *, int64_t version);
/* Waits for the work that is going on. NULL is fine. */
void weir_maintainer_stop(weir_maintainer *);
#endif
