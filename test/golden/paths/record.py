"""Keeps what Apache Spark makes of the cases of cases.py: test/golden/paths/spark.json.

Run with a Spark Connect server that has Delta: `WEIR_SPARK_REMOTE=sc://HOST:PORT python test/golden/paths/record.py`.
"""
import json
import logging
import os
import pathlib
import shutil
import sys
import tempfile
import warnings

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import cases  # noqa: E402


def main():
    from pyspark.sql import SparkSession

    warnings.simplefilter("ignore")
    logging.disable()
    spark = SparkSession.builder.remote(os.environ["WEIR_SPARK_REMOTE"]).create()
    kept = {"spark": spark.version, "delta": "4.4.0", "uses": {}}
    for use, text in dict.fromkeys(cases.cases()):
        folder = tempfile.mkdtemp(prefix="uri-")
        kept["uses"].setdefault(use, {})[text] = cases.answer(spark, use, text, folder)
        shutil.rmtree(folder)
    lines = [f" {json.dumps(u)}: {{\n" + ",\n".join(f"  {json.dumps(t)}: {json.dumps(a, ensure_ascii=False)}" for t, a in c.items())
             + "\n }" for u, c in sorted(kept["uses"].items())]
    head = f'{{"spark": "{kept["spark"]}", "delta": "{kept["delta"]}", "uses": {{\n'
    (HERE / "spark.json").write_text(head + ",\n".join(lines) + "\n}}\n")
    spark.stop()


if __name__ == "__main__":
    main()
