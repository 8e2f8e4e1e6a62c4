"""A seeded sample of test/crash: pipelines broken by kills, losses of power and failing operations."""
import os
import subprocess
import sys

RUN = os.path.join(os.path.dirname(__file__), "..", "crash", "run.py")


def test_sample_of_broken_runs(tmp_path):
    done = subprocess.run([sys.executable, RUN, "--sample", "60", "--folder", str(tmp_path)], capture_output=True,
                          text=True, timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 failed" in done.stdout
