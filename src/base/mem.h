/* Memory that structures hold by themselves (builders, tables, queues): the only malloc outside
 * arenas and buffers, which take their pieces here too. Thread: any.
 *
 * Pieces of ordinary size are given even when the process can have no more: they come from a
 * reserve that was set aside at the start, and a query is marked (base/budget.h), so that it ends
 * with Spark's memory error and gives back what it holds. Only an exhausted reserve aborts. */
#ifndef WEIR_BASE_MEM_H
#define WEIR_BASE_MEM_H
#include <stdbool.h>
#include <stddef.h>

enum { WEIR_MEM_LARGE = 1 << 20 };

/* Charged to the budget of the calling thread; 16-byte aligned; never NULL. The first is zeroed,
 * the second grows p (NULL: begins one), new bytes undefined. */
void *weir_mem_new(size_t bytes);
void *weir_mem_resize(void *p, size_t bytes);
/* As weir_mem_resize for sizes that come from outside: NULL, and p as it was, if what the budget
 * or the process has left does not do. */
void *weir_mem_try(void *p, size_t bytes);
char *weir_mem_strdup(const char *s);            /* NULL gives NULL */
char *weir_mem_strndup(const char *s, size_t n); /* stops at n, adds NUL */
void weir_mem_free(void *); /* of any of these, by any thread; NULL is allowed */

/* malloc for those who charge by themselves. The second takes from the reserve where malloc fails,
 * marking b or the largest holder; NULL only when that does not do either. */
struct weir_budget;
void *weir_piece_try(size_t bytes);
void *weir_piece_new(struct weir_budget *b, size_t bytes);
void *weir_piece_must(void *); /* NULL aborts: the reserve is used up */
void weir_piece_free(void *);

/* Sets the reserve aside, once, before there are threads. False if it cannot be had. */
bool weir_mem_reserve(size_t bytes);

/* For tests: three 64-bit numbers in a file that is mapped. Pieces are counted in the first; the
 * piece whose number is the second fails as malloc would, and adds one to the third. */
void weir_mem_faults(const char *path);
#endif
