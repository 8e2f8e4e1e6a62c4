"""Keeps what Apache Spark makes of the cases of csv_cases.py: test/golden/csv/spark.json.

Run with a Python that has the pyspark client, WEIR_SPARK_REMOTE naming a Connect server of Apache Spark: `python
test/golden/csv/record.py`."""
import json
import os
import pathlib
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import csv_cases  # noqa: E402


def main():
    from pyspark.sql import SparkSession

    os.environ["TZ"] = "UTC"
    time.tzset()
    spark = SparkSession.builder.remote(os.environ["WEIR_SPARK_REMOTE"]).create()
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    lines = []
    for kind, table, run in (("read", csv_cases.READ, csv_cases.read), ("infer", csv_cases.INFER, csv_cases.infer), ("write", csv_cases.WRITE, csv_cases.write)):
        got = []
        for name in table:
            with tempfile.TemporaryDirectory(prefix="csv_") as folder:
                got.append(f"{json.dumps(name, ensure_ascii=False)}: {json.dumps(run(spark, name, folder + '/d'), ensure_ascii=False)}")
        lines.append(f'"{kind}": {{\n' + ",\n".join(got) + "\n}")
    (HERE / "spark.json").write_text(f'{{"spark": "{spark.version}",\n' + ",\n".join(lines) + "}\n")
    spark.stop()


main()
