"""Scripts over files that Apache Spark and weir both run: what they return is compared.

Each case takes a session and an empty folder, and returns what JSON can hold. record.py keeps what Spark returned.
"""
import decimal
import datetime
import glob
import json
import os
import re
import shutil
import time
import urllib.parse

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
CASES = {}


def case(f):
    CASES[f.__name__] = f
    return f


def put(path, text, at=None):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as f:
        f.write(text)
    if at is not None:
        os.utime(path, (at, at))
    return path


def plain(v):
    if isinstance(v, (list, tuple)):
        return [plain(x) for x in v]
    if isinstance(v, dict):
        return {str(k): plain(x) for k, x in v.items()}
    if isinstance(v, (bytes, bytearray)):
        return "hex " + bytes(v).hex()
    if isinstance(v, (datetime.datetime, datetime.date, decimal.Decimal, datetime.timedelta)):
        return str(v)
    return v


def rows(df):
    return sorted((plain(r) for r in df.collect()), key=lambda r: json.dumps(r, sort_keys=True))


def shape(df):
    return [f"{f.name} {f.dataType.simpleString()}" for f in df.schema]


def both(df):
    return {"columns": shape(df), "rows": rows(df)}


def attempt(f, message=False):
    try:
        return f()
    except Exception as e:
        get = getattr(e, "getCondition", None)
        cls = get() if get else None
        text = str(e).split("\n\nJVM stacktrace")[0].split(" SQLSTATE:")[0].strip()
        if "terminated with exception: " in text:  # what made the stream fail
            text = text.split("terminated with exception: ", 1)[1].split("\n")[0].split(" SQLSTATE:")[0].strip()
            inner = re.match(r"\[([A-Z_]+(?:\.[A-Z_]+)?)\]", text)
            return {"error": inner[1]} if inner else {"error": "stream", "message": text}
        if cls and cls.startswith("_LEGACY"):
            cls = None
        return {"error": cls or type(e).__name__, **({"message": text} if message or not cls else {})}


def tree(path):
    """Names of all files below a folder: ids out, in order."""
    out = []
    for d, _, names in os.walk(path):
        out += [os.path.relpath(os.path.join(d, n), path) for n in names if not n.endswith(".crc")]
    return sorted(UUID.sub("UUID", n) for n in out)


def contents(path):
    return {n: sorted(c) for n, c in sorted(_contents(path).items())}


def _contents(path):
    out = {}
    for d, _, names in os.walk(path):
        for n in names:
            if n.endswith(".crc") or "_spark_metadata" in d or n.endswith(".parquet"):
                continue
            name = UUID.sub("UUID", os.path.relpath(os.path.join(d, n), path))
            with open(os.path.join(d, n)) as f:
                out.setdefault(name, []).append(f.read())
    return out


def run(df, folder, **how):
    """One run of a stream, availableNow if nothing else is said: its rows as JSON lines, batch by batch."""
    to_sink(df.coalesce(1), f"{folder}/sink", folder, **how)
    return batches(f"{folder}/sink")


def batches(sink):
    """The rows of each batch that a sink of JSON files lists (no log entry may be a compact one)."""
    out = []
    for n in sorted(glob.glob(f"{sink}/_spark_metadata/[0-9]"), key=lambda n: int(os.path.basename(n))):
        got = []
        for line in open(n).read().split("\n")[1:]:
            with open(urllib.parse.unquote(json.loads(line)["path"].removeprefix("file://"))) as f:
                got += f.read().splitlines()
        out.append(sorted(got))
    return out


def to_sink(df, out, folder, format="json", part=(), **how):
    w = df.writeStream.format(format).option("path", out).option("checkpointLocation", os.path.join(folder, "ckpt"))
    if part:
        w = w.partitionBy(*part)
    q = w.trigger(**(how or {"availableNow": True})).start()
    try:
        if not q.awaitTermination(60):
            raise TimeoutError("stream")
    finally:
        q.stop()


# ---- _metadata ----

META = ("_metadata.file_path", "_metadata.file_name", "_metadata.file_size", "_metadata.file_block_start",
        "_metadata.file_block_length", "_metadata.file_modification_time")
AT = 1700000000


def two_files(d):
    put(f"{d}/in/a b.json", '{"x":1}\n{"x":2}\n', AT)
    put(f"{d}/in/c%é.json", '{"x":3}\n', AT + 1)
    return f"{d}/in"


@case
def metadata_json(spark, d):
    df = spark.read.schema("x INT").json(two_files(d))
    return {"star": both(df), "fields": both(df.select("x", *META)), "whole": both(df.select("_metadata")),
            "filter": both(df.where("_metadata.file_name = 'a b.json'").select("x")),
            "star too": both(df.select("*", "_metadata")),
            "after project": both(df.select("x", "_metadata").select("_metadata.file_size", "x")),
            "under a filter": both(df.where("x > 1").select("x", "_metadata.file_name")),
            "alias": both(df.alias("t").select("t._metadata.file_name", "t.x")),
            "bracket": both(df.select(df["_metadata"]["file_name"].alias("n"))),
            "dropped": attempt(lambda: both(df.select("x").select("_metadata.file_name"))),
            "no field": attempt(lambda: both(df.select("_metadata.nothing"))),
            "group": both(df.groupBy("_metadata.file_name").count()),
            "with column": both(df.withColumn("f", df["_metadata.file_name"])),
            "type": df.select("_metadata").schema.json()}


@case
def metadata_operators(spark, d):
    p = two_files(d)
    r = lambda: spark.read.schema("x INT").json(p)
    F = __import__("pyspark.sql.functions", fromlist=["x"])
    sql = lambda text: spark.sql(text.replace("FILES", f"json.`{p}`"))
    r().select("x", "_metadata").createOrReplaceTempView("w")
    out = {"order": lambda: r().orderBy(F.desc("_metadata.file_name"), "x").select("x"), "all": lambda: r().select("_metadata.*"),
           "union": lambda: r().select("x", "_metadata.file_name").union(r().select("x", "_metadata.file_name")),
           "union raw": lambda: r().union(r()).select("_metadata.file_name"), "distinct": lambda: r().select("_metadata.file_name").distinct(),
           "dedup": lambda: r().dropDuplicates(["x"]).select("x", "_metadata.file_name"),
           "after group": lambda: r().groupBy("x").count().select("_metadata.file_name"), "drop": lambda: r().drop("x").select("_metadata.file_name"),
           "drop it": lambda: r().drop("_metadata"), "rename": lambda: r().withColumnRenamed("x", "y").select("y", "_metadata.file_size"),
           "todf": lambda: r().toDF("q").select("q", "_metadata.file_size"),
           "explode": lambda: r().select(F.explode(F.array("x", "x")).alias("e"), "_metadata.file_size"),
           "limit": lambda: r().limit(3).select("_metadata.file_size"), "fill": lambda: r().na.fill(0).select("x", "_metadata.file_size"),
           "dropna": lambda: r().na.drop().select("x", "_metadata.file_size"), "replace": lambda: r().replace(1, 5).select("x", "_metadata.file_size"),
           "sub": lambda: sql("SELECT x, _metadata.file_size FROM (SELECT * FROM FILES) t"),
           "qualified": lambda: sql("SELECT x, t._metadata.file_size FROM FILES t ORDER BY x"),
           "sql distinct": lambda: sql("SELECT DISTINCT _metadata.file_name FROM FILES"),
           "sql group": lambda: sql("SELECT _metadata.file_name, sum(x) FROM FILES GROUP BY _metadata.file_name ORDER BY 1"),
           "where": lambda: sql("SELECT x FROM FILES WHERE _metadata.file_size > 8"), "order by": lambda: sql("SELECT x FROM FILES ORDER BY _metadata.file_size, x DESC"),
           "cte": lambda: sql("WITH c AS (SELECT *, _metadata.file_size s FROM FILES) SELECT x, s FROM c"),
           "two steps": lambda: r().select("x", "_metadata").where("_metadata.file_size > 8").select("x"),
           "time": lambda: r().selectExpr("CAST(_metadata.file_modification_time AS LONG) t"), "case": lambda: r().select("_METADATA.FILE_SIZE"),
           "quoted": lambda: r().select("`_metadata`.`file_size`"), "input file": lambda: r().select(F.input_file_name().alias("f"), "_metadata.file_name"),
           "view of it": lambda: sql("SELECT x, _metadata.file_size FROM w")}
    return {k: attempt(lambda: both(f())) for k, f in out.items()}


@case
def metadata_formats(spark, d):
    put(f"{d}/t/a.txt", "one\ntwo\n", AT)
    put(f"{d}/c/a.csv", "1,2\n3,4\n", AT)
    spark.createDataFrame([(1, "a")], "x INT, s STRING").coalesce(1).write.parquet(f"{d}/p")
    p = spark.read.parquet(f"{d}/p").selectExpr("x", "_metadata.file_name like 'part-00000-%.snappy.parquet' AS n",
                                                "_metadata.file_size = _metadata.file_block_length AS same")
    return {"text": both(spark.read.text(f"{d}/t").select("value", *META)),
            "csv": both(spark.read.csv(f"{d}/c").select("_c1", *META)), "parquet": both(p),
            "parquet star": both(spark.read.parquet(f"{d}/p"))}


@case
def metadata_sql(spark, d):
    path = two_files(d)
    spark.read.schema("x INT").json(path).createOrReplaceTempView("v")
    return {"view": attempt(lambda: both(spark.sql("SELECT x, _metadata.file_name FROM v"))),
            "path": both(spark.sql(f"SELECT x, _metadata.file_name AS n FROM json.`{path}` WHERE _metadata.file_size > 8")),
            "all": both(spark.sql(f"SELECT * FROM json.`{path}`")),
            "struct": shape(spark.sql(f"SELECT _metadata FROM json.`{path}`"))}


@case
def metadata_named_column(spark, d):
    put(f"{d}/in/a.json", '{"_metadata":5}\n', AT)
    df = spark.read.schema("_metadata INT").json(f"{d}/in")
    return {"column wins": both(df.select("_metadata")), "no field": attempt(lambda: both(df.select("_metadata.file_name")))}


@case
def metadata_stream(spark, d):
    df = spark.readStream.schema("x INT").json(two_files(d))
    return {"rows": run(df.select("x", *META), d), "star": shape(df), "isStreaming": df.isStreaming}


@case
def metadata_partitioned(spark, d):
    put(f"{d}/in/k=1/a.json", '{"x":1}\n', AT)
    df = spark.read.schema("x INT").json(f"{d}/in")
    return both(df.select("k", "_metadata.file_path", "x"))


@case
def metadata_sources_without(spark, d):
    return {"range": attempt(lambda: both(spark.range(1).select("_metadata.file_name"))),
            "rate": attempt(lambda: shape(spark.readStream.format("rate").load().select("_metadata")))}


# ---- partitionBy ----

ALL = ("SELECT 1 AS id, CAST(5 AS BYTE) AS b, CAST(-7 AS SHORT) AS sh, 9 AS i, 10L AS l, CAST(1.5 AS FLOAT) AS f, "
       "2.5D AS d, CAST(3.20 AS DECIMAL(10,2)) AS dec, true AS bo, DATE'2024-02-03' AS da, "
       "TIMESTAMP'2024-02-03 04:05:06.5' AS ts, TIMESTAMP_NTZ'2024-02-03 04:05:06' AS ntz, "
       "'a b/c=d%e:f#g[h]^i\"j?k*l\\\\m{n}o~pé' AS s, '' AS em, CAST(NULL AS STRING) AS nu, CAST(NULL AS INT) AS ni")


@case
def partition_all_types(spark, d):
    df = spark.sql(ALL)
    out = {}
    for c in df.columns[1:]:
        df.select("id", c).coalesce(1).write.partitionBy(c).json(f"{d}/{c}")
        back = spark.read.json(f"{d}/{c}")
        out[c] = {"tree": tree(f"{d}/{c}"), "text": contents(f"{d}/{c}"), "back": both(back)}
    df.select("id", "bo", "s", "nu").coalesce(1).write.partitionBy("bo", "s", "nu").json(f"{d}/many")
    out["many"] = {"tree": tree(f"{d}/many"), "text": contents(f"{d}/many"), "back": both(spark.read.json(f"{d}/many"))}
    return out


def sample(spark):
    return spark.sql("SELECT id, CAST(id % 3 AS INT) AS k, concat('v', id) AS s FROM range(0, 10, 1, 1)")


@case
def partition_formats(spark, d):
    out = {}
    for format, cols in (("json", ("id", "s", "k")), ("csv", ("id", "s", "k")), ("text", ("s", "k")), ("parquet", ("id", "s", "k"))):
        sample(spark).select(*cols).coalesce(1).write.format(format).partitionBy("k").save(f"{d}/{format}")
        out[format] = {"tree": tree(f"{d}/{format}"), "text": contents(f"{d}/{format}"),
                       "back": both(spark.read.format(format).load(f"{d}/{format}"))}
    return out


@case
def partition_errors(spark, d):
    df = sample(spark)
    w = lambda *c: df.write.partitionBy(*c)
    return {"no such": attempt(lambda: w("zz").json(f"{d}/a")), "all": attempt(lambda: df.select("k").write.partitionBy("k").json(f"{d}/b")),
            "text two": attempt(lambda: w("k").text(f"{d}/c")),
            "complex": attempt(lambda: spark.sql("SELECT 1 a, array(1) b").write.partitionBy("b").json(f"{d}/e")),
            "twice": attempt(lambda: w("k", "k").json(f"{d}/f")),
            "case": attempt(lambda: (w("K").json(f"{d}/g"), tree(f"{d}/g"))[1]),
            "exists": attempt(lambda: (w("k").json(f"{d}/h"), w("k").json(f"{d}/h"))),
            "left behind": [os.path.exists(f"{d}/{x}") for x in "abcef"]}


@case
def partition_modes(spark, d):
    df = sample(spark).coalesce(1)
    df.write.partitionBy("k").json(f"{d}/o")
    df.where("k = 1").write.partitionBy("k").mode("append").json(f"{d}/o")
    a = tree(f"{d}/o")
    df.where("k = 2").write.partitionBy("k").mode("overwrite").option("partitionOverwriteMode", "dynamic").json(f"{d}/o")
    b = tree(f"{d}/o")
    df.where("k = 2").write.partitionBy("k").mode("overwrite").json(f"{d}/o")
    c = tree(f"{d}/o")
    df.where("k = 1").write.partitionBy("k").mode("ignore").json(f"{d}/o")
    df.where("k = 9").write.partitionBy("k").json(f"{d}/none")
    return [a, b, c, tree(f"{d}/o"), tree(f"{d}/none")]


@case
def partition_stream(spark, d):
    out = {}
    put(f"{d}/in/1.json", "".join(json.dumps({"id": i, "k": i % 2, "s": f"a/{i % 3}"}) + "\n" for i in range(6)), AT)
    put(f"{d}/in/2.json", '{"id":7}\n', AT + 5)
    for format in ("json", "parquet", "csv", "text"):
        df = spark.readStream.schema("id INT, k INT, s STRING").option("maxFilesPerTrigger", 1).json(f"{d}/in")
        if format == "text":
            df = df.selectExpr("CAST(id AS STRING) AS value", "k", "s")
        to_sink(df.coalesce(1), f"{d}/{format}", f"{d}/c_{format}", format, ("k", "s"))
        log = []
        for n in sorted(os.listdir(f"{d}/{format}/_spark_metadata")):
            if n.startswith("."):
                continue
            lines = open(f"{d}/{format}/_spark_metadata/{n}").read().split("\n")
            entries = sorted(({**json.loads(x), "modificationTime": 0, "size": 0} for x in lines[1:]), key=lambda e: e["path"])
            log.append([n, lines[0], UUID.sub("UUID", json.dumps(entries))])
        out[format] = {"tree": tree(f"{d}/{format}"), "log": log, "text": contents(f"{d}/{format}"),
                       "back": both(spark.read.format(format).load(f"{d}/{format}"))}
        if format == "json":
            put(f"{d}/json/k=0/s=a%2F0/stray.json", '{"id":99}\n')
            out["own order"] = both(spark.read.schema("k INT, id INT, s STRING").json(f"{d}/json"))
            out["only logged"] = both(spark.read.json(f"{d}/json"))
            out["stream of it"] = run(spark.readStream.schema("id INT, k INT, s STRING").json(f"{d}/json"), f"{d}/again")
    return out


@case
def partition_stream_errors(spark, d):
    put(f"{d}/in/1.json", '{"id":7}\n', AT)
    df = spark.readStream.schema("id INT, k INT").json(f"{d}/in")
    return {"no such": attempt(lambda: to_sink(df, f"{d}/o", f"{d}/x", "json", ("zz",))),
            "all": attempt(lambda: to_sink(df.select("k"), f"{d}/o", f"{d}/y", "json", ("k",)))}


# ---- partition discovery and listing ----


@case
def discovery_types(spark, d):
    values = {"int": ["1", "2"], "long": ["1", "3000000000"], "big": ["1", "99999999999999999999"], "double": ["1", "1.5"],
              "dec": ["99999999999999999999", "1.5"], "zero": ["01", "1"], "neg": ["-5", "+6"], "exp": ["1e3", "2"],
              "nan": ["NaN", "1"], "inf": ["Infinity", "1"], "suffix": ["1d", "2"], "fsuffix": ["1f", "2"],
              "date": ["2024-01-02", "2024-01-03"], "dates": ["2024-01-02", "x"], "baddate": ["2024-13-02"],
              "shortdate": ["2024-1-2"], "year": ["2024"], "ts": ["2024-01-02 03%3A04%3A05", "2024-01-03 00%3A00%3A00"],
              "tsfrac": ["2024-01-02 03%3A04%3A05.25"], "tst": ["2024-01-02T03%3A04%3A05"], "dts": ["2024-01-02", "2024-01-03 00%3A00%3A00"],
              "bool": ["true", "false"], "text": ["a", "b"], "null": ["__HIVE_DEFAULT_PARTITION__", "1"],
              "nulls": ["__HIVE_DEFAULT_PARTITION__"], "space": [" 1", "2"], "esc": ["a%2Fb", "100%25"], "badesc": ["a%2", "a%zz"],
              "empty": [""], "dot": [".5", "5."], "time": ["10%3A00%3A00"], "intdate": ["1", "2024-01-02"]}
    out = {}
    for name, vs in values.items():
        for i, v in enumerate(vs):
            put(f"{d}/{name}/p={v}/f.json", '{"x":%d}\n' % i, AT)
        out[name] = attempt(lambda: both(spark.read.schema("x INT").json(f"{d}/{name}")))
    spark.conf.set("spark.sql.sources.partitionColumnTypeInference.enabled", "false")
    out["off"] = both(spark.read.schema("x INT").json(f"{d}/int"))
    spark.conf.unset("spark.sql.sources.partitionColumnTypeInference.enabled")
    return out


@case
def discovery_layout(spark, d):
    put(f"{d}/t/a=1/b=x/f.json", '{"x":1}\n', AT)
    put(f"{d}/t/a=2/b=y/f.json", '{"x":2}\n', AT)
    r = lambda: spark.read.schema("x INT")
    out = {"all": lambda: both(r().json(f"{d}/t")), "one level in": lambda: both(r().json(f"{d}/t/a=1")),
           "base path": lambda: both(r().option("basePath", f"{d}/t").json(f"{d}/t/a=1")),
           "base path of glob": lambda: both(r().option("basePath", f"{d}/t").json(f"{d}/t/a=*/b=x")),
           "glob": lambda: both(r().json(f"{d}/t/a=*")),
           "file": lambda: both(r().json(f"{d}/t/a=1/b=x/f.json")),
           "file with base": lambda: both(r().option("basePath", f"{d}/t").json(f"{d}/t/a=1/b=x/f.json")),
           "base not above": lambda: both(r().option("basePath", f"{d}/other").json(f"{d}/t")),
           "recursive": lambda: both(r().option("recursiveFileLookup", "true").json(f"{d}/t")),
           "user type": lambda: both(spark.read.schema("x INT, a STRING").json(f"{d}/t")),
           "user order": lambda: both(spark.read.schema("b STRING, x INT, a BIGINT").json(f"{d}/t")),
           "filter": lambda: both(r().json(f"{d}/t").where("a = 2")),
           "inferred": lambda: both(spark.read.json(f"{d}/t"))}
    out = {k: attempt(f) for k, f in out.items()}
    put(f"{d}/c/a=1/f.json", '{"x":1,"a":7}\n', AT)
    out["in data too"] = attempt(lambda: both(spark.read.json(f"{d}/c")))
    put(f"{d}/m/a=1/f.json", '{"x":1}\n', AT)
    put(f"{d}/m/b=1/f.json", '{"x":1}\n', AT)
    out["conflict"] = attempt(lambda: both(r().json(f"{d}/m")))
    put(f"{d}/n/a=1/f.json", '{"x":1}\n', AT)
    put(f"{d}/n/g.json", '{"x":2}\n', AT)
    out["mixed depth"] = attempt(lambda: both(r().json(f"{d}/n")))
    put(f"{d}/u/a=1/A=2/f.json", '{"x":1}\n', AT)
    out["names differ in case"] = attempt(lambda: both(r().json(f"{d}/u")))
    put(f"{d}/w/a=1/f.json", '{"x":1}\n', AT)
    put(f"{d}/w/a=z/f.json", '{"x":1}\n', AT)
    out["user int of text"] = attempt(lambda: both(spark.read.schema("x INT, a INT").json(f"{d}/w")))
    return out


@case
def listing(spark, d):
    for i, n in enumerate(["a.json", "b.json", "c.txt", "_h.json", ".d.json", "sub/e.json", "sub/deep/f.json", "_sub/g.json",
                           "x.json._COPYING_", "z1/y.json", "z2/y.json", "[k].json"]):
        put(f"{d}/t/{n}", '{"n":"%s"}\n' % n, AT + i * 100)
    r = lambda **o: spark.read.schema("n STRING").options(**o)
    p = f"{d}/t"
    out = {"plain": lambda: r().json(p), "recursive": lambda: r(recursiveFileLookup="true").json(p),
           "glob filter": lambda: r(pathGlobFilter="*.json").json(p), "glob filter set": lambda: r(pathGlobFilter="{a,c}.*").json(p),
           "star": lambda: r().json(p + "/*.json"), "braces": lambda: r().json(p + "/{a,b}.json"), "question": lambda: r().json(p + "/?.txt"),
           "set": lambda: r().json(p + "/[ab].json"), "not set": lambda: r().json(p + "/[^a].json"), "range": lambda: r().json(p + "/[a-b].json"),
           "dirs": lambda: r().json(p + "/z*"), "nested glob": lambda: r().json(p + "/z?/*.json"), "many": lambda: r().json([p + "/a.json", p + "/z1"]),
           "twice": lambda: r().json([p + "/a.json", p + "/a.json"]), "hidden named": lambda: r().json(p + "/_h.json"),
           "dot named": lambda: r().json(p + "/.d.json"),
           "escaped": lambda: r().json(p + "/\\[k\\].json"), "none match": lambda: r().json(p + "/q*.json"), "missing": lambda: r().json(p + "/q.json"),
           "one missing": lambda: r().json([p + "/a.json", p + "/q.json"]),
           "after": lambda: r(modifiedAfter=stamp(AT + 250), recursiveFileLookup="true").json(p),
           "before": lambda: r(modifiedBefore=stamp(AT + 100)).json(p),
           "between": lambda: r(modifiedAfter=stamp(AT), modifiedBefore=stamp(AT + 200)).json(p),
           "bad time": lambda: r(modifiedAfter="yesterday").json(p), "bad time 2": lambda: r(modifiedBefore="2024-01-01 00:00:00").json(p),
           "no path": lambda: spark.read.schema("n STRING").format("json").load(), "infer none": lambda: spark.read.json(p + "/_sub"),
           "file uri": lambda: r().json("file://" + p + "/a.json"),
           "glob filter on infer": lambda: spark.read.option("pathGlobFilter", "b*").json(p),
           "bad recursive": lambda: r(recursiveFileLookup="maybe").json(p),
           "ignore missing": lambda: r(ignoreMissingFiles="true").json(p + "/q.json"),
           "scheme": lambda: r().json("nosuch://host/x")}
    return {k: attempt(lambda: both(f())) for k, f in out.items()}


def stamp(t):
    return datetime.datetime.fromtimestamp(t, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")


# ---- text options ----


@case
def text_options(spark, d):
    put(f"{d}/t/a.txt", "one\r\ntwo\n\nthree\rfour|five", AT)
    put(f"{d}/e/a.txt", "", AT)
    put(f"{d}/p/k=1/a.txt", "x\n", AT)
    r = lambda **o: spark.read.format("text").options(**o).load(f"{d}/t")
    out = {"lines": lambda: r(), "sep |": lambda: r(lineSep="|"), "sep lf": lambda: r(lineSep="\n"), "sep two": lambda: r(lineSep="tw"),
           "whole": lambda: r(wholetext="true"), "whole wins": lambda: r(wholetext="true", lineSep="|"), "empty sep": lambda: r(lineSep=""),
           "empty file": lambda: spark.read.text(f"{d}/e"), "empty whole": lambda: spark.read.text(f"{d}/e", wholetext=True),
           "partition": lambda: spark.read.text(f"{d}/p"), "encoding": lambda: r(encoding="UTF-8"),
           "bad whole": lambda: r(wholetext="perhaps"),
           "schema": lambda: spark.read.schema("line STRING").text(f"{d}/t"), "int schema": lambda: spark.read.schema("line INT").text(f"{d}/t"),
           "two columns": lambda: spark.read.schema("a STRING, b STRING").text(f"{d}/t")}
    return {k: attempt(lambda: both(f())) for k, f in out.items()}


@case
def json_lines(spark, d):
    put(f"{d}/m/a.json", '[{"x":1},\n{"x":2}]', AT)
    put(f"{d}/m/b.json", '{"x":\n3}', AT)
    put(f"{d}/s/a.json", '{"x":1}|{"x":2}|', AT)
    put(f"{d}/g/a.json", '{"x":1}\r{"x":2}\n\n{"x":3}\r\n', AT)
    out = {"multi": lambda: spark.read.schema("x INT").json(f"{d}/m", multiLine=True), "multi infer": lambda: spark.read.json(f"{d}/m", multiLine=True),
           "sep": lambda: spark.read.schema("x INT").json(f"{d}/s", lineSep="|"), "sep infer": lambda: spark.read.json(f"{d}/s", lineSep="|"),
           "cr": lambda: spark.read.schema("x INT").json(f"{d}/g"),
           "csv sep": lambda: spark.read.schema("x STRING, y STRING").csv(put(f"{d}/v/a.csv", "1,2|3,4", AT), lineSep="|"),
           "empty sep": lambda: spark.read.schema("x INT").json(f"{d}/s", lineSep="")}
    return {k: attempt(lambda: both(f())) for k, f in out.items()}


@case
def missing_and_damaged(spark, d):
    spark.createDataFrame([(1,)], "x INT").coalesce(1).write.parquet(f"{d}/p")
    put(f"{d}/p/part-9.parquet", "not parquet", AT)
    r = lambda **o: spark.read.schema("x INT").options(**o).parquet(f"{d}/p")
    out = {"damaged": attempt(lambda: both(r())), "skipped": attempt(lambda: both(r(ignoreCorruptFiles="true")))}
    put(f"{d}/j/a.json", '{"x":1}\n', AT)
    put(f"{d}/j/b.json", '{"x":2}\n', AT)
    a, b = spark.read.schema("x INT").json(f"{d}/j"), spark.read.schema("x INT").option("ignoreMissingFiles", "true").json(f"{d}/j")
    out["before"] = [a.count(), b.count()]
    os.remove(f"{d}/j/b.json")
    out["after"] = [attempt(lambda: rows(a)), attempt(lambda: rows(b))]
    return out


# ---- streaming options ----


def numbered(d, n=5, size=1):
    for i in range(n):
        put(f"{d}/in/{i}.json", ('{"x":%d}\n' % i) * size, AT + i * 10)
    return f"{d}/in"


def stream(spark, path, **o):
    return spark.readStream.schema("x INT").options(**o).json(path)


@case
def stream_limits(spark, d):
    p = numbered(d)
    out = {}
    for name, o in {"files 2": {"maxFilesPerTrigger": 2}, "latest first": {"maxFilesPerTrigger": 2, "latestFirst": "true"},
                    "bytes": {"maxBytesPerTrigger": "20b"}, "bytes plain": {"maxBytesPerTrigger": 10}, "bytes tiny": {"maxBytesPerTrigger": "1b"},
                    "latest all": {"latestFirst": "true"}, "both": {"maxFilesPerTrigger": 1, "maxBytesPerTrigger": 10},
                    "zero": {"maxFilesPerTrigger": 0}, "word": {"maxFilesPerTrigger": "x"}, "bytes word": {"maxBytesPerTrigger": "x"},
                    "bytes zero": {"maxBytesPerTrigger": 0}, "latest word": {"latestFirst": "x"},
                    "age short": {"maxFileAge": "15s"}, "age latest": {"maxFileAge": "15s", "latestFirst": "true"},
                    "age latest limited": {"maxFileAge": "15s", "latestFirst": "true", "maxFilesPerTrigger": 1}, "age word": {"maxFileAge": "soon"},
                    "glob": {"pathGlobFilter": "[12].*"}, "after": {"modifiedAfter": stamp(AT + 15)},
                    "cached": {"maxFilesPerTrigger": 2, "maxCachedFiles": 1}, "cached negative": {"maxCachedFiles": -1}}.items():
        out[name] = attempt(lambda: run(stream(spark, p, **o), f"{d}/{name.replace(' ', '_')}"))
    return out


@case
def stream_once_ignores_limits(spark, d):
    return run(stream(spark, numbered(d), maxFilesPerTrigger=2), d, once=True)


@case
def stream_schema(spark, d):
    numbered(d, 1)
    r = lambda f: attempt(lambda: shape(spark.readStream.format(f).load(f"{d}/in")), True)
    out = {f: r(f) for f in ("json", "csv", "parquet", "text")}
    spark.conf.set("spark.sql.streaming.schemaInference", "true")
    out["inferred"] = r("json")
    out["inferred missing"] = attempt(lambda: shape(spark.readStream.json(f"{d}/none")))
    spark.conf.unset("spark.sql.streaming.schemaInference")
    out["missing"] = attempt(lambda: shape(spark.readStream.schema("x INT").json(f"{d}/none")))
    out["no path"] = attempt(lambda: shape(spark.readStream.schema("x INT").format("json").load()), True)
    out["file"] = attempt(lambda: run(spark.readStream.schema("x INT").json(f"{d}/in/0.json"), d))
    return out


@case
def stream_file_name_only(spark, d):
    put(f"{d}/in/a/f.json", '{"x":1}\n', AT)
    put(f"{d}/in/b/f.json", '{"x":2}\n', AT + 10)
    put(f"{d}/in/b/g.json", '{"x":3}\n', AT + 20)
    return {"off": run(stream(spark, f"{d}/in/*"), f"{d}/1"), "on": run(stream(spark, f"{d}/in/*", fileNameOnly="true"), f"{d}/2"),
            "on, one each": run(stream(spark, f"{d}/in/*", fileNameOnly="true", maxFilesPerTrigger=1), f"{d}/3")}


def left(d):
    return sorted(os.path.relpath(f, d) for f in glob.glob(f"{d}/in/**/*.json", recursive=True) + glob.glob(f"{d}/old/**/*.json", recursive=True))


@case
def stream_clean(spark, d):
    out = {}
    for name, o in {"off": {"cleanSource": "off"}, "delete": {"cleanSource": "delete"}, "DELETE": {"cleanSource": "DELETE"},
                    "archive": {"cleanSource": "archive", "sourceArchiveDir": "OLD"}}.items():
        e = f"{d}/{name}"
        p = numbered(e, 3)
        o = {k: v.replace("OLD", f"{e}/old") for k, v in o.items()}
        out[name] = [run(stream(spark, p, maxFilesPerTrigger=1, **o), e)]
        time.sleep(1.5)
        out[name].append([n.replace(e.lstrip("/"), "E") for n in left(e)])
    p = numbered(d, 1)
    bad = {"word": {"cleanSource": "burn"}, "archive without": {"cleanSource": "archive"},
           "archive inside": {"cleanSource": "archive", "sourceArchiveDir": f"{d}/in/old"},
           "archive same": {"cleanSource": "archive", "sourceArchiveDir": f"{d}/in"},
           "archive above": {"cleanSource": "archive", "sourceArchiveDir": d},
           "archive of glob": {"cleanSource": "archive", "sourceArchiveDir": f"{d}/i1"}}
    for name, o in bad.items():
        out[name] = attempt(lambda: run(stream(spark, f"{d}/i*" if "glob" in name else p, **o), f"{d}/c_{name.replace(' ', '_')}"))
    return out


@case
def stream_text(spark, d):
    put(f"{d}/in/a.txt", "1|2\n3", AT)
    put(f"{d}/in/b.txt", "", AT + 5)
    r = lambda **o: spark.readStream.format("text").options(**o).load(f"{d}/in")
    return {"lines": run(r(), f"{d}/1"), "sep": run(r(lineSep="|"), f"{d}/2"), "whole": run(r(wholetext="true"), f"{d}/3"),
            "whole, one each": run(r(wholetext="true", maxFilesPerTrigger=1), f"{d}/4")}


@case
def stream_multi_line(spark, d):
    put(f"{d}/in/a.json", '[{"x":1},\n{"x":2}]', AT)
    return run(stream(spark, f"{d}/in", multiLine="true"), d)


@case
def stream_vanished(spark, d):
    """A batch that was planned runs again when one of its files is gone."""
    out = {}
    for name, o in (("fails", {}), ("skips", {"ignoreMissingFiles": "true"})):
        e = f"{d}/{name}"
        p = numbered(e, 2)
        run(stream(spark, p), e)
        shutil.rmtree(f"{e}/sink")
        for f in glob.glob(f"{e}/ckpt/commits/*") + glob.glob(f"{e}/ckpt/commits/.*.crc"):
            os.remove(f)
        os.remove(f"{p}/0.json")
        out[name] = attempt(lambda: run(stream(spark, p, **o), e))
    return out


@case
def stream_partitions(spark, d):
    put(f"{d}/in/k=1/a.json", '{"x":1}\n', AT)
    put(f"{d}/in/k=2/a.json", '{"x":2}\n', AT + 10)
    r = lambda schema, **o: spark.readStream.schema(schema).options(**o).json(f"{d}/in")
    out = {"found": shape(r("x INT")), "rows": run(r("x INT"), f"{d}/1"), "user": run(r("x INT, k STRING"), f"{d}/2"),
           "recursive": run(r("x INT", recursiveFileLookup="true"), f"{d}/3")}
    put(f"{d}/flat/a.json", '{"x":1}\n', AT)
    put(f"{d}/flat/sub/b.json", '{"x":2}\n', AT)
    out["sub folder"] = run(stream(spark, f"{d}/flat"), f"{d}/4")
    out["sub folder recursive"] = run(stream(spark, f"{d}/flat", recursiveFileLookup="true"), f"{d}/5")
    return out


# ---- rate ----


def offsets(d):
    out = []
    for n in sorted(glob.glob(f"{d}/ckpt/offsets/*")):
        out.append(open(n).read().split("\n")[2:])
    return out


def described(q):
    text = q.lastProgress["sources"][0]["description"] if q.lastProgress else ""
    return re.sub(r"numPartitions=\d+", "numPartitions=N", text)  # the default is the number of cores


@case
def rate_micro_batch(spark, d):
    out = {}
    for name, o in {"three": {"rowsPerBatch": 3, "startTimestamp": 1000, "advanceMillisPerBatch": 50}, "default": {"rowsPerBatch": 2},
                    "parts": {"rowsPerBatch": 5, "numPartitions": 3, "startTimestamp": 7}}.items():
        e = f"{d}/{name}"
        df = spark.readStream.format("rate-micro-batch").options(**o).load()
        q = df.coalesce(1).writeStream.format("json").option("path", f"{e}/sink").option("checkpointLocation", f"{e}/ckpt")
        q = q.trigger(processingTime="100 milliseconds").start()
        for _ in range(600):
            if os.path.exists(f"{e}/ckpt/commits/2"):
                break
            time.sleep(0.05)
        q.stop()
        got = batches(f"{e}/sink")[:3]
        out[name] = {"rows": got, "offsets": offsets(e)[:1] + [open(f"{e}/ckpt/offsets/2").read().split("\n")[2:]],
                     "schema": shape(df), "sources": os.path.exists(f"{e}/ckpt/sources"),
                     "description": described(q)}
    return out


@case
def rate_micro_batch_options(spark, d):
    out = {}
    for name, o in {"none": {}, "zero": {"rowsPerBatch": 0}, "negative": {"rowsPerBatch": -1}, "word": {"rowsPerBatch": "x"},
                    "parts zero": {"rowsPerBatch": 1, "numPartitions": 0}, "start negative": {"rowsPerBatch": 1, "startTimestamp": -1},
                    "advance negative": {"rowsPerBatch": 1, "advanceMillisPerBatch": -1}, "start word": {"rowsPerBatch": 1, "startTimestamp": "x"},
                    "ok": {"rowsPerBatch": 1}}.items():
        out[name] = attempt(lambda: shape(spark.readStream.format("rate-micro-batch").options(**o).load()), True)
    out["schema"] = attempt(lambda: shape(spark.readStream.format("rate-micro-batch").schema("x INT").option("rowsPerBatch", 1).load()), True)
    out["batch"] = attempt(lambda: shape(spark.read.format("rate-micro-batch").option("rowsPerBatch", 1).load()), True)
    return out


@case
def rate_micro_batch_available_now(spark, d):
    df = spark.readStream.format("rate-micro-batch").options(rowsPerBatch=2, startTimestamp=5).load()
    return [attempt(lambda: run(df, d)), offsets(d)]


@case
def rate_options(spark, d):
    out = {}
    for name, o in {"none": {}, "zero": {"rowsPerSecond": 0}, "negative": {"rowsPerSecond": -1}, "word": {"rowsPerSecond": "x"},
                    "parts zero": {"numPartitions": 0}, "ramp negative": {"rampUpTime": "-1s"}, "ramp word": {"rampUpTime": "x"},
                    "ramp ok": {"rampUpTime": "5s", "rowsPerSecond": 10}, "ramp bare": {"rampUpTime": "5"},
                    "both": {"rowsPerSecond": 5, "rowsPerBatch": 3}}.items():
        out[name] = attempt(lambda: shape(spark.readStream.format("rate").options(**o).load()), True)
    out["schema"] = attempt(lambda: shape(spark.readStream.format("rate").schema("x INT").load()), True)
    out["batch"] = attempt(lambda: shape(spark.read.format("rate").load()), True)
    return out


@case
def rate_rows(spark, d):
    """The eight seconds since a start time: milliseconds after it, and the value."""
    out = {}
    for name, o in {"plain": {"rowsPerSecond": 5}, "ramp": {"rowsPerSecond": 10, "rampUpTime": "3s"}, "parts": {"rowsPerSecond": 7, "numPartitions": 3},
                    "slow ramp": {"rowsPerSecond": 2, "rampUpTime": "5s"}}.items():
        for early in (8.3, 8.1, 7.8, 7.5, 7.2, 6.5, 5.5, 7.0):  # until the one batch ends after eight seconds
            e = f"{d}/{name}{early}"
            start = int(1000 * (time.time() - early))
            put(f"{e}/ckpt/sources/0/0", f"v1\n{start}")
            got = run(spark.readStream.format("rate").options(**o).load(), e)
            if offsets(e)[0] == ["8"]:
                break
        at = lambda t: round(1000 * datetime.datetime.fromisoformat(t.replace("Z", "+00:00")).timestamp()) - start
        rows = [json.loads(r) for r in got[0]]
        out[name] = [offsets(e), sorted([r["value"], at(r["timestamp"])] for r in rows)]
    return out


# ---- order ----


@case
def largest_first(spark, d):
    sizes = [1, 3, 2, 5, 4]
    for i, n in enumerate(sizes):
        put(f"{d}/in/{i}.json", json.dumps({"a": i, "pad": "x" * 10 * n}) + "\n", 1000 + i)
        spark.sql(f"SELECT {i} AS a, '{'x' * 10 * n}' AS pad").coalesce(1).write.mode("append").parquet(f"{d}/parquet")
    schema = "a INT, pad STRING"
    got = lambda df: [r[0] for r in df.select("a").collect()]  # noqa: E731
    q = spark.readStream.schema(schema).json(f"{d}/in").writeStream.format("memory").queryName("largest_first").trigger(availableNow=True) \
        .option("checkpointLocation", d + "/ck").start()
    q.awaitTermination()
    return {"json": got(spark.read.schema(schema).json(f"{d}/in")), "text": [r[0][5:7] for r in spark.read.text(f"{d}/in").collect()],
            "stream": got(spark.table("largest_first")), "parquet": got(spark.read.parquet(f"{d}/parquet"))}


# ---- failures leave nothing ----


@case
def failed_write_leaves_nothing(spark, d):
    bad = spark.sql("SELECT id, CAST(id % 2 AS INT) AS k, CAST(raise_error('no') AS STRING) AS s FROM range(0, 10, 1, 1)")
    out = {}
    for format in ("json", "parquet", "csv"):
        out[format] = [attempt(lambda: bad.write.format(format).save(f"{d}/{format}"))["error"] != "", tree(f"{d}/{format}")]
        out[format + " by"] = [attempt(lambda: bad.write.partitionBy("k").format(format).save(f"{d}/{format}p"))["error"] != "", tree(f"{d}/{format}p")]
    return out


@case
def failed_batch_leaves_nothing(spark, d):
    numbered(d, 1)
    df = stream(spark, f"{d}/in").selectExpr("x", "x % 2 AS k", "CAST(raise_error('no') AS STRING) AS s")
    out = {}
    for format in ("json", "parquet"):
        for part in ((), ("k",)):
            o = f"{d}/{format}{len(part)}"
            failed = attempt(lambda: to_sink(df, o, o + "_c", format, part))
            out[format + str(len(part))] = [bool(failed and failed["error"]), [n for n in tree(o) if not n.startswith("_")]]
    return out


@case
def json_names_twice(spark, d):
    """A name twice in a record counts when its types are known: what is dropped then is not there twice."""
    texts = ['{"b":1.5,"c":"x","b":{}}', '{"a":1,"a":2}', '{"a":null,"A":1}', '{"a":[],"A":1,"":1,"":2}', '{"a":1,"a":{"x":1}}\n{"a":2,"a":{"y":1}}',
             '{"s":{"a":1,"a":{}}}', '{"a":1,"b":2}\n{"b":{},"b":3}', '[{"a":{},"a":{"z":null}}]', '{"a":null,"a":null}']
    out = {}
    for i, text in enumerate(texts):
        put(f"{d}/in{i}/f.json", text + "\n", AT)
        for o in ({}, {"dropFieldIfAllNull": "true"}):
            out[f"{text} {' '.join(o)}"] = attempt(lambda: spark.read.options(**o).json(f"{d}/in{i}").schema.simpleString())
    return out


@case
def options_before_the_folder(spark, d):
    """What a write makes of its folder when an option is no option."""
    out = {}
    for f, k, v in (("json", "timeZone", "nowhere"), ("json", "ignoreNullFields", "x"), ("json", "lineSep", ""), ("text", "lineSep", ""),
                    ("json", "dateFormat", "qqq{"), ("json", "encoding", "nope"), ("csv", "timeZone", "nowhere")):
        said = attempt(lambda: spark.sql("SELECT 'a' a, date'2024-01-02' d").select(*"ad"[:1 if f == "text" else 2]).write.option(k, v).format(f).save(f"{d}/{f}{k}"))
        out[f"{f} {k}"] = [said is None, os.path.isdir(f"{d}/{f}{k}")]
    return out
