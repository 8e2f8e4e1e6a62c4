/* Splitting CSV text into fields as univocity-parsers 2.9.1 splits it, which Spark reads with: for
 * the reader and for inference. Inside codec/ only. Text is valid UTF-8. A scanner belongs to one
 * task. */
#ifndef WEIR_CODEC_CSV_SCAN_H
#define WEIR_CODEC_CSV_SCAN_H
#include "codec/csv_read.h"

typedef struct weir_csv_field {
    const char *p;
    int32_t n;
    bool null; /* nothing is there, or the text of the option nullValue */
} weir_csv_field;

typedef enum {
    WEIR_CSV_ROW,
    WEIR_CSV_NOTHING,     /* no (further) row */
    WEIR_CSV_TOO_MUCH,    /* maxColumns, maxCharsPerColumn, or text that univocity breaks on */
    WEIR_CSV_STRAY_QUOTE, /* unescapedQuoteHandling RAISE_ERROR: a quote inside a value, ... */
    WEIR_CSV_STRAY_TEXT   /* ... text behind a quoted value */
} weir_csv_found;

typedef struct weir_csv_row {
    weir_csv_field *field;
    int64_t n;
    struct weir_csv_row *next;
} weir_csv_row;

typedef struct weir_csv_piece { /* the value that is being put together */
    const char *p;
    size_t n;
    int64_t units; /* UTF-16 units in it; counted for maxCharsPerColumn only */
    bool own;      /* p is the end of scan.text, else in the input */
} weir_csv_piece;

typedef struct weir_csv_scan {
    const weir_csv_options *o;
    weir_arena *mem, *row_mem; /* row_mem: pending rows */
    weir_csv_row row;          /* out: valid until the next call */
    /* the input: its start, its end, what comes next, where the record and ch began */
    const char *from, *end, *p, *record, *at;
    uint32_t quote, escape, escape2, delim, newline, end1, end2, comment;
    const uint32_t *sep; /* a delimiter of several characters; delim is 0 then, as univocity's */
    int nsep;
    bool wide;     /* a special character is not ASCII: characters are decoded, else bytes taken */
    bool raw_ends; /* inside of quotes: the ends of lines are not made one character */
    bool tiny;     /* a whole text of at most four characters, see weir_csv_next */
    bool begun, stopped, picking; /* picking: pick holds, which it does after the first row */
    weir_csv_found bad;
    /* state of the parser, named as in univocity */
    uint32_t ch, prev;
    int match;
    bool unescaped, trim;
    /* the record's values so far */
    weir_csv_field *field, *picked;
    int64_t column, cap;
    weir_csv_piece v;
    char *text;
    size_t text_used, text_cap;
    weir_str blanks;
    bool off;        /* the value is of a column that nobody asks for */
    const int *pick; /* the columns that are asked for; npick < 0: all there are */
    int npick, nlive;
    bool *live; /* by column, up to nlive */
    char *held; /* univocity's buffer, where a part of the line before may be left: see hold */
    int64_t held_cap, held_len, held_units;
    weir_csv_row *pending, **pending_end;
} weir_csv_scan;

void weir_csv_scan_init(weir_csv_scan *, const weir_csv_options *, weir_arena *, const int *pick,
                        int npick);
void weir_csv_scan_reset(weir_csv_scan *); /* a new file: SPARK has a parser for each */
/* The row of a line, whose text must outlive the row. SPARK CsvParser.parseLine */
weir_csv_found weir_csv_scan_line(weir_csv_scan *, const char *p, int64_t n);
/* The rows of a whole text, one by one. SPARK CsvParser.beginParsing, parseNext */
void weir_csv_scan_begin(weir_csv_scan *, const char *p, int64_t n);
weir_csv_found weir_csv_scan_next(weir_csv_scan *);
/* The text that the row is of, without the end of its line. SPARK currentParsedContent */
weir_csv_field weir_csv_scan_record(const weir_csv_scan *);
const char *weir_csv_found_text(weir_csv_found); /* an error's, for messages */

/* A line, or a file, in UTF-8: p and n become it. */
weir_rc weir_csv_utf8(weir_ctx *, weir_charset, weir_str *mem, const char **p, int64_t *n);
bool weir_csv_skips(const weir_csv_options *, const char *p, int64_t n); /* a blank, a comment? */

/* ---- between csv_scan.c and csv_quoted.c. False: the input is over, or ->bad is set; either way
 * the record is at its end ---- */

bool weir_csv_put(weir_csv_scan *, uint32_t ch);
bool weir_csv_put_text(weir_csv_scan *, const char *p, size_t n);
bool weir_csv_put_front(weir_csv_scan *, uint32_t ch);
/* Puts ch and what follows, up to one of three characters: that is ch then. */
bool weir_csv_put_until(weir_csv_scan *, uint32_t a, uint32_t b, uint32_t c);
bool weir_csv_put_to_sep(weir_csv_scan *); /* up to the end of sep, or of the line */
/* Is sep at ch? keep: when only a part of it is, that is put. */
bool weir_csv_match(weir_csv_scan *, bool keep, bool *yes);
bool weir_csv_given(weir_csv_scan *, const char *p, size_t n); /* a value as it stands */
bool weir_csv_row_done(weir_csv_scan *);                       /* false: no values */
bool weir_csv_broken(weir_csv_scan *, weir_csv_found);         /* sets bad; false */
bool weir_csv_quoted(weir_csv_scan *); /* a quoted value, ch being its first quote */

uint32_t weir_csv_decode(weir_csv_scan *, uint32_t lead); /* the character that begins with it */
int weir_csv_unit(const weir_csv_scan *, const char *p, uint32_t *ch); /* its bytes; 0: the end */

/* The next character, with the end of a line made one. */
static inline bool weir_csv_next(weir_csv_scan *s, uint32_t *ch) {
    if (s->p >= s->end) return false;
    s->at = s->p;
    uint32_t c = (unsigned char)*s->p++, after;
    if (s->wide && c >= 0x80) c = weir_csv_decode(s, c);
    /* univocity looks for the end of lines again when so short a text is over, and finds none */
    if (s->tiny && s->p == s->end) s->end1 = '\n', s->end2 = 0;
    if (c == s->end1 && !s->raw_ends) {
        int k = s->end2 ? weir_csv_unit(s, s->p, &after) : 0;
        if (!s->end2 || (k && after == s->end2)) {
            c = s->newline;
            s->p += k;
        }
    }
    *ch = c;
    return true;
}
static inline int64_t weir_csv_value_len(const weir_csv_scan *s) {
    return s->off ? -1 : (int64_t)s->v.n;
}
#endif
