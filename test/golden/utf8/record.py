"""Keeps what Apache Spark returns for the cases of cases.py: test/golden/utf8/spark.json.

`SPARK_REMOTE=sc://... python test/golden/utf8/record.py`: the address is of a Spark 4.2 Connect server with Delta.
"""
import json
import pathlib
import shutil
import tempfile

from pyspark.sql import SparkSession

import cases

HERE = pathlib.Path(__file__).resolve().parent


def main():
    spark = SparkSession.builder.getOrCreate()
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    kept = {}
    for name, f in cases.CASES.items():
        folder = tempfile.mkdtemp(prefix="utf8_")
        kept[name] = f(spark, folder)
        shutil.rmtree(folder)
    out = {"spark": spark.version, "delta": "4.4.0", "cases": kept}
    (HERE / "spark.json").write_text(json.dumps(out, ensure_ascii=False, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
