"""What a Python worker is kept from: the engine's environment and memory, other processes, the kernel; and that nothing of it stays."""
import json
import os
import time

import pytest
from conftest import Engine
from test_python import children, each_batch, engine_is_well, failure, put, source
from waiting import until

CLOUD = {"AWS_SECRET_ACCESS_KEY": "wJalr", "GOOGLE_APPLICATION_CREDENTIALS": "/x", "SPARK_MY_PASSWORD": "p", "SPARK_HINT": "h", "LC_TIME": "C",
         "MY_APP": "a", "MY_OTHER": "b", "PYTHONHASHSEED": "0", "SPARK_REMOTE": "sc://nowhere:1"}


@pytest.fixture
def started(tmp_path):
    engines = []

    def start(*options, **more):
        engines.append(Engine(str(tmp_path), *options, **more))
        return engines[-1]
    yield start
    for e in engines:
        assert e.process.poll() is not None or e.stop() == 0, open(os.path.join(e.folder, "server.log")).read()[-4000:]


def told_by(spark, tmp_path, fn, ck="ck"):
    """What fn() answers in a worker."""
    put(str(tmp_path / "in"), "a.json", {"id": 1})
    out = str(tmp_path / f"{ck}.told")

    def each(df, batch_id):
        import json as j
        text = j.dumps(fn())
        with open(out, "w") as f:
            f.write(text)
    q = each_batch(spark, tmp_path, each, ck=ck, availableNow=True)
    assert q.awaitTermination(60) and q.exception() is None, q.exception()
    return json.load(open(out))


def processes_of(mark):
    found = []
    for p in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{p}/cmdline", "rb") as f:
                line = f.read()
            with open(f"/proc/{p}/stat") as f:
                state = f.read().rsplit(")", 1)[1].split()[0]
        except OSError:
            continue
        if mark.encode() in line and state != "Z":
            found.append(int(p))
    return found


# ---- nothing stays

def daemonizer():
    def daemonize(command):
        """The two forks of a daemon, each in a session of its own."""
        import os
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                os.setsid()
                os.execv(command[0], command)
            os._exit(0)
        os.wait()
    return daemonize  # a local one: pickled whole


@pytest.mark.parametrize("end", ["stop", "kill the engine", "kill the keeper", "the worker ends", "by a thread"])
def test_no_descendant_stays(started, tmp_path, end):
    import sys
    e = started()
    spark = e.session()
    put(str(tmp_path / "in"), "a.json", {"id": 1})
    mark = f"weir-mark-{os.getpid()}-{time.time()}"
    command = [sys.executable, "-c", "import signal, time\nfor s in (1, 2, 15): signal.signal(s, signal.SIG_IGN)\ntime.sleep(300)", mark]

    daemonize = daemonizer()

    def fn(df, batch_id):
        import os
        import threading
        import time
        if end == "by a thread":
            t = threading.Thread(target=daemonize, args=(command,))
            t.start()
            t.join()
        else:
            daemonize(command)
        while end == "the worker ends":
            time.sleep(0.5)
            os._exit(3)

    q = each_batch(spark, tmp_path, fn)
    until("the daemon runs", lambda: processes_of(mark))
    if end == "kill the engine":
        e.kill()
    elif end == "kill the keeper":
        [keeper] = children(e.process.pid)
        os.kill(keeper, 9)
        put(str(tmp_path / "in"), "b.json", {"id": 2})
        assert "signal 9" in failure(q)
    elif end == "the worker ends":
        assert "ended with exit code 3" in failure(q)
    else:
        t = time.time()
        q.stop()
        assert time.time() - t < 2
    until("the daemon's end", lambda: not processes_of(mark), 5)
    if end != "kill the engine":
        engine_is_well(spark, e)


def test_memory_of_all_descendants_counts(started, tmp_path):
    import sys
    e = started()
    spark = e.session()
    spark.conf.set("spark.weir.python.memory", "500m")
    put(str(tmp_path / "in"), "a.json", {"id": 1})
    command = [sys.executable, "-c", "import time; x = b'x' * (600 << 20); time.sleep(300)"]

    daemonize = daemonizer()

    def fn(df, batch_id):
        import os
        import threading
        import time
        t = threading.Thread(target=daemonize, args=(command,))
        t.start()
        t.join()
        time.sleep(300)

    assert "more than spark.weir.python.memory allows" in failure(each_batch(spark, tmp_path, fn))
    engine_is_well(spark, e)


def test_too_many_processes_end_the_worker(started, tmp_path):
    e = started("--conf", "spark.weir.python.maxProcesses=20")
    spark = e.session()
    put(str(tmp_path / "in"), "a.json", {"id": 1})
    mark = f"weir-mark-{os.getpid()}-{time.time()}"

    def fn(df, batch_id):
        import subprocess
        import sys
        import time
        for _ in range(40):
            subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)", mark], start_new_session=True)
        time.sleep(300)

    assert "spark.weir.python.maxProcesses allows (20)" in failure(each_batch(spark, tmp_path, fn))
    until("their end", lambda: not processes_of(mark), 5)
    engine_is_well(spark, e)


# ---- the environment

def test_environment_is_an_allow_list(started, tmp_path):
    e = started("--conf", "spark.weir.python.env=MY_APP, NOTHING_*", "--conf", "spark.executorEnv.GIVEN=x y", "--conf",
                "spark.executorEnv.LC_TIME=POSIX", env={**CLOUD, "NOTHING_MUCH": "n"})
    spark = e.session()
    spark.conf.set("spark.executorEnv.MINE", "m")
    got = told_by(spark, tmp_path, lambda: dict(__import__("os").environ))
    assert {k: got.get(k) for k in ("MY_APP", "NOTHING_MUCH", "GIVEN", "LC_TIME", "SPARK_HINT", "PYTHONHASHSEED", "MINE")} == {
        "MY_APP": "a", "NOTHING_MUCH": "n", "GIVEN": "x y", "LC_TIME": "POSIX", "SPARK_HINT": "h", "PYTHONHASHSEED": "0", "MINE": "m"}
    assert not {"AWS_SECRET_ACCESS_KEY", "GOOGLE_APPLICATION_CREDENTIALS", "SPARK_MY_PASSWORD", "MY_OTHER", "SPARK_REMOTE", "WEIR_TOKEN"} & set(got)
    assert {"PATH", "HOME", "TZ"} <= set(got)
    with pytest.raises(Exception, match="CANNOT_MODIFY"):
        spark.conf.set("spark.weir.python.env", "AWS_*")


# ---- rights

def test_the_engine_cannot_be_looked_into(started, tmp_path):
    e = started(env=CLOUD)
    pid = e.process.pid

    def look():
        import ctypes
        import os
        import signal
        import socket
        libc = ctypes.CDLL(None, use_errno=True)
        got = {}
        for name in ("environ", "mem", "maps", "fd/2"):
            try:
                open(f"/proc/{pid}/{name}", "rb").close()
                got[name] = "open"
            except OSError as x:
                got[name] = x.errno
        buf = ctypes.create_string_buffer(8)
        calls = {"ptrace": (101, 16, pid, 0, 0), "process_vm_readv": (310, pid, 0, 0, 0, 0, 0), "process_vm_writev": (311, pid, 0, 0, 0, 0, 0),
                 "mount": (165, b"x", b"/mnt", b"tmpfs", 0, 0), "kexec_load": (246, 0, 0, 0, 0), "bpf": (321, 0, buf, 8), "keyctl": (250, 0, 0, 0),
                 "perf_event_open": (298, buf, 0, -1, -1, 0), "unshare": (272, 0x10000000), "clone": (56, 0x10000000 | 17, 0, 0, 0, 0),
                 "x32": (0x40000000 | 39,), "io_uring_setup": (425, 1, buf), "prlimit64": (302, pid, 0, 0, 0), "pidfd_open": (434, pid, 0),
                 "setown": (72, 0, 8, pid)}
        for name, (nr, *args) in calls.items():
            ctypes.set_errno(0)
            r = libc.syscall(ctypes.c_long(nr), *(ctypes.c_long(a) if isinstance(a, int) else a for a in args))
            got[name] = ctypes.get_errno() if r == -1 else "done"
        for name, who in (("engine", pid), ("group", -pid), ("all", -1), ("keeper", os.getppid())):
            try:
                os.kill(who, signal.SIGCONT)
                got["kill " + name] = "done"
            except OSError as x:
                got["kill " + name] = x.errno
        status = dict(x.split(":\t", 1) for x in open("/proc/self/status").read().splitlines() if ":\t" in x)
        got["status"] = [status["NoNewPrivs"], status["Seccomp"], int(status["CapEff"], 16) >> 19 & 1, os.getsid(0) == os.getpid()]
        import resource
        got["limits"] = [resource.getrlimit(resource.RLIMIT_CORE), resource.getrlimit(resource.RLIMIT_NOFILE)[1] <= 4096]
        a, b = socket.socketpair()
        a.send(b"x")
        got["socket"] = b.recv(1).decode()
        return got

    got = told_by(e.session(), tmp_path, look)
    assert got.pop("status") == ["1", "2", 0, True] and got.pop("limits") == [[0, 0], True] and got.pop("socket") == "x"
    for name in ("environ", "mem", "maps", "fd/2"):
        assert got.pop(name) in (1, 13), name
    assert got == dict.fromkeys(got, 1), "EPERM"


def test_libraries_work_as_before(started, tmp_path):
    def work():
        import concurrent.futures
        import multiprocessing
        import subprocess
        import numpy
        import pandas
        import pyarrow
        with concurrent.futures.ThreadPoolExecutor(4) as p:
            threads = sum(p.map(lambda i: i * i, range(100)))
        with multiprocessing.get_context("fork").Pool(2) as p:
            forked = sum(p.map(abs, range(-10, 0)))
        table = pyarrow.Table.from_pandas(pandas.DataFrame({"a": numpy.arange(1000)}))
        said = subprocess.run("echo $((6 * 7))", shell=True, capture_output=True, text=True).stdout
        return [threads, forked, table.to_pandas().a.sum().item(), said, float(numpy.linalg.det(numpy.eye(50)))]

    assert told_by(started().session(), tmp_path, work) == [328350, 55, 499500, "42\n", 1.0]


# ---- output

@pytest.mark.parametrize("most, whole", [("64k", False), ("0", True), ("4m", True)])
def test_output_is_bounded(started, tmp_path, most, whole):
    e = started("--conf", f"spark.weir.python.maxOutput={most}")
    spark = e.session()
    put(str(tmp_path / "in"), "a.json", {"id": 1})

    def fn(df, batch_id):
        for i in range(3000):
            print(f"line {i:4} " + "z" * 100)
        raise ValueError("the end")

    text = failure(each_batch(spark, tmp_path, fn))
    assert "line 2999" in text, "messages have what came last, shown or not"
    until("all is printed", lambda: not children(e.process.pid), 5)
    log = open(os.path.join(e.folder, "server.log")).read()
    shown = log.count("zzz\n")
    if whole:
        assert shown == 3000 and "maxOutput" not in log
    else:
        assert 550 < shown < 600 and "bytes that a Python worker printed are left out (spark.weir.python.maxOutput)" in log
    engine_is_well(spark, e)
