"""Calls of the DataFrame API, answered with the schemas, rows and error classes of Apache Spark (test/golden/frames, made by its
record.py)."""
import importlib.util
import json
import os

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "golden", "frames")
spec = importlib.util.spec_from_file_location("frames_record", os.path.join(HERE, "record.py"))
record = importlib.util.module_from_spec(spec)
spec.loader.exec_module(record)


def test_calls_as_spark_answers_them(spark):
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    head, *lines = open(os.path.join(HERE, "spark.jsonl")).read().splitlines()
    kept = dict(json.loads(line) for line in lines)
    assert list(kept) == record.calls() and kept
    wrong = [f"{c}\n  Spark {want}\n  weir  {got}" for c, want in kept.items() for got in [record.answer(spark, c)] if got != want]
    assert not wrong, "\n".join(wrong)
