"""Trees of folders are read as Apache Spark 4.2 reads them: test/golden/layout."""
import json
import pathlib
import sys

import pytest

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "golden" / "layout"
sys.path.insert(0, str(GOLDEN))
from layout_cases import ALL_CASES, put, result  # noqa: E402

SPARK = json.loads((GOLDEN / "spark.json").read_text())["cases"]
OTHERWISE = {}


@pytest.mark.parametrize("kind,name", ALL_CASES)
def test_like_spark(spark, tmp_path, kind, name):
    key = f"{kind} {name}"
    got, want = result(spark, kind, name, str(tmp_path)), OTHERWISE.get(key, SPARK[key])
    assert got == want


def stream_rows(spark, folder, df):
    q = df.writeStream.format("json").option("path", f"{folder}/out").option("checkpointLocation", f"{folder}/ck") \
        .trigger(availableNow=True).start()
    assert q.awaitTermination(60)
    return sorted([r.i, r.a] for r in spark.read.schema("i INT, a STRING").json(f"{folder}/out").collect())


def test_stream_through_a_glob_has_the_values_that_a_batch_has(spark, tmp_path):
    """Spark fails in the first batch with ArrayIndexOutOfBoundsException."""
    put(tmp_path, ["x/a=1/f.json", "x/a=2/f.json"])
    df = spark.readStream.schema("i INT, a INT").json(f"{tmp_path}/t/*")
    assert stream_rows(spark, tmp_path, df) == [[0, "1"], [1, "2"]]


def test_stream_leaves_files_out_in_any_batch(spark, tmp_path):
    """A file beside k=v folders has no row in a batch read. In a stream Spark leaves it out too, when others are in its batch;
    alone in one it fails with ArrayIndexOutOfBoundsException."""
    put(tmp_path, ["r.json", "a=1/f.json", "a=2/f.json"])
    df = spark.readStream.option("maxFilesPerTrigger", 1).schema("i INT, a INT").json(f"{tmp_path}/t")
    assert stream_rows(spark, tmp_path, df) == [[1, "1"], [2, "2"]]


def cloud(spark, folder, path, **options):
    r = spark.readStream.format("cloudFiles").option("cloudFiles.format", "json")
    schema = options.pop("schema", None)
    r = r.schema(schema) if schema else r.option("cloudFiles.schemaLocation", f"{folder}/schema").option("cloudFiles.schemaHints", "i INT")
    return r.options(**options).load(f"{folder}/t{path}")


@pytest.mark.parametrize("files,path,want", [
    (["f.json", "x/f.json", "x/y/z/f.json"], "", [[0, None], [1, None], [2, None]]),
    (["x/a=1/f.json", "x/a=2/b/f.json"], "", [[0, "1"], [1, "2"]]),
    (["r.json", "a=1/f.json"], "", None),  # contradictory: no partition columns, all files
    (["x/f.json", "y/z/f.json", "w/_h/f.json"], "/[xyw]", [[0, None], [1, None]]),
    (["a=1/x/f.json", "a=2/x/f.json"], "/*/x", [[0, "1"], [1, "2"]]),
])
def test_auto_loader_reads_all_folders(spark, tmp_path, files, path, want):
    """Databricks' documentation of Auto Loader: whole trees; k=v below the path become columns."""
    put(tmp_path, files)
    df = cloud(spark, tmp_path, path)
    if want is None or want[0][1] is None:
        df, want = df.selectExpr("i", "cast(null as string) a"), want or [[n, None] for n in range(len(files))]
    assert stream_rows(spark, tmp_path, df) == want


def test_auto_loader_fills_columns_of_a_given_schema(spark, tmp_path):
    put(tmp_path, ["a=1/f.json", "a=2/f.json", "f.json"])
    assert stream_rows(spark, tmp_path, cloud(spark, tmp_path, "", schema="a INT, i INT")) == [[0, "1"], [1, "2"], [2, None]]
