"""Calls of the DataFrame API, answered with the schemas, rows and error classes of Apache Spark (test/golden/frames, made by its
record.py)."""
import as_spark

HERE = as_spark.GOLDEN / "frames"
record = as_spark.module(HERE / "record.py")


def test_calls_as_spark_answers_them(spark):
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    as_spark.compare(spark, HERE, record, record.calls())
