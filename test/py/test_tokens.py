"""Who is let in. SPARK below: the answers of Apache Spark 4.2.0 to the same calls."""
import os
import re
import subprocess
import sys

import pytest
from conftest import BIN, Engine

NOBODY = {"WEIR_TOKEN": "", "SPARK_CONNECT_AUTHENTICATE_TOKEN": ""}
ENV, CONF = {**NOBODY, "SPARK_CONNECT_AUTHENTICATE_TOKEN": "envtok"}, ["--conf", "spark.connect.authenticate.token=conftok"]
MISSING, WRONG = "UNAUTHENTICATED No authentication token provided", "UNAUTHENTICATED Invalid authentication token"
# of a server with both, and of one with the variable alone
SPARK_BOTH = {None: MISSING, "nonsense": WRONG, "envtok": WRONG, "conftok": "4.2.0"}


def answer(port, token):
    """The version, or the status and its words."""
    import uuid

    import grpc
    import pyspark.sql.connect.proto as pb
    from pyspark.sql.connect.proto import base_pb2_grpc as rpc

    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        q = pb.AnalyzePlanRequest(session_id=str(uuid.uuid4()), user_context=pb.UserContext(user_id="u"))
        q.spark_version.SetInParent()
        try:
            meta = [("authorization", f"Bearer {token}")] if token is not None else []
            return rpc.SparkConnectServiceStub(channel).AnalyzePlan(q, metadata=meta, timeout=20).spark_version.version
        except grpc.RpcError as e:
            return f"{e.code().name} {e.details()}"


def remote_line(e):
    found = re.findall(r"^export SPARK_REMOTE='(.*)'$", open(os.path.join(e.folder, "server.log")).read(), re.M)
    assert len(found) < 2
    return found[0] if found else None


@pytest.mark.parametrize("options, env, let_in", [
    (CONF, ENV, "conftok"), ([], ENV, "envtok"), (CONF, NOBODY, "conftok"), (CONF, {**ENV, "WEIR_TOKEN": "own"}, "own")])
def test_named_tokens_are_those_of_spark(tmp_path, options, env, let_in):
    e = Engine(str(tmp_path), *options, env=env)
    for token, want in SPARK_BOTH.items():
        assert answer(e.port, token) == ("4.2.0" if token == let_in else WRONG if token else want), token
    assert remote_line(e) is None, "it is known"
    assert e.stop() == 0


def test_a_file_of_settings_and_one_of_the_token(tmp_path):
    (tmp_path / "spark-defaults.conf").write_text("spark.connect.authenticate.token filetok\n")
    e = Engine(str(tmp_path), env={**NOBODY, "SPARK_CONF_DIR": str(tmp_path)})
    assert answer(e.port, "filetok") == "4.2.0"
    e.stop()
    (tmp_path / "token").write_text("mine\n")
    e = Engine(str(tmp_path), "--token-file", str(tmp_path / "token"), env={**NOBODY, "SPARK_CONF_DIR": str(tmp_path)})
    assert [answer(e.port, t) for t in ("mine", "filetok")] == ["4.2.0", WRONG]
    assert e.stop() == 0


def test_a_random_token_is_the_default(tmp_path):
    made = set()
    for _ in range(2):
        e = Engine(str(tmp_path), env=NOBODY)
        remote = open(os.path.join(e.folder, "server.log")).read().split("'")[-2]
        assert re.fullmatch(rf"sc://localhost:{e.port}/;token=[0-9a-f]{{48}}", remote)
        assert answer(e.port, None) == MISSING and answer(e.port, "") == WRONG
        (tmp_path / "job.py").write_text("from pyspark.sql import SparkSession\nprint(SparkSession.builder.getOrCreate().range(4).count())\n")
        done = subprocess.run([sys.executable, str(tmp_path / "job.py")], env=dict(os.environ, SPARK_REMOTE=remote), capture_output=True, text=True, timeout=60)
        assert done.stdout == "4\n", done.stderr
        made.add(remote.split("=")[1])
        assert e.stop() == 0
    assert len(made) == 2


def test_no_token_only_when_asked_for(tmp_path):
    e = Engine(str(tmp_path), "--no-token", env=NOBODY)
    assert answer(e.port, None) == answer(e.port, "any") == "4.2.0" and remote_line(e) is None
    assert "--no-token): every user and program on this machine" in open(os.path.join(e.folder, "server.log")).read()
    assert e.stop() == 0


@pytest.mark.parametrize("options, env, words", [
    (["--no-token"], ENV, "SPARK_CONNECT_AUTHENTICATE_TOKEN"), (["--no-token", *CONF], NOBODY, "spark.connect.authenticate.token"),
    (["--no-token", "--host", "0.0.0.0"], NOBODY, "loopback")])
def test_refused(tmp_path, options, env, words):
    r = subprocess.run([BIN, "server", "--port", "0", *options], capture_output=True, text=True, cwd=tmp_path, env={**os.environ, **env}, timeout=20)
    assert r.returncode == 2 and words in r.stderr


# ---- what the machine's other users see of the server

def test_secrets_are_not_in_the_command_line(tmp_path):
    e = Engine(str(tmp_path), *CONF, "--conf", "spark.my.password=hunter2", "--conf", "spark.plain=shown",
               "--conf", "spark.redaction.regex=(?i)token|password|mine", "--conf", "spark.mine=abc", env=NOBODY)
    line = open(f"/proc/{e.process.pid}/cmdline").read()
    assert "spark.plain=shown" in line and not any(x in line for x in ("conftok", "hunter2", "abc"))
    assert answer(e.port, "conftok") == "4.2.0", "it has them nevertheless"
    assert e.stop() == 0


def dumpable(pid):
    """As another process of the same user: without rights of root."""
    code = (f"import os\nos.getuid() == 0 and os.setuid(65534)\ntry: open('/proc/{pid}/environ').read(); print('open')\n"
            "except PermissionError: print('shut')\n")
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip()


@pytest.mark.parametrize("core", [False, True])
def test_memory_and_core_files(tmp_path, core):
    import resource
    had = resource.getrlimit(resource.RLIMIT_CORE)[0]
    e = Engine(str(tmp_path), *(["--core-files"] if core else []), env={**NOBODY, "WEIR_TOKEN": "verysecret"})
    limits = open(f"/proc/{e.process.pid}/limits").read()
    size = re.search(r"Max core file size +(\S+)", limits)[1]
    assert size == ("0" if not core or had == 0 else "unlimited" if had == resource.RLIM_INFINITY else str(had))
    if os.getuid() != 0 or not core:
        assert dumpable(e.process.pid) == ("open" if core else "shut")
    if os.getuid() == 0:  # others cannot read it: the token is not there for them either
        text = open(f"/proc/{e.process.pid}/environ").read()
        assert "verysecret" not in text
    assert e.stop() == 0
