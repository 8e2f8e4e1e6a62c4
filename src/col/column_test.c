/* Columns of every type, made from a value function: what take, concat, slice and flatten must give
 * is built anew from the same function, row by row. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include "col/sample.h"

static weir_err err;
static weir_ctx ctx = {.err = &err};
static const weir_type *everything; /* a struct with a field of each type */

static int setup(void **state) {
    (void)state;
    weir_err_init(&err);
    ctx.arena = weir_arena_new(NULL);
    everything = sample_type(ctx.arena);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    weir_arena_free(ctx.arena);
    weir_err_clear(&err);
    return 0;
}

static weir_column make(const weir_type *t, const int64_t *seed, int64_t n, bool nulls) {
    weir_build b;
    weir_column c;
    assert_int_equal(weir_build_init(&ctx, &b, t), WEIR_OK);
    for (int64_t i = 0; i < n; i++) sample_put(&b, seed[i], nulls);
    assert_int_equal(weir_build_finish(&ctx, &b, &c), WEIR_OK);
    return c;
}

static void assert_same(const weir_column *a, const weir_column *b) {
    assert_int_equal(a->len, b->len);
    for (int64_t i = 0; i < a->len; i++) assert_true(sample_same(a, i, b, i));
    assert_int_equal(weir_null_count(a), weir_null_count(b));
}

enum { ROWS = 300 };

static void fill(int64_t *seed, int64_t n, int64_t from) {
    for (int64_t i = 0; i < n; i++) seed[i] = from + i;
}

static void take_any_rows_gives_those_rows(void **state) {
    (void)state;
    int64_t seed[ROWS], idx[ROWS], want[ROWS];
    for (int pass = 0; pass < 4; pass++) {
        fill(seed, ROWS, 0);
        weir_column all = make(everything, seed, ROWS, pass & 1),
                    in = weir_column_slice(&all, 13, ROWS - 13), out;
        for (int i = 0; i < ROWS; i++) {
            idx[i] = sample_mix((uint32_t)i) % (ROWS - 13);
            if (pass & 2 && i % 7 == 0) idx[i] = -1;
            want[i] = idx[i] < 0 ? -1 : idx[i] + 13;
        }
        assert_int_equal(weir_column_take(&ctx, &in, idx, ROWS, &out), WEIR_OK);
        weir_column expect = make(everything, want, ROWS, pass & 1);
        assert_same(&out, &expect);
        assert_int_equal(weir_column_take(&ctx, &in, idx, 0, &out), WEIR_OK);
        assert_int_equal(out.len, 0);
    }
}

static void concat_of_slices_gives_rows_in_order(void **state) {
    (void)state;
    int64_t seed[ROWS];
    fill(seed, ROWS, 100);
    weir_column all = make(everything, seed, ROWS, true), part[5], out;
    const weir_column *ptr[5];
    static const int cut[] = {0, 17, 17, 90, 91, ROWS};
    for (int i = 0; i < 5; i++) {
        part[i] = weir_column_slice(&all, cut[i], cut[i + 1] - cut[i]);
        ptr[i] = &part[i];
    }
    assert_int_equal(weir_column_concat(&ctx, ptr, 5, &out), WEIR_OK);
    assert_int_equal(out.off, 0);
    assert_same(&out, &all);
    seed[0] = 100 + 20;
    weir_column one = make(everything, seed, 1, true), flat = weir_column_slice(&all, 20, 30);
    one.form = WEIR_CONST;
    one.len = 3;
    ptr[0] = &one;
    ptr[1] = &flat;
    assert_int_equal(weir_column_concat(&ctx, ptr, 2, &out), WEIR_OK);
    assert_int_equal(out.len, 33);
    for (int i = 0; i < 3; i++) assert_true(sample_same(&out, i, &all, 20));
    for (int i = 0; i < 30; i++) assert_true(sample_same(&out, 3 + i, &all, 20 + i));
}

static void flatten_const_repeats_the_row(void **state) {
    (void)state;
    int64_t seed[ROWS];
    fill(seed, ROWS, 0);
    weir_column all = make(everything, seed, ROWS, true), in = weir_column_slice(&all, 41, 1), out;
    in.form = WEIR_CONST;
    in.len = 70;
    assert_int_equal(weir_column_flatten(&ctx, &in, &out), WEIR_OK);
    assert_int_equal(out.form, WEIR_FLAT);
    assert_int_equal(out.off, 0);
    for (int i = 0; i < 70; i++) assert_true(sample_same(&out, i, &all, 41));
    assert_int_equal(weir_column_flatten(&ctx, &all, &out), WEIR_OK);
    assert_ptr_equal(out.valid, all.valid);
}

static void null_column_is_null_in_every_row(void **state) {
    (void)state;
    weir_column c, flat;
    const int64_t idx[] = {0, -1, 2};
    assert_int_equal(weir_column_null(&ctx, everything, 5, &c), WEIR_OK);
    for (int k = 0; k < c.nkid; k++) {
        weir_column kid;
        assert_int_equal(weir_column_null(&ctx, c.kid[k].type, 5, &kid), WEIR_OK);
        assert_int_equal(weir_null_count(&kid), 5);
        assert_int_equal(weir_column_flatten(&ctx, &kid, &flat), WEIR_OK);
        assert_int_equal(weir_null_count(&flat), 5);
        assert_int_equal(weir_column_take(&ctx, &kid, idx, 3, &flat), WEIR_OK);
        assert_int_equal(weir_null_count(&flat), 3);
    }
}

static void keep_outlives_the_first_arena(void **state) {
    (void)state;
    weir_arena *longer = ctx.arena, *shorter = weir_arena_new(NULL);
    int64_t seed[ROWS];
    fill(seed, ROWS, 0);
    weir_column expect = make(everything, seed, ROWS, true), one;
    ctx.arena = shorter;
    const weir_type *t = weir_type_copy(shorter, everything);
    weir_column c = make(t, seed, ROWS, true);
    weir_field f = {"c", t, true, NULL};
    weir_batch b = {weir_type_struct(shorter, &f, 1), ROWS, &c}, kept;
    weir_batch_keep(longer, &b, &kept);
    weir_column_keep(longer, &c, &one);
    assert_true(weir_batch_bytes(&b) == weir_batch_bytes(&kept) &&
                weir_batch_bytes(&b) > ROWS * 100);
    ctx.arena = longer;
    weir_arena_free(shorter);
    assert_same(&kept.col[0], &expect);
    assert_same(&one, &expect);
    assert_string_equal(kept.schema->field[0].name, "c");
    assert_true(weir_type_equal(kept.schema->field[0].type, everything));
}

static void batch_take_and_concat_keep_columns_together(void **state) {
    (void)state;
    int64_t seed[4] = {1, 2, 3, 4};
    weir_field f[] = {{"a", &weir_t_int, true, NULL}, {"b", &weir_t_string, true, NULL}};
    weir_schema *s = weir_type_struct(ctx.arena, f, 2);
    weir_column col[2] = {make(&weir_t_int, seed, 4, false), make(&weir_t_string, seed, 4, false)};
    weir_batch b = {s, 4, col}, t, joined;
    const int64_t idx[] = {3, 1};
    assert_int_equal(weir_batch_take(&ctx, &b, idx, 2, &t), WEIR_OK);
    assert_int_equal(t.len, 2);
    const weir_batch *in[] = {&b, &t};
    assert_int_equal(weir_batch_concat(&ctx, s, in, 2, &joined), WEIR_OK);
    assert_int_equal(joined.len, 6);
    for (int i = 0; i < 2; i++) assert_true(sample_same(&joined.col[i], 4, &col[i], 3));
    assert_int_equal(weir_batch_concat(&ctx, s, NULL, 0, &joined), WEIR_OK);
    assert_int_equal(joined.len, 0);
}

static void build_copy_and_truncate_leave_whole_rows(void **state) {
    (void)state;
    int64_t seed[ROWS];
    fill(seed, ROWS, 0);
    weir_column all = make(everything, seed, ROWS, true), out;
    weir_build b;
    assert_int_equal(weir_build_init(&ctx, &b, everything), WEIR_OK);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < ROWS; i++) {
            for (int junk = 0; junk < i % 3; junk++) weir_build_copy(&b, &all, ROWS - 1 - i);
            if (i % 4 == 0)
                weir_build_copy(&b.kid[9], &all.kid[9], i); /* a row given up half way */
            weir_build_truncate(&b, i);
            weir_build_copy(&b, &all, i);
        }
        assert_int_equal(weir_build_finish(&ctx, &b, &out), WEIR_OK);
        assert_same(&out, &all);
    }
}

static void build_beyond_the_budget_fails_at_finish(void **state) {
    (void)state;
    static weir_budget small = {.limit_bytes = 4 << 20};
    weir_ctx limited = ctx;
    weir_build b;
    weir_column out;
    limited.budget = &small;
    weir_budget *before = weir_budget_enter(&small);
    assert_int_equal(weir_build_init(&limited, &b, &weir_t_string), WEIR_OK);
    for (int i = 0; i < 100000; i++)
        weir_build_bytes(&b, "0123456789012345678901234567890123456789012345678901", 52);
    assert_int_equal(weir_build_finish(&limited, &b, &out), WEIR_FAIL);
    assert_int_equal(err.cls, WEIR_E_OUT_OF_MEMORY);
    weir_err_clear(&err);
    weir_build_bytes(&b, "ok", 2);
    assert_int_equal(weir_build_finish(&limited, &b, &out), WEIR_OK);
    assert_int_equal(out.len, 1);
    (void)weir_budget_enter(before);
}

static void compare_orders_as_spark(void **state) {
    (void)state;
    static const double up[] = {-INFINITY, -1.5, 0, 2, INFINITY, NAN};
    weir_build b;
    weir_column c;
    assert_int_equal(weir_build_init(&ctx, &b, &weir_t_double), WEIR_OK);
    weir_build_null(&b);
    for (int i = 0; i < 6; i++) weir_build_f64(&b, up[i]);
    weir_build_f64(&b, -0.0);
    assert_int_equal(weir_build_finish(&ctx, &b, &c), WEIR_OK);
    for (int i = 0; i < 7; i++)
        for (int j = 0; j < 7; j++) assert_int_equal(weir_compare(&c, i, &c, j), (i > j) - (i < j));
    assert_int_equal(weir_compare(&c, 3, &c, 7), 0);
    assert_int_equal(weir_build_init(&ctx, &b, &weir_t_string), WEIR_OK);
    static const char *const words[] = {"", "Z", "a", "ab", "b", "\xc3\xa4"};
    for (int i = 0; i < 6; i++) weir_build_bytes(&b, words[i], strlen(words[i]));
    assert_int_equal(weir_build_finish(&ctx, &b, &c), WEIR_OK);
    for (int i = 0; i < 6; i++)
        for (int j = 0; j < 6; j++) {
            int r = weir_compare(&c, i, &c, j);
            assert_int_equal((r > 0) - (r < 0), (i > j) - (i < j));
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(take_any_rows_gives_those_rows),
        cmocka_unit_test(concat_of_slices_gives_rows_in_order),
        cmocka_unit_test(flatten_const_repeats_the_row),
        cmocka_unit_test(null_column_is_null_in_every_row),
        cmocka_unit_test(keep_outlives_the_first_arena),
        cmocka_unit_test(batch_take_and_concat_keep_columns_together),
        cmocka_unit_test(build_copy_and_truncate_leave_whole_rows),
        cmocka_unit_test(build_beyond_the_budget_fails_at_finish),
        cmocka_unit_test(compare_orders_as_spark),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
