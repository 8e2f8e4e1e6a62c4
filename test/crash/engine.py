"""One engine process and the few Spark Connect requests a crash test needs, without a SparkSession:
starting a client costs more than the engine's whole run."""
import os
import subprocess
import sys
import uuid

import grpc
from pyspark import cloudpickle
from pyspark.sql.connect.proto import base_pb2, commands_pb2, expressions_pb2, relations_pb2
from pyspark.sql.connect.proto.base_pb2_grpc import SparkConnectServiceStub

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
BIN = os.environ.get("WEIR_BIN", os.path.join(ROOT, "build", "weir"))


class Failed(Exception):
    """The engine answered with an error."""


class Gone(Exception):
    """The engine ended."""


class Engine:
    def __init__(self, folder, env=None, conf=None):
        r, w = os.pipe()
        os.makedirs(folder, exist_ok=True)
        self.log_path = os.path.join(folder, "server.log")
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [BIN, "server", "--port", "0", "--ready-fd", str(w), "--warehouse", os.path.join(folder, "warehouse"),
                 *(a for k, v in (conf or {}).items() for a in ("--conf", f"{k}={v}"))],
                pass_fds=[w], cwd=folder, stdout=log, stderr=log,
                env=dict(os.environ, WEIR_TOKEN="t", TZ="UTC", **(env or {})))
        os.close(w)
        with os.fdopen(r) as f:
            self.port = int(f.readline() or 0)
        self.session = str(uuid.uuid4())
        self.channel = None

    def alive(self):
        return self.process.poll() is None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.channel:
            self.channel.close()
        if self.alive():
            self.process.kill()
        self.process.wait()

    def command(self, command):
        """All responses; Failed or Gone."""
        if not self.port:
            raise Gone()
        if not self.channel:
            self.channel = grpc.insecure_channel(f"localhost:{self.port}", options=[("grpc.enable_retries", 0)])
            self.stub = SparkConnectServiceStub(self.channel)
        request = base_pb2.ExecutePlanRequest(session_id=self.session, operation_id=str(uuid.uuid4()))
        request.user_context.user_id = "crash"
        request.plan.command.CopyFrom(command)
        try:
            return list(self.stub.ExecutePlan(request, metadata=[("authorization", "Bearer t")], timeout=60))
        except grpc.RpcError as e:
            if e.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED):
                raise Gone() from None
            raise Failed(f"{e.code().name}: {e.details()}") from None

    def start(self, query):
        for r in self.command(query):
            if r.HasField("write_stream_operation_start_result"):
                return r.write_stream_operation_start_result.query_id
        raise Failed("no answer to the start")

    def wait(self, query_id):
        c = commands_pb2.Command()
        c.streaming_query_command.query_id.CopyFrom(query_id)
        c.streaming_query_command.await_termination.timeout_ms = 50_000
        for r in self.command(c):
            if r.HasField("streaming_query_command_result"):
                if not r.streaming_query_command_result.await_termination.terminated:
                    raise Failed("the query did not end within 50 s")
                return
        raise Failed("no answer to awaitTermination")

    def run(self, query):
        self.wait(self.start(query))


def reading(source, options, path, schema=""):
    """The relation of a stream."""
    r = relations_pb2.Relation()
    r.read.is_streaming = True
    d = r.read.data_source
    d.format = source
    d.schema = schema
    d.paths.append(path)
    for k, v in options.items():
        d.options[k] = v
    return r


def writing(relation, sink, target, checkpoint):
    """An availableNow query as a command."""
    c = commands_pb2.Command()
    w = c.write_stream_operation_start
    w.input.CopyFrom(relation)
    w.format = sink
    w.path = target
    w.output_mode = "append"
    w.options["checkpointLocation"] = checkpoint
    w.available_now = True
    return c


def each_batch(relation, function, checkpoint):
    """An availableNow query with a foreachBatch function."""
    c = writing(relation, "", "", checkpoint)
    w = c.write_stream_operation_start
    w.ClearField("path")
    w.foreach_batch.python_function.command = cloudpickle.dumps(function)
    w.foreach_batch.python_function.python_ver = "%d.%d" % sys.version_info[:2]
    return c


def sql(text):
    """An expression from its SQL text."""
    e = expressions_pb2.Expression()
    e.expression_string.expression = text
    return e


def with_watermark(relation, column, delay):
    r = relations_pb2.Relation()
    r.with_watermark.input.CopyFrom(relation)
    r.with_watermark.event_time = column
    r.with_watermark.delay_threshold = delay
    return r


def grouped(relation, keys, values):
    r = relations_pb2.Relation()
    r.aggregate.input.CopyFrom(relation)
    r.aggregate.group_type = relations_pb2.Aggregate.GROUP_TYPE_GROUPBY
    r.aggregate.grouping_expressions.extend(sql(k) for k in keys)
    r.aggregate.aggregate_expressions.extend(sql(v) for v in values)
    return r


def deduplicated(relation, columns, within_watermark):
    r = relations_pb2.Relation()
    r.deduplicate.input.CopyFrom(relation)
    r.deduplicate.column_names.extend(columns)
    r.deduplicate.within_watermark = within_watermark
    return r


def projected(relation, *columns):
    r = relations_pb2.Relation()
    r.project.input.CopyFrom(relation)
    r.project.expressions.extend(sql(c) for c in columns)
    return r
