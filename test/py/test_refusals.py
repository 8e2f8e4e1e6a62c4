"""What Spark 4.2.0 refuses outside of plans: config values, table columns, casts. Expected values are what Spark 4.2.0 Connect
with Delta 4.4.1 answered."""
import pytest

ANALYSIS, ARGUMENT = "AnalysisException", "IllegalArgumentException"
SQL = [
    ("select cast('abc' as date)", "DateTimeException", "CAST_INVALID_INPUT", "22018"),
    ("select cast('abc' as timestamp)", "DateTimeException", "CAST_INVALID_INPUT", "22018"),
    ("select cast('abc' as boolean)", "SparkRuntimeException", "CAST_INVALID_INPUT", "22018"),
    ("select cast('abc' as int)", "NumberFormatException", "CAST_INVALID_INPUT", "22018"),
    ("set time zone 'Bad/Zone'", ARGUMENT, "INVALID_CONF_VALUE.TIME_ZONE", "22022"),
    ("select id from range(3) order by 5", ANALYSIS, "ORDER_BY_POS_OUT_OF_RANGE", "42805"),
    ("create table refused_y (a int, A int) using delta", ANALYSIS, "COLUMN_ALREADY_EXISTS", "42711"),
]


def refusal(call):
    with pytest.raises(Exception) as e:
        call()
    return type(e.value).__name__, e.value.getCondition(), e.value.getSqlState()


@pytest.mark.parametrize("text,exception,condition,state", SQL)
def test_statement(spark, text, exception, condition, state):
    assert refusal(lambda: spark.sql(text).collect()) == (exception, condition, state)


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
