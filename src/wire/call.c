/* Calls as their handlers see them, and the handler threads. */
#include "wire/inner.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { IDLE_MS = 10000 };

static void free_chunks(chunk *k) {
    while (k) {
        chunk *next = k->next;
        weir_mem_free(k);
        k = next;
    }
}

void weir_share_unref(share *s) {
    if (--s->refs == 0) weir_mem_free(s);
}

void weir_rpc_unref(weir_rpc *r) {
    if (--r->refs || r->wake_queued) return;
    weir_let_go(r, r->held_bytes);
    weir_share_unref(r->share);
    free_chunks(r->in);
    free_chunks(r->out);
    weir_mem_free(r->current);
    weir_mem_free(r->part);
    weir_mem_free(r->path);
    weir_mem_free(r->message);
    weir_mem_free(r->details);
    weir_cond_free(&r->cond);
    weir_mem_free(r);
}

void weir_rpc_poke(weir_rpc *r) {
    uint64_t one = 1;
    if (r->wake_queued) return;
    r->wake_queued = true;
    r->wake_next = r->server->wakes;
    r->server->wakes = r;
    ssize_t n = write(r->server->wake_fd, &one, sizeof one);
    (void)n; /* a full counter wakes as well */
}

const char *weir_rpc_method(const weir_rpc *r) {
    const char *s = r->path ? strrchr(r->path, '/') : NULL;
    return s ? s + 1 : "";
}

const uint8_t *weir_rpc_next(weir_rpc *r, size_t *len) {
    weir_server *s = r->server;
    weir_lock(&s->mu);
    if (r->current) weir_let_go(r, r->current->cap);
    weir_mem_free(r->current);
    r->current = NULL;
    while (!r->in && !r->in_end && !r->closed) (void)weir_cond_wait(&r->cond, &s->mu, -1);
    chunk *k = r->closed ? NULL : r->in;
    if (k) {
        r->in = k->next;
        if (!r->in) r->in_tail = NULL;
        r->in_bytes -= k->n;
        r->unacked += k->n + 5;
        r->current = k;
        if (!r->in_end) weir_rpc_poke(r); /* the window opens again */
    }
    weir_unlock(&s->mu);
    *len = k ? k->n : 0;
    return k ? k->p : NULL;
}

bool weir_rpc_cancelled(weir_rpc *r) {
    weir_lock(&r->server->mu);
    bool c = r->closed;
    weir_unlock(&r->server->mu);
    return c;
}

bool weir_rpc_send(weir_rpc *r, const void *msg, size_t len) {
    weir_server *s = r->server;
    chunk *k = weir_mem_try(NULL, sizeof *k + len + 5);
    if (!k) return false;
    *k = (chunk){.n = len + 5, .cap = len + 5};
    k->p[0] = 0;
    for (int i = 0; i < 4; i++) k->p[1 + i] = (uint8_t)(len >> (24 - 8 * i));
    memcpy(k->p + 5, msg, len);
    weir_lock(&s->mu);
    while (r->out_bytes > SEND_BOUND && !r->closed) (void)weir_cond_wait(&r->cond, &s->mu, -1);
    while (!r->closed && r->out_bytes && !weir_hold(r, k->cap))
        (void)weir_cond_wait(&r->cond, &s->mu, 100);
    if (r->closed) {
        weir_unlock(&s->mu);
        weir_mem_free(k);
        return false;
    }
    if (!r->out_bytes) weir_hold_anyway(r, k->cap); /* one message each, or nobody would go on */
    if (r->out_tail)
        r->out_tail->next = k;
    else
        r->out = k;
    r->out_tail = k;
    r->out_bytes += k->n;
    weir_rpc_poke(r);
    weir_unlock(&s->mu);
    return true;
}

void weir_rpc_finish(weir_rpc *r, int status, const char *message, const void *details,
                     size_t ndetails) {
    weir_server *s = r->server;
    weir_lock(&s->mu);
    if (!r->late) {
        r->status = status;
        r->message = message ? weir_mem_strdup(message) : NULL;
    }
    if (!r->late && ndetails && (r->details = weir_mem_try(NULL, ndetails)) != NULL) {
        memcpy(r->details, details, ndetails);
        r->ndetails = ndetails;
    }
    r->ended = true;
    if (!r->closed) weir_rpc_poke(r);
    s->calls--;
    s->running--;
    r->share->running--;
    weir_cond_wake_all(&s->idle_cond);
    if (s->jobs) weir_cond_wake_all(&s->jobs_cond);
    weir_rpc_unref(r);
    weir_unlock(&s->mu);
}

/* Half of the handlers that are left is what a connection may have: however many hold theirs, the
 * next one finds some. */
static bool may_run(const weir_server *s, const weir_rpc *r) {
    int most = (MAX_HANDLERS - s->running) / 2;
    return r->share->running < (most > LEAST_HANDLERS ? most : LEAST_HANDLERS);
}

/* Takes the first call out of the queue whose connection may have one more. */
static weir_rpc *take_job(weir_server *s) {
    weir_rpc *before = NULL, *r = s->jobs;
    while (r && !s->stopping && !may_run(s, r)) {
        before = r;
        r = r->job_next;
    }
    if (!r) return NULL;
    if (before)
        before->job_next = r->job_next;
    else
        s->jobs = r->job_next;
    if (s->jobs_tail == r) s->jobs_tail = before;
    r->job_next = NULL;
    s->running++;
    r->share->running++;
    return r;
}

static void *handler_thread(void *arg) {
    weir_server *s = arg;
    weir_lock(&s->mu);
    for (;;) {
        bool timed_out = false;
        weir_rpc *r;
        s->idle++;
        while (!(r = take_job(s)) && !s->stopping && !timed_out)
            timed_out = !weir_cond_wait(&s->jobs_cond, &s->mu, IDLE_MS);
        s->idle--;
        if (!r) break;
        weir_unlock(&s->mu);
        s->cfg.handle(s->cfg.app, r);
        weir_lock(&s->mu);
    }
    s->handlers--;
    weir_cond_wake_all(&s->idle_cond);
    weir_unlock(&s->mu);
    return NULL;
}

void weir_rpc_dispatch(weir_rpc *r) {
    weir_server *s = r->server;
    weir_lock(&s->mu);
    r->refs++;
    s->calls++;
    if (s->jobs_tail)
        s->jobs_tail->job_next = r;
    else
        s->jobs = r;
    s->jobs_tail = r;
    int queued = 0;
    for (weir_rpc *j = s->jobs; j; j = j->job_next) queued++;
    if (queued > s->idle && s->handlers < MAX_HANDLERS &&
        weir_thread_start(NULL, "weir-request", handler_thread, s))
        s->handlers++;
    weir_cond_wake_all(&s->jobs_cond);
    weir_unlock(&s->mu);
}

void weir_handlers_stop(weir_server *s) {
    weir_lock(&s->mu);
    s->stopping = true;
    weir_cond_wake_all(&s->jobs_cond);
    while (s->handlers) (void)weir_cond_wait(&s->idle_cond, &s->mu, 1000);
    weir_unlock(&s->mu);
}
