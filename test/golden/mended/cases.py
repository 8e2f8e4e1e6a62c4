"""Checkpoints that weir rolled back or repaired, for Apache Spark and weir to go on with. After a rollback one batch reads
several files: no aggregates whose result depends on the order in which their parts are merged."""
import os
import pathlib
import re
import shutil
import subprocess
import sys

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "checkpoint"
sys.path.insert(0, str(GOLDEN))
from queries import MTIME0_S  # noqa: E402


def lose_commit(ck, last):
    (ck / "commits" / str(last)).write_bytes(b"")


def lose_state(ck, last):
    (ck / f"state/0/0/{last + 1}.delta").write_bytes(b"LZ4Block")


def break_chain(ck, last):
    (ck / f"state/0/0/{last}.delta").unlink()


# name: (golden case, damage or None, command)
CASES = {f"{case} to {to}": (case, damage, ["rollback", "--to", str(to)]) for case, damage, to in (
    ("agg_update_hdfs", None, 0), ("agg_update_hdfs", break_chain, 1), ("session_append_hdfs", None, 0), ("dedup_hdfs", None, 0),
    ("dedupwm_hdfs", None, 1), ("agg_update_hdfs_f1", None, 1), ("agg_update_hdfs_rowck", None, 1),
    ("agg_append_hdfs_zstd", None, 1), ("agg_update_global_hdfs", None, 1),
    ("limit_hdfs", None, 0), ("agg_append_hdfs_long", None, 10))}
CASES.update({f"{case} repaired": (case, damage, ["repair"]) for case, damage in (
    ("agg_update_hdfs", lose_commit), ("session_append_hdfs", lose_state), ("dedupwm_hdfs", lose_state), ("dedup_hdfs", lose_commit))})


def inputs(folder, work):
    for p in sorted(folder.glob("in*/f*.json")):
        to = work / p.parent.name / p.name
        to.parent.mkdir(exist_ok=True)
        shutil.copy(p, to)
        mtime = MTIME0_S + int(re.search(r"f(\d+)", p.name).group(1))
        os.utime(to, (mtime, mtime))


def prepare(name, work, weir):
    """The mended checkpoint in work/ck, and its inputs."""
    case, damage, (what, *args) = CASES[name]
    work.mkdir(parents=True)
    ck = work / "ck"
    shutil.copytree(GOLDEN / case / "checkpoint", ck)
    for p in (ck / "sources").glob("*/*"):
        p.write_text(p.read_text().replace(f"/tmp/weir-golden/{case}/", f"{work}/"))
    inputs(GOLDEN / case / "input_before", work)
    inputs(GOLDEN / case / "input_next", work)
    last = max(int(p.name) for p in (ck / "commits").iterdir() if p.name.isdigit())
    if damage:
        damage(ck, last)
    subprocess.run([weir, "checkpoint", what, ck, *args, "--apply"], check=True, stdout=subprocess.DEVNULL)
    return case
