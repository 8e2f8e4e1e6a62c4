/* Rows as Python's pickle (protocol 3), as PySpark's worker reads them: each frame is a list of
 * Row, whose converter is made once a frame of the schema's JSON. Values are PySpark's internal
 * ones (days, micros), which the Row's type turns into dates and the like. SPARK EvaluatePython,
 * pyspark.sql.types._create_row_inbound_converter. Thread: any. */
#ifndef WEIR_CODEC_PICKLE_H
#define WEIR_CODEC_PICKLE_H
#include "col/column.h"

/* Types that have no form in Python: UNSUPPORTED_FEATURE by name. */
weir_rc weir_pickle_check(weir_ctx *, weir_schema *);
/* Rows from .. from + n - 1 as one frame's pickle, appended. */
weir_rc weir_pickle_rows(weir_ctx *, weir_schema *, const weir_batch *, int64_t from, int64_t n,
                         weir_str *out);
#endif
