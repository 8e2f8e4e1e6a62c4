"""The analyser refuses and takes what Apache Spark's does, in its words: test/golden/analysis."""
import json
import pathlib

import as_spark
import pytest

HERE = pathlib.Path(__file__).resolve().parent.parent / "golden" / "analysis"
module = as_spark.module(HERE / "cases.py")
SPARK = json.loads((HERE / "spark.json").read_text())["cases"]


@pytest.mark.parametrize("name", sorted(SPARK))
def test_like_spark(spark, name):
    assert module.outcome(module.cases(spark)[name]) == SPARK[name]
