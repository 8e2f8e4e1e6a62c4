"""Names are no paths: which ones tables, views and schemas may have, and where a managed table may lie. The classes are those
of Apache Spark 4.2.0 with Delta 4.4.0, asked on 2026-11-30; where they differ the reason stands beside it."""
import os

import pytest
from pyspark.sql import functions as F

INVALID = "INVALID_SCHEMA_OR_RELATION_NAME"
# Spark says INVALID_ATTRIBUTE_NAME_SYNTAX for those with two dots, which its parser takes for parts of a name, and adopts or
# refuses `.` and `..` by what lies there; weir has one rule for all
BAD = ["a-b", "é", "../../precious", "..", ".", "a.b", "a/b", "", " a", "a b", "x" * 300]


def condition(f, *args):
    try:
        f(*args)
    except Exception as e:
        return e.getCondition() or str(e)
    return None


def tree(path):
    return sorted(os.path.relpath(os.path.join(d, f), path) for d, _, files in os.walk(path) for f in files)


@pytest.mark.parametrize("format", ["parquet", "delta", "json"])
@pytest.mark.parametrize("name", BAD)
def test_names_that_no_table_has(spark, tmp_path, format, name):
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "keep.txt").write_text("mine")
    before = tree(tmp_path / "precious")
    assert condition(spark.sql, f"CREATE TABLE `{name}` (a INT) USING {format}") == INVALID
    assert condition(spark.sql, f"CREATE TABLE `{name}` USING {format} AS SELECT 1 a") == INVALID
    for mode in ("error", "append", "overwrite", "ignore"):
        assert condition(spark.range(1).write.format(format).mode(mode).saveAsTable, f"`{name}`") == INVALID
    assert condition(spark.sql, f"CREATE VIEW `{name}` AS SELECT 1 a") == INVALID
    assert condition(spark.sql, f"CREATE SCHEMA `{name}`") == INVALID
    assert tree(tmp_path / "precious") == before and not os.path.exists(tmp_path / "warehouse")
    assert condition(spark.sql, f"DROP TABLE `{name}`") in ("TABLE_OR_VIEW_NOT_FOUND", INVALID)
    assert tree(tmp_path / "precious") == before


def test_the_catalogs_own_folder_is_no_table(spark, tmp_path):
    spark.sql("CREATE TABLE t (a INT) USING parquet")
    for name in ("_weir_catalog", "_WEIR_CATALOG"):
        assert condition(spark.sql, f"CREATE TABLE {name} (a INT) USING parquet") == INVALID
        assert condition(spark.range(1).write.mode("overwrite").saveAsTable, name) == INVALID
        assert condition(spark.sql, f"CREATE SCHEMA {name}") == INVALID
    assert spark.table("t").count() == 0
    spark.sql("CREATE SCHEMA other")
    spark.sql("CREATE TABLE other._weir_catalog (a INT) USING parquet")  # it lies elsewhere


def test_names_of_temporary_views_are_free(spark):
    """Read as SQL reads them: quoted, and with a database that does not count."""
    for text, name in {"`a-b`": "a-b", "`é`": "é", "`../x`": "../x", "`a b`": "a b", "x.y": "y", "`a``b`": "a`b", "1a": "1a"}.items():
        spark.range(3).createOrReplaceTempView(text)
        quoted = "`" + name.replace("`", "``") + "`"
        assert spark.sql(f"SELECT count(*) n FROM {quoted}").first().n == 3
    for text in ("a-b", "", " ", "a b", "a.b.c"):
        assert condition(spark.range(3).createOrReplaceTempView, text) == "_LEGACY_ERROR_TEMP_1321"


@pytest.mark.parametrize("format,refused", [("parquet", "LOCATION_ALREADY_EXISTS"), ("json", "LOCATION_ALREADY_EXISTS"),
                                            ("delta", "DELTA_CREATE_TABLE_WITH_NON_EMPTY_LOCATION")])
def test_a_folder_with_files_is_not_adopted(spark, tmp_path, format, refused):
    folder = tmp_path / "warehouse" / "full"
    folder.mkdir(parents=True)
    (folder / "mine.txt").write_text("mine")
    assert condition(spark.sql, f"CREATE TABLE full (a INT) USING {format}") == refused
    assert condition(spark.sql, f"CREATE TABLE full USING {format} AS SELECT 1 a") == refused
    # Delta writes beside the files when a frame is saved; weir does not
    for mode in ("error", "append", "overwrite"):
        assert condition(spark.range(1).write.format(format).mode(mode).saveAsTable, "full") == refused
    assert tree(folder) == ["mine.txt"]
    os.remove(folder / "mine.txt")
    spark.sql(f"CREATE TABLE full (a INT) USING {format}")  # an empty one is taken


@pytest.mark.parametrize("format", ["parquet", "delta"])
def test_a_link_out_of_the_warehouse_is_no_place(spark, tmp_path, format):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "warehouse").mkdir()
    os.symlink(tmp_path / "elsewhere", tmp_path / "warehouse" / "link")
    assert condition(spark.sql, f"CREATE TABLE link (a INT) USING {format}") == "LOCATION_ALREADY_EXISTS"
    assert condition(spark.range(1).write.format(format).mode("overwrite").saveAsTable, "link") == "LOCATION_ALREADY_EXISTS"
    assert os.listdir(tmp_path / "elsewhere") == []


def test_a_warehouse_behind_a_link_is_one(tmp_path):
    from conftest import Engine

    (tmp_path / "real").mkdir()
    os.symlink(tmp_path / "real", tmp_path / "warehouse")
    e = Engine(str(tmp_path))
    spark = e.session()
    spark.range(3).write.saveAsTable("t")
    assert spark.table("t").count() == 3
    spark.stop()
    assert e.stop() == 0


def test_tables_of_a_schema_lie_in_its_location(spark, tmp_path):
    spark.sql(f"CREATE SCHEMA away LOCATION '{tmp_path}/away'")
    spark.sql("CREATE TABLE away.t USING parquet AS SELECT 1 a")
    assert os.listdir(tmp_path / "away") == ["t"]
    (tmp_path / "away" / "mine.txt").write_text("mine")
    assert condition(spark.sql, "DROP SCHEMA away") == "SCHEMA_NOT_EMPTY"
    spark.sql("DROP SCHEMA away CASCADE")
    assert tree(tmp_path / "away") == ["mine.txt"]  # Spark removes the whole folder


def test_a_table_that_failed_leaves_its_place_free(spark, tmp_path):
    for format in ("parquet", "delta", "json"):
        for _ in range(2):
            assert condition(spark.sql, f"CREATE TABLE t USING {format} AS SELECT if(id = 5, raise_error('x'), id) a FROM range(10)") == \
                "USER_RAISED_EXCEPTION"
        spark.sql(f"CREATE TABLE t USING {format} AS SELECT 1 a")
        assert spark.table("t").count() == 1
        spark.sql("DROP TABLE t")


OTHERS = ["notes.md", "sub/deep/mine.csv", "_private/x", ".hidden", "a=1/.keep"]


def put_others(folder, names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("mine")


@pytest.mark.parametrize("how", ["table", "schema"])
@pytest.mark.parametrize("format", ["parquet", "json", "csv", "orc", "delta"])
def test_drop_removes_what_is_the_tables(spark, tmp_path, format, how):
    """Spark removes the folder with all that is in it."""
    spark.sql("CREATE SCHEMA x")
    folder, others = tmp_path / "warehouse" / "x.db" / "t", OTHERS if format == "delta" else OTHERS[2:]  # a file table's files are its rows
    for others in ([], others):
        spark.sql(f"CREATE TABLE x.t USING {format} PARTITIONED BY (a) AS SELECT id b, id % 3 a FROM range(9)")
        spark.sql("INSERT INTO x.t SELECT 7, 7")
        put_others(folder, others)
        outside = tmp_path / "outside"
        outside.mkdir(exist_ok=True)
        (outside / "part-00000-00000000-0000-4000-8000-000000000000-c000.json").write_text("{}")
        if others:
            os.symlink(outside, folder / "a=5")
        spark.sql("DROP TABLE x.t" if how == "table" else "DROP SCHEMA x CASCADE")
        assert tree(folder) == sorted(others) if others else not folder.exists()
        assert len(os.listdir(outside)) == 1
        spark.sql("CREATE SCHEMA IF NOT EXISTS x")
    assert condition(spark.sql, f"CREATE TABLE x.t (a INT) USING {format}") in ("LOCATION_ALREADY_EXISTS", "DELTA_CREATE_TABLE_WITH_NON_EMPTY_LOCATION")


def test_overwrite_removes_what_a_read_lists(spark, tmp_path):
    folder = tmp_path / "t"
    put_others(folder, OTHERS[2:])
    for mode in ("static", "dynamic"):
        for _ in range(2):
            spark.range(9).selectExpr("id", "id % 3 a").write.option("partitionOverwriteMode", mode).partitionBy("a").mode("overwrite").json(str(folder))
            assert spark.read.json(str(folder)).count() == 9
            assert set(OTHERS[2:]) <= set(tree(folder))
    spark.range(1).write.mode("overwrite").json(str(folder))
    assert [f for f in tree(folder) if not f.endswith(".json")] == sorted([*OTHERS[2:], "_SUCCESS"])


# what dropFields and withField, and the partition columns of Delta tables, make of a text: SQL parses it
PARSED = {"é": "INVALID_IDENTIFIER", "a-b": "INVALID_IDENTIFIER", "a b": "PARSE_SYNTAX_ERROR", "12": "PARSE_SYNTAX_ERROR", "1.a": "PARSE_SYNTAX_ERROR",
          "a.": "PARSE_SYNTAX_ERROR", "`": "PARSE_SYNTAX_ERROR", "a`b`": "PARSE_SYNTAX_ERROR", "'a'": "PARSE_SYNTAX_ERROR", "-- c": "PARSE_SYNTAX_ERROR",
          "x.z-1": "PARSE_SYNTAX_ERROR"}


def test_fields_are_named_as_in_sql(spark):
    s = spark.sql("SELECT named_struct('a b', 1, 'é', 2, 'x', named_struct('y', 1, 'z-1', 2), '1a', 3) s").select
    for text, want in PARSED.items():
        assert condition(lambda: s(F.col("s").dropFields(text)).schema) == want, text
        assert condition(lambda: s(F.col("s").withField(text, F.lit(1))).schema) == want, text
    for text, left in {"`a b`": "é x 1a", "`é`": "a b x 1a", " 1a ": "a b é x", "": "a b é x 1a", "a /* c */": "a b é x 1a"}.items():
        assert " ".join(s(F.col("s").dropFields(text).alias("s")).schema["s"].dataType.names) == left
    assert s(F.col("s").dropFields("x . y").alias("s")).schema["s"].dataType["x"].dataType.names == ["z-1"]
    assert s(F.col("s").withField("", F.lit(1)).alias("s")).schema["s"].dataType.names[-1] == ""


def test_partition_columns_of_tables_are_named_as_in_sql(spark, tmp_path):
    frame = spark.sql("SELECT 1 v, 2 `1a`, 3 `é`, named_struct('i', 1) s")
    for text, want in {**PARSED, "": "PARSE_EMPTY_STATEMENT", "x.y": "_LEGACY_ERROR_TEMP_3060", "s.i": "DELTA_OPERATION_NOT_ALLOWED"}.items():
        for mode in ("error", "append", "overwrite"):
            assert condition(frame.write.format("delta").mode(mode).partitionBy(text).saveAsTable, "t") == want, text
    for text, want in {"é": "INVALID_IDENTIFIER", "`é`": "INVALID_IDENTIFIER", "a b": "PARSE_SYNTAX_ERROR", "`a b`": "PARSE_SYNTAX_ERROR", "12": "PARSE_SYNTAX_ERROR",
                       "": "PARSE_EMPTY_STATEMENT", "a.": "INVALID_ATTRIBUTE_NAME_SYNTAX", "`a``b`": "PARSE_SYNTAX_ERROR"}.items():
        for format in ("delta", "parquet"):
            assert condition(frame.writeTo("t").using(format).partitionedBy(F.col(text)).create) == want, text
    assert condition(frame.writeTo("t").using("delta").partitionedBy(F.col("s.i")).create) == "DELTA_OPERATION_NOT_ALLOWED"
    assert condition(frame.writeTo("t").using("parquet").partitionedBy(F.col("s.i")).create) == "UNSUPPORTED_PARTITION_TRANSFORM"
    for k, text in enumerate(("`é`", "1a", " `1a`")):
        frame.write.format("delta").partitionBy(text).saveAsTable(f"t{k}")
        assert [c.name for c in spark.catalog.listColumns(f"t{k}") if c.isPartition] == [text.strip(" `")]
    # of a path, and of a table of files, names as they stand
    frame.write.format("delta").partitionBy("é").save(str(tmp_path / "d"))
    frame.write.format("parquet").partitionBy("é").saveAsTable("p")
    assert [c.name for c in spark.catalog.listColumns("p") if c.isPartition] == ["é"]
    assert condition(frame.write.format("delta").partitionBy("`é`").save, str(tmp_path / "e")) == "DELTA_PARTITION_COLUMN_NOT_FOUND"
    assert condition(frame.write.format("parquet").partitionBy("`é`").saveAsTable, "q") == "COLUMN_NOT_DEFINED_IN_TABLE"
