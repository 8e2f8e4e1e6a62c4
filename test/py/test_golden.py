"""Checkpoints that Apache Spark 4.3.0 wrote, resumed here: the rows after the next input are Spark's.

The logs hold absolute paths, so a case always runs in /tmp/weir-golden/<case>; file numbers are modification times."""
import json
import os
import pathlib
import re
import shutil

import pytest

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "golden" / "checkpoint"
ROOT = pathlib.Path("/tmp/weir-golden")
MTIME0_S = 1_700_000_000
CONF = {"stateless_parquet": {},
        "stateless_parquet_long": {"spark.sql.streaming.minBatchesToRetain": "5",
                                   "spark.sql.streaming.fileSource.log.cleanupDelay": "0",
                                   "spark.sql.streaming.fileSink.log.cleanupDelay": "0"}}


def place_inputs(folder, work):
    for p in sorted(folder.glob("in*/f*.json")):
        to = work / p.parent.name
        to.mkdir(exist_ok=True)
        shutil.copy(p, to / p.name)
        mtime = MTIME0_S + int(re.search(r"f(\d+)", p.name).group(1))
        os.utime(to / p.name, (mtime, mtime))


def normal(v):
    import datetime
    if isinstance(v, datetime.datetime):
        return int(round((v - datetime.datetime(1970, 1, 1)).total_seconds() * 1_000_000))
    return v


def rows(df):
    return sorted(json.dumps({k: normal(v) for k, v in r.asDict().items()}, sort_keys=True, ensure_ascii=False)
                  for r in df.collect())


@pytest.mark.parametrize("case", sorted(CONF))
def test_checkpoint_of_spark_resumed(spark, case, monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    import time
    time.tzset()
    golden, work = GOLDEN / case, ROOT / case
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    shutil.copytree(golden / "checkpoint", work / "ck")
    shutil.copytree(golden / "output_before", work / "out")
    place_inputs(golden / "input_before", work)
    place_inputs(golden / "input_next", work)
    for k, v in CONF[case].items():
        spark.conf.set(k, v)
    q = (spark.readStream.schema("id BIGINT, ts TIMESTAMP, k STRING, v BIGINT").option("maxFilesPerTrigger", 1)
         .json(f"{work}/in0").where("v > 0").selectExpr("id", "ts", "upper(k) AS k", "v * 2 AS v2")
         .writeStream.outputMode("append").option("checkpointLocation", f"{work}/ck").trigger(availableNow=True)
         .format("parquet").option("path", f"{work}/out").start())
    q.awaitTermination(60)
    assert q.exception() is None
    want = sorted((golden / "expected_after.jsonl").read_text(encoding="utf-8").split("\n"))
    assert rows(spark.read.parquet(f"{work}/out")) == [x for x in want if x]
