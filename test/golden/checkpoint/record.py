"""Records the cases of queries.py, each into its folder: what Spark left behind, and the rows that it gave next.

  python test/golden/checkpoint/record.py [--check] CASE ...      with a Python that has pyspark 4.3 and a JVM

A case that has a folder keeps its input, a new one takes that of agg_complete_objbuf_hdfs; the checkpoint is the one after
input_before. --check records beside, and holds what is here against it: the rows; files, logs and schemas of the
checkpoint but for ids and times; the state, read by Spark's own source."""
import json
import os
import pathlib
import re
import shutil
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import queries  # noqa: E402

INPUT = HERE / "agg_complete_objbuf_hdfs"
FIXED = pathlib.Path("/tmp/weir-golden")  # the logs name files below it
DRAWN = [(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "ID"), (r'"(batchTimestampMs|modificationTime)":\d+', r'"\1":0'),
         (r'"size":\d+', '"size":0'), (r'(join.stateFormatVersion":)"\d"', r'\1"2"')]  # the last: of no query here


def land(share, work):
    for path in sorted((share / "in0").iterdir()):
        to = work / "in0" / path.name
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, to)
        os.utime(to, (queries.MTIME0_S + int(path.stem[1:]),) * 2)


def write(path, rows):
    path.write_text("".join(t + "\n" for t in rows), encoding="utf-8")


def run(spark, case, work, out, broken_at=None):
    """broken_at: the batch in which the query fails."""
    def each(df, n):
        if n == broken_at:
            raise RuntimeError("broken on purpose")
        write(out / f"batch-{n:05d}.jsonl", queries.texts(df.collect()))

    w = queries.stream(spark, case, work)
    q = w.format("parquet").option("path", f"{work}/out").start() if "parquet" in case else w.foreachBatch(each).start()
    try:
        assert q.awaitTermination(600), "the query does not end"
        assert broken_at is None
    except Exception as e:
        if broken_at is None or "broken on purpose" not in str(e):
            raise
    finally:
        q.stop()


def record(spark, case, to):
    source = HERE / case if (HERE / case).exists() else INPUT
    # a query that is broken in the middle is another one until then
    work, out = FIXED / case.replace("_midbatch", ""), to / "expected_after"
    shutil.rmtree(work, ignore_errors=True)
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    land(source / "input_before", work)
    run(spark, case, work, out, 2 if "midbatch" in case else None)
    copy(work / "ck", to / "checkpoint")
    if "parquet" in case:
        copy(work / "out", to / "output_before")
    if "midbatch" in case:
        shutil.rmtree(out)
        out.mkdir()
    land(source / "input_next", work)
    run(spark, case, work, out)
    if "parquet" in case:
        shutil.rmtree(out)
        write(to / "expected_after.jsonl", queries.texts(spark.read.parquet(f"{work}/out").collect()))
    for share in ("input_before", "input_next"):
        if source.parent / to.name != source or not (to / share).exists():
            shutil.copytree(source / share, to / share, dirs_exist_ok=True)


def copy(a, b):
    shutil.rmtree(b, ignore_errors=True)
    shutil.copytree(a, b, ignore=shutil.ignore_patterns(".*.crc", "_SUCCESS"))


def plain(path):
    """A log's text without what is drawn anew; None of binary files, whose bytes are compared elsewhere."""
    data = path.read_bytes()
    if "schema" in path.name:
        return data.hex()
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    for pattern, with_ in DRAWN:
        text = re.sub(pattern, with_, text)
    lines = [json.dumps(json.loads(line), sort_keys=True) if line[:1] == "{" else line for line in text.split("\n")]
    return sorted(lines) if "parquet" in text else lines


def tree(folder, timing):
    """timing: which deltas became a snapshot, and which are gone, is a matter of when Spark looked."""
    return {re.sub(DRAWN[0][0], "ID", str(p.relative_to(folder))): plain(p) for p in sorted(folder.rglob("*"))
            if p.is_file() and p.suffix != ".crc" and not (timing and p.suffix in (".delta", ".snapshot"))}


def state(spark, checkpoint, work):
    """Rows of the state after its last batch; Spark's reader wants the checkpoint where it was made."""
    if not (checkpoint / "state").exists():
        return None
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(checkpoint, work / "ck")
    df = spark.read.format("statestore").load(f"{work}/ck").selectExpr("to_json(struct(*), map('ignoreNullFields', 'false'))")
    return sorted(r[0] for r in df.collect())


def rows(folder):
    return {str(p.relative_to(folder)): [queries.text(json.loads(line)) for line in p.read_text().splitlines()]
            for p in folder.rglob("*.jsonl") if "input" not in str(p)}


def differences(spark, case, new):
    old, work = HERE / case, FIXED / case.replace("_midbatch", "")
    a, b = rows(old), rows(new)
    out = [f"{p}: {a.get(p)} and {b.get(p)}" for p in sorted({*a, *b}) if a.get(p) != b.get(p)]
    for what in ("checkpoint", "output_before"):
        a, b = (tree(side / what, case.endswith("_long")) for side in (old, new))
        out += [f"{what}/{p}: {a.get(p, '')} and {b.get(p, '')}" for p in sorted({*a, *b}) if a.get(p, "") != b.get(p, "")]
    return out + ([] if state(spark, old / "checkpoint", work) == state(spark, new / "checkpoint", work) else ["state"])


def main():
    from pyspark.sql import SparkSession

    os.environ["TZ"] = "UTC"
    time.tzset()
    s = (SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").config("spark.sql.session.timeZone", "UTC")
         .config("spark.ui.showConsoleProgress", "false").config("spark.sql.shuffle.partitions", "2").getOrCreate())
    s.sparkContext.setLogLevel("OFF")
    check, cases = "--check" in sys.argv, [a for a in sys.argv[1:] if a[0] != "-"]
    wrong = 0
    for case in cases or (queries.CASES if check else []):
        for k, v in queries.CASES[case][2].items():
            s.conf.set(k, v)
        if check:
            with tempfile.TemporaryDirectory() as folder:
                new = pathlib.Path(folder) / case
                record(s, case, new)
                found = differences(s, case, new)
            wrong += bool(found)
            print(f"{case}: {'same' if not found else ', '.join(found)[:2000]}", flush=True)
        else:
            record(s, case, HERE / case)
        for k in queries.CASES[case][2]:
            s.conf.unset(k)
    (HERE / "version").write_text(f"Apache Spark {s.version}\n")
    s.stop()
    return wrong != 0


if __name__ == "__main__":
    sys.exit(main())
