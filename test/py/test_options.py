"""Options: every one that Spark has is honoured or refused by its name, and what is honoured does what it does on Spark. Spark's lists
(names.json) and what its options do (spark.json) are from Apache Spark 4.2.0 with Delta 4.4.0: test/golden/options/record.py."""
import json
import pathlib
import subprocess
import sys

import pytest
from conftest import BIN

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "golden" / "options"
sys.path.insert(0, str(GOLDEN))
import cases as option_cases  # noqa: E402

SPARK = json.loads((GOLDEN / "spark.json").read_text())["effects"]
NAMES = json.loads((GOLDEN / "names.json").read_text())["options"]
ROWS = [line.split("\t") for line in subprocess.run([BIN, "options"], capture_output=True, text=True, check=True).stdout.splitlines()]
TABLE = {(group, name.lower()): (uses, values, instead) for group, name, uses, values, instead in ROWS}
# Options of all files stand under "file" here; under their formats on Spark, too.
EVERYWHERE = {name for group, name in TABLE if group == "file"}
# What weir does otherwise, beside what Spark does (spark.json)
OTHERWISE = {}


def known(group, name):
    return (group, name.lower()) in TABLE or name.lower() in EVERYWHERE or any(
        g == group and n.endswith("*") and name.lower().startswith(n[:-1]) for g, n in TABLE)


def test_every_option_of_spark_is_in_the_table():
    assert [f"{g}.{n}" for g in NAMES for n in NAMES[g] if not known(g, n)] == []


def refused_by_name(key, got):
    group, name = key.split(" ", 1)[1].split(".", 1)
    uses, values, instead = TABLE[group, name.lower()]
    return bool(instead) and isinstance(got, dict) and got.get("says", "").find(name) >= 0


def answer(spark, use, key, folder, given, monkeypatch):
    said = {}

    def error(e):
        said["text"] = str(e)
        return {**ERROR(e), "says": str(e)}
    monkeypatch.setattr(option_cases, "error", error)
    folder.mkdir()
    got = json.loads(json.dumps(option_cases.KINDS[use][1](spark, key, str(folder), given)).replace(str(folder).lstrip("/"), "DIR"))
    return got


ERROR = option_cases.error


@pytest.mark.parametrize("use,key", [c.split(" ", 1) for c in SPARK])
def test_does_what_it_does_on_spark(spark, tmp_path, monkeypatch, use, key):
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    case = f"{use} {key}"
    got = [answer(spark, use, key, tmp_path / f"d{given}", given, monkeypatch) for given in (False, True)]
    if refused_by_name(case, got[1]):
        assert {k: v for k, v in got[1].items() if k != "says"} != SPARK[case][1]
        got[1], want = None, [SPARK[case][0], None]
    else:
        want = OTHERWISE.get(case, SPARK[case])
    for g in got:
        if isinstance(g, dict):
            del g["says"]
    assert got == want


def test_no_case_without_effect():
    assert [c for c, (without, with_it) in SPARK.items() if without == with_it] == []
