"""Records this folder: Apache Spark with Delta, killed (SIGKILL) in batch 1 of a copy of one table into another, a file at a time.

Run with a Python that has pyspark 4.2 and a JVM, and WEIR_SPARK_JARS a folder with Delta's jars:
`python test/golden/checkpoint_delta/record.py`."""
import glob
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROWS = "id", "CONCAT('k', id % 3) AS k", "timestamp_seconds(id * 5) AS ts"


def session():
    from pyspark.sql import SparkSession

    return (SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").config("spark.sql.session.timeZone", "UTC")
            .config("spark.sql.shuffle.partitions", "2").config("spark.jars", ",".join(glob.glob(os.environ["WEIR_SPARK_JARS"] + "/*.jar")))
            .config("spark.sql.extensions", "io.delta.sql.DeltaSparkSessionExtension")
            .config("spark.sql.catalog.spark_catalog", "org.apache.spark.sql.delta.catalog.DeltaCatalog").getOrCreate())


def copy(spark, work):
    """Goes on until it is killed."""
    q = (spark.readStream.format("delta").option("maxFilesPerTrigger", 1).load(f"{work}/src").writeStream.format("delta")
         .option("checkpointLocation", f"{work}/ck1").trigger(availableNow=True).start(f"{work}/dst"))
    q.awaitTermination()


def child(work):
    spark = session()
    jvm = spark.sparkContext._jvm.java.lang.ProcessHandle.current().pid()
    (work / "jvm").write_text(str(jvm))
    spark.range(0, 6, 1, 2).selectExpr(*ROWS).write.format("delta").save(f"{work}/src")
    spark.range(6, 8, 1, 1).selectExpr(*ROWS).write.format("delta").mode("append").save(f"{work}/src")
    (work / "version").write_text(f"Apache Spark {spark.version}, Delta {delta_version(work)}\n")
    copy(spark, work)


def delta_version(work):
    text = (work / "src" / "_delta_log" / f"{0:020d}.json").read_text()
    return text.split("Delta-Lake/")[1].split('"')[0]


def attempt(work):
    """Whether it was killed between the plan of batch 1 and its commit to the table."""
    p = subprocess.Popen([sys.executable, __file__, str(work)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not (work / "ck1" / "offsets" / "1").exists():
        assert p.poll() is None, "Spark ended before its second batch"
        time.sleep(0.0005)
    os.kill(int((work / "jvm").read_text()), signal.SIGKILL)
    p.kill()
    p.wait()
    return not (work / "ck1" / "commits" / "1").exists() and not (work / "dst" / "_delta_log" / f"{1:020d}.json").exists()


def main():
    if len(sys.argv) > 1:
        return child(pathlib.Path(sys.argv[1]))
    for _ in range(10):
        with tempfile.TemporaryDirectory() as folder:
            work = pathlib.Path(folder)
            if not attempt(work):
                continue
            for name in ("src", "dst", "ck1"):
                shutil.rmtree(HERE / name, ignore_errors=True)
                shutil.copytree(work / name, HERE / name, ignore=shutil.ignore_patterns(".*"))
            shutil.copy(work / "version", HERE / "version")
            return None
    raise SystemExit("it always came too late")


if __name__ == "__main__":
    main()
