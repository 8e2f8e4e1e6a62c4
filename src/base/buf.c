/* Counted buffers and growable strings. See buf.h. */
#include "base/buf.h"
#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGN = 64, SLACK = 64 };
/* of a buffer, beside its bytes; charged like them: columns of small values have many */
enum { OVERHEAD = sizeof(weir_buf) + SLACK + ALIGN };

static void release_own(weir_buf *b) {
    weir_budget_give(b->budget, b->len + OVERHEAD);
    weir_piece_free(b);
}

static void drop(void *b) { weir_buf_unref(b); }

weir_rc weir_buf_new(weir_ctx *ctx, int64_t len, weir_buf **out) {
    if (len < 0 || len > INT64_MAX / 2 || !weir_budget_charge(ctx->budget, len + OVERHEAD))
        return weir_fail_memory(ctx, len);
    size_t total = (size_t)len + OVERHEAD;
    weir_buf *b = len < WEIR_MEM_LARGE ? weir_piece_new(ctx->budget, total) : weir_piece_try(total);
    if (!b) {
        weir_budget_give(ctx->budget, len + OVERHEAD);
        return weir_fail_memory(ctx, len);
    }
    memset(b, 0, sizeof *b);
    atomic_init(&b->refs, 1);
    b->len = len;
    b->p = (uint8_t *)(((uintptr_t)(b + 1) + ALIGN - 1) & ~(uintptr_t)(ALIGN - 1));
    memset(b->p + len, 0, SLACK);
    b->release = release_own;
    b->budget = ctx->budget;
    weir_arena_defer(ctx->arena, drop, b);
    *out = b;
    return WEIR_OK;
}

weir_rc weir_buf_double(weir_ctx *ctx, weir_buf **b, size_t n, size_t *cap) {
    weir_buf *more = NULL;
    WEIR_TRY(weir_buf_new(ctx, (int64_t)*cap * 2, &more));
    memcpy(more->p, (*b)->p, n);
    *b = more;
    *cap *= 2;
    return WEIR_OK;
}

weir_rc weir_buf_zero(weir_ctx *ctx, int64_t len, weir_buf **out) {
    WEIR_TRY(weir_buf_new(ctx, len, out));
    memset((*out)->p, 0, (size_t)len);
    return WEIR_OK;
}

typedef struct wrapped {
    weir_buf b;
    void (*free_owner)(void *);
} wrapped;

static void release_wrapped(weir_buf *b) {
    wrapped *w = (wrapped *)b;
    if (w->free_owner) w->free_owner(b->owner);
    weir_piece_free(w);
}

weir_rc weir_buf_wrap(weir_ctx *ctx, const void *p, int64_t len, void (*release)(void *),
                      void *owner, weir_buf **out) {
    wrapped *w = weir_piece_new(ctx->budget, sizeof *w);
    if (!w) return weir_fail_memory(ctx, len);
    *w = (wrapped){.b = {.len = len}};
    atomic_init(&w->b.refs, 1);
    w->b.p = (uint8_t *)(uintptr_t)p;
    w->b.release = release_wrapped;
    w->b.owner = owner;
    w->free_owner = release;
    weir_arena_defer(ctx->arena, drop, &w->b);
    *out = &w->b;
    return WEIR_OK;
}

void weir_buf_ref(weir_buf *b) { atomic_fetch_add_explicit(&b->refs, 1, memory_order_relaxed); }

void weir_buf_unref(weir_buf *b) {
    if (b && atomic_fetch_sub_explicit(&b->refs, 1, memory_order_acq_rel) == 1) b->release(b);
}

void weir_buf_keep(weir_arena *a, weir_buf *b) {
    if (!b) return;
    weir_buf_ref(b);
    weir_arena_defer(a, drop, b);
}

void weir_str_init(weir_str *s, weir_arena *owner, size_t max_bytes) {
    *s = (weir_str){.max = max_bytes, .owner = owner};
}

void weir_str_free(weir_str *s) {
    if (!s->owner) weir_mem_free(s->p);
    *s = (weir_str){.max = s->max, .owner = s->owner};
}

static bool grow(weir_str *s, size_t more) {
    if (s->failed || more > s->max || s->len > s->max - more) {
        s->failed = true;
        return false;
    }
    if (s->len + more + 1 <= s->cap) return true;
    size_t cap = s->cap ? s->cap * 2 : 64;
    while (cap < s->len + more + 1) cap *= 2;
    char *p = s->owner ? weir_alloc_try(s->owner, cap) : weir_mem_try(s->p, cap);
    if (!p) {
        s->failed = true;
        return false;
    }
    if (s->owner && s->len) memcpy(p, s->p, s->len);
    s->p = p;
    s->cap = cap;
    return true;
}

void weir_str_add(weir_str *s, const void *p, size_t n) {
    if (!grow(s, n)) return;
    if (n) memcpy(s->p + s->len, p, n);
    s->len += n;
    s->p[s->len] = 0;
}

void weir_str_puts(weir_str *s, const char *t) { weir_str_add(s, t, strlen(t)); }
void weir_str_putc(weir_str *s, char c) { weir_str_add(s, &c, 1); }

void weir_str_printf(weir_str *s, const char *fmt, ...) {
    va_list ap, aq;
    va_start(ap, fmt);
    va_copy(aq, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n >= 0 && grow(s, (size_t)n)) {
        vsnprintf(s->p + s->len, (size_t)n + 1, fmt, aq);
        s->len += (size_t)n;
    }
    va_end(aq);
}
