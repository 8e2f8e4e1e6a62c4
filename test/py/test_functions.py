"""Every golden row of test/golden/func through Spark Connect: `SPARK_REMOTE=sc://... python test/py/test_functions.py [family ...]`.

The rows come from Apache Spark (tools/harvest.py). Also checks that every row of a function table in src/func has a golden row.
"""
import os
import pathlib
import random
import re
import sys

import pytest
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

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


def batched(spark, conf_rows):
    """Values of many expressions by one query; None where it fails as a whole."""
    try:
        df = spark.sql("SELECT " + ", ".join(f"{e} AS c{i}" for i, (_, e, _, _) in enumerate(conf_rows)))
        kinds = [f.dataType.simpleString() for f in df.schema]
        row = df.selectExpr(*[f"CAST(c{i} AS STRING)" for i in range(len(conf_rows))]).collect()[0]
        return [(k, escape(v)) for k, v in zip(kinds, row)]
    except Exception:  # one of them is wrong: each is asked alone
        return None


def run(spark, family):
    passed, failed, now, whole = 0, [], {}, {}
    for conf, row in rows(family):
        whole.setdefault(tuple(sorted(conf.items())), []).append(row)
    for conf, group in whole.items():
        for key in now:
            spark.conf.unset(key)
        for key, v in conf:
            spark.conf.set(key, v)
        now = dict(conf)
        plain = [r for r in group if not r[3].startswith("ERROR") and " FROM " not in r[1]]
        got = [(r, g) for k in range(0, len(plain), 25)
               for r, g in zip(plain[k:k + 25], batched(spark, plain[k:k + 25]) or [None] * 25)]
        got += [(r, None) for r in group if r not in plain]
        for (name, expression, kind, value), g in got:
            if g != (kind, value):
                g = evaluate(spark, expression)
            if g[1] == value and (g[0] == kind or value.startswith("ERROR")):
                passed += 1
            else:
                failed.append((name, expression, kind, value) + tuple(g))
    for key in now:
        spark.conf.unset(key)
    return passed, failed


def in_tables():
    table = set()
    for path in (ROOT / "src").glob("*/*.c"):
        for block in re.findall(r"_fns\[\] = \{(.*?)\n\};", path.read_text(), re.S):
            table |= set(re.findall(r'[{(]\s*"([^"()]+)"\s*[,)]', block))
    return table


def missing():
    """Functions of the tables that have no golden row."""
    seen = {line[0].lower() for p in GOLDEN.glob("*.tsv") for _, line in rows(p.stem)}
    return sorted(n for n in in_tables() if n.lower() not in seen)


@pytest.mark.parametrize("family", sorted(p.stem for p in GOLDEN.glob("*.tsv")))
def test_family_as_spark(spark, family):
    spark.conf.set("spark.sql.session.timeZone", "America/Los_Angeles")
    passed, failed = run(spark, family)
    assert passed and not failed, failed[:5]


NAMED_OTHERWISE = {  # of functions that Spark rewrites before it names them; what fails here at analysis, there with a row
    "1<1.0", "1<=1.0", "1>1.0", "1>=1.0", "to_timestamp('1','B')", "from_json('{\"a\":1', 'a INT', map('mode', 'DROP",
    "date_format(DATE'2024-01-01', 'YYYY')", "'x' RLIKE '['", "to_json(named_struct('s', 'quote",
    "array_sort(", "assert_true(", "raise_error(", "mode(x, true)", "2*INTERVAL", "1.5*INTERVAL", "zip_with(array(1, 2, 3), array('a'",
    "DATE '2024-01-31'+INTERVAL '1' DAY", "first_value(x) IGNORE", "last_value(x) IGNORE", "date_part('days', INTERVAL",
    "cast(CAST(0.0000001 AS", "TIMESTAMP '2024-01-31 12:00:00'+make_interval", "DATE '2024-01-31'+make_interval",
    "from_json('{\"k\":1,\"l\":2}', 'map"}


def test_columns_named_as_spark(spark):
    spark.conf.set("spark.sql.session.timeZone", "America/Los_Angeles")
    wrong, n = [], 0
    for line in (GOLDEN / "names.txt").read_text().splitlines():
        expression, *want = line.split("\t")
        if line.startswith("#") or any(expression.startswith(w) for w in NAMED_OTHERWISE):
            continue
        n += 1
        try:
            got = spark.sql("SELECT " + expression).columns
        except Exception as e:
            got = [str(e)[:200]]
        if got != want:
            wrong.append((expression, got, want))
    assert n > 1500 and not wrong, wrong[:5]


def elsewhere():
    return re.findall(r'"([a-z_0-9]+)"', (ROOT / "src/expr/elsewhere.c").read_text())


def test_functions_of_spark_alone_are_told(spark):
    names = elsewhere()
    assert names == sorted(names) and not in_tables() & set(names)
    for text, word in (("to_csv(1)", "the function to_csv"), ("nosuch(1)", "UNRESOLVED_ROUTINE"), ("_getfield(1, 'a')", "UNRESOLVED_ROUTINE"),
                       ("explode(array(1)) + 1", "inside of an expression")):
        with pytest.raises(PySparkException, match=word):
            spark.sql("SELECT " + text).collect()


def test_no_call_breaks_the_engine(spark):
    """Every function with arguments of every kind and number: a row or an error, and the engine lives."""
    values = ["NULL", "1", "-1L", "'a'", "1.5", "array(1)", "map('a', 1)", "named_struct('x', 1)", "true", "DATE'2020-01-01'", "x -> x",
              "*", "INTERVAL 1 DAY", "X'00'", "''", "TIMESTAMP'2020-01-01'"]
    names = sorted(in_tables() | {"when", "case", "struct", "between", "coalesce", "if", "decode", "explode", "window"})
    pick = random.Random(int(os.environ.get("WEIR_SEED", "1")))
    for name in names:
        for k in range(5):
            call = f"SELECT {name}({', '.join(pick.choice(values) for _ in range(k))})" + pick.choice(["", " FROM range(3)", " FROM range(3) GROUP BY id"])
            try:
                spark.sql(call).collect()
            except Exception as e:  # the client's own among them: a map that is a key
                assert "INTERNAL_ERROR" not in str(e) and "UNAVAILABLE" not in str(e), (call, str(e)[:300])
    assert spark.range(3).count() == 3


def test_every_function_has_a_row():
    assert missing() == []


def test_kernels_over_columns(spark):
    """The golden rows are constants; these are columns with nulls, slices and lists."""
    longs = [None, 0, -1, 9, 10, 99, 100, 12345, -2**63, 2**63 - 1, 10**18, -10**17]
    texts = [None, "", "a", "abc", "abcd", "abcdefgh", "\u00e9" * 7, "x" * 40]
    data = [(i, longs[i % 12], texts[i % 8], list(range(i % 5)) if i % 7 else None) for i in range(3000)]
    df = spark.createDataFrame(data, "i long, l long, s string, a array<int>")
    for part in (df, df.filter("i >= 37")):
        for r in part.selectExpr("i", "l", "s", "a", "cast(l as string) t", "concat(s, '-', s, cast(i as string)) c",
                                 "transform(a, x -> x * i) m", "filter(a, x -> x % 2 = 1) f",
                                 "aggregate(a, i, (acc, x) -> acc + x) g").collect():
            assert r.t == (None if r.l is None else str(r.l))
            assert r.c == (None if r.s is None else f"{r.s}-{r.s}{r.i}")
            assert r.m == (None if r.a is None else [x * r.i for x in r.a])
            assert r.f == (None if r.a is None else [x for x in r.a if x % 2])
            assert r.g == (None if r.a is None else r.i + sum(r.a))


def test_many_groups(spark):
    df = spark.range(60000)
    for key in ("id % 20011", "cast(id % 20011 as string)", "struct(id % 20011 as a, id % 7 as b)"):
        counts = df.groupBy(F.expr(key).alias("k")).count()
        row = counts.selectExpr("count(*) n", "sum(count) s", "max(count) m").first()
        assert (row.n, row.s) == ((20011, 60000) if "struct" not in key else (60000, 60000))


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
