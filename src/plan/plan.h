/* Logical plans: one tree for before and after analysis. Spark Connect and the SQL parser build
 * unresolved trees; plan/analyze.h resolves them (names to ordinals, types, coercion, rewrites to
 * the smaller resolved set). Immutable once shared; nodes live in an arena. Rows marked R remain
 * after analysis; the others are rewritten away. */
#ifndef WEIR_PLAN_PLAN_H
#define WEIR_PLAN_PLAN_H
#include "base/options.h"
#include "expr/expr.h"

typedef enum {
    WEIR_P_SOURCE,       /*   format, paths, options, schema text: data source not yet opened */
    WEIR_P_TABLE,        /*   catalog table or view by name */
    WEIR_P_SCAN,         /* R an opened relation: payload scan (io/relation.h) */
    WEIR_P_LOCAL,        /* R literal batches */
    WEIR_P_RANGE,        /* R start, end, step; n partitions, 0 any, or WEIR_ONE_ROW */
    WEIR_P_PROJECT,      /* R exprs */
    WEIR_P_FILTER,       /* R expr[0] */
    WEIR_P_SORT,         /* R exprs are SORT items; global */
    WEIR_P_LIMIT,        /* R n; also OFFSET and TAIL */
    WEIR_P_OFFSET,       /* R */
    WEIR_P_TAIL,         /* R */
    WEIR_P_ALIAS,        /*   names[] = alias (and column aliases in names[1..]) */
    WEIR_P_TODF,         /*   names[] */
    WEIR_P_TO_SCHEMA,    /*   type */
    WEIR_P_UNION,        /* R all rows of the inputs; by_name, allow_missing before analysis */
    WEIR_P_INTERSECT,    /* R all */
    WEIR_P_EXCEPT,       /* R all */
    WEIR_P_AGGREGATE,    /* R group = exprs[0..ngroup), aggregates after it; before analysis exprs =
                            output list */
    WEIR_P_DEDUP,        /* R names[] (none: all columns); within_watermark; is_distinct: SQL's */
    WEIR_P_WITH_COLUMNS, /*   exprs are ALIAS */
    WEIR_P_RENAME,       /*   names[] = old, new, old, new */
    WEIR_P_DROP,         /*   names[] and exprs */
    WEIR_P_METRICS,      /* R name, exprs: observe() */
    WEIR_P_REPARTITION,  /* R n, exprs; changes no row */
    WEIR_P_HINT,         /*   name; no effect */
    WEIR_P_SAMPLE,       /* R fraction bounds, seed */
    WEIR_P_JOIN,         /* R in[0], in[1]; expr[0] condition; join_type; names[] = using */
    WEIR_P_WATERMARK,    /* R names[0] column; delay_us */
    WEIR_P_EXPLODE,      /* R generator: expr[0], outer; output appended */
    WEIR_P_WINDOW,       /* R window functions appended */
    WEIR_P_SHOW_STRING,  /* R n rows, truncate, vertical: one string row */
    WEIR_P_HTML_STRING,
    WEIR_P_CACHED, /*   name = id of a relation the server holds (foreachBatch, checkpoint()) */
    WEIR_P_NA_FILL,
    WEIR_P_NA_DROP,
    WEIR_P_NA_REPLACE, /* rewritten to PROJECT / FILTER */
    WEIR_P_DESCRIBE,
    WEIR_P_SUMMARY, /*   statistics, rewritten to AGGREGATE */
    WEIR_P_UNPIVOT,
    WEIR_P_WITH_CTE, /*   in[0] body; names[i] defined by in[1+i] */
    WEIR_P_COMMAND /*   a command inside SQL text: payload command (plan/command.h); its result is a
                      LOCAL */
} weir_pkind;

/* One output column after analysis. id names it through the tree (Spark's expression id). */
typedef struct weir_attr {
    int64_t id;
    const char **qualifier; /* "spark_catalog", "db", "t" or alias */
    int32_t nqualifier;
    bool hidden; /* _metadata and friends: only by name, never by * */
} weir_attr;

struct weir_scan;
struct weir_command;

#define WEIR_ONE_ROW (-1) /* n of the WEIR_P_RANGE of a query that reads nothing */

typedef struct weir_plan {
    weir_pkind kind;
    int64_t plan_id; /* Spark Connect's; -1 none */
    bool streaming;
    /* set by analysis: nodes, those that are shared as often as they are used; levels */
    int32_t weight, height;
    int32_t nin, nexpr, nname, ngroup;
    struct weir_plan **in;
    weir_expr **expr;
    const char **names;
    weir_schema *schema;   /* NULL until analysed */
    const weir_attr *attr; /* schema->nfield, once analysed */
    weir_pos at;
    /* payload by kind */
    const char *name, *format; /* SOURCE format, METRICS name, HINT name, CACHED id, join type text;
                                * FILTER: "Sample" if it was one */
    weir_options options;
    const weir_type *type;       /* SOURCE: user schema (or NULL); TO_SCHEMA */
    const char *schema_text;     /* SOURCE: user schema as DDL or JSON; type wins */
    int64_t n, start, end, step; /* LIMIT.., RANGE, REPARTITION, SHOW_STRING rows; is_inline: n
                                  * columns */
    int64_t delay_us;
    int32_t session_key; /* AGGREGATE with sessions: the grouping key that is one */
    int32_t truncate, join_type;
    bool global, all, by_name, allow_missing, within_watermark, outer, vertical, is_distinct,
        shuffle, sessions;
    bool is_inline;     /* UNION: the rows of VALUES */
    bool metadata;      /* SOURCE, TABLE: the query names _metadata, the scan must have it */
    int32_t group_kind; /* AGGREGATE: 0 group by, 1 rollup, 2 cube, 3 grouping sets, 4 pivot */
    double lo, hi;
    const weir_batch *batch; /* LOCAL: nbatch of them */
    int32_t nbatch;
    struct weir_scan *scan;
    int64_t reference; /* SCAN: where the query names it; copies of the node (of a CTE) keep it */
    struct weir_command *command;
} weir_plan;

weir_plan *weir_plan_new(weir_arena *, weir_pkind, int nin, ...); /* inputs */
weir_plan *weir_plan_copy(weir_arena *, const weir_plan *);       /* shallow, own arrays */
void weir_plan_add_expr(weir_arena *, weir_plan *, weir_expr *);
void weir_plan_add_input(weir_arena *, weir_plan *, weir_plan *in); /* made without inputs */
void weir_plan_add_name(weir_arena *, weir_plan *, const char *);
weir_plan *weir_plan_local(weir_arena *, weir_schema *, const weir_batch *,
                           int n);                     /* resolved LOCAL, batches kept */
char *weir_plan_tree(weir_arena *, const weir_plan *); /* explain text */
#endif
