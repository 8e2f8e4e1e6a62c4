/* Store assignment: what may be stored, and the columns made. See assign.h. Called by plan/ for
 * batches and by delta/ for streams. */
#include "func/assign.h"

#include "func/cast.h"
#include "func/lists.h"
#include "func/text.h"

#include <strings.h>

typedef enum { SAME, ALL_NULL, CAST, TEXT, NESTED } assign_kind;
struct weir_assign {
    assign_kind kind;
    const weir_type *from, *to;
    weir_cast cast;
    const char *column; /* CAST that may overflow: who is named */
    int32_t limit;      /* TEXT: characters */
    bool pads;
    const int *source; /* of a STRUCT */
    struct weir_assign **kid;
};

/* ---- what may be stored ---- */

weir_store_policy weir_store_policy_of(const weir_ctx *ctx) {
    const char *name = weir_conf_get(ctx->conf, "spark.sql.storeAssignmentPolicy");
    if (strcasecmp(name, "LEGACY") == 0) return WEIR_STORE_LEGACY;
    return strcasecmp(name, "STRICT") == 0 ? WEIR_STORE_STRICT : WEIR_STORE_ANSI;
}

static bool is_moment(weir_kind k) {
    return k == WEIR_T_DATE || k == WEIR_T_TIMESTAMP || k == WEIR_T_TIMESTAMP_NTZ;
}

typedef bool pair_rule(const weir_type *, const weir_type *);

static bool nested_pair(const weir_type *f, const weir_type *t, pair_rule *rule) {
    if (f->kind != t->kind || f->nfield != t->nfield) return false;
    for (int i = 0; i < f->nfield; i++)
        if ((f->field[i].nullable && !t->field[i].nullable) ||
            !rule(f->field[i].type, t->field[i].type))
            return false;
    return true;
}

bool weir_can_store(const weir_type *f, const weir_type *t) {
    if (f->kind == WEIR_T_VOID || weir_type_same(f, t)) return true;
    if (weir_type_is_nested(f)) return nested_pair(f, t, weir_can_store);
    if (weir_type_is_numeric(f) && weir_type_is_numeric(t)) return true;
    if (t->kind == WEIR_T_STRING) return true;
    return is_moment(f->kind) && is_moment(t->kind);
}

static int whole_digits(weir_kind k) {
    return k == WEIR_T_BYTE ? 3 : k == WEIR_T_SHORT ? 5 : k == WEIR_T_INT ? 10 : 20;
}

static bool numeric_up_cast(const weir_type *f, const weir_type *t) {
    bool fd = f->kind == WEIR_T_DECIMAL, td = t->kind == WEIR_T_DECIMAL;
    if (fd && td) return t->scale >= f->scale && t->precision - t->scale >= f->precision - f->scale;
    if (td) return weir_type_is_integral(f) && t->precision - t->scale >= whole_digits(f->kind);
    if (fd) { /* SPARK DecimalType.isTighterThan */
        int digits = t->kind == WEIR_T_LONG ? 19 : whole_digits(t->kind);
        return weir_type_is_integral(t) && f->scale == 0 && f->precision < digits;
    }
    return f->kind <= t->kind;
}

bool weir_can_up_cast(const weir_type *f, const weir_type *t) {
    weir_kind a = f->kind, b = t->kind;
    if (a == WEIR_T_VOID || weir_type_same(f, t)) return true;
    if (weir_type_is_nested(f)) return nested_pair(f, t, weir_can_up_cast);
    if (weir_type_is_numeric(f) && weir_type_is_numeric(t)) return numeric_up_cast(f, t);
    if (b == WEIR_T_STRING) return a != WEIR_T_VARIANT;
    if ((a == WEIR_T_LONG && b == WEIR_T_TIMESTAMP) || (a == WEIR_T_TIMESTAMP && b == WEIR_T_LONG))
        return true;
    if (a == b) return a == WEIR_T_INTERVAL_YM || a == WEIR_T_INTERVAL_DT;
    return is_moment(a) && is_moment(b) && b != WEIR_T_DATE;
}

static bool holds_whole_numbers(const weir_type *t) {
    if (weir_type_is_integral(t) || t->kind == WEIR_T_DECIMAL) return true;
    for (int i = 0; i < t->nfield; i++)
        if (holds_whole_numbers(t->field[i].type)) return true;
    return false;
}

/* ---- plans ---- */

static weir_assign *node(weir_arena *a, assign_kind kind, const weir_type *from,
                         const weir_type *to) {
    weir_assign *x = WEIR_NEW(a, weir_assign);
    x->kind = kind;
    x->from = from;
    x->to = to;
    return x;
}

weir_assign *weir_assign_same(weir_arena *a, const weir_type *t) { return node(a, SAME, t, t); }

weir_assign *weir_assign_null(weir_arena *a, const weir_type *to) {
    return node(a, ALL_NULL, &weir_t_void, to);
}

const weir_type *weir_assign_type(const weir_assign *x) { return x->to; }

weir_rc weir_assign_cast(weir_ctx *ctx, const weir_expr *shown, const weir_type *from,
                         const weir_type *to, const char *column, weir_assign **out) {
    bool legacy = weir_store_policy_of(ctx) == WEIR_STORE_LEGACY, ok = true;
    weir_cast_mode mode = legacy ? WEIR_CAST_LEGACY : WEIR_CAST_ANSI;
    if (from->kind == WEIR_T_VOID) return *out = weir_assign_null(ctx->arena, to), WEIR_OK;
    if (weir_type_same(from, to)) return *out = weir_assign_same(ctx->arena, to), WEIR_OK;
    weir_assign *x = node(ctx->arena, CAST, from, to);
    weir_pos *at = weir_memdup(ctx->arena, &shown->at, sizeof *at);
    WEIR_TRY(weir_cast_plan(ctx, from, to, mode, at, &x->cast, &ok));
    if (!ok) {
        weir_expr value = *shown; /* maybe a field of it */
        value.type = from;
        return weir_cast_refuse(ctx, &value, to, mode, true);
    }
    if (!legacy && holds_whole_numbers(to) && !weir_can_up_cast(from, to)) x->column = column;
    *out = x;
    return WEIR_OK;
}

weir_rc weir_assign_leaf(weir_ctx *ctx, const weir_expr *shown, const weir_type *from,
                         const weir_type *to, const char *column, weir_assign **out) {
    if (weir_store_policy_of(ctx) != WEIR_STORE_STRICT || weir_can_up_cast(from, to))
        return weir_assign_cast(ctx, shown, from, to, column, out);
    return weir_fail(
        ctx, WEIR_E_CANNOT_UP_CAST_DATATYPE, "expression", weir_expr_name(ctx->arena, shown),
        "sourceType", weir_printf(ctx->arena, "\"%s\"", weir_type_sql(ctx->arena, from)),
        "targetType", weir_printf(ctx->arena, "\"%s\"", weir_type_sql(ctx->arena, to)), "details",
        "The type path of the target object is:\n\nYou can either add an explicit cast to the "
        "input "
        "data or choose a higher precision type of the field in the target object");
}

weir_assign *weir_assign_text(weir_arena *a, const weir_type *to, weir_assign *then) {
    weir_assign *x = node(a, TEXT, then->from, &weir_t_string);
    x->limit = to->precision;
    x->pads = to->scale == 1;
    x->kid = WEIR_NEW(a, weir_assign *);
    x->kid[0] = then;
    return x;
}

weir_assign *weir_assign_nested(weir_arena *a, const weir_type *from, const weir_type *to,
                                const int *source, weir_assign **kid) {
    bool same = from->nfield == to->nfield;
    for (int i = 0; i < to->nfield && same; i++)
        same = kid[i]->kind == SAME && (!source || source[i] == i) &&
               strcmp(from->field[i].name, to->field[i].name) == 0;
    if (same) return weir_assign_same(a, to);
    weir_assign *x = node(a, NESTED, from, to);
    x->source = source;
    x->kid = kid;
    return x;
}

/* ---- columns ---- */

static weir_rc overflow(weir_ctx *ctx, const weir_assign *x, weir_rc rc) {
    if (rc != WEIR_FAIL || weir_errcls_exception(ctx->err->cls) != WEIR_X_ARITHMETIC) return rc;
    weir_err_clear(ctx->err);
    return weir_fail(ctx, WEIR_E_CAST_OVERFLOW_IN_TABLE_INSERT, "sourceType",
                     weir_printf(ctx->arena, "\"%s\"", weir_type_sql(ctx->arena, x->from)),
                     "targetType",
                     weir_printf(ctx->arena, "\"%s\"", weir_type_sql(ctx->arena, x->to)),
                     "columnName", x->column);
}

/* SPARK CharVarcharCodegenUtils: the bytes of b that fit, or -1. */
static int32_t fitting(weir_bytes b, int32_t limit, int32_t *chars) {
    *chars = weir_utf8_count(b);
    while (*chars > limit && b.len > 0 && b.p[b.len - 1] == ' ') b.len--, --*chars;
    return *chars > limit ? -1 : b.len;
}

/* b with blanks behind it, to so many characters. */
static void put_filled(weir_build *out, weir_str *s, weir_bytes b, int32_t chars, int32_t limit) {
    if (chars >= limit) {
        weir_build_bytes(out, b.p, (size_t)b.len);
        return;
    }
    s->len = 0;
    weir_str_add(s, b.p, (size_t)b.len);
    for (; chars < limit; chars++) weir_str_putc(s, ' ');
    weir_build_bytes(out, s->p, s->len);
}

static weir_rc run_text(weir_ctx *ctx, const weir_assign *x, const weir_column *in,
                        weir_column *out) {
    weir_column text;
    weir_build b;
    weir_str s;
    WEIR_TRY(weir_assign_run(ctx, x->kid[0], in, &text));
    WEIR_TRY(weir_build_init(ctx, &b, &weir_t_string));
    weir_str_init(&s, ctx->arena, INT32_MAX);
    for (int64_t i = 0; i < in->len; i++) {
        if (weir_is_null(&text, i)) {
            weir_build_null(&b);
            continue;
        }
        weir_bytes v = weir_get_bytes(&text, i);
        int32_t chars, n = fitting(v, x->limit, &chars);
        if (n < 0)
            return weir_fail(ctx, WEIR_E_EXCEED_LIMIT_LENGTH, "limit",
                             weir_printf(ctx->arena, "%d", x->limit));
        v.len = n;
        put_filled(&b, &s, v, chars, x->pads ? x->limit : 0);
    }
    return weir_build_finish(ctx, &b, out);
}

static weir_rc fill_texts(weir_ctx *ctx, int32_t limit, const weir_column *in, weir_column *out) {
    weir_build b;
    weir_str s;
    WEIR_TRY(weir_build_init(ctx, &b, &weir_t_string));
    weir_str_init(&s, ctx->arena, INT32_MAX);
    for (int64_t i = 0; i < in->len; i++) {
        if (weir_is_null(in, i)) {
            weir_build_null(&b);
            continue;
        }
        weir_bytes v = weir_get_bytes(in, i);
        put_filled(&b, &s, v, weir_utf8_count(v), limit);
    }
    return weir_build_finish(ctx, &b, out);
}

weir_rc weir_fill_chars(weir_ctx *ctx, const weir_type *chars, const weir_column *in,
                        weir_column *out) {
    weir_column rows;
    bool is_char = chars->kind == WEIR_T_STRING && chars->precision && chars->scale == 1;
    if (is_char && in->len) return fill_texts(ctx, chars->precision, in, out);
    *out = *in;
    if (!weir_type_is_nested(chars) || !in->len) return WEIR_OK;
    WEIR_TRY(weir_column_flatten(ctx, in, &rows));
    *out = rows;
    out->kid = WEIR_NEWN(ctx->arena, weir_column, rows.nkid + 1);
    for (int k = 0; k < rows.nkid; k++)
        WEIR_TRY(weir_fill_chars(ctx, chars->field[k].type, &rows.kid[k], &out->kid[k]));
    return WEIR_OK;
}

static weir_rc run_struct(weir_ctx *ctx, const weir_assign *x, const weir_column *in,
                          weir_column *out) {
    for (int i = 0; i < x->to->nfield; i++) {
        weir_column field, made;
        int from = x->source[i];
        if (from < 0) {
            WEIR_TRY(weir_column_null(ctx, x->to->field[i].type, in->len, &made));
        } else {
            WEIR_TRY(weir_struct_field(ctx, in, from, &field));
            WEIR_TRY(weir_assign_run(ctx, x->kid[i], &field, &made));
        }
        WEIR_TRY(weir_column_flatten(ctx, &made, &out->kid[i]));
        out->kid[i].type = x->to->field[i].type;
    }
    return WEIR_OK;
}

static weir_rc run_list(weir_ctx *ctx, const weir_assign *x, const weir_column *in,
                        weir_column *out) {
    weir_column dense;
    WEIR_TRY(weir_list_dense(ctx, in, &dense));
    out->valid = dense.valid;
    out->data = dense.data;
    for (int i = 0; i < x->to->nfield; i++) {
        weir_column made;
        WEIR_TRY(weir_assign_run(ctx, x->kid[i], &dense.kid[i], &made));
        WEIR_TRY(weir_column_flatten(ctx, &made, &out->kid[i]));
        out->kid[i].type = x->to->field[i].type;
    }
    if (x->to->kind == WEIR_T_ARRAY || x->kid[0]->kind == SAME) return WEIR_OK;
    weir_expr nowhere = {0};
    weir_call c = {.out = out, .len = out->len, .expr = &nowhere};
    return weir_map_check_keys(ctx, &c);
}

static weir_rc run_nested(weir_ctx *ctx, const weir_assign *x, const weir_column *in,
                          weir_column *out) {
    weir_column flat;
    WEIR_TRY(weir_column_flatten(ctx, in, &flat));
    *out = (weir_column){.type = x->to,
                         .form = WEIR_FLAT,
                         .len = flat.len,
                         .valid = flat.valid,
                         .nkid = x->to->nfield,
                         .kid = WEIR_NEWN(ctx->arena, weir_column, x->to->nfield + 1)};
    return x->to->kind == WEIR_T_STRUCT ? run_struct(ctx, x, &flat, out)
                                        : run_list(ctx, x, &flat, out);
}

weir_rc weir_assign_run(weir_ctx *ctx, const weir_assign *x, const weir_column *in,
                        weir_column *out) {
    if (x->kind == SAME) {
        *out = *in;
        out->type = x->to;
        return WEIR_OK;
    }
    if (x->kind == ALL_NULL || in->len == 0) return weir_column_null(ctx, x->to, in->len, out);
    if (x->kind == TEXT) return run_text(ctx, x, in, out);
    if (x->kind == NESTED) return run_nested(ctx, x, in, out);
    weir_rc rc = weir_cast_run(ctx, &x->cast, in, out);
    return x->column ? overflow(ctx, x, rc) : rc;
}

/* ---- as an expression ---- */

static weir_rc k_assign(weir_ctx *ctx, weir_call *c) {
    return weir_assign_run(ctx, c->bound, &c->arg[0], c->out);
}

static const weir_fn fn_assign = {
    "cast", "(any) -> any", k_assign, WEIR_NO_COERCE | WEIR_NULLS_OWN, NULL, 0},
                     fn_assign_lists = {"transform", "(any) -> any", k_assign,
                                        WEIR_NO_COERCE | WEIR_FOLD_NEVER, NULL, 0};

/* SPARK: ArrayTransform does this, which is never folded. */
static bool goes_into_lists(const weir_assign *x) {
    if (x->kind != NESTED) return false;
    bool any = !x->source;
    for (int i = 0; i < x->to->nfield && !any; i++) any = goes_into_lists(x->kid[i]);
    return any;
}

weir_expr *weir_assign_expr(weir_arena *a, weir_expr *arg, const weir_assign *x) {
    if (x->kind == SAME && weir_type_equal(arg->type, x->to)) return arg;
    weir_expr *e = weir_expr_new(a, WEIR_EX_CALL);
    e->type = x->to;
    e->nullable = true;
    e->fn = goes_into_lists(x) ? &fn_assign_lists : &fn_assign;
    e->name = e->fn->name;
    e->bound = (void *)(uintptr_t)x;
    e->state_slot = -1;
    e->narg = 1;
    e->arg = WEIR_NEW(a, weir_expr *);
    e->arg[0] = arg;
    e->deterministic = arg->deterministic;
    e->at = arg->at;
    return e;
}
