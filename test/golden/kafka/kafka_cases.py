"""What is asked of Spark and of weir about the Kafka source. record.py asks Spark, with a real broker; test/py/test_kafka_source.py
asks weir, with a mock cluster or the same broker. Every case has topics of its own, so that a broker can be shared."""
import glob
import json
import os

BASE = {"kafka.bootstrap.servers": "SERVERS"}


def one(**options):
    return {k.replace("__", "."): v for k, v in options.items()}


# name: (stream or batch, options); the outcome is an error, or None. No broker is asked.
REFUSALS = {
    "no_strategy": ("stream", {}),
    "two_strategies": ("stream", one(subscribe="t", assign='{"t":[0]}')),
    "no_topics": ("stream", one(subscribe=" , ")),
    "no_pattern": ("stream", one(subscribePattern="  ")),
    "bad_pattern": ("stream", one(subscribePattern="a(")),
    "assign_text": ("stream", one(assign="t")),
    "assign_json": ("stream", one(assign='{"t":0}')),
    "min_partitions": ("stream", one(subscribe="t", minPartitions="0")),
    "min_partitions_text": ("stream", one(subscribe="t", minPartitions="x")),
    "max_records": ("stream", one(subscribe="t", maxRecordsPerPartition="-1")),
    "offset_reset": ("stream", one(subscribe="t", kafka__auto__offset__reset="latest")),
    "key_deserializer": ("stream", one(subscribe="t", kafka__key__deserializer="x")),
    "value_deserializer": ("stream", one(subscribe="t", kafka__value__deserializer="x")),
    "auto_commit": ("stream", one(subscribe="t", kafka__enable__auto__commit="true")),
    "interceptors": ("stream", one(subscribe="t", kafka__interceptor__classes="x")),
    "no_servers": ("stream", {"subscribe": "t", "kafka.bootstrap.servers": None}),
    "min_above_max": ("stream", one(subscribe="t", minOffsetsPerTrigger="5", maxOffsetsPerTrigger="4")),
    "ending_in_stream": ("stream", one(subscribe="t", endingOffsets="latest")),
    "ending_times_in_stream": ("stream", one(subscribe="t", endingOffsetsByTimestamp='{"t":{"0":1}}')),
    "start_latest_in_batch": ("batch", one(subscribe="t", startingOffsets="latest")),
    "start_json_latest_in_batch": ("batch", one(subscribe="t", startingOffsets='{"t":{"0":-1}}')),
    "end_earliest_in_batch": ("batch", one(subscribe="t", endingOffsets="earliest")),
    "end_json_earliest_in_batch": ("batch", one(subscribe="t", endingOffsets='{"t":{"0":-2}}')),
    "start_json": ("batch", one(subscribe="t", startingOffsets='{"t":5}')),
    "start_word": ("batch", one(subscribe="t", startingOffsets="first")),
    "start_times_json": ("batch", one(subscribe="t", startingOffsetsByTimestamp='{"t":5}')),
    "start_time": ("batch", one(subscribe="t", startingTimestamp="soon")),
    "ends_differ": ("batch", one(subscribe="t", startingOffsets='{"t":{"0":1}}', endingOffsets='{"t":{"0":1,"1":2}}')),
    "ends_crossed": ("batch", one(subscribe="t", startingOffsets='{"t":{"0":5}}', endingOffsets='{"t":{"0":4}}')),
    "times_crossed": ("batch", one(subscribe="t", startingOffsetsByTimestamp='{"t":{"0":5}}',
                                   endingOffsetsByTimestamp='{"t":{"0":4}}')),
    "user_schema": ("stream", dict(one(subscribe="t"), schema="a int")),
}

# name: topics {name: messages by partition}, options, and what is done. {"times": True}: message i has time 1000 * (i + 1) ms.
# Those with "real" need a real broker: the mock cluster does not know times, or what is changed later.
OFFSETS = {
    "earliest": {"topics": {"wk1": [5, 0, 3]}, "options": one(subscribe="wk1", startingOffsets="earliest")},
    "latest": {"topics": {"wk2": [5, 1]}, "options": one(subscribe="wk2")},
    "topics": {"topics": {"wk3b": [1], "wk3a": [2, 1], "Wk3.long_name-1": [1, 1]},
               "options": one(subscribe=" wk3b,wk3a, Wk3.long_name-1,wk3a", startingOffsets="earliest")},
    "many_topics": {"real": True, "topics": {f"wk4-{i}": [1] for i in range(15)},
                    "options": one(subscribePattern="wk4-.*", startingOffsets="earliest")},
    "pattern_inside": {"topics": {"xwk5y": [2], "xwk5": [3], "wk 5".replace(" ", ""): [1]},
                       "options": one(subscribePattern="k5$", STARTINGOFFSETS="Earliest")},
    "many_partitions": {"topics": {"wk6": [1] * 20}, "options": one(subscribe="wk6", startingOffsets="earliest")},
    "assign": {"topics": {"wk7": [4, 5, 6]}, "options": one(assign='{"wk7":[2,0]}', startingOffsets="earliest")},
    "assign_missing": {"topics": {"wk8": [4]}, "options": one(assign='{"wk8":[0,7]}', startingOffsets="earliest")},
    "specific": {"topics": {"wk9": [4, 5, 6]}, "options": one(subscribe="wk9", startingOffsets='{"wk9":{"0":2,"1":-2,"2":-1}}')},
    "specific_incomplete": {"topics": {"wk10": [4, 5]}, "options": one(subscribe="wk10", startingOffsets='{"wk10":{"0":2}}')},
    "rate": {"topics": {"wk11": [7, 23, 1, 0]},
             "options": one(subscribe="wk11", startingOffsets="earliest", maxOffsetsPerTrigger="10")},
    "rate_small": {"topics": {"wk12": [9, 9, 9, 9]},
                   "options": one(subscribe="wk12", startingOffsets="earliest", maxOffsetsPerTrigger="2")},
    "rate_two": {"topics": {"wk13": [1666, 834]},
                 "options": one(subscribe="wk13", startingOffsets="earliest", maxOffsetsPerTrigger="1000")},
    "min_and_max": {"topics": {"wk14": [9, 9]}, "options": one(subscribe="wk14", startingOffsets="earliest", minOffsetsPerTrigger="3",
                                                               maxOffsetsPerTrigger="5", maxTriggerDelay="1h")},
    "unknown_topic": {"topics": {}, "real": True, "options": one(subscribe="wk15-none", fetchOffset__numRetries="1")},
    "batch": {"topics": {"wk16": [4, 5]}, "batch": True, "options": one(subscribe="wk16")},
    "batch_ends": {"topics": {"wk17": [4, 5]}, "batch": True,
                   "options": one(subscribe="wk17", startingOffsets='{"wk17":{"0":1,"1":-2}}', endingOffsets='{"wk17":{"0":3,"1":-1}}')},
    "batch_beyond": {"topics": {"wk18": [4]}, "batch": True, "options": one(subscribe="wk18", startingOffsets='{"wk18":{"0":9}}')},
    "batch_end_beyond": {"topics": {"wk19": [4]}, "batch": True, "options": one(subscribe="wk19", endingOffsets='{"wk19":{"0":9}}',
                                                                                kafkaConsumer__pollTimeoutMs="3000")},
    "batch_empty": {"topics": {"wk20": [0]}, "batch": True, "options": one(subscribe="wk20")},
    "stream_beyond": {"topics": {"wk21": [4]}, "options": one(subscribe="wk21", startingOffsets='{"wk21":{"0":9}}')},
    "stream_beyond_goes_on": {"topics": {"wk22": [4]}, "options": one(subscribe="wk22", startingOffsets='{"wk22":{"0":9}}',
                                                                      failOnDataLoss="false")},
    "time": {"topics": {"wk23": [4, 6]}, "times": True, "real": True, "options": one(subscribe="wk23", startingTimestamp="3000")},
    "times": {"topics": {"wk24": [4, 6]}, "times": True, "real": True,
              "options": one(subscribe="wk24", startingOffsetsByTimestamp='{"wk24":{"0":2500,"1":1}}')},
    "time_none": {"topics": {"wk25": [4, 6]}, "times": True, "real": True, "options": one(subscribe="wk25", startingTimestamp="5000")},
    "time_none_latest": {"topics": {"wk26": [4, 6]}, "times": True, "real": True,
                         "options": one(subscribe="wk26", startingTimestamp="5000", startingOffsetsByTimestampStrategy="latest")},
    "times_incomplete": {"topics": {"wk27": [4, 6]}, "times": True, "real": True,
                         "options": one(subscribe="wk27", startingOffsetsByTimestamp='{"wk27":{"0":2500}}')},
    "batch_times": {"topics": {"wk28": [4, 6]}, "times": True, "real": True, "batch": True,
                    "options": one(subscribe="wk28", startingTimestamp="2000", endingTimestamp="5000")},
    "deleted": {"topics": {"wk29": [4, 2]}, "real": True, "then": {"truncate": ["wk29", 0, 3]},
                "options": one(subscribe="wk29", startingOffsets='{"wk29":{"0":1,"1":0}}')},
    "deleted_goes_on": {"topics": {"wk30": [4, 2]}, "real": True, "then": {"truncate": ["wk30", 0, 3]},
                        "options": one(subscribe="wk30", startingOffsets='{"wk30":{"0":1,"1":0}}', failOnDataLoss="false")},
    "grown": {"topics": {"wk31": [4]}, "real": True, "again": {"grow": ["wk31", 2], "put": ["wk31", 1, 3]},
              "options": one(subscribe="wk31", startingOffsets="earliest")},
    "grown_and_truncated": {"topics": {"wk32": [4]}, "real": True,
                            "again": {"grow": ["wk32", 2], "put": ["wk32", 1, 3], "truncate": ["wk32", 1, 2]},
                            "options": one(subscribe="wk32", startingOffsets="earliest")},
    "recreated": {"topics": {"wk33": [4]}, "real": True, "again": {"drop": ["wk33"], "topic": ["wk33", 1], "put": ["wk33", 0, 1]},
                  "options": one(subscribe="wk33", startingOffsets="earliest")},
    "recreated_goes_on": {"topics": {"wk34": [4]}, "real": True,
                          "again": {"drop": ["wk34"], "topic": ["wk34", 1], "put": ["wk34", 0, 1]},
                          "options": one(subscribe="wk34", startingOffsets="earliest", failOnDataLoss="false")},
}


def reader(spark, mode, options, servers):
    r = spark.readStream if mode == "stream" else spark.read
    r = r.format("kafka")
    for k, v in dict(BASE, **options).items():
        if k == "schema":
            r = r.schema(v)
        elif v is not None:
            r = r.option(k, v.replace("SERVERS", servers))
    return r.load()


def reason(e):
    """The text of a failure, without the stack and what differs from run to run."""
    return str(e).split("JVM stacktrace")[0].strip()


def put(kafka, topic, part, n, times=False, first=0):
    for i in range(first, first + n):
        kafka.put(topic, f"v{i}", key=f"k{i}", part=part, ms=1000 * (i + 1) if times else 0)


def prepare(kafka, case):
    for topic, counts in case["topics"].items():
        kafka.topic(topic, len(counts))
        for p, n in enumerate(counts):
            put(kafka, topic, p, n, case.get("times", False))


def change(kafka, what):
    for do, args in what.items():
        if do == "put":
            put(kafka, args[0], args[1], args[2])
        else:
            getattr(kafka, do)(*args)


def rows_of(df):
    return sorted([r.topic, r.partition, r.offset, bytes(r.key).decode(), bytes(r.value).decode()] for r in df.collect())


def run_stream(spark, df, folder, n):
    """One availableNow run: the batches' offsets and rows, as the checkpoint and the progress have them."""
    q = (df.writeStream.format("parquet").option("checkpointLocation", f"{folder}/ck").option("path", f"{folder}/out")
         .trigger(availableNow=True).start())
    failed = None
    try:
        q.awaitTermination()
    except Exception as e:  # noqa: BLE001
        failed = reason(e)
    progress = [json.loads(p.json) if hasattr(p, "json") else p for p in q.recentProgress]
    return failed, [[p["batchId"], s["endOffset"] if isinstance(s["endOffset"], str) else json.dumps(s["endOffset"], separators=(",", ":")),
                     s["numInputRows"], dict(s["metrics"]), s["description"]]
                    for p in progress for s in [p["sources"][0]]]


def outcome(spark, kafka, case, folder):
    """What the case gives: rows, batches, the bytes of the checkpoint, the failure."""
    prepare(kafka, case)
    out = {}
    if case.get("batch"):
        try:
            out["rows"] = rows_of(reader(spark, "batch", case["options"], kafka.servers))
        except Exception as e:  # noqa: BLE001
            out["failed"] = reason(e)
        return out
    df = reader(spark, "stream", case["options"], kafka.servers)
    if "then" in case:
        change(kafka, case["then"])
    failed, out["batches"] = run_stream(spark, df, folder, 0)
    if "again" in case:
        change(kafka, case["again"])
        failed, more = run_stream(spark, df, folder, 1)
        out["batches"] += more
    if failed:
        out["failed"] = failed
    initial = f"{folder}/ck/sources/0/0"
    out["initial"] = open(initial, "rb").read().hex() if os.path.exists(initial) else None
    out["offsets"] = [open(f).read().split("\n")[2] for f in
                      sorted(glob.glob(f"{folder}/ck/offsets/[0-9]*"), key=lambda f: int(os.path.basename(f)))]
    if glob.glob(f"{folder}/out/*.parquet"):
        out["rows"] = rows_of(spark.read.parquet(f"{folder}/out"))
    return out
