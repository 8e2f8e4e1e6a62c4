"""Queries, errors and commands through an unmodified client. Expected values: Apache Spark 4.2.0."""
import pytest
from pyspark.errors import AnalysisException, ArithmeticException, ParseException
from pyspark.sql import functions as F


def test_range_collect(spark):
    assert [r.id for r in spark.range(5).collect()] == [0, 1, 2, 3, 4]


def test_project_filter_show(spark, capsys):
    spark.range(5).select((F.col("id") * 2).alias("x"), F.lit("a").alias("s")).filter("x > 2").show()
    assert capsys.readouterr().out == "+---+---+\n|  x|  s|\n+---+---+\n|  4|  a|\n|  6|  a|\n|  8|  a|\n+---+---+\n\n"


def test_local_relation_roundtrip(spark):
    rows = [(1, "a", 1.5), (2, None, None)]
    assert [tuple(r) for r in spark.createDataFrame(rows, ["id", "s", "d"]).collect()] == rows


def test_group_aggregates(spark):
    d = spark.range(100).groupBy((F.col("id") % 3).alias("k")).agg(F.count("*"), F.sum("id"), F.avg("id")).orderBy("k")
    assert d.columns == ["k", "count(1)", "sum(id)", "avg(id)"]
    assert [tuple(r) for r in d.collect()] == [(0, 34, 1683, 49.5), (1, 33, 1617, 49.0), (2, 33, 1650, 50.0)]


def test_sql_having_order_limit(spark):
    q = "SELECT id % 4 AS k, count(*) AS n FROM range(10) GROUP BY id % 4 HAVING count(*) > 2 ORDER BY k DESC LIMIT 2"
    assert [tuple(r) for r in spark.sql(q).collect()] == [(1, 3), (0, 3)]


def test_unresolved_column_class(spark):
    with pytest.raises(AnalysisException) as e:
        spark.sql("SELECT nope FROM range(3)").collect()
    assert e.value.getCondition() == "UNRESOLVED_COLUMN.WITH_SUGGESTION"
    assert e.value.getSqlState() == "42703"


def test_division_by_zero_class(spark):
    with pytest.raises(ArithmeticException) as e:
        spark.sql("SELECT 1 / 0").collect()
    assert e.value.getCondition() == "DIVIDE_BY_ZERO"


def test_division_in_untaken_branch(spark):
    q = "SELECT CASE WHEN id = 0 THEN -1 ELSE 10 / id END AS v FROM range(3)"
    assert [r.v for r in spark.sql(q).collect()] == [-1.0, 10.0, 5.0]


def test_syntax_error_class(spark):
    with pytest.raises(ParseException) as e:
        spark.sql("SELEC 1").collect()
    assert e.value.getCondition() == "PARSE_SYNTAX_ERROR"


def test_schemas_created_and_dropped(spark):
    spark.sql("CREATE SCHEMA bronze")
    assert {r[0] for r in spark.sql("SHOW SCHEMAS").collect()} == {"bronze", "default"}
    spark.sql("DROP SCHEMA bronze CASCADE")
    assert {r[0] for r in spark.sql("SHOW SCHEMAS").collect()} == {"default"}


def test_temp_view(spark):
    spark.range(3).createOrReplaceTempView("v")
    assert spark.sql("SELECT sum(id) AS s FROM v").collect()[0].s == 3


def test_conf_set_and_get(spark):
    spark.conf.set("spark.sql.shuffle.partitions", "7")
    assert spark.conf.get("spark.sql.shuffle.partitions") == "7"


def test_order_of_rows_in_sorted_aggregation(spark):
    """Spark 4.3.0, coalesced to one partition: rows without key move those that came first behind the others."""
    from pyspark.sql import functions as F
    rows = [(1, "a", 0.1), (None, "b", 0.2), (1, "c", 0.3), (2, "d", 0.4), (None, "e", 0.5), (1, "f", 0.6), (2, "g", 1e17), (2, "h", 1.0)]
    df = spark.createDataFrame(rows, "j INT, k STRING, d DOUBLE").coalesce(1).groupBy("j")
    sorted_, hashed = df.agg(F.first("k"), F.last("k"), F.max("k"), F.sum("d")), df.agg(F.first("d"), F.last("d"))
    assert sorted(map(tuple, sorted_.collect()), key=str) == [(1, "c", "f", "f", 1.0), (2, "d", "h", "h", 1e17), (None, "b", "e", "e", 0.7)]
    assert sorted(map(tuple, hashed.collect()), key=str) == [(1, 0.1, 0.6), (2, 0.4, 1.0), (None, 0.2, 0.5)]


def test_names_of_columns(spark):
    d = spark.sql("select UPPER('a'), Count(*), SUM(id), first(id), last(id, true), first(id) ignore nulls, any_value(id)"
                  " from range(1)")
    assert d.columns == ["upper(a)", "count(1)", "sum(id)", "first(id)", "last(id)", "first(id)", "any_value(id)"]
    assert spark.range(1).select(F.first("id"), F.last("id", True)).columns == ["first(id)", "last(id)"]
    assert spark.range(1).select(F.col("id").endswith("a"), F.col("id").startswith("a")).columns == [
        "endswith(id, a)", "startswith(id, a)"]


def test_show_of_more_rows_than_shown(spark, capsys):
    spark.range(3).show(2)
    assert capsys.readouterr().out == "+---+\n| id|\n+---+\n|  0|\n|  1|\n+---+\nonly showing top 2 rows\n"
