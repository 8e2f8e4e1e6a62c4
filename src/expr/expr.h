/* Expression trees: the same node before and after analysis. Unresolved kinds come from the SQL
 * parser and from Spark Connect; plan/analyze turns them into resolved kinds; expr/eval runs only
 * resolved ones. Nodes are immutable once shared and live in an arena. */
#ifndef WEIR_EXPR_EXPR_H
#define WEIR_EXPR_EXPR_H
#include "col/column.h"

typedef enum {
    /* unresolved */
    WEIR_EX_ATTR,    /* name parts in names[]; plan_id (or -1) */
    WEIR_EX_STAR,    /* names[] = target ("t.*") or empty; name: a pattern of columns, or NULL;
                        arg[]: without these */
    WEIR_EX_FUNC,    /* name, arg[]; distinct, ignore_nulls; user-defined or built in, by name */
    WEIR_EX_EXTRACT, /* arg[0] [ arg[1] ]: struct field, array element, map key */
    WEIR_EX_ALIAS,   /* arg[0] AS names[] (several for generators); metadata */
    WEIR_EX_CAST,    /* arg[0] to type (cast_mode); resolved when fn is set */
    WEIR_EX_SORT,    /* arg[0], descending, nulls_first: only as an item of a sort list */
    WEIR_EX_LAMBDA,  /* arg[0] body, names[] parameters */
    WEIR_EX_LAMBDA_VAR,
    WEIR_EX_UPDATE_FIELDS,     /* arg[0] struct; name; arg[1] new value or absent = drop */
    WEIR_EX_WINDOW,            /* arg[0] function, window specification in window */
    WEIR_EX_SUBQUERY,          /* plan in subplan (opaque here) */
    WEIR_EX_INTERVAL_LIT_TEXT, /* reserved for literals whose type depends on configuration: name =
                                  text */
    /* both */
    WEIR_EX_LIT, /* lit: a one-row CONST column of type */
    /* resolved */
    WEIR_EX_COL,  /* ordinal of the input batch */
    WEIR_EX_CALL, /* fn with arg[] */
    WEIR_EX_AND,
    WEIR_EX_OR,       /* three-valued; right side only where needed */
    WEIR_EX_CASE,     /* arg = cond, value, cond, value, ..., [else]; lazily evaluated */
    WEIR_EX_COALESCE, /* lazily evaluated */
    WEIR_EX_AGG,      /* agg with arg[], optional filter, distinct: only inside Aggregate */
    WEIR_EX_METADATA  /* hidden file metadata column: names[0] is the field of _metadata */
} weir_ekind;

typedef enum { WEIR_CAST_DEFAULT, WEIR_CAST_ANSI, WEIR_CAST_LEGACY, WEIR_CAST_TRY } weir_cast_mode;

struct weir_fn;
struct weir_agg_fn;

typedef struct weir_expr {
    weir_ekind kind;
    const weir_type *type; /* NULL until resolved (CAST: the target) */
    bool nullable;
    bool distinct, ignore_nulls, descending, nulls_first,
        is_operator,    /* written with signs or words of its own: a + b, a IN (b), (a, b) */
        typed;          /* CAST of a text that stands for a literal: DATE '2020-01-01' */
    bool deterministic; /* set by analysis; false: rand, uuid, ... below */
    weir_cast_mode cast_mode;
    int32_t narg, nname;
    struct weir_expr **arg;
    const char *name; /* FUNC, UPDATE_FIELDS; CALL: the name as written; LIT: its SQL, or NULL */
    const char **names;
    int64_t plan_id; /* ATTR, STAR: DataFrame that the column was taken from, or -1 */
    int32_t ordinal;
    weir_column lit;
    const struct weir_fn *fn;
    const struct weir_agg_fn *agg;
    struct weir_expr *filter;
    int32_t weight; /* set by analysis: nodes, those that are shared as often as they are used */
    struct weir_expr **body; /* CALL of a higher-order function: func/lambda.h */
    int32_t nbody;
    void *bound; /* CALL, AGG: what bind prepared (compiled pattern, formatter ...); immutable,
                    shared by tasks */
    int32_t
        state_slot; /* CALL of a stateful function (rand): index of its per-task state; -1 none */
    const char *metadata; /* ALIAS: column metadata JSON, or NULL */
    void *window, *subplan;
    weir_pos at; /* where it stands in SQL text; text NULL for the DataFrame API */
} weir_expr;

weir_expr *weir_expr_new(weir_arena *, weir_ekind);
weir_expr *weir_expr_copy(weir_arena *, const weir_expr *); /* shallow, own arg array */
weir_expr *weir_expr_attr(weir_arena *, const char *name);  /* one part */
/* "a.b", "`a.b`.c": parts end at dots outside of back-ticks. INVALID_ATTRIBUTE_NAME_SYNTAX. */
weir_rc weir_name_parse(weir_ctx *, const char *text, const char ***parts, int32_t *n);
/* Such a name as messages show it, each part quoted. Fails as weir_name_parse does.
 * SPARK DataTypeErrorsBase.toSQLId */
weir_rc weir_name_sql(weir_ctx *, const char *name, char **out);
weir_expr *weir_expr_func(weir_arena *, const char *name, int narg, ...); /* weir_expr * each */
/* [NOT] LIKE ANY or ALL of texts: (what is matched, the condition written out). */
bool weir_expr_is_like_list(const weir_expr *);
bool weir_expr_is_row(const weir_expr *); /* (a, b), not struct(a, b) */
/* The name that the i-th value of a struct gives its field: its own, or one of its place. */
const char *weir_expr_field_name(weir_arena *, const weir_expr *value, int i);
weir_expr *weir_expr_col(weir_arena *, int ordinal, const weir_type *, bool nullable);
weir_expr *weir_expr_alias(weir_arena *, weir_expr *, const char *name);
/* Literals. The column lives in arena. */
weir_expr *weir_lit_null(weir_arena *, const weir_type *);
weir_expr *weir_lit_bool(weir_arena *, bool);
weir_expr *weir_lit_int(weir_arena *, const weir_type *,
                        int64_t); /* BYTE..LONG, DATE, TIMESTAMP*, TIME, intervals */
weir_expr *weir_lit_double(weir_arena *, const weir_type *, double); /* FLOAT, DOUBLE */
weir_expr *weir_lit_decimal(weir_arena *, int precision, int scale, weir_i128 unscaled);
weir_expr *weir_lit_string(weir_arena *, const char *p, size_t n);
weir_expr *weir_lit_binary(weir_arena *, const void *p, size_t n);
weir_expr *weir_lit_interval(weir_arena *, weir_interval);
weir_expr *weir_lit_column(weir_arena *,
                           const weir_column *one_row); /* nested literals; keeps the buffers */

bool weir_expr_equal(const weir_expr *,
                     const weir_expr *); /* semantic: same value for every row; aliases ignored */
bool weir_expr_resolved(const weir_expr *);
/* Text as Spark shows it in column names and messages: "(a + 1)", "count(1)", "CAST(a AS STRING)".
 */
char *weir_expr_sql(weir_arena *, const weir_expr *);
/* Name of the output column: alias, attribute or sql text. */
const char *weir_expr_name(weir_arena *, const weir_expr *);
/* Pre-order walk; stops when fn returns false. */
bool weir_expr_walk(weir_expr *, bool (*fn)(weir_expr *, void *u), void *u);
/* Whether whoever walks the tree may call himself for it, before anyone has. Parts that are shared
 * count where they are used. No recursion; takes time for at most `nodes` of them. */
enum { WEIR_EXPR_DEPTH = 4096, WEIR_EXPR_NODES = 2 << 20 };
typedef enum { WEIR_BOUNDED, WEIR_TOO_DEEP, WEIR_TOO_MANY } weir_bound;
weir_bound weir_expr_bounded(const weir_expr *, int32_t depth, int64_t nodes);
/* Rebuilds bottom-up: fn may return its argument or a replacement (NULL = failed, ctx->err set). */
weir_rc weir_expr_map(weir_ctx *, weir_expr *,
                      weir_rc (*fn)(weir_ctx *, weir_expr *, void *u, weir_expr **out), void *u,
                      weir_expr **out);
#endif
