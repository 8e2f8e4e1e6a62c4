/* Values of a token stream into builders, as Spark converts them: which part of a record that does
 * not fit its schema is null, and which is kept. SPARK JacksonParser. One task; inside codec/. */
#ifndef WEIR_CODEC_JSON_CONVERT_H
#define WEIR_CODEC_JSON_CONVERT_H
#include "codec/json_token.h"
#include "func/variant.h"

/* PARTLY: the value is there, but something in it is null that should not be (SPARK
 * PartialValueException). FAILED: nothing was appended (SPARK: an exception); the tokens stand
 * wherever that left them. */
typedef enum { WEIR_JC_GOOD, WEIR_JC_PARTLY, WEIR_JC_FAILED } weir_jc_outcome;

typedef struct weir_jc_cause { /* why, for FAILFAST */
    const weir_type *type;     /* NULL: no more is known than the record */
    const char *name, *text;   /* of a string that is no number: its member, or NULL, and itself */
} weir_jc_cause;

/* Where in nested objects the reader stands, so that a rescued member is written below its parents.
 */
typedef struct weir_jc_frame {
    struct weir_jc_frame *up;
    int depth; /* of its object */
    bool open;
} weir_jc_frame;

typedef struct weir_jconv {
    weir_jtok l;
    const weir_json_options *o;
    weir_ctx *ctx;
    weir_jc_cause cause;
    weir_str text; /* of one value */
    bool exact;    /* what is read as STRING keeps its spelling: bytes of a file */
    bool blind;    /* SPARK: what stands in UTF-16 and is read as STRING, but is none, is empty */
    weir_vbuild *variant; /* NULL: none was read yet */
    weir_str *rescued; /* NULL: what finds no place is a fault */
    weir_jc_frame *frame;
    bool in_list;
} weir_jconv;

void weir_jc_init(weir_jconv *, weir_ctx *, const weir_json_options *, bool chars);
void weir_jc_free(weir_jconv *);
/* now begins a value: one row of b, unless FAILED. */
weir_jc_outcome weir_jc_value(weir_jconv *, weir_build *b);
/* now begins an object: members into kids, one for each field of t, none of them more than row + 1
 * rows after. skip: fields of t that count as unknown (NULL: none). Fields without a member get no
 * row. */
weir_jc_outcome weir_jc_members(weir_jconv *, const weir_type *t, const bool *skip,
                                weir_build *kids, int64_t row, bool root);
weir_jc_outcome weir_jc_fail(weir_jconv *);
/* now begins a value: into b, cleared before. False where Jackson throws, and for a key that stands
 * in an object twice. SPARK VariantBuilder.parseJson */
bool weir_jt_variant(weir_jtok *, weir_vbuild *b);
#endif
