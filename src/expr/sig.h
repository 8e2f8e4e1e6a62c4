/* Function signatures as text ("(string, int?) -> int"), parsed and matched against argument types.
 * See fn.h. */
#ifndef WEIR_EXPR_SIG_H
#define WEIR_EXPR_SIG_H
#include "expr/fn.h"

typedef enum {
    WEIR_SIG_TYPE,
    WEIR_SIG_VAR,
    WEIR_SIG_ANY,
    WEIR_SIG_NUMERIC,
    WEIR_SIG_INTEGRAL,
    WEIR_SIG_FRACTIONAL,
    WEIR_SIG_DECIMAL,
    WEIR_SIG_ARRAY,
    WEIR_SIG_MAP,
    WEIR_SIG_STRUCT
} weir_sig_kind;
typedef struct weir_sig_type {
    weir_sig_kind kind;
    const weir_type *type; /* TYPE */
    char var;              /* VAR: T, U, K, V */
    struct weir_sig_type *kid[2];
    bool optional, many;
} weir_sig_type;
enum { WEIR_SIG_MAX = 12 };
typedef struct weir_sig {
    int nparam, least, most;
    bool never_null;
    weir_sig_type *param[WEIR_SIG_MAX], *result;
} weir_sig;
typedef struct weir_sig_match {
    const weir_type **want;  /* per argument: cast to this; NULL = as it is */
    const weir_type *result; /* NULL when only bind can say */
    int bad;                 /* first argument that does not fit */
    const char *bad_want;    /* what was wanted there, as Spark prints it */
} weir_sig_match;

weir_rc weir_sig_parse(weir_ctx *, const char *text,
                       weir_sig **out); /* a malformed table row asserts */
bool weir_sig_match_args(weir_ctx *, const weir_sig *, const weir_expr *func, bool casts,
                         weir_sig_match *out);
/* NO_COERCE functions: anything goes, the result if the signature names it. */
bool weir_sig_take(weir_ctx *, const weir_sig *, const weir_expr *func, weir_sig_match *out);
#endif
