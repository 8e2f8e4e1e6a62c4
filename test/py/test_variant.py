"""VARIANT: the bytes, texts, casts and errors that Apache Spark gave (test/golden/variant, made by its record.py)."""
import json
import os

import as_spark

GOLDEN = as_spark.GOLDEN / "variant"
record = as_spark.module(GOLDEN / "record.py")


def test_statements(spark):
    assert json.loads((GOLDEN / "spark.jsonl").read_text().split("\n")[0])["spark"] == "4.2.0"
    as_spark.compare(spark, GOLDEN, record, record.statements())


def test_files(spark, tmp_path):
    """JSON files: SPARK 4.2.0 read with schema `a STRING, b VARIANT`, and FAILED records in the corrupt column."""
    path = tmp_path / "in.json"
    path.write_text('{"a":"1 day"}\n{"a":"x","b":null}\n{"b":{"z":[1,"two"]}}\n{"a":"y","b":{"k":1,"k":2}}\n')
    rows = spark.read.schema("a STRING, b VARIANT").json(str(path)).selectExpr("a", "to_json(b)").collect()
    assert [tuple(r) for r in rows] == [("1 day", None), ("x", "null"), (None, '{"z":[1,"two"]}'), ("y", None)]


def test_streams(spark, tmp_path):
    folder = tmp_path / "in"
    os.mkdir(folder)
    (folder / "a.json").write_text('{"a":1,"b":{"c":[1,2,{"d":null}]}}\n{"a":2}\n')
    df = spark.readStream.schema("a INT, b VARIANT").json(str(folder)).selectExpr("a", "CAST(b AS STRING) b")
    query = (df.writeStream.format("json").option("path", str(tmp_path / "out"))
             .option("checkpointLocation", str(tmp_path / "cp")).trigger(availableNow=True).start())
    assert query.awaitTermination(60)
    assert sorted(tuple(r) for r in spark.read.json(str(tmp_path / "out")).select("a", "b").collect()) == [
        (1, '{"c":[1,2,{"d":null}]}'), (2, None)]
