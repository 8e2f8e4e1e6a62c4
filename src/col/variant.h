/* A row of a VARIANT column: four bytes with the length of its value (native order), the value,
 * its metadata. SPARK VariantVal, UnsafeRow. What is in a column is whole: whoever takes bytes from
 * outside asks weir_variant_check (func/variant.h) before. */
#ifndef WEIR_COL_VARIANT_H
#define WEIR_COL_VARIANT_H
#include "col/build.h"

typedef struct weir_variant {
    const uint8_t *value, *meta;
    uint32_t nvalue, nmeta;
} weir_variant;

enum { WEIR_VARIANT_HEAD = 4 };

static inline weir_variant weir_get_variant(const weir_column *c, int64_t i) {
    weir_bytes b = weir_get_bytes(c, i);
    uint32_t n;
    memcpy(&n, b.p, WEIR_VARIANT_HEAD);
    const uint8_t *p = (const uint8_t *)b.p + WEIR_VARIANT_HEAD;
    return (weir_variant){p, p + n, n, (uint32_t)b.len - WEIR_VARIANT_HEAD - n};
}
#endif
