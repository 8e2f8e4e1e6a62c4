"""The queries whose checkpoints lie here, as Apache Spark 4.3.0 ran them; for Spark and weir alike."""
import datetime
import decimal
import json

from pyspark.sql import functions as F

MTIME0_S = 1_700_000_000  # of the first input file; each next one is a second younger
SHORT_LOGS = {"spark.sql.streaming.minBatchesToRetain": "5", "spark.sql.streaming.fileSource.log.cleanupDelay": "0",
              "spark.sql.streaming.fileSink.log.cleanupDelay": "0"}
SHORT_STATE = {"spark.sql.streaming.minBatchesToRetain": "5", "spark.sql.streaming.stateStore.minDeltasForSnapshot": "3"}
TEN = "10 seconds"
FIVE = "5 seconds"


def stateless(df):
    return df.where("v > 0").selectExpr("id", "ts", "upper(k) AS k", "v * 2 AS v2")


def windows(df):
    return (df.withWatermark("ts", FIVE).groupBy(F.window("ts", TEN), "k")
            .agg(F.count("*").alias("n"), F.sum("v").alias("sv"), F.avg("v").alias("av"), F.min("v").alias("mn"),
                 F.max("v").alias("mx")))


def buffers(df):
    d = df.selectExpr("*", "CAST(v AS DECIMAL(10,2)) AS d", "CAST(v AS DECIMAL(20,2)) AS dd", "CAST(v AS DOUBLE) AS f",
                      "CAST(v AS INT) AS i", "v > 5 AS bo")
    calls = [F.count("v"), F.sum("d"), F.avg("d"), F.sum("f"), F.avg("f"), F.min("k"), F.max("d"), F.first("v"), F.last("v")]
    named = [c.alias(f"c{i + 1}") for i, c in enumerate(calls)] + [F.first("v", ignorenulls=True).alias("c9b")]
    rest = [F.stddev("v"), F.var_pop("f"), F.sum("i"), F.bool_and("bo"), F.avg("dd"), F.sum("dd")]
    return d.groupBy("k").agg(*named, *[c.alias(f"c{i + 10}") for i, c in enumerate(rest)])


def lists(df):
    return df.groupBy("k").agg(F.approx_count_distinct("v").alias("acd"), F.collect_list("v").alias("cl"),
                               F.collect_set("id").alias("cs"), F.count("*").alias("n"))


def counted(df):
    d = df.selectExpr("*", "CAST(v AS DECIMAL(20,2)) / 4 AS d", "CAST(id % 5 AS INT) AS n", "v % 3 AS m")
    calls = ["median(v)", "percentile(d, array(0.25, 0.5))", "percentile(v, 0.75, n)", "mode(m, true)", "mode(k, true)",
             "mode(array(m), true)", "percentile_approx(v, 0.5)", "approx_percentile(ts, array(0.1, 0.9), 50)",
             *[f"round(regr_{f}(n, m), 9)" for f in ("count", "avgx", "avgy", "sxx", "syy", "sxy", "slope", "intercept", "r2")]]
    return d.groupBy(F.expr("coalesce(k, 'nil')").alias("g")).agg(*[F.expr(c).alias(f"c{i}") for i, c in enumerate(calls)])


KEYS = {"g_b": "CAST(v % 100 AS BYTE)", "g_s": "CAST(v AS SHORT)", "g_i": "CAST(v AS INT)", "g_o": "v % 2 = 0",
        "g_f": "CAST(v AS FLOAT) * 1.5F", "g_d": "CASE WHEN v = 7 THEN -0.0D ELSE v * 0.25D END",
        "g_d9": "CAST(v AS DECIMAL(9,2))", "g_d38": "CAST(v AS DECIMAL(38,10)) * -1", "g_dt": "CAST(ts AS DATE)",
        "g_tn": "CAST(ts AS TIMESTAMP_NTZ)", "g_bin": "CAST(k AS BINARY)",
        "g_st": "named_struct('a', CAST(v AS INT), 'b', k, 'c', named_struct('d', ts))",
        "g_ar": "array(CAST(v AS SHORT), NULL, CAST(id AS SHORT))", "g_as": "array(k, 'x')", "g_iv": "INTERVAL '1' DAY * id"}


def types(df):
    d = df.selectExpr("*", *[f"{e} AS {n}" for n, e in KEYS.items()],
                      "make_interval(0, CAST(id AS INT), 2, 0, 0, 0, 1.5) AS g_ci")
    keys = [*KEYS, "k", "ts"]
    g = d.groupBy(*keys).agg(F.count("*").alias("n"), F.first(F.expr("map(coalesce(k, 'nil'), v, 'z', id)")).alias("m"),
                             F.first("g_ci").alias("ci"), F.max("g_d38").alias("xd"), F.max("g_bin").alias("xb"),
                             F.max("g_st").alias("xs"))
    return g.selectExpr("n", "xd", "CAST(ci AS STRING) AS ci", "CAST(m AS STRING) AS m", "hex(xb) AS xb", "k",
                        *[f"hash({x}) AS h_{x}" for x in keys], f"hash({','.join(keys)}) AS h_all")


def sessions(df):
    return (df.withWatermark("ts", FIVE).groupBy(F.session_window("ts", FIVE), "k")
            .agg(F.count("*").alias("n"), F.sum("v").alias("sv")))


def total(df):
    return df.agg(F.count("*").alias("n"), F.sum("v").alias("sv"))


def conf(**settings):
    return {"spark.sql.streaming." + k.replace("__", "."): v for k, v in settings.items()}


# case: query, output mode, configuration of the session that the run had
CASES = {
    "stateless_parquet": (stateless, "append", {}),
    "stateless_parquet_long": (stateless, "append", SHORT_LOGS),
    "agg_append_hdfs": (windows, "append", {}),
    "agg_append_hdfs_long": (windows, "append", SHORT_STATE),
    "agg_append_hdfs_zstd": (windows, "append", conf(stateStore__compression__codec="zstd")),
    "agg_append_parquet_hdfs": (windows, "append", {}),
    "agg_complete_buffers_hdfs": (buffers, "complete", {}),
    "agg_complete_objbuf_hdfs": (lists, "complete", {}),
    "agg_complete_counted_hdfs": (counted, "complete", {}),
    "agg_update_global_hdfs": (total, "update", {}),
    "agg_update_hdfs": (windows, "update", {}),
    "agg_update_hdfs_big": (windows, "update", {}),
    "agg_update_hdfs_f1": (windows, "update", conf(aggregation__stateFormatVersion="1")),
    "agg_update_hdfs_midbatch": (windows, "update", {}),
    "agg_update_hdfs_olog2": (windows, "update", conf(offsetLog__formatVersion="2")),
    "agg_update_hdfs_rowck": (windows, "update", conf(stateStore__rowChecksum__enabled="true")),
    "agg_update_types_hdfs": (types, "update", {}),
    "dedup_hdfs": (lambda df: df.withWatermark("ts", FIVE).dropDuplicates(["k", "ts"]), "append", {}),
    "dedupwm_hdfs": (lambda df: df.withWatermark("ts", FIVE).dropDuplicatesWithinWatermark(["k"]), "append", {}),
    "limit_hdfs": (lambda df: df.limit(9), "append", {}),
    "session_append_hdfs": (sessions, "append", {}),
}


def normal(v):
    if isinstance(v, datetime.datetime):
        return int(round((v - datetime.datetime(1970, 1, 1)).total_seconds() * 1_000_000))
    if isinstance(v, decimal.Decimal):
        return str(v)
    if hasattr(v, "asDict"):
        return {k: normal(x) for k, x in v.asDict().items()}
    if isinstance(v, (list, tuple)):
        return [normal(x) for x in v]
    return v


def text(row):
    if "cs" in row:  # collect_set: Spark gives the order of its hash table
        row["cs"].sort()
    return json.dumps(row, sort_keys=True, ensure_ascii=False)


def texts(rows):
    return sorted(text({k: normal(v) for k, v in r.asDict().items()}) for r in rows)


def stream(spark, case, work, maxFilesPerTrigger=1):
    """The writer of a case, but for its sink."""
    query, mode, _ = CASES[case]
    df = (spark.readStream.schema("id BIGINT, ts TIMESTAMP, k STRING, v BIGINT")
          .option("maxFilesPerTrigger", maxFilesPerTrigger).json(f"{work}/in0"))
    return (query(df).writeStream.outputMode(mode).option("checkpointLocation", f"{work}/ck").trigger(availableNow=True))
