"""Spellings of paths, and what is done with them: asked of Apache Spark (record.py) and of weir (test_paths.py, and
tools/crosscheck/paths_options.py, which draws from the same lists). @ in a spelling is the case's own folder."""
import os
import re

LOCAL = ["@/a", "@/a/", "@//a//b///", "file:@/a", "file://@/a", "file:////@/a", "FILE:@/a", "@/a b", "@/a%20b", "@/a%b",
         "file:@/a%2Fb", "file://@/a b", "@/a:b", "@/x/../y", "@/x/./y", "@/x/y/../../z", "@/../@@/z", "@/a#b", "@/ä€", "@/a+b", "@/a&b",
         "@/a;b=c", "@/k=v", "@/a'b", '@/a"b', "@/.h", "@/_h", "@/a=b/c", "@/a,b", "@/~a", "@/a^b", "@/a|b", "@/a ", "@/ a", "@/a$b",
         "@/a!b", "@/a(b)", "@/a<b>", "@/%", "@/%%41", "@/a/..b/c..", "@/..."]
GLOBS = ["@/a?b", "@/a*b", "@/a[b", "@/a{b", "@/a{b,c}", "@/a]b", "@/a\\b"]
NONE = ["", "a:b", "a:b/c", ":a", "file:", "file:a", "1a:/b", "a b:/c", "//host/a", "file://localhost@/a", "file://@@/a", "s3://b/x",
        "s3a://b/x", "S3://b/x", "s3:/b", "s3://", "abfss://c@a.dfs.core.windows.net/x", "gs://b/x", "dbfs:/x", "nosuch://a/b", "nosuch:/a"]
FORMATS = ["json", "csv", "text", "xml", "parquet", "orc", "delta"]


def spelled(text, folder):
    return text.replace("@@", os.path.basename(folder)).replace("@", folder) if "@a.dfs" not in text else text


def tree(folder):
    """The folders below that hold data, and what is known by name."""
    out = set()
    for at, _, names in os.walk(folder):
        where = os.path.relpath(at, folder)
        for name in names:
            if name.startswith("part-"):
                out.add(where + "/part")
            elif name in ("metadata", "00000000000000000000.json"):
                out.add(where + "/" + name)
    return sorted(out)


def error(e, folder):
    """The class of a failure; one word for a place that cannot be had, whatever says so: Hadoop looks at it early or late."""
    condition, text = getattr(e, "getCondition", lambda: None)(), str(e).split("JVM stacktrace")[0].replace(folder, "DIR")
    if condition == "FAILED_TO_CREATE_PLAN_FOR_DIRECT_QUERY":
        return condition
    if re.search(r"No FileSystem for scheme|Class org\.apache\.hadoop\.fs\.|to create its directory|Wrong FS|LOAD_CHECKPOINT_FILE_MANAGER", text):
        return "no file system"
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "ID", re.sub(r"^\(([\w.]*)\) ", "", text.strip()).split("\n")[0])
    return condition or text[:100]


def attempt(f, folder):
    try:
        return f()
    except Exception as e:
        return {"error": error(e, folder)}


def places(df, folder):
    from pyspark.sql import functions as F

    return sorted({os.path.dirname(r[0]).replace(folder, "DIR") for r in df.select(F.input_file_name()).collect()})


def write_read(fmt):
    def run(spark, path, folder):
        df = spark.sql("select '1' as value")
        df.coalesce(1).write.format(fmt).option("rowTag", "r").mode("append").save(path)
        back = spark.read.format(fmt).option("rowTag", "r").schema("value string") if fmt != "delta" else spark.read.format(fmt)
        back = back.load(path)
        out = [tree(folder), places(back, folder)]
        if fmt != "delta" and not path.startswith("FILE"):  # Spark keeps the letters of the scheme there
            out.append(sorted({os.path.dirname(r[0]).replace(folder, "DIR") for r in back.select("_metadata.file_path").collect()}))
        return out
    return run


def location(fmt):
    """CREATE TABLE ... LOCATION, its rows, and what DESCRIBE calls the place."""
    def run(spark, path, folder):
        name = "uri_t" + os.path.basename(folder).replace("-", "_")
        text = path.replace("\\", "\\\\").replace("'", "\\'")
        try:
            spark.sql(f"create table {name} using {fmt} location '{text}' as select '1' as value")
            place = [r[1] for r in spark.sql(f"describe extended {name}").collect() if r[0] == "Location"]
            return [tree(folder), places(spark.table(name), folder), [p.replace(folder, "DIR") for p in place]]
        finally:
            spark.sql(f"drop table if exists {name}")
    return run


def save_as_table(fmt):
    def run(spark, path, folder):
        name = "uri_s" + os.path.basename(folder).replace("-", "_")
        try:
            spark.sql("select '1' as value").coalesce(1).write.format(fmt).option("path", path).saveAsTable(name)
            return [tree(folder), places(spark.table(name), folder)]
        finally:
            spark.sql(f"drop table if exists {name}")
    return run


def write_to(fmt):
    def run(spark, path, folder):
        name = "uri_w" + os.path.basename(folder).replace("-", "_")
        try:
            spark.sql("select '1' as value").coalesce(1).writeTo(name).using(fmt).option("path", path).create()
            return [tree(folder), places(spark.table(name), folder)]
        finally:
            spark.sql(f"drop table if exists {name}")
    return run


def direct(fmt):
    """A table named by its path."""
    def run(spark, path, folder):
        if "/a" in path and folder in path:
            spark.sql("select '1' as value").coalesce(1).write.format(fmt).mode("overwrite").save(path)
        return places(spark.sql(f"select * from {fmt}.`{path.replace('`', '``')}`"), folder)
    return run


def schema(spark, path, folder):
    name = "uri_d" + os.path.basename(folder).replace("-", "_")
    text = path.replace("\\", "\\\\").replace("'", "\\'")
    try:
        spark.sql(f"create schema {name} location '{text}'")
        spark.sql(f"create table {name}.t using json as select '1' as value")
        place = [r[1] for r in spark.sql(f"describe schema {name}").collect() if r[0] == "Location"]
        return [tree(folder), [p.replace(folder, "DIR") for p in place]]
    finally:
        spark.sql(f"drop schema if exists {name} cascade")


def start(spark, folder, sink="noop", path=None, checkpoint=None, conf=None, **source):
    os.makedirs(folder + "/in", exist_ok=True)
    open(folder + "/in/f.txt", "w").write("1\n")
    rows = spark.readStream.format("text").options(**source).load(folder + "/in")
    w = rows.writeStream.format(sink).trigger(availableNow=True)
    if conf is not None:
        spark.conf.set("spark.sql.streaming.checkpointLocation", conf)
    elif checkpoint is None:
        checkpoint = folder + "/ck"
    try:
        if checkpoint is not None:
            w = w.option("checkpointLocation", checkpoint)
        q = w.start(path) if path is not None else w.start()
    finally:
        spark.conf.unset("spark.sql.streaming.checkpointLocation")
    try:
        q.awaitTermination(60)
    except Exception:
        pass
    e = q.exception()
    if e is not None:
        raise ValueError(re.sub(r"^\(?\[?STREAM_FAILED\]?\)? ", "", str(e).split("\n")[0]))  # Delta's sink looks when the query runs


def checkpoint(spark, path, folder):
    start(spark, folder, checkpoint=path)
    return tree(folder)


def checkpoint_conf(spark, path, folder):
    if path == "":
        return None  # as if it were not set
    start(spark, folder, conf=path)
    return [re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "ID", x) for x in tree(folder)]


def sink(fmt):
    def run(spark, path, folder):
        start(spark, folder, sink=fmt, path=path)
        return tree(folder)
    return run


def base_path(spark, path, folder):
    os.makedirs(folder + "/a/k=1")
    open(folder + "/a/k=1/f.txt", "w").write("x\n")
    return sorted(map(list, spark.read.option("basePath", path).text(folder + "/a/k=1").collect()))


def several(spark, path, folder):
    os.makedirs(folder + "/first")
    open(folder + "/first/f.txt", "w").write("x\n")
    return places(spark.read.text([folder + "/first", path]), folder)


USES = {f"write_read_{f}": write_read(f) for f in FORMATS}
USES.update({f"location_{f}": location(f) for f in ("json", "parquet", "delta")})
USES.update({f"save_as_table_{f}": save_as_table(f) for f in ("orc", "delta")})
USES.update({f"write_to_{f}": write_to(f) for f in ("parquet", "delta")})
USES.update({f"direct_{f}": direct(f) for f in ("json", "parquet", "delta")})
USES.update({f"sink_{f}": sink(f) for f in ("text", "delta", "noop")})
USES.update(schema=schema, checkpoint=checkpoint, checkpoint_conf=checkpoint_conf, base_path=base_path, several=several)
SLOW = ["checkpoint", "checkpoint_conf", "sink_text", "sink_delta", "sink_noop"]


def answer(spark, use, text, folder):
    """What comes of a use of a spelling, in a folder of its own."""
    os.makedirs(folder, exist_ok=True)
    return attempt(lambda: USES[use](spark, spelled(text, folder), folder), folder)


def cases():
    """Those that are kept: every spelling with one use of each kind, in turn; every refusal with every use."""
    quick = [u for u in USES if u not in SLOW]
    for i, text in enumerate(LOCAL):
        if text.startswith("FILE"):
            yield "write_read_json", text
            continue
        for use in ["write_read_" + FORMATS[i % 7], "location_" + ["json", "parquet", "delta"][i % 3], quick[i % len(quick)]] \
                + ([SLOW[i // 4 % 5]] if i % 4 == 0 else []):
            yield use, text
    for text in GLOBS:
        yield "write_read_text", text
        yield "write_read_delta", text
    for i, text in enumerate(NONE):
        for use in USES:
            if text.startswith("s3:") or text in ("", "a:b", "//host/a", "file://localhost@/a") or list(USES).index(use) % 4 == i % 4:
                yield use, text
