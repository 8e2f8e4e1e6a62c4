#!/usr/bin/env python3
"""Everything weir promises, as one table: `make verify`, or tools/verify.py [--again] [--list] [CHECK ...].

Each check is a command. What held is kept in build/verify.json for the content of the tree, whether committed or not, and the
engine it held for, so that a run that was broken off goes on where it stopped; --again forgets. A check whose means are not at hand (WEIR_SPARK_PYTHON: a Python with pyspark 4.2
and WEIR_SPARK_JARS; WEIR_SPARK43_PYTHON; WEIR_GUIDE: a folder with run_all.py; WEIR_CONFORMANCE: a command; for a Kafka broker java, mvn
and openssl) is not run, and says so: that is no success. Last line: `N passed, N failed, N skipped`; skipped are those. kafka.guide wants SSL_CERT_FILE, with the authority of the guide's
broker, in the environment of its server."""
import argparse
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
KEPT = ROOT / "build" / "verify.json"
PY = str(ROOT / ".venv" / "bin" / "python")
SPARK, SPARK43, GUIDE, CONF = "WEIR_SPARK_PYTHON", "WEIR_SPARK43_PYTHON", "WEIR_GUIDE", "WEIR_CONFORMANCE"
BROKER = "java, mvn and openssl"
SCRIPTS = {"spine": "04 04o 06 07 08 18 18f 20 29", "state": "12 13 14 15 17 21 21o 21f 28", "python": "11 19 22 22f 23 30", "kafka": "01 02 03 10 10f 25 25o 25f"}


def tests(*files, keyword=None):
    return [PY, "-m", "pytest", "-q", *(f"test/py/test_{f}.py" for f in files), *(["-k", keyword] if keyword else [])]


# name: what it says, what it needs, minutes at most, command
CHECKS = {
    "spine.run": ("make run on a fresh clone", [], 30, ["make", "run"]),
    "spine.run-again": ("a second make run without network", [], 10, ["sh", "-c", "make run > /dev/null && unshare -rn sh -c "
                                                                      "'ip link set lo up && make run'"]),
    "spine.test": ("make test on a fresh clone", [], 40, ["make", "test"]),
    "spine.guide": ("scripts of the guide: " + SCRIPTS["spine"], [GUIDE], 15, ["guide", SCRIPTS["spine"]]),
    "spine.readers": ("delta-rs and Spark with Delta read what weir wrote, and the other way", [SPARK], 15,
                      [PY, "tools/interop.py", "delta_*"]),
    "spine.resume": ("stateless checkpoints go from Spark to weir and back", [SPARK], 15,
                     [PY, "tools/interop.py", "state_stateless_*", "parquet_*"]),
    "spine.crash": ("pipelines broken at every file operation lose and double nothing", [], 40,
                    [PY, "test/crash/run.py", "--group", "pipelines"]),
    "spine.limits": ("limits of the protocol and bad input", [], 10, tests("connect", "bad_input", "recovery", "app")),
    "spine.conformance": ("the client's own examples", [CONF], 15, ["sh", "-c", "$WEIR_CONFORMANCE"]),
    "spine.bench": ("start-up, latency, throughput, flat cost", [], 40, [PY, "bench/run.py"]),
    "spine.fuzz": ("every decoder under a fuzzer for 10 s", [], 15, ["make", "fuzz", "FUZZ_SECONDS=10"]),
    "spine.clients": ("pyspark 4.0, 4.1, 4.2 and 4.3 clients", [], 10, [PY, "tools/clients.py"]),
    "spine.tidy": ("layers, lengths, names", [], 2, [PY, "tools/tidy.py"]),
    "state.guide": ("scripts of the guide: " + SCRIPTS["state"], [GUIDE], 15, ["guide", SCRIPTS["state"]]),
    "state.golden": ("checkpoints that Spark wrote resume with Spark's rows", [], 10, tests("golden", "stream_plans")),
    "state.inspect": ("state as rows like Spark's; damaged checkpoints refused, repaired, rolled back", [], 15,
                      tests("statestore", "hazards", "checkpoint_tool")),
    "state.turns": ("Spark and weir in turns on one checkpoint, batch by batch", [SPARK, SPARK43], 20,
                    [PY, "tools/interop.py", "state_*", "delta_golden_*"]),
    "state.differential": ("300 random queries on Spark 4.3 and weir: 0 differences", [SPARK43], 40,
                           [PY, "tools/differential.py", "--cases", "300"]),
    "state.crash": ("queries with state broken at every file operation", [], 60,
                    [PY, "test/crash/run.py", "--group", "state"]),
    "python.guide": ("scripts of the guide: " + SCRIPTS["python"], [GUIDE], 10, ["guide", SCRIPTS["python"]]),
    "python.faults": ("functions that crash, hang, leak, print, stop themselves; examples", [], 10, tests("python")),
    "python.golden": ("checkpoints that Spark wrote go on with a foreachBatch of their own", [], 10, tests("golden")),
    "python.crash": ("foreachBatch to Delta with txnVersion, broken at every file operation", [], 60,
                     [PY, "test/crash/run.py", "--group", "functions"]),
    "python.churn": ("50 queries started and stopped 20 times leave nothing behind", [], 60,
                     ["env", "WEIR_CHURN_QUERIES=50", "WEIR_CHURN_ROUNDS=20", *tests("python", keyword="leave_nothing")]),
    "python.bench": ("what a foreachBatch costs beyond its worker; idle queries", [], 20, [PY, "bench/run.py", "foreach", "idle"]),
    "kafka.guide": ("scripts of the guide: " + SCRIPTS["kafka"], [GUIDE], 15, ["guide", SCRIPTS["kafka"]]),
    "kafka.mock": ("faults of every request, leaders that move, throttling, on a mock cluster", [], 10, tests("kafka_source", "kafka_sink")),
    "kafka.broker": ("a real broker: topics that change, lost offsets, transactions, refused connections", [BROKER], 20,
                     [PY, "tools/kafka_test.py", "!storm"]),
    "kafka.storm": ("5 M messages while the broker is killed 5 times and weir 10 times", [BROKER], 20,
                    [PY, "tools/kafka_test.py", "storm"]),
    "kafka.interop": ("Spark and weir in turns in the middle of topics", [BROKER, SPARK], 20, [PY, "tools/interop.py", "kafka_*"]),
    "kafka.bench": ("throughput, latency and copying beside Spark and librdkafka", [BROKER, SPARK], 40, [PY, "bench/kafka.py"]),
    "all.crosscheck": ("generated inputs of every group: Spark and weir give the same", [SPARK], 120, [PY, "tools/crosscheck.py"]),
    "all.proofs": ("tests that break or compare fail when nothing was broken or compared", [], 10, tests("proofs", "crash", "goldens")),
    "state.tsan": ("the concurrent tests under ThreadSanitizer", [], 30, ["make", "tsan"]),
}


def missing(needs):
    return [n for n in needs if not (all(map(shutil.which, ("java", "mvn", "openssl"))) if n == BROKER else os.environ.get(n))]


def run(command, minutes, clone):
    if command[0] == "guide":
        command = [PY, os.path.join(os.environ[GUIDE], "run_all.py"), "remote", *command[1].split()]
    p = subprocess.run(command, cwd=clone, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                       timeout=minutes * 60, env=dict(os.environ, WEIR_BIN=str(ROOT / "build" / "weir")))
    lines = [x for x in p.stdout.splitlines() if x.strip()]
    return p.returncode == 0, (lines or ["no output"])[-1][:110]


def one(name):
    says, needs, minutes, command = CHECKS[name]
    lacks = missing(needs)
    if lacks:
        return "not run", "needs " + ", ".join(lacks)
    clone, fresh = str(ROOT), "fresh clone" in says or "network" in says
    if fresh:
        clone = tempfile.mkdtemp(prefix="weir-verify-")
        subprocess.run(["git", "clone", "-q", str(ROOT), clone], check=True)
    try:
        ok, last = run(command, minutes, clone)
        return "ok" if ok else "FAIL", last
    except subprocess.TimeoutExpired:
        return "FAIL", f"took more than {minutes} minutes"
    finally:
        if fresh:
            shutil.rmtree(clone, ignore_errors=True)


def content(root):
    """What a result is a result of: the files of the tree as they are now, and the engine that was built."""
    with tempfile.TemporaryDirectory() as folder:
        env = dict(os.environ, GIT_INDEX_FILE=os.path.join(folder, "index"))
        subprocess.run(["git", "add", "-A"], cwd=root, env=env, check=True)
        tree = subprocess.run(["git", "write-tree"], cwd=root, env=env, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    weir = pathlib.Path(root) / "build" / "weir"
    return f"{tree} {hashlib.sha256(weir.read_bytes()).hexdigest()[:16] if weir.exists() else 'not built'}"


def main():
    a = argparse.ArgumentParser()
    a.add_argument("--again", action="store_true")
    a.add_argument("--list", action="store_true")
    a.add_argument("checks", nargs="*")
    o = a.parse_args()
    of = content(ROOT)
    kept = json.loads(KEPT.read_text()) if KEPT.exists() and not o.again else {}
    kept = kept if kept.get("of") == of else {"of": of}
    names = [n for n in CHECKS if not o.checks or n in o.checks or n.split(".")[0] in o.checks]
    count = {"ok": 0, "FAIL": 0, "not run": 0}
    for name in names:
        if o.list:
            print(f"{name:20} {CHECKS[name][0]}")
            continue
        if kept.get(name, ["", ""])[0] != "ok":
            start = time.time()
            kept[name] = [*one(name), round(time.time() - start)]
            if content(ROOT) != of:  # what it was run on is not what it is kept for
                print("the tree was changed meanwhile: nothing of this run is kept")
                KEPT.unlink(missing_ok=True)
                return 1
            KEPT.parent.mkdir(exist_ok=True)
            KEPT.write_text(json.dumps(kept, indent=1))
        state, last, seconds = kept[name]
        count[state] += 1
        print(f"{state:8} {name:20} {seconds:5} s  {CHECKS[name][0]}: {last}", flush=True)
    if o.list:
        return 0
    print(f"{count['ok']} passed, {count['FAIL']} failed, {count['not run']} skipped")
    return count["FAIL"] != 0 or count["ok"] == 0


if __name__ == "__main__":
    sys.exit(main())
