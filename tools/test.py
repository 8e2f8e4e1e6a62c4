#!/usr/bin/env python3
"""Runs every test that needs neither a JVM nor root: the structure check, the C tests under the sanitizers, and the
Python tests against the built server. Prints one line a test program and last 'N passed, N failed'."""
import glob
import os
import re
import subprocess
import sys
import time

LIMIT_SECONDS = 300
passed = failed = 0


def report(name, ok, count, bad, text, seconds):
    global passed, failed
    passed += count
    failed += bad
    print(f"{'ok  ' if ok else 'FAIL'} {name} ({count} passed, {bad} failed, {seconds:.1f} s)", flush=True)
    if not ok:
        print("\n".join(text.splitlines()[-60:]), flush=True)


def run(name, argv, env=None, counter=None, limit=LIMIT_SECONDS):
    t0 = time.time()
    try:
        p = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                           timeout=limit, env=dict(os.environ, **(env or {})))
        text, rc = p.stdout, p.returncode
    except subprocess.TimeoutExpired as e:
        text, rc = f"{e.stdout or ''}\nstopped after {limit} s", 1
    count, bad = counter(text) if counter else (rc == 0, rc != 0)
    if rc != 0 and not bad:
        bad = 1
    report(name, rc == 0 and not bad, int(count), int(bad), text, time.time() - t0)


def cmocka(text):
    bad = sum(int(n) for n in re.findall(r"\[  FAILED  \] .*?: (\d+) test\(s\)", text))
    return sum(int(n) for n in re.findall(r"\[  PASSED  \] (\d+) test\(s\)", text)), bad


def pytest(text):
    def number(word):
        m = re.search(r"(\d+) " + word, text)
        return int(m.group(1)) if m else 0

    return number("passed"), number("failed") + number("error")


def main():
    run("structure", [sys.executable, "tools/tidy.py"])
    san = {"ASAN_OPTIONS": "detect_leaks=1", "UBSAN_OPTIONS": "print_stacktrace=1"}
    for path in sorted(glob.glob("build-san/test/*/*_test")):
        run(os.path.relpath(path, "build-san/test"), [path], san, cmocka)
    py = [sys.executable, "-m", "pytest", "-q", "--no-header", "test/py"]
    run("python (sanitized server)", py + ["-k", "not memory"],
        dict(san, WEIR_BIN=os.path.abspath("build-san/weir"), WEIR_ARROW_LIB=os.path.abspath("build-san/libweir_arrow.so")),
        pytest, 1500)
    # what measures memory means nothing under the sanitizers
    run("python (memory)", py + ["-k", "memory"], None, pytest, 300)
    print(f"{passed} passed, {failed} failed")
    return failed != 0 or passed == 0


sys.exit(main())
