"""Queries with state, stopped and started again, at times as another query, do what Apache Spark does, with state of the same
layout: test/golden/stream_runs."""
import importlib.util
import json
import pathlib

import pytest

HERE = pathlib.Path(__file__).resolve().parent.parent / "golden" / "stream_runs"
spec = importlib.util.spec_from_file_location("stream_runs", HERE / "cases.py")
cases = importlib.util.module_from_spec(spec)
spec.loader.exec_module(cases)
SPARK = json.loads((HERE / "spark.json").read_text(encoding="utf-8"))["cases"]


def in_memory(w, mode):
    """Rows of the batches, told apart by their numbers; complete mode: of the last."""
    in_memory.tables += 1
    q = w.format("memory").queryName(f"runs{in_memory.tables}").start()
    assert q.awaitTermination(60)
    if q.exception():
        raise q.exception()
    rows, at, got = w._session.table(q.name).collect(), 0, {}
    for p in q.recentProgress:
        n = p["sink"]["numOutputRows"]
        got[p["batchId"]] = [] if mode == "complete" else rows[at:at + n]
        at += n
    if mode == "complete" and got:
        got[max(got)] = rows
    return got, q.recentProgress


in_memory.tables = 0


def judged(phase, mode):
    if mode == "complete" and "rows" in phase:
        last = max(phase["rows"], key=int, default=None)
        phase = dict(phase, rows={k: v if k == last else [] for k, v in phase["rows"].items()})
    return phase


@pytest.mark.parametrize("name", sorted(SPARK))
def test_like_spark(spark, tmp_path, name):
    got, want = cases.run_case(spark, name, str(tmp_path), in_memory), SPARK[name]
    assert got["state"] == want["state"]
    for (_, mode, _), g, w in zip(cases.CASES[name], got["phases"], want["phases"], strict=True):
        if "error" in w:
            assert g["error"][:2] == w["error"][:2] and g["error"][2].startswith(w["error"][2])
        else:
            assert judged(g, mode) == judged(w, mode)
