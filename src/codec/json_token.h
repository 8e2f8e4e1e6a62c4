/* JSON as the parser of Spark sees it: a stream of tokens that can go on after an error, from where
 * that left it. What a broken record becomes depends on it, so errors stop where Jackson's do.
 * JACKSON 2.21 UTF8StreamJsonParser (bytes) and ReaderBasedJsonParser (chars), each after the
 * features that Spark sets. One task. */
#ifndef WEIR_CODEC_JSON_TOKEN_H
#define WEIR_CODEC_JSON_TOKEN_H
#include "codec/json_read.h"

typedef enum {
    WEIR_JT_NONE, /* before the first, and after the last */
    WEIR_JT_NAME,
    WEIR_JT_OBJECT,
    WEIR_JT_OBJECT_END,
    WEIR_JT_ARRAY,
    WEIR_JT_ARRAY_END,
    WEIR_JT_STRING,
    WEIR_JT_INTEGER,
    WEIR_JT_FRACTION, /* a number with a point or an exponent, or NaN and its like */
    WEIR_JT_TRUE,
    WEIR_JT_FALSE,
    WEIR_JT_NULL
} weir_jtoken;

typedef struct weir_jlevel { /* the document, or an array or object that is open */
    bool array;
    bool halved;             /* see weir_jt_halved */
    int32_t index, name_len; /* values so far, less one; -1: no name yet */
    size_t name_at;          /* in weir_jtok.names */
} weir_jlevel;

typedef struct weir_jtok {
    const weir_json_options *o;
    const char *text, *p, *end; /* p: where reading goes on */
    bool chars; /* the text went through a decoder, and is UTF-8; else bytes are looked at */
    bool half;  /* chars: the first half of the character at p has been taken */
    weir_jtoken now, next; /* next: what follows a name */
    bool unread;           /* now is a string that p is still inside of */
    bool broken;           /* weir_jt_next or weir_jt_text has failed */
    const char *at;        /* where now began */
    weir_jlevel *level;
    int depth, clevel;
    weir_str names, buf, buf2;
    bool surrogates, halved; /* buf held some; some alone */
    bool apart;              /* they stay as they are, each of three bytes */
    /* of a string that has been read, or of a number without the zeros before it */
    const char *body;
    size_t nbody;
    int32_t digits; /* of an integer */
    bool minus;
    double special; /* NaN and its like: 0 none */
    bool is_special;
} weir_jtok;

/* mem NULL: weir_jt_free frees it. */
void weir_jt_init(weir_jtok *, weir_arena *mem, const weir_json_options *, bool chars);
void weir_jt_free(weir_jtok *);
void weir_jt_start(weir_jtok *, const char *p, size_t n);
/* At a record: bytes of a file, or the text of a value (options: chars). decoded is memory for what
 * must be decoded before. *wide: it was UTF-16 or UTF-32. False: it is no text. */
bool weir_jt_start_record(weir_jtok *, weir_str *decoded, const char *p, int64_t n, bool *wide);
/* The next token into now. False where Jackson throws; then now is as before, unless it is the name
 * whose value failed. */
bool weir_jt_next(weir_jtok *);
/* now is a string: reads it into body. False where Jackson throws. */
bool weir_jt_text(weir_jtok *);
/* now is an integer that is a long. */
bool weir_jt_long(const weir_jtok *, int64_t *out);
/* Steps to the end of the array or object that begins with now; others are no children. */
bool weir_jt_skip(weir_jtok *);
/* The name of the member that now belongs to; false: none. Lives until the next token. */
bool weir_jt_name(const weir_jtok *, weir_bytes *name);
/* That name holds half of a surrogate pair: no field has such a name. */
bool weir_jt_halved(const weir_jtok *);
/* Appends the value that begins with now as Jackson's generator writes it again. surrogates: what
 * is beyond the BMP is escaped, halves of pairs too; else they fail. */
bool weir_jt_copy(weir_jtok *, weir_str *out, bool surrogates);
/* now is a string: its base64, read as it stands. */
bool weir_jt_base64(weir_jtok *, weir_str *out);

/* Inside codec/json_token.c and json_chars.c only. */
int weir_jt_peek(const weir_jtok *); /* -1: the end */
int weir_jt_take(weir_jtok *);
bool weir_jt_rest(weir_jtok *, char quote, bool keep); /* of a string */
bool weir_jt_member_name(weir_jtok *, int first);      /* into body */
bool weir_jt_escape(weir_jtok *, int *unit);           /* after a backslash */
bool weir_jt_multi(weir_jtok *, int first); /* the bytes after the first of a character */
bool weir_jt_odd_char(weir_jtok *, int first, int *c);
bool weir_jt_comment(weir_jtok *);
void weir_jt_after_cr(weir_jtok *);
#endif
