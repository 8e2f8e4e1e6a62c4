#!/usr/bin/env python3
"""Benchmarks of weir, both sides in one run, ratios printed. `bench/run.py [startup] [latency] [throughput] [flat] [foreach] [idle]`.

WEIR_BENCH_ROWS (default 1,000,000; the figures in docs/ are of 10,000,000), WEIR_BENCH_DIR a scratch folder on a disk
that syncs. WEIR_SPARK_PYTHON and WEIR_SPARK_JARS (see tools/interop.py) add Apache Spark's side.
CPU seconds hold on a busy machine, wall times and latencies only on an idle one.
"""
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "test", "py"))
from conftest import BIN, Engine  # noqa: E402

sys.path.insert(0, HERE)
import worker  # noqa: E402

WORK = os.environ.get("WEIR_BENCH_DIR") or os.path.join(tempfile.gettempdir(), "weir-bench")
ROWS = int(os.environ.get("WEIR_BENCH_ROWS", "1000000"))
SCHEMA = "id BIGINT, ts TIMESTAMP, ms BIGINT, user STRING, type STRING, amount DOUBLE"
BATCHES = int(os.environ.get("WEIR_BENCH_BATCHES", "5000"))


def compiled(name):
    out = os.path.join(WORK, name)
    subprocess.run(["cc", "-O3", "-o", out, os.path.join(HERE, name + ".c")], check=True)
    return out


def cpu_s(pid):
    with open(f"/proc/{pid}/stat") as f:
        v = f.read().rsplit(")", 1)[1].split()
    return (int(v[11]) + int(v[12])) / os.sysconf("SC_CLK_TCK")


def status_mib(pid, key):
    with open(f"/proc/{pid}/status") as f:
        return next(int(line.split()[1]) for line in f if line.startswith(key)) / 1024


def folder(name):
    path = os.path.join(WORK, name)
    shutil.rmtree(path, ignore_errors=True)
    os.makedirs(path)
    return path


def line(text):
    print(text, flush=True)


def startup():
    """From exec to a port that accepts, and what is resident then."""
    times, mib = [], []
    for _ in range(20):
        r, w = os.pipe()
        t0 = time.perf_counter()
        p = subprocess.Popen([BIN, "server", "--port", "0", "--ready-fd", str(w), "--warehouse", folder("start")],
                             pass_fds=[w], stderr=subprocess.DEVNULL)
        os.close(w)
        with os.fdopen(r) as f:
            port = int(f.readline())
        socket.create_connection(("127.0.0.1", port)).close()
        times.append((time.perf_counter() - t0) * 1000)
        mib.append(status_mib(p.pid, "VmRSS"))
        p.terminate()
        p.wait()
    line(f"startup     process start to accepting: p50 {statistics.median(times):.1f} ms, worst {max(times):.1f} ms; "
         f"resident then {max(mib):.1f} MiB")


def one_by_one(put, visible, n=60):
    """Latency of n one-row files, the first five not counted."""
    out = []
    for i in range(n):
        put(i)
        t0 = time.perf_counter()
        os.rename(put.temp, os.path.join(put.folder, f"{i:05d}.json"))
        while not visible(i):
            if time.perf_counter() - t0 > 20:
                raise SystemExit(f"file {i} did not become visible")
            time.sleep(0.0002)
        out.append((time.perf_counter() - t0) * 1000)
        time.sleep(0.05)
    return sorted(out[5:])


class Put:
    def __init__(self, base):
        self.folder, self.temp = os.path.join(base, "in"), os.path.join(base, "tmp.json")
        os.makedirs(self.folder)

    def __call__(self, i):
        with open(self.temp, "w") as f:
            f.write('{"id":%d,"ts":"2026-01-01T00:00:00.000Z","ms":%d,"user":"u%d","type":"view","amount":1.5}\n' % (i, i, i % 7))


def latency():
    """A one-row file is renamed in: until the Delta commit is there. Beside: a C program making the same files durable."""
    base = folder("latency-c")
    put = Put(base)
    p = subprocess.Popen([compiled("durable"), put.folder, base + "/out"], stdout=subprocess.PIPE, text=True)
    p.stdout.readline()
    floor = one_by_one(put, lambda i: os.path.exists(f"{base}/out/_delta_log/{i:020d}.json"))
    p.kill()
    base = folder("latency-weir")
    put = Put(base)
    e = Engine(base)
    s = e.session()
    q = (s.readStream.schema(SCHEMA).json(put.folder).writeStream.format("delta").option("checkpointLocation", base + "/ck")
         .start(base + "/out"))
    mine = one_by_one(put, lambda i: os.path.exists(f"{base}/out/_delta_log/{i:020d}.json"))
    q.stop()
    e.kill()
    a, b = statistics.median(mine), statistics.median(floor)
    line(f"latency     file to visible Delta commit: weir p50 {a:.2f} ms, p95 {mine[int(len(mine) * .95)]:.2f}; the same "
         f"durable files from C p50 {b:.2f} ms, p95 {floor[int(len(floor) * .95)]:.2f}; ratio {a / b:.2f}")


SPARK = r'''
import sys, time, glob, os, resource
from pyspark.sql import SparkSession
src, out, schema = sys.argv[1:4]
b = (SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").config("spark.driver.memory", "3g")
     .config("spark.sql.shuffle.partitions", "2").config("spark.sql.session.timeZone", "UTC")
     .config("spark.sql.extensions", "io.delta.sql.DeltaSparkSessionExtension")
     .config("spark.sql.catalog.spark_catalog", "org.apache.spark.sql.delta.catalog.DeltaCatalog"))
if os.environ.get("WEIR_SPARK_JARS"): b = b.config("spark.jars", ",".join(glob.glob(os.environ["WEIR_SPARK_JARS"] + "/*.jar")))
s = b.getOrCreate(); s.sparkContext.setLogLevel("OFF")
pid = s._jvm.java.lang.ProcessHandle.current().pid()
def cpu():
    v = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(v[11]) + int(v[12])) / os.sysconf("SC_CLK_TCK")
t0 = cpu()
q = (s.readStream.schema(schema).json(src).writeStream.format("delta").option("checkpointLocation", out + "/ck")
     .trigger(availableNow=True).start(out + "/out"))
q.awaitTermination()
print("CPU", cpu() - t0)
s.stop()
'''


def spark_cpu_s(src):
    base = folder("spark")
    script = os.path.join(base, "job.py")
    with open(script, "w") as f:
        f.write(SPARK)
    with open(base + "/log", "w") as log:
        subprocess.run([os.environ["WEIR_SPARK_PYTHON"], script, src, base, SCHEMA], check=True, stdout=log, stderr=log, cwd=base,
                       env={k: v for k, v in os.environ.items() if not k.startswith(("SPARK_", "PYSPARK_"))})
    with open(base + "/log") as log:  # of the JVM from the start of the query to its end, its start-up left out
        return next(float(line.split()[1]) for line in log if line.startswith("CPU "))


def throughput():
    """JSON files into a Delta table, availableNow; CPU of the engine process alone."""
    src = os.path.join(WORK, f"rows-{ROWS}")
    if not os.path.isdir(src):
        subprocess.run([sys.executable, os.path.join(HERE, "gen.py"), src, str(ROWS), "20", "7"], check=True)
    loop = compiled("json_loop")
    subprocess.run([loop, src], check=True, stdout=subprocess.DEVNULL)  # the files are in memory for both
    before = os.times()
    subprocess.run([loop, src], check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    c = after.children_user + after.children_system - before.children_user - before.children_system
    base = folder("throughput")
    e = Engine(base)
    s = e.session()
    start, t0 = cpu_s(e.process.pid), time.perf_counter()
    q = (s.readStream.schema(SCHEMA).json(src).writeStream.format("delta").option("checkpointLocation", base + "/ck")
         .trigger(availableNow=True).start(base + "/out"))
    q.awaitTermination()
    wall, cpu, peak = time.perf_counter() - t0, cpu_s(e.process.pid) - start, status_mib(e.process.pid, "VmHWM")
    n = s.read.format("delta").load(base + "/out").count()
    e.kill()
    assert n == ROWS, n
    text = (f"throughput  {ROWS:,} JSON rows to Delta: weir {cpu:.2f} CPU s, {wall:.2f} s wall, peak {peak:.0f} MiB; "
            f"C parse loop {c:.2f} CPU s, ratio {cpu / c:.2f}")
    if os.environ.get("WEIR_SPARK_PYTHON"):
        other = spark_cpu_s(src)
        text += f"; Apache Spark {other:.1f} CPU s, {other / cpu:.1f} times weir's"
    line(text)


def flat():
    """Cost per batch early and late in a long run of tiny batches into Delta."""
    base = folder("flat")
    src = base + "/in"
    os.makedirs(src)
    for i in range(BATCHES):
        with open(f"{src}/{i:05d}.json", "w") as f:
            f.write('{"id":%d}\n' % i)
    e = Engine(base)
    s = e.session()
    q = (s.readStream.schema("id BIGINT").option("maxFilesPerTrigger", 1).json(src).writeStream.format("delta")
         .option("checkpointLocation", base + "/ck").trigger(availableNow=True).start(base + "/out"))
    marks = []
    log = base + "/ck/commits"
    while q.isActive:
        try:
            n = max((int(x) for x in os.listdir(log) if x.isdigit()), default=0)
        except OSError:
            n = 0
        marks.append((n, cpu_s(e.process.pid), status_mib(e.process.pid, "VmRSS")))
        time.sleep(0.1)
    assert q.exception() is None

    def per_batch(lo, hi):
        part = [m for m in marks if lo <= m[0] <= hi]
        return (part[-1][1] - part[0][1]) / max(1, part[-1][0] - part[0][0]) * 1000, part[-1][2]

    a, ma = per_batch(BATCHES // 20, BATCHES // 5)
    b, mb = per_batch(BATCHES * 4 // 5, BATCHES)
    line(f"flat        {BATCHES:,} one-row batches to Delta: CPU per batch {a:.2f} ms early, {b:.2f} ms late, ratio {b / a:.2f}; "
         f"resident {ma:.0f} then {mb:.0f} MiB")
    e.kill()


FUNCTION_BATCHES = 100  # as many as a checkpoint keeps

EACH = r'''
import sys
from pyspark.sql import SparkSession
src, ck = sys.argv[1:]
s = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()
q = (s.readStream.schema("id BIGINT").option("maxFilesPerTrigger", 1).json(src).writeStream.foreachBatch(lambda df, i: None)
     .option("checkpointLocation", ck).trigger(availableNow=True).start())
q.awaitTermination()
'''


def between_commits_ms(ck):
    """Time from each batch's commit to the next one's, p50, the first ones left out."""
    t = sorted(os.stat(f"{ck}/commits/{n}").st_mtime_ns for n in os.listdir(f"{ck}/commits") if n.isdigit())
    return statistics.median(b - a for a, b in zip(t[10:], t[11:])) / 1e6


def foreach():
    """One-row batches for a function that does nothing: weir, and a bare driver of PySpark's worker."""
    base = folder("foreach")
    os.makedirs(base + "/in")
    for i in range(FUNCTION_BATCHES):
        with open(f"{base}/in/{i:05d}.json", "w") as f:
            f.write('{"id":%d}\n' % i)
    e = Engine(base)
    s = e.session()
    q = (s.readStream.schema("id BIGINT").option("maxFilesPerTrigger", 1).json(base + "/in").writeStream
         .foreachBatch(lambda df, i: None).option("checkpointLocation", base + "/ck").trigger(availableNow=True).start())
    q.awaitTermination()
    bare = worker.round_trip_ms(lambda df, i: None, FUNCTION_BATCHES, base, e.port, e.token)
    e.kill()
    weir = between_commits_ms(base + "/ck")
    text = (f"foreach     a batch of one row and a function that does nothing: weir {weir:.2f} ms, a bare driver of the worker "
            f"{bare:.2f} ms, difference {weir - bare:.2f} ms")
    if os.environ.get("WEIR_SPARK_PYTHON"):
        with open(base + "/job.py", "w") as f:
            f.write(EACH)
        with open(base + "/log", "w") as log:
            subprocess.run([os.environ["WEIR_SPARK_PYTHON"], base + "/job.py", base + "/in", base + "/ck2"], check=True, stdout=log,
                           stderr=log, cwd=base, env={k: v for k, v in os.environ.items() if not k.startswith(("SPARK_", "PYSPARK_"))})
        other = between_commits_ms(base + "/ck2")
        text += f"; Apache Spark {other:.0f} ms, {other / weir:.0f} times weir's"
    line(text)


def idle(queries=100, seconds=10):
    """What queries cost that wait for files, and the same engine without any."""
    base = folder("idle")
    e = Engine(base)
    s = e.session()

    def percent():
        before = cpu_s(e.process.pid)
        time.sleep(seconds)
        return (cpu_s(e.process.pid) - before) / seconds * 100

    none = percent()
    for i in range(queries):
        os.makedirs(f"{base}/in{i}")
        s.readStream.schema("id BIGINT").json(f"{base}/in{i}").writeStream.format("noop").option(
            "checkpointLocation", f"{base}/ck{i}").start()
    time.sleep(2)
    some = percent()
    line(f"idle        {queries} queries that wait for files: {some:.1f} % of one CPU, {some / queries:.3f} % each; the engine without "
         f"queries {none:.1f} %; resident {status_mib(e.process.pid, 'VmRSS'):.0f} MiB")
    e.kill()


def main():
    os.makedirs(WORK, exist_ok=True)
    os.environ.setdefault("TZ", "UTC")
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    table = {f.__name__: f for f in (startup, latency, throughput, flat, foreach, idle)}
    for name in sys.argv[1:] or table:
        table[name]()
    print(json.dumps({"rows": ROWS, "batches": BATCHES, "load": os.getloadavg()[0]}))


if __name__ == "__main__":
    main()
