"""Queries with state, stopped and started again, at times as another query, do what Apache Spark does, with state of the same
layout: test/golden/stream_runs."""
import json
import pathlib
import pickle
import time

import as_spark
import pytest
from checkpoints import keeper

HERE = pathlib.Path(__file__).resolve().parent.parent / "golden" / "stream_runs"
cases = as_spark.module(HERE / "cases.py")
SPARK = json.loads((HERE / "spark.json").read_text(encoding="utf-8"))["cases"]
# What weir does differently, and why.
OTHERWISE = {"session_constant_only": "refused at the start, not in the first batch"}


def collector(folder):
    """Each phase of a case keeps the rows of its batches below a folder of its own."""
    phases = []

    def collect(w, mode):
        seen = folder / f"seen{len(phases)}"
        phases.append(seen)
        q = w.foreachBatch(keeper(str(seen))).start()
        assert q.awaitTermination(60)
        got = {int(p.name): pickle.loads(p.read_bytes()) for p in seen.glob("*")}
        return got, [json.loads(p.json) if hasattr(p, "json") else p for p in q.recentProgress]
    return collect


@pytest.mark.parametrize("name", sorted(SPARK))
def test_like_spark(spark, tmp_path, monkeypatch, name):
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    got, want = cases.run_case(spark, name, str(tmp_path), collector(tmp_path)), SPARK[name]
    assert got["state"] == want["state"]
    for g, w in zip(got["phases"], want["phases"], strict=True):
        if name in OTHERWISE:
            assert g["error"][0] == "AnalysisException" and w["error"][2] in g["error"][2]
        elif "error" in w:
            assert g["error"][:2] == w["error"][:2] and g["error"][2].startswith(w["error"][2])
        else:
            assert g == w
