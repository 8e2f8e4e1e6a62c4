#!/usr/bin/env python3
"""Generated inputs, answered by Apache Spark and by weir in the same run: the answers must be the same.

  tools/crosscheck.py GROUP ... [--cases N] [--seed S] [--only I] [-v]     (no GROUP: all of tools/crosscheck/)
  tools/crosscheck.py GROUP ... --record N      Spark's answers to N cases into test/golden/crosscheck, for test_crosscheck.py

A group is a module with cases(rnd, n): yields Case objects (see below); case I of a seed is always the same. ENVIRONMENT,
where it has one, is weir's. Spark is the Connect server at WEIR_SPARK_REMOTE, else one that is started here with
WEIR_SPARK_PYTHON (pyspark 4.2) and WEIR_SPARK_JARS (Delta's jars). A comparison that could not be made is a failure: no Spark
there, no answer in time, a mistake in a group. Last line: `N passed, N failed, N skipped`."""
import argparse
import datetime
import decimal
import glob
import hashlib
import importlib.util
import json
import logging
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import warnings

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [os.path.join(ROOT, "tools"), os.path.join(ROOT, "test", "py")]
os.environ["TZ"] = "UTC"
time.tzset()
CASE_SECONDS = 120


class Case:
    """One generated input. run() makes what it needs below folder (its own for each side) and gives an answer that json can
    write; what the engine raises is an answer too. reads(), where there is one, is asked by both engines of both folders, after
    both have run, and must give the same four times: what one wrote the other reads."""

    def __init__(self, name, run, reads=None, inputs=1):
        self.name, self.run, self.reads, self.inputs = name, run, reads, inputs


def plain(value):
    """Rows and values as json; doubles to the bit, timestamps in UTC."""
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, datetime.datetime) and value.tzinfo:
        return value.astimezone(datetime.timezone.utc).replace(tzinfo=None).isoformat() + "Z"
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, (decimal.Decimal, datetime.timedelta)):
        return str(value)
    if isinstance(value, (bytes, bytearray)):
        return "x" + bytes(value).hex()
    if hasattr(value, "asDict"):  # names may stand twice
        return [[k, plain(v)] for k, v in zip(value.__fields__, value)]
    if isinstance(value, dict):
        return sorted(([plain(k), plain(v)] for k, v in value.items()), key=repr)
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    return value


def rows(df, ordered=False):
    """The schema and the rows of a frame, sorted unless their order counts."""
    got = [json.dumps(plain(r), ensure_ascii=False) for r in df.collect()]
    return [df.schema.simpleString(), got if ordered else sorted(got)]


def error(e):
    """An error as its class and SQLSTATE: texts name files."""
    condition = state = None
    for name in ("getCondition", "getErrorClass"):
        condition = condition or getattr(e, name, lambda: None)()
    state = getattr(e, "getSqlState", lambda: None)()
    if condition is None:
        m = re.search(r"\[([A-Z][A-Z0-9_.]+)\]", str(e))
        condition = m.group(1) if m else type(e).__name__ + ": " + str(e)[:200]
    return {"error": condition, "state": state}


# What Python raises over a group's own text, PySpark's own of these apart: both sides would give the same
MISTAKES = (NameError, AttributeError, TypeError, LookupError, ImportError, SyntaxError, AssertionError, TimeoutError)


class NotCompared(Exception):
    """One of the two could not be asked."""


def attempt(f, *args):
    def late(*_):
        raise TimeoutError(f"no answer within {CASE_SECONDS} s")

    signal.signal(signal.SIGALRM, late)
    signal.alarm(CASE_SECONDS)
    try:
        return f(*args)
    except NotCompared:
        raise
    except Exception as e:
        from pyspark.errors import PySparkException
        if isinstance(e, MISTAKES) and not isinstance(e, PySparkException):
            raise NotCompared(f"{type(e).__name__}: {e}") from e
        return dict(error(e), text=str(e)[:400])
    finally:
        signal.alarm(0)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Side:
    """An engine behind a Connect address; started anew when it has ended, or when it needs another environment."""

    def __init__(self, name, start, url=None):
        self.name, self.start, self.process, self.session = name, start, None, None
        self.url, self.environment = url, {}

    def spark(self):
        if self.process and self.process.poll() is not None:
            self.session = None
        if self.session is None:
            if self.start:
                self.process, self.url = self.start(self.environment)
            from pyspark.sql import SparkSession
            from pyspark.sql.connect.client.retries import DefaultPolicy
            self.session = SparkSession.builder.remote(self.url).create()
            self.session.client.set_retry_policies([DefaultPolicy(max_retries=6)])
            for key, value in (("spark.sql.session.timeZone", "UTC"), ("spark.sql.shuffle.partitions", "2")):
                self.session.conf.set(key, value)
        type(self.session)._active_session.session = self.session
        return self.session

    def needs(self, environment):
        if self.process and environment != self.environment:
            self.stop()
        self.environment = environment

    def died(self):
        return self.process is not None and self.process.poll() is not None

    def stop(self):
        if self.session and not self.died():
            self.session.stop()  # else the client asks for it at its exit, again and again
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(30)
        self.session = None


def start_weir(folder):
    def start(environment):
        r, w = os.pipe()
        with open(os.path.join(folder, "weir.log"), "ab") as log:
            binary = os.environ.get("WEIR_BIN", os.path.join(ROOT, "build", "weir"))
            p = subprocess.Popen([binary, "server", "--port", "0", "--ready-fd", str(w), "--warehouse",
                                  os.path.join(folder, "weir-warehouse")], pass_fds=[w], stdout=log, stderr=log,
                                 env=dict(os.environ, WEIR_TOKEN="t", **environment))
        os.close(w)
        with os.fdopen(r) as f:
            port = int(f.readline() or 0)
        if not port:
            raise NotCompared("weir did not start: " + open(os.path.join(folder, "weir.log")).read()[-2000:])
        return p, f"sc://localhost:{port}/;token=t"
    return start


def start_spark(folder):
    python, jars = os.environ.get("WEIR_SPARK_PYTHON"), os.environ.get("WEIR_SPARK_JARS")
    if not python or not jars:
        raise NotCompared("Spark is reached by WEIR_SPARK_REMOTE, or by WEIR_SPARK_PYTHON and WEIR_SPARK_JARS")

    def start(environment):
        home = subprocess.check_output([python, "-c", "import pyspark, os; print(os.path.dirname(pyspark.__file__))"],
                                       text=True).strip()
        port = free_port()
        conf = {"spark.connect.grpc.binding.address": "127.0.0.1", "spark.connect.grpc.binding.port": port,
                "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension", "spark.ui.enabled": "false",
                "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
                "spark.driver.memory": "2g", "spark.databricks.delta.snapshotPartitions": "2",
                "spark.sql.warehouse.dir": os.path.join(folder, "spark-warehouse"),
                "spark.driver.extraJavaOptions": "-Duser.timezone=UTC -XX:+UseSerialGC"}
        argv = [os.path.join(home, "bin", "spark-submit"), "--master", "local[2]", "--jars", ",".join(glob.glob(jars + "/*.jar")),
                "--class", "org.apache.spark.sql.connect.service.SparkConnectServer"]
        argv += [a for k, v in conf.items() for a in ("--conf", f"{k}={v}")] + ["spark-internal"]
        env = {k: v for k, v in os.environ.items() if k != "SPARK_REMOTE"}
        log = os.path.join(folder, "spark.log")
        p = subprocess.Popen(argv, stdout=open(log, "ab"), stderr=subprocess.STDOUT, cwd=folder,
                             env=dict(env, SPARK_HOME=home, PYSPARK_PYTHON=python, SPARK_LOCAL_IP="127.0.0.1"))
        for _ in range(600):
            with socket.socket() as s:
                if s.connect_ex(("127.0.0.1", port)) == 0:
                    return p, f"sc://127.0.0.1:{port}"
            if p.poll() is not None:
                break
            time.sleep(0.2)
        raise NotCompared("Spark did not start: " + open(log, errors="replace").read()[-2000:])
    return start


def version_of(side):
    """Of Spark, which runs on a JVM and says so: an engine that only resembles it is no judge."""
    try:
        if side.url and not connects(side.url):
            raise NotCompared("nobody answers")
        spark = side.spark()
        java = spark.sql("SELECT java_method('java.lang.System', 'getProperty', 'java.vm.name')").first()[0]
        return f"{spark.version} on {java}"
    except Exception as e:
        raise NotCompared(f"no Apache Spark at {side.url}: {str(e)[:300]}") from None


def connects(url):
    """The client would ask again and again."""
    m = re.match(r"sc://([^:/;]+):(\d+)", url)
    with socket.socket() as s:
        s.settimeout(10)
        return m is not None and s.connect_ex((m.group(1), int(m.group(2)))) == 0


def compare(case, sides, folder, verbose):
    """What differs, as a text, or None."""
    places = [os.path.join(folder, side.name) for side in sides]
    for place in places:
        os.makedirs(place)
    answers = []
    for side, place in zip(sides, places):
        answers.append(attempt(lambda: case.run(side.spark(), place)))
        if side.died():
            return f"{side.name} ended with {side.process.returncode}"
    if answers[0] is None and not case.reads:
        raise NotCompared("the case has no answer")
    found = difference("", sides, places, answers)
    if case.reads and not found:
        for writer, place in zip(sides, places):
            read = [attempt(lambda: case.reads(side.spark(), place)) for side in sides]
            for side in sides:
                if side.died():
                    return f"{side.name} ended with {side.process.returncode} over what {writer.name} wrote"
            answers.append(read[0])
            found = found or difference(f"over what {writer.name} wrote: ", sides, [place, place], read)
        found = found or difference("the two folders: ", sides, places, answers[2:])
    if verbose and not found:
        print(f"same: {case.name}: {json.dumps(plain(answers[0]), ensure_ascii=False)[:300]}")
    return found


def text_of(answer, place):
    """An answer as it is compared."""
    if isinstance(answer, dict) and "error" in answer:
        answer = {k: v for k, v in answer.items() if k != "text"}
    return json.dumps(plain(answer), ensure_ascii=False, sort_keys=True).replace(place, "<folder>")


def difference(what, sides, places, answers):
    texts = [text_of(a, place) for place, a in zip(places, answers)]
    if texts[0] == texts[1]:
        return None
    found = list(apart(*(json.loads(t) for t in texts), ""))
    lines = [f"    at {path or 'all'}:" + "".join(f"\n      {s.name:6} {json.dumps(v, ensure_ascii=False)[:600]}" for s, v in zip(sides, pair))
             for path, *pair in found[:6]]
    lines += [f"    {s.name} said: {a['text']}" for s, a in zip(sides, answers) if isinstance(a, dict) and "text" in a]
    return what + "\n".join(lines) + (f"\n    and {len(found) - 6} more places" if len(found) > 6 else "")


def apart(a, b, path):
    """Where two json values differ: (path, a, b)."""
    if isinstance(a, str) and isinstance(b, str) and a[:1] in ("[", "{") and b[:1] in ("[", "{"):
        try:
            a, b = json.loads(a), json.loads(b)
        except ValueError:
            pass
    if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for i, (x, y) in enumerate(zip(a, b)):
            yield from apart(x, y, f"{path}[{i}]")
    elif isinstance(a, dict) and isinstance(b, dict) and a.keys() == b.keys():
        for k in a:
            yield from apart(a[k], b[k], f"{path}.{k}")
    elif a != b:
        yield path, a, b


def module_of(name):
    spec = importlib.util.spec_from_file_location("crosscheck_" + name, module_path(name))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def module_path(name):
    return os.path.join(ROOT, "tools", "crosscheck", name + ".py")


def golden_path(name):
    return os.path.join(ROOT, "test", "golden", "crosscheck", name + ".jsonl")


def made_by(name):
    """What the answers of a group hang on: its generator's text."""
    return hashlib.sha256(open(module_path(name), "rb").read()).hexdigest()[:16]


def golden_cases(name, seed, n):
    return list(module_of(name).cases(random.Random(f"{name} {seed}"), n))[:n]


def record(name, o, spark, folder):
    """The answers of Spark alone, without those that no run gives again."""
    lines = [json.dumps({"spark": spark.spark().version, "seed": o.seed, "cases": o.record, "generator": made_by(name)})]
    for i, case in enumerate(golden_cases(name, o.seed, o.record)):
        place = tempfile.mkdtemp(prefix=f"{name}-{i}-", dir=folder)
        lines.append(text_of(attempt(lambda: case.run(spark.spark(), place)), place))
        shutil.rmtree(place, ignore_errors=True)
    os.makedirs(os.path.dirname(golden_path(name)), exist_ok=True)
    with open(golden_path(name), "w") as f:
        f.write("\n".join(lines) + "\n")
    print(f"{name}: {o.record} recorded")


def run_group(name, o, sides, folder):
    cases = module_of(name).cases
    sides[1].needs(getattr(module_of(name), "ENVIRONMENT", {}))
    passed = failed = 0
    for i, case in enumerate(cases(random.Random(f"{name} {o.seed}"), o.cases)):
        if o.only is not None and i != o.only:
            continue
        place = tempfile.mkdtemp(prefix=f"{name}-{i}-", dir=folder)
        try:
            found = compare(case, sides, place, o.v)
        except NotCompared as e:
            found = f"    not compared: {e}"
        if found:
            failed += case.inputs
            print(f"{name} {i}: {case.name[:700]}\n{found}", flush=True)
        else:
            passed += case.inputs
        if not (found and o.keep):
            shutil.rmtree(place, ignore_errors=True)
    print(f"{name}: {passed} passed, {failed} failed", flush=True)
    return passed, failed


def main():
    a = argparse.ArgumentParser()
    a.add_argument("group", nargs="*")
    a.add_argument("--cases", type=int, default=300)
    a.add_argument("--seed", type=int, default=1)
    a.add_argument("--only", type=int)
    a.add_argument("--record", type=int)
    a.add_argument("--keep", help="a folder for the cases; those that differ stay there")
    a.add_argument("-v", action="store_true")
    o = a.parse_args()
    known = sorted(os.path.basename(p)[:-3] for p in glob.glob(os.path.join(ROOT, "tools", "crosscheck", "[a-z]*.py")))
    folder = o.keep or tempfile.mkdtemp(prefix="weir-crosscheck-")
    os.makedirs(folder, exist_ok=True)
    logging.disable()  # the client logs every error with its stack
    warnings.simplefilter("ignore")
    passed, failed, sides = 0, 0, []
    try:
        sides += [Side("spark", None, os.environ["WEIR_SPARK_REMOTE"]) if "WEIR_SPARK_REMOTE" in os.environ
                  else Side("spark", start_spark(folder)), Side("weir", start_weir(folder))]
        print(f"Apache Spark {version_of(sides[0])}, seed {o.seed}", flush=True)
        for name in o.group or known:
            if o.record:
                record(name, o, sides[0], folder)
                continue
            p, f = run_group(name, o, sides, folder)
            passed, failed = passed + p, failed + f
    except NotCompared as e:
        failed += 1
        print(f"nothing more was compared: {e}")
    finally:
        for side in sides:
            side.stop()
        if not o.keep:
            shutil.rmtree(folder, ignore_errors=True)
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed or not (passed or o.record) else 0


if __name__ == "__main__":
    sys.modules["crosscheck_driver"] = sys.modules["__main__"]  # groups: from crosscheck_driver import Case, rows, error
    sys.exit(main())
