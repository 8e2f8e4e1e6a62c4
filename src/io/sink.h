/* Sinks: where a batch write or a streaming query puts its rows. One file, one const ops table, one
 * line in app/registry.c each. A streaming batch runs write* then commit once; both may be run
 * again for the same batch id. */
#ifndef WEIR_IO_SINK_H
#define WEIR_IO_SINK_H
#include "io/relation.h"
#include "plan/command.h"

typedef enum { WEIR_OUT_APPEND, WEIR_OUT_UPDATE, WEIR_OUT_COMPLETE } weir_output_mode;

typedef struct weir_write_info {
    const char *query_id; /* NULL for a batch write */
    const char *query_name, *run_id;
    weir_output_mode output_mode; /* streaming */
    weir_save_mode save_mode;     /* batch */
    weir_options options;         /* "path" included */
    weir_schema *schema;          /* of the rows */
    const char *path;             /* local directory, or NULL */
    const char *table_name;       /* when it writes a catalog table */
    const char **partition_by;
    int32_t npartition;
    bool create_table, overwrite_schema;
    bool columns_only;             /* CREATE TABLE: no rows are written */
    const weir_type *table_schema; /* declared columns of the table (nullability, order), or NULL */
    const weir_expr *overwrite_where; /* replaceWhere, over schema; NULL none */
    const char *operation; /* for Delta's commitInfo: "WRITE", "STREAMING UPDATE", "CREATE TABLE AS
                              SELECT" ... */
    const char *comment;
    weir_options properties;
    void *host;                            /* the session (memory sink); opaque */
    const struct weir_py_function *python; /* foreachBatch, foreach (sink/foreach.h) */
} weir_write_info;

typedef struct weir_sink weir_sink;
typedef struct weir_writer weir_writer;
struct weir_writer { /* belongs to one task */
    weir_rc (*write)(weir_ctx *, weir_writer *, const weir_batch *);
    /* Ends the task's output: files complete and durable, nothing visible. */
    weir_rc (*finish)(weir_ctx *, weir_writer *);
    void (*abort)(weir_writer *); /* after any failure; removes what it can */
};

typedef struct weir_sink_ops {
    const char *format;
    const char *options; /* groups of base/options.def: "json file"; NULL none */
    unsigned modes; /* 1 << WEIR_OUT_*: streaming modes it takes; 0 = batch only */
    bool batch;     /* takes batch writes */
    weir_errcls needs_path; /* it writes to a path; the error when none is given; 0: it does not */
    bool names_task; /* rows that fail in a task of its are TASK_WRITE_FAILED */
    bool open_first; /* open() comes before all else of the query, and its failure is start()'s */
    /* Before the query's thread starts, in start(): what must be there, or be refused, at once;
     * optional. */
    weir_rc (*announce)(weir_ctx *, const weir_write_info *);
    weir_rc (*open)(weir_ctx *, weir_sink *); /* checks options and schema, prepares */
    /* *done: this batch is in already (replay): nothing more to do. epoch -1 in batch writes. */
    weir_rc (*begin)(weir_ctx *, weir_sink *, int64_t epoch, bool *done);
    weir_rc (*writer)(weir_ctx *, weir_sink *, int part, weir_writer **);
    weir_rc (*commit)(weir_ctx *,
                      weir_sink *); /* all writers finished; atomic, idempotent by epoch */
    void (*abort)(weir_ctx *, weir_sink *);
    const char *(*description)(weir_ctx *, weir_sink *); /* progress sink.description */
    int64_t (*rows)(weir_sink *); /* numOutputRows of the last batch, -1 unknown; optional */
    void (*close)(weir_sink *);
} weir_sink_ops;

struct weir_sink {
    const weir_sink_ops *ops;
    weir_arena *mem;
    weir_write_info info;
    int64_t epoch;
    void *impl;
};
/* SPARK FileFormatWriter.executeTask: the failure in ctx->err becomes TASK_WRITE_FAILED around it.
 * Returns WEIR_FAIL. */
weir_rc weir_task_write_failed(weir_ctx *, const char *path);

/* The writer's write() and finish(), as a task of the sink's runs them: a file operation that fails
 * there is TASK_WRITE_FAILED around FAILED_FILE_OPERATION when the sink writes files. */
weir_rc weir_writer_write(weir_ctx *, const weir_sink *, weir_writer *, const weir_batch *);
weir_rc weir_writer_finish(weir_ctx *, const weir_sink *, weir_writer *);

/* Rows that one file may hold: the option maxRecordsPerFile, else
 * spark.sql.files.maxRecordsPerFile; 0: any number. */
weir_rc weir_max_rows_of_file(weir_ctx *, const weir_options *, int64_t *out);

typedef struct weir_sink_registry {
    const weir_sink_ops *const *ops;
    int n;
} weir_sink_registry;
#endif
