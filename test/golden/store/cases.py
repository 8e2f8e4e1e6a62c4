"""Rows written into tables that have other types, names, orders and rules: what an engine takes, casts or refuses, by every way
of writing. record.py keeps what Spark did.

A case is a table (format, columns) and writes into it, one after the other; its answer is each write's outcome ("ok", or the
error's condition and SQLSTATE), then the table's schema and rows. $T is the table, $P its folder.
"""
import datetime
import decimal
import json
import os
import re

NESTED = "s struct<p:int,q:int>, a array<struct<p:int,q:int>>, m map<string,struct<p:int,q:int>>"
BOTH = ("parquet", "delta")


def plain(v):
    if isinstance(v, dict):
        return sorted(([plain(k), plain(x)] for k, x in v.items()), key=repr)
    if hasattr(v, "asDict"):
        return [plain(x) for x in v]
    if isinstance(v, (list, tuple)):
        return [plain(x) for x in v]
    if isinstance(v, (bytes, bytearray)):
        return bytes(v).hex()
    return str(v) if isinstance(v, (decimal.Decimal, datetime.date, datetime.datetime, float)) else v


def outcome(f):
    try:
        f()
        return "ok"
    except Exception as e:
        text, condition = str(e), getattr(e, "getCondition", lambda: None)()
        if condition in (None, "STREAM_FAILED"):
            m = re.search(r"exception: \[([A-Z_.0-9]+)\]", text) or re.search(r"\[([A-Z][A-Z_.0-9]+)\]", text)
            condition = (condition + ": " if condition else "") + (m.group(1) if m else text[:80])
        return [condition, getattr(e, "getSqlState", lambda: None)()]


def stream(spark, folder, n, target, exprs, options):
    os.makedirs(f"{folder}/in", exist_ok=True)
    with open(f"{folder}/in/a.json", "w") as f:
        f.write('{"id":1}\n')
    df = spark.readStream.schema("id BIGINT").json(f"{folder}/in").selectExpr(*exprs)
    w = df.writeStream.options(checkpointLocation=f"{folder}/ck{n}", **options).trigger(availableNow=True).format(target[0])
    q = w.start(target[2]) if options.pop("path", None) else w.toTable(target[1])
    if not q.awaitTermination(100):
        q.stop()
        raise TimeoutError


def write(spark, folder, n, target, how):
    """how: SQL, or (way, [expressions over range(1)], {options})."""
    fmt, table, path = target
    if isinstance(how, str):
        spark.sql(how.replace("$T", table).replace("$P", path)).collect()
        return
    way, exprs, options = how[0], how[1], dict(how[2]) if len(how) > 2 else {}
    if way == "stream":
        return stream(spark, folder, n, target, exprs, options)
    df = spark.range(1).selectExpr(*exprs)
    v1 = df.write.options(**options)
    if way == "insertInto":
        v1.insertInto(table)
    elif way == "append":
        v1.format(fmt).mode("append").saveAsTable(table)
    elif way == "replace":
        v1.format(fmt).mode("overwrite").saveAsTable(table)
    elif way == "path":
        v1.format(fmt).mode("append").save(path)
    elif way == "path over":
        v1.format(fmt).mode("overwrite").save(path)
    elif way == "writeTo":
        df.writeTo(table).options(**options).append()
    elif way == "writeTo over":
        from pyspark.sql import functions as F
        df.writeTo(table).options(**options).overwrite(F.lit(True))
    else:
        raise ValueError(way)


def run(spark, folder, case):
    fmt, columns, writes = case["format"], case["columns"], case["writes"]
    table, path = "store_case", f"{folder}/t"
    for key, value in case.get("conf", {}).items():
        spark.conf.set(key, value)
    try:
        spark.sql(f"DROP TABLE IF EXISTS {table}")
        spark.sql(f"CREATE TABLE {table} ({columns}) USING {fmt} {case.get('more', '')} LOCATION '{path}'")
        done = [outcome(lambda: write(spark, folder, n, (fmt, table, path), how)) for n, how in enumerate(writes)]
        df = spark.table(table)
        rows = sorted(json.dumps(plain(r), ensure_ascii=False) for r in df.collect())
        return {"writes": done, "schema": df.schema.simpleString(), "rows": rows}
    finally:
        spark.sql(f"DROP TABLE IF EXISTS {table}")
        for key in case.get("conf", {}):
            spark.conf.unset(key)


CASES = {}


def case(name, formats, columns, *writes, **more):
    for f in [formats] if isinstance(formats, str) else formats:
        CASES[f"{name}, {f}"] = dict(more, format=f, columns=columns, writes=writes)


ABC = "a decimal(10,2), b int, c string"
VALUES = ["INSERT INTO $T VALUES " + v for v in (
    "(0.5, 1L, 5)", "(0.555, 1.7, date'2020-01-01')", "('1.5', 1, 'x')", "(1, 3000000000, 'x')", "(123456789123.5, 3, 'x')",
    "(1, true, 'x')", "(1, null, array(1))", "(1, 2)", "(1, 2, 3, 4)")]
case("types of values", ("parquet", "orc", "csv", "json", "delta"), ABC, *VALUES)
STRICT = ["INSERT INTO $T VALUES " + v for v in ("(1.00, 1S, 'x')", "(cast(1 as decimal(10,2)), 1Y, date'2020-01-01')", "(1, 1, 'x')",
          "(1BD, true, 'x')", "(0.555, 1, 'x')", "(1BD, 1L, 'x')", "(1BD, null, 'x')", "('1', 1, 'x')")]
case("strict", BOTH, ABC, *STRICT, conf={"spark.sql.storeAssignmentPolicy": "STRICT"})
case("legacy", BOTH, ABC, *VALUES[:7], "INSERT INTO $T VALUES ('zz', 'zz', 5)", conf={"spark.sql.storeAssignmentPolicy": "LEGACY"})
case("names and places", BOTH, ABC + ", `d.e` bigint",
     "INSERT INTO $T (b, a) VALUES (1, 2)", "INSERT INTO $T (b, a) VALUES (1)", "INSERT INTO $T (b, a) VALUES (1, 2, 3)",
     "INSERT INTO $T (b, zz) VALUES (1, 2)", "INSERT INTO $T (b, B) VALUES (1, 2)", "INSERT INTO $T (`d.e`) VALUES (7D)",
     "INSERT INTO $T BY NAME SELECT 1 B, 'u' c, 2 a", "INSERT INTO $T BY NAME SELECT 1 b, 'u' c",
     "INSERT INTO $T BY NAME SELECT 1 b, 'u' c, 1 z", "INSERT INTO $T BY NAME SELECT 1 b, 'u' c, 1 a, 1 z, 2 y",
     "INSERT INTO $T BY NAME SELECT 1 a, 2 A", "INSERT INTO $T BY NAME SELECT 1 x")
LEGACY = {"spark.sql.storeAssignmentPolicy": "LEGACY"}
case("no cast, and no data", BOTH, "a struct<x:array<int>,y:int>, b int", "INSERT INTO $T BY NAME SELECT named_struct('x', map('k', 1)) a, 2 b",
     "INSERT INTO $T BY NAME SELECT named_struct('x', map('k', 1), 'y', 2) a", "INSERT INTO $T BY NAME SELECT named_struct('x', map('k', 1), 'y', 2, 'z', 3) a",
     conf=LEGACY)
case("two of a name by the names of places", ("delta",), "c int, a array<struct<b:bigint,a:string,c:int>>",
     "INSERT INTO $T BY NAME SELECT 7 c, array(named_struct('a', 'q', 'c', 7, 'n', '9', 'b', 8L), null) A",
     "INSERT INTO $T SELECT 7, array(named_struct('a', 'q', 'c', 7, 'n', '9', 'b', 8L), null)",
     "INSERT INTO $T SELECT 7, array(named_struct('a', 'q', 'c', 7, 'n', '9', 'B', 8L))", conf=LEGACY)
case("no nulls for what is not given", BOTH, "a int, b int", "INSERT INTO $T (a) VALUES (1)", "INSERT INTO $T BY NAME SELECT 1 a",
     conf={"spark.sql.defaultColumn.useNullsForMissingDefaultValues": "false"})
case("case counts", BOTH, "a int, s struct<p:int,q:int>", "INSERT INTO $T BY NAME SELECT 1 A",
     "INSERT INTO $T BY NAME SELECT 1 a, named_struct('P', 1, 'q', 2) s", "INSERT INTO $T (A) VALUES (1)", ("append", ["1 A", "null s"]),
     conf={"spark.sql.caseSensitive": "true"})
STRUCTS = ["named_struct('p', 1L, 'q', 2L)", "named_struct('q', 1L, 'p', 2L)", "named_struct('x', 1, 'y', 2)", "named_struct('p', 1)",
           "named_struct('p', 1, 'q', 2, 'r', 3)", "named_struct('p', 3000000000L + id, 'q', 2L)", "named_struct('p', 'zz' || id, 'q', 2)",
           "named_struct('p', true, 'q', 2)", "named_struct('P', 7, 'Q', 8)", "if(1 = 1, null, named_struct('p', 1L, 'q', 2L))", "1"]
for way, head in (("place", "SELECT {} AS s0, null AS a, null AS m FROM range(1)"), ("name", "BY NAME SELECT null AS m, {} AS s, null AS a FROM range(1)")):
    case(f"structs by {way}", BOTH, NESTED, *["INSERT INTO $T " + head.format(s) for s in STRUCTS])
    case(f"structs in arrays by {way}", BOTH, NESTED,
         *["INSERT INTO $T " + head.replace("null AS a", "array({}, null) AS a").replace("{} AS s", "null AS s", 1).format(s)
           for s in STRUCTS])
    case(f"structs in maps by {way}", BOTH, NESTED,
         *["INSERT INTO $T " + head.replace("null AS m", "map(1, {}) AS m").replace("{} AS s", "null AS s", 1).format(s)
           for s in STRUCTS])
case("lists", BOTH, "a array<int>, m map<int,int>", *["INSERT INTO $T VALUES " + v for v in (
     "(array(1L, 3L), map(1L, 2L))", "(array('1'), map('1', '2'))", "(array(3000000000L), null)", "(null, map(3000000000L, 1))",
     "(null, map(1, 3000000000L))", "(array(true), null)", "(array(null, 1), map(1, null))", "(array(1.5), map(1.5, 2.5, 1.7, 3))")])
FRAMES = [["0.5 a", "1L b", "5 c"], ["5 c", "1L b", "0.5 a"], ["0.5 x", "1L y", "5 z"], ["0.5 a", "1L b"], ["0.5 a", "1L b", "'x' c", "1 d"],
          ["0.5 A", "1L B", "'x' C"], ["'q' a", "1 b", "'x' c"], ["1 a", "3000000000 + id b", "'x' c"], ["1 a", "1 b", "array(1) c"],
          ["cast(1 as decimal(10,2)) a", "1 b", "'x' c"], ["1 a", "null b", "null c"]]
for way in ("insertInto", "append", "writeTo", "writeTo over"):
    case(f"frames by {way}", BOTH, ABC, *[(way, e) for e in FRAMES])
for way in ("path", "path over", "replace"):
    case(f"frames by {way}", "delta", ABC, *[(way, e) for e in FRAMES if e[0] != "1 a"])
for way in ("append", "path", "stream"):
    case(f"frames of structs by {way}", "delta" if way != "append" else BOTH, "s struct<p:int,q:int>",
         *[(way, [s + " s"]) for s in STRUCTS[:9]])
case("merging, insert", "delta", "a int, s struct<p:int>", ("insertInto", ["1 a", "named_struct('p', 1, 'q', 2) s", "3 b"]),
     ("insertInto", ["1 a", "named_struct('p', 1, 'q', 2) s", "3 b"], {"mergeSchema": "true"}), ("insertInto", ["1 a"], {"mergeSchema": "true"}))
MORE = [["1 a", "2 b"], ["2 A", "3 B"], ["named_struct('p', 1, 'q', 2) s"], ["array(named_struct('y', 1, 'x', 2)) l"],
        ["map('k', named_struct('y', 1, 'x', 2)) m"], ["1L a", "4 c"], ["'q' a"], ["1Y a"], ["2 B", "named_struct('z', 1) S"]]
for way in ("append", "writeTo", "path", "stream"):
    for on in ("true", "false"):
        case(f"merging {on}, {way}", "delta", "a int, s struct<p:int>, l array<struct<x:int>>, m map<string,struct<x:int>>",
             *[(way, e, {"mergeSchema": on}) for e in MORE])
case("merging small numbers", "delta", "a tinyint, s struct<p:smallint>", ("path", ["1S a"]), ("path", ["1 a"], {"mergeSchema": "true"}),
     ("path", ["2Y a", "named_struct('p', 1) s"], {"mergeSchema": "TRUE"}), ("path", ["3L a"], {"mergeSchema": "true"}))
case("options", "delta", "a int, b int", ("path", ["1 a"], {"mergeSchema": "x"}), ("path over", ["'x' a"], {"overwriteSchema": "yes"}),
     ("path", ["'x' a"], {"overwriteSchema": "true"}), ("path over", ["1 b"]), ("path over", ["'x' a"], {"overwriteSchema": "true"}),
     ("writeTo over", ["5 a"], {"overwriteSchema": "true"}), ("replace", ["6 c"], {"overwriteSchema": "true"}))
case("partitions", "delta", "a int, p string", "INSERT INTO $T VALUES (1, 2)", "INSERT INTO $T (p, a) VALUES ('y', 2L)",
     ("append", ["2 p", "3 a"]), ("path", ["'z' p", "3 a"]), ("stream", ["5 p", "3 a"]), more="PARTITIONED BY (p)")
case("partitions of files", "parquet", "a int, p string", "INSERT INTO $T VALUES (1, 2)", "INSERT INTO $T (p, a) VALUES ('y', 2L)",
     "INSERT INTO $T BY NAME SELECT 2 a", ("append", ["2 p", "3 a"]), more="PARTITIONED BY (p)")
case("not null", BOTH, "a int not null, b string, s struct<p:int not null,q:int>", "INSERT INTO $T VALUES (1, 'x', named_struct('p', 1, 'q', 2))",
     "INSERT INTO $T VALUES (null, 'x', named_struct('p', 1, 'q', 2))", "INSERT INTO $T (b) VALUES ('x')", "INSERT INTO $T BY NAME SELECT 'x' b",
     "INSERT INTO $T VALUES (1, 'x', named_struct('p', cast(null as int), 'q', 2))", "INSERT INTO $T VALUES (1, 'x', null)",
     ("append", ["1 b"]), ("append", ["1 a", "null b", "named_struct('q', 1) s"]))
case("not null, streams", "delta", "a int not null, s struct<p:int not null,q:int>", ("stream", ["1 a", "named_struct('p', 1L) s"]),
     ("stream", ["cast(null as int) a", "named_struct('p', 1) s"]), ("stream", ["named_struct('p', 1) s"]), ("stream", ["1 a", "named_struct('q', 1) s"]),
     ("stream", ["1 a", "named_struct('p', cast(null as bigint)) s"]), ("stream", ["1 a", "if(id = 1, null, named_struct('p', 1)) s"]))
TEXTS = ("('a', 'b')", "('abcd', 'b')", "('a', 'bcde')", "('abc  ', 'bc   ')", "(1, 2)", "(null, null)", "(1234, 2)", "('äöü', 'äöü')")
for conf in ({}, {"spark.sql.storeAssignmentPolicy": "LEGACY"}, {"spark.sql.legacy.charVarcharAsString": "true"}):
    case("texts " + " ".join(conf.values()), BOTH, "c char(3), v varchar(3)", *["INSERT INTO $T VALUES " + t for t in TEXTS], conf=conf)
case("texts inside", BOTH, "s struct<c:char(3),v:varchar(2)>, a array<varchar(2)>, m map<char(2),varchar(2)>", *["INSERT INTO $T VALUES " + v for v in (
     "(named_struct('c', 'a', 'v', 'b'), array('a'), map('k', 'v'))", "(named_struct('c', 'a', 'v', 'bbbb'), array('a'), map('k', 'v'))",
     "(null, array('aaaa'), map('k', 'v'))", "(null, null, map('kkk', 'v'))")])
case("texts, other ways", "delta", "a int, c char(2)", *[(way, ["1 a", f"'{t}' c"]) for way in ("append", "path", "stream", "writeTo") for t in ("x", "xyz")])
for policy in ("LEGACY", "STRICT"):
    case(f"streams, {policy.lower()}", "delta", "a int, s struct<p:int,q:int>", ("stream", ["3000000000 + id a"]), ("stream", ["'q' || id a"]),
         ("stream", ["1S a", "if(id = 1, null, named_struct('p', 1Y)) s"]), ("stream", ["named_struct('p', 1L) s"]),
         conf={"spark.sql.storeAssignmentPolicy": policy})
case("streams", "delta", "i int, b boolean, t timestamp, d decimal(5,2), x array<int>, m map<int,int>, s string", *[("stream", [e]) for e in (
     "'7' i", "3000000000 + id i", "'zz' || id i", "'true' b", "'2020-01-01' t", "date'2020-01-01' t", "1.005D d", "array(1.4D, null) x", "map(id + 0.4D, 1, id + 0.2D, 2) m",
     "map(1.4D, '1') m", "true s", "array(1) s", "named_struct('a', 1) s", "X'41' s", "timestamp'2020-01-01 00:00:00' s", "1 i")])
case("streams of other orders", "delta", "a array<struct<q:int,p:int,r:string>>, m map<struct<q:int,p:int>,int>",
     ("stream", ["array(null, named_struct('p', 1L, 'Q', id)) a"]), ("stream", ["array(named_struct('p', 1, 'Q', cast(id as int))) a"]),
     ("stream", ["map(named_struct('p', 1L, 'Q', id), id) m"]))
case("streams into files", ("parquet", "orc", "json"), "a int, b string", ("stream", ["1 a", "'x' b"]), ("stream", ["'y' b", "2 a"]),
     ("stream", ["3 A"]), ("stream", ["4 a", "'z' b", "5 c"]))
AROUND = ["array(named_struct('x', 7), null) a", "map('k', named_struct('x', named_struct('y', 7)), 'l', null) m",
          "named_struct('r', if(id = 0, named_struct('x', 1, 't', 'u'), null)) s"]
for way, formats in (("path", ("parquet", "orc")), ("stream", BOTH)):
    case(f"nulls around fields that are never null, {way}", formats,
         "a array<struct<x:int>>, m map<string,struct<x:struct<y:int>>>, s struct<r:struct<x:int,t:string>>", (way, AROUND))
ONCE = {"txnAppId": "a", "txnVersion": "3"}
case("done once", "delta", "a int", ("path", ["1 a"], ONCE), ("path", ["2 a", "2 b"], {**ONCE, "txnVersion": "2"}), ("append", ["7L a"], ONCE),
     ("path over", ["3 b"], ONCE), ("path", ["4 a", "4 b"], {**ONCE, "txnVersion": "4"}), ("writeTo", ["5 a", "5 b"], ONCE))
case("done once, by the session", "delta", "a int", "INSERT INTO $T SELECT 1", "INSERT INTO $T SELECT 1, 2", ("append", ["1 a", "2 b"]), ("insertInto", ["1 a", "2 b"]),
     conf={"spark.databricks.delta.write.txnAppId": "s", "spark.databricks.delta.write.txnVersion": "5"})

# A cast that cannot be is told before what the columns that others make have twice
TWICE = "map('k', named_struct('n', 7, 'c', '9')) d"
for kind, values in (("int", ["'9'", "array(9)"]), ("boolean", ["date'2020-01-01'"]), ("array<struct<a:bigint,b:string>>", ["array(named_struct('a', 8L))"])):
    case(f"twice and {kind}", "delta", f"d map<string,struct<c:string>>, c {kind}",
         *[f"INSERT INTO $T {way} SELECT {TWICE}, {v} c FROM range(1)" for v in values for way in ("", "BY NAME", "(d, c)")],
         *[(way, [TWICE, v + " c"]) for v in values for way in ("insertInto", "append", "writeTo")])
