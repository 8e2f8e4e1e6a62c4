"""What `make run` shows: examples/orders.py killed in the middle, started again, stopped by a new column, started
again; then the table, and counts that show that nothing was lost or doubled."""
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
BASE = os.path.dirname(HERE)
WEIR = os.path.join(BASE, "build", "weir")
ROOT = os.path.join(BASE, "build", "demo")
LANDING, CHECKPOINTS, WAREHOUSE = (os.path.join(ROOT, d) for d in ("landing", "checkpoints", "warehouse"))
FILES, PER_FILE, MALFORMED = 40, 500, 20


def say(text):
    print(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n== {text}", flush=True)


def land(name, records):
    with open(os.path.join(ROOT, name + ".tmp"), "w") as f:
        f.writelines(r if isinstance(r, str) else json.dumps(r) + "\n" for r in records)
    os.rename(os.path.join(ROOT, name + ".tmp"), os.path.join(LANDING, name))


def order(i):
    r = random.Random(i)
    return {"order_id": i, "customer_id": f"c{r.randrange(100)}", "amount": round(r.random() * 500, 2),
            "order_time": f"2026-01-{1 + i // 2000 % 28:02d}T{i % 24:02d}:{i % 60:02d}:00Z"}


def weir(*args, env=None, **kw):
    return subprocess.Popen([WEIR, "run", "--warehouse", WAREHOUSE, *args], env=dict(os.environ, **(env or {})), **kw)


def run_orders(per_batch="5", quiet=False):
    p = weir(os.path.join(HERE, "orders.py"), LANDING, CHECKPOINTS, per_batch, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    out = p.communicate()[0]
    if not quiet:
        keep = [l for l in out.splitlines() if l.startswith("  batch") or "Encountered" in l and "pyspark" in l]
        keep = [l[l.find("[UNKNOWN_FIELD"):] if "[UNKNOWN_FIELD" in l else l for l in keep]
        print("\n".join(dict.fromkeys(l if l.startswith("  ") else "  " + l for l in keep)))
    return p.returncode, [l.split(": ", 1)[1] for l in out.splitlines() if l.startswith("last progress: ")]


def kill_in_the_middle():
    p = weir(os.path.join(HERE, "orders.py"), LANDING, CHECKPOINTS, "5", start_new_session=True,
             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    commits = os.path.join(CHECKPOINTS, "events", "commits")
    while p.poll() is None and not (os.path.isdir(commits) and len(os.listdir(commits)) >= 3):
        time.sleep(0.001)
    if not os.path.isdir(commits):
        sys.exit(f"  `build/weir run examples/orders.py` ended with exit code {p.returncode} before its first batch; run it to see why")
    for pid in children(p.pid) + [p.pid]:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    p.wait()
    offsets = sorted(int(f) for f in os.listdir(os.path.join(CHECKPOINTS, "events", "offsets")) if f.isdigit())
    done = sorted(int(f) for f in os.listdir(commits) if f.isdigit())
    print(f"  SIGKILL: batches planned up to {offsets[-1]}, committed up to {done[-1]}")


def children(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as f:
            return [int(x) for x in f.read().split()]
    except OSError:
        return []


SHOW = '''
import sys
from pyspark.sql import SparkSession, functions as F
spark = SparkSession.builder.getOrCreate()
spark.conf.set("spark.sql.session.timeZone", "UTC")
t = spark.table("bronze.events")
t.orderBy("order_id").select("order_id", "customer_id", "amount", "channel", "_rescued_data").show(5, 60)
t.filter("_rescued_data is not null").select("order_id", "amount", "_rescued_data").orderBy("_rescued_data").show(3, 90)
t.agg(F.count("*").alias("rows"), F.count("order_id").alias("orders"), F.countDistinct("order_id").alias("distinct orders"),
      F.countDistinct("_source_file").alias("files"), F.round(F.sum("amount"), 2).alias("revenue")).show()
spark.sql("DESCRIBE HISTORY bronze.events").selectExpr("version", "operation", "operationParameters.epochId as batch",
      "operationMetrics.numOutputRows as rows").orderBy("version").show(5)
r = t.agg(F.count("order_id"), F.countDistinct("order_id")).collect()[0]
sys.exit(0 if r[0] == r[1] == int(sys.argv[1]) else 1)
'''


def show_progress(p):
    source, ms = p["sources"][0], p["durationMs"]
    print(f"  batch {p['batchId']} of {p['timestamp']}: {p['numInputRows']} rows, {p['processedRowsPerSecond']:.0f} rows/s")
    print("  " + ", ".join(f"{k} {v} ms" for k, v in ms.items()))
    print(f"  {source['description']}\n    -> {p['sink']['description']}")


def main():
    shutil.rmtree(ROOT, ignore_errors=True)
    os.makedirs(LANDING)
    say(f"1. {FILES} files of {PER_FILE} orders land, some with an amount that is no number")
    for f in range(FILES):
        records = [order(f * PER_FILE + i) for i in range(PER_FILE)]
        if f % (FILES // MALFORMED) == 0:
            records[7]["amount"] = "twelve"
        land(f"orders-{f:03d}.json", records)
    t0 = time.time()
    say("2. weir run examples/orders.py, killed with SIGKILL in the middle")
    kill_in_the_middle()
    say("3. Started again: it goes on where it was")
    if run_orders()[0] != 0:
        return 1
    say("4. A file with a new column: the stream stops once, by name, and the next start takes it in")
    extra = [dict(order(FILES * PER_FILE + i), channel="web") for i in range(PER_FILE)]
    land("orders-999.json", extra)
    run_orders()
    code, progress = run_orders()
    if code != 0:
        return 1
    say("5. The table, and the proof")
    script = os.path.join(ROOT, "show.py")
    with open(script, "w") as f:
        f.write(SHOW)
    total = (FILES + 1) * PER_FILE
    ok = weir(script, str(total)).wait() == 0
    say("6. The last progress")
    show_progress(json.loads(progress[-1]))
    say("7. The checkpoint, in Apache Spark's own format")
    ck = os.path.join(CHECKPOINTS, "events")
    for name in sorted(os.listdir(ck)):
        if not name.startswith("."):
            full = os.path.join(ck, name)
            print(f"  {name:10s}", f"{len([f for f in os.listdir(full) if not f.startswith('.')])} entries" if os.path.isdir(full) else open(full).read())
    print(f"\n{'nothing lost, nothing doubled' if ok else 'THE COUNTS ARE WRONG'}: {total} orders landed. "
          f"{time.time() - t0:.1f} s for five starts of engine and script. All of it is in {os.path.relpath(ROOT)}")
    return 0 if ok else 1


sys.exit(main())
