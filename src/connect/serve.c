/* The server as a whole: shared state, the gRPC server, the sweeper, signals. See serve.h.
 * weir_serve runs on the main thread. */
#include "connect/serve.h"

#include "base/log.h"
#include "base/mem.h"
#include "connect/connect.h"
#include "connect/registry.h"
#include "source/cloud_schema.h"
#include "sql/sql.h"
#include "func/datetime.h"
#include "func/func.h"
#include "sink/sinks.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    GRACE_MS = 10000,
    DRAIN_MS = 2000,
    LEAST_RESERVE = 8 << 20,
    MOST_RESERVE = 128 << 20
};

typedef void handler(weir_cn_server *, weir_rpc *, weir_ctx *);

static void release_session(weir_cn_server *server, weir_rpc *rpc, weir_ctx *ctx) {
    SC(ReleaseSessionRequest) *q = NULL;
    SC(ReleaseSessionResponse) a = SK(RELEASE_SESSION_RESPONSE__INIT);
    size_t n = 0;
    const uint8_t *p = weir_rpc_next(rpc, &n);
    if (weir_pb_unpack(ctx, &spark__connect__release_session_request__descriptor, p, p ? n : 0,
                       &q) != WEIR_OK) {
        weir_cn_fail(server, rpc, NULL, ctx->err);
        return;
    }
    weir_cn_session *s =
        weir_cn_session_find(server, q->user_context ? weir_text(q->user_context->user_id) : "",
                             weir_text(q->session_id));
    a.session_id = weir_pb_text(q->session_id);
    if (s) {
        a.server_side_session_id = weir_strdup(ctx->arena, s->ssid);
        weir_cn_session_close(s);
        weir_cn_session_unref(s);
    }
    weir_cn_reply(rpc, ctx, &a.base);
}

static void clone_session(weir_cn_server *server, weir_rpc *rpc, weir_ctx *ctx) {
    SC(CloneSessionRequest) *q = NULL;
    SC(CloneSessionResponse) a = SK(CLONE_SESSION_RESPONSE__INIT);
    weir_cn_session *s = NULL, *c = NULL;
    size_t n = 0;
    const uint8_t *p = weir_rpc_next(rpc, &n);
    weir_rc rc =
        weir_pb_unpack(ctx, &spark__connect__clone_session_request__descriptor, p, p ? n : 0, &q);
    if (rc == WEIR_OK)
        rc = weir_cn_session_get(ctx, server, q->user_context, q->session_id,
                                 q->client_observed_server_side_session_id, &s);
    if (rc == WEIR_OK) rc = weir_cn_session_clone(ctx, s, q->new_session_id, &c);
    if (rc == WEIR_OK) {
        rc = weir_cn_files_copy(ctx, s, c);
        if (rc != WEIR_OK) weir_cn_session_close(c);
    }
    if (rc == WEIR_OK) {
        a.session_id = s->id;
        a.server_side_session_id = s->ssid;
        a.new_session_id = c->id;
        a.new_server_side_session_id = c->ssid;
        weir_cn_reply(rpc, ctx, &a.base);
    } else {
        weir_cn_fail(server, rpc, s, ctx->err);
    }
    if (c) weir_cn_session_unref(c);
    if (s) weir_cn_session_unref(s);
}

/* @thread handler threads of the gRPC server. */
static void handle(void *app, weir_rpc *rpc) {
    static const struct {
        const char *method;
        handler *fn;
    } table[] = {{"ExecutePlan", weir_cn_execute},
                 {"AnalyzePlan", weir_cn_analyze},
                 {"Config", weir_cn_config},
                 {"ReattachExecute", weir_cn_reattach},
                 {"ReleaseExecute", weir_cn_release},
                 {"Interrupt", weir_cn_interrupt},
                 {"AddArtifacts", weir_cn_add_artifacts},
                 {"ArtifactStatus", weir_cn_artifact_status},
                 {"ReleaseSession", release_session},
                 {"FetchErrorDetails", weir_cn_fetch_error},
                 {"CloneSession", clone_session},
                 {"GetStatus", weir_cn_status}};
    weir_cn_server *server = app;
    weir_err err;
    weir_err_init(&err);
    weir_budget *budget = weir_budget_open(&server->shared.budget);
    (void)weir_budget_enter(budget);
    weir_ctx ctx = {.arena = weir_arena_new(NULL),
                    .err = &err,
                    .env = server->shared.env,
                    .conf = server->shared.conf,
                    .budget = budget};
    size_t i = 0, n = sizeof table / sizeof *table;
    while (i < n && strcmp(table[i].method, weir_rpc_method(rpc)) != 0) i++;
    if (i < n)
        table[i].fn(server, rpc, &ctx);
    else
        weir_rpc_finish(rpc, WEIR_GRPC_UNIMPLEMENTED, "This method is not implemented by weir.",
                        NULL, 0);
    weir_err_clear(&err);
    weir_arena_free(ctx.arena);
    (void)weir_budget_enter(NULL);
    weir_budget_close(budget);
}

static void *sweeper(void *u) {
    weir_cn_server *s = u;
    int64_t every_ms = weir_conf_ms(s->shared.conf, "spark.connect.session.manager.sweepInterval");
    weir_cn_scratch_sweep(s);
    weir_lock(&s->stop_mu);
    while (!s->stopping) {
        if (weir_cond_wait(&s->stop_cond, &s->stop_mu, every_ms > 0 ? every_ms : 10000)) continue;
        weir_unlock(&s->stop_mu);
        weir_cn_sweep(s);
        weir_lock(&s->stop_mu);
    }
    weir_unlock(&s->stop_mu);
    return NULL;
}

static weir_rc memory_put(weir_ctx *ctx, void *host, const char *name, weir_schema *schema,
                          const weir_batch *b, int n, bool replace_all) {
    return weir_session_memory_put(ctx, host, name, schema, b, n, replace_all);
}

/* A start with a wrong value would be one without the limit that it was to set. */
static weir_rc start_conf(weir_ctx *ctx, weir_conf *c, const char *key, const char *value) {
    WEIR_TRY(weir_zone_check(ctx, key, value));
    return (weir_rc)weir_conf_start(ctx, c, key, value);
}

static weir_rc init(weir_cn_server *s, const weir_server_options *o, weir_ctx *ctx) {
    weir_func_init();
    weir_memory_sink_hook(memory_put);
    weir_cloud_ddl_hook(weir_sql_parse_schema);
    s->shared = (weir_shared){
        .registry = weir_registry_get(),
                                .conf = weir_conf_new(NULL),
                                .env = weir_env_real(),
                                .queries = weir_query_table_new()};
    ctx->env = s->shared.env;
    ctx->conf = s->shared.conf;
    for (const char **c = o->conf; c && c[0] && c[1]; c += 2) {
        const char *unused = weir_conf_unused(ctx->arena, s->shared.conf, c[0], c[1]);
        if (unused) weir_log(WEIR_LOG_WARN, "%s", unused);
        WEIR_TRY(start_conf(ctx, s->shared.conf, c[0], c[1]));
    }
    s->shared.budget.limit_bytes = weir_conf_bytes(s->shared.conf, "spark.weir.memory.limit");
    if (!s->shared.budget.limit_bytes)
        s->shared.budget.limit_bytes = weir_memory_there() / 5 * 3;
    int64_t reserve = s->shared.budget.limit_bytes / 32;
    if (reserve < LEAST_RESERVE) reserve = LEAST_RESERVE;
    if (!weir_mem_reserve((size_t)(reserve < MOST_RESERVE ? reserve : MOST_RESERVE)))
        return weir_fail_memory(ctx, reserve);
    if (getenv("WEIR_ALLOC_FAULTS")) weir_mem_faults(getenv("WEIR_ALLOC_FAULTS"));
    if (o->warehouse) weir_conf_put(s->shared.conf, "spark.sql.warehouse.dir", o->warehouse);
    const char *warehouse;
    WEIR_TRY(weir_uri_local(ctx, weir_conf_get(s->shared.conf, "spark.sql.warehouse.dir"), NULL,
                            &warehouse));
    weir_conf_put(s->shared.conf, "spark.sql.warehouse.dir", warehouse);
    weir_mutex_init(&s->mu, WEIR_RANK_SESSION);
    weir_mutex_init(&s->scratch_mu, WEIR_RANK_CATALOG);
    weir_mutex_init(&s->error_mu, WEIR_RANK_LEAF);
    weir_mutex_init(&s->stop_mu, WEIR_RANK_LEAF);
    weir_cond_init(&s->stop_cond);
    return weir_catalog_open(ctx, warehouse, &s->shared.catalog);
}

static void wait_for_signal(void) {
    sigset_t set;
    int got = 0;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    while (sigwait(&set, &got) != 0) continue;
}

static void block_signals(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static void say_ready(int fd, int port) {
    char line[16];
    int n = snprintf(line, sizeof line, "%d\n", port);
    if (fd < 0) return;
    if (write(fd, line, (size_t)n) != n)
        (void)fprintf(stderr, "weir: cannot write to the ready descriptor\n");
    close(fd);
}

/* PySpark sends a token without TLS to the name localhost alone. */
static void say_remote(const weir_server_config *cfg, int port) {
    (void)fprintf(stderr, "export SPARK_REMOTE='sc://%s:%d/;%stoken=%s'\n",
                  cfg->tls_cert ? cfg->host : "localhost", port,
                  cfg->tls_cert ? "use_ssl=true;" : "", cfg->token);
}

/* SIGTERM: batches that run get GRACE_MS to commit, in all sessions together; then calls may end.
 */
static void stop_queries(weir_cn_server *s) {
    int64_t until_ms = weir_monotonic_us(s->shared.env) / 1000 + GRACE_MS;
    int n = 0;
    weir_cn_session **list = weir_cn_sessions(s, &n);
    for (int i = 0; i < n; i++) {
        int64_t left = until_ms - weir_monotonic_us(s->shared.env) / 1000;
        weir_query_manager_shutdown(weir_session_queries(list[i]->session), left > 0 ? left : 0);
        weir_cn_session_unref(list[i]);
    }
    weir_mem_free(list);
}

static void shut_down(weir_cn_server *s, weir_server *net) {
    stop_queries(s);
    weir_lock(&s->stop_mu);
    s->stopping = true;
    weir_cond_wake_all(&s->stop_cond);
    weir_unlock(&s->stop_mu);
    pthread_join(s->sweeper, NULL);
    weir_cn_sessions_close_all(s);
    weir_server_drain(net, DRAIN_MS);
    weir_server_stop(net);
    weir_cn_errors_sweep(s, true);
}

/* Python workers trust no certificate of ours: beside TLS they get a door on loopback, in clear,
 * with the same token (weir_app_server asks for one wherever others can reach the server). */
static weir_server *worker_door(weir_cn_server *s, const weir_server_config *main, weir_server *net,
                                char *error, size_t size) {
    weir_server_config cfg = *main;
    atomic_store(&s->worker_port, weir_server_port(net));
    if (!main->tls_cert) return net;
    cfg.host = "127.0.0.1";
    cfg.port = 0;
    cfg.tls_cert = cfg.tls_key = NULL;
    weir_server *door = weir_server_start(&cfg, error, size);
    if (door) atomic_store(&s->worker_port, weir_server_port(door));
    return door;
}

int weir_serve(const weir_server_options *o) {
    static weir_cn_server server; /* one per process */
    char error[256] = "";
    weir_err err;
    weir_err_init(&err);
    weir_ctx ctx = {.arena = weir_arena_new(NULL), .err = &err, .env = weir_env_real()};
    block_signals();
    if (init(&server, o, &ctx) != WEIR_OK) {
        (void)fprintf(stderr, "weir: %s\n", err.msg);
        return 1;
    }
    weir_server_config cfg = {.host = o->host ? o->host : "127.0.0.1",
                              .port = o->port,
                              .token = o->token,
                              .tls_cert = o->tls_cert,
                              .tls_key = o->tls_key,
                              .max_held_bytes = (size_t)weir_conf_bytes(
                                  server.shared.conf, "spark.weir.connect.memory"),
                              .request_ms = weir_conf_ms(server.shared.conf,
                                                         "spark.weir.connect.requestTimeout"),
                              .keepalive_ms = weir_conf_ms(server.shared.conf,
                                                           "spark.weir.connect.keepaliveTime"),
                              .app = &server,
                              .handle = handle};
    server.worker_token = o->token;
    weir_server *net = weir_server_start(&cfg, error, sizeof error), *door = NULL;
    if (net) door = worker_door(&server, &cfg, net, error, sizeof error);
    if (!door) {
        (void)fprintf(stderr, "weir: %s\n", error);
        return 1;
    }
    if (!weir_thread_start(&server.sweeper, "weir-sweeper", sweeper, &server)) {
        (void)fprintf(stderr, "weir: no thread could be started\n");
        return 1;
    }
    if (o->tell_remote) say_remote(&cfg, weir_server_port(net));
    say_ready(o->ready_fd, weir_server_port(net));
    wait_for_signal();
    shut_down(&server, net);
    if (door != net) weir_server_stop(door);
    weir_err_clear(&err);
    weir_cn_scratch_remove(&ctx, &server);
    weir_query_table_free(server.shared.queries);
    weir_catalog_close(server.shared.catalog);
    weir_conf_free(server.shared.conf);
    weir_err_clear(&err);
    weir_arena_free(ctx.arena);
    return 0;
}
