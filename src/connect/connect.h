/* Inside connect/: what its parts share. Protobuf messages are unpacked into an arena and may be
 * borrowed from as long as it lives. Thread: handlers run on threads of their own (wire/server.h);
 * each operation has one more. */
#ifndef WEIR_CONNECT_CONNECT_H
#define WEIR_CONNECT_CONNECT_H
#include "base/sync.h"
#include "query/manager.h"
#include "session/session.h"
#include "sql/sql.h"
#include "wire/server.h"

#include <protobuf-c/protobuf-c.h>
#undef PROTOBUF_C__DEPRECATED /* old clients still fill deprecated fields */
#define PROTOBUF_C__DEPRECATED
#include "spark/connect/base.pb-c.h"

#define SC(name) Spark__Connect__##name
#define SK(name) SPARK__CONNECT__##name
#define WEIR_SPARK_VERSION "4.2.0"

enum { WEIR_PB_DEPTH = 1024 };

/* ---- depth.c ---- */
/* Refuses what decoding could not survive: nesting beyond WEIR_PB_DEPTH, malformed bytes, a message
 * twice in a field of one value, what would take more than half of spark.weir.connect.memory
 * decoded. No recursion. */
weir_rc weir_pb_check(weir_ctx *, const ProtobufCMessageDescriptor *, const uint8_t *p, size_t n);
/* Checked, then unpacked into ctx->arena. */
weir_rc weir_pb_unpack(weir_ctx *, const ProtobufCMessageDescriptor *, const uint8_t *p, size_t n,
                       void *out);

/* ---- types.c ---- */
weir_rc weir_pb_to_type(weir_ctx *, const SC(DataType) *, const weir_type **out);
SC(DataType) * weir_pb_from_type(weir_arena *, const weir_type *);

/* ---- sessions.c ---- */
typedef struct weir_cn_server weir_cn_server;
typedef struct weir_cn_session weir_cn_session;
typedef struct weir_cn_op weir_cn_op;
typedef struct weir_cn_artifact weir_cn_artifact;

struct weir_cn_session {
    weir_cn_session *next;
    weir_cn_server *server;
    char *user, *id, ssid[37];
    weir_session *session;
    weir_arena *mem; /* user, id */
    /* guarded by server->mu */
    int refs;
    bool closed, pinned; /* pinned: a query's own, does not expire */
    int64_t used_ms;
    /* guarded by mu */
    weir_mutex mu;
    weir_cn_op *ops;
    weir_cn_artifact *artifacts;
    int64_t artifact_bytes; /* on their way, too */
    int64_t artifact_count;
    weir_cn_op *bus; /* the operation that carries listener events, or NULL */
    struct weir_cn_level { /* of a plan that persist() was called for */
        struct weir_cn_level *next;
        uint32_t hash;
        int bits, replication;
    } *persisted;
};

typedef struct weir_cn_error {
    struct weir_cn_error *next;
    weir_arena *mem;
    char id[37], ssid[37]; /* whose; "" nobody's */
    int64_t at_ms;
    weir_err err;
} weir_cn_error;

enum { WEIR_CN_CLOSED = 256 };
struct weir_cn_server {
    weir_shared shared;
    char run_dir[300]; /* scratch for artifacts: see scratch.c */
    weir_mutex scratch_mu;
    weir_file *scratch_lock;
    atomic_llong artifact_bytes; /* of all sessions */
    weir_mutex mu;               /* sessions */
    weir_cn_session *sessions;
    struct {
        char key[128];
    } closed[WEIR_CN_CLOSED]; /* ids that must not come back */
    int closed_next;
    weir_mutex error_mu;
    weir_cn_error *errors;
    int nerror;
    weir_mutex stop_mu;
    weir_cond stop_cond;
    bool stopping;
    pthread_t sweeper;
    atomic_int worker_port; /* where Python workers reach the server, on loopback and in clear */
    const char *worker_token;
};

/* The session of a request, made at its first; referenced. observed may be NULL. Fails with
 * INVALID_HANDLE.*. */
weir_rc weir_cn_session_get(weir_ctx *, weir_cn_server *, const SC(UserContext) *, const char *id,
                            const char *observed, weir_cn_session **out);
weir_cn_session *weir_cn_session_find(weir_cn_server *, const char *user,
                                      const char *id); /* referenced, or NULL */
void weir_cn_session_unref(weir_cn_session *);
void weir_cn_session_close(weir_cn_session *); /* out of the table; operations are cancelled */
weir_rc weir_cn_session_clone(weir_ctx *, weir_cn_session *, const char *new_id,
                              weir_cn_session **out); /* referenced */
weir_cn_session **weir_cn_sessions(weir_cn_server *, int *n); /* each referenced; weir_mem_free */
void weir_cn_sweep(weir_cn_server *);                 /* expiry of sessions, operations, errors */
void weir_cn_sessions_close_all(weir_cn_server *);

/* ---- operations.c ---- */
struct weir_cn_op {
    weir_cn_op *next; /* in the session's list */
    weir_cn_session *session;
    char id[64];
    char worker[37]; /* run id of the query whose Python worker asks for it, or "" */
    char **tag;
    int ntag;
    weir_arena *mem; /* tags */
    bool reattachable;
    weir_cancel cancel;
    weir_mutex mu;
    weir_cond cond;
    /* guarded by mu */
    int refs, reader; /* reader: generation of the attached stream; an older one gives way */
    bool attached, done, failed, complete;
    bool dropped, over; /* released by the client; the listener bus was taken away */
    struct weir_cn_response *head, *tail, *unsent;
    int64_t unsent_bytes, sent_bytes, detached_ms;
    weir_err err;
};

/* What one operation may make the server hold: unsent responses (the producer waits) and sent ones
 * not released yet (the oldest go). Each may be passed by one response. */
enum {
    WEIR_OP_UNSENT_BYTES = 32 << 20,
    WEIR_OP_SENT_BYTES = 10 << 20,
    WEIR_OP_MAX_PER_SESSION = 512
};

/* INVALID_HANDLE.OPERATION_ALREADY_EXISTS when the session has it. Referenced twice: the caller's,
 * the session's. */
weir_rc weir_cn_op_new(weir_ctx *, weir_cn_session *, const SC(ExecutePlanRequest) *,
                       weir_cn_op **out);
weir_cn_op *weir_cn_op_find(weir_cn_session *, const char *id); /* referenced, or NULL */
void weir_cn_op_unref(weir_cn_op *);
void weir_cn_op_cancel(weir_cn_op *);
void weir_cn_op_wait(weir_cn_op *, int64_t timeout_ms); /* until it has ended */
/* After its end: until the client has released it, at most timeout_ms. True: it has, and its
 * session goes on. */
bool weir_cn_op_wait_released(weir_cn_op *, int64_t timeout_ms);
void weir_cn_op_drop(weir_cn_op *); /* out of the session's list; cancelled if it still runs */
/* Fills ids and queues it; blocks while the reader is slow. */
weir_rc weir_cn_op_push(weir_ctx *, weir_cn_op *, SC(ExecutePlanResponse) *);
bool weir_cn_op_try_push(weir_cn_op *,
                         SC(ExecutePlanResponse) *);       /* never blocks; false: full or over */
void weir_cn_op_end(weir_cn_op *, const weir_err *failed); /* failed may be NULL */
/* Sends to rpc what comes after the response id last (NULL: from the start), then finishes the
 * call. */
void weir_cn_op_stream(weir_cn_op *, weir_rpc *, const char *last);
void weir_cn_ops_sweep(weir_cn_session *, int64_t now_ms);
void weir_cn_reattach(weir_cn_server *, weir_rpc *, weir_ctx *);
void weir_cn_release(weir_cn_server *, weir_rpc *, weir_ctx *);
void weir_cn_interrupt(weir_cn_server *, weir_rpc *, weir_ctx *);
void weir_cn_status(weir_cn_server *, weir_rpc *, weir_ctx *);

/* ---- errors.c ---- */
/* The session may ask for its details afterwards; NULL: there is none, anybody may. */
void weir_cn_fail(weir_cn_server *, weir_rpc *, const weir_cn_session *, const weir_err *);
void weir_cn_fetch_error(weir_cn_server *, weir_rpc *, weir_ctx *);
void weir_cn_errors_sweep(weir_cn_server *, bool all);
/* Sends one response and finishes the call. */
void weir_cn_reply(weir_rpc *, weir_ctx *, const ProtobufCMessage *);
const char *weir_err_class_json(weir_arena *, const weir_err *);

/* ---- to_plan_*.c ---- */
typedef struct weir_tp {
    weir_ctx *ctx;
    weir_cn_session *session;
    int depth;
} weir_tp; /* session NULL: no artifacts */
weir_rc weir_tp_relation(weir_tp *, const SC(Relation) *, weir_plan **out);
weir_rc weir_tp_expr(weir_tp *, const SC(Expression) *, weir_expr **out);
weir_rc weir_tp_sort(weir_tp *, const SC(Expression__SortOrder) *, weir_expr **out);
weir_rc weir_tp_literal(weir_ctx *, const SC(Expression__Literal) *, weir_expr **out);
weir_rc weir_tp_sql_args(weir_tp *, const SC(SQL) *, weir_sql_args *out);
weir_rc weir_tp_local(weir_tp *, const void *data, size_t n, const char *schema_text,
                      weir_plan **out);
weir_rc weir_tp_plan(weir_tp *, const SC(Plan) *, const SC(Relation) * *root,
                     const SC(Command) * *command); /* decompresses */
weir_rc weir_tp_write(weir_tp *, const SC(WriteOperation) *, weir_command **out);
weir_rc weir_tp_write_v2(weir_tp *, const SC(WriteOperationV2) *, weir_command **out);
weir_rc weir_tp_unsupported(weir_ctx *, const char *what, const char *instead);
SC(Expression__Literal) * weir_pb_from_value(weir_arena *, const weir_column *, int64_t row);
#define WEIR_TP_OPTIONS(tp, msg)                                                                   \
    weir_tp_options((tp)->ctx, (void *)(msg)->options, (msg)->n_options)
weir_options weir_tp_options(weir_ctx *, void *entries,
                             size_t n); /* any generated map<string, string> */

/* ---- execute.c, analyze.c, config.c, artifacts.c, stream.c, catalog.c ---- */
/* One operation while it runs, on its own thread. mem holds the request and everything made of it
 * (ctx->arena). */
typedef struct weir_cn_run {
    weir_cn_server *server;
    weir_cn_session *session;
    weir_cn_op *op;
    weir_arena *mem;
    weir_ctx *ctx;
    weir_tp tp;
    const SC(Plan) * plan;
    bool may_chunk;
    int64_t chunk_bytes; /* preferred size of a piece of an Arrow batch */
    weir_query *started; /* its events wait until the client has the answer; referenced */
} weir_cn_run;
/* Hands mem to someone who outlives the operation; ctx->arena becomes a fresh one. */
weir_arena *weir_cn_run_give(weir_cn_run *);
weir_rc weir_cn_push(weir_cn_run *, SC(ExecutePlanResponse) *);
void weir_cn_execute(weir_cn_server *, weir_rpc *, weir_ctx *);
weir_rc weir_cn_send_result(weir_cn_run *, weir_plan *resolved);
weir_rc weir_cn_command(weir_cn_run *, const SC(Command) *);
void weir_cn_analyze(weir_cn_server *, weir_rpc *, weir_ctx *);
void weir_cn_config(weir_cn_server *, weir_rpc *, weir_ctx *);
void weir_cn_artifact_status(weir_cn_server *, weir_rpc *, weir_ctx *);
void weir_cn_add_artifacts(weir_cn_server *, weir_rpc *, weir_ctx *);
weir_rc weir_cn_artifact_read(weir_ctx *, weir_cn_session *, const char *hash, char **p, size_t *n);
void weir_cn_artifacts_free(weir_cn_session *);
void weir_cn_levels_free(weir_cn_session *); /* of persist() */

struct weir_cn_artifact {
    weir_cn_artifact *next;
    char *name, *file; /* file NULL: the bytes are at p */
    uint8_t *p;
    size_t n;
    weir_cn_session *of; /* counted there: n bytes, those of its unpacked content, 1 artifact */
    int64_t unpacked;
    int64_t expected, chunks_left; /* of an upload that is under way */
    bool damaged;
    struct weir_file *out;
    weir_arena *mem;
};
weir_cn_artifact *weir_cn_artifact_find(const weir_cn_session *, const char *name); /* under mu */

/* Counts bytes and artifacts before they are written: of the session, at most
 * spark.weir.artifacts.maxBytes and maxCount, of the server, maxServerBytes. */
weir_rc weir_cn_artifacts_reserve(weir_ctx *, weir_cn_session *, int64_t bytes, int64_t count);
void weir_cn_artifacts_release(weir_cn_session *, int64_t bytes, int64_t count);
int64_t weir_cn_artifacts_room(weir_cn_session *); /* bytes that may still come */

/* ---- scratch.c ---- */
weir_rc weir_cn_scratch(weir_ctx *, weir_cn_server *); /* run_dir is there */
void weir_cn_scratch_remove(weir_ctx *, weir_cn_server *);
void weir_cn_scratch_sweep(weir_cn_server *); /* what servers that were killed left behind */

/* ---- files.c ---- */
/* Artifacts for Python workers: files, modules, archives. They lie in one folder of the session, by
 * their last names. SPARK ArtifactManager.addArtifact, SparkFiles. */
bool weir_cn_files_wants(const char *name); /* this one must be a file */
/* Puts it into the folder (an archive's content) when it is such a one; a->file may move. *again:
 * the same is there. Fails with ARTIFACT_ALREADY_EXISTS when it is another one of that name. */
weir_rc weir_cn_files_add(weir_ctx *, weir_cn_session *, weir_cn_artifact *a, bool *again);
/* The folder, made at first use, and the zipped modules in it; in ctx->arena. */
weir_rc weir_cn_files_get(weir_ctx *, weir_cn_session *, const char **dir, const char ***zips,
                          int *nzip);
/* For a clone: the same files in a folder of its own. */
weir_rc weir_cn_files_copy(weir_ctx *, weir_cn_session *from, weir_cn_session *to);
void weir_cn_files_remove(weir_ctx *, weir_cn_session *);

struct weir_target;
/* The function of foreachBatch or foreach as info->python and the sink for it; in r->mem. */
weir_rc weir_cn_foreach(weir_cn_run *, const SC(WriteStreamOperationStart) *, weir_write_info *,
                        struct weir_target *);
weir_rc weir_cn_stream_start(weir_cn_run *, const SC(WriteStreamOperationStart) *);
/* After the end of the operation of start(): listeners may hear of the query. */
void weir_cn_stream_answered(weir_cn_run *);
weir_rc weir_cn_stream_command(weir_cn_run *, const SC(StreamingQueryCommand) *);
weir_rc weir_cn_manager_command(weir_cn_run *, const SC(StreamingQueryManagerCommand) *);
weir_rc weir_cn_bus_command(weir_cn_run *, const SC(StreamingQueryListenerBusCommand) *);
weir_rc weir_tp_catalog(weir_tp *, const SC(Catalog) *, weir_plan **out);

static inline const char *weir_text(const char *s) { return s ? s : ""; }
static inline char *weir_pb_text(const char *s) {
    return (char *)(uintptr_t)(s ? s : "");
} /* messages take char *; they do not write */
/* A zeroed, initialised message. */
#define WEIR_MSG(type, init, var, arena)                                                           \
    SC(type) *var = WEIR_NEW((arena), SC(type));                                                   \
    spark__connect__##init##__init(var)
#endif
