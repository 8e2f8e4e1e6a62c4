/* Who pays, who is marked, and that all of it comes back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include "base/buf.h"

static weir_err err;

static weir_ctx context(weir_budget *b) {
    weir_err_init(&err);
    (void)weir_budget_enter(b);
    return (weir_ctx){.arena = weir_arena_new(NULL), .err = &err, .budget = b};
}

static void over(weir_ctx *ctx, bool yes) {
    assert_int_equal(weir_check_cancel(ctx), yes ? WEIR_FAIL : WEIR_OK);
    if (yes) assert_int_equal(err.cls, WEIR_E_OUT_OF_MEMORY);
    weir_err_clear(&err);
}

static void arenas_and_buffers_pay_and_are_paid_back(void **state) {
    weir_budget root = {.limit_bytes = 64 << 20}, *b = weir_budget_open(&root);
    weir_ctx ctx = context(b);
    weir_buf *x;
    (void)state;
    assert_int_equal(weir_buf_new(&ctx, 1 << 20, &x), WEIR_OK);
    for (int i = 0; i < 100; i++) (void)weir_alloc(weir_arena_new(ctx.arena), 100000);
    assert_true(atomic_load(&b->held_bytes) >= (1 << 20) + 100 * 100000);
    assert_int_equal(atomic_load(&b->held_bytes), atomic_load(&root.held_bytes));
    over(&ctx, false);
    weir_arena_free(ctx.arena);
    assert_int_equal(atomic_load(&root.held_bytes), 0);
    weir_budget_close(b);
}

static void small_pieces_mark_and_large_ones_fail(void **state) {
    weir_budget root = {.limit_bytes = 64 << 20}, *b = weir_budget_open(&root);
    weir_ctx ctx = context(b);
    weir_buf *x;
    (void)state;
    assert_int_equal(weir_buf_new(&ctx, 60 << 20, &x), WEIR_FAIL);
    weir_err_clear(&err);
    for (int i = 0; i < 60; i++) (void)weir_alloc(ctx.arena, 1 << 20);
    over(&ctx, true);
    weir_arena_free(ctx.arena);
    weir_budget_close(b);
    assert_int_equal(atomic_load(&root.held_bytes), 0);
}

static void the_largest_is_marked_not_its_neighbour(void **state) {
    weir_budget root = {.limit_bytes = 64 << 20}, *a = weir_budget_open(&root),
                *b = weir_budget_open(&root), *c = weir_budget_open(&root);
    weir_ctx one = context(a), two = context(b), three = context(c);
    weir_buf *x;
    (void)state;
    assert_int_equal(weir_buf_new(&one, 40 << 20, &x), WEIR_OK);
    assert_int_equal(weir_buf_new(&two, 23 << 20, &x), WEIR_OK);
    assert_int_equal(weir_buf_new(&three, 2 << 20, &x), WEIR_OK);
    over(&three, false);
    over(&two, false);
    over(&one, true);
    weir_arena_free(one.arena);
    weir_arena_free(two.arena);
    weir_arena_free(three.arena);
    weir_budget_close(a);
    weir_budget_close(b);
    weir_budget_close(c);
    assert_int_equal(atomic_load(&root.held_bytes), 0);
}

static void what_outlives_its_operation_stays_charged(void **state) {
    weir_budget root = {.limit_bytes = 64 << 20}, *a = weir_budget_open(&root);
    weir_ctx ctx = context(a);
    weir_arena *kept = weir_arena_new(NULL);
    weir_buf *x;
    (void)state;
    assert_int_equal(weir_buf_new(&ctx, 1 << 20, &x), WEIR_OK);
    weir_buf_keep(kept, x);
    weir_arena_free(ctx.arena);
    weir_budget_close(a);
    assert_true(weir_budget_open(&root) != a); /* not to be had while something is charged to it */
    assert_true(atomic_load(&root.held_bytes) >= 1 << 20);
    weir_arena_free(kept);
    assert_int_equal(atomic_load(&root.held_bytes), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arenas_and_buffers_pay_and_are_paid_back),
        cmocka_unit_test(small_pieces_mark_and_large_ones_fail),
        cmocka_unit_test(the_largest_is_marked_not_its_neighbour),
        cmocka_unit_test(what_outlives_its_operation_stays_charged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
