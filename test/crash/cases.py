"""The pipelines that are broken on purpose, and an independent look at what they left."""
import collections
import json
import os
import urllib.parse

import pyarrow.parquet as pq

from engine import stream

START = 1_700_000_000


class Case:
    """files: in all; before: ingested by an earlier run that ended well; cut: an earlier run was killed at this
    operation of its last batches (0: not)."""

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

    def query(self, root):
        src, out, ck = (os.path.join(root, d) for d in ("in", "out", "ck"))
        if self.sink == "delta":
            return stream("cloudFiles", {"cloudFiles.format": "json", "cloudFiles.maxFilesPerTrigger": "1",
                                         "cloudFiles.schemaLocation": os.path.join(root, "schema")},
                          src, "delta", out, ck)
        return stream("json", {"maxFilesPerTrigger": "1"}, src, "parquet", out, ck, "id BIGINT, name STRING")

    def expected(self):
        return collections.Counter(str(i * 10 + r) for i in range(self.files) for r in range(3))

    def visible(self, root):
        """What a reader that follows the table's log sees: ids with how often."""
        out, ids = os.path.join(root, "out"), collections.Counter()
        for path in (delta_files if self.sink == "delta" else sink_files)(out):
            ids.update(str(v) for v in pq.ParquetFile(path).read(["id"])["id"].to_pylist())
        return ids


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
]
