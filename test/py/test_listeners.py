"""Listeners, observe(), progress and status of streaming queries, as PySpark's clients see them. Fields and order:
Spark 4.2 StreamingQueryListener and StreamingQueryProgress.

"started" travels in the answer of start(), the other events on a stream of their own: data comes after start()."""
import json
import math
import os
import time

import pytest
from pyspark.errors import StreamingQueryException
from pyspark.sql import Observation
from pyspark.sql import functions as F
from pyspark.sql.streaming import StreamingQueryListener


class Log(StreamingQueryListener):
    def __init__(self):
        self.events = []

    def onQueryStarted(self, e):
        self.events.append(("started", e))

    def onQueryProgress(self, e):
        self.events.append(("progress", e))

    def onQueryIdle(self, e):
        self.events.append(("idle", e))

    def onQueryTerminated(self, e):
        self.events.append(("terminated", e))

    def kinds(self):
        """Idle ones left out: when a look finds nothing is a matter of time."""
        return [k for k, _ in self.events if k != "idle"]

    def wait(self, kind, n=1, seconds=20):
        end = time.time() + seconds
        while [k for k, _ in self.events].count(kind) < n:
            assert time.time() < end, self.kinds()
            time.sleep(0.02)


def remove(spark, log):
    """After the last event: the client waits for itself when one comes while its last listener leaves."""
    log.wait("terminated")
    spark.streams.removeListener(log)


def land(d, i, *ids):
    os.makedirs(f"{d}/in", exist_ok=True)
    with open(f"{d}/tmp", "w") as f:
        f.writelines(json.dumps({"id": x}) + "\n" for x in ids)
    os.rename(f"{d}/tmp", f"{d}/in/{i}.json")


def stream(spark, d):
    os.makedirs(f"{d}/in", exist_ok=True)
    return spark.readStream.schema("id INT").json(f"{d}/in")


def noop(df, d, name="q", ck="ck"):
    return df.writeStream.format("noop").queryName(name).option("checkpointLocation", f"{d}/{ck}").start()


def test_events_come_in_order(spark, tmp_path):
    log = Log()
    spark.streams.addListener(log)
    q = noop(stream(spark, tmp_path), tmp_path)
    assert log.kinds() == ["started"]
    land(tmp_path, 1, 1, 2, 3)
    q.processAllAvailable()
    land(tmp_path, 2, 4)
    q.processAllAvailable()
    log.wait("progress", 2)
    q.stop()
    remove(spark, log)
    assert log.kinds() == ["started", "progress", "progress", "terminated"]
    started, p0, p1, ended = [e for k, e in log.events if k != "idle"]
    assert (str(started.id), str(started.runId), started.name) == (q.id, q.runId, "q")
    assert [p.progress.batchId for p in (p0, p1)] == [0, 1]
    assert [p.progress.numInputRows for p in (p0, p1)] == [3, 1]
    assert (str(ended.id), str(ended.runId), ended.exception, ended.errorClassOnException) == (q.id, q.runId, None, None)


def test_a_failure_is_told(spark, tmp_path):
    log = Log()
    spark.streams.addListener(log)
    q = noop(stream(spark, tmp_path).selectExpr("id / (id - 1) AS x"), tmp_path)
    land(tmp_path, 1, 1)
    with pytest.raises(StreamingQueryException, match="DIVIDE_BY_ZERO"):
        q.awaitTermination(30)
    remove(spark, log)
    ended = log.events[-1][1]
    assert log.kinds() == ["started", "terminated"]
    assert "DIVIDE_BY_ZERO" in ended.exception


def test_listeners_that_come_and_go(spark, tmp_path):
    a, b = Log(), Log()
    spark.streams.addListener(a)
    spark.streams.addListener(b)
    q = noop(stream(spark, tmp_path), tmp_path)
    land(tmp_path, 1, 1)
    q.processAllAvailable()
    a.wait("progress")
    b.wait("progress")
    spark.streams.removeListener(a)
    land(tmp_path, 2, 1)
    q.processAllAvailable()
    b.wait("progress", 2)
    assert a.kinds() == ["started", "progress"]
    spark.streams.removeListener(b)
    spark.streams.addListener(a)
    q.stop()
    remove(spark, a)
    assert b.kinds() == ["started", "progress", "progress"]


def test_idle_is_told(spark, tmp_path):
    spark.conf.set("spark.sql.streaming.noDataProgressEventInterval", "200")
    log = Log()
    spark.streams.addListener(log)
    land(tmp_path, 1, 1)
    q = noop(stream(spark, tmp_path), tmp_path)
    log.wait("idle", 2)
    q.stop()
    remove(spark, log)
    assert len(q.recentProgress) == 1
    assert {str(e.runId) for k, e in log.events if k == "idle"} == {q.runId}


def test_observe_in_a_stream(spark, tmp_path):
    log = Log()
    spark.streams.addListener(log)
    land(tmp_path, 1, 1, 2, None)
    df = stream(spark, tmp_path).observe("seen", F.count("*").alias("n"), F.sum("id").alias("total"), F.max("id").alias("top"))
    q = noop(df.filter("id > 1"), tmp_path)
    q.processAllAvailable()
    land(tmp_path, 2, 10)
    q.processAllAvailable()
    log.wait("progress", 2)
    q.stop()
    remove(spark, log)
    got = [tuple(e.progress.observedMetrics["seen"]) for k, e in log.events if k == "progress"]
    assert got == [(3, 3, 2), (1, 10, 10)]
    assert tuple(q.lastProgress.observedMetrics["seen"]) == (1, 10, 10)


def test_observe_in_a_batch(spark):
    o = Observation("b")
    df = spark.range(10).observe(o, F.count("*").alias("n"), F.avg("id").alias("mean"))
    assert df.filter("id < 3").count() == 3
    assert o.get == {"n": 10, "mean": 4.5}


def test_progress_is_finite_and_complete(spark, tmp_path):
    land(tmp_path, 1, 1, 2)
    q = noop(stream(spark, tmp_path), tmp_path)
    q.processAllAvailable()
    p = q.lastProgress
    q.stop()
    for key in ("id", "runId", "name", "timestamp", "batchId", "batchDuration", "numInputRows", "inputRowsPerSecond",
                "processedRowsPerSecond", "durationMs", "eventTime", "stateOperators", "sources", "sink", "observedMetrics"):
        assert key in p, key
    assert (p["numInputRows"], p["name"], p["batchId"]) == (2, "q", 0)
    assert p["batchDuration"] == p["durationMs"]["triggerExecution"]
    assert set(p["durationMs"]) == {"addBatch", "commitOffsets", "getBatch", "latestOffset", "queryPlanning", "triggerExecution", "walCommit"}
    assert all(math.isfinite(p[k]) and p[k] >= 0 for k in ("inputRowsPerSecond", "processedRowsPerSecond"))
    s = p["sources"][0]
    assert s["description"] == f"FileStreamSource[file:{tmp_path}/in]"
    assert (s["startOffset"], json.loads(s["endOffset"]), s["numInputRows"]) == ("null", {"logOffset": 0}, 2)


def test_status_says_what_happens(spark, tmp_path):
    q = noop(stream(spark, tmp_path), tmp_path)
    q.processAllAvailable()
    end = time.time() + 10
    while q.status["message"] != "Waiting for data to arrive" and time.time() < end:
        time.sleep(0.01)
    assert q.status == {"message": "Waiting for data to arrive", "isDataAvailable": False, "isTriggerActive": False}
    assert q.lastProgress is None and q.recentProgress == []
    q.stop()
    assert q.status["message"] == "Stopped" and not q.isActive and q.exception() is None


def test_status_of_a_failed_query_names_the_cause(spark, tmp_path):
    land(tmp_path, 1, 1)
    q = noop(stream(spark, tmp_path).selectExpr("CAST('x' AS INT) + id AS x"), tmp_path)
    with pytest.raises(StreamingQueryException):
        q.awaitTermination(30)
    assert "Terminated with exception" in q.status["message"] and "CAST_INVALID_INPUT" in q.status["message"]
    assert "CAST_INVALID_INPUT" in str(q.exception())
    assert [x.name for x in spark.streams.active] == []


def test_queries_are_found_and_waited_for(spark, tmp_path):
    a, b = (noop(stream(spark, tmp_path), tmp_path, n, n) for n in "ab")
    assert sorted(x.name for x in spark.streams.active) == ["a", "b"]
    assert spark.streams.get(a.id).name == "a"
    assert spark.streams.awaitAnyTermination(0.2) is False
    a.stop()
    assert spark.streams.awaitAnyTermination(10) is True
    spark.streams.resetTerminated()
    assert spark.streams.awaitAnyTermination(0.2) is False
    assert [x.name for x in spark.streams.active] == ["b"]
    b.stop()
