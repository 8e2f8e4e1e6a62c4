"""A foreachBatch that posts each batch to an HTTP server, and survives the server's bad days: a post that is refused fails
the query, the next start brings the same rows under the same number, and the server knows by the number what it has
already. Run it with

    build/weir run examples/post_batches.py
"""
import http.server
import json
import os
import tempfile
import threading

from pyspark.sql import SparkSession

taken, asked = {}, []


class Api(http.server.BaseHTTPRequestHandler):
    """Refuses its second and its fourth request; of the third it loses the answer, not the data."""

    def do_POST(self):
        rows = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        key = self.headers["Idempotency-Key"]
        asked.append(key)
        status = 500 if len(asked) in (2, 4) else 502 if len(asked) == 3 else 200
        if status != 500:
            taken.setdefault(key, rows)
        print(f"  server: batch {key}, {len(rows)} rows: {status}", flush=True)
        self.send_response(status)
        self.end_headers()

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}/events"

root = tempfile.mkdtemp(prefix="post-batches-")
os.makedirs(f"{root}/in")
for n in range(4):
    with open(f"{root}/in/{n}.json", "w") as f:
        f.writelines(json.dumps({"id": n * 10 + k, "name": f"event {k}"}) + "\n" for k in range(3))

spark = SparkSession.builder.appName("post-batches").getOrCreate()


def post(batch_df, batch_id):
    import urllib.request  # here: the function runs in a worker
    body = json.dumps([r.asDict() for r in batch_df.collect()]).encode()
    request = urllib.request.Request(url, data=body, headers={"Content-Type": "application/json", "Idempotency-Key": str(batch_id)})
    urllib.request.urlopen(request, timeout=10).close()  # raises for anything but success


for attempt in range(1, 10):
    print(f"start {attempt}", flush=True)
    query = (spark.readStream
        .schema("id INT, name STRING")
        .option("maxFilesPerTrigger", 1)
        .json(f"{root}/in")
        .writeStream
        .foreachBatch(post)
        .option("checkpointLocation", f"{root}/checkpoints")
        .trigger(availableNow=True)
        .start()
    )
    try:
        query.awaitTermination()
        break
    except Exception as e:
        reason = next((l for l in str(e).splitlines() if l.startswith("urllib.error.")), str(e).splitlines()[0])
        print(f"  the query failed: {reason}", flush=True)

ids = sorted(r["id"] for rows in taken.values() for r in rows)
print(f"{len(asked)} posts, {len(taken)} batches taken, {len(ids)} rows, each once: {len(set(ids)) == len(ids) == 12}")
server.shutdown()
