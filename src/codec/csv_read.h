/* CSV records into columns, directed by the schema. SPARK UnivocityParser, CSVInferSchema and their
 * modes. A reader belongs to one task. Input may be hostile: a record has at most maxColumns
 * fields. */
#ifndef WEIR_CODEC_CSV_READ_H
#define WEIR_CODEC_CSV_READ_H
#include "codec/json_read.h"

typedef struct weir_csv_options {
    weir_read_mode mode;
    const char *corrupt_column; /* filled when the schema has it as a STRING column */
    const char *sep, *null_value, *empty_value, *nan, *inf, *neg_inf;
    char quote, escape, comment; /* 0: none */
    bool header, trim_left, trim_right, multi_line, infer;
    int64_t max_columns;
    const weir_zone *zone;
    const weir_pattern *date_format, *timestamp_format, *ntz_format; /* NULL: the default */
    const char *file;                                                /* for messages */
} weir_csv_options;

/* Options by Spark's names through get (NULL = absent). */
weir_rc weir_csv_options_read(weir_ctx *, const char *(*get)(void *u, const char *key), void *u,
                              weir_csv_options *out);

typedef struct weir_csv_reader weir_csv_reader;
weir_rc weir_csv_reader_new(weir_ctx *, weir_schema *, weir_csv_options *,
                            weir_csv_reader **out); /* lives in ctx->arena */
/* The next text is of a new file: its header is to be stepped over. */
void weir_csv_file(weir_csv_reader *, const char *uri);
/* One line, or with multiLine a whole file of records. at: byte offset, for messages. */
weir_rc weir_csv_record(weir_ctx *, weir_csv_reader *, const char *p, int64_t n, int64_t at);
int64_t weir_csv_rows(const weir_csv_reader *);
weir_rc weir_csv_take(weir_ctx *, weir_csv_reader *, weir_batch *out);

/* Names and types of columns from texts given as to weir_csv_record. */
typedef struct weir_csv_infer weir_csv_infer;
weir_csv_infer *weir_csv_infer_new(weir_arena *, const weir_csv_options *);
weir_rc weir_csv_infer_text(weir_ctx *, weir_csv_infer *, const char *p, int64_t n, bool new_file);
weir_schema *weir_csv_infer_done(weir_arena *,
                                 weir_csv_infer *); /* no columns: nothing was there */
#endif
