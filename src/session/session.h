/* A session: configuration, current schema, temporary views, streaming queries started from it,
 * relations held for it. Keyed by (user, session id) above. Thread: any; locks itself; plans handed
 * out are immutable. */
#ifndef WEIR_SESSION_SESSION_H
#define WEIR_SESSION_SESSION_H
#include "io/catalog.h"
#include "io/sink.h"
#include "plan/analyze.h"

typedef struct weir_session weir_session;
struct weir_query_manager;

typedef struct weir_registry { /* app/registry.c: the one place that names every source and sink */
    weir_source_registry sources;
    weir_sink_registry sinks;
    /* DESCRIBE HISTORY and DESCRIBE DETAIL of a Delta table at a local path: rows in ctx->arena. */
    weir_rc (*history)(weir_ctx *, const char *path, weir_schema **, weir_batch *);
    weir_rc (*detail)(weir_ctx *, const char *path, const char *name, weir_schema **, weir_batch *);
} weir_registry;

/* Shared by all sessions of a process. conf: the server's configuration, copied into new sessions.
 */
typedef struct weir_shared {
    weir_catalog *catalog;
    const weir_registry *registry;
    weir_conf *conf;
    weir_env *env;
    weir_budget budget;
    struct weir_query_table *queries; /* of all sessions: query/manager.h */
} weir_shared;

weir_session *weir_session_new(weir_shared *, const char *user, const char *id);
weir_session *weir_session_clone(const weir_session *,
                                 const char *new_id); /* conf, views, current schema */
void weir_session_free(weir_session *);               /* stops its queries */
const char *weir_session_id(const weir_session *);
const char *weir_session_user(const weir_session *);
weir_conf *weir_session_conf(weir_session *);
weir_shared *weir_session_shared(weir_session *);
/* A ctx over a fresh arena for one request; err and cancel are the caller's. now_us is taken once
 * here. */
void weir_session_ctx(weir_session *, weir_arena *, weir_err *, weir_cancel *, weir_ctx *out);

/* Analysis with this session's views, catalog and sources. */
weir_rc weir_session_analyze(weir_ctx *, weir_session *, weir_plan *, weir_plan **out);
/* Runs a command; *result (may be NULL) is a LOCAL plan, perhaps of no columns. */
weir_rc weir_session_command(weir_ctx *, weir_session *, weir_command *, weir_plan **result);
/* SQL text: a query is returned unresolved; a command is run and gives a LOCAL (*executed set). */
struct weir_sql_args;
weir_rc weir_session_sql(weir_ctx *, weir_session *, const char *text, const struct weir_sql_args *,
                         weir_plan **out, bool *executed);

/* Temporary views: an unresolved plan is kept (copied by reference: its arena must outlive, so the
 * session adopts mem). */
weir_rc weir_session_view_put(weir_ctx *, weir_session *, const char *name, weir_plan *,
                              weir_arena *mem, bool replace, bool global);
weir_rc weir_session_view_drop(weir_ctx *, weir_session *, const char *name, bool global,
                               bool *found);
/* Tables in memory (memory sink): appended or replaced as a whole; visible as a temporary view. */
weir_rc weir_session_memory_put(weir_ctx *, weir_session *, const char *name, weir_schema *,
                                const weir_batch *, int n, bool replace_all);
/* Relations by id (foreachBatch, cached): resolved plans; dropped by id. Adopts mem. */
weir_rc weir_session_hold(weir_ctx *, weir_session *, const char *id, weir_plan *resolved,
                          weir_arena *mem);
void weir_session_release(weir_session *, const char *id);
const char *weir_session_current_schema(weir_session *); /* valid for the session's life */
void weir_session_set_current(weir_session *, const char *schema);
weir_plan *weir_session_view_get(weir_ctx *, weir_session *,
                                 const char *name); /* alive as long as ctx->arena; NULL if there is
                                                       none; "global_temp.x" for global ones */
void weir_session_view_each(weir_session *, void (*fn)(void *u, const char *name), void *u);
/* The folder of a table that is named by its place: delta.`/path`. */
weir_rc weir_table_path(weir_ctx *, const char *format, const char *text, const char **local);
struct weir_query_manager *weir_session_queries(weir_session *); /* query/manager.h */
#endif
