"""Keeps what Apache Spark makes of the cases of packed_cases.py: test/golden/packed/spark.json.

Run with a Python that has the pyspark client, WEIR_SPARK_REMOTE naming a Connect server of Apache Spark: `python
test/golden/packed/record.py`."""
import json
import os
import pathlib
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import packed_cases  # noqa: E402


def main():
    from pyspark.sql import SparkSession

    spark = SparkSession.builder.remote(os.environ["WEIR_SPARK_REMOTE"]).create()
    lines = []
    for kind, table, run in (("csv", packed_cases.CSV, packed_cases.csv), ("other", packed_cases.OTHER, packed_cases.other)):
        got = []
        for name in table:
            with tempfile.TemporaryDirectory(prefix="packed_") as folder:
                got.append(f"{json.dumps(name)}: {json.dumps(run(spark, name, folder + '/d'))}")
        lines.append(f'"{kind}": {{\n' + ",\n".join(got) + "\n}")
    (HERE / "spark.json").write_text(f'{{"spark": "{spark.version}",\n' + ",\n".join(lines) + "}\n")
    spark.stop()


main()
