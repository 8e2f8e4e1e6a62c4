#!/usr/bin/env python3
"""Benchmarks of weir, both sides in one run, ratios printed. `bench/run.py [name ...]`; names are the functions in TARGETS.

WEIR_BENCH_ROWS (default 1,000,000; the figures in docs/ are of 10,000,000), WEIR_BENCH_BATCHES, WEIR_BENCH_STATE_BATCHES,
WEIR_BENCH_PAIRS (how often throughput is measured, in turns with its floor), WEIR_BENCH_DIR a scratch folder on a disk
that syncs. WEIR_SPARK_PYTHON and WEIR_SPARK_JARS (see tools/interop.py) add Apache Spark's side.
CPU seconds hold on a busy machine, wall times and latencies only on an idle one.
"""
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import time

from common import (BATCHES, BIN, PAIRS, ROWS, STATE_BATCHES, WORK, Engine, Put, child_cpu_s, compiled, cpu_s, durable, events,
                    figure, folder, in_turns, line, middle, on_spark, p95, status_mib)
from state import per_batch, state_flat, state_latency, state_partitions, watch, windows

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import worker  # noqa: E402

SCHEMA = "id BIGINT, ts TIMESTAMP, ms BIGINT, user STRING, type STRING, amount DOUBLE"


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
    line(f"startup     process start to accepting: p50 {middle(times):.1f} ms, worst {max(times):.1f} ms; "
         f"resident then {max(mib):.1f} MiB")


def latency():
    """A one-row file is renamed in: until the Delta commit is there. Beside: a C program making the same files durable."""
    def visible(base, i):
        return f"{base}/out/_delta_log/{i:020d}.json"

    c, floor_side = durable("latency-c", 1, visible)
    base = folder("latency-weir")
    put = Put(base)
    e = Engine(base)
    s = e.session()
    q = (s.readStream.schema(SCHEMA).json(put.folder).writeStream.format("delta").option("checkpointLocation", base + "/ck")
         .start(base + "/out"))
    mine, floor = in_turns([(put, lambda i: os.path.exists(visible(base, i))), floor_side])
    q.stop()
    e.kill()
    c.kill()
    a, b = middle(mine), middle(floor)
    line(f"latency     file to visible Delta commit: weir p50 {a:.2f} ms, p95 {p95(mine):.2f}; the same "
         f"durable files from C p50 {b:.2f} ms, p95 {p95(floor):.2f}; ratio {a / b:.2f}")


SPARK = r'''
base, src, schema = sys.argv[1:4]
q = (s.readStream.schema(schema).json(src).writeStream.format("delta").option("checkpointLocation", base + "/ck")
     .trigger(availableNow=True).start(base + "/out"))
q.awaitTermination()
print("CPU", cpu() - t0)
s.stop()
'''


def throughput():
    """JSON files into a Delta table, availableNow; CPU of the engine process alone."""
    src, loop = events(), compiled("json_loop")
    child_cpu_s([loop, src])  # the files are in memory for both
    mine, floor = [], []
    for _ in range(PAIRS):
        floor.append(child_cpu_s([loop, src]))
        base = folder("throughput")
        e = Engine(base)
        s = e.session()
        start, t0 = cpu_s(e.process.pid), time.perf_counter()
        q = (s.readStream.schema(SCHEMA).json(src).writeStream.format("delta").option("checkpointLocation", base + "/ck")
             .trigger(availableNow=True).start(base + "/out"))
        q.awaitTermination()
        wall, peak = time.perf_counter() - t0, status_mib(e.process.pid, "VmHWM")
        mine.append(cpu_s(e.process.pid) - start)
        n = s.read.format("delta").load(base + "/out").count()
        e.kill()
        assert n == ROWS, n
    cpu, c = middle(mine), middle(floor)
    text = (f"throughput  {ROWS:,} JSON rows to Delta: weir {cpu:.2f} CPU s, {wall:.2f} s wall, peak {peak:.0f} MiB; "
            f"C parse loop {c:.2f} CPU s, ratio {cpu / c:.2f}")
    theirs = on_spark("spark", SPARK, src, SCHEMA)
    if theirs:  # of the JVM from the start of the query to its end, its start-up left out
        other = figure(theirs, "CPU")
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
    marks = watch(q, base + "/ck/commits", e.process.pid)
    a, ma = per_batch(marks, BATCHES // 20, BATCHES // 5)
    b, mb = per_batch(marks, BATCHES * 4 // 5, BATCHES)
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


TARGETS = [startup, latency, throughput, flat, foreach, idle, windows, state_latency, state_partitions, state_flat]


def main():
    os.makedirs(WORK, exist_ok=True)
    os.environ.setdefault("TZ", "UTC")
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    by_name = {f.__name__: f for f in TARGETS}
    for name in sys.argv[1:] or by_name:
        by_name[name]()
    print(json.dumps({"rows": ROWS, "batches": BATCHES, "state_batches": STATE_BATCHES, "load": os.getloadavg()[0]}))


if __name__ == "__main__":
    main()
