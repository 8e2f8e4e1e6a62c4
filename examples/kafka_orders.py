"""Orders from a Kafka topic into a Delta table. `weir run examples/kafka_orders.py SERVERS TOPIC FOLDER`"""
import sys
import time

from pyspark.sql import SparkSession, functions as F

servers, topic, folder = sys.argv[1:4]
spark = SparkSession.builder.getOrCreate()
orders = (spark.readStream.format("kafka").option("kafka.bootstrap.servers", servers).option("subscribe", topic)
          .option("startingOffsets", "earliest").option("maxOffsetsPerTrigger", "20000").load()
          .select(F.from_json(F.col("value").cast("string"), "id BIGINT, user STRING, type STRING, amount DOUBLE").alias("o"),
                  "partition", "offset")
          .select("o.*", "partition", "offset"))
query = (orders.writeStream.format("delta").option("checkpointLocation", folder + "/checkpoint").queryName("orders")
         .trigger(processingTime="500 milliseconds").start(folder + "/orders"))
idle = 0
while idle < 4:
    time.sleep(0.5)
    p = query.lastProgress
    table = spark.read.format("delta").load(folder + "/orders").count() if p else 0
    behind = p["sources"][0]["metrics"].get("maxOffsetsBehindLatest", "0") if p else "?"
    print(f"  {query.status['message'][:60]:40} | batch {p['batchId'] if p else '-':>3} | behind {behind:>6} | rows in Delta {table:>8,}",
          flush=True)
    idle = idle + 1 if table >= int(sys.argv[4]) else 0
    if not query.isActive:
        raise SystemExit(str(query.exception()))
query.stop()
spark.read.format("delta").load(folder + "/orders").groupBy("type").agg(
    F.count("*").alias("orders"), F.countDistinct("id").alias("different"), F.round(F.sum("amount"), 2).alias("amount")).orderBy("type").show()
