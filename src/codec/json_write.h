/* Values to JSON text. SPARK JacksonGenerator: to_json, the json file sink. */
#ifndef WEIR_CODEC_JSON_WRITE_H
#define WEIR_CODEC_JSON_WRITE_H
#include "col/column.h"
#include "func/datetime.h"

typedef struct weir_json_write {
    bool keep_nulls; /* null fields of objects are written */
    bool pretty, sort_keys, ascii;
    const weir_zone *zone;
    const weir_pattern *date_format, *timestamp_format, *ntz_format,
        *time_format; /* NULL: the default */
} weir_json_write;

/* A quoted string; bytes that are no UTF-8 become U+FFFD. What is beyond most is escaped, by UTF-16
 * units. */
void weir_json_quote(weir_str *, const char *p, size_t n, uint32_t most);
void weir_json_quote_part(weir_str *, const char *p, size_t n, uint32_t most); /* no quotes */
/* Options by Spark's names through get (NULL = absent). */
weir_rc weir_json_write_flags(weir_ctx *, const char *(*get)(void *u, const char *key), void *u,
                              weir_json_write *out); /* without the patterns */
weir_rc weir_json_write_options(weir_ctx *, const char *(*get)(void *u, const char *key), void *u,
                                weir_json_write *out);
/* Appends row of c (null: "null"). out->failed when it does not fit. */
void weir_json_put(const weir_json_write *, const weir_column *c, int64_t row, weir_str *out);
#endif
