#!/usr/bin/env python3
"""Runs every test that needs neither a JVM nor root: the structure check, the C tests under the sanitizers, and the
Python tests against the built server, a file at a time and as many at once as there are processors.

  tools/test.py                            all
  tools/test.py --server plain|san|tsan [--select EXPRESSION] FILE ...    these files of test/py, against that build

First it is shown that the sanitizers of the build act (test/canary). What measures memory (the mark measures_memory) means
nothing under them and runs against the plain build, everything else under them. Prints one line a test program, what was
skipped and why, and last 'N passed, N failed, N skipped'."""
import argparse
import collections
import concurrent.futures
import glob
import os
import re
import subprocess
import sys
import time

FOLDER = {"plain": "build", "san": "build-san", "tsan": "build-tsan"}
OPTIONS = {
    "plain": {},
    "san": {"ASAN_OPTIONS": "detect_leaks=1", "UBSAN_OPTIONS": "print_stacktrace=1"},
    "tsan": {"TSAN_OPTIONS": "halt_on_error=1 second_deadlock_stack=1 suppressions=" + os.path.abspath("test/tsan.supp"),
             "ARROW_DEFAULT_MEMORY_POOL": "system"},
}
CANARIES = {"plain": {}, "san": {"freed": "heap-use-after-free", "leaked": "detected memory leaks", "shifted": "shift exponent"},
            "tsan": {"race": "data race"}}
C_SECONDS, PY_SECONDS = 300, 1500
total = collections.Counter()
Result = collections.namedtuple("Result", "name passed failed skipped text seconds")


def report(r):
    total.update(passed=r.passed, failed=r.failed, skipped=r.skipped)
    print(f"{'FAIL' if r.failed else 'ok  '} {r.name} ({r.passed} passed, {r.failed} failed, {r.skipped} skipped, {r.seconds:.1f} s)", flush=True)
    for line in re.findall(r"^SKIPPED \[\d+\] .*", r.text, re.M):
        print("     " + line)
    if r.failed:
        print("\n".join(r.text.splitlines()[-60:]), flush=True)


def run(name, argv, env=None, counter=None, limit=C_SECONDS):
    t0 = time.time()
    try:
        p = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                           timeout=limit, env=dict(os.environ, **(env or {})))
        text, rc = p.stdout, p.returncode
    except subprocess.TimeoutExpired as e:
        text, rc = f"{e.stdout or ''}\nstopped after {limit} s", 1
    passed, failed, skipped = counter(text) if counter else (int(rc == 0), int(rc != 0), 0)
    if (rc != 0 or passed + skipped == 0) and not failed:  # it broke off, or did nothing
        failed = 1
    return Result(name, passed, failed, skipped, text, time.time() - t0)


def cmocka(text):
    def number(word):
        return sum(int(n) for n in re.findall(rf"\[  {word} *\] .*?(\d+) test\(s\)", text))

    return number("PASSED"), number("FAILED"), number("SKIPPED")


def pytest(text):
    last = next((line for line in reversed(text.splitlines()) if re.search(r"\d+ (passed|failed|error|skipped|deselected)", line)), "")

    def number(word):
        m = re.search(r"(\d+) " + word, last)
        return int(m.group(1)) if m else 0

    return number("passed"), number("failed") + number("error"), number("skipped")


def canaries(server):
    """One result: the sanitizers of a build find what they are there for."""
    t0, wrong, folder = time.time(), [], FOLDER[server]
    for what, word in CANARIES[server].items():
        p = subprocess.run([f"{folder}/canary", what], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                           env=dict(os.environ, **OPTIONS[server]))
        if p.returncode == 0 or word not in p.stdout:
            wrong.append(f"{folder}/canary {what} ended with {p.returncode}: {p.stdout[-500:]}")
    marks = {"san": (b"__asan_init", b"__ubsan_handle"), "tsan": (b"__tsan_init",)}[server]
    for path in [f"{folder}/weir", *glob.glob(f"{folder}/test/*/*_test")]:
        with open(path, "rb") as f:
            text = f.read()
        wrong += [f"{path} was built without {m.decode()}" for m in marks if m not in text]
    return Result(f"sanitizers of {folder}", int(not wrong), int(bool(wrong)), 0, "\n".join(wrong), time.time() - t0)


def python(server, path, mark=None, select=None):
    folder = FOLDER[server]
    env = dict(OPTIONS[server], WEIR_BIN=os.path.abspath(f"{folder}/weir"), WEIR_ARROW_LIB=os.path.abspath(f"{folder}/libweir_arrow.so"))
    argv = [sys.executable, "-m", "pytest", "-q", "-rs", "--no-header", path, *(["-m", mark] if mark else []), *(["-k", select] if select else [])]
    return run(f"{os.path.basename(path)} ({server})", argv, env, pytest, PY_SECONDS)


def at_once(jobs):
    """All jobs, so many at one time as there are processors; each is told of when it is done."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for done in concurrent.futures.as_completed([pool.submit(*j) for j in jobs]):
            report(done.result())


def everything():
    report(run("structure", [sys.executable, "tools/tidy.py"]))
    report(canaries("san"))
    at_once([(run, os.path.relpath(path, "build-san/test"), [path], OPTIONS["san"], cmocka)
             for path in sorted(glob.glob("build-san/test/*/*_test"))])
    files = sorted(glob.glob("test/py/test_*.py"), key=os.path.getsize, reverse=True)
    measuring = [f for f in files if "measures_memory" in open(f).read()]
    at_once([(python, "san", f, "not measures_memory") for f in files])
    for f in measuring:
        report(python("plain", f, "measures_memory"))


def main():
    a = argparse.ArgumentParser()
    a.add_argument("--server", choices=FOLDER)
    a.add_argument("--select")
    a.add_argument("files", nargs="*")
    o = a.parse_args()
    if not o.files:
        everything()
    else:
        if CANARIES[o.server]:
            report(canaries(o.server))
        at_once([(python, o.server, f, None, o.select) for f in o.files])
    print(f"{total['passed']} passed, {total['failed']} failed, {total['skipped']} skipped")
    return total["failed"] != 0 or total["passed"] == 0


if __name__ == "__main__":
    sys.exit(main())
