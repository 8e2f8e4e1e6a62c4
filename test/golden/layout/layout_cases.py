"""Trees of folders and how they are read; record.py keeps what Apache Spark made of each: spark.json.

A case: files (each holds {"i": n}, n its place), paths, a schema or None, options, and what is made of it. "@" stands for
the tree's folder.
"""
import json
import os
import re

A, B = "i INT", "i INT, a INT"
BASE = {"basePath": "@"}
ALL = {"recursiveFileLookup": "true"}
ONE, TWO, MIXED = ["x/a=1/f.json", "x/a=2/f.json"], ["x/a=1/f.json", "y/a=2/f.json"], ["r.json", "a=1/f.json"]
DEEP, LEAF, PLAIN = ["x/y/a=1/f.json"], ["a=1/x/f.json", "a=2/y/f.json"], ["x/f.json", "y/z/g.json", "r.json"]
HIDDEN = ["a=1/_f.json", "a=1/.g.json", "a=1/_h/f.json", "a=1/ok.json", "_SUCCESS", "a=1/_SUCCESS", "a=1/t.json.tmp", "a=1/c._COPYING_"]
LIKE = ["abc/f.json", "a{c/f.json", "a[b/f.json", "a*b/f.json", "\u00e9/f.json"]

BATCH = {
    **{f"{name}_{how}": (files, [path], schema, options)
       for name, files, schema in [("one", ONE, B), ("two", TWO, B), ("mixed", MIXED, B), ("deep", DEEP, B), ("leaf", LEAF, B),
                                   ("plain", PLAIN, A), ("hidden", HIDDEN, B)]
       for how, path, options in [("whole", "@", {}), ("glob", "@/*", {}), ("all", "@", ALL), ("base", "@/*", BASE)]},
    "twice": (["f.json", "g.json"], ["@", "@"], A, {}),
    "twice_file": (["f.json", "g.json"], ["@", "@/f.json"], A, {}),
    "twice_keyed": (["a=1/f.json", "a=2/g.json"], ["@", "@"], A, {}),
    "two_bases": (["a=1/f.json", "a=2/g.json"], ["@", "@/a=1/f.json"], A, {}),
    "inner_root": (["x/f.json", "g.json"], ["@", "@/x"], A, {}),
    "hidden_roots": (["_h/f.json", ".h/g.json", "x/h.json"], ["@/*"], A, {}),
    "hidden_root": (["_h/f.json", ".h/g.json", "x/h.json"], ["@/_h"], A, {}),
    "hidden_root_inside": (["_h/f.json", "g.json"], ["@", "@/_h"], A, {}),
    "hidden_file": (["x/_f.json"], ["@/x/_f.json"], A, {}),
    "empty_name": (["=1/f.json"], ["@"], A, {}),
    "empty_value": (["a=/f.json"], ["@"], A, {}),
    "escaped_value": (["a=1%2E5/f.json"], ["@"], A, {}),
    "escaped_name": (["a%62=1/f.json"], ["@"], A, {}),
    "space": (["a= 5/f.json"], ["@"], A, {}),
    "space_int": (["a= 5/f.json"], ["@"], B, {}),
    "hex": (["a=0x1p3/f.json"], ["@"], A, {}),
    "boolean": (["a=tRue/f.json", "a=false/f.json"], ["@"], "i INT, a BOOLEAN", {}),
    "byte": (["a=300/f.json"], ["@"], "i INT, a BYTE", {}),
    "decimal": (["a=1/f.json", "a=2.555/f.json", "a=10000000000/f.json"], ["@"], "i INT, a DECIMAL(12,2)", {}),
    "binary": (["a=%41b/f.json"], ["@"], "i INT, a BINARY", {}),
    "struct": (["a=1/f.json"], ["@"], "i INT, a STRUCT<x: INT>", {}),
    "float": (["a=1.1/f.json"], ["@"], "i INT, a FLOAT", {}),
    "timestamp": (["a=2024-01-01 10%3A00%3A00/f.json", "a=2024-01-02/f.json"], ["@"], "i INT, a TIMESTAMP", {"timeZone": "Asia/Tokyo"}),
    "bad": (["a=x/f.json"], ["@"], B, {}),
    "user_spelling": (["a=1/f.json"], ["@"], "A STRING, i INT", {}),
    "in_file_too": (["i=7/f.json"], ["@"], None, {}),
    "cases_of_folders": (["X/a=1/f.json", "x/a=2/f.json"], ["@"], A, {}),
    "temporary": (["_temporary/a=1/f.json", "a=2/f.json", "a=2/_temporary/0/f.json"], ["@"], A, {}),
    "filtered": (["a=1/f.json", "a=x/g.txt"], ["@"], None, {"pathGlobFilter": "*.json"}),
    "base_beside": (["x/a=1/f.json", "xy/a=2/f.json"], ["@/xy"], A, {"basePath": "@/x"}),
    "base_wrong": (["x/a=1/f.json", "y/a=2/f.json"], ["@/y"], A, {"basePath": "@/x"}),
    "base_above_file": (["x/a=1/b=2/f.json"], ["@/x/a=1/b=2/f.json"], A, {"basePath": "@/x"}),
    "base_slash": (["x/a=1/b=2/f.json"], ["@/x/a=1/b=2"], A, {"basePath": "@/x/a=1/"}),
    "base_uri": (["x/a=1/b=2/f.json"], ["@/x/a=1/b=2"], A, {"basePath": "file://@/x"}),
    "base_none": (["x/a=1/f.json"], ["@/x"], A, {"basePath": "@/none"}),
    "base_none_all": (["x/a=1/f.json"], ["@/x"], A, {"basePath": "@/none", **ALL}),
    "glob_character": (LIKE, ["@/?/"], A, {}),
    "glob_escape": (LIKE, ["@/a\\*b"], A, {}),
    "glob_class": (LIKE, ["@/a[!b]c"], A, {}),
    "glob_range": (LIKE, ["@/[a-b]{[,b,*}*"], A, {}),
    "glob_braces": (LIKE, ["@/{abc,abc}"], A, {}),
    "glob_brace_paths": (["abc/f.json", "d/f.json"], ["@/{abc/f.json,d,abc/f.json}"], A, {}),
    "dots": (["abc/f.json", "d/f.json"], ["@//./abc/../d//"], A, {}),
    "missing": (["abc/f.json"], ["@/abc", "@/none"], A, {}),
    "missing_glob": (["abc/f.json"], ["@/abc", "@/none*"], A, {}),
}
# Streams: what there is at first, what comes then, how it is read; the rows after each of the two runs.
STREAM = {
    "one": (ONE, ["x/a=3/f.json"], "@", B, {}),
    "deep": (DEEP, ["x/y/a=1/g.json"], "@", B, {}),
    "plain": (PLAIN, ["s.json", "x/s.json"], "@", A, {}),
    "plain_glob": (PLAIN, ["s.json", "x/s.json"], "@/*", A, {}),
    "plain_all": (PLAIN, ["x/y/z/s.json"], "@", A, ALL),
    "leaf": (LEAF, ["a=2/z/f.json"], "@", B, {}),
    "leaf_base": (LEAF, ["a=2/z/f.json"], "@/*", B, BASE),
    "mixed": (MIXED, ["a=2/f.json"], "@", B, {}),
    "late": (["r.json"], ["a=1/f.json"], "@", B, {}),
    "other_place": (ONE, ["y/a=3/f.json"], "@", B, {}),
    "other_names": (ONE, ["x/b=3/f.json"], "@", B, {}),
    "bad_later": (["a=1/f.json"], ["a=x/f.json"], "@", B, {}),
    "hidden": (HIDDEN, ["a=1/.later.json", "a=1/later.json"], "@", B, {}),
}


def put(folder, files, first=0):
    for n, name in enumerate(files, first):
        path = f"{folder}/t/{name}"
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as f:
            f.write(json.dumps({"i": n}) + "\n")


def answer(df):
    rows = sorted((r.asDict() for r in df.collect()), key=lambda r: r["i"])
    return [df.schema.simpleString(), *(", ".join(f"{k} {v}" for k, v in r.items()) for r in rows)]


def refusal(e):
    text = str(e).split("terminated with exception: ")[-1].split("\n\nJVM stack")[0].split(" SQLSTATE")[0]
    for noise in ("requirement failed: ", "(java.io.IOException) ", "error parsing regexp: "):
        text = text.replace(noise, "")
    text = re.sub(r"list #\d", "list #N", text.split(". Close it, or write")[0].replace("file:/", "/"))  # in no order
    return {"refused": " ".join(sorted(text.split("\n"))).strip()}


def batch(spark, folder, files, paths, schema, options):
    put(folder, files)
    at = lambda p: p.replace("@", f"{folder}/t")  # noqa: E731
    reader = spark.read.options(**{k: at(v) for k, v in options.items()})
    try:
        return answer((reader.schema(schema) if schema else reader).json([at(p) for p in paths]))
    except Exception as e:
        return refusal(e)


def stream(spark, folder, first, later, path, schema, options):
    out = []
    for start, files in ((0, first), (len(first), later)):
        put(folder, files, start)
        at = lambda p: p.replace("@", f"{folder}/t")  # noqa: E731
        try:
            df = spark.readStream.options(**{k: at(v) for k, v in options.items()}).schema(schema).json(at(path))
            q = df.writeStream.format("json").option("path", f"{folder}/out").option("checkpointLocation", f"{folder}/ck") \
                .trigger(availableNow=True).start()
            q.awaitTermination(60)
            if q.exception():
                raise q.exception()
            out.append(answer(spark.read.schema("i INT, a STRING").json(f"{folder}/out")))
        except Exception as e:
            out.append(refusal(e))
    return out


def sink_output(spark, folder):
    """A folder that a stream writes to, as it is read and written by others."""
    put(folder, ["a.json", "b.json"])
    out, steps = f"{folder}/out", {}
    stream_of = lambda p: spark.readStream.schema(A).json(p)  # noqa: E731

    def write(df, ck, path=out):
        w = df.writeStream.format("json").option("path", path).option("checkpointLocation", folder + ck)
        w.trigger(availableNow=True).start().awaitTermination(60)

    def read(name, *paths):
        try:
            steps[name] = answer(spark.read.schema(A).json([*(paths or [out])]))
        except Exception as e:
            steps[name] = refusal(e)

    os.makedirs(f"{folder}/none")
    os.makedirs(out)
    with open(f"{out}/old.json", "w") as f:
        f.write('{"i": 99}\n')
    write(stream_of(f"{folder}/none"), "/ck0", f"{folder}/empty")
    read("before the first batch", f"{folder}/empty")
    write(stream_of(f"{folder}/t"), "/ck1")
    read("what its log names")
    read("two paths", out, f"{folder}/t")
    read("by a glob", f"{out}/*.json")
    read("the log itself", f"{out}/_spark_metadata")
    spark.range(8, 9).selectExpr("cast(id as int) i").write.mode("append").json(out)
    read("after an append")
    write(stream_of(out), "/ck2", f"{folder}/next")
    read("as a stream", f"{folder}/next")
    spark.conf.set("spark.sql.streaming.fileStreamSink.ignoreMetadata", "true")
    read("without its log")
    spark.conf.unset("spark.sql.streaming.fileStreamSink.ignoreMetadata")
    write(stream_of(f"{folder}/t"), "/ck3")
    read("another stream into it, whose first batch is in the log")
    spark.range(7, 8).selectExpr("cast(id as int) i").write.mode("overwrite").json(out)
    read("after an overwrite")
    return steps


def result(spark, kind, name, folder):
    made = sink_output(spark, folder) if kind == "sink" else globals()[kind](spark, folder, *globals()[kind.upper()][name])
    return json.loads(json.dumps(made, ensure_ascii=False).replace(folder, "DIR"))


ALL_CASES = [("batch", n) for n in BATCH] + [("stream", n) for n in STREAM] + [("sink", "output")]
