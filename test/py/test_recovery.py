"""Restarts on checkpoints as Spark leaves, loses or damages them; queries and their manager."""
import json
import os
import threading
import shutil
import time

import pytest
from test_stream import put
from waiting import until


def stream(spark, tmp_path, **options):
    d = spark.readStream.schema("id BIGINT")
    for k, v in options.items():
        d = d.option(k, v)
    return d.json(str(tmp_path / "in"))


def start(spark, tmp_path, name="t", sink="parquet", trigger=None, ck="ck", **options):
    w = stream(spark, tmp_path, **options).writeStream.option("checkpointLocation", str(tmp_path / ck))
    w = w.trigger(**(trigger or {"availableNow": True}))
    if sink == "memory":
        return w.format("memory").queryName(name).start()
    return w.format(sink).queryName(name).start(str(tmp_path / "out"))


def run(spark, tmp_path, **kw):
    q = start(spark, tmp_path, maxFilesPerTrigger=1, **kw)
    assert q.awaitTermination(30)
    return q


def land(tmp_path, *ids):
    """Files whose age is theirs from the start: what is much older than a file that was read is not looked for."""
    for i in ids:
        put(str(tmp_path / "landing"), f"f{i}.json", {"id": i})
        os.utime(tmp_path / "landing" / f"f{i}.json", (1_700_000_000 + i,) * 2)
        os.makedirs(tmp_path / "in", exist_ok=True)
        os.rename(tmp_path / "landing" / f"f{i}.json", tmp_path / "in" / f"f{i}.json")


def rows(spark, tmp_path):
    return sorted(r.id for r in spark.read.parquet(str(tmp_path / "out")).collect())


def write(path, text):
    with open(path, "w") as f:
        f.write(text)


def refused(spark, tmp_path, *words, **kw):
    with pytest.raises(Exception) as e:
        run(spark, tmp_path, **kw)
    for w in words:
        assert w in str(e.value), (w, str(e.value)[:600])


@pytest.fixture
def three(spark, tmp_path):
    """Three batches that ended well, and a fourth file."""
    land(tmp_path, 0, 1, 2)
    run(spark, tmp_path)
    land(tmp_path, 3)
    return tmp_path / "ck"


def test_last_commit_lost_is_run_again_once(spark, tmp_path, three):
    os.remove(three / "commits" / "2")
    run(spark, tmp_path)
    assert rows(spark, tmp_path) == [0, 1, 2, 3]
    assert sorted(os.listdir(three / "commits")) == ["0", "1", "2", "3"]


def test_only_what_recovery_needs(spark, tmp_path, three):
    for f in ("offsets/0", "commits/0", "commits/1"):
        os.remove(three / f)
    run(spark, tmp_path)
    assert rows(spark, tmp_path) == [0, 1, 2, 3]


def test_all_commits_lost_runs_the_newest_again(spark, tmp_path, three):
    for n in range(3):
        os.remove(three / "commits" / str(n))
    run(spark, tmp_path)
    assert rows(spark, tmp_path) == [0, 1, 2, 3]


def test_entry_ahead_of_the_offsets_is_kept(spark, tmp_path, three):
    line = {"path": f"file://{tmp_path}/in/f3.json", "timestamp": 1_700_000_003_000, "batchId": 3}
    write(three / "sources" / "0" / "3", "v1\n" + json.dumps(line, separators=(",", ":")))
    run(spark, tmp_path)
    assert rows(spark, tmp_path) == [0, 1, 2, 3]


def test_stray_files_do_no_harm(spark, tmp_path, three):
    for d in ("offsets", "commits", "sources/0"):
        write(three / d / ".3.b0c7a2a4-0000-4000-8000-000000000000.tmp", "v1\n{")
        write(three / d / ".3.crc", "crc")
        write(three / d / "notes.txt", "x")
    run(spark, tmp_path)
    assert rows(spark, tmp_path) == [0, 1, 2, 3]


def test_trailing_newlines_and_unknown_keys(spark, tmp_path, three):
    for f in ("offsets/2", "commits/2"):
        with open(three / f, "a") as h:
            h.write("\n")
    meta = json.loads((three / "metadata").read_text())
    write(three / "metadata", json.dumps({**meta, "more": 1}))
    q = run(spark, tmp_path)
    assert rows(spark, tmp_path) == [0, 1, 2, 3] and q.id == meta["id"]


def test_commit_of_an_empty_object(spark, tmp_path, three):
    write(three / "commits" / "2", "v1\n{}")
    run(spark, tmp_path)
    assert rows(spark, tmp_path) == [0, 1, 2, 3]


@pytest.mark.parametrize("file, text, words", [
    ("offsets/2", "", ["Incomplete log file", "offsets/2"]),
    ("offsets/2", "v1", ["offsets/2"]),
    ("offsets/2", "v1\n{\"batchW", ["offsets/2", "JSON"]),
    ("offsets/2", "hello\n{}\n-", ["MALFORMED_LOG_FILE", "offsets/2", "hello"]),
    ("offsets/2", "v99\n{}\n-", ["INVALID_LOG_VERSION", "v99", "offsets/2"]),
    ("offsets/2", "v1\n{}\n{\"logOffset\":2}\n{\"logOffset\":0}", ["There are [2] sources", "now there are [1]", "offsets/2"]),
    ("offsets/1", None, ["batch 1 doesn't exist", "offsets/1"]),
    ("commits/2", "", ["Incomplete log file", "commits/2"]),
    ("commits/2", "v4\n{}", ["INVALID_LOG_VERSION", "commits/2"]),
    ("commits/2", "v1\n{\"next", ["commits/2", "JSON"]),
    ("metadata", "", ["metadata"]),
    ("metadata", "{\"id\":", ["metadata"]),
    ("metadata", None, ["STREAMING_CHECKPOINT_MISSING_METADATA_FILE"]),
    ("sources/0/1", "", ["Incomplete log file", "sources/0/1"]),
    ("sources/0/1", "v2\n{}", ["INVALID_LOG_VERSION", "sources/0/1"]),
    ("sources/0/1", "v1\n{\"path\":\"fi", ["sources/0/1"]),
    ("sources/0/1", None, ["sources/0/1"]),
    ("sources/0", None, ["sources/0"]),
])
def test_damaged_file_is_named(spark, tmp_path, three, file, text, words):
    before = {d: sorted(os.listdir(three / d)) for d in ("offsets", "commits")}
    path = three / file
    if text is not None:
        write(path, text)
    elif path.is_dir():
        shutil.rmtree(path)
    else:
        os.remove(path)
    refused(spark, tmp_path, *words)
    if not file.startswith(("offsets", "commits")):
        assert before == {d: sorted(os.listdir(three / d)) for d in before}
    assert rows(spark, tmp_path) == [0, 1, 2]
    assert spark.range(3).count() == 3


def test_commits_without_offsets_are_foreign(spark, tmp_path, three):
    shutil.rmtree(three / "offsets")
    refused(spark, tmp_path, "STATE_STORE_CHECKPOINT_LOCATION_NOT_EMPTY", "commits")


def test_sources_changed(spark, tmp_path, three):
    two = stream(spark, tmp_path).union(spark.readStream.schema("id BIGINT").json(str(tmp_path / "in")))
    q = (two.writeStream.format("parquet").option("checkpointLocation", str(three)).trigger(availableNow=True)
         .start(str(tmp_path / "out")))
    with pytest.raises(Exception, match=r"There are \[1\] sources .* now there are \[2\]"):
        q.awaitTermination(30)


def test_logs_keep_the_batches_asked_for(spark, tmp_path):
    spark.conf.set("spark.sql.streaming.minBatchesToRetain", "5")
    land(tmp_path, *range(14))
    run(spark, tmp_path)
    kept = sorted(int(n) for n in os.listdir(tmp_path / "ck" / "offsets"))
    assert kept == list(range(8, 14))  # as a run of Spark left it: batch 13 removes those below 13 - 5
    assert rows(spark, tmp_path) == list(range(14))
    land(tmp_path, 14)
    run(spark, tmp_path)
    assert rows(spark, tmp_path) == list(range(15))


def test_old_source_entries_go_once_compacted(spark, tmp_path):
    spark.conf.set("spark.sql.streaming.minBatchesToRetain", "2")
    spark.conf.set("spark.sql.streaming.fileSource.log.cleanupDelay", "0")
    land(tmp_path, *range(23))
    run(spark, tmp_path)
    names = os.listdir(tmp_path / "ck" / "sources" / "0")
    assert "19.compact" in names and "9.compact" not in names and "3" not in names, names
    land(tmp_path, 23)
    run(spark, tmp_path)
    assert rows(spark, tmp_path) == list(range(24))


# Spark 4.2.0: the older run of a checkpoint is stopped, of whichever session of the server it is; a name that is taken in
# the session comes first
@pytest.mark.parametrize("same", [True, False])
def test_checkpoint_in_use_here(engine, tmp_path, same):
    first = engine.session()
    second = first if same else engine.session()
    land(tmp_path, 0)
    q = start(first, tmp_path, trigger={"processingTime": "1 second"})
    q.processAllAvailable()
    again = start(second, tmp_path, name="other", trigger={"processingTime": "1 second"})
    assert not q.isActive and q.exception() is None and again.isActive
    assert (again.id, [x.runId for x in second.streams.active]) == (q.id, [again.runId]) and again.runId != q.runId
    land(tmp_path, 1)
    again.processAllAvailable()
    assert rows(second, tmp_path) == [0, 1]
    refused(second, tmp_path, "Cannot start query with name other", name="other")
    second.conf.set("spark.sql.streaming.stopActiveRunOnRestart", "false")
    refused(second, tmp_path, "java.lang.IllegalStateException",
            f"Cannot start query with id {q.id} as another query with same id is already active")
    assert again.isActive
    again.stop()
    run(second, tmp_path)
    for s in {first, second}:
        s.stop()


def test_starts_at_once_leave_one(engine, tmp_path):
    """Of several starts beside each other one wins: Spark 4.2.0 says CONCURRENT_QUERY to the others."""
    sessions, active, errors = [engine.session() for _ in range(4)], [], []
    land(tmp_path, 0)
    q = start(sessions[0], tmp_path, name="q0", trigger={"processingTime": "1 second"})
    q.processAllAvailable()

    def begin(i):
        try:
            active.append(start(sessions[i], tmp_path, name=f"n{i}", trigger={"processingTime": "1 second"}))
        except Exception as e:
            errors.append(str(e))

    threads = [threading.Thread(target=begin, args=(i,)) for i in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not q.isActive and [x.isActive for x in active].count(True) == 1
    assert all("CONCURRENT_QUERY" in e for e in errors), errors
    for x in active:
        x.stop()
    for s in sessions:
        s.stop()


def test_checkpoint_in_use_by_another_engine(spark, tmp_path):
    from conftest import Engine
    land(tmp_path, 0)
    q = start(spark, tmp_path, trigger={"processingTime": "1 second"})
    q.processAllAvailable()
    folder = tmp_path / "second"
    folder.mkdir()
    other = Engine(str(folder))
    try:
        refused(other.session(), tmp_path, "CONCURRENT_QUERY", q.runId)
    finally:
        other.kill()
    q.stop()


def test_triggers(spark, tmp_path):
    land(tmp_path, 0, 1)
    for i, t in enumerate([{"availableNow": True}, {"once": True}]):
        q = start(spark, tmp_path, sink="memory", name=f"t{i}", trigger=t, ck=f"ck{i}", maxFilesPerTrigger=1)
        assert q.awaitTermination(30)
        assert spark.table(f"t{i}").count() == 2
        assert len(q.recentProgress) == (2 if i == 0 else 1)  # once takes everything in one batch
    for i, t in enumerate([{"processingTime": "0 seconds"}, {"processingTime": "100 milliseconds"}, {"continuous": "1 hour"}], 5):
        q = start(spark, tmp_path, sink="memory", name=f"t{i}", trigger=t, ck=f"ck{i}")
        q.processAllAvailable()
        assert spark.table(f"t{i}").count() == 2 and q.isActive
        q.stop()
        assert not q.isActive and q.exception() is None


@pytest.mark.parametrize("trigger", [{"continuous": "soon"}, {"processingTime": "-1 seconds"}])
def test_bad_interval(spark, tmp_path, trigger):
    land(tmp_path, 0)
    with pytest.raises(Exception):
        start(spark, tmp_path, sink="memory", trigger=trigger)


def test_continuous_starts_when_data_arrives(spark, tmp_path):
    land(tmp_path, 0)
    q = start(spark, tmp_path, sink="memory", name="c", trigger={"continuous": "1 hour"})
    q.processAllAvailable()
    for i in range(1, 6):
        land(tmp_path, i)
        until(f"file {i}", lambda: spark.table("c").count() == i + 1, 5)
    assert spark.table("c").count() == 6
    q.stop()


def test_process_all_sees_what_was_there_before_the_call(spark, tmp_path):
    land(tmp_path, 0)
    q = start(spark, tmp_path, sink="memory", name="p", trigger={"processingTime": "0 seconds"})
    for i in range(1, 20):
        land(tmp_path, i)
        q.processAllAvailable()
        assert spark.table("p").count() == i + 1
    t = time.time()
    for _ in range(10):
        q.processAllAvailable()  # nothing new: it does not wait for the next look of its own accord
    assert time.time() - t < 1
    q.stop()


def test_query_object(spark, tmp_path):
    land(tmp_path, 0)
    q = start(spark, tmp_path, sink="memory", name="n", trigger={"processingTime": "0 seconds"})
    assert not q.awaitTermination(0.1)
    q.processAllAvailable()
    assert q.name == "n" and [a.id for a in spark.streams.active] == [q.id] and spark.streams.get(q.id).runId == q.runId
    until("an idle query", lambda: q.status["message"] == "Waiting for data to arrive", 5)
    assert q.status == {"message": "Waiting for data to arrive", "isDataAvailable": False, "isTriggerActive": False}
    assert not spark.streams.awaitAnyTermination(0.1)
    q.explain()
    q.explain(True)
    q.stop()
    assert q.status["message"] == "Stopped" and spark.streams.active == []
    assert spark.streams.awaitAnyTermination(1)
    spark.streams.resetTerminated()
    assert not spark.streams.awaitAnyTermination(0.1)
    again = start(spark, tmp_path, sink="memory", name="n2", trigger={"availableNow": True})
    assert again.awaitTermination(30) and again.id == q.id and again.runId != q.runId


def test_failure_is_told(spark, tmp_path):
    from pyspark.sql import functions as F
    land(tmp_path, 0)
    q = (stream(spark, tmp_path).select(F.expr("id / id AS x")).writeStream.format("noop")
         .option("checkpointLocation", str(tmp_path / "ck")).start())
    with pytest.raises(Exception, match="DIVIDE_BY_ZERO"):
        q.awaitTermination(30)
    assert "DIVIDE_BY_ZERO" in str(q.exception()) and not q.isActive
    assert q.status["message"].startswith("Terminated with exception")
    with pytest.raises(Exception, match="DIVIDE_BY_ZERO"):
        spark.streams.awaitAnyTermination(1)
    assert os.listdir(tmp_path / "ck" / "offsets") == ["0"] and os.listdir(tmp_path / "ck" / "commits") == []


def test_progress(spark, tmp_path):
    land(tmp_path, 0, 1, 2)
    q = run(spark, tmp_path)
    p = json.loads(q.lastProgress.json)
    assert set(p["durationMs"]) == {"triggerExecution", "latestOffset", "walCommit", "getBatch", "queryPlanning",
                                    "addBatch", "commitOffsets"}
    assert p["durationMs"]["triggerExecution"] >= sum(v for k, v in p["durationMs"].items() if k != "triggerExecution")
    assert (p["id"], p["runId"], p["name"], p["batchId"]) == (q.id, q.runId, "t", 2)
    assert p["timestamp"].endswith("Z") and p["batchDuration"] == p["durationMs"]["triggerExecution"]
    s = p["sources"][0]
    assert s["description"] == f"FileStreamSource[file:{tmp_path}/in]"
    assert (s["startOffset"], s["endOffset"], s["latestOffset"]) == ('{"logOffset":1}', '{"logOffset":2}', None)
    assert s["numInputRows"] == 1 and s["metrics"] == {}
    assert p["sink"] == {"description": f"FileSink[file:{tmp_path}/out]", "numOutputRows": -1, "metrics": {}}
    assert (p["eventTime"], p["stateOperators"], p["observedMetrics"]) == ({}, [], {})
    assert [x.batchId for x in q.recentProgress] == [0, 1, 2] and q.lastProgress["numInputRows"] == 1


def test_ring_of_progress(spark, tmp_path):
    spark.conf.set("spark.sql.streaming.numRecentProgressUpdates", "3")
    land(tmp_path, *range(8))
    q = run(spark, tmp_path)
    assert [x.batchId for x in q.recentProgress] == [5, 6, 7]


def test_sigterm_lets_the_batch_commit(engine, tmp_path):
    spark = engine.session()
    src = tmp_path / "in"
    src.mkdir()
    with open(src / "big.json", "w") as f:
        for i in range(400_000):
            f.write('{"id":%d}\n' % i)
    start(spark, tmp_path, sink="delta", trigger={"processingTime": "0 seconds"})
    until("the batch begins", lambda: os.path.exists(tmp_path / "ck" / "offsets" / "0"), 10, 0.001)
    engine.process.terminate()
    assert os.listdir(tmp_path / "ck" / "commits") == [], "the signal came too late"
    assert engine.process.wait(30) == 0
    assert os.listdir(tmp_path / "ck" / "commits") == ["0"]


def test_batch_that_fails_before_its_first_row(spark, tmp_path):
    land(tmp_path, 0, 2)
    put(str(tmp_path / "in"), "f1.json", "{broken")
    os.utime(tmp_path / "in" / "f1.json", (1_700_000_001,) * 2)
    refused(spark, tmp_path, "f1.json", mode="FAILFAST")
    assert rows(spark, tmp_path) == [0]
    run(spark, tmp_path, mode="DROPMALFORMED")
    assert rows(spark, tmp_path) == [0, 2]
