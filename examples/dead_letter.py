"""A dead-letter pipeline: each batch is split by a Python function into a table of good records and one of the others,
which says what was wrong with them. Plain PySpark; run it with

    build/weir run examples/dead_letter.py [FOLDER]

FOLDER gets landing/ (three small files, if it is empty), checkpoints/ and a warehouse; run it again and nothing is
written twice. Without it a temporary folder is used."""
import json
import os
import sys
import tempfile

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

root = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp(prefix="dead-letter-"))
landing = os.path.join(root, "landing")
if not os.path.isdir(landing):
    os.makedirs(landing)
    days = [[{"id": 1, "customer_id": "c1", "amount": 10.5}, {"id": 2, "amount": 20}, {"id": 3, "customer_id": "c3"}],
            [{"id": 4, "customer_id": "c4", "amount": 40}],
            [{"id": 5}, {"id": 6, "customer_id": "c6", "amount": 60.25}]]
    for n, records in enumerate(days):
        with open(os.path.join(landing, f"day{n}.json"), "w") as f:
            f.writelines(json.dumps(r) + "\n" for r in records)

spark = SparkSession.builder.appName("dead-letter").getOrCreate()
tables = os.path.join(root, "tables")


def process_with_dead_letters(batch_df, batch_id):
    """Called once a batch; again with the same rows and number if it did not end well. The pair of txnAppId and
    txnVersion lets a table tell a batch that it has already."""
    whole = F.col("amount").isNotNull() & F.col("customer_id").isNotNull()
    good, bad = batch_df.filter(whole), batch_df.filter(~whole)
    once = {"txnAppId": "dead-letter", "txnVersion": batch_id}
    if not good.isEmpty():
        good.write.format("delta").options(**once).mode("append").save(f"{tables}/silver")
    if not bad.isEmpty():
        (bad.withColumn("error_reason", F.lit("missing_required_fields"))
            .withColumn("batch_id", F.lit(batch_id))
            .write.format("delta").options(**once).mode("append").save(f"{tables}/quarantine"))
    print(f"batch {batch_id}: {good.count()} good, {bad.count()} for the dead letters")


query = (spark.readStream
    .schema("id INT, customer_id STRING, amount DOUBLE")
    .option("maxFilesPerTrigger", 1)
    .json(landing)
    .writeStream
    .foreachBatch(process_with_dead_letters)
    .option("checkpointLocation", os.path.join(root, "checkpoints"))
    .trigger(availableNow=True)
    .start()
)
query.awaitTermination()

print("\nsilver")
spark.read.format("delta").load(f"{tables}/silver").orderBy("id").show()
print("quarantine")
spark.read.format("delta").load(f"{tables}/quarantine").orderBy("id").show()
