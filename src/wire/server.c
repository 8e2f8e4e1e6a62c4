/* The listening socket and the epoll loop. */
#include "wire/inner.h"
#include "base/mem.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

static int64_t now_ms(void) { return weir_monotonic_us(weir_env_real()) / 1000; }

static int pick_h2(SSL *ssl, const unsigned char **out, unsigned char *n, const unsigned char *in,
                   unsigned nin, void *u) {
    (void)ssl;
    (void)u;
    return nghttp2_select_next_protocol((unsigned char **)(uintptr_t)out, n, in, nin) == 1
               ? SSL_TLSEXT_ERR_OK
               : SSL_TLSEXT_ERR_ALERT_FATAL;
}

static bool open_tls(weir_server *s, char *error, size_t size) {
    if (!s->cfg.tls_cert) return true;
    s->tls = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_min_proto_version(s->tls, TLS1_2_VERSION);
    SSL_CTX_set_mode(s->tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_alpn_select_cb(s->tls, pick_h2, NULL);
    if (SSL_CTX_use_certificate_chain_file(s->tls, s->cfg.tls_cert) == 1 &&
        SSL_CTX_use_PrivateKey_file(s->tls, s->cfg.tls_key ? s->cfg.tls_key : s->cfg.tls_cert,
                                    SSL_FILETYPE_PEM) == 1)
        return true;
    snprintf(error, size, "cannot use the TLS certificate %s with the key %s", s->cfg.tls_cert,
             s->cfg.tls_key ? s->cfg.tls_key : s->cfg.tls_cert);
    return false;
}

static bool open_socket(weir_server *s, char *error, size_t size) {
    struct addrinfo hints = {.ai_family = AF_UNSPEC,
                             .ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_PASSIVE},
                    *list = NULL;
    char port[12];
    int one = 1;
    snprintf(port, sizeof port, "%d", s->cfg.port);
    int rc = getaddrinfo(s->cfg.host, port, &hints, &list);
    if (rc != 0) {
        snprintf(error, size, "cannot find the address %s: %s", s->cfg.host, gai_strerror(rc));
        return false;
    }
    for (struct addrinfo *a = list; a && s->listen_fd < 0; a = a->ai_next) {
        int fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0) continue;
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
        if (bind(fd, a->ai_addr, a->ai_addrlen) == 0 && listen(fd, 128) == 0)
            s->listen_fd = fd;
        else
            close(fd);
    }
    freeaddrinfo(list);
    if (s->listen_fd < 0) {
        snprintf(error, size, "cannot listen on %s:%d: %s", s->cfg.host, s->cfg.port,
                 strerror(errno));
        return false;
    }
    struct sockaddr_storage sa;
    socklen_t n = sizeof sa;
    getsockname(s->listen_fd, (struct sockaddr *)&sa, &n);
    s->port = ntohs(sa.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&sa)->sin6_port
                                             : ((struct sockaddr_in *)&sa)->sin_port);
    return true;
}

static void accept_all(weir_server *s) {
    int fd, one = 1;
    while (s->nconn < s->max_conns) {
        fd = accept4(s->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0 && (errno == EINTR || errno == ECONNABORTED)) continue;
        if (fd < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
        if (fd < 0) break; /* no descriptors or memory: later */
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        if (!weir_conn_new(s, fd)) close(fd);
    }
    (void)weir_make_room(s); /* accepting goes on when one was closed */
    weir_accept_pause(s, true);
}

static void take_wakes(weir_server *s) {
    uint64_t x;
    ssize_t n = read(s->wake_fd, &x, sizeof x);
    (void)n;
    weir_lock(&s->mu);
    weir_rpc *w = s->wakes;
    s->wakes = NULL;
    while (w) {
        weir_rpc *r = w;
        w = r->wake_next;
        r->wake_queued = false;
        if (r->refs == 0) { /* both sides are gone: only the queue held it */
            r->refs = 1;
            weir_rpc_unref(r);
            continue;
        }
        r->refs++;
        weir_unlock(&s->mu);
        weir_conn_wake(r);
        weir_lock(&s->mu);
        weir_rpc_unref(r);
    }
    weir_unlock(&s->mu);
}

static void read_on(weir_server *s) {
    s->any_unread = false;
    for (conn *c = s->conns; c; c = c->next)
        if (c->unread && !c->dead) weir_conn_ready(c, true);
}

static void begin_drain(weir_server *s) {
    close(s->listen_fd);
    s->listen_fd = -1;
    for (conn *c = s->conns; c; c = c->next) {
        nghttp2_submit_goaway(c->session, NGHTTP2_FLAG_NONE,
                              nghttp2_session_get_last_proc_stream_id(c->session),
                              NGHTTP2_NO_ERROR, NULL, 0);
        weir_conn_ready(c, false);
    }
}

static void *epoll_thread(void *arg) {
    weir_server *s = arg;
    struct epoll_event ev[64];
    for (;;) {
        weir_lock(&s->mu); /* before the wait: a wake that was read with others is not lost */
        bool stop = s->stopping, draining = s->draining;
        weir_unlock(&s->mu);
        if (stop) break;
        if (draining && s->listen_fd >= 0) begin_drain(s);
        int n = epoll_wait(s->epoll_fd, ev, 64, s->any_unread ? 0 : s->conns ? SWEEP_MS : -1);
        if (s->any_unread) read_on(s);
        for (int i = 0; i < n; i++) {
            if (ev[i].data.ptr == &s->listen_fd) {
                if (s->listen_fd >= 0) accept_all(s);
            } else if (ev[i].data.ptr == &s->wake_fd) {
                take_wakes(s);
            } else {
                conn *c = ev[i].data.ptr;
                if (!c->dead)
                    weir_conn_ready(c, (ev[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0);
            }
        }
        weir_sweep(s, now_ms()); /* after the events: none points to a freed connection */
    }
    while (s->conns) weir_conn_free(s->conns);
    return NULL;
}

/* Calls that nobody but the queue still holds. */
static void drop_wakes(weir_server *s) {
    weir_lock(&s->mu);
    for (weir_rpc *r = s->wakes, *next; r; r = next) {
        next = r->wake_next;
        r->wake_queued = false;
        r->refs++;
        weir_rpc_unref(r);
    }
    s->wakes = NULL;
    weir_unlock(&s->mu);
}

static void destroy(weir_server *s) {
    drop_wakes(s);
    if (s->listen_fd >= 0) close(s->listen_fd);
    if (s->epoll_fd >= 0) close(s->epoll_fd);
    if (s->wake_fd >= 0) close(s->wake_fd);
    if (s->tls) SSL_CTX_free(s->tls);
    nghttp2_session_callbacks_del(s->callbacks);
    weir_mutex_free(&s->mu);
    weir_mem_free(s);
}

weir_server *weir_server_start(const weir_server_config *cfg, char *error, size_t error_size) {
    weir_server *s = weir_mem_new(sizeof *s);
    s->cfg = *cfg;
    if (!s->cfg.max_message) s->cfg.max_message = 128u << 20;
    if (!s->cfg.max_held_bytes) s->cfg.max_held_bytes = 512u << 20;
    if (s->cfg.request_ms <= 0) s->cfg.request_ms = 20000;
    if (s->cfg.keepalive_ms <= 0) s->cfg.keepalive_ms = 60000;
    s->max_conns = weir_max_conns();
    s->listen_fd = -1;
    weir_mutex_init(&s->mu, WEIR_RANK_WIRE);
    weir_cond_init(&s->jobs_cond);
    weir_cond_init(&s->idle_cond);
    s->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    s->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (!weir_h2_init(s) || !open_tls(s, error, error_size) || !open_socket(s, error, error_size)) {
        destroy(s);
        return NULL;
    }
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = &s->listen_fd};
    epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, s->listen_fd, &e);
    e.data.ptr = &s->wake_fd;
    epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, s->wake_fd, &e);
    if (weir_thread_start(&s->thread, "weir-epoll", epoll_thread, s)) return s;
    snprintf(error, error_size, "cannot start a thread");
    destroy(s);
    return NULL;
}

int weir_server_port(const weir_server *s) { return s->port; }

static void wake(weir_server *s) {
    uint64_t one = 1;
    ssize_t n = write(s->wake_fd, &one, sizeof one);
    (void)n;
}

void weir_server_drain(weir_server *s, int64_t grace_ms) {
    int64_t end = now_ms() + grace_ms;
    weir_lock(&s->mu);
    s->draining = true;
    weir_unlock(&s->mu);
    wake(s);
    weir_lock(&s->mu);
    while (s->calls && now_ms() < end) (void)weir_cond_wait(&s->idle_cond, &s->mu, end - now_ms());
    weir_unlock(&s->mu);
}

void weir_server_stop(weir_server *s) {
    weir_lock(&s->mu);
    s->stopping = true;
    weir_unlock(&s->mu);
    wake(s);
    pthread_join(s->thread, NULL);
    weir_handlers_stop(s);
    destroy(s);
}
