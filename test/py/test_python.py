"""Python functions in a stream: foreachBatch and foreach, their workers, and what befalls them."""
import json
import os
import time

import pytest
from test_stream import put


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


def test_a_batch_beyond_its_memory_goes_to_a_file_without_a_name(engine, tmp_path):
    spark = engine.session()
    rows = [{"id": i, "s": "x" * (i % 50), "m": {"k": i}, "d": f"{i}.25"} for i in range(20000)]
    for n in range(4):
        put(str(tmp_path / "in"), f"{n}.json", *rows[n * 5000:n * 5000 + 5000])
    spark.conf.set("spark.weir.foreachBatch.memory", "64k")
    out = str(tmp_path / "sums")
    left = set(os.listdir("/tmp"))

    def fn(df, batch_id):
        import os
        for _ in range(2):
            r = df.selectExpr("count(*) AS n", "sum(id) AS i", "sum(length(s)) AS l", "sum(m['k']) AS m", "sum(d) AS d").first()
            open(out, "a").write(f"{r.n} {r.i} {r.l} {r.m} {r.d}\n")
        open(out, "a").write(f"{df.select('s').distinct().count()}\n")
        deleted = [os.readlink(f"/proc/{os.getppid()}/fd/{f}") for f in os.listdir(f"/proc/{os.getppid()}/fd")]
        open(out, "a").write(f"{len([d for d in deleted if d.startswith('/tmp/#')])}\n")

    w = source(spark, tmp_path, "id INT, s STRING, m MAP<STRING, INT>, d DECIMAL(10, 2)").writeStream.foreachBatch(fn)
    q = begin(tmp_path, w, availableNow=True)
    assert q.awaitTermination(120) and q.exception() is None
    whole = f"20000 {sum(range(20000))} {sum(i % 50 for i in range(20000))} {sum(range(20000))} {sum(range(20000)) + 5000}.00"
    assert lines(out) == [whole, whole, "50", "1"]
    assert not [f for f in set(os.listdir("/tmp")) - left if f.startswith("weir")]
    held = [os.readlink(f"/proc/{engine.process.pid}/fd/{f}") for f in os.listdir(f"/proc/{engine.process.pid}/fd")]
    assert not [h for h in held if h.startswith("/tmp/#")], "the file is gone with the batch"
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
    (tmp_path / "in" / "a.json").write_text('{"id":1,"s":"h\\u00e9\\ud83d\\ude00","d":1.5}\n{"id":-2147483648,"s":""}\n{}\n')
    out = str(tmp_path / "out")

    def fn(row):
        def show(v):
            if isinstance(v, tuple):
                return type(v).__name__ + "(" + ", ".join(n + "=" + show(x) for n, x in zip(v.__fields__, v)) + ")"
            if isinstance(v, list):
                return "[" + ", ".join(map(show, v)) + "]"
            if isinstance(v, dict):
                return "{" + ", ".join(sorted(show(k) + ": " + show(x) for k, x in v.items())) + "}"
            return type(v).__name__ + ":" + repr(v)
        open(out, "a").write("\n".join(f"{n} = {show(v)}" for n, v in zip(row.__fields__, row)) + "\n--\n")

    source(spark, tmp_path, "id INT, s STRING, d DOUBLE").createOrReplaceTempView("v")
    w = spark.sql(open(f"{GOLDEN}/rows.sql").read()).writeStream.foreach(fn)
    q = begin(tmp_path, w, availableNow=True)
    assert q.awaitTermination(60) and q.exception() is None
    want = open(f"{GOLDEN}/rows.txt", encoding="utf-8").read().splitlines()[1:]
    # the order of a map's entries has no meaning; Java writes the same decimal with more zeros
    want = [x.replace("{str:'l': NoneType:None, str:'k': int:1}", "{str:'k': int:1, str:'l': NoneType:None}").replace("1.00E-10", "1E-10")
            for x in want]
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
