"""SQL statements, schemas, rows and error classes as Apache Spark gave them (test/golden/sql, made by its record.py)."""
import as_spark

HERE = as_spark.GOLDEN / "sql"
record = as_spark.module(HERE / "record.py")


def test_statements_as_spark_answers_them(spark):
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    spark.conf.set("spark.sql.shuffle.partitions", "2")
    as_spark.compare(spark, HERE, record, record.statements())
