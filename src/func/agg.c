/* Aggregates with fixed-size state: count, sum, avg, min, max, first, last and their relatives.
 * State columns are on disk (Spark's aggregation buffers). Called by the aggregate operators on the
 * thread that owns the slots. */
#include "func/cell.h"
#include "func/decimal.h"

#include <strings.h>

static void name_state(weir_field *f, const char *name, const weir_type *t, bool nullable) {
    *f = (weir_field){name, t, nullable, NULL};
}

static weir_rc begin(weir_ctx *ctx, const weir_agg_call *a, int64_t n, weir_build *b) {
    WEIR_TRY(weir_build_init(ctx, b, a->expr->type));
    return weir_build_reserve(b, n);
}

static weir_rc sum_overflow(weir_ctx *ctx, const weir_agg_call *a, const char *message,
                            const char *hint) {
    (void)weir_fail(
        ctx, WEIR_E_ARITHMETIC_OVERFLOW, "message", message, "alternative",
        weir_printf(ctx->arena, " Use '%s' to tolerate overflow and return NULL instead.", hint),
        "config", WEIR_ANSI_KEY);
    weir_err_where(ctx, &a->expr->at);
    return WEIR_FAIL;
}

/* ---- count, count_if ---- */

static int count_types(weir_ctx *ctx, const weir_expr *e, weir_field *out, int max) {
    (void)ctx, (void)e, (void)max;
    name_state(out, "count", &weir_t_long, false);
    return 1;
}

static weir_rc count_update(weir_ctx *ctx, weir_agg_call *a) {
    bool nulls = false;
    (void)ctx;
    for (int k = 0; k < a->narg; k++)
        nulls |= a->arg[k].valid != NULL || a->arg[k].type->kind == WEIR_T_VOID;
    for (int64_t i = 0; i < a->len; i++) {
        bool skip = false;
        for (int k = 0; nulls && k < a->narg; k++) skip |= weir_is_null(&a->arg[k], i);
        *WEIR_SLOT(int64_t, a, i) += !skip;
    }
    return WEIR_OK;
}

static weir_rc count_if_update(weir_ctx *ctx, weir_agg_call *a) {
    (void)ctx;
    for (int64_t i = 0; i < a->len; i++)
        *WEIR_SLOT(int64_t, a, i) +=
            !weir_is_null(&a->arg[0], i) && WEIR_AT_ROW(uint8_t, &a->arg[0], i);
    return WEIR_OK;
}

static weir_rc count_merge(weir_ctx *ctx, weir_agg_call *a) {
    (void)ctx;
    for (int64_t i = 0; i < a->len; i++)
        if (!weir_is_null(&a->arg[0], i))
            *WEIR_SLOT(int64_t, a, i) += WEIR_AT_ROW(int64_t, &a->arg[0], i);
    return WEIR_OK;
}

static weir_rc count_save(weir_ctx *ctx, const weir_agg_call *a, int64_t from, int64_t n,
                          weir_build *out) {
    (void)ctx;
    for (int64_t s = from; s < from + n; s++) weir_build_i64(out, *WEIR_SLOT_AT(int64_t, a, s));
    return WEIR_OK;
}

static weir_rc count_finish(weir_ctx *ctx, const weir_agg_call *a, int64_t from, int64_t n,
                            weir_column *out) {
    weir_build b;
    WEIR_TRY(begin(ctx, a, n, &b));
    WEIR_TRY(count_save(ctx, a, from, n, &b));
    return weir_build_finish(ctx, &b, out);
}

/* ---- sum ---- */

typedef struct sum_slot {
    union {
        int64_t i;
        double f;
        weir_i128 d;
    } u;
    bool set, over;
} sum_slot;

static weir_rc bind_sum(weir_ctx *ctx, weir_expr *e) {
    const weir_type *t = e->arg[0]->type;
    e->nullable = true;
    if (t->kind == WEIR_T_DECIMAL)
        e->type = weir_type_decimal(ctx->arena, t->precision + 10 < 38 ? t->precision + 10 : 38,
                                    t->scale);
    else if (weir_type_is_integral(t))
        e->type = &weir_t_long;
    else if (t->kind == WEIR_T_INTERVAL_DT || t->kind == WEIR_T_INTERVAL_YM)
        e->type = t;
    else
        e->type = &weir_t_double;
    return WEIR_OK;
}

/* SPARK DecimalAggregates: small decimals are summed as unscaled longs, one state column. */
static bool small_decimal(const weir_type *t) {
    return t->kind == WEIR_T_DECIMAL && t->precision <= 18;
}

static int sum_types(weir_ctx *ctx, const weir_expr *e, weir_field *out, int max) {
    (void)ctx, (void)max;
    bool big = e->type->kind == WEIR_T_DECIMAL && !small_decimal(e->type);
    name_state(out, "sum", small_decimal(e->type) ? &weir_t_long : e->type, true);
    if (big) name_state(out + 1, "isEmpty", &weir_t_boolean, false);
    return big ? 2 : 1;
}

static double as_double(const weir_column *c, int64_t i) {
    switch (c->type->kind) {
    case WEIR_T_DOUBLE: return WEIR_AT_ROW(double, c, i);
    case WEIR_T_FLOAT: return (double)WEIR_AT_ROW(float, c, i);
    case WEIR_T_DECIMAL: return weir_dec_double(WEIR_AT_ROW(weir_i128, c, i), c->type->scale);
    default: return (double)weir_get_int(c, i);
    }
}

static void add_decimal(sum_slot *s, weir_i128 v) {
    weir_i128 r = s->u.d + v; /* both below 10^38 */
    if (!weir_dec_fits(r, 38))
        s->over = true;
    else
        s->u.d = r;
    s->set = true;
}

/* Longs without nulls, the common case. */
static weir_rc sum_longs(weir_ctx *ctx, weir_agg_call *a, const weir_column *x) {
    const int64_t *v = WEIR_PTR(int64_t, x);
    sum_slot *slots = a->slots;
    for (int64_t i = 0; i < a->len; i++) {
        sum_slot *s = &slots[a->slot[i]];
        s->set = true;
        if (__builtin_add_overflow(s->u.i, v[i], &s->u.i) && a->ansi)
            return sum_overflow(ctx, a, "long overflow", "try_add");
    }
    return WEIR_OK;
}

static weir_rc sum_update(weir_ctx *ctx, weir_agg_call *a) {
    const weir_column *x = &a->arg[0];
    weir_kind k = a->expr->type->kind;
    if (x->type->kind == WEIR_T_VOID) return WEIR_OK;
    if (k == WEIR_T_LONG && x->type->kind == WEIR_T_LONG && x->form == WEIR_FLAT && !x->valid)
        return sum_longs(ctx, a, x);
    for (int64_t i = 0; i < a->len; i++) {
        if (x->valid && weir_is_null(x, i)) continue;
        sum_slot *s = WEIR_SLOT(sum_slot, a, i);
        if (k == WEIR_T_DOUBLE) {
            s->u.f += as_double(x, i);
        } else if (k == WEIR_T_DECIMAL) {
            add_decimal(s, x->type->kind == WEIR_T_DECIMAL ? WEIR_AT_ROW(weir_i128, x, i)
                                                           : weir_get_int(x, i));
        } else {
            int64_t v = weir_get_int(x, i);
            bool over = __builtin_add_overflow(s->u.i, v, &s->u.i);
            if (over && k != WEIR_T_LONG) {
                (void)weir_fail(ctx, WEIR_E_INTERVAL_ARITHMETIC_OVERFLOW_WITH_SUGGESTION,
                                "functionName", "`try_add`");
                return WEIR_FAIL;
            }
            if (over && a->ansi) return sum_overflow(ctx, a, "long overflow", "try_add");
        }
        s->set = true;
    }
    return WEIR_OK;
}

static weir_rc sum_save(weir_ctx *ctx, const weir_agg_call *a, int64_t from, int64_t n,
                        weir_build *out) {
    const weir_type *t = a->expr->type;
    (void)ctx;
    for (int64_t i = from; i < from + n; i++) {
        const sum_slot *s = WEIR_SLOT_AT(sum_slot, a, i);
        bool big = t->kind == WEIR_T_DECIMAL && !small_decimal(t);
        if (big) {
            weir_build_bool(&out[1], !s->set);
            if (s->over)
                weir_build_null(&out[0]);
            else
                weir_build_dec(&out[0], s->u.d); /* zero while empty, as Spark starts it */
        } else if (!s->set) {
            weir_build_null(out);
        } else if (t->kind == WEIR_T_DOUBLE) {
            weir_build_f64(out, s->u.f);
        } else {
            weir_build_int(out, t->kind == WEIR_T_DECIMAL ? (int64_t)s->u.d : s->u.i);
        }
    }
    return WEIR_OK;
}

static weir_rc sum_merge(weir_ctx *ctx, weir_agg_call *a) {
    if (a->narg == 1) return sum_update(ctx, a); /* the state column is a partial sum */
    for (int64_t i = 0; i < a->len; i++) {
        sum_slot *s = WEIR_SLOT(sum_slot, a, i);
        if (!weir_is_null(&a->arg[1], i) && WEIR_AT_ROW(uint8_t, &a->arg[1], i)) continue;
        if (weir_is_null(&a->arg[0], i))
            s->set = s->over = true;
        else
            add_decimal(s, WEIR_AT_ROW(weir_i128, &a->arg[0], i));
    }
    return WEIR_OK;
}

static weir_rc sum_finish(weir_ctx *ctx, const weir_agg_call *a, int64_t from, int64_t n,
                          weir_column *out) {
    const weir_type *t = a->expr->type;
    weir_build b;
    WEIR_TRY(begin(ctx, a, n, &b));
    for (int64_t i = from; i < from + n; i++) {
        const sum_slot *s = WEIR_SLOT_AT(sum_slot, a, i);
        bool over = s->over || (t->kind == WEIR_T_DECIMAL && !weir_dec_fits(s->u.d, t->precision));
        if (over && a->ansi) return sum_overflow(ctx, a, "Overflow in sum of decimals", "try_sum");
        if (!s->set || over)
            weir_build_null(&b);
        else if (t->kind == WEIR_T_DOUBLE)
            weir_build_f64(&b, s->u.f);
        else if (t->kind == WEIR_T_DECIMAL)
            weir_build_dec(&b, s->u.d);
        else
            weir_build_int(&b, s->u.i);
    }
    return weir_build_finish(ctx, &b, out);
}

/* ---- avg ---- */

typedef struct avg_slot {
    union {
        double f;
        weir_i128 d;
    } u;
    int64_t n;
    bool over;
} avg_slot;

/* SPARK DecimalAggregates: p + 4 <= 15 averages unscaled values in doubles. */
static bool avg_in_double(const weir_expr *e) {
    return e->arg[0]->type->kind != WEIR_T_DECIMAL || e->arg[0]->type->precision + 4 <= 15;
}

static weir_rc bind_avg(weir_ctx *ctx, weir_expr *e) {
    const weir_type *t = e->arg[0]->type;
    e->nullable = true;
    e->type = &weir_t_double;
    if (t->kind == WEIR_T_DECIMAL)
        e->type = weir_type_decimal(ctx->arena, t->precision + 4 < 38 ? t->precision + 4 : 38,
                                    t->scale + 4 < 38 ? t->scale + 4 : 38);
    return WEIR_OK;
}

static int avg_types(weir_ctx *ctx, const weir_expr *e, weir_field *out, int max) {
    const weir_type *t = e->arg[0]->type;
    (void)max;
    name_state(out, "sum",
               avg_in_double(e)
                   ? &weir_t_double
                   : weir_type_decimal(ctx->arena, t->precision + 10 < 38 ? t->precision + 10 : 38,
                                       t->scale),
               true);
    name_state(out + 1, "count", &weir_t_long, false);
    return 2;
}

static void avg_add(avg_slot *s, weir_i128 v) {
    if (weir_dec_fits(s->u.d + v, 38))
        s->u.d += v;
    else
        s->over = true;
}

static weir_rc avg_update(weir_ctx *ctx, weir_agg_call *a) {
    const weir_column *x = &a->arg[0];
    bool real = avg_in_double(a->expr), dec = x->type->kind == WEIR_T_DECIMAL;
    (void)ctx;
    if (x->type->kind == WEIR_T_DOUBLE && x->form == WEIR_FLAT && !x->valid) {
        const double *v = WEIR_PTR(double, x);
        for (int64_t i = 0; i < a->len; i++) {
            avg_slot *s = WEIR_SLOT(avg_slot, a, i);
            s->n++;
            s->u.f += v[i];
        }
        return WEIR_OK;
    }
    for (int64_t i = 0; i < a->len; i++) {
        if (weir_is_null(x, i)) continue;
        avg_slot *s = WEIR_SLOT(avg_slot, a, i);
        s->n++;
        if (!real)
            avg_add(s, WEIR_AT_ROW(weir_i128, x, i));
        else
            s->u.f += dec ? (double)(int64_t)WEIR_AT_ROW(weir_i128, x, i) : as_double(x, i);
    }
    return WEIR_OK;
}

static weir_rc avg_merge(weir_ctx *ctx, weir_agg_call *a) {
    bool real = avg_in_double(a->expr);
    (void)ctx;
    for (int64_t i = 0; i < a->len; i++) {
        avg_slot *s = WEIR_SLOT(avg_slot, a, i);
        s->n += weir_is_null(&a->arg[1], i) ? 0 : WEIR_AT_ROW(int64_t, &a->arg[1], i);
        if (weir_is_null(&a->arg[0], i))
            s->over |= !real;
        else if (real)
            s->u.f += WEIR_AT_ROW(double, &a->arg[0], i);
        else
            avg_add(s, WEIR_AT_ROW(weir_i128, &a->arg[0], i));
    }
    return WEIR_OK;
}

static weir_rc avg_save(weir_ctx *ctx, const weir_agg_call *a, int64_t from, int64_t n,
                        weir_build *out) {
    bool real = avg_in_double(a->expr);
    (void)ctx;
    for (int64_t i = from; i < from + n; i++) {
        const avg_slot *s = WEIR_SLOT_AT(avg_slot, a, i);
        if (real)
            weir_build_f64(&out[0], s->u.f);
        else if (s->over)
            weir_build_null(&out[0]);
        else
            weir_build_dec(&out[0], s->u.d);
        weir_build_i64(&out[1], s->n);
    }
    return WEIR_OK;
}

static weir_rc avg_finish(weir_ctx *ctx, const weir_agg_call *a, int64_t from, int64_t n,
                          weir_column *out) {
    const weir_type *t = a->expr->type, *x = a->expr->arg[0]->type;
    weir_build b;
    WEIR_TRY(begin(ctx, a, n, &b));
    for (int64_t i = from; i < from + n; i++) {
        const avg_slot *s = WEIR_SLOT_AT(avg_slot, a, i);
        weir_i128 d = 0;
        bool ok = !s->over;
        if (!s->n)
            weir_build_null(&b);
        else if (t->kind == WEIR_T_DOUBLE)
            weir_build_f64(&b, s->u.f / (double)s->n);
        else {
            if (ok && avg_in_double(a->expr))
                ok = weir_dec_from_double(s->u.f / (double)s->n / (double)weir_pow10(x->scale),
                                          t->precision, t->scale, &d) == WEIR_DEC_OK;
            else if (ok)
                ok = weir_dec_div(s->u.d, x->scale, s->n, 0, t->scale, t->precision, &d);
            if (!ok && a->ansi)
                return sum_overflow(ctx, a, "Overflow in sum of decimals", "try_avg");
            if (ok)
                weir_build_dec(&b, d);
            else
                weir_build_null(&b);
        }
    }
    return weir_build_finish(ctx, &b, out);
}

/* ---- min, max ---- */

static weir_rc bind_same(weir_ctx *ctx, weir_expr *e) {
    const weir_type *t = e->arg[0]->type;
    e->type = t;
    e->nullable = true;
    if (weir_type_orderable(t) || t->kind == WEIR_T_VOID) return WEIR_OK;
    return weir_fail(ctx, WEIR_E_DATATYPE_MISMATCH_INVALID_ORDERING_TYPE, "sqlExpr",
                     weir_printf(ctx->arena, "\"%s\"", weir_expr_sql(ctx->arena, e)),
                     "functionName", weir_printf(ctx->arena, "`%s`", e->name), "dataType",
                     weir_printf(ctx->arena, "\"%s\"", weir_type_sql(ctx->arena, t)));
}

static int min_types(weir_ctx *ctx, const weir_expr *e, weir_field *out, int max) {
    (void)ctx, (void)max;
    name_state(out, "min", e->type, true);
    return 1;
}

static int max_types(weir_ctx *ctx, const weir_expr *e, weir_field *out, int max) {
    (void)ctx, (void)max;
    name_state(out, "max", e->type, true);
    return 1;
}

#define EXTREME_FIXED(ctype, field)                                                                \
    for (int64_t i = 0; i < a->len; i++) {                                                         \
        if (x->valid && weir_is_null(x, i)) continue;                                              \
        weir_cell *c = WEIR_SLOT(weir_cell, a, i);                                                 \
        ctype v = WEIR_AT_ROW(ctype, x, i);                                                        \
        if (!c->set || (sign > 0 ? v > c->u.field : v < c->u.field))                               \
            c->u.field = v, c->set = true;                                                         \
    }                                                                                              \
    return WEIR_OK

static weir_rc extreme(weir_ctx *ctx, weir_agg_call *a, int sign) {
    const weir_column *x = &a->arg[0];
    switch (x->type->kind) {
    case WEIR_T_VOID: return WEIR_OK;
    case WEIR_T_INT:
    case WEIR_T_DATE: EXTREME_FIXED(int32_t, i);
    case WEIR_T_LONG:
    case WEIR_T_TIMESTAMP:
    case WEIR_T_TIMESTAMP_NTZ: EXTREME_FIXED(int64_t, i);
    default: break;
    }
    for (int64_t i = 0; i < a->len; i++) {
        if (weir_is_null(x, i)) continue;
        weir_cell *c = WEIR_SLOT(weir_cell, a, i);
        if (!c->set || weir_cell_compare(c, x, i) * sign < 0)
            WEIR_TRY(weir_cell_store(ctx, a->mem, c, x, i));
    }
    return WEIR_OK;
}

static weir_rc max_update(weir_ctx *ctx, weir_agg_call *a) { return extreme(ctx, a, 1); }
static weir_rc min_update(weir_ctx *ctx, weir_agg_call *a) { return extreme(ctx, a, -1); }

static weir_rc cell_save(weir_ctx *ctx, const weir_agg_call *a, int64_t from, int64_t n,
                         weir_build *out) {
    (void)ctx;
    for (int64_t i = from; i < from + n; i++)
        weir_cell_append(WEIR_SLOT_AT(weir_cell, a, i), a->expr->type, out);
    return WEIR_OK;
}

static weir_rc cell_finish(weir_ctx *ctx, const weir_agg_call *a, int64_t from, int64_t n,
                           weir_column *out) {
    weir_build b;
    WEIR_TRY(begin(ctx, a, n, &b));
    WEIR_TRY(cell_save(ctx, a, from, n, &b));
    return weir_build_finish(ctx, &b, out);
}

/* ---- first, last ---- */

static weir_rc bind_first(weir_ctx *ctx, weir_expr *e) {
    e->type = e->arg[0]->type;
    e->nullable = true;
    if (e->narg == 2) {
        const weir_expr *flag = e->arg[1];
        if (flag->kind != WEIR_EX_LIT || flag->type->kind != WEIR_T_BOOLEAN ||
            weir_is_null(&flag->lit, 0))
            return weir_fail(
                ctx, WEIR_E_DATATYPE_MISMATCH_UNEXPECTED_INPUT_TYPE, "sqlExpr",
                weir_printf(ctx->arena, "\"%s\"", weir_expr_sql(ctx->arena, e)), "paramIndex",
                "second", "requiredType", "\"BOOLEAN\"", "inputSql",
                weir_printf(ctx->arena, "\"%s\"", weir_expr_sql(ctx->arena, flag)), "inputType",
                weir_printf(ctx->arena, "\"%s\"", weir_type_sql(ctx->arena, flag->type)));
        e->ignore_nulls |= WEIR_AT_ROW(uint8_t, &flag->lit, 0) != 0;
        e->narg = 1;
    }
    return WEIR_OK;
}

static int first_types(weir_ctx *ctx, const weir_expr *e, weir_field *out, int max) {
    (void)ctx, (void)max;
    name_state(out, strncasecmp(e->agg->name, "last", 4) == 0 ? "last" : "first", e->type, true);
    name_state(out + 1, "valueSet", &weir_t_boolean, false);
    return 2;
}

static weir_rc pick(weir_ctx *ctx, weir_agg_call *a, bool last, const weir_column *is_set) {
    for (int64_t i = 0; i < a->len; i++) {
        weir_cell *c = WEIR_SLOT(weir_cell, a, i);
        if (is_set && (weir_is_null(is_set, i) || !WEIR_AT_ROW(uint8_t, is_set, i))) continue;
        if ((c->set && !last) || (a->expr->ignore_nulls && weir_is_null(&a->arg[0], i))) continue;
        WEIR_TRY(weir_cell_store(ctx, a->mem, c, &a->arg[0], i));
    }
    return WEIR_OK;
}

static weir_rc first_update(weir_ctx *ctx, weir_agg_call *a) { return pick(ctx, a, false, NULL); }
static weir_rc last_update(weir_ctx *ctx, weir_agg_call *a) { return pick(ctx, a, true, NULL); }
static weir_rc first_merge(weir_ctx *ctx, weir_agg_call *a) {
    return pick(ctx, a, false, &a->arg[1]);
}
static weir_rc last_merge(weir_ctx *ctx, weir_agg_call *a) {
    return pick(ctx, a, true, &a->arg[1]);
}

static weir_rc first_save(weir_ctx *ctx, const weir_agg_call *a, int64_t from, int64_t n,
                          weir_build *out) {
    WEIR_TRY(cell_save(ctx, a, from, n, out));
    for (int64_t i = from; i < from + n; i++)
        weir_build_bool(&out[1], WEIR_SLOT_AT(weir_cell, a, i)->set);
    return WEIR_OK;
}

#define SUM(s)                                                                                     \
    {                                                                                              \
        "sum", s, 0, sizeof(sum_slot), bind_sum, sum_types, sum_update, sum_merge, sum_save,       \
            sum_finish                                                                             \
    }
#define AVG(n)                                                                                     \
    {                                                                                              \
        n, "(numeric) -> double", 0, sizeof(avg_slot), bind_avg, avg_types, avg_update, avg_merge, \
            avg_save, avg_finish                                                                   \
    }
#define MIN(n, s)                                                                                  \
    {                                                                                              \
        n, s, 0, sizeof(weir_cell), bind_same, min_types, min_update, min_update, cell_save,       \
            cell_finish                                                                            \
    }
#define MAX(n, s)                                                                                  \
    {                                                                                              \
        n, s, 0, sizeof(weir_cell), bind_same, max_types, max_update, max_update, cell_save,       \
            cell_finish                                                                            \
    }
#define FIRST(n)                                                                                   \
    {                                                                                              \
        n, "(any, boolean?) -> any", WEIR_NO_COERCE, sizeof(weir_cell), bind_first, first_types,   \
            first_update, first_merge, first_save, cell_finish                                     \
    }
#define LAST(n)                                                                                    \
    {                                                                                              \
        n, "(any, boolean?) -> any", WEIR_NO_COERCE, sizeof(weir_cell), bind_first, first_types,   \
            last_update, last_merge, first_save, cell_finish                                       \
    }
static const weir_agg_fn agg_fns[] = {
    {"count", "(any...) -> bigint!", WEIR_NO_COERCE, sizeof(int64_t), NULL, count_types,
     count_update, count_merge, count_save, count_finish},
    {"count_if", "(boolean) -> bigint!", 0, sizeof(int64_t), NULL, count_types, count_if_update,
     count_merge, count_save, count_finish},
    SUM("(numeric) -> bigint"),
    SUM("(interval day to second) -> interval day to second"),
    SUM("(interval year to month) -> interval year to month"),
    AVG("avg"),
    AVG("mean"),
    MIN("min", "(any) -> any"),
    MAX("max", "(any) -> any"),
    MIN("bool_and", "(boolean) -> boolean"),
    MIN("every", "(boolean) -> boolean"),
    MAX("bool_or", "(boolean) -> boolean"),
    MAX("some", "(boolean) -> boolean"),
    MAX("any", "(boolean) -> boolean"),
    FIRST("first"),
    FIRST("first_value"),
    FIRST("any_value"),
    LAST("last"),
    LAST("last_value"),
};
WEIR_AGG_FAMILY(weir_agg_family, "agg", agg_fns);
