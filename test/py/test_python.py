"""Python functions in a stream: foreachBatch and foreach, their workers, and what befalls them."""
import json
import os
import subprocess
import sys
import tarfile
import threading
import time
import zipfile

import pytest
from conftest import BIN, Engine
from python_rows import INPUT, SCHEMA, shower
from test_stream import put
from waiting import until


def source(spark, tmp_path, schema="id INT", **options):
    d = spark.readStream.schema(schema)
    for k, v in options.items():
        d = d.option(k, v)
    os.makedirs(tmp_path / "in", exist_ok=True)
    return d.json(str(tmp_path / "in"))


def begin(tmp_path, writer, ck="ck", **trigger):
    writer = writer.option("checkpointLocation", str(tmp_path / ck))
    return (writer.trigger(**trigger) if trigger else writer).start()


def each_batch(spark, tmp_path, fn, ck="ck", name=None, **trigger):
    w = source(spark, tmp_path).writeStream.foreachBatch(fn)
    return begin(tmp_path, w.queryName(name) if name else w, ck, **trigger)


def refused(start):
    """start() raises."""
    with pytest.raises(Exception) as e:
        start()
        pytest.fail("the query started")
    return e.value


def failure(q):
    with pytest.raises(Exception) as e:
        q.awaitTermination(60)
        pytest.fail("the query did not fail")
    assert not q.isActive
    return str(e.value)


def lines(path):
    return open(path).read().splitlines() if os.path.exists(path) else []


def children(pid):
    """Python processes of the engine."""
    found = []
    for p in os.listdir("/proc"):
        if not p.isdigit():
            continue
        try:
            stat = open(f"/proc/{p}/stat").read().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(stat[1]) == pid and stat[0] != "Z":
            found.append(int(p))
    return found


# ---- foreachBatch

def test_foreach_batch_reads_a_batch_any_number_of_times(spark, tmp_path):
    put(str(tmp_path / "in"), "a.json", {"id": 1}, {"id": 2}, {"id": 3})
    seen = str(tmp_path / "seen")

    def fn(df, batch_id):
        rows = [sorted(r.id for r in df.collect()), df.count(), df.filter("id > 1").count(), df.isStreaming, df.isEmpty(),
                df.selectExpr("sum(id) AS s").first().s, df.schema.simpleString(), batch_id,
                spark.session_id == df.sparkSession.session_id]
        open(seen, "a").write(json.dumps(rows) + "\n")

    q = each_batch(spark, tmp_path, fn)
    q.processAllAvailable()
    put(str(tmp_path / "in"), "b.json", {"id": 7})
    q.processAllAvailable()
    assert q.isActive and q.lastProgress["sink"]["description"] == "ForeachBatchSink"
    assert q.lastProgress["sink"]["numOutputRows"] == -1 and q.lastProgress["numInputRows"] == 1
    q.stop()
    assert [json.loads(x) for x in lines(seen)] == [
        [[1, 2, 3], 3, 2, False, False, 6, "struct<id:int>", 0, True], [[7], 1, 1, False, False, 7, "struct<id:int>", 1, True]]


@pytest.fixture
def local(tmp_path):
    """An engine that has a folder of its own for rows beyond the memory of a batch."""
    (tmp_path / "local").mkdir()
    e = Engine(str(tmp_path), "--core-files", "--conf", f"spark.local.dir={tmp_path}/local")  # its descriptors are looked at
    yield e
    assert e.stop() == 0


def test_a_batch_beyond_its_memory_goes_to_a_file_without_a_name(local, tmp_path):
    spark, engine = local.session(), local
    rows = [{"id": i, "s": "x" * (i % 50), "m": {"k": i}, "d": f"{i}.25"} for i in range(20000)]
    for n in range(4):
        put(str(tmp_path / "in"), f"{n}.json", *rows[n * 5000:n * 5000 + 5000])
    spark.conf.set("spark.weir.foreachBatch.memory", "64k")
    out = str(tmp_path / "sums")
    folder = f"{tmp_path}/local"

    def nameless():
        pid = engine.process.pid
        found = []
        for f in os.listdir(f"/proc/{pid}/fd"):
            try:
                found.append(os.readlink(f"/proc/{pid}/fd/{f}"))
            except OSError:  # closed meanwhile
                pass
        return [f for f in found if f.startswith(folder + "/#")]

    def fn(df, batch_id):
        import os
        for _ in range(2):
            r = df.selectExpr("count(*) AS n", "sum(id) AS i", "sum(length(s)) AS l", "sum(m['k']) AS m", "sum(d) AS d").first()
            open(out, "a").write(f"{r.n} {r.i} {r.l} {r.m} {r.d}\n")
        open(out, "a").write(f"{df.select('s').distinct().count()}\n")
        while not os.path.exists(f"{out}.seen"):
            time.sleep(0.05)

    w = source(spark, tmp_path, "id INT, s STRING, m MAP<STRING, INT>, d DECIMAL(10, 2)").writeStream.foreachBatch(fn)
    q = begin(tmp_path, w, availableNow=True)
    until("the function has read its batch", lambda: len(lines(out)) == 3)
    assert len(nameless()) == 1
    open(f"{out}.seen", "w").close()
    assert q.awaitTermination(120) and q.exception() is None
    whole = f"20000 {sum(range(20000))} {sum(i % 50 for i in range(20000))} {sum(range(20000))} {sum(range(20000)) + 5000}.00"
    assert lines(out) == [whole, whole, "50"]
    assert not [x for x in os.listdir(folder) if not x.startswith("weir-")]  # the server's own folder
    assert not nameless(), "the file is gone with the batch"
    spark.stop()


def test_writes_of_every_kind_inside(spark, tmp_path):
    put(str(tmp_path / "in"), "a.json", {"id": 1}, {"id": 2})
    out = str(tmp_path)

    def fn(df, batch_id):
        df.write.format("delta").mode("append").saveAsTable("kept")
        df.write.mode("overwrite").parquet(f"{out}/p{batch_id}")
        df.createOrReplaceTempView("now")
        spark.sql("SELECT id * 10 AS id FROM now").write.format("delta").mode("append").save(f"{out}/d")
        spark.sql("INSERT INTO kept SELECT id + 100 FROM now")
        df.persist()
        level = df.storageLevel.useMemory
        df.unpersist()
        spark.createDataFrame([(level, df.storageLevel.useMemory)], "a BOOLEAN, b BOOLEAN").write.json(f"{out}/j{batch_id}")

    q = each_batch(spark, tmp_path, fn, availableNow=True)
    assert q.awaitTermination(60) and q.exception() is None
    assert sorted(r.id for r in spark.table("kept").collect()) == [1, 2, 101, 102]
    assert sorted(r.id for r in spark.read.parquet(f"{out}/p0").collect()) == [1, 2]
    assert sorted(r.id for r in spark.read.format("delta").load(f"{out}/d").collect()) == [10, 20]
    assert [(r.a, r.b) for r in spark.read.json(f"{out}/j0").collect()] == [(True, False)]


@pytest.mark.parametrize("mode, want", [("append", None), ("update", [[0, 1, 3], [1, 1, 4]]), ("complete", [[0, 1, 3], [1, 1, 4]])])
def test_output_modes(spark, tmp_path, mode, want):
    put(str(tmp_path / "in"), "a.json", {"id": 1}, {"id": 1}, {"id": 1})
    seen = str(tmp_path / "seen")

    def fn(df, batch_id):
        open(seen, "a").write(json.dumps([batch_id] + [x for r in df.orderBy("id").collect() for x in r]) + "\n")

    w = source(spark, tmp_path).groupBy("id").count().writeStream.outputMode(mode).foreachBatch(fn)
    if want is None:
        with pytest.raises(Exception, match="STREAMING_OUTPUT_MODE"):
            begin(tmp_path, w)
        return
    q = begin(tmp_path, w)
    q.processAllAvailable()
    put(str(tmp_path / "in"), "b.json", {"id": 1})
    q.processAllAvailable()
    q.stop()
    assert [json.loads(x) for x in lines(seen)] == want


def test_an_exception_reaches_the_client_and_the_batch_comes_again(spark, tmp_path):
    for i in range(3):
        put(str(tmp_path / "in"), f"{i}.json", {"id": i})
        os.utime(tmp_path / "in" / f"{i}.json", (1_700_000_000 + i,) * 2)
    seen, flag = str(tmp_path / "seen"), str(tmp_path / "flag")

    def careful_function(df, batch_id):
        open(seen, "a").write(f"{batch_id} {sorted(r.id for r in df.collect())}\n")
        df.write.format("delta").mode("append").option("txnAppId", "x").option("txnVersion", batch_id).save(str(tmp_path / "t"))
        if batch_id == 1 and not os.path.exists(flag):
            open(flag, "w").close()
            print("some last words")
            raise ValueError("no luck")

    def go():
        w = source(spark, tmp_path, maxFilesPerTrigger=1).writeStream.foreachBatch(careful_function)
        return begin(tmp_path, w, availableNow=True)

    q = go()
    text = failure(q)
    for word in ("[STREAM_FAILED]", "[PYTHON_EXCEPTION]", "Found error inside foreachBatch Python process: Traceback",
                 "in careful_function", "ValueError: no luck", "some last words", f"[session: {spark.session_id}]"):
        assert word in text, text
    assert "ValueError: no luck" in str(q.exception())
    put(str(tmp_path / "in"), "9.json", {"id": 9})  # is no part of the batch that failed
    q = go()
    assert q.awaitTermination(60) and q.exception() is None
    assert lines(seen) == ["0 [0]", "1 [1]", "1 [1]", "2 [2]", "3 [9]"]
    assert sorted(r.id for r in spark.read.format("delta").load(str(tmp_path / "t")).collect()) == [0, 1, 2, 9]


def test_an_error_of_the_engine_inside_is_seen_as_such(spark, tmp_path):
    put(str(tmp_path / "in"), "a.json", {"id": 1})

    def fn(df, batch_id):
        df.select("nosuch").collect()

    text = failure(each_batch(spark, tmp_path, fn))
    assert "UNRESOLVED_COLUMN" in text and "`nosuch`" in text and "AnalysisException" in text


@pytest.mark.parametrize("what, how, text", [
    ("foreachBatch", lambda w: w.partitionBy("id"), "'foreachBatch' does not support partitioning."),
    ("foreach", lambda w: w.partitionBy("id"), "'foreach' does not support partitioning."),
    ("foreachBatch", lambda w: w.trigger(continuous="1 second"), "'foreachBatch' is not supported with continuous trigger."),
])
def test_refused_as_spark_does(spark, tmp_path, what, how, text):
    w = source(spark, tmp_path).writeStream
    w = w.foreachBatch(lambda df, i: None) if what == "foreachBatch" else w.foreach(lambda r: None)
    with pytest.raises(Exception) as e:
        begin(tmp_path, how(w))
    assert text in str(e.value) and type(e.value).__name__ == "AnalysisException"


# ---- foreach

GOLDEN = os.path.join(os.path.dirname(__file__), "..", "golden", "python")


def test_foreach_sees_the_rows_that_it_sees_with_spark(spark, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.json").write_text(INPUT)
    out = str(tmp_path / "out")
    source(spark, tmp_path, SCHEMA).createOrReplaceTempView("v")
    w = spark.sql(open(f"{GOLDEN}/rows.sql").read()).writeStream.foreach(shower(out))
    q = begin(tmp_path, w, availableNow=True)
    assert q.awaitTermination(60) and q.exception() is None
    want = open(f"{GOLDEN}/rows.txt", encoding="utf-8").read().splitlines()[1:]
    # Java writes the same decimal with more zeros
    want = [x.replace("1.00E-10", "1E-10") for x in want]
    assert lines(out) == want
    assert q.lastProgress["sink"]["numOutputRows"] == 3 and q.lastProgress["sink"]["description"].startswith("ForeachWriterTable(")


def test_foreach_with_an_object_opens_and_closes_per_batch(spark, tmp_path):
    calls = str(tmp_path / "calls")

    class Writer:
        def say(self, *what):
            import os
            open(calls, "a").write(" ".join(map(str, what)) + f" {os.getpid()}\n")

        def open(self, partition_id, epoch_id):
            self.say("open", partition_id, epoch_id)
            self.epoch = epoch_id
            return epoch_id != 1

        def process(self, row):
            self.say("process", self.epoch, row.id)
            if row.id == 99:
                raise KeyError("ninety-nine")

        def close(self, error):
            self.say("close", self.epoch, repr(error))

    q = begin(tmp_path, source(spark, tmp_path).writeStream.foreach(Writer()))
    for i in range(3):
        put(str(tmp_path / "in"), f"{i}.json", {"id": i}, {"id": i + 10})
        q.processAllAvailable()
    put(str(tmp_path / "in"), "9.json", {"id": 99}, {"id": 100})
    text = failure(q)
    for word in ("[PYTHON_EXCEPTION] An exception was thrown from the Python worker: Traceback", "KeyError: 'ninety-nine'"):
        assert word in text
    got = [x.rsplit(" ", 1) for x in lines(calls)]
    assert [x[0] for x in got] == [
        "open 0 0", "process 0 0", "process 0 10", "close 0 None", "open 0 1", "close 1 None",
        "open 0 2", "process 2 2", "process 2 12", "close 2 None",
        "open 0 3", "process 3 99", "close 3 KeyError('ninety-nine')"]
    workers = [x[1] for x in got]
    assert len(set(workers[:6])) == 1, "one worker for many batches"
    assert len(set(workers)) == 2, "rows that open() refused are left in its socket: another one goes on"


def test_foreach_of_many_rows(spark, tmp_path):
    """More than the socket holds: the worker reads while the engine writes; output of its own does no harm."""
    out = str(tmp_path / "out")
    for k in range(3):
        put(str(tmp_path / "in"), f"{k}.json", *({"id": k * 20000 + i} for i in range(20000)))

    class Sum:
        def open(self, partition_id, epoch_id):
            self.n = self.sum = 0
            return True

        def process(self, row):
            self.n += 1
            self.sum += row.id
            if row.id % 1000 == 0:
                print("x" * 1000)

        def close(self, error):
            open(out, "a").write(f"{self.n} {self.sum}\n")

    q = begin(tmp_path, source(spark, tmp_path).writeStream.foreach(Sum()), availableNow=True)
    assert q.awaitTermination(120) and q.exception() is None
    assert lines(out) == [f"60000 {sum(range(60000))}"]


def test_foreach_refuses_types_without_a_form_in_python(spark, tmp_path):
    put(str(tmp_path / "in"), "a.json", {"id": 1})
    w = source(spark, tmp_path).selectExpr("make_interval(1) AS i").writeStream.foreach(lambda r: None)
    assert "INTERVAL" in failure(begin(tmp_path, w))


# ---- faults: one each; the engine stays well

def engine_is_well(spark, engine, workers=0):
    assert spark.range(5).count() == 5
    until("no worker is left", lambda: len(children(engine.process.pid)) == workers, 5)


def test_a_killed_worker_is_named(spark, engine, tmp_path):
    put(str(tmp_path / "in"), "a.json", {"id": 1})

    def suicidal(df, batch_id):
        import os
        print("here I go")
        os.kill(os.getpid(), 9)

    text = failure(each_batch(spark, tmp_path, suicidal, name="sad"))
    assert "suicidal`, batch 0 (foreachBatch of query sad, process " in text and "was killed by signal 9 (Killed)" in text
    assert "exited unexpectedly (crashed)" in text and "here I go" in text
    engine_is_well(spark, engine)


def test_a_worker_killed_between_batches_is_named(spark, engine, tmp_path):
    put(str(tmp_path / "in"), "a.json", {"id": 1})

    def quiet(df, batch_id):
        df.count()

    q = each_batch(spark, tmp_path, quiet)
    q.processAllAvailable()
    [worker] = children(engine.process.pid)
    os.kill(worker, 9)
    put(str(tmp_path / "in"), "b.json", {"id": 2})
    text = failure(q)
    assert "quiet`, batch 1 (foreachBatch" in text and "signal 9" in text
    engine_is_well(spark, engine)


def test_a_hung_worker_is_killed_after_its_time(spark, engine, tmp_path):
    put(str(tmp_path / "in"), "a.json", {"id": 1})
    spark.conf.set("spark.weir.python.batchTimeout", "700ms")

    def sleepy(df, batch_id):
        import signal
        import time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        print("good night")
        time.sleep(1000)

    text = failure(each_batch(spark, tmp_path, sleepy))
    assert "sleepy`, batch 0" in text and "spark.weir.python.batchTimeout" in text and "good night" in text
    engine_is_well(spark, engine)


def test_a_worker_that_never_gets_ready_is_killed(spark, engine, tmp_path):
    slow = tmp_path / "slow"
    slow.write_text("#!/bin/sh\nexec sleep 1000\n")
    slow.chmod(0o755)
    spark.conf.set("spark.pyspark.python", str(slow))
    spark.conf.set("spark.weir.python.startTimeout", "300ms")
    text = str(refused(lambda: each_batch(spark, tmp_path, lambda df, i: None)))
    assert "spark.weir.python.startTimeout" in text and str(slow) in text
    engine_is_well(spark, engine)


def test_a_leaking_worker_is_killed(spark, engine, tmp_path):
    put(str(tmp_path / "in"), "a.json", {"id": 1})
    spark.conf.set("spark.weir.python.memory", "400m")

    def greedy(df, batch_id):
        import time
        kept = []
        for _ in range(100):
            kept.append(b"x" * (16 << 20))
            time.sleep(0.02)
        time.sleep(100)

    text = failure(each_batch(spark, tmp_path, greedy))
    assert "greedy`, batch 0" in text and "more than spark.weir.python.memory allows (400 MiB)" in text
    engine_is_well(spark, engine)


def test_children_of_a_worker_count_and_go_with_it(spark, engine, tmp_path):
    put(str(tmp_path / "in"), "a.json", {"id": 1})
    spark.conf.set("spark.weir.python.memory", "500m")
    pids = str(tmp_path / "pids")

    def parent(df, batch_id):
        import subprocess
        import sys
        import time
        p = subprocess.Popen([sys.executable, "-c", "import time; x = b'x' * (600 << 20); time.sleep(1000)"])
        open(pids, "w").write(str(p.pid))
        time.sleep(1000)

    text = failure(each_batch(spark, tmp_path, parent))
    assert "more than spark.weir.python.memory allows" in text
    engine_is_well(spark, engine)
    stat = f"/proc/{open(pids).read()}/stat"
    assert not os.path.exists(stat) or open(stat).read().rsplit(")", 1)[1].split()[0] == "Z"


def test_what_a_function_prints_goes_to_the_log(spark, engine, tmp_path):
    put(str(tmp_path / "in"), "a.json", {"id": 1})

    def chatty(df, batch_id):
        import os
        import sys
        print("to stdout")
        print("to stderr", file=sys.stderr)
        os.system("echo from a child")
        os.write(1, b"no end of line")
        print("y" * 300000)

    q = each_batch(spark, tmp_path, chatty, availableNow=True)
    assert q.awaitTermination(60) and q.exception() is None
    log = open(os.path.join(engine.folder, "server.log"), errors="replace").read()
    for word in ("to stdout\n", "to stderr\n", "from a child\n", "no end of line"):
        assert word in log, word
    assert "Streaming ForeachBatch worker" not in log
    engine_is_well(spark, engine)


class Bad:
    def __reduce__(self):
        return (exec, ("raise ImportError('nothing of that name')",))


def test_a_function_that_cannot_be_loaded(spark, engine, tmp_path):
    """Spark 4.2's Connect server: foreachBatch fails in start(), and there was no query; foreach in its first task."""
    put(str(tmp_path / "in"), "a.json", {"id": 1})
    bad = Bad()
    for _ in range(2):  # the checkpoint is free again
        e = refused(lambda: each_batch(spark, tmp_path, lambda df, i: bad, name="n"))
        assert type(e).__name__ == "StreamingPythonRunnerInitializationException"
        assert e.getCondition() == "STREAMING_PYTHON_RUNNER_INITIALIZATION_FAILURE" and e.getSqlState() == "XXKST"
        assert str(e).startswith("[STREAMING_PYTHON_RUNNER_INITIALIZATION_FAILURE] Streaming Runner initialization failed, "
                                 "returned -2. Cause: Traceback (most recent call last):")
        assert "in read_command" in str(e) and "ImportError: nothing of that name\n" in str(e)
        assert set(e.getMessageParameters()) == {"resFromPython", "msg"}
    assert spark.streams.active == [] and spark.streams.awaitAnyTermination(0.1) is False
    engine_is_well(spark, engine)
    assert "ImportError: nothing of that name" in failure(begin(tmp_path, source(spark, tmp_path).writeStream.foreach(lambda r: bad), "ck2"))
    engine_is_well(spark, engine)


def test_start_is_interrupted_while_its_worker_starts(spark, engine, tmp_path):
    slow = tmp_path / "slow"
    slow.write_text(f"#!/bin/sh\ntouch {tmp_path}/flag\nexec sleep 1000\n")
    slow.chmod(0o755)
    spark.conf.set("spark.pyspark.python", str(slow))
    seen = []
    t = threading.Thread(target=lambda: seen.append(refused(lambda: each_batch(spark, tmp_path, lambda df, i: None))))
    t.start()
    until("the worker starts", lambda: os.path.exists(tmp_path / "flag"))
    assert len(spark.interruptAll()) == 1
    t.join(10)
    assert "OPERATION_CANCELED" in str(seen[0]) and spark.streams.active == []
    engine_is_well(spark, engine)


# ---- what the client adds for its functions

def test_modules_files_and_archives_reach_functions(spark, tmp_path):
    """Layout: Spark 4.2's executors. Its foreachBatch workers see none of it: here they see the same."""
    put(str(tmp_path / "in"), "a.json", {"id": 1})
    mods, out = tmp_path / "mods", str(tmp_path / "seen")
    mods.mkdir()
    for name, value in (("weir_added", 41), ("weir_later", 42)):
        (mods / f"{name}.py").write_text(f"VALUE = {value}\n")
    for name in ("zipped", "lately"):
        with zipfile.ZipFile(mods / f"{name}.zip", "w") as z:
            z.writestr(f"weir_{name}.py", "VALUE = 43\n")
    (mods / "note.txt").write_text("a note")
    with zipfile.ZipFile(mods / "arch.zip", "w") as z:
        z.writestr("inner/x.txt", "in the archive")
    with tarfile.open(mods / "tarred.tar.gz", "w:gz") as z:
        z.add(mods / "note.txt", "n.txt")
    path = sys.path[:]
    spark.addArtifacts(str(mods / "weir_added.py"), str(mods / "zipped.zip"), pyfile=True)
    spark.addArtifacts(str(mods / "note.txt"), file=True)
    spark.addArtifacts(str(mods / "arch.zip"), str(mods / "arch.zip#named"), str(mods / "tarred.tar.gz"), archive=True)

    def look(what, number):
        import importlib
        import os
        from pyspark import SparkFiles
        got = [what, number]
        for m in ("weir_added", "weir_zipped", "weir_later", "weir_lately"):
            try:
                got.append(importlib.import_module(m).VALUE)
            except ImportError:
                got.append(None)
        root = SparkFiles.getRootDirectory()
        got += [open(SparkFiles.get("note.txt")).read(), sorted(os.path.relpath(os.path.join(d, f), root)
                for d, _, names in os.walk(root) for f in names if "__pycache__" not in d)]
        with open(out, "a") as f:
            f.write(json.dumps(got) + "\n")

    def each(df, batch_id):
        look("batch", batch_id)

    def row(r):
        look("row", r.id)

    a = each_batch(spark, tmp_path, each, "ck1")
    b = begin(tmp_path, source(spark, tmp_path).writeStream.foreach(row), "ck2")
    a.processAllAvailable()
    b.processAllAvailable()
    spark.addArtifacts(str(mods / "weir_later.py"), str(mods / "lately.zip"), pyfile=True)
    put(str(tmp_path / "in"), "b.json", {"id": 2})
    a.processAllAvailable()
    b.processAllAvailable()
    a.stop()
    b.stop()
    sys.path[:] = path
    first = ["arch.zip/inner/x.txt", "named/inner/x.txt", "note.txt", "tarred.tar.gz/n.txt", "weir_added.py", "zipped.zip"]
    then = sorted([*first, "weir_later.py", "lately.zip"])
    assert sorted((json.loads(x) for x in lines(out)), key=lambda x: x[:2]) == [
        ["batch", 0, 41, 43, None, None, "a note", first],
        ["batch", 1, 41, 43, 42, 43, "a note", then], ["row", 1, 41, 43, None, None, "a note", first],
        ["row", 2, 41, 43, 42, 43, "a note", then]]


def test_artifacts_that_are_refused(spark, engine, tmp_path):
    """Spark 4.2's answers; its text for an archive that is none is Java's."""
    note = tmp_path / "note.txt"
    note.write_text("a note")
    spark.addArtifacts(str(note), file=True)
    spark.addArtifacts(str(note), file=True)  # the same again
    note.write_text("another")
    e = refused(lambda: spark.addArtifacts(str(note), file=True))
    assert str(e).startswith("[ARTIFACT_ALREADY_EXISTS] The artifact files/note.txt already exists. Please choose a different name")
    (tmp_path / "broken.zip").write_text("no archive")
    for _ in range(2):
        e = refused(lambda: spark.addArtifacts(str(tmp_path / "broken.zip"), archive=True))
        assert "Cannot unpack the archive broken.zip" in str(e) and "BadZipFile" in str(e)
    with zipfile.ZipFile(tmp_path / "broken.zip", "w") as z:
        z.writestr("x", "y")
    spark.addArtifacts(str(tmp_path / "broken.zip"), archive=True)
    (tmp_path / "x.jar").write_bytes(b"PK")
    assert "jars and classes" in str(refused(lambda: spark.addArtifacts(str(tmp_path / "x.jar"))))
    e = refused(lambda: spark.copyFromLocalToFs(str(note), str(tmp_path / "copy")))
    assert "Uploading artifact file to local file system destination path is not supported." in str(e)
    assert not os.path.exists(tmp_path / "copy")
    engine_is_well(spark, engine)


def test_artifacts_go_with_their_session(engine, tmp_path):
    first, second = engine.session(), engine.session()
    (tmp_path / "mods").mkdir()
    (tmp_path / "mods" / "weir_mine.py").write_text("VALUE = 1\n")
    first.addArtifacts(str(tmp_path / "mods" / "weir_mine.py"), pyfile=True)
    copy = first.cloneSession() if hasattr(first, "cloneSession") else None

    def held():
        return [f for f in os.listdir("/tmp") if f.startswith("weir-") and os.path.isdir(f"/tmp/{f}") and
                any("weir_mine.py" in names for _, _, names in os.walk(f"/tmp/{f}"))]
    assert held()
    put(str(tmp_path / "in"), "a.json", {"id": 1})
    seen = str(tmp_path / "seen")

    def fn(df, batch_id):
        try:
            import weir_mine
            open(seen, "w").write(str(weir_mine.VALUE))
        except ImportError as e:
            open(seen, "w").write(str(e))

    for s, want in ((second, "No module named 'weir_mine'"), (first, "1"), (copy, "1")):
        if s:
            assert each_batch(s, tmp_path, fn, f"ck{id(s)}", availableNow=True).awaitTermination(60)
            assert lines(seen) == [want]
    if copy:
        copy.client.release_session()
        copy.client.close()
    first.stop()
    second.stop()
    assert held() == []


def test_an_object_that_fails_to_open(spark, engine, tmp_path):
    put(str(tmp_path / "in"), "a.json", {"id": 1})

    class Shut:
        def open(self, partition_id, epoch_id):
            raise RuntimeError("shut")

        def process(self, row):
            pass

    text = failure(begin(tmp_path, source(spark, tmp_path).writeStream.foreach(Shut())))
    assert "RuntimeError: shut" in text and "func_with_open_process_close" in text
    engine_is_well(spark, engine)


def test_another_version_of_python_is_refused(spark, engine, tmp_path):
    fake = tmp_path / "python"
    fake.write_text("""#!/bin/sh
exec python3 -c "
import json, socket, struct
b = json.dumps({'python': '2.7', 'pyspark': '4.2.0'}).encode()
socket.socket(fileno=3).sendall(struct.pack('>i', len(b)) + b)
"
""")
    fake.chmod(0o755)
    spark.conf.set("spark.pyspark.python", str(fake))
    text = str(refused(lambda: each_batch(spark, tmp_path, lambda df, i: None)))
    assert "PYTHON_VERSION_MISMATCH" in text and "version 2.7" in text and "PYSPARK_PYTHON" in text
    spark.conf.set("spark.pyspark.python", str(tmp_path / "nothing"))
    assert "cannot be executed" in str(refused(lambda: each_batch(spark, tmp_path, lambda df, i: None, ck="ck2")))
    engine_is_well(spark, engine)


def test_too_many_workers(spark, engine, tmp_path):
    spark.conf.set("spark.weir.python.maxWorkers", 1)
    q = each_batch(spark, tmp_path, lambda df, i: None)
    q.processAllAvailable()
    assert "spark.weir.python.maxWorkers" in str(refused(lambda: each_batch(spark, tmp_path, lambda df, i: None, ck="ck2")))
    assert q.isActive
    q.stop()
    engine_is_well(spark, engine)


def test_a_function_stops_its_own_query(spark, engine, tmp_path):
    put(str(tmp_path / "in"), "a.json", {"id": 1})

    def fn(df, batch_id):
        spark.streams.active[0].stop()
        import time
        time.sleep(100)

    q = each_batch(spark, tmp_path, fn)
    assert q.awaitTermination(20) and q.exception() is None and not q.isActive
    assert not os.path.exists(tmp_path / "ck" / "commits" / "0"), "the batch is not done"
    engine_is_well(spark, engine)


def test_a_function_starts_another_query(spark, engine, tmp_path):
    put(str(tmp_path / "in"), "a.json", {"id": 1})
    folder = str(tmp_path)

    def fn(df, batch_id):
        inner = spark.readStream.schema("id INT").json(f"{folder}/in").writeStream.format("delta")
        inner.option("checkpointLocation", f"{folder}/inner").trigger(availableNow=True).start(f"{folder}/t").awaitTermination(60)

    q = each_batch(spark, tmp_path, fn, availableNow=True)
    assert q.awaitTermination(60) and q.exception() is None
    assert [r.id for r in spark.read.format("delta").load(f"{folder}/t").collect()] == [1]
    engine_is_well(spark, engine)


def test_a_query_stops_within_two_seconds_whatever_its_function_does(spark, engine, tmp_path):
    put(str(tmp_path / "in"), "a.json", {"id": 1})
    flag = str(tmp_path / "flag")

    def stubborn(df, batch_id):
        import signal
        import time
        for s in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(s, signal.SIG_IGN)
        open(flag, "w").close()
        while True:
            try:
                time.sleep(1)
            except BaseException:
                pass

    q = each_batch(spark, tmp_path, stubborn)
    until("the function runs", lambda: os.path.exists(flag))
    t = time.time()
    q.stop()
    assert time.time() - t < 2 and q.exception() is None
    engine_is_well(spark, engine)


def test_a_stopped_query_takes_the_requests_of_its_worker_with_it(spark, engine, tmp_path):
    """What the function was just reading does not run on beside the next run."""
    put(str(tmp_path / "in"), "a.json", {"id": 1})
    flag = str(tmp_path / "flag")

    def fn(df, batch_id):
        open(flag, "w").close()
        spark.range(10_000_000_000).selectExpr("sum(id * 3 % 7)").collect()

    q = each_batch(spark, tmp_path, fn)
    until("the function runs", lambda: os.path.exists(flag))
    time.sleep(0.3)
    q.stop()
    def ticks():
        return sum(map(int, open(f"/proc/{engine.process.pid}/stat").read().rsplit(")", 1)[1].split()[11:13]))
    before = ticks()
    time.sleep(1)
    assert ticks() - before < 50, "no request is running"
    engine_is_well(spark, engine)


def test_the_client_goes_while_a_function_never_returns(engine, tmp_path):
    put(str(tmp_path / "in"), "a.json", {"id": 1})
    flag = str(tmp_path / "flag")
    first, second = engine.session(), engine.session()

    def fn(df, batch_id):
        import time
        open(flag, "w").close()
        time.sleep(1000)

    each_batch(first, tmp_path, fn)
    until("the function runs", lambda: os.path.exists(flag))
    first.stop()
    engine_is_well(second, engine)
    second.stop()


def test_workers_do_not_outlive_the_engine(engine, tmp_path):
    put(str(tmp_path / "in"), "a.json", {"id": 1})
    spark = engine.session()
    flag = str(tmp_path / "flag")

    def fn(df, batch_id):
        import os
        import time
        open(flag, "w").write(str(os.getpid()))
        time.sleep(1000)

    each_batch(spark, tmp_path, fn)
    pid = until("the function runs", lambda: os.path.exists(flag) and open(flag).read())
    engine.kill()
    until("the worker ends", lambda: not os.path.exists(f"/proc/{pid}"), 2)


# ---- nothing is left behind

def usage(pid):
    status = open(f"/proc/{pid}/status").read()
    names = [open(f"/proc/{pid}/task/{t}/comm").read().strip() for t in os.listdir(f"/proc/{pid}/task")]
    # what a query starts: itself, the upkeep of its state, the reader of its worker's output
    return {"threads": [n for n in names if n in ("weir-query", "weir-state", "weir-python-out")],
            "descriptors": len(os.listdir(f"/proc/{pid}/fd")),
            "processes": len(children(pid)), "kib": int(status.split("VmRSS:")[1].split()[0])}


def churn(engine, tmp_path, queries, rounds):
    """Starts that many queries, feeds and stops them, again and again; what the engine holds after the first and the last round."""
    spark = engine.session()
    spark.conf.set("spark.weir.foreachBatch.memory", "0")  # every batch makes a file
    held = []
    for r in range(rounds):
        running = []
        for k in range(queries):
            w = source(spark, tmp_path).writeStream
            w = w.foreach(lambda row: None) if k % 5 == 4 else w.foreachBatch(lambda df, i: df.count())
            running.append(begin(tmp_path, w, f"ck{k}"))
        put(str(tmp_path / "in"), f"{r}.json", {"id": r})
        for q in running:
            q.processAllAvailable()
        assert {"weir-query", "weir-python-out"} <= set(usage(engine.process.pid)["threads"])
        for q in running:
            q.stop()
            assert q.exception() is None
        time.sleep(1)
        held.append(usage(engine.process.pid))
    spark.stop()
    return held


def test_queries_started_and_stopped_leave_nothing_behind(local, tmp_path):
    held = churn(local, tmp_path, int(os.environ.get("WEIR_CHURN_QUERIES", 5)), int(os.environ.get("WEIR_CHURN_ROUNDS", 3)))
    first, last = held[0], held[-1]
    assert last["processes"] == 0 and last["threads"] == []
    assert last["descriptors"] <= first["descriptors"] + 2, held
    assert not [x for x in os.listdir(tmp_path / "local") if not x.startswith("weir-")]  # the server's own folder
    if "WEIR_CHURN_ROUNDS" in os.environ:  # enough of them to see growth; the sanitizers keep what is freed
        print(held)
        assert last["kib"] <= held[len(held) // 2]["kib"] + 8192, held


# ---- the examples

EXAMPLES = os.path.join(os.path.dirname(__file__), "..", "..", "examples")


def example(tmp_path, name, *args):
    done = subprocess.run([BIN, "run", "--warehouse", str(tmp_path / "wh"), os.path.join(EXAMPLES, name), *args],
                          capture_output=True, text=True, timeout=120, env=dict(os.environ, WEIR_PYTHON=sys.executable))
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout, done.stderr


def test_example_dead_letter(tmp_path):
    out, said = example(tmp_path, "dead_letter.py", str(tmp_path / "d"))
    again, _ = example(tmp_path, "dead_letter.py", str(tmp_path / "d"))
    for row in ("|  6|         c6| 60.25|", "|  2|       NULL|  20.0|missing_required_...|       0|", "|  5|       NULL|  NULL|"):
        assert out.count(row) == 1 and again.count(row) == 1, again
    assert "batch 0: 1 good, 2 for the dead letters" in said


def test_example_post_batches(tmp_path):
    out, _ = example(tmp_path, "post_batches.py")
    assert "7 posts, 4 batches taken, 12 rows, each once: True" in out and out.count("HTTP Error 50") == 3, out
