/* Higher-order functions: transform, filter, aggregate, ... A call has its fixed arguments, then
 * the outer columns that its bodies use (captures); body[] are the lambdas' bodies over a batch of
 * their parameters, then the captures. plan/lambda.c binds them. Analysis: any thread; kernels: any
 * task. */
#ifndef WEIR_FUNC_LAMBDA_H
#define WEIR_FUNC_LAMBDA_H
#include "func/func.h"

enum { WEIR_LAMBDAS_MAX = 2, WEIR_LAMBDA_PARAMS_MAX = 3 };

/* weir_expr.bound of a resolved call. */
typedef struct weir_hof {
    int nfixed, nparam[WEIR_LAMBDAS_MAX];
} weir_hof;

/* The kernel of a function of this name with lambdas; NULL: there is none. */
const weir_fn *weir_hof_find(const char *name, int nfixed, int nlambda);
/* Parameters of lambda `which`, written with nname names; the fixed arguments and the bodies before
 * it are bound. Fails when the arguments are no list or map, or the count is wrong. */
weir_rc weir_hof_params(weir_ctx *, const weir_expr *call, int which, int nname,
                        weir_field out[WEIR_LAMBDA_PARAMS_MAX]);
/* Type and nullability of the call, once every body is bound. */
weir_rc weir_hof_type(weir_ctx *, weir_expr *call);
#endif
