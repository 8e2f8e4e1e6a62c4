"""Generated cases whose answers Apache Spark gave once (test/golden/crosscheck, by tools/crosscheck.py --record)."""
import glob
import json
import os
import sys

import pytest

from conftest import Engine

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path.insert(0, os.path.join(ROOT, "tools"))
import crosscheck  # noqa: E402

sys.modules["crosscheck_driver"] = crosscheck
GROUPS = sorted(os.path.basename(p)[:-6] for p in glob.glob(os.path.join(ROOT, "test", "golden", "crosscheck", "*.jsonl")))


@pytest.mark.parametrize("group", GROUPS)
def test_answers_of_spark(tmp_path, group):
    e = Engine(str(tmp_path), env=getattr(crosscheck.module_of(group), "ENVIRONMENT", {}))
    spark = e.session()
    try:
        compare(spark, tmp_path, group)
    finally:
        spark.stop()
        code = e.stop()
    assert code == 0, open(os.path.join(e.folder, "server.log"), errors="replace").read()[-4000:]


def compare(spark, tmp_path, group):
    head, *answers = open(crosscheck.golden_path(group), encoding="utf-8").read().rstrip("\n").split("\n")  # texts hold other ends of lines
    head = json.loads(head)
    assert head["generator"] == crosscheck.made_by(group), f"the generator changed: tools/crosscheck.py {group} --record {head['cases']}"
    spark.conf.set("spark.sql.shuffle.partitions", "2")
    cases, wrong = crosscheck.golden_cases(group, head["seed"], head["cases"]), []
    assert len(cases) == len(answers) > 0
    for i, (case, want) in enumerate(zip(cases, answers)):
        place = str(tmp_path / str(i))
        os.makedirs(place)
        got = crosscheck.attempt(lambda: case.run(spark, place))
        if crosscheck.text_of(got, place) != want:
            found = list(crosscheck.apart(json.loads(want), json.loads(crosscheck.text_of(got, place)), ""))
            wrong.append(f"{i}: {case.name[:300]}: Spark and weir: {found[:3]}")
    assert not wrong, "\n".join(wrong)
