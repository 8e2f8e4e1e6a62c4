"""Bytes that are no UTF-8: what Spark 4.2.0 and Delta 4.4.0 made of them (test/golden/utf8, made by its record.py)."""
import json
import os
import pathlib

import as_spark
import pytest

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "golden" / "utf8"
cases = as_spark.module(GOLDEN / "cases.py")
SPARK = json.loads((GOLDEN / "spark.json").read_text())["cases"]


@pytest.mark.parametrize("name", sorted(cases.CASES))
def test_like_spark(spark, tmp_path, name):
    got, want = json.loads(json.dumps(cases.CASES[name](spark, str(tmp_path)))), SPARK[name]
    if name == "written":  # Spark's bounds have U+FFFD, which rows of such bytes do not lie within: weir gives none
        assert got.pop("stats") == [{"numRecords": 6, "minValues": {"id": 1}, "maxValues": {"id": 6}, "nullCount": {"id": 0, "s": 1}}]
        want = {k: v for k, v in want.items() if k != "stats"}
    assert got == want


def test_the_client_gets_utf8(spark, tmp_path):
    """Spark sends such bytes as they are and its Python client fails with UnicodeDecodeError. weir sends U+FFFD, as Spark's
    own show() prints, so that one bad byte does not make a result unreadable."""
    bad = "CAST(X'FF41' AS STRING)"
    row = spark.sql(f"SELECT {bad} AS s, array({bad}) AS a, map({bad}, {bad}) AS m, struct({bad} AS x) AS t").collect()[0]
    assert row.s == "\ufffdA" and row.a == ["\ufffdA"] and row.m == {"\ufffdA": "\ufffdA"} and row.t.x == "\ufffdA"
    assert spark.sql(f"SELECT {bad} AS s").toPandas().s[0] == "\ufffdA"
    with pytest.raises(Exception, match="\ufffdA"):
        spark.sql(f"SELECT raise_error({bad})").collect()


def test_folders_of_other_bytes(spark, tmp_path):
    """Spark steps over folders and files whose names are no UTF-8, and over their rows; weir reads them."""
    os.makedirs(bytes(tmp_path) + b"/p/k=\xff")
    with open(bytes(tmp_path) + b"/p/k=\xff/f\xfe.json", "wb") as f:
        f.write(b'{"a":1}')
    df = spark.read.json(f"{tmp_path}/p")
    assert [tuple(r) for r in df.collect()] == [(1, "\ufffd")]


def test_partitions_of_other_bytes(spark, tmp_path):
    """Values that become one folder's name share it. Spark 4.2.0 fails there: its tasks want to make the same file."""
    cases.rows(spark).write.partitionBy("s").parquet(f"{tmp_path}/p")
    assert sorted(n for n in os.listdir(f"{tmp_path}/p") if "=" in n) == ["s=A\ufffd", "s=__HIVE_DEFAULT_PARTITION__", "s=\u00e9", "s=\ufffd"]
    assert sorted(r.id for r in spark.read.parquet(f"{tmp_path}/p").collect()) == [1, 2, 3, 4, 5, 6]
