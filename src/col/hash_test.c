/* Row hashes against what Apache Spark 4.3.0 answers for hash(v) and xxhash64(v), time zone UTC. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include "col/build.h"

static weir_err err;
static weir_ctx ctx = {.err = &err};

static int setup(void **state) {
    (void)state;
    weir_err_init(&err);
    ctx.arena = weir_arena_new(NULL);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    weir_arena_free(ctx.arena);
    weir_err_clear(&err);
    return 0;
}

typedef struct want {
    int32_t murmur;
    int64_t xx;
} want;

static void check(weir_build *b, const want *w, int n) {
    weir_column c;
    assert_int_equal(weir_build_finish(&ctx, b, &c), WEIR_OK);
    assert_int_equal(c.len, n);
    for (int i = 0; i < n; i++) {
        assert_int_equal(weir_hash_row(&c, i, 42), w[i].murmur);
        assert_true(weir_xxhash64_row(&c, i, 42) == w[i].xx);
    }
}

static weir_build start(const weir_type *t) {
    weir_build b;
    assert_int_equal(weir_build_init(&ctx, &b, t), WEIR_OK);
    return b;
}

static void hash_integers_as_spark(void **state) {
    (void)state;
    weir_build b = start(&weir_t_boolean);
    weir_build_bool(&b, true);
    weir_build_bool(&b, false);
    check(&b, (want[]){{-559580957, -6698625589789238999}, {933211791, 3614696996920510707}}, 2);
    b = start(&weir_t_byte);
    weir_build_int(&b, -5);
    check(&b, (want[]){{1369497261, 9201179564109417620}}, 1);
    b = start(&weir_t_short);
    weir_build_int(&b, 300);
    check(&b, (want[]){{-2133297984, 4595878464234128934}}, 1);
    b = start(&weir_t_int);
    weir_build_int(&b, INT32_MIN);
    weir_build_int(&b, 42);
    weir_build_null(&b);
    check(&b, (want[]){{723455942, 2073849959933241805}, {29417773, -387659249110444264}, {42, 42}},
          3);
    b = start(&weir_t_long);
    weir_build_int(&b, -1);
    weir_build_int(&b, 1234567890123456789);
    check(&b, (want[]){{-939490007, 3858142552250413010}, {-2017768400, 4607975466983688430}}, 2);
}

static void hash_floats_as_spark(void **state) {
    (void)state;
    weir_build b = start(&weir_t_float);
    weir_build_f32(&b, 1.5f);
    weir_build_f32(&b, -0.0f);
    weir_build_f32(&b, -NAN);
    check(&b,
          (want[]){{-221251528, 6163473420726370430},
                   {933211791, 3614696996920510707},
                   {-349261430, 2692338816207849720}},
          3);
    b = start(&weir_t_double);
    weir_build_f64(&b, 2.25);
    weir_build_f64(&b, -0.0);
    weir_build_f64(&b, -(double)NAN);
    weir_build_f64(&b, -INFINITY);
    check(&b,
          (want[]){{1475949319, 8187679590067029592},
                   {-1670924195, -5252525462095825812},
                   {-1281358385, -3127944061524951246},
                   {461104036, 5326262080505358431}},
          4);
}

static void hash_decimals_as_spark(void **state) {
    (void)state;
    weir_build b = start(weir_type_decimal(ctx.arena, 10, 2));
    weir_build_dec(&b, 1234);
    check(&b, (want[]){{-1028144669, -3802813071951760351}}, 1);
    b = start(weir_type_decimal(ctx.arena, 18, 2));
    weir_build_dec(&b, -1234);
    check(&b, (want[]){{180183791, -1614697014534150208}}, 1);
    b = start(weir_type_decimal(ctx.arena, 38, 2));
    weir_i128 big = 1;
    for (int i = 0; i < 38; i++) big *= 10;
    static const int small[] = {1234, -1234, -128, 128, 255, 0, -1};
    for (int i = 0; i < 7; i++) weir_build_dec(&b, small[i]);
    weir_build_dec(&b, big - 1);
    weir_build_dec(&b, 1 - big);
    check(&b,
          (want[]){{1123058251, 804797035677707363},
                   {-378694793, -5902959860576184235},
                   {775851899, -7898411661632158123},
                   {-544401882, 6715097930120473301},
                   {1246198977, 879945414100663330},
                   {-783713497, -8959994473701255385},
                   {1398487324, -4006032525457443936},
                   {-817514053, -47190729175993179},
                   {1400911110, -2254039905620870768}},
          9);
}

static void hash_strings_as_spark(void **state) {
    (void)state;
    static const char *const s[] = {"",
                                    "a",
                                    "abc",
                                    "abcd",
                                    "abcde",
                                    "h\xc3\xa9llo w\xc3\xb6rld",
                                    "0123456789012345678901234567890",
                                    "01234567890123456789012345678901",
                                    "0123456789012345678901234567890123456789abc"};
    weir_build b = start(&weir_t_string);
    for (int i = 0; i < 9; i++) weir_build_bytes(&b, s[i], strlen(s[i]));
    check(&b,
          (want[]){{142593372, -7444071767201028348},
                   {1485273170, -8582455328737087284},
                   {1322437556, 1423657621850124518},
                   {-396302900, -6810745876291105281},
                   {814637928, -990457398947679591},
                   {-281075962, 7620070002295215535},
                   {-2093583979, -601474011062493046},
                   {-2110656444, -7360845206938539012},
                   {-1782427012, 573471922106983074}},
          9);
    b = start(&weir_t_binary);
    weir_build_bytes(&b, "\x00\xff\x80\x01\x7f", 5);
    check(&b, (want[]){{-2076908791, -6986359185960807136}}, 1);
}

static void hash_times_as_spark(void **state) {
    (void)state;
    weir_build b = start(&weir_t_date);
    weir_build_int(&b, 19782);
    weir_build_int(&b, -1);
    check(&b, (want[]){{653915859, 4183429117450946631}, {-1604776387, 2017008487422258757}}, 2);
    b = start(&weir_t_timestamp);
    weir_build_int(&b, 1709210096789012);
    check(&b, (want[]){{-1367554535, -2021281541725647388}}, 1);
    b = start(&weir_t_timestamp_ntz);
    weir_build_int(&b, -1);
    check(&b, (want[]){{-939490007, 3858142552250413010}}, 1);
    b = start(&weir_t_time);
    weir_build_int(&b, 45296789000000);
    check(&b, (want[]){{-584131141, 3761060651865760818}}, 1);
    b = start(&weir_t_interval_ym);
    weir_build_int(&b, 27);
    check(&b, (want[]){{-554124381, -2668802381546967334}}, 1);
    b = start(&weir_t_interval_dt);
    weir_build_int(&b, -93784500000);
    check(&b, (want[]){{-220290262, -1891207343073278726}}, 1);
    b = start(&weir_t_interval);
    weir_build_interval(&b, (weir_interval){14, 3, 14706500000});
    check(&b, (want[]){{1062290996, -6855042790230422993}}, 1);
}

static void hash_nested_as_spark(void **state) {
    (void)state;
    weir_field abc[] = {{"a", &weir_t_int, true, NULL},
                        {"b", &weir_t_string, true, NULL},
                        {"c", &weir_t_string, true, NULL}};
    weir_build b = start(weir_type_struct(ctx.arena, abc, 3));
    weir_build_int(&b.kid[0], 1);
    weir_build_bytes(&b.kid[1], "x", 1);
    weir_build_null(&b.kid[2]);
    weir_build_struct(&b);
    check(&b, (want[]){{-1305545736, 8510603489595372987}}, 1);
    b = start(weir_type_array(ctx.arena, &weir_t_int, true));
    weir_build_int(&b.kid[0], 1);
    weir_build_null(&b.kid[0]);
    weir_build_int(&b.kid[0], 3);
    weir_build_list(&b);
    weir_build_list(&b);
    check(&b, (want[]){{1066699649, -3383274367486667931}, {42, 42}}, 2);
    b = start(weir_type_array(ctx.arena, &weir_t_string, true));
    weir_build_bytes(&b.kid[0], "x", 1);
    weir_build_bytes(&b.kid[0], "yy", 2);
    weir_build_list(&b);
    check(&b, (want[]){{164518825, -3955592007033545220}}, 1);
    weir_field ab[] = {{"a", &weir_t_long, true, NULL},
                       {"b", weir_type_array(ctx.arena, &weir_t_double, true), true, NULL}};
    b = start(weir_type_array(ctx.arena, weir_type_struct(ctx.arena, ab, 2), true));
    weir_build_int(&b.kid[0].kid[0], 1);
    weir_build_f64(&b.kid[0].kid[1].kid[0], 1.5);
    weir_build_list(&b.kid[0].kid[1]);
    weir_build_struct(&b.kid[0]);
    weir_build_list(&b);
    check(&b, (want[]){{770934299, 5705534175103899719}}, 1);
}

static void hash_seed_and_chain_as_spark(void **state) {
    (void)state;
    weir_build b = start(&weir_t_int);
    weir_column c;
    weir_build_int(&b, 42);
    weir_build_int(&b, 7);
    weir_build_null(&b);
    assert_int_equal(weir_build_finish(&ctx, &b, &c), WEIR_OK);
    assert_int_equal(weir_hash_row(&c, 0, weir_hash_row(&c, 1, 42)), -125509249); /* hash(7, 42) */
    assert_true(weir_xxhash64_row(&c, 0, weir_xxhash64_row(&c, 1, 42)) == -2711030463407281580);
    assert_int_equal(weir_hash_row(&c, 2, 1079293707), 1079293707);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hash_integers_as_spark),       cmocka_unit_test(hash_floats_as_spark),
        cmocka_unit_test(hash_decimals_as_spark),       cmocka_unit_test(hash_strings_as_spark),
        cmocka_unit_test(hash_times_as_spark),          cmocka_unit_test(hash_nested_as_spark),
        cmocka_unit_test(hash_seed_and_chain_as_spark),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
