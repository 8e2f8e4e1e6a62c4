/* Arithmetic with dates, timestamps and intervals. */
#ifndef WEIR_FUNC_ARITH_H
#define WEIR_FUNC_ARITH_H
#include "func/decimal.h"
#include "func/loop.h"
/* Binds a + - * / node, 'd' for div, whose operands are datetimes or intervals; *done false: it is
 * not one of them. */
weir_rc weir_arith_time_bind(weir_ctx *, weir_expr *, char op, bool *done);
/* Of operands that weir_arith_time_bind made nothing of: fails, with
 * DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE, where one of them is a date, timestamp or interval that
 * has a function of its own for op, which the other does not fit. */
weir_rc weir_arith_time_fits(weir_ctx *, const weir_expr *, char op);
#endif
