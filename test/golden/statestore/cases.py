"""Reads of state by the sources statestore and state-metadata, for Apache Spark and weir alike.

A case: the golden checkpoint, what is changed in a copy of it, the format, the options, and what is made of the rows."""
import json
import pathlib
import re
import shutil

HERE = pathlib.Path(__file__).resolve().parent
GOLDEN = HERE.parent / "checkpoint"
LAST = {"agg_append_hdfs": 3, "agg_append_hdfs_long": 14, "agg_append_hdfs_zstd": 3, "agg_complete_buffers_hdfs": 2,
        "agg_complete_objbuf_hdfs": 2, "agg_update_global_hdfs": 2, "agg_update_hdfs": 3, "agg_update_hdfs_big": 1,
        "agg_update_hdfs_f1": 3, "agg_update_hdfs_midbatch": 1, "agg_update_hdfs_olog2": 3, "agg_update_hdfs_rowck": 3,
        "agg_update_types_hdfs": 2, "dedup_hdfs": 3, "dedupwm_hdfs": 3, "limit_hdfs": 2, "session_append_hdfs": 3}
ALL = "to_json(struct(*), map('ignoreNullFields', 'false'))"


def cases():
    def add(name, case, *, format="statestore", change=(), select=ALL, where=None, **options):
        out[name] = dict(case=case, format=format, change=list(change), select=select, where=where, options=options)

    out = {}
    for case, last in LAST.items():
        if case == "agg_update_hdfs_big":
            for n in "01":
                add(f"{case}/{n}", case, batchId=n, select="concat_ws(' ', count(*), sum(value.max), min(key.k), max(key.window.end))")
            continue
        add(f"{case}/newest", case)
        add(f"{case}/first", case, batchId="0")
        add(f"{case}/changes", case, readChangeFeed="true", changeStartBatchId="0")
        add(f"{case}/metadata", case, format="state-metadata")
        add(f"{case}/middle", case, batchId=str(last - 1))
    for case in ("join_inner_hdfs", "join_left_hdfs"):
        add(f"{case}/metadata", case, format="state-metadata")
        for side in ("left", "right"):
            row = f"key.field0, value.{side[0]}id, value.{side[0]}ts, value.{side[0]}k, value.{side[0]}v, partition_id"
            add(f"{case}/{side}", case, joinSide=side, select=f"concat_ws(' ', {row})")
            add(f"{case}/{side}-first", case, joinSide=side, batchId="0", select=f"concat_ws(' ', {row})")
            for store in ("keyToNumValues", "keyWithIndexToValue"):
                add(f"{case}/{side}-{store}", case, storeName=f"{side}-{store}")
        add(f"{case}/default", case)
        add(f"{case}/unknown-store", case, storeName="left-nothing")
        add(f"{case}/changes", case, storeName="left-keyToNumValues", readChangeFeed="true", changeStartBatchId="0")
        add(f"{case}/snapshot", case, joinSide="left", select="value.lid", snapshotStartBatchId="1", snapshotPartitionId="0")
    agg, long = "agg_update_hdfs", "agg_append_hdfs_long"
    for n in range(7, 15):
        add(f"long/batch-{n}", long, batchId=str(n))
        add(f"long/snapshot-{n}", long, snapshotStartBatchId=str(n), snapshotPartitionId="1")
    add("long/changes-8-9", long, readChangeFeed="true", changeStartBatchId="8", changeEndBatchId="9")
    add("long/changes-12", long, readChangeFeed="true", changeStartBatchId="12")
    add("long/changes-1", long, readChangeFeed="true", changeStartBatchId="1", changeEndBatchId="3")
    add("long/snapshot-10-12", long, snapshotStartBatchId="10", snapshotPartitionId="0", batchId="12")
    add("long/snapshot-no-partition", long, snapshotStartBatchId="10", snapshotPartitionId="7")
    # options
    for name, o in {
        "batch-negative": dict(batchId="-1"), "batch-no-number": dict(batchId="x"), "batch-too-new": dict(batchId="100"),
        "batch-empty": dict(batchId=""), "batch-space": dict(batchId=" 1"),
        "operator": dict(operatorId="0", storeName="default"), "operator-unknown": dict(operatorId="5"),
        "operator-negative": dict(operatorId="-1"), "operator-no-number": dict(operatorId="a"),
        "store-unknown": dict(storeName="left-keyToNumValues"), "store-empty": dict(storeName=""), "store-blank": dict(storeName="  "),
        "store-padded": dict(storeName=" default "),
        "join-side": dict(joinSide="left"), "join-side-unknown": dict(joinSide="middle"), "join-side-none": dict(joinSide="none"),
        "join-side-case": dict(joinSide="LEFT"),
        "join-side-and-store": dict(joinSide="right", storeName="x"), "join-side-and-changes": dict(joinSide="left", readChangeFeed="true", changeStartBatchId="0"),
        "changes-without-start": dict(readChangeFeed="true"), "changes-backwards": dict(readChangeFeed="true", changeStartBatchId="2", changeEndBatchId="1"),
        "changes-negative": dict(readChangeFeed="true", changeStartBatchId="-1"), "changes-too-late": dict(readChangeFeed="true", changeStartBatchId="9"),
        "changes-end-too-new": dict(readChangeFeed="true", changeStartBatchId="1", changeEndBatchId="9"),
        "changes-and-batch": dict(readChangeFeed="true", changeStartBatchId="0", batchId="1"),
        "changes-and-snapshot": dict(readChangeFeed="true", changeStartBatchId="0", snapshotStartBatchId="1"),
        "changes-and-partition": dict(readChangeFeed="true", changeStartBatchId="0", snapshotPartitionId="1"),
        "changes-start-alone": dict(changeStartBatchId="0"), "changes-end-alone": dict(changeEndBatchId="0"),
        "changes-no-flag": dict(readChangeFeed="maybe"), "changes-flag-upper": dict(readChangeFeed="TRUE", changeStartBatchId="1"),
        "changes-start-no-number": dict(readChangeFeed="true", changeStartBatchId="x"),
        "snapshot-alone": dict(snapshotStartBatchId="1"), "snapshot-partition-alone": dict(snapshotPartitionId="1"),
        "snapshot-missing": dict(snapshotStartBatchId="1", snapshotPartitionId="1"),
        "snapshot-after-batch": dict(snapshotStartBatchId="3", snapshotPartitionId="1", batchId="2"),
        "snapshot-negative": dict(snapshotStartBatchId="-2", snapshotPartitionId="1"),
        "snapshot-partition-negative": dict(snapshotStartBatchId="1", snapshotPartitionId="-1"),
        "state-var": dict(stateVarName="x"), "state-var-empty": dict(stateVarName=""), "timers": dict(readRegisteredTimers="true"),
        "timers-false": dict(readRegisteredTimers="false"), "timers-no-flag": dict(readRegisteredTimers="x"),
        "timers-and-var": dict(readRegisteredTimers="true", stateVarName="x"),
        "flatten": dict(flattenCollectionTypes="true"), "flatten-not": dict(flattenCollectionTypes="false"),
        "flatten-no-flag": dict(flattenCollectionTypes="x"), "unknown-option": dict(weirOption="1"),
        "join-side-and-var": dict(joinSide="left", stateVarName="x"), "join-side-and-timers": dict(joinSide="left", readRegisteredTimers="true"),
    }.items():
        add(f"option/{name}", agg, **o)
    add("option/no-path", None)
    add("option/no-path-metadata", None, format="state-metadata")
    add("option/no-checkpoint", None, path="/tmp/weir-no-such-checkpoint")
    add("option/no-checkpoint-metadata", None, format="state-metadata", path="/tmp/weir-no-such-checkpoint")
    for n in "0 1 2 3 4 -1 x".split():
        add(f"option/metadata-batch-{n}", agg, format="state-metadata", batchId=n)
    # what is made of the rows
    add("rows/key-only", agg, select="to_json(key)")
    add("rows/part", agg, select="concat_ws(' ', key.k, value.max, partition_id)", where="partition_id = 1")
    add("rows/window", agg, select="concat_ws(' ', key.window.start, key.window.end, value.max)")
    add("rows/count", agg, select="count(*)")
    add("rows/sum", agg, select="sum(value.max)")
    add("rows/changes-count", agg, select="concat(change_type, count(*))", where="group", readChangeFeed="true", changeStartBatchId="0")
    add("rows/metadata-prefix", "session_append_hdfs", format="state-metadata", select="concat_ws(' ', operatorName, _numColsPrefixKey)")
    add("rows/metadata-prefix-agg", agg, format="state-metadata", select="concat_ws(' ', operatorName, _numColsPrefixKey)")
    add("rows/metadata-count", agg, format="state-metadata", select="count(*)")
    # damage
    for name, case, change, options in [
        ("no-commits", agg, [["rm", "commits"]], {}), ("no-offsets", agg, [["rm", "offsets"]], {}), ("no-offset-3", agg, [["rm", "offsets/3"]], {}),
        ("no-commit-3", agg, [["rm", "commits/3"]], {}), ("no-commit-3-batch", agg, [["rm", "commits/3"]], {"batchId": "3"}),
        ("no-schema", agg, [["rm", "state/0/0/_metadata"]], {}), ("no-state", agg, [["rm", "state"]], {}),
        ("no-operator-metadata", agg, [["rm", "state/0/_metadata"]], {}), ("no-metadata", agg, [["rm", "metadata"]], {}),
        ("no-delta", agg, [["rm", "state/0/1/3.delta"]], {}), ("no-delta-earlier", agg, [["rm", "state/0/1/3.delta"]], {"batchId": "1"}),
        ("no-partition-1", agg, [["rm", "state/0/1"]], {}), ("no-partition-0", agg, [["rm", "state/0/0/1.delta"]], {}),
        ("no-partitions", agg, [["rm", "state/0/0"], ["rm", "state/0/1"]], {}),
        ("delta-garbage", agg, [["put", "state/0/1/3.delta", "garbage"]], {}), ("delta-empty", agg, [["put", "state/0/1/3.delta", ""]], {}),
        ("schema-garbage", agg, [["put", "state/0/0/_metadata/schema", "garbage"]], {}),
        ("operator-metadata-garbage", agg, [["put", "state/0/_metadata/metadata", "garbage"]], {}),
        ("offset-garbage", agg, [["put", "offsets/3", "garbage"]], {}), ("offset-empty", agg, [["put", "offsets/3", ""]], {}),
        ("commit-garbage", agg, [["put", "commits/3", "garbage"]], {}), ("commit-empty", agg, [["put", "commits/3", ""]], {}),
        ("no-delta-changes", agg, [["rm", "state/0/1/3.delta"]], {"readChangeFeed": "true", "changeStartBatchId": "0"}),
        ("extra-state-file", agg, [["put", "state/0/1/.9.delta.tmp", "x"], ["put", "state/0/notes", "x"]], {}),
    ]:
        add(f"damage/{name}", case, change=change, **options)
        if "delta" not in name and "partition" not in name:
            add(f"damage/{name}-metadata", case, change=change, format="state-metadata")
    return out


def place(case, to):
    """A copy of the case's checkpoint, changed."""
    shutil.rmtree(to, ignore_errors=True)
    if not case["case"]:
        return
    home = HERE if (HERE / case["case"]).exists() else GOLDEN
    shutil.copytree(home / case["case"] / "checkpoint", to)
    for change in case["change"]:
        p = pathlib.Path(to) / change[1]
        if change[0] == "put":
            p.parent.mkdir(parents=True, exist_ok=True)
            p.write_text(change[2])
        elif p.is_dir():
            shutil.rmtree(p)
        else:
            p.unlink()


def error(e, folder):
    """Class, state and parameters; of one without a class what it says first."""
    name = e.getCondition() if hasattr(e, "getCondition") else None
    if name:
        return {"error": name, "state": e.getSqlState(),
                "parameters": {k: v.replace(str(folder), "DIR") for k, v in e.getMessageParameters().items()}}
    named = re.search(r"\[([A-Z_0-9]{4,}(\.[A-Z_0-9]+)?)\]", str(e))
    if named:
        return {"error": named.group(1)}
    java = re.findall(r"java\.lang\.\w+: (.*)", str(e))
    said = re.sub(r"(Incomplete log file).*", r"\1", (java or [str(e)])[0].split("\n")[0])
    return {"error": None, "says": said.replace("file:", "").replace(str(folder), "DIR")[:300]}


def read(spark, case, folder):
    place(case, folder)
    r = spark.read.format(case["format"])
    for k, v in case["options"].items():
        r = r.option(k, v)
    try:
        df = r.load(str(folder)) if case["case"] else r.load()
        out = {"schema": json.loads(df.schema.json())}
        if case["where"] == "group":
            df = df.groupBy("change_type").count().selectExpr("concat(change_type, ' ', count)")
        else:
            df = (df.where(case["where"]) if case["where"] else df).selectExpr(case["select"])
        out["rows"] = sorted(str(x[0]) for x in df.collect())
        return out
    except Exception as e:  # what it says is the outcome
        return error(e, folder)
