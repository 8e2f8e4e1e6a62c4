/* What the files of the XML codec share. Inside codec/ only. */
#ifndef WEIR_CODEC_XML_INNER_H
#define WEIR_CODEC_XML_INNER_H
#include "codec/xml_read.h"
#include "codec/xml_scan.h"

/* A value of a record before it goes into columns: SPARK assigns, and takes back, in any order.
 * NULL is null. */
typedef struct weir_xml_value weir_xml_value;
struct weir_xml_value {
    union {
        int64_t i; /* integers, times, and 0 or 1 */
        double d;
        weir_i128 dec;
        weir_bytes text;
        struct {
            weir_xml_value **v; /* STRUCT by field; ARRAY; MAP: keys and values in turn */
            int32_t n, cap;
        } list;
    };
};

/* The value of a text as it is, by SPARK convertTo and castTo; false: it is not one of the type.
 * *out points into p, and lives in a. */
bool weir_xml_cast(const weir_xml_options *, weir_arena *a, const weir_type *, const char *p,
                   int64_t n, weir_xml_value **out);
/* String.trim of the text, when the options say so. */
weir_bytes weir_xml_trim(const weir_xml_options *, const char *p, int64_t n);
bool weir_xml_is_null(const weir_xml_options *, weir_bytes);
/* The name of an element or attribute, its prefix gone if the options say so. */
const char *weir_xml_name(const weir_xml_options *, const char *name);
/* Takes events up to, not including, the next start of a record, and returns that; else the end. */
const weir_xml_event *weir_xml_to_row(weir_xml_scan *, const weir_xml_options *);
/* SPARK: a line of a text file, or a value, is decoded before it is parsed: bytes that are no
 * characters are U+FFFD, in a copy of the record's in ctx->arena. */
void weir_xml_decode(weir_ctx *, const weir_xml_options *, const char **p, int64_t *n);
/* The error of a text whose encoding is not known; WEIR_OK if that is not what ended it. */
weir_rc weir_xml_check_encoding(weir_ctx *, const weir_xml_scan *, const char *file);
#endif
