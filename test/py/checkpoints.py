"""Golden checkpoints laid out in a folder of the test's own, and their queries run there; state files taken apart and
written, by code that shares nothing with the engine's."""
import json
import os
import pathlib
import re
import shutil
import struct
import sys

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "golden"
sys.path.insert(0, str(GOLDEN / "checkpoint"))
from queries import CASES, MTIME0_S, stream, text, texts  # noqa: E402

QUERY = {"agg_update_hdfs_midbatch": "agg_update_hdfs"}


def place_inputs(folder, work):
    """File numbers are modification times: git does not keep those."""
    for p in sorted(folder.glob("in*/f*.json")):
        to = work / p.parent.name
        to.mkdir(exist_ok=True)
        shutil.copy(p, to / p.name)
        mtime = MTIME0_S + int(re.search(r"f(\d+)", p.name).group(1))
        os.utime(to / p.name, (mtime, mtime))


def lines(path):
    return sorted(text(json.loads(x)) for x in path.read_text(encoding="utf-8").split("\n") if x)


def place(case, work, then=True):
    """The checkpoint as work/ck, with its inputs and its sink; then: the inputs that come next, too. Logs hold absolute
    paths: those of the folder in which Spark ran become work's."""
    golden = GOLDEN / "checkpoint" / case
    work.mkdir(parents=True, exist_ok=True)
    shutil.copytree(golden / "checkpoint", work / "ck")
    if (golden / "output_before").exists():
        shutil.copytree(golden / "output_before", work / "out")
    for p in [*(work / "ck" / "sources").glob("*/*"), *(work / "out").glob("_spark_metadata/*")]:
        p.write_bytes(p.read_bytes().replace(f"/tmp/weir-golden/{QUERY.get(case, case)}/".encode(), f"{work}/".encode()))
    place_inputs(golden / "input_before", work)
    if then:
        place_inputs(golden / "input_next", work)
    return work / "ck"


def expected(case):
    """{batch: rows} that Spark gave."""
    return {int(p.name[6:11]): lines(p) for p in (GOLDEN / "checkpoint" / case / "expected_after").iterdir()}


def resume(spark, case, work, name, conf=(), again=False):
    """Runs the query of a case to its end: {batch: rows}."""
    settings = dict(CASES[case][2], **dict(conf))
    for k, v in settings.items():
        spark.conf.set(k, v)
    try:
        if not again:
            spark.sql(f"DROP VIEW IF EXISTS {name}")
        q = stream(spark, case, work).format("memory").queryName(name).start()
        assert q.awaitTermination(60)
        if q.exception():
            raise q.exception()
    finally:
        for k in settings:
            spark.conf.unset(k)
    got, rows, at = {}, spark.table(name).collect(), 0
    for p in q.recentProgress:
        n = p.sink.numOutputRows
        got[p.batchId] = texts(rows[at:at + n]) if CASES[case][1] != "complete" else texts(rows)
        at += n
    return got


# ---- state files ----

SEED = 0x9747B28C
P1, P2, P3, P4, P5 = 2654435761, 2246822519, 3266489917, 668265263, 374761393
M = 0xFFFFFFFF


def rotate(v, n):
    return (v << n | v >> (32 - n)) & M


def xxh32(data):
    at, h = 0, (SEED + P5) & M
    if len(data) >= 16:
        v = [(SEED + P1 + P2) & M, (SEED + P2) & M, SEED, (SEED - P1) & M]
        while at + 16 <= len(data):
            for i, word in enumerate(struct.unpack_from("<4I", data, at)):
                v[i] = rotate((v[i] + word * P2) & M, 13) * P1 & M
            at += 16
        h = (rotate(v[0], 1) + rotate(v[1], 7) + rotate(v[2], 12) + rotate(v[3], 18)) & M
    h = (h + len(data)) & M
    while at + 4 <= len(data):
        h = rotate((h + struct.unpack_from("<I", data, at)[0] * P3) & M, 17) * P4 & M
        at += 4
    for byte in data[at:]:
        h = rotate((h + byte * P5) & M, 11) * P1 & M
    h = (h ^ h >> 15) * P2 & M
    h = (h ^ h >> 13) * P3 & M
    return h ^ h >> 16


def lz4_block(data):
    out, at = bytearray(), 0
    while at < len(data):
        token = data[at]
        at += 1

        def length(n):
            nonlocal at
            while n == 15 or (n > 15 and data[at - 1] == 255):
                n += data[at]
                at += 1
                if data[at - 1] != 255:
                    break
            return n

        n = length(token >> 4)
        out += data[at:at + n]
        at += n
        if at >= len(data):
            break
        back = data[at] | data[at + 1] << 8
        at += 2
        for _ in range(length(token & 15) + 4):
            out.append(out[-back])
    return bytes(out)


def unpack(data):
    """The bytes in the container of LZ4BlockOutputStream."""
    out, at = b"", 0
    while at < len(data):
        assert data[at:at + 8] == b"LZ4Block"
        token, packed, plain = struct.unpack_from("<BII", data, at + 8)
        piece = data[at + 21:at + 21 + packed]
        out += lz4_block(piece) if token & 0xF0 == 0x20 else piece
        at += 21 + packed
        if plain == 0:
            break
    return out


def pack(data, mask=0x0FFFFFFF, end=True, high=0):
    """Blocks that are stored as they are."""
    out = b""
    for at in range(0, len(data), 32768):
        piece = data[at:at + 32768]
        out += b"LZ4Block" + struct.pack("<BIII", 0x15, len(piece), len(piece), xxh32(piece) & mask | high) + piece
    return out + (b"LZ4Block" + struct.pack("<BIII", 0x15, 0, 0, 0) if end else b"")


def records(path):
    data, at, out = unpack(pathlib.Path(path).read_bytes()), 0, []
    while True:
        n = struct.unpack_from(">i", data, at)[0]
        if n == -1:
            return out
        key, at = data[at + 4:at + 4 + n], at + 4 + n
        n = struct.unpack_from(">i", data, at)[0]
        out.append((key, data[at + 4:at + 4 + n] if n >= 0 else None))
        at += 4 + max(n, 0)


def payload(rows):
    out = b""
    for key, value in rows:
        out += struct.pack(">i", len(key)) + key
        out += struct.pack(">i", -1) if value is None else struct.pack(">i", len(value)) + value
    return out + struct.pack(">i", -1)


def write(path, rows, **how):
    pathlib.Path(path).write_bytes(pack(payload(rows), **how))


def merge_to_snapshot(part, version):
    """All deltas up to the version become one snapshot, and go."""
    rows = {}
    for v in range(1, version + 1):
        for key, value in records(part / f"{v}.delta"):
            rows.pop(key, None)
            if value is not None:
                rows[key] = value
        (part / f"{v}.delta").unlink()
    write(part / f"{version}.snapshot", rows.items())


# ---- logs ----

def newest(ck, what="offsets"):
    return max(int(p.name) for p in (ck / what).iterdir() if p.name.isdigit())


def edit_offsets(ck, change):
    """change(metadata object) on the newest offsets."""
    p = ck / "offsets" / str(newest(ck))
    parts = p.read_text().split("\n")
    meta = json.loads(parts[1])
    change(meta)
    parts[1] = json.dumps(meta, separators=(",", ":"))
    p.write_text("\n".join(parts))


def keeper(folder):
    """A function that keeps the rows of each batch in a file: the sink of these queries when Spark ran them."""
    def keep(df, batch_id):
        import os
        import pickle
        os.makedirs(folder, exist_ok=True)
        with open(f"{folder}/{batch_id}", "wb") as f:
            pickle.dump(df.collect(), f)
    return keep
