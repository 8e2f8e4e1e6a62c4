"""What Spark 4.2.0 refuses outside of plans: config values, table columns, casts. Expected values are what Spark 4.2.0 Connect
with Delta 4.4.1 answered."""
import pytest

ANALYSIS, ARGUMENT, PARSE = "AnalysisException", "IllegalArgumentException", "ParseException"
SQL = [
    ("select cast('abc' as date)", "DateTimeException", "CAST_INVALID_INPUT", "22018"),
    ("select cast('abc' as timestamp)", "DateTimeException", "CAST_INVALID_INPUT", "22018"),
    ("select cast('abc' as boolean)", "SparkRuntimeException", "CAST_INVALID_INPUT", "22018"),
    ("select cast('abc' as int)", "NumberFormatException", "CAST_INVALID_INPUT", "22018"),
    ("set time zone 'Bad/Zone'", ARGUMENT, "INVALID_CONF_VALUE.TIME_ZONE", "22022"),
    ("select id from range(3) order by 5", ANALYSIS, "ORDER_BY_POS_OUT_OF_RANGE", "42805"),
    ("select 1e999", PARSE, "INVALID_NUMERIC_LITERAL_RANGE", "22003"),
    ("select -1e400", PARSE, "INVALID_NUMERIC_LITERAL_RANGE", "22003"),
    ("select 1e40F", PARSE, "INVALID_NUMERIC_LITERAL_RANGE", "22003"),
    ("select 300Y", PARSE, "INVALID_NUMERIC_LITERAL_RANGE", "22003"),
    ("select 99999999999999999999L", PARSE, "INVALID_NUMERIC_LITERAL_RANGE", "22003"),
    ("select date '2020-13-01'", PARSE, "INVALID_TYPED_LITERAL", "42604"),
    ("select timestamp 'abc'", PARSE, "INVALID_TYPED_LITERAL", "42604"),
    ("select X'1G'", PARSE, "INVALID_TYPED_LITERAL", "42604"),
    ("select :x", ANALYSIS, "UNBOUND_SQL_PARAMETER", "42P02"),
    ("select ?", ANALYSIS, "UNBOUND_SQL_PARAMETER", "42P02"),
    ("select * from values ('x') t(b) where b", ANALYSIS, "DATATYPE_MISMATCH.FILTER_NOT_BOOLEAN", "42K09"),
    ("select * from range(3) where id", ANALYSIS, "DATATYPE_MISMATCH.FILTER_NOT_BOOLEAN", "42K09"),
    ("create table refused_y (a int, A int) using delta", ANALYSIS, "COLUMN_ALREADY_EXISTS", "42711"),
]


def refusal(call):
    with pytest.raises(Exception) as e:
        call()
    return type(e.value).__name__, e.value.getCondition(), e.value.getSqlState()


@pytest.mark.parametrize("text,exception,condition,state", SQL)
def test_statement(spark, text, exception, condition, state):
    assert refusal(lambda: spark.sql(text).collect()) == (exception, condition, state)


def test_frames(spark, tmp_path):
    spark.range(2).write.format("delta").save(str(tmp_path / "d"))
    d = spark.read.format("delta").option("versionAsOf", 99)
    assert refusal(lambda: d.load(str(tmp_path / "d")).count()) == (ANALYSIS, "DELTA_VERSION_NOT_FOUND", "22003")
    assert refusal(lambda: spark.range(3).sample(2.0).count())[0] == ARGUMENT
    assert refusal(lambda: spark.range(3).dropDuplicatesWithinWatermark().count())[:2] == (ANALYSIS, "_LEGACY_ERROR_TEMP_3102")


def test_use_is_told(spark):
    spark.sql("create schema told_s")
    spark.sql("use told_s")
    assert spark.sql("select current_schema(), current_database(), cast('abc' as char(2))").first()[:] == ("told_s", "told_s", "abc")
    assert not [r for r in spark.sql("set").collect() if r.key.startswith("#")]
    spark.sql("use default")
    assert spark.sql("select current_schema()").first()[0] == "default"


def test_insert_names_a_column_the_table_lacks(spark):
    spark.sql("create table refused_i (a int, p string) using delta partitioned by (p)")
    got = refusal(lambda: spark.sql("insert into refused_i (a, zz) values (1, 2)").collect())
    assert got == (ANALYSIS, "UNRESOLVED_COLUMN.WITH_SUGGESTION", "42703")
    assert spark.table("refused_i").count() == 0
    spark.sql("insert into refused_i (p) values ('only')")
    assert [tuple(r) for r in spark.table("refused_i").collect()] == [(None, "only")]


def test_time_zone_of_the_session(spark):
    key = "spark.sql.session.timeZone"
    before = spark.conf.get(key)
    got = refusal(lambda: spark.conf.set(key, "Nowhere/X"))
    assert got == (ARGUMENT, "INVALID_CONF_VALUE.TIME_ZONE", "22022")
    assert spark.conf.get(key) == before
    try:
        for zone in ("America/New_York", "+05:30", "UTC", "GMT+3", "Z"):
            spark.conf.set(key, zone)
            assert spark.conf.get(key) == zone
        assert spark.sql("set time zone local").collect()[0].value != "LOCAL"
    finally:
        spark.conf.set(key, before)
