#!/usr/bin/env python3
"""Holds weir against real Spark, both ways: what one wrote the other reads, what one began the other goes on with.

Needs a Python with pyspark 4.2, Delta's jar and a JVM: WEIR_SPARK_PYTHON names it, WEIR_SPARK_JARS a folder of jars,
WEIR_KAFKA_SERVERS a Kafka broker (optional: else tools/broker.py starts one, if Java and Maven are there),
WEIR_DELTARS_PYTHON one with `deltalake` (optional: its cases are skipped without), WEIR_SPARK43_PYTHON one with
pyspark 4.3 (optional: the cases with state run on 4.2 without).
`tools/interop.py [--sample SEED N [--also CASE]] [CASE ...]` prints a table and last `N passed, N failed, N skipped`. A comparison for
which Spark did not answer is a failure; skipped are cases whose optional means are not there.
"""
import argparse
import atexit
import collections
import fnmatch
import glob
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [os.path.join(ROOT, "test", "py"), os.path.join(ROOT, "tools")]
os.environ["TZ"] = "UTC"
time.tzset()
import interop_state  # noqa: E402

COMMON = r'''
import datetime, decimal, json
def norm(v):
    if isinstance(v, datetime.datetime):
        if v.tzinfo is None: return v.isoformat()
        return v.astimezone(datetime.timezone.utc).replace(tzinfo=None).isoformat()
    if isinstance(v, (datetime.date, decimal.Decimal)): return str(v)
    if isinstance(v, (bytes, bytearray)): return bytes(v).hex()
    if hasattr(v, "asDict"): return {k: norm(x) for k, x in v.asDict().items()}
    if isinstance(v, dict): return [[str(k), norm(v[k])] for k in sorted(v, key=str)]
    if isinstance(v, (list, tuple)): return [norm(x) for x in v]
    return v
def rows_of(df): return sorted(json.dumps({k: norm(v) for k, v in r.asDict().items()}, sort_keys=True) for r in df.collect())
def history_of(spark, path):
    h = spark.sql(f"DESCRIBE HISTORY delta.`{path}`").select("version", "operation", "isBlindAppend", "operationMetrics").collect()
    return [[r[0], r[1], r[2], r[3].get("numOutputRows")] for r in h]
'''

# Runs inside Spark's Python: one JSON line {"code": ...} at a time, `result` comes back.
PEER = COMMON + r'''
import glob, os, sys, time, traceback
os.environ["TZ"] = "UTC"; time.tzset()
from pyspark.sql import SparkSession, functions as F
b = (SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").config("spark.driver.memory", "2g")
     .config("spark.sql.session.timeZone", "UTC").config("spark.driver.extraJavaOptions", "-Duser.timezone=UTC")
     .config("spark.sql.shuffle.partitions", "2").config("spark.databricks.delta.snapshotPartitions", "1"))
jars = os.environ.get("WEIR_SPARK_JARS")
if jars:
    b = (b.config("spark.jars", ",".join(glob.glob(jars + "/*.jar")))
         .config("spark.sql.extensions", "io.delta.sql.DeltaSparkSessionExtension")
         .config("spark.sql.catalog.spark_catalog", "org.apache.spark.sql.delta.catalog.DeltaCatalog"))
spark = b.getOrCreate(); spark.sparkContext.setLogLevel("OFF")
ns = dict(globals())
print("@@" + json.dumps({"result": spark.version}), flush=True)
for line in sys.stdin:
    try:
        ns["result"] = None
        exec(json.loads(line)["code"], ns)
        answer = {"result": ns["result"]}
    except Exception:
        answer = {"error": traceback.format_exc()[-3000:]}
    print("@@" + json.dumps(answer), flush=True)
'''

DELTARS = COMMON + r'''
import sys
from deltalake import DeltaTable
t = DeltaTable(sys.argv[1])
a = t.to_pyarrow_table() if hasattr(t, "to_pyarrow_table") else t.to_pyarrow_dataset().to_table()
rows = []
for r in a.to_pylist():
    m = dict(r.pop("m"))
    r = {k: {x: norm(y) for x, y in v.items()} if isinstance(v, dict) else norm(v) for k, v in r.items()}
    rows.append(json.dumps(dict(r, m=norm(m)), sort_keys=True))
print("@@" + json.dumps({"rows": sorted(rows), "version": t.version(), "history": len(t.history())}))
'''


class Peer:
    def __init__(self, python, jars):
        # the client, once used, leaves SPARK_CONNECT_MODE_ENABLED, which would make this one a client too
        env = {k: v for k, v in os.environ.items() if not k.startswith("SPARK_") and (jars or k != "WEIR_SPARK_JARS")}
        self.log = tempfile.TemporaryFile("w+", errors="replace")
        self.p = subprocess.Popen([python, "-c", PEER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True, env=env)
        self.version = self.answer()

    def answer(self):
        for line in self.p.stdout:
            if line.startswith("@@"):
                a = json.loads(line[2:])
                if "error" in a:
                    raise AssertionError("Spark: " + a["error"])
                return a["result"]
        self.log.seek(0)
        raise AssertionError("Spark's process ended: ..." + self.log.read()[-1500:])

    def run(self, code):
        self.p.stdin.write(json.dumps({"code": code}) + "\n")
        self.p.stdin.flush()
        return self.answer()

    def close(self):
        self.p.stdin.close()
        self.p.wait(30)


ns = {}
exec(COMMON, ns)
rows_of, history_of = ns["rows_of"], ns["history_of"]

COLUMNS = ["CAST(id AS INT) AS id", "date_add(DATE'2024-02-27', CAST(id % 3 AS INT)) AS day",
           "CASE id % 5 WHEN 0 THEN NULL WHEN 1 THEN 'a b' WHEN 2 THEN 'x/y=z%' WHEN 3 THEN 'é' ELSE 'plain' END AS k",
           "CAST(id AS DECIMAL(12,3)) / 8 AS q", "CAST(id * 1.125 AS DECIMAL(38,10)) AS dec",
           "named_struct('a', CAST(id AS INT), 'b', array('p', NULL, CAST(id AS STRING))) AS s",
           "map('one', CAST(id AS INT), 'two', CAST(NULL AS INT)) AS m",
           "timestamp_micros(1700000000123456 + id * 1000001) AS ts", "id / 3.0D AS f", "CAST(CAST(id AS STRING) AS BINARY) AS bin",
           "IF(id % 4 = 0, NULL, concat('row ', id)) AS n", "id % 2 = 0 AS even"]


def write_commits(run, path, first, commits, by):
    parts = "" if not by else ".partitionBy(%s)" % ", ".join(repr(p) for p in by)
    for i in range(first, first + commits):
        run(f"spark.range({4 * i}, {4 * i + 4}).selectExpr(*{COLUMNS!r}).write.format('delta').mode('append'){parts}.save({path!r})")


class Skipped(Exception):
    """What a case needs is not there."""


class Case:
    def __init__(self, peer, engine, folder):
        self.peer, self.engine, self.folder = peer, engine, folder
        self.spark = engine.session()

    def weir(self, code):
        env = {"spark": self.spark, "rows_of": rows_of, "history_of": history_of}
        exec(code, env)
        return env.get("result")


READ = "result = [rows_of(spark.read.format('delta').load({0!r})), spark.read.format('delta').load({0!r}).schema.simpleString()]"


def same(a, b, what):
    if a != b:
        x, y = json.dumps(a, default=str), json.dumps(b, default=str)
        at = next((i for i, (p, q) in enumerate(zip(x, y)) if p != q), min(len(x), len(y)))
        raise AssertionError(f"{what} differ at {at}: {x[max(0, at - 80):at + 120]} | {y[max(0, at - 80):at + 120]}")


def delta_by_weir(c, by):
    path = os.path.join(c.folder, "t")
    write_commits(c.weir, path, 0, 25, by)
    mine = c.weir(READ.format(path))
    same(len(mine[0]), 100, "row counts")
    same(mine, c.peer.run(READ.format(path)), "rows")
    same(c.weir(f"result = history_of(spark, {path!r})"), c.peer.run(f"result = history_of(spark, {path!r})"), "histories")
    same(c.peer.run(f"result = rows_of(spark.read.format('delta').load({path!r}).where(\"id > 90 and day = '2024-02-28'\"))"),
         [r for r in mine[0] if json.loads(r)["id"] > 90 and json.loads(r)["day"] == "2024-02-28"], "filtered rows")
    return path, mine


def case_delta_weir_to_spark(c):
    delta_by_weir(c, [])


def case_delta_weir_to_spark_partitioned(c):
    delta_by_weir(c, ["day", "k"])


def case_delta_weir_to_deltars(c):
    if "WEIR_DELTARS_PYTHON" not in os.environ:
        raise Skipped("WEIR_DELTARS_PYTHON names no Python with deltalake")
    path, mine = delta_by_weir(c, ["day", "k"])
    out = subprocess.run([os.environ["WEIR_DELTARS_PYTHON"], "-c", DELTARS, path], capture_output=True, text=True)
    if "@@" not in out.stdout:  # its threads may abort the process at exit, after the answer
        raise AssertionError(out.stderr[-1500:])
    got = json.loads(next(line for line in out.stdout.splitlines() if line.startswith("@@"))[2:])
    same(got["rows"], mine[0], "rows")
    same([got["version"], got["history"]], [24, 25], "history")


def case_delta_spark_to_weir(c):
    for by in ([], ["day", "k"]):
        path = os.path.join(c.folder, "s" + str(len(by)))
        write_commits(c.peer.run, path, 0, 25, by)
        c.peer.run(f"spark.sql(\"DELETE FROM delta.`{path}` WHERE id % 10 = 3\"); spark.sql(\"OPTIMIZE delta.`{path}`\")")
        same(c.weir(READ.format(path)), c.peer.run(READ.format(path)), "rows")
        same(c.weir(f"result = history_of(spark, {path!r})"), c.peer.run(f"result = history_of(spark, {path!r})"), "histories")
        for v in (0, 7, 20):
            read = f"result = rows_of(spark.read.format('delta').option('versionAsOf', {v}).load({path!r}))"
            same(c.weir(read), c.peer.run(read), f"version {v}")


def case_delta_in_turns(c):
    path = os.path.join(c.folder, "turns")
    for turn in range(6):
        write_commits(c.weir if turn % 2 else c.peer.run, path, turn * 6, 6, ["day"])
    mine = c.weir(READ.format(path))
    same(len(mine[0]), 144, "row counts")
    same(mine, c.peer.run(READ.format(path)), "rows")
    # what the log was cleaned of lies in the checkpoint only
    log = os.path.join(path, "_delta_log")
    last = max(int(f[:20]) for f in os.listdir(log) if f.endswith(".checkpoint.parquet"))
    for f in os.listdir(log):
        if f[:20].isdigit() and int(f[:20]) < last:
            os.remove(os.path.join(log, f))
    same(c.weir(READ.format(path)), mine, "rows from the checkpoint")


STREAM = r'''
q = (spark.readStream.schema("id INT, v STRING").option("maxFilesPerTrigger", 1).json({src!r})
     .selectExpr("id", "upper(v) AS v", "id * 2 AS w").writeStream.format({fmt!r}).option("checkpointLocation", {ck!r})
     .trigger(availableNow=True).start({out!r}))
if not q.awaitTermination(120): raise AssertionError("the query did not end")
if q.exception(): raise q.exception()
'''


def stream_in_turns(c, fmt, order):
    src, ck, out = (os.path.join(c.folder, x) for x in ("in", "ck", "out"))
    os.makedirs(src)
    n = 0
    for who in order:
        for _ in range(4):
            with open(f"{src}/f{n:03d}.json", "w") as f:
                for i in range(3):
                    f.write(json.dumps({"id": 3 * n + i, "v": f"v{n}"}) + "\n")
            os.utime(f"{src}/f{n:03d}.json", (1_700_000_000 + n, 1_700_000_000 + n))
            n += 1
        (c.weir if who == "w" else c.peer.run)(STREAM.format(src=src, ck=ck, out=out, fmt=fmt))
    read = f"result = rows_of(spark.read.format({fmt!r}).load({out!r}))"
    want = sorted(json.dumps({"id": i, "v": f"V{i // 3}", "w": i * 2}, sort_keys=True) for i in range(3 * n))
    same(c.weir(read), want, "rows")
    same(c.peer.run(read), want, "Spark's rows")


def case_parquet_stream_spark_weir_spark(c):
    stream_in_turns(c, "parquet", "sws")


def case_parquet_stream_weir_spark_weir(c):
    stream_in_turns(c, "parquet", "wswsw")


def case_delta_stream_spark_weir_spark(c):
    stream_in_turns(c, "delta", "sws")


def case_delta_stream_weir_spark_weir(c):
    stream_in_turns(c, "delta", "wswsw")


COPY = r'''
q = (spark.readStream.format("delta").option("maxFilesPerTrigger", 1).load({src!r}).writeStream.format("delta")
     .option("checkpointLocation", {ck!r}).trigger(availableNow=True).start({out!r}))
if not q.awaitTermination(120): raise AssertionError("the query did not end")
if q.exception(): raise q.exception()
'''


def delta_source_in_turns(c, order):
    src, ck, out = (os.path.join(c.folder, x) for x in ("src", "ck", "out"))
    n = 0
    for who in order:
        for _ in range(3):
            c.peer.run(f"spark.range({10 * n}, {10 * n + 10}).coalesce(1).write.format('delta').mode('append').save({src!r})")
            n += 1
        (c.weir if who == "w" else c.peer.run)(COPY.format(src=src, ck=ck, out=out))
    read = f"result = rows_of(spark.read.format('delta').load({out!r}))"
    want = sorted(json.dumps({"id": i}) for i in range(10 * n))
    same(c.weir(read), want, "rows")
    same(c.peer.run(read), want, "Spark's rows")
    same(c.weir(f"result = spark.read.format('delta').load({out!r}).count()"), 10 * n, "row counts")


def case_delta_source_spark_weir_spark(c):
    delta_source_in_turns(c, "sws")


def case_delta_source_weir_spark_weir(c):
    delta_source_in_turns(c, "wsw")


def case_delta_golden_weir_spark(c):
    """The checkpoint that Spark left in the middle of a batch, resumed by weir, then by Spark with new rows."""
    folder = os.path.join(c.folder, "g")
    shutil.copytree(os.path.join(ROOT, "test", "golden", "checkpoint_delta"), folder)
    src, ck, out = (os.path.join(folder, x) for x in ("src", "ck1", "dst"))
    rows = "result = rows_of(spark.read.format('delta').load({0!r}))"
    for who, peer in ((c.weir, c.peer.run), (c.peer.run, c.weir), (c.weir, c.peer.run)):
        who(COPY.format(src=src, ck=ck, out=out))
        same(who(rows.format(out)), peer(rows.format(src)), "rows")
        peer(f"spark.read.format('delta').load({src!r}).limit(1).write.format('delta').mode('append').save({src!r})")


KAFKA = r'''
import time
d = (spark.readStream.format("kafka").option("kafka.bootstrap.servers", {servers!r}).option({how!r}, {topics!r})
     .option("startingOffsets", "earliest").option("maxOffsetsPerTrigger", 700).load()
     .selectExpr("topic", "partition", "offset", "CAST(key AS STRING) k", "CAST(value AS STRING) v", "unix_millis(timestamp) ms"))
w = d.writeStream.format("delta").option("checkpointLocation", {ck!r})
q = (w.trigger(availableNow=True) if {last} else w).start({out!r})
end = time.time() + 120
while not {last} and q.isActive and len(q.recentProgress) < 2 and time.time() < end: time.sleep(0.02)
ended = q.awaitTermination(120) if {last} else q.stop()
if {last} and not ended: raise AssertionError("the query did not end")
if not {last} and len(q.recentProgress) < 2: raise AssertionError("no two batches within 120 s")
if q.exception(): raise q.exception()
'''


def kafka_servers():
    """Of a broker for this run, or of the one that is named; None if there is none."""
    if "WEIR_KAFKA_SERVERS" not in os.environ:
        import broker
        if broker.available():
            return None
        folder = tempfile.mkdtemp(prefix="weir-broker-")
        tool = [sys.executable, os.path.join(ROOT, "tools", "broker.py")]
        at = json.loads(subprocess.run([*tool, "start", "--dir", folder], check=True, capture_output=True, text=True).stdout)
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        atexit.register(subprocess.run, [*tool, "stop", "--dir", folder], capture_output=True)
        os.environ["WEIR_KAFKA_SERVERS"] = at["plaintext"]
    return os.environ["WEIR_KAFKA_SERVERS"]


def kafka_in_turns(c, order, how="subscribe"):
    """Each stops in the middle of the topics; messages come all the time, a partition is added."""
    servers = kafka_servers()
    if not servers:
        raise Skipped("no Kafka broker")
    from kafka_driver import Kafka
    kafka = Kafka(bootstrap_servers=servers)
    prefix = f"interop-{order}-{os.getpid()}"
    topics = [f"{prefix}-{x}" for x in "ab"]
    where = {"servers": servers, "how": how, "topics": ",".join(topics) if how == "subscribe" else f"{prefix}-.*",
             "ck": os.path.join(c.folder, "ck"), "out": os.path.join(c.folder, "out")}
    kafka.topic(topics[0], 3)
    kafka.topic(topics[1], 2)
    first = [0, 0]
    for turn, who in enumerate(order):
        for t, parts in enumerate((3 if turn < 2 else 4, 2)):
            kafka.fill(topics[t], first[t], 1500 + 100 * t, parts)
            first[t] += 1500 + 100 * t
        if turn == 1:
            kafka.grow(topics[0], 4)
        (c.weir if who == "w" else c.peer.run)(KAFKA.format(last=turn + 1 == len(order), **where))
    want = sorted(json.dumps({"topic": t, "partition": p, "offset": o, "k": k.decode(), "v": v.decode(), "ms": ms}, sort_keys=True)
                  for t in topics for p, o, k, v, ms, _ in kafka.read(t))
    for t in topics:
        kafka.drop(t)
    kafka.close()
    read = f"result = rows_of(spark.read.format('delta').load({where['out']!r}))"
    same(len(want), sum(first), "messages")
    same(c.weir(read), want, "rows")
    same(c.peer.run(read), want, "Spark's rows")
    return f"{len(want)} messages"


def case_kafka_weir_spark_weir(c):
    return kafka_in_turns(c, "wswsw")


def case_kafka_spark_weir_spark(c):
    return kafka_in_turns(c, "swsws", "subscribePattern")


def peers():
    """The Sparks, each started when it is first needed: {True: for cases with state, False: for the others}"""
    old, new, kept = os.environ["WEIR_SPARK_PYTHON"], os.environ.get("WEIR_SPARK43_PYTHON"), {}

    def get(state):
        key = bool(state and new)
        if key not in kept:
            kept[key] = Peer(new if key else old, not key)
            print("Apache Spark", kept[key].version, flush=True)
        return kept[key]
    return get, kept


def main():
    a = argparse.ArgumentParser()
    a.add_argument("--sample", nargs=2, type=int, metavar=("SEED", "N"))
    a.add_argument("--also")
    a.add_argument("cases", nargs="*")
    o = a.parse_args()
    from conftest import Engine
    stateful = interop_state.cases()
    cases = {**{n[5:]: f for n, f in globals().items() if n.startswith("case_")}, **stateful}
    cases = {n: f for n, f in cases.items() if not o.cases or any(fnmatch.fnmatch(n, p) for p in o.cases)}
    names = list(cases)
    if o.sample:
        also = [n for n in names if n == o.also]
        names = [n for n in random.Random(o.sample[0]).sample(names, min(o.sample[1], len(names))) if n not in also] + also
        print(f"seed {o.sample[0]}: {' '.join(names)}")
    if "WEIR_SPARK_PYTHON" not in os.environ:
        print("WEIR_SPARK_PYTHON names no Python with pyspark: nothing was compared\n0 passed, 1 failed, 0 skipped")
        return 1
    get, kept = peers()
    count = collections.Counter()
    for name in names:
        folder = tempfile.mkdtemp(prefix="weir-interop-")
        engine = Engine(folder)
        how, said = attempt(lambda: cases[name](Case(get(name in stateful), engine, folder)), engine)
        count[how] += 1
        print(f"{how:5} {name:42} {said or ''}".rstrip(), flush=True)
        if engine.process.poll() is None:
            engine.kill()
        shutil.rmtree(folder, ignore_errors=True)
    for peer in kept.values():
        peer.close()
    print(f"{count['ok']} passed, {count['FAIL']} failed, {count['skip']} skipped")
    return count["FAIL"] != 0 or count["ok"] == 0


def attempt(case, engine):
    """("ok", "FAIL" or "skip", what there is to say)"""
    try:
        said = case()
    except Skipped as e:
        return "skip", str(e)
    except Exception as e:
        return "FAIL", f"{type(e).__name__}: {str(e)[:3000]}"
    code = engine.process.poll()
    return ("ok", said) if code is None else ("FAIL", f"the engine ended with {code}")


if __name__ == "__main__":
    sys.exit(main())
