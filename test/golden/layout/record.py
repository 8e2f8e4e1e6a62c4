"""Keeps what Apache Spark answers to layout_cases.py: spark.json. WEIR_SPARK_REMOTE names its Connect server."""
import json
import os
import pathlib
import shutil
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import layout_cases as cases  # noqa: E402


def main():
    from pyspark.sql import SparkSession

    spark = SparkSession.builder.remote(os.environ["WEIR_SPARK_REMOTE"]).create()
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    kept = {"spark": spark.version, "cases": {}}
    for kind, name in cases.ALL_CASES:
        folder = tempfile.mkdtemp(prefix="layout_")
        kept["cases"][f"{kind} {name}"] = cases.result(spark, kind, name, folder)
        shutil.rmtree(folder)
    text = json.dumps(kept["cases"], ensure_ascii=False, sort_keys=True).replace('}, "', '},\n "').replace('], "', '],\n "')
    (HERE / "spark.json").write_text(f'{{"spark": "{kept["spark"]}", "cases":\n{text}}}\n')


main()
