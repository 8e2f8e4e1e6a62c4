"""A bronze pipeline: JSON order files into a Delta table, exactly once. Plain PySpark; run it with

    weir run examples/orders.py LANDING CHECKPOINTS [FILES_PER_BATCH]
"""
import sys

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

landing, checkpoints = sys.argv[1], sys.argv[2]
per_batch = sys.argv[3] if len(sys.argv) > 3 else "1000"

spark = SparkSession.builder.appName("orders").getOrCreate()
spark.sql("CREATE SCHEMA IF NOT EXISTS bronze")

query = (spark.readStream
    .format("cloudFiles")
    .option("cloudFiles.format", "json")
    .option("cloudFiles.schemaLocation", checkpoints + "/schema")
    .option("cloudFiles.inferColumnTypes", "true")
    .option("cloudFiles.schemaHints", "amount DOUBLE")
    .option("cloudFiles.maxFilesPerTrigger", per_batch)
    .load(landing)
    .withColumn("_ingestion_time", F.current_timestamp())
    .withColumn("_source_file", F.input_file_name())
    .writeStream
    .format("delta")
    .option("checkpointLocation", checkpoints + "/events")
    .option("mergeSchema", "true")
    .trigger(availableNow=True)
    .toTable("bronze.events")
)

query.awaitTermination()
for p in query.recentProgress:
    print(f"  batch {p['batchId']}: {p['numInputRows']} rows in {p['batchDuration']} ms", flush=True)
if query.lastProgress:
    print("last progress:", query.lastProgress.json, flush=True)
