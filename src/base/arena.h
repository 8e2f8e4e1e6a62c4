/* Memory by lifetime. An arena owns everything allocated from it and frees it at once.
 * Foreign handles (buffers, files, library objects) attach with weir_arena_defer and are released,
 * last attached first, when the arena is reset or freed.
 * Lifetimes, each a child of the former: server > session > query > epoch > chunk.
 * Thread: an arena belongs to one thread at a time. */
#ifndef WEIR_BASE_ARENA_H
#define WEIR_BASE_ARENA_H
#include <stddef.h>
#include <stdint.h>

typedef struct weir_arena weir_arena;

/* A new arena. parent may be NULL; freeing a parent frees its children. Never fails. */
weir_arena *weir_arena_new(weir_arena *parent);
/* Frees everything allocated so far (children included) and keeps the arena usable. */
void weir_arena_reset(weir_arena *);
void weir_arena_free(weir_arena *); /* NULL is allowed */

/* Zeroed, 16-byte aligned memory. Never NULL: where malloc fails it comes from the reserve of
 * base/mem.h, and who holds most is marked. Sizes that come from outside go through weir_buf_new,
 * which is budgeted and can fail. */
void *weir_alloc(weir_arena *, size_t bytes);
/* The same for sizes that grow with rows or elements: NULL when so much would not fit. Use
 * WEIR_TRY_NEWN (base/ctx.h). */
void *weir_alloc_try(weir_arena *, size_t bytes);
void *weir_memdup(weir_arena *, const void *p, size_t bytes);
char *weir_strdup(weir_arena *, const char *s);            /* NULL gives NULL */
char *weir_strndup(weir_arena *, const char *s, size_t n); /* stops at n, adds NUL */
char *weir_printf(weir_arena *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Calls fn(p) when the arena is reset or freed. */
void weir_arena_defer(weir_arena *, void (*fn)(void *), void *p);
size_t weir_arena_bytes(const weir_arena *); /* held now, this arena alone */
/* Whose memory it is: its parent's, or that of the thread which made it (base/budget.h). */
struct weir_budget *weir_arena_budget(const weir_arena *); /* NULL gives the thread's */
void weir_arena_charge(weir_arena *, struct weir_budget *); /* is to pay from here on; not kids */

#define WEIR_NEW(arena, type) ((type *)weir_alloc((arena), sizeof(type)))
#define WEIR_NEWN(arena, type, n) ((type *)weir_alloc((arena), sizeof(type) * (size_t)(n)))
#endif
