"""What weir writes into Delta tables so that others read every row of it, and what it refuses. Generated values of every type are in
tools/crosscheck/delta_files.py."""
import glob
import json
import os

import pyarrow.parquet
import pytest
from pyspark.errors import PySparkException


def adds(path):
    """The add actions of a table's log."""
    found = []
    for entry in sorted(glob.glob(os.path.join(glob.escape(path), "_delta_log", "*.json"))):
        found += [json.loads(line)["add"] for line in open(entry) if line.startswith('{"add"')]
    return found


def refused(f):
    """The class of the refusal, or None."""
    try:
        f()
    except PySparkException as e:
        return e.getCondition() if e.getCondition() != "STREAM_FAILED" else str(e).split("exception: [")[1].split("]")[0]


# Apache Spark 4.2.0, Delta 4.4.0 loses the era: it writes the year 45 for these, and reads that
def test_years_before_the_first(spark, tmp_path):
    path = str(tmp_path / "t")
    spark.sql("SELECT timestamp'-0044-03-15 00:00:00' p, 1 i UNION ALL SELECT timestamp'0000-12-31 23:59:59', 2").write.format("delta") \
        .partitionBy("p").save(path)
    assert sorted(a["partitionValues"]["p"] for a in adds(path)) == ["-0044-03-15T00:00:00.000000Z", "0000-12-31T23:59:59.000000Z"]
    got = spark.read.format("delta").load(path).selectExpr("cast(p as string) p", "i").collect()
    assert sorted(tuple(r) for r in got) == [("-0044-03-15 00:00:00", 1), ("0000-12-31 23:59:59", 2)]


def test_bounds_that_no_reader_takes_are_left_out(spark, tmp_path):
    path = str(tmp_path / "t")
    spark.sql("SELECT timestamp'-0044-03-15 00:00:00' a, date'-0044-03-15' b, date'+12000-01-01' c, cast(X'FF61' AS STRING) d UNION ALL "
              "SELECT timestamp'2024-01-01 00:00:00', date'2024-01-01', date'2024-01-01', 'a'").coalesce(1).write.format("delta").save(path)
    stats = json.loads(adds(path)[0]["stats"])
    assert stats["minValues"] == {"c": "2024-01-01", "d": "a"}
    assert stats["maxValues"] == {"a": "2024-01-01T00:00:00.000Z", "b": "2024-01-01"}


@pytest.mark.parametrize("value", ["'a\\0b'", "X'006100'"])
@pytest.mark.parametrize("form", ["delta", "parquet"])
def test_a_value_that_names_no_folder(spark, tmp_path, value, form):
    path = str(tmp_path / "t")
    assert refused(lambda: spark.sql(f"SELECT {value} p, 1 i").write.format(form).partitionBy("p").save(path)) == "TASK_WRITE_FAILED"
    assert not glob.glob(path + "/_delta_log/*.json") and not glob.glob(path + "/_SUCCESS")


# whether the rows are literals, of a range or of a stream. Apache Spark 4.2.0, Delta 4.4.0
@pytest.mark.parametrize("form", ["delta", "parquet", "json", "orc"])
def test_a_folder_that_cannot_be_made(spark, tmp_path, form):
    long = "repeat('x', 300)"
    for i, source in enumerate([f"SELECT 'a' v, {long} p", f"SELECT id v, {long} p FROM range(5)", f"SELECT * FROM VALUES ('a', {long}) t(v, p)"]):
        assert refused(lambda: spark.sql(source).write.format(form).partitionBy("p").save(str(tmp_path / f"t{i}"))) == "TASK_WRITE_FAILED"
    rows = spark.readStream.format("rate-micro-batch").option("rowsPerBatch", 1).load().selectExpr("value v", f"{long} p")
    sink = rows.writeStream.format(form).option("checkpointLocation", str(tmp_path / "ck")).trigger(once=True).partitionBy("p")
    assert refused(lambda: sink.start(str(tmp_path / "s")).awaitTermination(60)) == "TASK_WRITE_FAILED"


# what new columns are comes out after whether they may come, and how they are called. Apache Spark 4.2.0, Delta 4.4.0
@pytest.mark.parametrize("columns,plain,merged", [
    ("1 a, array(null) b", "DELTA_METADATA_MISMATCH", "DELTA_COMPLEX_TYPE_COLUMN_CONTAINS_NULL_TYPE"),
    ("1 a, named_struct('x', null) b", "DELTA_METADATA_MISMATCH", "DELTA_CANNOT_WRITE_EMPTY_SCHEMA.STRUCT_ALL_VOID_FIELDS"),
    ("1 a, named_struct() b", "DELTA_METADATA_MISMATCH", "DELTA_CANNOT_WRITE_EMPTY_SCHEMA.STRUCT_NO_FIELDS"),
    ("1 a, array(null) `b c`", "DELTA_METADATA_MISMATCH", "DELTA_INVALID_CHARACTERS_IN_COLUMN_NAMES"),
    ("named_struct('x', null) a", "DELTA_FAILED_TO_MERGE_FIELDS", "DELTA_FAILED_TO_MERGE_FIELDS"),
    ("1 a, interval '1' day b", "UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE", "UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE")])
def test_new_columns_that_are_refused(spark, tmp_path, columns, plain, merged):
    path = str(tmp_path / "t")
    spark.sql("SELECT 1 a").write.format("delta").save(path)
    for want, merges in ((plain, "false"), (merged, "true")):
        assert refused(lambda: spark.sql("SELECT " + columns).write.format("delta").mode("append").option("mergeSchema", merges).save(path)) == want


# SPARK: null, since it takes the value from the folder's name
def test_the_text_that_stands_for_null(spark, tmp_path):
    path = str(tmp_path / "t")
    spark.sql("SELECT '__HIVE_DEFAULT_PARTITION__' p, 1 i UNION ALL SELECT null, 2").write.format("delta").partitionBy("p").save(path)
    assert sorted(spark.read.format("delta").load(path).collect(), key=lambda r: r.i) == [("__HIVE_DEFAULT_PARTITION__", 1), (None, 2)]


def test_an_hour_that_comes_twice_is_two_partitions(spark, tmp_path):
    path = str(tmp_path / "t")
    spark.conf.set("spark.sql.session.timeZone", "America/New_York")
    spark.sql("SELECT timestamp'2024-11-03 05:30:00Z' p, 1 i UNION ALL SELECT timestamp'2024-11-03 06:30:00Z', 2").write.format("delta") \
        .partitionBy("p").save(path)
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    got = spark.read.format("delta").load(path).selectExpr("cast(p as string) p", "i").collect()
    assert sorted(tuple(r) for r in got) == [("2024-11-03 05:30:00", 1), ("2024-11-03 06:30:00", 2)]


# Spark 4.2.0 skips a row group by statistics that leave NaN out, and by a dictionary with -0.0 in it when it looks for 0.0
@pytest.mark.parametrize("value", ["double('NaN')", "float('NaN')", "-0.0D", "named_struct('n', -0.0D)"])
def test_floating_point_in_parquet(spark, tmp_path, value):
    spark.sql(f"SELECT {value} v FROM range(100)").coalesce(1).write.parquet(str(tmp_path / "t"))
    column = pyarrow.parquet.ParquetFile(glob.glob(str(tmp_path / "t" / "*.parquet"))[0]).metadata.row_group(0).column(0)
    assert column.statistics is None and "DICTIONARY" not in " ".join(column.encodings)


MESSY = "DELTA_INVALID_CHARACTERS_IN_COLUMN_NAMES"
TWICE = "DELTA_DUPLICATE_COLUMNS_FOUND.DATA"
# a select list and partition columns; what comes of save(), of saveAsTable() and of a stream. Apache Spark 4.2.0, Delta 4.4.0
NAMES = [
    ("1 `a b`", [], MESSY, MESSY, MESSY), ("1 `a,b`", [], MESSY, MESSY, MESSY), ("1 `a;b`, 2 b", [], MESSY, MESSY, MESSY),
    ("1 `a{b`", [], MESSY, MESSY, MESSY), ("1 `a\tb`", [], MESSY, MESSY, MESSY), ("1 `a=b`", [], MESSY, MESSY, MESSY),
    ("named_struct('a b', 1) s", [], MESSY, MESSY, MESSY), ("array(named_struct('(', 1)) s", [], MESSY, MESSY, MESSY),
    ("1 `a.b`, 2 `a:b`, 3 `a/b`, 4 `a%b`, 5 `é`, 6 `a|b`", [], None, None, None),
    ("1 a, 2 A", [], TWICE, "COLUMN_ALREADY_EXISTS", TWICE), ("named_struct('x', 1, 'X', 2) s", [], TWICE, "COLUMN_ALREADY_EXISTS", TWICE),
    ("array(named_struct('x', 1, 'X', 2)) s", [], TWICE, "COLUMN_ALREADY_EXISTS", TWICE),
    ("map('k', named_struct('x', 1, 'X', 2)) s", [], TWICE, "COLUMN_ALREADY_EXISTS", TWICE),
    ("1 a, 2 b", ["q"], "DELTA_PARTITION_COLUMN_NOT_FOUND", "_LEGACY_ERROR_TEMP_3060", "_LEGACY_ERROR_TEMP_1196"),
    ("1 a, 2 b, 3 c", ["a", "A"], "DELTA_DUPLICATE_COLUMNS_FOUND.PARTITION_COLUMNS", "_LEGACY_ERROR_TEMP_3058", "DELTA_DUPLICATE_COLUMNS_FOUND.PARTITION_COLUMNS"),
    ("1 a, 2 b", ["a", "b"], "DELTA_CANNOT_USE_ALL_COLUMNS_FOR_PARTITION", "ALL_PARTITION_COLUMNS_NOT_ALLOWED", "DELTA_CANNOT_USE_ALL_COLUMNS_FOR_PARTITION"),
    ("named_struct('x', 1) a, 2 b", ["a"], "DELTA_INVALID_PARTITION_COLUMN_TYPE", "INVALID_PARTITION_COLUMN_DATA_TYPE", "DELTA_INVALID_PARTITION_COLUMN_TYPE"),
    ("interval '1' day a, 2 b", [], "UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE", "DELTA_UNSUPPORTED_DATA_TYPES", "DELTA_UNSUPPORTED_DATA_TYPES"),
    ("null a, 2 b", [], None, None, "DELTA_NULL_SCHEMA_IN_STREAMING_WRITE"),
    ("null a", [], *["DELTA_CANNOT_WRITE_EMPTY_SCHEMA.TABLE_ALL_VOID_COLUMNS"] * 2, "DELTA_NULL_SCHEMA_IN_STREAMING_WRITE"),
    ("array(null) a, 2 b", [], *["DELTA_COMPLEX_TYPE_COLUMN_CONTAINS_NULL_TYPE"] * 2, "DELTA_NULL_SCHEMA_IN_STREAMING_WRITE"),
    ("array(null) a, 2 `b c`", [], MESSY, MESSY, "DELTA_NULL_SCHEMA_IN_STREAMING_WRITE"),
    ("array(null) a, 2 b, 3 B", [], TWICE, "COLUMN_ALREADY_EXISTS", "DELTA_NULL_SCHEMA_IN_STREAMING_WRITE"),
    ("interval '1' day a, 2 `b c`", [], "UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE", MESSY, MESSY),
    ("named_struct('x', null) a", [], *["DELTA_CANNOT_WRITE_EMPTY_SCHEMA.STRUCT_ALL_VOID_FIELDS"] * 2, "DELTA_NULL_SCHEMA_IN_STREAMING_WRITE"),
]


@pytest.mark.parametrize("columns,parts,path,table,stream", NAMES)
def test_names_and_types_of_columns(spark, tmp_path, columns, parts, path, table, stream):
    rows = spark.sql("SELECT " + columns)
    assert refused(lambda: rows.write.format("delta").partitionBy(*parts).save(str(tmp_path / "p"))) == path
    assert refused(lambda: rows.write.format("delta").partitionBy(*parts).saveAsTable("t")) == table
    source = spark.readStream.format("rate-micro-batch").option("rowsPerBatch", 1).load().createOrReplaceTempView("v")
    source = spark.sql(f"SELECT {columns} FROM v").writeStream.format("delta").option("checkpointLocation", str(tmp_path / "ck")).trigger(once=True)
    assert refused(lambda: source.partitionBy(*parts).start(str(tmp_path / "s")).awaitTermination(60)) == stream
    for place, outcome in (("p", path), ("s", stream)):
        assert bool(glob.glob(str(tmp_path / place / "_delta_log" / "*.json"))) == (outcome is None)
    assert [t.name for t in spark.catalog.listTables() if not t.isTemporary] == ([] if table else ["t"])


def test_names_of_partitions(spark, tmp_path):
    bad = "DELTA_INVALID_PARTITION_COLUMN_NAME"
    assert refused(lambda: spark.sql("SELECT 1 `a b`, 2 b").write.format("delta").partitionBy("a b").save(str(tmp_path / "t"))) == bad
    assert refused(lambda: spark.sql("CREATE TABLE t (`a b` INT, b INT) USING delta PARTITIONED BY (`a b`)")) == bad
    data = "DELTA_INVALID_CHARACTERS_IN_COLUMN_NAMES"  # those of the data come first
    for i, (columns, parts, want) in enumerate([("1 `a b`, 2 `c d`", ["a b"], data), ("1 `a b`, 2 `c d`, 3 e", ["a b", "c d"], bad), ("1 `a b`, 2 c, 3 e", ["c"], data),
                                                ("1 `a b`, named_struct('x y', 1) c", ["a b"], data), ("1 `a b`, array(null) c", ["a b"], bad)]):
        assert refused(lambda: spark.sql("SELECT " + columns).write.format("delta").partitionBy(*parts).save(str(tmp_path / f"t{i}"))) == want
    assert refused(lambda: spark.sql("CREATE TABLE t (`a b` INT, `c d` INT) USING delta PARTITIONED BY (`a b`)")) == data
    assert refused(lambda: spark.sql("CREATE TABLE t (a INT, b INT) USING parquet PARTITIONED BY (q)")) == "COLUMN_NOT_DEFINED_IN_TABLE"


def test_void_is_in_the_schema_alone(spark, tmp_path):
    path = str(tmp_path / "t")
    spark.sql("SELECT null a, 2 b").write.format("delta").save(path)
    assert json.loads(adds(path)[0]["stats"])["nullCount"] == {"a": 1, "b": 0}
    assert pyarrow.parquet.read_schema(glob.glob(path + "/*.parquet")[0]).names == ["b"]
    assert spark.read.format("delta").load(path).collect() == [(None, 2)]


# form, and what comes of names that stand twice in a batch: of the rows, of one that names folders, of none at all. Apache Spark 4.2.0
@pytest.mark.parametrize("form,twice", [("json", "COLUMN_ALREADY_EXISTS"), ("parquet", "COLUMN_ALREADY_EXISTS"), ("orc", "COLUMN_ALREADY_EXISTS"),
                                        ("xml", "COLUMN_ALREADY_EXISTS"), ("text", "COLUMN_ALREADY_EXISTS"), ("csv", None)])
def test_names_of_plain_files(spark, tmp_path, form, twice):
    def write(frame, *parts):
        return refused(lambda: frame.write.format(form).option("rowTag", "r").partitionBy(*parts).save(str(tmp_path / f"t{len(os.listdir(tmp_path))}")))
    assert write(spark.sql("SELECT 'a' a, 'b' A")) == twice
    assert write(spark.sql("SELECT 'a' p, 'b' a, 'c' P"), "p") == "AMBIGUOUS_REFERENCE"
    assert write(spark.range(1).select()) == "EMPTY_SCHEMA_NOT_SUPPORTED_FOR_DATASOURCE"


def test_union_keeps_what_may_be_null(spark):
    got = spark.sql("SELECT named_struct('n', 1) s UNION ALL SELECT named_struct('n', cast(null AS INT))")
    assert got.schema.simpleString() == "struct<s:struct<n:int>>" and got.schema["s"].dataType["n"].nullable
    assert sorted(got.collect(), key=str) == [((1,),), ((None,),)]
