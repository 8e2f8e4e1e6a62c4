/* Workers: start, talk, watch, end. See worker.h. */
#include "python/worker.h"

#include "base/json.h"
#include "base/log.h"
#include "python/keeper.h"
#include "python/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LOOK_MS = 200, DEATH_MS = 1000, TEXT_MAX = 64 << 20, HELLO_MAX = 4096 };

struct weir_py_worker {
    weir_arena *mem;
    pid_t pid; /* the keeper's */
    int shown; /* the interpreter's, for messages */
    int fd, pyspark;
    const char *what, *python;
    const char *name;
    char step[64];
    int64_t began_ms, limit_ms, looked_ms, memory_bytes, processes;
    weir_py_output *output;
    bool reaped;
    int status;
};

/* How many there are in this process: a bound for all queries together. */
static atomic_int alive;

/* ---- failures ---- */

static weir_rc fail(weir_ctx *ctx, weir_py_worker *w, const char *how) {
    const char *said = weir_py_output_tail(ctx->arena, w->output);
    return weir_fail(
        ctx, WEIR_E_PYTHON_WORKER, "message",
        weir_printf(ctx->arena, "The Python worker of %s%s%s (%s, process %d) %s.%s%s",
                    w->name ? "the function " : "", w->name ? w->name : w->what,
                    *w->step ? weir_printf(ctx->arena, ", %s", w->step) : "",
                    w->name ? w->what : w->python, w->shown ? w->shown : (int)w->pid, how,
                    *said ? " Its last output:\n" : "", said));
}

static weir_rc fail_dead(weir_ctx *ctx, weir_py_worker *w) {
    if (!w->reaped) w->reaped = weir_py_reap(w->pid, DEATH_MS, &w->status);
    if (!w->reaped) return fail(ctx, w, "closed its connection to the engine");
    return fail(ctx, w,
                weir_printf(ctx->arena, "exited unexpectedly (crashed): it %s",
                            weir_py_how(ctx->arena, w->status)));
}

static int64_t now_ms(weir_ctx *ctx) { return weir_monotonic_us(ctx->env) / 1000; }

/* A quantity as configured: whole MiB below two GiB. */
static const char *size_text(weir_arena *a, int64_t bytes) {
    return weir_printf(a, "%lld MiB", (long long)(bytes >> 20));
}

/* Whoever exceeds a bound; what it says at its end is not of interest. */
static weir_rc end_it(weir_ctx *ctx, weir_py_worker *w, const char *why) {
    weir_py_output_mute(w->output);
    weir_py_kill(w->pid);
    w->reaped = true;
    return fail(ctx, w, weir_printf(ctx->arena, "%s, and was killed", why));
}

static weir_rc look_after(weir_ctx *ctx, weir_py_worker *w) {
    int64_t now = now_ms(ctx);
    WEIR_TRY(weir_check_cancel(ctx));
    if (now - w->looked_ms < LOOK_MS) return WEIR_OK;
    w->looked_ms = now;
    const weir_py_usage used = weir_py_usage_below(w->pid);
    if (w->memory_bytes > 0 && used.resident_bytes > w->memory_bytes)
        return end_it(ctx, w,
                      weir_printf(ctx->arena,
                                  "held %s of memory, more than spark.weir.python.memory allows "
                                  "(%s)",
                                  size_text(ctx->arena, used.resident_bytes),
                                  size_text(ctx->arena, w->memory_bytes)));
    if (used.processes > w->processes)
        return end_it(ctx, w,
                      weir_printf(ctx->arena,
                                  "had %lld processes, more than spark.weir.python.maxProcesses "
                                  "allows (%lld)",
                                  (long long)used.processes, (long long)w->processes));
    if (w->limit_ms <= 0 || now - w->began_ms < w->limit_ms) return WEIR_OK;
    return end_it(ctx, w,
                  weir_printf(ctx->arena,
                              "gave no answer for %lld ms, longer than spark.weir.python.%s allows",
                              (long long)(now - w->began_ms),
                              *w->step ? "batchTimeout" : "startTimeout"));
}

/* Until the socket is ready for events, or a failure. */
static weir_rc wait_for(weir_ctx *ctx, weir_py_worker *w, short events, short *got) {
    for (;;) {
        struct pollfd p[2] = {{w->fd, events, 0}, {ctx->cancel ? ctx->cancel->fd : -1, POLLIN, 0}};
        int n = poll(p, 2, LOOK_MS);
        if (n < 0 && errno != EINTR) return weir_fail_io(ctx, "wait for", w->python);
        WEIR_TRY(look_after(ctx, w));
        *got = p[0].revents;
        if (n > 0 && *got) return WEIR_OK;
        /* silent and gone: a child of it may hold the socket */
        if (n == 0 && !w->reaped) w->reaped = weir_py_reap(w->pid, 0, &w->status);
        if (n == 0 && w->reaped) return fail_dead(ctx, w);
        if (n > 0 && p[1].revents) /* a poke for somebody else: no spinning on it */
            usleep(1000);
    }
}

/* ---- talking ---- */

weir_rc weir_py_send(weir_ctx *ctx, weir_py_worker *w, const void *p, size_t n, bool *early) {
    const char *at = p;
    short got = 0;
    *early = false;
    while (n > 0) {
        ssize_t k = send(w->fd, at, n, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (k > 0) {
            at += k;
            n -= (size_t)k;
            continue;
        }
        if (k < 0 && errno == EINTR) continue;
        /* the other side is gone: what it said before can still be read */
        if (k < 0 && errno != EAGAIN) return *early = true, WEIR_OK;
        WEIR_TRY(wait_for(ctx, w, POLLOUT | POLLIN, &got));
        if (got & POLLIN) return *early = true, WEIR_OK;
    }
    return WEIR_OK;
}

weir_rc weir_py_recv(weir_ctx *ctx, weir_py_worker *w, void *p, size_t n) {
    char *at = p;
    short got = 0;
    while (n > 0) {
        ssize_t k = recv(w->fd, at, n, MSG_DONTWAIT);
        if (k > 0) {
            at += k;
            n -= (size_t)k;
            continue;
        }
        if (k < 0 && errno == EINTR) continue;
        if (k == 0 || errno != EAGAIN) return fail_dead(ctx, w);
        WEIR_TRY(wait_for(ctx, w, POLLIN, &got));
    }
    return WEIR_OK;
}

weir_rc weir_py_recv_int(weir_ctx *ctx, weir_py_worker *w, int32_t *out) {
    unsigned char b[4];
    WEIR_TRY(weir_py_recv(ctx, w, b, sizeof b));
    *out = (int32_t)((uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3]);
    return WEIR_OK;
}

static weir_rc recv_text(weir_ctx *ctx, weir_py_worker *w, int32_t n, int32_t most, char **text) {
    if (n < 0 || n > most)
        return fail(ctx, w,
                    weir_printf(ctx->arena, "sent a text of %d bytes where none can be", n));
    *text = weir_alloc(ctx->arena, (size_t)n + 1);
    return weir_py_recv(ctx, w, *text, (size_t)n);
}

weir_rc weir_py_recv_text(weir_ctx *ctx, weir_py_worker *w, char **text) {
    int32_t n = 0;
    WEIR_TRY(weir_py_recv_int(ctx, w, &n));
    return recv_text(ctx, w, n, TEXT_MAX, text);
}

/* The traceback, and what the function printed last. */
static weir_rc recv_exception(weir_ctx *ctx, weir_py_worker *w, const char **out) {
    char *text = NULL;
    WEIR_TRY(weir_py_recv_text(ctx, w, &text));
    const char *said = weir_py_output_tail(ctx->arena, w->output);
    *out = weir_printf(ctx->arena, "%s%s%s", text, *said ? "The function's last output:\n" : "",
                       said);
    return WEIR_OK;
}

weir_rc weir_py_raise(weir_ctx *ctx, weir_py_worker *w, const char *lead) {
    const char *text = NULL;
    WEIR_TRY(recv_exception(ctx, w, &text));
    return weir_fail(ctx, WEIR_E_PYTHON_EXCEPTION, "msg",
                     weir_printf(ctx->arena, "%s%s", lead, text));
}

weir_rc weir_py_raise_start(weir_ctx *ctx, weir_py_worker *w) {
    const char *text = NULL;
    WEIR_TRY(recv_exception(ctx, w, &text));
    return weir_fail(ctx, WEIR_E_PYTHON_RUNNER, "resFromPython",
                     weir_printf(ctx->arena, "%d", WEIR_PY_EXCEPTION), "msg", text);
}

weir_rc weir_py_loaded(weir_ctx *ctx, weir_py_worker *w, const char *lead) {
    int32_t n = 0;
    char *name = NULL;
    WEIR_TRY(weir_py_recv_int(ctx, w, &n));
    if (n == WEIR_PY_EXCEPTION && !lead) return weir_py_raise_start(ctx, w);
    if (n == WEIR_PY_EXCEPTION) return weir_py_raise(ctx, w, lead);
    WEIR_TRY(recv_text(ctx, w, n, HELLO_MAX, &name));
    weir_py_name(w, name);
    return WEIR_OK;
}

void weir_py_name(weir_py_worker *w, const char *function) {
    w->name = weir_printf(w->mem, "`%s`", function);
}

/* ---- start ---- */

static weir_rc check_hello(weir_ctx *ctx, weir_py_worker *w, const weir_py_spec *spec,
                           const char *text) {
    const weir_json *j = weir_json_parse(ctx->arena, text, strlen(text), NULL);
    const char *python = weir_json_str(j, "python", ""), *pyspark = weir_json_str(j, "pyspark", "");
    w->shown = (int)weir_json_int(j, "pid", 0);
    if (*spec->version && strcmp(python, spec->version) != 0)
        return weir_fail(ctx, WEIR_E_PYTHON_VERSION_MISMATCH, "worker", w->python, "worker_version",
                         python, "driver_version", spec->version);
    if (!*pyspark)
        return fail(ctx, w,
                    "cannot import pyspark. Install PySpark there, or set spark.pyspark.python to "
                    "an interpreter that has it");
    char *end = NULL;
    long major = strtol(pyspark, &end, 10), minor = *end == '.' ? strtol(end + 1, NULL, 10) : -1;
    w->pyspark = (int)(major * 100 + minor);
    if (w->pyspark >= 400 && w->pyspark <= 403) return WEIR_OK;
    return fail(ctx, w,
                weir_printf(ctx->arena,
                            "has PySpark %s, whose workers are not known here. Use 4.0 to 4.3",
                            pyspark));
}

static char **environment(weir_ctx *ctx, const weir_py_spec *spec) {
    const char *threads = getenv("OMP_NUM_THREADS");
    const char *const more[] = {"SPARK_PYTHON_RUNTIME", "PYTHON_WORKER", "PYTHONUNBUFFERED", "YES",
                                "SPARK_BUFFER_SIZE", "65536", "SPARK_AUTH_SOCKET_TIMEOUT", "15",
                                "SPARK_REUSE_WORKER", "1", "SPARK_CONNECT_LOCAL_URL", spec->url,
                                "SPARK_CONNECT_AUTHENTICATE_TOKEN", spec->token, "no_grpc_proxy",
                                "localhost", "OMP_NUM_THREADS", threads ? threads : "1",
                                "SPARK_CONNECT_USER_AGENT",
                                weir_printf(ctx->arena, WEIR_PY_AGENT "%s", spec->run_id), NULL};
    return weir_py_environment(ctx, more);
}

static weir_rc launch(weir_ctx *ctx, weir_py_worker *w, const weir_py_spec *spec) {
    int pair[2], out = -1;
    static const char *const kinds[] = {"foreachBatch", "task", "unpack"};
    const char *const argv[] = {
        "weir", WEIR_PY_KEEPER, weir_printf(ctx->arena, "%d", (int)getpid()),
        weir_conf_get(ctx->conf, "spark.weir.python.maxFiles"),
        weir_conf_get(ctx->conf, "spark.weir.python.maxProcesses"),
        w->python, "-c", weir_py_boot, kinds[spec->kind], spec->files ? spec->files : "", NULL};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return weir_fail_io(ctx, "make a socket for", w->python);
    w->fd = pair[0];
    weir_rc rc = weir_py_output_start(ctx, &w->output, &out);
    if (rc == WEIR_OK)
        rc = weir_py_spawn(ctx, (char *const *)(uintptr_t)argv, environment(ctx, spec), pair[1],
                           out, &w->pid);
    close(pair[1]);
    if (out >= 0) close(out);
    return rc;
}

static weir_rc greet(weir_ctx *ctx, weir_py_worker *w, const weir_py_spec *spec) {
    int32_t n = 0;
    char *hello = NULL;
    WEIR_TRY(launch(ctx, w, spec));
    WEIR_TRY(weir_py_recv_int(ctx, w, &n));
    WEIR_TRY(recv_text(ctx, w, n, HELLO_MAX, &hello));
    return check_hello(ctx, w, spec, hello);
}

weir_rc weir_py_start(weir_ctx *ctx, const weir_py_spec *spec, weir_py_worker **out) {
    const char *python = NULL;
    int64_t most = weir_conf_int(ctx->conf, "spark.weir.python.maxWorkers");
    WEIR_TRY(weir_py_find(ctx, &python));
    if (atomic_fetch_add(&alive, 1) >= most) {
        atomic_fetch_sub(&alive, 1);
        return weir_fail(ctx, WEIR_E_PYTHON_WORKER, "message",
                         weir_printf(ctx->arena,
                                     "No further Python worker can be started for %s: %lld run, as "
                                     "many as spark.weir.python.maxWorkers allows. Stop queries, "
                                     "or raise it.",
                                     spec->what, (long long)most));
    }
    weir_arena *mem = weir_arena_new(NULL);
    weir_py_worker *w = WEIR_NEW(mem, weir_py_worker);
    *w = (weir_py_worker){.mem = mem,
                          .fd = -1,
                          .what = weir_strdup(mem, spec->what),
                          .python = weir_strdup(mem, python),
                          .began_ms = now_ms(ctx),
                          .limit_ms = weir_conf_ms(ctx->conf, "spark.weir.python.startTimeout"),
                          .memory_bytes = weir_conf_bytes(ctx->conf, "spark.weir.python.memory"),
                          .processes = weir_conf_int(ctx->conf, "spark.weir.python.maxProcesses")};
    weir_rc rc = greet(ctx, w, spec);
    if (rc == WEIR_OK)
        *out = w;
    else
        weir_py_stop(w);
    return rc;
}

void weir_py_stop(weir_py_worker *w) {
    if (!w) return;
    if (w->output) weir_py_output_mute(w->output);
    if (w->fd >= 0) close(w->fd);
    if (w->pid > 0 && !w->reaped) weir_py_kill(w->pid);
    weir_py_output_stop(w->output);
    weir_arena_free(w->mem);
    atomic_fetch_sub(&alive, 1);
}

int weir_py_pyspark(const weir_py_worker *w) { return w->pyspark; }

void weir_py_step(weir_ctx *ctx, weir_py_worker *w, const char *what) {
    size_t n = strnlen(what, sizeof w->step - 1);
    memcpy(w->step, what, n);
    w->step[n] = 0;
    w->began_ms = now_ms(ctx);
    w->limit_ms = weir_conf_ms(ctx->conf, "spark.weir.python.batchTimeout");
    weir_py_output_forget(w->output);
}

static weir_rc unpack(weir_ctx *ctx, weir_py_worker *w, const char *archive, const char *name,
                      const char *to, int64_t *bytes) {
    weir_str s;
    bool early = false;
    int32_t n = 0;
    weir_str_init(&s, ctx->arena, 1 << 16);
    weir_py_put_text(&s, archive);
    weir_py_put_text(&s, name);
    weir_py_put_text(&s, to);
    weir_py_put_text(&s, weir_printf(ctx->arena, "%lld", (long long)*bytes));
    WEIR_TRY(weir_py_send(ctx, w, s.p, s.len, &early));
    WEIR_TRY(weir_py_recv_int(ctx, w, &n));
    if (n == WEIR_PY_READY) {
        char *total = NULL;
        WEIR_TRY(weir_py_recv_text(ctx, w, &total));
        *bytes = strtoll(total, NULL, 10);
        return WEIR_OK;
    }
    return weir_py_raise(ctx, w, weir_printf(ctx->arena, "Cannot unpack the archive %s: ", name));
}

weir_rc weir_py_unpack(weir_ctx *ctx, const char *archive, const char *name, const char *to,
                       int64_t *bytes) {
    weir_py_worker *w = NULL;
    name = weir_strndup(ctx->arena, name, strcspn(name, "#"));
    const weir_py_spec spec = {.kind = WEIR_PY_UNPACK,
                               .version = "",
                               .what = weir_printf(ctx->arena, "the archive %s", name),
                               .run_id = ""};
    const char *part = weir_printf(ctx->arena, "%s.part", to);
    weir_rc rc = weir_py_start(ctx, &spec, &w);
    if (rc == WEIR_OK) rc = unpack(ctx, w, archive, name, part, bytes);
    weir_py_stop(w);
    if (rc == WEIR_OK) return weir_path_rename(ctx, part, to, false, NULL);
    weir_err quiet;
    weir_err_init(&quiet);
    weir_ctx c = *ctx;
    c.err = &quiet;
    (void)weir_path_remove_all(&c, part);
    weir_err_clear(&quiet);
    return rc;
}

/* ---- messages ---- */

void weir_py_put_int(weir_str *s, int32_t v) {
    uint32_t u = (uint32_t)v;
    const char b[4] = {(char)(u >> 24), (char)(u >> 16), (char)(u >> 8), (char)u};
    weir_str_add(s, b, sizeof b);
}

void weir_py_put_long(weir_str *s, int64_t v) {
    weir_py_put_int(s, (int32_t)((uint64_t)v >> 32));
    weir_py_put_int(s, (int32_t)((uint64_t)v & 0xffffffffu));
}

void weir_py_put_bytes(weir_str *s, const void *p, size_t n) {
    weir_py_put_int(s, (int32_t)n);
    weir_str_add(s, p, n);
}

void weir_py_put_text(weir_str *s, const char *t) { weir_py_put_bytes(s, t, strlen(t)); }
