"""The kafka source. What Apache Spark 4.2 does with its connector and a real broker (test/golden/kafka/spark.json) is held against a
mock cluster; what the mock cannot do (times, deleted messages, topics that change) runs when WEIR_KAFKA_SERVERS names a broker."""
import json
import os
import re
import sys
import time

import pytest
from kafka_driver import FETCH, KAFKA_STORAGE_ERROR, LEADER_NOT_AVAILABLE, LIST_OFFSETS, NOT_LEADER, TRANSPORT, Kafka
from token_endpoint import TokenEndpoint
from waiting import until

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "golden", "kafka"))
import kafka_cases as cases  # noqa: E402

GOLDEN = json.load(open(os.path.join(HERE, "..", "golden", "kafka", "spark.json")))
SERVERS = os.environ.get("WEIR_KAFKA_SERVERS")
# weir refuses what can only fail later in Spark, and names what is missing
OTHERWISE = {"assign_json": "Expected e.g.", "bad_pattern": "near index"}


@pytest.fixture
def kafka():
    k = Kafka(3)
    yield k
    k.close()


@pytest.fixture
def broker():
    if not SERVERS:
        pytest.skip("WEIR_KAFKA_SERVERS names no broker")
    k = Kafka(bootstrap_servers=SERVERS)
    yield k
    k.close()


@pytest.mark.parametrize("name", sorted(cases.REFUSALS))
def test_refusals(spark, name):
    mode, options = cases.REFUSALS[name]
    want = GOLDEN["refusals"][name]
    with pytest.raises(Exception) as e:
        df = cases.reader(spark, mode, options, "localhost:1")
        df.count() if mode == "batch" else df.schema
    if name in OTHERWISE:
        assert want is None and OTHERWISE[name] in str(e.value)
        return
    assert e.type.__name__ == want[0]
    text = re.sub(r" SQLSTATE: \w+$", "", re.sub(r"^\[[A-Z_.]+\] ", "", cases.reason(e.value)))
    if name == "ends_differ":  # Spark leaves out Set( and )
        text = re.sub(r"Set\(([^)]*)\)", r"\1", text)
    assert text == want[1].strip()


def core(text):
    """Why a query failed, without what differs: ids, stack, the plan."""
    text = re.split(r" SQLSTATE: |\n\tat |\n=== ", text)[0]
    text = re.sub(r"^.*?(terminated with exception: |IllegalStateException: )", "", text, flags=re.S)
    text = re.sub(r"^(\[[A-Z_.]+\] )", "", text)
    return re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}(-\d+)?", "UUID", text).strip()


# Spark's own words are an assertion's, or Java's
IN_OTHER_WORDS = {"specific_incomplete": "Partitions specified for Kafka start offsets don't match what are assigned",
                  "unknown_topic": "asking for the partitions of topic wk15-none failed: Broker: Unknown topic or partition"}


def hold(spark, kafka, name, tmp_path):
    case, want = cases.OFFSETS[name], GOLDEN["offsets"][name]
    got = cases.outcome(spark, kafka, case, str(tmp_path))
    assert ("failed" in got) == ("failed" in want), got.get("failed")
    if name in IN_OTHER_WORDS:
        assert IN_OTHER_WORDS[name] in got["failed"]
    elif "failed" in want:
        assert core(got["failed"]) == core(want["failed"])
    lost = 0  # weir counts what failOnDataLoss=false lets pass
    for b in got.get("batches", []):  # Spark's classic progress has one decimal
        avg = b[3]["avgOffsetsBehindLatest"]
        lost += int(b[3].pop("dataLoss", 0))
        b[3]["avgOffsetsBehindLatest"] = str(int(float(avg) * 10 + 0.5) / 10)
    assert lost == ("goes_on" in name)
    for key in ("rows", "batches", "initial", "offsets"):
        assert got.get(key) == want.get(key), key


@pytest.mark.parametrize("name", [n for n, c in cases.OFFSETS.items() if not c.get("real")])
def test_offsets(spark, kafka, name, tmp_path):
    hold(spark, kafka, name, tmp_path)


@pytest.mark.parametrize("name", list(cases.OFFSETS))
def test_offsets_of_a_broker(spark, broker, name, tmp_path):
    for topic in cases.OFFSETS[name]["topics"]:
        try:
            broker.drop(topic)
        except RuntimeError:
            pass  # not there
    hold(spark, broker, name, tmp_path)
    for topic in cases.OFFSETS[name]["topics"]:
        broker.drop(topic)


# ---- beyond what was recorded ----

def stream(spark, kafka, topic, **options):
    r = spark.readStream.format("kafka").option("kafka.bootstrap.servers", kafka.servers).option("subscribe", topic)
    for k, v in dict(dict(startingOffsets="earliest"), **options).items():
        r = r.option(k.replace("__", "."), v)
    return r.load()


def test_columns(spark, kafka):
    kafka.topic("t", 2)
    kafka.put("t", b"\x00\xff", key="k", part=0, ms=1700000000123, headers=[("h", "1"), ("h", None), ("empty", "")])
    kafka.put("t", None, key=None, part=0, ms=1)
    kafka.put("t", "", key="", part=1, ms=2)
    df = spark.read.format("kafka").option("kafka.bootstrap.servers", kafka.servers).option("subscribe", "t") \
        .option("includeHeaders", "TRUE").load()
    assert df.schema.simpleString() == ("struct<key:binary,value:binary,topic:string,partition:int,offset:bigint,timestamp:timestamp,"
                                        "timestampType:int,headers:array<struct<key:string,value:binary>>>")
    got = [r.asDict(True) for r in df.selectExpr("*", "unix_millis(timestamp) ms").drop("timestamp").orderBy("partition", "offset").collect()]
    assert got == [
        dict(key=b"k", value=b"\x00\xff", topic="t", partition=0, offset=0, timestampType=0, ms=1700000000123,
             headers=[dict(key="h", value=b"1"), dict(key="h", value=None), dict(key="empty", value=b"")]),
        dict(key=None, value=None, topic="t", partition=0, offset=1, timestampType=0, ms=1, headers=None),
        dict(key=b"", value=b"", topic="t", partition=1, offset=0, timestampType=0, ms=2, headers=None)]
    # one column at a time, and none
    assert [r[0] for r in df.select("offset").orderBy("offset").collect()] == [0, 0, 1]
    assert {r[0] for r in df.select("topic").collect()} == {"t"}
    assert df.count() == 3
    # the same source twice in a plan
    assert df.select("offset").union(df.select("offset")).count() == 6


def test_batches_follow_messages(spark, kafka, tmp_path):
    """A restart goes on where it was; messages and partitions come while the query runs."""
    kafka.topic("t", 3)
    kafka.fill("t", 0, 1000, 3)
    df = stream(spark, kafka, "t").selectExpr("CAST(key AS STRING) k", "partition", "offset")
    q = df.writeStream.format("memory").queryName("first").start()
    until("the first messages", lambda: spark.table("first").count() == 1000)
    kafka.fill("t", 1000, 50, 3)
    until("more messages", lambda: spark.table("first").count() == 1050)
    q.stop()
    kafka.fill("t", 1050, 10, 3)
    q = (df.writeStream.format("parquet").option("path", str(tmp_path / "out")).option("checkpointLocation", str(tmp_path / "ck2"))
         .trigger(availableNow=True).start())
    q.awaitTermination()
    q = (df.writeStream.format("parquet").option("path", str(tmp_path / "out")).option("checkpointLocation", str(tmp_path / "ck2"))
         .start())
    kafka.fill("t", 1060, 40, 3)
    q.processAllAvailable()
    p = json.loads(q.lastProgress.json)
    q.stop()
    assert sorted(int(r.k) for r in spark.read.parquet(str(tmp_path / "out")).collect()) == list(range(1100))
    assert p["sources"][0]["metrics"] == {"avgOffsetsBehindLatest": "0.0", "maxOffsetsBehindLatest": "0", "minOffsetsBehindLatest": "0"}
    assert p["sources"][0]["endOffset"] == '{"t":{"0":367,"1":367,"2":366}}' == p["sources"][0]["latestOffset"]


def test_self_union(spark, kafka):
    kafka.topic("t", 2)
    kafka.fill("t", 0, 200, 2)
    df = stream(spark, kafka, "t").selectExpr("CAST(key AS STRING) k")
    q = df.union(df).writeStream.format("memory").queryName("u").start()
    q.processAllAvailable()
    q.stop()
    assert spark.sql("SELECT count(*), count(DISTINCT k) FROM u").collect()[0][:] == (400, 200)


@pytest.mark.parametrize("api,error", [(LIST_OFFSETS, TRANSPORT), (LIST_OFFSETS, NOT_LEADER), (LIST_OFFSETS, KAFKA_STORAGE_ERROR), (FETCH, TRANSPORT),
                                       (FETCH, NOT_LEADER), (FETCH, KAFKA_STORAGE_ERROR), (FETCH, LEADER_NOT_AVAILABLE)])
def test_a_request_fails(spark, kafka, api, error):
    kafka.topic("t", 4)
    kafka.fill("t", 0, 2000, 4)
    kafka.fault(api, error, count=2)
    q = stream(spark, kafka, "t").selectExpr("CAST(key AS STRING) k").writeStream.format("memory").queryName("f").start()
    q.processAllAvailable()
    assert kafka.left(api) == 0, "the faults were not met"
    kafka.fault(api, error, count=2)
    kafka.fill("t", 2000, 100, 4)
    q.processAllAvailable()
    q.stop()
    assert spark.sql("SELECT count(*), count(DISTINCT k) FROM f").collect()[0][:] == (2100, 2100)
    assert kafka.left(api) == 0, "the faults were not met"


def test_a_topic_without_leader(spark, kafka):
    kafka.topic("t", 1)
    kafka.fill("t", 0, 5, 1)
    kafka.topic_error("t", LEADER_NOT_AVAILABLE)
    q = stream(spark, kafka, "t").writeStream.format("memory").queryName("n").start()
    until("a word of it", lambda: "asking for the partitions of topic t" in q.status["message"])
    kafka.topic_error("t", 0)
    q.processAllAvailable()
    q.stop()
    assert spark.table("n").count() == 5


def test_leaders_move_and_brokers_rest(spark, kafka):
    kafka.topic("t", 3)
    q = stream(spark, kafka, "t").selectExpr("CAST(key AS STRING) k").writeStream.format("memory").queryName("l").start()
    for i in range(6):
        kafka.fill("t", i * 100, 100, 3)
        for p in range(3):
            kafka.leader("t", p, (i + p) % 3 + 1)
        if i == 3:
            kafka.down()
            until("a word of it", lambda: "Check that the broker runs" in q.status["message"], 10)
            kafka.up()
        q.processAllAvailable()
    q.stop()
    assert spark.sql("SELECT count(*), count(DISTINCT k) FROM l").collect()[0][:] == (600, 600)


def test_trouble_is_in_the_status(spark, kafka):
    """Within seconds, with what to check; and gone when the brokers are back. A stop does not wait for them."""
    kafka.topic("t", 1)
    kafka.fill("t", 0, 10, 1)
    q = stream(spark, kafka, "t").writeStream.format("memory").queryName("s").start()
    q.processAllAvailable()
    kafka.down()
    until("a word of it", lambda: "Check that the broker runs" in q.status["message"], 10)
    assert "asking for" in q.status["message"] and q.isActive
    kafka.up()
    kafka.fill("t", 10, 10, 1)
    until("what came meanwhile", lambda: spark.table("s").count() == 20)
    until("no word of it", lambda: "Check" not in q.status["message"])
    kafka.down()
    until("a word of it", lambda: "Check that the broker runs" in q.status["message"], 10)
    began = time.monotonic()
    q.stop()
    assert time.monotonic() - began < 8


def test_unreachable(spark):
    q = (spark.readStream.format("kafka").option("kafka.bootstrap.servers", "127.0.0.1:1").option("subscribe", "t")
         .option("fetchOffset.numRetries", "2").option("fetchOffset.retryIntervalMs", "10").option("kafka.default.api.timeout.ms", "1500")
         .load().writeStream.format("noop").start())
    with pytest.raises(Exception) as e:
        q.awaitTermination(30)
    text = str(e.value)
    assert "[STREAM_FAILED]" in text and "Kafka at 127.0.0.1:1: asking for the partitions of topic t failed" in text, text
    assert "Connection refused" in text and "Check that the broker runs, and host and port in kafka.bootstrap.servers" in text, text


def test_secrets_stay_secret(spark, engine):
    """In no error, status, progress, plan or log."""
    jaas = 'org.apache.kafka.common.security.plain.PlainLoginModule required username="u" password="sEcr3t-pass";'
    df = (spark.readStream.format("kafka").option("kafka.bootstrap.servers", "127.0.0.1:1").option("subscribe", "t")
          .option("kafka.security.protocol", "SASL_PLAINTEXT").option("kafka.sasl.mechanism", "PLAIN")
          .option("kafka.sasl.jaas.config", jaas).option("fetchOffset.numRetries", "1").option("kafka.default.api.timeout.ms", "1000")
          .option("kafka.unknown.key", "v").load())
    said = [df._explain_string(extended=True) if hasattr(df, "_explain_string") else ""]
    q = df.writeStream.format("noop").start()
    until("the end", lambda: said.append(str(q.status)) or not q.isActive)
    said += [str(q.exception()), str(q.recentProgress)]
    for bad in (jaas.replace("required", "wanted"), jaas[:-2], jaas.replace('"u"', "")):
        with pytest.raises(Exception) as e:
            spark.read.format("kafka").option("kafka.bootstrap.servers", "127.0.0.1:1").option("subscribe", "t") \
                .option("kafka.security.protocol", "SASL_PLAINTEXT").option("kafka.sasl.mechanism", "PLAIN") \
                .option("kafka.sasl.jaas.config", bad).load().count()
        said.append(str(e.value))
        assert "kafka.sasl.jaas.config" in said[-1]
    log = open(os.path.join(engine.folder, "server.log")).read()
    assert "the option kafka.unknown.key has no counterpart here" in log
    assert "sEcr3t-pass" not in "".join(said) + log


def test_many_messages_to_delta(spark, kafka, tmp_path):
    """Rate limited and killed-like restarts: every message once, whatever the batches."""
    kafka.topic("t", 4)
    kafka.fill("t", 0, 20000, 4)
    df = stream(spark, kafka, "t", maxOffsetsPerTrigger="3000").selectExpr("CAST(get_json_object(CAST(value AS STRING), '$.id') AS BIGINT) id")
    for i in range(3):
        q = (df.writeStream.format("delta").option("checkpointLocation", str(tmp_path / "ck")).start(str(tmp_path / "out")))
        until("a batch begins", lambda: os.path.exists(tmp_path / "ck" / "offsets" / str(i)), pause=0.001)
        q.stop()
    assert len(os.listdir(tmp_path / "ck" / "commits")) < 7, "the stops came too late"
    q = (df.writeStream.format("delta").option("checkpointLocation", str(tmp_path / "ck")).trigger(availableNow=True)
         .start(str(tmp_path / "out")))
    q.awaitTermination()
    assert spark.read.format("delta").load(str(tmp_path / "out")).selectExpr("count(*)", "count(DISTINCT id)", "sum(id)").collect()[0][:] \
        == (20000, 20000, 19999 * 10000)


@pytest.mark.parametrize("lossy", [False, True])
def test_a_batch_that_comes_again_and_ends_beyond_the_topic(spark, kafka, tmp_path, lossy):
    """The first question of such a query is asked in the middle of a batch."""
    kafka.topic("t", 2)
    kafka.fill("t", 0, 10, 2)
    ck = str(tmp_path / "ck")

    def start():
        df = stream(spark, kafka, "t", failOnDataLoss="false" if lossy else "true", kafkaConsumer__pollTimeoutMs="600")
        return df.writeStream.format("noop").option("checkpointLocation", ck).trigger(availableNow=True).start()

    assert start().awaitTermination(60)
    os.remove(ck + "/commits/0")
    with open(ck + "/offsets/0") as f:
        text = f.read()
    assert '{"t":{"0":5,"1":5}}' in text
    with open(ck + "/offsets/0", "w") as f:
        f.write(text.replace('{"t":{"0":5,"1":5}}', '{"t":{"0":9,"1":5}}'))
    q = start()
    if lossy:
        assert q.awaitTermination(60) and q.exception() is None
        assert int(q.lastProgress["sources"][0]["metrics"]["dataLoss"]) >= 1
        return
    with pytest.raises(Exception, match=r"offset \[5, 9\) for topic partition t-0"):
        q.awaitTermination(60)


def bearer(url, secret="key"):
    return {"kafka.security.protocol": "SASL_PLAINTEXT", "kafka.sasl.mechanism": "OAUTHBEARER",
            "kafka.sasl.login.callback.handler.class": "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginCallbackHandler",
            "kafka.sasl.oauthbearer.token.endpoint.url": url,
            "kafka.sasl.jaas.config": "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required "
                                      f'clientId="me" clientSecret="{secret}" scope="a b" extension_pool="x";'}


def test_a_token_endpoint_that_refuses(spark, engine, kafka):
    kafka.topic("t", 1)
    at = TokenEndpoint("me", "another-key")
    try:
        with pytest.raises(Exception, match="(?s)OAUTHBEARER.*Check kafka.sasl.oauthbearer.token.endpoint.url") as e:
            (spark.read.format("kafka").option("kafka.bootstrap.servers", kafka.servers).option("subscribe", "t")
             .options(**bearer(at.url, "the-wrong-key")).load().count())
        assert at.asked[0] == ("me", "the-wrong-key", {"grant_type": "client_credentials", "scope": "a b"})
        assert "the-wrong-key" not in str(e.value)
        assert "the-wrong-key" not in open(os.path.join(engine.folder, "server.log"), errors="replace").read()
    finally:
        at.close()


@pytest.mark.parametrize("options, word", [
    (dict(bearer("ftp://127.0.0.1/token")), "must begin with https://"),
    (dict(bearer("http://127.0.0.1/token"), **{"kafka.sasl.login.callback.handler.class": "my.Handler"}), "handler of your own"),
    (dict(bearer("http://127.0.0.1/token"),
          **{"kafka.sasl.jaas.config": "a.OAuthBearerLoginModule required scope=x;"}), "needs clientId"),
])
def test_token_endpoint_settings(spark, options, word):
    with pytest.raises(Exception, match=word):
        spark.read.format("kafka").option("kafka.bootstrap.servers", "localhost:1").option("subscribe", "t").options(**options).load().schema
