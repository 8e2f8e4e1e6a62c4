/* Rows as XML. SPARK StaxXmlGenerator, and what its Woodstox writer escapes and refuses. A writer
 * belongs to one file and task. */
#ifndef WEIR_CODEC_XML_WRITE_H
#define WEIR_CODEC_XML_WRITE_H
#include "codec/json_write.h"

typedef struct weir_xml_tags { /* options of reading and writing */
    const char *row, *root, *declaration, *element, *attribute_prefix, *value_tag;
    const char *null_value; /* NULL: nulls are left out */
    const char *indent;     /* "": a row a line */
    bool validate_names;
} weir_xml_tags;
weir_rc weir_xml_tags_read(weir_ctx *, const char *(*get)(void *u, const char *key), void *u,
                           weir_xml_tags *out); /* strings live in ctx->arena, or are get's */

bool weir_xml_is_attribute(const weir_xml_tags *, const char *column);
/* Is it the name of an element or attribute? */
bool weir_xml_is_name(const char *name);

typedef struct weir_xml_writer {
    weir_xml_tags tags;
    weir_json_write values; /* how times are written */
    weir_str *out;          /* where to append */
    const char *bad;        /* set by a row: a sentence why it cannot be written; in mem */
    weir_arena *mem;
    weir_str cell;
    int depth;
    bool open_tag;      /* a start tag lacks its > */
    bool break_before;  /* the end tag of this element begins a line */
} weir_xml_writer;
weir_rc weir_xml_writer_init(weir_ctx *, const char *(*get)(void *u, const char *key), void *u,
                             weir_str *out, weir_xml_writer *); /* ctx->arena must outlive it */
void weir_xml_write_head(weir_xml_writer *); /* before the first row */
void weir_xml_write_row(weir_xml_writer *, const weir_batch *, int64_t row);
void weir_xml_write_tail(weir_xml_writer *);
#endif
