"""XML files are read and written as Apache Spark reads and writes them: test/golden/xml."""
import json
import os
import pathlib
import sys
import time

import pytest
from pyspark.errors import PySparkException

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "golden" / "xml"
sys.path.insert(0, str(GOLDEN))
import importlib.util  # noqa: E402


def load(name):
    spec = importlib.util.spec_from_file_location(f"xml_{name}", GOLDEN / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


cases = load("cases")
SPARK = json.loads((GOLDEN / "spark.json").read_text())


@pytest.fixture
def utc(monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


# What weir does differently, and why.
MALFORMED = {"class": "MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION", "causes": [], "required": None}
OTHERWISE = {
    # the error says what is wrong with the record, not that of another one around it
    "bad_value_fail": MALFORMED,
    "cut_tag_fail": MALFORMED,
    # Spark lets a job fail in every mode when it is the record's own attribute or text that is malformed, or the
    # bytes are no characters: here the mode decides, as with every other malformed record
    "bad_root_attribute": [[None, None, "<r><ROW a='x'><b>1</b></ROW><ROW a='1'><b>2</b></ROW></r>"], [1, 2, None]],
    "bad_root_value": [[None, None, "<r><ROW>x<b>1</b></ROW><ROW>2</ROW></r>"], [2, None, None]],
    "utf8_broken": [["1"], [None]],
    # Spark's parser does not look at the option
    "latin1_option": [["é"]],
}
WRITTEN_OTHERWISE = {
    # refused when the write begins, by its column
    "interval": {"class": "UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE", "causes": [], "required": None},
    # refused by name; Spark's task fails with UnsupportedCharsetException
    "charset_unknown": {"class": "INVALID_PARAMETER_VALUE.CHARSET", "causes": [], "required": None},
}


@pytest.mark.parametrize("name", sorted(cases.READ))
def test_read_as_spark(spark, tmp_path, utc, name):
    got = json.loads(json.dumps(cases.read(spark, name, str(tmp_path))))
    want = OTHERWISE.get(name, SPARK["read"][name])
    assert (got["rows"] if isinstance(want, list) else got) == want


@pytest.mark.parametrize("name", sorted(cases.WRITE))
def test_write_as_spark(spark, tmp_path, utc, name):
    want = WRITTEN_OTHERWISE.get(name, SPARK["write"][name])
    if name.startswith("charset_") and "" in want:  # Spark refers to the halves of a pair, which no parser reads
        want = {"": want[""].replace("&#xd83d;&#xde00;", "&#x1f600;")}
    assert cases.write(spark, name, str(tmp_path)) == want


def fill(path, **texts):
    path.mkdir()
    for name, text in texts.items():
        (path / f"{name}.xml").write_text(text)
    return str(path)


def test_stream_of_xml(spark, tmp_path):
    """A stream of files into files, stopped and gone on with: every row once."""
    source = fill(tmp_path / "in", a="<r><ROW i='1'><v>x</v></ROW><ROW i='2'><v>y</v></ROW></r>")

    def run():
        q = (spark.readStream.format("xml").option("rowTag", "ROW").schema("_i INT, v STRING").load(source)
             .writeStream.format("xml").option("rowTag", "OUT").option("checkpointLocation", str(tmp_path / "ck"))
             .trigger(availableNow=True).start(str(tmp_path / "out")))
        q.awaitTermination(60)
        assert q.exception() is None

    run()
    (tmp_path / "in" / "b.xml").write_text("<r><ROW i='3'/></r>")
    run()
    run()
    rows = spark.read.format("xml").option("rowTag", "OUT").schema("_i INT, v STRING").load(str(tmp_path / "out")).collect()
    assert sorted((r._i, r.v) for r in rows) == [(1, "x"), (2, "y"), (3, None)]


def test_stream_needs_schema(spark, tmp_path):
    source = fill(tmp_path / "in", a="<r><ROW><a>1</a></ROW></r>")
    with pytest.raises(PySparkException, match="Schema must be specified"):
        spark.readStream.format("xml").option("rowTag", "ROW").load(source).schema
    spark.conf.set("spark.sql.streaming.schemaInference", "true")
    assert spark.readStream.format("xml").option("rowTag", "ROW").load(source).schema.simpleString() == "struct<a:bigint>"


def test_many_rows(spark, tmp_path):
    """A file of more rows than a batch holds, with malformed ones: counted, read, and read in part."""
    n = 20000
    text = "".join(f"<ROW><a>{i}</a><b>{'x' if i % 1000 == 7 else i}</b></ROW>" for i in range(n))
    source = fill(tmp_path / "in", a=f"<r>{text}</r>")
    df = spark.read.format("xml").option("rowTag", "ROW").schema("a INT, b INT").load(source)
    assert df.count() == n
    assert df.agg({"a": "sum"}).first()[0] == n * (n - 1) // 2
    assert df.where("b IS NULL").count() == n // 1000
    assert df.where("a = b").count() == n - n // 1000


def test_folders_are_columns(spark, tmp_path):
    (tmp_path / "in").mkdir()
    fill(tmp_path / "in" / "k=7", a="<r><ROW><a>1</a></ROW></r>")
    df = spark.read.format("xml").option("rowTag", "ROW").load(str(tmp_path / "in"))
    assert df.schema.simpleString() == "struct<a:bigint,k:int>" and [tuple(r) for r in df.collect()] == [(1, 7)]


def test_malformed_names_file_and_place(spark, tmp_path):
    source = fill(tmp_path / "in", bad="<r>\n<ROW><a>1</a></ROW>\n<ROW><a>2</b></ROW></r>")
    with pytest.raises(PySparkException) as e:
        spark.read.format("xml").options(rowTag="ROW", mode="FAILFAST").schema("a INT").load(source).collect()
    assert "bad.xml" in str(e.value) and "byte offset 24" in str(e.value) and "mismatched tag, at line 3" in str(e.value)


@pytest.mark.parametrize("option, value", [
    ("rowValidationXSDPath", "/x.xsd"), ("singleVariantColumn", "v"), ("useLegacyXMLParser", "true"), ("locale", "de-DE")])
def test_undone_options_are_refused(spark, tmp_path, option, value):
    source = fill(tmp_path / "in", a="<r><ROW><a>1</a></ROW></r>")
    with pytest.raises(PySparkException, match=f"UNSUPPORTED_FEATURE.*{option}"):
        spark.read.format("xml").options(**{"rowTag": "ROW", option: value}).load(source).collect()


def test_unknown_encoding_is_named(spark, tmp_path):
    source = fill(tmp_path / "in", a="<?xml version='1.0' encoding='Shift_JIS'?><r><ROW><a>1</a></ROW></r>")
    with pytest.raises(PySparkException, match="the encoding Shift_JIS of file:.*a.xml"):
        spark.read.format("xml").option("rowTag", "ROW").schema("a INT").load(source).collect()


def bomb(levels):
    entities = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10}">' for i in range(1, levels))
    return f'<!DOCTYPE r [<!ENTITY e0 "boom">{entities}]>'


@pytest.mark.parametrize("text", [
    f"{bomb(30)}<r><ROW><a>&e29;</a></ROW></r>",
    f"{bomb(30)}<r><ROW a='&e29;'/></r>",
    f"<!DOCTYPE r [<!ENTITY e '{'x' * 50000}'>]><r><ROW a='{'&e;' * 20000}'/></r>",
    '<!DOCTYPE r [<!ENTITY e SYSTEM "file:///etc/passwd">]><r><ROW><a>&e;</a></ROW></r>',
    '<!DOCTYPE r [<!ENTITY % p SYSTEM "file:///etc/passwd">%p;]><r><ROW><a>&e;</a></ROW></r>',
    "<r><ROW>" + "<a>" * 5000 + "</a>" * 5000 + "</ROW></r>",
    "<r><ROW " + " ".join(f"a{i}='1'" for i in range(2000)) + "/></r>",
], ids=["bomb", "bomb in attribute", "blow-up", "external", "external parameter", "deep", "attributes"])
def test_hostile_texts_are_malformed(spark, tmp_path, text):
    source = fill(tmp_path / "in", a=text)
    df = spark.read.format("xml").option("rowTag", "ROW").schema("a STRING, _a STRING, _corrupt_record STRING").load(source)
    assert [tuple(r) for r in df.collect()] == [(None, None, text)]
    assert "_corrupt_record" in spark.read.format("xml").option("rowTag", "ROW").load(source).columns


def test_nested_schema_has_a_bound(spark, tmp_path):
    """Elements as deep as a reader of other schemas takes them are too deep to be a schema."""
    source = fill(tmp_path / "in", a="<r><ROW>" + "<a>" * 300 + "1" + "</a>" * 300 + "<b>2</b></ROW></r>")
    assert spark.read.format("xml").option("rowTag", "ROW").load(source).columns == ["_corrupt_record"]
    df = spark.read.format("xml").option("rowTag", "ROW").schema("b INT, a STRING").load(source)
    assert df.first().b == 2 and df.first().a.startswith("<a><a>")
