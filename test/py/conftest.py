"""An engine for each test module, and a session for each test."""
import os
import secrets
import signal
import subprocess

import pytest

BIN = os.environ.get("WEIR_BIN", os.path.join(os.path.dirname(__file__), "..", "..", "build", "weir"))


def pytest_configure(config):
    config.addinivalue_line("markers", "measures_memory: means nothing under the sanitizers")


class Engine:
    def __init__(self, folder, *options, env=None, confine=None):
        self.folder = folder
        self.token = secrets.token_hex(8)
        r, w = os.pipe()
        self.log = open(os.path.join(folder, "server.log"), "ab")
        self.process = subprocess.Popen(
            [BIN, "server", "--port", "0", "--ready-fd", str(w), "--warehouse", os.path.join(folder, "warehouse"), *options],
            pass_fds=[w], preexec_fn=confine, cwd=folder, stdout=self.log, stderr=self.log,
            env={**os.environ, "WEIR_TOKEN": self.token, "TZ": "UTC", **(env or {})})
        os.close(w)
        with os.fdopen(r) as f:
            self.port = int(f.readline() or 0)
        assert self.port, open(os.path.join(folder, "server.log")).read()

    @property
    def url(self):
        return f"sc://localhost:{self.port}/;token={self.token}"

    def session(self):
        from pyspark.sql import SparkSession
        from pyspark.sql.connect.client.retries import DefaultPolicy

        s = SparkSession.builder.remote(self.url).create()
        type(s)._active_session.session = s  # not one that a test left behind, of an engine that ended
        s.client.set_retry_policies([DefaultPolicy(max_retries=4)])  # a dead engine fails the test, soon
        s.conf.set("spark.sql.session.timeZone", "UTC")
        return s

    def kill(self):
        """SIGKILL is what it dies of: an engine that has ended before is no engine that was killed."""
        assert self.process.poll() is None, f"the engine had ended with {self.process.poll()}"
        self.process.kill()
        code = self.process.wait()
        assert code == -signal.SIGKILL, f"the engine had ended with {code}"

    def stop(self):
        self.process.terminate()
        return self.process.wait(30)


@pytest.fixture
def engine(tmp_path):
    e = Engine(str(tmp_path))
    yield e
    if e.process.poll() is None:
        code = e.stop()
        text = open(os.path.join(e.folder, "server.log"), errors="replace").read()
        assert code == 0, text[-4000:]


@pytest.fixture
def spark(engine):
    s = engine.session()
    yield s
    s.stop()
