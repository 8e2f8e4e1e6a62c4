/* Arithmetic with dates, timestamps and intervals. */
#ifndef WEIR_FUNC_ARITH_H
#define WEIR_FUNC_ARITH_H
#include "func/decimal.h"
#include "func/loop.h"
/* Binds a + - * / node, 'd' for div, whose operands are datetimes or intervals; *done false: it is
 * not one of them. */
weir_rc weir_arith_time_bind(weir_ctx *, weir_expr *, char op, bool *done);
/* Would only dates and intervals make sense of it? For the error. */
bool weir_arith_time_is(const weir_expr *, char op);
#endif
