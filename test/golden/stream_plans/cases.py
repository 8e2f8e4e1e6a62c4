"""Streaming plans and what Spark makes of each in each output mode: runs, with the operators of its progress, or a
refusal. `python test/golden/stream_plans/cases.py` with a Python that has pyspark and a JVM writes spark.json."""
import json
import os
import pathlib
import tempfile

from pyspark.sql import Window, functions as F

MODES = ("append", "update", "complete")


def plans(s, folder):
    """{name: function that gives the streaming DataFrame}"""
    def src():
        return s.readStream.schema("id BIGINT, ts TIMESTAMP, k STRING, v BIGINT").json(folder)

    def wm():
        return src().withWatermark("ts", "5 seconds")

    def W():
        return F.window("ts", "10 seconds")

    static = s.range(3).selectExpr("id", "current_timestamp() ts", "'a' k", "id v")
    return {
        "plain": lambda: src(),
        "agg": lambda: src().groupBy("k").count(),
        "agg_global": lambda: src().agg(F.sum("v")),
        "agg_wm": lambda: wm().groupBy(W(),"k").count(),
        "agg_wm_nokey": lambda: wm().groupBy("k").count(),
        "agg_win_nowm": lambda: src().groupBy(W()).count(),
        "sort": lambda: src().orderBy("v"),
        "agg_sort": lambda: src().groupBy("k").count().orderBy("count"),
        "agg_wm_sort": lambda: wm().groupBy(W()).count().orderBy("count"),
        "limit": lambda: src().limit(2),
        "agg_limit": lambda: src().groupBy("k").count().limit(2),
        "agg_sort_limit": lambda: src().groupBy("k").count().orderBy("k").limit(2),
        "limit_agg": lambda: src().limit(2).groupBy("k").count(),
        "distinct_agg": lambda: src().agg(F.countDistinct("k")),
        "distinct": lambda: src().distinct(),
        "dedup": lambda: src().dropDuplicates(["k"]),
        "dedup_wm": lambda: wm().dropDuplicates(["k","ts"]),
        "dedup_wm_within": lambda: wm().dropDuplicatesWithinWatermark(["k"]),
        "dedup_nowm_within": lambda: src().dropDuplicatesWithinWatermark(["k"]),
        "agg_dedup": lambda: src().groupBy("k").count().dropDuplicates(["k"]),
        "agg_wm_dedup": lambda: wm().groupBy(W()).count().dropDuplicates(["window"]),
        "dedup_agg": lambda: wm().dropDuplicates(["k","ts"]).groupBy(W()).count(),
        "session": lambda: wm().groupBy(F.session_window("ts","5 seconds"),"k").count(),
        "session_nokey": lambda: wm().groupBy(F.session_window("ts","5 seconds")).count(),
        "session_nowm": lambda: src().groupBy(F.session_window("ts","5 seconds"),"k").count(),
        "wm_string": lambda: src().withWatermark("k","5 seconds"),
        "wm_missing": lambda: src().withWatermark("zz","5 seconds"),
        "wm_bad": lambda: src().withWatermark("ts","hello"),
        "wm_neg": lambda: src().withWatermark("ts","-5 seconds"),
        "wm_month": lambda: src().withWatermark("ts","1 month").groupBy(W()).count(),
        "two_aggs": lambda: wm().groupBy(W(),"k").count().groupBy("window").count(),
        "two_aggs_nowm": lambda: src().groupBy("k").count().groupBy("count").count(),
        "win_of_win": lambda: wm().groupBy(W(),"k").count().groupBy(F.window(F.window_time("window"),"20 seconds")).count(),
        "offset": lambda: src().offset(1),
        "intersect": lambda: src().intersect(static),
        "except": lambda: src().exceptAll(static),
        "union_batch": lambda: src().union(static),
        "union": lambda: src().union(src()),
        "union_dedup": lambda: src().union(src()).dropDuplicates(),
        "rollup": lambda: src().rollup("k").count(),
        "cube": lambda: src().cube("k").count(),
        "sample": lambda: src().sample(0.5),
        "repart": lambda: src().repartition(3),
        "coalesce": lambda: src().coalesce(1),
        "wm_after_agg": lambda: src().groupBy("ts").count().withWatermark("ts","1 second"),
        "having": lambda: wm().groupBy(W()).count().where("count > 1"),
        "two_wm": lambda: wm().withWatermark("ts","9 seconds").groupBy(W()).count(),
        "window_fn": lambda: src().withColumn("r", F.row_number().over(Window.partitionBy("k").orderBy("v"))),
        "join_batch": lambda: src().join(static,"k"),
        "observe": lambda: src().observe("m", F.count("*").alias("n")),
        "agg_filter": lambda: wm().groupBy(W()).agg(F.expr("count(*) filter (where v>1)")),
        "sort_within": lambda: src().sortWithinPartitions("v"),
        "agg_pandas": lambda: src().groupBy("k").agg(F.collect_list("v")),
        "max_by": lambda: src().groupBy("k").agg(F.max_by("v","ts")),
        "percentile": lambda: src().groupBy("k").agg(F.percentile_approx("v",0.5)),
        "mode": lambda: src().groupBy("k").agg(F.mode("v")),
        "corr": lambda: src().groupBy("k").agg(F.corr("v","id")),
        "skew": lambda: src().groupBy("k").agg(F.skewness("v")),
        "dedup_twice": lambda: wm().dropDuplicates(["k","ts"]).dropDuplicates(["ts"]),
        "dedup_limit": lambda: src().dropDuplicates(["k"]).limit(3),
        "limit_dedup": lambda: src().limit(3).dropDuplicates(["k"]),
        "limit_limit": lambda: src().limit(3).limit(2),
        "nested": lambda: src().groupBy("k").agg(F.struct(F.count("*").alias("n"))),
        "group_map": lambda: src().groupBy(F.expr("map(k, v)")).count(),
        "distinct_select": lambda: wm().select("k","ts").distinct(),
        "pivot": lambda: src().groupBy("k").pivot("v",[1,2]).count(),
        "tail": lambda: src().tail(1),
        "collect": lambda: src().collect(),
        "count": lambda: src().count(),
        "show": lambda: src().show(),
        "write": lambda: src().write.format("noop").mode("append").save(),
        "cache": lambda: src().cache(),
        "head": lambda: src().head(1),
    }


def land(folder):
    with open(os.path.join(folder, "a.json"), "w") as f:
        f.write('{"id":1,"ts":"2026-01-01T00:00:00Z","k":"a","v":2}\n')


def outcome(plan, mode):
    """["ok", [operator, ...]] or [exception, condition, message]"""
    try:
        q = plan().writeStream.format("noop").outputMode(mode).trigger(availableNow=True).start()
        try:
            q.awaitTermination(60)
            return ["ok", [o["operatorName"] for o in (q.lastProgress or {}).get("stateOperators", [])]]
        finally:
            q.stop()
    except Exception as e:
        condition = e.getCondition() if hasattr(e, "getCondition") else None
        return [type(e).__name__, condition, str(e).split("\n\nJVM stacktrace")[0]]


def main():
    from pyspark.sql import SparkSession

    folder = tempfile.mkdtemp()
    land(folder)
    s = SparkSession.builder.remote("local[2]").config("spark.ui.enabled", "false") \
        .config("spark.sql.shuffle.partitions", "2").config("spark.sql.session.timeZone", "UTC").getOrCreate()
    got = {n: {m: outcome(p, m) for m in MODES} for n, p in plans(s, folder).items()}
    out = pathlib.Path(__file__).resolve().parent / "spark.json"
    out.write_text(json.dumps({"spark": s.version, "plans": got}, indent=1, sort_keys=True) + "\n")
    s.stop()


if __name__ == "__main__":
    main()
