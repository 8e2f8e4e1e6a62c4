"""What Apache Spark makes of the golden checkpoints after each damage of test/py/test_hazards.py: spark.json.

Run with a Python that has pyspark 4.3 and a JVM: `python test/golden/hazards/record.py [NAME ...]`. A query that goes on must give the rows of
a golden case; which, if it is not the case's own, is kept with it."""
import json
import os
import pathlib
import re
import sys
import tempfile
import time

os.environ["TZ"] = "UTC"
time.tzset()
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "py"))
from checkpoints import CASES, expected, newest, place, stream, texts  # noqa: E402
from hazards import CASE, MUTATIONS, PREFIX, SESSION  # noqa: E402
from pyspark.sql import SparkSession  # noqa: E402


WRAPPERS = {"STREAM_FAILED", "FOREACH_BATCH_USER_FUNCTION_ERROR"}  # classes that say where, not what


def run(spark, case, work, conf):
    got = {}
    for k, v in {**CASES[case][2], **conf}.items():
        spark.conf.set(k, v)
    q = stream(spark, case, work).foreachBatch(lambda df, n: got.update({n: texts(df.collect())})).start()
    try:
        assert q.awaitTermination(600), "the query does not end"
    finally:
        q.stop()
        for k in {**CASES[case][2], **conf}:
            spark.conf.unset(k)
    return got


def outcome(spark, name, work):
    case = CASE.get(name, "agg_update_hdfs")
    ck = place(case, work)
    MUTATIONS[name](ck)
    last = newest(ck, "commits")
    try:
        got = run(spark, case, work, {PREFIX + "shuffle.partitions": "2", **SESSION.get(name, {})})
    except Exception as e:
        said = str(e)
        classes = [c for c in re.findall(r"\[([A-Z][A-Z_0-9.]+)\]", said) if c not in WRAPPERS]
        out = {"case": case, "outcome": "refused", "class": classes[0] if classes else None}
        if not classes:
            out["says"] = re.search(r"batch \d+ doesn't exist|assertion failed|Failed to read log file \S+ Incomplete log file",
                                    said.replace(f"{ck}/", "").replace("file:", "")).group()
        return out
    same = [c for c in (case, "agg_update_hdfs_midbatch") if got == {n: r for n, r in expected(c).items() if n > last}]
    assert same, f"{name}: no case has these rows: {got}"
    return {"case": case, "outcome": "resumed", **({"rows": same[0]} if same[0] != case else {})}


def main():
    spark = (SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").config("spark.ui.showConsoleProgress", "false").config("spark.sql.session.timeZone", "UTC")
             .config("spark.sql.shuffle.partitions", "2").getOrCreate())
    spark.sparkContext.setLogLevel("OFF")
    got = json.loads((HERE / "spark.json").read_text())["outcomes"] if sys.argv[1:] else {}
    with tempfile.TemporaryDirectory() as folder:
        got.update({n: outcome(spark, n, pathlib.Path(folder) / n) for n in sys.argv[1:] or MUTATIONS})
    lines = (f"{json.dumps(n)}: {json.dumps(o, ensure_ascii=False)}" for n, o in got.items())
    (HERE / "spark.json").write_text(f'{{"spark": "{spark.version}", "outcomes": {{\n' + ",\n".join(lines) + "\n}}\n")
    spark.stop()


if __name__ == "__main__":
    main()
