/* Splitting CSV text into fields: shared by the reader and inference. Inside codec/ only. */
#ifndef WEIR_CODEC_CSV_SCAN_H
#define WEIR_CODEC_CSV_SCAN_H
#include "codec/csv_read.h"

typedef struct weir_csv_field {
    const char *p;
    int32_t n;
    bool null;
} weir_csv_field;
typedef struct weir_csv_scan {
    const weir_csv_options *o;
    weir_csv_field *field;
    int64_t n, cap;
    weir_arena *mem;
    char *text; /* unescaped fields of the record; as long as what is left of the input */
    size_t ntext, ctext;
} weir_csv_scan;

void weir_csv_scan_init(weir_csv_scan *, const weir_csv_options *, weir_arena *);
/* The record at p: fields into s->field, valid until the next call. Returns where the next begins;
 * NULL: more than maxColumns fields. A blank or comment line has no fields. */
const char *weir_csv_scan_record(weir_csv_scan *, const char *p, const char *end);
/* Values as the converters read them; false: not one. */
bool weir_csv_int(weir_csv_field, int64_t *out);
bool weir_csv_double(const weir_csv_options *, weir_csv_field, double *out);
#endif
