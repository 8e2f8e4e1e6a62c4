/* Functions that put lists and maps together: map_concat, arrays_zip, str_to_map; and width_bucket.
 * Called by the evaluator; any thread. SPARK collectionOperations, complexTypeCreator */
#include "func/lists.h"

#include <math.h>

static weir_rc bind_map_concat(weir_ctx *ctx, weir_expr *e) {
    const weir_type *t = NULL;
    if (e->narg == 0) {
        e->type = weir_type_map(ctx->arena, &weir_t_string, &weir_t_string, false);
        return WEIR_OK;
    }
    for (int i = 0; i < e->narg; i++) {
        const weir_type *a = e->arg[i]->type;
        if (a->kind != WEIR_T_MAP)
            return weir_fail(
                ctx, WEIR_E_DATATYPE_MISMATCH_UNEXPECTED_INPUT_TYPE, "sqlExpr",
                weir_printf(ctx->arena, "\"%s\"", weir_expr_sql(ctx->arena, e)), "paramIndex",
                weir_printf(ctx->arena, "%d", i + 1), "requiredType", "\"MAP\"", "inputSql",
                weir_printf(ctx->arena, "\"%s\"", weir_expr_sql(ctx->arena, e->arg[i])),
                "inputType", weir_printf(ctx->arena, "\"%s\"", weir_type_sql(ctx->arena, a)));
        t = t ? weir_common_type(ctx, t, a) : a;
        if (!t)
            return weir_fail(ctx, WEIR_E_UNSUPPORTED_FEATURE, "feature",
                             "map_concat of maps with different types; cast them to one");
    }
    for (int i = 0; i < e->narg; i++) WEIR_TRY(weir_coerce(ctx, e->arg[i], t, &e->arg[i]));
    e->type = t;
    return WEIR_OK;
}

static weir_rc k_map_concat(weir_ctx *ctx, weir_call *c) {
    for (int which = 1; which >= 0; which--) {
        const weir_column **src = WEIR_NEWN(ctx->arena, const weir_column *, c->narg + 1);
        weir_lists l;
        for (int k = 0; k < c->narg; k++) src[k] = weir_elements(ctx, &c->arg[k], which);
        WEIR_TRY(weir_lists_start(ctx, c, &l, src, c->narg));
        for (int64_t i = 0; i < c->len; i++) {
            for (int k = 0; k < c->narg && !weir_call_null(c, i); k++) {
                int64_t first;
                int32_t n = weir_get_list(&c->arg[k], i, &first);
                for (int32_t x = 0; x < n; x++) weir_lists_add(&l, k, first + x);
            }
            weir_lists_close(&l, i);
        }
        WEIR_TRY(weir_lists_finish(ctx, c, &l, which));
    }
    return weir_map_put_keys(ctx, c);
}

/* Fields are named like the arguments where those are columns, else by position. */
static weir_rc bind_zip(weir_ctx *ctx, weir_expr *e) {
    weir_field *f = WEIR_NEWN(ctx->arena, weir_field, e->narg + 1);
    e->nullable = false;
    for (int i = 0; i < e->narg; i++) {
        const weir_expr *a = e->arg[i];
        if (a->type->kind != WEIR_T_ARRAY)
            return weir_fail(
                ctx, WEIR_E_DATATYPE_MISMATCH_UNEXPECTED_INPUT_TYPE, "sqlExpr",
                weir_printf(ctx->arena, "\"%s\"", weir_expr_sql(ctx->arena, e)), "paramIndex",
                weir_printf(ctx->arena, "%d", i + 1), "requiredType", "\"ARRAY\"", "inputSql",
                weir_printf(ctx->arena, "\"%s\"", weir_expr_sql(ctx->arena, a)), "inputType",
                weir_printf(ctx->arena, "\"%s\"", weir_type_sql(ctx->arena, a->type)));
        const char *name = a->kind == WEIR_EX_COL && a->name ? a->name : NULL;
        f[i] = (weir_field){name ? name : weir_printf(ctx->arena, "%d", i), a->type->field[0].type,
                            true, NULL};
        e->nullable |= a->nullable;
    }
    e->type = weir_type_array(ctx->arena, weir_type_struct(ctx->arena, f, e->narg), false);
    return WEIR_OK;
}

static weir_rc k_zip(weir_ctx *ctx, weir_call *c) {
    weir_build b;
    WEIR_TRY(weir_out_start(ctx, c, &b));
    for (int64_t i = 0; i < c->len; i++) {
        int32_t most = 0;
        int64_t first;
        if (weir_call_null(c, i)) {
            weir_build_null(&b);
            continue;
        }
        for (int k = 0; k < c->narg; k++) {
            int32_t n = weir_get_list(&c->arg[k], i, &first);
            if (n > most) most = n;
        }
        for (int32_t x = 0; x < most; x++) {
            for (int k = 0; k < c->narg; k++) {
                int32_t n = weir_get_list(&c->arg[k], i, &first);
                if (x < n)
                    weir_build_copy(&b.kid[0].kid[k], weir_elements(ctx, &c->arg[k], 0), first + x);
                else
                    weir_build_null(&b.kid[0].kid[k]);
            }
            weir_build_struct(&b.kid[0]);
        }
        weir_build_list(&b);
    }
    return weir_out_build(ctx, c, &b);
}

/* ---- width_bucket ---- */

static bool bucket(double v, double lo, double hi, int64_t n, int64_t *out) {
    if (n <= 0 || n == INT64_MAX || isnan(v) || lo == hi || !isfinite(lo) || !isfinite(hi))
        return false;
    double low = lo < hi ? lo : hi, high = lo < hi ? hi : lo;
    if (lo < hi)
        *out = v < low     ? 0
               : v >= high ? n + 1
                           : (int64_t)((double)n * (v - low) / (high - low)) + 1;
    else
        *out = v > high   ? 0
               : v <= low ? n + 1
                          : (int64_t)((double)n * (high - v) / (high - low)) + 1;
    return true;
}

static weir_rc k_width_bucket(weir_ctx *ctx, weir_call *c) {
    int64_t *o;
    uint8_t *bits;
    WEIR_TRY(weir_out_fixed(ctx, c, &o));
    WEIR_TRY(weir_out_valid(ctx, c, &bits));
    WEIR_EACH(c, i) {
        o[i] = 0;
        if (!bucket(WEIR_AT_ROW(double, &c->arg[0], i), WEIR_AT_ROW(double, &c->arg[1], i),
                    WEIR_AT_ROW(double, &c->arg[2], i), WEIR_AT_ROW(int64_t, &c->arg[3], i), &o[i]))
            weir_bit_clear(bits, i);
    }
    return WEIR_OK;
}

static const weir_fn collect_more_fns[] = {
    {"map_concat", "(any...?) -> any", k_map_concat,
     WEIR_STRICT | WEIR_NO_COERCE | WEIR_ASKS_ALL, bind_map_concat,
     0},
    {"arrays_zip", "(any...) -> any", k_zip, WEIR_STRICT | WEIR_NO_COERCE, bind_zip, 0},
    {"width_bucket", "(double, double, double, bigint) -> bigint", k_width_bucket,
     WEIR_STRICT | WEIR_CANNOT_FAIL | WEIR_NULLABLE, NULL, 0},
};
WEIR_FAMILY(weir_collect_more_family, "collect_more", collect_more_fns);
