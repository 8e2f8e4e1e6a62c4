/* Aggregates of moments (stddev, variance), extremes by another value (max_by, min_by) and lists
 * (collect_list, collect_set). Called by the aggregate operators on the thread that owns the slots.
 */
#include "func/cell.h"

#include <math.h>
#include <strings.h>

static void name_state(weir_field *f, const char *name, const weir_type *t, bool nullable) {
    *f = (weir_field){name, t, nullable, NULL};
}

static weir_rc begin(weir_ctx *ctx, const weir_agg_call *a, int64_t n, weir_build *b) {
    WEIR_TRY(weir_build_init(ctx, b, a->expr->type));
    return weir_build_reserve(b, n);
}

/* ---- moments: SPARK CentralMomentAgg (Welford, Chan) ---- */

typedef struct moment {
    double n, avg, m2;
} moment;

static int moment_types(weir_ctx *ctx, const weir_expr *e, weir_field *out, int max) {
    (void)ctx, (void)e, (void)max;
    name_state(out, "n", &weir_t_double, false);
    name_state(out + 1, "avg", &weir_t_double, false);
    name_state(out + 2, "m2", &weir_t_double, false);
    return 3;
}

static weir_rc moment_update(weir_ctx *ctx, weir_agg_call *a) {
    (void)ctx;
    for (int64_t i = 0; i < a->len; i++) {
        if (weir_is_null(&a->arg[0], i)) continue;
        moment *m = WEIR_SLOT(moment, a, i);
        double delta = WEIR_AT_ROW(double, &a->arg[0], i) - m->avg, part;
        m->n += 1;
        part = delta / m->n;
        m->avg += part;
        m->m2 += delta * (delta - part);
    }
    return WEIR_OK;
}

static weir_rc moment_merge(weir_ctx *ctx, weir_agg_call *a) {
    (void)ctx;
    for (int64_t i = 0; i < a->len; i++) {
        moment *m = WEIR_SLOT(moment, a, i);
        double n2 = WEIR_AT_ROW(double, &a->arg[0], i), n1 = m->n, n = n1 + n2;
        double delta = WEIR_AT_ROW(double, &a->arg[1], i) - m->avg, part = n == 0 ? 0 : delta / n;
        m->n = n;
        m->avg += part * n2;
        m->m2 += WEIR_AT_ROW(double, &a->arg[2], i) + delta * part * n1 * n2;
    }
    return WEIR_OK;
}

static weir_rc moment_save(weir_ctx *ctx, const weir_agg_call *a, int64_t from, int64_t n,
                           weir_build *out) {
    (void)ctx;
    for (int64_t i = from; i < from + n; i++) {
        const moment *m = WEIR_SLOT_AT(moment, a, i);
        weir_build_f64(&out[0], m->n);
        weir_build_f64(&out[1], m->avg);
        weir_build_f64(&out[2], m->m2);
    }
    return WEIR_OK;
}

static weir_rc moment_finish(weir_ctx *ctx, const weir_agg_call *a, int64_t from, int64_t n,
                             weir_column *out) {
    const char *name = a->expr->agg->name;
    bool pop = strstr(name, "pop") != NULL, root = strncasecmp(name, "std", 3) == 0;
    weir_build b;
    WEIR_TRY(begin(ctx, a, n, &b));
    for (int64_t i = from; i < from + n; i++) {
        const moment *m = WEIR_SLOT_AT(moment, a, i);
        double v = m->m2 / (pop ? m->n : m->n - 1);
        if (m->n == 0 || (!pop && m->n == 1))
            weir_build_null(&b);
        else
            weir_build_f64(&b, root ? sqrt(v) : v);
    }
    return weir_build_finish(ctx, &b, out);
}

static weir_rc bind_nullable(weir_ctx *ctx, weir_expr *e) {
    (void)ctx;
    e->nullable = true;
    return WEIR_OK;
}

/* ---- max_by, min_by ---- */

typedef struct by_slot {
    weir_cell value, key;
} by_slot;

static weir_rc bind_by(weir_ctx *ctx, weir_expr *e) {
    e->type = e->arg[0]->type;
    e->nullable = true;
    if (weir_type_orderable(e->arg[1]->type)) return WEIR_OK;
    return weir_fail(ctx, WEIR_E_DATATYPE_MISMATCH_INVALID_ORDERING_TYPE, "sqlExpr",
                     weir_printf(ctx->arena, "\"%s\"", weir_expr_sql(ctx->arena, e)),
                     "functionName", weir_printf(ctx->arena, "`%s`", e->name), "dataType",
                     weir_printf(ctx->arena, "\"%s\"", weir_type_sql(ctx->arena, e->arg[1]->type)));
}

static int by_types(weir_ctx *ctx, const weir_expr *e, weir_field *out, int max) {
    (void)ctx, (void)max;
    name_state(out, "valueWithExtremumOrdering", e->arg[0]->type, true);
    name_state(out + 1, "extremumOrdering", e->arg[1]->type, true);
    return 2;
}

static weir_rc by_rows(weir_ctx *ctx, weir_agg_call *a,
                       int sign) { /* also merges: the state has the arguments' shape */
    for (int64_t i = 0; i < a->len; i++) {
        by_slot *s = WEIR_SLOT(by_slot, a, i);
        if (weir_is_null(&a->arg[1], i)) continue;
        if (s->key.set && weir_cell_compare(&s->key, &a->arg[1], i) * sign > 0) continue;
        WEIR_TRY(weir_cell_store(ctx, a->mem, &s->key, &a->arg[1], i));
        WEIR_TRY(weir_cell_store(ctx, a->mem, &s->value, &a->arg[0], i));
    }
    return WEIR_OK;
}
static weir_rc max_by(weir_ctx *ctx, weir_agg_call *a) { return by_rows(ctx, a, 1); }
static weir_rc min_by(weir_ctx *ctx, weir_agg_call *a) { return by_rows(ctx, a, -1); }

static weir_rc by_save(weir_ctx *ctx, const weir_agg_call *a, int64_t from, int64_t n,
                       weir_build *out) {
    (void)ctx;
    for (int64_t i = from; i < from + n; i++) {
        weir_cell_append(&WEIR_SLOT_AT(by_slot, a, i)->value, a->expr->arg[0]->type, &out[0]);
        weir_cell_append(&WEIR_SLOT_AT(by_slot, a, i)->key, a->expr->arg[1]->type, &out[1]);
    }
    return WEIR_OK;
}

static weir_rc by_finish(weir_ctx *ctx, const weir_agg_call *a, int64_t from, int64_t n,
                         weir_column *out) {
    weir_build b;
    WEIR_TRY(begin(ctx, a, n, &b));
    for (int64_t i = from; i < from + n; i++)
        weir_cell_append(&WEIR_SLOT_AT(by_slot, a, i)->value, a->expr->type, &b);
    return weir_build_finish(ctx, &b, out);
}

/* ---- collect_list, collect_set: the state is the list itself ---- */

static bool is_set(const weir_expr *e) { return strcasecmp(e->agg->name, "collect_set") == 0; }

static weir_rc bind_collect(weir_ctx *ctx, weir_expr *e) {
    e->type = weir_type_array(ctx->arena, e->arg[0]->type, false);
    e->nullable = false;
    if (!is_set(e) || weir_type_orderable(e->arg[0]->type)) return WEIR_OK;
    return weir_fail(
        ctx, WEIR_E_UNSUPPORTED_EXPR, "feature",
        "collect_set of maps. Collect a list, or turn the map into an array of entries.");
}

static int collect_types(weir_ctx *ctx, const weir_expr *e, weir_field *out, int max) {
    (void)ctx, (void)max;
    name_state(out, "buf", e->type, true);
    return 1;
}

static weir_rc collect_one(weir_ctx *ctx, weir_agg_call *a, weir_cells *s, const weir_column *x,
                           int64_t row) {
    int64_t at;
    if (weir_is_null(x, row)) return WEIR_OK;
    return is_set(a->expr) ? weir_cells_find(ctx, a->mem, s, x, row, &at)
                           : weir_cells_add(ctx, a->mem, s, x, row);
}

static weir_rc collect_update(weir_ctx *ctx, weir_agg_call *a) {
    for (int64_t i = 0; i < a->len; i++)
        WEIR_TRY(collect_one(ctx, a, WEIR_SLOT(weir_cells, a, i), &a->arg[0], i));
    return WEIR_OK;
}

static weir_rc collect_merge(weir_ctx *ctx, weir_agg_call *a) {
    for (int64_t i = 0; i < a->len; i++) {
        int64_t first;
        int32_t n = weir_is_null(&a->arg[0], i) ? 0 : weir_get_list(&a->arg[0], i, &first);
        for (int32_t k = 0; k < n; k++)
            WEIR_TRY(
                collect_one(ctx, a, WEIR_SLOT(weir_cells, a, i), &a->arg[0].kid[0], first + k));
    }
    return WEIR_OK;
}

static weir_rc collect_save(weir_ctx *ctx, const weir_agg_call *a, int64_t from, int64_t n,
                            weir_build *out) {
    (void)ctx;
    for (int64_t i = from; i < from + n; i++) {
        const weir_cells *s = WEIR_SLOT_AT(weir_cells, a, i);
        for (int64_t k = 0; k < s->n; k++)
            weir_cell_append(&s->v[k], a->expr->arg[0]->type, &out->kid[0]);
        weir_build_list(out);
    }
    return WEIR_OK;
}

static weir_rc collect_finish(weir_ctx *ctx, const weir_agg_call *a, int64_t from, int64_t n,
                              weir_column *out) {
    weir_build b;
    WEIR_TRY(begin(ctx, a, n, &b));
    WEIR_TRY(collect_save(ctx, a, from, n, &b));
    return weir_build_finish(ctx, &b, out);
}

/* ---- listagg: a list of texts, put together at the end ---- */

static weir_rc bind_listagg(weir_ctx *ctx, weir_expr *e) {
    weir_column d;
    weir_bytes *delimiter = WEIR_NEW(ctx->arena, weir_bytes);
    if (e->narg > 1) {
        if (e->arg[1]->kind != WEIR_EX_LIT)
            return weir_fail(
                ctx, WEIR_E_DATATYPE_MISMATCH_NON_FOLDABLE_INPUT, "sqlExpr",
                weir_printf(ctx->arena, "\"%s\"", weir_expr_sql(ctx->arena, e)), "inputName",
                "`delimiter`", "inputType", "\"STRING\"", "inputExpr",
                weir_printf(ctx->arena, "\"%s\"", weir_expr_sql(ctx->arena, e->arg[1])));
        WEIR_TRY(weir_eval_const(ctx, e->arg[1], &d));
        if (!weir_is_null(&d, 0)) *delimiter = weir_get_bytes(&d, 0);
    }
    e->bound = delimiter;
    e->nullable = true;
    return WEIR_OK;
}

static int listagg_types(weir_ctx *ctx, const weir_expr *e, weir_field *out, int max) {
    (void)max;
    name_state(out, "buf", weir_type_array(ctx->arena, e->arg[0]->type, false), true);
    return 1;
}

static weir_rc listagg_finish(weir_ctx *ctx, const weir_agg_call *a, int64_t from, int64_t n,
                              weir_column *out) {
    const weir_bytes *d = a->bound;
    weir_build b;
    weir_str t;
    WEIR_TRY(begin(ctx, a, n, &b));
    weir_str_init(&t, ctx->arena, 1u << 30);
    for (int64_t i = from; i < from + n; i++) {
        const weir_cells *s = WEIR_SLOT_AT(weir_cells, a, i);
        t.len = 0;
        for (int64_t k = 0; k < s->n; k++) {
            if (k && d->len) weir_str_add(&t, d->p, (size_t)d->len);
            if (s->v[k].len) weir_str_add(&t, s->v[k].u.p, (size_t)s->v[k].len);
        }
        if (s->n)
            weir_build_bytes(&b, t.len ? t.p : "", t.len);
        else
            weir_build_null(&b);
    }
    return weir_build_finish(ctx, &b, out);
}

#define LISTAGG(n)                                                                                 \
    {                                                                                              \
        n, "(string, string?) -> string", WEIR_AGG_LIST, sizeof(weir_cells), bind_listagg,         \
            listagg_types, collect_update, collect_merge, collect_save, listagg_finish             \
    }
#define MOMENT(n)                                                                                  \
    {                                                                                              \
        n, "(double) -> double", 0, sizeof(moment), bind_nullable, moment_types, moment_update,    \
            moment_merge, moment_save, moment_finish                                               \
    }
#define COLLECT(n)                                                                                 \
    {                                                                                              \
        n, "(any) -> any", WEIR_AGG_LIST, sizeof(weir_cells), bind_collect, collect_types,         \
            collect_update, collect_merge, collect_save, collect_finish                            \
    }
static const weir_agg_fn agg_more_fns[] = {
    MOMENT("stddev"),
    MOMENT("stddev_samp"),
    MOMENT("stddev_pop"),
    MOMENT("std"),
    MOMENT("variance"),
    MOMENT("var_samp"),
    MOMENT("var_pop"),
    {"max_by", "(any, any) -> any", 0, sizeof(by_slot), bind_by, by_types, max_by, max_by, by_save,
     by_finish},
    {"min_by", "(any, any) -> any", 0, sizeof(by_slot), bind_by, by_types, min_by, min_by, by_save,
     by_finish},
    COLLECT("collect_list"),
    COLLECT("array_agg"),
    COLLECT("collect_set"),
    LISTAGG("listagg"),
    LISTAGG("string_agg"),
};
WEIR_AGG_FAMILY(weir_agg_more_family, "agg_more", agg_more_fns);
