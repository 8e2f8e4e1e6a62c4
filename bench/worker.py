"""The least that drives PySpark's foreachBatch worker: starts it, hands it the function, and a batch's number each time."""
import os
import socket
import statistics
import struct
import subprocess
import sys
import time
import uuid

import pyspark
from pyspark import cloudpickle


def text(s):
    b = s if isinstance(s, bytes) else s.encode()
    return struct.pack(">i", len(b)) + b


def answer(f):
    n = struct.unpack(">i", f.read(4))[0]
    assert n >= 0, f.read()
    return n


def round_trip_ms(function, batches, folder, port, token):
    """p50 from a batch's message to its answer. The worker opens its session with the engine at port; the function must not
    ask for anything: it knows of no batch."""
    path, home = os.path.join(folder, "socket"), os.path.dirname(pyspark.__file__)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(1)
    env = dict(os.environ, SPARK_CONNECT_LOCAL_URL=f"sc://localhost:{port}/;user_id=bare", SPARK_CONNECT_AUTHENTICATE_TOKEN=token,
               PYTHON_WORKER_FACTORY_SOCK_PATH=path, SPARK_HOME=home,
               SPARK_PYTHON_RUNTIME="PYTHON_WORKER")
    p = subprocess.Popen([sys.executable, "-m", "pyspark.sql.connect.streaming.worker.foreach_batch_worker"], env=env,
                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    s, _ = listener.accept()
    f = s.makefile("rb")
    f.read(4)  # its process
    session = str(uuid.uuid4())
    s.sendall(text("%d.%d" % sys.version_info[:2]) + text(session) + text(cloudpickle.dumps(function)))
    answer(f)
    times = []
    for i in range(batches):
        t = time.perf_counter()
        s.sendall(text(str(uuid.uuid4())) + struct.pack(">q", i))
        answer(f)
        times.append(time.perf_counter() - t)
    s.close()
    p.kill()
    p.wait()
    return statistics.median(times[10:]) * 1000
