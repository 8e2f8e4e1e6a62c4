/* Casts of VARIANT to and from other types. SPARK VariantGet.cast,
 * VariantExpressionEvalUtils.castToVariant */
#ifndef WEIR_FUNC_VARIANT_CAST_H
#define WEIR_FUNC_VARIANT_CAST_H
#include "func/variant.h"

/* Is there a cast of VARIANT to t? Of t to VARIANT: structs and maps only where objects are. */
bool weir_variant_castable(const weir_type *t, bool objects);

typedef struct weir_vref { /* a value inside of a row */
    weir_variant v;
    uint32_t at;
    bool null; /* there is none */
} weir_vref;

/* n values to the type. raise: what cannot be cast fails (INVALID_VARIANT_CAST), else is null. */
weir_rc weir_variant_cast(weir_ctx *, const weir_vref *, int64_t n, const weir_type *to, bool raise,
                          const weir_zone *, weir_column *out);
/* Row i, not null, of any castable type. */
weir_rc weir_vbuild_row(weir_ctx *, weir_vbuild *, const weir_column *, int64_t i);
/* Each row of c, which may be null, as a VARIANT; name: of the function, for its failure. */
weir_rc weir_variant_from(weir_ctx *, const weir_column *c, const char *name, weir_column *out);
/* VARIANT_SIZE_LIMIT */
weir_rc weir_variant_too_large(weir_ctx *, const char *name);
#endif
