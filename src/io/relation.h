/* Relations: what a resolved SCAN node holds. A relation is a data source (or table) opened for a
 * plan: it knows its schema; streaming ones plan batches by offsets. Implementations: source/ and
 * delta/; each is one file with one const ops table, and one line in app/registry.c. Offsets are
 * Spark's JSON text, opaque above the source. */
#ifndef WEIR_IO_RELATION_H
#define WEIR_IO_RELATION_H
#include "base/uri.h"
#include "plan/plan.h"

typedef struct weir_scan weir_scan;

typedef struct weir_limit { /* what one batch may take */
    bool unlimited;         /* Trigger.Once: ignore the source's own limits */
    bool frozen;            /* availableNow: nothing that arrived after weir_source_ops.freeze */
} weir_limit;

/* A piece of input for one task. Payload is the source's. */
typedef struct weir_split {
    const char *path; /* local path; NULL if not a file */
    const char *uri;  /* as input_file_name() and _metadata.file_path show it: file:///a/b.json */
    int64_t start, length, size_bytes, mtime_us;
    const weir_column *part_value; /* one-row values of npart partition columns */
    const int32_t *part_at;        /* where they are in the scan's schema */
    int32_t npart;
    int64_t lo, hi; /* row or offset range of non-file sources */
    const void *payload;
} weir_split;
typedef struct weir_splits {
    int64_t n, cap;
    weir_split *v;
} weir_splits;
extern const weir_type *weir_file_metadata_type(weir_arena *); /* of the column _metadata */
void weir_splits_add(weir_arena *, weir_splits *, weir_split);
/* The order in which files are read: the largest first, those of a size as they stand. SPARK
 * FileSourceScanExec.createReadRDD */
void weir_splits_by_size(weir_arena *, weir_splits *);

void weir_task_file(weir_ctx *, const weir_split *); /* ctx->task reads this file now */

typedef struct weir_reader weir_reader;
struct weir_reader {
    /* Next batch of the scan's output schema, in ctx->arena; *eof with no batch at the end. Sets
     * ctx->task (input file) before returning rows of it. */
    weir_rc (*next)(weir_ctx *, weir_reader *, weir_batch *out, bool *eof);
    void (*close)(weir_reader *);
};

typedef struct weir_source_ops {
    const char *format;              /* "json"; aliases are separate registry rows */
    const char *options;             /* groups of base/options.def: "json file"; NULL none */
    bool batch, streaming, metadata; /* metadata: rows come from files, _metadata can be had */
    /* Fills scan->schema (or takes the user's), checks options. Called once, at analysis.
     * ctx->arena outlives the scan. */
    weir_rc (*open)(weir_ctx *, weir_scan *);
    /* Streaming: called once per run before the first latest(); scan->checkpoint_dir is set. last =
     * end offset of the newest offset-log entry (NULL: fresh start). */
    weir_rc (*start)(weir_ctx *, weir_scan *, const char *last);
    /* The newest offset that a batch starting at from (NULL: the beginning) may end with, within
     * limits; NULL when the source has no data at all yet; equal to from when there is nothing new.
     * Must be durable in the source's own log on return (file source: sources/i/K is written before
     * offsets/N). In ctx->arena. */
    weir_rc (*latest)(weir_ctx *, weir_scan *, const char *from, const weir_limit *,
                      const char **to);
    weir_rc (*freeze)(weir_ctx *, weir_scan *); /* availableNow: remember the end now; optional */
    /* Pieces of (from, to]; batch reads pass NULL, NULL. In ctx->arena. */
    weir_rc (*split)(weir_ctx *, weir_scan *, const char *from, const char *to, weir_splits *);
    /* Reader over n splits, one after the other; belongs to one task. columns: which output columns
     * are needed (bool per field, or NULL for all); others may be left null. Lives until close. */
    weir_rc (*read)(weir_ctx *, weir_scan *, const weir_split *, int64_t n, const bool *columns,
                    weir_reader **);
    weir_rc (*committed)(
        weir_ctx *, weir_scan *,
        const char *upto); /* offsets/N+1 is durable: input up to here may be cleaned; optional */
    const char *(*description)(weir_ctx *, weir_scan *); /* progress sources[].description */
    weir_rc (*latest_known)(weir_ctx *, weir_scan *,
                            const char **offset_json); /* progress latestOffset; optional */
    void (*metrics)(weir_ctx *, weir_scan *,
                    weir_jw *); /* inside an object: key, string value pairs; optional */
    /* Wakes when there may be new data: waits up to timeout_ms, early on cancel; optional (default:
     * poll). */
    weir_rc (*wait)(weir_ctx *, weir_scan *, int64_t timeout_ms);
    void (*stop)(weir_scan *); /* end of a run or of the plan's life; idempotent; optional */
} weir_source_ops;

struct weir_scan {
    const weir_source_ops *ops;
    weir_arena *mem; /* outlives the scan: query or plan arena */
    const weir_plan
        *spec; /* SOURCE or TABLE node: options, paths in options "path"/names[], user schema */
    const char **path;
    int32_t npath; /* local paths */
    weir_options options;
    weir_schema *user_schema;        /* NULL: infer */
    weir_schema *schema;             /* output: data columns, then partition columns */
    weir_schema *partition_schema;   /* suffix of schema, or NULL */
    bool streaming, metadata_wanted; /* the SCAN node has _metadata behind schema's columns;
                                        made of ctx->task by the scan operator */
    const weir_type **chars; /* per column: the type with CHAR that texts are filled up to, or NULL;
                                NULL where there is none */
    bool hidden;                     /* the last column of schema comes only where it is named */
    const char *checkpoint_dir;      /* <ckpt>/sources/<i>; streaming only */
    const char *table_name;          /* for messages and DESCRIBE; may be NULL */
    const weir_expr *filter;         /* pushed filter over schema, advisory; may be NULL */
    void *impl;                      /* the source's own */
    /* with a failure: its schema is another one now, and the plan may be made again */
    bool changed;
};
/* Rows a scan reads are also the source of numInputRows. */

typedef struct weir_source_registry {
    const weir_source_ops *const *ops;
    int n;
} weir_source_registry;
#endif
