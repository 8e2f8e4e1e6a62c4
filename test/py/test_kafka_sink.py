"""The kafka sink against librdkafka's mock cluster. Messages, types and refusals are those that Apache Spark 4.2 with its
connector gave for the same rows and a real broker."""
import os
import re
import time

import pytest
from kafka_driver import (CLUSTER_AUTHORIZATION, INIT_PRODUCER_ID, INVALID_RECORD, LEADER_NOT_AVAILABLE, NOT_ENOUGH_REPLICAS, NOT_LEADER,
                          PRODUCE, REQUEST_TIMED_OUT, TOO_LARGE, TOPIC_AUTHORIZATION, TRANSPORT, UNKNOWN_TOPIC, Kafka)
from waiting import until


@pytest.fixture
def kafka():
    k = Kafka(3)
    yield k
    k.close()


def write(kafka, df, mode=None, **options):
    w = df.write.format("kafka").option("kafka.bootstrap.servers", kafka.servers)
    for key, value in options.items():
        w = w.option(key.replace("__", "."), value)
    (w.mode(mode) if mode else w).save()


def error(f):
    with pytest.raises(Exception) as e:
        f()
    return str(e.value)


def test_batch_columns(spark, kafka):
    kafka.topic("t", 4)
    write(kafka, spark.sql("""SELECT 'k' key, 'v' value, 3 partition,
        array(struct('a' key, CAST('1' AS BINARY) value), struct('a' key, CAST('2' AS BINARY) value),
              struct('b' key, CAST(NULL AS BINARY) value), struct('c' key, CAST('' AS BINARY) value)) headers
        UNION ALL SELECT CAST(NULL AS STRING), NULL, 2, NULL
        UNION ALL SELECT '', '', 1, CAST(array() AS ARRAY<STRUCT<key: STRING, value: BINARY>>)"""), topic="t")
    got = [(p, o, k, v, h) for p, o, k, v, _, h in kafka.read("t")]
    assert got == [(1, 0, b"", b"", []), (2, 0, None, None, []),
                   (3, 0, b"k", b"v", [("a", b"1"), ("a", b"2"), ("b", None), ("c", b"")])]


def test_binary_columns_other_columns_are_left_out(spark, kafka):
    kafka.topic("t")
    write(kafka, spark.sql("SELECT unhex('00ff') key, unhex('0102') value, 1 other, 'no' VALUE2"), topic="t")
    assert [m[2:4] for m in kafka.read("t")] == [(b"\x00\xff", b"\x01\x02")]


# by Java's producer with these keys and seven partitions
KEYED = {"": 2, "k0": 2, "k1": 0, "k10": 5, "k11": 3, "k12": 1, "k13": 1, "k14": 0, "k15": 4, "k16": 0, "k17": 4, "k18": 5,
         "k19": 0, "k2": 2, "k20": 2, "k21": 2, "k22": 3, "k23": 2, "k24": 1, "k25": 4, "k26": 4, "k27": 3, "k28": 5, "k29": 1,
         "k3": 4, "k30": 6, "k31": 6, "k32": 1, "k33": 2, "k34": 6, "k35": 2, "k36": 6, "k37": 3, "k38": 6, "k39": 4, "k4": 2,
         "k40": 3, "k41": 5, "k42": 0, "k43": 6, "k44": 3, "k45": 2, "k46": 0, "k47": 0, "k48": 0, "k49": 4, "k5": 3, "k6": 2,
         "k7": 3, "k8": 5, "k9": 0}


def test_keys_choose_partitions_as_java(spark, kafka):
    kafka.topic("t", 7)
    write(kafka, spark.sql("SELECT concat('k', id) key, 'v' value FROM range(50) UNION ALL SELECT '', 'v'"), topic="t")
    assert {k.decode(): p for p, _, k, _, _, _ in kafka.read("t")} == KEYED


def test_topic_column_and_option(spark, kafka):
    for t in ("a", "b"):
        kafka.topic(t)
    rows = spark.sql("SELECT CASE WHEN id % 2 = 0 THEN 'a' ELSE 'b' END topic, CAST(id AS STRING) value FROM range(6)")
    write(kafka, rows)
    assert [m[3] for m in kafka.read("a")] == [b"0", b"2", b"4"] and [m[3] for m in kafka.read("b")] == [b"1", b"3", b"5"]
    write(kafka, rows, TOPIC=" b ")
    assert len(kafka.read("a")) == 3 and len(kafka.read("b")) == 9


def test_many_topics(spark, kafka):
    for i in range(40):
        kafka.topic(f"t{i}")
    write(kafka, spark.sql("SELECT concat('t', id % 40) topic, CAST(id AS STRING) value FROM range(400)"))
    assert all(kafka.ends(f"t{i}") == {0: (0, 10)} for i in range(40))
    assert all([int(m[3]) for m in kafka.read(f"t{i}")] == list(range(i, 400, 40)) for i in (0, 17, 39))


REFUSED = {
    "SELECT 'k' key": "Required attribute 'value' not found",
    "SELECT 'a' VALUE": "Required attribute 'value' not found",
    "SELECT 1 value": "value attribute unsupported type int. value must be a(n) string or binary",
    "SELECT null value": "value attribute unsupported type void. value must be a(n) string or binary",
    "SELECT 1 key, 'a' value": "key attribute unsupported type int. key must be a(n) string or binary",
    "SELECT 1L partition, 'a' value": "partition attribute unsupported type bigint. partition must be a(n) int",
    "SELECT array('a') headers, 'a' value":
        "headers attribute unsupported type array<string>. headers must be a(n) array<struct<key:string,value:binary>>",
    "SELECT array(struct('a' x, CAST('b' AS BINARY) y)) headers, 'a' value":
        "headers attribute unsupported type array<struct<x:string,y:binary>>. headers must be a(n) "
        "array<struct<key:string,value:binary>>",
    "SELECT array(struct('q' key, 'z' value)) headers, 'a' value":
        "headers attribute unsupported type array<struct<key:string,value:string>>. headers must be a(n) "
        "array<struct<key:string,value:binary>>",
}


def test_refused_as_spark(spark, kafka):
    kafka.topic("t")
    for sql, text in REFUSED.items():
        assert error(lambda: write(kafka, spark.sql(sql), topic="t")).startswith(text), sql
    no_topic = "topic option required when no 'topic' attribute is present. Use the topic option for setting a topic."
    assert no_topic in error(lambda: write(kafka, spark.sql("SELECT 'v' value")))
    for sql, kind in (("1", "int"), ("CAST('t' AS BINARY)", "binary")):
        assert f"topic attribute unsupported type {kind}. topic must be a(n) string" in error(
            lambda: write(kafka, spark.sql(f"SELECT {sql} topic, 'a' value")))
    for mode in ("overwrite", "ignore"):
        text = f"Save mode {mode.capitalize()} not allowed for Kafka. Allowed save modes are Append and ErrorIfExists (default)."
        assert text in error(lambda: write(kafka, spark.sql("SELECT 'a' value"), mode, topic="t"))
    for key, kind in (("key", "keys"), ("value", "value")):
        text = f"Kafka option '{key}.serializer' is not supported as {kind} are serialized with ByteArraySerializer."
        assert text in error(lambda: write(kafka, spark.sql("SELECT 'a' value"), topic="t", **{f"kafka__{key}__serializer": "x"}))
    assert "Kafka option bootstrap.servers is not set. Please make sure it is set and retry." in error(
        lambda: spark.sql("SELECT 'a' value").write.format("kafka").option("topic", "t").save())
    assert "Save mode Overwrite not allowed for Kafka." in error(
        lambda: spark.sql("SELECT 'a' value").write.format("kafka").option("topic", "t").saveAsTable("kt"))
    assert kafka.read("t") == []
    write(kafka, spark.sql("SELECT 1 topic, 'a' value, 'second' value"), "append", topic="t")
    assert [m[3] for m in kafka.read("t")] == [b"a"]


def test_refused_rows(spark, kafka):
    kafka.topic("t", 2)
    null_topic = ("The Kafka message data sent to the producer contains a null topic. Use the `topic` option for setting a "
                  "default topic.")
    assert null_topic in error(lambda: write(kafka, spark.sql("SELECT CAST(NULL AS STRING) topic, 'a' value")))
    assert "Invalid partition: -1. Partition number should always be non-negative or null." in error(
        lambda: write(kafka, spark.sql("SELECT -1 partition, 'a' value"), topic="t"))
    text = error(lambda: write(kafka, spark.sql("SELECT 7 partition, 'a' value"), topic="t", kafka__max__block__ms="300"))
    assert "Partition 7 of topic t with partition count 2 is not present in metadata after 300 ms" in text
    text = error(lambda: write(kafka, spark.sql("SELECT repeat('a', 2000000) value"), topic="t"))
    assert ("The message is 2000088 bytes when serialized which is larger than 1048576, which is the value of the "
            "max.request.size configuration") in text and "topic t" in text
    for entry in ("struct(CAST(NULL AS STRING) key, CAST('b' AS BINARY) value)", "NULL"):
        text = error(lambda: write(kafka, spark.sql(
            f"SELECT array(struct('k' key, CAST('b' AS BINARY) value), {entry}) headers, 'a' value"), topic="t"))
        assert "header" in text and "null" in text
    assert kafka.read("t") == []


def test_message_sizes_up_to_the_limit(spark, kafka):
    kafka.topic("t")
    # Java's estimate is 61 + 21 + 1 (no key) + 3 (length) + 1 (no headers) + the value
    write(kafka, spark.sql(f"SELECT repeat('a', {1048576 - 87}) value"), topic="t")
    assert "larger than 1048576" in error(lambda: write(kafka, spark.sql(f"SELECT repeat('a', {1048576 - 86}) value"), topic="t"))
    write(kafka, spark.sql("SELECT repeat('a', 1500000) value"), topic="t", kafka__max__request__size="1600000")
    assert [len(m[3]) for m in kafka.read("t")] == [1048576 - 87, 1500000]


def test_empty_writes_need_no_broker(spark):
    spark.sql("SELECT 'a' value WHERE false").write.format("kafka").option("topic", "t").save()
    spark.sql("SELECT 'a' value WHERE false").write.format("kafka").option("topic", "t").option(
        "kafka.bootstrap.servers", "127.0.0.1:1").save()


# ---- brokers in trouble ----

PASSING = [(PRODUCE, NOT_LEADER), (PRODUCE, NOT_ENOUGH_REPLICAS), (PRODUCE, REQUEST_TIMED_OUT), (PRODUCE, UNKNOWN_TOPIC),
           (PRODUCE, TRANSPORT), (INIT_PRODUCER_ID, NOT_ENOUGH_REPLICAS), (INIT_PRODUCER_ID, TRANSPORT)]


@pytest.mark.parametrize("api,code", PASSING)
def test_passing_errors_lose_and_double_nothing(spark, kafka, api, code):
    kafka.topic("t", 3)
    kafka.fault(api, code, 2)
    write(kafka, spark.sql("SELECT concat('k', id) key, concat('{\"id\":', id, '}') value FROM range(3000)"), topic="t")
    assert kafka.ids("t", 3000) == {"count": 3000, "distinct": 3000, "beyond": 0}
    assert kafka.left(api) == 0, "the faults were not met"


@pytest.mark.parametrize("api,code,words", [
    (PRODUCE, TOPIC_AUTHORIZATION, ["topic t", "partition", "broker", "Topic authorization failed"]),
    (PRODUCE, TOO_LARGE, ["topic t", "partition", "broker", "Message size too large"]),
    (PRODUCE, INVALID_RECORD, ["topic t", "partition", "broker"]),
    (INIT_PRODUCER_ID, CLUSTER_AUTHORIZATION, ["topic t", "Cluster authorization failed"])])
def test_lasting_errors_name_topic_partition_and_broker(spark, kafka, api, code, words):
    kafka.topic("t")
    kafka.fault(api, code, 20)
    text = error(lambda: write(kafka, spark.sql("SELECT 'v' value FROM range(10)"), topic="t"))
    assert all(w in text for w in words), text
    assert kafka.servers in text


def test_a_leader_that_moves(spark, kafka):
    kafka.topic("t", 1)
    for n in range(6):
        kafka.leader("t", 0, n % 3 + 1)
        write(kafka, spark.sql(f"SELECT concat('{{\"id\":', id, '}}') value FROM range({n * 100}, {n * 100 + 100})"), topic="t")
    assert kafka.ids("t", 600) == {"count": 600, "distinct": 600, "beyond": 0}


def test_a_slow_broker(spark, kafka):
    kafka.topic("t", 3)
    kafka.rtt(150)
    write(kafka, spark.sql("SELECT concat('{\"id\":', id, '}') value, CAST(id % 3 AS INT) partition FROM range(1000)"), topic="t")
    kafka.rtt(0)
    assert kafka.ids("t", 1000) == {"count": 1000, "distinct": 1000, "beyond": 0}


def test_a_full_queue_waits(spark, kafka):
    kafka.topic("t")
    kafka.rtt(50)
    write(kafka, spark.sql("SELECT concat('{\"id\":', id, '}', repeat('x', 3000)) value FROM range(1500)"), topic="t",
          kafka__buffer__memory="1048576")
    kafka.rtt(0)
    assert kafka.ids("t", 1500) == {"count": 1500, "distinct": 1500, "beyond": 0}


def test_metadata_without_a_leader_yet(spark, kafka, tmp_path):
    kafka.topic("t", 2)
    kafka.topic_error("t", LEADER_NOT_AVAILABLE)
    f = Files(tmp_path)
    f.add(range(9))
    q = f.query(spark, kafka).start()
    until("the batch begins", lambda: q.status["isTriggerActive"])
    time.sleep(0.7)
    assert q.isActive and q.lastProgress is None
    kafka.topic_error("t", 0)
    drain(q)
    assert kafka.ids("t", 9) == {"count": 9, "distinct": 9, "beyond": 0}


def test_no_such_topic(spark, kafka):
    kafka.topic_error("gone", UNKNOWN_TOPIC)
    text = error(lambda: write(kafka, spark.sql("SELECT 'v' value"), topic="gone", kafka__max__block__ms="500"))
    assert "Topic gone not present in metadata after 500 ms" in text


def test_unreachable_servers(spark):
    text = error(lambda: spark.sql("SELECT 'v' value").write.format("kafka").option("topic", "t").option(
        "kafka.bootstrap.servers", "127.0.0.1:1").option("kafka.max.block.ms", "1500").save())
    assert "127.0.0.1:1" in text and "refused" in text and "kafka.bootstrap.servers" in text


# ---- streams ----


class Files:
    def __init__(self, tmp_path):
        self.folder, self.ck, self.n = tmp_path / "in", str(tmp_path / "ck"), 0
        self.folder.mkdir()

    def add(self, ids):
        temp = self.folder.parent / "new.json"
        temp.write_text("".join('{"id":%d,"k":"k%d"}\n' % (i, i % 3) for i in ids))
        temp.rename(self.folder / f"f{self.n:03d}.json")
        self.n += 1

    def query(self, spark, kafka, mode="append", shape=None, topic="t", **options):
        df = spark.readStream.schema("id INT, k STRING").json(str(self.folder))
        df = shape(df) if shape else df.selectExpr("k AS key", "concat('{\"id\":', id, '}') AS value")
        w = (df.writeStream.format("kafka").outputMode(mode).option("kafka.bootstrap.servers", kafka.servers)
             .option("checkpointLocation", self.ck))
        w = w.option("topic", topic) if topic else w
        for key, value in options.items():
            w = w.option(key.replace("__", "."), value)
        return w


def drain(query):
    query.processAllAvailable()
    query.stop()
    return query


def test_stream_append(spark, kafka, tmp_path):
    kafka.topic("t", 2)
    f = Files(tmp_path)
    f.add(range(6))
    q = f.query(spark, kafka).start()
    q.processAllAvailable()
    sink = q.lastProgress["sink"]
    assert re.fullmatch(r"org\.apache\.spark\.sql\.kafka010\.KafkaSourceProvider\$KafkaTable@[0-9a-f]+", sink["description"])
    assert sink["numOutputRows"] == 6
    f.add(range(6, 10))
    q.processAllAvailable()
    assert q.lastProgress["sink"] == dict(sink, numOutputRows=4)
    q.stop()
    f.add(range(10, 20))
    drain(f.query(spark, kafka).start())
    assert kafka.ids("t", 20) == {"count": 20, "distinct": 20, "beyond": 0}


@pytest.mark.parametrize("mode,second", [("complete", [("k0", 4), ("k1", 3), ("k2", 3)]), ("update", [("k0", 4), ("k1", 3)])])
def test_stream_of_counts(spark, kafka, tmp_path, mode, second):
    kafka.topic("t")
    spark.conf.set("spark.sql.shuffle.partitions", 2)
    f = Files(tmp_path)
    shape = lambda df: df.groupBy("k").count().selectExpr("k AS key", "CAST(count AS STRING) AS value")  # noqa: E731
    f.add([0, 1, 2, 3, 4, 5, 8, 11 - 3])  # k0 twice, k1 twice, k2 four times
    q = f.query(spark, kafka, mode, shape).start()
    q.processAllAvailable()
    first = sorted((m[2].decode(), int(m[3])) for m in kafka.read("t"))
    assert first == [("k0", 2), ("k1", 2), ("k2", 4)]
    f.add([0, 3, 1])
    q.processAllAvailable()
    q.stop()
    got = sorted((m[2].decode(), int(m[3])) for m in kafka.read("t")[3:])
    assert got == [(k, {"k0": 4, "k1": 3, "k2": 4}[k]) for k, _ in second]


def test_stream_failures_are_spark_s(spark, kafka, tmp_path):
    kafka.topic("t")
    f = Files(tmp_path)
    f.add(range(3))

    def failure(shape, **options):
        q = f.query(spark, kafka, "append", shape, **options).start()
        with pytest.raises(Exception) as e:
            q.processAllAvailable()
        assert str(e.value).startswith("[STREAM_FAILED] Query [id = ")
        return str(e.value)

    assert "Required attribute 'value' not found" in failure(lambda df: df.select("k"))
    assert "contains a null topic" in failure(
        lambda df: df.selectExpr("k AS value", "if(id > 1, NULL, 't') AS topic"), topic=None)
    assert "value.serializer" in failure(None, kafka__value__serializer="x")
    assert kafka.read("t") == []
    drain(f.query(spark, kafka).start())  # the same batch, by a query that can
    assert len(kafka.read("t")) == 3


def test_stream_tells_what_it_waits_for_and_goes_on(spark, kafka, tmp_path):
    kafka.topic("t", 2)
    f = Files(tmp_path)
    f.add(range(3))
    q = f.query(spark, kafka).start()
    q.processAllAvailable()
    kafka.down()
    f.add(range(3, 10))
    until("a word of it", lambda: "Writing to Kafka" in q.status["message"], 30)
    assert q.isActive
    kafka.up()
    q.processAllAvailable()
    assert q.isActive
    q.stop()
    assert kafka.ids("t", 10) == {"count": 10, "distinct": 10, "beyond": 0}


def test_stop_while_brokers_are_down(spark, kafka, tmp_path):
    kafka.topic("t", 2)
    f = Files(tmp_path)
    f.add(range(3))
    q = f.query(spark, kafka).start()
    q.processAllAvailable()
    kafka.down()
    f.add(range(3, 10))
    until("the batch begins", lambda: q.status["isTriggerActive"])
    q.stop()
    assert not os.path.exists(f.ck + "/commits/1"), "the stop came too late"
    assert not q.isActive and q.exception() is None
    kafka.up()
    drain(f.query(spark, kafka).start())
    assert kafka.ids("t", 10)["distinct"] == 10


def test_batches_fail_by_name_and_come_again(spark, kafka, tmp_path):
    kafka.topic("t")
    f = Files(tmp_path)
    f.add(range(5))
    kafka.fault(PRODUCE, TOPIC_AUTHORIZATION, 5)
    q = f.query(spark, kafka).start()
    text = error(q.processAllAvailable)
    assert "topic t" in text and "partition 0" in text and "broker" in text and "authorization" in text
    q = f.query(spark, kafka)
    for _ in range(5):  # what is left of the faults
        try:
            drain(q.start())
            break
        except Exception:
            continue
    assert kafka.ids("t", 5) == {"count": 5, "distinct": 5, "beyond": 0}
