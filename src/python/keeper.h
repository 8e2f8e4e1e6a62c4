/* The keeper of a worker: see keeper.c. */
#ifndef WEIR_PYTHON_KEEPER_H
#define WEIR_PYTHON_KEEPER_H
#include <sys/types.h>

#define WEIR_PY_KEEPER "python-keeper" /* the subcommand */

/* argv: the subcommand, the engine's process, open files, processes (confine.h), then what to run.
 * Returns only when nothing was run. */
int weir_py_keep(int argc, char **argv);

/* Calls fn for each process that comes of pid, parents first. What is born meanwhile may be missed.
 * Any thread, also between fork and exec. */
void weir_py_below(pid_t, void (*fn)(void *u, pid_t), void *u);
#endif
