/* The Arrow C data interface: the only way columns pass to and from Arrow C++ (and, through
 * codec/arrow_ipc.h, PySpark). */
#ifndef WEIR_COL_ARROW_C_H
#define WEIR_COL_ARROW_C_H
#include "col/column.h"

#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE
#define ARROW_FLAG_NULLABLE 2
struct ArrowSchema {
    const char *format, *name, *metadata;
    int64_t flags, n_children;
    struct ArrowSchema **children, *dictionary;
    void (*release)(struct ArrowSchema *);
    void *private_data;
};
struct ArrowArray {
    int64_t length, null_count, offset, n_buffers, n_children;
    const void **buffers;
    struct ArrowArray **children, *dictionary;
    void (*release)(struct ArrowArray *);
    void *private_data;
};
#endif

/* TIMESTAMP exports as timestamp[us, tz=UTC] (or tz), TIMESTAMP_NTZ without zone; VOID as null. */
weir_rc weir_schema_export(weir_ctx *, weir_schema *, const char *tz, struct ArrowSchema *out);
/* Shares buffers (references kept until out->release); copies only booleans, CONST and sliced
 * offsets. */
weir_rc weir_batch_export(weir_ctx *, const weir_batch *, struct ArrowArray *out);
/* Types: also large_utf8, large_list, int/uint kinds that fit, timestamps of any unit,
 * decimal128/256 that fit, dictionary (decoded), date64. Others: UNSUPPORTED_DATATYPE naming the
 * field. */
weir_rc weir_type_import(weir_ctx *, const struct ArrowSchema *,
                         const weir_type **out); /* of one field */
weir_rc weir_schema_import(weir_ctx *, const struct ArrowSchema *, weir_schema **out);
/* Moves *take (its release is nulled). Row count and field count are checked against the schema. */
weir_rc weir_batch_import(weir_ctx *, weir_schema *, const struct ArrowSchema *,
                          struct ArrowArray *take, weir_batch *out);
#endif
