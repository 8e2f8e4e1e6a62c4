#!/usr/bin/env python3
"""Random event streams through random queries with state, on Apache Spark and on weir with the same batches: rows, batch
by batch, watermarks and the counters of state must be the same. Last line: `N passed, N failed, N skipped`; a comparison that could
not be made is a failure.

  tools/differential.py [--seed S] [--cases N] [--only I] [-v]

Needs WEIR_SPARK43_PYTHON or WEIR_SPARK_PYTHON, a Python with pyspark and a JVM. Case I of seed S is always the same."""
import argparse
import json
import math
import os
import pathlib
import random
import shutil
import sys
import tempfile
import time

os.environ["TZ"] = "UTC"
time.tzset()
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import interop  # noqa: E402

GOLDEN = pathlib.Path(interop.ROOT) / "test" / "golden" / "checkpoint"
SCHEMA = "id BIGINT, ts TIMESTAMP, k STRING, j INT, v BIGINT, d DOUBLE, b BOOLEAN"
RUN = """
import json, sys
sys.path.insert(0, %r)
import queries
from pyspark.sql import functions as F
{conf}
def src(n): return spark.readStream.schema({schema!r}).option("maxFilesPerTrigger", 1).json({folder!r} + "/in" + str(n))
{query}
w = df.writeStream.outputMode({mode!r}).option("checkpointLocation", {ck!r}).trigger(availableNow=True)
"""
ON_SPARK = RUN + """
got = {{}}
def each(rows, n): got[n] = queries.texts(rows.collect())
q = w.foreachBatch(each).start()
try:
    if not q.awaitTermination(120): raise AssertionError("the query did not end")
    progress = [json.loads(p.json) for p in q.recentProgress]
finally:
    q.stop()
result = [got, progress]
"""
ON_WEIR = RUN + """
q = w.format("memory").queryName({name!r}).start()
if not q.awaitTermination(120): raise AssertionError("the query did not end")
if q.exception(): raise q.exception()
progress = [json.loads(p.json) for p in q.recentProgress]
got, at, rows = {{}}, 0, spark.table({name!r}).collect()
for p in progress:
    n = p["sink"]["numOutputRows"]
    if {mode!r} != "complete": got[p["batchId"]] = queries.texts(rows[at:at + n])
    at += n
if {mode!r} == "complete" and progress: got[progress[-1]["batchId"]] = queries.texts(rows)
result = [got, progress]
"""
RUN, ON_SPARK, ON_WEIR = (t.replace("%r", repr(str(GOLDEN))) for t in (RUN, ON_SPARK, ON_WEIR))

AGGS = ["F.count('*')", "F.count('v')", "F.sum('v')", "F.sum('d')", "F.avg('v')", "F.avg('d')", "F.min('v')", "F.max('d')",
        "F.min('k')", "F.max('k')", "F.max('ts')", "F.min('b')", "F.first('v')", "F.last('k')", "F.first('k', ignorenulls=True)",
        "F.last('v', ignorenulls=True)", "F.stddev('v')", "F.stddev_pop('d')", "F.variance('d')", "F.var_pop('v')",
        "F.approx_count_distinct('k')", "F.approx_count_distinct('v')", "F.collect_list('v')", "F.collect_set('j')",
        "F.expr('bool_and(b)')", "F.expr('bool_or(b)')", "F.max_by('k', 'v')", "F.min_by('id', 'd')", "F.expr('count_if(b)')",
        "F.expr('sum(CAST(v AS DECIMAL(10,2)))')", "F.expr('avg(CAST(v AS DECIMAL(12,3)))')", "F.expr('any_value(j)')",
        "F.expr('sum(v) FILTER (WHERE b)')", "F.expr('count(DISTINCT 1) IS NULL')"][:-1]
KEYS = ["k", "j", "b", "F.expr('v % 3')", "F.expr('upper(k)')", "F.expr(\"named_struct('x', j, 'y', k)\")", "F.expr('d > 1')"]


def events(rnd):
    """Files of rows; time goes on, with some rows far behind, some ahead, some twice."""
    files, now, n = [], rnd.randrange(0, 40), 0
    for _ in range(rnd.randrange(3, 8)):
        rows = []
        for _ in range(rnd.choice([0, 1, 2, 4, 7, 12])):
            at = now + rnd.choice([0, 0, 1, 2, 3, -2, -7, -15, -40, 9, 25]) + rnd.choice([0, 0, 0.5, 0.001])
            n += 1
            row = {"id": n, "ts": at, "k": rnd.choice(["a", "b", "c", "", "é", None]), "j": rnd.choice([1, 2, 3, None]),
                   "v": rnd.choice([None, *range(-5, 30)]), "d": rnd.choice([None, *(x / 4 for x in range(-8, 20))]),
                   "b": rnd.choice([True, False, None])}
            if rnd.random() < 0.04:
                row["ts"] = None
            rows.append(row)
            if rnd.random() < 0.2:
                rows.append(dict(rnd.choice(rows), id=n))
        files.append(rows)
        now += rnd.choice([0, 3, 5, 10, 20, 45])
    return files


def land(folder, files):
    folder.mkdir(parents=True)
    for i, rows in enumerate(files):
        path = folder / f"f{i:03d}.json"
        with path.open("w") as f:
            for row in rows:
                r = {k: v for k, v in row.items() if v is not None}
                if "ts" in r:
                    ms = round((1_700_000_000 + r["ts"]) * 1000)
                    r["ts"] = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ms // 1000)) + f".{ms % 1000:03d}Z"
                f.write(json.dumps(r, ensure_ascii=False) + "\n")
        os.utime(path, (1_700_000_000 + i,) * 2)


def window(rnd, session=True):
    size = rnd.choice([5, 10, 30])
    kind = rnd.choice(["tumbling", "sliding", "session" if session else "tumbling", "shifted"])
    if kind == "session":
        return f"F.session_window('ts', '{size} seconds').alias('w')"
    if kind == "sliding":
        return f"F.window('ts', '{size} seconds', '{rnd.choice([size // 5 + 1, size])} seconds').alias('w')"
    if kind == "shifted":
        return f"F.window('ts', '{size} seconds', '{size} seconds', '2 seconds').alias('w')"
    return f"F.window('ts', '{size} seconds').alias('w')"


def aggregates(rnd, ordered=True):
    """ordered: rows come in the order of their file; behind a shuffle what depends on the order is anybody's guess."""
    calls = [a for a in AGGS if ordered or not any(w in a for w in ("first", "last", "any_value", "collect_list", "_by"))]
    return ", ".join(f"{a}.alias('a{i}')" for i, a in enumerate(rnd.sample(calls, rnd.randrange(1, 6))))


def after(rnd, text):
    """Something above an aggregation, at times: it decides which buffers are kept, and in which order."""
    return text + rnd.choice(["", "", "", ".where('a0 IS NOT NULL')", ".drop('a0')", ".select(*[c for c in df.columns][::-1])"])


def keys(rnd, least=0):
    return [f"{k}.alias('g{i}')" if k.startswith("F.") else f"'{k}'"
            for i, k in enumerate(rnd.sample(KEYS, rnd.choice([least, 1, 1, 2, 3])))]


def query(rnd):
    """(program, output mode)"""
    delay = rnd.choice([0, 3, 10])
    start = f"df = src(0).withWatermark('ts', '{delay} seconds')"
    if rnd.random() < 0.2:
        start += rnd.choice([".where('v > 0 OR v IS NULL')", ".where(\"k <> 'b'\")"])
    kind = rnd.choice(["window", "window", "window", "keys", "dedup", "dedup", "within", "chain", "dedup agg", "union", "limit"])
    if kind == "window":
        w = window(rnd)
        mode = rnd.choice(["append", "append", "complete"] if "session" in w else ["append", "append", "update", "complete"])
        group = ", ".join(rnd.sample([w] + keys(rnd, least=1 if "session" in w else 0), 1) and [w] + keys(rnd, 1 if "session" in w else 0))
        return after(rnd, f"{start}.groupBy({group}).agg({aggregates(rnd)})\ndf = df"), mode
    if kind == "keys":
        start = rnd.choice([start, "df = src(0)"])
        return after(rnd, f"{start}.groupBy({', '.join(keys(rnd))}).agg({aggregates(rnd)})\ndf = df"), rnd.choice(["update", "complete"])
    if kind == "dedup":
        on = rnd.choice(["['k', 'ts']", "['k']", "['j', 'ts']", "['v', 'ts', 'k']", "['ts']", ""])
        return f"{start}.dropDuplicates({on})", rnd.choice(["append", "update"])
    if kind == "within":
        return f"{start}.dropDuplicatesWithinWatermark({rnd.choice([repr(['k']), repr(['j', 'b']), repr(['v'])])})", "append"
    if kind == "chain":
        w = window(rnd, session=False)
        return (f"{start}.groupBy({w}, 'k').agg(F.count('*').alias('n'), F.sum('v').alias('s'))\n"
                "df = df.groupBy(F.window(F.window_time('w'), '1 minute').alias('o')).agg(F.count('*').alias('c'), F.sum('n').alias('sn'), "
                "F.max('s').alias('ms'))"), "append"
    if kind == "dedup agg":
        return f"{start}.dropDuplicates(['k', 'ts']).groupBy({window(rnd, session=False)}).agg({aggregates(rnd, ordered=False)})", "append"
    if kind == "union":
        return (f"{start}.union(src(1).withWatermark('ts', '{rnd.choice([0, 5, 20])} seconds'))\n"
                f"df = df.groupBy({window(rnd, session=False)}, 'j').agg(F.count('*').alias('n'), F.sum('v').alias('s'), F.min('k').alias('mk'))"
                ), rnd.choice(["append", "update"])
    return f"df = src(0).limit({rnd.choice([1, 5, 20])})", "append"


def settings(rnd):
    c = {"spark.sql.shuffle.partitions": rnd.choice([1, 2, 3]),
         "spark.sql.streaming.multipleWatermarkPolicy": rnd.choice(["min", "max"]),
         "spark.sql.streaming.noDataMicroBatches.enabled": rnd.choice(["true", "true", "true", "false"]),
         "spark.sql.streaming.aggregation.stateFormatVersion": rnd.choice([2, 2, 1])}
    return "\n".join(f"spark.conf.set({k!r}, {str(v)!r})" for k, v in c.items())


def near(a, b):
    if isinstance(a, float) and isinstance(b, float):
        return math.isclose(a, b, rel_tol=1e-12, abs_tol=1e-12) or (a != a and b != b)
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(near(a[k], b[k]) for k in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(near, a, b))
    return a == b


def unordered(row, sets):
    return {k: sorted(v, key=str) if k in sets and isinstance(v, list) else v for k, v in row.items()}


def same_rows(a, b, sets):
    """Rows in their texts' order; sums in another order may differ in the last digits, and so sort otherwise."""
    x, y = ([unordered(json.loads(r), sets) for r in v] for v in (a, b))
    if len(x) != len(y):
        return False
    for row in x:
        at = next((i for i, other in enumerate(y) if near(row, other)), None)
        if at is None:
            return False
        y.pop(at)
    return True


COUNTERS = ["operatorName", "numRowsTotal", "numRowsUpdated", "numRowsRemoved", "numRowsDroppedByWatermark"]


def facts(p, counted):
    return {"watermark": p.get("eventTime", {}).get("watermark"), "input": p["numInputRows"] if counted else None,
            "state": [{k: o[k] for k in COUNTERS} for o in p["stateOperators"]]}


def differences(spark, weir, mode, sets, counted):
    """counted: no filter or limit keeps Spark's reader from handing rows on."""
    rows = {int(k): v for k, v in spark[0].items()}, {int(k): v for k, v in weir[0].items()}
    progress = [{p["batchId"]: facts(p, counted) for p in side[1]} for side in (spark, weir)]
    if not progress[0]:
        return ["Spark ran no batch"]
    if progress[0].keys() != progress[1].keys():
        return [f"batches: Spark {sorted(progress[0])}, weir {sorted(progress[1])}"]
    out = []
    for n in sorted(progress[0]):
        a, b = rows[0].get(n, []), rows[1].get(n, [])
        if (mode != "complete" or n == max(progress[0])) and not same_rows(a, b, sets):
            out.append(f"batch {n} rows:\n    Spark {a}\n    weir  {b}")
        if progress[0][n] != progress[1][n]:
            out.append(f"batch {n} progress:\n    Spark {progress[0][n]}\n    weir  {progress[1][n]}")
    return out


def one(i, seed, peer, spark, root):
    rnd = random.Random(f"{seed}/{i}")
    folder = pathlib.Path(root) / str(i)
    land(folder / "in0", events(rnd))
    land(folder / "in1", events(rnd))
    text, mode = query(rnd)
    fill = {"conf": settings(rnd), "schema": SCHEMA, "folder": str(folder), "query": text, "mode": mode}
    on_spark = peer.run(ON_SPARK.format(ck=str(folder / "ck-spark"), **fill))
    env = {"spark": spark}
    exec(ON_WEIR.format(ck=str(folder / "ck-weir"), name=f"t{i}", **fill), env)
    sets = {f"a{n}" for n in range(9) if f"collect_set('j').alias('a{n}')" in text}
    return text, mode, fill["conf"], differences(on_spark, env["result"], mode, sets,
                                         ".where(" not in text and ".limit(" not in text)


def main():
    a = argparse.ArgumentParser()
    a.add_argument("--seed", type=int, default=int(time.time()))
    a.add_argument("--cases", type=int, default=300)
    a.add_argument("--only", type=int)
    a.add_argument("-v", action="store_true")
    o = a.parse_args()
    python = os.environ.get("WEIR_SPARK43_PYTHON") or os.environ.get("WEIR_SPARK_PYTHON")
    if not python:
        print("WEIR_SPARK43_PYTHON names no Python with pyspark: nothing was compared\n0 passed, 1 failed, 0 skipped")
        return 1
    from conftest import Engine
    try:
        peer = interop.Peer(python, False)
    except (OSError, AssertionError) as e:
        print(f"{python}: {e}: nothing was compared\n0 passed, 1 failed, 0 skipped")
        return 1
    print(f"Apache Spark {peer.version}, seed {o.seed}", flush=True)
    passed = failed = 0
    root = tempfile.mkdtemp(prefix="weir-differential-")
    engine = Engine(root)
    spark = engine.session()
    for i in range(o.cases) if o.only is None else [o.only]:
        try:
            text, mode, conf, wrong = one(i, o.seed, peer, spark, root)
        except Exception as e:
            text, mode, conf, wrong = "", "", "", [f"{type(e).__name__}: {str(e)[:3000]}"]
        passed, failed = passed + (not wrong), failed + bool(wrong)
        if wrong or o.v:
            print(f"{'FAIL' if wrong else 'ok'} case {i} ({mode})\n  " + "\n  ".join([*conf.split("\n"), *text.split("\n"), *wrong[:4]]), flush=True)
        if engine.process.poll() is not None:
            failed += 1
            print(f"the engine ended with {engine.process.poll()}")
            break
    else:
        engine.kill()
    peer.close()
    if not failed or o.only is None:
        shutil.rmtree(root, ignore_errors=True)
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return failed != 0 or passed == 0


if __name__ == "__main__":
    sys.exit(main())
