#!/usr/bin/env python3
"""The same small job driven by other PySpark clients: `tools/clients.py [--folder DIR] [PACKAGE==VERSION ...]`.

Each client is installed into DIR (kept for the next time; default ~/.cache/weir-clients) and put
before the one of the environment. Prints a line each and last `N passed, N failed, N skipped`."""
import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
WEIR = os.environ.get("WEIR_BIN", str(ROOT / "build" / "weir"))
CLIENTS = ["pyspark-client==4.0.2", "pyspark-client==4.1.2", "pyspark-client==4.2.0", "pyspark==4.3.0"]
JOB = r'''
import json, os, sys
import pyspark
from pyspark.sql import SparkSession, Row, functions as F
from pyspark.errors import AnalysisException
spark = SparkSession.builder.appName("clients").getOrCreate()
assert spark.version
folder = sys.argv[1]
spark.conf.set("spark.sql.shuffle.partitions", 2)
spark.conf.set("spark.sql.session.timeZone", "UTC")
df = spark.createDataFrame([Row(id=i, k="ab"[i % 2], v=i * 1.5) for i in range(6)])
assert [r.asDict() for r in df.groupBy("k").agg(F.sum("v").alias("s")).orderBy("k").collect()] == [
    {"k": "a", "s": 9.0}, {"k": "b", "s": 13.5}]
assert list(df.toPandas()["id"]) == list(range(6)) and df.schema.simpleString() == "struct<id:bigint,k:string,v:double>"
assert spark.sql("SELECT upper('x') AS u, 1 + 1 AS two").first() == Row(u="X", two=2)
try:
    spark.sql("SELECT nothing").collect()
    raise SystemExit("no error")
except AnalysisException as e:
    assert "UNRESOLVED_COLUMN" in str(e), e
df.write.mode("overwrite").saveAsTable("t")
assert spark.table("t").count() == 6 and "t" in [t.name for t in spark.catalog.listTables()]
os.makedirs(folder + "/in")
for i in range(3):
    with open(f"{folder}/in/{i}.json", "w") as f:
        f.write("".join(json.dumps({"ts": f"2026-01-01T00:00:{10 * i + j:02}Z", "k": "xy"[j % 2]}) + "\n" for j in range(8)))
s = spark.readStream.schema("ts TIMESTAMP, k STRING").option("maxFilesPerTrigger", 1).json(folder + "/in")
q = s.writeStream.format("parquet").option("checkpointLocation", folder + "/ck").trigger(availableNow=True).start(folder + "/out")
assert q.awaitTermination(60) and q.exception() is None and spark.read.parquet(folder + "/out").count() == 24
w = (s.withWatermark("ts", "5 seconds").groupBy(F.window("ts", "10 seconds"), "k").count().writeStream.format("memory")
     .queryName("counts").outputMode("complete").option("checkpointLocation", folder + "/ck2").start())
w.processAllAvailable()
assert w.isActive and w.status["message"] and w.id and w.name == "counts"
assert sorted((r["k"], r["count"]) for r in spark.table("counts").collect()) == [("x", 4)] * 3 + [("y", 4)] * 3
last = w.lastProgress
assert (last["batchId"] if isinstance(last, dict) else last.batchId) >= 0 and len(w.recentProgress) >= 1
assert [x.name for x in spark.streams.active] == ["counts"]
w.stop()
seen = folder + "/seen"
def each_batch(df, batch_id):
    open(seen, "a").write(f"{batch_id} {df.count()} {df.sparkSession.range(3).count()} {df.isStreaming} {spark.version is not None}\n")
class EachRow:
    def open(self, partition_id, epoch_id):
        open(seen, "a").write(f"open {partition_id} {epoch_id}\n")
        return True
    def process(self, row):
        assert type(row).__name__ == "Row" and row.k in "xy" and row.ts.year == 2026
    def close(self, error):
        open(seen, "a").write(f"close {error}\n")
for n, writer in enumerate((s.writeStream.foreachBatch(each_batch), s.writeStream.foreach(EachRow()))):
    q = writer.option("checkpointLocation", f"{folder}/fn{n}").trigger(availableNow=True).start()
    assert q.awaitTermination(60) and q.exception() is None
assert open(seen).read() == "".join(f"{i} 8 3 False True\n" for i in range(3)) + "".join(f"open 0 {i}\nclose None\n" for i in range(3)), open(seen).read()
bad = spark.readStream.schema("a INT").json(folder + "/in").writeStream.format("nosuch").option("checkpointLocation", folder + "/c3")
try:
    bad.start()
    raise SystemExit("no error")
except Exception as e:
    assert "nosuch" in str(e), e
print("client", pyspark.__version__)
spark.stop()
'''


def install(folder, client):
    to = folder / client.replace("==", "-")
    light = ["--no-deps"] if client.startswith("pyspark-client") else []  # the whole pyspark needs py4j only
    if not (to / "pyspark").is_dir():
        subprocess.run([sys.executable, "-m", "pip", "install", "-q", *light, "--target", str(to), client], check=True,
                       timeout=600, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return to


def attempt(folder, client):
    try:
        to = install(folder, client)
    except (subprocess.SubprocessError, OSError) as e:
        return f"could not be installed: {(getattr(e, 'stdout', None) or str(e))[-300:]}"
    with tempfile.TemporaryDirectory(prefix="weir-client-") as work:
        job = pathlib.Path(work) / "job.py"
        job.write_text(JOB)
        env = dict(os.environ, PYTHONPATH=str(to), WEIR_PYTHON=sys.executable, TZ="UTC", PYTHONWARNINGS="ignore")
        p = subprocess.run([WEIR, "run", "--warehouse", work + "/w", str(job), work], env=env, cwd=work, text=True,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=180)
    version = client.split("==")[1]
    return None if p.returncode == 0 and f"client {version}" in p.stdout else p.stdout[-1500:]


def main():
    a = argparse.ArgumentParser()
    a.add_argument("--folder", default=os.path.expanduser("~/.cache/weir-clients"))
    a.add_argument("clients", nargs="*", default=CLIENTS)
    o = a.parse_args()
    passed = failed = 0
    for client in o.clients:
        wrong = attempt(pathlib.Path(o.folder), client)
        passed, failed = passed + (wrong is None), failed + (wrong is not None)
        print(f"ok    {client}" if wrong is None else f"FAIL  {client}: {wrong}", flush=True)
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return failed != 0 or passed == 0


if __name__ == "__main__":
    sys.exit(main())
