"""Records cases of queries.py that have no folder yet: `python test/golden/checkpoint/record.py CASE ...` with a Python that has
pyspark 4.3 and a JVM. Their input is that of agg_complete_objbuf_hdfs; the checkpoint is the one after three of its files."""
import os
import pathlib
import shutil
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import queries  # noqa: E402

INPUT = HERE / "agg_complete_objbuf_hdfs"
FIXED = pathlib.Path("/tmp/weir-golden")


def land(share, work):
    for path in sorted((INPUT / share / "in0").iterdir()):
        to = work / "in0" / path.name
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, to)
        os.utime(to, (queries.MTIME0_S + int(path.stem[1:]),) * 2)


def run(spark, case, work, out):
    def each(df, n):
        (out / f"batch-{n:05d}.jsonl").write_text("".join(t + "\n" for t in queries.texts(df.collect())), encoding="utf-8")

    q = queries.stream(spark, case, work).foreachBatch(each).start()
    q.awaitTermination(120)
    q.stop()


def record(spark, case):
    work, to = FIXED / case, HERE / case
    shutil.rmtree(work, ignore_errors=True)
    out = to / "expected_after"
    out.mkdir(parents=True)
    land("input_before", work)
    run(spark, case, work, out)
    shutil.copytree(work / "ck", to / "checkpoint", ignore=shutil.ignore_patterns(".*.crc"))
    land("input_next", work)
    run(spark, case, work, out)
    for share in ("input_before", "input_next"):
        shutil.copytree(INPUT / share, to / share)


def main():
    from pyspark.sql import SparkSession

    os.environ["TZ"] = "UTC"
    time.tzset()
    s = (SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").config("spark.sql.session.timeZone", "UTC")
         .config("spark.sql.shuffle.partitions", "2").getOrCreate())
    for case in sys.argv[1:]:
        for k, v in queries.CASES[case][2].items():
            s.conf.set(k, v)
        record(s, case)
    s.stop()


main()
