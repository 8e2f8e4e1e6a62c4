#!/usr/bin/env python3
"""Links every test/fuzz/*_fuzz.c with libFuzzer against build-fuzz (`make fuzz` builds that first) and runs each for
the seconds given, from its seeds in test/fuzz/corpus/<target>. What it finds stays in build-fuzz/found/<target>.
First it must find the fault in test/canary/fuzz.c. FUZZ_SEED fixes the random numbers, so that the same inputs are tried again.
A target that tried hardly any input, seeds included, fails. Prints a line a target and last 'N passed, N failed, N skipped'."""
import glob
import os
import re
import subprocess
import sys

BUILD = "build-fuzz"
LEAST = 100
PKGS = "libnghttp2 openssl libprotobuf-c libzstd liblz4 sqlite3 libpcre2-8 zlib rdkafka expat".split()


def link(src, exe):
    libs = subprocess.run(["pkg-config", "--libs", *PKGS], stdout=subprocess.PIPE, text=True, check=True).stdout.split()
    flags = "-std=gnu17 -D_GNU_SOURCE -fno-strict-aliasing -march=x86-64-v2 -O1 -g -Wall -Wextra -Werror".split()
    return subprocess.run(
        ["clang-14", *flags, "-fsanitize=address,undefined,fuzzer", "-fno-sanitize-recover=undefined", "-Isrc",
         "-Itest/fuzz", f"-I{BUILD}/gen", src, "-o", exe, f"{BUILD}/libweir.a", f"{BUILD}/gen/libproto.a", *libs,
         "-lxxhash", "-lsnappy", "-lbz2", "-ldl", "-lpthread", "-lm"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def fuzz(name, exe, seconds):
    found, grown = f"{BUILD}/found/{name}/", f"{BUILD}/corpus/{name}"
    os.makedirs(found, exist_ok=True)
    os.makedirs(grown, exist_ok=True)
    seeds = [d for d in [f"test/fuzz/corpus/{name}"] if os.path.isdir(d)]
    argv = [exe, f"-max_total_time={seconds}", f"-seed={os.environ.get('FUZZ_SEED', 0)}", "-timeout=5", "-rss_limit_mb=512", "-max_len=65536",
            "-print_final_stats=1", f"-artifact_prefix={found}", grown, *seeds]
    try:
        p = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                           timeout=seconds + 60, env=dict(os.environ, ASAN_OPTIONS="detect_leaks=1",
                                                          UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1"))
        return p.returncode, p.stdout
    except subprocess.TimeoutExpired:
        return 1, f"did not end within {seconds + 60} s"


def canary():
    """(whether a fault that is there is found, what was said)"""
    exe = f"{BUILD}/fuzz/canary"
    p = link("test/canary/fuzz.c", exe)
    if p.returncode:
        return False, p.stdout
    p = subprocess.run([exe, "-max_total_time=60", "-seed=1", f"-artifact_prefix={BUILD}/fuzz/canary-"], stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, text=True, errors="replace")
    return p.returncode != 0 and "deadly signal" in p.stdout, p.stdout


def main():
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    only = sys.argv[2:]
    os.makedirs(f"{BUILD}/fuzz", exist_ok=True)
    acts, text = canary()
    passed, failed = int(acts), int(not acts)
    print("ok   the canary is found" if acts else f"FAIL the canary is not found\n{text[-2000:]}", flush=True)
    for src in sorted(glob.glob("test/fuzz/*_fuzz.c")):
        name = os.path.basename(src)[:-2]
        if only and name not in only:
            continue
        exe = f"{BUILD}/fuzz/{name}"
        p = link(src, exe)
        rc, text = (p.returncode, p.stdout) if p.returncode else fuzz(name, exe, seconds)
        runs = re.search(r"number_of_executed_units: (\d+)", text)
        inputs = int(runs.group(1)) if runs else 0
        rc = rc or inputs < LEAST
        passed, failed = passed + (rc == 0), failed + (rc != 0)
        print(f"{'ok  ' if rc == 0 else 'FAIL'} {name} ({inputs} inputs)", flush=True)
        if rc:
            print("\n".join(text.splitlines()[-50:]), flush=True)
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return failed != 0 or passed == 0


if __name__ == "__main__":
    sys.exit(main())
