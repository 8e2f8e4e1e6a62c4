/* UTF-8, and what Java makes of bytes that are none: its decoder puts one U+FFFD for each piece
 * that cannot be a character. SPARK UTF8String.toString, InputStreamReader, Hadoop's Text. Pure
 * functions, any thread. */
#ifndef WEIR_BASE_UTF8_H
#define WEIR_BASE_UTF8_H
#include "base/buf.h"

#define WEIR_UTF8_BAD "\xEF\xBF\xBD" /* U+FFFD */

bool weir_utf8_valid(const char *p, size_t n);
/* Bytes of the character at p (1..4), or, negative, of the piece there that becomes one U+FFFD.
 * p < end. */
int weir_utf8_next(const char *p, const char *end);
/* The character at p, U+FFFD for a piece that is none, and its bytes. */
int weir_utf8_code(const char *p, const char *end, uint32_t *out);
/* Appends the text, bad pieces as U+FFFD. */
void weir_utf8_add(weir_str *out, const char *p, size_t n);
/* SPARK UTF8String.makeValid: as Unicode recommends, which gives a surrogate three of them. */
void weir_utf8_make_valid(weir_str *out, const char *p, size_t n);
/* UTF-16 (unit 2) or UTF-32 (unit 4) becomes UTF-8; halves of pairs U+FFFD. False: UTF-32 that is
 * none. */
bool weir_utf8_add_wide(weir_str *out, const char *p, size_t n, int unit, bool little);
/* A NUL-terminated copy, bad pieces as U+FFFD. */
char *weir_utf8_dup(weir_arena *, const char *p, size_t n);
/* The order of java.lang.String.compareTo: by UTF-16, where what is beyond the BMP comes before
 * U+E000. Texts are valid. */
int weir_utf8_compare16(const char *a, size_t an, const char *b, size_t bn);
/* The code point at *p, which is moved behind it; a byte that begins none stands for itself. */
uint32_t weir_utf8_get(const char **p);
/* Writes a code point up to U+10FFFF (surrogates, too), returns its bytes. */
size_t weir_utf8_put(char out[4], uint32_t c);
/* Surrogates as weir_utf8_put writes them, in place: pairs become one character, and halves '?', as
 * Java writes its strings; *halves (may be NULL) is set when there were some. Returns the new
 * length. */
size_t weir_utf8_join(char *p, size_t n, bool *halves);
/* Half of a pair that begins at p as three bytes; 0: none. */
uint32_t weir_utf8_half(const char *p, const char *end);
#endif
