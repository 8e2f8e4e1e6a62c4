"""The program itself: `weir run`, `weir server`, what they refuse and what they leave behind."""
import os
import signal
import subprocess
import sys

import pytest
from conftest import BIN, Engine
from waiting import until

ONE = "from pyspark.sql import SparkSession\ns = SparkSession.builder.getOrCreate()\n"


def weir(*args, env=None, **more):
    return subprocess.run([BIN, *args], capture_output=True, text=True, timeout=60,
                          env=dict(os.environ, WEIR_PYTHON=sys.executable, **(env or {})), **more)


def job(tmp_path, text):
    path = tmp_path / "job.py"
    path.write_text(text)
    return str(path)


def started(tmp_path, text):
    """A running `weir run`, once its script has said something."""
    p = subprocess.Popen([BIN, "run", "--warehouse", str(tmp_path / "w"), job(tmp_path, ONE + text)], text=True,
                         env=dict(os.environ, WEIR_PYTHON=sys.executable, PYTHONUNBUFFERED="1"), stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, cwd=tmp_path)
    p.said = p.stdout.readline().strip()
    return p


def children(pid):
    out = {}
    for d in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{d}/stat") as f:
                stat = f.read()
            with open(f"/proc/{d}/cmdline", "rb") as f:
                line = f.read().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if int(stat.rsplit(")", 1)[1].split()[1]) == pid:
            out["engine" if " server " in line else "script"] = int(d)
    return out


def gone(*pids):
    return until(f"the end of {pids}", lambda: not any(os.path.exists(f"/proc/{p}") for p in pids), 20)


def test_help_and_version():
    assert "weir run" in weir("--help").stdout
    assert weir("version").stdout.startswith("weir ")
    r = weir("fly")
    assert r.returncode == 2 and "no subcommand fly" in r.stderr


def test_script_and_its_arguments(tmp_path):
    text = ONE + "import sys\nprint(s.range(5).count(), sys.argv[1:], __name__)\nsys.exit(7)\n"
    r = weir("run", job(tmp_path, text), "a", "--b", cwd=tmp_path)
    assert (r.stdout, r.returncode) == ("5 ['a', '--b'] __main__\n", 7), r.stderr


def test_script_for_a_cluster(tmp_path):
    text = ("from pyspark.sql import SparkSession\n"
            "s = SparkSession.builder.master('local[*]').appName('x').config('spark.jars.packages', 'a:b:1')"
            ".config('spark.sql.shuffle.partitions', 3).getOrCreate()\n"
            "print(s.conf.get('spark.sql.shuffle.partitions'), s.range(2).count())\n")
    r = weir("run", job(tmp_path, text), cwd=tmp_path)
    assert (r.stdout, r.returncode) == ("3 2\n", 0), r.stderr


def test_script_that_fails(tmp_path):
    r = weir("run", job(tmp_path, ONE + "s.sql('SELECT nothing').show()\n"), cwd=tmp_path)
    assert r.returncode == 1 and "UNRESOLVED_COLUMN" in r.stderr


def test_no_script():
    assert weir("run").returncode == 2
    r = weir("run", "/nowhere/job.py")
    assert r.returncode == 1 and "/nowhere/job.py" in r.stderr


def test_engine_that_dies_ends_the_script(tmp_path):
    p = started(tmp_path, "import time\nprint('up')\nwhile True:\n    s.range(3).count()\n    time.sleep(0.05)\n")
    assert p.said == "up"
    pids = children(p.pid)
    os.kill(pids["engine"], signal.SIGKILL)
    _, err = p.communicate(timeout=20)
    assert p.returncode == 1 and "weir run: the engine ended before the script did: Killed" in err
    assert gone(*pids.values())


@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGTERM])
def test_signals_reach_the_script(tmp_path, sig):
    p = started(tmp_path, f"import signal, sys, time\nsignal.signal({int(sig)}, lambda *a: sys.exit(9))\n"
                          "print('up')\ntime.sleep(60)\n")
    pids = children(p.pid)
    assert set(pids) == {"engine", "script"}
    p.send_signal(sig)
    p.communicate(timeout=20)
    assert p.returncode == 9 and gone(*pids.values())


def test_script_ended_by_a_signal(tmp_path):
    p = started(tmp_path, "import time\nprint('up')\ntime.sleep(60)\n")
    p.send_signal(signal.SIGTERM)
    p.communicate(timeout=20)
    assert p.returncode == -signal.SIGTERM


def test_launcher_that_dies_leaves_nothing(tmp_path):
    p = started(tmp_path, "import time\nprint('up')\ntime.sleep(60)\n")
    pids = children(p.pid)
    assert set(pids) == {"engine", "script"}
    p.kill()
    p.communicate(timeout=20)
    assert gone(*pids.values())


def test_defaults_file_and_options(tmp_path):
    (tmp_path / "spark-defaults.conf").write_text("# ours\nspark.sql.shuffle.partitions  7\nspark.sql.ansi.enabled=false\n")
    text = ONE + "print(s.conf.get('spark.sql.shuffle.partitions'), s.conf.get('spark.sql.ansi.enabled'))\n"
    r = weir("run", "--conf", "spark.sql.shuffle.partitions=9", job(tmp_path, text), cwd=tmp_path,
             env={"SPARK_CONF_DIR": str(tmp_path)})
    assert (r.stdout, r.returncode) == ("9 false\n", 0), r.stderr


@pytest.mark.parametrize("options, words", [
    (["--host", "0.0.0.0"], "--tls-cert"), (["--host", "0.0.0.0", "--token-file", "/dev/null"], "/dev/null"),
    (["--wings", "2"], "--wings"), (["--port"], "--port"), (["--port", "1x"], "1x"),
    (["--conf", "spark.x"], "spark.x"),
    (["--tls-cert", "/nowhere.pem", "--tls-key", "/nowhere.key"], "/nowhere.pem"), (["--parent", "1"], "parent")])
def test_server_refuses(options, words):
    r = weir("server", "--port", "0", *options, env={"WEIR_TOKEN": ""})
    assert r.returncode != 0 and words in r.stderr


@pytest.mark.parametrize("key,value", [("spark.weir.python.memory", "abc"), ("spark.weir.python.memory", "-1"), ("spark.sql.shuffle.partitions", "-3"),
                                       ("spark.sql.shuffle.partitions", "0"), ("spark.weir.python.maxWorkers", "-5"), ("spark.sql.ansi.enabled", "maybe"),
                                       ("spark.weir.connect.requestTimeout", "soon"), ("spark.sql.session.timeZone", "Mars"),
                                       ("spark.connect.session.manager.sweepInterval", "-1s")])
def test_a_wrong_setting_is_no_start(tmp_path, key, value):
    r = weir("server", "--port", "0", "--warehouse", str(tmp_path), "--conf", f"{key}={value}")
    assert r.returncode != 0 and key in r.stderr and f"'{value}'" in r.stderr
    (tmp_path / "spark-defaults.conf").write_text(f"# ours\n{key} {value}\n")
    r = weir("server", "--port", "0", "--warehouse", str(tmp_path), env={"SPARK_CONF_DIR": str(tmp_path)})
    assert r.returncode != 0 and key in r.stderr and f"'{value}'" in r.stderr


def test_settings_of_any_number_and_length(tmp_path):
    lines = "".join(f"spark.my.key{i} {i}\n" for i in range(3000)) + "spark.my.long " + "x" * 100000 + "\n"
    (tmp_path / "spark-defaults.conf").write_text(lines)
    e = Engine(str(tmp_path), env={"SPARK_CONF_DIR": str(tmp_path)})
    spark = e.session()
    assert spark.conf.get("spark.my.key2999") == "2999" and len(spark.conf.get("spark.my.long")) == 100000
    spark.stop()
    assert e.stop() == 0


SECRETS = {"spark.my.password": "hunter2", "spark.hadoop.fs.s3a.access.key": "AKIA", "spark.hadoop.fs.azure.account.key.x": "kkk",
           "spark.kafka.sasl.jaas.config": "org.apache...PlainLoginModule", "spark.url": "https://x/?token=abc"}


def test_secrets_of_the_server_are_not_told(tmp_path):
    """Spark 4.2 shows them in SET as here, and answers conf.get of a client with them: weir keeps what the server was started
    with to itself."""
    hidden = "*********(redacted)"
    e = Engine(str(tmp_path), *(a for k, v in SECRETS.items() for a in ("--conf", f"{k}={v}")), "--conf", "spark.plain=shown")
    spark = e.session()
    for k in SECRETS:
        assert spark.conf.get(k) == spark.conf.get(k, "none") == spark.conf.getAll[k] == hidden
        assert spark.sql(f"SET {k}").first().value == hidden
    listed = {r.key: r.value for r in spark.sql("SET").collect()}
    assert all(listed[k] == hidden for k in SECRETS) and listed["spark.plain"] == spark.conf.get("spark.plain") == "shown"
    # what a session sets is its own; Spark 4.2 answers the same
    assert spark.sql("SET spark.my.secret=zzz").first().value == "zzz"
    assert spark.conf.get("spark.my.secret") == "zzz" and spark.sql("SET spark.my.secret").first().value == hidden
    assert e.session().conf.get("spark.my.secret", "none") == "none"
    spark.stop()
    assert e.stop() == 0


def other_version(tmp_path):
    """The shim of another build: its own but for the version, which stands first in its table."""
    library = os.environ.get("WEIR_ARROW_LIB", os.path.join(os.path.dirname(BIN), "libweir_arrow.so"))
    ask = ("import ctypes, sys\nget = ctypes.CDLL(sys.argv[1]).weir_arrow_api_get\nget.restype = ctypes.c_void_p\nat = get(None)\n"
           "for line in open('/proc/self/maps'):\n    where, _, offset = line.split()[:3]\n"
           "    start, end = (int(x, 16) for x in where.split('-'))\n    if start <= at < end:\n"
           "        print(at - start + int(offset, 16), ctypes.c_int.from_address(at).value)\n")
    at, version = map(int, subprocess.check_output([sys.executable, "-c", ask, library], text=True).split())
    data = bytearray(open(library, "rb").read())
    assert data[at:at + 4] == version.to_bytes(4, "little")
    data[at:at + 4] = (version - 1).to_bytes(4, "little")
    path = tmp_path / "libweir_arrow.so"
    path.write_bytes(data)
    return str(path), version


def test_a_shim_of_another_version_is_refused(tmp_path):
    library, version = other_version(tmp_path)
    got = weir("run", "--warehouse", str(tmp_path / "w"),
               job(tmp_path, ONE + f"try:\n    s.range(3).write.parquet({str(tmp_path / 'p')!r})\n"
                   "except Exception as e:\n    print(str(e).split('JVM')[0])\nprint(s.range(3).count())\n"),
               env={"WEIR_ARROW_LIB": library})
    assert f"{library} is version {version - 1} of it and this executable needs {version}" in got.stdout, got
    assert got.stdout.endswith("3\n") and got.returncode == 0
