"""What the benchmarks share: folders, compiled floors, figures of a process, Apache Spark's side."""
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "test", "py"))
from frozen import freeze  # noqa: E402

freeze()
from conftest import BIN, Engine  # noqa: E402,F401

WORK = os.environ.get("WEIR_BENCH_DIR") or os.path.join(tempfile.gettempdir(), "weir-bench")
ROWS = int(os.environ.get("WEIR_BENCH_ROWS", "1000000"))
BATCHES = int(os.environ.get("WEIR_BENCH_BATCHES", "5000"))
STATE_BATCHES = int(os.environ.get("WEIR_BENCH_STATE_BATCHES", "10000"))
PAIRS = int(os.environ.get("WEIR_BENCH_PAIRS", "3"))


def compiled(name):
    out = os.path.join(WORK, "bin", name)
    os.makedirs(os.path.dirname(out), exist_ok=True)
    subprocess.run(["cc", "-O3", "-march=native", "-o", out, os.path.join(HERE, name + ".c")], check=True)
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


def middle(v):
    return statistics.median(v)


def events():
    """The rows of gen.py, made once."""
    src = os.path.join(WORK, f"rows-{ROWS}")
    if not os.path.isdir(src):
        subprocess.run([sys.executable, os.path.join(HERE, "gen.py"), src, str(ROWS), "20", "7"], check=True)
    return src


def child_cpu_s(argv):
    """CPU seconds of a program that is run to its end."""
    before = os.times()
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


class Put:
    """Lays out files beside the folder that is watched, and renames them in."""

    def __init__(self, base, rows=1):
        self.folder, self.temp, self.rows = os.path.join(base, "in"), os.path.join(base, "tmp.json"), rows
        os.makedirs(self.folder)

    def __call__(self, i):
        with open(self.temp, "w") as f:
            for r in range(i * self.rows, (i + 1) * self.rows):
                f.write('{"id":%d,"ts":"2026-01-01T00:00:00.000Z","ms":%d,"user":"u%d","type":"view","amount":1.5}\n'
                        % (r, r, r % 1000 if self.rows > 1 else r % 7))


def in_turns(sides, n=60, pause=0.05):
    """Latencies in ms of n files on each side (put, visible), in turns, the first five not counted: the disk's mood is the
    same for all."""
    out = [[] for _ in sides]
    for i in range(n):
        for (put, visible), times in zip(sides, out):
            put(i)
            assert not visible(i), i
            t0 = time.perf_counter()
            os.rename(put.temp, os.path.join(put.folder, f"{i:05d}.json"))
            while not visible(i):
                if time.perf_counter() - t0 > 60:
                    raise SystemExit(f"file {i} did not become visible")
                time.sleep(0.0002)
            times.append((time.perf_counter() - t0) * 1000)
            time.sleep(pause)
    return [sorted(times[5:]) for times in out]


def durable(name, rows, visible, *args):
    """The floor of latency, running: the process, and its side for in_turns."""
    base = folder(name)
    put = Put(base, rows)
    p = subprocess.Popen([compiled("durable"), put.folder, base + "/out", *args], stdout=subprocess.PIPE, text=True)
    p.stdout.readline()
    return p, (put, lambda i: os.path.exists(visible(base, i)))


def p95(v):
    return v[int(len(v) * 0.95)]


SPARK_HEAD = r'''
import sys, time, glob, os, threading
from pyspark.sql import SparkSession, functions as F
b = (SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").config("spark.driver.memory", "3g")
     .config("spark.sql.shuffle.partitions", os.environ.get("BENCH_PARTITIONS", "2")).config("spark.sql.session.timeZone", "UTC")
     .config("spark.driver.bindAddress", "127.0.0.1").config("spark.driver.host", "127.0.0.1")
     .config("spark.sql.extensions", "io.delta.sql.DeltaSparkSessionExtension")
     .config("spark.sql.catalog.spark_catalog", "org.apache.spark.sql.delta.catalog.DeltaCatalog"))
if os.environ.get("WEIR_SPARK_JARS"): b = b.config("spark.jars", ",".join(glob.glob(os.environ["WEIR_SPARK_JARS"] + "/*.jar")))
s = b.getOrCreate(); s.sparkContext.setLogLevel("OFF")
pid = s._jvm.java.lang.ProcessHandle.current().pid()
def cpu():
    v = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(v[11]) + int(v[12])) / os.sysconf("SC_CLK_TCK")
t0 = cpu()
'''


def on_spark(name, body, *args, **env):
    """Runs a script on Apache Spark; the lines it prints as words. None without WEIR_SPARK_PYTHON."""
    if not os.environ.get("WEIR_SPARK_PYTHON"):
        return None
    base = folder(name)
    script = os.path.join(base, "job.py")
    with open(script, "w") as f:
        f.write(SPARK_HEAD + body)
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("SPARK_", "PYSPARK_"))}
    with open(base + "/log", "w") as log:
        subprocess.run([os.environ["WEIR_SPARK_PYTHON"], script, base, *args], check=True, stdout=log, stderr=log, cwd=base,
                       env=dict(clean, **env))
    with open(base + "/log") as log:
        return [x.split() for x in log]


def figure(lines, key):
    return next(float(w[1]) for w in lines if w and w[0] == key)
