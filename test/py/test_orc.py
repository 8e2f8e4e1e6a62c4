"""ORC files: one that Apache Spark 4.2.0 wrote, and our own."""
import datetime
import decimal
import glob
import os

import pyarrow.orc
import pytest
from pyspark.sql import Row
from test_stream import put

SPARKS = os.path.join(os.path.dirname(__file__), "..", "golden", "files", "orc", "spark42.snappy.orc")
# as Spark wrote it, with the session's time zone UTC, and reads what weir makes of it
ROWS = """SELECT 1 AS a, 'x' AS s, CAST(1.5 AS DECIMAL(10,2)) AS d, TIMESTAMP'2026-07-01 10:11:12.123456' AS t, DATE'2026-02-03' AS da,
 array(1,NULL) AS ar, map('k', TIMESTAMP'2026-01-01 00:00:00') AS m,
 named_struct('b', true, 'c', CAST(2 AS TINYINT), 'f', 1.5F, 'bi', X'00FF') AS st
 UNION ALL SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL"""
TYPES = ("struct<a:int,s:string,d:decimal(10,2),t:timestamp,da:date,ar:array<int>,m:map<string,timestamp>,"
         "st:struct<b:boolean,c:tinyint,f:float,bi:binary>>")


def test_a_file_of_spark(spark):
    d = spark.read.orc(SPARKS)
    assert d.schema.simpleString() == TYPES and d.count() == 2
    assert d.selectExpr("CAST(t AS STRING) AS t", "CAST(m['k'] AS STRING) AS m", "a", "s", "d", "da", "ar", "st").orderBy("a").collect() == [
        Row(t=None, m=None, a=None, s=None, d=None, da=None, ar=None, st=None),
        Row(t="2026-07-01 10:11:12.123456", m="2026-01-01 00:00:00", a=1, s="x", d=decimal.Decimal("1.50"),
            da=datetime.date(2026, 2, 3), ar=[1, None], st=Row(b=True, c=2, f=1.5, bi=b"\x00\xff"))]


@pytest.mark.parametrize("zone", ["UTC", "America/New_York"])
def test_written_and_read(spark, tmp_path, zone):
    spark.conf.set("spark.sql.session.timeZone", zone)
    d = spark.sql(ROWS)
    d.write.orc(f"{tmp_path}/o")
    [name] = glob.glob(f"{tmp_path}/o/*.zstd.orc")
    assert sorted(spark.read.orc(f"{tmp_path}/o").collect(), key=str) == sorted(d.collect(), key=str)
    # a timestamp is a wall clock of the process there (UTC here), whatever the session's zone, as Spark 4.2 writes it
    wall = {"UTC": "2026-07-01 10:11:12.123456", "America/New_York": "2026-07-01 14:11:12.123456"}[zone]
    assert pyarrow.orc.read_table(name)["t"].to_pylist()[0].isoformat(" ") == wall


def test_streamed(spark, tmp_path):
    spark.range(10).write.orc(f"{tmp_path}/in")
    q = (spark.readStream.schema("id LONG, more STRING").orc(f"{tmp_path}/in").writeStream.format("orc")
         .option("checkpointLocation", f"{tmp_path}/ck").trigger(availableNow=True).start(f"{tmp_path}/out"))
    assert q.awaitTermination(30) and q.exception() is None
    assert sorted((r.id, r.more) for r in spark.read.orc(f"{tmp_path}/out").collect()) == [(i, None) for i in range(10)]


def test_refused_by_name(spark, tmp_path):
    put(str(tmp_path), "bad.orc", {"no": "orc"})
    with pytest.raises(Exception, match="bad.orc"):
        spark.read.orc(f"{tmp_path}/bad.orc").collect()
    with pytest.raises(Exception, match="TIMESTAMP_NTZ in ORC files"):
        spark.sql("SELECT TIMESTAMP_NTZ'2026-01-01 00:00:00' AS t").write.orc(f"{tmp_path}/o")
    spark.range(2).write.orc(f"{tmp_path}/i")
    with pytest.raises(Exception, match="ORC does not convert the column id from its type in the file, bigint, to binary"):
        spark.read.schema("id BINARY").orc(f"{tmp_path}/i").collect()
