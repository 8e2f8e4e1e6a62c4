/* How asked columns are made of an ORC file's: by name in all depths, as Spark and ORC's schema
 * evolution do. One thread. */
#ifndef WEIR_ORC_BIND_H
#define WEIR_ORC_BIND_H
#include "orc/convert.h"

/* NOTHING: null in every row. ITEMS: an ARRAY or a MAP, kids are its items, or its keys and values.
 */
typedef enum { WEIR_ORC_NOTHING, WEIR_ORC_LEAF, WEIR_ORC_FIELDS, WEIR_ORC_ITEMS } weir_orc_form;

typedef struct weir_orc_col {
    weir_orc_form form;
    const weir_type *type;
    const weir_orc_type *from;      /* NULL: the file has none */
    const char *name;               /* "s.list.x", in errors */
    const weir_orc_conversion *how; /* LEAF */
    struct weir_orc_values *values; /* of the column's streams; made by the reader */
    int nkid;
    struct weir_orc_col *kid;
} weir_orc_col;

/* One column for each field of want, which must outlive them. need: which are needed (NULL: all);
 * others are NOTHING. FAILED_READ_FILE naming the column and both types where ORC converts nothing,
 * and for a name that fits several. */
weir_rc weir_orc_bind(const weir_orc_file *, weir_arena *mem, const weir_orc_type *root,
                      weir_schema *want, const bool *need, weir_orc_col **out);
#endif
