"""Columns of Parquet and ORC files are found by name and converted as Apache Spark does: test/golden/columns."""
import pathlib
import sys

import pytest

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "golden" / "columns"
sys.path.insert(0, str(GOLDEN))
import columns_record as record  # noqa: E402
from columns_record import cases  # noqa: E402

# What weir does otherwise, and why: {(group, name): (asked, ...)}
OTHERWISE = {
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
