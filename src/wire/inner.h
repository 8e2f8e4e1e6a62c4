/* Inside wire/: connections and calls. Fields marked L are guarded by the server's mutex; others
 * belong to the epoll thread. */
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
    MAX_HANDLERS = 1024,
    LEAST_HANDLERS = 8,      /* of a connection, however busy the server is */
    HEADER_BYTES = 64 << 10, /* of a call, as they are after decompression */
    BODY_RATE = 4096,        /* a request takes request_ms, and a second more for so many bytes */
    MAX_REFUSALS = 100,      /* of a connection that never had a call let in */
    SWEEP_MS = 1000,
    READ_TURN = 32 << 10,    /* bytes a connection is read for before others have a turn */
    OUT_CHUNK = 256 << 10
};

typedef struct chunk {
    struct chunk *next;
    size_t n, off, cap; /* cap: what it is counted for */
    uint8_t p[];
} chunk;
typedef struct conn conn;

/* What a connection has at handlers: outlives it while one of its calls does. L */
typedef struct share {
    int refs, running;
} share;

struct weir_rpc {
    weir_server *server;
    conn *c; /* epoll thread; NULL once the stream is closed */
    int32_t id;
    char *path;
    bool has_token, authorized, started, headers_sent, refused, headers_done;
    int64_t born_ms, timeout_ms; /* of grpc-timeout, -1 none */
    size_t header_bytes, body_bytes;
    weir_rpc *prev, *next; /* streams of the connection */
    /* receiving: bytes of the frame being assembled (epoll thread) */
    uint8_t head[5];
    size_t nhead, want, have;
    chunk *part;
    /* L */
    chunk *in, *in_tail, *out, *out_tail, *current;
    size_t in_bytes, out_bytes, unacked;
    int64_t read_ms; /* when the client last took something of the answer */
    bool in_end, closed, ended, late, wake_queued, running;
    share *share;
    size_t held_bytes;
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
    bool handshaken, dead, want_write, useful, unread, pinged;
    int64_t born_ms, heard_ms;
    int refusals;
    share *share;
    nghttp2_session *session;
    uint8_t *buf;
    size_t n, off, cap;
    int nstream;
    weir_rpc *streams; /* changed under the mutex */
    conn *prev, *next;
};

struct weir_server {
    weir_server_config cfg;
    int listen_fd, epoll_fd, wake_fd, port;
    SSL_CTX *tls;
    nghttp2_session_callbacks *callbacks;
    conn *conns;
    int nconn, max_conns;
    bool paused, any_dead, any_unread; /* paused: no more connections are accepted */
    int64_t swept_ms;
    pthread_t thread;
    weir_mutex mu;
    weir_cond jobs_cond, idle_cond;
    weir_rpc *jobs, *jobs_tail, *wakes; /* L */
    int handlers, idle, calls, running; /* L */
    size_t held_bytes;                  /* L: of requests and answers under way */
    bool stopping, draining;            /* L */
};

/* h2.c */
conn *weir_conn_new(weir_server *, int fd);
void weir_conn_free(conn *);
void weir_conn_ready(conn *, bool readable); /* moves bytes both ways; sets dead */
void weir_conn_wake(weir_rpc *);             /* epoll thread: headers, data or trailers are ready */
bool weir_h2_init(weir_server *);
void weir_refuse(weir_rpc *, int status, const char *message); /* a call that no handler has seen */
void weir_conn_dead(conn *);
/* limits.c */
void weir_accept_pause(weir_server *, bool pause);
bool weir_make_room(weir_server *); /* closes what has said nothing useful for the longest time */
void weir_sweep(weir_server *, int64_t now_ms);
int weir_max_conns(void); /* from the limit of open files, which is raised first */
/* caller holds mu. false: the server, or this connection, holds too much: nothing was added */
bool weir_hold(weir_rpc *, size_t bytes);
void weir_hold_anyway(weir_rpc *, size_t bytes);
void weir_let_go(weir_rpc *, size_t bytes);
/* call.c */
void weir_rpc_unref(weir_rpc *);    /* caller holds mu; may free */
void weir_share_unref(share *);     /* caller holds mu */
void weir_rpc_dispatch(weir_rpc *); /* epoll thread: hands the call to a handler */
void weir_rpc_poke(weir_rpc *);     /* caller holds mu: the epoll thread looks at it */
void weir_handlers_stop(weir_server *);
#endif
