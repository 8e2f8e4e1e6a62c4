"""Kafka for tests, by test/kafka/driver.c: a mock cluster, or a client of a real broker."""
import json
import os
import subprocess

ROOT = os.path.join(os.path.dirname(__file__), "..", "..")
BIN = os.environ.get("WEIR_KAFKA_DRIVER", os.path.join(ROOT, "build", "kafka_driver"))

# Kafka's API keys and error codes that the tests name
PRODUCE, FETCH, LIST_OFFSETS, METADATA, FIND_COORDINATOR, API_VERSIONS, INIT_PRODUCER_ID = 0, 1, 2, 3, 10, 18, 22
TRANSPORT = -195  # librdkafka: the broker closes the connection
UNKNOWN_TOPIC, LEADER_NOT_AVAILABLE, NOT_LEADER, REQUEST_TIMED_OUT, TOO_LARGE, NOT_ENOUGH_REPLICAS = 3, 5, 6, 7, 10, 19
TOPIC_AUTHORIZATION, CLUSTER_AUTHORIZATION, INVALID_RECORD, COORDINATOR_LOADING = 29, 31, 87, 14
KAFKA_STORAGE_ERROR, OFFSET_OUT_OF_RANGE, CORRUPT, UNKNOWN = 56, 1, 2, -1


class Kafka:
    def __init__(self, brokers=0, **settings):
        """brokers > 0: a mock cluster of that many; else a client with these librdkafka settings, . written _."""
        self.p = subprocess.Popen([BIN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        if brokers:
            self.servers = self.run("mock", brokers)["bootstrap"]
            self.brokers = range(1, brokers + 1)
        else:
            self.servers = settings["bootstrap_servers"]
            self.run("connect", *(f"{k.replace('_', '.')}={v}" for k, v in settings.items()))

    def run(self, *words):
        self.p.stdin.write(" ".join(str(w) for w in words) + "\n")
        self.p.stdin.flush()
        text = self.p.stdout.readline()
        # an error in the middle of an answer stands behind its beginning
        answer = json.loads(text[text.find('{"error"'):] if '{"error"' in text else text)
        if "error" in answer:
            raise RuntimeError(f"{' '.join(str(w) for w in words)[:200]}: {answer['error']}")
        return answer

    # topics; all but topic() only with a real broker

    def topic(self, name, parts=1, **config):
        self.run("topic", name, parts, *(x for k, v in config.items() for x in (k.replace("_", "."), v)))

    def drop(self, name):
        self.run("drop", name)

    def grow(self, name, parts):
        self.run("grow", name, parts)

    def truncate(self, name, part, offset):
        self.run("truncate", name, part, offset)

    # messages

    def put(self, topic, value, key=None, part=0, ms=0, headers=()):
        def text(b):
            return "-" if b is None else (b.encode() if isinstance(b, str) else b).hex() or "="  # "=": no bytes, not null
        self.run("put", topic, part, text(key), text(value), ms, *(x for k, v in headers for x in (k, text(v))))

    def fill(self, topic, first, count, parts=1, rate=0, padding=0):
        """Values {"id":i,...}, key i, partition i % parts; rate a second."""
        return self.run("fill", topic, first, count, parts, rate, padding)

    def transaction(self, topic, first, count, end="commit", parts=1):
        """{"id":i} into partition i % parts, in one transaction; end: commit, abort, or open until end_transaction()."""
        self.run("txn", topic, first, count, parts, end)

    def end_transaction(self, end="commit"):
        self.run("txn_end", end)

    def read(self, topic):
        """[(partition, offset, key, value, ms, headers)] in order of partition and offset"""
        def raw(h):
            return None if h is None else bytes.fromhex(h)
        return sorted((p, o, raw(k), raw(v), ms, [(n, raw(x)) for n, x in h])
                      for p, o, k, v, ms, h in self.run("read", topic)["messages"])

    def ids(self, topic, maximum):
        return self.run("ids", topic, maximum)

    def ends(self, topic):
        return {int(p): tuple(v) for p, v in self.run("ends", topic).items()}

    # the mock cluster

    def fault(self, api, error, count=1, ms=0, brokers=None):
        """The next requests of this kind fail (error 0: only take ms), at each of the brokers."""
        for b in brokers or self.brokers:
            self.run("fault", b, api, error, ms, count)

    def left(self, api):
        """Faults that no request met yet, of the broker with the fewest: which of them are asked is the client's choice."""
        return min(self.run("left", b, api)["left"] for b in self.brokers)

    def rtt(self, ms):
        for b in self.brokers:
            self.run("rtt", b, ms)

    def down(self, broker=-1):
        self.run("down", broker)

    def up(self, broker=-1):
        self.run("up", broker)

    def leader(self, topic, part, broker):
        self.run("leader", topic, part, broker)

    def topic_error(self, topic, error):
        self.run("topic_error", topic, error)

    def close(self):
        self.p.stdin.close()
        try:
            self.p.wait(20)
        except subprocess.TimeoutExpired:
            self.p.kill()
