/* Inside python/: what a worker is kept from. */
#ifndef WEIR_PYTHON_CONFINE_H
#define WEIR_PYTHON_CONFINE_H
#include <stdint.h>
#include <sys/types.h>

typedef struct weir_py_limits {
    int64_t files;     /* open at one time, of each process */
    int64_t processes; /* of the worker; the engine counts them, see worker.c */
} weir_py_limits;

/* This process and all that come of it: no core files, limits, no rights that are not needed and
 * none to be gained, system calls filtered; guard: processes that it cannot signal. What the kernel
 * does not have is said on stderr, and left. Between fork and exec of a process of one thread. */
void weir_py_confine(const weir_py_limits *, const pid_t *guard, int nguard);
#endif
