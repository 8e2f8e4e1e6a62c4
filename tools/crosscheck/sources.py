"""Streams that name their sources once, twice, through views and common table expressions: what the checkpoint says of them,
the rows, and going on from the other engine's checkpoint."""
import json
import os
import shutil
import time

from crosscheck_driver import Case, rows


def put(folder, name, numbers):
    for where in ("in0", "in1"):
        os.makedirs(f"{folder}/{where}", exist_ok=True)
        path = f"{folder}/{where}/{name}.json"
        if not os.path.exists(path):
            with open(path + ".tmp", "w") as f:
                f.write("".join(json.dumps({"i": n, "s": where}) + "\n" for n in numbers))
            os.rename(path + ".tmp", path)


def shape(rnd, depth, nload):
    """A tree over loads: ["load", n], ["filter", x], ["union", x, y], ["again", x] (the same frame beside itself), ["sql", ...]."""
    kind = rnd.choice(["load", "load", "filter", "union", "union", "again", "view", "cte", "view_twice"] if depth else ["load"])
    below = lambda: shape(rnd, depth - 1, nload)  # noqa: E731
    if kind == "load":
        return ["load", rnd.randrange(nload)]
    if kind == "union":
        return ["union", below(), below()]
    return [kind, below()]


class Maker:
    def __init__(self, spark, folder, loads):
        self.spark, self.folder, self.loads, self.made, self.n = spark, folder, loads, {}, 0

    def load(self, n):
        where, kept = self.loads[n]
        if kept and n in self.made:
            return self.made[n]
        self.made[n] = self.spark.readStream.schema("i INT, s STRING").json(f"{self.folder}/{where}")
        return self.made[n]

    def frame(self, x):
        kind, *of = x
        if kind == "load":
            return self.load(of[0])
        df = self.frame(of[0])
        if kind == "filter":
            return df.filter("i % 3 > 0")  # not one that the reader takes: it would count its rows behind it
        if kind == "union":
            return df.union(self.frame(of[1]))
        if kind == "again":
            return df.union(df.selectExpr("i + 10 as i", "s"))
        self.n += 1
        name = f"sources_{os.getpid()}_{abs(hash(self.folder))}_{self.n}"
        df.createOrReplaceTempView(name)
        if kind == "view":
            return self.spark.table(name)
        if kind == "view_twice":
            return self.spark.sql(f"select * from {name} union all select i + 20, s from {name}")
        return self.spark.sql(f"with c as (select * from {name}) select * from c union all select i + 30, s from c")


def run_once(spark, folder, tree, loads, ck, out):
    q = Maker(spark, folder, loads).frame(tree).writeStream.format("json").option("path", out).option("checkpointLocation", ck) \
        .trigger(availableNow=True).start()
    q.awaitTermination(100)
    if q.exception():
        raise q.exception()
    for _ in range(50):
        if q.lastProgress:
            break
        time.sleep(0.1)
    newest = max((int(n) for n in os.listdir(f"{ck}/offsets") if n.isdigit()), default=-1)
    lines = open(f"{ck}/offsets/{newest}").read().split("\n")[2:] if newest >= 0 else None
    progress = q.lastProgress and q.lastProgress["sources"]
    return [newest, lines, sorted(os.listdir(f"{ck}/sources")) if os.path.exists(f"{ck}/sources") else None,
            [s["numInputRows"] for s in progress] if progress else None,
            rows(spark.read.schema("i INT, s STRING").json(out))]


def run(spark, folder, tree, loads):
    put(folder, "a", [1, 2, 3])
    return run_once(spark, folder, tree, loads, f"{folder}/ck", f"{folder}/out")


def reads(spark, folder, tree, loads):
    """The next batch, on a copy of the checkpoint."""
    put(folder, "b", [4, 1])
    copy = f"{folder}/copy"
    shutil.rmtree(copy, ignore_errors=True)
    for what in ("ck", "out"):
        shutil.copytree(f"{folder}/{what}", f"{copy}/{what}")
    return run_once(spark, folder, tree, loads, copy + "/ck", copy + "/out")


def cases(rnd, n):
    for k in range(n):
        loads = [(rnd.choice(["in0", "in1"]), rnd.random() < 0.7) for _ in range(rnd.choice([1, 1, 2, 3]))]
        tree = shape(rnd, rnd.choice([1, 2, 3]), len(loads))
        if k == 0:  # more than any table of fixed size holds
            tree = ["load", 0]
            for _ in range(69):
                tree = ["union", tree, ["load", 0]]
            loads = [("in0", False)]
        yield Case(f"{str(tree)[:300]} {loads}", lambda spark, folder, t=tree, d=loads: run(spark, folder, t, d),
                   lambda spark, folder, t=tree, d=loads: reads(spark, folder, t, d))
