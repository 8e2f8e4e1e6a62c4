/* Inside wire/: connections and calls. Fields marked L are guarded by the server's mutex. */
#ifndef WEIR_WIRE_INNER_H
#define WEIR_WIRE_INNER_H
#include "base/sync.h"
#include "wire/server.h"

#include <nghttp2/nghttp2.h>
#include <openssl/ssl.h>

enum {
    SEND_BOUND = 8 << 20,
    RECV_BOUND = 16 << 20,
    MAX_STREAMS = 256,
    MAX_CONNS = 1024,
    MAX_HANDLERS = 1024,
    HELLO_MS = 20000,
    OUT_CHUNK = 256 << 10
};

typedef struct chunk {
    struct chunk *next;
    size_t n, off;
    uint8_t p[];
} chunk;
typedef struct conn conn;

struct weir_rpc {
    weir_server *server;
    conn *c; /* epoll thread; NULL once the stream is closed */
    int32_t id;
    char *path;
    bool authorized, started, headers_sent, refused;
    int64_t deadline_ms;
    weir_rpc *prev, *next; /* streams of the connection */
    /* receiving: bytes of the frame being assembled (epoll thread) */
    uint8_t head[5];
    size_t nhead, want, have;
    chunk *part;
    /* L */
    chunk *in, *in_tail, *out, *out_tail, *current;
    size_t in_bytes, out_bytes, unacked;
    bool in_end, closed, ended, wake_queued;
    int status;
    char *message;
    uint8_t *details;
    size_t ndetails;
    int refs; /* stream side, handler side */
    weir_cond cond;
    weir_rpc *wake_next, *job_next;
};

struct conn {
    weir_server *server;
    int fd;
    SSL *ssl;
    bool handshaken, dead, want_write, useful;
    int64_t born_ms;
    nghttp2_session *session;
    uint8_t *buf;
    size_t n, off, cap;
    int nstream;
    weir_rpc *streams;
    conn *prev, *next;
};

struct weir_server {
    weir_server_config cfg;
    int listen_fd, epoll_fd, wake_fd, port;
    SSL_CTX *tls;
    nghttp2_session_callbacks *callbacks;
    conn *conns;
    int nconn;
    pthread_t thread;
    weir_mutex mu;
    weir_cond jobs_cond, idle_cond;
    weir_rpc *jobs, *jobs_tail, *wakes; /* L */
    int handlers, idle, calls;          /* L */
    bool stopping, draining;            /* L */
};

/* h2.c */
conn *weir_conn_new(weir_server *, int fd);
void weir_conn_free(conn *);
void weir_conn_ready(conn *, bool readable); /* moves bytes both ways; sets dead */
void weir_conn_wake(weir_rpc *);             /* epoll thread: headers, data or trailers are ready */
bool weir_h2_init(weir_server *);
/* call.c */
void weir_rpc_unref(weir_rpc *);    /* caller holds mu; may free */
void weir_rpc_dispatch(weir_rpc *); /* epoll thread: hands the call to a handler */
void weir_rpc_poke(weir_rpc *);     /* caller holds mu: the epoll thread looks at it */
void weir_handlers_stop(weir_server *);
#endif
