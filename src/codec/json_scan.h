/* Scanning JSON text: shared by the reader and inference. Inside codec/ only. */
#ifndef WEIR_CODEC_JSON_SCAN_H
#define WEIR_CODEC_JSON_SCAN_H
#include "codec/json_read.h"
#include "expr/fn.h"

/* Where in nested objects the reader stands, so that a rescued member is written below its parents.
 */
typedef struct weir_jframe {
    struct weir_jframe *up;
    const char *key;
    int32_t nkey;
    bool open;
} weir_jframe;

typedef struct weir_jscan {
    const char *p, *end;
    const weir_json_options *o;
    int depth;
    char *buf; /* decoded strings */
    size_t cbuf;
    /* reading with rescue or watch; otherwise NULL or false */
    weir_str *rescued;
    weir_arena *mem;
    weir_jframe *frame;
    bool in_list, watch;
    const char *unknown; /* first key without a column */
} weir_jscan;

typedef struct weir_jtext {
    const char *p;
    int32_t n;
    bool ok;
} weir_jtext;

static inline void weir_js_blank(weir_jscan *s) {
    while (s->p < s->end && (*s->p == ' ' || *s->p == '\t' || *s->p == '\n' || *s->p == '\r'))
        s->p++;
}
void weir_js_space_slow(weir_jscan *);
/* Blanks and, when allowed, comments. */
static inline void weir_js_space(weir_jscan *s) {
    if (s->p < s->end && (unsigned char)*s->p > ' ' && *s->p != '/') return;
    weir_js_space_slow(s);
}
/* A quoted string at s->p; the text is in the input when it has no escapes, else in s->buf until
 * the next call. */
weir_jtext weir_js_string(weir_jscan *);
weir_jtext weir_js_key(weir_jscan *); /* quoted, or bare when allowed */
/* The extent of a number or word (true, null, NaN). Empty: none here. */
weir_jtext weir_js_word(weir_jscan *);
bool weir_js_is_number(const weir_jscan *, weir_jtext, bool *integer);
/* Steps over a value; its text is from the old s->p. */
bool weir_js_skip(weir_jscan *);
/* A value's text without blanks outside of strings, as Spark writes it again. */
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
/* The options of a call: its argument at, a constant map (none when there is no such argument). */
weir_rc weir_json_call_options(weir_ctx *, const weir_expr *call, int at, weir_json_options **out);
#endif
