/* Implicit type conversion. SPARK AnsiTypeCoercion (and TypeCoercion when spark.sql.ansi.enabled is
 * false). Analysis only. */
#include "expr/fn.h"

#include <strings.h>

weir_rc weir_coerce(weir_ctx *ctx, weir_expr *e, const weir_type *to, weir_expr **out) {
    *out = e;
    if (weir_type_same(e->type, to)) return WEIR_OK;
    if (e->kind == WEIR_EX_LIT && e->type->kind == WEIR_T_VOID) {
        *out = weir_lit_null(ctx->arena, to);
        return WEIR_OK;
    }
    return weir_cast_resolve(ctx, e, to, WEIR_CAST_DEFAULT, out);
}

/* Which rules decide a common type. */
typedef enum { ANSI, NOT_ANSI, INLINE } rules;

static int decimal_digits(weir_kind k) {
    switch (k) {
    case WEIR_T_BYTE: return 3;
    case WEIR_T_SHORT: return 5;
    case WEIR_T_INT: return 10;
    case WEIR_T_LONG: return 20;
    default: return 0;
    }
}

static const weir_type *widen_decimal(weir_ctx *ctx, const weir_type *a, const weir_type *b) {
    if (a->kind == WEIR_T_FLOAT || a->kind == WEIR_T_DOUBLE || b->kind == WEIR_T_FLOAT ||
        b->kind == WEIR_T_DOUBLE)
        return &weir_t_double;
    int pa = a->kind == WEIR_T_DECIMAL ? a->precision : decimal_digits(a->kind);
    int pb = b->kind == WEIR_T_DECIMAL ? b->precision : decimal_digits(b->kind);
    int sa = a->kind == WEIR_T_DECIMAL ? a->scale : 0,
        sb = b->kind == WEIR_T_DECIMAL ? b->scale : 0;
    int scale = sa > sb ? sa : sb, whole = pa - sa > pb - sb ? pa - sa : pb - sb;
    int p = whole + scale;
    if (p > 38) { /* SPARK DecimalType.boundedPreferIntegralDigits */
        scale = 38 - whole > 0 ? 38 - whole : 0;
        p = 38;
    }
    return weir_type_decimal(ctx->arena, p, scale);
}

static const weir_type *common_numeric(weir_ctx *ctx, rules by, const weir_type *a,
                                       const weir_type *b) {
    if (a->kind == WEIR_T_DECIMAL || b->kind == WEIR_T_DECIMAL) return widen_decimal(ctx, a, b);
    bool fa = a->kind == WEIR_T_FLOAT || a->kind == WEIR_T_DOUBLE,
         fb = b->kind == WEIR_T_FLOAT || b->kind == WEIR_T_DOUBLE;
    if (fa && fb) return &weir_t_double; /* they differ */
    if (fa || fb)
        return by == ANSI || (fa ? a : b)->kind == WEIR_T_DOUBLE ? &weir_t_double : &weir_t_float;
    return weir_type_scalar(a->kind > b->kind ? a->kind : b->kind);
}

static bool is_datetime(weir_kind k) {
    return k == WEIR_T_DATE || k == WEIR_T_TIMESTAMP || k == WEIR_T_TIMESTAMP_NTZ;
}

static const weir_type *common_string(rules by, const weir_type *o) {
    if (by == INLINE || weir_type_is_nested(o) || o->kind == WEIR_T_VARIANT) return NULL;
    if (by == NOT_ANSI)
        return o->kind == WEIR_T_BOOLEAN || o->kind == WEIR_T_BINARY ? NULL : &weir_t_string;
    if (weir_type_is_integral(o)) return &weir_t_long;
    if (weir_type_is_numeric(o)) return &weir_t_double;
    return o;
}

static const weir_type *common(weir_ctx *ctx, rules by, const weir_type *a, const weir_type *b);

static const weir_type *common_struct(weir_ctx *ctx, rules by, const weir_type *a,
                                      const weir_type *b) {
    if (a->nfield != b->nfield) return NULL;
    weir_field *f = WEIR_NEWN(ctx->arena, weir_field, a->nfield);
    for (int i = 0; i < a->nfield; i++) {
        if (!weir_name_same(ctx, a->field[i].name, b->field[i].name)) return NULL;
        f[i] = a->field[i];
        f[i].nullable |= b->field[i].nullable;
        f[i].type = common(ctx, by, a->field[i].type, b->field[i].type);
        if (!f[i].type) return NULL;
    }
    return weir_type_struct(ctx->arena, f, a->nfield);
}

static const weir_type *common_nested(weir_ctx *ctx, rules by, const weir_type *a,
                                      const weir_type *b) {
    if (a->kind != b->kind) return NULL;
    if (a->kind == WEIR_T_STRUCT) return common_struct(ctx, by, a, b);
    const weir_type *k = common(ctx, by, a->field[0].type, b->field[0].type);
    if (!k) return NULL;
    if (a->kind == WEIR_T_ARRAY)
        return weir_type_array(ctx->arena, k, a->field[0].nullable || b->field[0].nullable);
    const weir_type *v = common(ctx, by, a->field[1].type, b->field[1].type);
    return v ? weir_type_map(ctx->arena, k, v, a->field[1].nullable || b->field[1].nullable) : NULL;
}

/* From the greatest unit of the two to the smallest. */
static const weir_type *common_interval(weir_ctx *ctx, const weir_type *a, const weir_type *b) {
    weir_type *t = weir_memdup(ctx->arena, a, sizeof *a);
    if (b->precision < t->precision) t->precision = b->precision;
    if (b->scale > t->scale) t->scale = b->scale;
    return t;
}

static const weir_type *common(weir_ctx *ctx, rules by, const weir_type *a, const weir_type *b) {
    if (weir_type_is_nested(a) && a->kind == b->kind) return common_nested(ctx, by, a, b);
    if (weir_type_same(a, b)) return a;
    if (a->kind == WEIR_T_VOID) return b;
    if (b->kind == WEIR_T_VOID) return a;
    if (weir_type_is_numeric(a) && weir_type_is_numeric(b)) return common_numeric(ctx, by, a, b);
    if (is_datetime(a->kind) && is_datetime(b->kind)) {
        if (a->kind == WEIR_T_TIMESTAMP || b->kind == WEIR_T_TIMESTAMP) return &weir_t_timestamp;
        return &weir_t_timestamp_ntz;
    }
    if (a->kind == b->kind && (a->kind == WEIR_T_INTERVAL_DT || a->kind == WEIR_T_INTERVAL_YM))
        return common_interval(ctx, a, b);
    if (a->kind == WEIR_T_STRING && b->kind == WEIR_T_STRING) return &weir_t_string;
    if (a->kind == WEIR_T_STRING) return common_string(by, b);
    if (b->kind == WEIR_T_STRING) return common_string(by, a);
    return NULL;
}

const weir_type *weir_common_type(weir_ctx *ctx, const weir_type *a, const weir_type *b) {
    return common(ctx, weir_conf_bool(ctx->conf, "spark.sql.ansi.enabled") ? ANSI : NOT_ANSI, a, b);
}

const weir_type *weir_common_inline_type(weir_ctx *ctx, const weir_type *a, const weir_type *b) {
    return common(ctx, INLINE, a, b);
}

bool weir_can_implicit_cast(weir_ctx *ctx, const weir_type *from, const weir_type *to,
                            bool from_literal) {
    (void)from_literal;
    if (weir_type_same(from, to) || from->kind == WEIR_T_VOID) return true;
    bool ansi = weir_conf_bool(ctx->conf, "spark.sql.ansi.enabled");
    if (weir_type_is_nested(from) || weir_type_is_nested(to)) {
        const weir_type *c = weir_common_type(ctx, from, to);
        return c && weir_type_same(c, to);
    }
    if (from->kind == WEIR_T_STRING) return to->kind != WEIR_T_VARIANT;
    if (to->kind == WEIR_T_STRING) return from->kind != WEIR_T_BINARY || !ansi;
    if (weir_type_is_numeric(from) && weir_type_is_numeric(to)) {
        if (!ansi || to->kind == WEIR_T_DOUBLE) return true;
        if (to->kind == WEIR_T_DECIMAL) return true;
        return weir_type_is_integral(from) && (to->kind == WEIR_T_FLOAT || from->kind < to->kind);
    }
    return is_datetime(from->kind) && is_datetime(to->kind);
}

/* The whole number below, or at, a decimal. */
static weir_i128 floor_of(weir_i128 v, int scale, bool *whole) {
    weir_i128 unit = 1;
    for (int i = 0; i < scale; i++) unit *= 10;
    *whole = v % unit == 0;
    return v / unit - (v < 0 && !*whole);
}

static bool is_decimal_literal(const weir_expr *e) {
    return e->kind == WEIR_EX_LIT && e->type->kind == WEIR_T_DECIMAL && !weir_is_null(&e->lit, 0);
}

bool weir_orders_decimal_literal(const weir_expr *e) {
    return e->narg == 2 && e->name && strchr("<>", *e->name) && *e->name &&
           (!e->name[1] || strcmp(e->name + 1, "=") == 0) &&
           is_decimal_literal(e->arg[0]) != is_decimal_literal(e->arg[1]);
}

weir_expr *weir_whole_comparison(weir_arena *a, const weir_expr *e) {
    if (!weir_orders_decimal_literal(e)) return NULL;
    const int at = is_decimal_literal(e->arg[0]) ? 0 : 1;
    const weir_type *other = e->arg[1 - at]->type;
    if (!other || !weir_type_is_integral(other)) return NULL;
    const bool greater = (*e->name == '>') == (at == 1); /* the integral one is to be greater */
    const weir_expr *lit = e->arg[at];
    bool whole;
    const weir_i128 value = WEIR_AT_ROW(weir_i128, &lit->lit, 0),
                    below = floor_of(value, lit->type->scale, &whole);
    const bool above = below > INT64_MAX || (below == INT64_MAX && !whole);
    weir_expr *r;
    if (above || below < INT64_MIN) {
        r = weir_lit_bool(a, above != greater);
    } else {
        const bool up = greater == (e->name[1] == '=');
        r = weir_expr_copy(a, e);
        r->arg[at] = weir_lit_int(a, &weir_t_long, (int64_t)below + (up && !whole));
        r->arg[at]->at = lit->at;
    }
    r->at = e->at;
    return r;
}
