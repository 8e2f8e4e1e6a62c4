"""Rows that are written into a table with columns of its own: types, names, orders and depths that the rows have otherwise, by every
way of writing, under each policy of store assignment; and what Delta's writes are asked for by their options."""
import glob
import json
import os
import re

from crosscheck_driver import Case, rows

POLICIES = ["ANSI", "ANSI", "LEGACY", "STRICT"]
TABLE = "cross_store"
# A value of a source type. Bytes are UTF-8: as a string, others break off PySpark's client at Spark's answer
VALUES = {
    "tinyint": ["1Y", "-128Y", "127Y"], "smallint": ["1S", "300S", "-32768S"], "int": ["7", "100000", "-2147483648", "2147483647"],
    "bigint": ["5L", "3000000000L", "-9223372036854775807L"], "float": ["float(0.5)", "float('NaN')", "float(1e20)", "float(-0.0)"],
    "double": ["0.5D", "1.005D", "double('Infinity')", "1e10D", "-7.9D"], "decimal(10,2)": ["12.34BD", "-99999999.99BD", "0.50BD"],
    "decimal(38,18)": ["1.000000000000000001BD", "12345678901234567890.5BD"], "decimal(5,0)": ["cast(99999 as decimal(5,0))", "cast(-3 as decimal(5,0))"],
    "string": ["'12'", "'0.555'", "'abc'", "''", "' 7 '", "'2020-02-30'", "'2020-02-28 01:02:03'", "'true'", "'äöüß'", "'a   '"],
    "binary": ["X'41'", "X'00C3A4'", "X''"], "boolean": ["true", "false"], "date": ["date'2020-01-31'", "date'1582-10-15'", "date'0001-01-01'"],
    "timestamp": ["timestamp'2020-01-31 12:34:56.789012'", "timestamp'1969-12-31 23:59:59.5'"],
    "timestamp_ntz": ["timestamp_ntz'2020-01-31 12:34:56.789012'", "timestamp_ntz'1900-01-01 00:00:00'"], "void": ["null"],
}
TARGETS = [t for t in VALUES if t != "void"] + ["char(3)", "varchar(4)"]
WRAPS = {"{}": "{}", "struct<x:{}>": "named_struct('x', {})", "array<{}>": "array({})", "map<string,{}>": "map('k', {})",
         "struct<y:array<struct<x:{}>>>": "named_struct('y', array(named_struct('x', {})))", "map<{},int>": "map({}, 1)"}
FORMATS = ["parquet", "delta", "delta", "orc", "json", "csv"]
WAYS = ["values", "select", "columns", "by name", "insertInto", "append", "writeTo", "writeTo over", "replace where", "stream", "path", "path stream"]


def outcome(f):
    try:
        f()
        return "ok"
    except Exception as e:
        said, condition = str(e), getattr(e, "getCondition", lambda: None)()
        if condition in (None, "STREAM_FAILED"):
            m = re.search(r"exception: \[([A-Z_.0-9]+)\]", said) or re.search(r"\[([A-Z][A-Z_.0-9]+)\]", said)
            condition = (condition + ": " if condition else "") + (m.group(1) if m else said.split("\n")[0][:120])
        return [condition, getattr(e, "getSqlState", lambda: None)()]


def stream(spark, folder, n, exprs, options, form, to_path):
    os.makedirs(folder + "/in", exist_ok=True)
    with open(folder + "/in/a.json", "w") as f:
        f.write('{"id":0}\n')
    df = spark.readStream.schema("id BIGINT").json(folder + "/in").selectExpr(*exprs)
    w = df.writeStream.options(checkpointLocation=f"{folder}/ck{n}", **options).trigger(availableNow=True).format(form)
    q = w.start(folder + "/t") if to_path else w.toTable(TABLE)
    if not q.awaitTermination(100):
        q.stop()
        raise TimeoutError


def write(spark, folder, n, form, way, exprs, options):
    """exprs over range(1), the last word of each its name."""
    names = ", ".join(f"`{e.rpartition(' ')[2]}`" for e in exprs)
    query = f"SELECT {', '.join(exprs)} FROM range(1)"
    frame = lambda: spark.range(1).selectExpr(*exprs)  # noqa: E731
    if way == "values":
        spark.sql(f"INSERT INTO {TABLE} VALUES ({', '.join(e.rpartition(' ')[0] for e in exprs)})").collect()
    elif way == "select":
        spark.sql(f"INSERT INTO {TABLE} {query}").collect()
    elif way == "columns":
        spark.sql(f"INSERT INTO {TABLE} ({names}) {query}").collect()
    elif way == "by name":
        spark.sql(f"INSERT INTO {TABLE} BY NAME {query}").collect()
    elif way == "insertInto":
        frame().write.options(**options).insertInto(TABLE)
    elif way == "append":
        frame().write.options(**options).format(form).mode("append").saveAsTable(TABLE)
    elif way == "writeTo":
        frame().writeTo(TABLE).options(**options).append()
    elif way == "writeTo over":
        from pyspark.sql import functions as F
        frame().writeTo(TABLE).options(**options).overwrite(F.lit(True))
    elif way == "replace where":
        spark.sql(f"INSERT OVERWRITE {TABLE} {query}").collect()
    elif way == "path":
        frame().write.options(**options).format(form).mode("append").save(folder + "/t")
    elif way == "path over":
        frame().write.options(**options).format(form).mode("overwrite").save(folder + "/t")
    else:
        stream(spark, folder, n, exprs, options, form, way == "path stream")


def change_of(path):
    """What the log says of its writes."""
    out = []
    for name in sorted(glob.glob(os.path.join(path, "_delta_log", "*.json"))):
        for action in map(json.loads, open(name, encoding="utf-8")):
            if "add" in action:
                a = action["add"]
                out.append(["add", a["dataChange"], json.loads(a["stats"])["numRecords"]])
            if "remove" in action:
                out.append(["remove", action["remove"]["dataChange"]])
            if "txn" in action and not re.fullmatch(r"[0-9a-f-]{36}", action["txn"]["appId"]):
                out.append(["txn", action["txn"]["appId"], action["txn"]["version"]])
            if "commitInfo" in action:
                out.append(["commit", action["commitInfo"]["operation"], action["commitInfo"].get("userMetadata")])
    return out


def case(name, form, columns, writes, conf, log=False):
    """writes: (way, expressions, options)"""
    def run(spark, folder):
        for k, v in conf.items():
            spark.conf.set(k, v)
        try:
            spark.sql(f"DROP TABLE IF EXISTS {TABLE}")
            spark.sql(f"CREATE TABLE {TABLE} ({columns}) USING {form} LOCATION '{folder}/t'")
            os.makedirs(folder + "/t", exist_ok=True)
            done = [outcome(lambda: write(spark, folder, n, form, *w)) for n, w in enumerate(writes)]
            spark.catalog.refreshTable(TABLE)
            return [done, rows(spark.table(TABLE)), change_of(folder + "/t") if log else None]
        finally:
            spark.sql(f"DROP TABLE IF EXISTS {TABLE}")
            for k in conf:
                spark.conf.unset(k)

    def reads(spark, folder):
        if form == "delta":
            return rows(spark.read.format("delta").load(folder + "/t"))
        return rows(spark.read.schema(re.sub(r"(var)?char\(\d\)", "string", columns)).format(form).load(folder + "/t"))
    return Case(f"{name}: {form} ({columns}) {conf}\n      " + "\n      ".join(map(str, writes)), run, reads, len(writes))


def types_case(rnd):
    """A column of a type, and rows of others."""
    form = rnd.choice(FORMATS)
    wrap = rnd.choice(["{}", "{}", "{}", *WRAPS]) if form != "csv" else "{}"
    texts = form == "json" and wrap.startswith("map<{}")  # Spark cannot read other keys from JSON
    target = rnd.choice(["string"] if texts else [t for t in TARGETS if (form, t) not in (("csv", "binary"), ("orc", "timestamp_ntz"))])
    policy = rnd.choice(POLICIES)
    writes = []
    for _ in range(4):
        way = rnd.choice([w for w in WAYS if form == "delta" or "path" not in w])
        source = rnd.choice([*VALUES, target if target in VALUES else "string", "string", "int"])
        if way == "stream" and form != "delta":  # file sinks write what they get
            source = target if target in VALUES else "string"
        value = rnd.choice(VALUES[source])
        if way not in ("values",) and rnd.randrange(2) and source != "void":  # no constant
            value = f"element_at(array({value}), cast(id + 1 as int))"
        writes.append((way, ["1 k", WRAPS[wrap].format(value) + " v"], {}))
    return case("types", form, f"k int, v {wrap.format(target)}", writes, {"spark.sql.storeAssignmentPolicy": policy})


def some_columns(rnd, depth=0):
    """Columns as (name, type), a type a text or a list of columns in a struct, array or map."""
    out = []
    for name in rnd.sample("abcd", rnd.randrange(1, 4)):
        kind = rnd.randrange(7 if depth < 2 else 4)
        out.append((name, ("int", "bigint", "string", "double")[kind] if kind < 4 else (("struct", "array", "map")[kind - 4], some_columns(rnd, depth + 1))))
    return out


def type_text(t):
    if isinstance(t, str):
        return t
    inner = "struct<" + ",".join(f"{n}:{type_text(x)}" for n, x in t[1]) + ">"
    return {"struct": inner, "array": f"array<{inner}>", "map": f"map<string,{inner}>"}[t[0]]


def value_text(rnd, t):
    if isinstance(t, str):
        return {"int": "7", "bigint": "8L", "string": rnd.choice(["'9'", "'9'", "'q'"]), "double": "2.5D", "tinyint": "3Y", "boolean": "true"}[t]
    inner = "named_struct(" + ", ".join(f"'{n}', {value_text(rnd, x)}" for n, x in t[1]) + ")"
    return {"struct": inner, "array": f"array({inner}, null)" if rnd.randrange(3) == 0 else f"array({inner})", "map": f"map('k', {inner})"}[t[0]]


def varied(rnd, columns):
    """The columns, some of them in another order, missing, new, spelled or typed otherwise."""
    out = []
    for name, t in columns:
        k = rnd.randrange(16)
        if k == 0:
            continue
        if k == 1:
            name = name.upper()
        if k == 2:
            t = rnd.choice(["int", "bigint", "string", "double", "tinyint", "boolean"])
        elif not isinstance(t, str):
            t = (t[0] if rnd.randrange(12) else rnd.choice(["struct", "array", "map"]), varied(rnd, t[1]))
        out.append((name, t))
    if rnd.randrange(5) == 0:
        out.insert(rnd.randrange(len(out) + 1), ("n", rnd.choice(["int", "string", ("struct", [("z", "int")])])))
    if rnd.randrange(4) == 0:
        rnd.shuffle(out)
    return out or [columns[0]]


def shapes_case(rnd):
    """Nested columns, and rows that have others."""
    form = rnd.choice(["delta", "delta", "delta", "parquet"])
    columns = some_columns(rnd)
    conf = {"spark.sql.storeAssignmentPolicy": rnd.choice(POLICIES)}
    if form == "delta" and rnd.randrange(4) == 0:
        conf["spark.databricks.delta.schema.autoMerge.enabled"] = "true"
    writes = []
    for _ in range(4):
        way = rnd.choice(["select", "columns", "by name", "insertInto", "append", "writeTo", "stream"] + (["path", "path stream"] if form == "delta" else []))
        options = {} if way in ("select", "columns", "by name") or rnd.randrange(2) else {"mergeSchema": rnd.choice(["true", "true", "false"])}
        writes.append((way, [f"{value_text(rnd, t)} {n}" for n, t in varied(rnd, columns)], options))
    return case("shapes", form, ", ".join(f"{n} {type_text(t)}" for n, t in columns), writes, conf)


def options_case(rnd):
    """What a write to a Delta table is asked for."""
    conf, writes = {}, []
    if rnd.randrange(3) == 0:
        conf["spark.databricks.delta.commitInfo.userMetadata"] = "of the session"
    if rnd.randrange(4) == 0:
        conf["spark.sql.files.maxRecordsPerFile"] = rnd.choice(["1", "2", "0", "-1"])
    for key, values in (("txnAppId", ["s"]), ("txnVersion", ["2", "5"])):
        if rnd.randrange(5) == 0:
            conf["spark.databricks.delta.write." + key] = rnd.choice(values)
    for _ in range(5):
        options = {}
        if rnd.randrange(3) == 0:
            options["userMetadata"] = rnd.choice(["", "x", "{\"a\": 1}"])
        if rnd.randrange(3) == 0:
            options["dataChange"] = rnd.choice(["true", "false", "FALSE", "no"])
        if rnd.randrange(3) == 0:
            options["maxRecordsPerFile"] = rnd.choice(["1", "2", "0", "100", "-1", "x", ""])
        if rnd.randrange(2):
            options["txnAppId"] = rnd.choice(["a", "a", "b", ""])
        if "txnAppId" in options and rnd.randrange(6) or rnd.randrange(12) == 0:
            options["txnVersion"] = rnd.choice(["0", "1", "1", "2", "3", "-1", "x", ""])
        if rnd.randrange(8) == 0:
            options["mergeSchema"] = rnd.choice(["true", "x", "False"])
        if rnd.randrange(8) == 0:
            options["overwriteSchema"] = rnd.choice(["true", "True", "FALSE"])  # SPARK: others fail without a class; weir names the option
        exprs = ["explode(array(1, 2, 3, 4, 5)) a"] + (["2 b"] if rnd.randrange(5) == 0 else [])
        way = rnd.choice(["append", "path", "path over", "insertInto", "writeTo", "stream", "select"])
        writes.append((way, exprs, {} if way == "select" else options))
    return case("options", "delta", "a int", writes, conf, True)


def cases(rnd, n):
    kinds = [types_case, types_case, shapes_case, shapes_case, options_case]
    for i in range(n):
        yield kinds[i % len(kinds)](rnd)
