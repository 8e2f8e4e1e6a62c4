/* See mapping.h. The handler of SIGBUS finds the mapping of the address in a list that only grows:
 * nodes are used again, never freed, so that it may walk the list at any moment. */
#include "base/mapping.h"
#include "base/mem.h"

#include "base/ctx.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct weir_mapping {
    atomic_uintptr_t from; /* 0: not in use, or being set up */
    atomic_size_t n;
    atomic_bool cut, taken;
    weir_file *file; /* to ask for its length after reading */
    char *path;
    weir_mapping *next;
};

static _Atomic(weir_mapping *) mappings;
static long page_bytes;
static struct sigaction before;

static void on_sigbus(int sig, siginfo_t *info, void *context) {
    uintptr_t at = (uintptr_t)info->si_addr;
    int keep = errno;
    for (weir_mapping *m = mappings; m; m = m->next) {
        uintptr_t from = atomic_load(&m->from), end = from + atomic_load(&m->n);
        if (!from || at < from || at >= end) continue;
        char *page = (char *)(at & ~((uintptr_t)page_bytes - 1)); /* NOLINT: from the kernel */
        void *p = mmap(page, end - (uintptr_t)page, PROT_READ,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        if (p == MAP_FAILED) break;
        atomic_store(&m->cut, true);
        errno = keep;
        return;
    }
    (void)sig, (void)context;
    sigaction(SIGBUS, &before, NULL); /* not of a file: it happens again, and is what it is */
}

static void start(void) {
    struct sigaction sa = {.sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigemptyset(&sa.sa_mask);
    page_bytes = sysconf(_SC_PAGESIZE);
    sigaction(SIGBUS, &sa, &before);
}

static weir_mapping *take(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, start);
    for (weir_mapping *m = mappings; m; m = m->next) {
        bool free_one = false;
        if (atomic_compare_exchange_strong(&m->taken, &free_one, true)) return m;
    }
    weir_mapping *m = weir_mem_new(sizeof *m);
    if (!m) return NULL;
    atomic_store(&m->taken, true);
    m->next = mappings;
    while (!atomic_compare_exchange_weak(&mappings, &m->next, m)) {}
    return m;
}

static void give_back(void *u) {
    weir_mapping *m = u;
    uintptr_t from = atomic_exchange(&m->from, 0);
    if (from) munmap((void *)from, atomic_load(&m->n)); /* NOLINT: from mmap */
    weir_file_drop(m->file);
    weir_mem_free(m->path);
    m->path = NULL;
    atomic_store(&m->taken, false);
}

weir_rc weir_file_map(weir_ctx *ctx, const char *path, const char **p, size_t *len,
                      weir_mapping **out) {
    struct stat st;
    weir_file *f = NULL;
    *p = "";
    *len = 0;
    *out = NULL;
    WEIR_TRY(weir_file_open(ctx, path, &f));
    if (fstat(weir_file_fd(f), &st) == 0 && st.st_size <= 0) return weir_file_drop(f), WEIR_OK;
    weir_mapping *m = take();
    if (!m) return weir_file_drop(f), errno = ENOMEM, weir_fail_io(ctx, "map", path);
    m->file = f;
    m->path = weir_mem_strdup(path);
    atomic_store(&m->cut, false);
    atomic_store(&m->n, (size_t)st.st_size);
    weir_arena_defer(ctx->arena, give_back, m);
    void *at = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, weir_file_fd(f), 0);
    if (at == MAP_FAILED) return weir_fail_io(ctx, "map", path);
    atomic_store(&m->from, (uintptr_t)at);
    *p = at;
    *len = (size_t)st.st_size;
    *out = m;
    return WEIR_OK;
}

weir_rc weir_mapping_check(weir_ctx *ctx, const weir_mapping *m) {
    struct stat st = {0};
    if (!m) return WEIR_OK;
    size_t n = atomic_load(&m->n);
    bool known = fstat(weir_file_fd(m->file), &st) == 0;
    if (known && (size_t)st.st_size >= n && !atomic_load(&m->cut)) return WEIR_OK;
    return weir_fail_read(ctx, WEIR_E_FAILED_READ_FILE, m->path ? m->path : "",
                          weir_printf(ctx->arena,
                                      "It was cut from %zu to %lld bytes while it was read; write "
                                      "files elsewhere and rename them.",
                                      n, (long long)st.st_size));
}

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#endif

const char *weir_map_advance(const char **window, const char *p, const char *end) {
    enum { WINDOW = 1 << 20, PAGE = 4096 };
    char *from = (char *)((uintptr_t)p & ~(uintptr_t)(PAGE - 1));
    size_t left = (size_t)(end - from), n = left < WINDOW ? left : WINDOW;
    if (*window && *window < from) /* both are hints: a refusal costs time or memory only */
        (void)madvise((char *)(uintptr_t)*window, (size_t)(from - *window), MADV_DONTNEED);
    (void)madvise(from, n, MADV_POPULATE_READ);
    *window = from;
    return from + n;
}
