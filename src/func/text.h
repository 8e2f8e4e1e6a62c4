/* Drivers of string kernels and UTF-8 helpers. */
#ifndef WEIR_FUNC_TEXT_H
#define WEIR_FUNC_TEXT_H
#include "func/loop.h"

/* One row (not null): a piece of an argument or of static text. */
typedef weir_bytes weir_slice_fn(const weir_call *, int64_t row);
/* One row: appends to s (empty); *null makes the row null. */
typedef weir_rc weir_text_fn(weir_ctx *, const weir_call *, int64_t row, weir_str *s, bool *null);
weir_rc weir_slice_each(weir_ctx *, weir_call *, weir_slice_fn *);
weir_rc weir_text_each(weir_ctx *, weir_call *, weir_text_fn *);

static inline int weir_utf8_step(unsigned char c) {
    return c < 0xc2 || c > 0xf4 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
} /* SPARK UTF8String.numBytesForFirstByte, for bytes that are no UTF-8, too */
/* Bytes of the first character of b, which is not empty; a cut one ends with b. */
static inline int32_t weir_utf8_first(weir_bytes b) {
    int32_t n = weir_utf8_step((unsigned char)*b.p);
    return n < b.len ? n : b.len;
}
int32_t weir_utf8_count(weir_bytes);
/* Byte offset of character n (the length when there are fewer). */
int32_t weir_utf8_at(weir_bytes, int64_t n);
bool weir_utf8_ascii(weir_bytes);
/* By characters; of well-formed text. */
weir_rc weir_levenshtein(weir_ctx *, weir_bytes, weir_bytes, int32_t *out);
int64_t weir_find_bytes(weir_bytes text, weir_bytes what, int64_t from); /* -1 none */
void weir_base64(weir_str *out, weir_bytes);
void weir_upper(weir_bytes, weir_str *out); /* full Unicode mapping, root locale */
void weir_lower(weir_bytes, weir_str *out);
/* java.lang.Character.isJavaIdentifierStart, isJavaIdentifierPart; by ICU beyond Latin-1. */
bool weir_java_id(uint32_t c, bool start);
/* SPARK substringSQL: pos from 1, 0 or negative from the end. */
weir_bytes weir_substring(weir_bytes, int64_t pos, int64_t len);
#endif
