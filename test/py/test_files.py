"""File sources and sinks do what Apache Spark does with the same scripts: test/golden/files."""
import json
import pathlib
import sys

import pytest

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "golden" / "files"
sys.path.insert(0, str(GOLDEN))
import cases  # noqa: E402
from record import result  # noqa: E402

SPARK = json.loads((GOLDEN / "spark.json").read_text())["cases"]
# What weir does differently, and why.
OTHERWISE = {
    # files are listed when a query runs, not when its DataFrame is made: what is gone by then is not missed
    "missing_and_damaged": {"/after"},
    # a batch that lost a file fails by its name, unless ignoreMissingFiles is set; Spark leaves its rows out in silence
    "stream_vanished": {"/fails"},
    "listing": {"/scheme"},  # only local files can be read; the message says so
}


def differences(want, got, at=""):
    """The paths where two results differ."""
    if isinstance(want, dict) and isinstance(got, dict) and "error" not in want:
        return [d for k in sorted({*want, *got}) for d in differences(want.get(k), got.get(k), f"{at}/{k}")]
    same = json.dumps(want, sort_keys=True) == json.dumps(got, sort_keys=True)
    return [] if same else [f"{at}\n  Spark {json.dumps(want, ensure_ascii=False)}\n  weir  {json.dumps(got, ensure_ascii=False)}"]


@pytest.mark.parametrize("name", sorted(cases.CASES))
def test_like_spark(spark, tmp_path, name):
    folder = tmp_path / "data"
    folder.mkdir()
    got = result(spark, name, str(folder))
    found = [d for d in differences(SPARK[name], got) if d.split("\n")[0] not in OTHERWISE.get(name, {})]
    assert not found, "\n".join(found)


def test_cloud_files_metadata(spark, tmp_path):
    """Auto Loader's rows have the same hidden column as those of Apache Spark's file source."""
    cases.put(str(tmp_path / "in" / "a b.json"), '{"x":1}\n', cases.AT)
    df = spark.readStream.format("cloudFiles").option("cloudFiles.format", "json").schema("x INT").load(str(tmp_path / "in"))
    assert "_metadata" not in df.columns
    out = str(tmp_path / "out")
    cases.to_sink(df.select("x", "_metadata.file_name", "_metadata.file_modification_time", "_metadata"), out, str(tmp_path))
    row = json.loads(cases.batches(out)[0][0])
    assert row["file_name"] == "a%20b.json" and row["file_modification_time"] == "2023-11-14T22:13:20.000Z"
    assert row["_metadata"]["file_path"] == f"file:{tmp_path}/in/a%20b.json"
    assert row["_metadata"]["file_size"] == row["_metadata"]["file_block_length"] == 8


@pytest.mark.parametrize("format", ["json", "parquet"])
def test_many_partitions(spark, tmp_path, format):
    """More folders than files that are open at a time, each met again and again."""
    n, k = 3000, 300
    out = str(tmp_path / "out")
    df = spark.range(0, n, 1, 1).selectExpr("id", f"CAST(id % {k} AS INT) AS k")
    df.union(df).write.partitionBy("k").format(format).save(out)
    back = spark.read.format(format).load(out)
    assert back.count() == 2 * n
    assert back.where(f"id % {k} <> k").count() == 0
    assert len(list(tmp_path.glob("out/k=*"))) == k


def test_failed_batch_keeps_earlier_ones(spark, tmp_path):
    """What a failed batch wrote goes, what was committed before stays, and the batch runs again when it can."""
    cases.put(str(tmp_path / "in" / "0.json"), '{"x":1}\n', cases.AT)
    cases.put(str(tmp_path / "in" / "1.json"), '{"x":2}\n{"x":0}\n', cases.AT + 1)
    out = str(tmp_path / "out")

    def go(expression):
        df = spark.readStream.schema("x INT").option("maxFilesPerTrigger", 1).json(str(tmp_path / "in"))
        return cases.attempt(lambda: cases.to_sink(df.selectExpr("x", f"{expression} AS y"), out, str(tmp_path), part=("x",)))

    assert go("10 / x")["error"] == "DIVIDE_BY_ZERO"
    assert [n for n in cases.tree(out) if n.startswith("x=")] == ["x=1/part-00000-UUID.c000.json"]
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["_spark_metadata", "x=1"]
    assert go("x + 10") is None
    assert cases.rows(spark.read.json(out)) == [[10.0, 0], [10.0, 1], [12.0, 2]]


def test_partitioned_table(spark, tmp_path):
    """Tables of files with PARTITIONED BY are written by folder and read back."""
    spark.sql("CREATE TABLE t (id INT, k STRING) USING json PARTITIONED BY (k)")
    spark.sql("INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, NULL)")
    assert cases.rows(spark.table("t")) == [[1, "a"], [2, "b"], [3, None]]
    assert cases.rows(spark.table("t").where("k = 'a'")) == [[1, "a"]]
