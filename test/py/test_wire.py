"""What clients may take from the server and from each other: connections, headers, requests, silence, handlers, memory.
Frames are made by hand: RFC 9113, RFC 7541, the gRPC protocol over HTTP/2."""
import os
import socket
import struct
import subprocess
import threading
import time

import pytest
from conftest import BIN, Engine

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST, SETTINGS, PING, GOAWAY, CONTINUATION = 0, 1, 3, 4, 6, 7, 9
END_STREAM, END_HEADERS = 1, 4
STATUS_4 = b"@\x88\x9a\xca\xc8\xb2\x12\x34\xda\x8f\x014"  # grpc-status: 4, its name in Huffman's code
HURRY = ["--conf", "spark.weir.connect.requestTimeout=1s", "--conf", "spark.weir.connect.keepaliveTime=2s"]


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def field(name, value):
    return b"\0" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()


def head(token=None, method="Config", **more):
    fields = {":method": "POST", ":scheme": "http", ":authority": "localhost", ":path": f"/spark.connect.SparkConnectService/{method}", "content-type": "application/grpc"}
    fields |= {"authorization": f"Bearer {token}"} if token else {}
    return b"".join(field(k, v) for k, v in (fields | {k.replace("_", "-"): v for k, v in more.items()}).items())


class Wire:
    """A connection that says what the test wants it to say."""

    def __init__(self, port, begin=True):
        self.s = socket.create_connection(("127.0.0.1", port))
        self.s.settimeout(10)
        self.buffer, self.frames = b"", []
        if begin:
            self.send(PREFACE + frame(SETTINGS, 0, 0))

    def send(self, data):
        self.s.sendall(data)

    def read(self, want, seconds=10):
        """Frames until want(frame) holds; None when the server closed or the time is over."""
        end = time.time() + seconds
        while time.time() < end:
            while len(self.buffer) >= 9:
                n = int.from_bytes(self.buffer[:3], "big")
                if len(self.buffer) < 9 + n:
                    break
                f = (self.buffer[3], self.buffer[4], int.from_bytes(self.buffer[5:9], "big"), self.buffer[9:9 + n])
                self.buffer = self.buffer[9 + n:]
                self.frames.append(f)
                if f[0] == PING and not f[1]:
                    self.on_ping(f)
                if want(f):
                    return f
            self.s.settimeout(max(0.05, end - time.time()))
            try:
                data = self.s.recv(65536)
            except TimeoutError:
                return None
            except ConnectionError:
                return None
            if not data:
                return None
            self.buffer += data
        return None

    def on_ping(self, f):
        pass

    def closed_within(self, seconds):
        end = time.time() + seconds
        self.s.settimeout(0.2)
        while time.time() < end:
            try:
                if not self.s.recv(65536):
                    return True
            except TimeoutError:
                pass
            except ConnectionError:
                return True
        return False


class Small(Engine):
    """An engine that may open few files."""

    def __init__(self, folder, files, *options):
        shell = ["prlimit", f"--nofile={files}:{files}", BIN]
        r, w = os.pipe()
        self.folder, self.token = folder, "t"
        self.log = open(os.path.join(folder, "server.log"), "ab")
        self.process = subprocess.Popen(shell + ["server", "--port", "0", "--ready-fd", str(w), "--warehouse", os.path.join(folder, "warehouse"), *options],
                                        pass_fds=[w], cwd=folder, stdout=self.log, stderr=self.log, env=dict(os.environ, WEIR_TOKEN="t", TZ="UTC"))
        os.close(w)
        with os.fdopen(r) as f:
            self.port = int(f.readline() or 0)
        assert self.port


def cpu_seconds(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def works(spark):
    return spark.sql("select 40 + 2 as x").first().x == 42


@pytest.fixture
def hurried(tmp_path):
    e = Engine(str(tmp_path), *HURRY)
    yield e
    code = e.stop()
    assert code == 0, open(os.path.join(e.folder, "server.log"), errors="replace").read()[-4000:]


def test_silent_connections_take_no_files_and_no_time(tmp_path):
    e = Small(str(tmp_path), 256)
    silent = [socket.create_connection(("127.0.0.1", e.port)) for _ in range(200)]  # the server takes 128
    spark = e.session()
    (tmp_path / "in").mkdir()
    for i in range(40):
        (tmp_path / "in" / f"{i}.json").write_text('{"a": 1}\n')
    q = (spark.readStream.schema("a INT").json(str(tmp_path / "in")).writeStream.format("memory").queryName("rows")
         .option("checkpointLocation", str(tmp_path / "ck")).trigger(availableNow=True).start())
    assert q.awaitTermination(60) and q.exception() is None
    assert spark.table("rows").count() == 40
    before = cpu_seconds(e.process.pid)
    time.sleep(1)
    assert cpu_seconds(e.process.pid) - before < 0.5, "the loop spins"
    for s in silent:
        s.close()
    spark.stop()
    assert e.stop() == 0


def test_silent_connections_are_closed(hurried):
    w = Wire(hurried.port, begin=False)
    assert w.closed_within(5)
    w = Wire(hurried.port)  # says hello and nothing else
    assert w.closed_within(5)


def test_open_headers_are_not_waited_for(hurried):
    conns = [Wire(hurried.port) for _ in range(50)]
    for w in conns:
        w.send(frame(HEADERS, 0, 1, head()[:20]))  # no END_HEADERS
    assert all(w.closed_within(5) for w in conns)
    spark = hurried.session()
    assert works(spark)
    spark.stop()


def test_a_request_that_does_not_arrive_is_refused(hurried):
    w = Wire(hurried.port)
    w.send(frame(HEADERS, END_HEADERS, 1, head(hurried.token)) + frame(DATA, 0, 1, b"\0\0\0\1\0" + b"x" * 10))
    got = w.read(lambda f: f[0] == HEADERS and f[1] & END_STREAM, 8)
    assert got, "no answer to half a request"
    assert w.read(lambda f: f[0] == RST and f[2] == 1, 3), "the stream stays half open"


def test_a_stranger_gets_no_second_chance(hurried):
    w = Wire(hurried.port)
    try:
        for i in range(400):
            w.send(frame(HEADERS, END_HEADERS, 2 * i + 1, head("wrong")))
    except ConnectionError:
        return
    assert w.closed_within(5)


def test_headers_are_counted_when_they_are_unpacked(hurried):
    w = Wire(hurried.port)
    big = b"\x40" + bytes([1]) + b"k" + bytes([0x7f, 0x80 | (3969 & 0x7f), 3969 >> 7]) + b"v" * 4096
    w.send(frame(HEADERS, END_HEADERS, 1, head(hurried.token)))
    w.send(frame(HEADERS, 0, 3, big))
    try:
        for _ in range(64):
            w.send(frame(CONTINUATION, 0, 3, b"\xbe" * 16000))  # the newest entry of the table, 16,000 times
    except ConnectionError:
        pass
    assert w.closed_within(5)
    spark = hurried.session()
    assert works(spark)
    spark.stop()


@pytest.mark.parametrize("known", [True, False])
def test_small_headers_that_unpack_to_much_do_not_stop_others(tmp_path, known):
    e = Engine(str(tmp_path))
    spark = e.session()
    stop, sent = threading.Event(), [0]
    big = b"\x40" + bytes([1]) + b"k" + bytes([0x7f, 0x80 | (3873 & 0x7f), 3873 >> 7]) + b"v" * 4000

    def flood():
        while not stop.is_set():
            w = Wire(e.port)
            try:
                w.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, head(e.token if known else "no") + big))
                for i in range(1, 20000):
                    w.send(frame(HEADERS, END_HEADERS | END_STREAM, 2 * i + 1, head(e.token if known else "no") + b"\xbe" * 12))
                    sent[0] += 1
                    if stop.is_set():
                        break
            except (ConnectionError, TimeoutError):
                pass

    threads = [threading.Thread(target=flood) for _ in range(3)]
    for t in threads:
        t.start()
    slowest = 0
    for _ in range(6):
        t0 = time.time()
        assert works(spark)
        slowest = max(slowest, time.time() - t0)
    stop.set()
    for t in threads:
        t.join()
    assert sent[0] > 100 and slowest < 25, (sent, slowest)
    spark.stop()
    assert e.stop() == 0


def test_who_does_not_answer_is_gone(hurried):
    w = Wire(hurried.port)
    w.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, head(hurried.token, method="Nothing")))
    assert w.read(lambda f: f[0] == HEADERS and f[1] & END_STREAM, 5)
    assert w.read(lambda f: f[0] == PING, 8), "nobody asked"
    assert w.closed_within(6)


def test_who_answers_stays(hurried):
    w = Wire(hurried.port)
    w.on_ping = lambda f: w.send(frame(PING, 1, 0, f[3]))
    w.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, head(hurried.token, method="Nothing")))
    assert w.read(lambda f: f[0] == HEADERS and f[1] & END_STREAM, 5)
    assert not w.read(lambda f: f[0] == GOAWAY, 7)
    w.send(frame(HEADERS, END_HEADERS | END_STREAM, 3, head(hurried.token, method="Nothing")))
    assert w.read(lambda f: f[0] == HEADERS and f[2] == 3 and f[1] & END_STREAM, 5)


def test_the_clients_own_deadline_ends_its_call(hurried):
    w = Wire(hurried.port)
    w.on_ping = lambda f: w.send(frame(PING, 1, 0, f[3]))
    w.send(frame(HEADERS, END_HEADERS, 1, head(hurried.token, method="AddArtifacts", grpc_timeout="300m")))
    t0 = time.time()
    got = w.read(lambda f: f[0] == HEADERS and f[1] & END_STREAM, 8)
    assert got and got[3].startswith(STATUS_4) and time.time() - t0 < 5, got


def test_one_connection_does_not_hold_every_handler(tmp_path):
    """Calls that wait, more than there are handlers: another client is answered all the same."""
    e = Engine(str(tmp_path))
    message = b"\0\0\0\0\0"
    conns = []
    for _ in range(5):
        w = Wire(e.port)
        for i in range(250):  # an upload of which the first message is there: its handler waits for the next
            w.send(frame(HEADERS, END_HEADERS, 2 * i + 1, head(e.token, method="AddArtifacts")) + frame(DATA, 0, 2 * i + 1, message))
        conns.append(w)
    time.sleep(1)
    spark = e.session()
    t0 = time.time()
    assert works(spark) and time.time() - t0 < 10
    spark.stop()
    for w in conns:
        w.s.close()
    assert e.stop() == 0


def test_unfinished_messages_hold_no_more_than_the_bound(tmp_path):
    e = Engine(str(tmp_path), "--conf", "spark.weir.connect.memory=64m")
    conns, refused = [], 0
    part = b"x" * 16384
    for _ in range(3):
        w = Wire(e.port)
        conns.append(w)
        for i in range(4):
            sid = 2 * i + 1
            w.send(frame(HEADERS, END_HEADERS, sid, head(e.token)) + frame(DATA, 0, sid, b"\0\x07\0\0\0"))  # 112 MiB to come
            for _ in range(240):  # 3.75 MiB: what the window lets in
                w.send(frame(DATA, 0, sid, part))
    time.sleep(0.5)
    rss = int(next(x for x in open(f"/proc/{e.process.pid}/status") if x.startswith("VmRSS")).split()[1]) // 1024
    spark = e.session()
    assert works(spark)
    spark.stop()
    assert rss < 250, f"{rss} MiB"
    for w in conns:
        w.s.close()
    assert e.stop() == 0


def test_sessions_beyond_256_expire(tmp_path):
    from pyspark.sql.connect.proto import base_pb2
    from pyspark.sql.connect.proto.base_pb2_grpc import SparkConnectServiceStub
    import grpc
    import uuid

    e = Engine(str(tmp_path), "--conf", "spark.connect.session.manager.defaultSessionTimeout=2s", "--conf",
               "spark.connect.session.manager.sweepInterval=1s")
    stub = SparkConnectServiceStub(grpc.insecure_channel(f"localhost:{e.port}"))

    def ask(session):
        request = base_pb2.ConfigRequest(session_id=session)
        request.user_context.user_id = "u"
        request.operation.get_all.SetInParent()
        return stub.Config(request, metadata=[("authorization", f"Bearer {e.token}")])

    sessions = {s: ask(s).server_side_session_id for s in (str(uuid.uuid4()) for _ in range(600))}
    time.sleep(5)
    gone = 0
    for s, of_server in sessions.items():  # closed, or so long ago that it may be made again
        try:
            gone += ask(s).server_side_session_id != of_server
        except grpc.RpcError as x:
            assert "SESSION_CLOSED" in x.details()
            gone += 1
    assert gone == 600
    assert e.stop() == 0
