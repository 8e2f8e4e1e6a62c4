"""Plans that Spark's analyser refuses, and some near them that it takes. `python test/golden/analysis/cases.py` with a Python that
has pyspark and a JVM writes spark.json."""
import json
import pathlib
import re

from pyspark.sql import functions as F


def cases(s):
    d = s.createDataFrame([(1, "a", 2), (2, "b", 3)], "id INT, k STRING, v INT")
    d.createOrReplaceTempView("t")
    d.select(F.create_map("k", "v").alias("m")).createOrReplaceTempView("maps")
    now = F.expr("timestamp'2024-01-01'")

    def sql(text):
        return lambda: s.sql(text).collect()

    def window(*args):
        return lambda: d.groupBy(F.window(now, *args)).count().collect()

    return {
        "where": lambda: d.where(F.sum("v") > 1).collect(),
        "where_sql": sql("select * from t where sum(v) > 1"),
        "where_three": lambda: d.where((F.sum("v") > 1) & (F.max("id") > F.count("*"))).collect(),
        "nested": lambda: d.groupBy("k").agg(F.sum(F.count("v"))).collect(),
        "nested_sql": sql("select k, sum(v + max(id)) from t group by k"),
        "order": lambda: d.orderBy(F.sum("v")).collect(),
        "with_column": lambda: d.withColumn("x", F.sum("v")).collect(),
        "with_column_only": lambda: d.select("id").withColumn("id", F.sum("id")).collect(),
        "group": lambda: d.groupBy(F.sum("v")).count().collect(),
        "group_sql": sql("select count(*) from t group by sum(v)"),
        "group_position": sql("select sum(v), count(*) from t group by 1"),
        "filter": lambda: d.groupBy("k").agg(F.expr("count(*) filter (where sum(v) > 1)")).collect(),
        "filter_type": lambda: d.groupBy("k").agg(F.expr("count(*) filter (where v)")).collect(),
        "filter_rand": lambda: d.groupBy("k").agg(F.expr("count(*) filter (where rand() > 0.5)")).collect(),
        "having_no_group": sql("select k from t having sum(v) > 1"),
        "having_alias": sql("select k, count(*) c from t group by k having c > 0 order by k"),
        "having_aliases": sql("select upper(k) u, sum(v) c from t group by k having c > 2 and u <> 'Z' order by u"),
        "having_alias_of_column": sql("select k, sum(v) v from t group by k having v > 2"),
        "having_aggregate_of_column": sql("select k, sum(v) v from t group by k having max(v) > 2"),
        "having_alias_and_aggregate": sql("select k, sum(v) c from t group by k having c + max(id) > 3"),
        "rand": lambda: d.groupBy("k").agg(F.sum(F.rand(1))).collect(),
        "uuid": lambda: d.groupBy("k").agg(F.max(F.expr("uuid()"))).collect(),
        "limit": lambda: d.limit(-1).collect(),
        "limit_sql": sql("select * from t limit -1"),
        "offset": lambda: d.offset(-1).collect(),
        "tail": lambda: d.tail(-1),
        "mixed": lambda: d.select("k", F.sum("v")).collect(),
        "mixed_sql": sql("select k, sum(v) from t"),
        "mixed_group": lambda: d.groupBy("k").agg(F.col("id"), F.sum("v")).collect(),
        "dedup_missing": lambda: d.dropDuplicates(["zz"]).collect(),
        "map_distinct": lambda: d.select(F.create_map("k", "v").alias("m")).distinct().collect(),
        "map_dedup": lambda: d.select("k", F.create_map("k", "v").alias("m")).dropDuplicates(["m"]).collect(),
        "map_inside": lambda: d.select("k", F.array(F.create_map("k", "v")).alias("m")).distinct().collect(),
        "map_union": sql("select m from maps union select m from maps"),
        "map_select_distinct": sql("select distinct m from maps"),
        "map_intersect": lambda: s.table("maps").intersect(s.table("maps")).collect(),
        "map_except": lambda: s.table("maps").exceptAll(s.table("maps")).collect(),
        "window_negative": window("-1 second"),
        "window_zero": window("0 second"),
        "window_slide": window("5 second", "10 seconds"),
        "window_slide_zero": window("5 second", "0 seconds"),
        "window_start": window("5 second", "5 seconds", "10 seconds"),
        "window_two": lambda: d.groupBy(F.window(now, "5 seconds").alias("a"), F.window(now, "9 seconds").alias("b")).count().collect(),
        "window_time": lambda: d.select(F.window_time("id")).collect(),
        "watermark_inside": lambda: d.selectExpr("named_struct('t', timestamp'2024-01-01') st").withWatermark("st.t", "1 second").collect(),
    }


def shown(text):
    """Without plan, position in the text, qualifiers, and the casts that analysis adds."""
    text = text.split("\n\nJVM stacktrace")[0].split(";\n")[0].split("\n== SQL")[0]
    text = re.sub(r"; line \d+ pos \d+", "", text).replace("t.v", "v")
    text = text.replace("CAST('2024-01-01' AS TIMESTAMP)", "2024-01-01 00:00:00")
    return re.sub(r"CAST\((\w+(?:\(\w+\))?|[\d.]+) AS \w+\)", r"\1", text)


def outcome(call):
    try:
        return ["ok", sorted(str(r) for r in call())]
    except Exception as e:
        return [type(e).__name__, e.getCondition() if hasattr(e, "getCondition") else None, shown(str(e))]


def main():
    from pyspark.sql import SparkSession

    s = SparkSession.builder.remote("local[1]").config("spark.ui.enabled", "false").getOrCreate()
    s.conf.set("spark.sql.session.timeZone", "UTC")
    got = {n: outcome(c) for n, c in cases(s).items()}
    out = pathlib.Path(__file__).resolve().parent / "spark.json"
    out.write_text(json.dumps({"spark": s.version, "cases": got}, indent=1, sort_keys=True) + "\n")
    s.stop()


if __name__ == "__main__":
    main()
