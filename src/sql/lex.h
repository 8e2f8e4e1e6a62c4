/* Tokens of Spark SQL. Inside sql/ only. */
#ifndef WEIR_SQL_LEX_H
#define WEIR_SQL_LEX_H
#include "sql/sql.h"

typedef enum {
    WEIR_TK_END,
    WEIR_TK_WORD,
    WEIR_TK_QUOTED,
    WEIR_TK_STRING,
    WEIR_TK_NUMBER,
    WEIR_TK_OP,
    WEIR_TK_BAD
} weir_tkind;
typedef struct weir_token {
    weir_tkind kind;
    const char *text; /* WORD as written; QUOTED, STRING decoded; OP its symbol */
    size_t len;
    int32_t start, stop; /* byte offsets into the source, stop exclusive */
    bool joined;         /* STRING: several, beside each other */
} weir_token;

typedef struct weir_parser {
    weir_ctx *ctx;
    const char *src;
    weir_token *tok;
    int32_t ntok, at, depth, type_depth;
    const weir_sql_args *args;
    int32_t next_arg;
} weir_parser;

weir_rc weir_lex(weir_ctx *, const char *text, weir_parser *out);

/* Helpers of the parser files. peek(0) is the current token. */
const weir_token *weir_tk(const weir_parser *, int ahead);
bool weir_tk_is(const weir_parser *, const char *word_or_op); /* current token; words in any case */
bool weir_tk_is_at(const weir_parser *, int ahead, const char *word_or_op);
bool weir_tk_take(weir_parser *, const char *word_or_op);        /* if it is, steps over it */
bool weir_tk_take2(weir_parser *, const char *a, const char *b); /* both, or neither */
weir_rc weir_tk_need(weir_parser *, const char *word_or_op);
weir_rc weir_tk_ident(weir_parser *, const char **name); /* WORD or QUOTED */
weir_rc weir_tk_string(weir_parser *, const char **text);
weir_rc weir_syntax_error(weir_parser *); /* at the current token */
/* a-b from that token on, as a name: INVALID_IDENTIFIER. SPARK errorCapturingIdentifier */
weir_rc weir_unquoted_minus(weir_parser *, int32_t from_token);
bool weir_tk_orders(const weir_parser *); /* at SORT BY, CLUSTER BY, DISTRIBUTE BY */
weir_rc weir_sql_refuse(weir_parser *, const char *feature);
weir_pos weir_tk_pos(const weir_parser *,
                     int32_t from_token); /* from that token to the one before the current */
weir_rc weir_parse_enter(weir_parser *);  /* depth; leave with p->depth-- */
/* FAILED_TO_PARSE_TOO_COMPLEX */
weir_rc weir_parse_too_complex(weir_parser *, const char *most);
/* Chains (a + b + ...) make trees deeper than the parser went: before a tree is walked. */
weir_rc weir_parse_bounded(weir_parser *, const weir_expr *);

/* expr.c, type.c, query.c, statement.c */
/* A whole expression, bounded; its parts are expr.c's own business. */
weir_rc weir_parse_expr(weir_parser *, weir_expr **out);
weir_rc weir_parse_named_expr(weir_parser *, weir_expr **out);
weir_rc weir_parse_list(weir_parser *, weir_plan *into, bool named);
weir_rc weir_parse_type(weir_parser *, const weir_type **out);
/* At a number token. INVALID_NUMERIC_LITERAL_RANGE. */
weir_rc weir_number_literal(weir_parser *, bool minus, weir_expr **out);
/* DATE '...', TIMESTAMP '...': a cast of the text, made a literal at analysis; X'...'. *done: there
 * was one. INVALID_TYPED_LITERAL. */
weir_rc weir_typed_literal(weir_parser *, weir_expr **out, bool *done);
weir_rc weir_parse_columns(weir_parser *, const char *close, const weir_type **out);
weir_rc weir_parse_name_parts(weir_parser *, const char ***parts, int32_t *n);
weir_rc weir_parse_query(weir_parser *, weir_plan **out);
weir_rc weir_parse_statement(weir_parser *, weir_plan **query, weir_command **command);
weir_rc weir_parse_options(weir_parser *, weir_options *out);     /* ( key = value, ... ) */
weir_rc weir_parse_interval_body(weir_parser *, weir_expr **out); /* after INTERVAL */
bool weir_parse_sort_item_dirs(weir_parser *, weir_expr *item);
#endif
