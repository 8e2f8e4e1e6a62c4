#!/usr/bin/env python3
"""What Apache Spark makes of the cases of cases.py: writes spark.json. Run with a Python that has pyspark 4.3 and a JVM:
`python test/golden/statestore/record.py [--joins] [part of a name]`. --joins first records the checkpoints of the two joins anew; the
others are those of ../checkpoint."""
import json
import os
import pathlib
import shutil
import sys
import tempfile
import time

os.environ["TZ"] = "UTC"
time.tzset()
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from cases import cases, read  # noqa: E402
from pyspark.sql import SparkSession, functions as F  # noqa: E402


SCHEMA = "id BIGINT, ts TIMESTAMP, k STRING, v BIGINT"
# three files a side of (id, second, key, value): matches, keys of one side only, no key, rows behind the watermark
LEFT = [[(1, 1, "a", 1), (2, 2, "b", 2), (3, 3, "a", 3), (4, 4, "zz", 4), (5, 5, None, 5)], [(6, 15, "a", 6), (7, 16, "c", 7)], [(8, 30, "d", 8)]]
RIGHT = [[(101, 4, "a", 11), (102, 9, "q", 12), (103, 5, None, 13)], [(104, 17, "c", 14), (105, 6, "b", 15)], [(106, 33, "e", 16), (107, 16, "a", 17)]]


def record_joins(spark):
    fixed = pathlib.Path("/tmp/weir-golden")
    for how in ("inner", "left"):
        work = fixed / f"join_{how}_hdfs"
        shutil.rmtree(work, ignore_errors=True)
        for side, files in enumerate((LEFT, RIGHT)):
            (work / f"in{side}").mkdir(parents=True)
            for i, rows in enumerate(files):
                path = work / f"in{side}" / f"f{i:03d}.json"
                path.write_text("".join(json.dumps({"id": n, "ts": f"1970-01-01T00:00:{at:02}Z", "k": k, "v": v}) + "\n" for n, at, k, v in rows))
                os.utime(path, (1_700_000_000 + i,) * 2)

        def side(n, p):
            df = spark.readStream.schema(SCHEMA).option("maxFilesPerTrigger", 1).json(f"{work}/in{n}")
            return df.selectExpr(*(f"{c} AS {p}{c}" for c in ("id", "ts", "k", "v"))).withWatermark(p + "ts", "5 seconds")

        on = "lk = rk AND rts >= lts - INTERVAL 5 SECONDS AND rts <= lts + INTERVAL 10 SECONDS"
        df = side(0, "l").join(side(1, "r"), F.expr(on), how)
        q = df.writeStream.format("noop").option("checkpointLocation", f"{work}/ck").trigger(availableNow=True).start()
        assert q.awaitTermination(600)
        to = HERE / f"join_{how}_hdfs" / "checkpoint"
        shutil.rmtree(to, ignore_errors=True)
        shutil.copytree(work / "ck", to, ignore=shutil.ignore_patterns(".*.crc"))


def main():
    part = next((a for a in sys.argv[1:] if a[0] != "-"), "")
    spark = (SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").config("spark.ui.showConsoleProgress", "false")
             .config("spark.sql.session.timeZone", "UTC").config("spark.sql.shuffle.partitions", "2").getOrCreate())
    spark.sparkContext.setLogLevel("OFF")
    if "--joins" in sys.argv:
        record_joins(spark)
    to = HERE / "spark.json"
    got = json.loads(to.read_text()) if to.exists() else {"spark": spark.version, "outcomes": {}}
    with tempfile.TemporaryDirectory() as folder:
        for name, case in cases().items():
            if part in name:
                got["outcomes"][name] = read(spark, case, pathlib.Path(folder) / "ck")
                print(name, str(got["outcomes"][name])[-150:], flush=True)
    got["spark"] = spark.version
    got["outcomes"] = {n: got["outcomes"][n] for n in cases() if n in got["outcomes"]}
    lines = (f"{json.dumps(n)}: {json.dumps(o, ensure_ascii=False)}" for n, o in got["outcomes"].items())
    to.write_text(f'{{"spark": "{got["spark"]}", "outcomes": {{\n' + ",\n".join(lines) + "\n}}\n")


main()
