"""The rows of rows.sql as a foreach function of Apache Spark sees them: rows.txt. WEIR_SPARK_REMOTE names the Connect server of a
Spark on this machine."""
import os
import pathlib
import shutil
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "py"))


def main():
    from pyspark.sql import SparkSession
    from python_rows import INPUT, SCHEMA, shower

    spark = SparkSession.builder.remote(os.environ["WEIR_SPARK_REMOTE"]).create()
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    folder = tempfile.mkdtemp(prefix="rows_")
    os.makedirs(folder + "/in")
    with open(folder + "/in/a.json", "w") as f:
        f.write(INPUT)
    spark.readStream.schema(SCHEMA).json(folder + "/in").createOrReplaceTempView("v")
    w = spark.sql((HERE / "rows.sql").read_text()).writeStream.foreach(shower(folder + "/out"))
    q = w.option("checkpointLocation", folder + "/ck").trigger(availableNow=True).start()
    assert q.awaitTermination(120) and q.exception() is None
    with open(folder + "/out") as f:
        (HERE / "rows.txt").write_text(f"# Rows of rows.sql as a foreach function of Apache Spark {spark.version}'s Connect server saw them\n" + f.read())
    shutil.rmtree(folder)
    spark.stop()


if __name__ == "__main__":
    main()
