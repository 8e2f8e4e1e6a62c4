/* What json_read.c, json_alike.c and json_records.c share. Inside codec/ only. */
#ifndef WEIR_CODEC_JSON_INNER_H
#define WEIR_CODEC_JSON_INNER_H
#include "codec/json_convert.h"
#include "codec/json_scan.h"

enum { WEIR_JNAMES = 64 };

typedef struct weir_jslot { /* a member of the last record, in its order */
    weir_bytes quoted;      /* its key as it was written: "name": */
    uint64_t head, mask;    /* the key's first eight bytes, and which of them count */
    int col;                /* -1: not in the schema */
} weir_jslot;

struct weir_json_reader {
    weir_schema *schema;
    weir_json_options *o;
    weir_build *col;
    int corrupt, rescue; /* columns, or -1 */
    weir_jslot *order;   /* the next record's keys are the same, mostly */
    int norder, corder;
    weir_bytes *quoted; /* each column's name as records write it: "name": */
    weir_bytes name[WEIR_JNAMES];
    int nname;           /* keys that are not in the schema, quoted */
    int64_t rows, *seen; /* seen[c] = row in which column c was last set, + 1 */
    weir_jscan s;
    weir_arena *mem;
    bool quick; /* the options leave strict JSON as it is */
    /* json_alike.c */
    bool alike;       /* the options leave the choice */
    int misses, rest; /* calls in vain; calls to be left out */
    char day[11];     /* the date before the last timestamp's time, with its T */
    int64_t day_us;
    /* json_records.c */
    weir_jconv x;
    bool *unnamed; /* columns that no member goes to */
    weir_str rescued, decoded;
    bool one; /* from_json: an array is no record */
};

static inline bool weir_json_wanted(const weir_json_reader *r, int c) {
    return c >= 0 && (!r->o->need || r->o->need[c]);
}
/* The members of the strict object at s->p into the columns; false: not one, or not one whose
 * values all fit: columns may have one more row. */
bool weir_json_quick_object(weir_json_reader *);
/* One value at s->p into b; false: not one that is simply good, b may have one more row. */
bool weir_json_value_into(weir_jscan *, weir_build *b);
bool weir_json_text_into(const weir_jscan *, weir_jtext, weir_build *b);
/* A plain number into a column of numbers; false: s->p has not moved, b has not changed. */
bool weir_json_number_into(weir_jscan *, weir_build *b);
void weir_json_row_end(weir_json_reader *); /* columns without a value are null */
void weir_json_row_undo(weir_json_reader *);
#endif
