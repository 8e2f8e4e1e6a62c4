"""Tests of the tests: what breaks the engine on purpose, or compares it with Spark, fails when nothing was broken or
compared, and when the engine is as wrong as it can be. The engines are scripts around the real one."""
import os
import re
import subprocess
import sys

import pytest
from conftest import BIN

CRASH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "crash")
JSON_TO_PARQUET = "3"
KILL, FAULT = 'if [ -n "$WEIR_CRASH_AT" ]; then\n%s\nfi', 'if [ -n "$WEIR_FAULT_AT" ]; then\n%s\nfi'
SAYS = "printf 'KILL\\t%s\\tlist\\tx\\t\\n' $WEIR_CRASH_AT > $WEIR_FAULT_PROOF\n"
# after a kill the engine that starts again finds the last file otherwise than it was
RESTART = 'if [ -n "$WEIR_CRASH_AT" ]; then : > {0}/killed\nelif [ -e {0}/killed ]; then rm {0}/killed\n%s\nfi'
LAST, LAND = "in/f003.json", "touch -d @1700000003 in/f003.json"
# name: (what is tried, what the engine does first, what the run says)
ENGINES = {
    "never dies": ("kill", "unset WEIR_CRASH_AT", "done, not broken"),
    "dies without a word": ("kill", "unset WEIR_FAULT_PROOF", "not broken"),
    "says that it died": ("kill", KILL % (SAYS + "unset WEIR_CRASH_AT"), "was not killed"),
    "ends by itself": ("kill", KILL % (SAYS + "exit 3"), "it ended with 3"),
    "dies of another signal": ("kill", KILL % (SAYS + "kill -TERM $$"), "it ended with -15"),
    "dies too late": ("kill", KILL % "export WEIR_CRASH_AT=$((WEIR_CRASH_AT + 1))", "not KILL at 20 but KILL at 21"),
    "dies at another file": ("kill", KILL % (SAYS + "kill -KILL $$"), "operation 20 was ('list', 'x', ''), not"),
    "loses a row": ("kill", RESTART % f"sed -i '$d' {LAST}; {LAND}", "1 rows lost, 0 doubled"),
    "doubles a row": ("kill", RESTART % f"sed -i '$p' {LAST}; {LAND}", "0 rows lost, 1 doubled"),
    "does not start again": ("kill", RESTART % "exit 1", "restart refused"),
    "never fails": ("fault", "unset WEIR_FAULT_AT", "done, not broken"),
    "fails otherwise": ("fault", FAULT % "export WEIR_FAULT_AT=${{WEIR_FAULT_AT%%:*}}:SHORT", "at 20"),
    "dies of a fault": ("fault", FAULT % "export WEIR_CRASH_AT=${{WEIR_FAULT_AT%%:*}}; unset WEIR_FAULT_AT", "the engine ended with -9"),
    "leaves no trace": ("power", "unset WEIR_IO_TRACE", "FileNotFoundError"),
    "is not there": ("kill", "exit 1", "Failed: the engine ended"),
}


def broken_run(tmp_path, does, only, at, patch=""):
    """run.py over an engine that does something first."""
    engine = tmp_path / "engine"
    engine.write_text(f"#!/bin/sh\n{does}\nexec {os.path.abspath(BIN)} \"$@\"\n")
    engine.chmod(0o755)
    script = tmp_path / "script.py"
    script.write_text(f"import sys; sys.path.insert(0, {CRASH!r}); import run\n{patch}\nsys.exit(run.main())\n")
    return subprocess.run([sys.executable, str(script), "--case", JSON_TO_PARQUET, "--only", only, "--at", str(at)],
                          capture_output=True, text=True, timeout=120, env=dict(os.environ, WEIR_BIN=str(engine)))


def last_line(done):
    return re.fullmatch(r"(\d+) passed, (\d+) failed, (\d+) skipped", done.stdout.splitlines()[-1]).groups()


@pytest.mark.parametrize("only, at, points", [("kill", 20, "1"), ("power", 31, "2"), ("fault", 31, "3")])
def test_sound_engine_passes(tmp_path, only, at, points):
    done = broken_run(tmp_path, ":", only, at)
    assert done.returncode == 0 and last_line(done) == (points, "0", "0"), done.stdout + done.stderr


@pytest.mark.parametrize("name", ENGINES)
def test_broken_runs_fail_over_an_engine_that(tmp_path, name):
    only, does, said = ENGINES[name]
    done = broken_run(tmp_path, does.format(tmp_path), only, 20)
    passed, failed, _ = last_line(done)
    assert done.returncode == 1 and passed == "0" and failed != "0" and said in done.stdout, done.stdout + done.stderr


def test_operations_that_are_not_reached_are_no_passes(tmp_path):
    done = broken_run(tmp_path, KILL % "rm in/f003.json", "kill", 165)
    assert done.returncode == 1 and last_line(done) == ("0", "1", "1"), done.stdout + done.stderr
    assert "1 of 1 points were not reached" in done.stdout


# what the harness is told of the run without a fault, and what it must make of that when the power goes
TRACES = {
    "flushes no data": ("lambda t: [(n, 'look' if op == 'sync' and 'part-' in p else op, p, *x) for n, op, p, *x in t]", "AssertionError"),
    "does more than its trace tells": ("lambda t: [(n, 'look' if op == 'write' and 'part-' in p else op, p, *x) for n, op, p, *x in t]",
                                       "which does not tell of"),
    "leaves out a number": ("lambda t: t[:-2] + t[-1:]", "operations are missing"),
}


@pytest.mark.parametrize("name", TRACES)
def test_loss_of_power_is_found_by_an_engine_that(tmp_path, name):
    change, said = TRACES[name]
    patch = f"real, run.read_trace = run.read_trace, lambda p: ({change})(real(p))"
    if name == "leaves out a number":
        patch = "import proof; sorted_ = sorted; proof.sorted = lambda t: " + f"({change})(sorted_(t))"
    done = broken_run(tmp_path, ":", "power", 100, patch)
    assert done.returncode == 1 and last_line(done)[1] != "0" and said in done.stdout, done.stdout + done.stderr
