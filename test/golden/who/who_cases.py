"""What one user's session can see and stop of another's. answers(url, folder): case -> what was answered."""
import os
import time
import uuid

import grpc
import pyspark.sql.connect.proto as pb
from pyspark.sql import SparkSession

STATES = pb.GetStatusResponse.OperationStatus.OperationState


class Who:
    """A session of a user, with PySpark's client and with bare calls."""

    def __init__(self, url, user, session=None):
        self.user, self.id = user, session or str(uuid.uuid4())
        self.spark = SparkSession.builder.remote(f"{url};user_id={user};session_id={self.id}").create()
        self.stub = self.spark.client._stub
        self.meta = self.spark.client._builder.metadata()
        self.text(lambda: self.spark.conf.get("spark.sql.shuffle.partitions"))  # the session is there

    def text(self, fn):
        try:
            return str(fn())
        except Exception as e:
            return type(e).__name__ + " " + str(getattr(e, "getCondition", lambda: None)() or str(e).split("]")[0].lstrip("["))

    def ask(self, call, message, **fields):
        q = message(session_id=self.id, user_context=pb.UserContext(user_id=self.user), client_type="who", **fields)
        try:
            return getattr(self.stub, call)(q, metadata=self.meta, timeout=30)
        except grpc.RpcError as e:
            return f"{e.code().name} {e.details().split(']')[0].lstrip('[')}"

    def run(self, operation):
        q = pb.ExecutePlanRequest(session_id=self.id, user_context=pb.UserContext(user_id=self.user), client_type="who", operation_id=operation,
                                  tags=["mine"])
        q.plan.root.range.end, q.plan.root.range.step = 10 ** 13, 1
        q.request_options.add().reattach_options.reattachable = True
        stream = self.stub.ExecutePlan(q, metadata=self.meta, timeout=300)
        next(iter(stream))
        return stream

    def state(self, operation):
        q = pb.GetStatusRequest.OperationStatusRequest(operation_ids=[operation])
        a = self.ask("GetStatus", pb.GetStatusRequest, operation_status=q)
        return a if isinstance(a, str) else STATES.Name(a.operation_statuses[0].state)

    def reattach(self, operation):
        a = self.ask("ReattachExecute", pb.ReattachExecuteRequest, operation_id=operation)
        try:
            return "attached " + str(bool(next(iter(a))))
        except grpc.RpcError as e:
            return f"{e.code().name} {e.details().split(']')[0].lstrip('[')}"

    def interrupt(self, **what):
        a = self.ask("Interrupt", pb.InterruptRequest, **what)
        return a if isinstance(a, str) else list(a.interrupted_ids)

    def error_id(self):
        """Of an error that this session has just met."""
        q = pb.AnalyzePlanRequest(session_id=self.id, user_context=pb.UserContext(user_id=self.user))
        q.schema.plan.root.sql.query = "SELECT secret_column"
        try:
            self.stub.AnalyzePlan(q, metadata=self.meta, timeout=30)
        except grpc.RpcError as e:
            from google.rpc import error_details_pb2
            from grpc_status import rpc_status
            info = error_details_pb2.ErrorInfo()
            rpc_status.from_call(e).details[0].Unpack(info)
            return info.metadata["errorId"]

    def details(self, error):
        a = self.ask("FetchErrorDetails", pb.FetchErrorDetailsRequest, error_id=error)
        return a if isinstance(a, str) else [e.spark_throwable.error_class.split(".")[0] for e in a.errors]  # of which kind, is another matter


def answers(url, folder):
    out, tag = {}, uuid.uuid4().hex[:6]
    all_type = pb.InterruptRequest.InterruptType.INTERRUPT_TYPE_ALL
    a = Who(url, "anna")
    a.spark.conf.set("spark.my.setting", "annas")
    a.spark.sql("SELECT 1 AS x").createOrReplaceTempView("annas_view")
    a.spark.sql(f"CREATE TABLE who_{tag} (i INT) USING delta")
    open(f"{folder}/note.txt", "w").write("annas")
    a.spark.addArtifacts(f"{folder}/note.txt", file=True)
    query = a.spark.readStream.format("rate").load().writeStream.format("noop").option("checkpointLocation", f"{folder}/ck").start()
    operation, error = str(uuid.uuid4()), a.error_id()
    stream = a.run(operation)
    out["herself: details of her error"] = a.details(error)
    out["herself: state of her operation"] = a.state(operation)
    others = {"another user, her session's id": Who(url, "bert", a.id), "another user": Who(url, "bert"), "herself, another session": Who(url, "anna")}
    for name, b in others.items():
        def told(what, answer):
            out[f"{name}: {what}"] = answer
        told("setting", b.text(lambda: b.spark.conf.get("spark.my.setting", "none")))
        told("temporary view", b.text(lambda: b.spark.table("annas_view").collect()))
        told("table", b.text(lambda: b.spark.table(f"who_{tag}").schema.simpleString()))
        told("state", b.state(operation))
        told("reattach", b.reattach(operation))
        told("interrupt all", b.interrupt(interrupt_type=all_type))
        told("interrupt tag", b.interrupt(interrupt_type=pb.InterruptRequest.InterruptType.INTERRUPT_TYPE_TAG, operation_tag="mine"))
        told("interrupt id", b.interrupt(interrupt_type=pb.InterruptRequest.InterruptType.INTERRUPT_TYPE_OPERATION_ID, operation_id=operation))
        b.ask("ReleaseExecute", pb.ReleaseExecuteRequest, operation_id=operation, release_all=pb.ReleaseExecuteRequest.ReleaseAll())
        told("artifact", b.ask("ArtifactStatus", pb.ArtifactStatusesRequest, names=["files/note.txt"]).statuses["files/note.txt"].exists)
        told("queries", b.text(lambda: [q.id == query.id for q in b.spark.streams.active]))
        told("query by id", b.text(lambda: b.spark.streams.get(query.id)))
        told("error", b.details(error))
        b.ask("ReleaseSession", pb.ReleaseSessionRequest)
        told("afterwards, her operation", a.state(operation))
        told("afterwards, her query", query.isActive)
        told("afterwards, her setting", a.text(lambda: a.spark.conf.get("spark.my.setting")))
        b.spark.client.close()
    query.stop()
    out["herself: interrupt id"] = [i == operation for i in a.interrupt(
        interrupt_type=pb.InterruptRequest.InterruptType.INTERRUPT_TYPE_OPERATION_ID, operation_id=operation)]
    stream.cancel()
    b = Who(url, "bert")
    b.spark.sql(f"DROP TABLE who_{tag}")
    out["another user: her table after he dropped it"] = a.text(lambda: a.spark.catalog.tableExists(f"who_{tag}"))
    a.spark.stop()
    b.spark.stop()
    return out
