"""malloc fails at call n, for n = 1, 2, ... until a whole request has met no failure: plan decoding, analysis, each reader, the commit
path. Whatever fails, the answer is Spark's memory error or the right rows; nothing leaks (the sanitized engine ends with 0), and the
next request works."""
import json
import mmap
import os
import struct

import pytest
from conftest import Engine
from pyspark.errors import PySparkException

MEMORY = "UNABLE_TO_ACQUIRE_MEMORY"
ROWS = [(i, f"text {i}" * (i % 3), [i, i + 1], {"k": i}, (i / 2, None if i % 4 else "x")) for i in range(20)]
DDL = "id BIGINT, s STRING, a ARRAY<BIGINT>, m MAP<STRING, BIGINT>, t STRUCT<d: DOUBLE, e: STRING>"
FLAT = "id, s, a[1] a1, m['k'] k, t.d d, t.e e"


class Faults:
    """What the engine counts: pieces so far, the piece that fails, how many failed."""

    def __init__(self, path):
        with open(path, "wb") as f:
            f.write(bytes(24))
        self.path, self.file = path, open(path, "r+b")
        self.map = mmap.mmap(self.file.fileno(), 24)

    def arm(self, n):
        self.map[:] = struct.pack("<qqq", 0, n, 0)

    def read(self):
        """(pieces since it was armed, how many failed); disarmed."""
        count, _, fired = struct.unpack("<qqq", self.map[:])
        self.map[8:16] = struct.pack("<q", 0)
        return count, fired


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("alloc"))
    faults = Faults(folder + "/faults")
    e = Engine(folder, env={"WEIR_ALLOC_FAULTS": faults.path})
    spark = e.session()
    rows = spark.createDataFrame(ROWS, DDL)
    for fmt in ["parquet", "orc", "json", "delta"]:
        rows.write.format(fmt).save(f"{folder}/{fmt}")
    rows.selectExpr("id", "s", "a[1] a1").write.csv(folder + "/csv", header=True)
    rows.selectExpr("s").write.text(folder + "/text")
    rows.selectExpr("id", "s").write.option("rowTag", "r").format("xml").save(folder + "/xml")
    faults.read()
    assert faults.read()[0] > 300, "the engine does not count"
    yield folder, faults, spark
    spark.stop()
    assert e.stop() == 0, open(folder + "/server.log").read()[-4000:]


READ = {
    "plan": lambda s, d: s.range(5).selectExpr("id", "id * 2 AS twice", "CASE WHEN id > 2 THEN 'x' ELSE concat('y', id) END AS c"),
    "sql": lambda s, d: s.sql("WITH c AS (SELECT id, id % 3 AS k FROM range(9)) SELECT k, count(*) AS n, sum(id) AS s "
                              "FROM c WHERE id > 1 GROUP BY k ORDER BY k"),
    "local": lambda s, d: s.createDataFrame(ROWS, DDL).selectExpr(*FLAT.split(", ")),
    "json": lambda s, d: s.read.schema(DDL).json(d + "/json").selectExpr(*FLAT.split(", ")),
    "json inferred": lambda s, d: s.read.json(d + "/json").selectExpr("id", "s", "a[1]"),
    "csv": lambda s, d: s.read.csv(d + "/csv", header=True, inferSchema=True),
    "text": lambda s, d: s.read.text(d + "/text"),
    "xml": lambda s, d: s.read.option("rowTag", "r").format("xml").load(d + "/xml"),
    "parquet": lambda s, d: s.read.parquet(d + "/parquet").selectExpr(*FLAT.split(", ")),
    "orc": lambda s, d: s.read.orc(d + "/orc").selectExpr(*FLAT.split(", ")),
    "delta": lambda s, d: s.read.format("delta").load(d + "/delta").where("id < 15").selectExpr(*FLAT.split(", ")),
}


def every_failure(faults, request, right):
    """Fails each piece of the request in turn; returns how many were met, and how many of them were told."""
    n = met = told = 0
    while True:
        n += 1
        faults.arm(n)
        try:
            got = request()
        except PySparkException as e:
            got = None
            assert MEMORY in str(e), f"piece {n}: {e}"
        _, fired = faults.read()
        if got is not None:
            assert right(got), f"piece {n}: {got}"
        elif not fired:
            raise AssertionError(f"piece {n}: an error without a failure")
        if not fired:
            return met, told
        met += 1
        told += got is None


@pytest.mark.parametrize("name", sorted(READ))
def test_reads(world, name):
    folder, faults, spark = world
    want = sorted(map(str, READ[name](spark, folder).collect()))
    met, told = every_failure(faults, lambda: READ[name](spark, folder).collect(), lambda got: sorted(map(str, got)) == want)
    print(f"{name}: {met} pieces failed, {told} told")
    assert met > 20 and told > met / 4, (met, told)
    assert sorted(map(str, READ[name](spark, folder).collect())) == want


@pytest.mark.parametrize("fmt", ["delta", "parquet", "orc", "json", "csv"])
def test_writes(world, fmt):
    """A write that fails has not happened; the other attempts are there, once each."""
    folder, faults, spark = world
    path = f"{folder}/out-{fmt}"
    rows = spark.range(3).selectExpr("id", "concat('v', id) AS s")
    done = []

    def write():
        rows.write.format(fmt).mode("append").save(path)
        done.append(1)
        return True

    write()
    met, told = every_failure(faults, write, lambda got: got)
    print(f"{fmt}: {met} pieces failed, {told} told")
    assert met > 20 and told, (met, told)
    schema = "id BIGINT, s STRING"
    back = (spark.read if fmt == "delta" else spark.read.schema(schema)).format(fmt).load(path)
    assert back.count() == 3 * len(done)
    if fmt == "delta":
        log = sorted(f for f in os.listdir(path + "/_delta_log") if f.endswith(".json"))
        assert len(log) == len(done)
        assert all(json.loads(line) for f in log for line in open(f"{path}/_delta_log/{f}"))


def test_streams(world):
    """A batch with state that has no memory fails its query; the next start goes on, and every row is counted once."""
    folder, faults, spark = world
    base = folder + "/stream"
    os.makedirs(base + "/in")

    def put(i):
        with open(f"{base}/.new", "w") as f:
            f.write(json.dumps({"k": f"k{i % 5}", "v": i}) + "\n")
        os.rename(f"{base}/.new", f"{base}/in/{i:05d}.json")

    def run():
        q = spark.readStream.schema("k STRING, v BIGINT").json(base + "/in").dropDuplicates(["v"]).writeStream.format("delta") \
            .option("checkpointLocation", base + "/ck").trigger(availableNow=True).start(base + "/out")
        q.awaitTermination()

    put(0)
    run()
    files, met, told, n = 1, 0, 0, 0
    while True:
        n += 1 + n // 15  # each file more takes pieces more
        put(files)
        files += 1
        faults.arm(n)
        try:
            run()
            failed = False
        except PySparkException as e:
            failed = True
            assert MEMORY in str(e), f"piece {n}: {e}"
        _, fired = faults.read()
        assert fired or not failed, f"piece {n}: an error without a failure"
        if not fired:
            break
        met, told = met + 1, told + failed
        if failed and met % 3 == 0:
            run()
    run()
    print(f"stream: {met} pieces failed, {told} told")
    assert met > 50 and told > met / 4, (met, told)
    rows = [r.v for r in spark.read.format("delta").load(base + "/out").collect()]
    assert sorted(rows) == list(range(files))
