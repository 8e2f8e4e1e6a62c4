/* Streaming queries: start, stop, look at, wait for. One driver thread per query. Thread: any. */
#ifndef WEIR_QUERY_MANAGER_H
#define WEIR_QUERY_MANAGER_H
#include "io/sink.h"

typedef enum {
    WEIR_TRIGGER_PROCESSING_TIME,
    WEIR_TRIGGER_AVAILABLE_NOW,
    WEIR_TRIGGER_ONCE,
    WEIR_TRIGGER_CONTINUOUS
} weir_trigger_kind;
typedef struct weir_trigger {
    weir_trigger_kind kind;
    int64_t interval_ms;
} weir_trigger; /* 0 = as fast as data comes */

typedef struct weir_query weir_query; /* counted: weir_query_ref / _unref */
typedef struct weir_query_manager weir_query_manager; /* of a session */
typedef struct weir_query_table weir_query_table;     /* of the process: what runs, by id */

typedef struct weir_query_spec weir_query_spec;
struct weir_query_spec {
    const char *name;       /* or NULL */
    weir_plan *plan;        /* resolved, streaming; lives in mem */
    weir_plan *unresolved;  /* what plan was made of; lives in mem */
    /* Resolves it once more, when a source has another schema; driver thread; into ctx->arena. */
    weir_rc (*replan)(weir_ctx *, const weir_query_spec *, weir_plan **);
    weir_arena *mem;        /* adopted */
    const char *checkpoint; /* local directory, or NULL: a temporary one, removed at the end when
                               that is allowed */
    bool checkpoint_is_temp;
    weir_trigger trigger;
    weir_output_mode output_mode;
    const weir_sink_ops *sink;
    weir_write_info info; /* query ids are filled in by start */
    weir_conf *conf;      /* snapshot of the session's, adopted */
    weir_env *env;
    weir_budget *budget;
    int64_t no_data_progress_ms;
    bool hold_events; /* until weir_query_release_events: nobody may hear of it before start() */
    void *host;       /* the session */
};

weir_query_table *weir_query_table_new(void);
void weir_query_table_free(weir_query_table *); /* after all managers */
weir_query_manager *weir_query_manager_new(weir_query_table *);
void weir_query_manager_free(weir_query_manager *); /* stops all */
/* Loads or makes the checkpoint, starts the driver thread. A run of the same query, of any session,
 * is stopped first, if spark.sql.streaming.stopActiveRunOnRestart says so. Fails by name when the
 * checkpoint is in use elsewhere (lock file), when a query of that name is active in the session,
 * or one of that id is not to be stopped, when the checkpoint is foreign or damaged; by the sink's
 * failure to open when that comes first. Adopts the spec's mem and conf in any case. */
weir_rc weir_query_start(weir_ctx *, weir_query_manager *, const weir_query_spec *,
                         weir_query **out);
weir_query **weir_query_active(weir_query_manager *, weir_arena *, int *n); /* referenced */
bool weir_query_any_active(weir_query_manager *);
weir_query *weir_query_find(
    weir_query_manager *, const char *id,
    const char *run_id); /* id and/or run id; ended ones too; referenced or NULL */
/* True if some query ended since the last reset; err is filled if it failed. */
weir_rc weir_query_await_any(weir_ctx *, weir_query_manager *, int64_t timeout_ms,
                             bool *terminated);
void weir_query_reset_terminated(weir_query_manager *);

void weir_query_ref(weir_query *);
void weir_query_unref(weir_query *);
const char *weir_query_id(const weir_query *);
const char *weir_query_run_id(const weir_query *);
const char *weir_query_name(const weir_query *); /* or NULL */
bool weir_query_is_active(const weir_query *);
/* Status in ctx->arena. */
typedef struct weir_query_status {
    const char *message;
    bool is_data_available, is_trigger_active, is_active;
} weir_query_status;
weir_rc weir_query_get_status(weir_ctx *, weir_query *, weir_query_status *);
/* Progress JSON texts, oldest first (spec: the union form); last_only gives 0 or 1. */
weir_rc weir_query_progress(weir_ctx *, weir_query *, bool last_only, const char ***out, int *n);
/* The failure as Spark's StreamingQueryException.toString gives it, in ctx->arena; NULL if there
 * was none. */
const char *weir_query_exception(weir_ctx *, weir_query *);
weir_rc weir_query_stop(
    weir_ctx *,
    weir_query *); /* blocks until the thread ended (bounded by spark.sql.streaming.stopTimeout) */
weir_rc weir_query_process_all(weir_ctx *, weir_query *); /* blocks; raises the query's failure */
weir_rc weir_query_await(weir_ctx *, weir_query *, int64_t timeout_ms,
                         bool *terminated); /* < 0 for ever; raises the query's failure */
weir_rc weir_query_explain(weir_ctx *, weir_query *, bool extended, const char **text);
/* SIGTERM: running batches get grace_ms to commit, then are abandoned. */
void weir_query_manager_shutdown(weir_query_manager *, int64_t grace_ms);

/* Spark's QueryStartedEvent as JSON, in arena: whoever called start is to tell it first. */
const char *weir_query_started_text(weir_arena *, const weir_query *);
/* Listener events (progress, idle, terminated) as Spark's JSON; called on driver threads, or on
 * that which releases events; must not block long. */
typedef enum {
    WEIR_EVENT_PROGRESS,
    WEIR_EVENT_IDLE,
    WEIR_EVENT_TERMINATED
} weir_event_kind;
typedef void weir_query_listener(void *u, weir_event_kind, const char *json);
void weir_query_manager_listen(weir_query_manager *, weir_query_listener *,
                               void *u); /* NULL takes it away */
/* Of a query started with hold_events: what has happened since is told now, in order, and the rest
 * when it happens. Again: nothing. */
void weir_query_release_events(weir_query *);
void weir_query_release_all_events(weir_query_manager *);
#endif
