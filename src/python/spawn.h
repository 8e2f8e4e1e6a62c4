/* Inside python/: child processes and what they print. */
#ifndef WEIR_PYTHON_SPAWN_H
#define WEIR_PYTHON_SPAWN_H
#include "base/sync.h"
#include <sys/types.h>

/* Starts the keeper of a worker (keeper.h) with argv and envp in a session of its own: descriptor 3
 * is sock, output goes to out, input is empty, nothing else is open. It ends, and all below it,
 * with the calling thread. */
weir_rc weir_py_spawn(weir_ctx *, char *const *argv, char *const *envp, int sock, int out,
                      pid_t *pid);
/* Has it ended? *status as of waitpid; waits up to wait_ms. */
bool weir_py_reap(pid_t, int64_t wait_ms, int *status);
void weir_py_kill(pid_t); /* the keeper and all below it; reaps */

typedef struct weir_py_usage {
    int64_t resident_bytes, processes;
} weir_py_usage;
weir_py_usage weir_py_usage_below(pid_t keeper); /* of all that comes of it; 0 when it is gone */
const char *weir_py_how(weir_arena *, int status); /* "was killed by signal 9 (Killed)" */
/* The environment of a worker: those of this process's variables that are for it, with what
 * spark.weir.python.env names; spark.executorEnv.NAME; then more (pairs of name, value, which may
 * be NULL; ended by NULL). SPARK: executorEnv. */
char **weir_py_environment(weir_ctx *, const char *const *more);

/* Reads what a worker prints, line by line onto the engine's own error output, of it no more than
 * spark.weir.python.maxOutput, and keeps the end of it. A thread of its own. */
typedef struct weir_py_output weir_py_output;
weir_rc weir_py_output_start(weir_ctx *, weir_py_output **, int *write_end);
void weir_py_output_mute(weir_py_output *); /* what comes now is about the end that was asked for */
void weir_py_output_forget(weir_py_output *); /* what came so far is not for messages */
/* The last lines, after a pause for those on the way, in arena; "" if there were none. */
const char *weir_py_output_tail(weir_arena *, weir_py_output *);
void weir_py_output_stop(weir_py_output *); /* NULL is allowed */
#endif
