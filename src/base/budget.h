/* Memory that is counted. Budgets are a tree: the server's, below it one for each operation and
 * streaming query. Arenas and buffers are charged to the budget of their maker, and to all above.
 *
 * Pieces of ordinary size are always given: who holds too much then is marked, and fails with
 * Spark's memory error at its next weir_check_cancel. Large ones are refused at once. When the
 * server as a whole holds too much it is the largest holder that is marked, or refused, so that a
 * small query goes on beside a large one. Thread: any. */
#ifndef WEIR_BASE_BUDGET_H
#define WEIR_BASE_BUDGET_H
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct weir_budget {
    atomic_llong held_bytes;
    int64_t limit_bytes; /* 0 = no limit */
    struct weir_budget *parent;
    atomic_llong over_bytes; /* marked: what was asked for then; 0: not */
    atomic_bool open;        /* of an operation or query */
    struct weir_budget *next;
} weir_budget;

/* For an operation or query: at most three quarters of what parent may hold. Never NULL. */
weir_budget *weir_budget_open(weir_budget *parent);
/* What it made and others keep stays charged. NULL is allowed. */
void weir_budget_close(weir_budget *);
/* The budget of what this thread makes without a parent; returns the one before. NULL: none. */
weir_budget *weir_budget_enter(weir_budget *);
weir_budget *weir_budget_entered(void);

/* False: nothing is charged, the piece must not be made. NULL has no limit. */
bool weir_budget_charge(weir_budget *, int64_t bytes);
void weir_budget_take(weir_budget *, int64_t bytes); /* always; may mark the largest holder */
void weir_budget_give(weir_budget *, int64_t bytes); /* back */
/* The process itself could not be given bytes more: marks the largest holder, or b, the one that
 * asked, when no other holds enough for that to help. b may be NULL. */
void weir_budget_short(weir_budget *b, int64_t bytes);
void weir_budget_mark(weir_budget *, int64_t bytes); /* it fails at its next check; or NULL */
void weir_budget_unmark(weir_budget *);              /* NULL is allowed */
/* After an operation: what malloc keeps of many bytes given back goes to the system. */
void weir_budget_trim(void);
bool weir_budget_fits(const weir_budget *, int64_t bytes); /* could be charged now */

/* What the process may hold: the least of the machine's memory, its cgroup's and what RLIMIT_AS
 * leaves beside stacks and the program. */
int64_t weir_memory_there(void);
#endif
