"""Keeps what Apache Spark answers to who_cases.py: spark.json. WEIR_SPARK_REMOTE names its Connect server."""
import json
import os
import pathlib
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from who_cases import answers  # noqa: E402

with tempfile.TemporaryDirectory() as folder:
    remote = os.environ["WEIR_SPARK_REMOTE"].rstrip("/") + "/"
    got = {"by": "Spark 4.2.0, Delta 4.4.0", "cases": answers(remote, folder)}
(HERE / "spark.json").write_text(json.dumps(got, indent=1) + "\n")
