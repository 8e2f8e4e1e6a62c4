"""Keeps what Apache Spark returns for the cases of cases.py: test/golden/files/spark.json.

Run with a Python that has pyspark and a JVM: `python test/golden/files/record.py [case ...]`.
"""
import json
import os
import pathlib
import shutil
import sys
import tempfile
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import cases  # noqa: E402


def result(spark, name, folder):
    """What a case returns, with the folder's name out of it."""
    try:
        out = cases.CASES[name](spark, folder)
    except Exception:
        out = {"failed": traceback.format_exc()}
    text = json.dumps(out, ensure_ascii=False, sort_keys=True)
    return json.loads(text.replace(folder.lstrip("/"), "DIR"))


def main(names):
    from pyspark.sql import SparkSession

    os.environ["TZ"] = "UTC"
    spark = SparkSession.builder.remote("local[2]").config("spark.sql.session.timeZone", "UTC") \
        .config("spark.driver.extraJavaOptions", "-Duser.timezone=UTC").config("spark.ui.enabled", "false").getOrCreate()
    path = HERE / "spark.json"
    kept = json.loads(path.read_text()) if path.exists() else {"spark": "", "cases": {}}
    kept["spark"] = spark.version
    for name in names or cases.CASES:
        folder = tempfile.mkdtemp(prefix="files_")
        kept["cases"][name] = result(spark, name, folder)
        shutil.rmtree(folder)
        path.write_text(json.dumps(kept, ensure_ascii=False, indent=1, sort_keys=True) + "\n")
        print(name, "FAILED" if "failed" in kept["cases"][name] else "", flush=True)
    spark.stop()


if __name__ == "__main__":
    main(sys.argv[1:])
