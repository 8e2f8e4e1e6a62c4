"""A minute of `make attack`: hostile queries of a fixed seed beside three streams, in 5 GiB of addresses. How long batches took is not
judged here, and an interrupt has the time that a busy machine takes."""
import os
import re
import subprocess
import sys

import pytest

ROOT = os.path.join(os.path.dirname(__file__), "..", "..")


@pytest.mark.measures_memory
def test_hostile_queries(tmp_path):
    r = subprocess.run([sys.executable, os.path.join(ROOT, "tools", "attack.py"), "--queries", "30", "--seed", "7", "--quiet", "2",
                        "--factor", "1000", "--obey", "15"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=600,
                       env=dict(os.environ, TMPDIR=str(tmp_path)))
    assert r.returncode == 0, r.stdout[-3000:]
    assert re.search(r"^30 passed, 0 failed, 0 skipped$", r.stdout, re.M), r.stdout[-3000:]
    outcomes = re.search(r"30 queries in \d+ s: (.*)", r.stdout).group(1)
    assert "rows" in outcomes and "UNABLE_TO_ACQUIRE_MEMORY" in outcomes, outcomes
    assert int(re.search(r"(\d+) rows in each stream", r.stdout).group(1)) > 100, r.stdout
