/* HTTP/2 connections: nghttp2 callbacks, gRPC framing, TLS. Epoll thread only. */
#include "wire/inner.h"
#include "base/mem.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static int64_t now_ms(void) { return weir_monotonic_us(weir_env_real()) / 1000; }

/* ---- calls ---- */

static int on_begin(nghttp2_session *h, const nghttp2_frame *f, void *u) {
    conn *c = u;
    if (f->hd.type != NGHTTP2_HEADERS || f->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
    weir_rpc *r = weir_mem_new(sizeof *r);
    r->server = c->server;
    r->c = c;
    r->id = f->hd.stream_id;
    r->refs = 1;
    r->timeout_ms = -1;
    r->born_ms = r->read_ms = now_ms();
    r->share = c->share;
    r->authorized = c->server->cfg.token == NULL;
    weir_cond_init(&r->cond);
    weir_lock(&c->server->mu);
    c->share->refs++;
    r->next = c->streams;
    if (r->next) r->next->prev = r;
    c->streams = r;
    weir_unlock(&c->server->mu);
    c->nstream++;
    return nghttp2_session_set_stream_user_data(h, r->id, r);
}

static bool token_matches(const char *token, const uint8_t *v, size_t n) {
    size_t want = strlen(token);
    if (n < 7 || strncasecmp((const char *)v, "Bearer ", 7) != 0 || n - 7 != want) return false;
    return CRYPTO_memcmp(v + 7, token, want) == 0;
}

static int64_t timeout_ms(const uint8_t *v, size_t n) {
    int64_t x = 0;
    for (size_t i = 0; i + 1 < n && v[i] >= '0' && v[i] <= '9' && i < 9; i++)
        x = x * 10 + (v[i] - '0');
    switch (n ? v[n - 1] : 0) {
    case 'H': return x * 3600000;
    case 'M': return x * 60000;
    case 'S': return x * 1000;
    case 'm': return x;
    case 'u': return x / 1000;
    case 'n': return x / 1000000;
    default: return -1;
    }
}

static bool is(const uint8_t *n, size_t len, const char *name) {
    return strlen(name) == len && memcmp(n, name, len) == 0;
}

static int on_header(nghttp2_session *h, const nghttp2_frame *f, const uint8_t *n, size_t nl,
                     const uint8_t *v, size_t vl, uint8_t flags, void *u) {
    (void)flags;
    conn *c = u;
    weir_rpc *r = nghttp2_session_get_stream_user_data(h, f->hd.stream_id);
    if (!r) return 0;
    r->header_bytes += nl + vl + 32; /* RFC 9113 6.5.2 */
    if (r->header_bytes > HEADER_BYTES) return NGHTTP2_ERR_CALLBACK_FAILURE;
    if (is(n, nl, ":path")) {
        weir_mem_free(r->path);
        r->path = weir_mem_strndup((const char *)v, vl);
    } else if (is(n, nl, "authorization") && c->server->cfg.token) {
        r->has_token = true;
        r->authorized = token_matches(c->server->cfg.token, v, vl);
    } else if (is(n, nl, "grpc-timeout")) {
        r->timeout_ms = timeout_ms(v, vl);
    }
    return 0;
}

void weir_refuse(weir_rpc *r, int status, const char *message) {
    if (r->refused || r->started) return;
    r->refused = true;
    if (r->c && !r->c->useful && ++r->c->refusals > MAX_REFUSALS) weir_conn_dead(r->c);
    weir_lock(&r->server->mu);
    r->status = status;
    r->message = weir_mem_strdup(message);
    r->ended = true;
    weir_rpc_poke(r);
    weir_unlock(&r->server->mu);
}

void weir_conn_dead(conn *c) { c->dead = c->server->any_dead = true; }

static void message_done(weir_rpc *r) {
    chunk *k = r->part;
    r->part = NULL;
    r->nhead = 0;
    weir_lock(&r->server->mu);
    if (r->in_tail)
        r->in_tail->next = k;
    else
        r->in = k;
    r->in_tail = k;
    r->in_bytes += k->n;
    weir_cond_wake_all(&r->cond);
    weir_unlock(&r->server->mu);
}

/* Begins a message from its five bytes of length. */
static bool begin_message(weir_rpc *r) {
    r->want = (size_t)r->head[1] << 24 | (size_t)r->head[2] << 16 | (size_t)r->head[3] << 8 |
              r->head[4];
    r->have = 0;
    if (r->head[0])
        return weir_refuse(r, WEIR_GRPC_UNIMPLEMENTED, "compressed messages are not supported"),
               false;
    if (r->want > r->server->cfg.max_message)
        return weir_refuse(r, WEIR_GRPC_RESOURCE_EXHAUSTED,
                           "the message is larger than the server's limit"),
               false;
    r->part = weir_mem_new(sizeof *r->part + 1);
    if (!r->want) message_done(r);
    return true;
}

/* Room for have + take bytes of the message: it grows with what has really arrived. */
static bool make_room(weir_rpc *r, size_t take) {
    size_t room = r->part->cap ? r->part->cap * 2 : 4096;
    if (r->have + take <= r->part->cap) return true;
    if (room < r->have + take) room = r->have + take;
    if (room > r->want) room = r->want;
    weir_lock(&r->server->mu);
    bool good = weir_hold(r, room - r->part->cap);
    weir_unlock(&r->server->mu);
    chunk *k = good ? weir_mem_try(r->part, sizeof *k + room) : NULL;
    if (!k) {
        weir_refuse(r, WEIR_GRPC_UNAVAILABLE,
                    "the server holds as many bytes of requests and answers as it may");
        return false;
    }
    k->cap = room;
    r->part = k;
    return true;
}

/* The length-prefixed messages of gRPC, however the bytes are cut. false: the call is refused. */
static bool take_bytes(weir_rpc *r, const uint8_t *p, size_t n) {
    r->body_bytes += n;
    while (n) {
        if (r->nhead < 5) {
            r->head[r->nhead++] = *p++;
            n--;
            if (r->nhead == 5 && !begin_message(r)) return false;
            continue;
        }
        size_t take = r->want - r->have < n ? r->want - r->have : n;
        if (!make_room(r, take)) return false;
        memcpy(r->part->p + r->have, p, take);
        r->have += take;
        r->part->n = r->have;
        p += take;
        n -= take;
        if (r->have == r->want) message_done(r);
    }
    return true;
}

/* SPARK PreSharedKeyAuthenticationInterceptor. */
static void refuse_token(weir_rpc *r) {
    weir_refuse(r, WEIR_GRPC_UNAUTHENTICATED,
                r->has_token ? "Invalid authentication token" : "No authentication token provided");
}

static void start(weir_rpc *r) {
    if (r->started || r->refused) return;
    if (!r->authorized) return refuse_token(r);
    weir_lock(&r->server->mu);
    bool closing = r->server->draining;
    weir_unlock(&r->server->mu);
    if (closing) return weir_refuse(r, WEIR_GRPC_UNAVAILABLE, "the server is shutting down");
    r->started = true;
    r->c->useful = true;
    weir_rpc_dispatch(r);
}

static int on_data(nghttp2_session *h, uint8_t flags, int32_t id, const uint8_t *p, size_t n,
                   void *u) {
    (void)flags;
    conn *c = u;
    weir_rpc *r = nghttp2_session_get_stream_user_data(h, id);
    bool keep = r && !r->refused && r->authorized;
    (void)nghttp2_session_consume_connection(h, n);
    if (!keep) return (void)nghttp2_session_consume_stream(h, id, n), 0;
    bool ok = take_bytes(r, p, n);
    weir_lock(&c->server->mu);
    size_t held = r->in_bytes;
    weir_unlock(&c->server->mu);
    /* a message under way is let in; finished ones wait for the handler once there are too many */
    if (!ok || held <= RECV_BOUND)
        (void)nghttp2_session_consume_stream(h, id, n);
    else
        r->unacked += n;
    if (ok && !r->started && r->in) start(r);
    return 0;
}

static int on_frame(nghttp2_session *h, const nghttp2_frame *f, void *u) {
    (void)u;
    if (f->hd.type != NGHTTP2_DATA && f->hd.type != NGHTTP2_HEADERS) return 0;
    weir_rpc *r = nghttp2_session_get_stream_user_data(h, f->hd.stream_id);
    if (!r) return 0;
    if (f->hd.flags & NGHTTP2_FLAG_END_HEADERS) r->headers_done = true;
    if (!r->authorized && (f->hd.flags & NGHTTP2_FLAG_END_HEADERS))
        refuse_token(r);
    if (!(f->hd.flags & NGHTTP2_FLAG_END_STREAM)) return 0;
    weir_lock(&r->server->mu);
    r->in_end = true;
    weir_cond_wake_all(&r->cond);
    weir_unlock(&r->server->mu);
    start(r);
    return 0;
}

static void detach(weir_rpc *r) {
    conn *c = r->c;
    c->nstream--;
    weir_lock(&r->server->mu);
    if (r->prev)
        r->prev->next = r->next;
    else
        c->streams = r->next;
    if (r->next) r->next->prev = r->prev;
    r->closed = true;
    r->c = NULL;
    weir_cond_wake_all(&r->cond);
    weir_rpc_unref(r);
    weir_unlock(&c->server->mu);
}

static int on_close(nghttp2_session *h, int32_t id, uint32_t code, void *u) {
    (void)code;
    (void)u;
    weir_rpc *r = nghttp2_session_get_stream_user_data(h, id);
    if (r) detach(r);
    return 0;
}

/* A call that was answered before its request was whole does not stay half open. */
static int on_sent(nghttp2_session *h, const nghttp2_frame *f, void *u) {
    (void)u;
    if (f->hd.type != NGHTTP2_HEADERS || !(f->hd.flags & NGHTTP2_FLAG_END_STREAM)) return 0;
    weir_rpc *r = nghttp2_session_get_stream_user_data(h, f->hd.stream_id);
    if (!r) return 0;
    weir_lock(&r->server->mu);
    bool whole = r->in_end;
    weir_unlock(&r->server->mu);
    if (!whole) nghttp2_submit_rst_stream(h, NGHTTP2_FLAG_NONE, r->id, NGHTTP2_NO_ERROR);
    return 0;
}

/* ---- sending ---- */

static char *percent(const char *s) {
    char *o = weir_mem_resize(NULL, strlen(s) * 3 + 1), *q = o;
    for (const unsigned char *p = (const unsigned char *)s; *p && q - o < 4000;
         p++) { /* trailers have a limit: the rest is in the details */
        if (*p < 0x20 || *p > 0x7e || *p == '%')
            q += sprintf(q, "%%%02X", *p);
        else
            *q++ = (char)*p;
    }
    *q = 0;
    return o;
}

static nghttp2_nv pair(const char *n, const char *v) {
    return (nghttp2_nv){(uint8_t *)(uintptr_t)n, (uint8_t *)(uintptr_t)v, strlen(n), strlen(v),
                        NGHTTP2_NV_FLAG_NONE};
}

static void submit_trailers(nghttp2_session *h, weir_rpc *r) {
    char status[12];
    nghttp2_nv nv[3];
    size_t n = 0;
    char *text = r->message ? percent(r->message) : NULL, *details = NULL;
    snprintf(status, sizeof status, "%d", r->status);
    nv[n++] = pair("grpc-status", status);
    if (text) nv[n++] = pair("grpc-message", text);
    if (r->ndetails && (details = weir_mem_try(NULL, r->ndetails * 4 / 3 + 8)) != NULL) {
        EVP_EncodeBlock((unsigned char *)details, r->details, (int)r->ndetails);
        nv[n++] = pair("grpc-status-details-bin", details);
    }
    nghttp2_submit_trailer(h, r->id, nv, n);
    weir_mem_free(text);
    weir_mem_free(details);
}

static ssize_t read_out(nghttp2_session *h, int32_t id, uint8_t *buf, size_t len, uint32_t *flags,
                        nghttp2_data_source *src, void *u) {
    (void)id;
    (void)u;
    weir_rpc *r = src->ptr;
    size_t n = 0;
    weir_lock(&r->server->mu);
    while (r->out && n < len) {
        chunk *k = r->out;
        size_t m = k->n - k->off < len - n ? k->n - k->off : len - n;
        memcpy(buf + n, k->p + k->off, m);
        n += m;
        k->off += m;
        r->out_bytes -= m;
        if (k->off < k->n) break;
        r->out = k->next;
        if (!r->out) r->out_tail = NULL;
        weir_let_go(r, k->cap);
        weir_mem_free(k);
    }
    if (n) {
        r->read_ms = now_ms();
        weir_cond_wake_all(&r->cond);
    }
    bool fin = !r->out && r->ended;
    weir_unlock(&r->server->mu);
    if (!n && !fin) return NGHTTP2_ERR_DEFERRED;
    if (fin) {
        *flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
        submit_trailers(h, r);
    }
    return (ssize_t)n;
}

static ssize_t raw_write(conn *c, const void *p, size_t n) {
    if (!c->ssl) return send(c->fd, p, n, MSG_NOSIGNAL);
    ERR_clear_error();
    int k = SSL_write(c->ssl, p, n > 1 << 20 ? 1 << 20 : (int)n);
    if (k > 0) return k;
    int e = SSL_get_error(c->ssl, k);
    errno = e == SSL_ERROR_WANT_WRITE || e == SSL_ERROR_WANT_READ ? EAGAIN : EIO;
    return -1;
}

static void watch(conn *c, bool write) {
    if (c->want_write == write) return;
    c->want_write = write;
    struct epoll_event e = {.events = EPOLLIN | (write ? (uint32_t)EPOLLOUT : 0), .data.ptr = c};
    epoll_ctl(c->server->epoll_fd, EPOLL_CTL_MOD, c->fd, &e);
}

static bool fill(conn *c) {
    while (c->n < OUT_CHUNK) {
        const uint8_t *p;
        ssize_t n = nghttp2_session_mem_send(c->session, &p);
        if (n < 0) return false;
        if (n == 0) break;
        if (c->n + (size_t)n > c->cap) {
            size_t cap = c->cap ? c->cap * 2 : 4096;
            while (cap < c->n + (size_t)n) cap *= 2;
            uint8_t *b = weir_mem_try(c->buf, cap);
            if (!b) return false;
            c->buf = b;
            c->cap = cap;
        }
        memcpy(c->buf + c->n, p, (size_t)n);
        c->n += (size_t)n;
    }
    return true;
}

static void flush(conn *c) {
    if (c->dead || (c->ssl && !c->handshaken)) return;
    for (;;) {
        if (c->off == c->n) c->off = c->n = 0;
        if (!fill(c)) {
            weir_conn_dead(c);
            return;
        }
        if (c->off == c->n) break;
        ssize_t n = raw_write(c, c->buf + c->off, c->n - c->off);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) {
            if (errno == EAGAIN || errno == EWOULDBLOCK)
                watch(c, true);
            else
                weir_conn_dead(c);
            return;
        }
        c->off += (size_t)n;
    }
    if (c->cap > OUT_CHUNK * 2) {
        weir_mem_free(c->buf);
        c->buf = NULL;
        c->cap = 0;
    }
    watch(c, false);
}

void weir_conn_wake(weir_rpc *r) {
    conn *c = r->c;
    if (!c || c->dead) return;
    weir_lock(&r->server->mu);
    size_t give = r->unacked;
    bool more = r->in_bytes <= RECV_BOUND;
    if (more) r->unacked = 0;
    bool ready = r->out || r->ended;
    weir_unlock(&r->server->mu);
    if (more && give) (void)nghttp2_session_consume_stream(c->session, r->id, give);
    if (ready && !r->headers_sent) {
        r->headers_sent = true;
        nghttp2_nv nv[] = {pair(":status", "200"), pair("content-type", "application/grpc"),
                           pair("grpc-accept-encoding", "identity")};
        nghttp2_data_provider dp = {{.ptr = r}, read_out};
        nghttp2_submit_response(c->session, r->id, nv, 3, &dp);
    } else if (ready) {
        nghttp2_session_resume_data(c->session, r->id);
    }
    flush(c);
}

/* ---- connections ---- */

conn *weir_conn_new(weir_server *s, int fd) {
    conn *c = weir_mem_new(sizeof *c);
    c->server = s;
    c->fd = fd;
    c->born_ms = c->heard_ms = now_ms();
    c->share = weir_mem_new(sizeof *c->share);
    c->share->refs = 1;
    if (s->tls) {
        c->ssl = SSL_new(s->tls);
        SSL_set_fd(c->ssl, fd);
        SSL_set_accept_state(c->ssl);
    }
    nghttp2_option *o;
    nghttp2_option_new(&o);
    nghttp2_option_set_no_auto_window_update(o, 1);
    nghttp2_option_set_no_rfc9113_leading_and_trailing_ws_validation(
        o, 1); /* an empty token is refused by us, with a reason */
    nghttp2_session_server_new2(&c->session, s->callbacks, c, o);
    nghttp2_option_del(o);
    nghttp2_settings_entry iv[] = {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, MAX_STREAMS},
                                   {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 4 << 20},
                                   {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, HEADER_BYTES}};
    nghttp2_submit_settings(c->session, NGHTTP2_FLAG_NONE, iv, 3);
    nghttp2_session_set_local_window_size(c->session, NGHTTP2_FLAG_NONE, 0, 16 << 20);
    c->next = s->conns;
    if (c->next) c->next->prev = c;
    s->conns = c;
    s->nconn++;
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
    epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, fd, &e);
    flush(c);
    return c;
}

void weir_conn_free(conn *c) {
    weir_server *s = c->server;
    while (c->streams) detach(c->streams);
    epoll_ctl(s->epoll_fd, EPOLL_CTL_DEL, c->fd, NULL);
    nghttp2_session_del(c->session);
    if (c->ssl) SSL_free(c->ssl);
    close(c->fd);
    if (c->prev)
        c->prev->next = c->next;
    else
        s->conns = c->next;
    if (c->next) c->next->prev = c->prev;
    s->nconn--;
    weir_lock(&s->mu);
    weir_share_unref(c->share);
    weir_unlock(&s->mu);
    weir_mem_free(c->buf);
    weir_mem_free(c);
}

static void handshake(conn *c) {
    ERR_clear_error();
    int k = SSL_do_handshake(c->ssl);
    if (k == 1) {
        c->handshaken = true;
        watch(c, false);
        return;
    }
    int e = SSL_get_error(c->ssl, k);
    if (e == SSL_ERROR_WANT_WRITE)
        watch(c, true);
    else if (e == SSL_ERROR_WANT_READ)
        watch(c, false);
    else
        weir_conn_dead(c);
}

static ssize_t raw_read(conn *c, void *p, size_t n) {
    if (!c->ssl) return recv(c->fd, p, n, 0);
    ERR_clear_error();
    int k = SSL_read(c->ssl, p, (int)n);
    if (k > 0) return k;
    int e = SSL_get_error(c->ssl, k);
    errno = e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE ? EAGAIN : EIO;
    return e == SSL_ERROR_ZERO_RETURN ? 0 : -1;
}

void weir_conn_ready(conn *c, bool readable) {
    uint8_t buf[READ_TURN];
    size_t turn = 0;
    c->unread = false;
    if (c->ssl && !c->handshaken) handshake(c);
    while (!c->dead && readable && (!c->ssl || c->handshaken)) {
        if (turn >= READ_TURN) {
            c->unread = c->server->any_unread = true;
            break;
        }
        ssize_t n = raw_read(c, buf, sizeof buf);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
        if (n <= 0 || nghttp2_session_mem_recv(c->session, buf, (size_t)n) < 0) {
            weir_conn_dead(c);
            break;
        }
        turn += (size_t)n;
        c->heard_ms = now_ms();
        c->pinged = false;
    }
    if (!c->dead) flush(c);
    if (!nghttp2_session_want_read(c->session) && !nghttp2_session_want_write(c->session))
        weir_conn_dead(c);
}

bool weir_h2_init(weir_server *s) {
    if (nghttp2_session_callbacks_new(&s->callbacks) != 0) return false;
    nghttp2_session_callbacks_set_on_begin_headers_callback(s->callbacks, on_begin);
    nghttp2_session_callbacks_set_on_header_callback(s->callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(s->callbacks, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(s->callbacks, on_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(s->callbacks, on_close);
    nghttp2_session_callbacks_set_on_frame_send_callback(s->callbacks, on_sent);
    return true;
}
