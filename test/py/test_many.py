"""More of a thing than any table of fixed size would hold: columns with state, relations, sources, watermarks, observations."""
import json
import os

from pyspark.sql import Observation
from pyspark.sql import functions as F

MANY = 300


def test_columns_that_keep_state(spark):
    row = spark.range(3).select(*[F.monotonically_increasing_id().alias(f"c{i}") for i in range(MANY)]).collect()[2]
    assert list(row) == [2] * MANY
    assert len(spark.range(1).select(*[F.rand(i) for i in range(MANY)]).first()) == MANY


def test_common_table_expressions(spark):
    ctes = ["c0 as (select 1 x)"] + [f"c{i} as (select x + 1 x from c{i - 1})" for i in range(1, 100)]
    assert spark.sql(f"with {', '.join(ctes)} select * from c99").first().x == 100


def test_common_table_expression_is_not_seen_in_a_view(spark):
    """Spark 4.2: a view's names are those of its own text."""
    spark.sql("create temporary view many_inner as select 1 x")
    spark.sql("create temporary view many_outer as select * from many_inner")
    assert spark.sql("with many_inner as (select 2 x) select * from many_outer").first().x == 1
    assert spark.sql("with many_inner as (select 2 x) select * from many_inner").first().x == 2


def test_relations(spark, tmp_path):
    spark.range(2).write.json(f"{tmp_path}/in")
    df = spark.read.schema("id INT").json(f"{tmp_path}/in")
    all_of = df
    for _ in range(MANY - 1):
        all_of = all_of.union(df)
    assert all_of.count() == 2 * MANY


def test_arguments(spark):
    n = 50
    assert spark.range(1).select(F.concat(*[F.array(F.lit(i)) for i in range(n)]).alias("x")).first().x == list(range(n))
    made = spark.range(1).select(F.map_concat(*[F.create_map(F.lit(i), F.lit(-i)) for i in range(n)]).alias("x")).first().x
    assert made == {i: -i for i in range(n)}


def test_storage_levels(spark):
    frames = [spark.range(i + 1).persist() for i in range(100)]
    assert all(df.storageLevel.useMemory for df in frames)
    for df in frames[::2]:
        df.unpersist()
    assert [df.storageLevel.useMemory for df in frames] == [False, True] * 50


def test_observations(spark):
    df, seen = spark.range(5), [Observation(f"o{i}") for i in range(100)]
    for i, o in enumerate(seen):
        df = df.observe(o, F.count(F.lit(1)).alias("n"), F.lit(i).alias("i"))
    df.collect()
    assert [o.get for o in seen] == [{"n": 5, "i": i} for i in range(100)]


def put(folder, name, *records):
    os.makedirs(folder, exist_ok=True)
    with open(f"{folder}/{name}.json", "w") as f:
        f.writelines(json.dumps(r) + "\n" for r in records)


def run(df, folder, mode="append"):
    q = df.writeStream.format("memory").queryName("many").outputMode(mode).option("checkpointLocation", f"{folder}/ck") \
        .trigger(availableNow=True).start()
    assert q.awaitTermination(100) and q.exception() is None
    return q


def test_sources_watermarks_and_observations_of_a_stream(spark, tmp_path):
    """Each load is a source of its own, each watermark counts, all metrics are reported."""
    n = 70
    df = None
    for i in range(n):
        put(f"{tmp_path}/in{i}", "a", {"t": f"2024-01-01T00:00:{i % 60:02d}Z", "i": i})
        one = spark.readStream.schema("t TIMESTAMP, i INT").json(f"{tmp_path}/in{i}").withWatermark("t", "1 second") \
            .observe(f"m{i}", F.max("i").alias("i"))
        df = df.union(one) if df else one
    q = run(df, tmp_path)
    assert sorted(r.i for r in spark.table("many").collect()) == list(range(n))
    progress = q.recentProgress[0]
    assert len(progress["sources"]) == n and progress["numInputRows"] == n
    assert {k: v.i for k, v in progress["observedMetrics"].items()} == {f"m{i}": i for i in range(n)}
    assert len(open(f"{tmp_path}/ck/offsets/0").read().split("\n")) == 2 + n
    put(f"{tmp_path}/in{n - 1}", "b", {"t": "2024-01-01T00:01:00Z", "i": -1})
    q = run(df, tmp_path)
    assert [r.i for r in spark.table("many").collect()] == [-1]


def test_aggregation_state(spark, tmp_path):
    """700 averages over a stream, in two batches: 1,400 columns of state."""
    n = 700
    df = spark.readStream.schema("k STRING, i INT").json(f"{tmp_path}/in").groupBy("k").agg(*[F.avg(F.col("i") + i) for i in range(n)])
    for name, i in (("a", 0), ("b", 2)):
        put(f"{tmp_path}/in", name, {"k": "x", "i": i})
        run(df, tmp_path, "complete")
        want = [i / 2 + k for k in range(n)]
        assert list(spark.table("many").first()) == ["x", *want]


def test_stateful_operators(spark, tmp_path):
    put(f"{tmp_path}/in", "a", {"i": 1}, {"i": 1})
    df = None
    for i in range(70):
        one = spark.readStream.schema("i INT").json(f"{tmp_path}/in").selectExpr(f"i + {i} i").dropDuplicates(["i"])
        df = df.union(one) if df else one
    q = run(df, tmp_path)
    assert sorted(r.i for r in spark.table("many").collect()) == list(range(1, 71))
    assert len(q.recentProgress[0]["stateOperators"]) == 70
    put(f"{tmp_path}/in", "b", {"i": 1}, {"i": 2})
    run(df, tmp_path)
    assert sorted(r.i for r in spark.table("many").collect()) == list(range(2, 72))


def test_source_named_twice_is_one_source(spark, tmp_path):
    """SPARK MicroBatchExecution: the same DataFrame, or view, again is read by the same source, with an offset per place.
    Two loads are two sources. test tools/crosscheck/sources.py goes on between engines."""
    put(f"{tmp_path}/in", "a", {"i": 1}, {"i": 2})
    one = spark.readStream.schema("i INT").json(f"{tmp_path}/in")
    other = spark.readStream.schema("i INT").json(f"{tmp_path}/in")
    one.createOrReplaceTempView("many_stream")
    view = spark.sql("with c as (select * from many_stream) select * from c union all select i + 10 from c union all select * from many_stream")
    df = one.filter("i % 5 > 0").union(one.filter("i % 5 < 2")).union(other).union(view)
    q = run(df, tmp_path)
    assert sorted(r.i for r in spark.table("many").collect()) == [1, 1, 1, 1, 1, 2, 2, 2, 2, 11, 12]
    # Spark 4.2.0: places are the two of one, the load of other, the expression's (once), the view's
    assert open(f"{tmp_path}/ck/offsets/0").read().split("\n")[2:] == ['{"logOffset":0}'] * 5
    assert sorted(os.listdir(f"{tmp_path}/ck/sources")) == ["0", "1"]
    assert [s["numInputRows"] for s in q.recentProgress[0]["sources"]] == [10, 2]
