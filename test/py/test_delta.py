"""Delta tables written and read; streams into them, exactly once across kills."""
import datetime
import decimal
import json
import os
import shutil
import subprocess
import sys

import pytest
from conftest import Engine
from proof import Break
from pyspark.errors import PySparkException
from test_stream import put


def test_batch_write_and_read_back(spark, tmp_path):
    path = str(tmp_path / "t")
    spark.createDataFrame([(1, "a", 1.5), (2, None, None)], "id INT, s STRING, d DOUBLE").write.format("delta").save(path)
    assert sorted(tuple(r) for r in spark.read.format("delta").load(path).collect()) == [(1, "a", 1.5), (2, None, None)]


def test_partitioned_append_overwrite(spark, tmp_path):
    path = str(tmp_path / "t")
    w = lambda rows, mode: (spark.createDataFrame(rows, "id INT, p STRING").write.format("delta").partitionBy("p").mode(mode).save(path))
    w([(1, "a"), (2, "b"), (3, None)], "append")
    w([(4, "a b/c")], "append")
    assert sorted(spark.read.format("delta").load(path).collect()) == [(1, "a"), (2, "b"), (3, None), (4, "a b/c")]
    w([(9, "z")], "overwrite")
    assert [tuple(r) for r in spark.read.format("delta").load(path).collect()] == [(9, "z")]


def test_types_round_trip(spark, tmp_path):
    path = str(tmp_path / "t")
    q = ("SELECT CAST(1 AS TINYINT) a, CAST(2 AS SMALLINT) b, 3L c, CAST(1.25 AS DECIMAL(20,4)) d, DATE '2026-01-02' e, "
         "TIMESTAMP '2026-01-02 03:04:05.678901' f, true g, CAST('x' AS BINARY) h, CAST(1.5 AS FLOAT) i")
    spark.sql(q).write.format("delta").save(path)
    r = spark.read.format("delta").load(path).collect()[0]
    assert (r.a, r.b, r.c, r.d, r.e, r.g, bytes(r.h), r.i) == (
        1, 2, 3, decimal.Decimal("1.2500"), datetime.date(2026, 1, 2), True, b"x", 1.5)


def test_create_insert_select_history(spark):
    spark.sql("CREATE SCHEMA silver")
    spark.sql("CREATE TABLE silver.events (event_id STRING, n INT) USING delta")
    spark.sql("INSERT INTO silver.events VALUES ('e0', 1), ('e1', 2)")
    assert sorted(tuple(r) for r in spark.table("silver.events").collect()) == [("e0", 1), ("e1", 2)]
    h = spark.sql("DESCRIBE HISTORY silver.events").select("version", "operation").orderBy("version").collect()
    assert [tuple(r) for r in h] == [(0, "CREATE TABLE"), (1, "WRITE")]


def test_schema_mismatch_refused_and_merged(spark, tmp_path):
    path = str(tmp_path / "t")
    spark.sql("SELECT 1 AS a").write.format("delta").save(path)
    with pytest.raises(Exception, match="schema mismatch"):
        spark.sql("SELECT 1 AS a, 2 AS b").write.format("delta").mode("append").save(path)
    spark.sql("SELECT 3 AS a, 4 AS b").write.format("delta").mode("append").option("mergeSchema", "true").save(path)
    assert sorted(tuple(r) for r in spark.read.format("delta").load(path).collect()) == [(1, None), (3, 4)]


# column, data, and what comes of an append by path, by insertInto, by saveAsTable and by a stream. Apache Spark 4.2.0, Delta 4.4.0
MERGE = "DELTA_FAILED_TO_MERGE_FIELDS"
APPENDS = [
    ("bigint", "'1'", MERGE, "1", "1", "1"), ("string", "1L", MERGE, "1", "1", "1"), ("int", "1L", MERGE, "1", "1", "1"),
    ("double", "7", MERGE, "7.0", "7.0", "7.0"), ("int", "1.5D", MERGE, "1", "1", "1"), ("double", "1.5F", MERGE, "1.5", "1.5", "1.5"),
    ("decimal(10,2)", "cast(1.25 as decimal(12,4))", MERGE, "1.25", "1.25", "1.25"),
    ("timestamp", "date'2020-01-01'", MERGE, *["2020-01-01 00:00:00"] * 3), ("date", "timestamp'2020-01-01 01:00:00'", MERGE, *["2020-01-01"] * 3),
    ("smallint", "1Y", "1", "1", "1", "1"), ("string", "X'31'", MERGE, "1", "1", "1"), ("timestamp", "'1'", MERGE, *["CAST_INVALID_INPUT"] * 3),
    ("array<int>", "array(1L)", MERGE, "[1]", "[1]", "[1]"), ("struct<a:int>", "named_struct('a', 1L)", MERGE, "{1}", "{1}", "{1}"),
    ("map<string,int>", "map('a', 1L)", MERGE, *["{a -> 1}"] * 3),
    ("struct<a:int>", "named_struct('a', 1, 'b', 2)", *["DELTA_METADATA_MISMATCH"] * 4),
]


@pytest.mark.parametrize("column,data,path,insert,save,stream", APPENDS)
def test_types_of_an_append(spark, tmp_path, column, data, path, insert, save, stream):
    rows = spark.range(1).selectExpr(f"{data} AS c")
    source = spark.readStream.format("rate-micro-batch").option("rowsPerBatch", 1).load().selectExpr(f"{data} AS c")
    ways = {"path": lambda t, at: rows.write.format("delta").mode("append").save(at), "insert": lambda t, at: rows.write.insertInto(t),
            "save": lambda t, at: rows.write.format("delta").mode("append").saveAsTable(t),
            "stream": lambda t, at: source.writeStream.format("delta").option("checkpointLocation", str(tmp_path / "ck")).trigger(once=True)
            .start(at).awaitTermination(60)}
    for (way, write), want in zip(ways.items(), (path, insert, save, stream)):
        spark.sql(f"CREATE TABLE t_{way} (c {column}) USING delta")
        at = spark.sql(f"DESCRIBE DETAIL t_{way}").first().location.replace("file:", "")
        try:
            write(f"t_{way}", at)
            got = spark.table(f"t_{way}").selectExpr("CAST(c AS STRING)").first()[0]
        except PySparkException as e:
            got = str(e)
        assert want == got or (want.isupper() and want in got), (way, want, got)


def test_insert_into_goes_by_position(spark):
    spark.sql("CREATE TABLE t (a BIGINT, b STRING) USING delta")
    spark.range(1).selectExpr("'x' AS b", "id AS a").select("a", "b").write.insertInto("t")
    spark.range(1).selectExpr("5L AS b", "'y' AS a").write.mode("ignore").insertInto("t")
    assert sorted(map(tuple, spark.table("t").collect())) == [(0, "x"), (5, "y")]
    spark.range(1).selectExpr("7L", "'z'").write.insertInto("t", overwrite=True)
    assert [tuple(r) for r in spark.table("t").collect()] == [(7, "z")]
    with pytest.raises(PySparkException, match="DELTA_INSERT_COLUMN_ARITY_MISMATCH"):
        spark.range(1).write.insertInto("t")
    with pytest.raises(PySparkException, match="can't be used together with partitionBy"):
        spark.range(1).write.partitionBy("id").insertInto("t")
    with pytest.raises(PySparkException, match="TABLE_OR_VIEW_NOT_FOUND"):
        spark.range(1).write.insertInto("nowhere")


def test_stream_to_table_one_commit_per_batch(spark, tmp_path):
    src, ck = str(tmp_path / "in"), str(tmp_path / "ck")
    spark.sql("CREATE SCHEMA silver")
    for i in range(3):
        put(src, f"f{i}.json", {"id": i})

    def go():
        q = (spark.readStream.schema("id INT").option("maxFilesPerTrigger", 1).json(src).writeStream.format("delta")
             .option("checkpointLocation", ck).trigger(availableNow=True).toTable("silver.t"))
        assert q.awaitTermination(60)
        assert q.exception() is None

    go()
    os.unlink(os.path.join(ck, "commits", "2"))  # the sink has batch 2, the log does not: it is run again
    put(src, "f3.json", {"id": 3})
    go()
    assert sorted(r.id for r in spark.table("silver.t").collect()) == [0, 1, 2, 3]
    h = spark.sql("DESCRIBE HISTORY silver.t").filter("operation = 'STREAMING UPDATE'")
    assert sorted(r[0] for r in h.selectExpr("cast(operationParameters.epochId as int)").collect()) == [0, 1, 2, 3]


def test_path_needed(spark, tmp_path):
    put(str(tmp_path / "in"), "a.json", {"id": 1})
    d = spark.readStream.schema("id INT").json(str(tmp_path / "in"))
    with pytest.raises(Exception, match="'path' is not specified"):
        d.writeStream.format("delta").option("checkpointLocation", str(tmp_path / "ck")).start()


def test_killed_and_restarted_exactly_once(tmp_path):
    """A stream that PySpark drives, killed at file operations of its first batches."""
    src, ck, out = str(tmp_path / "in"), str(tmp_path / "ck"), str(tmp_path / "out")
    for i in range(2):
        put(src, f"f{i}.json", {"id": 2 * i}, {"id": 2 * i + 1})

    client = tmp_path / "client.py"  # a process of its own: it asks an engine that is gone again and again
    client.write_text("import sys\nfrom pyspark.sql import SparkSession\ns = SparkSession.builder.remote(sys.argv[1]).create()\n"
                      "s.readStream.schema('id INT').option('maxFilesPerTrigger', 1).json(sys.argv[2]).writeStream.format('delta')"
                      ".option('checkpointLocation', sys.argv[3]).trigger(availableNow=True).start(sys.argv[4]).awaitTermination(30)\n")

    for n in range(3, 60, 14):
        for d in (ck, out):
            shutil.rmtree(d, ignore_errors=True)
        broken = Break(str(tmp_path), n)
        e = Engine(str(tmp_path), env=broken.env)
        p = subprocess.Popen([sys.executable, str(client), e.url, src, ck, out], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            broken.killed(e.process.wait(30))
        finally:
            p.kill()
            p.wait()
        e = Engine(str(tmp_path))
        subprocess.run([sys.executable, str(client), e.url, src, ck, out], check=True)
        s = e.session()
        assert sorted(r.id for r in s.read.format("delta").load(out).collect()) == [0, 1, 2, 3], n
        s.stop()
        assert e.stop() == 0


def test_checkpoints_of_the_log(spark, tmp_path):
    """Every tenth version; less often for a table of many files, always as often as the table itself says."""
    def versions(path):
        return sorted(int(n[:20]) for n in os.listdir(path + "/_delta_log") if n.endswith(".checkpoint.parquet"))

    def commits(path, n):
        for i in range(n):
            spark.createDataFrame([(i,)], "id INT").write.format("delta").mode("append").save(path)

    def with_files(path, n):
        """A commit of n more files, each the table's first one under another name."""
        first = next(f for f in os.listdir(path) if f.endswith(".parquet"))
        for i in range(n):
            os.link(f"{path}/{first}", f"{path}/many-{i}.parquet")
        size = os.path.getsize(f"{path}/{first}")
        with open(f"{path}/_delta_log/{1:020d}.json", "w") as f:
            for i in range(n):
                f.write(json.dumps({"add": {"path": f"many-{i}.parquet", "partitionValues": {}, "size": size,
                                            "modificationTime": 1, "dataChange": True}}) + "\n")

    small, large, told = (str(tmp_path / n) for n in ("small", "large", "told"))
    commits(small, 21)
    assert versions(small) == [10, 20]
    commits(large, 1)
    with_files(large, 1500)
    commits(large, 33)  # versions 2 to 34; 15 commits at least from none to the first, and from that to the next
    assert versions(large) == [20]
    assert spark.read.format("delta").load(large).count() == 1534
    spark.sql(f"CREATE TABLE told_often (id INT) USING delta LOCATION '{told}' TBLPROPERTIES ('delta.checkpointInterval' = '3')")
    commits(told, 6)
    assert versions(told) == [3, 6]
