/* See mem.h. A piece that is held begins with a head that says to whom it is charged. The reserve
 * is one mapping in grains, first fit: it is used rarely and for a short time. */
#include "base/mem.h"

#include "base/budget.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <pthread.h>
#include <unistd.h>

enum { GRAIN = 256, COUNTED = 512 };

typedef struct head {
    weir_budget *budget; /* NULL: not charged */
    size_t bytes;
} head;
_Static_assert(sizeof(head) == 16, "what follows stays aligned");

/* ---- the reserve ---- */

static struct {
    pthread_mutex_t mu;
    uint8_t *base, *end;
    uint32_t *run; /* at the first grain of a piece: how many it has; 0: free */
    size_t ngrain;
} spare = {.mu = PTHREAD_MUTEX_INITIALIZER};

static void *map(size_t bytes) {
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

bool weir_mem_reserve(size_t bytes) {
    size_t n = bytes / GRAIN;
    uint32_t *run = map(n * sizeof *run);
    uint8_t *base = run ? map(n * GRAIN) : NULL;
    if (!base) return false;
    spare.run = run;
    spare.ngrain = n;
    spare.end = base + n * GRAIN;
    spare.base = base;
    return true;
}

static bool in_spare(const void *p) {
    return (const uint8_t *)p >= spare.base && (const uint8_t *)p < spare.end;
}

static void *spare_new(size_t bytes) {
    size_t want = bytes / GRAIN + 1, from = 0;
    void *p = NULL;
    if (want > spare.ngrain) return NULL;
    pthread_mutex_lock(&spare.mu);
    for (size_t i = 0; i < spare.ngrain && !p;) {
        if (spare.run[i])
            from = i += spare.run[i];
        else if (++i - from == want)
            p = spare.base + from * GRAIN;
    }
    if (p) spare.run[from] = (uint32_t)want;
    pthread_mutex_unlock(&spare.mu);
    return p;
}

/* Its pages go back before others can be given them. */
static void spare_free(void *p) {
    size_t at = (size_t)((uint8_t *)p - spare.base) / GRAIN;
    pthread_mutex_lock(&spare.mu);
    size_t n = spare.run[at];
    uintptr_t first = ((uintptr_t)p + 4095) & ~(uintptr_t)4095, end = (uintptr_t)p + n * GRAIN;
    if (end >= first + 4096)
        (void)madvise((void *)first, (end - first) & ~(size_t)4095, MADV_DONTNEED);
    spare.run[at] = 0;
    pthread_mutex_unlock(&spare.mu);
}

/* ---- pieces ---- */

static struct faults {
    _Atomic(int64_t) count, at, fired;
} *faults;

void weir_mem_faults(const char *path) {
    int fd = open(path, O_RDWR | O_CLOEXEC);
    void *p = fd < 0 ? MAP_FAILED
                     : mmap(NULL, sizeof *faults, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (fd >= 0) (void)close(fd);
    if (p != MAP_FAILED) faults = p;
}

static bool faulty(void) {
    if (!faults) return false;
    if (atomic_fetch_add(&faults->count, 1) + 1 != atomic_load(&faults->at)) return false;
    atomic_fetch_add(&faults->fired, 1);
    return true;
}

void *weir_piece_try(size_t bytes) { return faulty() ? NULL : malloc(bytes ? bytes : 1); }

static void *from_reserve(weir_budget *b, size_t bytes) {
    weir_budget_short(b, (int64_t)bytes);
    return spare_new(bytes);
}

void *weir_piece_new(weir_budget *b, size_t bytes) {
    void *p = weir_piece_try(bytes);
    return p ? p : from_reserve(b, bytes);
}

void weir_piece_free(void *p) {
    if (in_spare(p))
        spare_free(p);
    else
        free(p);
}

/* ---- pieces with a head ---- */

void *weir_piece_must(void *p) {
    if (p) return p;
    fputs("weir: out of memory, and the reserve is used up\n", stderr);
    abort();
}

static void *begin(weir_budget *b, size_t bytes) {
    head *h = bytes > SIZE_MAX - sizeof *h ? NULL : weir_piece_new(b, sizeof *h + bytes);
    if (!h) return NULL;
    *h = (head){bytes >= COUNTED ? b : NULL, bytes};
    if (h->budget) weir_budget_take(h->budget, (int64_t)bytes);
    return h + 1;
}

static head *head_of(void *p) { return (head *)p - 1; }

static void *grow(void *p, size_t bytes) {
    head *h = p ? head_of(p) : NULL;
    weir_budget *b = h && h->budget ? h->budget : weir_budget_entered();
    if (!h) return begin(b, bytes);
    if (bytes > SIZE_MAX - sizeof *h) return NULL;
    size_t size = sizeof *h + bytes, kept = bytes < h->bytes ? bytes : h->bytes;
    int64_t charged = h->budget ? (int64_t)h->bytes : 0;
    bool spared = in_spare(h);
    head *n = spared ? weir_piece_new(b, size) : faulty() ? NULL : realloc(h, size);
    if (!n && !spared) n = from_reserve(b, size);
    if (!n) return NULL;
    if (spared || in_spare(n)) {
        memcpy(n, h, sizeof *h + kept);
        weir_piece_free(h);
    }
    n->bytes = bytes;
    if (bytes >= COUNTED) n->budget = b;
    if (!n->budget) return n + 1;
    int64_t more = (int64_t)bytes - charged;
    if (more > 0) weir_budget_take(b, more);
    if (more < 0) weir_budget_give(b, -more);
    return n + 1;
}

void *weir_mem_resize(void *p, size_t bytes) { return weir_piece_must(grow(p, bytes)); }

void *weir_mem_try(void *p, size_t bytes) {
    const weir_budget *b = p ? head_of(p)->budget : NULL;
    if (bytes >= WEIR_MEM_LARGE && !weir_budget_fits(b ? b : weir_budget_entered(), (int64_t)bytes))
        return NULL;
    return grow(p, bytes);
}

void *weir_mem_new(size_t bytes) {
    void *p = weir_piece_must(begin(weir_budget_entered(), bytes));
    return memset(p, 0, bytes);
}

char *weir_mem_strndup(const char *s, size_t n) {
    const char *end = memchr(s, 0, n);
    size_t len = end ? (size_t)(end - s) : n;
    char *p = weir_piece_must(begin(weir_budget_entered(), len + 1));
    p[len] = 0;
    return memcpy(p, s, len);
}

char *weir_mem_strdup(const char *s) { return s ? weir_mem_strndup(s, strlen(s)) : NULL; }

void weir_mem_free(void *p) {
    if (!p) return;
    head *h = head_of(p);
    if (h->budget) weir_budget_give(h->budget, (int64_t)h->bytes);
    weir_piece_free(h);
}
