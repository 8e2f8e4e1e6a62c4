/* Decimals: unscaled __int128 with a precision of at most 38 digits. SPARK Decimal,
 * java.math.BigDecimal. Pure functions. */
#ifndef WEIR_FUNC_DECIMAL_H
#define WEIR_FUNC_DECIMAL_H
#include "col/column.h"

weir_i128 weir_pow10(int n); /* 0..38 */
bool weir_dec_fits(weir_i128 v, int precision);
/* From one scale to another, half up; false when the result has more than precision digits. */
bool weir_dec_rescale(weir_i128 v, int from, int to, int precision, weir_i128 *out);
/* BigDecimal.toPlainString / toString; return the length. */
int weir_dec_text(weir_i128 v, int scale, char out[64]);
int weir_dec_text_sci(weir_i128 v, int scale, char out[64]);
typedef enum { WEIR_DEC_OK, WEIR_DEC_MALFORMED, WEIR_DEC_OVERFLOW } weir_dec_rc;
/* "12.5", "-1e3" with white space around, rounded half up to scale. */
weir_dec_rc weir_dec_parse(const char *p, int n, int precision, int scale, weir_i128 *out);
double weir_dec_double(weir_i128 v, int scale);
weir_dec_rc weir_dec_from_double(double v, int precision, int scale,
                                 weir_i128 *out); /* by its shortest text */
/* a*b at scale (as given by the sum of their scales) brought to scale and precision; false =
 * overflow. */
bool weir_dec_mul(weir_i128 a, weir_i128 b, int scale_sum, int scale, int precision,
                  weir_i128 *out);
/* a (scale sa) / b (scale sb), b not 0, half up at scale. */
bool weir_dec_div(weir_i128 a, int sa, weir_i128 b, int sb, int scale, int precision,
                  weir_i128 *out);
/* a+b (b negated by the caller for -) with the sum rounded to scale. */
bool weir_dec_add(weir_i128 a, int sa, weir_i128 b, int sb, int scale, int precision,
                  weir_i128 *out);
/* Remainder with the sign of a; whole part of the quotient. */
bool weir_dec_mod(weir_i128 a, int sa, weir_i128 b, int sb, int scale, int precision,
                  weir_i128 *out);
bool weir_dec_quot(weir_i128 a, int sa, weir_i128 b, int sb, int64_t *out);
int weir_dec_cmp(weir_i128 a, int sa, weir_i128 b, int sb);
#endif
