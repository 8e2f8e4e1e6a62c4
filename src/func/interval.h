/* Intervals as text. SPARK IntervalUtils, IntervalStringStyles. Pure; any thread. */
#ifndef WEIR_FUNC_INTERVAL_H
#define WEIR_FUNC_INTERVAL_H
#include "col/column.h"

/* "interval 1 day 2 hours", "3 months", "-1 year 2.5 seconds"; false = malformed or too large. */
bool weir_interval_parse(const char *p, int64_t n, weir_interval *out);
/* "1-2", "INTERVAL '1-2' YEAR TO MONTH", "1 02:03:04.5" for the fields of type (INTERVAL_YM:
 * months, _DT: micros). */
bool weir_interval_ansi_parse(const char *p, int64_t n, const weir_type *type, int64_t *out);
void weir_interval_text(weir_interval, weir_str *out); /* "1 days 2 hours" */
void weir_interval_ansi_text(const weir_type *, int64_t v,
                             weir_str *out); /* "INTERVAL '1-2' YEAR TO MONTH" */
#endif
