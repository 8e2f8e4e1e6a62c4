/* Names and JSON of types against Apache Spark 4.3.0 (DataType.fromJson, json, catalogString, sql).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>
#include "col/type.h"

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

#define SAME(name, sql)                                                                            \
    { "\"" name "\"", "\"" name "\"", name, sql }
static const struct {
    const char *in, *json, *name, *sql;
} cases[] = {
    SAME("void", "VOID"),
    SAME("boolean", "BOOLEAN"),
    SAME("float", "FLOAT"),
    SAME("double", "DOUBLE"),
    {"\"byte\"", "\"byte\"", "tinyint", "TINYINT"},
    {"\"short\"", "\"short\"", "smallint", "SMALLINT"},
    {"\"integer\"", "\"integer\"", "int", "INT"},
    {"\"long\"", "\"long\"", "bigint", "BIGINT"},
    SAME("decimal(10,2)", "DECIMAL(10,2)"),
    SAME("decimal(38,18)", "DECIMAL(38,18)"),
    {"\"decimal\"", "\"decimal(10,0)\"", "decimal(10,0)", "DECIMAL(10,0)"},
    SAME("string", "STRING"),
    SAME("binary", "BINARY"),
    SAME("date", "DATE"),
    SAME("timestamp", "TIMESTAMP"),
    SAME("timestamp_ntz", "TIMESTAMP_NTZ"),
    SAME("time(6)", "TIME(6)"),
    SAME("time(3)", "TIME(3)"),
    SAME("interval", "INTERVAL"),
    SAME("interval year", "INTERVAL YEAR"),
    SAME("interval month", "INTERVAL MONTH"),
    SAME("interval year to month", "INTERVAL YEAR TO MONTH"),
    SAME("interval day", "INTERVAL DAY"),
    SAME("interval day to hour", "INTERVAL DAY TO HOUR"),
    SAME("interval hour to second", "INTERVAL HOUR TO SECOND"),
    SAME("interval day to second", "INTERVAL DAY TO SECOND"),
    SAME("interval second", "INTERVAL SECOND"),
    SAME("variant", "VARIANT"),
    SAME("char(5)", "CHAR(5)"),
    SAME("varchar(10)", "VARCHAR(10)"),
    {"\"null\"", "\"void\"", "void", "VOID"},
    {"{\"type\":\"array\",\"elementType\":\"integer\",\"containsNull\":false}",
     "{\"type\":\"array\",\"elementType\":\"integer\",\"containsNull\":false}", "array<int>",
     "ARRAY<INT>"},
    {"{\"type\":\"map\",\"keyType\":\"string\",\"valueType\":{\"type\":\"array\",\"elementType\":"
     "\"double\","
     "\"containsNull\":true},\"valueContainsNull\":true}",
     "{\"type\":\"map\",\"keyType\":\"string\",\"valueType\":{\"type\":\"array\",\"elementType\":"
     "\"double\","
     "\"containsNull\":true},\"valueContainsNull\":true}",
     "map<string,array<double>>", "MAP<STRING, ARRAY<DOUBLE>>"},
    {"{\"type\":\"struct\",\"fields\":[]}", "{\"type\":\"struct\",\"fields\":[]}", "struct<>",
     "STRUCT<>"},
    {"{\"type\":\"struct\",\"fields\":[{\"name\":\"a\",\"type\":\"integer\",\"nullable\":true,"
     "\"metadata\":{}},"
     "{\"name\":\"b "
     "c\",\"type\":\"string\",\"nullable\":false,\"metadata\":{\"x\":[1,2],\"y\":{\"z\":1.5},"
     "\"comment\":\"it's a \\\\ "
     "test\"}},{\"name\":\"1\",\"type\":\"date\",\"nullable\":true,\"metadata\":{}},"
     "{\"name\":\"d`q\",\"type\":{\"type\":\"struct\",\"fields\":[{\"name\":\"_x1\",\"type\":"
     "\"timestamp\","
     "\"nullable\":false,\"metadata\":{}}]},\"nullable\":true,\"metadata\":{}},"
     "{\"name\":\"\u00e4\",\"type\":\"long\",\"nullable\":true,\"metadata\":{}}]}",
     NULL, "struct<a:int,b c:string,1:date,d`q:struct<_x1:timestamp>,\u00e4:bigint>",
     "STRUCT<a: INT, `b c`: STRING NOT NULL COMMENT 'it\\'s a \\\\ test', `1`: DATE, "
     "`d``q`: STRUCT<_x1: TIMESTAMP NOT NULL>, `\u00e4`: BIGINT>"},
};

static void type_json_round_trip_as_spark(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const weir_type *t;
        weir_str s;
        assert_int_equal(weir_type_from_json(&ctx, cases[i].in, strlen(cases[i].in), &t), WEIR_OK);
        weir_str_init(&s, ctx.arena, 1 << 20);
        weir_type_to_json(t, &s);
        assert_string_equal(s.p, cases[i].json ? cases[i].json : cases[i].in);
        assert_string_equal(weir_type_name(ctx.arena, t), cases[i].name);
        assert_string_equal(weir_type_sql(ctx.arena, t), cases[i].sql);
        const weir_type *copy = weir_type_copy(ctx.arena, t);
        assert_true(weir_type_equal(copy, t));
        assert_true(weir_type_same(copy, t));
    }
}

static void type_json_malformed_fails(void **state) {
    (void)state;
    static const char *const bad[] = {"\"bogus\"",
                                      "\"decimal(39,2)\"",
                                      "\"decimal(5,7)\"",
                                      "\"decimal(5,-2)\"",
                                      "\"time(12)\"",
                                      "{\"type\":\"arry\"}",
                                      "{\"type\":\"array\"}",
                                      "{",
                                      "12",
                                      "{\"type\":\"struct\",\"fields\":[{\"type\":\"long\"}]}",
                                      "\"decimal(1,\"",
                                      "\"char()\"",
                                      "\"interval second to day\"",
                                      ""};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const weir_type *t;
        assert_int_equal(weir_type_from_json(&ctx, bad[i], strlen(bad[i]), &t), WEIR_FAIL);
        assert_int_equal(err.cls, WEIR_E_INVALID_JSON_DATA_TYPE);
        if (i == 0)
            assert_string_equal(
                err.msg, "[INVALID_JSON_DATA_TYPE] Failed to convert the JSON string 'bogus' to a "
                         "data type. Please enter a valid data type. SQLSTATE: 2203G");
        weir_err_clear(&err);
    }
}

static void type_equal_sees_names_nullability_metadata(void **state) {
    (void)state;
    weir_field a = {"a", &weir_t_int, true, NULL}, b = {"a", &weir_t_int, false, NULL},
               c = {"a", &weir_t_int, true, "{\"k\":1}"}, d = {"A", &weir_t_int, true, NULL};
    const weir_type *ta = weir_type_struct(ctx.arena, &a, 1),
                    *tb = weir_type_struct(ctx.arena, &b, 1),
                    *tc = weir_type_struct(ctx.arena, &c, 1),
                    *td = weir_type_struct(ctx.arena, &d, 1);
    assert_false(weir_type_equal(ta, tb));
    assert_true(weir_type_same(ta, tb));
    assert_false(weir_type_equal(ta, tc));
    assert_true(weir_type_same(ta, tc));
    assert_false(weir_type_same(ta, td));
    assert_false(
        weir_type_equal(weir_type_decimal(ctx.arena, 5, 2), weir_type_decimal(ctx.arena, 5, 3)));
}

static void type_orderable_excludes_maps(void **state) {
    (void)state;
    const weir_type *m = weir_type_map(ctx.arena, &weir_t_int, &weir_t_int, true);
    assert_false(weir_type_orderable(weir_type_array(ctx.arena, m, true)));
    assert_true(weir_type_orderable(weir_type_array(ctx.arena, &weir_t_string, true)));
    assert_true(weir_type_is_integral(&weir_t_short));
    assert_false(weir_type_is_integral(&weir_t_float));
    assert_true(weir_type_is_interval(&weir_t_interval_dt));
    assert_false(weir_type_is_interval(&weir_t_date));
    assert_true(weir_type_is_numeric(weir_type_scalar(WEIR_T_DECIMAL)));
    assert_false(weir_type_is_numeric(&weir_t_boolean));
}

static void schema_find_reports_ambiguous_names(void **state) {
    (void)state;
    weir_field f[] = {{"a", &weir_t_int, true, NULL},
                      {"A", &weir_t_int, true, NULL},
                      {"b", &weir_t_int, true, NULL}};
    weir_schema *s = weir_type_struct(ctx.arena, f, 3);
    assert_int_equal(weir_schema_find(s, "a", true), 0);
    assert_int_equal(weir_schema_find(s, "a", false), -2);
    assert_int_equal(weir_schema_find(s, "B", false), 2);
    assert_int_equal(weir_schema_find(s, "B", true), -1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(type_json_round_trip_as_spark),
        cmocka_unit_test(type_json_malformed_fails),
        cmocka_unit_test(type_equal_sees_names_nullability_metadata),
        cmocka_unit_test(type_orderable_excludes_maps),
        cmocka_unit_test(schema_find_reports_ambiguous_names),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
