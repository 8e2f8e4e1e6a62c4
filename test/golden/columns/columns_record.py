"""Keeps what Apache Spark answers to the questions of columns_cases.py: one text file for each of its groups, a line for each answer.

Run with a Python that has pyspark (4.2, and a JVM unless WEIR_SPARK_REMOTE names a server of Spark's own), pyarrow:
`python test/golden/columns/columns_record.py [group ...]`."""
import os
import pathlib
import shutil
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import columns_cases as cases  # noqa: E402


def answers(spark, group, name):
    """[(what is asked for, the answer)], the folder's name out of it."""
    folder = tempfile.mkdtemp(prefix="columns_")
    try:
        got = cases.GROUPS[group][0](spark, folder, name)
    finally:
        shutil.rmtree(folder)
    return [(" ; ".join(asked), a.replace(folder, "DIR").replace("\n", "~")) for a, asked in got.items()]


def kept(group):
    """What is in the file: {name: [(asked, answer), ...]}."""
    out = {}
    for line in (HERE / f"{group}.txt").read_text().splitlines()[1:]:
        name, asked, answer = line.split(" | ", 2)
        out.setdefault(name, []).append((asked, answer))
    return out


def main(groups):
    from pyspark.sql import SparkSession

    os.environ["TZ"] = "UTC"
    time.tzset()
    builder = SparkSession.builder.remote(os.environ.get("WEIR_SPARK_REMOTE", "local[2]"))
    if "WEIR_SPARK_REMOTE" not in os.environ:
        builder = builder.config("spark.driver.extraJavaOptions", "-Duser.timezone=UTC").config("spark.ui.enabled", "false")
    spark = builder.getOrCreate()
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    for group in groups or cases.GROUPS:
        lines = [f"Apache Spark {spark.version}"]
        for name in cases.GROUPS[group][1]:
            lines += [" | ".join((name, asked, answer)) for asked, answer in answers(spark, group, name)]
        (HERE / f"{group}.txt").write_text("\n".join(lines) + "\n")
        print(group, len(lines) - 1, "answers", flush=True)
    spark.stop()


if __name__ == "__main__":
    main(sys.argv[1:])
