"""Tests of the tests: what breaks the engine on purpose, or compares it with Spark, fails when nothing was broken or
compared, and when the engine is as wrong as it can be. The engines are scripts around the real one."""
import importlib.util
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
FIRST, SECOND_COMMIT, LAST_COMMIT = "write:sources/0/.0.", "rename:commits/.1.", "rename:commits/.3."
LAST, LAND = "in/f003.json", "touch -d @1700000003 in/f003.json"
# name: (what is tried, what the engine does first, what the run says)
ENGINES = {
    "never dies": ("kill", "unset WEIR_CRASH_AT", "done, not broken"),
    "dies without a word": ("kill", "unset WEIR_FAULT_PROOF", "not broken"),
    "says that it died": ("kill", KILL % (SAYS + "unset WEIR_CRASH_AT"), "was not killed"),
    "ends by itself": ("kill", KILL % (SAYS + "exit 3"), "it ended with 3"),
    "dies of another signal": ("kill", KILL % (SAYS + "kill -TERM $$"), "it ended with -15"),
    "dies too late": ("kill", KILL % "export WEIR_CRASH_AT=$((WEIR_CRASH_AT + 1))", r"not KILL at \d+ but KILL at \d+"),
    "dies at another file": ("kill", KILL % (SAYS + "kill -KILL $$"), r"operation \d+ was \('list', 'x', ''\), not"),
    "loses a row": ("kill", RESTART % f"sed -i '$d' {LAST}; {LAND}", "1 rows lost, 0 doubled"),
    "doubles a row": ("kill", RESTART % f"sed -i '$p' {LAST}; {LAND}", "0 rows lost, 1 doubled"),
    "does not start again": ("kill", RESTART % "exit 1", "restart refused"),
    "never fails": ("fault", "unset WEIR_FAULT_AT", "done, not broken"),
    "fails otherwise": ("fault", FAULT % "export WEIR_FAULT_AT=${{WEIR_FAULT_AT%%:*}}:EINVAL", "not EIO at"),
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
    return subprocess.run([sys.executable, str(script), "--case", JSON_TO_PARQUET, "--only", only, "--at", at],
                          capture_output=True, text=True, timeout=300, env=dict(os.environ, WEIR_BIN=str(engine)))


def last_line(done):
    return re.fullmatch(r"(\d+) passed, (\d+) failed, (\d+) skipped", done.stdout.splitlines()[-1]).groups()


@pytest.mark.parametrize("only, points", [("kill", "1"), ("power", "2"), ("fault", "3")])
def test_sound_engine_passes(tmp_path, only, points):
    done = broken_run(tmp_path, ":", only, FIRST)
    assert done.returncode == 0 and last_line(done) == (points, "0", "0"), done.stdout + done.stderr


@pytest.mark.parametrize("name", ENGINES)
def test_broken_runs_fail_over_an_engine_that(tmp_path, name):
    only, does, said = ENGINES[name]
    done = broken_run(tmp_path, does.format(tmp_path), only, FIRST)
    passed, failed, _ = last_line(done)
    assert done.returncode == 1 and passed == ("1" if name == "fails otherwise" else "0") and failed != "0", done.stdout + done.stderr
    assert re.search(said, done.stdout), done.stdout


def test_operations_that_are_not_reached_are_no_passes(tmp_path):
    done = broken_run(tmp_path, KILL % "rm in/f003.json", "kill", LAST_COMMIT)
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
    done = broken_run(tmp_path, ":", "power", SECOND_COMMIT, patch)
    assert done.returncode == 1 and last_line(done)[1] != "0" and said in done.stdout, done.stdout + done.stderr


# ---- comparisons with Spark

TOOLS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools")
SETTINGS = ("WEIR_SPARK_REMOTE", "WEIR_SPARK_PYTHON", "WEIR_SPARK43_PYTHON", "WEIR_SPARK_JARS", "WEIR_DELTARS_PYTHON", "WEIR_KAFKA_SERVERS")
NO_SPARK = {
    "nothing": {},
    "a Python that is not there": {"WEIR_SPARK_PYTHON": "/nowhere/python", "WEIR_SPARK_JARS": "/nowhere"},
    "a Python without a JVM": {"WEIR_SPARK_PYTHON": sys.executable, "WEIR_SPARK_JARS": "/nowhere"},
    "an address where nobody is": {"WEIR_SPARK_REMOTE": "sc://127.0.0.1:1"},
    "no address": {"WEIR_SPARK_REMOTE": "here"},
    "weir itself": {"WEIR_SPARK_REMOTE": None},
}
COMPARERS = {"crosscheck.py": ["expressions", "--cases", "2"], "interop.py": ["delta_spark_to_weir"], "differential.py": ["--cases", "2"]}


@pytest.mark.parametrize("settings", NO_SPARK)
@pytest.mark.parametrize("tool", COMPARERS)
def test_comparison_fails_when_spark_is(engine, tool, settings):
    given = NO_SPARK[settings]
    if "WEIR_SPARK_REMOTE" in given and tool != "crosscheck.py":
        return  # they start their own
    env = {k: v for k, v in os.environ.items() if k not in SETTINGS}
    done = subprocess.run([sys.executable, os.path.join(TOOLS, tool), *COMPARERS[tool]], capture_output=True, text=True, timeout=300,
                          env=dict(env, **{k: v or engine.url for k, v in given.items()}))
    assert done.returncode == 1 and last_line(done) == ("0", "1", "0"), done.stdout + done.stderr


@pytest.fixture
def tools(monkeypatch):
    monkeypatch.syspath_prepend(TOOLS)
    import crosscheck
    import differential
    import interop
    import interop_state
    return crosscheck, interop, interop_state, differential


class Answers:
    """A side of a comparison that says the same to everything."""
    url = process = None

    def __init__(self, name, said):
        self.name, self.said = name, said

    def spark(self):
        return self.said

    def died(self):
        return False


@pytest.mark.parametrize("left, right", [([1, 2], [1]), ([1], [1, 1]), ([1], 1), (["a"], ["b"]), ({"error": "X"}, {"error": "Y"}), (None, [])])
def test_differences_are_found(tmp_path, tools, left, right):
    crosscheck, interop, state, _ = tools
    case = crosscheck.Case("c", lambda spark, folder: spark, lambda spark, folder: 0)
    for i, (a, b) in enumerate(((left, right), (right, left))):
        assert crosscheck.compare(case, [Answers("spark", a), Answers("weir", b)], str(tmp_path / str(i)), False)
        with pytest.raises(AssertionError):
            interop.same(a, b, "rows")
        assert state.compare({0: a}, {0: b})
    assert crosscheck.compare(case, [Answers("spark", left), Answers("weir", left)], str(tmp_path / "2"), False) is None


def test_what_one_wrote_and_the_other_read_otherwise_is_found(tmp_path, tools):
    case = tools[0].Case("c", lambda spark, folder: open(folder + "/x", "w").write(spark.strip("'")), lambda spark, folder: spark)
    assert tools[0].compare(case, [Answers("spark", "a"), Answers("weir", "a'")], str(tmp_path), False)


@pytest.mark.parametrize("mistake", [NameError, TypeError, KeyError, AssertionError, TimeoutError, None])
def test_mistakes_of_a_group_are_no_answers(tmp_path, tools, mistake):
    def run(spark, folder):
        if mistake:
            raise mistake("the same on both sides")

    with pytest.raises(tools[0].NotCompared):
        tools[0].compare(tools[0].Case("c", run), [Answers("spark", 1), Answers("weir", 1)], str(tmp_path), False)


def progress(batch=0, rows=1, total=1):
    return {"batchId": batch, "numInputRows": rows, "eventTime": {"watermark": "w"},
            "stateOperators": [dict.fromkeys(("operatorName", "numRowsUpdated", "numRowsRemoved", "numRowsDroppedByWatermark"), 0) |
                               {"numRowsTotal": total}]}


@pytest.mark.parametrize("spark, weir", [
    ([{}, []], [{}, []]),                                                      # nothing ran at all
    ([{0: ['{"a":1}']}, [progress()]], [{0: []}, [progress()]]),               # a row is lost
    ([{0: ['{"a":1}']}, [progress()]], [{0: ['{"a":1}'] * 2}, [progress()]]),  # a row is doubled
    ([{0: ['{"a":1}']}, [progress()]], [{0: ['{"a":2}']}, [progress()]]),
    ([{0: []}, [progress()]], [{0: []}, [progress(rows=2)]]),
    ([{0: []}, [progress()]], [{0: []}, [progress(total=2)]]),
    ([{0: []}, [progress()]], [{0: []}, [progress(), progress(1)]]),           # a batch more
])
def test_differences_between_streams_are_found(tools, spark, weir):
    assert tools[3].differences(spark, weir, "append", set(), True)
    if spark != weir:
        assert not tools[3].differences(spark, spark, "append", set(), True)


@pytest.mark.parametrize("want", [{}, {0: []}])
def test_turns_in_which_spark_gave_nothing_prove_nothing(tools, want):
    assert tools[2].compare(want, want)


def test_case_fails_when_its_engine_ends(engine, tools):
    interop = tools[1]

    def skipped():
        raise interop.Skipped("no means")

    assert interop.attempt(lambda: None, engine) == ("ok", None)
    assert interop.attempt(skipped, engine) == ("skip", "no means")
    assert interop.attempt(lambda: interop.same(1, 2, "x"), engine)[0] == "FAIL"
    engine.kill()
    assert interop.attempt(lambda: None, engine) == ("FAIL", "the engine ended with -9")
    with pytest.raises(AssertionError, match="had ended"):
        engine.kill()


# ---- adding up

CI = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", ".ci", "count.sh")
GOOD = "echo 2 passed, 0 failed, 1 skipped"
STEPS = {  # a step beside a good one: what the whole adds up to
    "good": (GOOD, "2 skipped\n4 passed, 0 failed\n", 0),
    "failed": ("echo 1 passed, 3 failed, 0 skipped; exit 1", "1 skipped\n3 passed, 3 failed\n", 1),
    "failed and does not say so": ("echo 1 passed, 3 failed, 0 skipped", "1 skipped\n3 passed, 3 failed\n", 1),
    "ended with an error": (GOOD + "; exit 1", "2 skipped\n4 passed, 1 failed\n", 1),
    "did nothing": ("echo 0 passed, 0 failed, 0 skipped", "1 skipped\n2 passed, 1 failed\n", 1),
    "broke off": (GOOD + "; echo more", "1 skipped\n2 passed, 1 failed\n", 1),
    "said nothing": ("exit 0", "1 skipped\n2 passed, 1 failed\n", 1),
    "took too long": ("sleep 20; " + GOOD, "1 skipped\n2 passed, 1 failed\n", 1),
}


@pytest.mark.parametrize("name", STEPS)
def test_steps_add_up(name):
    command, want, code = STEPS[name]
    text = f"set -uo pipefail; . {CI}; step 3 sh -c 'echo why >&2; {command}'; step 3 sh -c '{GOOD}'; finish"
    done = subprocess.run(["bash", "-c", text], capture_output=True, text=True)
    assert done.returncode == code and done.stdout.endswith(want), done.stdout + done.stderr
    assert ("why" in done.stdout.splitlines()) == (code != 0)


def test_results_are_kept_for_the_content_of_the_tree(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(TOOLS)
    import verify

    def git(*words):
        subprocess.run(["git", "-c", "user.name=n", "-c", "user.email=e", *words], cwd=tmp_path, check=True, capture_output=True)

    def write(name, text):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
        return verify.content(tmp_path)

    git("init")
    write(".gitignore", "build\n")
    git("add", "-A")
    git("commit", "-m", "first")
    first = verify.content(tmp_path)
    changed = write("a", "1")
    assert first != changed != write("a", "2")
    assert write("a", "1") == changed
    git("add", "-A")
    git("commit", "-m", "second")
    assert verify.content(tmp_path) == changed, "the same files, committed"
    assert write("build/log", "x") == changed, "what git ignores is no part of it"
    assert write("build/weir", "an engine") != changed


def test_programs_that_do_nothing_or_hang_fail(monkeypatch):
    monkeypatch.syspath_prepend(TOOLS)
    import fuzz
    spec = importlib.util.spec_from_file_location("weir_test", os.path.join(TOOLS, "test.py"))  # Python has a module of that name
    runner = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(runner)
    sh = ["sh", "-c"]
    assert runner.run("x", [*sh, "exit 0"])[1:4] == (1, 0, 0)
    assert runner.run("x", [*sh, "exit 1"])[1:4] == (0, 1, 0)
    assert runner.run("x", [*sh, "sleep 9"], limit=0.2)[1:4] == (0, 1, 0)
    for text, code, want in (("3 passed, 2 skipped in 1.2s", 0, (3, 0, 2)), ("1 failed, 3 passed, 1 error in 1s", 1, (3, 2, 0)),
                             ("3 passed in 1.2s", 1, (3, 1, 0)), ("5 deselected in 0.1s", 5, (0, 1, 0)), ("", 0, (0, 1, 0))):
        assert runner.run("x", [*sh, f"echo {text}; exit {code}"], counter=runner.pytest)[1:4] == want
    for text, code, want in (("[==========] 2 test(s) run.\n[  PASSED  ] 2 test(s).", 0, (2, 0, 0)),
                             ("[  PASSED  ] 1 test(s).\n[  FAILED  ] g: 1 test(s), listed below:\n[  FAILED  ] x", 1, (1, 1, 0)),
                             ("[  PASSED  ] 1 test(s).\n[  SKIPPED ] g: 1 test(s), listed below:", 0, (1, 0, 1)), ("", 0, (0, 1, 0))):
        assert runner.run("x", ["printf", text] if not code else [*sh, f"printf '{text}'; exit {code}"], counter=runner.cmocka)[1:4] == want
    assert fuzz.LEAST > 0
