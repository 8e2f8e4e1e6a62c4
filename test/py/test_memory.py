"""A query that would hold more than there is fails with Spark's memory error, by itself: the engine lives, and a stream beside it
goes on. Engines here may hold 128 MiB, or 5 GiB of addresses."""
import os
import re
import subprocess
import sys
import time

import pytest
from conftest import Engine
from pyspark.errors import PySparkException

ROOT = os.path.join(os.path.dirname(__file__), "..", "..")
MEMORY = "UNABLE_TO_ACQUIRE_MEMORY"
HUNGRY = {
    "groups": "select count(*) from (select id, count(*) c from range(20000000) group by id)",
    "distinct": "select count(distinct id) from range(20000000)",
    "list": "select size(collect_list(id)) from range(100000000)",
    "set": "select size(collect_set(id)) from range(20000000)",
    "percentile": "select percentile(id, 0.5) from range(50000000)",
    "sequence": "select size(sequence(1L, 1000000000L))",
    "array_repeat": "select size(array_repeat(1, 300000000))",
    "repeat": "select length(repeat('x', 1000000000))",
    "rpad": "select length(rpad('x', 1000000000, 'ab'))",
    "space": "select length(space(1000000000))",
    "concat": "select length(concat_ws('', array_repeat('xxxxxxxxxxxxxxxxxxxxxxxx', 20000000)))",
    "sort": "select max(id) from (select id, id % 7 u from range(50000000) order by u)",
    "split": "select size(split(repeat('a,', 50000000), ','))",
}


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    e = Engine(str(tmp_path_factory.mktemp("small")), "--conf", "spark.weir.memory.limit=128m")
    yield e
    assert e.stop() == 0


@pytest.mark.parametrize("name", sorted(HUNGRY))
def test_too_much_fails_alone(small, name):
    spark = small.session()
    q = spark.readStream.format("rate").option("rowsPerSecond", 1000).load().writeStream.format("memory").queryName(f"beside_{name}") \
        .trigger(processingTime="100 milliseconds").start()
    while not q.lastProgress:
        time.sleep(0.05)
    before = q.lastProgress["batchId"]
    with pytest.raises(PySparkException, match=MEMORY):
        spark.sql(HUNGRY[name]).collect()
    wait = time.monotonic() + 10
    while q.isActive and q.lastProgress["batchId"] < before + 3 and time.monotonic() < wait:
        time.sleep(0.05)
    assert q.isActive and q.lastProgress["batchId"] >= before + 3
    q.stop()
    assert spark.sql("select count(*) from (select id % 1000 k, count(*) from range(100000) group by 1)").first()[0] == 1000
    spark.stop()


def test_many_rows_of_long_lists(small):
    spark = small.session()
    got = spark.sql("select count(*), sum(x) from (select explode(sequence(1, 100000)) x from range(300))").first()
    assert tuple(got) == (300 * 100000, 300 * (100000 * 100001 // 2))
    got = spark.sql("select sum(pos), sum(col), sum(id) from (select id, posexplode(sequence(id, id + 999)) from range(3000))").first()
    assert tuple(got) == (3000 * 999 * 500, sum(range(3000)) * 1000 + 3000 * 999 * 500, sum(range(3000)) * 1000)
    spark.stop()


def test_what_was_held_is_given_back(small):
    spark = small.session()
    for _ in range(20):  # each of them more than a twentieth of what there is
        assert spark.sql("select count(distinct id) from range(500000)").first()[0] == 500000
    spark.stop()


@pytest.mark.parametrize("what,value", [("limit", "128"), ("limit", "-1g"), ("limit", "abc")])
def test_limits_that_are_none(tmp_path, what, value):
    from conftest import BIN
    r = subprocess.run([BIN, "server", "--no-token", "--port", "0", "--warehouse", str(tmp_path), "--conf", f"spark.weir.memory.limit={value}"],
                       capture_output=True, text=True, timeout=20, env=dict(os.environ, WEIR_TOKEN=""))
    assert r.returncode and "spark.weir.memory.limit" in r.stderr


@pytest.mark.measures_memory
def test_hostile_queries(tmp_path):
    """A minute of `make attack`: a fixed seed, in 5 GiB of addresses. How long batches took is not judged here, and an interrupt has the
    time that a busy machine takes."""
    r = subprocess.run([sys.executable, os.path.join(ROOT, "tools", "attack.py"), "--queries", "30", "--seed", "7", "--quiet", "2",
                        "--factor", "1000", "--obey", "15"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=600,
                       env=dict(os.environ, TMPDIR=str(tmp_path)))
    assert r.returncode == 0, r.stdout[-3000:]
    assert re.search(r"^30 passed, 0 failed, 0 skipped$", r.stdout, re.M), r.stdout[-3000:]
    outcomes = re.search(r"30 queries in \d+ s: (.*)", r.stdout).group(1)
    assert "rows" in outcomes and "UNABLE_TO_ACQUIRE_MEMORY" in outcomes, outcomes
    assert int(re.search(r"(\d+) rows in each stream", r.stdout).group(1)) > 100, r.stdout
