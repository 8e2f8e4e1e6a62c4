#!/usr/bin/env python3
"""Hostile queries beside three streams: `make attack`, or tools/attack.py [--queries N] [--seed S] [--addresses BYTES] [--memory BYTES].

An engine of its own, on loopback, under RLIMIT_AS (--addresses, 5 GiB) and, where a cgroup may be made below our own, in one of
--memory bytes (0: none). A generator asks for queries that want all the memory, all the time or all the stack there is, from
clients that wait for some seconds and then interrupt. Beside them three streams (plain, counting, without duplicates) are fed
a file every tenth of a second. What must hold: the engine lives; each query ends with rows or an error of Spark's; an interrupt is
obeyed within two seconds; the streams' rows are exact, none missing, none twice; the 99th percentile of their batches stays below three
times what it was without the attack (--factor). Last line: `N passed, N failed, N skipped`."""
import argparse
import collections
import json
import logging
import os
import random
import re
import resource
import shutil
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "test", "py"))
PATIENCE_S, STUCK_S = 4, 60


def big(r, low, high):
    """A number between powers of ten, most often near the top."""
    return int(10 ** (low + (high - low) * r.random() ** 0.5))


# name: a statement of a generator r
QUERIES = {
    "groups": lambda r: f"select count(*) from (select id % {big(r, 5, 9)} k, count(*) c, max(id) from range({big(r, 6, 8.5)}) group by 1)",
    "text groups": lambda r: f"select count(*) from (select concat('key ', id) k, count(*) c from range({big(r, 5, 8)}) group by 1)",
    "distinct": lambda r: f"select count(distinct id % {big(r, 5, 9)}, id % 7) from range({big(r, 6, 8)})",
    "collected": lambda r: f"select size({r.choice(['collect_list', 'collect_set'])}({r.choice(['id', 'uuid()', 'array(id, id)'])})) from range({big(r, 6, 8.5)})",
    "percentile": lambda r: f"select {r.choice(['percentile(id, 0.5)', 'percentile_approx(id, array(0.1, 0.9))', 'median(id)'])} from range({big(r, 6, 8.5)})",
    "sequence": lambda r: f"select {r.choice(['size', 'array_max', 'cardinality'])}(sequence(1L, {big(r, 6, 11)}L)) from range({r.choice([1, 100])})",
    "repeated array": lambda r: f"select size(array_repeat({r.choice(['1', repr('x' * 100), 'array(1, 2)'])}, {big(r, 5, 9.3)}))",
    "repeat": lambda r: f"select length(repeat('{'xy' * r.randint(1, 50)}', {big(r, 5, 9.3)})) from range({r.choice([1, 1000])})",
    "pad": lambda r: f"select length({r.choice(['rpad', 'lpad'])}('x', {big(r, 6, 9.3)}, 'ab'))",
    "space": lambda r: f"select length(concat(space({big(r, 6, 9.3)}), space({big(r, 6, 9)})))",
    "explode": lambda r: f"select count(*), sum(x) from (select explode(sequence(1, {big(r, 3, 6.5)})) x from range({big(r, 1, 4)}))",
    "replace": lambda r: f"select length(replace(repeat('a', {big(r, 4, 8)}), 'a', repeat('b', {big(r, 1, 4)})))",
    "split": lambda r: f"select size(split(repeat('a,', {big(r, 5, 8.5)}), ','))",
    "map": lambda r: f"select size(str_to_map(repeat('a:1,', {big(r, 4, 7.5)})))",
    "arrays to a map": lambda r: f"select size(map_from_arrays(sequence(1, {big(r, 4, 7.7)}), sequence(1, {big(r, 4, 7.7)})))",
    "sort": lambda r: f"select max(u) from (select {r.choice(['uuid()', 'id % 17', 'id'])} u from range({big(r, 6, 8)}) order by u desc)",
    "sorted array": lambda r: f"select element_at({r.choice(['array_sort', 'array_distinct', 'shuffle', 'reverse'])}(sequence(1, {big(r, 5, 8)})), 1)",
    "product": lambda r: f"select count(*) from range({big(r, 3, 5)}) a cross join range({big(r, 3, 5)}) b where a.id + b.id < 0",
    "joined text": lambda r: f"select length(concat_ws(',', array_repeat('{'z' * r.randint(1, 60)}', {big(r, 5, 8)})))",
    "pattern": lambda r: f"select count(*) from range({big(r, 1, 4)}) where repeat('a', {big(r, 1, 5)}) rlike '{r.choice(['(a+)+$b', '(a|aa)+c', '(.*)*x', 'a{500}'])}'",
    "json": lambda r: "select from_json('" + '{"a":' * (n := r.randint(1, 3000)) + "1" + "}" * n + "', 'a string')",
    "json list": lambda r: f"select size(from_json(concat('[', repeat('1,', {big(r, 4, 8)}), '1]'), 'array<int>'))",
    "deep sum": lambda r: "select " + "+".join(["1"] * r.randint(10, 60000)),
    "deep brackets": lambda r: "select " + "(" * (n := r.randint(10, 50000)) + "1" + ")" * n,
    "deep type": lambda r: "select cast(null as " + "array<" * (n := r.randint(3, 5000)) + "int" + ">" * n + ")",
    "long list": lambda r: "select count(*) from range(1000) where id in (" + ",".join(map(str, range(r.randint(10, 50000)))) + ")",
    "long case": lambda r: "select case " + " ".join(f"when id = {i} then {i}" for i in range(r.randint(1, 5000))) + " end from range(10)",
    "unions": lambda r: " union all ".join(["select 1"] * r.randint(2, 3000)),
    "columns": lambda r: "select " + ",".join(f"rand() as c{i}" for i in range(r.randint(1, 2000))),
    "higher order": lambda r: f"select aggregate(sequence(1L, {big(r, 4, 7)}L), 0L, (a, x) -> a + x)",
    "transformed": lambda r: f"select size(transform(sequence(1, {big(r, 4, 7.5)}), x -> repeat('t', {r.randint(1, 200)})))",
    "edit distance": lambda r: f"select levenshtein(repeat('ab', {big(r, 2, 5)}), repeat('ba', {big(r, 2, 5)}))",
    "hashes": lambda r: f"select max(sha2(repeat('q', {big(r, 3, 7)}), 256)) from range({big(r, 1, 4)})",
    "decimals": lambda r: f"select sum(cast(id as decimal(38, 0)) * 1{'0' * r.randint(1, 30)}) from range({big(r, 4, 7)})",
    "written": lambda r: f"create or replace temp view v{r.randint(0, 5)} as select * from range({big(r, 3, 6)})",
}


class Streams:
    """Three streams, what was given to them, and how long their batches took."""

    def __init__(self, spark, folder):
        self.spark, self.folder, self.rows, self.stop_it = spark, folder, 0, threading.Event()
        spark.conf.set("spark.sql.streaming.numRecentProgressUpdates", "100000")
        spark.conf.set("spark.sql.shuffle.partitions", "4")
        self.seen = [0, 0, 0]
        self.queries = [self.start(name) for name in ("plain", "counts", "once")]
        self.feeder = threading.Thread(target=self.feed, daemon=True)
        self.feeder.start()

    def start(self, name):
        os.makedirs(f"{self.folder}/{name}/in")
        rows = self.spark.readStream.schema("k STRING, v BIGINT").json(f"{self.folder}/{name}/in")
        rows = {"plain": lambda: rows, "counts": lambda: rows.groupBy("k").count(), "once": lambda: rows.dropDuplicates(["v"])}[name]()
        return (rows.writeStream.outputMode("complete" if name == "counts" else "append").format("delta")
                .option("checkpointLocation", f"{self.folder}/{name}/ck").start(f"{self.folder}/{name}/out"))

    def feed(self):
        n = 0
        while not self.stop_it.wait(0.1):
            text = "".join(json.dumps({"k": f"k{i % 50}", "v": i}) + "\n" for i in range(self.rows, self.rows + 20))
            for name in ("plain", "counts", "once"):
                with open(f"{self.folder}/{name}/new", "w") as f:
                    f.write(text)
                os.rename(f"{self.folder}/{name}/new", f"{self.folder}/{name}/in/{n:06d}.json")
            n += 1
            self.rows += 20

    def batches(self):
        """The durations in ms of the batches with rows since the last call, in order of size."""
        new = []
        for i, q in enumerate(self.queries):
            done = [p["durationMs"]["triggerExecution"] for p in q.recentProgress if p["numInputRows"]]
            new += done[self.seen[i]:]
            self.seen[i] = len(done)
        return sorted(new)

    def end(self):
        """What is wrong, a line each; empty: every row is there, once."""
        self.stop_it.set()
        self.feeder.join()
        wrong = []
        for q in self.queries:
            if q.exception():
                wrong.append(f"a stream failed: {str(q.exception())[:300]}")
            else:
                q.processAllAvailable()
            q.stop()
        read = {n: self.spark.read.format("delta").load(f"{self.folder}/{n}/out").collect() for n in ("plain", "counts", "once")}
        for name in ("plain", "once"):
            seen = collections.Counter(r.v for r in read[name])
            lost, twice = self.rows - len(seen), [v for v, n in seen.items() if n > 1]
            if lost or twice:
                wrong.append(f"{name}: {lost} rows lost, {len(twice)} twice, of {self.rows}")
        if sum(r["count"] for r in read["counts"]) != self.rows:
            wrong.append(f"counts: {sum(r['count'] for r in read['counts'])} of {self.rows} rows")
        return wrong


class Client(threading.Thread):
    """Asks until the queries are done; counts outcomes."""

    def __init__(self, engine, work, outcomes, obey_s):
        super().__init__(daemon=True)
        self.obey_s = obey_s
        self.engine, self.work, self.outcomes, self.wrong, self.now = engine, work, outcomes, [], None

    def ask(self, spark, name, sql):
        from pyspark.errors import PySparkException
        done = threading.Event()
        took = {}
        self.now = (name, sql, time.monotonic())

        def interrupt():
            if done.wait(PATIENCE_S):
                return
            took["asked"] = time.monotonic()
            spark.interruptAll()

        watch = threading.Thread(target=interrupt, daemon=True)
        watch.start()
        try:
            spark.sql(sql).collect()
            self.outcomes["rows"] += 1
        except RecursionError:  # of the client itself
            self.outcomes["the client's own"] += 1
        except PySparkException as e:
            text = str(e)
            cls = e.getCondition() or (re.search(r"\[([A-Z_.0-9]+)\]", text) or [None, None])[1]
            self.outcomes[cls or "no class"] += 1
            if not cls:
                self.wrong.append(f"{name}: an error without a class: {text[:200]}: {sql[:150]}")
            if self.engine.process.poll() is not None:
                self.wrong.append(f"{name}: the engine ended with {self.engine.process.poll()}: {sql[:300]}")
        finally:
            late = time.monotonic() - took["asked"] if "asked" in took else 0
            done.set()
            watch.join()
        if late > self.obey_s:
            self.wrong.append(f"{name}: an interrupt was obeyed after {late:.1f} s: {sql[:200]}")

    def run(self):
        spark = self.engine.session()
        while self.engine.process.poll() is None:
            try:
                name, sql = self.work.pop()
            except IndexError:
                break
            self.ask(spark, name, sql)
        if self.engine.process.poll() is None:
            spark.stop()


def p99(v):
    return v[min(len(v) - 1, int(len(v) * 0.99))] if v else 0


def own_cgroup(limit):
    """A memory cgroup below our own, or None."""
    line = next((x for x in open("/proc/self/cgroup") if ":memory:" in x), None)
    path = f"/sys/fs/cgroup/memory{line.strip().split(':')[2]}/weir-attack-{os.getpid()}" if line else None
    try:
        os.mkdir(path)
        with open(path + "/memory.limit_in_bytes", "w") as f:
            f.write(str(limit))
        return path
    except (OSError, TypeError):
        return None


def confined(addresses, group):
    def before():
        if addresses:
            resource.setrlimit(resource.RLIMIT_AS, (addresses, addresses))
        if group:
            with open(group + "/cgroup.procs", "w") as f:
                f.write(str(os.getpid()))
    return before


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--queries", type=int, default=500)
    a.add_argument("--seed", type=int, default=1)
    a.add_argument("--clients", type=int, default=2)
    a.add_argument("--quiet", type=float, default=15, help="seconds without an attack")
    a.add_argument("--addresses", type=int, default=5 << 30)
    a.add_argument("--memory", type=int, default=0)
    a.add_argument("--factor", type=float, default=3)
    a.add_argument("--obey", type=float, default=2, help="seconds that an interrupt may take")
    a.add_argument("--only", help="names of queries, by commas")
    a.add_argument("--conf", action="append", default=[])
    o = a.parse_args()
    from conftest import Engine

    logging.disable(logging.CRITICAL)
    passed = failed = skipped = 0
    group = own_cgroup(o.memory) if o.memory else None
    if o.memory and not group:
        print("skipped: no cgroup can be made here")
        skipped += 1
    r = random.Random(o.seed)
    names = o.only.split(",") if o.only else sorted(QUERIES)
    work = [(n, QUERIES[n](r)) for n in (r.choice(names) for _ in range(o.queries))]
    folder = tempfile.mkdtemp(prefix="weir-attack-")
    engine = Engine(folder, *(x for c in o.conf for x in ("--conf", c)), confine=confined(o.addresses, group))
    spark = engine.session()
    streams = Streams(spark, folder)
    time.sleep(2)
    streams.batches()
    time.sleep(o.quiet)
    quiet = streams.batches()
    outcomes = collections.Counter()
    clients = [Client(engine, work, outcomes, o.obey) for _ in range(o.clients)]
    began = time.monotonic()
    for c in clients:
        c.start()
    for c in clients:
        while c.is_alive():
            c.join(1)
            if c.now and time.monotonic() - c.now[2] > STUCK_S:
                c.wrong.append(f"{c.now[0]}: not obeyed within {STUCK_S} s: {c.now[1][:300]}")
                break
    took = time.monotonic() - began
    alive = engine.process.poll() is None
    wrong = [w for c in clients for w in c.wrong]
    if alive:
        loud = streams.batches()
        wrong += streams.end()
        before, now = p99(quiet), p99(loud)
        print(f"{o.queries} queries in {took:.0f} s: " + ", ".join(f"{k} {n}" for k, n in outcomes.most_common()))
        print(f"batches: p99 {before} ms of {len(quiet)} quiet, {now} ms of {len(loud)} with the attack; {streams.rows} rows in each stream")
        with open(f"/proc/{engine.process.pid}/status") as f:
            print("peak:", re.search(r"VmHWM:\s+(.*)", f.read()).group(1))
        if now >= o.factor * max(before, 1):
            wrong.append(f"the 99th percentile of a batch went from {before} to {now} ms")
        spark.stop()
        code = engine.stop()
        if code:
            wrong.append(f"the engine ended with {code}")
    else:
        wrong.append(f"the engine ended with {engine.process.poll()}")
        print(open(folder + "/server.log", errors="replace").read()[-3000:])
    if group:
        os.rmdir(group)
    for w in wrong:
        print("FAIL", w)
    failed += len(wrong)
    passed += o.queries - failed if failed < o.queries else 0
    shutil.rmtree(folder, ignore_errors=True)
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
