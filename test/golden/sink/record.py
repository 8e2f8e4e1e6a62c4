"""The bytes that Apache Spark writes for the cases of test/py/test_sinks.py, beside this file. WEIR_SPARK_REMOTE names the Connect
server of a Spark on this machine."""
import glob
import os
import pathlib
import shutil
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "py"))
from test_sinks import CASES, ROWS  # noqa: E402


def main():
    from pyspark.sql import SparkSession

    spark = SparkSession.builder.remote(os.environ["WEIR_SPARK_REMOTE"]).create()
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    for name, (fmt, options) in CASES.items():
        folder = tempfile.mkdtemp(prefix="sink_")
        df = spark.sql(ROWS)
        df = df.select("t") if fmt == "text" else df
        df.coalesce(1).write.format(fmt).options(**options).save(folder + "/o")
        (HERE / name).write_bytes(b"".join(open(f, "rb").read() for f in glob.glob(f"{folder}/o/part-*")))
        shutil.rmtree(folder)
    (HERE / "version").write_text(f"Apache Spark {spark.version}\n")
    spark.stop()


if __name__ == "__main__":
    main()
