/* Inside plan/analyze: what the parts of analysis share. */
#ifndef WEIR_PLAN_SCOPE_H
#define WEIR_PLAN_SCOPE_H
#include "expr/fn.h"
#include "plan/analyze.h"

typedef struct weir_lambda_scope weir_lambda_scope;
typedef struct weir_az {
    const weir_resolver *resolver;
    const weir_plan *
        self; /* the node whose expressions are being resolved: its resolved inputs are the scope */
    const struct weir_lambda_scope *lambda; /* parameters in scope, innermost first */
    int nparam;                             /* handed out so far */
    const weir_plan *lateral; /* the select list so far: later items may name its aliases */
    int depth;
    struct weir_az_cte { /* in scope, innermost first */
        const char *name;
        weir_plan *plan;
        const struct weir_az_cte *outer;
    } const *cte;
    struct weir_az_stream { /* streams that were opened: what names one again shares it */
        const weir_plan *spec;
        weir_plan *scan;
        const struct weir_az_stream *next;
    } const *stream;
} weir_az;

/* HEIGHT: of what analysis makes, a few levels of each that the query has; of common table
 * expressions over each other, too. */
enum { WEIR_PLAN_DEPTH = 1024, WEIR_PLAN_HEIGHT = 4096, WEIR_PLAN_NODES = 1 << 20 };
int64_t weir_new_id(void);

/* analyze.c */
weir_rc weir_az_plan(weir_ctx *, weir_az *, weir_plan *, weir_plan **out);
weir_plan *weir_az_node(weir_ctx *, const weir_plan *from, weir_pkind,
                        weir_plan *in); /* keeps plan_id, streaming, at */
/* Output of p from its (resolved, named) expressions: ALIAS and COL keep or make ids. */
void weir_az_output(weir_ctx *, weir_plan *p, weir_expr **e, int n);
void weir_az_same_output(weir_plan *p, const weir_plan *in);
weir_expr *weir_az_col(weir_ctx *, const weir_plan *in, int i); /* reference to output i, named */
weir_plan *weir_az_project(weir_ctx *, const weir_plan *from, weir_plan *in, weir_expr **e, int n);

/* resolve.c: expressions over the outputs of in[0..nin) placed side by side */
weir_rc weir_az_expr(weir_ctx *, weir_az *, const weir_plan *const *in, int nin, weir_expr *,
                     weir_expr **out);
/* A select list: stars expanded, everything named (ALIAS or named COL). Generators are left as FUNC
 * "explode" & co. */
weir_rc weir_az_list(weir_ctx *, weir_az *, const weir_plan *in, weir_expr **e, int n,
                     weir_expr ***out, int *nout);
/* star.c: adds what a star stands for to list's expressions. */
weir_rc weir_az_star(weir_ctx *, weir_az *, const weir_plan *in, weir_expr *star, weir_plan *list);
/* Whether the call may have a star for argument i. SPARK ResolveReferences.expandStarExpression: of
 * what is written with signs only rows and the list of IN may, the same function called by its name
 * may. INVALID_USAGE_OF_STAR_OR_REGEX. */
weir_rc weir_az_check_star(weir_ctx *, const weir_expr *call, int i);
/* The plan of that id, p or below it; NULL: none. */
const weir_plan *weir_az_plan_of(const weir_plan *p, int64_t id, int depth);
/* Field i of a struct, or of an array's structs; shown: its name as it was written. */
weir_rc weir_az_field(weir_ctx *, weir_expr *base, int i, const char *shown, weir_expr **out);
/* Ordinal of a name in in's output; -1 none, -2 ambiguous. */
int weir_az_find(weir_ctx *, const weir_plan *in, const char *name);
/* The ALL of GROUP BY and ORDER BY; false where in has a column of that name. */
bool weir_az_is_all(weir_ctx *, const weir_plan *in, const weir_expr *);
weir_rc weir_az_missing(weir_ctx *, const weir_plan *const *in, int nin, const weir_expr *);
bool weir_has_aggregate(const weir_expr *);
/* A condition of the query: boolean, or an untyped null. DATATYPE_MISMATCH.FILTER_NOT_BOOLEAN */
weir_rc weir_az_condition(weir_ctx *, weir_expr *, weir_expr **out);

/* char_pad.c: arguments of a comparison that is bound, where CHAR columns are among them */
weir_rc weir_az_pad_chars(weir_ctx *, const weir_plan *const *in, int nin, weir_expr *);

/* resolve.c: AMBIGUOUS_REFERENCE of a name */
weir_rc weir_az_ambiguous(weir_ctx *, const weir_expr *);

/* aggregate.c: extra are expressions of HAVING (the first nhaving) and ORDER BY */
weir_rc weir_az_aggregate(weir_ctx *, weir_az *, weir_plan *, weir_expr **extra, int nextra,
                          int nhaving, weir_plan **out);
weir_rc weir_az_metrics(weir_ctx *, weir_az *, weir_plan *, weir_plan *in, weir_plan **out);
/* Turns expr list e (resolved, with AGG inside) into aggs plus expressions over (groups, aggs). */
weir_rc weir_az_split_aggs(weir_ctx *, weir_expr **group, int ngroup, weir_expr **e, int n,
                           weir_expr ***aggs, int *nagg);

/* The same where a name that the first has is not looked for in the others. */
weir_rc weir_az_expr_ranked(weir_ctx *, weir_az *, const weir_plan *const *in, int nin,
                            weir_expr *, weir_expr **out);

/* reach.c: expressions over in's output, or over columns that projections below it leave out; these
 * are appended to what *wide puts out, which is in when none are. */
weir_rc weir_az_reach(weir_ctx *, weir_az *, weir_plan *in, weir_expr **e, int n,
                      weir_plan **wide);
/* node, without the columns that were appended to in's. */
weir_plan *weir_az_narrow(weir_ctx *, const weir_plan *from, weir_plan *node,
                          const weir_plan *in);

/* lambda.c: a call with lambdas whose other arguments are bound; a parameter inside of a body */
weir_rc weir_az_lambda(weir_ctx *, weir_az *, const weir_plan *const *in, int nin, weir_expr *,
                       weir_expr **out);
weir_rc weir_az_lambda_var(weir_ctx *, const weir_az *, const weir_expr *, weir_expr **out);

/* generate.c */
bool weir_is_generator(const weir_expr *); /* explode & co., maybe under aliases */
/* A select list whose item at is a generator: what it makes takes its place. */
weir_rc weir_az_project_gen(weir_ctx *, weir_az *, weir_plan *p, weir_plan *in, int at,
                            weir_plan **out);
/* window() calls in p's expressions become a hidden column of a node over *in. *p is copied when it
 * changes. */
weir_rc weir_az_lift_windows(weir_ctx *, weir_az *, weir_plan **p, weir_plan **in);
/* Whether a grouping key is a session window that in computes. */
bool weir_az_is_session(const weir_plan *in, const weir_expr *key);

/* metadata.c */
/* Tells the leaves of an unresolved plan if any expression of it names _metadata. */
void weir_az_mark_metadata(weir_plan *);
/* Projections let the hidden column through, behind their own. */
void weir_az_carry_metadata(weir_ctx *, weir_plan *p, const weir_plan *in);
weir_plan *weir_az_drop_metadata(weir_ctx *, weir_plan *); /* p, or p without the hidden column */

/* check.c: an analysed node, its inputs checked already */
weir_rc weir_az_check(weir_ctx *, const weir_plan *);

/* inline.c: p, the UNION of VALUES, over its analysed rows. INVALID_INLINE_TABLE.* . */
weir_rc weir_az_inline(weir_ctx *, weir_plan *p, weir_plan **row, weir_plan **out);

/* rewrite.c */
weir_rc weir_az_with_columns(weir_ctx *, weir_az *, weir_plan *, weir_plan *in, weir_plan **out);
weir_rc weir_az_rename(weir_ctx *, weir_plan *, weir_plan *in, weir_plan **out);
weir_rc weir_az_drop(weir_ctx *, weir_az *, weir_plan *, weir_plan *in, weir_plan **out);
weir_rc weir_az_todf(weir_ctx *, weir_plan *, weir_plan *in, weir_plan **out);
weir_rc weir_az_to_schema(weir_ctx *, weir_plan *, weir_plan *in, weir_plan **out);
weir_rc weir_az_setop(weir_ctx *, weir_plan *, weir_plan **in, weir_plan **out);
weir_rc weir_az_na(weir_ctx *, weir_az *, weir_plan *, weir_plan *in, weir_plan **out);
weir_rc weir_az_show(weir_ctx *, weir_plan *, weir_plan *in, weir_plan **out);
weir_rc weir_az_sample(weir_ctx *, weir_plan *, weir_plan *in, weir_plan **out);
weir_rc weir_az_dedup(weir_ctx *, weir_plan *, weir_plan *in, weir_plan **out);
/* SELECT DISTINCT and UNION of SQL. */
weir_rc weir_az_distinct(weir_ctx *, const weir_plan *, weir_plan *in, weir_plan **out);
#endif
