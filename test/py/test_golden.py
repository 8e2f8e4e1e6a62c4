"""Checkpoints that Apache Spark 4.3.0 wrote, resumed here: the rows after the next input are Spark's, batch by batch."""
import pickle
import shutil
import time

import pytest
from checkpoints import CASES, GOLDEN as FOLDER, keeper, lines, place, stream, texts

GOLDEN = FOLDER / "checkpoint"


def start(spark, case, work):
    for k, v in CASES[case][2].items():
        spark.conf.set(k, v)
    w = stream(spark, case, work)
    if "parquet" in case:
        return w.format("parquet").option("path", f"{work}/out").start()
    return w.foreachBatch(keeper(f"{work}/seen")).start()


@pytest.fixture
def utc(spark, monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    yield
    for _, _, conf in CASES.values():
        for k in conf:
            spark.conf.unset(k)


@pytest.mark.parametrize("case", sorted(CASES))
def test_checkpoint_of_spark_resumed(spark, utc, tmp_path, case):
    golden = GOLDEN / case
    work = tmp_path / "work"
    place(case, work)
    q = start(spark, case, work)
    assert q.awaitTermination(60)
    assert q.exception() is None
    if "parquet" in case:
        assert texts(spark.read.parquet(f"{work}/out").collect()) == lines(golden / "expected_after.jsonl")
        return
    last = max(int(p.name) for p in (golden / "checkpoint" / "commits").iterdir())
    want = {int(p.name[6:11]): lines(p) for p in (golden / "expected_after").iterdir() if int(p.name[6:11]) > last}
    got = {int(p.name): texts(pickle.loads(p.read_bytes())) for p in (work / "seen").iterdir()}
    assert got == want and sorted(got) == [p.batchId for p in q.recentProgress]


def test_delta_checkpoint_of_spark_resumed(spark, tmp_path):
    """Spark 4.2.0 with Delta 4.4.0 was killed in batch 1 of a copy of one table into another, a file at a time."""
    shutil.copytree(GOLDEN.parent / "checkpoint_delta", tmp_path / "d")
    q = (spark.readStream.format("delta").option("maxFilesPerTrigger", 1).load(f"{tmp_path}/d/src").writeStream.format("delta")
         .option("checkpointLocation", f"{tmp_path}/d/ck1").trigger(availableNow=True).start(f"{tmp_path}/d/dst"))
    assert q.awaitTermination(60) and q.exception() is None
    rows = [texts(spark.read.format("delta").load(f"{tmp_path}/d/{t}").collect()) for t in ("src", "dst")]
    assert len(rows[0]) > 0 and rows[0] == rows[1]
    assert [p.batchId for p in q.recentProgress][0] == 1
