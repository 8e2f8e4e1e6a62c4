"""Keeps what Apache Spark answers to each line of calls.txt, schema and rows or error class: spark.jsonl. A line is a Python
expression over s, the session, F, and `wide` and `pair`, frames of one row and of two.

Run with WEIR_SPARK_REMOTE=sc://host:port, a Connect server of Spark 4.2: `python test/golden/frames/record.py`."""
import json
import logging
import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[2] / "tools"))
import crosscheck  # noqa: E402

logging.disable()
WIDE = ("select 1 a, 1.5D b, 'x' c, true d, cast(1 as decimal(4,1)) e, cast(1 as tinyint) f, cast('nan' as double) g, cast(null as int) h, "
        "date'2020-01-01' i, 5000000000 j, cast(1.5 as float) k, 16777217 l")
PAIR = "select 1 id, 'x' name union all select 2, null"


def answer(spark, call):
    from pyspark.sql import functions as F
    names = {"s": spark, "F": F, "wide": spark.sql(WIDE), "pair": spark.sql(PAIR)}
    return crosscheck.text_of(crosscheck.attempt(lambda: crosscheck.rows(eval(call, names))), "<none>")


def calls():
    return [line for line in (HERE / "calls.txt").read_text().splitlines() if line and not line.startswith("#")]


if __name__ == "__main__":
    spark = crosscheck.Side("spark", None, os.environ["WEIR_SPARK_REMOTE"]).spark()
    lines = [json.dumps({"spark": spark.version})] + [json.dumps([c, answer(spark, c)], ensure_ascii=False) for c in calls()]
    (HERE / "spark.jsonl").write_text("\n".join(lines) + "\n")
    spark.stop()
