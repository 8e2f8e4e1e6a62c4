"""Keeps what Apache Spark does with the cases of cases.py: test/golden/store/spark.json.

`SPARK_REMOTE=sc://... python test/golden/store/record.py [part of a name]`: the address is of a Spark 4.2 Connect server with
Delta.
"""
import json
import pathlib
import shutil
import sys
import tempfile

from pyspark.sql import SparkSession

import cases

HERE = pathlib.Path(__file__).resolve().parent


def main():
    spark = SparkSession.builder.getOrCreate()
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    path = HERE / "spark.json"
    kept = json.loads(path.read_text())["cases"] if len(sys.argv) > 1 and path.exists() else {}
    for name, case in cases.CASES.items():
        if len(sys.argv) > 1 and sys.argv[1] not in name:
            continue
        folder = tempfile.mkdtemp(prefix="store_")
        kept[name] = cases.run(spark, folder, case)
        shutil.rmtree(folder)
        print(name, flush=True)
    lines = [f"  {json.dumps(n, ensure_ascii=False)}: {json.dumps(kept[n], ensure_ascii=False)}" for n in sorted(kept) if n in cases.CASES]
    path.write_text('{"spark": "%s", "delta": "4.4.0", "cases": {\n%s\n}}\n' % (spark.version, ",\n".join(lines)))


if __name__ == "__main__":
    main()
