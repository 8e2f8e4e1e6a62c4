"""Benchmarks of queries with state. See run.py."""
import os
import time
from decimal import Decimal

from common import (PAIRS, ROWS, STATE_BATCHES, Engine, Put, child_cpu_s, compiled, cpu_s, durable, events, figure, folder,
                    in_turns, line, middle, on_spark, p95, status_mib)

SCHEMA = "id BIGINT, ts TIMESTAMP, ms BIGINT, user STRING, type STRING, amount DECIMAL(10,2)"


def windows_of(s, functions, src):
    rows = s.readStream.schema(SCHEMA).json(src).filter("type in ('click', 'purchase')").withWatermark("ts", "10 seconds")
    return (rows.groupBy(functions.window("ts", "10 seconds"), "user")
            .agg(functions.count("*").alias("n"), functions.sum("amount").alias("s"))
            .selectExpr("unix_millis(window.start) w", "user", "n", "s"))


def rows_of(path):
    """window, user -> count, sum; of a CSV file, or of a folder of them."""
    files = [path] if os.path.isfile(path) else [e.path for e in os.scandir(path) if e.is_file() and e.name.endswith(".csv")]
    out = {}
    for name in files:
        with open(name) as f:
            for row in f:
                w, user, n, s = row.rstrip().split(",")
                assert (w, user) not in out
                out[w, user] = (n, Decimal(s))
    return out


def check_windows(want, got):
    """Every group is there and right; only the two windows that are still open are held back."""
    open_windows = sorted({w for w, _ in want}, key=int)[-2:]
    missing = {w for w, _ in want.keys() - got.keys()}
    assert missing <= set(open_windows), sorted(missing)[:5]
    assert all(want.get(k) == v for k, v in got.items())
    assert len(got) >= len(want) * 9 // 10


WINDOWS_SPARK = r"""
base, src, schema = sys.argv[1:4]
rows = s.readStream.schema(schema).json(src).filter("type in ('click', 'purchase')").withWatermark("ts", "10 seconds")
g = (rows.groupBy(F.window("ts", "10 seconds"), "user").agg(F.count("*").alias("n"), F.sum("amount").alias("s"))
     .selectExpr("unix_millis(window.start) w", "user", "n", "s"))
q = (g.writeStream.outputMode("append").format("csv").option("path", base + "/out").option("checkpointLocation", base + "/ck")
     .trigger(availableNow=True).start())
q.awaitTermination()
print("CPU", cpu() - t0)
s.stop()
"""


def windows():
    """Filter, tumbling windows of 10 s, count and sum by user, exactly once; CPU of the engine process alone."""
    from pyspark.sql import functions

    src, loop = events(), compiled("windows")
    answer = os.path.join(folder("windows-c"), "out.csv")
    child_cpu_s([loop, src, answer])
    want, mine, floor, ratio, wall, peak = rows_of(answer), [], [], [], [], []
    for _ in range(PAIRS):
        floor.append(child_cpu_s([loop, src, answer]))
        base = folder("windows")
        e = Engine(base)
        s = e.session()
        s.conf.set("spark.sql.shuffle.partitions", "2")
        start, t0 = cpu_s(e.process.pid), time.perf_counter()
        q = (windows_of(s, functions, src).writeStream.outputMode("append").format("csv").option("path", base + "/out")
             .option("checkpointLocation", base + "/ck").trigger(availableNow=True).start())
        q.awaitTermination()
        wall.append(time.perf_counter() - t0)
        mine.append(cpu_s(e.process.pid) - start)
        peak.append(status_mib(e.process.pid, "VmHWM"))
        e.kill()
        check_windows(want, rows_of(base + "/out"))
        ratio.append(mine[-1] / floor[-1])
    text = (f"windows     {ROWS:,} JSON rows, windowed count and sum, {len(want):,} groups: weir {middle(mine):.2f} CPU s, "
            f"{middle(wall):.2f} s wall, peak {max(peak):.0f} MiB; C loop {middle(floor):.2f} CPU s, ratio {middle(ratio):.2f}")
    theirs = on_spark("windows-spark", WINDOWS_SPARK, src, SCHEMA)
    if theirs:
        check_windows(want, rows_of(os.path.join(os.path.dirname(base), "windows-spark", "out")))
        other = figure(theirs, "CPU")
        text += f"; Apache Spark {other:.1f} CPU s, {other / middle(mine):.1f} times weir's"
    line(text)


def state_latency():
    """A one-row file is renamed in: until the Delta commit of the new counts is there."""
    def visible(base, i):
        return f"{base}/out/_delta_log/{i:020d}.json"

    c, floor_side = durable("state-latency-c", 1, visible, "2")
    base = folder("state-latency")
    put = Put(base)
    e = Engine(base)
    s = e.session()
    s.conf.set("spark.sql.shuffle.partitions", "2")
    q = (s.readStream.schema(SCHEMA).json(put.folder).groupBy("user").count().writeStream.format("delta").outputMode("complete")
         .option("checkpointLocation", base + "/ck").start(base + "/out"))
    mine, floor = in_turns([(put, lambda i: os.path.exists(visible(base, i))), floor_side])
    q.stop()
    e.kill()
    c.kill()
    a, b = middle(mine), middle(floor)
    line(f"state_lat   one row through a count with state to its Delta commit: weir p50 {a:.2f} ms, p95 {p95(mine):.2f}; the same "
         f"durable files from C p50 {b:.2f} ms, p95 {p95(floor):.2f}; ratio {a / b:.2f}")


PARTITIONS = 200
PARTITIONS_SPARK = r"""
base, src, schema = sys.argv[1:4]
q = (s.readStream.schema(schema).option("maxFilesPerTrigger", 1).json(src)
     .groupBy(F.window("ts", "10 seconds"), "user").count().writeStream.outputMode("update").format("noop")
     .option("checkpointLocation", base + "/ck").trigger(availableNow=True).start())
q.awaitTermination()
ms = sorted(p["durationMs"]["triggerExecution"] for p in q.recentProgress if p["numInputRows"])
print("MS", ms[len(ms) // 2])
s.stop()
"""


def state_partitions():
    """1,000 rows through a windowed count whose state has 200 partitions, until the batch is committed."""
    from pyspark.sql import functions

    def visible(base, i):
        return f"{base}/out/commits/{i}"

    c, floor_side = durable("state-parts-c", 1000, visible, str(PARTITIONS), "nosink")
    base = folder("state-parts")
    put = Put(base, 1000)
    e = Engine(base)
    s = e.session()
    s.conf.set("spark.sql.shuffle.partitions", str(PARTITIONS))
    q = (s.readStream.schema(SCHEMA).json(put.folder).groupBy(functions.window("ts", "10 seconds"), "user").count()
         .writeStream.outputMode("update").format("noop")
         .option("checkpointLocation", base + "/out").start())
    start = cpu_s(e.process.pid)
    mine, floor = in_turns([(put, lambda i: os.path.exists(visible(base, i))), floor_side], 40)
    cpu = (cpu_s(e.process.pid) - start) * 1000 / 40
    q.stop()
    e.kill()
    c.kill()
    a, b = middle(mine), middle(floor)
    text = (f"state_part  1,000 rows through a windowed count over {PARTITIONS} partitions: weir p50 {a:.1f} ms ({cpu:.1f} ms CPU); "
            f"{PARTITIONS} durable files from C p50 {b:.1f} ms; ratio {a / b:.2f}")
    src = os.path.join(folder("state-parts-in"), "in")
    os.makedirs(src)
    rows = Put(os.path.dirname(src) + "/x", 1000)
    for i in range(8):
        rows(i)
        os.rename(rows.temp, f"{src}/{i:05d}.json")
    theirs = on_spark("state-parts-spark", PARTITIONS_SPARK, src, SCHEMA, BENCH_PARTITIONS=str(PARTITIONS))
    if theirs:
        other = figure(theirs, "MS")
        text += f"; Apache Spark {other:.0f} ms, {other / a:.0f} times weir's"
    line(text)


def state_flat():
    """Cost per batch early and late in a long run of tiny batches with state: time moves on, windows come and go."""
    from pyspark.sql import functions

    base = folder("state-flat")
    src = base + "/in"
    os.makedirs(src)
    for i in range(STATE_BATCHES):
        with open(f"{src}/{i:05d}.json", "w") as f:
            f.write('{"ts":"2026-01-%02dT%02d:%02d:%02dZ","user":"u%d"}\n' % (1 + i // 86400, i // 3600 % 24, i // 60 % 60, i % 60, i % 7))
    e = Engine(base)
    s = e.session()
    s.conf.set("spark.sql.shuffle.partitions", "2")
    q = (s.readStream.schema("ts TIMESTAMP, user STRING").option("maxFilesPerTrigger", 1).json(src)
         .withWatermark("ts", "10 seconds").groupBy(functions.window("ts", "10 seconds"), "user").count()
         .writeStream.outputMode("append").format("delta").option("checkpointLocation", base + "/ck")
         .trigger(availableNow=True).start(base + "/out"))
    marks = watch(q, base + "/ck/commits", e.process.pid)
    last = marks[-1][0] + 1
    a, ma = per_batch(marks, last // 20, last // 5)
    b, mb = per_batch(marks, last * 4 // 5, last)
    line(f"state_flat  {last:,} tiny batches with state to Delta: CPU per batch {a:.2f} ms early, {b:.2f} ms late, ratio {b / a:.2f}; "
         f"resident {ma:.0f} then {mb:.0f} MiB")
    e.kill()


def watch(q, log, pid):
    """(newest commit, CPU s, resident MiB) from time to time until the query ends."""
    marks = []
    while True:
        active = q.isActive
        try:
            n = max((int(x) for x in os.listdir(log) if x.isdigit()), default=0)
        except OSError:
            n = 0
        marks.append((n, cpu_s(pid), status_mib(pid, "VmRSS")))
        if not active:
            break
        time.sleep(0.1)
    assert q.exception() is None
    return marks


def per_batch(marks, lo, hi):
    """CPU ms a batch between two batches, and what is resident then."""
    part = [m for m in marks if lo <= m[0] <= hi]
    return (part[-1][1] - part[0][1]) / max(1, part[-1][0] - part[0][0]) * 1000, part[-1][2]
