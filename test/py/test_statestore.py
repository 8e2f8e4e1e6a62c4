"""The sources statestore and state-metadata give what Apache Spark gives: test/golden/statestore."""
import json
import pathlib

import as_spark
import pytest

HERE = pathlib.Path(__file__).resolve().parent.parent / "golden" / "statestore"
cases = as_spark.module(HERE / "cases.py")
SPARK = json.loads((HERE / "spark.json").read_text())["outcomes"]
ALL = cases.cases()
GROUPS = sorted({n.split("/")[0] for n in ALL})


@pytest.mark.parametrize("group", GROUPS)
def test_state_read_like_spark(spark, tmp_path, group):
    wrong = []
    for name, case in ALL.items():
        if name.split("/")[0] != group:
            continue
        want = SPARK[name]
        got = cases.read(spark, case, tmp_path / "ck")
        got = {k: v for k, v in got.items() if k in want}
        if "parameters" in want and "parameters" in got:  # more of them is fine
            got["parameters"] = {k: v for k, v in got["parameters"].items() if k in want["parameters"]}
        if got != want:
            wrong.append((name, got, want))
    assert not wrong, "\n".join(f"{n}\n  got  {str(g)[:1500]}\n  want {str(w)[:1500]}" for n, g, w in wrong)


def test_rows_collected(spark):
    """Types that to_json cannot tell apart: what the client gets."""
    rows = spark.read.format("statestore").load(f"{cases.GOLDEN}/dedup_hdfs/checkpoint").collect()
    assert rows and all(r.value.asDict() == {"__dummy__": None} for r in rows)
    rows = spark.read.format("statestore").load(f"{cases.GOLDEN}/session_append_hdfs/checkpoint").collect()
    assert all(r.value.session_window.start == r.key.sessionStartTime for r in rows) and rows
    wide = spark.read.format("statestore").load(f"{cases.GOLDEN}/agg_update_types_hdfs/checkpoint")
    assert wide.select("key.g_bin", "key.g_ar", "key.g_d38", "partition_id").collect()


def test_state_is_no_stream_and_takes_no_schema(spark):
    from pyspark.errors import PySparkException

    for name in ("statestore", "state-metadata"):
        with pytest.raises(PySparkException, match="does not support streamed reading"):
            spark.readStream.format(name).load("/tmp").schema
        with pytest.raises(PySparkException, match="user-specified schema"):
            spark.read.format(name).schema("a INT").load("/tmp").schema
