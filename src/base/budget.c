/* See budget.h. Budgets of operations are nodes of a list that only grows and are used again when
 * nothing is charged to them: what outlives its operation may give back at any time. */
#include "base/budget.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    WORTH_BYTES = 1 << 20, /* who holds less is not stopped for another's sake */
    MOST_IDLE = 1 << 30,   /* addresses */
    TRIMMED_BYTES = 64 << 20,
};

static _Atomic(weir_budget *) all;
static _Thread_local weir_budget *entered;

weir_budget *weir_budget_open(weir_budget *parent) {
    weir_budget *b = all;
    for (; b; b = b->next) {
        bool closed = false;
        if (!atomic_load(&b->held_bytes) && atomic_compare_exchange_strong(&b->open, &closed, true))
            break;
    }
    if (!b) {
        b = calloc(1, sizeof *b);
        if (!b) abort(); /* a hundred bytes for a request that has been read */
        atomic_store(&b->open, true);
        b->next = all;
        while (!atomic_compare_exchange_weak(&all, &b->next, b)) {}
    }
    b->parent = parent;
    b->limit_bytes = parent ? parent->limit_bytes / 4 * 3 : 0;
    atomic_store(&b->over_bytes, 0);
    return b;
}

void weir_budget_close(weir_budget *b) {
    if (b) atomic_store(&b->open, false);
}

weir_budget *weir_budget_enter(weir_budget *b) {
    weir_budget *before = entered;
    entered = b;
    return before;
}

weir_budget *weir_budget_entered(void) { return entered; }

void weir_budget_trim(void) {
    if (mallinfo2().fordblks >= TRIMMED_BYTES) (void)malloc_trim(0);
}

static weir_budget *largest(void) {
    weir_budget *most = NULL;
    for (weir_budget *b = all; b; b = b->next)
        if (atomic_load(&b->open) &&
            (!most || atomic_load(&b->held_bytes) > atomic_load(&most->held_bytes)))
            most = b;
    return most;
}

void weir_budget_mark(weir_budget *b, int64_t n) {
    if (b) atomic_store(&b->over_bytes, n ? n : 1);
}

void weir_budget_unmark(weir_budget *b) {
    if (b) atomic_store(&b->over_bytes, 0);
}

void weir_budget_short(weir_budget *b, int64_t n) {
    weir_budget *who = largest();
    if (b && (!who || atomic_load(&who->held_bytes) < WORTH_BYTES)) who = b;
    weir_budget_mark(who, n);
}

void weir_budget_take(weir_budget *b, int64_t n) {
    for (weir_budget *x = b; x; x = x->parent) {
        long long held = atomic_fetch_add(&x->held_bytes, n) + n;
        if (!x->limit_bytes || held <= x->limit_bytes) continue;
        weir_budget *who = x == b ? b : largest();
        weir_budget_mark(who, n);
    }
}

void weir_budget_give(weir_budget *b, int64_t n) {
    for (; b; b = b->parent) atomic_fetch_sub(&b->held_bytes, n);
}

bool weir_budget_charge(weir_budget *b, int64_t n) {
    for (weir_budget *x = b; x; x = x->parent) {
        long long held = atomic_fetch_add(&x->held_bytes, n) + n;
        if (!x->limit_bytes || held <= x->limit_bytes) continue;
        weir_budget *who = x == b ? b : largest();
        if (who && who != b && n < x->limit_bytes / 8) {
            weir_budget_mark(who, n);
            continue;
        }
        for (weir_budget *y = b;; y = y->parent) {
            atomic_fetch_sub(&y->held_bytes, n);
            if (y == x) return false;
        }
    }
    return true;
}

bool weir_budget_fits(const weir_budget *b, int64_t n) {
    for (; b; b = b->parent)
        if (b->limit_bytes &&
            atomic_load_explicit(&b->held_bytes, memory_order_relaxed) + n > b->limit_bytes)
            return false;
    return true;
}

/* ---- what there is ---- */

static int64_t number_in(const char *path) {
    char text[64] = "";
    FILE *f = fopen(path, "re");
    if (!f) return 0;
    bool read = fgets(text, sizeof text, f) != NULL;
    (void)fclose(f);
    long long n = read ? strtoll(text, NULL, 10) : 0; /* "max": 0 */
    return n > 0 ? n : 0;
}

static void least(int64_t *n, int64_t other) {
    if (other > 0 && other < *n) *n = other;
}

/* The limits of the process's group and of those above it (version 2), or of version 1's. */
static void cgroup(int64_t *n) {
    char line[4096], path[4200];
    FILE *f = fopen("/proc/self/cgroup", "re");
    while (f && fgets(line, sizeof line, f)) {
        line[strcspn(line, "\n")] = 0;
        char *group = strrchr(line, ':');
        if (!group) continue;
        bool v1 = strstr(line, ":memory:") != NULL;
        if (!v1 && strncmp(line, "0::", 3) != 0) continue;
        for (group++; *group;) {
            (void)snprintf(path, sizeof path, "/sys/fs/cgroup%s%s/%s", v1 ? "/memory" : "", group,
                           v1 ? "memory.limit_in_bytes" : "memory.max");
            least(n, number_in(path));
            *strrchr(group, '/') = 0;
        }
    }
    if (f) (void)fclose(f);
    least(n, number_in("/sys/fs/cgroup/memory.max")); /* a container sees its own as the root */
    least(n, number_in("/sys/fs/cgroup/memory/memory.limit_in_bytes"));
}

/* Of the addresses a process may use: without those of the program, of stacks and of malloc's own
 * heaps, which hold nothing. */
static int64_t addresses(int64_t limit) {
    long long pages = 0;
    FILE *f = fopen("/proc/self/statm", "re");
    char text[64] = "";
    if (f && fgets(text, sizeof text, f)) pages = strtoll(text, NULL, 10);
    if (f) (void)fclose(f);
    int64_t idle = limit / 4 < MOST_IDLE ? limit / 4 : MOST_IDLE;
    int64_t left = limit - idle - pages * sysconf(_SC_PAGESIZE);
    return left > limit / 4 ? left : limit / 4;
}

int64_t weir_memory_there(void) {
    struct rlimit r;
    int64_t n = (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
    if (getrlimit(RLIMIT_AS, &r) == 0 && r.rlim_cur != RLIM_INFINITY && r.rlim_cur < INT64_MAX)
        least(&n, addresses((int64_t)r.rlim_cur));
    cgroup(&n);
    return n;
}
