"""Properties of Delta tables: each is honoured, harmless, or refused by name before anything is written."""
import glob
import json
import os
import sys
import warnings

import pytest
from pyspark.errors import PySparkException
from test_delta_files import adds, refused

GOLDEN = os.path.join(os.path.dirname(__file__), "..", "golden", "delta")
sys.path.insert(0, GOLDEN)
import properties_cases  # noqa: E402

# weir does not do what these ask for; Spark makes the table, or refuses it with a class of its own
UNSUPPORTED = "DELTA_UNSUPPORTED_FEATURES_FOR_WRITE"
NOT_DONE = {
    "delta.columnMapping.mode": ("name", "id"), "delta.compatibility.symlinkFormatManifest.enabled": ("true",), "delta.constraints.c": ("a > 0",),
    "delta.coordinatedCommits.commitCoordinator-preview": ("x",), "delta.redirectReaderWriter-preview": ("{}",),
    "delta.universalFormat.enabledFormats": ("iceberg",),
    **{"delta." + k: ("true",) for k in ("enableIcebergCompatV1", "enableIcebergCompatV2", "enableIcebergCompatV3", "enableInCommitTimestamps",
                                         "enableMaterializePartitionColumnsFeature", "enableRowTracking", "enableTypeWidening", "enableVariantShredding")},
    **{"delta.feature." + k: ("supported",) for k in ("allowColumnDefaults", "catalogManaged", "checkpointProtection", "clustering", "icebergCompatV2",
                                                      "coordinatedCommits-preview", "inCommitTimestamp", "materializePartitionColumns", "rowTracking",
                                                      "typeWidening", "variantType")}}


def test_properties_of_a_new_table(spark, tmp_path):
    said, *rows = json.load(open(os.path.join(GOLDEN, "properties.json")))
    cases, wrong = list(properties_cases.tables()), []
    assert len(cases) == len(rows) and [p for p, _ in cases] == [p for p, _ in rows]
    for i, ((props, columns), (_, want)) in enumerate(zip(cases, rows)):
        if any(v in NOT_DONE.get(k, ()) for k, v in props.items()):
            want = UNSUPPORTED
        got = properties_cases.outcome(spark, "t", str(tmp_path / str(i)), props, columns)
        if got != want:
            wrong.append((props, said, want, "weir", got))
    assert not wrong, wrong


def stream_into(spark, path, checkpoint, **options):
    source = spark.readStream.format("rate-micro-batch").option("rowsPerBatch", 2).load()
    source.writeStream.format("delta").options(**options).option("checkpointLocation", checkpoint).trigger(once=True).start(path).awaitTermination(60)


# The ways to a new table, and which take delta.* options and the session's defaults. Apache Spark 4.2.0, Delta 4.4.0
def test_ways_of_giving_properties(spark, tmp_path):
    rows = spark.sql("SELECT 1 a")
    place = lambda name: str(tmp_path / name)  # noqa: E731
    ways = {
        "save": lambda p, **o: rows.write.format("delta").options(**o).save(p),
        "saveAsTable": lambda p, **o: rows.write.format("delta").options(**o).option("path", p).saveAsTable("s"),
        "ctas": lambda p, **o: spark.sql(f"CREATE TABLE c USING delta OPTIONS ({', '.join(f'{k!r}={v!r}' for k, v in o.items()) or 'a=1'}) LOCATION '{p}' AS SELECT 1 a"),
        "stream": lambda p, **o: stream_into(spark, p, p + "-ck", **o)}
    for name, make in ways.items():
        make(place(name), **{"DELTA.appendonly": "true", "foo": "1"})
        assert properties_cases.made(place(name)) == [1, 2, {} if name == "stream" else {"delta.appendOnly": "true"}], name
        if name != "stream":
            spark.sql("DROP TABLE IF EXISTS s"), spark.sql("DROP TABLE IF EXISTS c")
            assert refused(lambda: make(place(name + "!"), **{"delta.foo": "1"})) == "DELTA_UNKNOWN_CONFIGURATION"
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # it is not said to be without effect
        spark.conf.set("spark.databricks.delta.properties.defaults.checkpointInterval", "3")
    spark.conf.set("spark.databricks.delta.properties.defaults.feature.timestampNtz", "supported")
    spark.conf.set("spark.databricks.delta.properties.defaults.nonesuch", "1")
    for name, make in ways.items():
        make(place(name + "2"))
        assert properties_cases.made(place(name + "2")) == [3, 7, ["timestampNtz"], ["appendOnly", "invariants", "timestampNtz"],
                                                            {"delta.checkpointInterval": "3"}], name
    spark.sql(f"CREATE TABLE i (a INT) USING delta LOCATION '{place('i')}' TBLPROPERTIES ('delta.ignoreProtocolDefaults'='true')")
    assert properties_cases.made(place("i")) == [1, 1, {"delta.checkpointInterval": "3"}]
    spark.conf.set("spark.databricks.delta.properties.defaults.checkpointInterval", "0")
    with pytest.raises(PySparkException, match="needs to be a positive integer"):
        ways["save"](place("z"))
    assert not glob.glob(place("z") + "/_delta_log/*")
    for k in ("checkpointInterval", "feature.timestampNtz"):
        spark.conf.unset("spark.databricks.delta.properties.defaults." + k)
    # options of a write to a table that is there are checked, and change nothing
    assert refused(lambda: rows.write.format("delta").mode("append").option("delta.foo", "1").save(place("save"))) == "DELTA_UNKNOWN_CONFIGURATION"
    rows.write.format("delta").mode("append").option("delta.enableDeletionVectors", "true").save(place("save"))
    assert spark.sql(f"DESCRIBE DETAIL delta.`{place('save')}`").first().properties == {"delta.appendOnly": "true"}
    spark.conf.set("spark.databricks.delta.allowArbitraryProperties.enabled", "true")
    ways["save"](place("arbitrary"), **{"delta.foo": "1"})
    assert properties_cases.made(place("arbitrary")) == [1, 2, {"delta.foo": "1"}]


@pytest.mark.parametrize("value", ["true", "TRUE"])
def test_append_only(spark, tmp_path, value):
    path = str(tmp_path / "t")
    spark.sql("SELECT 1 a").write.format("delta").option("delta.appendOnly", value).save(path)
    spark.sql("SELECT 2 a").write.format("delta").mode("append").save(path)
    assert refused(lambda: spark.sql("SELECT 3 a").write.format("delta").mode("overwrite").save(path)) == "DELTA_CANNOT_MODIFY_APPEND_ONLY"
    assert sorted(r.a for r in spark.read.format("delta").load(path).collect()) == [1, 2]


# columns with statistics. Apache Spark 4.2.0, Delta 4.4.0
STATS = [({}, ["a", "b", "s.x", "s.y", "l", "t"]), ({"dataSkippingNumIndexedCols": "3"}, ["a", "b", "s.x"]), ({"dataSkippingNumIndexedCols": "0"}, []),
         ({"dataSkippingNumIndexedCols": "-1"}, ["a", "b", "s.x", "s.y", "l", "t"]), ({"dataSkippingStatsColumns": "T, s.Y"}, ["s.y", "t"]),
         ({"dataSkippingStatsColumns": "s,a", "dataSkippingNumIndexedCols": "1"}, ["a", "s.x", "s.y"]), ({"dataSkippingStatsColumns": ""}, [])]


@pytest.mark.parametrize("props,columns", STATS)
def test_columns_with_statistics(spark, tmp_path, props, columns):
    def leaves(v, at=""):
        return [x for k, w in v.items() for x in (leaves(w, at + k + ".") if isinstance(w, dict) else [at + k])]
    path = str(tmp_path / "t")
    spark.sql("SELECT 1 a, 'x' b, named_struct('x', 1, 'y', 'y') s, array(1) l, 'abc' t").write.format("delta") \
        .options(**{"delta." + k: v for k, v in props.items()}).save(path)
    stats = json.loads(adds(path)[0]["stats"])
    assert leaves(stats.get("nullCount", {})) == columns and leaves(stats.get("minValues", {})) == [c for c in columns if c != "l"]


# Apache Spark 4.2.0, Delta 4.4.0
@pytest.mark.parametrize("length,low,high", [("2", "ab", "ab\u007f"), ("0", "", None), ("3", "abc", "abc")])
def test_length_of_texts_in_statistics(spark, tmp_path, length, low, high):
    path = str(tmp_path / "t")
    spark.sql("SELECT 'abc' t, 1 i").write.format("delta").option("delta.dataSkippingStringPrefixLength", length).save(path)
    stats = json.loads(adds(path)[0]["stats"])
    assert (stats["minValues"]["t"], stats["maxValues"].get("t")) == (low, high)


def test_random_prefixes_of_files(spark, tmp_path):
    path = str(tmp_path / "t")
    spark.sql("SELECT 1 a, 2 p").write.format("delta").partitionBy("p").options(**{"delta.randomizeFilePrefixes": "true", "delta.randomPrefixLength": "5"}).save(path)
    folder = adds(path)[0]["path"].split("/")[0]
    assert len(folder) == 5 and folder.isalnum() and os.listdir(path + "/" + folder)
    assert spark.read.format("delta").load(path).collect() == [(1, 2)]


def test_transactions_are_forgotten(spark, tmp_path):
    path = str(tmp_path / "t")
    write = lambda age, v: (spark.sql(f"SELECT {v} a").write.format("delta").mode("append").option("delta.setTransactionRetentionDuration", age)  # noqa: E731
                            .option("txnAppId", "me").option("txnVersion", 1).save(path + age[:1]))
    for age, want in (("0 seconds", [1, 2]), ("1 day", [1])):
        write(age, 1), write(age, 2)
        assert sorted(r.a for r in spark.read.format("delta").load(path + age[:1]).collect()) == want


def test_change_data_feed_has_columns_of_its_own(spark, tmp_path):
    rows = spark.sql("SELECT 1 a, 2 _change_type")
    assert refused(lambda: rows.write.format("delta").option("delta.enableChangeDataFeed", "true").save(str(tmp_path / "t"))) == "RESERVED_CDC_COLUMNS_ON_WRITE"
    assert not glob.glob(str(tmp_path / "t") + "/_delta_log/*")


# Apache Spark 4.2.0, Delta 4.4.0: the type needs a feature that an existing table does not get by itself
def test_timestamp_ntz_in_a_table_without_it(spark, tmp_path):
    path = str(tmp_path / "t")
    spark.sql("SELECT 1 a").write.format("delta").save(path)
    rows = spark.sql("SELECT 1 a, timestamp_ntz'2024-01-01 00:00:00' n")
    assert refused(lambda: rows.write.format("delta").mode("append").option("mergeSchema", "true").save(path)) == "DELTA_FEATURES_REQUIRE_MANUAL_ENABLEMENT"
    assert refused(lambda: rows.write.format("delta").mode("overwrite").option("overwriteSchema", "true").save(path)) == "DELTA_FEATURES_REQUIRE_MANUAL_ENABLEMENT"
    assert spark.read.format("delta").load(path).columns == ["a"]


def commit(path, version, *actions):
    """Another writer's entry."""
    with open(os.path.join(path, "_delta_log", f"{version:020}.json"), "x") as f:
        f.write("".join(json.dumps(a) + "\n" for a in actions))


@pytest.mark.parametrize("actions,what", [
    ([{"protocol": {"minReaderVersion": 1, "minWriterVersion": 7, "writerFeatures": ["rowTracking", "domainMetadata"]}}], UNSUPPORTED),
    ([{"protocol": {"minReaderVersion": 1, "minWriterVersion": 8}}], "DELTA_INVALID_PROTOCOL_VERSION"),
    ([{"protocol": {"minReaderVersion": 1, "minWriterVersion": 7, "writerFeatures": ["nonesuch"]}}], UNSUPPORTED)])
def test_a_table_that_asks_for_more(spark, tmp_path, actions, what):
    path = str(tmp_path / "t")
    spark.sql("SELECT 1 a").write.format("delta").save(path)
    commit(path, 1, *actions)
    assert refused(lambda: spark.sql("SELECT 2 a").write.format("delta").mode("append").save(path)) == what
    assert [r.a for r in spark.read.format("delta").load(path).collect()] == [1]


def test_a_stream_finds_that_its_table_asks_for_more(spark, tmp_path):
    path, ck = str(tmp_path / "t"), str(tmp_path / "ck")
    source = spark.readStream.format("rate-micro-batch").option("rowsPerBatch", 1).load()
    q = source.writeStream.format("delta").option("checkpointLocation", ck).trigger(processingTime="200 milliseconds").start(path)
    while not glob.glob(path + "/_delta_log/*1.json"):
        assert q.isActive
    for version in range(2, 1000):
        try:
            commit(path, version, {"protocol": {"minReaderVersion": 1, "minWriterVersion": 7, "writerFeatures": ["rowTracking", "domainMetadata"]}})
            break
        except FileExistsError:
            pass
    with pytest.raises(Exception, match=UNSUPPORTED):
        q.awaitTermination(60)
    assert not os.path.exists(os.path.join(path, "_delta_log", f"{version + 1:020}.json"))


def test_tables_with_deletion_vectors_say_that_bounds_are_tight(spark, tmp_path):
    path = str(tmp_path / "t")
    spark.sql("SELECT 1 a").write.format("delta").option("delta.enableDeletionVectors", "true").save(path)
    spark.sql("SELECT 2 a").write.format("delta").mode("append").save(path)
    assert [json.loads(a["stats"])["tightBounds"] for a in adds(path)] == [True, True]
    assert sorted(r.a for r in spark.read.format("delta").load(path).collect()) == [1, 2]


# Apache Spark 4.2.0, Delta 4.4.0
def test_show_properties(spark):
    spark.sql("CREATE TABLE t (a INT) USING delta COMMENT 'hey' TBLPROPERTIES ('delta.enableDeletionVectors'='true', 'foo'='bar', 'Z'='1')")
    show = lambda q: [tuple(r) for r in spark.sql("SHOW TBLPROPERTIES t" + q).collect()]  # noqa: E731
    assert show("") == [("Z", "1"), ("delta.enableDeletionVectors", "true"), ("delta.feature.appendOnly", "supported"),
                        ("delta.feature.deletionVectors", "supported"), ("delta.feature.invariants", "supported"), ("delta.minReaderVersion", "3"),
                        ("delta.minWriterVersion", "7"), ("foo", "bar")]
    assert show("('foo')") == [("foo", "bar")]
    assert show("('nope')") == [("nope", "Table spark_catalog.default.t does not have property: nope")]
    assert spark.sql("DESCRIBE DETAIL t").first().description == "hey"
