"""Streams of files and generated rows into the memory sink; stop, restart, exactly once."""
import json
import os


def put(folder, name, *records):
    os.makedirs(folder, exist_ok=True)
    tmp = os.path.join(folder, "." + name)
    with open(tmp, "w") as f:
        f.writelines((r if isinstance(r, str) else json.dumps(r)) + "\n" for r in records)
    os.rename(tmp, os.path.join(folder, name))


def test_json_files_one_batch_each(spark, tmp_path):
    src = str(tmp_path / "in")
    for i in range(3):
        put(src, f"f{i}.json", {"id": i, "name": f"n{i}"})
        os.utime(os.path.join(src, f"f{i}.json"), (1_700_000_000 + i,) * 2)
    d = spark.readStream.schema("id INT, name STRING").option("maxFilesPerTrigger", 1).json(src)
    q = (d.writeStream.format("memory").queryName("m").option("checkpointLocation", str(tmp_path / "ck"))
         .trigger(availableNow=True).start())
    assert q.awaitTermination(60)
    assert sorted(tuple(r) for r in spark.table("m").collect()) == [(0, "n0"), (1, "n1"), (2, "n2")]
    assert [p["numInputRows"] for p in q.recentProgress] == [1, 1, 1]
    assert sorted(os.listdir(tmp_path / "ck" / "commits")) == ["0", "1", "2"]


def test_restart_continues_after_last_batch(engine, tmp_path):
    src, ck = str(tmp_path / "in"), str(tmp_path / "ck")
    spark = engine.session()

    def run(name):
        d = spark.readStream.schema("id INT").json(src)
        q = d.writeStream.format("memory").queryName(name).option("checkpointLocation", ck).trigger(availableNow=True).start()
        assert q.awaitTermination(60)
        return q.id, sorted(r.id for r in spark.table(name).collect())

    put(src, "a.json", {"id": 1})
    id1, rows1 = run("one")
    put(src, "b.json", {"id": 2})
    id2, rows2 = run("two")
    assert (rows1, rows2, id1 == id2) == ([1], [2], True)


def test_rate_values_each_once(spark, tmp_path):
    d = spark.readStream.format("rate").option("rowsPerSecond", "100").load()
    q = d.writeStream.format("memory").queryName("r").option("checkpointLocation", str(tmp_path / "ck")).start()
    import time
    for _ in range(100):
        if q.recentProgress and sum(p["numInputRows"] for p in q.recentProgress) >= 100:
            break
        time.sleep(0.1)
    q.stop()
    values = [r.value for r in spark.table("r").collect()]
    assert len(values) >= 100 and sorted(values) == list(range(len(values)))
