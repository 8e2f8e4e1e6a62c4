"""Makes golden rows from Apache Spark: test/golden/func/<family>.sql to <family>.tsv.

Run with a Python that has pyspark and a JVM: `python tools/harvest.py [family ...]`.
A line of a list is `name<TAB>expression`; the result has the columns name, expression, type, CAST(value AS STRING)
(\\N for null) or `ERROR <class>`. Lines that start with # are kept as comments; `# conf key=value` sets a key for the
lines after it until the next `# conf` line without arguments. The family `names` is another thing: names.txt, the columns
that each of these expressions, and those of names.list, has without an alias.
"""
import pathlib
import sys

from pyspark.sql import SparkSession

ROOT = pathlib.Path(__file__).resolve().parent.parent / "test" / "golden" / "func"
ZONE = "America/Los_Angeles"


def escape(text):
    if text is None:
        return "\\N"
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def error_class(e):
    get = getattr(e, "getCondition", None) or getattr(e, "getErrorClass", None)
    cls = get() if get else None
    return "ERROR " + (cls or type(e).__name__)


def evaluate(spark, expression):
    kind = ""
    try:
        df = spark.sql("SELECT " + expression)
        kind = df.schema[0].dataType.simpleString()
        value = df.toDF("r").selectExpr("CAST(r AS STRING)").collect()[0][0]
        return kind, escape(value)
    except Exception as e:  # the class is the result
        return kind, error_class(e)


def harvest(spark, family):
    out = ["# Apache Spark " + spark.version, "# session time zone " + ZONE]
    changed = {}
    for line in (ROOT / (family + ".sql")).read_text().splitlines():
        if line.startswith("# conf"):
            out.append(line)
            for key in changed:
                spark.conf.unset(key)
            changed = dict(kv.split("=", 1) for kv in line[6:].split())
            for key, value in changed.items():
                spark.conf.set(key, value)
        elif line.startswith("#") or not line.strip():
            out.append(line)
        else:
            name, expression = line.split("\t", 1)
            kind, value = evaluate(spark, expression)
            out.append("\t".join((name, expression, kind, value)))
    for key in changed:
        spark.conf.unset(key)
    (ROOT / (family + ".tsv")).write_text("\n".join(out) + "\n")


def names(spark):
    more = [("", line) for line in (ROOT / "names.list").read_text().splitlines()]
    out = ["# Apache Spark " + spark.version, "# session time zone " + ZONE]
    for path in sorted(ROOT.glob("*.sql")):
        more += [line.split("\t", 1) for line in path.read_text().splitlines() if line.strip() and not line.startswith("#")]
    for _, expression in more:
        try:
            out.append("\t".join((expression, *spark.sql("SELECT " + expression).columns)))
        except Exception:
            pass
    (ROOT / "names.txt").write_text("\n".join(out) + "\n")


def main():
    spark = (SparkSession.builder.master("local[1]").appName("harvest").config("spark.sql.session.timeZone", ZONE)
             .config("spark.ui.enabled", "false").config("spark.sql.shuffle.partitions", "1")
             .config("spark.log.level", "OFF").getOrCreate())
    for family in sys.argv[1:] or sorted(p.stem for p in ROOT.glob("*.sql")):
        names(spark) if family == "names" else harvest(spark, family)
    spark.stop()


if __name__ == "__main__":
    main()
