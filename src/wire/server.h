/* A gRPC server over HTTP/2 (nghttp2), clear or TLS. One epoll thread moves bytes and never
 * evaluates; handlers run on threads of their own, which may block. Bounds: a message holds at most
 * max_message bytes; a call that is not read by its client holds at most SEND_BOUND bytes plus one
 * message before weir_rpc_send blocks; all together hold at most max_held_bytes, one connection
 * half of it; a connection has at most 256 open calls and half of the handlers that are left;
 * headers, requests and silence have deadlines (inner.h), and a grpc-timeout ends its call. When
 * there are as many connections as half of the open files allowed, the oldest that never asked
 * anything goes. */
#ifndef WEIR_WIRE_SERVER_H
#define WEIR_WIRE_SERVER_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct weir_server weir_server;
typedef struct weir_rpc weir_rpc; /* one call; belongs to its handler until weir_rpc_finish */

typedef struct weir_server_config {
    const char *host;               /* name or address */
    int port;                       /* 0 = any */
    const char *token;              /* NULL: none asked for */
    const char *tls_cert, *tls_key; /* PEM files; NULL: clear */
    size_t max_message;             /* 0 = 128 MiB */
    size_t max_held_bytes;          /* of all requests and answers under way; 0 = 512 MiB */
    int64_t request_ms;             /* for a call's headers, its request, a first word; 0 = 20 s */
    int64_t keepalive_ms; /* of silence, then the client is asked whether it is there; 0 = 60 s */
    void *app;
    void (*handle)(void *app, weir_rpc *); /* on a handler thread; must end in weir_rpc_finish */
} weir_server_config;

/* NULL on failure, with a sentence in error. */
weir_server *weir_server_start(const weir_server_config *, char *error, size_t error_size);
int weir_server_port(const weir_server *);
/* No new connections or calls; waits until running calls end, up to grace_ms. */
void weir_server_drain(weir_server *, int64_t grace_ms);
void weir_server_stop(weir_server *); /* closes everything, waits for handlers */

const char *weir_rpc_method(const weir_rpc *); /* last part of the path: "ExecutePlan" */
/* Next request message, in order; blocks for client-streaming calls. NULL: the client sent its last
 * one, or is gone. Valid until the next call of weir_rpc_next or finish. */
const uint8_t *weir_rpc_next(weir_rpc *, size_t *len);
/* Queues a response message; blocks while the client does not read. false: the client is gone. */
bool weir_rpc_send(weir_rpc *, const void *msg, size_t len);
bool weir_rpc_cancelled(weir_rpc *);
/* Ends the call and gives it back. status 0 = OK. details: google.rpc.Status bytes, or NULL. */
void weir_rpc_finish(weir_rpc *, int status, const char *message, const void *details,
                     size_t ndetails);

enum {
    WEIR_GRPC_OK = 0,
    WEIR_GRPC_CANCELLED = 1,
    WEIR_GRPC_INVALID_ARGUMENT = 3,
    WEIR_GRPC_DEADLINE_EXCEEDED = 4,
    WEIR_GRPC_RESOURCE_EXHAUSTED = 8,
    WEIR_GRPC_UNIMPLEMENTED = 12,
    WEIR_GRPC_INTERNAL = 13,
    WEIR_GRPC_UNAVAILABLE = 14,
    WEIR_GRPC_UNAUTHENTICATED = 16
};
#endif
