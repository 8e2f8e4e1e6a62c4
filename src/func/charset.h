/* The charsets that Spark knows, to UTF-8 and from it. SPARK CharsetProvider; malformed input and
 * characters that a charset has not as Java's coders treat them. Pure; any thread. */
#ifndef WEIR_FUNC_CHARSET_H
#define WEIR_FUNC_CHARSET_H
#include "base/buf.h"
#include "base/ctx.h"

typedef enum {
    WEIR_CHARSET_UTF8,
    WEIR_CHARSET_ASCII,
    WEIR_CHARSET_LATIN1,
    WEIR_CHARSET_UTF16BE,
    WEIR_CHARSET_UTF16LE,
    WEIR_CHARSET_UTF16,
    WEIR_CHARSET_UTF32,
    WEIR_NCHARSET
} weir_charset;
const char *weir_charset_name(weir_charset); /* "UTF-16LE" */
/* By name in any case. False: Spark has no such. */
bool weir_charset_find(const char *name, size_t len, weir_charset *out);
/* By an option's value (NULL: UTF-8); fn: whose, for the error. */
weir_rc weir_charset_option(weir_ctx *, const char *v, const char *fn, weir_charset *out);
/* Appends UTF-8. False: something is malformed; U+FFFD stands for it. */
bool weir_charset_decode(weir_charset, const char *p, size_t n, weir_str *out);
/* Appends what UTF-8 text is in the charset. mark: a text begins, UTF-16 marks its byte order.
 * False: it has a character that the charset has not; ? stands for it. */
bool weir_charset_encode(weir_charset, const char *p, size_t n, bool mark, weir_str *out);
#endif
