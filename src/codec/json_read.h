/* JSON records into columns, directed by the schema. SPARK JacksonParser and its modes. A reader
 * belongs to one task. Records are one line each, or one object (or array of objects) a file with
 * multiLine. Input may be hostile: nesting and lengths are limited as Spark's options say. */
#ifndef WEIR_CODEC_JSON_READ_H
#define WEIR_CODEC_JSON_READ_H
#include "col/build.h"
#include "func/charset.h"
#include "func/datetime.h"

typedef enum { WEIR_MODE_PERMISSIVE, WEIR_MODE_DROP, WEIR_MODE_FAIL } weir_read_mode;

typedef struct weir_json_options {
    weir_read_mode mode;
    const char *corrupt_column; /* filled when the schema has it as a STRING column */
    const char *rescue_column;  /* filled with what the schema could not take, when the schema has
                                   it; NULL none */
    bool rescue_path;           /* the rescued object names its file */
    bool case_sensitive, primitives_as_string, prefers_decimal, allow_comments,
        allow_unquoted_names, allow_single_quotes, allow_leading_zeros, allow_non_numeric,
        allow_any_escape, allow_control, multi_line, infer_timestamp, drop_all_null;
    bool partial;       /* spark.sql.json.enablePartialResults */
    bool exact_text;    /* what is read as STRING, but is none, keeps its spelling */
    bool empty_is_null; /* spark.sql.legacy.json.allowEmptyString.enabled */
    bool ansi, date_fallback, timestamp_fallback;
    bool decoded; /* an encoding was given: bytes that are not of it make a line malformed */
    weir_charset charset;
    bool chars; /* the text is a value, not bytes of a file: from_json and its like */
    int32_t max_depth, max_number, max_string;
    const weir_zone *zone;
    const weir_pattern *date_format, *timestamp_format, *ntz_format,
        *time_format; /* NULL: the default */
    const char *file; /* for messages and rescue; see weir_json_reader_file */
    const bool *need; /* by field; the others are null, and not looked at; NULL: all. Not with
                         rescue_column */
} weir_json_options;

/* The defaults, in UTC. */
void weir_json_options_plain(weir_json_options *);

/* Options by Spark's names through get (NULL = absent). chars: for texts that are values. */
weir_rc weir_json_options_read(weir_ctx *, bool chars,
                               const char *(*get)(void *u, const char *key), void *u,
                               weir_json_options *out);

/* A boolean option of JSON: "true" or "false" in any case; v NULL leaves *out. */
weir_rc weir_json_flag_option(weir_ctx *, const char *v, bool *out);

typedef struct weir_json_reader weir_json_reader;
weir_rc weir_json_reader_new(weir_ctx *, weir_schema *, weir_json_options *,
                             weir_json_reader **out); /* lives in ctx->arena */
/* The records that follow are of this file. packed: it is compressed. */
void weir_json_reader_file(weir_json_reader *, const char *uri, bool packed);
/* One record. *kept: a row was appended. at: byte offset of the record, for messages. */
weir_rc weir_json_record(weir_ctx *, weir_json_reader *, const char *p, int64_t n, int64_t at,
                         bool *kept);
/* Appends the records from p on that look like the one before them (the same keys in the same
 * order, on lines that end with \n), until there are max_rows. Returns the start of the first other
 * line: that is one for weir_json_record, and may well be a good one. What is appended is what
 * weir_json_record would append. */
const char *weir_json_alike(weir_json_reader *, const char *p, const char *end, int64_t max_rows);
int64_t weir_json_rows(const weir_json_reader *);
/* The rows so far as a batch; the reader goes on empty. */
weir_rc weir_json_take(weir_ctx *, weir_json_reader *, weir_batch *out);
/* from_json to a map or an array: a row of out for each of text; null when it is null, malformed or
 * empty. An object may stand for an array of structs. */
weir_rc weir_json_values(weir_ctx *, weir_json_options *, const weir_column *text, weir_build *out);
/* A row of nulls. */
void weir_json_null_row(weir_json_reader *);

/* Inference: feed records, then take the type. SPARK JsonInferSchema */
typedef struct weir_json_infer weir_json_infer;
weir_json_infer *weir_json_infer_new(weir_arena *, const weir_json_options *);
void weir_json_infer_record(weir_json_infer *, const char *p, int64_t n);
/* *out in ctx->arena. Fails for what Spark fails for: FAILFAST, names that a schema cannot have. */
weir_rc weir_json_infer_done(weir_ctx *, weir_json_infer *, bool leaves_as_strings,
                             weir_schema **out);
#endif
