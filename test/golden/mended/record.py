"""Keeps the rows, batch by batch, that Apache Spark gives when it goes on with the checkpoints of cases.py: spark.json.

Run with a Python that has pyspark 4.3 and a JVM: `python test/golden/mended/record.py build/weir`."""
import json
import os
import pathlib
import sys
import tempfile
import time

os.environ["TZ"] = "UTC"
time.tzset()
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from cases import CASES, prepare  # noqa: E402
from pyspark.sql import SparkSession  # noqa: E402
from queries import CASES as QUERIES, stream, texts  # noqa: E402


def go_on(spark, name, work, weir):
    case, got = prepare(name, work, weir), {}
    for k, v in QUERIES[case][2].items():
        spark.conf.set(k, v)
    q = stream(spark, case, work).foreachBatch(lambda rows, n: got.update({n: texts(rows.collect())})).start()
    assert q.awaitTermination(120)
    for k in QUERIES[case][2]:
        spark.conf.unset(k)
    return got


def main(weir):
    spark = (SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").config("spark.sql.shuffle.partitions", "2")
             .config("spark.sql.session.timeZone", "UTC").getOrCreate())
    with tempfile.TemporaryDirectory() as folder:
        got = {n: go_on(spark, n, pathlib.Path(folder) / n.replace(" ", "_"), os.path.abspath(weir)) for n in CASES}
    lines = (f"{json.dumps(n)}: {json.dumps(o, ensure_ascii=False)}" for n, o in got.items())
    (HERE / "spark.json").write_text(f'{{"spark": "{spark.version}", "rows": {{\n' + ",\n".join(lines) + "\n}}\n")


main(sys.argv[1])
