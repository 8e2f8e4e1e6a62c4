/* Counted bytes, immutable once published. weir_buf_new charges the budget, can fail, and attaches
 * the new reference to ctx->arena: it is dropped when that arena is reset. Whoever keeps a buffer
 * longer takes a reference of its own (weir_buf_keep). */
#ifndef WEIR_BASE_BUF_H
#define WEIR_BASE_BUF_H
#include "base/ctx.h"

typedef struct weir_buf {
    atomic_int refs;
    int64_t len;
    uint8_t *p; /* 64-byte aligned, at least 64 bytes readable past len (zeroed) when made by
                   weir_buf_new */
    void (*release)(struct weir_buf *); /* frees p and the struct */
    void *owner;
    weir_budget *budget;
} weir_buf;

weir_rc weir_buf_new(weir_ctx *, int64_t len,
                     weir_buf **out); /* contents undefined; owned by ctx->arena */
weir_rc weir_buf_zero(weir_ctx *, int64_t len, weir_buf **out);
/* A buffer of twice *cap bytes in the place of *b, its first n bytes kept. */
weir_rc weir_buf_double(weir_ctx *, weir_buf **b, size_t n, size_t *cap);
/* Foreign memory: release(owner) is called when the last reference goes. Owned by ctx->arena. */
weir_rc weir_buf_wrap(weir_ctx *, const void *p, int64_t len, void (*release)(void *), void *owner,
                      weir_buf **out);
void weir_buf_keep(weir_arena *,
                   weir_buf *); /* another reference, dropped with that arena; NULL is allowed */
void weir_buf_ref(weir_buf *);
void weir_buf_unref(weir_buf *); /* NULL is allowed */

/* A growable string or byte buffer with a stated maximum. With an owner its bytes live in that
 * arena, else they are malloc'd and freed by weir_str_free. */
typedef struct weir_str {
    char *p;
    size_t len, cap, max;
    weir_arena *owner;
    bool failed;
} weir_str;
void weir_str_init(weir_str *, weir_arena *owner,
                   size_t max_bytes); /* owner may be NULL: then free it */
void weir_str_free(weir_str *);
void weir_str_add(weir_str *, const void *p,
                  size_t n); /* past max: sets failed, adds nothing; always NUL-terminated */
void weir_str_puts(weir_str *, const char *s);
void weir_str_putc(weir_str *, char c);
void weir_str_printf(weir_str *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
#endif
