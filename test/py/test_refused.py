"""What analysis refuses: class of exception and error condition as Apache Spark 4.2.0 gave them. The engine answers the next
question of the same session."""
import pytest
from pyspark.errors import PySparkException
from pyspark.sql import functions as F

SQL = [
    ("select sum(sum(id)) from range(1)", "AnalysisException", "NESTED_AGGREGATE_FUNCTION"),
    ("select id from range(1) where sum(id) > 1", "AnalysisException", "INVALID_WHERE_CONDITION"),
    ("select id, count(*) from range(2)", "AnalysisException", "MISSING_GROUP_BY"),
    ("select id from range(1) having id > 1", "AnalysisException", "MISSING_GROUP_BY"),
    ("select id from range(3) group by 5", "AnalysisException", "GROUP_BY_POS_OUT_OF_RANGE"),
    ("select id from range(3) order by 5", "AnalysisException", "ORDER_BY_POS_OUT_OF_RANGE"),
    ("select id from range(3) limit -1", "AnalysisException", "INVALID_LIMIT_LIKE_EXPRESSION.IS_NEGATIVE"),
    ("select cast('abc' as date)", "DateTimeException", "CAST_INVALID_INPUT"),
    ("select cast('abc' as timestamp)", "DateTimeException", "CAST_INVALID_INPUT"),
    ("select cast('abc' as boolean)", "SparkRuntimeException", "CAST_INVALID_INPUT"),
    ("select cast('abc' as int)", "NumberFormatException", "CAST_INVALID_INPUT"),
    ("set time zone 'Bad/Zone'", "IllegalArgumentException", "INVALID_CONF_VALUE.TIME_ZONE"),
    ("set spark.sql.session.timeZone=Bad/Zone", "IllegalArgumentException", "INVALID_CONF_VALUE.TIME_ZONE"),
    ("create table twice (a int, A int) using delta", "AnalysisException", "COLUMN_ALREADY_EXISTS"),
]

FRAMES = {
    "limit": (lambda d: d.limit(-1), "AnalysisException", "INVALID_LIMIT_LIKE_EXPRESSION.IS_NEGATIVE"),
    "offset": (lambda d: d.offset(-1), "AnalysisException", "INVALID_LIMIT_LIKE_EXPRESSION.IS_NEGATIVE"),
    "where": (lambda d: d.where(F.sum("id") > 1), "AnalysisException", "INVALID_WHERE_CONDITION"),
    "toDF": (lambda d: d.toDF("x", "y"), "AnalysisException", "ASSIGNMENT_ARITY_MISMATCH"),
}


def refused(f):
    with pytest.raises(PySparkException) as e:
        f()
    return type(e.value).__name__, e.value.getCondition()


def test_statements(spark):
    for text, kind, condition in SQL:
        assert refused(lambda: spark.sql(text).collect()) == (kind, condition), text
    assert spark.range(2).count() == 2


def test_frames(spark):
    for name, (f, kind, condition) in FRAMES.items():
        assert refused(lambda: f(spark.range(3)).collect()) == (kind, condition), name
    assert spark.range(2).count() == 2


def test_aggregates_where_no_operator_takes_them(spark):
    """Whatever Spark calls it: the query fails, the engine does not."""
    for text in ["select 1 from range(2) group by sum(id)", "select id from range(2) order by sum(id)",
                 "select * from range(2) limit 1 offset -1", "select max(count(*)) from range(2)"]:
        assert refused(lambda: spark.sql(text).collect())[1], text
    assert spark.range(2).count() == 2


def test_order_by_position_of_a_computed_column(spark):
    rows = spark.sql("select a * -1 as b from values (1), (3), (2) t(a) order by 1, a")
    assert [r.b for r in rows.collect()] == [-3, -2, -1]


def test_insert_names_a_column_that_is_not_there(spark):
    spark.sql("create table listed (a int, p string) using delta")
    assert refused(lambda: spark.sql("insert into listed (a, zz) values (1, 2)")) == (
        "AnalysisException", "UNRESOLVED_COLUMN.WITH_SUGGESTION")
    assert refused(lambda: spark.sql("insert into listed (a, a) values (1, 2)")) == (
        "AnalysisException", "COLUMN_ALREADY_EXISTS")
    spark.sql("insert into listed (p, a) values ('x', 1)")
    assert [tuple(r) for r in spark.table("listed").collect()] == [(1, "x")]


def test_describe_a_column_that_is_not_there(spark):
    spark.sql("create table described (a int) using parquet")
    assert refused(lambda: spark.sql("describe described nope")) == ("AnalysisException", "COLUMN_NOT_FOUND")


def test_configuration_refused(spark):
    assert refused(lambda: spark.conf.set("spark.sql.warehouse.dir", "/x")) == (
        "AnalysisException", "CANNOT_MODIFY_STATIC_CONFIG")
    assert refused(lambda: spark.conf.set("spark.sql.session.timeZone", "Nowhere/X")) == (
        "IllegalArgumentException", "INVALID_CONF_VALUE.TIME_ZONE")
    assert spark.conf.get("spark.sql.session.timeZone") == "UTC"
