"""Keeps what Apache Spark with Delta Lake makes of properties_cases.py: properties.json.

python test/golden/delta/record.py, with a server of Spark Connect at WEIR_SPARK_REMOTE."""
import json
import os
import pathlib
import tempfile

from pyspark.sql import SparkSession

import properties_cases

HERE = pathlib.Path(__file__).resolve().parent
spark = SparkSession.builder.remote(os.environ["WEIR_SPARK_REMOTE"]).getOrCreate()
spark.sql("CREATE SCHEMA IF NOT EXISTS weir_properties")
folder = tempfile.mkdtemp(prefix="weir_properties_")
rows = [[props, properties_cases.outcome(spark, f"weir_properties.t{i}", f"{folder}/{i}", props, columns)]
        for i, (props, columns) in enumerate(properties_cases.tables())]
spark.sql("DROP SCHEMA weir_properties CASCADE")
head = json.dumps(f"Apache Spark {spark.version}, Delta Lake 4.4.0")
(HERE / "properties.json").write_text("[" + head + ",\n" + ",\n".join(json.dumps(r) for r in rows) + "]\n")
