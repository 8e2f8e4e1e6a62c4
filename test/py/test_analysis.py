"""The analyser refuses and takes what Apache Spark's does, in its words: test/golden/analysis."""
import importlib.util
import json
import pathlib

import pytest

HERE = pathlib.Path(__file__).resolve().parent.parent / "golden" / "analysis"
spec = importlib.util.spec_from_file_location("analysis", HERE / "cases.py")
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
SPARK = json.loads((HERE / "spark.json").read_text())["cases"]


@pytest.mark.parametrize("name", sorted(SPARK))
def test_like_spark(spark, name):
    assert module.outcome(module.cases(spark)[name]) == SPARK[name]
