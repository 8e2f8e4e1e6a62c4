/* Rows as CSV text: the csv file sink. SPARK UnivocityGenerator, and univocity's CsvWriter 2.9.1,
 * whose quoting it is. A writer belongs to one task. */
#ifndef WEIR_CODEC_CSV_WRITE_H
#define WEIR_CODEC_CSV_WRITE_H
#include "codec/json_write.h"
#include "func/charset.h"

typedef struct weir_csv_writer {
    const char *null_value, *empty_value, *line_end;
    const uint32_t *sep;
    int nsep;
    uint32_t quote, escape, escape2, comment, newline, end1, end2;
    bool header, quote_all, escape_quotes, trim_left, trim_right;
    bool wide; /* a special character is not ASCII: characters are decoded, else bytes taken */
    weir_json_write values;
    weir_str cell, shown; /* the value so far; a number or a time */
    size_t blanks;        /* at its end, which do not count */
    bool special;         /* it stands for null or an empty value */
} weir_csv_writer;

/* Options by Spark's names through get (NULL = absent). The writer lives in ctx->arena. */
weir_rc weir_csv_writer_init(weir_ctx *, const char *(*get)(void *u, const char *key), void *u,
                             weir_csv_writer *out);
void weir_csv_write_header(weir_csv_writer *, const weir_schema *, weir_str *out);
/* A row and the end of its line; nothing of a row without text. */
void weir_csv_write_row(weir_csv_writer *, const weir_batch *, int64_t row, weir_str *out);
#endif
