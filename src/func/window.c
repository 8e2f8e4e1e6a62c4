/* window(), window_time(): time windows of fixed length. Bound at analysis, which also puts a
 * column with the windows below the node that asks for them (plan/generate.c). Any task.
 * SPARK TimeWindow, TimeWindowing, WindowTime */
#include "func/datetime.h"
#include "func/interval.h"
#include "func/loop.h"

typedef struct window {
    int64_t length_us, slide_us, start_us;
    int32_t overlap; /* windows that a time may be in */
} window;

/* Argument i: an integer of microseconds, or the text of an interval without months. */
static weir_rc duration(weir_ctx *ctx, const weir_expr *e, int i, int64_t *out) {
    const weir_expr *a = e->arg[i];
    weir_interval v;
    while (a->kind == WEIR_EX_ALIAS) a = a->arg[0];
    if (a->kind != WEIR_EX_LIT || weir_is_null(&a->lit, 0) ||
        (a->type->kind != WEIR_T_STRING && a->type->kind != WEIR_T_INT &&
         a->type->kind != WEIR_T_LONG))
        return weir_fail(ctx, WEIR_E_WINDOW_NOT_LITERAL, "name", "window");
    if (a->type->kind != WEIR_T_STRING) {
        *out = weir_get_int(&a->lit, 0);
        return WEIR_OK;
    }
    weir_bytes t = weir_get_bytes(&a->lit, 0);
    char *text = weir_strndup(ctx->arena, t.len ? t.p : "", (size_t)t.len);
    if (!weir_interval_parse(text, t.len, &v))
        return weir_fail(ctx, WEIR_E_CANNOT_PARSE_INTERVAL, "intervalString",
                         weir_printf(ctx->arena, "'%s'", text));
    if (v.months != 0) return weir_fail(ctx, WEIR_E_WINDOW_INTERVAL_MONTHS, "interval", text);
    if (__builtin_mul_overflow((int64_t)v.days, WEIR_DAY_US, out) ||
        __builtin_add_overflow(*out, v.micros, out))
        return weir_fail(ctx, WEIR_E_CANNOT_PARSE_INTERVAL, "intervalString",
                         weir_printf(ctx->arena, "'%s'", text));
    return WEIR_OK;
}

/* SPARK TimeWindow shows a literal without its type, durations in microseconds. */
static const char *window_sql(weir_ctx *ctx, const weir_expr *e, const window *w) {
    const char *time = weir_expr_sql(ctx->arena, e->arg[0]), *quote = strchr(time, '\'');
    if (e->arg[0]->kind == WEIR_EX_LIT && quote)
        time = weir_strndup(ctx->arena, quote + 1, strlen(quote + 1) - 1);
    return weir_printf(ctx->arena, "\"window(%s, %lld, %lld, %lld)\"", time,
                       (long long)w->length_us, (long long)w->slide_us, (long long)w->start_us);
}

static weir_rc check_positive(weir_ctx *ctx, const char *sql, const char *name, int64_t v) {
    if (v > 0) return WEIR_OK;
    return weir_fail(ctx, WEIR_E_DATATYPE_MISMATCH_VALUE_OUT_OF_RANGE, "sqlExpr", sql, "exprName",
                     name, "valueRange", "(0, 9223372036854775807]", "currentValue",
                     weir_printf(ctx->arena, "%lldL", (long long)v));
}

static weir_rc check_relation(weir_ctx *ctx, const char *sql, const char *left, int64_t l,
                              const char *must, const char *right, int64_t r) {
    return weir_fail(ctx, WEIR_E_DATATYPE_MISMATCH_PARAMETER_CONSTRAINT_VIOLATION, "sqlExpr", sql,
                     "leftExprName", left, "leftExprValue",
                     weir_printf(ctx->arena, "%lldL", (long long)l), "constraint", must,
                     "rightExprName", right, "rightExprValue",
                     weir_printf(ctx->arena, "%lldL", (long long)r));
}

static bool is_window(const weir_type *t) {
    return t->kind == WEIR_T_STRUCT && t->nfield == 2 && strcmp(t->field[0].name, "start") == 0 &&
           strcmp(t->field[1].name, "end") == 0 &&
           (t->field[0].type->kind == WEIR_T_TIMESTAMP ||
            t->field[0].type->kind == WEIR_T_TIMESTAMP_NTZ);
}

/* The time: a timestamp, what casts to one, or the last instant of another window. */
static weir_rc time_arg(weir_ctx *ctx, weir_expr *e) {
    const weir_type *t = e->arg[0]->type;
    if (is_window(t)) return weir_call_by_name(ctx, "window_time", 1, &e->arg[0], &e->arg[0]);
    switch (t->kind) {
    case WEIR_T_TIMESTAMP:
    case WEIR_T_TIMESTAMP_NTZ: return WEIR_OK;
    case WEIR_T_VOID:
    case WEIR_T_STRING:
    case WEIR_T_DATE: return weir_coerce(ctx, e->arg[0], &weir_t_timestamp, &e->arg[0]);
    default:
        return weir_fn_type_mismatch(ctx, e, 0,
                                     "(\"TIMESTAMP\" or \"TIMESTAMP WITHOUT TIME ZONE\")");
    }
}

static weir_rc bind_window(weir_ctx *ctx, weir_expr *e) {
    window *w = WEIR_NEW(ctx->arena, window);
    WEIR_TRY(time_arg(ctx, e));
    WEIR_TRY(duration(ctx, e, 1, &w->length_us));
    w->slide_us = w->length_us;
    if (e->narg > 2) WEIR_TRY(duration(ctx, e, 2, &w->slide_us));
    if (e->narg > 3) WEIR_TRY(duration(ctx, e, 3, &w->start_us));
    const char *sql = window_sql(ctx, e, w);
    WEIR_TRY(check_positive(ctx, sql, "`window_duration`", w->length_us));
    WEIR_TRY(check_positive(ctx, sql, "`slide_duration`", w->slide_us));
    if (w->slide_us > w->length_us)
        return check_relation(ctx, sql, "`slide_duration`", w->slide_us, "<=",
                              "`window_duration`", w->length_us);
    int64_t start = w->start_us < 0 ? -w->start_us : w->start_us;
    if (start < 0 || start >= w->slide_us)
        return check_relation(ctx, sql, "`abs(start_time)`", start, "<", "`slide_duration`",
                              w->slide_us);
    int64_t overlap = (w->length_us + w->slide_us - 1) / w->slide_us;
    if (overlap > 100000)
        return weir_fail(ctx, WEIR_E_UNSUPPORTED_FEATURE, "feature",
                         "a time in more than 100000 windows; use a longer slide duration");
    w->overlap = (int32_t)overlap;
    const weir_type *t = e->arg[0]->type;
    weir_field f[2] = {{"start", t, true, NULL}, {"end", t, true, NULL}};
    const weir_type *one = weir_type_struct(ctx->arena, f, 2);
    e->type = w->overlap > 1 ? weir_type_array(ctx->arena, one, false) : one;
    e->nullable = e->arg[0]->nullable;
    e->bound = w;
    return WEIR_OK;
}

/* Start of the last window that begins at or before us. */
static int64_t last_start(const window *w, int64_t us) {
    int64_t r = (us - w->start_us) % w->slide_us;
    return us - (r < 0 ? r + w->slide_us : r);
}

static weir_rc tumbling(weir_ctx *ctx, weir_call *c, const window *w) {
    weir_column *kid = WEIR_NEWN(ctx->arena, weir_column, 2);
    const int64_t *in = WEIR_PTR(int64_t, &c->arg[0]);
    bool once = WEIR_ONCE(&c->arg[0]);
    int64_t *at[2];
    for (int k = 0; k < 2; k++) {
        kid[k].type = c->out->type->field[k].type;
        kid[k].len = c->len;
        WEIR_TRY(weir_buf_new(ctx, c->len * 8, &kid[k].data));
        at[k] = (int64_t *)(void *)kid[k].data->p;
    }
    for (int64_t i = 0; i < c->len; i++) {
        int64_t s = weir_call_null(c, i) ? 0 : last_start(w, in[once ? 0 : i]);
        at[0][i] = s;
        at[1][i] = (int64_t)((uint64_t)s + (uint64_t)w->length_us);
    }
    c->out->kid = kid;
    c->out->nkid = 2;
    return WEIR_OK;
}

static weir_rc k_window(weir_ctx *ctx, weir_call *c) {
    const window *w = c->bound;
    weir_build b;
    if (w->overlap == 1) return tumbling(ctx, c, w);
    WEIR_TRY(weir_out_start(ctx, c, &b));
    for (int64_t i = 0; i < c->len; i++) {
        if (weir_is_null(&c->arg[0], i)) {
            weir_build_null(&b);
            continue;
        }
        int64_t us = WEIR_AT_ROW(int64_t, &c->arg[0], i), s = last_start(w, us);
        for (int32_t k = 0; k < w->overlap; k++, s -= w->slide_us) {
            if (us >= s + w->length_us) continue;
            weir_build_i64(&b.kid[0].kid[0], s);
            weir_build_i64(&b.kid[0].kid[1], s + w->length_us);
            weir_build_struct(&b.kid[0]);
        }
        weir_build_list(&b);
    }
    return weir_out_build(ctx, c, &b);
}

static weir_rc bind_window_time(weir_ctx *ctx, weir_expr *e) {
    if (!is_window(e->arg[0]->type)) return weir_fn_type_mismatch(ctx, e, 0, "\"STRUCT\"");
    e->type = e->arg[0]->type->field[1].type;
    e->nullable = e->arg[0]->nullable;
    return WEIR_OK;
}

static weir_rc k_window_time(weir_ctx *ctx, weir_call *c) {
    int64_t *out;
    uint8_t *bits;
    const weir_column *end = &c->arg[0].kid[1];
    WEIR_TRY(weir_out_fixed(ctx, c, &out));
    for (int64_t i = 0; i < c->len; i++) {
        int64_t at = weir_kid_row(&c->arg[0], i);
        bool null = weir_call_null(c, i) || weir_is_null(end, at);
        out[i] = null ? 0 : WEIR_AT_ROW(int64_t, end, at) - 1;
        if (!null || weir_call_null(c, i)) continue;
        WEIR_TRY(weir_out_valid(ctx, c, &bits));
        weir_bit_clear(bits, i);
    }
    return WEIR_OK;
}

/* SPARK SessionWindow: every time opens a session of its own; those that touch are merged by the
 * aggregate. The gap may be an expression: the second argument becomes the end. */
static weir_rc bind_session(weir_ctx *ctx, weir_expr *e) {
    WEIR_TRY(time_arg(ctx, e));
    if (e->arg[1]->type->kind == WEIR_T_STRING || e->arg[1]->type->kind == WEIR_T_VOID)
        WEIR_TRY(
            weir_cast_resolve(ctx, e->arg[1], &weir_t_interval, WEIR_CAST_DEFAULT, &e->arg[1]));
    weir_kind gap = e->arg[1]->type->kind;
    if (gap != WEIR_T_INTERVAL && gap != WEIR_T_INTERVAL_DT && gap != WEIR_T_INTERVAL_YM &&
        !weir_type_equal(e->arg[1]->type, e->arg[0]->type))
        return weir_fn_type_mismatch(ctx, e, 0, "\"INTERVAL\"");
    if (!weir_type_equal(e->arg[1]->type, e->arg[0]->type))
        WEIR_TRY(weir_call_by_name(ctx, "+", 2, e->arg, &e->arg[1]));
    const weir_type *t = e->arg[0]->type;
    weir_field f[2] = {{"start", t, true, NULL}, {"end", t, true, NULL}};
    e->type = weir_type_struct(ctx->arena, f, 2);
    e->nullable = e->arg[0]->nullable || e->arg[1]->nullable;
    return WEIR_OK;
}

static weir_rc k_session(weir_ctx *ctx, weir_call *c) {
    weir_column *kid = WEIR_NEWN(ctx->arena, weir_column, 2);
    for (int k = 0; k < 2; k++) {
        WEIR_TRY(weir_column_flatten(ctx, &c->arg[k], &kid[k]));
        kid[k].type = c->out->type->field[k].type;
    }
    c->out->kid = kid;
    c->out->nkid = 2;
    return WEIR_OK;
}

static const weir_fn window_fns[] = {
    {"session_window", "(any, any) -> any", k_session, WEIR_STRICT | WEIR_NO_COERCE, bind_session,
     0},
    {"window", "(any, any, any?, any?) -> any", k_window, WEIR_STRICT | WEIR_NO_COERCE, bind_window,
     0},
    {"window_time", "(any) -> any", k_window_time, WEIR_STRICT | WEIR_NO_COERCE, bind_window_time,
     0},
};
WEIR_FAMILY(weir_window_family, "window", window_fns);
