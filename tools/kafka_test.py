#!/usr/bin/env python3
"""Holds weir against a real Kafka broker, which tools/broker.py starts: everything that a mock cluster cannot do.

`tools/kafka_test.py [CASE ...] [!CASE ...]` runs those (patterns), or all but those; it prints a line a case and last
`N passed, N failed, N skipped`. WEIR_KAFKA_MESSAGES (default 5,000,000) is the size of the case `storm`: that many messages in 8
partitions into a Delta table while the broker is killed WEIR_KAFKA_BROKER_KILLS (5) times and weir WEIR_KAFKA_KILLS (10)
times. Needs what tools/broker.py needs; without that nothing is run, which is said.
"""
import fnmatch
import glob
import json
import os
import random
import shutil
import sys
import tempfile
import threading
import time
import traceback

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [os.path.join(ROOT, "test", "py"), os.path.join(ROOT, "tools")]
os.environ["TZ"] = "UTC"
time.tzset()
import broker as broker_tool  # noqa: E402
from conftest import Engine  # noqa: E402
from kafka_driver import Kafka  # noqa: E402
from token_endpoint import TokenEndpoint, token  # noqa: E402
from waiting import until  # noqa: E402

MESSAGES = int(os.environ.get("WEIR_KAFKA_MESSAGES", "5000000"))
BROKER_KILLS = int(os.environ.get("WEIR_KAFKA_BROKER_KILLS", "5"))
KILLS = int(os.environ.get("WEIR_KAFKA_KILLS", "10"))
SCHEMA = "id BIGINT, ts TIMESTAMP, ms BIGINT, user STRING, type STRING, amount DOUBLE"
JAAS = 'org.apache.kafka.common.security.{} required username="{}" password="{}";'


def delta_files(table):
    """The live files of a Delta table, read from its log alone."""
    live = set()
    for name in sorted(glob.glob(f"{table}/_delta_log/*.json")):
        for line in open(name):
            entry = json.loads(line)
            if "add" in entry:
                live.add(entry["add"]["path"])
            if "remove" in entry:
                live.discard(entry["remove"]["path"])
    return [os.path.join(table, f) for f in live]


def delta_columns(table, columns):
    """The columns of all rows, by pyarrow."""
    import pyarrow
    from pyarrow import parquet
    parts = [parquet.read_table(f, columns=columns) for f in delta_files(table)]
    return pyarrow.concat_tables(parts) if parts else pyarrow.table({c: [] for c in columns})


class World:
    """A broker, a client of it, an engine and a folder for one case."""

    def __init__(self, broker, folder):
        self.broker, self.folder, self.info = broker, folder, broker.start()
        self.kafka = self.client()
        self.engine = self.spark = None

    def client(self):
        return Kafka(bootstrap_servers=self.info["plaintext"])

    def start(self, env=None):
        self.engine = Engine(self.folder, env=env)
        self.spark = self.engine.session()
        return self.spark

    def path(self, name):
        return os.path.join(self.folder, name)

    def log(self):
        with open(self.path("server.log"), errors="replace") as f:
            return f.read()

    def options(self, listener="plaintext", user=broker_tool.USER, password=broker_tool.PASSWORD, mechanism="PLAIN", trust="pem",
                client_certificate=False):
        o = {"kafka.bootstrap.servers": self.info[listener]}
        if listener in ("sasl", "sasl_ssl", "expired"):
            module = "plain.PlainLoginModule" if mechanism == "PLAIN" else "scram.ScramLoginModule"
            o["kafka.sasl.mechanism"] = mechanism
            o["kafka.sasl.jaas.config"] = JAAS.format(module, user, password)
        protocol = broker_tool.LISTENERS[listener]
        if protocol != "PLAINTEXT":
            o["kafka.security.protocol"] = protocol
        tls, store = self.info["tls"], broker_tool.STORE_PASSWORD
        if protocol.endswith("SSL") and trust == "pem":
            o.update({"kafka.ssl.truststore.type": "PEM", "kafka.ssl.truststore.location": tls + "/ca.pem"})
        if protocol.endswith("SSL") and trust == "p12":
            o.update({"kafka.ssl.truststore.type": "PKCS12", "kafka.ssl.truststore.location": tls + "/trust.p12",
                      "kafka.ssl.truststore.password": store})
        if client_certificate:
            o.update({"kafka.ssl.keystore.type": "PKCS12", "kafka.ssl.keystore.location": tls + "/client.p12",
                      "kafka.ssl.keystore.password": store})
        return o

    def source(self, topic, **options):
        o = dict(self.options(), subscribe=topic, startingOffsets="earliest", **options)
        return self.spark.readStream.format("kafka").options(**o).load()

    def to_delta(self, df, name="out"):
        """The ids of topic's messages, with their places, into a Delta table."""
        return (df.selectExpr(f"from_json(CAST(value AS STRING), '{SCHEMA}') AS v", "partition", "offset")
                .selectExpr("v.id AS id", "partition", "offset").writeStream.format("delta")
                .option("checkpointLocation", self.path(name + "-ck")).queryName(name))

    def ids(self, name="out"):
        return delta_columns(self.path(name), ["id"])["id"].to_pylist()

    def engine_end(self):
        """What is known of an engine that has ended, for the message of a failure."""
        code = self.engine and self.engine.process.poll()
        return "" if code is None else f"; the engine ended with {code}: ...{self.log()[-1500:]}"

    def close(self):
        self.kafka.close()
        if self.engine and self.engine.process.poll() is None:
            self.engine.kill()


def same(got, want, what):
    if got != want:
        raise AssertionError(f"{what}: {str(got)[:300]} instead of {str(want)[:300]}")


def failure(query, timeout_s=90):
    until("the query fails", lambda: not query.isActive, timeout_s)
    assert query.exception() is not None, "the query ended without a failure"
    return str(query.exception())


def holds(text, *words):
    for w in words:
        assert w.lower() in text.lower(), f"'{w}' is not in: {text[:1200]}"


def each_once(w, topic, total, name="out"):
    """Every id, and every offset of every partition, once."""
    t = delta_columns(w.path(name), ["id", "partition", "offset"])
    ids = t["id"].to_numpy()
    assert len(ids) == total, f"{len(ids)} rows instead of {total}"
    ids.sort()
    assert ids[0] == 0 and ids[-1] == total - 1 and (ids[1:] - ids[:-1] == 1).all(), "the ids are not each there once"
    places = sorted(zip(t["partition"].to_pylist(), t["offset"].to_pylist())) if total <= 1000000 else None
    if places:
        want = sorted((p, o) for p, (lo, hi) in w.kafka.ends(topic).items() for o in range(lo, hi))
        same(places, want, "places")


def in_a_batch(checkpoint):
    """Whether the engine ended between the plan of a batch and its commit."""
    planned, done = ({int(n) for n in os.listdir(f"{checkpoint}/{d}") if n.isdigit()} if os.path.isdir(f"{checkpoint}/{d}") else set()
                     for d in ("offsets", "commits"))
    return max(planned, default=-1) > max(done, default=-1)


# ---- cases ----


def case_storm(w):
    """Messages into Delta while the broker and weir are killed: output equals input, once each."""
    w.kafka.topic("storm", 8)
    rate = max(5000, MESSAGES // 60)  # messages still come when the last engine is killed
    filling = threading.Thread(target=lambda: w.kafka.fill("storm", 0, MESSAGES, 8, rate))
    filling.start()
    rng = random.Random(MESSAGES)
    done = threading.Event()
    killed = {"broker": 0, "weir": 0, "batch": 0}

    def kill_brokers():
        for _ in range(BROKER_KILLS):
            if done.wait(rng.uniform(3, 8)):
                return
            w.broker.kill()
            killed["broker"] += 1
            time.sleep(rng.uniform(0.2, 1.5))
            w.broker.start()

    killer = threading.Thread(target=kill_brokers)
    killer.start()

    def query():
        w.start()
        return w.to_delta(w.source("storm", maxOffsetsPerTrigger=max(1000, MESSAGES // 60))).start(w.path("out"))

    try:
        for _ in range(KILLS):
            q = query()
            time.sleep(rng.uniform(2, 6))
            assert q.isActive, str(q.exception())
            wait = time.monotonic() + 2
            while not in_a_batch(w.path("out-ck")) and time.monotonic() < wait:
                time.sleep(0.001)
            w.engine.kill()
            killed["weir"] += 1
            killed["batch"] += in_a_batch(w.path("out-ck"))
        assert killed["batch"], "no kill was in the middle of a batch"
        q = query()
        killer.join()
        filling.join()
        client = w.client()
        written = client.ids("storm", MESSAGES)
        client.close()
        same(written["distinct"], MESSAGES, "messages in the topic")
        q.processAllAvailable()
        assert q.exception() is None, str(q.exception())
        q.stop()
    finally:
        done.set()
        killer.join()
    same(written["count"], MESSAGES, "messages in the topic")
    same((killed["broker"], killed["weir"]), (BROKER_KILLS, KILLS), "kills")
    w.kafka.run("sync")
    each_once(w, "storm", MESSAGES)
    return (f"{MESSAGES:,} messages, broker killed {killed['broker']} times, weir {killed['weir']} times, "
            f"{killed['batch']} of them in a batch")


def case_sink_storm(w):
    """Kafka to Kafka while both are killed: nothing is lost (at least once)."""
    total = min(MESSAGES, 300000)
    w.kafka.topic("in", 4)
    w.kafka.topic("out", 4)
    w.kafka.fill("in", 0, total, 4)
    rng = random.Random(7)
    q = None

    def query():
        w.start()
        return (w.source("in", maxOffsetsPerTrigger=total // 40).select("key", "value", "partition").writeStream.format("kafka")
                .options(**w.options()).option("topic", "out").option("checkpointLocation", w.path("ck")).start())

    for turn in range(6):
        q = query()
        time.sleep(rng.uniform(0.3, 1.2))
        if turn % 2:
            w.broker.kill()
            time.sleep(0.5)
            w.broker.start()
            time.sleep(0.5)
        assert q.isActive, str(q.exception())
        w.engine.kill()
    q = query()
    q.processAllAvailable()
    q.stop()
    got = w.kafka.ids("out", total)
    same((got["distinct"], got["beyond"]), (total, 0), "ids")
    return f"{total:,} messages, {got['count'] - total:,} of them more than once"


def recreated(w, lossy):
    w.kafka.topic("t", 2)
    w.kafka.fill("t", 0, 200, 2)
    w.start()
    df = w.source("t", failOnDataLoss="false" if lossy else "true")
    q = w.to_delta(df).start(w.path("out"))
    q.processAllAvailable()
    w.kafka.drop("t")
    time.sleep(1)
    w.kafka.topic("t", 2)
    w.kafka.fill("t", 1000, 50, 2)
    return q


def case_topic_recreated_fails(w):
    q = recreated(w, False)
    holds(failure(q), "t-0", "offset was changed from 100 to", "failOnDataLoss")
    same(len(w.ids()), 200, "rows")


def case_topic_recreated_goes_on(w):
    """As Spark: what the new topic has below the old offsets is not read."""
    q = recreated(w, True)
    until("a warning of the loss", lambda: "t-0" in w.log() or "t-1" in w.log(), 20)
    w.kafka.fill("t", 2000, 200, 2)
    until("rows of the new topic", lambda: any(i >= 1000 for i in w.ids()))
    assert q.isActive
    q.stop()


def case_topic_deleted_fails(w):
    w.kafka.topic("t", 2)
    w.kafka.fill("t", 0, 100, 2)
    w.start()
    q = w.to_delta(w.source("t")).start(w.path("out"))
    q.processAllAvailable()
    w.kafka.drop("t")
    holds(failure(q), "topic t", w.info["plaintext"])


def aged_out(w, lossy):
    w.kafka.topic("t", 1)
    w.kafka.fill("t", 0, 100)
    w.start()
    q = w.to_delta(w.source("t", failOnDataLoss="false" if lossy else "true")).start(w.path("out"))
    q.processAllAvailable()
    q.stop()
    w.kafka.fill("t", 100, 200)
    w.kafka.truncate("t", 0, 150)
    return w.to_delta(w.source("t", failOnDataLoss="false" if lossy else "true")).start(w.path("out"))


def case_retention_fails(w):
    holds(failure(aged_out(w, False)), "t-0", "failOnDataLoss", "100")


def case_retention_goes_on(w):
    q = aged_out(w, True)
    q.processAllAvailable()
    q.stop()
    same(sorted(w.ids()), list(range(100)) + list(range(150, 300)), "ids")


def case_partitions_added(w):
    w.kafka.topic("t", 2)
    w.kafka.fill("t", 0, 100, 2)
    w.start()
    q = w.to_delta(w.source("t")).start(w.path("out"))
    q.processAllAvailable()
    w.kafka.grow("t", 5)
    w.kafka.fill("t", 100, 400, 5)
    until("the new partitions are read", lambda: len(w.ids()) == 500)
    q.stop()
    each_once(w, "t", 500)


def case_topics_found_by_pattern(w):
    w.kafka.topic("p1", 1)
    w.kafka.fill("p1", 0, 50)
    w.start()
    df = (w.spark.readStream.format("kafka").options(**w.options()).option("subscribePattern", "p[0-9]")
          .option("startingOffsets", "earliest").load())
    q = w.to_delta(df).start(w.path("out"))
    q.processAllAvailable()
    w.kafka.topic("p2", 1)
    w.kafka.topic("other", 1)
    w.kafka.fill("p2", 50, 50)
    w.kafka.fill("other", 1000, 5)
    until("the new topic is read", lambda: len(w.ids()) >= 100)
    q.stop()
    same(sorted(w.ids()), list(range(100)), "ids")


def case_paused_broker(w):
    """SIGSTOP: the status says what is wrong within seconds; after SIGCONT it goes on, nothing lost or doubled."""
    w.kafka.topic("t", 2)
    w.kafka.fill("t", 0, 100, 2)
    w.start()
    q = w.to_delta(w.source("t", **{"kafka.request.timeout.ms": "3000"})).start(w.path("out"))
    q.processAllAvailable()
    w.broker.pause()
    t0 = time.time()
    seen = set()

    def word():
        seen.add(q.status["message"])
        return next((m for m in seen if "afka" in m and w.info["plaintext"] in m), None)

    try:
        said = until("a word in the status", word, 30)
    except AssertionError as e:
        raise AssertionError(f"{e}: {seen}") from e
    took = time.time() - t0
    time.sleep(3)
    assert q.isActive, str(q.exception())
    w.broker.resume()
    w.kafka.fill("t", 100, 100, 2)
    until("it goes on", lambda: len(w.ids()) == 200)
    q.stop()
    each_once(w, "t", 200)
    return f"said after {took:.1f} s: {said[:110]}"


def case_paused_broker_sink(w):
    w.kafka.topic("in", 2)
    w.kafka.topic("out", 2)
    w.kafka.fill("in", 0, 100, 2)
    w.start()
    q = (w.source("in").select("key", "value").writeStream.format("kafka").options(**w.options()).option("topic", "out")
         .option("checkpointLocation", w.path("ck")).start())
    q.processAllAvailable()
    w.broker.pause()
    time.sleep(4)
    assert q.isActive
    w.broker.resume()
    w.kafka.fill("in", 100, 100, 2)
    q.processAllAvailable()
    q.stop()
    same(w.kafka.ids("out", 200), {"count": 200, "distinct": 200, "beyond": 0}, "messages")


def stream(w, options, kind):
    """A source or a sink with these options; the query."""
    if kind == "source":
        return (w.spark.readStream.format("kafka").options(**options).option("subscribe", "t").option("startingOffsets", "earliest")
                .load().selectExpr("CAST(value AS STRING) v").writeStream.format("noop").option("checkpointLocation", w.path("ck-s"))
                .start())
    return (w.spark.readStream.format("rate-micro-batch").option("rowsPerBatch", 10).load().selectExpr("CAST(value AS STRING) value")
            .writeStream.format("kafka").options(**options).option("topic", "t").option("checkpointLocation", w.path("ck-k"))
            .trigger(processingTime="2 seconds").start())


def refused(w, options, *words, secret=None):
    w.kafka.topic("t", 1)
    w.kafka.fill("t", 0, 10)
    w.start()
    for kind in ("source", "sink"):
        text = failure(stream(w, options, kind), 30)
        holds(text, *words)
        if secret:
            assert secret not in text, "the password is in the error"
    if secret:
        assert secret not in w.log(), "the password is in the log"


def case_wrong_password(w):
    refused(w, w.options("sasl", password="not-the-one"), "uthentication", "kafka.sasl.jaas.config", w.info["sasl"], secret="not-the-one")


def case_wrong_password_scram(w):
    refused(w, w.options("sasl_ssl", password="not-the-one", mechanism="SCRAM-SHA-512"), "uthentication", w.info["sasl_ssl"],
            secret="not-the-one")


def case_expired_certificate(w):
    refused(w, w.options("expired"), "certificate", "expired", w.info["expired"])


def case_unknown_authority(w):
    refused(w, w.options("sasl_ssl", trust=None), "certificate", "kafka.ssl.truststore.location", w.info["sasl_ssl"])


def case_no_client_certificate(w):
    refused(w, w.options("ssl"), "certificate", w.info["ssl"])


def case_unreachable_server(w):
    """The status says so within seconds, and what to check; a batch read fails by name."""
    w.start()
    o = {"kafka.bootstrap.servers": "127.0.0.1:1"}
    for kind in ("source", "sink"):
        q = stream(w, o, kind)
        said = until("a word in the status", lambda: "127.0.0.1:1" in (m := q.status["message"]) and m, 10)
        holds(said, "refused", "kafka.bootstrap.servers")
        q.stop()
    o["kafka.default.api.timeout.ms"] = "2000"
    try:
        w.spark.read.format("kafka").options(**o).option("subscribe", "t").load().count()
    except Exception as e:
        holds(str(e), "127.0.0.1:1", "refused")
    else:
        raise AssertionError("read without a broker")


SECURE = [("sasl", dict()), ("sasl_ssl", dict()), ("sasl_ssl", dict(trust="p12")), ("ssl", dict(client_certificate=True, trust="p12"))]


def case_security(w):
    """Every listener, mechanism and kind of store, written and read."""
    w.start()
    for i, (listener, more) in enumerate(SECURE):
        o = w.options(listener, **more)
        w.kafka.topic(f"s{i}", 1)
        w.spark.range(20).selectExpr("CAST(id AS STRING) value").write.format("kafka").options(**o).option("topic", f"s{i}").save()
        got = w.spark.read.format("kafka").options(**o).option("subscribe", f"s{i}").load().selectExpr("CAST(CAST(value AS STRING) AS INT) v").collect()
        same(sorted(r.v for r in got), list(range(20)), listener)
    assert broker_tool.PASSWORD not in w.log(), "the password is in the log"
    return f"{len(SECURE)} ways"


def works(w, options, topic="t"):
    w.spark.range(3).selectExpr("CAST(id AS STRING) value").write.format("kafka").options(**options).option("topic", topic).save()
    got = w.spark.read.format("kafka").options(**options).option("subscribe", topic).load().count()
    assert got > 0 and got % 3 == 0, got


def case_scram(w):
    w.start()
    w.kafka.topic("t", 1)
    for listener, mechanism in (("sasl", "SCRAM-SHA-512"), ("sasl_ssl", "SCRAM-SHA-256")):
        works(w, w.options(listener, mechanism=mechanism))


def case_scram_of_an_old_library(w):
    """The system's librdkafka: Kafka 4 refuses it, which is said, Kafka 3 does not."""
    old = next(iter(glob.glob("/usr/lib/*/librdkafka.so.1")), None)
    assert old, "the system has no librdkafka"
    w.start(env={"LD_LIBRARY_PATH": os.path.dirname(old)})
    w.kafka.topic("t", 1)
    try:
        works(w, w.options("sasl", mechanism="SCRAM-SHA-512"))
    except Exception as e:
        holds(str(e), "SCRAM", "librdkafka before 2.6.1", "PLAIN over TLS")
        assert broker_tool.KAFKA.startswith("4."), str(e)
        return f"Kafka {broker_tool.KAFKA} refuses it by name"
    assert broker_tool.KAFKA.startswith("3."), "Kafka 4 takes it"
    return f"Kafka {broker_tool.KAFKA} takes it"


def bearer(w, **options):
    return dict(w.options(), **{"kafka.bootstrap.servers": w.info["sasl"], "kafka.security.protocol": "SASL_PLAINTEXT",
                                "kafka.sasl.mechanism": "OAUTHBEARER"}, **options)


def case_tokens(w):
    """OAUTHBEARER: a token of an endpoint, of a file, and one that nobody signed."""
    module = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required"
    endpoint, url = TokenEndpoint("me", "a-secret-key"), "kafka.sasl.oauthbearer.token.endpoint.url"
    w.start()
    w.kafka.topic("t", 1)
    works(w, bearer(w, **{url: endpoint.url, "kafka.sasl.jaas.config": f'{module} clientId="me" clientSecret="a-secret-key" scope="x";'}))
    same(endpoint.asked[0], ("me", "a-secret-key", {"grant_type": "client_credentials", "scope": "x"}), "what the endpoint was asked")
    endpoint.close()
    with open(w.path("token"), "w") as f:
        f.write(token("me"))
    works(w, bearer(w, **{url: "file://" + w.path("token"), "kafka.sasl.jaas.config": f"{module};"}))
    works(w, bearer(w, **{"kafka.sasl.jaas.config": f'{module} unsecuredLoginStringClaim_sub="me";'}))
    assert "a-secret-key" not in w.log(), "the secret is in the log"


def committed(w, name="out", **options):
    """A stream of what is committed; failOnDataLoss is on, as it is by default."""
    return w.to_delta(w.source("t", **{"kafka.isolation.level": "read_committed"}, **options), name)


def ended_at(q):
    return json.loads(q.lastProgress["sources"][0]["endOffset"])


def case_transactions(w):
    """read_committed leaves out what was aborted, and takes control records for what they are."""
    w.kafka.topic("t", 1)
    w.kafka.transaction("t", 0, 10)
    w.kafka.transaction("t", 100, 10, "abort")
    w.kafka.transaction("t", 10, 10)
    w.start()
    q = committed(w).start(w.path("out"))
    q.processAllAvailable()
    w.kafka.transaction("t", 20, 10)
    w.kafka.transaction("t", 200, 10, "abort")
    q.processAllAvailable()
    # 50 messages and 5 control records, the last of which comes after the abort was answered
    until("the end of the topic", lambda: ended_at(q) == {"t": {"0": 55}}, 20)
    q.stop()
    same(sorted(w.ids()), list(range(30)), "ids")
    q = w.to_delta(w.source("t"), "all").start(w.path("all"))
    q.processAllAvailable()
    q.stop()
    same(len(w.ids("all")), 50, "uncommitted rows")


def case_transactions_in_small_batches(w):
    """Batches that begin, end or lie wholly in what was aborted; availableNow comes to its end."""
    w.kafka.topic("t", 2)
    for i in range(6):
        w.kafka.transaction("t", 1000 + 40 * i, 40, "abort", 2)
        w.kafka.transaction("t", 10 * i, 10, "commit", 2)
    w.start()
    q = committed(w, maxOffsetsPerTrigger="14").trigger(availableNow=True).start(w.path("out"))
    assert q.awaitTermination(120), "availableNow does not end"
    assert q.exception() is None, str(q.exception())
    same(sorted(w.ids()), list(range(60)), "ids")
    ends = w.kafka.ends("t")
    same(ended_at(q), {"t": {str(p): hi for p, (_, hi) in ends.items()}}, "end offset")
    n = (w.spark.read.format("kafka").options(**w.options()).option("kafka.isolation.level", "read_committed").option("subscribe", "t")
         .load().count())
    same(n, 60, "rows of a batch read")


def case_transaction_that_is_open(w):
    """What stands behind the first message of an open transaction is not there yet."""
    w.kafka.topic("t", 1)
    w.kafka.fill("t", 0, 10)
    w.kafka.transaction("t", 10, 10, "open")
    other = w.client()
    other.fill("t", 20, 10)
    w.start()
    q = committed(w).start(w.path("out"))
    q.processAllAvailable()
    same(sorted(w.ids()), list(range(10)), "ids before the end")
    w.kafka.end_transaction("commit")
    until("the transaction is read", lambda: len(w.ids()) == 30)
    w.kafka.transaction("t", 100, 10, "open")
    other.fill("t", 30, 10)
    w.kafka.end_transaction("abort")
    until("what came after the aborted one is read", lambda: len(w.ids()) >= 40)
    other.close()
    assert q.exception() is None, str(q.exception())
    q.stop()
    same(sorted(w.ids()), list(range(40)), "ids")


def case_topic_deleted_under_the_sink(w):
    w.kafka.topic("t", 1)
    w.start()
    o = dict(w.options(), **{"kafka.max.block.ms": "3000", "kafka.delivery.timeout.ms": "4000", "kafka.request.timeout.ms": "3000"})
    q = stream(w, o, "sink")
    until("it writes", lambda: w.kafka.ends("t")[0][1] > 0)
    w.kafka.drop("t")
    holds(failure(q, 60), "topic t")


def main():
    missing = broker_tool.available()
    if missing:
        print(f"no broker can run here: {missing}; nothing was compared\n0 passed, 1 failed, 0 skipped")
        return 1
    cases = {n[5:]: f for n, f in globals().items() if n.startswith("case_")}
    wanted, unwanted = [p for p in sys.argv[1:] if p[0] != "!"] or ["*"], [p[1:] for p in sys.argv[1:] if p[0] == "!"]

    def matches(name, patterns):
        return any(fnmatch.fnmatch(name, p) for p in patterns)

    picked = {n: f for n, f in cases.items() if matches(n, wanted) and not matches(n, unwanted)}
    base = tempfile.mkdtemp(prefix="weir-kafka-")
    passed = failed = 0
    for name, case in picked.items():
        broker = broker_tool.Broker(os.path.join(base, "broker"))
        folder = os.path.join(base, name)
        os.makedirs(folder)
        t0, w = time.time(), None
        try:
            w = World(broker, folder)
            for t in ("t", "in", "out", "p1", "p2", "other"):  # of the case before
                try:
                    w.kafka.drop(t)
                except RuntimeError:
                    pass
            said = case(w)
            passed += 1
            print(f"ok    {name:32} {time.time() - t0:6.1f} s  {said or ''}".rstrip(), flush=True)
        except Exception as e:
            failed += 1
            where = [f"{t.name}:{t.lineno}" for t in traceback.extract_tb(e.__traceback__) if t.filename == __file__]
            print(f"FAIL  {name}: {type(e).__name__} in {' '.join(where)}: {str(e)[:2000]}{w.engine_end() if w else ''}",
                  flush=True)
        if w:
            w.close()
        broker.resume()
        if not os.environ.get("WEIR_KAFKA_KEEP"):
            shutil.rmtree(folder, ignore_errors=True)
    broker_tool.Broker(os.path.join(base, "broker")).wipe()
    if not os.environ.get("WEIR_KAFKA_KEEP"):
        shutil.rmtree(base, ignore_errors=True)
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return failed != 0 or passed == 0


if __name__ == "__main__":
    sys.exit(main())
