"""A Delta table as a streaming source. Rules and classes: Delta 4.4.0 on Apache Spark 4.2.0 (DeltaSource)."""
import json
import os

import pytest
from pyspark.errors import PySparkException


def add(spark, path, lo, hi, mode="append"):
    spark.range(lo, hi).coalesce(1).write.format("delta").mode(mode).save(path)


def run(spark, tmp_path, src, name="dst", **options):
    q = (spark.readStream.format("delta").options(**options).load(src).writeStream.format("delta")
         .option("checkpointLocation", str(tmp_path / (name + "-ck"))).trigger(availableNow=True).start(str(tmp_path / name)))
    q.awaitTermination(60)
    assert q.exception() is None
    return sorted(r.id for r in spark.read.format("delta").load(str(tmp_path / name)).collect())


def offsets(tmp_path, name="dst"):
    folder = tmp_path / (name + "-ck") / "offsets"
    return [json.loads((folder / n).read_text().split("\n")[2])
            for n in sorted((x for x in os.listdir(folder) if x.isdigit()), key=int)]


def test_snapshot_then_versions(spark, tmp_path):
    src = str(tmp_path / "src")
    for i in range(3):
        add(spark, src, i * 10, i * 10 + 10)
    assert run(spark, tmp_path, src, maxFilesPerTrigger="1") == list(range(30))
    got = [(o["reservoirVersion"], o["index"], o["isStartingVersion"]) for o in offsets(tmp_path)]
    assert got == [(2, 0, True), (2, 1, True), (3, -1, False)]
    for i in range(3, 5):
        add(spark, src, i * 10, i * 10 + 10)
    assert run(spark, tmp_path, src, maxFilesPerTrigger="1") == list(range(50))
    assert [(o["reservoirVersion"], o["index"]) for o in offsets(tmp_path)][3:] == [(4, -1), (5, -1)]


def test_starting_version(spark, tmp_path):
    src = str(tmp_path / "src")
    for i in range(3):
        add(spark, src, i * 10, i * 10 + 10)
    assert run(spark, tmp_path, src, startingVersion="1") == list(range(10, 30))


@pytest.mark.parametrize("options,want", [({}, None), ({"ignoreChanges": "true"}, list(range(10)) + [100, 101]),
                                          ({"skipChangeCommits": "true"}, list(range(10)))])
def test_rewritten_rows(spark, tmp_path, options, want):
    src = str(tmp_path / "src")
    add(spark, src, 0, 10)
    assert run(spark, tmp_path, src, **options) == list(range(10))
    add(spark, src, 100, 102, "overwrite")
    if want is None:
        with pytest.raises(PySparkException, match="DELTA_SOURCE_TABLE_IGNORE_CHANGES"):
            run(spark, tmp_path, src)
    else:
        assert run(spark, tmp_path, src, **options) == want


def test_schema_change_stops_and_goes_on_after_restart(spark, tmp_path):
    src = str(tmp_path / "src")
    add(spark, src, 0, 5)
    q = (spark.readStream.format("delta").load(src).writeStream.format("noop").option("checkpointLocation", str(tmp_path / "ck"))
         .start())
    q.processAllAvailable()
    spark.range(5, 7).selectExpr("id", "'x' AS more").write.format("delta").mode("append").option("mergeSchema", "true").save(src)
    with pytest.raises(PySparkException, match="DELTA_SCHEMA_CHANGED_WITH_VERSION"):
        q.awaitTermination(30)
    q = (spark.readStream.format("delta").load(src).writeStream.format("noop").option("checkpointLocation", str(tmp_path / "ck"))
         .trigger(availableNow=True).start())
    q.awaitTermination(30)
    assert q.exception() is None


def test_other_table_refused(spark, tmp_path):
    add(spark, str(tmp_path / "a"), 0, 5)
    add(spark, str(tmp_path / "b"), 0, 5)
    run(spark, tmp_path, str(tmp_path / "a"))
    with pytest.raises(PySparkException, match="DIFFERENT_DELTA_TABLE_READ_BY_STREAMING_SOURCE"):
        run(spark, tmp_path, str(tmp_path / "b"))


@pytest.mark.parametrize("option, value", [("excludeRegex", ".*00001.*"), ("schemaTrackingLocation", "/nowhere"),
                                           ("readChangeData", "true"), ("readChangeFeed", "true")])
def test_option_that_would_change_rows(spark, tmp_path, option, value):
    src = str(tmp_path / "src")
    add(spark, src, 0, 3)
    with pytest.raises(PySparkException, match="not supported"):
        run(spark, tmp_path, src, **{option: value})
    assert run(spark, tmp_path, src, readChangeFeed="false") == [0, 1, 2]


@pytest.mark.parametrize("option, value, text", [
    ("maxFilesPerTrigger", "0", "must be a positive integer"), ("maxFilesPerTrigger", "abc", "must be a positive integer"),
    ("maxBytesPerTrigger", "0", "must be a size configuration such as '10g'"),
    ("startingVersion", "-1", "must be greater than or equal to zero"),
    ("startingVersion", "LATEST", "must be greater than or equal to zero")])
def test_illegal_option(spark, tmp_path, option, value, text):
    src = str(tmp_path / "src")
    add(spark, src, 0, 3)
    with pytest.raises(PySparkException, match=f"Invalid value '{value}' for option '{option}', {text}") as e:
        run(spark, tmp_path, src, **{option: value})
    assert e.value.getCondition() == "DELTA_ILLEGAL_OPTION"


def test_the_file_that_reaches_the_limit_of_bytes_is_taken(spark, tmp_path):
    """Files of 700 bytes and more: Delta 4.4.0 took 1, 2 or 3 of them for these limits."""
    src = str(tmp_path / "src")
    for i in range(4):
        add(spark, src, i, i + 1)
    size = max(f.stat().st_size for f in (tmp_path / "src").glob("*.parquet"))
    for n, limit in enumerate([1, size + 1, 2 * size + 1], 1):
        assert run(spark, tmp_path, src, f"dst{n}", maxBytesPerTrigger=str(limit)) == [0, 1, 2, 3]
        assert len(offsets(tmp_path, f"dst{n}")) == -(-4 // n)
