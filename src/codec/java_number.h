/* Texts as numbers, as Java reads them: Scala's toInt and toLong, Double.parseDouble, BigDecimal.
 * For CSV and XML. Pure; any thread. */
#ifndef WEIR_CODEC_JAVA_NUMBER_H
#define WEIR_CODEC_JAVA_NUMBER_H
#include "col/column.h"

bool weir_java_long(weir_bytes, int64_t *out);
/* single: parseFloat. mem: for long texts. */
bool weir_java_double(weir_arena *mem, weir_bytes, bool single, double *out);
/* precision and scale as BigDecimal has them */
bool weir_java_decimal(weir_bytes, int *precision, int64_t *scale);

enum { WEIR_JAVA_DIGITS = 512 };
/* Digits of other scripts as ASCII (in buf). False: something else is not ASCII. */
bool weir_java_ascii(weir_bytes *, char buf[WEIR_JAVA_DIGITS]);
#endif
