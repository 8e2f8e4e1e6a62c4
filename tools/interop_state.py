"""Queries with state that Spark and weir run in turns on one checkpoint: part of tools/interop.py.

Directions: `wsws` and `swsw`, four runs by weir (w) and Spark (s), each with its share of the input, against Spark alone;
`golden`, a checkpoint that Spark 4.3 wrote, resumed by weir and then by Spark, against Spark alone. Batch by batch."""
import contextlib
import fcntl
import os
import pathlib
import re
import shutil

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "test" / "golden" / "checkpoint"
FIXED = pathlib.Path("/tmp/weir-golden")  # the logs of the golden checkpoints name these paths, so that Spark finds them there

PREPARE = f"""
import sys
sys.path.insert(0, {str(GOLDEN)!r})
import queries
"""
RUN = """
got = {{}}
keep = {{k: spark.conf.get(k, None) for k in {conf!r}}}
for k, v in {conf!r}.items(): spark.conf.set(k, v)
w = queries.stream(spark, {case!r}, {work!r}, {files})
if {parquet}:
    q = w.format("parquet").option("path", {work!r} + "/out").start()
else:
    def each(df, n): got[n] = queries.texts(df.collect())
    q = w.foreachBatch(each).start()
try:
    if not q.awaitTermination(120): raise AssertionError("the query did not end")
finally:
    q.stop()
    for k, v in keep.items(): spark.conf.unset(k) if v is None else spark.conf.set(k, v)
result = got
"""
BASE = {"spark.sql.shuffle.partitions": "2"}


def place(files, work):
    """Puts input files in place, younger by a second for each number."""
    import queries
    (work / "in0").mkdir(parents=True, exist_ok=True)
    for path, n in files:
        to = work / "in0" / f"f{n:03d}.json"
        shutil.copy(path, to)
        os.utime(to, (queries.MTIME0_S + n,) * 2)


def numbered(paths):
    return [(p, int(re.search(r"f(\d+)", p.name).group(1))) for p in sorted(paths, key=lambda p: p.name)]


def by_weir(c, case, work):
    import queries
    name = f"t{c.count}"
    c.count += 1
    for k, v in {**BASE, **queries.CASES[case][2]}.items():
        c.spark.conf.set(k, v)
    w = queries.stream(c.spark, case, work)
    q = w.format("parquet").option("path", f"{work}/out").start() if "parquet" in case \
        else w.format("memory").queryName(name).start()
    if not q.awaitTermination(120):
        raise AssertionError("weir's query did not end")
    for k in queries.CASES[case][2]:
        c.spark.conf.unset(k)
    got, at = {}, 0
    if "parquet" in case:
        return got
    rows = c.spark.table(name).collect()
    for p in q.recentProgress:
        n = p.sink.numOutputRows
        if queries.CASES[case][1] == "complete":
            got[p.batchId] = queries.texts(rows)
        else:
            got[p.batchId] = queries.texts(rows[at:at + n])
        at += n
    return got


def by_spark(c, case, work):
    import queries
    c.peer.run(PREPARE)
    got = c.peer.run(RUN.format(case=case, work=str(work), conf={**BASE, **queries.CASES[case][2]}, files=1,
                                parquet="parquet" in case))
    return {int(k): v for k, v in got.items()}


def turns(c, case, work, order, shares):
    """{batch: rows} of runs in the order, each after its share of the input came."""
    out = {}
    for who, share in zip(order, shares):
        place(share, work)
        out.update((by_weir if who == "w" else by_spark)(c, case, work))
    if "parquet" in case:
        read = f"import queries\nresult = queries.texts(spark.read.parquet({str(work / 'out')!r}).collect())"
        out = {"weir": c.weir(read), "Spark": c.peer.run(read)}
    return out


def deal(files, n):
    """n shares of nearly the same size, in order."""
    return [files[len(files) * i // n:len(files) * (i + 1) // n] for i in range(n)]


def compare(got, want):
    if not want or not any(want.values()):
        return "Spark gave no row"
    if set(got) == {"weir", "Spark"}:
        want = {k: want["Spark"] for k in got}
    if got == want:
        return None
    n = min((k for k in {*got, *want} if got.get(k) != want.get(k)), key=str)
    return f"batch {n}: {str(got.get(n))[:500]} instead of {str(want.get(n))[:500]}"


@contextlib.contextmanager
def alone():
    """Two runs at one time take turns at the fixed folder."""
    with open(f"{FIXED}.lock", "w") as f:
        try:
            fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"waiting: another run uses {FIXED}", flush=True)
            fcntl.flock(f, fcntl.LOCK_EX)
        yield


def golden(c, case, order, more):
    """A golden checkpoint, resumed by the first of the order with the input that was kept for it, then by the next
    with one file more."""
    work = FIXED / ("agg_update_hdfs" if case.endswith("midbatch") else case)
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    shutil.copytree(GOLDEN / case / "checkpoint", work / "ck")
    if (GOLDEN / case / "output_before").exists():
        shutil.copytree(GOLDEN / case / "output_before", work / "out")
    place(numbered((GOLDEN / case / "input_before").glob("in0/*")), work)
    nxt = numbered((GOLDEN / case / "input_next").glob("in0/*"))
    return turns(c, case, work, order, [nxt, more])


def drill(case):
    def run(c):
        c.count = getattr(c, "count", 0)
        exec(PREPARE, {})
        folder = GOLDEN / case
        files = numbered([*(folder / "input_before").glob("in0/*"), *(folder / "input_next").glob("in0/*")])
        wrong = []
        more = [(files[-1][0], files[-1][1] + 1)]
        with alone():
            want = golden(c, case, "ss", more)
            fault = compare(golden(c, case, "ws", more), want)
        wrong += [f"golden: {fault}"] if fault else []
        if not case.endswith("midbatch"):
            want = turns(c, case, pathlib.Path(c.folder) / "ssss", "ssss", deal(files, 4))
            for order in ("wsws", "swsw"):
                fault = compare(turns(c, case, pathlib.Path(c.folder) / order, order, deal(files, 4)), want)
                wrong += [f"{order}: {fault}"] if fault else []
        if wrong:
            raise AssertionError("; ".join(wrong))
        return "golden ok" if case.endswith("midbatch") else "golden ok, wsws ok, swsw ok"
    return run


def cases():
    return {"state_" + p.name: drill(p.name) for p in sorted(GOLDEN.iterdir()) if (p / "checkpoint").exists()}
