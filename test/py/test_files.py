"""File sources and sinks do what Apache Spark does with the same scripts: test/golden/files."""
import json
import pathlib
import sys

import pytest

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "golden" / "files"
sys.path.insert(0, str(GOLDEN))
import cases  # noqa: E402
from record import result  # noqa: E402

SPARK = json.loads((GOLDEN / "spark.json").read_text())["cases"]
# What weir does differently, and why.
OTHERWISE = {
    # files are listed when a query runs, not when its DataFrame is made: what is gone by then is not missed
    "missing_and_damaged": {"/after"},
    "listing": {"/scheme"},  # only local files can be read; the message says so
}


def differences(want, got, at=""):
    """The paths where two results differ."""
    if isinstance(want, dict) and isinstance(got, dict) and "error" not in want:
        return [d for k in sorted({*want, *got}) for d in differences(want.get(k), got.get(k), f"{at}/{k}")]
    same = json.dumps(want, sort_keys=True) == json.dumps(got, sort_keys=True)
    return [] if same else [f"{at}\n  Spark {json.dumps(want, ensure_ascii=False)}\n  weir  {json.dumps(got, ensure_ascii=False)}"]


@pytest.mark.parametrize("name", sorted(cases.CASES))
def test_like_spark(spark, tmp_path, name):
    folder = tmp_path / "data"
    folder.mkdir()
    got = result(spark, name, str(folder))
    found = [d for d in differences(SPARK[name], got) if d.split("\n")[0] not in OTHERWISE.get(name, {})]
    assert not found, "\n".join(found)
