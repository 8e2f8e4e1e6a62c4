"""Checkpoints changed on purpose: weir goes on, with the rows, where Apache Spark 4.3 goes on, and refuses where it
refuses, with its class (test/golden/hazards), the name of a file, and the command that says more."""
import json
import re

import pytest
from checkpoints import GOLDEN, expected, newest, place, resume
from hazards import MUTATIONS, PREFIX, SESSION

SPARK = json.loads((GOLDEN / "hazards" / "spark.json").read_text())["outcomes"]
# weir has no such provider yet and says so; Spark looks for the provider's files and does not find them
OTHERWISE = {"conf_rocksdb_provider_on_hdfs_ckpt": "UNSUPPORTED_FEATURE"}


@pytest.mark.parametrize("data", [b"", b"{}", b'{"id":"dd'], ids=str)
def test_metadata_without_id_names_the_command(spark, tmp_path, data):
    """As a loss of power may leave it."""
    ck = place("agg_update_hdfs", tmp_path / "work")
    (ck / "metadata").write_bytes(data)
    with pytest.raises(Exception, match=f"weir checkpoint inspect {ck}"):
        resume(spark, "agg_update_hdfs", tmp_path / "work", "noid")


def test_every_hazard_is_here():
    assert set(MUTATIONS) == set(SPARK)


@pytest.mark.parametrize("name", list(SPARK))
def test_hazard_has_outcome_of_spark(spark, tmp_path, name):
    want = SPARK[name]
    case, work = want["case"], tmp_path / "work"
    ck = place(case, work)
    MUTATIONS[name](ck)
    last = newest(ck, "commits")
    conf = {PREFIX + "shuffle.partitions": "2", **SESSION.get(name, {})}
    if want["outcome"] == "resumed":
        rows = expected(want.get("rows", case))
        assert resume(spark, case, work, "hazard", conf) == {n: r for n, r in rows.items() if n > last}
        return
    with pytest.raises(Exception) as e:
        resume(spark, case, work, "hazard", conf)
    said = str(e.value)
    if name in OTHERWISE:
        assert OTHERWISE[name] in said
    elif want["class"]:
        assert want["class"] in re.findall(r"\[([A-Z_.0-9]+)\]", said)
    elif name != "sources_log_missing":  # there Spark says "assertion failed" and no more
        assert want["says"].split("offsets/")[0] in said
    assert str(ck) in said
    assert f"weir checkpoint inspect {ck}" in said
