"""The rows of test/py/test_orc.py in a file that Apache Spark writes: spark42.snappy.orc. WEIR_SPARK_REMOTE names the Connect server
of a Spark 4.2 on this machine."""
import glob
import os
import pathlib
import shutil
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent.parent / "py"))


def main():
    from pyspark.sql import SparkSession
    from test_orc import ROWS

    spark = SparkSession.builder.remote(os.environ["WEIR_SPARK_REMOTE"]).create()
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    folder = tempfile.mkdtemp(prefix="orc_")
    spark.sql(ROWS).coalesce(1).write.option("compression", "snappy").orc(folder + "/o")
    [path] = glob.glob(folder + "/o/*.snappy.orc")
    shutil.copy(path, HERE / "spark42.snappy.orc")
    shutil.rmtree(folder)
    (HERE / "version").write_text(f"Apache Spark {spark.version}\n")
    spark.stop()


if __name__ == "__main__":
    main()
