"""Compressed text files: read as other programs make them and as Apache Spark 4.2.0 reads them (test/golden/packed), written so
that others read them."""
import bz2
import glob
import gzip
import json
import pathlib
import sys
import zlib

import pytest
from pyspark.errors import PySparkException

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "golden" / "packed"
sys.path.insert(0, str(GOLDEN))
import packed_cases  # noqa: E402

SPARK = json.loads((GOLDEN / "spark.json").read_text())
# Spark takes a bzip2 file that ends inside its last block for a whole one, and says nothing of it; it is refused like a cut gzip.
OTHERWISE = {("csv", "bz2 cut"): {"exception": "SparkException", "error": "FAILED_READ_FILE.NO_HINT"}}

TEXT = {"json": '{"a":%d,"b":"x%d"}\n', "csv": "%d,x%d\n", "xml": "<ROW><a>%d</a><b>x%d</b></ROW>\n"}
SCHEMA = "a INT, b STRING"
UNPACK = {"gzip": gzip.decompress, "deflate": zlib.decompress, "bzip2": bz2.decompress}
EXTENSION = {"gzip": "gz", "deflate": "deflate", "bzip2": "bz2", "lz4": "lz4", "snappy": "snappy"}


@pytest.mark.parametrize("kind, name", [(k, n) for k in ("csv", "other") for n in SPARK[k]])
def test_as_spark(spark, tmp_path, kind, name):
    got = getattr(packed_cases, kind)(spark, name, str(tmp_path / "d"))
    assert json.loads(json.dumps(got)) == OTHERWISE.get((kind, name), SPARK[kind][name])


def text_of(format, n):
    text = "".join(TEXT[format] % (i, i) for i in range(n))
    return f"<r>{text}</r>" if format == "xml" else text


def reader(spark, format):
    return spark.read.format(format).option("rowTag", "ROW")


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress], ids=["gz", "deflate"])
@pytest.mark.parametrize("format", sorted(TEXT))
def test_read(spark, tmp_path, format, pack):
    n = 50000
    (tmp_path / "in").mkdir()
    end = "gz" if pack is gzip.compress else "deflate"
    (tmp_path / "in" / f"a.{format}.{end}").write_bytes(pack(text_of(format, n).encode()))
    df = reader(spark, format).schema(SCHEMA).load(str(tmp_path / "in"))
    assert df.selectExpr("count(*)", "sum(a)", "max(length(b))").first()[:] == (n, n * (n - 1) // 2, 6)
    kinds = [f.dataType.simpleString() for f in reader(spark, format).option("inferSchema", "true").load(str(tmp_path / "in")).schema]
    assert kinds == [{"csv": "int"}.get(format, "bigint"), "string"]


def test_read_members(spark, tmp_path):
    (tmp_path / "a.json.gz").write_bytes(gzip.compress(b'{"a":1}\n') + gzip.compress(b'{"a":2}\n') + gzip.compress(b""))
    assert [r.a for r in spark.read.schema("a INT").json(str(tmp_path / "a.json.gz")).collect()] == [1, 2]


@pytest.mark.parametrize("name, data", [
    ("cut.json.gz", gzip.compress(b'{"a":1}\n' * 1000)[:-20]),
    ("no.json.gz", b"not packed at all"),
    ("b.json.bz2", b"BZh9"),
])
def test_damaged(spark, tmp_path, name, data):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(PySparkException, match="FAILED_READ_FILE") as e:
        spark.read.schema("a INT").json(str(tmp_path / name)).collect()
    assert name in str(e.value)


@pytest.mark.parametrize("codec", sorted(EXTENSION))
@pytest.mark.parametrize("format", [*sorted(TEXT), "text"])
def test_write(spark, tmp_path, format, codec):
    df = spark.range(20000).selectExpr(*(["CAST(id AS STRING) AS value"] if format == "text" else ["id AS a", "id % 7 AS b"]))
    w = df.write.format(format).option("rowTag", "ROW")
    w.save(str(tmp_path / "plain"))
    w.option("compression", codec).save(str(tmp_path / "packed"))
    [plain] = glob.glob(f"{tmp_path}/plain/part-*")
    [packed] = glob.glob(f"{tmp_path}/packed/part-*.{EXTENSION[codec]}")
    if codec in UNPACK:
        assert UNPACK[codec](open(packed, "rb").read()) == open(plain, "rb").read()
    read = {d: sorted(map(str, reader(spark, format).load(str(tmp_path / d)).collect())) for d in ("plain", "packed")}
    assert len(read["packed"]) == 20000 and read["packed"] == read["plain"]


def test_nothing_is_packed_too(spark, tmp_path):
    spark.range(0).write.option("compression", "gzip").json(str(tmp_path / "o"))
    assert all(gzip.decompress(open(f, "rb").read()) == b"" for f in glob.glob(f"{tmp_path}/o/part-*"))


def test_stream(spark, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.json.gz").write_bytes(gzip.compress(b'{"a":1}\n{"a":2}\n'))
    q = (spark.readStream.schema("a INT").json(str(tmp_path / "in")).writeStream.format("json").option("compression", "gzip")
         .option("checkpointLocation", str(tmp_path / "ck")).trigger(availableNow=True).start(str(tmp_path / "out")))
    q.awaitTermination(60)
    assert q.exception() is None
    assert sorted(r.a for r in spark.read.schema("a INT").json(str(tmp_path / "out")).collect()) == [1, 2]
