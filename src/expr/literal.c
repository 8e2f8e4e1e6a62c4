/* Literals: one-row CONST columns whose buffers are counted like any other, so that a batch may
 * outlive its plan. */
#include "expr/expr.h"

static weir_expr *lit_new(weir_arena *a, const weir_type *t, bool nullable) {
    weir_expr *e = weir_expr_new(a, WEIR_EX_LIT);
    e->type = t;
    e->nullable = nullable;
    e->lit = (weir_column){.type = t, .form = WEIR_CONST, .len = 1};
    return e;
}

/* A buffer of *n zero bytes owned by a, or of none when there is no memory for so many: whose they
 * are is marked then, and ends with the memory error before anybody sees the value. */
static weir_buf *lit_buf(weir_arena *a, int64_t *n) {
    weir_err err;
    weir_err_init(&err);
    weir_ctx c = {.arena = a, .err = &err};
    weir_buf *b = NULL;
    if (weir_buf_zero(&c, *n, &b) != WEIR_OK) {
        weir_budget_mark(weir_arena_budget(a), *n);
        *n = 0;
        weir_assert(weir_buf_zero(&c, 0, &b) == WEIR_OK);
    }
    weir_err_clear(&err);
    return b;
}

weir_expr *weir_lit_null(weir_arena *a, const weir_type *t) {
    weir_err err;
    weir_err_init(&err);
    weir_ctx c = {.arena = a, .err = &err};
    weir_expr *e = lit_new(a, t, true);
    weir_rc rc = weir_column_null(&c, t, 1, &e->lit);
    weir_assert(rc == WEIR_OK);
    e->lit.form = WEIR_CONST;
    weir_err_clear(&err);
    return e;
}

static weir_expr *lit_fixed(weir_arena *a, const weir_type *t, const void *p, size_t n) {
    weir_expr *e = lit_new(a, t, false);
    int64_t room = (int64_t)n;
    e->lit.data = lit_buf(a, &room);
    memcpy(e->lit.data->p, p, n);
    return e;
}

weir_expr *weir_lit_bool(weir_arena *a, bool v) {
    uint8_t b = v;
    return lit_fixed(a, &weir_t_boolean, &b, 1);
}

weir_expr *weir_lit_int(weir_arena *a, const weir_type *t, int64_t v) {
    int width = weir_type_width(t);
    weir_assert(width == 1 || width == 2 || width == 4 || width == 8);
    return lit_fixed(a, t, &v, (size_t)width); /* little-endian */
}

weir_expr *weir_lit_double(weir_arena *a, const weir_type *t, double v) {
    float f = (float)v;
    return t->kind == WEIR_T_FLOAT ? lit_fixed(a, t, &f, 4) : lit_fixed(a, t, &v, 8);
}

weir_expr *weir_lit_decimal(weir_arena *a, int precision, int scale, weir_i128 unscaled) {
    return lit_fixed(a, weir_type_decimal(a, precision, scale), &unscaled, 16);
}

static weir_expr *lit_bytes(weir_arena *a, const weir_type *t, const void *p, size_t n) {
    int64_t room = (int64_t)n;
    weir_buf *heap = lit_buf(a, &room);
    int32_t off[2] = {0, (int32_t)room};
    weir_expr *e = lit_fixed(a, t, off, sizeof off);
    e->lit.heap = heap;
    if (room) memcpy(heap->p, p, (size_t)room);
    return e;
}

weir_expr *weir_lit_string(weir_arena *a, const char *p, size_t n) {
    return lit_bytes(a, &weir_t_string, p, n);
}
weir_expr *weir_lit_binary(weir_arena *a, const void *p, size_t n) {
    return lit_bytes(a, &weir_t_binary, p, n);
}
weir_expr *weir_lit_interval(weir_arena *a, weir_interval v) {
    return lit_fixed(a, &weir_t_interval, &v, sizeof v);
}

weir_expr *weir_lit_column(weir_arena *a, const weir_column *one_row) {
    weir_expr *e = lit_new(a, one_row->type, weir_is_null(one_row, 0));
    weir_column_keep(a, one_row, &e->lit);
    e->lit.form = WEIR_CONST;
    e->lit.len = 1;
    return e;
}
