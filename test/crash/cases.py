"""The pipelines that are broken on purpose, and an independent look at what they left."""
import collections
import json
import os
import urllib.parse

import pyarrow.parquet as pq

from engine import deduplicated, each_batch, grouped, projected, reading, with_watermark, writing

START = 1_700_000_000


class Case:
    """files: in all; before: ingested by an earlier run that ended well; cut: an earlier run was killed at this
    operation of its last batches (0: not); side: the engine also works beside the batches."""
    conf, side = {}, False

    def __init__(self, name, sink, files, before=0, cut=0):
        self.name, self.sink, self.files, self.before, self.cut = name, sink, files, before, cut

    def land(self, root, first, last):
        folder = os.path.join(root, "in")
        os.makedirs(folder, exist_ok=True)
        for i in range(first, last):
            path = os.path.join(folder, f"f{i:03}.json")
            with open(path, "w") as f:
                for r in range(3):
                    f.write(json.dumps({"id": i * 10 + r, "name": f"n{r}"}) + "\n")
            os.utime(path, (START + i,) * 2)

    def finish(self, root):
        """Before the restart: what it needs to hand out all that is expected."""

    def query(self, root):
        src, out, ck = (os.path.join(root, d) for d in ("in", "out", "ck"))
        if self.sink == "delta":
            rows = reading("cloudFiles", {"cloudFiles.format": "json", "cloudFiles.maxFilesPerTrigger": "1",
                                          "cloudFiles.schemaLocation": os.path.join(root, "schema")}, src)
        else:
            rows = reading("json", {"maxFilesPerTrigger": "1"}, src, "id BIGINT, name STRING")
        return writing(rows, self.sink, out, ck)

    def expected(self):
        return collections.Counter(str(i * 10 + r) for i in range(self.files) for r in range(3))

    def visible(self, root):
        """What a reader that follows the table's log sees: ids with how often."""
        out, ids = os.path.join(root, "out"), collections.Counter()
        for path in (delta_files if self.sink == "delta" else sink_files)(out):
            ids.update(str(v) for v in pq.ParquetFile(path).read(["id"])["id"].to_pylist())
        return ids


class FunctionCase(Case):
    """A Python function writes each batch to a Delta table, with the number that keeps it from being there twice."""

    def query(self, root):
        src, out, ck = (os.path.join(root, d) for d in ("in", "out", "ck"))

        def write(df, batch_id):
            try:
                df.write.format("delta").mode("append").option("txnAppId", "crash").option("txnVersion", batch_id).save(out)
            except Exception as e:  # the status of a call holds 2 KiB: no room for PySpark's own frames
                raise RuntimeError(str(e)[:400]) from None

        return each_batch(reading("json", {"maxFilesPerTrigger": "1"}, src, "id BIGINT, name STRING"), write, ck)


class StateCase(Case):
    """A query with state over events: files of three events each, seven seconds apart, of which the last one is met
    twice; from the fifth file on also one that is much too late (a batch knows the watermark before the last one,
    and each crash may join two files in a batch); the last file ends every window before it. As with Spark, a batch without data is not
    made up for after a restart: one more file is there by then."""

    def __init__(self, name, operator, sink, files, maintained=False, **more):
        super().__init__(name, sink, files, **more)
        self.operator, self.side = operator, maintained
        self.conf = {"spark.sql.shuffle.partitions": 2}
        if maintained:
            self.conf.update({"spark.sql.streaming.stateStore.maintenanceInterval": "5ms",
                              "spark.sql.streaming.stateStore.minDeltasForSnapshot": 3,
                              "spark.sql.streaming.minBatchesToRetain": 3})

    def events(self, i):
        """[(id, key, seconds)] of a file."""
        if i >= self.files - 1:
            return [(i * 10, 0, 10_000 * (i + 2 - self.files))]
        out = [(i * 10 + r, r % 2, i * 7 + r * 2) for r in range(3)]
        return out + [out[-1]] + ([(i * 10 + 9, 0, -1000)] if i >= 4 else [])

    def land(self, root, first, last):
        folder = os.path.join(root, "in")
        os.makedirs(folder, exist_ok=True)
        for i in range(first, last):
            path = os.path.join(folder, f"f{i:03}.json")
            with open(path, "w") as f:
                for id, k, t in self.events(i):
                    f.write(json.dumps({"id": id, "k": k, "ts": f"@{START + t}"}) + "\n")
            os.utime(path, (START + i,) * 2)

    def finish(self, root):
        self.land(root, self.files, self.files + 1)

    def query(self, root):
        src, out, ck = (os.path.join(root, d) for d in ("in", "out", "ck"))
        rows = reading("json", {"maxFilesPerTrigger": "1"}, src, "id BIGINT, k BIGINT, ts STRING")
        rows = projected(rows, "id", "k", "timestamp_seconds(CAST(substr(ts, 2) AS BIGINT)) AS ts")
        rows = with_watermark(rows, "ts", "5 seconds")
        if self.operator == "dedup":
            rows = projected(deduplicated(rows, ["id", "ts"], False), "CAST(id AS STRING) AS id")
        elif self.operator == "dedup within":
            rows = projected(deduplicated(rows, ["id"], True), "CAST(id AS STRING) AS id")
        else:
            window = {"window": "window(ts, '10 seconds')", "session": "session_window(ts, '3 seconds')"}[self.operator]
            rows = grouped(rows, [window + " AS w", "k"], ["count(1) AS n", "max(id) AS top"])
            rows = projected(rows, "concat_ws('/', unix_timestamp(w.start), unix_timestamp(w.end), k, n, top) AS id")
        return writing(rows, self.sink, out, ck)

    def expected(self):
        rows = [e for i in range(self.files + 1) for e in self.events(i) if e[2] >= 0]
        if self.operator.startswith("dedup"):
            return collections.Counter(str(id) for id in {r[0] for r in rows})
        rows = [r for r in rows if r[2] < 20_000]  # the window of the last file stays open
        groups = tumbling(rows) if self.operator == "window" else sessions(rows)
        return collections.Counter(f"{START + a}/{START + b}/{k}/{len(ids)}/{max(ids)}" for (a, b, k), ids in groups.items())


def tumbling(rows):
    out = collections.defaultdict(list)
    for id, k, t in rows:
        start = (START + t) // 10 * 10 - START
        out[start, start + 10, k].append(id)
    return out


def sessions(rows):
    out = {}
    for key in {r[1] for r in rows}:
        start = end = None
        for id, _, t in sorted((r for r in rows if r[1] == key), key=lambda r: r[2]):
            if start is None or t > end:  # a session that ends where an event begins takes it in
                start, ids = t, []
            else:
                ids = out.pop((start, end, key))
            end = t + 3
            out[start, end, key] = ids + [id]
    return out


def log_lines(path):
    with open(path) as f:
        text = f.read()
    return [json.loads(line) for line in text.splitlines() if line and not line.startswith("v1")]


def delta_files(out):
    log, live = os.path.join(out, "_delta_log"), {}
    names = sorted(n for n in (os.listdir(log) if os.path.isdir(log) else []) if n.endswith(".json") and n[0] == "0")
    assert [int(n[:20]) for n in names] == list(range(len(names))), names
    for name in names:
        for action in log_lines(os.path.join(log, name)):
            if "add" in action:
                assert action["add"]["path"] not in live
                live[action["add"]["path"]] = action["add"]["size"]
    for p, size in live.items():
        path = os.path.join(out, urllib.parse.unquote(p))
        assert os.path.getsize(path) == size, path
        yield path


def sink_files(out):
    log = os.path.join(out, "_spark_metadata")
    names = [n for n in (os.listdir(log) if os.path.isdir(log) else []) if n[0].isdigit()]
    compact = max((int(n.split(".")[0]) for n in names if n.endswith(".compact")), default=-1)
    plain = sorted(int(n) for n in names if n.isdigit() and int(n) > compact)
    assert plain == list(range(compact + 1, compact + 1 + len(plain))), names
    entries = ([f"{compact}.compact"] if compact >= 0 else []) + [str(n) for n in plain]
    for name in entries:
        for f in log_lines(os.path.join(log, name)):
            path = urllib.parse.unquote(f["path"][7:])
            assert os.path.getsize(path) == f["size"], path
            yield path


CASES = [
    Case("cloudFiles to delta", "delta", 4),
    Case("cloudFiles to delta, continued", "delta", 4, before=2),
    Case("cloudFiles to delta, after a kill", "delta", 4, before=1, cut=60),
    Case("json to parquet", "parquet", 4),
    Case("json to parquet, compacting", "parquet", 11, before=8),
    Case("json to parquet, after a kill", "parquet", 4, before=1, cut=60),
    FunctionCase("foreachBatch to delta", "delta", 4),
    FunctionCase("foreachBatch to delta, after a kill", "delta", 4, before=1, cut=50),
    StateCase("windows to delta", "window", "delta", 6),
    StateCase("windows to parquet, snapshots", "window", "parquet", 12, before=6, maintained=True),
    StateCase("windows to parquet, after a kill", "window", "parquet", 6, before=2, cut=70),
    StateCase("sessions to parquet", "session", "parquet", 6, before=1),
    StateCase("dedup to parquet", "dedup", "parquet", 6, before=1),
    StateCase("dedup within watermark to delta", "dedup within", "delta", 6, before=1),
]
