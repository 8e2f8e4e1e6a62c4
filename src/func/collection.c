/* Functions that make lists from lists: distinct, union, sort, slice, flatten, sequence ...
 * Elements are chosen by index and taken at once. SPARK collectionOperations. Called by the
 * evaluator; any thread. */
#include "col/sort.h"
#include "func/datetime.h"
#include "func/elements.h"
#include "func/lists.h"

#include <stdlib.h>
#include <strings.h>

typedef struct two {
    weir_lists l;
    const weir_column *e[2];
} two; /* the element columns of up to two list arguments */

static weir_rc start(weir_ctx *ctx, weir_call *c, two *t, int n) {
    for (int k = 0; k < n; k++) t->e[k] = weir_elements(ctx, &c->arg[k], 0);
    return weir_lists_start(ctx, c, &t->l, t->e, n);
}

static int32_t list(const weir_call *c, int k, int64_t i, int64_t *first) {
    *first = 0;
    return weir_is_null(&c->arg[k], i) ? 0 : weir_get_list(&c->arg[k], i, first);
}

static bool same(const weir_column *a, int64_t i, const weir_column *b, int64_t j) {
    bool n = weir_is_null(a, i), m = weir_is_null(b, j);
    return n || m ? n && m : weir_compare(a, i, b, j) == 0;
}

static bool within(const weir_column *e, int64_t first, int32_t n, const weir_column *x,
                   int64_t row) {
    for (int32_t k = 0; k < n; k++)
        if (same(e, first + k, x, row)) return true;
    return false;
}

typedef enum { DISTINCT, UNION, INTERSECT, EXCEPT } set_op;

static weir_rc sets(weir_ctx *ctx, weir_call *c, set_op op) {
    two t;
    weir_elements_set chosen, other;
    int n = op == DISTINCT ? 1 : 2;
    bool fresh;
    WEIR_TRY(start(ctx, c, &t, n));
    weir_set_init(&chosen, ctx->arena);
    weir_set_init(&other, ctx->arena);
    for (int64_t i = 0; i < c->len; i++) {
        int64_t a, b = 0;
        bool skip = weir_call_null(c, i);
        int32_t na = skip ? 0 : list(c, 0, i, &a), nb = skip || n == 1 ? 0 : list(c, 1, i, &b);
        weir_set_clear(&chosen);
        if (op >= INTERSECT) WEIR_TRY(weir_set_fill(ctx, &other, t.e[1], b, nb));
        for (int32_t k = 0; k < na; k++) {
            if (op >= INTERSECT && weir_set_has(&other, t.e[0], a + k) != (op == INTERSECT))
                continue;
            WEIR_TRY(weir_set_add(ctx, &chosen, t.e[0], a + k, &fresh));
            if (fresh) weir_lists_add(&t.l, 0, a + k);
        }
        for (int32_t k = 0; op == UNION && k < nb; k++) {
            WEIR_TRY(weir_set_add(ctx, &chosen, t.e[1], b + k, &fresh));
            if (fresh) weir_lists_add(&t.l, 1, b + k);
        }
        weir_lists_close(&t.l, i);
    }
    return weir_lists_finish(ctx, c, &t.l, 0);
}
static weir_rc k_distinct(weir_ctx *ctx, weir_call *c) { return sets(ctx, c, DISTINCT); }
static weir_rc k_union(weir_ctx *ctx, weir_call *c) { return sets(ctx, c, UNION); }
static weir_rc k_intersect(weir_ctx *ctx, weir_call *c) { return sets(ctx, c, INTERSECT); }
static weir_rc k_except(weir_ctx *ctx, weir_call *c) { return sets(ctx, c, EXCEPT); }

static weir_rc k_remove(weir_ctx *ctx, weir_call *c) {
    two t;
    WEIR_TRY(start(ctx, c, &t, 1));
    for (int64_t i = 0; i < c->len; i++) {
        int64_t a;
        int32_t n = weir_call_null(c, i) ? 0 : list(c, 0, i, &a);
        for (int32_t k = 0; k < n; k++)
            if (weir_is_null(t.e[0], a + k) || weir_compare(t.e[0], a + k, &c->arg[1], i) != 0)
                weir_lists_add(&t.l, 0, a + k);
        weir_lists_close(&t.l, i);
    }
    return weir_lists_finish(ctx, c, &t.l, 0);
}

static weir_rc k_compact(weir_ctx *ctx, weir_call *c) {
    two t;
    WEIR_TRY(start(ctx, c, &t, 1));
    for (int64_t i = 0; i < c->len; i++) {
        int64_t a;
        int32_t n = list(c, 0, i, &a);
        for (int32_t k = 0; k < n; k++)
            if (!weir_is_null(t.e[0], a + k)) weir_lists_add(&t.l, 0, a + k);
        weir_lists_close(&t.l, i);
    }
    return weir_lists_finish(ctx, c, &t.l, 0);
}

/* array_append, array_prepend: the value's column is the second source. */
static weir_rc extend(weir_ctx *ctx, weir_call *c, bool front) {
    two t;
    t.e[0] = weir_elements(ctx, &c->arg[0], 0);
    t.e[1] = &c->arg[1];
    WEIR_TRY(weir_lists_start(ctx, c, &t.l, t.e, 2));
    uint8_t *bits;
    WEIR_TRY(weir_out_valid(ctx, c, &bits));
    for (int64_t i = 0; i < c->len; i++) {
        int64_t a;
        int32_t n = list(c, 0, i, &a);
        if (weir_is_null(&c->arg[0], i)) {
            weir_bit_clear(bits, i);
        } else {
            if (front) weir_lists_add(&t.l, 1, i);
            for (int32_t k = 0; k < n; k++) weir_lists_add(&t.l, 0, a + k);
            if (!front) weir_lists_add(&t.l, 1, i);
        }
        weir_lists_close(&t.l, i);
    }
    return weir_lists_finish(ctx, c, &t.l, 0);
}
static weir_rc k_append(weir_ctx *ctx, weir_call *c) { return extend(ctx, c, false); }
static weir_rc k_prepend(weir_ctx *ctx, weir_call *c) { return extend(ctx, c, true); }

enum { CHECK = 1 << 16 }; /* elements between looks at the cancellation */

static weir_rc k_repeat(weir_ctx *ctx, weir_call *c) {
    two t;
    t.e[0] = &c->arg[0];
    WEIR_TRY(weir_lists_start(ctx, c, &t.l, t.e, 1));
    uint8_t *bits;
    WEIR_TRY(weir_out_valid(ctx, c, &bits));
    for (int64_t i = 0; i < c->len; i++) {
        int64_t n = weir_is_null(&c->arg[1], i) ? 0 : weir_get_int(&c->arg[1], i);
        if (weir_is_null(&c->arg[1], i)) weir_bit_clear(bits, i);
        for (; n > 0 && !t.l.failed; n--) {
            weir_lists_add(&t.l, 0, i);
            if (n % CHECK == 0) WEIR_TRY(weir_check_cancel(ctx));
        }
        weir_lists_close(&t.l, i);
    }
    return weir_lists_finish(ctx, c, &t.l, 0);
}

/* ---- order ---- */

typedef struct order {
    const weir_column *e;
    int sign;
    bool nulls_last;
} order;

static int by_value(void *u, int64_t a, int64_t b) {
    const order *o = u;
    bool n = weir_is_null(o->e, a), m = weir_is_null(o->e, b);
    if (n || m) return n == m ? 0 : (n ? -1 : 1) * (o->nulls_last ? -1 : 1);
    return weir_compare(o->e, a, o->e, b) * o->sign;
}

static weir_rc sorted(weir_ctx *ctx, weir_call *c, bool array_sort) {
    two t;
    WEIR_TRY(start(ctx, c, &t, 1));
    for (int64_t i = 0; i < c->len; i++) {
        int64_t a, from = t.l.n;
        int32_t n = weir_call_null(c, i) ? 0 : list(c, 0, i, &a);
        bool up = array_sort || c->narg < 2 || WEIR_AT_ROW(uint8_t, &c->arg[1], i);
        order o = {t.e[0], up ? 1 : -1, array_sort || !up};
        for (int32_t k = 0; k < n; k++) weir_lists_add(&t.l, 0, a + k);
        if (!t.l.failed) WEIR_TRY(weir_sort_rows(ctx, t.l.idx + from, n, by_value, &o));
        weir_lists_close(&t.l, i);
    }
    return weir_lists_finish(ctx, c, &t.l, 0);
}
static weir_rc k_sort_array(weir_ctx *ctx, weir_call *c) { return sorted(ctx, c, false); }
static weir_rc k_array_sort(weir_ctx *ctx, weir_call *c) { return sorted(ctx, c, true); }

static weir_rc k_reverse(weir_ctx *ctx, weir_call *c) {
    two t;
    WEIR_TRY(start(ctx, c, &t, 1));
    for (int64_t i = 0; i < c->len; i++) {
        int64_t a;
        for (int32_t k = list(c, 0, i, &a) - 1; k >= 0; k--) weir_lists_add(&t.l, 0, a + k);
        weir_lists_close(&t.l, i);
    }
    return weir_lists_finish(ctx, c, &t.l, 0);
}

static weir_rc k_slice(weir_ctx *ctx, weir_call *c) {
    two t;
    WEIR_TRY(start(ctx, c, &t, 1));
    for (int64_t i = 0; i < c->len; i++) {
        int64_t a = 0, from = 1, len = 0;
        int32_t n = 0;
        if (!weir_call_null(c, i)) {
            n = list(c, 0, i, &a);
            from = weir_get_int(&c->arg[1], i);
            len = weir_get_int(&c->arg[2], i);
        }
        if (from == 0)
            return weir_call_fail(ctx, c, WEIR_E_INVALID_PARAMETER_VALUE_START, "parameter",
                                  "`start`", "functionName", "`slice`");
        if (len < 0)
            return weir_call_fail(ctx, c, WEIR_E_INVALID_PARAMETER_VALUE_LENGTH, "parameter",
                                  "`length`", "functionName", "`slice`", "length",
                                  weir_printf(ctx->arena, "%lld", (long long)len));
        int64_t k = from > 0 ? from - 1 : n + from;
        for (int64_t end = k + len; k >= 0 && k < n && k < end; k++) weir_lists_add(&t.l, 0, a + k);
        weir_lists_close(&t.l, i);
    }
    return weir_lists_finish(ctx, c, &t.l, 0);
}

static weir_rc k_concat(weir_ctx *ctx, weir_call *c) {
    weir_lists l;
    const weir_column **e = WEIR_NEWN(ctx->arena, const weir_column *, c->narg + 1);
    for (int k = 0; k < c->narg; k++) e[k] = weir_elements(ctx, &c->arg[k], 0);
    WEIR_TRY(weir_lists_start(ctx, c, &l, e, c->narg));
    for (int64_t i = 0; i < c->len; i++) {
        for (int k = 0; k < c->narg && !weir_call_null(c, i); k++) {
            int64_t a;
            int32_t n = list(c, k, i, &a);
            for (int32_t x = 0; x < n; x++) weir_lists_add(&l, k, a + x);
        }
        weir_lists_close(&l, i);
    }
    return weir_lists_finish(ctx, c, &l, 0);
}

static weir_rc k_flatten(weir_ctx *ctx, weir_call *c) {
    weir_lists l;
    const weir_column *inner = weir_elements(ctx, &c->arg[0], 0), *e = weir_elements(ctx, inner, 0);
    uint8_t *bits;
    WEIR_TRY(weir_lists_start(ctx, c, &l, &e, 1));
    WEIR_TRY(weir_out_valid(ctx, c, &bits));
    for (int64_t i = 0; i < c->len; i++) {
        int64_t a, b;
        int32_t n = list(c, 0, i, &a);
        for (int32_t k = 0; k < n; k++)
            if (weir_is_null(inner, a + k)) weir_bit_clear(bits, i);
        for (int32_t k = 0; k < n && weir_bit(bits, i); k++) {
            int32_t m = weir_get_list(inner, a + k, &b);
            for (int32_t x = 0; x < m; x++) weir_lists_add(&l, 0, b + x);
        }
        weir_lists_close(&l, i);
    }
    return weir_lists_finish(ctx, c, &l, 0);
}

/* ---- answers about lists ---- */

static weir_rc k_contains(weir_ctx *ctx,
                          weir_call *c) { /* null when absent and the list has nulls */
    const weir_column *e = weir_elements(ctx, &c->arg[0], 0);
    uint8_t *o, *bits;
    WEIR_TRY(weir_out_fixed(ctx, c, &o));
    WEIR_TRY(weir_out_valid(ctx, c, &bits));
    WEIR_EACH(c, i) {
        int64_t a;
        int32_t n = list(c, 0, i, &a);
        bool nulls = false;
        o[i] = 0;
        for (int32_t k = 0; k < n && !o[i]; k++) {
            if (weir_is_null(e, a + k))
                nulls = true;
            else
                o[i] = weir_compare(e, a + k, &c->arg[1], i) == 0;
        }
        if (!o[i] && nulls) weir_bit_clear(bits, i);
    }
    return WEIR_OK;
}

static weir_rc k_map_contains(weir_ctx *ctx, weir_call *c) {
    const weir_column *e = weir_elements(ctx, &c->arg[0], 0);
    uint8_t *o;
    WEIR_TRY(weir_out_fixed(ctx, c, &o));
    WEIR_EACH(c, i) {
        int64_t a;
        int32_t n = list(c, 0, i, &a);
        o[i] = within(e, a, n, &c->arg[1], i);
    }
    return WEIR_OK;
}

static weir_rc k_overlap(weir_ctx *ctx, weir_call *c) {
    const weir_column *x = weir_elements(ctx, &c->arg[0], 0),
                      *y = weir_elements(ctx, &c->arg[1], 0);
    uint8_t *o, *bits;
    weir_elements_set there;
    WEIR_TRY(weir_out_fixed(ctx, c, &o));
    WEIR_TRY(weir_out_valid(ctx, c, &bits));
    weir_set_init(&there, ctx->arena);
    WEIR_EACH(c, i) {
        int64_t a, b;
        int32_t n = list(c, 0, i, &a), m = list(c, 1, i, &b);
        WEIR_TRY(weir_set_fill(ctx, &there, y, b, m));
        bool nulls = false;
        o[i] = 0;
        for (int32_t k = 0; k < n; k++) {
            if (weir_is_null(x, a + k))
                nulls = true;
            else
                o[i] |= weir_set_has(&there, x, a + k);
        }
        for (int32_t k = 0; k < m; k++) nulls |= weir_is_null(y, b + k);
        if (!o[i] && nulls && n && m) weir_bit_clear(bits, i);
    }
    return WEIR_OK;
}

static weir_rc k_position(weir_ctx *ctx, weir_call *c) {
    const weir_column *e = weir_elements(ctx, &c->arg[0], 0);
    int64_t *o;
    WEIR_TRY(weir_out_fixed(ctx, c, &o));
    WEIR_EACH(c, i) {
        int64_t a;
        int32_t n = list(c, 0, i, &a);
        o[i] = 0;
        for (int32_t k = 0; k < n && !o[i]; k++)
            if (!weir_is_null(e, a + k) && weir_compare(e, a + k, &c->arg[1], i) == 0) o[i] = k + 1;
    }
    return WEIR_OK;
}

static weir_rc extreme(weir_ctx *ctx, weir_call *c, int sign) {
    const weir_column *e = weir_elements(ctx, &c->arg[0], 0);
    const weir_type *t = c->out->type;
    int64_t *idx = WEIR_NEWN(ctx->arena, int64_t, c->len);
    for (int64_t i = 0; i < c->len; i++) {
        int64_t a;
        int32_t n = list(c, 0, i, &a);
        idx[i] = -1;
        for (int32_t k = 0; k < n; k++)
            if (!weir_is_null(e, a + k) &&
                (idx[i] < 0 || weir_compare(e, a + k, e, idx[i]) * sign > 0))
                idx[i] = a + k;
    }
    if (e->len == 0 || e->type->kind == WEIR_T_VOID)
        return weir_column_null(ctx, t, c->len, c->out);
    WEIR_TRY(weir_column_take(ctx, e, idx, c->len, c->out));
    c->out->type = t;
    return WEIR_OK;
}
static weir_rc k_max(weir_ctx *ctx, weir_call *c) { return extreme(ctx, c, 1); }
static weir_rc k_min(weir_ctx *ctx, weir_call *c) { return extreme(ctx, c, -1); }

static weir_rc k_join(weir_ctx *ctx, weir_call *c) {
    const weir_column *e = weir_elements(ctx, &c->arg[0], 0);
    weir_build b;
    weir_str s;
    WEIR_TRY(weir_out_start(ctx, c, &b));
    weir_str_init(&s, ctx->arena, INT32_MAX);
    for (int64_t i = 0; i < c->len; i++) {
        int64_t a;
        if (weir_call_null(c, i)) {
            weir_build_null(&b);
            continue;
        }
        int32_t n = list(c, 0, i, &a);
        bool any = false;
        s.len = 0;
        for (int32_t k = 0; k < n; k++) {
            bool null = weir_is_null(e, a + k);
            if (null && c->narg < 3) continue;
            weir_bytes sep = weir_get_bytes(&c->arg[1], i),
                       t = null ? weir_get_bytes(&c->arg[2], i) : weir_get_bytes(e, a + k);
            if (any) weir_str_add(&s, sep.p, (size_t)sep.len);
            weir_str_add(&s, t.p, (size_t)t.len);
            any = true;
        }
        weir_build_bytes(&b, s.p ? s.p : "", s.len);
    }
    return weir_out_build(ctx, c, &b);
}

/* ---- sequence ---- */

enum { SEQUENCE_MAX = 2147483632 };
typedef struct steps {
    int64_t months, days, micros;
} steps;
static const weir_zone *seq_zone(const weir_call *c) { return c->bound; }

static steps step_of(const weir_call *c, int64_t i, bool up) {
    weir_kind k = c->out->type->field[0].type->kind;
    if (c->narg < 3)
        return k == WEIR_T_DATE || k == WEIR_T_TIMESTAMP || k == WEIR_T_TIMESTAMP_NTZ
                   ? (steps){0, up ? 1 : -1, 0}
                   : (steps){0, 0, up ? 1 : -1};
    const weir_column *s = &c->arg[2];
    switch (s->type->kind) {
    case WEIR_T_INTERVAL: {
        weir_interval v = WEIR_AT_ROW(weir_interval, s, i);
        return (steps){v.months, v.days, v.micros};
    }
    case WEIR_T_INTERVAL_YM: return (steps){WEIR_AT_ROW(int32_t, s, i), 0, 0};
    case WEIR_T_INTERVAL_DT: {
        int64_t us = WEIR_AT_ROW(int64_t, s, i);
        return (steps){0, us / WEIR_DAY_US, us % WEIR_DAY_US};
    }
    default: return (steps){0, 0, weir_get_int(s, i)};
    }
}

/* Element n of the sequence; false past any range. */
static bool element(const weir_call *c, int64_t start, steps s, int64_t n, int64_t *out) {
    weir_kind k = c->out->type->field[0].type->kind;
    if (k == WEIR_T_DATE) {
        *out = (s.months ? weir_days_add_months(start, s.months * n) : start) + s.days * n +
               weir_floor_div(s.micros * n, WEIR_DAY_US);
        return true;
    }
    if (k == WEIR_T_TIMESTAMP || k == WEIR_T_TIMESTAMP_NTZ)
        return weir_timestamp_add(start, seq_zone(c), s.months * n, s.days * n, s.micros * n, out);
    int64_t d;
    return !__builtin_mul_overflow(s.micros, n, &d) && !__builtin_add_overflow(start, d, out);
}

static weir_rc k_sequence(weir_ctx *ctx, weir_call *c) {
    weir_build b;
    WEIR_TRY(weir_out_start(ctx, c, &b));
    for (int64_t i = 0; i < c->len; i++) {
        if (weir_call_null(c, i)) {
            weir_build_null(&b);
            continue;
        }
        int64_t from = weir_get_int(&c->arg[0], i), to = weir_get_int(&c->arg[1], i), v = from;
        steps s = step_of(c, i, to >= from);
        int64_t dir = s.months ? s.months : s.days ? s.days : s.micros;
        if (from != to && (dir == 0 || (dir > 0) != (to > from))) {
            const char *step = c->narg > 2 ? weir_value_sql(ctx, &c->arg[2], i) : "1";
            return weir_call_fail(
                ctx, c, WEIR_E_ILLEGAL_ARGUMENT, "message",
                weir_printf(ctx->arena,
                            "requirement failed: Illegal sequence boundaries: %lld to %lld by %s",
                            (long long)from, (long long)to, step));
        }
        for (int64_t n = 0; dir >= 0 ? v <= to : v >= to;) {
            if (n >= SEQUENCE_MAX)
                return weir_call_fail(ctx, c, WEIR_E_COLLECTION_SIZE_LIMIT_EXCEEDED_PARAMETER,
                                      "numberOfElements", "more than 2147483632",
                                      "maxRoundedArrayLength", "2147483632", "parameter",
                                      "(start, stop, step)", "functionName", "`sequence`");
            weir_build_int(&b.kid[0], v);
            if (from == to || !element(c, from, s, ++n, &v) || b.kid[0].failed) break;
            if (n % CHECK == 0) WEIR_TRY(weir_check_cancel(ctx));
        }
        weir_build_list(&b);
    }
    return weir_out_build(ctx, c, &b);
}

static weir_rc bind_sequence(weir_ctx *ctx, weir_expr *e) {
    const weir_type *x = e->arg[0]->type, *t = weir_common_type(ctx, x, e->arg[1]->type);
    bool num = t && weir_type_is_integral(t),
         time = t && (t->kind == WEIR_T_DATE || t->kind == WEIR_T_TIMESTAMP ||
                      t->kind == WEIR_T_TIMESTAMP_NTZ);
    if (e->narg > 2 && num) {
        t = weir_common_type(ctx, t, e->arg[2]->type);
        num = t && weir_type_is_integral(t);
    }
    if (!num && !time)
        return weir_fail(
            ctx, WEIR_E_DATATYPE_MISMATCH_SEQUENCE_WRONG_INPUT_TYPES, "sqlExpr",
            weir_printf(ctx->arena, "\"%s\"", weir_expr_sql(ctx->arena, e)), "functionName",
            "`sequence`", "startType", "(\"TIMESTAMP\" or \"TIMESTAMP_NTZ\" or \"DATE\")",
            "stepType",
            "(\"INTERVAL\" or \"INTERVAL YEAR TO MONTH\" or \"INTERVAL DAY TO SECOND\")",
            "otherStartType", "\"INTEGRAL\"");
    for (int i = 0; i < (num ? e->narg : 2); i++)
        WEIR_TRY(weir_coerce(ctx, e->arg[i], t, &e->arg[i]));
    e->bound =
        (void *)(uintptr_t)(t->kind == WEIR_T_TIMESTAMP ? weir_zone_session(ctx) : weir_zone_utc());
    e->type = weir_type_array(ctx->arena, t, false);
    return WEIR_OK;
}

/* ---- arrays_zip, map_from_entries, map_concat ---- */

static weir_rc k_from_entries(weir_ctx *ctx, weir_call *c) {
    weir_lists k, v;
    const weir_column *e = weir_elements(ctx, &c->arg[0], 0), *ks = &e->kid[0], *vs = &e->kid[1];
    WEIR_TRY(weir_lists_start(ctx, c, &v, &vs, 1));
    WEIR_TRY(weir_lists_start(ctx, c, &k, &ks, 1));
    for (int64_t i = 0; i < c->len; i++) {
        int64_t a;
        int32_t n = list(c, 0, i, &a);
        for (int32_t x = 0; x < n; x++) {
            int64_t row = weir_kid_row(e, a + x);
            if (weir_is_null(ks, row)) return weir_call_fail(ctx, c, WEIR_E_NULL_MAP_KEY, NULL);
            weir_lists_add(&k, 0, row);
            weir_lists_add(&v, 0, row);
        }
        weir_lists_close(&k, i);
    }
    WEIR_TRY(weir_lists_finish(ctx, c, &k, 0));
    WEIR_TRY(weir_lists_finish(ctx, c, &v, 1));
    return weir_map_put_keys(ctx, c);
}

static weir_rc bind_from_entries(weir_ctx *ctx, weir_expr *e) {
    const weir_type *t = e->arg[0]->type, *s = t->kind == WEIR_T_ARRAY ? t->field[0].type : t;
    if (s->kind != WEIR_T_STRUCT || s->nfield != 2)
        return weir_fail(
            ctx, WEIR_E_DATATYPE_MISMATCH_UNEXPECTED_INPUT_TYPE, "sqlExpr",
            weir_printf(ctx->arena, "\"%s\"", weir_expr_sql(ctx->arena, e)), "paramIndex", "first",
            "requiredType", "\"ARRAY\" of pair \"STRUCT\"", "inputSql",
            weir_printf(ctx->arena, "\"%s\"", weir_expr_sql(ctx->arena, e->arg[0])), "inputType",
            weir_printf(ctx->arena, "\"%s\"", weir_type_sql(ctx->arena, t)));
    WEIR_TRY(weir_map_key_check(ctx, e, s->field[0].type));
    e->type = weir_type_map(ctx->arena, s->field[0].type, s->field[1].type, s->field[1].nullable);
    return WEIR_OK;
}

static weir_rc bind_elem(weir_ctx *ctx,
                         weir_expr *e) { /* the result is the first list's type, maybe with nulls */
    const weir_type *t = e->arg[0]->type;
    if (t->kind != WEIR_T_ARRAY) return WEIR_OK;
    bool nulls = t->field[0].nullable;
    for (int i = 1; i < e->narg; i++)
        nulls |= e->arg[i]->type->kind == WEIR_T_ARRAY
                     ? e->arg[i]->type->field[0].nullable
                     : strcasecmp(e->fn->name, "array_remove") &&
                           strcasecmp(e->fn->name, "sort_array") &&
                           strcasecmp(e->fn->name, "slice") && e->arg[i]->nullable;
    if (strcasecmp(e->fn->name, "array_compact") == 0) nulls = false;
    e->type = weir_type_array(ctx->arena, t->field[0].type, nulls);
    return WEIR_OK;
}

static weir_rc bind_flatten(weir_ctx *ctx, weir_expr *e) {
    const weir_type *t = e->arg[0]->type, *in = t->field[0].type;
    e->type = weir_type_array(ctx->arena, in->field[0].type, in->field[0].nullable);
    e->nullable = e->arg[0]->nullable || t->field[0].nullable;
    return WEIR_OK;
}

static weir_rc bind_repeat(weir_ctx *ctx, weir_expr *e) {
    e->type = weir_type_array(ctx->arena, e->arg[0]->type, e->arg[0]->nullable);
    return WEIR_OK;
}

/* What compares elements takes none without an order. SPARK TypeUtils.checkForOrderingExpr */
static weir_rc bind_ordered(weir_ctx *ctx, weir_expr *e) {
    const weir_type *t = e->arg[0]->type;
    if (t->kind != WEIR_T_ARRAY || weir_type_orderable(t)) return WEIR_OK;
    if (strcasecmp(e->fn->name, "sort_array") != 0) t = t->field[0].type;
    return weir_fail(ctx, WEIR_E_DATATYPE_MISMATCH_INVALID_ORDERING_TYPE, "sqlExpr",
                     weir_printf(ctx->arena, "\"%s\"", weir_expr_sql(ctx->arena, e)),
                     "functionName", weir_printf(ctx->arena, "`%s`", e->fn->name), "dataType",
                     weir_printf(ctx->arena, "\"%s\"", weir_type_sql(ctx->arena, t)));
}

static weir_rc bind_ordered_elem(weir_ctx *ctx, weir_expr *e) {
    WEIR_TRY(bind_ordered(ctx, e));
    return bind_elem(ctx, e);
}

#define S WEIR_STRICT
#define SC (WEIR_STRICT | WEIR_CANNOT_FAIL)
static const weir_fn collection_fns[] = {
    {"array_distinct", "(array<T>) -> array<T>", k_distinct, SC, bind_ordered_elem, 0},
    {"array_union", "(array<T>, array<T>) -> array<T>", k_union, SC, bind_ordered_elem, 0},
    {"array_intersect", "(array<T>, array<T>) -> array<T>", k_intersect, SC, bind_ordered_elem, 0},
    {"array_except", "(array<T>, array<T>) -> array<T>", k_except, SC, bind_ordered_elem, 0},
    {"array_remove", "(array<T>, T) -> array<T>", k_remove, SC, bind_ordered_elem, 0},
    {"array_compact", "(array<T>) -> array<T>", k_compact, SC, bind_elem, 0},
    {"array_append", "(array<T>, T) -> array<T>", k_append, WEIR_CANNOT_FAIL, bind_elem, 0},
    {"array_prepend", "(array<T>, T) -> array<T>", k_prepend, WEIR_CANNOT_FAIL, bind_elem, 0},
    {"array_repeat", "(any, int) -> any", k_repeat, WEIR_CANNOT_FAIL, bind_repeat, 0},
    {"sort_array", "(array<T>, boolean?) -> array<T>", k_sort_array, SC, bind_ordered_elem, 0},
    {"array_sort", "(array<T>) -> array<T>", k_array_sort, SC, bind_ordered_elem, 0},
    {"reverse", "(array<T>) -> array<T>", k_reverse, SC, bind_elem, 0},
    {"slice", "(array<T>, int, int) -> array<T>", k_slice, S, bind_elem, 0},
    {"concat", "(array<T>...) -> array<T>", k_concat, S | WEIR_ASKS_ALL, bind_elem, 0},
    {"||", "(array<T>, array<T>) -> array<T>", k_concat, S, bind_elem, 0},
    {"flatten", "(array<array<T>>) -> array<T>", k_flatten, SC | WEIR_NULLABLE, bind_flatten, 0},
    {"array_contains", "(array<T>, T) -> boolean", k_contains, SC | WEIR_NULLABLE, bind_ordered, 0},
    {"map_contains_key", "(map<K,V>, K) -> boolean", k_map_contains, SC, NULL, 0},
    {"arrays_overlap", "(array<T>, array<T>) -> boolean",
     k_overlap, SC | WEIR_NULLABLE, bind_ordered, 0},
    {"array_position", "(array<T>, T) -> bigint", k_position, SC, bind_ordered, 0},
    {"array_min", "(array<T>) -> T", k_min, SC | WEIR_NULLABLE, bind_ordered, 0},
    {"array_max", "(array<T>) -> T", k_max, SC | WEIR_NULLABLE, bind_ordered, 0},
    {"array_join", "(array<string>, string, string?) -> string", k_join, SC, NULL, 0},
    {"sequence", "(any, any, any?) -> any", k_sequence, S | WEIR_NO_COERCE, bind_sequence, 0},
    {"map_from_entries", "(any) -> any", k_from_entries, S | WEIR_NO_COERCE, bind_from_entries, 0},
};
WEIR_FAMILY(weir_collection_family, "collection", collection_fns);
