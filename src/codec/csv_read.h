/* CSV records into columns, directed by the schema. SPARK UnivocityParser, CSVInferSchema and their
 * modes. A reader belongs to one task. Input may be hostile: a record has at most maxColumns
 * fields. */
#ifndef WEIR_CODEC_CSV_READ_H
#define WEIR_CODEC_CSV_READ_H
#include "codec/json_read.h"
#include "func/charset.h"

/* unescapedQuoteHandling: what a quote in the middle of a value does. */
typedef enum {
    WEIR_CSV_STOP_AT_DELIMITER,
    WEIR_CSV_STOP_AT_CLOSING_QUOTE,
    WEIR_CSV_BACK_TO_DELIMITER,
    WEIR_CSV_SKIP_VALUE,
    WEIR_CSV_RAISE_ERROR
} weir_csv_stray;

/* A pattern of the options dateFormat and the like. */
typedef struct weir_csv_pattern {
    const char *text;            /* NULL: none is given */
    const weir_pattern *pattern; /* NULL: it is none */
    bool upgrade;                /* any use of it fails; else values are malformed without one */
} weir_csv_pattern;

typedef struct weir_csv_options {
    weir_read_mode mode;
    const char *corrupt_column; /* filled when the schema has it as a STRING column */
    const char *sep, *null_value, *empty_value;
    weir_bytes nan, inf, neg_inf;
    size_t null_len;
    uint32_t quote, escape, escape2, comment; /* characters; 0: none */
    bool has_escape2, has_comment;
    weir_csv_stray stray;
    bool header, trim_left, trim_right, multi_line, infer, enforce_schema, prefer_date, prune,
        case_sensitive, ntz_default, date_fallback, timestamp_fallback;
    int64_t max_columns, max_chars, buffer_chars; /* max_chars -1: no limit */
    double sampling_ratio;
    weir_charset charset;
    const char *line_sep; /* NULL: \\n, \\r and \\r\\n */
    const weir_zone *zone;
    weir_csv_pattern date_format, timestamp_format, ntz_format;
    bool date_given; /* else date_format is the one that is tried for inference */
    const char *file; /* for messages */
} weir_csv_options;

/* Options by Spark's names through get (NULL = absent), for reading. */
weir_rc weir_csv_options_read(weir_ctx *, const char *(*get)(void *u, const char *key), void *u,
                              weir_csv_options *out);
weir_rc weir_csv_pattern_fail(weir_ctx *, const weir_csv_pattern *); /* one without pattern */
/* What a schema that is inferred needs of them besides. SPARK CSVInferSchema's constructor */
weir_rc weir_csv_options_infer(weir_ctx *, const weir_csv_options *);
/* One of an option's values: see csv_options.c. Shared with the writer. */
weir_rc weir_csv_char(weir_ctx *, const char *(*get)(void *u, const char *key), void *u,
                      const char *key, uint32_t dflt, uint32_t *out);
weir_rc weir_csv_flag(weir_ctx *, const char *(*get)(void *u, const char *key), void *u,
                      const char *key, bool dflt, bool *out);
weir_rc weir_csv_delimiter(weir_ctx *, const char *(*get)(void *u, const char *key), void *u,
                           const char **out);
const uint32_t *weir_csv_chars(weir_arena *, const char *text, int *n); /* its characters */
weir_rc weir_csv_line_sep(weir_ctx *, const char *(*get)(void *u, const char *key), void *u,
                          const char **out); /* NULL: not given */
weir_rc weir_csv_charset(weir_ctx *, const char *(*get)(void *u, const char *key), void *u,
                         weir_charset *out);

/* need: which fields of the schema are wanted (NULL: all); the others are null. What a malformed
 * record is depends on it, as in Spark, unless columnPruning is off. */
typedef struct weir_csv_reader weir_csv_reader;
weir_rc weir_csv_columns(weir_ctx *, const weir_schema *); /* are they of types that CSV has? */
weir_rc weir_csv_reader_new(weir_ctx *, weir_schema *, const bool *need, weir_csv_options *,
                            weir_csv_reader **out); /* lives in ctx->arena */
/* The next text is of a new file: its header is to be stepped over. */
void weir_csv_file(weir_csv_reader *, const char *uri);
/* One line, its bytes in the charset. */
weir_rc weir_csv_line(weir_ctx *, weir_csv_reader *, const char *p, int64_t n);
/* multiLine: a whole file's bytes, again and again the same, up to max_rows rows further; *over at
 * its end. */
weir_rc weir_csv_step(weir_ctx *, weir_csv_reader *, const char *p, int64_t n, int64_t max_rows,
                      bool *over);
/* Of a damaged file, how much weir_csv_step may have: what was read before the damage was met. */
size_t weir_csv_cut(weir_csv_reader *, const char *p, size_t n);
int64_t weir_csv_rows(const weir_csv_reader *);
weir_rc weir_csv_take(weir_ctx *, weir_csv_reader *, weir_batch *out);

/* Names and types of columns: the first row of the files names them, then all give types. */
typedef struct weir_csv_infer weir_csv_infer;
weir_csv_infer *weir_csv_infer_new(weir_arena *, const weir_csv_options *);
/* What follows is of a file, to be looked at for names (until they are there), or for types. */
void weir_csv_infer_file(weir_csv_infer *, const char *uri, bool names);
bool weir_csv_infer_named(const weir_csv_infer *);
/* A line, or with multiLine the whole file; bytes in the charset. */
weir_rc weir_csv_infer_text(weir_ctx *, weir_csv_infer *, const char *p, int64_t n);
weir_schema *weir_csv_infer_done(weir_arena *,
                                 weir_csv_infer *); /* no columns: nothing was there */
#endif
