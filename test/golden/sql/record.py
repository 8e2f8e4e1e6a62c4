"""Keeps what Apache Spark answers to each line of statements.sql, schema and rows or error class: spark.jsonl.

Run with WEIR_SPARK_REMOTE=sc://host:port, a Connect server of Spark 4.2: `python test/golden/sql/record.py`."""
import json
import logging
import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[2] / "tools"))
import crosscheck  # noqa: E402

logging.disable()


def answer(spark, statement):
    return crosscheck.text_of(crosscheck.attempt(lambda: crosscheck.rows(spark.sql(statement))), "<none>")


def statements():
    return [line for line in (HERE / "statements.sql").read_text().splitlines() if line and not line.startswith("--")]


if __name__ == "__main__":
    spark = crosscheck.Side("spark", None, os.environ["WEIR_SPARK_REMOTE"]).spark()
    lines = [json.dumps({"spark": spark.version})] + [json.dumps([s, answer(spark, s)], ensure_ascii=False) for s in statements()]
    (HERE / "spark.jsonl").write_text("\n".join(lines) + "\n")
    spark.stop()
