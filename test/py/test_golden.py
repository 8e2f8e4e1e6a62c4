"""Checkpoints that Apache Spark 4.3.0 wrote, resumed here: the rows after the next input are Spark's, batch by batch.

The logs hold absolute paths, so a case always runs in /tmp/weir-golden/<case>; file numbers are modification times."""
import json
import os
import pathlib
import pickle
import re
import shutil
import sys
import time

import pytest

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "golden" / "checkpoint"
ROOT = pathlib.Path("/tmp/weir-golden")
sys.path.insert(0, str(GOLDEN))
from queries import CASES, MTIME0_S, stream, text, texts  # noqa: E402


def place_inputs(folder, work):
    for p in sorted(folder.glob("in*/f*.json")):
        to = work / p.parent.name
        to.mkdir(exist_ok=True)
        shutil.copy(p, to / p.name)
        mtime = MTIME0_S + int(re.search(r"f(\d+)", p.name).group(1))
        os.utime(to / p.name, (mtime, mtime))


def lines(path):
    return sorted(text(json.loads(x)) for x in path.read_text(encoding="utf-8").split("\n") if x)


def place(case, work):
    golden = GOLDEN / case
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    shutil.copytree(golden / "checkpoint", work / "ck")
    if (golden / "output_before").exists():
        shutil.copytree(golden / "output_before", work / "out")
    place_inputs(golden / "input_before", work)
    place_inputs(golden / "input_next", work)


def start(spark, case, work):
    for k, v in CASES[case][2].items():
        spark.conf.set(k, v)
    w = stream(spark, case, work)
    if "parquet" in case:
        return w.format("parquet").option("path", f"{work}/out").start()
    return w.foreachBatch(keeper(f"{work}/seen")).start()


def keeper(folder):
    """A function that keeps the rows of each batch in a file: the sink of these queries when Spark ran them."""
    def keep(df, batch_id):
        import os
        import pickle
        os.makedirs(folder, exist_ok=True)
        with open(f"{folder}/{batch_id}", "wb") as f:
            pickle.dump(df.collect(), f)
    return keep


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
def test_checkpoint_of_spark_resumed(spark, utc, case):
    golden = GOLDEN / case
    work = ROOT / ("agg_update_hdfs" if case.endswith("midbatch") else case)
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
