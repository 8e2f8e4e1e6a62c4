"""Every golden row of test/golden/func through Spark Connect: `SPARK_REMOTE=sc://... python test/py/test_functions.py [family ...]`.

The rows come from Apache Spark (tools/harvest.py). Also checks that every row of a function table in src/func has a golden row.
"""
import pathlib
import re
import sys

from pyspark.sql import SparkSession

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
GOLDEN = ROOT / "test" / "golden" / "func"


def escape(text):
    if text is None:
        return "\\N"
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def evaluate(spark, expression):
    kind = ""
    try:
        df = spark.sql("SELECT " + expression)
        kind = df.schema[0].dataType.simpleString()
        return kind, escape(df.toDF("r").selectExpr("CAST(r AS STRING)").collect()[0][0])
    except Exception as e:  # the class is what is compared
        get = getattr(e, "getCondition", None) or getattr(e, "getErrorClass", None)
        return kind, "ERROR " + ((get() if get else None) or type(e).__name__)


def rows(family):
    conf = {}
    for line in (GOLDEN / (family + ".tsv")).read_text().splitlines():
        if line.startswith("# conf"):
            conf = dict(kv.split("=", 1) for kv in line[6:].split())
        elif line and not line.startswith("#"):
            yield conf, line.split("\t", 3)


def run(spark, family):
    passed, failed, now = 0, [], {}
    for conf, (name, expression, kind, value) in rows(family):
        if conf != now:
            for key in now:
                spark.conf.unset(key)
            for key, v in conf.items():
                spark.conf.set(key, v)
            now = conf
        got_kind, got = evaluate(spark, expression)
        if got == value and (got_kind == kind or value.startswith("ERROR")):
            passed += 1
        else:
            failed.append((name, expression, kind, value, got_kind, got))
    for key in now:
        spark.conf.unset(key)
    return passed, failed


def missing():
    """Functions of the tables that have no golden row."""
    seen = {line[0].lower() for p in GOLDEN.glob("*.tsv") for _, line in rows(p.stem)}
    table = set()
    for path in (ROOT / "src" / "func").glob("*.c"):
        for block in re.findall(r"_fns\[\] = \{(.*?)\n\};", path.read_text(), re.S):
            table |= set(re.findall(r'[{(]\s*"([^"()]+)"\s*[,)]', block))
    return sorted(n for n in table if n.lower() not in seen)


def main():
    families = sys.argv[1:] or sorted(p.stem for p in GOLDEN.glob("*.tsv"))
    spark = SparkSession.builder.config("spark.sql.session.timeZone", "America/Los_Angeles").getOrCreate()
    spark.conf.set("spark.sql.session.timeZone", "America/Los_Angeles")
    bad = 0
    for family in families:
        passed, failed = run(spark, family)
        bad += len(failed)
        print(f"{family}: {passed} passed, {len(failed)} failed")
        for name, expression, kind, value, got_kind, got in failed:
            print(f"  {expression}\n    want {kind} | {value}\n    got  {got_kind} | {got}")
    lacking = missing() if not sys.argv[1:] else []
    for name in lacking:
        print("no golden row: " + name)
    sys.exit(1 if bad or lacking else 0)


if __name__ == "__main__":
    main()
