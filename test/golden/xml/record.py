"""Keeps what Apache Spark makes of the cases of cases.py: test/golden/xml/spark.json.

Run with a Python that has pyspark and a JVM: `python test/golden/xml/record.py [case ...]`.
"""
import json
import os
import pathlib
import shutil
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import cases  # noqa: E402


def result(spark, run, name, folder):
    """What a case gives, with the folder's name out of it."""
    os.makedirs(folder)
    text = json.dumps(run(spark, name, folder), ensure_ascii=False, sort_keys=True)
    return json.loads(text.replace(folder.lstrip("/"), "DIR"))


def main(names):
    from pyspark.sql import SparkSession

    os.environ["TZ"] = "UTC"
    time.tzset()
    spark = SparkSession.builder.remote("local[1]").config("spark.sql.session.timeZone", "UTC") \
        .config("spark.driver.extraJavaOptions", "-Duser.timezone=UTC").config("spark.ui.enabled", "false").getOrCreate()
    path = HERE / "spark.json"
    kept = json.loads(path.read_text()) if path.exists() else {"spark": "", "read": {}, "write": {}}
    kept["spark"] = spark.version
    for kind, table, run in [("read", cases.READ, cases.read), ("write", cases.WRITE, cases.write)]:
        for name in [n for n in table if not names or n in names]:
            folder = tempfile.mkdtemp(prefix="xml_")
            kept[kind][name] = result(spark, run, name, folder + "/d")
            shutil.rmtree(folder)
        kept[kind] = {n: kept[kind][n] for n in table if n in kept[kind]}
    path.write_text(json.dumps(kept, ensure_ascii=False, indent=1, sort_keys=True) + "\n")
    spark.stop()


if __name__ == "__main__":
    main(sys.argv[1:])
