"""Listeners, observe(), progress and status of streaming queries, as PySpark's clients see them. Fields and order:
Spark 4.2 StreamingQueryListener and StreamingQueryProgress.

"started" travels in the answer of start(), the other events on a stream of their own, which waits for that answer."""
import json
import math
import os
import threading
import time
import uuid

import pytest
from pyspark.errors import StreamingQueryException
from pyspark.sql import Observation
from pyspark.sql import functions as F
from pyspark.sql.connect.proto import base_pb2 as pb
from pyspark.sql.connect.proto import commands_pb2
from pyspark.sql.streaming import StreamingQueryListener
from test_connect import Raw
from waiting import until

EventType = commands_pb2.StreamingQueryEventType


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
        until(f"{n} times {kind}", lambda: [k for k, _ in self.events].count(kind) >= n, seconds)


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


def test_started_is_always_the_first(spark, tmp_path):
    log = Log()
    spark.streams.addListener(log)
    land(tmp_path, 1, 1)
    for n in range(10):
        w = stream(spark, tmp_path).writeStream.format("noop").option("checkpointLocation", f"{tmp_path}/ck{n}")
        assert w.trigger(availableNow=True).start().awaitTermination(30)
    log.wait("terminated", 10)
    spark.streams.removeListener(log)
    for run in {str(e.runId if k != "progress" else e.progress.runId) for k, e in log.events}:
        kinds = [k for k, e in log.events if k != "idle" and str(e.runId if k != "progress" else e.progress.runId) == run]
        assert kinds == ["started", "progress", "terminated"], kinds


class Bus:
    """A listener bus without PySpark's client in between, and a query of its session."""

    def __init__(self, engine):
        self.raw, self.kinds = Raw(engine), []
        answers = self.call(lambda c: setattr(c.streaming_query_listener_bus_command, "add_listener_bus_listener", True))
        assert next(answers).streaming_query_listener_events_result.listener_bus_listener_added
        self.thread = threading.Thread(target=self.read, args=(answers,))
        self.thread.start()

    def read(self, answers):
        for r in answers:
            for e in r.streaming_query_listener_events_result.events:
                self.kinds.append((e.event_type, json.loads(e.event_json)))

    def call(self, fill, reattachable=True):
        q = self.raw.head(pb.ExecutePlanRequest, operation_id=str(uuid.uuid4()))
        q.request_options.add().reattach_options.reattachable = reattachable
        fill(q.plan.command)
        self.operation = q.operation_id
        return self.raw.stub.ExecutePlan(q, metadata=self.raw.meta, timeout=60)

    def start(self, folder, reattachable=True):
        def fill(c):
            w = c.write_stream_operation_start
            d = w.input.read.data_source
            w.input.read.is_streaming = True
            d.format, d.schema = "json", "id INT"
            d.paths.append(f"{folder}/in")
            w.format, w.available_now = "noop", True
            w.options["checkpointLocation"] = f"{folder}/{uuid.uuid4()}"
        return self.call(fill, reattachable)

    def events(self, n, seconds=20):
        end = time.time() + seconds
        while len(self.kinds) < n and time.time() < end:
            time.sleep(0.02)
        return [k for k, _ in self.kinds if k != EventType.QUERY_IDLE_EVENT]

    def end(self):
        list(self.call(lambda c: setattr(c.streaming_query_listener_bus_command, "remove_listener_bus_listener", True)))
        self.thread.join(10)
        assert not self.thread.is_alive()


BOTH = [EventType.QUERY_PROGRESS_EVENT, EventType.QUERY_TERMINATED_EVENT]


def test_the_bus_waits_for_the_answer_to_start(engine, tmp_path):
    """A client that has not read the answer has not heard of the query: nothing about it comes before."""
    land(tmp_path, 1, 1)
    bus = Bus(engine)
    answers = bus.start(tmp_path)
    started = next(r for r in answers if r.HasField("write_stream_operation_start_result")).write_stream_operation_start_result
    assert json.loads(started.query_started_event_json)["runId"] == started.query_id.run_id
    operation = bus.operation
    time.sleep(1.5)  # the query itself is over long since
    assert bus.kinds == []
    bus.raw.release(operation)
    assert bus.events(2) == BOTH
    assert bus.kinds[0][1]["progress"]["runId"] == bus.kinds[-1][1]["runId"] == started.query_id.run_id
    bus.end()


def test_the_bus_goes_on_when_the_one_who_started_is_gone(engine, tmp_path):
    land(tmp_path, 1, 1)
    bus = Bus(engine)
    bus.start(tmp_path, reattachable=False).cancel()
    time.sleep(0.5)  # whether it came to a start or not
    done = len(bus.events(2, 3))
    answers = bus.start(tmp_path)
    next(answers)  # and this one never says that it has read it: 10 s
    assert bus.events(done + 2, 30)[done:] == BOTH
    bus.end()


def test_who_asks_about_a_query_has_heard_of_it(engine, tmp_path):
    land(tmp_path, 1, 1)
    bus = Bus(engine)
    started = next(bus.start(tmp_path)).write_stream_operation_start_result

    def ask(c):
        c.streaming_query_command.query_id.CopyFrom(started.query_id)
        c.streaming_query_command.await_termination.SetInParent()
    list(bus.call(ask))
    assert bus.events(2, 5) == BOTH
    bus.end()


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
    assert ended.exception.startswith("org.apache.spark.SparkArithmeticException: [DIVIDE_BY_ZERO] Division by zero.")
    assert ended.errorClassOnException == "DIVIDE_BY_ZERO"


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
    until("an idle query", lambda: q.status["message"] == "Waiting for data to arrive", 10)
    assert q.status == {"message": "Waiting for data to arrive", "isDataAvailable": False, "isTriggerActive": False}
    assert q.lastProgress is None and q.recentProgress == []
    q.stop()
    assert q.status["message"] == "Stopped" and not q.isActive and q.exception() is None


def test_status_of_a_failed_query_names_the_cause(spark, tmp_path):
    land(tmp_path, 1, 1)
    q = noop(stream(spark, tmp_path).selectExpr("id / (id - 1) AS x"), tmp_path)
    with pytest.raises(StreamingQueryException) as e:
        q.awaitTermination(30)
    cause = """[DIVIDE_BY_ZERO] Division by zero. Use `try_divide` to tolerate divisor being 0 and return NULL instead. If necessary \
set "spark.sql.ansi.enabled" to "false" to bypass this error. SQLSTATE: 22012
== SQL (line 1, position 1) ==
id / (id - 1) AS x
^^^^^^^^^^^^^
"""
    account = f"""
=== Streaming Query ===
Identifier: q [id = {q.id}, runId = {q.runId}]
Current Committed Offsets: {{}}
Current Available Offsets: {{FileStreamSource[file:{tmp_path}/in]: {{"logOffset":0}}}}

Current State: ACTIVE
Thread State: RUNNABLE

Logical Plan:
"""
    assert q.status == {"message": "Terminated with exception: " + cause, "isDataAvailable": False, "isTriggerActive": False}
    head = f"[STREAM_FAILED] Query [id = {q.id}, runId = {q.runId}] terminated with exception: {cause} SQLSTATE: XXKST{account}"
    assert str(e.value).startswith(head) and e.value.getMessageParameters() == {"id": q.id, "runId": q.runId, "message": cause}
    assert str(q.exception()).startswith("(STREAM_FAILED) " + cause + account)
    assert [x.name for x in spark.streams.active] == []


def test_status_of_a_failure_with_a_long_text(spark, tmp_path):
    """All of it, like Spark's; PySpark's client cuts what is before the first colon of exception()."""
    land(tmp_path, 1, 1)

    def fn(df, batch_id):
        raise ValueError("x" * 5000)
    q = stream(spark, tmp_path).writeStream.foreachBatch(fn).option("checkpointLocation", f"{tmp_path}/ck").start()
    with pytest.raises(StreamingQueryException):
        q.awaitTermination(30)
    said = f"[PYTHON_EXCEPTION] [session: {spark.session_id}] [userId: ] Found error inside foreachBatch Python process: Traceback"
    assert q.status["message"].startswith("Terminated with exception: " + said) and "x" * 5000 in q.status["message"]
    assert str(q.exception()).startswith("(STREAM_FAILED) " + said)


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
