#!/usr/bin/env python3
"""Asks Spark for the outcomes of kafka_cases.py and writes spark.json beside it. Needs a Python with pyspark 4.2 and the jars of its Kafka
connector (WEIR_SPARK_JARS), and a real broker: record.py SERVERS [CASE ...]"""
import glob
import json
import os
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "..", "py")]
import kafka_cases as cases  # noqa: E402
from kafka_driver import Kafka  # noqa: E402
from pyspark.sql import SparkSession  # noqa: E402

spark = (SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").config("spark.sql.session.timeZone", "UTC")
         .config("spark.sql.shuffle.partitions", "2")
         .config("spark.jars", ",".join(glob.glob(os.environ["WEIR_SPARK_JARS"] + "/*.jar"))).getOrCreate())
spark.sparkContext.setLogLevel("OFF")
kafka = Kafka(bootstrap_servers=sys.argv[1])
path = os.path.join(HERE, "spark.json")
known = json.load(open(path)) if os.path.exists(path) else {"version": spark.version, "refusals": {}, "offsets": {}}
for name, (mode, options) in cases.REFUSALS.items():
    if sys.argv[2:] and name not in sys.argv[2:]:
        continue
    try:
        df = cases.reader(spark, mode, options, kafka.servers)
        if mode == "batch":
            df.count()
        known["refusals"][name] = None
    except Exception as e:  # noqa: BLE001
        known["refusals"][name] = [type(e).__name__, cases.reason(e)]
    print(name, known["refusals"][name], flush=True)
for name, case in cases.OFFSETS.items():
    if sys.argv[2:] and name not in sys.argv[2:]:
        continue
    for topic in case["topics"]:
        try:
            kafka.drop(topic)
        except RuntimeError:
            pass  # not there
    with tempfile.TemporaryDirectory() as folder:
        known["offsets"][name] = cases.outcome(spark, kafka, case, folder)
    for topic in case["topics"]:
        kafka.drop(topic)
    print(name, json.dumps(known["offsets"][name])[:400], flush=True)
with open(path, "w") as f:
    json.dump(known, f, indent=1, sort_keys=True)
    f.write("\n")
kafka.close()
