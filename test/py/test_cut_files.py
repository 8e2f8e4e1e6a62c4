"""Files that others cut short while they are read: the query fails by the file's name, and it alone."""
import os

import pytest
from pyspark.errors import PySparkException

LINES = {"json": '{"a":%d,"b":"some words that make the line a little longer"}\n', "csv": "%d,some words that make the line a little longer\n",
         "text": "%d some words that make the line a little longer\n"}
ROWS = 1_500_000


@pytest.mark.parametrize("to", [0, 70_000_001], ids=["empty", "cut"])
@pytest.mark.parametrize("format", sorted(LINES))
def test_cut_while_read(spark, tmp_path, format, to):
    path = str(tmp_path / "f")
    with open(path, "w") as f:
        for i in range(0, ROWS, 1000):
            f.write("".join(LINES[format] % k for k in range(i, i + 1000)))
    size = os.path.getsize(path)
    reader = spark.read if format == "text" else spark.read.schema("a INT, b STRING")
    rows = reader.format(format).load(path).toLocalIterator()
    next(rows)  # the rest waits for the client
    os.truncate(path, min(to, size - 1))
    with pytest.raises(PySparkException, match=rf"(?s)FAILED_READ_FILE.*{path}.*cut from {size} to"):
        for _ in rows:
            pass
    assert spark.range(3).count() == 3
