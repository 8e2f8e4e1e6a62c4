/* Rows to bytes and back: every type against itself, against bytes written down from the format and
 * against rows Apache Spark 4.3 wrote (test/golden/state/unsafe_rows.txt); and bytes that are no
 * rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include "codec/unsafe_row.h"
#include "col/sample.h"

static weir_err err;
static weir_ctx ctx = {.err = &err};

static int setup(void **state) {
    (void)state;
    weir_err_init(&err);
    ctx.arena = weir_arena_new(NULL);
    ctx.env = weir_env_real();
    return 0;
}

static int teardown(void **state) {
    (void)state;
    weir_arena_free(ctx.arena);
    weir_err_clear(&err);
    return 0;
}

static weir_column sample(const weir_type *t, int64_t n, bool nulls) {
    weir_build b;
    weir_column c;
    assert_int_equal(weir_build_init(&ctx, &b, t), WEIR_OK);
    for (int64_t i = 0; i < n; i++) sample_put(&b, i, nulls);
    assert_int_equal(weir_build_finish(&ctx, &b, &c), WEIR_OK);
    return c;
}

static weir_schema *schema_of(const weir_type *t) {
    weir_field f = {"c", t, true, NULL};
    return weir_type_struct(ctx.arena, &f, 1);
}

static weir_schema *from_json(const char *text, size_t len) {
    const weir_type *t;
    assert_int_equal(weir_type_from_json(&ctx, text, len, &t), WEIR_OK);
    return t;
}

static weir_rowset encode(weir_schema *s, const weir_column *col, int64_t n) {
    weir_rowset out;
    assert_int_equal(weir_urow_encode(&ctx, s, col, n, &out), WEIR_OK);
    assert_int_equal(out.n, n);
    assert_int_equal(out.off[0], 0);
    return out;
}

static weir_bytes *rows_of(const weir_rowset *r) {
    weir_bytes *row = WEIR_NEWN(ctx.arena, weir_bytes, r->n + 1);
    for (int64_t i = 0; i < r->n; i++) row[i] = weir_rowset_at(r, i);
    return row;
}

static weir_column *decode(weir_schema *s, const weir_bytes *row, int64_t n) {
    weir_column *col = WEIR_NEWN(ctx.arena, weir_column, s->nfield + 1);
    weir_rc rc = weir_urow_decode(&ctx, s, row, n, col);
    if (rc != WEIR_OK) print_error("%s\n", err.msg);
    assert_int_equal(rc, WEIR_OK);
    return col;
}

static void assert_bytes(weir_bytes a, weir_bytes b) {
    assert_int_equal(a.len, b.len);
    if (a.len) assert_memory_equal(a.p, b.p, a.len);
}

static weir_bytes unhex(const char *hex, size_t digits) {
    char *p = WEIR_NEWN(ctx.arena, char, digits / 2 + 1), two[3] = {0};
    for (size_t i = 0; i + 1 < digits; i += 2) {
        memcpy(two, hex + i, 2);
        p[i / 2] = (char)strtoul(two, NULL, 16);
    }
    return (weir_bytes){p, (int32_t)(digits / 2)};
}

static void assert_hex(weir_bytes got, const char *hex) {
    char plain[2048];
    size_t n = 0;
    for (; *hex; hex++)
        if (*hex != ' ') plain[n++] = *hex;
    assert_bytes(got, unhex(plain, n));
}

/* --- round trips -------------------------------------------------------------------------------
 */

static void round_trip(weir_schema *s, const weir_column *col, int64_t n) {
    weir_rowset rows = encode(s, col, n);
    weir_column *back = decode(s, rows_of(&rows), n);
    for (int k = 0; k < s->nfield; k++)
        for (int64_t i = 0; i < n; i++) assert_true(sample_same(&col[k], i, &back[k], i));
    weir_rowset again = encode(s, back, n);
    for (int64_t i = 0; i < n; i++)
        assert_bytes(weir_rowset_at(&rows, i), weir_rowset_at(&again, i));
}

enum { ROWS = 300 };

static void rows_of_every_type_come_back(void **state) {
    (void)state;
    const weir_type *all = sample_type(ctx.arena);
    for (int nulls = 0; nulls < 2; nulls++) {
        weir_column c = sample(all, ROWS, nulls);
        round_trip(schema_of(all), &c, ROWS);
        round_trip(schema_of(weir_type_array(ctx.arena, all, true)),
                   (weir_column[]){sample(weir_type_array(ctx.arena, all, true), ROWS, nulls)},
                   ROWS);
        c = sample(all, ROWS, false);
        round_trip(all, c.kid, ROWS);
        round_trip(all, c.kid, 0);
        for (int k = 0; k < all->nfield; k++) {
            c = sample(all->field[k].type, ROWS, nulls);
            round_trip(schema_of(all->field[k].type), &c, ROWS);
        }
    }
}

static void wide_rows_come_back(void **state) {
    (void)state;
    const int width[] = {1, 63, 64, 65, 128, 129};
    const weir_type *kind[] = {&weir_t_long, &weir_t_string, &weir_t_void, &weir_t_boolean,
                               weir_type_decimal(ctx.arena, 9, 2)};
    for (size_t w = 0; w < sizeof width / sizeof *width; w++) {
        weir_field f[129];
        weir_column col[129];
        for (int k = 0; k < width[w]; k++) {
            f[k] = (weir_field){"c", kind[k % 5], true, NULL};
            if (k % 5 < 4) {
                col[k] = sample(f[k].type, 20, true);
                continue;
            }
            weir_build b;
            assert_int_equal(weir_build_init(&ctx, &b, f[k].type), WEIR_OK);
            for (int i = 0; i < 20; i++) weir_build_dec(&b, i % 2 ? i * k : -i * k);
            assert_int_equal(weir_build_finish(&ctx, &b, &col[k]), WEIR_OK);
        }
        round_trip(weir_type_struct(ctx.arena, f, width[w]), col, 20);
    }
}

static void slices_and_constants_give_the_same_bytes(void **state) {
    (void)state;
    const weir_type *all = sample_type(ctx.arena);
    for (int nulls = 0; nulls < 2; nulls++) {
        weir_schema *s = schema_of(all);
        weir_column c = sample(all, ROWS, nulls), part = weir_column_slice(&c, 17, 100);
        weir_rowset whole = encode(s, &c, ROWS), some = encode(s, &part, 100);
        for (int64_t i = 0; i < 100; i++)
            assert_bytes(weir_rowset_at(&some, i), weir_rowset_at(&whole, 17 + i));
        for (int64_t from = 40; from < 60; from++) {
            part = weir_column_slice(&c, from, 1);
            part.form = WEIR_CONST;
            part.len = 7;
            some = encode(s, &part, 7);
            for (int64_t i = 0; i < 7; i++)
                assert_bytes(weir_rowset_at(&some, i), weir_rowset_at(&whole, from));
        }
        weir_column null;
        assert_int_equal(weir_column_null(&ctx, all, 5, &null), WEIR_OK);
        some = encode(s, &null, 5);
        for (int64_t i = 0; i < 5; i++)
            assert_hex(weir_rowset_at(&some, i), "0100000000000000 0000000000000000");
    }
}

static void what_hangs_below_a_null_is_not_written(void **state) {
    (void)state;
    const weir_type *t[] = {weir_type_array(ctx.arena, &weir_t_string, true),
                            sample_type(ctx.arena)};
    for (int k = 0; k < 2; k++) {
        weir_column c = sample(t[k], 64, false);
        weir_column plain = c;
        assert_int_equal(weir_buf_zero(&ctx, 8, &c.valid), WEIR_OK);
        c.valid->p[1] = 0x55;
        weir_schema *s = schema_of(t[k]);
        weir_rowset with = encode(s, &c, 64), without = encode(s, &plain, 64);
        for (int64_t i = 0; i < 64; i++)
            if (i / 8 == 1 && i % 2 == 0)
                assert_bytes(weir_rowset_at(&with, i), weir_rowset_at(&without, i));
            else
                assert_hex(weir_rowset_at(&with, i), "0100000000000000 0000000000000000");
    }
}

/* --- bytes -------------------------------------------------------------------------------------
 */

static void rows_have_the_bytes_of_the_format(void **state) {
    (void)state;
    static const char json[] =
        "{\"type\":\"struct\",\"fields\":["
        "{\"name\":\"i\",\"type\":\"integer\",\"nullable\":true,\"metadata\":{}},"
        "{\"name\":\"s\",\"type\":\"string\",\"nullable\":true,\"metadata\":{}},"
        "{\"name\":\"a\",\"type\":{\"type\":\"array\",\"elementType\":\"short\","
        "\"containsNull\":true},\"nullable\":true,\"metadata\":{}},"
        "{\"name\":\"d\",\"type\":\"decimal(20,2)\",\"nullable\":true,\"metadata\":{}}]}";
    weir_schema *s = from_json(json, sizeof json - 1);
    weir_build b;
    weir_column c;
    assert_int_equal(weir_build_init(&ctx, &b, s), WEIR_OK);
    weir_build_i32(&b.kid[0], -2);
    weir_build_bytes(&b.kid[1], "abcdefghi", 9);
    weir_build_i16(&b.kid[2].kid[0], 5);
    weir_build_null(&b.kid[2].kid[0]);
    weir_build_i16(&b.kid[2].kid[0], -1);
    weir_build_list(&b.kid[2]);
    weir_build_dec(&b.kid[3], -129);
    weir_build_struct(&b);
    for (int k = 0; k < 4; k++) weir_build_null(&b.kid[k]);
    weir_build_struct(&b);
    assert_int_equal(weir_build_finish(&ctx, &b, &c), WEIR_OK);
    weir_rowset r = encode(s, c.kid, 2);
    assert_hex(weir_rowset_at(&r, 0), "0000000000000000 feffffff00000000 0900000028000000"
                                      "1800000038000000 0200000050000000 6162636465666768"
                                      "6900000000000000 0300000000000000 0200000000000000"
                                      "05000000ffff0000 ff7f000000000000 0000000000000000");
    assert_hex(weir_rowset_at(&r, 1), "0f00000000000000 0000000000000000 0000000000000000"
                                      "0000000000000000 0000000028000000 0000000000000000"
                                      "0000000000000000");
    assert_int_equal(weir_urow_i64(weir_rowset_at(&r, 0), 4, 0), 0xfffffffe);
    assert_true(weir_urow_null(weir_rowset_at(&r, 1), 3));
    assert_false(weir_urow_null(weir_rowset_at(&r, 0), 3));
    assert_bytes(weir_urow_nested(weir_rowset_at(&r, 0), 4, 1), (weir_bytes){"abcdefghi", 9});
}

static void a_schema_without_fields_gives_no_bytes(void **state) {
    (void)state;
    weir_schema *s = weir_type_struct(ctx.arena, NULL, 0);
    weir_rowset r = encode(s, NULL, 3);
    assert_int_equal(r.off[3], 0);
    assert_int_equal(weir_urow_decode(&ctx, s, (weir_bytes[3]){{NULL, 0}}, 3, NULL), WEIR_OK);
}

static void nans_become_one_and_zeros_keep_their_sign(void **state) {
    (void)state;
    const uint64_t nan[] = {0xfff8000000000123, 0x7ff0000000000001, 0x8000000000000000};
    const uint32_t nanf[] = {0xffc00001, 0x7f800001, 0x80000000};
    weir_field f[] = {{"d", &weir_t_double, true, NULL}, {"f", &weir_t_float, true, NULL}};
    weir_column c[] = {{.type = &weir_t_double, .len = 3}, {.type = &weir_t_float, .len = 3}};
    assert_int_equal(weir_buf_wrap(&ctx, nan, sizeof nan, NULL, NULL, &c[0].data), WEIR_OK);
    assert_int_equal(weir_buf_wrap(&ctx, nanf, sizeof nanf, NULL, NULL, &c[1].data), WEIR_OK);
    weir_rowset r = encode(weir_type_struct(ctx.arena, f, 2), c, 3);
    for (int i = 0; i < 2; i++)
        assert_hex(weir_rowset_at(&r, i), "0000000000000000 000000000000f87f 0000c07f00000000");
    assert_hex(weir_rowset_at(&r, 2), "0000000000000000 0000000000000080 0000008000000000");
}

/* --- rows of Spark -----------------------------------------------------------------------------
 */

static void check_golden(weir_schema *s, const weir_bytes *row, int64_t n, const char *name) {
    weir_column *col = decode(s, row, n);
    weir_rowset r = encode(s, col, n);
    for (int64_t i = 0; i < n; i++) {
        weir_bytes got = weir_rowset_at(&r, i);
        if (got.len != row[i].len || (got.len && memcmp(got.p, row[i].p, (size_t)got.len) != 0))
            fail_msg("row %d of %.60s is written otherwise", (int)i, name);
    }
}

static void rows_spark_wrote_are_written_the_same(void **state) {
    (void)state;
    char *text;
    size_t len;
    assert_int_equal(weir_file_slurp(&ctx, "test/golden/state/unsafe_rows.txt", &text, &len),
                     WEIR_OK);
    enum { MOST = 256 };
    weir_bytes row[MOST];
    weir_schema *s = NULL;
    const char *name = "";
    int64_t n = 0, rows = 0, schemas = 0;
    for (char *p = text, *end; *p; p = end + 1) {
        end = strchr(p, '\n');
        assert_non_null(end);
        if (strncmp(p, "schema\t", 7) == 0) {
            if (n) check_golden(s, row, n, name);
            n = 0;
            name = p + 7;
            char *json = memchr(name, '\t', (size_t)(end - name));
            assert_non_null(json);
            s = from_json(json + 1, (size_t)(end - json - 1));
            schemas++;
        } else if (strncmp(p, "row\t", 4) == 0) {
            assert_true(n < MOST);
            row[n++] = unhex(p + 4, (size_t)(end - p - 4));
            rows++;
        }
    }
    check_golden(s, row, n, name);
    assert_true(schemas > 40 && rows > 300);
}

/* --- bytes that are no rows --------------------------------------------------------------------
 */

static void assert_refused(weir_schema *s, const weir_bytes *row, int64_t n, const char *text) {
    weir_column *col = WEIR_NEWN(ctx.arena, weir_column, s->nfield + 1);
    assert_int_equal(weir_urow_decode(&ctx, s, row, n, col), WEIR_FAIL);
    assert_int_equal(err.cls, WEIR_E_MALFORMED_STATE);
    if (!strstr(err.msg, text)) fail_msg("%s", err.msg);
    weir_err_clear(&err);
}

static weir_bytes hex(const char *text) {
    char plain[2048];
    size_t n = 0;
    for (; *text; text++)
        if (*text != ' ') plain[n++] = *text;
    return unhex(plain, n);
}

static void refusals_name_the_row(void **state) {
    (void)state;
    weir_schema *text = schema_of(&weir_t_string),
                *list = schema_of(weir_type_array(
                    ctx.arena, weir_type_array(ctx.arena, &weir_t_long, true), true)),
                *map = schema_of(weir_type_map(ctx.arena, &weir_t_int, &weir_t_int, true)),
                *time = schema_of(&weir_t_time),
                *decimal = schema_of(weir_type_decimal(ctx.arena, 4, 0));
#define Z "0000000000000000"
    const weir_bytes good = hex(Z "0300000010000000 6162630000000000");
    weir_bytes row[] = {good, good, hex(Z)};
    assert_refused(text, row, 3, "Row 2 of the state");
    row[1] = hex(Z "0900000010000000 6162630000000000");
    row[2] = good;
    assert_refused(text, row, 3,
                   "Row 1 of the state cannot be used: a value lies outside of its "
                   "record, in column c");
    row[1] = hex(Z "ffffffffffffffff 6162630000000000");
    assert_refused(text, row, 3, "outside");
    row[1] = hex(Z "08000000f8ffffff 6162630000000000");
    assert_refused(text, row, 3, "outside");
    row[0] = hex(Z "0800000010000000 ffffffffffffffff");
    assert_refused(list, row, 1, "an array is shorter");
    row[0] = hex(Z "0400000010000000 ffffffffffffffff");
    assert_refused(list, row, 1, "an array has no length");
    /* two elements that are the same bytes */
    row[0] = hex(Z "4000000010000000 0200000000000000" Z "2000000020000000 2000000020000000"
                   "0200000000000000" Z Z Z);
    assert_refused(list, row, 1, "overlap");
    row[0] = hex(Z "2800000010000000 1000000000000000 0100000000000000 0100000000000000" Z Z);
    assert_refused(map, row, 1, "an array is shorter");
    row[0] = hex(Z "2800000010000000 1800000000000000 0100000000000000 0100000000000000" Z Z);
    assert_refused(map, row, 1, "as many values as keys");
    row[0] = hex(Z "4000000010000000 1800000000000000 0100000000000000 0100000000000000" Z
                   "0100000000000000" Z Z Z);
    assert_refused(map, row, 1, "null key");
    row[0] = hex(Z "ffffffffffffffff");
    assert_refused(time, row, 1, "time of the day");
    row[0] = hex(Z "1027000000000000");
    assert_refused(decimal, row, 1, "more digits");
#undef Z
}

static void damaged_rows_are_read_or_refused(void **state) {
    (void)state;
    const weir_type *all = sample_type(ctx.arena);
    weir_schema *s = schema_of(all);
    weir_column c = sample(all, 40, true), out;
    weir_rowset r = encode(s, &c, 40);
    uint32_t seed = 1;
    for (int64_t i = 0; i < 40; i++) {
        weir_bytes row = weir_rowset_at(&r, i);
        for (int32_t pass = 0; pass < 200; pass++) {
            weir_arena *keep = ctx.arena;
            ctx.arena = weir_arena_new(keep);
            int32_t len = pass % 4 ? row.len : (int32_t)(sample_mix(++seed) % (uint32_t)row.len);
            char *copy = weir_alloc(ctx.arena, (size_t)len + 1);
            memcpy(copy, row.p, (size_t)len);
            for (int k = 0; len && k < pass % 5; k++) {
                uint32_t at = sample_mix(++seed) % (uint32_t)len;
                copy[at] = (char)sample_mix(++seed);
            }
            weir_bytes damaged = {copy, len};
            if (weir_urow_decode(&ctx, s, &damaged, 1, &out) == WEIR_OK)
                encode(s, &out, 1);
            else
                assert_int_equal(err.cls, WEIR_E_MALFORMED_STATE);
            weir_err_clear(&err);
            weir_arena_free(ctx.arena);
            ctx.arena = keep;
        }
    }
}

static void types_without_a_place_are_refused(void **state) {
    (void)state;
    weir_rowset r;
    weir_column c = {.type = &weir_t_variant}, out;
    weir_schema *s = schema_of(weir_type_array(ctx.arena, &weir_t_variant, true));
    assert_int_equal(weir_urow_encode(&ctx, s, &c, 0, &r), WEIR_FAIL);
    assert_int_equal(err.cls, WEIR_E_UNSUPPORTED_FEATURE);
    assert_non_null(strstr(err.msg, "VARIANT"));
    weir_err_clear(&err);
    const weir_type *deep = &weir_t_int;
    for (int i = 0; i < 200; i++) deep = weir_type_array(ctx.arena, deep, true);
    assert_int_equal(weir_urow_decode(&ctx, schema_of(deep), NULL, 0, &out), WEIR_FAIL);
    assert_int_equal(err.cls, WEIR_E_UNSUPPORTED_FEATURE);
    weir_err_clear(&err);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_of_every_type_come_back),
        cmocka_unit_test(wide_rows_come_back),
        cmocka_unit_test(slices_and_constants_give_the_same_bytes),
        cmocka_unit_test(what_hangs_below_a_null_is_not_written),
        cmocka_unit_test(rows_have_the_bytes_of_the_format),
        cmocka_unit_test(a_schema_without_fields_gives_no_bytes),
        cmocka_unit_test(nans_become_one_and_zeros_keep_their_sign),
        cmocka_unit_test(rows_spark_wrote_are_written_the_same),
        cmocka_unit_test(refusals_name_the_row),
        cmocka_unit_test(damaged_rows_are_read_or_refused),
        cmocka_unit_test(types_without_a_place_are_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
