"""Keeps Apache Spark's list of options, names.json, and what they do, spark.json (see cases.py).

Run with a Python that has pyspark and a JVM, in $WEIR_SPARK_JARS the jars of Delta and Kafka, and a Spark Connect server of the same
at $WEIR_SPARK_REMOTE: `python test/golden/options/record.py` (`--effects KEY ...`: those alone). The lists: what classes register as options, else the texts that their
classes hold; NO_OPTIONS are those that are no options.
"""
import glob
import json
import logging
import os
import pathlib
import shutil
import struct
import sys
import tempfile
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import cases  # noqa: E402

SQL = "org/apache/spark/sql/"
REGISTERED = {"csv": "catalyst.csv.CSVOptions", "json": "catalyst.json.JSONOptions", "xml": "catalyst.xml.XmlOptions",
              "parquet": "execution.datasources.parquet.ParquetOptions", "orc": "execution.datasources.orc.OrcOptions",
              "text": "execution.datasources.text.TextOptions", "file": "execution.datasources.FileIndexOptions",
              "delta": "delta.DeltaOptions"}
CLASSES = {
    "file": ["catalyst/FileSourceOptions$", "execution/streaming/runtime/FileStreamOptions", "execution/streaming/sinks/FileStreamSink",
             "execution/datasources/FileFormatWriter$", "execution/datasources/FileIndexOptions$"],
    "kafka": ["kafka010/KafkaSourceProvider$"], "delta": ["delta/DeltaOptions$"],
    "rate": ["execution/streaming/sources/RateStreamProvider$"],
    "rate-micro-batch": ["execution/streaming/sources/RatePerMicroBatchProvider$"],
    "socket": ["execution/streaming/sources/TextSocketSourceProvider"], "console": ["execution/streaming/sources/ConsoleWrite"],
    "statestore": ["execution/datasources/v2/state/StateSourceOptions$"],
    "stream": ["execution/streaming/runtime/AsyncProgressTrackingMicroBatchExecution$", "classic/DataStreamWriter"],
}
# Texts of those classes that are no options a user sets: values, columns, names of things, and what begins with _ (Spark's own).
NO_OPTIONS = set("""7d 15m 1000 auto.offset.reset earliest enable.auto.commit executor false group.id kafka.key.serializer latest none source
kafka.value.serializer key.deserializer key.serializer max.poll.records receive.buffer.bytes spark-kafka-relation spark-kafka-source
value.deserializer value.serializer DYNAMIC STATIC delta.option.invalid parquet.writer.version timestamp value socket start write foreach
Clustering Partition mapreduce.job.id mapreduce.task.attempt.id mapreduce.task.id mapreduce.task.ismap mapreduce.task.partition
spark.sql.sources.writeJobUUID left right""".split())


def constants(data):
    """The texts of a class file."""
    n, at, pool, texts = struct.unpack(">H", data[8:10])[0], 10, {}, []
    i = 1
    while i < n:
        tag = data[at]
        if tag == 1:
            size = struct.unpack(">H", data[at + 1:at + 3])[0]
            pool[i] = data[at + 3:at + 3 + size].decode("utf-8", "replace")
            at += 3 + size
        else:
            if tag == 8:
                texts.append(struct.unpack(">H", data[at + 1:at + 3])[0])
            at += {3: 5, 4: 5, 5: 9, 6: 9, 7: 3, 8: 3, 15: 4, 16: 3}.get(tag, 5)
            i += tag in (5, 6)
        i += 1
    return [pool[t] for t in texts]


def names():
    import pyspark
    from pyspark.sql import SparkSession

    extra = glob.glob(os.environ["WEIR_SPARK_JARS"] + "/*.jar")
    found = {}
    for jar in extra + glob.glob(os.path.join(os.path.dirname(pyspark.__file__), "jars", "spark-*.jar")):
        with zipfile.ZipFile(jar) as z:
            inside = set(z.namelist())
            for group, classes in CLASSES.items():
                for c in classes:
                    if SQL + c + ".class" in inside:
                        found.setdefault(group, set()).update(constants(z.read(SQL + c + ".class")))
    found = {g: {t for t in v if t not in NO_OPTIONS and not t.startswith("_") and t.replace(".", "").isalnum()} for g, v in found.items()}
    spark = SparkSession.builder.master("local[1]").config("spark.jars", ",".join(extra)).config("spark.ui.enabled", "false").getOrCreate()
    loader = spark._jvm.java.lang.Thread.currentThread().getContextClassLoader()
    for group, c in REGISTERED.items():
        companion = spark._jvm.java.lang.Class.forName("org.apache.spark.sql." + c + "$", True, loader).getField("MODULE$").get(None)
        if group != "delta":
            found.setdefault(group, set()).update(companion.getAllOptions().toList().mkString(" ").split())
    version = spark.version
    spark.stop()
    return version, {g: sorted(v) for g, v in sorted(found.items())}


ONLY = [a for a in sys.argv[1:] if not a.startswith("-")]


def main():
    from pyspark.sql import SparkSession

    logging.disable()
    if "--effects" not in sys.argv:
        version, lists = names()
        text = ",\n".join(f" {json.dumps(g)}: {json.dumps(v)}" for g, v in lists.items())
        (HERE / "names.json").write_text(f'{{"spark": "{version}", "delta": "4.4.0", "options": {{\n{text}\n}}}}\n')
    if "--names" in sys.argv:
        return
    spark = SparkSession.builder.remote(os.environ["WEIR_SPARK_REMOTE"]).create()
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    kept = json.loads((HERE / "spark.json").read_text())["effects"] if ONLY else {}
    lines = []
    for use, key, run in cases.cases():
        if ONLY and key not in ONLY:
            lines.append(f' "{use} {key}": {json.dumps(kept[f"{use} {key}"], ensure_ascii=False)}')
            continue
        pair = []
        for given in (False, True):
            folder = tempfile.mkdtemp(prefix="options-")
            pair.append(json.loads(json.dumps(run(spark, key, folder, given)).replace(folder.lstrip("/"), "DIR")))
            shutil.rmtree(folder)
        if pair[0] == pair[1]:
            print("no effect:", use, key, str(pair[0])[:300])
        lines.append(f' "{use} {key}": {json.dumps(pair, ensure_ascii=False)}')
    (HERE / "spark.json").write_text(f'{{"spark": "{spark.version}", "delta": "4.4.0", "effects": {{\n' + ",\n".join(lines) + "\n}}\n")
    spark.stop()


if __name__ == "__main__":
    main()
