"""Bad input: Spark's error class, the file or option named, that query fails alone, a restart goes on. Classes: Apache
Spark 4.2.0 and Delta 4.4.0."""
import glob
import os

import pytest
from pyspark.errors import PySparkException


def fails(action, *parts):
    with pytest.raises(PySparkException) as e:
        action()
    for part in parts:
        assert part in str(e.value), str(e.value)[:600]


def alive(spark):
    assert spark.range(3).count() == 3


def test_path_missing_named(spark, tmp_path):
    for fmt in ("json", "csv", "text", "parquet"):
        fails(lambda: spark.read.format(fmt).load(str(tmp_path / "nowhere")).count(), "PATH_NOT_FOUND", "nowhere")
    fails(lambda: spark.read.format("delta").load(str(tmp_path / "nowhere")).count(), "PATH_NOT_FOUND", "nowhere")
    alive(spark)


def test_format_unknown_named(spark, tmp_path):
    fails(lambda: spark.read.format("nosuch").load(str(tmp_path)).count(), "DATA_SOURCE_NOT_FOUND", "nosuch")
    fails(lambda: spark.range(1).write.format("nosuch").save(str(tmp_path / "o")), "DATA_SOURCE_NOT_FOUND", "nosuch")
    fails(lambda: spark.range(1).write.partitionBy("id").json(str(tmp_path / "o")), "ALL_PARTITION_COLUMNS_NOT_ALLOWED")
    assert not (tmp_path / "o").exists()


def test_option_value_bad_named(spark, tmp_path):
    (tmp_path / "in").mkdir()
    d = spark.readStream.schema("a INT").option("maxFilesPerTrigger", "many")
    q = d.json(str(tmp_path / "in")).writeStream.format("noop").option("checkpointLocation", str(tmp_path / "c"))
    fails(lambda: q.start().awaitTermination(30), "maxFilesPerTrigger", "many")
    (tmp_path / "in" / "a.csv").write_text("1\n")
    fails(lambda: spark.read.schema("a INT").option("quote", "ab").csv(str(tmp_path / "in")).count(), "quote")


def test_parquet_truncated_named(spark, tmp_path):
    spark.range(1000).write.parquet(str(tmp_path / "p"))
    part = glob.glob(str(tmp_path / "p" / "part-*"))[0]
    os.truncate(part, os.path.getsize(part) // 2)
    fails(lambda: spark.read.schema("id BIGINT").parquet(str(tmp_path / "p")).count(), "FAILED_READ_FILE", os.path.basename(part))
    with open(part, "wb") as f:
        f.write(b"PAR1 no parquet at all PAR1")
    fails(lambda: spark.read.schema("id BIGINT").parquet(str(tmp_path / "p")).count(), "FAILED_READ_FILE", os.path.basename(part))
    assert spark.read.schema("id BIGINT").option("ignoreCorruptFiles", "true").parquet(str(tmp_path / "p")).count() == 0
    alive(spark)


@pytest.mark.parametrize("action,reason", [
    ('{"metaData":{"id":"i","schemaString":"{\\"type\\":\\"struct\\",\\"fields\\":[]}","partitionColumns":"a","configuration":[1]}}',
     "partitionColumns is no list of strings"),
    ('{"protocol":{"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":{"a":1}}}', "readerFeatures is no list of strings"),
    ('{"metaData":{"id":"i","schemaString":7}}', "schemaString"), ('{"add":{"size":1}}', "no path"), ("{", "not JSON"),
])
def test_delta_log_action_of_wrong_kind_named(spark, tmp_path, action, reason):
    t = tmp_path / "t"
    spark.range(10).write.format("delta").save(str(t))
    (t / "_delta_log" / ("%020d.json" % 1)).write_text(action + "\n")
    fails(lambda: spark.read.format("delta").load(str(t)).count(), "DELTA_LOG_FILE_MALFORMED", "1.json", reason)
    alive(spark)


def test_delta_data_file_vanished_named(spark, tmp_path):
    t = str(tmp_path / "t")
    spark.range(10).write.format("delta").save(t)
    part = glob.glob(t + "/part-*")[0]
    os.remove(part)
    fails(lambda: spark.read.format("delta").load(t).collect(), os.path.basename(part))
    alive(spark)


def test_delta_log_damaged_named(spark, tmp_path):
    t = str(tmp_path / "t")
    for _ in range(3):
        spark.range(10).write.format("delta").mode("append").save(t)
    entry = t + "/_delta_log/00000000000000000001.json"
    good = open(entry).read()
    with open(entry, "w") as f:
        f.write(good[:len(good) // 2])
    fails(lambda: spark.read.format("delta").load(t).count(), "00000000000000000001.json")
    os.remove(entry)
    fails(lambda: spark.read.format("delta").load(t).count(), "DELTA_VERSIONS_NOT_CONTIGUOUS", t, "0, 2")
    with open(entry, "w") as f:
        f.write(good)
    assert spark.read.format("delta").load(t).count() == 30


def test_delta_checkpoint_damaged_older_one_serves(spark, tmp_path):
    t = str(tmp_path / "t")
    for _ in range(12):
        spark.range(2).write.format("delta").mode("append").save(t)
    ckpt = t + "/_delta_log/00000000000000000010.checkpoint.parquet"
    assert os.path.exists(ckpt)
    os.truncate(ckpt, 100)
    assert spark.read.format("delta").load(t).count() == 24  # the entries have it all
    os.remove(t + "/_delta_log/00000000000000000000.json")
    fails(lambda: spark.read.format("delta").load(t).count(), os.path.basename(ckpt))


def test_stream_over_malformed_record_fails_alone(spark, tmp_path):
    src, out, ck = (str(tmp_path / x) for x in ("in", "out", "ck"))
    os.mkdir(src)

    def start(mode):
        q = (spark.readStream.schema("a INT").option("mode", mode).json(src).writeStream.format("delta")
             .option("checkpointLocation", ck).trigger(availableNow=True).start(out))
        try:
            q.awaitTermination(30)
        except PySparkException:
            pass
        return q

    other = spark.readStream.format("rate").load().writeStream.format("noop").option("checkpointLocation", str(tmp_path / "c2")).start()
    with open(src + "/1.json", "w") as f:
        f.write('{"a":1}\n')
    assert start("FAILFAST").exception() is None
    with open(src + "/2.json", "w") as f:
        f.write('{"a":2}\n{"a":\n')
    error = str(start("FAILFAST").exception())
    assert "FAILED_READ_FILE.NO_HINT" in error and "2.json" in error
    assert other.isActive
    other.stop()
    assert [r.a for r in spark.read.format("delta").load(out).collect()] == [1]
    assert start("DROPMALFORMED").exception() is None
    assert sorted(r.a for r in spark.read.format("delta").load(out).collect()) == [1, 2]


def test_stream_file_vanished_before_its_batch(spark, tmp_path):
    src, ck = str(tmp_path / "in"), str(tmp_path / "ck")
    os.mkdir(src)
    d = spark.readStream.schema("a INT").json(src).writeStream.format("noop").option("checkpointLocation", ck)
    with open(src + "/1.json", "w") as f:
        f.write('{"a":1}\n')
    q = d.trigger(availableNow=True).start()
    q.awaitTermination(30)
    os.remove(src + "/1.json")
    os.remove(ck + "/commits/0")  # the batch is to be done again
    for crc in glob.glob(ck + "/commits/.*"):
        os.remove(crc)
    q = d.trigger(availableNow=True).start()
    with pytest.raises(PySparkException) as e:
        q.awaitTermination(30)
    assert "1.json" in str(e.value)
    alive(spark)
