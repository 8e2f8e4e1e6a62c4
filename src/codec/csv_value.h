/* Values of CSV fields, as the reader and inference see them. Inside codec/ only. Any thread. */
#ifndef WEIR_CODEC_CSV_VALUE_H
#define WEIR_CODEC_CSV_VALUE_H
#include "codec/csv_scan.h"

/* Appends one value. *good false: the text is not of the type, and nothing was appended. */
weir_rc weir_csv_value(weir_ctx *, const weir_csv_options *, weir_build *, weir_csv_field,
                       bool *good);

/* What the text is; false: not that. */
bool weir_csv_double(weir_ctx *, const weir_csv_options *, weir_csv_field, bool single,
                     double *out);
bool weir_csv_boolean(weir_csv_field, bool *out);
bool weir_csv_date(const weir_csv_options *, weir_csv_field, int32_t *out); /* by the pattern */
bool weir_csv_timestamp(const weir_csv_options *, weir_csv_field, int64_t *out);
bool weir_csv_ntz(const weir_csv_options *, weir_csv_field, int64_t *out);
#endif
