"""weir checkpoint inspect, rollback and repair, over Spark's checkpoints and damage done to them: what it says, and that the
query goes on with Spark's rows afterwards."""
import json
import os
import shutil
import subprocess

import as_spark
import pytest
from checkpoints import CASES, GOLDEN, edit_offsets, expected, merge_to_snapshot, newest, place, records, resume, write
from conftest import BIN
from proof import Break
from hazards import MUTATIONS
from test_hazards import SPARK

AGG, LONG = "agg_update_hdfs", "agg_append_hdfs_long"


def weir(*args, code=0, env=None):
    p = subprocess.run([BIN, "checkpoint", *map(str, args)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                       env=dict(os.environ, **(env or {})))
    assert p.returncode == code, (p.returncode, p.stdout, p.stderr)
    return p.stdout if code == 0 or p.stdout else p.stderr


def inspect(ck, code=0):
    return json.loads(weir("inspect", ck, "--json", code=code))


def plan(what, ck, *args):
    return json.loads(weir(what, ck, *args, "--json"))


def found(report, path):
    return [f for f in report["findings"] if f["path"] == path]


def tree(ck):
    return {str(p.relative_to(ck)): p.read_bytes() for p in ck.rglob("*")
            if p.is_file() and ".weir" not in str(p.relative_to(ck))}


def rows_after(case, batch):
    return {n: r for n, r in expected(case).items() if n > batch}


# ---- inspect ----

@pytest.mark.parametrize("case", sorted(CASES))
def test_inspect_agrees_with_spark(case):
    """Numbers that Spark wrote or that its reader of state gave."""
    ck = GOLDEN / "checkpoint" / case / "checkpoint"
    before = tree(ck)
    r = inspect(ck)
    assert r["id"] == json.loads((ck / "metadata").read_text())["id"]
    assert r["planned"] == sorted(int(p.name) for p in (ck / "offsets").iterdir() if p.name.isdigit())
    assert r["committed"] == sorted(int(p.name) for p in (ck / "commits").iterdir() if p.name.isdigit())
    assert r["next"]["starts"] and r["next"]["again"] == (r["planned"][-1] != r["committed"][-1])
    assert [f for f in r["findings"] if f["grade"] != "harmless"] == []
    spark = json.loads((GOLDEN / "statestore" / "spark.json").read_text())["outcomes"]
    if case + "/newest" in spark:
        (state,) = r["state"]
        assert state["rows"] == len(spark[case + "/newest"]["rows"])
        fields = spark[case + "/newest"]["schema"]["fields"]
        assert [state["key"], state["value"]] == [fields[0]["type"], fields[1]["type"]]
        name = json.loads(spark[case + "/metadata"]["rows"][0])
        assert (state["operatorId"], state["operatorName"]) == (name["operatorId"], name["operatorName"])
    assert "next start" in weir("inspect", ck)
    assert tree(ck) == before and not (ck / ".weir.lock").exists()


def test_inspect_of_joins_counts_every_store():
    ck = GOLDEN / "statestore" / "join_left_hdfs" / "checkpoint"
    spark = json.loads((GOLDEN / "statestore" / "spark.json").read_text())["outcomes"]
    stores = inspect(ck)["state"]
    assert [s["storeName"] for s in stores] == [f"{a}-{b}" for a in ("left", "right") for b in ("keyToNumValues", "keyWithIndexToValue")]
    for s in stores:
        assert s["rows"] == len(spark["join_left_hdfs/" + s["storeName"]]["rows"])


@pytest.mark.parametrize("name", [n for n, o in SPARK.items() if o["outcome"] == "resumed"])
def test_what_spark_tolerates_is_not_damage(tmp_path, name):
    """inspect says that the next start goes on, and repair leaves alone what a start reads."""
    ck = place(SPARK[name]["case"], tmp_path / "w")
    MUTATIONS[name](ck)
    before = tree(ck)
    r = inspect(ck)
    assert r["next"]["starts"], r["findings"]
    removed = plan("repair", ck, "--apply")["remove"]
    assert all("/." in p for p in removed), removed  # temporary files, checksums
    after = tree(ck)
    assert {p: b for p, b in before.items() if p not in removed and "/." not in p} == {p: b for p, b in after.items() if "/." not in p}


DAMAGED = {n for n, o in SPARK.items() if o["outcome"] == "refused"} - {
    "schema_type_differs", "operatorName_differs", "conf_empty", "conf_aggregation_stateFormatVersion_missing",
    "conf_no_shuffle_partitions_session_7"}  # these only the query's start can know


@pytest.mark.parametrize("name", sorted(DAMAGED))
def test_what_spark_refuses_is_damage(tmp_path, name):
    ck = place(SPARK[name]["case"], tmp_path / "w")
    MUTATIONS[name](ck)
    if name == "conf_rocksdb_provider_on_hdfs_ckpt":
        assert not inspect(ck)["state"][0]["understood"]
        assert "RocksDB" in weir("rollback", ck, "--to", "1", code=1)
        return
    r = inspect(ck, code=1)
    assert not r["next"]["starts"]
    for f in r["findings"]:
        assert f["grade"] == "harmless" or (f["what"] and f["todo"])
    before = tree(ck)
    assert "cannot be repaired" in weir("repair", ck, "--apply", code=1)  # none of these can be, without a copy
    assert tree(ck) == before
    assert not list(ck.glob(".weir-removed*"))


def test_command_line():
    assert "weir checkpoint repair DIR" in subprocess.run([BIN, "--help"], stdout=subprocess.PIPE, text=True).stdout
    for args in (["look", "x"], ["inspect"], ["rollback", "x"], ["rollback", "x", "--to", "y"], ["rollback", "x", "--to"],
                 ["inspect", "x", "--apply"], ["repair", "x", "--to", "1"], ["repair", "x", "y"], ["repair", "x", "--force"],
                 ["repair", "x", "--sink"]):
        assert "weir checkpoint: " in weir(*args, code=2), args
    assert "holds no checkpoint" in weir("inspect", "/tmp/no-such-folder-here", code=1)


# ---- repair ----

def repaired(spark, tmp_path, case, damage, removes, *options, batch=None):
    """Damage, repair, and the rows that follow; a dry run changes nothing."""
    work = tmp_path / "w"
    ck = place(case, work)
    damage(ck)
    before = tree(ck)
    assert not inspect(ck, code=1)["next"]["starts"]
    dry = plan("repair", ck, *options)
    assert sorted(dry["remove"]) == sorted(removes) and not dry["applied"] and tree(ck) == before
    assert "--apply" in weir("repair", ck, *options)
    done = plan("repair", ck, "--apply", *options)
    assert done["applied"] and done["remove"] == dry["remove"] and done["next"]["starts"]
    kept = tree(ck / done["kept"]) if done["kept"] else {}
    for p in removes:
        assert kept[p] == before[p]
    assert {**tree(ck), **kept} == before
    assert inspect(ck)["next"] == done["next"]
    assert "nothing to do" in weir("repair", ck, "--apply", *options)
    last = newest(ck, "commits") if batch is None else batch
    assert resume(spark, case, work, "repaired") == rows_after(case, last)
    return done


@pytest.mark.parametrize("text", ["", "v1", "v1\n", 'v1\n{"nextBatchWater', "\0" * 30, 'v1\n{"next\0\0\0\0'], ids=str)
def test_torn_commit_goes_and_its_batch_runs_again(spark, tmp_path, text):
    done = repaired(spark, tmp_path, AGG, lambda ck: (ck / "commits/3").write_text(text), ["commits/3"])
    assert done["next"]["again"] and done["next"]["batch"] == 3
    assert any("Batch 3 runs again" in s for s in done["consequences"]) and any("second time" in s for s in done["consequences"])


@pytest.mark.parametrize("text", ["garbage", "v9\n{}", "v1\n[]", "v1\n{}}"])
def test_commit_that_is_not_torn_is_refused(tmp_path, text):
    ck = place(AGG, tmp_path / "w")
    (ck / "commits/3").write_text(text)
    assert "commits/3" in weir("repair", ck, "--apply", code=1)
    assert (ck / "commits/3").read_text() == text


def test_commit_without_offsets_is_refused_and_rollback_helps(spark, tmp_path):
    work = tmp_path / "w"
    ck = place(AGG, work)
    (ck / "offsets/3").unlink()
    said = weir("repair", ck, "--apply", code=1)
    assert "offsets/3" in said and "rollback --to 2" in said
    done = plan("rollback", ck, "--to", "2", "--apply")
    assert "commits/3" in done["remove"] and done["next"]["batch"] == 3
    # SPARK: new data comes before the batch without data, see hazards: the cut of uncommitted_data_batch_*
    assert resume(spark, AGG, work, "back") == rows_after("agg_update_hdfs_midbatch", 2)


def test_torn_commit_without_offsets_goes(spark, tmp_path):
    def damage(ck):
        (ck / "commits/4").write_bytes(b"")

    repaired(spark, tmp_path, AGG, damage, ["commits/4"], batch=3)


@pytest.mark.parametrize("text", ["", 'v1\n{"batchWatermarkMs":1', "\0\0\0", None], ids=str)
def test_torn_offsets_go_when_the_sink_has_no_such_batch(spark, tmp_path, text):
    def damage(ck):
        p = ck / "offsets/4"
        whole = (ck / "offsets/3").read_text()
        p.write_text(whole.rsplit("\n", 1)[0] if text is None else text)  # None: the line of the source is lost

    repaired(spark, tmp_path, AGG, damage, ["offsets/4"], "--sink", "none")


def test_torn_offsets_need_the_sink(tmp_path):
    ck = place("agg_append_parquet_hdfs", tmp_path / "w")
    sink = GOLDEN / "checkpoint" / "agg_append_parquet_hdfs" / "output_before"
    last = newest(ck)
    (ck / f"offsets/{last + 1}").write_bytes(b"")
    assert "--sink" in weir("repair", ck, "--apply", code=1)
    assert "neither a Delta table" in weir("repair", ck, "--sink", tmp_path, code=1)
    assert plan("repair", ck, "--sink", sink)["remove"] == [f"offsets/{last + 1}"]
    has = tmp_path / "out"
    shutil.copytree(sink, has)
    shutil.copy(has / "_spark_metadata" / str(last), has / "_spark_metadata" / str(last + 1))
    assert f"the sink has batch {last + 1}" in weir("repair", ck, "--apply", "--sink", has, code=1)


def test_delta_sink_says_what_it_has(spark, tmp_path):
    src, ck, out = (tmp_path / n for n in ("src", "ck", "out"))
    src.mkdir()
    for n in range(3):
        (src / f"{n}.json").write_text('{"a": %d}\n' % n)
    df = spark.readStream.schema("a INT").option("maxFilesPerTrigger", 1).json(str(src))
    q = df.writeStream.format("delta").option("checkpointLocation", str(ck)).trigger(availableNow=True).start(str(out))
    assert q.awaitTermination(60) and not q.exception()
    (ck / "offsets/3").write_bytes(b"")
    assert plan("repair", ck, "--sink", out)["remove"] == ["offsets/3"]
    (ck / "offsets/3").unlink()
    said = plan("rollback", ck, "--to", "1", "--sink", out)["consequences"]
    assert any("batches 2 to 2 run again and will NOT be written again" in s for s in said)
    assert any("the rows that were not written then are lost" in s for s in said)
    plan("rollback", ck, "--to", "1", "--sink", out, "--apply")
    q = df.writeStream.format("delta").option("checkpointLocation", str(ck)).trigger(availableNow=True).start(str(out))
    assert q.awaitTermination(60) and not q.exception()
    assert sorted(r.a for r in spark.read.format("delta").load(str(out)).collect()) == [0, 1, 2]  # skipped, as said


def test_newest_state_is_made_again(spark, tmp_path):
    def damage(ck):
        (ck / "state/0/1/4.delta").write_bytes(b"LZ4Block")
        (ck / "state/0/0/4.delta").write_bytes(b"")

    repaired(spark, tmp_path, AGG, damage, ["commits/3"])


def test_missing_newest_state_is_made_again(spark, tmp_path):
    repaired(spark, tmp_path, AGG, lambda ck: (ck / "state/0/1/4.delta").unlink(), ["commits/3"])


def test_damaged_snapshot_goes_when_deltas_say_the_same(spark, tmp_path):
    def damage(ck):
        for part in ck.glob("state/0/[0-9]*"):
            write(part / "3.snapshot", [])
            b = (part / "3.snapshot").read_bytes()
            (part / "3.snapshot").write_bytes(b[:20])

    repaired(spark, tmp_path, AGG, damage, ["state/0/0/3.snapshot", "state/0/1/3.snapshot"])


def test_damaged_delta_below_a_snapshot_is_harmless(spark, tmp_path):
    work = tmp_path / "w"
    ck = place(LONG, work)
    part = ck / "state/0/0"
    base = max(int(p.stem) for p in part.glob("*.snapshot"))
    bad = part / f"{base}.delta"
    bad.write_bytes(b"x")
    assert inspect(ck)["next"]["starts"]
    assert plan("repair", ck, "--apply")["remove"] == [f"state/0/0/{base}.delta"]
    assert resume(spark, LONG, work, "covered") == rows_after(LONG, newest(GOLDEN / "checkpoint" / LONG / "checkpoint", "commits"))


def test_broken_chain_names_the_file_and_the_way_back(tmp_path):
    ck = place(AGG, tmp_path / "w")
    (ck / "state/0/1/3.delta").write_bytes(b"garbage")
    r = inspect(ck, code=1)
    (f,) = found(r, "state/0/1/3.delta")
    assert f["grade"] == "restore" and r["rollback"] == [0, 1]
    assert "state/0/1/3.delta" in weir("repair", ck, code=1)


def test_source_entry_of_no_batch_goes(spark, tmp_path):
    repaired(spark, tmp_path, AGG, lambda ck: (ck / "sources/0/3").write_text('v1\n{"path":"file:///'), ["sources/0/3"])


@pytest.mark.parametrize("entry", ["0", "2"])
def test_source_entry_that_a_batch_took_is_needed(tmp_path, entry):
    ck = place(AGG, tmp_path / "w")
    (ck / "sources/0" / entry).write_bytes(b"")
    assert f"sources/0/{entry}" in weir("repair", ck, "--apply", code=1)


@pytest.mark.parametrize("path", ["state/0/0/_metadata/schema", "state/0/_metadata/metadata"])
def test_torn_schema_and_operator_metadata_go(spark, tmp_path, path):
    repaired(spark, tmp_path, AGG, lambda ck: (ck / path).write_bytes((ck / path).read_bytes()[:20]), [path])


def test_query_id_is_never_made_up(tmp_path):
    ck = place(AGG, tmp_path / "w")
    for data in (None, b"", b"\0" * 45, b'{"id":"dd'):
        (ck / "metadata").unlink() if data is None else (ck / "metadata").write_bytes(data)
        assert "metadata" in weir("repair", ck, "--apply", code=1)
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    (fresh / "metadata").write_bytes(b"")
    done = plan("repair", fresh, "--apply")
    assert done["remove"] == ["metadata"] and done["next"]["starts"] and done["next"]["batch"] == 0


def test_several_damages_at_once(spark, tmp_path):
    def damage(ck):
        (ck / "commits/3").write_bytes(b"")
        (ck / "offsets/.9.x.tmp").write_bytes(b"half")
        (ck / "state/0/0/.5.delta.x.tmp").write_bytes(b"half")
        (ck / "state/0/0/_metadata/schema").write_bytes(b"")
        shutil.copy(ck / "state/0/0/4.delta", ck / "state/0/0/5.delta")

    repaired(spark, tmp_path, AGG, damage, ["commits/3", "offsets/.9.x.tmp", "state/0/0/.5.delta.x.tmp", "state/0/0/_metadata/schema"])


# ---- rollback ----

mended = as_spark.module(GOLDEN / "mended" / "cases.py")
MENDED = json.loads((GOLDEN / "mended" / "spark.json").read_text())["rows"]


@pytest.mark.parametrize("name", list(mended.CASES))
def test_query_goes_on_as_on_spark(spark, tmp_path, name):
    """The rows, batch by batch, that Spark 4.3 gave from the same rolled back or repaired checkpoint."""
    work = tmp_path / "w"
    case = mended.prepare(name, work, BIN)
    ck = work / "ck"
    if " to " in name:
        to = int(name.rsplit(" ", 1)[1])
        assert newest(ck) == newest(ck, "commits") == to
        for p in ck.glob("state/*/*/*.[ds]*"):
            assert int(p.name.split(".")[0]) <= to + 1
    got = resume(spark, case, work, "mended")
    assert {str(n): r for n, r in got.items()} == MENDED[name]


def test_rollback_leaves_no_snapshot_of_the_future(spark, tmp_path):
    work = tmp_path / "w"
    ck = place(AGG, work)
    for part in ck.glob("state/0/[0-9]*"):
        rows = {k: v for n in (1, 2, 3) for k, v in records(part / f"{n}.delta")}
        write(part / "3.snapshot", [(k, v) for k, v in rows.items() if v is not None])
    done = plan("rollback", ck, "--to", "1")
    assert done["remove"][:2] == ["state/0/0/3.snapshot", "state/0/1/3.snapshot"]
    plan("rollback", ck, "--to", "1", "--apply")
    assert not list(ck.glob("state/0/*/*.snapshot"))


def test_rollback_says_what_follows(tmp_path):
    ck = place(AGG, tmp_path / "w")
    before = tree(ck)
    said = weir("rollback", ck, "--to", "0")
    assert "entries 1 to 2 at once" in said and "would NOT be written again" in said and "--apply" in said
    assert tree(ck) == before
    assert "nothing to do" in weir("rollback", ck, "--to", "3")
    for to in (4, 77):
        assert "not committed" in weir("rollback", ck, "--to", to, code=1)
    shutil.copytree(GOLDEN / "checkpoint" / LONG / "checkpoint", tmp_path / "long")
    said = weir("rollback", tmp_path / "long", "--to", "9", code=1)
    assert "offsets/8 is no longer kept" in said and "10, 11, 12, 13" in said


def test_rollback_cannot_cross_a_broken_chain(tmp_path):
    ck = place(AGG, tmp_path / "w")
    (ck / "state/0/1/3.delta").write_bytes(b"garbage")
    assert "a snapshot or delta is missing or damaged" in weir("rollback", ck, "--to", "2", code=1)
    assert plan("rollback", ck, "--to", "1")["next"]["starts"]


def broken_rollback(tmp_path, what, least):
    """(checkpoint, operation, standard error, exit code) of a rollback that was broken, for each of its operations."""
    for at in range(1, 1000):
        ck = place(AGG, tmp_path / f"{what}{at}")
        broken = Break(str(tmp_path), at, what)
        p = subprocess.run([BIN, "checkpoint", "rollback", ck, "--to", "1", "--apply"], stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, text=True, env=dict(os.environ, **broken.env))
        if p.returncode == 0:
            assert not broken.faults() and not broken.reached() and at > least
            return
        yield ck, broken.killed(p.returncode) if what == "KILL" else broken.fault(), p.stderr, p.returncode
    pytest.fail("it never ended")


def test_rollback_killed_anywhere_is_finished_by_another(spark, tmp_path):
    """At every file operation: what is left starts, or is refused by name, and the same command completes it."""
    ref = tmp_path / "ref"
    place(AGG, ref)
    plan("rollback", ref / "ck", "--to", "1", "--apply")
    want = {p: b for p, b in tree(ref / "ck").items() if "sources" not in p}
    for ck, fault, _, _ in broken_rollback(tmp_path, "KILL", 100):
        r = inspect(ck)  # exits with 0: it starts
        assert r["next"]["starts"]
        plan("rollback", ck, "--to", "1", "--apply")
        got = tree(ck)
        assert {p: b for p, b in got.items() if "sources" not in p} == want and got.keys() >= {p for p in want}, fault


def test_failing_disk_is_named_and_is_no_damage(tmp_path):
    """At every file operation, reads too: the command fails with it, and what is left starts."""
    for ck, fault, said, code in broken_rollback(tmp_path, "EIO", 100):
        assert code == 1 and "FAILED_FILE_OPERATION" in said, (fault, said)
        assert inspect(ck)["next"]["starts"]


# ---- a query that runs ----

def test_running_query_is_looked_at_and_left_alone(spark, tmp_path):
    ck = tmp_path / "ck"
    q = (spark.readStream.format("rate").option("rowsPerSecond", 5).load().writeStream.format("noop")
         .option("checkpointLocation", str(ck)).trigger(processingTime="100 milliseconds").start())
    try:
        while not q.lastProgress:
            q.processAllAvailable()
        r = inspect(ck)
        assert r["running"] and r["runId"] == str(q.runId) and r["id"] == str(q.id)
        assert r["sources"][0]["kind"] == "rate"
        for args in (["repair", ck], ["repair", ck, "--apply"], ["rollback", ck, "--to", "0", "--apply"]):
            assert "Stop it first" in weir(*args, code=1)
        for _ in range(50):
            inspect(ck)
        assert q.isActive and not q.exception()
    finally:
        q.stop()
    assert not inspect(ck)["running"]


def test_no_query_starts_while_a_repair_holds_the_folder(spark, tmp_path):
    import fcntl

    ck = place(AGG, tmp_path / "w")
    with open(ck / ".weir.lock", "w") as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        f.write("weir checkpoint")
        f.flush()
        assert "Stop it first" in weir("repair", ck, "--apply", code=1)
        with pytest.raises(Exception, match="CONCURRENT"):
            resume(spark, AGG, tmp_path / "w", "held")


@pytest.mark.parametrize("name", ["merge", "conf"])
def test_checkpoint_of_a_snapshot_alone(tmp_path, name):
    ck = place(AGG, tmp_path / "w")
    if name == "merge":
        for part in ck.glob("state/0/[0-9]*"):
            merge_to_snapshot(part, 4)
        r = inspect(ck)
        assert r["state"][0]["rows"] == 2 and r["rollback"] == []
    else:
        edit_offsets(ck, lambda m: m["conf"].update({"spark.sql.streaming.stateStore.compression.codec": "zstd"}))
        r = inspect(ck, code=1)
        assert any(f["path"] == "state/0/0/1.delta" for f in r["findings"])
