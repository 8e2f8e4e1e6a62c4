/* Merging schemas. See schema_merge.h. */
#include "source/schema_merge.h"

#include <ctype.h>

typedef struct merging {
    weir_ctx *ctx;
    bool exact; /* names: spark.sql.caseSensitive */
} merging;

static const weir_type *merge_types(const merging *m, const weir_type *a, const weir_type *b);

/* NULL where types differ. */
static const weir_type *merge_fields(const merging *m, const weir_type *a, const weir_type *b) {
    weir_field *f = WEIR_NEWN(m->ctx->arena, weir_field, a->nfield + b->nfield + 1);
    int n = a->nfield;
    for (int i = 0; i < a->nfield; i++) {
        int k = weir_schema_find(b, a->field[i].name, m->exact);
        f[i] = a->field[i];
        if (k < 0) continue;
        f[i].type = merge_types(m, a->field[i].type, b->field[k].type);
        f[i].nullable = a->field[i].nullable || b->field[k].nullable;
        if (!f[i].type) return NULL;
    }
    for (int i = 0; i < b->nfield; i++)
        if (weir_schema_find(a, b->field[i].name, m->exact) == -1) f[n++] = b->field[i];
    return weir_type_struct(m->ctx->arena, f, n);
}

static const weir_type *merge_parts(const merging *m, const weir_type *a, const weir_type *b) {
    const weir_type *part[2] = {NULL, NULL};
    bool nullable = false;
    for (int i = 0; i < a->nfield; i++) {
        part[i] = merge_types(m, a->field[i].type, b->field[i].type);
        nullable = a->field[i].nullable || b->field[i].nullable;
        if (!part[i]) return NULL;
    }
    return a->kind == WEIR_T_ARRAY ? weir_type_array(m->ctx->arena, part[0], nullable)
                                   : weir_type_map(m->ctx->arena, part[0], part[1], nullable);
}

static const weir_type *merge_types(const merging *m, const weir_type *a, const weir_type *b) {
    if (a->kind != b->kind) return NULL;
    switch (a->kind) {
    case WEIR_T_STRUCT: return merge_fields(m, a, b);
    case WEIR_T_ARRAY:
    case WEIR_T_MAP: return merge_parts(m, a, b);
    case WEIR_T_DECIMAL:
        if (a->scale != b->scale) return NULL;
        return a->precision >= b->precision ? a : b;
    case WEIR_T_INTERVAL_YM:
    case WEIR_T_INTERVAL_DT: {
        weir_type *t = weir_memdup(m->ctx->arena, a, sizeof *t);
        if (b->precision < t->precision) t->precision = b->precision;
        if (b->scale > t->scale) t->scale = b->scale;
        return t;
    }
    default: return weir_type_same(a, b) ? a : NULL;
    }
}

weir_rc weir_schema_merge(weir_ctx *ctx, weir_schema *a, weir_schema *b, weir_schema **out) {
    const merging m = {ctx, weir_names_exact(ctx)};
    *out = merge_fields(&m, a, b);
    if (*out) return WEIR_OK;
    return weir_fail(ctx, WEIR_E_CANNOT_MERGE_SCHEMAS, "left",
                     weir_printf(ctx->arena, "\"%s\"", weir_type_sql(ctx->arena, a)), "right",
                     weir_printf(ctx->arena, "\"%s\"", weir_type_sql(ctx->arena, b)));
}
