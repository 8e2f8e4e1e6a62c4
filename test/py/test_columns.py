"""Columns of Parquet and ORC files are found by name and converted as Apache Spark does: test/golden/columns."""
import pathlib
import sys

import pytest
from conftest import Engine

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "golden" / "columns"
sys.path.insert(0, str(GOLDEN))
import columns_record as record  # noqa: E402
from columns_record import cases  # noqa: E402

# What weir does otherwise, and why: {(group, name): (asked, ...)}
OTHERWISE = {
    # Spark reads millis as micros there; it ends with an error without a class
    ("orc_types", "ts"): ("timestamp_ntz",),
    ("orc_types", "nt"): ("timestamp",),
    # Spark reads keys that are no numbers as 0
    ("orc_types", "m"): ("map<int,int>",),
    # Spark fails to read lists of this form when one field of the group is asked for (it takes the field for the element)
    ("parquet_shapes", "two_levels_group"): (),
    # Spark's text prints the whole group as parquet-java does
    ("parquet_shapes", "no_list"): ("-",),
    ("parquet_shapes", "set"): ("-",),
}


def by_question(answers):
    return {q: a for asked, a in answers for q in asked.split(" ; ")}


@pytest.mark.parametrize("group, name", [(g, n) for g in cases.GROUPS for n in cases.GROUPS[g][1]])
def test_as_spark(spark, group, name):
    want, got = by_question(record.kept(group)[name]), by_question(record.answers(spark, group, name))
    for q in OTHERWISE.get((group, name), ()):
        del want[q], got[q]
    assert got == want


def test_what_is_no_key_is_refused(spark):
    with pytest.raises(Exception, match="(?s)FAILED_READ_FILE.*types/f.orc.*column m has a key that is null as int"):
        spark.read.schema("m map<int,int>").orc(f"{cases.ORC}/types").collect()


@pytest.mark.parametrize("reader, zone", [("utc", "UTC"), ("ny", "America/New_York")])
def test_orc_timestamps_of_two_zones(tmp_path, reader, zone):
    """Clocks on the wall of the process's time zone. Rows 2 and 6 of New York's files: what Spark makes of the last second
    before 1970, and of the day the calendar changed on, is not what was written."""
    e = Engine(str(tmp_path), env={"TZ": zone})
    try:
        spark, got = e.session(), []
        for writer in ("utc", "ny"):
            times = spark.read.orc(f"{cases.ORC}/times_{writer}").selectExpr("i", "CAST(t AS STRING) AS t").orderBy("i")
            got += [" | ".join((reader, writer, str(r.i), r.t)) for r in times.collect()]
    finally:
        assert e.stop() == 0
    want = [w for w in (GOLDEN / "orc" / "zones.txt").read_text().splitlines() if w.startswith(reader + " | ")]
    assert [(g, w) for g, w in zip(got, want) if g != w] == [] and len(got) == len(want)
