"""Files written are Spark's to the byte. test/golden/sink holds what Apache Spark 4.2.0 wrote for the same rows."""
import glob
import pathlib

import pytest

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "golden" / "sink"
ROWS = r"""SELECT id, CASE id WHEN 0 THEN 'plain' WHEN 1 THEN 'with,comma' WHEN 2 THEN 'say "hi"' WHEN 3 THEN ''
 WHEN 4 THEN NULL WHEN 5 THEN ' lead and trail ' WHEN 6 THEN 'line
break' WHEN 7 THEN 'back\\slash' WHEN 8 THEN 'mix\\"q,' WHEN 9 THEN 'ünï' WHEN 10 THEN '#hash' ELSE 'x;y' END AS t,
 id/4.0D AS d, CAST(id AS DECIMAL(10,3)) AS c, id%2=0 AS b, date_add(DATE'2024-02-27',CAST(id AS INT)) AS day,
 timestamp_micros(1700000000123456+id) AS ts, CAST(id AS FLOAT)/3 AS f, IF(id=3, 1e20D, id*1e-5D) AS e FROM range(12)"""
CASES = {
    "j1": ("json", {}),
    "j2": ("json", {"ignoreNullFields": "false", "timestampFormat": "dd/MM/yyyy HH:mm", "dateFormat": "MM-yyyy"}),
    "c1": ("csv", {}),
    "c2": ("csv", {"header": "true", "sep": ";", "quoteAll": "true", "nullValue": "NULL", "emptyValue": "EMPTY"}),
    "c3": ("csv", {"quote": "'", "escape": "'", "ignoreLeadingWhiteSpace": "false", "ignoreTrailingWhiteSpace": "false",
                   "escapeQuotes": "false"}),
    "c4": ("csv", {"header": "true", "sep": "||", "timestampFormat": "yyyy/MM/dd HH:mm:ss.SSSSSS"}),
    "c5": ("csv", {"quote": "", "header": "true"}),
    "t1": ("text", {}),
    "t2": ("text", {"lineSep": "|"}),
}


@pytest.mark.parametrize("case", sorted(CASES))
def test_bytes_as_spark(spark, tmp_path, case):
    fmt, options = CASES[case]
    df = spark.sql(ROWS)
    if fmt == "text":
        df = df.select("t")
    df.coalesce(1).write.format(fmt).options(**options).save(str(tmp_path / "o"))
    assert b"".join(open(f, "rb").read() for f in glob.glob(f"{tmp_path}/o/part-*")) == (GOLDEN / case).read_bytes()
    assert (tmp_path / "o" / "_SUCCESS").exists()


@pytest.mark.parametrize("fmt", ["json", "text", "csv"])
def test_stream_into_files_listed_once(spark, tmp_path, fmt):
    src, out, ck = (str(tmp_path / x) for x in ("in", "out", "ck"))
    (tmp_path / "in").mkdir()
    for turn in range(2):
        for i in range(3):
            (tmp_path / "in" / f"f{turn}{i}.json").write_text('{"t":"v%d%d"}\n' % (turn, i))
        q = (spark.readStream.schema("t STRING").option("maxFilesPerTrigger", 1).json(src).writeStream.format(fmt)
             .option("checkpointLocation", ck).trigger(availableNow=True).start(out))
        q.awaitTermination(60)
        assert q.exception() is None
    lines = sorted(line for f in glob.glob(out + "/part-*") for line in open(f).read().splitlines())
    assert len(lines) == 6 and len(set(lines)) == 6
    if fmt == "json":
        assert sorted(r.t for r in spark.read.json(out).collect()) == [f"v{a}{b}" for a in range(2) for b in range(3)]
