/* XML records into columns, directed by the schema. SPARK StaxXmlParser, XmlInferSchema and their
 * modes (of Spark 4.2: the parser that is not the legacy one). A file is one XML text; every
 * element of the name rowTag is a record. A reader belongs to one task. Input may be hostile: see
 * xml_scan.h. */
#ifndef WEIR_CODEC_XML_READ_H
#define WEIR_CODEC_XML_READ_H
#include "codec/json_read.h"

typedef struct weir_xml_options {
    weir_read_mode mode;
    const char *row_tag, *attribute_prefix, *value_tag, *wildcard;
    const char *null_value;     /* NULL: no text stands for null */
    const char *corrupt_column; /* filled when the schema has it */
    bool exclude_attributes, trim, ignore_namespace, infer, prefers_decimal, multi_line,
        case_sensitive, infer_ntz;
    const char *encoding; /* of texts that do not say it themselves; NULL: UTF-8 */
    const weir_zone *zone;
    const weir_pattern *date_format, *timestamp_format, *ntz_format; /* NULL: the default */
    const char *file;                                                /* for messages */
    const bool *need; /* by field of the schema: the others are as if not in it; NULL: all */
} weir_xml_options;

/* Options by Spark's names through get (NULL = absent). Fails as Spark does with those that make no
 * sense, and by name for those that are not done here. */
weir_rc weir_xml_options_read(weir_ctx *, const char *(*get)(void *u, const char *key), void *u,
                              weir_xml_options *out);

typedef struct weir_xml_reader weir_xml_reader;
/* Lives in ctx->arena. Fails for types that XML does not hold. */
weir_rc weir_xml_reader_new(weir_ctx *, weir_schema *, weir_xml_options *, weir_xml_reader **out);
/* Begins a text of records, which must stay until it is over. */
weir_rc weir_xml_begin(weir_ctx *, weir_xml_reader *, const char *p, int64_t n);
/* Reads on until there are max_rows, or the text is over. */
weir_rc weir_xml_rows_read(weir_ctx *, weir_xml_reader *, int64_t max_rows, bool *over);
/* One record that is a text of its own (multiLine=false). at: byte offset, for messages. */
weir_rc weir_xml_record(weir_ctx *, weir_xml_reader *, const char *p, int64_t n, int64_t at);
int64_t weir_xml_rows(const weir_xml_reader *);
weir_rc weir_xml_take(weir_ctx *, weir_xml_reader *, weir_batch *out);

/* The schema of texts as given to weir_xml_begin or, with !multi_line, weir_xml_record. */
typedef struct weir_xml_infer weir_xml_infer;
weir_xml_infer *weir_xml_infer_new(weir_arena *, const weir_xml_options *);
weir_rc weir_xml_infer_text(weir_ctx *, weir_xml_infer *, const char *p, int64_t n);
weir_schema *weir_xml_infer_done(weir_arena *, weir_xml_infer *);
#endif
