/* Inside query/: one streaming query. Fields above the line belong to the driver thread; those
 * below are guarded by mu. */
#ifndef WEIR_QUERY_QUERY_H
#define WEIR_QUERY_QUERY_H
#include "base/sync.h"
#include "exec/state.h"
#include "query/maintain.h"
#include "query/offsets.h"
#include "query/watermark.h"
#include "query/manager.h"

typedef struct weir_timing {
    int64_t latest_us, wal_us, get_batch_us, planning_us, add_us, commit_us;
} weir_timing;

struct weir_query {
    weir_query_manager *manager;
    weir_query_spec spec;
    char id[37], run_id[37];
    weir_conf *conf;
    weir_sink sink;
    weir_exec *exec;
    weir_file *lock;
    int nsource;
    weir_scan **source;
    const char **from, **to; /* by source: offsets of the batch, (from, to] */
    int nplace;              /* where the plan names sources, each a line of offsets/N */
    int *place_source;
    int64_t *place_reference;
    weir_arena *offset_mem[2]; /* to, from alternate */
    int offset_turn;
    weir_log_dir offsets, commits;
    int64_t epoch; /* the batch that is or comes next */
    bool replay;   /* offsets of epoch are logged already */
    int64_t batch_time_ms;
    int64_t late_ms, watermark_ms; /* of the batch before, of the batch that runs */
    weir_watermarks watermarks;
    weir_exec_stream stream;
    weir_maintainer *maintainer;
    bool in_checkpoint; /* what fails now fails for what the checkpoint holds */
    bool ran_before;    /* in this run: a batch without data may follow */
    int64_t started_ms, trigger_start_ms, last_trigger_ms, last_event_ms;
    weir_timing timing;
    pthread_t thread;
    bool thread_started;
    /* ---- guarded by mu ---- */
    weir_mutex mu;
    weir_cond cond;
    int refs;
    bool active, data_available, trigger_active, failed;
    bool starting; /* start() waits for the sink */
    bool waiting;                         /* for data: a poke ends it */
    bool draining;                        /* end after the batch that runs */
    int64_t look, idle_look, wanted_look; /* looks for data: running, last that found none, asked
                                             for */
    char status[1024], waits[1024]; /* waits: why the step of status does not end; may be empty */
    weir_err err;          /* STREAM_FAILED, or of a start() that failed */
    weir_errcls cause_cls; /* of err.cause */
    const char *account;   /* of a failed run, in err.own: see weir_query_account */
    weir_cancel cancel;
    char **progress; /* ring of malloc'd JSON, oldest first */
    int nprogress, cprogress;
    weir_arena *mem;  /* of the query object: status and progress strings */
    weir_query *next; /* in the manager's list */
    weir_query *next_active; /* guarded by the table of active queries */
    /* guarded by the manager's listen_mu */
    bool events_held;
    struct weir_held_event *held, **held_end;
};

/* active.c */
/* Stops the active run of the query that the checkpoint belongs to, or refuses the start. */
weir_rc weir_query_replace(weir_ctx *, weir_query_table *, const weir_query *);
/* CONCURRENT_QUERY when one of its id has come in between. */
weir_rc weir_query_enter(weir_ctx *, weir_query_table *, weir_query *);
void weir_query_leave(weir_query_table *, const weir_query *);
/* microbatch.c */
/* The id in a checkpoint's metadata; "" when there is none. */
weir_rc weir_query_id_of(weir_ctx *, const char *checkpoint, char id[37]);
void *weir_query_thread(void *query);
weir_rc weir_query_prepare(weir_ctx *,
                           weir_query *); /* checkpoint identity and lock; caller's thread */
/* progress.c */
weir_rc weir_progress_text(weir_ctx *, weir_query *, const int64_t *rows_in, int64_t rows_out,
                           weir_str *out);
void weir_query_set_status(weir_query *, const char *message, bool data, bool trigger);
void weir_query_say(void *query, const char *text); /* a weir_notice: shown instead of the status */
void weir_query_add_progress(weir_query *, const char *json);
void weir_query_event(weir_query *, weir_event_kind, const char *json);
void weir_iso_time(int64_t ms, char out[32]);
/* What the query was at. SPARK StreamExecution.toDebugString */
const char *weir_query_account(weir_ctx *, weir_query *);
/* manager.c */
/* The thread has opened what start() waits for, or has failed to (and has ended). */
void weir_query_began(weir_query *, const weir_err *failed);
void weir_manager_emit(weir_query *, weir_event_kind, const char *json);
void weir_manager_ended(weir_query_manager *, weir_query *);
#endif
