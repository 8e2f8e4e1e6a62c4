/* A checkpoint folder looked at from outside, without its query: what it holds, what the next start
 * would do, what is damaged, and which batches it could be taken back to. Nothing is written by
 * reading. checkpoint-format 1, 2, 5, 9. Everything lives in ctx->arena. Thread: one; no state. */
#ifndef WEIR_INSPECT_CHECKPOINT_H
#define WEIR_INSPECT_CHECKPOINT_H
#include "col/type.h"
#include "query/offsets.h"

typedef enum {
    WEIR_CK_HARMLESS, /* the next start steps over it */
    WEIR_CK_MENDABLE, /* the next start fails; repair knows what to take away */
    WEIR_CK_STOPS     /* the next start fails, and only a copy (or a rollback) helps */
} weir_ck_grade;

typedef struct weir_ck_finding {
    weir_ck_grade grade;
    const char *path;   /* below the checkpoint */
    const char *what;   /* what is the matter: a sentence without its full stop */
    const char *todo;   /* what to do about it; may be "" */
    const char *remove; /* what repair takes away, below the checkpoint; NULL: nothing */
} weir_ck_finding;

typedef struct weir_ck_entry { /* of offsets/ or commits/ */
    int64_t id;
    const char *why; /* it cannot be used; NULL: whole */
    bool torn;       /* it looks cut off, as a loss of power leaves it: nobody else's file */
    weir_offsets o;
    int64_t next_ms; /* of a commit */
} weir_ck_entry;
typedef struct weir_ck_log {
    weir_ck_entry *v; /* by id */
    int64_t n;
} weir_ck_log;

typedef struct weir_ck_source {
    const char *kind, *offset; /* offset: end of the newest planned batch, NULL none */
    int64_t newest, upto;      /* of a log of files: its newest entry; the one the offset names */
    int64_t files;             /* listed by the log; -1: the source has no such log */
} weir_ck_source;

typedef struct weir_ck_state_file {
    int64_t version, size_bytes;
    bool snapshot;
    const char *why; /* NULL: whole */
} weir_ck_state_file;
typedef struct weir_ck_part {
    const char *dir; /* below the checkpoint */
    weir_ck_state_file *file;
    int64_t n, size_bytes;
} weir_ck_part;
typedef struct weir_ck_store {
    int32_t op;
    const char *op_name, *name; /* op_name NULL: unknown */
    weir_schema *key, *value;   /* NULL: unknown */
    weir_ck_part *part;
    int32_t npart;
    int64_t version, rows, size_bytes; /* of the version the next start reads; rows -1: unknown */
} weir_ck_store;

typedef struct weir_ck {
    const char *dir;
    const char *id;       /* NULL: no usable one */
    bool locked, running; /* by the caller; by a query of weir */
    const char *run_id;
    weir_ck_log offsets, commits;
    int64_t planned, committed; /* highest ids, -1 none */
    bool again;                 /* the next start runs planned again, else it plans next */
    int64_t next, watermark_ms;
    const char *provider, *codec;
    int32_t npart; /* recorded; 0: not */
    bool row_checksum, understood; /* understood: state is of the HDFS-backed provider */
    weir_ck_source *source;
    int nsource;
    weir_ck_store *store;
    int nstore;
    weir_ck_finding *found;
    int nfound, cfound;
    bool stops;     /* the next start would fail */
    int64_t *back;  /* batches a rollback can go to, ascending */
    int nback;
    bool sink_known;
    int64_t sink_batch; /* the newest batch the sink has; -1 none */
    const char **hidden; /* files taken as if they were gone, below the checkpoint */
    int nhidden;
} weir_ck;

/* Fails when there is no checkpoint in dir; what is damaged in it is no failure. in: hidden,
 * locked and sink are taken from there; NULL: none. */
weir_rc weir_ck_read(weir_ctx *, const char *dir, const weir_ck *in, weir_ck **out);
/* What the sink has: the batch that a Delta table's txn, or a file sink's log names. "none": a sink
 * that keeps nothing. */
weir_rc weir_ck_sink(weir_ctx *, weir_ck *, const char *sink);

/* What is to be done to a checkpoint: paths below it that go, in this order. */
typedef struct weir_ck_plan {
    weir_arena *mem;
    const char **remove, **why; /* why: beside each */
    int n, cap;
    const char **say; /* what follows from it: sentences without the full stop */
    int nsay, csay;
} weir_ck_plan;
/* Fail, saying what stands in the way; an empty plan: there is nothing to do. Files are only read.
 * *after: the checkpoint as it will be. */
weir_rc weir_ck_plan_repair(weir_ctx *, const weir_ck *, weir_ck_plan *, weir_ck **after);
weir_rc weir_ck_plan_rollback(weir_ctx *, const weir_ck *, int64_t to, weir_ck_plan *,
                              weir_ck **after);
/* The lock that a query holds: none can start until weir_file_drop. Fails when one runs. */
weir_rc weir_ck_lock(weir_ctx *, const char *dir, weir_file **lock);
/* Moves what the plan names into the folder *kept, made inside the checkpoint, whose lock the
 * caller holds. At every moment the checkpoint is one that starts as before, as after, or is
 * refused by name, and the same command finishes the work. */
weir_rc weir_ck_apply(weir_ctx *, const weir_ck *, const weir_ck_plan *, const char **kept);

void weir_ck_text(weir_ctx *, const weir_ck *, weir_str *out);
void weir_ck_json(weir_ctx *, const weir_ck *, weir_str *out);
/* after: as the plan leaves it. kept NULL: nothing was done yet. */
void weir_ck_plan_text(weir_ctx *, const weir_ck *after, const weir_ck_plan *, const char *kept,
                       weir_str *out);
void weir_ck_plan_json(weir_ctx *, const weir_ck *after, const weir_ck_plan *, const char *kept,
                       weir_str *out);
#endif
