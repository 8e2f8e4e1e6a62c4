"""The protocol itself: limits, sessions, operations, artifacts. What is expected: Spark Connect's own server, 4.2.0."""
import json
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
import zlib

import grpc
import pytest
from conftest import Engine
from pyspark.errors import AnalysisException, PySparkException
from pyspark.sql import functions as F
from pyspark.sql.connect.proto import base_pb2 as pb
from pyspark.sql.connect.proto import base_pb2_grpc as rpc

MIB = 1 << 20


class Raw:
    """Calls without PySpark's client in between."""

    def __init__(self, engine, token=None, session=None):
        self.channel = grpc.insecure_channel(
            f"127.0.0.1:{engine.port}",
            options=[("grpc.max_send_message_length", 128 * MIB), ("grpc.max_receive_message_length", 128 * MIB)])
        self.stub = rpc.SparkConnectServiceStub(self.channel)
        self.meta = [("authorization", "Bearer " + (engine.token if token is None else token))]
        self.id = session or str(uuid.uuid4())

    def head(self, cls, **more):
        return cls(session_id=self.id, user_context=pb.UserContext(user_id="u"), client_type="test", **more)

    def version(self, timeout=10, **more):
        q = self.head(pb.AnalyzePlanRequest, **more)
        q.spark_version.SetInParent()
        return self.stub.AnalyzePlan(q, metadata=self.meta, timeout=timeout)

    def execute(self, rows, reattachable=True, operation=None, timeout=60):
        q = self.head(pb.ExecutePlanRequest, operation_id=operation or str(uuid.uuid4()))
        q.plan.root.range.end = rows
        q.plan.root.range.step = 1
        q.request_options.add().reattach_options.reattachable = reattachable
        return q.operation_id, self.stub.ExecutePlan(q, metadata=self.meta, timeout=timeout)

    def reattach(self, operation, last=None):
        q = self.head(pb.ReattachExecuteRequest, operation_id=operation)
        if last:
            q.last_response_id = last
        return self.stub.ReattachExecute(q, metadata=self.meta, timeout=60)

    def release(self, operation, until=None):
        q = self.head(pb.ReleaseExecuteRequest, operation_id=operation)
        if until:
            q.release_until.response_id = until
        else:
            q.release_all.SetInParent()
        return self.stub.ReleaseExecute(q, metadata=self.meta, timeout=10)


def memory_mib(engine):
    with open(f"/proc/{engine.process.pid}/status") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmRSS")) / 1024


def test_token_wrong_refused(engine):
    for token in ("x", "wrong", engine.token + "x"):
        with pytest.raises(grpc.RpcError) as e:
            Raw(engine, token=token).version()
        assert e.value.code() == grpc.StatusCode.UNAUTHENTICATED


def test_token_right_accepted(engine):
    assert Raw(engine).version().spark_version.version == "4.2.0"


def test_threads_say_what_they_are_for(engine):
    Raw(engine).version()
    tasks = f"/proc/{engine.process.pid}/task"
    names = [open(f"{tasks}/{t}/comm").read().strip() for t in os.listdir(tasks)]
    assert names.count("weir-epoll") == 1 and "weir-request" in names and "weir-sweeper" in names, names


TLS_JOB = """
import sys
from pyspark.sql import SparkSession
folder = sys.argv[1]
def fn(df, batch_id):
    open(folder + "/seen", "w").write(str(df.count()))
spark = SparkSession.builder.getOrCreate()
q = (spark.readStream.schema("id INT").json(folder + "/in").writeStream.foreachBatch(fn)
     .option("checkpointLocation", folder + "/ck").trigger(availableNow=True).start())
assert q.awaitTermination(40) and q.exception() is None
"""


def test_tls_session_works(tmp_path):
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days", "2",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
                   check=True, capture_output=True)
    e = Engine(str(tmp_path), "--tls-cert", str(cert), "--tls-key", str(key))
    try:
        channel = grpc.secure_channel(f"127.0.0.1:{e.port}", grpc.ssl_channel_credentials(cert.read_bytes()))
        q = pb.AnalyzePlanRequest(session_id=str(uuid.uuid4()), user_context=pb.UserContext(user_id="u"))
        q.spark_version.SetInParent()
        a = rpc.SparkConnectServiceStub(channel).AnalyzePlan(q, metadata=[("authorization", "Bearer " + e.token)], timeout=10)
        assert a.spark_version.version == "4.2.0"
        with pytest.raises(grpc.RpcError):
            Raw(e).version(timeout=5)
        # a worker of the engine reaches it too
        (tmp_path / "job.py").write_text(TLS_JOB)
        (tmp_path / "in").mkdir()
        (tmp_path / "in" / "a.json").write_text('{"id":1}\n{"id":2}\n')
        done = subprocess.run([sys.executable, str(tmp_path / "job.py"), str(tmp_path)], capture_output=True, text=True, timeout=60,
                              env=dict(os.environ, GRPC_DEFAULT_SSL_ROOTS_FILE_PATH=str(cert),
                                       SPARK_REMOTE=f"sc://127.0.0.1:{e.port}/;use_ssl=true;token={e.token}"))
        assert done.returncode == 0, done.stderr
        assert (tmp_path / "seen").read_text() == "2"
    finally:
        assert e.stop() == 0


def test_message_of_127_mib_accepted(engine):
    r = Raw(engine)
    q = r.head(pb.ExecutePlanRequest)
    q.plan.root.project.input.range.end = 1
    q.plan.root.project.input.range.step = 1
    q.plan.root.project.expressions.add().alias.expr.literal.string = "x" * (127 * MIB)
    q.plan.root.project.expressions[0].alias.name.append("s")
    batch = [a for a in r.stub.ExecutePlan(q, metadata=r.meta, timeout=60) if a.HasField("arrow_batch")]
    assert sum(len(a.arrow_batch.data) for a in batch) > 127 * MIB


def test_plan_of_8000_levels_refused(engine):
    one = pb.ExecutePlanRequest().plan.root
    one.range.end = 1
    body = one.SerializeToString()

    def field(number, data):
        n, size = len(data), b""
        while n > 127:
            size += bytes([n & 127 | 128])
            n >>= 7
        return bytes([number << 3 | 2]) + size + bytes([n]) + data

    for _ in range(8000):
        body = field(4 if _ % 2 else 8, field(1, body))  # Relation.filter / limit .input
    r = Raw(engine)
    q = r.head(pb.ExecutePlanRequest).SerializeToString() + field(3, field(1, body))
    call = r.channel.unary_stream("/spark.connect.SparkConnectService/ExecutePlan")
    with pytest.raises(grpc.RpcError) as e:
        list(call(q, metadata=r.meta, timeout=30))
    assert "1024" in e.value.details()
    assert r.version().spark_version.version == "4.2.0"


def test_malformed_message_refused(engine):
    r = Raw(engine)
    for method in ("ExecutePlan", "AnalyzePlan", "Config", "ReattachExecute", "Interrupt", "ReleaseSession", "AddArtifacts"):
        call = r.channel.unary_stream("/spark.connect.SparkConnectService/" + method)
        with pytest.raises(grpc.RpcError):
            list(call(b"\xff\xff\xff\xff\x0f garbage", metadata=r.meta, timeout=10))
    with pytest.raises(grpc.RpcError) as e:
        list(r.channel.unary_stream("/spark.connect.SparkConnectService/Nothing")(b"", metadata=r.meta, timeout=10))
    assert e.value.code() == grpc.StatusCode.UNIMPLEMENTED
    assert r.version().spark_version.version == "4.2.0"


@pytest.mark.measures_memory
def test_slow_reader_memory_bounded(engine):
    r = Raw(engine)
    before = memory_mib(engine)
    _, stream = r.execute(200_000_000)  # 1.6 GB of rows
    for _ in range(3):
        next(stream)
    time.sleep(3)
    assert memory_mib(engine) - before < 320  # of 1.6 GB; sanitizers keep freed memory for a while
    stream.cancel()


def test_reader_gone_operation_goes_on(engine):
    r = Raw(engine)
    operation, stream = r.execute(100_000)
    first = next(stream)
    stream.cancel()
    rest = list(r.reattach(operation, first.response_id))
    assert sum(a.arrow_batch.row_count for a in rest) == 100_000
    assert rest[-1].HasField("result_complete")


def test_operation_abandoned_removed(tmp_path):
    e = Engine(str(tmp_path), "--conf", "spark.connect.execute.manager.detachedTimeout=200ms", "--conf",
               "spark.connect.session.manager.sweepInterval=100ms")
    try:
        r = Raw(e)
        operation, stream = r.execute(100_000_000)
        next(stream)
        stream.cancel()
        time.sleep(1.5)
        with pytest.raises(grpc.RpcError) as x:
            list(r.reattach(operation))
        assert "INVALID_HANDLE.OPERATION_NOT_FOUND" in x.value.details()
    finally:
        assert e.stop() == 0


def test_reattach_from_any_response_same_rows(engine):
    r = Raw(engine)
    operation, stream = r.execute(50_000)
    all_of_it = list(stream)
    ids = [a.response_id for a in all_of_it]
    assert len(set(ids)) == len(ids)
    for i, one in enumerate(ids):
        assert [a.response_id for a in r.reattach(operation, one)] == ids[i + 1:]
    assert [a.response_id for a in r.reattach(operation)] == ids
    r.release(operation, ids[1])
    with pytest.raises(grpc.RpcError) as e:
        list(r.reattach(operation, ids[0]))
    assert "INVALID_CURSOR.POSITION_NOT_FOUND" in e.value.details()
    assert [a.response_id for a in r.reattach(operation, ids[2])] == ids[3:]
    assert r.release(operation).operation_id == operation
    assert r.release(operation).operation_id == ""
    with pytest.raises(grpc.RpcError) as e:
        list(r.reattach(operation))
    assert "INVALID_HANDLE.OPERATION_NOT_FOUND" in e.value.details()


def test_stream_ends_after_its_time_client_reattaches(tmp_path):
    e = Engine(str(tmp_path), "--conf", "spark.connect.execute.reattachable.senderMaxStreamDuration=300ms")
    try:
        s = e.session()
        q = s.readStream.format("rate").load().writeStream.format("noop").start()
        started = time.time()
        assert q.awaitTermination(1.5) is False
        assert time.time() - started >= 1.4
        q.stop()
        s.stop()
    finally:
        assert e.stop() == 0


def test_interrupt_all_tag_operation(spark):
    def run(tag, out):
        spark.addTag(tag)
        try:
            out.append(spark.range(0, 1 << 40).selectExpr("sum(id)").collect())
        except PySparkException as e:
            out.append(e)

    for how in ("all", "tag"):
        out = []
        t = threading.Thread(target=run, args=("t-" + how, out))
        t.start()
        ids = []
        while not ids and t.is_alive():
            time.sleep(0.05)
            ids = spark.interruptAll() if how == "all" else spark.interruptTag("t-tag")
        t.join(10)
        assert len(ids) == 1 and "OPERATION_CANCELED" in str(out[0])
    assert spark.interruptAll() == []


def test_session_idle_expires(tmp_path):
    e = Engine(str(tmp_path), "--conf", "spark.connect.session.manager.defaultSessionTimeout=300ms", "--conf",
               "spark.connect.session.manager.sweepInterval=50ms")
    try:
        r = Raw(e)
        first = r.version().server_side_session_id
        assert r.version(client_observed_server_side_session_id=first).server_side_session_id == first
        time.sleep(1)
        with pytest.raises(grpc.RpcError) as x:
            r.version(client_observed_server_side_session_id=first)
        assert "INVALID_HANDLE.SESSION_CLOSED" in x.value.details()
    finally:
        assert e.stop() == 0


def test_session_of_another_server_refused(engine):
    with pytest.raises(grpc.RpcError) as e:
        Raw(engine).version(client_observed_server_side_session_id=str(uuid.uuid4()))
    assert "INVALID_HANDLE.SESSION_CHANGED" in e.value.details()


def test_session_released_closed(engine):
    r = Raw(engine)
    r.version()
    r.stub.ReleaseSession(r.head(pb.ReleaseSessionRequest), metadata=r.meta, timeout=10)
    with pytest.raises(grpc.RpcError) as e:
        r.version()
    assert "INVALID_HANDLE.SESSION_CLOSED" in e.value.details()


def test_session_id_not_uuid_refused(engine):
    with pytest.raises(grpc.RpcError) as e:
        Raw(engine, session="nonsense").version()
    assert "INVALID_HANDLE.FORMAT" in e.value.details()


def test_session_clone_has_conf_and_views(spark):
    spark.conf.set("spark.sql.shuffle.partitions", "3")
    spark.range(4).createOrReplaceTempView("v")
    copy = spark.cloneSession()
    assert copy.conf.get("spark.sql.shuffle.partitions") == "3"
    assert copy.table("v").count() == 4
    copy.range(1).createOrReplaceTempView("v")
    assert spark.table("v").count() == 4
    copy.client.close()


def chunked(r, name, data, size, damage=False):
    parts = [data[i:i + size] for i in range(0, len(data), size)]
    q = r.head(pb.AddArtifactsRequest)
    q.begin_chunk.name = name
    q.begin_chunk.total_bytes = len(data)
    q.begin_chunk.num_chunks = len(parts)
    q.begin_chunk.initial_chunk.data = parts[0]
    q.begin_chunk.initial_chunk.crc = zlib.crc32(parts[0])
    yield q
    for p in parts[1:]:
        q = r.head(pb.AddArtifactsRequest)
        q.chunk.data = p
        q.chunk.crc = zlib.crc32(p) ^ (1 if damage else 0)
        yield q


@pytest.mark.parametrize("size", [100_000, 5 * MIB])
def test_artifact_in_chunks_kept(engine, size):
    r = Raw(engine)
    name = "cache/" + "a" * 64
    a = r.stub.AddArtifacts(chunked(r, name, os.urandom(size), 32768), metadata=r.meta, timeout=30)
    assert [(x.name, x.is_crc_successful) for x in a.artifacts] == [(name, True)]
    s = r.stub.ArtifactStatus(r.head(pb.ArtifactStatusesRequest, names=[name, "cache/b"]), metadata=r.meta, timeout=10)
    assert s.statuses[name].exists and not s.statuses["cache/b"].exists


def test_artifact_damaged_refused(engine):
    r = Raw(engine)
    a = r.stub.AddArtifacts(chunked(r, "cache/c", os.urandom(100_000), 32768, damage=True), metadata=r.meta, timeout=30)
    assert [x.is_crc_successful for x in a.artifacts] == [False]
    s = r.stub.ArtifactStatus(r.head(pb.ArtifactStatusesRequest, names=["cache/c"]), metadata=r.meta, timeout=10)
    assert not s.statuses["cache/c"].exists


def test_artifact_path_outside_refused(engine):
    r = Raw(engine)
    with pytest.raises(grpc.RpcError) as e:
        r.stub.AddArtifacts(chunked(r, "../x", b"1", 10), metadata=r.meta, timeout=10)
    assert "INVALID_ARTIFACT_PATH" in e.value.details()


def test_local_relation_cached_in_chunks(spark):
    rows = [(i, "x" * 100) for i in range(60_000)]  # above the cache threshold: goes as artifacts
    d = spark.createDataFrame(rows, "id int, s string")
    assert d.count() == 60_000
    assert d.selectExpr("sum(id)", "max(length(s))").collect()[0][0] == sum(r[0] for r in rows)


def test_result_without_rows_has_schema(spark):
    d = spark.range(0).withColumn("s", F.lit("x"))
    assert d.collect() == [] and d.toPandas().shape == (0, 2)


def test_error_has_class_state_parameters(spark):
    with pytest.raises(AnalysisException) as e:
        spark.range(1).select("nope").collect()
    assert e.value.getCondition() == "UNRESOLVED_COLUMN.WITH_SUGGESTION"
    assert e.value.getSqlState() == "42703"
    assert e.value.getMessageParameters() == {"objectName": "`nope`", "proposal": "`id`"}


def test_error_long_text_fetched_whole(spark):
    name = "n" * 5000
    with pytest.raises(AnalysisException) as e:
        spark.range(1).select(name).collect()
    assert name in str(e.value)


def test_conf_all_operations(spark):
    spark.conf.set("my.key", "1")
    assert spark.conf.get("my.key") == "1" and spark.conf.get("other.key", "d") == "d"
    assert spark.conf.getAll["my.key"] == "1"
    assert spark.conf.isModifiable("spark.sql.shuffle.partitions") and not spark.conf.isModifiable("spark.master")
    spark.conf.unset("my.key")
    with pytest.raises(PySparkException) as e:
        spark.conf.get("my.key")
    assert e.value.getCondition() == "SQL_CONF_NOT_FOUND"
    with pytest.raises(PySparkException) as e:
        spark.conf.set("spark.sql.shuffle.partitions", "many")
    assert e.value.getCondition() == "INVALID_CONF_VALUE.TYPE_MISMATCH"


def test_unsupported_relation_named(spark):
    for build, word in ((lambda: spark.range(2).crosstab("id", "id"), "crosstab"),
                        (lambda: spark.range(2).mapInPandas(lambda i: i, "id long"), "mapInPandas"),
                        (lambda: spark.range(2).select(F.udf(lambda x: x)("id")), "user-defined function")):
        with pytest.raises(PySparkException) as e:
            build().collect()
        assert e.value.getCondition().startswith("UNSUPPORTED_FEATURE") and word in str(e.value)


def test_sigterm_during_query_exits_clean(tmp_path):
    e = Engine(str(tmp_path))
    s = e.session()
    s.readStream.format("rate-micro-batch").option("rowsPerBatch", 100).load().writeStream.format("noop").option(
        "checkpointLocation", str(tmp_path / "ck")).trigger(processingTime="50 milliseconds").start()
    time.sleep(1)
    started = time.time()
    e.process.send_signal(signal.SIGTERM)
    assert e.process.wait(15) == 0 and time.time() - started < 12
    s.client._closed = True  # else the client asks the server that is gone, at its exit
    offsets = [int(n) for n in os.listdir(tmp_path / "ck" / "offsets") if n.isdigit()]
    commits = [int(n) for n in os.listdir(tmp_path / "ck" / "commits") if n.isdigit()]
    assert max(offsets) - max(commits) in (0, 1)
    assert json.loads((tmp_path / "ck" / "metadata").read_text())["id"]


def test_operation_twice_same_stream(engine):
    r = Raw(engine)
    operation = str(uuid.uuid4())
    first = [a.response_id for a in r.execute(10, operation=operation)[1]]
    assert [a.response_id for a in r.execute(10, operation=operation)[1]] == first
