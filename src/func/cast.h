/* Casts: one step per pair of kinds, chosen at analysis. Shared by the cast_*.c files only. */
#ifndef WEIR_FUNC_CAST_H
#define WEIR_FUNC_CAST_H
#include "func/datetime.h"
#include "func/decimal.h"
#include "func/loop.h"

typedef struct weir_cast weir_cast;
/* in is FLAT; out has type, len and form set, valid holds in's nulls (private bits, or NULL for
 * none). */
typedef weir_rc weir_cast_step(weir_ctx *, const weir_cast *, const weir_column *in,
                               weir_column *out);
struct weir_cast {
    const weir_type *from, *to;
    weir_cast_step *step;
    bool ansi;   /* strict semantics (ANSI and TRY) */
    bool raise;  /* a bad value fails (ANSI); else it becomes null */
    bool pretty; /* as show() prints: NULL for null, hex for binary */
    const weir_zone *zone;
    const weir_pos *at;
    weir_cast *kid; /* per child of a nested type */
};
typedef enum { WEIR_BAD_INPUT, WEIR_BAD_OVERFLOW, WEIR_BAD_DECIMAL, WEIR_BAD_RANGE } weir_bad;

/* The step for a pair, or NULL. Each returns only its own pairs. */
weir_cast_step *weir_cast_num_step(const weir_type *from, const weir_type *to);
weir_cast_step *weir_cast_parse_step(const weir_type *to);  /* from STRING */
weir_cast_step *weir_cast_text_step(void);                  /* to STRING */
weir_cast_step *weir_cast_time_step(const weir_type *from, const weir_type *to);
weir_cast_step *weir_cast_nested_step(const weir_type *from, const weir_type *to);

weir_rc weir_cast_fixed(weir_ctx *, weir_column *out, void *data_out); /* like weir_out_fixed */
weir_rc weir_cast_null(weir_ctx *, weir_column *out, int64_t row);
/* Row i cannot be cast: fails or nulls it. */
weir_rc weir_cast_bad(weir_ctx *, const weir_cast *, weir_bad, const weir_column *in, int64_t i,
                      weir_column *out);
/* Runs a cast on a column of any form. */
weir_rc weir_cast_run(weir_ctx *, const weir_cast *, const weir_column *in, weir_column *out);
weir_rc weir_cast_plan(weir_ctx *, const weir_type *from, const weir_type *to, weir_cast_mode,
                       const weir_pos *, weir_cast *out, bool *ok);
/* Fails with DATATYPE_MISMATCH.CAST_*: there is no such cast of e. inserted: store assignment wants
 * it, and its policy is what to change. */
weir_rc weir_cast_refuse(weir_ctx *, const weir_expr *e, const weir_type *to, weir_cast_mode,
                         bool inserted);
void weir_cast_init(void); /* sets the hook of expr/fn.h */
/* Appends the text of one row (not null) as CAST AS STRING gives it. */
void weir_value_text(const weir_cast *, const weir_column *, int64_t row, weir_str *out);
#endif
