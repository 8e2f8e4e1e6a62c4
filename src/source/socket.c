/* Lines of text from a TCP socket: for tests, as in Spark not replayable. A reader thread fills a
 * bounded buffer. */
#include "source/sources.h"
#include "base/mem.h"

#include "base/sync.h"

#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_LINES = 1 << 20, MAX_LINE = 1 << 20 };
typedef struct line {
    char *text;
    size_t len;
    int64_t at_us;
} line;
typedef struct socket_source {
    const char *host, *port;
    bool with_time;
    int fd, stop_pipe[2];
    pthread_t thread;
    bool running;
    weir_mutex mu;
    weir_cond cond;
    line *lines; /* of offsets base .. base+n-1 */
    int64_t base, n, cap, frozen;
    bool ended;
} socket_source;

static weir_rc socket_open(weir_ctx *ctx, weir_scan *s) {
    socket_source *k = WEIR_NEW(ctx->arena, socket_source);
    weir_field f[] = {{"value", &weir_t_string, true, NULL},
                      {"timestamp", &weir_t_timestamp, true, NULL}};
    const char *t = weir_option_get(&s->options, "includeTimestamp");
    k->host = weir_option_get(&s->options, "host");
    k->port = weir_option_get(&s->options, "port");
    k->with_time = t && strcmp(t, "true") == 0;
    k->fd = -1;
    k->frozen = -1;
    s->impl = k;
    if (!k->host)
        return weir_fail(ctx, WEIR_E_ANALYSIS_LEGACY, "message",
                         "Set a host to read from with option(\"host\", ...).");
    if (!k->port)
        return weir_fail(ctx, WEIR_E_ANALYSIS_LEGACY, "message",
                         "Set a port to read from with option(\"port\", ...).");
    s->schema = weir_type_struct(ctx->arena, f, k->with_time ? 2 : 1);
    return WEIR_OK;
}

static void add_line(socket_source *k, const char *p, size_t n) {
    weir_lock(&k->mu);
    if (k->n == k->cap && k->cap < MAX_LINES) {
        int64_t cap = k->cap ? k->cap * 2 : 64;
        line *v = weir_mem_resize(k->lines, sizeof *v * (size_t)cap);
        k->lines = v;
        k->cap = cap;
    }
    while (k->n == k->cap && k->running) (void)weir_cond_wait(&k->cond, &k->mu, 100);
    if (k->n < k->cap) {
        char *t = weir_mem_resize(NULL, n + 1);
        memcpy(t, p, n);
        k->lines[k->n++] = (line){t, n, weir_now_us(weir_env_real())};
        weir_cond_wake_all(&k->cond);
    }
    weir_unlock(&k->mu);
}

static void *read_lines(void *arg) {
    socket_source *k = arg;
    char *buf = weir_mem_resize(NULL, MAX_LINE);
    size_t n = 0;
    for (;;) {
        struct pollfd p[2] = {{.fd = k->fd, .events = POLLIN},
                              {.fd = k->stop_pipe[0], .events = POLLIN}};
        if (poll(p, 2, -1) < 0 || p[1].revents) break;
        ssize_t got = recv(k->fd, buf + n, MAX_LINE - n, 0);
        if (got <= 0) break;
        n += (size_t)got;
        size_t from = 0;
        for (char *nl; (nl = memchr(buf + from, '\n', n - from)) != NULL;
             from = (size_t)(nl - buf) + 1) {
            size_t len = (size_t)(nl - buf) - from;
            if (len && buf[from + len - 1] == '\r') len--;
            add_line(k, buf + from, len);
        }
        memmove(buf, buf + from, n - from);
        n -= from;
        if (n == MAX_LINE) add_line(k, buf, n), n = 0;
    }
    if (n) add_line(k, buf, n);
    weir_mem_free(buf);
    weir_lock(&k->mu);
    k->ended = true;
    weir_cond_wake_all(&k->cond);
    weir_unlock(&k->mu);
    return NULL;
}

static weir_rc socket_start(weir_ctx *ctx, weir_scan *s, const char *last) {
    socket_source *k = s->impl;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list = NULL;
    k->base = last ? strtoll(last, NULL, 10) + 1 : 0;
    if (getaddrinfo(k->host, k->port, &hints, &list) == 0) {
        for (struct addrinfo *a = list; a && k->fd < 0; a = a->ai_next) {
            k->fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
            if (k->fd >= 0 && connect(k->fd, a->ai_addr, a->ai_addrlen) != 0)
                close(k->fd), k->fd = -1;
        }
        freeaddrinfo(list);
    }
    if (k->fd < 0)
        return weir_fail_io(ctx, "connect to", weir_printf(ctx->arena, "%s:%s", k->host, k->port));
    weir_mutex_init(&k->mu, WEIR_RANK_LEAF);
    weir_cond_init(&k->cond);
    if (pipe(k->stop_pipe) != 0) return weir_fail_io(ctx, "make a pipe for", k->host);
    k->running = true;
    if (weir_thread_start(&k->thread, "weir-socket", read_lines, k)) return WEIR_OK;
    k->running = false;
    return weir_fail(ctx, WEIR_E_INTERNAL_ERROR, "message",
                     "no thread could be started for the socket source.");
}

static weir_rc socket_freeze(weir_ctx *ctx, weir_scan *s) {
    socket_source *k = s->impl;
    (void)ctx;
    weir_lock(&k->mu);
    k->frozen = k->base + k->n - 1;
    weir_unlock(&k->mu);
    return WEIR_OK;
}

static weir_rc socket_latest(weir_ctx *ctx, weir_scan *s, const char *from, const weir_limit *limit,
                             const char **to) {
    socket_source *k = s->impl;
    weir_lock(&k->mu);
    int64_t last = k->base + k->n - 1;
    weir_unlock(&k->mu);
    if (limit->frozen) last = k->frozen;
    *to = !from && last < 0 ? NULL : weir_printf(ctx->arena, "%lld", (long long)last);
    return WEIR_OK;
}

static weir_rc socket_split(weir_ctx *ctx, weir_scan *s, const char *from, const char *to,
                            weir_splits *out) {
    socket_source *k = s->impl;
    weir_split p = {
        .uri = "", .lo = from ? strtoll(from, NULL, 10) + 1 : 0, .hi = strtoll(to, NULL, 10) + 1};
    if (p.lo < k->base)
        return weir_fail(ctx, WEIR_E_ILLEGAL_STATE, "message",
                         "the socket source cannot give lines of an earlier run again; it is for "
                         "tests. Start with a new checkpoint.");
    weir_splits_add(ctx->arena, out, p);
    return WEIR_OK;
}

typedef struct socket_reader {
    weir_reader base;
    weir_scan *scan;
    int64_t at, end;
} socket_reader;

static weir_rc reader_next(weir_ctx *ctx, weir_reader *rd, weir_batch *out, bool *eof) {
    socket_reader *r = (socket_reader *)rd;
    socket_source *k = r->scan->impl;
    weir_build v, t;
    int64_t n = r->end - r->at > 8192 ? 8192 : r->end - r->at;
    *eof = n <= 0;
    if (*eof) return WEIR_OK;
    WEIR_TRY(weir_build_init(ctx, &v, &weir_t_string));
    WEIR_TRY(weir_build_init(ctx, &t, &weir_t_timestamp));
    weir_lock(&k->mu);
    for (int64_t i = 0; i < n; i++) {
        const line *l = &k->lines[r->at - k->base + i];
        weir_build_bytes(&v, l->text, l->len);
        weir_build_i64(&t, l->at_us);
    }
    weir_unlock(&k->mu);
    r->at += n;
    *out = (weir_batch){
        .schema = r->scan->schema, .len = n, .col = WEIR_NEWN(ctx->arena, weir_column, 2)};
    WEIR_TRY(weir_build_finish(ctx, &v, &out->col[0]));
    return weir_build_finish(ctx, &t, &out->col[1]);
}

static void reader_close(weir_reader *r) { (void)r; }

static weir_rc socket_read(weir_ctx *ctx, weir_scan *s, const weir_split *sp, int64_t n,
                           const bool *columns, weir_reader **out) {
    socket_reader *r = weir_alloc(s->mem, sizeof *r);
    (void)ctx;
    (void)n;
    (void)columns;
    *r = (socket_reader){{reader_next, reader_close}, s, sp->lo, sp->hi};
    *out = &r->base;
    return WEIR_OK;
}

static weir_rc socket_committed(weir_ctx *ctx, weir_scan *s, const char *upto) {
    socket_source *k = s->impl;
    (void)ctx;
    weir_lock(&k->mu);
    int64_t drop = strtoll(upto, NULL, 10) + 1 - k->base;
    if (drop > k->n) drop = k->n;
    for (int64_t i = 0; i < drop; i++) weir_mem_free(k->lines[i].text);
    if (drop > 0) {
        memmove(k->lines, k->lines + drop, sizeof *k->lines * (size_t)(k->n - drop));
        k->n -= drop;
        k->base += drop;
    }
    weir_cond_wake_all(&k->cond);
    weir_unlock(&k->mu);
    return WEIR_OK;
}

static const char *socket_description(weir_ctx *ctx, weir_scan *s) {
    socket_source *k = s->impl;
    return weir_printf(ctx->arena, "TextSocketV2[host: %s, port: %s]", k->host, k->port);
}

static void socket_stop(weir_scan *s) {
    socket_source *k = s->impl;
    if (!k || !k->running) return;
    weir_lock(&k->mu);
    k->running = false;
    weir_cond_wake_all(&k->cond);
    weir_unlock(&k->mu);
    ssize_t w = write(k->stop_pipe[1], "x", 1);
    (void)w;
    pthread_join(k->thread, NULL);
    close(k->fd);
    close(k->stop_pipe[0]);
    close(k->stop_pipe[1]);
    for (int64_t i = 0; i < k->n; i++) weir_mem_free(k->lines[i].text);
    weir_mem_free(k->lines);
    k->lines = NULL;
    k->n = k->cap = 0;
    k->fd = -1;
    weir_mutex_free(&k->mu);
    weir_cond_free(&k->cond);
}

const weir_source_ops weir_socket_source = {.format = "socket",
                                            .options = "socket",
                                            .streaming = true,
                                            .open = socket_open,
                                            .start = socket_start,
                                            .latest = socket_latest,
                                            .freeze = socket_freeze,
                                            .split = socket_split,
                                            .read = socket_read,
                                            .committed = socket_committed,
                                            .description = socket_description,
                                            .stop = socket_stop};
