/* Mutexes, conditions, the pool, threads. See sync.h. */
#include "base/sync.h"

#include "base/budget.h"
#include "base/mem.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifdef WEIR_DEBUG
static _Thread_local int held[64], nheld;
static void note_lock(weir_rank r) {
    weir_assert(nheld == 0 || held[nheld - 1] < (int)r);
    weir_assert(nheld < 64);
    held[nheld++] = (int)r;
}
static void note_unlock(weir_rank r) {
    int i = nheld - 1;
    while (i >= 0 && held[i] != (int)r) i--;
    weir_assert(i >= 0);
    for (; i + 1 < nheld; i++) held[i] = held[i + 1];
    nheld--;
}
#else
#define note_lock(r) ((void)(r))
#define note_unlock(r) ((void)(r))
#endif

void weir_mutex_init(weir_mutex *m, weir_rank rank) {
    pthread_mutex_init(&m->m, NULL);
    m->rank = rank;
}
void weir_mutex_free(weir_mutex *m) { pthread_mutex_destroy(&m->m); }
void weir_lock(weir_mutex *m) {
    note_lock(m->rank);
    pthread_mutex_lock(&m->m);
}
void weir_unlock(weir_mutex *m) {
    pthread_mutex_unlock(&m->m);
    note_unlock(m->rank);
}

void weir_cond_init(weir_cond *c) {
    pthread_condattr_t a;
    pthread_condattr_init(&a);
    pthread_condattr_setclock(&a, CLOCK_MONOTONIC);
    pthread_cond_init(&c->c, &a);
    pthread_condattr_destroy(&a);
}
void weir_cond_free(weir_cond *c) { pthread_cond_destroy(&c->c); }

bool weir_cond_wait(weir_cond *c, weir_mutex *m, int64_t timeout_ms) {
    if (timeout_ms < 0) return pthread_cond_wait(&c->c, &m->m) == 0;
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += timeout_ms / 1000;
    t.tv_nsec += timeout_ms % 1000 * 1000000;
    if (t.tv_nsec >= 1000000000) t.tv_sec++, t.tv_nsec -= 1000000000;
    return pthread_cond_timedwait(&c->c, &m->m, &t) != ETIMEDOUT;
}
void weir_cond_wake_all(weir_cond *c) { pthread_cond_broadcast(&c->c); }

typedef struct beginning {
    void *(*fn)(void *);
    void *u;
    char name[16];
} beginning;

/* By itself: a detached thread may be gone before another one can name it. */
static void *begin(void *arg) {
    beginning b = *(beginning *)arg;
    weir_mem_free(arg);
    pthread_setname_np(pthread_self(), b.name);
    return b.fn(b.u);
}

bool weir_thread_start(pthread_t *out, const char *name, void *(*fn)(void *), void *u) {
    pthread_attr_t a;
    pthread_t t;
    beginning *b = weir_mem_resize(NULL, sizeof *b);
    *b = (beginning){.fn = fn, .u = u};
    (void)snprintf(b->name, sizeof b->name, "%s", name);
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    size_t stack = 32u << 20;
#else
    size_t stack = 8u << 20;
#endif
    pthread_attr_init(&a);
    pthread_attr_setstacksize(&a, stack);
    if (!out) pthread_attr_setdetachstate(&a, PTHREAD_CREATE_DETACHED);
    int rc = pthread_create(&t, &a, begin, b);
    pthread_attr_destroy(&a);
    if (rc) weir_mem_free(b);
    if (rc == 0 && out) *out = t;
    return rc == 0;
}

typedef struct job {
    struct job *next;
    void (*fn)(void *, int);
    void *u;
    weir_budget *budget; /* of the thread that waits */
    int n, at, done;
} job;
struct weir_pool {
    weir_mutex mu;
    weir_cond work, over;
    job *jobs;
    bool stop;
    int nthread;
    pthread_t *thread;
};

/* Takes one index of the first job with any left. Caller holds mu. */
static job *take(weir_pool *p, int *i) {
    for (job *j = p->jobs; j; j = j->next)
        if (j->at < j->n) {
            *i = j->at++;
            return j;
        }
    return NULL;
}

static void run_one(weir_pool *p, job *j, int i) {
    weir_unlock(&p->mu);
    weir_budget *own = weir_budget_enter(j->budget);
    j->fn(j->u, i);
    (void)weir_budget_enter(own);
    weir_lock(&p->mu);
    if (++j->done == j->n) weir_cond_wake_all(&p->over);
}

static void *pool_thread(void *arg) {
    weir_pool *p = arg;
    weir_lock(&p->mu);
    for (;;) {
        int i;
        job *j = take(p, &i);
        if (j)
            run_one(p, j, i);
        else if (p->stop)
            break;
        else
            (void)weir_cond_wait(&p->work, &p->mu, -1);
    }
    weir_unlock(&p->mu);
    return NULL;
}

weir_pool *weir_pool_new(int threads) {
    weir_pool *p = weir_mem_new(sizeof *p);
    weir_mutex_init(&p->mu, WEIR_RANK_POOL);
    weir_cond_init(&p->work);
    weir_cond_init(&p->over);
    p->thread = weir_mem_new(((size_t)threads + 1) * sizeof *p->thread);
    for (int i = 0; i < threads; i++)
        if (weir_thread_start(&p->thread[p->nthread], "weir-pool", pool_thread, p)) p->nthread++;
    return p;
}

int weir_pool_threads(const weir_pool *p) { return p->nthread; }

void weir_pool_for(weir_pool *p, int n, void (*fn)(void *u, int i), void *u) {
    job me = {.fn = fn, .u = u, .budget = weir_budget_entered(), .n = n};
    if (n <= 0) return;
    weir_lock(&p->mu);
    job **tail = &p->jobs;
    while (*tail) tail = &(*tail)->next;
    *tail = &me;
    weir_cond_wake_all(&p->work);
    while (me.at < me.n) run_one(p, &me, me.at++);
    while (me.done < me.n) (void)weir_cond_wait(&p->over, &p->mu, -1);
    for (job **j = &p->jobs; *j; j = &(*j)->next)
        if (*j == &me) {
            *j = me.next;
            break;
        }
    weir_unlock(&p->mu);
}

void weir_pool_free(weir_pool *p) {
    if (!p) return;
    weir_lock(&p->mu);
    p->stop = true;
    weir_cond_wake_all(&p->work);
    weir_unlock(&p->mu);
    for (int i = 0; i < p->nthread; i++) pthread_join(p->thread[i], NULL);
    weir_mutex_free(&p->mu);
    weir_cond_free(&p->work);
    weir_cond_free(&p->over);
    weir_mem_free(p->thread);
    weir_mem_free(p);
}
