"""Auto Loader (cloudFiles): schema inference and evolution. Expected values from Databricks' documentation."""
import json
import os

import pytest
from pyspark.errors import StreamingQueryException


def land(d, name, *records):
    os.makedirs(f"{d}/in", exist_ok=True)
    with open(f"{d}/{name}.tmp", "w") as f:
        f.writelines(json.dumps(r) + "\n" for r in records)
    os.rename(f"{d}/{name}.tmp", f"{d}/in/{name}.json")


def reader(spark, d, **options):
    r = spark.readStream.format("cloudFiles").option("cloudFiles.format", "json").option("cloudFiles.schemaLocation", f"{d}/schema")
    for k, v in options.items():
        r = r.option(("weir." if k == "restartOnSchemaChange" else "") + "cloudFiles." + k, v)
    return r.load(f"{d}/in")


def start(df, d, **trigger):
    return (df.writeStream.format("delta").option("checkpointLocation", f"{d}/ck").option("mergeSchema", "true")
            .trigger(**(trigger or {"availableNow": True})).start(f"{d}/out"))


def rows(spark, d):
    return sorted(json.dumps({k: v for k, v in r.asDict().items() if v is not None}, sort_keys=True)
                  for r in spark.read.format("delta").load(f"{d}/out").collect())


def test_new_column_stops_the_query_once(spark, tmp_path):
    land(tmp_path, "1", {"id": 1})
    q = start(reader(spark, tmp_path), tmp_path)
    assert q.awaitTermination(60)
    land(tmp_path, "2", {"id": 2, "name": "b"})
    with pytest.raises(StreamingQueryException, match=r"UNKNOWN_FIELD_EXCEPTION.*\[name\].*2.json.*automatic retry: true"):
        start(reader(spark, tmp_path), tmp_path).awaitTermination(60)
    assert rows(spark, tmp_path) == ['{"id": "1"}']
    assert start(reader(spark, tmp_path), tmp_path).awaitTermination(60)
    assert rows(spark, tmp_path) == ['{"id": "1"}', '{"id": "2", "name": "b"}']


def test_restart_on_schema_change_goes_on_in_the_same_run(spark, tmp_path):
    land(tmp_path, "1", {"id": 1})
    q = start(reader(spark, tmp_path, restartOnSchemaChange="true"), tmp_path, processingTime="0 seconds")
    run = q.runId
    q.processAllAvailable()
    for i in (2, 3):
        land(tmp_path, str(i), {"id": i, f"c{i}": i})
        q.processAllAvailable()
    land(tmp_path, "4", {"id": 4})
    q.processAllAvailable()
    assert q.isActive and q.runId == run and q.exception() is None
    assert [p.batchId for p in q.recentProgress] == [0, 1, 2, 3]
    q.stop()
    assert rows(spark, tmp_path) == ['{"c2": "2", "id": "2"}', '{"c3": "3", "id": "3"}', '{"id": "1"}', '{"id": "4"}']


def test_restart_on_schema_change_with_state_keeps_the_state(spark, tmp_path):
    land(tmp_path, "1", {"k": "a"}, {"k": "b"})
    df = reader(spark, tmp_path, restartOnSchemaChange="true").groupBy("k").count()
    q = df.writeStream.format("memory").queryName("counts").outputMode("complete").option("checkpointLocation", f"{tmp_path}/ck").start()
    q.processAllAvailable()
    land(tmp_path, "2", {"k": "a", "more": 1})
    q.processAllAvailable()
    assert sorted(map(tuple, spark.table("counts").collect())) == [("a", 2), ("b", 1)]
    q.stop()


def test_restart_on_schema_change_does_not_hide_other_failures(spark, tmp_path):
    land(tmp_path, "1", {"id": 1})
    df = reader(spark, tmp_path, restartOnSchemaChange="true", schemaEvolutionMode="failOnNewColumns")
    q = start(df, tmp_path, processingTime="0 seconds")
    q.processAllAvailable()
    land(tmp_path, "2", {"id": 2, "name": "b"})
    with pytest.raises(StreamingQueryException, match="automatic retry: false"):
        q.awaitTermination(60)
    assert "Terminated with exception" in q.status["message"] and not q.isActive
