"""Who sees and stops what of another user's session: as with Apache Spark, test/golden/who. docs/security.md says it in words."""
import json
import os
import pathlib
import stat
import sys

import pytest
from conftest import Engine

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "golden" / "who"
sys.path.insert(0, str(GOLDEN))
from who_cases import answers  # noqa: E402

SPARK = json.loads((GOLDEN / "spark.json").read_text())["cases"]


def test_who_is_who(engine, tmp_path):
    got = answers(engine.url, str(tmp_path))
    assert {k: (v, SPARK[k]) for k, v in got.items() if v != SPARK.get(k)} == {} and got.keys() == SPARK.keys()


def test_a_query_on_the_same_checkpoint_takes_over(engine, tmp_path):
    """As with Spark 4.2: whoever can read the checkpoint can start it anew, and the older run is stopped."""
    first, second = engine.session(), engine.session()
    runs = [s.readStream.format("rate").load().writeStream.format("noop").option("checkpointLocation", f"{tmp_path}/ck").start() for s in (first, second)]
    assert [q.isActive for q in runs] == [False, True] and runs[0].id == runs[1].id
    runs[1].stop()
    first.stop()
    second.stop()


def test_a_user_id_of_any_characters_has_workers(engine, tmp_path):
    from urllib.parse import quote

    from pyspark.sql import SparkSession
    user = "o'b;token=x/\u00fc?&=%41 z"
    spark = SparkSession.builder.remote(f"{engine.url};user_id={quote(user, safe='')}").create()
    os.mkdir(tmp_path / "in")
    (tmp_path / "in" / "a.json").write_text('{"id": 1}\n')
    seen = str(tmp_path / "seen")

    def fn(df, batch_id):
        open(seen, "w").write(f"{df.count()} {df.sparkSession.client._user_id}")

    q = (spark.readStream.schema("id INT").json(f"{tmp_path}/in").writeStream.foreachBatch(fn).option("checkpointLocation", f"{tmp_path}/ck")
         .trigger(availableNow=True).start())
    assert q.awaitTermination(60) and q.exception() is None, q.exception()
    assert open(seen).read() == f"1 {user}"
    spark.stop()


# ---- secrets of tables. The values are what Spark 4.2.0 with Delta 4.4.0 answers.

HIDDEN = "*********(redacted)"


@pytest.mark.parametrize("how", ["json OPTIONS('password'='hunter2','plain'='shown')", "delta"])
def test_secret_properties_are_not_shown(spark, engine, how):
    spark.sql(f"CREATE TABLE t (id INT) USING {how} TBLPROPERTIES('my.secret'='hunter2','p'='a token of','q'='r')")
    shown = {r.key: r.value for r in spark.sql("SHOW TBLPROPERTIES t").collect()}
    assert {k: shown[k] for k in ("my.secret", "p", "q")} == {"my.secret": HIDDEN, "p": HIDDEN, "q": "r"}
    assert spark.sql("SHOW TBLPROPERTIES t('my.secret')").first().value == HIDDEN
    for q in ("DESCRIBE EXTENDED t", "DESCRIBE FORMATTED t"):
        assert "hunter2" not in str(spark.sql(q).collect())
    spark.table("t").explain("extended")
    folder = pathlib.Path(engine.folder) / "warehouse" / "_weir_catalog"
    assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700, "its files hold what Spark's metastore does: for the server's user alone"


def test_secret_options_are_in_no_answer_file_or_log(tmp_path, capsys):
    e = Engine(str(tmp_path), env={"WEIR_LOG": "debug"})
    spark = e.session()
    os.mkdir(tmp_path / "in")
    (tmp_path / "in" / "a.json").write_text('{"id": 1}\n')
    secret = {"password": "hunter2", "my.token": "hunter2"}
    spark.conf.set("spark.my.secret", "hunter2")
    df = spark.read.options(**secret).schema("id INT").json(f"{tmp_path}/in")
    for mode in ("simple", "extended", "formatted", "cost", "codegen"):
        df.explain(mode)
    df.write.options(**secret).format("delta").save(f"{tmp_path}/table")
    q = (spark.readStream.options(**secret).schema("id INT").json(f"{tmp_path}/in").writeStream.options(**secret).format("delta")
         .option("checkpointLocation", f"{tmp_path}/ck").trigger(availableNow=True).start(f"{tmp_path}/table"))
    assert q.awaitTermination(60) and q.exception() is None
    q.explain(True)
    said = json.dumps([p.json if hasattr(p, "json") else dict(p) for p in q.recentProgress], default=str) + str(q.status)
    with pytest.raises(Exception) as error:
        spark.read.options(**secret).format("nosuch").load().collect()
    assert "hunter2" not in capsys.readouterr().out + said + str(error.value)
    spark.stop()
    assert e.stop() == 0
    for folder, _, files in os.walk(tmp_path):
        for f in files:
            assert b"hunter2" not in pathlib.Path(folder, f).read_bytes(), f
