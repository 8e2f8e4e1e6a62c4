/* VARIANT values in Spark's binary form: reading, text, building. FORMAT: Parquet
 * VariantEncoding.md. SPARK common/variant (VariantUtil, Variant, VariantBuilder). Bytes may be
 * hostile: every read is checked against their ends, nothing recurses, and what repeats itself
 * through shared offsets is malformed. Pure functions; any thread. */
#ifndef WEIR_FUNC_VARIANT_H
#define WEIR_FUNC_VARIANT_H
#include "col/variant.h"
#include "func/datetime.h"

enum { WEIR_VARIANT_LIMIT = 128 << 20 }; /* bytes of a value, and of metadata. SPARK SIZE_LIMIT */

typedef enum {
    WEIR_V_NULL,
    WEIR_V_BOOLEAN,
    WEIR_V_LONG,
    WEIR_V_DOUBLE,
    WEIR_V_DECIMAL,
    WEIR_V_DATE,
    WEIR_V_TIMESTAMP,
    WEIR_V_TIMESTAMP_NTZ,
    WEIR_V_FLOAT,
    WEIR_V_BINARY,
    WEIR_V_STRING,
    WEIR_V_UUID,
    WEIR_V_OBJECT,
    WEIR_V_ARRAY
} weir_vkind;

typedef struct weir_vnode { /* one value inside of a variant */
    weir_vkind kind;
    uint32_t at, size; /* its first byte, and how many it has */
    int64_t i;         /* BOOLEAN, LONG, DATE (days), TIMESTAMP, TIMESTAMP_NTZ (micros) */
    double d;          /* DOUBLE, FLOAT */
    weir_i128 dec;     /* DECIMAL: unscaled, without zeros at its end */
    int32_t scale;
    weir_bytes bytes; /* STRING, BINARY, UUID */
    /* OBJECT, ARRAY: how many members; where their ids, offsets and bytes begin; widths */
    uint32_t count, ids, offsets, data;
    uint8_t id_width, offset_width;
} weir_vnode;

typedef struct weir_vfault { /* why reading failed */
    int unknown; /* the id of a primitive type that there is not; -1: malformed */
} weir_vfault;

bool weir_variant_node(const weir_variant *, uint32_t at, weir_vnode *out, weir_vfault *);
/* Member i of an object or array; key (of objects) may be NULL. */
bool weir_variant_member(const weir_variant *, const weir_vnode *, uint32_t i, uint32_t *at,
                         weir_bytes *key);
/* A member of an object by its name. *found false: there is none. False: malformed. */
bool weir_variant_field(const weir_variant *, const weir_vnode *, weir_bytes name, bool *found,
                        uint32_t *at);
/* Are these bytes a variant, through and through? */
bool weir_variant_check(const weir_variant *, weir_vfault *);
/* MALFORMED_VARIANT or UNKNOWN_PRIMITIVE_TYPE_IN_VARIANT. */
weir_rc weir_variant_bad(weir_ctx *, const weir_vfault *);
/* Appends the JSON text of the value at `at`. SPARK Variant.toJson */
bool weir_variant_json(const weir_variant *, uint32_t at, const weir_zone *, weir_str *out,
                       weir_vfault *);

/* ---- building ---- */

typedef struct weir_vbuild weir_vbuild;
weir_vbuild *weir_vbuild_new(void);
void weir_vbuild_free(weir_vbuild *); /* NULL is allowed */
void weir_vbuild_clear(weir_vbuild *);
void weir_vbuild_null(weir_vbuild *);
void weir_vbuild_bool(weir_vbuild *, bool);
void weir_vbuild_long(weir_vbuild *, int64_t); /* as narrow as it fits */
void weir_vbuild_double(weir_vbuild *, double);
void weir_vbuild_float(weir_vbuild *, float);
void weir_vbuild_decimal(weir_vbuild *, weir_i128 unscaled, int scale); /* of up to 38 digits */
void weir_vbuild_date(weir_vbuild *, int32_t days);
void weir_vbuild_timestamp(weir_vbuild *, int64_t us, bool ntz);
void weir_vbuild_string(weir_vbuild *, const char *p, size_t n);
void weir_vbuild_binary(weir_vbuild *, const void *p, size_t n);
/* The bytes of a scalar as another variant has them. */
void weir_vbuild_raw(weir_vbuild *, const uint8_t *p, size_t n);
void weir_vbuild_open(weir_vbuild *, bool array);
void weir_vbuild_key(weir_vbuild *, const char *p, size_t n); /* of the next value */
/* Ends what was opened last. False: a key of the object stands in it twice. */
bool weir_vbuild_close(weir_vbuild *);
const char *weir_vbuild_twice(weir_arena *, const weir_vbuild *); /* that key, of the last close */
/* The value at `at` of another variant, with its keys. */
bool weir_vbuild_copy(weir_vbuild *, const weir_variant *, uint32_t at, weir_vfault *);
/* One row of b. False: larger than WEIR_VARIANT_LIMIT; nothing is appended. */
bool weir_vbuild_take(weir_vbuild *, weir_build *b);
#endif
