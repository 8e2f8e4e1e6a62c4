/* Comparisons, null tests, NOT, IN, nullif, greatest, least. NaN equals NaN and is the largest
 * value (SPARK SQLOrderingUtil). Called by the evaluator; any thread. */
#include "func/decimal.h"
#include "func/loop.h"

#include <math.h>
#include <strings.h>

static int str_cmp(const weir_column *a, const weir_column *b, int64_t i) {
    weir_bytes x = weir_get_bytes(a, i), y = weir_get_bytes(b, i);
    int r = memcmp(x.p, y.p, (size_t)(x.len < y.len ? x.len : y.len));
    return r ? r : x.len - y.len;
}

static bool str_eq(const weir_column *a, const weir_column *b, int64_t i) {
    weir_bytes x = weir_get_bytes(a, i), y = weir_get_bytes(b, i);
    return x.len == y.len && memcmp(x.p, y.p, (size_t)x.len) == 0;
}

static weir_rc bool_out(weir_ctx *ctx, weir_call *c, uint8_t **o) {
    WEIR_TRY(weir_out_fixed(ctx, c, o));
    memset(*o, 0, (size_t)c->len);
    return WEIR_OK;
}

/* INT(a, b), REAL(a, b) on values; CMP(r) on a three-way result; STR on strings. */
#define COMPARE(name, INT, REAL, CMP, STR)                                                         \
    static weir_rc name(weir_ctx *ctx, weir_call *c) {                                             \
        const weir_column *x = &c->arg[0], *y = &c->arg[1];                                        \
        uint8_t *o;                                                                                \
        switch (x->type->kind) {                                                                   \
        case WEIR_T_BOOLEAN: WEIR_MAP2(uint8_t, uint8_t, uint8_t, c, INT); return WEIR_OK;         \
        case WEIR_T_BYTE: WEIR_MAP2(int8_t, int8_t, uint8_t, c, INT); return WEIR_OK;              \
        case WEIR_T_SHORT: WEIR_MAP2(int16_t, int16_t, uint8_t, c, INT); return WEIR_OK;           \
        case WEIR_T_INT:                                                                           \
        case WEIR_T_DATE:                                                                          \
        case WEIR_T_INTERVAL_YM: WEIR_MAP2(int32_t, int32_t, uint8_t, c, INT); return WEIR_OK;     \
        case WEIR_T_LONG:                                                                          \
        case WEIR_T_TIMESTAMP:                                                                     \
        case WEIR_T_TIMESTAMP_NTZ:                                                                 \
        case WEIR_T_TIME:                                                                          \
        case WEIR_T_INTERVAL_DT: WEIR_MAP2(int64_t, int64_t, uint8_t, c, INT); return WEIR_OK;     \
        case WEIR_T_FLOAT: WEIR_MAP2(float, float, uint8_t, c, REAL); return WEIR_OK;              \
        case WEIR_T_DOUBLE: WEIR_MAP2(double, double, uint8_t, c, REAL); return WEIR_OK;           \
        case WEIR_T_STRING:                                                                        \
        case WEIR_T_BINARY:                                                                        \
            WEIR_TRY(bool_out(ctx, c, &o));                                                        \
            WEIR_EACH(c, i) o[i] = STR;                                                            \
            return WEIR_OK;                                                                        \
        default: break;                                                                            \
        }                                                                                          \
        WEIR_TRY(bool_out(ctx, c, &o));                                                            \
        WEIR_EACH(c, i) {                                                                          \
            int r = x->type->kind == WEIR_T_DECIMAL                                                \
                        ? weir_dec_cmp(WEIR_AT_ROW(weir_i128, x, i), x->type->scale,               \
                                       WEIR_AT_ROW(weir_i128, y, i), y->type->scale)               \
                        : weir_compare(x, i, y, i);                                                \
            o[i] = CMP;                                                                            \
        }                                                                                          \
        return WEIR_OK;                                                                            \
    }
COMPARE(k_eq, a == b, (a == b) | ((a != a) & (b != b)), r == 0, str_eq(x, y, i))
COMPARE(k_ne, a != b, !((a == b) | ((a != a) & (b != b))), r != 0, !str_eq(x, y, i))
COMPARE(k_lt, a < b, (a < b) | ((b != b) & (a == a)), r < 0, str_cmp(x, y, i) < 0)
COMPARE(k_le, a <= b, (a <= b) | (b != b), r <= 0, str_cmp(x, y, i) <= 0)
COMPARE(k_gt, a > b, (a > b) | ((a != a) & (b == b)), r > 0, str_cmp(x, y, i) > 0)
COMPARE(k_ge, a >= b, (a >= b) | (a != a), r >= 0, str_cmp(x, y, i) >= 0)

static int any_cmp(const weir_column *x, const weir_column *y, int64_t i, int64_t j) {
    if (x->type->kind == WEIR_T_DECIMAL)
        return weir_dec_cmp(WEIR_AT_ROW(weir_i128, x, i), x->type->scale,
                            WEIR_AT_ROW(weir_i128, y, j), y->type->scale);
    return weir_compare(x, i, y, j);
}

static weir_rc k_eq_null(weir_ctx *ctx, weir_call *c) {
    const weir_column *x = &c->arg[0], *y = &c->arg[1];
    uint8_t *o;
    WEIR_TRY(bool_out(ctx, c, &o));
    for (int64_t i = 0; i < c->len; i++) {
        bool n = weir_is_null(x, i), m = weir_is_null(y, i);
        o[i] = n || m ? n && m : any_cmp(x, y, i, i) == 0;
    }
    return WEIR_OK;
}

static weir_rc k_not(weir_ctx *ctx, weir_call *c) {
    WEIR_MAP1(uint8_t, uint8_t, c, !a);
    return WEIR_OK;
}

static weir_rc null_test(weir_ctx *ctx, weir_call *c, bool want) {
    uint8_t *o;
    const weir_column *x = &c->arg[0];
    WEIR_TRY(weir_out_fixed(ctx, c, &o));
    if (!x->valid && x->type->kind != WEIR_T_VOID) {
        memset(o, !want, (size_t)c->len);
        return WEIR_OK;
    }
    for (int64_t i = 0; i < c->len; i++) o[i] = weir_is_null(x, i) == want;
    return WEIR_OK;
}

static weir_rc k_isnull(weir_ctx *ctx, weir_call *c) { return null_test(ctx, c, true); }
static weir_rc k_isnotnull(weir_ctx *ctx, weir_call *c) { return null_test(ctx, c, false); }

static weir_rc k_isnan(weir_ctx *ctx, weir_call *c) {
    uint8_t *o;
    const weir_column *x = &c->arg[0];
    WEIR_TRY(bool_out(ctx, c, &o));
    for (int64_t i = 0; i < c->len; i++) {
        if (weir_is_null(x, i)) continue;
        o[i] = x->type->kind == WEIR_T_FLOAT ? isnan(WEIR_AT_ROW(float, x, i))
                                             : isnan(WEIR_AT_ROW(double, x, i));
    }
    return WEIR_OK;
}

static weir_rc k_nanvl(weir_ctx *ctx, weir_call *c) {
    if (c->out->type->kind == WEIR_T_FLOAT)
        WEIR_MAP2(float, float, float, c, a != a ? b : a);
    else
        WEIR_MAP2(double, double, double, c, a != a ? b : a);
    return WEIR_OK;
}

/* Values of which equal ones have one hash, as they do of NaN and -0.0, and a meaning. */
static bool hashes(const weir_type *t) {
    return t->kind != WEIR_T_VARIANT && t->kind != WEIR_T_INTERVAL && t->kind != WEIR_T_VOID &&
           !weir_type_is_nested(t);
}

enum { MANY = 16, MANY_ROWS = 8 }; /* where a table of them is made sooner than they are compared */

/* SPARK InSet: constants as a table, open addressing; slot: an argument, 0 none. *null: one is. */
static const int32_t *in_table(weir_ctx *ctx, const weir_call *c, uint32_t *mask, bool *null) {
    uint32_t room = MANY;
    while (room < (uint32_t)c->narg * 2) room *= 2;
    int32_t *slot = WEIR_NEWN(ctx->arena, int32_t, room);
    *mask = room - 1;
    for (int k = 1; k < c->narg; k++) {
        const weir_column *v = &c->arg[k];
        if (weir_is_null(v, 0)) {
            *null = true;
            continue;
        }
        uint32_t at = (uint32_t)weir_hash_row(v, 0, 42) & *mask;
        while (slot[at] && any_cmp(&c->arg[slot[at]], v, 0, 0) != 0) at = (at + 1) & *mask;
        if (!slot[at]) slot[at] = k;
    }
    return slot;
}

static void in_many(weir_ctx *ctx, const weir_call *c, uint8_t *o, uint8_t *bits) {
    uint32_t mask;
    bool null = false;
    const weir_column *x = &c->arg[0];
    const int32_t *slot = in_table(ctx, c, &mask, &null);
    for (int64_t i = 0; i < c->len; i++) {
        bool unknown = weir_is_null(x, i);
        uint32_t at = unknown ? 0 : (uint32_t)weir_hash_row(x, i, 42) & mask;
        for (; !unknown && !o[i] && slot[at]; at = (at + 1) & mask)
            o[i] = any_cmp(x, &c->arg[slot[at]], i, 0) == 0;
        if ((unknown || null) && !o[i]) weir_bit_clear(bits, i);
    }
}

static bool are_many(const weir_call *c) {
    bool all = c->narg > MANY && c->len >= MANY_ROWS && hashes(c->arg[0].type);
    for (int k = 1; k < c->narg && all; k++)
        all = c->arg[k].form == WEIR_CONST && weir_type_same(c->arg[k].type, c->arg[0].type);
    return all;
}

/* Texts against constant texts. */
static void in_texts(const weir_call *c, uint8_t *o) {
    const weir_column *x = &c->arg[0];
    weir_bytes want[16];
    const int n = c->narg - 1;
    for (int k = 0; k < n; k++) want[k] = weir_get_bytes(&c->arg[k + 1], 0);
    for (int64_t i = 0; i < c->len; i++) {
        if (weir_is_null(x, i)) continue;
        weir_bytes b = weir_get_bytes(x, i);
        for (int k = 0; k < n && !o[i]; k++)
            o[i] = b.len == want[k].len && (!b.len || memcmp(b.p, want[k].p, (size_t)b.len) == 0);
    }
}

static bool are_texts(const weir_call *c) {
    bool all = c->arg[0].type->kind == WEIR_T_STRING && c->narg > 1 && c->narg <= 17 && c->len > 0;
    for (int k = 1; k < c->narg && all; k++)
        all = c->arg[k].type->kind == WEIR_T_STRING && c->arg[k].form == WEIR_CONST &&
              !weir_is_null(&c->arg[k], 0);
    return all;
}

/* x IN (...): true on a match, else null when x or an element is null. */
static weir_rc k_in(weir_ctx *ctx, weir_call *c) {
    const weir_column *x = &c->arg[0];
    uint8_t *o, *bits;
    WEIR_TRY(bool_out(ctx, c, &o));
    if (are_texts(c) && !x->valid) {
        in_texts(c, o);
        return WEIR_OK;
    }
    WEIR_TRY(weir_out_valid(ctx, c, &bits));
    if (are_many(c)) {
        in_many(ctx, c, o, bits);
        return WEIR_OK;
    }
    for (int64_t i = 0; i < c->len; i++) {
        bool unknown = weir_is_null(x, i);
        for (int k = 1; k < c->narg && !weir_is_null(x, i) && !o[i]; k++) {
            if (weir_is_null(&c->arg[k], i))
                unknown = true;
            else
                o[i] = any_cmp(x, &c->arg[k], i, i) == 0;
        }
        if (unknown && !o[i]) weir_bit_clear(bits, i);
    }
    return WEIR_OK;
}

/* Rows of one argument chosen by row: pick[i] = argument, -1 = null. */
static weir_rc choose(weir_ctx *ctx, weir_call *c, const int32_t *pick) {
    const weir_column **src = WEIR_NEWN(ctx->arena, const weir_column *, c->narg);
    int64_t *idx = WEIR_NEWN(ctx->arena, int64_t, c->len);
    const weir_type *t = c->out->type;
    weir_column all;
    for (int k = 0; k < c->narg; k++) src[k] = &c->arg[k];
    for (int64_t i = 0; i < c->len; i++) idx[i] = pick[i] < 0 ? -1 : pick[i] * c->len + i;
    WEIR_TRY(weir_column_concat(ctx, src, c->narg, &all));
    WEIR_TRY(weir_column_take(ctx, &all, idx, c->len, c->out));
    c->out->type = t;
    return WEIR_OK;
}

static weir_rc extreme(weir_ctx *ctx, weir_call *c, int sign) {
    int32_t *pick = WEIR_NEWN(ctx->arena, int32_t, c->len);
    for (int64_t i = 0; i < c->len; i++) {
        pick[i] = -1;
        for (int k = 0; k < c->narg; k++) {
            if (weir_is_null(&c->arg[k], i)) continue;
            if (pick[i] < 0 || weir_compare(&c->arg[k], i, &c->arg[pick[i]], i) * sign > 0)
                pick[i] = k;
        }
    }
    return choose(ctx, c, pick);
}

static weir_rc k_greatest(weir_ctx *ctx, weir_call *c) { return extreme(ctx, c, 1); }
static weir_rc k_least(weir_ctx *ctx, weir_call *c) { return extreme(ctx, c, -1); }

/* nullif(a, b): arguments 0 and 1 are compared, argument 2 is a as it was. */
static weir_rc k_nullif(weir_ctx *ctx, weir_call *c) {
    const weir_column *x = &c->arg[0], *y = &c->arg[1];
    int64_t *idx = WEIR_NEWN(ctx->arena, int64_t, c->len);
    const weir_type *t = c->out->type;
    for (int64_t i = 0; i < c->len; i++) {
        bool drop = weir_is_null(x, i) || (!weir_is_null(y, i) && any_cmp(x, y, i, i) == 0);
        idx[i] = drop ? -1 : i;
    }
    WEIR_TRY(weir_column_take(ctx, &c->arg[2], idx, c->len, c->out));
    c->out->type = t;
    return WEIR_OK;
}

/* ---- types ---- */

static weir_rc not_ordered(weir_ctx *ctx, const weir_expr *e, const weir_type *t) {
    return weir_fail(ctx, WEIR_E_DATATYPE_MISMATCH_INVALID_ORDERING_TYPE, "sqlExpr",
                     weir_printf(ctx->arena, "\"%s\"", weir_expr_sql(ctx->arena, e)),
                     "functionName", weir_printf(ctx->arena, "`%s`", e->name), "dataType",
                     weir_printf(ctx->arena, "\"%s\"", weir_type_sql(ctx->arena, t)));
}

static weir_rc differ(weir_ctx *ctx, const weir_expr *e) {
    return weir_fail(ctx, WEIR_E_DATATYPE_MISMATCH_BINARY_OP_DIFF_TYPES, "sqlExpr",
                     weir_printf(ctx->arena, "\"%s\"", weir_expr_sql(ctx->arena, e)), "left",
                     weir_printf(ctx->arena, "\"%s\"", weir_type_sql(ctx->arena, e->arg[0]->type)),
                     "right",
                     weir_printf(ctx->arena, "\"%s\"", weir_type_sql(ctx->arena, e->arg[1]->type)));
}

/* Casts two operands to what they are compared as; decimals stay as they are. */
static weir_rc bind_pair(weir_ctx *ctx, weir_expr *e, weir_expr **l, weir_expr **r) {
    const weir_type *x = (*l)->type, *y = (*r)->type;
    bool ansi = weir_conf_bool(ctx->conf, "spark.sql.ansi.enabled"), xs = x->kind == WEIR_T_STRING,
         ys = y->kind == WEIR_T_STRING;
    if (x->kind == WEIR_T_DECIMAL && y->kind == WEIR_T_DECIMAL) return WEIR_OK;
    const weir_type *t = !ansi && xs != ys && !weir_type_is_nested(xs ? y : x)
                             ? (xs ? y : x)
                             : weir_common_type(ctx, x, y);
    if (!t) return differ(ctx, e);
    if (t->kind == WEIR_T_VOID) t = &weir_t_boolean;
    if (!weir_type_orderable(t) && t->kind != WEIR_T_VOID) return not_ordered(ctx, e, t);
    WEIR_TRY(weir_coerce(ctx, *l, t, l));
    return weir_coerce(ctx, *r, t, r);
}

static weir_rc bind_cmp(weir_ctx *ctx, weir_expr *e) {
    const weir_expr *whole = weir_whole_comparison(ctx->arena, e);
    if (whole) *e = *whole;
    if (e->kind == WEIR_EX_LIT) return WEIR_OK;
    WEIR_TRY(bind_pair(ctx, e, &e->arg[0], &e->arg[1]));
    e->type = &weir_t_boolean;
    return WEIR_OK;
}

static weir_rc bind_nullif(weir_ctx *ctx, weir_expr *e) {
    weir_expr **arg = WEIR_NEWN(ctx->arena, weir_expr *, 3);
    arg[0] = arg[2] = e->arg[0];
    arg[1] = e->arg[1];
    WEIR_TRY(bind_pair(ctx, e, &arg[0], &arg[1]));
    e->arg = arg;
    e->narg = 3;
    e->type = arg[2]->type;
    e->nullable = true;
    return WEIR_OK;
}

static weir_rc bind_in(weir_ctx *ctx, weir_expr *e) {
    const weir_type *t = e->arg[0]->type;
    bool ansi = weir_conf_bool(ctx->conf, "spark.sql.ansi.enabled");
    e->type = &weir_t_boolean;
    e->nullable = false;
    for (int i = 1; i < e->narg; i++) {
        const weir_type *x = e->arg[i]->type, *w = weir_common_type(ctx, t, x);
        if (!ansi && t->kind == WEIR_T_STRING && x->kind == WEIR_T_BOOLEAN) w = x;
        if (!w)
            return weir_fail(ctx, WEIR_E_DATATYPE_MISMATCH_DATA_DIFF_TYPES, "sqlExpr",
                             weir_printf(ctx->arena, "\"%s\"", weir_expr_sql(ctx->arena, e)),
                             "functionName", "`in`", "dataType",
                             weir_printf(ctx->arena, "[\"%s\", \"%s\"]",
                                         weir_type_sql(ctx->arena, t),
                                         weir_type_sql(ctx->arena, x)));
        t = w;
    }
    if (t->kind != WEIR_T_VOID && !weir_type_orderable(t)) return not_ordered(ctx, e, t);
    for (int i = 0; i < e->narg; i++) {
        WEIR_TRY(weir_coerce(ctx, e->arg[i], t, &e->arg[i]));
        e->nullable |= e->arg[i]->nullable;
    }
    return WEIR_OK;
}

/* SPARK findWiderTypeWithoutStringPromotion */
static bool text_beside_other(const weir_type *a, const weir_type *b) {
    bool as = a->kind == WEIR_T_STRING, bs = b->kind == WEIR_T_STRING;
    if (as != bs && a->kind != WEIR_T_VOID && b->kind != WEIR_T_VOID) return true;
    for (int i = 0; i < a->nfield && i < b->nfield; i++)
        if (text_beside_other(a->field[i].type, b->field[i].type)) return true;
    return false;
}

static weir_rc bind_extreme(weir_ctx *ctx, weir_expr *e) {
    const weir_type *t = e->arg[0]->type;
    e->nullable = true;
    for (int i = 0; i < e->narg; i++) {
        const weir_type *a = e->arg[i]->type;
        const weir_type *wide = text_beside_other(t, a) ? NULL : weir_common_type(ctx, t, a);
        if (!wide)
            return weir_fail(ctx, WEIR_E_DATATYPE_MISMATCH_DATA_DIFF_TYPES, "sqlExpr",
                             weir_printf(ctx->arena, "\"%s\"", weir_expr_sql(ctx->arena, e)),
                             "functionName", weir_printf(ctx->arena, "`%s`", e->name), "dataType",
                             weir_printf(ctx->arena, "(\"%s\" or \"%s\")",
                                         weir_type_sql(ctx->arena, t),
                                         weir_type_sql(ctx->arena, a)));
        t = wide;
        e->nullable &= e->arg[i]->nullable;
    }
    for (int i = 0; i < e->narg; i++) WEIR_TRY(weir_coerce(ctx, e->arg[i], t, &e->arg[i]));
    e->type = t;
    return t->kind == WEIR_T_VOID || weir_type_orderable(t) ? WEIR_OK : not_ordered(ctx, e, t);
}

#define CMP(n, k)                                                                                  \
    { n, "(any, any) -> boolean", k, WEIR_STRICT | WEIR_NO_COERCE | WEIR_CANNOT_FAIL, bind_cmp, 0 }
#define SAFE(n, s, k, f, b)                                                                        \
    { n, s, k, WEIR_CANNOT_FAIL | (f), b, 0 }
static const weir_fn compare_fns[] = {
    CMP("=", k_eq),
    CMP("==", k_eq),
    CMP("!=", k_ne),
    CMP("<>", k_ne),
    CMP("<", k_lt),
    CMP("<=", k_le),
    CMP(">", k_gt),
    CMP(">=", k_ge),
    SAFE("<=>", "(any, any) -> boolean!", k_eq_null, WEIR_NO_COERCE, bind_cmp),
    SAFE("equal_null", "(any, any) -> boolean!", k_eq_null, WEIR_NO_COERCE, bind_cmp),
    SAFE("not", "(boolean) -> boolean", k_not, WEIR_STRICT, NULL),
    SAFE("!", "(boolean) -> boolean", k_not, WEIR_STRICT, NULL),
    SAFE("isnull", "(any) -> boolean!", k_isnull, 0, NULL),
    SAFE("isnotnull", "(any) -> boolean!", k_isnotnull, 0, NULL),
    SAFE("isnan", "(fractional) -> boolean!", k_isnan, 0, NULL),
    SAFE("nanvl", "(float, float) -> float", k_nanvl, WEIR_STRICT, NULL),
    SAFE("nanvl", "(double, double) -> double", k_nanvl, WEIR_STRICT, NULL),
    SAFE("in", "(any...) -> boolean", k_in, WEIR_NO_COERCE | WEIR_NULL_FIRST, bind_in),
    SAFE("nullif", "(any, any) -> any", k_nullif, WEIR_NO_COERCE, bind_nullif),
    SAFE("greatest", "(any, any...) -> any", k_greatest, WEIR_NO_COERCE, bind_extreme),
    SAFE("least", "(any, any...) -> any", k_least, WEIR_NO_COERCE, bind_extreme),
};
WEIR_FAMILY(weir_compare_family, "compare", compare_fns);
