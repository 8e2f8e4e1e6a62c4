#!/usr/bin/env python3
"""What Apache Spark makes of the cases of cases.py: writes spark.json. Run with a Python that has pyspark 4.3 and a JVM:
`python test/golden/statestore/record.py [part of a name]`."""
import json
import os
import pathlib
import sys
import tempfile
import time

os.environ["TZ"] = "UTC"
time.tzset()
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from cases import cases, read  # noqa: E402
from pyspark.sql import SparkSession  # noqa: E402


def main():
    part = sys.argv[1] if len(sys.argv) > 1 else ""
    spark = (SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
             .config("spark.sql.session.timeZone", "UTC").config("spark.sql.shuffle.partitions", "2").getOrCreate())
    spark.sparkContext.setLogLevel("OFF")
    to = HERE / "spark.json"
    got = json.loads(to.read_text()) if to.exists() else {"spark": spark.version, "outcomes": {}}
    with tempfile.TemporaryDirectory() as folder:
        for name, case in cases().items():
            if part in name:
                got["outcomes"][name] = read(spark, case, pathlib.Path(folder) / "ck")
                print(name, str(got["outcomes"][name])[-150:], flush=True)
    got["spark"] = spark.version
    got["outcomes"] = {n: got["outcomes"][n] for n in cases() if n in got["outcomes"]}
    lines = (f"{json.dumps(n)}: {json.dumps(o, ensure_ascii=False)}" for n, o in got["outcomes"].items())
    to.write_text(f'{{"spark": "{got["spark"]}", "outcomes": {{\n' + ",\n".join(lines) + "\n}}\n")


main()
