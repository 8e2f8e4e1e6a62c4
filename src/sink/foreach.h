/* foreachBatch and foreach: sinks that hand each micro-batch to a client's Python function. The
 * engine around them (sessions, its own address) is reached through weir_foreach_host. */
#ifndef WEIR_SINK_FOREACH_H
#define WEIR_SINK_FOREACH_H
#include "io/sink.h"

/* Thread: that of the query. */
typedef struct weir_foreach_host {
    void *session; /* the root session: that of start(); outlives the query */
    const char *root_id, *user_id;
    const char *url, *token; /* where workers reach this engine; token NULL: none is asked for */
    /* A session with the root's configuration and views, for the batches of one run. */
    weir_rc (*clone)(weir_ctx *, void *session, void **clone, const char **id);
    void (*drop)(void *clone);
    /* A relation by id in that session. Adopts mem. */
    weir_rc (*hold)(weir_ctx *, void *session, const char *id, weir_plan *, weir_arena *mem);
    void (*release)(void *session, const char *id);
    /* The folder of what the client has added for workers, and the names of zipped modules in it
     * (NULL: not asked for). */
    weir_rc (*files)(weir_ctx *, void *session, const char **dir, const char ***zips, int *nzip);
    /* Ends operations that the worker of that run has asked for and that still run. */
    void (*interrupt)(void *session, const char *run_id);
} weir_foreach_host;

/* weir_write_info.python */
typedef struct weir_py_function {
    const void *command; /* pickled by the client */
    size_t ncommand;
    const char *version; /* of its Python: "3.11" */
    const weir_foreach_host *host;
} weir_py_function;

extern const weir_sink_ops weir_foreach_batch_sink, weir_foreach_sink;
#endif
