/* Threads: ranked mutexes, a bounded queue, a pool of compute threads. Thread: any. */
#ifndef WEIR_BASE_SYNC_H
#define WEIR_BASE_SYNC_H
#include "base/ctx.h"
#include <pthread.h>

/* Locks are taken in rising rank; debug builds (WEIR_DEBUG) abort on a breach. */
typedef enum {
    WEIR_RANK_MANAGER = 10,
    WEIR_RANK_SESSION = 20,
    WEIR_RANK_OPERATION = 25,
    WEIR_RANK_CATALOG = 30,
    WEIR_RANK_ACTIVE = 35,
    WEIR_RANK_QUERY = 40,
    WEIR_RANK_TABLE = 45,
    WEIR_RANK_CONF = 50,
    WEIR_RANK_POOL = 60,
    WEIR_RANK_QUEUE = 70,
    WEIR_RANK_WIRE = 75,
    WEIR_RANK_LEAF = 90
} weir_rank;
typedef struct weir_mutex {
    pthread_mutex_t m;
    weir_rank rank;
} weir_mutex;
void weir_mutex_init(weir_mutex *, weir_rank);
void weir_mutex_free(weir_mutex *);
void weir_lock(weir_mutex *);
void weir_unlock(weir_mutex *);
/* A condition, on the monotonic clock. wait returns false on time-out; timeout_ms < 0 waits for
 * ever. */
typedef struct weir_cond {
    pthread_cond_t c;
} weir_cond;
void weir_cond_init(weir_cond *);
void weir_cond_free(weir_cond *);
bool weir_cond_wait(weir_cond *, weir_mutex *, int64_t timeout_ms);
void weir_cond_wake_all(weir_cond *);

/* Pool: tasks compute only; they never wait for other tasks. */
typedef struct weir_pool weir_pool;
weir_pool *weir_pool_new(int threads);
void weir_pool_free(weir_pool *); /* waits for running tasks */
int weir_pool_threads(const weir_pool *);
/* Runs fn(u, i) for i in 0..n-1 on the pool and the calling thread, returns when all are done. */
void weir_pool_for(weir_pool *, int n, void (*fn)(void *u, int i), void *u);

/* Starts a named, detached or joinable thread with an 8 MiB stack (16 MiB under sanitizers). false
 * on failure. */
bool weir_thread_start(pthread_t *out, const char *name, void *(*fn)(void *), void *u);
#endif
