"""SQL statements, schemas, rows and error classes as Apache Spark gave them (test/golden/sql, made by its record.py)."""
import importlib.util
import json
import os

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "golden", "sql")
spec = importlib.util.spec_from_file_location("sql_record", os.path.join(HERE, "record.py"))
record = importlib.util.module_from_spec(spec)
spec.loader.exec_module(record)


def test_statements_as_spark_answers_them(spark):
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    spark.conf.set("spark.sql.shuffle.partitions", "2")
    head, *lines = open(os.path.join(HERE, "spark.jsonl")).read().splitlines()
    kept = dict(json.loads(line) for line in lines)
    assert list(kept) == record.statements() and kept
    wrong = [f"{s}\n  Spark {want}\n  weir  {got}" for s, want in kept.items() for got in [record.answer(spark, s)] if got != want]
    assert not wrong, "\n".join(wrong)
