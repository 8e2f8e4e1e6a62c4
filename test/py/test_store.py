"""Rows into tables of other types, names, orders and rules: what Spark 4.2.0 and Delta 4.4.0 did with them (test/golden/store,
made by its record.py)."""
import json
import pathlib

import as_spark
import pytest

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "golden" / "store"
cases = as_spark.module(GOLDEN / "cases.py")
SPARK = json.loads((GOLDEN / "spark.json").read_text())["cases"]


@pytest.mark.parametrize("name", sorted(cases.CASES))
def test_like_spark(spark, tmp_path, name):
    assert cases.run(spark, str(tmp_path), cases.CASES[name]) == SPARK[name]
