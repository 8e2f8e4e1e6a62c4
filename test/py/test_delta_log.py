"""Delta's log as others leave it: folders that go, entries that are missing, checkpoints of every form and in every state."""
import glob
import json
import os
import shutil
import tarfile
import time

import pyarrow
import pyarrow.parquet
import pytest
from test_delta_files import refused

GOLDEN = os.path.join(os.path.dirname(__file__), "..", "golden", "delta")
FORMS = ["classic", "multi", "v2json", "v2parquet"]


def entry(path, version):
    return os.path.join(path, "_delta_log", f"{version:020}.json")


def rows(spark, path, **options):
    return sorted(tuple(r) for r in spark.read.format("delta").options(**options).load(path).collect())


def append(spark, path, i):
    spark.sql(f"SELECT {i} a").coalesce(1).write.format("delta").mode("append").save(path)


# Apache Spark 4.2.0, Delta 4.4.0 begins a new table without a word: the rows that the query has committed are gone, and its offsets say that they
# are there. Here the query fails; started again it does as Spark.
@pytest.mark.parametrize("gone", ["the folder", "the log", "the last entry"])
def test_a_table_deleted_under_a_stream(spark, tmp_path, gone):
    src, path = str(tmp_path / "src"), str(tmp_path / "t")
    os.makedirs(src)

    def put(i):
        with open(f"{src}/.{i}", "w") as f:
            f.write(json.dumps({"a": i}) + "\n")
        os.rename(f"{src}/.{i}", f"{src}/{i}.json")
    query = lambda: spark.readStream.schema("a INT").json(src).writeStream.format("delta") \
        .option("checkpointLocation", str(tmp_path / "ck")).trigger(processingTime="100 milliseconds").start(path)  # noqa: E731
    q = query()
    for i in range(2):
        put(i)
        while not os.path.exists(entry(path, i)):
            assert q.isActive
            time.sleep(0.02)
    q.processAllAvailable()
    {"the folder": lambda: shutil.rmtree(path), "the log": lambda: shutil.rmtree(path + "/_delta_log"), "the last entry": lambda: os.remove(entry(path, 1))}[gone]()
    before = sorted(glob.glob(path + "/**", recursive=True))
    put(2)
    assert refused(lambda: q.awaitTermination(60)) == "DELTA_TRUNCATED_TRANSACTION_LOG"
    assert sorted(glob.glob(path + "/**", recursive=True)) == before  # nothing was written
    q = query()
    q.processAllAvailable()
    q.stop()
    assert rows(spark, path) == ([(0,), (2,)] if gone == "the last entry" else [(2,)])


GAP, CUT, TORN = "DELTA_VERSIONS_NOT_CONTIGUOUS", "DELTA_TRUNCATED_TRANSACTION_LOG", "DELTA_LOG_FILE_MALFORMED"
CHECKPOINT, HINT = f"{10:020}.checkpoint.parquet", "_last_checkpoint"
# what happened to a log of 12 versions with a checkpoint of version 10; what comes of reading it, of an append, and of reading version 5.
# Apache Spark 4.2.0, Delta 4.4.0; where it says otherwise that is beside it
DAMAGES = [
    ("nothing", {}, 12, None, 6), ("no last entry", {11: None}, 11, None, 6), ("no checkpoint", {CHECKPOINT: None}, 12, None, 6),
    ("no hint", {HINT: None}, 12, None, 6), ("a bad hint", {HINT: "{not json"}, 12, None, 6), ("a hint of a version to come", {HINT: '{"version":99,"size":1}'}, 12, None, 6),
    ("a hint of a version without", {HINT: '{"version":5,"size":1}'}, 12, None, 6), ("an empty checkpoint", {CHECKPOINT: ""}, 12, None, 6),
    ("a bad checkpoint", {CHECKPOINT: "junk"}, 12, None, 6),  # Spark: FAILED_READ_FILE.NO_HINT; the entries have it all
    ("an empty last entry", {11: ""}, 11, None, 6), ("a torn last entry", {11: '{"commitInfo":'}, TORN, TORN, 6),  # Spark: FAILED_READ_FILE.NO_HINT
    ("a gap", {5: None, CHECKPOINT: None, HINT: None}, GAP, GAP, GAP), ("no first entry", {0: None, CHECKPOINT: None, HINT: None}, CUT, CUT, CUT),
    ("a gap before the checkpoint", {5: None}, 12, None, GAP),  # Spark: IllegalArgumentException
    ("the checkpoint and what follows", {i: None for i in range(11)}, 12, None, "DELTA_VERSION_NOT_FOUND"),
    ("the last entry alone", {**{i: None for i in range(11)}, CHECKPOINT: None, HINT: None}, CUT, CUT, CUT),
    ("a bad checkpoint and no first entry", {0: None, CHECKPOINT: "junk"}, "FAILED_READ_FILE.NO_HINT", "FAILED_READ_FILE.NO_HINT", CUT)]


def test_damaged_logs(spark, tmp_path):
    base = str(tmp_path / "base")
    for i in range(12):
        append(spark, base, i)
    assert os.path.exists(base + "/_delta_log/" + CHECKPOINT)
    for name, damage, read, write, old in DAMAGES:
        path = str(tmp_path / name.replace(" ", "_"))
        shutil.copytree(base, path)
        for what, text in damage.items():
            at = entry(path, what) if isinstance(what, int) else path + "/_delta_log/" + what
            if text is None:
                os.remove(at)
            else:
                with open(at, "w") as f:
                    f.write(text)
        got = [refused(lambda: rows(spark, path)), refused(lambda: rows(spark, path, versionAsOf=5))]
        got = [g or len(rows(spark, path, **o)) for g, o in zip(got, ({}, {"versionAsOf": 5}))]
        assert [got[0], refused(lambda: append(spark, path, 99)), got[1]] == [read, write, old], name


def test_versions_that_can_be_had(spark, tmp_path):
    path = str(tmp_path / "t")
    for i in range(12):
        append(spark, path, i)
    for i in range(11):
        os.remove(entry(path, i))
    with pytest.raises(Exception, match=r"version 5. Available versions: \[10, 11\]"):
        rows(spark, path, versionAsOf=5)
    assert len(rows(spark, path, versionAsOf=10)) == 11


@pytest.mark.parametrize("form", FORMS)
def test_checkpoints_of_spark(spark, tmp_path, form):
    with tarfile.open(os.path.join(GOLDEN, "checkpoints.tar.gz")) as tar:
        tar.extractall(tmp_path, filter="data")
    path = str(tmp_path / form)
    assert not os.path.exists(entry(path, 5)) and rows(spark, path) == sorted((i, f"p{i % 3}") for i in range(6))
    spark.sql("SELECT 9 a, 'p9' p").write.format("delta").mode("append").save(path)
    assert len(rows(spark, path)) == 7


def test_a_checkpoint_of_a_thousand_sidecars(spark, tmp_path):
    path = str(tmp_path / "t")
    append(spark, path, 0)
    actions = [json.loads(line) for line in open(entry(path, 0))]
    one = next(a["add"] for a in actions if "add" in a)
    os.makedirs(path + "/_delta_log/_sidecars")
    add = pyarrow.struct([("path", pyarrow.string()), ("partitionValues", pyarrow.map_(pyarrow.string(), pyarrow.string())), ("size", pyarrow.int64()),
                          ("modificationTime", pyarrow.int64()), ("dataChange", pyarrow.bool_())])
    lines = [{"checkpointMetadata": {"version": 1}}]
    for i in range(1100):
        file = {"path": f"f{i}.parquet", "partitionValues": [], "size": one["size"], "modificationTime": 1, "dataChange": False}
        pyarrow.parquet.write_table(pyarrow.table({"add": pyarrow.array([file], add)}), f"{path}/_delta_log/_sidecars/a b{i}.parquet")
        lines.append({"sidecar": {"path": f"a%20b{i}.parquet", "sizeInBytes": 1, "modificationTime": 1}})
    lines += [a for a in actions if "metaData" in a]  # after what it is about
    lines.append({"protocol": {"minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": ["v2Checkpoint"], "writerFeatures": ["v2Checkpoint"]}})
    with open(f"{path}/_delta_log/{1:020}.checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.json", "w") as f:
        f.write("".join(json.dumps(a) + "\n" for a in lines))
    assert spark.sql(f"DESCRIBE DETAIL delta.`{path}`").first().numFiles == 1100
