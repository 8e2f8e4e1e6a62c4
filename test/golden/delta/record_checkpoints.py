"""Makes checkpoints.tar.gz: tables of Apache Spark 4.2.0 with Delta Lake 4.4.0 whose entries before the checkpoint are gone, one for each form
of checkpoint. Rows: (0, 'p0'), (1, 'p1') ... (5, 'p0'), partitioned by the second column.

python test/golden/delta/record_checkpoints.py, with a server of Spark Connect on this machine at WEIR_SPARK_REMOTE."""
import glob
import os
import pathlib
import tarfile
import tempfile

from pyspark.sql import SparkSession

FORMS = {
    "classic": ({}, {}),
    "multi": ({}, {"checkpoint.partSize": "2"}),
    "v2json": ({"delta.checkpointPolicy": "v2"}, {"checkpointV2.topLevelFileFormat": "json", "checkpoint.partSize": "2"}),
    "v2parquet": ({"delta.checkpointPolicy": "v2"}, {"checkpointV2.topLevelFileFormat": "parquet"})}
spark = SparkSession.builder.remote(os.environ["WEIR_SPARK_REMOTE"]).getOrCreate()
folder = tempfile.mkdtemp(prefix="weir_checkpoints_")
with tarfile.open(pathlib.Path(__file__).resolve().parent / "checkpoints.tar.gz", "w:gz") as tar:
    for form, (props, conf) in FORMS.items():
        path = f"{folder}/{form}"
        for k, v in conf.items():
            spark.conf.set("spark.databricks.delta." + k, v)
        said = ", ".join(f"'{k}'='{v}'" for k, v in {"delta.checkpointInterval": "5", **props}.items())
        spark.sql(f"CREATE TABLE delta.`{path}` (a INT, p STRING) USING delta PARTITIONED BY (p) TBLPROPERTIES ({said})")
        for i in range(6):
            spark.sql(f"SELECT {i} a, 'p{i % 3}' p").coalesce(1).write.format("delta").mode("append").save(path)
        for k in conf:
            spark.conf.unset("spark.databricks.delta." + k)
        for name in glob.glob(path + "/_delta_log/0*[0-5].json") + glob.glob(path + "/_delta_log/*.crc"):
            if "checkpoint" not in os.path.basename(name):
                os.remove(name)
        tar.add(path, form, filter=lambda i: None if os.path.basename(i.name).startswith(".") or i.name.endswith("_staged_commits") else i)
