/* Strict JSON text, quickly: what is not strict is refused here, and for json_token.c. Inside
 * codec/ only. */
#ifndef WEIR_CODEC_JSON_SCAN_H
#define WEIR_CODEC_JSON_SCAN_H
#include "codec/json_read.h"

enum { WEIR_JS_DEPTH = 256 };

typedef struct weir_jscan {
    const char *p, *end;
    const weir_json_options *o;
    int depth;
    bool exact;        /* what is read as STRING, but is none, keeps its spelling */
    bool strict_names; /* an unknown name is refused */
    char *buf;         /* decoded strings */
    size_t cbuf;
} weir_jscan;

typedef struct weir_jtext {
    const char *p;
    int32_t n;
    bool ok;
} weir_jtext;

static inline void weir_js_space(weir_jscan *s) {
    while (s->p < s->end && (*s->p == ' ' || *s->p == '\t' || *s->p == '\n' || *s->p == '\r'))
        s->p++;
}
/* A quoted string at s->p; the text is in the input when it has no escapes, else in s->buf until
 * the next call. */
weir_jtext weir_js_string(weir_jscan *);
weir_jtext weir_js_key(weir_jscan *);
/* The extent of a number or word (true, null). Not ok: none here. */
weir_jtext weir_js_word(weir_jscan *);
bool weir_js_is_number(weir_jtext, bool *integer);
/* Steps over a value; its text is from the old s->p. */
bool weir_js_skip(weir_jscan *);
/* A value's text without blanks outside of strings. */
void weir_js_compact(const char *p, const char *end, weir_str *out);
void weir_js_free(weir_jscan *);

/* A number in its plain form, in one pass: at most 18 digits, no exponent. */
typedef struct weir_jnumber {
    uint64_t digits;
    int frac; /* of them, after the point */
    bool minus, integer;
} weir_jnumber;
/* False: not plain; s->p has not moved and the general way decides. */
bool weir_js_number(weir_jscan *, weir_jnumber *out);
#endif
