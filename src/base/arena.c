/* Arenas: chained blocks, deferred releases, child arenas. See arena.h. */
#include "base/arena.h"

#include "base/budget.h"
#include "base/mem.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_BLOCK = 4096, MAX_BLOCK = 1 << 20 };

typedef struct block {
    struct block *next;
    size_t cap, used;
    _Alignas(16) unsigned char data[];
} block;

typedef struct defer {
    struct defer *next;
    void (*fn)(void *);
    void *p;
} defer;

struct weir_arena {
    block *head;
    defer *defers;
    weir_arena *parent, *kids, *prev, *next;
    size_t bytes;
    weir_budget *budget;
};

weir_arena *weir_arena_new(weir_arena *parent) {
    weir_budget *budget = parent ? parent->budget : weir_budget_entered();
    weir_arena *a = weir_piece_must(weir_piece_new(budget, sizeof *a));
    *a = (weir_arena){.parent = parent, .budget = budget};
    if (parent) {
        a->next = parent->kids;
        if (a->next) a->next->prev = a;
        parent->kids = a;
    }
    return a;
}

static void run_defers(weir_arena *a) {
    while (a->defers) {
        defer *d = a->defers;
        a->defers = d->next;
        d->fn(d->p);
    }
}

void weir_arena_reset(weir_arena *a) {
    run_defers(a);
    while (a->kids) weir_arena_free(a->kids);
    block *keep = NULL;
    for (block *b = a->head; b;) {
        block *next = b->next;
        if (!next && b->cap <= FIRST_BLOCK) {
            keep = b;
        } else {
            weir_piece_free(b);
        }
        b = next;
    }
    size_t left = keep ? keep->cap : 0;
    if (a->bytes > left) weir_budget_give(a->budget, (int64_t)(a->bytes - left));
    a->head = keep;
    a->bytes = 0;
    if (keep) {
        keep->used = 0;
        a->bytes = keep->cap;
    }
}

void weir_arena_free(weir_arena *a) {
    if (!a) return;
    weir_arena_reset(a);
    weir_budget_give(a->budget, (int64_t)a->bytes);
    weir_piece_free(a->head);
    if (a->prev)
        a->prev->next = a->next;
    else if (a->parent)
        a->parent->kids = a->next;
    if (a->next) a->next->prev = a->prev;
    weir_piece_free(a);
}

/* NULL if it is large and optional, and there is no room. */
static block *block_add(weir_arena *a, size_t need, bool optional) {
    size_t cap = a->head ? a->head->cap * 2 : FIRST_BLOCK;
    if (cap > MAX_BLOCK) cap = MAX_BLOCK;
    if (cap < need) cap = need;
    optional &= need > WEIR_MEM_LARGE;
    if (optional && !weir_budget_fits(a->budget, (int64_t)cap)) return NULL;
    block *b = optional ? weir_piece_try(sizeof *b + cap)
                        : weir_piece_must(weir_piece_new(a->budget, sizeof *b + cap));
    if (!b) return NULL;
    b->cap = cap;
    b->used = 0;
    b->next = a->head;
    a->head = b;
    a->bytes += cap;
    weir_budget_take(a->budget, (int64_t)cap);
    return b;
}

static void *alloc(weir_arena *a, size_t bytes, bool optional) {
    size_t n = (bytes + 15) & ~(size_t)15;
    block *b = a->head;
    if (n < bytes || n > PTRDIFF_MAX / 2) return NULL;
    if (!b || b->cap - b->used < n) b = block_add(a, n, optional);
    if (!b) return NULL;
    void *p = b->data + b->used;
    b->used += n;
    memset(p, 0, n);
    return p;
}

void *weir_alloc(weir_arena *a, size_t bytes) { return weir_piece_must(alloc(a, bytes, false)); }

void *weir_alloc_try(weir_arena *a, size_t bytes) { return alloc(a, bytes, true); }

void *weir_memdup(weir_arena *a, const void *p, size_t bytes) {
    void *q = weir_alloc(a, bytes);
    if (bytes) memcpy(q, p, bytes);
    return q;
}

char *weir_strndup(weir_arena *a, const char *s, size_t n) {
    const char *end = memchr(s, 0, n > PTRDIFF_MAX ? PTRDIFF_MAX : n);
    size_t len = end ? (size_t)(end - s) : n;
    char *q = weir_alloc(a, len + 1);
    memcpy(q, s, len);
    return q;
}

char *weir_strdup(weir_arena *a, const char *s) {
    return s ? weir_memdup(a, s, strlen(s) + 1) : NULL;
}

char *weir_printf(weir_arena *a, const char *fmt, ...) {
    va_list ap, aq;
    va_start(ap, fmt);
    va_copy(aq, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    char *s = weir_alloc(a, (size_t)(n < 0 ? 0 : n) + 1);
    if (n >= 0) vsnprintf(s, (size_t)n + 1, fmt, aq);
    va_end(aq);
    return s;
}

void weir_arena_defer(weir_arena *a, void (*fn)(void *), void *p) {
    defer *d = WEIR_NEW(a, defer);
    d->fn = fn;
    d->p = p;
    d->next = a->defers;
    a->defers = d;
}

size_t weir_arena_bytes(const weir_arena *a) { return a->bytes; }

weir_budget *weir_arena_budget(const weir_arena *a) {
    return a ? a->budget : weir_budget_entered();
}

void weir_arena_charge(weir_arena *a, weir_budget *b) {
    weir_budget_take(b, (int64_t)a->bytes);
    weir_budget_give(a->budget, (int64_t)a->bytes);
    a->budget = b;
}
