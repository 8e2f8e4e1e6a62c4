/* The Spark Connect server as a whole: sessions, operations, queries. Called by app/server.c. */
#ifndef WEIR_CONNECT_SERVE_H
#define WEIR_CONNECT_SERVE_H
#include <stdbool.h>

typedef struct weir_server_options {
    const char *host;               /* default "127.0.0.1" */
    int port;                       /* 0 = any free one */
    const char *token;              /* NULL: none asked for */
    bool tell_remote;               /* print the SPARK_REMOTE line that holds the token */
    const char *tls_cert, *tls_key; /* PEM files, or NULL */
    const char *warehouse;          /* NULL: ./spark-warehouse */
    const char **conf;              /* key, value, key, value ... NULL-terminated */
    int ready_fd; /* "PORT\n" is written and the descriptor closed once accepting; -1 none */
} weir_server_options;

/* Runs until SIGTERM or SIGINT; returns the exit code. Prints what went wrong on stderr. */
int weir_serve(const weir_server_options *);
#endif
