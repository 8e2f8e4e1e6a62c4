/* A Python process beside the engine that runs a client's function: PySpark's own worker modules,
 * started by a few lines of ours (boot.c) on one end of a socket pair. A worker belongs to one
 * query's thread; it dies with that thread, with the engine, and when it is stopped, and all that
 * came of it with it (keeper.h). What it may do: confine.h. Integers on the socket are big-endian,
 * texts are i32 length + UTF-8. SPARK: PythonWorkerFactory, StreamingPythonRunner.
 *
 * Every wait ends early on ctx->cancel, on the worker's death, when it is late
 * (spark.weir.python.startTimeout, batchTimeout), or when it holds too much memory or has too many
 * processes (spark.weir.python.memory, maxProcesses): failures name the function and give the
 * worker's last output. Thread: that which started it, but for the output, which has a thread of
 * its own. */
#ifndef WEIR_PYTHON_WORKER_H
#define WEIR_PYTHON_WORKER_H
#include "base/buf.h"

typedef struct weir_py_worker weir_py_worker;

typedef enum {
    WEIR_PY_FOREACH_BATCH, /* pyspark.sql.connect.streaming.worker.foreach_batch_worker */
    WEIR_PY_TASK,          /* pyspark.worker: one task after the other (foreach, functions) */
    WEIR_PY_UNPACK         /* no function: see weir_py_unpack */
} weir_py_kind;

/* client_type of what a worker asks for begins so, the run's id behind it. */
#define WEIR_PY_AGENT "weir-worker-"

typedef struct weir_py_spec {
    weir_py_kind kind;
    const char *version;     /* of the Python that pickled the function: "3.11" */
    const char *what;        /* for messages: "foreachBatch of query x" */
    const char *run_id;      /* of the query: its requests carry WEIR_PY_AGENT + this */
    const char *files;       /* the session's folder: modules, root of SparkFiles */
    const char *url, *token; /* of this engine, where the worker calls back; NULL: it does not */
} weir_py_spec;

enum { /* replies and marks that are no length. SPARK SpecialLengths */
    WEIR_PY_READY = 0,
    WEIR_PY_END_OF_DATA = -1,
    WEIR_PY_EXCEPTION = -2,
    WEIR_PY_TIMING = -3,
    WEIR_PY_END_OF_STREAM = -4,
    WEIR_PY_START_ARROW = -6
};

/* Starts the interpreter that weir_py_find names and waits until PySpark in it says which versions
 * it is. Fails by name when there is none, or one that cannot run the function. The spec's texts
 * are copied. */
weir_rc weir_py_start(weir_ctx *, const weir_py_spec *, weir_py_worker **out);
/* Kills it and all that came of it; NULL is allowed. Below one second, also when it ignores
 * everything. */
void weir_py_stop(weir_py_worker *);
int weir_py_pyspark(const weir_py_worker *); /* 402 for 4.2: the messages differ between releases */
void weir_py_name(weir_py_worker *, const char *function); /* for messages; copied */
/* A new step begins: its time is counted from now; what is for messages ("batch 7"). */
void weir_py_step(weir_ctx *, weir_py_worker *, const char *what);

/* Writes all. An early answer (an exception) ends it: *early. */
weir_rc weir_py_send(weir_ctx *, weir_py_worker *, const void *p, size_t n, bool *early);
weir_rc weir_py_recv(weir_ctx *, weir_py_worker *, void *p, size_t n);
weir_rc weir_py_recv_int(weir_ctx *, weir_py_worker *, int32_t *);
weir_rc weir_py_recv_text(weir_ctx *, weir_py_worker *, char **text); /* in ctx->arena */
/* After WEIR_PY_EXCEPTION: reads the traceback and fails with PYTHON_EXCEPTION, lead before it. */
weir_rc weir_py_raise(weir_ctx *, weir_py_worker *, const char *lead);
/* The same while the function is loaded for start(), with
 * STREAMING_PYTHON_RUNNER_INITIALIZATION_FAILURE. */
weir_rc weir_py_raise_start(weir_ctx *, weir_py_worker *);
/* After the function was sent: what PySpark's read_command made of it is told by name (weir_py_name
 * is called); an exception is raised, without a lead as of start(). */
weir_rc weir_py_loaded(weir_ctx *, weir_py_worker *, const char *lead);

/* Unpacks an archive into the folder to, which is made; what it is, the end of name says (.zip,
 * .jar, .tar, .tar.gz, .tgz). Nothing lands outside of to. bytes: at most these (a KiB more is
 * counted for each entry); what it took. A failure leaves nothing. */
weir_rc weir_py_unpack(weir_ctx *, const char *archive, const char *name, const char *to,
                       int64_t *bytes);

/* For messages being built. */
void weir_py_put_int(weir_str *, int32_t);
void weir_py_put_long(weir_str *, int64_t);
void weir_py_put_text(weir_str *, const char *);
void weir_py_put_bytes(weir_str *, const void *p, size_t n);

/* The interpreter of workers: spark.pyspark.python, PYSPARK_PYTHON, WEIR_PYTHON, .venv beside the
 * binary or here, python3 of PATH. An absolute or relative path that can be executed. */
weir_rc weir_py_find(weir_ctx *, const char **python);
extern const char weir_py_boot[]; /* boot.c: what the interpreter runs first */
#endif
