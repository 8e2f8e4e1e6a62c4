/* Spark SQL text to unresolved plans, commands, expressions and schemas. Hand-written; errors are
 * Spark's (PARSE_SYNTAX_ERROR and its kin) with position and the pointer under the line in the
 * message. Results live in ctx->arena. Input may be hostile: at most 1,000 nested levels,
 * expressions within WEIR_EXPR_DEPTH and WEIR_EXPR_NODES, types within WEIR_TYPE_DEPTH, no other
 * limit. */
#ifndef WEIR_SQL_SQL_H
#define WEIR_SQL_SQL_H
#include "plan/command.h"

/* A statement: exactly one of *query and *command is set. args: named (":x") or positional ("?")
 * parameters, literals. */
typedef struct weir_sql_args {
    int n;
    const char **name;
    weir_expr **value; /* name[i] NULL = positional */
} weir_sql_args;
weir_rc weir_sql_parse(weir_ctx *, const char *text, const weir_sql_args *args, weir_plan **query,
                       weir_command **command);
weir_rc weir_sql_parse_expr(weir_ctx *, const char *text, weir_expr **out); /* "a + 1 AS b", "*" */
weir_rc weir_sql_parse_type(weir_ctx *, const char *text,
                            const weir_type **out); /* "array<int>", "decimal(10,2)" */
/* "a INT, b STRING NOT NULL COMMENT 'x'" or "struct<...>" or a bare type (gives struct<value:type>)
 * or JSON. */
weir_rc weir_sql_parse_schema(weir_ctx *, const char *text, const weir_type **out);
weir_rc weir_sql_parse_name(weir_ctx *, const char *text, const char ***parts,
                            int *n); /* `a.b`.c */
/* "10 minutes", "interval 1 hour 30 seconds": months in *out are allowed; the caller checks. */
weir_rc weir_sql_parse_interval(weir_ctx *, const char *text, weir_interval *out);
bool weir_sql_reserved_quote(const char *name); /* needs back-ticks */
#endif
