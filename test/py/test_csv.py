"""CSV files as Apache Spark 4.2.0 reads and writes them: test/golden/csv/spark.json, and of older days test/golden/csv.json, which
holds text, schema, options, and what Spark gave."""
import json
import pathlib
import sys

import pytest
from pyspark.errors import PySparkException

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "golden"
sys.path.insert(0, str(GOLDEN / "csv"))
import csv_cases  # noqa: E402

SPARK = json.loads((GOLDEN / "csv" / "spark.json").read_text())
CASES = json.loads((GOLDEN / "csv.json").read_text())
OTHERWISE = {}


@pytest.fixture
def utc(monkeypatch):
    import time
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


@pytest.mark.parametrize("kind, name", [(k, n) for k in ("read", "infer", "write") for n in SPARK[k]])
def test_as_spark(spark, tmp_path, utc, kind, name):
    got = getattr(csv_cases, kind)(spark, name, str(tmp_path / "d"))
    assert json.loads(json.dumps(got)) == OTHERWISE.get((kind, name), SPARK[kind][name])


@pytest.mark.parametrize("case", CASES, ids=[c[0] for c in CASES])
def test_rows_as_spark(spark, tmp_path, utc, case):
    name, text, schema, options, kind, want = case
    path = tmp_path / (name + ".csv")
    path.write_text(text, newline="")
    reader = spark.read.options(**options)
    if schema:
        reader = reader.schema(schema)
    if kind == "ERROR":
        with pytest.raises(PySparkException) as e:
            reader.csv(str(path)).collect()
        assert want in str(e.value) and name + ".csv" in str(e.value)
        return
    df = reader.csv(str(path))
    assert df.schema.simpleString() == kind
    assert [[None if v is None else str(v) for v in r] for r in df.collect()] == want


def test_stream_of_csv(spark, tmp_path):
    (tmp_path / "in").mkdir()
    for i in range(3):
        (tmp_path / "in" / f"{i}.csv").write_text(f"a,b\n{i},x{i}\n")
    q = (spark.readStream.schema("a INT, b STRING").option("header", "true").csv(str(tmp_path / "in"))
         .writeStream.format("csv").option("header", "true").option("checkpointLocation", str(tmp_path / "ck"))
         .trigger(availableNow=True).start(str(tmp_path / "out")))
    q.awaitTermination(60)
    assert q.exception() is None
    rows = spark.read.schema("a INT, b STRING").option("header", "true").csv(str(tmp_path / "out")).collect()
    assert sorted((r.a, r.b) for r in rows) == [(0, "x0"), (1, "x1"), (2, "x2")]
