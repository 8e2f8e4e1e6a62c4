/* Functions: a row in its family's table, a kernel, a golden row. See docs/adding-a-function.md.
 *
 *   static const weir_fn string_fns[] = {
 *       { "ascii", "(string) -> int", k_ascii, WEIR_STRICT },
 *
 * Signatures: types by Spark's simple names; "T", "U" one unknown type used consistently; "any"
 * whatever; "numeric", "integral", "fractional" (float, double), "decimal"; "array<T>", "map<K,V>";
 * "T..." the last one or more times ("T...?" zero or more); "x?" optional argument; the result may
 * be any of these. A trailing
 * "!" on the result means never null. Several rows of one name are alternatives: the first whose
 * arguments match without casts, else the first that matches with implicit casts (expr/coerce.c:
 * Spark's ANSI coercion). Decimal results and everything a signature cannot say is bind's business.
 */
#ifndef WEIR_EXPR_FN_H
#define WEIR_EXPR_FN_H
#include "col/build.h"
#include "expr/expr.h"

enum {
    WEIR_STRICT = 1, /* any null argument gives null: out->valid is prepared; the kernel may compute
                      * garbage for those rows but must not fail for them (check weir_call_null) */
    WEIR_NONDETERMINISTIC = 2,
    WEIR_STATEFUL = 4,    /* has per-task state: weir_fn.state_bytes, call->state */
    WEIR_CANNOT_FAIL = 8, /* no kernel error: AND/OR/CASE may evaluate it eagerly */
    WEIR_FOLD_NEVER = 16, /* depends on the batch or task though it has no column arguments
                             (current_timestamp is folded per batch) */
    WEIR_NULLABLE = 32,   /* result may be null though arguments are not */
    WEIR_NO_COERCE = 64,  /* arguments are taken as they are; bind checks */
    /* Aggregates: their one state column is an object in Spark, stored as codec/state_object.h
     * says */
    WEIR_AGG_LIST = 128,
    WEIR_AGG_COUNTS = 256,
    WEIR_AGG_DIGEST = 512,
    WEIR_AGG_OBJECT = WEIR_AGG_LIST | WEIR_AGG_COUNTS | WEIR_AGG_DIGEST,
    /* SPARK: works on Java strings, not on UTF8String's bytes: the kernel gets its string arguments
     * with U+FFFD for what is no UTF-8 */
    WEIR_JAVA_TEXT = 1024,
    /* What is evaluated beside a null argument; of STRICT functions nothing is */
    WEIR_NULLS_OWN = 2048,   /* strict, too, but the kernel sees to nulls */
    WEIR_NULL_FIRST = 4096,  /* a null first argument gives null; others decide nothing alone */
    WEIR_ASKS_ALL = 8192     /* SPARK evaluates all arguments of this one, though it is STRICT */
};

typedef struct weir_call {
    const weir_column *arg; /* FLAT or CONST, each of len rows */
    int narg;
    int64_t len;
    const weir_expr *expr; /* type = result type; at = position */
    const void *bound;     /* what bind prepared */
    void *state;           /* WEIR_STATEFUL: this task's, zeroed at the start of a task */
    weir_column *out; /* type, len, form FLAT set; STRICT: valid set. The kernel sets data/heap/kid
                         (and may replace valid) */
    bool ansi;
} weir_call;
typedef weir_rc weir_kernel(weir_ctx *, weir_call *);

/* At analysis: the expression with resolved (maybe cast) arguments. Sets e->type, e->nullable
 * (defaults are in place: from the signature), may replace e->fn, wrap arguments with weir_coerce,
 * prepare e->bound in arena. */
typedef weir_rc weir_fn_bind(weir_ctx *, weir_expr *e);

typedef struct weir_fn {
    const char *name, *sig;
    weir_kernel *kernel;
    unsigned flags;
    weir_fn_bind *bind;
    size_t state_bytes;
} weir_fn;

/* Aggregates. state gives the buffer columns (they are on disk: checkpoint-format.md 4.1); update
 * folds rows into group slots, merge folds partial buffers, finish makes the result. Slots are
 * dense 0..n-1. */
typedef struct weir_agg_call {
    const weir_column *arg; /* update: arguments; merge: state columns; len rows */
    int narg;
    int64_t len;
    const uint32_t *slot; /* slot of each row */
    const weir_expr *expr;
    const void *bound;
    void *slots;     /* the aggregate's own array of state_bytes per slot, zeroed at first use */
    weir_arena *mem; /* for bytes that slots point to; lives as long as the slots */
    bool ansi;
} weir_agg_call;
enum { WEIR_AGG_STATE_MAX = 256 }; /* no aggregate has more columns of state */
typedef struct weir_agg_fn {
    const char *name, *sig;
    unsigned flags;
    size_t state_bytes; /* per slot */
    weir_fn_bind *bind;
    int (*state_types)(weir_ctx *, const weir_expr *, weir_field *out,
                       int max); /* names as Spark's: count, sum, isEmpty ...; <= 0 failed */
    weir_rc (*update)(weir_ctx *, weir_agg_call *);
    weir_rc (*merge)(weir_ctx *, weir_agg_call *);
    /* Appends the state of slots [from, from+n) to the builders of the state columns. */
    weir_rc (*save)(weir_ctx *, const weir_agg_call *, int64_t from, int64_t n, weir_build *out);
    /* Result rows for slots [from, from+n). */
    weir_rc (*finish)(weir_ctx *, const weir_agg_call *, int64_t from, int64_t n, weir_column *out);
} weir_agg_fn;

typedef struct weir_fn_family {
    const char *name;
    const weir_fn *fn;
    int nfn;
    const weir_agg_fn *agg;
    int nagg;
} weir_fn_family;
/* The families, set once at start by func/registry.c; searched case-insensitively. */
void weir_fn_register(const weir_fn_family *const *families, int n);
const weir_fn *weir_fn_find(
    const char *name, int from,
    int *next); /* from 0; *next: where the next alternative search starts, -1 none */
const weir_agg_fn *weir_agg_find(const char *name, int from, int *next);
bool weir_fn_exists(const char *name);
bool weir_fn_elsewhere(const char *name); /* Spark has it, weir does not */
bool weir_fn_is_generator(const char *name);
/* Fails with UNRESOLVED_ROUTINE, or UNSUPPORTED_FEATURE for one that Spark has, where the call
 * stands. */
weir_rc weir_fn_missing(weir_ctx *, const weir_expr *);
/* Fails with WRONG_NUM_ARGS, where the call stands. */
weir_rc weir_fn_wrong_count(weir_ctx *, const weir_expr *, int least, int most);
/* Fails with DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE of an argument, where the call stands. */
weir_rc weir_fn_type_mismatch(weir_ctx *, const weir_expr *, int which, const char *want);

/* Resolves a FUNC node whose arguments are resolved: picks the alternative, casts, binds. Fails
 * with UNRESOLVED_ROUTINE, WRONG_NUM_ARGS, DATATYPE_MISMATCH.* . */
weir_rc weir_fn_resolve(weir_ctx *, weir_expr *func, weir_expr **out);
/* Same for a name and arguments, from other code (rewrites). */
weir_rc weir_call_by_name(weir_ctx *, const char *name, int narg, weir_expr **arg, weir_expr **out);

/* Coercion (SPARK AnsiTypeCoercion / TypeCoercion). weir_coerce wraps e in a cast if its type
 * differs. */
weir_rc weir_coerce(weir_ctx *, weir_expr *e, const weir_type *to, weir_expr **out);
const weir_type *weir_common_type(
    weir_ctx *, const weir_type *a,
    const weir_type *b); /* NULL none: wider type of operands, if/case/union/in */
/* SPARK TypeCoercion.findWiderTypeWithoutStringPromotion, of VALUES whether or not ANSI is on: a
 * string goes with strings alone, and a float takes whole numbers in. NULL none. */
const weir_type *weir_common_inline_type(weir_ctx *, const weir_type *a, const weir_type *b);
/* Does e order a decimal literal and another expression: < <= > >=? */
bool weir_orders_decimal_literal(const weir_expr *e);
/* The comparison that Spark makes of one of an integral expression and a decimal literal (SPARK
 * DecimalPrecision.integralAndDecimalLiteral): with a long in the literal's place, or true or false
 * where it is beyond longs, also for nulls. NULL: e, whose operands have types or NULL, is none. */
weir_expr *weir_whole_comparison(weir_arena *, const weir_expr *e);
bool weir_can_implicit_cast(weir_ctx *, const weir_type *from, const weir_type *to,
                            bool from_literal);
/* A resolved cast; fails with DATATYPE_MISMATCH.CAST_*. Implemented in func/cast.c through this
 * hook. */
weir_rc weir_cast_resolve(weir_ctx *, weir_expr *e, const weir_type *to, weir_cast_mode,
                          weir_expr **out);
void weir_cast_register(weir_rc (*resolve)(weir_ctx *, weir_expr *, const weir_type *,
                                           weir_cast_mode, weir_expr **));

/* Kernel helpers. */
static inline bool weir_call_null(const weir_call *c, int64_t i) {
    return c->out->valid && !weir_bit(c->out->valid->p, i);
}
weir_rc weir_out_fixed(weir_ctx *, weir_call *,
                       void *data_out); /* data_out: address of a typed pointer; len values */
/* A private, writable validity for out (all set, or a copy of the prepared one); for kernels that
 * add nulls. */
weir_rc weir_out_valid(weir_ctx *, weir_call *, uint8_t **bits);
/* Finishes a builder into call->out (builder rows must equal len). */
weir_rc weir_out_build(weir_ctx *, weir_call *, weir_build *);
/* Fails with the query context of the call's expression attached. */
#define weir_call_fail(ctx, call, cls, ...)                                                        \
    weir_call_fail_at((ctx), (call), weir_fail((ctx), (cls), __VA_ARGS__))
weir_rc weir_call_fail_at(weir_ctx *, const weir_call *, weir_rc);
#define WEIR_ANSI_KEY "\"spark.sql.ansi.enabled\""
#endif
