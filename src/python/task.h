/* Tasks of pyspark.worker: what is told before the data, and what is answered after it. The order
 * and form of fields differ between PySpark 4.0, 4.1, 4.2 and 4.3. SPARK PythonRunner. */
#ifndef WEIR_PYTHON_TASK_H
#define WEIR_PYTHON_TASK_H
#include "python/worker.h"

typedef enum { WEIR_PY_NON_UDF = 0 } weir_py_eval; /* SPARK PythonEvalType */

typedef struct weir_py_pair {
    const char *key, *value;
} weir_py_pair;

typedef struct weir_py_task {
    weir_py_eval eval;
    int32_t partition;
    int64_t attempt;             /* unique in the worker's life */
    const char *version;         /* of Python: "3.11" */
    const weir_py_pair *property; /* TaskContext.getLocalProperty */
    int nproperty;
    const char *files; /* the session's folder */
    const char **zip;  /* modules in it that are zipped */
    int nzip;
    const void *command; /* pickled (function, profiler, deserializer, serializer) for NON_UDF */
    size_t ncommand;
} weir_py_task;

/* The message of a worker of that PySpark (402 for 4.2), appended. */
void weir_py_put_task(weir_arena *, int pyspark, const weir_py_task *, weir_str *out);
/* After the data and WEIR_PY_END_OF_STREAM were sent: reads to the end of the answer. *again: the
 * worker takes another task; false: it did not read all of its input, and ends. lead as in
 * weir_py_raise. */
weir_rc weir_py_finish(weir_ctx *, weir_py_worker *, const char *lead, bool *again);
#endif
