#!/usr/bin/env python3
"""Kafka benchmarks, both sides in one run: `bench/kafka.py [throughput] [latency] [copy]`.

A broker of tools/broker.py runs beside; only the engine's process is measured. WEIR_KAFKA_MESSAGES (default 5,000,000),
WEIR_KAFKA_SECONDS (20) of 10,000 messages a second, WEIR_SPARK_PYTHON and WEIR_SPARK_JARS (with the Kafka connector) add
Apache Spark's side. Latencies hold on an idle machine only.
"""
import glob
import json
import os
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "test", "py"), os.path.join(HERE, "..", "tools")]
os.environ.setdefault("TZ", "UTC")
import broker as broker_tool  # noqa: E402
import common as run  # noqa: E402
from conftest import Engine  # noqa: E402
from kafka_driver import Kafka  # noqa: E402

MESSAGES = int(os.environ.get("WEIR_KAFKA_MESSAGES", "5000000"))
SECONDS = int(os.environ.get("WEIR_KAFKA_SECONDS", "20"))
RATE, PARTS = 10000, 8
SCHEMA = "id BIGINT, ts TIMESTAMP, ms BIGINT, user STRING, type STRING, amount DOUBLE"
WARM = {"weir": 3 * RATE, "spark": 20 * RATE}  # messages before those that count

JOB = r'''
def rows(spark, servers, topic, schema, **more):
    return (spark.readStream.format("kafka").option("kafka.bootstrap.servers", servers).option("subscribe", topic).options(**more).load())
def to_delta(df, schema, base):
    return (df.selectExpr(f"from_json(CAST(value AS STRING), '{schema}') AS v").select("v.*").writeStream.format("delta")
            .option("checkpointLocation", base + "/ck"))
def to_kafka(df, servers, topic, base):
    return (df.select("key", "value").writeStream.format("kafka").option("kafka.bootstrap.servers", servers).option("topic", topic)
            .option("checkpointLocation", base + "/ck"))
'''
exec(JOB)

SPARK = JOB + r'''
import sys, time, glob, os
from pyspark.sql import SparkSession
what, servers, topic, out, base, schema, seconds = sys.argv[1:8]
b = (SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").config("spark.driver.memory", "3g")
     .config("spark.sql.shuffle.partitions", "2").config("spark.sql.session.timeZone", "UTC")
     .config("spark.databricks.delta.snapshotPartitions", "1")
     .config("spark.sql.extensions", "io.delta.sql.DeltaSparkSessionExtension")
     .config("spark.sql.catalog.spark_catalog", "org.apache.spark.sql.delta.catalog.DeltaCatalog")
     .config("spark.jars", ",".join(glob.glob(os.environ["WEIR_SPARK_JARS"] + "/*.jar"))))
s = b.getOrCreate(); s.sparkContext.setLogLevel("OFF")
pid = s._jvm.java.lang.ProcessHandle.current().pid()
def cpu():
    v = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(v[11]) + int(v[12])) / os.sysconf("SC_CLK_TCK")
t0 = cpu()
if what == "throughput":
    q = to_delta(rows(s, servers, topic, schema, startingOffsets="earliest", maxOffsetsPerTrigger="1000000"), schema, base)
    q.trigger(availableNow=True).start(base + "/out").awaitTermination()
    print("CPU", cpu() - t0, flush=True)
elif what == "latency":
    q = to_delta(rows(s, servers, topic, schema, startingOffsets="latest"), schema, base).start(base + "/out")
    [time.sleep(0.2) for _ in iter(lambda: bool(q.lastProgress) or "Waiting" in q.status["message"], True)]; print("READY", flush=True); sys.stdin.readline(); q.stop()
else:
    q = to_kafka(rows(s, servers, topic, schema, startingOffsets="latest"), servers, out, base).start()
    [time.sleep(0.2) for _ in iter(lambda: bool(q.lastProgress) or "Waiting" in q.status["message"], True)]; print("READY", flush=True); sys.stdin.readline(); q.stop()
s.stop()
'''


class World:
    def __init__(self):
        self.broker = broker_tool.Broker(os.path.join(run.WORK, "broker"))
        self.servers = self.broker.start()["plaintext"]
        self.kafka = Kafka(bootstrap_servers=self.servers)

    def topic(self, name, parts=PARTS, **config):
        try:
            self.kafka.drop(name)
            time.sleep(1)
        except RuntimeError:
            pass
        self.kafka.topic(name, parts, **config)

    def spark(self, what, topic, out, base):
        script = os.path.join(base, "job.py")
        with open(script, "w") as f:
            f.write(SPARK)
        env = {k: v for k, v in os.environ.items() if not k.startswith(("SPARK_", "PYSPARK_"))}
        return subprocess.Popen([os.environ["WEIR_SPARK_PYTHON"], script, what, self.servers, topic, out, base, SCHEMA, str(SECONDS)],
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=open(base + "/log", "w"), text=True, env=env, cwd=base)


def has_spark():
    return bool(os.environ.get("WEIR_SPARK_PYTHON"))


def answer(p, word):
    for line in p.stdout:
        if line.startswith(word):
            return line.split()[1:]
    raise SystemExit(f"Spark ended without {word}")


def floor_cpu_s(w):
    exe = os.path.join(run.WORK, "kafka_consume")
    subprocess.run(["cc", "-O3", "-o", exe, os.path.join(HERE, "kafka_consume.c"), "-lrdkafka"], check=True)
    a = os.times()
    subprocess.run([exe, w.servers, "bench", str(PARTS), str(MESSAGES)], check=True, stdout=subprocess.DEVNULL)
    b = os.times()
    return b.children_user + b.children_system - a.children_user - a.children_system


def throughput(w):
    """JSON messages into a Delta table, availableNow."""
    w.topic("bench")
    w.kafka.fill("bench", 0, MESSAGES, PARTS)
    floor = floor_cpu_s(w)
    base = run.folder("kafka-throughput")
    e = Engine(base)
    s = e.session()
    start, t0 = run.cpu_s(e.process.pid), time.perf_counter()
    df = rows(s, w.servers, "bench", SCHEMA, startingOffsets="earliest", maxOffsetsPerTrigger="1000000")  # noqa: F821
    q = to_delta(df, SCHEMA, base).trigger(availableNow=True).start(base + "/out")  # noqa: F821
    q.awaitTermination()
    assert q.exception() is None, str(q.exception())
    wall, cpu, peak = time.perf_counter() - t0, run.cpu_s(e.process.pid) - start, run.status_mib(e.process.pid, "VmHWM")
    n = s.read.format("delta").load(base + "/out").count()
    e.kill()
    assert n == MESSAGES, n
    text = (f"throughput  {MESSAGES:,} Kafka JSON messages to Delta: weir {cpu:.2f} CPU s, {wall:.2f} s wall, peak {peak:.0f} MiB; "
            f"librdkafka's bare consumer {floor:.2f} CPU s, ratio {cpu / floor:.2f}")
    if has_spark():
        p = w.spark("throughput", "bench", "-", run.folder("kafka-spark"))
        other = float(answer(p, "CPU")[0])
        p.wait()
        text += f"; Apache Spark {other:.1f} CPU s, {other / cpu:.1f} times weir's"
    run.line(text)


def delta_latency_ms(base, warm):
    """Of every message: from its making to the time its commit appeared in the table's log."""
    from pyarrow import parquet
    out = []
    for name in sorted(glob.glob(base + "/out/_delta_log/*.json")):
        seen = os.stat(name).st_mtime_ns / 1e6
        for line in open(name):
            add = json.loads(line).get("add")
            if add:
                t = parquet.read_table(os.path.join(base, "out", add["path"]), columns=["id", "ms"])
                out += [seen - ms for i, ms in zip(t["id"].to_pylist(), t["ms"].to_pylist()) if i >= warm]
    return sorted(out)


def figures(v):
    return f"p50 {v[len(v) // 2]:.1f} ms, p99 {v[int(len(v) * .99)]:.1f}"


def measured(w, what, prepare):
    """The topics of one side: (weir's folder, Spark's folder or None), each fed for SECONDS."""
    sides = []
    for who in ["weir"] + (["spark"] if has_spark() else []):
        base = run.folder(f"kafka-{what}-{who}")
        w.topic(f"{what}-{who}", 2)
        w.topic(f"{what}-{who}-out", 2, message_timestamp_type="LogAppendTime")
        stop = prepare(who, base)
        feed = Kafka(bootstrap_servers=w.servers, linger_ms="0")
        feed.fill(f"{what}-{who}", 0, WARM[who] + RATE * SECONDS, 2, RATE)
        feed.close()
        time.sleep(4 if who == "weir" else 15)
        stop()
        sides.append(base)
    return sides


def begin(w, what, who, base):
    topic = f"{what}-{who}"
    if who == "spark":
        p = w.spark(what, topic, topic + "-out", base)
        answer(p, "READY")

        def stop():
            p.communicate("\n")
        return stop
    e = Engine(base)
    s = e.session()
    df = rows(s, w.servers, topic, SCHEMA, startingOffsets="latest")  # noqa: F821
    q = (to_delta(df, SCHEMA, base).start(base + "/out") if what == "latency"  # noqa: F821
         else to_kafka(df, w.servers, topic + "-out", base).start())  # noqa: F821
    time.sleep(1)

    def stop():
        assert q.isActive, str(q.exception())
        q.stop()
        e.kill()
    return stop


def floor_ms():
    p, side = run.durable("kafka-floor", 1, lambda b, i: f"{b}/out/_delta_log/{i:020d}.json")
    v = run.in_turns([side])[0]
    p.kill()
    return statistics.median(v)


def latency(w):
    """10,000 messages a second, a Delta commit a batch: from the producer's clock to the commit in the log."""
    floor = floor_ms()
    bases = measured(w, "latency", lambda who, base: begin(w, "latency", who, base))
    sides = [delta_latency_ms(b, WARM[who]) for who, b in zip(WARM, bases)]
    text = (f"latency     produced to visible in Delta at {RATE:,}/s, {len(sides[0]):,} messages: weir {figures(sides[0])}; "
            f"the same files made durable by C p50 {floor:.1f} ms, ratio {sides[0][len(sides[0]) // 2] / floor:.2f}")
    if len(sides) > 1:
        text += f"; Apache Spark {figures(sides[1])}, {sides[1][len(sides[1]) // 2] / sides[0][len(sides[0]) // 2]:.1f} times weir's"
    run.line(text)


def copy(w):
    """Kafka to Kafka at 10,000 messages a second: to the time at which the broker appended the copy."""
    bases = measured(w, "copy", lambda who, base: begin(w, "copy", who, base))
    sides = []
    for who in ["weir", "spark"][:len(bases)]:
        got = w.kafka.read(f"copy-{who}-out")
        sides.append(sorted(ms - json.loads(v)["ms"] for _, _, _, v, ms, _ in got if json.loads(v)["id"] >= WARM[who]))
    text = f"copy        Kafka to Kafka at {RATE:,}/s, {len(sides[0]):,} messages: weir {figures(sides[0])}"
    if len(sides) > 1:
        text += f"; Apache Spark {figures(sides[1])}"
    run.line(text)


def main():
    missing = broker_tool.available()
    if missing:
        print(f"no broker can run here: {missing}")
        return 1
    os.makedirs(run.WORK, exist_ok=True)
    w = World()
    try:
        for name in sys.argv[1:] or ["throughput", "latency", "copy"]:
            {"throughput": throughput, "latency": latency, "copy": copy}[name](w)
    finally:
        w.kafka.close()
        w.broker.wipe()
    print(json.dumps({"messages": MESSAGES, "seconds": SECONDS, "load": os.getloadavg()[0]}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
