/* The events of an XML text, one after the other: expat behind a pull interface. Spark reads XML
 * with Woodstox, without namespaces and DTDs, comments and processing instructions left out: the
 * events are those. Input may be hostile: elements are nested at most 1000 deep and have at most
 * 1000 attributes, entities other than the five of XML end the text, nothing outside it is opened.
 * A scan belongs to one task. */
#ifndef WEIR_CODEC_XML_SCAN_H
#define WEIR_CODEC_XML_SCAN_H
#include "base/buf.h"

typedef enum {
    WEIR_XML_START,
    WEIR_XML_END,
    WEIR_XML_TEXT,   /* all up to the next tag, comment or instruction */
    WEIR_XML_DONE,   /* the text is over, and was well-formed */
    WEIR_XML_CUT,    /* it is over before its end */
    WEIR_XML_BROKEN, /* it is not well-formed here; weir_xml_why tells */
} weir_xml_kind;

typedef struct weir_xml_attr {
    const char *name, *value;
} weir_xml_attr;
typedef struct weir_xml_event {
    weir_xml_kind kind;
    const char *text; /* the name of a tag; the text */
    int64_t len;      /* of text */
    bool blank;       /* a TEXT of white space only */
    const weir_xml_attr *attr;
    int nattr;
    int64_t at; /* byte offset in the text */
} weir_xml_event;

typedef struct weir_xml_scan weir_xml_scan;
weir_xml_scan *weir_xml_scan_new(weir_arena *); /* lives as long as the arena */
/* Begins a text, which must stay until the next one. It is in what its declaration or byte order
 * mark says; else in encoding, or if that is NULL in UTF-8. */
weir_rc weir_xml_open(weir_ctx *, weir_xml_scan *, const char *p, size_t n, const char *encoding);
/* The next event, which stays the next one. DONE, CUT and BROKEN stay for ever. */
const weir_xml_event *weir_xml_peek(weir_xml_scan *);
/* Takes it. The event is valid until the second call of peek or next after this one that gives an
 * event further on. */
const weir_xml_event *weir_xml_next(weir_xml_scan *);
static inline bool weir_xml_over(const weir_xml_event *e) { return e->kind >= WEIR_XML_DONE; }
/* Why the text is broken or cut: a sentence with line and column. */
const char *weir_xml_why(const weir_xml_scan *);
/* An encoding that is not known here, which the text says it is in; NULL none. */
const char *weir_xml_unknown_encoding(const weir_xml_scan *);
#endif
