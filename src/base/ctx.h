/* The first argument of every fallible function: where to allocate, where to report, what limits
 * hold. A ctx is a value: copy it on the stack to change a member for callees (a shorter-lived
 * arena, a task). */
#ifndef WEIR_BASE_CTX_H
#define WEIR_BASE_CTX_H
#include "base/arena.h"
#include "base/budget.h"
#include "base/conf.h"
#include "base/env.h"
#include "base/err.h"
#include <stdatomic.h>
#include <stdbool.h>

/* Asked to stop: a flag and an eventfd that wakes every blocking wait. deadline_ms 0 = none
 * (monotonic). */
typedef struct weir_cancel {
    atomic_bool asked;
    int fd; /* eventfd, readable once asked; -1 if the owner made none */
    int64_t deadline_ms;
} weir_cancel;

typedef struct weir_epoch { /* NULL in batch queries */
    int64_t batch_id;
    int64_t batch_time_ms;     /* current_timestamp() of the batch, also when it is run again */
    int64_t late_watermark_us; /* rows at or below are late; INT64_MIN none */
    int64_t evict_watermark_us;
} weir_epoch;

typedef struct weir_task { /* what the running task reads: for rand, input_file_name, messages */
    int32_t partition;
    const char *input_file; /* URI form as Spark shows it; "" if none */
    int64_t input_block_start, input_block_length;
    int64_t input_file_size, input_file_mtime_us;
} weir_task;

/* Tells whoever watches (the status of a query) what the work waits for. */
typedef struct weir_notice {
    void (*say)(void *u, const char *text); /* NULL: it goes on */
    void *u;
} weir_notice;

typedef struct weir_ctx {
    weir_arena *arena;
    weir_err *err;
    weir_budget *budget;   /* may be NULL */
    const weir_conf *conf; /* session configuration; never NULL */
    weir_env *env;         /* files, clock, random */
    const weir_epoch *epoch;
    weir_task *task;     /* may be NULL */
    weir_cancel *cancel; /* may be NULL */
    const weir_notice *notice; /* may be NULL */
    int64_t now_us;      /* current_timestamp() of this query or batch, micros */
} weir_ctx;

/* WEIR_CANCEL (with the error set) once cancellation was asked for or the deadline passed; fails
 * with UNABLE_TO_ACQUIRE_MEMORY once the budget is marked. */
weir_rc weir_check_cancel(weir_ctx *);
weir_rc weir_fail_memory(weir_ctx *, int64_t bytes); /* UNABLE_TO_ACQUIRE_MEMORY */
/* p = an array of n elements, zeroed, or the memory error: for n that comes with the data. */
#define WEIR_TRY_NEWN(ctx, arena, p, n)                                                            \
    do {                                                                                           \
        size_t bytes_ = sizeof *(p) * (size_t)(n);                                                 \
        (p) = weir_alloc_try((arena), bytes_);                                                     \
        if (!(p)) return weir_fail_memory((ctx), (int64_t)bytes_);                                 \
    } while (0)

void weir_cancel_init(weir_cancel *); /* makes the eventfd */
void weir_cancel_ask(weir_cancel *);
void weir_cancel_poke(weir_cancel *); /* ends waits without asking for the end */
void weir_cancel_rest(weir_cancel *); /* undoes pokes; what was asked stays asked */
void weir_cancel_close(weir_cancel *);
#endif
