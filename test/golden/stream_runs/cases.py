"""Queries with state over the same files, stopped and started again between the phases, at times as another query: rows of
each batch, progress, errors and the layout of the state. `python test/golden/stream_runs/cases.py [name ...]` with a Python
that has pyspark and a JVM writes spark.json."""
import datetime
import decimal
import json
import os
import pathlib
import random
import re
import struct
import sys
import tempfile
import time

from pyspark.sql import functions as F

HERE = pathlib.Path(__file__).resolve().parent
SCHEMA = ("id BIGINT, ts TIMESTAMP, k STRING, j INT, v BIGINT, d DOUBLE, b BOOLEAN, by TINYINT, dec DECIMAL(10,2), bin BINARY, "
          "st STRUCT<x: INT, y: STRING>, arr ARRAY<INT>, tn TIMESTAMP_NTZ")
P = "spark.sql.streaming."
BASE = {"spark.sql.shuffle.partitions": "2", P + "multipleWatermarkPolicy": "min", P + "noDataMicroBatches.enabled": "true",
        P + "stateStore.compression.codec": "lz4", P + "stateStore.rowChecksum.enabled": "false",
        P + "aggregation.stateFormatVersion": "2", P + "stateStore.stateSchemaCheck": "true"}
WM = "withWatermark('ts', '5 seconds')"
COUNT = "src().groupBy('k').agg(F.count('*').alias('n'))"
WINDOWED = f"src().{WM}.groupBy(F.window('ts', '10 seconds').alias('w'), 'k').agg(F.count('*').alias('n'))"
SESSION = f"src().{WM}.groupBy(F.session_window('ts', '5 seconds').alias('w'), 'k').count()"
UNION = ("src().withWatermark('ts', '5 seconds').select('id', 'ts', 'k').union(src(1).withWatermark('ts', '20 seconds')"
         ".select('id', 'ts', 'k')).groupBy(F.window('ts', '10 seconds').alias('w')).count()")


def one(text, mode="update", **conf):
    return [(text, mode, conf)] * 3


def two(a, b, mode="update", then=None, conf=(), conf2=()):
    return [(a, mode, dict(conf)), (b, then or mode, dict(conf2))]


def key(expr):
    return one(f"src().groupBy({expr}).agg(F.count('*').alias('n'))")


CASES = {
    # keys of state
    **{f"key_{k}": key(f"'{k}'") for k in ("k", "j", "v", "d", "b", "by", "dec", "bin", "st", "arr", "tn", "ts")},
    "key_nested": key("F.expr(\"named_struct('a', d, 'b', array(j), 'c', dec, 'd', st)\").alias('g')"),
    "key_null": key("F.lit(None).alias('g')"),
    "key_constant": key("F.lit(1).alias('g'), 'k'"),
    "key_constants": one("src().groupBy('k', F.lit('x').alias('g'), 'j').agg(F.count('*').alias('n')).select('g', 'n', 'k', 'j')"),
    "key_constants_only": key("F.lit(1).alias('g'), F.lit('q').alias('h')"),
    "key_constant_window": one(f"src().{WM}.groupBy(F.window('ts', '10 seconds').alias('w'), F.lit('q').alias('h'), "
                               "F.expr('1+1').alias('two')).agg(F.count('*').alias('n'))", "append"),
    "key_constant_column": one("src().withColumn('g', F.lit(1)).groupBy('g', 'k').agg(F.count('*').alias('n'))"),
    "key_today": one("src().groupBy(F.current_date().alias('g'), 'k').agg(F.count('*').alias('n')).select('k', 'n')"),
    "dedup_constant": one("src().withColumn('g', F.lit(1)).dropDuplicates(['g', 'k']).select('k')", "append"),
    "session_constant": one(f"src().{WM}.groupBy(F.lit('q').alias('h'), F.session_window('ts', '5 seconds').alias('w'), 'k').count()",
                            "append"),
    "session_constant_only": one(f"src().{WM}.groupBy(F.session_window('ts', '5 seconds').alias('w'), F.lit('q').alias('h')).count()",
                                 "append"),
    # sessions
    "session_last": one(f"src().{WM}.groupBy('k', F.session_window('ts', '5 seconds').alias('w'), 'j')"
                        ".agg(F.count('*').alias('n'), F.sum('id').alias('s'))", "append"),
    "session_last_complete": one(f"src().{WM}.groupBy('k', F.session_window('ts', '5 seconds').alias('w')).count()", "complete"),
    "session_gap": one(f"src().{WM}.groupBy(F.session_window('ts', F.expr(\"case when k = 'a' then '2 seconds' when k is null "
                       "then '0 seconds' else '9 seconds' end\")).alias('w'), 'b').agg(F.count('*').alias('n'))", "append"),
    # one operator above another
    "chain_window_time": one(f"src().{WM}.groupBy(F.window('ts', '5 seconds').alias('w'), 'k').count()"
                             ".groupBy(F.window(F.window_time('w'), '10 seconds').alias('w2')).agg(F.sum('count').alias('s'))", "append"),
    "chain_window": one(f"src().{WM}.groupBy(F.window('ts', '5 seconds').alias('w'), 'k').count()"
                        ".groupBy(F.window('w', '20 seconds').alias('w2')).agg(F.sum('count').alias('s'))", "append"),
    "chain_session": one(f"src().{WM}.groupBy(F.session_window('ts', '5 seconds').alias('w'), 'k').count()"
                         ".groupBy(F.window(F.window_time('w'), '20 seconds').alias('w2')).agg(F.sum('count').alias('s'))", "append"),
    "chain_dedup": one(f"src().{WM}.dropDuplicatesWithinWatermark(['k']).groupBy(F.window('ts', '5 seconds').alias('w')).count()",
                       "append"),
    "chain_of_four": one(f"src().{WM}.dropDuplicates(['id', 'ts']).groupBy(F.window('ts', '5 seconds').alias('w'), 'k').count()"
                         ".groupBy(F.window(F.window_time('w'), '10 seconds').alias('w2'), 'k').agg(F.sum('count').alias('count'))"
                         ".groupBy(F.window(F.window_time('w2'), '20 seconds').alias('w3')).agg(F.sum('count').alias('s'))", "append"),
    "chain_union": one(f"src().{WM}.dropDuplicates(['k', 'ts']).select('id', 'ts', 'k').union(src(1).withWatermark('ts', '20 seconds')"
                       ".dropDuplicatesWithinWatermark(['id']).select('id', 'ts', 'k'))"
                       ".groupBy(F.window('ts', '10 seconds').alias('w')).agg(F.count('id').alias('n'))", "append"),
    "union_min": one(UNION, "append"),
    "union_max": one(UNION, "append", **{P + "multipleWatermarkPolicy": "max"}),
    # event time that nobody reads above
    "unread_dedup": one(f"src().{WM}.dropDuplicates(['k']).select('k')", "append"),
    "unread_dedup_sum": one(f"src().{WM}.dropDuplicates(['k', 'j']).groupBy('k').agg(F.count('id').alias('n'))", "complete"),
    "unread_dedup_renamed": one(f"src().{WM}.select('k', F.col('ts').alias('t')).dropDuplicates(['k']).select('k')", "append"),
    "unread_dedup_key": one(f"src().{WM}.select('k', F.col('ts').alias('t')).dropDuplicates(['k', 't']).select('k')", "append"),
    "unread_within": one(f"src().{WM}.dropDuplicatesWithinWatermark(['k']).select('k')", "append"),
    "unread_within_renamed": one(f"src().{WM}.select('k', F.col('ts').alias('t')).dropDuplicatesWithinWatermark(['k']).select('k')", "append"),
    "unread_within_union": one(f"src().{WM}.select('k', F.col('ts').alias('t')).union(src(1).{WM}.select('k', F.col('ts').alias('t')))"
                               ".dropDuplicatesWithinWatermark(['k']).select('k')", "append"),
    "unread_explode": one("src().select('k', 'ts', F.explode('arr').alias('e'), F.raise_error(F.lit('never')).alias('r'))"
                          f".{WM}.dropDuplicates(['k']).select('k')", "append"),
    # SQL
    "sql_distinct": one("SQL select distinct k, b from plain"),
    "sql_distinct_watermark": one("SQL select distinct k, ts from marked", "append"),
    "sql_union": one("SQL select k, j from plain union select k, by from plain"),
    "sql_having_alias": one("SQL select k, count(*) c, sum(v) s from plain group by k having c > 1 and s is not null"),
    "sql_having_window": one("SQL select window.start st, k, count(*) c from marked group by window(ts, '10 seconds'), k having c > 1",
                             "append"),
    "no_data_off": one(WINDOWED, "append", **{P + "noDataMicroBatches.enabled": "false"}),
    "global": one("src().agg(F.count('*').alias('n'), F.max('st').alias('m'))"),
    # aggregates whose buffers are others' buffers side by side, or objects
    "agg_regression": one("src().groupBy('k').agg(*[F.round(F.expr(f'regr_{f}(int(b), id % 7)'), 6).alias(f) for f in "
                          "('count', 'avgx', 'avgy', 'sxx', 'syy', 'sxy', 'slope', 'intercept', 'r2')])"),
    "agg_percentile": one("src().groupBy('k').agg(F.median('j').alias('a'), F.expr('percentile(by, array(0.25, 0.75))').alias('b'), "
                          "F.expr('percentile(dec, 0.5)').alias('c'), F.expr('percentile(v, 0.25, abs(int(by)))').alias('e'))"),
    "agg_mode": one("src().groupBy('k').agg(F.mode('b', True).alias('a'), F.mode('st', True).alias('s'), F.mode('bin', True).alias('c'))"),
    "agg_percentile_approx": one("src().groupBy('k').agg(F.percentile_approx('j', 0.5).alias('a'), "
                                 "F.percentile_approx('dec', [0.1, 0.5, 1.0], 20).alias('b'), F.approx_percentile('ts', 0.4).alias('c'))"),
    # started again as something else
    "to_other_key": two(COUNT, "src().groupBy('j').agg(F.count('*').alias('n'))"),
    "to_more_keys": two(COUNT, "src().groupBy('k', 'j').agg(F.count('*').alias('n'))"),
    "to_renamed_key": two(COUNT, "src().groupBy(F.col('k').alias('kk')).agg(F.count('*').alias('n'))"),
    "to_other_value": two(COUNT, "src().groupBy('k').agg(F.sum('d').alias('n'))"),
    "to_more_values": two(COUNT, "src().groupBy('k').agg(F.count('*').alias('n'), F.sum('v').alias('s'))"),
    "to_other_value_unchecked": two(COUNT, "src().groupBy('k').agg(F.sum('d').alias('n'))", conf2={P + "stateStore.stateSchemaCheck": "false"}),
    "to_dedup": two(COUNT, "src().dropDuplicates(['k']).select('k')"),
    "to_stateless": two(COUNT, "src().select('id')"),
    "from_stateless": two("src().select('id')", COUNT),
    "to_more_operators": two(f"src().{WM}.groupBy(F.window('ts', '10 seconds').alias('w'), 'k').count()",
                             f"src().{WM}.dropDuplicates(['id', 'ts']).groupBy(F.window('ts', '10 seconds').alias('w'), 'k').count()", "append"),
    "to_fewer_operators": two(f"src().{WM}.dropDuplicates(['id', 'ts']).groupBy(F.window('ts', '10 seconds').alias('w'), 'k').count()",
                              f"src().{WM}.groupBy(F.window('ts', '10 seconds').alias('w'), 'k').count()", "append"),
    "to_other_dedup": two(f"src().{WM}.dropDuplicates(['k']).select('id')", f"src().{WM}.dropDuplicatesWithinWatermark(['k']).select('id')",
                          "append"),
    "to_dedup_order": two("src().dropDuplicates(['k', 'j']).select('id')", "src().dropDuplicates(['j', 'k']).select('id')", "append"),
    "to_session_order": two(SESSION, f"src().{WM}.groupBy('k', F.session_window('ts', '5 seconds').alias('w')).count()", "append"),
    "to_other_gap": two(SESSION, SESSION.replace("5 seconds').a", "9 seconds').a"), "append"),
    "to_complete": two(COUNT, COUNT, "update", "complete"),
    "append_to_update": two(WINDOWED, WINDOWED, "append", "update"),
    "to_two_sources": two(COUNT, "src().select('id', 'k').union(src(1).select('id', 'k')).groupBy('k').count()"),
    "other_partitions": two(COUNT, COUNT, conf2={"spark.sql.shuffle.partitions": "5"}),
    "other_codec": two(COUNT, COUNT, conf2={P + "stateStore.compression.codec": "zstd"}),
    "other_format": two(COUNT, COUNT, conf={P + "aggregation.stateFormatVersion": "1"}),
    "other_policy": two(UNION, UNION, "append", conf={P + "multipleWatermarkPolicy": "max"}),
    "other_checksum": two(COUNT, COUNT, conf={P + "stateStore.rowChecksum.enabled": "true"}),
    "limit_lower": two("src().select('id').limit(11)", "src().select('id').limit(5)", "append"),
    "conf_partitions": two(COUNT, COUNT, conf={"spark.sql.shuffle.partitions": "0"}),
    "conf_format": two(COUNT, COUNT, conf={P + "aggregation.stateFormatVersion": "3"}),
    "conf_policy": two(COUNT, COUNT, conf={P + "multipleWatermarkPolicy": "median"}),
    "conf_retain": two(COUNT, COUNT, conf={P + "minBatchesToRetain": "0"}),
}


def at(s):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(1_700_000_000 + int(s))) + f".{round(s % 1 * 1000):03d}Z"


def rows(seed, base, n):
    r, out = random.Random(seed), []
    for i in range(n):
        t = max(0, base + r.choice([0, 1, 2, 3.5, -3, -8, -30, 7, 12]))
        row = {"id": seed * 100 + i, "ts": at(t), "k": r.choice(["a", "b", "ä", "", None]), "j": r.choice([1, 2, None, -2147483648]),
               "v": r.choice([5, -7, 3, None, 9007199254740993]), "d": r.choice([0.0, -0.0, "NaN", 1.5, None, "-Infinity"]),
               "b": r.choice([True, False, None]), "by": r.choice([1, -128, None]), "dec": r.choice(["1.50", "-0.01", "99999999.99", None]),
               "bin": r.choice(["AAEC", "/w==", "", None]),
               "st": r.choice([{"x": 1, "y": "p"}, {"x": None, "y": "q"}, {"x": 1}, None]), "arr": r.choice([[1, 2], [1, None], [], None]),
               "tn": at(t)[:-1]}
        out.append({k: v for k, v in row.items() if v is not None})
    return out


PHASES = [[rows(1, 10, 8), rows(2, 20, 8)], [rows(3, 34, 10), rows(4, 30, 6)], [rows(5, 60, 8), [], rows(6, 90, 6)]]


def land(folder, phase):
    """Two folders; the files of a phase come after those of the ones before."""
    files = PHASES[phase]
    for n, some in enumerate([files, [rows(50 + phase * 2 + i, 15 + phase * 10, 4) for i in range(2)]]):
        to = pathlib.Path(folder) / f"in{n}"
        to.mkdir(parents=True, exist_ok=True)
        for i, records in enumerate(some):
            p = to / f"f{phase * 10 + i:03d}.json"
            p.write_text("".join(json.dumps(x) + "\n" for x in records))
            os.utime(p, (1_700_000_000 + phase * 10 + i,) * 2)


def frame(s, text, folder):
    def src(n=0):
        return s.readStream.schema(SCHEMA).option("maxFilesPerTrigger", 1).json(f"{folder}/in{n}")

    if text.startswith("SQL "):
        src().createOrReplaceTempView("plain")
        src().withWatermark("ts", "5 seconds").createOrReplaceTempView("marked")
        return s.sql(text[4:])
    return eval(text, {"F": F, "src": src})


def plain(v):
    if isinstance(v, float):
        return "NaN" if v != v else repr(v)
    if isinstance(v, (bytes, bytearray)):
        return v.hex()
    if hasattr(v, "asDict"):
        return {k: plain(x) for k, x in v.asDict().items()}
    if isinstance(v, (list, tuple)):
        return [plain(x) for x in v]
    return str(v) if isinstance(v, (datetime.datetime, decimal.Decimal)) else v


def texts(some):
    return sorted(json.dumps(plain(r), sort_keys=True, ensure_ascii=False) for r in some)


def progress(p):
    return [p["batchId"], p.get("eventTime", {}).get("watermark"),
            [[o[k] for k in ("operatorName", "numRowsTotal", "numRowsUpdated", "numRowsRemoved", "numRowsDroppedByWatermark",
                             "numShufflePartitions")] for o in p["stateOperators"]]]


def types(t):
    """A type without the names: those of a state's schema do not matter."""
    if isinstance(t, str):
        return t
    if t["type"] == "struct":
        return [types(f["type"]) for f in t["fields"]]
    return {k: types(v) for k, v in t.items() if k not in ("type", "containsNull")}


def layout(folder):
    """{operator: [name, types of the key, types of the value]} of a checkpoint"""
    found = {}
    for op in sorted(pathlib.Path(folder).glob("state/[0-9]*")):
        name = json.loads((op / "_metadata/metadata").read_text().split("\n")[1])["operatorInfo"]["operatorName"]
        b = (op / "0/_metadata/schema").read_bytes()
        at, sides = 2 + struct.unpack(">H", b[:2])[0], []
        for _ in range(2):
            n, at, text = struct.unpack(">i", b[at:at + 4])[0], at + 4, b""
            for _ in range(n):
                size = struct.unpack(">H", b[at:at + 2])[0]
                text, at = text + b[at + 2:at + 2 + size], at + 2 + size
            sides.append(types(json.loads(text)))
        found[op.name] = [name, *sides]
    return found


def message(e, folder):
    """Without the ids, paths and what follows the message; weir's hints come behind it."""
    text = str(e).split("\n\nJVM stacktrace")[0].split("\n=== ")[0].split(";\n")[0].split("\nWhat the checkpoint holds")[0]
    text = re.sub(r"^.*terminated with exception: ", "", text, flags=re.S)
    return re.sub(r"( SQLSTATE: \w+)+$", "", text.replace(str(folder), "DIR"))


def run(s, text, mode, conf, folder, collect):
    for k, v in {**BASE, P + "minBatchesToRetain": "100"}.items():
        s.conf.set(k, v)
    try:
        for k, v in conf.items():
            s.conf.set(k, v)
        w = frame(s, text, folder).writeStream.outputMode(mode).option("checkpointLocation", f"{folder}/ck").trigger(availableNow=True)
        got, reports = collect(w, mode)
        return {"rows": {str(k): texts(v) for k, v in got.items()}, "progress": [progress(p) for p in reports]}
    except Exception as e:
        return {"error": [type(e).__name__, e.getCondition() if hasattr(e, "getCondition") else None, message(e, folder)]}


def run_case(s, name, folder, collect):
    out = {"phases": []}
    for i, (text, mode, conf) in enumerate(CASES[name]):
        land(folder, i)
        out["phases"].append(run(s, text, mode, conf, folder, collect))
    out["state"] = layout(f"{folder}/ck")
    return out


def each_batch(w, mode):
    got = {}
    q = w.foreachBatch(lambda df, n: got.update({n: df.collect()})).start()
    try:
        if not q.awaitTermination(120):
            raise AssertionError("the query did not end")
        return got, [json.loads(p.json) if hasattr(p, "json") else p for p in q.recentProgress]
    finally:
        q.stop()


def main():
    from pyspark.sql import SparkSession

    os.environ["TZ"] = "UTC"
    time.tzset()
    s = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").config("spark.sql.session.timeZone", "UTC").getOrCreate()
    s.sparkContext.setLogLevel("OFF")
    out = HERE / "spark.json"
    had = json.loads(out.read_text())["cases"] if out.exists() else {}
    had.update({n: run_case(s, n, tempfile.mkdtemp(), each_batch) for n in sys.argv[1:] or CASES})
    text = ",\n".join(f"{json.dumps(n)}: {json.dumps(had[n], ensure_ascii=False, sort_keys=True)}" for n in sorted(had))
    out.write_text(f'{{"spark": {json.dumps(s.version)}, "cases": {{\n{text}\n}}}}\n', encoding="utf-8")
    s.stop()


if __name__ == "__main__":
    main()
