"""Paths in all their spellings, as Apache Spark takes them or refuses them: test/golden/paths."""
import json
import pathlib

import as_spark
import pytest
from pyspark.errors import PySparkException

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "golden" / "paths"
cases = as_spark.module(GOLDEN / "cases.py")
SPARK = json.loads((GOLDEN / "spark.json").read_text())


@pytest.mark.parametrize("use", sorted(SPARK["uses"]))
def test_as_spark(engine, tmp_path, use):
    spark, wrong = engine.session(), {}
    for i, (text, want) in enumerate(SPARK["uses"][use].items()):
        got = cases.answer(spark, use, text, str(tmp_path / f"uri-{i}"))
        if json.loads(json.dumps(got)) != want:
            wrong[text] = (got, want)
    spark.stop()
    assert not wrong
    assert {p.name for p in tmp_path.iterdir()} <= {f"uri-{i}" for i in range(len(SPARK["uses"][use]))} | {"server.log", "warehouse"}
