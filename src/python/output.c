/* What workers print. See spawn.h. One thread a worker reads the pipe, so that a worker never waits
 * for a reader. */
#include "base/log.h"
#include "base/mem.h"
#include "python/spawn.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { TAIL = 8192, SHOWN = 2000, LINE = 4096, SETTLE_MS = 200, LAST_READS = 64 };
enum { MINUTE_US = 60000000 };

struct weir_py_output {
    int fd, wake;
    pthread_t thread;
    weir_env *env;
    int64_t most_bytes; /* in a minute; 0: any */
    /* the thread's */
    char line[LINE];
    size_t nline;
    int64_t minute_us, shown_bytes, cut_bytes;
    weir_mutex mu;
    weir_cond cond;
    /* guarded by mu */
    char tail[TAIL];
    size_t ntail;
    bool over, muted;
};

/* PySpark's workers announce each batch; that is no output of the function. */
static bool is_noise(const char *line) {
    static const char *const noise[] = {"Streaming ForeachBatch worker ", "Current mem limits: ",
                                        "Setting mem limits to "};
    for (size_t i = 0; i < sizeof noise / sizeof *noise; i++)
        if (strncmp(line, noise[i], strlen(noise[i])) == 0) return true;
    return false;
}

static void keep(weir_py_output *o, const char *p, size_t n) {
    if (n > TAIL / 2) p += n - TAIL / 2, n = TAIL / 2;
    if (o->ntail + n > TAIL) {
        memmove(o->tail, o->tail + o->ntail - TAIL / 2, TAIL / 2);
        o->ntail = TAIL / 2;
    }
    memcpy(o->tail + o->ntail, p, n);
    o->ntail += n;
}

static void say_cut(weir_py_output *o) {
    if (o->cut_bytes)
        weir_log(WEIR_LOG_WARN,
                 "%lld bytes that a Python worker printed are left out "
                 "(spark.weir.python.maxOutput)",
                 (long long)o->cut_bytes);
    o->cut_bytes = 0;
}

static void show(weir_py_output *o) {
    int64_t now = weir_monotonic_us(o->env);
    if (o->minute_us == 0 || now - o->minute_us >= MINUTE_US) {
        say_cut(o);
        o->minute_us = now;
        o->shown_bytes = 0;
    }
    bool room = o->most_bytes <= 0 || o->shown_bytes + (int64_t)o->nline <= o->most_bytes;
    if (room && o->cut_bytes == 0) {
        o->shown_bytes += (int64_t)o->nline;
        fwrite(o->line, 1, o->nline, stderr);
    } else {
        o->cut_bytes += (int64_t)o->nline;
    }
}

static void end_line(weir_py_output *o) {
    o->line[o->nline] = 0;
    if (is_noise(o->line)) {
        weir_log(WEIR_LOG_DEBUG, "%s", o->line);
    } else {
        o->line[o->nline++] = '\n';
        weir_lock(&o->mu);
        bool muted = o->muted;
        if (!muted) keep(o, o->line, o->nline);
        weir_unlock(&o->mu);
        if (!muted) show(o);
    }
    o->nline = 0;
}

static void take(weir_py_output *o, const char *p, ssize_t n) {
    for (ssize_t i = 0; i < n; i++) {
        if (p[i] != '\n') o->line[o->nline++] = p[i];
        if (p[i] == '\n' || o->nline == LINE - 2) end_line(o);
    }
}

static void *pump(void *u) {
    weir_py_output *o = u;
    char buf[4096];
    for (int last = 0; last < LAST_READS;) {
        struct pollfd p[2] = {{o->fd, POLLIN, 0}, {o->wake, POLLIN, 0}};
        if (poll(p, 2, -1) < 0) continue;
        ssize_t n = p[0].revents ? read(o->fd, buf, sizeof buf) : -1;
        if (n > 0) take(o, buf, n);
        if (n == 0 || (p[1].revents && n < 0)) break;
        if (p[1].revents) last++; /* somebody else may hold the pipe, and print for ever */
    }
    if (o->nline) end_line(o);
    say_cut(o);
    weir_lock(&o->mu);
    o->over = true;
    weir_cond_wake_all(&o->cond);
    weir_unlock(&o->mu);
    return NULL;
}

weir_rc weir_py_output_start(weir_ctx *ctx, weir_py_output **out, int *write_end) {
    int p[2], wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (wake < 0 || pipe2(p, O_CLOEXEC) != 0) {
        if (wake >= 0) close(wake);
        return weir_fail_io(ctx, "make", "a pipe");
    }
    fcntl(p[0], F_SETFL, O_NONBLOCK);
    weir_py_output *o = weir_mem_new(sizeof *o);
    o->fd = p[0];
    o->wake = wake;
    o->env = ctx->env;
    o->most_bytes = weir_conf_bytes(ctx->conf, "spark.weir.python.maxOutput");
    weir_mutex_init(&o->mu, WEIR_RANK_LEAF);
    weir_cond_init(&o->cond);
    if (weir_thread_start(&o->thread, "weir-python-out", pump, o)) {
        *out = o;
        *write_end = p[1];
        return WEIR_OK;
    }
    close(p[0]);
    close(p[1]);
    close(wake);
    weir_mutex_free(&o->mu);
    weir_cond_free(&o->cond);
    weir_mem_free(o);
    return weir_fail(ctx, WEIR_E_INTERNAL_ERROR, "message",
                     "no thread could be started for the worker's output.");
}

void weir_py_output_mute(weir_py_output *o) {
    weir_lock(&o->mu);
    o->muted = true;
    weir_unlock(&o->mu);
}

void weir_py_output_forget(weir_py_output *o) {
    weir_lock(&o->mu);
    o->ntail = 0;
    weir_unlock(&o->mu);
}

const char *weir_py_output_tail(weir_arena *a, weir_py_output *o) {
    weir_lock(&o->mu);
    if (!o->over) (void)weir_cond_wait(&o->cond, &o->mu, SETTLE_MS);
    size_t n = o->ntail < SHOWN ? o->ntail : SHOWN;
    char *text = weir_strndup(a, o->tail + o->ntail - n, n);
    weir_unlock(&o->mu);
    return text;
}

void weir_py_output_stop(weir_py_output *o) {
    uint64_t one = 1;
    if (!o) return;
    if (write(o->wake, &one, sizeof one) < 0)
        weir_log(WEIR_LOG_WARN, "the reader of a worker's output cannot be woken");
    pthread_join(o->thread, NULL);
    close(o->fd);
    close(o->wake);
    weir_mutex_free(&o->mu);
    weir_cond_free(&o->cond);
    weir_mem_free(o);
}
