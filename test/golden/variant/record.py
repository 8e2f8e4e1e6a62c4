"""Keeps what Apache Spark answers to each line of statements.sql, bytes of VARIANTs, other values, or the error condition:
spark.jsonl.

Run with WEIR_SPARK_REMOTE=sc://host:port, a Connect server of Spark 4.2: `python test/golden/variant/record.py`."""
import json
import logging
import os
import pathlib

from pyspark.sql import SparkSession
from pyspark.sql.types import Row, VariantVal

HERE = pathlib.Path(__file__).resolve().parent


def shown(v):
    if isinstance(v, VariantVal):
        return {"value": bytes(v.value).hex(), "metadata": bytes(v.metadata).hex()}
    if isinstance(v, Row):
        return {"row": [[n, shown(x)] for n, x in zip(v.__fields__, v)]}
    if isinstance(v, (list, tuple)):
        return [shown(x) for x in v]
    if isinstance(v, dict):
        return {"map": [[shown(k), shown(x)] for k, x in v.items()]}
    return v if v is None or isinstance(v, (bool, str)) else repr(v)


def answer(spark, statement):
    try:
        df = spark.sql(statement)
        return {"type": df.schema.simpleString(), "rows": [shown(r) for r in df.collect()]}
    except Exception as e:  # its condition is the answer
        return {"error": e.getCondition() or type(e).__name__}


def statements():
    return [line for line in (HERE / "statements.sql").read_text().splitlines() if line and not line.startswith("--")]


if __name__ == "__main__":
    logging.disable()
    spark = SparkSession.builder.remote(os.environ["WEIR_SPARK_REMOTE"]).getOrCreate()
    lines = [json.dumps({"spark": spark.version})] + [json.dumps([s, answer(spark, s)], ensure_ascii=False) for s in statements()]
    (HERE / "spark.jsonl").write_text("\n".join(lines) + "\n")
    spark.stop()
